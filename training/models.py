"""
The weights of a base. In: a base, a device, a precision. Out: its model, in full numbers or in 4 bits.

No code of a model is run. What is incomplete, holds what is no number, or could write no answer is refused.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection
from contextlib import nullcontext, redirect_stderr, suppress
from importlib.util import find_spec
from inspect import signature
from io import StringIO
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers import AutoModelForCausalLM

from ..mining.errors import InputError, MissingExtraError
from .base_config import loading, read_config
from .bases import Base
from .onward import goes_on

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# peft asks transformers for a property under its old name; nothing a user could do about it
warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)


def load_base_model(base: Base, *, device: torch.device, dtype: torch.dtype, **options: object) -> PreTrainedModel:
    """Return the model of *base* in *dtype* on *device*, in evaluation mode; *options* go to transformers."""
    unpacked = plain_weights(base)
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    # the reader of GGUF draws a bar of its own, which no setting turns off
    quiet = redirect_stderr(StringIO()) if base.file else nullcontext()
    try:
        with loading(base, "model"), quiet:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                use_safetensors=True, dtype=dtype, output_loading_info=True,
                **{**base.source, **unpacked, **options},
            )  # fmt: skip
    finally:
        transformers.logging.set_verbosity(before)
    model, told = loaded
    require_whole(base, model, told["missing_keys"])
    if base.file or (unpacked and "quantization_config" not in options):
        forget_origin(model)
    # a quantised model stands where it was put
    placed = model if "quantization_config" in options else model.to(device)  # pyright: ignore - a stub's mistake
    require_writing(base, placed.eval())
    return placed


def require_whole(base: Base, model: Any, missing: Collection[str]) -> None:
    """Raise `InputError` where weights of *model* are *missing*, or are no numbers."""
    if missing:
        # the library would fill their places with chance
        raise InputError(
            f"The base {base.name!r} lacks {len(missing)} of its weights, {min(missing)!r} among them. Is the folder "
            "complete?"
        )
    broken = next((name for name, weight in model.named_parameters() if not is_finite(weight)), "")
    if broken:
        raise InputError(f"The weights of the base {base.name!r} hold what is not a number, in {broken!r}.")


def require_writing(base: Base, model: PreTrainedModel) -> None:
    """Raise `InputError` where *model* cannot write an answer token after token."""
    if "past_key_values" not in signature(model.forward).parameters:
        raise InputError(f"The base {base.name!r} keeps no keys and values to go on writing from. Use another.")
    with loading(base, "model"):
        if not goes_on(model):
            raise InputError(
                f"The base {base.name!r} does not go on, token after token, as it reads a text at once: no answer of "
                "it could be written. Use another."
            )


def plain_weights(base: Base) -> dict[str, object]:
    """Return the options that load in full a base stored in few bits, whose kernels compute and never learn."""
    from transformers.utils import quantization_config as stored_as

    if base.file:
        config: dict[str, object] = {"config": read_config(base)}
        # without such a configuration transformers knows no other way than in full
        in_blocks = getattr(stored_as, "GgufConfig", None)
        return config | ({"quantization_config": in_blocks(gguf_file=base.file, dequantize=True)} if in_blocks else {})
    formats = {"fp8": stored_as.FineGrainedFP8Config, "mxfp4": stored_as.Mxfp4Config}
    with suppress(OSError, ValueError, AttributeError):
        stored = json.loads((base.folder / "config.json").read_text("utf-8")).get("quantization_config")
        if stored and stored.get("quant_method") in formats:
            return {"quantization_config": formats[stored["quant_method"]](dequantize=True)}
    return {}


def forget_origin(model: Any) -> None:
    """Let *model*, read from few bits and now in full numbers, be saved and trained as any other."""
    vars(model.config).pop("quantization_config", None)
    model.hf_quantizer, model.is_quantized = None, False
    # by these its numbers would be packed again when they are saved
    model._weight_conversions = None


def quantised(device: torch.device, dtype: torch.dtype) -> dict[str, object]:
    """
    Return the options that load a base in 4 bits (NF4 with a second quantisation, as in QLoRA, arXiv:2305.14314).

    Raises `InputError` without a GPU, for on a processor bitsandbytes packs weights while it infers, and cannot train
    them on (0.50); `MissingExtraError` without bitsandbytes.
    """
    if device.type != "cuda":
        raise InputError("method=qlora saves a GPU's memory, and there is no GPU here. Use method=lora.")
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes, which method=qlora needs,", "bitsandbytes")
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return {"quantization_config": settings, "device_map": {"": device}}


def is_finite(weight: torch.Tensor) -> bool:
    """Claim that every number of *weight* is one; whole numbers, as of a quantised model, always are."""
    # a sum passes over them once and makes no copy; twice their precision has room for any that are numbers
    return not weight.is_floating_point() or bool(torch.isfinite(weight.sum(dtype=torch.float64)))
