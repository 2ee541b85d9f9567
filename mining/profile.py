"""
What a repository keeps to, as a value. In: `profile.json`, or what `learn` found. Out: the entry that rules a place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any

from .conventions.convention import conventions_by_id, rule_id
from .owners import Owners, formatters_of
from .patterns import matcher_of
from .tiers import TIERS

SCHEMA = "idiolect.profile/1"
EXEMPLARS, SHOWN_EXEMPLARS = 6, 3
"""How many conforming lines an entry keeps, and how many of them, the nearest, a finding shows."""
LEAST_RECENT, RECENT_SHARE = 5.0, 0.9
"""With so many opportunities on recent lines, fewer than this share of which agree, a rule is migrating."""
SLIGHT = 0.01
"""A difference between shares that needs no explanation."""

ROLE_NAMES = {"src": "the sources", "tests": "tests", "scripts": "scripts", "docs": "documentation and examples"}
"""How a sentence speaks of the files of one role, which no folder needs to be named after."""
UMBRELLAS = frozenset({"apps", "crates", "libs", "modules", "packages", "plugins", "projects", "services", "src"})
"""What a folder is called that holds the projects of a repository side by side, each with habits of its own."""
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "str": str, "int": int, "float": (float, int), "bool": bool, "Mapping[str, Any]": Mapping,
}  # fmt: skip
"""What a value of a profile is, by how its field is declared."""
FORM: Mapping[str, type] = {
    "files": int, "opportunities": int, "versions": dict, "packages": list, "owners": dict, "entries": list,
}  # fmt: skip
"""What the parts of `profile.json` are."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """
    One line of the repository.
    """

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One rule that the repository keeps, in one scope.
    """

    convention: str
    key: str
    scope: str
    """`repository`, `role:tests`, `dir:core`, or `dir:packages/core`."""
    value: str
    """The choice that is held to."""
    k: float
    """Weighted opportunities that make the choice."""
    n: float
    """Weighted opportunities."""
    conforming: int
    """Opportunities that make the choice, each counted: what people are told, where `k` and `n` decide."""
    opportunities: int
    """Opportunities, each counted."""
    files: int
    """Files that have opportunities; copies of one count once."""
    bound: float
    """One-sided 90 % Wilson lower bound of k / n."""
    strength: str
    """The tier that the bound earns; what scores count."""
    tier: str
    """The tier that findings have; empty where the rule is learned but never enforced."""
    exemplars: tuple[Exemplar, ...]
    counterexamples: tuple[Exemplar, ...]
    rule: Mapping[str, Any]
    """For a mined convention, what `ask` is asked."""
    reason: str
    """What the team's settings say of it."""
    recent_k: float = 0.0
    """Weighted opportunities on recent lines that make the choice."""
    recent_n: float = 0.0
    """Weighted opportunities on recent lines; 0 where no history is known."""
    moving_to: str = ""
    """The choice that recent lines make, where it is another one: the repository is moving."""
    owner: str = ""
    """The configured formatter that the matter is left to."""
    by_prior: bool = False
    """Whether the strength rests on what other codebases do too, because this one is small."""
    is_of_project: bool = False
    """Whether no project that stands beside others is held to it, because each decides for itself."""
    spared: tuple[str, ...] = ()
    """Patterns of the paths where the team wants nobody to be asked."""

    @property
    def is_migrating(self) -> bool:
        """Whether recent lines keep the rule too seldom to hold others to it."""
        return self.recent_n >= LEAST_RECENT and self.recent_k < RECENT_SHARE * self.recent_n

    @property
    def is_weighted(self) -> bool:
        """Whether its bound is beyond the share of places that keep it: copies and long files count for less."""
        return self.conforming < (self.bound - SLIGHT) * self.opportunities

    @property
    def topic(self) -> str:
        """What the rule is about, without the language that it is about."""
        return conventions_by_id()[self.convention].topic(self.key)

    @property
    def advice(self) -> str:
        """The rule as an instruction."""
        return self.of_language(conventions_by_id()[self.convention].advice(self.value, self.topic))

    @property
    def language(self) -> str:
        """The language that a rule which every language has is about; nothing for other rules."""
        return self.key.partition(": ")[0] if conventions_by_id()[self.convention].is_neutral else ""

    def of_language(self, advice: str) -> str:
        """Return *advice* with the language that it is about."""
        return f"{advice.rstrip('.')} ({self.language})." if self.language else advice

    @property
    def where(self) -> str:
        """Where the rule holds, in words; nothing where it holds everywhere."""
        scope, _, name = self.scope.partition(":")
        return f"`{name}/`" if scope == "dir" else ROLE_NAMES.get(name, "")

    @property
    def id(self) -> str:
        """The rule's id in findings."""
        return rule_id(self.convention, self.key)


# no slots: the table of entries is made once, beside the fields
@dataclass(frozen=True)
class Profile:
    """
    The conventions that a repository holds.
    """

    entries: tuple[Entry, ...]
    files: int
    opportunities: int
    versions: Mapping[str, int]
    """The version of every detector that was asked."""
    packages: Set[str] = frozenset()
    """The folders of the outermost packages of Python: what a module of the house is called follows from them."""
    owners: Owners = field(default_factory=dict[str, tuple[str, ...]])
    """The formatters that are set up, and for which folders."""
    unanswered: tuple[str, ...] = ()
    """The rules that settings leave out by their keys, and that no place would be held to: a slip, or what is gone."""

    @cached_property
    def table(self) -> Mapping[tuple[str, str, str], Entry]:
        """The entries under convention, key and scope."""
        return {(entry.convention, entry.key, entry.scope): entry for entry in self.entries}

    def lookup(self, convention: str, key: str, path: str, role: str) -> Entry | None:
        """
        Return the entry of the narrowest scope that speaks to a place in the file at *path*, if it holds a rule.

        It has no tier where a formatter that owns the matter is set up for that file, unless the settings ask for it.
        """
        scopes = scopes_of(path, role)
        for scope in scopes:
            entry = self.table.get((convention, key, scope))
            if entry is not None:
                entry = self.left_to_formatter(entry, path) if entry.tier and not entry.reason else entry
                is_others = entry.is_of_project and not is_project(scope) and is_project(scopes[0])
                is_asked = not is_others and not matcher_of(entry.spared)(path)
                return entry if (entry.strength or entry.tier) and is_asked else None
        return None

    def left_to_formatter(self, entry: Entry, path: str) -> Entry:
        """Return *entry*, without its tier where a formatter that owns the matter formats the file at *path*."""
        names = formatters_of(conventions_by_id()[entry.convention], entry.key, self.owners)
        owner = next((name for name in names if path.startswith(self.owners[name])), "")
        return replace(entry, tier="", owner=owner) if owner else entry

    def as_json(self) -> dict[str, Any]:
        """Return the profile as `profile.json` holds it."""
        return {
            "schema": SCHEMA,
            "files": self.files,
            "opportunities": self.opportunities,
            "versions": dict(self.versions),
            "packages": sorted(self.packages),
            "owners": {name: list(folders) for name, folders in sorted(self.owners.items())},
            **({"unanswered": list(self.unanswered)} if self.unanswered else {}),
            "entries": [asdict(entry) for entry in self.entries],
        }

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> Profile:
        """
        Return the profile that *table* writes. Raises `KeyError`, `TypeError` or `ValueError` where it is none.

        One that says it is something else, or of another version, is none here.
        """
        check_form(table)
        entries = tuple(read_entry(row) for row in table["entries"])
        # profiles written before they were noted
        packages = frozenset(table.get("packages", ()))
        owners = {name: tuple(folders) for name, folders in dict(table.get("owners", {})).items()}
        counts = (table["files"], table["opportunities"], dict(table["versions"]))
        return cls(entries, *counts, packages, owners, tuple(table.get("unanswered", ())))


def check_form(table: Mapping[str, Any]) -> None:
    """Raise `TypeError` or `ValueError` where *table* is no profile, or one of another version."""
    if not isinstance(table, Mapping):  # pyright: ignore - what was read may be anything
        raise TypeError(f"it is of type {type(table).__name__}, not an object")
    # one that a program put together may name none
    if (schema := table.get("schema", SCHEMA)) != SCHEMA:
        raise ValueError(f"it is written as {schema!r}, and this version reads {SCHEMA!r}")
    for name, kind in FORM.items():
        if not isinstance(table.get(name, kind()), kind):
            raise TypeError(f"{name!r} is of type {type(table[name]).__name__}")


def state_fact(convention: str, key: str, value: str) -> Entry:
    """Return the entry of a finding that is a fact, not a habit: it gates, and rests on no places."""
    return Entry(
        convention=convention, key=key, scope="repository", value=value, k=0, n=0, conforming=0, opportunities=0,
        files=0, bound=1.0, strength="gate", tier="gate", exemplars=(), counterexamples=(), rule={}, reason="",
    )  # fmt: skip


def read_entry(row: Mapping[str, Any]) -> Entry:
    """Return the entry that *row* writes. Raises `KeyError`, `TypeError` or `ValueError` where it is none."""
    check_kinds(Entry, row)
    if not (0 <= row["k"] <= row["n"] and 0 < row["n"] < math.inf):
        raise ValueError(f"a rule is kept {row['k']} times of {row['n']}")
    if row["tier"] not in ("", *TIERS):
        raise ValueError(f"no tier is called {row['tier']!r}")
    # profiles written before opportunities were counted beside their weights
    values = {"conforming": round(row["k"]), "opportunities": round(row["n"]), **row}
    for name in ("exemplars", "counterexamples"):
        for line in row[name]:
            check_kinds(Exemplar, line)
        values[name] = tuple(Exemplar(**line) for line in row[name])
    values["spared"] = tuple(row.get("spared", ()))
    return Entry(**values)


def check_kinds(kind: type[Entry] | type[Exemplar], row: Mapping[str, Any]) -> None:
    """Raise `TypeError` where *row* holds under the name of a field of *kind* what such a field never holds."""
    for one in fields(kind):
        if one.name in row and not isinstance(row[one.name], KINDS.get(str(one.type), object)):
            raise TypeError(f"{one.name!r} is of type {type(row[one.name]).__name__}")


@lru_cache(maxsize=1 << 14)  # asked for every file by every question
def scopes_of(path: str, role: str) -> tuple[str, ...]:
    """Return the scopes that a file is in, the narrowest first: its outermost folder, or project, its role, and all."""
    folders = path.split("/")[:-1]
    part = "/".join(folders[: 2 if folders[:1] and folders[0] in UMBRELLAS else 1])
    return (*((f"dir:{part}",) if part else ()), f"role:{role}", "repository")


def is_project(scope: str) -> bool:
    """Claim that *scope* is a project that stands beside others, under a folder which is called so."""
    folder, _, name = scope.removeprefix("dir:").partition("/")
    return bool(name) and folder in UMBRELLAS - {"src"}
