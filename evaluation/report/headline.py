"""
What the report shows first. In: a run and its verdict. Out: the picture of the difference, and the numbers below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...mining.wording import counted
from ..figures import percent, points, relative, signed, span
from ..tables import Row
from .charts import draw_strip


def describe_strip(verdict: Row) -> dict[str, Any] | None:
    """Return the picture of the primary difference; of the loss, where acceptance is at its floor."""
    primary = verdict["primary"]
    test = verdict["losses"].get("test", {})
    if verdict["at_floor"] and test.get("ci"):
        return describe_loss_strip(test)
    if primary is None or primary["ci"] is None:
        return None
    svg, scale = draw_strip(primary["mean_diff"], primary["ci"], verdict["policy"]["minimum_gain"])
    least = verdict["policy"]["minimum_gain"]
    ticks = [(scale.at(tick), signed(tick).partition(" ")[0]) for tick in scale.ticks(7)]
    return {
        "a": primary["a"],
        "b": primary["b"],
        "difference": signed(primary["mean_diff"]),
        "interval": span(primary["ci"]),
        "what": "answers accepted",
        "note": f"; shaded from {signed(least)}",
        "svg": svg,
        "ticks": ticks,
    }


def describe_loss_strip(test: Row) -> dict[str, Any]:
    """Return the picture of how far the loss on the house's answers moved."""
    low, high = -test["ci"][1], -test["ci"][0]
    svg, scale = draw_strip(-test["fell"], (low, high), None)
    return {
        "a": "tuned",
        "b": "base",
        "what": "loss on the house's answers",
        "difference": relative(-test["fell"]),
        "interval": f"{relative(low)} to {relative(high)}",
        "note": "; lower is better",
        "svg": svg,
        "ticks": [(scale.at(tick), relative(tick)) for tick in scale.ticks(7)],
    }


def describe_figures(run: Row, verdict: Row) -> list[dict[str, str]]:
    """Return the four numbers under the verdict: what was learned, accepted, paid, and could be seen."""
    arms = {arm["arm_id"]: arm for arm in verdict["arms"]}
    figures: list[dict[str, str]] = []
    test = verdict["losses"].get("test")
    if test and "fell" in test:
        note = f"from {test['base']:.3f} to {test['tuned']:.3f} nats a token"
        figures.append(figure("Loss on the house's answers", relative(-test["fell"]), note))
    prompt, tuned = arms.get(verdict["chosen"]["prompt"]), arms.get(verdict["chosen"]["tuned"])
    best = tuned or prompt
    if best is not None:
        others = [f"{name} {percent(accepted(arms[name]))}" for name in compared(verdict, arms)]
        value = percent(accepted(best))
        figures.append(figure(f"Accepted, {best['arm_id']}", value, ", ".join(others)))
        figures.append(figure("Prompt of an answer", f"{best['prompt_tokens'] or 0:,.0f} tokens", cost_note(arms)))
    plan = verdict["plan"]
    needed = f"about {plan['needed']:,} for a gain of {points(verdict['policy']['minimum_gain'])}"
    note = f"in {counted(plan['clusters'], 'cluster')}; {needed}"
    figures.append(figure("Probes", f"{run['suite']['n_probes']:,}", note))
    return figures


def figure(label: str, value: str, note: str) -> dict[str, str]:
    """Return one number with its name and its measure."""
    return {"label": label, "value": value, "note": note}


def accepted(arm: Row) -> float | None:
    """Return the share of an arm's answers that are accepted; None where the machine lost them all."""
    return arm["rates"].get("accept", {}).get("rate")


def compared(verdict: Row, arms: Mapping[str, Row]) -> list[str]:
    """Return the arms to name beside the best one: `base`, and the prompt-only arm it is measured against."""
    names = dict.fromkeys(["base", verdict["chosen"]["prompt"]])
    best = verdict["chosen"]["tuned"] or verdict["chosen"]["prompt"]
    return [name for name in names if name in arms and name != best]


def cost_note(arms: Mapping[str, Row]) -> str:
    """Return what the fullest prompt costs beside it."""
    full = arms.get("guide+rag")
    return f"guide+rag takes {full['prompt_tokens']:,.0f}" if full and full["prompt_tokens"] else ""
