"""
Runs one command in a cage. In: the command, its files and its limits. Out: how it ended, and its output.

A tier and a backend are asked for and kept to: where the machine cannot give them, the outcome is `infra_error`, never
a weaker cage.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from stat import S_ISDIR
from typing import IO, Any

from ...mining.scratch import new_scratch

LAUNCHER = Path(__file__).with_name("launcher.py")
PYTHON = str(Path(sys.executable).resolve())
"""The interpreter as the cage sees it: without the folder of a virtual environment."""
START = f"import sys; sys.path[:0] = [{str(LAUNCHER.parent)!r}]; from launcher import main; main()"
"""Imports the launcher instead of running the file: its byte code is then kept from one launch to the next."""
INSIDE = "/launcher.py"
NOBODY = 65534
PATIENCE = 2.0
"""Seconds for which processes of a cage that is ended are looked for: some may just have been started."""
NEARLY = 0.95
"""Share of its processor time after which a killed command is taken to have spent it."""
MOST_WAITS = 8
"""How many times its limit a command may wait for a processor before it is a timeout after all."""


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
    DISK = "disk_limit"
    INFRA = "infra_error"


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What one command may use.
    """

    wall: float = 20.0
    """Seconds by the clock, without those in which the command waited for a processor that others held."""
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
    detail: str = ""


@dataclass(slots=True)
class Watch:
    """
    What the harness has read so far.
    """

    output: bytearray = field(default_factory=bytearray)
    records: bytearray = field(default_factory=bytearray)
    verdict: Status | None = None


@dataclass(frozen=True, slots=True)
class Cage:
    """
    What a command finds around it.
    """

    tier: int = 3
    """1 to 3."""
    backend: str = "launcher"
    """`launcher`, or `bubblewrap` for namespaces and private root."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """The job's own files: what lies in its folder, by relative path."""
    shown: Mapping[str, str] = field(default_factory=dict[str, str])
    """Folders and files of the host, read-only: path inside to path outside. A later one may cover an earlier one."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables beside the six that every command gets."""


def run_caged(
    command: Sequence[str], *, stdin: bytes = b"", limits: Limits | None = None, cage: Cage | None = None
) -> Outcome:
    """Run *command* in a *cage* of its own, made for it and gone after it, and return how it ended."""
    limits, cage = limits or Limits(), cage or Cage()
    with new_scratch("cage") as scratch:
        return supervise(make_plan(command, limits, cage, str(scratch)), stdin, limits)


def make_plan(command: Sequence[str], limits: Limits, cage: Cage, scratch: str) -> dict[str, Any]:
    """Return what the launcher needs to know, as plain data."""
    links: dict[str, str] = {}
    binds: list[tuple[str, str]] = []
    for path in ("/usr", "/lib", "/lib64", "/bin", sys.base_prefix):
        if Path(path).is_symlink() and path.count("/") == 1:
            links[path] = str(Path(path).readlink())
        elif Path(path).exists() and not any(Path(path).is_relative_to(bound) for bound, _ in binds):
            binds.append((path, path))
    known = {path for path, _ in binds}
    for inside, outside in cage.shown.items():
        if inside != outside or not any(Path(inside).is_relative_to(path) for path in known):
            binds.append((outside, inside))
    numbers = {name: getattr(limits, name) for name in ("cpu", "memory", "disk", "inodes", "descriptors", "processes")}
    told = {"command": list(command), "files": dict(cage.files), "environment": dict(cage.environment)}
    return {**told, **numbers, "tier": cage.tier, "backend": cage.backend,
            "binds": binds, "links": links, "scratch": scratch}  # fmt: skip


def supervise(plan: Mapping[str, Any], stdin: bytes, limits: Limits) -> Outcome:
    """Start the launcher, watch it, end the whole tree, and say how it went."""
    reader, writer = os.pipe()
    # no pipe for the output: a command can open the other end of one, and take back what it said
    ours, theirs = socket.socketpair()
    with (
        memory_file(marshal.dumps(dict(plan))) as planned,
        memory_file(stdin) as source,
        os.fdopen(reader, "rb") as records,
        ours,
    ):
        try:
            with theirs:
                process = start(plan, (source, theirs), (planned.fileno(), writer))
        except OSError as error:
            return Outcome(Status.INFRA, detail=str(error))
        finally:
            os.close(writer)
        watch = Watch()
        try:
            follow(process, (ours.fileno(), records.fileno()), watch, limits, plan["scratch"])
        finally:
            end_tree(process)
    return conclude(watch, limits)


def memory_file(data: bytes) -> IO[bytes]:
    """Return a file that is only in memory, holding *data*, to be read from its start."""
    file = os.fdopen(os.memfd_create("idiolect"), "w+b")
    file.write(data)
    file.seek(0)
    return file


def start(
    plan: Mapping[str, Any], streams: tuple[IO[bytes], socket.socket], handles: tuple[int, int]
) -> subprocess.Popen[bytes]:
    """Start the process that builds the cage, in a session of its own; *streams* are what it reads and writes."""
    stdin, output = streams
    command = [PYTHON, "-I", "-S", "-c", START]
    if plan["backend"] == "bubblewrap":
        command = bubblewrap_command(plan)
    # a user namespace keeps root's access to files: bubblewrap is started as somebody else
    nobody = NOBODY if plan["backend"] == "bubblewrap" and os.geteuid() == 0 else None
    return subprocess.Popen(
        [*command, *map(str, handles)], stdin=stdin, stdout=output.fileno(), stderr=subprocess.STDOUT,
        pass_fds=handles, start_new_session=True, env={}, cwd="/",
        user=nobody, group=nobody, extra_groups=None if nobody is None else (),
    )  # fmt: skip


def bubblewrap_command(plan: Mapping[str, Any]) -> list[str]:
    """Return the command that has bubblewrap make namespaces and root, and the launcher close the cage from within."""
    shown = [("--ro-bind", *pair) for pair in (*plan["binds"], (str(LAUNCHER), INSIDE))]
    links = [("--symlink", target, link) for link, target in plan["links"].items()]
    devices = [("--dev-bind", device, device) for device in ("/dev/null", "/dev/zero", "/dev/urandom")]
    words = [word for option in (*shown, *links, *devices) for word in option]
    return [
        shutil.which("bwrap") or "/usr/bin/bwrap", "--unshare-all", "--unshare-user", "--disable-userns",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", *words, "--proc", "/proc",
        "--size", str(plan["disk"]), "--tmpfs", "/job", "--remount-ro", "/", "--chdir", "/job",
        "--", PYTHON, "-I", "-S", INSIDE,
    ]  # fmt: skip


def follow(
    process: subprocess.Popen[bytes], channels: tuple[int, int], watch: Watch, limits: Limits, scratch: str
) -> None:
    """Read output and records from their *channels* until the cage is empty or a cap is passed."""
    output, records = channels
    deadline, waited, ended = time.monotonic() + limits.wall, 0.0, False
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ, watch.output)
        selector.register(records, selectors.EVENT_READ, watch.records)
        while selector.get_map():
            late = time.monotonic() - deadline
            if late > 0:
                waited = max(waited, starved(process.pid))  # kept: a thread that ends takes its count with it
            if late > min(waited, MOST_WAITS * limits.wall):
                watch.verdict = Status.TIMEOUT
                return
            ready = selector.select(0 if ended else 0.1)
            if ended and not ready:
                return
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 16)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fd)
                    ended = ended or key.fd == records
            watch.verdict = passed_cap(process.pid, len(watch.output), limits, scratch)
            if watch.verdict is not None:
                return


def passed_cap(pid: int, output: int, limits: Limits, scratch: str) -> Status | None:
    """Return which cap a cage below *pid* has passed that gave so many bytes of *output*; None for none."""
    if output > limits.output:
        return Status.OUTPUT
    if resident(pid) > limits.memory:
        return Status.MEMORY
    return Status.DISK if overflows(scratch, pid, limits) else None


def descendants(pid: int) -> list[int]:
    """Return the processes below *pid*: each thread has children of its own."""
    found = [pid]
    for parent in found:
        for children in thread_files(parent, "children"):
            with contextlib.suppress(OSError):
                found.extend(map(int, children.read_text().split()))
    return found[1:]


def thread_files(pid: int, name: str) -> list[Path]:
    """Return the file *name* of each thread of *pid*; none of a process that has gone."""
    with contextlib.suppress(OSError):
        return list(Path(f"/proc/{pid}/task").glob(f"*/{name}"))
    return []


def resident(pid: int) -> int:
    """Return the bytes that the processes below *pid* hold in memory."""
    total = 0
    for child in descendants(pid):
        with contextlib.suppress(OSError, IndexError, ValueError):
            total += int(Path(f"/proc/{child}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def overflows(folder: str, pid: int, limits: Limits) -> bool:
    """
    Claim that the processes below *pid* keep more in *folder* than *limits* allow, deleted files they hold included.

    A cage with files of its own caps them itself, and leaves *folder* empty.
    """
    found = [Path(folder)]
    device = found[0].stat().st_dev
    sizes: dict[int, int] = {}
    try:
        for path in found:
            with contextlib.suppress(FileNotFoundError):
                for inner in path.iterdir():
                    status = inner.lstat()
                    sizes[status.st_ino] = status.st_blocks * 512
                    if S_ISDIR(status.st_mode):
                        found.append(inner)
            if len(sizes) > limits.inodes:
                return True
    except OSError:  # closed to us, or too deep to be named
        return True
    for child in descendants(pid):
        with contextlib.suppress(OSError):
            for handle in Path(f"/proc/{child}/fd").iterdir():
                status = handle.stat()
                if status.st_dev == device and status.st_nlink == 0:
                    sizes[status.st_ino] = status.st_blocks * 512
    return sum(sizes.values()) > limits.disk


def starved(pid: int) -> float:
    """
    Return the most seconds that a thread below *pid* was ready to run while others than its own held the processors.

    An overloaded machine must not turn a pass into a timeout; who sleeps, or crowds itself out, gains nothing.
    """
    times: list[tuple[int, int]] = []
    for child in descendants(pid):
        for thread in thread_files(child, "schedstat"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                ran, waited, *_ = map(int, thread.read_text().split())
                times.append((ran, waited))
    together = sum(ran for ran, _ in times)
    return max((waited - (together - ran) for ran, waited in times), default=0) / 1e9


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill every process of the cage and wait until none is left; the launcher last, for orphans come to it."""
    deadline = time.monotonic() + PATIENCE
    while (below := descendants(process.pid)) and time.monotonic() < deadline:
        kill(below)
    kill([process.pid])
    process.wait()


def kill(processes: Sequence[int]) -> None:
    """Kill those of *processes* that are still there."""
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def conclude(watch: Watch, limits: Limits) -> Outcome:
    """Return the outcome that the records and caps amount to."""
    lines = watch.records.decode("utf-8", "replace").splitlines()
    records = {word: value for word, _, value in (line.partition(" ") for line in lines)}
    output = bytes(watch.output[: limits.output])
    if "error" in records or "ready" not in records:
        said = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Outcome(Status.INFRA, output, detail=records.get("error") or said or "the launcher said nothing")
    if watch.verdict is not None:
        return Outcome(watch.verdict, output)
    if "code" not in records:
        return Outcome(Status.INFRA, output, detail="the cage ended without a record")
    code = int(records["code"])
    # the cap of processor time kills, and so may the command itself
    spent = float(records.get("cpu", 0.0)) >= NEARLY * limits.cpu
    return Outcome(classify(code, spent=spent), output, code)


def classify(code: int, *, spent: bool) -> Status:
    """Return the status of an exit code, a signal where it is negative; *spent* says whether processor time was."""
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and spent):
        return Status.CPU
    return Status.OK if code == 0 else Status.CRASHED if code < 0 else Status.FAILED
