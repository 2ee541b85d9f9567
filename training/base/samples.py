"""
What the base reads, as tokens. In: corpus files and a tokenizer. Out: two flat arrays of token ids.

`whole` holds files with their paths, some of them turned into fill-in-the-middle documents, at definitions or at random
places. `asked` holds pairs mined from the same files, in exactly the trainer's formats, with the stop token, so
that an adapter has something to stand on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...mining.definitions import collect_definitions
from ...mining.languages import language_named
from ...mining.mine import pairs_of_source
from ...mining.source import Source, parse_source
from ..families import Family
from .data import CorpusFile, digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIM_WINDOW = 1_000
"""Bytes of a file around the middle of a fill-in-the-middle document: with the middle it must fit into a row."""
ASKED_PAIRS = 6
"""Pairs of one file that are read: each repeats the file's context, so more of them would teach contexts by heart."""


def whole_tokens(files: list[CorpusFile], family: Family, infill_share: float) -> NDArray[np.uint16]:
    """Return the tokens of *files*, each followed by the stop token; shape (tokens,)."""
    documents: list[NDArray[np.uint16]] = []
    for file in files:
        chance = random.Random(digest(file.text))
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


def asked_tokens(files: list[CorpusFile], family: Family) -> NDArray[np.uint16]:
    """Return the tokens of the pairs mined from *files*, in the trainer's formats; shape (tokens,)."""
    documents: list[NDArray[np.uint16]] = []
    for file in files:
        for kind, context, instruction, response in asked_pairs(file):
            prompt = family.prompt_ids(kind, file.path, "python", context, instruction)
            ids = [*prompt.shared, *prompt.ask, *family.answer_ids(response, kind)]
            documents.append(np.array(ids, dtype=np.uint16))
    return np.concatenate(documents)


def asked_pairs(file: CorpusFile) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, context, instruction and response of some pairs of *file*."""
    source: Source = parse_source(file.path, file.text.encode(), language_named("python"))
    pairs = list(pairs_of_source(source))
    random.Random(digest(file.path)).shuffle(pairs)
    for pair in pairs[:ASKED_PAIRS]:
        yield pair.kind, pair.context, pair.instruction, pair.response
