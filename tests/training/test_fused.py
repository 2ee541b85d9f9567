"""
Hand-written pieces compute what PEFT and transformers compute: losses, gradients, and nothing where they do not fit.
"""

from __future__ import annotations

import platform
from dataclasses import replace

import pytest
import torch
from idiolect.training import fused
from idiolect.training.adapter import adapter_tensors, attach_adapter
from idiolect.training.encode import encode_pairs
from idiolect.training.forward import answer_losses, decoder_layers, plain_model, set_mode, to_batch
from idiolect.training.fused import fuse_adapter, has_plain_head, keep_memory
from idiolect.training.gated import fuse_gates
from idiolect.training.packing import pack_in_order
from idiolect.training.recipe import Recipe
from idiolect.training.siblings import fuse_siblings

from .conftest import CPU, learn, leave_zero, make_pairs, tiny_model


@pytest.fixture(scope="module")
def batch(pack):
    assert pack.tokens > 256  # long enough for the merged form
    return to_batch(pack, "packed", CPU, torch.float32)


def adapted(architecture, family, method="lora"):
    """Return a tiny model whose adapter has left zero."""
    model = attach_adapter(tiny_model(architecture, len(family.tokenizer)), replace(Recipe(), rank=4, method=method))
    torch.manual_seed(3)
    with torch.no_grad():
        leave_zero(model)
    set_mode(model, "packed")
    # GPT-2 drops activations while it trains, which would hide what is compared
    return model.eval() if architecture == "gpt2" else model.train()


def gradients(model, batch, fuse):
    """Return the losses of *batch*, and the gradient of their sum."""
    return learn(model, answer_losses(model, batch, fuse=fuse))


@pytest.mark.parametrize("architecture", ["qwen2", "qwen3", "llama", "starcoder2", "granite", "gpt2"])
def test_fused_equals_peft(architecture, batch, family):
    """Losses and gradients of the fused step are those of PEFT's layers and the model's own head, to 1e-5."""
    model = adapted(architecture, family)
    losses, gradient = gradients(model, batch, fuse=False)
    count = fuse_adapter(model)
    fused_losses, fused_gradient = gradients(model, batch, fuse=True)

    # GPT-2's layers are convolutions
    assert (count > 0) is (architecture != "gpt2")
    assert torch.allclose(losses, fused_losses, rtol=1e-5, atol=1e-5)
    assert (fused_gradient - gradient).norm() <= 1e-5 * gradient.norm()


def test_a_short_document_is_computed_unmerged(family):
    """Few tokens go through the adapter instead of the adapter into the weight; the gradients are equal."""
    examples = encode_pairs(make_pairs(1), family, 512).examples
    ((pack, _),) = pack_in_order(examples, pack_tokens=1000, share=1)
    model = adapted("qwen2", family)
    batch = to_batch(pack, "packed", CPU, torch.float32)
    _, gradient = gradients(model, batch, fuse=False)
    fuse_adapter(model)
    _, fused_gradient = gradients(model, batch, fuse=True)

    assert pack.tokens < 256
    assert (fused_gradient - gradient).norm() <= 1e-5 * gradient.norm()


@pytest.mark.parametrize("fuse", [fuse_adapter, fuse_gates, fuse_siblings])
def test_half_precision_keeps_small_changes(fuse, pack, family):
    """In bf16 the adapter is never added to the weight, which would swallow it: gradients stay close to fp32's."""
    full = adapted("qwen2", family)
    _, expected = gradients(full, to_batch(pack, "packed", CPU, torch.float32), fuse=False)
    half = adapted("qwen2", family)
    for module in half.modules():
        if type(module) is torch.nn.Linear and not any(p.requires_grad for p in module.parameters()):
            module.to(torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert fuse(half)
        fuse_adapter(half)
        _, gradient = gradients(half, to_batch(pack, "packed", CPU, torch.bfloat16), fuse=True)
    cosine = torch.nn.functional.cosine_similarity(gradient.float(), expected, dim=0)

    assert cosine > 0.99
    assert all(p.grad.dtype == torch.float32 for n, p in half.named_parameters() if "lora_" in n)


@pytest.mark.parametrize(
    ("architecture", "plain"), [("qwen2", True), ("starcoder2", True), ("granite", False), ("gemma2", False)]
)
def test_a_head_that_does_more_is_left_alone(architecture, plain, family):
    """A model that scales or bends its logits computes them itself."""
    model = tiny_model(architecture, len(family.tokenizer))
    if architecture == "granite":
        model.config.logits_scaling = 4.0
        model.logits_scaling = 4.0
    model.requires_grad_(False)

    assert has_plain_head(model) is plain


def test_a_lack_of_memory_says_nothing_of_a_head(family, monkeypatch):
    """A trial that does not fit is told, each time: no run computes its logits another way for it."""

    def lack(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(fused, "compare_head", lack)
    model = tiny_model("qwen2", len(family.tokenizer)).requires_grad_(False)

    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError):
            has_plain_head(model)


def test_a_trained_head_is_left_alone(family):
    """The fused loss gives no gradient to the head, so it is not used where the head learns."""
    model = tiny_model("qwen2", len(family.tokenizer))
    frozen = has_plain_head(model.requires_grad_(False))

    assert frozen
    assert not has_plain_head(model.requires_grad_(True))


def test_what_chooses_experts_is_left_alone(family):
    """Phi's router is a linear layer that returns a choice: the layers beside it are adapted, and the model answers."""
    model = attach_adapter(tiny_model("phimoe", len(family.tokenizer)), Recipe(rank=4))

    assert not any("router" in name for name in adapter_tensors(model))
    assert model(torch.arange(1, 9)[None]).logits.isfinite().all()


def test_what_no_text_passes_is_left_alone(family):
    """Of a base that sees, too, the layers that see are neither adapted nor taken for those that compute text."""
    model = tiny_model("gemma3", len(family.tokenizer))

    assert decoder_layers(model) is model.model.language_model.layers
    assert not any("vision" in name for name in adapter_tensors(attach_adapter(model, Recipe(rank=4))))


def test_dora_is_left_to_peft(family):
    """A magnitude is more than two factors."""
    assert fuse_adapter(adapted("qwen2", family, "dora")) == 0


def test_switching_the_adapter_off_gives_the_base(batch, family):
    """A fused layer with its adapter disabled is the plain layer, bit for bit."""
    model = adapted("qwen2", family)
    fuse_adapter(model)
    base = tiny_model("qwen2", len(family.tokenizer)).requires_grad_(False)
    set_mode(base, "packed")
    with torch.no_grad(), model.disable_adapter():
        off = answer_losses(model, batch)

    assert torch.equal(off, answer_losses(base, batch))


def test_names_and_weights_stay_pefts(family):
    """Fusing changes neither what is saved nor under which name."""
    model = adapted("qwen2", family)
    before = adapter_tensors(model)
    fuse_adapter(model)

    assert list(adapter_tensors(model)) == list(before)
    assert plain_model(model) is model.get_base_model()


def test_memory_is_kept_where_the_allocator_can():
    """Glibc listens; another allocator is left alone, and says so."""
    assert keep_memory() is (platform.libc_ver()[0] == "glibc")
