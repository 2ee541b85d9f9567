"""
Which side a file is on. In: fingerprints of definitions, and pairs. Out: a split for every file, and the proof.

Files that share a near-duplicate definition form a cluster, and a cluster stays on one side. A cluster too large for a
test set goes to training, so that test probes come from many small ones. Training pairs that quote or repeat an answer
of the other side are dropped; the proof states the highest similarity left, that no span of 50 tokens is shared, and
that no answer is the same or stands in another pair.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .filters.duplicates import Clusters, Fingerprint, highest_across, similar_pairs
from .pairs.pair import HOLE, Pair
from .spans import SpanFinder, token_spans

SPLITS = ("train", "validation", "test")
SAME_CLUSTER = 0.5
"""Similarity of two definitions from which their files stay together (StarCoder2 decontaminates at 0.5)."""
ASKED_KINDS = frozenset({"implement", "edit"})
"""Kinds that can be asked of a file held out; the others teach what is known there already."""
FORMATS = frozenset({"json", "markdown", "toml", "yaml"})
"""Languages that hold data or prose."""
HELD_OUT_SHARE = 0.1
"""The share of all pairs in validation, and in test."""
LARGEST_CLUSTER = 0.05
"""A cluster with a larger share of the pairs goes to training."""
LEAST_TAUGHT = 3
"""At least one pair in so many is learned from."""
BLANKS = dict.fromkeys(map(ord, " \t\r\f\v"))
SHORTEST_BODY = 40
"""Letters, blanks apart, of a body that is given away where another pair holds it; a shorter one is anyone's line."""
LEAST_TASKS, LEAST_CLUSTERS = 20, 2
"""Held-out tasks, and clusters of files that they come from, under which an evaluation shows nothing."""
FEW_CLUSTERS = 8
"""Independent files under which an interval over clusters is a guess."""
FOLDS = 4
"""Parts that cross-evaluation holds out in turn."""


class Unit(NamedTuple):
    """
    A definition, as the split sees it.
    """

    path: str
    symbol: str
    mark: Fingerprint


@dataclass(frozen=True, slots=True)
class Sides:
    """
    Where every file stands.
    """

    cluster: Mapping[str, str]
    """The cluster of each path, named by its first path."""
    split: Mapping[str, str]
    """`train`, `validation` or `test` for each path."""


def assign_sides(
    units: Sequence[Unit], weights: Mapping[str, int], ages: Mapping[str, int], pairs: Mapping[str, int]
) -> Sides:
    """
    Return the sides of the paths in *weights*, which says how many tasks each could give, of *pairs* in all.

    Paths without any weight are taught from: nothing would be asked of them. *ages* says how many commits ago a path
    was changed last: the newest clusters are the test, the next newest the validation. Among equals, and without ages,
    the hash of a cluster's name decides: the same on any machine.
    """
    cluster = cluster_files(units, sorted(weights))
    sizes = sum_by(cluster, weights)
    total = sizes.total()
    side: dict[str, str] = {}
    filled: Counter[str] = Counter()
    oldest = max(ages.values(), default=0) + 1
    newest: dict[str, int] = {}
    for path in weights:
        newest[cluster[path]] = min(newest.get(cluster[path], oldest), ages.get(path, oldest))
    small = find_small(sizes, sum_by(cluster, pairs))
    # where few clusters are small enough, the test leaves half of them to the validation
    share = min(HELD_OUT_SHARE * total, sum(sizes[name] for name in small) / 2)
    for name in sorted(sizes, key=lambda name: (newest[name], hashed(name))):
        wanted = next((s for s in ("test", "validation") if filled[s] < share), "train")
        # two files of equal size would be one each, and nothing would be left to learn from
        held_out = filled["test"] + filled["validation"] + sizes[name]
        is_spared = LEAST_TAUGHT * held_out <= (LEAST_TAUGHT - 1) * total
        side[name] = wanted if name in small and is_spared else "train"
        filled[side[name]] += sizes[name]
    return Sides(cluster, {path: side[cluster[path]] for path in weights})


def find_small(tasks: Counter[str], pairs: Counter[str]) -> set[str]:
    """Return the clusters that may be held out, given how many tasks and pairs each holds."""
    total = tasks.total()
    # small corpora have few clusters: the ceiling leaves room for at least one on each side
    ceiling = max(LARGEST_CLUSTER * total, min(filter(None, tasks.values()), default=0))
    small = {name for name, size in tasks.items() if 0 < size <= min(ceiling, total / 2)}
    # few tasks may come with many pairs of other kinds, which would be lost to training
    light = {name for name in small if pairs[name] <= HELD_OUT_SHARE * pairs.total()}
    return light if len(light) > 1 else small


def sum_by(cluster: Mapping[str, str], counts: Mapping[str, int]) -> Counter[str]:
    """Return the sums of *counts*, which are by path, by cluster."""
    sums: Counter[str] = Counter()
    for path, count in counts.items():
        sums[cluster[path]] += count
    return sums


def aside_of(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Return the formats that the corpus of *manifest* is not about."""
    return formats_aside((row["kind"], row["language"], row["pairs"]) for row in manifest["counts"])


def formats_aside(rows: Iterable[tuple[str, str, int]]) -> frozenset[str]:
    """
    Return the formats that a corpus is not about, given how many pairs it has of each kind and language.

    They are taught and not asked for. None is aside where most of what could be asked is of them: there a team has
    made them its language of configuration.
    """
    every: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for kind, language, pairs in rows:
        every[language] += pairs
        asked[language] += pairs if kind in ASKED_KINDS else 0
    counts = asked if asked.total() else every
    return frozenset() if 2 * sum(counts[name] for name in FORMATS) > counts.total() else FORMATS


def cluster_files(units: Sequence[Unit], paths: Sequence[str]) -> dict[str, str]:
    """Return the name of each path's cluster."""
    place = {path: index for index, path in enumerate(paths)}
    # short units are alike by nature: they would make one cluster of everything
    here = [unit for unit in units if unit.path in place and unit.mark.members]
    clusters = Clusters(len(paths))
    for first, second, _ in similar_pairs([unit.mark for unit in here], SAME_CLUSTER):
        clusters.join(place[here[first].path], place[here[second].path])
    return {path: paths[clusters.find(index)] for path, index in place.items()}


def has_small_test(pairs: Iterable[Pair]) -> bool:
    """Claim that the test asks so little, or of so few clusters, that only cross-evaluation can give an answer."""
    asked = [pair.cluster for pair in pairs if pair.split == "test" and pair.kind == "implement"]
    return len(asked) < LEAST_TASKS or len(set(asked)) < FEW_CLUSTERS


class LeakFinder:
    """
    Knows what is held out, and says which training pairs give it away; each text is looked at once.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        held_out = [pair for pair in pairs if pair.split != "train"]
        self.spans = SpanFinder(token_spans([pair.response for pair in held_out]).hashes)
        # a hole of an infill pair may be a line that anyone writes
        self.answers = frozenset(bare(pair.response) for pair in held_out if pair.kind != "infill")
        self.by_line: defaultdict[str, set[str]] = defaultdict(set)
        for pair in held_out:
            body = bare(pair.response)
            if pair.kind == "implement" and len(body) >= SHORTEST_BODY:
                self.by_line[max(bare_lines(pair.response), key=len)].add(body)
        self.bodies = frozenset[str]().union(*self.by_line.values())
        self.known: dict[str, bool] = {}
        self.answering: dict[str, bool] = {}

    def find_leaks(self, pairs: Sequence[Pair]) -> list[bool]:
        """Return whether each of *pairs* shares a span, or the answer, with what is held out."""
        quotes = self.find_quotes(pairs)
        return [is_quote or self.is_answer(pair) for pair, is_quote in zip(pairs, quotes, strict=True)]

    def find_quotes(self, pairs: Sequence[Pair]) -> list[bool]:
        """Return whether each training pair shares a span of 50 tokens with an answer held out."""
        fresh = {pair.prompt_id: pair.context for pair in pairs if pair.prompt_id not in self.known}
        fresh.update((pair.id, "\n".join(texts_of(pair))) for pair in pairs if pair.id not in self.known)
        self.known.update(zip(fresh, self.spans.find_in(list(fresh.values())), strict=True))
        return [self.known[pair.prompt_id] or self.known[pair.id] for pair in pairs]

    def is_answer(self, pair: Pair) -> bool:
        """Claim that a training pair has the answer of a pair held out, or holds a body, white space apart."""
        if pair.id not in self.answering:
            self.answering[pair.id] = self.holds_answer(pair)
        return self.answering[pair.id]

    def holds_answer(self, pair: Pair) -> bool:
        """Look whether a training pair has the answer of a pair held out, or holds a body, white space apart."""
        if bare(pair.response) in self.answers:
            return True
        texts = texts_of(pair)
        # a change may have formatted it anew; elsewhere its longest line tells where to look
        likely = self.bodies if pair.kind == "edit" else self.bodies_by_line(texts)
        return bool(likely) and any(body in side for side in map(bare, texts) for body in likely)

    def bodies_by_line(self, texts: Iterable[str]) -> set[str]:
        """Return the bodies held out whose longest line stands in one of *texts*."""
        lines = {line for text in texts for line in bare_lines(text)}
        return {body for line in lines & self.by_line.keys() for body in self.by_line[line]}


def texts_of(pair: Pair) -> tuple[str, str]:
    """Return what *pair* asks, a hole filled as it teaches to fill it, and its answer."""
    return pair.instruction.replace(HOLE, pair.response), pair.response


def bare_lines(text: str) -> list[str]:
    """Return the lines of *text* without their blanks."""
    return text.translate(BLANKS).split("\n")


def bare(text: str) -> str:
    """Return *text* without its white space."""
    return "".join(text.split())


def drop_quotes(pairs: Sequence[Pair], leaks: LeakFinder) -> tuple[list[Pair], list[Pair]]:
    """Return *pairs* without the training pairs that share a span, or the answer, with what is held out, and those."""
    taught = [pair for pair in pairs if pair.split == "train"]
    leaky = {pair.id for pair, is_leak in zip(taught, leaks.find_leaks(taught), strict=True) if is_leak}
    return [pair for pair in pairs if pair.id not in leaky], [pair for pair in pairs if pair.id in leaky]


def prove_split(pairs: Sequence[Pair], units: Sequence[Unit], sides: Sides, leaks: LeakFinder) -> dict[str, object]:
    """
    Return the manifest's proof: what similarity is left between training and the rest, measured on what is kept.

    Shared spans and answers are counted by the finder that dropped pairs, which knows what it has looked at: they show
    that nothing was let in behind it.
    """
    used = {pair.path for pair in pairs}
    here = [unit for unit in units if unit.path in used and unit.mark.members]
    highest = highest_across([unit.mark for unit in here], [sides.split[unit.path] == "train" for unit in here])
    taught = [pair for pair in pairs if pair.split == "train"]
    paths: defaultdict[str, set[str]] = defaultdict(set)
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        paths[pair.split].add(sides.cluster[pair.path])
        if pair.kind == "implement":
            asked[pair.split].add(sides.cluster[pair.path])
    return {
        "highest_similarity": round(highest, 4),
        "shared_spans_of_50_tokens": sum(leaks.find_quotes(taught)),
        "shared_answers": sum(map(leaks.is_answer, taught)),
        "clusters": {split: len(paths[split]) for split in SPLITS},
        "asked_clusters": {split: len(asked[split]) for split in SPLITS},
        "clusters_on_two_sides": len(paths["train"] & (paths["test"] | paths["validation"])),
        "effective_pairs": {split: effective_size([p for p in pairs if p.split == split]) for split in SPLITS},
    }


def effective_size(pairs: Sequence[Pair]) -> float:
    """Return how many equal clusters would vary as much as these pairs do (Kish): (sum n)² / sum n²."""
    sizes = Counter(pair.cluster for pair in pairs)
    squares = sum(size * size for size in sizes.values())
    return round(sum(sizes.values()) ** 2 / squares, 1) if squares else 0.0


def hashed(name: str) -> str:
    """Return a hexadecimal hash of *name*."""
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
