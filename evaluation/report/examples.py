"""
A few answers to look at. In: scores, pairs, the verdict. Out: what the template shows of three probes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...mining.pairs.pair import Pair
from ...mining.wording import worded
from ..tables import Row
from .visible import shorten

SHOWN_LINES = 40
SIGNS = " /*!#-%;"
"""What may stand between the sign of a comment and its words."""


def choose_examples(scores: Sequence[Row], pairs: Mapping[str, Pair], verdict: Row) -> list[dict[str, Any]]:
    """
    Return three probes with their answers, by rule and not by taste.

    One that the tuned arm gets and base does not, one that it gets wrong although it compiles, one that it gets wrong
    otherwise; what is missing is filled with the next probes.
    """
    tuned = verdict["chosen"]["tuned"] or verdict["chosen"]["prompt"]
    by_arm: dict[str, dict[str, Row]] = {}
    for row in scores:
        if row["split"] == "test" and row["sample_ix"] == 0:
            by_arm.setdefault(row["arm_id"], {})[row["probe_id"]] = row
    own, base = by_arm.get(tuned, {}), by_arm.get("base", {})
    ids = [probe for probe in own if probe in base and pairs[probe].response.count("\n") < SHOWN_LINES]
    kinds = (
        [i for i in ids if own[i]["accept"] and not base[i]["accept"]],
        [i for i in ids if not own[i]["accept"] and own[i]["checks"].get("compile")],
        [i for i in ids if not own[i]["accept"]],
    )
    picked: list[str] = []
    for offered in (*kinds, ids, ids, ids):
        following = next((i for i in offered if i not in picked), None)
        if following is not None and len(picked) < 3:
            picked.append(following)
    names = dict.fromkeys([tuned, "base"])
    return [describe_example(pairs[i], [(name, by_arm[name][i]) for name in names]) for i in picked]


def describe_example(pair: Pair, answers: Sequence[tuple[str, Row]]) -> dict[str, Any]:
    """Return one probe with the reference and some arms' answers side by side."""
    house = {
        "name": "the house",
        "status": "reference",
        "tone": "",
        "lines": mark_lines(pair.response, set()),
        "remarks": [],
    }
    panes: list[dict[str, Any]] = [house]
    for name, row in answers:
        lines = {remark["line"] - pair.start_line for remark in row["remarks"]}
        panes.append(
            {
                "name": name,
                "status": "accepted" if row["accept"] else say_status(row["status"]),
                "tone": "good" if row["accept"] else "bad",
                "lines": mark_lines(row["extracted_code"] or "(no code)", lines),
                "remarks": [f"{remark['rule']}: {remark['message']}" for remark in row["remarks"]],
            }
        )
    return {"symbol": pair.symbol, "path": pair.path, "doc": first_sentence(pair.instruction), "panes": panes}


def say_status(status: str) -> str:
    """Return what the page calls a *status* of the scores, in its table and in its words."""
    return "cut short" if status == "truncated" else worded(status)


def mark_lines(code: str, marked: set[int]) -> list[dict[str, Any]]:
    """Return the lines of *code*, common indentation taken off, those with a finding marked."""
    lines = shorten(code).split("\n")
    while len(lines) > 1 and not lines[0].strip():
        lines, marked = lines[1:], {number - 1 for number in marked}
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [{"text": line[indent:], "marked": number in marked} for number, line in enumerate(lines)]


def first_sentence(instruction: str) -> str:
    """Return the first line of the documentation in an ask: of a text in quotes, or of comments below its own line."""
    for quotes in ('"""', "'''"):
        if quotes in instruction:
            return instruction.partition(quotes)[2].strip().partition("\n")[0].strip().removesuffix(quotes)
    ask, *below = instruction.split("\n")
    marker = ask.strip().partition(" ")[0]
    for line in map(str.strip, below):
        if not line.startswith((marker, "/*", "*")):
            break
        if words := line.removeprefix(marker).lstrip(SIGNS).removesuffix("*/").rstrip():
            return words
    return ask
