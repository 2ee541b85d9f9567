"""
One output format of findings per file. In: a `Report`. Out: text.

A format is one module with a function `render(report) -> str`; the folder is scanned, and the module's name is the
format's. `SAYS_NOTES = True` says that it has a place for `Report.remarks` and `Report.notes`, which go to stderr
otherwise. A plug-in's is such a module, too, under the name of its entry point.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import partial
from types import ModuleType

from ...mining.errors import InputError
from ...mining.plugins import describe, entries_of, load_entry
from ..findings import Report

__all__ = ["check_formats", "format_names", "own_formats", "render_report", "says_notes"]


def own_formats() -> list[str]:
    """Return the names of the formats of this folder; a module whose name opens with `_` is a helper."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def format_names() -> list[str]:
    """
    Return the names of all formats, those of installed plug-ins too.

    Raises `InputError` when a plug-in's is the name of another.
    """
    known = own_formats()
    for entry in entries_of("formats"):
        if entry.name in known:
            raise InputError(f"{describe(entry)} has the name of another format.")
        known.append(entry.name)
    return sorted(known)


def check_formats(names: Iterable[str]) -> None:
    """Raise `InputError` for the first of *names* that is no format, or cannot be used: before any work is done."""
    for name in names:
        load_format(name)


def load_format(name: str) -> ModuleType:
    """
    Return the module of the format called *name*; the others are not imported.

    Raises `InputError` when there is none of that name, or it is not what a format is.
    """
    if name not in (known := format_names()):
        raise InputError(f"No format {name!r}. Known: {', '.join(known)}.")
    plugged = next((entry for entry in entries_of("formats") if entry.name == name), None)
    if plugged is not None:
        return load_entry(plugged, partial(read_format, name))
    return read_format(name, importlib.import_module(f"{__name__}.{name}"))


def read_format(name: str, module: ModuleType) -> ModuleType:
    """
    Return the *module* of the format called *name*.

    Raises `InputError` when it is none.
    """
    if not callable(getattr(module, "render", None)):
        raise InputError(f"The format {name!r} has no function `render`, and is none.")
    return module


def render_report(report: Report, name: str) -> str:
    """Return *report* in the format called *name*."""
    said: str = load_format(name).render(report)
    # a path may hold bytes that are no UTF-8; they are spelled out, in JSON as well
    return said.encode("utf-8", "backslashreplace").decode("utf-8")


def says_notes(name: str) -> bool:
    """Claim that the format called *name* says a report's remarks and notes; of others, who renders them has to."""
    return getattr(load_format(name), "SAYS_NOTES", False)
