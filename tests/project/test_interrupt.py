"""
Ctrl-C in each stage: exit 130, one line, no half artefact, and the same command runs to its end afterwards.

What asks a process to end, as a pipeline that is cancelled does, is as good as Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import pytest
from tests_toys import make_base, plant, toy_files
from tests_warm import Process, Server

# as little as makes an adapter: evaluation trains four more by the same recipe
RECIPE = ("steps=4", "step_tokens=2048", "pack_tokens=2048", "validation_tokens=2048", "contrast=false", "replay=0")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TRAIN = tuple(word for value in RECIPE for word in ("--set", value))


@pytest.fixture(name="heeded")
def _heeded() -> Iterator[None]:
    """Have the commands that are started here ignore no signal, however the tests were started: `nohup` has them."""
    ignored = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(name="shop", scope="module")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the toy repository once."""
    return plant(tmp_path_factory.mktemp("shop"), toy_files())


@pytest.fixture(name="corpus", scope="module")
def _corpus(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mine it once."""
    out = tmp_path_factory.mktemp("mined") / "corpus"
    run(None, "mine", str(shop), "--out", str(out), "--workers", "1")
    return out


@pytest.fixture(name="base", scope="module")
def _base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a base of one thin layer, which reads general code in no time."""
    return make_base(tmp_path_factory.mktemp("base") / "thin")


@pytest.fixture(name="adapter", scope="module")
def _adapter(corpus: Path, base: Path, tmp_path_factory: pytest.TempPathFactory, warm: Server) -> Path:
    """Train on it, once interrupted and resumed."""
    out = tmp_path_factory.mktemp("trained") / "adapter"
    command = ("train", str(corpus), "--base", str(base), "--out", str(out), *TRAIN)
    interrupt(warm, "train ", *command)
    assert not (out / "idiolect.json").exists()
    run(warm, *command, "--resume")
    return out


def start(server: Server | None, arguments: Sequence[str], err: TextIO) -> Process | subprocess.Popen[bytes]:
    """Start one command, with *server* as a process that has loaded torch, with its stderr in *err*."""
    words = ["-m", "idiolect", *arguments]
    with Path(os.devnull).open("w") as nowhere:
        if server is not None:
            return server.start(words, nowhere, err)
        return subprocess.Popen([sys.executable, *words], stdout=nowhere, stderr=err)


def run(server: Server | None, *arguments: str) -> None:
    """Run one command to its good end."""
    with tempfile.TemporaryFile("w+") as told:
        code = start(server, arguments, told).wait(240)
        told.seek(0)
        assert code == 0, told.read()


def interrupt(server: Server | None, stage: str, *arguments: str, number: int = signal.SIGINT) -> None:
    """Send a signal when *stage* is first reported, and expect exit 130 with one line for the user."""
    read, write = os.pipe()
    with open(read) as told:  # noqa: PTH123 - no path
        with open(write, "w") as err:  # noqa: PTH123
            running = start(server, arguments, err)
        for line in told:
            if line.startswith(stage):
                running.send_signal(number)
                break
        try:
            code = running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
        rest = told.read()
    assert code == 130, rest
    ways = {"mine": "", "train": ". The same command with --resume goes on.", "evaluate": ". The same command goes on."}
    said = f"idiolect: interrupted{ways[arguments[0]]}"
    assert [line for line in rest.splitlines() if line.startswith("idiolect: ")] == [said]
    assert "Traceback" not in rest


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("number", SIGNALS)
def test_mining_interrupted_leaves_nothing(shop: Path, tmp_path: Path, number: int):
    """The corpus is complete or absent, and the rerun works."""
    out = tmp_path / "corpus"
    command = ("mine", str(shop), "--out", str(out), "--workers", "2")

    interrupt(None, "", *command, number=number)

    assert not out.exists() and list(tmp_path.iterdir()) == []
    run(None, *command)
    assert (out / "manifest.json").is_file()


def test_training_interrupted_goes_on(adapter: Path):
    """An interrupted run leaves no adapter; `--resume` finishes it."""
    assert (adapter / "idiolect.json").is_file()


def test_evaluation_interrupted_goes_on(corpus: Path, base: Path, adapter: Path, tmp_path: Path, warm: Server):
    """An interrupted evaluation has no verdict; the same command goes on and writes one."""
    out = tmp_path / "evaluation"
    command = ("evaluate", str(corpus), "--adapter", str(adapter), "--out", str(out), "--probes", "4", "--force")
    command += ("--arms", "base,tuned", "--base", str(base))

    interrupt(warm, "generate", *command)

    assert not (out / "verdict.json").exists()
    run(warm, *command)
    assert (out / "verdict.json").is_file()


BACKGROUND = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from idiolect.cli import main
import click
click.Group.main = lambda *_, **__: os.kill(os.getpid(), signal.SIGHUP) or os.kill(os.getpid(), signal.SIGTERM)
raise SystemExit(main())
"""


def test_a_background_job_is_ended_by_what_it_does_not_ignore():
    """As a shell starts it, behind `nohup`: Ctrl-C and a terminal that closes are ignored, a call to end is heeded."""
    ended = subprocess.run([sys.executable, "-c", BACKGROUND], capture_output=True, check=False)

    assert (130, b"idiolect: interrupted\n") == (ended.returncode, ended.stderr)


def test_an_interrupt_amid_text_that_is_run_keeps_the_exit_code(tmp_path: Path):
    """Dataclasses are made by running text, and interrupted there, Python would end by the signal after all."""
    text = "import click\ndef main(*_, **__):\n    exec('raise KeyboardInterrupt')\nclick.Group.main = main\n"
    (tmp_path / "sitecustomize.py").write_text(text, "utf-8")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "idiolect", "--version"]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE, check=False)

    assert (130, b"idiolect: interrupted\n") == (ended.returncode, ended.stderr)
