"""
What installed libraries make exist. In: a module's name, and another. Out: whether its text may give it such a name.

A resolver reads stubs, which may be of another version, and statements; what a library does as it runs it may not see.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from .bindings import imported_by
from .house import MAKERS, House, last_name, owner_and_name
from .location import Location

STUBS = "_typeshed"
"""The module that only type checkers know, each in its own version."""
FILLED = re.compile(
    rb"^(?:def +)?__getattr__\b|[(,]\s*globals\(\)\s*[,)]|\bglobals\(\)\.update\("
    rb"|=\s*globals\(\)[ \t\r]*$|\bsys\.modules\[__name__\](?:\.__class__)?\s*=(?!=)"
    rb"|\bsetattr\(\s*sys\.modules\[__name__\]|^\s*(?:from|import)\s.*lazy",
    re.MULTILINE,
)
"""How a module may get names as it runs, by its own hand or by that of one who loads them when they are asked for."""
GIVING = rb"(?:\.|^(?:    |\t))NAME\s*(?::[^=\n]*)?=(?!=)|^(?:    |\t)def NAME\b|[\"']NAME[\"']"
"""How a library gives something an attribute, whose name is to be filled in."""
DESCRIBED = rb"^if (?:\w+\.)?TYPE_CHECKING:(?:\r?\n|[ \t].*\n)+?[ \t]+class %b\b"
"""A class that only type checkers see, whose name is to be filled in."""
BESIDE = re.compile(rb"^from \. import (\w+)[ \t\r]*$", re.MULTILINE)
"""A module of the same package that is imported alone, as for what it does."""
IMPORTER = b"sys.meta_path"
"""What a module names that makes others as they are asked for."""


def may_hold(module: str, name: str) -> bool:
    """
    Claim that a module that is installed may have something called *name*: it gets names as it runs, or says this one.

    The resolver has stubs of its own for some packages, which may be of an older version, as its types of stubs are.
    """
    if module.partition(".")[0] == STUBS:
        return True
    text = text_of_module(module)
    beside = [part.decode() for part in BESIDE.findall(text)]
    folders = [folder for folder in (module, module.rpartition(".")[0]) if folder]
    makers = [text_of_module(f"{folder}.{part}") for folder in folders for part in beside]
    if any(IMPORTER in maker for maker in makers) or FILLED.search(text):
        return True
    if re.search(rb"\b%b\b" % name.encode(), text):
        return True
    # another module may set it there
    word, last = name.encode(), last_name(module).encode()
    return library_says(module, word, re.compile(rb"\b%b\.%b\s*=(?!=)" % (last, word)))


def is_given_by_library(name: str, house: House, at: Location) -> bool:
    """
    Claim that a library which the file imports gives something the attribute *name*, or says it in quotes.

    A metaclass of it may give classes what no statement of theirs names, and a class of it may stand in for another.
    """
    if at.tree is None:
        return True
    tops = {module.partition(".")[0] for module in imported_by(at.tree)}
    said = re.compile(GIVING.replace(b"NAME", name.encode()), re.MULTILINE)
    return any(library_says(top, name.encode(), said) for top in sorted(tops) if not house.owns(top))


def takes_what_it_says(function: str, house: House) -> bool:
    """
    Claim that a dotted *function* that is installed takes what its own head says, as far as its text can be read.

    What makes a class for which its library writes no maker may take more than the fields that a resolver sees, and a
    class that only type checkers see stands for another.
    """
    owner, name = owner_and_name(function)
    parts = function.split(".")
    is_method = name in MAKERS or owner.lstrip("_")[:1].isupper()
    module = ".".join(parts[:-2] if is_method else parts[:-1])
    text = text_of_module(module) if module and not house.owns(module) else b""
    if not text:
        return True
    if re.search(DESCRIBED % owner.encode(), text, re.MULTILINE):
        return False
    library = House(house.root, text, ())
    starts = [start for start, _ in library.classes.get(owner, ())] if name in MAKERS else []
    is_written = all(re.search(rb"\bdef __(?:init|new)__\b", library.block(start)) for start in starts)
    made = (library.decorators_above(start) for start in starts)
    return library.is_called_as_written(owner, name) and (is_written or all(b"dataclass" in each for each in made))


@cache
def library_says(module: str, name: bytes, pattern: re.Pattern[bytes]) -> bool:
    """Claim that the package that *module* belongs to has a *name* in the *pattern*; never of the standard library."""
    top = module.partition(".")[0]
    found = None if top in sys.stdlib_module_names else PathFinder.find_spec(top)
    folders = found.submodule_search_locations if found is not None else None
    for folder in folders or ():
        for file in Path(folder).rglob("*.py"):
            with suppress(OSError):
                text = file.read_bytes()
                # large libraries have hundreds of megabytes, and hardly a file has the name
                if name in text and pattern.search(text):
                    return True
    return False


@cache
def text_of_module(module: str) -> bytes:
    """Return the text of a module that is installed, unless it is the standard library's or a stub describes it."""
    top, *rest = module.split(".")
    if top in sys.stdlib_module_names:
        return b""
    found, name = PathFinder.find_spec(top), top
    for part in rest:
        name = f"{name}.{part}"
        folders = found.submodule_search_locations if found is not None else None
        found = PathFinder.find_spec(name, folders) if folders is not None else None
    file = Path(found.origin) if found is not None and found.origin is not None else Path()
    if file.suffix != ".py" or file.with_suffix(".pyi").is_file():
        return b""
    with suppress(OSError):
        return file.read_bytes()
    return b""
