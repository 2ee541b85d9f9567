"""
What each lever is worth. In: the race's smallest model. Out: rows, a step of ours with each of them left out.

`benchmarks.training` calls this. Variants alternate as the arms of the race do. The first row has all of them; the last
has one more, which is not exact: prompts read without a gradient, as the embedded base is trained by default.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import click

from .training import RECIPE, SHAPES, Job, Lap, Rows, draw_steps, run_ours

VARIANTS: dict[str, Callable[[Job], Lap]] = {
    "all": run_ours,
    "a forward for each pair": partial(run_ours, mode="single"),
    "each answer behind a prompt of its own": partial(run_ours, recipe=replace(RECIPE, share=1)),
    "prompts read with their answers": partial(run_ours, recipe=replace(RECIPE, prompts_first=False)),
    "every position scored": partial(run_ours, recipe=replace(RECIPE, answer_head=False)),
    "the head's gradient left to autograd": partial(run_ours, recipe=replace(RECIPE, fuse_loss=False)),
    "PEFT's own layers": partial(run_ours, recipe=replace(RECIPE, fuse_layers=False)),
    "all cores at one pack": partial(run_ours, recipe=replace(RECIPE, lanes=False)),
    "an optimizer of many kernels": partial(run_ours, recipe=replace(RECIPE, fused=False)),
    "all, and prompts skimmed": partial(run_ours, recipe=replace(RECIPE, skim=True)),
}
SHAPE = "10M"


def measure_levers(steps: int, rows_a_step: int, repeats: int) -> Rows:
    """Return one row for each variant and workload: answer tokens a second, by the processor and by the wall."""
    rows: Rows = []
    for workload, per_prompt in (("distinct prompts", 1), ("4 pairs a prompt", 4)):
        job = Job(SHAPE, workload, draw_steps(steps, rows_a_step, per_prompt, SHAPES[SHAPE]["vocab_size"]))
        answers = sum(len(example.answer) for step in job.steps[1:] for example in step)
        laps: dict[str, list[Lap]] = defaultdict(list)
        for _ in range(repeats):
            for name, run in VARIANTS.items():
                laps[name].append(run(job))
                click.echo(f"{SHAPE} {workload}, {name}: {laps[name][-1].wall:.1f} s", err=True)
        for name, runs in laps.items():
            drift = max(abs(a - b) for a, b in zip(runs[0].losses, laps["all"][0].losses, strict=True))
            rows.append({
                "model": SHAPE, "workload": workload, "levers": name,
                "answer_tokens_per_cpu_second": rate(answers, [sum(lap.seconds[1:]) for lap in runs]),
                "answer_tokens_per_second": rate(answers, [lap.wall for lap in runs]),
                "loss_difference": float(f"{drift:.2g}"),
            })  # fmt: skip
    return rows


def rate(answers: int, seconds: list[float]) -> float:
    """Return the median of *answers* a second."""
    return round(answers / statistics.median(seconds), 1)
