"""
Quality. In: a draft and the file it comes from. Out: nothing to object, or the reason why it cannot teach.

libcst is the exact, version-independent syntax gate for Python: tree-sitter accepts empty blocks and wrong indentation.
It sees one definition at a time, which costs a twentieth of parsing whole modules twice.
"""

from __future__ import annotations

import re

from ..definitions import Definition
from ..pairs.kind import Draft
from ..source import Source

SHORTEST_RESPONSE = 12
"""Characters; shorter bodies (`pass`, `...`) teach nothing."""
LONGEST_RESPONSE = 6_000
STUB = re.compile(r"\s*(pass|\.\.\.|raise NotImplementedError(\(.*\))?|return None|return)\s*(#.*)?")
BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
"""Characters that make code read otherwise than it runs (CVE-2021-42574)."""


def object_to(draft: Draft) -> str:
    """Return why *draft* is dropped, judged by its text alone, or nothing."""
    response = draft.response
    if len(response.strip()) < SHORTEST_RESPONSE and draft.kind != "infill":
        return "short"
    if len(response) > LONGEST_RESPONSE:
        return "long"
    if draft.kind == "implement" and STUB.fullmatch(response):
        return "stub"
    if BIDIRECTIONAL.search(response) or BIDIRECTIONAL.search(draft.instruction):
        return "bidirectional_control"
    return ""


def broken_definition(source: Source, definition: Definition) -> bool:
    """Claim that a Python definition, taken by itself, is not valid syntax."""
    import libcst

    text = source.slice(definition.span)
    lines = text.split("\n")
    indent = definition.span.start - source.line_starts[source.line_of(definition.span.start) - 1]
    if indent:
        # a block may stand under any head: `if True:` carries the indentation, so that no line has to change
        margin = source.utf8[definition.span.start - indent : definition.span.start].decode("utf-8")
        text = "if True:\n" + margin + "\n".join(lines)
    try:
        libcst.parse_module(text + "\n")
    except Exception:  # libcst raises bare exceptions on some inputs it cannot read
        return True
    return False
