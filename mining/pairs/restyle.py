"""
`restyle`: code that breaks one to three conventions -> the code as the house wrote it. In: a mined file. Out: drafts.

The conventions that learn the house's style also know how to depart from it (`Convention.slip`), so the asked code is
the house's own with a few bytes changed, and what it does stays what it was. Every draft names the rules it is about: a
pair is made of it only where the house holds to all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter

from ..conventions.convention import Convention, Edit, Opportunity, Place, conventions_by_id
from ..definitions import Definition
from ..source import Source, indent_of, parse_tree
from .kind import Draft, Example, Kind, MinedFile, Rule, draft_at, number_of, phrase

PHRASINGS = (
    "Rewrite `{symbol}` in the style of this codebase.",
    "Bring `{symbol}` into this codebase's style; what it does must not change.",
    "Make `{symbol}` look as if this codebase had written it.",
)
EVERY = 2
"""One definition in this many is asked about."""
MOST_LINES, LEAST_LINES = 40, 3
MOST_RULES = 3
MOST_EDITS = 12
START: Callable[[Opportunity], int] = attrgetter("start")
ANSWER = itemgetter(0, 1, 2)
"""The convention, key and value of an opportunity: equal to the `Rule` of these, and had at a tenth of the cost."""
LEAST_ANSWERS = 3
"""Equal answers that a file gives before it is believed to keep a rule."""


def draft_restyle(mined: MinedFile) -> Iterator[Draft]:
    """Yield drafts for some of the functions of a file in which a rule can be broken."""
    if mined.tally is None or not mined.tally.opportunities:
        return
    kept = kept_rules(mined.tally.opportunities)
    places = [found for found in mined.tally.opportunities if ANSWER(found) in kept]
    times = Counter(map(ANSWER, places))
    places.sort(key=START)
    for definition in mined.definitions:
        if definition.kind == "class" or definition.code is None or definition.has_error:
            continue
        lines = mined.source.line_of(definition.span.end - 1) - mined.source.line_of(definition.span.start) + 1
        chance = number_of(f"restyle:{mined.source.path}:{definition.symbol}")
        if LEAST_LINES <= lines <= MOST_LINES and not chance % EVERY:
            first = bisect_left(places, definition.span.start, key=START)
            last = bisect_left(places, definition.span.end, first, key=START)
            inside = [found for found in places[first:last] if found.end <= definition.span.end]
            yield from break_rules(mined.source, definition, inside, times)


def kept_rules(opportunities: Sequence[Opportunity]) -> frozenset[Rule]:
    """Return the rules that a file keeps without exception, and that are known how to break."""
    times = Counter(map(ANSWER, opportunities))
    values = Counter((name, key) for name, key, _ in times)
    return frozenset(
        Rule(name, key, value)
        for (name, key, value), count in times.items()
        if values[name, key] == 1 and count >= LEAST_ANSWERS and can_break(conventions_by_id()[name])
    )


def can_break(convention: Convention) -> bool:
    """
    Claim that *convention* knows how code departs from it without doing something else.

    What a fix mends in any language, such as semicolons, a model need not learn.
    """
    is_taught = not convention.is_mined and not convention.is_neutral
    return is_taught and convention.is_fixable and convention.is_local and bool(convention.values)


def rule_of(found: Opportunity) -> Rule:
    """Return the rule that an answer follows."""
    return Rule(found.convention, found.key, found.value)


def break_rules(
    source: Source, definition: Definition, places: Sequence[Opportunity], times: Mapping[tuple[str, str, str], int]
) -> Iterator[Draft]:
    """
    Yield the draft that asks for *definition*, with one to three of its rules broken.

    Those come first that the file keeps the fewest *times*: what stands on every line would be asked of everything.
    """
    rules = sorted({rule_of(found) for found in places}, key=lambda rule: (times[rule], rule))
    chosen = rules[: 1 + number_of(f"rules:{source.path}:{definition.symbol}") % MOST_RULES]
    edits: list[Edit] = []
    broken: set[Rule] = set()
    for found in places:
        if rule_of(found) in chosen and len(edits) < MOST_EDITS:
            place = Place(source, found.start, found.end, found.key)
            made = conventions_by_id()[found.convention].slip(place, found.value)
            if made and all(is_free(edit, edits, definition) for edit in made):
                edits.extend(made)
                broken.add(rule_of(found))
    asked = edited(source, definition, edits) if edits else ""
    if asked:
        ask = phrase(source.path + definition.symbol + "restyle", PHRASINGS).format(symbol=definition.symbol)
        yield draft_at(
            source,
            source.lines_of(definition.span),
            kind="restyle",
            symbol=definition.symbol,
            instruction=f"{indent_of(asked)}{source.language.comment} {ask}\n{asked}\n",
            rules=tuple(sorted(broken)),
        )


def is_free(edit: Edit, others: Sequence[Edit], definition: Definition) -> bool:
    """Claim that *edit* stays inside of *definition* and touches nothing that another edit touches."""
    inside = definition.span.start <= edit.start and edit.end <= definition.span.end
    return inside and all(edit.end < other.start or other.end < edit.start for other in others)


def edited(source: Source, definition: Definition, edits: Sequence[Edit]) -> str:
    """Return the whole lines of *definition* with *edits* made; empty when they no longer parse or are shared."""
    lines = source.lines_of(definition.span)
    if lines.end != definition.span.end or source.utf8[lines.start : definition.span.start].strip():
        return ""
    data = source.utf8[lines.start : lines.end]
    for edit in sorted(edits, reverse=True):
        data = data[: edit.start - lines.start] + edit.text.encode() + data[edit.end - lines.start :]
    # a block may stand under any head, so that no line has to change
    head = b"if True:\n" if source.language.name == "python" and data[:1] in b" \t" else b""
    if parse_tree(head + data, source.language).root_node.has_error:
        return ""
    return data.decode("utf-8")


KIND = Kind(
    name="restyle",
    teaches="to bring code into the house's style",
    made_of="Python alone",
    more="agree on more conventions: only what the house holds to is taught",
    draft=draft_restyle,
    examples=(
        Example(
            path="shop/names.py",
            file=(
                'def label(item, names):\n    """Return the label."""\n    if item in names:\n'
                '        return names[item]["long"]\n    return names.get(item, "none")["short"]\n'
            ),
            instruction=(
                "# Rewrite `label` in the style of this codebase.\ndef label(item, names):\n"
                '    """Return the label."""\n    if item in names:\n'
                "        return names[item]['long']\n    return names.get(item, 'none')['short']\n"
            ),
            response=(
                'def label(item, names):\n    """Return the label."""\n    if item in names:\n'
                '        return names[item]["long"]\n    return names.get(item, "none")["short"]'
            ),
        ),
    ),
)
