"""
Trains the base. In: token arrays, a tokenizer and a recipe. Out: a folder that `from_pretrained` loads.

Reads top to bottom: model, optimizers, steps, save. The data of a step depends on its number alone, and a checkpoint is
complete or absent, so a run can be killed at any moment and resumed to the same weights. One file for CPU and one GPU.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from ...mining.errors import InputError
from ..encode import Example
from ..families import Tokenizer
from ..forward import answer_losses, set_mode, to_batch
from ..fused import keep_memory
from ..gradients import add_gradients
from ..lanes import count_lanes
from ..packing import Chunk, Pack, Plan, plan_training
from ..pointwise import fuse_pointwise
from .muon import Muon, fast_precision
from .recipe import BaseRecipe
from .samples import load_examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPLETE = "complete"


@dataclass(frozen=True)
class Streams:
    """
    What steps draw from, read from disk when the first step wants it.
    """

    folder: Path

    @cached_property
    def whole(self) -> NDArray[np.uint16]:
        """Whole files; shape (tokens,)."""
        return np.load(self.folder / "whole.npy")

    @cached_property
    def asked(self) -> list[Example]:
        """Pairs in the trainer's formats."""
        return load_examples(self.folder / "asked.npz")


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
    keep_memory()
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model: Any = build_model(recipe, tokenizer) if start is None else Qwen3ForCausalLM.from_pretrained(start)
    model.to(device, torch.float32)
    if device.type == "cuda":
        fuse_pointwise(model)
    optimizers = build_optimizers(model, recipe)
    step = load_checkpoint(folder, model, optimizers, recipe)
    parameters = list(model.parameters())
    loss_of = torch.compile(lambda ids: next_token_nats(model, ids), dynamic=False)
    packs = AskedPacks(streams, recipe)
    started, first = time.perf_counter(), step
    while step < recipe.steps:
        ids, asked = step_rows(streams, recipe, step).to(device), packs.of_step(step)
        scored = ids[:, 1:].numel() + sum(len(pack.targets) for pack in asked)
        set_mode(model, None)
        with fast_arithmetic(device):
            whole = loss_of(ids)
        (whole / scored).backward()
        nats = whole.detach() + add_answers(model, asked, parameters, scored)
        apply_gradients(model, optimizers, recipe.rate(step))
        step += 1
        if step % 10 == 0 or step == recipe.steps:
            speed = (step - first) * recipe.step_tokens / (time.perf_counter() - started)
            # the only moment at which the loop waits for the device
            loss = nats.item() / scored
            note(f"step {step}/{recipe.steps} loss {loss:.3f} {speed:,.0f} tokens/s")
            log_loss(folder, step, loss, speed)
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


def next_token_nats(model: Qwen3ForCausalLM, ids: torch.Tensor) -> torch.Tensor:
    """Return the summed loss of whole rows in nats; *ids* has shape (rows, row length + 1)."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(hidden)
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")


def add_answers(
    model: Any, packs: Sequence[Pack], parameters: Sequence[torch.nn.Parameter], scored: int
) -> torch.Tensor:
    """Add the gradients of the answers in *packs*, over *scored* tokens, and return the answers' nats."""
    set_mode(model, "packed")
    device = parameters[0].device

    def loss_of(pack: Pack) -> torch.Tensor:
        with fast_arithmetic(device):
            return answer_losses(model, to_batch(pack, "packed", device, parameters[0].dtype)).sum()

    return add_gradients(loss_of, packs, scored, parameters, count_lanes(device))


def fast_arithmetic(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context that multiplies in bf16 where the device is fast in it."""
    precision = fast_precision(device)
    return torch.autocast(device.type, dtype=precision) if precision == torch.bfloat16 else nullcontext()


def build_optimizers(model: Qwen3ForCausalLM, recipe: BaseRecipe) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices inside layers and AdamW for everything else."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        Muon(matrices, lr=recipe.matrix_rate),
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
    """
    Return the rows of whole files of *step*; shape (rows, row length + 1).

    They depend on the step, the recipe and the data alone.
    """
    length = recipe.decay_sequence if step >= recipe.decay_start else recipe.sequence
    rows = round((1 - recipe.asked_share) * recipe.step_tokens) // length
    chance = np.random.default_rng([recipe.seed, step])
    picked = [cut_row(streams.whole, length, chance) for _ in range(rows)]
    return torch.from_numpy(np.stack(picked).astype(np.int64))


class AskedPacks:
    """
    The packs of pairs of each step, epoch after epoch.
    """

    def __init__(self, streams: Streams, recipe: BaseRecipe) -> None:
        self.each = round(recipe.asked_share * recipe.step_tokens) // recipe.pack_tokens
        self.streams, self.recipe = streams, recipe
        self.epoch, self.first = -1, 0
        self.packs: list[list[Chunk]] = []

    @cached_property
    def plan(self) -> Plan:
        """How the pairs are packed in every epoch."""
        size = self.recipe.pack_tokens
        return plan_training(
            self.streams.asked, pack_tokens=size, step_tokens=size, share=self.recipe.share, seed=self.recipe.seed
        )

    def of_step(self, step: int) -> list[Pack]:
        """Return the packs of *step*, which come after those of the step before."""
        return [self.pack(number) for number in range(step * self.each, (step + 1) * self.each)]

    def pack(self, number: int) -> Pack:
        """Return a pack by its number from the start of the run."""
        if number < self.first:
            self.epoch, self.first, self.packs = -1, 0, []
        while number >= self.first + len(self.packs):
            self.first += len(self.packs)
            self.epoch += 1
            self.packs = [pack for packs in self.plan.epoch(self.epoch) for pack in packs]
        return self.plan.build(self.packs[number - self.first])


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
