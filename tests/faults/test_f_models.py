"""
Group F: models and artefacts that lie.
"""

# ruff: noqa: E501 - rows of a table stay on one line
from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import time
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from idiolect.mining.errors import IdiolectError
from idiolect.training.adapter import read_record
from idiolect.training.base import embedded_path
from idiolect.training.generation import load_model
from idiolect.training.own import recall_base
from idiolect.training.trust import check_adapter, check_gguf
from safetensors.torch import load_file, save_file


class Payload:
    """
    Writes a marker when it is unpickled.
    """

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.write_text, (self.marker, "ran"))


@pytest.fixture(name="base")
def _base(tmp_path: Path) -> Path:
    """Return a copy of the embedded base, to be made wrong."""
    return shutil.copytree(embedded_path(), tmp_path / "base")


def refuse(base: Path, word: str = "") -> None:
    """Assert that *base* is refused by one of our errors."""
    with pytest.raises(IdiolectError, match=word or None):
        load_model(base)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.safetensors", "model.ckpt"])
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "zip"])
def test_F01_a_pickle_with_a_payload(base, tmp_path, name, zipped):
    """A pickle is never opened, whatever it is called."""
    marker = tmp_path / "marker"
    (base / "model.safetensors").unlink()
    data = pickle.dumps({"weight": Payload(marker)})
    if zipped:
        with zipfile.ZipFile(base / name, "w") as archive:
            archive.writestr("archive/data.pkl", data)
    else:
        (base / name).write_bytes(data)
    refuse(base)

    assert not marker.exists()


def edit(base: Path, name: str, **values: object) -> None:
    file = base / name
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **values}), "utf-8")


@pytest.mark.parametrize("code", ["evil.Model", "owner/repo--evil.Model"], ids=["local", "remote"])
def test_F02_code_of_a_model(base, tmp_path, code):
    marker = tmp_path / "marker"
    (base / "evil.py").write_text(f"open({str(marker)!r}, 'w')\nclass Model: pass\n")
    edit(base, "config.json", auto_map={"AutoConfig": code, "AutoModelForCausalLM": code}, model_type="evil")
    refuse(base)

    assert not marker.exists()


@pytest.mark.parametrize(
    "values",
    [{"attn_implementation": "owner/kernel"}, {"_attn_implementation": "owner/kernel"},
     {"_attn_implementation_internal": "owner/kernel"}, {"use_kernels": True}, {"custom_generate": "owner/repo"},
     {"quantization_config": {"quant_method": "owner/kernel"}}, {"auto_map": {"AutoModel": "x--y.Z"}}],
    ids=["attention", "attention-private", "attention-internal", "kernels", "generate", "quantisation", "auto-map"],
)  # fmt: skip
def test_F03_a_key_that_fetches(base, values):
    """A configuration key that makes the library fetch a kernel or a module is refused by name."""
    edit(base, "config.json", **values)
    refuse(base, next(iter(values)))


HEADERS = {
    "huge-header": struct.pack("<Q", 1 << 40) + b"{}",
    "overlap": (lambda h: struct.pack("<Q", len(h)) + h + bytes(64))(
        json.dumps({n: {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]} for n in "ab"}).encode()
    ),
    "truncated": None,
    "not-json": struct.pack("<Q", 4) + b"[[[[",
    "empty": b"",
}


@pytest.mark.parametrize("name", HEADERS)
def test_F04_weights_that_are_no_weights(base, name):
    file = base / "model.safetensors"
    data = HEADERS[name]
    file.write_bytes(file.read_bytes()[:-1000] if data is None else data)
    refuse(base)


def test_F04_weights_that_are_no_numbers(base):
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(base / "model.safetensors")
    first = next(iter(tensors))
    tensors[first] = torch.full_like(tensors[first], float("nan"))
    save_file(tensors, base / "model.safetensors", metadata={"format": "pt"})
    refuse(base, "not a number")


def test_F04_weights_that_are_not_there(base):
    """A base that lacks weights is refused: chance would stand in their place."""
    weights = load_file(base / "model.safetensors")
    save_file(
        {name: weight for name, weight in weights.items() if ".layers.1." not in name}, base / "model.safetensors"
    )
    refuse(base, "lacks .* of its weights")


def test_F04_a_size_that_is_none(base):
    """A configuration that no model can have is told in one line."""
    config = json.loads((base / "config.json").read_text("utf-8"))
    (base / "config.json").write_text(json.dumps(config | {"hidden_size": -5}), "utf-8")
    refuse(base)


def write_other_index(base: Path) -> None:
    """Have the weights of *base* be those of another folder, which no hash of it covers."""
    names = dict.fromkeys(load_file(base / "model.safetensors"), "../other/model.safetensors")
    (base / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
    (base / "model.safetensors").rename(base / "rest.safetensors")


def make_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


ODD_PARTS = {
    "more layers than weights": (lambda base: edit(base, "config.json", num_hidden_layers=20_000), "20000 layers"),
    "a pipe": (lambda base: make_pipe(base / "model.safetensors"), "no plain file"),
    "a vocabulary without end": (lambda base: os.truncate(base / "tokenizer.json", 65 << 20), "larger than 64 MiB"),
    "an adapter beside": (lambda base: (base / "adapter_config.json").write_text("{}"), "holds an adapter"),
    "weights elsewhere": (write_other_index, "which the folder does not hold"),
    "a length in words": (lambda base: edit(base, "tokenizer_config.json", model_max_length="lots"), "no number"),
    "other shapes": (lambda base: edit(base, "config.json", intermediate_size=24), "other shapes"),
}


@pytest.mark.parametrize(("change", "word"), ODD_PARTS.values(), ids=ODD_PARTS)
def test_F04_a_base_of_odd_parts(base, change, word):
    """It is told before the library makes room for it, waits for it, or looks elsewhere."""
    change(base)
    refuse(base, word)


def gguf_head(layers: int, tensors: int, stretch: bytes = b"none", name: bytes = b"w") -> bytes:
    """Return the head of a GGUF file with a list of two texts before the count of *layers*."""
    word = lambda text: struct.pack("<Q", len(text)) + text  # noqa: E731 - one line, used below
    entries = (
        (b"tokens", 9, struct.pack("<IQ", 8, 2) + word(b"a") + word(b"b" * 99)),
        (b"general.architecture", 8, word(b"llama")),
        (b"x.block_count", 4, struct.pack("<I", layers)),
        (b"x.rope.scaling.type", 8, word(stretch)),
    )
    told = b"".join(word(key) + struct.pack("<I", kind) + value for key, kind, value in entries)
    described = (word(name) + struct.pack("<IQQIQ", 2, 8, 8, 0, 0)) * tensors
    return struct.pack("<4sIQQ", b"GGUF", 3, tensors, len(entries)) + told + described


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (gguf_head(20_000, 30), "20000 layers"),
        (gguf_head(2, 30)[:-3], "cannot be read"),
        (gguf_head(2, 30).replace(struct.pack("<Q", 99), struct.pack("<Q", 2**62)), "cannot be read"),
        (gguf_head(2, 30).replace(struct.pack("<IQ", 8, 2), struct.pack("<IQ", 12, 2**60)), "cannot be read"),
        (gguf_head(2, 30).replace(b"GGUF", b"FUGG"), "no GGUF file"),
        (gguf_head(2, 30, b"linear"), "stretches its positions"),
        (gguf_head(2, 30, name=b"rope_freqs.weight"), "stretches its positions"),
        (gguf_head(2, 30, name=b"blk.0.attn_q.bias"), "adds biases"),
        (gguf_head(2, 30), ""),
    ],
    ids=[
        "more layers than tensors",
        "torn",
        "a word without end",
        "a list without end",
        "of another kind",
        "scaled",
        "of other frequencies",
        "biased",
        "whole",
    ],
)
def test_F04_a_gguf_head_that_lies(tmp_path, data, word):
    """It is read before the library makes room for what it says."""
    (tmp_path / "x.gguf").write_bytes(data)
    with pytest.raises(IdiolectError, match=word) if word else nullcontext():
        check_gguf(tmp_path / "x.gguf")


def test_F07_more_tokens_than_weights(base):
    """A tokenizer with ids that the weights have no row for is refused."""
    edit(base, "config.json", vocab_size=100)
    refuse(base, "has a token")


@pytest.mark.parametrize(
    "template", ["{{ ''.__class__.__mro__ }}", "{% for i in range(10 ** 10) %}x{% endfor %}", "{{ 'x' * 10 ** 10 }}", "{% bad"],
    ids=["sandbox", "loop", "memory", "syntax"],
)  # fmt: skip
def test_F09_a_template_that_does_harm(base, template):
    """A hostile chat template is given up on, within its time; the base is then used without a chat."""
    (base / "chat_template.jinja").write_text(template)
    begin = time.process_time()
    family = load_model(base).generator.family

    assert family.chat is None
    assert time.process_time() - begin < 30


@pytest.mark.parametrize(
    "values",
    [{"peft_type": "EVIL"}, {"peft_type": "LORA", "auto_mapping": {"base_model_class": "os", "parent_library": "os"}},
     {"peft_type": "LORA", "auto_map": {"AutoModel": "x--y.Z"}},
     {"megatron_config": {"x": 1}, "megatron_core": "megatron_evil"}, {"init_lora_weights": "pissa"},
     {"layer_replication": [[0, 4]] * 20_000}, {"r": 2_000_000}, {"r": "8"}, {"rank_pattern": {"q_proj": 2_000_000}},
     {"rank_pattern": ["q_proj"]}, {"rank_pattern": {"((a)+)+!": 8}}, {"alpha_pattern": {"((a)+)+!": 8}},
     {"target_modules": "((a)+)+!"}, {"exclude_modules": "((a)+)+!"}],
)  # fmt: skip
def test_F05_an_adapter_that_names_code_or_asks_for_much(tmp_path, values):
    """What is of an unknown kind, names a module, is a pattern, or large, is refused before a library reads it."""
    usual = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(usual))
    check_adapter(tmp_path, 64)
    (tmp_path / "adapter_config.json").write_text(json.dumps(usual | values))

    with pytest.raises(IdiolectError):
        check_adapter(tmp_path, 64)


@pytest.mark.parametrize("change", [{"base": "x"}, {"base": {"name": 3}}, {"files": []}, {"prompt_format": None}, None])
def test_F05_a_record_that_is_none(tmp_path, change):
    """A record that lacks what is read of it, or is none, is told in one line."""
    usual = {
        "schema": "idiolect.adapter/1",
        "base": {"name": "x", "weights_sha256": "x"},
        "prompt_format": {},
        "files": {},
    }
    (tmp_path / "idiolect.json").write_text(json.dumps(usual | change if change is not None else []))

    with pytest.raises(IdiolectError):
        read_record(tmp_path)


def test_F05_a_base_is_found_by_its_hash(tmp_path, monkeypatch):
    """A path as the name of an adapter's base leads nowhere."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path))
    for name in ("../../etc", "/etc/passwd", "file:///etc", "a/b/c"):
        with pytest.raises(IdiolectError):
            recall_base({"base": {"name": name, "weights_sha256": "0" * 64}})
