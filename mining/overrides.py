"""
What a team says of one convention, or of one rule of it. In: `[conventions.S01]` of the settings. Out: an `Override`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .patterns import is_pattern, matcher_of
from .tiers import TIERS
from .wording import as_written

if TYPE_CHECKING:
    from .conventions.convention import Convention

KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "enforce": ((bool,), "true or false, without quotes"),
    "ignore": ((bool, list), "true or false, without quotes, or a list of paths"),
    "reason": ((str,), "a text in quotes"),
    "tier": ((str,), "a text in quotes"),
    "value": ((str,), "a text in quotes"),
}
"""What each key may hold, and how that is said."""


@dataclass(frozen=True, slots=True)
class Override:
    """
    What a team says of one convention.
    """

    enforce: bool = False
    """Hold code to it although the repository does not keep it that strictly, or has few places where it could."""
    ignore: bool = False
    """Never report it."""
    ignored_in: tuple[str, ...] = ()
    """Patterns of the paths where nobody is asked about it."""
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

    @property
    def is_sparing(self) -> bool:
        """Whether there are files in which nobody is asked about it."""
        return self.ignore or bool(self.ignored_in)

    def spares(self, path: str) -> bool:
        """Claim that nobody is asked about it in the file at *path*."""
        return self.ignore or matcher_of(self.ignored_in)(path)


NOTHING = Override()
"""What is said of a rule that no setting names."""


def override_for(overrides: Mapping[str, Override], rule: str) -> Override:
    """Return what a team says of *rule*, by the id that findings carry, such as `A11[name]`, or of its convention."""
    return overrides.get(rule) or overrides.get(rule.partition("[")[0]) or NOTHING


def check_overrides(table: Any, faults: list[str]) -> dict[str, Override]:
    """Return the overrides of *table*, adding what is wrong to *faults*."""
    if not isinstance(table, dict):
        faults.append(f"conventions must be a table, got {as_written(table)}")
        return {}
    overrides: dict[str, Override] = {}
    rows: list[tuple[str, Any]] = sorted(table.items())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType] - TOML
    for rule, row in rows:
        wrong = faults_of(rule, row) if isinstance(row, dict) else [f" must be a table, got {as_written(row)}"]  # pyright: ignore[reportUnknownArgumentType] - TOML
        faults.extend(f"conventions.{rule}{fault}" for fault in wrong)
        if not wrong:
            overrides[rule] = override_of(row)  # pyright: ignore[reportUnknownArgumentType] - TOML
    return overrides


def override_of(row: Mapping[str, Any]) -> Override:
    """Return what a table without faults says."""
    values = dict(row)
    if isinstance(values.get("ignore"), list):
        values["ignored_in"] = tuple(values.pop("ignore"))
    return Override(**values)


def faults_of(rule: str, row: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the table of one *rule*, in words that follow its name."""
    # not at the top: most settings name no convention, and these take a while
    from .conventions.convention import conventions_by_id

    known = conventions_by_id()
    name = rule.partition("[")[0]
    convention = known.get(name)
    wrong = [fault for key, value in row.items() if (fault := fault_of(key, value))]
    if convention is None:
        meant = next((each.id for each in known.values() if name.upper() == each.id or name == each.name), "")
        like = f", but {meant} is" if meant else ": `idiolect check --explain all` lists all"
        wrong.append(f": no such convention is installed{like}")
    else:
        wrong.extend(misfits(rule, row, convention))
        if set(row) <= {"reason"}:
            wrong.append(" sets nothing: write `ignore`, `tier`, `enforce` or `value`")
    if not row.get("reason"):
        wrong.append(" gives no reason: write why in `reason`")
    return wrong


def fault_of(key: str, value: Any) -> str:
    """Return what is wrong with one key of a table, whatever rule it is of, or nothing."""
    if key not in KINDS:
        return f": unknown key {key!r}, known: {', '.join(KINDS)}"
    kinds, words = KINDS[key]
    if type(value) not in kinds:
        return f".{key} must be {words}, got {as_written(value)}"
    if key == "tier" and value not in TIERS:
        way = "`ignore = true` turns a rule off"
        return f".tier must be one of {', '.join(TIERS)}, got {as_written(value)}; {way}"
    if not isinstance(value, bool | str) and not are_patterns(value):
        return f".{key} must list patterns as in .gitignore, got {as_written(value)}"
    return ""


def are_patterns(values: Sequence[Any]) -> bool:
    """Claim that there are *values*, and each is a pattern."""
    return bool(values) and all(isinstance(one, str) and is_pattern(one) for one in values)


def misfits(rule: str, row: Mapping[str, Any], convention: Convention) -> list[str]:
    """Return what the table of a *rule* says that does not fit its *convention*."""
    from .conventions.convention import is_rule

    if not is_rule(rule):
        keys = ", ".join(f"{convention.id}[{each}]" for each in sorted(convention.keys or ()))
        way = f", known: {keys}" if keys else ""
        example = ": ".join(filter(None, (convention.examples.language, convention.examples.key)))
        way = f": name one as findings do, such as {convention.id}[{example}]" if convention.is_neutral else way
        return [f": {convention.id} has no such rule{way}"]
    value = row.get("value", "")
    answers = convention.answers_to(rule.partition("[")[2].removesuffix("]"))
    if answers and isinstance(value, str) and value not in ["", *answers]:
        return [f".value must be one of {', '.join(sorted(answers))}, got {as_written(value)}"]
    if convention.is_fact and (row.get("enforce") or value):
        return [" is of a fact, not of a habit: set `ignore` or `tier`"]
    return []
