"""
The sample browser's data. In: scores, samples, probes. Out: JSON that cannot close the element it stands in.

Answers are shown whole up to a length, and what a reader cannot see in them is made visible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ...mining.pairs.pair import Pair
from ..arms import Request
from ..tables import Row
from .examples import say_status
from .visible import make_visible, shorten


def pack_data(
    scores: Sequence[Row], samples: Sequence[Row], pairs: Mapping[str, Pair], requests: Mapping[str, Request]
) -> Markup:
    """Return the sample browser's data as JSON that holds no `<`, `>` or `&`."""
    raw = {row["key"]: row["raw_output"] for row in samples}
    fronts: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for row in scores:
        pair = pairs[row["probe_id"]]
        front = show(front_of(requests.get(row["key"]), pair))
        number = fronts.setdefault(front, str(len(fronts))) if front else ""
        rest = raw.get(row["key"], "").strip().removeprefix(row["extracted_code"].strip()).strip()
        rows.append(
            {
                "arm": row["arm_id"],
                "probe": row["probe_id"],
                "status": say_status(row["status"]),
                "code": show(row["extracted_code"]),
                "rest": show(rest) if row["ending"] == "ran_on" else "",
                "front": number,
                "remarks": [show(f"{r['rule']} (line {r['line']}): {r['message']}") for r in row["remarks"]],
            }
        )
    asked = {row["probe_id"] for row in scores}
    probes = {
        i: {
            "symbol": show(p.symbol),
            "path": show(p.path),
            "reference": show(p.response),
            "context": show(p.context),
            "instruction": show(p.instruction),
        }
        for i, p in pairs.items()
        if i in asked
    }
    text = json.dumps({"samples": rows, "probes": probes, "fronts": {v: k for k, v in fronts.items()}})
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - escaped


def front_of(request: Request | None, pair: Pair) -> str:
    """Return what an arm put in front of the file's own context."""
    if request is None or request.context == pair.context:
        return ""
    return request.context.removesuffix(pair.context).rstrip("\n")


def show(text: str) -> str:
    """Return *text* as a person may see it."""
    return make_visible(shorten(text))
