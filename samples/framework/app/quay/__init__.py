'''
The quay: berths, lines, power from the shore, and what breaks.
'''
