"""
What a base or an adapter may say of itself. In: its files. Out: nothing, or a refusal.

A configuration can name code to fetch and run (CVE-2026-4372 is one such key), and a chat template is a program. The
library is told to run no such code; these are refused before it reads them, by name.
"""

from __future__ import annotations

import re
import stat
import struct
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from ..mining.artefacts import parse_json
from ..mining.errors import InputError

FETCHING = (
    "auto_map", "custom_generate", "custom_pipelines", "attn_implementation", "_attn_implementation",
    "_attn_implementation_internal", "use_kernels", "kernel_config", "auto_mapping",
)  # fmt: skip
"""Keys by which a library imports or downloads code."""
HARMLESS = (None, False, "eager", "sdpa", "flash_attention_2", "flex_attention")
OWN_KEYS = {
    "r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules", "exclude_modules", "trainable_token_indices",
    "use_dora", "use_rslora", "task_type", "peft_type", "peft_version", "base_model_name_or_path", "revision",
    "inference_mode", "fan_in_fan_out",
}  # fmt: skip
"""What an adapter made here sets, or PEFT for it (that GPT-2 keeps its weights turned); the rest it leaves to PEFT."""
LAYERS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")
LARGEST_TEXT = 64 << 20
"""Bytes of a file beside the weights that a loader reads whole; the largest vocabularies take half of it."""
TEXTS = (
    "config.json", "tokenizer.json", "vocab.json", "added_tokens.json", "merges.txt", "vocab.txt", "tokenizer.model",
    "spiece.model", "model.safetensors.index.json",
)  # fmt: skip
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
WHOLE, TEXT, ROW = (4, 5), 8, 9
"""The kinds of a value in a GGUF head (docs/gguf.md of ggml): bytes of those that have a width, and the others."""
LONGEST_WORD = 64
STRETCH, READ = b".rope.scaling.type", (b"gpt-oss.rope.scaling.type",)
FACTORS = frozenset({b"rope_freqs.weight", b"rope_factors_long.weight", b"rope_factors_short.weight"})
"""
By what a GGUF file says that positions are stretched: an entry, which transformers reads of one architecture, or
tensors, which it reads of none.
"""
ARCHITECTURE, UNBIASED = b"general.architecture", (b"llama", b"qwen3")
"""Of these architectures it reads no biases; Granite's code models are of the first, and have some."""
LONGEST_TEMPLATE = 100_000
TEMPLATE_SECONDS = 60
RENDER = """
import sys
from contextlib import suppress
with suppress(ImportError):
    import resource
    for limit, most in ((resource.RLIMIT_AS, 512 << 20), (resource.RLIMIT_CPU, 4)):
        # a limit that is lower already cannot be raised, and some systems know none
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
from jinja2.sandbox import ImmutableSandboxedEnvironment
messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "x"}]
try:
    template = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"]).from_string(sys.stdin.read())
    for prompt in (True, False):
        size = len(template.render(messages=messages, add_generation_prompt=prompt, bos_token="", eos_token=""))
        if size > 1 << 20:
            sys.exit(3)
except MemoryError:
    sys.exit(3)
except Exception:
    pass
"""


def check_config(file: Path) -> None:
    """Raise `InputError` where the configuration in *file* would fetch or run code, or is none."""
    try:
        config = parse_json(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file.name} of {str(file.parent)!r} cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise InputError(f"{file.name} of {str(file.parent)!r} is no JSON object.")
    refuse_code(config, file)


def refuse_code(config: Mapping[str, Any], file: Path) -> None:
    """Raise `InputError` for the first key of *config*, at any depth, that would fetch or run code."""
    for key, value in config.items():
        if key in FETCHING and not isinstance(value, (list, dict)) and value in HARMLESS:
            continue
        method = value.get("quant_method") if key == "quantization_config" and isinstance(value, dict) else None
        if key in FETCHING or (isinstance(method, str) and "/" in method):
            raise InputError(
                f"{file.name} of {file.parent.name!r} sets {key!r}: its own code is not run. Use one without it."
            )
        if isinstance(value, dict):
            refuse_code(value, file)


def check_parts(folder: Path, weights: Sequence[Path]) -> None:
    """
    Raise `InputError` unless the files of the base in *folder* can be what its configuration says, and are all of it.

    *weights* are the files that its hash covers. The library would build as many layers as it is told before it looks
    for their weights, follow an adapter's configuration to another model, and an index to files elsewhere.
    """
    for path in folder.iterdir():
        if path.exists() and not (stat.S_ISREG(path.stat().st_mode) or path.is_dir()):
            raise InputError(f"{path.name!r} in {str(folder)!r} is no plain file.")
        if path.name in TEXTS and path.is_file() and path.stat().st_size > LARGEST_TEXT:
            raise InputError(f"{path.name!r} in {str(folder)!r} is larger than {LARGEST_TEXT >> 20} MiB.")
    if (folder / "adapter_config.json").exists():
        raise InputError(f"{str(folder)!r} holds an adapter besides the model. Name a folder of the base alone.")
    index = folder / "model.safetensors.index.json"
    if index.is_file() and not (folder / "model.safetensors").is_file():
        check_config(index)
        parts = parse_json(index.read_text("utf-8")).get("weight_map")
        named = {str(part) for part in parts.values()} if isinstance(parts, dict) else {"weight_map"}
        if lost := sorted(named - {file.name for file in weights}):
            raise InputError(f"{index.name} of {str(folder)!r} names {lost[0]!r}, which the folder does not hold.")
    config = parse_json((folder / "config.json").read_text("utf-8"))
    inner = config.get("text_config")
    counts = [part.get(key) for part in (config, inner) if isinstance(part, dict) for key in LAYERS]
    layers = max((count for count in counts if isinstance(count, int)), default=0)
    if layers > (stored := sum(map(count_tensors, weights))):
        raise InputError(f"config.json of {str(folder)!r} speaks of {layers} layers; its files hold {stored} tensors.")


def count_tensors(file: Path) -> int:
    """Return how many tensors *file* holds, by its head; raises `InputError` where that is torn or lies."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "np") as tensors:
            return len(tensors.keys())
    except (SafetensorError, OSError) as error:
        raise InputError(f"{file.name} of {str(file.parent)!r} cannot be read: {str(error)[:200]}") from None


def check_gguf(file: Path) -> None:
    """
    Raise `InputError` where the head of the GGUF *file* is torn, or transformers would read another model.

    That is one of more layers than the file has tensors, for which it makes room, or of stretched positions.
    """
    with file.open("rb") as head:
        try:
            magic, _, tensors, entries = struct.unpack("<4sIQQ", head.read(24))
            if magic != b"GGUF":
                raise InputError(f"{str(file)!r} is no GGUF file.")
            values = dict(read_entries(head, entries))
            layers = [value for name, value in values.items() if name.endswith(b".block_count")]
            if (most := max((count for count in layers if isinstance(count, int)), default=0)) > tensors:
                raise InputError(f"{str(file)!r} speaks of {most} layers and holds {tensors} tensors.")
            names = {read_tensor(head) for _ in range(tensors)}
        # a length that lies may be none that a file can have
        except (struct.error, KeyError, OSError, ValueError, OverflowError, MemoryError, RecursionError):
            raise InputError(f"The head of {str(file)!r} cannot be read. Is the file complete?") from None
    if unread := find_unread(values, names):
        raise InputError(
            f"{str(file)!r} {unread}, which transformers does not read there: it would be another model. Name the "
            "folder of safetensors that the file was made of."
        )


def find_unread(values: Mapping[bytes, bytes | int | None], names: Collection[bytes]) -> str:
    """Return what a GGUF file of these entries and tensors does that transformers (5.23) leaves out, or nothing."""
    scaled = (value for name, value in values.items() if name.endswith(STRETCH) and name not in READ)
    if not FACTORS.isdisjoint(names) or any(value != b"none" for value in scaled):
        return "stretches its positions"
    if values.get(ARCHITECTURE) in UNBIASED and any(name.endswith(b".bias") for name in names):
        return "adds biases in its layers"
    return ""


def read_entries(head: BinaryIO, count: int) -> Iterator[tuple[bytes, bytes | int | None]]:
    """Yield name and value of each of *count* entries of a GGUF head; None for what is neither a word nor 32 bits."""
    for _ in range(count):
        name = head.read(read_number(head, "Q"))
        yield name, read_value(head, read_number(head, "I"))


def read_tensor(head: BinaryIO) -> bytes:
    """Return the name of the next tensor that a GGUF head describes: its sides, type and place follow."""
    name = head.read(read_number(head, "Q"))
    for _ in range(read_number(head, "I")):
        read_number(head, "Q")
    read_number(head, "I")
    read_number(head, "Q")
    return name


def read_number(head: BinaryIO, form: str) -> int:
    """Return the next number; raises `struct.error` at the end of the file."""
    return struct.unpack(f"<{form}", head.read(struct.calcsize(f"<{form}")))[0]


def read_value(head: BinaryIO, kind: int) -> bytes | int | None:
    """Go past a value of *kind*, and return it where it is a word or a whole number of 32 bits."""
    if kind in WHOLE:
        return read_number(head, "I")
    if kind == TEXT:
        size = read_number(head, "Q")
        if size <= LONGEST_WORD:
            return head.read(size)
        head.seek(size, 1)
    elif kind == ROW:
        inner, count = read_number(head, "I"), read_number(head, "Q")
        if inner in WIDTHS:
            head.seek(count * WIDTHS[inner], 1)
        else:
            for _ in range(count):
                read_value(head, inner)
    else:
        head.seek(WIDTHS[kind], 1)
    return None


def check_adapter(folder: Path, most: int) -> None:
    """
    Raise `InputError` unless the adapter in *folder* is of a known kind, brings no code and has ranks up to *most*.

    PEFT takes names also as patterns, which may search without end, and makes room for any rank before it looks at the
    weights: only what adapters made here say is passed on to it.
    """
    from peft import LoraConfig

    file = folder / "adapter_config.json"
    check_config(file)
    config = parse_json(file.read_text("utf-8"))
    kind = config.get("peft_type")
    if kind != "LORA":
        raise InputError(f"{str(folder)!r} holds an adapter of kind {kind!r}. Known: LORA.")
    usual = LoraConfig().to_dict()
    odd = [key for key, value in config.items() if key not in OWN_KEYS and value and value != usual.get(key)]
    odd += [key for key in ("target_modules", "exclude_modules") if not isinstance(config.get(key) or [], list)]
    patterns = {key: config.get(key) or {} for key in ("rank_pattern", "alpha_pattern")}
    odd += [key for key, names in patterns.items() if not (isinstance(names, dict) and all(map(is_plain, names)))]
    ranks = [config.get("r"), *(() if odd else patterns["rank_pattern"].values())]
    odd += ["r"] * any(type(rank) is not int or rank > most for rank in ranks)
    if odd:
        raise InputError(f"{file.name} of {str(folder)!r} sets {odd[0]!r} as no adapter of this base made here does.")


def is_plain(name: str) -> bool:
    """Claim that *name* is a module's, and no pattern but for its dots."""
    return re.fullmatch(r"[\w.-]+", name) is not None


@cache
def is_harmless(template: str) -> bool:
    """Claim that *template* renders within little time and memory; tried in a process of its own."""
    if len(template) > LONGEST_TEMPLATE:
        return False
    command = [sys.executable, "-I", "-X", "utf8", "-c", RENDER]
    try:
        done = subprocess.run(command, input=template.encode(), capture_output=True, timeout=TEMPLATE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
