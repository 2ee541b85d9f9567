"""
A mined folder is hostile input: nothing in it runs, nothing outside it is read, every skip has its reason.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from idiolect.mining import repository
from idiolect.mining.errors import InputError
from idiolect.mining.repository import open_repository

CODE = "def double(x):\n    return 2 * x\n"


def reasons(root: Path) -> dict[str, str]:
    return dict(open_repository(root, suffixes=[".py"]).skips)


def test_git_settings_of_the_mined_tree_run_nothing(write_tree, commit_tree, tmp_path):
    """A file-system monitor, a hook and a filter in the repository's own configuration are not executed."""
    root = write_tree({"a.py": CODE, ".gitattributes": "*.py filter=evil\n"})
    commit_tree(root)
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path / 'marker'}\ncat\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.external", "core.pager"):
        subprocess.run(["git", "-C", str(root), "config", key, str(script)], check=True)
    # the same size at another time: git cannot tell without reading, and would read through the filter
    (root / "a.py").write_text(CODE.replace("2", "3"))
    os.utime(root / "a.py", (1, 1))

    found = open_repository(root, suffixes=[".py"])

    assert ("a.py",) == found.paths
    assert not (tmp_path / "marker").exists()


def test_links_are_never_followed(write_tree, tmp_path):
    """A link to a file, a link to a folder outside and a loop are skipped, and what they point at is not read."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret.py").write_text(CODE)
    root = write_tree({"a.py": CODE})
    (root / "file.py").symlink_to(tmp_path / "keys" / "secret.py")
    (root / "folder").symlink_to(tmp_path / "keys")
    (root / "loop").symlink_to(root)

    found = open_repository(root, suffixes=[".py"])

    assert ("a.py",) == found.paths
    assert {"file.py": "symlink"} == dict(found.skips)


def test_special_and_oversized_files_are_skipped_unopened(write_tree):
    """A named pipe does not hang the walk, and a sparse 2 GB file is not read."""
    root = write_tree({"a.py": CODE})
    os.mkfifo(root / "pipe.py")
    with (root / "huge.py").open("wb") as file:
        file.truncate(2 * 1024**3)

    assert {"pipe.py": "special_file", "huge.py": "too_large"} == reasons(root)


def test_a_folder_that_cannot_be_read_is_recorded(write_tree, monkeypatch):
    """A folder without permission is a skip with its reason, not silence."""
    root = write_tree({"a.py": CODE, "locked/b.py": CODE})
    scan = os.scandir

    def refuse(folder):
        # root may read anything, so that the refusal has to be played
        if Path(folder).name == "locked":
            raise PermissionError(folder)
        return scan(folder)

    monkeypatch.setattr(repository.os, "scandir", refuse)

    assert {"locked/": "unreadable_folder"} == reasons(root)


def test_a_folder_without_code_is_refused(write_tree):
    """The message says what was looked for."""
    with pytest.raises(InputError, match=r"ends in \.py"):
        open_repository(write_tree({"notes.txt": "no code"}), suffixes=[".py"])


def test_a_changed_work_tree_is_named_by_its_bytes(write_tree, commit_tree):
    """A clean checkout has its commit's id; a changed, an added or a deleted file of code gives a tree's id."""
    root = write_tree({"a.py": CODE, "b.py": CODE})
    commit_tree(root)
    head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)

    def commit() -> str:
        return open_repository(root, suffixes=[".py"]).commit

    assert head.stdout.strip() == commit()
    (root / "a.py").write_text(CODE.replace("2", "3"))
    assert commit().startswith("tree:")
    (root / "a.py").write_text(CODE)
    assert head.stdout.strip() == commit()
    (root / "c.py").write_text(CODE)
    assert commit().startswith("tree:")
    (root / "c.py").unlink()
    (root / "b.py").unlink()
    assert commit().startswith("tree:")
