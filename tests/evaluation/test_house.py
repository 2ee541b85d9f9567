"""
A repository's Python is read as text: what is closed to us is passed over, and nothing is followed for ever.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.evaluation.names import house

from .test_names_check import FILES


def test_a_folder_of_another_user_ends_no_check(
    write_tree: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
):
    """A database keeps its files in the checkout, ignored and closed to us: the code beside them is read."""
    root = write_tree({**FILES, "pgdata/base.py": "def lend(): ...\n", "shut/own.py": "def shut(): ...\n"})
    scan, opened = os.scandir, Path.open

    def scan_own(folder: Path) -> object:
        if folder.name == "pgdata":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    def open_own(file: Path, mode: str) -> object:
        if file.parent.name == "shut":
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, mode)

    monkeypatch.setattr(os, "scandir", scan_own)
    monkeypatch.setattr(Path, "open", open_own)

    assert sorted(FILES) == list(house.read_house(root).files)


def test_classes_that_derive_from_each_other_are_not_followed_for_ever(
    write_tree: Callable[[Mapping[str, str]], Path],
):
    """Code that could not run is read all the same; nothing is known of such classes."""
    ring = "class Even(Odd):\n    pass\n\n\nclass Odd(Even):\n    pass\n\n\nprint(Even(), Odd())\n"
    found = house.read_house(write_tree({"a.py": ring, "b.py": "class Plain:\n    size = 1\n\n\nprint(Plain())\n"}))

    assert not found.class_is_plain("Even")
    assert found.class_is_plain("Plain")


def test_a_class_that_holds_nothing_is_there_to_be_filled(write_tree: Callable[[Mapping[str, str]], Path]):
    """What others put on its objects is no slip; what derives from another has the attributes of that one."""
    code = "def build():\n    class Bag:\n        {}\n    bag = Bag()\n    bag.size = 1\n    return bag\n"
    fault = "class Fault(Exception):\n    pass\n\n\nprint(Fault().size)\n"
    bodies = {"pass": False, '"""What was built."""\n        pass  # all of it': False, "...": False, "top = 1": True}
    for body, is_plain in bodies.items():
        found = house.read_house(write_tree({"a.py": code.format(body), "b.py": fault}))

        assert is_plain is found.class_is_plain("Bag")
        assert found.class_is_plain("Fault")


def test_only_a_name_that_means_one_package_is_the_houses_own(write_tree: Callable[[Mapping[str, str]], Path]):
    """Two projects may have an `app`, and a folder may be called as a library: what it means depends on who asks."""
    packages = ("a/app", "b/app", "c/crane", "d/json", "e/redis", "f/pytest", "g/tests/unit", "h/dock")
    files = {path: "" for package in packages for path in (f"{package}/__init__.py", f"{package[0]}/setup.py")}
    root = write_tree({**files, "requirements.txt": "redis>=5\n"})

    found = house.read_house(root)

    assert (root / "c", root / "h") == found.further
    assert found.owns("crane") and not found.owns("redis")


def test_a_script_without_an_ending_is_no_module(write_tree: Callable[[Mapping[str, str]], Path]):
    """A task that runs a library is called like it: the library's modules are not missing from the house."""
    root = write_tree(
        {"docks": "#!/usr/bin/env python\n", "crane.py": "", "hoist/lift.py": "", "lock.egg-info/top": ""}
    )

    found = house.read_house(root)

    assert found.owns("crane") and found.owns("hoist.lift")
    assert not found.owns("docks.config") and not found.owns("lock")
