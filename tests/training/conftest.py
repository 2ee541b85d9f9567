"""
Toys for the training tests: a tokenizer learned from ten lines, two-layer random models, pairs of a small repository.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import torch
from idiolect.mining.pairs.pair import HOLE, Pair
from idiolect.training.base.tokenizer import train_tokenizer
from idiolect.training.encode import encode_pairs
from idiolect.training.families import probe_family
from idiolect.training.packing import pack_in_order

torch.set_num_threads(1)

CPU = torch.device("cpu")

TEXTS = [
    "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n",
    'class Graph:\n    """A graph."""\n\n    def __init__(self):\n        self.nodes = {}\n        self.edges = []\n',
    "import os\nfrom pathlib import Path\n\nROOT = Path(os.getcwd())\n# Write the body of this function.\n",
    "    if not items:\n        raise ValueError('no items')\n    return [item for item in items if item]\n",
]


LATENT = {
    "num_key_value_heads": 4, "kv_lora_rank": 16, "q_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8,
    "v_head_dim": 8, "first_k_dense_replace": 1, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "moe_intermediate_size": 16, "n_group": 1, "topk_group": 1,
}  # fmt: skip
HALF_TURNED = {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}


@pytest.fixture(scope="session")
def tokenizer():
    return train_tokenizer(TEXTS * 4, 420, 512)


@pytest.fixture(scope="session")
def family(tokenizer):
    return probe_family(tokenizer)


def tiny_config(architecture: str, vocabulary: int):
    """Return a two-layer configuration of *architecture*."""
    import transformers as t

    shape = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    if architecture == "gpt2":
        return t.GPT2Config(
            vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=4, n_positions=512, bos_token_id=0, eos_token_id=0
        )
    if architecture == "gemma3":
        # sees, too, and by more layers than it has for text
        seeing = t.SiglipVisionConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2)
        return t.Gemma3Config(
            text_config=t.Gemma3TextConfig(**shape, head_dim=8), vision_config=seeing, image_token_index=1
        )
    if architecture == "starcoder2":
        return t.Starcoder2Config(**shape, sliding_window=16)
    return {
        "qwen2": t.Qwen2Config,
        "qwen3": t.Qwen3Config,
        "llama": t.LlamaConfig,
        "granite": t.GraniteConfig,
        "gemma2": t.Gemma2Config,
        "olmo2": t.Olmo2Config,
        # these have attention of their own, and want a whole mask
        "gptj": partial(t.GPTJConfig, rotary_dim=4),
        "opt": partial(t.OPTConfig, ffn_dim=64, word_embed_proj_dim=32),
        # each layer asks twice
        "diffllama": t.DiffLlamaConfig,
        # writes into what one of its layers puts out
        "gemma3n": lambda **shape: t.Gemma3nTextConfig(**{
            **shape,
            "intermediate_size": [64, 64], "activation_sparsity_pattern": [0.0, 0.0], "head_dim": 8,
            "layer_types": ["sliding_attention", "full_attention"], "num_kv_shared_layers": 0, "laurel_rank": 8,
            "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": shape["vocab_size"],
        }),
        # a convolution, which carries state past any mask, and an attention
        "lfm2": partial(t.Lfm2Config, layer_types=["conv", "full_attention"], block_auto_adjust_ff_dim=False),
        # one layer's attention ends at the window, the other's does not
        "exaone4": partial(t.Exaone4Config, sliding_window=40, sliding_window_pattern=2),
        "llama4": partial(
            t.Llama4TextConfig,
            attention_chunk_size=40, intermediate_size_mlp=64, num_local_experts=2, moe_layers=[], head_dim=8,
        ),
        "mixtral": partial(t.MixtralConfig, num_local_experts=4),
        "qwen3_moe": partial(t.Qwen3MoeConfig, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32),
        "phimoe": partial(t.PhimoeConfig, num_local_experts=2),
        # every second layer sees the window alone, by a mask of its own
        "gpt_neo": partial(t.GPTNeoConfig, attention_types=[[["global", "local"], 1]], window_size=60),
        # half of each head is turned
        "phi3": partial(t.Phi3Config, rope_parameters=HALF_TURNED),
        # a head's values are narrower than its keys
        "deepseek_v3": lambda **shape: t.DeepseekV3Config(**{**shape, **LATENT}),
        # each token sees those of all before that an index finds
        "deepseek_v32": lambda **shape: t.DeepseekV32Config(
            **{**shape, **LATENT, "index_topk": 40, "index_n_heads": 16, "index_head_dim": 16}
        ),
        "mamba": t.MambaConfig,
        # two layers have the weights of one attention
        "zamba2": lambda **shape: t.Zamba2Config(**{
            **shape,
            "num_hidden_layers": 3, "layers_block_type": ["linear_attention", "hybrid", "hybrid"],
            "num_key_value_heads": 4, "mamba_d_state": 8, "n_mamba_heads": 4, "mamba_ngroups": 1, "adapter_rank": 4,
            "num_mem_blocks": 1,
        }),
        # in each layer an attention and, beside it, a state
        "falcon_h1": partial(t.FalconH1Config, mamba_d_ssm=64, mamba_n_heads=4, mamba_d_head=16, mamba_d_state=8),
    }[architecture](**shape)  # fmt: skip


def tiny_model(architecture, vocabulary: int, seed: int = 0):
    """Return a random model, of a configuration or of two layers, whose outputs vary enough to tell documents apart."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = tiny_config(architecture, vocabulary) if isinstance(architecture, str) else architecture
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4)
    return model


def store_base(folder: Path, model, tokenizer) -> Path:
    """Return *folder*, which a user could name as a base: *model* with *tokenizer*."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def leave_zero(model, std: float = 0.05):
    """Return *model*, whose fresh adapter changes something from now on."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=std)
    return model


def learn(model, losses) -> tuple[torch.Tensor, torch.Tensor]:
    """Return *losses*, and the gradient of their sum by all that learns of *model*."""
    model.zero_grad()
    losses.sum().backward()
    return losses.detach(), torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def pack_pairs(family, count: int, share: int = 8):
    """Return *count* pairs in one pack, as many as *share* of a file behind one prefix."""
    examples = encode_pairs(make_pairs(count), family, 512).examples
    ((pack, _),) = pack_in_order(examples, pack_tokens=10**6, share=share)
    return pack


def make_pairs(count: int, per_file: int = 4, split: str = "train") -> list[Pair]:
    """Return *count* pairs, *per_file* of them with one context."""
    pairs = []
    for number in range(count):
        file = number // per_file
        infill = number % per_file == per_file - 1
        loop = f"    for value in values:\n        result += value * {file % 5}\n"
        body = f"    result = {number % 7}\n{loop}    return result"
        ask = f"# Write the body.\ndef total_{number}(values):"
        pairs.append(
            Pair(
                id=f"pair{split}{number}",
                kind="infill" if infill else "implement",
                language="python",
                split=split,
                prompt_id=f"prompt{split}{file}",
                context=f"import os\n\nROOT = {file}\n\nclass Graph{file}:\n    def total(self, values): ...",
                instruction=f"def add_{number}(a, b):\n    {HOLE}\n    return result\n" if infill else ask,
                response="result = a + b" if infill else body,
                repository="toy",
                commit="0" * 40,
                path=f"toy/{split}_{file}.py",
                symbol=f"total_{number}",
                start_line=3,
                end_line=6,
                licence="Apache-2.0",
                cluster=f"{split}{file}",
                quality=1.0,
            )
        )
    return pairs


def store_corpus(folder: Path, pairs: Sequence[Pair]) -> Path:
    """Return *folder*, a corpus of *pairs*."""
    from idiolect.mining.corpus import Contents, write_corpus

    head = {"repository": "toy", "commit": "0" * 40, "licence": "Apache-2.0", "settings": "none"}
    clusters = {split: {pair.cluster for pair in pairs if pair.split == split} for split in ("train", "test")}
    proof = {"highest_similarity": 0.0, "shared_spans_of_50_tokens": 0}
    proof["asked_clusters"] = {split: len(own) for split, own in clusters.items()}
    write_corpus(folder, Contents(head, pairs, {}, {}, [], {}, proof))
    return folder


def train_until(step: int, corpus: Path, out: Path, **settings) -> Path:
    """Return *out*, where a run was interrupted when it had taken *step* steps."""
    from idiolect.training.train import train_adapter

    def stop(stage, done, total):
        if stage.startswith("train") and done == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_adapter(corpus, out, progress=stop, **settings)
    return out


@pytest.fixture
def _own_rotary(monkeypatch):
    """Put back what all models of an architecture share."""
    for name, module in list(sys.modules.items()):
        if name.startswith("transformers.models.") and hasattr(module, "apply_rotary_pos_emb"):
            monkeypatch.setattr(module, "apply_rotary_pos_emb", module.apply_rotary_pos_emb)


@pytest.fixture(scope="session")
def pack(family):
    """Twelve pairs in one pack, those of a file behind one prefix."""
    return pack_pairs(family, 12)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory, tokenizer) -> Path:
    """Return a folder that a user could name: a tiny Qwen2 with its tokenizer."""
    return store_base(tmp_path_factory.mktemp("base") / "tiny-qwen2", tiny_model("qwen2", len(tokenizer)), tokenizer)


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory) -> Path:
    """Return a corpus folder of 64 training pairs and 16 in each other split."""
    pairs = [*make_pairs(64), *make_pairs(16, split="validation"), *make_pairs(16, split="test")]
    return store_corpus(tmp_path_factory.mktemp("corpus") / "corpus", pairs)


@pytest.fixture(scope="session")
def adapter(tiny_base, tiny_corpus, tmp_path_factory):
    """Train what no test changes."""
    from idiolect.training.train import train_adapter

    from .test_train import RECIPE

    return train_adapter(tiny_corpus, tmp_path_factory.mktemp("run") / "adapter", base=tiny_base, recipe=RECIPE)
