"""
What an evaluation writes of itself. In: what was asked, planned and weighed. Out: the rows of its two JSON files.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..mining.artefacts import parse_json, sha256_file, sha256_json
from .parts import Part, describe_suites
from .samples import Row, model_sha256
from .statistics import Plan
from .task import Bench, Task
from .verdict import as_json
from .weigh import Weighed

SCHEMA = "idiolect.evaluation/1"
MARKER = "run.json"


def read_started(task: Task) -> int | None:
    """Return the probe count of the unfinished or finished run of the same task in this folder, if there is one."""
    try:
        run = parse_json((task.out / MARKER).read_text("utf-8"))
        return int(run["probes_asked"]) if run["task_sha256"] == task.sha256 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def describe_run(bench: Bench, parts: Sequence[Part], plan: Plan) -> dict[str, Any]:
    """Return `run.json` without its status, environment and hashes."""
    task = bench.task
    adapter = None if task.adapter is None else {k: v for k, v in task.adapter.items() if k not in ("log", "taught")}
    return {
        "schema": SCHEMA,
        "tool_version": __version__,
        "task_sha256": task.sha256,
        "repository": task.corpus.manifest["repository"],
        "commit": task.corpus.manifest["commit"],
        "corpus_sha256": task.corpus.sha256,
        "model": dict(task.generator.fingerprint),
        **({} if task.rival is None else {"rival": dict(task.rival.fingerprint)}),
        "context_length": task.generator.context_length,
        "adapter": adapter,
        "minutes": task.minutes,
        "suite": {"n_probes": plan.probes, "n_clusters": plan.clusters, "forced": task.forced},
        "suites": describe_suites(parts),
        "plan": asdict(plan),
        "arms": describe_arms(bench),
        "decode": {"samples": task.samples, "temperature": task.temperature},
        "checks": bench.scorer.settings,
        "scorer_sha256": bench.scorer.sha256,
        "guide_sha256": sha256_json(bench.guide),
        "retriever": bench.retriever.settings,
        "controls": task.controls,
        "canaries": task.canaries,
        "training": describe_training(task),
        "policy": asdict(task.policy),
    }


def describe_arms(bench: Bench) -> list[dict[str, Any]]:
    """Return one row per arm and control: which model, which prompt, which splits it answers."""
    rows = [
        {
            **asdict(asked.arm),
            "arm_id": asked.name,
            "model_sha256": model_sha256(asked.generator, asked.arm.adapted),
            "samples": asked.samples,
            "splits": list(asked.splits),
        }
        for asked in bench.task.asked
    ]
    fixed = {"model_sha256": None, "samples": 1, "splits": ["test"]}
    return [*rows, {**fixed, "arm_id": "reference"}, {**fixed, "arm_id": "stub"}]


def describe_training(task: Task) -> dict[str, Any] | None:
    """
    Return how many pairs there were to train on, and what training took, in passes of one token through the model.

    An adapter of an earlier version does not say what it took.
    """
    if task.adapter is None:
        return None
    return {"pairs": len(task.corpus.pairs("train")), "passes": task.adapter.get("counts", {}).get("passes")}


def describe_verdict(run: Row, weighed: Weighed, out: Path) -> dict[str, Any]:
    """Return `verdict.json`."""
    return {
        **as_json(weighed.verdict, weighed.evidence),
        "arms": list(weighed.arms),
        "losses": weighed.losses,
        "chosen": weighed.chosen,
        "cost": weighed.cost,
        "memory": weighed.memory,
        "curve": weighed.curve,
        "cross_check": weighed.cross_check,
        "slices": weighed.slices,
        "files": {name: sha256_file(out / name) for name in ("samples.jsonl", "scores.jsonl", "losses.jsonl")},
        "evidence_sha256": hash_evidence(run, out),
    }


def hash_evidence(run: Mapping[str, Any], out: Path) -> str:
    """Return the hash of everything that the verdict follows from; when and where it was measured is no part of it."""
    plain = {key: value for key, value in run.items() if key not in ("status", "environment")}
    names = ("samples.jsonl", "scores.jsonl", "losses.jsonl", "comparisons.json")
    return sha256_json([plain, *(sha256_file(out / name) for name in names)])


def describe_machine() -> dict[str, Any]:
    """Return what a reader of the timings must know."""
    return {"os": platform.system(), "python": platform.python_version(), "cores": os.cpu_count()}
