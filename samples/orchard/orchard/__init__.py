'''
Work on baskets of fruit, one job at a time.
'''

from .core import Basket, job
from .failures import OrchardFailure

__all__ = ['Basket', 'OrchardFailure', 'job']
