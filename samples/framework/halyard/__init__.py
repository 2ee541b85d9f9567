'''
Halyard: asks in, answers out. What every service of the harbour is built on.
'''
