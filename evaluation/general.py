"""
General code, to see what an adapter forgets. In: the running Python's standard library. Out: pairs nobody tunes on.

Modules of many subjects, a few documented functions of each, the same list everywhere. The texts follow the running
Python's version; base and tuned model are always asked about the same ones, and `run.json` holds their hash.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..mining.artefacts import sha256_json
from ..mining.definitions import collect_definitions
from ..mining.languages import language_named
from ..mining.pairs.implement import draft_implement
from ..mining.pairs.kind import MinedFile
from ..mining.pairs.pair import Pair
from ..mining.skeleton import render_skeleton
from ..mining.source import parse_source

MODULES = (
    "bisect", "calendar", "cmd", "codeop", "colorsys", "configparser", "csv", "difflib", "filecmp", "fnmatch",
    "fractions", "ftplib", "getopt", "gettext", "heapq", "imaplib", "linecache", "mimetypes", "netrc", "numbers",
    "pprint", "queue", "random", "reprlib", "sched", "shlex", "smtplib", "statistics", "string", "textwrap",
    "timeit", "tokenize", "trace", "wave", "zipfile",
)  # fmt: skip
EACH = 3
"""Functions a module: many modules say more than many functions of one."""


def collect_general() -> list[Pair]:
    """Return the general pairs, each module a cluster of its own."""
    folder = Path(sysconfig.get_path("stdlib"))
    pairs: list[Pair] = []
    for module in MODULES:
        for file in (folder / f"{module}.py", folder / module / "__init__.py"):
            if file.is_file():
                pairs.extend(read_module(module, file))
    return pairs


def read_module(module: str, file: Path, each: int | None = EACH) -> Iterator[Pair]:
    """Yield the first *each* `implement` pairs of one module, by the hash of their names."""
    source = parse_source(f"{module}.py", file.read_bytes(), language_named("python"))
    definitions = collect_definitions(source)
    mined = MinedFile(source, definitions, render_skeleton(source, definitions))
    drafts = sorted(draft_implement(mined), key=lambda draft: sha256_json([module, draft.symbol]))
    for draft in drafts[:each]:
        pair = Pair(
            id="",
            kind="implement",
            language="python",
            split="general",
            prompt_id=module,
            context=mined.skeleton,
            instruction=draft.instruction,
            response=draft.response,
            repository="the standard library",
            commit="",
            path=source.path,
            symbol=draft.symbol,
            start_line=draft.start_line,
            end_line=draft.end_line,
            licence="PSF-2.0",
            cluster=module,
            quality=draft.quality,
        )
        yield replace(pair, id=sha256_json([pair.path, pair.symbol, pair.instruction, pair.response])[:16])


def collect_placebo(count: int) -> list[Pair]:
    """
    Return *count* pairs of another codebase: the standard library without the modules that measure forgetting.

    What an adapter trained on them gains is what learning the form of an answer is worth, not this codebase.
    """
    pairs: list[Pair] = []
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        if file.stem not in MODULES:
            pairs.extend(replace(pair, split="train") for pair in read_module(file.stem, file, each=None))
        if len(pairs) >= count:
            break
    return pairs[:count]
