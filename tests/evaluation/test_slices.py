"""
Slices: where probes differ, and how acceptance differs with them.
"""

from __future__ import annotations

import json

from idiolect.evaluation.slices import weigh_slices
from toys import evaluate_corpus, make_corpus


def probe(number, **changes):
    """Return what `run.json` says of a probe."""
    return {"id": str(number), "path": "a/x.py", "symbol": "f", "lines": 3, "language": "python", **changes}


def test_probes_are_told_apart_by_folder_kind_and_length():
    """A slice for each name; the language, which all share, makes none."""
    probes = [probe(1), probe(2, path="b/y.py"), probe(3, symbol="C.f", lines=9), probe(4, lines=40)]
    arms = {"base": dict.fromkeys("1234", 0.0), "tuned": {"1": 1.0, "2": 0.0, "3": 1.0, "4": 1.0}}
    clusters = {str(i): str(i) for i in range(1, 5)}

    rows = weigh_slices(probes, arms, clusters, ("tuned", "base"))
    found = {(row["by"], row["name"]): (row["n"], row["rates"]["tuned"]) for row in rows}

    assert found == {
        ("folder", "a"): (3, 1.0),
        ("folder", "b"): (1, 0.0),
        ("kind", "at the top of a file"): (3, 2 / 3),
        ("kind", "within a class or function"): (1, 1.0),
        ("length", "up to 5 lines"): (2, 0.5),
        ("length", "6 to 15 lines"): (1, 1.0),
        ("length", "more than 15 lines"): (1, 1.0),
    }
    whole = next(row for row in rows if row["name"] == "a")
    assert whole["difference"]["mean_diff"] == 1.0
    assert whole["difference"]["ci"][0] < 1.0


def test_an_arm_that_lacks_a_probe_is_left_out_of_its_slice():
    """A missing sample is never averaged away."""
    rows = weigh_slices(
        [probe(1), probe(2, path="b/y.py")], {"base": {"1": 1.0}}, {"1": "1", "2": "2"}, ("tuned", "base")
    )

    assert [row["rates"] for row in rows] == [{"base": 1.0}, {}]
    assert [row["difference"] for row in rows] == [None, None]


def test_verdict_and_report_show_slices_and_style(tmp_path):
    """From end to end: where probes lie in two folders, style before and after fixes, the exact test."""
    corpus = make_corpus(tmp_path / "corpus", folder_of=lambda number: ("quay", "yard")[number % 2])
    evaluate_corpus(corpus, tmp_path / "e")
    verdict = json.loads((tmp_path / "e" / "verdict.json").read_text("utf-8"))
    page = (tmp_path / "e" / "report.html").read_text("utf-8")
    styles = {arm["arm_id"]: arm["style"] for arm in verdict["arms"]}

    assert [("folder", "quay", 16), ("folder", "yard", 16)] == [
        (row["by"], row["name"], row["n"]) for row in verdict["slices"]
    ]
    assert "By folder" in page
    assert "<th>yard</th><td>16</td>" in page
    assert styles["reference"]["mended_per_100_lines"] <= styles["reference"]["per_100_lines"]
    assert styles["reference"]["answers"] == 32
    assert "Style, before and after what a tool mends" in page
    assert "after our own fixes" in page
    assert verdict["cross_check"]["better"] > verdict["cross_check"]["worse"]
    assert "exact McNemar test" in page
    assert verdict["cross_check"]["chance"] > 0.5
    assert "is the better one with a probability of" in page
