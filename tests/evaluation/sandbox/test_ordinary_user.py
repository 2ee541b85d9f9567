"""
The cage as an ordinary user makes it, with the system's own Python.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import idiolect
import pytest
from idiolect.evaluation.sandbox.run import PYTHON, Cage, Status, run_caged

SYSTEM_PYTHON = next((path for path in map(shutil.which, ("/usr/bin/python3.12", "/usr/bin/python3.11")) if path), None)
SCRIPT = """
import json
from idiolect.evaluation.sandbox.doctor import probe_tier
found = {tier: probe_tier(tier) for tier in (1, 2, 3)}
print(json.dumps({tier: [[p.name for p in probes if not p.contained], len(probes)] for tier, (probes, _) in found.items()}))
"""  # noqa: E501
OWN_LIMITS = """
from idiolect.evaluation.sandbox.run import PYTHON, Cage, run_caged
script = "import resource; resource.setrlimit(7, (32, 32)); print(resource.getrlimit(7))"
print(run_caged([PYTHON, "-I", "-S", "-c", script], cage=Cage(tier=2)).output.decode(), end="")
"""
STORES = """
from idiolect.evaluation.sandbox.run import PYTHON, Cage, Limits, run_caged

ACTIONS = (
    "with open(str(n), 'wb') as file: file.write(bytes(1 << 20))",
    "file = open('f', 'wb'); kept.append(file); file.write(bytes(1 << 20)); file.flush(); os.unlink('f')",
    "os.mkdir('d'); os.chdir('d')",
    "os.mkdir('d' * 250); os.chdir('d' * 250)",
)
for action in ACTIONS:
    body = f"import os, signal\\nkept = []\\nfor n in range(50):\\n    {action}\\nsignal.pause()"
    limits = Limits(wall=60.0, disk=8 << 20, inodes=40)
    print(run_caged([PYTHON, "-I", "-S", "-c", body], limits=limits, cage=Cage(tier=2)).status)
"""
ATTRIBUTE = """
import os, tempfile
from idiolect.evaluation.sandbox.doctor import PRELUDE
from idiolect.evaluation.sandbox.run import PYTHON, Cage, run_caged

with tempfile.NamedTemporaryFile() as file:
    os.setxattr(file.name, "user.kept", b"1")
    action = f"attempt('it', lambda: call(466, -100, {file.name.encode()!r}, 0, b'user.kept'))"
    run_caged([PYTHON, "-I", "-S", "-c", PRELUDE + action], cage=Cage(tier=2))
    print(os.listxattr(file.name))
"""
HARNESS = """
from idiolect.evaluation.sandbox.run import PYTHON, Cage, run_caged

body = "import os, signal; MARK = {mark!r}; os.fork() or (os.setsid(), os.closerange(0, 3)); signal.pause()"
run_caged([PYTHON, "-I", "-S", "-c", body], cage=Cage(tier=2))
"""
DAEMONS = """
import subprocess
from idiolect.evaluation.sandbox.run import PYTHON, Cage, Limits, run_caged

BODY = '''
import os, signal
MARK = {mark!r}
def sleep():
    signal.pause()
def run_away():
    while os.fork() == 0:
        pass
    os._exit(0)
middle = os.fork()
if middle == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(1), os.close(2)
        for number in set(signal.valid_signals()) - {{9, 19}}:
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        while True: {action}()
    os._exit(0)
os.waitpid(middle, 0)
{end}
'''
for action in ("sleep", "run_away"):
    for end in ("print('done')", "signal.pause()"):
        mark = f"idiolect-daemon-{action}-{len(end)}"
        script = BODY.format(mark=mark, action=action, end=end)
        limits = Limits(wall=1.0, cpu=2, processes=8)
        outcome = run_caged([PYTHON, "-I", "-S", "-c", script], limits=limits, cage=Cage(tier=2))
        alive = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        print(outcome.status, alive.count(mark))
"""


NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or SYSTEM_PYTHON is None, reason="needs root, to become somebody else, and Python"
)


@pytest.fixture(name="folder")
def _folder() -> Iterator[Path]:
    """Make a folder that any user can read and import the package from; a checkout may lie where only its owner may."""
    package = Path(idiolect.__file__).parent
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        for part in ("__init__.py", "evaluation", "mining"):
            copy = shutil.copytree if (package / part).is_dir() else shutil.copyfile
            (Path(name) / "idiolect").mkdir(exist_ok=True)
            copy(package / part, Path(name) / "idiolect" / part)
        yield Path(name)


def run_as_nobody(script: str, folder: Path, *, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    """Run *script* as an ordinary user who imports the package from *folder*; *more* is added to the environment."""
    return subprocess.run(
        [SYSTEM_PYTHON, "-B", "-c", script], env={"PYTHONPATH": str(folder), **more}, user=65534, group=65534,
        extra_groups=[], capture_output=True, text=True, check=check, cwd="/",
    )  # fmt: skip


@NEEDS_ROOT
def test_tiers_three_and_two_hold_and_tier_one_is_no_boundary(folder: Path) -> None:
    """Every probe is contained in tiers 2 and 3; the same probes leak from tier 1, so they are real."""
    done = run_as_nobody(SCRIPT, folder)
    leaks = json.loads(done.stdout)

    assert [[], 21] == leaks["3"]
    assert [[], 21] == leaks["2"]
    assert {"read outside", "write outside", "watch outside", "udp", "shared memory"} <= set(leaks["1"][0])
    assert {f"parent {what}" for what in ("signal", "limits", "priority", "processors")} <= set(leaks["1"][0])


@NEEDS_ROOT
def test_no_daemon_survives_where_namespaces_are_forbidden(folder: Path) -> None:
    """Without process numbers of its own, tier 2 ends what left its parent and session, however the command ended."""
    done = run_as_nobody(DAEMONS, folder, PATH=os.environ["PATH"])

    assert ["ok 0", "timeout 0"] * 2 == done.stdout.splitlines()


@NEEDS_ROOT
def test_nothing_survives_a_harness_that_is_killed(folder: Path) -> None:
    """Where namespaces are forbidden, what a command started ends with the harness, whatever ended that."""
    mark = f"idiolect-harness-{os.getpid()}"
    with subprocess.Popen(
        [SYSTEM_PYTHON, "-B", "-c", HARNESS.format(mark=mark)], env={"PYTHONPATH": str(folder)}, user=65534,
        group=65534, extra_groups=[], cwd="/",
    ) as harness:  # fmt: skip
        await_processes(mark, 3)
        harness.kill()
    await_processes(mark, 0)


def await_processes(mark: str, count: int) -> None:
    """Wait until *count* processes have *mark* in their command; fail after half a minute."""
    for _ in range(300):
        listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        if sum(mark in line for line in listed.splitlines()) == count:
            return
        time.sleep(0.1)
    pytest.fail(f"not {count} processes:\n{listed}")


@NEEDS_ROOT
def test_tier_two_caps_all_files_together(folder: Path) -> None:
    """Many files, deleted ones that are still open, and folders too deep to be named end the command."""
    done = run_as_nobody(STORES, folder)

    assert ["disk_limit"] * 4 == done.stdout.splitlines()


@NEEDS_ROOT
def test_tier_two_refuses_the_newer_calls_for_attributes_too(folder: Path) -> None:
    """The attributes of a file outside stay, whatever number the call has."""
    done = run_as_nobody(ATTRIBUTE, folder, check=False)
    if "not supported" in done.stderr:
        pytest.skip("the file system of temporary files has no attributes")

    assert "['user.kept']\n" == done.stdout


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
@NEEDS_ROOT
def test_bubblewrap_holds_too(folder: Path) -> None:
    """Bubblewrap, with our limits and filters inside, contains every probe; it is started as an ordinary user."""
    script = SCRIPT.replace("probe_tier(tier) for tier in (1, 2, 3)", "probe_tier(tier, 'bubblewrap') for tier in (3,)")
    done = run_as_nobody(script, folder, PATH=os.environ["PATH"])

    assert {"3": [[], 21]} == json.loads(done.stdout)


@NEEDS_ROOT
def test_tier_two_leaves_a_process_its_own_limits(folder: Path) -> None:
    """What is refused of other processes, checkers do of themselves when they start."""
    done = run_as_nobody(OWN_LIMITS, folder)

    assert "(32, 32)\n" == done.stdout


def test_a_backend_that_is_not_there_gives_no_weaker_one(monkeypatch) -> None:
    """What asks for bubblewrap gets bubblewrap or nothing."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("idiolect.evaluation.sandbox.run.shutil.which", lambda name: "/nowhere/bwrap")
    outcome = run_caged([PYTHON, "-c", "print('ran')"], cage=Cage(backend="bubblewrap"))

    assert (Status.INFRA, b"") == (outcome.status, outcome.output)
