"""
What a base or an adapter may say of itself. In: its configuration and chat template. Out: nothing, or a refusal.

A configuration can name code to fetch and run (CVE-2026-4372 is one such key), and a chat template is a program. The
library is told to run no such code; these are refused before it reads them, by name.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..mining.artefacts import parse_json
from ..mining.errors import InputError

FETCHING = (
    "auto_map", "custom_generate", "custom_pipelines", "attn_implementation", "_attn_implementation",
    "_attn_implementation_internal", "use_kernels", "kernel_config", "auto_mapping",
)  # fmt: skip
"""Keys by which a library imports or downloads code."""
HARMLESS = (None, False, "eager", "sdpa", "flash_attention_2", "flex_attention")
ADAPTERS = ("LORA",)
OWN_KEYS = {
    "r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules", "exclude_modules", "trainable_token_indices",
    "use_dora", "use_rslora", "task_type", "peft_type", "peft_version", "base_model_name_or_path", "revision",
    "inference_mode",
}  # fmt: skip
"""What an adapter made here sets; the rest it leaves to PEFT."""
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
    if kind not in ADAPTERS:
        raise InputError(f"{str(folder)!r} holds an adapter of kind {kind!r}. Known: {', '.join(ADAPTERS)}.")
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
    command = [sys.executable, "-I", "-c", RENDER]
    try:
        done = subprocess.run(command, input=template, text=True, capture_output=True, timeout=TEMPLATE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
