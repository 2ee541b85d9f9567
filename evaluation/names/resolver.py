"""
The resolver, pyrefly. In: files of a repository. Out: what it calls an error there, as it writes it.

Parses and infers, runs nothing: no interpreter of the repository is asked, and of its configuration no more is read
than the Python that it requires.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...mining.artefacts import write_text
from ...mining.errors import InputError
from ...mining.reading import read_start
from ...mining.scratch import new_scratch

SECONDS = 180
PROJECT = "pyproject.toml"
REQUIRED = re.compile(rb"^requires-python\s*=\s*[\"'][^\"'\n]*?(?:>|>=|~=|==)\s*3\.(\d+)", re.MULTILINE)


class UnaskedError(InputError):
    """
    Nobody can be asked whether names exist; it says why, as the rest of a sentence.
    """


def find_resolver() -> str | None:
    """Return the resolver's program, as its package installed it, else that of the path; None when there is none."""
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("pyrefly") or ():
            if file.stem == "pyrefly" and file.parent.name in ("bin", "Scripts"):
                return str(Path(str(file.locate())).resolve())
    return shutil.which("pyrefly")


def installed() -> list[str]:
    """Return the folders of installed packages."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and Path(path).is_dir()]


def version_for(root: Path) -> str:
    """Return the version of Python to resolve for: the running one, or the least that a project needs where newer."""
    return f"3.{max(sys.version_info.minor, least_minor(root) or 0)}"


def least_minor(root: Path) -> int | None:
    """Return which Python 3 the project says that it needs at least; None where it does not say."""
    required = REQUIRED.search(read_start(root, PROJECT) or b"")
    return int(required[1]) if required is not None else None


def ask_resolver(
    program: str,
    root: Path,
    paths: Sequence[str],
    tops: Sequence[Path],
    platform: str = sys.platform,
    version: str = "",
) -> list[Mapping[str, Any]] | None:
    """
    Return the resolver's errors in *paths*, as it writes them, or None when it fails.

    *tops* are the folders that the top-level modules of the code at *root* stand in. Without a *version* of Python it
    is the one that the project needs.
    """
    settings = {
        "preset": "default",
        # guesses at what functions without annotations return took half of the time, and found none of 565 more
        "infer-return-types": "annotated",
        "skip-interpreter-query": True,
        "python-platform": platform,
        "python-version": version or version_for(root),
        "search-path": [str(top) for top in tops if top.is_dir()],
        "site-package-path": installed(),
        "project-excludes": [],
    }
    with new_scratch("resolver") as scratch:
        file = scratch / "pyrefly.toml"
        # JSON's strings, numbers and lists are TOML's
        write_text(file, "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        command = [program, "check", "--config", str(file), "--output-format", "json", "--", *paths]
        try:
            done = subprocess.run(command, cwd=root, capture_output=True, timeout=SECONDS, check=False)
            return json.loads(done.stdout)["errors"]
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
            return None
