"""
Who may use a definition. In: its language, its name, and the code before that. Out: whether others reach it by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from .source import Source, field_of, text_of
from .traits import SCRIPTS

HIDING = frozenset({b"fileprivate", b"internal", b"override", b"private", b"protected", b"@Override"})
"""Words of a head which say that its name is its file's, its class's or its heirs' alone, or was given by another."""
OF_HIDDEN = re.compile(rb"func\s*\((?:\s*\w+\s)?+[\s*]*[a-z_]")
"""What stands in Go before the name of a method of a type that others cannot name."""

NAMED_SHOWN = frozenset({"go", "rust", "zig"})
"""Languages in which a definition says that others may use it, and is hidden otherwise."""
PUBLIC_SAID = frozenset({"csharp", "java"})
"""
Languages in which it says so, too, but in an interface and for a namespace: what else it says means its package or its
assembly.
"""
INTERFACE = frozenset({b"@interface", b"interface"})
SHARED = (".h", ".hh", ".hpp", ".hxx", ".inl")
"""How the names of files end whose code is other files' as well."""
APART = ("statement_block", "class_body")
"""What code does with a name says nothing of who may use it."""


def visibility_of(language: str, symbol: str, before: bytes) -> str:
    """
    Return how a language calls a definition that others may use; nothing where they may not, or where it does not say.

    *before* is what stands between the start of the definition and its name.
    """
    words = before.split()
    if language == "go":
        return "exported" if is_capital(symbol) and not OF_HIDDEN.match(before) else ""
    if language in ("rust", "zig"):
        return "public" if b"pub" in words else ""
    return "public" if language == "java" and b"public" in words and HIDING.isdisjoint(words) else ""


def is_hidden(language: str, path: str, symbol: str, before: bytes, after: bytes, around: bytes | None) -> bool:
    """
    Claim that a definition says that others cannot use it, or that its name is not its own.

    *before* is what stands between its start and its name, *after* what stands between its parameters and its body;
    *around* is the head of what it stands in, None for what stands by itself in the file at *path*.
    """
    if has_private_part(symbol):
        return True
    if language in NAMED_SHOWN:
        return not visibility_of(language, symbol, before)
    words = before.split()
    if not HIDING.isdisjoint((*words, *after.split())):
        return True
    outer = (around or b"").split()
    if language in PUBLIC_SAID and not {b"public", b"namespace"}.intersection(words):
        return INTERFACE.isdisjoint(outer)
    # outside of classes the word keeps a name in its file
    is_own = language == "c" or (language == "cpp" and (around is None or b"namespace" in outer))
    return is_own and b"static" in words and not path.endswith(SHARED)


def exported_names(source: Source) -> frozenset[str] | None:
    """Return what a module of Haskell or a script lets others use; None where the file says nothing of it."""
    if source.language.name == "haskell":
        return named_by_header(source.tree.root_node)
    if source.language.name not in SCRIPTS:
        return None
    names: set[str] = set()
    is_module = False
    for node in source.tree.root_node.named_children:
        assigned = text_of(node) if node.type == "expression_statement" else ""
        if node.type == "export_statement" or assigned.startswith(("module.exports", "exports.")):
            names.update(named_in(node))
        elif node.type != "import_statement":
            continue
        is_module = True
    return frozenset(names) if is_module else None


def named_by_header(root: Node) -> frozenset[str] | None:
    """Return what the head of a module of Haskell lists; None where it lists nothing, or modules whole."""
    header = next((child for child in root.named_children if child.type == "header"), None)
    listed = field_of(header, "exports")
    if listed is None or any(child.type == "module_export" for child in listed.named_children):
        return None
    named = (child.child_by_field_name(field) for child in listed.named_children for field in ("variable", "type"))
    return frozenset(text_of(name) for name in named if name is not None)


def named_in(statement: Node) -> Iterator[str]:
    """Yield what a *statement* that exports names: what it declares, or else all names in it but those in code."""
    declared = statement.child_by_field_name("declaration")
    if declared is not None:
        named = (node.child_by_field_name("name") for node in (declared, *declared.named_children))
        yield from (text_of(name) for name in named if name is not None)
        return
    nodes = [statement]
    while nodes:
        node = nodes.pop()
        if "identifier" in node.type:
            yield text_of(node)
        nodes.extend(child for child in node.named_children if child.type not in APART)


def has_private_part(symbol: str) -> bool:
    """Claim that a part of a dotted name begins as what is private does."""
    return any(part.startswith(("_", "#")) for part in symbol.split("."))


def is_capital(symbol: str) -> bool:
    """Claim that all parts of a dotted name begin with a capital letter."""
    return all(part[:1].isupper() for part in symbol.split("."))
