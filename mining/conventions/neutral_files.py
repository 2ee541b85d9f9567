"""
What a file holds, and how much. In: the outermost units of all files, in any language. Out: rules mined from them.

Rows Q16 to Q18.
"""

from __future__ import annotations

import math
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..traits import GIVEN_NAMES, PROSE
from .convention import Examples, HouseChoice, NeutralHouseConvention, noun_of
from .facts import FileFacts

LEAST_UNITS = 20
SHARE = 0.9
TIGHT = 1.5
"""
A limit below so many times the median is one that people know of, as one class in a file. Of sizes that nobody watches,
which grow by chance (the exponential distribution), the 99th percentile is 6.6 times the median.
"""
COMMON_NAME = 0.5
"""A file name that holds more than this share of all units of a language has no special role."""
HOLDERS = frozenset({"interface", "module", "namespace", "protocol"})
"""Kinds of units that hold others, or say what others are to hold: they have no code of their own."""
QUANTILE = 0.99
NESTED = "nested blocks in "
LOOSEST = (
    ("lines in a function", 100),
    ("lines in ", 1_000),
    (NESTED, 6),
    ("definitions in a file", 100),
)
"""The largest limit of each topic that is one: what is larger still, a reader notices without being told."""


class FileRole(NeutralHouseConvention):
    """In files of which name the outermost units of one kind stand."""

    id = "Q16"
    name = "file-role"
    question = "In which file does a {key} stand?"
    instruction = "Put every {key} {value}."
    fault = "a {key} stands {wanted} in this codebase"
    cap = "advise"
    never = frozenset({"elsewhere"})
    is_local = False
    version = 2
    examples = Examples(
        value="in variables.tf",
        key="variable",
        path="net/variables.tf",
        rule={"language": "hcl", "kind": "variable", "file": "variables.tf"},
        conforms=('variable "zone" {\n  type = string\n}\n',),
        nearly=('output "zone" {\n  value = 1\n}\n',),
    )
    also = (
        Examples(
            value="in variables.tf",
            key="variable",
            path="net/main.tf",
            rule={"language": "hcl", "kind": "variable", "file": "variables.tf"},
            departs=('variable "zone" {\n  type = string\n}\n',),
            nearly=('output "zone" {\n  value = 1\n}\n', '# variable "zone" {}\n'),
        ),
        Examples(
            value="in variables.tf",
            key="variable",
            path="image/variables.pkr.hcl",
            rule={"language": "hcl", "kind": "variable", "file": "variables.tf"},
            conforms=('variable "zone" {\n  type = string\n}\n',),
        ),
    )

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """Yield each kind of which nearly all stand in files of one name that other kinds seldom stand in."""
        names: defaultdict[str, Counter[str]] = defaultdict(Counter)
        everything: Counter[str] = Counter()
        for facts in files:
            for top in facts.tops:
                names[top.kind][posixpath.basename(facts.path)] += 1
                everything[posixpath.basename(facts.path)] += 1
        for kind, counts in sorted(names.items()):
            name, count = max(sorted(counts.items()), key=lambda row: row[1])
            is_special = everything[name] <= COMMON_NAME * everything.total()
            if count >= max(LEAST_UNITS, SHARE * counts.total()) and is_special:
                yield {"key": kind, "kind": kind, "file": name}

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each unit of the kind stands in such a file."""
        value = f"in {rule['file']}" if stem_of(facts.path) == stem_of(rule["file"]) else "elsewhere"
        for top in facts.tops:
            if top.kind == rule["kind"]:
                yield HouseChoice(value, top.line, top.start, top.end, top.text)


def stem_of(path: str) -> str:
    """Return the name of the file at *path* up to its first dot: `variables.pkr.hcl` is Packer's `variables.tf`."""
    return posixpath.basename(path).partition(".")[0]


class Limit(NeutralHouseConvention):
    """Shared by what nearly nothing exceeds: the limit is the 99th percentile, so it can only be a hint."""

    fault = "more {key} here than nearly anywhere else: {wanted}"
    cap = "hint"
    never = frozenset({"more"})
    spared = frozenset({GIVEN_NAMES, PROSE})
    is_mined = False  # one question a language, not one of many that were tried
    is_local = False

    def measure(self, facts: FileFacts) -> Iterator[tuple[str, int, HouseChoice]]:
        """Yield (topic, size, where it is) of everything in one file that has a size."""
        raise NotImplementedError

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """Yield the 99th percentile of each topic."""
        sizes: defaultdict[str, list[int]] = defaultdict(list)
        for facts in files:
            for topic, size, _ in self.measure(facts):
                sizes[topic].append(size)
        for topic, found in sorted(sizes.items()):
            found.sort()
            most, usual = found[math.ceil(QUANTILE * len(found)) - 1], found[len(found) // 2]
            if len(found) >= LEAST_UNITS and most <= next(m for start, m in LOOSEST if topic.startswith(start)):
                yield {"key": topic, "topic": topic, "most": most, "usual": usual}

    def is_habit(self, rule: Mapping[str, Any]) -> bool:
        """Claim that the limit is tight."""
        return rule["most"] < TIGHT * rule.get("usual", 0)

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each size is within the limit."""
        for topic, size, choice in self.measure(facts):
            if topic == rule["topic"]:
                yield choice._replace(value=f"at most {rule['most']}" if size <= rule["most"] else "more")

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Keep to {value} {key.replace('s in ', ' in ', 1) if value == 'at most 1' else key}."


class UnitsPerFile(Limit):
    """How many units a file defines."""

    id = "Q17"
    name = "units-per-file"
    question = "How many {key} are there?"
    examples = Examples(
        value="at most 2",
        key="definitions in a file",
        path="src/a.js",
        rule={"language": "javascript", "topic": "definitions in a file", "most": 2},
        conforms=("function f() {}\nfunction g() {}\n", "class A {\n  m() {}\n}\n"),
        departs=("function f() {}\nfunction g() {}\nfunction h() {}\n", "class A {\n  m() {}\n  n() {}\n}\n"),
        nearly=("let f = 1;\nlet g = 2;\nlet h = 3;\n",),
    )

    def measure(self, facts: FileFacts) -> Iterator[tuple[str, int, HouseChoice]]:
        """Yield the number of units in the file, inner ones included."""
        if facts.tops:
            top = facts.tops[0]
            total = sum(each.units for each in facts.tops)
            yield "definitions in a file", total, HouseChoice("", top.line, top.start, top.end, "")


class UnitSize(Limit):
    """How long and how deep an outermost unit is."""

    id = "Q18"
    name = "unit-size"
    version = 3
    question = "How many {key} are there?"
    examples = Examples(
        value="at most 4",
        key="lines in a function",
        path="src/a.js",
        rule={"language": "javascript", "topic": "lines in a function", "most": 4},
        conforms=("function f() {\n  a();\n  b();\n}\n",),
        departs=("function f() {\n  a();\n  b();\n  c();\n}\n",),
        nearly=("class A {\n  a;\n  b;\n  c;\n}\n", "f(\n  a,\n  b,\n  c,\n)\n"),
    )
    also = (
        Examples(
            value="at most 2",
            key="nested blocks in a function",
            path="src/a.js",
            rule={"language": "javascript", "topic": "nested blocks in a function", "most": 2},
            conforms=("function f() {\n  if (a) {\n    b();\n  }\n}\n", "function f() {\n  if (a) { b(); }\n}\n"),
            departs=("function f() {\n  if (a) {\n    while (b) {\n      c();\n    }\n  }\n}\n",),
            nearly=(
                "function f() {\n  if (a) {\n    while (b) { if (c) { d(); } }\n  }\n}\n",
                "function f() {\n  if (a) {\n    b();\n  } else if (c) {\n    d();\n  } else {\n    e();\n  }\n}\n",
            ),
        ),
    )

    def measure(self, facts: FileFacts) -> Iterator[tuple[str, int, HouseChoice]]:
        """Yield the lines and the nesting of each outermost unit that has code of its own."""
        for top in facts.tops:
            if top.kind in HOLDERS:
                continue
            choice = HouseChoice("", top.line, top.start, top.end, "")
            yield f"lines in {noun_of(top.kind)}", top.lines, choice
            yield f"{NESTED}{noun_of(top.kind)}", top.depth, choice

    def is_habit(self, rule: Mapping[str, Any]) -> bool:
        """Claim that the limit is tight, and that functions keep it which could nest deeper, as a table could not."""
        topic = rule["topic"]
        is_flat = topic.startswith(NESTED) and (rule["most"] < 2 or not topic.endswith((" function", " method")))
        return super().is_habit(rule) and not is_flat

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        if not key.startswith(NESTED):
            return super().message(found, wanted, key)
        return f"blocks nest deeper here than nearly anywhere else: {wanted} in {key.removeprefix(NESTED)}"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if not key.startswith(NESTED):
            return super().advice(value, key)
        return f"Nest blocks {value} deep in {key.removeprefix(NESTED)}."
