"""
Paths on the command line. In: nothing. Out: the type of all arguments and options that name one.
"""

from __future__ import annotations

from pathlib import Path

import click

# one for all: click looks for a translation each time that it makes one, which is a fiftieth of `--help`
PATH = click.Path(path_type=Path)
"""A path, whether or not something stands there: what is wrong with it is told by who opens it."""
