"""
Documentation strings. In: definitions. Out: whether and how they are documented. Rows D01, D02, D04, D05, D06.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from .convention import Convention, Examples
from .view import FileView, text_of

NUMPY = re.compile(
    r"^\s*(Parameters|Returns|Yields|Raises|Examples|Notes|See Also|References)\s*\n\s*-{3,}", re.MULTILINE
)
GOOGLE = re.compile(r"^\s*(Args|Arguments|Returns|Yields|Raises|Attributes|Example|Examples|Note):\s*$", re.MULTILINE)
SPHINX = re.compile(r"^\s*:(param|returns?|raises?|rtype|type)\b[^:\n]*:", re.MULTILINE)
QUOTES = re.compile(r"^[rRuUbBfF]*(\"\"\"|'''|\"|')")


class Documented(Convention):
    """Shared by the conventions that ask how a documentation string is written."""

    query = "(function_definition) @site (class_definition) @site"

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return what the documentation string of the definition answers."""
        string = file.definition.docstring
        return None if string is None else self.answer(content_of(string))

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the string's opening quotes."""
        string = file.definition.docstring
        assert string is not None
        return string.children[0] if string.children else string

    def answer(self, text: str) -> str | None:
        """Return the answer for the text between the quotes."""
        raise NotImplementedError


class FunctionDocumented(Convention):
    """Whether public functions are documented."""

    id = "D01"
    name = "function-docstring"
    question = "Is a public function documented?"
    query = "(function_definition) @site"
    never = frozenset({"absent"})
    roles = frozenset({"src"})
    examples = Examples(
        value="present",
        conforms=('def read():\n    """Read."""',),
        departs=("def read():\n    return 1",),
        nearly=("def _read():\n    return 1", "def outer():\n    '''D.'''\n    def inner():\n        return 1"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a public function or method, no accessor, has a documentation string."""
        frame = file.definition
        if not frame.is_public or frame.is_accessor or file.is_stub:
            return None
        return "absent" if frame.docstring is None else "present"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Document every public function."


class ClassDocumented(FunctionDocumented):
    """Whether public classes are documented."""

    id = "D02"
    name = "class-docstring"
    question = "Is a public class documented?"
    query = "(class_definition) @site"
    examples = Examples(
        value="present",
        conforms=('class Reader:\n    """Read."""',),
        departs=("class Reader:\n    x = 1",),
        nearly=("class _Reader:\n    x = 1",),
    )

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Document every public class."


class SectionStyle(Documented):
    """The form of sections."""

    id = "D04"
    name = "docstring-sections"
    question = "In which form are the sections of a documentation string written?"
    examples = Examples(
        value="numpy",
        conforms=('def f(a):\n    """F.\n\n    Parameters\n    ----------\n    a : int\n    """',),
        departs=(
            'def f(a):\n    """F.\n\n    Args:\n        a: Int.\n    """',
            'def f(a):\n    """F.\n\n    :param a: Int.\n    """',
        ),
        nearly=('def f(a):\n    """Parameters are read."""',),
    )  # fmt: skip

    def answer(self, text: str) -> str | None:
        """Return the one form that the text is written in."""
        found = [name for name, form in (("numpy", NUMPY), ("google", GOOGLE), ("sphinx", SPHINX)) if form.search(text)]
        return found[0] if len(found) == 1 else None

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Write the sections of documentation strings in {value} form."


class SummaryPlace(Documented):
    """Where the summary of a documentation string of several lines stands."""

    id = "D05"
    name = "docstring-summary-place"
    question = "On which line does a documentation string of several lines begin?"
    examples = Examples(
        value="first line",
        conforms=('def f():\n    """Do.\n\n    More.\n    """',),
        departs=('def f():\n    """\n    Do.\n    """',),
        nearly=('def f():\n    """Do."""',),
    )

    def answer(self, text: str) -> str | None:
        """Return the line, for texts of several lines."""
        if "\n" not in text or not text.strip():
            return None
        return "first line" if text.split("\n")[0].strip() else "second line"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Begin a documentation string of several lines on its {value}."


class SummaryEnd(Documented):
    """How the first sentence of a documentation string ends."""

    id = "D06"
    name = "docstring-summary-end"
    question = "Does the summary of a documentation string end with a full stop?"
    cap = "advise"
    never = frozenset({"without"})
    examples = Examples(
        value="full stop",
        conforms=('def f():\n    """Do it."""',),
        departs=('def f():\n    """Do it"""',),
        nearly=('def f():\n    """Why not?"""', 'def f():\n    """"""'),
    )

    def answer(self, text: str) -> str | None:
        """Return how the first paragraph ends."""
        summary = text.strip().partition("\n\n")[0].rstrip()
        if not summary or summary[-1] in "?!:`>)]":
            return None
        return "full stop" if summary[-1] == "." else "without"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "End the summary of a documentation string with a full stop."


def content_of(string: Node) -> str:
    """Return the text between the quotes of *string*."""
    text = text_of(string)
    opening = QUOTES.match(text)
    return text[opening.end() : -len(opening[1])] if opening else text
