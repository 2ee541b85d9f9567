"""
The names check: against the reference, one answer at a time, and undecided where it cannot know.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.evaluation.checks.check import Answer, Result
from idiolect.evaluation.checks.names import NamesCheck, lay
from idiolect.evaluation.names.resolver import find_resolver
from idiolect.mining.errors import MismatchError
from idiolect.mining.languages import language_named
from idiolect.mining.source import Span, parse_text

pytestmark = pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
PYTHON = language_named("python")
HEAD = "from .cart import Cart\n\n\ndef fill(owner, thing):\n    "
REFERENCE = "cart = Cart(owner)\n    cart.add('tea')\n    return cart"
FILES = {
    "shop/__init__.py": "",
    "shop/cart.py": (
        "class Cart:\n    def __init__(self, owner):\n        self.owner = owner\n\n"
        "    def add(self, name):\n        return self\n"
    ),
    "shop/use.py": HEAD + REFERENCE + "\n",
}


def answer(code: str, reference: str = REFERENCE) -> Answer:
    start = len(HEAD.encode())
    return Answer(
        probe_id="p", symbol="fill", code=code,
        source=parse_text("shop/use.py", HEAD + code + "\n", PYTHON), span=Span(start, start + len(code.encode())),
        reference=parse_text("shop/use.py", HEAD + reference + "\n", PYTHON),
        reference_span=Span(start, start + len(reference.encode())),
    )  # fmt: skip


@pytest.fixture(name="check")
def _check(write_tree: Callable[[Mapping[str, str]], Path]) -> NamesCheck:
    program = find_resolver()
    assert program is not None
    return NamesCheck(program, write_tree(FILES))


@pytest.mark.parametrize("path", ["{outside}/use.py", "../use.py", "a/../../use.py"])
def test_files_are_laid_out_below_their_folder_alone(path, tmp_path):
    """Whatever a source is called, nothing is written outside of the scratch folder."""
    (tmp_path / "root").mkdir()
    source = parse_text(path.format(outside=tmp_path), "pass\n", PYTHON)
    with pytest.raises(MismatchError):
        lay(tmp_path / "root", source, 0)

    assert ["root"] == [file.name for file in tmp_path.iterdir()]


CASES = [
    pytest.param(REFERENCE, True, id="the reference"),
    pytest.param("return Cart(owner).add('tea').add('milk')", True, id="a chain"),
    pytest.param("return Cart(owner).add_item('tea')", False, id="an invented method"),
    pytest.param("return Cart(owner).add('tea', quantity=2)", False, id="an invented keyword"),
    pytest.param("return Cart(owner, 'tea')", False, id="one argument too many"),
    pytest.param("from .basket import Basket\n    return Basket(owner)", False, id="an invented module"),
    pytest.param("return make_cart(owner)", False, id="an invented function"),
    pytest.param("return thing.whatever(owner)", True, id="what cannot be known"),
    pytest.param("def make_cart(o):\n        return Cart(o)\n    return make_cart(owner)", True, id="its own helper"),
]


def test_each_answer_is_judged_by_itself(check: NamesCheck):
    """One run judges all; the same answer alone gets the same result."""
    answers = [answer(case.values[0]) for case in CASES]  # type: ignore[arg-type]
    results = check.judge(answers)

    assert [case.values[1] for case in CASES] == [result.ok for result in results]
    assert results[2] == check.judge(answers[2:3])[0]
    assert "add_item" in results[2].remarks[0].message and "names" == results[2].status


def test_what_the_reference_gets_wrong_is_forgiven(check: NamesCheck):
    """A name that the house's own code lacks, too, is not the answer's fault."""
    odd = "return Cart(owner).add_item('tea')"

    assert [True] == [result.ok for result in check.judge([answer(odd, reference=odd)])]


def test_other_languages_are_left_open(check: NamesCheck):
    """No resolver, no opinion."""
    given = answer(REFERENCE)
    other = parse_text("a.js", "let x = y.z();\n", language_named("javascript"))

    assert [Result(None, "unsupported")] == check.judge(
        [Answer("p", "f", "x", other, Span(0, 5), given.reference, given.reference_span)]
    )


@pytest.mark.parametrize("package", ["requests_safe", "numpy_v2", "shop_v2", "nump\u0443"], ids=str)
def test_a_look_alike_package_is_unknown_and_never_installed(check: NamesCheck, package: str):
    """Its import decides nothing: it is counted as undecided, and the only program started is the resolver (C11)."""
    started: list[str] = []
    sys.addaudithook(lambda event, given: started.append(str(given[0])) if event == "subprocess.Popen" else None)
    code = f"import {package}\n    {package}.mend(owner)\n    return Cart(owner).add('tea')"
    (result,) = check.judge([answer(code)])

    assert (True, []) == (result.ok, result.detail["wrong"])
    assert 0 < result.detail["undecided"]
    assert {check.program} == set(started)
    assert importlib.util.find_spec(package) is None


DYNAMIC = {
    "shop/__init__.py": "",
    "shop/cart.py": (
        "class Cart:\n    def __init__(self, owner):\n        self.__dict__.update(owner)\n\n"
        "    def __getattr__(self, name):\n        return lambda *given: self\n\n\n"
        "for verb in ('add', 'drop'):\n    setattr(Cart, verb, lambda self, *given: self)\n\n\n"
        "def make(kind, *given, **more):\n    return globals()[kind](*given, **more)\n"
    ),
    "shop/use.py": HEAD + REFERENCE + "\n",
}


def test_dynamic_code_lowers_the_coverage_and_not_the_rate(check: NamesCheck, write_tree):
    """
    The same inventions, where the house makes its names at run time: none is called wrong, they are undecided (H12).
    """
    assert check.program
    dynamic = NamesCheck(check.program, write_tree(DYNAMIC, "dynamic"))
    codes = [
        "return Cart(owner).add_item('tea')",
        "return Cart(owner).quantity + 1",
        "cart = Cart(owner)\n    cart.colour = thing.colour\n    return cart.colour.name",
    ]
    plain = check.judge([answer(code) for code in codes])
    loose = dynamic.judge([answer(code) for code in codes])

    assert 0 < sum(result.ok is False for result in plain)
    assert [True] * 3 == [result.ok for result in loose]
    assert sum(len(r.detail["wrong"]) for r in plain) > sum(len(r.detail["wrong"]) for r in loose) == 0


@pytest.mark.parametrize("way", ["exit 70", "kill -SEGV $$", "echo '{\"errors\": ['"], ids=["fails", "dies", "torn"])
def test_a_resolver_that_fails_on_one_answer_costs_that_answer_alone(check: NamesCheck, tmp_path: Path, way: str):
    """It is asked in halves until the one is found; the others are judged as if it were not there (H11)."""
    program = tmp_path / "resolver"
    program.write_text(
        f'#!/bin/sh\nfor file in "$@"; do grep -qs "bring me down" "$file" && {{ {way}; exit; }}; done\n'
        f'exec {check.program} "$@"\n'
    )
    program.chmod(0o755)
    fragile = NamesCheck(str(program), check.repository)
    answers = [answer(case.values[0]) for case in CASES]  # type: ignore[arg-type]
    hostile = answer("return Cart(owner)  # bring me down")
    results = fragile.judge([*answers[:3], hostile, *answers[3:]])

    assert Result(None, "unsupported") == results[3]
    assert check.judge(answers) == [*results[:3], *results[4:]]


def test_a_resolver_that_always_fails_decides_nothing(check: NamesCheck, tmp_path: Path):
    """It is not asked for ever."""
    program = tmp_path / "resolver"
    program.write_text(f"#!/bin/sh\necho x >> {tmp_path}/asked\nexit 1\n")
    program.chmod(0o755)
    results = NamesCheck(str(program), check.repository).judge([answer(f"return {n}") for n in range(60)])

    assert [Result(None, "unsupported")] * 60 == results
    assert len((tmp_path / "asked").read_text().splitlines()) < 30
