"""
Runs: an adapter comes out, the same one however often the run was killed, and what cannot be trained is refused.
"""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from shutil import copytree, rmtree

import pytest
from idiolect.commands.train import summary
from idiolect.mining.artefacts import lock_folder
from idiolect.mining.errors import InputError, MachineError, MismatchError, TooSmallError
from idiolect.mining.taught import marks_of, read_taught
from idiolect.training import steps, train
from idiolect.training.adapter import read_record
from idiolect.training.forward import to_batch
from idiolect.training.generation import load_model
from idiolect.training.looks import count_looks
from idiolect.training.material import Material
from idiolect.training.recipe import Recipe
from idiolect.training.run import is_finished
from idiolect.training.shard import require_sharding
from idiolect.training.train import plan_run, train_adapter
from transformers import JetMoeConfig

from .conftest import make_pairs, store_base, store_corpus, tiny_config, tiny_model, train_until

RECIPE = Recipe(
    steps=24,
    step_tokens=800,
    pack_tokens=400,
    max_tokens=400,
    learning_rate=5e-3,
    rank=4,
    checkpoint_every=3,
    validate_every=6,
    validation_tokens=800,
)
FILES = ("adapter_model.safetensors", "adapter_config.json", "idiolect.json", "log.jsonl", "README.md")


def read_all(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def test_training_lowers_the_loss_and_says_so(adapter):
    """The record holds the held-out loss before and after, the counts, and that the adapter is applied."""
    record = read_record(adapter)
    losses = record["losses"]["validation"]

    assert losses["tuned"] < 0.9 * losses["base"]
    assert record["applied"]["applied"]
    assert record["counts"]["pairs"] == 64
    assert record["counts"]["steps"] == 24
    assert record["recipe"]["steps"] == 24


def test_a_part_of_an_epoch_is_counted(tiny_base, tiny_corpus, tmp_path):
    """What a run took is not nothing because it ended before its pairs did."""
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(RECIPE, steps=1))

    assert 0 < read_record(out)["counts"]["epochs"] < 1


def test_what_training_took_is_recorded(tiny_base, tiny_corpus, tmp_path):
    """Three passes for a token that is learned from, one for a prompt that is only read."""

    def passes(**changes):
        out = train_adapter(
            tiny_corpus, tmp_path / f"out{len(changes)}", base=tiny_base, recipe=replace(RECIPE, steps=1, **changes)
        )
        return read_record(out)["counts"]["passes"]

    learned, skimmed = passes(), passes(skim=True, skim_below=99.0)

    assert learned / 3 < skimmed < 0.9 * learned


def test_no_artefact_holds_a_path_or_a_time(adapter, tiny_base):
    """Adapter files name the base, not where it lay; times stand in a file outside every hash."""
    text = "".join((adapter / name).read_text("utf-8") for name in FILES[1:])

    assert str(tiny_base.parent) not in text
    assert str(adapter.parent) not in text
    assert "seconds" not in text
    assert "timings.jsonl" not in json.loads((adapter / "idiolect.json").read_text())["files"]


def test_two_runs_write_the_same_bytes(adapter, tiny_base, tiny_corpus, tmp_path):
    """Training is deterministic on one machine."""
    again = train_adapter(tiny_corpus, tmp_path / "again", base=tiny_base, recipe=RECIPE)

    assert read_all(again) == read_all(adapter)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_train_recipe import RECIPE
from idiolect.training.train import train_adapter
train_adapter(Path(sys.argv[1]), Path(sys.argv[2]), base=sys.argv[3], recipe=RECIPE, resume=True)
"""


def kill_after(process, folder, step):
    """Kill *process* as soon as the checkpoint of *step* stands."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if (folder / "checkpoints" / f"step-{step:08d}").is_dir():
            process.kill()
        time.sleep(0.002)
    return process.wait(0)


def test_a_killed_run_ends_bit_equal(adapter, tiny_base, tiny_corpus, tmp_path, warm):
    """Killed twice by SIGKILL and resumed, a run writes the bytes of one that was left alone."""
    (tmp_path / "test_train_recipe.py").write_text(
        f"from idiolect.training.recipe import Recipe\nRECIPE = {RECIPE!r}\n", "utf-8"
    )
    out = tmp_path / "killed"
    command = ["-c", KILLED, str(tiny_corpus), str(out), str(tiny_base), str(tmp_path)]
    with (tmp_path / "told").open("w") as told:
        codes = [kill_after(warm.start(command, told, told), out, step) for step in (3, 12)]
    unfinished = not (out / "idiolect.json").exists()
    train_adapter(tiny_corpus, out, base=tiny_base, recipe=RECIPE, resume=True)

    assert codes == [-signal.SIGKILL, -signal.SIGKILL]
    assert unfinished
    assert read_all(out) == read_all(adapter)


@pytest.fixture
def stopped(tiny_base, tiny_corpus, tmp_path):
    """Return the folder of a run that was interrupted at step 8."""
    return train_until(8, tiny_corpus, tmp_path / "stopped", base=tiny_base, recipe=RECIPE)


def test_fewer_processes_go_on_with_the_same_packs(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """A run that several processes began, in shorter packs, ends on one as if it had never stopped."""
    recipe = replace(RECIPE, steps=6, max_tokens=200)
    plan = Material.plan
    with monkeypatch.context() as several:
        several.setattr(Material, "plan", lambda self, mode="", processes=1: plan(self, mode, 4))
        whole = train_adapter(tiny_corpus, tmp_path / "whole", base=tiny_base, recipe=recipe)
        train_until(4, tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)
    resumed = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, resume=True)

    assert read_all(resumed) == read_all(whole)


def test_a_torn_checkpoint_is_passed_over(adapter, stopped, tiny_base, tiny_corpus):
    """Of two checkpoints the newest with wrong bytes is not used; the one before it leads to the same adapter."""
    (newest,) = (stopped / "checkpoints").glob("step-*6")
    (newest / "state.safetensors").write_bytes(b"torn")
    train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=RECIPE, resume=True)

    assert read_all(stopped) == read_all(adapter)


def test_evaluating_is_advised_where_it_can_be_done(adapter, tmp_path):
    """A team's own pairs alone are trained on, and nothing can be asked of what they taught: that is said instead."""
    record = read_record(adapter)
    held = [*make_pairs(64), *make_pairs(40, split="test")]

    corpus = store_corpus(tmp_path / "held", held)
    said = summary(corpus, adapter, record)
    assert said.endswith(f"Was it worth it? idiolect evaluate {corpus} --adapter {adapter} --out evaluation")
    told = summary(store_corpus(tmp_path / "alone", make_pairs(64)), adapter, record).splitlines()
    assert told[-1] == "0 held-out tasks in 0 clusters are too few to evaluate: 20 in 2 are needed."


def test_an_unfinished_run_is_not_overwritten(stopped, tiny_base, tiny_corpus):
    """Without --resume an unfinished run is refused; with it, one that is under way is, and one of another recipe."""
    for resume in (False, True):
        with lock_folder(stopped), pytest.raises(MachineError, match="Another run is writing"):
            train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=RECIPE, resume=resume)
    with pytest.raises(InputError, match="unfinished run"):
        train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=RECIPE)
    with pytest.raises(InputError, match=r"has another recipe\."):
        train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=replace(RECIPE, rank=2), resume=True)


@pytest.mark.parametrize("torn", ["", "{", "[]", "{}", '{"parts": {}}'])
def test_a_run_whose_record_is_torn_is_told(torn, stopped, tiny_base, tiny_corpus):
    """A record that a power failure left empty, or another version wrote, is no internal error."""
    (stopped / "checkpoints" / "run.json").write_text(torn)
    with pytest.raises(MismatchError, match=r"The record of the unfinished run .* Choose another folder, or delete"):
        train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=RECIPE, resume=True)


def test_a_run_that_another_version_began_is_told_so(stopped, tiny_base, tiny_corpus):
    """Its record had another form before: that is no damage, and what it holds is left alone."""
    record = stopped / "checkpoints" / "run.json"
    record.write_text('{"schema": "idiolect.run/1", "fingerprint": "0f", "steps": 14, "rate": 0.001}')
    before = sorted(stopped.rglob("*"))

    with pytest.raises(InputError, match=r"begun by another version of idiolect: its record is 'idiolect\.run/1'"):
        train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=RECIPE, resume=True)
    assert before == sorted(stopped.rglob("*"))


def test_a_finished_adapter_is_left_as_it_is(adapter, tiny_base, tiny_corpus):
    """Resuming a finished adapter changes nothing, and says so."""
    before, said = read_all(adapter), []
    # killed while it cleared away what a finished run no longer needs
    (adapter / "checkpoints" / "step-00000021").mkdir(parents=True)
    again = partial(train_adapter, tiny_corpus, adapter, base=tiny_base, resume=True)
    again(recipe=RECIPE, progress=lambda stage, *_: said.append(stage))
    # what a run decides itself is no other recipe
    again(recipe=replace(RECIPE, steps=None, minutes=1.0, rate_probe=0))
    again(adjust=lambda recipe: replace(recipe, skim=True, minutes=2.0))

    assert read_all(adapter) == before
    assert said == ["train: finished already, nothing was trained"]
    assert not (adapter / "checkpoints").exists()


def test_a_plan_refuses_what_the_run_would(stopped, tiny_base, tiny_corpus, tmp_path):
    """An unfinished run that is not to go on, what is no adapter, and a tracker that is not here."""
    with pytest.raises(InputError, match="holds an unfinished run"):
        plan_run(tiny_corpus, stopped, base=tiny_base)
    with pytest.raises(InputError, match="holds no adapter"):
        plan_run(tiny_corpus, tiny_base, base=tiny_base)
    with pytest.raises(InputError, match="No tracker 'abacus' here"):
        plan_run(tiny_corpus, tmp_path / "out", base=tiny_base, trackers=("abacus",))


def test_what_another_run_has_finished_meanwhile_is_left_as_it_is(adapter, tiny_base, tiny_corpus, monkeypatch):
    """A run that was asked to go on, and began to load while the other ended, trains nothing anew."""
    before, looked = read_all(adapter), []

    def look(out):
        looked.append(out)
        return len(looked) > 1 and is_finished(out)

    monkeypatch.setattr(train, "is_finished", look)
    train_adapter(tiny_corpus, adapter, base=tiny_base, recipe=RECIPE, resume=True)
    looked.clear()
    with pytest.raises(InputError, match=r"has rank=4\."):
        train_adapter(tiny_corpus, adapter, base=tiny_base, recipe=replace(RECIPE, rank=2), resume=True)

    assert read_all(adapter) == before


@pytest.mark.parametrize("way", ["recipe", "adjust", "start_from"])
def test_a_finished_adapter_is_not_given_out_as_one_of_another_recipe(way, adapter, tiny_base, tiny_corpus, tmp_path):
    """A value or a beginning that the finished adapter does not have is refused by name."""
    asked = {
        "recipe": {"recipe": replace(RECIPE, rank=2)},
        "adjust": {"adjust": lambda recipe: replace(recipe, rank=2)},
        "start_from": {"start_from": copytree(adapter, tmp_path / "first")},
    }[way]
    with pytest.raises(InputError, match="--from" if way == "start_from" else f"has rank={RECIPE.rank}\\."):
        train_adapter(tiny_corpus, adapter, base=tiny_base, resume=True, **asked)


def test_a_finished_adapter_of_another_corpus_or_base_is_not_given_out_as_this_one(
    adapter, tiny_base, tiny_corpus, tmp_path, tokenizer
):
    """Resuming names what differs instead of ending as if what was asked for had been trained."""
    other = store_corpus(tmp_path / "corpus", make_pairs(60))
    base = tmp_path / "base"
    store_base(base, tiny_model("llama", len(tokenizer)), tokenizer)
    for corpus, model in ((other, tiny_base), (tiny_corpus, base)):
        with pytest.raises(InputError, match="another corpus or base"):
            train_adapter(corpus, adapter, base=model, recipe=RECIPE, resume=True)


def test_what_a_run_without_a_record_left_is_not_learned_from(stopped, tiny_base, tiny_corpus, tmp_path):
    """Checkpoints of a run that ended while it cleared them away are not another one's."""
    recipe = replace(RECIPE, steps=3)
    fresh = train_adapter(tiny_corpus, tmp_path / "fresh", base=tiny_base, recipe=recipe)
    (stopped / "checkpoints" / "run.json").unlink()
    train_adapter(tiny_corpus, stopped, base=tiny_base, recipe=recipe)

    assert read_all(stopped) == read_all(fresh)


def test_what_a_base_would_drop_at_random_is_kept(tiny_corpus, tmp_path, tokenizer):
    """StarCoder2's configuration names a dropout: the adapter is that of the same weights without it, bit for bit."""
    weights = []
    for share in (0.0, 0.1):
        folder = tmp_path / f"base-{share}"
        config = tiny_config("starcoder2", len(tokenizer))
        config.attention_dropout = config.residual_dropout = config.embedding_dropout = share
        store_base(folder, tiny_model(config, len(tokenizer)), tokenizer)
        out = train_adapter(tiny_corpus, tmp_path / f"out-{share}", base=folder, recipe=replace(RECIPE, steps=3))
        weights.append((out / "adapter_model.safetensors").read_bytes())

    assert weights[0] == weights[1]


def test_packs_under_a_dense_mask_are_no_longer_than_a_document(tiny_corpus, tmp_path, tokenizer, monkeypatch):
    """What a mask costs grows with the square of the pack: Gemma 2's packs stop at the longest document allowed."""
    store_base(tmp_path / "base", tiny_model("gemma2", len(tokenizer)), tokenizer)
    sizes = []

    def note(pack, *rest):
        sizes.append(pack.tokens)
        return to_batch(pack, *rest)

    monkeypatch.setattr(steps, "to_batch", note)
    recipe = replace(RECIPE, steps=2, step_tokens=1600, pack_tokens=1600, max_tokens=240, lanes=False)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path / "base", recipe=recipe)

    assert read_record(out)["packing"] == "mask"
    assert len(sizes) > 2 and max(sizes) <= 240


def test_half_precision_and_trained_rows_go_together(tiny_base, tiny_corpus, tmp_path):
    """As an accelerator trains a small base: in bf16, rows of the embedding with it, prompts first or not."""
    recipe = replace(RECIPE, precision="bf16", embedding_rate=0.5, replay=0.4, replay_own=0.0, contrast=True, steps=8)
    for name, first in (("first", True), ("whole", False)):
        out = train_adapter(
            tiny_corpus, tmp_path / name, base=tiny_base, recipe=replace(recipe, prompts_first=first, skim=False)
        )
        losses = read_record(out)["losses"]["validation"]

        assert losses["tuned"] < losses["base"]


def test_a_base_that_recomputes_nothing_is_refused(tiny_corpus, tmp_path, tokenizer):
    """JetMoE keeps its activations: checkpointing is refused in one line."""
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_key_value_heads": 2}
    config = JetMoeConfig(vocab_size=len(tokenizer), kv_channels=8, num_local_experts=4, **shape)
    store_base(tmp_path / "base", tiny_model(config, len(tokenizer)), tokenizer)
    recipe = replace(RECIPE, checkpointing=True)

    with pytest.raises(InputError, match="Set checkpointing=false"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path / "base", recipe=recipe)


def test_a_base_without_a_cache_is_refused(tmp_path, tokenizer):
    """What keeps its state in another form would write nonsense."""
    store_base(tmp_path / "mamba", tiny_model("mamba", len(tokenizer)), tokenizer)
    with pytest.raises(InputError, match="keeps no keys and values"):
        load_model(tmp_path / "mamba")


def test_a_folder_that_is_taken_away_costs_no_more_than_it_must(tiny_base, tiny_corpus, tmp_path):
    """With all steps done the adapter is written all the same; before that the run ends, and says why."""
    out, recipe = tmp_path / "out", replace(RECIPE, steps=2)

    def take_away(at, stage, done, total):
        if stage.startswith("train") and done == at:
            rmtree(out)

    train_adapter(tiny_corpus, out, base=tiny_base, recipe=recipe, progress=partial(take_away, 2))
    assert 2 == read_record(out)["counts"]["steps"]
    with pytest.raises(MachineError, match="was taken away while a run wrote it"):
        train_adapter(tiny_corpus, out, base=tiny_base, recipe=recipe, progress=partial(take_away, 1))
    assert not out.exists()


def test_a_foreign_folder_is_refused(tiny_base, tiny_corpus, tmp_path):
    """A folder with something else in it is left alone."""
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="holds no adapter"):
        train_adapter(tiny_corpus, tmp_path, base=tiny_base, recipe=RECIPE)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_minutes_become_steps_once(tiny_base, tiny_corpus, tmp_path):
    """A run by minutes records its steps, and a resumed one keeps them."""
    seen = []

    def stop(stage, done, total):
        if stage.startswith("train"):
            seen.append(total)
            if len(seen) == 1:
                raise KeyboardInterrupt

    recipe = replace(RECIPE, steps=None, minutes=0.05, epochs=200.0)
    with pytest.raises(KeyboardInterrupt):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, progress=stop)
    train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, progress=stop, resume=True)

    assert len(set(seen)) == 1
    assert read_record(tmp_path / "out")["recipe"]["steps"] == seen[0]
    assert read_record(tmp_path / "out")["recipe"]["minutes"] is None


def test_a_plan_that_is_not_approved_is_not_trained(tiny_base, tiny_corpus, tmp_path):
    """Who asked hears how many steps there will be before one is taken, and may refuse them: no run goes on there."""
    heard = []

    def refuse(steps: int, in_an_epoch: int) -> None:
        heard.append((steps, in_an_epoch))
        raise TooSmallError("too few")

    with pytest.raises(TooSmallError, match="too few"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=RECIPE, approve=refuse)

    ((steps, in_an_epoch),) = heard
    assert RECIPE.steps == steps and in_an_epoch > 0
    assert not (tmp_path / "out").exists()


def test_answers_that_cannot_be_learned_are_counted(tiny_base, tiny_corpus, tmp_path):
    """Empty and too long answers are left out with their counts; too few left is an error that says how many."""
    pairs = make_pairs(60)
    pairs[0] = replace(pairs[0], response="   \n")
    pairs[1] = replace(pairs[1], response="x = 1\n" * 500)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(RECIPE, steps=2), pairs=pairs)

    assert read_record(out)["counts"]["refused"] == {"empty_answer": 1, "too_long": 1}
    told = r"needs 50 pairs and found 38 \(left out: 1 with an empty answer, 1 too long\)"
    with pytest.raises(TooSmallError, match=told):
        train_adapter(tiny_corpus, tmp_path / "few", base=tiny_base, recipe=RECIPE, pairs=pairs[:40])
    assert not (tmp_path / "few" / "idiolect.json").exists()


def test_a_run_that_stops_improving_ends_with_its_best(tiny_base, tiny_corpus, tmp_path):
    """A score leads the choice of weights; patience ends the run and the record says why."""
    # the first is the base's, which is not to be beaten
    scores = iter([9.0, 1.0, 3.0, 2.0, 2.0, 2.0, 2.0])
    recipe = replace(RECIPE, validate_every=2, patience=2, probes=3)
    out = train_adapter(
        tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, score_of=lambda count: lambda model: next(scores)
    )
    record = read_record(out)

    assert record["losses"]["validation"]["best_step"] == 4
    assert record["counts"]["steps"] == 8
    assert "score did not improve" in record["stopped_early"]
    # though it stopped between two lines of the log
    assert record["losses"]["training"] > 0


def test_a_run_that_sees_nothing_twice_looks_seldom(tiny_base, tiny_corpus, tmp_path):
    """Looks cost the time of steps, and within the first pass nothing is learned by heart."""
    recipe = replace(RECIPE, validate_every=0, step_tokens=64, pack_tokens=64, epochs=100.0)
    short = train_adapter(tiny_corpus, tmp_path / "short", base=tiny_base, recipe=replace(recipe, steps=9))
    long = train_adapter(tiny_corpus, tmp_path / "long", base=tiny_base, recipe=replace(recipe, steps=100))

    def looks(out):
        return sum("held_out_loss" in json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines())

    assert looks(short) <= 1 + 3
    assert looks(long) == 1 + 10


@pytest.mark.parametrize(("steps", "looks"), [(1, 1), (100, 2), (150, 3), (5000, 10)])
def test_looks_come_with_passes(steps, looks):
    """Two a pass of a hundred steps, and at most ten."""
    assert count_looks(steps, 100) == looks


def test_going_on_from_an_adapter(adapter, tiny_base, tiny_corpus, tmp_path):
    """A run can start from a finished adapter, which is recorded; the base's loss stays the base's."""
    out = train_adapter(
        tiny_corpus,
        tmp_path / "more",
        base=tiny_base,
        recipe=replace(RECIPE, steps=6, learning_rate=1e-3),
        start_from=adapter,
    )
    begun, gone_on = map(read_record, (adapter, out))
    before, after = (record["losses"]["validation"] for record in (begun, gone_on))

    assert begun["from"] is None
    assert gone_on["from"] == begun["files"]
    assert after["base"] == pytest.approx(before["base"])
    assert after["tuned"] < before["tuned"]


def test_an_adapter_is_not_gone_on_from_in_its_own_place(adapter, tiny_base, tiny_corpus):
    """A run that replaced it while it needs it would end with neither: it is refused, and the adapter stays."""
    before = read_all(adapter)
    with pytest.raises(InputError, match="Choose another folder"):
        train_adapter(
            tiny_corpus, adapter / ".." / adapter.name, base=tiny_base, recipe=RECIPE, start_from=adapter, resume=True
        )

    assert read_all(adapter) == before


def test_what_was_taught_stays_known(adapter, tiny_base, tiny_corpus, tmp_path):
    """An adapter that went on with another corpus says what both have taught, and the file's hash is recorded."""
    other = [replace(pair, id=f"other{pair.id}", path="other.py", response=f"    return {pair.symbol!r}")
             for pair in make_pairs(60)]  # fmt: skip
    corpus = store_corpus(tmp_path / "corpus", other)
    out = train_adapter(corpus, tmp_path / "more", base=tiny_base, recipe=replace(RECIPE, steps=1), start_from=adapter)
    earlier, marks = (read_taught(folder, read_record(folder)["files"]) for folder in (adapter, out))

    assert not read_taught(tmp_path, {})
    assert earlier < marks
    assert all(mark in marks for pair in other for mark in marks_of(pair))
    assert read_record(out)["files"]["taught.txt"]


def test_an_adapter_to_go_on_from_keeps_its_form(adapter, tiny_base, tiny_corpus, tmp_path):
    """Its rank is what is planned, trained and recorded, whatever size a fresh one would have; another is refused."""
    adjust = lambda recipe: replace(recipe, steps=1, max_tokens=400)  # noqa: E731 - one line, used twice
    planned = plan_run(tiny_corpus, tmp_path / "out", base=tiny_base, adjust=adjust, start_from=adapter)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, adjust=adjust, start_from=adapter)
    record = read_record(out)

    assert record["recipe"]["rank"] == RECIPE.rank
    assert record["recipe"]["embedding_rate"] == 0
    assert planned.trained_parameters == record["counts"]["trained_parameters"]
    with pytest.raises(InputError, match="has rank=4, and keeps it"):
        train_adapter(tiny_corpus, tmp_path / "no", base=tiny_base, recipe=replace(RECIPE, rank=8), start_from=adapter)
    assert not (tmp_path / "no").exists()


def test_the_command_prints_what_was_learned(tiny_base, tiny_corpus, tmp_path, capsys, monkeypatch):
    """`idiolect train` ends with the held-out loss on stdout, progress on stderr."""
    from idiolect.cli import main

    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    words = [f"{key}={getattr(RECIPE, key)}" for key in ("step_tokens", "pack_tokens", "max_tokens", "rank")]
    arguments = [piece for word in [*words, "steps=1"] for piece in ("--set", word)]
    code = main(["train", str(tiny_corpus), "--out", str(tmp_path / "a"), "--base", str(tiny_base), *arguments])
    printed = capsys.readouterr()

    assert code == 0
    assert ": 64 pairs, 1 step, " in printed.out
    assert "held-out answers" in printed.out
    assert "train" in printed.err
    assert printed.out.endswith("12 held-out tasks in 4 clusters are too few to evaluate: 20 in 2 are needed.\n")
    assert main(["generate", str(tmp_path / "a"), "def total(values):", "--max-tokens", "1"]) == 0
    assert "the answer cut at 1 token; --max-tokens" in capsys.readouterr().err
    assert main(["train", str(tiny_corpus), "--out", str(tmp_path / "b"), "--base", "no-such"]) == 2


TWO = """
import os
import sys
import time
from pathlib import Path
from accelerate import Accelerator
sys.path.insert(0, sys.argv[4])
from test_train_recipe import RECIPE
from idiolect.training import setup
from idiolect.training.looks import agree
from idiolect.training.train import train_adapter
load_base_model, spread_layers = setup.load_base_model, setup.spread_layers
began = []
def load(*asked, **options):
    began.append(time.monotonic())
    time.sleep(0.3)
    return load_base_model(*asked, **options)
def tell(model, *rest):
    spread_layers(model, *rest)
    frozen = [weight for name, weight in model.named_parameters() if "proj.base_layer" in name]
    whole, held = sum(w.numel() for w in frozen), sum(w.to_local().numel() for w in frozen)
    # in one piece: the other process writes to the same pipe
    sys.stdout.write(f"whole {whole} held {held} from {began.pop()} to {time.monotonic()}\\n")
    sys.stdout.flush()
setup.load_base_model, setup.spread_layers = load, tell
train_adapter(Path(sys.argv[1]), Path(sys.argv[2]), base=sys.argv[3], recipe=RECIPE)
sys.stdout.write(f"agreed {agree(Accelerator(cpu=True), float(os.environ['RANK']))}\\n")
sys.stdout.flush()
Accelerator(cpu=True).wait_for_everyone()
# torch's own threads may outlive the interpreter, which ends it with an abort
os._exit(0)
"""


@pytest.mark.parametrize("shard", [False, True], ids=["whole", "spread"])
def test_two_processes_learn_what_one_learns(shard, tiny_base, tiny_corpus, tmp_path, warm):
    """
    Over gloo, the base whole in each process or spread over both: the losses are those of one process to 1e-5.

    A clock is asked, too, and both believe the main process; each draws for itself what the base would say.
    """
    timed = replace(RECIPE, steps=None, epochs=1.0, minutes=60.0, validate_every=5, average=0.5)
    recipe = replace(timed, replay=0.2, replay_own=0.0, replay_draws=8)
    alone = train_adapter(tiny_corpus, tmp_path / "alone", base=tiny_base, recipe=recipe)
    (tmp_path / "test_train_recipe.py").write_text(
        f"from idiolect.training.recipe import Recipe\nRECIPE = {replace(recipe, shard=shard)!r}\n", "utf-8"
    )
    arguments = ["-c", TWO, str(tiny_corpus), str(tmp_path / "two"), str(tiny_base), str(tmp_path)]
    # what torchrun tells them
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(29651 + shard)}
    with (tmp_path / "out").open("w+") as out, (tmp_path / "err").open("w+") as err:
        ranks = [{**group, "RANK": rank, "LOCAL_RANK": rank} for rank in ("0", "1")]
        both = [warm.start(arguments, out, err, **rank) for rank in ranks]
        codes = [process.wait(300) for process in both]
        stdout, stderr = (file.seek(0) or file.read() for file in (out, err))
    assert codes == [0, 0], stderr[-2000:]
    logs = [
        [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        for folder in (alone, tmp_path / "two")
    ]

    for one, two in zip(*logs, strict=True):
        assert one == pytest.approx(two, rel=1e-5)
    assert stdout.count("agreed 0.0") == 2
    told = [line.split() for line in stdout.splitlines() if line.startswith("whole")]
    assert len(told) == 2 * shard
    assert all(2 * int(held) == int(whole) > 0 for _, whole, _, held, *_ in told)
    # a machine that holds the base once is enough: the second begins when the first has spread it
    turns = sorted((float(began), float(ended)) for *_, began, _, ended in told)
    assert all(ended < began for (_, ended), (began, _) in pairwise(turns))
    assert read_record(tmp_path / "two")["applied"] == pytest.approx(read_record(alone)["applied"], rel=1e-3)


@pytest.mark.parametrize(
    ("other", "reason"),
    [({"method": "dora"}, "method=lora"), ({"skim": True}, "skim=false"), ({"probes": 3}, "probes=0")],
)
def test_what_cannot_be_spread_is_refused(other, reason):
    """Layers that are read whole, answers that one process writes, and packs that are not computed equally often."""
    require_sharding(RECIPE, 2)
    with pytest.raises(InputError, match=reason):
        require_sharding(replace(RECIPE, **other), 2)
