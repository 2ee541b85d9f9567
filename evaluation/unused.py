"""
Imports that fixes left behind. In: a source before its fixes and after. Out: edits that take out what nobody uses now.

Only names of `typing` are taken out, for those are what fixes spell otherwise, and none that nobody used before. A name
is used where code, a quoted type, a doctest or a comment on types has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from tree_sitter import Node

from ..mining.conventions.convention import Edit
from ..mining.source import Source, text_of

TYPE_COMMENT = re.compile(r"#\s*type:")
BLANK_LINES = re.compile(rb"(?:[ \t]*\r?\n)*")
LAST_LINES = re.compile(rb"(?<=\n)(?:[ \t]*\r?\n)+\Z")


def drop_unused(before: Source, after: Source) -> tuple[Edit, ...]:
    """Return the edits that take out of *after* the names of `typing` that *before* used and it does not."""
    if before.language.name != "python" or after.path.endswith("__init__.py") or after.text == before.text:
        return ()
    was_used, is_used = used_words(before), used_words(after)
    return tuple(
        chain.from_iterable(
            edits_of(statement, [text_of(name) in was_used - is_used for name in names], names, after)
            for statement, names in typing_imports(after)
        )
    )


def typing_imports(source: Source) -> Iterator[tuple[Node, list[Node]]]:
    """Yield the module's own statements that import `typing` or names from it, with what they import."""
    for statement in source.tree.root_node.named_children:
        module = statement.child_by_field_name("module_name")
        imported = statement.children_by_field_name("name")
        # of `import typing` the module itself is what is named
        source_of = [module] if module is not None else imported
        if statement.type.startswith("import_") and [text_of(node) for node in source_of] == ["typing"]:
            yield statement, imported


def used_words(source: Source) -> set[str]:
    """Return the words that the code of *source* names, imports left out."""
    found: set[str] = set()
    waiting = [source.tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.type in ("import_statement", "import_from_statement"):
            continue
        if node.type == "identifier" or (node.type in ("string", "comment") and may_name(node)):
            found.update(re.findall(r"\w+", text_of(node)))
        waiting += node.named_children
    return found


def may_name(node: Node) -> bool:
    """Claim that a string or a comment is more than text: what it says may be run, or read as a type."""
    text = text_of(node)
    if node.type == "comment":
        return TYPE_COMMENT.match(text) is not None
    is_text = node.parent is not None and node.parent.type == "expression_statement"
    return not is_text or ">>>" in text


def edits_of(statement: Node, unused: list[bool], names: list[Node], source: Source) -> list[Edit]:
    """Return the edits that take the *unused* of its *names* out of an import, which goes with the last of them."""
    following = statement.next_sibling
    has_comment = any(child.type == "comment" for child in statement.children) or (
        following is not None and following.type == "comment" and following.start_point.row == statement.end_point.row
    )
    shares_line = any(node is not None and node.type == ";" for node in (statement.prev_sibling, following))
    if not any(unused) or has_comment or shares_line:
        return []
    if all(unused):
        return [whole_lines(statement, source.utf8)]
    kept = [name for name, is_idle in zip(names, unused, strict=True) if not is_idle]
    # each takes what is between it and the next name with it; one behind the last that stays, what is before it
    return [
        Edit(name.start_byte, names[place + 1].start_byte, "")
        if name.start_byte < kept[-1].start_byte
        else Edit(names[place - 1].end_byte, name.end_byte, "")
        for place, (name, is_idle) in enumerate(zip(names, unused, strict=True))
        if is_idle
    ]


def whole_lines(statement: Node, data: bytes) -> Edit:
    """Return the edit that takes out the lines of *statement*; of empty lines on both sides those above go, too."""
    end = data.find(b"\n", statement.end_byte) + 1 or len(data)
    below = BLANK_LINES.match(data, end)
    above = LAST_LINES.search(data[: statement.start_byte])
    if below is not None and below.group():
        if statement.start_byte == 0:
            return Edit(0, below.end(), "")
        if above is not None:
            return Edit(above.start(), end, "")
    return Edit(statement.start_byte, end, "")
