"""
The verdict. In: the evidence of one evaluation, already measured. Out: one of six words, its reasons, one sentence.

A pure function: no file, no clock, no model. `gate` calls it again on stored evidence and must get the same word.

    INVALID        an integrity check failed: the numbers must not be used
    BLOCKED        the adapter harms: it forgets, repeats secrets, or writes insecure calls that the base does not
    WORTH_IT       the gain is real and at least what was declared worthwhile
    RAG_SUFFICES   prompting alone already gives the gain; the adapter adds less than is worthwhile
    NOT_WORTH_IT   the adapter adds less than is worthwhile, and so does prompting
    INCONCLUSIVE   this many probes cannot tell, or no arm has enough answers accepted for acceptance to tell
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..mining.split import FEW_CLUSTERS
from ..mining.wording import counted
from .arms import ARMS
from .distributions import t_quantile
from .figures import decimal, percents, points, signed, span
from .insecure import InsecureCalls
from .integrity import Integrity
from .policy import Policy
from .statistics import ALPHA, Comparison, NonInferiority, Plan, Reduction

FLOOR = 0.02
"""Where no arm has so many of its answers accepted, arms that are alike in acceptance are not shown to be alike."""
EXIT_CODES = {"WORTH_IT": 0, "RAG_SUFFICES": 1, "NOT_WORTH_IT": 1, "BLOCKED": 1, "INCONCLUSIVE": 3, "INVALID": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    All that the verdict may look at.
    """

    primary: Comparison | None
    """accept@1 of the best tuned arm against the best prompt-only arm; None when no adapter was given."""
    prompt_gain: Comparison | None
    """accept@1 of the best prompt-only arm against `base`; None when that arm is `base`."""
    other_prompts: tuple[Comparison, ...] = ()
    """accept@1 of the best tuned arm against each prompt-only arm that was not chosen."""
    other_tuned: tuple[Comparison, ...] = ()
    """accept@1 of each tuned arm that was not chosen against the best prompt-only arm."""
    plan: Plan
    integrity: tuple[Integrity, ...]
    forgetting: NonInferiority | None
    secrets: int | None
    """Known secrets in the tuned arms' answers; None when not looked for."""
    insecure: tuple[InsecureCalls, ...] = ()
    """Insecure calls of each tuned arm against `base`; empty when not looked for."""
    own_corpus: bool = True
    """Whether what answered was trained on this corpus, or says what it was taught; else it may know the answers."""
    prompted: bool = True
    """Whether any prompt with the guide or retrieved code was asked: an adapter is weighed against these."""
    highest: float = 1.0
    """The highest acceptance of any arm."""
    learned: Reduction | None = None
    """How far the loss on the held-out answers fell; None where it was not measured."""
    folds: int = 0
    """Adapters that the probes were dealt to, each trained without the probes it was asked; 0: the one at hand."""
    break_even: float | None
    """Requests after which the adapter has paid for itself, infinitely many if never; None: its cost is not known."""
    policy: Policy

    @property
    def at_floor(self) -> bool:
        """Whether this model is too weak, in every arm, for acceptance to tell arms apart."""
        return self.highest < FLOOR


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The word, why, and the sentence that a person reads first.
    """

    word: str
    reasons: tuple[str, ...]
    sentence: str


def decide(evidence: Evidence) -> Verdict:
    """Return the verdict of *evidence*."""
    word, reasons = judge(evidence)
    sentence = write_sentence(word, reasons, evidence)
    if evidence.folds and word not in ("INVALID", "BLOCKED"):
        sentence += f" Measured in {evidence.folds} folds, each answered by an adapter trained without it."
    return Verdict(word, tuple(reasons), sentence)


def judge(evidence: Evidence) -> tuple[str, list[str]]:
    """Return the word and its reasons; the rules in the order in which they bind."""
    broken = [check.reason for check in evidence.integrity if check.ok is False]
    if broken:
        return "INVALID", broken
    harms = list_harms(evidence)
    if harms:
        return "BLOCKED", harms
    if evidence.primary is None or evidence.primary.ci is None:
        return "INCONCLUSIVE", ["no adapter was evaluated"]
    missing = list_missing(evidence)
    if not missing:
        return "WORTH_IT", [f"the gain is above 0 and at least {points(evidence.policy.minimum_gain)}"]
    if evidence.at_floor:
        return "INCONCLUSIVE", [f"no arm has {FLOOR:.0%} of its answers accepted, so acceptance cannot tell arms apart"]
    negative = judge_negative(evidence)
    return negative or ("INCONCLUSIVE", missing)


def list_harms(evidence: Evidence) -> list[str]:
    """Return what forbids shipping, whatever the gain."""
    harms: list[str] = []
    if evidence.forgetting is not None and evidence.forgetting.passed is False:
        worse, margin = evidence.forgetting.worse, evidence.forgetting.margin
        harms.append(f"general code got {worse:.3f} nats a token worse; {margin:g} is allowed")
    if evidence.secrets:
        harms.append(f"answers of the tuned arms contain {counted(evidence.secrets, 'known secret')}")
    harms += [
        f"{calls.arm} writes insecure calls on {counted(calls.new, 'probe')} where base does not, base on {calls.gone} "
        f"where it does not: {', '.join(calls.patterns)}"
        for calls in evidence.insecure
        if calls.learned
    ]
    return harms


def list_missing(evidence: Evidence) -> list[str]:
    """Return what keeps the evidence from WORTH_IT; empty when nothing does."""
    missing = list_doubts(evidence)
    policy = evidence.policy
    if not evidence.own_corpus:
        missing.append(
            "the adapter was trained on another corpus, and nothing says what it was taught: train it on this one"
        )
    if not evidence.prompted:
        missing.append("no prompt with a style guide or retrieved code was asked, which may do as well")
    missing += [
        f"{other.b} may do as well: over it the gain is {signed(other.mean_diff)} ({span(other.ci)})"
        for other in evidence.other_prompts
        if other.ci is not None and (other.ci[0] <= 0 or other.mean_diff < policy.minimum_gain)
    ]
    if evidence.forgetting is None:
        missing.append("whether general ability holds was not measured")
    elif evidence.forgetting.passed is None:
        missing.append(describe_doubt(evidence.forgetting))
    if policy.volume is not None and evidence.break_even is None:
        missing.append("what its training took is not recorded, and so not whether the adapter pays for itself")
    elif costs_too_much(evidence):
        missing.append(f"the adapter does not pay for itself within {policy.volume:g} requests")
    return missing


def costs_too_much(evidence: Evidence) -> bool:
    """Claim that the declared requests are too few for the adapter to pay for itself."""
    volume = evidence.policy.volume
    return volume is not None and evidence.break_even is not None and evidence.break_even > volume


def highest_gain(comparison: Comparison, gain: float) -> float:
    """
    Return the upper end of the interval, if *gain* were the truth.

    Arms that differ by it differ on that share of the probes at least: where hardly any differ, as when few answers are
    accepted at all, what was seen varies less than the truth would, and its own interval ends too soon.
    """
    assert comparison.ci is not None
    least = math.sqrt(gain * (1 - gain) / comparison.n)
    return max(comparison.ci[1], comparison.mean_diff + t_quantile(1 - ALPHA / 2, comparison.df) * least)


def list_open(evidence: Evidence) -> list[str]:
    """Return which tuned arms may gain enough although validation, which is small, chose another one."""
    return [
        f"{other.a}, which the validation probes did not choose, measured {signed(other.mean_diff)} ({span(other.ci)})"
        for other in evidence.other_tuned
        if other.ci is not None and highest_gain(other, evidence.policy.minimum_gain) >= evidence.policy.minimum_gain
    ]


def list_doubts(evidence: Evidence) -> list[str]:
    """Return what keeps the gain itself from being shown."""
    primary, policy = evidence.primary, evidence.policy
    assert primary is not None
    assert primary.ci is not None
    doubts: list[str] = []
    if primary.ci[0] <= 0:
        doubts.append(f"the 95% interval {span(primary.ci)} includes 0")
    elif primary.p_flip >= ALPHA:
        doubts.append(f"flipping the signs of whole clusters gives p = {primary.p_flip:.3f}, not below {ALPHA}")
    if primary.mean_diff < policy.minimum_gain:
        doubts.append(f"the measured gain {signed(primary.mean_diff)} is below {points(policy.minimum_gain)}")
    if primary.g < FEW_CLUSTERS:
        are = "is" if primary.g == 1 else "are"
        doubts.append(f"{counted(primary.g, 'cluster')} {are} fewer than the {FEW_CLUSTERS} that a firm answer needs")
    return doubts


def describe_doubt(forgetting: NonInferiority) -> str:
    """Return how much general ability may have suffered, where neither harm nor its absence is shown."""
    if forgetting.upper is None:
        return "it is not shown that general ability holds: one cluster of general code tells no bound"
    worse = f"may have got up to {forgetting.upper:.3f} nats a token worse ({decimal(forgetting.worse)} measured)"
    return f"it is not shown that general ability holds: general code {worse}, and {forgetting.margin:g} is allowed"


def judge_negative(evidence: Evidence) -> tuple[str, list[str]] | None:
    """
    Return RAG_SUFFICES or NOT_WORTH_IT where the evidence is strong enough for a no, or what else keeps it open.

    A no needs a suite that would have seen twice the worthwhile gain: few probes that happen to agree prove nothing.
    """
    primary, policy, plan = evidence.primary, evidence.policy, evidence.plan
    assert primary is not None
    assert primary.ci is not None
    m = policy.minimum_gain
    if plan.mde is None or plan.mde > 2 * m:
        return None
    if highest_gain(primary, m) < m:
        unsettled = list_open(evidence)
        if unsettled:
            return "INCONCLUSIVE", unsettled
        small = f"the gain over {primary.b} is below {points(m)}: the 95% interval is {span(primary.ci)}"
        alone = evidence.prompt_gain
        if alone is not None and is_worthwhile(alone, m):
            return "RAG_SUFFICES", [small, f"{primary.b} alone gains {signed(alone.mean_diff)} over base"]
        return "NOT_WORTH_IT", [small]
    if primary.ci[0] > 0 and costs_too_much(evidence):
        return "NOT_WORTH_IT", [f"the adapter does not pay for itself within {policy.volume:g} requests"]
    return None


def is_worthwhile(comparison: Comparison, gain: float) -> bool:
    """Claim that a difference is shown to be above 0, and measures at least *gain*."""
    return comparison.ci is not None and comparison.ci[0] > 0 and comparison.mean_diff >= gain


def write_sentence(word: str, reasons: Sequence[str], evidence: Evidence) -> str:
    """Return the one plain sentence for a person who reads nothing else."""
    primary = evidence.primary
    if word == "INVALID":
        return f"These numbers must not be used: {reasons[0]}."
    if word == "BLOCKED":
        return f"Do not ship this adapter: {reasons[0]}."
    if primary is None or primary.ci is None:
        return "Only prompting was measured, because no adapter was given."
    gain = f"{signed(primary.mean_diff)} against {primary.b}"
    if word == "WORTH_IT":
        return f"Fine-tuning is worth it here: {primary.a} has {primary.mean_a:.0%} of its answers accepted, {gain}."
    if word == "RAG_SUFFICES":
        return f"For this codebase a good prompt does the job: {primary.b} is enough, and fine-tuning adds {gain}."
    if word == "NOT_WORTH_IT":
        return f"Fine-tuning is not worth it here: {reasons[0]}."
    if evidence.at_floor:
        return write_floor(primary.n, evidence.learned)
    is_large = is_worthwhile(primary, evidence.policy.minimum_gain)
    if is_large or reasons == list_open(evidence):
        return f"Fine-tuning measured {gain} ({span(primary.ci)}), but {reasons[0]}."
    sentence = (
        f"{counted(primary.n, 'probe')} in {counted(primary.g, 'cluster')} cannot tell: fine-tuning measured {gain}, "
        f"and the truth may lie anywhere in {span(primary.ci)}."
    )
    needed = evidence.plan.needed
    if needed <= primary.n:
        return sentence
    # no number of probes settles a truth that lies near what is worthwhile
    return f"{sentence} About {needed:,} probes would tell a gain of {points(evidence.policy.minimum_gain)} from none."


def write_floor(probes: int, learned: Reduction | None) -> str:
    """Return the sentence where acceptance tells nothing: what the loss on the house's own answers tells instead."""
    answers = counted(probes, "answer")
    weak = f"No way of asking this base gets {FLOOR:.0%} of {answers} accepted, so acceptance tells nothing here"
    if learned is None:
        return f"{weak}; try a larger base."
    between = "" if learned.ci is None else f" ({percents(-learned.ci[1])} to {percents(-learned.ci[0])})"
    return f"{weak}; the adapter changed the loss on the house's own answers by {percents(-learned.fell)}%{between}."


def as_json(verdict: Verdict, evidence: Evidence) -> dict[str, Any]:
    """Return the part of `verdict.json` that follows from the evidence alone."""
    return {
        "schema": "idiolect.verdict/1",
        "verdict": verdict.word,
        "reasons": list(verdict.reasons),
        "sentence": verdict.sentence,
        "primary": asdict(evidence.primary) if evidence.primary else None,
        "at_floor": evidence.at_floor,
        "folds": evidence.folds,
        "prompt_gain": asdict(evidence.prompt_gain) if evidence.prompt_gain else None,
        "integrity": [asdict(check) for check in evidence.integrity],
        "forgetting": asdict(evidence.forgetting) if evidence.forgetting else None,
        "plan": asdict(evidence.plan),
        "policy": asdict(evidence.policy),
    }


def say_better_prompts(stored: Mapping[str, Any]) -> str:
    """
    Return which prompts have more answers accepted on the test probes than the one chosen, of a *stored* verdict.

    It says, too, why that one was chosen all the same; nothing where none has more.
    """
    chosen = stored["chosen"]
    rates = {arm["arm_id"]: arm["rates"]["accept"]["rate"] for arm in stored["arms"] if "accept" in arm["rates"]}
    prompts = {name: rate for name, rate in rates.items() if name in ARMS and not ARMS[name].adapted}
    own = prompts.get(chosen["prompt"])
    if own is None:
        return ""
    better = sorted((name for name, rate in prompts.items() if rate > own), key=lambda name: -prompts[name])
    if not better:
        return ""
    names = " and ".join(f"{name} ({prompts[name]:.1%})" for name in better)
    asked = counted(chosen["probes"], "validation probe")
    how = f"on {asked}" if chosen["by"] == "validation" else "by rule, before any answer"
    return (
        f"{names} did better on the test probes than {chosen['prompt']} ({own:.1%}), the prompt compared: that was "
        f"chosen {how}, because the luckiest of several on the probes that decide would be no fair rival."
    )
