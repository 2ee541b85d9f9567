"""
An adapter's folder is read by us, by plain peft, by its card's own lines, and by readers that divide by the rank alone.
"""

from __future__ import annotations

import errno
import json
import resource
import shutil
from dataclasses import replace

import pytest
import torch
import yaml
from idiolect.commands.evaluate import read_loaded, read_recipe
from idiolect.mining.artefacts import sha256_file, write_json
from idiolect.mining.errors import InputError, MismatchError
from idiolect.training import generation
from idiolect.training.adapter import (
    adapter_tensors,
    attach_adapter,
    find_handed,
    load_adapter,
    read_record,
    render_card,
    write_adapter,
)
from idiolect.training.bases import find_base
from idiolect.training.disk import disk_faults
from idiolect.training.generation import load_model
from idiolect.training.material import read_form
from idiolect.training.models import load_base_model
from idiolect.training.train import train_adapter
from safetensors.torch import load_file, save_file
from transformers.models.bloom.modeling_bloom import BloomAttention
from transformers.models.jamba.modeling_jamba import JambaMambaMixer
from transformers.models.longcat_flash.modeling_longcat_flash import LongcatFlashTopkRouter
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

from .conftest import CPU, leave_zero, tiny_model
from .test_train import RECIPE


def test_an_adapter_of_zeros_is_not_applied(adapter, tiny_base, tmp_path):
    """Weights that are all zero are reported as not applied."""
    zero = tmp_path / "zero"
    shutil.copytree(adapter, zero)
    weights = load_file(zero / "adapter_model.safetensors")
    save_file({k: torch.zeros_like(v) for k, v in weights.items()}, zero / "adapter_model.safetensors")
    with pytest.raises(MismatchError):
        load_model(tiny_base, zero)
    record = json.loads((zero / "idiolect.json").read_text())
    record["files"]["adapter_model.safetensors"] = sha256_file(zero / "adapter_model.safetensors")
    write_json(zero / "idiolect.json", record)
    generator, _ = load_model(tiny_base, zero)

    assert generator.applied is not None
    assert not generator.applied.applied
    assert generator.applied.zero_tensors == generator.applied.tensors


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": None},
        {"recipe": {"new": 1}},
        {"recipe": {"steps": "x"}},
        {"recipe": {}, "corpus": 7},
        {"counts": []},
        {"counts": {"languages": {"go": "all"}}},
    ],
)
def test_a_record_of_another_form_is_bad_evidence(adapter, tmp_path, change):
    """Whoever trains by it again is told so, and no internal error."""
    shutil.copytree(adapter, tmp_path / "odd")
    record = json.loads((adapter / "idiolect.json").read_text())
    write_json(tmp_path / "odd" / "idiolect.json", {**record, **change})

    with pytest.raises(MismatchError):
        read_recipe(tmp_path / "odd")


def test_an_adapter_that_is_made_anew_while_it_is_loaded_is_told(adapter, tiny_base, tmp_path, monkeypatch):
    """Neither is it spoken with, nor is what one adapter answers put down to the record of another."""
    folder = shutil.copytree(adapter, tmp_path / "made")
    models = load_model(tiny_base, folder)
    record = json.loads((folder / "idiolect.json").read_text())

    assert record["files"] == read_loaded(folder, models)["files"]
    write_json(folder / "idiolect.json", {**record, "files": {**record["files"], "adapter_model.safetensors": "0"}})
    with pytest.raises(MismatchError, match="made anew since it was loaded"):
        read_loaded(folder, models)

    def load(model, place):
        loaded = load_adapter(model, place)
        (place / "adapter_model.safetensors").write_bytes(b"another")
        return loaded

    monkeypatch.setattr(generation, "load_adapter", load)
    with pytest.raises(MismatchError, match="made anew while it was loaded"):
        load_model(tiny_base, shutil.copytree(adapter, tmp_path / "again"))


@pytest.mark.parametrize(("change", "word"), [(lambda w: w * float("nan"), "not a number"), (None, "lacks")])
def test_weights_that_are_no_numbers_or_not_there_are_refused(adapter, tiny_base, tmp_path, change, word):
    """Neither is spoken with: the library would put fresh weights in the place of those that lack."""
    shutil.copytree(adapter, tmp_path / "odd")
    file = tmp_path / "odd" / "adapter_model.safetensors"
    weights = load_file(file)
    first = min(weights)
    rest = {name: weight for name, weight in weights.items() if name != first}
    save_file(rest if change is None else {**weights, first: change(weights[first])}, file)

    with pytest.raises(InputError, match=word):
        load_adapter(load_base_model(find_base(tiny_base), device=CPU, dtype=torch.float32), tmp_path / "odd")


def test_a_full_disk_is_told_by_its_number(tmp_path):
    """What safetensors says in words ends as the fault of the disk that it is."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError) as caught, disk_faults(tmp_path / "x"):
            save_file({"a": torch.zeros(9_000)}, tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (errno.EFBIG, str(tmp_path / "x")) == (caught.value.errno, caught.value.filename)


def test_plain_peft_loads_the_adapter(adapter, tiny_base, family):
    """Nothing of ours is needed: peft gives the same logits as our own loading."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), adapter)
    ours = load_model(tiny_base, adapter).generator.loaded.model
    ids = torch.tensor([family.encode("def total(values):\n")])

    with torch.no_grad():
        assert torch.allclose(plain(ids).logits, ours(ids).logits, atol=1e-6)


def load_as_the_card_says(card, places):
    """Run the Python of *card*, its placeholders replaced by *places*, and return the model."""
    code, names = card.split("```python")[1].split("```")[0], {}
    for part, path in places.items():
        code = code.replace(f"path/of/{part}", str(path))
    exec(code, names)
    return names["model"]


def test_the_card_s_python_loads_the_adapter(adapter, tiny_base, tmp_path):
    """On the embedded base, which has no name elsewhere, and on a folder; a remote base is loaded by its name."""
    record = read_record(adapter)
    found = find_base("embedded")
    embedded = attach_adapter(load_base_model(found, device=CPU, dtype=torch.float32), RECIPE)
    write_adapter(embedded, tmp_path, found.name, record | {"base": {**record["base"], "name": found.name}})
    remote = render_card(record | {"base": {**record["base"], "name": "owner/model"}})
    odd = render_card(record | {"base": {**record["base"], "name": "our: model # 2\nlicense: mit"}})

    card = (tmp_path / "README.md").read_text("utf-8")
    assert load_as_the_card_says(card, {"this/folder": tmp_path}).num_parameters() == embedded.num_parameters()
    card = (adapter / "README.md").read_text("utf-8")
    assert load_as_the_card_says(card, {"this/folder": adapter, "the/base": tiny_base})
    assert 'from_pretrained("owner/model")' in remote
    assert {"base_model", "library_name", "pipeline_tag", "tags"} == set(yaml.safe_load(odd.split("---\n")[1]))


@pytest.mark.parametrize("method", ["lora", "dora"])
def test_readers_that_divide_by_the_rank_alone_apply_the_whole_adapter(method, adapter, tiny_base, tmp_path, family):
    """Alpha over rank is the scale of training, and peft gives the live model's logits."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    recipe = replace(RECIPE, rank=8, method=method)
    live = attach_adapter(AutoModelForCausalLM.from_pretrained(tiny_base), recipe).eval()
    leave_zero(live)
    write_adapter(live, tmp_path, "tiny", read_record(adapter))
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_base), tmp_path)
    ids = torch.tensor([family.encode("def total(values):\n")])

    assert config["lora_alpha"] / config["r"] == pytest.approx(recipe.alpha / recipe.rank**0.5)
    assert not config["use_rslora"]
    with torch.no_grad():
        assert torch.allclose(plain(ids).logits, live(ids).logits, atol=1e-5)


@pytest.mark.parametrize("architecture", ["gpt2", "mixtral", "qwen3_moe", "deepseek_v3"])
def test_what_is_adapted_of_any_base_is_loaded_again(architecture, adapter, tmp_path, family):
    """Weights kept turned, and mixtures whose experts PEFT would adapt by itself: linear layers alone are."""
    vocabulary = len(family.tokenizer)
    live = attach_adapter(tiny_model(architecture, vocabulary), RECIPE).eval()
    leave_zero(live)
    write_adapter(live, tmp_path, "tiny", read_record(adapter))
    ids = torch.tensor([family.encode("def total(values):\n")])

    assert not any("expert" in name for name in adapter_tensors(live))
    with torch.no_grad():
        assert torch.equal(load_adapter(tiny_model(architecture, vocabulary), tmp_path)(ids).logits, live(ids).logits)


def test_a_rank_that_no_layer_has_is_refused_before_it_is_trained(tiny_base, tiny_corpus, tmp_path):
    """Its adapter would be refused where it is loaded; the highest that there is can be."""
    with pytest.raises(InputError, match="rank=33 is more than any layer of this base has: 32"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(RECIPE, rank=33))
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(RECIPE, rank=32, steps=1))

    assert load_model(tiny_base, out).generator.applied.applied


def test_adapters_that_say_stabilized_are_the_same(adapter, tiny_base, tmp_path, family):
    """Those of earlier versions leave the root of the rank to their readers: form and logits do not change."""
    earlier = shutil.copytree(adapter, tmp_path / "earlier")
    config = json.loads((earlier / "adapter_config.json").read_text())
    write_json(earlier / "adapter_config.json", config | {"lora_alpha": RECIPE.alpha, "use_rslora": True})
    record = json.loads((earlier / "idiolect.json").read_text())
    record["files"]["adapter_config.json"] = sha256_file(earlier / "adapter_config.json")
    write_json(earlier / "idiolect.json", record)
    ids = torch.tensor([family.encode("def total(values):\n")])
    with torch.no_grad():
        old, new = (load_model(tiny_base, one).generator.loaded.model(ids).logits for one in (earlier, adapter))

    assert (read_form(earlier)["alpha"], read_form(earlier)["rank_stabilized"]) == (RECIPE.alpha, True)
    assert read_form(adapter) == read_form(earlier)
    assert torch.allclose(old, new, atol=1e-6)


def test_layers_whose_weights_are_handed_on_take_no_adapter():
    """Kernels of a state-space layer read the weight of its last product, past any adapter; all others learn."""
    model = attach_adapter(tiny_model("falcon_h1", 420), RECIPE)
    adapted = {name.split(".lora_")[0].rpartition(".")[2] for name in adapter_tensors(model)}

    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj", "in_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        pytest.param(JambaMambaMixer, {"dt_proj"}, id="multiplied by hand"),
        pytest.param(LongcatFlashTopkRouter, {"classifier"}, id="turned into another type first"),
        pytest.param(BloomAttention, set(), id="cut apart on a path that nobody takes"),
        pytest.param(Qwen3NextGatedDeltaNet, set(), id="called"),
    ],
)
def test_what_is_handed_on_stands_in_the_code_of_a_module(kind, names):
    """No configuration says so, and which way is taken depends on the machine."""
    assert names == find_handed(kind)


def test_layers_of_one_weight_take_no_adapter():
    """Merged into that weight, the changes of all would make another model: the others learn, and merge exactly."""
    model = attach_adapter(tiny_model("zamba2", 420), RECIPE).eval()
    leave_zero(model, 0.1)
    ids = torch.arange(1, 9)[None]
    before = model(ids, use_cache=False).logits.detach()
    after = model.merge_and_unload()(ids, use_cache=False).logits

    assert torch.allclose(before, after, rtol=1e-4, atol=1e-5 * float(before.abs().max()))
