"""
Work spread over processes. In: a function of one path, and paths with their sizes. Out: its results, in order.

A worker may die: a file that crashes a parser, or takes more memory or time than its share, costs that file alone. A
chunk whose worker died is tried again file by file, and what a fresh worker dies of is the bad one.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.context import BaseContext
from typing import TypeVar

from .errors import MachineError
from .garbage import pause_collection

Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]
"""Takes a stage, how much of it is done, and how much there is."""

CHUNK_BYTES = 64 * 1024
"""A quarter of a second's work, so that no worker waits long for the last one."""
CHUNK_FILES = 64
FILE_SECONDS = 30
"""Seconds of processor time for one file, so that a busy machine changes nothing; a parser that never returns is ended
by the alarm's default action, with its process."""
PATIENCE = 5.0
"""Seconds for which the threads of workers that were killed are waited for."""
MEMORY = 2 * 1024**3
"""Bytes of address space for one worker."""
START: BaseContext = multiprocessing.get_context("spawn")
"""How workers are started: spawned, because forking a process that has loaded torch is not safe."""


def silent(stage: str, done: int, total: int) -> None:
    """Hear how far a run is, and tell nobody."""


def map_files(
    work: Callable[[str], Result],
    sizes: Sequence[tuple[str, int]],
    *,
    workers: int,
    lost: Callable[[str], Result],
    progress: Progress = silent,
) -> Iterator[Result]:
    """
    Yield `work(path)` for every path in order; `lost(path)` for one whose worker died.

    Raises `MachineError` where no worker starts.
    """
    waiting: list[list[str]] = make_chunks(sizes)
    done, total = 0, len(sizes)
    has_started = False
    while waiting:
        with pool(workers) as executor:
            with hold_interrupts():
                futures = deque((chunk, executor.submit(run_chunk, work, chunk)) for chunk in waiting)
            waiting = []
            # one by one: what was given is let go, for all results of a large repository fill a lot of memory
            while futures:
                chunk, future = futures.popleft()
                results = outcome(future)
                broken = isinstance(future.exception(), BrokenProcessPool)
                if results is None and not has_started:
                    require_start()
                has_started = True
                # a dead worker breaks the chunks beside it too: only what dies alone is to blame
                found = run_alone(work, chunk, lost) if results is None else results
                done += len(chunk)
                # told before it is given: who has all results does not come back for the last report
                progress("reading", done, total)
                yield from found
                if broken:
                    waiting = [later for later, _ in futures]
                    break


def require_start() -> None:
    """Raise `MachineError` where no worker starts, whatever it is given."""
    with pool(1) as executor:
        with hold_interrupts():
            future = executor.submit(os.getpid)
        if isinstance(future.exception(), BrokenProcessPool):
            raise MachineError(
                "No worker process starts here. Each imports the script that began it: let that mine behind "
                '`if __name__ == "__main__":`, or with workers=1.'
            )


def run_alone(work: Callable[[str], Result], chunk: Sequence[str], lost: Callable[[str], Result]) -> list[Result]:
    """Return the results of *chunk* from workers of its own, one after the other; what a fresh one dies of is lost."""
    results: list[Result] = []
    while len(results) < len(chunk):
        paths = chunk[len(results) :]
        results += run_while_alive(work, paths) or [lost(paths[0])]
    return results


def run_while_alive(work: Callable[[str], Result], paths: Sequence[str]) -> list[Result]:
    """Return the results of *paths* from a fresh worker, up to the first of which it dies or runs out of memory."""
    results: list[Result] = []
    with pool(1) as executor:
        for path in paths:
            with hold_interrupts():
                future = executor.submit(run_chunk, work, [path])
            found = outcome(future)
            if found is None:
                break
            results += found
    return results


def outcome(future: Future[list[Result]]) -> list[Result] | None:
    """Return the results of a chunk, or None when its worker died or ran out of memory."""
    try:
        return future.result()
    except (BrokenProcessPool, MemoryError):
        return None


@contextmanager
def pool(workers: int) -> Generator[ProcessPoolExecutor]:
    """
    Give fresh workers.

    Left by an exception, Ctrl-C above all, the workers are killed: nobody wants what they would finish.
    """
    before = set(threading.enumerate())
    # else a worker would look for the standard library in the working folder first, which may be what is mined
    os.environ["PYTHONSAFEPATH"] = "1"
    executor = ProcessPoolExecutor(workers, mp_context=START, initializer=limit_worker)
    try:
        yield executor
        executor.shutdown()
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.kill()
        # the executor's threads and the interpreter's end close the same pipe: not at the same time
        for thread in set(threading.enumerate()) - before:
            thread.join(PATIENCE)
        raise


@contextmanager
def hold_interrupts() -> Generator[None]:
    """
    Let Ctrl-C wait until the block has ended.

    A worker is started by the first tasks given to it. Interrupted halfway, it would wait for ever for its start-up
    data, which it reads from a pipe that its parent still holds open, and the interpreter would wait for it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def limit_worker() -> None:
    """Cap this process's memory, leave Ctrl-C to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(RuntimeError):  # where no more threads can be started, it only goes on too long
        threading.Thread(target=end_with_parent, daemon=True).start()
    with suppress(ValueError, OSError):  # not every platform has the limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def end_with_parent() -> None:
    """End this process once its parent is gone, however that ended: a pipe that it reads tasks from would never end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@pause_collection()
def run_chunk(work: Callable[[str], Result], chunk: Sequence[str]) -> list[Result]:
    """Return the results of one chunk; each file has its own alarm."""
    results: list[Result] = []
    for path in chunk:
        signal.setitimer(signal.ITIMER_PROF, FILE_SECONDS)
        try:
            results.append(work(path))
        finally:
            # a cluster's worker lives on after an error
            signal.setitimer(signal.ITIMER_PROF, 0)
    return results


def make_chunks(sizes: Sequence[tuple[str, int]]) -> list[list[str]]:
    """Return the paths in runs of about `CHUNK_BYTES`, so that a task is worth its hand-over."""
    chunks: list[list[str]] = []
    filled = CHUNK_BYTES
    for path, size in sizes:
        if filled >= CHUNK_BYTES or len(chunks[-1]) >= CHUNK_FILES:
            chunks.append([])
            filled = 0
        chunks[-1].append(path)
        filled += size
    return chunks
