"""
Shapes of blocks: what hundreds of mined rules ask one file about is looked up, and not sought anew.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

from idiolect.mining.conventions.anyview import AnyView
from idiolect.mining.conventions.convention import HouseConvention, conventions_by_id
from idiolect.mining.conventions.tally_any import facts_of
from idiolect.mining.languages import language_named
from idiolect.mining.source import parse_text

TEXT = """\
disk:
  kind: x
  size: 1
other:
  - kind: y
    size: 2
"""


class Walked(tuple[Any, ...]):
    """
    Blocks that count how often somebody walks through all of them.
    """

    walks = 0

    def __iter__(self):
        """Count."""
        Walked.walks += 1
        return super().__iter__()


def test_many_rules_walk_through_the_blocks_once():
    """Whether its shape is among them or not, a rule finds its blocks by their shape."""
    facts = facts_of(AnyView(parse_text("a.yaml", TEXT, language_named("yaml"))))
    facts = replace(facts, blocks=Walked(facts.blocks))
    order = conventions_by_id()["Q09"]
    assert isinstance(order, HouseConvention)
    rules = [
        {"key": "yaml: k", "language": "yaml", "shape": shape, "keys": ["kind", "size"]}
        for shape in ("disk", *(f"s{number}" for number in range(50)))
    ]

    answers = [choice.value for rule in rules for choice in order.ask(facts, rule)]

    assert answers == ["`kind` first"]
    assert Walked.walks == 1


def test_facts_travel_without_what_was_looked_up():
    """They are kept, and sent from process to process, as they were read."""
    facts = facts_of(AnyView(parse_text("a.yaml", TEXT, language_named("yaml"))))
    before = pickle.dumps(facts)

    assert "disk" in facts.by_shape
    assert pickle.dumps(facts) == before
