"""
The training race with bases of the sizes that people train. In: a track. Out: rows and goals for `benchmarks.training`.

Random-init Qwen2 of the 0.5B and 1.5B shapes in bf16 on a GPU, of 135 million parameters on a processor, with one and
the same fp32 adapter; synthetic pairs with long prompts and short answers. Arms alternate; wall time counts, up to the
device's last kernel; a lap's first steps warm up, and an arm's first lap where there are more. TRL gets its best
setting without a compiled attention package: bf16, no checkpointing, rows of like length together, scores on the
answers alone; the same once more with our attention lent to it, so that nothing is padded. On a GPU also once each
what its defaults give, what plain Trainer does, and what ours does without each of its levers, and the share of the
rate of a matrix product measured in the same run. Toy shapes run on a processor for the test.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import numpy as np
import torch
import transformers
from idiolect.training.attention import Layout, Varlen, as_autocast, segment_attention, varlen_attention
from idiolect.training.encode import Example
from idiolect.training.forward import plain_model
from idiolect.training.machine import choose_dtype, matrix_rate, synchronize
from idiolect.training.packing import Segment
from idiolect.training.recipe import Recipe
from idiolect.training.setup import prepare_model
from peft import LoraConfig, get_peft_model

from .results import make_goal, read_commit
from .training import (
    Job,
    StepClock,
    common_arguments,
    make_learner,
    pad,
    rows_of,
    take_step,
    tiny_tokenizer,
)

WARM_STEPS = 2
"""Steps of a lap that are not counted."""
LENT = "idiolect_lent"
"""Our attention under the name by which the peers are given it."""


@dataclass(frozen=True, slots=True)
class Track:
    """
    One device, the shapes that run on it, how much of them, and what is to be shown.
    """

    device: torch.device
    dtype: torch.dtype
    shapes: dict[str, dict[str, int]]
    goal: str
    least: tuple[float, float]
    """Times TRL's best: with every prompt its own, with 4 pairs a prompt."""
    steps: int
    rows: int
    """Pairs in a step."""
    micro: int
    """Pairs that a baseline computes together where it pads them."""
    flat: int
    """Pairs that it computes together where it does not."""
    pack_tokens: int
    shrink: int = 1
    """What lengths are divided by."""
    whole: bool = True
    """Whether all arms run, or those alone that run in turns."""


GPU_SHAPES = {
    "0.5B": {"vocab_size": 151_936, "hidden_size": 896, "num_hidden_layers": 24, "intermediate_size": 4864,
             "num_attention_heads": 14, "num_key_value_heads": 2},
    "1.5B": {"vocab_size": 151_936, "hidden_size": 1536, "num_hidden_layers": 28, "intermediate_size": 8960,
             "num_attention_heads": 12, "num_key_value_heads": 2},
}  # fmt: skip
PROCESSOR_SHAPES = {
    "135M": {"vocab_size": 49_152, "hidden_size": 576, "num_hidden_layers": 30, "intermediate_size": 1536,
             "num_attention_heads": 9, "num_key_value_heads": 3},
}  # fmt: skip
TOY_SHAPES = {
    "toy": {"vocab_size": 1_000, "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128,
            "num_attention_heads": 4, "num_key_value_heads": 2},
}  # fmt: skip
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GPU = Track(CUDA, torch.bfloat16, GPU_SHAPES, "training.2", (1.25, 2.3), 6, 40, 8, 20, 26_624)
PROCESSOR = Track(
    CPU, choose_dtype(CPU, 135_000_000), PROCESSOR_SHAPES, "training.1", (1.4, 2.3), 4, 4, 2, 2, 2048, whole=False
)
TOY = Track(CPU, torch.float32, TOY_SHAPES, "training.2", (1.25, 2.3), 5, 4, 2, 4, 1024, shrink=16)


def draw_steps(track: Track, per_prompt: int, vocabulary: int) -> tuple[tuple[Example, ...], ...]:
    """Return the steps of a lap: prompts of about 1,100 tokens, answers of about 120, the same in every arm."""
    random = np.random.default_rng(7)

    def draw(median: int, spread: float, least: int, most: int) -> np.ndarray:
        length = int(np.clip(random.lognormal(np.log(median), spread), least, most)) // track.shrink
        return random.integers(10, vocabulary, max(2, length)).astype(np.int32)

    steps: list[tuple[Example, ...]] = []
    for step in range(track.steps):
        examples: list[Example] = []
        shared = np.empty(0, np.int32)
        for row in range(track.rows):
            if row % per_prompt == 0:
                shared = draw(1_000, 0.4, 200, 1_700)
            ask, answer = draw(100, 0.4, 32, 200), draw(120, 0.6, 16, 512)
            examples.append(Example(f"{step}-{row}", f"{step}-{row // per_prompt}", shared, ask, answer))
        steps.append(tuple(sorted(examples, key=lambda example: example.tokens)))
    return tuple(steps)


def build_model(track: Track, shape: str, dtype: torch.dtype | None = None) -> Any:
    """Return the random-init model with its fp32 adapter, the same numbers in every arm."""
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        **track.shapes[shape], max_position_embeddings=4096, tie_word_embeddings=True,
        pad_token_id=0, bos_token_id=None, eos_token_id=1,
    )  # fmt: skip
    with torch.device(track.device):
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    model.to(dtype or track.dtype)
    torch.manual_seed(1)
    lora = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=16, target_modules="all-linear", lora_dropout=0.0)
    adapted: Any = get_peft_model(model, lora)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapted


@dataclass(frozen=True, slots=True)
class Lap:
    """
    What one arm did in one run.
    """

    seconds: tuple[float, ...]
    losses: tuple[float, ...]
    peak: int
    """Most bytes that were allocated on the device."""


def peak_of(device: torch.device) -> int:
    """Return the most bytes allocated since the counter was set back."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def clear(device: torch.device) -> None:
    """Free what the lap before left, and set the counter back."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def run_ours(track: Track, shape: str, steps: Sequence[Sequence[Example]], **changes: Any) -> Lap:
    """Take the steps as `train_adapter` does by its recipe, but for *changes*."""
    recipe = Recipe(pack_tokens=track.pack_tokens, **changes)
    model = build_model(track, shape)
    prepare_model(model, recipe, "packed", track.device)
    parameters, optimizer = make_learner(model, recipe)
    seconds: list[float] = []
    losses: list[torch.Tensor] = []
    for examples in steps:
        started = time.perf_counter()
        losses.append(take_step(model, parameters, optimizer, examples, recipe, "packed", track.device, track.dtype))
        synchronize(track.device)
        seconds.append(time.perf_counter() - started)
    return Lap(tuple(seconds), tuple(float(loss) for loss in losses), peak_of(track.device))


def lent_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int = 0,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Return our attention over rows that the usual collator laid end to end."""
    assert cu_seq_lens_q is not None
    query, key, value = as_autocast((query, key, value))
    if query.device.type == "cuda":
        indices = Varlen(cu_seq_lens_q, cu_seq_lens_q, None, max_length_q, max_length_q)
        return varlen_attention(query, key, value, indices, scaling, None), None
    layout = Layout(tuple(Segment(length) for length in cu_seq_lens_q.diff().tolist()), query.device)
    own = (key.split(layout.lengths, dim=2), value.split(layout.lengths, dim=2))
    return segment_attention(query, own, own, layout, scaling, dropout, None), None


def lend_attention(model: Any) -> Any:
    """Return *model* with our attention, for rows laid end to end."""
    transformers.AttentionInterface.register(LENT, lent_attention)
    transformers.AttentionMaskInterface.register(LENT, lambda *_, **__: None)
    plain_model(model).set_attn_implementation(LENT)
    return model


def run_peer(
    track: Track,
    shape: str,
    steps: Sequence[Sequence[Example]],
    *,
    trl: bool = True,
    lent: bool = False,
    defaults: bool = False,
) -> Lap:
    """
    Take the steps with TRL's SFTTrainer, or with plain Trainer: padded, or laid end to end for our attention.

    By its *defaults* TRL loads in fp32 and recomputes activations.
    """
    from datasets import Dataset
    from transformers import DataCollatorWithFlattening

    job = Job(shape, "", tuple(tuple(step) for step in steps))

    def now() -> float:
        synchronize(track.device)
        return time.perf_counter()

    clock = StepClock(now)
    model = build_model(track, shape, torch.float32 if defaults else None)
    with tempfile.TemporaryDirectory() as folder:
        wanted: dict[str, Any] = {
            # plain Trainer scores every position, and has no memory for more
            **common_arguments(job, folder, track.flat if lent and trl else track.micro),
            "use_cpu": track.device.type == "cpu",
            "gradient_checkpointing": defaults,
            "bf16": track.dtype == torch.bfloat16,
        }
        shared: dict[str, Any] = {
            "model": lend_attention(model) if lent else model,
            "train_dataset": Dataset.from_list(rows_of(job)),
            "data_collator": DataCollatorWithFlattening(return_flash_attn_kwargs=True) if lent else pad,
            "callbacks": [clock],
        }
        trainer = (
            make_trl(wanted, shared)
            if trl
            else transformers.Trainer(args=transformers.TrainingArguments(**wanted), **shared)
        )
        trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return Lap(tuple(clock.seconds), tuple(losses), peak_of(track.device))


def make_trl(wanted: dict[str, Any], shared: dict[str, Any]) -> Any:
    """Return TRL's trainer with its own settings beside those *wanted*; since 1.16 it scores answers alone on a GPU."""
    from trl import SFTConfig, SFTTrainer

    settings = SFTConfig(**wanted, dataset_kwargs={"skip_prepare_dataset": True}, max_length=None)
    return SFTTrainer(args=settings, processing_class=tiny_tokenizer(), **shared)


Arm = Callable[[Track, str, Sequence[Sequence[Example]]], Lap]


ARMS: dict[str, Arm] = {
    "ours": run_ours,
    "TRL, best": run_peer,
    "TRL, our attention": lambda track, shape, steps: run_peer(track, shape, steps, lent=True),
}
"""Run in turns."""
ONCE: dict[str, Arm] = {
    "TRL, defaults": lambda track, shape, steps: run_peer(track, shape, steps, defaults=True),
    "Trainer, padded": lambda track, shape, steps: run_peer(track, shape, steps, trl=False),
    "Trainer, our attention": lambda track, shape, steps: run_peer(track, shape, steps, trl=False, lent=True),
}
"""Run once, on a GPU, on distinct prompts: to them several pairs of one prompt are like any others."""
LEVERS: dict[str, Arm] = {
    "ours, PEFT's own layers": partial(run_ours, fuse_layers=False),
    "ours, norms and gates as they are": partial(run_ours, fuse_pointwise=False),
    "ours, PEFT's own layers, inputs cast": partial(run_ours, fuse_layers=False, uncast_inputs=False),
    "ours, siblings in one product": partial(run_ours, fuse_siblings=True),
    "ours, every position scored": partial(run_ours, answer_head=False),
    "ours, the head's gradient left to autograd": partial(run_ours, fuse_loss=False),
    "ours, an optimizer of many kernels": partial(run_ours, fused=False),
    "ours, activations recomputed": partial(run_ours, checkpointing=True),
    "ours, layers compiled": partial(run_ours, compile=True),
}
"""
What each lever is worth; run once, on a GPU, on the first shape and distinct prompts. Rotary positions stay fused once
they are: that function belongs to the process.
"""


def race(track: Track, shape: str, workload: str, per_prompt: int, repeats: int) -> list[dict[str, Any]]:
    """Run the arms in turns and return one row each."""
    steps = draw_steps(track, per_prompt, track.shapes[shape]["vocab_size"])
    once: dict[str, Arm] = {}
    if track.whole and per_prompt == 1:
        once = {**ONCE, **(LEVERS if shape == next(iter(track.shapes)) else {})}
    laps: dict[str, list[Lap]] = defaultdict(list)
    for turn in range(repeats):
        for name, run in {**ARMS, **(once if turn == 0 else {})}.items():
            clear(track.device)
            laps[name].append(run(track, shape, steps))
            click.echo(f"{shape} {workload} {name}: {sum(laps[name][-1].seconds[WARM_STEPS:]):.1f} s", err=True)
    counted = steps[WARM_STEPS:]
    answers = sum(len(example.answer) for step in counted for example in step)
    tokens = sum(example.tokens for step in counted for example in step)
    rows: list[dict[str, Any]] = []
    for name, ran in laps.items():
        # kernels are compiled and chosen in an arm's first lap
        runs = ran[1:] or ran
        seconds = [sum(lap.seconds[WARM_STEPS:]) for lap in runs]
        first = [abs(lap.losses[0] / laps["ours"][0].losses[0] - 1) for lap in runs]
        rows.append({
            "model": shape, "workload": workload, "arm": name, "laps": len(runs),
            "answer_tokens_per_second": round(answers / statistics.median(seconds), 1),
            "tokens_per_second": round(tokens / statistics.median(seconds)),
            "slowest": round(answers / max(seconds), 1), "fastest": round(answers / min(seconds), 1),
            "first_loss_difference": float(f"{max(first):.2g}"),
            **({"peak_gib": round(max(lap.peak for lap in runs) / 2**30, 2)} if track.device.type == "cuda" else {}),
        })  # fmt: skip
    return rows


def flops_a_token(track: Track, shape: str, answer_share: float, length: float) -> float:
    """
    Return what a token costs when nothing is computed twice: body, adapter, attention, and the head at the answers.

    4 N of the body, 6 N of the adapter, 4 N of the head at the answers, causal attention with its backward at 3.5 times
    its forward; padding and recomputation earn nothing.
    """
    sizes = track.shapes[shape]
    with torch.device("meta"):
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(transformers.Qwen2Config(**sizes))
        lora = LoraConfig(task_type="CAUSAL_LM", r=16, target_modules="all-linear")
        adapted: Any = get_peft_model(model, lora)
    adapter = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    head = sizes["vocab_size"] * sizes["hidden_size"]
    body = sum(p.numel() for n, p in adapted.named_parameters() if not p.requires_grad and "embed" not in n) - (
        0 if model.config.tie_word_embeddings else head
    )
    attention = 3.5 * 4 * (length / 2) * sizes["hidden_size"] * sizes["num_hidden_layers"]
    return 4 * body + 6 * adapter + attention + 4 * head * answer_share


def run_race(track: Track, repeats: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows and goals of the whole race on *track*."""
    rate = matrix_rate(track.device, track.dtype)
    rows: list[dict[str, Any]] = []
    for shape in track.shapes:
        steps = draw_steps(track, 1, track.shapes[shape]["vocab_size"])
        examples = [example for step in steps for example in step]
        tokens = sum(example.tokens for example in examples)
        share = sum(len(example.answer) for example in examples) / tokens
        # a token sees half of its document, and long documents have more of the tokens
        length = sum(example.tokens**2 for example in examples) / tokens
        cost = flops_a_token(track, shape, share, length)
        for workload, per_prompt in (("distinct prompts", 1), ("4 pairs a prompt", 4)):
            own = race(track, shape, workload, per_prompt, repeats)
            if per_prompt == 1:
                own = [{**row, "share_of_matrix_rate": round(row["tokens_per_second"] * cost / rate, 3)} for row in own]
            rows += own
    rows.append(
        {"model": f"matrix product, {track.device.type}", "tflops": round(rate / 1e12, 1), "setting": describe(track)}
    )
    return rows, weigh(track, rows)


def describe(track: Track) -> str:
    """Return what the race was run with, as JSON."""
    import peft
    import trl

    device = torch.cuda.get_device_name() if track.device.type == "cuda" else track.device.type
    versions = {module.__name__: module.__version__ for module in (torch, transformers, peft, trl)}
    sizes = {"rows": track.rows, "padded": track.micro, "end to end": track.flat, "pack_tokens": track.pack_tokens}
    return json.dumps({"commit": read_commit(), "device": device, **versions, **sizes})


def weigh(track: Track, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the goals that the rows decide."""
    goals: list[dict[str, Any]] = []
    shares = {"0.5B": 0.40, "1.5B": 0.50}
    by = {(row["model"], row["workload"], row["arm"]): row for row in rows if "arm" in row}
    for shape in track.shapes:
        for workload, least in zip(("distinct prompts", "4 pairs a prompt"), track.least, strict=True):
            ours, best = by[shape, workload, "ours"], by[shape, workload, "TRL, best"]
            ratio = round(ours["answer_tokens_per_second"] / best["answer_tokens_per_second"], 2)
            what = f"{shape}, {workload}, {'GPU' if track.device.type == 'cuda' else 'CPU'}: times TRL's best"
            goals.append(make_goal(track.goal, what, ratio, f">= {least}", ratio >= least, "x"))
            if track.device.type == "cuda":
                spare = ours["peak_gib"] <= best["peak_gib"]
                what = f"{shape}, {workload}: peak memory against {best['peak_gib']} of TRL's best"
                goals.append(make_goal(track.goal, what, ours["peak_gib"], "no higher", spare, "GiB"))
        if shape in shares:
            share = by[shape, "distinct prompts", "ours"]["share_of_matrix_rate"]
            what = f"{shape}: share of the measured matrix rate"
            goals.append(make_goal(track.goal, what, share, f">= {shares[shape]}", share >= shares[shape]))
    return goals
