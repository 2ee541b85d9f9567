"""
Which names something looks for. In: a file of any language. Out: who tells of a name that it was not free.

What loads a library, a container's user or a tool knows it by that name (`sought` in the table of its language), or the
file puts the name together when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..traits import COMPOSED_NAMES
from .anyfacts import last_part
from .anyview import AnyView

COMPOSED = re.compile(rb"""["'`:](\w{2,40})(?:#\{|\{?\$[\w{]|["'][ \t]*(?:\.\.?|\+)[ \t]*[$\w])""")
"""How a name begins of which the rest is filled in when the program runs: `"add_{$key}"`, `'add_' . $key`."""
INDEXED = re.compile(rb"\b(\w+)\[[A-Za-z_]\w*\](?!\s*=[^=])")
"""A table of Lua from which something is taken by a name that a variable holds: `methods[name](bus)`."""


def sought_in(file: AnyView) -> Callable[[str], bool]:
    """Return what claims of the name of a definition in *file* that something looks for it."""
    looked_up = file.source.language.sought_name
    composed = composed_in(file)
    indexed = indexed_in(file)

    def is_sought(name: str) -> bool:
        own = last_part(name)
        if looked_up.fullmatch(own) is not None or is_composed(own, composed) or "[" in name:
            return True
        return name.partition(".")[0] in indexed and own != name

    return is_sought


def composed_in(file: AnyView) -> tuple[str, ...]:
    """Return how the names begin that *file* puts together when it runs."""
    if COMPOSED_NAMES not in file.source.language.traits:
        return ()
    return tuple({found[1].decode("utf-8", "replace") for found in COMPOSED.finditer(file.utf8)})


def indexed_in(file: AnyView) -> frozenset[str]:
    """Return the tables of a *file* of Lua from which something is taken by a variable's name."""
    if file.source.language.name != "lua":
        return frozenset()
    return frozenset(found[1].decode("utf-8", "replace") for found in INDEXED.finditer(file.utf8))


def is_composed(name: str, beginnings: tuple[str, ...]) -> bool:
    """Claim that *name* is one of *beginnings* with another word behind it."""
    rests = ((each, name[len(each) :]) for each in beginnings if name.startswith(each))
    return any(rest and (each.endswith("_") or rest[0].isupper()) for each, rest in rests)
