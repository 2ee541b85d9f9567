"""
Work on a Dask cluster that is there already. In: its address, and a function of one path. Out: results, in order.

A cluster gives a task that killed a worker to the next one, up to four of them. So a chunk that did is never given to
it again: the processes of this machine find the one bad file. Where every worker is gone, and none comes back, this
machine does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from typing import NamedTuple

from .errors import InputError, MissingExtraError
from .workers import Progress, Result, make_chunks, map_files, run_alone, run_chunk, silent

ANSWER_SECONDS = 10
"""How long a scheduler may take to answer."""
LOOK_SECONDS = 5.0
"""How long a result is waited for before a look at who is left to give it."""
ABSENT_SECONDS = 60.0
"""How long a cluster may be without workers, which are replaced or still starting, before nobody waits for them."""
GONE = ("CancelledError", "FutureCancelledError", "CommClosedError")
"""Dask's names for what happens when a scheduler goes away: no fault of a file."""


class Cluster(NamedTuple):
    """
    A cluster that can be given work.
    """

    executor: Executor
    count_workers: Callable[[], int]
    """Asks the scheduler."""


class NoWorkersError(Exception):
    """
    A cluster has been without workers for too long.
    """


@contextmanager
def open_cluster(address: str) -> Generator[Cluster | None]:
    """
    Give the Dask cluster at *address*; None for an empty one.

    Raises `MissingExtraError` without Dask, and `InputError` when no scheduler answers there.
    """
    if not address:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtraError("Dask, which --cluster needs,", "idiolect[cluster]") from None
    try:
        client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"No Dask scheduler answers at {address!r} ({type(error).__name__}).") from None
    with client:
        executor = client.get_executor(pure=False, retries=0)  # type: ignore[reportUnknownMemberType]
        yield Cluster(executor, lambda: len(client.nthreads()))  # type: ignore[reportUnknownMemberType]


def map_on(
    cluster: Cluster,
    work: Callable[[str], Result],
    sizes: Sequence[tuple[str, int]],
    *,
    workers: int,
    lost: Callable[[str], Result],
    progress: Progress = silent,
) -> Iterator[Result]:
    """
    Yield `work(path)` for every path in order; `lost(path)` for one that killed its worker.

    The workers of *cluster* must see the files under the same paths; what they leave is done by *workers* processes
    here.
    """
    chunks = make_chunks(sizes)
    futures = [cluster.executor.submit(run_chunk, work, chunk) for chunk in chunks]
    done, total = 0, len(sizes)
    for chunk, future in zip(chunks, futures, strict=True):
        try:
            results = wait_for(cluster, future)
        except NoWorkersError:
            for waiting in futures:
                waiting.cancel()
            yield from map_files(work, sizes[done:], workers=workers, lost=lost, progress=progress)
            return
        found = run_alone(work, chunk, lost) if results is None else results
        done += len(chunk)
        progress("reading", done, total)
        yield from found


def wait_for(cluster: Cluster, future: Future[list[Result]]) -> list[Result] | None:
    """
    Return the results of a chunk, or None when it killed its workers or raised.

    Raises `InputError` when the cluster went away, `NoWorkersError` when it has had no worker for `ABSENT_SECONDS`.
    """
    absent = 0.0
    while not wait([future], LOOK_SECONDS).done:
        absent = 0.0 if cluster.count_workers() else absent + LOOK_SECONDS
        if absent >= ABSENT_SECONDS:
            raise NoWorkersError
    try:
        return future.result()
    except Exception as error:  # the cluster's own exceptions are not ours to import
        if type(error).__name__ in GONE:
            raise InputError("The cluster went away while mining. Start it again, or mine without --cluster.") from None
        return None
