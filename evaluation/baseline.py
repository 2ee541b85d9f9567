"""
The accepted past. In: findings. Out: JSON lines of path, rule, scope, snippet and count, without a line number.

A baseline only shrinks unless it is told otherwise; what is in it and no longer found is reported, and pruned on wish.
"""

from __future__ import annotations

import json
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

from ..mining.artefacts import parse_json
from ..mining.errors import InputError
from .identity import NO_NAMES, Defined, Key

SCHEMA = "idiolect.baseline/1"
FILE = ".idiolect-baseline.jsonl"
"""Where a baseline stands unless it is named, at the top of the repository."""

Baseline = Mapping[Key, int]
NOTHING: Baseline = MappingProxyType({})
"""A past in which all was well."""


class Matched(NamedTuple):
    """
    What a baseline knows of some findings.
    """

    accepted: list[bool]
    """One a key, in their order."""
    left: Counter[Key]
    """What it holds beyond them: debts that look paid."""


def match_baseline(
    baseline: Baseline,
    keys: Sequence[Key],
    renamed: Mapping[str, str],
    listed: Iterable[str],
    defined: Callable[[str], Defined] = lambda _: NO_NAMES,
) -> Matched:
    """
    Return which of *keys* the baseline holds, each as often as it is counted there.

    *renamed* gives the earlier path of a file; entries of files that are not *listed* any more match a file of any path
    when all else is equal, so that a rename that git does not tell of costs nothing. What is left is matched by what
    the file at a path has *defined*: an entry whose definition is gone from it may have been that of a new name.
    """
    left = Counter(dict(baseline))
    present = set(listed)
    gone: dict[tuple[str, str, str], list[Key]] = {}
    for key in sorted(left):
        if key.path not in present:
            gone.setdefault(key[1:], []).append(key)
    accepted: list[bool] = []
    for key in keys:
        earlier = key._replace(path=renamed.get(key.path, key.path))
        candidates = [key, earlier, *nearest_first(gone.get(key[1:], []), key.path)]
        found = next((each for each in candidates if left[each] > 0), None)
        accepted.append(found is not None)
        if found is not None:
            left[found] -= 1
    for place in match_renamed(left, keys, accepted, renamed, present, defined):
        accepted[place] = True
    return Matched(accepted, +left)


def match_renamed(
    left: Counter[Key],
    keys: Sequence[Key],
    accepted: Sequence[bool],
    renamed: Mapping[str, str],
    present: Set[str],
    defined: Callable[[str], Defined],
) -> Iterator[int]:
    """
    Yield the places of *keys* that no entry *accepted* and that one which is *left* may be of; it is used up.

    A class may be renamed with its file: entries of files that are not *present* match by what its members are called.
    """
    entries: dict[tuple[str, str], list[Key]] = {}
    members: dict[tuple[str, str, str], list[Key]] = {}
    for entry in sorted(+left):
        entries.setdefault((entry.path, entry.rule), []).append(entry)
        if entry.path not in present and (member := member_of(entry)):
            members.setdefault((entry.rule, entry.snippet, member), []).append(entry)
    for place, key in enumerate(keys):
        if accepted[place]:
            continue
        candidates = entries.get((renamed.get(key.path, key.path), key.rule), [])
        moved = members.get((key.rule, key.snippet, member_of(key)), [])
        names = defined(key.path) if candidates or moved else NO_NAMES
        likely = [*candidates, *nearest_first(moved, key.path)]
        found = next((entry for entry in likely if left[entry] > 0 and was_of(entry, key, names)), None)
        if found is not None:
            left[found] -= 1
            yield place


def was_of(entry: Key, key: Key, names: Defined) -> bool:
    """Claim that *entry* may have been that of *key* before a definition was renamed, of what its file *names* now."""
    if entry.snippet == key.snippet:
        return bool(names.symbols) and bool(entry.scope) and entry.scope not in names.symbols
    # the name itself is marked, as where documentation is missing
    is_own = key.snippet in names.snippets and entry.snippet not in names.snippets
    return is_own and entry.scope == key.scope


def member_of(key: Key) -> str:
    """Return what the member of a class is called that *key* stands in; nothing outside of classes."""
    _, dot, name = key.scope.rpartition(".")
    return name if dot else ""


def nearest_first(keys: Iterable[Key], path: str) -> list[Key]:
    """Return *keys* with those of the same file name first."""
    name = PurePosixPath(path).name
    return sorted(keys, key=lambda key: (PurePosixPath(key.path).name != name, key.path))


def write_baseline(baseline: Baseline) -> str:
    """Return the text of a baseline, sorted, so that a merge of two is a merge of lines."""
    rows = [
        {"schema": SCHEMA},
        *({**key._asdict(), "count": baseline[key]} for key in sorted(baseline) if baseline[key]),
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_baseline(data: bytes, name: str) -> Counter[Key]:
    """Return the baseline in *data*; raises `InputError`, with the line, where it is none."""
    found: Counter[Key] = Counter()
    # JSON lets signs stand that `splitlines` takes for line ends
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row: dict[str, Any] = parse_json(line)
            if "schema" in row:
                if row["schema"] != SCHEMA:
                    raise InputError(
                        f"{name} is written as {row['schema']!r}; this version reads {SCHEMA!r}. Take the version that "
                        "wrote it, or delete the file and make it anew: idiolect baseline create."
                    )
                continue
            key = Key(str(row["path"]), str(row["rule"]), str(row["scope"]), str(row["snippet"]))
            "".join(key).encode("utf-8")  # JSON may name half a character
            found[key] += operator.index(row["count"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(
                f"{name}, line {number} is no entry of a baseline. Make a new one: idiolect baseline create."
            ) from None
    return found
