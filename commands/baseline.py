"""
`idiolect baseline`: what is found today in, the accepted past out; it only shrinks unless it is told otherwise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ..mining.errors import InputError
from ..mining.wording import counted, printable, without_commands
from ._group import NamingGroup
from ._options import PATH, language_option
from ._progress import show_briefly

if TYPE_CHECKING:
    from ..evaluation.identity import Key

ROOT = click.argument("repository", default=".", type=PATH)
FILE = click.option(
    "--baseline", "file", metavar="FILE", help="Relative to the repository; else .idiolect-baseline.jsonl."
)

PROFILE = click.option("--profile", type=PATH, help="A profile.json, as `check` is given it.")


@click.group("baseline", cls=NamingGroup)
def command() -> None:
    """Accept today's findings, so that only new ones count."""


@command.command("create")
@ROOT
@FILE
@PROFILE
@language_option
@click.option("--allow-new", is_flag=True, help="Replace a baseline that there is.")
def create(repository: Path, file: str | None, profile: Path | None, allow_new: bool) -> None:
    """Write every finding of gate and advise tier to a new baseline."""
    past = compare(repository, file, profile)
    if past.target.exists() and not allow_new:
        raise InputError(f"{past.target.name} is there already. Use `baseline update`, or --allow-new to replace it.")
    save(past.target, past.found)
    told = f", and give `check` the same --profile {profile}" if profile is not None else ""
    click.echo(f"{counted(past.found.total(), 'finding')} accepted in {past.target.name}: commit it{told}")


@command.command("update")
@ROOT
@FILE
@PROFILE
@language_option
@click.option("--allow-new", is_flag=True, help="Accept what is not in it yet, too.")
def update(repository: Path, file: str | None, profile: Path | None, allow_new: bool) -> None:
    """
    Follow renames, and drop what was mended.

    With --allow-new, take in what is new, and list it.
    """
    past = compare(repository, file, profile, must_exist=True)
    known, _ = follow(past)
    new = past.found - known
    kept = past.found | known if allow_new else known
    save(past.target, kept)
    if allow_new:
        show_entries(new, "+")
    left = 0 if allow_new else new.total()
    note = f"; {counted(left, 'finding')} left out as new: accept with --allow-new" if left else ""
    click.echo(f"{past.target.name}: {counted(past.old.total(), 'finding')} before, {kept.total()} now{note}")


@command.command("prune")
@ROOT
@FILE
@PROFILE
@language_option
def prune(repository: Path, file: str | None, profile: Path | None) -> None:
    """Drop the entries that nothing matches any more, and list them."""
    past = compare(repository, file, profile, must_exist=True)
    kept, mended = follow(past)
    show_entries(mended, "-")
    save(past.target, kept)
    click.echo(f"{past.target.name}: {counted(mended.total(), 'finding')} dropped, {kept.total()} left")


@command.command("show")
@ROOT
@FILE
def show(repository: Path, file: str | None) -> None:
    """List the accepted findings by rule and file."""
    past = compare(repository, file, must_exist=True, is_judged=False)
    show_entries(past.old, " ")
    rules = len({key.rule for key in past.old})
    click.echo(f"{past.target.name}: {counted(past.old.total(), 'finding')}, {counted(rules, 'rule')}")


class Past(NamedTuple):
    """
    A baseline beside what is found today.
    """

    root: Path
    """The repository's top."""
    target: Path
    """The baseline's file."""
    old: Counter[Key]
    """What it holds."""
    found: Counter[Key]
    """What is found now."""
    weaker: Counter[Key]
    """What is found now of rules that are too weak for it."""


def compare(
    repository: Path, file: str | None, profile: Path | None = None, *, must_exist: bool = False, is_judged: bool = True
) -> Past:
    """Return the baseline of *repository* and, where it *is_judged*, what is found there now."""
    from ..evaluation.baseline import FILE as USUAL
    from ..evaluation.baseline import read_baseline
    from ..evaluation.request import Request
    from ..evaluation.run import Found, answerable, find_all
    from ._root import find_root

    root = find_root((repository,))
    target = root / (file or USUAL)
    if target.is_symlink():
        raise InputError(f"{str(target)!r} is a link. A baseline is a plain file: what it points at is not touched.")
    if must_exist and not target.is_file():
        raise InputError(f"No baseline at {str(target)!r}. Make one: idiolect baseline create.")
    old = read_baseline(target.read_bytes(), target.name) if target.is_file() else Counter["Key"]()
    request = Request(root, profile=profile, baseline=file if target.is_file() else None)
    with show_briefly() as progress:
        now = find_all(replace(request, progress=progress)) if is_judged else Found([], [])
    found, weaker = Counter(now.asked), Counter(now.weaker)
    # what was not looked for is not mended
    found += old - Counter(answerable(old, names=True))
    return Past(root, target, old, found, weaker)


def follow(past: Past) -> tuple[Counter[Key], Counter[Key]]:
    """Return what is found and accepted already, under its names of today, and the entries that nothing matches."""
    from ..evaluation.baseline import match_baseline
    from ..evaluation.identity import defined_in
    from ..evaluation.learning import read_source
    from ..mining.languages import known_languages
    from ..mining.reading import read_start
    from ..mining.repository import list_code

    listed = list_code(past.root, known_languages()).paths
    # a rule that has become weaker is still departed from, and may become firm again
    keys = [*sorted(past.found.elements()), *sorted(past.weaker.elements())]
    defined = cache(lambda path: defined_in(read_source(path, read_start(past.root, path))))
    matched = match_baseline(past.old, keys, {}, listed, defined)
    return Counter(key for key, is_old in zip(keys, matched.accepted, strict=True) if is_old), Counter(matched.left)


def save(target: Path, baseline: Counter[Key]) -> None:
    """Write *baseline* to *target*, complete or not at all; what one that was killed left beside it goes."""
    from ..evaluation.baseline import write_baseline
    from ..mining.artefacts import sweep_beginnings, write_bytes

    data = write_baseline(baseline).encode("utf-8")
    sweep_beginnings(target, data)
    write_bytes(target, data)


def show_entries(entries: Counter[Key], sign: str) -> None:
    """Print entries, one a line."""
    for key in sorted(entries):
        where = f" in {key.scope}" if key.scope else ""
        line = printable(f"{key.path}: {key.rule}{where} × {entries[key]}")
        click.echo(f"{sign} {without_commands(line)}")
