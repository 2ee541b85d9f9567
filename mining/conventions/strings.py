"""
Strings and literals. In: strings, containers. Out: which spelling is used. Rows S01, S02, S04, S05 of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from ..formatters import QUOTES, SEPARATORS
from ..source import text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .logging import PLACEHOLDER, is_logger
from .view import FileView

CLOSING = re.compile(rb"^[ \t]*([)\]}])", re.MULTILINE)
LISTS = frozenset({"argument_list", "list", "tuple", "dictionary", "set", "parameters", "import_from_statement"})
NO_COMMA_AFTER = frozenset({"keyword_separator", "positional_separator", "generator_expression", "wildcard_import"})
TRANSLATES = re.compile(r"(^|\.)(_|gettext|ngettext|lazy_gettext|gettext_lazy|trans|tr)$")
SIMPLE_FIELD = re.compile(r"\{([A-Za-z_][\w.]*)\}")


class QuoteMarks(Convention):
    """Which quotes open a plain string."""

    id = "S01"
    name = "quote-marks"
    question = "Which quotes open a plain string?"
    instruction = "Open plain strings with {value} quotes."
    query = "(string) @site"
    linter_codes = frozenset({"Q000"})
    matter = QUOTES
    is_fixable = True
    values = ("double", "single")
    version = 4
    examples = Examples(
        value="double",
        conforms=('x = "a"', 'x = f"{a}"'),
        departs=("x = 'a'", "x = b'a'"),
        nearly=(
            "x = 'say \"a\"'",
            # the parts of one text have the quotes of the part that has no choice
            "x = ('say '\n     '\"a\"')",
            "def f():\n    'Doc.'",
            "x = '''a'''",
            # before Python 3.12 a field of an f-string cannot hold the quotes around it
            "x = f\"{a['b']:{c.get('d')}}\"",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the quote of a string on one line that holds no quote, documents nothing and fills no other string."""
        if site.start_byte in file.docstrings or file.is_interpolated():
            return None
        text = file.text(site).lstrip("rRuUbBfFtT")
        inside = text[1:-1]
        if text.startswith(('"""', "'''")) or len(text) < 2 or '"' in inside or "'" in inside or "\n" in inside:
            return None
        if text[0] in file.needed_quotes(site):
            return None  # a part of the same text has no choice
        return "double" if text[0] == '"' else "single"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the string."""
        return site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the exchange of both quotes; the string holds neither, so its value stays."""
        quote = '"' if value == "double" else "'"
        prefix = len(place.text) - len(place.text.lstrip("rRuUbBfFtT"))
        if "f" in place.text[:prefix].lower() and "{" in place.text:
            return ()  # before Python 3.12 an f-string cannot hold its own quotes
        first = place.start + prefix
        return Edit(first, first + 1, quote), Edit(place.end - 1, place.end, quote)


class Interpolation(Convention):
    """How values are put into a string, outside of log messages and translations."""

    id = "S02"
    name = "interpolation"
    question = "How are values put into a string?"
    query = """(string) @site (binary_operator left: [(string) (concatenated_string)] operator: "%") @site
    (call function: (attribute object: [(string) (concatenated_string)])) @site"""
    linter_codes = frozenset({"UP031", "UP032", "C0209", "consider-using-f-string"})
    cap = "advise"
    version = 4
    never = frozenset({"% operator", "str.format"})
    values = ("f-string", "str.format")
    examples = Examples(
        value="f-string",
        conforms=("x = f'a {b}'", "x = rf'{a!r} b'"),
        departs=("x = 'a %s' % b", "x = 'a {}'.format(b)"),
        nearly=(
            "x = f'a'",
            "x = 5 % a",
            "logger.info('a {}'.format(b))",
            "x = _('a %s') % b",
            "x = 'a {}'.join(b)",
            "x = b'a %d' % b",
            # before Python 3.12 no field of an f-string holds a backslash, or its quotes; what is spread has no name
            "x = 'a {}'.format(b['c'])",
            "x = 'a %s' % ', '.join(b)",
            "x = 'a {}'.format(b.strip('\\n'))",
            "x = 'a %s' % '\\n'.join(b)",
            "x = 'a {}'.format(*b)",
            "x = 'a {c}'.format(**b)",
            # in an f-string each of these braces would have to be doubled
            "x = 'a {:<%d}' % b",
            # a text of several lines is a template that is filled elsewhere
            "x = '''a\n{}\n'''.format(b)",
            "x = '''a\n%s\n''' % b",
            "x = f'''a\n{b}\n'''",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return how a string is filled, unless it is logged or translated, or a template of several lines."""
        string = self.mark(site, file)
        if string.type == "string" and string.start_point.row < string.end_point.row:
            return None
        if site.type == "string":
            text = file.text(site)
            if "{" not in text or "f" not in text[:2].lower() or site.start_byte in file.docstrings:
                return None
            is_filled = any(child.type == "interpolation" for child in site.children)
            return "f-string" if is_filled and not is_elsewhere(site) else None
        if site.type == "binary_operator":
            text = text_of(site.named_children[0])
            if "b" in text.partition(text[-1])[0].lower():
                return None  # bytes have no other way
            if "{" in text or "}" in text:
                return None
            is_filled = PLACEHOLDER.search(text) and fits_fields(site.named_children[-1], string)
            return "% operator" if is_filled and not is_elsewhere(site) else None
        function = site.named_children[0]
        is_format = text_of(function.named_children[-1]) == "format" and fits_fields(site.named_children[-1], string)
        return "str.format" if is_format and not is_elsewhere(site) else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the string."""
        while site.type not in ("string", "concatenated_string"):
            site = site.named_children[0]
        return site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return an f-string of plain names as a call of `format`."""
        text = place.text
        if value != "str.format" or text[:1] not in "fF" or "{" in SIMPLE_FIELD.sub("", text) or "\n" in text:
            return ()
        if place.inside("concatenated_string") is not None:
            return ()  # the call would fill all parts
        names = ", ".join(SIMPLE_FIELD.findall(text))
        return place.instead(f"{SIMPLE_FIELD.sub('{}', text[1:])}.format({names})") if names else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Put values into strings {'with f-strings' if value == 'f-string' else f'by {value}'}."


class EmptyContainers(Convention):
    """How an empty list or dictionary is written."""

    id = "S04"
    name = "empty-containers"
    question = "How is an empty list or dictionary written?"
    query = '(list . "[" . "]") @site (dictionary . "{" . "}") @site (call) @site'
    callees = frozenset({"list", "dict"})
    linter_codes = frozenset({"C408", "R1734", "R1735", "use-dict-literal", "use-list-literal"})
    is_fixable = True
    values = ("literal", "call")
    version = 3
    examples = Examples(
        value="literal",
        conforms=("x = []", "x = {}"),
        departs=("x = list()", "x = dict()", "class A:\n    def list(self):\n        return list()"),
        nearly=(
            "x = list(y)",
            "x = [1]",
            "x = dict(a=1)",
            'x = f"{dict()}"',
            # another function of that name
            "@app.command()\ndef list(): pass\n\nx = list()",
            "from shop import dict\nx = dict()",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the spelling of an empty container; in a field of an f-string its braces would be taken for text."""
        if site.parent is not None and site.parent.type == "interpolation":
            return None
        if site.type != "call":
            return "literal"
        is_empty = file.text(site) in ("list()", "dict()")
        return "call" if is_empty and file.is_built_in(file.callee(site), site) else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the container."""
        return site

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other spelling."""
        swaps = {"list()": "[]", "dict()": "{}"} if value == "literal" else {"[]": "list()", "{}": "dict()"}
        return place.instead(swaps[place.text]) if place.text in swaps else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        written = "`[]`, `{}`" if value == "literal" else "`list()`, `dict()`"
        return f"Write empty lists and dictionaries as a {value}: {written}."


class TrailingComma(Convention):
    """Whether the last element before a closing bracket on its own line is followed by a comma."""

    id = "S05"
    name = "trailing-comma"
    question = "Does a comma follow the last of several elements on lines of their own?"
    instruction = "Put a comma after the last element where the closing bracket stands on its own line."
    query = "(module) @site"
    linter_codes = frozenset({"COM812"})
    never = frozenset({"absent"})
    matter = SEPARATORS
    is_fixable = True
    values = ("present", "absent")
    version = 3
    examples = Examples(
        value="present",
        conforms=("f(\n    a,\n    b,\n)", "x = [\n    1,\n    2,  # two\n]", "from a import (\n    b,\n    c,\n)"),
        departs=("f(\n    a,\n    b\n)", "x = {\n    'a': 1,\n    'b': 2\n}"),
        nearly=(
            "f(\n    a for a in b\n)",
            "x = (\n    a + b\n)",
            "f(\n)",
            "f(\n    a, b\n)",
            "x = [\n    a for a in b\n]",
            "x = a[\n    1\n]",
            "f(a,\n  b)",
            'x = """\n)\n"""',
            "def f(\n    a, *\n): pass",
            # before Python 3.6 nothing could follow what is spread, and formatters leave it where they cannot tell
            "f(\n    a,\n    *b\n)",
            "f(\n    a,\n    **b\n)",
            "def f(\n    a,\n    **b\n): pass",
            "def f(\n    a,\n    *b: int\n): pass",
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield what stands before each closing bracket that opens its line."""
        for found in CLOSING.finditer(file.utf8):
            # the innermost node that holds the bracket and what stands before it is what the bracket closes
            owner = site.descendant_for_byte_range(found.start(1) - 1, found.end(1))
            if owner is None or owner.type not in LISTS or owner.has_error:
                continue
            before = [
                child for child in owner.children if child.start_byte < found.start(1) and child.type != "comment"
            ]
            elements = [child for child in before if child.is_named]
            # elements that share a line may be one line that was too long: formatters leave those without a comma
            if len(elements) < 2 or elements[-1].start_point.row == elements[-2].end_point.row:
                continue
            last = before[-1]
            if last.type in NO_COMMA_AFTER or last.type in "([{*/":
                continue
            if owner.type in ("argument_list", "parameters") and is_spread(elements[-1]):
                continue
            yield Choice("present", last) if last.type == "," else Choice("absent", last_leaf(last))

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the comma put in or taken out."""
        if value == "present":
            return (Edit(place.end, place.end, ","),)
        parent = place.node.parent
        # a tuple of one element is a tuple by its comma
        needed = parent is not None and parent.type == "tuple" and parent.named_child_count == 1
        return place.instead("") if place.text == "," and not needed else ()


def is_spread(element: Node) -> bool:
    """Claim that an argument, or a parameter, stands for any number of them."""
    node = element.named_children[0] if element.type == "typed_parameter" else element
    return "splat" in node.type


def last_leaf(node: Node) -> Node:
    """Return the last token of *node*."""
    while node.type not in ("string", "concatenated_string") and node.child_count:
        node = node.children[-1]
    return node


def fits_fields(values: Node, string: Node) -> bool:
    """Claim that *string* as an f-string could hold *values* in its fields, on every Python that is in use."""
    held, quote = text_of(values), text_of(string)[-1:]
    return not any(map(is_spread, values.named_children)) and "\\" not in held and quote not in held


def is_elsewhere(site: Node) -> bool:
    """Claim that a filled string is logged or translated: other questions are asked of those."""
    parent = site.parent
    if site.type != "string" and site.type != "binary_operator" and TRANSLATES.search(text_of(site).partition("(")[0]):
        return True
    call = parent.parent if parent is not None and parent.type == "argument_list" else None
    function = call.child_by_field_name("function") if call is not None and call.type == "call" else None
    if function is None:
        return False
    name = text_of(function)
    return is_logger(name) or TRANSLATES.search(name) is not None
