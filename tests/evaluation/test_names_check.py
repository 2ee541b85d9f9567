"""
The names check: against the reference, one answer at a time, and silent where it cannot know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.evaluation.checks.check import Answer, Result
from idiolect.evaluation.checks.names import NamesCheck
from idiolect.evaluation.names import find_resolver
from idiolect.evaluation.probes import parse_text
from idiolect.mining.languages import language_named
from idiolect.mining.source import Span

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
