"""
Group J: terminals, paths and long runs as they come.
"""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from idiolect.cli import main
from tests_toys import plant

from .conftest import FEW, sized

IDIOLECT = [sys.executable, "-m", "idiolect"]
ODD = "def Bad_Näme(x):\n    '''Gib «x» zurück ☃.'''\n    total = zähle(x)\n    return total\n"


def say(words, **options):
    """Run the command line, and return how it ended and what it said."""
    done = subprocess.run([*IDIOLECT, *map(str, words)], capture_output=True, check=False, **options)
    assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
    return done


@pytest.mark.parametrize(
    "words", [["--help"], ["mine", "--help"], ["check", "."], ["mine", ".", "--out", "corpus"]], ids=str
)
def test_J03_a_reader_that_has_gone(root, words):
    """With the output closed, a command ends without a traceback, and what it had to write is written."""
    plant(root, {"odd.py": ODD})
    for closed in ("head -c 1 >/dev/null", "true"):
        command = f'"$@" | {closed}'
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command, "sh", *IDIOLECT, *words],
            cwd=root,
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr
        assert b"Exception ignored" not in done.stderr, done.stderr
    assert words[0] != "mine" or "--help" in words or (root / "corpus" / "manifest.json").is_file()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"], ids=["stdout", "stderr", "stdin", "all"])
def test_J03_no_place_to_write_to(root, tmp_path, closed):
    """Started without an output, an error output or an input, mining still writes its corpus."""
    out = tmp_path / "corpus"
    words = [*IDIOLECT, "mine", str(root), "--out", str(out), "--workers", "1"]
    done = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *words], capture_output=True, check=False)

    assert 0 == done.returncode, done.stderr
    assert (out / "manifest.json").is_file()
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux lists them")
def test_J03_no_more_threads_than_are_used():
    """Where processes are few, those that numpy would start end the process as Ctrl-C does: it starts none."""
    start = "from idiolect.commands._process import *; prepare_process(); import numpy"
    code = f"{start}; print(os.listdir('/proc/self/task'))"
    environment = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    done = subprocess.run([sys.executable, "-c", code], env=environment, stdout=-1, check=True)

    assert 1 == len(done.stdout.split())


@pytest.mark.parametrize("words", [["--version"], ["check", "--explain", "S01"], ["check", "."]])
def test_J03_a_reader_that_went_away(root, words):
    """What `head` cut off is told as a shell tells it: no check that passed, and none that failed."""
    plant(root, {"odd.py": ODD})
    with subprocess.Popen([*IDIOLECT, *words], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        said = running.stderr.read()

    assert (141, b"") == (running.returncode, said)


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["at the end", "at once"])
def test_J03_an_output_that_takes_no_more(root, unbuffered):
    """A full disk behind the standard output is told as one, not as a file of no name."""
    words, environment = [*IDIOLECT, "check", str(root), "--no-names"], {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, env=environment, stdout=full, stderr=-1, check=False)

    assert (2, b"idiolect: No space left on device.\n") == (done.returncode, done.stderr)


def test_J03_nobody_to_tell(root):
    """A full disk behind the standard error changes no exit code: 1 would be a check that found something."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*IDIOLECT, "check", str(root / "gone")], stdout=-1, stderr=full, check=False)

    assert (2, b"") == (done.returncode, done.stdout)


def test_J03_no_place_for_temporary_files(root, tmp_path, monkeypatch, capsys):
    """A machine that may write nowhere is told so, and never exits as a check that found something."""
    plant(root, {"odd.py": ODD})
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Begin"]):
        subprocess.run(["git", *identity, *words], cwd=root, check=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    monkeypatch.setenv("IDIOLECT_CACHE", "")

    assert 2 == main(["check", str(root), "--diff", "HEAD"])
    assert "Set TMPDIR" in capsys.readouterr().err


@pytest.mark.parametrize("columns", ["20", "1", "0", "-5", "many", "100000"])
def test_J03_a_terminal_of_any_width(root, tmp_path, columns):
    """A narrow, an absurd and a mistaken width change no exit code, on a terminal too."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": columns, "TERM": "xterm"}
    out = tmp_path / "corpus"
    words = [*IDIOLECT, "mine", str(root), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(words, env=environment, stderr=follower, stdout=subprocess.DEVNULL)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 1 << 16)
        except OSError:
            break
        shown += part
        if not part:
            break
    os.close(leader)

    assert 0 == process.wait(60)
    assert b"Traceback" not in shown
    assert 0 == say(["mine", "--help"], env=environment).returncode


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "tr_TR.ISO-8859-9", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_J03_a_locale_without_these_letters(root, tmp_path, locale):
    """Letters that the locale has no byte for are written otherwise; findings and exit codes stay the same."""
    plant(root, {"ünterordner/odd.py": ODD})
    plain = say(["check", root, "--format", "json"], env={**os.environ, "PYTHONUTF8": "1"})
    other = say(["check", root, "--format", "json"], env={**os.environ, **locale})
    text = say(["check", root], env={**os.environ, **locale})
    mined = say(["mine", root, "--out", tmp_path / "corpus", "--workers", "1"], env={**os.environ, **locale})

    assert plain.returncode == other.returncode == text.returncode
    assert json.loads(plain.stdout) == json.loads(other.stdout.decode("utf-8", "replace"))
    assert 0 == mined.returncode
    assert any("zähle" in file.read_text("utf-8") for file in (tmp_path / "corpus/pairs").iterdir())


PATHS = {
    "spaces": "a b  c",
    "quotes": 'it\'s "so"',
    "dash": "-rf",
    "option": "--out=x",
    "shell": "$(touch marker);`touch marker`",
    "glob": "[a-z]*?{b}",
    "newline": "new\nline",
    "last newline": "end\n",
    "bytes": "caf\udce9",
    "percent": "%s%n{0}",
    "letters": "ünïcödé ☃",
}


@pytest.mark.parametrize("name", PATHS.values(), ids=PATHS)
def test_J06_a_path_of_any_letters(tmp_path, monkeypatch, name):
    """Repository, output and file names are words, never parts of a shell line, a pattern or a format."""
    root = plant(tmp_path / name, {**FEW, f"{name}/{name}.py": FEW[next(iter(FEW))].replace("open_", "shut_")})
    monkeypatch.chdir(tmp_path)
    out = tmp_path / f"{name} out"
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "add", "-A"], cwd=root, check=True)

    assert 0 == main(["mine", "--out", str(out), "--workers", "1", "--", name])
    assert main(["check", "--format", "json", "--", name]) in (0, 1)
    assert 0 == main(["show", str(out)])
    files = [*(out / "pairs").iterdir(), out / "skipped.jsonl"]
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    shown = os.fsencode(f"{name}/{name}.py").decode("utf-8", "backslashreplace")
    assert [row.get("reason") for row in rows if row["path"] == shown]
    assert not name.isprintable() or any(row["path"] == shown and "response" in row for row in rows)
    assert not list(tmp_path.rglob("marker"))


def test_J06_a_path_as_long_as_the_system_allows(tmp_path, capsys):
    """Longer, it is refused in one line; almost as long, it works."""
    deep = tmp_path
    while len(str(deep)) < 3_500:
        deep = deep / ("d" * 200)
    deep.mkdir(parents=True)
    plant(deep / "repo", FEW)

    assert 0 == main(["mine", str(deep / "repo"), "--out", str(deep / "corpus"), "--workers", "1"])
    assert 2 == main(["mine", str(deep / "repo"), "--out", str(deep / ("e" * 300)), "--workers", "1"])
    assert 2 == main(["mine", "x" * 4_097, "--out", str(tmp_path / "corpus")])
    assert 2 == main(["check", "x" * 100_000])
    assert "Traceback" not in capsys.readouterr().err


def held() -> tuple[int, int, int]:
    """Return the memory in KiB, the descriptors and the threads that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    tasks = len(list(Path("/proc/self/task").iterdir()))
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024, len(list(Path("/proc/self/fd").iterdir())), tasks


@pytest.mark.parametrize("rounds", sized(12, 3_000, "rounds"))
def test_J08_a_long_run_holds_no_more_in_the_end(root, tmp_path, rounds):
    """Mining and checking again and again in one process: memory, descriptors and what is said stay flat."""
    sizes, said = [], []
    for turn in range(rounds):
        if turn == rounds // 3:
            before = held()
        output, error = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(error):
            assert 0 == main(["mine", str(root), "--out", str(tmp_path / "corpus"), "--workers", "1"])
            assert main(["check", str(root)]) in (0, 1)
        sizes.append(sum(file.stat().st_size for file in (tmp_path / "corpus").rglob("*") if file.is_file()))
        said.append(len(output.getvalue()) + len(error.getvalue()))
    after = held()

    assert 1 == len(set(sizes[1:]))
    assert max(said[1:]) < 2 * min(said[1:])
    assert before[1:] == after[1:]
    assert after[0] - before[0] < 4_096 + 8 * rounds, (before, after)  # the allocator keeps some megabytes as it likes
