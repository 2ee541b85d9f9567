"""
One file, read once and parsed once. In: a path and its bytes. Out: a `Source` with text, language and syntax tree.

Spans everywhere are half-open byte ranges into `Source.utf8`, the file's text as UTF-8 without a byte-order mark. For a
UTF-8 file without that mark they are ranges into the file itself; `Source.encode` turns a spliced text back into the
file's own bytes.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from tree_sitter import Node, Parser, Tree

from .languages import Language
from .macros import without_macros
from .pages import scripts_alone
from .traits import CODING_COOKIE, MACROS

DEEPEST = 50_000
"""Levels of nesting; from 65,536 on tree-sitter (0.25) answers a query in time that grows with the square."""
STACKED = re.compile(rb"^(?:[ \t]|[-?][ \t]){240}", re.MULTILINE)
"""The head of a line that YAML may nest so deep: from 255 levels on tree-sitter-yaml (0.7) ends the process."""
# PEP 263: a coding cookie stands in the first line, or in the second behind a blank one or a comment
COOKIE = re.compile(rb"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))??[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")
LINE_ENDS = re.compile(r"-(?:dos|mac|unix)$")
"""What editors put behind the name of an encoding, and interpreters overlook."""
NEWLINES = {
    **dict.fromkeys(("c", "cpp", "java", "kotlin", "python", "scala", "swift"), re.compile(rb"\r(?!\n)")),
    "csharp": re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]"),
}
"""What ends a line, and with it a comment, by itself in languages whose grammars do not know it."""
NO_ENCODING = frozenset({"ascii-8bit", "binary"})
"""Ruby's names for text that is taken byte by byte; what people write so is UTF-8 all the same."""


class Span(NamedTuple):
    """
    A half-open byte range in `Source.utf8`.
    """

    start: int
    end: int


class UndecodableError(ValueError):
    """
    The bytes cannot be read as code: a NUL byte, an unknown or a wrong encoding, or nesting without end.

    `reason` is the skip reason that mining records.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


# eq=False: a Source is compared and hashed by identity, because its cached values live beside its fields.
@dataclass(frozen=True, eq=False)
class Source:
    """
    One file of the repository.
    """

    path: str
    """Relative to the repository's root, with forward slashes."""
    utf8: bytes
    """The text as UTF-8, without a byte-order mark; line ends as in the file."""
    encoding: str
    """The file's own encoding, a Python codec name."""
    language: Language
    tree: Tree
    """The syntax tree over `utf8`."""
    keeps_lines: bool = True
    """Whether its lines are those that git counts: of the file's bytes, up to each newline."""

    @cached_property
    def text(self) -> str:
        """The file's text."""
        return self.utf8.decode("utf-8")

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The byte at which each line starts; line 1 is entry 0."""
        lengths = [len(line) + 1 for line in with_newlines(self.utf8, self.language).split(b"\n")]
        return tuple(accumulate(lengths[:-1], initial=0))

    def slice(self, span: Span) -> str:
        """Return the text of *span*."""
        return self.utf8[span.start : span.end].decode("utf-8")

    def line_of(self, byte: int) -> int:
        """Return the line, counted from 1, that holds *byte*."""
        return bisect_right(self.line_starts, byte)

    def line_numbers(self, span: Span) -> tuple[int, int]:
        """Return the first and the last line that *span* has a byte on; of an empty one, its own."""
        return self.line_of(span.start), self.line_of(max(span.start, span.end - 1))

    def line_start(self, byte: int) -> int:
        """Return where the line that holds *byte* starts."""
        return self.line_starts[self.line_of(byte) - 1]

    def rest_of_line(self, byte: int) -> bytes:
        """Return what stands from *byte* to the next newline."""
        end = self.utf8.find(b"\n", byte)
        return self.utf8[byte : end if end >= 0 else None]

    def lines_span(self, first: int, last: int) -> Span:
        """Return the span of the whole lines *first* to *last*, counted from 1, without the last line's end."""
        start = self.line_starts[first - 1]
        end = self.line_starts[last] if last < len(self.line_starts) else len(self.utf8)
        while end > start and self.utf8[end - 1] in b"\r\n":
            end -= 1
        return Span(start, end)

    def lines_of(self, span: Span) -> Span:
        """Return the span of the lines that *span* touches, without the last line's end."""
        return self.lines_span(self.line_of(span.start), self.line_of(span.end - 1))

    def splice(self, span: Span, replacement: str) -> str:
        """Return the file's text with *span* replaced."""
        return (self.utf8[: span.start] + replacement.encode("utf-8") + self.utf8[span.end :]).decode("utf-8")

    def encode(self, text: str) -> bytes:
        """Return *text* as this file's own encoding stores it, byte-order mark included."""
        return text.encode(self.encoding)


def parse_source(path: str, data: bytes, language: Language) -> Source:
    """
    Decode and parse one file.

    Parses, does not execute. Raises `UndecodableError` when *data* is no text in its declared encoding, and when the
    tree is nested so deeply that asking a query of it would take minutes.
    """
    encoding = detect_encoding(data, language)
    try:
        utf8 = data if encoding == "utf-8" and data.isascii() else data.decode(encoding).encode("utf-8")
    except (UnicodeError, LookupError):
        raise UndecodableError("undecodable") from None
    if language.name == "yaml" and STACKED.search(utf8):
        raise UndecodableError("too_deep")
    tree = parse_tree(utf8, language, path)
    if len(utf8) > DEEPEST and any(is_deep(node) for node in tree.root_node.children):
        raise UndecodableError("too_deep")
    lines = with_newlines(utf8, language)
    return Source(path, utf8, encoding, language, tree, lines == data or keeps_lines(data, encoding, lines))


def parse_text(path: str, text: str, language: Language) -> Source:
    """Parse text that is already decoded: whatever coding cookie it names, its bytes are UTF-8."""
    utf8 = text.encode("utf-8", "replace")
    return Source(path, utf8, "utf-8", language, parse_tree(utf8, language, path))


def with_newlines(utf8: bytes, language: Language) -> bytes:
    """Return *utf8* with a newline in the place of whatever else ends a line in *language*; as many bytes."""
    known = NEWLINES.get(language.name)
    return utf8 if known is None else known.sub(lambda found: b"\n".rjust(len(found[0])), utf8)


def keeps_lines(data: bytes, encoding: str, utf8: bytes) -> bool:
    """Claim that each line of *data* is one of *utf8*: some encodings write a line's end in other signs (UTF-7)."""
    try:
        return [line.decode(encoding).encode("utf-8") for line in data.split(b"\n")] == utf8.split(b"\n")
    except UnicodeError:
        return False


def parse_tree(utf8: bytes, language: Language, path: str = "") -> Tree:
    """
    Return the tree over *utf8*, in which macros that no grammar can read are told apart.

    With the *path* of a page, its scripts alone are read; but for a language of the user's own, which reads all.
    """
    read = with_newlines(utf8, language)
    read = read if language.sha256 else scripts_alone(path, read)
    return Parser(language.grammar).parse(without_macros(read) if MACROS in language.traits else read)


def outermost_errors(root: Node) -> list[Node]:
    """Return the ERROR and missing nodes of a tree that lie in no other, going only where there are some."""
    found: list[Node] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found.append(node)
        elif node.has_error:
            waiting.extend(node.children)
    return found


def indent_of(text: str) -> str:
    """Return the blanks that open *text*."""
    return text[: len(text) - len(text.lstrip(" \t"))]


def indentation(line: str) -> int:
    """Return the column at which *line* starts, tabs taken as 8."""
    return len(indent_of(line).expandtabs(8))


def first_line(text: str) -> str:
    """Return the first line of *text* that is not blank."""
    return next((line for line in text.splitlines() if line.strip()), "")


def text_of(node: Node) -> str:
    """Return the text of *node*."""
    return (node.text or b"").decode("utf-8", "replace")


def field_of(node: Node | None, name: str) -> Node | None:
    """Return the child of *node* in the field *name*; None where there is no such child, or no node."""
    return node.child_by_field_name(name) if node is not None else None


def innermost(node: Node | None, kinds: Container[str]) -> Node | None:
    """Return the innermost node of one of *kinds* that is *node*, or that it stands in; None where there is none."""
    while node is not None and node.type not in kinds:
        node = node.parent
    return node


def whole_lines(text: str) -> list[str]:
    """Return the lines of *text* with their ends; a form feed, or what else Python would split at, ends none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def without_comments(source: Source, span: Span) -> list[bytes]:
    """Return the words of *span*, but for those of its comments."""
    start, end = span
    parts: list[bytes] = []
    walk = [source.tree.root_node.descendant_for_byte_range(start, end)]
    while walk:
        node = walk.pop()
        if node is None or node.end_byte <= start or node.start_byte >= end:
            continue
        if node.type.endswith("comment"):
            parts.append(source.utf8[start : node.start_byte])
            start = node.end_byte
        else:
            walk.extend(reversed(node.children))
    return b" ".join([*parts, source.utf8[start:end]]).split()


def is_comment(source: Source, span: Span) -> bool:
    """Claim that *span* holds comments alone."""
    first = span.end - len(source.utf8[span.start : span.end].lstrip())
    node = source.tree.root_node.descendant_for_byte_range(first, first + 1)
    return node is not None and node.type.endswith("comment") and not without_comments(source, span)


def is_deep(node: Node) -> bool:
    """Claim that *node* is nested deeper than `DEEPEST`; every level is a node, so most need no look."""
    if node.descendant_count <= DEEPEST:
        return False
    cursor = node.walk()
    depth = 0
    while depth <= DEEPEST:
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False
            depth -= 1
    return True


def detect_encoding(data: bytes, language: Language) -> str:
    """
    Return the codec of *data*: its byte-order mark, else the coding cookie (PEP 263) of its *language*, else UTF-8.

    Raises `UndecodableError` for a NUL byte and for a cookie that names no text encoding.
    """
    if b"\0" in data:
        raise UndecodableError("nul_byte")
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    cookie = COOKIE.match(data[:512]) if CODING_COOKIE in language.traits else None
    if cookie is None:
        return "utf-8"
    said = LINE_ENDS.sub("", cookie[1].decode("ascii", "replace").lower())
    if language.name == "ruby" and said in NO_ENCODING:
        return "utf-8"
    try:
        name = codecs.lookup(said).name
        b"".decode(name)
    except LookupError:
        raise UndecodableError("unknown_encoding") from None
    return name
