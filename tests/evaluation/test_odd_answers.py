"""
Answers and prompts of any kind: stored as they are, shown harmlessly, cut alike in every arm.
"""

from __future__ import annotations

import json

import pytest
from idiolect.cli import main
from idiolect.evaluation.retrieval import Retriever
from idiolect.evaluation.samples import read_sealed
from idiolect.mining.errors import TooSmallError
from toys import FakeGenerator, evaluate_corpus, tenth, tuned_knows

BYTES = {
    "nul": "    return '\0\0'\n",
    "escapes": "    return '\x1b[2J\x1b]8;;http://x\x07click\x1b]8;;\x07'\n",
    "markup": "    return '</script><script>alert(1)</script><img src=x onerror=alert(2)>'\n",
    "controls": "    return '\u202e\u2066\ufeff\r\x85\u2028'\n",
    "a-line-of-5-MB": "    return '" + "x" * 5_000_000 + "'\n",
}


def odd(request):
    """Give one of the odd answers, by the request; the huge one once in a while."""
    names = [*BYTES][:-1]
    number = tenth(request)
    return BYTES["a-line-of-5-MB"] if request.path.endswith("_20.py") else BYTES[names[number % len(names)]]


def test_answers_of_any_bytes_are_stored_whole_and_shown_harmlessly(corpus, tmp_path, capsys):
    """NUL, terminal escapes, markup, bidirectional controls and a line of 5 MB (G04)."""
    generator = FakeGenerator(corpus, tuned_knows, wrong=odd)
    evaluate_corpus(corpus, tmp_path / "e", generator=generator, arms=["base", "tuned"])
    stored = {row["raw_output"] for row in read_sealed(tmp_path / "e" / "samples.jsonl")}
    page = (tmp_path / "e" / "report.html").read_text("utf-8")
    main(["gate", str(tmp_path / "e")])
    said = capsys.readouterr()

    assert set(BYTES.values()) <= stored
    assert not any(character in page for character in "\0\x1b\x07\u202e\u2066")
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "\x1b" not in said.out + said.err
    assert len(page) < 20_000_000


def test_half_a_surrogate_pair_is_stored_as_a_question_mark(corpus, tmp_path):
    """It has no form in UTF-8; what stands around it is kept (G04)."""
    generator = FakeGenerator(corpus, tuned_knows, wrong=lambda request: "    return 'a\ud800b'\n")
    evaluate_corpus(corpus, tmp_path / "e", generator=generator)

    assert "    return 'a?b'\n" in {row["raw_output"] for row in read_sealed(tmp_path / "e" / "samples.jsonl")}


class Turning(FakeGenerator):
    """
    A model that knows every reference, and now and then answers otherwise when it is asked for the second time.
    """

    def generate(self, requests, *, adapted, **more):
        for index, answer in super().generate(requests, adapted=adapted, **more):
            again = (adapted, requests[index]) in self.seen
            self.seen.add((adapted, requests[index]))
            turns = again and not adapted and tenth(requests[index]) < self.tenths
            yield index, answer._replace(text="    return None\n") if turns else answer


@pytest.mark.parametrize("tenths", [0, 2], ids=["steady", "two-in-ten"])
def test_what_batches_change_is_measured_and_reported(corpus, tmp_path, tenths):
    """Base answers twice, in other batches; the share of probes that flip is in comparisons and report (G06)."""
    generator = Turning(corpus, lambda request, adapted: True)
    generator.seen, generator.tenths = set(), tenths
    evaluate_corpus(corpus, tmp_path / "e", generator=generator)
    rows = json.loads((tmp_path / "e" / "comparisons.json").read_text("utf-8"))
    (share,) = [row["discordant"] for row in rows if row["endpoint"] == "a/a"]
    flipped = {"base": {}, "base-repeat": {}}
    for row in read_sealed(tmp_path / "e" / "scores.jsonl"):
        if row["split"] == "test" and row["arm_id"] in flipped:
            flipped[row["arm_id"]][row["probe_id"]] = row["accept"]
    counted = sum(flipped["base"][i] != flipped["base-repeat"][i] for i in flipped["base"])

    assert counted / len(flipped["base"]) == share
    assert (tenths > 0) is (share > 0)
    assert "base flips on" in (tmp_path / "e" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("context", [4096, 260], ids=["roomy", "tight"])
def test_a_prompt_longer_than_the_context_is_no_probe_of_any_arm(corpus, tmp_path, context):
    """What does not fit is refused before any arm; whole items of guide and examples are left out (G07)."""
    generator = FakeGenerator(corpus, tuned_knows, context_length=context)
    evaluate_corpus(corpus, tmp_path / "e", generator=generator, forced=True)
    run = json.loads((tmp_path / "e" / "run.json").read_text("utf-8"))
    samples = [row for row in read_sealed(tmp_path / "e" / "samples.jsonl") if row["split"] == "test"]
    asked = {}
    for row in samples:
        asked.setdefault(row["arm_id"], set()).add(row["probe_id"])

    assert 1 == len(set(map(frozenset, asked.values())))
    assert all(row["n_prompt_tokens"] + row["max_tokens"] <= context for row in samples)
    assert (context == 260) is any(row["guide_left_out"] or row["retrieved_left_out"] for row in samples)
    assert run["context_length"] == context


def test_a_context_that_holds_no_probe_is_told(corpus, tmp_path):
    """With the counts, and without a result (G07)."""
    generator = FakeGenerator(corpus, tuned_knows, context_length=60)
    with pytest.raises(TooSmallError, match="0 probes"):
        evaluate_corpus(corpus, tmp_path / "e", generator=generator, forced=True)

    assert not (tmp_path / "e" / "verdict.json").exists()


def test_neither_the_answer_nor_its_neighbours_can_be_retrieved(corpus):
    """The index holds training code alone: no held-out file, no test's answer, however near it stands (G08)."""
    retriever = Retriever(corpus.pairs("train"))
    held_out = [pair for split in ("test", "validation") for pair in corpus.pairs(split)]
    paths = {pair.path for pair in held_out}
    answers = [pair.response for pair in held_out]
    found = [passage for pair in held_out for passage in retriever.find(pair)]

    assert found
    assert not {passage.path for passage in found} & paths
    assert not any(answer in passage.text for answer in answers for passage in found)


def test_a_retriever_that_finds_nothing_leaves_the_prompt_alone(corpus, tmp_path, monkeypatch):
    """The arm with retrieval then asks what base asks, word for word (G08)."""
    monkeypatch.setattr("idiolect.evaluation.parts.Retriever", lambda training: Retriever(()))
    evaluate_corpus(corpus, tmp_path / "e", arms=["base", "rag", "tuned"])
    prompts = {}
    for row in read_sealed(tmp_path / "e" / "samples.jsonl"):
        prompts.setdefault(row["arm_id"], {})[row["probe_id"]] = row["prompt_sha256"]

    assert prompts["base"] == prompts["rag"]


def test_an_answer_in_chat_form_has_room_for_its_talk(corpus, tmp_path):
    """A base that is asked in chat form opens with a fence, the task and the head again: every arm has room for it."""
    limits, heads = [], {}
    for chatty in (False, True):
        generator = FakeGenerator(corpus, tuned_knows)
        generator.chatty = chatty
        evaluate_corpus(corpus, tmp_path / str(chatty), generator=generator, forced=True)
        rows = read_sealed(tmp_path / str(chatty) / "samples.jsonl")
        limits.append({(row["arm_id"], row["probe_id"]): row["max_tokens"] for row in rows})
    for pair in (*corpus.pairs("test"), *corpus.pairs("validation")):
        # its signature and the one line that documents it
        lines = corpus.source(pair.path).text.partition(pair.response)[0].splitlines()[-2:]
        heads[pair.id] = len(" ".join(lines).split())

    assert limits[1] == {(arm, probe): most + 32 + heads[probe] for (arm, probe), most in limits[0].items()}
