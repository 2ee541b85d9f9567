"""
A corpus, assembled. In: what the files and histories of repositories give. Out: `Contents`, ready to be written.

Here, and only here, files meet each other: duplicates go, clusters are split, what gives a held-out answer away is
dropped, the profile is learned from the training side, and drafts that wait for the profile or the API index are
finished. The order of everything is that of paths and places.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, replace
from operator import attrgetter
from typing import Any

from .api import Lookup, build_index
from .conventions.tally import FileTally
from .corpus import Contents
from .errors import TooSmallError
from .filters.duplicates import Fingerprint, fingerprint_all, similar_pairs, template_of
from .filters.house import keeps_rules, lines_that_break
from .languages import install_command, known_languages, language_named
from .learn import learn_profile
from .own import own_objections
from .owners import owners_in
from .pairs.kind import collect_kinds
from .pairs.pair import Pair
from .patterns import matcher_of
from .profile import Profile
from .recency import recent_lines
from .repository import Repository
from .roles import is_test_path
from .settings import Settings
from .split import (
    ASKED_KINDS,
    LeakFinder,
    Unit,
    assign_sides,
    drop_quotes,
    formats_aside,
    has_small_test,
    prove_split,
)
from .unread import describe_tables
from .wording import counted
from .workers import Progress, silent
from .yields import (
    NO_GRAMMAR,
    UNMATCHED,
    Drop,
    FileYield,
    MadePair,
    Mined,
    hash_of,
    make_pair,
    prefix_drops,
    prefix_history,
    prefix_path,
)

NEAR_DUPLICATE = 0.7
"""Similarity from which the later of two pairs is dropped (text-dedup, bigcode and The Vault use the same)."""
MOST_COPIES = 10
"""Short bodies that are alike but for names and values; more of them are a template's, and would outweigh the rest."""
MOST_OF_ONE, LARGEST_SHARE = 20, 0.1
"""Pairs of a kind about one function or the same rules, and the share of all that they may be where there are more."""
BY_UNIT = frozenset({"implement", "restyle"})
"""Kinds whose answer is a definition, or its body, as it stands: its fingerprint is known."""


def assemble(
    mined: Sequence[Mined],
    settings: Sequence[Settings],
    progress: Progress = silent,
    own_pairs: Sequence[Pair] = (),
) -> Contents:
    """Return the corpus: pairs without duplicates, on their sides, with the proof, the profile and the index."""
    placed = place_side_by_side(mined)
    taught = [one for one in placed if not one.only_api]
    files = [(one.repository, file) for one in taught for file in one.files]
    defined = sum(len(file.symbols) for _, file in files)
    drops = [drop for one in taught for drop in (*one.drops, *one.history.drops)]
    if not defined:
        raise TooSmallError(f"No definition was found: mining needs at least 1. {explain_nothing(files, drops)}")
    lookups = look_up_by_language(placed)
    index = [(f.path, tuple(map(lookups[f.language].complete, f.symbols))) for one in placed for f in one.files]
    made = list(finish_drafts(files, lookups))
    standing = {one.pair.id for one in made}
    pairs = [*(one.pair for one in made), *(pair for one in taught for pair in one.history.pairs)]
    drops.extend(Drop(name, "", "settings", UNMATCHED) for name in matching_nothing(pairs, taught, settings))
    pairs = without(pairs, unwanted(pairs, taught, settings), "dropped_by_settings", drops)
    pairs = drop_faulty(pairs, files, drops)
    progress("splitting", 0, 3)
    units = [unit for _, file in files for unit in file.units]
    units += [unit for one in taught for unit in one.history.units]
    ages = {path: age for one in taught for path, age in one.history.ages.items()}
    weights = weigh_paths(pairs, {file.path for _, file in files})
    sides = assign_sides(units, weights, ages, Counter(pair.path for pair in pairs))
    pairs = [replace(pair, split=sides.split[pair.path], cluster=sides.cluster[pair.path]) for pair in pairs]
    pairs = without(pairs, on_both_sides(pairs, standing), "commit_on_both_sides", drops)
    held_out_units = [unit for unit in units if sides.split.get(unit.path, "train") != "train"]
    added = add_own(own_pairs, held_out_units, drops)
    sides = replace(sides, cluster={**sides.cluster, **{pair.path: pair.cluster for pair in added}})
    leaks = LeakFinder([*pairs, *added])
    pairs, quotes = drop_quotes([*pairs, *added], leaks)
    # a team's own count: where the code makes none, they can still teach
    if not pairs:
        raise TooSmallError(f"No pair could be made of {counted(defined, 'definition')}.")
    drops.extend(Drop(pair.path, pair.symbol, pair.kind, "quotes_held_out_answer") for pair in quotes)
    held_out = {pair.path for pair in pairs if pair.split != "train"}
    tallies = [file.tally for _, file in files if file.tally is not None and file.path not in held_out]
    progress("splitting", 1, 3)
    profile = learn_together(tallies, taught, settings[0])
    progress("splitting", 2, 3)
    pairs = without(pairs, against_style(pairs, tallies, profile, standing), "house_style", drops)
    by_path = {file.path: file.tally for _, file in files if file.tally is not None}
    rules = {one.pair.id: one.rules for one in made if one.rules}
    pairs = without(pairs, no_house_rule(pairs, rules, by_path, profile), "no_house_rule", drops)
    topics = {one.pair.id: (one.pair.kind, one.callee, one.rules) for one in made if one.callee or one.rules}
    pairs = without(pairs, crowded(pairs, topics), "too_much_of_one_thing", drops)
    progress("splitting", 3, 3)
    head = manifest_head(placed, settings)
    kept = asked_paths(pairs, held_out)
    return Contents(
        head={**head, **({"own_pairs": len({p.id for p in added} & {p.id for p in pairs})} if own_pairs else {})},
        pairs=sorted(pairs, key=lambda pair: (pair.path, pair.start_line, pair.kind, pair.id)),
        profile=profile.as_json(),
        api=build_index(index),
        skipped=[asdict(drop) for drop in sorted(drops, key=attrgetter("path", "symbol", "kind", "reason"))],
        sources={file.path: file.utf8 for _, file in files if file.path in kept},
        proof=prove_split(pairs, units, sides, leaks),
    )


def drop_faulty(pairs: Sequence[Pair], files: Sequence[tuple[Repository, FileYield]], drops: list[Drop]) -> list[Pair]:
    """Return *pairs* without those that teach nothing good whatever is held out; these go to *drops*."""
    pairs = without(pairs, hidden_elsewhere(pairs, files), "hidden", drops)
    pairs = without(pairs, unclear(pairs), "several_answers", drops)
    pairs = drop_repeats(pairs, [unit for _, file in files for unit in file.units], drops)
    return without(pairs, templated(pairs), "templated", drops)


def asked_paths(pairs: Sequence[Pair], held_out: Set[str]) -> Set[str]:
    """Return the files that tasks may be asked of: what is held out, or all where cross-evaluation will ask of all."""
    if not has_small_test(pairs):
        return held_out
    return held_out | {pair.path for pair in pairs if pair.kind == "implement"}


def weigh_paths(pairs: Sequence[Pair], standing: Set[str]) -> dict[str, int]:
    """
    Return how many held-out tasks each path could give: its pairs of `ASKED_KINDS`, or all where there are none.

    Of files that are not *standing* any more nothing would be asked: what they hold was torn down, or stands elsewhere.
    """
    aside = formats_aside((pair.kind, pair.language, 1) for pair in pairs)
    rows = [pair for pair in pairs if pair.language not in aside]
    asked = Counter(pair.path for pair in rows if pair.kind in ASKED_KINDS) or Counter(pair.path for pair in rows)
    return {pair.path: asked[pair.path] if pair.path in standing else 0 for pair in pairs}


def explain_nothing(files: Sequence[tuple[Repository, FileYield]], drops: Sequence[Drop]) -> str:
    """Return what may bring definitions where none was found."""
    missing = Counter(drop.reason.removeprefix(NO_GRAMMAR) for drop in drops if drop.reason.startswith(NO_GRAMMAR))
    if missing:
        without = ", ".join(f"{count:,} {language}" for language, count in missing.most_common())
        install = install_command(language_named(language) for language in missing)
        return f"Files without a grammar: {without}. Install them with: {install}"
    if files and all(is_test_path(file.path) for _, file in files):
        return "Tests alone were found, which teach conventions and give no pairs: name the code that they test."
    return f"{describe_tables()} Check the languages and the excludes.".lstrip()


def place_side_by_side(mined: Sequence[Mined]) -> list[Mined]:
    """Return *mined* with each repository's paths under a name of its own; those of the only one taught stay."""
    taught = [one for one in mined if not one.only_api]
    alone = taught[0] if len(taught) == 1 else None
    taken = {file.path.partition("/")[0] for file in alone.files} if alone else set[str]()
    return [one if one is alone else under(one, f"{free_name(one.repository, taken)}/") for one in mined]


def under(mined: Mined, prefix: str) -> Mined:
    """Return *mined* with *prefix* before all its paths."""
    files = tuple(prefix_path(file, prefix) for file in mined.files)
    drops, history = prefix_drops(mined.drops, prefix), prefix_history(mined.history, prefix)
    return mined._replace(files=files, history=history, drops=drops, prefix=prefix)


def free_name(repository: Repository, taken: set[str]) -> str:
    """Return a name for *repository* and add it to those *taken*; the second of two equal ones is numbered."""
    short = name = short_name(repository.name)
    number = 1
    while name in taken:
        number += 1
        name = f"{short}-{number}"
    taken.add(name)
    return name


def short_name(name: str) -> str:
    """Return the last part of a repository's name."""
    return name.rstrip("/").rpartition("/")[2].removesuffix(".git")


def look_up_by_language(placed: Sequence[Mined]) -> dict[str, Lookup]:
    """Return the index of what each language offers: a function of another one is not what code calls by its name."""
    by_language: defaultdict[str, list[FileYield]] = defaultdict(list)
    for one in placed:
        for file in one.files:
            by_language[file.language].append(file)
    return {name: Lookup((file.path, file.symbols) for file in files) for name, files in by_language.items()}


def finish_drafts(files: Sequence[tuple[Repository, FileYield]], lookups: Mapping[str, Lookup]) -> Iterator[MadePair]:
    """Yield a pair for every draft; those that wait for the API index are completed, or turn out to be none."""
    kinds = collect_kinds()
    for repository, file in files:
        licence = file.licence or repository.licence
        for draft in file.drafts:
            finish = kinds[draft.kind].finish
            done = draft if finish is None else finish(draft, lookups[file.language])
            if done is not None:
                pair = make_pair(file, done, repository.name, repository.commit, licence)
                yield MadePair(pair, done.rules, done.callee)


def hidden_elsewhere(pairs: Sequence[Pair], files: Sequence[tuple[Repository, FileYield]]) -> set[str]:
    """Return the ids of what asks for the head of a method that another file's class keeps to itself."""
    withheld = {(file.language, name) for _, file in files for name in file.withheld}
    return {
        pair.id
        for pair in pairs
        if pair.kind == "recall" and (pair.language, ".".join(pair.symbol.split(".")[-2:])) in withheld
    }


def unclear(pairs: Sequence[Pair]) -> set[str]:
    """Return the ids of pairs of which another asks the same, and has another answer."""
    answers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for pair in pairs:
        answers[pair.context, pair.instruction].add(pair.response)
    return {pair.id for pair in pairs if len(answers[pair.context, pair.instruction]) > 1}


def drop_repeats(pairs: Sequence[Pair], units: Sequence[Unit], drops: list[Drop]) -> list[Pair]:
    """Return *pairs* without those whose answer repeats an earlier one of the same kind, exactly or nearly."""
    gone: dict[int, str] = {}
    # a name may be defined twice
    times = Counter((unit.path, unit.symbol) for unit in units)
    marks = {(u.path, u.symbol): u.mark for u in units if times[u.path, u.symbol] == 1}
    for kind in sorted({pair.kind for pair in pairs} - {"infill"}):
        places = [index for index, pair in enumerate(pairs) if pair.kind == kind]
        known = marks if kind in BY_UNIT else {}
        prints = mark_pairs([pairs[index] for index in places], known)
        for first, second, similarity in similar_pairs(prints, NEAR_DUPLICATE):
            # a copy of what is gone is as like to what made it go
            if places[first] not in gone or similarity == 1.0:
                gone[places[second]] = "duplicate" if similarity == 1.0 else "near_duplicate"
    drops.extend(Drop(pairs[i].path, pairs[i].symbol, pairs[i].kind, gone[i]) for i in sorted(gone))
    return [pair for index, pair in enumerate(pairs) if index not in gone]


def crowded(pairs: Sequence[Pair], topics: Mapping[str, tuple[Any, ...]]) -> set[str]:
    """Return the ids of what is about one thing so often that this would be learned in place of everything else."""
    by_topic: defaultdict[tuple[Any, ...], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.id in topics:
            by_topic[topics[pair.id]].append(pair)
    counts = Counter(pair.kind for found in by_topic.values() for pair in found)
    gone: set[str] = set()
    for (kind, *_), found in by_topic.items():
        room = max(MOST_OF_ONE, round(LARGEST_SHARE * counts[kind]))
        gone |= {pair.id for pair in sorted(found, key=attrgetter("id"))[room:]}
    return gone


def templated(pairs: Sequence[Pair]) -> set[str]:
    """Return the ids of what is about functions of which many bodies differ in names and values alone."""
    times: Counter[bytes] = Counter()
    gone: set[tuple[str, str]] = set()
    for pair in pairs:
        if pair.kind == "implement" and (template := template_of(pair.response)):
            times[template] += 1
            if times[template] > MOST_COPIES:
                gone.add((pair.path, pair.symbol))
    return {pair.id for pair in pairs if (pair.path, pair.symbol) in gone and pair.kind != "edit"}


def mark_pairs(pairs: Sequence[Pair], known: Mapping[tuple[str, str], Fingerprint]) -> list[Fingerprint]:
    """Return the fingerprint of every pair's answer, where *known* has that of the definition it answers with."""
    fresh = iter(fingerprint_all([pair.response for pair in pairs if (pair.path, pair.symbol) not in known]))
    return [known.get((pair.path, pair.symbol)) or next(fresh) for pair in pairs]


def unwanted(pairs: Sequence[Pair], taught: Sequence[Mined], settings: Sequence[Settings]) -> set[str]:
    """Return the ids of what the settings of a repository drop, by id or by path pattern."""
    dropped = [(one.prefix, own.drop, matcher_of(own.drop)) for one, own in zip(taught, settings, strict=True)]
    return {
        pair.id
        for pair in pairs
        for prefix, names, matches in dropped
        if pair.id in names or (pair.path.startswith(prefix) and matches(pair.path.removeprefix(prefix)))
    }


def matching_nothing(pairs: Sequence[Pair], taught: Sequence[Mined], settings: Sequence[Settings]) -> list[str]:
    """Return what the settings of a repository say to drop, id or path pattern, and is of none of *pairs*."""
    ids = {pair.id for pair in pairs}
    paths = {pair.path for pair in pairs}
    return [
        name
        for one, own in zip(taught, settings, strict=True)
        for name in own.drop
        # what takes out of a pattern matches nothing by itself
        if name not in ids and not any(map(matcher_of([name.removeprefix("!")]), strip_prefix(paths, one.prefix)))
    ]


def strip_prefix(paths: Set[str], prefix: str) -> Iterator[str]:
    """Yield those of *paths* that begin with *prefix*, without it."""
    return (path.removeprefix(prefix) for path in paths if path.startswith(prefix))


def on_both_sides(pairs: Sequence[Pair], standing: Set[str]) -> set[str]:
    """Return the ids of what a commit that also changed a file held out teaches; what is *standing* now is kept."""
    sides: defaultdict[str, set[str]] = defaultdict(set)
    past = [pair for pair in pairs if pair.id not in standing]
    for pair in past:
        sides[pair.commit].add(pair.split)
    return {pair.id for pair in past if pair.split == "train" and len(sides[pair.commit]) > 1}


def add_own(own_pairs: Sequence[Pair], held_out: Sequence[Unit], drops: list[Drop]) -> list[Pair]:
    """Return the team's own pairs that may be added."""
    reasons = own_objections(own_pairs, held_out) if own_pairs else []
    judged = list(zip(own_pairs, reasons, strict=True))
    drops.extend(Drop(pair.path, pair.symbol, pair.kind, reason) for pair, reason in judged if reason)
    return [pair for pair, reason in judged if not reason]


def against_style(
    pairs: Sequence[Pair], tallies: Sequence[FileTally], profile: Profile, standing: Set[str]
) -> set[str]:
    """Return the ids of the training pairs among those *standing* that break a rule that gates, and tell no facts."""
    kinds = collect_kinds()
    taught = [pair for pair in pairs if pair.split == "train" and pair.id in standing]
    judged = [pair for pair in taught if not kinds[pair.kind].tells_facts]
    paths = {pair.path for pair in judged}
    broken = {tally.path: lines_that_break(tally, profile) for tally in tallies if tally.path in paths}
    return {p.id for p in judged if any(p.start_line <= line <= p.end_line for line in broken.get(p.path, ()))}


def no_house_rule(
    pairs: Sequence[Pair], rules: Mapping[str, Sequence[Any]], tallies: Mapping[str, FileTally], profile: Profile
) -> set[str]:
    """Return the ids of what is about a convention that is its file's habit and not the house's."""
    asked = [(pair.id, tally) for pair in pairs if pair.id in rules and (tally := tallies.get(pair.path)) is not None]
    return {name for name, tally in asked if not keeps_rules(rules[name], tally, profile)}


def without(pairs: Sequence[Pair], gone: Set[str], reason: str, drops: list[Drop]) -> list[Pair]:
    """Return *pairs* without those whose ids are *gone*; these go to *drops*, all for one *reason*."""
    drops.extend(Drop(pair.path, pair.symbol, pair.kind, reason) for pair in pairs if pair.id in gone)
    return [pair for pair in pairs if pair.id not in gone]


def learn_together(tallies: Sequence[FileTally], mined: Sequence[Mined], settings: Settings) -> Profile:
    """Return the profile of all repositories, with what their histories and formatters say of it."""
    recent = {one.prefix + path: lines for one in mined for path, lines in recent_lines(one.repository.root).items()}
    owners: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for one in mined:
        for name, folders in owners_in(one.repository.root, one.repository.listed).items():
            owners[name] += tuple(one.prefix + folder for folder in folders)
    packages = {one.prefix + package for one in mined for package in one.repository.packages}
    return learn_profile(tallies, settings=settings, recent=recent, owners=owners, packages=packages)


def manifest_head(mined: Sequence[Mined], settings: Sequence[Settings]) -> dict[str, Any]:
    """Return what the manifest says of where the corpus comes from, and how its team judges adapters."""
    policy = {key: own.policy[key] for own in reversed(settings) for key in own.policy}
    origins = [one.repository for one in mined if not one.only_api]
    offering = [one.repository for one in mined if one.only_api]
    return {
        "repository": " + ".join(repository.name for repository in origins),
        "commit": " + ".join(repository.commit for repository in origins),
        "licence": " + ".join(sorted({repository.licence for repository in origins})),
        "settings_sha256": hash_of(*(own.sha256 for own in settings)),
        "languages": [language.as_json() for language in known_languages() if language.sha256],
        "files": sum(len(one.files) for one in mined if not one.only_api),
        "history": [dict(one.history.about) for one in mined if not one.only_api],
        **({"api_from": [{"repository": r.name, "commit": r.commit} for r in offering]} if offering else {}),
        **({"policy": policy} if policy else {}),
    }
