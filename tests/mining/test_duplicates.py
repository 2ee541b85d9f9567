"""
Duplicates are found exactly: every pair as alike as asked, whatever was renamed.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from idiolect.mining.filters import duplicates
from idiolect.mining.filters.duplicates import (
    NAME,
    NUMBER,
    OTHER,
    STRING,
    Clusters,
    Codes,
    distinct,
    fingerprint,
    fingerprint_all,
    highest_across,
    join_sets,
    similar_pairs,
    template_of,
)

BODY = """
    rows = []
    for line in open_log(path):
        day, _, rest = line.partition(" ")
        if day < first or day > last:
            continue
        rows.append(parse_entry(rest, strict=True))
    rows.sort(key=lambda row: row.when)
    return summarize(rows, limit=20)
"""
RENAMED = (
    BODY.replace("rows", "found")
    .replace("line", "text")
    .replace("rest", "tail")
    .replace("first", "begin")
    .replace("last", "end")
    .replace("20", "99")
)


def likeness(first, second):
    """Return the Jaccard similarity, the slow way."""
    if first.exact == second.exact:
        return 1.0
    shared = len(np.intersect1d(first.shingles, second.shingles))
    return shared / max(1, len(first.shingles) + len(second.shingles) - shared)


def make_texts(seed):
    """Return texts of which many are near each other, no two the same."""
    chance = random.Random(seed)
    texts = []
    for _ in range(60):
        words = [
            f"w{chance.randrange(200)}{chance.choice(['.', '(', '+', ' = '])}" for _ in range(chance.randint(8, 70))
        ]
        for _ in range(chance.randint(1, 4)):
            texts.append(" ".join(words))
            for _ in range(chance.randint(1, 6)):
                words[chance.randrange(len(words))] = f"u{chance.randrange(10_000)}."
    return texts


def test_a_copy_with_other_names_is_the_same():
    """Local names and numbers do not count."""
    assert 1.0 == likeness(fingerprint(BODY), fingerprint(RENAMED))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("parse_entry(", "drop_table(", id="another call"),
        pytest.param("row.when", "row.size", id="another attribute"),
        pytest.param("continue", "break", id="another keyword"),
    ],
)
def test_what_code_does_counts(old, new):
    """Calls, attributes and keywords are told apart."""
    similarity = likeness(fingerprint(BODY), fingerprint(BODY.replace(old, new)))

    assert 0.5 < similarity < 1.0


@pytest.mark.parametrize("least", [0.7, 0.5, 0.3])
@pytest.mark.parametrize(("seed", "at_once"), [(1, 2_000_000), (2, 2_000_000), (3, 50)])
def test_no_pair_is_missed(monkeypatch, seed, at_once, least):
    """What is found is what comparing all with all finds, copies chained to the first one, in however many runs."""
    monkeypatch.setattr(duplicates, "PAIRS_AT_ONCE", at_once)
    prints = [fingerprint(text) for text in make_texts(seed)]
    firsts = {}
    for index, mark in enumerate(prints):
        firsts.setdefault(mark.shingles.tobytes() or mark.exact, index)
    alone = sorted(firsts.values())
    expected = {(i, j) for i in alone for j in alone if i < j and likeness(prints[i], prints[j]) >= least}
    found = {(i, j): similarity for i, j, similarity in similar_pairs(prints, least)}

    assert len(expected) > 10
    assert sorted(found) == list(found)
    assert expected == {pair for pair in found if set(pair) <= set(alone)}
    assert all(abs(likeness(prints[i], prints[j]) - similarity) < 1e-9 for (i, j), similarity in found.items())


@pytest.mark.parametrize("least", [0.3, 0.5, 0.56, 0.8])
def test_sets_that_share_just_enough_are_found(least):
    """Small sets of few members, where much stands on the bound: each pair once and in order, none missed."""
    chance = random.Random(7)
    sets = [set(chance.sample(range(30), chance.choice([1, 2, 3, 4, 5, 10, 20, 25]))) for _ in range(160)]
    sets += [set(chance.sample(sorted(one), 14)) for one in sets if len(one) == 25]
    likenesses = {
        (i, j): len(one & other) / len(one | other) for j, other in enumerate(sets) for i, one in enumerate(sets[:j])
    }
    expected = sorted((*pair, likeness) for pair, likeness in likenesses.items() if likeness >= least)

    assert expected == list(join_sets([np.array(sorted(one), dtype=np.uint32) for one in sets], least, None))


def test_a_cluster_is_named_by_its_smallest_member():
    """In whatever order its members were joined."""
    clusters = Clusters(6)
    for first, second in [(5, 4), (3, 4), (1, 5)]:
        clusters.join(first, second)

    assert [0, 1, 2, 1, 1, 1] == [clusters.find(thing) for thing in range(6)]


def test_two_texts_are_enough_and_none_are_no_fault():
    """A house of one file, or of none, has no copies; of two there may be one."""
    other = BODY.replace("break", "continue").replace("row.when", "row.size")

    assert [] == list(similar_pairs([], 0.5)) == list(similar_pairs([fingerprint(BODY)], 0.5))
    assert [(0, 1)] == [(i, j) for i, j, _ in similar_pairs([fingerprint(BODY), fingerprint(other)], 0.5)]


def test_across_sides_copies_count_as_one_text_a_side():
    """What stands on both sides, however short, is found; copies on one side are no pair."""
    prints = [fingerprint(text) for text in (BODY, BODY, "x = 1", RENAMED, "x = 1", "x = 1")]
    sides = [False, False, False, True, True, False]

    assert [(0, 3, 1.0), (2, 4, 1.0), (4, 5, 1.0)] == list(similar_pairs(prints, 0.5, sides))


def test_many_texts_are_read_as_each_by_itself(monkeypatch):
    """What stands before a text, and in how many runs they are read, changes nothing that is kept of it."""
    monkeypatch.setattr(duplicates, "TEXTS_AT_ONCE", 7)
    texts = [*make_texts(1)[:20], "", "x", BODY, RENAMED]

    assert [fingerprint(text) for text in texts] == fingerprint_all(texts)
    assert len(texts) == len({mark.exact for mark in fingerprint_all(texts)})


def test_short_texts_have_no_shingles_and_shorter_ones_no_template():
    """From thirty tokens on, runs of five are compared; from twelve to that, the whole but for names and values."""
    texts = [
        " ".join(f"call{number}(" for number in range(count // 2)) + " +" * (count % 2) for count in (11, 12, 29, 30)
    ]

    assert [0, 0, 0, 26] == [len(fingerprint(text).shingles) for text in texts]
    assert [False, True, True, False] == [bool(template_of(text)) for text in texts]


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("total", NAME), ("_", NAME), ("größe", NAME), ("état", NAME), ("self", OTHER), ("return", OTHER),
        ("12", NUMBER), ("1_000.5", NUMBER), ("'a'", STRING), ('"a"', STRING), ("''", STRING), ("'", OTHER),
        ("+", OTHER),
    ],
)  # fmt: skip
def test_a_token_is_of_one_kind(token, kind):
    """Names of any script, numbers and texts are what a copy may call otherwise; words of the language are not."""
    assert kind == Codes()[token.encode()] >> 32


def test_what_is_remembered_of_tokens_is_bounded(monkeypatch):
    """However many there are, and a token that was forgotten has the code that it had."""
    monkeypatch.setattr(duplicates, "MOST_CODES", 3)
    codes = Codes()
    first = [codes[str(number).encode()] for number in range(3)]
    kept = len(codes)
    again = [codes[str(number).encode()] for number in (3, 0, 1, 2)]

    assert first == again[1:]
    assert 3 == kept >= len(codes)


def test_every_copy_is_paired_with_the_first():
    """Copies are a chain, not a square: a thousand of them cost a thousand pairs."""
    prints = [fingerprint(text) for text in [BODY, RENAMED] * 500]

    assert [(0, index, 1.0) for index in range(1, 1000)] == list(similar_pairs(prints, 0.5))


def test_a_template_is_told_by_what_stays_between_names_and_values():
    """Calls and attributes count; what is tiny is anyone's, and what is long has a fingerprint."""
    filled = "return meter.create_counter(\n    name=READS,\n    unit='By',\n    text='Bytes that were read.',\n)"

    assert template_of(filled) == template_of(filled.replace("READS", "WRITES").replace("read", "written"))
    assert template_of(filled) != template_of(filled.replace("create_counter", "create_gauge"))
    assert b"" == template_of("return self.reads") == template_of(BODY)


@pytest.mark.parametrize("seed", range(5))
def test_the_highest_similarity_is_the_maximum(seed):
    """The split's proof is no lower bound."""
    prints = [fingerprint(text) for text in make_texts(seed)]
    chance = random.Random(seed)
    # whole families on one side, so that what is left across is low
    sides = [chance.random() < 0.02 for _ in prints]
    across = [
        likeness(a, b) for a, s in zip(prints, sides, strict=True) for b, t in zip(prints, sides, strict=True) if s < t
    ]

    assert highest_across(prints, sides) == pytest.approx(max(across, default=0.0))


@pytest.mark.parametrize("values", [[], [3], [5, 1, 5, 2**63, 0, 1]])
def test_distinct_values_are_sorted_and_stand_once(values):
    array = np.array(values, dtype=np.uint64)
    assert distinct(array.copy()).tolist() == np.unique(array).tolist()
