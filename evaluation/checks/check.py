"""
What every check keeps to. In: answers, each spliced into its file. Out: one `Result` an answer.

A check is one file of this folder with a function `make_check(corpus, repository)` that returns an object keeping the
`Check` protocol, or None where it cannot work here (no repository, a tool that is not installed). The folder is
scanned; no list is kept by hand. The same answer gets the same result whatever stands beside it in the batch.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from ...mining.corpus import Corpus
from ...mining.errors import InputError
from ...mining.plugins import blaming, describe, load_plugins
from ...mining.source import Source, Span
from ..sandbox.run import Status

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LOST = Status.INFRA.value
"""The status of what a fault of this machine kept from being judged: neither a pass nor a failure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer in its place, and the same file with the reference in that place.
    """

    probe_id: str
    symbol: str
    """The unit that was asked for: `Graph.add_node`."""
    code: str
    """The answer's lines, cut to the body."""
    source: Source
    """The file that holds the answer."""
    span: Span
    """Where the answer lies in `source`."""
    reference: Source
    """The file as the house wrote it."""
    reference_span: Span
    """Where the reference lies in `reference`."""


@dataclass(frozen=True, slots=True)
class Remark:
    """
    One thing a check found, for a person: shown beside the sample in the report.
    """

    rule: str
    line: int
    """Line of the file that holds the answer, from 1."""
    message: str
    tier: str = "gate"
    """`gate`, `advise` or `hint`; only the first two can fail a check."""


@dataclass(frozen=True, slots=True)
class Result:
    """
    What one check says of one answer.
    """

    ok: bool | None
    """None: cannot be decided here. Such a check is left out of acceptance; where it was `LOST`, the answer is."""
    status: str = "ok"
    """`ok`, or why not, in a word of the check's own (`parse_error`, `compile_error`, `unsupported`, …)."""
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Plain data for `scores.jsonl`, under the check's name."""
    remarks: tuple[Remark, ...] = ()


class Check(Protocol):
    """
    One test of code.
    """

    @property
    def name(self) -> str:
        """The check's word: `parse`, `compile`, `names`, `substance`, `style`, `tests`."""
        ...

    @property
    def order(self) -> int:
        """Where the check stands; `parse` is 0, and nothing after it sees an answer that does not parse."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """The version and everything else that decides a result, as plain data: hashed into every score."""
        ...

    @property
    def repeats(self) -> int:
        """How often a reference must pass before its probe is admitted: 1 unless the check runs code."""
        ...

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return one result per answer, in order; never raise for what an answer holds."""
        ...


Maker = Callable[[Corpus, Path | None], Check | None]
MEMBERS = tuple(member for member in vars(Check) if not member.startswith("_"))


def collect_checks(corpus: Corpus, repository: Path | None = None) -> list[Check]:
    """
    Return every check of this folder, and of installed plug-ins, that works here, in their order.

    Raises `InputError` for one that lacks a member of `Check`, or has the name of another.
    """
    package = __name__.rpartition(".")[0]
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    own = [(f"checks/{name}.py", importlib.import_module(f"{package}.{name}")) for name in names]
    makers = [(name, getattr(module, "make_check", None)) for name, module in own]
    made: list[tuple[str, Check | None]] = [(name, make(corpus, repository)) for name, make in makers if make]
    for entry, make in plugged_checks():
        with blaming(entry):
            made.append((describe(entry), make(corpus, repository)))
    checks: list[Check] = []
    for name, check in made:
        if check is None:
            continue
        if missing := [member for member in MEMBERS if not hasattr(check, member)]:
            raise InputError(f"{name}: its check has no {' and no '.join(missing)}.")
        if any(check.name == other.name for other in checks):
            raise InputError(f"{name}: its check {check.name!r} has the name of another.")
        checks.append(check)
    return sorted(checks, key=lambda check: (check.order, check.name))


def plugged_checks() -> list[tuple[EntryPoint, Maker]]:
    """
    Return what makes the checks of installed plug-ins, with their entry points.

    Raises `InputError` for one that cannot be used, which is better told before there is anything to check.
    """
    return load_plugins("checks", read_maker)


def read_maker(plugged: Any) -> Maker:
    """
    Return what makes the check of a plug-in.

    Raises `InputError` when it cannot be called.
    """
    if not callable(plugged):
        raise InputError(f"it is of type {type(plugged).__name__}, and no function that makes a check")
    return cast("Maker", plugged)
