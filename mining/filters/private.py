"""
Private matter. In: a text. Out: which kind of it stands there: a secret, or what belongs to a person.
"""

from __future__ import annotations

from .personal import mask_personal
from .secrets import find_secrets


def what_is_private(text: str) -> str:
    """Return `secret` or `personal_data` where *text* holds such, or nothing."""
    if find_secrets(text):
        return "secret"
    return "personal_data" if mask_personal(text)[1] else ""
