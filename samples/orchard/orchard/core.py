'''
Baskets, and the decorator that turns a function into a job.
'''

from functools import wraps

from .failures import EmptyFailure, OrchardFailure

JOURNAL = []


class Basket:
    '''
    Fruit in the order of picking, with the tree it came from.
    '''

    def __init__(self, tree, fruit=()):
        self.tree = tree
        self.fruit = list(fruit)

    def weigh(self):
        '''
        Return the grams in the basket.
        '''
        return sum(piece['grams'] for piece in self.fruit)

    def ripest(self):
        '''
        Return the ripest piece.
        '''
        if not self.fruit:
            raise EmptyFailure(f'{self.tree}: the basket is empty')
        return max(self.fruit, key=lambda piece: piece['ripeness'])


def job(function):
    '''
    Note every call of *function* in the journal, and how it ended.
    '''

    @wraps(function)
    def noted(basket, *rest, **named):
        try:
            result = function(basket, *rest, **named)
        except OrchardFailure as failure:
            JOURNAL.append((function.__name__, basket.tree, type(failure).__name__))
            raise
        JOURNAL.append((function.__name__, basket.tree, 'done'))
        return result

    return noted
