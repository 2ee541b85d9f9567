"""
What arguments are passed to, where a grammar keeps the name apart. In: what holds the arguments. Out: the name's nodes.

In Dart a name, what is taken of it and what is passed to that are neighbours in the tree.
"""

from __future__ import annotations

from tree_sitter import Node

from ..source import text_of

PASSING = frozenset({"const_object_expression", "selector"})
"""Kinds of nodes that hold what is passed; the name of what it is passed to stands in them or before them."""


def called_before(passing: Node) -> list[Node]:
    """Return the name of what *passing* passes arguments to, behind that of its class where it has one; or nothing."""
    inside = passing.named_children
    if not inside or inside[-1].type not in ("argument_part", "arguments"):
        return []
    called = [node for node in candidates(passing) if node.type.endswith("identifier")]
    is_of_class = len(called) > 1 and text_of(called[-2])[:1].isupper()
    return called[-2:] if is_of_class else called[-1:]


def candidates(passing: Node) -> list[Node]:
    """Return the nodes that may be a part of the name, in order."""
    before = passing.prev_named_sibling
    if passing.type != "selector":
        return passing.named_children[:-1]
    if before is None or before.type != "selector":
        return [before] if before is not None else []
    taken = before.named_children[0].named_children if before.named_child_count else []
    owner = before.prev_named_sibling
    return [owner, *taken] if owner is not None else taken
