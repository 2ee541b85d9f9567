"""
A plan is arithmetic over shapes, and it is right about the bytes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from statistics import median_low
from types import SimpleNamespace

import pytest
import torch
from idiolect.mining.corpus import read_corpus
from idiolect.mining.errors import MachineError, TooSmallError
from idiolect.training import budget, lanes, looks, machine, material, pace, setup, train
from idiolect.training.adapter import attach_adapter, read_record
from idiolect.training.bases import find_base
from idiolect.training.encode import as_ids, join_plain
from idiolect.training.forward import answer_losses, set_mode, to_batch
from idiolect.training.fused import fuse_adapter
from idiolect.training.models import load_base_model
from idiolect.training.packing import Chunk
from idiolect.training.setup import prepare_model
from idiolect.training.shape import read_shape
from idiolect.training.steps import pack_loss

from .conftest import CPU, pack_pairs, store_base, tiny_config, tiny_model
from .test_train import RECIPE


def saved_bytes(model, batch):
    """Return the bytes that a forward keeps for its backward, weights not counted."""
    held = {}

    def note(tensor):
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        losses = answer_losses(model, batch)
    total = sum(size for place, size in held.items() if place not in weights)
    del losses
    return total


@pytest.mark.parametrize("changes", [{}, {"method": "dora"}, {"fuse_layers": False}], ids=["lora", "dora", "unfused"])
def test_counted_activations_are_the_real_ones(changes, tiny_base, family):
    """The bytes counted without any memory are those that a real forward keeps, within a seventh."""
    recipe = replace(RECIPE, **changes)
    found = find_base(tiny_base)
    shape = read_shape(found, recipe, torch.float32)
    model = attach_adapter(load_base_model(found, device=CPU, dtype=torch.float32), recipe)
    if recipe.fuse_layers:
        fuse_adapter(model)
    set_mode(model, "packed")
    model.train()
    pack = pack_pairs(family, 12, share=1)
    answer_losses(model, to_batch(pack, "packed", CPU, torch.float32))  # asks once whether the head is plain
    real = saved_bytes(model, to_batch(pack, "packed", CPU, torch.float32))
    counted = budget.saved_bytes(shape, pack.tokens, len(pack.keep))

    assert counted == pytest.approx(real, rel=1 / 7)
    assert shape.trained == sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_recomputing_keeps_less_and_computes_more(tiny_base):
    """Checkpointing lowers what a token keeps, for one more forward through the layers: a third of a step or more."""
    recipe = replace(RECIPE, checkpointing=True)
    kept = read_shape(find_base(tiny_base), RECIPE, torch.float32)
    recomputed = read_shape(find_base(tiny_base), recipe, torch.float32)
    once, twice = (budget.step_flops(kept, one, 1000, 10) for one in (RECIPE, recipe))

    assert recomputed.saved_a_token < 0.7 * kept.saved_a_token
    assert 1.3 * once < twice < 1.5 * once


@pytest.mark.filterwarnings("error:.*gradient_checkpointing_enable:FutureWarning")
@pytest.mark.parametrize(("method", "dtype"), [("lora", torch.float32), ("dora", torch.bfloat16)])
def test_layers_are_recomputed_where_they_shall_be(method, dtype, tiny_base, family):
    """With checkpointing every layer runs once more for the backward; its gradient is that of a run that keeps all."""
    pack = pack_pairs(family, 6)
    calls, gradients = [0, 0], []
    for checkpointing in (False, True):
        recipe = replace(RECIPE, method=method, checkpointing=checkpointing, prompts_first=False)
        model = attach_adapter(load_base_model(find_base(tiny_base), device=CPU, dtype=dtype), recipe)
        prepare_model(model, recipe, "packed", CPU)

        def note(*_, place=int(checkpointing)):
            calls[place] += 1

        model.get_base_model().model.layers[0].mlp.register_forward_pre_hook(note)
        pack_loss(model, pack, recipe, "packed", CPU, dtype).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))

    assert calls == [1, 2]
    assert (gradients[1] - gradients[0]).norm() <= 1e-5 * gradients[0].norm()


@pytest.mark.parametrize(("architecture", "name"), [("starcoder2", "embedding_dropout"), ("opt", "dropout")])
def test_a_base_drops_nothing_where_layers_are_recomputed(architecture, name, family):
    """StarCoder2 drops of its embeddings, OPT in its layers: the loss stays what it is without."""
    pack = pack_pairs(family, 6)
    config = tiny_config(architecture, len(family.tokenizer))
    setattr(config, name, 0.5)
    losses = []
    for checkpointing in (False, True):
        recipe = replace(RECIPE, checkpointing=checkpointing)
        model = attach_adapter(tiny_model(config, config.vocab_size), recipe)
        prepare_model(model, recipe, "packed", CPU)
        loss = pack_loss(model, pack, recipe, "packed", CPU, torch.float32)
        # after the block that says so the layers are computed once more
        loss.backward()
        losses.append(loss.item())

    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def tensor_bytes(file):
    """Return the bytes of the tensors in *file*, which stand behind a head that says how long it is."""
    data = file.read_bytes()
    return len(data) - 8 - int.from_bytes(data[:8], "little")


def test_the_plan_is_what_happens(tiny_base, tiny_corpus, tmp_path):
    """Pairs, steps, trained parameters and bytes on the disk are those of the run; planning writes nothing."""
    recipe = replace(RECIPE, steps=None, epochs=2.0, embedding_rate=0.5)
    adjust = lambda _: recipe  # noqa: E731 - one line, used twice
    planned = train.plan_run(tiny_corpus, tmp_path / "out", base=tiny_base, adjust=adjust)
    untouched = list(tmp_path.iterdir()) == []
    kept = [0]

    def weigh(*_):
        kept.append(sum(map(tensor_bytes, tmp_path.glob("out/checkpoints/step-*/*.safetensors"))))

    out = train.train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, adjust=adjust, progress=weigh)
    record = json.loads((out / "idiolect.json").read_text())

    assert untouched
    assert planned.work.steps == record["counts"]["steps"]
    assert planned.work.pairs == record["counts"]["pairs"]
    assert planned.work.left_out == record["counts"]["refused"]
    assert planned.trained_parameters == record["counts"]["trained_parameters"]
    assert planned.disk.adapter == tensor_bytes(out / "adapter_model.safetensors")
    # each number has a gradient and two averages beside it
    assert planned.memory.trained == 4 * planned.disk.adapter
    # two checkpoints stay, and there are three while the oldest has to go
    assert planned.disk.checkpoints == pytest.approx(3 / 2 * max(kept), rel=0.1)


def test_minutes_hold_steps_and_looks(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """What a run looks at takes time that its steps do not get; more so where prompts have to be learned from."""
    monkeypatch.setattr(budget, "matrix_rate", lambda device, dtype: 2e8)

    def planned(**changes):
        recipe = replace(RECIPE, **{"steps": None, "epochs": 1e5, "minutes": 2.0, "replay": 0.2, **changes})
        return train.plan_run(tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _: recipe)

    def fills_minutes(work):
        held = 120 * (1 - pace.DOUBT) - pace.SAVING
        return held - 2 * work.seconds / work.steps < work.seconds <= held

    plain, skimmed, unwatched = planned(), planned(skim=True), planned(skim=True, forgetting=0.0)

    assert plain.unmet is None
    assert skimmed.unmet == plain.work
    assert plain.work.steps < skimmed.work.steps < unwatched.work.steps
    assert all(fills_minutes(plan.work) for plan in (plain, skimmed, unwatched))
    assert "if the code turns out to be new to the base" in budget.describe_budget(skimmed)
    for more in ({"validate_every": 1}, {"rate_probe": 2}):
        plan = planned(**more)
        assert plan.work.steps < plain.work.steps
        assert fills_minutes(plan.work)
    # steps that are named, and those of few epochs, are no more for all minutes; nothing is timed to count them
    eight = planned(steps=8).work
    assert 8 == eight.steps and eight.seconds == planned(steps=8, minutes=None).work.seconds
    assert planned(epochs=1.0, minutes=1e3).work.steps == planned(epochs=1.0, minutes=None).work.steps
    assert planned(steps=8, rate_probe=2).work.seconds > eight.seconds
    alone, beside = (planned(minutes=None, epochs=10.0, replay=replay).work.steps for replay in (0.0, 0.5))
    assert beside == pytest.approx(1.5 * alone, rel=0.1)


def test_a_prompt_that_answers_share_is_looked_at_once():
    """A look reads ten answers behind one prompt in less than twice the time that it takes for one."""
    shape = SimpleNamespace(parameters=1000, trained=10, head=100)
    example = join_plain(as_ids(range(1000)), as_ids([1]), as_ids([2, 3]))
    one, ten = (
        budget.look_flops(shape, RECIPE, [replace(example, id=str(n)) for n in range(count)]) for count in (1, 10)
    )

    assert one < ten < 2 * one
    # a prompt and its answer pass the body, an answer the head, a watched token both, all forward alone
    watching = replace(RECIPE, replay=0.2)
    assert one == 2 * 1003 * 910 + 2 * 2 * 100
    assert budget.look_flops(shape, watching, [example]) - one == 2 * watching.watched_tokens * 1010 > 0


@pytest.mark.parametrize(
    ("parameters", "trained", "head", "changes", "flops"),
    [
        pytest.param(7, 0, 0, {}, 4 * 7 * 1000, id="through what is frozen twice"),
        pytest.param(0, 7, 0, {}, 6 * 7 * 1000, id="through an adapter three times"),
        pytest.param(7, 0, 7, {}, 4 * 7 * 10, id="through the head twice, by answers alone"),
        pytest.param(7, 0, 0, {"skim": True}, 2 * 7 * 1000 + 2 * 7 * 10, id="back from answers alone"),
        pytest.param(7, 0, 0, {"checkpointing": True}, 6 * 7 * 1000, id="forward once more"),
        pytest.param(
            7, 0, 0, {"skim": True, "checkpointing": True}, 2 * 7 * 1000 + 4 * 7 * 10, id="once more from answers"
        ),
    ],
)
def test_a_step_passes(parameters, trained, head, changes, flops):
    """A step of 1,000 tokens, 10 of them answers: each pass multiplies and adds once for a parameter and a token."""
    shape = SimpleNamespace(parameters=parameters, trained=trained, head=head)

    assert flops == budget.step_flops(shape, replace(RECIPE, **changes), 1000, 10)


@pytest.mark.parametrize("every", [0, 1, 3, 50])
def test_looks_as_often_as_was_said_fit_into_the_minutes(every):
    """Four minutes of steps of a second and looks of three: what a run takes is what it was given."""
    steps = pace.fit_steps(240, 237, 1.0, 3.0, 50, every)
    spent = 3 + steps + 3 * (looks.count_looks(steps, 50, every) + pace.TRIES) + pace.SAVING

    assert 210 < spent <= 240


PACK = [Chunk((0,), 100, 10)]


def time_steps(a_step, packs, processes, monkeypatch, device="cpu"):
    """Return what is measured of steps of so many *packs* that take one process *a_step*, and how long it took."""
    now = [0.0]

    def step(*_):
        now[0] += a_step() if callable(a_step) else a_step

    monkeypatch.setattr(pace, "add_gradients", step)
    monkeypatch.setattr(pace, "trainable", lambda _: {})
    monkeypatch.setattr(pace, "agree", lambda _, value: value)
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    nothing = SimpleNamespace(
        model=SimpleNamespace(zero_grad=lambda **_: None),
        accelerator=SimpleNamespace(num_processes=processes),
        device=torch.device(device),
        lanes=1,
        report=lambda *_: None,
    )
    return pace.time_steps(nothing, [[PACK] * packs] * 20, most=0.02 * 480), now[0]


@pytest.mark.parametrize(("a_step", "timed"), [(0.1, 6), (3.0, 4), (5.0, 3), (40.0, 2), (160.0, 1)])
def test_slow_steps_are_not_timed_often(a_step, timed, monkeypatch):
    """Of eight minutes no 30 seconds go into six steps of five seconds each; what a plan counts for them is near."""
    measured, spent = time_steps(a_step, 1, 1, monkeypatch)

    assert measured == pytest.approx(a_step)
    assert spent == pytest.approx(timed * a_step)
    assert pace.probing(480, a_step) == pytest.approx(spent, rel=0.25)


@pytest.mark.parametrize(("packs", "processes", "waits"), [(2, 2, 1), (2, 8, 1), (8, 8, 1), (9, 8, 2), (8, 3, 3)])
def test_a_step_takes_as_long_as_the_process_with_most_packs(packs, processes, waits, monkeypatch):
    """Eight processes are no faster on two packs than two; nine packs take them twice as long as eight."""
    measured, _ = time_steps(1.0, packs, processes, monkeypatch)

    assert measured == pytest.approx(waits / packs)


@pytest.mark.parametrize(("parameters", "smaller"), [(100_000_000, ", a smaller base"), (7_000_000, "")])
def test_minutes_that_hold_next_to_nothing_are_said_to(parameters, smaller, monkeypatch):
    """A machine that makes 2 steps in them is told so before it makes them, once; one that makes 20 is left alone."""
    said = []
    run = SimpleNamespace(
        recipe=replace(RECIPE, minutes=8.0, steps=None, epochs=1.0),
        plan=SimpleNamespace(epoch=lambda _: [[PACK]] * 100),
        report=lambda text, *_: said.append(text),
        model=torch.nn.Embedding(parameters, 1, device="meta"),
    )
    for held in (20, 2):
        monkeypatch.setattr(pace, "steps_in", lambda *_, held=held: held)
        assert pace.count_steps(run, a_look=1.0) == held

    assert pace.hold(1) == "1 minute holds"
    assert ["plan: 8 minutes hold 2 of the 100 steps here, which teaches next to nothing; give it more "
            f"minutes{smaller} or a GPU"] == said  # fmt: skip

    def refuse(*_: int) -> None:
        raise TooSmallError("too few")

    with pytest.raises(TooSmallError, match="too few"):
        pace.count_steps(run, 1.0, refuse)
    assert 1 == len(said)


def read_material(base, corpus, recipe):
    """Return what a run of *recipe* is made of."""
    order = material.Order(read_corpus(corpus), find_base(base), recipe)
    return material.gather(order, CPU, lambda *_: None, 0.0)


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 40])
def test_every_process_gets_a_pack_of_a_step(processes, tiny_base, tiny_corpus):
    """Packs are as short as that takes, never below the longest document; where that is too long, it is said."""
    recipe = replace(RECIPE, step_tokens=1600, pack_tokens=800, max_tokens=200, share=1)
    plan, said = read_material(tiny_base, tiny_corpus, recipe).plan(processes=processes), []
    start = SimpleNamespace(
        accelerator=SimpleNamespace(num_processes=processes), plan=plan, report=lambda text, *_: said.append(text)
    )
    setup.announce_idle(start)

    assert plan.pack_tokens == {1: 800, 2: 800, 3: 534, 4: 400, 40: 200}[processes]
    assert median_low(map(len, plan.epoch(0))) >= min(processes, 8)
    assert len(said) == (processes == 40)
    assert all("9 packs for 40 processes, and 31 of these wait" in text for text in said)


def test_more_processes_are_planned_with_less_time(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """As much as their packs are alike, and no less where further processes have none."""
    monkeypatch.setattr(budget, "matrix_rate", lambda *_: 1e9)
    recipe = replace(RECIPE, validation_tokens=1)

    def plan(processes):
        monkeypatch.setenv("WORLD_SIZE", str(processes))
        return train.plan_run(tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _: recipe).work

    one, two, four, eight = map(plan, (1, 2, 4, 8))

    assert one.flops == two.flops == four.flops == eight.flops
    assert 0.5 <= two.seconds / one.seconds < 0.6
    assert 0.25 <= four.seconds / one.seconds < 0.4
    assert eight.seconds == four.seconds


def test_a_base_that_takes_no_packs_is_planned_so(tiny_corpus, tmp_path, tokenizer):
    """Convolutions carry state past a mask: every pair is a pack of its own, and there are as many steps as planned."""
    store_base(tmp_path / "base", tiny_model("lfm2", len(tokenizer)), tokenizer)
    adjust = lambda recipe: replace(RECIPE, steps=None, epochs=1.0)  # noqa: E731 - one line, used twice
    planned = train.plan_run(tiny_corpus, tmp_path / "out", base=tmp_path / "base", adjust=adjust)
    out = train.train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path / "base", adjust=adjust)
    record = json.loads((out / "idiolect.json").read_text())

    assert record["packing"] == "single"
    assert planned.work.steps == record["recipe"]["steps"]


def test_a_fast_device_is_timed_on_a_product_that_takes_it_a_while(monkeypatch):
    """A device of 700 TFLOP/s that takes 50 microseconds to be asked is not planned with at a fifteenth of its rate."""
    now, size = [0.0], [0]
    randn = torch.randn

    def on_the_device(*shape, **_):
        size[0] = shape[0]
        return randn(*shape, device="meta")

    def wait(_):
        now[0] += 2 * size[0] ** 3 / 7e14 + 5e-5

    monkeypatch.setattr(machine, "synchronize", wait)
    monkeypatch.setattr(machine.torch, "randn", on_the_device)
    monkeypatch.setattr(machine.time, "perf_counter", lambda: now[0])

    assert machine.matrix_rate(torch.device("cuda"), torch.bfloat16) == pytest.approx(7e14, rel=0.1)


def test_what_torch_holds_in_reserve_is_free(monkeypatch):
    """Of an accelerator whose memory an earlier model took and gave back, a further one may have it."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (10, 100))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 70)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 30)

    assert 50 == machine.free_memory(torch.device("cuda"))


def test_compiling_kernels_is_no_step(monkeypatch):
    """A GPU's first step, which compiles for half a minute, does not tell how long the others take."""
    monkeypatch.setattr(pace, "synchronize", lambda _: None)
    calls = count()
    measured, spent = time_steps(lambda: 1.0 if next(calls) else 30.0, 1, 1, monkeypatch, device="cuda")

    assert (pytest.approx(1.0), 36.0) == (measured, spent)


def test_what_fits_is_told_from_what_does_not():
    """Of free memory 92 % may be filled by all parts together, of the disk all; a plan that does not fit says so."""
    memories = [budget.Memory(weights=50, trained=20, activations=12, head=head, free=100) for head in (10, 11)]
    disks = [budget.Disk(adapter=4, checkpoints=size, free=10) for size in (6, 7)]
    work = budget.Work(64, {"too_long": 3}, 24, 1000, 1e9, 90.0)
    told = [
        budget.describe_budget(budget.Budget(1000, 10, memory, work, None, disk, 512))
        for memory, disk in zip(memories, disks, strict=True)
    ]

    assert [True, False] == [memory.fits for memory in memories] == [disk.fits for disk in disks]
    assert ["take longer ones: --set max_tokens=N"] == [line.strip() for line in told[0].splitlines() if "take" in line]
    assert [0, 2] == [text.count("It does NOT fit") for text in told]


def test_a_plan_reads_so():
    """Sizes are MiB, and GiB from half of one on; the time is minutes; pairs that are left out come with the way in."""
    memory = budget.Memory(weights=2**30, trained=2**29, activations=2**29 - 2**20, head=2**20, free=3 * 2**30)
    disk = budget.Disk(adapter=2**20, checkpoints=3 * 2**30, free=2**30)
    work = budget.Work(1024, {}, 1000, 20_000, 1.5e12, 90.0)
    plan = budget.Budget(5000, 1000, memory, work, replace(work, seconds=180.0), disk, 2048)

    assert budget.describe_budget(plan).splitlines() == [
        "base    5,000 parameters, 1,000 trained",
        "work    1,024 pairs, about 1,000 steps, 20,000 tokens, 1.5e+12 FLOPs, 1.5 minutes",
        "or      about 1,000 steps, 20,000 tokens, 1.5e+12 FLOPs, 3.0 minutes, if the code turns out to be new to the "
        "base",
        "memory  2.00 GiB of 3.00 GiB free, in packs of 2,048 tokens: weights 1.00 GiB, training 0.50 GiB, activations "
        "511.0 MiB, head 1.0 MiB",
        "disk    1.0 MiB adapter, 3.00 GiB checkpoints, 1.00 GiB free",
        "It does NOT fit onto the disk.",
    ]
    assert plan.as_json()["fits"] == {"memory": True, "disk": False}
    assert plan.as_json()["memory"]["total"] == 2**31


def test_too_little_memory_is_refused_before_loading(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """A run that does not fit says how to make it fit, and no weight is read."""
    monkeypatch.setattr(budget, "free_memory", lambda device: 1000)
    monkeypatch.setattr(setup, "load_base_model", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(MachineError, match="checkpointing=true, or a smaller max_tokens"):
        train.train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=RECIPE)


def test_packs_are_cut_to_what_memory_holds(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Where the recipe's packs are too large, shorter ones add up to the same steps, and it is said."""
    recipe = replace(RECIPE, steps=None, pack_tokens=1600, step_tokens=1600, max_tokens=200, lanes=False)
    planned = train.plan_run(tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _: recipe)
    free = int(planned.memory.total * 0.8)
    monkeypatch.setattr(budget, "free_memory", lambda device: free)
    cut = train.plan_run(tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _: recipe)
    said = []
    one = replace(recipe, steps=1)
    train.train_adapter(
        tiny_corpus, tmp_path / "out", base=tiny_base, recipe=one, progress=lambda text, *_: said.append(text)
    )

    assert planned.pack_tokens == 1600
    assert 200 <= cut.pack_tokens < 1600
    assert cut.memory.fits
    assert cut.work.steps == planned.work.steps
    assert f"plan: packs of {cut.pack_tokens} tokens, for memory holds no longer ones" in said


def test_a_container_has_less_memory_than_its_machine(tmp_path):
    """The least that any group above the process has left counts, and what files fill of it is no lack."""

    def plant(group, most, held, files):
        group.mkdir(parents=True, exist_ok=True)
        stat = f"anon 5\ninactive_file {files}"
        for name, text in (("memory.max", most), ("memory.current", held), ("memory.stat", stat)):
            (group / name).write_text(f"{text}\n", "utf-8")

    top = tmp_path / "sys/fs/cgroup"
    (tmp_path / "proc/self").mkdir(parents=True)
    assert machine.container_memory(tmp_path) is None
    (tmp_path / "proc/self/cgroup").write_text("1:name=systemd:/\n0::/pod/job\n", "utf-8")
    plant(top / "pod" / "job", "max", 700, 0)
    assert machine.container_memory(tmp_path) is None
    plant(top / "pod", 4000, 3500, 200)
    assert machine.container_memory(tmp_path) == 700
    plant(top / "pod" / "job", 1000, 700, 100)
    assert machine.container_memory(tmp_path) == 400


def test_too_little_disk_is_refused_before_the_first_step(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Checkpoints that will not fit are told before anything is trained, and no folder is left of it (faults E06)."""
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(budget.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(MachineError, match="Make room"):
        train.train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=RECIPE)

    assert not (tmp_path / "out").exists()


def test_the_command_prints_a_plan(tiny_base, tiny_corpus, tmp_path, capsys):
    """`train --plan` prints memory, steps, time and disk for people and, with --json, for machines."""
    from idiolect.cli import main

    arguments = ["train", str(tiny_corpus), "--out", str(tmp_path / "a"), "--base", str(tiny_base), "--plan"]
    code = main(arguments)
    printed = capsys.readouterr().out
    main([*arguments, "--json"])
    body = json.loads(capsys.readouterr().out)

    assert code == 0
    assert all(word in printed for word in ("memory", "steps", "minutes", "disk"))
    assert "next to nothing" not in printed
    assert main([*arguments, "--set", "steps=9"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Fewer than 10 steps teach next to nothing: ")
    assert body["memory"]["total"] > body["memory"]["weights"] > 0
    assert not (tmp_path / "a").exists()


def test_packs_computed_side_by_side_are_all_held(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Two packs at a time keep twice the activations and logits of one; a step of one pack keeps one."""
    monkeypatch.setattr(lanes, "count_lanes", lambda device: 2)

    def held(**changes):
        recipe = replace(RECIPE, **{"pack_tokens": 256, "step_tokens": 1024, **changes})
        memory = train.plan_run(tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _: recipe).memory
        return memory.activations, memory.head

    activations, head = held(lanes=False)

    assert activations > head > 0
    assert held() == (2 * activations, 2 * head)
    assert held(pack_tokens=4096, step_tokens=1) == held(pack_tokens=4096, step_tokens=1, lanes=False)
    # the head scores no more rows at once than its share of logits holds, with their gradient and softmax
    monkeypatch.setitem(budget.CHUNK_BYTES, "cpu", 1000)
    assert held(lanes=False) == (activations, 3 * 1000)


def test_a_spread_base_weighs_less_a_process(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Of two layers over four processes each holds a quarter, and one layer whole while that computes."""
    monkeypatch.setenv("WORLD_SIZE", "4")
    whole, spread = (
        train.plan_run(
            tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _, shard=shard: replace(RECIPE, shard=shard)
        )
        for shard in (False, True)
    )
    layers = load_base_model(find_base(tiny_base), device=CPU, dtype=torch.float32).model.layers
    in_layers = sum(weight.numel() for weight in layers.parameters())

    assert whole.memory.weights == 4 * whole.parameters
    assert spread.memory.weights == 4 * (whole.parameters - in_layers + in_layers // 4 + in_layers // 2)


def test_a_base_in_four_bits_weighs_an_eighth(tiny_base):
    """Its linear layers' weights take half a byte and their scales; embedding and head are kept as they are."""
    shape = read_shape(find_base(tiny_base), RECIPE, torch.float32)
    whole, quarter = (
        budget.weight_bytes(shape, replace(RECIPE, method=method), torch.float32, 1) for method in ("lora", "qlora")
    )
    layers = load_base_model(find_base(tiny_base), device=CPU, dtype=torch.float32).model.layers
    in_layers = sum(weight.numel() for weight in layers.parameters() if weight.dim() == 2)

    assert whole - quarter == pytest.approx(in_layers * (4 - 4.127 / 8), rel=1e-3)


def test_experts_in_one_tensor_keep_their_bytes(tmp_path, tokenizer):
    """What 4 bits hold are linear layers; the experts of a mixture are none, and most of its weights."""
    tiny_model("mixtral", len(tokenizer)).save_pretrained(tmp_path)
    shape = read_shape(find_base(tmp_path), RECIPE, torch.bfloat16)
    weights = budget.weight_bytes(shape, replace(RECIPE, method="qlora"), torch.bfloat16, 1)
    model = load_base_model(find_base(tmp_path), device=CPU, dtype=torch.float32)
    experts = sum(weight.numel() for name, weight in model.named_parameters() if "experts" in name)

    assert weights > 2 * experts > shape.parameters


def test_an_architecture_that_cannot_be_counted_is_estimated(tiny_base, monkeypatch):
    """Where a forward on the meta device fails, the layers' sizes stand in; the estimate is on the safe side."""
    counted = read_shape(find_base(tiny_base), RECIPE, torch.float32).saved_a_token
    monkeypatch.setattr("idiolect.training.shape.no_mask", lambda device: None)
    estimated = read_shape(find_base(tiny_base), RECIPE, torch.float32).saved_a_token

    assert counted <= estimated <= 8 * counted


@pytest.mark.parametrize("architecture", ["gptj", "opt"])
def test_a_base_with_attention_of_its_own_is_trained(architecture, tiny_corpus, tokenizer, tmp_path):
    """What keeps a plan from counting keeps nobody from training."""
    store_base(tmp_path / "base", tiny_model(architecture, len(tokenizer)), tokenizer)
    out = train.train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path / "base", recipe=replace(RECIPE, steps=1))

    assert read_record(out)["applied"]["applied"]


def test_a_plan_knows_what_a_processor_s_allocator_holds(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """A process that trains on a processor grows by up to 2.3 times the bytes that its packs keep, a GPU by those."""
    recipe = replace(RECIPE, lanes=False, share=1)
    planned = train.plan_run(tiny_corpus, tmp_path, base=tiny_base, adjust=lambda _: recipe)
    shape = read_shape(find_base(tiny_base), recipe, torch.float32)
    plan = read_material(tiny_base, tiny_corpus, recipe).plan()
    packs = [plan.build(pack) for step in plan.epoch(0) for pack in step]
    kept = max(budget.saved_bytes(shape, pack.tokens, len(pack.keep)) for pack in packs)

    # what a layer takes in and gives out at its widest
    temporaries = 2 * shape.widest * max(pack.tokens for pack in packs)

    assert 2.3 * (kept + temporaries) - 1 <= planned.memory.activations <= 3 * kept
    # logits, their gradient and what the loss keeps, in four bytes each
    assert planned.memory.head == 3 * 4 * shape.vocabulary * max(len(pack.keep) for pack in packs)
    monkeypatch.setattr(budget, "matrix_rate", lambda *_: 1e9)
    monkeypatch.setattr(budget, "free_memory", lambda _: 2**40)
    on_gpu = budget.plan_budget(read_material(tiny_base, tiny_corpus, recipe), tmp_path, torch.device("cuda"))
    assert on_gpu.memory.activations == pytest.approx(planned.memory.activations * 0.8 / 2.3, abs=1)
