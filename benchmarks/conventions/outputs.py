"""
Goal 8: is what is written what its readers take? In: the tests of the formats. Out: how many pass.

The checks are tests, in tests/evaluation/test_formats.py, so that they hold at every commit: SARIF by the 2.1.0 schema
and by GitHub's required list, the line hash on the upload action's own published cases, JUnit names, GitLab
fingerprints, a golden file for each format.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from ..results import make_goal
from . import Measured

ROOT = Path(__file__).parent.parent.parent
TESTS = "tests/evaluation/test_formats.py"


def measure() -> Measured:
    """Return what each check said."""
    with TemporaryDirectory() as scratch:
        said = Path(scratch) / "said.xml"
        command = [sys.executable, "-m", "pytest", "-q", TESTS, f"--junitxml={said}", "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        cases = list(ET.parse(said).getroot().iter("testcase"))
    rows = [{"check": case.get("name"), "passed": int(has_passed(case))} for case in cases]
    passed = sum(row["passed"] for row in rows)
    what = f"checks of the formats that pass, of {len(rows)}"
    return Measured(rows, [make_goal("conventions.8", what, passed, f"{len(rows)}", passed == len(rows) > 0)])


def has_passed(case: ET.Element) -> bool:
    """Claim that a test ran to its end and found nothing wrong."""
    return not any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
