"""
The embedded base, measured. In: its held-out files. Out: a table, and `benchmarks/results/base.json`.

Run: python -m benchmarks.base [--cache DIR]. Bits per byte beside a 5-gram model and the bootstrap on the same bytes;
greedy bodies spliced into their files and compiled; one hidden line; decoding speed beside plain `generate`. The lines
about specialized codebases and the demo are read from the results of `benchmarks.evaluation` and `benchmarks.main`.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .results import FOLDER, make_goal, read_results, write_results

if TYPE_CHECKING:
    from idiolect.training.generation import LoadedModel

BOOTSTRAP = "518d6e0"
"""The commit that shipped the first weights."""
TEXT_BYTES = 400_000
BODIES = LINES = 200
LINES_A_FILE = 3
STRIDE = 1024
"""Tokens scored in each window; each stands behind at least as many, but for the first of a file."""
DISCOUNT = 0.75
"""What the 5-gram model takes from every count, the usual value of absolute discounting."""
ORDER = 5
FIM_CHARACTERS = 2000
BATCH, NEW_TOKENS, REPEATS = 16, 128, 3
BITS = 0.8
PARSE = 0.92
"""The goals of weights that were trained on a GPU."""


class HeldOut(NamedTuple):
    """
    One file the base has never read.
    """

    path: str
    text: str


def read_held_out(cache: Path) -> tuple[list[HeldOut], Any]:
    """Return the held-out files in an order decided by hash, and the streams that training drew from."""
    from idiolect.training.base.__main__ import prepare_data
    from idiolect.training.base.recipe import BaseRecipe

    streams, _, _, _ = prepare_data(BaseRecipe(), cache)
    rows = [json.loads(line) for line in (streams.folder / "held_out.jsonl").read_text("utf-8").splitlines()]
    rows.sort(key=lambda row: hashlib.sha256(row["path"].encode()).hexdigest())
    return [HeldOut(row["path"], row["text"]) for row in rows], streams


def first_bytes(files: Sequence[HeldOut], most: int) -> list[HeldOut]:
    """Return the first whole files that hold at most *most* bytes together."""
    taken: list[HeldOut] = []
    total = 0
    for file in files:
        size = len(file.text.encode())
        if total + size <= most:
            taken.append(file)
            total += size
    return taken


def load(folder: Path) -> LoadedModel:
    """Return the model in *folder*, ready to write and to score."""
    from idiolect.training.generation import load_model

    return load_model(folder).generator.loaded


# Bits per byte


def model_bits(loaded: LoadedModel, files: Sequence[HeldOut]) -> float:
    """Return the bits per byte of the files' text, every token scored once, with the file's path before it."""
    nats = 0.0
    for file in files:
        head, body = loaded.family.file_ids(file.path), loaded.family.encode(file.text)
        nats += text_nats(loaded, [*head, *body], len(head))
    return nats / math.log(2) / sum(len(file.text.encode()) for file in files)


def text_nats(loaded: LoadedModel, ids: Sequence[int], given: int) -> float:
    """Return the loss of *ids* after the first *given*, in nats, in windows of twice `STRIDE`."""
    import torch

    total = 0.0
    scored = given
    while scored < len(ids):
        end = min(len(ids), scored + STRIDE)
        start = max(0, end - 2 * STRIDE)
        window = torch.tensor([list(ids[start:end])])
        with torch.inference_mode():
            logits = loaded.model(input_ids=window, use_cache=False).logits[0].float()
        kept = slice(scored - start - 1, end - start - 1)
        total += float(torch.nn.functional.cross_entropy(logits[kept], window[0, scored - start :], reduction="sum"))
        scored = end
    return total


def ngram_bits(loaded: LoadedModel, files: Sequence[HeldOut], stream: np.ndarray[Any, Any]) -> float:
    """Return the bits per byte of an interpolated 5-gram model over the same tokens, counted on the same stream."""
    encoded = [[*loaded.family.file_ids(file.path), *loaded.family.encode(file.text)] for file in files]
    heads = [len(loaded.family.file_ids(file.path)) for file in files]
    text = np.concatenate([np.array(ids, np.uint64) for ids in encoded])
    scored = np.concatenate([np.arange(len(ids)) >= head for ids, head in zip(encoded, heads, strict=True)])
    likely = np.full(len(text), 1.0 / loaded.model.get_input_embeddings().weight.shape[0])  # pyright: ignore
    train = stream.astype(np.uint64)
    for order in range(1, ORDER + 1):
        likely = interpolate(likely, train, text, order)
    nats = -np.log(likely[scored]).sum()
    return float(nats / math.log(2) / sum(len(file.text.encode()) for file in files))


def interpolate(
    lower: np.ndarray[Any, Any], train: np.ndarray[Any, Any], text: np.ndarray[Any, Any], order: int
) -> np.ndarray[Any, Any]:
    """
    Return the probability of each token of *text* under the model of *order*, given that of the order below.

    Absolute discounting, interpolated (Ney, Essen and Kneser 1994): every seen continuation gives `DISCOUNT` counts to
    the lower order.
    """
    grams, counts = np.unique(hash_grams(train, order), return_counts=True)
    asked = hash_grams(text, order)
    count = look_up(grams, counts, asked)
    if order == 1:
        total, kinds = np.full(len(text), len(train)), np.full(len(text), len(grams))
    else:
        contexts, totals = np.unique(hash_grams(train, order - 1), return_counts=True)
        before = np.concatenate([np.zeros(1, np.uint64), hash_grams(text, order - 1)[:-1]])
        total = look_up(contexts, totals, before)
        continued = np.unique(np.stack([hash_grams(train, order - 1)[:-1], hash_grams(train, order)[1:]], 1), axis=0)
        named, distinct = np.unique(continued[:, 0], return_counts=True)
        kinds = look_up(named, distinct, before)
    safe = np.maximum(total, 1)
    here = np.maximum(count - DISCOUNT, 0) / safe + DISCOUNT * kinds / safe * lower
    return np.where(total > 0, here, lower)


def hash_grams(tokens: np.ndarray[Any, Any], order: int) -> np.ndarray[Any, Any]:
    """Return one hash per position: of the *order* tokens that end there; the first ones reach around the start."""
    mixed = np.zeros(len(tokens), np.uint64)
    with np.errstate(over="ignore"):
        for back in range(order - 1, -1, -1):
            mixed = (mixed + np.roll(tokens, back) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    return mixed


def look_up(
    keys: np.ndarray[Any, Any], values: np.ndarray[Any, Any], asked: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Return the value of each of *asked*, 0 where it is no key; *keys* are sorted."""
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, values[place], 0)


# Greedy bodies and hidden lines


def complete_bodies(loaded: LoadedModel, files: Sequence[HeldOut]) -> dict[str, float]:
    """Return how many greedy bodies of held-out functions parse and compile in their files, and end by themselves."""
    from idiolect.evaluation.checks.compile import compile_texts
    from idiolect.evaluation.checks.parse import judge_answer
    from idiolect.evaluation.task import limit_answer
    from idiolect.training.generation import ModelGenerator

    probes = list(pick_bodies(files, BODIES))
    generator = ModelGenerator(loaded)
    limits = [limit_answer(generator.count_tokens(probe.pair.response)) for probe in probes]
    answers: list[Any] = [None] * len(probes)
    endings = [""] * len(probes)
    for index, written in generator.generate([probe.pair for probe in probes], adapted=False, max_tokens=limits):
        probe = probes[index]
        extract = probe.extract(written.text, written.finish_reason)
        answers[index], endings[index] = probe.answer(extract.code), extract.ending
    parsed = [judge_answer(answer).ok for answer in answers]
    faults = compile_texts([(answer.source.path, answer.source.text) for answer in answers])
    return {
        "bodies": len(probes),
        "parse": float(np.mean(parsed)),
        "compile": float(np.mean([bool(p) and fault is None for p, fault in zip(parsed, faults, strict=True)])),
        "stopped": float(np.mean([ending == "stopped" for ending in endings])),
    }


def pick_bodies(files: Sequence[HeldOut], count: int) -> Iterator[Any]:
    """Yield *count* probes whose reference compiles, one of each file in turn."""
    from idiolect.evaluation.checks.compile import compile_texts
    from idiolect.evaluation.probes import Probe, interleave
    from idiolect.mining.languages import language_named
    from idiolect.mining.mine_file import pairs_of_source
    from idiolect.mining.source import parse_source

    sources = {file.path: parse_source(file.path, file.text.encode(), language_named("python")) for file in files}
    faults = compile_texts([(path, source.text) for path, source in sources.items()])
    sound = {path: source for (path, source), fault in zip(sources.items(), faults, strict=True) if fault is None}
    pairs = [
        dataclasses.replace(pair, cluster=path)
        for path, source in sound.items()
        for pair in pairs_of_source(source)
        if pair.kind == "implement"
    ]
    for pair in interleave(pairs)[:count]:
        source = sound[pair.path]
        yield Probe(pair, source, source.lines_span(pair.start_line, pair.end_line))


class Hidden(NamedTuple):
    """
    One line taken out of a file; what a generator asks for.
    """

    kind: str
    path: str
    language: str
    context: str
    instruction: str
    line: str


def fill_lines(loaded: LoadedModel, files: Sequence[HeldOut]) -> float:
    """Return how often one hidden line, asked for between its neighbours, is given back exactly."""
    from idiolect.training.generation import ModelGenerator

    turns = [hide_line(file, turn) for turn in range(LINES_A_FILE) for file in files]
    hidden = [line for line in turns if line is not None][:LINES]
    generator = ModelGenerator(loaded)
    limits = [generator.count_tokens(one.line) + 16 for one in hidden]
    right = 0
    for index, written in generator.generate(hidden, adapted=False, max_tokens=limits):
        right += written.text.partition("\n")[0].rstrip() == hidden[index].line.rstrip()
    return right / len(hidden)


def hide_line(file: HeldOut, turn: int) -> Hidden | None:
    """Return a line of *file*, chosen by hash and *turn*, and what stands around it, its indentation included."""
    from idiolect.mining.pairs.pair import HOLE

    lines = file.text.splitlines(keepends=True)
    telling = [i for i, line in enumerate(lines) if len(line.strip()) >= 12 and not line.strip().startswith("#")]
    if not telling or HOLE in file.text:
        return None
    place = telling[int(hashlib.sha256(f"{turn}{file.text}".encode()).hexdigest(), 16) % len(telling)]
    line = lines[place]
    indent = line[: len(line) - len(line.lstrip())]
    before = "".join(lines[:place])[-FIM_CHARACTERS:] + indent
    after = "\n" + "".join(lines[place + 1 :])[:FIM_CHARACTERS]
    return Hidden("infill", file.path, "python", "", f"{before}{HOLE}{after}", line.strip())


# Speed


def decode_speed(loaded: LoadedModel, files: Sequence[HeldOut]) -> dict[str, float]:
    """Return tokens a second of our decoding and of plain `generate`, batch 16, interleaved; medians."""
    prompts = [loaded.family.encode(file.text)[:256] for file in files]
    prompts = [prompt for prompt in prompts if len(prompt) == 256][:BATCH]
    ours, theirs = our_decoder(loaded, prompts), plain_decoder(loaded, prompts)
    ours(), theirs()  # the first call of each pays for what is set up once
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(REPEATS):
        seconds["ours"].append(timed(ours))
        seconds["plain"].append(timed(theirs))
    return {name: len(prompts) * NEW_TOKENS / median(values) for name, values in seconds.items()}


def our_decoder(loaded: LoadedModel, prompts: Sequence[list[int]]) -> Callable[[], None]:
    """Return a call that writes `NEW_TOKENS` tokens behind every prompt, never stopping early."""
    import torch
    from idiolect.training.decoding import Row, decode
    from idiolect.training.forward import set_mode

    family = dataclasses.replace(loaded.family, stop_ids=frozenset())

    def run() -> None:
        rows = [Row(i, prompt, NEW_TOKENS, np.random.default_rng(0)) for i, prompt in enumerate(prompts)]
        with torch.inference_mode():
            set_mode(loaded.model, None)
            decode(loaded.model, rows, family, 0.0, loaded.device)

    return run


def plain_decoder(loaded: LoadedModel, prompts: Sequence[list[int]]) -> Callable[[], None]:
    """Return the same work through the model's own `generate`."""
    import torch

    ids = torch.tensor(prompts)
    options = {"max_new_tokens": NEW_TOKENS, "min_new_tokens": NEW_TOKENS, "do_sample": False}

    def run() -> None:
        with torch.inference_mode():
            loaded.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options)  # pyright: ignore

    return run


def timed(run: Callable[[], None]) -> float:
    """Return the seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


# What others measured


def bootstrap_folder(scratch: Path) -> Path | None:
    """Return the first shipped weights, taken out of git, or None where the history lacks them."""
    root = Path(__file__).parent.parent
    command = ["git", "-C", str(root), "archive", BOOTSTRAP, "training/base/weights"]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        return None
    subprocess.run(["tar", "-x", "-C", str(scratch)], input=archive.stdout, check=True)
    return scratch / "training" / "base" / "weights"


def tuned_wins(rows: Sequence[dict[str, Any]]) -> int | None:
    """Return on how many codebases the tuned arm's accept@1 lies above the base's; None where nothing was measured."""
    rates = {(row["codebase"], row["arm"]): row.get("accepted") for row in rows}
    names = {name for name, arm in rates if arm == "tuned"}
    return sum(rates[name, "tuned"] > rates[name, "base"] for name in names) if names else None


def readme_tells() -> bool:
    """Claim that the README has a row for every codebase that was evaluated, with the loss on answers."""
    readme = (FOLDER.parent.parent / "README.md").read_text("utf-8")
    names = {row["codebase"] for row in read_results("evaluation")["rows"]}
    return all(re.search(rf"^\| \[{name}\].* → \d", readme, re.MULTILINE) for name in names)


def demo_minutes() -> float | None:
    """Return the minutes of the demo as `benchmarks.main` measured them."""
    return next((row["minutes"] for row in read_results("main")["rows"] if row.get("what") == "make demo"), None)


def measure(name: str, folder: Path, files: Sequence[HeldOut], text: Sequence[HeldOut]) -> dict[str, Any]:
    """Return the row of one set of weights."""
    loaded = load(folder)
    started = time.perf_counter()
    load(folder)
    row: dict[str, Any] = {"model": name, "loads in": time.perf_counter() - started}
    row["parameters"] = sum(parameter.numel() for parameter in loaded.model.parameters())
    row["megabytes"] = (folder / "model.safetensors").stat().st_size / 1e6
    row["bits per byte"] = model_bits(loaded, text)
    row |= complete_bodies(loaded, files)
    return {**row, "hidden line exact": fill_lines(loaded, files)}


def main() -> None:
    """Measure, print and write."""
    from idiolect.training.base import embedded_path, usual_cache

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=usual_cache(), help="where the recipe keeps its data")
    parser.add_argument("--weights", type=Path, default=None, help="other weights than the package's")
    parser.add_argument("--read", action="store_true", help="measure nothing: read the other benchmarks' results again")
    asked = parser.parse_args()
    if asked.read:
        kept = read_results("base")["rows"]
        speed = {name: kept[-1][f"{name} tokens/s"] for name in ("ours", "plain")}
        write_results("base", kept, goals_of(kept[0], speed))
        return
    files, streams = read_held_out(asked.cache)
    text = first_bytes(files, TEXT_BYTES)
    folder = asked.weights or embedded_path()
    rows = [measure("embedded", folder, files, text)]
    loaded = load(folder)
    with tempfile.TemporaryDirectory() as scratch:
        first = bootstrap_folder(Path(scratch))
        if first is not None:
            rows.append(measure("bootstrap", first, files, text))
    rows.append({"model": "5-gram", "bits per byte": ngram_bits(loaded, text, streams.whole)})
    speed = decode_speed(loaded, files)
    rows.append({"model": "decoding", **{f"{name} tokens/s": value for name, value in speed.items()}})
    write_results("base", rows, goals_of(rows[0], speed))


def goals_of(row: dict[str, Any], speed: dict[str, float]) -> list[dict[str, Any]]:
    """Return the goals of the issue."""
    bits, parse = row["bits per byte"], row["parse"]
    wins, minutes = tuned_wins(read_results("evaluation")["rows"]), demo_minutes()
    missing = "run the benchmark it is read from first"
    return [
        make_goal("base.1", "held-out bits per byte", bits, f"<= {BITS}", bits <= BITS, "bits"),
        make_goal("base.2", "greedy bodies that parse", parse, f">= {PARSE}", parse >= PARSE),
        make_goal("base.3", "decoding against plain generate", speed["ours"] / speed["plain"], "reported", True, "x"),
        make_goal("base.4", "codebases where tuned beats base", wins, "3, or the README tells the others",
                  None if wins is None else wins >= 3 or readme_tells(), reason=missing),
        make_goal("base.5", "the demo", minutes, "<= 10", None if minutes is None else minutes <= 10, "minutes",
                  missing),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
