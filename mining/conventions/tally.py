"""
One pass over one file. In: a `Source`. Out: its `FileTally`: every opportunity with the choice made, and facts.

The facts are what the mined families derive their opportunities from.

All conventions of a language share one query and one walk; the patterns they have in common are searched once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from tree_sitter import Node, Query, QueryCursor

from ..columns import pack_rows, unpack_rows
from ..definitions import MATCH_LIMIT
from ..filters.sketch import sketch_lines
from ..languages import Language
from ..roles import is_sample, role_of
from ..source import Source
from .convention import NOT_NEUTRAL, Choice, Convention, HouseConvention, Opportunity, collect_conventions
from .facts import FactCollector, FileFacts
from .view import DefinitionFrame, FileView, Frame, View, first_string, is_shown

FRAMES = (
    "decorated_definition",
    "function_definition",
    "class_definition",
    "except_clause",
    "with_item",
    "interpolation",
)
MODULE = "(module) @site"
TYPE = "(type) @site"
IMPORTS = "(import_statement) @site (import_from_statement) @site"
CALL = "(call) @site"
RAISE = "(raise_statement) @site"


@dataclass(frozen=True, slots=True)
class FileTally:
    """
    What one file answers. Small and picklable: no text, no tree.
    """

    path: str
    language: str
    role: str
    lines: int
    opportunities: tuple[Opportunity, ...]
    texts: dict[tuple[str, str, str], str]
    """The first line for each (convention, key, value) found in the file; empty where it does not show the answer."""
    facts: FileFacts | None
    """What mined families ask; None for what only tests read."""
    sketch: bytes = b""
    """What copies of it in other folders are found by (`filters.sketch`)."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the opportunities as one value."""
        about = (self.path, self.language, self.role, self.lines)
        return unpack_tally, (about, pack_rows(self.opportunities), self.texts, self.facts, self.sketch)


def unpack_tally(
    about: tuple[str, str, str, int],
    packed: bytes,
    texts: dict[tuple[str, str, str], str],
    facts: FileFacts | None,
    sketch: bytes,
) -> FileTally:
    """Return the tally that travelled."""
    return FileTally(*about, unpack_rows(Opportunity, packed), texts, facts, sketch)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The combined query of a language, and who asks at each of its patterns.
    """

    query: Query
    patterns: tuple[str, ...]
    askers: tuple[tuple[Convention, ...], ...]
    """One entry a pattern."""
    conventions: frozenset[Convention]
    """All who ask."""


def tally_source(source: Source, packages: Set[str] = frozenset()) -> FileTally:
    """
    Ask every question of *source* once; *packages* are the outermost ones of its repository.

    Runs in a worker process; the tree is shared with whoever parsed it.
    """
    if is_sample(source.path):
        return FileTally(source.path, source.language.name, role_of(source.path), len(source.line_starts), (), {}, None)
    if source.language.name not in NOT_NEUTRAL:
        from .tally_any import tally_any

        return tally_any(source)
    file = FileView(source, packages)
    plan = plan_of(source.language)
    collector = FactCollector(file)
    choices = walk_choices(plan, file, collector)
    # most files silence nothing, and are not asked of every choice whether they do
    if file.silences:
        choices = ((asker, choice) for asker, choice in choices if not file.is_silenced(asker, choice.mark))
    return tally_choices(file, choices, collector.facts)


def tally_choices(
    file: View, choices: Iterable[tuple[Convention, Choice]], facts_of: Callable[[], FileFacts]
) -> FileTally:
    """Return the tally of *file*: its *choices*, in order, and what *facts_of* gives once these are made."""
    opportunities: list[Opportunity] = []
    texts: dict[tuple[str, str, str], str] = {}
    for asker, (value, mark, key) in choices:
        line = mark.start_point.row + 1
        opportunities.append(Opportunity(asker.id, key, value, line, mark.start_byte, mark.end_byte))
        what = (asker.id, key, value)
        if what not in texts:
            texts[what] = file.line_text(line) if asker.is_in_line and is_shown(mark) else ""
    source = file.source
    return FileTally(
        path=source.path,
        language=source.language.name,
        role=file.role,
        lines=len(source.line_starts),
        opportunities=tuple(opportunities),
        texts=texts,
        facts=facts_of(),
        sketch=sketch_lines(source.path, source.utf8),
    )


def walk_choices(plan: Plan, file: FileView, collector: FactCollector) -> Iterable[tuple[Convention, Choice]]:
    """Yield (convention, choice) for every site of *file*, in order; questions about the whole module come last."""
    root = file.source.tree.root_node
    found = QueryCursor(plan.query, match_limit=MATCH_LIMIT).captures(root)
    captured = {int(name[1:]): nodes for name, nodes in found.items()}
    modules = captured.pop(plan.patterns.index(MODULE), [])
    types = captured[plan.patterns.index(TYPE)] = real_types(captured.get(plan.patterns.index(TYPE), ()))
    file.types = sorted((node.start_byte, node.end_byte) for node in types)
    asked = {asker for asker in plan.conventions if asker.is_asked(file)}
    askers = [[asker for asker in row if asker in asked] for row in plan.askers]
    visit_of = collector.visitors()
    visitors = [visit_of.get(pattern) for pattern in plan.patterns]
    # outer before inner, frames before those who ask; the place keeps nodes from being compared
    sites: list[tuple[int, int, int, int, Node]] = []
    for number, nodes in captured.items():
        if number < len(FRAMES) or askers[number] or visitors[number]:
            sites += [(node.start_byte, -node.end_byte, number, place, node) for place, node in enumerate(nodes)]
    sites.sort()
    calls = plan.patterns.index(CALL)
    by_callee = group_callees(askers[calls])
    broken = broken_spans(root)
    ends = [last for _, last in broken]
    enter_module(file)
    for start, end, number, _, node in sites:
        while file.top is not None and file.top.end <= start:
            file.top = file.top.outer
        if number < len(FRAMES):
            enter_frame(file, FRAMES[number], node, -end)
        if broken and is_among(broken, ends, start, -end):
            continue
        if (visit := visitors[number]) is not None:
            visit(node)
        asking = askers[number]
        if number == calls:
            asking = by_callee.get(file.callee(node).rpartition(".")[2], by_callee["*"])
        for asker in asking:
            for choice in asker.choices(node, file):
                yield asker, choice
    file.top = None
    for node in () if broken else modules:
        for asker in askers[plan.patterns.index(MODULE)]:
            for choice in asker.choices(node, file):
                yield asker, choice


def real_types(types: Sequence[Node]) -> list[Node]:
    """Return *types* without what the grammar misreads: it takes `type(a).b = c` for an alias of types."""
    misread = [
        (node.parent.start_byte, node.parent.end_byte)
        for node in types
        if node.parent is not None
        and node.parent.type == "type_alias_statement"
        and node.start_byte == node.parent.named_children[0].start_byte
        and any(child.type in ("attribute", "subscript") for child in node.named_children)
    ]
    return [node for node in types if not any(start <= node.start_byte < end for start, end in misread)]


def group_callees(askers: Sequence[Convention]) -> dict[str, list[Convention]]:
    """Return who asks about calls, under the last name of the function called; under `*`, who asks about any."""
    anyone = [asker for asker in askers if not asker.callees]
    found = {"*": anyone}
    for asker in askers:
        for name in sorted(asker.callees):
            found.setdefault(name, [*anyone]).append(asker)
    return found


HOLDER = re.compile(
    r"(?:^|_)(?:class|enum|extension|impl|interface|module|namespace|object|protocol|record|struct|trait)"
    r"(?:_(?:declaration|definition|item|specifier))?$"
    r"|(?:class|template)_body$|declaration_list$|^(?:body_statement|export_statement|linkage_specification)$"
    r"|^preproc_(?:else|if|ifdef)$|^template_declaration$"
)
"""Kinds of nodes that hold definitions, in any language."""


def broken_spans(around: Node) -> list[tuple[int, int]]:
    """Return the spans of the functions and statements in *around* that do not parse: nothing is asked inside them."""
    found: list[tuple[int, int]] = []
    waiting = broken_children(around)
    while waiting:
        node = waiting.pop()
        inner = broken_children(node) if is_holder(node) else []
        waiting.extend(inner)
        if not inner:
            found.append((node.start_byte, max(node.end_byte, node.start_byte + 1)))
    return found


def is_holder(node: Node) -> bool:
    """Claim that *node* holds definitions, each of which a parser reads by itself."""
    if node.type in ("class_definition", "decorated_definition", "block"):
        return True
    # where the holder itself is broken, what is around the place may be read as something else
    return HOLDER.search(node.type) is not None and not any(each.is_error or each.is_missing for each in node.children)


def broken_children(node: Node) -> list[Node]:
    """Return the children of *node* that do not parse, the last one first."""
    return [child for child in reversed(node.children) if child.has_error] if node.has_error else []


def is_among(spans: Sequence[tuple[int, int]], ends: Sequence[int], start: int, end: int) -> bool:
    """Claim that one of *spans*, which lie one behind the other and have these *ends*, touches *start* to *end*."""
    # the one to look at is the first that ends behind the start
    place = bisect_right(ends, start)
    return place < len(ends) and spans[place][0] < end


def enter_module(file: FileView) -> None:
    """Note the module's documentation string."""
    string = first_string(file.source.tree.root_node)
    if string is not None:
        file.docstrings.add(string.start_byte)


def enter_frame(file: FileView, kind: str, node: Node, end: int) -> None:
    """Push the frame of *node* and note its documentation string."""
    if kind in ("function_definition", "class_definition"):
        file.top = frame = DefinitionFrame(kind, node, file.top, end)
        if frame.docstring is not None:
            file.docstrings.add(frame.docstring.start_byte)
    else:
        file.top = Frame(kind, node, file.top, end)


@cache
def plan_of(language: Language) -> Plan:
    """Return the combined query of *language*, compiled once a process."""
    asked: dict[str, list[Convention]] = {f"({kind}) @site": [] for kind in FRAMES}
    for pattern in (*split_patterns(IMPORTS), CALL, RAISE, TYPE, MODULE):
        asked.setdefault(pattern, [])
    for convention in collect_conventions():
        if language.name in convention.languages and not isinstance(convention, HouseConvention):
            for pattern in split_patterns(convention.query):
                asked.setdefault(pattern, []).append(convention)
    text = "\n".join(pattern.replace("@site", f"@s{number}") for number, pattern in enumerate(asked))
    askers = tuple(map(tuple, asked.values()))
    return Plan(Query(language.grammar, text), tuple(asked), askers, frozenset(chain.from_iterable(askers)))


def split_patterns(query: str) -> list[str]:
    """Return the top-level patterns of *query*, white space evened out so that equal ones are searched once."""
    patterns: list[str] = []
    depth = start = 0
    text = " ".join(query.split())
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter in "([" and depth == 1 and text[start:place].strip():
            patterns.append(text[start:place].strip())
            start = place
    if text[start:].strip():
        patterns.append(text[start:].strip())
    return patterns
