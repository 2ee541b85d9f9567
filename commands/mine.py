"""
`idiolect mine`: repositories in, a corpus out.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..mining.wording import worded
from ._options import PATH, api_option, json_option, language_option
from ._progress import show_progress

if TYPE_CHECKING:
    from ..mining.corpus import Corpus


@click.command("mine")
@click.argument("repositories", metavar="REPO…", nargs=-1, required=True, type=PATH)
@click.option("--out", type=PATH, required=True, help="Where the corpus goes.")
@click.option("--kinds", metavar="KIND,…", help="Pair kinds to mine; all by default.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes; one per core by default.")
@api_option
@click.option(
    "--history",
    metavar="N",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    help="Commits that are looked at for changes, and for which files are new; 0 looks at none.",
)
@click.option("--cluster", metavar="ADDRESS", default="", help="A Dask scheduler whose workers see the same files.")
@language_option
@json_option
def command(
    repositories: tuple[Path, ...],
    out: Path,
    kinds: str | None,
    workers: int | None,
    api_from: tuple[Path, ...],
    history: int,
    cluster: str,
    as_json: bool,
) -> None:
    """
    Mine each REPO into one corpus.

    It holds pairs in three splits, the profile of their conventions, and an index of the API.
    """
    from ..mining.mine import mine_repositories

    chosen = [kind.strip() for kind in kinds.split(",")] if kinds else None
    with show_progress() as progress:
        corpus = mine_repositories(
            repositories, out, kinds=chosen, workers=workers, progress=progress, api_from=api_from, history=history,
            cluster=cluster,
        )  # fmt: skip
    click.echo(json.dumps({"corpus": str(out), **corpus.manifest}) if as_json else summary(out, corpus))


def summary(out: Path, corpus: Corpus) -> str:
    """Return what a person wants to know of a corpus."""
    from ..mining.advice import LEAST_PAIRS, advise
    from ..mining.artefacts import read_jsonl
    from ..mining.enough import describe_support
    from ..mining.unread import describe_unread
    from ..mining.yields import REDACTED, UNMATCHED

    counts: dict[str, dict[str, int]] = {}
    for row in corpus.manifest["counts"]:
        splits = counts.setdefault(row["kind"], {"train": 0, "validation": 0, "test": 0})
        splits[row["split"]] += row["pairs"]
    width = max(map(len, counts))
    lines = [f"{out}: pairs mined from {corpus.manifest['repository']}", ""]
    lines.append(f"  {'':{width}}  {'train':>6}  {'validation':>10}  {'test':>6}")
    lines += [
        f"  {kind:{width}}  {row['train']:>6,}  {row['validation']:>10,}  {row['test']:>6,}"
        for kind, row in counts.items()
    ]
    skipped = corpus.manifest["skipped"]
    redacted = {reason.removesuffix(REDACTED): n for reason, n in skipped.items() if reason.endswith(REDACTED)}
    left_out = {reason: n for reason, n in skipped.items() if not reason.endswith(REDACTED) and reason != UNMATCHED}
    if left_out:
        reasons = ", ".join(f"{count:,} {worded(reason)}" for reason, count in left_out.items())
        lines += ["", f"Left out, each with its reason in skipped.jsonl: {reasons}."]
        lines += describe_unread(skipped)
    if redacted:
        places = ", ".join(f"{worded(reason)} in {count:,}" for reason, count in redacted.items())
        lines += ["", f"Masked in files that were kept: {places}."]
    dropped = read_jsonl(corpus.folder / "skipped.jsonl")
    if unmatched := [repr(row["path"]) for row in dropped if row["reason"] == UNMATCHED]:
        lines += ["", f"The settings drop what is neither the id nor the path of a pair: {', '.join(unmatched)}."]
    lines += ["", *advise(corpus.manifest), "", *describe_support(corpus.manifest, dropped)]
    name = shlex.quote(str(out))
    # what `train` would refuse is not said to be next
    is_enough = sum(row["train"] for row in counts.values()) >= LEAST_PAIRS
    then = f"Train: idiolect train {name} --out adapter" if is_enough else f"Their rules: idiolect guide {name}"
    return "\n".join([*lines, "", f"Read them: idiolect show {name}", then])
