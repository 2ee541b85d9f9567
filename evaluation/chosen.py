"""
Which prompt the adapter was weighed against. In: a verdict as it is stored. Out: a sentence where another did better.
"""

from __future__ import annotations

from .arms import ARMS
from .tables import Row


def say_better_prompts(verdict: Row) -> str:
    """
    Return which prompts have more answers accepted on the test probes than the one that was chosen; nothing of none.

    It says, too, why that one was chosen all the same.
    """
    chosen = verdict["chosen"]
    rates = {arm["arm_id"]: arm["rates"]["accept"]["rate"] for arm in verdict["arms"] if "accept" in arm["rates"]}
    prompts = {name: rate for name, rate in rates.items() if name in ARMS and not ARMS[name].adapted}
    own = prompts.get(chosen["prompt"])
    if own is None:
        return ""
    better = sorted((name for name, rate in prompts.items() if rate > own), key=lambda name: -prompts[name])
    if not better:
        return ""
    names = " and ".join(f"{name} ({prompts[name]:.1%})" for name in better)
    how = f"on {chosen['probes']:,} validation probes" if chosen["by"] == "validation" else "by rule, before any answer"
    return (
        f"{names} did better on the test probes than {chosen['prompt']} ({own:.1%}), the prompt compared: that was "
        f"chosen {how}, because the luckiest of several on the probes that decide would be no fair rival."
    )
