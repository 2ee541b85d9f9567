"""
One output format of findings per file. In: a `Report`. Out: text.

A format is one module with a function `render(report) -> str`; the folder is scanned, and the module's name is the
format's.
"""

from __future__ import annotations

import importlib
import pkgutil

from ...mining.errors import InputError
from ..findings import Report

__all__ = ["format_names", "render_report"]


def format_names() -> list[str]:
    """Return the names of all formats."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def render_report(report: Report, name: str) -> str:
    """Return *report* in the format called *name*."""
    if name not in format_names():
        raise InputError(f"No format {name!r}. Known: {', '.join(format_names())}.")
    return importlib.import_module(f"{__name__}.{name}").render(report)
