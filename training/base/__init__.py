"""
The embedded base model: its reading list, its tokenizer, its recipe, its weights.

In: nothing, or the pinned packages of `packages.toml`. Out: `embedded_path()`, a folder that `from_pretrained` loads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...mining.cache import cache_root
from ...mining.errors import MachineError

__all__ = ["EMBEDDED", "embedded_path", "read_manifest", "usual_cache"]

EMBEDDED = "embedded"
"""How the base is named on the command line."""
WEIGHTS = Path(__file__).with_name("weights")
MANIFEST = "manifest.json"
MANIFEST_SCHEMA = "idiolect.base-data/1"


def embedded_path() -> Path:
    """
    Return the folder of the embedded base.

    Raises `MachineError` when this installation carries no weights.
    """
    if not (WEIGHTS / "model.safetensors").is_file():
        raise MachineError("This installation carries no embedded base. Make one: python -m idiolect.training.base")
    return WEIGHTS


def read_manifest(weights: Path) -> dict[str, Any] | None:
    """Return what the base in the folder *weights* was made of, as the file beside it says, or None without ours."""
    try:
        manifest = json.loads((weights.parent / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(manifest, dict) and manifest.get("schema") == MANIFEST_SCHEMA
    return manifest if ours else None


def usual_cache() -> Path:
    """
    Return where data and checkpoints of the recipe are kept when nobody says where.

    Raises `MachineError` where caching is off.
    """
    root = cache_root()
    if root is None:
        raise MachineError("Caching is off, and the recipe keeps gigabytes between runs. Say where: --cache DIR")
    return root / "base"
