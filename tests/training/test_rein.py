"""
How much of a change is kept: a tiny run that watches general code, and the line between two models.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from idiolect.training import rein, train
from idiolect.training.adapter import adapter_tensors, load_adapter, read_record
from idiolect.training.bases import find_base
from idiolect.training.models import load_base_model
from idiolect.training.train import train_adapter

from .conftest import CPU
from .test_train import RECIPE

WATCHED = replace(RECIPE, steps=8, validate_every=4, replay=0.1, replay_own=0.0, embedding_rate=0.5)


def tensors_of(base, out):
    """Return an adapter's tensors as they are loaded."""
    model = load_base_model(find_base(base), device=CPU, dtype=torch.float32)
    return adapter_tensors(load_adapter(model, out))


def test_of_a_product_one_factor_moves_and_all_else_wholly():
    """Half of a product is half of its second factor; half of a row lies between its first and its last value."""
    fresh = {"x.lora_A": torch.tensor([1.0]), "x.lora_B": torch.tensor([0.0]), "rows": torch.tensor([2.0])}
    trained = {"x.lora_A": torch.tensor([3.0]), "x.lora_B": torch.tensor([4.0]), "rows": torch.tensor([6.0])}

    assert {k: v.item() for k, v in rein.move(fresh, trained, 0.5).items()} == {"x.lora_A": 3, "x.lora_B": 2, "rows": 4}


@pytest.mark.parametrize(("forgetting", "kept"), [(0.0, 1.0), (1e3, rein.LESS**rein.TRIES)])
def test_a_run_keeps_more_the_less_forgetting_weighs(forgetting, kept, tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Where only the gain counts and it grows with the change, all is kept; where forgetting alone counts, least."""
    measured = iter(rein.Measured(13 - share, 50 + share) for share in (0.85, 0.7, 0.6))
    monkeypatch.setattr(rein, "measure", lambda setup: next(measured))
    monkeypatch.setattr(train, "best_look", lambda state: rein.Measured(12.0, 51.0))
    recipe = replace(WATCHED, forgetting=forgetting or 1e-9, ceiling=1e3)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=recipe)

    assert read_record(out)["kept_of_change"] == pytest.approx(kept, abs=2e-3)


def test_what_is_kept_is_what_is_stored(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """The same run with all its change and with 0.7 of it: second factors differ by that factor, first ones not."""
    stored = {}
    monkeypatch.setattr(rein, "LESS", 0.7)
    for share, tries in ((1.0, 0), (0.7, 1)):
        monkeypatch.setattr(rein, "TRIES", tries)
        monkeypatch.setattr(train, "best_look", lambda state: rein.Measured(1e9, None))
        out = train_adapter(tiny_corpus, tmp_path / str(share), base=tiny_base, recipe=WATCHED)
        stored[share] = tensors_of(tiny_base, out)

    for name, tensor in stored[1.0].items():
        if "lora_B" in name:
            assert torch.allclose(0.7 * tensor, stored[0.7][name], atol=1e-7), name
        elif "lora_A" in name:
            assert torch.equal(tensor, stored[0.7][name]), name
    assert any("lora_B" in name and bool(tensor.any()) for name, tensor in stored[1.0].items())


@pytest.mark.parametrize(
    ("ceiling", "lost", "kept"),
    [
        pytest.param(0.3, [0.14], 1.0, id="all"),
        pytest.param(0.1, [0.09, 0.07], 0.98 * 0.5**0.5, id="as much as was reckoned"),
        pytest.param(0.05, [0.08, 0.04, 0.03], 0.98**2 * 0.5 * (0.05 / 0.08) ** 0.5, id="less than was reckoned"),
        pytest.param(0.05, [0.098, 0.07, 0.05], 0.98**3 * 0.5 * (0.05 / 0.098) ** 0.5 * 5 / 7, id="in proportion"),
        pytest.param(0.0, [0.19], 1.0, id="no ceiling"),
    ],
)
def test_no_gain_pays_for_what_may_not_ship(ceiling, lost, kept, tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """Of a change that gains far more than the 0.2 nats it forgets, so much is kept as the ceiling lets through."""
    measured = iter(rein.Measured(3.0 + number, 7.0 + nats) for number, nats in enumerate(lost))
    monkeypatch.setattr(rein, "measure", lambda setup: next(measured))
    monkeypatch.setattr(train, "best_look", lambda state: rein.Measured(2.0, 7.2))
    monkeypatch.setattr(train, "time_look", lambda setup, score: (rein.Measured(5.0, 7.0), 0.0))
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(WATCHED, ceiling=ceiling))

    assert read_record(out)["kept_of_change"] == pytest.approx(kept, abs=2e-3)
    assert list(measured) == []


def test_what_general_code_may_lose_costs_nothing(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """The largest share within the allowance is kept, though a smaller one forgets less than it gains less."""
    measured = iter([rein.Measured(2.0, 7.05), rein.Measured(2.02, 7.0)])
    monkeypatch.setattr(rein, "measure", lambda setup: next(measured))
    monkeypatch.setattr(train, "best_look", lambda state: rein.Measured(1.99, 8.0))
    monkeypatch.setattr(train, "time_look", lambda setup, score: (rein.Measured(3.0, 7.0), 0.0))
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(WATCHED, ceiling=1e3))

    assert read_record(out)["kept_of_change"] == rein.LESS
    assert read_record(out)["losses"]["validation"]["tuned"] == 2.0
