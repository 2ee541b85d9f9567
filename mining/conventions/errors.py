"""
Errors. In: handlers and raises. Out: how causes are named and how broadly is caught. Rows E03 and E04 of the catalogue.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from ..source import field_of, text_of
from .convention import Convention, Edit, Examples, Place
from .view import FileView

HANDED_ON = re.compile(
    r"(^|:)\s*(?:raise\b|(?:self|pytest)\.fail\(|self\.handleError\()|\.exception\(|\bexc_info\s*=", re.MULTILINE
)
"""
What a handler does that hides nothing: it raises, fails a test, logs where the exception came from, or does as what
writes a log is to do when it fails.
"""
WARNED = r"\blog\w*\.(?:warning|error|critical)\((?s:.*)\b"
"""What stands before an exception's name where a handler warns of it."""
PASSED = r"([\w.]+)\((?:[^()]*,)?\s*(?:\w+\s*=\s*)?{}\s*[,)]"
"""How a call is given an exception, whose name is to be filled in."""
SAYING = re.compile(
    r"\blog|(?:^|[._])(?:debug|echo|format|info|isinstance|len|print|repr|secho|str|type|warn|write)(?:$|_)"
)
"""Names of functions that take an exception for what it says."""


class Chaining(Convention):
    """Whether an exception raised in a handler names its cause."""

    id = "E03"
    name = "exception-chaining"
    question = "Does an exception raised while handling another name its cause?"
    instruction = "Raise with `from` inside an `except` clause."
    query = "(raise_statement) @site"
    linter_codes = frozenset({"B904", "W0707", "raise-missing-from"})
    never = frozenset({"no cause"})
    values = ("from", "no cause")
    examples = Examples(
        value="from",
        conforms=("try:\n    f()\nexcept OSError as e:\n    raise ValueError('x') from e",),
        departs=("try:\n    f()\nexcept OSError as e:\n    raise ValueError('x')",),
        nearly=("try:\n    f()\nexcept OSError:\n    raise", "raise ValueError('x')"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a new exception raised inside a handler has a `from`."""
        if file.handler() is None or not site.named_children or site.named_children[0].type != "call":
            return None
        return "from" if site.child_by_field_name("cause") is not None else "no cause"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the keyword."""
        return site.children[0]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the cause taken out; which cause to put in is for a person to say."""
        statement = place.inside("raise_statement")
        cause = field_of(statement, "cause")
        if value == "from" or statement is None or cause is None:
            return ()
        return (Edit(statement.named_children[0].end_byte, cause.end_byte, ""),)


class HandlerBreadth(Convention):
    """Whether handlers name what they catch."""

    id = "E04"
    name = "handler-breadth"
    question = "Does an `except` clause name what it catches?"
    instruction = "Name the exceptions that an `except` clause catches."
    query = "(except_clause) @site"
    linter_codes = frozenset(
        {"BLE001", "E722", "W0702", "W0703", "W0718", "bare-except", "broad-except", "broad-exception-caught"}
    )
    never = frozenset({"bare", "Exception"})
    values = ("named", "Exception", "bare")
    version = 5
    examples = Examples(
        value="named",
        conforms=("try:\n    f()\nexcept OSError:\n    pass",),
        departs=(
            "try:\n    f()\nexcept:\n    pass",
            "try:\n    f()\nexcept Exception:\n    pass",
            "try:\n    f()\nexcept Exception as e:\n    logger.debug('f: %s', e)",
            "try:\n    f()\nexcept Exception as e:\n    print('f', str(e))",
        ),
        nearly=(
            "try:\n    f()\nfinally:\n    g()",
            # the linters that report a broad handler leave one that hides nothing
            "try:\n    f()\nexcept BaseException:\n    g()\n    raise",
            "try:\n    f()\nexcept Exception as e:\n    if g(e): raise Failed() from e",
            "try:\n    f()\nexcept Exception as e:\n    self.fail(f'f: {e}')",
            "try:\n    f()\nexcept Exception:\n    self.handleError(record)",
            "try:\n    f()\nexcept Exception:\n    logger.exception('f')",
            "try:\n    f()\nexcept Exception:\n    logger.error('f', exc_info=True)",
            "try:\n    f()\nexcept Exception as e:\n    logger.warning('f: %s', g(e))",
            "try:\n    f()\nexcept Exception as e:\n    future.set_exception(e)",
            "try:\n    f()\nexcept Exception as e:\n    handle_error('f', error=e)",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return how broad the clause is, unless it is broad and hides nothing."""
        caught = caught_by(site)
        if caught is None:
            return "bare"
        text = text_of(caught).partition(" as ")[0].strip()
        if text not in ("Exception", "BaseException"):
            return "named"
        return None if hides_nothing(site) else "Exception"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the keyword."""
        return site.children[0]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return `Exception` in place of what the clause names."""
        clause = place.inside("except_clause")
        caught = caught_by(clause) if clause is not None else None
        if clause is None or caught is None or value != "Exception" or hides_nothing(clause):
            return ()
        if caught.type == "as_pattern":
            caught = caught.named_children[0]
        return (Edit(caught.start_byte, caught.end_byte, value),)


def caught_by(clause: Node) -> Node | None:
    """Return what stands between the keyword of an `except` clause and its block."""
    return next((child for child in clause.named_children if child.type not in ("block", "comment")), None)


def hides_nothing(clause: Node) -> bool:
    """Claim that an `except` clause raises, logs the exception with its traceback, warns of it, or passes it on."""
    caught, body = caught_by(clause), text_of(clause.named_children[-1])
    name = text_of(caught).partition(" as ")[2].strip() if caught is not None else ""
    if HANDED_ON.search(body) is not None:
        return True
    if not name:
        return False
    takers: list[str] = re.findall(PASSED.format(re.escape(name)), body)
    is_told = re.search(rf"{WARNED}{re.escape(name)}\b", body) is not None
    return is_told or not all(map(SAYING.search, takers))
