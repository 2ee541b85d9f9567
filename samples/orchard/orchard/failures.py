'''
What can go wrong in the orchard.
'''


class OrchardFailure(Exception):
    '''
    The root of all failures; catch this one.
    '''


class EmptyFailure(OrchardFailure):
    '''
    A job needs fruit and the basket holds none.
    '''


class RipenessFailure(OrchardFailure):
    '''
    A fruit is outside the range that a job accepts.
    '''


class PressFailure(OrchardFailure):
    '''
    The press jammed or leaked.
    '''


class LabelFailure(OrchardFailure):
    '''
    A label is missing, too long, or says something untrue.
    '''
