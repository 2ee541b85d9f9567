"""
Names that do not exist are found in what changed, and where a change takes them away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from idiolect.cli import main
from idiolect.evaluation.findings import Report
from idiolect.evaluation.names.resolver import find_resolver
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check

from .slips import git

Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[[Path, str], None]


def test_names_that_do_not_exist_are_found_and_the_unsure_are_not(write_tree: Write, commit_tree: Commit):
    """Wrong imports, attributes, keywords and counts are found on their token; what may exist is left alone."""
    house = {
        "shop/__init__.py": "",
        "shop/cart.py": (
            "class Cart:\n    def __init__(self, owner):\n        self.owner = owner\n        self.lines = []\n\n"
            "    def add(self, name, count=1):\n        self.lines.append((name, count))\n        return self\n\n\n"
            "def open_cart(owner) -> Cart:\n    return Cart(owner)\n"
        ),
        "shop/magic.py": (
            "class Magic:\n    def __getattr__(self, name):\n        return name\n\n\n"
            "class Mixin:\n    def go(self):\n        return self.told_elsewhere\n\n\n"
            "class Both(Magic, Mixin):\n    pass\n"
        ),
    }
    root = write_tree(house)
    commit_tree(root, "Begin")
    (root / "shop/use.py").write_text(
        "import json\n"
        "\n"
        "from shop.cart import Cart, CartLine\n"
        "from shop.magic import Magic\n"
        "from shop.wagon import Wagon\n"
        "from shop.cart import open_cart\n"
        "\n"
        "json.write({})\n"
        "open_cart('ada').add_all('x')\n"
        "Cart('ada').add('x', amount=2)\n"
        "Cart('ada').add('x', 1, 2)\n"
        "open_cart()\n"
        "Magic().whatever\n"
        "\n"
        "\n"
        "def unknown(thing):\n"
        "    return thing.anything(1, 2)\n"
    )

    report = run_check(Request(root, base="HEAD"))

    found = {(a.finding.line, a.finding.entry.key) for a in report.alerts if a.finding.entry.convention == "A11"}
    assert {
        (3, "import"), (5, "module"), (8, "attribute"), (9, "attribute"), (10, "keyword"), (11, "arguments"),
        (12, "arguments"),
    } == found  # fmt: skip
    (attribute,) = [a.finding for a in report.alerts if a.finding.line == 9]
    assert "add_all" in attribute.message and os.sep not in attribute.message


SHOP = {
    ".gitignore": "_version.py\n",
    "shop/__init__.py": "",
    "shop/cart.py": "def open_cart(owner):\n    return owner\n\n\ndef close_cart(owner):\n    return owner\n",
    "shop/use.py": "import json\n\nfrom shop.cart import open_cart\n\njson.write(open_cart(1))\n",
}


@pytest.fixture(name="shop")
def _shop(write_tree: Write, commit_tree: Commit) -> Path:
    """One call of what does not exist, committed."""
    root = write_tree(SHOP)
    commit_tree(root, "Begin")
    return root


def places(report: Report) -> list[tuple[str, int]]:
    return [(alert.finding.path, alert.finding.line) for alert in report.alerts]


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_a_project_further_down_is_looked_up_as_one_at_the_root(write_tree: Write, commit_tree: Commit):
    """What git is told to ignore may be made by a build; what was missing before, and stands unchanged, is no news."""
    files = {"a/README.md": "", **{f"a/{path}": text for path, text in SHOP.items()}, "b/README.md": ""}
    files |= {"b/stall/__init__.py": "", "b/stall/use.py": "from shop._version import version\n"}
    root = write_tree({**files, "a/shop/old.py": "from shop.cart import gone\nfrom shop.cart import open_cart\n"})
    commit_tree(root, "Begin")
    assert {("a/shop/old.py", 1), ("a/shop/use.py", 5)} == {*places(run_check(Request(root)))}

    (root / "a/shop/cart.py").write_text(SHOP["shop/cart.py"].replace("open_cart", "begin_cart"))
    assert [("a/shop/old.py", 2), ("a/shop/use.py", 3)] == places(run_check(Request(root, base="HEAD", mode="new")))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@pytest.mark.parametrize("staged", [False, True])
def test_new_tells_what_a_change_takes_away_elsewhere_and_no_older_mistake(shop: Path, staged: bool):
    """An old call of nothing in an edited file is not new; an import, elsewhere, of what the change renamed is."""
    use = shop / "shop/use.py"
    use.write_text(use.read_text() + "\nprint(1)\n")
    git(shop, "add", "-A")
    request = Request(shop, base=None if staged else "HEAD", staged=staged, mode="new")
    assert [] == places(run_check(request))

    git(shop, "reset", "-q", "--hard")
    (shop / "shop/cart.py").write_text(SHOP["shop/cart.py"].replace("open_cart", "begin_cart"))
    git(shop, "add", "-A")
    assert [("shop/use.py", 3)] == places(run_check(request))

    git(shop, "reset", "-q", "--hard")
    (shop / "shop/cart.py").write_text(SHOP["shop/cart.py"].replace("open_cart(owner)", "open_cart(owner, guest)"))
    git(shop, "add", "-A")
    assert [("shop/use.py", 5)] == places(run_check(request))

    git(shop, "reset", "-q", "--hard")
    git(shop, "mv", "shop/cart.py", "shop/wagon.py")
    assert [("shop/use.py", 3)] == places(run_check(request))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_settings_say_how_much_a_missing_name_counts(shop: Path):
    """By the id that findings carry before that of the rule: a tier, or nothing at all."""

    def tiers(rule: str, words: str) -> list[tuple[str, str]]:
        (shop / "idiolect.toml").write_text(f'[conventions."{rule}"]\n{words}\nreason = "stubs are to come"\n')
        entries = [alert.finding.entry for alert in run_check(Request(shop)).alerts]
        return [(entry.tier, entry.reason) for entry in entries]

    assert tiers("A11[keyword]", "ignore = true") == [("gate", "")]
    assert tiers("A11[attribute]", "ignore = true") == tiers("A11", "ignore = true") == []
    assert tiers("A11", 'tier = "advise"') == [("advise", "stubs are to come")]


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_a_module_that_git_ignores_may_be_made_by_a_build(shop: Path):
    """The index does not hold it, nor does a fresh clone: still nothing is said of it."""
    (shop / "shop/new.py").write_text(
        "from shop._version import version\nfrom shop import _version\nimport shop.gone\n"
    )
    git(shop, "add", "-A")

    assert [("shop/new.py", 3)] == places(run_check(Request(shop, staged=True)))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_what_is_staged_is_resolved_for_the_python_that_the_project_needs(shop: Path):
    """The index says which that is, as the work tree does."""
    (shop / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.13"\n')
    (shop / "shop/new.py").write_text("from warnings import deprecated\n")
    git(shop, "add", "-A")

    assert [] == places(run_check(Request(shop, staged=True)))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_accepted_names_stay_accepted_where_none_are_asked(shop: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a resolver, or with --no-names, no entry looks mended and none is dropped."""
    baseline = shop / ".idiolect-baseline.jsonl"
    main(["baseline", "create", str(shop)])
    written = baseline.read_text()
    assert "A11[attribute]" in written
    assert 0 == run_check(Request(shop, names=False)).paid

    monkeypatch.setattr("idiolect.evaluation.run.find_resolver", lambda: None)
    monkeypatch.setattr("idiolect.evaluation.names.existence.find_resolver", lambda: None)
    assert 0 == run_check(Request(shop)).paid
    assert 0 == main(["baseline", "prune", str(shop)])
    assert written == baseline.read_text()


HOW = pytest.mark.parametrize(
    "how", [{"staged": True}, {"staged": True, "mode": "new"}, {"base": "HEAD"}, {"base": "HEAD", "mode": "new"}]
)


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@HOW
def test_a_compiled_module_exists_in_what_is_staged_as_in_the_work_tree(shop: Path, how: dict[str, Any]):
    """Its source in Cython is committed, or a build made it that git ignores; either may be taken from its package."""
    (shop / ".gitignore").write_text("*.so\n")
    (shop / "shop/_fast.pyx").write_text("def quick(x):\n    return x\n")
    (shop / "shop/_built.cpython-311-x86_64-linux-gnu.so").touch()
    (shop / "shop/new.py").write_text(
        "import shop._fast\nfrom shop import _built\nfrom shop._built import a\nfrom shop._fast import quick\n"
        "from shop import gone\n\nprint(_built.b, quick(1))\n"
    )
    git(shop, "add", "-A")

    assert [("shop/new.py", 5)] == places(run_check(Request(shop, **how)))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@pytest.mark.parametrize("how", [{"staged": True}, {"base": "HEAD"}], ids=["staged", "since"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("src/meson.build", "python.extension_module('_fast', [made])\n"),
        (
            "setup.py",
            'from setuptools import Extension, setup\n\nsetup(ext_modules=[Extension("shop._fast", ["f.c"])])\n',
        ),
        ("CMakeLists.txt", "pybind11_add_module(_fast fast.cpp)\n"),
    ],
)
def test_what_a_build_is_told_to_make_exists(shop: Path, how: dict[str, Any], path: str, said: str):
    """A module that the files of a build name need not be there before it ran."""
    (shop / path).parent.mkdir(exist_ok=True)
    (shop / path).write_text(said)
    (shop / "shop/new.py").write_text("from shop import _fast\nfrom shop._fast import a\nfrom shop._slow import b\n")
    git(shop, "add", "-A")

    assert [("shop/new.py", 3)] == places(run_check(Request(shop, **how)))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@HOW
def test_a_module_may_be_a_link(shop: Path, how: dict[str, Any], tmp_path: Path):
    """What it leads to within the repository says what it has; no other is followed."""
    (shop / "shared/parts").mkdir(parents=True)
    (shop / "shared/parts/wheel.py").write_text("def turn():\n    return 1\n")
    (shop / "shop/parts").symlink_to("../shared/parts")
    (shop / "shop/wheel.py").symlink_to("../shared/parts/wheel.py")
    (shop / "shop/out").symlink_to(tmp_path)
    (shop / "shop/round").symlink_to("round")
    (shop / "shop/new.py").write_text(
        "from shop.parts.wheel import turn\nfrom shop.wheel import turn\nfrom shop.wheel import gone\n"
    )
    git(shop, "add", "-A")

    assert [("shop/new.py", 3)] == places(run_check(Request(shop, **how)))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@HOW
def test_what_a_sparse_checkout_leaves_out_exists(shop: Path, how: dict[str, Any]):
    """Nor has the change taken it away; what it lacks is missing all the same."""
    (shop / "stall").mkdir()
    (shop / "stall/use.py").write_text("from shop.cart import open_cart\n")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "Open a stall")
    git(shop, "sparse-checkout", "set", "--no-cone", "/stall/", "/.gitignore")
    assert not (shop / "shop").exists()
    (shop / "stall/use.py").write_text("from shop.cart import close_cart, gone, open_cart\n")
    git(shop, "add", "-A")

    assert [("stall/use.py", 1)] == places(report := run_check(Request(shop, **how)))
    assert "`gone`" in report.alerts[0].finding.message


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_what_a_sparse_partial_clone_lacks_is_not_asked_for(shop: Path, tmp_path: Path):
    """Git may fetch nothing here: a note says so, and the rest is checked."""
    git(shop, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{shop}", "clone")
    git(clone, "sparse-checkout", "set", "--no-cone", "/shop/use.py", "/.gitignore")
    git(clone, "checkout", "-q")

    report = run_check(Request(clone))

    assert () == report.alerts
    assert any("a sparse checkout leaves files out that git lacks" in note for note in report.notes)


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@HOW
def test_what_a_submodule_holds_is_left_open(shop: Path, how: dict[str, Any], tmp_path: Path):
    """It is another repository's, whether it is checked out or not."""
    lent = tmp_path / "lent"
    lent.mkdir()
    git(lent, "init", "-q")
    (lent / "part.py").write_text("def turn():\n    return 1\n")
    git(lent, "add", "-A")
    git(lent, "commit", "-q", "-m", "Begin")
    git(shop, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(lent), "shop/lent")
    git(shop, "commit", "-q", "-m", "Borrow")
    (shop / "shop/new.py").write_text("from shop.lent.part import turn\nimport shop.gone\n")
    git(shop, "add", "-A")
    assert [("shop/new.py", 2)] == places(run_check(Request(shop, **how)))

    git(shop, "submodule", "--quiet", "deinit", "-f", "shop/lent")

    assert [("shop/new.py", 2)] == places(run_check(Request(shop, **how)))
