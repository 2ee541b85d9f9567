"""
One file that llama.cpp runs. In: a model and its tokenizer. Out: a GGUF file, or a line that says why there is none.

Names of tensors and keys are those of llama.cpp's own `gguf` package; which values an architecture needs, and how its
tokenizers are called, are those of llama.cpp's converter (`conversion/`, 0.3.36 of its Python package). What that
converter does for other architectures is not repeated here: they are refused, and their merged weights are its input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..mining.errors import InputError
from .base_config import head_width
from .families import Tokenizer

if TYPE_CHECKING:
    from gguf import GGUFWriter

FILE = "model.gguf"
ARCHITECTURES = ("llama", "qwen2", "qwen3", "starcoder2")
"""Those of transformers whose layers are told apart by name alone, and that llama.cpp calls the same."""
BIASES = ("attention_bias", "mlp_bias")
"""By what a configuration says that layers have biases which its architecture usually has not."""
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPLITS = {
    (("Split", WORDS % ""), ("ByteLevel", False)): "qwen2",
    (("Split", WORDS % "{1,3}"), ("ByteLevel", False)): "llama-bpe",
    (("ByteLevel", True),): "gpt-2",
    (("Digits", True), ("ByteLevel", True)): "starcoder",
}
"""
How text is cut into words before it becomes tokens, and llama.cpp's name for it: it cannot be told a pattern, it knows
some by name.
"""
ELSEWHERE = "Export --to merged, and give the folder to llama.cpp's convert_hf_to_gguf.py."


def write_gguf(model: Any, tokenizer: Tokenizer, file: Path, *, name: str, stop_id: int, precision: str) -> None:
    """
    Write *model*, whose weights are fp32, as *file*; *precision* is `bf16` or `fp32`, and vectors stay fp32.

    Raises `InputError` where llama.cpp would read another model or other tokens than these.
    """
    from gguf import GGUFWriter

    architecture, split = require_readable(model.config, tokenizer)
    writer = GGUFWriter(file, architecture)
    writer.add_name(name)
    add_shape(writer, model.config)
    add_tokens(writer, tokenizer, len(model.get_input_embeddings().weight), split, stop_id)
    add_weights(writer, model, architecture, precision)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def require_readable(config: Any, tokenizer: Tokenizer) -> tuple[str, str]:
    """
    Return llama.cpp's names for the architecture of *config*, and for the way in which *tokenizer* cuts text.

    Raises `InputError` where it has none, and for positions, biases, windows or heads that its keys cannot tell or that
    transformers, which proves the file, does not read.
    """
    if config.model_type not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise InputError(f"GGUF is written of {known}; this base is {config.model_type!r}. {ELSEWHERE}")
    # what it cannot cut its own converter refuses, too
    split = require_split(tokenizer)
    positions = config.rope_parameters["rope_type"]
    if positions != "default":
        raise InputError(f"This base stretches its positions by {positions!r}, which is not written here. {ELSEWHERE}")
    if config.model_type in ("llama", "qwen3") and any(getattr(config, name, False) for name in BIASES):
        raise InputError(f"This base adds biases in its layers, which are not written here. {ELSEWHERE}")
    window = getattr(config, "sliding_window", None)
    if window is not None and window < config.max_position_embeddings:
        raise InputError(f"This base looks back {window} tokens only, which is not written here. {ELSEWHERE}")
    if config.model_type == "qwen3" and config.head_dim != type(config)().head_dim:
        raise InputError(f"This base's heads are {config.head_dim} numbers wide, which is not read back. {ELSEWHERE}")
    return config.model_type, split


def require_split(tokenizer: Tokenizer) -> str:
    """
    Return llama.cpp's name for the way in which *tokenizer* cuts text into words.

    Raises `InputError` where it has none: the file would load and read other tokens than the model was trained on.
    """
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    steps = described["pre_tokenizer"] or {}
    steps = steps.get("pretokenizers", [steps])
    is_plain = described["model"]["type"] == "BPE" and not described["model"].get("byte_fallback")
    # llama.cpp leaves out that Qwen2.5 brings composed characters into one form first: code has hardly any
    is_plain &= (described["normalizer"] or {"type": "NFC"})["type"] == "NFC"
    split = SPLITS.get(tuple(map(describe_step, steps))) if is_plain else None
    if split is None:
        raise InputError(
            "llama.cpp has no name for the way this base's tokenizer cuts text, and would read other tokens. "
            "Export --to merged: engines that read tokenizer.json serve that."
        )
    return split


def describe_step(step: dict[str, Any]) -> tuple[str, Any]:
    """Return what one step of cutting is called, and the one value that tells it apart."""
    kind = step.get("type", "")
    value = {
        "Split": (step.get("pattern") or {}).get("Regex"),
        "ByteLevel": step.get("use_regex"),
        "Digits": step.get("individual_digits"),
    }.get(kind)
    return kind, value


def add_shape(writer: GGUFWriter, config: Any) -> None:
    """Say how large the model is, and how it counts positions."""
    width = head_width(config)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if hasattr(config, "rms_norm_eps"):
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    else:
        writer.add_layer_norm_eps(config.norm_epsilon)


def add_tokens(writer: GGUFWriter, tokenizer: Tokenizer, rows: int, split: str, stop_id: int) -> None:
    """Say what the tokens are, of which the model has *rows*, and that *stop_id* ends an answer."""
    from gguf import TokenType

    words = {place: word for word, place in tokenizer.get_vocab().items()}
    added = tokenizer.added_tokens_decoder
    kinds = [
        TokenType.UNUSED if place not in words
        else TokenType.NORMAL if place not in added
        else TokenType.CONTROL if added[place].special
        else TokenType.USER_DEFINED
        for place in range(rows)
    ]  # fmt: skip
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list([words.get(place, f"[PAD{place}]") for place in range(rows)])
    writer.add_token_types(kinds)
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in merges])
    # what training puts after an answer, whatever the base calls its end
    writer.add_eos_token_id(stop_id)
    opening = tokenizer.bos_token_id
    opens = opening is not None and tokenizer("x")["input_ids"][0] == opening
    if opening is not None:
        writer.add_bos_token_id(opening)
    writer.add_add_bos_token(opens)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def add_weights(writer: GGUFWriter, model: Any, architecture: str, precision: str) -> None:
    """Add every tensor under llama.cpp's name for it."""
    from gguf import MODEL_ARCH_NAMES, GGMLQuantizationType, LlamaFileType, get_tensor_name_map, quants

    kind = {"bf16": GGMLQuantizationType.BF16, "fp32": GGMLQuantizationType.F32}[precision]
    writer.add_file_type({"bf16": LlamaFileType.MOSTLY_BF16, "fp32": LlamaFileType.ALL_F32}[precision])
    member = next(member for member, name in MODEL_ARCH_NAMES.items() if name == architecture)
    names = get_tensor_name_map(member, model.config.num_hidden_layers)
    for name, tensor in own_tensors(model):
        place = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if place is None:
            raise InputError(f"llama.cpp has no name for the tensor {name!r}. {ELSEWHERE}")
        if architecture == "llama" and ".self_attn." in name:
            tensor = interleave_rotation(name, tensor, model.config)
        values: np.ndarray[Any, Any] = tensor.detach().float().numpy()
        if tensor.ndim == 1 or kind == GGMLQuantizationType.F32:
            writer.add_tensor(place, values)
        else:
            writer.add_tensor(place, quants.quantize(values, kind), raw_dtype=kind)


def own_tensors(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors of *model* by name; a head that is the embedding once more is left out."""
    tied = model.config.tie_word_embeddings
    return ((name, tensor) for name, tensor in model.state_dict().items() if not (tied and name == "lm_head.weight"))


def interleave_rotation(name: str, tensor: torch.Tensor, config: Any) -> torch.Tensor:
    """
    Return the rows of a query's or key's projection in the order in which llama.cpp turns them.

    It has pairs side by side, where transformers keeps first halves before second ones.
    """
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return tensor
    return tensor.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)
