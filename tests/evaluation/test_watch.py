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
from tests_toys import make_base
from toys import FakeGenerator, make_corpus


def test_more_answers_known_is_a_higher_score(corpus):
    """One more that is accepted outweighs all checks that wrong answers pass all the same."""
    score = ProbeScore(corpus.folder, 6)
    known = sorted({pair.path for pair in corpus.pairs("validation")})[::2]
    all_of_them, some, none = (
        score(FakeGenerator(corpus, knows=knows))
        for knows in (lambda *_: True, lambda request, _: request.path in known, lambda *_: False)
    )

    assert 0 < none < some < 1 < all_of_them < 2


def test_the_few_that_are_accepted_lead(corpus, monkeypatch):
    """One answer accepted and the rest without a parse is better than none accepted and all checks but one passed."""

    def rows(accepted, checks):
        return [{"accept": number < accepted, "checks": checks(number < accepted)} for number in range(20)]

    score = ProbeScore(corpus.folder, 6)
    bench, _ = score.open(FakeGenerator(corpus, knows=lambda *_: True))
    scores = []
    for own in (
        rows(1, lambda ok: {"parse": ok, "compile": ok}),
        rows(0, lambda _: {"parse": True, "compile": False}),
    ):
        monkeypatch.setattr(type(bench.scorer), "score", lambda *_, own=own: own)
        scores.append(score(FakeGenerator(corpus, knows=lambda *_: True)))

    assert scores[0] > scores[1]


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
    base = make_base(tmp_path / "base")
    out = train_adapter(
        corpus.folder, tmp_path / "out", base=base, recipe=recipe, score_of=partial(ProbeScore, corpus.folder)
    )
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    scores = {line["step"]: line["score"] for line in lines if "score" in line}
    best = json.loads((out / "idiolect.json").read_text("utf-8"))["losses"]["validation"]["best_step"]

    assert list(scores) == [0, 1, 2]
    assert scores[best] == max(scores[1], scores[2])
    with pytest.raises(InputError, match="judge"):
        train_adapter(corpus.folder, tmp_path / "nobody", base=base, recipe=recipe)
