"""
What git says of a folder, asked so that nothing of the repository or the user runs. In: words. Out: bytes, or None.

A mined repository is hostile input: its hooks, filters, helpers and configuration are switched off, and `config` in
this folder, and what the user ignores everywhere, is all that git reads beside the repository's own.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..errors import MachineError

# No hook, filter, helper or configuration of the repository or the user may run or change what git says.
HARDENED = (
    "git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
    "-c", "core.attributesFile=/dev/null", "-c", "core.pager=cat", "-c", "core.quotePath=false",
    "-c", "diff.external=", "-c", "protocol.allow=never", "-c", "submodule.recurse=false",
    "-c", "safe.bareRepository=explicit", "-c", "core.alternateRefsCommand=", "-c", "log.showSignature=false",
)  # fmt: skip
GIT_SECONDS = 120
SHORTAGES = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""Why git may not be started although it is there: what it would have said is not known."""


def git_output(root: Path, *arguments: str, given: bytes = b"", more: Mapping[str, str] | None = None) -> bytes | None:
    """
    Return what git prints, with *given* on its input, or None when it fails, is missing or takes too long.

    It is asked in an environment of its own, to which *more* adds. Raises `MachineError` where the machine lacks what
    it takes to start it.
    """
    command, environment = git_command(root, *arguments), {**git_environment(), **(more or {})}
    try:
        done = subprocess.run(
            command, env=environment, input=given, capture_output=True, timeout=GIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        if error.errno not in SHORTAGES:
            return None
        raise MachineError(f"git cannot be started: {error.strerror}. End other programs, or raise limits.") from None
    return done.stdout if done.returncode == 0 else None


def find_work_tree(folder: Path) -> Path | None:
    """Return the top of the work tree that *folder* lies in, or None where git knows of none."""
    top = git_output(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(top.removesuffix(b"\n"))) if top else None


def is_shallow(root: Path) -> bool:
    """Claim that the history ends where somebody cut it, not where it began."""
    return (git_output(root, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true"


def git_command(root: Path, *arguments: str) -> list[str]:
    """Return the words that ask git about *root* with everything switched off that could run or change something."""
    known = os.environ
    excludes = excludes_of(known.get("HOME"), known.get("XDG_CONFIG_HOME"), known.get("GIT_CONFIG_GLOBAL"))
    return [*HARDENED, "-c", f"core.excludesFile={excludes}", "-C", str(root), *arguments]


@cache
def excludes_of(home: str | None, settings: str | None, _file: str | None) -> str:
    """
    Return the file that says what the user has git ignore everywhere, by the variables that decide it.

    It alone counts of the user's configuration: what git never shows, such as an editor's files, is nobody's code.
    """
    command = ["git", "config", "--global", "--type=path", "--get", "core.excludesFile"]
    try:
        done = subprocess.run(command, cwd=os.sep, capture_output=True, timeout=GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return os.devnull
    if done.returncode == 0:
        return os.fsdecode(done.stdout.removesuffix(b"\n"))
    folder = settings or (home and f"{home}/.config")
    return f"{folder}/git/ignore" if folder else os.devnull


def git_environment() -> dict[str, str]:
    """
    Return the environment that git is asked in: none of the user's or the system's configuration is read.

    In their place stands `config` of this folder, found from `$XDG_CONFIG_HOME`: every version of git looks there.
    Nothing stands in for an object, as `git replace` may have it here and in no clone: an id names the same everywhere.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_HOME": str(Path(__file__).parents[1]), "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_NO_REPLACE_OBJECTS": "1",
    }  # fmt: skip
