"""
What the base reads, as tokens. In: corpus files and a tokenizer. Out: one flat array of token ids, and examples.

`whole` holds files with their paths, some of them turned into fill-in-the-middle documents, at definitions or at random
places. `asked` holds pairs mined from the same files as the trainer's own examples, so that an adapter has something to
stand on: packed as the trainer packs them, a file's context is computed once for several of its answers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...mining.definitions import collect_definitions
from ...mining.languages import language_named
from ...mining.mine_file import pairs_of_source
from ...mining.pairs.pair import Pair
from ...mining.source import parse_source
from ...mining.split import hashed
from ..encode import Example, encode_pairs
from ..families import Family
from ..mix import limit_infill
from .data import CorpusFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIM_WINDOW = 1_000
"""Bytes of a file around the middle of a fill-in-the-middle document: with the middle it must fit into a row."""
ASKED_INFILL = 0.3
"""Most holes among the pairs of a file."""


def whole_tokens(files: list[CorpusFile], family: Family, infill_share: float) -> NDArray[np.uint16]:
    """Return the tokens of *files*, each followed by the stop token; shape (tokens,)."""
    documents: list[NDArray[np.uint16]] = []
    for file in files:
        chance = random.Random(hashed(file.text))
        ids = infill_ids(file, family, chance) if chance.random() < infill_share else family.encode(file.text)
        ids = [*family.file_ids(file.path), *ids, family.stop_id]
        documents.append(np.array(ids, dtype=np.uint16))
    return np.concatenate(documents)


def infill_ids(file: CorpusFile, family: Family, chance: random.Random) -> list[int]:
    """Return a window of *file* as prefix, suffix and middle: half the time a definition's body, else a random cut."""
    source = parse_source(file.path, file.text.encode(), language_named("python"))
    bodies = [definition.code for definition in collect_definitions(source) if definition.code is not None]
    if bodies and chance.random() < 0.5:
        start, end = chance.choice(bodies)
    else:
        start = chance.randrange(len(source.utf8))
        end = min(len(source.utf8), start + chance.randrange(1, 400))
    first, last = max(0, start - FIM_WINDOW // 2), min(len(source.utf8), end + FIM_WINDOW // 2)
    before, middle, after = (
        source.utf8[a:b].decode("utf-8", "ignore") for a, b in ((first, start), (start, end), (end, last))
    )
    assert family.fim is not None
    encode = family.encode
    return [family.fim.prefix, *encode(before), family.fim.suffix, *encode(after), family.fim.middle, *encode(middle)]


def asked_examples(files: list[CorpusFile], family: Family, longest: int) -> list[Example]:
    """Return the pairs mined from *files* that take at most *longest* tokens, file by file."""
    return [example for file in files for example in encode_pairs(asked_pairs(file), family, longest).examples]


def asked_pairs(file: CorpusFile) -> list[Pair]:
    """Return the pairs of *file*, at most `ASKED_INFILL` of them holes."""
    source = parse_source(file.path, file.text.encode(), language_named("python"))
    return limit_infill(list(pairs_of_source(source)), ASKED_INFILL)[0]


def save_examples(examples: Sequence[Example], path: Path) -> None:
    """Write *examples* to *path*, what neighbours share once."""
    pieces: list[NDArray[np.int32]] = []
    lengths = np.zeros((len(examples), 3), np.int64)
    for index, example in enumerate(examples):
        again = index > 0 and examples[index - 1].prompt_id == example.prompt_id
        lengths[index] = (-1 if again else len(example.shared), len(example.ask), len(example.answer))
        pieces += [example.ask, example.answer] if again else [example.shared, example.ask, example.answer]
    np.savez(path, tokens=np.concatenate(pieces).astype(np.uint16), lengths=lengths)


def load_examples(path: Path) -> list[Example]:
    """Return the examples in *path*."""
    with np.load(path) as stored:
        tokens, lengths = stored["tokens"].astype(np.int32), stored["lengths"]
    examples: list[Example] = []
    at = 0
    shared, prompt = tokens[:0], 0
    for index, (before, ask, answer) in enumerate(lengths.tolist()):
        if before >= 0:
            shared, prompt = tokens[at : at + before], index
            at += before
        middle, end = at + ask, at + ask + answer
        examples.append(Example(str(index), str(prompt), shared, tokens[at:middle], tokens[middle:end]))
        at = end
    return examples
