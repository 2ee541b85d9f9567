"""
The gate: stored evidence is replayed, and whatever does not hold together is INVALID with its reason.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import toys
from idiolect.cli import main
from idiolect.evaluation import gate, statistics
from idiolect.evaluation.checks.check import LOST
from idiolect.evaluation.checks.substance import SubstanceCheck
from idiolect.evaluation.gate import (
    Stored,
    check_order,
    check_scorers,
    compare_promoted,
    judge_gate,
    list_regressions,
    read_evaluation,
    replay,
    slice_probes,
    warn_age,
)
from idiolect.evaluation.policy import Policy
from idiolect.evaluation.record import hash_evidence
from idiolect.evaluation.samples import read_sealed, write_sealed
from idiolect.evaluation.weigh import PAIRS, comparison_rows, weigh
from idiolect.mining.artefacts import sha256_file, sha256_json, write_json
from idiolect.mining.errors import InputError, MismatchError
from toys import FakeGenerator, FakeLosses, evaluate_corpus, tenth, tuned_knows


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    """Return the folder of one finished evaluation."""
    out = tmp_path_factory.mktemp("gate") / "evaluation"
    evaluate_corpus(corpus, out)
    return out


@pytest.fixture
def copy(finished, tmp_path):
    """Return a copy to spoil."""
    return shutil.copytree(finished, tmp_path / "copy")


def reseal(folder):
    """Make every hash fit again, as a careful forger would."""
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    verdict["files"] = {name: sha256_file(folder / name) for name in verdict["files"]}
    run = json.loads((folder / "run.json").read_text("utf-8"))
    verdict["evidence_sha256"] = hash_evidence(run, folder)
    write_json(folder / "verdict.json", verdict)


def change_rows(folder, name, change):
    """Rewrite the rows of one file with fresh checksums and hashes."""
    rows = list(read_sealed(folder / name))
    write_sealed(folder / name, change(rows))
    reseal(folder)


def swap_labels(rows):
    """Exchange the labels of two arms."""
    other = {"tuned": "base", "base": "tuned"}
    return [{**row, "arm_id": other.get(row["arm_id"], row["arm_id"])} for row in rows]


def swap_controls(rows):
    """Exchange the labels of references and stubs."""
    other = {"reference": "stub", "stub": "reference"}
    return [{**row, "arm_id": other.get(row["arm_id"], row["arm_id"])} for row in rows]


def accept_all(rows):
    """Edit scores so that the tuned arm passes."""
    return [{**row, "accept": row["accept"] or row["arm_id"] == "tuned"} for row in rows]


def accept_quietly(rows):
    """Edit scores so that they do not contradict themselves."""
    return [
        {**row, "accept": True, "status": "ok", "checks": dict.fromkeys(row["checks"], True)}
        if row["arm_id"] == "tuned"
        else row
        for row in rows
    ]


def accept_failed(rows):
    """Edit scores with care, but for what the checks found."""
    return [{**row, "accept": True, "status": "ok"} if row["arm_id"] == "tuned" else row for row in rows]


def lose(rows):
    """Drop three of a hundred rows."""
    return [row for i, row in enumerate(rows) if i % 33 != 5]


def shuffle(rows):
    """Move rows."""
    return rows[::-1]


def test_a_whole_evaluation_gives_its_verdict_again(finished, monkeypatch):
    """The replay needs no model and gives the stored word, why, and the sentence; its age is told beside."""
    monkeypatch.setattr(gate, "warn_age", lambda stored: (f"{stored.folder.name} is old",))
    stored = json.loads((finished / "verdict.json").read_text("utf-8"))

    result = judge_gate(finished)

    assert (result.word, result.exit_code) == ("WORTH_IT", 0)
    assert (*stored["reasons"], stored["sentence"]) == result.lines
    assert ("evaluation is old",) == result.warnings


FORGERIES = [
    pytest.param("samples.jsonl", swap_labels, "does not belong to the arm", id="arm labels of samples swapped"),
    pytest.param("scores.jsonl", swap_labels, "rows were moved", id="arm labels of scores swapped"),
    pytest.param("scores.jsonl", swap_controls, "a control of probe", id="references and stubs swapped"),
    pytest.param("scores.jsonl", shuffle, "rows were moved", id="rows shuffled"),
    pytest.param("scores.jsonl", accept_all, "contradicts itself", id="a score edited"),
    pytest.param("scores.jsonl", accept_quietly, "do not give the stored comparisons", id="scores edited with care"),
    pytest.param("scores.jsonl", accept_failed, "is accepted although a check failed", id="scores edited, checks not"),
    pytest.param("scores.jsonl", lose, "rows were moved", id="3 % of scores missing"),
    pytest.param(
        "scores.jsonl",
        lambda rows: [*rows[:-1], {**rows[-1], "scorer_sha256": "0" * 64}],
        "comes from other checks",
        id="a score of other checks",
    ),
    pytest.param("losses.jsonl", lambda rows: [{**r, "nats": 1.0} for r in rows], "comparisons", id="losses edited"),
]


@pytest.mark.parametrize(("name", "change", "reason"), FORGERIES)
def test_forged_evidence_is_invalid_although_its_hashes_fit(copy, name, change, reason):
    """A forger who makes every checksum and hash again is still found."""
    change_rows(copy, name, change)

    result = judge_gate(copy)

    assert (result.word, result.exit_code) == ("INVALID", 4)
    assert reason in result.lines[0]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("run.json", lambda run: {**run, "policy": {**run["policy"], "new": 1}}, id="of a newer version"),
        pytest.param("run.json", lambda run: {**run, "policy": {**run["policy"], "minimum_gain": "x"}}, id="a word"),
        pytest.param("run.json", lambda run: {**run, "suites": {"test": None}}, id="no suites"),
        pytest.param("run.json", lambda run: {**run, "arms": [7]}, id="no arms"),
        pytest.param("verdict.json", lambda verdict: {**verdict, "files": {"gone.jsonl": "0"}}, id="a file not there"),
    ],
)
def test_evidence_of_another_form_is_invalid_although_its_hashes_fit(copy, capsys, name, change):
    """What can be read and is not what this version writes ends in one line and exit 4, beside a good one too."""
    good = shutil.copytree(copy, copy.parent / "good")
    write_json(copy / name, change(json.loads((copy / name).read_text("utf-8"))))
    if name == "run.json":
        reseal(copy)

    assert [4, 4] == [main(["gate", str(copy)]), main(["gate", str(good), "--against", str(copy)])]
    assert ["INVALID"] * 2 == capsys.readouterr().out.splitlines()[1::2]


def test_evidence_gives_git_no_option(tmp_path, monkeypatch):
    """What stands where the commit should is not read as an option, which could write a file."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], [*identity, "commit", "-qm", "Begin", "--allow-empty"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)

    said = warn_age(Stored(tmp_path, {"commit": f"--output={tmp_path / 'written'}"}, (), (), (), {}))

    assert () == said
    assert [".git"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(("behind", "is_old"), [(200, False), (201, True)])
def test_an_adapter_of_long_ago_is_told_by_its_age(tmp_path, monkeypatch, behind, is_old):
    """Where the gate runs in the repository it counts the commits since; in another one it says nothing."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    commit = "commit refs/heads/main\ncommitter A <a@b.c> {} +0000\ndata 0\n"
    stream = "".join(commit.format(number) for number in range(behind + 1))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=tmp_path, input=stream, text=True, check=True)
    subprocess.run(["git", "symbolic-ref", "HEAD", "refs/heads/main"], cwd=tmp_path, check=True)
    first = subprocess.run(
        ["git", "rev-list", "--max-parents=0", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    monkeypatch.chdir(tmp_path)

    said = warn_age(Stored(tmp_path, {"commit": first.stdout.strip()}, (), (), (), {}))

    assert (("the adapter's corpus is 201 commits behind; train again",) if is_old else ()) == said
    assert () == warn_age(Stored(tmp_path, {"commit": "0" * 40}, (), (), (), {}))


def test_another_machine_may_round_otherwise(finished, monkeypatch):
    """A library of mathematics may be off in the last place, and a gate runs elsewhere than an evaluation."""
    tail = statistics.t_tail
    monkeypatch.setattr(statistics, "t_tail", lambda t, df: math.nextafter(tail(t, df), 1.0))

    assert judge_gate(finished).word == "WORTH_IT"


@pytest.mark.parametrize("name", ["samples.jsonl", "scores.jsonl", "losses.jsonl", "comparisons.json", "run.json"])
def test_one_changed_byte_is_invalid(copy, name):
    """Every file of the evidence is under a hash or a checksum."""
    text = (copy / name).read_text("utf-8")
    (copy / name).write_text(text.replace("1", "2", 1), "utf-8")

    assert judge_gate(copy).word == "INVALID"


def test_what_was_declared_is_not_loosened_after_the_verdict(copy):
    """An edit of `run.json` that happens to change no word is found by its hash."""
    run = json.loads((copy / "run.json").read_text("utf-8"))
    write_json(copy / "run.json", {**run, "policy": {**run["policy"], "forgetting_margin": 1.0, "slice_margin": 1.0}})

    passage = judge_gate(copy)

    assert ("INVALID", 4) == (passage.word, passage.exit_code)
    assert "run.json or comparisons.json was changed after the verdict" in passage.lines[0]


def test_rows_sealed_anew_are_found_by_the_hash_of_their_file(copy):
    """Each row has its own checksum, which whoever adds to it can make again."""
    write_sealed(copy / "losses.jsonl", [{**row, "note": 1} for row in read_sealed(copy / "losses.jsonl")])

    assert ("losses.jsonl was changed after the verdict: its hash does not match",) == judge_gate(copy).lines


def test_what_ends_in_half_a_row_is_invalid_although_its_hashes_fit(copy):
    """A run that goes on drops such a row from its file; a gate changes nothing."""
    with (copy / "losses.jsonl").open("a") as file:
        file.write('{"torn')
    reseal(copy)

    assert "INVALID" == judge_gate(copy).word
    assert (copy / "losses.jsonl").read_text("utf-8").endswith('{"torn')


def test_a_comparison_that_is_off_by_more_than_rounding_is_invalid(copy):
    """Numbers are held against each other up to where machines differ, not up to what a table shows."""
    rows = json.loads((copy / "comparisons.json").read_text("utf-8"))
    write_json(copy / "comparisons.json", [{**row, "mean_diff": row["mean_diff"] + 1e-6} for row in rows])
    reseal(copy)

    assert "do not give the stored comparisons" in judge_gate(copy).lines[0]


ORDERED = {
    "scorer_sha256": "s",
    "folds": [{"fold": 0, "scorer_sha256": "t"}, {"fold": 1}],
    "suites": {"test": {"probes": [{"id": "x"}, {"id": "y", "fold": 0}, {"id": "z", "fold": 1}]}},
}
SAMPLE = {"key": "k", "arm_id": "tuned", "split": "test", "probe_id": "x", "sample_ix": 0}
SCORE = {**SAMPLE, "status": "ok", "accept": True, "scorer_sha256": "s", "checks": {"style": True, "syntax": None}}
FAILED = {"status": "failed", "accept": False, "checks": {"style": False, "syntax": True}}
CONTROL = {**SCORE, "key": sha256_json(["stub", "x"]), "arm_id": "stub", **FAILED}


def put_in_order(own, control, probe="x"):
    """Check a sample of *probe* and its score, changed by *own*, with a control, changed by *control*."""
    sample = {**SAMPLE, "probe_id": probe}
    check_order(Stored(Path(), ORDERED, [{**SCORE, **own}, {**CONTROL, **control}], [sample], (), {}))


@pytest.mark.parametrize(
    "own",
    [
        {}, FAILED, {"status": LOST, "accept": None}, {"status": LOST, "accept": False},
        {"probe_id": "y", "scorer_sha256": "t"}, {"probe_id": "z"},
    ],
)  # fmt: skip
def test_a_score_that_follows_its_sample_is_in_order(own):
    """One that was accepted, failed or lost, by the rules of the house or of a fold."""
    put_in_order(own, {}, own.get("probe_id", "x"))


@pytest.mark.parametrize(
    ("own", "control", "said"),
    [
        *(({name: "other"}, {}, "rows were moved") for name in ("key", "arm_id", "split", "probe_id", "sample_ix")),
        ({}, {"probe_id": "y", "scorer_sha256": "t"}, "a control of probe y"),
        ({"accept": None}, {}, "contradicts itself"),
        ({"accept": False}, {}, "contradicts itself"),
        ({**FAILED, "accept": True}, {}, "contradicts itself"),
        ({**FAILED, "accept": None}, {}, "contradicts itself"),
        ({"status": LOST}, {}, "contradicts itself"),
        ({"scorer_sha256": "t"}, {}, "comes from other checks"),
        ({"checks": {"style": True, "syntax": False}}, {}, "accepted although a check failed"),
    ],
)
def test_a_score_out_of_order_is_told(own, control, said):
    """Each name that ties it to its sample counts, and so does what it says of itself."""
    with pytest.raises(MismatchError, match=said):
        put_in_order(own, control)


@pytest.mark.parametrize("name", ["samples.jsonl", "scores.jsonl", "losses.jsonl", "comparisons.json", "verdict.json"])
def test_a_missing_file_is_named(copy, name):
    """Evidence with a part gone is invalid, and says which."""
    (copy / name).unlink()

    result = judge_gate(copy)

    assert ("INVALID", (f"{name} is missing",)) == (result.word, result.lines)


@pytest.mark.parametrize(("text", "said"), [("[]", "is not a JSON object"), ("{", "is not JSON")])
def test_a_verdict_of_another_form_is_invalid(copy, text, said):
    """What cannot be read as an object is no evidence, and no internal error."""
    (copy / "verdict.json").write_text(text)

    result = judge_gate(copy)

    assert ("INVALID", (f"verdict.json {said}",)) == (result.word, result.lines)


def test_a_word_that_the_rows_do_not_give_is_invalid(finished, copy):
    """Whoever writes another verdict over the stored one is told so; nor is anything compared with such evidence."""
    verdict = json.loads((copy / "verdict.json").read_text("utf-8"))
    write_json(copy / "verdict.json", {**verdict, "verdict": "NOT_WORTH_IT"})

    result = judge_gate(copy)

    assert "INVALID" == result.word
    assert "do not give the stored verdict" in result.lines[0]
    assert "do not give the stored verdict" in judge_gate(finished, against=copy).lines[0]


def test_samples_missing_together_with_their_scores_are_invalid(copy):
    """3 % of the samples gone from both files, every hash made again: the arms no longer answer the same probes."""
    for name in ("samples.jsonl", "scores.jsonl"):
        change_rows(copy, name, lambda rows: [r for i, r in enumerate(rows) if r["arm_id"] != "tuned" or i % 33])

    result = judge_gate(copy)

    assert result.word == "INVALID"


def test_an_unfinished_evaluation_is_invalid(copy):
    """Status `started` is no evidence."""
    run = json.loads((copy / "run.json").read_text("utf-8"))
    write_json(copy / "run.json", {**run, "status": "started"})

    assert "unfinished" in judge_gate(copy).lines[0]


def test_another_policy_gives_another_word(finished):
    """The same evidence under a stricter margin."""
    assert judge_gate(finished, policy=Policy(minimum_gain=0.6)).word == "INCONCLUSIVE"


@pytest.fixture(name="beside", scope="module")
def fixture_beside(corpus, tmp_path_factory):
    """Return an evaluation whose adapter has eight of ten answers accepted, and whose rival has all."""
    out = tmp_path_factory.mktemp("beside") / "evaluation"
    rival = FakeGenerator(corpus, lambda request, adapted: True, fingerprint={"weights": "large"})
    evaluate_corpus(corpus, out, rival=rival)
    return out


@pytest.mark.parametrize(
    ("margin", "word", "said"),
    [
        (None, "WORTH_IT", ""),
        (0.5, "WORTH_IT", "50 points fewer are allowed"),
        (0.3, "INCONCLUSIVE", "30 points fewer are allowed"),
        (0.1, "BLOCKED", "10 points fewer are allowed"),
    ],
)
def test_a_small_tuned_model_may_replace_a_large_one_within_a_margin(beside, margin, word, said):
    """Yes where the whole interval is within it, no where none of it is; without a margin a rival decides nothing."""
    result = judge_gate(beside, policy=Policy(rival_margin=margin))

    assert word == result.word
    assert said in result.lines[0]


def test_an_evaluation_that_set_fewer_arms_beside_its_rival_is_replayed(beside, tmp_path):
    """An earlier version compared fewer pairs, so that its corrected p-values are others; its evidence stands."""
    copy = tmp_path / "evaluation"
    shutil.copytree(beside, copy)
    stored = read_evaluation(copy)
    earlier = weigh(stored.run, stored.scores, stored.samples, stored.losses, PAIRS[:-2])
    write_json(copy / "comparisons.json", comparison_rows(earlier))
    reseal(copy)

    assert "WORTH_IT" == judge_gate(copy).word
    assert "BLOCKED" == judge_gate(copy, policy=Policy(rival_margin=0.1)).word


def test_a_margin_beside_a_rival_needs_a_rival(finished):
    """Who never asked it cannot say that the adapter stands in for it."""
    result = judge_gate(finished, policy=Policy(rival_margin=0.1))

    assert ("INCONCLUSIVE", True) == (result.word, "evaluate --endpoint URL" in result.lines[0])


def test_a_worse_adapter_does_not_replace_a_better_one(corpus, finished, tmp_path):
    """Worth it against prompting, and still worse than what is in use."""
    out = tmp_path / "worse"

    def weaker(request, adapted):
        return tenth(request) < (4 if adapted else 0)

    generator = FakeGenerator(corpus, weaker)
    evaluate_corpus(corpus, out, generator=generator)

    result = judge_gate(out, against=finished)

    assert result.word == "BLOCKED"
    assert "worse than the promoted adapter" in result.lines[0]


def test_a_folder_that_got_worse_stops_an_adapter_that_did_not_as_a_whole(tmp_path, monkeypatch):
    """What it gains in one folder pays for nothing that it lost in another; what the policy allows is let pass."""
    corpus = toys.make_corpus(tmp_path / "corpus", folder_of=lambda number: ("shop", "yard")[number % 2])
    outs = {name: tmp_path / name for name in ("shop", "yard")}
    for name, out in outs.items():
        generator = FakeGenerator(corpus, lambda request, adapted, name=name: adapted and request.path.startswith(name))
        evaluate_corpus(corpus, out, generator=generator)

    monkeypatch.setattr(gate, "warn_age", lambda stored: (f"{stored.folder.name} is old",))

    result = judge_gate(outs["shop"], against=outs["yard"])

    assert "BLOCKED" == result.word
    assert ("shop is old",) == result.warnings
    assert "worse than the promoted adapter in 'yard' by 100.0% of 16 probes" == result.lines[0]
    assert 2 == len(result.lines)
    assert "BLOCKED" != judge_gate(outs["shop"], against=outs["yard"], policy=Policy(slice_margin=1.0)).word


def test_one_probe_of_other_checks_makes_two_runs_unlike():
    """Of the shared probes all must be scored alike; the checks that changed are named, and no others."""
    suites = {"test": {"probes": [{"id": "x"}, {"id": "y", "fold": 0}]}}
    alike = {"folds": [{"fold": 0}], "suites": suites}
    old = {"scorer_sha256": "a", "checks": {"style": 1, "substance": 1, "syntax": 1}, **alike}
    rules = {**old, "folds": [{"fold": 0, "scorer_sha256": "b"}]}
    check_scorers(old, old, ["x", "y"])
    check_scorers(rules, old, ["x"])

    with pytest.raises(MismatchError, match="other versions of the rules of a fold; evaluate"):
        check_scorers(rules, old, ["x", "y"])
    with pytest.raises(MismatchError, match="other versions of style, substance; evaluate"):
        check_scorers({**old, "scorer_sha256": "c", "checks": {"syntax": 1, "substance": 2}}, old, ["x"])


def test_a_folder_of_ten_probes_is_a_slice():
    """Nine are too few; and what holds all that are shared is the whole, whatever else was asked."""
    paths = [f"{folder}/{number}.py" for folder, size in {"a": 9, "b": 10, "c": 12}.items() for number in range(size)]
    run = {"suites": {"test": {"probes": [{"id": path, "path": path} for path in paths]}}}

    assert [("", 31), ("b", 10), ("c", 12)] == [
        (name, len(ids)) for name, ids in slice_probes(run, paths[::-1]).items()
    ]
    assert {"": paths[-12:]} == slice_probes(run, paths[-12:])


@pytest.mark.parametrize(
    ("whole", "part", "lines"),
    [
        pytest.param({"ci": (-0.2, -0.01)}, {}, ["worse than the promoted adapter by 9.0% of 40 probes"], id="whole"),
        pytest.param({"ci": (-0.18, 0.0)}, {}, [], id="the interval ends at 0"),
        pytest.param({"ci": None}, {}, [], id="no interval"),
        pytest.param(
            {}, {"mean_diff": -0.11}, ["worse than the promoted adapter in 'a' by 11.0% of 40 probes"], id="a"
        ),
        pytest.param({}, {"mean_diff": -0.1}, [], id="just what is allowed"),
        pytest.param({}, {"mean_diff": -0.11, "p": 0.025}, [], id="one of two by chance"),
        pytest.param({}, {"mean_diff": -0.11, "p": None}, [], id="a slice of one cluster"),
        pytest.param({}, {"mean_diff": 0.5}, [], id="better"),
    ],
)
def test_regressions_by_hand(whole, part, lines):
    """The whole is worse where its interval lies below 0, a slice where Holm's p does and it lost more than a tenth."""
    values = {str(i): 0.0 for i in range(40)}
    alike = statistics.compare("", ("new", values), ("promoted", values), {i: i for i in values})
    slices = [replace(alike, **{"endpoint": "a", "p": 0.01, **part}), replace(alike, endpoint="b", mean_diff=-0.05)]

    assert lines == list_regressions([replace(alike, mean_diff=-0.09, **whole), *slices], 0.1)


def test_an_adapter_passes_against_itself(finished):
    """No difference is no regression."""
    assert judge_gate(finished, against=finished).word == "WORTH_IT"


@pytest.mark.parametrize(("probes", "word"), [(20, "WORTH_IT"), (19, "INVALID")])
def test_adapters_are_compared_by_the_probes_that_both_answered(corpus, finished, tmp_path, probes, word):
    """An adapter in use that was asked less is compared by that, unless it is too little to tell."""
    out = tmp_path / "shorter"
    evaluate_corpus(corpus, out, probes=probes, forced=True)

    result = judge_gate(finished, against=out)

    assert word == result.word
    assert ("share 19 probes; comparing needs 20: evaluate the adapter in use" in result.lines[0]) is (probes == 19)


def test_scores_by_another_profile_are_not_compared(finished, tmp_path, monkeypatch):
    """A corpus mined again may hold other rules; the promoted adapter has to be held to the same ones."""
    plain, names = toys.toy_file, "\n".join(f"NAME_{n} = 'name'" for n in range(12))
    monkeypatch.setattr(toys, "toy_file", lambda number: plain(number) + (names if number < 12 else ""))
    corpus = toys.make_corpus(tmp_path / "corpus")
    out = tmp_path / "new"
    evaluate_corpus(corpus, out)

    result = judge_gate(out, against=finished)

    assert ("INVALID", 4) == (result.word, result.exit_code)
    assert "other versions of style" in result.lines[0]


def test_a_promoted_evaluation_that_is_invalid_is_refused(corpus, finished, tmp_path):
    """An adapter that was never applied is nothing to be measured against."""
    out = tmp_path / "inert"
    generator = FakeGenerator(corpus, lambda request, adapted: tenth(request) < 2)
    evaluate_corpus(corpus, out, generator=generator, loss_of=FakeLosses(share=0.0))

    result = judge_gate(finished, against=out)

    assert ("INVALID", 4) == (result.word, result.exit_code)
    assert "adapter in use cannot be compared with: adapter not applied" in result.lines[0]
    assert "INVALID" == judge_gate(out, against=finished).word


def test_a_reason_that_the_sentence_says_is_not_said_before_it(corpus, tmp_path):
    """Each reason is told once, beside others and alone."""
    out = tmp_path / "inert"
    generator = FakeGenerator(corpus, lambda request, adapted: tenth(request) < 2)
    evaluate_corpus(corpus, out, generator=generator, loss_of=FakeLosses(share=0.0))
    stored = json.loads((out / "verdict.json").read_text("utf-8"))

    first, *others = stored["reasons"]
    lines = judge_gate(out).lines

    assert (*others, f"These numbers must not be used: {first}.") == lines


def test_the_promoted_arm_is_the_one_that_its_rows_choose(corpus, finished, copy):
    """No hash covers what `verdict.json` says was chosen, so that is not believed."""
    verdict = json.loads((copy / "verdict.json").read_text("utf-8"))
    write_json(copy / "verdict.json", {**verdict, "chosen": {**verdict["chosen"], "tuned": "base"}})
    worse = copy.parent / "worse"
    generator = FakeGenerator(corpus, lambda request, adapted: tenth(request) < (4 if adapted else 0))
    evaluate_corpus(corpus, worse, generator=generator)

    assert judge_gate(worse, against=finished).word == judge_gate(worse, against=copy).word == "BLOCKED"


def test_a_folder_without_an_evaluation_is_named(copy):
    """Usage, not evidence; so is one of another version."""
    with pytest.raises(InputError, match=r"no run\.json"):
        judge_gate(copy.parent)
    write_json(copy / "run.json", {**json.loads((copy / "run.json").read_text("utf-8")), "schema": "none"})
    with pytest.raises(InputError, match=r"no evaluation of this version: .*\. Evaluate again\."):
        judge_gate(copy)


def test_without_two_adapters_nothing_is_compared(finished):
    """An evaluation of prompting alone is neither better nor worse than an adapter; nor is one of unknown form."""
    stored = read_evaluation(finished)
    weighed = replay(stored, None)
    bare = replace(weighed, chosen={**weighed.chosen, "tuned": None})

    for new, old in ((bare, weighed), (weighed, bare)):
        with pytest.raises(MismatchError, match="no adapter to compare"):
            compare_promoted(stored, new, stored, old)
    with pytest.raises(MismatchError, match="the evidence"):
        compare_promoted(replace(stored, scores=[{}]), weighed, stored, weighed)


def test_the_command_exits_with_the_verdict(finished, copy, tmp_path, capsys):
    """0 for yes, 4 for invalid, 3 for unclear, 2 for no evaluation."""
    strict = tmp_path / "policy.toml"
    strict.write_text("[policy]\nminimum_gain = 0.6\n")
    (copy / "scores.jsonl").write_text("")
    other = tmp_path / "other.toml"
    other.write_text("policy = 3\n")

    assert main(["gate", str(finished)]) == 0
    assert capsys.readouterr().out.rstrip().endswith("WORTH_IT")
    assert main(["gate", str(copy)]) == 4
    assert main(["gate", str(finished), "--policy", str(strict)]) == 3
    assert main(["gate", str(tmp_path)]) == 2
    assert main(["gate", str(finished), "--policy", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err
    assert main(["gate", str(finished), "--policy", str(other)]) == 2
    assert "policy must be a table, got 3" in capsys.readouterr().err
    other.write_text(f"policy = {'[' * 5_000}")
    assert main(["gate", str(finished), "--policy", str(other)]) == 2
    assert "nested too deeply" in capsys.readouterr().err


def test_the_command_prints_one_object_for_machines(finished, capsys, monkeypatch):
    """`--json` prints the verdict with its reasons and warnings; for people these stand apart, and change no exit."""
    monkeypatch.setattr(gate, "warn_age", lambda stored: ("it is old",))
    result = judge_gate(finished)

    assert [0, 0] == [main(["gate", str(finished), "--json"]), main(["gate", str(finished)])]
    said = capsys.readouterr()
    body, *lines = said.out.splitlines()
    assert json.loads(body) == {"verdict": "WORTH_IT", "reasons": [*result.lines], "warnings": ["it is old"]}
    assert [*result.lines, "WORTH_IT"] == lines
    assert ["idiolect: it is old"] * 2 == said.err.splitlines()


def test_other_versions_of_the_checks_score_anew_and_are_never_compared_with_old_scores(
    corpus, finished, tmp_path, monkeypatch
):
    """After an upgrade both adapters are scored again from their samples, without a model, and then compared (H09)."""
    new, promoted = (shutil.copytree(finished, tmp_path / name) for name in ("new", "promoted"))
    monkeypatch.setattr(SubstanceCheck, "settings", {**SubstanceCheck.settings, "version": 99})
    generator = FakeGenerator(corpus, tuned_knows)

    def again(out):
        evaluate_corpus(corpus, out, generator=generator)

    again(new)
    versions = {row["scorer_sha256"] for row in read_sealed(new / "scores.jsonl")}
    refused = judge_gate(new, against=promoted)
    again(promoted)

    assert 0 == generator.calls
    assert 1 == len(versions)
    assert not versions & {row["scorer_sha256"] for row in read_sealed(finished / "scores.jsonl")}
    assert ("INVALID", 4) == (refused.word, refused.exit_code)
    assert "other versions of substance" in refused.lines[0]
    assert "WORTH_IT" == judge_gate(new, against=promoted).word
