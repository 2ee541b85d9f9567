'''
The harbour: one handler for everything that is done at its desks.
'''
