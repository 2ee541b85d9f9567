"""
`idiolect generate`: an adapter and an ask in, code out.
"""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("generate")
@click.argument("adapter", type=click.Path(path_type=Path))
@click.argument("instruction", required=False)
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The file to write in."
)
@click.option("--line", type=click.IntRange(min=1), help="Fill in at this line of FILE, counted from 1.")
@click.option("--base", metavar="NAME|PATH", help="The adapter's base, where it cannot be found by itself.")
@click.option("--max-tokens", type=click.IntRange(min=1), default=256, show_default=True, help="Longest answer.")
@click.option("--temperature", type=click.FloatRange(min=0), default=0.0, show_default=True, help="0 is the likeliest.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides the samples of a temperature above 0.")
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True, help="How many answers.")
@click.option("--without-adapter", is_flag=True, help="Ask the base alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    adapter: Path,
    instruction: str | None,
    file: Path | None,
    line: int | None,
    base: str | None,
    max_tokens: int,
    temperature: float,
    seed: int,
    samples: int,
    without_adapter: bool,
    as_json: bool,
) -> None:
    """Write code with ADAPTER: for INSTRUCTION (a signature, a comment), or at --line of --file."""
    if (instruction is None) == (line is None):
        raise click.UsageError("Give an INSTRUCTION, or --file with --line, but not both.")
    if line is not None and file is None:
        raise click.UsageError("--line needs --file.")
    from ..training.generation import load_model
    from ..training.prompts import ask_at_line, ask_for

    request = ask_at_line(file, line) if file is not None and line is not None else ask_for(instruction or "", file)
    generator, _ = load_model(base, adapter)
    if generator.applied is not None and not generator.applied.applied:
        click.echo("idiolect: this adapter changes nothing; the answer is the base's", err=True)
    requests, limits = [request] * samples, [max_tokens] * samples
    answers = dict(
        generator.generate(requests, adapted=not without_adapter, max_tokens=limits, temperature=temperature, seed=seed)
    )
    if as_json:
        rows = [
            {"text": a.text, "finish_reason": a.finish_reason, "tokens": a.output_tokens}
            for _, a in sorted(answers.items())
        ]
        click.echo(json.dumps({"adapter": str(adapter), "answers": rows}))
        return
    for _, answer in sorted(answers.items()):
        click.echo(answer.text)
