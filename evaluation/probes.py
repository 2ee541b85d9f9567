"""
Probes: held-out tasks. In: a corpus and the checks. Out: a `Suite`: admitted probes, and why others were not.

A probe is one `implement` pair of a held-out split: its file with the body taken out, the ask, the reference. It is
admitted when the checks accept the reference and refuse a stub, and when no training pair gives the answer away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..mining.artefacts import sha256_json
from ..mining.corpus import Corpus
from ..mining.definitions import collect_definitions
from ..mining.pairs.pair import Pair
from ..mining.source import Source, Span, UndecodableError, first_line, indent_of, parse_text
from ..mining.taught import marks_of
from .checks.check import Answer
from .extract import Extract, body_is_over, extract_body

TOKEN = re.compile(r"\w+|[^\w\s]")
TAUGHT_BEFORE = "taught_before"
"""Why a pair is not asked whose answer the adapter learned from an earlier corpus."""
SPAN_TOKENS = 50
"""A run of this many tokens shared with a training answer counts as a leak."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """
    One held-out task.
    """

    pair: Pair
    source: Source
    """The file as the house wrote it."""
    span: Span
    """Where the reference lies in it."""

    @property
    def id(self) -> str:
        """The pair's id."""
        return self.pair.id

    def answer(self, code: str) -> Answer:
        """Return *code* spliced into the file, with the file's own line ends; an empty body leaves an empty line."""
        if "\r\n" in self.source.slice(self.span) or self.source.text.count("\r\n") > 2:
            code = re.sub(r"\r?\n", "\r\n", code)
        code = code.replace("\0", "\ufffd")
        spliced = self.source.splice(self.span, code)
        return Answer(
            probe_id=self.id,
            symbol=self.pair.symbol,
            code=code,
            source=parse_text(self.source.path, spliced, self.source.language),
            span=Span(self.span.start, self.span.start + len(code.encode("utf-8"))),
            reference=self.source,
            reference_span=self.span,
        )

    def extract(self, raw: str, finish_reason: str) -> Extract:
        """Return the body that *raw* gives, which ended by *finish_reason*."""
        return extract_body(self.source, self.span, self.pair.symbol, raw, finish_reason)

    def is_over(self, text: str) -> bool:
        """Claim that *text* already holds the whole body."""
        return body_is_over(self.source, self.span, self.pair.symbol, text)

    def as_json(self) -> dict[str, Any]:
        """Return what `run.json` says of it: what answers are told apart by."""
        return {
            "id": self.id,
            "cluster": self.pair.cluster,
            "path": self.pair.path,
            "symbol": self.pair.symbol,
            "language": self.pair.language,
            "lines": sum(bool(line.strip()) for line in self.pair.response.splitlines()),
        }

    def stub(self) -> str:
        """Return a body that does nothing."""
        reference = self.source.slice(self.span)
        indent = indent_of(first_line(reference))
        if self.pair.language == "python":
            return f"{indent}raise NotImplementedError"
        last = reference.rstrip().rpartition("\n")[2]
        empty = f"{indent}{self.source.language.comment} not done"
        # a body may end further out than it begins, as with a directive: its last line is the file's
        return f"{empty}\n{last}" if len(indent_of(last)) < len(indent) else empty


@dataclass(frozen=True, slots=True)
class Suite:
    """
    The admitted probes of one split.
    """

    split: str
    probes: tuple[Probe, ...]
    refused: tuple[tuple[str, str], ...]
    """(pair id, reason) of each candidate that was looked at and not admitted."""
    candidates: int
    """How many pairs the split offered."""

    @property
    def clusters(self) -> dict[str, str]:
        """The cluster of every probe."""
        return {probe.id: probe.pair.cluster for probe in self.probes}

    @property
    def sizes(self) -> list[int]:
        """How many probes each cluster has."""
        return sorted(Counter(self.clusters.values()).values())

    @property
    def sha256(self) -> str:
        """The hash of what is asked, in order."""
        return sha256_json([probe.pair.as_row() for probe in self.probes])

    def as_json(self) -> dict[str, Any]:
        """Return the suite's numbers for `run.json`."""
        return {
            "split": self.split,
            "sha256": self.sha256,
            "n_probes": len(self.probes),
            "n_clusters": len(self.sizes),
            "n_candidates": self.candidates,
            "refused": dict(sorted(Counter(reason for _, reason in self.refused).items())),
            "probes": [probe.as_json() for probe in self.probes],
        }


Admit = Callable[[Sequence[Probe]], list[str]]
"""Returns, for each probe, why it is refused; empty when it is admitted."""


def select_probes(corpus: Corpus, split: str, count: int | None, admit: Admit, taught: Set[str] = frozenset()) -> Suite:
    """
    Admit up to *count* probes of *split*; None takes all, but of what is *taught*, by its marks, none.

    Candidates are taken one from each cluster in turn, by hash, so that a small suite spreads over many clusters, and a
    larger one only adds to it.
    """
    candidates = [pair for pair in corpus.pairs(split) if pair.kind == "implement"]
    known = {pair.id for pair in candidates if not taught.isdisjoint(marks_of(pair))}
    ordered = interleave(pair for pair in candidates if pair.id not in known)
    trained = TrainedAnswers(corpus.pairs("train"))
    admitted: list[Probe] = []
    refused = [(name, TAUGHT_BEFORE) for name in sorted(known)]
    position, most = 0, len(ordered) if count is None else count
    while position < len(ordered) and len(admitted) < most:
        batch = ordered[position : position + max(8, most - len(admitted))]
        position += len(batch)
        probes, reasons = open_probes(corpus, batch, trained)
        refused.extend(reasons)
        for probe, reason in zip(probes, admit(probes), strict=True):
            if reason:
                refused.append((probe.id, reason))
            elif len(admitted) < most:
                admitted.append(probe)
    return Suite(split, tuple(admitted), tuple(refused), len(candidates))


def interleave(pairs: Iterable[Pair]) -> list[Pair]:
    """Return *pairs* one from each cluster in turn; pairs within a cluster, and clusters, by the hash of their ids."""
    groups: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: sha256_json(["probe", pair.id])):
        groups.setdefault(pair.cluster, []).append(pair)
    turns = [(turn, rank, pair) for rank, group in enumerate(groups.values()) for turn, pair in enumerate(group)]
    return [pair for _, _, pair in sorted(turns, key=lambda item: item[:2])]


def open_probes(
    corpus: Corpus, pairs: Sequence[Pair], trained: TrainedAnswers
) -> tuple[list[Probe], list[tuple[str, str]]]:
    """Return the probes of *pairs*, and why some cannot be one."""
    probes: list[Probe] = []
    refused: list[tuple[str, str]] = []
    for pair in pairs:
        leak = trained.find(pair.response)
        probe = None if leak else open_probe(corpus, pair)
        if probe is None:
            refused.append((pair.id, leak or "source_differs"))
        else:
            probes.append(probe)
    return probes, refused


def open_probe(corpus: Corpus, pair: Pair) -> Probe | None:
    """Return the probe of *pair*, or None when its file does not hold the response where the pair says."""
    try:
        source = corpus.source(pair.path)
    except (KeyError, OSError, UndecodableError):
        return None
    if pair.end_line > len(source.line_starts):
        return None
    span = source.lines_span(pair.start_line, pair.end_line)
    return Probe(pair, source, span) if source.slice(span) == pair.response else None


@cache
def opening_of(probe: Probe) -> str:
    """Return what stands in the unit of *probe* before its reference: decorators, head, documentation."""
    units = (unit.span for unit in collect_definitions(probe.source) if unit.code == probe.span)
    return "".join(probe.source.slice(Span(unit.start, probe.span.start)) for unit in units)


class TrainedAnswers:
    """
    Knows the answers of training, to say whether a reference can be read there.
    """

    def __init__(self, training: Iterable[Pair]) -> None:
        self.bodies: set[int] = set()
        self.spans: set[int] = set()
        for pair in training:
            tokens = TOKEN.findall(pair.response)
            self.bodies.add(hash(tuple(tokens)))
            self.spans.update(span_hashes(tokens))

    def find(self, response: str) -> str:
        """Return `leak_exact` or `leak_span` when *response*, or 50 tokens of it in a row, was trained on."""
        tokens = TOKEN.findall(response)
        if hash(tuple(tokens)) in self.bodies:
            return "leak_exact"
        return "" if self.spans.isdisjoint(span_hashes(tokens)) else "leak_span"


def span_hashes(tokens: Sequence[str]) -> set[int]:
    """Return a hash of every run of 50 *tokens*; good within one process only."""
    return {hash(tuple(tokens[i : i + SPAN_TOKENS])) for i in range(len(tokens) - SPAN_TOKENS + 1)}
