"""
What a repository offers. In: definitions. Out: the API index: modules, their symbols and signatures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .definitions import Definition
from .source import Source

LONGEST_SIGNATURE = 300


@dataclass(frozen=True, slots=True)
class Symbol:
    """
    One name that a module offers.
    """

    name: str
    """Dotted inside its module: `Graph.add_node`."""
    kind: str
    signature: str
    """Its parameters as written, brackets included, on one line; empty where it has none."""
    line: int
    public: bool


def file_symbols(source: Source, definitions: list[Definition]) -> tuple[Symbol, ...]:
    """Return the module-level symbols of a file, and the members of its classes."""
    symbols: list[Symbol] = []
    for definition in definitions:
        around = definition.parent is None or definitions[definition.parent].kind == "class"
        if around:
            text = "" if definition.params is None else " ".join(source.slice(definition.params).split())
            symbols.append(
                Symbol(
                    name=definition.symbol,
                    kind=definition.kind,
                    signature=text[:LONGEST_SIGNATURE],
                    line=source.line_of(definition.span.start),
                    public=not any(part.startswith("_") for part in definition.symbol.split(".")),
                )
            )
    return tuple(symbols)


def build_index(files: Iterable[tuple[str, tuple[Symbol, ...]]]) -> dict[str, object]:
    """Return the index as `api.json` holds it: symbols by path, in order of path and line."""
    return {
        "schema": "idiolect.api/1",
        "files": {path: [asdict(symbol) for symbol in symbols] for path, symbols in sorted(files) if symbols},
    }
