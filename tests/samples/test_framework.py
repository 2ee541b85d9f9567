"""
The in-house framework of the samples: real, large enough to learn from, written by hand, and told with its history.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import idiolect
import pytest
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.filters.duplicates import Clusters, fingerprint, similar_pairs
from idiolect.mining.languages import language_named
from idiolect.mining.assemble import NEAR_DUPLICATE
from idiolect.mining.corpus import Corpus
from idiolect.mining.mine import mine_repositories
from idiolect.mining.judge import judge_source
from idiolect.mining.source import parse_source

FRAMEWORK = Path(idiolect.__file__).parent / "samples" / "framework"
MODULES = sorted([*FRAMEWORK.glob("app/**/*.py"), *FRAMEWORK.glob("halyard/*.py")])
LEAST_HANDLERS = 150


def definition_texts() -> list[str]:
    """Return the text of every definition of the framework and the application."""
    python = language_named("python")
    sources = [parse_source(path.as_posix(), path.read_bytes(), python) for path in MODULES]
    return [source.slice(d.span) for source in sources for d in collect_definitions(source)]


def test_the_samples_own_tests_pass():
    """The framework works, on the wire too, and every handler is told at least one story."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(FRAMEWORK)]
    done = subprocess.run(
        [*command, str(FRAMEWORK / "tests")], cwd=FRAMEWORK, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-3000:]


def test_nothing_is_stamped_from_a_template():
    """Near-duplicate clusters, by the filter that mining uses, hold under a tenth of the definitions."""
    texts = definition_texts()
    clusters = Clusters(len(texts))
    for first, second, _ in similar_pairs([fingerprint(text) for text in texts], NEAR_DUPLICATE):
        clusters.join(first, second)
    sizes = Counter(clusters.find(index) for index in range(len(texts)))
    alike = sum(size for size in sizes.values() if size > 1)

    assert len(texts) > 2 * LEAST_HANDLERS
    assert alike < 0.1 * len(texts), f"{alike} of {len(texts)}"


def test_there_are_enough_handlers():
    """At least 150, over 25 modules and more, each of some lines of its own."""
    counts = {path: path.read_text("utf-8").count("\n@handles(") for path in MODULES}

    assert sum(counts.values()) >= LEAST_HANDLERS
    assert sum(count > 0 for count in counts.values()) >= 25


@pytest.fixture(name="corpus", scope="module")
def _corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return what mining makes of the sample."""
    return mine_repositories([FRAMEWORK], tmp_path_factory.mktemp("framework") / "corpus", workers=1)


@pytest.mark.parametrize(
    ("convention", "key", "value"),
    [
        pytest.param("A01", "time.time", "through halyard.clock.now", id="the clock"),
        pytest.param("A01", "logging.getLogger", "through halyard.journal.get_logger", id="the journal"),
        pytest.param("A01", "urllib.request.urlopen", "through halyard.wire.fetch", id="the wire"),
        pytest.param("A02", "deck", "with @handles", id="the decorator"),
        pytest.param("A03", "named …Ask", "has the base Ask", id="the base class"),
        pytest.param("A06", "", "settings", id="the settings"),
        pytest.param("A07", "halyard.holds.holding", "inside `with`", id="the context manager"),
        pytest.param("A12", "derived from Ask", "named …Ask", id="the names of its heirs"),
        pytest.param("E01", "HalyardError", "derives from HalyardError", id="the root of the errors"),
        pytest.param("E02", "HalyardError", "derives from HalyardError", id="what is raised"),
        pytest.param("L01", "name", "log", id="the logger"),
        pytest.param("S01", "", "single", id="quotes"),
        pytest.param("S04", "", "call", id="empty containers"),
        pytest.param("D05", "summary", "on the second line", id="docstrings"),
    ],
)
def test_the_house_rules_are_learned(corpus: Corpus, convention: str, key: str, value: str):
    """Everything in-house that the catalogue knows is there to be learned, and is."""
    learned = {(entry.convention, entry.key, entry.value) for entry in corpus.profile.entries}

    assert (convention, key, value) in learned


STRANGER = """
import time

from halyard.deck import Deck
from halyard.handlers import answer


def list_bollards(deck: Deck, ask):
    started = time.time()
    return answer(since=started, found={})
"""


def test_a_stranger_is_noticed(corpus: Corpus):
    """A handler that somebody wrote who has not read the house."""
    source = parse_source("app/quay/bollards.py", STRANGER.encode(), language_named("python"))
    found = {finding.entry.convention for finding in judge_source(source, corpus.profile).findings}

    assert {"A01", "A02", "D01", "S04", "T02"} <= found


def test_the_history_unpacks_to_what_is_here(tmp_path: Path):
    """A few dozen commits, by several people, that end in the very files of the sample."""
    clone = tmp_path / "harbour"
    bundle = FRAMEWORK / "history.bundle"
    subprocess.run(["git", "clone", "-q", "-b", "main", str(bundle), str(clone)], check=True)
    log = subprocess.check_output(["git", "-C", str(clone), "log", "--format=%an|%s"], text=True).splitlines()
    unpacked = {path.relative_to(clone): path.read_bytes() for path in clone.rglob("*.py")}
    here = {path.relative_to(FRAMEWORK): path.read_bytes() for path in FRAMEWORK.rglob("*.py")}

    assert here == unpacked
    assert len(log) >= 36 and len({line.partition("|")[0] for line in log}) >= 3
