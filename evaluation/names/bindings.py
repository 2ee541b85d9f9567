"""
What a file binds. In: a location in it. Out: how often names are bound, and what calls and values there are written as.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from .location import Location

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)
LITERALS = {"str": (ast.JoinedStr,), "dict": (ast.Dict, ast.DictComp), "set": (ast.Set, ast.SetComp)}
"""Expressions of built-in types that are no constants, by the name of the type."""


def is_plain_function(name: str, at: Location) -> bool:
    """Claim that in the file the name is bound once, by a function of the module that is called as written."""
    tree = at.plain_tree
    return (
        tree is not None
        and bindings_of(tree)[name] == 1
        and any(
            isinstance(node, FUNCTIONS) and node.name == name and not node.decorator_list and node.args.vararg is None
            for node in tree.body
        )
    )


@lru_cache(maxsize=1)
def bindings_of(tree: ast.Module) -> Counter[str]:
    """Return how often each name is bound in a file, in whatever scope."""
    return bindings_among(ast.walk(tree))


def scopes_around(line: int, tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Module]:
    """Return the functions around *line*, the innermost first, and the module."""
    around = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS) and is_in(line, node)]
    around.sort(key=lambda node: -node.lineno)  # what is further in begins later
    return [*around, tree]


def times_bound(name: str, line: int, tree: ast.Module) -> int:
    """Return how often the innermost function around *line* that binds the name, or else the module, binds it."""
    counts = (bindings_among(own_nodes(scope))[name] for scope in scopes_around(line, tree))
    return next(filter(None, counts), 0)


def is_bound_anew(name: str, at: Location) -> bool:
    """
    Claim that a name may be bound more than once where the line sees it: the resolver knows one value.

    A file that does not parse here, as one for a newer Python, may bind anything.
    """
    return at.tree is None or times_bound(name, at.number, at.tree) > 1


def is_read_by_decorator(name: str, line: int, tree: ast.Module) -> bool:
    """Claim that a *name* on a *line* is in a quoted annotation of a decorated function: no type, to who reads it."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS) and node.decorator_list and is_in(line, node):
            given = [node.returns, *(each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg))]
            for each in given:
                if isinstance(each, ast.Constant) and is_in(line, each) and name in str(each.value):
                    return True
    return False


def calls_on(line: int, tree: ast.Module) -> list[ast.Call]:
    """Return the calls of which *line* is one."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_in(line, node)]


def spreads(at: Location) -> bool:
    """Claim that a call on the line is given arguments that the code does not count: `f(*a)`, `f(**b)`."""
    return at.tree is None or any(
        any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords)
        for call in calls_on(at.number, at.tree)
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


def makes_by_name(owner: str, at: Location) -> bool:
    """
    Claim that the line makes an object of the class *owner* by its name, or calls its maker.

    What is held as one class, such as `kind` in `kind()`, may be another that derives from it, and is made otherwise.
    """
    if at.tree is None:
        return False
    imports = (node for node in ast.walk(at.tree) if isinstance(node, IMPORTS))
    aliases = {each.asname: each.name for node in imports for each in node.names}
    names = {last_name_of(call.func) for call in calls_on(at.number, at.tree)}
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


def is_written_as(owner: str, attribute: str, at: Location) -> bool:
    """
    Claim that what has the *attribute* asked on the line is of a built-in type *owner* by how it is written.

    A literal, a call of the type, or a name that is bound to one of them once, or annotated as nothing else.
    """
    if at.tree is None:
        return False
    line, tree = at.number, at.tree
    asked = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == attribute)
    held = [node.value for node in asked if is_in(line, node)]
    return bool(held) and all(is_one(each, owner) or is_bound_to_one(each, owner, line, tree) for each in held)


def is_bound_to_one(value: ast.expr, owner: str, line: int, tree: ast.Module) -> bool:
    """Claim that *value* is a name that is bound once where *line* sees it: to one of type *owner*, as is written."""
    if not isinstance(value, ast.Name) or times_bound(value.id, line, tree) != 1:
        return False
    for node in (node for scope in scopes_around(line, tree) for node in own_nodes(scope)):
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
