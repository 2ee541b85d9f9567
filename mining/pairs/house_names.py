"""
Whose a name is. In: a mined file and a name as its facts hold it. Out: the dotted name, where the house offers it.
"""

from __future__ import annotations

from typing import NamedTuple

from ..conventions.facts import FileFacts
from .kind import MinedFile


class HouseNames(NamedTuple):
    """
    What is the house's in one file: its own outermost definitions, and what it imports from the house's modules.
    """

    module: str
    own: frozenset[str]
    first: frozenset[str]
    """The first names of the house's modules."""

    def dotted(self, name: str) -> str:
        """Return the dotted name of what *name* stands for; nothing where it is not the house's."""
        if name in self.own:
            return f"{self.module}.{name}"
        return name if "." in name and name.partition(".")[0] in self.first else ""


def house_names(mined: MinedFile, facts: FileFacts) -> HouseNames:
    """Return what is the house's in a file with these *facts*."""
    own = frozenset(definition.symbol for definition in mined.definitions if definition.parent is None)
    return HouseNames(facts.module, own, mined.house | {facts.module.partition(".")[0]})
