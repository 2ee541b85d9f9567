"""
Questions for any grammar. In: a source of a language that has only a query. Out: its tally.

Nothing here knows a language: definitions and strings are what the query captures. Rows Q01 and Q03 of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import QueryCursor

from ..definitions import MATCH_LIMIT, collect_definitions
from ..roles import role_of
from ..source import Source
from .convention import Choice, Convention, Opportunity
from .naming import case_of
from .tally import FileTally
from .view import text_of


class DefinitionCase(Convention):
    """How a definition's name is cased, for each kind of definition."""

    id = "Q01"
    name = "definition-case"
    question = "How is the name of a {key} cased?"
    languages = ()


class StringDelimiter(Convention):
    """Which delimiter opens a string that holds neither."""

    id = "Q03"
    name = "string-delimiter"
    question = "Which quotes open a plain string?"
    languages = ()


def tally_any(source: Source) -> FileTally:
    """Ask the neutral questions of *source*."""
    texts: dict[tuple[str, str, str], str] = {}
    opportunities = list(ask_neutral(source))
    lines = source.utf8.split(b"\n")
    for found in opportunities:
        line = lines[found.line - 1].strip()[:160].decode("utf-8", "ignore")
        texts.setdefault((found.convention, found.key, found.value), line)
    return FileTally(
        path=source.path,
        language=source.language.name,
        role=role_of(source.path),
        lines=len(lines),
        opportunities=tuple(opportunities),
        texts=texts,
        facts=None,
    )


def ask_neutral(source: Source) -> Iterator[Opportunity]:
    """Yield the choices of *source*."""
    for definition in collect_definitions(source):
        case = case_of(definition.name)
        if case:
            line, start = source.line_of(definition.head.start), definition.head.start
            yield Opportunity("Q01", definition.kind, case, line, start, start + 1)
    captured = QueryCursor(source.language.query, match_limit=MATCH_LIMIT).captures(source.tree.root_node)
    for node in captured.get("string", []):
        text = text_of(node)
        inside = text[1:-1]
        if len(text) > 2 and text[0] in "\"'" and not set(inside) & set("\"'\\"):
            choice = Choice("double" if text[0] == '"' else "single", node)
            yield Opportunity("Q03", "", choice.value, node.start_point.row + 1, node.start_byte, node.end_byte)
