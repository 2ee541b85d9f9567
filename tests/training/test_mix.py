"""
The balance of kinds: what is judged comes first, the others share what is left to them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from idiolect.mining.pairs.pair import Pair
from idiolect.training.mix import drop_contexts, limit_data, mix_kinds

PAIR = Pair(
    id="", kind="", language="python", split="train", prompt_id="", context="", instruction="i", response="r",
    repository="", commit="", path="a.py", symbol="", start_line=1, end_line=1, licence="", cluster="", quality=1.0,
)  # fmt: skip


def make_pairs(**counts):
    return [replace(PAIR, kind=kind, id=f"{kind}{n}") for kind, count in counts.items() for n in range(count)]


@pytest.mark.parametrize(
    ("counts", "extra", "taken"),
    [
        pytest.param({"implement": 60, "infill": 40, "use": 90, "recall": 90}, 0.2,
                     {"implement": 60, "infill": 40, "use": 10, "recall": 10}, id="equal parts"),
        pytest.param({"implement": 100, "recall": 90, "use": 3}, 0.2,
                     {"implement": 100, "use": 3, "recall": 17}, id="a rare kind leaves its rest to the others"),
        pytest.param({"implement": 100, "use": 90, "recall": 90}, 0.29,
                     {"implement": 100, "use": 15, "recall": 14}, id="29 of 100, in floats a little less"),
        pytest.param({"implement": 100, "use": 9}, 1.0, {"implement": 100, "use": 9}, id="all"),
        pytest.param({"implement": 5, "use": 9}, 0.0, {"implement": 5}, id="none"),
        pytest.param({"use": 4, "recall": 9}, 0.2, {"use": 4, "recall": 9}, id="nothing else to learn from"),
    ],
)  # fmt: skip
def test_what_is_judged_is_all_taken(counts, extra, taken):
    """Kinds that are not judged share equally what their part leaves them."""
    assert taken == dict(Counter(pair.kind for pair in mix_kinds(make_pairs(**counts), extra)))


def test_more_room_only_adds():
    """What a small share takes, a larger one takes too, in the order of the corpus, whatever that order is."""
    pairs = make_pairs(implement=50, use=80, recall=70)
    few, many = mix_kinds(pairs, 0.1), mix_kinds(pairs, 0.5)

    assert {pair.id for pair in few} < {pair.id for pair in many}
    assert [pair for pair in pairs if pair in few] == few
    assert mix_kinds(pairs[::-1], 0.1) == few[::-1]


def test_data_does_not_drown_code():
    """Parameters in YAML were 98 of 100 pairs; what is of code stays, and so do few pairs, and what a team asks for."""
    code, data = make_pairs(implement=200, use=100), [replace(pair, language="yaml") for pair in make_pairs(infill=900)]
    few = [*code[:100], *data[:200]]

    kept, out = limit_data([*data, *code], {"yaml", "toml"}, 1.0)

    assert (300, 600) == (sum(pair.language == "yaml" for pair in kept), out) and kept[-300:] == code
    assert limit_data(few, {"yaml"}, 1.0) == (few, 0) and limit_data([*data, *code], {"yaml"}, 3.0)[1] == 0
    assert limit_data([*data, *code], set(), 1.0)[1] == 0


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_pairs_is_asked_without_context(share):
    """Those that lose it share no prefix any more, and are nothing else than they were."""
    pairs = [replace(pair, context="class A: ...", prompt_id="a.py") for pair in make_pairs(implement=400)]
    asked = drop_contexts(pairs, share)
    bare = [pair for pair in asked if not pair.context]

    assert len(bare) / len(pairs) == pytest.approx(share, abs=0.07 * (0 < share < 1))
    assert {pair.prompt_id for pair in bare} <= {""}
    assert [replace(pair, context="class A: ...", prompt_id="a.py") for pair in asked] == pairs


def test_another_share_only_adds():
    """Whoever is asked without context at a small share is so at a larger one."""
    pairs = make_pairs(implement=50)
    pairs = [replace(pair, context="import a") for pair in pairs]
    few, many = ({p.id for p in drop_contexts(pairs, share) if not p.context} for share in (0.2, 0.6))

    assert few < many
