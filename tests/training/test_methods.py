"""
Ways to train: full tuning, DoRA, four bits, a probed rate, replay, and weights chosen by gain against forgetting.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice, repeat

import pytest
import torch
from idiolect.commands.evaluate import make_retrain, read_recipe
from idiolect.evaluation.general import PACKAGES
from idiolect.mining.corpus import read_corpus
from idiolect.mining.errors import InputError, MachineError, MissingExtraError
from idiolect.mining.languages import language_named
from idiolect.mining.mine_file import pairs_of_source
from idiolect.mining.source import parse_source
from idiolect.mining.split import LeakFinder
from idiolect.mining.taught import marks_of, read_taught
from idiolect.mining.workers import silent
from idiolect.training import looks, mix, models, pace, replay, setup, steps, train
from idiolect.training.adapter import attach_adapter, read_record
from idiolect.training.base_config import load_tokenizer, read_ends
from idiolect.training.bases import find_base
from idiolect.training.encode import Encoded
from idiolect.training.families import probe_family
from idiolect.training.forward import set_mode
from idiolect.training.full import fold_full
from idiolect.training.models import load_base_model
from idiolect.training.setup import prepare_model
from idiolect.training.sizing import size_recipe
from idiolect.training.steps import pack_loss
from idiolect.training.train import train_adapter
from safetensors.torch import load_file, save_file

from .conftest import CPU, make_pairs, pack_pairs, store_corpus, tiny_config, tiny_model, train_until
from .test_train import RECIPE, read_all

NOTHING_HELD = LeakFinder(())
SHORT = replace(RECIPE, steps=8, validate_every=4)


def log_of(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]


def test_full_tuning_is_saved_as_an_exact_adapter(family):
    """Folding every layer's change into two factors changes no logit; plain layers compute it then."""
    model = attach_adapter(tiny_model("qwen3", len(family.tokenizer)), replace(RECIPE, method="full"))
    torch.manual_seed(2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("delta"):
                parameter.normal_(std=0.05)
    set_mode(model, "single")
    ids = torch.tensor([family.encode("def total(values):\n")])
    with torch.no_grad():
        before = model(ids).logits
        with model.disable_adapter():
            base = model(ids).logits
        fold_full(model)
        after = model(ids).logits

    assert torch.allclose(before, after, atol=1e-4 * float(before.abs().max()))
    assert not torch.allclose(before, base, atol=1e-2)


def test_whole_layers_are_all_that_is_trained(family):
    """Adapters off and on again, the factors that a change is folded into are still none of what is trained."""
    model = attach_adapter(tiny_model("qwen3", len(family.tokenizer)), replace(RECIPE, method="full"), [3, 5])
    fresh = looks.trainable(model)
    with model.disable_adapter():
        pass

    assert {name.rpartition(".")[2] for name in fresh} == {"delta", "default"}
    assert looks.trainable(model).keys() == fresh.keys()


@pytest.mark.slow
def test_the_embedded_base_is_tuned_whole(tiny_corpus, tmp_path):
    """method=full lowers the loss of the embedded base and leaves PEFT's own files, which plain peft loads."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    recipe = replace(SHORT, method="full", learning_rate=3e-4, max_tokens=800, pack_tokens=800, warm_up=0)
    out = train_adapter(tiny_corpus, tmp_path / "out", base="embedded", recipe=recipe)
    losses = read_record(out)["losses"]["validation"]
    found = find_base("embedded")
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(found.folder), out)
    ids = load_tokenizer(found)("def total(values):\n", return_tensors="pt").input_ids

    assert losses["tuned"] < losses["base"]
    with torch.no_grad(), plain.disable_adapter():
        off = plain(ids).logits
    assert not torch.allclose(plain(ids).logits, off, atol=1e-2)


def test_full_tuning_of_another_base_is_refused(tiny_base, tiny_corpus, tmp_path):
    """Larger bases forget too much: only the embedded one is tuned whole."""
    with pytest.raises(InputError, match="method=full is for the embedded base"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(RECIPE, method="full"))


def test_dora_moves_its_magnitude(tiny_base, tiny_corpus, tmp_path):
    """A DoRA run learns, and its magnitudes have left their first values (23)."""
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(SHORT, method="dora"))
    losses = read_record(out)["losses"]["validation"]
    tensors = load_file(out / "adapter_model.safetensors")
    model = attach_adapter(
        load_base_model(find_base(tiny_base), device=CPU, dtype=torch.float32), replace(SHORT, method="dora")
    )
    fresh = {name: p.detach() for name, p in model.named_parameters() if "magnitude" in name}
    moved = [float((tensors[name.replace(".default.weight", "")] - first).abs().max()) for name, first in fresh.items()]

    assert losses["tuned"] < losses["base"]
    assert len(moved) == 14
    assert min(moved) > 1e-5


@pytest.mark.parametrize("checkpointing", [False, True])
def test_layers_are_compiled_once(checkpointing, family, monkeypatch):
    """Packs of other documents take no other code, or a run would soon be back at layers as they are."""
    graphs = []
    real = torch.nn.Module.compile
    keep = lambda graph, _: graphs.append(graph) or graph.forward  # noqa: E731 - a compiler that changes nothing
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **options: real(self, backend=keep, **options))
    config = tiny_config("llama", len(family.tokenizer))
    config.num_hidden_layers = 1
    recipe = replace(RECIPE, compile=True, checkpointing=checkpointing)
    model = attach_adapter(tiny_model(config, config.vocab_size), recipe)
    prepare_model(model, recipe, "packed", CPU)
    found = []
    for count in (2, 1, 5):
        pack = pack_pairs(family, count)
        pack_loss(model, pack, recipe, "packed", CPU, torch.float32).backward()
        found.append(len(graphs))

    assert found[0] > 0
    assert found == found[:1] * 3


def test_four_bits_need_bitsandbytes(monkeypatch):
    """Where there is a GPU and not the package, one line says what to install."""
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install bitsandbytes"):
        models.quantised(torch.device("cuda"), torch.bfloat16)


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"shard": True}, "this is one: start it with accelerate launch"), ({"method": "qlora"}, "no GPU here")],
)
def test_what_cannot_be_trained_here_is_known_beforehand(changes, why, tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """One process spreads no base, and a processor trains none in four bits: plan, run and evaluation say the same."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(setup, "load_base_model", lambda *_, **__: pytest.fail("loaded"))
    recipe = replace(RECIPE, **changes)
    for use in (train.plan_run, train_adapter):
        with pytest.raises(InputError, match=why):
            use(tiny_corpus, tmp_path / "out", base=tiny_base, adjust=lambda _: recipe)

    assert why in train.why_untrainable(recipe)
    assert not train.why_untrainable(RECIPE)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_four_bits_learn(tiny_corpus, tmp_path):
    """A quantised base is trained, and its adapter is loaded on the base as it was."""
    pytest.importorskip("bitsandbytes")
    from idiolect.training.generation import load_model

    out = train_adapter(tiny_corpus, tmp_path / "out", base="embedded", recipe=replace(SHORT, method="qlora"))
    losses = read_record(out)["losses"]["validation"]

    assert losses["tuned"] < losses["base"]
    assert load_model("embedded", out).generator.applied.applied


def test_a_base_stored_in_eight_bits_is_loaded_in_full(tmp_path, tokenizer, monkeypatch):
    """Kernels for such weights have no backward: on a GPU that has them, too, layers are plain ones."""
    model = tiny_model("llama", len(tokenizer))
    own = model.state_dict()
    model.save_pretrained(tmp_path)
    tensors = {}
    for name, weight in own.items():
        if "_proj" not in name:
            tensors[name] = weight.clone()
            continue
        blocks = weight.unflatten(0, (-1, 16)).unflatten(-1, (-1, 16))
        scales = blocks.abs().amax((1, 3)) / 448
        tensors[name] = (blocks / scales[:, None, :, None]).reshape(weight.shape).to(torch.float8_e4m3fn)
        tensors[f"{name}_scale_inv"] = scales
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    config["quantization_config"] = {"quant_method": "fp8", "weight_block_size": [16, 16]}
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
    loaded = load_base_model(find_base(tmp_path), device=CPU, dtype=torch.float32)

    assert type(loaded.model.layers[0].mlp.up_proj) is torch.nn.Linear
    for name, weight in loaded.state_dict().items():
        assert torch.allclose(own[name], weight, rtol=0.1, atol=2e-3), name
    # and stays in full where it is exported
    loaded.save_pretrained(tmp_path / "again")
    again = load_file(tmp_path / "again" / "model.safetensors")
    assert all(torch.equal(again[name], weight) for name, weight in loaded.state_dict().items())


def test_the_rate_is_probed_once(tiny_base, tiny_corpus, tmp_path):
    """Of a third, one and three times the rate the best after a few steps is used, recorded, and kept on resume."""
    recipe = replace(SHORT, rate_probe=6, learning_rate=1e-4)
    train_until(5, tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, resume=True)
    alone = train_adapter(tiny_corpus, tmp_path / "alone", base=tiny_base, recipe=recipe)

    # from so low a rate the largest learns most
    assert read_record(out)["recipe"]["learning_rate"] == pytest.approx(3e-4)
    assert read_all(out) == read_all(alone)


def test_a_fold_learns_at_the_rate_that_was_found(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """What is trained once more takes the rate as it is, also without a cache, and notes what pairs it was given."""
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    recipe = replace(SHORT, rate_probe=6, learning_rate=1e-4)
    first = train_adapter(tiny_corpus, tmp_path / "first", base=tiny_base, recipe=recipe)
    corpus = read_corpus(tiny_corpus)
    pairs = [*corpus.pairs("train")[:40], *corpus.pairs("test")]

    make_retrain(corpus, read_recipe(first), find_base(tiny_base), silent)(pairs, tmp_path / "fold")
    record = read_record(tmp_path / "fold")

    assert record["recipe"]["learning_rate"] == read_record(first)["recipe"]["learning_rate"]
    assert record["counts"]["kinds"] == {"implement": 42, "infill": 14}
    assert record["counts"]["languages"] == {"python": 56}
    assert {mark for pair in pairs for mark in marks_of(pair)} == read_taught(tmp_path / "fold", record["files"])


def test_probing_leaves_the_model_as_it_was(tiny_base, tiny_corpus, tmp_path):
    """A run whose probe picks rate r is the run that was given r."""
    probed = train_adapter(
        tiny_corpus, tmp_path / "a", base=tiny_base, recipe=replace(SHORT, rate_probe=6, learning_rate=1e-4)
    )
    given = train_adapter(tiny_corpus, tmp_path / "b", base=tiny_base, recipe=replace(SHORT, learning_rate=3e-4))

    assert (probed / "adapter_model.safetensors").read_bytes() == (given / "adapter_model.safetensors").read_bytes()


def test_replay_is_mixed_in_and_counted(tiny_base, tiny_corpus, tmp_path):
    """General code and the base's own answers are learned from, watched, and told in the record; resume keeps them."""
    recipe = replace(SHORT, replay=0.3, max_tokens=500)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)
    record, looks = read_record(out), [line for line in log_of(out) if "held_out_loss" in line]

    assert record["counts"]["replayed"]["general"] > 2
    assert record["counts"]["pairs"] == 64
    assert 0 < min(line["general_loss"] for line in looks)


def test_a_resumed_run_replays_the_same(tiny_base, tiny_corpus, tmp_path):
    """What the base wrote itself is written once: killed and resumed, a run with replay ends bit-equal."""
    recipe = replace(SHORT, replay=0.2, max_tokens=500)
    train_until(5, tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe, resume=True)

    assert read_all(out) == read_all(train_adapter(tiny_corpus, tmp_path / "x", base=tiny_base, recipe=recipe))


def test_only_the_manifest_of_a_base_names_packages(tmp_path):
    """A file of that name beside a model may be anything; of one of ours the packages that lie here are read."""
    rows = [{"package": "pytest", "version": pytest.__version__}, {"package": "pytest-cov", "version": "0"}]
    ours = {"schema": "idiolect.base-data/1", "packages": rows}
    found = []
    for content in ({"packages": {"": {}}}, [], None, {"packages": rows}, ours):
        (tmp_path / "manifest.json").write_text(json.dumps(content))
        found.append({entry.package for entry in replay.manifest_files(tmp_path / "model")})

    assert found == [set(), set(), set(), set(), {"pytest"}]


def test_own_answers_end_by_themselves(family):
    """Of what the base writes only answers with an end are kept, with the training's own end token last."""

    class Writer:
        def __init__(self):
            self.family = family

        def continue_ids(self, prompts, **options):
            # the second ended by itself, the first at its limit
            yield from [(0, [25, 26, 27]), (1, [25, 26, family.stop_id])] if len(prompts) == 2 else []

    prompts = [replay.unpack_examples([{"id": "a", "prompt_id": "", "shared": [], "ask": [9], "answer": [1]}])[0]] * 2
    own = replay.write_own(Writer(), prompts, answer_tokens=10, seed=0)

    assert [[25, 26, family.stop_id]] == [example.answer.tolist() for example in own]
    assert [example.id.partition(":")[0] for example in own] == ["own"]


def test_no_more_prompts_are_taken_than_the_answers_need(family):
    """Prompts without end are drawn until enough of what was answered has ended."""

    class Writer:
        def __init__(self):
            self.family = family

        def continue_ids(self, prompts, **options):
            # every second answer ends by itself
            yield from ((index, [25, 26, family.stop_id if index % 2 else 27]) for index in range(len(prompts)))

    prompt = replay.unpack_examples([{"id": "a", "prompt_id": "", "shared": [], "ask": [9], "answer": [1]}])[0]
    own, short = (
        replay.write_own(Writer(), prompts, answer_tokens=100, seed=0) for prompts in (repeat(prompt), [prompt] * 40)
    )

    assert (len(own), len(short)) == (48, 20)


def test_the_base_is_asked_until_it_has_answered_enough(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """However little general code is repeated beside them, prompts for the base's own answers do not run out."""
    offered = []

    def write(generator, prompts, **_):
        offered.extend(islice(prompts, 64))
        return []

    monkeypatch.setattr(setup, "write_own", write)
    recipe = replace(SHORT, steps=1, replay=0.3, replay_own=1.0, max_tokens=500)
    train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)

    # a file gives four, and the tiny base reads few files whole
    assert len({example.id for example in offered}) > 8


def test_a_further_adapter_trains_no_longer(tiny_base, tiny_corpus, tmp_path):
    """
    The same pairs are as many steps, although the recipe leaves some of them out, as it does in a small corpus.

    It tells how far it is. Once it is finished, it is not trained again.
    """
    said: list[tuple[str, int, int]] = []
    out = train_adapter(tiny_corpus, tmp_path / "first", base=tiny_base, recipe=replace(SHORT, steps=6, infill=0.05))
    corpus = read_corpus(tiny_corpus)
    pairs = corpus.pairs("train")
    assert read_record(out)["counts"]["pairs"] < 0.8 * len(pairs)
    retrain = make_retrain(corpus, read_recipe(out), find_base(tiny_base), lambda *told: said.append(told))
    # made anew meanwhile by another recipe, say
    (out / "idiolect.json").unlink()
    retrain(pairs, tmp_path / "second")

    assert read_record(tmp_path / "second")["counts"]["steps"] == 6
    assert 6 in {done for stage, done, total in said if stage.startswith("train") and total == 6}
    made = (tmp_path / "second" / "idiolect.json").stat()
    retrain(pairs, tmp_path / "second")
    assert made == (tmp_path / "second" / "idiolect.json").stat()


def test_repeated_code_asks_less_than_watched_code():
    """To read a request takes time and teaches nothing: what is repeated has long answers to short ones."""
    base = find_base("embedded")
    family = probe_family(load_tokenizer(base), read_ends(base))
    limits = {"answer_tokens": 2000, "max_tokens": 2000}
    files = list(replay.general_files(base))
    repeated, watched = (
        replay.general_examples(files, family, NOTHING_HELD, watched=one, **limits) for one in (False, True)
    )

    def read(examples):
        return sum(len(example.ask) for example in examples) / sum(len(example.answer) for example in examples)

    assert read(repeated) < read(watched) / 2
    assert sum(len(example.answer) for example in repeated) >= 2000


@pytest.mark.parametrize(("most", "turns"), [(50, 4), (2, 2)])
def test_further_passes_repeat_other_code(most, turns, family, tiny_base, monkeypatch):
    """A pass repeats as much as the one before and nothing of it; there are as many turns as passes or as need be."""
    monkeypatch.setattr(replay, "REPEATED", 4000)
    files = list(replay.general_files(find_base(tiny_base)))
    found = replay.general_turns(files, family, NOTHING_HELD, answer_tokens=1000, max_tokens=2000, most=most)
    names = [{example.id for example in turn} for turn in found]

    assert len(found) == turns
    assert all(sum(len(example.answer) for example in turn) >= 1000 for turn in found)
    assert len(set.union(*names)) == sum(map(len, names))


def test_general_code_that_the_house_has_is_neither_repeated_nor_watched(tiny_base, tmp_path, monkeypatch):
    """A repository whose code lies in the standard library too is asked for none that was repeated."""
    base = find_base(tiny_base)
    files = [entry for entry in replay.general_files(base) if entry.path.startswith("json/")]
    monkeypatch.setattr(setup, "general_files", lambda base: files)
    pairs = [*make_pairs(64), *make_pairs(4, split="validation")]
    seen = []
    monkeypatch.setattr(replay, "encode_pairs", lambda drawn, *_, **__: seen.extend(drawn) or Encoded((), {}))

    def repeated(held):
        seen.clear()
        out = tmp_path / str(len(held))
        train_adapter(store_corpus(out / "corpus", [*pairs, *held]), out / "adapter", base=tiny_base, recipe=recipe)
        return {pair.symbol for pair in seen}

    recipe = replace(RECIPE, replay=0.5, steps=1)
    source = parse_source("json/encoder.py", next(f.file for f in files if f.path.endswith("encoder.py")).read_bytes(),
                          language_named("python"))  # fmt: skip
    held = [replace(pair, split="test") for pair in pairs_of_source(source, ("implement",))]

    assert {"JSONEncoder.encode", "JSONEncoder.default"} & repeated([])
    assert not {pair.symbol for pair in held} & repeated(held)


def test_general_code_is_of_many_packages():
    """Every package's first file comes before any package's second."""
    packages = [entry.package for entry in replay.general_files(find_base("embedded"))]
    different = len(set(packages))

    assert different > 3
    assert len(set(packages[:different])) == different


def test_replayed_code_is_not_what_forgetting_is_measured_on(family, tiny_base):
    """Neither watched code nor evaluation's packages are ever learned from."""
    files = list(replay.general_files(find_base(tiny_base)))
    limits = {"max_tokens": 2000, "answer_tokens": 10_000}
    learned, watched = (
        {example.id for example in replay.general_examples(files, family, NOTHING_HELD, watched=one, **limits)}
        for one in (False, True)
    )
    read = {entry.package.lower() for entry in replay.general_files(find_base("embedded"))}

    assert learned and watched
    assert not learned & watched
    assert len(read) > 3
    assert not read & set(PACKAGES)


@pytest.mark.parametrize("accelerator", [False, True])
@pytest.mark.parametrize("parameters", [6_000_000, 135_000_000, 7_000_000_000])
def test_every_run_repeats_and_watches_general_code(parameters, accelerator):
    """However short it is and whatever the base; on a processor no base writes answers of its own for it."""
    recipe = size_recipe(pairs=1_000, parameters=parameters, context_length=2048, accelerator=accelerator)

    assert recipe.replay >= 0.1
    assert recipe.forgetting > 0
    assert (recipe.replay_own > 0) is (accelerator and parameters > 10_000_000)


def test_forgetting_weighs_against_gain(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """The weights kept are those with the best held-out loss plus what was forgotten since the start."""
    seen = iter([(3.0, 2.0), (2.5, 2.1), (2.2, 2.9), (2.4, 2.15), (2.46, 2.1)])
    for module in (pace, looks):
        monkeypatch.setattr(module, "measure", lambda setup, score=None: looks.Measured(*next(seen)))
    recipe = replace(RECIPE, steps=8, validate_every=2)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)

    # beyond the allowance of 0.06: 2.5 + 0.04, 2.2 + 0.84, 2.4 + 0.09, 2.46 + 0.04: the third look
    assert 6 == read_record(out)["losses"]["validation"]["best_step"]


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
    ids=["processor", "GPU"],
)
def test_running_out_of_memory_is_one_line(fault, tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """An allocator's refusal becomes an error with the way out, and a checkpoint stays (faults E07)."""

    def refuse(*_, **__):
        raise fault

    monkeypatch.setattr(steps, "take_step", refuse)
    with pytest.raises(MachineError, match="Lower pack_tokens"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=RECIPE)


def test_trackers_get_every_line(tiny_base, tiny_corpus, tmp_path):
    """TensorBoard, through accelerate, gets losses and rates; the files stand outside every hash."""
    pytest.importorskip("tensorboardX")
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=SHORT, trackers=["tensorboard"])
    data = b"".join(file.read_bytes() for file in (out / "tracking").rglob("events.*"))

    assert b"held_out_loss" in data
    assert not any("tracking" in name for name in read_record(out)["files"])


def test_an_unknown_tracker_is_refused(tiny_base, tiny_corpus, tmp_path):
    """A tracker that is not installed is named together with those that are."""
    with pytest.raises(InputError, match="No tracker 'abacus'"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=SHORT, trackers=["abacus"])


@pytest.mark.parametrize(("share", "holes"), [(0.5, 16), (0.25, 16), (0.1, 5), (0.0, 0), (1.0, 16)])
def test_pairs_with_a_hole_are_at_most_a_share(share, holes):
    """A quarter of these pairs are `infill`; what is beyond the recipe's share is left out, the same ones each time."""
    pairs = make_pairs(64)
    kept, out = mix.limit_infill(pairs, share)

    assert sum(pair.kind == "infill" for pair in kept) == holes
    assert len(kept) + out == len(pairs)
    assert mix.limit_infill(pairs[::-1], share)[0] == kept[::-1]


def test_holes_alone_are_learned_from():
    """A corpus of nothing but `infill` pairs is left as it is."""
    pairs = [pair for pair in make_pairs(64) if pair.kind == "infill"]

    assert mix.limit_infill(pairs, 0.25) == (pairs, 0)
