"""
A house with one habit, and slips against it. In: nothing. Out: its files, and what git and `check` say of them.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.mining.languages import language_named
from idiolect.mining.source import Source, parse_source

HOUSE = {f"m{i}.py": 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n' for i in range(90)}
SLIP = "a = 'slip'\n"


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def parse_text(path: str, text: str) -> Source:
    return parse_source(path, text.encode(), language_named("python"))


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[tuple[str, int]]]:
    """Run `check` and return its exit code and where it found something."""
    capsys.readouterr()
    code = main(["check", *arguments, "--format", "json", "--no-names"])
    said = json.loads(capsys.readouterr().out)
    return code, [(finding["path"], finding["line"]) for finding in said["findings"]]
