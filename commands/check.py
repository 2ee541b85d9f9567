"""
`idiolect check`: code in, its departures from the house's conventions out. No model, no torch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..mining.profile import Profile

TIERS = ("gate", "advise", "hint")


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--profile", "profile_file", type=click.Path(path_type=Path), help="A profile.json; else it is learned.")
@click.option("--diff", "base", metavar="BASE", help="Judge what changed since BASE, by the profile of the merge base.")
@click.option(
    "--mode",
    type=click.Choice(["lines", "new", "files", "all"]),
    help="With --diff: added lines (default), findings that BASE had not, whole changed files; or all files.",
)
@click.option(
    "--fail-on", type=click.Choice(TIERS), default="gate", show_default=True, help="Exit 1 from this tier on."
)
@click.option("--format", "form", default="text", show_default=True, help="text or json.")
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="Write another format to a file.")
def command(
    paths: tuple[Path, ...],
    profile_file: Path | None,
    base: str | None,
    mode: str | None,
    fail_on: str,
    form: str,
    outputs: tuple[str, ...],
) -> int:
    """Hold the code under PATHS, or the whole repository, to the conventions that the repository keeps."""
    from ..evaluation.findings import Report, check_change, check_tree, find_change, learn_commit, learn_tree
    from ..evaluation.formats import render_report
    from ..mining.artefacts import write_text
    from ..mining.settings import read_settings

    if base is None and mode not in (None, "all"):
        raise click.UsageError(f"--mode {mode} compares with a commit: give --diff BASE.")
    root = find_root(paths)
    inside = [relative_to(root, path) for path in paths]
    settings = read_settings(root)
    change = find_change(root, base) if base is not None else None
    if profile_file is not None:
        profile = read_profile(profile_file)
    else:
        profile = learn_tree(root, settings) if change is None else learn_commit(root, change.base, settings)
    if change is None or mode == "all":
        report: Report = check_tree(root, profile, paths=inside, exclude=settings.exclude)
    else:
        report = check_change(root, profile, change, mode or "lines", inside)
    listed = TIERS[: max(TIERS.index(fail_on), 1) + 1]
    report = Report(
        report.profile,
        tuple(finding for finding in report.findings if finding.entry.tier in listed),
        report.opportunities,
        report.governed,
        report.files,
    )
    for output in outputs:
        name, equals, target = output.partition("=")
        if not equals:
            raise click.UsageError(f"--output {output!r} is not FORMAT=PATH.")
        write_text(Path(target), render_report(report, name) + "\n")
    click.echo(render_report(report, form))
    failing = TIERS[: TIERS.index(fail_on) + 1]
    return 1 if any(finding.entry.tier in failing for finding in report.findings) else 0


def find_root(paths: tuple[Path, ...]) -> Path:
    """Return the top of the work tree that holds the first path, or that folder itself."""
    from ..mining.errors import InputError
    from ..mining.repository import git_output

    for path in paths:
        if not path.exists():
            raise InputError(f"No such path: {str(path)!r}.")
    first = (paths[0] if paths else Path()).resolve()
    folder = first if first.is_dir() else first.parent
    top = git_output(folder, "rev-parse", "--show-toplevel")
    return Path(top.decode().rstrip("\n")) if top else folder


def relative_to(root: Path, path: Path) -> str:
    """Return *path* as the repository names it."""
    from ..mining.errors import InputError

    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise InputError(f"{str(path)!r} lies outside {str(root)!r}. Check one repository at a time.") from None


def read_profile(file: Path) -> Profile:
    """Return the profile in *file*."""
    from ..mining.errors import InputError
    from ..mining.profile import Profile

    try:
        return Profile.from_json(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{str(file)!r} is no profile: {type(error).__name__}. Mine one, or leave --profile out."
        ) from None
