"""
Retrieval: which training definitions are found for what is asked, and what of them stands in a prompt.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from idiolect.evaluation.retrieval import FETCHED, Retriever, collect_passages, shorten_head, split_words
from idiolect.mining.errors import MissingExtraError
from idiolect.mining.pairs.pair import Pair

PAIR = Pair(
    id="", kind="implement", language="python", split="train", prompt_id="", context="", instruction="", response="",
    repository="", commit="", path="a.py", symbol="", start_line=1, end_line=1, licence="", cluster="", quality=1.0,
)  # fmt: skip


def define(name, body="    pass", **changes):
    """Return the pair of one definition."""
    asked = f"# Write the body.\ndef {name}(items):"
    return replace(PAIR, symbol=name, instruction=asked, response=body, **changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("load_parcel", ["load", "parcel"], id="underscores"),
        pytest.param("loadParcel(HTTPServer)", ["load", "parcel", "httpserver"], id="humps"),
        pytest.param("x = base64 + 7", ["base", "64"], id="digits, and nothing of one letter"),
        pytest.param("+ 1 x", [], id="no word"),
    ],
)
def test_identifiers_are_found_by_their_words(text, words):
    """A name is found by each of its words, however it joins them."""
    assert words == split_words(text)


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_documentation_is_cut_after_its_first_paragraph(quotes):
    """What the first paragraph says stays, with its quotes; a single paragraph, or none, stays as it is."""
    head = f"def f():\n    {quotes}Count.\n\n    items: what is counted\n    {quotes}"
    short = f"def f():\n    {quotes}Count.{quotes}"

    assert short == shorten_head(head)
    assert short == shorten_head(short)
    assert "def f():\n\n    # no quotes" == shorten_head("def f():\n\n    # no quotes")


def test_a_passage_is_a_whole_definition_without_the_ask():
    """Pairs that implement are shown from their head to the end of their body; other kinds show no definition."""
    pairs = [define("load", "    return 1"), replace(define("weigh"), kind="infill")]

    assert [("a.py", "load", "def load(items):\n    return 1")] == [
        (passage.path, passage.symbol, passage.text) for passage in collect_passages(pairs)
    ]


def test_the_nearest_come_first_and_what_shares_no_word_does_not_come():
    """More shared words are nearer, equally near ones keep the corpus's order, and strangers are no passage."""
    retriever = Retriever([
        define("sort_vessel"), define("load_crate", path="1.py"), define("load_crate", path="2.py"),
        define("load_parcel", path="3.py"),
    ])  # fmt: skip
    found = retriever.find(replace(define("x"), path="", instruction="load parcel"))

    assert ["3.py", "1.py", "2.py"] == [passage.path for passage in found]


@pytest.mark.parametrize("asked", ["path", "symbol", "instruction"])
def test_a_probe_is_asked_by_its_path_its_name_and_its_words(asked):
    """Each of them alone finds the definition; the answer, which a probe must not give away, finds nothing."""
    retriever = Retriever([define("load_parcel"), define("sort_vessel")])
    blank = replace(PAIR, path="", response="parcel")

    assert ["load_parcel"] == [passage.symbol for passage in retriever.find(replace(blank, **{asked: "parcel"}))]
    assert [] == retriever.find(replace(blank, instruction="nothing alike"))
    assert [] == retriever.find(blank)


def test_so_many_are_fetched_and_no_more(capfd):
    """The first `FETCHED` of many; an index of nothing finds nothing; no bar of another library is drawn."""
    many = Retriever([define("load_parcel", path=f"{number:02}.py") for number in range(FETCHED + 4)])
    probe = replace(PAIR, instruction="parcel")

    assert [f"{number:02}.py" for number in range(8)] == [passage.path for passage in many.find(probe)]
    assert [] == Retriever([]).find(probe)
    assert ("", "") == capfd.readouterr()


def test_without_the_extra_its_name_is_told(monkeypatch):
    """What to install is said, whatever there is to index."""
    monkeypatch.setitem(sys.modules, "bm25s", None)

    with pytest.raises(MissingExtraError, match=r"idiolect\[evaluate\]"):
        Retriever([])


def test_settings_tell_what_is_retrieved():
    """Another text in the index is another hash in `run.json`; the same one is the same."""
    one, same, other = (Retriever([define("load", body)]).settings for body in ("    return 1", "    return 1", "pass"))

    assert one == same != other
    assert (1, FETCHED) == (one["passages"], one["k"])
