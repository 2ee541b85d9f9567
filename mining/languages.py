"""
Which grammar reads a file. In: a file name, or a user's language table. Out: a `Language`: grammar, query, checker.

Each language is one table in the form a user writes for a DSL. The built-in ones are `grammars/*.toml`: adding a
language is adding a file there.
"""

from __future__ import annotations

import importlib
import tomllib
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

import tree_sitter

from .errors import InputError

GRAMMARS = Path(__file__).parent / "grammars"


@dataclass(frozen=True)
class Language:
    """
    A language as idiolect knows it: how to parse it and what its definitions are.
    """

    name: str
    extensions: tuple[str, ...]
    """File name endings, with the dot."""
    module: str
    """The Python package that holds the grammar, such as `tree_sitter_python`."""
    query_text: str
    """A tree-sitter query; captures: @unit @unit.name @unit.doc @unit.params @unit.body @call @comment @string."""
    comment: str = "#"
    """What opens a line comment."""
    check: tuple[str, ...] = ()
    """The language's own checker; `{file}` stands for the file."""

    def __getstate__(self) -> dict[str, object]:
        """Return the fields alone: a loaded grammar stays in its process, a worker loads its own."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def grammar(self) -> tree_sitter.Language:
        """
        The loaded grammar.

        Raises `InputError` when its package is not installed.
        """
        try:
            package = importlib.import_module(self.module)
        except ImportError:
            raise InputError(f"The grammar package {self.module!r} is not installed. Install it with pip.") from None
        # the wheels give a capsule; only the stub still allows an integer
        return tree_sitter.Language(package.language())  # pyright: ignore[reportDeprecated]

    @cached_property
    def query(self) -> tree_sitter.Query:
        """The compiled query."""
        return tree_sitter.Query(self.grammar, self.query_text)


@cache
def builtin_languages() -> tuple[Language, ...]:
    """Return every language that ships with idiolect, in order of name."""
    return tuple(read_language(file) for file in sorted(GRAMMARS.glob("*.toml")))


def read_language(file: Path) -> Language:
    """Read the one language table of *file*."""
    ((name, table),) = tomllib.loads(file.read_text("utf-8"))["language"].items()
    return Language(
        name=name,
        extensions=tuple(table["extensions"]),
        module=table["grammar"].removeprefix("pip:"),
        query_text=table["query"],
        comment=table.get("comment", "#"),
        check=tuple(table.get("check", ())),
    )


def language_of(path: str, languages: tuple[Language, ...] | None = None) -> Language | None:
    """Return the language whose extension ends *path*, or None."""
    name = PurePosixPath(path).name
    for language in builtin_languages() if languages is None else languages:
        if name.endswith(language.extensions):
            return language
    return None


def language_named(name: str) -> Language:
    """Return the built-in language called *name*."""
    return next(language for language in builtin_languages() if language.name == name)
