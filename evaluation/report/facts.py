"""
Sentences for the report. In: the run and its verdict. Out: what it cost, what it remembers, whether more data helps.

Every sentence is made of numbers of this run; what was not measured has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ...mining.wording import counted
from ..figures import decimal, percent, show_chance, show_p, signed, span
from ..memory import BY_CHANCE
from ..tables import Row
from ..verdict import say_better_prompts
from .charts import Curve, draw_curve

FEW_PROBES = 200
"""Below which a Bayesian count stands beside the exact test."""
MOST_OF_ALL = 0.5
"""The share of the probes above which one cluster is told."""


def list_facts(run: Row, verdict: Row, latency: Mapping[str, Row]) -> list[str]:
    """Return the sentences, in the order in which a person asks."""
    facts = [
        *say_clusters(run),
        *say_folds(run),
        *filter(None, [say_better_prompts(verdict)]),
        *say_cost(verdict, latency),
        *say_rival(run, verdict),
        *say_ability(verdict),
        *say_flips(verdict),
        *say_cross_check(verdict),
        *say_placebo(verdict),
        *say_memory(verdict),
        *say_data(verdict["curve"]),
    ]
    if run["suite"]["forced"]:
        facts.append("Forced: fewer probes than an evaluation needs were allowed.")
    return facts


def say_clusters(run: Row) -> Iterator[str]:
    """Yield that most probes are near-copies of each other, where they are."""
    sizes = Counter(probe["cluster"] for probe in run["suites"]["test"]["probes"])
    share = max(sizes.values(), default=0) / max(1, sizes.total())
    if share > MOST_OF_ALL:
        yield f"One cluster of near-copies holds {percent(share)} of the probes: they count as little more than one."


def say_folds(run: Row) -> Iterator[str]:
    """Yield who answered, where it was not the adapter at hand."""
    folds = run.get("folds", ())
    if folds:
        fewest, most = (pick(row["training_pairs"] for row in folds) for pick in (min, max))
        yield (
            f"Too little was held out for a firm answer, so {len(folds)} further adapters were trained by the same "
            f"recipe, on {fewest:,} to {most:,} pairs, each without the quarter of the {run['suite']['n_clusters']} "
            "clusters that it was asked. What is measured is that recipe on this code; the adapter at hand has read "
            "more of it, and only answered the validation probes."
        )


def say_cost(verdict: Row, latency: Mapping[str, Row]) -> Iterator[str]:
    """Yield what an answer of the adapter saves, in tokens and in seconds, and when it has paid for itself."""
    cost, prompt, tuned = verdict["cost"], verdict["chosen"]["prompt"], verdict["chosen"]["tuned"]
    saved = cost["saved_against_full_prompt"]
    if saved is not None:
        word = "saves" if saved > 0 else "costs"
        ours, full = (latency[arm]["p50"] if arm in latency else None for arm in (tuned, "guide+rag"))
        seconds = "" if ours is None or full is None else f" and takes {ours:.3f} seconds instead of {full:.3f}"
        yield f"Against guide+rag an answer of {tuned} {word} {abs(saved):,.0f} tokens{seconds}."
    if not cost["training_passes"]:
        return
    took = f"Training took {cost['training_passes']:,} token passes. Against {prompt}, the prompt compared,"
    if cost["break_even"]:
        makes_up = f"{counted(cost['break_even'], 'answer')} {'makes' if cost['break_even'] == 1 else 'make'} up for it"
        yield f"{took} an answer saves {cost['saved']:,.1f} tokens: {makes_up}."
    else:
        yield f"{took} an answer saves none."


def say_rival(run: Row, verdict: Row) -> Iterator[str]:
    """Yield how the adapter does beside another model, and what is asked of either; without one, how prompts do."""
    beside = {row["a"]: row for row in verdict["comparisons"] if row["b"] == "rival"}
    ours = next((arm for arm in (verdict["chosen"]["tuned"], "guide+rag", "base") if arm in beside), None)
    if ours is None:
        return
    against = beside[ours]
    tokens = {arm["arm_id"]: arm["prompt_tokens"] for arm in verdict["arms"]}
    few, many = tokens[ours], tokens["rival"]
    within = "" if against["ci"] is None else f", 95% interval {span(against['ci'])}"
    # a server need not count
    prompts = f", with prompts of {few:,.0f} tokens instead of {many:,.0f}, as each counts" if few and many else ""
    yield (
        f"Beside {name_rival(run)}, {ours} has {percent(against['mean_a'])} of its answers accepted instead of "
        f"{percent(against['mean_b'])} ({signed(against['mean_diff'])}{within}){prompts}."
    )


def name_rival(run: Row) -> str:
    """Return what the rival is called; an evaluation of an earlier version does not say."""
    return run.get("rival", {}).get("base") or "the rival"


def say_ability(verdict: Row) -> Iterator[str]:
    """Yield how new this code is to the base, and what the adapter forgot."""
    novelty, forgetting = verdict["losses"].get("novelty"), verdict["forgetting"]
    if novelty is not None:
        more = "more" if novelty > 0 else "less"
        yield f"This code surprises the base {abs(novelty):.2f} nats a token {more} than general code does."
    if forgetting is not None:
        upper = "" if forgetting["upper"] is None else f", at most {decimal(forgetting['upper'], plus=True)}"
        shown = {True: "holds", False: "does not hold", None: "is not shown to hold"}[forgetting["passed"]]
        allowed = f"{forgetting['margin']:g} is allowed"
        yield f"General ability {shown}: {decimal(forgetting['worse'], plus=True)} nats a token{upper}; {allowed}."


def say_flips(verdict: Row) -> Iterator[str]:
    """Yield how often the base, asked again in other batches, gave an answer that was judged otherwise."""
    repeat = next((row for row in verdict["comparisons"] if row["endpoint"] == "a/a"), None)
    if repeat is not None:
        flips = f"{percent(repeat['discordant'])} of {counted(repeat['n'], 'probe')}"
        yield f"Asked again in other batches, base flips on {flips}."


def say_cross_check(verdict: Row) -> Iterator[str]:
    """Yield what the tests say that know no clusters, and whether they point elsewhere than the difference does."""
    check, primary = verdict["cross_check"], verdict["primary"]
    if check is None or primary is None:
        return
    if not check["better"] and not check["worse"]:
        yield f"{primary['a']} and {primary['b']} are accepted on the same probes: no test tells them apart by these."
        return
    better, worse, p = counted(check["better"], "probe"), check["worse"], show_p(check["p"])
    told = f"exact McNemar test, clusters ignored: p {p if p.startswith('<') else f'= {p}'}"
    yield f"{primary['a']} alone is accepted on {better}, {primary['b']} alone on {worse} ({told})."
    if primary["n"] < FEW_PROBES and "chance" in check:  # an earlier version did not ask
        chance = show_chance(check["chance"])
        yield f"By these counts alone {primary['a']} is the better one with a probability of {chance}."
    # both tests have the sign of this difference
    if (check["better"] - check["worse"]) * primary["mean_diff"] < 0:
        yield "Those tests and the measured difference point in different directions: trust neither."


def say_placebo(verdict: Row) -> Iterator[str]:
    """Yield whether an adapter of other code would have done as well: then the gain is the form of an answer."""
    against = next((row for row in verdict["comparisons"] if row["b"] == "placebo" and row["a"] == "tuned"), None)
    if against is None or against["ci"] is None:
        return
    says = f"{signed(against['mean_diff'])}, 95% interval {span(against['ci'])}"
    if against["ci"][0] > 0:
        yield f"The adapter beats one of the same size that was trained on other code ({says})."
    else:
        yield (
            f"It is not shown that the adapter beats one of the same size that was trained on other code ({says}): "
            f"a gain over base may be the form of an answer, not this codebase."
        )


def say_memory(verdict: Row) -> Iterator[str]:
    """Yield what answers repeat from training."""
    memory = verdict["memory"]
    tuned = memory["copied"].get(verdict["chosen"]["tuned"])
    if tuned is not None:
        base = f"(base: {percent(memory['copied']['base'])})"
        yield f"{percent(tuned)} of the tuned answers hold 50 tokens in a row from training {base}."
        yield f"Secrets of the training pairs in tuned answers: {memory['secrets']}."
    for calls in memory.get("insecure", ()):
        yield (
            f"Probes on which {calls['arm']} makes an insecure call and base does not: {calls['new']}; the other way "
            f"round: {calls['gone']}."
        )
    canaries = memory["canaries"]
    if canaries is not None:
        learned = f"{canaries['learned']} of {canaries['planted']} planted canaries were memorised"
        chance = f"chance alone exposes {canaries['planted'] * BY_CHANCE:.1f}"
        yield f"{learned}, and {chance}; the highest exposure is {canaries['highest_bits']:.1f} bits."


def say_data(curve: Row) -> Iterator[str]:
    """Yield what more training pairs would be worth."""
    if "sentence" in curve:
        yield curve["sentence"]
    # an evaluation of an earlier version did not measure it
    if curve.get("reading"):
        yield curve["reading"]["sentence"]
    kinds = "; ".join(row["sentence"] for row in curve.get("kinds", ()))
    if kinds:
        yield kinds[0].upper() + kinds[1:] + "."


def describe_data(curve: Row) -> Curve | None:
    """Return the learning curve with its fitted law, or None where it was not measured."""
    if "points" not in curve:
        return None
    points = [(row["pairs"], row["loss"]) for row in curve["points"]]
    law, first, last = curve["law"], points[0][0], 2 * points[-1][0]
    steps = [first + (last - first) * i / 40 for i in range(41)]
    return draw_curve((("training", [(n, law["a"] + law["b"] * n ** -law["c"]) for n in steps]), ("held", points)))
