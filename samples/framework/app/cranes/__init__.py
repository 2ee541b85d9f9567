'''
Cranes: what lifts, how fast, and when it must stop.
'''
