"""
What derives from a class of the house is named like it, where nearly all that does is (A12).
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.conventions.heirs import HeirNames
from idiolect.mining.judge import judge_source
from idiolect.mining.profile import Profile

from .houses import learn, parse

WORDS = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heath", "Inlet", "Jetty", "Knoll", "Larch")


def house_of(base: str, ending: str, folder: str = "app", home: str = "app/core.py") -> Profile:
    """Return what a house teaches in which 48 classes derive from a *base*, and end so."""
    files = {home: f"class {base}: pass\n"}
    for number in range(48):
        name = f"{WORDS[number % 12]}{WORDS[-1 - number // 12]}{ending}"
        files[f"{folder}/m{number}.py"] = f"from app.core import {base}\n\n\nclass {name}({base}): pass\n"
    return learn(files)


def keys(profile: Profile) -> list[str]:
    """Return what is asked of whom."""
    found = [entry for entry in profile.entries if entry.convention == "A12" and entry.scope == "repository"]
    return [f"{entry.key}: {entry.value}" for entry in found]


@pytest.mark.parametrize(
    ("base", "ending", "found"),
    [
        pytest.param("Ask", "Ask", ["derived from Ask: named …Ask"], id="the base's own name"),
        pytest.param("BaseAsk", "Ask", ["derived from BaseAsk: named …Ask"], id="without what says that it is a base"),
        pytest.param("AbstractAsk", "Ask", ["derived from AbstractAsk: named …Ask"], id="nor that it is abstract"),
        pytest.param("DataLoader", "Loader", ["derived from DataLoader: named …Loader"], id="its last word"),
        pytest.param("Ask", "", [], id="none is named so"),
        pytest.param("AskMixin", "Mixin", [], id="a mixin"),
        pytest.param("AskError", "Error", [], id="an exception"),
        pytest.param("AskTest", "Test", [], id="what tests derive from"),
        pytest.param("_Ask", "Ask", [], id="a private base"),
        pytest.param("Base", "Base", [], id="nothing but a base"),
    ],
)
def test_heirs_are_named_after_the_base(base: str, ending: str, found: list[str]):
    """The last word of the base is what its heirs end in, if it says what they are."""
    assert found == keys(house_of(base, ending))


def test_heirs_in_tests_make_no_rule():
    """Stand-ins of tests are called as they please."""
    assert [] == keys(house_of("Ask", "Ask", folder="tests"))


def test_a_library_s_base_makes_no_rule():
    """What others' classes are called is theirs to say."""
    files = {f"app/m{n}.py": f"from library import Ask\n\n\nclass {w}Ask(Ask): pass\n" for n, w in enumerate(WORDS * 4)}

    assert [] == keys(learn(files))


def test_of_a_base_and_its_heirs_the_widest_is_named():
    """Who derives from an heir is asked once, by the base of all."""
    files = {"app/core.py": "class Ask: pass\n\n\nclass LongAsk(Ask): pass\n"}
    for number, word in enumerate(WORDS * 4):
        base = "LongAsk" if number % 2 else "Ask"
        files[f"app/m{number}.py"] = f"from app.core import {base}\n\n\nclass {word}{number // 12}Ask({base}): pass\n"

    assert ["derived from Ask: named …Ask"] == keys(learn(files))


def test_what_departs_is_found_with_what_derives_from_what_came():
    """A new file's own heir is a base of the family, too."""
    text = "from app.core import Ask\n\n\nclass QuickAsk(Ask): pass\n\n\nclass Quicker(QuickAsk): pass\n"
    findings = judge_source(parse("app/new.py", text), house_of("Ask", "Ask")).findings
    found = [(each.line, each.message) for each in findings if each.entry.convention == "A12"]

    assert [(7, "a class derived from Ask is named …Ask in this codebase")] == found


def test_a_file_s_own_class_of_that_name_is_another():
    """Only where the base stands, or by import, is it known to be the one that is meant."""
    texts = {
        "app/other.py": "class Ask: pass\n\n\nclass Lane(Ask): pass\n",
        "app/core.py": "class Ask: pass\n\n\nclass Lane(Ask): pass\n",
    }
    profile = house_of("Ask", "Ask")
    found = [path for path, text in texts.items() for each in judge_source(parse(path, text), profile).findings
             if each.entry.convention == "A12"]  # fmt: skip

    assert ["app/core.py"] == found


def test_heirs_that_come_with_a_change_are_bases_of_it():
    """A change may bring a base in one file and what derives from it in another."""
    convention = conventions_by_id()["A12"]
    assert isinstance(convention, HeirNames)
    rule = {"suffix": "Ask", "bases": ["Ask"]}
    wide = convention.widen(rule, {"Ask": ["QuickAsk", "Quick"], "QuickAsk": ["QuickerAsk"], "Quick": ["OddAsk"]})

    assert ["Ask", "QuickAsk", "QuickerAsk"] == wide["bases"]
