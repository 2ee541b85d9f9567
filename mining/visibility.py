"""
Who may use a definition. In: its language, its name, and the code before that. Out: whether others reach it by name.
"""

from __future__ import annotations

import re

HIDING = frozenset({b"fileprivate", b"override", b"private", b"protected", b"@Override"})
"""Words of a head which say that its name is its file's, its class's or its heirs' alone, or was given by another."""
OF_HIDDEN = re.compile(rb"func\s*\((?:\s*\w+\s)?+[\s*]*[a-z_]")
"""What stands in Go before the name of a method of a type that others cannot name."""

NAMED_SHOWN = frozenset({"go", "rust"})
"""Languages in which a definition says that others may use it, and is hidden otherwise."""


def visibility_of(language: str, symbol: str, before: bytes) -> str:
    """
    Return how a language calls a definition that others may use; nothing where they may not, or where it does not say.

    *before* is what stands between the start of the definition and its name.
    """
    words = before.split()
    if language == "go":
        return "exported" if is_capital(symbol) and not OF_HIDDEN.match(before) else ""
    if language == "rust":
        return "public" if b"pub" in words else ""
    return "public" if language == "java" and b"public" in words and HIDING.isdisjoint(words) else ""


def is_hidden(language: str, symbol: str, before: bytes, after: bytes) -> bool:
    """
    Claim that a definition says that others cannot use it, or that its name is not its own.

    *before* is what stands between its start and its name, *after* what stands between its parameters and its body.
    """
    if has_private_part(symbol):
        return True
    if language in NAMED_SHOWN:
        return not visibility_of(language, symbol, before)
    return not HIDING.isdisjoint((*before.split(), *after.split()))


def has_private_part(symbol: str) -> bool:
    """Claim that a part of a dotted name begins with an underscore."""
    return any(part.startswith("_") for part in symbol.split("."))


def is_capital(symbol: str) -> bool:
    """Claim that all parts of a dotted name begin with a capital letter."""
    return all(part[:1].isupper() for part in symbol.split("."))
