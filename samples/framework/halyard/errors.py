'''
The root of what can go wrong. Every refusal in the house derives from it.
'''

from __future__ import annotations


class HalyardError(Exception):
    '''
    A refusal that a person can act on: what is wrong, a colon, the way out.
    '''

    @property
    def code(self) -> str:
        '''
        Return the name that callers switch on, such as `berth-refused`.
        '''
        name = type(self).__name__
        return ''.join(f'-{letter.lower()}' if letter.isupper() else letter for letter in name).lstrip('-')


class AskRefused(HalyardError):
    '''
    An ask is malformed; the message names every fault at once.
    '''


class MissingRefused(HalyardError):
    '''
    A record that an ask names is on no shelf.
    '''


class RightsRefused(HalyardError):
    '''
    The person at the desk may not do this.
    '''


class HeldRefused(HalyardError):
    '''
    Somebody else is working on the same thing.
    '''


class WireRefused(HalyardError):
    '''
    Another house did not answer, or answered nonsense.
    '''
