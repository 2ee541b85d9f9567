"""
The option `--language FILE`. In: TOML files. Out: nothing; the languages they describe are known from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ._paths import PATH

Command = TypeVar("Command", bound=Callable[..., Any])


def language_option(function: Command) -> Command:
    """Add `--language FILE` to a command: its languages are loaded, and all their faults told, before it starts."""
    return click.option(
        "--language",
        metavar="FILE",
        multiple=True,
        type=PATH,
        callback=load_languages,
        expose_value=False,
        help="A TOML file that describes a language of your own. Its grammar is code that runs here.",
    )(function)


def load_languages(_context: click.Context, _option: click.Parameter, files: tuple[Path, ...]) -> None:
    """Make the languages of *files*, and no others, known to this process."""
    from ..mining.languages import use_languages

    if not files:
        use_languages(())
        return
    from ..mining.own_languages import read_own_languages

    use_languages([language for file in files for language in read_own_languages(file)])
