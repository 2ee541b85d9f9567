'''
The yard: boxes in, boxes out, boxes in between.
'''
