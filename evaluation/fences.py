"""
Code in a chat answer. In: Markdown, and the definition that was asked for. Out: the fence that holds it, and its body.

Of several fences the first that holds the definition counts, else the first of all. Of a whole definition, its body is
taken: a chat model says the head again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..mining.definitions import collect_definitions
from ..mining.languages import Language
from ..mining.source import first_line, indentation, outermost_errors, parse_source

OPENING = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n", re.MULTILINE)


class Fence(NamedTuple):
    """
    What stands between two lines of backticks or tildes.
    """

    inside: str
    is_closed: bool
    """Else it runs to the end of the text."""


@dataclass(frozen=True, slots=True)
class Found:
    """
    A definition in a fence.
    """

    body: str
    rest: str
    """What follows the body."""
    is_exact: bool
    """Whether it is the symbol that was asked for, and not only another with its last name."""
    is_sound: bool
    """Whether all before its end parses."""

    @property
    def is_left(self) -> bool:
        """Whether the first line after the body stands further out: it is no piece of it, cut off."""
        line = first_line(self.rest.partition("\n")[2])
        return bool(line) and indentation(line) < indentation(first_line(self.body))


def find_fences(text: str) -> list[Fence]:
    """Return the Markdown fences of *text* in order."""
    fences: list[Fence] = []
    opening = OPENING.search(text)
    while opening is not None:
        last = re.compile(rf"^[ \t]*{re.escape(opening[1])}[ \t]*$", re.MULTILINE)
        closing = last.search(text, opening.end())
        end = closing.start() if closing else len(text)
        fences.append(Fence(text[opening.end() : end], closing is not None))
        opening = OPENING.search(text, closing.end()) if closing else None
    return fences


def choose_fence(fences: Sequence[Fence], symbol: str, language: Language) -> tuple[str, bool]:
    """
    Return the body of *symbol* in the first of *fences* that holds one, else the first; and whether it came to its end.

    It did where its fence is closed, and where a line follows it that stands further out.
    """
    for fence in fences:
        if found := find_body(fence.inside, symbol, language):
            return found.body, fence.is_closed or found.is_left
    return fences[0]


def is_decided(fences: Sequence[Fence], symbol: str, language: Language) -> bool:
    """Claim that `choose_fence` would choose the same body, whatever whole lines came after *fences*."""
    for fence in fences:
        if found := find_body(fence.inside, symbol, language):
            return fence.is_closed or (found.is_exact and found.is_sound and found.is_left)
    return False


def find_body(text: str, symbol: str, language: Language) -> Found | None:
    """
    Return the body of *symbol* in *text*, else of the first with its last name, else None.

    A member alone may parse only within its class, as a constructor of Java or a method of TypeScript does.
    """
    found = find_named(text, symbol, language)
    owner = symbol.split(".")[-2:-1]
    if found is None and owner:
        return find_named(f"class {owner[0]} {{\n{text}", symbol, language)
    return found


def find_named(text: str, symbol: str, language: Language) -> Found | None:
    """Return the body of *symbol* in *text* as it stands, else of the first with its last name, else None."""
    name = symbol.rpartition(".")[2]
    source = parse_source("answer", text.replace("\0", "").encode("utf-8", "replace"), language)
    named = [d for d in collect_definitions(source) if d.name == name and d.code is not None]
    chosen = next((definition for definition in named if definition.symbol == symbol), named[0] if named else None)
    if chosen is None or (code := chosen.code) is None:
        return None
    return Found(
        body=source.slice(code),
        rest=source.utf8[code.end :].decode("utf-8"),
        is_exact=chosen.symbol == symbol,
        is_sound=all(node.start_byte >= code.end for node in outermost_errors(source.tree.root_node)),
    )
