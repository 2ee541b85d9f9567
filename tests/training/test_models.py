"""
Which bases are taken, and from where: safetensors, no code, and nothing from the network that the user did not name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace

import pytest
import torch
import transformers as t
from idiolect.mining.artefacts import write_json
from idiolect.mining.errors import InputError, MachineError, MismatchError
from idiolect.training import adapter as adapters
from idiolect.training import models
from idiolect.training.adapter import read_record
from idiolect.training.base_config import context_length, load_tokenizer, loading, read_parameters
from idiolect.training.bases import Base, find_base
from idiolect.training.export import export_merged
from idiolect.training.generation import load_model
from idiolect.training.onward import goes_on
from idiolect.training.train import train_adapter

from .conftest import store_base, tiny_model
from .test_train import RECIPE

COMMIT = "c0ffee" * 6 + "c0de"
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def test_another_base_is_refused(adapter, tmp_path, tokenizer):
    """An adapter is not put on weights that it was not trained on."""
    store_base(tmp_path, tiny_model("qwen2", len(tokenizer), seed=9), tokenizer)
    with pytest.raises(MismatchError, match="other weights"):
        load_model(tmp_path, adapter)


@pytest.mark.parametrize(
    ("place", "error", "told"),
    [
        pytest.param(models.AutoModelForCausalLM, MachineError, "the model of the base 'tiny-qwen2'", id="base"),
        pytest.param(adapters.PeftModel, RuntimeError, "can't allocate memory", id="adapter"),
    ],
)
def test_a_lack_of_memory_is_no_fault_of_a_file(place, error, told, tiny_base, adapter, monkeypatch):
    """A base or an adapter that finds no room is not called unusable, nor one that does not fit."""

    def refuse(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(place, "from_pretrained", refuse)
    with pytest.raises(error, match=told):
        load_model(tiny_base, adapter)


@pytest.fixture
def chatty(tiny_base, tmp_path):
    """Return the tiny base with a chat template beside its weights."""
    folder = shutil.copytree(tiny_base, tmp_path / "chatty")
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
    (folder / "chat_template.jinja").write_text(template + "{% if add_generation_prompt %}assistant: {% endif %}")
    return folder


def test_a_base_with_other_prompts_is_refused(adapter, tiny_base, chatty, tiny_corpus, tmp_path):
    """An adapter is not asked, exported or trained further in another form than it learned, on its own weights too."""
    plain, chat = (load_model(base).generator.fingerprint for base in (tiny_base, chatty))
    differing = {key for key in plain if plain[key] != chat[key]}

    assert differing == {"base", "prompt_format", "format_sha256"}
    for use in (
        lambda: load_model(chatty, adapter),
        lambda: export_merged(adapter, tmp_path / "merged", chatty),
        lambda: train_adapter(tiny_corpus, tmp_path / "out", base=chatty, start_from=adapter),
    ):
        with pytest.raises(MismatchError, match="makes other prompts"):
            use()


def test_an_adapter_of_before_is_taken_on_its_weights(adapter, tiny_base, tmp_path):
    """Records that say nothing of how prompts become ids are held to the weights alone."""
    early = shutil.copytree(adapter, tmp_path / "early")
    record = json.loads((early / "idiolect.json").read_text())
    del record["prompt_format"]["sha256"]
    write_json(early / "idiolect.json", record)

    assert load_model(tiny_base, early).generator.applied


@pytest.mark.parametrize("base", ["no/such/place/anywhere", "no-such-base", "/nowhere"])
def test_a_missing_base_is_one_line(base, tiny_corpus, tmp_path):
    """A base that does not exist is an input error that says what can be given."""
    with pytest.raises(InputError, match="Give 'embedded', a model folder"):
        train_adapter(tiny_corpus, tmp_path / "out", base=base, recipe=RECIPE)


def test_only_safetensors_are_loaded(tiny_corpus, tmp_path):
    """Weights in a format that can run code are refused by name."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match="no safetensors"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path, recipe=RECIPE)


def test_code_of_a_model_is_not_run(tiny_base, tiny_corpus, tmp_path):
    """A base that needs its own Python code is refused."""
    base = tmp_path / "base"
    shutil.copytree(tiny_base, base)
    config = json.loads((base / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"}}
    (base / "config.json").write_text(json.dumps(config))
    (base / "code.py").write_text("raise SystemExit('ran')")
    with pytest.raises(InputError, match="own code"):
        train_adapter(tiny_corpus, tmp_path / "out", base=base, recipe=RECIPE)


@pytest.mark.parametrize("kept", ["", "tokenizer_config.json"])
@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_a_base_without_a_tokenizer_is_told_so(architecture, kept, tmp_path, tokenizer):
    """Of some kinds the library makes one that knows no word, of others it says what else it could not make one of."""
    store_base(tmp_path, tiny_model(architecture, len(tokenizer)), tokenizer)
    for file in tmp_path.glob("tokenizer*"):
        if file.name != kept:
            file.unlink()
    with pytest.raises(InputError, match=r"has no tokenizer\. Name a folder"):
        load_tokenizer(find_base(tmp_path))


def test_texts_end_where_others_would_change_their_positions(tmp_path, tokenizer):
    """Phi-3 reads all texts of a pack by other angles where one is long: its base takes none that long."""
    rope = {"rope_type": "longrope", "rope_theta": 10_000.0, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}
    config = t.Phi3Config(
        vocab_size=len(tokenizer), original_max_position_embeddings=64, rope_parameters=rope, pad_token_id=0, **SMALL
    )
    store_base(tmp_path, tiny_model(config, len(tokenizer)), tokenizer)

    assert context_length(find_base(tmp_path), tokenizer) == 64


@pytest.mark.parametrize("unlimited", [-1, 10**30, float("inf")])
def test_a_tokenizer_that_knows_no_limit_sets_none(unlimited, tiny_base):
    """The configuration's length holds: by one of -1 every pair was longer than the base reads."""
    base = find_base(tiny_base)
    words = load_tokenizer(base)
    words.model_max_length = unlimited

    assert 512 == context_length(base, words)


@pytest.mark.parametrize(
    ("name", "way"), [("idiolect/embedded-0123abcd", "Take a larger"), ("house", "Take a smaller base, or a larger")]
)
def test_a_base_that_memory_does_not_hold_is_told_with_a_way_out(name, way, tmp_path):
    """A smaller one, where there is one."""
    told = f"the model of the base '{name}' was loaded. {way} machine"
    with pytest.raises(MachineError, match=told), loading(Base(name, tmp_path, ""), "model"):
        raise MemoryError


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden_act": "silo"}, "its config.json has hidden_act='silo', which transformers does not know."),
        ({"rope_parameters": {"rope_type": "yam"}}, "its config.json has rope_type='yam', which transformers"),
        ({"num_key_value_heads": 0}, "one of its counts is 0."),
        ({"hidden_size": "wide"}, "Validation error for field 'hidden_size'"),
    ],
)
def test_a_configuration_that_is_wrong_is_told_by_its_field(change, told, tiny_base, tmp_path):
    """What it asks for that nobody has, counts that are none, and words for numbers: not the tokenizer's fault."""
    base = shutil.copytree(tiny_base, tmp_path / "base")
    config = json.loads((base / "config.json").read_text("utf-8"))
    (base / "config.json").write_text(json.dumps({**config, **change}), "utf-8")

    found = find_base(base)
    with pytest.raises(InputError, match=re.escape(f"The configuration of the base 'base' cannot be loaded: {told}")):
        load_tokenizer(found)
        read_parameters(found)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(lambda size: t.BertConfig(vocab_size=size, **SMALL), id="looks ahead"),
        pytest.param(
            lambda size: t.RobertaConfig(vocab_size=size, is_decoder=True, pad_token_id=1, **SMALL),
            id="counts positions from two",
        ),
        pytest.param(
            lambda size: t.RecurrentGemmaConfig(vocab_size=size, num_key_value_heads=1, lru_width=32, **SMALL),
            id="takes padding for text",
        ),
        pytest.param(
            lambda size: t.MiniMaxConfig(vocab_size=size, num_key_value_heads=2, num_local_experts=2, **SMALL),
            id="keeps its state in another form",
        ),
    ],
)
def test_a_base_that_does_not_go_on_as_it_reads_is_refused(config, tiny_corpus, tmp_path, tokenizer):
    """It would be trained, and what it writes is not what it was taught: one line says so before any step."""
    tiny_model(config(len(tokenizer)), len(tokenizer)).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    with pytest.raises(InputError, match="'base' does not go on"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tmp_path / "base", recipe=RECIPE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("looks_back", [False, True])
def test_a_base_that_looks_ahead_is_told_in_any_precision(looks_back, dtype):
    """However little fresh weights make of a later token: the same layers go on where they look back alone."""
    torch.manual_seed(0)
    model = t.AutoModelForCausalLM.from_config(t.BertConfig(vocab_size=420, is_decoder=looks_back, **SMALL))

    assert goes_on(model.eval().to(dtype)) is looks_back


@pytest.mark.skipif(os.cpu_count() == 1, reason="needs two processes")
def test_nothing_reaches_for_the_network(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Training on a local base opens no connection."""
    import socket

    def refuse(*arguments, **options):
        raise AssertionError("network")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(RECIPE, steps=1))

    assert read_record(out)["counts"]["steps"] == 1


@pytest.fixture
def hub(tiny_base, monkeypatch, tmp_path):
    """Return what is asked of a hub that holds the tiny base under one commit."""
    import huggingface_hub

    held, asked = shutil.copytree(tiny_base, tmp_path / "snapshots" / COMMIT), []

    def answer(name, *, revision=None, local_files_only=False, **_):
        asked.append((name, revision, local_files_only))
        if name != "house/tiny":
            raise OSError("not cached")
        return str(held)

    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", answer)
    return asked


def test_the_base_of_an_adapter_is_recalled_from_this_machine(hub, tiny_corpus, tmp_path):
    """Naming a remote base fetches it; its adapter finds it at the commit that was trained on, and fetches nothing."""
    out = train_adapter(tiny_corpus, tmp_path / "out", base="house/tiny", recipe=replace(RECIPE, steps=1))
    fetched = hub.copy()
    loaded = load_model(None, out).generator.loaded
    recalled = hub[len(fetched) :]

    assert fetched == [("house/tiny", None, False)]
    assert read_record(out)["base"]["revision"] == COMMIT
    assert recalled == [("house/tiny", COMMIT, True)]
    assert (loaded.base.name, loaded.base.revision) == ("house/tiny", COMMIT)


def test_an_adapters_word_fetches_nothing(hub, adapter, tmp_path):
    """A record that names what is not here is refused in one line that says how to fetch it."""
    shutil.copytree(adapter, tmp_path / "odd")
    record = json.loads((adapter / "idiolect.json").read_text())
    record["base"] |= {"name": "evil/repo", "weights_sha256": "0" * 64, "revision": "../../../etc"}
    write_json(tmp_path / "odd" / "idiolect.json", record)
    for use in (lambda: load_model(None, tmp_path / "odd"), lambda: export_merged(tmp_path / "odd", tmp_path / "out")):
        with pytest.raises(InputError, match="--base evil/repo"):
            use()

    assert hub == [("evil/repo", None, True)] * 2
