"""
What a value has. In: its type as the resolver names it, an attribute, a location. Out: whether it certainly lacks that.

The resolver knows a value by one of its types where there may be several, and knows no attribute that code puts there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .bindings import is_bound_anew, is_written_as
from .guards import asserted_above, is_guarded, is_skipped, lines_around
from .house import House
from .library import is_given_by_library
from .location import Location

PLAIN_TYPES = ("str", "bytes", "dict", "set", "frozenset")
"""Built-in types that the resolver says of a value only when it is one; numbers and lists are often arrays."""
BUILT_IN = (str, bytes, dict, set, frozenset, list, tuple, int, float)
MANGLED = re.compile(r"^_+[A-Za-z0-9]\w*?(?=__\w)")
"""What Python puts before a name that opens with two underscores."""


def value_lacks(owner: str, name: str, house: House, at: Location) -> bool:
    """Claim that a value of one known, plain kind lacks an attribute, which nothing in the repository can give it."""
    own, kind = at.own, owner.partition("[")[0]
    if not kind.replace(".", "").isidentifier():
        return False  # a signature, or several types
    is_of_self = re.search(rb"\b(?:self|cls)\.%b\b" % name.encode(), own) is not None
    # a class of another's may be called as one of the house: what is private there is seen by nobody
    if name.startswith("_") and not is_of_self:
        return False
    if is_asked_for_another(owner, at) or is_skipped(at):
        return False
    for held in re.findall(rb"\b(?:self|cls)\.(\w+)\.%b\b" % name.encode(), own):
        given = re.compile(rb"\b(?:self|cls)\.%b\s*(?::[^=]*)?=(?!=)" % held)
        if sum(given.search(line) is not None for line in at.lines) > 1:
            return False  # the resolver knows it by one of its values
    if any(is_declared(held, owner, house) for held in re.findall(rb"\.(\w+)\.%b\b" % name.encode(), own)):
        return False
    if owner in PLAIN_TYPES and re.search(rb"\]\.%b\b" % name.encode(), own):
        return False  # of what a display holds side by side it knows but one type
    is_plain = owner in PLAIN_TYPES or (house.class_is_plain(kind) and (is_of_self or house.means_one(kind)))
    if not is_plain or "|" in owner or house.mentions(MANGLED.sub("", name), own):
        return False
    # what derives from another's has what that one has in some version
    if house.has_foreign_base(kind) and (is_guarded(at) or is_given_by_library(name, house, at)):
        return False
    held = re.findall(rb"(?<![\w.])(\w+)\.%b\b" % name.encode(), own)
    if owner in PLAIN_TYPES and may_be_another(owner, name, held, house, at):
        return False
    return not any(is_bound_anew(each.decode(), at) for each in held)


def may_be_another(owner: str, name: str, held: Sequence[bytes], house: House, at: Location) -> bool:
    """Claim that what is asked for *name*, which stands in the names *held*, may be of no built-in type *owner*."""
    if any(is_taken_out(each, at.lines) or is_taken_from_attribute(each, at.lines) for each in held):
        return True
    if not any(hasattr(kind, name) for kind in BUILT_IN) and not house.asks_others(name, at.own):
        return False
    # of several types that a value is declared to have, or a function to give, the resolver may name one
    return not is_written_as(owner, name, at) and not any(is_asked_for(owner, each, at) for each in held)


def is_taken_from_attribute(held: bytes, lines: Sequence[bytes]) -> bool:
    """Claim that a name goes through what an attribute holds: a library's collection may say less than it gives."""
    taken = re.compile(rb".*\bfor\s+%b\s+in\s+\w+\.[\w.]+\s*(?::|\]|\)|if\b|$)" % held)
    return any(map(taken.match, lines))


def is_taken_out(held: bytes, lines: Sequence[bytes]) -> bool:
    """Claim that a name is bound to what a display holds, of whose parts the resolver may know but one type."""
    taken = re.compile(rb"\s*%b\s*=\s*[\w.]+\[.*\]\s*$" % held)
    return any(map(taken.match, lines))


def is_declared(held: bytes, owner: str, house: House) -> bool:
    """
    Claim that a class of the house declares its attribute *held* by an *owner*, as `size = Number()`.

    What its objects have there may be another value, which a descriptor or a metaclass gives them.
    """
    declared = re.compile(rb"%b\s*(?::[^=]*)?=[^=].*\b%b\(" % (held, owner.encode()))
    return any(declared.match(line) for line, _ in house.lines_with(owner))


def is_asked_for_another(owner: str, at: Location) -> bool:
    """Claim that the line stands in a block for values of another type than *owner*, or of parts of it."""
    word = re.compile(rb"\b%b\b" % owner.partition("[")[0].encode())
    return any(not word.search(line) for line in asked_types(at))


def is_asked_for(owner: str, held: bytes, at: Location) -> bool:
    """Claim that the line stands in a block where the name *held* has a value of type *owner*."""
    word = re.compile(rb"\bisinstance\(\s*%b\b.*\b%b\b" % (held, owner.encode()))
    return any(map(word.search, asked_types(at)))


def asked_types(at: Location) -> list[bytes]:
    """
    Return the lines that say of which types values are in the block around a line.

    What is asserted above it in its function counts as well: of parts that may be of two types the resolver names one.
    """
    around = (line for line, _ in lines_around(at))
    return [*(line for line in around if b"isinstance(" in line), *asserted_above(at)]
