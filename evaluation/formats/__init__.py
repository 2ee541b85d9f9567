"""
One output format of findings per file. In: a `Report`. Out: text.

A format is one module with a function `render(report) -> str`; the folder is scanned, and the module's name is the
format's.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from ...mining.errors import InputError
from ..findings import Report

__all__ = ["check_formats", "format_names", "render_report"]


def format_names() -> list[str]:
    """Return the names of all formats; a module whose name opens with `_` is a helper."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def check_formats(names: Iterable[str]) -> None:
    """Raise `InputError` for the first of *names* that is no format: before any work is done."""
    known = format_names()
    for name in names:
        if name not in known:
            raise InputError(f"No format {name!r}. Known: {', '.join(known)}.")


def render_report(report: Report, name: str) -> str:
    """Return *report* in the format called *name*."""
    check_formats([name])
    render = getattr(importlib.import_module(f"{__name__}.{name}"), "render", None)
    if render is None:
        raise InputError(f"formats/{name}.py has no function `render`, and is no format.")
    said: str = render(report)
    # a path may hold bytes that are no UTF-8; they are spelled out, in JSON as well
    return said.encode("utf-8", "backslashreplace").decode("utf-8")
