"""
Does what code names exist? In: a repository and some of its files. Out: what a resolver is sure does not exist.

The resolver is pyrefly, which found the most planted errors of those measured (15 of 16; mypy and ty 12). It answers
more than it knows: on code without annotations it guesses what a value is. So each of its answers is held against the
repository's own text, and kept only when nothing there can make the name exist: three values, right, wrong, and
unsure, of which only the second is told.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from ...mining.cache import cache_folder, digest_of_code
from ...mining.conventions.existence import ApiExists
from ...mining.conventions.silences import Silences
from ...mining.judge import Finding
from ...mining.profile import state_fact
from ...mining.roles import data_folder, role_of
from ...mining.source import Source
from ..learning import keep
from .bindings import bindings_of, is_plain_function, parse, parse_any, times_bound
from .guards import is_expected, is_guarded, lines_around
from .house import MAKERS, House, read_house
from .resolver import ask_resolver, find_resolver, installed, version_for

RULE = "A11"
FILES_A_RUN = 500
KINDS = {
    "missing-attribute": "attribute",
    "missing-module-attribute": "import",
    "missing-import": "module",
    "unexpected-keyword": "keyword",
    "bad-argument-count": "arguments",
    "missing-argument": "arguments",
    "unknown-name": "name",
}
QUOTED = re.compile(r"`([^`]*)`")
PLATFORM = frozenset({"_winapi", "msvcrt", "typing", "winreg"})
"""Modules that differ from one platform or version to the next."""
PLATFORMS = ("linux", "darwin", "win32")
PLAIN_TYPES = ("str", "bytes", "dict", "set", "frozenset")
"""Built-in types that the resolver says of a value only when it is one; numbers and lists are often arrays."""
STAR = re.compile(rb"\s*from\s+(\.*)([\w.]*)\s+import\s*\*")
FILLED = re.compile(
    rb"^(?:def +)?__getattr__\b|[(,]\s*globals\(\)\s*[,)]|\bsys\.modules\[__name__\](?:\.__class__)?\s*=(?!=)"
    rb"|\bsetattr\(\s*sys\.modules\[__name__\]|^\s*(?:from|import)\s.*lazy",
    re.MULTILINE,
)
"""How a module may get names as it runs, by its own hand or by that of one who loads them when they are asked for."""
BESIDE = re.compile(rb"^from \. import (\w+)[ \t\r]*$", re.MULTILINE)
"""A module of the same package that is imported alone, as for what it does."""
IMPORTER = b"sys.meta_path"
"""What a module names that makes others as they are asked for."""
GIVEN = frozenset(
    {"_", "c", "dbutils", "display", "get_config", "get_ipython", "profile", "reveal_locals", "reveal_type", "sc"}
    | {"spark", "tags"}
    | {"WindowsError", "basestring", "buffer", "cmp", "execfile", "file", "long", "raw_input", "reduce", "reload"}
    | {"unichr", "unicode", "xrange"}
)
"""Plain names that a tool puts into the files that it runs, and built-in ones of another version or platform."""
MANGLED = re.compile(r"^_+[A-Za-z0-9]\w*?(?=__\w)")
"""What Python puts before a name that opens with two underscores."""
NATIVE = (".so", ".pyd", ".pyx", ".pyi")


class Missing(NamedTuple):
    """
    Something that code names and that does not exist.
    """

    path: str
    line: int
    column: int
    """From 1, in code points."""
    end_column: int
    kind: str
    """`attribute`, `import`, `module`, `keyword`, `arguments` or `name`."""
    message: str


def find_missing(root: Path, paths: Sequence[str]) -> list[Missing]:
    """
    Return what the files at *paths*, relative to *root*, name and what certainly does not exist, in order.

    Nothing where no resolver is installed or it fails, nor of what tests read and nobody imports: silence is the answer
    for what cannot be decided. What was found is kept under the hash of all that decides it.
    """
    program = find_resolver()
    paths = [path for path in paths if not (data := data_folder(path)) or (root / data / "__init__.py").is_file()]
    if program is None or not paths:
        return []
    house = read_house(root)
    folder = cache_folder("names")
    kept = folder / f"{hash_of(program, house, paths)}.json" if folder is not None else None
    with suppress(OSError, ValueError, TypeError):
        if kept is not None:
            return [Missing(*row) for row in json.loads(kept.read_bytes())]
    found = ask_and_weigh(program, house, paths)
    if kept is not None and found is not None:
        keep(kept, json.dumps(found).encode())
    return found or []


def ask_and_weigh(program: str, house: House, paths: Sequence[str]) -> list[Missing] | None:
    """Return those of the resolver's answers that are certain, or None when it gave none."""
    found: set[Missing] = set()
    lines: dict[str, list[bytes]] = {}
    for first in range(0, len(paths), FILES_A_RUN):
        answers = ask_resolver(program, house.root, paths[first : first + FILES_A_RUN], house.tops)
        if answers is None:
            return None
        for answer in answers:
            path = answer["path"]
            if path not in lines:
                lines[path] = (house.root / path).read_bytes().split(b"\n")
            if answer["name"] in KINDS and is_certain(answer, house, lines[path]):
                found.add(as_missing(answer))
    return sorted(missing_everywhere(program, house, found))


def missing_everywhere(program: str, house: House, found: Set[Missing]) -> set[Missing]:
    """Return those of *found* that the standard library lacks on every platform, and all that is not about it."""
    asked = {missing for missing in found if is_standard(missing)}
    for platform in PLATFORMS:
        if asked and platform != sys.platform:
            paths = sorted({missing.path for missing in asked})
            answers = ask_resolver(program, house.root, paths, house.tops, platform) or ()
            asked &= {as_missing(answer) for answer in answers if answer["name"] in KINDS}
    return {missing for missing in found if not is_standard(missing)} | asked


def is_standard(missing: Missing) -> bool:
    """Claim that something is missing in a module of the standard library."""
    is_of_module = missing.kind == "import" or missing.message.startswith("No attribute")
    return is_of_module and QUOTED.findall(missing.message)[1].partition(".")[0] in sys.stdlib_module_names


def hash_of(program: str, house: House, paths: Sequence[str]) -> str:
    """Return the hash of all that decides what does not exist: the code, what is installed, the resolver, and us."""
    digest = hashlib.blake2b(house.text + digest_of_code(), digest_size=16)
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    stamps = [Path(place).stat().st_mtime_ns for place in (program, *installed())]
    digest.update(house.required)
    versions = [sys.version, version_for(house.root)]
    tops = map(str, house.further)
    about = [*house.files, "", *paths, "", *map(str, stamps), *versions, *tops]
    digest.update("\0".join(about).encode("utf-8", "replace"))
    return digest.hexdigest()


def is_certain(answer: Mapping[str, Any], house: House, lines: Sequence[bytes]) -> bool:
    """Claim that nothing in the repository can make right what the resolver calls an error in a file of *lines*."""
    said = str(answer["description"]).partition("\n")[0]
    names: list[str] = QUOTED.findall(said)
    place = int(answer["line"]) - 1
    if not names or place >= len(lines) or is_expected(lines, place):
        return False
    own = lines[place]
    match KINDS[answer["name"]]:
        case "attribute":
            is_of_module = said.startswith("No attribute")
            name = names[0] if is_of_module else names[-1]
            # a method without a body may be called, and what is assigned exists
            if "no implementation" in said or assigns(own, name):
                return False
            if not is_of_module:
                return value_lacks(names[0], name, house, lines, place)
            in_flux = names[-1].partition(".")[0] in PLATFORM
            return not in_flux and module_lacks(names[-1], name, house, lines, place)
        case "import":
            return module_lacks(names[-1], names[0], house, lines, place)
        case "module":
            is_lost = house.owns(names[0]) and not house.shares(names[0])
            return is_lost and not may_stand(names[0], str(answer["path"]), house)
        case "keyword":
            if len(names) < 2 or names[1] == "object.__init__" or house.mentions(names[0], own):
                return False
            return house.is_called_as_written(*owner_and_name(names[1]))
        case "arguments":
            # what is named without its module is of the file itself, or built in
            top, dot, _ = names[-1].partition(".")
            if not dot and is_plain_function(top, lines):
                return True
            is_own = not dot or (top in house.classes and not hasattr(builtins, top))
            return (is_own or house.owns(top)) and call_is_certain(names[-1], house)
        case _:
            return nothing_binds(names[0], str(answer["path"]), house, lines, own)


def nothing_binds(name: str, path: str, house: House, lines: Sequence[bytes], own: bytes) -> bool:
    """Claim that nothing binds a plain *name* of the file at *path*: nothing of its own, and nobody from outside."""
    tree = parse(b"\n".join(lines))
    if tree is None or name in bindings_of(tree) or name in GIVEN or name.startswith("__") or hasattr(builtins, name):
        return False
    if any(map(STAR.match, lines)) or may_be_fragment(tree, path, house):
        return not takes_unseen_names(house.root / path, lines, house) and not house.mentions(name, own)
    return name not in house.put_in


def may_be_fragment(tree: ast.Module, path: str, house: House) -> bool:
    """Claim that a file may not be meant to run as it is: an example, or one of no package that imports nothing."""
    if role_of(path) == "docs":
        return True
    return not is_in_package(house.root, path) and not any(
        isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)
    )


def is_in_package(root: Path, path: str) -> bool:
    """Claim that the file at *path*, relative to *root*, stands in a package."""
    return (root / path).with_name("__init__.py").is_file()


def takes_unseen_names(file: Path, lines: Sequence[bytes], house: House) -> bool:
    """
    Claim that a *file* of *lines* takes all names of a module that is not there to be looked into.

    It may have them through modules of the house, from which it takes all names.
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
            own = [each for each in files_of(module, folders) if each not in known]
            known.update(own)
            waiting += [(each, each.read_bytes().split(b"\n")) for each in own]
    return False


def files_of(module: str, folders: Iterable[Path]) -> list[Path]:
    """Return the files that a dotted name may mean below *folders*."""
    places = [folder.joinpath(*module.split(".")) for folder in folders]
    files = [file for place in places for file in (place.with_name(f"{place.name}.py"), place / "__init__.py")]
    return [file for file in files if file.is_file()]


def module_lacks(module: str, name: str, house: House, lines: Sequence[bytes], place: int) -> bool:
    """Claim that *module* has nothing called *name*, which the line at *place* names, on any machine."""
    if house.owns(module):
        if house.shares(f"{module}.{name}"):
            return False
        files = [(file, file.read_bytes().split(b"\n")) for file in files_of(module, house.tops)]
        if any(takes_unseen_names(*file, house) for file in files):
            return False
    elif name.startswith("_") or is_guarded(lines, place) or may_hold(module, name):
        return False
    return not house.mentions(name, lines[place])


def may_hold(module: str, name: str) -> bool:
    """
    Claim that a module that is installed may have something called *name*: it gets names as it runs, or says this one.

    The resolver has stubs of its own for some packages, which may be of an older version.
    """
    text = text_of_module(module)
    beside = [part.decode() for part in BESIDE.findall(text)]
    folders = [folder for folder in (module, module.rpartition(".")[0]) if folder]
    makers = [text_of_module(f"{folder}.{part}") for folder in folders for part in beside]
    if any(IMPORTER in maker for maker in makers) or FILLED.search(text):
        return True
    return re.search(rb"\b%b\b" % name.encode(), text) is not None


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


def value_lacks(owner: str, name: str, house: House, lines: Sequence[bytes], place: int) -> bool:
    """Claim that a value of one known, plain kind lacks an attribute, which nothing in the repository can give it."""
    own = lines[place]
    # a class of another's may be called as one of the house: what is private there is seen by nobody
    if name.startswith("_") and not re.search(rb"\b(?:self|cls)\.%b\b" % name.encode(), own):
        return False
    if is_asked_for_another(owner, lines, place):
        return False
    for held in re.findall(rb"\b(?:self|cls)\.(\w+)\.%b\b" % name.encode(), own):
        given = re.compile(rb"\b(?:self|cls)\.%b\s*(?::[^=]*)?=(?!=)" % held)
        if sum(given.search(line) is not None for line in lines) > 1:
            return False  # the resolver knows it by one of its values
    if owner in PLAIN_TYPES and re.search(rb"\]\.%b\b" % name.encode(), own):
        return False  # of what a display holds side by side it knows but one type
    is_plain = owner in PLAIN_TYPES or house.class_is_plain(owner.partition("[")[0])
    if not is_plain or "|" in owner or house.mentions(MANGLED.sub("", name), own):
        return False
    held = re.findall(rb"(?<![\w.])(\w+)\.%b\b" % name.encode(), own)
    return not any(is_bound_anew(each.decode(), lines, place) for each in held)


def is_asked_for_another(owner: str, lines: Sequence[bytes], place: int) -> bool:
    """Claim that the line at *place* stands in a block for values of another type than *owner*, or of parts of it."""
    word = re.compile(rb"\b%b\b" % owner.partition("[")[0].encode())
    return any(b"isinstance(" in line and not word.search(line) for line, _ in lines_around(lines, place))


def is_bound_anew(held: str, lines: Sequence[bytes], place: int) -> bool:
    """Claim that a name is bound more than once where the line at *place* sees it: the resolver knows one value."""
    tree = parse_any(b"\n".join(lines))
    return tree is not None and times_bound(held, place + 1, tree) > 1


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
        return house.class_is_plain(owner) and not house.has_unseen_fields(owner)
    # a function may only stand in for one that is imported where there is such a library
    is_known = house.class_is_plain(owner) if owner[:1].isupper() else name not in house.borrowed
    return is_known and len(house.functions.get(name, ())) == 1


def owner_and_name(function: str) -> tuple[str, str]:
    """Return the last two parts of a dotted name, the first of them empty where there is none."""
    *_, owner, name = ["", *function.split(".")]
    return owner, name


def may_stand(module: str, path: str, house: House) -> bool:
    """
    Claim that *module* stands beside or above the file at *path*, from where it may be imported.

    A compiled file or a stub may stand where it or a part of its path would be.
    """
    parts = module.split(".")
    for top in (*(house.root / folder for folder in PurePath(path).parents), *house.tops):
        place = top.joinpath(*parts)
        if place.is_dir() or place.with_name(f"{parts[-1]}.py").is_file():
            return True
        for depth in range(1, len(parts) + 1):
            folder, name = top.joinpath(*parts[: depth - 1]), parts[depth - 1]
            if folder.is_dir() and any(
                file.name.split(".")[0] == name and file.name.endswith(NATIVE) for file in folder.iterdir()
            ):
                return True
    return False


def as_missing(answer: Mapping[str, Any]) -> Missing:
    """Return one of the resolver's errors as ours; a place of several lines ends with its first."""
    lines = [line.strip() for line in answer["description"].split("\n")]
    hint = next((line for line in lines[1:] if line.startswith("Did you mean")), "")
    end = answer["stop_column"] if answer["stop_line"] == answer["line"] else answer["column"] + 1
    path = Path(answer["path"]).as_posix()
    message = f"{lines[0]}{f'. {hint}' if hint else ''}"
    return Missing(path, answer["line"], answer["column"], end, KINDS[answer["name"]], message)


def as_finding(missing: Missing, source: Source) -> Finding:
    """Return what does not exist as a finding of row A11."""
    entry = state_fact(RULE, missing.kind, "exists")
    start = source.line_starts[missing.line - 1]
    line = source.utf8[start : source.lines_span(missing.line, missing.line).end].decode("utf-8", "replace")
    first = start + len(line[: missing.column - 1].encode())
    last = start + len(line[: missing.end_column - 1].encode())
    return Finding(
        entry, source.path, missing.line, missing.column, missing.end_column, "missing", missing.message, first, last
    )


def findings_by_path(missing: Iterable[Missing], sources: Mapping[str, Source]) -> dict[str, list[Finding]]:
    """Return what does not exist as findings, by path, unless a comment silences linters that say the same."""
    found: dict[str, list[Finding]] = {}
    silences: dict[str, Silences] = {}
    for each in missing:
        source = sources.get(each.path)
        if source is None or each.line > len(source.line_starts):
            continue
        if each.path not in silences:
            silences[each.path] = Silences(source)
        finding = as_finding(each, source)
        lines = {each.line, line_of_import(finding, source)}
        if not any(silences[each.path].cover(ApiExists.linter_codes, line) for line in lines):
            found.setdefault(each.path, []).append(finding)
    return found


def line_of_import(finding: Finding, source: Source) -> int:
    """Return where the import begins in which *finding* stands, for there linters speak of it, else its own line."""
    node = source.tree.root_node.descendant_for_byte_range(finding.start, finding.start)
    while node is not None and node.type != "import_from_statement":
        node = node.parent
    return finding.line if node is None else node.start_point.row + 1
