"""
`edit`: a commit's message and a definition before it -> the definition after it. In: a change. Out: at most one draft.

The context is the file that the commit left, but for that definition: what it brought to the imports and beside the
definition is there to be used, and the new head is not given away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..definitions import collect_definitions
from ..history import TO_FIX, Change, spoken
from ..skeleton import render_skeleton
from ..source import Span, indent_of, parse_tree
from ..split import FORMATS
from .kind import Draft, Example, Kind, MinedFile, draft_at, phrase

PHRASINGS = (
    "{subject}: change `{symbol}`.",
    "Change `{symbol}`: {subject}.",
    "Edit `{symbol}` to do this: {subject}.",
)
OF_FAULT = "Fix this in `{symbol}`: {fault}."
"""What is asked where a message tells what was wrong."""
PROSE = frozenset({"markdown"})
"""Languages whose history is that of a change log."""
MENTION = re.compile(r"(?<![\w/`])@[A-Za-z][\w-]*")
CODE_NAME = re.compile(r"\b(?:\w*[a-z\d](?:_|[A-Z])|__)\w+")
"""A name that only code has: with an underscore, or a capital inside."""
PART = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
"""A word of prose, or what a name consists of."""
STEM = 4
"""Letters by which two words are taken for forms of one."""
ANYWHERE = frozenset(
    {"add", "all", "and", "are", "chan", "fix", "for", "from", "has", "into", "its", "make", "more", "not", "now"}
    | {"only", "out", "remo", "set", "some", "that", "the", "thes", "this", "upda", "use", "when", "with"}
)
"""How words of messages begin that are about anything."""
CUT = re.compile(r"(?:\.\.\.|…)\s*(?:\(#\d+\))?$")
"""How a subject ends that was too long for its line: it does not say what was done."""
SHORTEST, LONGEST = 60, 3_000
"""Bytes of the definition: about 20 to 800 tokens."""


def draft_nothing(_mined: MinedFile) -> Iterator[Draft]:
    """Yield nothing: a file alone does not tell what became of it."""
    return iter(())


def draft_edit(change: Change) -> Iterator[Draft]:
    """Yield the draft of one change, where the definition is neither tiny nor huge and parses on both sides."""
    if change.after.language.name in PROSE:
        return
    lines = change.after.lines_of(change.new.span)
    old, new = change.before.slice(change.before.lines_of(change.old.span)), change.after.slice(lines)
    if change.old.has_error or change.new.has_error:
        return
    if not (SHORTEST <= len(old.encode()) <= LONGEST and SHORTEST <= len(new.encode()) <= LONGEST):
        return
    symbol = change.new.symbol
    subject = spoken(change.subject)
    if CUT.search(change.subject):
        return
    # a decorator is in the code; who is not is a person
    if any(name not in change.before.text and name not in change.after.text for name in MENTION.findall(subject)):
        return
    if change.after.language.name in FORMATS and (
        speaks_of_another(subject, change) or not tells_any(subject, change, old, new)
    ):
        return
    is_fault = subject.startswith(TO_FIX)
    chosen = OF_FAULT if is_fault else phrase(change.commit + symbol, PHRASINGS)
    ask = chosen.format(subject=subject, fault=subject.removeprefix(TO_FIX), symbol=symbol)
    yield draft_at(
        change.after,
        lines,
        kind="edit",
        symbol=symbol,
        instruction=f"{indent_of(old)}{change.after.language.comment} {ask}\n{old}\n",
        context=context_of(change, lines, old),
    )


def context_of(change: Change, lines: Span, old: str) -> str:
    """Return the skeleton of the file after *change*, with the text that was *old* in the place of its *lines*."""
    text = change.after.splice(lines, old)
    if text == change.before.text:
        return render_skeleton(change.before, list(change.context))
    utf8 = text.encode()
    source = replace(change.after, utf8=utf8, tree=parse_tree(utf8, change.after.language, change.after.path))
    return render_skeleton(source, collect_definitions(source))


def speaks_of_another(subject: str, change: Change) -> bool:
    """
    Claim that *subject* speaks of code of which nothing stands in the file: settings change along with other files.

    Where code was changed in the same commit, it speaks of that unless a name says otherwise.
    """
    names = [name.lower() for name in CODE_NAME.findall(subject)]
    text = f"{change.path}\n{change.before.text}\n{change.after.text}".lower()
    return (bool(names) or change.beside_code) and not any(name in text for name in names)


def tells_any(subject: str, change: Change, old: str, new: str) -> bool:
    """Claim that *subject* has a word in common with the lines that make *old* into *new*, or with their place."""
    lines = set(old.split("\n")) ^ set(new.split("\n"))
    return bool(stems_of(subject) & stems_of("\n".join((change.path, change.new.symbol, *lines))))


def stems_of(text: str) -> set[str]:
    """Return how the words of *text* begin, but for those that are about anything."""
    return {part[:STEM].lower() for part in PART.findall(text)} - ANYWHERE


BEFORE = """\
def total(prices):
    found = 0
    for price in prices:
        found += price
    return found
"""
AFTER = BEFORE.replace("in prices:", "in prices or ():")
KIND = Kind(
    name="edit",
    teaches="to change code as its history did",
    draft=draft_nothing,
    draft_change=draft_edit,
    examples=(
        Example(
            before=BEFORE,
            file=AFTER,
            subject="fix(sums): accept no prices at all (#12)",
            instruction=f"# Edit `total` to do this: Accept no prices at all.\n{BEFORE}",
            response=AFTER.rstrip(),
        ),
    ),
)
