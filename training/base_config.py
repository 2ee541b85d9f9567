"""
What a base says of itself. In: a base. Out: its configuration, tokenizer, ends, length and size; no weight is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from ..mining.errors import IdiolectError, InputError, MachineError, lacks_memory
from .bases import Base

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken", "tekken.json")
"""What files of a tokenizer are called that hold its words."""
# a model whose configuration states no length at all
CONTEXT_UNKNOWN = 2048


def load_tokenizer(base: Base) -> PreTrainedTokenizerBase:
    """Return the tokenizer of *base*; raises `InputError` for one that cannot be used with its model."""
    # tokenizers ask it, too: what is wrong with it is not their fault
    config = read_config(base)
    with loading(base, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(**base.source)
    if not isinstance(tokenizer.model_max_length, int | float):
        raise InputError(f"The tokenizer of the base {base.name!r} has a 'model_max_length' that is no number.")
    # tokens that somebody added and no text holds, as for padding, have no row in some models
    ids = tokenizer.get_vocab().items() - tokenizer.get_added_vocab().items()
    if not ids:
        # of some kinds the library makes one out of nothing
        raise wordless(base)
    last, rows = max(token for _, token in ids), config.get_text_config().vocab_size
    if last >= rows:
        raise InputError(f"The tokenizer of the base {base.name!r} has a token {last}, and its model {rows} of them.")
    return tokenizer


def read_ends(base: Base) -> set[int]:
    """Return the ids that the files of *base* name as ends: they may disagree with each other and the tokenizer."""
    if base.file:
        # files beside it are another base's
        named = read_config(base).get_text_config().eos_token_id
        return {named} if isinstance(named, int) else set()
    ends: set[int] = set()
    for name in ("config.json", "generation_config.json"):
        with suppress(OSError, ValueError, AttributeError):
            named = json.loads((base.folder / name).read_text("utf-8")).get("eos_token_id")
            ends.update(i for i in (named if isinstance(named, list) else [named]) if isinstance(i, int))
    return ends


def read_config(base: Base) -> PreTrainedConfig:
    """Return the configuration of *base*, for the caller to change."""
    # for that of a GGUF file transformers reads its whole vocabulary; the hash is of all there is in the file
    return deepcopy(parse_once(base)) if base.file else parse_config(base)


def parse_config(base: Base) -> PreTrainedConfig:
    """Return what the files of *base* say of its configuration."""
    with loading(base, "configuration"):
        return AutoConfig.from_pretrained(**base.source)


parse_once = lru_cache(maxsize=1)(parse_config)


def context_length(base: Base, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return how many tokens the base takes: the least of what its configuration and its tokenizer say."""
    config = read_config(base).get_text_config()
    lengths = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "max_seq_len")]
    lengths.append(tokenizer.model_max_length)
    # one text beyond that changes the positions of all that are read with it, and not of what was read of it before
    lengths += read_short(config)
    # a tokenizer that knows no limit says 10^30, others and some configurations -1
    known = [int(length) for length in lengths if length and 0 < length < 10**7]
    return min(known, default=CONTEXT_UNKNOWN)


def read_short(config: Any) -> list[int | None]:
    """Return up to where *config* counts by the angles of short texts, where it has others for long ones (LongRoPE)."""
    ropes = getattr(config, "rope_parameters", None) or {}
    # some have one for each kind of layer
    every = [ropes, *(rope for rope in ropes.values() if isinstance(rope, dict))]
    return [rope.get("original_max_position_embeddings") for rope in every if rope.get("rope_type") == "longrope"]


def read_parameters(base: Base) -> int:
    """Return how many parameters *base* has, tied ones once, from its configuration alone."""
    with loading(base, "configuration"), torch.device("meta"):
        model = AutoModelForCausalLM.from_config(read_config(base))
    model.tie_weights()
    return count_parameters(model)


def count_parameters(module: nn.Module) -> int:
    """Return how many parameters *module* has, tied ones once."""
    return sum(parameter.numel() for parameter in module.parameters())


def layer_configs(config: PreTrainedConfig) -> Sequence[Any]:
    """Return the configuration of every layer that text passes: Gemma 4 has wider heads in some than in others."""
    text = config.get_text_config(decoder=True)
    # older transformers know no layers of their own
    return getattr(text, "per_layer_config", None) or [text] * text.num_hidden_layers


def head_width(config: Any) -> int:
    """Return how many numbers a head of a layer of *config* has: what it says, or an equal share of all."""
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


@contextmanager
def loading(base: Base, part: str) -> Iterator[None]:
    """Name *base* and its *part* in whatever error ends the block; a lack of memory is no fault of a file."""
    try:
        yield
    except IdiolectError:
        raise
    except Exception as error:
        if lacks_memory(error):
            told = f"Memory ran out while the {part} of the base {base.name!r} was loaded"
            smaller = "" if base.name.startswith("idiolect/embedded-") else "smaller base, or a "
            raise MachineError(f"{told}. Take a {smaller}larger machine.") from error
        raise unusable(base, part, error) from error


def unusable(base: Base, part: str, error: Exception) -> InputError:
    """Return the error that says why transformers could not load *part* of *base*."""
    if "trust_remote_code" in str(error):
        return InputError(f"The base {base.name!r} brings its own code, which is not run. Use a base without it.")
    if part == "tokenizer" and not base.file and not any(any(base.folder.glob(name)) for name in VOCABULARIES):
        return wordless(base)
    told = str(error).strip()
    reason = told.splitlines()[0].strip()[:200] if told else repr(error)[:200]
    if isinstance(error, KeyError):
        reason = describe_missing(base, error.args[0])
    if isinstance(error, ZeroDivisionError):
        reason = "one of its counts is 0."
    if "ignore_mismatched_sizes" in told:
        reason = "its weights have other shapes than its configuration says."
    if reason.endswith(":"):
        reason = " ".join(told.split())[:200]
    doubt = " Is the file complete?" if base.file and "not supported" not in reason else ""
    return InputError(f"The {part} of the base {base.name!r} cannot be loaded: {reason}{doubt}")


def describe_missing(base: Base, key: object) -> str:
    """Return what a *key* that transformers looked up in vain tells: what the configuration asks for, or has not."""
    fields: list[str] = []

    def note(table: dict[str, Any]) -> dict[str, Any]:
        fields.extend(name for name, value in table.items() if value == key)
        return table

    with suppress(OSError, ValueError):
        json.loads((base.folder / "config.json").read_text("utf-8"), object_hook=note)
    if fields and not base.file:
        return f"its config.json has {fields[0]}={key!r}, which transformers does not know."
    return f"it has no {key!r}, which transformers looks for."


def wordless(base: Base) -> InputError:
    """Return the error that says that *base* has no tokenizer."""
    return InputError(f"The base {base.name!r} has no tokenizer. Name a folder that holds one beside the weights.")
