"""
Says which cage works here. In: nothing. Out: the best tier whose probes were all contained, with every probe's result.

A probe really tries. Presence of a kernel feature is no evidence that it holds.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...mining.scratch import new_scratch
from .run import PYTHON, Cage, Limits, Status, run_caged

PRELUDE = """
import ctypes, os, signal, socket, subprocess, sys, threading, time
from pathlib import Path
LIBC = ctypes.CDLL(None, use_errno=True)
def call(*values):
    if LIBC.syscall(*values) < 0:
        raise OSError(ctypes.get_errno(), "refused")
def attempt(name, action):
    try:
        action()
    except (Exception, SystemExit):
        print("contained", name, flush=True)
    else:
        print("leaked", name, flush=True)
def fork_many():
    children = []
    try:
        for _ in range(40):
            pid = os.fork()
            if pid == 0:
                signal.pause()
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
def leave_orphan():
    middle = os.fork()
    if middle == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(3):
                os.close(descriptor)
            time.sleep(60)
        os._exit(0)
    os.waitpid(middle, 0)
def fill_disk():
    with open("full", "wb") as file:
        for _ in range(9):
            file.write(bytes(1 << 20))
"""
ACTIONS = {
    "read outside": "Path(SECRET).read_bytes()",
    "write outside": "Path(SECRET).write_text('changed')",
    "watch outside": "call(254, LIBC.inotify_init(), str(Path(SECRET).parent).encode(), 0x100)",
    "tcp": "socket.create_connection(('127.0.0.1', 9), 1)",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "abstract socket": "socket.socket(socket.AF_UNIX).connect(chr(0) + 'x')",
    "path socket": "socket.socket(socket.AF_UNIX).bind('s')",
    "nested namespace": "call(272, 0x10000000)",
    "mount": "call(165, b'none', b'/', 0, 1 << 18, 0)",
    "ptrace": "call(101, 16, 1, 0, 0)",
    "shared memory": "call(31, 0, 3, ctypes.create_string_buffer(256))",
    "output taken back": "os.open('/proc/self/fd/1', os.O_RDONLY | os.O_NONBLOCK)",
    "parent signal": "os.kill(HARNESS, 0)",
    # they ask, or set what is there already: a leak changes nothing
    "parent limits": "call(302, HARNESS, 7, None, ctypes.create_string_buffer(16))",
    "parent priority": "os.setpriority(os.PRIO_PROCESS, HARNESS, os.getpriority(os.PRIO_PROCESS, HARNESS))",
    "parent processors": "os.sched_setaffinity(HARNESS, os.sched_getaffinity(HARNESS))",
    "fork cap": "fork_many()",
    "disk cap": "fill_disk()",
    "memory cap": "bytearray(1 << 30)",
}
LIMITS = Limits(wall=2.0, cpu=2, memory=256 << 20, disk=8 << 20, inodes=200, processes=8)


@dataclass(frozen=True, slots=True)
class Probe:
    """
    One attempt to get out, and whether the cage held it.
    """

    name: str
    contained: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    The cage this machine can give.
    """

    tier: int
    backend: str
    probes: tuple[Probe, ...]
    seconds: float
    reason: str = ""
    """Why the tier is not 3, when it is not."""


def diagnose() -> Diagnosis:
    """
    Probe tiers 3 and 2 and return the best one that holds; 0 when none does: then no code is run.

    The launcher comes first: it starts sooner than bubblewrap and caps the number of files too. Where a machine lets
    only bubblewrap make namespaces, bubblewrap holds tier 3.
    """
    begin = time.monotonic()
    reasons: list[str] = []
    for tier, backend in ((3, "launcher"), (3, "bubblewrap"), (2, "launcher")):
        probes, reason = probe_tier(tier, backend)
        if probes and all(probe.contained for probe in probes):
            return Diagnosis(tier, backend, tuple(probes), time.monotonic() - begin, "; ".join(reasons))
        leaks = ", ".join(probe.name for probe in probes if not probe.contained)
        reasons.append(f"tier {tier} by {backend}: " + (reason or f"leaks {leaks}"))
    return Diagnosis(0, "none", (), time.monotonic() - begin, "; ".join(reasons))


@cache
def find_cage() -> Cage | None:
    """Return the best cage that holds on this machine, probed once; None where no code may be run."""
    found = diagnose()
    return Cage(tier=found.tier, backend=found.backend) if found.tier else None


def probe_tier(tier: int, backend: str = "launcher") -> tuple[list[Probe], str]:
    """Try every action in a cage of *tier* that *backend* builds; return the probes, or why none could be made."""
    if backend == "bubblewrap" and shutil.which("bwrap") is None:
        return [], "not installed"
    with new_scratch("doctor") as folder:
        secret = folder / "secret"
        secret.write_text("secret", "utf-8")
        folder.chmod(0o755)
        secret.chmod(0o666)
        script = f"{PRELUDE}\nSECRET, HARNESS = {str(secret)!r}, {os.getpid()}\n"
        script += "\n".join(f"attempt({name!r}, lambda: {action})" for name, action in ACTIONS.items())
        script += "\nleave_orphan()"
        outcome = run_caged([PYTHON, "-I", "-S", "-c", script], limits=LIMITS, cage=Cage(tier=tier, backend=backend))
        untouched = secret.read_text("utf-8") == "secret"
        orphans = end_processes(str(secret))
    if outcome.status is Status.INFRA:
        return [], outcome.detail
    words = [line.split(" ", 1) for line in outcome.output.decode("utf-8", "replace").splitlines() if " " in line]
    said = {name: word for word, name in words}
    probes = [Probe(name, said.get(name) == "contained") for name in ACTIONS]
    return [*probes, Probe("orphan", not orphans), Probe("host unchanged", untouched)], ""


def end_processes(mark: str) -> int:
    """End the processes that have *mark* in their command, and return how many there were."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes():
                found += 1
                os.kill(int(path.parent.name), signal.SIGKILL)
    return found
