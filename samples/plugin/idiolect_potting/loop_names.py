"""
How long the name of a loop is. In: loops. Out: one letter, or a word.
"""

from __future__ import annotations

from idiolect.mining.conventions.convention import Convention, Edit, Examples, Place
from idiolect.mining.conventions.view import FileView
from tree_sitter import Node


class LoopNames(Convention):
    """Whether what a loop runs over is called by a letter or by a word."""

    id = "potting-loop-names"
    name = "loop-names"
    question = "Is what a loop runs over called by a letter or by a word?"
    instruction = "Call what a loop runs over by {value}."
    fault = "this loop runs over {found}; loops in this codebase run over {wanted}"
    query = "(for_statement left: (identifier) @site)"
    values = ("a letter", "a word")
    examples = Examples(
        value="a word",
        conforms=("for pot in pots:\n    pass\n",),
        departs=("for p in pots:\n    pass\n",),
        nearly=("[p for p in pots]\n", "for p, q in pots:\n    pass\n"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return how long the name is; `_` is no name."""
        name = file.text(site)
        return None if name == "_" else "a letter" if len(name) == 1 else "a word"

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the first letter of a word; which word a letter stands for is for a person to say."""
        return place.instead(place.text[0]) if value == "a letter" else ()
