"""
What several commands take alike. In: the command line. Out: paths, and options; languages of one's own are known then.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

# one for all: click looks for a translation each time that it makes one, which is a fiftieth of `--help`
PATH = click.Path(path_type=Path)
"""A path, whether or not something stands there: what is wrong with it is told by who opens it."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
base_option = click.option(
    "--base", metavar="NAME|PATH", help="The adapter's base, where it cannot be found by itself."
)
api_option = click.option(
    "--api-from",
    metavar="REPO",
    multiple=True,
    type=PATH,
    help="A framework whose API is indexed; no pairs are made of its code. May be repeated.",
)


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


def tell_unknown_language(name: str | None) -> None:
    """Say that an adapter was taught *name*, where that is not known here: it is asked otherwise than it was taught."""
    if name:
        told = f"this adapter was taught {name}, which is not known here: name its table with --language"
        click.echo(f"idiolect: {told}", err=True)
