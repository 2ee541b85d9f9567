"""
From rows to a verdict: what makes the numbers of a run mean nothing, and which arms are compared.
"""

from __future__ import annotations

import json

import pytest
from idiolect.evaluation.checks.check import LOST
from idiolect.evaluation.integrity import check_applied
from idiolect.evaluation.tables import Tables
from idiolect.evaluation.weigh import choose_arms, weigh
from toys import evaluate_corpus


@pytest.fixture(name="evidence", scope="module")
def _evidence(corpus, tmp_path_factory):
    """Return the run and the rows of one finished evaluation: scores, samples, losses."""
    out = tmp_path_factory.mktemp("weigh") / "evaluation"
    evaluate_corpus(corpus, out)
    names = ("scores", "samples", "losses")
    rows = (
        [json.loads(line) for line in (out / f"{name}.jsonl").read_text("utf-8").split("\n") if line] for name in names
    )
    return json.loads((out / "run.json").read_text("utf-8")), *rows


def judge(evidence, scores, losses=None, **policy):
    """Return the verdict on *scores*, and on other *losses*, the rest of the evidence as it was found."""
    run, _, samples, own = evidence
    run = {**run, "policy": {**run["policy"], **policy}}
    return weigh(run, scores, samples, own if losses is None else losses).verdict


def of(arm, change, *, rows=1):
    """Return what changes the first *rows* of an arm's scores on test probes."""

    def changed(scores):
        own = [row for row in scores if (row["split"], row["arm_id"]) == ("test", arm)]
        first = {id(row) for row in own[:rows]}
        return [done for row in scores for done in (change(row) if id(row) in first else [row])]

    return changed


def accept(ok):
    return lambda row: [{**row, "accept": ok, "status": "ok" if ok else "error"}]


def lose(row):
    return [{**row, "accept": None, "status": LOST}]


BROKEN = [
    pytest.param(of("reference", accept(False)), "only 97% of the references are accepted", id="a reference rejected"),
    pytest.param(of("stub", accept(True)), "3% of the stubs are accepted", id="a stub accepted"),
    pytest.param(of("tuned", lambda row: []), "tuned lacks or repeats 1 of its 32 samples", id="a sample missing"),
    pytest.param(of("rag", lambda row: [row, row]), "rag lacks or repeats 1 of its 32 samples", id="a sample twice"),
    pytest.param(
        of("stub", lambda row: [row, {**row, "arm_id": "other"}]), "rows of an unknown arm 'other'", id="an unknown arm"
    ),
    pytest.param(of("tuned", lose), "3.1% of one arm's samples were lost", id="a sample lost"),
]


@pytest.mark.parametrize(("change", "reason"), BROKEN)
def test_what_makes_numbers_mean_nothing(evidence, change, reason):
    """One row of 32 is enough, and it is named, whatever the other rows say."""
    verdict = judge(evidence, change(evidence[1]))

    assert "INVALID" == verdict.word
    assert reason in verdict.reasons[0]
    assert "WORTH_IT" == judge(evidence, evidence[1]).word


def test_few_samples_lost_in_every_arm_alike_are_borne_where_the_policy_allows_them(evidence):
    """Lost evenly they favour no arm; from one arm alone they may be those that it would have failed."""
    even = uneven = evidence[1]
    for arm in {row["arm_id"] for row in evidence[1]}:
        even = of(arm, lose)(even)
    uneven = of("tuned", lose)(uneven)

    assert "INVALID" == judge(evidence, even).word
    assert "WORTH_IT" == judge(evidence, even, undecided_ceiling=0.05).word
    assert "INVALID" == judge(evidence, uneven, undecided_ceiling=0.05).word


def test_a_known_secret_in_one_tuned_answer_blocks(evidence):
    """One is enough; what base writes without the adapter is not the adapter's."""
    leak = lambda row: [{**row, "secrets": 1}]  # noqa: E731 - one line, used twice

    assert "BLOCKED" == judge(evidence, of("tuned+rag", leak)(evidence[1])).word
    assert "WORTH_IT" == judge(evidence, of("base", leak)(evidence[1])).word


def test_general_code_that_nobody_looked_at_is_said(evidence):
    """What was not measured is neither held nor lost."""
    losses = [row for row in evidence[3] if row["set"] != "general"]

    verdict = judge(evidence, evidence[1], losses)

    assert ("INCONCLUSIVE", ("whether general ability holds was not measured",)) == (verdict.word, verdict.reasons)


def test_an_adapter_whose_effect_was_not_measured_is_not_called_inert(evidence):
    """Without losses of training answers nobody knows whether it was applied: that is said, and breaks nothing."""
    losses = [row for row in evidence[3] if row["set"] != "applied"]
    run, scores, samples, _ = evidence

    weighed = weigh(run, scores, samples, losses)

    assert {"adapter applied": None}.items() <= {c.check: c.ok for c in weighed.evidence.integrity}.items()
    assert "WORTH_IT" == weighed.verdict.word


@pytest.mark.parametrize(("moved", "is_applied"), [(0.3, True), (0.0, False)])
def test_each_folds_adapter_has_to_move_an_answer(moved, is_applied):
    """One adapter of three that was never switched on is found, though the others move what they are asked."""
    probes = [{"id": name, "fold": fold} for fold, name in enumerate(("first", "second", "third"))]
    run = {"adapter": {}, "suites": {"test": {"probes": probes}}}
    moves = [("applied", "taught", 0.4), ("test", "first", 0.2), ("test", "second", moved), ("test", "third", 0.2)]
    losses = [
        {"set": part, "pair_id": pair, "adapted": adapted, "nats": 20 - 10 * by * adapted, "tokens": 10}
        for part, pair, by in moves
        for adapted in (False, True)
    ]

    found = check_applied(run, losses)

    assert is_applied is found.ok
    assert found.value == pytest.approx(min(0.2, moved))


def test_losses_are_told_by_what_they_fell(evidence):
    """A fifth off the held-out answers is a fall of a fifth; general code has lost what lies between its two bars."""
    run, scores, samples, losses = evidence
    losses = [
        {**row, "nats": row["nats"] * 1.01} if row["set"] == "general" and row["adapted"] else row for row in losses
    ]
    weighed = weigh(run, scores, samples, losses)
    test, general = weighed.losses["test"], weighed.losses["general"]
    as_text = [row for row in losses if row["set"] == "test_text"]
    text = sum(row["nats"] for row in as_text) / sum(row["tokens"] for row in as_text)

    assert 0.2 < test["fell"] < 0.23
    assert test["tuned"] == pytest.approx(test["base"] * (1 - test["fell"]))
    assert weighed.evidence.learned is not None
    assert weighed.evidence.learned.fell == test["fell"]
    assert general["fell"] == pytest.approx(-0.01)
    assert weighed.evidence.forgetting is not None
    assert weighed.evidence.forgetting.worse == pytest.approx(general["tuned"] - general["base"])
    assert weighed.losses["novelty"] == pytest.approx(text - general["base"])


def test_an_adapter_that_no_prompt_was_asked_beside_is_not_called_worth_it(corpus, tmp_path):
    """A gain over the bare base may be what a guide in the prompt would have given."""
    verdict = evaluate_corpus(corpus, tmp_path / "e", arms=["base", "tuned"])

    assert "INCONCLUSIVE" == verdict["verdict"]
    assert "no prompt with a style guide" in verdict["sentence"]


def choice(accepted, compiled):
    """Return the arm that stands for prompting, by what each prompt's answers to four validation probes gave."""
    rows = [
        {
            "split": split, "arm_id": arm, "probe_id": str(probe), "cluster": str(probe),
            "accept": probe < accepted[arm], "checks": {"parse": True, "compile": probe < compiled[arm]},
        }
        for split in ("test", "validation")
        for arm in accepted
        for probe in range(4)
    ]  # fmt: skip
    return choose_arms(Tables(rows), {"adapter": None})["prompt"]


def test_a_tie_goes_to_what_compiles_and_then_to_what_costs_less():
    """Acceptance first, then answers that compile, then the shorter prompt."""
    assert "rag" == choice({"base": 1, "guide": 1, "rag": 2}, {"base": 4, "guide": 4, "rag": 2})
    assert "guide" == choice({"base": 1, "guide": 1, "rag": 1}, {"base": 2, "guide": 3, "rag": 2})
    assert "guide" == choice({"base": 0, "guide": 1, "rag": 1}, {"base": 2, "guide": 3, "rag": 3})
