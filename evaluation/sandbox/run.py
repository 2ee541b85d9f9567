"""
Runs one command in a cage. In: the command, its files and its limits. Out: how it ended, and its output.

A tier is asked for and kept to: where the machine cannot give it, the outcome is `infra_error`, never a weaker cage.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).with_name("launcher.py")
PYTHON = str(Path(sys.executable).resolve())
"""The interpreter as the cage sees it: without the folder of a virtual environment."""


class Status(StrEnum):
    """
    How a command ended.
    """

    OK = "ok"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    CPU = "cpu_limit"
    OUTPUT = "output_limit"
    MEMORY = "memory_limit"
    INFRA = "infra_error"


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What one command may use.
    """

    wall: float = 20.0
    """Seconds by the clock."""
    cpu: int = 10
    """Seconds of processor time, per process."""
    memory: int = 1 << 30
    """Bytes of address space per process, and of resident memory for the whole tree."""
    disk: int = 32 << 20
    """Bytes of the writable folder, all files together."""
    inodes: int = 2_000
    """Files and folders in it."""
    descriptors: int = 64
    """Open descriptors per process."""
    processes: int = 16
    """Processes and threads of the whole cage."""
    output: int = 1 << 20
    """Bytes of standard output and error together."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How one command ended.
    """

    status: Status
    output: bytes = b""
    code: int | None = None
    seconds: float = 0.0
    detail: str = ""


@dataclass(slots=True)
class Watch:
    """
    What the harness has read so far.
    """

    output: bytearray = field(default_factory=bytearray)
    records: bytearray = field(default_factory=bytearray)
    verdict: Status | None = None


def run_caged(
    command: Sequence[str],
    *,
    files: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    limits: Limits | None = None,
    tier: int = 3,
    readable: Sequence[str] = (),
) -> Outcome:
    """Run *command* in a cage of *tier* (1 to 3) with only *files* beside it, and return how it ended."""
    limits = limits or Limits()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="idiolect-cage-") as scratch:
        plan = make_plan(command, files or {}, limits, tier, readable, scratch)
        outcome = supervise(plan, stdin, limits)
    return Outcome(outcome.status, outcome.output, outcome.code, time.monotonic() - begin, outcome.detail)


def make_plan(
    command: Sequence[str],
    files: Mapping[str, str],
    limits: Limits,
    tier: int,
    readable: Sequence[str],
    scratch: str,
) -> dict[str, Any]:
    """Return what the launcher needs to know."""
    links: dict[str, str] = {}
    binds: list[str] = []
    for path in ("/usr", "/lib", "/lib64", "/bin", sys.base_prefix, *readable):
        if Path(path).is_symlink() and path.count("/") == 1:
            links[path] = str(Path(path).readlink())
        elif Path(path).exists() and not any(Path(path).is_relative_to(known) for known in binds):
            binds.append(path)
    numbers = {name: getattr(limits, name) for name in ("cpu", "memory", "disk", "inodes", "descriptors", "processes")}
    return {"command": list(command), "files": dict(files), "tier": tier, "binds": binds, "links": links,
            "scratch": scratch, "folder": scratch, **numbers}  # fmt: skip


def supervise(plan: Mapping[str, Any], stdin: bytes, limits: Limits) -> Outcome:
    """Start the launcher, watch it, end the whole tree, and say how it went."""
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as plan_file, tempfile.TemporaryFile() as source, os.fdopen(reader, "rb") as records:
        plan_file.write(json.dumps(plan).encode())
        plan_file.seek(0)
        source.write(stdin)
        source.seek(0)
        handles = (plan_file.fileno(), writer)
        process = subprocess.Popen(
            [PYTHON, "-I", "-S", str(LAUNCHER), *map(str, handles)], stdin=source, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=handles, start_new_session=True, env={}, cwd="/",
        )  # fmt: skip
        os.close(writer)
        watch = Watch()
        try:
            follow(process, records.fileno(), watch, limits)
        finally:
            end_tree(process)
    return conclude(watch)


def follow(process: subprocess.Popen[bytes], records: int, watch: Watch, limits: Limits) -> None:
    """Read output and records until the cage is empty or a cap is passed."""
    assert process.stdout is not None
    deadline = time.monotonic() + limits.wall
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout.fileno(), selectors.EVENT_READ, watch.output)
        selector.register(records, selectors.EVENT_READ, watch.records)
        while selector.get_map():
            if time.monotonic() > deadline:
                watch.verdict = Status.TIMEOUT
                return
            for key, _ in selector.select(0.1):
                chunk = os.read(key.fd, 1 << 16)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fd)
                    if key.fd == records:
                        return
            if len(watch.output) > limits.output:
                del watch.output[limits.output :]
                watch.verdict = Status.OUTPUT
                return
            if resident(process.pid) > limits.memory:
                watch.verdict = Status.MEMORY
                return


def descendants(pid: int) -> list[int]:
    """Return the processes below *pid*."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found.extend(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))
    return found[1:]


def resident(pid: int) -> int:
    """Return the bytes that the processes below *pid* hold in memory."""
    total = 0
    for child in descendants(pid):
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += int(Path(f"/proc/{child}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill every process of the cage and wait until none is left."""
    for pid in [*descendants(process.pid), process.pid]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def conclude(watch: Watch) -> Outcome:
    """Return the outcome that the records and caps amount to."""
    merged: dict[str, Any] = {}
    for line in watch.records.splitlines():
        with contextlib.suppress(ValueError):
            merged.update(json.loads(line))
    output = bytes(watch.output)
    if "error" in merged or not merged.get("ready"):
        return Outcome(Status.INFRA, output, detail=str(merged.get("error", "the launcher said nothing")))
    if watch.verdict is not None:
        return Outcome(watch.verdict, output)
    if "code" not in merged:
        return Outcome(Status.INFRA, output, detail="the cage ended without a record")
    code = int(merged["code"])
    return Outcome(classify(code), output, code)


def classify(code: int) -> Status:
    """Return the status of an exit code; negative ones are signals."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return Status.CPU
    return Status.OK if code == 0 else Status.CRASHED if code < 0 else Status.FAILED
