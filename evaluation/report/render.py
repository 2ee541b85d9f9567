"""
The report. In: an evaluation's rows. Out: one HTML page that needs no network, for a person who was not there.

Everything is escaped by the template; the sample browser's data travels as JSON that cannot close its own element, and
its script only ever sets text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ...mining.corpus import Corpus
from ...mining.errors import MissingExtraError
from ...mining.guide import strongest_first
from ...mining.wording import all_of, counted, worded
from ..arms import ARMS, Request
from ..checks.check import LOST
from ..figures import decimal, decimals, percent, points, relative, show_p, signed, span
from ..samples import RIVAL
from ..tables import Row
from .browser import pack_data
from .charts import Curve, Scale, draw_curve, draw_dot
from .examples import choose_examples, say_status
from .facts import describe_data, list_facts, name_rival
from .headline import accepted, describe_figures, describe_strip
from .visible import make_visible

if TYPE_CHECKING:
    from jinja2 import Template

HERE = Path(__file__).parent
LABELS = {
    "WORTH_IT": ("Worth it", "good"),
    "RAG_SUFFICES": ("A good prompt suffices", "even"),
    "NOT_WORTH_IT": ("Not worth it", "bad"),
    "INCONCLUSIVE": ("Inconclusive", "wait"),
    "BLOCKED": ("Blocked", "bad"),
    "INVALID": ("Invalid", "bad"),
}
SAYS = {
    "base": "the file's own context",
    "guide": "with the style guide in the prompt",
    "rag": "with similar code in the prompt",
    "guide+rag": "with guide and similar code",
    "tuned": "the adapter, no extra prompt",
    "tuned+rag": "the adapter, with similar code",
    "base-repeat": "control: base asked again",
    "reference": "control: what the house wrote",
    "stub": "control: empty bodies",
    "placebo": "control: an adapter from other code",
    "rival": "another model, behind an endpoint",
}
ACCEPTED = {
    "parse": "parses",
    "compile": "compiles",
    "names": "uses names that exist",
    "substance": "does real work",
    "style": "keeps the house style",
    "tests": "passes the tests",
}
"""What an answer does that each check lets pass."""
ENDPOINTS = {
    "answer_loss": "loss on held-out answers",
    "general_loss": "loss on general code",
    "a/a": "base against its repeat",
}
PROFILE_ROWS = 14


def render_report(
    run: Row,
    scores: Sequence[Row],
    samples: Sequence[Row],
    verdict: Row,
    corpus: Corpus,
    log: Sequence[Row],
    requests: Mapping[str, Request],
    latency: Mapping[str, Row],
) -> str:
    """
    Return the page.

    Raises `MissingExtraError` when jinja2 is not installed.
    """
    template = load_template()
    # folds are asked of what is training elsewhere
    splits = ("train", "test", "validation") if run.get("folds") else ("test", "validation")
    pairs = {pair.id: pair for split in splits for pair in corpus.pairs(split)}
    word, tone = LABELS[verdict["verdict"]]
    page = {
        "css": read_part("page.css"),
        "js": read_part("page.js"),
        "verdict": {"word": verdict["verdict"], "label": word, "tone": tone, "sentence": verdict["sentence"]},
        "repository": short_name(run["repository"]),
        "commit": "" if run["commit"].startswith("tree:") else run["commit"][:10],
        "model": run["model"].get("base", "a model"),
        "n_probes": run["suite"]["n_probes"],
        "n_clusters": run["suite"]["n_clusters"],
        "accepted": say_accepted(verdict),
        "strip": describe_strip(verdict),
        "figures": describe_figures(run, verdict),
        "arms": [describe_arm(arm, verdict, run) for arm in verdict["arms"]],
        "arm_ticks": [(tick * 100, f"{tick:.0%}") for tick in (0.0, 0.25, 0.5, 0.75, 1.0)],
        "checks": ["accepted", *run["checks"]],
        "style": [arm for arm in verdict["arms"] if arm["style"] is not None],
        "mended_by": " and ".join(name_tools(run)),
        "losses": describe_losses(verdict["losses"]),
        "tuned": any(arm["arm_id"].startswith("tuned") for arm in verdict["arms"]),
        "curve": describe_curve(log),
        "examples": choose_examples(scores, pairs, verdict),
        "facts": list_facts(run, verdict, latency),
        "data_curve": describe_data(verdict["curve"]),
        "latency": latency,
        "rival": RIVAL in latency,
        "slices": describe_slices(verdict["slices"]),
        "profile": describe_profile(corpus),
        "integrity": [describe_check(check) for check in verdict["integrity"]],
        "plan": describe_plan(verdict),
        "admission": describe_admission(run),
        "comparisons": verdict["comparisons"],
        "endpoints": ENDPOINTS,
        "statuses": sorted({say_status(row["status"]) for row in scores}),
        "footer": describe_footer(run, verdict),
        "data": pack_data(scores, samples, pairs, requests),
    }
    return make_visible(template.render(page))


@cache
def load_template() -> Template:
    """Return the page's template, compiled once in a process. Raises `MissingExtraError` when jinja2 is missing."""
    try:
        from jinja2 import Environment, FileSystemLoader
    except ImportError:
        raise MissingExtraError("jinja2", "idiolect[evaluate]") from None
    environment: Any = Environment(loader=FileSystemLoader(HERE), autoescape=True)
    environment.filters.update(
        percent=percent, signed=signed, span=span, decimal=decimal, decimals=decimals, show_p=show_p
    )
    return environment.get_template("page.html")


def read_part(name: str) -> Markup:
    """Return one of our own files, as it is."""
    return Markup((HERE / name).read_text("utf-8"))  # noqa: S704 - ours


def short_name(repository: str) -> str:
    """Return a repository's last path part."""
    return PurePosixPath(repository.rstrip("/")).name.removesuffix(".git") or repository


def describe_arm(arm: Row, verdict: Row, run: Row) -> dict[str, Any]:
    """Return one arm's row, in the picture and in the table."""
    name = arm["arm_id"]
    accept = arm["rates"].get("accept")
    lost = arm["statuses"].get(LOST, 0)
    chosen = name in (verdict["chosen"]["prompt"], verdict["chosen"]["tuned"])
    scale = Scale(0, 1)
    total = sum(arm["endings"].values())
    cut = (("rules", arm["guide_left_out"]), ("passages", arm["retrieved_left_out"]))
    left_out = ", ".join(f"{count / total:.1f} {what}" for what, count in cut if count)
    adapted = name in ARMS and ARMS[name].adapted
    endpoints = ("accept", *verdict["checks"])
    says = f"{name_rival(run)}, behind an endpoint" if name == RIVAL and "rival" in run else SAYS.get(name, "")
    return {
        "name": name,
        "says": says + (" · compared" if chosen else "") + (f" · {lost:,} lost" if lost else ""),
        "chosen": chosen and adapted,
        "control": name not in (*ARMS, RIVAL),
        "svg": ""
        if accept is None
        else draw_dot(accept["rate"], accept["ci"], scale, strong=adapted, marks=(0, 0.25, 0.5, 0.75, 1)),
        "rate": percent(accepted(arm)),
        "interval": "" if accept is None else f"95% interval {percent(accept['ci'][0])} to {percent(accept['ci'][1])}",
        "rates": [percent(arm["rates"][key]["rate"]) if key in arm["rates"] else "–" for key in endpoints],
        "ran_on": percent(arm["endings"].get("ran_on", 0) / total),
        "truncated": percent(arm["endings"].get("truncated", 0) / total),
        "prompt_tokens": "–" if arm["prompt_tokens"] is None else f"{arm['prompt_tokens']:,.0f}",
        "output_tokens": "–" if arm["output_tokens"] is None else f"{arm['output_tokens']:,.0f}",
        "left_out": left_out or "–",
    }


def say_accepted(verdict: Row) -> str:
    """Return what an accepted answer does, by those checks alone that could judge any here."""
    judging = [name for name in verdict["checks"] if any(name in arm["rates"] for arm in verdict["arms"])]
    return all_of([ACCEPTED.get(name, f"passes {name}") for name in judging] or ["is one"])


def name_tools(run: Row) -> list[str]:
    """Return what mended the answers, for a person."""
    tools = run["checks"].get("style", {}).get("mended_by", ())
    return ["our own fixes" if tool == "idiolect" else tool for tool in tools]


def describe_losses(losses: Row) -> list[dict[str, Any]]:
    """Return base and tuned loss as bars, on the probes and on general code."""
    rows: list[dict[str, Any]] = []
    parts = [losses[name] for name in ("test", "general") if name in losses]
    highest = max((part.get(side, 0.0) for part in parts for side in ("base", "tuned")), default=1.0)
    for name, label in (("test", "held-out answers"), ("general", "general code")):
        part = losses.get(name)
        if part is None:
            continue
        bars = [
            {"name": side, "width": round(part[side] / highest * 100, 1), "value": f"{part[side]:.3f}"}
            for side in ("base", "tuned")
            if side in part
        ]
        ci = part.get("ci")
        interval = f"{relative(-ci[1])} to {relative(-ci[0])}" if ci else ""
        change = relative(-part["fell"]) if "fell" in part else ""
        rows.append({"label": label, "bars": bars, "change": change, "interval": interval})
    return rows


def describe_curve(log: Sequence[Row]) -> Curve | None:
    """Return the loss curve of the adapter's log, or None without one."""
    training = [(row["step"], row["loss"]) for row in log if "loss" in row]
    held = [(row["step"], row["held_out_loss"]) for row in log if "held_out_loss" in row]
    return draw_curve((("training", training), ("held", held)))


def describe_slices(slices: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a table for each way to tell probes apart."""
    tables: list[dict[str, Any]] = []
    for by in dict.fromkeys(row["by"] for row in slices):
        own = [row for row in slices if row["by"] == by]
        arms = [name for name in ARMS if any(name in row["rates"] for row in own)]
        tables.append({"by": by, "arms": arms, "slices": own})
    return tables


def describe_profile(corpus: Corpus) -> dict[str, Any] | None:
    """Return the strongest conventions of the profile, as a person would say them; None without any."""
    entries = strongest_first(corpus.profile)
    if not entries:
        return None
    rows: list[dict[str, Any]] = []
    for entry in entries[:PROFILE_ROWS]:
        counts = f"{entry.conforming:,} of {entry.opportunities:,}"
        support = f"{counts} in {entry.where}".replace("`", "") if entry.where else counts
        said = entry.advice.replace("`", "")
        rows.append({"rule": said, "width": round(entry.conforming / entry.opportunities * 100, 1), "support": support})
    more = f", the strongest {len(rows)} of them here" if len(entries) > len(rows) else ""
    learned = f"{counted(len(entries), 'convention')} learned from {counted(corpus.profile.files, 'file')}{more}"
    lead = f"{learned}. The same questions judge answers."
    return {"lead": lead, "rows": rows}


def describe_check(check: Row) -> dict[str, str]:
    """Return one condition with its mark."""
    value = check["value"]
    shown = "not measured" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    tone = "unknown" if check["ok"] is None else "good" if check["ok"] else "bad"
    limit = f"({check['limit']})" if check["ok"] is not False else f"– {check['reason']}"
    return {"check": check["check"], "value": shown, "limit": limit, "tone": tone}


def describe_plan(verdict: Row) -> str:
    """Return what the probes could see where arms differ as these did, and how many a gain worth having takes."""
    plan, least = verdict["plan"], points(verdict["policy"]["minimum_gain"])
    sees = "no gain of any size" if plan["mde"] is None else f"a true gain of {points(plan['mde'])}"
    suite = f"{counted(plan['probes'], 'probe')} in {counted(plan['clusters'], 'cluster')}"
    return (
        f"{suite} can find {sees} in 4 of 5 runs, if arms differ on {plan['discordant']:.0%} of them. To find a gain "
        f"of {least}, about {plan['needed']:,} probes are needed."
    )


def describe_admission(run: Row) -> str:
    """Return how many pairs became probes, and why others did not."""
    parts: list[str] = []
    for split, suite in run["suites"].items():
        reasons = ", ".join(f"{count} {worded(reason)}" for reason, count in suite["refused"].items())
        refused = f"; refused: {reasons}" if reasons else ""
        parts.append(f"{split}: {suite['n_probes']} of {counted(suite['n_candidates'], 'pair')}{refused}")
    return ". ".join(parts) + "."


def describe_footer(run: Row, verdict: Row) -> str:
    """Return what identifies the run."""
    decoding = "greedy" if run["decode"]["temperature"] == 0 else "sampled"
    hashes = f"corpus {run['corpus_sha256'][:12]} · evidence {verdict['evidence_sha256'][:12]}"
    return f"idiolect {run['tool_version']} · {hashes} · decoding {decoding} · one page, no network, no tracking"
