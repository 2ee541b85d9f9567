"""
From rows to a verdict. In: `run.json`, score rows, loss rows, as stored. Out: comparisons, integrity, the verdict.

Pure: an evaluation and the later `gate` call the same functions on the same rows, so a replay must give the same word.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..mining.taught import TAUGHT
from .arms import ARMS
from .cost import weigh_cost
from .curve import weigh_curve, weigh_kinds, weigh_reading
from .insecure import InsecureCalls, weigh_insecure
from .integrity import check_integrity
from .losses import weigh_losses
from .memory import ALARM
from .policy import Policy
from .samples import REPEAT
from .slices import weigh_slices
from .statistics import Comparison, compare, holm, judge_non_inferiority, plan_suite
from .tables import Row, Tables, agreement, describe_arm
from .verdict import Evidence, Verdict, decide

# From cheapest to dearest: a tie goes to the one that costs less.
PROMPT_ONLY = tuple(name for name, arm in ARMS.items() if not arm.adapted)
TUNED = tuple(name for name, arm in ARMS.items() if arm.adapted)
LEAST_DISCORDANT = 0.1
"""Two arms are taken to differ on at least a tenth of the probes when a suite's sight is judged."""
PAIRS = (
    ("tuned", "base"), ("tuned+rag", "rag"), ("tuned", "guide+rag"), ("tuned+rag", "guide+rag"), ("guide", "base"),
    ("rag", "base"), ("guide+rag", "base"), ("tuned", "placebo"), ("tuned", "rival"), ("tuned+rag", "rival"),
    ("guide+rag", "rival"), ("base", "rival"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weighed:
    """
    What the rows of one evaluation say.
    """

    verdict: Verdict
    evidence: Evidence
    comparisons: tuple[Comparison, ...]
    arms: tuple[dict[str, Any], ...]
    """One row an arm: its rates with intervals, its endings, its tokens."""
    losses: dict[str, Any]
    """Answer loss of base and tuned, on the probes and on general code."""
    chosen: dict[str, Any]
    """The arms compared, and what they were chosen by."""
    cost: dict[str, Any]
    """Tokens an answer takes in each arm, what the adapter saves, and after how many answers it has paid."""
    memory: dict[str, Any]
    """What answers repeat from training."""
    curve: dict[str, Any]
    """What more pairs would be worth; empty unless it was measured."""
    cross_check: dict[str, Any] | None
    """The exact test of the compared arms that knows no clusters; None where there is nothing to compare."""
    slices: list[dict[str, Any]]
    """Acceptance by folder, kind, length and language."""


def weigh(
    run: Row,
    scores: Sequence[Row],
    samples: Sequence[Row],
    losses: Sequence[Row],
    pairs: Sequence[tuple[str, str]] = PAIRS,
) -> Weighed:
    """Return what the rows say, *pairs* of arms set beside each other; every other input as stored on disk."""
    policy = Policy(**run["policy"])
    tables = Tables(scores)
    chosen = choose_arms(tables, run)
    primary, gain = compare_chosen(tables, chosen)
    loss = weigh_losses(losses)
    secondary = holm([*compare_all(tables, pairs), *loss.comparisons])
    repeat = compare_arms(tables, REPEAT, "base", name="a/a")
    cost = weigh_cost(run, samples, chosen)
    insecure = compare_insecure(tables)
    memory = weigh_memory(tables, losses)
    discordant = max(LEAST_DISCORDANT, primary.discordant if primary else 0.0)
    evidence = Evidence(
        primary=primary,
        prompt_gain=gain,
        other_prompts=compare_pairs(tables, [(chosen["tuned"], b) for b in PROMPT_ONLY if b != chosen["prompt"]]),
        other_tuned=compare_pairs(tables, [(a, chosen["prompt"]) for a in TUNED if a != chosen["tuned"]]),
        plan=plan_suite(list(Counter(tables.clusters.values()).values()), policy.minimum_gain, discordant=discordant),
        integrity=tuple(check_integrity(run, policy, tables, repeat, losses)),
        forgetting=judge_non_inferiority(loss.general, policy.forgetting_margin) if loss.general else None,
        secrets=memory["secrets"],
        insecure=insecure,
        break_even=(cost["break_even"] or math.inf) if cost["training_passes"] else None,
        own_corpus=is_own_corpus(run),
        prompted=any(arm in PROMPT_ONLY and arm != "base" for arm in tables.arms),
        highest=max((tables.rate("test", arm) or 0.0 for arm in tables.arms if arm in ARMS), default=0.0),
        learned=loss.learned,
        folds=len(run.get("folds", ())),
        policy=policy,
    )
    return Weighed(
        verdict=decide(evidence),
        evidence=evidence,
        comparisons=tuple(c for c in (primary, gain, repeat, *secondary) if c is not None),
        arms=tuple(describe_arm(name, tables, samples) for name in tables.arms),
        losses=loss.summary,
        chosen=chosen,
        cost=cost,
        memory={**memory, "insecure": [asdict(calls) for calls in insecure]},
        curve=weigh_data(run, losses),
        cross_check=agreement(tables, primary.a, primary.b) if primary else None,
        slices=weigh_slices(
            run["suites"]["test"]["probes"],
            {arm: tables.values("test", arm) for arm in tables.arms if arm in ARMS},
            tables.clusters,
            (chosen["tuned"], chosen["prompt"]),
        ),
    )


def is_own_corpus(run: Row) -> bool:
    """Claim that every adapter that answered test probes was trained on this corpus, or says what it was taught."""
    adapter: dict[str, Any] = run["adapter"] or {}
    own = run["corpus_sha256"]
    is_own = adapter.get("corpus", {}).get("sha256", own) == own
    return bool(run.get("folds")) or is_own or TAUGHT in adapter.get("files", {})


def choose_arms(tables: Tables, run: Row) -> dict[str, Any]:
    """
    Return the best prompt-only and the best tuned arm, chosen on validation probes alone.

    A tie in acceptance goes to the arm that compiles more often, then to the cheaper one. Without validation probes the
    fullest prompt stands for prompting, and the plain adapter for tuning.
    """
    present = tables.arms
    probes = len(tables.values("validation", "base"))

    def best(names: Sequence[str], otherwise: str) -> str | None:
        offered = [name for name in names if name in present]
        if not offered:
            return None
        if not probes:
            return otherwise if otherwise in offered else offered[-1]
        second = "compile" if "compile" in tables.checks else "parse"
        return max(
            offered,
            key=lambda name: (
                tables.rate("validation", name) or 0.0,
                tables.rate("validation", name, second) or 0.0,
                -offered.index(name),
            ),
        )

    return {
        "prompt": best(PROMPT_ONLY, "guide+rag"),
        "tuned": best(TUNED, "tuned") if run["adapter"] is not None else None,
        "by": "validation" if probes else "rule",
        "probes": probes,
    }


def compare_chosen(tables: Tables, chosen: Row) -> tuple[Comparison | None, Comparison | None]:
    """Return the primary comparison, and that of the best prompt with `base`; None where an arm is missing."""
    prompt, tuned = chosen["prompt"], chosen["tuned"]
    primary = compare_arms(tables, tuned, prompt) if prompt and tuned else None
    gain = compare_arms(tables, prompt, "base") if prompt and prompt != "base" else None
    return primary, gain


def compare_pairs(tables: Tables, pairs: Sequence[tuple[str | None, str | None]]) -> tuple[Comparison, ...]:
    """Return acceptance of each of *pairs* of arms, those left out of which one did not answer."""
    found = (compare_arms(tables, a, b) for a, b in pairs if a and b)
    return tuple(comparison for comparison in found if comparison is not None)


def compare_arms(tables: Tables, a: str, b: str, endpoint: str = "accept", name: str = "accept@1") -> Comparison | None:
    """Return the comparison of two arms on the probes that *endpoint* can decide, or None when there are none."""
    left, right = tables.values("test", a, endpoint), tables.values("test", b, endpoint)
    shared = left.keys() & right.keys()
    if not shared:
        return None
    return compare(name, (a, {i: left[i] for i in shared}), (b, {i: right[i] for i in shared}), tables.clusters)


def compare_all(tables: Tables, pairs: Sequence[tuple[str, str]]) -> list[Comparison]:
    """Return the secondary comparisons: acceptance of *pairs* of arms, and each check for `tuned` and `base`."""
    checked = (compare_arms(tables, "tuned", "base", check, check) for check in tables.checks)
    return [*compare_pairs(tables, pairs), *(comparison for comparison in checked if comparison is not None)]


# -- memory, data


def weigh_memory(tables: Tables, losses: Sequence[Row]) -> dict[str, Any]:
    """Return the share of each arm's answers with 50 tokens of training in a row, secrets, and canaries."""
    copied = {
        arm: sum(row["copied"] for row in tables.rows["test", arm]) / len(tables.rows["test", arm])
        for arm in tables.arms
    }
    tuned = [row for (_, arm), rows in tables.rows.items() if arm in TUNED for row in rows]
    bits = [row["bits"] for row in losses if row["set"] == "canary"]
    return {
        "copied": copied,
        "secrets": sum(row["secrets"] for row in tuned) if tuned else None,
        "canaries": {"planted": len(bits), "highest_bits": max(bits), "learned": sum(b > ALARM for b in bits)}
        if bits
        else None,
    }


def compare_insecure(tables: Tables) -> tuple[InsecureCalls, ...]:
    """Return, for each tuned arm, the insecure calls that it makes and `base` does not; none where none were sought."""
    base = insecure_by_probe(tables, "base")
    arms = [arm for arm in tables.arms if arm in TUNED]
    if not base:
        return ()
    return tuple(weigh_insecure(arm, insecure_by_probe(tables, arm), base, tables.clusters, len(arms)) for arm in arms)


def insecure_by_probe(tables: Tables, arm: str) -> dict[str, set[str]]:
    """Return the insecure patterns of *arm*'s answers to each test probe."""
    found: dict[str, set[str]] = {}
    for row in tables.rows.get(("test", arm), ()):
        if "insecure" in row:  # an evaluation of an earlier version did not look
            found.setdefault(row["probe_id"], set()).update(row["insecure"])
    return found


def weigh_data(run: Row, losses: Sequence[Row]) -> dict[str, Any]:
    """Return the learning curve, and what each kind's pairs are worth."""
    training: dict[str, Any] = run.get("training") or {}
    curve = weigh_curve(losses, training.get("pairs"))
    kinds, reading = weigh_kinds(losses), weigh_reading(losses)
    return {**curve, "kinds": kinds, "reading": reading} if curve or kinds or reading else {}


def comparison_rows(weighed: Weighed) -> list[dict[str, Any]]:
    """Return the comparisons as `comparisons.json` holds them."""
    return [asdict(comparison) for comparison in weighed.comparisons]
