"""
Group A: repositories that are broken, hostile or odd.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import unicodedata
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.mining import artefacts
from idiolect.mining.repository import open_code, open_repository
from tests_toys import plant

from .conftest import FEW, sized

GIT = (
    "git",
    "-c",
    "user.name=A",
    "-c",
    "user.email=a@b.c",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "protocol.file.allow=always",
)
CODE = 'def double(x):\n    """Return twice *x*."""\n    total = add(x, x)\n    return total\n'


def git(root: Path, *words: str, **environment: str) -> None:
    subprocess.run([*GIT, "-C", str(root), *words], check=True, capture_output=True, env={**os.environ, **environment})


def commit(root: Path, message: str = "Begin", **environment: str) -> None:
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message, **environment)


def test_A01_an_empty_directory(tmp_path, mine):
    (tmp_path / "empty").mkdir()
    mined = mine(tmp_path / "empty")

    assert (2, True) == (mined.code, "is empty" in mined.error)


def test_A02_no_git(root, mine):
    """A plain folder is mined and named by its bytes."""
    assert str(mine(root).manifest["commit"]).startswith("tree:")


def test_A03_no_commits(root, mine):
    git(root, "init", "-q", "-b", "main")

    assert str(mine(root).manifest["commit"]).startswith("tree:")


def test_A04_a_shallow_clone(root, tmp_path, mine):
    """Nothing rests on history that a shallow clone lacks: the same pairs come out of it."""
    commit(root)
    commit(root, "Again")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", str(tmp_path / "shallow"))
    whole, shallow = mine(root, name="whole"), mine(tmp_path / "shallow", name="part")

    assert [row["response"] for row in whole.pairs()] == [row["response"] for row in shallow.pairs()]


def test_A05_a_loop_of_links(root, mine):
    (root / "loop").symlink_to(root)
    (root / "self.py").symlink_to("self.py")

    assert {"symlink"} == mine(root).skipped["self.py"]


def test_A06_a_link_to_a_key_outside(root, tmp_path, mine):
    (tmp_path / "id_rsa.py").write_text("KEY = 'outside-and-secret'\n" + CODE)
    (root / "key.py").symlink_to(tmp_path / "id_rsa.py")
    (root / "README.md").symlink_to(tmp_path / "id_rsa.py")
    (root / "LICENSE").symlink_to(tmp_path / "id_rsa.py")
    (root / "pyproject.toml").symlink_to(tmp_path / "id_rsa.py")
    mined = mine(root)

    assert {"symlink"} == mined.skipped["key.py"]
    assert "outside-and-secret" not in mined.text


def test_A07_pipes_sockets_devices(root, mine):
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # a socket's path has a short limit
        server.bind("socket.py")
        os.chdir(here)
        if os.geteuid() == 0:
            os.mknod(root / "device.py", 0o20600, os.makedev(1, 5))
        skipped = mine(root).skipped

    assert {"special_file"} == skipped["pipe.py"] == skipped["socket.py"]
    assert "device.py" not in skipped or skipped["device.py"] == {"special_file"}


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.txt", "pkg/__init__.py"])
def test_A07_a_pipe_where_names_are_looked_up(root, name):
    """What says which names exist is read where it is a plain file, so that a check never waits for a pipe's writer."""
    plant(root, {"pkg/m.py": "import pkg.gone.part\n"})
    os.mkfifo(root / name)
    words = [sys.executable, "-m", "idiolect", "check", str(root)]

    assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode in (0, 1)


def peak_of_mining(root: Path, out: Path) -> int:
    """Mine *root* in a process of its own, and return the most KiB that it held."""
    words = [sys.executable, "-m", "idiolect", "mine", str(root), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert 0 == process.returncode
    return used.ru_maxrss


@pytest.mark.parametrize("size", sized(4 << 20, 2 << 30, "bytes"))
def test_A08_a_huge_file(root, tmp_path, size):
    """The size decides before a byte is read: files of any size, one of them a single line, cost no memory."""
    before = peak_of_mining(root, tmp_path / "before")
    piece = b"x = 1;" * 100_000
    with (root / "huge.py").open("wb") as file:
        while file.tell() < size:
            file.write(piece[: size - file.tell()])
    with (root / "line.py").open("wb") as file:
        while file.tell() < size // 10:
            file.write(piece)
    with (root / "sparse.py").open("wb") as file:
        file.truncate(4 << 30)
    (root / "minified.py").write_text("x = 1; " * 50_000)
    after = peak_of_mining(root, tmp_path / "after")
    rows = [json.loads(line) for line in (tmp_path / "after" / "skipped.jsonl").read_text("utf-8").splitlines()]
    reasons = {row["path"]: row["reason"] for row in rows}

    assert "too_large" == reasons["huge.py"] == reasons["sparse.py"] == reasons["line.py"]
    assert "minified" == reasons["minified.py"]
    assert after - before < 30_000


@pytest.mark.parametrize("count", sized(5_000, 500_000, "files"))
def test_A09_many_tiny_files(root, count):
    plant(root, {f"many/{i % 50}/f{i}.py": "x = 1\n" for i in range(count)})

    assert count + len(FEW) == len(open_repository(root, suffixes=[".py"]).paths)


@pytest.mark.parametrize("depth", sized(600, 2_000, "deep"))
def test_A09_deep_folders(root, mine, depth):
    """A tree deeper than a path may be long is left, and told; nothing recurses."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deep_deep", dir_fd=here)
        inner = os.open("deep_deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    mined = mine(root)
    subprocess.run(["rm", "-rf", str(root / "deep_deep")], check=True)

    assert 0 == mined.code
    assert any("unreadable_folder" in reasons for reasons in mined.skipped.values())


@pytest.mark.parametrize(
    "name",
    [b"new\nline.py", b"tab\there.py", b"not-\xff-utf8.py", "right\u202eleft.py".encode(), b"x" * 252 + b".py",
     b"-rf.py", b"--out=x.py", b"CON.py", b"$(touch marker).py", b"'; rm -rf x.py", "\U0001f40d.py".encode()],
    ids=["newline", "tab", "not-utf8", "rtl", "255-bytes", "dash", "option", "CON", "shell", "quote", "emoji"],
)  # fmt: skip
@pytest.mark.parametrize("tracked", [True, False], ids=["git", "plain"])
def test_A10_odd_names(root, mine, name, tracked):
    """Every name is mined or recorded, and what is written is valid JSON in UTF-8."""
    with open(os.fsencode(root) + b"/" + name, "w") as file:  # noqa: PTH123 - a name of bytes
        file.write(CODE)
    if tracked:
        commit(root)
    mined = mine(root)
    printable = os.fsdecode(name)

    rows = [row for split in ("train", "validation", "test") for row in mined.pairs(split) if "double" in row["symbol"]]
    odd = not printable.isprintable() or printable.encode("utf-8", "replace") != name

    assert 0 == mined.code
    assert not list(root.glob("marker"))
    if odd:
        assert {"unprintable_name"} == mined.skipped[name.decode("utf-8", "backslashreplace")]
        assert [] == rows
    else:
        assert {printable} == {row["path"] for row in rows}


def test_A11_twins_by_case_and_by_normalisation(root):
    names = ["Case.py", "case.py", "caf\u00e9.py", unicodedata.normalize("NFD", "caf\u00e9.py")]
    plant(root, dict.fromkeys(names, CODE))

    assert set(names) <= set(open_repository(root, suffixes=[".py"]).paths)


def test_A12_a_pointer_instead_of_content(root, mine):
    plant(root, {"big.py": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"})

    assert {"lfs_pointer"} == mine(root).skipped["big.py"]


def test_A13_a_submodule_with_a_hostile_name(root, tmp_path, mine):
    """A submodule that is not there is not fetched, and one that is there is not entered."""
    inner = plant(tmp_path / "inner", {"inner.py": CODE.replace("double", "inner_secret")})
    commit(inner)
    commit(root)
    git(root, "submodule", "add", "-q", f"file://{inner}", "vendored_part")
    (root / ".gitmodules").write_text(
        '[submodule "../../x"]\n\tpath = vendored_part\n\turl = -oProxyCommand=touch${IFS}x\n'
    )
    commit(root, "Add")
    mined = mine(root)

    assert "inner_secret" not in mined.text


def test_A14_a_repository_inside_the_tree(root, tmp_path, mine):
    """A bare repository planted in the tree is no repository of ours: its configuration runs nothing."""
    marker = tmp_path / "marker"
    commit(root)
    bare = root / "shop"
    (bare / "objects").mkdir(parents=True)
    (bare / "refs").mkdir()
    plant(bare, {"HEAD": "ref: refs/heads/main\n", "config": f"[core]\n\tfsmonitor = touch {marker}\n\tbare = true\n"})
    main(["mine", str(bare), "--out", str(tmp_path / "bare"), "--workers", "1"])
    mine(root)

    assert not marker.exists()


def test_A14_a_submodule_is_not_looked_into(tmp_path, mine):
    """Settings by which git shows what changed in a submodule have its own settings run nothing: neither is heeded."""
    root, marker = plant(tmp_path / "repo", FEW), tmp_path / "marker"
    inner = root / "evil.py"
    for text in ("a", "b"):
        plant(inner, {"t.txt": text, ".gitattributes": "* diff=evil\n"})
        commit(inner)
        (root / next(iter(FEW))).write_text(CODE.replace("x, x", f"x, {text}"))
        commit(root, "Add what was given first")
    git(inner, "config", "diff.evil.command", f"touch {marker}")
    git(root, "config", "diff.submodule", "diff")
    mined = mine(root)

    assert 0 == mined.code
    assert not marker.exists()


START = "import sys\nfrom idiolect.cli import main\n\nif __name__ == '__main__':\n    sys.exit(main())\n"


def test_A14_the_working_folder_is_what_is_mined(root, tmp_path):
    """Modules in it that are named like those of the standard library are not what the workers load."""
    marker = tmp_path / "marker"
    plant(root, dict.fromkeys(("multiprocessing.py", "pickle.py", "runpy.py"), f"open({str(marker)!r}, 'w')\n"))
    # as its own script starts it, and not as Python does where it is told what to do by -c or -m
    script = plant(tmp_path / "bin", {"idiolect": START}) / "idiolect"
    words = ["mine", ".", "--out", str(tmp_path / "corpus"), "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(
        [sys.executable, str(script), *words], cwd=root, env=environment, capture_output=True, check=False
    )

    assert (0, False) == (done.returncode, marker.exists())


def test_A15_mining_makes_no_clone(root, mine):
    """No file of the corpus is the same file as one of the repository, by link of any kind."""
    commit(root)
    mined = mine(root)
    inodes = {file.stat().st_ino for file in root.rglob("*") if file.is_file()}

    assert not any(file.is_symlink() or file.stat().st_ino in inodes for file in mined.out.rglob("*") if file.is_file())


def test_A16_a_file_that_goes_while_mining(root, monkeypatch, mine):
    """A file that vanishes between listing and reading is recorded, and the rest is mined."""
    victim = next(iter(FEW))
    listed = open_code

    def vanish(*arguments, **options):
        found = listed(*arguments, **options)
        (root / victim).unlink(missing_ok=True)
        return found

    monkeypatch.setattr("idiolect.mining.mine.open_code", vanish)
    mined = mine(root)

    assert {"unreadable"} == mined.skipped[victim]


def test_A17_a_file_that_may_not_be_read(root):
    """As an ordinary user: the file and the folder are recorded, and the exit code is 0."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a file that an ordinary user cannot read")
    for name in ("shut.py", "LICENSE", ".prettierrc"):
        (root / name).write_text(CODE)
        (root / name).chmod(0)
    script = (
        "import os, sys; os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "from pathlib import Path\nfrom idiolect.mining.owners import owners_at\n"
        "from idiolect.mining.repository import open_repository\n"
        "found = open_repository(Path(sys.argv[1]), suffixes=['.py'])\n"
        "print([found.read(path) for path in found.paths if 'shut' in path])\n"
        "print(found.licence, *owners_at(found.root))"
    )
    for folder in (root, *root.parents):
        if folder.owner() == "root" and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    # what root imported, the ordinary user keeps
    prelude = "import idiolect.mining.owners, idiolect.mining.repository, pathspec, subprocess\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + script, str(root)], capture_output=True, text=True, check=True
    )

    assert done.stdout.endswith("reason='unreadable')]\nunknown\n")


def test_A18_no_place_to_write(root, tmp_path, capsys):
    """An output that is a file, or below one, is refused at once."""
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/idiolect")):
        assert 2 == main(["mine", str(root), "--out", str(out), "--workers", "1"])
        assert "Traceback" not in capsys.readouterr().err


def test_A18_output_behind_a_link(root, tmp_path):
    """A link to a folder on another disk stays one, and the corpus goes where it points, also the second time."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "corpus")
    for text in ("A = 1\n", "B = 2\n"):
        (root / "more.py").write_text(text)
        assert 0 == main(["mine", str(root), "--out", str(tmp_path / "out"), "--workers", "1"])

    assert (tmp_path / "out").is_symlink()
    assert [tmp_path / "disk" / "corpus"] == list((tmp_path / "disk").iterdir())
    assert (tmp_path / "disk" / "corpus" / "manifest.json").is_file()


def test_A18_output_inside_the_input(root):
    """A corpus inside the mined tree is not mined the next time."""
    first = main(["mine", str(root), "--out", str(root / "corpus"), "--workers", "1"])
    second = main(["mine", str(root), "--out", str(root / "corpus"), "--workers", "1"])
    paths = {json.loads(line)["path"] for line in (root / "corpus/pairs/train.jsonl").read_text().splitlines()}

    assert (0, 0) == (first, second)
    assert not any(path.startswith("corpus") for path in paths)


@pytest.mark.parametrize("after", [pytest.param(n, id=f"after-{n}-writes") for n in (0, 1, 3)])
def test_A19_a_full_disk(root, tmp_path, monkeypatch, mine, after):
    """A disk that fills up ends the run with one line, leaves nothing, and the rerun works."""
    left = [after]
    write = artefacts.write_text

    def fill(path, text):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        write(path, text)

    monkeypatch.setattr(artefacts, "write_text", fill)
    monkeypatch.setattr("idiolect.mining.corpus.write_text", fill, raising=False)
    mined = mine(root)
    monkeypatch.undo()

    assert (2, True) == (mined.code, "No space left" in mined.error)
    assert not mined.out.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".corpus")]
    assert 0 == mine(root).code


FULL_DISK = """
import os, subprocess, sys
root, folder = sys.argv[1:3]
words = [sys.executable, "-m", "idiolect", "mine", root, "--workers", "1", "--out"]
subprocess.run([*words, folder + "/whole"], check=True, capture_output=True)
size = sum(entry.stat().st_size for place, *_ in os.walk(folder) for entry in os.scandir(place) if entry.is_file())
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={int(size * float(sys.argv[3]))}", "tmpfs", folder], check=True)
done = subprocess.run([*words, folder + "/corpus"], capture_output=True, text=True)
print(done.returncode, sorted(os.listdir(folder)), "No space left" in done.stderr, "Traceback" in done.stderr)
"""


@pytest.mark.parametrize("share", ["0.1", "0.5", "0.9"])
def test_A19_a_disk_that_is_really_full(root, tmp_path, share):
    """On a disk of its own that holds only a part of the corpus: one line, exit code 2, and nothing stays on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    inside = [sys.executable, "-c", FULL_DISK, str(root), str(folder), share]
    environment = {**os.environ, "IDIOLECT_CACHE": str(tmp_path / "cache")}
    command = ["unshare", "--user", "--map-root-user", "--mount", *inside]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode and "unshare" in done.stderr + str(shutil.which("unshare")):
        pytest.skip(f"this machine lets nobody mount a small disk: {done.stderr.strip()[-100:]}")

    assert "2 [] True False\n" == done.stdout


def test_A20_vendored_and_generated(root, mine):
    plant(root, {"node_modules/x.py": CODE, "third_party/y.py": CODE, "made.py": f"# @generated\n{CODE}"})
    commit(root)
    counts = mine(root).manifest["skipped"]

    assert (2, 1) == (counts["vendored"], counts["generated"])


def test_A21_an_archive_is_no_repository(tmp_path, mine):
    """No archive is ever unpacked, so no member can lead anywhere."""
    archive = tmp_path / "hostile.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("../../outside.py"))
    mined = mine(archive)

    assert (2, True) == (mined.code, "is a file" in mined.error)
    assert not (tmp_path.parent / "outside.py").exists()


def dated(root: Path, message: str, second: int) -> None:
    """Commit everything as of *second*."""
    commit(root, message, GIT_COMMITTER_DATE=f"@{second} +0000", GIT_AUTHOR_DATE=f"@{second} +0000")


@pytest.mark.parametrize("commits", sized(2_000, 1_000_000, "commits"))
def test_A22_a_long_history_with_impossible_dates(tmp_path, mine, commits):
    """Thousands of commits, a merge of 60, dates of 1970 and 2099: the pairs are those of a plain history."""
    edited = "shop/edited.py"
    before = CODE.replace("    return total", "    total = check(total)\n    log(total)\n    return total")
    found = {}
    for name, start, end in (("plain", 1_700_000_000, 1_700_000_100), ("odd", 4_070_908_800, 0)):
        root = plant(tmp_path / name, {**FEW, edited: before})
        dated(root, "Begin", start)
        lines = [
            f"commit refs/heads/main\ncommitter A <a@b.c> {i if name == 'odd' else start + i} +0000\ndata 1\nx\n"
            + ("from refs/heads/main^0\n" if i == 0 else "")
            for i in range(commits)
        ]
        subprocess.run([*GIT, "-C", str(root), "fast-import", "--quiet"], input="".join(lines).encode(), check=True)
        for i in range(60):
            git(root, "branch", f"b{i}", f"main~{i + 1}")
        parents = [word for i in range(60) for word in ("-p", f"b{i}")]
        words = [*GIT, "-C", str(root), "commit-tree", "-m", "octopus", "-p", "main", *parents, "main^{tree}"]
        merge = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        git(root, "update-ref", "refs/heads/main", merge)
        (root / edited).write_text(
            before.replace("    total = check(total)\n", "    total = check(total, strict=True)\n")
        )
        dated(root, "Check sums strictly when doubling", end)
        mined = mine(root, name=f"{name}-corpus")
        rows = [row for split in ("train", "validation", "test") for row in mined.pairs(split)]
        found[name] = sorted((row["kind"], row["path"], row["response"]) for row in rows)

    assert found["plain"] == found["odd"]
    assert any(path == edited for _, path, _ in found["odd"])
