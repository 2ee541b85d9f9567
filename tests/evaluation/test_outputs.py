"""
Each output is written where it was asked for, or refused in one line.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from idiolect.cli import main


def test_several_outputs_of_one_run(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Each --output is written; an unknown format is refused before any work."""
    outputs = [f"--output={name}={tmp_path / name}" for name in ("sarif", "junit", "gitlab", "markdown")]
    assert 1 == main(["check", str(house), "--no-names", *outputs])
    assert {"sarif", "junit", "gitlab", "markdown"} <= {file.name for file in tmp_path.iterdir()}

    assert 2 == main(["check", str(house), "--output", f"xml={tmp_path / 'x'}"])
    assert "junit" in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_an_output_stays_the_link_or_the_pipe_that_it_is(house: Path, tmp_path: Path):
    """What the shell opened for a reader is written to, and a link to another place is followed."""
    pipe, link, place = tmp_path / "pipe", tmp_path / "link", tmp_path / "place"
    os.mkfifo(pipe)
    link.symlink_to(place)
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert 1 == main(["check", str(house), "--no-names", f"--output=gitlab={pipe}", f"--output=gitlab={link}"])
        said = os.read(descriptor, 100_000).decode()
    finally:
        os.close(descriptor)

    assert pipe.is_fifo() and link.is_symlink()
    assert said == place.read_text() and "S01" in said


def test_an_output_to_a_dash_is_printed(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """It stands alone on standard output, so that a reader can parse it, and no file of that name is written."""
    monkeypatch.chdir(tmp_path)
    assert 1 == main(["check", str(house), "--no-names", "--output=json=-", f"--output=text={tmp_path / 'said'}"])
    said = json.loads(capsys.readouterr().out)

    assert ["S01"] == [found["rule"] for found in said["findings"]]
    assert ["said"] == [file.name for file in tmp_path.iterdir() if file != house]
    assert 1 == main(["check", str(house), "--no-names", "--output=json=./-"]) and (tmp_path / "-").is_file()


@pytest.mark.parametrize("words", [("--format=text", "--output=json=-"), ("--output=json=-", "--output=sarif=-")])
def test_two_formats_on_standard_output_are_refused(
    house: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
):
    """Nobody could tell where the one ends."""
    assert 2 == main(["check", str(house), "--no-names", *words])
    told = capsys.readouterr()

    assert "Only one format goes to standard output" in told.err and not told.out


def test_an_output_that_cannot_be_written_is_said(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A missing folder is refused before any work and not made; what the system refuses to write is one line."""
    assert 2 == main(["check", str(house), "--no-names", f"--output=sarif={tmp_path / 'no' / 'x.sarif'}"])
    assert "there is no folder" in capsys.readouterr().err and not (tmp_path / "no").exists()

    assert 2 == main(["check", str(house), "--no-names", f"--output=sarif={house}"])
    assert f"Cannot write {str(house)!r}" in capsys.readouterr().err
