"""
The guide. In: what a house keeps to. Out: a page, strongest first, each rule with a real example, within its words.
"""

from __future__ import annotations

import re

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.guide import ORDER, render_guide, strongest_first
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.source import parse_source

HOUSE = '''"""
Read `{n}`.
"""

import json


def read_{n}(path: str | None = None) -> list[str]:
    """
    Return what `path` holds.
    """
    names: list[str] = []
    if path is None:
        return names
    # TODO(ada): read `path`
    print(json.loads(path))
    return ["a", "b"]
'''


@pytest.fixture(name="profile", scope="module")
def _profile() -> Profile:
    python = language_named("python")
    files = [(f"app/m{n}.py", HOUSE.replace("{n}", str(n)).encode()) for n in range(90)]
    return learn_profile([tally_source(parse_source(path, data, python)) for path, data in files])


def test_the_strongest_come_first(profile: Profile):
    """Tier by tier, and within one by the bound; what is never enforced is no rule."""
    ranks = [(ORDER[entry.tier], not entry.rule, -entry.bound) for entry in strongest_first(profile)]

    assert sorted(ranks) == ranks and len(ranks) > 10
    assert all(entry.tier for entry in strongest_first(profile))


def test_each_rule_has_one_real_example(profile: Profile):
    """A line that stands in the code, or the place of one where the line by itself says nothing."""
    lines = {line.strip() for n in range(90) for line in HOUSE.replace("{n}", str(n)).splitlines()}
    items = [line for line in render_guide(profile).splitlines() if line.startswith("- ")]

    for item in items:
        (example,) = re.findall(r" Example: (.+)$", item)
        place = re.fullmatch(r"app/m\d+\.py, line \d+", example)
        assert place or example.strip("`").strip() in lines, item
    assert any("`` # TODO(ada): read `path` ``" in item for item in items)
    assert any("Example: app/m" in item for item in items)


@pytest.mark.parametrize("words", [30, 100, 1_500])
def test_it_keeps_to_its_words(profile: Profile, words: int):
    """Whole items only; the first that does not fit ends it."""
    assert len(render_guide(profile, max_words=words).split()) <= words
