"""
Work spread over processes loses exactly what kills it; a worker loads a language once and keeps no file's tree.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import weakref
from collections import Counter

import pytest
from idiolect.mining import workers
from idiolect.mining.definitions import find_units
from idiolect.mining.languages import language_of
from idiolect.mining.mine_file import mine_source
from idiolect.mining.source import parse_source
from idiolect.mining.workers import CHUNK_BYTES, map_files

CRASHER = """
import os, time

def work(path):
    if path.startswith("bad"):
        time.sleep(0.1)
        os._exit(9)
    time.sleep(0.3)
    return path

class Result:
    pass

def give(path):
    return Result()

def devour(path):
    with open(os.environ["IDIOLECT_CALLS"], "a") as calls:
        print(path, file=calls)
    if path.startswith("bad"):
        raise MemoryError
    return path

def crash(path):
    with open(os.environ["IDIOLECT_CALLS"], "a") as calls:
        print(path, file=calls)
    if path.startswith("bad"):
        os._exit(9)
    return path

def orphan(path):
    os.kill(os.getppid(), 9)

def fail(path):
    from idiolect.mining.errors import naming

    with naming(path):
        raise LookupError
"""


@pytest.fixture(autouse=True)
def _spawned(monkeypatch):
    """Start workers as users' are started."""
    monkeypatch.setattr(workers, "START", multiprocessing.get_context("spawn"))


@pytest.fixture(name="crasher")
def _crasher(tmp_path, monkeypatch):
    (tmp_path / "idiolect_crasher.py").write_text(CRASHER, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import idiolect_crasher

    return idiolect_crasher


def test_what_was_given_is_let_go(crasher):
    """Once the next result is asked for, nothing holds on to the one before: all of them may fill a lot of memory."""
    results = map_files(crasher.give, [("a", CHUNK_BYTES), ("b", CHUNK_BYTES), ("c", 1)], workers=1, lost=crasher.give)
    first = weakref.ref(next(results))
    next(results)

    assert first() is None
    assert next(results) is not None
    assert next(results, None) is None


@pytest.fixture(name="work")
def _work(crasher):
    return crasher.work


KILLED = """
from idiolect.mining.workers import map_files
from idiolect_crasher import orphan

list(map_files(orphan, [("a", 1 << 20), ("b", 1 << 20)], workers=2, lost=str))
"""


UNGUARDED = """
from idiolect.mining.workers import map_files

print(list(map_files(str, [("a", 1), ("b", 1)], workers=2, lost=str)))
"""


def lose(path: str) -> str:
    return f"lost {path}"


@pytest.mark.parametrize("count", [1, 2])
def test_a_file_beside_a_crash_is_kept(work, count):
    """A file in a worker next to the one that dies keeps its result, with any number of workers."""
    sizes = [(name, CHUNK_BYTES) for name in ("first", "bad", "last")]

    assert ["first", "lost bad", "last"] == list(map_files(work, sizes, workers=count, lost=lose))


def test_a_crash_costs_one_file_of_its_chunk(crasher, tmp_path, monkeypatch):
    """It is tried in the chunk, behind the others, and by a fresh worker; each of the others twice at most."""
    monkeypatch.setenv("IDIOLECT_CALLS", str(tmp_path / "calls"))
    sizes = [(name, 1) for name in ("a", "b", "bad", "c", "d")]

    assert ["a", "b", "lost bad", "c", "d"] == list(map_files(crasher.crash, sizes, workers=2, lost=lose))
    assert {"a": 2, "b": 2, "bad": 3, "c": 1, "d": 1} == Counter((tmp_path / "calls").read_text("utf-8").split())


def test_a_file_that_memory_is_too_small_for_costs_no_other(crasher, tmp_path, monkeypatch):
    """Its worker lives on, so that what the others gave stands; the file itself is tried once more, alone."""
    monkeypatch.setenv("IDIOLECT_CALLS", str(tmp_path / "calls"))
    sizes = [(name, CHUNK_BYTES) for name in ("bad", "a", "b", "c")]

    assert ["lost bad", "a", "b", "c"] == list(map_files(crasher.devour, sizes, workers=2, lost=lose))
    assert ["a", "b", "bad", "bad", "c"] == sorted((tmp_path / "calls").read_text("utf-8").split())


def test_an_error_in_a_worker_says_which_file_it_came_of(crasher):
    """What was noted of the file travels with the error."""
    with pytest.raises(LookupError) as raised:
        list(map_files(crasher.fail, [("a.py", 1)], workers=1, lost=lose))

    assert ["in 'a.py'"] == raised.value.__notes__


def test_workers_end_with_a_parent_that_is_killed(crasher, tmp_path):
    """No worker waits for ever for the tasks of a process that is gone: the output that they share is closed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", KILLED]
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, timeout=60, check=False)

    assert -signal.SIGKILL == ended.returncode


@pytest.mark.parametrize("guard", ["", 'if __name__ == "__main__":'])
def test_a_script_without_a_guard_is_told_so(guard, tmp_path):
    """A worker imports the script that began it: unguarded that begins workers again, and none ever starts."""
    script = tmp_path / "script.py"
    heading, body = UNGUARDED.strip().split("\n\n")
    script.write_text(f"{heading}\n\n{guard}\n{' ' * 4 if guard else ''}{body}\n", "utf-8")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)

    if guard:
        assert (ended.returncode, ended.stdout) == (0, "['a', 'b']\n")
    else:
        assert ended.returncode and not ended.stdout
        assert ended.stderr.strip().endswith("or with workers=1.")
        assert "No worker process starts here." in ended.stderr


def test_a_language_that_travels_twice_is_loaded_once():
    """A worker is told with every chunk which languages there are; it compiles the query of each once."""
    sent = pickle.dumps(language_of("a.py"))

    assert pickle.loads(sent) is pickle.loads(sent)
    assert pickle.loads(sent) == language_of("a.py")


def test_a_tree_is_freed_when_its_file_was_asked():
    """While mining, nothing looks for cycles: what points at itself would hold a tree for every file of a chunk."""
    code = b"import os\n\n\nclass A:\n    def b(self):\n        with open(os.sep) as c:\n            raise OSError(c)\n"
    gc.disable()
    try:
        source = parse_source("a.py", code, language_of("a.py"))
        mine_source(source)
        left = weakref.ref(source)
        find_units.cache_clear()
        del source
        assert left() is None
    finally:
        gc.enable()
