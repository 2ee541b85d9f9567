'''
The jobs, on one small basket.
'''

import pytest
from orchard import Basket, OrchardFailure
from orchard.labels import write_label
from orchard.market import sell, value
from orchard.pressing import bottles_needed, press
from orchard.sorting import drop_bruised, mean_ripeness, split_by_ripeness


@pytest.fixture(name='basket')
def _basket():
    return Basket(
        'old tree',
        [
            {'kind': 'apple', 'grams': 180, 'ripeness': 0.9},
            {'kind': 'pear', 'grams': 150, 'ripeness': 0.4, 'bruised': True},
        ],
    )


def test_sorting(basket):
    ripe, rest = split_by_ripeness(basket)
    assert ([180], [150]) == ([p['grams'] for p in ripe.fruit], [p['grams'] for p in rest.fruit])
    assert ['apple'] == [p['kind'] for p in drop_bruised(basket).fruit]
    assert 0.67 == round(mean_ripeness(basket), 2)


def test_pressing(basket):
    assert 199.5 == round(press(basket), 1)
    assert 1 == bottles_needed(basket)


def test_selling(basket):
    label = write_label(basket, place='north')
    assert 'north: apple, pear, 330 g' == label
    assert {'tree': 'old tree', 'cents': 114, 'label': label} == sell(basket, label=label)
    assert 114 == value(basket)


def test_failures_share_a_root(basket):
    with pytest.raises(OrchardFailure, match='false label'):
        sell(basket, label='nothing')
