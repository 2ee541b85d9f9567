"""
The running Python says what modules of the standard library lack, and is asked of nothing else.
"""

from __future__ import annotations

import pytest
from idiolect.evaluation.names.running import names_lacking


@pytest.mark.parametrize(
    ("module", "lacking"),
    [
        pytest.param("json", {"conjured"}, id="one of the standard library"),
        pytest.param("urllib.request", {"conjured"}, id="a part of a package"),
        pytest.param("numpy", set(), id="one that is installed"),
        pytest.param("json.conjured", set(), id="one that is not there"),
        pytest.param("antigravity", set(), id="one that opens a browser"),
        pytest.param("tkinter.ttk", set(), id="one that opens windows"),
        pytest.param("unittest.__main__", set(), id="one that runs tests"),
        pytest.param("test.support", set(), id="the tests of Python itself"),
    ],
)
def test_modules_of_the_standard_library_are_asked(module: str, lacking: set[str]):
    """A module that cannot be asked, or must not be, lacks nothing for certain."""
    assert lacking == names_lacking(module, ["conjured"])


def test_what_a_module_has_by_accident_is_there():
    """What a module imports itself is in it for who looks."""
    assert {"conjured"} == names_lacking("socket", ["errno", "conjured"])


def test_a_module_that_the_repository_calls_alike_is_not_run(tmp_path, monkeypatch):
    """Files and settings of who is checked do not reach the Python that is asked."""
    (tmp_path / "json.py").write_text("open('ran', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert {"conjured"} == names_lacking("json", ["dumps", "conjured"])
    assert not (tmp_path / "ran").exists()
