'''
Tugs: pull enough for every hull, and not a litre more.
'''
