"""
What an evaluation is asked to do, and what it works with. In: a corpus and a model. Out: a `Task` and its `Bench`.

The task says who answers in which arm; the bench composes requests and judges answers. Neither writes a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..mining.artefacts import sha256_json
from ..mining.corpus import Corpus
from ..mining.workers import Progress, silent
from .arms import (
    ARMS,
    Arm,
    Composed,
    Generator,
    LossOf,
    Material,
    Request,
    Retrain,
    Written,
    compose_request,
    guide_items,
    passage_item,
)
from .policy import Policy
from .probes import Probe, opening_of
from .retrieval import Retriever
from .samples import PLACEBO, REPEAT, RIVAL
from .scores import Scorer

TOO_LONG = "too_long"
"""Why a probe is refused that the base cannot take with its answer, or whose reference no answer may be as long as."""
ANSWER_FACTOR, ANSWER_SLACK, ANSWER_MOST = 1.5, 24, 768
"""An answer may be half as long again as the reference, and a little: the same limit in every arm."""
CHAT_SLACK = 32
"""What an answer in chat form may have besides, in every arm, and as much as opens the unit: a fence, the task and the
head said again. Without it 23 of 48 answers of a base of 135 million parameters were cut before they came to the point.
"""
TEMPERATURE = 0.8
"""What several answers to one probe are drawn at; a single one is the likeliest."""
JOINT_SLACK = 16
"""Tokens by which a prompt may exceed its parts, counted one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    What was asked for, resolved.
    """

    corpus: Corpus
    out: Path
    generator: Generator
    arms: tuple[Arm, ...]
    policy: Policy
    """Declared for this run, or the corpus's own (`policy_of`)."""
    adapter: Mapping[str, Any] | None = None
    """What the adapter says of itself, its log and the marks of what it was taught; None where prompts are all."""
    loss_of: LossOf | None = None
    """None where the model tells no losses, as behind an endpoint."""
    probes: int | None = None
    """Test probes to admit; None: as many as the *minutes* allow, or the usual number."""
    minutes: float | None = None
    samples: int = 1
    """Answers a probe."""
    controls: str = "basic"
    """One of `measure.CONTROLS`."""
    canaries: int = 0
    """How many to plant in the pairs of one more adapter; 0 trains none."""
    rival: Generator | None = None
    """Another model, a larger one as a rule."""
    rival_taught: bool = False
    """Whether it was taught this corpus's training pairs: asked as `base` then, not with all there is."""
    repository: Path | None = None
    """The checkout that was mined (`match_repository`), for the checks that need more than one file."""
    forced: bool = False
    """Whether fewer probes than an evaluation needs are allowed."""
    report: Progress = silent
    retrain: Retrain | None = None
    untrainable: str = ""
    """Why no further adapter can be trained by the recipe of the one at hand; empty where one can."""
    crossed: bool = False
    """Whether folds are trained, because the test is small."""
    placebo: Generator | None = None
    """The base with an adapter of another codebase, once it is trained."""

    @property
    def sha256(self) -> str:
        """The hash of everything asked: the same command on the same inputs goes on where it stopped."""
        return sha256_json(
            [
                None if self.rival is None else dict(self.rival.fingerprint),
                self.corpus.sha256,
                dict(self.generator.fingerprint),
                [arm.name for arm in self.arms],
                self.probes,
                self.minutes,
                self.samples,
                self.controls,
                self.canaries,
                self.repository is not None,
                asdict(self.policy),
                __version__,
            ]
        )

    @property
    def temperature(self) -> float:
        """What the answers are drawn at; 0 takes the likeliest."""
        return TEMPERATURE if self.samples > 1 else 0.0

    @property
    def went_on(self) -> bool:
        """Claim that the adapter went on from an earlier one: what is trained anew by its recipe is another adapter."""
        return bool((self.adapter or {}).get("from"))

    @property
    def why_unlike(self) -> str:
        """Why one that is trained by the adapter's recipe on parts of this corpus says nothing of it, or nothing."""
        record = self.adapter or {}
        if self.went_on:
            return "It would be none like this one, which went on from an earlier one."
        is_own = record.get("corpus", {}).get("sha256", self.corpus.sha256) == self.corpus.sha256
        return "" if is_own else "It would be none like this one, which was trained on another corpus."

    @property
    def taught(self) -> Set[str]:
        """Return the marks of what the adapter was taught, by this corpus or an earlier one."""
        return (self.adapter or {}).get("taught", frozenset())

    @property
    def asked(self) -> list[Asked]:
        """Return every arm and control that a model answers for, in the order of the samples."""
        asked = [Asked(arm.name, arm, self.generator, ("test", "validation"), self.samples) for arm in self.arms]
        asked.append(Asked(REPEAT, ARMS["base"], self.generator, ("test",), 1))
        if self.placebo is not None:
            asked.append(Asked(PLACEBO, ARMS["tuned"], self.placebo, ("test",), self.samples))
        if self.rival is not None:
            arm = ARMS["base" if self.rival_taught else "guide+rag"]
            asked.append(Asked(RIVAL, arm, self.rival, ("test",), self.samples))
        return asked


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One arm or control, and who answers for it.
    """

    name: str
    arm: Arm
    """What its prompt holds."""
    generator: Generator
    splits: tuple[str, ...]
    samples: int


def limit_answer(tokens: int, head: int = 0) -> int:
    """Return how many tokens an answer may have whose reference has *tokens*, and that may say *head* ones before."""
    return min(ANSWER_MOST, int(tokens * ANSWER_FACTOR) + ANSWER_SLACK + head)


@dataclass
class Bench:
    """
    What the task needs to ask and judge: checks, guide, index.
    """

    task: Task
    scorer: Scorer
    retriever: Retriever
    guide: str

    def material(self, probe: Probe) -> Material:
        """Return what the arms may put in front of *probe*."""
        comment = probe.source.language.comment
        found = (passage_item(p.path, p.text, comment) for p in self.retriever.find(probe.pair))
        return Material(guide_items(self.guide, comment), tuple(found))

    def limit(self, probe: Probe) -> int:
        """Return how many tokens an answer to *probe* may have, the same in every arm: of a rival in chat form, too."""
        count = self.task.generator.count_tokens
        is_chatty = any(getattr(asked.generator, "chatty", False) for asked in self.task.asked)
        return limit_answer(count(probe.pair.response), CHAT_SLACK + count(opening_of(probe)) if is_chatty else 0)

    def room(self, probe: Probe) -> int:
        """Return the tokens that prompt and answer of *probe* leave of the context; below 0, it does not fit."""
        generator, pair = self.task.generator, probe.pair
        asked = Request(pair.kind, pair.path, pair.language, pair.context, pair.instruction)
        return generator.context_length - generator.count_prompt(asked) - JOINT_SLACK - self.limit(probe)

    def fits(self, probe: Probe) -> bool:
        """Claim that prompt and answer of *probe* fit the context, and that its reference may come to its end."""
        return self.room(probe) >= 0 and self.task.generator.count_tokens(probe.pair.response) < self.limit(probe)

    def admit(self, probes: Sequence[Probe]) -> list[str]:
        """Return why each probe is refused, or nothing."""
        judged = self.scorer.admit(probes) if probes else []
        return [r if self.fits(p) else TOO_LONG for p, r in zip(probes, judged, strict=True)]

    def ask(self, arm: Arm, probes: Sequence[Probe], generator: Generator) -> dict[int, Written]:
        """Return what *generator* writes for each of *probes* in *arm*, by place; nothing of it is kept."""
        requests = [self.compose(arm, probe, self.material(probe)).request for probe in probes]
        limits = [self.limit(probe) for probe in probes]
        is_over = [probe.is_over for probe in probes]
        return dict(generator.generate(requests, adapted=arm.adapted, max_tokens=limits, is_over=is_over))

    def compose(self, arm: Arm, probe: Probe, material: Material) -> Composed:
        """Return what *arm* asks of the model for *probe*."""
        return compose_request(arm, probe.pair, material, self.task.generator, room=self.room(probe))
