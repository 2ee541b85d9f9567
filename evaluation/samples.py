"""
Samples on disk, and their making. In: requests of several arms. Out: one line of `samples.jsonl` each, every one once.

A sample is named by everything that decides it: the model's fingerprint, the arm, the prompt, the decode settings and
the sample's index. The file is the cache: a line whose key is wanted is never generated again. Requests go to the
generator in fixed chunks and a chunk is kept whole or made again, because what stands in a batch can move a rounding;
so an evaluation that was killed ends with the same bytes as one that was not.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..mining.artefacts import append_text, parse_json, sha256_json, write_text
from ..mining.errors import MismatchError
from ..mining.workers import Progress
from .arms import Composed, Generator, Written
from .probes import Probe

CHUNK = 48
"""Requests of one arm that go to the generator together."""
REPEAT = "base-repeat"
RIVAL = "rival"
PLACEBO = "placebo"

Row = dict[str, Any]
"""A line of evidence as it is written."""


# no slots: the prompt is hashed once, beside the fields
@dataclass(frozen=True, kw_only=True)
class Job:
    """
    One sample to be made.
    """

    model: str
    """The hash of the model that answers."""
    arm: str
    adapted: bool
    split: str
    probe: Probe
    composed: Composed
    max_tokens: int
    temperature: float
    sample_ix: int

    @cached_property
    def prompt_sha256(self) -> str:
        """The hash of the request."""
        return sha256_json(asdict(self.composed.request))

    @cached_property
    def key(self) -> str:
        """The sample's name."""
        return sample_key(
            self.model, self.arm, self.probe.id, self.prompt_sha256, self.max_tokens, self.temperature, self.sample_ix
        )


def sample_key(
    model: str, arm: str, probe: str, prompt_sha256: str, max_tokens: int, temperature: float, sample_ix: int
) -> str:
    """Return the name of a sample: everything that decides it, and the arm it answers for."""
    return sha256_json([model, arm, probe, prompt_sha256, max_tokens, temperature, sample_ix])


def model_sha256(generator: Generator, adapted: bool) -> str:
    """Return the hash of the model that answers; with the adapter off, the adapter is no part of it."""
    fingerprint = dict(generator.fingerprint)
    return sha256_json({k: v for k, v in sorted(fingerprint.items()) if adapted or not k.startswith("adapter")})


def cut_chunks(jobs: Sequence[Job]) -> list[list[Job]]:
    """
    Return *jobs* in the chunks that go to the generator: one arm and sample index a chunk, arms in turn, then reversed.

    Turning the order at every round keeps a slow minute of the machine from falling on one arm.
    """
    lanes: dict[tuple[str, str, int], list[Job]] = {}
    for job in jobs:
        lanes.setdefault((job.split, job.arm, job.sample_ix), []).append(job)
    chunks: list[tuple[int, int, list[Job]]] = []
    for place, (lane, own) in enumerate(lanes.items()):
        # a chunk takes as many steps as its longest answer has tokens; the repeat's batches must be others
        mixed = lane[1] == REPEAT
        ordered = sorted(own, key=lambda job: (0, sha256_json(job.probe.id)) if mixed else (job.max_tokens, ""))
        for start in range(0, len(ordered), CHUNK):
            turn = start // CHUNK
            chunks.append((turn, place if turn % 2 == 0 else -place, ordered[start : start + CHUNK]))
    return [chunk for _, _, chunk in sorted(chunks, key=lambda item: item[:2])]


class SealedFile:
    """
    A file of sealed lines while it grows, each by its key: `samples.jsonl`, `folds.jsonl`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # a sample lost to the machine is no sample: it is made again
        self.rows: dict[str, Row] = {r["key"]: r for r in read_sealed(path) if r.get("finish_reason") != "error"}

    def append(self, rows: Sequence[Row]) -> None:
        """Add *rows* and force them to the disk: what was counted as done survives a kill."""
        self.rows.update((row["key"], row) for row in rows)
        append_text(self.path, "".join(seal(row) + "\n" for row in rows), waits=True)

    def finish(self, keys: Sequence[str]) -> list[Row]:
        """Write the rows of *keys* alone, in their order, and return them."""
        rows = [self.rows[key] for key in keys]
        write_sealed(self.path, rows)
        return rows


def generate_samples(
    jobs: Sequence[Job], file: SealedFile, generators: Mapping[str, Generator], timings: Path, report: Progress
) -> None:
    """Generate every sample of *jobs* that *file* lacks, chunk by chunk, by the generator of its arm."""
    done = 0
    for chunk in cut_chunks(jobs):
        if any(job.key not in file.rows for job in chunk):
            rows, seconds = generate_chunk(chunk, generators[chunk[0].arm])
            append_text(timings, "".join(json.dumps(line) + "\n" for line in seconds))
            file.append(rows)
        done += len(chunk)
        report("generate", done, len(jobs))


def generate_chunk(chunk: Sequence[Job], generator: Generator) -> tuple[list[Row], list[Row]]:
    """Return the samples of one chunk in its order, and how long each took."""
    written: dict[int, Written] = dict(
        generator.generate(
            [job.composed.request for job in chunk],
            adapted=chunk[0].adapted,
            max_tokens=[job.max_tokens for job in chunk],
            temperature=chunk[0].temperature,
            seed=seed_of(chunk),
            is_over=[job.probe.is_over for job in chunk],
        )
    )
    answered = [(job, written[place]) for place, job in enumerate(chunk)]
    times = [
        {"arm_id": job.arm, "key": job.key, "seconds": answer.seconds, "first_seconds": answer.first_seconds}
        for job, answer in answered
    ]
    return [describe(job, answer) for job, answer in answered], times


def seed_of(chunk: Sequence[Job]) -> int:
    """Return what the answers of *chunk* are drawn by: alike in arms that ask alike, else of each chunk its own."""
    # by one seed, the tenth answer of every chunk would be drawn by the same numbers: probes would not be independent
    return int(sha256_json([chunk[0].probe.id, chunk[0].sample_ix])[:8], 16)


def describe(job: Job, generation: Written) -> Row:
    """Return the row of one sample."""
    return {
        "key": job.key,
        "arm_id": job.arm,
        "split": job.split,
        "probe_id": job.probe.id,
        "sample_ix": job.sample_ix,
        "prompt_sha256": job.prompt_sha256,
        "max_tokens": job.max_tokens,
        "temperature": job.temperature,
        # a lone surrogate cannot be stored as UTF-8; nothing else of the text is touched
        "raw_output": generation.text.encode("utf-8", "replace").decode("utf-8"),
        "finish_reason": generation.finish_reason,
        "n_prompt_tokens": generation.prompt_tokens,
        "n_output_tokens": generation.output_tokens,
        "guide_used": job.composed.guide_used,
        "guide_left_out": job.composed.guide_left_out,
        "retrieved_used": job.composed.retrieved_used,
        "retrieved_left_out": job.composed.retrieved_left_out,
    }


# -- lines that carry a checksum


def seal(row: Mapping[str, Any]) -> str:
    """Return *row* as a line that ends with the checksum of what stands before it."""
    text = json.dumps({key: value for key, value in row.items() if key != "line_crc32"}, ensure_ascii=False)
    return f'{text[:-1]}, "line_crc32": {zlib.crc32(text.encode("utf-8"))}}}'


def unseal(line: str) -> Row | None:
    """Return the row of a sealed line, or None when the line is not what was written."""
    try:
        row = parse_json(line)
    except ValueError:
        return None
    if not isinstance(row, dict) or "line_crc32" not in row:
        return None
    checked: Row = {str(key): value for key, value in row.items() if key != "line_crc32"}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return checked if seal(checked) == line else None


def write_sealed(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write *rows* as sealed lines, all of them or none."""
    write_text(path, "".join(seal(row) + "\n" for row in rows))


def read_sealed(path: Path, *, torn_end: bool = True) -> Iterator[Row]:
    """
    Yield the rows of a sealed file; a torn last line is dropped where *torn_end* allows it, and cut from the file.

    Raises `MismatchError` with the line's number for any other line that is not what was written.
    """
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    kept = 0
    for number, data in enumerate(lines, start=1):
        if number == len(lines) and not data:
            return
        row = unseal(data.decode("utf-8", "replace")) if number < len(lines) else None
        if row is None:
            if torn_end and number >= len(lines) - 1 and not any(lines[number:]):
                os.truncate(path, kept)
                return
            raise MismatchError(f"{path.name}, line {number}: not the line that was written. Evaluate again.")
        kept += len(data) + 1
        yield row
