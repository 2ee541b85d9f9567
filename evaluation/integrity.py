"""
Do the numbers mean anything? In: the rows of an evaluation. Out: every condition without which they mean nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..mining.wording import counted
from .arms import ARMS
from .checks.check import LOST
from .figures import signed
from .losses import nats_of, tokens_of
from .policy import Policy
from .samples import RIVAL
from .statistics import Comparison
from .tables import Row, Tables

APPLIED = 1e-6
"""Nats a token by which an adapter must move at least one training answer."""
ASYMMETRY = 0.01
"""By how much the shares of samples that two arms lost may differ."""
REPEAT_ALPHA = 0.001
"""The level at which base is tested against its repeat: answers that are drawn differ, 5 % would lose 1 run in 20."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """
    One condition without which the numbers mean nothing.
    """

    check: str
    value: float | str | None
    limit: str
    ok: bool | None
    """None: could not be measured here; said in the report, and it never makes a verdict INVALID."""
    reason: str
    """What it means that it failed, for a person."""


def check_integrity(
    run: Row, policy: Policy, tables: Tables, repeat: Comparison | None, losses: Sequence[Row]
) -> list[Integrity]:
    """Return every condition without which the numbers mean nothing."""
    reference, stub = tables.rate("test", "reference"), tables.rate("test", "stub")
    conditions = [
        Integrity(
            "references accepted",
            reference,
            f"at least {policy.reference_floor:g}",
            reference is not None and reference >= policy.reference_floor,
            f"only {reference or 0:.0%} of the references are accepted, so the checks are wrong",
        ),
        Integrity("stubs accepted", stub, "0", stub == 0, f"{stub or 0:.0%} of the stubs are accepted"),
        check_complete(run, tables),
        check_repeat(repeat),
        check_applied(run, losses),
        check_undecided(tables, policy),
    ]
    return [replace(c, reason="") if c.ok else c for c in conditions]


def check_complete(run: Row, tables: Tables) -> Integrity:
    """Check that every arm has each probe and sample once: what is missing is rarely missing at random."""
    faults: list[str] = []
    for split in ("test", "validation"):
        probes = [probe["id"] for probe in run["suites"][split]["probes"]]
        for arm in run["arms"]:
            if split not in arm["splits"]:
                continue
            wanted = Counter((probe, ix) for probe in probes for ix in range(arm["samples"]))
            own = tables.rows.get((split, arm["arm_id"]), ())
            found = Counter((row["probe_id"], row["sample_ix"]) for row in own)
            missing = sum((wanted - found).values()) + sum((found - wanted).values())
            if missing:
                faults.append(f"{arm['arm_id']} lacks or repeats {missing} of its {counted(wanted.total(), 'sample')}")
    known = {arm["arm_id"] for arm in run["arms"]}
    faults += [f"rows of an unknown arm {arm!r}" for arm in sorted({a for _, a in tables.rows} - known)]
    return Integrity("samples complete", len(faults), "0 arms with gaps", not faults, "; ".join(faults))


def check_repeat(repeat: Comparison | None) -> Integrity:
    """Check that `base` does not differ from its own repeat."""
    if repeat is None or repeat.p is None:
        return Integrity("repeat of base", None, f"p at least {REPEAT_ALPHA}", None, "base was not repeated")
    reason = f"base differs from its own repeat by {signed(repeat.mean_diff)}, so the machine's noise is too large"
    return Integrity("repeat of base", repeat.p, f"p at least {REPEAT_ALPHA}", repeat.p >= REPEAT_ALPHA, reason)


def check_applied(run: Row, losses: Sequence[Row]) -> Integrity:
    """Check that the adapter changes what the model says of training answers."""
    name, limit = "adapter applied", f"above {APPLIED:g} nats a token"
    own = [row for row in losses if row["set"] == "applied"]
    if run["adapter"] is None or not own:
        return Integrity(name, None, limit, None, "no adapter was evaluated, or its losses could not be measured")
    # a fold's adapter must move at least one of the fold's own answers
    fold = fold_of_probes(run)
    tested = [row for row in losses if row["set"] == "test"]
    groups = [own, *([row for row in tested if fold[row["pair_id"]] == i] for i in sorted(set(fold.values())))]
    moved = min(most_moved(group) for group in groups if group)
    reason = "adapter not applied: with it switched on, the model says exactly what the base says"
    return Integrity(name, moved, limit, moved > APPLIED, reason)


def fold_of_probes(run: Row) -> dict[str, int]:
    """Return the fold of every test probe; nothing where there are no folds."""
    return {probe["id"]: probe["fold"] for probe in run["suites"]["test"]["probes"] if "fold" in probe}


def most_moved(rows: Sequence[Row]) -> float:
    """Return by how many nats a token the adapter moves the answer that it moves most."""
    base, tuned, tokens = nats_of(rows, adapted=False), nats_of(rows, adapted=True), tokens_of(rows)
    return max((abs(base[i] - tuned[i]) / tokens[i] for i in base.keys() & tuned.keys()), default=0.0)


def check_undecided(tables: Tables, policy: Policy) -> Integrity:
    """Check that few samples were lost, and not from one arm alone; the rival's server is no part of this machine."""
    shares: dict[str, float] = {}
    for (split, arm), rows in tables.rows.items():
        if split == "test" and arm != RIVAL:
            shares[arm] = sum(row["status"] == LOST for row in rows) / len(rows)
    worst = max(shares.values(), default=0.0)
    uneven = worst - min(shares[arm] for arm in shares if arm in ARMS) if shares.keys() & ARMS.keys() else 0.0
    return Integrity(
        "samples lost to the machine",
        worst,
        f"at most {policy.undecided_ceiling:.0%}",
        worst <= policy.undecided_ceiling and uneven <= ASYMMETRY,
        f"{worst:.1%} of one arm's samples were lost to faults of this machine",
    )
