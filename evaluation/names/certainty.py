"""
Is the resolver right? In: an error that it found, the house, a file's lines. Out: whether nothing makes the name exist.

One rule for each kind of error. Where the repository's text, or what is installed, leaves it open, the answer is no.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path, PurePath
from typing import Any

from ...mining.roles import role_of
from .bindings import (
    IMPORTS,
    bindings_of,
    is_bound_anew,
    is_plain_function,
    is_read_by_decorator,
    is_written_as,
    makes_by_name,
    spreads,
)
from .guards import asserted_above, is_expected, is_guarded, is_skipped, lines_around
from .house import MAKERS, House, owner_and_name
from .library import is_given_by_library, may_hold, takes_what_it_says
from .location import Location

KINDS = {
    "missing-attribute": "attribute",
    "missing-module-attribute": "import",
    "missing-import": "module",
    "unexpected-keyword": "keyword",
    "bad-argument-count": "arguments",
    "missing-argument": "arguments",
    "unknown-name": "name",
}
"""What is missing, by the resolver's name for the error; its other errors are not asked for."""
QUOTED = re.compile(r"`([^`]*)`")
PLATFORM = frozenset({"_winapi", "msvcrt", "typing", "winreg"})
"""Modules that differ from one platform or version to the next."""
OTHERS = re.compile(r"pypy|jython|graalpy|ironpython|micropython", re.IGNORECASE)
"""What the names say that another implementation of Python has in its modules."""
STAR = re.compile(rb"\s*from\s+(\.*)([\w.]*)\s+import\s*\*")
GIVEN = frozenset(
    {"_", "c", "dbutils", "defines", "display", "get_config", "get_ipython", "profile", "reveal_locals", "reveal_type"}
    | {"sc", "spark", "tags"}
    | {"WindowsError", "basestring", "buffer", "cmp", "execfile", "file", "long", "raw_input", "reduce", "reload"}
    | {"unichr", "unicode", "xrange"}
)
"""Plain names that a tool puts into the files that it runs, and built-in ones of another version or platform."""
PLAIN_TYPES = ("str", "bytes", "dict", "set", "frozenset")
"""Built-in types that the resolver says of a value only when it is one; numbers and lists are often arrays."""
BUILT_IN = (str, bytes, dict, set, frozenset, list, tuple, int, float)
MANGLED = re.compile(r"^_+[A-Za-z0-9]\w*?(?=__\w)")
"""What Python puts before a name that opens with two underscores."""
NATIVE = (".so", ".pyd", ".pyx", ".pyi")
"""How files end that may stand for a module of Python."""


def is_certain(answer: Mapping[str, Any], house: House, lines: Sequence[bytes]) -> bool:
    """Claim that nothing in the repository can make right what the resolver calls an error in a file of *lines*."""
    said = str(answer["description"]).partition("\n")[0]
    names: list[str] = QUOTED.findall(said)
    at = Location(str(answer["path"]), lines, int(answer["line"]) - 1)
    if not names or at.place >= len(lines) or is_expected(at):
        return False
    return RULES[KINDS[answer["name"]]](said, names, house, at)


def lacks_attribute(said: str, names: Sequence[str], house: House, at: Location) -> bool:
    """Claim that a module or a value has no such attribute."""
    is_of_module = said.startswith("No attribute")
    name = names[0] if is_of_module else names[-1]
    # a method without a body may be called, and what is assigned exists
    if "no implementation" in said or assigns(at.own, name):
        return False
    if not is_of_module:
        return value_lacks(names[0], name, house, at)
    return names[-1].partition(".")[0] not in PLATFORM and module_lacks(names[-1], name, house, at)


def lacks_import(_said: str, names: Sequence[str], house: House, at: Location) -> bool:
    """Claim that a module has nothing to import by such a name."""
    is_built = is_compiled(f"{names[-1]}.{names[0]}", at.path, house)
    return not is_built and module_lacks(names[-1], names[0], house, at)


def lacks_module(_said: str, names: Sequence[str], house: House, at: Location) -> bool:
    """Claim that the house has no such module."""
    is_lost = house.owns(names[0]) and not house.shares(names[0])
    return is_lost and not may_stand(names[0], at.path, house)


def takes_no_keyword(_said: str, names: Sequence[str], house: House, at: Location) -> bool:
    """Claim that what is called takes no such keyword."""
    if len(names) < 2 or names[1] == "object.__init__" or house.mentions(names[0], at.own):
        return False
    if not house.owns(names[1].partition(".")[0]) and is_guarded(at):
        return False
    return house.is_called_as_written(*owner_and_name(names[1])) and takes_what_it_says(names[1], house)


def takes_other_count(_said: str, names: Sequence[str], house: House, at: Location) -> bool:
    """Claim that what is called takes another number of arguments."""
    if spreads(at):
        return False
    # what is named without its module is of the file itself, or built in
    top, dot, _ = names[-1].partition(".")
    if not dot and is_plain_function(top, at):
        return True
    owner, name = owner_and_name(names[-1])
    if name in MAKERS and not makes_by_name(owner, at):
        return False
    is_own = not dot or (top in house.classes and not hasattr(builtins, top))
    return (is_own or house.owns(top)) and call_is_certain(names[-1], house)


def is_unbound(_said: str, names: Sequence[str], house: House, at: Location) -> bool:
    """Claim that nothing binds a plain name: nothing of its own file, and nobody from outside."""
    name, tree = names[0], at.plain_tree
    if tree is None or name in bindings_of(tree) or name in GIVEN or name.startswith("__") or hasattr(builtins, name):
        return False
    if is_read_by_decorator(name, at.number, tree):
        return False
    if any(map(STAR.match, at.lines)) or may_be_fragment(tree, at.path, house):
        return not takes_unseen_names(house.root / at.path, at.lines, house) and not house.mentions(name, at.own)
    return name not in house.put_in


RULES: Mapping[str, Callable[[str, Sequence[str], House, Location], bool]] = {
    "attribute": lacks_attribute,
    "import": lacks_import,
    "module": lacks_module,
    "keyword": takes_no_keyword,
    "arguments": takes_other_count,
    "name": is_unbound,
}
"""Each claims, of what the resolver said and the names that it quoted, that it is right."""


def may_be_fragment(tree: ast.Module, path: str, house: House) -> bool:
    """Claim that a file may not be meant to run as it is: an example, or one of no package that imports nothing."""
    if role_of(path) == "docs":
        return True
    is_in_package = (house.root / path).with_name("__init__.py").is_file()
    return not is_in_package and not any(isinstance(node, IMPORTS) for node in ast.walk(tree))


def takes_unseen_names(file: Path, lines: Sequence[bytes], house: House) -> bool:
    """
    Claim that a *file* of *lines* star-imports from a module that cannot be read here.

    It may do so through modules of the house that it star-imports from.
    """
    waiting, known = [(file, lines)], {file}
    while waiting:
        file, lines = waiting.pop()
        for dots, name in (star.groups() for star in map(STAR.match, lines) if star is not None):
            module, above = name.decode(), len(dots)
            if not dots and not house.owns(module):
                top = module.partition(".")[0]
                if top not in sys.stdlib_module_names and PathFinder.find_spec(top) is None:
                    return True
                continue
            folders = [*file.parents][above - 1 : above] if dots else house.tops
            found = files_of(module, folders)
            if not found:  # it is compiled, or a build makes it
                return True
            own = [each for each in found if each not in known]
            known.update(own)
            waiting += [(each, lines_in(each)) for each in own]
    return False


def files_of(module: str, folders: Iterable[Path]) -> list[Path]:
    """Return the files that a dotted name may mean below *folders*."""
    places = [folder.joinpath(*module.split(".")) for folder in folders]
    files = [file for place in places for file in (place.with_name(f"{place.name}.py"), place / "__init__.py")]
    return [file for file in files if file.is_file()]


def lines_in(file: Path) -> list[bytes]:
    """Return the lines of *file*; none of one that is gone meanwhile."""
    with suppress(OSError):
        return file.read_bytes().split(b"\n")
    return []


def module_lacks(module: str, name: str, house: House, at: Location) -> bool:
    """Claim that *module* has nothing called *name*, which the line names, on any machine."""
    if house.owns(module):
        if house.shares(f"{module}.{name}"):
            return False
        files = [(file, lines_in(file)) for file in files_of(module, house.tops)]
        if any(takes_unseen_names(*file, house) for file in files):
            return False
    elif name.startswith("_") or OTHERS.search(name) or is_guarded(at) or may_hold(module, name):
        return False
    called = re.findall(rb"(?<![\w.])(\w+)\.%b\b" % name.encode(), at.own)
    return not house.mentions(name, at.own) and not any(map(house.calls_several, called))


def value_lacks(owner: str, name: str, house: House, at: Location) -> bool:
    """Claim that a value of one known, plain kind lacks an attribute, which nothing in the repository can give it."""
    own, kind = at.own, owner.partition("[")[0]
    if not kind.replace(".", "").isidentifier():
        return False  # a signature, or several types
    is_of_self = re.search(rb"\b(?:self|cls)\.%b\b" % name.encode(), own) is not None
    # a class of another's may be called as one of the house: what is private there is seen by nobody
    if name.startswith("_") and not is_of_self:
        return False
    if is_asked_for_another(owner, at) or is_skipped(at):
        return False
    for held in re.findall(rb"\b(?:self|cls)\.(\w+)\.%b\b" % name.encode(), own):
        given = re.compile(rb"\b(?:self|cls)\.%b\s*(?::[^=]*)?=(?!=)" % held)
        if sum(given.search(line) is not None for line in at.lines) > 1:
            return False  # the resolver knows it by one of its values
    if any(is_declared(held, owner, house) for held in re.findall(rb"\.(\w+)\.%b\b" % name.encode(), own)):
        return False
    if owner in PLAIN_TYPES and re.search(rb"\]\.%b\b" % name.encode(), own):
        return False  # of what a display holds side by side it knows but one type
    is_plain = owner in PLAIN_TYPES or (house.class_is_plain(kind) and (is_of_self or house.means_one(kind)))
    if not is_plain or "|" in owner or house.mentions(MANGLED.sub("", name), own):
        return False
    # what derives from another's has what that one has in some version
    if house.has_foreign_base(kind) and (is_guarded(at) or is_given_by_library(name, house, at)):
        return False
    held = re.findall(rb"(?<![\w.])(\w+)\.%b\b" % name.encode(), own)
    if owner in PLAIN_TYPES and may_be_another(owner, name, held, house, at):
        return False
    return not any(is_bound_anew(each.decode(), at) for each in held)


def may_be_another(owner: str, name: str, held: Sequence[bytes], house: House, at: Location) -> bool:
    """Claim that what is asked for *name*, which stands in the names *held*, may be of no built-in type *owner*."""
    if any(is_taken_out(each, at.lines) or is_taken_from_attribute(each, at.lines) for each in held):
        return True
    if not any(hasattr(kind, name) for kind in BUILT_IN) and not house.asks_others(name, at.own):
        return False
    # of several types that a value is declared to have, or a function to give, the resolver may name one
    return not is_written_as(owner, name, at) and not any(is_asked_for(owner, each, at) for each in held)


def is_taken_from_attribute(held: bytes, lines: Sequence[bytes]) -> bool:
    """Claim that a name goes through what an attribute holds: a library's collection may say less than it gives."""
    taken = re.compile(rb".*\bfor\s+%b\s+in\s+\w+\.[\w.]+\s*(?::|\]|\)|if\b|$)" % held)
    return any(map(taken.match, lines))


def is_taken_out(held: bytes, lines: Sequence[bytes]) -> bool:
    """Claim that a name is bound to what a display holds, of whose parts the resolver may know but one type."""
    taken = re.compile(rb"\s*%b\s*=\s*[\w.]+\[.*\]\s*$" % held)
    return any(map(taken.match, lines))


def is_declared(held: bytes, owner: str, house: House) -> bool:
    """
    Claim that a class of the house declares its attribute *held* by an *owner*, as `size = Number()`.

    What its objects have there may be another value, which a descriptor or a metaclass gives them.
    """
    declared = re.compile(rb"%b\s*(?::[^=]*)?=[^=].*\b%b\(" % (held, owner.encode()))
    return any(declared.match(line) for line, _ in house.lines_with(owner))


def is_asked_for_another(owner: str, at: Location) -> bool:
    """Claim that the line stands in a block for values of another type than *owner*, or of parts of it."""
    word = re.compile(rb"\b%b\b" % owner.partition("[")[0].encode())
    return any(not word.search(line) for line in asked_types(at))


def is_asked_for(owner: str, held: bytes, at: Location) -> bool:
    """Claim that the line stands in a block where the name *held* has a value of type *owner*."""
    word = re.compile(rb"\bisinstance\(\s*%b\b.*\b%b\b" % (held, owner.encode()))
    return any(map(word.search, asked_types(at)))


def asked_types(at: Location) -> list[bytes]:
    """
    Return the lines that say of which types values are in the block around a line.

    What is asserted above it in its function counts as well: of parts that may be of two types the resolver names one.
    """
    around = (line for line, _ in lines_around(at))
    return [*(line for line in around if b"isinstance(" in line), *asserted_above(at)]


def assigns(line: bytes, name: str) -> bool:
    """Claim that *line* assigns to an attribute, which makes it exist."""
    form = rb"(?:.*\.%b\s*|[\w.,\s]*\.%b\s*(?:,[\w.,\s]*|:[^=]*))=(?!=)"
    return re.match(form % ((name.encode(),) * 2), line) is not None


def call_is_certain(function: str, house: House) -> bool:
    """Claim that *function*, a dotted name of the house, is called as it is written."""
    owner, name = owner_and_name(function)
    if not house.is_called_as_written(owner, name):
        return False
    if name in MAKERS:
        return house.class_is_plain(owner) and house.means_one(owner) and not house.has_unseen_fields(owner)
    # a function may only stand in for one that is imported where there is such a library
    is_known = house.class_is_plain(owner) if owner[:1].isupper() else name not in house.borrowed
    return is_known and len(house.functions.get(name, ())) == 1


def may_stand(module: str, path: str, house: House) -> bool:
    """
    Claim that *module* stands beside or above the file at *path*, from where it may be imported.

    A compiled file or a stub may stand where it or a part of its path would be.
    """
    parts = module.split(".")
    places = [top.joinpath(*parts) for top in tops_for(path, house)]
    is_there = any(place.is_dir() or place.with_name(f"{parts[-1]}.py").is_file() for place in places)
    return is_there or is_compiled(module, path, house)


def is_compiled(module: str, path: str, house: House) -> bool:
    """Claim that a compiled file or a stub stands where *module*, which *path* imports, or a part of it would be."""
    parts = module.split(".")
    for top in tops_for(path, house):
        for depth in range(1, len(parts) + 1):
            folder, name = top.joinpath(*parts[: depth - 1]), parts[depth - 1]
            if folder.is_dir() and any(
                file.name.split(".")[0] == name and file.name.endswith(NATIVE) for file in folder.iterdir()
            ):
                return True
    return False


def tops_for(path: str, house: House) -> list[Path]:
    """Return the folders that the file at *path* may import modules from."""
    return [*(house.root / folder for folder in PurePath(path).parents), *house.tops]
