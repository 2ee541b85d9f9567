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
from idiolect.mining.mine import NEAR_DUPLICATE
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


@pytest.mark.parametrize("word", ["        \"", "list[]", " = []", " = {}", '"""'])
def test_one_style_is_kept(word: str):
    """No module falls out of the house's style."""
    assert not [path.name for path in MODULES if word in path.read_text("utf-8")]
