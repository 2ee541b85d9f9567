"""
`idiolect check`: code in, its departures from the house's conventions out. No model, no torch.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..mining.errors import InputError
from ..mining.tiers import TIERS, lower_tier, tiers_from
from ..mining.wording import counted, printable
from ._options import PATH, language_option
from ._progress import show_briefly
from ._root import find_root, name_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluation.findings import Report

STDOUT = "-"
RANGE_START = "PRE_COMMIT_FROM_REF"
"""By what pre-commit tells a hook where the commits begin that it runs for."""


@click.command("check")
@click.argument("paths", nargs=-1, type=PATH)
@click.option("--profile", "profile_file", type=PATH, help="A profile.json; else it is learned.")
@click.option("--diff", "base", metavar="BASE", help="Judge what changed since BASE, by the profile of the merge base.")
@click.option("--staged", is_flag=True, help="Judge what the index changes, by the profile of the last commit.")
@click.option(
    "--mode",
    type=click.Choice(["lines", "new", "files", "all"]),
    help="Of a change: added lines (default), findings that were not there before, whole changed files, or all files.",
)
@click.option(
    "--fail-on", type=click.Choice(TIERS), default="gate", show_default=True, help="Exit 1 from this tier on."
)
@click.option("--format", "form", help="text (default), json, sarif, github, gitlab, …")
@click.option(
    "--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="Write another format to a file; `-` is stdout."
)
@click.option(
    "--baseline", "baseline_file", metavar="FILE", help="The accepted past; .idiolect-baseline.jsonl if there."
)
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, then judge what is left.")
@click.option(
    "--explain", metavar="RULE", help="Print the page of a rule, such as S01, or a line for each of `all`, and stop."
)
@click.option("--names/--no-names", "names", default=True, help="Ask whether what code names exists (pyrefly).")
@language_option
def command(
    paths: tuple[Path, ...],
    profile_file: Path | None,
    base: str | None,
    staged: bool,
    mode: str | None,
    fail_on: str,
    form: str | None,
    outputs: tuple[str, ...],
    baseline_file: str | None,
    fix: bool,
    explain: str | None,
    names: bool,
) -> int:
    """
    Hold code to the conventions of its repository.

    PATHS are files and folders of it; without any, all of it is asked.
    """
    from ..evaluation.formats import check_formats, render_report, says_notes
    from ..evaluation.request import Request
    from ..evaluation.run import run_check
    from ..mining.artefacts import machine_faults

    if explain is not None:
        click.echo(page_of(explain), nl=False)
        return 0
    if base is not None and staged:
        raise click.UsageError("--diff and --staged exclude each other: one judges the work tree, one the index.")
    if base is None and not staged and mode not in (None, "all"):
        raise click.UsageError(f"--mode {mode} compares with a commit: give --diff BASE or --staged.")
    if fix and staged:
        raise click.UsageError("--fix writes to the work tree, --staged judges the index: use one of them.")
    if staged and os.environ.get(RANGE_START):
        # of a range, as before a push, nothing is staged any more
        base, staged = os.environ[RANGE_START], False
    shown, targets = split_outputs(form, outputs)
    check_formats([shown, *(name for name, _ in targets)])
    if base is None and not staged:
        tell_commits(paths)
    root = find_root(paths, alone=base is None and not staged)
    named = tuple(relative_to(root, path) for path in paths)
    request = Request(
        root=root,
        paths=() if "." in named else named,
        base=base,
        staged=staged,
        mode=mode or "lines",
        profile=profile_file,
        baseline=None if baseline_file is None else name_in(root, baseline_file),
        lowest=lower_tier(fail_on, "advise"),
        fix=fix,
        names=names,
    )
    if paths and profile_file is None and is_elsewhere(root, paths):
        click.echo(f"note: held to the conventions of {printable(str(root))}", err=True)
    with show_briefly() as progress:
        report: Report = run_check(replace(request, progress=progress))
    if report.mended is not None:
        places, files = sum(report.mended.values()), len(report.mended)
        click.echo(f"{counted(places, 'place')} in {counted(files, 'file')} mended", err=True)
    for name, target in targets:
        with machine_faults(target):
            write_output(target, render_report(report, name) + "\n")
    click.echo(render_report(report, shown))
    # nothing unread passes in silence
    for aside in () if says_notes(shown) else report.asides:
        click.echo(printable(aside), err=True)
    failing = tiers_from(fail_on)
    return 1 if any(alert.finding.entry.tier in failing for alert in report.alerts) else 0


def page_of(rule: str) -> str:
    """Return the page of the convention that a finding of *rule* is of; of `all`, a line for each."""
    from ..mining.conventions.convention import conventions_by_id, is_rule
    from ..mining.page import render_list, render_page

    known = conventions_by_id()
    if rule == "all":
        return render_list(known.values())
    wanted, opening, key = rule.partition("[")
    named = wanted.casefold()
    found = next((each for each in known.values() if named in (each.id.casefold(), each.name.casefold())), None)
    if found is None or not is_rule(f"{found.id}{opening}{key}"):
        raise click.UsageError(f"--explain {rule!r}: no such rule. `idiolect check --explain all` lists them.")
    return render_page(found)


def split_outputs(form: str | None, outputs: Sequence[str]) -> tuple[str, list[tuple[str, Path]]]:
    """
    Return the format for standard output, and the others with their files.

    One that is sent to `-` stands in for --format; of two, a reader could not tell where the one ends.
    """
    targets = [split_output(output) for output in outputs]
    printed = [*([form] if form is not None else []), *(name for name, target in targets if target is None)]
    if len(printed) > 1:
        raise click.UsageError(f"Only one format goes to standard output, not {' and '.join(printed)}.")
    return printed[0] if printed else "text", [(name, target) for name, target in targets if target is not None]


def split_output(output: str) -> tuple[str, Path | None]:
    """Return the format and the file that one --output names, None for standard output; its folder must be there."""
    name, equals, target = output.partition("=")
    if not equals or not target:
        raise click.UsageError(f"--output {output!r} is not FORMAT=PATH.")
    if target == STDOUT:
        return name, None
    if not Path(target).parent.is_dir():
        raise InputError(f"--output {output!r}: there is no folder {str(Path(target).parent)!r}. Make it first.")
    return name, Path(target)


def write_output(target: Path, text: str) -> None:
    """Write *text* to what the user named: into a pipe or a device, and through a link, which stay what they are."""
    from ..mining.artefacts import write_text

    if target.exists() and not target.is_file():
        target.write_text(text, "utf-8")
    else:
        write_text(target, text)


def tell_commits(paths: Sequence[Path]) -> None:
    """Raise `InputError` where a branch or another commit was named as if it were a path."""
    from ..mining.git import git_output

    for path in paths:
        name = str(path)
        if path.exists() or name.startswith("-"):
            continue
        if git_output(Path(), "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") is not None:
            raise InputError(f"No such path: {name!r}. It is a commit: --diff {name} judges what changed since.")


def is_elsewhere(root: Path, paths: tuple[Path, ...]) -> bool:
    """Claim that *root*, whose conventions hold for *paths*, is neither where one stands nor what was named."""
    top = root.resolve()
    return not Path.cwd().is_relative_to(top) and all(path.resolve() != top for path in paths)


def relative_to(root: Path, path: Path) -> str:
    """Return *path* as the repository names it."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise InputError(f"{str(path)!r} lies outside {str(root)!r}. Check one repository at a time.") from None
