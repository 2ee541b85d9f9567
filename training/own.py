"""
An adapter's own base. In: the adapter's record. Out: the base that it was trained on, or a refusal of another.

A record comes from anybody: what it names is read from this machine alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..mining.errors import InputError, MismatchError
from .base import EMBEDDED
from .bases import COMMIT, REMOTE_NAME, Base, find_base, find_snapshot, hash_weights, read_revision
from .seen import recall_place

if TYPE_CHECKING:
    from .families import Family


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


def recall_base(record: Mapping[str, Any]) -> Base:
    """
    Return the base of the adapter of *record*, from where it was last seen or from the hub's cache on this machine.

    Raises `InputError` where it is not known here: a record comes from anybody, so its name fetches nothing.
    """
    name, weights_sha256 = record["base"]["name"], record["base"]["weights_sha256"]
    if name.startswith("idiolect/embedded-"):
        return find_base(EMBEDDED)
    if (seen := recall_place(weights_sha256)) is not None:
        return find_base(seen)
    if REMOTE_NAME.fullmatch(name):
        revision = str(record["base"].get("revision", ""))
        return cached_base(name, revision if COMMIT.fullmatch(revision) else "")
    raise InputError(f"The adapter's base {name!r} is not known here. Name its folder or file with --base PATH.")


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
