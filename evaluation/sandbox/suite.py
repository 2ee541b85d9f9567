"""
A repository's own tests, run on one version of one file. In: a checkout. Out: what each test said, or `tamper`.

The tests see a private copy of the checkout, read-only and without its history, in which one file alone differs. They
share a process with the code under test, so a pass is believed only when every expected test is in the record, planted
tests that must fail did fail, nothing reached for the checker, and the last record is there.

What this cannot stop: code that finds the secret by a step that Python does not audit. Nobody has searched
for one systematically.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from weakref import finalize

from ...mining.scratch import close_scratch, new_scratch, open_scratch
from .run import PYTHON, Cage, Limits, Outcome, Status, run_caged

RUNNER = Path(__file__).with_name("suite_runner.py")
ROOT = "/repository"
LIMITS = Limits(wall=60.0, cpu=40, memory=4 << 30, disk=64 << 20, inodes=4_000, descriptors=256, processes=32,
                output=8 << 20)  # fmt: skip
MEASURE = replace(LIMITS, wall=300.0, cpu=280, output=64 << 20)
CANARIES = (
    "def test_{}():\n    assert 1 + 1 == 3\n",
    "def test_{}():\n    raise ValueError('planted')\n",
    "import unittest\n\nclass Test{}(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 2)\n",
    "import pytest\n\ndef test_{}():\n    with pytest.raises(ValueError):\n        pass\n",
)
SKIPPED = (".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules", ".tox", ".mypy_cache", ".pytest_cache")


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    What the tests of a checkout run, measured once.
    """

    passed: frozenset[str]
    """Tests that passed."""
    lines: Mapping[str, Mapping[str, frozenset[int]]]
    """By file: by test, the lines it runs."""

    def tests_of(self, path: str, first: int, last: int) -> list[str]:
        """Return the passing tests that run a line from *first* to *last*; those that run least of the file first."""
        tests = self.lines.get(path, {})
        found = [
            name for name, lines in tests.items() if name in self.passed and any(first <= n <= last for n in lines)
        ]
        return sorted(found, key=lambda name: (len(tests[name]), name))


@dataclass(frozen=True, slots=True)
class Trial:
    """
    What the tests said of one version.
    """

    status: str
    """`ok`, `fail_tests`, `tests_timeout`, `tests_crash`, `tamper` or `infra_error`."""
    failed: tuple[str, ...] = ()
    why: str = ""
    calls: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """
    One version of one file, and where in it the code under test lies.
    """

    path: str
    text: str
    first: int
    last: int
    symbol: str


@dataclass(slots=True, weakref_slot=True)
class Suite:
    """
    The tests of one checkout, ready to be run in a cage.
    """

    cage: Cage
    folder: Path
    """Our private copy of the checkout."""
    packages: tuple[str, ...] = field(default_factory=tuple)
    """Folders of installed packages that the tests may import."""

    def measure(self) -> Coverage | str:
        """Run all tests once, and return what each covers, or why they cannot be run."""
        records, outcome = self.run({"mode": "measure", "tests": []}, None, MEASURE)
        if records and records[-1]["record"] == "broken":
            return " ".join(str(records[-1]["why"]).split())[:300]
        if not records or records[-1]["record"] != "end":
            return f"{outcome.status}: {outcome.detail or outcome.output[-300:].decode('utf-8', 'replace')}"
        passed = frozenset(row["id"] for row in records if row["record"] == "test" and row["outcome"] == "passed")
        lines: dict[str, dict[str, frozenset[int]]] = {}
        for row in records:
            if row["record"] == "covered":
                lines[row["path"]] = {test: frozenset(found) for test, found in row["tests"].items()}
        return Coverage(passed, lines) if passed else "no test passed"

    def judge(self, version: Version, tests: Sequence[str], *, record: bool = False, rounds: int = 1) -> Trial:
        """
        Run *tests* on *version*; with *record*, also record its first calls.

        With several *rounds*, every one must pass, each in a fresh process; rounds of slow tests end early.
        """
        names = [secrets.token_hex(4) for _ in CANARIES]
        canaries = {f"test_{name}.py": text.format(name) for name, text in zip(names, CANARIES, strict=True)}
        chance, planted = random.SystemRandom(), [f"/job/{name}" for name in canaries]
        chance.shuffle(planted)
        order = [*tests, *planted[1:]]
        chance.shuffle(order)
        # one comes last: whatever a test did to the checker, a test that must fail runs after it
        order.append(planted[0])
        task = {"mode": "judge", "tests": order, "answer": [f"{ROOT}/{version.path}", version.first, version.last],
                "symbol": version.symbol, "calls": "record" if record else "", "rounds": rounds}  # fmt: skip
        records, outcome = self.run(task, version, LIMITS, canaries)
        return conclude(records, outcome, set(tests), len(canaries))

    def answer(self, version: Version, given: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
        """Return what the definition in *version* answers to the calls *given*, as it came; None: no cage was made."""
        module = version.path.removesuffix(".py").removeprefix("src/").replace("/", ".").removesuffix(".__init__")
        task = {"mode": "calls", "module": module, "symbol": version.symbol, "given": list(given)}
        records, outcome = self.run(task, version, LIMITS)
        if outcome.status is Status.INFRA:
            return None
        return [row for row in records if row["record"] == "answer"] if records and is_whole(records) else []

    def run(
        self, task: Mapping[str, Any], version: Version | None, limits: Limits, files: Mapping[str, str] | None = None
    ) -> tuple[list[dict[str, Any]], Outcome]:
        """Run one task in a cage of its own, and return its records and how it ended."""
        secret = secrets.token_hex(16)
        roots = [root for root in ("src", "") if (self.folder / root).is_dir()]
        path = [f"{ROOT}/{root}".rstrip("/") for root in roots]
        body = {**task, "secret": secret, "root": ROOT, "path": [*path, *self.packages]}
        with new_scratch("version") as scratch:
            scratch.chmod(0o755)
            shown = {**{package: package for package in self.packages}, "/runner.py": str(RUNNER)}
            for package in self.packages:
                shown |= {str(twin): str(scratch) for twin in self.find_twins(Path(package))}
            shown[ROOT] = str(self.folder)
            if version is not None:
                changed = scratch / "version"
                changed.write_bytes(version.text.encode("utf-8", "replace"))
                changed.chmod(0o644)
                shown[f"{ROOT}/{version.path}"] = str(changed)
            cage = replace(
                self.cage, files=files or {}, shown=shown, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            )
            command = [PYTHON, "-I", "-S", "-B", "/runner.py"]
            outcome = run_caged(command, stdin=json.dumps(body).encode(), limits=limits, cage=cage)
        return read_records(outcome.output, secret), outcome

    def find_twins(self, package: Path) -> list[Path]:
        """Return installed copies of what the checkout holds: the answer must not be read there."""
        names = {path.name for root in (self.folder, self.folder / "src") if root.is_dir() for path in root.iterdir()}
        return [path for name in sorted(names) if (path := package / name).is_dir() and (path / "__init__.py").exists()]


def open_suite(repository: Path, cage: Cage) -> Suite:
    """Copy *repository* to a private folder that goes when the suite does, and return its suite."""
    held = open_scratch("suite")
    folder = held.folder / "tree"
    # links are kept as links: they cannot lead out of the cage
    shutil.copytree(repository, folder, symlinks=True, ignore=leave_out, ignore_dangling_symlinks=True)
    for path in (held.folder, *folder.rglob("*"), folder):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    suite = Suite(cage, folder, tuple(find_packages()))
    finalize(suite, close_scratch, held)
    return suite


def leave_out(folder: str, names: list[str]) -> set[str]:
    """Return those of *names* in *folder* that no copy needs, or can have: pipes, sockets and devices hold no code."""
    paths = [Path(folder, name) for name in names]
    plain = {path.name for path in paths if path.is_symlink() or path.is_dir() or path.is_file()}
    return set(names) - plain | shutil.ignore_patterns(*SKIPPED)(folder, names)


def find_packages() -> list[str]:
    """Return the folders from which this interpreter imports installed packages."""
    known = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    found = [path for path in sys.path if path in known or path.endswith(("site-packages", "dist-packages"))]
    return list(dict.fromkeys(os.path.realpath(path) for path in found if Path(path).is_dir()))


def read_records(output: bytes, secret: str) -> list[dict[str, Any]]:
    """Return the records of *output*; a line without the secret becomes a record of tampering."""
    records: list[dict[str, Any]] = []
    for line in output.decode("utf-8", "replace").splitlines():
        head, _, body = line.partition(" ")
        try:
            row: Any = json.loads(body) if head == secret else None
        except ValueError:
            row = None
        is_ours = isinstance(row, dict)
        records.append(cast("dict[str, Any]", row) if is_ours else {"record": "stray", "why": line[:200]})
    return records


def is_whole(records: Sequence[Mapping[str, Any]]) -> bool:
    """Claim that nothing strange is among the records and that the last one is there."""
    return records[-1]["record"] == "end" and not any(row["record"] in ("tamper", "stray") for row in records)


def conclude(records: Sequence[Mapping[str, Any]], outcome: Outcome, expected: set[str], canaries: int) -> Trial:
    """Return what the records amount to; a pass that is not wholly in order is `tamper`."""
    if outcome.status is Status.INFRA:
        return Trial(Status.INFRA.value, why=outcome.detail)
    strange = [str(row.get("why", "")) for row in records if row["record"] in ("tamper", "stray")]
    if strange and records[0]["record"] != "begin" and outcome.status is not Status.OK:
        return Trial(Status.INFRA.value, why=strange[-1])  # the runner itself broke, before anything was tried
    if strange:
        return Trial("tamper", why=strange[0])
    ended = bool(records) and records[-1]["record"] == "end"
    if not ended:
        if outcome.status in (Status.TIMEOUT, Status.CPU):
            return Trial("tests_timeout", why=str(outcome.status))
        forged = outcome.status is Status.OK
        return Trial("tamper" if forged else "tests_crash", why=f"ended early: {outcome.status}, {outcome.code}")
    uncollected = [str(row["id"]) for row in records if row["record"] == "collect"]
    outcomes: dict[str, str] = {}
    for row in records:
        if row["record"] == "test" and outcomes.get(str(row["id"]), "passed") == "passed":
            outcomes[str(row["id"])] = str(row["outcome"])  # of several rounds, the first that did not pass
    planted = [result for name, result in outcomes.items() if name not in expected]
    if uncollected:
        return Trial("fail_tests", tuple(uncollected), "could not be collected")
    if planted != ["failed"] * canaries:
        return Trial("tamper", why="a planted test that must fail did not")
    failed = tuple(sorted(name for name in expected if outcomes.get(name) == "failed"))
    if failed:
        return Trial("fail_tests", failed)
    if any(outcomes.get(name) != "passed" for name in expected):
        return Trial("tamper", why="an expected test did not run")
    return Trial("ok", calls=tuple(row for row in records if row["record"] == "call"))
