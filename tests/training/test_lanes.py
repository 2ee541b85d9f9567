"""
Packs side by side on a processor's cores: in order, and equal to packs one after the other.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch
from idiolect.training.adapter import adapter_tensors, attach_adapter, load_adapter
from idiolect.training.bases import find_base
from idiolect.training.lanes import choose_lanes, in_lanes, open_lanes
from idiolect.training.looks import trainable
from idiolect.training.models import load_base_model
from idiolect.training.recipe import Recipe
from idiolect.training.setup import prepare_model
from idiolect.training.steps import pack_loss
from idiolect.training.train import train_adapter

from .conftest import CPU, leave_zero, pack_pairs, tiny_model

RECIPE = Recipe(rank=4, step_tokens=1024, pack_tokens=256, max_tokens=256, steps=6, learning_rate=3e-3, replay=0.0)


@pytest.fixture(name="two_threads")
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_keep_the_order_of_the_items(two_threads):
    """Each lane computes with one thread, the caller keeps its own number, and results keep their order."""
    seen = in_lanes(lambda item: (item, torch.get_num_threads(), threading.current_thread().name), range(8), 2)

    assert [item for item, _, _ in seen] == list(range(8))
    assert {threads for _, threads, _ in seen} == {1}
    assert all(name.startswith("lane") for _, _, name in seen)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("cores", "packs", "threads"), [(8, 2, 4), (8, 3, 2), (8, 9, 1), (2, 3, 1)])
def test_no_core_is_left_over(cores, packs, threads):
    """Fewer packs than cores: each lane has several of them."""
    before = torch.get_num_threads()
    torch.set_num_threads(cores)
    try:
        seen = in_lanes(lambda item: torch.get_num_threads(), range(packs), cores)
        assert torch.get_num_threads() == cores
    finally:
        torch.set_num_threads(before)

    assert [threads] * packs == seen


def test_what_starts_later_computes_with_the_callers_threads(two_threads):
    """Lanes that have one thread each, and are all at work, leave a new thread of the caller's the number it had."""
    open_lanes.cache_clear()
    both, later = threading.Barrier(2), []
    in_lanes(lambda _: both.wait(5), range(2), 2)
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()

    assert [2] == later


def test_one_item_is_computed_where_it_is_asked_for(two_threads):
    """Nothing is handed over where nothing runs beside it; no item is no work."""
    seen = in_lanes(lambda item: (item, threading.current_thread()), [7], 2)

    assert [(7, threading.current_thread())] == seen
    assert [] == in_lanes(lambda item: item, [], 2)


@pytest.mark.parametrize(
    ("changes", "device", "lanes"),
    [
        pytest.param({}, "cpu", 2, id="a lane a thread"),
        pytest.param({}, "meta", 1, id="an accelerator is one"),
        pytest.param({"lanes": False}, "cpu", 1, id="not wanted"),
        pytest.param({"checkpointing": True}, "cpu", 1, id="layers that run twice"),
    ],
)
def test_lanes_are_a_processor_s_threads(two_threads, changes, device, lanes):
    """As many as the process has threads, where the recipe and its layers allow several at a time."""
    assert lanes == choose_lanes(replace(RECIPE, **changes), torch.device(device))


def test_an_error_in_a_lane_is_the_callers(two_threads):
    """What goes wrong on a lane is raised where the work was asked for."""
    with pytest.raises(ZeroDivisionError):
        in_lanes(lambda item: 1 // item, [1, 0, 1], 2)


def test_what_another_lane_does_changes_no_gradient(family):
    """In half precision torch keeps weights that were cast, for all threads: one that ends empties what others use."""
    pack = pack_pairs(family, 6)
    recipe, gradients = replace(RECIPE, method="dora"), []
    model = attach_adapter(tiny_model("llama", len(family.tokenizer)).to(torch.bfloat16), recipe)
    prepare_model(model, recipe, "packed", CPU)
    with torch.no_grad():
        leave_zero(model)
    for disturbed in (False, True):
        for name, module in model.named_modules():
            if disturbed and name.endswith("lora_A.default"):
                module.register_forward_pre_hook(lambda *_: torch.clear_autocast_cache())
        loss = pack_loss(model, pack, recipe, "packed", CPU, torch.bfloat16)
        gradients.append(torch.autograd.grad(loss, list(trainable(model).values())))

    assert all(map(torch.equal, *gradients))


def test_lanes_change_no_weight(two_threads, tiny_base, tiny_corpus, tmp_path):
    """Two packs at a time give the weights that one at a time gives on one thread, bit for bit."""
    beside = train_adapter(tiny_corpus, tmp_path / "beside", base=tiny_base, recipe=RECIPE)
    torch.set_num_threads(1)
    after = train_adapter(tiny_corpus, tmp_path / "after", base=tiny_base, recipe=replace(RECIPE, lanes=False))
    weights = []
    for folder in (beside, after):
        model = load_base_model(find_base(tiny_base), device=CPU, dtype=torch.float32)
        weights.append(adapter_tensors(load_adapter(model, folder)))

    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name
