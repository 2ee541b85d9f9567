"""
What a person reads in a terminal. In: numbers, lists, or others' text. Out: words that are safe to show.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

COMMAND = re.compile(r"^(?=[ \t]*::)", re.MULTILINE)
"""Where a line would begin as what GitHub's runner takes for a command, in any step's log."""
AMID = re.compile(r"#(?=#\w*\[)")
"""What runners of GitHub, Azure and TeamCity take for a command wherever it stands: `##[…]`, `##vso[…]`."""


def counted(count: int, what: str) -> str:
    """Return *count* and *what* there are so many of: `1 file`, `1,200 files`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def all_of(words: Sequence[str], most: int | None = None) -> str:
    """Return *words* as a sentence lists them; of more than *most*, so many and how many there are beside."""
    named = [*words[:most], *([f"{len(words[most:])} more"] if most is not None and len(words) > most else [])]
    return listed(named, "and")


def any_of(words: Sequence[str]) -> str:
    """Return *words* as a sentence says them of which any is meant."""
    return listed(words, "or")


def listed(words: Sequence[str], last: str) -> str:
    """Return *words* with commas between them, and the word *last* before the last one."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def worded(reason: str) -> str:
    """Return a *reason* or a state, as records name it, in words: `near duplicate`, `no grammar for .css`."""
    return reason.replace("_", " ")


def ask_if_meant(word: str, known: Iterable[str]) -> str:
    """Return the question whether the one of *known* that *word* is most like was meant, or nothing."""
    from difflib import get_close_matches  # who makes no slip does not wait for it

    return "".join(f". Did you mean {name!r}?" for name in get_close_matches(word, known, 1))


def as_written(value: Any) -> str:
    """Return *value* as Python writes it, cut where it is long or deep."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return "a number of thousands of digits"


def printable(text: str, kept: str = "") -> str:
    """
    Return *text* with control characters but those *kept* spelled out: others' code must not drive the terminal.

    Nor a pipeline, where the log is read by a runner: of what opens a command amid a line one sign is spelled, too.
    """
    shown = "".join(letter if letter.isprintable() or letter in kept else spelled(letter) for letter in text)
    return AMID.sub(lambda sign: spelled(sign[0]), shown)


def without_commands(lines: str) -> str:
    """Return *lines*, each of which a file's path may open, with `./` before a path that would open a command."""
    return COMMAND.sub("./", lines)


def spelled(letter: str) -> str:
    """Return *letter* by its number, in hexadecimal digits; of a byte that is no UTF-8, that byte's."""
    number = ord(letter)
    number -= 0xDC00 if 0xDC80 <= number <= 0xDCFF else 0
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
