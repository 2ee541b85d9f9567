"""
Mining on a real Dask cluster: two worker processes on loopback, the same bytes, and one hostile file costs one file.
"""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec

import pytest
from idiolect.mining.cluster import map_on, open_cluster
from idiolect.mining.errors import InputError
from idiolect.mining.mine import mine_repositories

# imported where it is used: the processes that these tests start read this file too
pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="needs the extra cluster")

FILE = '''
def load_{noun}(store, limit):
    """Load the {noun} records of *store*."""
    found = store.open_{noun}("{noun}").rows_{noun}()
    store.log_{noun}(found.count_{noun}())
    return found.finish_{noun}(limit)
'''


@pytest.fixture(name="address")
def _address():
    """Start a scheduler and two workers with one thread each."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_gives_the_same_bytes(address, write_tree, tmp_path, monkeypatch):
    """Who mined a file changes nothing in the corpus."""
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    root = write_tree({f"house/{noun}.py": FILE.format(noun=noun) for noun in ("amber", "birch", "cedar", "delta")})
    one = mine_repositories([root], tmp_path / "one", workers=1)
    other = mine_repositories([root], tmp_path / "other", cluster=address)

    assert one.sha256 == other.sha256


def kill_at(path):
    """Return what was asked, or take the worker down."""
    if path == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return path.upper()


@pytest.mark.slow
def test_a_dead_worker_costs_one_file(address):
    """The chunk is tried here, file by file; dead workers are replaced by the cluster."""
    sizes = [(path, 1) for path in ("a", "b", "bad", "c")]
    with open_cluster(address) as cluster:
        results = list(map_on(cluster, kill_at, sizes, workers=1, lost=lambda path: f"lost {path}"))

    assert ["A", "B", "lost bad", "C"] == results


@pytest.mark.slow
def test_a_dead_worker_costs_one_file_while_another_client_waits(address, monkeypatch):
    """Whoever else uses the cluster, and whether or not its workers come back, every file is answered for."""
    from distributed import Client

    monkeypatch.setattr("idiolect.mining.cluster.LOOK_SECONDS", 0.5)
    monkeypatch.setattr("idiolect.mining.cluster.ABSENT_SECONDS", 5.0)
    monkeypatch.setattr("idiolect.mining.workers.CHUNK_FILES", 2)
    sizes = [(path, 1) for path in ("a", "bad", "c", "bad", "d")]
    with Client(address, set_as_default=False), open_cluster(address) as cluster:
        results = list(map_on(cluster, kill_at, sizes, workers=1, lost=lambda path: f"lost {path}"))

    assert ["A", "lost bad", "C", "lost bad", "D"] == results


def test_a_cluster_without_workers_is_not_waited_for(monkeypatch):
    """What nobody there takes up is done here, after a while."""
    from distributed import LocalCluster

    monkeypatch.setattr("idiolect.mining.cluster.LOOK_SECONDS", 0.2)
    monkeypatch.setattr("idiolect.mining.cluster.ABSENT_SECONDS", 0.4)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None, silence_logs=50) as empty,
        open_cluster(empty.scheduler_address) as cluster,
    ):
        results = list(map_on(cluster, str.upper, [("a", 1), ("b", 1)], workers=1, lost=str))

    assert ["A", "B"] == results


def test_no_cluster_there_is_said(write_tree, tmp_path, monkeypatch):
    """An address where nothing answers is a user's error, and nothing is written."""
    monkeypatch.setattr("idiolect.mining.cluster.ANSWER_SECONDS", 1)
    root = write_tree({"a.py": FILE.format(noun="amber")})
    with pytest.raises(InputError, match="No Dask scheduler answers"):
        mine_repositories([root], tmp_path / "out", cluster="tcp://127.0.0.1:1")

    assert not (tmp_path / "out").exists()
