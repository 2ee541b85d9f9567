"""
Statements. In: imports, handlers, annotations. Out: which form is used. Rows I01, I03, E03, E04, T01.
"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from .convention import Choice, Convention, Examples
from .view import FileView, text_of


class ImportForm(Convention):
    """How a module is imported: one question a module."""

    id = "I01"
    name = "import-form"
    question = "How is `{key}` imported?"
    query = "(import_statement) @site (import_from_statement) @site"
    least_support = 10.0
    is_mined = True
    examples = Examples(
        value="import numpy as np",
        key="numpy",
        conforms=("import numpy as np",),
        departs=("import numpy", "from numpy import array"),
        nearly=("import numpy.linalg", "from .numpy import x"),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the form of each module that the statement names."""
        if site.type == "import_from_statement":
            module = site.child_by_field_name("module_name")
            if module is not None and module.type == "dotted_name":
                yield Choice(f"from {text_of(module)} import …", module, text_of(module))
            return
        for child in site.named_children:
            name = child.child_by_field_name("name") if child.type == "aliased_import" else child
            if name is not None:
                yield Choice(f"import {text_of(child)}", name, text_of(name))

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Import {key} as `{value}`."


class InnerImports(Convention):
    """Whether modules of the same package are imported relatively; asked of files inside a package."""

    id = "I03"
    name = "inner-imports"
    question = "How are modules of the own package imported?"
    query = "(import_from_statement) @site"
    examples = Examples(
        value="relative",
        path="package/module.py",
        conforms=("from .other import x", "from . import other"),
        departs=("from package.other import x",),
        nearly=("from packages.other import x", "from os import path"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the form of an import from the file's own top-level package."""
        module = site.child_by_field_name("module_name")
        package = file.path.removeprefix("src/").partition("/")[0]
        if module is None or "/" not in file.path:
            return None
        if module.type == "relative_import":
            return "relative"
        return "absolute" if text_of(module).partition(".")[0] == package else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the module's name."""
        return site.child_by_field_name("module_name") or site

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Import modules of the own package by {value} imports."


class Chaining(Convention):
    """Whether an exception raised in a handler names its cause."""

    id = "E03"
    name = "exception-chaining"
    question = "Does an exception raised while handling another name its cause?"
    query = "(raise_statement) @site"
    never = frozenset({"no cause"})
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

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Raise with `from` inside an `except` clause."


class HandlerBreadth(Convention):
    """Whether handlers name what they catch."""

    id = "E04"
    name = "handler-breadth"
    question = "Does an `except` clause name what it catches?"
    query = "(except_clause) @site"
    never = frozenset({"bare", "Exception"})
    examples = Examples(
        value="named",
        conforms=("try:\n    f()\nexcept OSError:\n    pass",),
        departs=("try:\n    f()\nexcept:\n    pass", "try:\n    f()\nexcept Exception:\n    pass"),
        nearly=("try:\n    f()\nfinally:\n    g()",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return how broad the clause is."""
        caught = next((child for child in site.named_children if child.type not in ("block", "comment")), None)
        if caught is None:
            return "bare"
        text = text_of(caught).partition(" as ")[0].strip()
        return "Exception" if text in ("Exception", "BaseException") else "named"

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the keyword."""
        return site.children[0]

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Name the exceptions that an `except` clause catches."


class ReturnAnnotation(Convention):
    """Whether public functions say what they return."""

    id = "T01"
    name = "return-annotation"
    question = "Does a public function annotate what it returns?"
    query = "(function_definition) @site"
    never = frozenset({"absent"})
    roles = frozenset({"src"})
    examples = Examples(
        value="present",
        conforms=("def f() -> int:\n    return 1",),
        departs=("def f():\n    return 1",),
        nearly=("def _f():\n    return 1",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a public function has a return annotation."""
        frame = file.definition
        return None if not frame.is_public else "absent" if frame.returns is None else "present"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Annotate what public functions return."
