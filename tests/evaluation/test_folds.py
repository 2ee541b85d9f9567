"""
Cross-evaluation: where the test is small, four adapters answer, each for what it was not trained on.
"""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from idiolect.evaluation.folds import open_folds
from idiolect.evaluation.gate import judge_gate
from idiolect.mining.errors import InputError, TooSmallError
from toys import FakeGenerator, FakeLosses, evaluate_corpus, make_corpus, tuned_knows

INFO = {"base": {"name": "toy"}, "counts": {"pairs": 80, "epochs": 1}, "log": []}


@pytest.fixture(name="small", scope="module")
def fixture_small(tmp_path_factory):
    """Return a corpus with four test clusters, and the files of its training."""
    return make_corpus(tmp_path_factory.mktemp("small") / "corpus", train=40, validation=4, test=4, keep_all=True)


class Trainer:
    """
    Trains nothing, but remembers what each adapter was given, and what it was then asked.
    """

    def __init__(self, corpus):
        self.corpus = corpus
        self.given: list[set[str]] = []
        self.asked: list[set[str]] = []

    def __call__(self, pairs, out, reading=1.0):
        """Return a model that answers eight of ten, and losses that it lowers."""
        asked: set[str] = set()
        self.given.append({pair.instruction for pair in pairs})
        self.asked.append(asked)

        def knows(request, adapted):
            asked.add(request.instruction)
            return tuned_knows(request, adapted)

        name = hashlib.sha256("".join(sorted(pair.id for pair in pairs)).encode()).hexdigest()
        return FakeGenerator(self.corpus, knows, fingerprint={"weights": "toy", "adapter_sha256": name}), FakeLosses()


@pytest.fixture(name="crossed", scope="module")
def fixture_crossed(small, tmp_path_factory):
    """Return the trainer and the folder of one cross-evaluation."""
    out = tmp_path_factory.mktemp("crossed") / "evaluation"
    trainer = Trainer(small)
    generator = FakeGenerator(small, tuned_knows)
    evaluate_corpus(small, out, generator=generator, adapter_info=INFO, retrain=trainer, probes=80)
    return trainer, out


def test_folds_share_no_cluster_and_leave_validation_alone(small):
    """Each cluster of training and test is asked once, never by what was trained on it; validation stays."""
    folds = open_folds(small)

    asked = [{pair.cluster for pair in fold.pairs("test")} for fold in folds]
    trained = [{pair.cluster for pair in fold.pairs("train")} for fold in folds]
    kept_back = {pair.cluster for pair in small.pairs("validation")}

    assert [len(clusters) for clusters in asked] == [11, 11, 11, 11]
    assert len(set().union(*asked)) == 44
    assert all(not own & others and len(others) == 33 for own, others in zip(asked, trained, strict=True))
    assert all(not kept_back & clusters for clusters in (*asked, *trained))
    assert folds[0].pairs("validation") == small.pairs("validation")


def test_a_folds_profile_is_learned_without_its_files(small):
    """No exemplar of a rule is a line of a file that is asked."""
    for fold in open_folds(small):
        asked = {pair.path for pair in fold.pairs("test")}

        assert fold.profile.entries
        assert fold.profile.files == 33
        assert not asked & {line.path for entry in fold.profile.entries for line in entry.exemplars}


def test_enough_clusters_need_no_folds(corpus):
    """Sixteen test clusters are asked as they were split."""
    assert open_folds(corpus) == []


def test_a_corpus_without_its_training_files_has_no_folds(tmp_path):
    """Only four files can be asked, which the test asks already."""
    assert open_folds(make_corpus(tmp_path / "corpus", train=40, validation=4, test=4)) == []


def test_no_adapter_is_asked_what_it_was_trained_on(crossed):
    """Four adapters, each asked for other probes than it was given."""
    trainer, _ = crossed

    assert len(trainer.given) == 4
    assert all(asked and not asked & given for asked, given in zip(trainer.asked, trainer.given, strict=True))


def test_folds_make_the_verdict_firm_and_say_so(crossed):
    """44 clusters instead of 4: a real gain is worth it; verdict, run and report tell who answered."""
    _, out = crossed
    verdict = json.loads((out / "verdict.json").read_text("utf-8"))
    run = json.loads((out / "run.json").read_text("utf-8"))

    assert (verdict["verdict"], verdict["folds"]) == ("WORTH_IT", 4)
    assert verdict["primary"]["g"] == 44
    assert "4 folds" in verdict["sentence"]
    assert [fold["training_pairs"] for fold in run["folds"]] == [66, 66, 66, 66]
    assert len({fold["models"]["tuned"] for fold in run["folds"]}) == 4
    assert verdict["chosen"]["by"] == "validation"
    assert "4 further adapters were trained" in (out / "report.html").read_text("utf-8")


def test_the_gate_replays_folds(crossed):
    """Every sample belongs to the adapter of its fold, and every score to the rules of the other folds' files."""
    _, out = crossed

    run = json.loads((out / "run.json").read_text("utf-8"))

    assert len({run["scorer_sha256"], *(fold["scorer_sha256"] for fold in run["folds"])}) > 1
    assert judge_gate(out).word == judge_gate(out, against=out).word == "WORTH_IT"


def lose_samples(folder):
    """Cut the last samples, which are those of one fold."""
    lines = (folder / "samples.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "samples.jsonl").write_text("".join(lines[:-3]), "utf-8")


def lose_fold(folder):
    """Forget what one fold's adapter was, as where a run was killed while that was asked."""
    lines = (folder / "folds.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "folds.jsonl").write_text("".join(lines[:-1]), "utf-8")


@pytest.mark.parametrize(("lose", "trained"), [(lambda folder: None, 0), (lose_samples, 1), (lose_fold, 1)])
def test_what_a_fold_has_answered_is_not_trained_again(small, crossed, tmp_path, lose, trained):
    """A second run trains the folds alone of which anything lacks, asks for no more than that, and ends alike."""
    out = shutil.copytree(crossed[1], tmp_path / "e")
    before = {path.name: path.read_bytes() for path in out.glob("*.jsonl")} | {"v": (out / "verdict.json").read_bytes()}
    lose(out)
    trainer = Trainer(small)

    evaluate_corpus(small, out, adapter_info=INFO, retrain=trainer, probes=80)

    assert (trained, lose is lose_samples) == (len(trainer.given), any(trainer.asked))
    after = {path.name: path.read_bytes() for path in out.glob("*.jsonl")} | {"v": (out / "verdict.json").read_bytes()}
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} <= {"timings.jsonl"}


def test_folds_of_another_adapter_are_trained(small, crossed, tmp_path):
    """What was answered by the recipe of one adapter says nothing of that of another."""
    out = shutil.copytree(crossed[1], tmp_path / "e")
    other = FakeGenerator(small, tuned_knows, fingerprint={"weights": "toy", "adapter_sha256": "b2"})
    trainer = Trainer(small)

    evaluate_corpus(small, out, generator=other, adapter_info=INFO, retrain=trainer, probes=80)

    assert 4 == len(trainer.given)


def test_what_a_killed_run_was_training_goes_on(small, tmp_path, monkeypatch):
    """The same command finds it where it was, by what it is to be; when all is answered it is gone."""
    monkeypatch.setattr("idiolect.evaluation.measure.collect_placebo", lambda count: small.pairs("train"))
    found: list[bool] = []

    def train(pairs, out, reading=1.0):
        found.append(out.is_dir())
        out.mkdir(parents=True, exist_ok=True)
        if len(found) in (1, 3):
            raise KeyboardInterrupt
        return Trainer(small)(pairs, out)

    def run(adapter):
        generator = FakeGenerator(small, tuned_knows, fingerprint={"weights": "toy", "adapter_sha256": adapter})
        evaluate_corpus(
            small, tmp_path / "e", generator=generator, adapter_info=INFO, retrain=train, controls="placebo", probes=24
        )

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run("a1")
    run("a1")

    # the placebo, before there is a record; it again, and the first fold; then both again, and the three others
    assert [False, True, False, True, True, False, False, False] == found
    assert not (tmp_path / "e" / ".training").exists()
    run("b2")
    assert [False] * 5 == found[8:]


def test_an_inert_fold_is_invalid(small, tmp_path):
    """One adapter that moves no loss of its fold is no adapter."""

    def retrain(pairs, out, reading=1.0):
        generator, _ = Trainer(small)(pairs, out)
        return generator, FakeLosses(share=0.0)

    verdict = evaluate_corpus(small, tmp_path / "e", adapter_info=INFO, retrain=retrain, probes=24)

    assert verdict["verdict"] == "INVALID"
    assert verdict["reasons"][0].startswith("adapter not applied")


WENT_ON = INFO | {"from": {"adapter_model.safetensors": "0" * 64}}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        pytest.param(WENT_ON, "went on from an earlier one", id="went on"),
        pytest.param(INFO | {"corpus": {"sha256": "0" * 64}}, "was trained on another corpus", id="of another corpus"),
    ],
)
def test_an_adapter_that_its_recipe_does_not_make_of_this_corpus_is_asked_itself(small, tmp_path, record, why):
    """What would be trained anew is another adapter, so the test is asked as it is, which is said."""
    trainer, said = Trainer(small), []

    verdict = evaluate_corpus(
        small, tmp_path / "e", adapter_info=record, retrain=trainer, forced=True,
        report=lambda text, *_: said.append(text),
    )  # fmt: skip

    assert trainer.given == []
    assert verdict["folds"] == 0
    assert [f"plan: the test is small, and no folds are trained: It would be none like this one, which {why}."] == [
        text for text in said if "no folds" in text
    ]


def test_a_recipe_that_cannot_be_trained_here_is_asked_itself(small, tmp_path):
    """No fold ends the run after much was asked: there is none, which is said; more controls are refused at once."""
    trainer, said = Trainer(small), []
    asked = {
        "generator": FakeGenerator(small, tuned_knows), "loss_of": FakeLosses(), "adapter_info": INFO,
        "retrain": trainer, "untrainable": "There is no GPU here.", "forced": True,
    }  # fmt: skip

    verdict = evaluate_corpus(small, tmp_path / "e", report=lambda text, *_: said.append(text), **asked)

    assert trainer.given == []
    assert verdict["folds"] == 0
    assert "plan: the test is small, and no folds are trained: There is no GPU here." in said
    with pytest.raises(InputError, match="There is no GPU here"):
        evaluate_corpus(small, tmp_path / "f", controls="placebo", **asked)


def test_a_rival_that_was_taught_the_corpus_is_asked_nothing_that_it_may_have_read(small, tmp_path):
    """Folds would ask it for training pairs. Of what was kept back it is asked as its rows asked, without a guide."""
    said, trainer, rival = [], Trainer(small), FakeGenerator(small, tuned_knows)
    verdict = evaluate_corpus(
        small, tmp_path / "e", adapter_info=INFO, retrain=trainer, forced=True, rival=rival, rival_taught=True,
        report=lambda text, *_: said.append(text),
    )  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "e" / "samples.jsonl").read_text("utf-8").splitlines()]
    prompts = {(row["arm_id"], row["probe_id"]): row["prompt_sha256"] for row in rows if row.get("split") == "test"}
    asked = {probe: prompt for (arm, probe), prompt in prompts.items() if arm == "rival"}

    assert (0, []) == (verdict["folds"], trainer.given)
    assert any("no folds are trained: The rival was taught" in text for text in said)
    assert asked
    assert asked == {probe: prompts["base", probe] for probe in asked}


def test_a_fold_too_small_to_train_on_leaves_the_test_as_it_is_and_says_so(small, tmp_path):
    """A recipe may take fewer pairs than a fold holds: that shows when it is trained on, and is not kept quiet."""
    said = []

    def retrain(pairs, out, **_):
        raise TooSmallError("Training needs 50 pairs and found 49.")

    verdict = evaluate_corpus(
        small, tmp_path / "e", adapter_info=INFO, retrain=retrain, forced=True, probes=8,
        report=lambda text, *_: said.append(text),
    )  # fmt: skip

    assert (0, 8) == (verdict["folds"], verdict["plan"]["probes"])
    assert 1 == sum("no folds are trained: Training needs 50 pairs and found 49." in text for text in said)


@pytest.mark.parametrize("asked", [{"controls": "placebo"}, {"controls": "full"}, {"canaries": 2}])
def test_controls_that_train_anew_tell_nothing_of_an_adapter_that_went_on(asked, small, tmp_path):
    """They are refused before anything is asked or written."""
    trainer = Trainer(small)

    with pytest.raises(InputError, match="went on from an earlier one"):
        evaluate_corpus(small, tmp_path / "e", adapter_info=WENT_ON, retrain=trainer, **asked)

    assert trainer.given == []
    assert not (tmp_path / "e").exists()


def test_folds_have_no_learning_curve_and_say_so(small, tmp_path, monkeypatch):
    """No adapter is the whole that the parts would end in: the placebo is trained, and no part."""
    monkeypatch.setattr("idiolect.evaluation.measure.collect_placebo", lambda count: small.pairs("train"))
    trainer, said = Trainer(small), []

    verdict = evaluate_corpus(
        small, tmp_path / "e", adapter_info=INFO, retrain=trainer, controls="full", probes=24,
        report=lambda text, *_: said.append(text),
    )  # fmt: skip

    assert len(trainer.given) == 1 + verdict["folds"] == 5
    assert any(line.startswith("plan: no learning curve") for line in said)
    assert any("can see" in line and line.endswith("if arms differ on 20% of them") for line in said)
    assert "plan: as the test is small, 4 more adapters are trained, as long as this one" in said


def test_prompting_alone_trains_nothing(small, tmp_path):
    """Without a tuned arm there is nothing to train anew, so the test is asked as it is."""
    trainer = Trainer(small)

    verdict = evaluate_corpus(
        small, tmp_path / "e", adapter_info=INFO, retrain=trainer, arms=["base", "rag"], forced=True
    )

    assert trainer.given == []
    assert verdict["folds"] == 0
