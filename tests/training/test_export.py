"""
What leaves for other tools is what was trained.
"""

from __future__ import annotations

import json
import resource
from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from shutil import copytree

import pytest
import torch
from idiolect.mining.errors import InputError, MachineError, MismatchError
from idiolect.mining.rows import ROWS, export_rows
from idiolect.training import export
from idiolect.training.families import probe_family
from idiolect.training.generation import load_model
from idiolect.training.prompts import ask_for
from idiolect.training.train import train_adapter
from transformers import MoshiConfig, PreTrainedTokenizerBase

from .conftest import store_base, tiny_model
from .test_train import RECIPE


def test_merged_weights_speak_as_the_adapter(adapter, tiny_base, tmp_path, family):
    """A merged folder, loaded with nothing of ours, gives the live adapter's logits and ends as training did (12)."""
    from transformers import AutoModelForCausalLM

    # a base may name another end than its tokenizer does
    copytree(tiny_base, tmp_path / "base")
    (tmp_path / "base" / "generation_config.json").write_text('{"eos_token_id": 300}')
    summary = export.export_merged(adapter, tmp_path / "merged", tmp_path / "base", "fp32")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    live = load_model(tiny_base, adapter).generator.loaded.model
    ids = torch.tensor([family.encode("def total(values):\n")])

    assert summary["largest_difference"] < 1e-3
    assert [family.stop_id, 300] == merged.generation_config.eos_token_id
    with torch.no_grad():
        assert torch.allclose(merged(ids).logits, live(ids).logits, atol=1e-4)


def test_a_base_that_reads_a_token_more_than_it_writes_is_exported(tiny_corpus, tmp_path, tokenizer):
    """Moshi's embedding has a row more than its head: what is compared is drawn from tokens that have both."""
    shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 128, "head_dim": 16}
    config = MoshiConfig(vocab_size=len(tokenizer), num_key_value_heads=4, max_position_embeddings=512, **shape)
    model = tiny_model(config, 0)
    store_base(tmp_path / "base", model, tokenizer)
    recipe = replace(RECIPE, steps=1)
    adapter = train_adapter(tiny_corpus, tmp_path / "adapter", base=tmp_path / "base", recipe=recipe)
    summary = export.export_merged(adapter, tmp_path / "merged", tmp_path / "base", "fp32")

    assert len(model.get_input_embeddings().weight) > len(model.get_output_embeddings().weight)
    assert summary["largest_difference"] < 1e-3


@pytest.mark.parametrize(("named", "ends"), [(None, [0]), ([7, 0], [7, 0]), (0, 0)])
def test_an_end_is_named_once(named, ends, tokenizer):
    """What a base names stays, in the order it has."""
    model = tiny_model("qwen2", len(tokenizer))
    model.generation_config.eos_token_id = named
    export.name_end(model, 0)

    assert ends == model.generation_config.eos_token_id


def test_a_pipeline_runs_a_merged_export(adapter, tiny_base, tmp_path):
    """Transformers' own pipeline writes from the folder, as the live adapter does from the same tokens."""
    from transformers import pipeline

    export.export_merged(adapter, tmp_path / "merged", tiny_base, "fp32")
    write = pipeline("text-generation", model=str(tmp_path / "merged"), device="cpu")
    (said,) = write("def total(values):", max_new_tokens=8, do_sample=False, return_full_text=False)
    live = load_model(tiny_base, adapter).generator.loaded.model
    ids = write.tokenizer("def total(values):", return_tensors="pt")
    with torch.no_grad():
        expected = live.generate(**ids, max_new_tokens=8, do_sample=False)[0, ids["input_ids"].shape[1] :]

    assert write.tokenizer.decode(expected, skip_special_tokens=True) == said["generated_text"]


def test_another_server_can_be_asked_as_was_taught(adapter, tiny_base, tmp_path):
    """From a merged folder alone come the ids of a prompt; what follows on them is what `generate` writes."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    export.export_merged(adapter, tmp_path / "merged", tiny_base, "fp32")
    family = probe_family(AutoTokenizer.from_pretrained(tmp_path / "merged"))
    shared, ask = family.prompt_ids("implement", "example.py", "python", "", "def total(values):")
    ids = torch.tensor([[*shared, *ask]])
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    written = merged.generate(ids, max_new_tokens=8, do_sample=False)[0, ids.shape[1] :]
    request = ask_for("def total(values):", None)
    ((_, answer),) = load_model(tiny_base, adapter).generator.generate([request], adapted=True, max_tokens=[8])

    assert (ids.shape[1], answer.text) == (answer.prompt_tokens, family.answer_text(written.tolist(), "implement"))


def test_a_wrong_merge_leaves_nothing(adapter, tiny_base, tmp_path, monkeypatch):
    """When the stored weights differ from the adapter, the export fails and writes no folder."""
    for said, precision in product(([0, 1], [0, 0, 1]), ("fp32", "bf16")):
        answers = iter([torch.full((3,), float(nats)) for nats in said])
        monkeypatch.setattr(export, "answer_log_probabilities", lambda *_, answers=answers: next(answers))
        with pytest.raises(MismatchError, match="not the adapter"):
            export.export_merged(adapter, tmp_path / "merged", tiny_base, precision)

    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_while_the_tokenizer_is_written(adapter, tiny_base, tmp_path, monkeypatch):
    """What writes a tokenizer has no error of its own for that: it is told as the machine's, and nothing is left."""
    save = PreTrainedTokenizerBase.save_pretrained

    def save_too_much(*given, **options):
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, usual[1]))
        try:
            return save(*given, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    monkeypatch.setattr(PreTrainedTokenizerBase, "save_pretrained", save_too_much)
    with pytest.raises(MachineError, match=r"Cannot write .*merged': File too large\."):
        export.export_merged(adapter, tmp_path / "merged", tiny_base)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [export.export_merged, export.export_gguf], ids=["merged", "gguf"])
def test_a_folder_that_holds_something_else_is_refused_before_a_model_is_loaded(write, adapter, tmp_path, monkeypatch):
    """A large base takes minutes to load and merge."""
    (tmp_path / "own.txt").write_text("")
    monkeypatch.delattr(export, "find_base")
    with pytest.raises(InputError, match="something else"):
        write(adapter, tmp_path)


def test_one_token_that_rounding_moved_far_is_no_wrong_merge(adapter, tiny_base, tmp_path, monkeypatch):
    """Of 512 log-probabilities of a pretrained base bf16 moved one by 0.4 nats, and all by 0.02 on average."""
    moved = torch.full((512,), 0.02)
    moved[7] = 0.4
    for precision, is_right in (("bf16", True), ("fp32", False)):
        answers = iter([torch.zeros(512), torch.zeros(512), moved])
        monkeypatch.setattr(export, "answer_log_probabilities", lambda *_, answers=answers: next(answers))
        with nullcontext() if is_right else pytest.raises(MismatchError, match="not the adapter"):
            export.export_merged(adapter, tmp_path / precision, tiny_base, precision)

    assert [path.name for path in tmp_path.iterdir()] == ["bf16"]


@pytest.mark.parametrize("form", ROWS)
def test_rows_for_hosted_tuners(form, tiny_corpus, tmp_path):
    """Every training answer is in the file as it is in the corpus, and no test pair leaves."""
    summary = export_rows(tiny_corpus, tmp_path / form, form)
    lines = (tmp_path / form / "train.jsonl").read_text("utf-8").splitlines()

    assert summary["counts"] == {"train": 64, "validation": 16}
    assert all("test_" not in line for line in lines)
    assert "result = 0" in json.dumps(json.loads(lines[0]))
