"""
What a team sets by hand. In: `[tool.idiolect]` of pyproject.toml, or idiolect.toml. Out: `Settings`, checked.

All faults of a file are reported at once. Settings that run code are honoured only from `--language FILE`; found here,
they are ignored, and `Settings.ignored` says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from . import attributes
from .artefacts import parse_toml, sha256_json
from .errors import SettingsError
from .overrides import Override, check_overrides
from .patterns import is_pattern
from .reading import read_start
from .repository import list_files
from .wording import as_written

FILES = ("idiolect.toml", "pyproject.toml")
"""Where settings stand, in one of them."""
TABLE = re.compile(rb"^[ \t]*\[+[ \t]*tool[ \t]*\.[ \t]*idiolect\b", re.MULTILINE)
"""What opens settings in the second."""
LARGEST_FILE = 1_000_000
MOST_DOTS = 1_000
"""In one line: a key of that many parts would take minutes to read, and nobody writes one."""
KEYS = ("add", "conventions", "drop", "exclude", "licences", "policy")
RUNS_CODE = ("language", "plugins", "check")
POLICY: Mapping[str, tuple[float, float]] = {
    "forgetting_margin": (0, 1),
    "minimum_gain": (0.001, 1),  # no number of probes can show a gain of 0
    "reference_floor": (0, 1),
    "slice_margin": (0, 1),
    "rival_margin": (0, 1),
    "undecided_ceiling": (0, 1),
    "volume": (0, 1e12),
}
"""The verdict's margins, and what each may be; what they mean stands in `evaluation/verdict.py`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    A repository's settings, resolved.
    """

    exclude: tuple[str, ...] = ()
    """Patterns in gitignore's form, relative to the repository."""
    conventions: Mapping[str, Override] = field(default_factory=dict[str, Override])
    """Overrides by convention id."""
    drop: tuple[str, ...] = ()
    """Pair ids, or path patterns, that `mine` leaves out."""
    add: tuple[str, ...] = ()
    """Files of the team's own pairs, relative to the repository."""
    licences: tuple[str, ...] = ()
    """Licences that files may be under beside the repository's own."""
    policy: Mapping[str, float] = field(default_factory=dict[str, float])
    """The verdict's margins; see docs/verdict.md."""
    marks: tuple[attributes.Mark, ...] = ()
    """What `.gitattributes` says is generated or vendored."""
    ignored: tuple[str, ...] = ()
    """Tables that would run code and were found in the mined tree."""

    @property
    def sha256(self) -> str:
        """The hash of everything that changes a result."""
        return sha256_json(asdict(self))


def read_settings(repository: Path) -> Settings:
    """
    Return the settings of *repository*, or the defaults when it has none.

    Raises `SettingsError` with every fault of the file.
    """
    marking = attributes.attribute_files(list_files(repository.resolve()))
    return settings_of(read_stated(repository) | contents_of(marking, partial(read_start, repository)))


def read_stated(repository: Path) -> dict[str, bytes]:
    """
    Return what stands in idiolect's own settings, by the name of the file.

    Raises `SettingsError` where `idiolect.toml` is a link, which is not followed, or a folder: they would count for
    nothing.
    """
    alone = repository / FILES[0]
    if alone.is_symlink() or (alone.exists() and not alone.is_file()):
        raise SettingsError(alone.name, ["a link, a folder or a pipe is not read: put a plain file in its place"])
    return contents_of(FILES, lambda name: read_plain(repository / name))


def contents_of(names: Iterable[str], read: Callable[[str], bytes | None]) -> dict[str, bytes]:
    """Return what *read* finds under each of *names*, without those that there are not."""
    found = ((name, read(name)) for name in names)
    return {name: data for name, data in found if data is not None}


def read_together(repositories: Sequence[Path]) -> list[Settings]:
    """
    Return the settings of *repositories* that are mined into one corpus: what one says of a convention holds for all.

    Raises `SettingsError` with every convention of which two say different things.
    """
    found = [read_settings(root) for root in repositories]
    joined: dict[str, Override] = {}
    faults: list[str] = []
    for rule, override in (row for own in found for row in own.conventions.items()):
        if replace(joined.setdefault(rule, override), reason=override.reason) != override:
            faults.append(f"conventions.{rule} is set in two ways: set it alike, or mine them apart")
    if faults:
        raise SettingsError("settings of repositories that are mined together", faults)
    return [replace(own, conventions=joined) for own in found]


def settings_of(files: Mapping[str, bytes]) -> Settings:
    """Return the settings in *files*, by name, at a commit for instance, or the defaults."""
    return replace(stated_settings(files), marks=attributes.read_marks(files))


def judging_files(names: Iterable[str]) -> list[str]:
    """Return the files that may hold settings where there are those of *names*."""
    return [*FILES, *attributes.attribute_files(names)]


def stated_settings(files: Mapping[str, bytes]) -> Settings:
    """Return what idiolect's own settings say, or the defaults."""
    alone, shared = FILES
    own, project = files.get(alone), files.get(shared)
    if own is not None:
        if project is not None and TABLE.search(project):
            raise SettingsError(alone, [f"{shared} has [tool.idiolect], too: keep one of them"])
        return check_settings(alone, read_table(alone, own))
    if project is not None:
        tool: Any = read_table(shared, project).get("tool", {})
        table: Any = tool.get("idiolect", {}) if isinstance(tool, dict) else tool  # type: ignore[reportUnknownMemberType]
        if not isinstance(table, dict):
            raise SettingsError("pyproject.toml", [f"tool.idiolect must be a table, got {as_written(table)}"])
        return check_settings("pyproject.toml [tool.idiolect]", table)  # pyright: ignore[reportUnknownArgumentType] - TOML
    return Settings()


def read_table(name: str, data: bytes) -> dict[str, Any]:
    """Return the tables in *data*."""
    if len(data) > LARGEST_FILE:
        raise SettingsError(name, ["larger than 1 MB"])
    if any(line.count(b".") > MOST_DOTS for line in data.split(b"\n")):
        raise SettingsError(name, [f"more than {MOST_DOTS:,} dots in a line"])
    try:
        return parse_toml(data.decode("utf-8"))
    except ValueError as error:
        raise SettingsError(name, [f"not TOML: {error}"]) from None


def read_plain(file: Path) -> bytes | None:
    """Return the bytes of a plain file, one more than the largest at most, or None where there is none."""
    if file.is_symlink() or not file.is_file():
        return None
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise SettingsError(file.name, [f"not readable: {error.strerror}"]) from None


def check_settings(name: str, table: Mapping[str, Any]) -> Settings:
    """Return the settings that *table* writes, or raise all its faults at once."""
    faults: list[str] = []
    values: dict[str, Any] = {}
    for key in ("exclude", "drop", "add", "licences"):
        given = table.get(key, [])
        if isinstance(given, list) and all(isinstance(entry, str) for entry in given):  # type: ignore[reportUnknownVariableType]
            values[key] = tuple(given)  # type: ignore[reportUnknownArgumentType]
        else:
            faults.append(f"{key} must be a list of strings, got {as_written(given)}")
    patterns = (pattern for key in ("exclude", "drop") for pattern in values.get(key, ()))
    faults.extend(f"{pattern!r} is no pattern as in .gitignore" for pattern in patterns if not is_pattern(pattern))
    values["conventions"] = check_overrides(table.get("conventions", {}), faults)
    values["policy"] = check_policy(table.get("policy", {}), faults)
    faults.extend(unknown_key(key) for key in table if key not in KEYS and key not in RUNS_CODE)
    if faults:
        raise SettingsError(name, faults)
    return Settings(**values, ignored=tuple(key for key in RUNS_CODE if key in table))


def unknown_key(key: str) -> str:
    """Return what is wrong with a key at the top of the settings that is none of `KEYS`."""
    if key == "tool":
        return "tables stand here by themselves: [conventions.S01], not [tool.idiolect.conventions.S01]"
    return f"unknown key {key!r}, known: {', '.join(KEYS)}"


def check_policy(table: Any, faults: list[str]) -> dict[str, float]:
    """Return the policy's numbers, adding what is wrong to *faults*."""
    if not isinstance(table, dict):
        faults.append(f"policy must be a table, got {as_written(table)}")
        return {}
    policy: dict[str, float] = {}
    for key, value in sorted(table.items()):  # type: ignore[reportUnknownVariableType]
        if key not in POLICY:
            faults.append(f"policy: unknown key {key!r}, known: {', '.join(POLICY)}")
            continue
        least, most = POLICY[key]  # type: ignore[reportUnknownArgumentType]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            faults.append(f"policy.{key} must be a number from {least:g} to {most:g}, got {as_written(value)}")
        else:
            policy[str(key)] = float(value)  # type: ignore[reportUnknownArgumentType]
    return policy
