'''
Dangerous goods: declared, kept apart, carried away.
'''
