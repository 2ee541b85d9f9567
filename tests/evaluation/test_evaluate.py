"""
The evaluation from end to end, with a toy corpus and a model whose score is known beforehand.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
import toys
from idiolect.commands.evaluate import summary
from idiolect.evaluation import measure, parts, samples, size, task
from idiolect.evaluation.arms import ARMS
from idiolect.evaluation.ask import models_of, plan_jobs
from idiolect.evaluation.checks.check import LOST, Answer, Result, collect_checks
from idiolect.evaluation.gate import judge_gate
from idiolect.evaluation.latency import describe_latency
from idiolect.evaluation.policy import Policy
from idiolect.evaluation.probes import select_probes
from idiolect.evaluation.verdict import say_better_prompts
from idiolect.mining.corpus import read_corpus
from idiolect.mining.errors import InputError, MismatchError, TooSmallError
from idiolect.mining.taught import write_taught
from idiolect.mining.workers import silent
from toys import INFO, FakeGenerator, FakeLosses, evaluate_corpus, make_corpus, tenth, tuned_knows

STABLE = ("samples.jsonl", "scores.jsonl", "comparisons.json", "losses.jsonl", "verdict.json")


def rows(out, name):
    """Return the rows of a sealed file."""
    return [json.loads(line) for line in (out / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def done(corpus, tmp_path_factory):
    """Return the folder of one finished evaluation."""
    out = tmp_path_factory.mktemp("done") / "evaluation"
    evaluate_corpus(corpus, out)
    return out


def test_the_folder_holds_what_the_design_says(done):
    """Every file that `docs/design.md` lists, and a status of complete."""
    record = json.loads((done / "run.json").read_text("utf-8"))

    names = {path.name for path in done.iterdir()}

    assert {"run.json", "report.html", "timings.jsonl", *STABLE} <= names
    assert record["schema"] == "idiolect.evaluation/1"
    assert record["status"] == "complete"


def test_a_real_gain_is_worth_it(done):
    """Eight of ten against two of ten, on 32 probes."""
    verdict = json.loads((done / "verdict.json").read_text("utf-8"))

    assert verdict["verdict"] == "WORTH_IT"
    assert verdict["primary"]["a"] == "tuned"
    assert 0.3 < verdict["primary"]["mean_diff"] < 0.9


def test_references_pass_and_stubs_fail(done):
    """The controls go through the same cut and the same checks."""
    arms = {arm["arm_id"]: arm for arm in json.loads((done / "verdict.json").read_text("utf-8"))["arms"]}

    assert arms["reference"]["rates"]["accept"]["rate"] == 1.0
    assert arms["stub"]["rates"]["accept"]["rate"] == 0.0


def test_answer_loss_is_a_first_class_result(done):
    """Base and tuned loss on the probes, with an interval, and in the comparisons."""
    verdict = json.loads((done / "verdict.json").read_text("utf-8"))
    endpoints = {row["endpoint"] for row in json.loads((done / "comparisons.json").read_text("utf-8"))}

    assert 0.19 < verdict["losses"]["test"]["fell"] < 0.22
    assert {"accept@1", "answer_loss", "general_loss", "a/a"} <= endpoints


def test_every_sample_is_there_once(done):
    """Six arms over 32 test and 12 validation probes, and the repeat of base."""
    samples = rows(done, "samples.jsonl")

    assert len(samples) == 6 * (32 + 12) + 32
    assert len(samples) == len({row["key"] for row in samples})


def test_no_artefact_holds_a_path_or_a_time(done, corpus):
    """Times and the machine stand in timings.jsonl and in run.json's environment alone."""
    for name in ("samples.jsonl", "scores.jsonl", "comparisons.json", "verdict.json", "report.html"):
        text = (done / name).read_text("utf-8")

        assert str(done) not in text
        assert str(corpus.folder) not in text
        assert '"seconds"' not in text


def test_the_arm_is_chosen_on_validation_probes(done):
    """B* comes from the validation split, half as many probes as asked for at most."""
    chosen = json.loads((done / "verdict.json").read_text("utf-8"))["chosen"]

    assert chosen == {"prompt": "base", "tuned": "tuned", "by": "validation", "probes": 12}


def test_an_inert_adapter_is_invalid(corpus, tmp_path):
    """Losses that the adapter does not move are no result."""
    verdict = evaluate_corpus(corpus, tmp_path / "e", loss_of=FakeLosses(share=0.0))

    assert verdict["verdict"] == "INVALID"
    assert verdict["reasons"][0].startswith("adapter not applied")


def test_an_adapter_that_forgets_is_blocked(corpus, tmp_path):
    """General code half a nat worse."""
    verdict = evaluate_corpus(corpus, tmp_path / "e", loss_of=FakeLosses(general=0.25))

    assert verdict["verdict"] == "BLOCKED"


def test_an_answer_in_the_right_form_hides_no_forgetting(corpus, tmp_path):
    """Who learned to leave out a fence and to stop gains on every answer; general code is scored as text."""

    class GainsByForm(FakeLosses):
        def __call__(self, pairs, *, adapted, as_text=False):
            self.general = 0.25 if as_text else -0.25
            return super().__call__(pairs, adapted=adapted, as_text=as_text)

    assert evaluate_corpus(corpus, tmp_path / "e", loss_of=GainsByForm())["verdict"] == "BLOCKED"


def test_a_base_that_never_stops_is_not_punished(corpus, tmp_path):
    """The same answers with text after them score the same, and the running on is counted."""

    class RunsOn(FakeGenerator):
        def __post_init__(self):
            super().__post_init__()
            self.finish_reason = "length"
            self.answers = {k: v + "\n\n\ndef more(x):\n    return (x" for k, v in self.answers.items()}

    plain = evaluate_corpus(corpus, tmp_path / "a")
    verdict = evaluate_corpus(corpus, tmp_path / "b", generator=RunsOn(corpus, tuned_knows))
    arms = {arm["arm_id"]: arm for arm in verdict["arms"]}

    assert plain["primary"]["mean_diff"] == verdict["primary"]["mean_diff"]
    assert arms["tuned"]["endings"]["ran_on"] >= 20


def test_without_an_adapter_only_prompting_is_measured(corpus, tmp_path):
    """Four arms, no primary comparison, and an honest sentence."""
    verdict = evaluate_corpus(corpus, tmp_path / "e", adapter_info=None)

    assert verdict["verdict"] == "INCONCLUSIVE"
    assert "tuned" not in {arm["arm_id"] for arm in verdict["arms"]}


def test_a_prompt_that_does_as_well_leaves_the_adapter_nothing(tmp_path):
    """With enough probes and a prompt that knows what the adapter knows, RAG suffices."""
    corpus = make_corpus(tmp_path / "corpus", train=40, validation=20, test=90)

    def knows(request, adapted):
        return tenth(request) < (8 if adapted or "# from toy/" in request.context else 2)

    verdict = evaluate_corpus(
        corpus, tmp_path / "e", generator=FakeGenerator(corpus, knows), arms=["base", "rag", "tuned"]
    )

    assert verdict["verdict"] == "RAG_SUFFICES"
    assert "rag is enough" in verdict["sentence"]
    assert not say_better_prompts(verdict)


def test_validation_probes_that_tell_nothing_hide_no_arm(tmp_path):
    """Nobody answers a validation probe: a prompt that does as well, and a better tuned arm, are still looked at."""
    corpus = make_corpus(tmp_path / "corpus", train=40, validation=3, test=90)
    blind = {pair.path for pair in corpus.pairs("validation")}

    def evaluate(name, helps):
        """Answer eight of ten where *helps* says so, two of ten elsewhere, and nothing of validation."""

        def knows(request, adapted):
            helped = helps(adapted, "# from toy/" in request.context)
            return request.path not in blind and tenth(request) < (8 if helped else 2)

        arms = ["base", "rag", "tuned", "tuned+rag"]
        return evaluate_corpus(corpus, tmp_path / name, generator=FakeGenerator(corpus, knows), arms=arms)

    prompt = evaluate("prompt", lambda adapted, retrieved: adapted or retrieved)
    both = evaluate("both", lambda adapted, retrieved: adapted and retrieved)

    assert {"base", "tuned"} == {prompt["chosen"]["prompt"], prompt["chosen"]["tuned"]}
    assert prompt["chosen"] == both["chosen"]
    assert "INCONCLUSIVE" == prompt["verdict"] == both["verdict"]
    assert "but rag may do as well: over it the gain is 0 points" in prompt["sentence"]
    assert "but tuned+rag, which the validation probes did not choose, measured +" in both["sentence"]
    assert 3 == judge_gate(tmp_path / "prompt").exit_code
    better = say_better_prompts(prompt)
    rates = r"rag \(\d\d\.\d%\) did better on the test probes than base \(\d\d\.\d%\), the prompt compared: "
    assert re.match(rates, better)
    assert "chosen on 6 validation probes, because" in better
    assert better in summary(tmp_path, prompt)
    page = html.unescape((tmp_path / "prompt" / "report.html").read_text("utf-8"))
    assert better in page


def test_two_arms_alike_on_few_probes_are_inconclusive(corpus, tmp_path):
    """No gain and few probes: nobody can tell."""
    generator = FakeGenerator(corpus, lambda request, adapted: tenth(request) < 5)

    assert evaluate_corpus(corpus, tmp_path / "e", generator=generator)["verdict"] == "INCONCLUSIVE"


@dataclass
class FailingCheck:
    """A check that accepts whatever calls something, where the machine lets it."""

    fails: Callable[[Answer], bool]
    name: str = "tests"
    order: int = 50
    repeats: int = 1
    settings: Mapping[str, object] = field(default_factory=lambda: {"version": 1})

    def judge(self, answers):
        """Return a result each; lost where the machine fails."""
        return [Result(None, LOST) if self.fails(answer) else Result(True) for answer in answers]


def add_check(monkeypatch, check):
    """Have evaluations judge by *check*, too."""
    monkeypatch.setattr(parts, "collect_checks", lambda corpus, repository: [*collect_checks(corpus), check])


def test_answers_lost_while_they_are_judged_are_not_accepted(corpus, tmp_path, monkeypatch):
    """A disk that fills up passes no test: the run is INVALID, and the same command judges the same samples again."""
    add_check(monkeypatch, FailingCheck(lambda answer: answer.code != answer.reference.slice(answer.reference_span)))
    generator = FakeGenerator(corpus, lambda request, adapted: False, wrong=lambda request: "    x = 1\n    return x\n")

    verdict = evaluate_corpus(corpus, tmp_path / "e", generator=generator)
    arms = {arm["arm_id"]: arm for arm in verdict["arms"]}

    assert {"infra_error": 32} == arms["tuned"]["statuses"] == arms["base"]["statuses"]
    assert {None} == {row["accept"] for row in rows(tmp_path / "e", "scores.jsonl") if row["arm_id"] == "tuned"}
    assert "INVALID" == verdict["verdict"]
    assert any("lost to faults" in reason for reason in verdict["reasons"])
    assert "INVALID" == judge_gate(tmp_path / "e").word

    add_check(monkeypatch, FailingCheck(lambda answer: False))
    again = FakeGenerator(corpus, tuned_knows)
    verdict = evaluate_corpus(corpus, tmp_path / "e", generator=again)

    assert 0 == again.calls
    assert {"fail_substance": 32} == {arm["arm_id"]: arm for arm in verdict["arms"]}["tuned"]["statuses"]


def test_a_lost_answer_is_no_failure_of_its_arm(tmp_path, monkeypatch):
    """One answer in two hundred may be lost: its probe is left out of the pairs, and the evidence replays."""
    corpus = make_corpus(tmp_path / "corpus", test=100)
    lost = corpus.pairs("test")[7]
    generator = FakeGenerator(corpus, lambda request, adapted: adapted)
    add_check(
        monkeypatch, FailingCheck(lambda answer: answer.probe_id == lost.id and answer.code.startswith("    return"))
    )

    verdict = evaluate_corpus(corpus, tmp_path / "e", generator=generator, arms=["base", "guide", "tuned"])
    asked = json.loads((tmp_path / "e" / "run.json").read_text("utf-8"))["suites"]["test"]["probes"]

    assert (200, 199) == (len(asked), verdict["primary"]["n"])
    assert "WORTH_IT" == verdict["verdict"] == judge_gate(tmp_path / "e").word
    assert 1 == {arm["arm_id"]: arm for arm in verdict["arms"]}["base"]["statuses"]["infra_error"]


def test_a_reference_that_is_lost_makes_no_probe(corpus, tmp_path, monkeypatch):
    """Without a judged reference nothing is known of a probe; the message says what to see to."""
    add_check(monkeypatch, FailingCheck(lambda answer: True))

    with pytest.raises(TooSmallError, match="This machine lost 32 more"):
        evaluate_corpus(corpus, tmp_path / "e")


def test_what_training_gives_away_is_not_asked(tmp_path, monkeypatch):
    """A file of training that holds the answers of a held-out one takes both of its probes away, for every arm."""
    plain = toys.toy_file
    monkeypatch.setattr(toys, "toy_file", lambda number: plain(20 if number == 0 else number))
    corpus = make_corpus(tmp_path / "corpus")

    suite = select_probes(corpus, "test", None, lambda probes: [""] * len(probes))

    assert {"leak_exact"} == {reason for _, reason in suite.refused}
    assert (30, 2) == (len(suite.probes), len(suite.refused))
    assert "toy/module_20.py" not in {probe.pair.path for probe in suite.probes}


def test_a_reference_that_no_answer_may_be_as_long_as_is_not_asked(corpus, monkeypatch):
    """Each file has a body of 6 words and one of 15: no arm could write that in 12, nor in 15, for an end comes too."""
    generator = FakeGenerator(corpus, tuned_knows)
    asked = task.Task(corpus=corpus, out=Path(), generator=generator, arms=(ARMS["tuned"],), policy=Policy())
    bench = parts.make_bench(asked)

    for most, admitted in ((12, 16), (15, 16), (16, 32)):
        monkeypatch.setattr(task, "ANSWER_MOST", most)
        suite = parts.admit_suite(bench, "test", None)

        assert admitted == len(suite.probes)
        assert {"too_long"} >= {reason for _, reason in suite.refused}


def test_minutes_are_shared_by_all_that_answers(corpus, monkeypatch):
    """Several answers a probe, a placebo and a rival: at a second each, all of them fit into what is for answers."""
    generator = FakeGenerator(corpus, tuned_knows)
    asked = task.Task(
        corpus=corpus, out=Path("none"), generator=generator, arms=tuple(ARMS.values()), policy=Policy(), samples=2,
        minutes=11.8, placebo=generator, rival=generator,
    )  # fmt: skip
    bench = parts.make_bench(asked)
    monkeypatch.setattr(size, "time_request", lambda *_: 1.0)

    count = size.choose_count(asked, bench, time.monotonic())
    answers = sum(len(plan_jobs(part, models_of(asked))) for part in parts.open_parts(bench, count))

    assert 24 == count
    assert 24 * 23 == answers < 11.8 * 60 * size.GENERATION_SHARE < 25 * 23
    # what was spent before, and goes into losses, is nobody's to answer in
    assert 21 == size.choose_count(asked, bench, time.monotonic() - 11.8 * 60 + 21.5 * 23)
    monkeypatch.setattr(size, "time_losses", lambda *_: (11.8 * 60 - 22.5 * 25, 2.0))
    assert 22 == size.choose_count(asked, bench, time.monotonic())


@pytest.mark.parametrize(("given", "a_request"), [(100, 0.5), (20, 1.1)])
def test_many_requests_are_timed_where_few_take_little(corpus, monkeypatch, given, a_request):
    """A batch of many takes less a request: by few alone it is taken for dearer than it is."""
    clock = [0.0]
    monkeypatch.setattr(size, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def ask(_arm, probes, _generator):
        clock[0] += len(probes) * (1.1 if len(probes) <= 8 else 0.5) * 0.05

    asked = SimpleNamespace(arms=(ARMS["base"], ARMS["guide+rag"]), generator=None)

    assert a_request * 0.05 == pytest.approx(size.time_request(asked, SimpleNamespace(ask=ask), [None] * 32, given))


def test_losses_are_counted_before_there_are_probes(corpus, monkeypatch):
    """General code is read whole whatever is asked, and each probe as answer and as text; with an adapter twice."""
    clock = [0.0]
    monkeypatch.setattr(size, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def slow(pairs, *, adapted, as_text=False):
        clock[0] += size.count_letters(pairs) * 1e-6
        return []

    pairs = [pair for pair in corpus.pairs("test") if pair.kind == "implement"]
    pilot = [SimpleNamespace(pair=pair) for pair in pairs[:8]]
    asked = task.Task(
        corpus=corpus, out=Path("none"), generator=FakeGenerator(corpus, tuned_knows), arms=(), policy=Policy(),
        loss_of=slow, adapter={},
    )  # fmt: skip
    once, each = size.time_losses(asked, pilot)
    whole = sum(size.count_letters(own.pairs) for own in measure.whole_sets(asked))

    assert once == pytest.approx(2e-6 * whole)
    assert each == pytest.approx(3e-6 * size.count_letters(pairs[:8]) / 8)
    assert (0.0, 0.0) == size.time_losses(replace(asked, loss_of=None), pilot)


class Drawing(FakeGenerator):
    """Notes the seed by which each chunk is drawn."""

    def generate(self, requests, *, adapted, seed=0, **settings):
        """Answer, whatever the seed."""
        self.__dict__.setdefault("seeds", {}).setdefault(adapted, []).append(seed)
        return super().generate(requests, adapted=adapted, seed=seed, **settings)


def test_no_two_chunks_of_an_arm_are_drawn_by_the_same_numbers(corpus, tmp_path, monkeypatch):
    """A row's place in its chunk chooses its numbers, so chunks need seeds of their own; two arms may share them."""
    monkeypatch.setattr(samples, "CHUNK", 8)
    generator = Drawing(corpus, tuned_knows)
    asked = task.Task(
        corpus=corpus, out=tmp_path, generator=generator, arms=(ARMS["base"], ARMS["tuned"]), policy=Policy(), samples=2
    )
    bench = parts.make_bench(asked)
    part = parts.Part(bench, {"test": parts.admit_suite(bench, "test", None)})
    jobs = plan_jobs(part, models_of(asked))
    by_arm = {one.name: one.generator for one in asked.asked}
    samples.generate_samples(jobs, samples.SealedFile(tmp_path / "s"), by_arm, tmp_path / "t", silent)

    assert 2 * 4 == len(set(generator.seeds[True])) == len(generator.seeds[True])
    assert set(generator.seeds[True]) <= set(generator.seeds[False])


def test_twenty_probes_are_needed(tmp_path):
    """Below, the counts are told, and whether more are held out than were asked for; --force goes on."""
    corpus = make_corpus(tmp_path / "corpus", train=4, validation=2, test=4)

    with pytest.raises(TooSmallError, match=r"8 probes in 4 clusters.*Mine a larger repository"):
        evaluate_corpus(corpus, tmp_path / "e")
    with pytest.raises(TooSmallError, match=r"4 probes in 4 clusters.*More are held out: raise --probes, or"):
        evaluate_corpus(corpus, tmp_path / "e", probes=4)
    with pytest.raises(TooSmallError, match=r"^1 probe in 1 cluster was admitted of"):
        evaluate_corpus(corpus, tmp_path / "e", probes=1)

    assert evaluate_corpus(corpus, tmp_path / "e", forced=True)["verdict"]


def test_a_base_that_reads_too_little_is_told(corpus, tmp_path):
    """A larger repository would not help where its tasks are too long for the base."""
    generator = FakeGenerator(corpus, tuned_knows, context_length=40)

    with pytest.raises(TooSmallError, match="32 more are too long for this base; take one that reads longer texts"):
        evaluate_corpus(corpus, tmp_path / "e", generator=generator)


def test_what_is_refused_leaves_an_earlier_evaluation_as_it_was(done, tmp_path):
    """A corpus that is too small is told before anything of the folder is touched."""
    out = shutil.copytree(done, tmp_path / "e")
    small = make_corpus(tmp_path / "corpus", test=3)

    with pytest.raises(TooSmallError):
        evaluate_corpus(small, out)

    assert {path.name for path in done.iterdir()} == {path.name for path in out.iterdir()}
    assert "WORTH_IT" == judge_gate(out).word


def test_a_foreign_folder_is_left_alone(corpus, tmp_path):
    """What is no evaluation is not written over."""
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(InputError, match="something else"):
        evaluate_corpus(corpus, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_unknown_arm_is_named(corpus, tmp_path):
    """The message lists the known ones."""
    with pytest.raises(InputError, match="guide\\+rag"):
        evaluate_corpus(corpus, tmp_path / "e", arms=["magic"])


def test_a_second_run_generates_nothing_again(corpus, tmp_path):
    """The samples are the cache, and the bytes stay."""
    evaluate_corpus(corpus, tmp_path / "e")
    before = {name: (tmp_path / "e" / name).read_bytes() for name in STABLE}
    generator = FakeGenerator(corpus, tuned_knows)

    evaluate_corpus(corpus, tmp_path / "e", generator=generator)

    assert generator.calls == 0
    assert before == {name: (tmp_path / "e" / name).read_bytes() for name in STABLE}


def test_another_model_takes_nothing_from_the_cache(corpus, tmp_path):
    """Another adapter: its arms anew, the base's answers kept."""
    evaluate_corpus(corpus, tmp_path / "e")
    other = FakeGenerator(corpus, tuned_knows, fingerprint={"weights": "toy", "adapter_sha256": "b2"})

    evaluate_corpus(corpus, tmp_path / "e", generator=other)

    assert other.calls == 2 * (32 + 12)


def test_other_weights_take_nothing_from_the_cache(corpus, tmp_path):
    """Another base: everything anew."""
    evaluate_corpus(corpus, tmp_path / "e")
    other = FakeGenerator(corpus, tuned_knows, fingerprint={"weights": "other", "adapter_sha256": "a1"})

    evaluate_corpus(corpus, tmp_path / "e", generator=other)

    assert other.calls == 6 * (32 + 12) + 32


def test_latency_is_that_of_the_model_at_hand(corpus, tmp_path, monkeypatch):
    """
    An earlier model's times in the same folder, and a line that a kill tore, are not among them.

    Nor does it matter that the machine's clock is put back meanwhile (E15).
    """

    class Slow(FakeGenerator):
        def generate(self, requests, **settings):
            return ((place, answer._replace(seconds=9.0)) for place, answer in super().generate(requests, **settings))

    out = tmp_path / "e"
    evaluate_corpus(
        corpus, out, generator=Slow(corpus, tuned_knows, fingerprint={"weights": "slow", "adapter_sha256": "s1"})
    )
    slow = json.loads((out / "run.json").read_text("utf-8"))["environment"]["latency"]
    with (out / "timings.jsonl").open("a") as file:
        file.write('{"arm_id": "base", "key": "to\n')

    with monkeypatch.context() as jumping:
        clock = count(2e9, -3600.0)
        jumping.setattr(time, "time", lambda: next(clock))
        evaluate_corpus(corpus, out)
    environment = json.loads((out / "run.json").read_text("utf-8"))["environment"]
    latency = environment["latency"]

    assert 0 < environment["seconds"] < 3600
    assert {9.0} == {times[name] for times in slow.values() for name in ("p50", "p95")}
    assert {0.01} == {times[name] for times in latency.values() for name in ("p50", "p95")}


def test_latency_is_the_median_and_the_95th_percentile(tmp_path):
    """Of an even number the median lies between two; the first eight answers, while all is loaded, do not count."""
    seconds = [99.0] * 8 + [float(n) for n in range(1, 101)]
    rows = [{"arm_id": "base", "key": str(n), "seconds": s, "first_seconds": s / 10} for n, s in enumerate(seconds)]
    (tmp_path / "timings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    (told,) = describe_latency(tmp_path, rows).values()

    assert {"p50": 50.5, "p95": 95.05, "first_p50": 5.05} == pytest.approx(told)


def test_a_damaged_line_stops_the_run(corpus, tmp_path):
    """A bad line in the middle is named with its number."""
    evaluate_corpus(corpus, tmp_path / "e")
    file = tmp_path / "e" / "samples.jsonl"
    lines = file.read_text("utf-8").split("\n")
    lines[4] = lines[4].replace("return", "RETURN", 1)
    file.write_text("\n".join(lines), "utf-8")

    with pytest.raises(MismatchError, match=r"samples\.jsonl, line 5"):
        evaluate_corpus(corpus, tmp_path / "e")


def test_a_corpus_that_is_mined_anew_meanwhile_ends_the_run(tmp_path):
    """No evidence is made of two corpora: which file is another one is told, and there is no verdict."""
    corpus = make_corpus(tmp_path / "corpus", test=12)

    def mine_again(stage, done, total):
        if stage == "generate" and done == total:
            make_corpus(tmp_path / "corpus", train=13, test=12)

    with pytest.raises(MismatchError, match=r"pairs/train\.jsonl of the corpus was changed while it was in use"):
        evaluate_corpus(corpus, tmp_path / "e", report=mine_again, arms=["base", "tuned"])

    assert not (tmp_path / "e" / "verdict.json").exists()
    with pytest.raises(MismatchError, match=r"sources/.* was changed"):
        corpus.source("toy/module_12.py")


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from toys import FakeGenerator, evaluate_corpus, tuned_knows
from idiolect.evaluation.ask import models_of, plan_jobs
from idiolect.mining.corpus import read_corpus

class Mortal(FakeGenerator):
    def generate(self, requests, **settings):
        for item in super().generate(requests, **settings):
            if self.calls >= {calls}:
                os.kill(os.getpid(), signal.SIGKILL)
            yield item

corpus = read_corpus(Path({corpus!r}))
evaluate_corpus(corpus, Path({out!r}), generator=Mortal(corpus, tuned_knows))
"""


def test_killed_twice_the_bytes_are_those_of_a_quiet_run(corpus, done, tmp_path):
    """SIGKILL in the middle of generation, twice, and a torn last line: nothing is lost or repeated."""
    out = tmp_path / "e"
    for calls in (57, 101):
        code = textwrap.dedent(KILLED).format(
            tests=str(Path(__file__).parent), calls=calls, corpus=str(corpus.folder), out=str(out)
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=dict(os.environ))
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with (out / "samples.jsonl").open("a") as file:
            file.write('{"key": "torn')
    assert not (out / "verdict.json").exists()

    evaluate_corpus(corpus, out)

    for name in STABLE:
        assert hashlib.sha256((done / name).read_bytes()).digest() == hashlib.sha256((out / name).read_bytes()).digest()


def test_the_teams_policy_travels_with_the_corpus(corpus, tmp_path):
    """Settings of the repository decide how its adapters are judged, unless a policy is named."""
    copy = tmp_path / "corpus"
    shutil.copytree(corpus.folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    (copy / "manifest.json").write_text(json.dumps({**manifest, "policy": {"minimum_gain": 0.9}}), "utf-8")

    evaluate_corpus(read_corpus(copy), tmp_path / "out")

    verdict = json.loads((tmp_path / "out" / "verdict.json").read_text("utf-8"))
    assert verdict["policy"]["minimum_gain"] == 0.9
    assert verdict["verdict"] != "WORTH_IT"


def test_mining_writes_the_policy_down(tmp_path):
    """The manifest holds what the settings say of judging adapters."""
    from idiolect.mining.mine import mine_repositories

    root = tmp_path / "repo"
    root.mkdir()
    (root / "idiolect.toml").write_text("[policy]\nminimum_gain = 0.2\n")
    body = '    """Return the first of rows."""\n    kept = rows[:3]\n    return kept\n'
    (root / "a.py").write_text(f"def cut(rows):\n{body}")

    mined = mine_repositories([root], tmp_path / "corpus", workers=1)

    assert mined.manifest["policy"] == {"minimum_gain": 0.2}


def test_a_gain_over_the_bare_base_alone_is_not_enough(corpus, tmp_path):
    """Nobody asked whether a prompt does as well, so the gate does not pass the adapter."""
    verdict = evaluate_corpus(corpus, tmp_path / "e", arms=["tuned"])

    assert ("INCONCLUSIVE", "base") == (verdict["verdict"], verdict["chosen"]["prompt"])
    assert "no prompt with a style guide or retrieved code was asked" in verdict["sentence"]
    assert 3 == judge_gate(tmp_path / "e").exit_code


@pytest.mark.parametrize("is_own", [True, False])
def test_an_adapter_of_another_corpus_that_says_nothing_may_have_learned_the_answers(corpus, tmp_path, is_own):
    """What is held out here may have been taught there, as after a repository was mined anew."""
    adapter = {**INFO, "corpus": {"sha256": corpus.sha256 if is_own else "0" * 64}}

    verdict = evaluate_corpus(corpus, tmp_path / "evaluation", adapter_info=adapter)

    assert verdict["verdict"] == ("WORTH_IT" if is_own else "INCONCLUSIVE")
    assert ("trained on another corpus" in verdict["sentence"]) is not is_own


def test_one_cluster_of_almost_everything_proves_little(tmp_path):
    """Two in three probes are near-copies of each other: a gain in them alone is told, and is not worth it (D04)."""

    def number(path):
        return int(path.rpartition("_")[2].removesuffix(".py"))

    def cluster_of(pair):
        return "copies" if 18 <= number(pair.path) < 42 else pair.cluster

    corpus = make_corpus(tmp_path / "corpus", test=36, cluster_of=cluster_of)

    def knows(request, adapted):
        return adapted and 18 <= number(request.path) < 42

    verdict = evaluate_corpus(
        corpus, tmp_path / "e", generator=FakeGenerator(corpus, knows), arms=["base", "guide", "tuned"]
    )
    plain = make_corpus(tmp_path / "plain", test=36)
    apart = evaluate_corpus(
        plain, tmp_path / "p", generator=FakeGenerator(plain, knows), arms=["base", "guide", "tuned"]
    )

    assert verdict["primary"]["mean_diff"] == apart["primary"]["mean_diff"] > 0.5
    assert (13, "INCONCLUSIVE") == (verdict["primary"]["g"], verdict["verdict"])
    assert (36, "WORTH_IT") == (apart["primary"]["g"], apart["verdict"])
    assert "holds 67% of the probes" in (tmp_path / "e" / "report.html").read_text("utf-8")
    assert "of the probes: they count" not in (tmp_path / "p" / "report.html").read_text("utf-8")


def test_what_an_adapter_was_taught_by_an_earlier_corpus_is_not_asked(corpus, tmp_path):
    """Its marks tell, by an answer's text or by what it answers for; the others are asked. A torn log is named."""
    suite = select_probes(corpus, "test", None, lambda found: ["" for _ in found])
    pairs = [probe.pair for probe in suite.probes]
    once = [pairs[0], replace(pairs[1], response="pass"), replace(pairs[2], path="elsewhere.py", symbol="moved")]
    folder = tmp_path / "adapter"
    folder.mkdir()
    write_taught(folder, once)
    marks = folder / "taught.txt"
    files = {marks.name: hashlib.sha256(marks.read_bytes()).hexdigest()}
    record = {**INFO, "corpus": {"sha256": "0" * 64}, "files": files}
    (folder / "idiolect.json").write_text(json.dumps(record), "utf-8")

    verdict = evaluate_corpus(corpus, tmp_path / "evaluation", adapter_info=folder)
    told = json.loads((tmp_path / "evaluation" / "run.json").read_text("utf-8"))
    asked = {probe["id"] for probe in told["suites"]["test"]["probes"]}

    assert "WORTH_IT" == verdict["verdict"]
    assert {pair.id for pair in pairs} - {pair.id for pair in pairs[:3]} == asked
    assert 3 == told["suites"]["test"]["refused"]["taught_before"]
    assert "taught" not in told["adapter"]
    marks.write_text("", "utf-8")
    with pytest.raises(MismatchError, match="is not the file that was written"):
        evaluate_corpus(corpus, tmp_path / "evaluation", adapter_info=folder)
    (folder / "log.jsonl").write_text('{"step": 0}\n{"st', "utf-8")
    with pytest.raises(MismatchError, match=r"log\.jsonl, line 2"):
        evaluate_corpus(corpus, tmp_path / "evaluation", adapter_info=folder)
