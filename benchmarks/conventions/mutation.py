"""
Goal 1: is a planted slip found, by the right rule, on its line, and is nothing else? In: eight codebases. Out: shares.

Every enforceable convention plants up to 30 slips a codebase at places that its rule governs; each mutant is judged by
the profile of the clean parent, as a change to it. The same slips where no rule is enforced must raise nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from idiolect.mining.tiers import ENFORCED

from ..results import make_goal
from . import Measured
from .codebases import load_all
from .mutants import new_findings, plant

MUTANTS = 30
UNGOVERNED = 10


def measure() -> Measured:
    """Return recall on the exact line, precision of alerts, and alerts on ungoverned mutants."""
    totals: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for codebase in load_all():
        for mutant in plant(codebase, MUTANTS, governed=True):
            counts = totals[codebase.name, mutant.convention.id]
            fresh = [f for f in new_findings(mutant, codebase, codebase.profile) if f.entry.tier in ENFORCED]
            right = [f for f in fresh if mutant.entry is not None and f.entry.id == mutant.entry.id]
            counts["mutants"] += 1
            counts["found"] += any(f.line == mutant.line for f in right)
            counts["alerts"] += len(fresh)
            counts["caused"] += len(right)
        for mutant in plant(codebase, UNGOVERNED, governed=False):
            fresh = [f for f in new_findings(mutant, codebase, codebase.profile) if f.entry.tier in ENFORCED]
            totals[codebase.name, mutant.convention.id]["ungoverned"] += 1
            totals[codebase.name, mutant.convention.id]["leaks"] += len(fresh)
    rows = [
        {"codebase": codebase, "rule": rule, **{name: counts[name] for name in COLUMNS}}
        for (codebase, rule), counts in sorted(totals.items())
    ]
    whole = sum(totals.values(), Counter[str]())
    full = sum(counts["mutants"] >= MUTANTS for counts in totals.values())
    recall, precision = whole["found"] / whole["mutants"], whole["caused"] / max(1, whole["alerts"])
    rules = len({rule for (_, rule), counts in totals.items() if counts["mutants"]})
    what = f"{whole['mutants']} governed mutants, {rules} rules, {full} of them times codebases with {MUTANTS} or more"
    return Measured(
        rows,
        [
            make_goal("conventions.1", f"recall on the exact line: {what}", recall, ">= 0.98", recall >= 0.98),
            make_goal("conventions.1", f"precision of {whole['alerts']} alerts", precision, ">= 0.97",
                      precision >= 0.97),
            make_goal("conventions.1", f"alerts on {whole['ungoverned']} ungoverned mutants", whole["leaks"], "0",
                      whole["leaks"] == 0),
        ],
    )  # fmt: skip


COLUMNS = ("mutants", "found", "alerts", "caused", "ungoverned", "leaks")
