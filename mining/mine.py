"""
The ladder from a repository to a corpus. In: folders. Out: a `Corpus`.

`mine_source` is pure: one parsed file in, what it teaches out. `mine_data` adds decoding, redaction and the reasons why
a file cannot be mined. `mine_repositories` walks, spreads the files over worker processes, removes duplicates, splits
and writes. The order of everything is that of paths and places, never that of completion.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from .api import Symbol, build_index, file_symbols
from .cache import Store, open_store, version_of_mining
from .corpus import Contents, Corpus, write_corpus
from .definitions import collect_definitions
from .errors import InputError, MissingExtraError, TooSmallError
from .filters.duplicates import fingerprint, similar_pairs
from .filters.house import lines_that_break
from .filters.licence import file_licence, may_stay
from .filters.personal import mask_personal
from .filters.quality import broken_definition, gives_cause, object_to
from .filters.secrets import redact_secrets
from .languages import Language, known_languages, language_of
from .own import own_objections, read_own_pairs
from .owners import owners_in
from .pairs.kind import Draft, MinedFile, collect_kinds
from .pairs.pair import Pair
from .profile import FileTally, Profile, learn_profile, tally_source
from .recency import recent_lines
from .repository import Repository, open_repository
from .roles import is_test_path
from .settings import Settings, read_settings
from .skeleton import render_skeleton
from .source import Source, UndecodableError, parse_source
from .split import LeakFinder, Unit, assign_sides, drop_quotes, prove_split
from .workers import map_files

NEAR_DUPLICATE = 0.7
"""Similarity from which the later of two pairs is dropped (text-dedup, bigcode and The Vault use the same)."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Drop:
    """
    Something that was left out, and why.
    """

    path: str
    symbol: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileYield:
    """
    What one file gives; small, and fit to travel between processes.
    """

    path: str
    language: str
    utf8: bytes
    """The file's text with secrets redacted."""
    skeleton: str
    drafts: tuple[Draft, ...]
    units: tuple[Unit, ...]
    symbols: tuple[Symbol, ...]
    tally: FileTally | None
    drops: tuple[Drop, ...]
    licence: str = ""
    """The licence that the file names itself; empty where it names none."""


def mine_source(source: Source, kinds: Sequence[str] | None = None) -> FileYield:
    """
    Return what one parsed file teaches. Pure: the same source gives the same yield.
    """
    definitions = collect_definitions(source)
    skeleton = render_skeleton(source, definitions)
    mined = MinedFile(source, definitions, skeleton)
    drafts, drops = draft_pairs(mined, kinds)
    units = tuple(
        Unit(source.path, definition.symbol, fingerprint(source.slice(definition.code or definition.body)))
        for definition in definitions
        if definition.kind != "class"
    )
    return FileYield(
        path=source.path,
        language=source.language.name,
        utf8=source.utf8,
        skeleton=skeleton,
        drafts=tuple(drafts),
        units=units,
        symbols=file_symbols(source, definitions),
        tally=tally_source(source),
        drops=tuple(drops),
        licence=file_licence(source.text),
    )


def draft_pairs(mined: MinedFile, kinds: Sequence[str] | None) -> tuple[list[Draft], list[Drop]]:
    """Return what every kind makes of a file, sorted into kept and dropped."""
    source = mined.source
    drafts: list[Draft] = []
    drops: list[Drop] = []
    if is_test_path(source.path):
        return drafts, drops
    doubtful = source.language.name == "python" and gives_cause(source)
    by_symbol = {definition.symbol: definition for definition in mined.definitions} if doubtful else {}
    broken = {symbol: broken_definition(source, definition) for symbol, definition in by_symbol.items()}
    for name, kind in collect_kinds().items():
        if kinds is not None and name not in kinds:
            continue
        for draft in kind.draft(mined):
            reason = object_to(draft) or ("syntax" if broken.get(draft.symbol) else "")
            if reason:
                drops.append(Drop(source.path, draft.symbol, name, reason))
            else:
                drafts.append(draft)
    return drafts, drops


def pairs_of_source(source: Source) -> Iterator[Pair]:
    """Yield the pairs of one source by itself: not split, not clustered, without an origin."""
    mined = mine_source(source)
    for draft in mined.drafts:
        yield make_pair(mined, draft, repository="", commit="", licence="")


def mine_data(path: str, data: bytes, languages: Sequence[Language], kinds: Sequence[str] | None) -> FileYield | Drop:
    """Return what the bytes of one file teach, or why they cannot be mined."""
    language = language_of(path, tuple(languages))
    if language is None:
        return Drop(path, "", "file", "unknown_language")
    try:
        source = parse_source(path, data, language)
    except UndecodableError as error:
        return Drop(path, "", "file", error.reason)
    except MissingExtraError:
        return Drop(path, "", "file", f"grammar_not_installed_{language.name}")
    cleaned = clean_source(source)
    try:
        mined = mine_source(cleaned.source, kinds)
    except RecursionError:
        return Drop(path, "", "file", "too_deep")
    mined = without_places(mined, cleaned.source.text, cleaned.secrets, "secret")
    return without_places(mined, cleaned.source.text, cleaned.personal, "personal_data")


class Cleaned(NamedTuple):
    """
    A source without secrets and personal data, and where they stood.
    """

    source: Source
    secrets: list[tuple[int, int]]
    personal: list[tuple[int, int]]


def clean_source(source: Source) -> Cleaned:
    """Return *source* with its secrets redacted and its personal data masked, as a corpus keeps it."""
    redacted, secrets = redact_secrets(source.text)
    masked, personal = mask_personal(redacted)
    if secrets or personal:
        source = parse_source(source.path, masked.encode(source.encoding), source.language)
    return Cleaned(source, [(s.start, s.end) for s in secrets], [(p.start, p.end) for p in personal])


def without_places(mined: FileYield, text: str, places: Sequence[tuple[int, int]], reason: str) -> FileYield:
    """Return *mined* without the drafts whose answer was redacted at one of *places*: it would teach nonsense."""
    if not places:
        return mined
    lines = {text.count("\n", 0, place) + 1 for start, end in places for place in (start, end - 1)}
    kept = tuple(d for d in mined.drafts if not any(d.start_line <= line <= d.end_line for line in lines))
    gone = tuple(Drop(mined.path, d.symbol, d.kind, reason) for d in mined.drafts if d not in kept)
    redacted = Drop(mined.path, "", "file", f"{reason}_redacted")
    return replace(mined, drafts=kept, drops=(*mined.drops, *gone, redacted))


def mine_repositories(
    repositories: Sequence[Path],
    out: Path,
    *,
    kinds: Sequence[str] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Corpus:
    """
    Mine *repositories* into one corpus at *out*.

    Raises `InputError` for a path that is no repository with code, and `TooSmallError` when nothing can be mined.
    """
    known = known_languages()
    if unknown := sorted(set(kinds or ()) - set(collect_kinds())):
        raise InputError(f"No pair kind {unknown[0]!r}. Known: {', '.join(collect_kinds())}.")
    own_pairs: list[Pair] = []
    yields: list[tuple[Repository, FileYield]] = []
    drops: list[Drop] = []
    settings = [read_settings(root) if root.is_dir() else Settings() for root in repositories]
    for root, own in zip(repositories, settings, strict=True):
        own_pairs.extend(read_own_pairs(root, own))
        # what would run code is never taken from the mined tree; the record, and so the summary, says it was there
        drops.extend(Drop(f"[{table}]", "", "settings", "setting_that_runs_code") for table in own.ignored)
        repository = open_repository(root, suffixes=suffixes(known), exclude=own.exclude)
        drops.extend(Drop(skip.path, "", "file", skip.reason) for skip in repository.skips)
        for result in read_and_mine(repository, known, kinds, workers, progress):
            if isinstance(result, Drop):
                drops.append(result)
            elif not may_stay(result.licence, repository.licence, own.licences):
                drops.append(Drop(result.path, "", "file", "licence"))
            else:
                drops.extend(result.drops)
                yields.append((repository, result))
    return write_corpus(out, assemble(yields, drops, settings, progress, own_pairs))


def read_and_mine(
    repository: Repository,
    languages: Sequence[Language],
    kinds: Sequence[str] | None,
    workers: int | None,
    progress: Progress | None,
) -> Iterator[FileYield | Drop]:
    """Yield what every file gives, in order of path: from the cache, or from worker processes."""
    # a worker needs where the files are, not the list of them
    place = replace(repository, paths=(), skips=(), listed=())
    asked = hash_of(version_of_mining(), ",".join(kinds or ("all",)), *(repr(language) for language in languages))
    work = partial(mine_packed, place, tuple(languages), kinds, asked)
    store = open_store()
    kept = {path for path in repository.paths if store is not None and is_kept(store, place, asked, path)}
    sizes = [(path, size_of(repository.root / path)) for path in repository.paths if path not in kept]
    fresh = map_files(work, sizes, workers=workers or os.cpu_count() or 1, lost=lose_file, progress=progress)
    try:
        for path in repository.paths:
            packed = Packed(file_key(place, asked, path), b"") if path in kept else next(fresh)
            value = packed.value or (store and packed.key and store.get(packed.key)) or b""
            if store is not None and packed.key and packed.value:
                store.put(packed.key, packed.value)
            # what vanished from the cache meanwhile is mined here
            yield pickle.loads(value) if value else mine_path(place, languages, kinds, path)  # noqa: S301 - our own
    finally:
        if store is not None:
            store.close()


class Packed(NamedTuple):
    """
    What one file gives, as it travels and is kept.
    """

    key: bytes
    """What it is kept under; empty for what must not be kept."""
    value: bytes


def mine_packed(
    repository: Repository, languages: Sequence[Language], kinds: Sequence[str] | None, asked: str, path: str
) -> Packed:
    """Mine one file and pack what it gives, under the hash of what was read."""
    data = repository.read(path)
    if not isinstance(data, bytes):
        return Packed(b"", pickle.dumps(Drop(data.path, "", "file", data.reason), 5))
    mined = mine_data(path, data, languages, kinds)
    # a grammar may be installed before the next run
    lasting = not (isinstance(mined, Drop) and mined.reason.startswith("grammar_not_installed"))
    return Packed(key_of(asked, path, data) if lasting else b"", pickle.dumps(mined, 5))


def lose_file(path: str) -> Packed:
    """Return what is recorded of a file whose worker died."""
    return Packed(b"", pickle.dumps(Drop(path, "", "file", "crashed_or_too_slow"), 5))


def is_kept(store: Store, repository: Repository, asked: str, path: str) -> bool:
    """Claim that the cache holds what the file at *path* gives as it is now."""
    key = file_key(repository, asked, path)
    return bool(key) and store.has(key)


def file_key(repository: Repository, asked: str, path: str) -> bytes:
    """Return what the file at *path* is kept under, or nothing when it cannot be read."""
    data = repository.read(path)
    return key_of(asked, path, data) if isinstance(data, bytes) else b""


def key_of(asked: str, path: str, data: bytes) -> bytes:
    """Return what a file is kept under: its bytes, its path, and what was asked of it."""
    digest = hashlib.blake2b(f"{asked}\0{path}\0".encode("utf-8", "surrogateescape"), digest_size=16)
    digest.update(data)
    return digest.digest()


def size_of(file: Path) -> int:
    """Return the size of a file; 0 when it is gone, which its reading will tell."""
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def mine_path(
    repository: Repository, languages: Sequence[Language], kinds: Sequence[str] | None, path: str
) -> FileYield | Drop:
    """Read and mine one file of *repository*."""
    data = repository.read(path)
    if not isinstance(data, bytes):
        return Drop(data.path, "", "file", data.reason)
    return mine_data(path, data, languages, kinds)


def assemble(
    yields: Sequence[tuple[Repository, FileYield]],
    drops: list[Drop],
    settings: Sequence[Settings],
    progress: Progress | None,
    own_pairs: Sequence[Pair] = (),
) -> Contents:
    """Return the corpus: pairs without duplicates, on their sides, with the proof, the profile and the index."""
    several = len({repository.root for repository, _ in yields}) > 1
    files = [(repository, prefix_path(mined, repository.name) if several else mined) for repository, mined in yields]
    if not any(mined.units for _, mined in files):
        raise TooSmallError("No definition was found: mining needs at least 1. Check the languages and the excludes.")
    pairs = [
        make_pair(mined, draft, repository.name, repository.commit, mined.licence or repository.licence)
        for repository, mined in files
        for draft in mined.drafts
    ]
    units = [unit for _, mined in files for unit in mined.units]
    pairs = drop_repeats(curate(pairs, settings, drops), units, drops)
    if not pairs:
        raise TooSmallError(f"No pair could be made of {sum(len(mined.units) for _, mined in files)} definitions.")
    if progress:
        progress("splitting", 0, 1)
    sides = assign_sides(units, Counter(pair.path for pair in pairs))
    pairs = [replace(pair, split=sides.split[pair.path], cluster=sides.cluster[pair.path]) for pair in pairs]
    held_out_units = [unit for unit in units if sides.split.get(unit.path, "train") != "train"]
    added = add_own(own_pairs, held_out_units, drops)
    sides = replace(sides, cluster={**sides.cluster, **{pair.path: pair.cluster for pair in added}})
    leaks = LeakFinder([*pairs, *added])
    pairs, quotes = drop_quotes([*pairs, *added], leaks)
    drops.extend(Drop(pair.path, pair.symbol, pair.kind, "quotes_held_out_answer") for pair in quotes)
    held_out = {pair.path for pair in pairs if pair.split != "train"}
    tallies = [m.tally for _, m in files if m.tally is not None and m.path not in held_out]
    profile = learn_together(tallies, files, settings[0])
    pairs = keep_style(pairs, tallies, profile, {repository.commit for repository, _ in files}, drops)
    if progress:
        progress("splitting", 1, 1)
    return Contents(
        head={**manifest_head(files, settings), **({"own_pairs": len(added)} if own_pairs else {})},
        pairs=sorted(pairs, key=lambda pair: (pair.path, pair.start_line, pair.kind, pair.id)),
        profile=profile.as_json(),
        api=build_index((mined.path, mined.symbols) for _, mined in files),
        skipped=[{"path": d.path, "symbol": d.symbol, "kind": d.kind, "reason": d.reason} for d in sorted_drops(drops)],
        sources={mined.path: mined.utf8 for _, mined in files if mined.path in held_out},
        proof=prove_split(pairs, units, sides, leaks),
    )


def keep_style(
    pairs: Sequence[Pair], tallies: Sequence[FileTally], profile: Profile, commits: Set[str], drops: list[Drop]
) -> list[Pair]:
    """Return *pairs* without the training pairs whose answer, as it stands now, breaks a rule that gates."""
    broken = {tally.path: lines_that_break(tally, profile) for tally in tallies}
    kept: list[Pair] = []
    for pair in pairs:
        lines = broken.get(pair.path, {}) if pair.split == "train" and pair.commit in commits else {}
        if any(pair.start_line <= line <= pair.end_line for line in lines):
            drops.append(Drop(pair.path, pair.symbol, pair.kind, "house_style"))
        else:
            kept.append(pair)
    return kept


def learn_together(
    tallies: Sequence[FileTally], files: Sequence[tuple[Repository, FileYield]], settings: Settings
) -> Profile:
    """Return the profile of all repositories, with what their histories and formatters say of it."""
    repositories = {repository.root: repository for repository, _ in files}
    recent: dict[str, frozenset[int]] = {}
    owners: frozenset[str] = frozenset()
    for root, repository in repositories.items():
        prefix = f"{short_name(repository.name)}/" if len(repositories) > 1 else ""
        recent.update({prefix + path: lines for path, lines in recent_lines(root).items()})
        owners |= owners_in(root)
    return learn_profile(tallies, settings=settings, recent=recent, owners=owners)


def make_pair(mined: FileYield, draft: Draft, repository: str, commit: str, licence: str) -> Pair:
    """Return *draft* with its origin."""
    prompt = hash_of(mined.path, mined.skeleton)
    return Pair(
        id=hash_of(draft.kind, mined.path, draft.symbol, str(draft.start), draft.instruction, draft.response),
        kind=draft.kind,
        language=mined.language,
        split="",
        prompt_id=prompt,
        context=mined.skeleton,
        instruction=draft.instruction,
        response=draft.response,
        repository=repository,
        commit=commit,
        path=mined.path,
        symbol=draft.symbol,
        start_line=draft.start_line,
        end_line=draft.end_line,
        licence=licence,
        cluster="",
        quality=draft.quality,
    )


def drop_repeats(pairs: Sequence[Pair], units: Sequence[Unit], drops: list[Drop]) -> list[Pair]:
    """Return *pairs* without those whose answer repeats an earlier one of the same kind, exactly or nearly."""
    gone: dict[int, str] = {}
    # the answer of an `implement` pair is its unit, whose fingerprint is known; but a name may be defined twice
    times = Counter((unit.path, unit.symbol) for unit in units)
    marks = {(u.path, u.symbol): u.mark for u in units if times[u.path, u.symbol] == 1}
    for kind in sorted({pair.kind for pair in pairs} - {"infill"}):
        places = [index for index, pair in enumerate(pairs) if pair.kind == kind]
        known = marks if kind == "implement" else {}
        prints = [known.get((p.path, p.symbol)) or fingerprint(p.response) for p in (pairs[i] for i in places)]
        for first, second, similarity in similar_pairs(prints, NEAR_DUPLICATE):
            # a copy of what is gone is as like to what made it go
            if places[first] not in gone or similarity == 1.0:
                gone[places[second]] = "duplicate" if similarity == 1.0 else "near_duplicate"
    drops.extend(Drop(pairs[i].path, pairs[i].symbol, pairs[i].kind, gone[i]) for i in sorted(gone))
    return [pair for index, pair in enumerate(pairs) if index not in gone]


def curate(pairs: Sequence[Pair], settings: Sequence[Settings], drops: list[Drop]) -> list[Pair]:
    """Return *pairs* without those that the team's settings drop, by id or by path pattern."""
    import pathspec

    patterns = [entry for own in settings for entry in own.drop]
    spec = pathspec.GitIgnoreSpec.from_lines(patterns)
    kept = [pair for pair in pairs if pair.id not in patterns and not spec.match_file(pair.path)]
    if len(kept) < len(pairs):
        left = {pair.id for pair in kept}
        drops.extend(Drop(p.path, p.symbol, p.kind, "dropped_by_settings") for p in pairs if p.id not in left)
    return kept


def add_own(own_pairs: Sequence[Pair], held_out: Sequence[Unit], drops: list[Drop]) -> list[Pair]:
    """Return the team's own pairs that may be added."""
    reasons = own_objections(own_pairs, held_out) if own_pairs else []
    judged = list(zip(own_pairs, reasons, strict=True))
    drops.extend(Drop(pair.path, pair.symbol, pair.kind, reason) for pair, reason in judged if reason)
    return [pair for pair, reason in judged if not reason]


def manifest_head(files: Sequence[tuple[Repository, FileYield]], settings: Sequence[Settings]) -> dict[str, Any]:
    """Return what the manifest says of where the corpus comes from, and how its team judges adapters."""
    policy = {key: own.policy[key] for own in reversed(settings) for key in own.policy}
    origins = {repository.root: repository for repository, _ in files}.values()
    return {
        "repository": " + ".join(repository.name for repository in origins),
        "commit": " + ".join(repository.commit for repository in origins),
        "licence": " + ".join(sorted({repository.licence for repository in origins})),
        "settings_sha256": hash_of(*(own.sha256 for own in settings)),
        "languages": [language.as_json() for language in known_languages() if language.sha256],
        "files": len(files),
        **({"policy": policy} if policy else {}),
    }


def prefix_path(mined: FileYield, name: str) -> FileYield:
    """Return *mined* under its repository's name, so that the files of several repositories cannot collide."""
    path = f"{short_name(name)}/{mined.path}"
    units = tuple(replace(unit, path=path) for unit in mined.units)
    tally = None if mined.tally is None else replace(mined.tally, path=path)
    return replace(mined, path=path, units=units, tally=tally)


def short_name(name: str) -> str:
    """Return the last part of a repository's name."""
    return name.rstrip("/").rpartition("/")[2].removesuffix(".git")


def sorted_drops(drops: Sequence[Drop]) -> list[Drop]:
    """Return *drops* in one order, whoever found them."""
    return sorted(drops, key=lambda drop: (drop.path, drop.symbol, drop.kind, drop.reason))


def suffixes(languages: Sequence[Language]) -> list[str]:
    """Return every file name ending that *languages* read."""
    return sorted({extension for language in languages for extension in language.extensions})


def hash_of(*parts: str) -> str:
    """Return a short hash of *parts*."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
