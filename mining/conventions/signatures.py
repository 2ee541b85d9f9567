"""
What functions have to be given. In: a function during the walk. Out: its `SignatureFact`, where its order is its own.

That order is another's where a base class, a decorator, a protocol or a runner calls the function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from tree_sitter import Node

from .view import DefinitionFrame, FileView

ASKED_ROLES = frozenset({"src", "scripts"})
REQUIRED = ("identifier", "typed_parameter")
"""Kinds of parameters without a value of their own."""
SEPARATOR = "keyword_separator"
"""What all that follows is given by name after."""
OPEN_BASES = frozenset({"ABC", "Generic", "Protocol", "abc.ABC", "object", "typing.Generic", "typing.Protocol"})
"""Bases that dictate no method."""
OPEN_DECORATORS = frozenset(
    {"asynccontextmanager", "cache", "classmethod", "contextmanager", "lru_cache", "staticmethod"}
)
"""Decorators of functions that are called as they are written."""
DICTATED = re.compile(r"__(?!init__$)\w+__$|(?:depart|do|leave|on|pytest|visit)_")
"""Names that are called by another's code, in an order that it says."""
NAME = re.compile(rb"[A-Za-z_]\w+")
"""A name of a parameter that says what it is: a letter does not."""


class SignatureFact(NamedTuple):
    """
    The parameters of a function that have to be given, in order.
    """

    names: tuple[str, ...]
    starts: tuple[int, ...]
    """Where each begins."""
    lines: tuple[int, ...]
    """On which line each stands."""
    text: str
    """The line of them all; empty where they stand on several."""


def signature_of(frame: DefinitionFrame, file: FileView) -> SignatureFact | None:
    """Return the parameters that a function must be given by place, if they are several and in an order of its own."""
    if len(frame.parameters) < 2 or file.role not in ASKED_ROLES or DICTATED.match(frame.name) or file.is_stub:
        return None
    if frame.is_method and frame.scope is not None and not OPEN_BASES.issuperset(frame.scope.bases):
        return None
    if frame.decorators and not {name.rpartition(".")[2] for name in frame.decorators} <= OPEN_DECORATORS:
        return None
    names: list[str] = []
    nodes: list[Node] = []
    for node in takewhile(lambda node: node.type in REQUIRED, before_separator(frame)):
        # `*names: str` is a typed parameter, too, and the last of them
        text = node.text or b""
        if text.startswith(b"*"):
            break
        name = NAME.match(text)
        if name is not None:
            names.append(name[0].decode())
            nodes.append(node)
    if len(names) < 2:
        return None
    lines = tuple(node.start_point.row + 1 for node in nodes)
    text = file.line_text(lines[0]) if lines[0] == lines[-1] else ""
    return SignatureFact(tuple(names), tuple(node.start_byte for node in nodes), lines, text)


def before_separator(frame: DefinitionFrame) -> Sequence[Node]:
    """Return the parameters of a function that can be given by place."""
    taken = frame.node.child_by_field_name("parameters")
    if taken is None or b"*" not in (taken.text or b""):
        return frame.parameters
    ends = [node.start_byte for node in taken.named_children if node.type == SEPARATOR]
    return [node for node in frame.parameters if node.start_byte < ends[0]] if ends else frame.parameters
