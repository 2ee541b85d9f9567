"""
`compile`: does the language's own compiler accept the file? In: answers in their files. Out: a result each.

Python is compiled, never run, in a worker process that may use limited time and memory: a body that brings the compiler
down costs that one answer. A file whose reference the running Python cannot compile is `unsupported` in every arm.
Other languages need the check command of their table, which runs in the sandbox; without one they are `unsupported`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...mining.corpus import Corpus
from ...mining.languages import known_languages
from ...mining.source import Source
from ..language_check import Complaint, run_checker
from .check import LOST, Answer, Check, Remark, Result

BATCH = 64
CPU_SECONDS = 30
"""Processor time for a batch: a file compiles in milliseconds, and a busy machine must not change a result."""
WALL_SECONDS = 900
"""Only a worker that hangs without computing is ended by the clock."""
MEMORY = 1 << 30

# Reads [[path, text], …] and writes [null | [line, message], …]. Compiles, does not execute.
WORKER = f"""
import json, sys, warnings
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
    resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
warnings.simplefilter("ignore")
faults = []
for path, text in json.load(sys.stdin):
    try:
        compile(text, path, "exec", dont_inherit=True)
        faults.append(None)
    except SyntaxError as error:
        faults.append([error.lineno or 0, error.msg or "invalid syntax"])
    except (ValueError, RecursionError, MemoryError, OverflowError, SystemError) as error:
        faults.append([0, type(error).__name__])
json.dump(faults, sys.stdout)
"""

Fault = tuple[int, str]


class CompileCheck:
    """
    The running Python's compiler, and the checkers of the user's own languages.
    """

    name = "compile"
    order = 10
    repeats = 1

    def __init__(self) -> None:
        self.compiled: dict[tuple[str, int], Fault | None] = {}
        self.checked: dict[tuple[str, int], Complaint | str | None] = {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The check's version, the compiler's, and the checkers of the user's own languages."""
        checkers = {language.name: list(language.check) for language in known_languages() if language.check}
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {"version": 2, "python": python, **({"checkers": checkers} if checkers else {})}

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return whether each answer compiles in its file."""
        python = [i for i, answer in enumerate(answers) if answer.source.language.name == "python"]
        self.compile_once([source for i in python for source in (answers[i].reference, answers[i].source)])
        results = [Result(None, "unsupported") for _ in answers]
        for i in python:
            if self.compiled[key_of(answers[i].reference)] is None:
                fault = self.compiled[key_of(answers[i].source)]
                results[i] = Result(True) if fault is None else explain(fault)
        for i, answer in enumerate(answers):
            if answer.source.language.check:
                results[i] = self.judge_by_checker(answer)
        return results

    def judge_by_checker(self, answer: Answer) -> Result:
        """Return what the checker of the answer's language says; nothing where it refuses the reference."""
        reference, found = self.complaint(answer.reference), self.complaint(answer.source)
        if LOST in (reference, found):
            return Result(None, LOST)
        if reference is not None:
            return Result(None, "unsupported")
        if isinstance(found, str):
            return Result(None, "unsupported", {"message": found})
        return Result(True) if found is None else explain((found.line, found.message))

    def complaint(self, source: Source) -> Complaint | str | None:
        """Return what the checker says of one file, asked once."""
        key = key_of(source)
        if key not in self.checked:
            self.checked[key] = run_checker(source)
        return self.checked[key]

    def compile_once(self, sources: Sequence[Source]) -> None:
        """Compile those files that are new to this check: most arms leave most files as an earlier one did."""
        new = {key: source for source in sources if (key := key_of(source)) not in self.compiled}
        faults = compile_texts([(source.path, source.text) for source in new.values()])
        self.compiled.update(zip(new, faults, strict=True))


def key_of(source: Source) -> tuple[str, int]:
    """Return what tells one file from another within a run."""
    return source.path, hash(source.utf8)


def explain(fault: Fault) -> Result:
    """Return the result of a file that does not compile."""
    line, message = fault
    return Result(False, "compile_error", {"line": line, "message": message}, (Remark("compile", line, message),))


def compile_texts(texts: Sequence[tuple[str, str]]) -> list[Fault | None]:
    """Compile Python files in throw-away workers and return what is wrong with each."""
    faults: list[Fault | None] = []
    for start in range(0, len(texts), BATCH):
        faults.extend(compile_batch(texts[start : start + BATCH]))
    return faults


def compile_batch(texts: Sequence[tuple[str, str]]) -> list[Fault | None]:
    """Compile one batch; when it brings the worker down, halve it until the culprit stands alone."""
    if not texts:
        return []
    faults = run_worker(texts)
    if faults is not None:
        return faults
    if len(texts) == 1:
        return [(0, "the compiler did not survive this file")]
    middle = len(texts) // 2
    return compile_batch(texts[:middle]) + compile_batch(texts[middle:])


def run_worker(texts: Sequence[tuple[str, str]]) -> list[Fault | None] | None:
    """Return the faults that one worker found, or None when it crashed or took too long."""
    data = json.dumps([list(text) for text in texts])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", WORKER], input=data, capture_output=True, text=True, timeout=WALL_SECONDS
        )
        faults: list[list[Any] | None] = json.loads(done.stdout) if done.returncode == 0 else []
    except (subprocess.TimeoutExpired, ValueError):
        return None
    if len(faults) != len(texts):
        return None
    return [None if fault is None else (int(fault[0]), str(fault[1])) for fault in faults]


def make_check(corpus: Corpus, repository: Path | None) -> Check:  # noqa: ARG001 - the signature of every check
    """Return the check."""
    return CompileCheck()
