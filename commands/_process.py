"""
The process as a command may rely on it. In: whatever started it. Out: open streams, UTF-8, an end that cleans up.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def prepare_process() -> None:
    """
    Open what is closed of the three standard streams, and start again in UTF-8 where the locale is another.

    The same repository gives the same bytes in every locale, so file names must be read alike in all of them. To be
    asked to end, by a pipeline that is cancelled or a terminal that is closed, is from here on what Ctrl-C is.
    """
    open_streams()
    # numpy's threads are never used here; where they cannot be started, they end the process as Ctrl-C does
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this program, once more
    heed_signals()


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


def heed_signals() -> None:
    """Have this process end on SIGTERM and SIGHUP as on Ctrl-C: nothing is left behind, and how to go on is told."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # not every platform has both
        # what `nohup` has the process ignore stays ignored
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C would do now; raise `KeyboardInterrupt` where it is ignored, as of a shell's background job."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(number, frame)
