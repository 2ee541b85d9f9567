"""
Goal 6: what would have been said of commits that people merged? In: public histories. Out: shares of commits flagged.

HISTORIES names a folder of public repositories, OWNER+NAME/repo or OWNER+NAME, bare or not. For the last 150 commits
of each that touch Python, along first parents, the profile is relearned from the parent every 15 commits and asked of
the added lines alone. All of that code was reviewed and merged, so what is flagged is an upper bound on what
is flagged wrongly. What a configured formatter owns is nobody else's to judge, and left out of the governed shares.
Thresholds were fixed on the first half of the histories; the other half was measured once they were. Of histories in
other languages all files are asked but those of Python; nobody had looked at these before they were first measured.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from idiolect.mining.conventions.tally import FileTally, tally_source
from idiolect.mining.difference import compare_commits
from idiolect.mining.git import git_output
from idiolect.mining.judge import answer_all, judge_source
from idiolect.mining.languages import language_of
from idiolect.mining.learn import learn_profile
from idiolect.mining.owners import may_set_up, owners_of
from idiolect.mining.profile import Profile
from idiolect.mining.recency import recent_lines
from idiolect.mining.skips import content_reason, name_reason
from idiolect.mining.source import Source, UndecodableError, parse_source
from idiolect.mining.tiers import ENFORCED, tiers_from

from ..results import make_goal
from . import Measured

VARIABLE = "HISTORIES"
DEVELOPMENT, HELD_OUT, OTHERS = "development", "held out", "other languages"
HALVES = {
    DEVELOPMENT: (
        "pallets/flask", "encode/httpx", "scrapy/scrapy", "akaihola/darker", "Bachmann1234/diff_cover", "tox-dev/tox",
    ),
    HELD_OUT: (
        "hynek/structlog", "pypa/packaging", "encode/starlette", "python-attrs/attrs", "pytest-dev/pluggy",
        "pallets/jinja",
    ),
    OTHERS: (
        "spf13/viper", "hashicorp/consul-template", "tokio-rs/tracing", "colinhacks/zod", "apache/commons-lang",
        "square/retrofit", "DapperLib/Dapper", "Seldaek/monolog",
    ),
}  # fmt: skip
PYTHON = "python"
COMMITS, RELEARN = 150, 15


# eq=False: compared by identity, because of its caches
@dataclass(frozen=True, eq=False)
class History:
    """
    One repository's past.
    """

    name: str
    root: Path
    is_python: bool
    """Whether its files of Python are asked, or all others."""
    tallies: dict[tuple[str, str], FileTally | None] = field(default_factory=dict)
    """The answers of files, by content and path: most stay from one commit to the next."""

    def git(self, *arguments: str) -> bytes:
        """Return what git says."""
        said = git_output(self.root, *arguments)
        assert said is not None, (self.name, arguments)
        return said

    def commits(self) -> list[str]:
        """Return the last commits that touch what is asked, the oldest first."""
        paths = "*.py" if self.is_python else ":!*.py"
        listed = self.git("rev-list", "--first-parent", f"-n{COMMITS}", "HEAD", "--", paths).decode().split()
        return [commit for commit in reversed(listed) if git_output(self.root, "rev-parse", "--verify", f"{commit}^")]

    def read(self, blobs: list[str]) -> Iterator[bytes]:
        """Yield the contents of *blobs*."""
        done = subprocess.run(
            ["git", "-C", str(self.root), "cat-file", "--batch"],
            input="\n".join(blobs).encode(), capture_output=True, check=True,
        ).stdout  # fmt: skip
        place = 0
        for _ in blobs:
            end = done.index(b"\n", place)
            size = int(done[place:end].split()[2])
            yield done[end + 1 : end + 1 + size]
            place = end + size + 2

    def governs(self, path: str) -> bool:
        """Claim that *path* is code that is asked, which the repository writes itself."""
        language = language_of(path)
        is_asked = language is not None and (language.name == PYTHON) == self.is_python
        return is_asked and not name_reason(path)

    def learn(self, commit: str) -> Profile:
        """Return the profile at *commit*."""
        listed = [row.partition("\t") for row in self.git("ls-tree", "-r", "-z", commit).decode().split("\0") if row]
        files = [(path, head.split()[2]) for head, _, path in listed if head.startswith("100") and self.governs(path)]
        missing = [(path, blob) for path, blob in files if (blob, path) not in self.tallies]
        for (path, blob), data in zip(missing, self.read([blob for _, blob in missing]), strict=True):
            source = read(path, data)
            self.tallies[blob, path] = None if source is None else tally_source(source)
        known = [tally for path, blob in files if (tally := self.tallies[blob, path]) is not None]
        setups = [(path, head.split()[2]) for head, _, path in listed if head.startswith("100") and may_set_up(path)]
        texts = self.read([blob for _, blob in setups])
        owners = owners_of((path, text) for (path, _), text in zip(setups, texts, strict=True))
        return learn_profile(known, recent=recent_lines(self.root, commit), owners=owners)


def read(path: str, data: bytes) -> Source | None:
    """Return the parsed file, or None when it is generated or no text."""
    language = language_of(path, data=data)
    if language is None or content_reason(data, path):
        return None
    try:
        return parse_source(path, data, language)
    except UndecodableError:
        return None


def measure() -> Measured:
    """Return the shares of commits flagged, of alerts and of governed opportunities, on all histories."""
    folder = os.environ.get(VARIABLE, "")
    rows = [row for half in HALVES for row in measure_half(Path(folder), half)] if folder else []
    held_out = [row for row in rows if row["half"] == HELD_OUT]
    others = [row for row in rows if row["half"] == OTHERS]
    goals: list[dict[str, Any]] = []
    for tier, most, least in (("gate", 0.01, 0.35), ("advise", 0.05, 0.50)):
        if not held_out:
            reason = f"no public histories: set {VARIABLE} to a folder of clones"
            goals.append(
                make_goal("conventions.6", f"commits flagged at {tier}", None, f"<= {most}", None, reason=reason)
            )
            continue
        commits = sum(row["commits"] for row in held_out)
        flagged = sum(row[f"{tier} flagged"] for row in held_out) / commits
        governed = sum(row[f"{tier} governed"] for row in held_out) / len(held_out)
        what = f"{commits} later commits of {len(held_out)} histories flagged at {tier}"
        goals.append(make_goal("conventions.6", what, flagged, f"<= {most}", flagged <= most))
        what = f"opportunities on added lines governed at {tier}, mean of histories, formatters' left out"
        goals.append(make_goal("conventions.6", what, governed, f">= {least}", governed >= least))
        if others:
            commits = sum(row["commits"] for row in others)
            flagged = sum(row[f"{tier} flagged"] for row in others) / commits
            what = f"{commits} later commits of {len(others)} histories in other languages flagged at {tier}"
            goals.append(make_goal("conventions.6", what, flagged, f"<= {most}", flagged <= most))
    return Measured(rows, goals)


def measure_half(folder: Path, half: str) -> Iterator[dict[str, Any]]:
    """Yield the row of every history of one half that is there."""
    for name in HALVES[half]:
        root = folder / name.replace("/", "+")
        root = root / "repo" if (root / "repo").is_dir() else root
        if root.is_dir():
            with TemporaryDirectory() as work:
                # the product reads work trees alone; a shared clone is one, and copies nothing
                clone = ["git", "clone", "--quiet", "--shared", "--no-checkout", str(root), work]
                subprocess.run(clone, check=True, capture_output=True)
                yield {"half": half, **replay(History(name, Path(work), is_python=half != OTHERS))}


def replay(history: History) -> dict[str, Any]:
    """Return what would have been said of the last commits of one history."""
    counts: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    profile: Profile | None = None
    commits = history.commits()
    enforced: list[int] = []
    for number, commit in enumerate(commits):
        if number % RELEARN == 0 or profile is None:
            profile = history.learn(f"{commit}^")
            enforced.append(sum(e.tier in ENFORCED and e.scope == "repository" for e in profile.entries))
        flagged = judge_commit(history, commit, profile, counts, rules)
        for tier in ENFORCED:
            counts[f"{tier} flagged"] += any(found in tiers_from(tier) for found in flagged)
    whole = max(1, counts["opportunities"])
    return {
        "history": history.name,
        "from": commits[0],
        "to": commits[-1],
        "commits": len(commits),
        "rules": sum(enforced) / len(enforced),
        "added lines": counts["lines"],
        **{f"{tier} flagged": counts[f"{tier} flagged"] for tier in ENFORCED},
        **{f"{t} alerts a 1,000 lines": per_thousand(counts[f"{t} alerts"], counts["lines"]) for t in ENFORCED},
        **{f"{tier} governed": counts[f"{tier} governed"] / whole for tier in ENFORCED},
        "left to a formatter": counts["owned"] / max(1, counts["owned"] + counts["opportunities"]),
        "alerts by rule": ", ".join(f"{rule} {count}" for rule, count in rules.most_common(6)),
    }  # fmt: skip


def per_thousand(count: int, lines: int) -> float:
    """Return *count* for every thousand lines."""
    return round(1_000 * count / max(1, lines), 3)


def judge_commit(
    history: History, commit: str, profile: Profile, counts: Counter[str], rules: Counter[str]
) -> list[str]:
    """Return the tiers of the findings on the lines that *commit* added."""
    difference = compare_commits(history.root, f"{commit}^", commit)
    assert difference is not None, (history.name, commit)
    tiers: list[str] = []
    for path, lines in difference.added.items():
        data = git_output(history.root, "show", f"{commit}:{path}") if history.governs(path) else None
        source = read(path, data) if data is not None else None
        if source is None:
            continue
        counts["lines"] += len(lines)
        for found, entry in answer_all(tally_source(source), profile):
            if found.line in lines:
                counts["owned" if entry is not None and entry.owner else "opportunities"] += 1
                for tier in ENFORCED:
                    counts[f"{tier} governed"] += entry is not None and entry.tier in tiers_from(tier)
        for finding in judge_source(source, profile).findings:
            if finding.line in lines and finding.entry.tier in ENFORCED:
                tiers.append(finding.entry.tier)
                rules[f"{finding.entry.id} {finding.entry.tier}"] += 1
                for tier in ENFORCED:
                    counts[f"{tier} alerts"] += finding.entry.tier in tiers_from(tier)
                if os.environ.get("SHOW"):
                    print(history.name, commit[:10], path, finding.line, finding.entry.id, finding.entry.tier,
                          finding.entry.scope, finding.entry.k, finding.entry.n, finding.message)  # fmt: skip
    return tiers
