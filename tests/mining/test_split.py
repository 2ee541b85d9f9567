"""
Nothing held out is trained on: near-copies stay together, quotes are dropped, and the manifest proves it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from idiolect.mining.corpus import read_corpus
from idiolect.mining.filters.duplicates import fingerprint
from idiolect.mining.mine import mine_repositories
from idiolect.mining.pairs.pair import HOLE, Pair
from idiolect.mining.spans import SpanFinder, token_spans
from idiolect.mining.split import (
    SPLITS,
    LeakFinder,
    Sides,
    Unit,
    assign_sides,
    bare,
    drop_quotes,
    has_small_test,
    prove_split,
)

NOUNS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "islet", "jetty", "knoll", "larch",
         "marsh", "north", "ocean", "prairie", "quarry", "ridge", "slope", "tarn")  # fmt: skip
FILE = '''
def load_{noun}(store, limit):
    """Load the {noun} records of *store* up to *limit*."""
    found = store.open_{noun}("{noun}").rows_{noun}()
    for row in found.walk_{noun}(limit):
        row.attach_{noun}(store.owner_{noun}(row))
        store.log_{noun}(row, found.count_{noun}())
    return found.finish_{noun}(limit, store.close_{noun}())


def drop_{noun}(store, key):
    """Drop the {noun} record *key* from *store* for good."""
    if not store.has_{noun}(key):
        raise store.missing_{noun}(key)
    store.erase_{noun}(store.locate_{noun}(key))
    return store.commit_{noun}(key, store.version_{noun}())
'''


@pytest.fixture(name="repository")
def _repository(tmp_path):
    root = tmp_path / "house"
    root.mkdir()
    for noun in NOUNS:
        (root / f"{noun}.py").write_text(FILE.format(noun=noun), "utf-8")
    return root


def mine(repository, out):
    return mine_repositories([repository], out, kinds=["implement"], workers=1)


def body_of(noun):
    """Return the first body of a file, with every local name changed and one line more."""
    body = FILE.format(noun=noun).split('"""\n')[1].split("\n\n\ndef")[0]
    for old, new in (("found", "result"), ("row", "entry"), ("store", "place"), ("limit", "most")):
        body = re.sub(rf"\b{old}\b", new, body)
    return body.replace("    return", "    place.touch(most)\n    return")


@pytest.mark.parametrize("number", range(4))
def test_a_planted_near_copy_is_on_the_side_of_its_original(repository, tmp_path, number):
    """A renamed, changed copy of a held-out function in a training file brings the two files together."""
    corpus = mine(repository, tmp_path / "before")
    held_out = sorted({pair.path for pair in corpus.pairs("test")})
    trained = sorted({pair.path for pair in corpus.pairs("train")})
    victim, host = held_out[number % len(held_out)], trained[number]
    with (repository / host).open("a", encoding="utf-8") as file:
        file.write(f'\n\ndef fetch(place, most):\n    """Fetch the entries of a place."""\n{body_of(victim[:-3])}\n')
    corpus = mine(repository, tmp_path / "after")
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]
    # the copy itself is dropped as a near-duplicate; both files still hold their other functions
    sides = {path: {pair.split for pair in pairs if pair.path == path} for path in (victim, host)}
    clusters = {pair.cluster for pair in pairs if pair.path in (victim, host)}

    assert 1 == len(clusters)
    assert sides[victim] == sides[host]
    assert corpus.manifest["split_proof"]["highest_similarity"] < 0.5


def test_the_proof_holds_when_everything_is_compared(repository, tmp_path):
    """No training answer is as like to a held-out one as the manifest's highest similarity says, or more."""
    corpus = mine(repository, tmp_path / "corpus")
    proof = corpus.manifest["split_proof"]
    trained = [fingerprint(pair.response) for pair in corpus.pairs("train")]
    highest = 0.0
    for split in ("validation", "test"):
        for pair in corpus.pairs(split):
            mark = fingerprint(pair.response)
            for other in trained:
                shared = len(set(mark.shingles.tolist()) & set(other.shingles.tolist()))
                highest = max(highest, shared / (len(mark.shingles) + len(other.shingles) - shared))

    assert highest <= proof["highest_similarity"] + 1e-4
    assert 0 == proof["shared_spans_of_50_tokens"]
    assert 0 == proof["shared_answers"]
    assert 0 == proof["clusters_on_two_sides"]
    assert all(proof["asked_clusters"][split] == len({p.cluster for p in corpus.pairs(split)}) for split in SPLITS)


def test_a_quote_of_a_held_out_answer_is_dropped(repository, tmp_path):
    """A training docstring that quotes a held-out body is found and dropped with its reason."""
    corpus = mine(repository, tmp_path / "before")
    victim = sorted({pair.path for pair in corpus.pairs("test")})[0]
    quoted = next(pair for pair in corpus.pairs("test") if pair.path == victim).response
    host = sorted({pair.path for pair in corpus.pairs("train")})[0]
    text = (repository / host).read_text("utf-8")
    text = text.replace('for good."""', f'for good.\n\n    For example::\n\n{quoted}\n    """')
    (repository / host).write_text(text, "utf-8")
    corpus = mine(repository, tmp_path / "after")
    sides = {pair.path: pair.split for split in ("train", "validation", "test") for pair in corpus.pairs(split)}

    assert "test" == sides[victim]
    assert "train" == sides[host]
    assert 1 == corpus.manifest["skipped"]["quotes_held_out_answer"]
    assert 0 == read_corpus(tmp_path / "after").manifest["split_proof"]["shared_spans_of_50_tokens"]


def test_a_quote_around_a_hole_is_found(repository, tmp_path):
    """What stands before the hole, in it and behind it is one text, as it is learned."""
    corpus = mine(repository, tmp_path / "corpus")
    answer = max((pair.response for pair in corpus.pairs("test")), key=len)
    start, end = len(answer) // 3, 2 * len(answer) // 3
    asked = f"# first\n{answer[:start]}{HOLE}{answer[end:]} + store.extra_step()"
    around = replace(corpus.pairs("train")[0], id="hole", kind="infill", instruction=asked, response=answer[start:end])

    _, quotes = drop_quotes([around], LeakFinder([*corpus.pairs("test"), *corpus.pairs("train")]))

    assert [around] == quotes


@pytest.mark.parametrize("on_top", [False, True], ids=["the newest", "an earlier one"])
def test_a_commit_stays_on_one_side(repository, commit_tree, tmp_path, on_top):
    """A commit that changed files of both sides is not taught from, be it the newest; what stands in its files is."""
    for noun in NOUNS[10:]:
        (repository / f"{noun}s.py").write_text(FILE.format(noun=f"{noun}s"), "utf-8")
    # with both its functions changed, it has too many pairs to be held out
    (repository / "amber.py").write_text(FILE.format(noun="amber").replace("has_", "had_"), "utf-8")
    commit_tree(repository)
    (repository / "amber.py").write_text(FILE.format(noun="amber"), "utf-8")
    for noun in NOUNS[:5]:
        file = repository / f"{noun}.py"
        file.write_text(file.read_text("utf-8").replace("(limit):", f"(limit, {noun}_pace()):"), "utf-8")
    commit_tree(repository, "Walk the records at the usual pace")
    if on_top:
        (repository / "notes.txt").write_text("no code", "utf-8")
        commit_tree(repository, "Take notes")
    corpus = mine_repositories([repository], tmp_path / "corpus", kinds=["implement", "edit"], workers=1)
    trained, held_out = corpus.pairs("train"), [*corpus.pairs("validation"), *corpus.pairs("test")]

    assert any(pair.kind == "edit" for pair in held_out)
    assert not any(pair.kind == "edit" for pair in trained)
    assert "amber.py" in {pair.path for pair in trained}
    assert 2 == corpus.manifest["skipped"]["commit_on_both_sides"]


SHORT = '''
def seal_{noun}(store, key):
    """Seal the {noun} record *key* of *store*."""
    lock = store.lock_{noun}(key).edge_{noun}
    store.log_{noun}(lock.{noun}_wax)
    return store.{noun}_seal
'''
EXPLAINED = FILE.replace(
    'up to *limit*."""',
    """up to *limit*.

    >>> store.wake_{noun}(1).walk_{noun}(2).stop_{noun}()[3].name_{noun}.lower_{noun}(4) - store.rest_{noun}(5)
    >>> store.grow_{noun}(1) + store.fold_{noun}(2) / store.turn_{noun}.bend_{noun}([6]) * store.melt_{noun}(7)
    \"\"\"""",
)


PAIR = Pair(
    id="", kind="implement", language="python", split="train", prompt_id="", context="", instruction="i", response="r",
    repository="", commit="", path="a.py", symbol="", start_line=1, end_line=1, licence="", cluster="", quality=1.0,
)  # fmt: skip
BODY = FILE.split('"""\n')[1].split("\n\n\ndef")[0].format(noun="amber")
ONE_LINE = "    return store.walk_amber(limit, store.owner_amber(), store.count_amber())"
HELD_OUT = [
    replace(PAIR, id="body", split="test", response=BODY),
    replace(PAIR, id="line", split="validation", response=ONE_LINE),
    replace(PAIR, id="short", split="test", response="    return self.reads"),
    replace(PAIR, id="hole", split="test", kind="infill", instruction=f"a = {HOLE}", response="store.next(limit)"),
]


@pytest.mark.parametrize(
    ("pair", "is_leak"),
    [
        pytest.param(replace(PAIR, context=f"class A:\n{BODY}"), True, id="quoted in the context"),
        pytest.param(replace(PAIR, kind="recall", response="return self.reads"), True, id="a short answer"),
        pytest.param(replace(PAIR, instruction="def f():\n    return self.reads\n"), False, id="a short line"),
        pytest.param(replace(PAIR, kind="infill", response="store.next(limit)"), False, id="a hole of the same line"),
        pytest.param(
            replace(PAIR, kind="edit", response="def f():\n" + ONE_LINE.replace(", ", ",\n        ")),
            True,
            id="a change, laid out anew",
        ),
        pytest.param(
            replace(PAIR, kind="use", response=f"def f():\n{ONE_LINE}\n"), True, id="a body in another answer"
        ),
    ],
)
def test_what_gives_an_answer_away(pair, is_leak):
    """Whatever part of a pair holds it, as it was written or not; a line that anyone writes gives nothing away."""
    own = replace(pair, id="own", prompt_id="own.py")

    kept, dropped = drop_quotes([*HELD_OUT, own], LeakFinder([*HELD_OUT, own]))

    assert ([own] if is_leak else []) == dropped
    assert [*HELD_OUT, *([] if is_leak else [own])] == kept


def test_the_proof_tells_what_was_let_in():
    """Zeros prove something because a leak is counted: a copy, its span, its answer, and the cluster of two sides."""
    held_out = [replace(PAIR, id=split, path=f"{split}.py", split=split, response=BODY) for split in ("test", "train")]
    units = [Unit(pair.path, "f", fingerprint(BODY)) for pair in held_out]
    sides = Sides(dict.fromkeys(("test.py", "train.py"), "test.py"), {"test.py": "test", "train.py": "train"})

    proof = prove_split(held_out, units, sides, LeakFinder(held_out))

    names = ("highest_similarity", "shared_spans_of_50_tokens", "shared_answers", "clusters_on_two_sides")
    assert [1.0, 1, 1, 1] == [proof[name] for name in names]


@pytest.mark.parametrize(
    ("clusters", "tasks", "changes", "is_small"),
    [
        pytest.param(7, 21, {}, True, id="few clusters"),
        pytest.param(8, 21, {}, False, id="enough"),
        pytest.param(8, 20, {"kind": "edit"}, True, id="edits count for nothing"),
        pytest.param(8, 20, {"split": "train"}, True, id="nor does what is taught"),
        pytest.param(8, 19, {}, True, id="few tasks"),
    ],
)
def test_a_small_test_is_told(clusters, tasks, changes, is_small):
    """Counted are those that the test asks bodies of, and the clusters that they come from."""
    pairs = [replace(PAIR, split="test", cluster=str(number % clusters)) for number in range(tasks)]
    pairs[-1] = replace(pairs[-1], **changes)

    assert is_small is has_small_test(pairs)


def test_what_is_short_brings_no_files_together():
    """Every second file may define the same little function; what is copied at length does."""
    paths = ("a.py", "b.py", "c.py")
    short = [Unit(path, "f", fingerprint("return self.name")) for path in paths]
    long = [Unit(path, "g", fingerprint(BODY)) for path in paths[:2]]

    cluster = assign_sides([*short, *long], dict.fromkeys(paths, 1), {}, dict.fromkeys(paths, 1)).cluster

    assert {"a.py": "a.py", "b.py": "a.py", "c.py": "c.py"} == cluster


def test_what_asks_nothing_is_taught_from():
    """A file without a task stays in training, however new it is."""
    weights = {"new.py": 0, **{f"{number}.py": 3 for number in range(40)}}
    ages = {path: age for age, path in enumerate(weights)}

    split = assign_sides([], weights, ages, weights).split

    assert ("train", "test") == (split["new.py"], split["0.py"])


@pytest.fixture(name="mine_moved")
def _mine_moved(write_tree, commit_tree, tmp_path):
    """Mine twenty files of one text that were changed, one by one, before all were moved; return the pairs."""

    def mine_all(text):
        root = write_tree({f"old/{noun}.py": text.format(noun=noun) for noun in NOUNS}, "moved")
        commit_tree(root)
        for noun in NOUNS:
            file = root / "old" / f"{noun}.py"
            file.write_text(file.read_text("utf-8").replace(f"log_{noun}(", f"log_{noun}_at(0, "), "utf-8")
            commit_tree(root, f"Say at which place the {noun} record stands")
        (root / "old").rename(root / "new")
        commit_tree(root, "Move all of it")
        corpus = mine_repositories([root], tmp_path / "corpus", workers=1)
        return [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]

    return mine_all


def test_a_short_answer_is_in_no_change_of_the_file_that_it_was_moved_from(mine_moved):
    """A body that is too short to bring two files together is looked for in every change that is trained on."""
    pairs = mine_moved(SHORT)
    held_out = [bare(pair.response) for pair in pairs if pair.split != "train" and pair.kind == "implement"]
    changes = [bare(p.instruction + p.response) for p in pairs if p.split == "train" and p.kind == "edit"]

    assert held_out
    assert changes
    assert not [answer for answer in held_out if any(answer in change for change in changes)]


def test_a_short_answer_is_in_no_other_pair(write_tree, tmp_path):
    """A body of two files, too short to bring them together, is taught in no form: whole, styled or in a hole."""
    twins = {f"{kind}/{noun}.py": SHORT.format(noun=noun) for noun in NOUNS for kind in ("plain", "typed")}
    pairs_of = mine_repositories([write_tree(twins, "twins")], tmp_path / "corpus", workers=1).pairs
    trained, held_out = pairs_of("train"), [*pairs_of("validation"), *pairs_of("test")]
    answers = [bare(pair.response) for pair in held_out if pair.kind == "implement"]
    texts = [bare(pair.instruction.replace(HOLE, pair.response) + pair.response) for pair in trained]

    assert answers
    assert {"infill", "recall"} <= {pair.kind for pair in trained}
    assert not [answer for answer in answers if any(answer in text for text in texts)]


def test_a_moved_file_is_on_the_side_of_what_it_was(mine_moved):
    """A change counts by the bodies that it had, as a file does: its documentation does not make it another."""
    pairs = mine_moved(EXPLAINED)
    clusters = {pair.path: pair.cluster for pair in pairs}
    moved = [path for path in clusters if path.startswith("old/")]

    assert len(NOUNS) == len(moved)
    assert [] == [path for path in moved if clusters[path] != clusters[path.replace("old/", "new/")]]


def test_what_is_small_enough_is_shared_by_test_and_validation():
    """Beside a few large files, the newest of the small ones are the test, and the others the validation."""
    weights = {"large.py": 60, "larger.py": 70, **{f"small{age}.py": 3 for age in range(4)}}
    ages = {f"small{age}.py": age for age in range(4)}

    split = assign_sides([], weights, ages, weights).split

    assert ["test", "test", "validation", "validation"] == [split[f"small{age}.py"] for age in range(4)]
    assert {"train"} == {split["large.py"], split["larger.py"]}


def test_few_tasks_do_not_take_many_pairs_from_training():
    """A file of few bodies and hundreds of other pairs is learned from, however new it is."""
    weights = {f"plain{age}.py": 5 for age in range(1, 40)} | {"views.py": 5}
    ages = {path: number for number, path in enumerate(sorted(weights, reverse=True))}
    pairs = weights | {"views.py": 200}

    assert "test" == assign_sides([], weights, ages, weights).split["views.py"]
    assert "train" == assign_sides([], weights, ages, pairs).split["views.py"]


@pytest.mark.parametrize(("files", "taught"), [(2, 1), (3, 1), (4, 2)])
def test_something_is_left_to_learn_from(files, taught):
    """Of few files of one size not all are held out."""
    weights = {f"{number}.py": 30 for number in range(files)}

    split = assign_sides([], weights, {}, weights).split

    assert taught == list(split.values()).count("train")


def test_a_span_is_found_wherever_it_stands():
    """Fifty tokens shared are found at any offset; forty-nine are not."""
    text = [f"token{number}" for number in range(120)]
    answers = SpanFinder(token_spans([" ".join(text)]).hashes)

    for start in range(0, 70, 7):
        shared = ["x = " + "\n".join(text[start : start + count]) + " y" for count in (50, 49)]
        assert [True, False] == answers.find_in(shared)


def test_a_span_stands_in_one_text():
    """Two texts that stand side by side hold no span together, and each is told by its own; blanks do not count."""
    text = [f"call{number}(" for number in range(30)]
    answers = SpanFinder(token_spans(["".join(text)]).hashes)
    halves = ["".join(text[:15]), "".join(text[15:])]

    assert [False, False] == answers.find_in(halves)
    assert [False, True, False] == answers.find_in([halves[0], " \n".join(text), halves[1]])
    assert [False] == SpanFinder(token_spans(halves).hashes).find_in(["".join(text)])


def test_where_a_token_ends_counts():
    """The same letters as other tokens are another text."""
    words = [f"a{number}" for number in range(60)]
    answers = SpanFinder(token_spans([" ".join(words)]).hashes)

    assert [True] == answers.find_in(["\n".join(words)])
    assert [False] == answers.find_in([" ".join(f"{one[0]} {one[1:]}" for one in words)])


def test_spans_of_long_texts_do_not_collide():
    """Every window of a long text without repeats has a hash of its own."""
    spans = token_spans([" ".join(f"t{number}" for number in range(5_000))]).hashes

    assert len(spans) == len(set(spans.tolist())) == 4_951
    assert all(first != second for first, second in pairwise(spans.tolist()))
