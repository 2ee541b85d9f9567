"""
Mining on a real Dask cluster: two worker processes on loopback, the same bytes, and one hostile file costs one file.
"""

from __future__ import annotations

import os
import signal

import pytest
from idiolect.mining.errors import InputError
from idiolect.mining.mine import mine_repositories
from idiolect.mining.workers import map_files, open_cluster

distributed = pytest.importorskip("distributed")

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
    with distributed.LocalCluster(
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
    """The chunk is halved until the bad file is left; dead workers are replaced by the cluster."""
    sizes = [(path, 1) for path in ("a", "b", "bad", "c")]
    with open_cluster(address) as executor:
        results = list(map_files(kill_at, sizes, workers=1, lost=lambda path: f"lost {path}", executor=executor))

    assert ["A", "B", "lost bad", "C"] == results


def test_no_cluster_there_is_said(write_tree, tmp_path, monkeypatch):
    """An address where nothing answers is a user's error, and nothing is written."""
    monkeypatch.setattr("idiolect.mining.workers.CLUSTER_SECONDS", 1)
    root = write_tree({"a.py": FILE.format(noun="amber")})
    with pytest.raises(InputError, match="No Dask scheduler answers"):
        mine_repositories([root], tmp_path / "out", cluster="tcp://127.0.0.1:1")

    assert not (tmp_path / "out").exists()
