"""
What `generate --conform` buys. In: the samples and the embedded base. Out: parse rate, compile rate and time, by arm.

Both samples are mined, an adapter is trained on each, and their held-out functions are asked for four times at
temperature 0.8: as the model would have it (`plain`), pruned by the grammar while it grows (`pruned`), and the best of
the four after ranking and repair (`plain best of 4`, `conform`). All through the same cut and the same checks as an
evaluation; times are processor time, plain and pruned chunks in turn. `python -m benchmarks.conform [dsl] [framework]`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idiolect.evaluation.checks.check import Check
from idiolect.evaluation.checks.compile import CompileCheck
from idiolect.evaluation.checks.parse import ParseCheck
from idiolect.evaluation.conform import conform
from idiolect.evaluation.probes import Probe, select_probes
from idiolect.evaluation.statistics import compare, mean_interval
from idiolect.evaluation.task import limit_answer
from idiolect.mining.corpus import Corpus, read_corpus
from idiolect.mining.growth import Growth
from idiolect.mining.languages import use_languages
from idiolect.mining.mine import mine_repositories
from idiolect.mining.own_languages import read_own_languages
from idiolect.training.generation import ModelGenerator, load_model
from idiolect.training.recipe import change_recipe
from idiolect.training.train import train_adapter

from .pages import fill_page, table_line
from .results import make_goal, read_results, write_results

ROOT = Path(__file__).parent.parent
WORK = ROOT / ".idiolect" / "conform"
COUNT, WARMTH, CHUNK, MOST_PROBES = 4, 0.8, 12, 48
RECIPE = ("minutes=2.5",)
LANGUAGES = {"dsl": ROOT / "samples" / "dsl" / "language.toml", "framework": None}
SOURCES = {"dsl": ROOT / "samples" / "dsl" / "programs", "framework": ROOT / "samples" / "framework"}
PAGE = ROOT / "docs" / "teach-a-dsl.md"
ARMS = ("plain", "pruned", "plain best of 4", "conform")


@dataclass
class Tally:
    """
    What was measured on one sample, by arm and probe.
    """

    parse: dict[str, dict[str, float]] = field(default_factory=lambda: {arm: {} for arm in ARMS})
    compile: dict[str, dict[str, float]] = field(default_factory=lambda: {arm: {} for arm in ARMS})
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ARMS, 0.0))
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ARMS, 0))


def prepare(sample: str) -> tuple[Corpus, ModelGenerator]:
    """Return the corpus of *sample* and the base with an adapter trained on it, made once and kept in `.idiolect`."""
    use_languages(read_own_languages(language) if (language := LANGUAGES[sample]) else ())
    corpus, adapter = WORK / sample / "corpus", WORK / sample / "adapter"
    if not (corpus / "manifest.json").is_file():
        mine_repositories([SOURCES[sample]], corpus, workers=1)
    if not (adapter / "idiolect.json").is_file():
        train_adapter(corpus, adapter, base="embedded", adjust=lambda recipe: change_recipe(recipe, None, RECIPE))
    return read_corpus(corpus), load_model(None, adapter).generator


def measure(corpus: Corpus, generator: ModelGenerator) -> tuple[Tally, dict[str, str]]:
    """Ask for every held-out function in every arm, and return what came of it with each probe's cluster."""
    checks = (ParseCheck(), CompileCheck())
    probes = [
        *select_probes(corpus, "test", None, lambda found: [admit(checks, probe) for probe in found]).probes,
        *select_probes(corpus, "validation", None, lambda found: [admit(checks, probe) for probe in found]).probes,
    ][:MOST_PROBES]
    tally = Tally()
    for start in range(0, len(probes), CHUNK):
        chunk = probes[start : start + CHUNK]
        for name, best in (("plain", "plain best of 4"), ("pruned", "conform")):
            began = time.process_time()
            written = ask(generator, chunk, tally, name, seed=start)
            tally.seconds[name] += time.process_time() - began
            for probe, texts in zip(chunk, written, strict=True):
                codes = [probe.extract(text, "stop").code for text in texts]
                began = time.process_time()
                chosen = conform(hole_of(probe), probe.pair.path, codes)[0]
                tally.seconds[best] += time.process_time() - began
                note(tally, checks, name, probe, codes)
                note(tally, checks, best, probe, [chosen.text])
    for name, best in (("plain", "plain best of 4"), ("pruned", "conform")):
        tally.seconds[best] += tally.seconds[name]
        tally.tokens[best] = tally.tokens[name]
    return tally, {probe.id: probe.pair.cluster for probe in probes}


def admit(checks: Sequence[Check], probe: Probe) -> str:
    """Return why a probe cannot be used: its own reference must parse and compile."""
    for check in checks:
        (result,) = check.judge([probe.answer(probe.pair.response)])
        if result.ok is not True:
            return result.status
    return ""


def hole_of(probe: Probe) -> Growth:
    """Return the probe's file around its hole."""
    utf8 = probe.source.utf8
    before, after = utf8[: probe.span.start].decode(), utf8[probe.span.end :].decode()
    return Growth(probe.source.language, before, after)


def ask(generator: ModelGenerator, probes: Sequence[Probe], tally: Tally, arm: str, seed: int) -> list[list[str]]:
    """Return `COUNT` texts for each probe."""
    asked = [probe for probe in probes for _ in range(COUNT)]
    answers = generator.generate(
        [probe.pair for probe in asked],
        adapted=True,
        max_tokens=[limit_answer(generator.count_tokens(probe.pair.response)) for probe in asked],
        temperature=WARMTH,
        seed=seed,
        is_over=[probe.is_over for probe in asked],
        guards=[hole_of(probe) for probe in asked] if arm == "pruned" else None,
    )
    found = dict(answers)
    tally.tokens[arm] += sum(answer.output_tokens for answer in found.values())
    return [[found[place * COUNT + i].text for i in range(COUNT)] for place in range(len(probes))]


def note(tally: Tally, checks: Sequence[Check], arm: str, probe: Probe, codes: Sequence[str]) -> None:
    """Keep the share of *codes* that parse and that compile."""
    answers = [probe.answer(code) for code in codes]
    parse, compiled = (check.judge(answers) for check in checks)
    good = [p.ok is True for p in parse]
    tally.parse[arm][probe.id] = sum(good) / len(codes)
    both = [p and c.ok is True for p, c in zip(good, compiled, strict=True)]
    tally.compile[arm][probe.id] = sum(both) / len(codes)


def rows_of(sample: str, tally: Tally, clusters: dict[str, str]) -> list[dict[str, Any]]:
    """Return one row an arm: rates with 95 % intervals over clusters of files, and time against plain sampling."""
    return [
        {
            "sample": sample,
            "arm": arm,
            "probes": len(clusters),
            "clusters": len(set(clusters.values())),
            "parse": mean(tally.parse[arm]),
            "parse 95 %": interval_of(tally.parse[arm], clusters),
            "compile": mean(tally.compile[arm]),
            "compile 95 %": interval_of(tally.compile[arm], clusters),
            "tokens": tally.tokens[arm],
            "cpu seconds": round(tally.seconds[arm], 2),
            "times plain": round(tally.seconds[arm] / tally.seconds["plain"], 2),
        }
        for arm in ARMS
    ]


def mean(values: dict[str, float]) -> float:
    """Return the mean over probes."""
    return round(sum(values.values()) / len(values), 4)


def interval_of(values: dict[str, float], clusters: dict[str, str]) -> str:
    """Return the interval of a rate as text."""
    low, high = mean_interval(values, clusters)
    return f"{low:.1%} to {high:.1%}"


def goals_of(rows: Sequence[dict[str, Any]], gains: dict[str, tuple[float, float, float]]) -> list[dict[str, Any]]:
    """Return what the issue asks for: the gain on the small language, and the price on every sample."""
    goals: list[dict[str, Any]] = []
    if "dsl" in gains:
        gain, low, high = gains["dsl"]
        what = f"tend: compile rate, conform minus plain (95 %: {low:+.1%} to {high:+.1%})"
        goals.append(make_goal("samples.3a", what, round(gain, 4), "> 0, interval above 0", low > 0))
    slowest = max(row["times plain"] for row in rows if row["arm"] == "conform")
    goals.append(make_goal("samples.3b", "processor time of conform, in plain sampling at equal count", slowest,
                           "<= 3", slowest <= 3, "times"))  # fmt: skip
    return goals


def render_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as the Markdown that the page shows."""
    head = ("sample", "way", "tasks", "parse", "95 %", "compile", "95 %", "time")
    cells = [
        (row["sample"], row["arm"], row["probes"], f"{row['parse']:.0%}", row["parse 95 %"], f"{row['compile']:.0%}",
         row["compile 95 %"], f"{row['times plain']:g} ×")
        for row in rows
    ]  # fmt: skip
    return "\n".join(table_line(line) for line in (head, ["---"] * len(head), *cells))


def main() -> None:
    """Measure the samples named on the command line, or both; rows of the other one are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="*", default=list(LANGUAGES), choices=list(LANGUAGES))
    chosen: list[str] = parser.parse_args().samples
    kept = read_results("conform")
    rows = [row for row in kept["rows"] if row["sample"] not in chosen]
    gains: dict[str, tuple[float, float, float]] = {}
    for sample in chosen:
        tally, clusters = measure(*prepare(sample))
        rows += rows_of(sample, tally, clusters)
        found = compare("compile", ("conform", tally.compile["conform"]), ("plain", tally.compile["plain"]), clusters)
        low, high = found.ci or (-1.0, 1.0)
        gains[sample] = found.mean_diff, low, high
    goals = goals_of(rows, gains)
    old = [goal for goal in kept["goals"] if goal["name"] not in {goal["name"] for goal in goals}]
    fill_page(PAGE, "conform", render_table(rows))
    write_results("conform", rows, [*old, *goals])


if __name__ == "__main__":
    main()
