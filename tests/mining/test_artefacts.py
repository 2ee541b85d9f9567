"""
Folders that several runs may want, and files on disks that fill: nobody gets into another's way, nothing is half there.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from idiolect.mining import artefacts
from idiolect.mining.artefacts import (
    append_text,
    in_turn,
    lock_folder,
    new_artefact,
    refuse_foreign,
    refuse_mount,
    write_json,
)
from idiolect.mining.errors import InputError, MachineError

SCHEMA = "idiolect.toy/1"


def test_what_a_killed_run_was_writing_goes_with_the_next_one(tmp_path):
    """Half a file of a folder that is held is nobody's; what only looks like one stays."""
    (tmp_path / ".scores.jsonl-0123abcd").write_text("half")
    (tmp_path / ".scores.jsonl-backup").write_text("mine")
    (tmp_path / ".corpus-0123abcd").mkdir()

    with lock_folder(tmp_path):
        assert {".lock", ".scores.jsonl-backup", ".corpus-0123abcd"} == {path.name for path in tmp_path.iterdir()}


def test_a_run_that_was_killed_before_it_had_a_marker_goes_on(tmp_path):
    """Its lock, half a marker, and what it had begun are no foreign content; a file like it under another name is."""
    for name in (".lock", ".run.json-0123abcd", "begun"):
        (tmp_path / name).touch()

    refuse_foreign(tmp_path, "run.json", SCHEMA, {"begun"})
    (tmp_path / ".thesis-0123abcd").touch()
    with pytest.raises(InputError, match="holds something else"):
        refuse_foreign(tmp_path, "run.json", SCHEMA, {"begun"})


def test_a_lock_that_was_taken_away_locks_nothing(tmp_path, monkeypatch):
    """A run that ends takes an empty folder away: who opened its lock before that holds nothing, and says so."""
    folder = tmp_path / "out"
    monkeypatch.setattr(artefacts, "try_lock", lambda handle: shutil.rmtree(folder) is None)
    with pytest.raises(MachineError, match="Another run is writing"), lock_folder(folder):
        raise AssertionError

    assert not folder.exists()


def test_a_folder_that_vanishes_is_told(tmp_path):
    """What is not found, because somebody took the folder of the run away, is no internal error; another file is."""
    folder = tmp_path / "out"
    with pytest.raises(MachineError, match="was taken away while a run wrote it"), lock_folder(folder):
        shutil.rmtree(folder)
        append_text(folder / "log", "line\n")
    with pytest.raises(FileNotFoundError), lock_folder(folder):
        append_text(tmp_path / "other" / "log", "line\n")


def test_a_disk_without_locks_is_named(tmp_path, monkeypatch):
    """A share that knows no locks is refused in one line."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(MachineError, match=r"Cannot write '.*out': No locks available"), lock_folder(tmp_path / "out"):
        raise AssertionError
    with new_artefact(tmp_path / "corpus", "manifest.json", SCHEMA) as folder:
        write_json(folder / "manifest.json", {"schema": SCHEMA})

    assert (tmp_path / "corpus" / "manifest.json").is_file()


def test_what_a_disk_refuses_is_told_by_its_own_name(tmp_path, monkeypatch):
    """One that is mounted read-only does not let go of what it never took, either."""

    def refuse(file, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(file))

    for way in ("open", "unlink"):
        monkeypatch.setattr(Path, way, refuse)
    with pytest.raises(OSError, match="Read-only") as caught:
        write_json(tmp_path / "baseline.jsonl", {})

    assert str(tmp_path / "baseline.jsonl") == caught.value.filename


def test_what_does_not_fit_on_the_disk_is_not_appended(tmp_path):
    """The lines before stay whole, the error names the file, and with room the next line follows."""
    file = tmp_path / "samples.jsonl"
    append_text(file, "first\n", waits=True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, before[1]))
    try:
        with pytest.raises(OSError, match=r"too large.*samples\.jsonl"):
            append_text(file, "second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    left = file.read_text()
    append_text(file, "third\n")

    assert ("first\n", "first\nthird\n") == (left, file.read_text())


def test_artefacts_take_their_place_one_after_the_other(tmp_path):
    """A run waits while another puts its own there, and then replaces it; nothing is left beside it."""
    written = threading.Event()

    def write():
        with new_artefact(tmp_path / "corpus", "manifest.json", SCHEMA) as folder:
            write_json(folder / "manifest.json", {"schema": SCHEMA, "by": "other"})
        written.set()

    with new_artefact(tmp_path / "corpus", "manifest.json", SCHEMA) as folder:
        write_json(folder / "manifest.json", {"schema": SCHEMA, "by": "first"})
    other = threading.Thread(target=write)
    with in_turn(tmp_path):
        other.start()
        waited = not written.wait(0.05)
    other.join()

    assert waited
    assert "other" == json.loads((tmp_path / "corpus" / "manifest.json").read_text())["by"]
    assert ["corpus"] == [path.name for path in tmp_path.iterdir()]


def test_nobody_waits_without_end(tmp_path, monkeypatch):
    """A folder that another program keeps locked is written all the same."""
    monkeypatch.setattr(artefacts, "PATIENCE", 0.02)
    with in_turn(tmp_path), new_artefact(tmp_path / "corpus", "manifest.json", SCHEMA) as folder:
        write_json(folder / "manifest.json", {"schema": SCHEMA})

    assert (tmp_path / "corpus").is_dir()


def test_what_killed_runs_left_is_swept(tmp_path):
    """A scratch folder that nobody holds goes with the next run; one that a process writes, and a young one, stay."""
    out = tmp_path / "corpus"
    names = ("corpus-0123abcd", "corpus-4567abcd", "corpus-89abcdef", "corpus-backup")
    left, later, young, other = (tmp_path / f".{name}" for name in names)
    for folder in (left, later, young, other):
        folder.mkdir()
    os.utime(left, (0, 0))
    # by a clock that was ahead
    os.utime(later, (2**32, 2**32))
    with new_artefact(out, "manifest.json", "idiolect.corpus/1") as held:
        os.utime(held, (0, 0))
        with new_artefact(out, "manifest.json", "idiolect.corpus/1"):
            assert held.is_dir()

    assert [young, other, out] == [path for path in (left, later, young, other, held, out) if path.exists()]


KILLED_AT_A_RENAME = """
import os, sys
from pathlib import Path
from idiolect.mining.artefacts import new_artefact, write_json

renames, rename = iter(range(9)), os.rename

def rename_and_die(*places):
    rename(*places)
    if next(renames) == int(sys.argv[2]):
        os._exit(9)

os.rename = rename_and_die
with new_artefact(Path(sys.argv[1]), "manifest.json", "idiolect.corpus/1") as scratch:
    write_json(scratch / "manifest.json", {"schema": "idiolect.corpus/1", "new": True})
"""


@pytest.mark.parametrize("place", [0, 1], ids=["between", "after"])
def test_a_run_killed_while_it_replaces_loses_nothing(tmp_path, place):
    """Killed between the two renames, the old artefact is back with the next run, even one that fails."""
    out = tmp_path / "corpus"
    with new_artefact(out, "manifest.json", "idiolect.corpus/1") as scratch:
        write_json(scratch / "manifest.json", {"schema": "idiolect.corpus/1", "new": False})
    ended = subprocess.run([sys.executable, "-c", KILLED_AT_A_RENAME, str(out), str(place)], check=False)
    assert 9 == ended.returncode
    assert bool(place) == out.exists()
    for folder in tmp_path.iterdir():
        os.utime(folder, (0, 0))
    with pytest.raises(InputError), new_artefact(out, "manifest.json", "idiolect.corpus/1"):
        raise InputError("no code")

    assert [out] == list(tmp_path.iterdir())
    assert bool(place) == json.loads((out / "manifest.json").read_text("utf-8"))["new"]


def test_the_top_of_a_disk_is_refused_at_once():
    """What is mounted cannot be replaced by a folder: said before the work, with the way out, and nothing is left."""
    disk = Path("/dev/shm" if os.path.ismount("/dev/shm") else "/")
    with pytest.raises(InputError, match=r"is where a disk is mounted\. Name a folder in it"):
        refuse_mount(disk, disk)
