"""
`idiolect generate`: an adapter and an ask in, code out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..mining.wording import counted, printable
from ._conform import Sampling, conform_answer, conform_options, read_house
from ._options import PATH, base_option, json_option, language_option, tell_unknown_language
from ._progress import show_progress, shown_as

if TYPE_CHECKING:
    from ..evaluation.conform import Conformed
    from ..mining.growth import Growth
    from ..training.generation import Generation, ModelGenerator
    from ..training.prompts import Prompt


@click.command("generate")
@click.argument("adapter", type=PATH)
@click.argument("instruction", required=False)
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The file to write in."
)
@click.option("--line", type=click.IntRange(min=1), help="Fill in at this line of FILE, counted from 1.")
@base_option
@click.option("--max-tokens", type=click.IntRange(min=1), default=256, show_default=True, help="Longest answer.")
@click.option("--temperature", type=click.FloatRange(min=0), default=0.0, show_default=True, help="0 is the likeliest.")
@click.option("--seed", type=click.IntRange(min=0), help="Decides what is drawn above temperature 0; 0 by default.")
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True, help="How many answers.")
@conform_options
@language_option
@click.option("--without-adapter", is_flag=True, help="Ask the base alone.")
@json_option
def command(
    adapter: Path,
    instruction: str | None,
    file: Path | None,
    line: int | None,
    base: str | None,
    max_tokens: int,
    temperature: float,
    seed: int | None,
    samples: int,
    conform: bool,
    tries: int | None,
    profile: Path | None,
    without_adapter: bool,
    as_json: bool,
) -> None:
    """
    Write code with ADAPTER.

    It answers INSTRUCTION (a signature, a comment), or fills --line of --file.
    """
    if (line is None) == (not (instruction or "").strip()):
        raise click.UsageError("Give an INSTRUCTION, or --file with --line, but not both.")
    if line is not None and file is None:
        raise click.UsageError("--line needs --file.")
    if conform and temperature:
        raise click.UsageError("--conform looks at the likeliest answer, then at others: leave --temperature out.")
    if conform and samples > 1:
        raise click.UsageError("--conform prints the one best answer; say how many to look at with --tries.")
    if not conform and not temperature and (seed is not None or samples > 1):
        name = "--samples" if samples > 1 else "--seed"
        raise click.UsageError(
            f"{name} changes nothing at temperature 0, which writes the likeliest: give --temperature."
        )
    house = read_house(conform, tries, profile)
    from ..training.generation import load_model

    request = read_request(adapter, instruction or "", file, line)
    # a pipeline that takes the answer takes what is told beside it, too
    with show_progress(quiet=not sys.stderr.isatty()) as report, shown_as("load", report):
        generator, _ = load_model(base, adapter)
    if generator.applied is not None and not generator.applied.applied:
        click.echo("idiolect: this adapter changes nothing; the answer is the base's", err=True)
    sampling = Sampling(not without_adapter, max_tokens, temperature, seed or 0)
    if house:
        open_hole = hole_opener(request, file, line)
        if not (hole := open_hole()).is_judge:
            name = hole.language.name
            click.echo(f"idiolect: what stands before the answer is no {name}; nothing can be pruned", err=True)
        from ..evaluation.extract import first_round, repeats_itself

        best, _ = conform_answer(
            generator, request, sampling, open_hole, house, repeats_itself, lambda text: first_round(text).rstrip()
        )
        tell_conformed(best, adapter, as_json)
        return
    answers = ask_model(generator, [request] * samples, sampling)
    if as_json:
        rows = [{"text": a.text, "finish_reason": a.finish_reason, "tokens": a.output_tokens} for a in answers]
        click.echo(json.dumps({"adapter": str(adapter), "answers": rows}))
        return
    for number, answer in enumerate(answers, 1):
        if samples > 1:
            click.echo(f"── {number} of {samples}")
        click.echo(shown(answer.text))
    if cut := [answer.output_tokens for answer in answers if answer.finish_reason == "length"]:
        told = counted(len(cut), "answer") if samples > 1 else "the answer"
        way = "--max-tokens allows more" if max(cut) >= max_tokens else "more is not left beside the prompt"
        click.echo(f"idiolect: {told} cut at {counted(max(cut), 'token')}; {way}", err=True)


def read_request(adapter: Path, instruction: str, file: Path | None, line: int | None) -> Prompt:
    """Return what is asked: to fill *line* of *file*, or *instruction*, in the language that *adapter* knows best."""
    from ..training.adapter import read_record
    from ..training.prompts import ask_at_line, ask_for, is_unread, unknown_language, usual_path

    record = read_record(adapter)
    tell_unknown_language(unknown_language(record))
    if file is not None and is_unread(file):
        click.echo(f"idiolect: no language that is known here has files called {file.name!r}; read as Python", err=True)
    if file is not None and line is not None:
        return ask_at_line(file, line)
    return ask_for(instruction, file, usual_path(record))


def shown(text: str) -> str:
    """Return an answer as it is; on a terminal, which it must not drive, with control characters spelled out."""
    return printable(text, "\n\t") if sys.stdout.isatty() else text


def ask_model(generator: ModelGenerator, requests: list[Prompt], sampling: Sampling) -> list[Generation]:
    """Return the answers to *requests*, in order; one that goes round in circles ends with its first round."""
    from ..evaluation.extract import first_round, repeats_itself

    answers = generator.generate(
        requests,
        adapted=sampling.adapted,
        max_tokens=[sampling.max_tokens] * len(requests),
        temperature=sampling.temperature,
        seed=sampling.seed,
        is_over=[repeats_itself] * len(requests),
    )
    return [
        answer._replace(text=first_round(answer.text)) if answer.finish_reason == "over" else answer
        for _, answer in sorted(answers, key=lambda item: item[0])
    ]


def hole_opener(request: Prompt, file: Path | None, line: int | None) -> Callable[[], Growth]:
    """Return what opens the hole that *request* asks to fill, anew for each candidate."""
    from ..mining.growth import hole_at, hole_for
    from ..mining.languages import language_named
    from ..training.prompts import read_source

    language = language_named(request.language)
    # as the request has it: decoded as the file says, and with plain line ends
    text = "" if file is None else read_source(file).text.replace("\r\n", "\n")
    return partial(hole_at, language, text, line) if line else partial(hole_for, language, text, request.instruction)


def tell_conformed(best: Conformed, adapter: Path, as_json: bool) -> None:
    """Print the answer, and on stderr what is still wrong with it."""
    if as_json:
        click.echo(json.dumps({"adapter": str(adapter), "answers": [asdict(best)], "passes": best.passes}))
        return
    click.echo(shown(best.text))
    for fault in best.faults:
        click.echo(f"idiolect: no candidate was free of faults; in this one: {printable(fault)}", err=True)
    if best.unasked:
        click.echo(f"idiolect: whether the checker accepts it is not known: {best.unasked}", err=True)
