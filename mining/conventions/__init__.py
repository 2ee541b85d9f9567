"""
What can be asked of code, one family a file. In: a `Source`. Out: its choices, tallied and judged by the same code.
"""

from __future__ import annotations

from .convention import Choice, Convention, Examples, Opportunity, collect_conventions
from .tally import FileTally, tally_source

__all__ = ["Choice", "Convention", "Examples", "FileTally", "Opportunity", "collect_conventions", "tally_source"]
