"""
What is pinned. In: where something is fetched from. Out: whether it names a version or a commit.
"""

from __future__ import annotations

import re

PIN = re.compile(r"@[\w.-]+$|\?(.*&)?ref=|:[\w.-]+$|@sha256:[0-9a-f]+$")
"""What stands behind the name of what is fetched."""
COMMIT = re.compile(r"(^|[@:=])[0-9a-f]{40,64}$")
VERSION = re.compile(r"[@:=][A-Za-z_/-]*\d[\w./-]*$")
"""What ends in a number, as `v4` does; any other word is a branch, or a tag that moves like one."""
VERSION_KEYS = frozenset({"version", "rev", "ref", "tag", "commit", "sha256", "digest"})
"""Keys that pin what another key of their block names."""


REQUIREMENT = re.compile(r"(?:[\^~]|[<>=!]=?)\s*v?\d.*|v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")
"""A version alone, or which ones will do: `1.2.3`, `^1.2`, `>=3.1 <4.0`."""


def is_version(value: str) -> bool:
    """Claim that *value* is a version, or says which ones will do."""
    return REQUIREMENT.fullmatch(value) is not None


def is_commit(origin: str) -> bool:
    """Claim that *origin* is a commit, or ends in one."""
    return COMMIT.search(origin) is not None


def is_pinned(origin: str) -> bool:
    """Claim that *origin* names a version or a commit of what is fetched from there."""
    return is_commit(origin) or (PIN.search(origin) is not None and VERSION.search(origin) is not None)
