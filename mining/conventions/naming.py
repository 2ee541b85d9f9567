"""
Names. In: definitions. Out: how they are cased and what they end in. Rows N01, N02, N03, N07 of the catalogue.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Set
from functools import lru_cache

from tree_sitter import Node

from ..source import text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .view import DefinitionFrame, FileView, bound_in

SNAKE_CASE = re.compile(r"_*[a-z0-9]+(_+[a-z0-9]+)*_*")
CASES = (
    ("snake_case", SNAKE_CASE),
    ("CapWords", re.compile(r"_*[A-Z][A-Za-z0-9]*_*")),
    ("camelCase", re.compile(r"_*[a-z]+[A-Za-z0-9]*")),
    ("UPPER_CASE", re.compile(r"_*[A-Z0-9]+(_[A-Z0-9]+)+_*")),
)
SYMBOL = r"([a-z]|[a-z]*[0-9]+)?[A-Z][A-Z0-9]*"
"""A word in capitals, or one that is written so in any text: `nD`, `dB`, `2D`, `vector3D`."""
ACRONYMS = re.compile(
    rf"_*[a-z0-9]+(_+[a-z0-9]+)*(_+{SYMBOL})+(_+([a-z0-9]+|{SYMBOL}))*_*|_*{SYMBOL}(_+{SYMBOL})*(_+[a-z0-9]+)+_*"
)
"""Words in lower case beside words in capitals: these may be another name's, or put the name first, `AAA_set_up`."""
TESTED = re.compile(r"test(_+([a-z0-9]+|[A-Z][A-Za-z0-9]*))+_*")
"""A test's name may hold those of classes and exceptions, as they are written."""
DUNDER = re.compile(r"__\w+__")
BEFORE_DIGITS = re.compile(r"(?<=[A-Za-z0-9])_(?=\d)")
"""What keeps a number apart, in any case: `ShelfNet_8_2`."""
READ_BY_NAME = frozenset({"branch_labels", "collect_ignore", "collect_ignore_glob", "depends_on", "down_revision"}) | {
    "pytest_plugins",
    "pytestmark",
    "revision",
}
"""Names of a module that a test runner or a tool of migrations looks for."""
NAME_MARKS = "_0123456789"
"""What stands around another's name inside of a name."""
EXCEPTION_BASE = re.compile(r"(Exception|Error|Warning|Exit|Interrupt)$")
ASSERTS = re.compile(r"_*assert[A-Z]")
"""A test's helper that is called as those of `unittest` are, wherever it stands."""
DICTATED = ("visit_", "leave_", "depart_", "do_", "setUp", "tearDown", "runTest", "maxDiff")
"""Names that a base class or a protocol of the standard library dictates."""
CALLED_BY_NAME = frozenset({"TestOneInput", "setUpModule", "tearDownModule"})
"""Functions of a module that `unittest` and fuzzers look for."""
DOUBLE = re.compile(r"_*(?:Dummy|Fake|Mock|Spy|Stub)(?![a-z])|\w*(?:Dummy|Fake|Mock|Spy|Stub)_*$")
"""What a test's class is called that stands in for another: its methods have the names of the other's."""
STRUCTURES = frozenset({"BigEndianStructure", "LittleEndianStructure", "Structure", "Union"})
"""What classes derive from that describe structures of C."""
FUNCTION_LIKE = frozenset({"__aenter__", "__call__", "__enter__", "__get__", "__new__"})
"""What classes have that are used as functions are: decorators, properties, contexts, and what is made otherwise."""
USED_SO = re.compile(r"(?:ContextManager|Decorator|Descriptor|Property)$")
"""How the names of classes end whose heirs are used as functions are."""
MAKES = re.compile(
    rb"\breturn (?:\w+\.)*_*[A-Z]\w*(?:\(|[a-z]\w*[ \t]*$)"
    rb"|\b(\w+)(?::[^=\n]*)? = (?:\w+\.)*_*[A-Z]\w*\((?s:.*)\breturn \1[ \t]*(?:#|$)",
    re.MULTILINE,
)
"""How a function gives a class, or an object of one that it makes."""
RETURNED = re.compile(rb"\breturn (?:\w+\.)*(\w+)[ \t]*(\(|#|$)", re.MULTILINE)
"""The last name of what a function gives, or calls for it."""
CLASS_WORDS = frozenset({"class", "cls"})
"""What the name of a variable that holds a class ends in."""
GLOBAL = re.compile(rb"^\s*global\s+(.*)$", re.MULTILINE)
"""The names of a `global` statement."""
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
LITERALS = frozenset({"integer", "float", "string", "concatenated_string", "true", "false", "tuple", "unary_operator"})


@lru_cache(maxsize=4096)
def case_of(name: str) -> str:
    """Return the class of a name's case, or nothing for a name that fits several or none."""
    bare = name.strip("_")
    if not any(character.isalpha() for character in bare) or not bare.isascii():
        return ""
    forms = name, BEFORE_DIGITS.sub("", name)
    return next((case for form in forms for case, pattern in CASES if pattern.fullmatch(form)), "mixed")


def words_of(name: str) -> list[str]:
    """Return the words of *name*, in lower case."""
    return [word.lower() for word in WORDS.findall(name)]


def recase(name: str, case: str) -> str:
    """Return *name* in another case, or as it is where it has too few words to show the difference."""
    bare = name.strip("_")
    words = words_of(bare)
    joined = {
        "snake_case": "_".join(words),
        "UPPER_CASE": "_".join(words).upper(),
        "CapWords": "".join(word.capitalize() for word in words),
        "camelCase": "".join(word.capitalize() if place else word for place, word in enumerate(words)),
    }[case]
    return name.replace(bare, joined) if len(bare) > 1 and joined else name


class Cased(Convention):
    """Shared by the conventions about the case of a name: a slip renames it where it is defined."""

    values = ("camelCase", "CapWords", "snake_case")

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the name in another case."""
        name = recase(place.text, value)
        return place.instead(name) if case_of(name) == value else ()


class FunctionCase(Cased):
    """The case of function and method names."""

    id = "N01"
    name = "function-case"
    question = "How are function names cased?"
    instruction = "Name functions and methods in {value}."
    query = "(function_definition) @site"
    linter_codes = frozenset({"N802", "C0103", "invalid-name"})
    version = 11
    examples = Examples(
        value="snake_case",
        conforms=("def read_all(): pass", "def _hidden_part(): pass"),
        departs=(
            "def readAll(): pass",
            "def ReadAll(): pass",
            "def ReadAll(a):\n    a = Part(a)\n    return a.read()",
            "class A:\n    def ReadAll(self):\n        return self.read_all()",
            "def testReadAll(): pass",
            "def test_readAll(): pass",
        ),
        nearly=(
            "def __len__(self): pass",
            "def test_read_JSON_file(): pass",
            "def test_3D(): pass",
            "def moments_of_vector3D_in_nD(a): pass",
            "def test_Reader_raises_ValueError(): pass",
            "def test_readAll(): readAll(1)",
            "def test_readAll2(): return reader.readAll(1)",
            "class A(B):\n    def visitCall(self, node): pass",
            "class A:\n    def _setUp(self, what): pass",
            "def assertSameOrder(a, b): pass",
            "def setUpModule(): pass",
            "@implementer(IReader)\nclass A:\n    def readAll(self): pass",
            # what is put in the place of another's has the name that it has there
            "def f(a):\n    def readAll(): pass\n    a.readAll = readAll",
            "def ReadAll(a):\n    return library.ReadAll(a, 1)",
            "@lazy\ndef ReadAll():\n    read = library.ReadAll\n    read.strict = True\n    return read",
            # nobody writes in capitals by accident
            "def READ_ALL(a): pass",
            "def READ(a): pass",
            "def H(a): pass",
            # it stands in for the class of which it makes an object, and an overload is named as what it describes
            "def Shelf(a):\n    return models.SortedShelf(a)",
            "def Shelf(a):\n    class Made(a): pass\n    return Made",
            "def Shelf(a) -> type[Base]:\n    return shelf_of(a)",
            "def Shelf(a):\n    made: Base = _Shelf(a)\n    made.sort()\n    return made",
            "@overload\ndef readAll(a: int) -> int: ...",
            "class A:\n    @cached_property\n    def Shelf(self):\n        return self.made_of('b:Shelf')",
            "class A:\n    @cached_property\n    def Shelf(self):\n        return self.make_shelf_cls()",
            "def AAA_read_first(a): pass",
            "class A:\n    def SortedShelf(self):\n        return self.Shelf(sort=True)",
            "class A:\n    def Shelf(self, **parts):\n        shelf = dict(parts)\n        return shelf",
        ),
    )
    also = (
        Examples(
            value="snake_case",
            path="tests/test_module.py",
            conforms=("class Reader:\n    def read_all(self): pass",),
            departs=("class FakedOrder:\n    def readAll(self): pass",),
            nearly=(
                "class FakeReader:\n    def readAll(self): pass",
                "class ReaderStub:\n    def readAll(self): pass",
                "def test():\n    class Reader:\n        def readAll(self): pass",
            ),
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the case, unless the name is dictated from outside, or holds one that is."""
        frame = file.definition
        if DUNDER.fullmatch(frame.name) or ASSERTS.match(frame.name) or frame.name in CALLED_BY_NAME:
            return None
        if frame.is_method and (is_dictated(frame) or is_of_double(frame, file)):
            return None
        case = case_of(frame.name)
        if case != "snake_case" and frame.name.isupper():
            return None
        is_given = ACRONYMS.fullmatch(frame.name) or (
            case == "mixed" and (TESTED.fullmatch(frame.name) or holds_another(frame.name, file))
        )
        if is_given or frame.name in file.put_in_place or (case != "snake_case" and is_lent(frame, case)):
            return None
        return case or None


class ClassCase(Cased):
    """The case of class names."""

    id = "N02"
    name = "class-case"
    question = "How are class names cased?"
    instruction = "Name classes in {value}."
    query = "(class_definition) @site"
    linter_codes = frozenset({"N801", "C0103", "invalid-name"})
    version = 8
    examples = Examples(
        value="CapWords",
        conforms=(
            "class ReadOnly: pass",
            "class _Hidden: pass",
            "class ReaderOn3_10: pass",
            "class Reader_8_2: pass",
            "class Reader_: pass",
        ),
        departs=("class read_only: pass", "class readOnly: pass", "class read_only(dict): pass"),
        nearly=(
            "readOnly = type('readOnly', (), {})",
            # nobody writes in capitals by accident: it is used as a constant
            "class NOT_GIVEN: pass",
            "def f():\n    class made(B): pass",
            # the name is another's: that of a structure of C, or of the class that this one stands in for
            "class FILE_info(ctypes.Structure): pass",
            "class date(_date): pass",
            # what is used as a function is: a decorator, a property, a context
            "class lazy_property:\n    def __get__(self, instance, owner=None): pass",
            "class opened(tuple):\n    def __new__(cls, size): return cls._opened(size)",
            "class opened:\n    def __enter__(self): pass\n    def __exit__(self, *what): pass",
            "class Lazy:\n    def __get__(self, instance, owner=None): pass\n\nclass lazy(Lazy): pass",
            "class bdist_wheel_abi3(wheel.bdist_wheel): pass",
            "class header_property(_DictProperty[T]): pass",
            "class opened(contextlib.AbstractContextManager): pass",
            "class _as_link(Part): pass\n\nPARTS = {'as_link': _as_link}",
            # an attribute of the class around it, read by that name
            "class Shelf:\n    class sorted_by: pass",
        ),
    )
    also = (
        Examples(
            value="CapWords",
            path="tests/test_module.py",
            conforms=("class TestReader(TestCase): pass",),
            departs=("class readAll(TestCase): pass", "class read_all(TestCase): pass"),
            nearly=("class Test_read_all: pass", "class Reader_Empty(TestCase): pass"),
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the case, unless a function makes the class, or it is used as one, or its name is another's."""
        frame = file.definition
        bases = {base.rpartition(".")[2] for base in frame.bases}
        is_made = frame.scope is not None and frame.scope.kind != site.type
        if is_made or bases & STRUCTURES or f"_{frame.name}" in bases:
            return None
        case = case_of(frame.name)
        is_given = case == "UPPER_CASE" or (case == "mixed" and file.role == "tests")
        if case != "snake_case":
            return None if is_given else case or None
        is_function_like = not frame.members.isdisjoint(FUNCTION_LIKE) or any(map(is_called_so, bases))
        is_attribute = frame.scope is not None or is_looked_up(frame.name, file)
        return None if is_attribute or is_function_like or derives_from_function_like(bases, file) else case


class ConstantCase(Cased):
    """The case of a module's constants: names bound once, to a literal."""

    id = "N03"
    name = "constant-case"
    question = "How are a module's constants cased?"
    instruction = "Name a module's constants in {value}."
    query = "(module) @site"
    linter_codes = frozenset({"N816", "C0103", "invalid-name"})
    cap = "advise"
    version = 4
    values = ("snake_case", "UPPER_CASE", "camelCase")
    examples = Examples(
        value="UPPER_CASE",
        conforms=("LIMIT = 3", "_HIDDEN_PART = 'a'", "LIMIT: int = -1"),
        departs=("limit = 3", "maxSize = (1, 2)"),
        nearly=(
            "limit = read()",
            "count = 0\ncount += 1",
            "__version__ = '1'",
            "x = 1\ndef f():\n    global x\n    x = 2",
            "Part: TypeAlias = 'str | Later'",
            "Part: typing.TypeAlias = 'str | Later'",
            "revision = '1f0a'",
        ),
    )
    also = (Examples(value="UPPER_CASE", path="docs/conf.py", nearly=("html_theme = 'plain'",)),)

    def is_asked(self, file: FileView) -> bool:
        """Claim that *file* is none that a program reads names from: what configures a tool has those of the tool."""
        is_of_sphinx = file.role == "docs" and file.path.rpartition("/")[2] == "conf.py"
        return super().is_asked(file) and not is_of_sphinx

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the case of each name that a literal is assigned to at the top of the module, once."""
        bound: dict[str, list[Node]] = {}
        for statement in file.statements:
            node = statement.named_children[0] if statement.type == "expression_statement" else None
            left = node.child_by_field_name("left") if node is not None and "assign" in node.type else None
            if node is not None and left is not None and left.type == "identifier":
                bound.setdefault(text_of(left), []).append(node)
        lines = GLOBAL.findall(file.utf8) if b"global" in file.utf8 else []
        rebound = {name.decode() for line in lines for name in re.findall(rb"\w+", line)}
        for name, nodes in bound.items():
            right = nodes[0].child_by_field_name("right")
            if len(nodes) > 1 or right is None or right.type not in LITERALS or DUNDER.fullmatch(name):
                continue
            if is_type_alias(nodes[0]) or name in READ_BY_NAME:
                continue
            case = "UPPER_CASE" if name.isupper() else case_of(name)
            if case and name not in rebound:
                yield Choice(case, nodes[0].named_children[0])

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the name in another case."""
        name = recase(place.text, value)
        return place.instead(name) if name != place.text else ()


class ExceptionSuffix(Convention):
    """What the names of exception classes end in."""

    id = "N07"
    name = "exception-suffix"
    question = "What does the name of an exception class end in?"
    query = "(class_definition) @site"
    linter_codes = frozenset({"N818"})
    least_support = 10.0
    examples = Examples(
        value="Error",
        conforms=("class ParseError(Exception): pass", "class BadInputError(ParseError): pass"),
        departs=("class BadInput(ValueError): pass", "class ParseException(Exception): pass"),
        nearly=("class ErrorReport(Base): pass",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the suffix of a class whose base is named like an exception."""
        frame = file.definition
        if not any(EXCEPTION_BASE.search(base) for base in frame.bases) or "Warning" in frame.name:
            return None
        return next((end for end in ("Error", "Exception") if frame.name.endswith(end)), "neither")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the name with another ending."""
        return place.instead(place.text.removesuffix(value) + ("Problem" if value != "neither" else "Error"))

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if value == "neither":
            return "Do not end the name of an exception class in Error or Exception."
        return f"End the name of an exception class in {value}."


def is_type_alias(assignment: Node) -> bool:
    """Claim that an assignment names a type, which may be written as a string."""
    kind = assignment.child_by_field_name("type")
    return kind is not None and text_of(kind).rpartition(".")[2] == "TypeAlias"


def is_called_so(base: str) -> bool:
    """Claim that a base is called as functions are, or for what is, and no built-in type, which nobody takes after."""
    is_snake = SNAKE_CASE.fullmatch(base) is not None and not hasattr(builtins, base)
    return base == "property" or is_snake or USED_SO.search(base) is not None


def is_looked_up(name: str, file: FileView) -> bool:
    """Claim that the file has a class under a text of its *name*, as `{"as_link": _as_link}`."""
    text = name.strip("_").encode()
    return re.search(rb"[\"']%b[\"']\s*[:,]\s*_*%b\b" % (text, text), file.utf8) is not None


def derives_from_function_like(bases: Set[str], file: FileView) -> bool:
    """Claim that one of *bases* is a class of the same file that is used as functions are."""
    classes = (node for node in file.statements if node.type == "class_definition")
    named = ((node.child_by_field_name("name"), node.child_by_field_name("body")) for node in classes)
    blocks = [body for name, body in named if name is not None and body is not None and text_of(name) in bases]
    return any(not bound_in(body.named_children).isdisjoint(FUNCTION_LIKE) for body in blocks)


def holds_another(name: str, file: FileView) -> bool:
    """Claim that all words of a name that are not in lower case are names that stand in the file by themselves."""
    words = [word.strip(NAME_MARKS) for word in re.split("_+", name)]
    foreign = [word.encode() for word in words if not word.islower() and word]
    return all(re.search(rb"\b%b\b" % word, file.utf8) for word in foreign)


def is_of_double(method: DefinitionFrame, file: FileView) -> bool:
    """Claim that a method is that of a test's class that stands in for another, as those that a test makes do."""
    if file.role != "tests" or method.scope is None:
        return False
    outer = method.scope.scope
    is_made = outer is not None and outer.kind == "function_definition"
    return is_made or DOUBLE.match(method.scope.name) is not None


def is_lent(function: DefinitionFrame, case: str) -> bool:
    """
    Claim that a function has another's name: of what it gives or hands on to, or it is called as a class that it makes.

    What describes an overload is named as the function itself, which is asked.
    """
    if any(name.rpartition(".")[2] == "overload" for name in function.decorators):
        return True
    body = b"" if function.body is None else function.body.text or b""
    # an entry point names what a module holds behind a colon
    if re.search(rb"(?<!\bself)(?<!\bcls)(?:\.|\w:)%b\b" % function.name.encode(), body):
        return True
    returns = text_of(function.returns) if function.returns is not None else ""
    is_maker = MAKES.search(body) is not None or returns.partition("[")[0] in ("Type", "type")
    return case == "CapWords" and ((is_maker and not function.is_method) or is_called_as_given(function.name, body))


def is_called_as_given(name: str, body: bytes) -> bool:
    """
    Claim that a function is called as what it gives, as classes are: `def Shelf(): … return shelf`.

    What it gives may be made of a variable, `return self.shelf_class(size)`, or by what has the last words of its name.
    """
    words = words_of(name)
    for given, behind in RETURNED.findall(body):
        found = words_of(given.decode("utf-8", "replace"))
        is_class = behind == b"(" and found[-1:] and found[-1] in CLASS_WORDS
        is_made = behind == b"(" and given[:1].isupper() and words[-len(found) :] == found
        if is_made or (is_class and words[-1] in found) or (behind != b"(" and found == words):
            return True
    return False


def is_dictated(frame: DefinitionFrame) -> bool:
    """Claim that a base class, or an interface, may give a method its name: what it overrides is not known here."""
    scope = frame.scope
    if frame.name.lstrip("_").startswith(DICTATED) or scope is None:
        return True
    is_promised = any(name.rpartition(".")[2] == "implementer" for name in scope.decorators)
    return is_promised or any(base != "object" for base in scope.bases)
