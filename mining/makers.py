"""
What a class is called with that defines no maker. In: the class in its file, then those of all. Out: its parameters.

A class that is decorated as data, or derives from a model, takes its annotated attributes, those of its bases before
them; any other takes what the first of its bases takes that tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tree_sitter import Node

from .conventions.facts import ClassFact, FileFacts
from .definitions import Definition, find_units
from .source import Source, Span

if TYPE_CHECKING:  # it imports this module
    from .api import Symbol

OF_ATTRS = frozenset(
    {f"{package}.{name}" for package in ("attr", "attrs") for name in ("define", "frozen", "mutable")}
    | {"attr.attrs", "attr.dataclass", "attr.s"}
)
MAKERS = frozenset({"__init__", "__new__"})
DATA = OF_ATTRS | {"dataclasses.dataclass", "pydantic.dataclasses.dataclass"}
"""Decorators that write the maker of a class."""
BY_NAME = frozenset({"pydantic.BaseModel", "typing.TypedDict", "typing_extensions.TypedDict"})
"""Bases that do so for all that derives from them, where everything is given by name."""
MODELS = BY_NAME | {"msgspec.Struct", "typing.NamedTuple", "typing_extensions.NamedTuple"}
NO_MAKERS = frozenset({"abc.ABC", "object", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol"})
"""Bases that are called with nothing, and leave that to the next one."""
MORE = re.compile(r"(?:[\w.]+\.)?(?:Field|attrib|field|ib)\((?P<given>.*)\)", re.DOTALL)
"""What says more of an attribute than its default."""
TOLD = re.compile(r"(?:\A\s*(?!\.\.\.|\*)|\bdefault\s*=\s*)(?P<value>[^=,()]+?)\s*(?:,|\Z)")
"""A default among what it is given."""
DEFAULT = re.compile(r"\s*(?!\.\.\.|\*)[^=,]+(?:,|\Z)|.*\b(?:default|default_factory|factory)\s*=", re.DOTALL)
"""What it is given where that is, or makes, a default."""
LONGEST_DEFAULT = 30
"""Characters; of a longer one is only said that there is one."""
MOST_BASES = 100
"""Classes above one that are looked at."""
EDGES = re.compile(r"(?<=[(\[{])\s+|,?\s+(?=\)$|[\]}])|\s+(?=\))")
"""What a line break leaves beside brackets; a comma before an inner `)` may be what makes a tuple."""


class Field(NamedTuple):
    """
    An attribute that a class may be called with.
    """

    name: str
    text: str
    """As a parameter is written."""
    by_name: bool
    """Whether it is given by its name alone."""


class Making(NamedTuple):
    """
    What a class says of how it is made.
    """

    bases: tuple[str, ...]
    """Dotted; without a dot those that are built in."""
    has_maker: bool
    """Whether it defines one, or several, itself."""
    is_data: bool
    """Whether a decorator makes one of its fields."""
    fields: tuple[Field, ...]


Find = Callable[[str], "Symbol | None"]
"""Finds the class of the house that has a dotted name."""


def read_makings(source: Source, definitions: Sequence[Definition], facts: FileFacts) -> dict[str, Making]:
    """Return what the classes among the *definitions* of a file say of how they are made, by their symbols."""
    if not facts.classes:
        return {}
    told = {fact.symbol: fact for fact in facts.classes}
    own = {definition.symbol for definition in definitions if definition.parent is None}
    made = {definition.symbol.rpartition(".")[0] for definition in definitions if definition.name in MAKERS}
    makings: dict[str, Making] = {}
    for definition in definitions:
        fact = told.get(definition.symbol) if definition.kind == "class" else None
        if fact is not None:
            bases = tuple(f"{facts.module}.{base}" if base in own else base for base in fact.bases)
            making = Making(bases, definition.symbol in made, not DATA.isdisjoint(fact.decorators), ())
            has_fields = making.is_data or (bases and not making.has_maker)
            makings[fact.symbol] = add_fields(source, definition, fact, making) if has_fields else making
    return makings


def add_fields(source: Source, definition: Definition, fact: ClassFact, making: Making) -> Making:
    """Return *making*, of the class that *definition* and *fact* are of, with its fields."""
    head = source.slice(Span(definition.span.start, definition.head.end))
    body = find_units(source).units[definition.span][1]["unit.body"][0]
    of_attrs = not OF_ATTRS.isdisjoint(fact.decorators)
    fields = read_fields(source, body, of_attrs=of_attrs, by_name="kw_only=True" in head)
    return making._replace(is_data=making.is_data and "init=False" not in head, fields=tuple(fields))


def read_fields(source: Source, body: Node, *, of_attrs: bool, by_name: bool) -> Iterator[Field]:
    """Yield the attributes in the *body* of a class that it may be called with."""
    for statement in body.named_children:
        node = statement.named_children[0] if statement.type == "expression_statement" else statement
        if node.type != "assignment" or not (of_attrs or node.child_by_field_name("type")):
            continue
        parts = [node.child_by_field_name(part) for part in ("left", "type", "right")]
        name, hint, value = (source.slice(Span(p.start_byte, p.end_byte)) if p is not None else "" for p in parts)
        more = MORE.fullmatch(value)
        given = more["given"] if more is not None else ""
        if "KW_ONLY" in hint:
            by_name = True
        elif not name.isidentifier() or "ClassVar" in hint or "init=False" in given:
            continue
        elif hint or (of_attrs and more):
            default = default_in(given) if more is not None else value
            name = name.lstrip("_") if of_attrs else name
            yield Field(name, as_parameter(name, hint, default), by_name or "kw_only=True" in given)


def default_in(given: str) -> str:
    """Return the default in what is *given* to say more of an attribute, or a sign for it; nothing without one."""
    told = TOLD.search(given)
    return told["value"] if told is not None else "..." if DEFAULT.match(given) else ""


def as_parameter(name: str, hint: str, default: str) -> str:
    """Return how a parameter is written, on one line."""
    hinted = f"{name}: {on_one_line(hint)}" if hint else name
    shown = default if len(default) <= LONGEST_DEFAULT and "\n" not in default else "..."
    return f"{hinted}{' = ' if hint else '='}{shown}" if default else hinted


def on_one_line(params: str) -> str:
    """Return a list of parameters as it is written where it fits on a line."""
    text = " ".join(params.split())
    return EDGES.sub("", text) if "\n" in params else text


def maker_of(symbol: Symbol, find: Find) -> str:
    """Return what a class is called with; nothing where the house does not tell."""
    line = line_of(symbol, find)
    model = next((name for name, _ in line if name in MODELS), "")
    for name, above in line:
        if above is None:
            if name not in NO_MAKERS:
                return ""
        elif above.signature or above.making is None or above.making.has_maker:
            return above.signature
        elif model or above.making.is_data:
            fields = fields_of(line_of(above, find), model)
            return "" if fields is None else in_brackets(fields.values(), by_name=model in BY_NAME)
    return ""


def line_of(symbol: Symbol, find: Find) -> list[tuple[str, Symbol | None]]:
    """Return a class and what it derives from, each once and before its own bases; None for what is not the house's."""
    line: list[tuple[str, Symbol | None]] = [(symbol.name, symbol)]
    waiting = list(symbol.making.bases[::-1]) if symbol.making is not None else []
    seen: set[str] = set()
    while waiting and len(line) < MOST_BASES:
        base = waiting.pop()
        if base not in seen:
            seen.add(base)
            above = find(base)
            line.append((base, above))
            waiting.extend(above.making.bases[::-1] if above is not None and above.making is not None else ())
    return line


def fields_of(line: Sequence[tuple[str, Symbol | None]], model: str) -> dict[str, Field] | None:
    """Return the fields of the first class of a *line*, of a *model* if that is named; None where one is not known."""
    fields: dict[str, Field] = {}
    for name, above in reversed(line):
        # what is built in has none
        if above is None and "." in name and name not in MODELS | NO_MAKERS:
            return None
        if above is not None and above.making is not None and (model or above.making.is_data):
            # what is private in a model is its own
            fields |= {field.name: field for field in above.making.fields if not (model and field.name[0] == "_")}
    return fields


def in_brackets(fields: Iterable[Field], *, by_name: bool) -> str:
    """Return *fields* as a list of parameters."""
    named = [field.text for field in fields if by_name or field.by_name]
    placed = [field.text for field in fields if not (by_name or field.by_name)]
    return f"({', '.join([*placed, *(['*', *named] if named else [])])})"
