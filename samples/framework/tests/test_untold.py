'''
Asked last: has every handler been told a story that it finished?
'''

from __future__ import annotations


def test_every_handler_has_a_story(untold):
    assert list() == untold
