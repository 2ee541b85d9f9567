"""
`idiolect serve`: an adapter in, a local address that speaks OpenAI's completions out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from ..mining.errors import MachineError
from ._conform import complete_conforming, conform_options, read_house
from ._options import PATH, base_option, language_option, tell_unknown_language
from ._progress import show_progress, shown_as


@click.command("serve")
@click.argument("adapter", type=PATH)
@base_option
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="0 takes a free one.")
@conform_options
@language_option
def command(adapter: Path, base: str | None, port: int, conform: bool, tries: int | None, profile: Path | None) -> None:
    """Serve ADAPTER on this machine's loopback until interrupted."""
    house = read_house(conform, tries, profile)
    from ..evaluation.extract import repeats_itself
    from ..training.adapter import read_record
    from ..training.completions import complete
    from ..training.generation import load_model
    from ..training.prompts import unknown_language, usual_path
    from ..training.serve import Server, name_model, try_port

    record = read_record(adapter)
    tell_unknown_language(unknown_language(record))
    name, path = name_model(adapter), usual_path(record)
    with port_faults(port):
        # a large model takes minutes to load
        try_port(port)
    with show_progress() as report, shown_as("load", report):
        generator, _ = load_model(base, adapter)
    with port_faults(port):
        plainly = partial(complete, generator, is_enough=repeats_itself)
        server = Server(partial(complete_conforming, generator, house) if house else plainly, name, port, path)
    with server:
        click.echo(f"http://127.0.0.1:{server.server_address[1]}/v1 serves {name!r} and 'base'; Ctrl-C ends it")
        server.serve_forever()


@contextmanager
def port_faults(port: int) -> Iterator[None]:
    """Raise `MachineError` where *port* cannot be used."""
    try:
        yield
    except OSError as error:
        raise MachineError(f"Port {port} cannot be used: {error.strerror}. Name another with --port.") from error
