"""
Which shapes of blocks a rule can speak of. In: the blocks of all files of one language. Out: shapes, the widest first.

A shape that is mostly one narrower shape (`resource`, where nearly all are `resource disk`) is left to that one: what
holds for most of its blocks says nothing of the others.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

from .anyfacts import BlockFact, EntryFact
from .facts import FileFacts

LEAST = 20
"""Blocks, or entries, that a rule is proposed for at least."""
LEAST_FILES = 3
SHARE = 0.9
"""The share of them that answer alike before a rule is proposed; whether it holds is for the bound to say."""
LARGEST_PART = 0.5
"""The share of a shape's blocks that one narrower shape may have."""
OTHER_ROLES = frozenset({"src", "scripts", "docs"})
"""All files but tests: what those hand over is made up for the case at hand."""
BLANK = re.compile(r"\s")
"""What names have not, and sentences have."""
MOST_KEYS = 40
"""Keys of one shape that are compared with each other, the most frequent ones."""


FORCED = frozenset({("hcl", "module", "source"), ("hcl", "output", "value"), ("hcl", "variable", "type")})
"""Keys that a language asks for, or of which it says what they are given, by language and shape."""


class Shape(NamedTuple):
    """
    A shape with its blocks.
    """

    name: str
    blocks: list[tuple[str, BlockFact]]
    """Each with its path."""
    wider: frozenset[str]
    """The wider shapes that its blocks have too."""

    def frequent_keys(self) -> set[str]:
        """Return the keys that enough blocks have, the most frequent ones; a text that is translated is none."""
        counts = Counter(key for _, block in self.blocks for key in set(block.keys) if not BLANK.search(key))
        ranked = sorted(counts, key=lambda key: (-counts[key], key))[:MOST_KEYS]
        return {key for key in ranked if counts[key] >= LEAST}

    def required_keys(self) -> set[str]:
        """Return the keys that nearly all blocks have."""
        frequent = self.frequent_keys()
        counts = Counter(key for _, block in self.blocks for key in frequent.intersection(block.keys))
        return {key for key, count in counts.items() if count >= SHARE * len(self.blocks)}

    def is_of(self, calls: Set[tuple[str, int]]) -> bool:
        """Claim that blocks of this shape stand in some of *calls*, each a path and the byte where its name starts."""
        return any((path, block.start) in calls for path, block in self.blocks)

    def entries(self, key: str) -> list[tuple[str, EntryFact]]:
        """Return the entries of one key, each with its path."""
        return [(path, entry) for path, block in self.blocks for entry in block.entries if entry.key == key]


def is_free(rule: Mapping[str, Any]) -> bool:
    """Claim that a house could do otherwise than a *rule* about a key of one shape says."""
    return (rule.get("language"), rule.get("shape"), rule.get("child")) not in FORCED


def collect_shapes(files: Iterable[FileFacts]) -> list[Shape]:
    """Return the shapes that have enough blocks in enough files, the widest first."""
    blocks: defaultdict[str, list[tuple[str, BlockFact]]] = defaultdict(list)
    wider: defaultdict[str, set[str]] = defaultdict(set)
    parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for facts in files:
        for block in facts.blocks:
            for place, shape in enumerate(block.shapes):
                blocks[shape].append((facts.path, block))
                wider[shape].update(block.shapes[:place])
                parts[shape].update(block.shapes[place + 1 :])
    return [
        Shape(name, found, frozenset(wider[name]))
        for name, found in sorted(blocks.items(), key=lambda row: (-len(row[1]), row[0]))
        if len(found) >= LEAST
        and len({path for path, _ in found}) >= LEAST_FILES
        and max(parts[name].values(), default=0) <= LARGEST_PART * len(found)
    ]


def widest_only(rules: Iterable[tuple[Shape, Hashable, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield each (shape, what is said of it, rule)'s rule, unless the same is said of a wider shape before it."""
    said: set[tuple[str, Hashable]] = set()
    for shape, what, rule in rules:
        if not any((wider, what) in said for wider in shape.wider):
            said.add((shape.name, what))
            yield {"shape": shape.name, **rule}
