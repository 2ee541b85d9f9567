"""
The process as a command may rely on it. In: whatever started it. Out: three open streams, and text that is UTF-8.
"""

from __future__ import annotations

import os
import sys


def prepare_process() -> None:
    """
    Open what is closed of the three standard streams, and start again in UTF-8 where the locale is another.

    The same repository gives the same bytes in every locale, so file names must be read alike in all of them.
    """
    open_streams()
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this program, once more


def open_streams() -> None:
    """Put the null device where a stream is closed: the next file opened would else be taken for it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - open as long as the process
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
