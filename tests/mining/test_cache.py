"""
The cache changes what a run costs, never what it gives.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest
from idiolect.mining import mine, mine_files
from idiolect.mining.cache import cache_folder, cache_root, open_store
from idiolect.mining.mine import mine_repositories
from idiolect.mining.split import SPLITS

FILE = '''
def load_{noun}(store, limit):
    """Load the {noun} records of *store*."""
    found = store.open_{noun}("{noun}").rows_{noun}()
    store.log_{noun}(found.count_{noun}())
    return found.finish_{noun}(limit)
'''
NOUNS = ("amber", "birch", "cedar", "delta", "ember", "fjord")


@pytest.fixture(name="house")
def _house(tmp_path, monkeypatch):
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "house"
    root.mkdir()
    (root / "store").mkdir()
    for noun in NOUNS:
        (root / "store" / f"{noun}.py").write_text(FILE.format(noun=noun), "utf-8")
    return root


def read_all(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def watch_mined(monkeypatch):
    """Return a list that fills with the paths that are really mined."""
    mined = []
    real = mine_files.map_files

    def watched(work, sizes, **options):
        mined.extend(file.partition("/")[2] for file, _ in sizes)
        return real(work, sizes, **options)

    monkeypatch.setattr(mine_files, "map_files", watched)
    return mined


def test_only_what_changed_is_mined_again(house, tmp_path, monkeypatch):
    """The second run mines the changed and the new file, and gives what a run without a cache gives."""
    mine_repositories([house], tmp_path / "first", workers=1)
    (house / "store" / "amber.py").write_text(FILE.format(noun="aspen"), "utf-8")
    (house / "store" / "grove.py").write_text(FILE.format(noun="grove"), "utf-8")
    mined = watch_mined(monkeypatch)
    mine_repositories([house], tmp_path / "second", workers=1)
    again = list(mined)
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    mine_repositories([house], tmp_path / "third", workers=1)

    assert ["store/amber.py", "store/grove.py"] == again
    assert read_all(tmp_path / "third") == read_all(tmp_path / "second")
    assert read_all(tmp_path / "first") != read_all(tmp_path / "second")


def test_an_empty_cache_is_not_asked(house, tmp_path, monkeypatch):
    """A first run reads no file to look for it where nothing is kept; the next one finds what the first one kept."""
    asked = []
    real = mine_files.take_kept
    monkeypatch.setattr(mine_files, "take_kept", lambda *given: asked.extend(given[-1]) or real(*given))
    mine_repositories([house], tmp_path / "first", workers=1)
    first = len(asked)
    mine_repositories([house], tmp_path / "second", kinds=["implement"], workers=1)

    assert (first, len(asked)) == (0, len(NOUNS))


def test_other_kinds_are_another_question(house, tmp_path, monkeypatch):
    """What was asked is in the key: a run with fewer kinds does not take the answers of one with all."""
    mine_repositories([house], tmp_path / "first", workers=1)
    mined = watch_mined(monkeypatch)
    corpus = mine_repositories([house], tmp_path / "second", kinds=["implement"], workers=1)

    assert len(NOUNS) == len(mined)
    assert {"implement"} == {row["kind"] for row in corpus.manifest["counts"]}


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_a_damaged_cache_is_no_cache(house, tmp_path, monkeypatch, damage):
    """Whatever is in the file, the run gives what it gives without it; a file that is none is begun anew."""
    mine_repositories([house], tmp_path / "first", workers=1)
    store = tmp_path / "cache" / "mined" / "files.sqlite"
    if damage is None:
        (tmp_path / "cache" / "mined").chmod(0o777)
        with open_store() as closed:
            assert closed.connection is None
    else:
        store.write_bytes(damage)
    mine_repositories([house], tmp_path / "second", workers=1)
    mined = watch_mined(monkeypatch)
    mine_repositories([house], tmp_path / "third", workers=1)

    assert read_all(tmp_path / "first") == read_all(tmp_path / "second") == read_all(tmp_path / "third")
    assert (len(NOUNS) if damage is None else 0) == len(mined)


def test_a_damaged_value_is_mined_again(house, commit_tree, tmp_path, monkeypatch):
    """Of values that lost their ends, a file's or a history's, none is read, and the next run finds them whole."""
    commit_tree(house)
    mine_repositories([house], tmp_path / "first", workers=1)
    with sqlite3.connect(tmp_path / "cache" / "mined" / "files.sqlite") as connection:
        connection.execute("UPDATE mined SET value = substr(value, 1, length(value) / 2)")
    connection.close()
    mine_repositories([house], tmp_path / "first", workers=1)
    mined = watch_mined(monkeypatch)
    mine_repositories([house], tmp_path / "second", workers=1)

    assert read_all(tmp_path / "first") == read_all(tmp_path / "second")
    assert [] == mined


def test_a_cache_that_cannot_be_written_is_off(house, tmp_path):
    """A file where the folder should be only costs the cache."""
    (tmp_path / "cache").write_text("in the way")
    mine_repositories([house], tmp_path / "first", workers=1)

    with open_store() as closed:
        assert closed.connection is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no such modes")
@pytest.mark.parametrize("part", ["profiles", "grammars"])
def test_a_cache_that_others_may_write_to_is_off(tmp_path, monkeypatch, part):
    """Whoever can put a profile or a compiled grammar there decides what is found, and what runs."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path))
    assert tmp_path / part == cache_folder(part)
    (tmp_path / part).chmod(0o777)
    assert None is cache_folder(part)
    (tmp_path / part).chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert None is cache_folder(part)


def test_where_the_cache_is(monkeypatch, tmp_path):
    """The variable names it; empty, there is none; else the platform's folder has it."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "x"))
    assert tmp_path / "x" == cache_root()
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    assert None is cache_root()
    monkeypatch.delenv("IDIOLECT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "idiolect" == cache_root().name.lower()


@pytest.mark.skipif(sys.platform != "linux", reason="only there these variables say where caches stand")
def test_no_cache_is_made_where_a_command_happens_to_run(monkeypatch, tmp_path):
    """A relative `$XDG_CACHE_HOME` or `$HOME` would put it into the repository that is checked."""
    monkeypatch.delenv("IDIOLECT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / ".cache" / "idiolect" == cache_root()
    monkeypatch.setenv("HOME", "home")
    assert None is cache_root()


def test_nothing_changed_means_nothing_is_mined(house, tmp_path, monkeypatch):
    """A second run into the same folder finds its corpus there; a changed file, or corpus, is mined again."""
    first = mine_repositories([house], tmp_path / "corpus", workers=1)
    before = read_all(first.folder)
    monkeypatch.setattr(mine, "assemble", lambda *_: pytest.fail("assembled again"))
    again = mine_repositories([house], tmp_path / "corpus", workers=1)
    monkeypatch.undo()
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))

    assert first.sha256 == again.sha256
    (first.folder / "profile.json").write_text("{}", "utf-8")
    mended = mine_repositories([house], tmp_path / "corpus", workers=1)
    assert before == read_all(mended.folder)
    (house / "store" / "amber.py").write_text(FILE.format(noun="aspen"), "utf-8")
    assert first.sha256 != mine_repositories([house], tmp_path / "corpus", workers=1).sha256


def change_totals(root, commit_tree):
    """Commit a tree, and then what makes an edit of one of its functions."""
    commit_tree(root, "Begin")
    file = next(iter(sorted(root.rglob("*.py"))))
    file.write_text(file.read_text("utf-8").replace("(limit)", "(limit + 1)"), "utf-8")
    commit_tree(root, "Take one more record than the limit says")


def changes_in(corpus):
    return {pair.symbol for split in SPLITS for pair in corpus.pairs(split) if pair.kind == "edit"}


def test_folders_of_one_repository_have_their_own_pasts(write_tree, commit_tree, tmp_path, monkeypatch):
    """Two services with the same file names at the same commit are not taken for each other."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    files = {f"{one}/app/main.py": FILE.format(noun=noun) for one, noun in (("left", "amber"), ("right", "birch"))}
    root = write_tree(files)
    change_totals(root, commit_tree)
    subprocess.run(["git", "-C", str(root), "remote", "add", "origin", "https://example.org/both.git"], check=True)

    assert {"load_amber"} == changes_in(mine_repositories([root / "left"], tmp_path / "one", workers=1))
    assert set() == changes_in(mine_repositories([root / "right"], tmp_path / "other", workers=1))
    (found,) = mine_repositories([root / "right"], tmp_path / "one", workers=1).api["files"].values()
    assert ["load_birch"] == [symbol["name"] for symbol in found]


def test_more_history_is_another_history(house, commit_tree, tmp_path):
    """What `git fetch --unshallow` brings is mined, though what is checked out is the same."""
    change_totals(house, commit_tree)
    (house / "store" / "birch.py").write_text(FILE.format(noun="bistre"), "utf-8")
    commit_tree(house, "Rename")
    clone, out = tmp_path / "clone", tmp_path / "corpus"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{house}", str(clone)], check=True)
    before = changes_in(mine_repositories([clone], out, workers=1))
    subprocess.run(["git", "-C", str(clone), "fetch", "-q", "--unshallow"], check=True)

    assert set() == before
    assert {"load_amber"} == changes_in(mine_repositories([clone], out, workers=1))


def test_what_git_could_not_tell_is_asked_again(house, commit_tree, tmp_path):
    """A clone without the blobs of the past has no edits and says so; the whole one of the same commit has its own."""
    change_totals(house, commit_tree)
    (house / "store" / "birch.py").write_text(FILE.format(noun="bistre"), "utf-8")
    commit_tree(house, "Rename")
    subprocess.run(["git", "-C", str(house), "config", "uploadpack.allowFilter", "true"], check=True)
    part, whole, out = tmp_path / "a" / "clone", tmp_path / "b" / "clone", tmp_path / "corpus"
    for options, clone in ((["--filter=blob:none"], part), ([], whole)):
        subprocess.run(["git", "clone", "-q", *options, f"file://{house}", str(clone)], check=True)
    poor = mine_repositories([part], out, workers=1)

    assert (set(), True) == (changes_in(poor), poor.manifest["history"][0]["untold"])
    assert {"load_amber"} == changes_in(mine_repositories([whole], out, workers=1))


def test_a_script_that_is_no_longer_left_out_has_a_past(house, commit_tree, tmp_path):
    """Scripts without an ending are asked of git by name, so which there are belongs to the question."""
    (house / "bin").mkdir()
    script = house / "bin" / "deploy"
    lines = (
        '#!/bin/sh\n# Put the house where it belongs.\ndeploy() {{\n    cd "$1" || exit\n    {}\n    echo done\n}}\n'
    )
    script.write_text(lines.format("cp -r store there"), "utf-8")
    settings = house / "idiolect.toml"
    settings.write_text('exclude = ["bin/deploy"]\n', "utf-8")
    commit_tree(house)
    script.write_text(lines.format("rsync -a store there"), "utf-8")
    commit_tree(house, "Copy the store with rsync alone")
    before = changes_in(mine_repositories([house], tmp_path / "first", workers=1))
    settings.unlink()

    assert set() == before
    assert {"deploy"} == changes_in(mine_repositories([house], tmp_path / "second", workers=1))
