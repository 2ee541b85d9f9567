"""
Which comments document a unit. In: the comments of a source, and where the unit stands. Out: the span of its own.

For languages whose query captures no documentation: there it is what stands right above a unit, unless it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

from tree_sitter import Node

from .source import Source, Span
from .traits import MARKED_DOCUMENTATION

DOCUMENTING = (b"/**", b"=head", b"=item", b"=method")
"""
What opens a comment that documents the next declaration in the tools of many languages (JSDoc, Javadoc, Doxygen), or in
Perl's (POD).
"""
MARKED = re.compile(rb"/\*\*|///(?!/)")
"""What opens a comment that says by its form that it is documentation, where others stand beside it."""
ORDER = re.compile(
    rb"(?:#|//|/\*\*?|--)\s*(?:[@#]__\w+__|@jsx\w*\s|#(?:end)?region\b|go:\w|language="
    rb"|(?:biome|eslint|jshint|ktlint|oxlint|prettier|solhint|stylelint|swift-format|tflint)-(?:dis|en|ignore)"
    rb"|@(?:phpstan|psalm|ts)-(?:expect|ignore|nocheck|suppress)|cspell:|phpcs:|@formatter:"
    rb"|(?:checkov|jscs|jshint|luacheck|rubocop|scalafmt|selene|sqlfluff|swiftformat|swiftlint|tfsec|tslint)\s*:"
    rb"|(?-i:MARK):"
    rb"|(?:c8|istanbul|v8) ignore\b|(?:clang-format|format:) o(?:n|ff)\b|ReSharper (?:dis|rest)"
    rb"|(?:cppcheck-suppress|lint:ignore|noinspection|nolint\w*|nosec|nosonar)\b"
    rb"|shellcheck\s+[a-z-]+=|yamllint\s+(?:dis|en)able)",
    re.IGNORECASE,
)
"""What opens an order to a formatter, a linter or another tool: nothing that is said of the code to its readers."""
RULE = re.compile(rb"([-=*#/~_+])\1{3,}|^[\s/*#]*(={2,3}|-{2,3}|~{2,3}) [^\n]+ \2\s*(?:\*/\s*)?\Z")
"""A line drawn with signs, such as one above and below a title."""
WORD = re.compile(rb"\w[\w$.:'-]*")
TITLE = 4
"""Words of a title; more say something, and so does a sentence."""
TO_DO = re.compile(rb"[\s/*#-]*@?(?:FIXME|HACK|MARK|TODO|XXX)\b")
"""What opens a note to the authors themselves, or the mark of a section in Swift."""
SOURCE = rb"(?:adapted|based|borrowed|copied|derived|inspired|taken)\b[^:`\n]{0,40}|cf\.?|see(?: also)?"
LINK = re.compile(
    rb"(?:[\s/*#!-]*(?:(?:" + SOURCE + rb"|credits?|for|from|inspiration(?: from)?|refs?|reference|source)"
    rb":?[\s/*#!-]+)?\w+://\S++[\s*/]*+)+\Z"
    rb"|[\s/*#!-]*(?:" + SOURCE + rb"):?[\s/*#!-]+`[^`\n]+`[\s.*/]*\Z",
    re.IGNORECASE,
)
"""Addresses alone, or with the word that says that something is from there; so is a name with such a word."""
TAGGED = re.compile(rb"[\s/*#!-]*(?:\{?@|<inherit)", re.IGNORECASE)
MARGIN = re.compile(rb"^[ \t]*(?:/?\*+(?!/)|/{2,3}!?|#+|--+)?|\*+/", re.MULTILINE)
"""What a comment holds at its edges."""
TAGS = re.compile(
    rb"(?:[\s.]|\{?@(?:api|final|hidden|ignore|inheritdoc|internal|override|private|protected|public)\b\}?[ \t]*\r?$"
    rb"|@(?:exception|throws)\b[ \t]+\S+[ \t]+\{@inheritdoc\}[ \t]*\r?$|@(?:phpstan|psalm)-[^\n]*"
    rb"|@(?:param|throws|var)[ \t]+\S+(?:[ \t]+[&.]*\$\w+)?[ \t]*\r?$"
    rb"|@(?:deprecated|see|since)\b(?:[^@]|(?<=\{)@)*+|@returns?\b[ \t]*[^\s<{]*(?:[<{][^\n]*[>}])?\S*[ \t]*\r?$"
    rb"|<inheritdoc\b[^>]*>)*+",
    re.IGNORECASE | re.MULTILINE,
)
"""Tags that say for whom code is, since when, or of which type, and not what it does."""
SENTENCE_END = re.compile(rb"\.\W*\Z")
CODE_END = re.compile(rb"(?:[;{,(]|^[ \t/*#-]*[)\]}]+[;,]?)[ \t\r]*(?:\*/)?\Z")
"""How a line of code ends in languages with braces; a line of prose seldom does."""


def comment_ends(source: Source, comments: Sequence[Node]) -> dict[int, Span]:
    """Return the comments that have their lines for themselves, by the line on which they end."""
    found: dict[int, Span] = {}
    for node in comments:
        line_start = source.line_start(node.start_byte)
        # some grammars count the line end into the comment
        end = node.start_byte + len((node.text or b"").rstrip())
        if not source.utf8[line_start : node.start_byte].strip():
            found[source.line_of(max(end - 1, node.start_byte))] = Span(node.start_byte, end)
    return found


def comment_above(source: Source, unit: Span, ends: Mapping[int, Span], between: Set[int]) -> Span | None:
    """Return the run of comments that ends above *unit*: its documentation in most languages."""
    line = source.line_of(unit.start) - 1
    while line in between:
        line -= 1
    run: list[Span] = []
    comment = ends.get(line) or comment_apart(source, unit, ends.get(line - 1))
    while comment is not None:
        run.append(comment)
        comment = ends.get(source.line_of(comment.start) - 1)
    run = [each for each in run if not ORDER.match(source.utf8, each.start)]
    # beside documentation that shows by its form, another comment is a note
    marked = [each for each in run if MARKED.match(source.utf8, each.start)]
    run = marked if marked or MARKED_DOCUMENTATION in source.language.traits else run
    if not run or says_nothing(source.utf8[run[-1].start : run[0].end]):
        return None
    return Span(run[-1].start, run[0].end)


def says_nothing(comment: bytes) -> bool:
    """Claim that *comment* is a title between rules, a note of what is to do, tags alone, or code switched off."""
    # few comments open with a tag, and to take off all margins costs more than to see that
    if (
        TO_DO.match(comment)
        or LINK.match(comment)
        or (TAGGED.match(comment) and TAGS.fullmatch(MARGIN.sub(b"", comment)))
    ):
        return True
    if RULE.search(comment) and len(WORD.findall(comment)) <= TITLE and not SENTENCE_END.search(comment):
        return True
    lines = [line for line in comment.split(b"\n") if line.strip(b" \t\r/*#-")]
    is_code = b";" in comment and all(map(CODE_END.search, lines))
    return is_code and not MARKED.match(comment)


def comment_apart(source: Source, unit: Span, comment: Span | None) -> Span | None:
    """Return *comment*, which a blank line parts from the unit, where its form says that it documents what follows."""
    if comment is None or not source.utf8.startswith(DOCUMENTING, comment.start):
        return None
    opens_file = not source.utf8[: comment.start].strip()
    return None if opens_file or source.utf8[comment.end : unit.start].strip() else comment
