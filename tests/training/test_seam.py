"""
An answer goes on where its prompt ends as it would have been learned, wherever the cursor stands.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from idiolect.training.families import PLAIN, probe_family
from idiolect.training.generation import load_model
from idiolect.training.prompts import Prompt
from idiolect.training.seam import Seam, cut_seam
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from .conftest import TEXTS

CODE = TEXTS[0] + "\n\n" + TEXTS[1] + TEXTS[3] + "\tif x:\r\n\t\treturn 10\r\n"


@pytest.fixture(name="blanks_lead", scope="module")
def _blanks_lead():
    """Return a family whose tokenizer takes a blank to the word behind it, as most do."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<e>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    bpe.train_from_iterator(TEXTS * 4, trainer)
    return probe_family(PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<e>"))


@pytest.mark.parametrize("name", ["family", "blanks_lead"])
def test_a_prompt_that_ends_anywhere_is_cut_into_the_tokens_of_the_whole(request, name):
    """Behind indentation, within a word, behind a bracket: what is asked is a beginning of what was learned."""
    family = request.getfixturevalue(name)
    whole = family.encode(CODE)
    cuts = range(1, len(CODE))
    asked = [family.encode(family.cut_seam(CODE[:cut])[0]) for cut in cuts]
    missed = [CODE[:cut][-9:] for cut, ids in zip(cuts, asked, strict=True) if whole[: len(ids)] != ids]

    # whether an underscore is a letter or a mark, tokenizers do not agree
    assert missed in ([], ["__init__("])
    assert all(CODE[:cut] == "".join(family.cut_seam(CODE[:cut])) for cut in cuts)


def follow(family, text, wanted, temperature=0.0, guard=None):
    """Return the tokens that a model writes at the seam of *text* that would write the tokens *wanted*."""
    _, end = cut_seam(text)
    seam, written = Seam(end, family.encode(end), family.encode(f"{end}x")), []
    while not seam.passed:
        logits = torch.zeros(len(family.tokenizer))
        logits[family.stop_id] = 50
        logits[wanted[len(written)]] = 40
        written.append(
            seam.choose(
                logits, guard, written, lambda ids: family.answer_text(ids, PLAIN), family.stop_ids, temperature,
                np.random.default_rng(1),
            )
        )  # fmt: skip
        seam.reach(family.answer_text(written, PLAIN))
    return written


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize(
    "text", ["def total(values):\n    ", "def total(values):\n    res", "result = ", "total(", "def total(values):\n"]
)
def test_what_is_written_anew_are_the_tokens_of_the_whole(blanks_lead, text, temperature):
    """The likeliest that go on with what stands there; an end does not."""
    whole = text + "result\n" if text[-1] in " (\n" else f"{text}ult\n"
    asked, end = cut_seam(text)
    ids = blanks_lead.encode(whole)[len(blanks_lead.encode(asked)) :]

    written = follow(blanks_lead, text, ids, temperature)

    assert ids[: len(written)] == written
    assert end and blanks_lead.answer_text(written, PLAIN).startswith(end)


def test_indentation_that_is_there_is_not_made_deeper(family):
    """The cursor stands where the line is to begin, and a token that begins it further in is not taken."""
    (deeper,), (right,) = family.encode("\n        "), family.encode("\n    ")
    logits = torch.zeros(len(family.tokenizer))
    logits[deeper], logits[right] = 40, 30
    text_of = partial(family.answer_text, kind=PLAIN)

    asked = (logits, None, [], text_of, family.stop_ids, 0.0, np.random.default_rng(1))

    assert right == Seam("\n    ", [right], [right]).choose(*asked)
    assert deeper == Seam("\n", family.encode("\n"), family.encode("\nx")).choose(*asked)


def test_what_is_written_anew_is_cut_as_the_tokenizer_does(family):
    """A line end alone may be likelier than one with its indentation, and is cut so in no text that was learned."""
    whole = family.encode("def total(values):\n    return")
    (alone,), (right,) = family.encode("\n"), family.encode("\n    ")
    logits = torch.zeros(len(family.tokenizer))
    logits[alone], logits[right] = 40, 30
    text_of = partial(family.answer_text, kind=PLAIN)
    seam = Seam("\n    ", [right], family.encode("\n    x"))

    assert right in whole and alone not in whole
    assert right == seam.choose(logits, None, [], text_of, family.stop_ids, 0.0, np.random.default_rng(1))


def test_what_no_likely_token_goes_on_with_is_written_as_it_is(blanks_lead, monkeypatch):
    """A model that would write anything else keeps nobody waiting."""
    monkeypatch.setattr("idiolect.training.guarded.MOST_TRIED", 2)
    text = "def total(values):\n    qx"
    _, end = cut_seam(text)

    written = follow(blanks_lead, text, [blanks_lead.encode("z")[0]] * 40)

    assert blanks_lead.encode(end) == written


def test_a_chat_begins_its_answer_with_the_indentation_that_is_there(family):
    """It answers with lines: an indentation that the asker has is not doubled, and words are asked as they are."""
    chat = replace(family, chat=((1,), (2,)))

    assert [("def f():", "    "), ("def f():", ""), ("x = ", "")] == [
        chat.cut_seam(text) for text in ("def f():\n    ", "def f():\n", "x = ")
    ]


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_an_answer_holds_nothing_of_its_prompt(tiny_base, temperature):
    """What is written anew is neither in its text nor among its tokens, and whoever reads along is not shown it."""
    generator = load_model(tiny_base, None).generator
    texts = ["def total(values):\n    ", "def total(values):\n    resu", "naïve", "", "é"]
    seen = []
    answers = generator.generate(
        [Prompt(PLAIN, "a.py", "python", "", text) for text in texts],
        adapted=False,
        max_tokens=[8] * len(texts),
        temperature=temperature,
        is_over=[seen.append] * len(texts),
        ask_every=1,
    )
    found = dict(answers)

    assert all(found[place].output_tokens <= 8 for place in range(len(texts)))
    assert {answer.text for answer in found.values()} <= {*seen, ""}
    whole = [generator.count_tokens(text) for text in texts]
    header = found[3].prompt_tokens
    assert [header + count for count in whole] == [found[place].prompt_tokens for place in range(len(texts))]
