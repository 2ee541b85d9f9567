"""
Where other modules come from, and what goes through the house's own. In: files of any language. Out: their choices.

Rows Q14 and Q15.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tree_sitter import Node

from ..source import field_of, text_of
from .anyfacts import BlockFact, EntryFact, last_part
from .anyview import AnyView
from .convention import Choice, Edit, Examples, HouseChoice, NeutralConvention, NeutralHouseConvention, Place
from .facts import FileFacts
from .naming import words_of
from .pins import PIN, VERSION_KEYS, is_commit, is_pinned

ORIGINS = frozenset({"source", "uses", "image", "module", "git", "repo", "repository", "from", "include", "url"})
"""Keys whose value says where something is fetched from."""
IMPORTING = re.compile(r"(^|_)(import|include|load|use|require|source)(_|$)")
LOADERS = frozenset({"load", "require", "source", "include", "import"})
OWN = re.compile(r"(\./|\.\./|//|@/|~/|:|/)")
"""What opens the name of a module of the same repository."""
ERROR = re.compile(r"(?:Error|Exception)$")
"""How what is raised is called: a function that may raise it stands for no other reason to."""
HERE = re.compile(rb"__(?:DIR__|FILE__|dirname\b)")
"""What stands before it in PHP, Ruby or JavaScript where it is the file's own folder: `__DIR__ . "/a.php"`."""
JOINED = re.compile(rb"[.+]\s*$")
"""What stands before it where it goes on with another text, which may name any folder."""
ALIAS = re.compile(r"(@[\w-]+/)[^/]+/")
"""
What opens it, too, where it names the outermost folder that the file lies in, as compilers of scripts are told; a
package of others' may be called like one, `@prisma/client`, of which no more than that is named.
"""
PACKED = frozenset({"apps", "libs", "packages", "plugins", "services"})
"""What a folder is called in which a repository has packages of its own side by side."""
UP = "../"
SETTING_UP = re.compile(r"\.(?:conf|config)\.\w+$")
"""How files end that set a tool up."""
REMOTE = re.compile(r"^[\w.+-]+(://|@[\w.-]+:|::)|^[\w.-]+(:\d+)?/[\w./-]+|^[\w.-]+:[\w.-]+$")
UNQUOTED = re.compile(rb"[^\s\"'`]+")
NAMED = "how a module of this repository is named"
THIN = 2
"""The different functions that the body of a wrapper calls at most."""
LEAST_THROUGH, LEAST_FILES, MOST_RAW_FILES = 5, 3, 2
RECEIVERS = frozenset({"this", "self", "super", "cls"})
FROM_FOLDERS = frozenset({"c", "cpp"})
"""Languages in which a module's name does not tell from where it is named."""
OF_VALUES = frozenset({"csharp", "kotlin", "scala", "swift"})
"""Languages in which a name in lower case before a dot is a value: no module is called by it."""


class ModuleOrigin(NeutralConvention):
    """From where modules of the same repository are named, and whether those fetched from elsewhere are pinned."""

    id = "Q14"
    name = "module-origin"
    question = "What about {key}?"
    never = frozenset({"unpinned", "a version"})  # a commit in place of a version is no slip
    advised = frozenset({"relative to the file"})  # of several packages in a repository one may know a root
    least_support = 10.0
    version = 9
    examples = Examples(
        value="relative to the file",
        key=NAMED,
        path="src/a.js",
        conforms=('import a from "./a";', 'import a from "../b/a";', 'const a = require("./a");'),
        departs=('import a from "@/b/a";', 'import a from "/b/a";', 'import a from "@src/b/a";'),
        nearly=('import a from "react";', 'import a from "@house/a";', 'const a = "@/b/a";', 'read("/b/a");'),
    )
    also = (
        Examples(
            value="relative to the file",
            key=NAMED,
            path="src/a.php",
            conforms=("<?php\nrequire __DIR__.'/b.php';\n", "<?php\nrequire_once dirname(__FILE__) . '/b.php';\n"),
            departs=("<?php\nrequire '/b.php';\n",),
            nearly=("<?php\n$a = __DIR__.'/b.txt';\n", "<?php\nrequire $folder.'/b.php';\n"),
        ),
        Examples(
            value="relative to the file",
            key=NAMED,
            path="prisma/a.ts",
            conforms=('import a from "./a";',),
            departs=('import a from "@prisma/b/a";',),
            nearly=('import { A } from "@prisma/client";',),
        ),
        Examples(
            value="from the root, `@/`",
            key=NAMED,
            path="packages/shop/src/a.ts",
            conforms=('import { a } from "@/parts/a";',),
            departs=('import { a } from "../parts/a";',),
            nearly=('import { a } from "../../tools/a";',),
        ),
        Examples(
            value="from the root, `@/`",
            key=NAMED,
            path="app/vite.config.ts",
            nearly=('import { a } from "../parts/a";',),
        ),
        Examples(
            value="relative to the file",
            key=NAMED,
            path="src/a.c",
            # what is not found beside the file is named from a folder that the compiler is told
            nearly=('#include "../a.h"\n',),
        ),
        Examples(
            value="pinned",
            key="what `source` fetches",
            path="main.tf",
            conforms=(
                'module "a" {\n  source  = "house/net/aws"\n  version = "1.2"\n}\n',
                'module "a" {\n  source = "git::https://example.org/net.git?ref=v1"\n}\n',
            ),
            departs=(
                'module "a" {\n  source = "git::https://example.org/net.git"\n}\n',
                'module "a" {\n  source = "house/net/aws"\n  count  = 2\n}\n',
            ),
            nearly=('module "a" {\n  source = "../net"\n}\n', 'resource "a" "b" {\n  source = var.net\n}\n'),
        ),
        Examples(
            value="pinned",
            key="what `uses` fetches",
            path="ci.yaml",
            conforms=("a:\n  steps:\n    - uses: actions/checkout@v4\n",),
            departs=(
                "a:\n  steps:\n    - uses: actions/checkout@main\n",
                "a:\n  steps:\n    - uses: actions/checkout@my-branch\n",
            ),
            nearly=("a:\n  steps:\n    - uses: ./.github/actions/a\n",),
        ),
        Examples(
            value="a commit",
            key="what `uses` is pinned to",
            path="ci.yaml",
            conforms=(
                f"a:\n  steps:\n    - uses: actions/checkout@{'8f4b7f84' * 5} # v4\n",
                f"a:\n  steps:\n    - uses: 'someone/an-action-with-a-longer-name@{'8f4b7f84' * 5}'\n",
            ),
            departs=("a:\n  steps:\n    - uses: actions/checkout@v4\n",),
            # what is not pinned at all is another matter
            nearly=("a:\n  steps:\n    - uses: actions/checkout@main\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield how each imported module of the repository is named, and whether, and to what, others are pinned."""
        for node in file.strings if file.source.language.name not in FROM_FOLDERS else ():
            if value := way_named(file, node):
                yield Choice(value, node, NAMED)
        for block in file.blocks:
            for entry in block.entries:
                if entry.key in ORIGINS and entry.kind == "literal" and REMOTE.search(entry.value):
                    mark = file.root.descendant_for_byte_range(entry.start, entry.end)
                    if mark is not None and not OWN.match(entry.value):
                        pin = pin_of(block, whole_value(file, entry))
                        yield Choice("pinned" if pin else "unpinned", mark, f"what `{entry.key}` fetches")
                        if pin:
                            yield Choice(pin, mark, f"what `{entry.key}` is pinned to")

    def implied_by(self, key: str) -> str | None:
        """Return the question to what something is pinned, for the one whether it is."""
        return f"{key.removesuffix(' fetches')} is pinned to" if key.endswith(" fetches") else None

    def is_of_project(self, key: str) -> bool:
        """Claim that it is the project's settings that make a root known."""
        return key.endswith(NAMED)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the pin behind a name taken off."""
        line = place.source.rest_of_line(place.end).rstrip(b"\"' \r")
        pin = PIN.search(line.decode("utf-8", "replace"))
        if value != "pinned" or pin is None:
            return ()
        first = place.end + len(line[: pin.start()])
        return (Edit(first, first + len(pin[0].encode()), ""),)

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        return f"{key} is {found} here" if wanted == "pinned" else f"{found} here, {wanted} in this codebase"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if value == "pinned":
            return f"Pin {key}: name a version or a commit."
        if key.endswith(" is pinned to"):
            return f"Pin {key.removesuffix(' is pinned to')} fetches to {value}."
        return f"Import modules of this repository {value}."


class HouseModule(NeutralHouseConvention):
    """Whether what the house has a function or a module of its own for is made through that."""

    id = "Q15"
    name = "house-module"
    question = "Does {key} go through the house's own?"
    fault = "{key} is used directly here; this codebase goes {wanted}"
    never = frozenset({"directly"})
    least_support = 10.0
    null_share = 0.5
    version = 12
    cap = "advise"  # as row A01, whose twin it is
    is_scoped = False  # where nobody goes past the house's own, that it calls another proves no preference
    bounds = (("gate", 0.95), ("advise", 0.90), ("hint", 0.75))
    examples = Examples(
        value="through `house_library`",
        key="`native.cc_library`",
        path="app/BUILD",
        rule={
            "language": "starlark",
            "raw": "native.cc_library",
            "through": "house_library",
            "homes": ["tools/rules.bzl"],
        },
        conforms=('house_library(\n    name = "a",\n)\n', 'rules.house_library(name = "a")\n'),
        departs=('native.cc_library(\n    name = "a",\n)\n',),
        nearly=('cc_binary(\n    name = "a",\n)\n', '# native.cc_library(name = "a")\n'),
    )
    also = (
        Examples(
            value="through `native.cc_library`",
            key="`native.cc_library`",
            path="tools/rules.bzl",
            rule={"language": "starlark", "raw": "native.cc_library", "through": "a", "homes": ["tools/rules.bzl"]},
            nearly=("def house_library(name):\n    native.cc_library(name = name)\n",),
        ),
        Examples(
            value="through `modules/bucket`",
            key="`resource aws_s3_bucket`",
            path="shop/main.tf",
            rule={
                "language": "hcl", "raw": "resource aws_s3_bucket", "through": "modules/bucket",
                "homes": ["modules/bucket"],
            },
            conforms=('module "logs" {\n  source = "../modules/bucket"\n}\n',),
            departs=('resource "aws_s3_bucket" "logs" {\n  acl = "private"\n}\n',),
            nearly=(
                'resource "aws_sns_topic" "a" {\n  name = "a"\n}\n',
                'data "aws_s3_bucket" "a" {\n  bucket = "a"\n}\n',
            ),
        ),
    )  # fmt: skip

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """
        Yield, for what is made elsewhere in a few files at most, the house's own that makes it and is used most.

        A function has to be thin and to be passed by somewhere, for that it calls another proves no preference. A
        folder that other files name as their module is meant to be used. What several functions of one file call is
        their common ground, and none of them stands for it; of the two that one calls it stands for its namesake. What
        the house defines itself, it has no need to stand for.
        """
        made = Made(files)
        best: dict[str, tuple[int, str]] = {}
        common = made.common()
        for own, (home, is_folder) in sorted(made.homes.items()):
            users = made.users(own)
            inside = made.inside[own] - {own}
            if (
                sum(users.values()) < LEAST_THROUGH
                or len(users) < LEAST_FILES
                or (len(inside) > THIN and not is_folder)
            ):
                continue
            for raw in sorted(inside - common):
                if (
                    len(inside) > 1
                    and not is_folder
                    and set(words_of(last_part(raw))).isdisjoint(words_of(last_part(own)))
                ):
                    continue
                elsewhere = {path for path in made.past(own, raw) if not within(path, home)}
                is_outside = is_folder or not (
                    made.defines(raw) or ERROR.search(raw) or is_of_value(raw, files[0].language)
                )
                if is_outside and len(elsewhere) <= MOST_RAW_FILES and (elsewhere or is_folder):
                    best[raw] = max(best.get(raw, (0, "")), (sum(users.values()), own))
        for raw, (_, own) in sorted(best.items()):
            rule = {"key": f"`{raw}`", "raw": raw, "through": own, "homes": [made.homes[own][0]]}
            passed = made.passed[own, raw]
            yield rule if "" in passed else {**rule, "passed": sorted(passed)}

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield which way each place takes, outside of the house's own."""
        if facts.role not in ("src", "scripts") or any(within(facts.path, home) for home in rule["homes"]):
            return
        for use in uses_of(facts):
            if use.name == rule["raw"]:
                # what always passes one thing of its own cannot stand for what passes another
                if use.first in rule.get("passed", [use.first]):
                    yield HouseChoice("directly", use.line, use.start, use.end, use.text)
            elif any(is_of(use, rule["through"], home) for home in rule["homes"]):
                yield HouseChoice(f"through `{rule['through']}`", use.line, use.start, use.end, use.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the raw function in place of the house's."""
        is_call = last_part(place.text) == place.rule["through"]
        return place.instead(place.rule["raw"]) if is_call else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Use {value.removeprefix('through ')} rather than {key}."


class Use(NamedTuple):
    """
    A place where something is called or made.
    """

    name: str
    """As it is written, or the words of a block: `resource aws_s3_bucket`."""
    own: str
    """What it would be called if it were the house's: the last part of the name, or the folder of a module."""
    inside: str
    """What of the house is around it: a unit, or the file's folder."""
    line: int
    start: int
    end: int
    text: str
    first: str = ""
    """The first thing that it passes, where that is the same each time."""


class Made:
    """
    What is made where: by the house's own functions and folders, and past them.
    """

    def __init__(self, files: Sequence[FileFacts]) -> None:
        self.uses: defaultdict[str, list[tuple[Use, str]]] = defaultdict(list)
        """The uses that may be of one of the house's, by its name, with their files."""
        self.raw: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        """The files that make something by its own name, each with what it passes first."""
        self.inside: defaultdict[str, set[str]] = defaultdict(set)
        """What each of the house's makes."""
        self.passed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        """What each of the house's passes first to each that it makes, empty where that may differ."""
        self.units = {name for facts in files if facts.role in ("src", "scripts") for name in facts.units}
        """What the house defines, by name."""
        self.homes: dict[str, tuple[str, bool]] = {}
        """Where each of the house's is, and whether it is a folder; left out where there are two of a name."""
        homes: defaultdict[str, set[tuple[str, bool]]] = defaultdict(set)
        for facts in files:
            for use in uses_of(facts) if facts.role in ("src", "scripts") else ():
                folder = posixpath.dirname(facts.path)
                is_folder = use.inside == folder
                if use.inside:
                    self.inside[use.inside].add(use.name)
                    self.passed[use.inside, use.name].add(use.first)
                    homes[use.inside].add((folder if is_folder else facts.path, is_folder))
                self.raw[use.name].add((facts.path, use.first))
                self.uses[use.own].append((use, facts.path))
        defined = Counter(name for facts in files for name in set(facts.units))
        self.homes = {
            name: next(iter(places))
            for name, places in homes.items()
            if len(places) == 1 and (defined[name] <= 1 or next(iter(places))[1])
        }

    def users(self, own: str) -> Counter[str]:
        """Return how often one of the house's is used outside of its home, by file."""
        home, _ = self.homes[own]
        return Counter(path for use, path in self.uses[own] if not within(path, home) and is_of(use, own, home))

    def past(self, own: str, raw: str) -> set[str]:
        """Return the files that make something by its own name for which one of the house's could stand."""
        passed = self.passed[own, raw]
        return {path for path, first in self.raw[raw] if "" in passed or first in passed}

    def defines(self, raw: str) -> bool:
        """Claim that the house defines what is called *raw*, or a class of that name and its method."""
        name = last_part(raw)
        owner = last_part(raw[: -len(name)].rstrip(".:->"))
        return name in self.homes or raw in self.units or {owner, name} <= self.units

    def common(self) -> set[str]:
        """Return what several functions of one file call that are used elsewhere."""
        times: Counter[tuple[str, str]] = Counter()
        for own, (home, is_folder) in self.homes.items():
            if not is_folder and self.users(own):
                times.update((home, raw) for raw in self.inside[own])
        return {raw for (_, raw), count in times.items() if count > 1}


def uses_of(facts: FileFacts) -> Iterator[Use]:
    """Yield what one file calls, and the blocks with which it makes something."""
    # what a build of Gradle calls is Gradle's, whatever the house has of that name
    for use in facts.uses if not facts.path.endswith(".gradle.kts") else ():
        head = re.split(r"::|->|[.:]", use.whole)[0]
        # what a method of a value does is the value's affair; of a class or a module it is known
        is_apart = use.whole != use.name and not head.lstrip("\\")[:1].isupper()
        if head not in RECEIVERS and not is_apart:
            start = use.end - len(use.whole.encode())
            yield Use(use.whole, last_part(use.name), use.inside, use.line, start, use.end, use.whole, use.first)
    folder = posixpath.dirname(facts.path)
    for block in facts.blocks:
        if len(block.shapes) == 2 and not block.shapes[0].endswith(".*"):
            own = module_folder(folder, block) or block.shapes[1]
            yield Use(block.shapes[1], own, folder, block.line, block.start, block.end, block.text)


def is_of_value(name: str, language: str) -> bool:
    """Claim that what is called by *name* is a method of a value, so that others of the name are something else."""
    return language in OF_VALUES and "." in name and not name[:1].isupper()


def is_of(use: Use, own: str, home: str) -> bool:
    """Claim that a use is of the house's *own* at *home*: by its name alone, or after its module's (`net.fetch`)."""
    if use.own != own:
        return False
    head = last_part(use.name[: len(use.name) - len(own)].rstrip(".:->")) if use.name.endswith(own) else ""
    return not head or head in (posixpath.basename(home).split(".")[0], posixpath.basename(posixpath.dirname(home)))


def module_folder(folder: str, block: BlockFact) -> str:
    """Return the folder that a block names as its source, from the top of the repository; nothing where it has none."""
    origin = next((entry.value for entry in block.entries if entry.key == "source" and entry.kind == "literal"), "")
    return posixpath.normpath(posixpath.join(folder, origin)) if origin.startswith(("./", "../")) else ""


def within(path: str, home: str) -> bool:
    """Claim that the file at *path* is *home*, or stands in that folder."""
    return path == home or posixpath.dirname(path) == home


def way_named(file: AnyView, node: Node) -> str:
    """Return from where the string at *node* names a module of the repository; nothing where it does not, or unsaid."""
    outer, path = node.parent, text_of(node).strip("\"'`")
    opening = OWN.match(path) or own_alias(path, file.path)
    if opening is None or outer is None or not (is_import(outer) or is_import(outer.parent)):
        return ""
    # what sets an alias up is read before there is one
    if SETTING_UP.search(file.path):
        return ""
    before = file.utf8[outer.start_byte : node.start_byte]
    if leaves_package(path, file.path):
        return ""
    if opening[1] in ("./", "../", ":") or HERE.search(before):
        return "relative to the file"
    return "" if JOINED.search(before) else f"from the root, `{opening[1]}`"


def leaves_package(path: str, home: str) -> bool:
    """Claim that *path* leads out of the package that the file at *home* is in: no root of that leads there."""
    top, *inner = home.split("/")[:-1] or [""]
    return top in PACKED and path.startswith(UP) and path.count(UP) >= len(inner)


def own_alias(path: str, home: str) -> re.Match[str] | None:
    """Return what opens *path* where that names the outermost folder of the file at *home*."""
    found = ALIAS.match(path)
    return found if found is not None and home.startswith(found[1][1:]) else None


def whole_value(file: AnyView, entry: EntryFact) -> str:
    """Return the value of an entry, which may be cut, to its end."""
    start = file.utf8.find(entry.value.encode(), entry.end)
    found = UNQUOTED.match(file.utf8, start) if start >= 0 else None
    return found[0].decode("utf-8", "replace") if found is not None else entry.value


def pin_of(block: BlockFact, origin: str) -> str:
    """Return what an entry that fetches is pinned to, by its own name or by another entry of its block, if it is."""
    pins = [entry.value for entry in block.entries if entry.key in VERSION_KEYS]
    if any(map(is_commit, (origin, *pins))):
        return "a commit"
    return "a version" if pins or is_pinned(origin) else ""


def is_import(node: Any) -> bool:
    """Claim that *node* names modules: an import statement, or a call of a function that loads one."""
    if node is None:
        return False
    if IMPORTING.search(node.type):
        return True
    call = node.parent if "argument" in node.type else node
    name = field_of(call, "function") or field_of(call, "name")
    return name is not None and text_of(name) in LOADERS
