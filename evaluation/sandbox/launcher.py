"""
Builds the cage and runs one command in it. In: a plan (marshalled) on one descriptor. Out: lines of record on another.

Runs in an interpreter of its own, on the standard library alone, and imports little of that: the start of this
interpreter is most of what a launch costs. Started as root, it prepares the private root as root and gives root up,
really, before anything untrusted runs; the command then holds no capability in any namespace.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import sys
from _struct import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEW_NS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
READ_ONLY, NO_SUID, NO_DEV, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
DETACH = 2
PIVOT_ROOT = 155
NOBODY = 65534
INTERRUPT, KILL_SIGNAL, END_SIGNAL = 2, 9, 15
EPERM, ENOSYS = 1, 38
LIBC = ctypes.CDLL(None, use_errno=True)

DENIED = (
    101, 310, 311, 312, 165, 166, 155, 161, 272, 308, 321, 298, 323, 425, 426, 427, 248, 249, 250, 175, 313, 176, 246,
    320, 303, 304, 424, 434, 438, 135, 163, 167, 168, 169, 179, 443, 133, 259, 319, 447, 41, 53, 428, 429, 430, 431,
    432, 433, 442, 159, 164, 227, 305, 170, 171, 172, 173, 103, 29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 220, 240, 241,
    300, 444,
)  # fmt: skip
"""
x86-64 numbers: ptrace and process_vm, the mount family, new namespaces, bpf, perf, userfaultfd, io_uring, keys,
modules, kexec, file handles, pidfds, personality, swap, reboot, quota, device nodes, memfds, sockets, clocks, System V
and POSIX IPC, fanotify, rules of Landlock (memory that no limit counts). Of System V IPC every call: without a
namespace of its own a cage could guess what another process made.
"""
CLONE3, UNKNOWN = 435, 453
"""No system call from the second on is there: the kernel gained it after these lists were made."""
METADATA = (90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 254, 260, 261, 268, 280, 452)
"""
chmod, chown, extended attributes, times, and watching what happens in a folder: Landlock does not guard these, so a
cage without a private root must.
"""
OTHERS = (141, 142, 144, 203, 251, 314)
"""setpriority, sched_setparam, _setscheduler, _setaffinity, _setattr, ioprio_set: they reach the user's processes."""
PRLIMIT = 302
"""It reaches them too, and the process that reports; and is how a process sets limits of its own, as number 0."""


def call(number: int, *values: Any) -> int:
    """Make one system call; raise OSError when it fails."""
    result: int = LIBC.syscall(ctypes.c_long(number), *values)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"system call {number}")
    return result


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount, or raise OSError naming the target."""
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    if LIBC.mount(*words, ctypes.c_ulong(flags), None if data is None else data.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def control(option: int, *values: int) -> None:
    """Call prctl, or raise OSError."""
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if LIBC.prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"prctl {option}")


def unshare(flags: int) -> None:
    """Leave the named namespaces of the host."""
    if LIBC.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "unshare")


def write_file(path: str, data: bytes) -> None:
    """Put *data* into a file, making it where it is missing."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    while data:
        data = data[os.write(handle, data) :]
    os.close(handle)


def map_user(uid: int, gid: int) -> None:
    """Map the one user and group into the namespace just made."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        write_file("/proc/self/" + name, text.encode())


def bind(source: str, target: str, flags: int) -> None:
    """Show *source* at *target*, with *flags*."""
    if not os.path.lexists(target):
        if os.path.isdir(source):
            os.makedirs(target)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            write_file(target, b"")
    mount(source, target, None, BIND)
    mount(source, target, None, BIND | REMOUNT | flags)


def build_root(plan: dict[str, Any], uid: int, gid: int) -> None:
    """Make a root of memory with read-only system folders and one small writable folder, and move into it."""
    mount("none", "/", None, RECURSIVE | PRIVATE)
    root = plan["scratch"]
    mount("tmpfs", root, "tmpfs", NO_SUID | NO_DEV, "size=1m,nr_inodes=4096,mode=755")
    for source, target in plan["binds"]:
        bind(source, root + target, READ_ONLY | NO_SUID | NO_DEV)
    for link, target in plan["links"].items():
        os.symlink(target, root + link)
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        bind(device, root + device, NO_SUID)
    owner = f"size={plan['disk']},nr_inodes={plan['inodes']},mode=700,uid={uid},gid={gid}"
    for folder in ("/proc", "/job"):
        os.mkdir(root + folder)
    mount("tmpfs", root + "/job", "tmpfs", NO_SUID | NO_DEV, owner)
    mount("proc", root + "/proc", "proc", NO_SUID | NO_DEV | 8)
    os.chdir(root)
    call(PIVOT_ROOT, b".", b".")
    LIBC.umount2(b".", DETACH)
    os.chdir("/")
    mount("none", "/", None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEV)


def drop_root(uid: int, gid: int) -> None:
    """Become the ordinary user for good."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def drop_capabilities() -> None:
    """Give up every capability: bounding, ambient and held."""
    for capability in range(64):
        if LIBC.prctl(24, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break
    LIBC.prctl(47, 4, 0, 0, 0)
    header = pack("=Ii", 0x20080522, 0)
    call(126, header, b"\0" * 24)


def set_limits(plan: dict[str, Any]) -> None:
    """Cap processor time, memory, file size, descriptors, processes; no core files."""
    limits = {
        resource.RLIMIT_CPU: plan["cpu"],
        resource.RLIMIT_AS: plan["memory"],
        resource.RLIMIT_FSIZE: plan["disk"],
        resource.RLIMIT_NOFILE: plan["descriptors"],
        resource.RLIMIT_NPROC: plan["processes"],
        resource.RLIMIT_CORE: 1,  # holds no core, and 1 alone keeps cores from a program of the host
    }
    for name, value in limits.items():
        hard = value + 1 if name == resource.RLIMIT_CPU else value
        resource.setrlimit(name, (value, hard))


def restrict_files(readable: list[str], writable: list[str]) -> None:
    """Allow, by Landlock, reading below *readable* and everything below *writable*, and nothing else."""
    abi = call(444, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    files = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}.get(abi, (1 << 16) - 1)
    words = [files] + ([3] if abi >= 4 else []) + ([3] if abi >= 6 else [])
    rules = pack(f"={len(words)}Q", *words)
    ruleset = call(444, rules, ctypes.c_size_t(len(rules)), ctypes.c_uint(0))
    for path, wanted in [*((path, 13) for path in readable), *((path, files) for path in writable)]:
        if not os.path.exists(path):
            continue
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = wanted if os.path.isdir(path) else wanted & (1 | 2 | 4 | 1 << 14) & files
        call(445, ctypes.c_int(ruleset), ctypes.c_int(1), pack("=Qi", allowed, handle), ctypes.c_uint(0))
        os.close(handle)
    call(446, ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)


def filter_calls(private_root: bool) -> None:
    """Refuse dangerous system calls with EPERM, clone3 and unknown ones with ENOSYS; kill on a foreign architecture."""
    if os.uname().machine != "x86_64":
        raise OSError(ENOSYS, "the system call filter knows x86-64 only")
    load, equal, greater, masked, stop = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, deny, missing = 0x80000000, 0x7FFF0000, 0x50000 | EPERM, 0x50000 | ENOSYS
    program = [(load, 0, 0, 4), (equal, 1, 0, 0xC000003E), (stop, 0, 0, kill), (load, 0, 0, 0)]
    program += [(greater, 0, 1, 0x40000000), (stop, 0, 0, deny), (greater, 0, 1, UNKNOWN), (stop, 0, 0, missing)]
    program += [(equal, 0, 1, CLONE3), (stop, 0, 0, missing)]
    for number in DENIED if private_root else (*DENIED, *METADATA, *OTHERS):
        program += [(equal, 0, 1, number), (stop, 0, 0, deny)]
    # prlimit: of nobody else; clone: no new namespace of any sort; ioctl: no typing into a terminal
    program += [(equal, 0, 4, PRLIMIT), (load, 0, 0, 16), (equal, 1, 0, 0), (stop, 0, 0, deny), (stop, 0, 0, allow)]
    program += [(equal, 0, 4, 56), (load, 0, 0, 16), (masked, 0, 1, 0x7E020000), (stop, 0, 0, deny)]
    program += [(stop, 0, 0, allow), (equal, 0, 4, 16), (load, 0, 0, 24), (equal, 0, 1, 0x5412), (stop, 0, 0, deny)]
    program += [(stop, 0, 0, allow), (stop, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(pack("=HBBI", *line) for line in program))
    head = pack("@HP", len(program), ctypes.addressof(code))
    call(317, ctypes.c_uint(1), ctypes.c_uint(0), head)


def write_files(folder: str, files: dict[str, str]) -> None:
    """Put the job's own files into its folder."""
    for name, text in files.items():
        path = f"{folder}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_file(path, text.encode())


def run_command(plan: dict[str, Any], folder: str, channel: int) -> None:
    """Close the cage around this process, then become the command; never returns."""
    os.chdir(folder)
    os.setpgid(0, 0)
    set_limits(plan)
    control(38, 1)
    if plan["tier"] >= 2:
        readable = ["/"] if plan["tier"] >= 3 else [*(source for source, _ in plan["binds"]), *plan["links"]]
        restrict_files(readable, [folder, "/dev/null", "/dev/zero", "/dev/urandom"])
        filter_calls(plan["tier"] >= 3)
    report(channel, "ready")
    os.set_inheritable(channel, False)
    os.closerange(3, channel)
    os.closerange(channel + 1, 1 << 16)
    home = {"HOME": folder, "TMPDIR": folder, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
    os.execve(plan["command"][0], plan["command"], {**home, "PYTHONHASHSEED": "0", **plan["environment"]})  # noqa: S606 - no shell, on purpose


def report(channel: int, word: str, value: object = "") -> None:
    """Write one line for the harness: a word, and what belongs to it."""
    os.write(channel, f"{word} {value}".replace("\n", " ").encode() + b"\n")


def end_orphans() -> None:
    """Kill and reap all that the command left, generation by generation: what loses its parent becomes a child here."""
    while True:
        try:
            with open("/proc/thread-self/children", "rb") as file:
                for pid in file.read().split():
                    os.kill(int(pid), KILL_SIGNAL)
            os.wait()
        except OSError:  # none is left, or this kernel names no children: the doctor then finds that they stay
            return


def leave(*_: object) -> None:
    """End all that the command left, and this process: the harness has gone."""
    end_orphans()
    os._exit(0)


def supervise(plan: dict[str, Any], folder: str, channel: int) -> None:
    """Run the command in a child, reap whatever ends, and report how the command ended once nothing of it is left."""
    # process 1 gets no signal from within that it has no handler for
    LIBC.signal(INTERRUPT, None)
    # whoever loses its parent comes to this process; else a cage without process numbers of its own would leak it
    control(36, 1)
    if plan["tier"] < 3:  # there the end of this process would not be the end of what it started
        import signal

        signal.signal(END_SIGNAL, leave)
        control(1, END_SIGNAL)
    child = os.fork()
    if child == 0:
        try:
            run_command(plan, folder, channel)
        except BaseException as error:
            report(channel, "error", f"{type(error).__name__}: {error}")
        finally:
            os._exit(125)
    # the command has the same user: it must not look into, or stop, the process that reports on it
    control(4, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    while True:
        pid, status = os.wait()
        if pid == child:
            break
    end_orphans()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(channel, "cpu", used.ru_utime + used.ru_stime)
    report(channel, "code", os.waitstatus_to_exitcode(status))


def enter(plan: dict[str, Any], channel: int) -> None:
    """Leave the host's namespaces, and supervise from process 1 of the new ones."""
    root = os.geteuid() == 0
    uid, gid = (NOBODY, NOBODY) if root else (os.geteuid(), os.getegid())
    if plan["tier"] < 3:
        if root:
            os.chown(plan["scratch"], uid, gid)
            drop_root(uid, gid)
        control(1, KILL_SIGNAL)
        write_files(plan["scratch"], plan["files"])
        supervise(plan, plan["scratch"], channel)
        return
    unshare(NEW_NS | NEW_UTS | NEW_IPC | NEW_PID | NEW_NET | (0 if root else NEW_USER))
    if not root:
        map_user(uid, gid)
    first = os.fork()
    if first == 0:
        try:
            control(1, KILL_SIGNAL)
            build_root(plan, uid, gid)
            if root:
                drop_root(uid, gid)
                control(4, 1)
                unshare(NEW_USER)  # processes are then counted for this cage alone
                map_user(uid, gid)
            drop_capabilities()
            control(1, KILL_SIGNAL)
            write_files("/job", plan["files"])
            supervise(plan, "/job", channel)
        except BaseException as error:
            report(channel, "error", f"{type(error).__name__}: {error}")
            os._exit(125)
        os._exit(0)
    os.waitpid(first, 0)


def main() -> None:
    """Read the plan and carry it out; inside bubblewrap, namespaces and the private root are there already."""
    plan_file, channel = int(sys.argv[1]), int(sys.argv[2])
    with os.fdopen(plan_file, "rb") as file:
        plan = marshal.load(file)  # noqa: S302 - written by the harness, in memory
    try:
        control(1, KILL_SIGNAL)
        if plan["backend"] == "bubblewrap":
            write_files("/job", plan["files"])
            supervise(plan, "/job", channel)
        else:
            enter(plan, channel)
    except BaseException as error:
        report(channel, "error", f"{type(error).__name__}: {error}")
    os._exit(0)  # tearing the interpreter down takes longer than everything above


if __name__ == "__main__":
    main()
