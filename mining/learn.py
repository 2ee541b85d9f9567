"""
Learning what a repository keeps to. In: the tallies of its files. Out: a `Profile`.

Statistics as in the catalogue's common rules: each file counts for at most ten opportunities, a rule needs support and
a one-sided 90 % Wilson bound (Wilson 1927), what of a mined family reaches a bound passes Benjamini–Hochberg (1995) at
5 %, absences and legacy forms are learned but never enforced, what a formatter owns is left to it, a rule that recent
lines break is migrating and blocks nothing, and a folder that consistently does otherwise is left alone. Beyond them,
copies of one file in several folders count for one of it: copying is one decision. A slip that the team has
accepted does not make a rule weaker, as long as the share of places that keep it, that slip counted, is what the tier
asks for.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from .conventions.convention import Convention, HouseConvention, Opportunity, conventions_by_id, rule_id
from .conventions.facts import FileFacts
from .conventions.inhouse_definitions import folder_of
from .conventions.priors import read_priors
from .conventions.tally import FileTally
from .overrides import NOTHING, Override, override_for
from .owners import Owners, formatters_of
from .profile import EXEMPLARS, LEAST_RECENT, SHOWN_EXEMPLARS, Entry, Exemplar, Profile, is_project, scopes_of
from .settings import Settings
from .tiers import ENFORCED, lower_tier

Z = 1.2816
"""The one-sided 90 % quantile of the normal distribution."""
CHILD_GAIN = 0.03
"""How much higher the bound of a narrower scope must be to be used where it agrees."""
DISCOVERY_RATE = 0.05
LEAST_OWN, MOST_OWN, OWN_SHARE = 10.0, 81.0, 0.9
"""
A repository with so many places of its own, this share of which agree, is helped by what others do. With more it has no
need: 81 places without an exception reach the strictest tier by themselves.
"""
SAME_LINES = 0.7
"""The share of its lines that a copy has in common with what it is a copy of, of those of both."""
OPENING = ("(", "[", "{")
"""What a line ends with that goes on."""
OWN_HABIT = 0.8
"""A narrower scope that keeps the wider one's rule in a smaller share of places has no rule of it."""
LEAST_APART = 10.0
"""So many places of a narrower scope tell that it has no rule of it where not one of them keeps it."""


class Place(NamedTuple):
    """
    The opportunities of one file that give one answer to one question.
    """

    path: str
    origin: str
    """The first file that its file is a copy of; its own path where it is none."""
    role: str
    value: str
    times: int
    recent: int
    """How many of them stand on recent lines."""
    line: int
    """Where the first one stands."""
    text: str
    """That line; empty where it does not show the answer."""
    is_accepted: bool = False
    """Whether the team has accepted these answers, whatever the house's is."""


PATH: Callable[[Place], str] = attrgetter("path")
TIMES: Callable[[Place], int] = attrgetter("times")
RECENT: Callable[[Place], int] = attrgetter("recent")
QUESTION = itemgetter(0, 1)
ANSWER = itemgetter(0, 1, 2)
"""The convention and the key of an opportunity, and its value with them."""


Accepts = Callable[[Sequence[Opportunity]], Sequence[bool]]
"""Claims of each opportunity of one file that the team has accepted its answer, were it a slip."""


class Files(NamedTuple):
    """
    What is known of files beside their answers.
    """

    recent: Mapping[str, Set[int]]
    """The lines, by path, that the last commits added."""
    origins: Mapping[str, str]
    """The first file, by path, that a file is a copy of."""
    accepted: Mapping[str, Accepts] = MappingProxyType({})
    """Who knows what was accepted in a file, by its path."""


class Circumstances(NamedTuple):
    """
    What is known of a repository beside its files.
    """

    overrides: Mapping[str, Override]
    owners: Owners


def learn_profile(
    tallies: Iterable[FileTally],
    *,
    settings: Settings | None = None,
    recent: Mapping[str, Set[int]] | None = None,
    owners: Owners | None = None,
    packages: Set[str] = frozenset(),
    accepted: Mapping[str, Accepts] | None = None,
) -> Profile:
    """
    Return the profile of the files that *tallies* came from.

    *recent* holds the lines, by path, that the last commits added (`mining.recency`); without it nothing is migrating.
    *owners* says which formatters are configured, and where (`mining.owners`): what they own is left to them.
    *packages* are its outermost packages (`mining.packages`), as the tallies were made with.
    *accepted* tells, by path, the slips that weaken no rule.
    """
    files = sorted(tallies, key=lambda tally: tally.path)
    facts = {tally.path: tally.facts for tally in files if tally.facts is not None}
    places: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
    rules: dict[tuple[str, str], Mapping[str, Any]] = {}
    about = Files(recent or {}, find_copies(files), accepted or {})
    for tally in files:
        for question, place in count_answers(tally, tally.opportunities, tally.texts, about):
            places[question].append(place)
    for question in list_settled(places, [tally.path for tally in files]):
        del places[question]
    for convention in conventions_by_id().values():
        if isinstance(convention, HouseConvention):
            for rule in convention.find_rules(facts):
                rules[convention.id, rule["key"]] = rule
                places[convention.id, rule["key"]].extend(house_places(convention, rule, facts.values(), about))
    known = Circumstances(settings.conventions if settings is not None else {}, owners or {})
    entries = [
        entry
        for (name, key), found in sorted(places.items())
        for entry in learn_rule(conventions_by_id()[name], key, found, rules.get((name, key), {}), known)
    ]
    total = sum(place.times for found in places.values() for place in found)
    versions = {name: convention.version for name, convention in sorted(conventions_by_id().items())}
    kept = control_discoveries(entries, known.overrides)
    left = list_unanswered(known.overrides, {rule_id(name, key) for name, key in places})
    return Profile(tuple(kept), len(files), total, versions, packages, known.owners, left)


def list_unanswered(overrides: Mapping[str, Override], asked: Set[str]) -> tuple[str, ...]:
    """Return the rules that *overrides* leave out by their keys, and that are none of those *asked*."""
    # what is mined comes and goes, and what is known of a key without code has been told
    open_ended = {name for name, each in conventions_by_id().items() if each.is_neutral and not each.is_mined}
    return tuple(
        rule
        for rule, override in overrides.items()
        if override.is_sparing and rule not in asked and rule.partition("[")[0] in open_ended and "[" in rule
    )


def list_settled(asked: Iterable[tuple[str, str]], paths: Sequence[str]) -> list[tuple[str, str]]:
    """Return the questions among those *asked* that the files at *paths* themselves leave no choice of."""
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for name, key in asked:
        keys[name].append(key)
    return [(name, key) for name, found in keys.items() for key in conventions_by_id()[name].settled(found, paths)]


def find_copies(files: Sequence[FileTally]) -> dict[str, str]:
    """Return, by path, the first of the *files* that each is a copy of: a namesake with nearly the same lines."""
    # brings numpy, which a check whose profile is kept has no need of
    from .filters.duplicates import Clusters, Fingerprint, similar_pairs

    clusters = Clusters(len(files))
    prints = [Fingerprint(number, file.sketch) for number, file in enumerate(files)]
    for first, second, _ in similar_pairs(prints, SAME_LINES):
        clusters.join(first, second)
    return {file.path: files[clusters.find(number)].path for number, file in enumerate(files)}


def count_answers(
    file: FileTally | FileFacts,
    found: Sequence[Opportunity],
    texts: Mapping[tuple[str, str, str], str],
    about: Files,
) -> Iterator[tuple[tuple[str, str], Place]]:
    """Yield, for every answer in *found*, the question and how often one *file* answers so; accepted ones apart."""
    accepts = about.accepted.get(file.path)
    marks = accepts(found) if accepts is not None else ()
    if not any(marks):
        yield from count_alike(file, found, texts, about)
        return
    for is_accepted in (False, True):
        alike = [one for one, mark in zip(found, marks, strict=True) if mark == is_accepted]
        for question, place in count_alike(file, alike, texts, about):
            yield question, place._replace(is_accepted=is_accepted)


def count_alike(
    file: FileTally | FileFacts,
    found: Sequence[Opportunity],
    texts: Mapping[tuple[str, str, str], str],
    about: Files,
) -> Iterator[tuple[tuple[str, str], Place]]:
    """Yield, for every answer in *found*, the question and how often one *file* answers so."""
    lines, origin = about.recent.get(file.path), about.origins.get(file.path, file.path)
    lately = Counter(ANSWER(one) for one in found if one.line in lines) if lines else Counter[Any]()
    answers = list(map(ANSWER, found))
    first = {answer: one.line for answer, one in zip(reversed(answers), reversed(found), strict=True)}
    for answer, count in Counter(answers).items():
        about_it = (count, lately[answer], first[answer], texts.get(answer, ""))
        yield QUESTION(answer), Place(file.path, origin, file.role, answer[2], *about_it)


def house_places(
    convention: HouseConvention,
    rule: Mapping[str, Any],
    files: Iterable[FileFacts],
    about: Files,
) -> Iterator[Place]:
    """Yield the answers of all *files* to one mined rule."""
    for facts in files:
        choices = list(convention.ask(facts, rule))
        if not choices:
            continue  # nearly every file says nothing to nearly every rule
        found = [Opportunity(convention.id, rule["key"], one.value, one.line, one.start, one.end) for one in choices]
        texts = {(convention.id, rule["key"], one.value): one.text for one in reversed(choices)}
        yield from (place for _, place in count_answers(facts, found, texts, about))


def learn_rule(
    convention: Convention, key: str, places: Sequence[Place], rule: Mapping[str, Any], known: Circumstances
) -> list[Entry]:
    """Return the entries of one question: the repository's, and those of narrower scopes that say something else."""
    override = override_for(known.overrides, rule_id(convention.id, key))
    places = [place for place in places if not override.spares(place.path)] if override.is_sparing else places
    if not places:
        return []
    by_scope: defaultdict[str, list[Place]] = defaultdict(list)
    for _, group in groupby(places, PATH):
        found = list(group)
        for scope in scopes_of(found[0].path, found[0].role):
            by_scope[scope].extend(found)

    def learn(scope: str, found: Sequence[Place]) -> Entry | None:
        owner = owner_of(convention, key, found, known.owners)
        return learn_scope(convention, key, scope, found, rule, override, owner)

    # where a team enforces a rule, it holds everywhere
    is_of_project = convention.is_of_project(key) and not override.is_enforced
    whole = learn("repository", by_scope.pop("repository", []))
    entries = [] if whole is None else [whole]
    roles = [found for scope, found in by_scope.items() if scope.startswith("role:")]
    for scope, found in sorted(by_scope.items()):
        is_asked_alone = is_of_project and is_project(scope)
        # a folder that holds all of a role says the same once more
        if scope.startswith("dir:") and found in roles and not is_asked_alone:
            continue
        entry = learn(scope, found)
        if entry is None:
            entries += [] if override.is_enforced else silence(convention, whole, scope, found)
        elif convention.is_scoped and (
            whole is None
            or (entry.value, entry.owner) != (whole.value, whole.owner)
            or entry.bound >= whole.bound + CHILD_GAIN
            or is_asked_alone
        ):
            entries.append(entry)
    return [replace(entry, is_of_project=True) for entry in entries] if is_of_project else entries


def owner_of(convention: Convention, key: str, places: Sequence[Place], owners: Owners) -> str:
    """Return the formatter that is set up where most of *places* stand, or nothing."""
    for name in formatters_of(convention, key, owners):
        covered = sum(place.times for place in places if place.path.startswith(owners[name]))
        if 2 * covered > sum(place.times for place in places):
            return name
    return ""


def silence(convention: Convention, whole: Entry | None, scope: str, places: Sequence[Place]) -> list[Entry]:
    """Return the entry that keeps the repository's rule away from a scope which plainly does not keep it."""
    if whole is None or not whole.tier:
        return []
    votes, files = weigh(convention, places)
    n, k = sum(votes.values()), votes.get(whole.value, 0.0)
    least = convention.least_support if k else min(LEAST_APART, convention.least_support)
    if n < least or files < convention.least_files or k >= OWN_HABIT * n:
        return []
    times = count_values(places)
    entry = replace(whole, scope=scope, k=round(k, 3), n=round(n, 3), files=files, bound=round(wilson_bound(k, n), 5))
    counts = {"conforming": times[whole.value], "opportunities": times.total()}
    return [replace(entry, **counts, strength="", tier="")]


def weigh(
    convention: Convention, places: Iterable[Place], count_of: Callable[[Place], int] = TIMES
) -> tuple[dict[str, float], int]:
    """
    Return the weighted votes for each choice, and the number of files that vote; *places* stand file by file.

    Copies of one file have one file's votes between them.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    files = [list(group) for _, group in groupby(places, PATH)]
    copies = Counter(found[0].origin for found in files)
    for found in files:
        weight = min(1.0, convention.file_weight / sum(map(count_of, found))) / copies[found[0].origin]
        for place in found:
            votes[place.value] += weight * count_of(place)
    return votes, len(copies)


def count_values(places: Iterable[Place]) -> Counter[str]:
    """Return how many opportunities make each choice."""
    times: Counter[str] = Counter()
    for place in places:
        times[place.value] += place.times
    return times


class Count(NamedTuple):
    """
    How firmly one scope keeps one choice.
    """

    k: float
    """Weighted opportunities that make it."""
    n: float
    """Weighted opportunities."""
    files: int
    own: float
    """The lower bound of k / n; 0 where there are too few places for one."""
    bound: float
    """That, or what other codebases lend a small one."""


def count_votes(convention: Convention, scope: str, value: str, votes: Mapping[str, float], files: int) -> Count | None:
    """Return how firmly *votes* of so many *files* keep *value*, or None where there are too few."""
    n, k = sum(votes.values()), votes.get(value, 0.0)
    prior = read_priors().get(convention.id) if scope == "repository" and LEAST_OWN <= n <= MOST_OWN else None
    if (n < convention.least_support and prior is None) or files < convention.least_files:
        return None
    own = wilson_bound(k, n) if n >= convention.least_support else 0.0
    lent = wilson_bound(k + prior.a, n + prior.a + prior.b) if prior is not None and k >= OWN_SHARE * n else 0.0
    return Count(k, n, files, own, max(own, lent))


def count_few(value: str, votes: Mapping[str, float], files: int) -> Count:
    """Return how firmly *votes* of so many *files* keep *value*, however few they are."""
    n, k = sum(votes.values()), votes.get(value, 0.0)
    bound = wilson_bound(k, n)
    return Count(k, n, files, bound, bound)


def is_decided(votes: Mapping[str, float]) -> bool:
    """Claim that one choice has more votes than any other."""
    first, second = sorted((0.0, *votes.values()), reverse=True)[:2]
    return first > second


def strength_without(
    convention: Convention, value: str, count: Count, better: Count | None, places: Sequence[Place]
) -> str:
    """
    Return the strictest tier that a rule may have when its accepted slips do not *count*, which makes it *better*.

    With them, the share of places that keep it, weighed and as people count it, must reach that tier still: what many
    depart from is no rule for having been accepted. Nor does accepting some slips tell of others that were not: those
    against a hint are none that a baseline takes in.
    """
    departs = [place for place in places if place.value != value]
    is_told = strength_of(convention, count.bound) in ENFORCED
    if better is None or not (is_told or all(place.is_accepted for place in departs)):
        return ""
    times = count_values(places)
    share = min(count.k / count.n, times[value] / times.total())
    return lower_tier(strength_of(convention, better.bound), strength_of(convention, share))


def first_choice(votes: Mapping[str, float]) -> str:
    """Return the choice with the most votes; of equals, the first by name."""
    return min(votes, key=lambda value: (-votes[value], value))


def learn_scope(
    convention: Convention,
    key: str,
    scope: str,
    places: Sequence[Place],
    rule: Mapping[str, Any],
    override: Override,
    owner: str,
) -> Entry | None:
    """Return what the places of one scope hold to, or None when they hold to nothing or are too few."""
    # a team's word outweighs the count; what a folder with few places does is no habit of its own all the same
    is_said = override.is_enforced and scope == "repository"
    if len(places) < (1 if is_said else convention.least_files):
        return None  # a place is in one file: most candidates end here, before they are weighed
    votes, files = weigh(convention, places)
    value = override.value or first_choice(votes)
    count = count_votes(convention, scope, value, votes, files)
    is_few = count is None and is_said and (bool(override.value) or is_decided(votes))
    count = count_few(value, votes, files) if is_few else count
    if count is None or value in convention.defaults:
        return None
    strength = "" if is_few else strength_of(convention, count.bound)
    held = [place for place in places if place.value == value or not place.is_accepted]
    if len(held) < len(places):
        better = count_votes(convention, scope, value, *weigh(convention, held))
        lifted = strength_without(convention, value, count, better, places)
        if better is not None and lower_tier(lifted, strength) != lifted:
            places, count, strength = held, better, lifted
    cap = "advise" if convention.is_advised(value, key) and convention.cap == "gate" else convention.cap
    if not strength and not override.is_enforced:
        return None
    lately, _ = weigh(convention, [place for place in held if place.recent], RECENT)
    favourite = first_choice(lately) if lately else value
    times = count_values(places)
    entry = Entry(
        convention=convention.id,
        key=key,
        scope=scope,
        value=value,
        k=round(count.k, 3),
        n=round(count.n, 3),
        conforming=times[value],
        opportunities=times.total(),
        files=count.files,
        bound=round(count.bound, 5),
        strength=strength,
        tier="" if value in convention.never or owner else lower_tier(strength, cap),
        exemplars=exemplars_of(place for place in places if place.value == value),
        counterexamples=exemplars_of(place for place in places if place.value != value)[:SHOWN_EXEMPLARS],
        rule=dict(rule),
        reason="",
        recent_k=round(lately.get(value, 0.0), 3),
        recent_n=round(sum(lately.values()), 3),
        moving_to=favourite if favourite != value and sum(lately.values()) >= LEAST_RECENT else "",
        owner=owner,
        by_prior=strength_of(convention, count.bound) != strength_of(convention, count.own),
    )
    if override.is_enforced:
        entry = replace(entry, tier="gate")
    elif entry.is_migrating:
        # a habit that is being given up: nothing new is held to it, or to what is not yet one
        entry = replace(entry, tier="" if entry.moving_to else lower_tier(entry.tier, "hint"))
    return settle(entry, override)


def settle(entry: Entry, override: Override) -> Entry:
    """Return *entry* as a team has it: its reason, whom it spares, and its tier where there is one to replace."""
    tier, reason = entry.tier and (override.tier or entry.tier), override.reason or entry.reason
    return replace(entry, tier=tier, reason=reason, spared=override.ignored_in or entry.spared)


def settle_profile(profile: Profile, settings: Settings) -> Profile:
    """Return *profile*, learned without *settings*, with what they ignore left out and the tiers that they name."""
    rows = ((entry, override_for(settings.conventions, entry.id)) for entry in profile.entries)
    kept = [settle(entry, override) for entry, override in rows if not override.ignore]
    return replace(profile, entries=tuple(kept))


def strength_of(convention: Convention, bound: float) -> str:
    """Return the strictest tier that a bound earns, or nothing."""
    return next((tier for tier, least in convention.bounds if bound >= least), "")


def wilson_bound(k: float, n: float) -> float:
    """Return the one-sided 90 % Wilson lower bound of the share k / n, of at least one place (Wilson 1927)."""
    p = k / n
    root = math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0.0, (p + Z * Z / (2 * n) - Z * root) / (1 + Z * Z / n))


def exemplars_of(places: Iterable[Place]) -> tuple[Exemplar, ...]:
    """
    Return a few of *places*: of different folders first, then of different files.

    Of them the shortest lines come first; after them lines that go on, and last those that show nothing by themselves.
    """
    first: dict[str, Place] = {}
    for place in places:
        first.setdefault(place.path, place)
    ranked = sorted(first.values(), key=lambda p: (not p.text, p.text.endswith(OPENING), len(p.text), p.path, p.line))
    by_folder: dict[str, Place] = {}
    for place in ranked:
        by_folder.setdefault(folder_of(place.path), place)
    others = (place for place in ranked if by_folder[folder_of(place.path)] is not place)
    chosen = islice(chain(by_folder.values(), others), EXEMPLARS)
    return tuple(Exemplar(place.path, place.line, place.text) for place in chosen)


def control_discoveries(entries: Sequence[Entry], overrides: Mapping[str, Override]) -> list[Entry]:
    """
    Return *entries* without the mined ones that so many of them would hold by chance (Benjamini–Hochberg).

    Counted are those that have reached a bound. What was tried and fell short is not: with it, a quarter fewer would be
    left, though held-out files keep those no worse than the others. Having been chosen by their counts, the ones that
    stay are beyond the theorem: `benchmarks/conventions/discoveries.py` measures how many of them are false.

    What a team enforces by its own id rests on no count; to enforce a whole convention makes no rule of a candidate.
    """
    conventions = conventions_by_id()
    kept: list[Entry] = []
    families: defaultdict[str, list[tuple[float, Entry]]] = defaultdict(list)
    for entry in entries:
        if not conventions[entry.convention].is_mined or overrides.get(entry.id, NOTHING).is_enforced:
            kept.append(entry)
        elif entry.strength or not override_for(overrides, entry.id).is_enforced:
            null = conventions[entry.convention].null_share
            z = (entry.k / entry.n - null) / math.sqrt(null * (1 - null) / entry.n)
            families[entry.convention].append((0.5 * math.erfc(z / math.sqrt(2)), entry))
    for found in families.values():
        found.sort(key=lambda row: row[0])
        passing = [i for i, (p, _) in enumerate(found, start=1) if p <= DISCOVERY_RATE * i / len(found)]
        kept += [entry for _, entry in found[: max(passing, default=0)]]
    return sorted(kept, key=lambda entry: (entry.convention, entry.key, entry.scope))
