"""
Runs a repository's tests inside the cage. In: a task (JSON) on standard input. Out: records, each behind a secret.

Runs as a script of its own. What is tested shares this process, so nothing here is trusted alone: whoever reads the
records looks for the secret before each, for every expected test, for canaries that failed, and for the last record.
Steps by which code could find the secret or the checker (frames, closures, the collector, ctypes) are reported by an
audit hook before they happen; an audit hook cannot be taken away. The memory of the process cannot be opened as a file.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any, cast

WATCHED = ("sys._getframe", "sys._current_frames", "sys.addaudithook", "sys.settrace", "sys.setprofile", "gc.get_",
           "ctypes.", "code.__new__", "object.__getattr__", "object.__setattr__")  # fmt: skip
CHECKERS = ("pytest", "_pytest", "unittest.case", "ctypes", "gc", "pluggy", "__main__", "faulthandler")
"""Modules that code under test has no business to import by itself."""
SEE_THROUGH = ("inspect.py", "traceback.py", "importlib/__init__.py", "<frozen importlib._bootstrap>")
GUARDED = ("builtins", "time", "os", "_pytest.runner", "_pytest.reports", "_pytest.python", "_pytest.outcomes",
           "_pytest.assertion.rewrite", "_pytest.assertion.util", "unittest.case", "pluggy._callers")  # fmt: skip
ROUNDS_SECONDS = 4
"""Processor time after which no further round of a reference begins."""
MOST_CALLS, MOST_BYTES = 8, 10_000

Emit = Callable[..., None]
Plain = dict[Any, Any]


def open_channel(secret: str) -> Emit:
    """
    Return what writes a record; from now on nothing else reaches the standard output.

    What is tested can change every function of a module, so a record is made by the encoder in C alone; and it can put
    a pipe of its own in the place of this one, so nothing is written into another.
    """
    channel = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    write, look, leave, pipe = os.write, os.fstat, os._exit, os.fstat(channel).st_ino
    make: Any = vars(json.encoder)["c_make_encoder"]
    encode = make(None, None, vars(json.encoder)["encode_basestring_ascii"], None, ": ", ", ", False, False, True)

    def emit(word: str, **values: Any) -> None:
        """Write one record."""
        if look(channel).st_ino != pipe:
            leave(0)
        line = f"{secret} {''.join(encode({'record': word, **values}, 0))}\n".encode()
        while line:
            line = line[write(channel, line) :]

    return emit


def hide_memory() -> None:
    """Keep the memory of this process, where the secret lies, from being read as a file, by it or by what it starts."""
    before = set(sys.modules)
    import ctypes

    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
    for name in set(sys.modules) - before:
        del sys.modules[name]  # what is tested is to be seen importing it


def watch_answer(emit: Emit, path: str, first: int, last: int) -> None:
    """Report each step toward the checker that the answer, lines *first* to *last* of *path*, takes itself."""
    get_frame: Callable[[int], FrameType] = vars(sys)["_getframe"]
    busy = [False]

    def hook(event: str, details: tuple[Any, ...]) -> None:
        """Look at who caused a watched event."""
        importing = event == "import" and str(details[0]).startswith(CHECKERS)
        if busy[0] or not (importing or event.startswith(WATCHED)):
            return
        busy[0] = True
        try:
            frame: FrameType | None = get_frame(1)
            while frame is not None and is_see_through(frame.f_code):
                frame = frame.f_back
            if frame is not None and frame.f_code.co_filename == path and first <= frame.f_lineno <= last:
                emit("tamper", why=f"{event} {details[0] if importing else ''}".strip())
        finally:
            busy[0] = False

    sys.addaudithook(hook)


def is_see_through(code: CodeType) -> bool:
    """Claim that *code* only acts for whoever calls it: text that was run, or a library that hands out frames."""
    return code.co_filename.endswith((*SEE_THROUGH, "<string>")) or code.co_filename == "<stdin>"


def take_prints() -> dict[str, int]:
    """Return the identity of everything the verdict of a test rests on."""
    prints: dict[str, int] = {}
    # which of its modules holds what calls the plug-ins differs by pluggy's version
    for name in {*GUARDED, *(name for name in sys.modules if name.startswith("pluggy."))}:
        module = builtins if name == "builtins" else sys.modules.get(name)
        for key, value in vars(module).items() if module is not None else ():
            if not callable(value) or key == "_":
                continue
            prints[f"{name}.{key}"] = id(value)
            if isinstance(value, type) and value.__module__ == name:
                prints.update((f"{name}.{key}.{inner}", id(found)) for inner, found in vars(value).items()
                              if is_code(found) and not inner.startswith("__abc"))  # fmt: skip
    return prints


def is_code(value: Any) -> bool:
    """Claim that *value*, which a class holds, runs something; a class method as it is held cannot be called."""
    return callable(value) or isinstance(value, (classmethod, property))


class Recorder:
    """
    A pytest plugin that records what becomes of each test.
    """

    def __init__(self, emit: Emit, switch: Callable[[str], Any] | None = None) -> None:
        self.emit = emit
        self.switch = switch
        self.outcomes: dict[str, str] = {}

    def pytest_collectreport(self, report: Any) -> None:
        """Record a file that could not be collected."""
        if report.failed:
            self.emit("collect", id=report.nodeid, why=str(report.longrepr)[-500:])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say whose coverage begins."""
        if self.switch is not None:
            self.switch(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the worst of a test's three phases."""
        known = self.outcomes.get(report.nodeid, "")
        if report.outcome != "passed" or (report.when == "call" and not known):
            self.outcomes[report.nodeid] = report.outcome

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Record the test."""
        self.emit("test", id=nodeid, outcome=self.outcomes.get(nodeid, "none"))


def run_tests(task: dict[str, Any], plugin: Recorder) -> int:
    """Run pytest on the tests named, or on all, by the repository's own settings."""
    import pytest

    words = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--rootdir", task["root"]]
    # what rewrites assertions would hand pytest's own settings, and with them its plug-ins, to whoever imports
    return int(pytest.main([*words, "--assert=plain", *task["tests"]], plugins=[plugin]))


def measure(task: dict[str, Any], emit: Emit) -> None:
    """Run every test once, and record which lines of which file each one runs."""
    import coverage

    meter = coverage.Coverage(data_file=None, include=[f"{task['root']}/*"], config_file=False)
    meter.start()
    try:
        code = run_tests(task, Recorder(emit, meter.switch_context))
    except Exception as error:
        emit("broken", why=f"{type(error).__name__}: {error}")
        raise
    meter.stop()
    data = meter.get_data()
    for path in sorted(data.measured_files()):
        contexts = data.contexts_by_lineno(path)
        tests: dict[str, list[int]] = {}
        for line, names in contexts.items():
            for name in names:
                if name:
                    tests.setdefault(name, []).append(line)
        emit("covered", path=os.path.relpath(path, task["root"]), tests=tests)
    emit("end", code=code)


def judge(task: dict[str, Any], emit: Emit) -> None:
    """Run the tests named and the canaries, watched."""
    for name in ("pytest", *GUARDED):
        importlib.import_module(name)  # before the answer can be
    prints = take_prints()
    watch_answer(emit, *task["answer"])
    if task["calls"] == "record":
        record_calls(task, emit)
    if task["rounds"] > 1:
        repeat(task, emit)
        return
    code = run_tests(task, Recorder(emit))
    sys.setprofile(None)
    now = take_prints()
    changed = sorted(name for name, print_ in prints.items() if now.get(name) != print_)
    if changed:
        emit("tamper", why="changed " + ", ".join(changed[:5]))
    emit("end", code=code)


def repeat(task: dict[str, Any], emit: Emit) -> None:
    """Run the tests named several times, each time in a fork of this process, until the time for it is used up."""
    for done in range(task["rounds"]):
        if done and sum(os.times()[:4]) > ROUNDS_SECONDS:
            break
        child = os.fork()
        if child == 0:
            os._exit(run_tests(task, Recorder(emit)))
        _, status = os.waitpid(child, 0)
        if not os.WIFEXITED(status):
            os._exit(1)  # without a last record: this round crashed
    emit("end", code=0)


def record_calls(task: dict[str, Any], emit: Emit) -> None:
    """Record arguments and answer of the first calls of the definition whose values are plain data."""
    path, first, last = task["answer"]
    waiting: dict[int, Any] = {}
    count = [0]

    def profile(frame: FrameType, event: str, value: Any) -> None:
        """Look at calls of the one definition."""
        code = frame.f_code
        if event not in ("call", "return") or code.co_filename != path or code.co_name != task["symbol"]:
            return
        if not first - 60 <= code.co_firstlineno <= last or count[0] >= MOST_CALLS or code.co_flags & 0x2A0:
            return
        if event == "call":
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            given = {name: frame.f_locals[name] for name in names}
            if not code.co_flags & 0x0C and not code.co_posonlyargcount and is_plain(given):
                waiting[id(frame)] = json.loads(json.dumps(given))
        elif id(frame) in waiting:
            given = waiting.pop(id(frame))
            if is_plain(value) and len(json.dumps([given, value])) < MOST_BYTES:
                count[0] += 1
                emit("call", given=given, answer=value)

    sys.setprofile(profile)


def is_plain(value: Any, depth: int = 0) -> bool:
    """Claim that *value* is made of exact plain types alone, so that it survives the pipe unchanged."""
    if depth > 20:
        return False
    if type(value) is dict:
        return all(type(key) is str and is_plain(inner, depth + 1) for key, inner in cast("Plain", value).items())
    if type(value) is list:
        return all(is_plain(inner, depth + 1) for inner in cast("list[Any]", value))
    return value is None or type(value) in (bool, int, str) or (type(value) is float and value == value)


def answer_calls(task: dict[str, Any], emit: Emit) -> None:
    """Call the definition as it was called before, and hand its answers out; no more is known here."""
    function = getattr(importlib.import_module(task["module"]), task["symbol"])
    for given in task["given"]:
        try:
            value = function(**given)
        except Exception as error:
            emit("answer", kind="error", value=type(error).__name__)
            continue
        plain = is_plain(value)
        emit("answer", kind="plain" if plain else "object", value=value if plain else type(value).__name__)
    emit("end", code=0)


def main() -> None:
    """Read the task and carry it out."""
    task = json.loads(sys.stdin.buffer.read())
    hide_memory()
    emit = open_channel(task.pop("secret"))
    sys.modules["__main__"] = ModuleType("__main__")  # what is tested finds nothing of this script there
    emit("begin")  # what is strange from now on comes from what is tested
    sys.path[:0] = task["path"]
    os.chdir(task["root"])
    {"measure": measure, "judge": judge, "calls": answer_calls}[task["mode"]](task, emit)


if __name__ == "__main__":
    main()
