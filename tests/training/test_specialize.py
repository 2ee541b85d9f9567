"""
The whole journey on a base of another architecture: a folder that a user names, from repository to verdict.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.commands.specialize import (
    TRAIN_SHARE,
    read_started,
    refuse_other_content,
    require_steps,
    require_testable,
    settle,
    start_anew,
)
from idiolect.mining.artefacts import lock_folder
from idiolect.mining.errors import InputError, MachineError, TooSmallError
from idiolect.mining.mine import mine_repositories

from .conftest import tiny_model

FRAMEWORK = Path(__file__).parents[2] / "samples" / "framework"


KILLED = """
import os, signal, sys
from pathlib import Path
from idiolect.mining.artefacts import new_artefact

with new_artefact(Path(sys.argv[1]), "manifest.json", "idiolect.corpus/1"):
    os.kill(os.getpid(), signal.SIGTERM)
"""


def test_what_a_killed_stage_leaves_is_not_foreign(tmp_path):
    """The same command goes on beside the scratch folder of a corpus; a user's own file is named all the same."""
    out = tmp_path / "run"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(out / "corpus")], check=False)
    (scratch,) = out.iterdir()

    refuse_other_content(out)
    (out / ".corpora").write_text("mine", "utf-8")

    assert -signal.SIGTERM == ended.returncode
    assert scratch.name.startswith(".corpus-")
    with pytest.raises(InputError, match=r"'\.corpora', which is not ours"):
        refuse_other_content(out)


def test_what_cannot_be_evaluated_is_not_trained(tmp_path, monkeypatch, capsys):
    """No verdict can be had on so few held-out tasks: that is said in a second, before minutes of training."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    samples, out = FRAMEWORK.parent, tmp_path / "run"
    asked = ["specialize", str(samples / "orchard"), "--api-from", str(samples / "plugin"), "--out", str(out)]
    code = main([*asked, "--workers", "1"])
    told = capsys.readouterr().err
    (offering,) = json.loads((out / "corpus" / "manifest.json").read_text("utf-8"))["api_from"]

    assert code == 2
    assert "too few to evaluate: 20 in 2 are needed" in told
    assert "`idiolect train" in told and offering["repository"] == "plugin"
    assert [".lock", "corpus"] == sorted(path.name for path in (tmp_path / "run").iterdir())


def test_what_cannot_be_trained_is_not_said_to_be_trainable(tmp_path, write_tree):
    """Of fewer pairs than a training needs no command is named that would refuse them."""
    root = write_tree({"total.py": 'def total(prices):\n    """Add *prices* up."""\n    return sum(prices)\n'})
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1)

    with pytest.raises(TooSmallError, match=r"Mine a larger repository\.$"):
        require_testable(tmp_path, corpus)


def test_a_base_that_cannot_be_used_is_refused_before_mining(tmp_path, tiny_base, capsys):
    """A folder that is none, and one without a tokenizer, cost seconds and leave nothing."""
    shutil.copytree(tiny_base, tmp_path / "base")
    for file in (tmp_path / "base").glob("*token*"):
        file.unlink()
    for base in ("nowhere/at/all", str(tmp_path / "base")):
        code = main(["specialize", str(FRAMEWORK), "--out", str(tmp_path / "run"), "--base", base])
        told = capsys.readouterr().err

        assert (2, 1) == (code, told.count("\n"))
        assert base.rpartition("/")[2] in told
    assert not (tmp_path / "run").exists()


def test_two_runs_in_one_folder_are_one_too_many(tmp_path, capsys):
    """The second of them refuses before it has touched what the first is at, whatever command that is."""
    out = tmp_path / "run"
    (out / "adapter").mkdir(parents=True)
    (out / "adapter" / "idiolect.json").write_text("{}", "utf-8")
    with lock_folder(out):
        code = main(["specialize", str(FRAMEWORK), "--out", str(out)])
    told = capsys.readouterr().err
    with lock_folder(out / "evaluation"), pytest.raises(MachineError, match="Another run is writing"):
        start_anew(out, {}, 9.0, 0)

    assert code == 2
    assert "Another run is writing" in told
    assert not (out / "corpus").exists()
    assert (out / "adapter" / "idiolect.json").exists()


def test_an_unfinished_run_goes_on_where_the_same_is_asked(tmp_path):
    """Its minutes stand, so that what it trained and answered counts; asked for something else, it begins anew."""
    asked = {"corpus": "0123", "base": "embedded", "minutes": 9.0, "probes": None}
    nothing = read_started(tmp_path, asked)
    minutes = start_anew(tmp_path, asked, 8.7, 0)
    refuse_other_content(tmp_path)

    assert nothing is None
    assert minutes["train"] == pytest.approx(8.7 * TRAIN_SHARE, abs=0.01)
    assert read_started(tmp_path, asked) == minutes
    assert read_started(tmp_path, {**asked, "minutes": 18.0}) is None
    assert read_started(tmp_path, {**asked, "corpus": "4567"}) is None


@pytest.mark.parametrize("folds", [0, 4])
def test_evaluating_has_what_training_left(tmp_path, folds):
    """Its share, more where there is more, and what it began with when it goes on, however little is left then."""
    asked = {"minutes": 9.0}
    minutes = start_anew(tmp_path, asked, 9.0, folds)
    kept = settle(tmp_path, asked, minutes, 1.5, folds)

    assert 1.5 == kept["evaluate"] < minutes["evaluate"]
    assert kept == read_started(tmp_path, asked)
    assert kept == settle(tmp_path, asked, read_started(tmp_path, asked), -3.0, folds)
    left = 9.0 - (1 + folds) * minutes["train"]
    assert minutes["evaluate"] == pytest.approx(settle(tmp_path, asked, minutes, left, folds)["evaluate"], abs=0.02)
    assert 1.9 * minutes["evaluate"] < settle(tmp_path, asked, minutes, 2 * left, folds)["evaluate"] < 2 * left
    assert 0.2 == settle(tmp_path, asked, minutes, -1.0, folds)["evaluate"]


def test_killed_while_it_clears_away_a_run_begins_anew(tmp_path, monkeypatch):
    """What tells that a folder is an adapter goes last, and what an unfinished run was asked goes first."""
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "checkpoints").mkdir()
    for name in ("adapter_model.safetensors", "README.md", "idiolect.json"):
        (adapter / name).touch()
    start_anew(tmp_path, {"minutes": 9.0}, 9.0, 0)
    assert not adapter.exists()
    (adapter / "tracking").mkdir(parents=True)
    (adapter / "idiolect.json").touch()

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(shutil, "rmtree", die)
        start_anew(tmp_path, {"minutes": 8.0}, 8.0, 0)
    assert (adapter / "idiolect.json").exists()
    assert read_started(tmp_path, {"minutes": 9.0}) is None
    start_anew(tmp_path, {"minutes": 8.0}, 8.0, 0)
    assert not adapter.exists()


def test_folds_are_not_trained_in_minutes_that_teach_nothing(tmp_path):
    """
    The minutes that would do are named, and no base smaller than the smallest.

    A pass over little code is short and teaches all there is.
    """
    asked = {"minutes": 3.0}
    start_anew(tmp_path, asked, 3.0, 4)
    with pytest.raises(TooSmallError, match=r"hold 2 steps for each of the 5 trainings .* --minutes 15; or take a GPU"):
        require_steps(tmp_path, "embedded", 3.0, 4, steps=2, in_an_epoch=200)
    assert read_started(tmp_path, asked) is None
    with pytest.raises(TooSmallError, match=r"hold 1 step for .* --minutes 30; or take a smaller base, or a GPU"):
        require_steps(tmp_path, "owner/model", 3.0, 4, steps=1, in_an_epoch=200)

    require_steps(tmp_path, "embedded", 3.0, 4, steps=2, in_an_epoch=2)
    require_steps(tmp_path, "embedded", 3.0, 0, steps=2, in_an_epoch=200)


@pytest.mark.slow
def test_a_llama_in_a_folder_is_specialized(tmp_path, tokenizer, monkeypatch, capsys):
    """Nothing in mining, training or evaluation knows what the base is; the adapter names it and finds it again."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    base = tmp_path / "some-llama"
    model = tiny_model("llama", len(tokenizer))
    # the toy tokenizer knows ten lines, so its prompts are long
    model.config.max_position_embeddings = 2048
    model.save_pretrained(base)
    tokenizer.model_max_length = 2048
    tokenizer.save_pretrained(base)
    tokenizer.model_max_length = 512
    out = tmp_path / "run"

    code = main(
        ["specialize", str(FRAMEWORK), "--out", str(out), "--base", str(base), "--minutes", "3", "--probes", "20"]
    )

    assert code == 0, capsys.readouterr().err
    record = json.loads((out / "adapter" / "idiolect.json").read_text("utf-8"))
    verdict = json.loads((out / "evaluation" / "verdict.json").read_text("utf-8"))
    assert record["applied"]["applied"]
    assert record["base"]["name"].endswith("some-llama")
    # the sample's test has four clusters, so four more adapters answered
    assert verdict["folds"] == 4
    assert verdict["plan"]["clusters"] >= 8
    assert {"base", "tuned", "tuned+rag"} <= {arm["arm_id"] for arm in verdict["arms"]}
    assert verdict["losses"]["test"]["tuned"] < verdict["losses"]["test"]["base"]
    capsys.readouterr()
    assert main(["generate", str(out / "adapter"), "def open_desk():", "--max-tokens", "8"]) == 0
    assert capsys.readouterr().out
