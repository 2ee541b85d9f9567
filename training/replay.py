"""
What keeps general ability. In: a base and its family. Out: examples of code that is nobody's house style.

Two kinds are mixed into a run: pairs mined from code that the base itself was made of, as far as it lies on this
machine, and answers that the base writes itself before it learns anything. A little of either nearly ends forgetting
(one per cent: Bethune et al., ICML 2025; self-written: arXiv:2605.26097). A third set is never learned from; its loss
tells, at every look, what the run has forgotten so far.
"""

from __future__ import annotations

import math
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..mining.artefacts import sha256_json
from ..mining.languages import language_named
from ..mining.mine_file import pairs_of_source
from ..mining.pairs.pair import Pair
from ..mining.source import UndecodableError, parse_source
from .base import read_manifest
from .encode import Example, as_ids, encode_pair, encode_pairs, encode_text
from .generation import ModelGenerator

if TYPE_CHECKING:
    from ..mining.split import LeakFinder
    from .bases import Base
    from .families import Family

PACKAGES = (
    "asyncio", "collections", "concurrent", "ctypes", "dbm", "email", "encodings", "html", "http", "importlib", "json",
    "logging", "multiprocessing", "sqlite3", "urllib", "wsgiref", "xml", "xmlrpc",
)  # fmt: skip
"""
Packages of the standard library that replay may read; evaluation measures forgetting on others (`general.py`), and
trains a placebo on single modules.
"""
WATCHED_SHARE = 4
"""One file in this many is only watched: what a run forgets is measured on code that it does not repeat."""
REPEATED = 24_576
"""
Answer tokens of general code that a run has at hand. A small corpus takes many passes: the few that each of them
repeats would be learned by heart.
"""
LARGEST = 60_000
READ_ANYWAY = 80
"""Characters that any request has beside its own words."""
OWN_MOST, BATCH = 512, 32
"""Prompts that the base answers itself at most, and how many are offered at a time."""
OWN_TOKENS = 192


class GeneralFile(NamedTuple):
    """
    One file of general code.
    """

    package: str
    path: str
    file: Path


class Taken(NamedTuple):
    """
    What is taken of a file of general code: so many pairs, the first in an order, and how they become ids.
    """

    order: Callable[[Pair], Any]
    each: int
    encode: Callable[[Pair, Family], Example]


def general_files(base: Base) -> Iterator[GeneralFile]:
    """
    Yield the files of general code that lie here, a file of each package in turn, each package's in an order of hashes.

    One large package is not what all code looks like. A base that ships its manifest names its packages; those that are
    installed in the same version are read. Any base has seen the standard library.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    found = [
        GeneralFile("python", file.relative_to(folder).as_posix(), file)
        for package in PACKAGES
        for file in (folder / package).rglob("*.py")
        if "test" not in file.relative_to(folder).as_posix()
    ]
    found += manifest_files(base.folder)
    turns: Counter[str] = Counter()
    keyed: list[tuple[int, GeneralFile]] = []
    for entry in sorted(found, key=lambda entry: sha256_json([entry.package, entry.path])):
        keyed.append((turns[entry.package], entry))
        turns[entry.package] += 1
    return (entry for _, entry in sorted(keyed, key=lambda one: one[0]))


def manifest_files(weights: Path) -> list[GeneralFile]:
    """Return the installed files of the packages that the base in *weights* was made of, in the versions it read."""
    files: list[GeneralFile] = []
    for row in (read_manifest(weights) or {}).get("packages", ()):
        try:
            distribution = metadata.distribution(row["package"])
        except metadata.PackageNotFoundError:
            continue
        if distribution.version != row["version"]:
            continue
        files += [
            GeneralFile(row["package"], str(path), Path(str(distribution.locate_file(path))))
            for path in distribution.files or ()
            if path.suffix == ".py" and "test" not in str(path)
        ]
    return files


def is_watched(entry: GeneralFile) -> bool:
    """Claim that the file is kept for watching."""
    return int(sha256_json([entry.path])[:8], 16) % WATCHED_SHARE == 0


def general_examples(
    files: Iterable[GeneralFile],
    family: Family,
    leaks: LeakFinder,
    *,
    answer_tokens: int,
    max_tokens: int,
    watched: bool,
) -> tuple[Example, ...]:
    """
    Return examples of *files* of general code with *answer_tokens* together.

    What is watched is any two pairs of each file, so that a few thousand tokens see many subjects, and plain text. What
    is repeated has the format of training, and takes the time of what is to be learned: four pairs share a file's
    context, and they are those that ask least. Of code that *leaks* knows nothing is taken: it is the house's own.
    """
    chosen: list[Example] = []
    total = 0
    for examples in draw_examples(files, family, leaks, max_tokens=max_tokens, watched=watched):
        chosen += examples
        total += sum(len(example.answer) for example in examples)
        if total >= answer_tokens:
            break
    return tuple(chosen)


def draw_examples(
    files: Iterable[GeneralFile], family: Family, leaks: LeakFinder, *, max_tokens: int, watched: bool
) -> Iterator[Sequence[Example]]:
    """Yield what `general_examples` takes of each of *files*, which are read one by one as they are asked for."""
    take = Taken(by_chance, 2, encode_text) if watched else Taken(by_density, 4, encode_pair)
    for entry in files:
        if is_watched(entry) is watched:
            yield file_examples(entry, family, leaks, max_tokens, take)


def general_turns(
    files: Iterable[GeneralFile], family: Family, leaks: LeakFinder, *, answer_tokens: int, max_tokens: int, most: int
) -> list[tuple[Example, ...]]:
    """
    Return what each pass over a corpus repeats, in turn: examples of *answer_tokens* (1 or more), others in each turn.

    There are as many turns as make `REPEATED` tokens, and *most* of them at most. Only a first turn may be short, where
    little code lies here.
    """
    rest = iter(files)
    turns: list[tuple[Example, ...]] = []
    while len(turns) < min(most, math.ceil(REPEATED / answer_tokens)):
        turn = general_examples(rest, family, leaks, answer_tokens=answer_tokens, max_tokens=max_tokens, watched=False)
        if turns and sum(len(example.answer) for example in turn) < answer_tokens:
            break
        turns.append(turn)
    return turns


def by_chance(pair: Pair) -> str:
    """Order pairs by a hash."""
    return sha256_json([pair.kind, pair.symbol, pair.response])


def by_density(pair: Pair) -> tuple[float, str]:
    """Order pairs by how much must be read for each character of their answer; equal ones by a hash."""
    return (len(pair.instruction) + READ_ANYWAY) / len(pair.response), by_chance(pair)


def file_examples(
    entry: GeneralFile, family: Family, leaks: LeakFinder, max_tokens: int, take: Taken
) -> Sequence[Example]:
    """Return what is taken of one file, of what fits; nothing where it cannot be read."""
    try:
        data = entry.file.read_bytes()
        if len(data) > LARGEST:
            return ()
        source = parse_source(entry.path, data, language_named("python"))
    except (OSError, UndecodableError):
        return ()
    # what a verdict on forgetting is measured by; holes ask much for what they answer
    drafts = sorted((pair for pair in pairs_of_source(source, ("implement",)) if pair.response), key=take.order)
    pairs = [as_general(pair, entry) for pair in drafts[: 2 * take.each]]
    foreign = [pair for pair, is_leak in zip(pairs, leaks.find_leaks(pairs), strict=True) if not is_leak]
    return encode_pairs(foreign, family, min(max_tokens, 1024), encode=take.encode).examples[: take.each]


def as_general(pair: Pair, entry: GeneralFile) -> Pair:
    """Return *pair* under an id of its own, so that a run's record tells what it learned from."""
    return replace(pair, id="general:" + sha256_json([entry.package, entry.path, pair.kind, pair.response])[:16])


def origin(example: Example) -> str:
    """Return where *example* comes from: `general` code, the base's `own` answers, or, an empty word, the corpus."""
    word = example.id.partition(":")[0]
    return word if word in ("general", "own") else ""


def write_own(generator: ModelGenerator, prompts: Iterable[Example], *, answer_tokens: int, seed: int) -> list[Example]:
    """
    Return what the base answers to *prompts*, drawn from its own chances, until *answer_tokens* are written.

    No more of *prompts* are taken than that needs, and `OWN_MOST` at most. Answers that do not end by themselves are
    left out: they would teach not to stop.
    """
    family, written = generator.family, 0
    examples: list[Example] = []
    offered = iter(prompts)
    for start in range(0, OWN_MOST, BATCH):
        batch = list(islice(offered, BATCH))
        for index, ids in generator.continue_ids(batch, max_tokens=OWN_TOKENS, temperature=1.0, seed=seed + start):
            if ids and ids[-1] in family.stop_ids and len(ids) > 1:
                prompt = batch[index]
                answer = as_ids([*ids[:-1], family.stop_id])
                name = "own:" + sha256_json([prompt.id, np.asarray(answer).tolist()])[:16]
                examples.append(Example(name, prompt.prompt_id, prompt.shared, prompt.ask, answer))
                written += len(answer)
        if written >= answer_tokens or len(batch) < BATCH:
            break
    return examples


def pack_examples(examples: Sequence[Example]) -> list[dict[str, object]]:
    """Return *examples* as JSON has them: a resumed run learns from the same ones."""
    return [
        {
            "id": example.id,
            "prompt_id": example.prompt_id,
            **{name: getattr(example, name).tolist() for name in ("shared", "ask", "answer")},
        }
        for example in examples
    ]


def unpack_examples(rows: Sequence[dict[str, list[int]]]) -> list[Example]:
    """Return what `pack_examples` wrote."""
    return [
        Example(str(row["id"]), str(row["prompt_id"]), *(as_ids(row[name]) for name in ("shared", "ask", "answer")))
        for row in rows
    ]
