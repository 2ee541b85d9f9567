'''
Jobs that put a price on things.
'''

from .core import job
from .failures import LabelFailure, OrchardFailure
from .labels import check_label

PRICES = {'apple': 0.3, 'pear': 0.4, 'quince': 0.55}


class PriceFailure(OrchardFailure):
    '''
    A price is unknown or makes no sense.
    '''


@job
def value(basket):
    '''
    Return what the basket is worth, in cents.
    '''
    worth = 0.0
    for piece in basket.fruit:
        if piece['kind'] not in PRICES:
            raise PriceFailure(f'no price for {piece["kind"]}')
        worth += PRICES[piece['kind']] * piece['grams']
    return round(worth)


@job
def sell(basket, *, label, rebate=0.0):
    '''
    Return the receipt, after the label has been checked.
    '''
    if not 0 <= rebate < 1:
        raise PriceFailure(f'a rebate of {rebate!r}')
    try:
        check_label(basket, label)
    except LabelFailure as failure:
        raise PriceFailure('sold under a false label') from failure
    return {'tree': basket.tree, 'cents': round(value(basket) * (1 - rebate)), 'label': label}


@job
def cheapest(basket, others):
    '''
    Return the basket of *others* and this one that is worth least.
    '''
    return min([basket, *others], key=value)
