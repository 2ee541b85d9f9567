"""
Expressions. In: strings, comparisons, containers, calls. Out: which of two spellings is used. Rows S01, S04, X04, X10.
"""

from __future__ import annotations

from tree_sitter import Node

from .convention import Convention, Edit, Examples, Place
from .view import FileView, text_of


class QuoteMarks(Convention):
    """Which quotes open a plain string."""

    id = "S01"
    name = "quote-marks"
    question = "Which quotes open a plain string?"
    query = "(string) @site"
    owners = frozenset({"black", "ruff format"})
    is_fixable = True
    values = ("double", "single")
    examples = Examples(
        value="double",
        conforms=('x = "a"', 'x = f"{a}"'),
        departs=("x = 'a'", "x = b'a'"),
        nearly=("x = 'say \"a\"'", "def f():\n    'Doc.'", "x = '''a'''"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the quote of a string on one line that holds no quote and documents nothing."""
        if site.start_byte in file.docstrings:
            return None
        text = text_of(site).lstrip("rRuUbBfF")
        if text.startswith(('"""', "'''")) or len(text) < 2 or set(text[1:-1]) & {'"', "'", "\n"}:
            return None
        return "double" if text[0] == '"' else "single"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the string."""
        return site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the exchange of both quotes; the string holds neither, so its value stays."""
        quote = '"' if value == "double" else "'"
        prefix = len(place.text) - len(place.text.lstrip("rRuUbBfF"))
        if "f" in place.text[:prefix].lower() and "{" in place.text:
            return ()  # before Python 3.12 an f-string cannot hold its own quotes
        first = place.start + prefix
        return Edit(first, first + 1, quote), Edit(place.end - 1, place.end, quote)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Open plain strings with {value} quotes."


class EmptyContainers(Convention):
    """How an empty list or dictionary is written."""

    id = "S04"
    name = "empty-containers"
    question = "How is an empty list or dictionary written?"
    query = "(list) @site (dictionary) @site (call) @site"
    is_fixable = True
    values = ("literal", "call")
    examples = Examples(
        value="literal",
        conforms=("x = []", "x = {}"),
        departs=("x = list()", "x = dict()"),
        nearly=("x = list(y)", "x = [1]", "x = dict(a=1)"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the spelling of an empty container."""
        if site.type == "call":
            return "call" if text_of(site) in ("list()", "dict()") else None
        return "literal" if site.named_child_count == 0 else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the container."""
        return site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other spelling."""
        swaps = {"list()": "[]", "dict()": "{}"} if value == "literal" else {"[]": "list()", "{}": "dict()"}
        return place.instead(swaps[place.text]) if place.text in swaps else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Write empty lists and dictionaries as a {value}: `{'[]' if value == 'literal' else 'list()'}`."


class NoneTests(Convention):
    """How a value is compared with None."""

    id = "X04"
    name = "none-tests"
    question = "How is a value compared with None?"
    query = "(comparison_operator) @site"
    never = frozenset({"equality"})
    is_fixable = True
    values = ("identity", "equality")
    examples = Examples(
        value="identity",
        conforms=("if x is None: pass", "if x is not None: pass"),
        departs=("if x == None: pass", "if x != None: pass"),
        nearly=("if x == 'None': pass", "if x is True: pass"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a single comparison with None is by identity or by equality."""
        kinds = [child.type for child in site.children]
        if "none" not in kinds or len(kinds) != 3:
            return None
        return {"is": "identity", "is not": "identity", "==": "equality", "!=": "equality"}.get(kinds[1])

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the operator."""
        return site.children[1]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other operator."""
        pairs = {"is": "==", "is not": "!="}
        swaps = pairs if value == "equality" else {after: before for before, after in pairs.items()}
        return place.instead(swaps[place.text]) if place.text in swaps else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Compare with None by `is` and `is not`."


class SuperForm(Convention):
    """Whether `super()` carries arguments."""

    id = "X10"
    name = "super-form"
    question = "Does `super()` carry arguments?"
    query = "(call) @site"
    never = frozenset({"with arguments"})
    is_fixable = True
    values = ("no arguments", "with arguments")
    examples = Examples(
        value="no arguments",
        conforms=("class A(B):\n    def f(self):\n        super().f()",),
        departs=("class A(B):\n    def f(self):\n        super(A, self).f()",),
        nearly=("superb(A, self)",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the form of a call of `super`."""
        if file.callee(site) != "super":
            return None
        arguments = site.child_by_field_name("arguments")
        return "with arguments" if arguments is not None and arguments.named_child_count else "no arguments"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the name."""
        return site.child_by_field_name("function") or site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the arguments taken out, where they are the class and the instance around the call; or put in."""
        call, method = place.inside("call"), place.inside("function_definition")
        body = method.parent if method is not None else None
        if body is not None and body.type == "decorated_definition":
            body = body.parent
        owner = body.parent if body is not None else None
        arguments = call.child_by_field_name("arguments") if call is not None else None
        if method is None or owner is None or owner.type != "class_definition" or arguments is None:
            return ()
        parameters = method.child_by_field_name("parameters")
        first = parameters.named_children[0] if parameters is not None and parameters.named_children else None
        name = owner.child_by_field_name("name")
        if name is None or first is None or first.type != "identifier":
            return ()
        inside = Edit(arguments.start_byte + 1, arguments.end_byte - 1, "")
        usual = f"{text_of(name)}, {text_of(first)}"
        if value == "with arguments":
            return (inside._replace(text=usual),)
        # other arguments start elsewhere in the order of resolution: taking them out would call another method
        written = place.source.utf8[inside.start : inside.end].decode()
        return (inside,) if ", ".join(part.strip() for part in written.split(",")) == usual else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Call `super()` without arguments."
