"""
What a module is called follows from where the packages of its repository stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from idiolect.evaluation.learning import WorkTree, learn_tree
from idiolect.evaluation.names.resolver import find_resolver
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import known_languages
from idiolect.mining.mine_files import Job, read_and_mine
from idiolect.mining.packages import module_of, outermost_packages
from idiolect.mining.profile import Profile
from idiolect.mining.repository import open_repository
from idiolect.mining.settings import read_settings
from idiolect.mining.yields import FileYield

from .houses import learn, parse

WAREHOUSE = {
    "README.md": "Crates.\n",
    "crane/__init__.py": "",
    "crane/clock.py": (
        "import time\n\n\ndef now():\n    return time.time()\n\n\n"
        "def rest(span):\n    time.sleep(span)\n    return time.monotonic()\n"
    ),
    **{f"crane/deck{n}/__init__.py": "from ..clock import now\n" for n in range(40)},
    **{
        f"crane/deck{n}/lift.py": f"from crane.clock import now\n\n\ndef lift_{n}():\n    return now() + {n}\n"
        for n in range(40)
    },
}
PLACES = ["", "services/harbour/", "backend/src/"]


@pytest.mark.parametrize(
    ("paths", "path", "module"),
    [
        pytest.param(["shop/__init__.py"], "shop/cart.py", "shop.cart", id="at the root"),
        pytest.param(["src/shop/__init__.py"], "src/shop/__init__.py", "shop", id="in src"),
        pytest.param([], "src/shop/cart.py", "shop.cart", id="in src, without a mark"),
        pytest.param(["a/b/shop/__init__.py", "a/b/README.md"], "a/b/shop/cart.py", "shop.cart", id="in a project"),
        pytest.param(["a/b-c/shop/__init__.py"], "a/b-c/shop/cart.py", "shop.cart", id="where no name can be"),
        pytest.param(["a/src/shop/__init__.py"], "a/src/shop/cart.py", "shop.cart", id="in a project's src"),
        pytest.param(
            ["big/cloud/shop/__init__.py"], "big/cloud/shop/cart.py", "big.cloud.shop.cart", id="bare folders"
        ),
        pytest.param(
            ["shop/__init__.py", "shop/gap/a.py", "shop/gap/b/__init__.py"],
            "shop/gap/b/c.py",
            "shop.gap.b.c",
            id="below a package",
        ),
        pytest.param(["shop/__init__.py"], "scripts/run.py", "scripts.run", id="in none"),
    ],
)
def test_a_module_is_called_from_where_its_outermost_package_stands(paths: Sequence[str], path: str, module: str):
    """Folders that hold files of another kind, have no name of Python's, or are called `src`, are above packages."""
    assert module == module_of(path, outermost_packages(paths))


@pytest.mark.parametrize("place", PLACES)
def test_a_house_keeps_its_rules_wherever_it_stands(write_tree: Callable[[Mapping[str, str]], Path], place: str):
    """Its own functions are known by the names that it imports them by, and so are its own packages."""
    root = write_tree({f"{place}{path}": text for path, text in WAREHOUSE.items()})

    profile = learn_tree(WorkTree(root, read_settings(root)))

    rules = {(entry.convention, entry.key): entry.value for entry in profile.entries if entry.scope == "repository"}
    assert "through crane.clock.now" == rules["A01", "time.time"]
    assert "absolute" == rules["I03", "other folders"]
    assert profile == Profile.from_json(profile.as_json())


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@pytest.mark.parametrize("place", PLACES)
def test_what_a_house_lacks_is_told_wherever_it_stands(write_tree: Callable[[Mapping[str, str]], Path], place: str):
    """A module that it does not have, and a way around its own function."""
    slips = "import time\n\nfrom crane.clocks import now\n\n\ndef drop():\n    return now() - time.time()\n"
    files = {**WAREHOUSE, "crane/drop.py": slips}
    root = write_tree({f"{place}{path}": text for path, text in files.items()})

    report = run_check(Request(root, (f"{place}crane/drop.py",)))

    assert [3, 7] == sorted(a.finding.line for a in report.alerts if a.finding.entry.convention in ("A01", "A11"))


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        pytest.param("from crane import clock, deck\n\nclock.now(deck.top)\n", 0, id="modules"),
        pytest.param("from crane import clock as time\n\ntime.now()\n", 0, id="a module by another name"),
        pytest.param("from crane import clock, Deck\n\nclock.now(Deck.top)\n", 1, id="a class beside it"),
        pytest.param("from crane import lift\n\nlift(1)\n", 1, id="a function"),
        pytest.param("from crane import clock\n", 1, id="what is only handed on"),
        pytest.param("from outside import clock\n\nclock.now()\n", 1, id="another package"),
    ],
)
def test_taking_a_module_out_of_its_package_is_no_form_of_importing_the_package(text: str, answers: int):
    """`import crane` is no other way to write it."""
    found = tally_source(parse("tests/test_a.py", text), frozenset({"src/crane"})).opportunities

    assert answers == sum(each.convention == "I01" for each in found)


def test_workers_are_told_where_packages_stand(write_tree: Callable[[Mapping[str, str]], Path]):
    """A corpus calls modules as a check does, and a file is read anew where another name follows from others."""
    root = write_tree({"services/README.md": "", "services/crane/__init__.py": "x = 1\n"})
    names: list[str] = []
    for mark in ("", "services/__init__.py"):
        (root / (mark or "extra.py")).write_text("y = 2\n")
        repository = open_repository(root, suffixes=[".py"])
        (found,) = read_and_mine([repository], Job(known_languages(), (), frozenset(), 1))
        tallies = [file.tally for file in found if isinstance(file, FileYield) and file.tally is not None]
        names += [tally.facts.module for tally in tallies if tally.facts is not None and "crane" in tally.path]

    assert ["crane", "services.crane"] == names


@pytest.mark.parametrize(
    ("imported", "found"),
    [
        pytest.param(".base", [], id="beside it, relatively"),
        pytest.param("shop.part.base", [], id="beside it, from the top"),
        pytest.param("shop.base", [], id="elsewhere, from the top"),
        pytest.param("..base", ["I03[other folders]"], id="elsewhere, relatively"),
    ],
)
def test_what_stands_beside_a_module_is_no_habit_for_the_rest_of_the_package(imported: str, found: list[str]):
    """A house imports from the top, but for some of what stands in the folder of a module, which few have."""
    near = [".base" if n % 2 else f"shop.part{n}.base" for n in range(9)]
    files = {f"shop/part{n}/m.py": f"from {module} import b\n" for n, module in enumerate(near)}
    files |= {f"shop/far{n}/m.py": f"from shop.base import a{n}\nfrom shop.front import b{n}\n" for n in range(40)}
    findings = judge_source(parse("shop/part/new.py", f"from {imported} import a\n"), learn(files)).findings

    assert found == [each.entry.id for each in findings if each.entry.convention == "I03"]
