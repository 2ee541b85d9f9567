"""
Does what code names exist? In: a repository and some of its files. Out: what a resolver is sure does not exist.

The resolver is pyrefly, which found the most planted errors of those measured (15 of 16; mypy and ty 12). It answers
more than it knows: on code without annotations it guesses what a value is. So each of its answers is held against the
repository's own text, and kept only when nothing there can make the name exist: three values, right, wrong, and
unsure, of which only the second is told. Parses and infers, runs nothing: no interpreter of the repository is asked,
and none of its configuration read.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.machinery import PathFinder
from itertools import takewhile
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from ..mining.cache import cache_folder
from ..mining.conventions.existence import ApiExists
from ..mining.conventions.silences import is_silenced, silences_in
from ..mining.judge import Finding
from ..mining.profile import Entry
from ..mining.repository import VENDORED
from ..mining.roles import is_test_data, role_of
from ..mining.source import Source
from .learning import keep

RULE = "A11"
SECONDS = 180
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
HANDLED = re.compile(rb"except\b.*\b(?:Import|ModuleNotFound|Attribute|Name|Type)Error\b")
"""A handler for what a name does that does not exist."""
HANDLED_BROADLY = re.compile(rb"except\s*(?::|.*\bException\b)")
EXPECTED = re.compile(rb"\b(?:(?:assert_r|assertR|r)aises\w*\s*\(|suppress\(.*\b(?:Import|Attribute|Name|Type)Error\b)")
"""A line that says of what it calls that it fails."""
CHOICE = re.compile(rb"(?:el)?if\b.*(?:version|hasattr|getattr|find_spec|available|_(?:lt|le|ge|gt)_)", re.IGNORECASE)
"""A branch taken with some versions of what is installed, and not with others."""
PLAIN_TYPES = ("str", "bytes", "dict", "set", "frozenset")
"""Built-in types that the resolver says of a value only when it is one; numbers and lists are often arrays."""
PLAIN_BASES = frozenset({"object", "ABC", "Protocol", "Generic", "NamedTuple", "Enum"})
"""Foreign bases that lend no attribute that a resolver would not know."""
CLASS = re.compile(rb"^[ \t]*class +(\w+)[ \t]*(?:\(([^)]*)\))?", re.MULTILINE)
ARGUMENTS = re.compile(r"\[(?:[^][]|\[[^][]*\])*\]")
"""What a base is given in brackets."""
IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|.*)", re.MULTILINE)
IMPORTED = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")
"""A name that an import names, and the one that it binds instead."""
STAR = re.compile(rb"\s*from\s+(\.*\w*)[\w.]*\s+import\s*\*")
COMMENT = re.compile(rb"#.*")
FUNCTION = re.compile(rb"^[ \t]*(?:async +)?def +(\w+)", re.MULTILINE)
NEXT_STATEMENT = re.compile(rb"\n(?=[^\s#)])")
GIVES = re.compile(
    rb"(?:.*\b)?(?:def|class|for|as|import|global|lambda)\s+\0|.*[\"']\0[\"']|.*\0\s*(?::[^=\n]*)?=(?!=)|.*\0\s*,|.*,\s*\0\s*$"
)
"""A line that may give something the name, which is written as a NUL."""
MAKES_NAMES = re.compile(rb"\b(?:exec|globals|vars)\(|\bsys\.modules\[__name__\]")
"""How a file may bind names that none of its statements binds."""
PUTS_NAMES = re.compile(rb"\b_*(?:builtins?|globals)_*\b|\b(?:exec|run_path)\(|\bsys\.modules\[")
"""How a file may put names into another, or run it with names of its own."""
FILLED = re.compile(
    rb"^(?:def +)?__getattr__\b|[(,]\s*globals\(\)\s*[,)]|\bsys\.modules\[__name__\](?:\.__class__)?\s*=(?!=)"
    rb"|\bsetattr\(\s*sys\.modules\[__name__\]|^\s*(?:from|import)\s.*lazy",
    re.MULTILINE,
)
"""How a module may get names as it runs, by its own hand or by that of one who loads them when they are asked for."""
PUT = re.compile(rb"[\"'](\w+)[\"']|\b(\w+)\s*=(?!=)")
NEAR = 1000
"""Bytes on either side of where names are put in that are looked at for them."""
GIVEN = frozenset(
    {"_", "c", "dbutils", "display", "get_config", "get_ipython", "profile", "reveal_locals", "reveal_type", "sc"}
    | {"spark", "tags"}
    | {"WindowsError", "basestring", "buffer", "cmp", "execfile", "file", "long", "raw_input", "reduce", "reload"}
    | {"unichr", "unicode", "xrange"}
)
"""Plain names that a tool puts into the files that it runs, and built-in ones of another version or platform."""
MAKERS = ("__init__", "__new__")
KEEPERS = frozenset(
    b"abstractmethod asynccontextmanager cache classmethod contextmanager dataclass final lru_cache".split()
    + b"overload override property runtime_checkable staticmethod total_ordering".split()
)
"""Decorators that leave alone how a function, or a class, is called."""
PASSED_ON = re.compile(rb"\*\s*\w+\s*:\s*[\"']?\w+\.(?:kw)?args\b|\bConcatenate\[")
"""Parameters that are those of another callable."""
MANGLED = re.compile(r"^_+[A-Za-z0-9]\w*?(?=__\w)")
"""What Python puts before a name that opens with two underscores."""
LONGEST_HEAD = 400
"""Bytes above a definition in which its decorators stand."""
DEEPEST = 8
LONGEST = 200
"""Bytes of a line on either side of a name that are looked at."""
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


@dataclass(frozen=True)
class House:
    """
    The text of a repository's Python, asked what it can make exist.
    """

    root: Path
    text: bytes
    """All files, one after the other."""
    files: tuple[str, ...]
    """Their paths, in that order."""
    known: dict[str, frozenset[bytes]] = field(default_factory=dict[str, frozenset[bytes]], compare=False)
    """The lines that may give something a name, by name, as far as they were looked for."""

    @cached_property
    def packages(self) -> frozenset[str]:
        """The names of its top-level modules."""
        folders = [self.root, self.root / "src"]
        return frozenset(entry.name.removesuffix(".py") for f in folders if f.is_dir() for entry in f.iterdir())

    def owns(self, module: str) -> bool:
        """Claim that *module* is one of the repository's own."""
        return module.partition(".")[0] in self.packages

    @cached_property
    def classes(self) -> dict[str, list[tuple[int, list[str]]]]:
        """Where the classes of each name stand, with their bases."""
        found: defaultdict[str, list[tuple[int, list[str]]]] = defaultdict(list)
        for match in CLASS.finditer(self.text):
            listed = ARGUMENTS.sub("", (match[2] or b"").decode("utf-8", "replace"))
            bases = [base.strip() for base in listed.split(",")]
            found[match[1].decode()].append((match.start(), [base for base in bases if base]))
        return dict(found)

    @cached_property
    def functions(self) -> dict[str, list[int]]:
        """Where the functions of each name stand."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for match in FUNCTION.finditer(self.text):
            found[match[1].decode()].append(match.start())
        return dict(found)

    @cached_property
    def borrowed(self) -> frozenset[str]:
        """The names that imports take from modules that are not the house's."""
        found: set[str] = set()
        for match in IMPORT.finditer(self.text):
            module, names = (match[1] or b"").decode(), COMMENT.sub(b"", match[2]).decode("utf-8", "replace")
            for name, alias in IMPORTED.findall(names):
                if not module.startswith(".") and not self.owns(module or name):
                    found.add(alias or name.partition(".")[0])
        return frozenset(found)

    @cached_property
    def put_in(self) -> frozenset[str]:
        """The names that the house may put into builtins, or into a file that it runs."""
        places = (match.span() for match in PUTS_NAMES.finditer(self.text))
        around = (self.text[max(0, start - NEAR) : end + NEAR] for start, end in places)
        return frozenset((quoted or bound).decode() for text in around for quoted, bound in PUT.findall(text))

    @cached_property
    def headers(self) -> list[tuple[str, list[str]]]:
        """The name and the bases of every class."""
        return [(name, bases) for name, found in self.classes.items() for _, bases in found]

    @cached_property
    def derived(self) -> dict[str, list[str]]:
        """The classes that derive from each name."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name, bases in self.headers:
            for base in bases:
                found[last_name(base)].append(name)
        return dict(found)

    @cached_property
    def mixed_in(self) -> frozenset[str]:
        """The classes that stand beside a foreign one as a base, and their own bases: what they lack, it may have."""
        # a class of the house lends what it has from its own ancestors
        heirs = all_from((name for name, bases in self.headers if any(map(self.is_foreign, bases))), self.derived)
        beside: set[str] = set()
        for _, bases in self.headers:
            foreign = {base for base in bases if self.is_foreign(base) or last_name(base) in heirs}
            beside |= {last_name(base) for base in bases if foreign - {base}}
        parents = {
            name: [last_name(base) for _, bases in found for base in bases] for name, found in self.classes.items()
        }
        return frozenset(all_from(beside, parents))

    def is_foreign(self, base: str) -> bool:
        """Claim that a base is not the house's, and lends attributes."""
        name = last_name(base)
        return name not in PLAIN_BASES and (name not in self.classes or base.partition(".")[0] in self.borrowed)

    def is_unused(self, name: str) -> bool:
        """Claim that a class waits to be mixed in: none derives from it, and it is called so, or named nowhere else."""
        if name in self.derived:
            return False
        is_bare = not any(bases for _, bases in self.classes[name]) and not name.startswith("Test")
        is_named = any(not line.startswith(b"class ") for line, _ in self.lines_with(name))
        return name.endswith("Mixin") or (is_bare and not is_named)

    def mentions(self, name: str, own: bytes = b"") -> bool:
        """
        Claim that a line of the repository may give something the name: a definition, an assignment, a string.

        The line that is judged, *own*, cannot speak for itself.
        """
        if name not in self.known:
            self.known[name] = frozenset(line for line, sign in self.lines_with(name) if GIVES.match(sign))
        return bool(self.known[name] - {own.strip()})

    def lines_with(self, name: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield each line that holds the whole word *name*, as it is, and with the word replaced by a NUL."""
        word = name.encode()
        place = self.text.find(word)
        while place >= 0:
            end = place + len(word)
            first = self.text.rfind(b"\n", 0, place) + 1
            last = self.text.find(b"\n", end)
            before, after = self.text[first:place], self.text[end : last if last >= 0 else len(self.text)]
            if not (before[-1:].isalnum() or before[-1:] == b"_" or after[:1].isalnum() or after[:1] == b"_"):
                yield (before + word + after).strip(), before[-LONGEST:] + b"\0" + after[:LONGEST]
            place = self.text.find(word, end)

    def is_called_as_written(self, owner: str, name: str) -> bool:
        """Claim that a function, or the class *owner* where it is made, takes what its own head says."""
        starts = [start for start, _ in self.classes.get(owner, ())] if name in MAKERS else self.functions.get(name, ())
        return all(
            self.decorators_above(start) <= KEEPERS and not PASSED_ON.search(self.block(start)) for start in starts
        )

    def block(self, start: int) -> bytes:
        """Return the text from *start* to the next statement that stands at the top of a file."""
        end = NEXT_STATEMENT.search(self.text, start + 1)
        return self.text[start : end.start() if end else len(self.text)]

    def decorators_above(self, start: int) -> set[bytes]:
        """Return the last names of the decorators of a definition; one of several lines counts as `)`."""
        lines = [line.strip() for line in reversed(self.text[max(0, start - LONGEST_HEAD) : start].splitlines())]
        return {
            line[:1] if line.startswith(b")") else line.partition(b"(")[0].strip(b"@ ").rpartition(b".")[2]
            for line in takewhile(lambda line: line.startswith((b"@", b")")), lines)
        }

    def class_is_plain(self, name: str, depth: int = 0) -> bool:
        """Claim that the attributes of a class of the house can be known: no magic, not mixed in with a foreign one."""
        found = self.classes.get(name, [])
        if len(found) != 1 or depth > DEEPEST or name in self.mixed_in or self.is_unused(name):
            return False
        start, bases = found[0]
        if b"__getattr" in self.block(start):
            return False
        return all(self.class_is_plain(base, depth + 1) for base in map(last_name, bases) if base in self.classes)


def all_from(names: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return *names* and all that *edges* lead to from them."""
    waiting = [*names]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += edges.get(name, ())
    return found


def last_name(base: str) -> str:
    """Return the last name of a base: `Graph` of `nx.Graph`."""
    return base.rpartition(".")[2]


def find_resolver() -> str | None:
    """Return the resolver's program, as its package installed it, else that of the path; None when there is none."""
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("pyrefly") or ():
            if file.stem == "pyrefly" and file.parent.name in ("bin", "Scripts"):
                return str(Path(str(file.locate())).resolve())
    return shutil.which("pyrefly")


def read_house(root: Path) -> House:
    """Return the text of the Python files under *root*, those that are vendored left out."""
    texts: list[bytes] = []
    paths: list[str] = []
    waiting = [("", root)]
    while waiting:
        inside, folder = waiting.pop()
        # entries and plain strings: a large house has thousands of files, and every check reads them all
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = entry.name
            if name.endswith((".py", ".pyi")) and entry.is_file(follow_symlinks=False):
                texts.append(Path(entry).read_bytes())
                paths.append(inside + name)
            elif name not in VENDORED and not name.startswith(".") and entry.is_dir(follow_symlinks=False):
                waiting.append((f"{inside}{name}/", Path(entry)))
    return House(root, b"\n".join(texts), tuple(paths))


def find_missing(root: Path, paths: Sequence[str]) -> list[Missing]:
    """
    Return what the files at *paths*, relative to *root*, name and what certainly does not exist, in order.

    Nothing where no resolver is installed or it fails, nor of what tests read and nobody imports: silence is the answer
    for what cannot be decided. What was found is kept under the hash of all that decides it.
    """
    program = find_resolver()
    paths = [path for path in paths if not is_test_data(path) or is_in_package(root, path)]
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
        answers = ask_resolver(program, house.root, paths[first : first + FILES_A_RUN])
        if answers is None:
            return None
        for answer in answers:
            path = answer["path"]
            if path not in lines:
                lines[path] = (house.root / path).read_bytes().split(b"\n")
            if answer["name"] in KINDS and is_certain(answer, house, lines[path]):
                found.add(as_missing(answer))
    return sorted(missing_everywhere(program, house.root, found))


def missing_everywhere(program: str, root: Path, found: Set[Missing]) -> set[Missing]:
    """Return those of *found* that the standard library lacks on every platform, and all that is not about it."""
    asked = {missing for missing in found if is_standard(missing)}
    for platform in PLATFORMS:
        if asked and platform != sys.platform:
            paths = sorted({missing.path for missing in asked})
            answers = ask_resolver(program, root, paths, platform) or ()
            asked &= {as_missing(answer) for answer in answers if answer["name"] in KINDS}
    return {missing for missing in found if not is_standard(missing)} | asked


def is_standard(missing: Missing) -> bool:
    """Claim that something is missing in a module of the standard library."""
    names = QUOTED.findall(missing.message)
    return missing.message.startswith("No attribute") and names[1].partition(".")[0] in sys.stdlib_module_names


def hash_of(program: str, house: House, paths: Sequence[str]) -> str:
    """Return the hash of all that decides what does not exist: the code, what is installed, the resolver, and us."""
    digest = hashlib.blake2b(house.text, digest_size=16)
    digest.update(Path(__file__).read_bytes())
    stamps = [Path(place).stat().st_mtime_ns for place in (program, *installed())]
    digest.update("\0".join([*house.files, "", *paths, "", *map(str, stamps), sys.version]).encode("utf-8", "replace"))
    return digest.hexdigest()


def installed() -> list[str]:
    """Return the folders of installed packages."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and Path(path).is_dir()]


def ask_resolver(
    program: str, root: Path, paths: Sequence[str], platform: str = sys.platform
) -> list[Mapping[str, Any]] | None:
    """Return the resolver's errors in *paths*, as it writes them, or None when it fails."""
    roots = [str(root), *([str(root / "src")] if (root / "src").is_dir() else [])]
    settings = {
        "preset": "default",
        # guesses at what functions without annotations return took half of the time, and found none of 565 more
        "infer-return-types": "annotated",
        "skip-interpreter-query": True,
        "python-platform": platform,
        "python-version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "search-path": roots,
        "site-package-path": installed(),
        "project-excludes": [],
    }
    with tempfile.TemporaryDirectory(prefix="idiolect-") as scratch:
        file = Path(scratch) / "pyrefly.toml"
        # JSON's strings, numbers and lists are TOML's
        file.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()), "utf-8")
        command = [program, "check", "--config", str(file), "--output-format", "json", "--", *paths]
        try:
            done = subprocess.run(command, cwd=root, capture_output=True, timeout=SECONDS, check=False)
            return json.loads(done.stdout)["errors"]
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
            return None


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
            if "no implementation" in said:
                return False  # a method without a body may be called
            if not said.startswith("No attribute"):
                return value_lacks(names[0], names[-1], house, own)
            in_flux = names[-1].partition(".")[0] in PLATFORM
            return not in_flux and module_lacks(names[-1], names[0], house, lines, place)
        case "import":
            return module_lacks(names[-1], names[0], house, lines, place)
        case "module":
            return house.owns(names[0]) and not may_stand(names[0], str(answer["path"]), house)
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
        return not takes_unseen_names(lines, house) and not house.mentions(name, own)
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


def is_plain_function(name: str, lines: Sequence[bytes]) -> bool:
    """Claim that in a file of *lines* the name is bound once, by a function of the module that is called as written."""
    tree = parse(b"\n".join(lines))
    return (
        tree is not None
        and bindings_of(tree)[name] == 1
        and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == name
            and not node.decorator_list
            and node.args.vararg is None
            for node in tree.body
        )
    )


@lru_cache(maxsize=1)
def parse(text: bytes) -> ast.Module | None:
    """Return a file as a tree; None where it does not parse, or may bind names that no statement of it shows."""
    if MAKES_NAMES.search(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=1)
def bindings_of(tree: ast.Module) -> Counter[str]:
    """Return how often each name is bound in a file, in whatever scope."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found[name] += 1
            case ast.alias(name=name, asname=alias):
                found[alias or name.partition(".")[0]] += 1
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case _:
                # definitions, handlers, captures and type parameters
                name = getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name", None)
                found.update([name] if isinstance(name, str) else [])
    return found


def takes_unseen_names(lines: Sequence[bytes], house: House) -> bool:
    """Claim that a file of *lines* takes all names of a module that is not there to be looked into."""
    stars = (star[1].decode() for star in map(STAR.match, lines) if star is not None)
    modules = [module for module in stars if not module.startswith(".")]
    seen = sys.stdlib_module_names
    return any(not house.owns(each) and each not in seen and PathFinder.find_spec(each) is None for each in modules)


def is_expected(lines: Sequence[bytes], place: int) -> bool:
    """Claim that the line at *place* is to fail, or stands in a block that is ready for it, whosever the name is."""
    return EXPECTED.search(lines[place]) is not None or any(
        EXPECTED.search(line) or (line.startswith(b"try:") and is_handled(HANDLED, lines, place, depth))
        for line, depth in lines_around(lines, place)
    )


def is_guarded(lines: Sequence[bytes], place: int) -> bool:
    """Claim that the line at *place* stands in a block that is ready for another version of what is installed."""
    return any(
        CHOICE.match(line) or (line.startswith(b"try:") and is_handled(HANDLED_BROADLY, lines, place, depth))
        for line, depth in lines_around(lines, place)
    )


def lines_around(lines: Sequence[bytes], place: int) -> Iterator[tuple[bytes, int]]:
    """Yield the lines that open the blocks around *place*, inner before outer, each with its depth in blanks."""
    inner = indent_of(lines[place])
    for above in range(place - 1, -1, -1):
        line, depth = lines[above].strip(), indent_of(lines[above])
        if line and depth < inner and not line.startswith((b"#", b")")):
            yield line, depth
            inner = depth


def is_handled(handler: re.Pattern[bytes], lines: Sequence[bytes], place: int, depth: int) -> bool:
    """Claim that one of the handlers of the block *depth* blanks deep around *place* is such a *handler*."""
    after = (line.strip() for line in lines[place + 1 :] if line.strip() and indent_of(line) <= depth)
    return any(map(handler.match, takewhile(lambda line: line.startswith(b"except"), after)))


def indent_of(line: bytes) -> int:
    """Return how many blanks *line* begins with."""
    return len(line) - len(line.lstrip())


def module_lacks(module: str, name: str, house: House, lines: Sequence[bytes], place: int) -> bool:
    """Claim that *module* has nothing called *name*, which the line at *place* names, on any machine."""
    if not house.owns(module) and (name.startswith("_") or is_guarded(lines, place) or is_filled_late(module)):
        return False
    return not house.mentions(name, lines[place])


@cache
def is_filled_late(module: str) -> bool:
    """Claim that a module that is installed, and that no stub describes, may get its names as it runs."""
    top, *rest = module.split(".")
    if top in sys.stdlib_module_names:
        return False
    found, name = PathFinder.find_spec(top), top
    for part in rest:
        name = f"{name}.{part}"
        folders = found.submodule_search_locations if found is not None else None
        found = PathFinder.find_spec(name, folders) if folders is not None else None
    file = Path(found.origin) if found is not None and found.origin is not None else Path()
    if file.suffix != ".py" or file.with_suffix(".pyi").is_file():
        return False
    with suppress(OSError):
        return FILLED.search(file.read_bytes()) is not None
    return False


def value_lacks(owner: str, name: str, house: House, own: bytes) -> bool:
    """Claim that a value of one known, plain kind lacks an attribute, which nothing in the repository can give it."""
    # a class of another's may be called as one of the house: what is private there is seen by nobody
    if name.startswith("_") and not re.search(rb"\b(?:self|cls)\.%b\b" % name.encode(), own):
        return False
    is_plain = owner in PLAIN_TYPES or house.class_is_plain(owner.partition("[")[0])
    return is_plain and "|" not in owner and not house.mentions(MANGLED.sub("", name), own)


def call_is_certain(function: str, house: House) -> bool:
    """Claim that *function*, a dotted name of the house, is called as it is written."""
    owner, name = owner_and_name(function)
    if not house.is_called_as_written(owner, name):
        return False
    if name in MAKERS:
        return house.class_is_plain(owner)
    return len(house.functions.get(name, ())) == 1 and (not owner[:1].isupper() or house.class_is_plain(owner))


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
    for top in (*(house.root / folder for folder in PurePath(path).parents), house.root / "src"):
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
    """Return what does not exist as a finding of row A11, which gates: it is a fact, not a habit."""
    entry = Entry(
        convention=RULE, key=missing.kind, scope="repository", value="exists", k=0, n=0, conforming=0,
        opportunities=0, files=0, bound=1.0, strength="gate", tier="gate", exemplars=(), counterexamples=(), rule={},
        reason="",
    )  # fmt: skip
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
    for each in missing:
        source = sources.get(each.path)
        if source is None or each.line > len(source.line_starts):
            continue
        if not is_silenced(silences_in(source), ApiExists.linter_codes, each.line):
            found.setdefault(each.path, []).append(as_finding(each, source))
    return found
