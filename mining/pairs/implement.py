"""
`implement`: documentation and signature -> body. In: a mined file. Out: one draft for each documented definition.

The answer is the body exactly as the house wrote it. The ask is one comment line, as a person would put it, and the
definition's own head and documentation, so that the answer continues it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..definitions import DATA_KINDS, Definition
from ..source import Source, Span, indent_of, is_comment
from .kind import Draft, Example, Kind, MinedFile, draft_at, phrase

PHRASINGS = (
    "Implement `{symbol}` as its documentation says.",
    "Write the body of `{symbol}`.",
    "Complete `{symbol}` the way this codebase would.",
    "Fill in `{symbol}`.",
)
OF_DATA = (
    "Complete `{symbol}` the way this codebase would.",
    "Fill in `{symbol}`.",
    "Write `{symbol}` as its comment says.",
)
"""What is asked of settings: they do nothing, and have no body."""
MOST_LINES = 60
"""Longer bodies hold more than one idea, and more tokens than a small base can plan."""
MOST_HEAD_BYTES = 3_000
"""Decorators and signature beyond this are data, not a signature."""
DOC_BYTES = 1_000
"""Documentation is cut to its first lines that fit; examples and references stand at its end, but tags after them."""
MARK = re.compile(
    r"(?P<tag>^[ \t]*(?:\*|//[/!]?)[ \t]*(?:@\w+|<(?:param|returns|exception)\b))"
    r"|^[ \t]*(?:\*|//[/!]?|#|--)?[ \t]*(?:```|~~~)|<(?P<end>/?)(?:code|example|pre)\b",
    re.MULTILINE,
)
"""What opens the contract in a comment, `@param` and the like or their elements in C#, and what bounds an example."""
SIGNS = ("@", "<", "```", "~~~")
"""One of these is in every mark, and in few documentation strings."""
EMPTY_LINES = re.compile(r"(?:\r?\n[ \t]*(?:\*|//[/!]?|--|(?:\*|//[/!]?)?[ \t]*#+(?:[ \t][^\n]*)?)?[ \t]*)+\Z")
"""What is left out of the end of a text that was cut: lines without a word, and headings of what is gone."""
SHORT_DOC = 20
"""Characters under which a documentation string says little about the body."""


def draft_implement(mined: MinedFile) -> Iterator[Draft]:
    """Yield one draft per documented function, method or unit whose body has lines of code of its own."""
    source = mined.source
    for definition in mined.definitions:
        if definition.kind == "class" or definition.doc is None or definition.code is None or definition.has_error:
            continue
        first, last = source.line_of(definition.code.start), source.line_of(definition.code.end - 1)
        if last - first + 1 > MOST_LINES or is_comment(source, definition.code):
            continue
        if head := asked_head(source, definition):
            phrasings = OF_DATA if definition.kind in DATA_KINDS else PHRASINGS
            ask = phrase(source.path + definition.symbol, phrasings).format(symbol=definition.symbol)
            yield draft_at(
                source,
                definition.code,
                kind="implement",
                symbol=definition.symbol,
                instruction=f"{indent_of(head)}{source.language.comment} {ask}\n{head}",
                quality=1.0 if len(source.slice(definition.doc)) >= SHORT_DOC else 0.5,
            )


def asked_head(source: Source, definition: Definition) -> str:
    """Return the whole lines of a definition up to its body: decorators, signature, documentation."""
    assert definition.code is not None and definition.doc is not None
    start = source.line_start(min(definition.span.start, definition.doc.start))
    before = source.slice(Span(start, definition.doc.start))
    after = source.slice(Span(definition.doc.end, definition.code.start)).rstrip()
    head = before + shorten_documentation(source.slice(definition.doc)) + after
    return head if len(head) <= MOST_HEAD_BYTES else ""


def shorten_documentation(doc: str) -> str:
    """Return *doc* without the last lines that do not fit, before its tags where it has some; closed as before."""
    if len(doc) <= DOC_BYTES or "\n" not in doc:
        return doc
    mark = next((mark for mark in ('"""', "'''", "*/") if doc.endswith(mark)), "")
    body, _, closing = doc.rpartition("\n") if mark else (doc, "", "")
    start, _ = read_marks(body)
    tags = first_lines(body[start:], DOC_BYTES * 2 // 3)
    text = first_lines(body[:start], DOC_BYTES - len(tags))
    return "\n".join(part for part in (text, tags, f"{indent_of(closing)}{mark}") if part)


def first_lines(text: str, limit: int) -> str:
    """Return the first lines of *text* that fit into *limit* characters, without half an example at the end."""
    kept = text[:limit].rpartition("\n")[0] if len(text) > limit else text
    whole = kept[: read_marks(kept)[1]]
    return EMPTY_LINES.sub("", whole if re.search(r"\w", whole) else kept).rstrip()


def read_marks(text: str) -> tuple[int, int]:
    """Return where the tags of *text* begin, and the line of an example that is left open; its end without them."""
    tags = example = len(text)
    for mark in MARK.finditer(text) if any(sign in text for sign in SIGNS) else ():
        is_open = example < len(text)
        if mark["tag"]:
            # what looks like a tag inside of an example is none
            tags = tags if is_open else min(tags, mark.start())
        elif is_open and mark["end"] != "":
            example = len(text)
        elif not is_open and mark["end"] != "/":
            example = text.rfind("\n", 0, mark.start()) + 1
    return tags, example


KIND = Kind(
    name="implement",
    teaches="to write a body from its signature and documentation",
    more="document more functions: a documented signature is what is asked",
    draft=draft_implement,
    examples=(
        Example(
            file='def double(x):\n    """Return twice *x*."""\n    return 2 * x\n',
            instruction='# Fill in `double`.\ndef double(x):\n    """Return twice *x*."""',
            response="    return 2 * x",
        ),
    ),
)
