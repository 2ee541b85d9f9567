"""
Who owns a matter of layout. In: a repository's configuration files. Out: the formatters that it has set up.

What a configured formatter decides is learned, so that code can be scored by it, and never reported: the formatter
does that, and better.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

LARGEST = 1_000_000
SIGNS = (
    ("black", "pyproject.toml", re.compile(rb"^\[tool\.black\b", re.MULTILINE)),
    (
        "black",
        ".pre-commit-config.yaml",
        re.compile(rb"/black(-pre-commit-mirror)?[\"']?\s*$|id:\s*black\b", re.MULTILINE),
    ),
    ("ruff format", "pyproject.toml", re.compile(rb"^\[tool\.ruff\.format\b", re.MULTILINE)),
    ("ruff format", "ruff.toml", re.compile(rb"^\[format\b", re.MULTILINE)),
    ("ruff format", ".ruff.toml", re.compile(rb"^\[format\b", re.MULTILINE)),
    ("ruff format", ".pre-commit-config.yaml", re.compile(rb"id:\s*ruff-format\b")),
    ("ruff format", "Makefile", re.compile(rb"\bruff format\b")),
    ("ruff format", "tox.ini", re.compile(rb"\bruff format\b")),
)
"""A formatter, the file that sets it up, and what it looks like there."""


def owners_of(read: Callable[[str], bytes | None]) -> frozenset[str]:
    """Return the formatters that the files given by *read*, by name at the repository's root, set up."""
    texts: dict[str, bytes] = {}
    for _, name, _ in SIGNS:
        if name not in texts:
            texts[name] = read(name) or b""
    return frozenset(owner for owner, name, sign in SIGNS if sign.search(texts[name]))


def owners_in(root: Path) -> frozenset[str]:
    """Return the formatters that the files under *root* set up."""
    return owners_of(lambda name: read_plain(root / name))


def read_plain(file: Path) -> bytes | None:
    """Return the bytes of a plain file of a sane size, or None."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > LARGEST:
        return None
    return file.read_bytes()
