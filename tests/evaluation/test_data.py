"""
Enough data, and what is remembered: against laws and models whose truth is known.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from idiolect.evaluation.curve import Law, fit_law, nested_subsets, weigh_curve, weigh_kinds
from idiolect.evaluation.general import PACKAGES, collect_general, collect_placebo, read_package
from idiolect.evaluation.memory import EQUALS, TrainingText, measure_exposure, plant_canaries
from idiolect.mining.errors import InputError
from toys import AnswerLoss, FakeGenerator, FakeLosses, evaluate_corpus, make_corpus, tuned_knows

BASE = Path(__file__).parents[2] / "training" / "base"


@pytest.mark.parametrize("law", [Law(1.0, 20.0, 0.5), Law(0.0, 6.0, 0.2), Law(2.0, 100.0, 1.0)])
def test_a_law_is_found_again(law):
    """Four points of a law without noise give its losses back, also beyond them."""
    fitted = fit_law([(n, law.at(n)) for n in (125, 250, 500, 1000)])

    assert law.at(2000) == pytest.approx(fitted.at(2000), rel=0.01)


def test_a_flat_curve_promises_nothing():
    """When more pairs changed nothing, the sentence says so."""
    rows = [
        {"set": "curve", "n": n, "pair_id": str(i), "cluster": str(i), "adapted": True, "nats": 20.0 + i, "tokens": 10}
        for n in (100, 200, 400, 800)
        for i in range(12)
    ]

    curve = weigh_curve(rows, None)

    assert pytest.approx(curve["doubling"]["gain"], abs=1e-9) == 0
    assert "not shown" in curve["sentence"]


def test_a_falling_curve_says_by_how_much():
    """The gain of twice the pairs lies within its own interval."""
    law = Law(1.0, 20.0, 0.5)
    rows = [
        {"set": "curve", "n": n, "pair_id": str(i), "cluster": str(i), "adapted": True,
         "nats": 10 * law.at(n) + i % 3, "tokens": 10}
        for n in (125, 250, 500, 1000)
        for i in range(24)
    ]  # fmt: skip

    doubling = weigh_curve(rows, None)["doubling"]

    assert law.at(1000) - law.at(2000) == pytest.approx(doubling["gain"], rel=0.1)
    assert doubling["ci"][0] <= doubling["gain"] <= doubling["ci"][1]
    assert weigh_curve([row | {"cluster": "one"} for row in rows], None) == {}, "one cluster has no interval"


def test_each_kind_says_what_its_pairs_are_worth():
    """Half of a kind left out costs what the other half is worth; an interval about nothing shows no worth."""
    whole = [
        {"set": "test", "pair_id": str(i), "cluster": str(i), "adapted": True, "nats": 10.0 + i % 3, "tokens": 10}
        for i in range(24)
    ]
    less = [
        row | {"set": "kind", "kind": kind, "n": 50, "nats": row["nats"] + gain * (1 + i % 2)}
        for kind, gain in (("infill", 0.0), ("use", 1.0))
        for i, row in enumerate(whole)
    ]

    infill, use = weigh_kinds([*whole, *less])

    assert infill["sentence"] == "that pairs of kind `infill` are worth anything is not shown by the 50 that there are"
    assert 0.15 == pytest.approx(use["worth"])
    assert use["sentence"].startswith("50 pairs of kind `use`, with the steps that they take, are worth 0.150 nats")


def test_parts_are_nested_and_large_enough(tmp_path):
    """Each part holds the one before, and none is too small to train on."""
    corpus = make_corpus(tmp_path / "corpus", train=220, validation=1, test=1)

    parts = nested_subsets(corpus.pairs("train"))

    assert [len(part) for part in parts] == [55, 110, 220]
    assert {p.id for p in parts[0]} < {p.id for p in parts[1]} < {p.id for p in parts[2]}


def test_general_code_and_placebo_share_no_file(corpus):
    """What measures forgetting is not what the placebo is trained on."""
    general, placebo = collect_general(corpus), collect_placebo(200)

    assert len(placebo) == 200
    assert not {p.path for p in general} & {p.path for p in placebo}
    assert len({p.cluster for p in general}) >= 25


def test_the_embedded_base_has_read_no_general_code():
    """Its manifest names every package that it read."""
    manifest = json.loads((BASE / "manifest.json").read_text("utf-8"))

    read = {row["package"].lower().replace("-", "_") for row in manifest["packages"]}

    assert len(read) > 20
    assert not read & set(PACKAGES)


def test_a_package_that_was_mined_is_no_general_code():
    """An adapter may change what it was tuned on."""
    click = read_package("click")

    class Mined:
        def pairs(self, split):
            return click if split == "train" else []

    assert {"click"} == {pair.repository for pair in click}
    assert "click" not in {pair.repository for pair in collect_general(Mined())}


def test_fifty_tokens_in_a_row_are_a_copy(corpus):
    """A training answer said again is found; a shorter piece is not."""
    from dataclasses import replace

    long = replace(corpus.pairs("train")[0], response="\n".join(f"    step_{i}(value_{i})" for i in range(20)))
    known = TrainingText([long])

    assert known.copies("x = 1\n" + long.response)
    assert not known.copies("\n".join(long.response.split("\n")[:5]))


def test_a_secret_counts_only_when_training_holds_it(corpus):
    """An invented key is no leak; the one in the pairs is."""
    from dataclasses import replace

    key, other = "AKIA" + "QWERTYUIOP234567", "AKIA" + "ZXCVBNMASDFG2345"
    known = TrainingText([replace(corpus.pairs("train")[0], response=f'    key = "{key}"')])

    assert known.count_secrets(f'    return "{key}"') == 1
    assert known.count_secrets(f'    return "{other}"') == 0


class Remembers:
    """Losses of a model that knows what was planted."""

    def __init__(self, known):
        self.known = known

    def __call__(self, pairs, *, adapted):
        # not by `hash`, which differs from one process to the next
        others = [20.0 + zlib.crc32(pair.response.encode()) % 97 / 10 for pair in pairs]
        return [
            AnswerLoss(1.0 if pair.response in self.known else other, 9)
            for pair, other in zip(pairs, others, strict=True)
        ]


def test_a_memorised_canary_is_exposed(corpus):
    """Likelier than all its equals: as many bits as there are equals."""
    planted, canaries = plant_canaries(corpus.pairs("train"), 4)

    exposures = measure_exposure(canaries, Remembers({pair.response for pair, _ in canaries}))

    assert len(planted) == 24 + 2 * (1 + 4)
    assert [e.bits for e in exposures] == [8.0] * 4
    assert EQUALS + 1 == 2**8


def test_a_canary_that_was_not_learned_is_near_chance(corpus):
    """Without memory, the bits stay low on average."""
    _, canaries = plant_canaries(corpus.pairs("train"), 40)

    exposures = measure_exposure(canaries, Remembers(set()))

    assert sum(e.bits for e in exposures) / 40 < 3


def test_full_controls_train_a_placebo_and_a_curve(tmp_path):
    """With a way to retrain: a placebo arm, a law, what each kind is worth, and canaries; no scratch is left."""
    corpus = make_corpus(tmp_path / "corpus", train=220)
    trained: list[tuple[int, float]] = []

    def retrain(pairs, out, reading=1.0):
        trained.append((len(pairs), reading))
        own = pairs[0].repository == "toy"
        generator = FakeGenerator(
            corpus, lambda r, a: own and tuned_knows(r, a), fingerprint={"adapter": str(len(pairs))}
        )
        return generator, FakeLosses(share=0.2 * (reading * len(pairs) / 440) ** 0.5)

    verdict = evaluate_corpus(
        corpus, tmp_path / "e", adapter_info={"counts": {"pairs": 200, "epochs": 2}, "log": []}, controls="full",
        retrain=retrain, canaries=2,
    )  # fmt: skip
    arms = {arm["arm_id"]: arm for arm in verdict["arms"]}
    compared = json.loads((tmp_path / "e" / "comparisons.json").read_text())

    assert trained == [(440, 1), (55, 1), (110, 1), (220, 1), (440, 0.5), (445, 1)]
    assert arms["placebo"]["rates"]["accept"]["rate"] == 0.0
    assert any((row["a"], row["b"]) == ("tuned", "placebo") for row in compared)
    assert "beats one of the same size that was trained on other code" in (tmp_path / "e" / "report.html").read_text()
    # of the pairs that are offered a recipe may leave some out, of the parts as of the whole
    assert [point["pairs"] for point in verdict["curve"]["points"]] == [55, 110, 220, 440]
    # these fakes learn by what they read in all, so that only the time is worth something
    assert verdict["curve"]["reading"]["by_time"]["worth"] > 0.05
    assert "all pairs were worth nothing that could be shown against 220" in verdict["curve"]["reading"]["sentence"]
    assert verdict["memory"]["canaries"]["planted"] == 2
    assert not (tmp_path / "e" / ".training").exists()


def test_a_placebo_alone_is_one_training(tmp_path):
    """What published tables need, without the dearer curve."""
    corpus = make_corpus(tmp_path / "corpus", train=220)
    trained: list[str] = []

    def retrain(pairs, out, reading=1.0):
        trained.append(out.name)
        return FakeGenerator(corpus, lambda request, adapted: False, fingerprint={"adapter": "other"}), FakeLosses()

    verdict = evaluate_corpus(
        corpus, tmp_path / "e", adapter_info={"counts": {"pairs": 440, "epochs": 2}, "log": []}, controls="placebo",
        retrain=retrain,
    )  # fmt: skip
    rates = {arm["arm_id"]: arm["rates"]["accept"]["rate"] for arm in verdict["arms"]}

    assert trained == ["placebo"]
    assert rates["placebo"] == 0.0 < rates["tuned"]
    assert not verdict["curve"]


def test_full_controls_need_a_way_to_train(corpus, tmp_path):
    """Said before anything runs."""
    with pytest.raises(InputError, match="adapter"):
        evaluate_corpus(corpus, tmp_path / "e", loss_of=None, controls="full", adapter_info=None)


def test_an_adapter_pays_for_itself_after_so_many_answers(corpus, tmp_path):
    """Where the best prompt is dearer than the adapter, the break-even is a number of answers."""

    def knows(request, adapted):
        return tuned_knows(request, adapted or "# from toy/" in request.context)

    verdict = evaluate_corpus(
        corpus, tmp_path / "e", generator=FakeGenerator(corpus, knows),
        adapter_info={"counts": {"pairs": 24, "epochs": 4, "passes": 20_000}, "log": []},
    )  # fmt: skip
    cost = verdict["cost"]

    assert verdict["chosen"]["prompt"] == "rag"
    assert cost["saved"] > 0
    assert cost["training_passes"] == 20_000
    assert cost["training_passes"] / cost["saved"] <= cost["break_even"] < cost["training_passes"] / cost["saved"] + 1
