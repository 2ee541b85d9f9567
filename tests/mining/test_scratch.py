"""
Private folders: gone with their block, and after a kill with the next run, which touches nobody else's.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest
from idiolect.mining.scratch import close_scratch, new_scratch, open_scratch, sweep_dead


@pytest.fixture(name="place")
def _place(tmp_path, monkeypatch):
    """Let *tmp_path* be where scratch folders stand, not swept yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sweep_dead.cache_clear()
    return tmp_path


def test_a_folder_is_private_and_goes_with_its_block(place):
    """Whatever modes a command gave to what is in it; whoever cleared it up meanwhile was only faster."""
    with new_scratch("cage") as folder:
        mode = folder.stat().st_mode & 0o777
        (folder / "closed" / "deep").mkdir(parents=True)
        (folder / "closed").chmod(0)
    with new_scratch("cage") as gone:
        shutil.rmtree(gone)

    assert (0o700, []) == (mode, list(place.iterdir()))
    assert folder.name.startswith("idiolect-cage-")


def test_what_a_killed_run_left_goes_with_the_next(place):
    """That alone: neither what a living one holds, nor what may just be made, nor what is called otherwise."""
    pid = os.fork()
    if not pid:
        (open_scratch("dead").folder / "answer.py").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    (dead,) = place.iterdir()
    living = open_scratch("living")
    other = place / "idiolect-dead-0123"
    other.mkdir()
    for folder in (dead, living.folder, other):
        os.utime(folder, (0, 0))
    young = place / "idiolect-young.scratch"
    young.mkdir()

    once = sorted(place.iterdir())
    sweep_dead.cache_clear()
    with new_scratch("next") as own:
        assert {living.folder, other, young, own} == set(place.iterdir())
    close_scratch(living)
    assert sorted([dead, living.folder, other, young]) == once
