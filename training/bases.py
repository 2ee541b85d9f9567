"""
Bases by name. In: `embedded`, a folder, a GGUF file, or a remote name. Out: where it lies here, and who it is.

Only safetensors and GGUF are taken. Nothing reaches for the network unless the user names a remote base; after that one
download everything is read from local files.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..mining.artefacts import sha256_file, sha256_json
from ..mining.errors import InputError
from ..mining.instead import tell_instead
from .base import EMBEDDED, embedded_path
from .seen import remember_place
from .trust import check_config, check_gguf, check_parts

REMOTE_NAME = re.compile(r"[\w.-]+/[\w.-]+")
COMMIT = re.compile(r"[0-9a-f]{40}")
FILES_OF_A_BASE = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]


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
        remember_place(digest, path)
        return Base(path.resolve().name, path, digest)
    if path.is_file() and path.suffix == ".gguf":
        check_gguf(path)
        digest = sha256_file(path)
        remember_place(digest, path)
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
