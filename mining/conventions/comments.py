"""
Comments. In: notes to do, the head of a file. Out: what they carry. Rows D10 and D11 of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from tree_sitter import Node

from ..filters.personal import MASKED
from ..source import text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .view import FileView

TO_DO = re.compile(r"#+\s*(TODO|FIXME|XXX)\b(.*)", re.DOTALL)
ISSUE = re.compile(r"#\d+|\b[A-Z][A-Z0-9]+-\d+\b|https?://|\bgh-\d+", re.IGNORECASE)
OWNER = re.compile(r"^\s*[(\[]\s*@?[\w.@-]+\s*[)\]]")
RIGHTS = re.compile(r"copyright|licen[cs]e|SPDX|all rights reserved", re.IGNORECASE)
YEARS = re.compile(r"\b(19|20)\d\d(\s*[-,–]\s*((19|20)?\d\d|present))*\b")
HOLDER = re.compile(
    r"^[^\w\n]*(?:c\)[ \t]*|SPDX-File)?copyright(?:text)?\b(?:[ \t:,-]|\(c\)|©|(?:by|now|present|YEAR)\b)*"
    r"(.*?)(?=[,.]?[ \t]*all rights reserved|[ \t]*<|$)",
    re.IGNORECASE | re.MULTILINE,
)
"""Whom a line names that holds the rights."""
TO_TOOLS = re.compile(
    r"#!|# -\*-|# vim|# coding|#\s*(noqa|nosec|pragma)\b"
    r"|#\s*(flake8|fmt|isort|mypy|pylint|pyright|pytype|ruff|ty|type|yapf)\s*:"
)
"""Comments that programs read."""
COOKIE_LINES = 2
"""The first lines of a file: only there a program's name and an encoding count."""
NO_HEADER = "no header"
LETTER = re.compile(r"[^\W\d_]")


class ToDoForm(Convention):
    """Whether a note of something to do names an owner or an issue."""

    id = "D10"
    name = "to-do-form"
    question = "Whom or what does a note of something to do name?"
    fault = "this note names {found}; notes in this codebase name {wanted}"
    query = "(comment) @site"
    needs = (b"TODO", b"FIXME", b"XXX")
    linter_codes = frozenset({"TD002", "TD003"})
    never = frozenset({"nothing"})
    values = ("an owner", "an issue", "nothing")
    examples = Examples(
        value="an owner",
        conforms=("# TODO(ada): say why", "# FIXME(@grace) later"),
        departs=("# TODO: say why", "# TODO say why"),
        nearly=("# what to do: nothing", "x = '# TODO'", "# the TODO list"),
    )
    also = (
        Examples(
            value="an issue",
            conforms=("# TODO: see #123", "# FIXME PROJ-12 say why"),
            departs=("# XXX: say why",),
            nearly=("# see #123",),
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return what a note names."""
        note = TO_DO.match(file.text(site))
        if note is None:
            return None
        if OWNER.match(note[2]):
            return "an owner"
        return "an issue" if ISSUE.search(note[2]) else "nothing"

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the note without what it names."""
        note = TO_DO.match(place.text)
        if note is None or value != "nothing":
            return ()
        bare = ISSUE.sub("that", OWNER.sub("", note[2]))
        return place.instead(place.text[: note.start(2)] + bare)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        example = {"an owner": " (`# TODO(name): …`)", "an issue": " (`# TODO: … #123`)"}.get(value, "")
        return f"Name {value} in a note of something to do{example}."


class Header(Convention):
    """Shared by the conventions about what a file says of rights, equal up to the year."""

    never = frozenset({NO_HEADER})

    def suits(self, found: str, wanted: str) -> bool:
        """Claim that *found* is the header, or keeps the rights of somebody else."""
        return found == wanted or not holders_of(found) <= holders_of(wanted)

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong: the first line that differs."""
        return difference_of(found, wanted)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Open every file with `{telling_line(value)}`."


class FileHeader(Header):
    """Which lines of copyright or licence open a file, equal up to the year."""

    id = "D11"
    name = "file-header"
    question = "Which lines of copyright or licence open a file?"
    query = "(module) @site"
    linter_codes = frozenset({"CPY001"})
    is_fixable = True
    version = 3
    examples = Examples(
        value="# Copyright YEAR The Authors\n# SPDX-License-Identifier: MIT",
        conforms=(
            "# Copyright 2021-2024 The Authors\n# SPDX-License-Identifier: MIT\n\nx = 1\n",
            "#!/usr/bin/env python\n# Copyright 2025 The Authors\n# SPDX-License-Identifier: MIT\n\nx = 1\n",
        ),
        departs=("x = 1\n", "# Copyright 2021 The Authors\n\nx = 1\n", "# reads files\nx = 1\n"),
        nearly=(
            "",
            "# Copyright 2024 The Authors\n# SPDX-License-Identifier: MIT\n",
            "# Copyright 2024 The Authors\n# SPDX-License-Identifier: MIT\n#\n\nx = 1\n",
            "# Copyright 2024 The Authors\n# SPDX-License-Identifier: MIT\n# pylint: disable=no-member\n\nx = 1\n",
            "# type: ignore\n# Copyright 2024 The Authors\n# SPDX-License-Identifier: MIT\n\nx = 1\n",
        ),
    )
    also = (
        Examples(
            value="# SPDX-License-Identifier: MIT",
            conforms=("# SPDX-License-Identifier: MIT\n\nx = 1\n",),
            departs=("x = 1\n", "#!/usr/bin/env python\nx = 1\n"),
            nearly=("#!/usr/bin/env python\n# SPDX-License-Identifier: MIT\n\nx = 1\n",),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the head of a file that holds code."""
        first = file.after_docstring or (file.statements[0] if file.statements else None)
        if first is None or first.type == "comment":
            return
        header = header_of(file.statements)
        if header:
            yield Choice(YEARS.sub("YEAR", "\n".join(text_of(node) for node in header)), header[0])
        else:
            yield Choice(NO_HEADER, file.statements[0])

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the header put in below what programs read first, where it is known whole and the file has none."""
        statements = place.source.tree.root_node.named_children
        if "YEAR" in value or MASKED in value or value == NO_HEADER or header_of(statements):
            return ()
        read = [node for node in statements if node.type == "comment" and TO_TOOLS.match(text_of(node))]
        past = max((node.end_byte for node in read if node.start_point.row < COOKIE_LINES), default=0)
        start = next(node.start_byte for node in statements if node.start_byte >= past)
        return (Edit(start, start, value.replace("\n", place.newline) + place.newline * 2),)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the header taken out."""
        statements = place.source.tree.root_node.named_children
        header = header_of(statements)
        following = statements[statements.index(header[-1]) + 1 :] if header else []
        return (Edit(header[0].start_byte, following[0].start_byte, ""),) if following else ()


def holders_of(header: str) -> frozenset[str]:
    """Return whom *header* names as those who hold the rights, in small letters."""
    return frozenset(named[1].strip(" .*/").casefold() for named in HOLDER.finditer(header)) - {""}


def difference_of(found: str, wanted: str) -> str:
    """Return how the header that was *found* differs from the *wanted* one: the first line that does."""
    if found == NO_HEADER:
        return f"this file does not open with `{telling_line(wanted)}`"
    lines = zip_longest(found.split("\n"), wanted.split("\n"))
    here, there = next((pair for pair in lines if pair[0] != pair[1]), (found, wanted))
    if here is None:
        return f"the header of this file lacks the line `{there}`"
    if there is None:
        return f"the header of this file goes on with `{here}`; it ends before in this codebase"
    return f"the header says `{here}` here, `{there}` in this codebase"


def telling_line(header: str) -> str:
    """Return the first line of *header* that holds a word: what opens a comment may have a line for itself."""
    line = next((line for line in header.split("\n") if LETTER.search(line)), header)
    return line.strip().removeprefix("* ")


def header_of(statements: list[Node]) -> list[Node]:
    """
    Return the comments that open a file, from the first line about rights to the end of its block.

    Empty lines at its end and what speaks to tools are no part of it.
    """
    opening: list[Node] = []
    for node in statements:
        if node.type != "comment" or (opening and node.start_point.row > opening[-1].start_point.row + 1):
            if not opening or RIGHTS.search("\n".join(text_of(comment) for comment in opening)):
                break
            opening = []
        if node.type != "comment":
            break
        if not TO_TOOLS.match(text_of(node)):
            opening.append(node)
    while opening and not text_of(opening[-1]).strip("# \t"):
        opening.pop()
    return opening if RIGHTS.search("\n".join(text_of(comment) for comment in opening)) else []
