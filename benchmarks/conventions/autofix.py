"""
Goal 4: does a fix undo a slip? In: the mutants of fixable conventions. Out: the shares mended byte by byte.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict

from idiolect.evaluation.fix import fix_source
from idiolect.mining.judge import judge_source
from idiolect.mining.source import Source, parse_source

from ..results import make_goal
from . import Measured
from .codebases import Codebase, load_all
from .mutants import Mutant, new_findings, plant

MUTANTS = 10


def measure() -> Measured:
    """Return how often a mended mutant is the original, in bytes and in its syntax tree, and is left alone after."""
    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for codebase in load_all():
        for mutant in plant(codebase, MUTANTS, governed=True):
            if not mutant.convention.is_fixable:
                continue
            fresh = new_findings(mutant, codebase, codebase.profile)
            caused = [f for f in fresh if mutant.entry is not None and f.entry.id == mutant.entry.id]
            mended = fix_source(mutant.source, caused, codebase.profile)
            totals[mutant.convention.id] += judge_fix(mutant, mended, len(caused))
            once = mend_all(mutant.source, codebase)
            totals[mutant.convention.id]["stable"] += mend_all(parse_again(mutant.source, once), codebase) == once
    rows = [{"rule": rule, **{name: counts[name] for name in COLUMNS}} for rule, counts in sorted(totals.items())]
    whole = sum(totals.values(), Counter[str]())
    same, mended = whole["same bytes"] / whole["mutants"], whole["mended"]
    trees, stable = whole["same tree"] / max(1, mended), whole["stable"] / whole["mutants"]
    return Measured(
        rows,
        [
            make_goal("conventions.4", f"{whole['mutants']} mutants of {len(rows)} rules mended byte by byte",
                      same, ">= 0.95", same >= 0.95),
            make_goal("conventions.4", f"{mended} mended files of the same tree", trees, "1", trees == 1),
            make_goal("conventions.4", "files that a second run of --fix leaves alone", stable, "1", stable == 1),
        ],
    )  # fmt: skip


def mend_all(source: Source, codebase: Codebase) -> bytes:
    """Return what `check --fix` makes of a file: everything that was found and can be mended, older slips too."""
    return fix_source(source, judge_source(source, codebase.profile).findings, codebase.profile)


def parse_again(source: Source, data: bytes) -> Source:
    """Return the source with other bytes."""
    return parse_source(source.path, data, source.language)


def judge_fix(mutant: Mutant, mended: bytes, found: int) -> Counter[str]:
    """Return what became of one mutant."""
    original = mutant.original.encode(mutant.original.text)
    was_mended = mended != mutant.source.encode(mutant.source.text)
    same_tree = was_mended and ast.dump(ast.parse(mended)) == ast.dump(ast.parse(original))
    return Counter(
        {"mutants": 1, "found": int(found > 0), "mended": int(was_mended), "same bytes": int(mended == original),
         "same tree": int(same_tree)}
    )  # fmt: skip


COLUMNS = ("mutants", "found", "mended", "same bytes", "same tree", "stable")
