"""
Whether statements of scripts end with a semicolon. In: a file of JavaScript or TypeScript. Out: its choices. Row Q28.

The language puts one at the end of a line where none stands and the next line cannot go on; so a house may write them
all or none. Asked is where either does the same: at the end of a line, before a line that could not be read as more of
the statement. The members of types, and what ends in a block of its own, such as a function's declaration, have none to
end with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from tree_sitter import Node, Query, QueryCursor

from ..definitions import MATCH_LIMIT
from ..formatters import STATEMENT_ENDS
from ..languages import Language
from ..source import text_of
from ..traits import SCRIPTS
from ..wording import all_of
from .anyview import AnyView
from .convention import Choice, Edit, Examples, NeutralConvention, Place

SEMICOLON, NONE = "a semicolon", "no semicolon"
STATEMENT, BRACED = "a statement", "a statement that ends with `}` or `})`"
FIELD, ALIAS = "a field of a class", "an alias of a type"
SIMPLE = (
    "break_statement", "continue_statement", "debugger_statement", "export_statement", "expression_statement",
    "import_statement", "lexical_declaration", "return_statement", "throw_statement", "variable_declaration",
)  # fmt: skip
FIELDS = ("field_definition", "public_field_definition")
ALIASES = ("type_alias_declaration",)
TYPED = {"javascript": (*SIMPLE, "field_definition")}
"""By language, the kinds that its grammar knows; those of TypeScript know aliases, too."""
ENDED = frozenset({"class", "function_expression", "generator_function", "internal_module", "module"})
"""Kinds of what ends in a block where it stands alone: a namespace, or a function that is exported by default."""
CLOSED = re.compile(rb"\}[)\]\s]*\Z")
LONGEST = 80
"""Bytes at the end of a statement that show how it closes."""
LINE_END = re.compile(rb"[ \t]*(?:/\*(?:(?!\*/)[^\n])*\*/[ \t]*)*(?://|/\*|\r?\n|\Z)")
"""What follows on the line behind a statement, where nothing but comments does."""
GAP = re.compile(rb"(?:\s+|//[^\n]*|/\*(?:(?!\*/)[\s\S])*\*/)*")
GOES_ON = re.compile(rb"[(\[`+\-*/%,.?<>=&|^:]|in(?:stanceof)?\b")
"""What opens a line that is read as more of the statement above it, where that has no semicolon."""
MODIFIERS = frozenset({"accessor", "async", "declare", "get", "readonly", "set", "static"})
"""Names of fields that are taken for a word about the next member, where no semicolon stands behind them."""


class StatementEnd(NeutralConvention):
    """Whether a statement that the end of its line would end as well ends with a semicolon."""

    id = "Q28"
    name = "statement-end"
    question = "With what does {key} end?"
    instruction = "End {key} with {value}."
    # what departs works as well, and houses without a formatter let some of it pass
    cap = "advise"
    linter_codes = frozenset({"semi"})
    matter = STATEMENT_ENDS
    asked = SCRIPTS
    is_fixable = True
    values = (SEMICOLON, NONE)
    examples = Examples(
        value=SEMICOLON,
        key=STATEMENT,
        path="src/a.js",
        conforms=(
            "const a = b();\n",
            "import a from 'a';\nexport default a;\n",
            "function f() {\n  return; // none\n}\n",
            "if (a) b();\nelse c();\n",
        ),
        departs=(
            "const a = b()\n",
            "export { b } from 'b'\n",
            "f() // all\n",
            "for (let i = 0; i < 3; i++) f(i)\n",
            "export const a = `\nb\n`\n",
        ),
        nearly=(
            # one has to stand there, or the next line is more of the statement
            "a()\n;[1, 2].forEach(f);\n",
            "a()\n/* all */ ;(b || c).d();\n",
            "a() /* one */; b();\n",
            "const a = () => { b() }\n",
            "function f() {}\nclass A {}\nif (a) {\n}\n",
            "export default function () {\n}\n",
            "export default class {\n}\n",
            "for (const a of b) {\n}\nwhile (a);\n",
            "// eslint-disable-next-line semi\na()\n",
            # houses of semicolons leave it away behind a directive
            "'use strict'\na();\n",
        ),
    )
    also = (
        Examples(
            value=NONE,
            key=STATEMENT,
            path="src/a.ts",
            conforms=("const a = b as C\n", "import type { A } from 'a'\n", "declare const a: B\n"),
            departs=("const a = b as C;\n", "a(); // b\n"),
            nearly=(
                "a();\n[1, 2].forEach(f)\n",
                "a(); // first\n(b || c).d()\n",
                "interface A {\n  b: c;\n  d(): e;\n}\n",
                "type A = {\n  b: c;\n}\n",
                "namespace A {\n}\n",
                "function f(): void;\n",
            ),
        ),
        Examples(
            value=SEMICOLON,
            key=BRACED,
            path="src/a.js",
            conforms=("const f = () => {\n};\n", "module.exports = {\n};\n", "it('b', () => {\n});\n"),
            departs=("const f = function () {\n}\n", "export default {\n}\n", "a(function () {\n})\n"),
            nearly=("function f() {\n}\n", "export function f() {\n}\n"),
        ),
        Examples(
            value=SEMICOLON,
            key=FIELD,
            path="src/a.ts",
            conforms=("class A {\n  private b: string;\n  c = () => {\n  };\n}\n",),
            departs=("class A {\n  private b: string\n\n  f() {}\n}\n",),
            nearly=(
                "class A {\n  b = 1;\n  ['c'] = 2;\n  get;\n  d() {}\n  e;\n  *f() {}\n}\n",
                "abstract class A {\n  abstract f(): void;\n}\n",
            ),
        ),
        Examples(
            value=SEMICOLON,
            key=ALIAS,
            path="src/a.ts",
            conforms=("export type A = 'b' | 'c';\n", "type A = {\n  b: c\n};\n"),
            departs=("type A = B\n",),
            nearly=("interface A {\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield how each statement ends that could end in either way."""
        found = QueryCursor(query_of(file.source.language), match_limit=MATCH_LIMIT).captures(file.root)
        for node in found.get("site", ()):
            if not may_end(node):
                continue
            semicolon, last = ending_of(node)
            if is_free(semicolon or last, file) and not is_modifier(node, last):
                yield Choice(NONE if semicolon is None else SEMICOLON, semicolon or last, key_of(node, last, file))

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the semicolon put behind the last token, or taken away where no line goes on."""
        if (place.text == ";") == (value == SEMICOLON):
            return ()
        return place.instead("") if value == NONE else (Edit(place.end, place.end, ";"),)

    def shared(self, value: str, key: str) -> str:
        """Return how they end."""
        return value

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return all that ends in one way."""
        return self.advice(rules[0][0], all_of([key for _, key in rules]))


@cache
def query_of(language: Language) -> Query:
    """Return the query for what may end with a semicolon in *language*, compiled once a process."""
    kinds = TYPED.get(language.name, (*SIMPLE, "public_field_definition", *ALIASES))
    return Query(language.grammar, f"[{' '.join(f'({kind})' for kind in kinds)}] @site")


def may_end(node: Node) -> bool:
    """Claim that *node* is a statement of its own, which is no directive and ends in no block."""
    around = node.parent
    if around is not None and around.type.startswith("for_") and node != around.child_by_field_name("body"):
        return False
    if node.type == "export_statement":
        return node.child_by_field_name("declaration") is None and not ends_in_block(node.child_by_field_name("value"))
    told = node.child(0) if node.type == "expression_statement" else None
    return told is None or not (ends_in_block(told) or told.type == "string")


def ends_in_block(node: Node | None) -> bool:
    """Claim that *node* is one that ends in a block where it stands alone."""
    return node is not None and node.type in ENDED


def ending_of(node: Node) -> tuple[Node | None, Node]:
    """Return the semicolon that ends a statement, if any, and the last token before it."""
    inner = code_in(node)
    if len(inner) > 1 and inner[-1].type == ";":
        return inner[-1], last_code(inner[-2])
    behind = node.next_sibling
    # those of fields stand beside them
    is_field = node.type in FIELDS and behind is not None and behind.type == ";"
    return behind if is_field else None, last_code(node)


def last_code(node: Node) -> Node:
    """Return the last token of *node* that is no comment."""
    while inner := code_in(node):
        node = inner[-1]
    return node


def code_in(node: Node) -> list[Node]:
    """Return the children of *node* that stand in the file and are no comments."""
    return [child for child in node.children if not child.is_extra and not child.is_missing]


def is_free(last: Node, file: AnyView) -> bool:
    """Claim that a statement whose last token is *last* ends as well with a semicolon as without."""
    before = file.utf8[: last.start_byte].rstrip(b" \t")
    if last.type == ";" and before.endswith((b"\n", b"*/")):
        return False  # it opens the line that follows
    following = GAP.match(file.utf8, last.end_byte)
    goes_on = following is not None and GOES_ON.match(file.utf8, following.end()) is not None
    return LINE_END.match(file.utf8, last.end_byte) is not None and not goes_on


def is_modifier(node: Node, last: Node) -> bool:
    """Claim that a field's *last* token would be taken for a word about the next one."""
    return node.type in FIELDS and text_of(last) in MODIFIERS


def key_of(node: Node, last: Node, file: AnyView) -> str:
    """Return what kind of statement *node* is, of which *last* is the last token but a semicolon."""
    if node.type in FIELDS:
        return FIELD
    if node.type in ALIASES:
        return ALIAS
    tail = file.utf8[max(node.start_byte, last.end_byte - LONGEST) : last.end_byte]
    return BRACED if CLOSED.search(tail) else STATEMENT
