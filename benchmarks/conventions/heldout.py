"""
Goal 2: do files that were not learned from keep what was learned? In: eight codebases, five folds. Out: shares.

A sanity check: held-out files of the same day say little about tomorrow's; goal 6 asks that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from idiolect.mining.conventions.tally import FileTally
from idiolect.mining.judge import answer_all
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.tiers import ENFORCED, tiers_from

from ..results import make_goal
from . import Measured
from .codebases import Codebase, load_all

FOLDS = 5


def measure() -> Measured:
    """Return the share of governed opportunities of held-out files that conform, with the share that is governed."""
    rows = [
        {"codebase": codebase.name, "version": codebase.version, **count_folds(codebase)} for codebase in load_all()
    ]
    goals = []
    for tier, least in (("gate", 0.99), ("advise", 0.98)):
        conform = sum(row[f"{tier} conform"] for row in rows) / len(rows)
        governed = sum(row[f"{tier} governed"] for row in rows) / len(rows)
        what = f"held-out opportunities that conform at {tier}, mean of codebases; governed {governed:.3f}"
        goals.append(make_goal("conventions.2", what, conform, f">= {least}", conform >= least))
    return Measured(rows, goals)


def count_folds(codebase: Codebase) -> dict[str, float]:
    """Return the shares of one codebase, over folds that take every fifth file."""
    counts: Counter[str] = Counter()
    for profile, held_out in learn_folds(codebase):
        for tally in held_out:
            for found, entry in answer_all(tally, profile):
                counts["all"] += 1
                for name in ENFORCED:
                    if entry is not None and entry.tier in tiers_from(name):
                        counts[f"{name} governed"] += 1
                        counts[f"{name} conform"] += found.value == entry.value
    return {
        "opportunities": counts["all"],
        **{f"{name} governed": counts[f"{name} governed"] / counts["all"] for name in ENFORCED},
        **{f"{name} conform": counts[f"{name} conform"] / max(1, counts[f"{name} governed"]) for name in ENFORCED},
    }


def learn_folds(codebase: Codebase) -> Iterator[tuple[Profile, list[FileTally]]]:
    """Yield, for every fifth file held out in turn, what the others keep to, and the files held out."""
    paths = [source.path for source in codebase.sources]
    for fold in range(FOLDS):
        held_out = set(paths[fold::FOLDS])
        profile = learn_profile(tally for path, tally in codebase.tallies.items() if path not in held_out)
        yield profile, [codebase.tallies[path] for path in paths[fold::FOLDS]]
