"""
Additions done half wrong: one sentence says which module it is, and what it lacks.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import pytest
from idiolect.evaluation import formats
from idiolect.evaluation.checks import check as checks
from idiolect.mining import mine_file
from idiolect.mining.conventions import convention
from idiolect.mining.errors import InputError, naming
from idiolect.mining.languages import known_languages
from idiolect.mining.pairs import kind as kinds

Plant = Callable[..., None]


@pytest.fixture(name="plant")
def _plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Put one more module into a folder that is scanned."""

    def plant(package: str, name: str, **members: object) -> None:
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, f"{package}.{name}", module)
        found = pkgutil.iter_modules
        one = pkgutil.ModuleInfo(None, name, False)  # type: ignore[arg-type]
        monkeypatch.setattr(pkgutil, "iter_modules", lambda path=None, prefix="": [*found(path, prefix), one])

    return plant


INFILL = kinds.collect_kinds()["infill"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(3, r"pairs/zz\.py: KIND is 3", id="no kind"),
        pytest.param(
            replace(INFILL, teaches="more"), r"pairs/zz\.py: its kind 'infill' has the name", id="a name taken"
        ),
    ],
)
def test_a_module_that_holds_no_kind_of_its_own_is_named(plant, found, said):
    plant("idiolect.mining.pairs", "zz", KIND=found)
    with pytest.raises(InputError, match=said):
        kinds.collect_kinds.__wrapped__()


def test_a_kind_that_makes_drafts_of_another_is_named(monkeypatch):
    """What it makes would be counted, sized and finished as the other's."""
    other = replace(kinds.collect_kinds()["implement"], name="other")
    monkeypatch.setattr(mine_file, "collect_kinds", lambda: {"other": other})
    text = 'def total(prices):\n    """Return the sum of *prices*."""\n    return sum(price.net for price in prices)\n'
    with pytest.raises(InputError, match="'other' makes drafts of the kind 'implement'"):
        mine_file.mine_data("a.py", text.encode(), known_languages(), None)


def test_a_module_that_renders_nothing_is_no_format(plant):
    """A helper that says so by its name is not offered, another is named."""
    plant("idiolect.evaluation.formats", "_lines")
    assert "_lines" not in formats.format_names()
    plant("idiolect.evaluation.formats", "lines")
    with pytest.raises(InputError, match="'lines' has no function `render`"):
        formats.render_report(SimpleNamespace(), "lines")


def test_a_format_says_itself_whether_it_has_a_place_for_notes(plant):
    """No command keeps a list of those that do."""
    plant("idiolect.evaluation.formats", "quiet", render=str)
    plant("idiolect.evaluation.formats", "wordy", render=str, SAYS_NOTES=True)

    assert [False, True] == [formats.says_notes(name) for name in ("quiet", "wordy")]


def test_a_format_of_a_plug_in_takes_no_name_of_ours(monkeypatch):
    """Which of the two a pipeline would get, nobody could say."""
    monkeypatch.setattr(formats, "entries_of", lambda _: [EntryPoint("sarif", "other.sarif", "idiolect.formats")])
    with pytest.raises(InputError, match=r"'sarif' \(other\.sarif\) has the name of another format"):
        formats.format_names()


def test_a_check_that_lacks_a_member_is_named(plant, monkeypatch):
    """Before it judges the first answer."""
    monkeypatch.setattr(pkgutil, "iter_modules", lambda *_: [])
    half = SimpleNamespace(name="short", order=3, settings={})
    plant("idiolect.evaluation.checks", "short", make_check=lambda corpus, repository: half)
    with pytest.raises(InputError, match=r"checks/short\.py: its check has no repeats and no judge"):
        checks.collect_checks(SimpleNamespace())


def test_a_check_under_a_name_that_is_taken_is_named(plant, monkeypatch):
    """Its results would stand in place of the other's."""
    monkeypatch.setattr(pkgutil, "iter_modules", lambda *_: [])
    whole = SimpleNamespace(name="short", order=3, settings={}, repeats=1, judge=list)
    for name in ("one", "two"):
        plant("idiolect.evaluation.checks", name, make_check=lambda corpus, repository: whole)
    with pytest.raises(InputError, match=r"checks/two\.py: its check 'short' has the name of another"):
        checks.collect_checks(SimpleNamespace())


def test_a_convention_that_cannot_be_made_is_named_and_no_file_of_the_repository(plant, monkeypatch):
    """What went wrong further in is what there is to be mended."""
    plant("idiolect.mining.conventions", "loops")
    monkeypatch.delitem(sys.modules, "idiolect.mining.conventions.loops")
    with pytest.raises(ImportError) as raised, naming("README.md"):
        convention.collect_conventions.__wrapped__()

    assert ["in 'conventions/loops.py'"] == raised.value.__notes__


def test_the_note_of_a_library_hides_no_file():
    """What others note of an error stands beside the file that it came of."""
    with pytest.raises(LookupError) as raised, naming("a.py"), naming("b.py"):
        error = LookupError()
        error.add_note("when the second row was read")
        raise error

    assert ["when the second row was read", "in 'b.py'"] == raised.value.__notes__
