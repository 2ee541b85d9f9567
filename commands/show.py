"""
`idiolect show`: read a corpus as a person, the pairs or what was dropped.
"""

from __future__ import annotations

import fnmatch
import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..mining.wording import counted, printable, without_commands, worded
from ._options import PATH, json_option

if TYPE_CHECKING:
    from ..mining.corpus import Corpus
    from ..mining.pairs.pair import Pair


@click.command("show")
@click.argument("corpus", type=PATH)
@click.option("--kind", help="Pairs of one kind.")
@click.option("--path", "pattern", metavar="GLOB", help="Pairs of files whose path matches.")
@click.option("--dropped", is_flag=True, help="What was left out, and why, instead of the pairs.")
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="How many to show.")
@json_option
def command(corpus: Path, kind: str | None, pattern: str | None, dropped: bool, limit: int, as_json: bool) -> None:
    """Read the pairs of CORPUS, or what was dropped and why."""
    from ..mining.corpus import read_corpus
    from ..mining.pairs.kind import collect_kinds
    from ..mining.split import aside_of

    opened = read_corpus(corpus)
    rows = dropped_rows(opened) if dropped else pair_rows(opened)
    known = {*collect_kinds(), *(row["kind"] for row in rows)}
    if kind is not None and kind not in known:
        raise click.UsageError(f"--kind {kind!r}: no such kind. There are {', '.join(sorted(known))}.")
    chosen = rows if dropped else in_turn(rows, aside_of(opened.manifest))
    chosen = [
        row
        for row in chosen
        if (kind is None or row["kind"] == kind) and (pattern is None or fnmatch.fnmatch(row["path"], pattern))
    ]
    if as_json:
        click.echo(json.dumps({"total": len(chosen), "rows": chosen[:limit]}))
        return
    for row in chosen[:limit]:
        click.echo(without_commands(printable(render_dropped(row))) if dropped else printable(render(row), "\n\t"))
    if chosen or not rows:
        click.echo(f"{min(limit, len(chosen))} of {len(chosen):,}")
    else:
        click.echo(printable(why_none(opened, rows, kind, pattern, dropped=dropped)))


def why_none(
    corpus: Corpus, rows: list[dict[str, Any]], kind: str | None, pattern: str | None, *, dropped: bool
) -> str:
    """Return why none of *rows* is of *kind* and of a path like *pattern*, one of which was asked, and what to do."""
    from ..mining.enough import more_of
    from ..mining.pairs.kind import collect_kinds

    if kind is None or any(row["kind"] == kind for row in rows):
        those = "these" if kind is None else f"kind {kind}"
        return f"No path of {those} is like {pattern!r}: * stands for any letters."
    about = collect_kinds().get(kind)
    if dropped or about is None:
        return f"Nothing of kind {kind} was left out."
    said = [f"No {kind} pair was found, or --kinds left them out. They teach {about.teaches}."]
    said += [f"They are made of {about.made_of}."] if about.made_of else []
    said += [f"For more: {more}."] if (more := more_of(about, corpus.manifest["history"])) else []
    left = sum(row["kind"] == kind for row in dropped_rows(corpus))
    said += [f"{counted(left, 'such pair')} left out: --dropped --kind {kind}."] if left else []
    return " ".join(said)


def pair_rows(corpus: Corpus) -> list[dict[str, Any]]:
    """Return every pair as a row."""
    from ..mining.split import SPLITS

    pairs: list[Pair] = [pair for split in SPLITS for pair in corpus.pairs(split)]
    return [pair.as_row() for pair in pairs]


def in_turn(rows: list[dict[str, Any]], aside: Collection[str]) -> list[dict[str, Any]]:
    """Return *rows* with one of each kind after the other, those in languages that stand *aside* last."""
    met: Counter[tuple[bool, str]] = Counter()
    ranks: list[tuple[bool, int]] = []
    for row in rows:
        group = row["language"] in aside, row["kind"]
        ranks.append((group[0], met[group]))
        met[group] += 1
    return [row for _, row in sorted(zip(ranks, rows, strict=True), key=lambda ranked: ranked[0])]


def dropped_rows(corpus: Corpus) -> list[dict[str, Any]]:
    """Return the record of what was left out."""
    from ..mining.artefacts import read_jsonl

    return list(read_jsonl(corpus.folder / "skipped.jsonl"))


def render_dropped(row: dict[str, Any]) -> str:
    """Return what was left out in one line: the file, what of it, as what, and why in words, as `mine` counts it."""
    return "  ".join(filter(None, [row["path"], row["symbol"], f"{row['kind']}: {worded(row['reason'])}"]))


def render(row: dict[str, Any]) -> str:
    """Return one pair for reading."""
    head = f"── {row['kind']}  {row['path']}:{row['start_line']}  {row['symbol']}  ({row['split']}, {row['id']})"
    return "\n".join([head, "", row["instruction"], "  ⟶", row["response"], ""])
