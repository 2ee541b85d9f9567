"""
What keys are given. In: the entries of all files, in any language. Out: rules mined from them. Rows Q12 and Q13.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..languages import traits_of
from ..traits import PROGRAM, TYPED_TEXTS
from .anyfacts import EntryFact
from .convention import Edit, Examples, HouseChoice, NeutralHouseConvention, Place
from .facts import FileFacts
from .naming import words_of
from .pins import VERSION_KEYS, is_pinned, is_version
from .shapes import LEAST, LEAST_FILES, OTHER_ROLES, SHARE, Shape, collect_shapes, is_free, widest_only

ROWS = 3
"""Entries of a key in one file from which on they may be the rows of a table."""
MOST_VALUES, MOST_NUMBERS = 12, 3
"""Values that a closed set has; numbers are chosen from a few only, else they are measures."""
NUMBER = re.compile(r"[-+]?\d[\d_]*(?:\.\d+)?")
COVERED = 0.98
MORE = re.compile(r"\w\s+\w|^\S*/\S*$")
"""What a value holds that is written for people, is a list, or says where something is: there are always more."""
OPEN_KEYS = frozenset({"className", "class", "description", "id", "name", "style", "summary", "title"})
"""Keys whose values tell one thing from all others, or from none: nothing closes the set of them."""
BOOLEAN = frozenset({"true", "false", "True", "False", "yes", "no", "on", "off"})
TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
"""Values that are closed by the language, and by JSON Schema: a house has used some of them so far."""


class ClosedValues(NeutralHouseConvention):
    """
    Of which few values the literal one of a key is.

    A value seen once does not count as known: the share of known ones is then the Good–Turing estimate (Good 1953) of
    how often the next value is one of them. Versions are no such set, however few there are today: they move on; nor
    are phrases and names, nor what tells the rows of a table apart, such as the months of a chart.
    """

    id = "Q12"
    name = "closed-values"
    question = "Which values does {key} take?"
    fault = "{key} has a value here that it has nowhere else: elsewhere {wanted}"
    is_of_shapes = True
    roles = OTHER_ROLES
    cap = "advise"
    never = frozenset({"another value"})
    spared = frozenset({TYPED_TEXTS})
    version = 10
    examples = Examples(
        value="`hdd`, `ssd`",
        key="`kind` in `resource disk`",
        path="main.tf",
        rule={"language": "hcl", "shape": "resource disk", "child": "kind", "values": ["hdd", "ssd"]},
        conforms=('resource "disk" "a" {\n  kind = "ssd"\n}\n', 'resource "disk" "a" {\n  kind = "hdd"\n}\n'),
        departs=('resource "disk" "a" {\n  kind = "sdd"\n}\n',),
        nearly=(
            'resource "disk" "a" {\n  kind = var.kind\n}\n',
            'resource "disk" "a" {\n  kind = "${var.kind}-fast"\n}\n',
            'resource "net" "a" {\n  kind = "sdd"\n}\n',
        ),
    )
    also = (
        Examples(
            value="`2`, `10`",
            key="`limit` in `retry`",
            path="test/a.js",
            rule={"language": "javascript", "shape": "retry", "child": "limit", "values": ["2", "10"]},
            nearly=("f({retry: {limit: 7}});\n",),
        ),
    )

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """Yield the keys with few literal values, several of each."""
        yield from widest_only(
            (shape, child, {"key": f"`{child}` in `{shape.name}`", "child": child, "values": known})
            for shape, child, entries in keys_of(files)
            if child not in OPEN_KEYS and not is_of_versions(child) and (known := known_values(entries))
        )

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each literal value of the key is a known one."""
        known = ", ".join(f"`{value}`" for value in rule["values"])
        for entry in entries_of(facts, rule):
            if entry.kind == "literal":
                value = known if entry.value in rule["values"] else "another value"
                yield HouseChoice(value, entry.line, entry.start, entry.end, entry.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return a letter put into the value."""
        byte = value_start(place, b" \t:=>\"'")
        return (Edit(byte, byte, "x"),) if byte is not None else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Give {key} {'one of ' if '`, `' in value else ''}{value}."


class LiteralOrReference(NeutralHouseConvention):
    """Whether a key is given a reference, or what it refers to."""

    id = "Q13"
    name = "literal-or-reference"
    question = "What is {key} given?"
    instruction = "Give {key} {value}."
    fault = "{key} is given {found} here, {wanted} in this codebase"
    is_of_shapes = True
    roles = OTHER_ROLES
    never = frozenset({"a literal"})
    version = 5
    examples = Examples(
        value="a reference",
        key="`zone` in `resource disk`",
        path="main.tf",
        rule={"language": "hcl", "shape": "resource disk", "child": "zone"},
        conforms=(
            'resource "disk" "a" {\n  zone = var.zone\n}\n',
            'resource "disk" "a" {\n  zone = "${var.zone}-a"\n}\n',
        ),
        departs=('resource "disk" "a" {\n  zone = "north"\n}\n',),
        nearly=(
            'resource "disk" "a" {\n  zones = "north"\n}\n',
            'resource "net" "a" {\n  zone = "north"\n}\n',
            'resource "disk" "a" {\n  zone = ["north"]\n}\n',
        ),
    )

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """
        Yield the keys that are nearly always given one of the two.

        That no literal was given so far where a program could compute one says nothing of the house.
        """
        must_depart = any(PROGRAM in traits_of(facts.language) for facts in files)
        yield from widest_only(
            (shape, child, {"key": f"`{child}` in `{shape.name}`", "child": child})
            for shape, child, entries in keys_of(files)
            if is_settled(entries) and not (must_depart and is_unanimous(entries))
        )

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield what each place gives the key."""
        for entry in entries_of(facts, rule):
            if entry.kind != "other":
                yield HouseChoice(f"a {entry.kind}", entry.line, entry.start, entry.end, entry.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return a text in the reference's place, where it ends its line."""
        byte = value_start(place, b" \t:=>")
        end = place.source.utf8.find(b"\n", byte) if byte is not None else -1
        if byte is None or end < 0 or value != "a reference" or place.source.utf8[byte:end].strip().endswith(OPEN):
            return ()
        return (Edit(byte, end, '"planted"'),)

    def is_habit(self, rule: Mapping[str, Any]) -> bool:
        """Claim that the house could give the key another kind of value."""
        return is_free(rule)


OPEN = (b"{", b"[", b"(", b",", b"}", b")", b"]")
"""What ends a line whose value goes on, or holds more than itself."""


def keys_of(files: Sequence[FileFacts]) -> Iterator[tuple[Shape, str, list[tuple[str, EntryFact]]]]:
    """Yield (shape, key, its entries with their paths) where they are enough for a rule, the widest shapes first."""
    for shape in collect_shapes(files):
        for key in sorted(shape.frequent_keys()):
            entries = shape.entries(key)
            if len({path for path, _ in entries}) >= LEAST_FILES:
                yield shape, key, entries


def known_values(entries: Sequence[tuple[str, EntryFact]]) -> list[str]:
    """Return the few literal values of a key that were seen more than once and cover nearly all; else none."""
    if tell_rows_apart(entries):
        return []
    counts = Counter(entry.value for _, entry in entries if entry.kind == "literal")
    known = sorted((value for value, count in counts.items() if count > 1), key=natural_order)
    covered = sum(counts[value] for value in known)
    most = MOST_NUMBERS if any(map(NUMBER.fullmatch, known)) else MOST_VALUES
    is_free = BOOLEAN.issuperset(known) or TYPES.issuperset(known)
    is_free |= any(is_pinned(value) or is_version(value) for value in known)
    is_free |= any(map(MORE.search, known))
    is_rule = not is_free and len(known) <= most and covered >= max(LEAST, COVERED * counts.total())
    return known if is_rule else []


def tell_rows_apart(entries: Iterable[tuple[str, EntryFact]]) -> bool:
    """Claim that in nearly every file with several of them no value stands twice: they are names, and no choices."""
    by_path: defaultdict[str, list[str]] = defaultdict(list)
    for path, entry in entries:
        if entry.kind == "literal":
            by_path[path].append(entry.value)
    tables = [values for values in by_path.values() if len(values) >= ROWS]
    apart = sum(len(set(values)) == len(values) for values in tables)
    return len(tables) >= LEAST_FILES and apart >= SHARE * len(tables)


def is_of_versions(key: str) -> bool:
    """Claim that the values of *key* are versions."""
    return key in VERSION_KEYS or "version" in words_of(key)


def natural_order(value: str) -> tuple[float, str]:
    """Return what sorts numbers by their size, before words."""
    return (float(value.replace("_", "")) if NUMBER.fullmatch(value) else math.inf, value)


def is_settled(entries: Iterable[tuple[str, EntryFact]]) -> bool:
    """Claim that a key is nearly always given one of the two."""
    counts = Counter(entry.kind for _, entry in entries if entry.kind != "other")
    return counts.total() >= LEAST and max(counts.values()) >= SHARE * counts.total()


def is_unanimous(entries: Iterable[tuple[str, EntryFact]]) -> bool:
    """Claim that a key is always given one of the two."""
    return len({entry.kind for _, entry in entries} - {"other"}) == 1


def entries_of(facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[EntryFact]:
    """Yield the entries of one file that a rule speaks of."""
    for block in facts.by_shape.get(rule["shape"], ()):
        for entry in block.entries:
            if entry.key == rule["child"]:
                yield entry


def value_start(place: Place, skipped: bytes) -> int | None:
    """Return where the value after a key starts, past the *skipped* signs."""
    rest = place.source.rest_of_line(place.end)
    value = rest.lstrip(skipped)
    return place.end + len(rest) - len(value) if value else None
