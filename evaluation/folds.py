"""
Four-fold cross-evaluation. In: a corpus whose test is small. Out: four, another quarter held out of each.

A small repository's test holds too few tasks, or comes from so few independent files that no interval over them is
firm. So the clusters of training and test are dealt into four folds; each fold is asked of an adapter that was trained,
by the same recipe, on the other three. Validation stays what it was: no fold trains on it, and arms are chosen by it.
What leaks from a fold into its training pairs is dropped by the rule of mining, and the profile is learned again
without the fold's files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..mining.advice import LEAST_PAIRS
from ..mining.artefacts import sha256_json
from ..mining.conventions.tally import tally_source
from ..mining.corpus import Corpus
from ..mining.learn import learn_profile
from ..mining.pairs.pair import Pair
from ..mining.profile import Entry, Profile
from ..mining.split import FOLDS, LeakFinder, drop_quotes, has_small_test


# no slots: the profile is learned once, beside the fields
@dataclass(frozen=True)
class FoldCorpus(Corpus):
    """
    A corpus seen with one fold as its test, and the other folds as its training.
    """

    whole: Corpus
    training: tuple[Pair, ...]
    asked: tuple[Pair, ...]
    """The fold's own `implement` pairs."""

    def pairs(self, split: str) -> list[Pair]:
        """Return the pairs of one split, as this fold has them."""
        own = {"train": self.training, "test": self.asked}
        return list(own[split]) if split in own else self.whole.pairs(split)

    @cached_property
    def profile(self) -> Profile:
        """The conventions that the files of the other folds keep, as far as the whole corpus holds them."""
        paths = sorted({pair.path for pair in self.training} & self.manifest["sources"].keys())
        packages = self.whole.profile.packages
        learned = learn_profile([tally_source(self.source(path), packages) for path in paths], packages=packages)
        kept = (keep_decided(entry, self.whole.profile) for entry in learned.entries)
        entries = tuple(entry for entry in kept if entry is not None)
        return replace(learned, entries=entries, versions=self.whole.profile.versions, owners=self.whole.profile.owners)


def keep_decided(entry: Entry, whole: Profile) -> Entry | None:
    """Return *entry* with what the team's settings, formatters and history say of it in *whole*; None if not there."""
    known = whole.table.get((entry.convention, entry.key, entry.scope))
    if known is None or known.value != entry.value:
        return None
    decided = known.reason or known.owner or known.is_migrating or not known.tier
    tier = known.tier if decided else entry.tier
    return replace(entry, tier=tier, reason=known.reason, owner=known.owner, moving_to=known.moving_to)


def open_folds(corpus: Corpus) -> list[FoldCorpus]:
    """
    Return the four folds of *corpus*; none where its test is large enough, or folds would not ask of more clusters.

    None, too, where a fold would leave fewer pairs than training needs, and for a corpus that keeps no more sources
    than those of its own test: it was mined before there were folds.
    """
    pairs = [*corpus.pairs("train"), *corpus.pairs("test")]
    if not has_small_test(pairs):
        return []
    askable = [pair for pair in pairs if pair.kind == "implement" and pair.path in corpus.manifest["sources"]]
    own = {pair.cluster for pair in askable if pair.split == "test"}
    held = deal_clusters(askable)
    if len(held) < FOLDS or sum(map(len, held)) <= len(own):
        return []
    folds = [open_fold(corpus, pairs, askable, clusters) for clusters in held]
    return folds if all(len(fold.training) >= LEAST_PAIRS for fold in folds) else []


def deal_clusters(askable: Sequence[Pair]) -> list[frozenset[str]]:
    """Return the clusters in at most four folds, the largest first, each to the fold that has the fewest pairs."""
    sizes = Counter(pair.cluster for pair in askable)
    folds: list[set[str]] = [set() for _ in range(FOLDS)]
    weights = [0] * FOLDS
    for name, size in sorted(sizes.items(), key=lambda item: (-item[1], sha256_json(["fold", item[0]]))):
        lightest = weights.index(min(weights))
        folds[lightest].add(name)
        weights[lightest] += size
    return [frozenset(fold) for fold in folds if fold]


def open_fold(corpus: Corpus, pairs: Sequence[Pair], askable: Sequence[Pair], held: frozenset[str]) -> FoldCorpus:
    """Return *corpus* with the clusters of *held* as its test."""
    asked = [replace(pair, split="test") for pair in askable if pair.cluster in held]
    # a commit that changed a file of the fold may tell in another file what it did here
    commits = {pair.commit for pair in pairs if pair.kind == "edit" and pair.cluster in held}
    others = [
        replace(pair, split="train")
        for pair in pairs
        if pair.cluster not in held and not (pair.kind == "edit" and pair.commit in commits)
    ]
    kept, _ = drop_quotes(others, LeakFinder([*others, *asked, *corpus.pairs("validation")]))
    return FoldCorpus(
        folder=corpus.folder,
        manifest=corpus.manifest,
        sha256=corpus.sha256,
        whole=corpus,
        training=tuple(sorted(kept, key=lambda pair: (pair.path, pair.start_line, pair.kind, pair.id))),
        asked=tuple(asked),
    )
