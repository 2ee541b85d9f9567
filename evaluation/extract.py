"""
The body in a model's text. In: a probe's file with its hole, and raw text. Out: an `Extract`: the body, how it ended.

Every arm's text is cut by the same rule, before the first line that leaves the body's indentation. A model that was
never taught to stop is not punished for running on, but its running on is counted. Whether a line leaves is read from
the tree, so that the inside of a string or of a bracket may stand where it likes. A text that was ended from outside,
by the token limit or because it went round in circles, is cut behind its first round and its last whole statement:
where it was ended is not of the model's choosing. It is counted, and never accepted.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from ..mining.source import Source, Span, first_line, indent_of, indentation, outermost_errors, parse_tree
from .fences import choose_fence, find_fences, is_decided

LONGEST_PERIOD, LEAST_CIRCLING = 300, 120
"""Characters that come round again, and the least that all their rounds must have together."""
LINES_PAST = 3
"""Lines outside the body after which even one that does not parse counts as over."""


@dataclass(frozen=True, slots=True)
class Extract:
    """
    The body found in one raw text.
    """

    code: str
    """Whole lines, without a final line end; empty when there is no body."""
    ending: str
    """
    `stopped`: the model ended itself; `ran_on`: text after the body was cut; `truncated`: the limit cut the body, or it
    went round in circles and would have come to the limit.
    """


def extract_body(source: Source, span: Span, symbol: str, raw: str, finish_reason: str) -> Extract:
    """
    Return the body that *raw* gives for the hole at *span* of *source*.

    An answer in a Markdown fence is taken out of it first.
    """
    text, is_whole = raw.replace("\r\n", "\n"), False
    fences = find_fences(text)
    if fences:
        body, is_whole = choose_fence(fences, symbol, source.language)
        text = move_to(body, indent_of(first_line(source.slice(span))))
    code = cut_body(source, span, text)
    if text[len(code) :].strip() or (is_whole and finish_reason != "stop"):
        ending = "ran_on"
    else:
        ending = "truncated" if finish_reason == "length" or repeats_itself(text) else "stopped"
    if ending == "truncated":
        code = drop_unfinished(source, span, whole_lines(code))
    return Extract(code.rstrip().lstrip("\n") if code.strip() else "", ending)


def body_is_over(source: Source, span: Span, symbol: str, text: str) -> bool:
    """
    Claim that what would follow *text* would be cut off, so that a model may stop.

    So may one that goes round in circles. A line that has left the body's indentation ends it where the body before
    parses, or ended with its closing line; behind a body that does not parse the line may stand in an open bracket, so
    more than three of them must have come. Before the first line of a body nothing is over: a fence may open yet, and
    in one the whole definition counts, or the fence's end.
    """
    if repeats_itself(text):
        return True
    if fences := find_fences(whole := text[: text.rfind("\n") + 1]):
        return is_decided(fences, symbol, source.language)
    reference = source.slice(span)
    least = indentation(first_line(reference))
    line = text[len(whole) :]
    if not line.strip() or indentation(line) >= least:
        return False
    body = cut_body(source, span, text)
    past = [line for line in text[len(body) :].splitlines() if line.strip()]
    if not past or not body.strip():
        return False
    closing = closing_line(reference, least)
    if closing is not None:
        return len(past) > LINES_PAST or indentation(body.rstrip().rpartition("\n")[2]) < least
    return len(past) > LINES_PAST or parses(source, span, body)


def repeats_itself(text: str) -> bool:
    """Claim that *text* ends with the same characters three times or more, over some length."""
    return round_length(text) > 0


def round_length(text: str) -> int:
    """Return how many characters come round again at the end of *text*, or 0."""
    for period in range(1, min(LONGEST_PERIOD, len(text) // 3) + 1):
        tail = text[-max(3 * period, LEAST_CIRCLING) :]
        if len(tail) >= LEAST_CIRCLING and tail[period:] == tail[:-period]:
            return period
    return 0


def whole_lines(text: str) -> str:
    """Return the lines of *text* that were written to their end, those of a round that comes again once."""
    end = text.rfind("\n") + 1
    if period := round_length(text):
        start = len(text) - period
        while start > 0 and text[start - 1] == text[start - 1 + period]:
            start -= 1
        first = start + period
        # the round's last line is whole one line end later; a round within one line never ends that line
        end = text.find("\n", first - 1) + 1 or text.rfind("\n", 0, first) + 1
    return text[:end]


def first_round(text: str) -> str:
    """Return *text*, of what comes again and again at its end the first round alone."""
    return (whole_lines(text) or text) if repeats_itself(text) else text


def drop_unfinished(source: Source, span: Span, body: str) -> str:
    """
    Return *body* without the lines of its last statement that keep it from parsing, or as it is where more had to go.

    The last statement begins with the last line at the body's own indentation.
    """
    least = indentation(first_line(source.slice(span)))
    lines = body.splitlines(keepends=True)
    for end in range(len(lines), 0, -1):
        kept = "".join(lines[:end])
        root = tree_of(source, span, kept)
        if is_sound(root, span.start) and not ends_open(root):
            return kept
        if lines[end - 1].strip() and indentation(lines[end - 1]) <= least:
            before = "".join(lines[: end - 1])
            return before if parses(source, span, before) else body
    return body


def ends_open(root: Node) -> bool:
    """Claim that *root* ends with a part that has nothing in it, as the grammar reads a header without its block."""
    node = root
    while node.child_count:
        node = node.children[-1]
    return node.is_named and node.start_byte == node.end_byte


def parses(source: Source, span: Span, body: str) -> bool:
    """Claim that *body* parses where it stands, whatever would follow it."""
    return is_sound(tree_of(source, span, body), span.start)


def is_sound(root: Node, start: int) -> bool:
    """Claim that nothing that ends after the byte *start* is an error."""
    return all(node.end_byte <= start for node in outermost_errors(root))


def tree_of(source: Source, span: Span, body: str) -> Node:
    """Return the tree of the file up to *span* with *body* behind it, and nothing more."""
    text = source.utf8[: span.start] + body.encode("utf-8", "replace") + b"\n"
    return parse_tree(text, source.language, source.path).root_node


def cut_body(source: Source, span: Span, text: str) -> str:
    """Return *text* up to the first line that leaves the body's indentation, as the tree sees it."""
    reference = source.slice(span)
    least = indentation(first_line(reference))
    closing = closing_line(reference, least)
    start = span.start
    root = None
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.strip() and indentation(line) < least:
            root = root or tree_of(source, span, text)
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
    """Return the last line of a body where that stands further out than the first (`#endif`), or None."""
    last = reference.rstrip().rpartition("\n")[2]
    return last.strip() if indentation(last) < least else None


def move_to(text: str, opening: str) -> str:
    """Return *text* with *opening* in place of its first line's own indentation, where that is less."""
    own = indent_of(first_line(text))
    missing = indentation(opening) - indentation(own)
    if missing <= 0:
        return text
    return "".join(
        line if not line.strip() else opening + line.removeprefix(own) if line.startswith(own) else " " * missing + line
        for line in text.splitlines(keepends=True)
    )
