"""
Does what code names exist? In: a repository and some of its files. Out: what a resolver is sure does not exist.

The resolver is pyrefly, which found the most planted errors of those measured (15 of 16; mypy and ty 12). It answers
more than it knows: on code without annotations it guesses what a value is. So each of its answers is held against the
repository's own text, and kept only when nothing there can make the name exist: three values, right, wrong, and
unsure, of which only the second is told.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ...mining.cache import cache_folder, digest_of_code, keep
from ...mining.conventions.existence import ApiExists
from ...mining.conventions.silences import Silences
from ...mining.judge import Finding
from ...mining.profile import state_fact
from ...mining.reading import read_start
from ...mining.roles import data_folder
from ...mining.source import Source
from .certainty import KINDS, QUOTED, is_certain
from .house import House, read_house
from .resolver import UnaskedError, ask_resolver, find_resolver, installed, least_minor, version_for
from .running import names_lacking

RULE = "A11"
CALLED = frozenset({"arguments", "keyword"})
"""The kinds of what is wrong with a call, of which type checkers speak where it begins."""
FILES_A_RUN = 500
"""Files that the resolver is asked about at once."""
PLATFORMS = ("linux", "darwin", "win32")
"""As `sys.platform` calls them: what the standard library lacks on one it may have on another."""
NEWEST = "3.15"
"""The newest Python that the resolver knows: what the standard library lacks in an older one may have come since."""


class NameAndModule(NamedTuple):
    """
    A name, and the dotted name of the module that lacks it.
    """

    name: str
    module: str


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
    Return, in order, what the files at *paths*, relative to *root*, name although it certainly does not exist.

    Nothing where no resolver is installed, nor of what lies in hidden folders, or is read by tests and
    imported by nobody: silence is the answer for what cannot be decided. What was found is kept under the hash of all
    that decides it. Raises `UnaskedError` where the resolver fails, or would not end.
    """
    program = find_resolver()
    # the house has no file of a hidden folder: what those name may be an example for a tool
    seen = [path for path in paths if not any(folder.startswith(".") for folder in path.split("/")[:-1])]
    paths = [path for path in seen if not (data := data_folder(path)) or (root / data / "__init__.py").is_file()]
    if program is None or not paths:
        return []
    house = read_house(root)
    folder = cache_folder("names")
    kept = folder / f"{hash_of(program, house, paths)}.json" if folder is not None else None
    with suppress(OSError, ValueError, TypeError):
        if kept is not None:
            return [Missing(*row) for row in json.loads(kept.read_bytes())]
    found = ask_and_weigh(program, house, paths)
    if kept is not None:
        keep(kept, json.dumps(found).encode())
    return found


def ask_and_weigh(program: str, house: House, paths: Sequence[str]) -> list[Missing]:
    """Return those of the resolver's answers that are certain; raises `UnaskedError` when it gave none."""
    found: set[Missing] = set()
    lines: dict[str, list[bytes]] = {}
    for first in range(0, len(paths), FILES_A_RUN):
        answers = ask_resolver(program, house.root, paths[first : first + FILES_A_RUN], house.tops)
        if answers is None:
            raise UnaskedError("the resolver ended without an answer, as it does where memory or processes are few")
        for answer in answers:
            path = answer["path"]
            if path not in lines:
                # it may have gone meanwhile
                lines[path] = (read_start(house.root, path) or b"").split(b"\n")
            if answer["name"] in KINDS and is_certain(answer, house, lines[path]):
                found.add(as_missing(answer))
    return sorted(missing_everywhere(program, house, found))


def missing_everywhere(program: str, house: House, found: Set[Missing]) -> set[Missing]:
    """
    Return those of *found* that the standard library lacks on every platform, and all that is not about it.

    The running Python has to lack them, and, where the project does not say which one it needs, the newest, too.
    """
    asked = lacking_here({missing for missing in found if is_standard(missing)})
    newest = [(sys.platform, NEWEST)] if least_minor(house.root) is None else []
    for platform, version in (*((platform, "") for platform in PLATFORMS if platform != sys.platform), *newest):
        if asked:
            paths = sorted({missing.path for missing in asked})
            answers = ask_resolver(program, house.root, paths, house.tops, platform, version) or ()
            asked &= {as_missing(answer) for answer in answers if answer["name"] in KINDS}
    return {missing for missing in found if not is_standard(missing)} | asked


def lacking_here(found: Set[Missing]) -> set[Missing]:
    """Return those of *found*, all about the standard library, that the running Python lacks for certain."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for missing in found:
        name, module = name_and_module(missing)
        names[module].add(name)
    lacking = {module: names_lacking(module, asked) for module, asked in names.items()}
    return {missing for missing in found if (of := name_and_module(missing)).name in lacking[of.module]}


def is_standard(missing: Missing) -> bool:
    """Claim that something is missing in a module of the standard library."""
    is_of_module = missing.kind == "import" or missing.message.startswith("No attribute")
    return is_of_module and name_and_module(missing).module.partition(".")[0] in sys.stdlib_module_names


def name_and_module(missing: Missing) -> NameAndModule:
    """Return which name is missing in which module, for what is missing in one."""
    return NameAndModule(*QUOTED.findall(missing.message)[:2])


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
        lines = {each.line, line_of_whole(each, finding, source)}
        if not any(silences[each.path].cover(ApiExists.linter_codes, line) for line in lines):
            found.setdefault(each.path, []).append(finding)
    return found


def line_of_whole(missing: Missing, finding: Finding, source: Source) -> int:
    """Return where the import or the call begins in which *finding* stands, for there linters speak of it."""
    whole = "call" if missing.kind in CALLED else "import_from_statement"
    node = source.tree.root_node.descendant_for_byte_range(finding.start, finding.start)
    while node is not None and node.type != whole:
        node = node.parent
    return finding.line if node is None else node.start_point.row + 1
