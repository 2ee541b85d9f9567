"""
What classes keep to themselves though it is defined elsewhere, as in C++. In: a source. Out: names with their class's.
"""

from __future__ import annotations

import re

from .definitions import Mark, find_units, is_marked_hidden
from .source import Source, Span, text_of

OWNERS = frozenset({"class_specifier", "struct_specifier"})
"""What declares names in C++."""
OVERRIDE = re.compile(rb"\boverride\b")


def withheld_names(source: Source) -> frozenset[str]:
    """Return what classes of *source* declare and let nobody else call by that name: the class's name and its own."""
    found = find_units(source)
    coming, passed = sorted(found.marks, reverse=True), list[Mark]()
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for name in sorted(found.declared, key=lambda node: node.start_byte):
        around, declaration = name.parent, name
        while around is not None and around.type not in OWNERS:
            around, declaration = around.parent, around if around.type.endswith("declaration") else declaration
        owner = None if around is None else around.child_by_field_name("name")
        if owner is not None:
            hidden = is_marked_hidden(Span(name.start_byte, name.end_byte), coming, passed)
            hidden = hidden or OVERRIDE.search(declaration.text or b"") is not None
            names[hidden].add(f"{text_of(owner)}.{text_of(name)}")
    # of overloads some may be called
    return frozenset(names[True] - names[False])
