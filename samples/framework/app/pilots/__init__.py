'''
Pilots: who may bring in what, when, and how they get on board.
'''
