"""
Which grammar reads a file. In: a file name. Out: a `Language`: grammar, query, checker.

Each language is one table, which `own_languages` reads. The built-in ones are `grammars/*.toml`: adding a language is
adding a file there. A user's own ones are in the same form, and made known with `use_languages`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import tree_sitter

from .errors import InputError
from .native import load_library, load_package, requirement_of
from .plugins import load_plugins

GRAMMARS = Path(__file__).parent / "grammars"
PACKAGE = "pip:"
NO_TRAITS: frozenset[str] = frozenset()
INTERPRETER = re.compile(rb"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-S[ \t]+)?(?:\S*/)?)?([a-z]+)[\d.]*(?=\s|\Z)")
"""What runs a script, in its first line: `bash`, or `python` for `#!/usr/bin/env python3.12`."""


@dataclass(frozen=True)
class Language:
    """
    A language as idiolect knows it: how to parse it and what its definitions are.
    """

    name: str
    extensions: tuple[str, ...]
    """File name endings, with the dot; a whole name, such as `BUILD`, is an ending too."""
    origin: str
    """Where the grammar is: `pip:tree_sitter_python`, or the path of a shared library."""
    query_text: str
    """A tree-sitter query; captures: @unit @unit.name @unit.doc @unit.params @unit.body @call @comment @string."""
    symbol: str = ""
    """The grammar's own name, where its package holds several or its library does not say; else the language's."""
    comment: str = "#"
    """What opens a line comment."""
    check: tuple[str, ...] = ()
    """The language's own checker; `{file}` stands for the file."""
    folder: str = ""
    """Where a user's table stands: the words of `check` that name files are looked for there."""
    sha256: str = ""
    """The hash of a user's grammar and query; empty for what ships with idiolect."""
    claims: tuple[tuple[str, str], ...] = ()
    """Endings of another language, each with the pattern of what only this one can say: such files are its own."""
    interpreters: tuple[str, ...] = ()
    """What runs its scripts: a file without an ending is its own where the first line names one of them."""
    traits: frozenset[str] = frozenset()
    """What is particular to it, of `traits.TRAITS`."""
    sought: tuple[str, ...] = ()
    """Patterns of names by which something looks for a definition, so that they were not free."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as the fields alone: a loaded grammar stays in its process, a worker loads its own, once."""
        return one_language, tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def grammar(self) -> tree_sitter.Language:
        """
        The loaded grammar.

        Raises `MissingExtraError` when its package is not installed, `InputError` when it cannot be loaded.
        """
        symbol = self.symbol or self.name
        if self.origin.startswith(PACKAGE):
            return load_package(self.origin.removeprefix(PACKAGE), symbol)
        return load_library(Path(self.origin), symbol)

    @cached_property
    def query(self) -> tree_sitter.Query:
        """The compiled query."""
        return tree_sitter.Query(self.grammar, self.query_text)

    @cached_property
    def unit_query(self) -> tree_sitter.Query:
        """The compiled query without the patterns that say nothing of units: most calls and strings of a file."""
        query = tree_sitter.Query(self.grammar, self.query_text)
        comments = [] if "unit.doc" in captures_of(query) else [b"@comment"]
        return keep_patterns(query, self.query_text.encode(), [b"@unit", b"@_", *comments])

    @cached_property
    def token_query(self) -> tree_sitter.Query:
        """The compiled query without the patterns that capture no call, comment or string: most say what a unit is."""
        # where a unit's body is thousands of nodes, `captures` of its pattern would not come back
        query = tree_sitter.Query(self.grammar, self.query_text)
        return keep_patterns(query, self.query_text.encode(), [b"@call", b"@comment", b"@string"])

    @cached_property
    def captures(self) -> frozenset[str]:
        """The names of the query's captures."""
        # of the query that mining compiles anyway
        return captures_of(self.unit_query)

    @cached_property
    def sought_name(self) -> re.Pattern[str]:
        """What the whole name of a definition matches that something looks for."""
        return re.compile("|".join(self.sought) if self.sought else "(?!)")

    def as_json(self) -> dict[str, object]:
        """Return what a corpus records of a user's own language; no path of this machine is in it."""
        return {
            "name": self.name,
            "extensions": list(self.extensions),
            "comment": self.comment,
            "check": list(self.check),
            "sha256": self.sha256,
        }


def keep_patterns(query: tree_sitter.Query, text: bytes, wanted: Sequence[bytes]) -> tree_sitter.Query:
    """Return *query*, compiled from *text*, with every pattern disabled that names none of the *wanted* captures."""
    for index in range(query.pattern_count):
        pattern = text[query.start_byte_for_pattern(index) : query.end_byte_for_pattern(index)]
        if not any(name in pattern for name in wanted):
            query.disable_pattern(index)
    return query


def install_command(languages: Iterable[Language]) -> str:
    """Return the command that installs those grammars of *languages* that are packages."""
    modules = (each.origin.removeprefix(PACKAGE) for each in languages if each.origin.startswith(PACKAGE))
    return shlex.join(["pip", "install", *sorted({requirement_of(module) for module in modules})])


def endings_of(languages: Iterable[Language]) -> tuple[str, ...]:
    """Return every file name ending that *languages* read."""
    return tuple(sorted({extension for language in languages for extension in language.extensions}))


def captures_of(query: tree_sitter.Query) -> frozenset[str]:
    """Return the names of the captures of *query*, those of disabled patterns too."""
    return frozenset(query.capture_name(index) for index in range(query.capture_count))


@cache
def one_language(*values: Any) -> Language:
    """Return the language with these fields: one object a process, for compiling a query takes milliseconds."""
    return Language(*values)


@cache
def builtin_languages() -> tuple[Language, ...]:
    """Return every language that ships with idiolect, in order of name, after those that installed plug-ins bring."""
    from .own_languages import read_builtin

    return (*plugged_languages(), *(read_builtin(file) for file in sorted(GRAMMARS.glob("*.toml"))))


def plugged_languages() -> list[Language]:
    """Return the languages of installed plug-ins: each is the path of a table such as `--language` takes."""
    return [language for _, languages in load_plugins("languages", read_plugged) for language in languages]


def read_plugged(file: str | Path) -> tuple[Language, ...]:
    """
    Return the languages of one plug-in.

    Raises `SettingsError` or `InputError` for a table that cannot be used, `TypeError` for what is no path.
    """
    from .own_languages import read_own_languages

    return read_own_languages(Path(file))


_own: list[Language] = []


def use_languages(languages: Sequence[Language]) -> None:
    """Make a user's own *languages* known to this process, in place of those made known before."""
    _own[:] = languages


def known_languages() -> tuple[Language, ...]:
    """Return the user's own languages, then the built-in ones: an ending that both claim is the user's."""
    return (*_own, *builtin_languages())


def language_of(path: str, languages: Sequence[Language] | None = None, data: bytes = b"") -> Language | None:
    """Return the language whose extension ends *path*, or that claims or runs a file with this *data*; or None."""
    name = PurePosixPath(path).name
    known = known_languages() if languages is None else languages
    found = next((language for language in known if is_ended(name, language.extensions)), None)
    if found is None and is_bare(path) and (interpreter := interpreter_of(data)):
        return next((language for language in known if interpreter in language.interpreters), None)
    # an ending that a user gave to a language is nobody else's
    if found is not None and found.sha256:
        return found
    return next((language for language in known if is_claimed(name, language.claims, data)), found)


def is_bare(path: str) -> bool:
    """Claim that the name of the file at *path* has no ending, as those of commands."""
    return "." not in PurePosixPath(path).name


def interpreter_of(data: bytes) -> str:
    """Return what runs a script with this *data*, without its version, or nothing."""
    named = INTERPRETER.match(data)
    return named[1].decode() if named is not None else ""


def is_ended(name: str, extensions: Sequence[str]) -> bool:
    """Claim that one of *extensions* ends *name*, or is all of it."""
    endings, names = endings_apart(tuple(extensions))
    return name.endswith(endings) or name in names


@cache
def endings_apart(extensions: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return those of *extensions* that end a name, and those that are whole names."""
    endings = tuple(each for each in extensions if each.startswith("."))
    return endings, frozenset(extensions).difference(endings)


def is_claimed(name: str, claims: Sequence[tuple[str, str]], data: bytes) -> bool:
    """Claim that one of *claims* holds for a file called *name* that says *data*."""
    return any(name.endswith(end) and re.search(sign.encode(), data, re.MULTILINE) for end, sign in claims)


def traits_of(name: str) -> frozenset[str]:
    """Return the traits of the language called *name*; none where none is, as in a profile from elsewhere."""
    return next((language.traits for language in known_languages() if language.name == name), NO_TRAITS)


def language_named(name: str) -> Language:
    """
    Return the language called *name*.

    Raises `InputError` when none is.
    """
    for language in known_languages():
        if language.name == name:
            return language
    known = ", ".join(language.name for language in known_languages())
    raise InputError(f"No language {name!r}. Known: {known}. Describe one of your own: --language FILE.")
