"""
Ctrl-C in each stage: exit 130, one line, no half artefact, and the same command runs to its end afterwards.

What asks a process to end, as a pipeline that is cancelled does, is as good as Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

# as little as makes an adapter: evaluation trains four more by the same recipe
RECIPE = ("steps=4", "step_tokens=2048", "pack_tokens=2048", "validation_tokens=2048", "contrast=false", "replay=0")
TRAIN = tuple(word for value in RECIPE for word in ("--set", value))


@pytest.fixture(name="shop", scope="module")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the toy repository once."""
    from tests_toys import toy_files

    root = tmp_path_factory.mktemp("shop")
    for path, text in toy_files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(name="corpus", scope="module")
def _corpus(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mine it once."""
    out = tmp_path_factory.mktemp("mined") / "corpus"
    run("mine", str(shop), "--out", str(out), "--workers", "1")
    return out


@pytest.fixture(name="base", scope="module")
def _base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a base of one thin layer, which reads general code in no time."""
    from tests_toys import make_base

    return make_base(tmp_path_factory.mktemp("base") / "thin")


@pytest.fixture(name="adapter", scope="module")
def _adapter(corpus: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on it, once interrupted and resumed."""
    out = tmp_path_factory.mktemp("trained") / "adapter"
    command = ("train", str(corpus), "--base", str(base), "--out", str(out), *TRAIN)
    interrupt("train ", *command)
    assert not (out / "idiolect.json").exists()
    run(*command, "--resume")
    return out


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start one command with its stderr in a pipe."""
    command = [sys.executable, "-m", "idiolect", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)


def run(*arguments: str) -> None:
    """Run one command to its good end."""
    running = start(arguments)
    _, errors = running.communicate(timeout=240)
    assert running.returncode == 0, errors


def interrupt(stage: str, *arguments: str, number: int = signal.SIGINT) -> None:
    """Send a signal when *stage* is first reported, and expect exit 130 with one line for the user."""
    running = start(arguments)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith(stage):
            running.send_signal(number)
            break
    try:
        _, rest = running.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    assert running.returncode == 130, rest
    ways = {"mine": "", "train": ". The same command with --resume goes on.", "evaluate": ". The same command goes on."}
    told = f"idiolect: interrupted{ways[arguments[0]]}"
    assert [line for line in rest.splitlines() if line.startswith("idiolect: ")] == [told]
    assert "Traceback" not in rest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_mining_interrupted_leaves_nothing(shop: Path, tmp_path: Path, number: int):
    """The corpus is complete or absent, and the rerun works."""
    out = tmp_path / "corpus"
    command = ("mine", str(shop), "--out", str(out), "--workers", "2")

    interrupt("", *command, number=number)

    assert not out.exists() and list(tmp_path.iterdir()) == []
    run(*command)
    assert (out / "manifest.json").is_file()


def test_training_interrupted_goes_on(adapter: Path):
    """An interrupted run leaves no adapter; `--resume` finishes it."""
    assert (adapter / "idiolect.json").is_file()


def test_evaluation_interrupted_goes_on(corpus: Path, base: Path, adapter: Path, tmp_path: Path):
    """An interrupted evaluation has no verdict; the same command goes on and writes one."""
    out = tmp_path / "evaluation"
    command = ("evaluate", str(corpus), "--adapter", str(adapter), "--out", str(out), "--probes", "4", "--force")
    command += ("--arms", "base,tuned", "--base", str(base))

    interrupt("generate", *command)

    assert not (out / "verdict.json").exists()
    run(*command)
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
