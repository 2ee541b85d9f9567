"""
Goal 5: are names that do not exist found, and those that do left alone? In: smaller codebases. Out: shares, counts.

Into every file at most one error is planted, of the kind whose turn it is: a name imported that its module lacks, a
module that the package lacks, an attribute of a module or of self, a keyword or one argument too many for a function of
the house that is written plainly. All of the untouched code runs at its authors'; so every alert on it counts as wrong.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from idiolect.evaluation.names.existence import find_missing
from idiolect.evaluation.names.resolver import find_resolver
from idiolect.mining.source import Source

from ..results import make_goal
from . import Measured
from .codebases import Codebase, load_all
from .mutants import SEED

WORDS = ("lazily", "twice", "of_owner", "or_fail", "in_order", "quietly", "by_hand", "at_last")
KINDS = ("import", "module", "module attribute", "self attribute", "keyword", "arguments")
LINES_A_WRONG_ALERT = 20_000
MOST_LINES = 80_000
"""Of a codebase: the resolver takes minutes for the two that are larger, where others share the machine."""
PLAIN = re.compile(rb"^def +(\w+)\(([^)*]*)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Plant:
    """
    One file with one error.
    """

    kind: str
    path: str
    line: int
    text: bytes


def measure() -> Measured:
    """Return the share of planted errors found, each on its line, and the alerts on untouched lines."""
    if find_resolver() is None:
        reason = "no resolver: pip install 'idiolect[style]'"
        return Measured([], [make_goal("conventions.5", "planted errors found", None, ">= 0.85", None, reason=reason)])
    rows = [measure_one(codebase) for codebase in load_all() if codebase.lines <= MOST_LINES]
    planted = sum(row["planted"] for row in rows)
    found = sum(row["found"] for row in rows) / planted
    lines, wrong = sum(row["lines"] for row in rows), sum(row["alerts on untouched lines"] for row in rows)
    rate = wrong * LINES_A_WRONG_ALERT / lines
    what = f"{planted} planted errors of {len(KINDS)} kinds in {len(rows)} codebases found on their line"
    untouched = f"alerts for 20,000 of {lines:,} untouched lines, all taken for wrong"
    return Measured(
        rows,
        [
            make_goal("conventions.5", what, found, ">= 0.85", found >= 0.85),
            make_goal("conventions.5", untouched, rate, "<= 1", rate <= 1),
        ],
    )


def measure_one(codebase: Codebase) -> dict[str, Any]:
    """Return what is found in one codebase, untouched and planted."""
    plants = plant_all(codebase)
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        write(root, {source.path: source.encode(source.text) for source in codebase.sources})
        # what is compiled is there, as it is beside the package; nobody reads it
        write(root, dict.fromkeys(codebase.compiled, b""))
        paths = sorted(source.path for source in codebase.sources)
        untouched = find_missing(root, paths)
        write(root, {plant.path: plant.text for plant in plants})
        places = {(missing.path, missing.line) for missing in find_missing(root, sorted(p.path for p in plants))}
    hits = Counter(plant.kind for plant in plants if (plant.path, plant.line) in places)
    tried = Counter(plant.kind for plant in plants)
    return {
        "codebase": codebase.name,
        "version": codebase.version,
        "lines": sum(len(source.line_starts) for source in codebase.sources),
        "alerts on untouched lines": len(untouched),
        "planted": tried.total(),
        "found": hits.total(),
        **{kind: f"{hits[kind]}/{tried[kind]}" for kind in KINDS},
    }


def write(root: Path, files: dict[str, bytes]) -> None:
    """Write *files* under *root*."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def plant_all(codebase: Codebase) -> list[Plant]:
    """Return one error a file where there is a place for the kind whose turn it is, or for a later one."""
    deal = random.Random(f"{SEED} {codebase.name} names")
    plain = plain_functions(codebase)
    plants: list[Plant] = []
    turn = 0
    for source in codebase.sources:
        if source.tree.root_node.has_error or source.encoding != "utf-8":
            continue
        for step in range(len(KINDS)):
            kind = KINDS[(turn + step) % len(KINDS)]
            places = list(find_places(kind, source, codebase.name, plain))
            if places:
                start, end, text = deal.choice(places)
                changed = source.utf8[:start] + text + source.utf8[end:]
                plants.append(Plant(kind, source.path, source.line_of(start), changed))
                turn += step + 1
                break
    return plants


def plain_functions(codebase: Codebase) -> dict[str, int]:
    """Return the functions of modules that are defined once and have no stars, with their count of parameters."""
    found: Counter[str] = Counter()
    counts: dict[str, int] = {}
    for source in codebase.sources:
        for match in PLAIN.finditer(source.utf8):
            above = source.utf8[: match.start()].rstrip().rpartition(b"\n")[2]
            name = match[1].decode()
            found[name] += 1 + above.startswith((b"@", b")"))
            counts[name] = len([part for part in match[2].split(b",") if part.strip() and part.strip() != b"/"])
    whole = b"\n".join(source.utf8 for source in codebase.sources)
    defined = Counter(name.decode() for name in re.findall(rb"(?:def|class) +(\w+)", whole))
    return {name: count for name, count in counts.items() if found[name] == defined[name] == 1}


def find_places(kind: str, source: Source, package: str, plain: dict[str, int]) -> Iterator[tuple[int, int, bytes]]:
    """Yield (start, end, replacement) for every place of *source* that takes an error of *kind*."""
    data = source.utf8
    own = rf"(?:\.+[\w.]*|{package}[\w.]*)".encode()
    # no error is planted twice: what a repository says in two places, the check holds for known
    word = f"{WORDS[len(data) % len(WORDS)]}_{Path(source.path).stem.strip('_')}".encode()
    match kind:
        case "import":
            for found in re.finditer(rb"^from %b import (\w+)$" % own, data, re.MULTILINE):
                yield found.end(1), found.end(1), b"_" + word + b" as " + found[1]
        case "module":
            for found in re.finditer(rb"^from (\.+\w+|%b\.\w+) import " % package.encode(), data, re.MULTILINE):
                yield found.end(1), found.end(1), b"_" + word
        case "module attribute":
            modules = re.findall(rb"^import (\w+)$", data, re.MULTILINE)
            for module in modules:
                for found in re.finditer(rb"(?<![\w.])%b\.([a-z]\w*)\(" % module, data):
                    if is_code(source, found.start()):
                        yield found.end(1), found.end(1), b"_" + word
        case "self attribute":
            if b"__getattr" not in data:
                for found in re.finditer(rb"(?<![\w.])self\.(\w+)\(", data):
                    if is_code(source, found.start()):
                        yield found.end(1), found.end(1), b"_" + word
        case _:
            for found in re.finditer(rb"(?<![\w.])(\w+)\(([^()*\n]*)\)(?!:)", data):
                count = plain.get(found[1].decode())
                if count is None or not is_code(source, found.start()) or shadows(source, found[1]):
                    continue
                given = found[2].strip().rstrip(b",")
                comma = b", " if given else b""
                if kind == "keyword":
                    yield found.start(2), found.end(2), given + comma + word + b"=True"
                elif b"=" not in given:
                    yield (
                        found.start(2),
                        found.end(2),
                        b", ".join([*([given] if given else []), *[b"None"] * (count + 1)]),
                    )


def is_code(source: Source, byte: int) -> bool:
    """Claim that a call stands at *byte*, not a string, a comment or a definition."""
    node = source.tree.root_node.descendant_for_byte_range(byte, byte + 1)
    return (
        node is not None
        and node.type == "identifier"
        and node.parent is not None
        and (node.parent.type in ("call", "attribute"))
    )


def shadows(source: Source, name: bytes) -> bool:
    """Claim that the file gives the name another meaning: a method, a parameter, a variable."""
    return re.search(rb"\b%b\s*=(?!=)|[(,]\s*%b\s*[,):=]|\bas +%b\b" % (name, name, name), source.utf8) is not None
