"""
Goal 3: is a wrapper found that the house uses, and none where there is none? In: eight codebases. Out: counts.

Into each codebase a module is planted that wraps a library's function, twenty calls of the wrapper in ten files, and
two raw calls. Then labels are shuffled: every call of the wrapper or of what it wraps becomes either by the toss of a
coin, every function and class is given the decorators and bases of another, and what a function takes is shuffled. No
rule may come of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from idiolect.mining.conventions.convention import HouseConvention, collect_conventions, conventions_by_id
from idiolect.mining.conventions.facts import FileFacts
from idiolect.mining.conventions.tally import FileTally, tally_source
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.roles import role_of
from idiolect.mining.source import Source, parse_source

from ..results import make_goal
from . import Measured
from .codebases import Codebase, load_all
from .mutants import SEED

USES, RAW_CALLS, FILES = 20, 2, 10
SHUFFLES = 5
RAW = "urlkit.transport.fetch_bytes"


def measure() -> Measured:
    """Return how many planted wrappers are found, with their raw calls, and how many rules shuffled labels give."""
    rows = [measure_one(codebase) for codebase in load_all()]
    found = sum(row["found"] for row in rows) / len(rows)
    raw = sum(row["raw calls found"] for row in rows) / (RAW_CALLS * len(rows))
    shuffled = sum(row["rules from shuffled labels"] for row in rows)
    tiers = ", ".join(sorted({row["tier"] for row in rows if row["tier"]}))
    return Measured(
        rows,
        [
            make_goal("conventions.3", f"planted wrappers found (tier: {tiers})", found, "1", found == 1),
            make_goal("conventions.3", "their raw calls found, each on its line", raw, "1", raw == 1),
            make_goal("conventions.3", f"rules from labels shuffled {SHUFFLES} times", shuffled, "0", shuffled == 0),
        ],
    )  # fmt: skip


def measure_one(codebase: Codebase) -> dict[str, float | str]:
    """Return what became of one codebase's wrapper and of its shuffled labels."""
    changed, raw_lines = plant_wrapper(codebase)
    tallies = {**codebase.tallies, **{source.path: tally_source(source) for source in changed}}
    profile = learn_profile(tallies.values())
    rules = [entry for entry in profile.entries if entry.convention == "A01" and entry.key == RAW]
    hits = {
        (source.path, finding.line)
        for source in changed
        for finding in judge_source(source, profile).findings
        if finding.entry.convention == "A01" and finding.entry.key == RAW
    }
    return {
        "codebase": codebase.name,
        "found": len({entry.key for entry in rules}),
        "tier": rules[0].tier if rules else "",
        "k": rules[0].k if rules else 0,
        "n": rules[0].n if rules else 0,
        "raw calls found": len(hits & raw_lines),
        "other alerts of the rule": len(hits - raw_lines),
        "rules from shuffled labels": sum(shuffled_rules(codebase, number) for number in range(SHUFFLES)),
    }


def plant_wrapper(codebase: Codebase) -> tuple[list[Source], set[tuple[str, int]]]:
    """Return the files that hold the wrapper, its calls and the raw calls, and where the raw ones stand."""
    package, *_ = codebase.sources[0].path.split("/")
    home = f'"""Fetch."""\n\nimport urlkit.transport\n\n\ndef load(url):\n    return {RAW}(url, retries=3)\n'
    python = language_named("python")
    planted = [parse_source(f"{package}/planted_net.py", home.encode(), python)]
    chosen = random.Random(f"{SEED} {codebase.name}").sample(
        [s for s in codebase.sources if role_of(s.path) == "src" and not s.tree.root_node.has_error], FILES + RAW_CALLS
    )
    lines: set[tuple[str, int]] = set()
    for number, source in enumerate(chosen):
        last = len(source.line_starts) + (not source.utf8.endswith(b"\n"))
        start = source.text if source.utf8.endswith(b"\n") or not source.utf8 else source.text + "\n"
        if number < FILES:
            calls = "".join(f"planted_{use} = planted_net.load({use})\n" for use in range(USES // FILES))
            text = f"{start}from {package} import planted_net\n{calls}"
        else:
            text = f"{start}import urlkit.transport\nplanted = {RAW}(0)\n"
            lines.add((source.path, last + 1))
        planted.append(parse_source(source.path, text.encode(), python))
    return planted, lines


def shuffled_rules(codebase: Codebase, number: int) -> int:
    """Return how many mined rules the codebase's facts give when their labels are dealt out anew."""
    deal = random.Random(f"{SEED} {codebase.name} {number}")
    changed, _ = plant_wrapper(codebase)
    tallies = {**codebase.tallies, **{source.path: tally_source(source) for source in changed}}
    mined = {convention.id for convention in collect_conventions() if isinstance(convention, HouseConvention)}
    return sum(
        entry.convention in mined and bool(entry.tier)
        for entry in learn_profile(shuffle_labels(list(tallies.values()), deal)).entries
    )


def shuffle_labels(tallies: list[FileTally], deal: random.Random) -> list[FileTally]:
    """Return *tallies* with the labels of their facts dealt out anew."""
    facts = [tally.facts for tally in tallies if tally.facts is not None]
    rules = conventions_by_id()["A01"]
    assert isinstance(rules, HouseConvention)
    sides: dict[str, tuple[str, str]] = {}
    for rule in rules.find_rules({fact.path: fact for fact in facts}):
        sides[rule["raw"]] = sides[rule["wrapper"]] = (rule["raw"], rule["wrapper"])
    homes = {home for rule in rules.find_rules({f.path: f for f in facts}) for home in rule["homes"]}

    def toss(callee: str, module: str) -> str:
        return deal.choice(sides[callee]) if callee in sides and module not in homes else callee

    decorators = dealt((function.decorators for fact in facts for function in fact.functions), deal)
    bases = dealt((found.bases for fact in facts for found in fact.classes), deal)
    marks = dealt((found.decorators for fact in facts for found in fact.classes), deal)
    raised = dealt((found.raised for fact in facts for found in fact.raises), deal)
    entered = dealt((call.in_with for fact in facts for call in (*fact.calls, *fact.own_calls)), deal)

    def relabel(fact: FileFacts) -> FileFacts:
        return replace(
            fact,
            calls=tuple(call._replace(callee=toss(call.callee, fact.module), in_with=entered()) for call in fact.calls),
            own_calls=tuple(call._replace(in_with=entered()) for call in fact.own_calls),
            functions=tuple(function._replace(decorators=decorators()) for function in fact.functions),
            classes=tuple(found._replace(bases=bases(), decorators=marks()) for found in fact.classes),
            raises=tuple(found._replace(raised=raised()) for found in fact.raises),
            signatures=tuple(
                found._replace(names=tuple(deal.sample(found.names, len(found.names)))) for found in fact.signatures
            ),
        )

    return [replace(t, opportunities=(), facts=relabel(t.facts)) for t in tallies if t.facts is not None]


def dealt(labels: Iterable[Any], deal: random.Random) -> Callable[[], Any]:
    """Return a function that gives *labels* one after the other, in chance order."""
    cards = list(labels)
    deal.shuffle(cards)
    return iter(cards).__next__
