"""
The progress line. In: calls of (stage, done, total). Out: one live line on stderr, or plain lines where that is a file.

A stage is named before the colon; what follows it stands beside the bar: `train: loss 1.92, 2,100 answer tokens/s`.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from ..mining.errors import MachineError

if TYPE_CHECKING:
    from ..mining.workers import Progress

WIDTH = 24
REDRAW_SECONDS = 0.1
# Where stderr is a file or a pipe, a stage is reported at its start, its end, and this often between.
LINE_SECONDS = 30.0
PATIENCE = 0.5
"""Seconds that a command may take without a word."""


@dataclass
class ProgressLine:
    """
    Draws the stage at hand with the time that is left.
    """

    live: bool
    """Whether the line may be drawn over itself."""
    waits: float = 0.0
    """Seconds from its making in which nothing is drawn."""
    goes: bool = False
    """Whether it is taken away at its end."""
    stage: str = ""
    started: float = 0.0
    drawn: float = 0.0
    first: int = 0
    """What was done when the stage was first heard of: a resumed run does not count it as its own speed."""
    text: str = ""
    made: float = field(default_factory=time.monotonic)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take one report."""
        name, _, detail = stage.partition(":")
        now = time.monotonic()
        if name != self.stage:
            self.close()
            self.stage, self.started, self.first, self.drawn = name, now, done, 0.0
        due = REDRAW_SECONDS if self.live else LINE_SECONDS
        if done < total and now - self.drawn < due and self.drawn:
            return
        if now - self.made < self.waits:
            return
        self.drawn = now
        room = most_columns() if self.live else None
        self.text = render(name, detail.strip(), done, total, self.remaining(done, total, now), room)
        self.show()

    def remaining(self, done: int, total: int, now: float) -> float | None:
        """Return the seconds that are left at the speed so far, or None while that is a guess."""
        elapsed, finished = now - self.started, done - self.first
        if finished <= 0 or elapsed < 1 or done >= total:
            return None
        return elapsed / finished * (total - done)

    def show(self) -> None:
        """Write the line."""
        if self.live:
            # a line that the terminal breaks cannot be drawn over
            click.echo(f"\r\x1b[2K{self.text[: most_columns()]}", err=True, nl=False)
        else:
            click.echo(self.text, err=True)

    def close(self) -> None:
        """End the line of the stage that was drawn last."""
        if self.live and self.text:
            click.echo("\r\x1b[2K" if self.goes else "", err=True, nl=not self.goes)
        self.text = ""


def render(name: str, detail: str, done: int, total: int, remaining: float | None, room: int | None = None) -> str:
    """Return one progress line; where *room* has too few columns for both, its bar is shorter, and its count whole."""
    share = min(1.0, done / total) if total else 1.0
    label, count = f"{name:<10}", f"{done:,}/{total:,}"
    width = WIDTH if room is None else min(WIDTH, max(0, room - len(f"{label}  {count}")))
    bar = "━" * round(share * width) + "·" * (width - round(share * width))
    parts = [f"{label} {bar} {count}"]
    if detail:
        parts.append(detail)
    if remaining is not None:
        parts.append(f"{duration(remaining)} left")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Return *seconds* as a person says it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def is_drawn_over() -> bool:
    """Claim that stderr is a terminal on which a line may be drawn over itself."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def most_columns() -> int | None:
    """Return how many columns a line on the terminal may have, or None where it does not say how wide it is."""
    with suppress(OSError, ValueError):
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
        return columns - 1 if columns > 1 else None
    return None


def show_progress(quiet: bool = False) -> AbstractContextManager[Progress]:
    """Give a report function that draws on stderr, or one that is *quiet*."""
    return drawn(None if quiet else ProgressLine(live=is_drawn_over()))


def show_briefly() -> AbstractContextManager[Progress]:
    """Give a report function that draws on a terminal alone what takes a while, and takes its line away again."""
    return drawn(ProgressLine(live=True, waits=PATIENCE, goes=True) if is_drawn_over() else None)


@contextmanager
def drawn(line: ProgressLine | None) -> Iterator[Progress]:
    """Give *line* to report to, or nobody in its place, and end it whatever happens."""
    try:
        yield line or (lambda *_: None)
    finally:
        if line is not None:
            line.close()


@contextmanager
def shown_as(what: str, report: Progress) -> Iterator[None]:
    """Report the block as *what*: begun, and done where it ends well."""
    report(what, 0, 1)
    yield
    report(what, 1, 1)


@contextmanager
def goes_on(way: str) -> Iterator[None]:
    """Let Ctrl-C, and a disk that fills, inside the block tell the *way* to go on from there."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(way) from None
    except OSError as error:
        # what has no name is an output, and nobody's to go on with
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename is None:
            raise
        raise MachineError(f"{error.strerror}: {str(error.filename)!r}. Make room. {way}") from error
