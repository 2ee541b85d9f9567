"""
A corpus and a base model in, an adapter out. The only folder that imports torch.
"""

from __future__ import annotations

from importlib.util import find_spec

from ..mining.errors import MissingExtraError

# said here, before any module of this folder imports one of them
for package in ("torch", "transformers", "peft", "accelerate", "safetensors"):
    if find_spec(package) is None:
        raise MissingExtraError(f"{package}, which models need,", "idiolect[train]")
