"""
Group D: pairs, splits, data sets.
"""

# ruff: noqa: E501 - rows of a table stay on one line
from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from idiolect.cli import main
from idiolect.mining.artefacts import read_jsonl, sha256_file, write_jsonl
from idiolect.mining.corpus import read_corpus
from idiolect.mining.errors import MismatchError
from tests_toys import plant, toy_files

from .conftest import FEW, sized


@pytest.fixture(name="shop", scope="module")
def _shop(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("shop"), toy_files())


def test_D01_everything_twice(root, mine):
    """A vendored copy of everything adds no function to ask for, and leaks nothing."""
    once = mine(root, name="once")
    plant(root, {f"copied/{path}": text for path, text in FEW.items()})
    twice = mine(root, name="twice")
    splits = ("train", "validation", "test")
    asked = [sum(row["kind"] == "implement" for split in splits for row in m.pairs(split)) for m in (once, twice)]
    responses = {split: {row["response"] for row in twice.pairs(split)} for split in splits}

    assert asked[1] <= asked[0]
    assert not responses["train"] & (responses["test"] | responses["validation"])


@pytest.mark.parametrize("body", ["", "    x\n", "    y = 1\n" * 50_000], ids=["empty", "one-token", "50k-tokens"])
def test_D06_bodies_of_any_size(root, mine, body):
    plant(root, {"sized.py": f"def f(x):\n{body}    return g(x)\n"})
    longest = max(len(str(row["response"])) for row in mine(root).pairs())

    assert longest < 20_000


def test_D07_one_ask_for_two_bodies(root, mine):
    """Two functions asked for in the same words stay apart by their context, or one goes with a reason."""
    same = 'def run(x):\n    """Run it."""\n    total = {}(x)\n    return total\n'
    plant(root, {"one.py": same.format("first"), "two.py": same.format("second_and_other")})
    mined = mine(root)
    rows = [r for s in ("train", "validation", "test") for r in mined.pairs(s) if r["path"] in ("one.py", "two.py")]
    asked = [(row["kind"], row["context"], row["instruction"]) for row in rows]

    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    "tail",
    [b'{"id": "x", "ki', b"null\n", b"[]\n", b"\xff\n", b'{"a": 1}\r\n{'],
    ids=["torn", "null", "list", "bytes", "crlf"],
)
def test_D08_a_line_that_is_no_row(tmp_path, tail):
    """The line is named, and nothing of the file is taken for whole."""
    file = tmp_path / "x.jsonl"
    write_jsonl(file, [{"a": 1}])
    with file.open("ab") as added:
        added.write(tail)

    with pytest.raises(MismatchError, match=r"line [23]"):
        list(read_jsonl(file))


@pytest.mark.parametrize(
    "change", [{"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}, {"PYTHONHASHSEED": "8", "LANG": "tr_TR.UTF-8"}],
    ids=["seed-zone-locale", "seed-locale"],
)  # fmt: skip
def test_D11_the_same_bytes_anywhere(root, tmp_path, change):
    """Hash seed, time zone, locale and workers change no byte."""
    manifests = []
    for number, environment in enumerate(({}, change)):
        out = tmp_path / f"corpus{number}"
        words = [sys.executable, "-m", "idiolect", "mine", str(root), "--out", str(out), "--workers", str(number + 1)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, **environment})
        manifests.append((out / "manifest.json").read_bytes())

    assert manifests[0] == manifests[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_D12_killed_at_a_random_time(root, tmp_path, seed):
    """Killed at any moment, mining leaves no corpus or a whole one, and the rerun gives the same hash."""
    words = [sys.executable, "-m", "idiolect", "mine", str(root), "--workers", "1", "--out"]
    began = time.monotonic()
    subprocess.run([*words, str(tmp_path / "quiet")], check=True, capture_output=True)
    killed = subprocess.Popen([*words, str(tmp_path / "killed")], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(random.Random(seed).random() * (time.monotonic() - began))
    killed.send_signal(signal.SIGKILL)
    killed.wait()

    assert not (tmp_path / "killed").exists() or (tmp_path / "killed" / "manifest.json").is_file()
    subprocess.run([*words, str(tmp_path / "killed")], check=True, capture_output=True)
    quiet, again = [(tmp_path / name / "manifest.json").read_bytes() for name in ("quiet", "killed")]
    assert quiet == again


def test_D04_one_cluster_of_almost_everything(tmp_path, mine):
    """A repository of one file has one cluster: nothing is held out that could be claimed on."""
    plant(
        tmp_path / "one", {"all.py": "\n\n".join(text.split("\n\n\n", 1)[1] for text in list(toy_files().values())[:6])}
    )
    mined = mine(tmp_path / "one")
    clusters = {str(row["cluster"]) for split in ("validation", "test") for row in mined.pairs(split)}

    assert len(clusters) <= 1
    if clusters:
        assert 2 == main(["evaluate", str(mined.out), "--out", str(tmp_path / "evaluation")])
        assert not (tmp_path / "evaluation" / "verdict.json").exists()


def test_D09_a_corpus_edited_by_hand(root, mine, tmp_path):
    mined = mine(root)
    file = mined.out / "pairs" / "train.jsonl"
    rows = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([json.dumps({**json.loads(rows[0]), "response": "pass"}), *rows[1:]]) + "\n", "utf-8")

    assert 4 == main(["train", str(mined.out), "--out", str(tmp_path / "adapter")])
    assert 4 == main(["evaluate", str(mined.out), "--out", str(tmp_path / "evaluation")])


@pytest.mark.parametrize("lacking", ["sha256", "sources", "pairs/test.jsonl"])
def test_D09_a_manifest_that_does_not_name_all(root, mine, lacking):
    """What no hash is recorded of is not read as if there were one."""
    out = mine(root).out
    marker = out / "manifest.json"
    manifest = json.loads(marker.read_text("utf-8"))
    manifest.pop(lacking, None)
    manifest.get("sha256", {}).pop(lacking, None)
    marker.write_text(json.dumps(manifest), "utf-8")

    with pytest.raises(MismatchError, match="does not record"):
        read_corpus(out)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("manifest.json", lambda text: {**json.loads(text), "counts": [{"kind": "implement"}]}),
        ("manifest.json", lambda text: {**json.loads(text), "commit": None}),
        ("profile.json", lambda text: {**json.loads(text), "entries": [7]}),
        ("api.json", lambda text: [json.loads(text)]),
        ("pairs/train.jsonl", lambda text: {**json.loads(text.splitlines()[0]), "response": None}),
    ],
)
def test_D09_another_form_with_hashes_made_anew(root, mine, name, change):
    """What can be read and is not what this version writes is bad evidence, and no fault of ours."""
    out = mine(root).out
    file, marker = out / name, out / "manifest.json"
    file.write_text(json.dumps(change(file.read_text("utf-8"))) + "\n", "utf-8")
    if file != marker:
        manifest = json.loads(marker.read_text("utf-8"))
        manifest["sha256"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
        marker.write_text(json.dumps(manifest), "utf-8")

    with pytest.raises(MismatchError):
        corpus = read_corpus(out)
        assert corpus.pairs("train")
        assert corpus.profile
        assert corpus.api


@pytest.mark.parametrize("path", ["/etc/x.py", "../x.py", "a/../../x.py", "a\\..\\x.py", "\\x.py", "a\0.py", ""])
def test_D09_a_path_that_leads_out(root, mine, tmp_path, path):
    """Files are laid out by the paths that a corpus names: one from elsewhere writes nowhere but where it may."""
    out = mine(root).out
    marker, pairs = out / "manifest.json", out / "pairs" / "train.jsonl"
    manifest = json.loads(marker.read_text("utf-8"))
    hashes, sources = manifest["sha256"], manifest["sources"]
    name = next(iter(sources.values()), "0" * 64)
    for changed in ({"sources": {**sources, path: name}}, {"sources": {**sources, "x.py": path}},
                    {"sha256": {**hashes, path: "0" * 64}}):  # fmt: skip
        marker.write_text(json.dumps({**manifest, **changed}), "utf-8")
        with pytest.raises(MismatchError, match="no path of a corpus"):
            read_corpus(out)

    row = json.loads(pairs.read_text("utf-8").splitlines()[0])
    pairs.write_text(json.dumps({**row, "path": path}) + "\n", "utf-8")
    manifest["sha256"]["pairs/train.jsonl"] = sha256_file(pairs)
    marker.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(MismatchError, match=r"line 1: .* is no path of a repository"):
        read_corpus(out).pairs("train")
    assert 4 == main(["train", str(out), "--out", str(tmp_path / "adapter")])


@pytest.mark.parametrize("files", sized(30, 3_000, "files"))
def test_E15_a_clock_that_jumps(tmp_path, files):
    """Files of 1970 and 2099, and a clock that jumps between two runs, change no byte and serve nothing stale."""
    many = {
        path.replace(".py", f"_{turn}.py"): text for turn in range(files // 30) for path, text in toy_files().items()
    }
    root = plant(tmp_path / "repo", many)
    manifests = []
    for number, moment in enumerate((1_700_000_000, 0, 4_070_908_800)):
        for file in root.rglob("*.py"):
            os.utime(file, (moment, moment))
        if number == 2:
            first = next(iter(many))
            (root / first).write_text(many[first].replace("return total", "return total + 1"))
            os.utime(root / first, (moment, moment))
        assert 0 == main(["mine", str(root), "--out", str(tmp_path / f"corpus{number}"), "--workers", "1"])
        manifests.append((tmp_path / f"corpus{number}" / "manifest.json").read_bytes())

    assert manifests[0] == manifests[1]
    assert manifests[1] != manifests[2]
