"""
Answers to held-out tasks lead the choice of weights while a model trains.
"""

from __future__ import annotations

import json
from functools import partial

import pytest
from idiolect.evaluation.watch import ProbeScore
from idiolect.mining.errors import InputError
from idiolect.training.recipe import Recipe
from idiolect.training.train import train_adapter
from toys import FakeGenerator, make_corpus


def test_more_answers_known_is_a_higher_score(corpus):
    """All accepted is 2; none accepted is less than 1, by the checks that a wrong answer passes all the same."""
    score = ProbeScore(corpus.folder, 6)
    known = sorted({pair.path for pair in corpus.pairs("validation")})[::2]
    all_of_them, some, none = (
        score(FakeGenerator(corpus, knows=knows))
        for knows in (lambda *_: True, lambda request, _: request.path in known, lambda *_: False)
    )

    assert all_of_them == 2
    assert 0 < none < 1 < some < 2


def test_the_test_split_stays_unseen(corpus):
    """Only files of the validation split are asked for, with the adapter on."""
    asked = []
    ProbeScore(corpus.folder, 100)(FakeGenerator(corpus, knows=lambda *seen: bool(asked.append(seen))))

    assert {request.path for request, _ in asked} == {pair.path for pair in corpus.pairs("validation")}
    assert all(adapted for _, adapted in asked)


def test_a_run_asks_at_every_look(tmp_path):
    """The log tells the score of the base and of every look; the best of them is kept."""
    corpus = make_corpus(tmp_path / "corpus", train=40)
    recipe = Recipe(steps=2, validate_every=1, probes=2, step_tokens=2000, pack_tokens=2000, max_tokens=1000)
    out = train_adapter(corpus.folder, tmp_path / "out", recipe=recipe, score_of=partial(ProbeScore, corpus.folder))
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    scores = {line["step"]: line["score"] for line in lines if "score" in line}
    best = json.loads((out / "idiolect.json").read_text("utf-8"))["losses"]["validation"]["best_step"]

    assert list(scores) == [0, 1, 2]
    assert scores[best] == max(scores[1], scores[2])
    with pytest.raises(InputError, match="judge"):
        train_adapter(corpus.folder, tmp_path / "nobody", recipe=recipe)
