"""
What a file binds. In: its text. Out: its tree, and how often each name is bound there, in whatever scope or in one.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

MAKES_NAMES = re.compile(rb"\b(?:exec|globals|vars)\(|\bsys\.modules\[__name__\]")
"""How a file may bind names that none of its statements binds."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)
LITERALS = {"str": (ast.JoinedStr,), "dict": (ast.Dict, ast.DictComp), "set": (ast.Set, ast.SetComp)}
"""Expressions of built-in types that are no constants, by the name of the type."""


def is_plain_function(name: str, lines: Sequence[bytes]) -> bool:
    """Claim that in a file of *lines* the name is bound once, by a function of the module that is called as written."""
    tree = parse(b"\n".join(lines))
    return (
        tree is not None
        and bindings_of(tree)[name] == 1
        and any(
            isinstance(node, FUNCTIONS) and node.name == name and not node.decorator_list and node.args.vararg is None
            for node in tree.body
        )
    )


def parse(text: bytes) -> ast.Module | None:
    """Return a file as a tree; None where it does not parse, or may bind names that no statement of it shows."""
    return None if MAKES_NAMES.search(text) else parse_any(text)


@lru_cache(maxsize=1)
def parse_any(text: bytes) -> ast.Module | None:
    """Return a file as a tree; None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=1)
def bindings_of(tree: ast.Module) -> Counter[str]:
    """Return how often each name is bound in a file, in whatever scope."""
    return bindings_among(ast.walk(tree))


def times_bound(name: str, line: int, tree: ast.Module) -> int:
    """Return how often the innermost function around *line* that binds the name, or else the module, binds it."""
    around = (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS) and is_in(line, node))
    # what is further in begins later
    for scope in (*sorted(around, key=lambda node: -node.lineno), tree):
        if found := bindings_among(own_nodes(scope))[name]:
            return found
    return 0


def is_read_by_decorator(name: str, line: int, tree: ast.Module) -> bool:
    """Claim that a *name* on a *line* is in a quoted annotation of a decorated function: no type, to who reads it."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS) and node.decorator_list and is_in(line, node):
            given = [node.returns, *(each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg))]
            for each in given:
                if isinstance(each, ast.Constant) and is_in(line, each) and name in str(each.value):
                    return True
    return False


def spreads(lines: Sequence[bytes], place: int) -> bool:
    """Claim that a call on the line at *place* is given arguments that the code does not count: `f(*a)`, `f(**b)`."""
    tree = parse_any(b"\n".join(lines))
    return tree is None or any(
        any(isinstance(each, ast.Starred) for each in node.args) or any(each.arg is None for each in node.keywords)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and is_in(place + 1, node)
    )


def imported_by(tree: ast.Module) -> frozenset[str]:
    """Return the modules that a file imports, or takes something from; relative ones left out."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found.update(each.name for each in names)
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module)
            case _:
                pass
    return frozenset(found)


def makes_by_name(owner: str, lines: Sequence[bytes], place: int) -> bool:
    """
    Claim that the line at *place* makes an object of the class *owner* by its name, or calls its maker.

    What is held as one class, such as `kind` in `kind()`, may be another that derives from it, and is made otherwise.
    """
    tree = parse_any(b"\n".join(lines))
    if tree is None:
        return False
    aliases = {each.asname: each.name for node in ast.walk(tree) if isinstance(node, IMPORTS) for each in node.names}
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and is_in(place + 1, node))
    names = {last_name_of(function) for function in called}
    return any(name == owner or aliases.get(name) == owner or name.startswith("__") for name in names)


def last_name_of(value: ast.expr) -> str:
    """Return the last of the dotted names of *value*, of `Shelf[Book]` that of `Shelf`; nothing where it has none."""
    match value:
        case ast.Subscript(value=kept):
            return last_name_of(kept)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def is_written_as(owner: str, attribute: str, line: int, tree: ast.Module) -> bool:
    """
    Claim that what has the *attribute* asked on a *line* is of a built-in type *owner* by how it is written.

    A literal, a call of the type, or a name that is bound to one of them once, or annotated as nothing else.
    """
    asked = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == attribute)
    held = [node.value for node in asked if is_in(line, node)]
    return bool(held) and all(is_one(each, owner) or is_bound_to_one(each, owner, line, tree) for each in held)


def is_bound_to_one(value: ast.expr, owner: str, line: int, tree: ast.Module) -> bool:
    """Claim that *value* is a name that is bound once where *line* sees it: to one of type *owner*, as is written."""
    if not isinstance(value, ast.Name) or times_bound(value.id, line, tree) != 1:
        return False
    around = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS) and is_in(line, node)]
    scopes = (*sorted(around, key=lambda node: -node.lineno), tree)
    for node in (node for scope in scopes for node in own_nodes(scope)):
        match node:
            case ast.arg(arg=name, annotation=kind) if name == value.id:
                return kind is not None and is_type(kind, owner)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if name == value.id:
                return is_type(kind, owner)
            case ast.Assign(targets=[ast.Name(id=name)], value=given) if name == value.id:
                return is_one(given, owner)
            case _:
                pass
    return False


def is_one(value: ast.expr, owner: str) -> bool:
    """Claim that *value* is a literal of a built-in type *owner*, or a call of it."""
    match value:
        case ast.Constant(value=constant):
            return type(constant).__name__ == owner
        case ast.Call(func=ast.Name(id=name)):
            return name == owner
        case _:
            return isinstance(value, LITERALS.get(owner, ()))


def is_type(kind: ast.expr, owner: str) -> bool:
    """Claim that an annotation is a built-in type *owner*, whatever that holds."""
    name = kind.value if isinstance(kind, ast.Subscript) else kind
    return isinstance(name, ast.Name) and name.id.lower() == owner


def is_in(line: int, node: ast.stmt | ast.expr) -> bool:
    """Claim that *line* is one of a node's."""
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes within *scope*; of a function inside it, not what the function holds."""
    waiting = [*ast.iter_child_nodes(scope)]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [] if isinstance(node, FUNCTIONS) else ast.iter_child_nodes(node)


def bindings_among(nodes: Iterable[ast.AST]) -> Counter[str]:
    """Return how often *nodes* bind each name."""
    found: Counter[str] = Counter()
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found[name] += 1
            case ast.alias(name=name, asname=alias):
                found[alias or name.partition(".")[0]] += 1
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case _:
                # definitions, handlers, captures and type parameters
                name = getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name", None)
                found.update([name] if isinstance(name, str) else [])
    return found
