'''
Vessel calls: from the first notice to the last line let go.
'''
