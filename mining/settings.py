"""
What a team sets by hand. In: `[tool.idiolect]` of pyproject.toml, or idiolect.toml. Out: `Settings`, checked.

All faults of a file are reported at once. Settings that run code are honoured only from `--language FILE`; found here,
they are ignored, and `Settings.ignored` says so.
"""

from __future__ import annotations

import re
import reprlib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from . import attributes
from .artefacts import sha256_json
from .errors import SettingsError
from .reading import read_start
from .repository import list_files
from .tiers import TIERS

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
    "undecided_ceiling": (0, 1),
    "volume": (0, 1e12),
}
"""The verdict's margins, and what each may be; what they mean stands in `evaluation/verdict.py`."""


@dataclass(frozen=True, slots=True)
class Override:
    """
    What a team says of one convention.
    """

    enforce: bool = False
    """Hold code to it although the repository does not keep it that strictly, or has few places where it could."""
    ignore: bool = False
    """Never report it."""
    value: str | None = None
    """The choice to hold code to, whatever the repository keeps."""
    tier: str | None = None
    """`gate`, `advise` or `hint`: what a rule counts for that is one."""
    reason: str = ""
    """Why; printed with every finding."""

    @property
    def is_enforced(self) -> bool:
        """Whether code is held to it however firm the habit is."""
        return self.enforce or bool(self.value)


NOTHING = Override()
"""What is said of a rule that no setting names."""


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
        return check_settings(alone, parse_toml(alone, own))
    if project is not None:
        tool: Any = parse_toml(shared, project).get("tool", {})
        table: Any = tool.get("idiolect", {}) if isinstance(tool, dict) else tool  # type: ignore[reportUnknownMemberType]
        if not isinstance(table, dict):
            raise SettingsError("pyproject.toml", [f"tool.idiolect must be a table, got {shown(table)}"])
        return check_settings("pyproject.toml [tool.idiolect]", table)  # pyright: ignore[reportUnknownArgumentType] - TOML
    return Settings()


def parse_toml(name: str, data: bytes) -> dict[str, Any]:
    """Return the tables in *data*."""
    if len(data) > LARGEST_FILE:
        raise SettingsError(name, ["larger than 1 MB"])
    if any(line.count(b".") > MOST_DOTS for line in data.split(b"\n")):
        raise SettingsError(name, [f"more than {MOST_DOTS:,} dots in a line"])
    try:
        return tomllib.loads(data.decode("utf-8"))
    except RecursionError:
        raise SettingsError(name, ["nested too deeply"]) from None
    except ValueError as error:
        raise SettingsError(name, [f"not TOML: {error}"]) from None


def shown(value: Any) -> str:
    """Return *value* as Python writes it, cut where it is long or deep."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return "a number of thousands of digits"


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
            faults.append(f"{key} must be a list of strings, got {shown(given)}")
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


def is_pattern(text: str) -> bool:
    """Claim that *text* is a pattern in gitignore's form."""
    from pathspec import GitIgnoreSpec  # most settings have none, and loading it takes a tenth of a check's start

    try:
        GitIgnoreSpec.from_lines([text])
    except (ValueError, re.error):
        return False
    return True


def check_overrides(table: Any, faults: list[str]) -> dict[str, Override]:
    """Return the overrides of *table*, adding what is wrong to *faults*."""
    if not isinstance(table, dict):
        faults.append(f"conventions must be a table, got {shown(table)}")
        return {}
    # not at the top: most settings name no convention, and these take a while
    from .conventions.convention import conventions_by_id, is_rule

    known = conventions_by_id() if table else {}
    overrides: dict[str, Override] = {}
    for rule, row in sorted(table.items()):  # type: ignore[reportUnknownVariableType]
        if not isinstance(row, dict):
            faults.append(f"conventions.{rule} must be a table, got {shown(row)}")
            continue
        wrong = [f"conventions.{rule}{fault}" for key, value in row.items() if (fault := fault_of(key, value))]  # type: ignore[reportUnknownArgumentType]
        tier: Any = row.get("tier", "gate")  # type: ignore[reportUnknownMemberType]
        if isinstance(tier, str) and tier not in TIERS:
            way = "; `ignore = true` turns a rule off"
            wrong.append(f"conventions.{rule}.tier must be one of {', '.join(TIERS)}, got {shown(tier)}{way}")
        name = str(rule).partition("[")[0]  # type: ignore[reportUnknownArgumentType]
        convention = known.get(name)
        if convention is None:
            meant = next((each.id for each in known.values() if name.upper() == each.id or name == each.name), "")
            like = f", but {meant} is" if meant else ": `idiolect check --explain all` lists all"
            wrong.append(f"conventions.{rule}: no such convention is installed{like}")
        elif not is_rule(str(rule)):  # type: ignore[reportUnknownArgumentType]
            keys = ", ".join(f"{name}[{each}]" for each in sorted(convention.keys or ()))
            way = f", known: {keys}" if keys else ""
            way = ": name one as findings do, its language first" if convention.is_neutral else way
            wrong.append(f"conventions.{rule}: {name} has no such rule{way}")
        elif convention.answers and row.get("value", "") not in ["", *convention.answers]:  # type: ignore[reportUnknownMemberType]
            if isinstance(row["value"], str):
                answers = ", ".join(sorted(convention.answers))
                wrong.append(f"conventions.{rule}.value must be one of {answers}, got {shown(row['value'])}")
        elif convention.is_fact and (row.get("enforce") or row.get("value")):  # type: ignore[reportUnknownMemberType]
            wrong.append(f"conventions.{rule} is of a fact, not of a habit: set `ignore` or `tier`")
        if convention is not None and set(row) <= {"reason"}:  # type: ignore[reportUnknownArgumentType]
            wrong.append(f"conventions.{rule} sets nothing: write `ignore`, `tier`, `enforce` or `value`")
        if not row.get("reason"):  # type: ignore[reportUnknownMemberType]
            wrong.append(f"conventions.{rule} gives no reason: write why in `reason`")
        faults.extend(wrong)
        if not wrong:
            overrides[str(rule)] = Override(**row)  # type: ignore[reportUnknownArgumentType]
    return overrides


def fault_of(key: str, value: Any) -> str:
    """Return what is wrong with one key of a convention's table, in words that follow its name, or nothing."""
    kinds = {"enforce": "bool", "ignore": "bool", "value": "str", "tier": "str", "reason": "str"}
    kind = kinds.get(key)
    if kind is None:
        return f": unknown key {key!r}, known: {', '.join(sorted(kinds))}"
    words = {"bool": "true or false, without quotes", "str": "a text in quotes"}
    return "" if type(value).__name__ == kind else f".{key} must be {words[kind]}, got {shown(value)}"


def override_for(overrides: Mapping[str, Override], rule: str) -> Override:
    """Return what a team says of *rule*, by the id that findings carry, such as `A11[name]`, or of its convention."""
    return overrides.get(rule) or overrides.get(rule.partition("[")[0]) or NOTHING


def check_policy(table: Any, faults: list[str]) -> dict[str, float]:
    """Return the policy's numbers, adding what is wrong to *faults*."""
    if not isinstance(table, dict):
        faults.append(f"policy must be a table, got {shown(table)}")
        return {}
    policy: dict[str, float] = {}
    for key, value in sorted(table.items()):  # type: ignore[reportUnknownVariableType]
        if key not in POLICY:
            faults.append(f"policy: unknown key {key!r}, known: {', '.join(POLICY)}")
            continue
        least, most = POLICY[key]  # type: ignore[reportUnknownArgumentType]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            faults.append(f"policy.{key} must be a number from {least:g} to {most:g}, got {shown(value)}")
        else:
            policy[str(key)] = float(value)  # type: ignore[reportUnknownArgumentType]
    return policy
