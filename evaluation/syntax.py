"""
Python that does not parse. In: sources. Out: findings of row P01, in those that nothing reads.

Where a file is broken nothing is asked, so it would pass for being unreadable. Each parser may lag behind the language,
so only a file that the grammar, the running Python and libcst all refuse is called broken.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import warnings
from collections.abc import Iterable, Sequence

from ..mining.judge import Finding
from ..mining.profile import state_fact
from ..mining.roles import data_folder
from ..mining.source import Source, outermost_errors

RULE = "P01"
SECONDS = 60
# Reads [text, …] and writes a line for each. Parses, does not execute; libcst does not survive every nesting.
WORKER = """
import json, sys
import libcst
for text in json.load(sys.stdin):
    try:
        libcst.parse_module(text)
        print("parses", flush=True)
    except Exception:
        print("refused", flush=True)
"""


def first_error(source: Source) -> int:
    """Return the first line of *source* that does not parse, where nothing is asked; 0 when all of it does."""
    errors = outermost_errors(source.tree.root_node)
    return source.line_of(min(node.start_byte for node in errors)) if errors else 0


def find_broken(sources: Iterable[Source]) -> dict[str, list[Finding]]:
    """
    Return a finding for each of *sources* that is meant to be Python and does not parse, by path.

    What tests read may be broken on purpose.
    """
    python = [source for source in sources if source.language.name == "python" and not data_folder(source.path)]
    suspects = [source for source in python if first_error(source)]
    faults = [(source, fault) for source in suspects if (fault := fault_of(source.text)) is not None]
    accepted = ask_libcst([source.text for source, _ in faults])
    return {
        source.path: [as_finding(source, *fault)]
        for (source, fault), parses in zip(faults, accepted, strict=True)
        if not parses
    }


def fault_of(text: str) -> tuple[int, str] | None:
    """Return the line and the reason for which the running Python cannot parse *text*; the line may be 0."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 0, error.msg or "invalid syntax"
    except (ValueError, RecursionError, MemoryError) as error:
        return 0, type(error).__name__
    return None


def ask_libcst(texts: Sequence[str]) -> list[bool]:
    """Claim of each of *texts* that libcst parses it, in a process of its own: what brings it down is refused."""
    answers: list[bool] = []
    while len(answers) < len(texts):
        command = [sys.executable, "-P", "-c", WORKER]
        given = json.dumps(texts[len(answers) :]).encode()
        try:
            said = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False).stdout
        except subprocess.TimeoutExpired as late:
            said = late.stdout or b""
        heard = [word == b"parses" for word in said.split()]
        answers += heard if len(answers) + len(heard) == len(texts) else [*heard, False]
    return answers


def as_finding(source: Source, line: int, reason: str) -> Finding:
    """Return a finding of row P01."""
    entry = state_fact(RULE, "", "parses")
    line = min(line or first_error(source), len(source.line_starts))
    span = source.lines_span(line, line)
    text = source.slice(span)
    start = span.start + len(text[: len(text) - len(text.lstrip())].encode())
    column = len(text) - len(text.lstrip()) + 1
    message = f"This does not parse: {reason}"
    return Finding(
        entry, source.path, line, column, column + max(1, len(text.strip())), "broken", message, start, span.end
    )
