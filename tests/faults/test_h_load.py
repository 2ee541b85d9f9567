"""
The cage on a machine that is overloaded, and after many samples.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from idiolect.evaluation.sandbox.doctor import diagnose
from idiolect.evaluation.sandbox.run import PYTHON, Limits, Status, run_caged

from .conftest import sized

WORKS = "import time\nwhile time.process_time() < 0.6: pass\nprint('done')"
KINDS = {
    "works": (WORKS, Status.OK),
    "loops": ("while True: pass", Status.CPU),
    "sleeps": ("import time; time.sleep(60)", Status.TIMEOUT),
    "fails": ("raise SystemExit(3)", Status.FAILED),
}
LITTER = """
import os, tempfile, threading
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.fork()
        threading.Event().wait()
for n in range(20):
    open(str(n), 'w').write('x' * 100)
tempfile.mkdtemp()
print('done')
"""


@pytest.fixture(name="cage", scope="module", autouse=True)
def _cage() -> None:
    """Skip where no code may be run."""
    diagnosis = diagnose()
    if diagnosis.tier < 3:
        pytest.skip(f"no cage of tier 3 on this machine: {diagnosis.reason}")


@pytest.fixture(name="overloaded")
def _overloaded() -> Iterator[None]:
    """Keep four busy processes a core beside the test."""
    cores = len(os.sched_getaffinity(0))
    # a session each: some kernels share processor time between sessions, not between processes
    busy = [
        subprocess.Popen([PYTHON, "-I", "-S", "-c", "while True: pass"], start_new_session=True)
        for _ in range(4 * cores)
    ]
    yield
    for process in busy:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kind", KINDS)
def test_H03_an_overloaded_machine_changes_no_status(overloaded, kind: str) -> None:
    """What needs 0.6 s of processor time passes in a limit of 2 s although the clock says more; a sleeper does not."""
    script, status = KINDS[kind]
    outcome = run_caged([PYTHON, "-I", "-S", "-c", script], limits=Limits(wall=2.0, cpu=1, memory=256 << 20))

    assert status is outcome.status, outcome


def test_H03_who_crowds_itself_out_gains_no_time() -> None:
    """Fourteen busy processes of one sample wait for each other: the limit of the clock holds."""
    script = "import os\nfor _ in range(13): os.fork() or (lambda: [0 for _ in iter(int, 1)])()\nwhile True: pass"
    started = time.monotonic()
    outcome = run_caged([PYTHON, "-I", "-S", "-c", script], limits=Limits(wall=1.0, cpu=60, memory=1 << 30))

    assert (Status.TIMEOUT, True) == (outcome.status, time.monotonic() - started < 7)


def count_things() -> dict[str, int]:
    """Return the processes, descriptors, temporary folders and mounts of this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    names = [path.name for path in Path(tempfile.gettempdir()).iterdir()]
    return {
        "processes": len(children),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "folders": sum(name.startswith("idiolect-cage-") for name in names),
        "mounts": len(Path("/proc/self/mounts").read_text().splitlines()),
        "threads": threading.active_count(),
    }


@pytest.mark.parametrize("samples", sized(30, 10_000, "samples"))
def test_H14_many_samples_leave_nothing(samples: int, tmp_path, monkeypatch) -> None:
    """Samples that leave daemons, files and folders leave no process, descriptor, folder, mount or thread of ours."""
    # a folder of its own: tests of the cage that run beside this one keep theirs in the shared one
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = Limits(wall=20.0, cpu=2, memory=256 << 20)
    run_caged([PYTHON, "-I", "-S", "-c", LITTER], limits=limits)
    before, resident = count_things(), resident_kib()
    statuses = {run_caged([PYTHON, "-I", "-S", "-c", LITTER], limits=limits).status for _ in range(samples)}

    assert {Status.OK} == statuses
    assert before == count_things()
    assert resident_kib() - resident < 4_096


def resident_kib() -> int:
    """Return the memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
