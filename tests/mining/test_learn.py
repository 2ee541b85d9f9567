"""
What is learned of places that were counted by hand: how many, which share, where, and how lately.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from idiolect.mining import learn
from idiolect.mining.conventions.convention import Opportunity, conventions_by_id
from idiolect.mining.conventions.imports import OWN_NAME
from idiolect.mining.conventions.neutral_modules import NAMED
from idiolect.mining.conventions.priors import Prior
from idiolect.mining.conventions.tally import FileTally
from idiolect.mining.learn import (
    Circumstances,
    Files,
    Place,
    count_answers,
    exemplars_of,
    first_choice,
    learn_rule,
    settle_profile,
    strength_of,
    weigh,
    wilson_bound,
)
from idiolect.mining.overrides import Override
from idiolect.mining.owners import Owners
from idiolect.mining.profile import Entry, Profile
from idiolect.mining.settings import Settings
from idiolect.mining.tiers import lower_tier

OLD = {"double": "str.format", "single": "f-string"}
"""Answers of S02, of which the first is legacy, in place of those of S01."""
ALIAS = f"javascript: {NAMED}"
"""The question how modules of the house are named: each project sets up an alias for its root, or none."""


def file(path: str, house: int, other: int = 0, *, recent: tuple[int, int] = (0, 0), role: str = "src") -> list[Place]:
    """Return the places of one file, *house* and *other* of them, so many of which are recent."""
    answers = (("double", house, recent[0]), ("single", other, recent[1]))
    return [Place(path, path, role, value, times, late, 1, "") for value, times, late in answers if times]


def folder(name: str, *files: tuple[int, int], role: str = "src") -> list[Place]:
    """Return the places of the files of one folder, as (house, other)."""
    return [place for n, counts in enumerate(files) for place in file(f"{name}/m{n}.py", *counts, role=role)]


def spread(count: int, other: int = 0) -> list[Place]:
    """Return *count* places in ten files, so that each of them counts, *other* of them of another answer."""
    marks = [number < other for number in range(count)]
    parts = [marks[start::10] for start in range(10)]
    return [place for n, one in enumerate(parts) for place in file(f"m{n}.py", one.count(False), one.count(True))]


def learned(
    places: Sequence[Place],
    convention: str = "S01",
    key: str = "",
    overrides: Mapping[str, Override] | None = None,
    owners: Owners | None = None,
) -> dict[str, Entry]:
    """Return the entries of one question by scope."""
    known = Circumstances(overrides or {}, owners or {})
    return {entry.scope: entry for entry in learn_rule(conventions_by_id()[convention], key, places, {}, known)}


@pytest.fixture(name="alone")
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lend nothing of other codebases."""
    monkeypatch.setattr(learn, "read_priors", dict[str, Prior])


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("places", "tier"),
    [
        pytest.param(spread(19), None, id="too few places"),
        pytest.param(spread(20), "hint", id="places enough"),
        pytest.param(folder("a", (10, 0), (10, 0)), None, id="too few files"),
        pytest.param(folder("a", (90, 0), (1, 0), (8, 0)), None, id="a file counts for ten places"),
        pytest.param(folder("a", (90, 0), (2, 0), (8, 0)), "hint", id="a file counts for ten"),
        pytest.param(spread(31), "hint", id="less than advised"),
        pytest.param(spread(32), "advise", id="advised"),
        pytest.param(spread(80), "advise", id="less than a gate"),
        pytest.param(spread(81), "gate", id="a gate"),
        pytest.param(spread(81, 3), "hint", id="exceptions"),
        pytest.param(spread(81, 5), None, id="too many exceptions"),
    ],
)
def test_a_habit_needs_places_and_files_and_agreement(places: list[Place], tier: str | None):
    """Twenty places in three files make a hint, 32 an advice and 81 a gate, and exceptions cost as Wilson says."""
    entry = learned(places).get("repository")

    assert tier == (entry and entry.tier)


@pytest.mark.parametrize(
    ("places", "tier"),
    [
        pytest.param(spread(9), None, id="next to nothing"),
        pytest.param(spread(10), "gate", id="a beginning"),
        pytest.param(spread(20, 2), "gate", id="nine of ten"),
        pytest.param(spread(20, 3), None, id="a mixed habit"),
        pytest.param(spread(81, 5), "gate", id="the most that is helped"),
        pytest.param(spread(82, 5), None, id="enough of its own"),
        pytest.param(folder("a", (10, 0), (10, 0)), None, id="two files"),
    ],
)
def test_others_help_a_small_house_that_agrees(monkeypatch: pytest.MonkeyPatch, places: list[Place], tier: str | None):
    """From ten places to 81 of which nine in ten agree, however surely all others do: more speak for themselves."""
    monkeypatch.setattr(learn, "read_priors", lambda: {"S01": Prior(1_000.0, 1.0)})
    found = learned(places)

    assert tier == (found["repository"].tier if found else None)
    assert all(entry.by_prior for entry in found.values())


def test_what_a_team_enforces_against_the_code_shows_no_evidence(monkeypatch: pytest.MonkeyPatch):
    """An answer that nobody gives has no share and no bound, whatever others do."""
    monkeypatch.setattr(learn, "read_priors", lambda: {"S01": Prior(1_000.0, 1.0)})
    entry = learned(spread(15, 3), overrides={"S01": Override(value="third", reason="agreed")})["repository"]

    assert ("third", "gate", 0.0, 0.0, 0, 15) == (
        entry.value, entry.tier, entry.k, entry.bound, entry.conforming, entry.opportunities,
    )  # fmt: skip


def test_only_recent_lines_of_a_file_are_recent():
    """An old line of a file that was just edited tells of no move; the first place of each answer is shown."""
    values = {1: "double", 2: "double", 3: "single", 4: "double"}
    found = [Opportunity("S01", "", value, line, 0, 1) for line, value in values.items()]
    tally = FileTally("a.py", "python", "src", 4, tuple(found), {("S01", "", "single"): "x"}, None)

    places = [place for _, place in count_answers(tally, found, tally.texts, Files({"a.py": {2, 3}}, {}))]

    told = [(one.value, one.times, one.recent, one.line, one.text) for one in places]
    assert [("double", 3, 1, 1, ""), ("single", 1, 1, 3, "x")] == told


def test_others_help_no_folder(monkeypatch: pytest.MonkeyPatch):
    """What a folder does otherwise it has to show by itself."""
    monkeypatch.setattr(learn, "read_priors", lambda: {"S01": Prior(1_000.0, 1.0)})

    found = learned([*folder("a", (0, 6), (0, 6), (0, 6)), *folder("b", *[(10, 0)] * 60)])
    assert not found["dir:a"].tier


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("places", "asked", "value"),
    [
        pytest.param(spread(19), Override(enforce=True), "double", id="few places"),
        pytest.param(folder("a", (9, 1), (9, 1)), Override(enforce=True), "double", id="few files"),
        pytest.param(folder("a", (1, 0)), Override(enforce=True), "double", id="one place"),
        pytest.param(folder("a", (1, 0)), Override(value="single"), "single", id="one that departs"),
        pytest.param(folder("a", (1, 1)), Override(enforce=True), None, id="undecided"),
        pytest.param(folder("a", (1, 1)), Override(value="double"), "double", id="decided by the team"),
        pytest.param([], Override(value="double"), None, id="no place"),
        pytest.param(spread(19), Override(tier="gate"), None, id="a tier"),
    ],
)
def test_what_a_team_enforces_needs_one_place(places: list[Place], asked: Override, value: str | None):
    """Its word outweighs the count, once it is known what it asks for; a folder has no habit of its own by that."""
    found = learned(places, overrides={"S01": asked})

    assert ({"repository": "gate"} if value else {}) == {scope: entry.tier for scope, entry in found.items()}
    assert value is None or (value, "", False) == (
        found["repository"].value, found["repository"].strength, found["repository"].by_prior,
    )  # fmt: skip


def test_a_bound_that_just_reaches_a_tier_earns_it():
    """The least bounds are those of the catalogue: what has them is firm enough."""
    convention = conventions_by_id()["S01"]

    assert ["gate", "advise", "hint", ""] == [strength_of(convention, bound) for bound in (0.98, 0.95, 0.9, 0.899)]


@pytest.mark.usefixtures("alone")
def test_what_is_written_is_rounded():
    """A profile's file holds weights with three decimals and bounds with five: no noise of floats in a diff."""
    asked = {"S01": Override(enforce=True, reason="agreed")}
    copies = folder("old", *[(7, 4)] * 3)
    copies += [place._replace(origin="new/m0.py") for place in folder("old/new", (2, 8), (3, 4), (2, 4))]
    mixed = [place._replace(recent=place.times) for place in copies]
    alone = learned(mixed, overrides=asked)["repository"]
    beside = learned([*folder("a", *[(10, 0)] * 60), *mixed])["dir:old"]

    for entry in (alone, beside):
        bound = round(wilson_bound(210 / 11 + 7 / 3, 30 + 23 / 3), 5)
        assert (21.424, 37.667, bound, 4) == (entry.k, entry.n, entry.bound, entry.files)
    assert (21.424, 37.667) == (alone.recent_k, alone.recent_n)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("others", "scopes"),
    [
        # all of 40 have the bound 0.961; of the whole 0.925 and 0.937
        pytest.param([(10, 1)] * 2, {"repository", "dir:a"}, id="much firmer"),
        pytest.param([(10, 0)] * 3 + [(9, 1)], {"repository"}, id="hardly firmer"),
    ],
)
def test_a_folder_that_agrees_has_a_rule_of_its_own_where_it_is_firmer(others: list, scopes: set[str]):
    """By three hundredths of the bound: else the repository's rule says it."""
    places = [*folder("a", *[(10, 0)] * 4), *folder("b", *others)]
    assert scopes == set(learned(places))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("files", "is_silenced"),
    [
        pytest.param([(5, 1), (5, 1), (5, 3)], True, id="less than four of five"),
        pytest.param([(5, 1), (5, 1), (6, 2)], False, id="four of five"),
        pytest.param([(4, 2), (4, 2), (4, 3)], False, id="too few places"),
        pytest.param([(6, 4), (6, 4)], False, id="too few files"),
        pytest.param([(0, 1)] * 10, True, id="nowhere"),
        pytest.param([(0, 1)] * 9, False, id="nowhere, in too few places"),
        pytest.param([(0, 1)] * 12 + [(1, 0)], False, id="nearly nowhere, in too few places"),
    ],
)
def test_a_folder_is_left_alone_where_it_plainly_does_not_keep_the_rule(files: list, is_silenced: bool):
    """With as much evidence as a rule needs, or less where no place does; what a team enforces holds there, too."""
    places = [*folder("a", *[(10, 0)] * 60), *folder("old", *files)]
    asked = {"S01": Override(enforce=True, reason="agreed")}

    assert is_silenced == ("dir:old" in learned(places))
    assert {"repository"} == set(learned(places, overrides=asked))
    if is_silenced and files[0][0]:
        entry = learned(places)["dir:old"]
        assert ("double", "", "", 3, 15, 20) == (
            entry.value, entry.strength, entry.tier, entry.files, entry.conforming, entry.opportunities,
        )  # fmt: skip


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("convention", "scopes"), [("S01", {"repository", "dir:old"}), ("Q15", {"repository"})])
def test_a_folder_has_another_rule_where_the_question_allows_it(convention: str, scopes: set[str]):
    """However much firmer the repository's is; that a folder never goes through the house's own is no habit of it."""
    places = [*folder("a", *[(10, 0)] * 90), *folder("old", *[(0, 7)] * 3)]
    found = learned(places, convention)

    assert scopes == set(found)
    assert {"double", "single"} >= {entry.value for entry in found.values()}


@pytest.mark.usefixtures("alone")
def test_what_a_team_enforces_holds_where_nobody_does_it_yet():
    """A folder in which every member keeps its own name is asked for the house's name, too."""
    own = [place._replace(value=OWN_NAME) for place in folder("old", *[(7, 0)] * 3)]
    places = [*folder("a", *[(10, 0)] * 90), *own]
    asked = {"I02": Override(enforce=True, reason="agreed")}

    entry = learned(places, "I02", "D")["dir:old"]
    assert ("double", "", 0.0, 0.0) == (entry.value, entry.tier, entry.k, entry.bound)
    assert {"repository"} == set(learned(places, "I02", "D", asked))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("convention", "key", "enforce", "scopes", "is_of_project"),
    [
        pytest.param("S01", "", False, {"repository"}, False, id="a matter of all"),
        pytest.param("Q14", ALIAS, False, {"repository", "dir:apps/a", "dir:libs/b"}, True, id="a matter of each"),
        pytest.param("Q14", ALIAS, True, {"repository"}, False, id="enforced"),
    ],
)
def test_each_project_decides_some_matters_for_itself(
    convention: str, key: str, enforce: bool, scopes: set[str], is_of_project: bool
):
    """Of a project that agrees with the others it is said by itself, of a plain folder or a role it is not."""
    places = [*folder("apps/a", *[(10, 0)] * 9), *folder("libs/b", *[(10, 0)] * 9), *folder("c", *[(10, 0)] * 9)]
    found = learned(places, convention, key, {"Q14": Override(enforce=True, reason="agreed")} if enforce else {})

    assert scopes == set(found)
    assert {is_of_project} == {entry.is_of_project for entry in found.values()}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("convention", "key", "value", "tier"),
    [
        pytest.param("S01", "", "double", "gate", id="plain"),
        pytest.param("D05", "summary", "on the first line", "advise", id="advised"),
        pytest.param("D05", "closing quotes", "alone on their line", "gate", id="not advised"),
        pytest.param("S02", "", "f-string", "advise", id="capped"),
        pytest.param("S02", "", "str.format", "", id="never"),
    ],
)
def test_a_firm_habit_counts_as_much_as_its_matter_allows(convention: str, key: str, value: str, tier: str):
    """A gate, where what departs from it is a slip; what works for somebody is advised, and what is old never asked."""
    places = [place._replace(value=value) for place in folder("a", *[(10, 0)] * 90)]
    entry = learned(places, convention, key)["repository"]

    assert ("gate", tier) == (entry.strength, entry.tier)


@pytest.mark.usefixtures("alone")
def test_what_is_never_asked_is_not_asked_when_it_slips():
    """A form that the language left behind makes no hint, however lately it is given up."""
    places = [*folder("a", *[(10, 0)] * 900), *file("a/new.py", 8, 2, recent=(8, 2))]
    found = learned([place._replace(value=OLD.get(place.value, "")) for place in places], "S02")["repository"]

    assert (True, "gate", "") == (found.is_migrating, found.strength, found.tier)
    assert ["", "", "hint"] == [lower_tier("", "gate"), lower_tier("gate", ""), lower_tier("hint", "gate")]


@pytest.mark.usefixtures("alone")
def test_what_holds_nowhere_is_kept_away_from_nowhere():
    """Without a rule of the repository that findings rest on there is nothing to be left alone by."""
    mixed = [(5, 5)] * 4

    assert {} == learned([*folder("a", *mixed), *folder("b", *mixed)])
    layout = learned([*folder("a", *[(10, 0)] * 60), *folder("old", *mixed)], owners={"black": ("",)})
    assert "" == layout["repository"].tier and "dir:old" not in layout


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("others", "scopes"),
    [
        pytest.param({"lib": [(0, 10)] * 9}, {"role:tests", "role:src"}, id="one folder is the role"),
        pytest.param({"lib": [(0, 10)] * 9, "app": [(0, 10)] * 9}, {"role:tests", "role:src", "dir:lib", "dir:app"},
                     id="two folders"),
    ],
)  # fmt: skip
def test_a_role_in_one_folder_is_one_rule(others: Mapping[str, list], scopes: set[str]):
    """The role says it, and the folder would once more."""
    places = [*folder("tests", *[(10, 0)] * 9, role="tests")]
    for name, files in others.items():
        places += folder(name, *files)

    assert scopes == set(learned(places))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        pytest.param((0, 0), ("gate", "", False), id="nothing recent"),
        pytest.param((0, 4), ("gate", "", False), id="too few"),
        pytest.param((0, 5), ("", "single", True), id="moving"),
        pytest.param((9, 1), ("gate", "", False), id="nine of ten"),
        pytest.param((8, 2), ("hint", "", True), id="slipping"),
        pytest.param((5, 5), ("hint", "", True), id="undecided"),
        pytest.param((4, 6), ("", "single", True), id="moving slowly"),
    ],
)
def test_what_recent_lines_do_weakens_a_rule(recent: tuple[int, int], expected: tuple[str, str, bool]):
    """Five recent places of which fewer than nine in ten agree make it a hint, and none where they prefer another."""
    places = [*folder("a", *[(10, 0)] * 900), *file("a/new.py", *recent, recent=recent)]
    entry = learned(places)["repository"]

    assert expected == (entry.tier, entry.moving_to, entry.is_migrating)
    assert (*recent, sum(recent)) == (entry.recent_k, entry.recent_n - entry.recent_k, entry.recent_n)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("formatted", "owner"), [(31, "black"), (30, "")])
def test_a_matter_is_a_formatters_where_it_formats_most_places(formatted: int, owner: str):
    """Half of them is not most; a tier that the team names does not take the matter from the formatter."""
    places = [*folder("a", *[(1, 0)] * formatted), *folder("b", *[(1, 0)] * 30)]
    found = learned(places, owners={"black": ("a/",)})["repository"]

    assert (owner, "" if owner else "advise") == (found.owner, found.tier)
    asked = {"S01": Override(tier="gate", reason="so")}
    settled = learned(places, overrides=asked, owners={"black": ("a/",)})["repository"]
    assert ("" if owner else "gate", "so") == (settled.tier, settled.reason)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("override", "expected"),
    [
        pytest.param({}, ("double", "hint", ""), id="nothing"),
        pytest.param({"I01": Override(ignore=True)}, None, id="the convention ignored"),
        pytest.param({"I01[json]": Override(ignore=True)}, None, id="the rule ignored"),
        pytest.param({"I01[yaml]": Override(ignore=True)}, ("double", "hint", ""), id="another ignored"),
        pytest.param({"I01": Override(enforce=True, reason="so")}, ("double", "gate", "so"), id="enforced"),
        pytest.param({"I01": Override(value="single", reason="so")}, ("single", "gate", "so"), id="another answer"),
        pytest.param({"I01": Override(tier="advise", reason="so")}, ("double", "advise", "so"), id="raised"),
        pytest.param(
            {"I01": Override(enforce=True, tier="advise", reason="so")},
            ("double", "advise", "so"),
            id="settled",
        ),
    ],
)
def test_a_team_decides_about_a_rule_or_all_of_a_convention(override, expected):
    """By the id that findings carry, or by its convention's."""
    found = learned(spread(20), "I01", "json", override).get("repository")

    assert expected == (found and (found.value, found.tier, found.reason))


@pytest.mark.usefixtures("alone")
def test_a_profile_of_others_is_settled_by_who_uses_it():
    """What the settings ignore is left out, the tiers that they name hold, and earlier reasons stay."""
    (entry,) = learned(spread(20), overrides={"S01": Override(tier="gate", reason="theirs")}).values()
    kept = replace(entry, convention="S04")
    named = {"S01": Override(ignore=True), "S04": Override(tier="hint"), "S05": Override(ignore=True)}

    settled = settle_profile(Profile((entry, kept), 1, 1, {}), Settings(conventions=named))

    assert [("S04", "hint", "theirs")] == [(one.convention, one.tier, one.reason) for one in settled.entries]


def test_votes_are_weighed_by_file_and_by_copy():
    """A file has ten votes at most, copies have one file's between them; of equal answers the first by name leads."""
    copies = [place._replace(origin="a/m0.py") for place in folder("a", (4, 1), (4, 1))]
    votes, files = weigh(conventions_by_id()["S01"], [*copies, *file("b.py", 30, 10), *file("c.py", 0, 4)])

    assert ({"double": 4 + 7.5, "single": 1 + 2.5 + 4}, 3) == (votes, files)
    assert ["b", "a"] == [first_choice({"a": 1.0, "b": 2.0}), first_choice({"b": 2.0, "a": 2.0})]


def test_exemplars_show_the_rule_at_a_glance():
    """Of each folder first, then of each file; lines that show something and end in themselves first, short ones."""
    rows = [
        ("a/1.py", 1, "x = 1234"),
        ("a/2.py", 2, "x = 1"),
        ("a/2.py", 3, "x"),
        ("b/1.py", 4, ""),
        ("b/2.py", 5, "f("),
        ("c/1.py", 6, ""),
        ("d/2.py", 7, "y = 2"),
        ("d/1.py", 9, "y = 1"),
    ]
    places = [Place(path, path, "src", "double", 1, 0, line, text) for path, line, text in rows]
    shown = exemplars_of(places)

    assert [2, 9, 5, 6, 7, 1] == [one.line for one in shown]
    assert [("a/2.py", "x = 1"), ("c/1.py", "")] == [(one.path, one.text) for one in (shown[0], shown[3])]

    others = [Place(f"e/{n}.py", f"e/{n}.py", "src", "single", 1, 0, 10 + n, "z") for n in range(5)]
    asked = {"S01": Override(enforce=True, reason="agreed")}
    entry = learned([*others, *(place._replace(times=9) for place in places)], overrides=asked)["repository"]
    assert shown == entry.exemplars
    assert [10, 11, 12] == [one.line for one in entry.counterexamples]
