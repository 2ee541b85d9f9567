"""
Formats of the families people tune, probed from tokenizers that carry each family's tokens, and used end to end.

The numbers in brackets are those of the list of known pitfalls that the tests of this folder go through.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace

import pytest
import transformers as t
from idiolect.mining.errors import InputError
from idiolect.mining.pairs.pair import HOLE
from idiolect.training import trust
from idiolect.training.base_config import read_ends
from idiolect.training.bases import Base, find_base
from idiolect.training.encode import encode_pair, encode_pairs, encode_text
from idiolect.training.families import probe_family
from idiolect.training.generation import ModelGenerator
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from .conftest import TEXTS, make_pairs, store_base, tiny_config, tiny_model

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GRANITE = (
    "{% for m in messages %}<|start_of_role|>{{ m.role }}<|end_of_role|>{{ m.content }}<|end_of_text|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %}"
)
CODE = "def total(values):\n    result = 0\n\n    return [x * 2 for x in values]  # <|endoftext|> </s>\n"


@dataclass(frozen=True)
class Kind:
    """What a family's tokenizer and model look like; sources: the model cards."""

    name: str
    config: str
    eos: str
    special: tuple[str, ...] = ()
    bos: str | None = None
    template: str | None = None
    sentencepiece: bool = False
    format: str = "completion"
    stops: tuple[str, ...] = ()
    """Beside the end token."""


KINDS = [
    Kind(
        "Qwen2.5-Coder",
        "qwen2",
        "<|endoftext|>",
        (
            "<|im_start|>",
            "<|im_end|>",
            "<|fim_prefix|>",
            "<|fim_middle|>",
            "<|fim_suffix|>",
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>",
        ),
        # the base carries the template it was never trained on
        template=CHATML,
        format="completion+<|fim_prefix|>",
        stops=("<|im_end|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"),
    ),
    Kind(
        "Qwen3-Coder",
        "qwen3",
        "<|im_end|>",
        ("<|endoftext|>", "<|im_start|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
        template=CHATML,
        format="chat+<|fim_prefix|>",
        stops=("<|endoftext|>", "<|fim_pad|>"),
    ),
    Kind(
        "StarCoder2",
        "starcoder2",
        "<|endoftext|>",
        ("<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>", "<repo_name>", "<file_sep>"),
        bos="<|endoftext|>",
        format="completion+<fim_prefix>",
        stops=("<file_sep>", "<repo_name>", "<fim_pad>"),
    ),
    Kind(
        "DeepSeek-Coder",
        "llama",
        "<｜end▁of▁sentence｜>",
        ("<｜begin▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<|EOT|>"),
        bos="<｜begin▁of▁sentence｜>",
        format="completion+<｜fim▁begin｜>",
        stops=("<|EOT|>",),
    ),
    Kind(
        "CodeLlama",
        "llama",
        "</s>",
        ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"),
        bos="<s>",
        sentencepiece=True,
        format="completion+▁<PRE>",
        stops=("▁<EOT>",),
    ),
    Kind(
        "Granite code",
        "granite",
        "<|endoftext|>",
        ("<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>", "<reponame>"),
        format="completion+<fim_prefix>",
        stops=("<fim_pad>", "<reponame>"),
    ),
    Kind(
        "Granite instruct",
        "granite",
        "<|end_of_text|>",
        ("<|start_of_role|>", "<|end_of_role|>"),
        template=GRANITE,
        format="chat",
        stops=("<|end_of_role|>",),
    ),
    Kind("SmolLM2", "llama", "<|endoftext|>", ("<repo_name>", "<file_sep>"), stops=("<repo_name>", "<file_sep>")),
    Kind("plain Llama", "llama", "</s>", bos="<s>", sentencepiece=True),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def build_tokenizer(kind):
    """Return a small tokenizer with the special tokens and the manner of *kind*."""
    special = list(dict.fromkeys([kind.eos, *([kind.bos] if kind.bos else []), *kind.special]))
    bpe = Tokenizer(models.BPE(byte_fallback=kind.sentencepiece, unk_token="<unk>" if kind.sentencepiece else None))
    if kind.sentencepiece:
        # what Llama 2's tokenizer does: a space before every text, spaces as ▁, bytes for the rest
        bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        bpe.decoder = decoders.Sequence(parts)
        alphabet = ["▁"]
        special = ["<unk>", *special]
    else:
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bpe.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=620, special_tokens=special, initial_alphabet=sorted(alphabet))
    bpe.train_from_iterator([text.replace("\n", "\n ") for text in TEXTS] * 4, trainer)
    if kind.sentencepiece:
        bpe = with_bytes(bpe)
    if kind.bos:
        place = bpe.token_to_id(kind.bos)
        bpe.post_processor = processors.TemplateProcessing(single=f"{kind.bos} $A", special_tokens=[(kind.bos, place)])
    tokenizer = t.PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=kind.eos,
        bos_token=kind.bos,
        pad_token=kind.eos,
        additional_special_tokens=[AddedToken(token, special=True) for token in kind.special],
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = kind.template
    return tokenizer


def with_bytes(bpe):
    """Return *bpe* with a piece for every byte: plain pieces, not special ones, as in Llama's own."""
    body = json.loads(bpe.to_str())
    vocabulary = body["model"]["vocab"]
    vocabulary.update({f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(256)})
    return Tokenizer.from_str(json.dumps(body))


@pytest.fixture(scope="module")
def families():
    return {kind.name: probe_family(build_tokenizer(kind)) for kind in KINDS}


@kinds
def test_format_and_stops_are_probed(kind, families):
    """Completion or chat, the tokens of a hole, and every token that ends an answer come from the tokenizer (12)."""
    family = families[kind.name]
    expected = {family.tokenizer.convert_tokens_to_ids(token) for token in (kind.eos, *kind.stops)}

    assert family.name == kind.format
    assert family.stop_id == family.tokenizer.eos_token_id
    assert expected == set(family.stop_ids)


@kinds
def test_prompts_open_with_one_beginning(kind, families):
    """The beginning-of-sequence token stands once, at the start, and in no answer (faults E10)."""
    family = families[kind.name]
    prompt = family.prompt_ids("implement", "a/b.py", "python", "import os", "def f():")
    ids = [*prompt.shared, *prompt.ask, *family.answer_ids("    return 1", "implement")]
    begin = family.tokenizer.convert_tokens_to_ids(kind.bos) if kind.bos else None

    assert list(family.opening) == ([] if begin is None else [begin])
    if begin is not None and begin != family.stop_id:
        assert [0] == [place for place, token in enumerate(ids) if token == begin]


@kinds
def test_answers_end_with_the_stop_token(kind, families):
    """The last id of an answer is the end token, though it is also the padding token: nothing masks it (11, 14)."""
    family = families[kind.name]
    encoded = encode_pairs(make_pairs(4), family, 512)

    assert family.tokenizer.pad_token_id == family.stop_id
    assert 4 == len(encoded.examples)
    assert all(example.answer[-1] == family.stop_id for example in encoded.examples)
    assert all(family.stop_id not in example.answer[:-1] for example in encoded.examples)


@kinds
def test_code_survives_and_cannot_end_a_document(kind, families):
    """An answer decodes to itself, end tokens spelled out in it included (G10 of the faults), and special ones not."""
    family = families[kind.name]
    ids = family.answer_ids(CODE, "implement")

    assert CODE == family.answer_text([*ids, *family.tokenizer.convert_tokens_to_ids(list(kind.special))], "implement")
    assert ids.index(family.stop_id) == len(ids) - 1
    assert {True, False} == set(map(family.breaks_line, ids))


@pytest.mark.parametrize("kind", KINDS[:3], ids=lambda kind: kind.name)
def test_tokens_that_are_not_called_special_are_text_all_the_same(kind):
    """Qwen2.5-Coder adds its separators and holes as plain tokens: code that spells one neither ends nor opens one."""
    tokenizer = build_tokenizer(kind)
    body = json.loads(tokenizer.backend_tokenizer.to_str())
    for added in body["added_tokens"]:
        added["special"] = added["content"] == kind.eos
    plain = Tokenizer.from_str(json.dumps(body))
    tokenizer = t.PreTrainedTokenizerFast(tokenizer_object=plain, eos_token=kind.eos, bos_token=kind.bos)
    tokenizer.chat_template = kind.template
    family = probe_family(tokenizer)
    code = f"    ends = {list(kind.special)!r}\n    return '<|endoftext|>'\n"
    ids = family.encode(code)
    turn = {tokenizer.convert_tokens_to_ids("<|im_start|>")} if family.chat is not None else set()

    assert family.name == kind.format
    assert not {*family.stop_ids, *family.fim, family.file_separator, *turn} & set(ids)
    assert code == family.answer_text([*ids, *family.stop_ids], "infill")


@kinds
def test_prompt_and_answer_are_joined_by_ids(kind, families):
    """The prompt's ids do not depend on the answer: what is masked is exactly the prompt (15)."""
    family = families[kind.name]
    pairs = make_pairs(1)
    longer = [replace(pairs[0], response=pairs[0].response + "  # more")]
    one, two = (encode_pairs(p, family, 512).examples[0] for p in (pairs, longer))

    assert one.shared.tolist() == two.shared.tolist()
    assert one.ask.tolist() == two.ask.tolist()


@kinds
def test_a_hole_is_asked_for_in_the_family_s_way(kind, families):
    """With fill-in-the-middle tokens a hole is prefix, suffix, middle; without, it stays visible in the text."""
    family = families[kind.name]
    pair = make_pairs(4)[3]
    ask = family.prompt_ids("infill", pair.path, "python", pair.context, pair.instruction).ask
    if family.fim is None:
        assert HOLE in family.tokenizer.decode(ask)
        assert family.answer_ids(CODE, "infill") == family.answer_ids(CODE, "implement")
        assert family.chat is None or tuple(ask[-len(family.chat[1]) :]) == family.chat[1]
    else:
        places = [ask.index(token) for token in family.fim]
        assert places == sorted(places)
        assert ask[0] == family.fim.prefix
        assert ask[-1] == family.fim.middle


@pytest.mark.parametrize("name", ["StarCoder2", "Granite code"])
def test_a_prompt_reads_as_a_file_does(name, families):
    """What opens a file stands before its code, then what is asked, and the answer on a line of its own."""
    family = families[name]
    opening = {"StarCoder2": "<|endoftext|><file_sep>a.py\n", "Granite code": "# a.py\n"}[name]
    read = family.tokenizer.decode

    for context, text in (("import os", "import os\n"), ("", "")):
        shared, ask = family.prompt_ids("implement", "a.py", "python", context, "x = 1")
        assert (opening + text, "x = 1") == (read(shared), read(ask))
        shared, ask = family.prompt_ids("infill", "a.py", "python", context, f"x = {HOLE} + 1")
        assert (opening + text, "<fim_prefix>x = <fim_suffix> + 1<fim_middle>") == (read(shared), read(ask))
    assert "\ny = 2<|endoftext|>" == read(family.answer_ids("y = 2", "implement"))
    assert "y = 2<|endoftext|>" == read(family.answer_ids("y = 2", "infill"))


def test_a_message_reads_as_a_person_would_ask(families):
    """A chat's turn holds the file, in a fence of its language, then what is asked; nothing opens the answer."""
    family = families["Qwen3-Coder"]
    read = family.tokenizer.decode
    ask = "Answer with code alone, indented as in the file.\n\n```python\nx = 1\n```<|im_end|>\n<|im_start|>assistant\n"

    for context, text in (("import os", ":\n\n```python\nimport os\n```\n\n"), ("", ".\n\n")):
        shared, asked = family.prompt_ids("implement", "a.py", "python", context, "x = 1")
        assert (f"<|im_start|>user\nFile `a.py`{text}", ask) == (read(shared), read(asked))
    assert "y = 2<|im_end|>" == read(family.answer_ids("y = 2", "implement"))


@kinds
def test_a_chat_template_is_used_only_where_it_was_trained(kind, families):
    """A template counts where its turns end with the tokenizer's own end token; that ends the answer too (13, 14)."""
    family = families[kind.name]

    assert (family.chat is not None) == kind.format.startswith("chat")
    if family.chat is not None:
        prompt = family.prompt_ids("implement", "a.py", "python", "import os", "def f():")
        own = family.tokenizer.apply_chat_template(
            [{"role": "user", "content": "x"}], tokenize=True, add_generation_prompt=True, return_dict=False
        )
        assert prompt.ask[-len(family.chat[1]) :] == own[-len(family.chat[1]) :]


@kinds
def test_a_shortened_prompt_keeps_what_opens_it(kind, families):
    """Where a context is too long its oldest code goes, and never the turn that a chat begins with."""
    family = families[kind.name]
    pair = replace(make_pairs(4)[0], context="import os\n" * 200)
    asked = ModelGenerator(SimpleNamespace(family=family, context_length=160)).prompt_of(pair, room=40)
    opening = family.opening if family.chat is None else family.chat[0]

    assert len(asked) == 120
    assert asked[: len(opening)] == [*opening]
    assert asked[-10:] == encode_pair(pair, family).ask[-10:].tolist()


@kinds
def test_a_prompt_is_counted_with_all_that_is_put_around_it(kind, families):
    """What is counted to fit is what is sent: a template's system turn and fences are part of it."""
    generator = ModelGenerator(SimpleNamespace(family=families[kind.name], context_length=1_000))
    pair = make_pairs(4)[0]

    assert generator.count_prompt(pair) == len(generator.prompt_of(pair, room=40))


@kinds
def test_text_has_nothing_of_an_answer(kind, families):
    """As text a pair is what stands in its file: no turn of a chat, no fence, no end."""
    family, pair = families[kind.name], make_pairs(4)[0]
    asked, text = encode_pair(pair, family), encode_text(pair, family)
    ids = [*text.shared, *text.ask, *text.answer]
    words = family.tokenizer.decode(ids)

    assert not family.stop_ids & set(ids) - {family.file_separator, *family.opening}
    assert "```" not in words
    assert "start_of_role" not in words
    assert words.rstrip().endswith(pair.response.rstrip().splitlines()[-1].strip())
    assert (asked.answer.tolist() == [*text.answer, family.stop_id]) is (family.chat is None)


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2], KINDS[4], KINDS[6]], ids=lambda kind: kind.name)
def test_a_base_of_each_family_is_trained(kind, tiny_corpus, tmp_path):
    """A local folder of the family, in its own shape, learns, stops by its own end token, and says what is not used."""
    from idiolect.training.adapter import read_record
    from idiolect.training.train import train_adapter

    from .test_train import RECIPE

    tokenizer = build_tokenizer(kind)
    store_base(tmp_path / "base", tiny_model(kind.config, len(tokenizer)), tokenizer)
    recipe = replace(RECIPE, steps=6, max_tokens=500, pack_tokens=500)
    said = []
    out = train_adapter(
        tiny_corpus,
        tmp_path / "out",
        base=tmp_path / "base",
        recipe=recipe,
        progress=lambda stage, *_: said.append(stage),
    )
    record = read_record(out)

    assert any("chat template is not used" in stage for stage in said) is (kind.name == "Qwen2.5-Coder")
    assert record["losses"]["validation"]["tuned"] < record["losses"]["validation"]["base"]
    assert record["prompt_format"]["name"] == kind.format
    assert tokenizer.eos_token_id in record["prompt_format"]["stop_ids"]


def test_no_end_token_is_refused():
    """A base that could not be taught to stop is refused, not guessed at."""
    tokenizer = build_tokenizer(KINDS[7])
    tokenizer.eos_token = None
    with pytest.raises(InputError, match="no end-of-text token"):
        probe_family(tokenizer)


def test_a_tokenizer_that_changes_code_is_refused():
    """One that lower-cases, say, would teach wrong code."""
    tokenizer = build_tokenizer(KINDS[7])
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("x", "y")
    with pytest.raises(InputError, match="changes code"):
        probe_family(tokenizer)


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('no') }}",
        CHATML.replace("m.content", "m.content * 2"),
        "{{ ''.__class__.__mro__ }}",
        "plain",
        pytest.param("\ud800" + CHATML, id="no text"),
        pytest.param({"default": "{% if 'x' * 10 ** 9 %}" + CHATML + "{% endif %}"}, id="large, one of several"),
        pytest.param({"tool_use": CHATML}, id="none of several"),
    ],
)
def test_a_template_that_cannot_be_taken_apart_is_not_used(template):
    """Templates that fail, repeat, take much or reach for the interpreter leave plain completion (faults F09)."""
    tokenizer = build_tokenizer(KINDS[1])
    tokenizer.chat_template = template
    family = probe_family(tokenizer)

    assert family.chat is None
    assert family.unused


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a limit cannot be lowered either")
def test_a_template_is_tried_where_limits_cannot_be_set(monkeypatch):
    """Where less memory is allowed than a template may take, the limit stays as it is, and the template is used."""
    lowered = partial(resource.setrlimit, resource.RLIMIT_AS, (450_000 << 10, 450_000 << 10))
    monkeypatch.setattr(trust.subprocess, "run", partial(subprocess.run, preexec_fn=lowered))

    assert trust.is_harmless.__wrapped__("<｜User｜>{{ messages[0].content }}")
    assert not trust.is_harmless.__wrapped__("{{ 'x' * 10 ** 9 }}")


@pytest.mark.parametrize(
    ("ahead", "asked", "opening"),
    [
        pytest.param("<think>\n\n</think>\n\n", "", "<think>\n\n</think>\n\n", id="an empty thought"),
        pytest.param("{{ '\\n' }}", "", "", id="a blank"),
        pytest.param("", "<think>\n", "<think>\n", id="a thought that is asked for"),
    ],
)
def test_an_answer_opens_without_thoughts(ahead, asked, opening):
    """Where the template puts an empty thought ahead of an answer, the prompt ends behind it: code follows at once."""
    tokenizer = build_tokenizer(KINDS[1])
    plain = probe_family(tokenizer)
    template = CHATML.replace("{% endif %}", asked + "{% endif %}")
    tokenizer.chat_template = template.replace(
        "{{ m.content }}", "{% if m.role == 'assistant' %}" + ahead + "{% endif %}{{ m.content }}"
    )
    family = probe_family(tokenizer)

    assert family.chat[0] == plain.chat[0]
    assert tokenizer.decode(family.chat[1]) == tokenizer.decode(plain.chat[1]) + opening


@pytest.mark.parametrize(
    ("end", "is_used"), [("\n<|im_end|>", True), ("<|im_end|>\n", True), ("Bye.<|im_end|>", False)]
)
def test_a_template_is_used_where_an_answer_ends_with_the_end_token(end, is_used):
    """Blanks around it are no other end; whatever else follows an answer first is one that no answer was taught."""
    tokenizer = build_tokenizer(KINDS[1])
    tokenizer.chat_template = CHATML.replace("<|im_end|>\n", end)

    assert is_used == (probe_family(tokenizer).chat is not None)


def test_prompts_are_the_same_tomorrow():
    """Llama 3.2's template tells the date: a run that goes on after midnight learns from the same prompts."""
    day = "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}26 Jul 2024{% endif %}\n"
    tokenizer = build_tokenizer(KINDS[1])
    tokenizer.chat_template = day + CHATML
    family = probe_family(tokenizer)

    assert tokenizer.decode(family.chat[0]).startswith("26 Jul 2024")


@pytest.mark.parametrize("what", ["vocabulary", "cut", "template", "end", "beginning", "own end"])
def test_formats_are_told_apart(what):
    """Two formats of one name have one hash only where they make equal prompts and end alike."""
    kind = replace(KINDS[1], template=None) if what in ("cut", "own end") else KINDS[1]
    family, again = probe_family(build_tokenizer(kind)), probe_family(build_tokenizer(kind))
    tokenizer = build_tokenizer(kind)
    if what == "vocabulary":
        tokenizer.add_tokens(["harbour"])
    elif what == "cut":
        own, backend = build_tokenizer(kind).backend_tokenizer.pre_tokenizer, tokenizer.backend_tokenizer
        backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split("e", "isolated"), own])
    elif what == "template":
        tokenizer.chat_template = "Be brief. " + kind.template
    elif what == "beginning":
        begin = ("<|im_start|>", tokenizer.convert_tokens_to_ids("<|im_start|>"))
        template = processors.TemplateProcessing(single="<|im_start|> $A", special_tokens=[begin])
        tokenizer.backend_tokenizer.post_processor = template
    elif what == "own end":
        tokenizer.eos_token = "<|endoftext|>"
    other = probe_family(tokenizer, {tokenizer.convert_tokens_to_ids("<|im_start|>")} if what == "end" else ())
    family.encode(CODE)

    assert family.sha256 == again.sha256
    assert (family.name, family.sha256 == other.sha256) == (other.name, False)


def test_half_a_set_of_hole_tokens_is_none():
    """Prefix without middle is no fill-in-the-middle format."""
    kind = replace(KINDS[0], special=("<|fim_prefix|>", "<|fim_suffix|>"), template=None)

    assert probe_family(build_tokenizer(kind)).fim is None


def test_what_codegemma_puts_after_a_hole_ends_an_answer():
    """Its configuration names other ends: without this one a base would write on into the next file."""
    holes = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>")
    tokenizer = build_tokenizer(Kind("CodeGemma", "gemma2", "<eos>", holes))

    assert tokenizer.convert_tokens_to_ids("<|file_separator|>") in probe_family(tokenizer).stop_ids


def test_ends_named_in_any_file_stop_an_answer(tmp_path):
    """Tokenizer, configuration and generation settings may each name another end; all of them count (12)."""
    tokenizer = build_tokenizer(KINDS[0])
    model = t.AutoModelForCausalLM.from_config(tiny_config("qwen2", len(tokenizer)))
    pad = tokenizer.convert_tokens_to_ids("<|fim_prefix|>")
    model.generation_config.eos_token_id = [pad, 10**6]
    store_base(tmp_path, model, tokenizer)
    family = probe_family(tokenizer, read_ends(find_base(tmp_path)))

    assert pad in family.stop_ids
    assert 10**6 not in family.stop_ids  # no token of this tokenizer


def test_ends_are_read_from_lists_and_numbers(tmp_path):
    """An end may be one id, several, or absent."""
    (tmp_path / "config.json").write_text('{"eos_token_id": 3}')
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [4, 5]}')

    assert {3, 4, 5} == read_ends(Base("tiny", tmp_path, ""))
