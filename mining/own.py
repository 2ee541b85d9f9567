"""
A team's own pairs. In: the JSON Lines files that `add` names. Out: training pairs of origin `own`, checked like ours.

They only ever teach: a probe needs a file of the repository around it. What comes near a held-out answer is dropped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from .artefacts import parse_json
from .errors import SettingsError
from .filters.duplicates import fingerprint, similar_pairs
from .filters.private import what_is_private
from .languages import known_languages
from .pairs.kind import collect_kinds
from .pairs.pair import Pair
from .settings import Settings
from .split import SAME_CLUSTER, Unit
from .yields import hash_of

ORIGIN = "own"
NEEDED = ("instruction", "response")
KNOWN = {*NEEDED, "kind", "context", "language", "symbol"}
LARGEST_FILE = 64 * 1024**2


def read_own_pairs(root: Path, settings: Settings) -> list[Pair]:
    """
    Return the pairs that the settings of *root* add.

    Raises `SettingsError` with every fault of every file, each with the first line that has it.
    """
    faults: list[str] = []
    pairs = [pair for name in settings.add for pair in read_own_file(root, name, faults)]
    if faults:
        raise SettingsError("add", faults)
    return pairs


def read_own_file(root: Path, name: str, faults: list[str]) -> Iterator[Pair]:
    """Yield the pairs of one file, adding what is wrong with it to *faults*."""
    file = root / name
    # the settings come from the mined tree: they must not name a file outside of it
    if "\0" in name or not file.resolve().is_relative_to(root.resolve()) or not file.is_file():
        faults.append(f"{name}: no such file in the repository")
        return
    if file.stat().st_size > LARGEST_FILE:
        faults.append(f"{name}: larger than 64 MB")
        return
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeError):
        faults.append(f"{name}: not readable as UTF-8")
        return
    wrong: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            row, fault = check_row(line)
            if fault:
                wrong[fault].append(number)
            else:
                yield make_own_pair(name, number, row)
    faults += [f"{name}, {told_lines(numbers)}: {fault}" for fault, numbers in wrong.items()]


def told_lines(numbers: Sequence[int]) -> str:
    """Return the first of the lines that share a fault, and how many more there are."""
    return f"line {numbers[0]}" + (f" and {len(numbers) - 1:,} more" if numbers[1:] else "")


def check_row(line: str) -> tuple[Mapping[str, str], str]:
    """Return the row that *line* writes, and what is wrong with it."""
    try:
        row: Any = parse_json(line)
    except (ValueError, RecursionError):
        return {}, "not JSON"
    if not isinstance(row, dict):
        return {}, "not a JSON object"
    table = cast("dict[str, Any]", row)
    if unknown := sorted(set(table) - KNOWN):
        return {}, f"unknown field {unknown[0]!r}, known: {', '.join(sorted(KNOWN))}"
    if wrong := sorted(key for key, value in table.items() if not isinstance(value, str)):
        return {}, f"{wrong[0]} must be a string"
    if any("\ud800" <= sign <= "\udfff" for value in table.values() for sign in value):
        return {}, "half of a surrogate pair stands alone"
    if missing := [key for key in NEEDED if not table.get(key, "").strip()]:
        return {}, f"{missing[0]} is missing or empty"
    if table.get("kind", "implement") not in collect_kinds():
        return {}, f"no pair kind {table['kind']!r}, known: {', '.join(collect_kinds())}"
    known = [language.name for language in known_languages()]
    if table.get("language", "python") not in known:
        return {}, f"no language {table['language']!r}, known: {', '.join(known)}"
    return table, ""


def make_own_pair(name: str, number: int, row: Mapping[str, str]) -> Pair:
    """Return the pair of one checked row; its place is that in the team's file."""
    context = row.get("context", "")
    return Pair(
        id=hash_of(ORIGIN, name, row["instruction"], row["response"], context),
        kind=row.get("kind", "implement"),
        language=row.get("language", "python"),
        split="train",
        prompt_id=hash_of(ORIGIN, context),
        context=context,
        instruction=row["instruction"],
        response=row["response"],
        repository=ORIGIN,
        commit="",
        path=name,
        symbol=row.get("symbol", ""),
        start_line=number,
        end_line=number,
        licence=ORIGIN,
        cluster=name,
        quality=1.0,
    )


def own_objections(pairs: Sequence[Pair], held_out: Sequence[Unit]) -> list[str]:
    """Return for each of *pairs* why it cannot be added, or nothing: private, a copy, or close to what is held out."""
    marks = [unit.mark for unit in held_out]
    near: dict[int, str] = {}
    prints = [*marks, *(fingerprint(pair.response) for pair in pairs)]
    for first, second, similarity in similar_pairs(prints, SAME_CLUSTER):
        # of copies, the first alone is compared with what is held out
        if first < len(marks) <= second or (similarity == 1.0 and first - len(marks) in near):
            near[second - len(marks)] = "near_held_out_answer"
    reasons: list[str] = []
    seen: set[str] = set()
    for index, pair in enumerate(pairs):
        private = what_is_private("\n".join((pair.context, pair.instruction, pair.response)))
        reasons.append(private or ("duplicate" if pair.id in seen else near.get(index, "")))
        seen.add(pair.id)
    return reasons
