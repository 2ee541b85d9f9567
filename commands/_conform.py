"""
The best of several answers of a model. In: a loaded model, a request, its hole. Out: a `Conformed`, and all answers.

The likeliest comes first; where something is wrong with it, others are drawn. Each is held, while it grows, to what can
still become code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..evaluation.conform import Conformed
    from ..mining.growth import Growth
    from ..mining.profile import Profile
    from ..training.completions import Answer, Ask
    from ..training.generation import Generation, ModelGenerator
    from ..training.prompts import Prompt

Command = TypeVar("Command", bound=Callable[..., Any])

TRIES, WARMTH = 8, 0.8
"""Candidates, and the temperature of those after the likeliest."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """
    How answers are drawn.
    """

    adapted: bool
    """Whether the adapter is on."""
    max_tokens: int
    temperature: float
    seed: int


@dataclass(frozen=True, slots=True)
class House:
    """
    What answers are held to.
    """

    profile: Profile | None
    """The style that is ranked and repaired; None asks for code that parses and compiles, no more."""
    tries: int = TRIES


def conform_options(function: Command) -> Command:
    """Add `--conform`, `--tries` and `--profile` to a command, which are for `read_house`."""
    file = click.Path(path_type=Path, exists=True, dir_okay=False)
    for option in (
        click.option("--profile", type=file, help="A corpus's profile.json: with --conform, its style is kept, too."),
        click.option("--tries", type=click.IntRange(min=1), help=f"Candidates with --conform; {TRIES} by default."),
        click.option(
            "--conform", is_flag=True, help="Only code that parses: prune while it grows, then rank, then repair."
        ),
    ):
        function = option(function)
    return function


def read_house(conform: bool, tries: int | None, profile: Path | None) -> House | None:
    """Return what answers are held to, or None where `--conform` is not given; raises for what is for it alone."""
    if not conform:
        for name, given in (("--profile", profile), ("--tries", tries)):
            if given is not None:
                raise click.UsageError(f"{name} is for --conform.")
        return None
    from ..evaluation.standard import read_profile

    return House(None if profile is None else read_profile(profile), tries or TRIES)


def conform_answer(
    generator: ModelGenerator,
    request: Prompt,
    sampling: Sampling,
    open_hole: Callable[[], Growth],
    house: House,
    is_over: Callable[[str], bool],
    cut: Callable[[str], str],
) -> tuple[Conformed, list[Generation]]:
    """
    Return the best candidate, and all that were written: the first where nothing is wrong with it, else those drawn.

    *open_hole* opens the hole anew for each. *is_over* says of one so far that no more is wanted, and *cut* takes what
    the answer is out of one.
    """
    from ..evaluation.conform import conform

    written: list[Generation] = []
    best: Conformed | None = None
    rounds = ((1, sampling.temperature), (house.tries - 1, sampling.temperature or WARMTH))
    for number, (count, temperature) in enumerate(rounds):
        if count == 0 or (best is not None and best.passes and not best.closed):
            break
        answers = generator.generate(
            [request] * count,
            adapted=sampling.adapted,
            max_tokens=[sampling.max_tokens] * count,
            temperature=temperature,
            # above zero the first of the second round would be the first once more
            seed=sampling.seed + (number if sampling.temperature else 0),
            is_over=[is_over] * count,
            ask_every=1,
            guards=[open_hole() for _ in range(count)],
        )
        written += [answer for _, answer in sorted(answers, key=lambda item: item[0])]
        texts = [answer.text for answer in written]
        best = conform(open_hole(), request.path, texts, house.profile, cut)[0]
    assert best is not None
    return best, written


def complete_conforming(generator: ModelGenerator, house: House, ask: Ask, is_over: Callable[[str], bool]) -> Answer:
    """
    Return the best answer to *ask*, in the form that is served; its tokens are those of all candidates.

    Nothing of a candidate is told to *is_over* while it grows: which of them is the answer is known in the end.
    """
    from ..evaluation.extract import first_round, repeats_itself
    from ..training.completions import Answer

    sampling = Sampling(ask.adapted, ask.max_tokens, ask.temperature, ask.seed)
    best, written = conform_answer(
        generator,
        ask.prompt,
        sampling,
        lambda: hole_of(ask.prompt),
        house,
        lambda text: is_over("") or ask.ends(text) or repeats_itself(text),
        lambda text: first_round(ask.cut(text)).rstrip(),
    )
    own = written[best.origin]
    is_cut = own.finish_reason == "length" and not best.parses
    answer = Answer.of(own._replace(text=best.text, finish_reason="length" if is_cut else "stop"))
    tokens = sum(answer.output_tokens for answer in written)
    return replace(answer, output_tokens=tokens, faults=best.faults)


def hole_of(prompt: Prompt) -> Growth:
    """Return the hole that *prompt*, read of a request, asks to fill."""
    from ..mining.growth import Growth, closers_of
    from ..mining.languages import language_named
    from ..mining.pairs.pair import HOLE

    language = language_named(prompt.language)
    if prompt.kind == "infill":
        before, _, after = prompt.instruction.partition(HOLE)
        return Growth(language, before, after)
    return Growth(language, prompt.instruction, closers_of(prompt.instruction))
