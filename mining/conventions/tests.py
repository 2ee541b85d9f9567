"""
Tests. In: assertions, fixtures, parameters. Out: how tests are written. Rows U02, U03, U04 of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from ..source import field_of, text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .view import FileView, argument_after, keyword_of

UNITTEST = frozenset(
    """
    assertEqual assertEquals assertNotEqual assertTrue assertFalse assertIs assertIsNot assertIsNone
    assertIsNotNone  assertIn assertNotIn assertIsInstance assertNotIsInstance assertRaises assertRaisesRegex
    assertWarns assertGreater  assertGreaterEqual assertLess assertLessEqual assertAlmostEqual assertRegex
    assertCountEqual assertListEqual  assertDictEqual assertSetEqual assertTupleEqual assertSequenceEqual
    assertMultiLineEqual
    """.split()  # noqa: SIM905 - names, not a list of quotes
)
SET_UPS = frozenset(
    """
    setUp tearDown setUpClass tearDownClass setup_method teardown_method setup_class teardown_class  setup_module
    teardown_module setUpModule tearDownModule
    """.split()  # noqa: SIM905 - names, not a list of quotes
)
TESTS = frozenset({"tests"})


class AssertionStyle(Convention):
    """Whether tests assert by statement or by the methods of unittest."""

    id = "U02"
    name = "assertion-style"
    question = "How do tests assert?"
    query = "(assert_statement) @site (call) @site"
    callees = UNITTEST
    linter_codes = frozenset({"PT009"})
    roles = TESTS
    never = frozenset({"unittest method"})
    values = ("assert statement", "unittest method")
    examples = Examples(
        value="assert statement",
        path="tests/test_a.py",
        conforms=("def test_a():\n    assert a == b",),
        departs=("class A(TestCase):\n    def test_a(self):\n        self.assertEqual(a, b)",),
        nearly=("def test_a():\n    helper.assertEqual(a, b)", "def test_a():\n    self.assert_called()"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the form of an assertion."""
        if site.type == "assert_statement":
            return "assert statement"
        return "unittest method" if file.callee(site).startswith("self.") else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the keyword, or the method that is called."""
        return site.children[0]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return a plain assertion as a method call."""
        statement = place.inside("assert_statement")
        if statement is None or value != "unittest method":
            return ()
        first, end = statement.named_children[0].start_byte, statement.end_byte
        return Edit(statement.start_byte, first, "self.assertTrue("), Edit(end, end, ")")

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        way = "plain `assert` statements" if value == "assert statement" else "unittest's methods"
        return f"Assert by {way}."


class SetUp(Convention):
    """Whether tests are set up by fixtures or by methods with fixed names; and how the bare decorator is written."""

    id = "U03"
    name = "test-set-up"
    question = "How is {key} written?"
    query = "(function_definition) @site"
    roles = TESTS
    never = frozenset({"set-up method"})
    is_fixable = True
    examples = Examples(
        value="fixture",
        key="a test's set-up",
        path="tests/test_a.py",
        conforms=("@pytest.fixture\ndef data(): pass", "@fixture(scope='module')\ndef data(): pass"),
        departs=("class A:\n    def setup_method(self): pass",),
        nearly=("def set_up(): pass", "@other\ndef data(): pass"),
    )
    also = (
        Examples(
            value="@pytest.fixture",
            key="a fixture without arguments",
            path="tests/test_a.py",
            conforms=("@pytest.fixture\ndef data(): pass",),
            departs=("@pytest.fixture()\ndef data(): pass",),
            nearly=("@pytest.fixture(scope='module')\ndef data(): pass", "@my.fixture_of()\ndef data(): pass"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield how a function sets tests up, if it does."""
        frame = file.definition
        if frame.name in SET_UPS:
            yield Choice("set-up method", frame.name_node, "a test's set-up")
        wrapper = frame.outer
        if "pytest.fixture" in frame.decorators or "fixture" in frame.decorators:
            yield Choice("fixture", frame.name_node, "a test's set-up")
            for decorator in wrapper.node.children if wrapper is not None else ():
                if text_of(decorator) in ("@pytest.fixture", "@pytest.fixture()"):
                    yield Choice(text_of(decorator), decorator, "a fixture without arguments")

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the decorator with or without its empty brackets."""
        return place.instead(value) if value.startswith("@") and place.text.startswith("@") else ()

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other decorator, or the fixture under the name of a set-up method."""
        if place.key == "a fixture without arguments":
            return place.instead("@pytest.fixture()" if value == "@pytest.fixture" else "@pytest.fixture")
        wrapper = place.inside("decorated_definition")
        if wrapper is None or value != "fixture":
            return ()
        function = wrapper.child_by_field_name("definition")
        name = field_of(function, "name")
        if function is None or name is None or wrapper.named_children[1].type == "decorator":
            return ()
        return (Edit(wrapper.start_byte, function.start_byte, ""), Edit(name.start_byte, name.end_byte, "setup_method"))

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if key == "a test's set-up":
            return "Set tests up by fixtures." if value == "fixture" else "Set tests up by set-up methods."
        return f"Write {key} as `{value}`."


class Parametrize(Convention):
    """How the parameters of a test are named, and whether its cases are."""

    id = "U04"
    name = "parametrize"
    question = "How are the {key} of a parametrized test given?"
    query = "(call) @site"
    callees = frozenset({"parametrize"})
    linter_codes = frozenset({"PT006", "PT007"})
    roles = TESTS
    cap = "advise"
    never = frozenset({"no ids"})
    is_fixable = True
    values = ("tuple", "list", "string")
    examples = Examples(
        value="string",
        key="names",
        path="tests/test_a.py",
        conforms=('@pytest.mark.parametrize("a, b", [(1, 2)])\ndef test_a(a, b): pass',),
        departs=(
            '@pytest.mark.parametrize(("a", "b"), [(1, 2)])\ndef test_a(a, b): pass',
            '@pytest.mark.parametrize(["a", "b"], [(1, 2)])\ndef test_a(a, b): pass',
        ),
        nearly=('@pytest.mark.parametrize("a", [1, 2])\ndef test_a(a): pass', 'x.parametrize("a, b")'),
    )
    also = (
        Examples(
            value="ids",
            key="cases",
            path="tests/test_a.py",
            conforms=('@pytest.mark.parametrize("a", [1, 2], ids=["one", "two"])\ndef test_a(a): pass',),
            departs=('@pytest.mark.parametrize("a", [1, 2])\ndef test_a(a): pass',),
            nearly=('@pytest.mark.parametrize("a", [pytest.param(1, id="one")])\ndef test_a(a): pass',),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield how several names are given, and whether there are ids."""
        arguments = site.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if not file.callee(site).endswith("mark.parametrize") or len(given) < 2:
            return
        names = given[0]
        if names.type in ("tuple", "list"):
            if names.named_child_count > 1:
                yield Choice(names.type, names, "names")
        elif names.type == "string" and "," in text_of(names).rstrip("\"', "):
            yield Choice("string", names, "names")
        if keyword_of(site, "ids") is not None:
            yield Choice("ids", site.children[0], "cases")
        elif "id=" not in text_of(site):
            yield Choice("no ids", site.children[0], "cases")

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the names in the other form."""
        if place.key != "names":
            return ()
        quote = place.text[-1] if place.text[-1] in "\"'" else place.text.strip("([ \n")[0]
        names = [name.strip().strip("\"'") for name in place.text.strip("()[] \n").strip("\"'").split(",")]
        names = [name for name in names if name]
        if quote not in "\"'" or not all(name.isidentifier() for name in names):
            return ()
        quoted = ", ".join(f"{quote}{name}{quote}" for name in names)
        forms = {"tuple": f"({quoted})", "list": f"[{quoted}]", "string": f"{quote}{', '.join(names)}{quote}"}
        return place.instead(forms[value]) if value in forms else ()

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the names in another form, or the ids taken out."""
        call = place.inside("call")
        if place.key == "cases":
            return argument_after(call, "ids") if call is not None and value == "ids" else ()
        return super().slip(place, value)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if key == "cases":
            return "Give the cases of a parametrized test ids."
        return f"Give the names of a parametrized test's values as a {value}."
