"""
How firmly a rule is held. In: tiers. Out: which there are, the weaker of two, and those from one on.
"""

from __future__ import annotations

TIERS = ("gate", "advise", "hint")
"""From the strictest; a finding's tier is the highest its bound and its convention's cap allow."""


def tiers_from(lowest: str) -> tuple[str, ...]:
    """Return the tiers that are as strict as *lowest*, or stricter."""
    return TIERS[: TIERS.index(lowest) + 1]


def lower_tier(one: str, other: str) -> str:
    """Return the weaker of two tiers; an empty tier means none."""
    if not one or not other:
        return ""
    return max(one, other, key=TIERS.index)


ENFORCED = tiers_from("advise")
"""The tiers of rules that answers are held to, and whose findings every format lists; a hint is for who asks."""
