"""
Are mined rules rules? In: codebases, five folds. Out: which share of them files that were not learned from do not keep.

Many candidates are tried where rules are mined, so that some hold by chance. `mining.learn.control_discoveries` drops
what Benjamini–Hochberg (1995) at 5 % does not let pass, among the candidates that reached a bound. That those were
chosen by their counts first is outside of the theorem: whether 5 % holds all the same is measured here. A rule counts
as false where held-out places keep it less often than is to be expected without a rule, by chance or not, so that what
is measured is rather too much.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.conventions.tally import FileTally
from idiolect.mining.judge import answer_all
from idiolect.mining.learn import DISCOVERY_RATE
from idiolect.mining.profile import Profile

from ..results import make_goal
from . import Measured
from .codebases import Codebase, load_all, load_codebase
from .heldout import FOLDS, learn_folds

MORE = ("huggingface_hub", "pip", "pygments", "setuptools", "sympy")
"""Packages that are there anyway, for mined rules are few."""
LEAST = 5.0
"""The weighted held-out places without which a rule is not judged."""
Rule = tuple[str, str]
"""Its id and its scope."""


def measure() -> Measured:
    """Return, for each codebase, how many mined rules the folds learned, and how many of them were false."""
    codebases = [*load_all(), *map(load_codebase, MORE)]
    rows = [{"codebase": one.name, "version": one.version, **count_false(one)} for one in codebases]
    judged, false = (sum(row[name] for row in rows) for name in ("judged", "false"))
    what = f"mined rules that held-out places do not keep, of {judged} in {len(rows)} codebases times {FOLDS} folds"
    share = false / judged
    return Measured(rows, [make_goal("conventions.2", what, share, f"<= {DISCOVERY_RATE}", share <= DISCOVERY_RATE)])


def count_false(codebase: Codebase) -> Counter[str]:
    """Return how many mined rules the folds of one codebase learned, how many could be judged, and the false ones."""
    counts: Counter[str] = Counter(rules=0, judged=0, false=0)
    for profile, held_out in learn_folds(codebase):
        asked, kept = count_votes(profile, held_out)
        for entry in profile.entries:
            convention, rule = conventions_by_id()[entry.convention], (entry.id, entry.scope)
            if convention.is_mined:
                counts["rules"] += 1
                counts["judged"] += asked[rule] >= LEAST
                counts["false"] += asked[rule] >= LEAST and kept[rule] < convention.null_share * asked[rule]
    return counts


def count_votes(profile: Profile, tallies: Iterable[FileTally]) -> tuple[defaultdict[Rule, float], ...]:
    """Return how many weighted opportunities of *tallies* each rule governs, and how many of them keep it."""
    asked: defaultdict[Rule, float] = defaultdict(float)
    kept: defaultdict[Rule, float] = defaultdict(float)
    for tally in tallies:
        answers = [(entry, found.value) for found, entry in answer_all(tally, profile) if entry is not None]
        times = Counter((entry.id, entry.scope) for entry, _ in answers)
        for entry, value in answers:
            rule = (entry.id, entry.scope)
            weight = min(1.0, conventions_by_id()[entry.convention].file_weight / times[rule])
            asked[rule] += weight
            kept[rule] += weight * (value == entry.value)
    return asked, kept
