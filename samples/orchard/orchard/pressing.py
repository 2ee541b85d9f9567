'''
Jobs that turn fruit into juice.
'''

from .core import job
from .failures import EmptyFailure, PressFailure

YIELD = {'apple': 0.65, 'pear': 0.55, 'quince': 0.4}


@job
def press(basket, *, strength='gentle'):
    '''
    Return the millilitres of juice that one pass gives.
    '''
    if strength not in ('gentle', 'firm'):
        raise PressFailure(f'no strength called {strength!r}')
    factor = 1.0 if strength == 'gentle' else 1.15
    litres = 0.0
    for piece in basket.fruit:
        share = YIELD.get(piece['kind'])
        if share is None:
            raise PressFailure(f'{piece["kind"]} cannot be pressed')
        litres += piece['grams'] * share * factor
    return litres


@job
def bottles_needed(basket, *, size=750):
    '''
    Return how many bottles the juice of the basket fills, the last one perhaps not.
    '''
    if size <= 0:
        raise PressFailure('a bottle holds something')
    full, rest = divmod(press(basket), size)
    return int(full) + (1 if rest else 0)


@job
def pomace(basket):
    '''
    Return the grams that stay in the press.
    '''
    if not basket.fruit:
        raise EmptyFailure('nothing was pressed')
    return basket.weigh() - press(basket)
