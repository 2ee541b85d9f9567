"""
The body in a model's text. In: a probe's file with its hole, and raw text. Out: an `Extract`: the body, how it ended.

Every arm's text is cut by the same rule, before the first line that leaves the body's indentation. A model that was
never taught to stop is not punished for running on, but its running on is counted. Whether a line leaves is read from
the tree, so that the inside of a string or of a bracket may stand where it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node, Parser

from ..mining.definitions import collect_definitions
from ..mining.languages import Language
from ..mining.source import Source, Span, parse_source

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n", re.MULTILINE)
TAB = 8


@dataclass(frozen=True, slots=True)
class Extract:
    """
    The body found in one raw text.
    """

    code: str
    """Whole lines, without a final line end; empty when there is no body."""
    ending: str
    """`stopped`: the model ended itself; `ran_on`: text after the body was cut; `truncated`: the limit cut the body."""


def extract_body(source: Source, span: Span, symbol: str, raw: str, finish_reason: str) -> Extract:
    """
    Return the body that *raw* gives for the hole at *span* of *source*.

    An answer in a Markdown fence is taken out of it first; of a whole definition, its body.
    """
    text, fenced = unfence(raw)
    text = text.replace("\r\n", "\n")
    reference = source.slice(span)
    if fenced:
        text = move_to(body_in(text, symbol, source.language), indentation(first_line(reference)))
    code = cut_body(source, span, text)
    limited = finish_reason == "length" and not fenced
    ending = "ran_on" if text[len(code) :].strip() else "truncated" if limited else "stopped"
    return Extract(code.rstrip().lstrip("\n") if code.strip() else "", ending)


def cut_body(source: Source, span: Span, text: str) -> str:
    """Return *text* up to the first line that leaves the body's indentation, as the tree sees it."""
    reference = source.slice(span)
    least = indentation(first_line(reference))
    closing = closing_line(reference, least)
    start = span.start
    tree_text = source.utf8[:start] + text.encode("utf-8", "replace") + b"\n"
    root = None
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.strip() and indentation(line) < least:
            root = root or Parser(source.language.grammar).parse(tree_text).root_node
            byte = start + len((text[:offset] + line[: len(line) - len(line.lstrip())]).encode("utf-8", "replace"))
            if not is_inside(root, start, byte):
                closes = closing is not None and line.strip().startswith(closing)
                return text[: offset + (len(line) if closes else 0)]
        offset += len(line)
    return text


def is_inside(root: Node, start: int, byte: int) -> bool:
    """Claim that *byte* stands within a string, bracket or statement that began after *start*, on an earlier line."""
    node = root.descendant_for_byte_range(byte, byte + 1)
    while node is not None and node.start_byte >= start:
        # *byte* opens its line, so what began before it began on an earlier line
        if node.start_byte < byte and not node.has_error:
            return True
        node = node.parent
    return False


def closing_line(reference: str, least: int) -> str | None:
    """Return the last line of a body whose block ends with it (`}`, `end`), or None."""
    last = reference.rstrip().rpartition("\n")[2]
    return last.strip() if indentation(last) < least else None


def unfence(raw: str) -> tuple[str, bool]:
    """Return the inside of the first Markdown fence of *raw*, and whether there is one; an open one runs to the end."""
    opening = FENCE.search(raw)
    if opening is None:
        return raw, False
    rest = raw[opening.end() :]
    closing = re.search(rf"^[ \t]*{re.escape(opening[1])}[ \t]*$", rest, re.MULTILINE)
    return (rest[: closing.start()] if closing else rest), True


def body_in(text: str, symbol: str, language: Language) -> str:
    """Return the body of the definition called *symbol* in *text*, or *text* itself when it holds none."""
    name = symbol.rpartition(".")[2]
    source = parse_source("answer", text.replace("\0", "").encode("utf-8", "replace"), language)
    for definition in collect_definitions(source):
        if definition.name == name and definition.code is not None:
            return source.slice(definition.code)
    return text


def move_to(text: str, column: int) -> str:
    """Return *text* indented so that its first line stands at least at *column*."""
    missing = column - indentation(first_line(text))
    if missing <= 0:
        return text
    return "".join(" " * missing + line if line.strip() else line for line in text.splitlines(keepends=True))


def first_line(text: str) -> str:
    """Return the first line of *text* that is not blank."""
    return next((line for line in text.splitlines() if line.strip()), "")


def indentation(line: str) -> int:
    """Return the column at which *line* starts, tabs taken as 8."""
    opening = line[: len(line) - len(line.lstrip(" \t"))]
    return len(opening.expandtabs(TAB))
