"""
Code from elsewhere. In: a corpus, and what is installed here. Out: pairs to measure forgetting on, pairs for a placebo.

Forgetting is measured on files of idiolect's own dependencies that the embedded base's data leaves out: every
installation has them, so nothing need be shipped, and a loss on them is no memory. The base's own held-out files would
serve too, but they are other packages' code, which does not ship here. A package that the corpus was mined from is left
out. Base and tuned model are always asked about the same texts; their ids, which are hashes, stand in `losses.jsonl`.
"""

from __future__ import annotations

import importlib.util
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from ..mining.artefacts import sha256_json
from ..mining.corpus import Corpus
from ..mining.definitions import collect_definitions
from ..mining.languages import language_named
from ..mining.pairs.implement import draft_implement
from ..mining.pairs.kind import MinedFile
from ..mining.pairs.pair import Pair
from ..mining.skeleton import render_skeleton
from ..mining.source import parse_source
from ..mining.split import SPLITS
from ..mining.yields import FileYield, make_pair

PACKAGES = ("bm25s", "click", "filelock", "jinja2", "networkx", "pathspec", "rich", "torch", "tqdm")
"""None of them is in `training/base/packages.toml`; those not installed are left out."""
FILES = 12
"""Files a package: many files say more than many functions of one."""
EACH = 2
"""Functions a file."""
LARGEST = 60_000
"""Bytes; a larger file's skeleton alone would fill a small model's context."""
COPIES = 3
"""Of a package's pairs found in the corpus, more than so many mean that the corpus is this package's."""


def collect_general(corpus: Corpus) -> list[Pair]:
    """Return the general pairs, each file a cluster of its own, without the packages that *corpus* was mined from."""
    own = {pair.response for split in SPLITS for pair in corpus.pairs(split)}
    pairs: list[Pair] = []
    for package in PACKAGES:
        found = read_package(package)
        if sum(pair.response in own for pair in found) <= COPIES:
            pairs += [pair for pair in found if pair.response not in own]
    return pairs


@cache
def read_package(package: str) -> tuple[Pair, ...]:
    """Return the pairs of an installed package, which does not change while a process runs."""
    return tuple(pair for file in choose_files(package) for pair in read_file(package, file))


def choose_files(package: str) -> list[Path]:
    """Return some files of an installed package, by the hash of their names; nothing where it is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return []
    root = Path(found.submodule_search_locations[0])
    names = sorted(
        (path.relative_to(root).as_posix() for path in root.rglob("*.py") if not path.name.startswith("__")),
        key=lambda name: sha256_json([package, name]),
    )
    chosen: list[Path] = []
    for name in names:
        if len(chosen) == FILES:
            break
        if (root / name).stat().st_size <= LARGEST and b"def " in (root / name).read_bytes():
            chosen.append(root / name)
    return chosen


def read_file(package: str, file: Path, each: int | None = EACH) -> Iterator[Pair]:
    """Yield the first *each* `implement` pairs of one file, by the hash of their names."""
    name = f"{package}/{file.name}"
    source = parse_source(name, file.read_bytes(), language_named("python"))
    definitions = collect_definitions(source)
    mined = MinedFile(source, definitions, render_skeleton(source, definitions))
    given = FileYield(name, "python", skeleton=mined.skeleton)
    drafts = sorted(draft_implement(mined), key=lambda draft: sha256_json([name, draft.symbol]))
    for draft in drafts[:each]:
        pair = make_pair(given, draft, repository=package, commit="", licence="")
        digest = sha256_json([name, draft.symbol, draft.instruction, draft.response])[:16]
        cluster = f"{name} {sha256_json(mined.skeleton)[:8]}"
        yield replace(pair, id=digest, split="general", prompt_id=name, cluster=cluster)


def collect_placebo(count: int) -> list[Pair]:
    """
    Return *count* pairs of another codebase: the standard library of the running Python.

    What an adapter trained on them gains is what learning the form of an answer is worth, not this codebase.
    """
    pairs: list[Pair] = []
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        pairs.extend(replace(pair, split="train") for pair in read_file("lib", file, each=None))
        if len(pairs) >= count:
            break
    return pairs[:count]
