"""
Structure. In: definitions with several decorators. Out: what stands above what. Row G05 of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from tree_sitter import Node

from .convention import Choice, Convention, Edit, Examples, Place
from .view import FileView, decorator_name


class DecoratorOrder(Convention):
    """Which of two decorators stands above the other, for each pair that is used together."""

    id = "G05"
    name = "decorator-order"
    question = "Which of {key} stands above?"
    fault = "{found} here, {wanted} in this codebase"
    query = "(decorated_definition) @site"
    is_mined = True
    examples = Examples(
        value="property above abstractmethod",
        key="abstractmethod and property",
        conforms=("class A:\n    @property\n    @abstractmethod\n    def f(self): pass",),
        departs=("class A:\n    @abstractmethod\n    @property\n    def f(self): pass",),
        nearly=("class A:\n    @abstractmethod\n    def f(self): pass",),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the order of every two different decorators."""
        decorators = [child for child in site.children if child.type == "decorator"]
        if len(decorators) < 2:
            return
        named = [(decorator_name(node).rpartition(".")[2], node) for node in decorators]
        for (upper, mark), (lower, _) in combinations(named, 2):
            if upper != lower:
                one, other = sorted((upper, lower))
                yield Choice(f"{upper} above {lower}", mark, f"{one} and {other}")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return two decorators exchanged, where there are no others."""
        wrapper = place.inside("decorated_definition")
        decorators = [node for node in wrapper.children if node.type == "decorator"] if wrapper is not None else []
        if len(decorators) != 2:
            return ()
        (a, b), (c, d) = ((node.start_byte, node.end_byte) for node in decorators)
        upper, lower = (place.source.utf8[x:y].decode() for x, y in ((a, b), (c, d)))
        return Edit(a, b, lower), Edit(c, d, upper)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        upper, _, lower = value.partition(" above ")
        return f"Put `@{upper}` above `@{lower}`."
