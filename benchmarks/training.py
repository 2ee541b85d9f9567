"""
The training race. In: nothing. Out: `results/training.json`: this trainer, TRL and plain Trainer side by side.

`python -m benchmarks.training`. Same random-init model, same adapter, same sequences in the same steps, same optimizer;
the arms alternate in one run, and processor seconds count, because wall time on a shared machine does not. The losses
of every step must agree, or the race is void. Baselines get the best setting they have: no checkpointing, no packing
they cannot do on a processor, sequences sorted by length so that next to nothing is padding. Where there is a GPU the
race there is run too, or alone with `--gpu-only`, which keeps the processor's results. Bases of the sizes that people
train race in `training_bf16.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import click
import numpy as np
import torch
import transformers
from idiolect.training.encode import Example
from idiolect.training.forward import answer_losses, set_mode, to_batch
from idiolect.training.gradients import add_gradients
from idiolect.training.lanes import choose_lanes
from idiolect.training.packing import build_pack, pack_in_order
from idiolect.training.recipe import Recipe
from idiolect.training.setup import prepare_model
from idiolect.training.steps import pack_loss
from peft import LoraConfig, PeftModel, get_peft_model

from .results import make_goal, read_commit, read_processor, read_results, write_results

Rows = list[dict[str, object]]
CPU = torch.device("cpu")
SHAPES = {
    "10M": {"vocab_size": 16_000, "hidden_size": 256, "num_hidden_layers": 8, "intermediate_size": 704},
    "30M": {"vocab_size": 32_000, "hidden_size": 384, "num_hidden_layers": 10, "intermediate_size": 1024},
}
LEARNING_RATE = 2e-4
MICRO = 4
"""Sequences that a baseline computes together: of equal length after sorting, so padding stays small."""
RECIPE = Recipe(pack_tokens=2048)
"""Ours, with every lever that it has by default."""


@dataclass(frozen=True, slots=True)
class Job:
    """
    One model and one set of steps.
    """

    shape: str
    workload: str
    steps: tuple[tuple[Example, ...], ...]


@dataclass(frozen=True, slots=True)
class Lap:
    """
    What one arm did in one run: processor seconds and loss of each step.
    """

    seconds: tuple[float, ...]
    losses: tuple[float, ...]
    wall: float = 0.0
    """Seconds by the clock on the wall, of the steps that count; 0 where nobody asked."""


def draw_steps(count: int, rows: int, per_prompt: int, vocabulary: int) -> tuple[tuple[Example, ...], ...]:
    """Return *count* steps of *rows* synthetic pairs: prompts of about 275 tokens, answers of about 30."""
    random = np.random.default_rng(7)
    steps = []
    for step in range(count):
        examples = []
        for row in range(rows):
            if row % per_prompt == 0:
                shared = draw(random, 275 - 30, 0.5, 34, 440, vocabulary)
            ask = draw(random, 30, 0.3, 10, 60, vocabulary)
            answer = draw(random, 30, 0.6, 4, 128, vocabulary)
            name = f"{step}-{row // per_prompt}"
            examples.append(Example(f"{step}-{row}", name, shared, ask, answer))
        steps.append(tuple(sorted(examples, key=lambda example: example.tokens)))
    return tuple(steps)


def draw(random: np.random.Generator, median: int, spread: float, least: int, most: int, vocabulary: int) -> np.ndarray:
    """Return random ids of a lognormal length."""
    length = int(np.clip(random.lognormal(np.log(median), spread), least, most))
    return random.integers(10, vocabulary, length).astype(np.int32)


def build_model(shape: str) -> PeftModel:
    """Return the random-init model of *shape* with its adapter: the same numbers in every arm."""
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        **SHAPES[shape], num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048,
        tie_word_embeddings=True, pad_token_id=0, bos_token_id=None, eos_token_id=1,
    )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    torch.manual_seed(1)
    lora = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=16, target_modules="all-linear", lora_dropout=0.0)
    return get_peft_model(model, lora)


def run_ours(job: Job, recipe: Recipe = RECIPE, mode: str = "packed") -> Lap:
    """Take the job's steps as `train_adapter` does by *recipe*; in the *mode* `single` with a forward for each pair."""
    model = build_model(job.shape)
    prepare_model(model, recipe, mode, CPU)
    parameters, optimizer = make_learner(model, recipe)
    seconds, losses = [], []
    began = time.perf_counter()
    for number, examples in enumerate(job.steps):
        if number == 1:
            began = time.perf_counter()
        started = time.process_time()
        loss = take_step(model, parameters, optimizer, examples, recipe, mode, CPU, torch.float32)
        seconds.append(time.process_time() - started)
        losses.append(float(loss))
    return Lap(tuple(seconds), tuple(losses), time.perf_counter() - began)


def make_learner(model: torch.nn.Module, recipe: Recipe) -> tuple[list[torch.nn.Parameter], torch.optim.AdamW]:
    """Return what is trained of *model*, and the optimizer that all arms have."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return parameters, torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0, fused=recipe.fused)


def take_step(
    model: PeftModel,
    parameters: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    examples: Sequence[Example],
    recipe: Recipe,
    mode: str,
    device: torch.device,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Take one optimizer step on *examples* with the trainer's own pieces; return the loss a token, on the device."""
    answers = sum(len(example.answer) for example in examples)
    single = mode == "single"
    packs = pack_in_order(
        examples, pack_tokens=1 if single else recipe.pack_tokens, share=1 if single else recipe.share
    )
    nats = add_gradients(
        lambda pack: pack_loss(model, pack, recipe, mode, device, dtype),
        [pack for pack, _ in packs],
        answers,
        parameters,
        choose_lanes(recipe, device),
    )
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return nats / answers


class StepClock(transformers.TrainerCallback):
    """
    Notes the time at each step's begin and end, by the clock *now*: set-up, saving and logging do not count.
    """

    def __init__(self, now: Callable[[], float] = time.process_time) -> None:
        self.now = now
        self.seconds: list[float] = []

    def on_step_begin(self, args, state, control, **kwargs) -> None:  # noqa: ANN001, ANN003 - transformers' signature
        self.started = self.now()

    def on_step_end(self, args, state, control, **kwargs) -> None:  # noqa: ANN001, ANN003
        self.seconds.append(self.now() - self.started)


def rows_of(job: Job) -> list[dict[str, list[int]]]:
    """Return the job's sequences as rows of ids and labels, prompts masked."""
    rows = []
    for step in job.steps:
        for example in step:
            prompt = [*example.shared.tolist(), *example.ask.tolist()]
            answer = example.answer.tolist()
            rows.append({"input_ids": prompt + answer, "labels": [-100] * len(prompt) + answer})
    return rows


def pad(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Collate *rows* as the usual data collator does: padded right to the longest."""
    width = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": 0, "labels": -100, "attention_mask": 0}
    full = [{**row, "attention_mask": [1] * len(row["input_ids"])} for row in rows]
    return {
        name: torch.tensor([row[name] + [value] * (width - len(row[name])) for row in full])
        for name, value in fill.items()
    }


def common_arguments(job: Job, folder: str, micro: int = MICRO) -> dict[str, object]:
    """Return the settings that all baselines share; *micro* sequences are computed together."""
    return {
        "output_dir": folder, "use_cpu": True, "max_steps": len(job.steps), "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": len(job.steps[0]) // micro, "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant", "warmup_steps": 0, "weight_decay": 0.0, "max_grad_norm": 1.0,
        "optim": "adamw_torch_fused", "logging_steps": 1, "report_to": "none", "save_strategy": "no",
        "gradient_checkpointing": False, "remove_unused_columns": False, "train_sampling_strategy": "sequential",
        "disable_tqdm": True, "bf16": False,
    }  # fmt: skip


def run_trainer(job: Job) -> Lap:
    """Take the job's steps with transformers' own Trainer."""
    from datasets import Dataset

    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model=build_model(job.shape),
            args=transformers.TrainingArguments(**common_arguments(job, folder)),
            train_dataset=Dataset.from_list(rows_of(job)),
            data_collator=pad,
            callbacks=[clock],
        )
        trainer.train()
    return finish_lap(clock, trainer)


def run_trl(job: Job) -> Lap:
    """Take the job's steps with TRL's SFTTrainer."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            **common_arguments(job, folder), dataset_kwargs={"skip_prepare_dataset": True}, max_length=None
        )
        trainer = SFTTrainer(
            model=build_model(job.shape),
            args=arguments,
            train_dataset=Dataset.from_list(rows_of(job)),
            data_collator=pad,
            processing_class=tiny_tokenizer(),
            callbacks=[clock],
        )
        trainer.train()
    return finish_lap(clock, trainer)


def tiny_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """Return a tokenizer for the peer that insists on one; the rows are ids already."""
    from tokenizers import Tokenizer, models

    words = Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1, "<unk>": 2}, unk_token="<unk>"))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<eos>")


def finish_lap(clock: StepClock, trainer: transformers.Trainer) -> Lap:
    """Return what a baseline did."""
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return Lap(tuple(clock.seconds), tuple(losses))


def race(job: Job, repeats: int) -> Rows:
    """Run the arms in turns and return one row each; the first step of every lap warms up and does not count."""
    arms = {"ours": run_ours, "TRL": run_trl, "Trainer": run_trainer}
    laps: dict[str, list[Lap]] = {name: [] for name in arms}
    for _ in range(repeats):
        for name, run in arms.items():
            laps[name].append(run(job))
            click.echo(f"{job.shape} {job.workload} {name}: {sum(laps[name][-1].seconds):.1f} s", err=True)
    answers = sum(len(example.answer) for step in job.steps[1:] for example in step)
    rows: Rows = []
    for name, runs in laps.items():
        speeds = [answers / sum(lap.seconds[1:]) for lap in runs]
        drift = max(abs(a - b) for lap in runs for a, b in zip(lap.losses, laps["ours"][0].losses, strict=True))
        rows.append(
            {
                "model": job.shape, "workload": job.workload, "arm": name,
                "answer_tokens_per_cpu_second": round(statistics.median(speeds), 1),
                "slowest": round(min(speeds), 1), "fastest": round(max(speeds), 1),
                "loss_difference": float(f"{drift:.2g}"),
            }
        )  # fmt: skip
    return rows


def weigh(rows: Rows) -> Rows:
    """Return the goals that the rows decide."""
    goals = []
    for shape in SHAPES:
        for workload, least in (("distinct prompts", 1.4), ("4 pairs a prompt", 2.3)):
            speeds = {
                row["arm"]: float(row["answer_tokens_per_cpu_second"])  # pyright: ignore
                for row in rows
                if row["model"] == shape and row["workload"] == workload
            }
            ratio = round(speeds["ours"] / max(speeds["TRL"], speeds["Trainer"]), 2)
            what = f"{shape}, {workload}, CPU: times the faster of TRL and Trainer"
            goals.append(make_goal("training.1", what, ratio, f">= {least}", ratio >= least, "x"))
    drift = max(float(row["loss_difference"]) for row in rows)  # pyright: ignore
    goals.append(
        make_goal(
            "training.1", "largest difference of a step's loss between arms", drift, "<= 1e-5", drift <= 1e-5, "nats"
        )
    )
    return goals


def measure_memory() -> Rows:
    """Return the bytes that one pack keeps for its backward, as prompts and answers grow."""
    model = build_model("10M")
    set_mode(model, "packed")
    rows: Rows = []
    random = np.random.default_rng(0)
    for prompt, answer in ((256, 32), (512, 32), (1024, 32), (512, 64), (512, 128)):
        ids = [random.integers(10, 16_000, size).astype(np.int32) for size in (prompt, 8, answer)]
        batch = to_batch(build_pack([[Example("", "", *ids)]]), "packed", CPU, torch.float32)
        kept = {}

        def note(tensor: torch.Tensor, kept: dict[int, int] = kept) -> torch.Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = answer_losses(model, batch).sum()
        total = sum(size for place, size in kept.items() if place not in weights)
        rows.append(
            {"model": "10M", "prompt_tokens": prompt, "answer_tokens": answer, "saved_mib": round(total / 2**20, 2)}
        )
        del loss
    return rows


@click.command()
@click.option("--steps", default=4, show_default=True, help="Steps in a lap; the first warms up.")
@click.option("--rows", "rows_a_step", default=16, show_default=True, help="Sequences in a step.")
@click.option("--repeats", default=3, show_default=True, help="Laps of each arm, in turns.")
@click.option("--gpu-only", is_flag=True, help="Race on the GPU alone; what was measured on a processor stays.")
@click.option("--gpu-repeats", default=2, show_default=True, help="Laps of each arm on the GPU.")
def main(steps: int, rows_a_step: int, repeats: int, gpu_only: bool, gpu_repeats: int) -> None:
    """Run the race and write its results."""
    transformers.logging.set_verbosity_error()
    accelerated = torch.cuda.is_available()
    if gpu_only and not accelerated:
        raise click.UsageError("--gpu-only needs a CUDA device, and there is none.")
    # read first: hours of racing do not end at a file that cannot be read
    kept = earlier(on_gpu=not gpu_only)
    rows, goals = kept if gpu_only else race_on_processor(steps, rows_a_step, repeats)
    more, decided = race_on_gpu(gpu_repeats) if accelerated else kept
    write_results("training", [*rows, *more], [*goals, *decided])


def earlier(*, on_gpu: bool) -> tuple[Rows, Rows]:
    """Return the rows and goals of the last race on a GPU, or of the last on a processor; none where there was none."""
    body = read_results("training")
    rows = [row for row in body["rows"] if ("peak_gib" in row or row.get("model") == "matrix product, cuda") is on_gpu]
    return rows, [goal for goal in body["goals"] if (goal["name"] == "training.2") is on_gpu]


def race_on_gpu(repeats: int) -> tuple[Rows, Rows]:
    """Return rows and goals of the race on the GPU."""
    from .training_bf16 import GPU, run_race

    return run_race(GPU, repeats)


def race_on_processor(steps: int, rows_a_step: int, repeats: int) -> tuple[Rows, Rows]:
    """Return rows and goals of the race on a processor."""
    import peft
    import trl

    from .training_bf16 import PROCESSOR, run_race
    from .training_levers import measure_levers

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    rows: Rows = []
    for shape in SHAPES:
        for workload, per_prompt in (("distinct prompts", 1), ("4 pairs a prompt", 4)):
            drawn = draw_steps(steps, rows_a_step, per_prompt, SHAPES[shape]["vocab_size"])
            rows += race(Job(shape, workload, drawn), repeats)
    goals = weigh(rows)
    rows += measure_levers(steps, rows_a_step, repeats)
    more, decided = run_race(PROCESSOR, min(repeats, 2))
    memory = measure_memory()
    doubled = memory[2]["saved_mib"] / memory[1]["saved_mib"]  # pyright: ignore
    goals.append(
        make_goal("training.3", "memory kept when the prompt doubles", round(doubled, 2), "<= 2.1", doubled <= 2.1, "x")
    )
    versions = {module.__name__: module.__version__ for module in (torch, transformers, peft, trl)}
    machine = {"processor": read_processor(), "threads": torch.get_num_threads()}
    setting = {"commit": read_commit(), **machine, **versions}
    return [*rows, *more, *memory, {"setting": json.dumps(setting)}], [*goals, *decided]


if __name__ == "__main__":
    main()
