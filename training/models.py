"""
Base models. In: `embedded`, a folder, a GGUF file, or a remote name. Out: its tokenizer, its model, and who it is.

Only safetensors and GGUF are loaded and no code of a model is run. Nothing reaches for the network unless the user
names a remote base; after that one download everything is read from local files. What an adapter names is read from
this machine alone.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from inspect import signature
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from ..mining.artefacts import sha256_file, sha256_json
from ..mining.cache import cache_folder
from ..mining.errors import IdiolectError, InputError, MachineError, MismatchError, MissingExtraError, lacks_memory
from ..mining.instead import tell_instead
from .base import EMBEDDED, embedded_path
from .onward import goes_on
from .recipe import SMALL_MODEL
from .trust import check_config, check_gguf, check_parts

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from .families import Family

# peft asks transformers for a property under its old name; nothing a user could do about it
warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)

REMOTE_NAME = re.compile(r"[\w.-]+/[\w.-]+")
COMMIT = re.compile(r"[0-9a-f]{40}")
FILES_OF_A_BASE = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
BASES = "bases"
"""The part of the cache that knows where bases were seen."""
VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken", "tekken.json")
"""What files of a tokenizer are called that hold its words."""
# a model whose configuration states no length at all
CONTEXT_UNKNOWN = 2048
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
"""What the user may say of precision."""


@dataclass(frozen=True, slots=True)
class Base:
    """
    A base model on this machine.
    """

    name: str
    """How artefacts call it: `idiolect/embedded-<hash8>`, a remote name, or the folder's own name. Never a path."""
    folder: Path
    weights_sha256: str
    file: str = ""
    """The GGUF file in *folder* that holds all of it: weights, configuration and tokenizer. Empty for safetensors."""
    revision: str = ""
    """The hub's commit that it came from; empty where it did not come from there."""

    @property
    def source(self) -> dict[str, Any]:
        """Where transformers' loaders find it, and that they stay on this machine and run none of its code."""
        place = {"pretrained_model_name_or_path": self.folder, **({"gguf_file": self.file} if self.file else {})}
        return {**place, "local_files_only": True, "trust_remote_code": False}


def find_base(base: str | Path | Base) -> Base:
    """
    Return the base that the user named, downloading it only when that is a remote name; one that is found stays it.

    Raises `InputError` when there is no such base, or a folder holds no safetensors.
    """
    if isinstance(base, Base):
        return base
    if str(base) == EMBEDDED:
        folder = embedded_path()
        digest = hash_weights(folder)
        return Base(f"idiolect/embedded-{digest[:8]}", folder, digest)
    path = Path(base)
    with suppress(RuntimeError):  # there is nobody of that name here
        path = path.expanduser()
    if path.is_dir():
        digest = hash_weights(path)
        remember_base(digest, path)
        return Base(path.resolve().name, path, digest)
    if path.is_file() and path.suffix == ".gguf":
        check_gguf(path)
        digest = sha256_file(path)
        remember_base(digest, path)
        return Base(path.stem, path.parent, digest, path.name)
    if path.exists() or path.suffix == ".gguf" or not REMOTE_NAME.fullmatch(str(base)):
        raise InputError(
            f"No base model at {str(base)!r}. Give 'embedded', a model folder, a GGUF file, or a name like "
            "'owner/model'."
        )
    return download_base(str(base))


def download_base(name: str) -> Base:
    """Return the remote base *name*, from the local cache where that holds its newest revision."""
    try:
        folder = find_snapshot(name)
    except Exception as error:
        raise InputError(
            f"The base {name!r} could not be fetched ({type(error).__name__}). Check the name and the network, "
            "or give a model folder."
        ) from error
    return Base(name, folder, hash_weights(folder), revision=read_revision(folder))


def cached_base(name: str, revision: str) -> Base:
    """
    Return the remote base *name* at *revision*, or at its newest one known here, from the local cache alone.

    Raises `InputError` where it is not there.
    """
    try:
        folder = find_snapshot(name, revision=revision or None, local_files_only=True)
    except Exception as error:
        raise InputError(
            f"The adapter's base {name!r} is not on this machine, and nothing is fetched on an adapter's word. "
            f"If you trust that name, give it: --base {name}"
        ) from error
    return Base(name, folder, hash_weights(folder), revision=read_revision(folder))


def find_snapshot(name: str, **options: Any) -> Path:
    """Return the folder in the hub's local cache that holds the base *name*."""
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, allow_patterns=FILES_OF_A_BASE, ignore_patterns=["original/*"], **options))


def read_revision(folder: Path) -> str:
    """Return the commit by which the hub's cache calls *folder*."""
    return folder.name if COMMIT.fullmatch(folder.name) else ""


def hash_weights(folder: Path) -> str:
    """
    Return the hash of the weights in *folder*.

    Raises `InputError` when it is no model folder or holds no safetensors.
    """
    if not (folder / "config.json").is_file():
        way_out = "Name a model's; an adapter goes with --from or --adapter."
        told = tell_instead(folder, "merged", "it has no config.json", way_out)
        raise InputError(f"{str(folder)!r} is no model folder: {told}")
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            check_config(folder / name)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputError(
            f"{str(folder)!r} holds no safetensors weights; other formats can run code and are not loaded."
        )
    check_parts(folder, files)
    hashes = {file.name: sha256_file(file) for file in files}
    return hashes.popitem()[1] if len(hashes) == 1 else sha256_json(hashes)


def load_tokenizer(base: Base) -> PreTrainedTokenizerBase:
    """Return the tokenizer of *base*; raises `InputError` for one that cannot be used with its model."""
    with loading(base, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(**base.source)
    if not isinstance(tokenizer.model_max_length, int | float):
        raise InputError(f"The tokenizer of the base {base.name!r} has a 'model_max_length' that is no number.")
    # tokens that somebody added and no text holds, as for padding, have no row in some models
    ids = tokenizer.get_vocab().items() - tokenizer.get_added_vocab().items()
    if not ids:
        # of some kinds the library makes one out of nothing
        raise wordless(base)
    last, rows = max(token for _, token in ids), read_config(base).get_text_config().vocab_size
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
    if told["missing_keys"]:
        # the library would fill their places with chance
        raise InputError(
            f"The base {base.name!r} lacks {len(told['missing_keys'])} of its weights, {min(told['missing_keys'])!r} "
            "among them. Is the folder complete?"
        )
    broken = next((name for name, weight in model.named_parameters() if not is_finite(weight)), "")
    if broken:
        raise InputError(f"The weights of the base {base.name!r} hold what is not a number, in {broken!r}.")
    if base.file or (unpacked and "quantization_config" not in options):
        forget_origin(model)
    if "past_key_values" not in signature(model.forward).parameters:
        raise InputError(f"The base {base.name!r} keeps no keys and values to go on writing from. Use another.")
    # a quantised model stands where it was put
    placed = model if "quantization_config" in options else model.to(device)  # pyright: ignore - a stub's mistake
    placed.eval()
    with loading(base, "model"):
        if not goes_on(placed):
            raise InputError(
                f"The base {base.name!r} does not go on, token after token, as it reads a text at once: no answer of "
                "it could be written. Use another."
            )
    return placed


def forget_origin(model: Any) -> None:
    """Let *model*, read from few bits and now in full numbers, be saved and trained as any other."""
    vars(model.config).pop("quantization_config", None)
    model.hf_quantizer, model.is_quantized = None, False
    # by these its numbers would be packed again when they are saved
    model._weight_conversions = None


def is_finite(weight: torch.Tensor) -> bool:
    """Claim that every number of *weight* is one; whole numbers, as of a quantised model, always are."""
    # a sum passes over them once and makes no copy; twice their precision has room for any that are numbers
    return not weight.is_floating_point() or bool(torch.isfinite(weight.sum(dtype=torch.float64)))


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
            raise MachineError(f"{told}. Take a smaller base, or a larger machine.") from error
        raise unusable(base, part, error) from error


def unusable(base: Base, part: str, error: Exception) -> InputError:
    """Return the error that says why transformers could not load *part* of *base*."""
    if "trust_remote_code" in str(error):
        return InputError(f"The base {base.name!r} brings its own code, which is not run. Use a base without it.")
    if part == "tokenizer" and not base.file and not any(any(base.folder.glob(name)) for name in VOCABULARIES):
        return wordless(base)
    told = str(error).strip()
    reason = told.splitlines()[0].strip()[:200] if told and not isinstance(error, KeyError) else repr(error)[:200]
    if "ignore_mismatched_sizes" in told:
        reason = "its weights have other shapes than its configuration says."
    if reason.endswith(":"):
        reason = " ".join(told.split())[:200]
    doubt = " Is the file complete?" if base.file and "not supported" not in reason else ""
    return InputError(f"The {part} of the base {base.name!r} cannot be loaded: {reason}{doubt}")


def wordless(base: Base) -> InputError:
    """Return the error that says that *base* has no tokenizer."""
    return InputError(f"The base {base.name!r} has no tokenizer. Name a folder that holds one beside the weights.")


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
    # a tokenizer that knows no limit says 10^30
    known = [int(length) for length in lengths if length and length < 10**7]
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


def choose_device() -> torch.device:
    """Return the accelerator of this machine and process, or its processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def choose_dtype(device: torch.device, parameters: int) -> torch.dtype:
    """
    Return what a base of *parameters* is kept in: bf16 where *device* multiplies in it by itself, else full precision.

    On a processor a small base stays in full precision: its matrices are too narrow to gain by less.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = parameters >= SMALL_MODEL and multiplies_in_bf16()
    return torch.bfloat16 if native else torch.float32


def multiplies_in_bf16() -> bool:
    """Claim that this processor has instructions for products in bf16: four times the rate of full precision."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))


def require_own(base: Base, family: Family, record: Mapping[str, Any]) -> None:
    """
    Raise `MismatchError` unless the adapter of *record* was trained on the weights of *base* and prompts of *family*.

    A record without the prompts' hash, as earlier versions wrote, is held to the weights.
    """
    name = record["base"]["name"]
    if base.weights_sha256 != record["base"]["weights_sha256"]:
        raise MismatchError(f"The adapter was trained on {name!r}; {base.name!r} has other weights. Name its own base.")
    if record["prompt_format"].get("sha256", family.sha256) != family.sha256:
        unused = f" Its chat template is not used: {family.unused}." if family.unused else ""
        raise MismatchError(
            f"The adapter was trained on {name!r}; {base.name!r} has its weights and makes other prompts: tokenizer, "
            f"chat template or end tokens changed.{unused} Name its own base, or train again."
        )


def remember_base(weights_sha256: str, path: Path) -> None:
    """Note where weights were seen: adapters hold no paths, and this saves the user from naming the folder again."""
    cache = cache_folder(BASES)
    if cache is not None:
        with suppress(OSError):
            (cache / f"base-{weights_sha256[:16]}.json").write_text(json.dumps(str(path.resolve())), "utf-8")


def recall_base(record: Mapping[str, Any]) -> Base:
    """
    Return the base of the adapter of *record*, from where it was last seen or from the hub's cache on this machine.

    Raises `InputError` where it is not known here: a record comes from anybody, so its name fetches nothing.
    """
    name, weights_sha256 = record["base"]["name"], record["base"]["weights_sha256"]
    if name.startswith("idiolect/embedded-"):
        return find_base(EMBEDDED)
    seen = None
    cache = cache_folder(BASES)
    with suppress(OSError, ValueError):
        if cache is not None:
            seen = Path(json.loads((cache / f"base-{weights_sha256[:16]}.json").read_text("utf-8")))
    if seen is not None and seen.exists():
        return find_base(seen)
    if REMOTE_NAME.fullmatch(name):
        revision = str(record["base"].get("revision", ""))
        return cached_base(name, revision if COMMIT.fullmatch(revision) else "")
    raise InputError(f"The adapter's base {name!r} is not known here. Name its folder or file with --base PATH.")
