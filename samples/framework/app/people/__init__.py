'''
People: passes, shifts and courses.
'''
