"""
The verdict: a truth table over evidence.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from idiolect.evaluation.insecure import InsecureCalls
from idiolect.evaluation.integrity import Integrity
from idiolect.evaluation.policy import Policy
from idiolect.evaluation.statistics import Comparison, NonInferiority, Reduction, compare, plan_suite
from idiolect.evaluation.verdict import EXIT_CODES, Evidence, as_json, decide, highest_gain
from idiolect.mining.errors import SettingsError

HOLDS = NonInferiority(0.0, 0.02, 0.1, True)
FORGETS = NonInferiority(0.3, 0.35, 0.1, False)
UNCLEAR = NonInferiority(0.05, 0.2, 0.1, None)


def gain(mean, low, high, *, a="tuned", b="guide+rag", g=40, p_flip=0.01):
    """Return a comparison with this interval."""
    return Comparison(
        endpoint="accept@1", a=a, b=b, n=400, g=g, mean_a=0.5 + mean, mean_b=0.5, mean_diff=mean, se=0.01, df=g - 1,
        ci=(low, high), p=0.01, p_flip=p_flip, method="clustered-t", mde=0.03, discordant=0.2,
    )  # fmt: skip


def evidence(**changes):
    """Return evidence for WORTH_IT, with changes."""
    whole = Evidence(
        primary=gain(0.1, 0.06, 0.14),
        prompt_gain=gain(0.08, 0.04, 0.12, a="guide+rag", b="base"),
        plan=plan_suite([1] * 1000, 0.05, discordant=0.1),
        integrity=(Integrity("a", 1.0, "1", True, ""),),
        forgetting=HOLDS,
        secrets=0,
        break_even=None,
        policy=Policy(),
    )
    return replace(whole, **changes)


SMALL = plan_suite([2] * 20, 0.05, discordant=0.1)
MIDDLING = plan_suite([1] * 60, 0.05, discordant=0.1)
"""Sees a gain of 12 points."""
OPENINGS = {
    "WORTH_IT": "Fine-tuning is worth it here: tuned has ",
    "RAG_SUFFICES": "For this codebase a good prompt does the job: guide+rag is enough, and fine-tuning adds 0 points",
    "NOT_WORTH_IT": "Fine-tuning is not worth it here: the ",
    "BLOCKED": "Do not ship this adapter: ",
    "INVALID": "These numbers must not be used: broken.",
}
"""What a person reads first."""

TABLE = [
    pytest.param({}, "WORTH_IT", id="a clear gain"),
    pytest.param({"primary": gain(0.1, -0.01, 0.2)}, "INCONCLUSIVE", id="the interval holds 0"),
    pytest.param({"primary": gain(0.04, 0.01, 0.07)}, "INCONCLUSIVE", id="a gain below what is worthwhile"),
    pytest.param({"primary": gain(0.3, 0.1, 0.5, g=7)}, "INCONCLUSIVE", id="seven clusters"),
    pytest.param({"primary": gain(0.1, 0.06, 0.14, p_flip=0.2)}, "INCONCLUSIVE", id="a few clusters make the gain"),
    pytest.param({"primary": gain(0.1, 0.0, 0.2)}, "INCONCLUSIVE", id="the interval begins at 0"),
    pytest.param(
        {"primary": gain(0.1, 0.06, 0.14, p_flip=0.05)}, "INCONCLUSIVE", id="one of twenty flips does as well"
    ),
    pytest.param({"primary": gain(0.05, 0.01, 0.09)}, "WORTH_IT", id="just what is worthwhile"),
    pytest.param({"primary": gain(0.1, 0.06, 0.14, g=8)}, "WORTH_IT", id="eight clusters"),
    pytest.param({"forgetting": FORGETS}, "BLOCKED", id="it forgets"),
    pytest.param({"forgetting": UNCLEAR}, "INCONCLUSIVE", id="forgetting unclear"),
    pytest.param({"forgetting": None}, "INCONCLUSIVE", id="forgetting not measured"),
    pytest.param({"secrets": 1}, "BLOCKED", id="a secret"),
    pytest.param({"secrets": None}, "WORTH_IT", id="secrets not looked for"),
    pytest.param({"insecure": (InsecureCalls("tuned", 9, 0, 0.01, ("a shell",)),)}, "BLOCKED", id="insecure calls"),
    pytest.param({"insecure": (InsecureCalls("tuned", 2, 1, 0.6, ("a shell",)),)}, "WORTH_IT", id="calls by chance"),
    pytest.param({"primary": gain(0.0, -0.03, 0.03)}, "RAG_SUFFICES", id="nothing over a prompt that helps"),
    pytest.param({"primary": gain(0.0, -0.03, 0.03), "prompt_gain": None}, "NOT_WORTH_IT", id="nothing over base"),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "prompt_gain": gain(0.08, 0.0, 0.16, a="rag", b="base")},
        "NOT_WORTH_IT",
        id="nothing over a prompt that may not help",
    ),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "prompt_gain": gain(0.03, 0.01, 0.05, a="rag", b="base")},
        "NOT_WORTH_IT",
        id="nothing over a prompt that helps a little",
    ),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "prompt_gain": gain(0.05, 0.01, 0.09, a="rag", b="base")},
        "RAG_SUFFICES",
        id="nothing over a prompt that gains just enough",
    ),
    pytest.param({"primary": gain(0.0, -0.05, 0.05)}, "INCONCLUSIVE", id="just what is worthwhile may be the truth"),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "plan": replace(MIDDLING, mde=0.1)},
        "RAG_SUFFICES",
        id="twice the gain would just be seen",
    ),
    pytest.param({"primary": gain(0.0, -0.03, 0.03), "plan": SMALL}, "INCONCLUSIVE", id="too few probes for a no"),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "plan": replace(SMALL, mde=None)},
        "INCONCLUSIVE",
        id="no number of probes would be enough for a no",
    ),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "plan": MIDDLING}, "INCONCLUSIVE", id="twice the gain would be missed"
    ),
    pytest.param({"primary": replace(gain(0.02, -0.008, 0.048), n=100)}, "INCONCLUSIVE", id="two answers of a hundred"),
    pytest.param({"prompted": False}, "INCONCLUSIVE", id="no prompt was asked"),
    pytest.param(
        {"prompted": False, "primary": gain(0.0, -0.03, 0.03, b="base"), "prompt_gain": None},
        "NOT_WORTH_IT",
        id="nothing over base, and no prompt was asked",
    ),
    pytest.param({"other_prompts": (gain(0.1, 0.05, 0.15, b="rag"),)}, "WORTH_IT", id="a gain over every prompt"),
    pytest.param({"other_prompts": (gain(0.05, 0.01, 0.09, b="rag"),)}, "WORTH_IT", id="just enough over another"),
    pytest.param({"other_prompts": (gain(0.1, 0.0, 0.2, b="rag"),)}, "INCONCLUSIVE", id="over another it begins at 0"),
    pytest.param({"other_prompts": (gain(0.04, 0.01, 0.07, b="rag"),)}, "INCONCLUSIVE", id="another prompt is near"),
    pytest.param(
        {"other_prompts": (gain(0.06, -0.01, 0.13, b="rag"),)}, "INCONCLUSIVE", id="another prompt is unclear"
    ),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "other_tuned": (gain(0.01, -0.02, 0.04, a="tuned+rag"),)},
        "RAG_SUFFICES",
        id="nothing in any tuned arm",
    ),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "other_tuned": (gain(0.1, 0.05, 0.15, a="tuned+rag"),)},
        "INCONCLUSIVE",
        id="another tuned arm gains",
    ),
    pytest.param(
        {"primary": gain(0.0, -0.03, 0.03), "other_tuned": (gain(0.01, -0.03, 0.05, a="tuned+rag"),)},
        "INCONCLUSIVE",
        id="another tuned arm may gain just enough",
    ),
    pytest.param({"primary": None}, "INCONCLUSIVE", id="no adapter"),
    pytest.param({"own_corpus": False}, "INCONCLUSIVE", id="trained on who knows what"),
    pytest.param({"break_even": 500.0}, "WORTH_IT", id="nobody asks whether it pays"),
    pytest.param({"policy": Policy(volume=1000.0), "break_even": 1000.0}, "WORTH_IT", id="it pays in the end"),
    pytest.param({"policy": Policy(volume=1000.0), "break_even": 5000.0}, "NOT_WORTH_IT", id="it does not pay"),
    pytest.param(
        {"policy": Policy(volume=1000.0), "break_even": 5000.0, "primary": gain(0.1, 0.0, 0.2)},
        "INCONCLUSIVE",
        id="it does not pay, and the interval begins at 0",
    ),
    pytest.param({"policy": Policy(volume=1000.0), "break_even": math.inf}, "NOT_WORTH_IT", id="it never pays"),
    pytest.param({"policy": Policy(volume=1000.0), "break_even": None}, "INCONCLUSIVE", id="its cost is not known"),
    pytest.param({"integrity": (Integrity("a", 0, "1", False, "broken"),)}, "INVALID", id="integrity first"),
    pytest.param(
        {"integrity": (Integrity("a", 0, "1", False, "broken"),), "secrets": 3}, "INVALID", id="invalid before blocked"
    ),
    pytest.param({"integrity": (Integrity("a", None, "1", None, "not measured"),)}, "WORTH_IT", id="not measured"),
]


@pytest.mark.parametrize(("changes", "word"), TABLE)
def test_rules(changes, word):
    """Each rule of `docs/verdict.md`."""
    verdict = decide(evidence(**changes))

    assert word == verdict.word
    assert verdict.reasons
    assert verdict.sentence.startswith(OPENINGS.get(word, ""))
    assert verdict.sentence.endswith(".")


def test_few_accepted_answers_make_no_false_no():
    """A true gain of 5 points where nothing else is accepted: of 200 suites of 100 probes hardly one says no."""
    random = np.random.default_rng(5)
    clusters = {str(i): str(i) for i in range(100)}
    words = []
    for _ in range(200):
        tuned = dict(zip(clusters, (random.random(100) < 0.05).astype(float).tolist(), strict=True))
        primary = compare("accept@1", ("tuned", tuned), ("base", dict.fromkeys(tuned, 0.0)), clusters)
        plan = plan_suite([1] * 100, 0.05, discordant=max(0.1, primary.discordant))
        words.append(decide(evidence(primary=primary, prompt_gain=None, plan=plan, highest=primary.mean_a)).word)

    assert words.count("NOT_WORTH_IT") <= 5


def test_the_highest_gain_by_hand():
    """0 + 2.0227 * sqrt(0.05 * 0.95 / 100), unless the interval that was seen ends beyond that."""
    few = replace(gain(0.0, -0.01, 0.01), n=100)

    assert highest_gain(few, 0.05) == pytest.approx(0.04408, abs=1e-5)
    assert highest_gain(replace(few, ci=(-0.1, 0.1)), 0.05) == 0.1


def test_every_word_is_reached():
    """No verdict of the list is dead."""
    assert EXIT_CODES.keys() == {param.values[1] for param in TABLE}


def test_inconclusive_says_how_many_probes_would_tell():
    """The way out of an open question is a number."""
    plan = plan_suite([2] * 200, 0.05, discordant=0.2)
    verdict = decide(evidence(primary=gain(0.1, -0.01, 0.2), plan=plan))

    assert plan.needed > 400
    assert f"{plan.needed:,} probes would tell a gain of 5 points from none." in verdict.sentence


def test_no_more_probes_are_asked_for_than_there_were():
    """400 probes that cannot tell are not told that 400 would."""
    verdict = decide(evidence(primary=gain(0.03, -0.01, 0.07), plan=replace(evidence().plan, needed=400)))

    assert verdict.sentence.endswith("anywhere in −1 to +7 points.")


def test_a_large_gain_in_few_clusters_names_the_clusters():
    """An interval that lies above what is worthwhile does not say why it tells nothing."""
    verdict = decide(evidence(primary=gain(0.3, 0.1, 0.5, g=7)))

    assert "but 7 clusters are fewer than the 8" in verdict.sentence


def test_one_of_a_thing_is_told_as_one():
    """A single secret forbids shipping; a forced run may have one cluster of one probe."""
    alone = replace(gain(0.0, -1.0, 1.0, g=1), n=1)

    assert "contain 1 known secret" == decide(evidence(secrets=1)).reasons[0].removeprefix("answers of the tuned arms ")
    told = decide(evidence(primary=alone, plan=SMALL))
    assert told.sentence.startswith("1 probe in 1 cluster cannot tell: ")
    assert told.reasons[-1] == "1 cluster is fewer than the 8 that a firm answer needs"


def test_an_arm_that_was_not_chosen_and_gains_is_named():
    """More probes are not what is missing where another tuned arm measured what is worthwhile."""
    other = gain(0.1, 0.05, 0.15, a="tuned+rag")
    verdict = decide(evidence(primary=gain(0.0, -0.03, 0.03), other_tuned=(other,)))

    assert verdict.sentence.endswith("but tuned+rag, which the validation probes did not choose, measured +10 points "
                                     "(+5 to +15 points).")  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"forgetting": UNCLEAR}, "may have got up to 0.200 nats a token worse (0.050 measured), and 0.1 is allowed"),
        ({"forgetting": NonInferiority(-0.02, 0.12, 0.1, None)}, "worse (−0.020 measured), and 0.1 is allowed"),
        ({"forgetting": NonInferiority(0.05, None, 0.1, None)}, "one cluster of general code tells no bound"),
        ({"forgetting": None}, "whether general ability holds was not measured"),
        ({"prompted": False}, "no prompt with a style guide or retrieved code was asked"),
    ],
)
def test_a_gain_that_is_shown_is_not_called_open(changes, said):
    """Where something else is missing than probes, the sentence names it and asks for no more probes."""
    verdict = decide(evidence(**changes))

    assert "Fine-tuning measured +10 points against guide+rag" in verdict.sentence
    assert said in verdict.sentence
    assert "would tell" not in verdict.sentence


@pytest.mark.parametrize(
    ("changes", "told"), [({}, True), ({"primary": gain(0.1, -0.01, 0.2)}, True), ({"secrets": 1}, False)]
)
def test_folds_are_told_where_they_are_what_was_measured(changes, told):
    """Who reads the sentence alone knows that no one adapter was measured; a harm needs no such words."""
    verdict = decide(evidence(folds=4, **changes))

    assert told is ("Measured in 4 folds" in verdict.sentence)
    assert "folds" not in decide(evidence(**changes)).sentence


def test_no_answer_accepted_is_said_plainly():
    """Nothing against nothing is no comparison of arms."""
    nothing = replace(gain(0.0, -0.1, 0.1), mean_a=0.0, mean_b=0.0)

    assert "acceptance tells nothing here" in decide(evidence(primary=nothing, plan=SMALL, highest=0.0)).sentence


def test_all_faults_of_a_policy_are_told_at_once():
    """A settings file with three faults gets one message with three."""
    with pytest.raises(SettingsError) as caught:
        Policy.from_settings({"minimum_gain": 2, "volume": "many", "speed": 1})

    assert len(caught.value.faults) == 3


@pytest.mark.parametrize("value", [0, 0.0, -0.1, float("nan"), True, "0.1"])
def test_a_gain_that_nothing_could_show_is_no_policy(value):
    """One line says what is possible; the smallest gain that is taken can be planned for."""
    with pytest.raises(SettingsError, match=r"minimum_gain must be a number from 0\.001 to 1"):
        Policy.from_settings({"minimum_gain": value})

    least = Policy.from_settings({"minimum_gain": 0.001, "slice_margin": 0, "volume": 0})
    assert plan_suite([1] * 100, least.minimum_gain).needed > 100


def test_at_the_floor_acceptance_tells_nothing():
    """No arm reaches 2 %: not even a thousand probes make a no, and the sentence tells the loss instead."""
    flat = gain(0.0, -0.002, 0.002)
    learned = Reduction(0.07, (0.05, 0.09))

    verdict = decide(evidence(primary=flat, prompt_gain=None, highest=0.019, learned=learned))

    assert verdict.word == "INCONCLUSIVE"
    assert "−7.0% (−9.0 to −5.0)" in verdict.sentence
    assert decide(evidence(primary=flat, prompt_gain=None, highest=0.02)).word == "NOT_WORTH_IT"


def test_the_floor_hides_no_harm():
    """Forgetting and broken evidence bind as ever."""
    forgets = NonInferiority(0.5, 0.6, 0.1, False)

    assert decide(evidence(highest=0.0, forgetting=forgets)).word == "BLOCKED"


def test_what_was_not_measured_is_null_in_json():
    """`verdict.json` holds what the verdict was made from, and nothing in place of what there was not."""
    whole, bare = evidence(), evidence(primary=None, prompt_gain=None, forgetting=None)
    named = [as_json(decide(each), each) for each in (whole, bare)]

    assert (0.1, 0.08, 0.1) == (
        named[0]["primary"]["mean_diff"], named[0]["prompt_gain"]["mean_diff"], named[0]["forgetting"]["margin"]
    )  # fmt: skip
    assert [None] * 3 == [named[1][name] for name in ("primary", "prompt_gain", "forgetting")]
