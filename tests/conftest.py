"""
Shared toys: small real repositories, made anew for each test.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")


@pytest.fixture(name="write_tree")
def _write_tree(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files into a fresh folder and return it."""

    def write(files: Mapping[str, str], name: str = "repo") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return root

    return write


@pytest.fixture(name="commit_tree")
def _commit_tree() -> Callable[[Path, str], None]:
    """Commit everything in a folder, making it a repository first."""

    def commit(root: Path, message: str = "Begin") -> None:
        if not (root / ".git").exists():
            subprocess.run([*GIT, "init", "-q", "-b", "main", str(root)], check=True)
        subprocess.run([*GIT, "-C", str(root), "add", "-A"], check=True)
        subprocess.run([*GIT, "-C", str(root), "commit", "-q", "-m", message], check=True)

    return commit


VERBS = ("open", "close", "count", "merge", "scale", "shift", "sort", "drop", "join", "split", "find", "rank")
NOUNS = ("orders", "parcels", "users", "routes", "prices", "tokens", "frames", "ledgers", "plans", "notes")
BODIES = (
    "    total = 0\n    for item in {n}:\n        total += item.{v}_cost * {k}\n    return total",
    "    kept = [item for item in {n} if item.{v}able]\n    kept.sort(key=lambda item: item.rank)\n    return kept[:{k}]",
    "    seen = set()\n    while {n}:\n        item = {n}.pop()\n        if item in seen:\n"
    "            raise ValueError('{v} twice: ' + repr(item))\n        seen.add(item)\n    return len(seen) - {k}",
    "    table = {{}}\n    for place, item in enumerate({n}):\n        table.setdefault(item.{v}, []).append(place + {k})\n"
    "    return table",
    "    try:\n        first = next(iter({n}))\n    except StopIteration:\n        return {k}\n    return first.{v}()",
)


@pytest.fixture(name="toy_files")
def _toy_files() -> dict[str, str]:
    """Return a repository of 30 modules with 4 functions each: enough to mine, split and train on."""
    files: dict[str, str] = {}
    for place in range(30):
        verb, noun = VERBS[place % len(VERBS)], NOUNS[place % len(NOUNS)]
        functions = []
        for index in range(4):
            body = BODIES[(place + index * 2) % len(BODIES)].format(n=noun, v=f"{verb}{index}", k=place * 7 + index)
            head = f'def {verb}_{noun}_{index}({noun}):\n    """Return what {verb} gives for {noun}, case {index}."""\n'
            functions.append(head + body + "\n")
        files[f"shop/{verb}_{noun}_{place}.py"] = "import json\n\n\n" + "\n\n".join(functions)
    return files
