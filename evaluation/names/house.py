"""
A repository's Python as text. In: its folder. Out: a `House`, asked what its text can make exist.

Text and patterns instead of trees: a large house has thousands of files, and every check reads them all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from ...mining.packages import outermost_packages
from ...mining.reading import read_start
from .listing import CYTHON, LARGEST, PYTHON, further_tops, list_house, name_of, read_required, top_of

PLAIN_BASES = frozenset({"object", "ABC", "Protocol", "Generic", "NamedTuple", "Enum"})
"""Foreign bases that lend no attribute that a resolver would not know."""
CLASS = re.compile(rb"^[ \t]*class +(\w+)[ \t]*(?:\(([^)]*)\))?", re.MULTILINE)
ARGUMENTS = re.compile(r"\[(?:[^][]|\[[^][]*\])*\]")
"""What a base is given in brackets."""
IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|.*)", re.MULTILINE)
IMPORTED = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?")
"""A name that an import names, and the one that it binds instead."""
COMMENT = re.compile(rb"#.*")
FUNCTION = re.compile(rb"^[ \t]*(?:async +)?def +(\w+)", re.MULTILINE)
NEXT_STATEMENT = re.compile(rb"\n(?=[^\s#)])")
ITEM = rb"\w+(?:\s+as\s+\w+)?"
GIVES = re.compile(
    rb"(?:.*\b)?(?:def|class|for|as|import|global|lambda)\s+\0"
    # one of several that a statement binds
    rb"|.*\b(?:import|global|nonlocal)\b[^;]*\0|.*\bfor\b[\w\s,*()]*\0[\w\s,*()]*\bin\b|.*\bas\s*\([^)]*\0"
    rb"|\s*\(?[\w\s,.*]*\0\s*,[\w\s,.*]*\)?\s*=(?!=)"
    # a type is none that it is given
    rb"|(?:.*[^\s:>]|\s*(?:(?:el)?if|else|try|except|finally|for|while|with)\b.*:)?\s*\0\s*(?::[^=\n]*)?=(?!=)"
    # quoted, alone or in a list
    rb"|.*[\"'](?:\w+,\s*)*\0(?:,\s*\w+)*[\"']"
    # an attribute or a function that is compiled
    rb"|\s*cp?def\b.*\0"
    # a line of what is imported
    rb"|\s*(?:%b\s*,\s*)*\0\s*,\s*(?:%b\s*,\s*)*(?:%b)?\s*[)\\]?\s*(?:#.*)?$"
    rb"|\s*(?:%b\s*,\s*)+\0\s*[)\\]?\s*(?:#.*)?$" % ((ITEM,) * 4)
)
"""A line that may give something the name, which is written as a NUL."""
PUTS_NAMES = re.compile(rb"\b_*(?:builtins?|globals)_*\b|\b(?:exec|run_path)\(|\bsys\.modules\[")
"""How a file may put names into another, or run it with names of its own."""
PUT = re.compile(rb"[\"'](\w+)[\"']|\b(\w+)\s*=(?!=)")
NEAR = 1000
"""Bytes on either side of where names are put in that are looked at for them."""
FILLED = re.compile(
    rb"__getattr|\bsetattr\(\s*self\s*,\s*[^\s\"']|(?:\bself\.__dict__|\bvars\(self\))(?:\.update\(|\[|\s*\|?=(?!=))"
)
"""How a class has attributes that it does not name: it answers for any, or gives its objects some as it runs."""
EMPTY = re.compile(
    rb"\s*class\s+\w+\s*(?:\(\s*(?:object)?\s*\))?:\s*(?:#[^\n]*\s*)?(?:\"\"\"[^\"]*\"\"\"\s*)?"
    rb"(?:pass|\.\.\.)[ \t\r]*(?:[#\n]|\Z)"
)
"""A class that holds nothing of its own: its objects are there for others to put attributes on."""
BRANCH = re.compile(rb"(?:if|for|while|try|with|match)\b.*:[ \t\r]*(?:#.*)?$")
"""A line that opens a block which may not be run, or more than once."""
SHARED = re.compile(rb"\b(?:extend_path|declare_namespace)\(")
"""How a package says that its modules may stand in several folders."""
LOADED = re.compile(rb"[\"'][\w.:/]*[.:]\0[\"']")
"""Where a thing stands, in quotes: whoever loads it may make anything of it."""
MAKERS = ("__init__", "__new__")
KEEPERS = frozenset(
    b"abstractmethod asynccontextmanager cache classmethod contextmanager dataclass final lru_cache".split()
    + b"overload override property runtime_checkable staticmethod total_ordering".split()
)
"""Decorators that leave alone how a function, or a class, is called."""
PASSED_ON = re.compile(rb"\*\s*\w+\s*:\s*[\"']?\w+\.(?:kw)?args\b|\bConcatenate\[")
"""Parameters that are those of another callable."""
LONGEST_HEAD = 400
"""Bytes above a definition in which its decorators stand."""
DEEPEST = 8
LONGEST = 200
"""Bytes of a line on either side of a name that are looked at."""


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
    required: bytes = b""
    """What the project's files say that it needs, among the rest."""
    further: tuple[Path, ...] = ()
    """The folders below that packages stand in, the root and `src` left out."""
    known: dict[str, frozenset[bytes]] = field(default_factory=dict[str, frozenset[bytes]], compare=False)
    """The lines that may give something a name, by name, as far as they were looked for."""

    @property
    def tops(self) -> tuple[Path, ...]:
        """The folders that its top-level modules stand in."""
        return self.root, self.root / "src", *self.further

    @cached_property
    def packages(self) -> frozenset[str]:
        """The names of its top-level modules."""
        entries = (entry for top in self.tops if top.is_dir() for entry in top.iterdir())
        # a script without an ending is no module: a library may be called like it
        return frozenset(e.name.removesuffix(".py") for e in entries if e.suffix == ".py" or e.is_dir())

    def owns(self, module: str) -> bool:
        """Claim that *module* is one of the repository's own."""
        return module.partition(".")[0] in self.packages

    def shares(self, module: str) -> bool:
        """
        Claim that *module* may be another project's, in a package of the house that several projects fill.

        Such a package has no module of its own, or the house needs a project that is called as what it lacks. Nor is
        all of a package known where a folder without `__init__.py` is called like one that stands further down.
        """
        parts = module.split(".")
        for depth in range(1, len(parts)):
            folders = [place for top in self.tops if (place := top.joinpath(*parts[:depth])).is_dir()]
            if not folders or not all(map(is_namespace, folders)):
                return False
            if depth == 1 and parts[0] in self.further_down:
                return True
            name = parts[depth]
            if any((folder / name).is_dir() or (folder / f"{name}.py").is_file() for folder in folders):
                continue
            project = b"[-_.]".join(re.escape(part.encode()) for part in parts[: depth + 1])
            is_bare = not any(file.name != "__init__.py" for folder in folders for file in folder.glob("*.py"))
            return is_bare or re.search(rb"(?<![\w.-])%b(?![\w.:/-])" % project, self.required) is not None
        return False

    @cached_property
    def further_down(self) -> frozenset[str]:
        """The names of packages that stand in none of the folders of its top-level modules."""
        packages = outermost_packages(self.files)
        return frozenset(name_of(package) for package in packages if self.root / top_of(package) not in self.tops)

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

    def calls_several(self, alias: bytes) -> bool:
        """Claim that imports call more than one module by the same *alias*, as where versions of Python differ."""
        called = re.findall(rb"^[ \t]*import[ \t]+([\w.]+)[ \t]+as[ \t]+%b\b" % alias, self.text, re.MULTILINE)
        return len(set(called)) > 1

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
        return frozenset(all_from(beside, self.parents))

    @cached_property
    def parents(self) -> dict[str, list[str]]:
        """The bases of the classes of each name."""
        return {name: [last_name(base) for _, bases in found for base in bases] for name, found in self.classes.items()}

    def is_foreign(self, base: str) -> bool:
        """Claim that a base is not the house's, and lends attributes."""
        name = last_name(base)
        return name not in PLAIN_BASES and (name not in self.classes or base.partition(".")[0] in self.borrowed)

    def has_foreign_base(self, name: str) -> bool:
        """Claim that a class derives from one that is not the house's, at whatever distance."""
        line = all_from([name], self.parents)
        return any(self.is_foreign(base) for each in line for _, bases in self.classes.get(each, ()) for base in bases)

    def is_unused(self, name: str) -> bool:
        """Claim that a class waits to be mixed in: none derives from it, and it is called so, or named nowhere else."""
        if name in self.derived:
            return False
        is_bare = not any(bases for _, bases in self.classes[name]) and not name.startswith("Test")
        is_named = any(not (line.startswith(b"class ") or LOADED.search(sign)) for line, sign in self.lines_with(name))
        return name.endswith("Mixin") or (is_bare and not is_named)

    def mentions(self, name: str, own: bytes = b"") -> bool:
        """
        Claim that a line of the repository may give something the name: a definition, an assignment, a string.

        The line that is judged, *own*, cannot speak for itself.
        """
        if name not in self.known:
            self.known[name] = frozenset(line for line, sign in self.lines_with(name) if GIVES.match(sign))
        return bool(self.known[name] - {own.strip()})

    def asks_others(self, name: str, own: bytes) -> bool:
        """Claim that other lines than *own* ask something for the attribute *name*: there are values that have it."""
        return any(b".\0" in sign and line != own.strip() for line, sign in self.lines_with(name))

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
        if name in MAKERS and any(map(self.has_branches, starts)):
            return False  # its fields may differ from one platform to the next
        return all(
            self.decorators_above(start) <= KEEPERS and not PASSED_ON.search(self.block(start)) for start in starts
        )

    def has_branches(self, start: int) -> bool:
        """Claim that the body of the class at *start* decides what it holds as it runs."""
        head = CLASS.match(self.text, start)
        if head is None:
            return False
        outer = head[0][: len(head[0]) - len(head[0].lstrip())]
        lines = [line for line in self.block(start)[head.end() - start :].split(b"\n")[1:] if line.strip()]
        body = list(takewhile(lambda line: line.startswith((outer + b" ", outer + b"\t")), lines))
        inner = body[0][: len(body[0]) - len(body[0].lstrip())] if body else b""
        return any(line.startswith(inner) and BRANCH.match(line, len(inner)) for line in body)

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
        block = self.block(start)
        if FILLED.search(block) or EMPTY.match(block):
            return False
        return all(self.class_is_plain(base, depth + 1) for base in map(last_name, bases) if base in self.classes)

    def means_one(self, name: str) -> bool:
        """Claim that the name of a class means that class: nobody imports another one by it, or assigns to it."""
        anew = re.compile(rb"%b\s*(?::[^=]*)?=(?!=)" % name.encode())
        return name not in self.borrowed and not any(anew.match(line) for line, _ in self.lines_with(name))

    def has_unseen_fields(self, name: str) -> bool:
        """Claim that a class is a dataclass, which takes fields of a class that is not the house's."""
        found = [each for own in all_from([name], self.parents) for each in self.classes.get(own, ())]
        is_dataclass = any(b"dataclass" in self.decorators_above(start) for start, _ in found)
        return is_dataclass and self.has_foreign_base(name)


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


def is_namespace(folder: Path) -> bool:
    """Claim that a package in *folder* is one that other projects may add modules to."""
    text = read_start(folder, "__init__.py")
    return text is None or SHARED.search(text) is not None


def last_name(base: str) -> str:
    """Return the last name of a base: `Graph` of `nx.Graph`."""
    return base.rpartition(".")[2]


def owner_and_name(function: str) -> tuple[str, str]:
    """Return the last two parts of a dotted name, the first of them empty where there is none."""
    *_, owner, name = ["", *function.split(".")]
    return owner, name


def read_house(root: Path) -> House:
    """Return the text of the Python files under *root*, those left out that are vendored or cannot be read."""
    texts: list[bytes] = []
    paths: list[str] = []
    names = list_house(root)
    for name in names:
        if name.endswith((*PYTHON, *CYTHON)):
            with suppress(OSError), (root / name).open("rb") as file:
                texts.append(file.read(LARGEST))
                paths.append(name)
    required = read_required(root)
    return House(root, b"\n".join(texts), tuple(paths), required, further_tops(root, names, required))
