"""
How the tags of documentation are spelled. In: a file of a language whose tools know several spellings. Out: choices.

Row Q23. Asked are tags of which houses use either spelling; of the others the language's tools, or nearly all who use
them, know one (JSDoc, TSDoc, Doxygen, Javadoc and KDoc say which mean the same).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..source import text_of
from .anyview import AnyView
from .convention import Choice, Edit, Examples, NeutralConvention, Place
from .neutral_text import DOCUMENTING

TAG = re.compile(rb"(?m)^[ \t]*(?:/\*[*!]|\*|//[/!])?[ \t]*([@\\][A-Za-z]+)(?![\w-])")
"""A tag where it opens a line."""
RETURNED, THROWN, WHOLE = "what a function returns", "what a function throws", "what a file holds"
TYPED = "a type parameter"
SCRIPTED = {
    "@return": RETURNED, "@returns": RETURNED, "@template": TYPED, "@typeParam": TYPED,
    "@file": WHOLE, "@fileoverview": WHOLE, "@overview": WHOLE,
}  # fmt: skip
DOXYGEN = {f"{sign}{word}": RETURNED for sign in "@\\" for word in ("return", "returns", "result")}
JAVADOC = {"@exception": THROWN, "@throws": THROWN}
SPELLINGS = {
    "c": DOXYGEN, "cpp": DOXYGEN, "java": JAVADOC, "javascript": SCRIPTED, "kotlin": JAVADOC, "tsx": SCRIPTED,
    "typescript": SCRIPTED,
}  # fmt: skip
"""By language, the tags of which there are others for the same, each with what it documents."""


class TagSpelling(NeutralConvention):
    """Which of the spellings that tools take for the same a tag of documentation has."""

    id = "Q23"
    name = "tag-spelling"
    question = "Which tag documents {key}?"
    instruction = "Document {key} under `{value}`."
    cap = "advise"
    roles = frozenset({"src", "scripts"})
    asked = SPELLINGS.keys()
    is_fixable = True
    values = tuple(dict.fromkeys(tag for tags in SPELLINGS.values() for tag in tags))
    examples = Examples(
        value="@returns",
        key=RETURNED,
        path="src/a.ts",
        conforms=(
            "/**\n * Read all.\n * @returns {string} all\n */\nfunction readAll() {}\n",
            "class A {\n  /** @returns all */\n  read() {}\n}\n",
        ),
        departs=("/**\n * Read all.\n *\n * @return all\n */\nfunction readAll() {}\n",),
        nearly=(
            "/**\n * Read what `@return` says.\n * @returnsAll\n */\nfunction readAll() {}\n",
            "// @return all\nfunction readAll() {}\n",
            "const a = `\n@return\n`;\n",
        ),
    )
    also = (
        Examples(
            value="\\return",
            key=RETURNED,
            path="src/a.cc",
            conforms=("/// Read all.\n/// \\return all\nint read();\n",),
            departs=(
                "/// @return all\nint read();\n",
                "/**\n * \\returns all\n */\nint read();\n",
            ),
            nearly=("// @return all\nint read();\n", "/// \\retval 0 all\nint read();\n"),
        ),
        Examples(
            value="@throws",
            key=THROWN,
            path="src/A.java",
            conforms=("class A {\n  /**\n   * @throws B if late\n   */\n  void f() {}\n}\n",),
            departs=("class A {\n  /**\n   * @exception B if late\n   */\n  void f() {}\n}\n",),
            nearly=("class A {\n  /**\n   * @return all\n   */\n  int f() {}\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield each tag that has other spellings."""
        known = SPELLINGS[file.source.language.name]
        for comment in file.comments:
            if not text_of(comment).startswith(DOCUMENTING):
                continue
            for found in TAG.finditer(file.utf8[comment.start_byte : comment.end_byte]):
                tag = found[1].decode()
                if tag in known:
                    start, end = (comment.start_byte + byte for byte in found.span(1))
                    yield Choice(tag, file.part("tag", comment, start, end), known[tag])

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return another spelling of the same."""
        known = SPELLINGS[place.source.language.name]
        return place.instead(value) if value in known and known[value] == known.get(place.text) else ()
