"""
A language's own checker. In: a file's text and its language. Out: what the checker says against it, or that it cannot.

The command comes from the user's `--language FILE` and reads code that a model wrote, so it runs in the sandbox, with
the folder of that file to read and nothing else.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..mining.languages import Language
from ..mining.source import Source
from .sandbox.doctor import find_cage
from .sandbox.run import PYTHON, Limits, Status, run_caged

if TYPE_CHECKING:
    from ..mining.workers import Progress

LIMITS = Limits(wall=60.0, cpu=20)
INTERPRETERS = ("python", "python3")
LINE = re.compile(r"(?:[:(]|\bline )(\d+)")
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f]")
LONGEST_MESSAGE = 300
ENDED = "the checker ended with"
"""How the complaint begins about a checker that was stopped."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """
    What a checker says against a file.
    """

    line: int
    """The first line that it names, from 1; 0 where it names none."""
    message: str


@dataclass(frozen=True, slots=True)
class Program:
    """
    A checker as the sandbox can run it.
    """

    words: tuple[str, ...]
    readable: tuple[str, ...]


def run_checker(source: Source) -> Complaint | str | None:
    """Return what the checker of *source*'s language says against it, None for nothing, or why it cannot say."""
    program = find_program(source.language)
    if isinstance(program, str):
        return program
    cage = find_cage()
    if cage is None:
        return "no_sandbox"
    # the name is kept, because some checkers look at it; the dot keeps a leading dash from being an option
    name = PurePosixPath(source.path).name
    command = [word.replace("{file}", f"./{name}") for word in program.words]
    shown = {path: path for path in program.readable}
    done = run_caged(command, limits=LIMITS, cage=replace(cage, files={name: source.text}, shown=shown))
    if done.status is Status.OK:
        return None
    if done.status is Status.INFRA:
        return done.status.value
    if done.status is not Status.FAILED:
        return Complaint(0, f"{ENDED} {done.status}")
    return read_complaint(done.output.decode("utf-8", "replace"), name)


def try_checker(sources: Sequence[Source], report: Progress) -> dict[str, Any]:
    """
    Return how many of *sources*, files of the house, their checker was `asked` about and `accepted`.

    `first_complaint` is what it said against one, `reason` why it cannot say. No more are asked where one stops it.
    """
    tried: dict[str, Any] = {"asked": 0, "accepted": 0, "first_complaint": "", "reason": ""}
    for done, source in enumerate(sources):
        report("checking", done, len(sources))
        found = run_checker(source)
        if isinstance(found, str):
            return {**tried, "reason": found}
        tried["asked"] += 1
        tried["accepted"] += found is None
        if found is not None:
            tried["first_complaint"] = tried["first_complaint"] or found.message
            if found.message.startswith(ENDED):
                break
    return tried


def read_complaint(output: str, name: str) -> Complaint:
    """Return the first complaint in what a checker printed."""
    lines = [text for line in output.splitlines() if (text := CONTROL.sub("", line).strip())]
    first = next((line for line in lines if name in line), lines[0] if lines else "the checker refuses the file")
    number = LINE.search(first.replace(name, "", 1))
    return Complaint(int(number[1]) if number else 0, first.replace(f"./{name}", name)[:LONGEST_MESSAGE])


@cache
def find_program(language: Language) -> Program | str:
    """Return the checker of *language* with the files of its table found, or why there is none."""
    if not language.check:
        return "no_checker"
    folder = Path(language.folder)
    first, *rest = language.check
    own = [word for word in language.check if "{file}" not in word and (folder / word).is_file()]
    if first in own:
        program = str((folder / first).resolve())
    elif first in INTERPRETERS:
        program = PYTHON
    elif (found := shutil.which(first)) is not None:
        program = str(Path(found).resolve())
    else:
        return "checker_not_found"
    words = (program, *(str((folder / word).resolve()) if word in own else word for word in rest))
    readable = [str(Path(program).parent)] + ([str(folder.resolve())] if own else [])
    return Program(words, tuple(readable))
