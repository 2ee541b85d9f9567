"""
What an answer costs. In: the samples of an evaluation. Out: tokens by arm, and when the adapter has paid for itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .tables import Row


def weigh_cost(run: Row, samples: Sequence[Row], chosen: Row) -> dict[str, Any]:
    """
    Return what an answer costs in each arm, in tokens, and after how many answers the adapter has paid for itself.

    Tokens of prompt and answer alike are one pass through the model each; the adapter pays when what it saves against
    the best prompt-only arm adds up to what its training took. None: it saves nothing, or its training is unknown.
    """
    tokens: dict[str, float] = {}
    for arm in dict.fromkeys(row["arm_id"] for row in samples):
        own = [row for row in samples if row["split"] == "test" and row["arm_id"] == arm]
        if own:
            tokens[arm] = sum(row["n_prompt_tokens"] + row["n_output_tokens"] for row in own) / len(own)
    tuned, prompt = tokens.get(chosen["tuned"]), tokens.get(chosen["prompt"])
    full = tokens.get("guide+rag")
    training: dict[str, Any] = run.get("training") or {}
    passes = training.get("passes")
    saved = None if tuned is None or prompt is None else prompt - tuned
    return {
        "tokens": tokens,
        "training_passes": passes,
        "saved": saved,
        "saved_against_full_prompt": None if tuned is None or full is None else full - tuned,
        "break_even": math.ceil(passes / saved) if passes and saved and saved > 0 else None,
    }
