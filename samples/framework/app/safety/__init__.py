'''
Safety: what went wrong, and what nearly did.
'''
