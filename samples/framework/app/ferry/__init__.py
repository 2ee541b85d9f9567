'''
The ferry: passengers, cars and lost umbrellas.
'''
