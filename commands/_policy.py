"""
The policy of a repository's settings. In: repositories. Out: nothing, or all that is wrong with it.

Asked before hours are spent: what is mined keeps the policy, and only an evaluation would find its faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def check_policies(repositories: Sequence[Path]) -> None:
    """Raise `SettingsError` for a policy under which no evaluation could be judged."""
    from ..evaluation.verdict import Policy
    from ..mining.settings import read_settings

    for root in repositories:
        Policy.from_settings(read_settings(root).policy, f"the policy of {str(root)!r}")
