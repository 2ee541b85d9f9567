"""
The repository's own formatter. In: a file and the lines of an answer in it. Out: the same file, those lines formatted.

What a tool mends for free is not a model's merit, nor its fault: style is scored before and after it. Only formatters
that can keep to some lines are used, with the repository's own settings; they format text and run none of it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..mining.owners import owners_at
from ..mining.reading import read_start
from ..mining.scratch import new_scratch
from ..mining.source import Source, Span, parse_text

SECONDS = 10
TOOLS = (
    ("ruff format", "ruff", ("format", "--no-cache", "--range", "{first}-{after}")),
    ("black", "black", ("--quiet", "--line-ranges", "{first}-{last}")),
)
"""A formatter as `mining.owners` calls it, its program, and how it keeps to lines; ruff ends before a line."""
SETTINGS = {
    "ruff": ((".ruff.toml", rb""), ("ruff.toml", rb""), ("pyproject.toml", rb"^\[tool\.ruff\b")),
    "black": (("pyproject.toml", rb"^\[tool\.black\b"),),
}
"""Where a program's settings stand, the first one that is there, and what it looks like there."""


# no slots: the version is asked for once, beside the fields
@dataclass(frozen=True)
class Formatter:
    """
    A program that formats some lines of a file.
    """

    program: Path
    arguments: tuple[str, ...]
    settings: Path | None

    @cached_property
    def version(self) -> str:
        """What the program calls itself; empty when it does not answer."""
        return (self.run(["--version"], b"") or b"").decode("utf-8", "replace").partition("\n")[0].strip()

    def run(self, arguments: list[str], text: bytes) -> bytes | None:
        """Return what the program writes, or None where it fails; it starts where no settings but the given lie."""
        with new_scratch("formatter") as scratch:
            try:
                done = subprocess.run(
                    [str(self.program), *arguments], input=text, capture_output=True, cwd=scratch, timeout=SECONDS
                )
            except (OSError, subprocess.TimeoutExpired):
                return None
        return done.stdout if done.returncode == 0 else None

    def format_span(self, source: Source, span: Span) -> tuple[Source, Span]:
        """Return *source* with the lines of *span* formatted, and where they lie then; unchanged where that fails."""
        first, last = source.line_numbers(span)
        kept = [argument.format(first=first, last=last, after=last + 1) for argument in self.arguments]
        chosen = ["--config", str(self.settings)] if self.settings is not None else []
        text = self.run([*kept, *chosen, "--stdin-filename", "answer.py", "-"], source.utf8)
        tail = source.utf8[span.end :]
        if not text or not text.startswith(source.utf8[: span.start]) or not text.endswith(tail):
            return source, span
        made = parse_text(source.path, text.decode("utf-8"), source.language)
        return made, Span(span.start, len(text) - len(tail))


def find_formatter(repository: Path) -> Formatter | None:
    """Return the formatter of Python that *repository* has set up, if it is installed here and can keep to lines."""
    owners = owners_at(repository)
    for owner, name, arguments in TOOLS:
        beside = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if owner in owners and beside is not None:
            return Formatter(Path(beside), arguments, find_settings(repository, name))
    return None


def find_settings(repository: Path, program: str) -> Path | None:
    """Return the file with the settings of *program*, or None."""
    for name, sign in SETTINGS[program]:
        text = read_start(repository, name)
        if text is not None and re.search(sign, text, re.MULTILINE):
            return (repository / name).resolve()
    return None
