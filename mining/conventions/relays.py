"""
What stands in for what it calls. In: a call, and the function around it. Out: whether that hands on what it is given.

A function that gives a call what it was given itself, and returns what comes, is another name for what it calls. What
an operator makes of it is something else, as `softmax` is no other name for `exp`; what another call, or one of its own
methods, makes of it is still what came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from ..source import text_of
from .view import DefinitionFrame, parameter_name

OPENING = re.compile(r"(?:return |[A-Za-z_]\w*(?:: [^=]*)? = )(?:await )?")
"""What stands before a call whose result is returned, now or later by the name that it is given."""
SCOPES = frozenset(
    {"class_definition", "dictionary_comprehension", "function_definition", "generator_expression", "lambda"}
    | {"list_comprehension", "set_comprehension"}
)
"""Kinds of what has names of its own."""
TARGETS = {
    "as_pattern": "alias",
    "assignment": "left",
    "augmented_assignment": "left",
    "for_statement": "left",
    "named_expression": "name",
}
"""By kind of what binds names, the field that holds them."""


def is_relay(call: Node, callee: str, text: str, function: DefinitionFrame | None) -> bool:
    """Claim that a *call* of *callee*, which opens a statement of *text*, is what *function* stands in for."""
    opening = OPENING.match(text)
    if opening is None or not text.startswith(callee, opening.end()) or function is None or function.body is None:
        return False
    statement = call.parent
    if statement is not None and statement.type == "await":
        statement = statement.parent
    arguments = call.child_by_field_name("arguments")
    if statement is None or arguments is None or not arguments.named_child_count or not function.parameters:
        return False
    taken, first = parameter_name(function.parameters[0]), arguments.named_children[0]
    inside = list(own_nodes(function.body))
    if first.type != "identifier" or text_of(first) != taken or any(taken in names_bound(node) for node in inside):
        return False  # what it was given is not what it hands on
    return statement.type == "return_statement" or (statement.type == "assignment" and is_returned(statement, inside))


def is_returned(assignment: Node, inside: list[Node]) -> bool:
    """Claim that what *assignment* gives a name is what is returned, of all the nodes *inside* of the function."""
    target = assignment.child_by_field_name("left")
    name = text_of(target) if target is not None and target.type == "identifier" else ""
    again = [node for node in inside if node != assignment and name in names_bound(node)]
    returned = [node.named_children for node in inside if node.type == "return_statement"]
    is_named = any([text_of(node) for node in values] == [name] for values in returned)
    return bool(name) and is_named and all(goes_through(node, name) for node in again)


def goes_through(node: Node, name: str) -> bool:
    """Claim that *node* gives *name* what a call makes of it, to which it is given, or whose method that is."""
    made = node.child_by_field_name("right") if node.type == "assignment" else None
    if made is not None and made.type == "await":
        made = made.named_children[0]
    if made is None or made.type != "call":
        return False
    function, arguments = made.child_by_field_name("function"), made.child_by_field_name("arguments")
    while function is not None and function.type in ("attribute", "call"):
        function = function.child_by_field_name("object" if function.type == "attribute" else "function")
    handed = [*(arguments.named_children if arguments is not None else ()), *([function] if function else ())]
    return any(text_of(each) == name for each in handed)


def own_nodes(body: Node) -> Iterator[Node]:
    """Yield what stands in a function's *body* and shares its names."""
    waiting = [body]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [child for child in current.named_children if child.type not in SCOPES]


def names_bound(node: Node) -> set[str]:
    """Return the names that *node* itself gives something to; what it stores in another's part is none."""
    field = TARGETS.get(node.type)
    waiting = [node.child_by_field_name(field)] if field is not None else []
    found: set[str] = set()
    while waiting:
        target = waiting.pop()
        if target is not None and target.type == "identifier":
            found.add(text_of(target))
        elif target is not None and target.type not in ("attribute", "subscript"):
            waiting += target.named_children
    return found
