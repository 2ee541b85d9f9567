"""
What functions of the house take together, they take in one order, where nearly all do (G06).
"""

from __future__ import annotations

import pytest
from idiolect.mining.judge import judge_source
from idiolect.mining.profile import Profile

from .houses import learn, parse


def house_of(head: str = "def f(session, user_id):", uses: int = 40, files: int = 20, odd: int = 0) -> Profile:
    """Return what a house teaches with so many functions with a *head*, and *odd* ones the other way around."""
    texts: dict[str, list[str]] = {f"app/m{number}.py": [] for number in range(files)}
    for number in range(uses):
        texts[f"app/m{number % files}.py"].append(f"{head}\n    return session.get(user_id)\n")
    for number in range(odd):
        texts[f"app/m{number}.py"].append("def f(user_id, session):\n    return session.get(user_id)\n")
    return learn({path: "\n\n".join(found) for path, found in texts.items()})


def found(profile: Profile, text: str, path: str = "app/new.py") -> list[tuple[int, int, str]]:
    """Return where something is found, by line and column, and what is said."""
    findings = judge_source(parse(path, text), profile).findings
    return [(f.line, f.column, f.message) for f in findings if f.entry.convention == "G06"]


def test_a_function_that_takes_two_things_the_other_way_around_is_told():
    """The one that it takes first is marked, on its own line."""
    text = "def find(\n    user_id: int,\n    limit: int,\n    session: Session,\n):\n    return session.get(user_id)\n"
    said = "`user_id` is taken before `session` here, after it in this codebase"

    assert [(2, 5, said)] == found(house_of(), text)


@pytest.mark.parametrize(
    ("about", "rules"),
    [
        pytest.param({}, 1, id="kept throughout"),
        pytest.param({"odd": 1, "uses": 80}, 1, id="nearly throughout"),
        pytest.param({"odd": 15}, 0, id="mixed"),
        pytest.param({"uses": 15}, 0, id="too few places"),
        pytest.param({"files": 2}, 0, id="too few files"),
        pytest.param({"head": "def f(session, user_id=None):"}, 0, id="one has a value"),
        pytest.param({"head": "def f(session, *, user_id):"}, 0, id="one is given by name"),
        pytest.param({"head": "@route\ndef f(session, user_id):"}, 0, id="who decorates calls it"),
        pytest.param({"head": "@cache\ndef f(session, user_id):"}, 1, id="whoever calls it"),
    ],
)
def test_an_order_is_learned_where_enough_functions_choose_it(about: dict[str, int], rules: int):
    """What is given by name, or has a value, stands where the language wants it."""
    assert rules == len([entry for entry in house_of(**about).entries if entry.convention == "G06"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("class A:\n    def find(self, user_id, session): ...\n", True, id="a method"),
        pytest.param("class A(Base):\n    def find(self, user_id, session): ...\n", False, id="of a class with a base"),
        pytest.param("class A(Protocol):\n    def find(self, user_id, session): ...\n", True, id="of a protocol"),
        pytest.param("class A:\n    def __exit__(self, user_id, session): ...\n", False, id="that the language calls"),
        pytest.param("class A:\n    def __init__(self, user_id, session): ...\n", True, id="that makes an object"),
        pytest.param("def pytest_find(user_id, session): ...\n", False, id="that a runner calls"),
        pytest.param("def find(user_id, *session): ...\n", False, id="the rest of what is given"),
    ],
)
def test_an_order_that_another_says_is_left_alone(text: str, told: bool):
    """A base class, the language and a runner call functions in an order of their own."""
    assert told == bool(found(house_of(), text))
