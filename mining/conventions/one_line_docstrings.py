"""
Documentation strings of one line of text. In: classes, functions. Out: whether the quotes share its line. Row D12.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from ..source import text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .docstrings import LINE, OPENING_QUOTES, READ, is_one_line
from .view import FileView


class OneLineLayout(Convention):
    """Whether a documentation string of one line of text stands on the line of its quotes: of functions, of classes."""

    id = "D12"
    name = "one-line-docstring"
    question = "Where does the text of a {key}'s documentation string of one line stand?"
    instruction = "Write the text of a {key}'s documentation string of one line {value}."
    fault = "the one line of this {key}'s documentation string stands {found} here, {wanted} in this codebase"
    query = "(function_definition) @site (class_definition) @site"
    linter_codes = frozenset({"D200"})
    cap = "advise"  # either is read with the same ease
    is_fixable = True
    values = ("between its quotes", "on a line of its own")
    examples = Examples(
        value="between its quotes",
        key="function",
        conforms=('def f():\n    """Do."""', 'class A:\n    def f(self):\n        r"""Do \\d."""'),
        departs=(
            'def f():\n    """\n    Do.\n    """',
            'def f():\n    """Do.\n    """',
            'def f():\r\n    """\r\n    Do.\r\n    """\r\n',
        ),
        nearly=(
            'def f():\n    """Do.\n\n    More.\n    """',
            'def f():\n    """"""',
            # what is too long for one line has no choice
            f'def f():\n    """\n    {"Do " * 30}.\n    """',
        ),
    )
    also = (
        Examples(
            value="on a line of its own",
            key="class",
            conforms=('class A:\n    """\n    What is.\n    """',),
            departs=('class A:\n    """What is."""',),
            nearly=('class A:\n    """What is.\n\n    More.\n    """',),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield where the text stands, for strings of one line of text that could stand between its quotes."""
        string = file.definition.docstring
        if string is not None and string.children and is_one_line(string, text := file.text(string)):
            kind = "class" if site.type == "class_definition" else "function"
            yield Choice(self.values["\n" in text], string.children[0], kind)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the string with its text on a line of its own, or between its quotes, where these hold it safely."""
        string, data = place.inside("string"), place.source.utf8
        text = text_of(string) if string is not None else ""
        opening = OPENING_QUOTES.match(text)
        if string is None or opening is None or len(opening[1]) == 1 or READ in data:
            return ()
        before = data[data.rfind(b"\n", 0, string.start_byte) + 1 : string.start_byte].decode()
        bare = text[opening.end() : -len(opening[1])].strip()
        # beside the quotes, a quote or a backslash would mean something else
        if before.strip() or bare.startswith(("\\", "'", '"')) or bare.endswith(("\\", "'", '"')):
            return ()
        gap = f"{place.newline}{before}" if value == self.values[1] else ""
        return (Edit(string.start_byte, string.end_byte, f"{opening[0]}{gap}{bare}{gap}{opening[1]}"),)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the string in the other form, unless it is too long for one line: then that is no departure."""
        string = place.inside("string")
        is_long = string is not None and string.start_point.column + len(text_of(string)) > LINE
        return () if is_long else super().slip(place, value)
