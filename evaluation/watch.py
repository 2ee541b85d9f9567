"""
How well a model answers while it trains. In: a corpus and a number of tasks. Out: a score of whoever answers them.

The tasks are of the validation split, which chooses; the test split stays unseen.
"""

from __future__ import annotations

from pathlib import Path

from ..mining.corpus import read_corpus
from ..mining.errors import TooSmallError
from .arms import ARMS, Generator
from .parts import admit_suite, make_bench
from .policy import policy_of
from .probes import Suite
from .scores import Text
from .task import Bench, Task

ARM = ARMS["tuned"]


class ProbeScore:
    """
    Asks the same held-out tasks again and again.
    """

    def __init__(self, corpus: Path, count: int) -> None:
        self.corpus, self.count = corpus, count
        self.opened: tuple[Bench, Suite] | None = None

    def __call__(self, generator: Generator) -> float:
        """
        Return the share of answers that are accepted, and a little for the checks that they pass: 0 to less than 2.

        Acceptance leads: all checks of all answers together weigh less than one more that is accepted.

        Raises `TooSmallError` when no task of the validation split is admitted.
        """
        bench, suite = self.opened = self.opened or self.open(generator)
        written = bench.ask(ARM, suite.probes, generator)
        rows = bench.scorer.score(
            [
                Text(probe.id, ARM.name, suite.split, probe, 0, written[place].text, written[place].finish_reason)
                for place, probe in enumerate(suite.probes)
            ]
        )
        judged = [row for row in rows if row["accept"] is not None]
        accepted = sum(row["accept"] for row in judged)
        passed = sum(passed_share(row["checks"]) for row in judged)
        return (accepted + passed / (len(judged) + 1)) / max(1, len(judged))

    def open(self, generator: Generator) -> tuple[Bench, Suite]:
        """Return the bench and the admitted tasks; *generator* says how long its tokens are."""
        corpus = read_corpus(self.corpus)
        bench = make_bench(Task(corpus=corpus, out=Path(), generator=generator, arms=(ARM,), policy=policy_of(corpus)))
        suite = admit_suite(bench, "validation", self.count)
        if not suite.probes:
            raise TooSmallError("No held-out task of the validation split can be asked. Set probes=0.")
        return bench, suite


def passed_share(checks: dict[str, bool | None]) -> float:
    """Return the share of *checks* that are passed, of those that could decide."""
    decided = [ok for ok in checks.values() if ok is not None]
    return sum(decided) / len(decided) if decided else 0.0
