"""
The errors a user can cause. In: what went wrong. Out: one line that says what, why and the way out, and an exit code.

    IdiolectError                 exit 2
    ├── InputError                a repository, folder, file or option that cannot be used
    │   └── TooSmallError         fewer definitions, pairs or probes than the step needs
    ├── SettingsError             every fault of a settings file, reported at once
    ├── MissingExtraError         an optional dependency that is not installed
    ├── MachineError              disk, memory, permissions, an output folder in use
    └── MismatchError             exit 4: a hash does not match, or evidence is invalid
"""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from contextlib import contextmanager

NAMED = "in "
"""What opens the note that names a file."""
MEMORY_LACKS = {
    "allocate memory": "Memory ran out. End other programs, or raise the limit: ulimit -v.",
    "out of memory": "Memory ran out. End other programs, or take a larger machine.",
    "ALLOC_FAILED": "A GPU's memory ran out. End other programs on it, or take a larger one.",
}
"""The way out, by what errors without a type of their own say where memory ran out."""


class IdiolectError(Exception):
    """
    A fault the user can mend. The command line prints it as one line, without a traceback.
    """

    exit_code = 2


class InputError(IdiolectError):
    """
    The input cannot be used: no such path, no code in it, an unknown option value, a foreign output folder.
    """


class TooSmallError(InputError):
    """
    There is too little to do the step honestly; the message gives the count found and the count needed.
    """


class SettingsError(IdiolectError):
    """
    A settings file has faults. All of them are collected before this is raised.
    """

    def __init__(self, file: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{file}: " + "; ".join(self.faults))


class MissingExtraError(IdiolectError):
    """
    A command needs an optional dependency that is not installed; *package* is what pip installs to bring it.
    """

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} is not installed. Install it with: pip install {shlex.quote(package)}")


class MachineError(IdiolectError):
    """
    The machine refuses: no space, no memory, no permission, or another run holds the folder.
    """


class MismatchError(IdiolectError):
    """
    Stored bytes are not the bytes that were recorded, or evidence does not hold together.
    """

    exit_code = 4


def lacks_memory(error: BaseException) -> bool:
    """Claim that *error* says that memory ran out: torch tells by a `RuntimeError`, as do a GPU's libraries."""
    words = str(error) if isinstance(error, RuntimeError) else ""
    return isinstance(error, MemoryError) or any(lack in words for lack in MEMORY_LACKS)


@contextmanager
def naming(path: str) -> Generator[None]:
    """Note on whatever error passes that it came of the file at *path*, unless one further in is named already."""
    try:
        yield
    except Exception as error:
        # libraries note things of their own
        if not any(note.startswith(NAMED) for note in getattr(error, "__notes__", ())):
            error.add_note(f"{NAMED}{path!r}")
        raise
