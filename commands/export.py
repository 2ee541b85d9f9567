"""
`idiolect export`: an adapter as merged weights, or a corpus as rows for a hosted tuner.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..mining.rows import ROWS, export_rows
from ._options import PATH, base_option, json_option

WEIGHTS = ("merged", "gguf")
FORMS = (*WEIGHTS, *ROWS)


@click.command("export")
@click.argument("source", metavar="ADAPTER|CORPUS", type=PATH)
@click.option("--to", "form", type=click.Choice(FORMS), required=True, help="Weights of an adapter, rows of a corpus.")
@click.option("--out", type=PATH, required=True, help="The folder to write.")
@base_option
@click.option("--precision", type=click.Choice(["bf16", "fp32"]), help="Of weights; bf16 by default.")
@json_option
def command(source: Path, form: str, out: Path, base: str | None, precision: str | None, as_json: bool) -> None:
    """
    Write an adapter or a corpus for another tool.

    Of an adapter the weights, of a corpus the rows. What is merged is checked against the live adapter first.
    """
    for name, given in (("--base", base), ("--precision", precision)):
        if given is not None and form not in WEIGHTS:
            raise click.UsageError(f"{name} is for weights; a corpus has none.")
    precision = precision or "bf16"
    if form in WEIGHTS:
        from ..training.export import export_gguf, export_merged

        write = export_merged if form == "merged" else export_gguf
        summary = write(source, out, base, precision)
    else:
        summary = export_rows(source, out, form)
    if as_json:
        click.echo(json.dumps({"out": str(out), **summary}))
    elif form in WEIGHTS:
        mean, largest = summary["mean_difference"], summary["largest_difference"]
        click.echo(
            f"{out}: merged in {precision}; log-probabilities on {summary['prompts']} prompts differ by {mean:.2g} on "
            f"average, by {largest:.2g} at most"
        )
    else:
        click.echo(f"{out}: " + ", ".join(f"{count:,} {split}" for split, count in summary["counts"].items()))
        way = f"idiolect evaluate {source} --out DIR --endpoint URL --model NAME --taught {form}"
        click.echo(f"Test pairs stay here. Judge what comes of these: {way}")
