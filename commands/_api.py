"""
The option `--api-from`, which commands that mine share. In: repositories on the command line. Out: their paths.
"""

from __future__ import annotations

import click

from ._paths import PATH

api_option = click.option(
    "--api-from",
    "api_from",
    metavar="REPO",
    multiple=True,
    type=PATH,
    help="A framework whose API is indexed; no pairs are made of its code. May be repeated.",
)
