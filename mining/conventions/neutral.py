"""
Questions for any grammar, about layout. In: a source of any language. Out: choices. Rows Q03 to Q06.

Nothing here knows a language; see `anyview`. Row Q22, retired kinds, is no convention: where something is not called
any more nothing can be asked, so no count of opportunities tells a habit given up from a want of occasion. Where the
code that took its place is known, `profile.Entry.moving_to` says what a repository moves to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import pairwise, zip_longest

from tree_sitter import Node

from ..definitions import last_token
from ..formatters import LAYOUT, QUOTES, SEPARATORS
from ..source import field_of, text_of
from ..traits import FIXED_BLANKS, ONE_QUOTE, PROSE
from ..wording import any_of
from .anyview import AnyView, first_token
from .convention import Choice, Edit, Examples, NeutralConvention, Place, noun_of
from .strings import CLOSING

SEPARATOR = ","
"""What stands between elements; a `;` ends what stands before it, as in the body of a class."""
LAST = frozenset(
    {"base_field_initializer", "remaining_field_pattern", "rest_pattern"}
    | {"comptime_declaration", "function_declaration", "test_declaration", "variable_declaration"}
)
"""
Kinds of what takes the rest, after which JavaScript, TypeScript and Rust allow no separator, and of what stands behind
the fields of a type of Zig.
"""
PLAIN = re.compile(r"(content|end|fragment|literal|start)$")
"""Kinds of the parts of a string that is no more than its text."""
QUOTED = frozenset("\"'\\\n")
"""What a string holds that cannot stand between other quotes as it is."""
FILLED = {"bash": frozenset("$`!"), "perl": frozenset("$@"), "php": frozenset("$"), "ruby": frozenset("#")}
"""By language, what stands for something else between double quotes, and for itself between single ones."""
ROWS = frozenset({"array", "array_creation_expression", "array_ref", "hash", "hash_ref"})
"""Kinds of what holds texts beside each other in the languages in which the quotes differ in what they mean."""
JOINTS = frozenset({"+", "."})
"""Signs that put texts together."""
JOINT = re.compile(rb"\s*(\+|\.\.?)(?:[^,;{}]*\1)?\s*|\s*\\\s*")
"""What stands between two strings of one text: a sign that puts texts together, or two around a value."""
BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
CLOSERS = frozenset(closer for _, closer in BRACKETS)
TYPES = re.compile(r"delegation|inheritance|(^|_)type(_|$)")
"""Kinds of what stands behind the `:` of a definition's head, which opens no block."""
WIDEST_STEP = 8
BROKEN_LINE = re.compile(rb"[ \t]*\\\r?\n")
"""What stands in a shell behind a line that is not at its end."""


class StringDelimiter(NeutralConvention):
    """Which delimiter opens a string that holds neither, and nothing that is filled in."""

    id = "Q03"
    name = "string-delimiter"
    question = "Which quotes open a plain string?"
    instruction = "Open plain strings with {value} quotes."
    matter = QUOTES
    spared = frozenset({ONE_QUOTE})
    version = 10
    values = ("double", "single")
    examples = Examples(
        value="single",
        path="src/a.js",
        conforms=("x = 'a';",),
        departs=('x = "a";',),
        # markup has quotes of its own
        nearly=('x = "it\'s";', "x = `a`;", "x = '';", 'x = <a href="b" />;'),
    )
    also = (
        Examples(
            value="single",
            path="src/a.php",
            conforms=("<?php\n$a = 'b';\n",),
            departs=('<?php\n$a = "b";\n',),
            nearly=(
                '<?php\n$a = "$b:{$c}";\n',
                '<?php\n$a = "{$b->c()}";\n',
                '<?php\n$a = "b\\n";\n',
                # the parts of one text have the quotes of the part that has no choice
                '<?php\n$a = "$b, not " . c() . ".";\n',
                '<?php\n$a = "$b: ".implode(\', \', $c).".";\n',
                # as what stands in one list has, one list further in
                '<?php\n$a = [["b" => ["c\\n"], "d" => ["e"]]];\n',
            ),
        ),
        Examples(
            value="single",
            path="lib/a.rb",
            conforms=("a = 'b'\n",),
            departs=('a = "b"\n',),
            nearly=('a = "b#{c}"\n', "a = 'b#c'\n"),
        ),
        Examples(
            value="double",
            path="bin/a.sh",
            conforms=('echo "all"\n',),
            departs=("echo 'all'\n",),
            nearly=("awk '{print $2}' a\n", "echo 'a `b`'\n"),
        ),
        Examples(
            value="single",
            path="lib/A.pm",
            conforms=("my $a = 'b';\n",),
            departs=('my $a = "b";\n',),
            nearly=('my $a = "b $c";\n', 'my $a = "@{[b()]} c";\n', "my $a = qr/b/;\n"),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the delimiter of each string that could have either."""
        bound_by = QUOTED | FILLED.get(file.source.language.name, frozenset())
        # the lists in which a string has the quotes that others of them need
        rows = {
            (row, text_of(node)[:1])
            for node in (file.strings if file.source.language.name in FILLED else ())
            if not is_plain(node, bound_by)
            for row in rows_around(node)
        }
        for text in whole_texts(file):
            bound: set[str] = set()
            free: list[Node] = []
            for node in text:
                written = text_of(node)
                # what is filled in has double quotes, or a language's own
                if not is_plain(node, bound_by):
                    bound.add(written[:1])
                elif len(written) > 2 and written[0] in "\"'" and written[-1] == written[0] and not is_markup(node):
                    free.append(node)
            for node in free:
                quote = text_of(node)[0]
                is_row = rows and any((row, quote) in rows for row in rows_around(node))
                if quote not in bound and not is_row:
                    yield Choice("double" if quote == '"' else "single", node)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return both quotes exchanged; no fix, because in some languages they mean different things."""
        quote = '"' if value == "double" else "'"
        return Edit(place.start, place.start + 1, quote), Edit(place.end - 1, place.end, quote)


def whole_texts(file: AnyView) -> Iterator[list[Node]]:
    """Yield the strings of *file*, those together that signs put together to one text, whatever is put between."""
    text: list[Node] = []
    for node in file.strings:
        if text and not JOINT.fullmatch(file.utf8[text[-1].end_byte : node.start_byte]):
            yield text
            text = []
        text.append(node)
    yield text


def is_plain(node: Node, bound_by: Set[str]) -> bool:
    """Claim that a string is text alone, and holds nothing that one of the quotes would make something else."""
    return bound_by.isdisjoint(text_of(node)[1:-1]) and is_text(node)


def rows_around(node: Node) -> list[int]:
    """Return the list, or the text of several parts, that *node* stands in, and the one around that."""
    rows: list[int] = []
    while len(rows) < 2 and node.parent is not None and "argument" not in node.parent.type:
        node = node.parent
        if node.type in ROWS or (is_joint(node) and not is_joint(node.parent)):
            rows.append(node.id)
    return rows


def is_joint(node: Node | None) -> bool:
    """Claim that *node* puts texts together."""
    sign = field_of(node, "operator")
    return sign is not None and text_of(sign) in JOINTS


def is_text(node: Node) -> bool:
    """Claim that what stands in a string is text alone, however many parts a grammar makes of it."""
    return all(PLAIN.search(part.type) and is_text(part) for part in node.named_children)


def is_markup(string: Node) -> bool:
    """Claim that *string* is the value of an attribute: markup has quotes of its own."""
    return string.parent is not None and string.parent.type.lower().endswith("attribute")


class IndentationUnit(NeutralConvention):
    """By what a line is indented deeper than the one above it."""

    id = "Q04"
    name = "indentation-unit"
    question = "By what is the first line of a block indented?"
    instruction = "Indent by {value}."
    is_in_line = False
    matter = LAYOUT
    spared = frozenset({PROSE})
    version = 8
    examples = Examples(
        value="2 spaces",
        path="src/a.js",
        conforms=("function f() {\n  return 1;\n}\n", "f(function () { // g\n  g();\n});\n"),
        departs=("function f() {\n\treturn 1;\n}\n", "function f() {\n    return 1;\n}\n"),
        nearly=(
            "x = `\n      text`;\n",
            "f(a,\n                    b);\n",
            "f(\n    a);\n",
            "x = a\n  ? {\n      b: 1,\n    }\n  : c;\n",
        ),
    )
    also = (
        Examples(
            value="2 spaces",
            path="lib/a.rb",
            conforms=("def f(a)\n  g do |x|\n    x\n  end\nend\n",),
            departs=("def f\n    g\nend\n",),
            nearly=("render 'a',\n       b: 1\n", "x = if a\n      b\n    end\n", "if a &&\n    b\n  c\nend\n"),
        ),
        Examples(
            value="2 spaces",
            path="bin/a.sh",
            conforms=("for a in b; do\n  f\ndone\n",),
            departs=("for a in b; do\n    f\ndone\n",),
            nearly=("for a in \\\n    b c; do\n  f\ndone\n",),
        ),
        Examples(
            value="2 spaces",
            path="ci.yaml",
            conforms=("jobs:\n  test:\n    - a: 1\n      b: 2\n",),
            departs=("jobs:\n    test: 1\n",),
            nearly=("run: make\n     test\n", "- run: |\n      make\n", "- a:\n      b: 1\n"),
        ),
        Examples(
            value="2 spaces",
            path="src/a.c",
            conforms=("int f(int a) {\n  switch (a) {\n    case 1:\n      g();\n  }\n}\n",),
            departs=("int f(int a) {\n    g();\n}\n",),
            nearly=(
                "int f(void)\n{\n  g(\n      1,\n      2\n  );\n}\n",
                "int a[] = {\n    1,\n    2,\n};\n",
                "int f(void)\n{\n error:\n  g();\n}\n",
                "int f(void)\n{\nretry:\n    g();\n}\n",
                "int f(void)\n{\nretry: {\n        g();\n}\n}\n",
            ),
        ),
        Examples(
            value="2 spaces",
            path="src/A.kt",
            conforms=("fun f(a: Int) {\n  g()\n}\n",),
            departs=("fun f(a: Int) {\n    g()\n}\n",),
            nearly=(
                "fun f(\n    a: Int,\n) {\n  g()\n}\n",
                "class A {\n  constructor(a: Int) :\n      this(a, 1)\n}\n",
                "class A(a: Int) :\n    B(a) {\n  val c = 1\n}\n",
            ),
        ),
        Examples(
            value="2 spaces",
            path="src/A.java",
            conforms=("class A {\n  int b;\n}\n",),
            departs=("class A {\n    int b;\n}\n",),
            nearly=("class A {\n  void b() {\n    for (C c :\n        d) {\n      e(c);\n    }\n  }\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the step of each line that is the first of a block which the line above opens."""
        for before, token in pairwise(leaf for leaf in file.leaves if not leaf.is_extra):
            if token.start_point.row == before.end_point.row or file.is_opaque(token.start_byte):
                continue
            if BROKEN_LINE.match(file.utf8, before.end_byte):
                continue  # it goes on
            above, margin = file.margin(before.end_point.row), file.margin(token.start_point.row)
            step = margin.removeprefix(above)
            unit = {frozenset(b"\t"): "tab", frozenset(b" "): "space"}.get(frozenset(step))
            if unit and margin.startswith(above) and len(step) <= WIDEST_STEP and is_opened(file, before, token):
                yield Choice(f"{len(step)} {unit}{'' if len(step) == 1 else 's'}", token)


def is_opened(file: AnyView, before: Node, token: Node) -> bool:
    """Claim that *token* is the first of a block that the line of *before* opens."""
    block = first = token
    while block.parent is not None and block.start_byte >= before.end_byte:
        first, block = block, block.parent
    opening, closing = text_of(before), last_token(block)
    holder = block if opening == ":" else block.parent
    if any(node is not None and node.type.startswith("label") for node in (holder, token.parent)):
        return False  # a label that is jumped to opens no block: it stands out of the one that it is in
    above = file.margin(before.end_point.row)
    if opening == ":":
        is_margin = (block.start_point.row, block.start_point.column) == (before.end_point.row, len(above))
        return is_margin and not TYPES.search(first.type) and not is_bracketed(before)
    if opening == "(" or DEEPER.search(block.type):
        return False
    # a block that hangs on something further left than its end is aligned with that, not indented
    is_level = closing.start_point.column == len(above) and file.margin(closing.start_point.row) == above
    is_word = not closing.is_named and text_of(closing).isalpha()
    return is_level and closing.start_byte > token.start_byte and (is_word or (opening, text_of(closing)) in BRACKETS)


def is_bracketed(node: Node) -> bool:
    """Claim that *node* stands between brackets of what it is a part of: `for (String each :` opens no block."""
    opened = 0
    while node.prev_sibling is not None:
        node = node.prev_sibling
        opened += (node.type == "(") - (node.type == ")")
    return opened > 0


DEEPER = re.compile(r"argument|initializer|parameter")
"""What some houses indent deeper than a body: parameters, what a call is given, the values of an array."""


class TokenSpacing(NeutralConvention):
    """Whether blanks stand around a sign."""

    id = "Q05"
    name = "token-spacing"
    question = "Do blanks stand around {key}?"
    cap = "hint"
    matter = LAYOUT
    spared = frozenset({FIXED_BLANKS, PROSE})
    is_mined = True
    version = 14
    examples = Examples(
        value="on both sides",
        key="`=` in an assignment expression",
        path="src/a.js",
        conforms=("x = 1;",),
        departs=("x=1;", "x= 1;"),
        nearly=("// x=1\n", "x == 1;", "function f(x=1) {}"),
    )
    also = (
        Examples(
            value="nowhere",
            key="`*` that opens a pointer type",
            path="src/a.go",
            conforms=("package a\n\nvar b []*c\n", "package a\n\nvar b *c\n"),
            departs=("package a\n\nvar b * c\n",),
            nearly=("package a\n\nvar b = c * d\n",),
        ),
        Examples(
            value="on both sides",
            key="`-` in a binary expression",
            path="src/a.c",
            conforms=("int a = b - c;\n",),
            departs=("int a = b-c;\n",),
            nearly=("int a = b > (size_t)-c;\n",),
        ),
        Examples(
            value="nowhere",
            key="`*` that opens a pointer declarator",
            path="src/a.c",
            conforms=("char *a;\n",),
            departs=("char * a;\n",),
            nearly=("int f(char * const *a);\n",),
        ),
        Examples(
            value="nowhere",
            key="`<` that opens type arguments",
            path="src/a.rs",
            conforms=("type A = Vec<u8>;\n",),
            departs=("type A = Vec < u8 >;\n",),
            nearly=("fn f() -> bool { a < b }\n", "fn f() -> bool {\n    a\n        < b\n}\n"),
        ),
        Examples(
            value="nowhere",
            key="`!` in a macro invocation",
            path="src/a.rs",
            conforms=("fn f() {\n    g!(a);\n}\n",),
            departs=("fn f() {\n    g! (a);\n}\n",),
            # what stands in a macro is its own, and a brace has a blank before it
            nearly=("g! {\n    a!b\n}\n", "fn f() {\n    g!(a ! b, c !d);\n}\n"),
        ),
        Examples(
            value="on both sides",
            key="`<` in a binary expression",
            path="src/A.kt",
            conforms=("val a = b < c\n",),
            departs=("val a = b<c\n",),
            nearly=("val a = f<T>(::b)\n",),
        ),
        Examples(
            value="after",
            key="`,` in class parameters",
            path="src/A.kt",
            conforms=("class A(b: Int, c: Int)\n",),
            departs=("class A(b: Int,c: Int)\n",),
            nearly=("class A(b: Int,)\n",),
        ),
        Examples(
            value="after",
            key="`,` in a flow sequence",
            path="ci.yaml",
            conforms=("a: [b, c]\n",),
            departs=("a: [b,c]\n",),
            nearly=("a: b\n",),
        ),
        Examples(
            value="nowhere",
            key="`[[` that opens a string",
            path="a.lua",
            # what a string begins with is not blanks around its delimiter
            nearly=("x = [[ a ]]\n",),
        ),
        Examples(
            value="after",
            key="`--` that opens a comment",
            path="a.lua",
            nearly=("x = 1 --a\n", "x = 1 ---@type a\n"),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the blanks around each sign inside a line."""
        data = file.utf8
        quoting = {node.id for node in file.strings}
        for node, following in zip_longest(file.leaves, file.leaves[1:]):
            if node.is_named or node.end_byte - node.start_byte > 3:
                continue
            if following is not None and following.is_extra and following.start_point.row == node.start_point.row:
                continue  # the blanks are those of the comment
            sign = text_of(node)
            if sign != node.type or (following is not None and following.type in BOUND):
                continue  # text that a grammar took apart, or the first sign of a name
            before, after = data[node.start_byte - 1 : node.start_byte], data[node.end_byte : node.end_byte + 1]
            if [sign] != sign.split() or sign[:1].isalnum() or sign in "()[]{}\"'`;./_" or after in (b"\n", b"", b"\r"):
                continue
            if sign == SEPARATOR and following is not None and text_of(following) in CLOSERS:
                continue  # the blanks are those inside of the brackets
            row, column = node.start_point
            around = node.parent
            if around is not None and around.type == sign:
                around = around.parent  # some grammars wrap a sign into a node that is called like it
            if (
                around is None
                or around.id in quoting
                or around.type in BOUND
                or column == len(file.margin(row))
                or is_compared_twice(node)
                or is_of_cast(node)
                or (sign == "!" and following is not None and text_of(following) == "{")
                or (following is not None and following.parent is not None and following.parent.type in QUALIFYING)
                # without a blank stand code that was taken out, documentation, and what a tool reads
                or around.is_extra
            ):
                continue
            # what stands before the first sign of a node, or after its last, is around the node
            within = (node.start_byte > around.start_byte, node.end_byte < around.end_byte)
            blanks = (within[0] and before in (b" ", b"\t"), within[1] and after in (b" ", b"\t"))
            # what a dollar opens is a name or a hole, and one that closes something is text
            if within in WHERE and (sign != "$" or all(within)):
                yield Choice(SPACING[blanks], node, f"`{sign}` {WHERE[within]} {noun_of(around.type)}")

    def goes_without_saying(self, language: str, departures: int, value: str, topic: str) -> bool:
        """Claim that blanks stand where nearly everybody puts them: what is odd in a house is worth its words."""
        sign = topic.split("`")[1]
        if CLOSES in topic or sign in TIGHT or "access" in topic or (OPENS in topic and sign in PREFIXES):
            return value == "nowhere"
        is_after = sign in (",", ";") or OPENS in topic or (sign == ":" and not CONDITION.search(topic))
        return value == ("after" if is_after else AROUND)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"{self.shared(value, key)} {key}."

    def shared(self, value: str, key: str) -> str:
        """Return where blanks are to be put."""
        if value == "nowhere":
            side = "blank after" if OPENS in key else "blank before" if CLOSES in key else "blanks around"
            return f"Put no {side}"
        return f"Put blanks {value}{' of' if value == AROUND else ''}"

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return the signs that have blanks on the same side, those of one sign together."""
        return self.advice(rules[0][0], listed(rules, PLACES))


BOUND = frozenset(
    {"block_mapping_pair", "block_sequence_item", "dynamic_variable_name", "variable_name", "varname"}
    | {"token_binding_pattern", "token_repetition", "token_repetition_pattern", "token_tree", "token_tree_pattern"}
)
"""
Kinds of nodes in which a language says where blanks stand: `a: b` of YAML, `$a` of PHP and of Perl; or a macro does, of
which Rust knows no more than its tokens.
"""
QUALIFYING = frozenset({"type_qualifier"})
"""Kinds of words that a blank parts from the sign before them: `char * const a`."""
OPENS, CLOSES = "that opens", "that closes"
WHERE = {(True, True): "in", (False, True): OPENS, (True, False): CLOSES}
"""Where in its node a sign stands, by whether something of it stands before and after: blanks are asked between."""
AROUND = "on both sides"
SPACING = {(True, True): AROUND, (False, False): "nowhere", (True, False): "before", (False, True): "after"}


TIGHT = frozenset({"!", "#", "++", "--", "..", "...", "::", "?.", "@", "~"})
"""Signs that mostly stand without a blank, wherever they are, as any does that closes something."""
PREFIXES = frozenset({"&", "+", "-", "<", "|"})
"""Those that do where they open something: a sign of a number, arguments of a type, parameters of a closure."""
CONDITION = re.compile("conditional expression|constraints clause|for statement|ternary")
"""Kinds of nodes in which a colon parts two values."""
PLACES = "|".join(f" {where} " for where in WHERE.values())


def listed(rules: Iterable[tuple[str, str]], joint: str) -> str:
    """Return the keys of *rules*, those together that open alike, up to where the pattern *joint* first matches."""
    behind: defaultdict[str, list[str]] = defaultdict(list)
    for _, key in rules:
        first, between, other = re.split(f"({joint})", key, maxsplit=1)
        behind[first + between].append(other)
    return "; ".join(first + any_of(others) for first, others in behind.items())


def is_of_cast(sign: Node) -> bool:
    """Claim that a sign stands behind a name in brackets, which in C may be a type: `(size_t)-1` takes nothing away."""
    left = sign.prev_named_sibling
    is_bracketed = left is not None and left.type == "parenthesized_expression" and left.named_child_count == 1
    return is_bracketed and left is not None and left.named_children[0].type == "identifier" and text_of(sign) in "+-*&"


def is_compared_twice(sign: Node) -> bool:
    """Claim that a sign is of type arguments that a grammar takes for two comparisons, as Kotlin's in `f<T>(::g)`."""
    around = sign.parent if sign.type in ("<", ">") else None
    inner = around.child(0) if around is not None and sign.type == ">" else around
    outer = inner.parent if inner is not None else None
    # what does not parse may have thousands of children
    if inner is None or outer is None or inner.type != outer.type or outer.is_error:
        return False
    return "<" in [each.type for each in inner.children] and ">" in [each.type for each in outer.children]


class TrailingSeparator(NeutralConvention):
    """Whether a separator follows the last element before a closing bracket on its own line."""

    id = "Q06"
    name = "trailing-separator"
    question = "Does a separator follow the last of several elements on lines of their own?"
    instruction = "Put a separator after the last element where the closing bracket stands on its own line."
    cap = "advise"
    matter = SEPARATORS
    never = frozenset({"absent"})
    values = ("present", "absent")
    version = 5
    examples = Examples(
        value="present",
        path="src/a.js",
        conforms=("x = [\n  1,\n  2,\n];", "x = {\n  a: 1,\n  b: 2, // c\n};"),
        departs=("x = [\n  1,\n  2\n];",),
        nearly=("x = [1, 2];", "x = [\n  1, 2\n];", "function f() {\n  a();\n  b();\n}", "x = [\n  1\n];"),
    )
    also = (
        Examples(
            value="present",
            path="src/a.ts",
            conforms=("f(\n  a,\n  b,\n);",),
            departs=("f(\n  a,\n  b\n);", "f(\n  a,\n  ...b\n);"),
            nearly=(
                "const {\n  a,\n  ...b\n} = c;",
                "class A {\n  a = 1;\n  b: string;\n\n  f() {\n    g();\n  }\n}\n",
            ),
        ),
        Examples(
            value="present",
            path="src/a.zig",
            conforms=("const A = struct {\n    b: u8,\n    c: u8,\n};\n",),
            departs=("const A = struct {\n    b: u8,\n    c: u8\n};\n",),
            nearly=("const A = struct {\n    b: u8,\n\n    fn c() void {\n        d();\n    }\n};\n",),
        ),
        Examples(
            value="present",
            path="src/A.kt",
            conforms=("enum class A {\n  B,\n  C,\n}\n",),
            departs=("enum class A {\n  B,\n  C\n}\n",),
            nearly=("enum class A {\n  B,\n  C,\n  ;\n\n  companion object {\n    val d = 1\n  }\n}\n",),
        ),
        Examples(
            value="present",
            path="src/A.java",
            conforms=("enum A {\n  B,\n  C,\n}\n",),
            departs=("enum A {\n  B,\n  C\n}\n",),
            nearly=("enum A {\n  B,\n  C,\n  ;\n\n  int d;\n}\n",),
        ),
        Examples(
            value="present",
            path="src/a.rs",
            conforms=("fn f() {\n    g(\n        a,\n        b,\n    );\n}\n",),
            departs=("fn f() {\n    g(\n        a,\n        b\n    );\n}\n",),
            nearly=("fn f() {\n    g!(\n        a,\n        b\n    );\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield what stands before each closing bracket that opens its line, where elements are separated."""
        for found in CLOSING.finditer(file.utf8):
            closing = file.root.descendant_for_byte_range(found.start(1), found.end(1))
            owner = closing.parent if closing is not None else None
            if closing is None or closing.child_count or owner is None or owner.has_error or owner.type in BOUND:
                continue
            before = [c for c in owner.children if c.start_byte < found.start(1) and not c.is_extra]
            marks = [child for child in before if child.type == SEPARATOR]
            elements = [child for child in before if child.is_named]
            if not marks or len(elements) < 2 or elements[-1].start_point.row == elements[-2].end_point.row:
                continue
            if any(node.type in LAST for node in (elements[-1], *elements[-1].named_children[:1])):
                continue
            # behind the `;` that ends the values of an enumeration stand its members
            if any(first_token(child).type == ";" for child in before[before.index(marks[-1]) :]):
                continue
            last = before[-1]
            yield Choice("present" if last.type == SEPARATOR else "absent", last_token(last))

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the separator taken out."""
        return place.instead("") if value == "absent" and place.text == SEPARATOR else ()
