"""
One file for llama.cpp: read back by transformers, and by llama.cpp itself where its Python package is installed.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from idiolect.mining.errors import InputError
from idiolect.training import base_config, bases
from idiolect.training.adapter import read_record
from idiolect.training.export import export_gguf, export_merged
from idiolect.training.generation import load_model
from idiolect.training.gguf_file import FILE, SPLITS, WORDS, interleave_rotation, write_gguf
from idiolect.training.models import load_base_model
from idiolect.training.train import train_adapter
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast, Qwen3Config

from .conftest import CPU, TEXTS, make_pairs, store_base, tiny_config, tiny_model
from .test_adapter import load_as_the_card_says
from .test_train import RECIPE

CODE = "def total(values):\n\n    return [x * 1234 for x in values if x isn't 'é']  # \t two\r\n\n  end"


def by_words(pattern):
    """Return how Qwen2 and Llama 3 cut text, the one thing apart in which they differ."""
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


CUTS = {
    "qwen2": by_words(WORDS % ""),
    "llama-bpe": by_words(WORDS % "{1,3}"),
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "starcoder": pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    ),
}
BASES = [
    ("qwen2", "qwen2"),
    ("qwen3", "qwen2"),
    ("llama", "llama-bpe"),
    ("llama", "gpt-2"),
    ("starcoder2", "starcoder"),
]
every_base = pytest.mark.parametrize(("architecture", "split"), BASES)


def cut_tokenizer(split):
    """Return a tokenizer that cuts text as *split* says."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = CUTS[split], decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
    bpe.train_from_iterator(
        TEXTS * 4,
        trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=special[0], extra_special_tokens=special[1:], clean_up_tokenization_spaces=False
    )


def full_sight(architecture):
    """Return a random model of *architecture* that sees its whole context, with more rows than it has tokens."""
    config = tiny_config(architecture, 416)
    config.sliding_window = None
    return tiny_model(config, 416)


@every_base
def test_transformers_reads_the_file_back(architecture, split, tmp_path):
    """The file's weights give the model's own logits."""
    model = full_sight(architecture)
    write_gguf(model, cut_tokenizer(split), tmp_path / FILE, name="tiny", stop_id=0, precision="fp32")
    read = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file=FILE, dtype=torch.float32)
    ids = torch.arange(4, 60)[None]

    with torch.no_grad():
        assert torch.allclose(read(ids).logits, model(ids).logits, atol=1e-4)


@every_base
def test_llama_cpp_runs_the_file(architecture, split, tmp_path):
    """An engine that is not ours cuts the same text into the same tokens and gives the same logits."""
    llama_cpp = pytest.importorskip("llama_cpp")
    model, tokenizer = full_sight(architecture), cut_tokenizer(split)
    write_gguf(model, tokenizer, tmp_path / FILE, name="tiny", stop_id=0, precision="fp32")
    engine = llama_cpp.Llama(str(tmp_path / FILE), logits_all=True, n_ctx=256, verbose=False)
    tokens = engine.tokenize(CODE.encode(), add_bos=False)
    engine.eval(tokens)
    with torch.no_grad():
        expected = model(torch.tensor([tokens])).logits[0].numpy()

    assert tokens == tokenizer.encode(CODE, add_special_tokens=False)
    assert engine.token_eos() == 0
    assert np.allclose(engine.scores[: len(tokens)], expected, atol=2e-3)


def test_an_adapter_leaves_as_one_file(tiny_corpus, tmp_path):
    """What was trained is merged, written, read back and compared; the folder says so."""
    store_base(tmp_path / "base", tiny_model("qwen2", 416), cut_tokenizer("qwen2"))
    adapter = train_adapter(tiny_corpus, tmp_path / "adapter", base=tmp_path / "base", recipe=replace(RECIPE, steps=6))
    export_gguf(adapter, tmp_path / "out", tmp_path / "base")
    summary = json.loads((tmp_path / "out" / "idiolect.json").read_text())

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["idiolect.json", FILE]
    assert list(summary["files"]) == [FILE]
    assert 0 < summary["largest_difference"] < 0.25


def test_a_file_of_llama_cpp_is_a_base(tiny_corpus, tmp_path, capfd):
    """It is trained, found again by its adapter and merged as the folder with the same weights is."""
    model, words = full_sight("qwen2"), cut_tokenizer("qwen2")
    store_base(tmp_path / "folder", model, words)
    write_gguf(model, words, tmp_path / "tiny.gguf", name="tiny", stop_id=0, precision="fp32")
    recipe = replace(RECIPE, steps=6)
    first = train_adapter(tiny_corpus, tmp_path / "first", base=tmp_path / "folder", recipe=recipe)
    second = train_adapter(tiny_corpus, tmp_path / "second", base=tmp_path / "tiny.gguf", recipe=recipe)
    folder, file, pairs = load_model(tmp_path / "folder", first), load_model(None, second), make_pairs(4)
    export_merged(second, tmp_path / "merged")

    assert read_record(second)["base"]["name"] == "tiny"
    assert "onverting" not in capfd.readouterr().err
    load_as_the_card_says((second / "README.md").read_text("utf-8"), {"its/folder": tmp_path, "this/folder": second})
    for adapted in (False, True):
        expected, found = ([loss.nats for loss in m.losses(pairs, adapted=adapted)] for m in (folder, file))
        assert np.allclose(found, expected, 1e-3)


def test_a_spoiled_file_is_one_line(tiny_corpus, tmp_path):
    """What is no GGUF, or half of one, is an input error."""
    write_gguf(full_sight("qwen2"), cut_tokenizer("qwen2"), tmp_path / FILE, name="t", stop_id=0, precision="fp32")
    whole = (tmp_path / FILE).read_bytes()
    for spoiled in (b"", b"not a model", whole[: len(whole) // 2]):
        (tmp_path / FILE).write_bytes(spoiled)
        with pytest.raises(InputError, match=r"cannot be (?:loaded|read).* Is the file complete|no GGUF file"):
            train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path / FILE, recipe=RECIPE)


@pytest.mark.parametrize("base", ["models/tiny.gguf", "~nobody-of-that-name/tiny"])
def test_a_file_that_is_not_there_is_no_remote_name(base, monkeypatch):
    """A slip in a path with one folder, or in whose it is, reaches for no network."""
    monkeypatch.setattr(bases, "download_base", lambda name: pytest.fail(f"fetched {name}"))
    with pytest.raises(InputError, match="No base model at"):
        bases.find_base(base)


def test_a_file_s_configuration_is_parsed_once(tmp_path, monkeypatch):
    """Of a vocabulary of 49,152 tokens that takes seconds; what one caller changes no other sees."""
    parsed, parse = [], base_config.AutoConfig.from_pretrained
    monkeypatch.setattr(base_config.AutoConfig, "from_pretrained", lambda **source: parsed.append(1) or parse(**source))
    write_gguf(full_sight("qwen2"), cut_tokenizer("qwen2"), tmp_path / FILE, name="t", stop_id=0, precision="fp32")
    base = bases.find_base(tmp_path / FILE)
    base_config.read_config(base).vocab_size = 7
    base_config.read_ends(base)
    model = load_base_model(base, device=CPU, dtype=torch.float32)

    assert len(parsed) == 1
    assert base_config.read_config(base).vocab_size == model.config.vocab_size == 416


def test_what_llama_cpp_would_read_otherwise_is_refused(tokenizer, tmp_path):
    """Other words, other layers, other positions: one line, and the way that is left."""
    known = cut_tokenizer("qwen2")
    windowed, stretched, biased = tiny_model("starcoder2", 416), full_sight("llama"), full_sight("qwen3")
    stretched.config.rope_parameters = {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}
    biased.config.attention_bias = True
    narrow = tiny_model(Qwen3Config(**{**full_sight("qwen3").config.to_dict(), "head_dim": 8}), 416)
    for model, words, reason in (
        (full_sight("qwen2"), tokenizer, "cuts text"),
        (full_sight("gemma2"), known, "'gemma2'"),
        (windowed, known, "16 tokens"),
        (stretched, known, "'linear'"),
        (biased, known, "biases"),
        (narrow, known, "8 numbers wide"),
        (narrow, tokenizer, "cuts text"),
    ):
        with pytest.raises(InputError, match=f"{reason}.*--to merged"):
            write_gguf(model, words, tmp_path / FILE, name="tiny", stop_id=0, precision="fp32")
    assert not list(tmp_path.iterdir())


def test_every_cut_has_a_case():
    """No name of llama.cpp's is claimed without a tokenizer that shows it."""
    assert set(SPLITS.values()) == set(CUTS) == {split for _, split in BASES}


def test_rotation_is_the_converter_s():
    """Two heads of width four: rows 0 1 2 3 become 0 2 1 3, head by head."""
    config = LlamaConfig(num_attention_heads=2, num_key_value_heads=1)
    rows = interleave_rotation("model.layers.0.self_attn.q_proj.weight", torch.arange(8.0)[:, None], config)

    assert rows[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
