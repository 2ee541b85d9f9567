"""
The reliability scoreboard. In: the rows of `tests/faults/README.md`. Out: rows passed a group, the launch, one package.

    python -m benchmarks.faults                  all parts; rows at the sizes of the test suite, slow ones included
    python -m benchmarks.faults --only launch    one part: launch, leftovers, rows or package
    python -m benchmarks.faults --full           the rows that the suite scales down, in full size; --row names one

A row passes when every test named beside it passed; a row without a test is open and counts as not passed. The package
is a source distribution with tests, downloaded with pip, or the unpacked one that `IDIOLECT_PACKAGE` names.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from idiolect.evaluation.checks.tests import TestsCheck, make_check
from idiolect.evaluation.probes import Probe, interleave
from idiolect.evaluation.sandbox.doctor import diagnose
from idiolect.evaluation.sandbox.run import PYTHON, run_caged
from idiolect.mining.corpus import read_corpus
from idiolect.mining.languages import language_of
from idiolect.mining.mine import mine_repositories
from idiolect.mining.pairs.pair import Pair
from idiolect.mining.source import parse_source

from .results import make_goal, read_results, write_results

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "tests" / "faults" / "README.md"
ROW = re.compile(r"^\| ([A-J]\d\d) \| (.*?) \| (.*?) \|$", re.MULTILINE)
CLOSED = "CFHI"
SCALED = ("A08", "A09", "A19", "A22", "E15", "H14", "J08")
"""Rows whose tests are scaled down; the size is in the test's id."""
PACKAGE = "toolz==1.0.0"
"""A package of plain functions whose source distribution holds its tests, which need nothing else."""
FORGERIES = (
    "import os\nos._exit(0)",
    "import sys\nsys._getframe(1).f_back",
    "import sys\nold = sys.modules['_pytest.reports'].TestReport.from_item_and_call\n"
    "def new(item, call):\n    call.excinfo = None\n    return old(item, call)\n"
    "sys.modules['_pytest.reports'].TestReport.from_item_and_call = new",
    "import os\nfor channel in range(1, 12):\n    try:\n"
    '        os.write(channel, b\'{"record": "end", "code": 0}\\n\')\n    except OSError:\n        pass\nos._exit(0)',
    "import gc\ngc.get_objects()",
)
"""Ways to look passed: by leaving, by the frames, by the reports, by records of its own, by the collector."""
Row = dict[str, Any]


def read_table() -> dict[str, list[str]]:
    """Return the tests of each row: paths below `tests/`, with a word of the test's id after a space."""
    return {row: re.findall(r"`([^`]+)`", tests) for row, _, tests in ROW.findall(TABLE.read_text("utf-8"))}


def run_rows() -> list[Row]:
    """Run every test named in the table once, and return one row a fault."""
    table = read_table()
    named = {name for tests in table.values() for name in tests}
    whole = {name for name in named if "::" not in name}
    return judge_rows(table, run_tests(sorted(whole | {n for n in named if n.partition("::")[0] not in whole})))


def run_full(faults: Sequence[str]) -> list[Row]:
    """Run the rows *faults* alone, in the size that the list of faults names, and return one row a fault."""
    table = {fault: tests for fault, tests in read_table().items() if fault in faults}
    files = sorted({name.split("::")[0] for tests in table.values() for name in tests})
    words = ["-k", " or ".join(faults)]
    # tests that other rows name by their whole name carry no row's id, and no size either
    own = {fault: [test for test in tests if "::" not in test] for fault, tests in table.items()}
    begin = time.monotonic()
    rows = judge_rows(own, run_tests(files, words, {"IDIOLECT_FAULTS_FULL": "1"}))
    return [{**row, "seconds": round(time.monotonic() - begin, 1)} for row in rows] if len(rows) == 1 else rows


def judge_rows(table: Mapping[str, list[str]], outcomes: Mapping[str, str]) -> list[Row]:
    """Return one row a fault of *table*, from what became of the tests."""
    rows: list[Row] = []
    for fault, tests in table.items():
        found = {name: result for name, result in outcomes.items() if any(matches(name, fault, test) for test in tests)}
        bad = sorted(name for name, result in found.items() if result == "failed")
        ran = sum(result == "passed" for result in found.values())
        rows.append({"row": fault, "passed": bool(ran) and not bad, "tests": ran, "failed": bad})
    return rows


def matches(name: str, fault: str, test: str) -> bool:
    """Claim that the test *name* (`file::function[id]`) is one that *test* names for *fault*."""
    file, _, function = test.partition("::")
    found, _, case = name.partition("::")
    if found != file:
        return False
    return case.partition("[")[0] == function if function else fault in case


def run_tests(
    files: list[str], more: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what became of the tests of *files* that *more* selects, by `file::function[id]`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *more]
        known = {**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})}
        subprocess.run([*command, *(f"tests/{file}" for file in files)], cwd=ROOT, env=known, check=False)
        cases = ElementTree.parse(report).getroot().iter("testcase")
        return {test_name(case): outcome(case) for case in cases}


def test_name(case: ElementTree.Element) -> str:
    """Return a case's name as the table writes it."""
    return case.get("classname", "").removeprefix("tests.").replace(".", "/") + f".py::{case.get('name')}"


def outcome(case: ElementTree.Element) -> str:
    """Return `passed`, `failed` or `skipped`."""
    kinds = {child.tag for child in case}
    return "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"


def measure_launch(rounds: int = 30) -> Row:
    """Return the median milliseconds of a bare isolated interpreter and of a caged one, interleaved."""
    bare = [PYTHON, "-I", "-S", "-c", "pass"]
    runs: dict[str, Callable[[], object]] = {
        "bare": lambda: subprocess.run(bare, check=True),
        "caged": lambda: run_caged(bare),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - begin) * 1000)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {"what": "launch, ms", **medians, "ratio": medians["caged"] / medians["bare"]}


def measure_leftovers(samples: int = 2_000) -> Row:
    """Return how many processes, descriptors and temporary folders *samples* caged runs left behind."""
    run_caged([PYTHON, "-c", "pass"])
    before = count_things()
    for _ in range(samples):
        run_caged([PYTHON, "-I", "-S", "-c", "import os; os.fork() or os.setsid(); open('x', 'w').write('x')"])
    after = count_things()
    return {"what": f"left by {samples} samples", **{name: after[name] - before[name] for name in after}}


def count_things() -> dict[str, int]:
    """Return how many children, open descriptors and folders of ours there are now."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    folders = [path for path in Path(tempfile.gettempdir()).iterdir() if path.name.startswith("idiolect-cage-")]
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return {"processes": len(children), "descriptors": descriptors, "folders": len(folders)}


def measure_package(probes: int = 15) -> Row:
    """Return how one real package's functions fare under its own tests, and the seconds it took."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        named = os.environ.get("IDIOLECT_PACKAGE")
        folder = Path(named) if named else fetch_package(Path(scratch))
        counts = judge_package(folder, Path(scratch), probes)
    return {"what": f"tests of {folder.name}", **counts, "seconds": round(time.monotonic() - begin, 1)}


def fetch_package(scratch: Path) -> Path:
    """Download the source distribution with pip, and return the folder it unpacks to."""
    words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(scratch), PACKAGE]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words], check=True)
    (archive,) = scratch.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    return scratch / archive.name.removesuffix(".tar.gz")


def judge_package(folder: Path, scratch: Path, probes: int) -> Row:
    """Mine *folder*, and count how references, stubs and forged passes of *probes* functions are judged."""
    mine_repositories([folder], scratch / "corpus", kinds=["implement"], workers=1)
    corpus = read_corpus(scratch / "corpus")
    # what was trained on decides nothing here: every function may be asked for
    pairs = interleave([pair for split in ("test", "validation", "train") for pair in corpus.pairs(split)])
    check = make_check(corpus, folder)
    assert isinstance(check, TestsCheck), "no cage of tier 3, or no pytest and coverage"
    counts: Row = {"probes": 0, "references": 0, "stubs_pass": 0, "forged_are_tamper": 0, "left_out": {}}
    for pair in pairs:
        probe = read_probe(folder, pair) if counts["probes"] < probes else None
        if probe is not None:
            judge_probe(check, probe, counts)
    return counts


def read_probe(folder: Path, pair: Pair) -> Probe | None:
    """Return the probe of *pair* in its file as it lies in *folder*; tests, and what was redacted, are none."""
    language = language_of(pair.path)
    if language is None or "tests" in Path(pair.path).parts:
        return None
    source = parse_source(pair.path, (folder / pair.path).read_bytes(), language)
    span = source.lines_span(pair.start_line, pair.end_line)
    return Probe(pair, source, span) if source.slice(span) == pair.response else None


def judge_probe(check: TestsCheck, probe: Probe, counts: Row) -> None:
    """Judge reference, stub and a forgery of one probe, and count; the forgeries take turns."""
    forgery = indent_as(probe.pair.response, FORGERIES[counts["probes"] % len(FORGERIES)])
    answers = [probe.answer(code) for code in (probe.pair.response, probe.stub(), forgery)]
    reference, stub, forged = check.judge(answers)
    if reference.ok is None:
        reason = str(reference.detail.get("reason", reference.status))
        counts["left_out"][reason] = counts["left_out"].get(reason, 0) + 1
        return
    counts["probes"] += 1
    counts["references"] += reference.ok
    counts["stubs_pass"] += stub.ok is True
    counts["forged_are_tamper"] += forged.status == "tamper"
    if forged.status != "tamper":
        print(probe.pair.path, probe.pair.symbol, forged.status, dict(forged.detail), file=sys.stderr)


def indent_as(reference: str, code: str) -> str:
    """Return the lines of *code* at the indentation of *reference*."""
    first = next(line for line in reference.splitlines() if line.strip())
    return textwrap.indent(code, first[: len(first) - len(first.lstrip())])


def make_goals(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the three goal lines; a part that was not run keeps its goal open, with the reason."""
    goals: list[dict[str, Any]] = []
    launch, leftovers = parts.get("launch"), parts.get("leftovers")
    cage = diagnose()
    held = all(probe.contained for probe in cage.probes) and cage.tier == 3
    clean = leftovers is not None and not any(value for value in leftovers.values() if isinstance(value, int))
    goals.append(
        make_goal("faults.1", "launch against a bare interpreter; probes held, nothing left",
                  launch and launch["ratio"], "<= 3.5", launch and launch["ratio"] <= 3.5 and held and clean, "x",
                  "not run")
    )  # fmt: skip
    rows = parts.get("rows")
    share = rows and sum(row["passed"] for row in rows) / len(rows)
    closed = rows and all(row["passed"] for row in rows if row["row"][0] in CLOSED)
    goals.append(
        make_goal("faults.2", f"rows passed; none open in {', '.join(CLOSED)}", share, ">= 0.95",
                  None if rows is None else bool(share >= 0.95 and closed), "share", "not run")
    )  # fmt: skip
    package = parts.get("package")
    right = package and package["probes"] > 0 and package["references"] == package["probes"]
    right = right and package["stubs_pass"] == 0 and package["forged_are_tamper"] == package["probes"]
    goals.append(
        make_goal("faults.3", "of a package's own tests: references pass, stubs fail, forgeries are tamper",
                  package and package["forged_are_tamper"], "all", right, "probes", "not run")
    )  # fmt: skip
    return goals


def group_rows(rows: list[Row]) -> list[Row]:
    """Return passed and total for each group, and what is open."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["row"][0], []).append(row)
    return [
        {"what": f"group {group}", "passed": sum(row["passed"] for row in found), "total": len(found),
         "open": " ".join(row["row"] for row in found if not row["passed"])}
        for group, found in groups.items()
    ]  # fmt: skip


def main() -> None:
    """Measure the parts asked for; the others keep what was measured before."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().partition("\n")[0])
    parser.add_argument("--only", choices=("launch", "leftovers", "rows", "package"))
    parser.add_argument("--samples", type=int, default=2_000, help="caged runs of the part leftovers")
    parser.add_argument("--probes", type=int, default=15, help="functions of the part package")
    parser.add_argument("--full", action="store_true", help=f"only {', '.join(SCALED)}, in full size: hours")
    parser.add_argument("--row", choices=SCALED, help="with --full: one row alone")
    asked = parser.parse_args()
    parts: dict[str, Any] = next(iter(read_results("faults")["rows"]), {})
    if asked.full:
        full = {row["row"]: row for row in parts.get("full", [])}
        full.update((row["row"], row) for row in run_full([asked.row] if asked.row else SCALED))
        parts["full"] = [full[name] for name in sorted(full)]
        write_results("faults", [parts], make_goals(parts))
        return
    wanted = {asked.only} if asked.only else {"launch", "leftovers", "rows", "package"}
    if "launch" in wanted:
        parts["launch"] = measure_launch()
    if "leftovers" in wanted:
        parts["leftovers"] = measure_leftovers(asked.samples)
    if "rows" in wanted:
        parts["rows"] = run_rows()
        for line in group_rows(parts["rows"]):
            print(line)
    if "package" in wanted:
        parts["package"] = measure_package(asked.probes)
    write_results("faults", [parts], make_goals(parts))


if __name__ == "__main__":
    main()
