"""
Tables of languages. In: a TOML file with `[language.NAME]` tables. Out: `Language`s, or every fault at once.

A user's file is named on the command line, never found in a mined tree: its grammar is code that runs here. Paths in it
are relative to the file. After this, nothing about a user's language can fail: grammar and query have been loaded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import tree_sitter

from .artefacts import parse_toml, sha256_file
from .errors import IdiolectError, InputError, SettingsError
from .languages import PACKAGE, Language
from .native import compile_grammar, hash_sources, package_version
from .traits import TRAITS

CAPTURES = frozenset({"unit", "unit.name", "unit.doc", "unit.params", "unit.body", "call", "comment", "string"})
NEEDED = ("unit", "unit.name")
KEYS = frozenset(
    {"extensions", "symbol", "grammar", "query", "check", "claims", "comment", "interpreters", "sought", "traits"}
)
CAPTURE = re.compile(r"@([\w.-]+)")
NO_CAPTURE = re.compile(r'"(?:\\.|[^"\\])*"|;[^\n]*')
"""Strings and comments of a query."""
PLACE = re.compile(r" at row (\d+), column (\d+)")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LARGEST_FILE = 1_000_000
GENERATE = "`tree-sitter generate` makes it, of npm install -g tree-sitter-cli or cargo install tree-sitter-cli"
LIBRARIES = (".so", ".dylib", ".dll")


def read_own_languages(file: Path) -> tuple[Language, ...]:
    """
    Return the languages that *file* describes, their grammars and queries loaded.

    Raises `SettingsError` with every fault of the file, `InputError` when there is no such file.
    """
    tables, faults = load_tables(file)
    read = [read_own(file, name, tables[name], faults) for name in sorted(tables)]
    languages = tuple(language for language in read if language is not None)
    faults.extend(clashes(tables))
    if faults:
        raise SettingsError(str(file), faults)
    return languages


def read_builtin(file: Path) -> Language:
    """
    Return the language of *file*, which ships with idiolect; its grammar is loaded when it is first needed.

    Raises `SettingsError` with every fault of the table.
    """
    tables, faults = load_tables(file)
    ((name, table),) = tables.items()
    faults += [f"language.{name}: {fault}" for fault in check_form(name, table)]
    if faults:
        raise SettingsError(str(file), faults)
    return make_language(name, table, table["grammar"], table["query"])


def make_language(name: str, table: Mapping[str, Any], origin: str, query_text: str) -> Language:
    """Return the language of a table whose form is right."""
    return Language(
        name=name,
        extensions=tuple(table["extensions"]),
        origin=origin,
        query_text=query_text,
        symbol=table.get("symbol", "").removeprefix("tree_sitter_"),
        comment=table.get("comment", "#"),
        check=tuple(table.get("check", ())),
        claims=tuple(table.get("claims", {}).items()),
        interpreters=tuple(table.get("interpreters", ())),
        traits=frozenset(table.get("traits", ())),
        sought=tuple(table.get("sought", ())),
    )


def load_tables(file: Path) -> tuple[Mapping[str, Any], list[str]]:
    """Return the `[language.NAME]` tables of *file*, and what is wrong beside them; raises where there are none."""
    if not file.is_file():
        raise InputError(f"--language {str(file)!r} is no file. Name a TOML file with a [language.NAME] table.")
    if file.stat().st_size > LARGEST_FILE:
        raise SettingsError(str(file), ["larger than 1 MB"])
    try:
        whole: dict[str, Any] = parse_toml(file.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise SettingsError(str(file), [f"not TOML: {error}"]) from None
    tables = whole.get("language")
    faults = [f"unknown table [{key}]" for key in whole if key != "language"]
    if not isinstance(tables, dict) or not tables:
        raise SettingsError(str(file), [*faults, "there is no [language.NAME] table"])
    if any(not isinstance(value, dict) for key, value in tables.items() if key in {*KEYS, "name"}):  # type: ignore[reportUnknownVariableType, reportUnknownMemberType]
        raise SettingsError(str(file), [*faults, "write [language.NAME], not [language]: a table tells of which it is"])
    return cast("dict[str, Any]", tables), faults


def read_own(file: Path, name: str, table: Any, faults: list[str]) -> Language | None:
    """Return the language of one table, or None after adding all that is wrong with it to *faults*."""
    if not isinstance(table, dict):
        faults.append(f"language.{name} must be a table, got {table!r}")
        return None
    table = cast("dict[str, Any]", table)
    wrong = check_form(name, table)
    query_text = read_query(file.parent, table, wrong)
    origin, mark = find_grammar(file.parent, table, wrong)
    if query_text:
        wrong += check_query(table, query_text, load_grammar(name, table, origin, wrong) if origin else None)
    faults.extend(f"language.{name}: {fault}" for fault in wrong)
    if wrong:
        return None
    language = make_language(name, table, origin, query_text)
    return replace(language, folder=str(file.parent.absolute()), sha256=hash_language(language, mark))


def check_form(name: str, table: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the keys and types of a table."""
    wrong = [f"unknown key {key!r}, known: {', '.join(sorted(KEYS))}" for key in table if key not in KEYS]
    if not NAME.fullmatch(name):
        wrong.append("a name is letters, digits, - and _")
    wrong += [f"{key} is missing" for key in ("extensions", "grammar", "query") if key not in table]
    wrong += [
        f"{key} must be a string, got {table[key]!r}"
        for key in ("symbol", "grammar", "query", "comment")
        if key in table and not (isinstance(table[key], str) and table[key])
    ]
    for key in ("extensions", "check", "interpreters", "sought", "traits"):
        if key in table and not is_words(table[key]):
            wrong.append(f"{key} must be a list of strings, got {table[key]!r}")
    wrong += check_claims(table.get("claims", {}))
    if is_words(table.get("traits")):
        strange = [word for word in table["traits"] if word not in TRAITS]
        wrong += [f"traits: no trait is called {word!r}, known: {', '.join(TRAITS)}" for word in strange]
    if is_words(table.get("sought")):
        wrong += [f"sought: {pattern!r} is no pattern" for pattern in table["sought"] if not is_pattern(pattern)]
    if is_words(table.get("extensions")):
        wrong += [f"extensions: {fault}" for word in table["extensions"] if (fault := fault_of_ending(word))]
    if is_words(table.get("check")) and not any("{file}" in word for word in table["check"]):
        wrong.append("check must hold {file}, which stands for the file to check")
    return wrong


def fault_of_ending(word: str) -> str:
    """Return what is wrong with an ending of files, or nothing."""
    # a pattern or a path is the end of no name
    plain = word.strip().rpartition("/")[2].lstrip("*")
    if plain != word or "*" in plain or plain.endswith("."):
        return f"{word!r} is no end of a file's name, such as {plain if plain.strip('.*') else '.kiln'!r}"
    return f"{word!r} needs its dot: {'.' + word!r}" if "." not in word and not word[:1].isupper() else ""


def check_claims(claims: Any) -> list[str]:
    """Return what is wrong with the patterns by which a language claims files of other languages' endings."""
    if not isinstance(claims, dict):
        return [f"claims must be a table of endings and patterns, got {claims!r}"]
    return [
        f"claims: {pattern!r} of {ending!r} is no pattern"
        for ending, pattern in cast("dict[str, object]", claims).items()
        if not is_pattern(pattern)
    ]


def is_pattern(value: object) -> bool:
    """Claim that *value* is a regular expression."""
    try:
        re.compile(value if isinstance(value, str) else "[")
    except re.error:
        return False
    return True


def is_words(value: Any) -> bool:
    """Claim that *value* is a list of strings with something in it."""
    words = cast("list[object]", value) if isinstance(value, list) else []
    return bool(words) and all(isinstance(word, str) and word for word in words)  # pyright: ignore[reportUnknownVariableType]


def read_query(folder: Path, table: Mapping[str, Any], wrong: list[str]) -> str:
    """Return the text of a table's query, which stands in a file, or in the table itself."""
    given = table.get("query")
    if not isinstance(given, str) or not given:
        return ""
    if "(" in given:
        return given
    try:
        return (folder / given).read_text("utf-8")
    except (OSError, ValueError) as error:
        wrong.append(f"query {given!r} cannot be read: {reason_of(error)}")
        return ""


def find_grammar(folder: Path, table: Mapping[str, Any], wrong: list[str]) -> tuple[str, str]:
    """Return where a table's grammar is, compiled if need be, and what tells its contents from another's."""
    given = table.get("grammar")
    if not isinstance(given, str) or not given:
        return "", ""
    if given.startswith(PACKAGE):
        # as pip may call it
        module = given.removeprefix(PACKAGE).replace("-", "_")
        return f"{PACKAGE}{module}", f"{module} {package_version(module)}"
    path = (folder / given).absolute()
    try:
        if (path / "src" / "parser.c").is_file():
            return str(compile_grammar(path)), hash_sources(path)
        if path.is_file() and path.suffix in LIBRARIES:
            return str(path), sha256_file(path)
    except IdiolectError as error:
        wrong.append(str(error))
        return "", ""
    what = f"has no src/parser.c ({GENERATE})" if path.is_dir() else (
        "is no shared library" if path.exists() else "does not exist"
    )  # fmt: skip
    wrong.append(f"grammar {given!r} {what}. Name a folder with src/parser.c, a compiled .so, or pip:tree_sitter_NAME.")
    return "", ""


def load_grammar(name: str, table: Mapping[str, Any], origin: str, wrong: list[str]) -> tree_sitter.Language | None:
    """Return the grammar at *origin*; None after adding to *wrong*, in the words of the *table*, why it is none."""
    symbol = table.get("symbol", "")
    if not isinstance(symbol, str) or not NAME.fullmatch(name):
        return None  # which is told already
    try:
        return make_language(name, {"extensions": (), "symbol": symbol}, origin, "").grammar
    except IdiolectError as error:
        wrong.append(str(error).replace(repr(origin), repr(table["grammar"])))
        return None


def check_query(table: Mapping[str, Any], text: str, grammar: tree_sitter.Language | None) -> list[str]:
    """Return what is wrong with the query *text* of a *table*; without a *grammar*, what its captures alone tell."""
    wrong = [f"query: {fault}" for fault in query_faults(table["query"], text, grammar)] if grammar is not None else []
    captures = frozenset(CAPTURE.findall(NO_CAPTURE.sub("", text)))
    wrong += [f"query: no capture @{name}" for name in NEEDED if name not in captures]
    known = ", ".join(f"@{name}" for name in sorted(CAPTURES))
    strange = sorted(name for name in captures - CAPTURES if not name.startswith("_"))
    return wrong + [f"query: unknown capture @{name}, known: {known}" for name in strange]


def query_faults(given: str, text: str, grammar: tree_sitter.Language) -> list[str]:
    """Return what *grammar* does not take of the query *text*: of each pattern the first mistake."""
    faults: list[str] = []
    while True:
        try:
            tree_sitter.Query(grammar, text)
        except tree_sitter.QueryError as error:
            faults.append(explain_query(error, given))
            rest = without_pattern(text, error)
            if rest is None:
                return faults
            text = rest
        else:
            return faults


def without_pattern(text: str, error: tree_sitter.QueryError) -> str | None:
    """Return the query *text* with the pattern of an *error* blanked out; None where its end cannot be told."""
    place = PLACE.search(str(error))
    # where brackets do not match, what comes behind the mistake cannot be read
    if place is None or "syntax" in str(error).lower():
        return None
    lines = text.split("\n")
    offset = sum(len(line) + 1 for line in lines[: int(place[1])]) + int(place[2])
    # letters stand for what brackets in strings and comments would count for
    plain = NO_CAPTURE.sub(lambda match: "x" * len(match[0]), text)
    depth, starts = 0, [0]
    for start, letter in enumerate(plain):
        # what a pattern is asked may stand behind it, too
        if letter in "([" and depth == 0 and not plain.startswith("#", start + 1):
            starts.append(start)
        depth += (letter in "([") - (letter in ")]")
    # up to the next, for what is captured stands behind the brackets
    for start, end in pairwise([*starts, len(text)]):
        if start <= offset < end:
            return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return None


def explain_query(error: tree_sitter.QueryError, given: str) -> str:
    """Return what is wrong with a query, and where, counted from 1 as editors do."""
    place = PLACE.search(str(error))
    if place is None:
        return f"{error}: a bracket or a quote is not closed" if "EOF" in str(error) else str(error)
    file = "" if "(" in given else f"{given}:"
    where = f"{file}{int(place[1]) + 1}:{int(place[2]) + 1}"
    return f"{where}: {PLACE.sub('', str(error))}"


def hash_language(language: Language, mark: str) -> str:
    """Return the hash of all that decides what is read and asked of a language: its grammar and its table."""
    symbol = language.symbol or language.name
    others = (language.claims, language.interpreters, sorted(language.traits), language.sought)
    claims = [repr(each) for each in others if each]
    parts = (mark, symbol, language.query_text, language.comment, *language.extensions, *claims)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def reason_of(error: Exception) -> str:
    """Return why, in the operating system's words where it has some."""
    return getattr(error, "strerror", None) or str(error)


def clashes(tables: Mapping[str, Any]) -> list[str]:
    """Return the endings that two of *tables* claim."""
    seen: dict[str, str] = {}
    claims = [
        (extension, name)
        for name, table in sorted(tables.items())
        if isinstance(table, dict) and is_words(cast("dict[str, Any]", table).get("extensions"))
        for extension in cast("dict[str, Any]", table)["extensions"]
    ]
    return [
        f"{end} is claimed by {seen[end]} and by {name}" for end, name in claims if seen.setdefault(end, name) != name
    ]
