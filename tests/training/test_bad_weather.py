"""
Training when the disk fills up, the loss is no number, or the order is another.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from idiolect.evaluation.samples import model_sha256
from idiolect.mining.errors import InputError
from idiolect.training import gradients, steps
from idiolect.training.adapter import read_record
from idiolect.training.export import export_merged
from idiolect.training.generation import load_model
from idiolect.training.train import train_adapter

from .test_train import RECIPE, read_all

FULL = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from full_recipe import RECIPE
from idiolect.mining.errors import IdiolectError
from idiolect.training import checkpoints
from idiolect.training.train import train_adapter

checkpoints.KEEP = 1
corpus, out, base = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
filler = out.parent / "filler"

def fill(stage, done, total):
    if stage.startswith("train") and done == 10:
        try:
            with filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 12))
        except OSError:
            pass

try:
    train_adapter(corpus, out, base=base, recipe=RECIPE, progress=fill)
    print("went on")
except IdiolectError as error:
    print(type(error).__name__, error.exit_code, error)
print(sorted(path.name for path in (out / "checkpoints").iterdir() if path.is_dir()))
filler.unlink()
train_adapter(corpus, out, base=base, recipe=RECIPE, resume=True)
import shutil
shutil.copytree(out, sys.argv[5])
"""


def may_mount() -> bool:
    """Claim that this machine lets a process mount a disk of its own."""
    words = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    return (
        shutil.which("unshare") is not None and subprocess.run(words, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not may_mount(), reason="this machine lets nobody mount a small disk")
def test_a_disk_that_fills_up_while_saving(adapter, tiny_base, tiny_corpus, tmp_path):
    """A real full disk: one line, exit code 2, the last checkpoint stands, and the resumed run ends bit-equal (E05)."""
    (tmp_path / "full_recipe.py").write_text(
        f"from idiolect.training.recipe import Recipe\nRECIPE = {RECIPE!r}\n", "utf-8"
    )
    disk = tmp_path / "disk"
    disk.mkdir()
    words = [sys.executable, "-c", FULL, str(tiny_corpus), str(disk / "adapter"), str(tiny_base), str(tmp_path)]
    inside = f'mount -t tmpfs -o size=24m tmpfs "{disk}" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside, "sh", *words, str(tmp_path / "ended")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = done.stdout.splitlines()

    assert said[0].startswith("MachineError 2 Cannot write the checkpoint of step 12")
    assert "No space left" in said[0]
    assert "['step-00000009']" == said[1]
    assert read_all(adapter) == read_all(tmp_path / "ended")


def test_a_loss_that_is_no_number_names_its_step_and_its_pairs(tiny_base, tiny_corpus, tmp_path):
    """Weights that overflow at the first step break the second: no checkpoint of them, no adapter, no success (E08)."""
    wild = replace(RECIPE, learning_rate=1e38, checkpoint_every=1, validate_every=24)
    with pytest.raises(InputError, match=r"is (nan|inf) at step 2, on the pairs pairtrain\d+") as caught:
        train_adapter(tiny_corpus, tmp_path / "adapter", base=tiny_base, recipe=wild)

    assert 2 == caught.value.exit_code
    assert ["step-00000001"] == sorted(path.name for path in (tmp_path / "adapter" / "checkpoints").glob("step-*"))
    assert not (tmp_path / "adapter" / "idiolect.json").exists()


def test_a_gradient_that_is_no_number_leaves_no_checkpoint(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """The step whose loss was fine and whose gradient was not is named, and --resume goes on from the one before it."""
    calls = []

    def spoil(loss_of, parts, answers, parameters, lanes):
        nats = gradients.add_gradients(loss_of, parts, answers, parameters, lanes)
        calls.append(nats)
        if len(calls) == 4:
            parameters[0].grad.fill_(float("nan"))
        return nats

    monkeypatch.setattr(steps, "add_gradients", spoil)
    recipe = replace(RECIPE, steps=6, checkpoint_every=2)
    with pytest.raises(InputError, match="at step 4"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)
    train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, resume=True)

    assert read_record(tmp_path / "out")["counts"]["steps"] == 6


def test_what_a_step_spoiled_is_no_best_look(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Looks at every step, each of a pass, would stop a broken run early and keep its weights: it is told instead."""
    loss = steps.chunks_loss
    monkeypatch.setattr(steps, "chunks_loss", lambda *given: loss(*given) * float("nan"))
    recipe = replace(RECIPE, step_tokens=10**6, validate_every=1, patience=1, checkpoint_every=99)
    with pytest.raises(InputError, match="at step 1"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)


def test_another_order_changes_little_and_the_seed_is_recorded(adapter, tiny_base, tiny_corpus, tmp_path):
    """The same pairs in another order: other weights, a held-out loss near the first one's, both seeds told (E17)."""
    other = train_adapter(tiny_corpus, tmp_path / "other", base=tiny_base, recipe=replace(RECIPE, seed=RECIPE.seed + 1))
    records = [read_record(folder) for folder in (adapter, other)]
    base, first = (records[0]["losses"]["validation"][name] for name in ("base", "tuned"))
    second = records[1]["losses"]["validation"]["tuned"]

    assert (adapter / "adapter_model.safetensors").read_bytes() != (other / "adapter_model.safetensors").read_bytes()
    assert abs(first - second) < 0.1 * (base - first)
    assert [RECIPE.seed, RECIPE.seed + 1] == [record["recipe"]["seed"] for record in records]


def test_scores_of_the_adapter_are_not_those_of_its_export(adapter, tiny_base, tmp_path):
    """
    Weights stored in another precision are another model: no sample is taken over, no score is published with it (F08).
    """
    live = load_model(tiny_base, adapter).generator
    exported = {}
    for precision in ("bf16", "fp32"):
        export_merged(adapter, tmp_path / precision, tiny_base, precision)
        exported[precision] = load_model(tmp_path / precision).generator
    models = {model_sha256(live, adapted) for adapted in (True, False)}
    models |= {model_sha256(generator, False) for generator in exported.values()}
    card = json.loads((tmp_path / "bf16" / "idiolect.json").read_text("utf-8"))

    assert 4 == len(models)
    # nor are weights for their owner's eyes where all else is as the user's mask has it
    files = [*adapter.iterdir(), *(tmp_path / "bf16").iterdir()]
    assert 1 == len({file.stat().st_mode for file in files if file.is_file()})
    assert not {"scores", "verdict", "losses", "accept"} & card.keys()
    assert "bf16" == card["precision"] and card["adapter"]
