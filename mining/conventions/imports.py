"""
Imports. In: import statements. Out: their form, their names, and where they stand. Rows I01 to I05 of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tree_sitter import Node

from ..source import text_of
from ..wording import all_of
from .convention import Choice, Convention, Edit, Examples, Place
from .facts import absolute_module
from .view import FileView, statement_edit

MOST_NAMED = 12
"""Modules that one sentence names."""
IMPORTS = "(import_statement) @site (import_from_statement) @site"
FUTURE = "from __future__ import annotations"
OWN_NAME = "its own name"
READERS = re.compile(r"\b(?:__annotations__|get_annotations|get_type_hints|signature\()|\bfields\(")
"""What reads annotations as the program runs, and would find texts in place of types."""
ALWAYS_THERE = frozenset({"typing", "typing_extensions", "collections.abc", "__future__"})
"""Modules that a program has loaded anyway: importing them for annotations alone costs nothing."""
BESIDE, ELSEWHERE = "same folder", "other folders"
"""Where modules of a package stand, seen from one of them."""
WORD_BYTES = frozenset(bytes([code]) for code in range(128) if chr(code).isalnum() or chr(code) == "_")


DOUBLED = re.compile(rb"\b(?:delattr|patch\.object|setattr|spy)\(\s*([\w.]+)\s*,")
"""What a test passes that puts another in place of one of its members."""


class ImportForm(Convention):
    """How a module is imported: one question a module."""

    id = "I01"
    name = "import-form"
    question = "How is `{key}` imported?"
    fault = "`{found}` here, `{wanted}` in this codebase"
    query = IMPORTS
    least_support = 10.0
    least_files = 5
    is_mined = True
    version = 7
    examples = Examples(
        value="import numpy as …",
        key="numpy",
        conforms=("import numpy as np",),
        departs=("import numpy", "from numpy import array"),
        nearly=(
            "import numpy.linalg",
            "from .numpy import x",
            "if TYPE_CHECKING:\n    from numpy import ndarray",
            # a module that offers no more than it means to hides what it needs
            "from numpy import array as _array",
        ),
    )
    also = (
        Examples(
            value="from typing import …", key="typing", conforms=("from typing import Any",),
            departs=("import typing",), nearly=("import typing as _t",),
        ),
        Examples(
            value="from shop.net import …", key="shop.net", path="tests/test_module.py",
            conforms=("from shop.net import fetch",), departs=("import shop.net as net\n\nnet.fetch()",),
            nearly=("import shop.net as net\n\ndef test(monkeypatch):\n    monkeypatch.setattr(net, 'fetch', None)",),
        ),
    )  # fmt: skip

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the form of each module that the statement names, unless it takes types for annotations alone."""
        if site.type == "import_from_statement":
            module = site.child_by_field_name("module_name")
            if module is None or module.type != "dotted_name" or is_for_type_checkers(site):
                return
            if not takes_modules(site, file) and not any(map(is_hidden, site.children_by_field_name("name"))):
                yield Choice(f"from {text_of(module)} import …", module, text_of(module))
            return
        for child in site.named_children:
            if child.type == "aliased_import":
                name = child.named_children[0]
                if not is_hidden(child) and not is_doubled(text_of(child.named_children[-1]), file):
                    yield Choice(f"import {text_of(name)} as …", name, text_of(name))
            # of one that has a plain name, most take all anyway
            elif child.named_child_count == 1 or not is_doubled(text_of(child), file):
                yield Choice(f"import {text_of(child)}", child, text_of(child))

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the statement written as another form of import."""
        statement = place.inside("import_statement", "import_from_statement")
        if statement is None or (statement.type == "import_statement" and statement.named_child_count != 1):
            return ()
        wanted = f"import {place.key}" if value != f"import {place.key}" else f"from {place.key} import name"
        return (Edit(statement.start_byte, statement.end_byte, wanted),)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return self.advise_all([(value, key)])

    def shared(self, value: str, key: str) -> str:
        """Return the form, the module left out."""
        return value.replace(key, "…", 1)

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return the modules that are imported in one form, the first of them by name."""
        if len(rules) == 1:
            form = rules[0][0]
            return f"Write `{form}`." if form.endswith("as …") else f"Write `{form}`, not `{self.other(*rules[0])}`."
        form = self.shared(*rules[0])
        return f"Write `{form}` for {all_of([f'`{key}`' for _, key in rules], MOST_NAMED)}."

    def other(self, value: str, key: str) -> str:
        """Return the form that *value* is not."""
        return f"from {key} import …" if value.startswith("import") else f"import {key}"


class ImportAlias(Convention):
    """Under which name a module or a member is imported, where the house gives it another name."""

    id = "I02"
    name = "import-alias"
    question = "Under which other name is `{key}` imported?"
    instruction = "Import `{key}` as `{value}`."
    query = IMPORTS
    linter_codes = frozenset({"ICN001"})
    defaults = frozenset({OWN_NAME})
    least_support = 10.0
    is_mined = True
    version = 4
    examples = Examples(
        value="np",
        key="numpy",
        conforms=("import numpy as np", "import os, numpy as np"),
        departs=("import numpy as num",),
        nearly=(
            "import numpy",
            "import numpy.linalg as npl",
            "from numpy import array as num",
            "import numpy as _np",
        ),
    )
    also = (
        Examples(
            value="ET",
            key="xml.etree.ElementTree",
            conforms=("from xml.etree import ElementTree as ET",),
            departs=("from xml.etree import ElementTree as tree", "from xml.etree import ElementTree"),
            nearly=("from xml import etree", "from xml.etree.ElementTree import *"),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the other name of each thing that the statement gives one, and what is taken from a module as it is."""
        module = site.child_by_field_name("module_name")
        if module is not None and module.type == "relative_import":
            return
        for child in site.children_by_field_name("name"):
            is_aliased = child.type == "aliased_import"
            parts = child.named_children if is_aliased else [child]
            name, alias = parts[0], parts[-1]
            key = text_of(name) if module is None else f"{text_of(module)}.{text_of(name)}"
            if module is not None and text_of(alias) == text_of(name):
                yield Choice(OWN_NAME, alias, key)
            elif is_aliased and not is_hidden(child):  # whether a module has another name at all is asked by its form
                yield Choice(text_of(alias), alias, key)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return another name."""
        return place.instead(f"{value}_")

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        here = "has its own name" if found == OWN_NAME else f"is called `{found}`"
        return f"`{key}` {here} here, `{wanted}` in this codebase"


class InnerImports(Convention):
    """
    Whether modules of the same package are imported relatively; asked of modules, not of what only gathers them.

    Many houses name what stands beside a module relatively, and all else from the top, so these are asked apart.
    """

    id = "I03"
    name = "inner-imports"
    question = "How are modules of the {key} of a package imported?"
    query = "(import_from_statement) @site"
    linter_codes = frozenset({"TID252"})
    version = 5
    values = ("absolute", "relative")
    examples = Examples(
        value="relative",
        key=BESIDE,
        path="package/part/module.py",
        conforms=("from .other import x", "from . import other", "from .below.other import x"),
        departs=("from package.part.other import x", "from package.part import other"),
        nearly=("from packages.part.other import x", "from os import path", "from package.other import x"),
    )
    also = (
        Examples(
            value="absolute",
            key=ELSEWHERE,
            path="package/part/module.py",
            conforms=("from package.other import x", "from package import other", "from package.parts import x"),
            departs=("from ..other import x", "from .. import other"),
            nearly=("from .other import x",),
        ),
        Examples(
            value="relative", key=BESIDE, path="package/__init__.py",
            nearly=("from .other import x", "from package.other import x"),
        ),
        Examples(
            value="absolute", key=BESIDE, path="package/__init__.pyi", nearly=("from . import other",),
        ),
    )  # fmt: skip

    def is_asked(self, file: FileView) -> bool:
        """Claim that *file* is a module inside a package: one that offers what others hold mostly names it shortly."""
        return "/" in file.path and not file.path.endswith(("/__init__.py", "/__init__.pyi"))

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the form of an import from the file's own top-level package."""
        module = site.child_by_field_name("module_name")
        if module is None:
            return
        name = text_of(module)
        # tests may be imported from the root, too, whatever folder their packages stand in
        folders = (file.module.rpartition(".")[0], file.path.rpartition("/")[0].replace("/", "."))
        if module.type == "relative_import":
            yield Choice("relative", module, ELSEWHERE if name.startswith("..") else BESIDE)
        elif name.partition(".")[0] in {folder.partition(".")[0] for folder in folders}:
            yield Choice("absolute", module, BESIDE if any(is_below(name, own) for own in folders) else ELSEWHERE)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the same module by its other name."""
        if value == "relative":
            absolute = absolute_module(place.source.path, place.text)
            return place.instead(absolute) if absolute else ()
        above, dots = absolute_module(place.source.path, "."), "."
        while above and not is_below(place.text, above):
            above, dots = above.rpartition(".")[0], f"{dots}."
        return place.instead(f"{dots}{place.text.removeprefix(above).lstrip('.')}") if above else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Import modules of {'the' if key == BESIDE else 'the package from'} {key} by {value} imports."

    def shared(self, value: str, key: str) -> str:
        """Return the form."""
        return value

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return that all modules of a package are imported in one form."""
        return f"Import modules of the same package by {rules[0][0]} imports."


class FutureAnnotations(Convention):
    """Whether a module with annotations defers them."""

    id = "I04"
    name = "future-annotations"
    question = "Does a module with annotations defer their evaluation?"
    instruction = f"Open a module that has annotations with `{FUTURE}`."
    query = "(module) @site"
    linter_codes = frozenset({"FA100", "FA102", "I002"})
    cap = "advise"
    version = 3
    never = frozenset({"evaluated at once"})
    is_fixable = True
    values = ("deferred", "evaluated at once")
    examples = Examples(
        value="deferred",
        conforms=('"""Doc."""\n\nfrom __future__ import annotations\n\nx: int = 1\n',),
        departs=('"""Doc."""\n\nimport os\n\nx: int = 1\n',),
        nearly=(
            "import os\n\nx = 1\n",
            "import os\n\ntype(x).y = 1\n",
            "# noqa: I002 - what is said of x is to be read\n\nimport os\n\nx: int = 1\n",
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the one answer of a module with annotations, unless a linter, which speaks of line 1, is not to ask."""
        first = file.after_docstring
        if not file.types or first is None or file.is_stub or file.silences.cover(self.linter_codes, 1):
            return
        imported = next((node for node in file.statements if is_future(node)), None)
        yield Choice("evaluated at once", first) if imported is None else Choice("deferred", imported)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the import put in before the first statement, where nothing reads annotations, or taken out."""
        if value == "deferred":
            if READERS.search(place.source.text) or is_read_inside(place.source.tree.root_node):
                return ()
            definition = place.inside("function_definition", "class_definition", "decorated_definition")
            blanks = 2 if definition is None else 3
            return (Edit(place.start, place.start, FUTURE + place.newline * blanks),)
        statement = place.inside("future_import_statement")
        only_one = statement is not None and text_of(statement) == FUTURE
        return (statement_edit(statement),) if statement is not None and only_one else ()


def is_below(module: str, package: str) -> bool:
    """Claim that *module* is *package*, or a part of it."""
    return f"{module}.".startswith(f"{package}.")


def is_read_inside(root: Node) -> bool:
    """Claim that a class, or what is decorated, stands in a function with annotations: whoever reads them may fail."""
    waiting = [(root, False, False)]
    while waiting:
        node, within, may_be_read = waiting.pop()
        if may_be_read and node.type == "type":
            return True
        may_be_read = may_be_read or (within and node.type in ("class_definition", "decorated_definition"))
        within = within or node.type == "function_definition"
        waiting += [(child, within, may_be_read) for child in node.named_children]
    return False


class TypingImports(Convention):
    """Whether an import that only annotations need is kept from running."""

    id = "I05"
    name = "typing-imports"
    question = "Is an import that only annotations need guarded by TYPE_CHECKING?"
    instruction = "Import what only annotations need under `if TYPE_CHECKING:`."
    query = "(module) @site"
    linter_codes = frozenset({"TC001", "TC002", "TC003", "TCH001", "TCH002", "TCH003"})
    cap = "advise"
    version = 4
    never = frozenset({"unguarded"})
    is_in_line = False
    values = ("guarded", "unguarded")
    needs = (FUTURE.encode(),)
    examples = Examples(
        value="guarded",
        conforms=(f"{FUTURE}\nif TYPE_CHECKING:\n    from a import B\n\ndef f(x: B): pass\n",),
        departs=(f"{FUTURE}\nfrom a import B\n\ndef f(x: B): pass\n",),
        nearly=(
            f"{FUTURE}\nfrom a import B\n\ndef f(x: B): return B(x)\n",
            "from a import B\n\ndef f(x: B): pass\n",
            f"{FUTURE}\nfrom typing import Any\n\ndef f(x: Any): pass\n",
            f"{FUTURE}\nfrom a import B, c\n\ndef f(x: B): return c(x)\n",
            f"{FUTURE}\nfrom a import B\nfrom a import c\n\ndef f(x: B): return c(x)\n",
            f"{FUTURE}\nimport a as d\nfrom a import B\n\ndef f(x: B): return d.c(x)\n",
            f"{FUTURE}\nfrom a import B\n\ndef f(x: B): pass\n\ntype(y).z = B()\n",
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """
        Yield, for each name that annotations alone use, whether its import is guarded.

        What comes from a module that the file imports for more than types costs nothing, and may do either (as ruff
        has it, where it is not strict).
        """
        bare: list[Node] = []
        run: set[str] = set()
        for statement in file.statements:
            if statement.type == "import_statement":
                run.update(text_of(name).partition(" ")[0] for name in statement.children_by_field_name("name"))
            elif statement.type == "import_from_statement":
                alone = names_for_types(statement, file)
                bare += alone
                if len(alone) != len(statement.children_by_field_name("name")):
                    run.add(module_text(statement))
            elif statement.type == "if_statement" and is_typing_guard(statement):
                block = statement.child_by_field_name("consequence")
                for inner in block.named_children if block is not None else ():
                    if inner.type == "import_from_statement":
                        yield from (Choice("guarded", name) for name in names_for_types(inner, file))
        for name in bare:
            if name.parent is not None and module_text(name.parent) not in run:
                yield Choice("unguarded", name)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the guarded name imported once more, before the guard."""
        guard, statement = place.inside("if_statement"), place.inside("import_from_statement")
        module = module_text(statement) if statement is not None else ""
        if value != "guarded" or guard is None or guard.start_point.column:
            return ()
        outermost = place.source.tree.root_node.named_children
        if any(node.type == "import_from_statement" and module_text(node) == module for node in outermost):
            return ()
        return (Edit(guard.start_byte, guard.start_byte, f"from {module} import {place.text}{place.newline}"),)


def is_future(node: Node) -> bool:
    """Claim that a statement defers annotations."""
    return node.type == "future_import_statement" and "annotations" in text_of(node)


def is_typing_guard(statement: Node) -> bool:
    """Claim that an `if` asks whether a type checker reads the file."""
    condition = statement.child_by_field_name("condition")
    return condition is not None and text_of(condition).rpartition(".")[2] == "TYPE_CHECKING"


def is_for_type_checkers(statement: Node) -> bool:
    """Claim that a statement stands right under an `if` that asks whether a type checker reads the file."""
    # what stands at the margin is under nothing, and asking for what is around a node takes a walk
    outer = statement.parent if statement.start_point.column else None
    guard = outer.parent if outer is not None else None
    return guard is not None and guard.type == "if_statement" and is_typing_guard(guard)


def module_text(statement: Node) -> str:
    """Return the module that a `from` import takes names from, as written."""
    module = statement.child_by_field_name("module_name")
    return text_of(module) if module is not None else ""


def is_doubled(name: str, file: FileView) -> bool:
    """Claim that a test puts something in place of what a module of that *name* holds: then it needs the module."""
    return file.role == "tests" and any(found[1] == name.encode() for found in DOUBLED.finditer(file.utf8))


def is_hidden(taken: Node) -> bool:
    """Claim that what is imported gets a name by which a module keeps it to itself."""
    return taken.type == "aliased_import" and text_of(taken.named_children[-1]).startswith("_")


def takes_modules(statement: Node, file: FileView) -> bool:
    """
    Claim that a `from` import takes modules out of a package of the repository, and nothing that the package holds.

    What a module is imported for is what stands behind its name and a dot.
    """
    packages = {folder.rpartition("/")[2] for folder in file.packages}
    if module_text(statement).partition(".")[0] not in packages:
        return False
    elsewhere = file.utf8[: statement.start_byte] + file.utf8[statement.end_byte :]
    names = statement.children_by_field_name("name")
    bound = (text_of(name.named_children[-1]) for name in names)
    return bool(names) and all(name.islower() and is_module_like(name.encode(), elsewhere) for name in bound)


def is_module_like(name: bytes, text: bytes) -> bool:
    """Claim that *name* is used in *text*, each time with a dot behind it."""
    ends = [end for place, end in places_of(name, text) if text[place - 1 : place] != b"."]
    return bool(ends) and all(text[end : end + 1] == b"." for end in ends)


def places_of(name: bytes, text: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the word *name* begins and ends in *text*; a pattern for each name would cost more than to search."""
    place = text.find(name)
    while place >= 0:
        end = place + len(name)
        if text[place - 1 : place] not in WORD_BYTES and text[end : end + 1] not in WORD_BYTES:
            yield place, end
        place = text.find(name, place + 1)


def names_for_types(statement: Node, file: FileView) -> list[Node]:
    """Return the names of a `from` import that are used, and in annotations alone."""
    if module_text(statement) in ALWAYS_THERE:
        return []
    names = (name for name in statement.children_by_field_name("name") if name.type == "dotted_name")
    return [name for name in names if is_for_types_alone(text_of(name).encode(), file)]


def is_for_types_alone(name: bytes, file: FileView) -> bool:
    """Claim that *name* stands in an annotation, and outside of annotations only in imports."""
    used = False
    for place, _ in places_of(name, file.utf8):
        if file.is_annotation(place):
            used = True
        elif not file.is_import(place):
            return False
    return used
