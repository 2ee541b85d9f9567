"""
Gates and ups in one product: the same losses and gradients, and nothing where something else is meant.
"""

from __future__ import annotations

import pytest
import torch
from idiolect.training.forward import to_batch
from idiolect.training.fused import fuse_adapter
from idiolect.training.gated import fuse_gates, gradient_of_both, let_through
from idiolect.training.siblings import fuse_siblings

from .conftest import CPU
from .test_fused import adapted, gradients


@pytest.mark.parametrize("architecture", ["qwen2", "qwen3", "llama", "granite"])
def test_one_product_equals_two(architecture, pack, family):
    """Losses and gradients to 1e-5, twice in a row; queries, keys and values are still siblings."""
    batch = to_batch(pack, "packed", CPU, torch.float32)
    model = adapted(architecture, family)
    losses, gradient = gradients(model, batch, fuse=True)
    gates, siblings = fuse_gates(model), fuse_siblings(model)
    fuse_adapter(model)
    for _ in range(2):
        fused_losses, fused_gradient = gradients(model, batch, fuse=True)

        assert torch.allclose(losses, fused_losses, rtol=1e-5, atol=1e-5)
        assert (fused_gradient - gradient).norm() <= 1e-5 * gradient.norm()
    layers = model.config.num_hidden_layers
    assert (gates, siblings) == (layers, 3 * layers)


@pytest.mark.parametrize("architecture", ["gemma2", "starcoder2"])
def test_what_is_no_such_gate_is_left_alone(architecture, family):
    """Gemma lets through by another function, StarCoder2 lets nothing through."""
    model = adapted(architecture, family)

    assert not fuse_gates(model)
    assert not any("forward" in vars(module) for module in model.modules())


def test_the_gradient_of_the_gate_is_autograds():
    """Written by hand, so that it is written where one product reads it."""
    both = torch.randn(5, 12, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(5, 6, dtype=torch.float64)
    let_through(both).backward(upstream)

    assert torch.allclose(both.grad, gradient_of_both(both.detach(), upstream))
