"""
Norms, gates and positions in fewer kernels: the same losses and gradients, and nothing where something else is meant.
"""

from __future__ import annotations

import sys

import pytest
import torch
from idiolect.training import pointwise
from idiolect.training.forward import answer_losses, set_mode, to_batch
from idiolect.training.pointwise import fuse_pointwise

from .conftest import CPU, learn, pack_pairs, tiny_model


@pytest.fixture(autouse=True)
def _uncompiled(monkeypatch):
    # what is made into one kernel is the same function, and compiling it takes longer than the test
    monkeypatch.setattr(pointwise, "compiled", lambda function: function)


@pytest.mark.usefixtures("_own_rotary")
@pytest.mark.parametrize("architecture", ["qwen2", "qwen3", "llama", "granite"])
def test_fused_pieces_compute_what_the_model_does(architecture, family):
    """Norms, gates and rotary positions are replaced; losses and gradients stay, to 1e-5."""
    batch = to_batch(pack_pairs(family, 6), "packed", CPU, torch.float32)
    model = tiny_model(architecture, len(family.tokenizer))
    set_mode(model, "packed")

    losses, gradient = learn(model, answer_losses(model, batch))
    fused = fuse_pointwise(model)
    fused_losses, fused_gradient = learn(model, answer_losses(model, batch))

    layers = model.config.num_hidden_layers
    assert fused >= 3 * layers + 2  # two norms and a gate each, the last norm, the positions
    assert torch.allclose(losses, fused_losses, rtol=1e-5, atol=1e-5)
    assert (fused_gradient - gradient).norm() <= 1e-5 * gradient.norm()


@pytest.mark.usefixtures("_own_rotary")
def test_what_only_bears_the_name_is_left_alone(family):
    """Gemma's norms add one to their weights, and its gate is another."""
    model = tiny_model("gemma2", len(family.tokenizer))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.normal_()
    fuse_pointwise(model)

    assert not any("forward" in vars(module) for module in model.modules())


@pytest.mark.usefixtures("_own_rotary")
def test_what_turns_half_of_a_head_is_left_alone(family):
    """Phi turns a part of each head: its own function stays, and the model computes what it did."""
    model = tiny_model("phi3", len(family.tokenizer))
    ids = torch.arange(1, 20)[None]
    logits = model(ids).logits
    fuse_pointwise(model)

    assert torch.allclose(logits, model(ids).logits, rtol=1e-4, atol=1e-4)
    assert sys.modules[type(model).__module__].apply_rotary_pos_emb is not pointwise.rotary


@pytest.mark.usefixtures("_own_rotary")
@pytest.mark.parametrize("architecture", ["llama", "olmo2"])
def test_half_precision_stays_half_precision(architecture, family):
    """OLMo's angles are in full precision: what they turn comes back as it was, whether or not autocast is at work."""
    model = tiny_model(architecture, len(family.tokenizer)).to(torch.bfloat16)
    ids = torch.arange(1, 20)[None]
    logits = model(ids).logits
    fuse_pointwise(model)

    assert sys.modules[type(model).__module__].apply_rotary_pos_emb is pointwise.rotary
    assert (model(ids).logits - logits).norm() <= 2e-2 * logits.norm()


@pytest.mark.usefixtures("_own_rotary")
def test_a_machine_without_a_compiler_keeps_the_models_own(family, monkeypatch):
    """What cannot be made into one kernel fails when it is tried, not in the first step."""

    def fail(*_):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(pointwise, "rotary", fail)
    model = tiny_model("llama", len(family.tokenizer))
    fuse_pointwise(model)

    assert sys.modules[type(model).__module__].apply_rotary_pos_emb is not fail


@pytest.mark.usefixtures("_own_rotary")
@pytest.mark.parametrize("piece", ["rotary", "norm_forward", "gated_forward"])
def test_a_lack_of_memory_says_nothing_of_a_piece(piece, family, monkeypatch):
    """A trial that does not fit is told, and no run computes its pieces another way for it."""

    def lack(*_):
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")

    monkeypatch.setattr(pointwise, piece, lack)

    with pytest.raises(RuntimeError, match="ALLOC_FAILED"):
        fuse_pointwise(tiny_model("llama", len(family.tokenizer)))


def test_a_quantised_weight_is_no_gate(family):
    """Weights of whole numbers are not asked with random ones."""
    gate = tiny_model("llama", len(family.tokenizer)).model.layers[0].mlp
    gate.gate_proj.weight = torch.nn.Parameter(torch.zeros(8, 1, dtype=torch.uint8), requires_grad=False)

    assert pointwise.fitting_forward(gate) is None
