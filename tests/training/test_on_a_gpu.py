"""
What a GPU computes, asked without one: each tensor has a place and a type, and no numbers (torch's fake tensors).

A tensor that was made in another place, and a number that the host would wait for, end such a step. The place is called
`meta`: a torch without CUDA makes no graph of tensors that are said to lie there. So what is chosen by the name of a
GPU is chosen here, and there is no autocast.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from idiolect.training import attention, fused, pointwise
from idiolect.training.adapter import attach_adapter
from idiolect.training.draws import draw_tokens
from idiolect.training.encode import encode_pairs
from idiolect.training.forward import answer_parts, set_mode, to_batch
from idiolect.training.fused import fuse_adapter, has_plain_head
from idiolect.training.gated import fuse_gates
from idiolect.training.gradients import add_gradients
from idiolect.training.packing import pack_in_order
from idiolect.training.pointwise import fuse_pointwise
from idiolect.training.recipe import Recipe
from idiolect.training.siblings import fuse_siblings
from idiolect.training.steps import pack_loss
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from .conftest import make_pairs, tiny_model

THERE, BF16 = torch.device("meta"), torch.bfloat16
pytestmark = pytest.mark.usefixtures("_own_rotary")


class Seen(TorchDispatchMode):
    """
    The types of what each kernel was given.
    """

    def __init__(self):
        super().__init__()
        self.types = defaultdict(set)

    def __torch_dispatch__(self, function, types, given=(), options=None):
        self.types[function.name()].update(one.dtype for one in given if isinstance(one, torch.Tensor))
        return function(*given, **(options or {}))


def put_there(model):
    """Move *model* without its numbers."""
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                if tensor is not None:
                    placed = torch.empty(tensor.shape, dtype=tensor.dtype, device=THERE)
                    learns = tensor.requires_grad
                    held[name] = torch.nn.Parameter(placed, learns) if held is module._parameters else placed


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch):
    """Choose what is chosen for a GPU."""

    def lay_out(layout):
        layout.lengths = [segment.length for segment in layout.segments]
        layout.varlen = attention.varlen_indices(layout.segments, THERE, layout.past and layout.past.lengths)

    monkeypatch.setattr(attention.Layout, "__post_init__", lay_out)
    monkeypatch.setattr(fused, "beside", lambda wide, rows: wide > rows.shape[1])
    monkeypatch.setattr(pointwise, "compiled", lambda function: function)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())


@pytest.fixture
def drawn(family):
    """Return a pack of which some answers are plain and others rows of drawn tokens."""
    random = np.random.default_rng(0)
    first, *others = encode_pairs(make_pairs(6), family, 512).examples
    shape = len(first.answer), 5
    first = replace(first, drawn=random.integers(0, len(family.tokenizer), shape).astype(np.int32))
    ((pack, _),) = pack_in_order([first, *others], pack_tokens=10**6, share=8)
    return pack


def prepare(architecture, family, recipe):
    """Return a model in half precision with its adapter, its layers fused as on a GPU."""
    model = tiny_model(architecture, len(family.tokenizer)).to(BF16)
    # PEFT keeps what is trained in full precision
    adapted = attach_adapter(model, recipe, [5, 6] if recipe.embedding_rate else [])
    set_mode(adapted, "packed")
    has_plain_head(model)
    together = (fuse_gates, fuse_siblings) if recipe.fuse_siblings else ()
    counts = [fuse(adapted) for fuse in (*together, fuse_adapter, fuse_pointwise)]
    assert recipe.method != "lora" or all(counts)
    return adapted


@pytest.mark.parametrize("architecture", ["qwen2", "qwen3", "llama"])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"fuse_siblings": True},
        {"fuse_siblings": True, "skim": True},
        {"fuse_loss": False},
        {"embedding_rate": 0.5},
        {"method": "full"},
    ],
    ids=str,
)
def test_a_step_stays_on_the_gpu_and_in_half_precision(values, architecture, family, drawn):
    """Nothing is computed elsewhere, nothing is waited for, products are in bf16, and attention is one kernel."""
    recipe = Recipe(**values)
    model = prepare(architecture, family, recipe)
    with FakeTensorMode(), Seen() as seen:
        put_there(model)
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        loss_of = partial(pack_loss, model, recipe=recipe, mode="packed", device=THERE, dtype=BF16)
        nats = add_gradients(loss_of, [drawn, drawn], 10, parameters, 1)
        torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)

    assert (THERE, torch.float64) == (nats.device, nats.dtype)
    assert {(THERE, torch.float32)} == {(parameter.grad.device, parameter.grad.dtype) for parameter in parameters}
    assert {BF16, torch.int32} == seen.types["torch_attn::_varlen_attn"]
    assert all(
        {BF16} == types for name, types in seen.types.items() if name in ("aten::mm", "aten::addmm", "aten::bmm")
    )


@pytest.mark.parametrize("embedding_rate", [0.0, 0.5])
def test_draws_stay_on_the_gpu(embedding_rate, family, drawn):
    """What a base would say is drawn where its chances lie."""
    model = prepare("qwen2", family, Recipe(embedding_rate=embedding_rate))
    random = torch.Generator().manual_seed(0)
    with FakeTensorMode(), torch.no_grad(), model.disable_adapter():
        put_there(model)
        parts = answer_parts(model, to_batch(drawn, "packed", THERE, BF16))
        tokens = torch.cat([draw_tokens(logits, 8, random) for logits in parts])

    assert (THERE, torch.int64, (len(drawn.keep), 8)) == (tokens.device, tokens.dtype, tuple(tokens.shape))


def test_what_waits_and_what_lies_elsewhere_would_be_found():
    """The two faults that these tests look for end what is computed with fake tensors."""
    with FakeTensorMode():
        there = torch.ones(3, device=THERE)
        with pytest.raises(RuntimeError, match="found at least two devices"):
            there + torch.ones(3)
        with pytest.raises(DataDependentOutputException):
            there.sum().item()
