"""
Empty lines between outermost neighbours. In: a source of any language. Out: choices. Row Q07.

Nothing here knows a language; see `anyview`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tree_sitter import Node

from ..formatters import EMPTY_LINES
from ..source import text_of
from ..traits import PROSE
from .anyfacts import ATTRIBUTES
from .anyview import AnyView, first_token
from .convention import Choice, Examples, NeutralConvention, noun_of
from .neutral import listed

TAKING = re.compile(r"(^|_)(import|include|use|using)(_|$)")
"""Kinds of statements that take what others hold: a house parts them, or keeps them together."""
DEFINING = re.compile(
    r"\b(?:class|enum|function|impl|interface|method|mod|module|namespace|package|php|struct|trait|type)\b"
)
"""Kinds of statements, in words, that nearly everybody parts by an empty line from others."""
SAID = re.compile(r"assign|call|command|expression|^list$|lexical|pipeline|variable")
"""Kinds of statements that stand together, or apart, by what they are about."""
GIVING = re.compile(r"assign|lexical|type_alias|variable")
"""Kinds of statements that give something a name, and have no lines of their own to stand apart by."""
WORD = re.compile(r"[\w$]+")
BROKEN = re.compile(r"=>?[ \t]*\r?\n")
"""Where a line is broken that would be too long: behind the sign, before all of the value or of what it gives."""
CALLED = re.compile(r"[\w$.]+\(")
"""What a statement opens with that calls something with brackets."""
DESCRIBING = re.compile(rb"(?:desc|long_desc)\b")
"""How a call of Ruby begins that is said of the task or the command which follows it."""
ORDERING = re.compile(r"^preproc|directive$")
"""Kinds of lines for what runs before the compiler does."""
ORDER = re.compile(r"#[ \t]*(\w+)")
OF_DART = re.compile(r"(import|export)\s+['\"](dart:|package:)?")
"""How Dart takes or hands on a library, with whose it is: each makes a section."""


class BlankLines(NeutralConvention):
    """How many empty lines stand between outermost neighbours, by their kinds."""

    id = "Q07"
    name = "blank-lines"
    question = "How many empty lines stand between {key} at the top level of a file?"
    cap = "advise"
    spared = frozenset({PROSE})
    matter = EMPTY_LINES
    is_mined = True
    version = 21
    examples = Examples(
        value="1",
        key="a function declaration and another",
        path="src/a.js",
        conforms=("function f() {\n}\n\nfunction g() {\n}\n",),
        departs=("function f() {\n}\nfunction g() {\n}\n", "function f() {\n}\n\n\nfunction g() {\n}\n"),
        nearly=(
            "function f() {\n}\n\n// about g\nfunction g() {}\n",
            "function f() {}\nfunction g() {}\n",
            "function f() {\n}\nfunction g() {}\n",
            "let a;\nlet b;\n",
        ),
    )
    also = (
        Examples(
            value="0",
            key="an import declaration and another",
            path="src/A.java",
            conforms=("import a.B;\nimport c.D;\n",),
            departs=("import a.B;\n\nimport c.D;\n",),
            nearly=("import static a.B.c;\n\nimport c.D;\n",),
        ),
        Examples(
            value="0",
            key="an import or export and another",
            path="lib/a.dart",
            conforms=("import 'package:a/b.dart';\nimport 'package:c/d.dart';\n",),
            departs=("import 'package:a/b.dart';\n\nimport 'package:c/d.dart';\n",),
            nearly=("import 'dart:io';\n\nimport 'package:a/b.dart';\n\nimport 'c.dart';\n\nexport 'd.dart';\n",),
        ),
        Examples(
            value="0",
            key="a namespace use declaration and another",
            path="src/a.php",
            conforms=("<?php\nuse A\\B;\nuse C\\D;\n",),
            departs=("<?php\nuse A\\B;\n\nuse C\\D;\n",),
            nearly=("<?php\nuse A\\B;\n\nuse function C\\d;\n",),
        ),
        Examples(
            value="1",
            key="an expression statement and another",
            path="src/a.ts",
            conforms=("f(() => {\n  a();\n});\n\nf(b);\n",),
            departs=("f(() => {\n  a();\n});\nf(b);\n",),
            nearly=("f(a);\nf(b);\n", "f(a);\nf(() => {\n  b();\n});\n", "f(\n  a\n);\nf(b);\n"),
        ),
        Examples(
            value="1",
            key="a lexical declaration and an expression statement",
            path="src/a.ts",
            conforms=("const a = f();\n\ng(() => {\n  b();\n});\n",),
            departs=("const a = f();\ng(() => {\n  b();\n});\n",),
            nearly=("const { a } = f();\ng(() => {\n  b(a);\n});\n",),
        ),
        Examples(
            value="1",
            key="a lexical declaration and another",
            path="src/a.ts",
            conforms=("const a = {\n  b,\n};\n\nconst c = {\n  d,\n};\n",),
            departs=(
                "const a = {\n  b,\n};\nconst c = {\n  d,\n};\n",
                "const a = {\n  b,\n};\nconst c = f(() => {\n  g(a);\n}, [\n  b,\n]);\n",
            ),
            nearly=("const a = {\n  b,\n};\nconst c = f(a)\n  .map((d) => d.b)\n  .sort();\n",),
        ),
        Examples(
            value="1",
            key="an export statement and another",
            path="src/a.ts",
            conforms=("export const A = f({\n  b,\n});\n\nexport type B = C;\n",),
            departs=("export const A = f({\n  b,\n});\nexport type B = C;\n",),
            nearly=(
                "export const A = f({\n  b,\n});\nexport type A = B<typeof A>;\n",
                "export {\n  A,\n} from 'a';\nexport { B } from 'b';\n",
                "export const A =\n  'a';\nexport const B = 'b';\n",
                "export const a = (b) => b.a;\nexport const c = (b) =>\n  b.c;\n",
            ),
        ),
        Examples(
            value="0",
            key="a command and a list",
            path="bin/a.sh",
            conforms=("f 'a\nb'\ng || exit 1\n",),
            departs=("f 'a\nb'\n\ng || exit 1\n",),
            nearly=("f\n\ng || exit 1\n",),
        ),
        Examples(
            value="1",
            key="a call and another",
            path="lib/tasks/a.rake",
            conforms=("task :a do\n  f\nend\n\ntask :b do\n  g\nend\n",),
            departs=("task :a do\n  f\nend\ntask :b do\n  g\nend\n",),
            nearly=('desc "all"\ntask :a do\n  f\nend\n',),
        ),
        Examples(
            value="1",
            key="a function item and another",
            path="src/a.rs",
            conforms=("fn f() {\n}\n\npub fn g() {\n}\n", "fn f() {\n}\n\n#[must_use]\npub fn g() {\n}\n"),
            departs=("fn f() {\n}\npub fn g() {\n}\n", "fn f() {\n}\n#[must_use]\npub fn g() {\n}\n"),
            nearly=("fn f() {\n}\nstruct A;\n", "use a::b;\n\nuse c::d;\n"),
        ),
        Examples(
            value="1",
            key="a type declaration and another",
            path="Sources/A.swift",
            conforms=("struct A {\n}\n\nextension B {\n}\n",),
            departs=("struct A {\n}\nextension B {\n}\n",),
            nearly=("struct A {\n}\nfunc f() {\n}\n",),
        ),
        Examples(
            value="1",
            key="a function declaration and another",
            path="src/a.zig",
            conforms=("fn f() void {\n}\n\npub fn g() void {\n}\n",),
            departs=("pub fn f() void {\n}\nfn g() void {\n}\n",),
            nearly=("pub const a = 1;\n\nconst b = 2;\n",),
        ),
        Examples(
            value="1",
            key="a `#define` and a `#include`",
            path="src/a.h",
            conforms=("#ifndef A_H\n#define A_H\n\n#include <b.h>\n\n#endif\n",),
            departs=("#ifndef A_H\n#define A_H\n#include <b.h>\n\n#endif\n",),
            # the name after `#ifndef` is nobody's neighbour
            nearly=("#ifndef A_H\n\n#define A_H\n\n#endif\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the empty lines between each two neighbours without a comment between them."""
        called = {unit.node.id: unit.name.kind for unit in file.outermost}
        nodes = (node for node in file.top if not is_of_head(node))
        for (_, one), (head, other) in pairwise(with_heads(nodes)):
            # some grammars take the empty lines behind a node into it
            lines = head.start_point.row - one.start_point.row - text_of(one).rstrip().count("\n") - 1
            between = file.utf8[one.end_byte : head.start_byte]
            is_free = is_one_liner(one) or is_one_liner(other) or are_grouped(one, other)
            is_free |= bare(one).id not in called and is_about(one, other)
            if lines >= 0 and not between.strip(b" \t\r\n;") and not is_free:
                first, second = neighbour(one, called.get(one.id)), neighbour(other, called.get(other.id))
                key = f"{first} and {'another' if first == second else second}"
                yield Choice(str(lines), first_token(head), key)

    def goes_without_saying(self, language: str, departures: int, value: str, topic: str) -> bool:
        """Claim that the lines are those that nearly everybody leaves: none between imports, one around definitions."""
        first, _, second = topic.partition(" and ")
        taking = [bool(TAKING.search(kind.replace(" ", "_"))) for kind in (first, second)]
        if taking[0] and (taking[1] or second == "another"):
            return value == "0"
        is_parted = all(map(DEFINING.search, (first, first if second == "another" else second)))
        return value == "1" and (is_parted or taking in ([True, False], [False, True]))

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        lines = "no empty line" if value == "0" else f"{value} empty line{'' if value == '1' else 's'}"
        return f"At the top level of a file, leave {lines} between {key}."

    def shared(self, value: str, key: str) -> str:
        """Return the number of lines."""
        return value

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return the neighbours between which there are as many lines, those of one kind together."""
        return self.advice(rules[0][0], listed(rules, " and ").replace("; ", "; between "))


def is_of_head(node: Node) -> bool:
    """Claim that *node* is what the one around it opens with, such as the name after `#ifndef`, and no neighbour."""
    around = node.parent
    return around is not None and any(around.child_by_field_name(field) == node for field in ("condition", "name"))


def with_heads(nodes: Iterable[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield outermost nodes, each behind the first of the attributes that are said of it."""
    head: Node | None = None
    for node in nodes:
        head = head or node
        if node.type not in ATTRIBUTES and not (node.type == "call" and DESCRIBING.match(node.text or b"")):
            yield head, node
            head = None


def is_one_liner(node: Node) -> bool:
    """Claim that *node* has a body and stands on one line: such stand together as a table does, or apart."""
    return node.start_point.row == node.end_point.row and node.child_by_field_name("body") is not None


def are_grouped(one: Node, other: Node) -> bool:
    """Claim that two neighbours stand together, or apart, by what they are about, as lines of one kind do."""
    is_first_line = is_line_of_code(one)
    is_line = is_first_line and is_line_of_code(other)
    if one.type != other.type:
        return is_line and all(SAID.search(each.type) and not TAKING.search(each.type) for each in (one, other))
    # calls of the same make a group, unless bodies are handed over, and what Rust and Dart use is parted by whose it is
    head = CALLED.match(text_of(one)) if is_first_line or not (hands_body(one) or hands_body(other)) else None
    is_row = one.type == "use_declaration" or (head is not None and text_of(other).startswith(head[0]))
    taken = [OF_DART.match(text_of(each)) for each in (one, other)] if one.type == "import_or_export" else []
    is_row |= len({each and each.groups() for each in taken}) > 1
    return is_row or (is_line and not TAKING.search(one.type))


def is_line_of_code(node: Node) -> bool:
    """Claim that *node* stands on one line, or is broken only behind its `=`, because it would be too long."""
    rows = node.end_point.row - node.start_point.row
    return rows == 0 or (rows == 1 and BROKEN.search(text_of(node)) is not None)


def hands_body(statement: Node) -> bool:
    """Claim that a *statement* calls something with a function, or may do so where its grammar does not tell."""
    passed = bare(statement).child_by_field_name("arguments")
    return passed is None or any(each.child_by_field_name("body") is not None for each in passed.named_children)


def holds_body(statement: Node) -> bool:
    """Claim that a *statement* holds a function, or the like, whose body stands on several lines."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        body = node.child_by_field_name("body")
        if body is not None and body.start_point.row != body.end_point.row:
            return True
        waiting.extend(child for child in node.named_children if child.start_point.row != child.end_point.row)
    return False


def is_about(one: Node, other: Node) -> bool:
    """
    Claim that the second of two neighbours goes on with what the first gave a name.

    One of them is a line, or neither holds a body of several.
    """
    is_line = is_line_of_code(one) or is_line_of_code(other) or not (holds_body(one) or holds_body(other))
    first, second = bare(one), bare(other)
    if not is_line or not GIVING.search(first.type) or not (GIVING.search(second.type) or SAID.search(second.type)):
        return False
    named = [each.child_by_field_name("name") or each.child_by_field_name("left") for each in (first, *first.children)]
    names = {word for each in named if each is not None for word in WORD.findall(text_of(each))}
    return not names.isdisjoint(WORD.findall(text_of(second)))


def bare(node: Node) -> Node:
    """Return what an outermost node exports, or does, without what is said around it."""
    inner = node.child_by_field_name("declaration")
    if inner is None and node.type == "expression_statement" and node.named_child_count:
        inner = node.named_children[0]
    return inner or node


def neighbour(node: Node, called: str | None) -> str:
    """
    Return how a sentence speaks of an outermost node, with its second word: `import static` is a kind too.

    *called* is how the language calls the unit that it is, if it is one: a class of Swift's grammar may be a struct.
    """
    order = ORDER.match(text_of(node)) if ORDERING.search(node.type) else None
    if order is not None:
        return noun_of(f"`#{order[1]}`")
    kind = node.type.replace("class_", f"{called}_") if called else node.type
    if node.type.startswith("export") and node.child_by_field_name("source") is not None:
        return "a re-export"
    # who may use it makes no other kind
    opening = [child for child in node.children if child.type != "pub"][:2]
    if TAKING.search(node.type):
        # the grammar of PHP counts the second word into what is taken
        opening = [first_token(child) for child in opening]
    # behind a named node, such as the `pub` of Rust, stands no more than the word that opens the others
    words = [text_of(child) for child in opening if not child.is_named]
    second = words[1] if len(words) > 1 else ""
    is_said = not second.isalpha() or second in node.type or second == "fn"
    return noun_of(kind if is_said else f"{second} {kind}")
