"""
What is said of a corpus's size: of the code it is about, and only what can be done.
"""

from __future__ import annotations

import pytest
from idiolect.mining.advice import advise
from idiolect.mining.enough import describe_support, look_back
from idiolect.mining.mine import mine_repositories
from idiolect.mining.split import FORMATS, formats_aside


def manifest_of(*rows, clusters=9, trained=0, history=({"commits": 500},)):
    counts = [{"kind": kind, "split": split, "language": name, "pairs": n} for kind, split, name, n in rows]
    return {
        "counts": counts,
        "split_proof": {"asked_clusters": {"test": clusters, "train": trained}},
        "history": list(history),
    }


def test_documentation_is_no_code_to_learn_a_framework_from():
    """Where most pairs are of data and prose, those of code are counted, and the others named."""
    manifest = manifest_of(("implement", "train", "go", 60), ("recall", "train", "markdown", 700))

    assert advise(manifest)[:2] == [
        "60 training pairs can teach a format or a style; a framework takes 500 or more.",
        "Pairs of data and prose are not counted: 700 of markdown.",
    ]


def test_pairs_of_prose_are_said_not_to_be_counted_however_few():
    """Else the sentence and the table over it tell two numbers of the same pairs."""
    manifest = manifest_of(("implement", "train", "go", 60), ("recall", "train", "markdown", 4))

    assert "Pairs of data and prose are not counted: 4 of markdown." in advise(manifest)


def test_one_pair_is_said_to_be_one():
    said = advise(manifest_of(("implement", "train", "go", 1)))

    assert said[0].startswith("1 training pair is too few to train on: ")


def test_one_task_is_said_to_be_one():
    assert (
        advise(manifest_of(("implement", "train", "go", 60), ("implement", "test", "go", 1), clusters=1))[-1]
        == "1 held-out task in 1 cluster is too few to evaluate: 20 in 2 are needed."
    )


@pytest.mark.parametrize(
    ("rows", "aside"),
    [
        pytest.param([("implement", "go", 9), ("implement", "yaml", 3)], FORMATS, id="a service with its pipeline"),
        pytest.param([("implement", "yaml", 9), ("edit", "python", 3)], frozenset(), id="a house configured in YAML"),
        pytest.param([("recall", "markdown", 9)], frozenset(), id="a handbook"),
        pytest.param([("recall", "markdown", 9), ("implement", "go", 1)], FORMATS, id="code with much documentation"),
    ],
)
def test_formats_are_asked_for_where_they_are_what_the_house_writes(rows, aside):
    assert aside == formats_aside(rows)


CROSSED = "evaluating an adapter trains four more and asks each for what it has not seen, 69 tasks in all."


@pytest.mark.parametrize(
    ("clusters", "trained", "test", "words"),
    [
        pytest.param(5, 5, 5, f"5 held-out tasks in 5 clusters are too few: {CROSSED}", id="few, asked in turn"),
        pytest.param(5, 0, 5, "5 held-out tasks in 5 clusters are too few to evaluate: 20 in 2 are needed.", id="few"),
        pytest.param(3, 9, 25, f"Held-out tasks come from 3 clusters of files, fewer than 8: {CROSSED}", id="of few"),
        pytest.param(8, 9, 16, f"16 held-out tasks in 8 clusters are too few: {CROSSED}", id="few in many"),
        pytest.param(8, 9, 25, "", id="enough"),
    ],
)
def test_what_evaluation_would_ask_is_said(clusters, trained, test, words):
    """Where held-out tasks are few and in few files, all are asked in turn, so far as there are others."""
    rows = (("implement", "train", "go", 69 - test), ("use", "train", "go", 90), ("implement", "test", "go", test))
    said = advise(manifest_of(*rows, ("use", "test", "go", 40), clusters=clusters, trained=trained))

    assert [words] * bool(words) == said[1:]


UNSHALLOW = "fetch the commits that the clone lacks: git fetch --unshallow"


@pytest.mark.parametrize(
    ("history", "words"),
    [
        pytest.param({"commits": 0}, "mine a repository with its history", id="none"),
        pytest.param({"commits": 500, "goes_on": True}, "look back further: --history N", id="more than was asked for"),
        pytest.param({"commits": 500, "shallow": True}, UNSHALLOW, id="cut"),
        pytest.param({"commits": 500}, "", id="all of it"),
    ],
)
def test_looking_back_is_advised_where_there_is_more(history, words):
    """A history that was read to its beginning has no more edits to give."""
    manifest = manifest_of(("edit", "train", "go", 4), history=[history])

    assert words == look_back([history])
    advice = [line for line in describe_support(manifest) if line.startswith("For more edit pairs")]
    assert advice == ([f"For more edit pairs, {words}."] if words else [])


@pytest.mark.parametrize(
    ("reasons", "opening"),
    [
        pytest.param({"near_duplicate": 50, "templated": 11}, "add code that is unlike what is there", id="repeats"),
        pytest.param({"near_duplicate": 30, "duplicate": 30}, "document more functions", id="no more than were kept"),
        pytest.param({"near_duplicate": 70, "short": 80}, "document more functions", id="more to something else"),
        pytest.param({"house_style": 61}, "keep the house's own rules in more places", id="style"),
        pytest.param({}, "document more functions", id="nothing"),
    ],
)
def test_the_advice_is_against_what_most_is_lost_to(reasons, opening):
    """Who has many alike is not told to document more of them."""
    rows = [{"kind": "implement", "reason": reason} for reason, n in reasons.items() for _ in range(n)]
    others = [{"kind": "document", "reason": "duplicate"}] * 900
    manifest = manifest_of(("implement", "train", "go", 50), ("implement", "test", "go", 10))
    advice = next(line for line in describe_support(manifest, rows + others) if line.startswith("For more implement"))

    assert advice.startswith(f"For more implement pairs, {opening}")
    assert ("(61 left out as too much like others, 60 kept)" in advice) is ("templated" in reasons)


def test_prose_is_not_counted_where_it_is_not_what_is_asked():
    """What Markdown has of a kind makes no domain of it, as it makes none of the corpus."""
    rows = (("implement", "train", "go", 40), ("infill", "train", "go", 60), ("infill", "train", "markdown", 900))
    lines = describe_support(manifest_of(*rows))

    assert ["  infill     a format, just (60; 100 are safe)"] == [line for line in lines if line.startswith("  infill")]


FUNCTION = '''

def {verb}_{noun}(store, limit):
    """{verb} what the {noun} holds, up to a limit."""
    found = store.{verb}_{noun}_rows("{noun}", limit)
    return found.finish_{verb}("{noun}")
'''
STANZA = """
# What runs on {noun}.
{noun}:
  steps: [fetch_{noun}, build_{noun}, test_{noun}, ship_{noun}, tell_{noun}]
"""
NOUNS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath")


def test_a_pipeline_is_taught_and_not_asked_for(write_tree, commit_tree, tmp_path):
    """Stanzas of YAML beside code are in training, though they changed last; the end of each stage is told."""
    text = {noun: "".join(FUNCTION.format(noun=noun, verb=verb) for verb in ("load", "save", "drop")) for noun in NOUNS}
    root = write_tree({f"shop/{noun}.py": text[noun] for noun in NOUNS}, "shop")
    commit_tree(root, "Begin")
    for noun in NOUNS[:4]:
        (root / f"{noun}.yaml").write_text(STANZA.format(noun=noun), "utf-8")
    commit_tree(root, "Run it")
    told = []
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1, progress=lambda *report: told.append(report))

    assert {"train"} == {
        p.split for s in ("train", "validation", "test") for p in corpus.pairs(s) if p.language == "yaml"
    }
    assert {"python"} == {pair.language for pair in corpus.pairs("test")}
    assert ("history", 1, 1) in told
