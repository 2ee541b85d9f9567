"""
Layers that read the same rows, computed together: the same losses and gradients, and nothing where they do not fit.
"""

from __future__ import annotations

import copy

import pytest
import torch
from idiolect.training.adapter import adapter_tensors
from idiolect.training.forward import to_batch
from idiolect.training.fused import fuse_adapter
from idiolect.training.gated import fuse_gates
from idiolect.training.siblings import fuse_siblings

from .conftest import CPU
from .test_fused import adapted, gradients


@pytest.mark.parametrize(
    ("architecture", "siblings"), [("qwen2", 5), ("qwen3", 5), ("llama", 5), ("granite", 5), ("starcoder2", 3)]
)
def test_siblings_equal_layers_apart(architecture, siblings, pack, family):
    """Queries, keys, values; gates and ups, where there are gates: losses and gradients to 1e-5, twice in a row."""
    batch = to_batch(pack, "packed", CPU, torch.float32)
    model = adapted(architecture, family)
    losses, gradient = gradients(model, batch, fuse=True)
    fused = fuse_siblings(model)
    fuse_adapter(model)
    for _ in range(2):
        fused_losses, fused_gradient = gradients(model, batch, fuse=True)

        assert torch.allclose(losses, fused_losses, rtol=1e-5, atol=1e-5)
        assert (fused_gradient - gradient).norm() <= 1e-5 * gradient.norm()
    assert fused == siblings * model.config.num_hidden_layers


def test_a_model_that_writes_into_what_siblings_put_out_is_left_as_it_is(pack, family):
    """Gemma 3n scales its projection in place, where what its siblings put out stands beside: no step could be made."""
    batch = to_batch(pack, "packed", CPU, torch.float32)
    model = adapted("gemma3n", family)
    losses, gradient = gradients(model, batch, fuse=True)
    fused = fuse_siblings(model)
    fuse_adapter(model)
    own_losses, own_gradient = gradients(model, batch, fuse=True)

    assert fused == 0
    assert torch.allclose(losses, own_losses, rtol=1e-5, atol=1e-5)
    assert (own_gradient - gradient).norm() <= 1e-5 * gradient.norm()


@pytest.mark.parametrize("fuse", [fuse_siblings, fuse_gates])
def test_an_adapter_that_is_off_stays_off(fuse, pack, family):
    """The base is asked through the same layers while the adapter is disabled; names of weights do not change."""
    model = adapted("qwen2", family)
    batch = to_batch(pack, "packed", CPU, torch.float32)
    names = sorted(adapter_tensors(model))
    with model.disable_adapter():
        plain, _ = gradients(copy.deepcopy(model).requires_grad_(True), batch, fuse=False)
        fuse(model)
        off, _ = gradients(model.requires_grad_(True), batch, fuse=False)

    assert torch.allclose(plain, off, rtol=1e-5, atol=1e-5)
    assert sorted(adapter_tensors(model)) == names


@pytest.mark.parametrize("fuse", [fuse_siblings, fuse_gates])
def test_recomputation_asks_once_more(fuse, pack, family):
    """Activations that are computed anew give the same gradient."""
    batch = to_batch(pack, "packed", CPU, torch.float32)
    model = adapted("llama", family)
    _, gradient = gradients(model, batch, fuse=True)
    fuse(model)
    model.get_base_model().gradient_checkpointing_enable({"use_reentrant": False})
    _, again = gradients(model, batch, fuse=True)

    assert (again - gradient).norm() <= 1e-5 * gradient.norm()
