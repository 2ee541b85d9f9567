"""
Bases that a team may bring, one tiny random model of each: packed and fused they learn what they learn by themselves.

The whole way (training, answers, merged weights) was gone with more of them: docs/choose-a-base.md lists them.
"""

from __future__ import annotations

from inspect import signature

import pytest
import torch
from idiolect.training.adapter import attach_adapter
from idiolect.training.encode import encode_pairs
from idiolect.training.forward import answer_losses, to_batch
from idiolect.training.fused import fuse_adapter
from idiolect.training.gated import fuse_gates
from idiolect.training.modes import choose_mode
from idiolect.training.packing import pack_in_order
from idiolect.training.recipe import Recipe
from idiolect.training.setup import prepare_model
from idiolect.training.siblings import fuse_siblings
from torch.nn import functional
from transformers import CONFIG_MAPPING

from .conftest import CPU, learn, leave_zero, make_pairs, tiny_model

SMALL = {
    "hidden_size": 64, "n_embd": 64, "d_model": 64, "ffn_dim": 96, "word_embed_proj_dim": 64, "intermediate_size": 96,
    "moe_intermediate_size": 32, "shared_intermediate_size": 48, "num_hidden_layers": 2, "n_layer": 2, "n_layers": 2,
    "num_attention_heads": 4, "n_head": 4, "n_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "rotary_dim": 8,
    "max_position_embeddings": 512, "n_positions": 512, "max_seq_len": 512, "sliding_window": 40, "num_experts": 4,
    "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "mamba_n_heads": 8, "mamba_d_head": 16,
    "mamba_d_state": 16, "mamba_d_ssm": 128, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
    "linear_key_head_dim": 16, "linear_value_head_dim": 16, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
"""What configurations call their sizes, and sizes that go together."""
WINDOW_AND_NONE = {"layer_types": ["sliding_attention", "full_attention"]}
STATE_AND_NONE = {"layer_types": ["linear_attention", "full_attention"]}
PACKED = (
    "mistral", "mixtral", "gemma", "gemma3_text", "phi", "phi3", "gpt2", "gpt_neox", "gpt_bigcode", "opt", "olmo2",
    "cohere2", "glm4", "ernie4_5", "smollm3", "hunyuan_v1_dense", "apertus", "granitemoe",
)  # fmt: skip
MASKED = ("codegen", "falcon", "stablelm", "nemotron")
ALONE = ("bloom", "mpt", "gpt_oss", "qwen3_next", "falcon_h1", "bamba")
KINDS = {
    "gemma3_text": WINDOW_AND_NONE, "cohere2": WINDOW_AND_NONE, "gpt_oss": WINDOW_AND_NONE,
    "qwen3_next": STATE_AND_NONE, "bamba": {"attn_layer_indices": [1]},
}  # fmt: skip


def small_config(architecture, vocabulary):
    """Return a configuration of *architecture* of whatever in it is called as in `SMALL`."""
    kind = CONFIG_MAPPING[architecture]
    known = signature(kind).parameters.keys() | kind.attribute_map.keys()
    values = {name: value for name, value in SMALL.items() if name in known}
    return kind(**values, vocab_size=vocabulary, **KINDS.get(architecture, {}))


def read_plainly(model, example):
    """Return the losses of an answer by the model's own logits, as transformers calls it."""
    ids = torch.tensor([[*example.shared.tolist(), *example.ask.tolist(), *example.answer.tolist()]])
    answer = len(example.answer)
    logits = model(input_ids=ids, use_cache=False).logits[0, -answer - 1 : -1]
    return functional.cross_entropy(logits, ids[0, -answer:], reduction="none")


@pytest.mark.parametrize(
    ("architecture", "mode"),
    [(name, mode) for names, mode in ((PACKED, "packed"), (MASKED, "mask"), (ALONE, "single")) for name in names],
)
def test_a_base_learns_in_packs_what_it_learns_alone(architecture, mode, family):
    """In the mode that is found for it, fused as on a processor and as on a GPU, losses and gradients are its own."""
    examples = encode_pairs(make_pairs(6), family, 400).examples
    recipe = Recipe(rank=4)
    torch.manual_seed(0)
    model = attach_adapter(tiny_model(small_config(architecture, len(family.tokenizer)), 0), recipe).eval()
    leave_zero(model)
    losses, gradient = learn(model, torch.cat([read_plainly(model, example) for example in examples]))
    chosen = choose_mode(model, CPU, torch.float32, 400)
    alone = mode == "single"
    packs = pack_in_order(examples, pack_tokens=1 if alone else 10_000, share=1 if alone else 8)
    expected = torch.cat([losses.split([len(e.answer) for e in examples])[place] for _, o in packs for place in o])
    prepare_model(model, recipe, chosen, CPU)

    def check():
        batches = [to_batch(pack, chosen, CPU, torch.float32) for pack, _ in packs]
        own, own_gradient = learn(model, torch.cat([answer_losses(model, batch) for batch in batches]))
        assert torch.allclose(expected, own, rtol=1e-5, atol=2e-5)
        assert (own_gradient - gradient).norm() <= 1e-5 * gradient.norm()

    assert chosen == mode
    check()
    for layer in model.modules():
        vars(layer).pop("forward", None)
    fuse_gates(model)
    fuse_siblings(model)
    fuse_adapter(model)
    check()
