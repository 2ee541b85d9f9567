'''
Jobs that decide what goes where.
'''

from .core import Basket, job
from .failures import EmptyFailure, RipenessFailure


@job
def split_by_ripeness(basket, *, least=0.6):
    '''
    Return two baskets: what is ripe enough, and the rest.
    '''
    if not 0 <= least <= 1:
        raise RipenessFailure(f'least must be from 0 to 1, got {least!r}')
    ripe = [piece for piece in basket.fruit if piece['ripeness'] >= least]
    rest = [piece for piece in basket.fruit if piece['ripeness'] < least]
    return Basket(basket.tree, ripe), Basket(basket.tree, rest)


@job
def drop_bruised(basket):
    '''
    Return a basket without bruised fruit.
    '''
    sound = [piece for piece in basket.fruit if not piece.get('bruised')]
    if not sound:
        raise EmptyFailure('every piece is bruised')
    return Basket(basket.tree, sound)


@job
def largest(basket, *, count=3):
    '''
    Return the heaviest pieces, heaviest first.
    '''
    ordered = sorted(basket.fruit, key=lambda piece: -piece['grams'])
    return ordered[:count]


@job
def group_by_kind(basket):
    '''
    Return the pieces under the name of their kind.
    '''
    groups = {}
    for piece in basket.fruit:
        groups.setdefault(piece['kind'], []).append(piece)
    return groups


@job
def mean_ripeness(basket):
    '''
    Return the mean ripeness, weighted by grams.
    '''
    total = basket.weigh()
    if total is None or total == 0:
        raise EmptyFailure('nothing to average')
    return sum(piece['ripeness'] * piece['grams'] for piece in basket.fruit) / total
