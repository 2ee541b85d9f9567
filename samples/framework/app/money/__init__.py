'''
Money: what the harbour is owed, and by whom.
'''
