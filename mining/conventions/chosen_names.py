"""
Which definitions were named where they stand. In: a file of any language. Out: their names.

A name may be given elsewhere, as those of constructors, of methods that another type asks for and of functions that C
calls or has are, or put together when the program runs; and where an attribute tells a linter to be silent of a name,
its author knows that it is not the house's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from ..source import text_of
from .anyfacts import is_given_before, last_part
from .anyview import AnyView, Name, Unit
from .sought_names import sought_in

FIXED = re.compile(
    rb"\b(?:allow|expect)\s*\([^)]{0,400}?\b(?:bad_style|non_camel_case_types|non_snake_case|nonstandard_style)\b"
    rb"|\bSuppress(?:Message|Warnings)?\s*\([^)]{0,400}?[Nn]am(?:e\b|ing)"
    rb"|\b(?:export_name|no_mangle|DllImport|LibraryImport|StructLayout)\b|\bdeclare\s+(?:global|module|namespace)\b"
)
"""What says that names are not free, in an attribute, or at the head of what others have named."""
WORDS = (
    *(b"Suppress", b"_case", b"_style", b"declare ", b"export_name", b"no_mangle"),
    *(b"DllImport", b"LibraryImport", b"StructLayout"),
)
"""A file that holds none of them is not searched: to look for words takes a tenth of the time."""
HOLDER = re.compile(r"^(?:ambient_declaration|annotated_expression)$|annotation|attribute|modifiers")
"""Kinds of nodes that speak of the definition which they stand in, or before."""
BEFORE = frozenset({"annotated_expression", "attribute_item"})
"""Those that stand before it; what Kotlin annotates at the top of a file, its grammar takes for an expression."""
EXTERN = "extern"
"""The body of a function in Scala Native that C has, and named."""
JNA = b"com.sun.jna"
"""The package that finds functions of C by the names which they have on the Java virtual machine."""
OF_JNA = re.compile(
    rb"^[^({]*\b(?:class|interface|trait)\s[^{]*(?:\bextends|[:,]|\bwith)\s*"
    rb"(?:\w+\.)*(?:\w*Library|PointerType|Structure|Union)\b"
)
"""How a type begins that stands for a library of C, or for a type in one."""
WRAPPING = frozenset({"zig"})
"""Languages in which what wraps a function of the system is called like it."""
ACCESS = frozenset({"get", "set"})
"""Words before the name of a method by which it is a property."""
FAMILY = re.compile(r"[A-Z]{2,}[A-Z][a-z]+(?=[A-Z])")
"""What opens the names of functions which others gave together: `XCTAssert` of `XCTAssertEqual`."""


def own_names(file: AnyView) -> Iterator[Name]:
    """Yield the names of the definitions of *file* that were chosen there."""
    is_sought = sought_in(file)
    fixed = fixed_spans(file)
    starts = [start for start, _ in fixed]
    around: list[tuple[str, int]] = []
    for unit in file.units:
        name, end = unit.name, unit.last.end_byte
        around = [outer for outer in around if outer[1] >= end]
        place = bisect_right(starts, name.node.start_byte) - 1
        is_fixed = place >= 0 and name.node.start_byte < fixed[place][1]
        is_taken = is_fixed or is_sought(name.text) or is_wrapper(file, unit) or is_one_more(file, name)
        if not (is_taken or is_constructor(name, [outer for outer, _ in around]) or is_given(file, unit)):
            yield name
        around.append((name.text, end))


def is_constructor(name: Name, around: list[str]) -> bool:
    """Claim that a function has the name of its class, one of the units *around* it or what stands before `::`."""
    owner, _, text = name.text.rpartition("::")
    return name.kind == "function" and text.lstrip("~") in {last_part(owner.partition("<")[0]), *around}


def is_wrapper(file: AnyView, unit: Unit) -> bool:
    """Claim that a definition has the name of what it calls of another, where a language's custom is to call it so."""
    called = f".{unit.name.text}(".encode()
    is_asked = file.source.language.name in WRAPPING
    return is_asked and file.utf8.find(called, unit.name.node.end_byte, unit.last.end_byte) >= 0


def is_one_more(file: AnyView, name: Name) -> bool:
    """Claim that a function is called like others, which *file* calls and which are not its own."""
    head = FAMILY.match(name.text) if name.kind == "function" else None
    if head is None:
        return False
    called = {last_part(text_of(node)) for node in file.calls} - {unit.name.text for unit in file.units}
    return any(each.startswith(head[0]) for each in called)


def is_given(file: AnyView, unit: Unit) -> bool:
    """Claim that a definition has the name of what it overrides, extends, implements or specializes, or that C has."""
    around = unit.node.parent
    owner = around.parent if around is not None else None
    is_asked_for = owner is not None and owner.child_by_field_name("trait") is not None
    # an instance of Haskell has the functions of its class
    is_asked_for |= owner is not None and owner.type == "instance"
    is_of_c = any(each is not None and each.type == "linkage_specification" for each in (around, owner))
    body = unit.node.child_by_field_name("body")
    is_of_c |= body is not None and text_of(body).strip() == EXTERN
    is_of_c |= JNA in file.utf8 and any(OF_JNA.match(each.text or b"") for each in (unit.node, owner) if each)
    is_special = unit.node.type in ("impl_item", "instance") or is_specialized(unit)
    # so do what implement a protocol of Elixir: each is called like its type
    is_special |= (unit.node.text or b"").startswith(b"defimpl ")
    is_special |= is_accessor(unit) or is_property(unit)
    return is_special or is_of_c or is_asked_for or is_given_before(file, unit)


def is_specialized(unit: Unit) -> bool:
    """Claim that a definition of C++ is that of a template for some of its arguments."""
    name = unit.name.node
    while name.type == "qualified_identifier" and (inner := name.child_by_field_name("name")) is not None:
        name = inner
    return name.type in ("template_function", "template_type")


def is_accessor(unit: Unit) -> bool:
    """Claim that a function in a class of C++ does no more than hand out a value, or set it, and may be called so."""
    body = unit.node.child_by_field_name("body")
    is_inner = unit.node.parent is not None and unit.node.parent.type == "field_declaration_list"
    does = [each.type for each in body.named_children if not each.is_extra] if body is not None and is_inner else []
    is_plain = does == ["return_statement"] or (does == ["expression_statement"] and unit.name.text.startswith("set_"))
    return is_plain and unit.name.kind == "function" and unit.name.text.islower()


def is_property(unit: Unit) -> bool:
    """Claim that a method of a script is read, or set, as a property, and called like what it stands for."""
    return any(child.type in ACCESS for child in unit.node.children)


def fixed_spans(file: AnyView) -> list[tuple[int, int]]:
    """Return where names of *file* are not free, in bytes and in order."""
    spans: list[tuple[int, int]] = []
    past = 0
    for found in FIXED.finditer(file.utf8) if any(word in file.utf8 for word in WORDS) else ():
        span = span_of_mark(file, found.start()) if found.start() >= past else None
        if span is not None:
            spans.append(span)
            past = span[1]
    return sorted(spans)


def span_of_mark(file: AnyView, byte: int) -> tuple[int, int] | None:
    """Return the definition that an attribute at *byte* speaks of, or the block that it opens; None for other code."""
    node = file.root.descendant_for_byte_range(byte, byte + 1)
    while node is not None and not HOLDER.search(node.type):
        node = node.parent
    while node is not None and node.parent is not None and HOLDER.search(node.parent.type):
        node = node.parent
    start = node.start_byte if node is not None else 0
    if node is not None and node.type in BEFORE:
        while node is not None and (node.is_extra or node.type in BEFORE):
            node = node.next_named_sibling
    elif node is not None and node.type != "ambient_declaration":
        node = node.parent
    return (min(start, node.start_byte), node.end_byte) if node is not None else None
