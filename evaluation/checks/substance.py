"""
`substance`: is the body more than a stub? In: answers in their files. Out: a result each, with the calls that count.

An answer has substance when it is no stub (only `pass`, `...`, a string, a constant return, `raise
NotImplementedError`) and calls at least half of the distinct names that the reference calls. What stands behind a
`return`, `raise` or panic of its own block, or under a condition that is never true, is never called. A reference that
calls nothing decides nothing here: such a probe needs tests.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tree_sitter import Node, QueryCursor

from ...mining.corpus import Corpus
from ...mining.source import Source, Span
from ...mining.wording import counted
from .check import Answer, Check, Remark, Result

SHARE = 0.5
LAST_NAME = re.compile(r"[^\W\d]\w*$")
EMPTY = frozenset({"pass_statement", "comment", "ellipsis", "string", "line_comment", "block_comment"})
CONSTANTS = frozenset(
    {"none", "true", "false", "integer", "float", "string", "list", "dictionary", "tuple", "ellipsis"}
)

BLOCKS = frozenset({"block", "statement_list", "statement_block", "compound_statement", "constructor_body"})
LEAVES = re.compile(r"(return|raise|throw|break|continue)_(statement|expression)")
PANICS = re.compile(rb"panic\(|(todo|panic|unimplemented|unreachable)!")
KEPT = frozenset(
    {"function_declaration", "generator_function_declaration", "function_item", "local_function_statement"}
)
"""Functions that may be called before the place where they stand."""
BRANCHES = re.compile(r"(if|while)_(statement|expression)|elif_clause")
NEVER = frozenset({b"false", b"False", b"0", b"None", b"not True", b"!true"})


class SubstanceCheck:
    """
    Calls, compared with the reference's.
    """

    name = "substance"
    order = 30
    repeats = 1
    settings: Mapping[str, Any] = {"version": 3, "share": SHARE}

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return whether each answer has substance."""
        return [judge_answer(answer) for answer in answers]


def judge_answer(answer: Answer) -> Result:
    """Return whether one answer calls enough of what the reference calls."""
    wanted = called_names(answer.reference, answer.reference_span)
    if not wanted:
        return Result(None, "unsupported")
    found = called_names(answer.source, answer.span)
    share, missing = len(wanted & found) / len(wanted), sorted(wanted - found)
    detail = {"wanted": sorted(wanted), "missing": missing, "share": round(share, 4)}
    line = answer.source.line_of(answer.span.start)
    if is_stub(answer.source, answer.span):
        return Result(False, "fail_substance", detail, (Remark("stub", line, "the body does nothing"),))
    if share >= SHARE:
        return Result(True, "ok", detail)
    calls = f"calls {len(wanted & found)} of the {counted(len(wanted), 'name')} that the reference calls"
    message = f"{calls}; missing: {', '.join(missing)}"
    return Result(False, "fail_substance", detail, (Remark("calls", line, message, "advise"),))


def called_names(source: Source, span: Span) -> set[str]:
    """Return the last names of everything that is called within *span*: `nx.degree(G)` calls `degree`."""
    cursor = QueryCursor(source.language.token_query)
    cursor.set_byte_range(span.start, max(span.start, span.end))
    nodes = cursor.captures(source.tree.root_node).get("call", [])
    inside = [node for node in nodes if span.start <= node.start_byte and node.end_byte <= span.end]
    unreached = find_unreached(source, span)
    inside = [node for node in inside if not lies_in(unreached, node.start_byte)]
    names = (LAST_NAME.search((node.text or b"").decode("utf-8", "replace")) for node in inside)
    return {name[0] for name in names if name is not None}


def find_unreached(source: Source, span: Span) -> list[tuple[int, int]]:
    """Return where code of *span* is never run, in order and apart."""
    found: list[tuple[int, int]] = []
    waiting = [source.tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.end_byte <= span.start or node.start_byte >= span.end:
            continue
        unreached = list_unreached(node, span.start)
        found += [(child.start_byte, child.end_byte) for child in unreached]
        waiting.extend(child for child in node.named_children if child not in unreached)
    return sorted(found)


def list_unreached(node: Node, start: int) -> list[Node]:
    """Return the children of *node* that are never run; a statement before the byte *start* keeps none from it."""
    if BRANCHES.fullmatch(node.type):
        condition = node.child_by_field_name("condition")
        body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        never = condition is not None and (condition.text or b"").strip(b"() ") in NEVER
        return [body] if never and body is not None else []
    if node.type not in BLOCKS:
        return []
    children = node.named_children
    last = next((i for i, child in enumerate(children) if child.start_byte >= start and leaves(child)), len(children))
    after = children[last + 1 :]
    # a jump may lead to a label
    labelled = next((i for i, child in enumerate(after) if child.type == "labeled_statement"), len(after))
    return [child for child in after[:labelled] if child.type not in KEPT]


def leaves(node: Node) -> bool:
    """Claim that a statement leaves its block, whatever came before it."""
    if node.type == "expression_statement" and node.named_child_count:
        inner = node.named_children[0]
        return bool(LEAVES.fullmatch(inner.type) or PANICS.match(inner.text or b""))
    return LEAVES.fullmatch(node.type) is not None


def lies_in(stretches: Sequence[tuple[int, int]], byte: int) -> bool:
    """Claim that *byte* lies in one of *stretches*, which are in order and apart."""
    place = bisect(stretches, byte, key=lambda stretch: stretch[0])
    return place > 0 and byte < stretches[place - 1][1]


def is_stub(source: Source, span: Span) -> bool:
    """Claim that every statement of *span* does nothing."""
    return all(is_empty(node) for node in top_nodes(source.tree.root_node, span))


def top_nodes(root: Node, span: Span) -> list[Node]:
    """Return the outermost named nodes that lie within *span*."""
    nodes: list[Node] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.end_byte <= span.start or node.start_byte >= span.end:
            continue
        if span.start <= node.start_byte and node.end_byte <= span.end and node.type != "block":
            nodes.append(node)
        else:
            waiting.extend(node.named_children)
    return nodes


def is_empty(node: Node) -> bool:
    """Claim that a statement does nothing: it passes, states or returns a constant, or says it is not implemented."""
    if node.type in EMPTY:
        return True
    children = node.named_children
    if node.type == "expression_statement":
        return all(child.type in CONSTANTS for child in children)
    if node.type == "return_statement":
        return all(child.type in CONSTANTS and child.named_child_count == 0 for child in children)
    return node.type == "raise_statement" and b"NotImplementedError" in (node.text or b"")


def make_check(corpus: Corpus, repository: Path | None) -> Check:  # noqa: ARG001 - the signature of every check
    """Return the check; it needs nothing but the grammar's query."""
    return SubstanceCheck()
