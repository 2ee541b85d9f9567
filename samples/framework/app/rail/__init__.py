'''
Rail: wagons under the cranes.
'''
