"""
What a house tells others to use no more. In: a source and its definitions. Out: the names of those that it says so of.

A definition says it itself, by an attribute, by its documentation, or by a warning that it always gives; what is inside
of it is meant, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .definitions import Definition
from .source import Source

WORDS = (b"eprecat", b"EPRECAT", b"bsolete")
"""One of these is in whatever says so, and in few files."""
ATTRIBUTE = re.compile(
    rb"@(?:\w+\.)*[Dd]eprecated\b|#\[\\?[Dd]eprecated\b|\[\[deprecated\b|\[(?:System\.)?Obsolete\b"
    rb"|@available\([^)]*\bdeprecated\b"
)
ABOVE = re.compile(rb"[ \t]*(?:@|#\[|\[)")
"""What opens a line above a definition that may be of it."""
SAID = re.compile(
    rb"\A\W*(?:[rRuU]?[\"']{1,3}\s*)?(?i:deprecated)\b\s*(?:[.:,;(\n-]|alias|in\b|method|function|since|use\b|\Z)"
    rb"|^[\s/*#!-]*(?:@deprecated\b|\\deprecated\b|(?:Deprecated|DEPRECATED):)",
    re.MULTILINE,
)
DIRECTIVE = re.compile(rb"^([ \t]*)\.\. deprecated::([^\n]*(?:\n[ \t]*\S[^\n]*)*)", re.MULTILINE)
"""What says so to Sphinx; of a part of the definition where it stands below that part."""
OF_A_PART = re.compile(rb"argument|attribute|keyword|kwarg|option|parameter|passing|value", re.IGNORECASE)
WARNING = re.compile(rb"\s*(?:\w+\.)*warn\w*\((?:[^()]|\([^()]*\))*?Deprecat(?:[^()]|\([^()]*\))*\)\s*\S")
"""A warning that opens a body of Python; one that is all of a body is given for others."""


def deprecated_names(source: Source, definitions: Sequence[Definition]) -> frozenset[str]:
    """Return the symbols of *definitions* that are to be used no more."""
    if not any(word in source.utf8 for word in WORDS):
        return frozenset()
    gone: set[int] = set()
    for index, definition in enumerate(definitions):  # outer before inner
        if definition.parent in gone or is_deprecated(source, definition):
            gone.add(index)
    # of overloads one may go, and its name stay
    kept = {definition.symbol for index, definition in enumerate(definitions) if index not in gone}
    return frozenset(definitions[index].symbol for index in gone) - kept


def is_deprecated(source: Source, definition: Definition) -> bool:
    """Claim that a definition says that nobody shall use it any more."""
    if ATTRIBUTE.search(opening_of(source, definition)):
        return True
    doc = b"" if definition.doc is None else source.utf8[definition.doc.start : definition.doc.end]
    if SAID.search(doc):
        return True
    code = b"" if definition.code is None else source.utf8[definition.code.start : definition.code.end].lstrip(b"\r\n")
    margin = code[: len(code) - len(code.lstrip(b" \t"))]
    if any(said[1] == margin and not OF_A_PART.search(said[2]) for said in DIRECTIVE.finditer(doc)):
        return True
    if source.language.name != "python" or definition.kind == "class":
        return False
    return WARNING.match(code) is not None


def opening_of(source: Source, definition: Definition) -> bytes:
    """Return what stands before the parameters of a definition, with the attributes on the lines above it."""
    first = source.line_of(definition.span.start)
    while first > 1 and ABOVE.match(source.utf8, source.line_starts[first - 2]):
        first -= 1
    end = definition.params.start if definition.params is not None else definition.head.end
    return source.utf8[source.line_starts[first - 1] : max(end, definition.head.start)]
