'''
Jobs that say what is in a crate.
'''

from .core import job
from .failures import EmptyFailure, LabelFailure
from .sorting import group_by_kind

LONGEST = 40


@job
def write_label(basket, *, place):
    '''
    Return the line for the crate: place, kinds, grams.
    '''
    kinds = ', '.join(sorted(group_by_kind(basket)))
    label = f'{place}: {kinds}, {basket.weigh()} g'
    if len(label) > LONGEST:
        raise LabelFailure(f'longer than {LONGEST} letters: {label!r}')
    return label


@job
def check_label(basket, label):
    '''
    Claim that *label* names every kind in the basket.
    '''
    missing = [kind for kind in group_by_kind(basket) if kind not in label]
    if missing:
        raise LabelFailure('not on the label: ' + ', '.join(missing))
    return True


@job
def best_before(basket, *, day):
    '''
    Return the day by which the ripest piece should be eaten.
    '''
    if not basket.fruit:
        raise EmptyFailure('nothing to eat')
    return day + round((1 - basket.ripest()['ripeness']) * 20)
