"""
A repository's history, mined. In: a repository and how far to look back. Out: its `HistoryYield`.

Pairs are made of changes; one that gives away what must not travel, such as a secret that was taken out later, is
dropped. Files of one change, and whatever a definition was before, stay on one side of the split.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .errors import naming
from .filters.duplicates import fingerprint_all
from .filters.licence import file_licence
from .filters.private import what_is_private
from .filters.quality import broken_definition, object_to
from .git import is_shallow
from .history import Change, UnreadError, is_longer, newest_change, read_changes
from .languages import Language
from .pairs.kind import Draft, collect_kinds
from .pairs.pair import Pair
from .repository import Repository
from .source import without_comments
from .split import Unit
from .traits import LIKE_QUOTES
from .yields import UNTOLD, Drop, FileYield, HistoryYield, make_pair

HISTORY = 500
"""Commits that are looked at by default."""
BLANKS = re.compile(r"(?<=[^\w\s]) | (?=[^\w\s])")
TRAILING_COMMA = re.compile(r",(?=[)\]}])")
OF_COMMENTS = re.compile(r"comment|doc|typo|spell|\bnotes?\b|todo|explain|clarif", re.IGNORECASE)
"""What a message says that is about comments."""


def mine_history(
    repository: Repository, count: int, languages: Sequence[Language], kinds: Sequence[str] | None
) -> HistoryYield:
    """Return what the newest *count* commits teach; nothing where there is no history."""
    makers = [k.draft_change for k in collect_kinds().values() if k.draft_change and (kinds is None or k.name in kinds)]
    if not repository.has_history or not count:
        return HistoryYield(about={"commits": 0, "split": "by hash"})
    pairs: list[Pair] = []
    units: list[Unit] = []
    drops: list[Drop] = []
    ages: dict[str, int] = {}
    # of a history that was cut, nobody knows which files are old
    shallow = is_shallow(repository.root)
    told = {"shallow": True} if shallow else {"goes_on": True} if is_longer(repository.root, count) else {}
    try:
        ages = {} if shallow else newest_change(repository.root, count)
        for change in read_changes(repository, count, languages) if makers else ():
            with naming(change.path):
                drafts = [draft for make in makers for draft in make(change)]
            for draft in drafts:
                reason = object_to(draft) or object_to_change(change, draft) or private_matter(draft)
                if reason:
                    drops.append(Drop(change.path, public_symbol(draft), draft.kind, reason))
                    continue
                licence = file_licence(change.after.text) or repository.licence
                shell = FileYield(change.path, change.after.language.name)
                pairs.append(make_pair(shell, draft, repository.name, change.commit, licence))
                texts = (draft.instruction.partition("\n")[2], draft.response, *bodies_of(change))
                units.extend(Unit(change.path, draft.symbol, mark) for mark in fingerprint_all(texts))
    except UnreadError:
        told = {UNTOLD: True}
    about = {"commits": count, "split": "newest in test" if ages else "by hash", **told}
    return HistoryYield(tuple(pairs), tuple(units), tuple(drops), ages, about)


def bodies_of(change: Change) -> tuple[str, str]:
    """Return the definition's body before and after: files are compared by bodies, and what was moved has two paths."""
    sides = ((change.before, change.old), (change.after, change.new))
    before, after = (source.slice(definition.code or definition.body) for source, definition in sides)
    return before, after


def object_to_change(change: Change, draft: Draft) -> str:
    """
    Return why a change teaches nothing.

    A formatter made it, what it left does not parse, or it is of comments alone and its message is about other things.
    """
    language = change.after.language
    if not OF_COMMENTS.search(change.subject):
        old, new = (
            without_comments(source, definition.span)
            for source, definition in ((change.before, change.old), (change.after, change.new))
        )
        if old == new:
            return "comments_only"
    before, after = (unformatted(text, language) for text in (draft.instruction.partition("\n")[2], draft.response))
    if before == after:
        return "formatted_only"
    return "syntax" if language.name == "python" and broken_definition(change.after, change.new) else ""


def unformatted(code: str, language: Language) -> str:
    """Return *code* without what a formatter decides: blanks beside signs, trailing commas, the kind of quotes."""
    bare = TRAILING_COMMA.sub("", BLANKS.sub("", " ".join(code.split())))
    return bare.replace("'", '"') if LIKE_QUOTES in language.traits else bare


def private_matter(draft: Draft) -> str:
    """Return why a draft of the past must not be kept: a secret or personal data, wherever in it."""
    return what_is_private("\n".join((draft.context or "", draft.instruction, draft.response, draft.symbol)))


def public_symbol(draft: Draft) -> str:
    """Return the name of a draft that is dropped, unless it is private itself: a key of settings may be anything."""
    return "" if what_is_private(draft.symbol) else draft.symbol
