"""
Abuse of the cage, by the numbers of the abuse list. Every attempt runs in a cage with low caps.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from idiolect.evaluation.sandbox.doctor import PRELUDE, diagnose
from idiolect.evaluation.sandbox.run import PYTHON, START, Limits, Status, run_caged
from idiolect.mining.scratch import remove

LIMITS = Limits(wall=4.0, cpu=2, memory=256 << 20, disk=8 << 20, inodes=200, processes=8, output=1 << 16)


@pytest.fixture(name="cage", scope="module", autouse=True)
def _cage() -> None:
    """Prove the cage before anything is let loose in it."""
    diagnosis = diagnose()
    if diagnosis.tier < 3:
        pytest.skip(f"no cage of tier 3 on this machine: {diagnosis.reason}")


def run(script: str, limits: Limits = LIMITS):
    return run_caged([PYTHON, "-I", "-S", "-c", PRELUDE + script], limits=limits)


REFUSED = [
    pytest.param("Path(SECRET).read_bytes()", id="01-read-outside"),
    pytest.param("Path(SECRET).write_bytes(b'x')", id="02-write-outside"),
    pytest.param("open('/root/.bashrc', 'a')", id="03-startup-file"),
    pytest.param("os.symlink(SECRET, 'l'), open('l').read()", id="04-symlink"),
    pytest.param("os.link(SECRET, 'l')", id="05-hard-link"),
    pytest.param("os.rename('/job', '/usr')", id="06-rename-over-a-parent"),
    pytest.param("os.chmod(SECRET, 0)", id="07-chmod"),
    pytest.param("os.stat(SECRET)", id="08-stat-oracle"),
    pytest.param("os.fstat(HANDLE)", id="09-inherited-descriptor"),
    pytest.param("open('/proc/1/root' + SECRET).read()", id="10-procfs-root"),
    pytest.param("os.mknod('d', 0o20600, os.makedev(1, 3))", id="11-device-node"),
    pytest.param("os.setuid(0)", id="12-become-root"),
    pytest.param("subprocess.run(['/usr/bin/su', '-c', 'true'], stdin=-3, stderr=-3, check=True)", id="12-setuid"),
    pytest.param(
        "[os.statvfs(path).f_flag & os.ST_NOSUID or 'obeyed' for path in ('/', '/usr', '/job')].index('obeyed')",
        id="12-setuid-bits-count-nowhere",
    ),
    pytest.param("open(os.__file__, 'a')", id="13-toolchain"),
    pytest.param("__import__('resource').setrlimit(4, (1 << 20, 1 << 20))", id="15-core-limit"),
    pytest.param("socket.create_connection(('127.0.0.1', PORT), 1)", id="16-tcp-loopback"),
    pytest.param("socket.create_connection(('1.1.1.1', 53), 1)", id="17-tcp-external"),
    pytest.param("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", id="18-udp"),
    pytest.param("socket.getaddrinfo('localhost.invalid', 1)", id="19-dns"),
    pytest.param("socket.socket(socket.AF_INET6)", id="20-ipv6"),
    pytest.param("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", id="21-netlink"),
    pytest.param("socket.socket(socket.AF_UNIX)", id="22-23-unix-socket"),
    pytest.param("call(29, 7, 4096, 0o1600)", id="24-shared-memory"),
    pytest.param("socket.socketpair()[0].detach(), socket.socket(socket.AF_UNIX)", id="25-descriptor-passing"),
    pytest.param("socket.create_connection(('169.254.169.254', 80), 1)", id="26-cloud-metadata"),
    pytest.param("os.kill(HARNESS, 0)", id="27-kill-the-harness"),
    pytest.param("call(302, os.getppid(), 0, bytes(16), None)", id="27-limit-what-reports"),
    pytest.param("call(101, 16, 1, 0, 0)", id="29-ptrace"),
    pytest.param("call(310, 1, 0, 0, 0, 0, 0)", id="30-process-vm"),
    pytest.param("open(f'/proc/{HARNESS}/environ').read()", id="31-environ"),
    pytest.param("fork_many()", id="32-fork-cap"),
    pytest.param(
        "[threading.Thread(target=threading.Event().wait, daemon=True).start() for _ in range(40)]", id="33-thread-bomb"
    ),
    pytest.param("subprocess.run(['/bin/cat', SECRET], stderr=-3, check=True)", id="37-a-program-of-the-system"),
    pytest.param(
        "__import__('shutil').copy('/bin/cat', 'own'), subprocess.run(['./own', SECRET], stderr=-3, check=True)",
        id="37-a-program-of-its-own",
    ),
    pytest.param(
        "subprocess.run([sys.executable, '-I', '-S', '-c', 'import socket; socket.socket()'], stderr=-3, check=True)",
        id="37-another-interpreter",
    ),
    pytest.param("os.pidfd_open(1)", id="38-pidfd"),
    pytest.param("call(16, 0, 0x5412, b'x')", id="39-terminal-input"),
    pytest.param("call(272, 0x10000000)", id="40-nested-namespace"),
    pytest.param("call(165, b'none', b'/', 0, 1 << 18, 0)", id="41-mount"),
    pytest.param("call(321, 0, 0, 0)", id="42-bpf"),
    pytest.param("call(298, 0, 0, -1, -1, 0)", id="43-perf"),
    pytest.param("call(323, 0)", id="44-userfaultfd"),
    pytest.param("call(425, 1, bytes(120))", id="45-io-uring"),
    pytest.param("call(250, 0, 0, 0)", id="46-keyctl"),
    pytest.param("call(0x40000000 | 39)", id="47-x32"),
    pytest.param("call(435, bytes(88), 88)", id="48-clone3"),
    pytest.param("call(461, bytes(64), ctypes.byref(ctypes.c_uint32(64)), 0)", id="48-a-newer-call"),
    pytest.param("call(300, 0x200, 0)", id="48-fanotify"),
    pytest.param("call(444, bytes([1]) + bytes(15), 16, 0)", id="48-landlock"),
    pytest.param("call(175, b'', 0, b'')", id="49-module"),
    pytest.param("call(135, 0x0040000)", id="50-personality"),
    pytest.param("bytearray(1 << 30)", id="51-memory"),
    pytest.param("__import__('mmap').mmap(-1, 1 << 30)", id="52-shared-memory"),
    pytest.param("open('/dev/shm/x', 'w')", id="52-posix-shared-memory"),
    pytest.param("os.memfd_create('x')", id="52-memory-file"),
    pytest.param("fill_disk()", id="53-huge-file"),
    pytest.param("[Path(str(i)).write_bytes(bytes(1 << 20)) for i in range(20)]", id="54-many-files"),
    pytest.param("[Path(str(i)).touch() for i in range(400)]", id="55-inodes"),
    pytest.param("os.truncate(os.open('s', os.O_CREAT | os.O_RDWR), 1 << 40)", id="56-sparse-file"),
    pytest.param("[os.dup(1) for _ in range(200)]", id="64-descriptors"),
    pytest.param(
        "(z := __import__('zipfile').ZipFile('b.zip', 'w', 8)).writestr('b', bytes(60 << 20)), z.extractall()",
        id="65-zip-bomb-to-disk",
    ),
    pytest.param(
        "__import__('xml.etree.ElementTree').etree.ElementTree.fromstring("
        "'<!DOCTYPE b [<!ENTITY e0 \"' + 'x' * 99 + '\">'"
        " + ''.join(f'<!ENTITY e{n} \"' + f'&e{n - 1};' * 10 + '\">' for n in range(1, 12)) + ']><b>&e11;</b>')",
        id="65-xml-bomb",
    ),
    pytest.param("call(227, 0, bytes(16))", id="66-clock"),
]


@pytest.mark.parametrize("action", REFUSED)
def test_the_attempt_is_refused_and_the_host_is_unchanged(action: str, tmp_path: Path) -> None:
    """An attempt fails inside the cage, the launcher did its work, and the host file keeps its bytes."""
    secret = tmp_path / "secret"
    secret.write_text("secret", "utf-8")
    secret.chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as server, secret.open("rb") as handle:
        os.set_inheritable(handle.fileno(), True)
        names = f"{str(secret)!r}, {os.getpid()}, {server.getsockname()[1]}, {handle.fileno()}"
        outcome = run(f"\nSECRET, HARNESS, PORT, HANDLE = {names}\nattempt('it', lambda: ({action}))\n")

    assert b"contained it\n" == outcome.output
    assert Status.OK is outcome.status
    assert ("secret", 0o666) == (secret.read_text("utf-8"), secret.stat().st_mode & 0o777)


ENDED = [
    pytest.param("import time\ntime.sleep(60)", {Status.TIMEOUT}, id="61-sleep"),
    pytest.param("while True: pass", {Status.CPU}, id="60-busy-loop"),
    pytest.param("9 ** 9 ** 9", {Status.CPU, Status.FAILED}, id="62-big-integer"),
    pytest.param("while True: print('x' * 99)", {Status.OUTPUT}, id="57-output-flood"),
    pytest.param("while True: sys.stdout.write('x' * 99)", {Status.OUTPUT}, id="58-no-newline"),
    pytest.param("os.kill(os.getpid(), signal.SIGSTOP)", {Status.TIMEOUT}, id="36-stops-itself"),
    pytest.param("ctypes.string_at(0)", {Status.CRASHED}, id="63-segfault"),
    pytest.param("os.kill(os.getpid(), signal.SIGKILL)", {Status.CRASHED}, id="36-kills-itself"),
    pytest.param("print(sys.stdin.read())", {Status.OK}, id="59-stdin"),
    pytest.param(
        "import zlib\nc = zlib.compressobj(9, 8, -15)\n"
        "block = c.compress(bytes(1 << 20)) + c.flush(zlib.Z_FULL_FLUSH)\n"
        "zlib.decompress(block * 2000, -15)",
        {Status.MEMORY, Status.FAILED},
        id="65-zip-bomb-to-memory",
    ),
    pytest.param(
        "for _ in range(6):\n    if os.fork() == 0:\n        held = bytearray(b'x') * (150 << 20)\n"
        "        signal.pause()\n"
        "signal.pause()",
        {Status.MEMORY},
        id="52-memory-of-many",
    ),
    pytest.param(
        "def fork():\n    for _ in range(6):\n        if os.fork() == 0:\n"
        "            held = bytearray(b'x') * (150 << 20)\n            signal.pause()\n"
        "    signal.pause()\n"
        "thread = threading.Thread(target=fork)\nthread.start()\nthread.join()",
        {Status.MEMORY},
        id="52-memory-of-a-threads-children",
    ),
]


@pytest.mark.parametrize(("script", "statuses"), ENDED)
def test_a_runaway_is_ended_with_its_status(script: str, statuses: set[Status]) -> None:
    """A command that does not end by itself is ended and classified."""
    # a busy machine gives a second of work late, and a slow one needs more than that to fill the memory
    wall, cpu = 2.0 if Status.TIMEOUT in statuses else 60.0, 1 if Status.CPU in statuses else 10

    assert run("\n" + script, Limits(wall=wall, cpu=cpu, memory=256 << 20, output=1 << 16)).status in statuses


def test_no_daemon_survives() -> None:
    """A double-forked child in a session of its own that ignores signals ends with the cage (34, 35)."""
    mark = f"idiolect-{os.getpid()}-{time.monotonic_ns()}"
    script = f"""
MARK = {mark!r}
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in set(signal.valid_signals()) - {{9, 19}}:
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        os.close(1); os.close(2)
        while True: signal.pause()
    os._exit(0)
print("done")
"""
    outcome = run(script)

    assert (Status.OK, b"done\n") == (outcome.status, outcome.output)
    assert mark not in subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout


def test_no_core_is_dumped() -> None:
    """A crash leaves no core in its folder, and none goes to a program that the host pipes cores to (15)."""
    script = """
child = os.fork()
if child == 0:
    os.abort()
_, status = os.waitpid(child, 0)
print(os.WTERMSIG(status), os.WCOREDUMP(status), os.listdir(), __import__('resource').getrlimit(4))
"""

    assert b"6 False [] (1, 1)\n" == run(script).output


def test_a_signal_to_all_reaches_nobody_outside() -> None:
    """Neither the harness nor a process of the same user ends when everything is killed from within (28)."""
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(["/bin/sleep", "60"], cwd="/", **user) as beside:
        outcome = run("\nattempt('all', lambda: os.kill(-1, signal.SIGKILL))\nprint('still here')\n")
        alive = beside.poll() is None
        beside.kill()

    assert alive
    assert b"still here" in outcome.output
    assert Status.OK is outcome.status


def test_what_reports_cannot_be_interrupted_where_the_kernel_guards_no_signals(monkeypatch) -> None:
    """Before version 6 of Landlock a signal reaches process 1, which must have no handler for it (27)."""
    bare = START.replace("import main;", "import main; import launcher; launcher.restrict_files = lambda *given: None;")
    monkeypatch.setattr("idiolect.evaluation.sandbox.run.START", bare)
    outcome = run("\nos.kill(os.getppid(), signal.SIGINT)\nos._exit(3)\n")

    assert (Status.FAILED, 3) == (outcome.status, outcome.code)


def test_all_that_was_said_is_heard() -> None:
    """More output than one read takes arrives whole, although the command ended at once."""
    size = 150_000

    assert size == len(run(f"\nos.write(1, bytes({size}))\n", Limits(output=1 << 20)).output)


def test_what_a_command_leaves_is_removed_however_deep(tmp_path: Path) -> None:
    """A folder in a folder, a thousand times over, goes; so does one closed to its owner; a link's target stays."""
    (tmp_path / "kept").write_text("kept", "utf-8")
    left = tmp_path / "left"
    (left / "closed" / "inner").mkdir(parents=True)
    (left / "link").symlink_to(tmp_path)
    (left / "closed" / "inner").chmod(0)
    (left / "closed").chmod(0)
    inside = os.open(left, os.O_RDONLY)
    for _ in range(sys.getrecursionlimit() + 100):
        os.mkdir("inner", dir_fd=inside)
        deeper = os.open("inner", os.O_RDONLY, dir_fd=inside)
        os.close(inside)
        inside = deeper
    os.close(inside)
    remove(left)

    assert [tmp_path / "kept"] == list(tmp_path.iterdir())


def test_nothing_is_left_for_the_next_sample() -> None:
    """A file that one sample writes is absent from the next one's folder (14, 80)."""
    run("\nPath('conftest.py').write_text('x = 1')\n")

    assert b"[]\n" == run("\nprint(os.listdir())\n").output


def test_a_cage_that_cannot_be_built_runs_nothing() -> None:
    """A launcher that fails says so; it never runs the command in a weaker cage."""
    script = "open('ran', 'w')"
    outcome = run_caged([PYTHON, "-c", script], limits=Limits(disk=-1))

    assert (Status.INFRA, b"") == (outcome.status, outcome.output)
    assert outcome.detail


def test_a_missing_program_is_an_infrastructure_error() -> None:
    """A command that cannot be started is not the sample's failure."""
    assert Status.INFRA is run_caged(["/no/such/program"], limits=LIMITS).status


def test_the_attempts_do_succeed_without_a_cage(tmp_path: Path) -> None:
    """The harmless attempts leak when there is no cage: a refusal is the cage's doing, not a typing error."""
    secret = tmp_path / "secret"
    secret.write_text("secret", "utf-8")
    script = (
        PRELUDE
        + f"""
SECRET = {str(secret)!r}
attempt("read", lambda: Path(SECRET).read_bytes())
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("signal", lambda: os.kill({os.getpid()}, 0))
attempt("inode", lambda: [Path(str(i)).touch() for i in range(400)])
"""
    )
    done = subprocess.run([PYTHON, "-I", "-S", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)

    assert ["leaked read", "leaked udp", "leaked signal", "leaked inode"] == done.stdout.splitlines()
