"""
Names. In: definitions. Out: how they are cased and what they end in. Rows N01, N02, N07 of the catalogue.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from .convention import Convention, Examples
from .view import FileView

CASES = (
    ("snake_case", re.compile(r"_*[a-z0-9]+(_+[a-z0-9]+)*_*")),
    ("CapWords", re.compile(r"_*[A-Z][A-Za-z0-9]*")),
    ("camelCase", re.compile(r"_*[a-z]+[A-Za-z0-9]*")),
    ("UPPER_CASE", re.compile(r"_*[A-Z0-9]+(_[A-Z0-9]+)+_*")),
)
DUNDER = re.compile(r"__\w+__")
EXCEPTION_BASE = re.compile(r"(Exception|Error|Warning|Exit|Interrupt)$")
DICTATED = ("visit_", "leave_", "depart_", "do_", "setUp", "tearDown", "assert")
"""Names that a base class or a protocol of the standard library dictates."""


def case_of(name: str) -> str:
    """Return the class of a name's case, or nothing for a name that fits several or none."""
    bare = name.strip("_")
    if not any(character.isalpha() for character in bare) or not bare.isascii():
        return ""
    return next((case for case, pattern in CASES if pattern.fullmatch(name)), "mixed")


class FunctionCase(Convention):
    """The case of function and method names."""

    id = "N01"
    name = "function-case"
    question = "How are function names cased?"
    query = "(function_definition) @site"
    examples = Examples(
        value="snake_case",
        conforms=("def read_all(): pass", "def _hidden_part(): pass"),
        departs=("def readAll(): pass", "def ReadAll(): pass"),
        nearly=("def __len__(self): pass", "class A(B):\n    def visit_Call(self, node): pass"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the case, unless the name is dictated from outside."""
        frame = file.definition
        if DUNDER.fullmatch(frame.name) or (frame.is_method and frame.name.startswith(DICTATED)):
            return None
        return case_of(frame.name) or None

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Name functions and methods in {value}."


class ClassCase(Convention):
    """The case of class names."""

    id = "N02"
    name = "class-case"
    question = "How are class names cased?"
    query = "(class_definition) @site"
    examples = Examples(
        value="CapWords",
        conforms=("class ReadOnly: pass", "class _Hidden: pass"),
        departs=("class read_only: pass", "class readOnly: pass"),
        nearly=("readOnly = type('readOnly', (), {})",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the case."""
        return case_of(file.definition.name) or None

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Name classes in {value}."


class ExceptionSuffix(Convention):
    """What the names of exception classes end in."""

    id = "N07"
    name = "exception-suffix"
    question = "What does the name of an exception class end in?"
    query = "(class_definition) @site"
    least_support = 10.0
    examples = Examples(
        value="Error",
        conforms=("class ParseError(Exception): pass", "class BadInputError(ParseError): pass"),
        departs=("class BadInput(ValueError): pass", "class ParseException(Exception): pass"),
        nearly=("class ErrorReport(Base): pass",),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the suffix of a class whose base is named like an exception."""
        frame = file.definition
        if not any(EXCEPTION_BASE.search(base) for base in frame.bases) or "Warning" in frame.name:
            return None
        return next((end for end in ("Error", "Exception") if frame.name.endswith(end)), "neither")

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"End the name of an exception class in {value}."
