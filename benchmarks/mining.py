"""
Mining, measured. In: installed packages, and a repository with a history. Out: `results/mining.json`.

    python -m benchmarks.mining [--packages NAME,…] [--history REPO] [--only STAGE,…]

Costs are processor time in ratios to F: reading the same files and parsing them with tree-sitter, in the same run. Each
stage runs in a process of its own, so that its memory is its own. Every file is also taken apart and put together
again, and searched for secrets: those of the packages, of `MORE_FILES`, and of the standard library, which come to more
than 1,000,000 lines in 5,000 files. How much two workers save can be seen on an idle machine alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import fmean
from typing import Any

from .results import make_goal, write_results

PACKAGES = "networkx,numpy,pandas"
"""1,160,000 lines in 2,500 files."""
MORE_FILES = ("sympy", "pygments", "setuptools", "dask")
"""Packages, each if it is installed, whose files are only taken apart."""
ROUNDS = 3
"""Rounds of the pairs, with F before and after each: half a minute's work beside one F says more of the host."""
IDLE = 0.1
"""Share of the processors that others use, from which the machine is too busy to see what two workers save."""
ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".idiolect" / "mining"
DSL = ROOT / "samples" / "dsl"
COPIES = 300
"""Functions of which a renamed copy is planted."""
EDIT_COMMITS = 500
NOT_FREE = "not measured yet: the machine was not free"


def main() -> None:
    """Run every stage, or the one that `--stage` names, for the parent to read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", default=PACKAGES, help="installed packages to mine (default: %(default)s)")
    parser.add_argument("--history", type=Path, default=ROOT, help="a repository with a history (default: this one)")
    parser.add_argument("--only", default="", metavar="STAGE,…", help="measure these, and take the others as last kept")
    parser.add_argument("--stage", choices=sorted(STAGES), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    roots = folders_of(asked.packages.split(","))
    if asked.stage:
        print(json.dumps(STAGES[asked.stage](roots, asked.history)))
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in asked.only.split(",") if asked.only else STAGES:
        measured = {"packages": asked.packages, **run_stage(name, asked.packages, asked.history)}
        (KEPT / f"{name}.json").write_text(json.dumps(measured), "utf-8")
    found = {name: json.loads(file.read_text("utf-8")) for name in STAGES if (file := KEPT / f"{name}.json").is_file()}
    write_results("mining", rows_of(found), goals_of(found))


def folders_of(packages: Sequence[str]) -> list[Path]:
    """Return the folders of *packages*, those that are not installed left out."""
    specs = (importlib.util.find_spec(name) for name in packages)
    return [Path(spec.submodule_search_locations[0]) for spec in specs if spec and spec.submodule_search_locations]


def run_stage(name: str, packages: str, history: Path) -> dict[str, Any]:
    """Return what one stage measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.mining", "--stage", name, "--packages", packages]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(KEPT / "bytecode")}
    # an installed package has its bytecode: to compile a hundred modules is no part of what is measured
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run([*command, "--history", str(history)], cwd=ROOT, env=environment, capture_output=True,
                          text=True, check=False)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"stage {name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().rpartition("\n")[2])


def cpu_of(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds of *work*, its children's included, and what it returned."""
    before = total_cpu()
    result = work()
    return total_cpu() - before, result


def total_cpu() -> float:
    """Return the processor seconds of this process and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def python_files(roots: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return every Python file that mining would read, with its root."""
    from idiolect.mining.repository import open_repository

    return [(root, path) for root in roots for path in open_repository(root, suffixes=[".py", ".pyi"]).paths]


def floor(files: Sequence[tuple[Path, str]]) -> float:
    """
    Return F for *files*: the least processor time of three readings and parsings.

    Stages take it before and after their work, and the mean: a host's speed drifts by a tenth within minutes.
    """
    from idiolect.mining.languages import language_named
    from tree_sitter import Parser

    grammar = language_named("python").grammar

    def once() -> None:
        for root, path in files:
            Parser(grammar).parse((root / path).read_bytes())

    return min(cpu_of(once)[0] for _ in range(3))


def stage_pairs(roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Measure pairs, secrets, both dedupes, split and writing, with nothing asked about conventions."""
    os.environ["IDIOLECT_CACHE"] = ""
    from idiolect.mining import mine_file
    from idiolect.mining.assemble import assemble
    from idiolect.mining.corpus import write_corpus
    from idiolect.mining.garbage import pause_collection
    from idiolect.mining.languages import known_languages
    from idiolect.mining.repository import open_repository
    from idiolect.mining.settings import Settings
    from idiolect.mining.yields import FileYield, Mined

    files = python_files(roots)
    mine_file.tally_source = lambda *_: None  # type: ignore[assignment]

    def once() -> int:
        mined: list[Mined] = []
        for root in roots:
            repository = open_repository(root, suffixes=[".py", ".pyi"])
            read = ((path, repository.read(path)) for path in repository.paths)
            given = (mine_file.mine_data(path, data, known_languages(), None) for path, data in read
                     if isinstance(data, bytes))  # fmt: skip
            mined.append(Mined(repository, tuple(one for one in given if isinstance(one, FileYield))))
        contents = assemble(mined, [Settings() for _ in roots])
        with tempfile.TemporaryDirectory() as folder:
            write_corpus(Path(folder) / "corpus", contents)
        return len(contents.pairs)

    floors, rounds = [floor(files)], list[tuple[float, int]]()
    for _ in range(ROUNDS):
        with pause_collection():  # as mining does
            rounds.append(cpu_of(once))
        floors.append(floor(files))
    return {"floor": fmean(floors), "cpu": fmean(used for used, _ in rounds), "pairs": rounds[0][1]}


def stage_everything(roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Measure `mine` whole, first with an empty cache and then with nothing changed."""
    from idiolect.mining.mine import mine_repositories

    files = python_files(roots)
    floors = [floor(files)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IDIOLECT_CACHE"] = f"{folder}/cache"
        with watch_workers() as peaks:
            used, corpus = cpu_of(lambda: mine_repositories(roots, Path(folder) / "corpus", workers=1))
        worker = max(peaks.values())
        parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        again, _ = cpu_of(lambda: mine_repositories(roots, Path(folder) / "corpus", workers=1))
        floors.append(floor(files))
        pairs = sum(row["pairs"] for row in corpus.manifest["counts"])
        kinds = sorted({row["kind"] for row in corpus.manifest["counts"]})
    return {"floor": fmean(floors), "cpu": used, "again": again, "worker_mb": worker,
            "parent_mb": parent, "pairs": pairs, "kinds": kinds}  # fmt: skip


@contextmanager
def watch_workers() -> Generator[dict[int, float]]:
    """
    Give the highest resident memory of every worker process in MB, by process id, as far as the block has come.

    The kernel's own record of ended children is of no use: a child that was started by a large process counts as large.
    """
    peaks: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for child in Path(f"/proc/self/task/{threading.main_thread().native_id}/children").read_text().split():
                with suppress(OSError, IndexError):
                    if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                        status = Path(f"/proc/{child}/status").read_text()
                        peaks[int(child)] = int(status.partition("VmHWM:")[2].split()[0]) / 1024

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def stage_files(roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Take every definition out of every file and put it back; count exceptions, and skips without a reason."""
    from idiolect.mining.definitions import collect_definitions
    from idiolect.mining.filters.secrets import find_secrets
    from idiolect.mining.languages import language_named
    from idiolect.mining.source import Span, UndecodableError, parse_source

    language = language_named("python")
    count: dict[str, int] = dict.fromkeys(
        ("files", "lines", "definitions", "changed", "errors", "skipped", "unexplained", "secrets"), 0
    )
    for path in files_of([*roots, *folders_of(MORE_FILES)]):
        data = path.read_bytes()
        count["files"] += 1
        count["lines"] += data.count(b"\n")
        try:
            source = parse_source(path.name, data, language)
            for definition in collect_definitions(source):
                count["definitions"] += 1
                span = Span(definition.span.start, definition.span.end)
                taken = source.slice(span)
                without = source.splice(span, "").encode()
                back = without[: span.start] + taken.encode() + without[span.start :]
                count["changed"] += source.encode(back.decode()) != data
            count["secrets"] += len(find_secrets(source.text))
        except UndecodableError as error:
            count["skipped"] += 1
            count["unexplained"] += not error.reason
        except Exception as error:
            print(path, repr(error), file=sys.stderr)
            count["errors"] += 1
    return count


def files_of(roots: Sequence[Path]) -> Iterator[Path]:
    """Yield the Python files of *roots*, then those of the standard library without what is installed into it."""
    for root in roots:
        yield from sorted(root.rglob("*.py"))
    library = Path(sysconfig.get_path("stdlib"))
    yield from (path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts)


def stage_workers(roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Measure the wall time of mining with one worker and with two, twice each in turn, and how idle the machine is."""
    from idiolect.mining.mine import mine_repositories

    os.environ["IDIOLECT_CACHE"] = ""
    load = others_share()
    walls: dict[int, list[float]] = {1: [], 2: []}
    for workers in (1, 2, 1, 2):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            mine_repositories(roots, Path(folder) / "corpus", workers=workers)
            walls[workers].append(time.perf_counter() - start)
    return {"load": load, "one": min(walls[1]), "two": min(walls[2])}


def others_share(seconds: float = 3.0) -> float:
    """Return which share of all processors is busy while this process sleeps for *seconds*."""

    def ticks() -> tuple[int, int]:
        # man 5 proc_stat: user nice system idle iowait irq softirq steal
        counts = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(counts), counts[3] + counts[4]

    total, idle = ticks()
    time.sleep(seconds)
    total_after, idle_after = ticks()
    return 1 - (idle_after - idle) / (total_after - total)


def stage_planted(roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Plant secrets of every known format in code, and renamed copies of functions among functions."""
    from idiolect.mining.definitions import collect_definitions
    from idiolect.mining.filters.duplicates import fingerprint, similar_pairs
    from idiolect.mining.filters.secrets import redact_secrets
    from idiolect.mining.languages import language_named
    from idiolect.mining.source import parse_source

    chance = random.Random(7)
    gone = planted = 0
    for maker in load_formats():
        for _ in range(20):
            secret = maker(chance)
            text = f'import os\n\nAPI_TOKEN = "{secret}"\n'
            planted += 1
            gone += secret not in redact_secrets(text)[0]
    language = language_named("python")
    bodies: list[str] = []
    for path in sorted(roots[0].rglob("*.py")):
        if "tests" in path.parts:
            continue
        source = parse_source(path.name, path.read_bytes(), language)
        found = (d for d in collect_definitions(source) if d.code is not None and d.kind != "class")
        bodies += [text for d in found if d.code and len((text := source.slice(d.code)).split("\n")) >= 8]
    chosen = chance.sample(bodies, min(COPIES, len(bodies)))
    marks = [fingerprint(body) for body in (*bodies, *map(rename_locals, chosen))]
    alike = {second for _, second, _ in similar_pairs(marks, 0.7)}
    copies = range(len(bodies), len(bodies) + len(chosen))
    return {"planted": planted, "gone": gone, "copies": len(chosen), "found": sum(i in alike for i in copies)}


def load_formats() -> list[Callable[[random.Random], str]]:
    """Return the makers of the secrets that the tests plant."""
    spec = importlib.util.spec_from_file_location("planted", ROOT / "tests" / "mining" / "planted.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    formats = module.FORMATS
    return list(formats.values()) if isinstance(formats, dict) else [one[-1] if isinstance(one, tuple) else one
                                                                      for one in formats]  # fmt: skip


def rename_locals(code: str) -> str:
    """Return *code* with every name that it assigns given another one."""
    names = sorted(set(re.findall(r"^\s*([a-z_]\w*)\s*=[^=]", code, re.MULTILINE)))
    for number, name in enumerate(names):
        code = re.sub(r"(?<![\w.\"'])" + re.escape(name) + r"(?![\w\"'(])", f"renamed_{number}", code)
    return code


def stage_edits(_roots: Sequence[Path], history: Path) -> dict[str, Any]:
    """Measure `edit` pairs against listing the same history and parsing the blobs that are kept."""
    from idiolect.mining.edits import mine_history
    from idiolect.mining.git import git_output
    from idiolect.mining.history import Blobs, is_lesson, read_commits
    from idiolect.mining.languages import known_languages, language_of
    from idiolect.mining.repository import open_repository
    from tree_sitter import Parser

    languages = known_languages()
    repository = open_repository(history, suffixes=[".py"])

    def least() -> None:
        git_output(
            repository.root, "log", f"-n{EDIT_COMMITS}", "--no-merges", "--no-renames", "-p", "-U0", "--relative"
        )
        with Blobs(repository.root, languages) as blobs:
            seen: set[str] = set()
            for commit in read_commits(repository.root, EDIT_COMMITS, languages):
                for file in commit.files if is_lesson(commit) else ():
                    for blob in {file.before, file.after} - seen:
                        seen.add(blob)
                        data = blobs.fetch(blob)
                        language = language_of(file.path, languages, data or b"")
                        if language is not None and data is not None:
                            Parser(language.grammar).parse(data)

    floor_cpu = min(cpu_of(least)[0] for _ in range(3))
    runs = [cpu_of(lambda: mine_history(repository, EDIT_COMMITS, languages, ["edit"])) for _ in range(3)]
    return {"floor": floor_cpu, "cpu": min(used for used, _ in runs), "pairs": len(runs[0][1].pairs)}


def stage_same(roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Mine the smallest package under several workers, locales and hash seeds, and a toy language with its grammar."""
    ways = [("1", {"PYTHONHASHSEED": "0"}), ("2", {"PYTHONHASHSEED": "1"}),
            ("2", {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "Asia/Tokyo"})]  # fmt: skip
    hashes: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for number, (workers, extra) in enumerate(ways):
            out = Path(folder) / str(number)
            command = [sys.executable, "-m", "idiolect", "mine", str(roots[0]), "--out", str(out), "--workers", workers]
            environment = {**os.environ, "IDIOLECT_CACHE": "", **extra}
            subprocess.run(command, env=environment, capture_output=True, check=True)
            hashes.add((out / "manifest.json").read_text("utf-8"))
        toy = [sys.executable, "-m", "idiolect", "mine", str(DSL), "--out", f"{folder}/t", "--json",
               "--language", str(DSL / "language.toml")]  # fmt: skip
        done = subprocess.run(toy, capture_output=True, text=True, check=True)
        counts = json.loads(done.stdout)["counts"]
    own = sum(row["pairs"] for row in counts if row["language"] not in ("python", "markdown", "c", "javascript"))
    return {"distinct": len(hashes), "toy_pairs": own}


def stage_help(_roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Measure `idiolect --help`."""
    command = [sys.executable, "-m", "idiolect", "--help"]
    return {"cpu": min(cpu_of(lambda: subprocess.run(command, capture_output=True, check=True))[0] for _ in range(5))}


def stage_split(_roots: Sequence[Path], _history: Path) -> dict[str, Any]:
    """Run the test that plants near-copies of held-out functions in training code."""
    test = "tests/mining/test_split.py"
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", test, "-k", "planted"], cwd=ROOT, check=False,
                          capture_output=True, text=True)  # fmt: skip
    return {"passed": done.returncode == 0}


STAGES: dict[str, Callable[[Sequence[Path], Path], dict[str, Any]]] = {
    "pairs": stage_pairs, "everything": stage_everything, "files": stage_files, "planted": stage_planted,
    "workers": stage_workers, "edits": stage_edits, "same": stage_same, "help": stage_help, "split": stage_split,
}  # fmt: skip


def rows_of(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a stage."""
    return [{"stage": name, "measured": json.dumps(values)} for name, values in found.items()]


def goals_of(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every line of the issue's "Shows"; what was not measured is null."""
    goals: list[dict[str, Any]] = []
    for stage, name, what, unit, goal, value_of, holds in LINES:
        values = found.get(stage)
        if values is None:
            goals.append(make_goal(name, what, None, goal, None, unit, NOT_FREE))
        elif values.get("load", 0.0) > IDLE:
            busy = f"scaling needs an idle machine; others used {values['load']:.0%} of the processors"
            goals.append(make_goal(name, what, None, goal, None, unit, busy))
        else:
            value = float(value_of(values))
            goals.append(make_goal(name, what, value, goal, bool(holds(value, values)), unit))
    return sorted(goals, key=lambda goal: goal["name"])


Values = dict[str, Any]
Line = tuple[str, str, str, str, str, Callable[[Values], float], Callable[[float, Values], bool]]
LINES: tuple[Line, ...] = (
    ("pairs", "mining.1", "pairs, secrets, both dedupes", "F", "<= 3.6",
     lambda v: v["cpu"] / v["floor"], lambda x, _: x <= 3.6),
    ("everything", "mining.1", "everything, with profile and API index", "F", "<= 8",
     lambda v: v["cpu"] / v["floor"], lambda x, _: x <= 8),
    ("everything", "mining.1", "an unchanged rerun", "F", "<= 0.15",
     lambda v: v["again"] / v["floor"], lambda x, _: x <= 0.15),
    ("everything", "mining.1", "memory of a worker", "MB", "<= 150", lambda v: v["worker_mb"], lambda x, _: x <= 150),
    ("everything", "mining.1", "memory in all, one worker", "MB", "<= 1000",
     lambda v: v["worker_mb"] + v["parent_mb"], lambda x, _: x <= 1000),
    ("workers", "mining.1", "two workers against one, wall", "", "<= 0.62",
     lambda v: v["two"] / v["one"], lambda x, _: x <= 0.62),
    ("edits", "mining.1", "edit pairs against git log and parsing", "", "<= 1.6",
     lambda v: v["cpu"] / v["floor"], lambda x, _: x <= 1.6),
    ("help", "mining.2", "--help", "s of CPU", "<= 0.15", lambda v: v["cpu"], lambda x, _: x <= 0.15),
    ("files", "mining.3", "definitions that change when spliced back", "", "0 in >= 1,000,000 lines",
     lambda v: v["changed"], lambda x, v: x == 0 and v["lines"] >= 1_000_000),
    ("files", "mining.3", "exceptions", "", "0 on >= 5,000 files",
     lambda v: v["errors"], lambda x, v: x == 0 and v["files"] >= 5_000),
    ("files", "mining.3", "skips without a reason", "", "0 on >= 5,000 files",
     lambda v: v["unexplained"], lambda x, v: x == 0 and v["files"] >= 5_000),
    ("planted", "mining.4", "planted secrets gone", "", ">= 0.98",
     lambda v: v["gone"] / v["planted"], lambda x, _: x >= 0.98),
    ("files", "mining.4", "finds in a million lines without planted ones", "", "stated, on >= 1,000,000 lines",
     lambda v: v["secrets"] / v["lines"] * 1e6, lambda _, v: v["lines"] >= 1_000_000),
    ("planted", "mining.4", "planted renamed copies found", "", ">= 0.95",
     lambda v: v["found"] / v["copies"], lambda x, _: x >= 0.95),
    ("split", "mining.5", "planted near-copies of held-out functions found", "", "always",
     lambda v: v["passed"], lambda x, _: x == 1),
    ("same", "mining.6", "pairs of a toy language", "", ">= 1", lambda v: v["toy_pairs"], lambda x, _: x >= 1),
    ("same", "mining.7", "corpora by workers, locale, seed", "", "1", lambda v: v["distinct"], lambda x, _: x == 1),
)  # fmt: skip


if __name__ == "__main__":
    main()
