"""
The names check. In: an answer in its file. Out: what it names that does not exist and the reference does not name.

Each answer is laid beside the file it belongs to, as a module of its own that nothing imports, in a copy of the
repository's Python: so one run of the resolver judges all answers, and none of them can see another.
"""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from ...mining.corpus import Corpus
from ...mining.errors import MismatchError
from ...mining.scratch import new_scratch
from ...mining.source import Source, Span
from ..names.certainty import KINDS, is_certain
from ..names.existence import FILES_A_RUN, as_missing
from ..names.house import House, read_house
from ..names.resolver import PROJECT, ask_resolver, find_resolver
from .check import Answer, Check, Remark, Result

Said = Mapping[str, Any]
"""One of the resolver's errors."""
MOST_FAILURES = 24
"""Runs that may fail before the resolver counts as broken: two files in 500 that bring it down take 20."""


# no slots: the house is read once, beside the fields
@dataclass(frozen=True)
class NamesCheck:
    """
    Fails an answer that names what certainly does not exist, where the reference does not.
    """

    program: str
    repository: Path
    name: str = "names"
    order: int = 20
    repeats: int = 1

    @property
    def settings(self) -> Mapping[str, Any]:
        """The resolver's version and ours."""
        with suppress(importlib.metadata.PackageNotFoundError):
            return {"version": 2, "resolver": importlib.metadata.version("pyrefly")}
        return {"version": 2, "resolver": self.program}

    @cached_property
    def house(self) -> House:
        """The repository's Python."""
        return read_house(self.repository)

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return one result per answer; `unsupported` where the language or the resolver leaves it open."""
        python = [answer for answer in answers if answer.source.language.name == "python"]
        said = self.ask(python)
        return [
            self.judge_one(answer, said)
            if answer.source in said and answer.reference in said
            else Result(None, "unsupported")
            for answer in answers
        ]

    def ask(self, answers: Sequence[Answer]) -> dict[Source, list[Said]]:
        """Return what the resolver says of each answer's file and reference; what it fails on is left out."""
        sources = list(dict.fromkeys(source for answer in answers for source in (answer.source, answer.reference)))
        said: dict[Source, list[Said]] = {}
        with new_scratch("names") as scratch:
            root = scratch.resolve()
            for path in (*self.house.files, PROJECT):
                copy_plain(self.repository / path, root / path)
            laid = {lay(root, source, number): source for number, source in enumerate(sources)}
            for parts, found in self.ask_parts(root, list(laid)):
                said.update((laid[path], []) for path in parts)
                for error in found:
                    if error["name"] in KINDS:
                        said[laid[error["path"]]].append(error)
        return said

    def ask_parts(self, root: Path, paths: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[Said]]]:
        """
        Yield files with what the resolver says of them; files it fails on are asked in halves until one is left alone.
        """
        tops = [root / top.relative_to(self.house.root) for top in self.house.tops]
        waiting = [paths[first : first + FILES_A_RUN] for first in range(0, len(paths), FILES_A_RUN)]
        failed = 0
        while waiting and failed < MOST_FAILURES:
            part = waiting.pop()
            found = ask_resolver(self.program, root, part, tops)
            if found is not None:
                yield part, found
                continue
            failed += 1
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]

    def judge_one(self, answer: Answer, said: Mapping[Source, list[Said]]) -> Result:
        """Return what is wrong inside the answer's span, beyond what the resolver says of the reference."""
        theirs = Counter(map(gist_of, inside(said.get(answer.reference, []), answer.reference, answer.reference_span)))
        fresh: list[Said] = []
        for error in inside(said.get(answer.source, []), answer.source, answer.span):
            if theirs[gist_of(error)] > 0:
                theirs[gist_of(error)] -= 1
            else:
                fresh.append(error)
        wrong = self.find_wrong(fresh, answer.source)
        remarks = tuple(Remark(f"A11[{m.kind}]", m.line, m.message) for m in map(as_missing, wrong))
        detail = {"wrong": sorted({remark.message for remark in remarks}), "undecided": len(fresh) - len(wrong)}
        return Result(not wrong, "names" if wrong else "ok", detail, remarks)

    def find_wrong(self, errors: Sequence[Said], source: Source) -> list[Said]:
        """Return those of *errors* that nothing in the repository, nor in the answer's own file, makes right."""
        lines = source.utf8.split(b"\n")
        certain = [error for error in errors if is_certain(error, self.house, lines)]
        # to look through a large house takes long: once for an answer, and only where there is something to decide
        around = replace(self.house, text=self.house.text + b"\n" + source.utf8, known={}) if certain else self.house
        return [error for error in certain if is_certain(error, around, lines)]


def gist_of(error: Said) -> tuple[str, str]:
    """Return what an error says, wherever it stands."""
    return error["name"], error["description"].partition("\n")[0]


def inside(errors: Sequence[Said], source: Source, span: Span) -> list[Said]:
    """Return the errors on the lines of *span*."""
    first, last = source.line_numbers(span)
    return [error for error in errors if first <= error["line"] <= last]


def lay(root: Path, source: Source, number: int) -> str:
    """
    Write *source* beside the file it belongs to, as a module of its own, and return its path.

    Raises `MismatchError` where that is not below *root*, which has no links.
    """
    path = PurePosixPath(source.path)
    beside = path.with_name(f"{path.stem.replace('.', '_')}__{number}.py").as_posix()
    if not (root / beside).resolve().is_relative_to(root):
        raise MismatchError(f"{source.path!r} is no path of a repository. Mine again.")
    (root / beside).parent.mkdir(parents=True, exist_ok=True)
    (root / beside).write_bytes(source.utf8)
    return beside


def copy_plain(file: Path, target: Path) -> None:
    """Copy a plain file; one that has gone meanwhile is left out."""
    with suppress(OSError):
        data = file.read_bytes()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def make_check(corpus: Corpus, repository: Path | None) -> Check | None:  # noqa: ARG001 - every check takes both
    """Return the check, or None without a repository to resolve names in, or without a resolver."""
    program = find_resolver()
    return NamesCheck(program, repository.resolve()) if program is not None and repository is not None else None
