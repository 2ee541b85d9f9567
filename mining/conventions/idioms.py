"""
Idioms. In: calls and comparisons. Out: which of several ways is taken. Rows X02, X04, X08, X10 of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from ..source import field_of, innermost, text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .view import FileView, argument_after, keyword_of

COMBINES = frozenset({"argument_list", "binary_operator", "keyword_argument", "subscript", "unary_operator"})
COLUMN = re.compile(r"\b(c|cls|[A-Z]\w*)\.\w+")
"""An attribute of a class, or of a table's columns: compared with None, it may give a query's condition."""
TRUTH_TESTS = frozenset(
    {"assert_statement", "boolean_operator", "elif_clause", "if_clause", "if_statement", "not_operator"}
    | {"while_statement"}
)
"""What asks only whether its part is true."""
SCOPES = frozenset(
    {"function_definition", "lambda", "list_comprehension", "set_comprehension", "dictionary_comprehension"}
    | {"generator_expression"}
)
"""What has variables of its own."""
RUNS = frozenset({"run", "call", "check_call", "check_output", "Popen"})


class FileOpening(Convention):
    """How files are opened: inside `with`, and, for text, with a named encoding."""

    id = "X02"
    name = "file-opening"
    question = "Is a file opened {key}?"
    instruction = "Open files {key}."
    fault = "a file is not opened {key} here"
    query = "(call) @site"
    callees = frozenset({"open"})
    linter_codes = frozenset({"SIM115", "PLW1514", "W1514", "R1732", "unspecified-encoding", "consider-using-with"})
    cap = "advise"
    never = frozenset({"not"})
    values = ("always", "not")
    version = 2
    examples = Examples(
        value="always",
        key="inside `with`",
        conforms=(
            "with open(a) as f: pass",
            "with g(), open(a, 'rb') as f: pass",
            "self.f = open(a)\nwith self.f: pass",
        ),
        departs=("f = open(a)", "x = open(a).read()"),
        nearly=("f = a.open()", "f = reopen(a)", "def f():\n    return open(a)", "stack.enter_context(open(a))"),
    )
    also = (
        Examples(
            value="always",
            key="with `encoding=`",
            conforms=("open(a, encoding='utf-8')", "open(a, 'w', encoding=b)"),
            departs=("open(a)", "open(a, 'w')", "open(a, mode='r+')"),
            nearly=("open(a, 'rb')", "open(a, mode='wb')", "open(a, mode)", "open(*a)", "open(a, 'r', 1, 'utf-8')"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield whether the built-in `open` stands in a `with`, and names an encoding where it opens text."""
        if file.callee(site) != "open" or file.names.get("open", "io.open") != "io.open":
            return
        mark = site.children[0]
        outer = site.parent
        if file.is_with_item(site):
            yield Choice("always", mark, "inside `with`")
        elif outer is None or outer.type not in ("return_statement", "argument_list", "yield"):
            yield Choice("not", mark, "inside `with`")
        opens_text = is_text_mode(site)
        if opens_text is not None:
            yield Choice("always" if opens_text else "not", mark, "with `encoding=`")

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the encoding taken out, or the call wrapped so that it is no part of a `with` any more."""
        call = place.inside("call")
        if call is None or value == "always":
            return ()
        if place.key == "with `encoding=`":
            return argument_after(call, "encoding")
        return Edit(call.start_byte, call.start_byte, "closing(_ := "), Edit(call.end_byte, call.end_byte, ")")


class NoneTests(Convention):
    """How a value is compared with None."""

    id = "X04"
    name = "none-tests"
    question = "How is a value compared with None?"
    instruction = "Compare with None by `is` and `is not`."
    query = "(comparison_operator) @site"
    linter_codes = frozenset({"E711", "C0121", "singleton-comparison"})
    never = frozenset({"equality"})
    is_fixable = True
    version = 2
    values = ("identity", "equality")
    examples = Examples(
        value="identity",
        conforms=("if x is None: pass", "if x is not None: pass"),
        departs=("if x == None: pass", "if x != None: pass"),
        nearly=(
            "if x == 'None': pass",
            "if x is True: pass",
            "query.filter(x == None)",
            "query.where((x == None) | (y != None))",
            "x = y[y == None]",
            "x = [User.end == None, models.User.name != None]",
            "join(on=lambda: table.c.end == None)",
            "x = y == None  # noqa: E711",
            "x = y == None  # noqa",
            "# flake8: noqa\nx = y == None",
            "x = y == None  # pylint: disable=singleton-comparison",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a single comparison with None is by identity or by equality, unless an expression is built."""
        kinds = [child.type for child in site.children]
        if "none" not in kinds or len(kinds) != 3 or is_handed_on(site):
            return None
        if COLUMN.search(text_of(site)) and not is_tested(site):
            return None
        return {"is": "identity", "is not": "identity", "==": "equality", "!=": "equality"}.get(kinds[1])

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the operator."""
        return site.children[1]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other operator; identity only where no array and no query could be what equality gives."""
        pairs = {"is": "==", "is not": "!="}
        swaps = pairs if value == "equality" else {after: before for before, after in pairs.items()}
        comparison = place.inside("comparison_operator")
        if value == "identity" and (comparison is None or not is_tested(comparison)):
            return ()
        return place.instead(swaps[place.text]) if place.text in swaps else ()


class SubprocessUse(Convention):
    """How other programs are run: with a list of arguments, and a checked exit code."""

    id = "X08"
    name = "subprocess-use"
    question = "Is a program run {key}?"
    instruction = "Run other programs {key}."
    fault = "a program is not run {key} here"
    query = "(call) @site"
    callees = RUNS
    linter_codes = frozenset({"S602", "S604", "S605", "PLW1510", "W1510", "subprocess-run-check"})
    needs = (b"subprocess",)
    never = frozenset({"not"})
    values = ("always", "not")
    examples = Examples(
        value="always",
        key="with a list of arguments",
        conforms=("import subprocess\nsubprocess.run(['a', b])", "from subprocess import run\nrun(['a'], cwd=b)"),
        departs=("import subprocess\nsubprocess.run('a b', shell=True)", "import subprocess\nsubprocess.run('a')"),
        nearly=("import subprocess\nsubprocess.run(command)", "import subprocess\napp.run('a')"),
    )
    also = (
        Examples(
            value="always",
            key="with `check=`",
            conforms=("import subprocess\nsubprocess.run(a, check=False)",),
            departs=("import subprocess\nsubprocess.run(a)",),
            nearly=("import subprocess\nsubprocess.check_output(a)", "import subprocess\nsubprocess.run(a, **b)"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield what a call of the subprocess module is given."""
        callee = file.resolve(file.callee(site))
        arguments = site.child_by_field_name("arguments")
        if not callee.startswith("subprocess.") or arguments is None:
            return
        mark = site.children[0]
        first = arguments.named_children[0] if arguments.named_child_count else None
        shell = keyword_of(site, "shell")
        if (shell is not None and text_of(shell) == "True") or (first is not None and "string" in first.type):
            yield Choice("not", mark, "with a list of arguments")
        elif first is not None and first.type in ("list", "tuple"):
            yield Choice("always", mark, "with a list of arguments")
        if callee == "subprocess.run" and not any(c.type == "dictionary_splat" for c in arguments.named_children):
            yield Choice("not" if keyword_of(site, "check") is None else "always", mark, "with `check=`")

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return `check=` taken out, or the list joined into a string."""
        call = place.inside("call")
        if call is None or value == "always":
            return ()
        if place.key == "with `check=`":
            return argument_after(call, "check")
        arguments = call.child_by_field_name("arguments")
        first = arguments.named_children[0] if arguments is not None and arguments.named_child_count else None
        return (Edit(first.start_byte, first.end_byte, '"true"'),) if first is not None else ()


class SuperForm(Convention):
    """Whether `super()` carries arguments."""

    id = "X10"
    name = "super-form"
    question = "Does `super()` carry arguments?"
    instruction = "Call `super()` without arguments."
    query = "(call) @site"
    callees = frozenset({"super"})
    linter_codes = frozenset({"UP008", "R1725", "super-with-arguments"})
    never = frozenset({"with arguments"})
    is_fixable = True
    version = 2
    values = ("no arguments", "with arguments")
    examples = Examples(
        value="no arguments",
        conforms=("class A(B):\n    def f(self):\n        super().f()",),
        departs=("class A(B):\n    def f(self):\n        super(A, self).f()",),
        nearly=(
            "superb(A, self)",
            # other arguments start elsewhere in the order of resolution
            "class A(B):\n    def f(self):\n        super(B, self).f()",
            # and without any, the class and the instance have to stand around the call
            "def f(self):\n    super(A, self).f()",
            "class A(B):\n    def f(self):\n        return [super(A, self).g(x) for x in self]",
            # a decorator may put another class in its place, which then is no longer the one around the call
            "@dataclass(slots=True)\nclass A(B):\n    def f(self):\n        super(A, self).f()",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the form of a call of `super`, unless it could not do without its arguments."""
        arguments = site.child_by_field_name("arguments")
        if file.callee(site) != "super" or arguments is None:
            return None
        given = given_arguments(arguments)
        return "no arguments" if not given else "with arguments" if given == usual_arguments(site) else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the name."""
        return site.child_by_field_name("function") or site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the arguments taken out, where they are the usual ones; or put in."""
        call = place.inside("call")
        arguments = field_of(call, "arguments")
        usual = usual_arguments(call) if call is not None else ""
        if arguments is None or not usual:
            return ()
        inside = Edit(arguments.start_byte + 1, arguments.end_byte - 1, "")
        if value == "with arguments":
            return (inside._replace(text=usual),)
        return (inside,) if given_arguments(arguments) == usual else ()


def given_arguments(arguments: Node) -> str:
    """Return the text of *arguments*, evenly spaced."""
    return ", ".join(text_of(node) for node in arguments.named_children if node.type != "comment")


def usual_arguments(call: Node) -> str:
    """Return the class and the instance that a call of `super` means without arguments; nothing outside a method."""
    method = innermost(call.parent, SCOPES)
    body = method.parent if method is not None else None
    if body is not None and body.type == "decorated_definition":
        body = body.parent
    owner = body.parent if body is not None else None
    if method is None or method.type != "function_definition" or owner is None or owner.type != "class_definition":
        return ""
    name, parameters = owner.child_by_field_name("name"), method.child_by_field_name("parameters")
    first = parameters.named_children[0] if parameters is not None and parameters.named_children else None
    is_decorated = owner.parent is not None and owner.parent.type == "decorated_definition"
    if is_decorated or name is None or first is None or first.type != "identifier":
        return ""
    return f"{text_of(name)}, {text_of(first)}"


def is_handed_on(comparison: Node) -> bool:
    """Claim that what a comparison gives is handed on or combined: a query's column or an array compares by parts."""
    outer = comparison.parent
    while outer is not None and outer.type == "parenthesized_expression":
        outer = outer.parent
    return outer is not None and outer.type in COMBINES


def is_tested(comparison: Node) -> bool:
    """Claim that code asks of a comparison only whether it is true."""
    inner, outer = comparison, comparison.parent
    while outer is not None and outer.type == "parenthesized_expression":
        inner, outer = outer, outer.parent
    if outer is None or outer.type in TRUTH_TESTS:
        return outer is not None
    return outer.type == "conditional_expression" and outer.named_children[1].id == inner.id


def is_text_mode(call: Node) -> bool | None:
    """Return whether a call of `open` that opens text names the encoding; None where it opens bytes or is unclear."""
    arguments = call.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    plain = [node for node in given if node.type not in ("keyword_argument", "comment")]
    if any(node.type.endswith("splat") for node in given) or not plain or len(plain) > 3:
        return None
    mode = plain[1] if len(plain) > 1 else keyword_of(call, "mode")
    if mode is not None and (mode.type != "string" or "b" in text_of(mode).strip("\"'")):
        return None
    return keyword_of(call, "encoding") is not None
