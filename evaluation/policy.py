"""
What counts as worth it. In: a settings table or a TOML file. Out: a `Policy`, fixed before anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..mining.artefacts import parse_toml
from ..mining.corpus import Corpus
from ..mining.errors import InputError, SettingsError
from ..mining.settings import check_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    What a team declares before the run. Every field has a default that suits a first look.
    """

    minimum_gain: float = 0.05
    """m: the smallest gain in accept@1 worth an adapter's upkeep. Smaller needs many more probes."""
    forgetting_margin: float = 0.1
    """How many nats a token general code may get worse: a tenth is a tenth more perplexity."""
    volume: float | None = None
    """Requests a month that the adapter would answer; None leaves the break-even out of the verdict."""
    reference_floor: float = 0.98
    """References must be accepted at least this often, else the checks are wrong."""
    undecided_ceiling: float = 0.01
    """The share of samples that may be lost to faults of this machine."""
    slice_margin: float = 0.1
    """How much a slice may lose against the promoted adapter before `gate` stops it."""
    rival_margin: float | None = None
    """How many fewer of its answers than of the rival's may be accepted; None does not ask `gate` about a rival."""

    @classmethod
    def from_settings(cls, table: Mapping[str, Any], file: str = "policy") -> Policy:
        """
        Return the policy of a settings table.

        Raises `SettingsError` with every fault at once.
        """
        faults: list[str] = []
        margins = check_policy(table, faults)
        if faults:
            raise SettingsError(file, faults)
        return cls(**margins)


def policy_of(corpus: Corpus) -> Policy:
    """Return the policy that the settings of the mined repository declare. Raises `SettingsError` with every fault."""
    return Policy.from_settings(corpus.manifest.get("policy", {}), "the policy of the corpus's settings")


def read_policy(file: Path) -> Policy:
    """
    Return the policy of a TOML file: its `[policy]` table, or the whole file.

    Raises `SettingsError` with every fault.
    """
    try:
        table = parse_toml(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"Cannot read {str(file)!r}: {error.strerror}.") from None
    except ValueError as error:
        raise SettingsError(file.name, [str(error)]) from None
    own: Any = table.get("policy", table)
    if not isinstance(own, dict):
        raise SettingsError(file.name, [f"policy must be a table, got {own!r}"])
    return Policy.from_settings(own, file.name)  # pyright: ignore[reportUnknownArgumentType] - TOML
