"""
How consistent codebases are, question by question. In: installed packages. Out: `mining/conventions/priors.toml`.

Run: python -m benchmarks.priors. For each convention that is not mined, the share of places that follow each package's
own habit is taken, and a Beta distribution fitted to the shares by their moments, worth twenty places at most. Small
repositories borrow it (`mining/learn.py`). All packages have a licence that permits this (MIT, BSD, Apache, ISC), and
none of them is one that `benchmarks/conventions` judges.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from idiolect.mining.conventions import FileTally, collect_conventions, tally_source
from idiolect.mining.conventions.convention import Convention
from idiolect.mining.languages import language_named
from idiolect.mining.learn import Files, Place, count_answers, find_copies, first_choice, weigh
from idiolect.mining.skips import content_reason
from idiolect.mining.source import UndecodableError, parse_source

PACKAGES = (
    "accelerate", "bm25s", "charset_normalizer", "coverage", "dask", "datasets", "dateutil", "dill", "distributed",
    "filelock", "fixit", "fsspec", "griffe", "h11", "huggingface_hub", "identify", "idna", "jsonschema", "libcst",
    "markdown_it", "platformdirs", "pre_commit", "psutil", "pydantic", "referencing", "requests", "ruamel.yaml",
    "selenium", "tensorboardX", "toolz", "tornado", "trio", "trl", "typer", "urllib3", "virtualenv", "websocket",
    "yaml", "zict",
)  # fmt: skip
TARGET = Path(__file__).parent.parent / "mining/conventions/priors.toml"
SEED = 20_261
MOST_FILES = 150
LEAST_PLACES, LEAST_PACKAGES = 30, 8
MOST_WEIGHT = 20.0
TOP = 0.995
"""The highest mean that so few packages can show."""


def main() -> None:
    """Fit every convention and write the table."""
    shares: defaultdict[str, list[float]] = defaultdict(list)
    read: list[str] = []
    for name in PACKAGES:
        tallies = list(tally_package(name))
        if not tallies:
            print(f"{name} is not installed: left out", file=sys.stderr)
            continue
        read.append(f"{name} {version_of(name)}")
        for convention, share in shares_in(tallies):
            shares[convention].append(share)
    rows = [
        f"{name} = {{ a = {a}, b = {b}, packages = {len(shares[name])} }}"
        for name in sorted(shares)
        if len(shares[name]) >= LEAST_PACKAGES
        for a, b in [fit_beta(shares[name])]
    ]
    lines = [
        "# How consistent codebases are about each convention: Beta(a, b), fitted by `python -m benchmarks.priors` on",
        *(f"# {line}" for line in wrap(read)),
        "",
        *rows,
    ]
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


def tally_package(name: str) -> Iterator[FileTally]:
    """Yield the answers of a seeded sample of an installed package's files."""
    found = importlib.util.find_spec(name)
    root = Path(next(iter(found.submodule_search_locations))) if found and found.submodule_search_locations else None
    files = sorted(root.rglob("*.py")) if root is not None else []
    random.Random(f"{SEED} {name}").shuffle(files)
    for file in sorted(files[:MOST_FILES]):
        data = file.read_bytes()
        if root is None or content_reason(data) or "_vendor" in file.parts:
            continue
        try:
            yield tally_source(
                parse_source(f"{name}/{file.relative_to(root).as_posix()}", data, language_named("python"))
            )
        except UndecodableError:
            continue


def shares_in(tallies: list[FileTally]) -> Iterator[tuple[str, float]]:
    """Yield (convention, share of its places that follow the package's habit), for habits that may be enforced."""
    places: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
    about = Files({}, find_copies(tallies))
    for tally in tallies:
        for question, place in count_answers(tally, tally.opportunities, tally.texts, about):
            places[question].append(place)
    for convention in filter(takes_prior, collect_conventions()):
        for (name, _), found in sorted(places.items()):
            if name == convention.id:
                votes, _ = weigh(convention, found)
                habit, total = first_choice(votes), sum(votes.values())
                if total >= LEAST_PLACES and habit not in convention.never:
                    yield name, votes[habit] / total


def takes_prior(convention: Convention) -> bool:
    """Claim that a convention asks the same question of every codebase."""
    return not convention.is_mined and not convention.is_neutral


def fit_beta(shares: list[float]) -> tuple[float, float]:
    """Return the Beta distribution with the mean of *shares* and, up to its greatest weight, their variance."""
    mean = min(statistics.fmean(shares), TOP)
    variance = statistics.pvariance(shares)
    weight = min(MOST_WEIGHT, mean * (1 - mean) / variance - 1) if variance > 0 else MOST_WEIGHT
    weight = max(weight, 1.0)
    return round(weight * mean, 2), round(weight * (1 - mean), 2)


def version_of(name: str) -> str:
    """Return the version of the distribution that holds a package."""
    owners = importlib.metadata.packages_distributions().get(name.partition(".")[0], [name])
    return importlib.metadata.version(owners[0])


def wrap(names: list[str]) -> list[str]:
    """Return *names* in lines of a comment."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 110:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{name}"
    return lines


if __name__ == "__main__":
    main()
