"""
Types. In: signatures, annotations, ignore comments. Out: whether and how types are written. Rows T01 to T06.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable

from tree_sitter import Node

from ..source import field_of, text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .imports import FUTURE, is_future
from .view import DefinitionFrame, FileView

BUILTIN = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple", "Type": "type"}
DEFERRED = "deferred"
"""The key of annotations that are not evaluated: after the import from `__future__`, and in stubs."""
CLASSES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type))
TYPES_OF = re.compile(r"^from (?:typing|collections\.abc) import (\([^)]*\)|.*)", re.MULTILINE)
IGNORES = {
    "type: ignore": re.compile(r"#\s*type:\s*ignore(\[[^\]]+\])?"),
    "noqa": re.compile(r"#\s*noqa(:\s*\w+)?", re.I),
}


class ReturnAnnotation(Convention):
    """Whether public functions say what they return."""

    id = "T01"
    name = "return-annotation"
    question = "Does a public function annotate what it returns?"
    instruction = "Annotate what public functions return."
    query = "(function_definition) @site"
    linter_codes = frozenset({"ANN201", "ANN202", "ANN205", "ANN206", "type: no-untyped-def"})
    never = frozenset({"absent"})
    roles = frozenset({"src"})
    values = ("present", "absent")
    examples = Examples(
        value="present",
        conforms=("def f() -> int:\n    return 1",),
        departs=("def f():\n    return 1",),
        nearly=("def _f():\n    return 1",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a public function has a return annotation."""
        frame = file.definition
        return None if not frame.is_public else "absent" if frame.returns is None else "present"

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the annotation taken out; what to put in is not known."""
        return () if value == "present" else without_return(place)


class ParameterAnnotations(Convention):
    """Whether functions annotate all their parameters."""

    id = "T02"
    name = "parameter-annotations"
    question = "Does a function annotate all its parameters?"
    instruction = "Annotate every parameter of a function."
    fault = "This parameter has no annotation; functions in this codebase annotate every one"
    query = "(function_definition) @site"
    linter_codes = frozenset({"ANN001", "ANN002", "ANN003", "type: no-untyped-def"})
    never = frozenset({"some", "none"})
    values = ("all", "some", "none")
    roles = frozenset({"src"})
    version = 2
    examples = Examples(
        value="all",
        conforms=("def f(a: int, *b: str, c: int = 1): pass", "class A:\n    def f(self, a: int): pass"),
        departs=("def f(a, b): pass", "def f(a: int, b): pass", "def f(a: int, **b): pass", "def f(a, _b=1): pass"),
        nearly=(
            "def f(): pass",
            "class A:\n    def f(self): pass",
            "def f(a: int):\n    def g(b): pass",
            "f = lambda a: a",
            # what is hidden from callers: a value kept at hand, or what only the signature needs
            "class A:\n    def f(self, _all=frozenset()): pass",
            "def f(  # type: ignore[no-untyped-def]\n    a,\n): pass",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return how many parameters of a function, that stands in no other, are annotated."""
        frame = file.definition
        # a type checker is told to be silent where the function begins, a linter at the parameter
        if (frame.scope is not None and not frame.is_method) or file.is_silenced(self, frame.name_node):
            return None
        typed = [is_typed(parameter) for parameter in frame.parameters if not is_hidden(parameter)]
        return ("all" if all(typed) else "some" if any(typed) else "none") if typed else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the first parameter that lacks its annotation, else the function's name."""
        frame = file.definition
        lacking = next((each for each in frame.parameters if not is_typed(each) and not is_hidden(each)), None)
        return frame.name_node if lacking is None else lacking.child_by_field_name("name") or lacking

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the last parameter's annotation taken out."""
        parameters = field_of(place.inside("function_definition"), "parameters")
        typed = [n for n in parameters.named_children if n.type.startswith("typed")] if parameters is not None else []
        kind = typed[-1].child_by_field_name("type") if typed else None
        if kind is None or value != "all":
            return ()
        return (Edit(typed[-1].named_children[0].end_byte, kind.end_byte, ""),)


class OptionalSpelling(Convention):
    """
    How a type that may be None is written; apart where annotations are deferred, for Python 3.9 reads `|` only there.
    """

    id = "T03"
    name = "optional-spelling"
    question = "How is a type that may be None written?"
    query = "(type) @site"
    linter_codes = frozenset({"UP007", "UP045"})
    cap = "advise"
    never = frozenset({"Optional[X]"})
    version = 2
    is_fixable = True
    values = ("X | None", "Optional[X]")
    examples = Examples(
        value="X | None",
        conforms=("def f(a: int | None): pass", "x: list[int | None] = []", "x: None | int = 1"),
        departs=("def f(a: Optional[int]): pass", "def f(a: typing.Optional[int] = 1): pass"),
        nearly=(
            "def f(a: int | str): pass",
            "x = Optional[int]",
            "def f() -> None: pass",
            "x: list[int] = []",
            "def f(a: Optional['Later']): pass",
            f"{FUTURE}\n\n\ndef f(a: Optional[int]): pass",
        ),
    )
    also = (
        Examples(
            value="X | None",
            key=DEFERRED,
            conforms=(f"{FUTURE}\n\n\ndef f(a: int | None): pass",),
            departs=(f"{FUTURE}\n\n\ndef f(a: Optional[int]): pass",),
            nearly=("def f(a: Optional[int]): pass",),
        ),
        Examples(
            value="X | None",
            key=DEFERRED,
            path="package/module.pyi",
            conforms=("def f(a: int | None) -> str: ...",),
            departs=("def f(a: Optional[int]) -> str: ...",),
            nearly=("def f(a: int) -> None: ...",),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the spelling, under a key of its own where nothing evaluates it."""
        value = self.choice(site, file)
        if value is not None:
            first = file.after_docstring
            is_deferred = file.is_stub or (first is not None and is_future(first))
            yield Choice(value, self.mark(site, file), DEFERRED if is_deferred else "")

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the spelling of an annotation, or of a part of one."""
        inner = site.named_children[0] if site.named_child_count else site
        if inner.type == "binary_operator":
            return "X | None" if is_union_with_none(inner) else None
        head = generic_head(inner)
        if head is None or text_of(head).rpartition(".")[2] != "Optional" or is_quoted(inner, head):
            return None
        return "Optional[X]"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return what stands for the whole: the generic's name, or the union's first part."""
        inner = site.named_children[0]
        return generic_head(inner) or inner.named_children[0]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other spelling; a quoted type stays, and what is evaluated and may be no type."""
        kind = place.inside("type")
        inner = kind.named_children[0] if kind is not None else None
        if inner is None:
            return ()
        head = generic_head(inner)
        if head is not None and value == "X | None":
            wrapped = text_of(inner)[len(text_of(head)) :].strip()
            if is_quoted(inner, head) or "\n" in wrapped or wrapped.endswith(",]"):
                return ()
            if place.key != DEFERRED and not takes_bar(wrapped, place.source.text):
                return ()
            opening = place.source.utf8.index(b"[", head.end_byte) + 1
            return Edit(inner.start_byte, opening, ""), Edit(inner.end_byte - 1, inner.end_byte, " | None")
        right = inner.child_by_field_name("right") if inner.type == "binary_operator" else None
        if value == "Optional[X]" and right is not None and right.type == "none":
            left = inner.named_children[0]
            return Edit(left.start_byte, left.start_byte, "Optional["), Edit(left.end_byte, right.end_byte, "]")
        return ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        where = " where annotations are deferred" if key == DEFERRED else ""
        return f"Write a type that may be None as `{value}`{where}."


class GenericSpelling(Convention):
    """Whether the types of containers, and of classes as values, are spelled as the built-in types."""

    id = "T04"
    name = "generic-spelling"
    question = "How is the type of a {key} written?"
    query = "(type) @site"
    linter_codes = frozenset({"UP006"})
    cap = "advise"
    never = frozenset({"typing"})
    version = 4
    is_fixable = True
    values = ("built-in", "typing")
    examples = Examples(
        value="built-in",
        key="container",
        conforms=("def f(a: list[int]): pass", "x: dict[str, tuple[int, ...]] = {}"),
        departs=("def f(a: List[int]): pass", "x: typing.Dict[str, int] = {}"),
        nearly=(
            "def f(a: list): pass",
            "def f(a: Listing[int]): pass",
            "x = List[int]",
            "x: Sequence[int] = ()",
            "from collections.abc import Set\n\n\ndef f(a: Set[int]): pass",
            # there the built-in name stands for something else
            "class A:\n    def list(self): pass\n    def f(self) -> List[int]: pass",
            "@app.command()\ndef list(): pass\n\ndef f(a: List[int]): pass",
        ),
    )
    also = (
        Examples(
            value="built-in",
            key="class",
            conforms=("def f(a: type[A]): pass",),
            departs=("def f(a: Type[A]): pass",),
            nearly=("def f(a: List[int]): pass", "class A:\n    type: str = ''\n    def f(self, a: Type[B]): pass"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the spelling of a type that takes others: many who write `list[int]` keep to `Type[A]`."""
        head = generic_head(site.named_children[0]) if site.named_child_count else None
        name = text_of(head) if head is not None else ""
        if head is None:
            return
        built_in = BUILTIN.get(name.removeprefix("typing.").removeprefix("t."))
        key = "class" if "type" in (name, built_in) else "container"
        if name in BUILTIN.values():
            yield Choice("built-in", head, key)
        # the abstract `Set` is another type than `set`, which `typing.Set` is not
        is_abstract = file.resolve(name).startswith("collections.")
        if built_in is not None and not is_abstract and file.is_built_in(built_in, site):
            yield Choice("typing", head, key)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other name."""
        name = place.text.rpartition(".")[2]
        if value == "built-in":
            return place.instead(BUILTIN[name]) if name in BUILTIN else ()
        names = {built_in: name for name, built_in in BUILTIN.items()}
        return place.instead(names[place.text]) if place.text in names else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        forms = ("`type[A]`", "`Type[A]`") if key == "class" else ("`list[int]`", "`List[int]`")
        wanted, other = forms if value == "built-in" else forms[::-1]
        return f"Write {wanted}, not {other}{'' if key == 'class' else ', and so with other containers'}."


class NoneReturns(Convention):
    """Whether functions that return nothing by their nature say so."""

    id = "T05"
    name = "none-returns"
    question = "Does a {key} say `-> None`?"
    instruction = "Write `-> None` on every {key}."
    query = "(function_definition) @site"
    linter_codes = frozenset({"ANN201", "ANN204", "type: no-untyped-def"})
    cap = "advise"
    never = frozenset({"absent"})
    is_fixable = True
    values = ("-> None", "absent")
    examples = Examples(
        value="-> None",
        key="constructor",
        conforms=("class A:\n    def __init__(self) -> None: pass",),
        departs=("class A:\n    def __init__(self): pass",),
        nearly=("class A:\n    def init(self): pass", "def __init__(): pass"),
    )
    also = (
        Examples(
            value="-> None",
            key="test",
            path="tests/test_a.py",
            conforms=("def test_a() -> None: pass",),
            departs=("def test_a(): pass",),
            nearly=("def helper(): pass", "@pytest.fixture\ndef test_data(): pass"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield whether a constructor or a test has a return annotation."""
        frame = file.definition
        if frame.is_method and frame.name == "__init__":
            key = "constructor"
        elif file.role == "tests" and frame.name.startswith("test_") and is_test(frame):
            key = "test"
        else:
            return
        yield Choice("absent" if frame.returns is None else "-> None", frame.name_node, key)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the annotation put in or taken out."""
        if value == "absent":
            return without_return(place)
        parameters = field_of(place.inside("function_definition"), "parameters")
        return (Edit(parameters.end_byte, parameters.end_byte, " -> None"),) if parameters is not None else ()


class IgnoreCodes(Convention):
    """Whether a comment that silences a checker says what it silences."""

    id = "T06"
    name = "ignore-codes"
    question = "Does a `{key}` comment say what it silences?"
    instruction = "Say in a `# {key}` comment which complaint it silences."
    query = "(comment) @site"
    needs = (b"type: ignore", b"noqa", b"NOQA")
    never = frozenset({"without a code"})
    least_support = 10.0
    values = ("with a code", "without a code")
    examples = Examples(
        value="with a code",
        key="type: ignore",
        conforms=("f()  # type: ignore[arg-type]",),
        departs=("f()  # type: ignore", "f()  # type: ignore # noqa: E501"),
        nearly=("f()  # ignore the type", "x = '# type: ignore'"),
    )
    also = (
        Examples(
            value="with a code",
            key="noqa",
            conforms=("f()  # noqa: E501", "f()  # NOQA:E501"),
            departs=("f()  # noqa",),
            nearly=("f()  # see noqa", "# noqa is never used here: say why instead"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield whether each marker in a comment carries a code."""
        text = file.text(site)
        for key, form in IGNORES.items():
            found = form.search(text)
            if found is not None and (found[1] or text[found.end() :].strip()[:1] in ("", "#")):
                yield Choice("with a code" if found[1] else "without a code", site, key)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the code taken out; which to put in is for the checker to say."""
        found = IGNORES[place.key].search(place.text)
        if value == "with a code" or found is None or not found[1] or place.text[found.end() :].strip():
            return ()
        first = place.start + len(place.text[: found.start(1)].encode())
        return (Edit(first, first + len(found[1]), ""),)


def generic_head(node: Node) -> Node | None:
    """Return the name before the brackets of a type such as `Optional[int]`, or None."""
    if node.type == "generic_type":
        return node.named_children[0]
    return node.child_by_field_name("value") if node.type == "subscript" else None


def is_quoted(generic: Node, head: Node) -> bool:
    """Claim that what a generic type is given is quoted: `|` does not take strings."""
    return text_of(generic)[len(text_of(head)) :].lstrip(" [").startswith(('"', "'"))


def takes_bar(wrapped: str, text: str) -> bool:
    """Claim that what stands in brackets is certainly a type: functions like `mp.Queue` and `callable` take no bar."""
    named = re.match(r"\[\s*(\w+)\b(?!\.)", wrapped)
    if named is None:
        return False
    name = named[1]
    is_own = re.search(rf"^class {name}\b", text, re.MULTILINE) is not None
    return name in CLASSES or is_own or any(name in re.findall(r"\w+", given) for given in TYPES_OF.findall(text))


def is_typed(parameter: Node) -> bool:
    """Claim that a parameter is annotated."""
    return parameter.type.startswith("typed")


def is_hidden(parameter: Node) -> bool:
    """Claim that a parameter without annotation is called as what callers leave alone."""
    return not is_typed(parameter) and text_of(parameter).startswith("_")


def is_union_with_none(node: Node) -> bool:
    """Claim that a `|` chain has None as a part."""
    while node.type == "binary_operator":
        right = node.child_by_field_name("right")
        if right is not None and right.type == "none":
            return True
        node = node.named_children[0]
    return node.type == "none"


def is_test(frame: DefinitionFrame) -> bool:
    """Claim that a function is run as a test: it stands at the top or in a class, and is no fixture."""
    return (frame.scope is None or frame.is_method) and not any("fixture" in name for name in frame.decorators)


def without_return(place: Place) -> tuple[Edit, ...]:
    """Return the return annotation taken out."""
    function = place.inside("function_definition")
    parameters, kind = field_of(function, "parameters"), field_of(function, "return_type")
    return (Edit(parameters.end_byte, kind.end_byte, ""),) if parameters is not None and kind is not None else ()
