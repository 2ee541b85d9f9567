"""
Trains the base. In: token arrays, a tokenizer and a recipe. Out: a folder that `from_pretrained` loads.

Reads top to bottom: model, optimizers, steps, save. The data of a step depends on its number alone, and a checkpoint is
complete or absent, so a run can be killed at any moment and resumed to the same weights. One file for CPU and one GPU.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from ...mining.errors import InputError
from ..families import Tokenizer
from .recipe import BaseRecipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPLETE = "complete"


@dataclass(frozen=True)
class Streams:
    """
    The two token arrays that steps draw from, read from disk when the first step wants them.
    """

    folder: Path

    @cached_property
    def whole(self) -> NDArray[np.uint16]:
        """Whole files; shape (tokens,)."""
        return np.load(self.folder / "whole.npy")

    @cached_property
    def asked(self) -> NDArray[np.uint16]:
        """Pairs in the trainer's formats; shape (tokens,)."""
        return np.load(self.folder / "asked.npy")


def train_base(
    streams: Streams,
    tokenizer: Tokenizer,
    recipe: BaseRecipe,
    folder: Path,
    note: Callable[[str], None],
    start: Path | None = None,
) -> Qwen3ForCausalLM:
    """
    Train for `recipe.steps` steps, going on from the newest complete checkpoint in *folder*.

    A run without a checkpoint begins with chance weights, or with those in *start*: an earlier base, decayed or not,
    is warmed up again and learns on (Ibrahim et al., TMLR 2024, found that to cost nothing against a run in one piece).
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model: Any = build_model(recipe, tokenizer) if start is None else Qwen3ForCausalLM.from_pretrained(start)
    model.to(device, torch.float32)
    optimizers = build_optimizers(model, recipe)
    step = load_checkpoint(folder, model, optimizers, recipe)
    loss_of = torch.compile(lambda ids: next_token_loss(model, ids), dynamic=False)
    started, first = time.perf_counter(), step
    while step < recipe.steps:
        ids = step_rows(streams, recipe, step).to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            loss = loss_of(ids)
        loss.backward()
        apply_gradients(model, optimizers, recipe.rate(step))
        step += 1
        if step % 10 == 0 or step == recipe.steps:
            speed = (step - first) * recipe.step_tokens / (time.perf_counter() - started)
            note(f"step {step}/{recipe.steps} loss {loss.item():.3f} {speed:,.0f} tokens/s")
            log_loss(folder, step, loss.item(), speed)
        if step % recipe.checkpoint_every == 0 or step in (recipe.decay_start, recipe.steps):
            save_checkpoint(folder, step, model, optimizers, recipe)
    return model


def build_model(recipe: BaseRecipe, tokenizer: Tokenizer) -> Qwen3ForCausalLM:
    """Return an untrained decoder in the shape of *recipe*: a stock Qwen3 with tied embeddings."""
    config = Qwen3Config(
        vocab_size=recipe.vocabulary,
        hidden_size=recipe.hidden,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_value_heads,
        head_dim=recipe.head_size,
        intermediate_size=recipe.mlp,
        max_position_embeddings=recipe.context,
        rope_parameters={"rope_type": "default", "rope_theta": recipe.rope_theta},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,  # saved as it is: without it generation recomputes every prefix
    )
    return Qwen3ForCausalLM(config)


def next_token_loss(model: Qwen3ForCausalLM, ids: torch.Tensor) -> torch.Tensor:
    """Return the mean loss in nats per token; *ids* has shape (rows, row length + 1)."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(hidden)
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())


def build_optimizers(model: Qwen3ForCausalLM, recipe: BaseRecipe) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices inside layers and AdamW for everything else."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=recipe.matrix_rate, momentum=0.95, weight_decay=0.01, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=recipe.other_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def apply_gradients(model: Qwen3ForCausalLM, optimizers: list[torch.optim.Optimizer], rate: float) -> None:
    """Take one optimizer step at *rate* times the peak rates."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("peak_rate", group["lr"])
            group["lr"] = group["peak_rate"] * rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def step_rows(streams: Streams, recipe: BaseRecipe, step: int) -> torch.Tensor:
    """Return the rows of *step*; shape (rows, row length + 1). Depends on the step, the recipe and the data alone."""
    decaying = step >= recipe.decay_start
    length = recipe.decay_sequence if decaying else recipe.sequence
    rows = recipe.step_tokens // length
    chance = np.random.default_rng([recipe.seed, step])
    asked = int(chance.binomial(rows, recipe.asked_share if decaying else recipe.asked_early))
    picked = [cut_row(streams.asked, length, chance) for _ in range(asked)]
    picked += [cut_row(streams.whole, length, chance) for _ in range(rows - asked)]
    return torch.from_numpy(np.stack(picked).astype(np.int64))


def cut_row(stream: NDArray[np.uint16], length: int, chance: np.random.Generator) -> NDArray[np.uint16]:
    """Return *length* + 1 tokens from a random place of *stream*."""
    start = int(chance.integers(0, len(stream) - length - 1))
    return stream[start : start + length + 1]


def save_checkpoint(
    folder: Path, step: int, model: torch.nn.Module, optimizers: list[torch.optim.Optimizer], recipe: BaseRecipe
) -> None:
    """Write everything that resuming needs; the folder appears under its name only when it is complete."""
    scratch = folder / f".step-{step:06d}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    state = {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
    torch.save(state, scratch / "state.pt")
    (scratch / COMPLETE).write_text(json.dumps({"step": step}), "utf-8")
    target = folder / f"step-{step:06d}"
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    keep = {target.name, f"step-{recipe.decay_start:06d}"}
    for old in checkpoints(folder)[:-2]:
        if old.name not in keep:
            shutil.rmtree(old)


def load_checkpoint(
    folder: Path, model: torch.nn.Module, optimizers: list[torch.optim.Optimizer], recipe: BaseRecipe
) -> int:
    """
    Restore the newest complete checkpoint and return its step, or 0.

    Raises `InputError` when the checkpoint is past the point where this recipe's decay begins but was trained before
    with another length: the rate of its last steps was not this recipe's.
    """
    found = checkpoints(folder)
    if not found:
        return 0
    state = torch.load(found[-1] / "state.pt", weights_only=True, map_location="cpu")
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    step = json.loads((found[-1] / COMPLETE).read_text("utf-8"))["step"]
    rates = {group["lr"] / group["peak_rate"] for optimizer in optimizers for group in optimizer.param_groups}
    if any(abs(rate - recipe.rate(step - 1)) > 1e-9 for rate in rates):
        raise InputError(
            f"The run in {folder} is in its decay for another number of steps; resume it with that number."
        )
    return step


def checkpoints(folder: Path) -> list[Path]:
    """Return the complete checkpoints in *folder*, oldest first."""
    return sorted(path.parent for path in folder.glob(f"step-*/{COMPLETE}"))


def log_loss(folder: Path, step: int, loss: float, speed: float) -> None:
    """Add one line to the run's curve."""
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step, "loss": round(loss, 4), "tokens_per_second": round(speed)}) + "\n")


def save_weights(model: Any, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the model as bf16 safetensors with its tokenizer and generation settings."""
    model = model.to("cpu", torch.bfloat16)
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
