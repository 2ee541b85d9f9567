"""
What became of definitions. In: a repository with a history. Out: `Change`s: one definition before and after a commit.

Git lists the newest commits with their hunks; commits that are no lesson (merges, reverts, bots, whole campaigns,
messages that say nothing) are dropped before a blob is read, for reading and parsing blobs is what costs. Nothing of
the repository runs: no hook, filter, driver or configuration.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .definitions import Definition, collect_definitions
from .difference import DIFF, FileChange, Lines, read_patch
from .errors import MissingExtraError
from .git import git_command, git_environment, git_output
from .languages import Language, is_bare, language_of
from .repository import Repository
from .roles import is_test_path
from .skips import content_reason, is_vendored
from .source import Source, UndecodableError, parse_source
from .split import FORMATS

MOST_FILES, MOST_LINES = 5, 60
"""Files, and changed lines, of a commit that is about one thing."""
LARGEST_BLOB = 200 * 1024
FEWEST_WORDS = 4
"""Words of a message that says something (as CommitPackFT)."""
LONGEST_SUBJECT = 200
KEPT_BLOBS = 64
"""Parsed blobs that are remembered: what one commit made is what the next one changes."""
NO_LESSON = re.compile(
    r"^(revert|merge|bump|release|version|backport|cherry-pick|update changelog)\b"
    r"|#\d+|\b[A-Z]{2,}-\d+\b|\b[\w-]+\.\w{1,5}\b|https?://|\[skip ci\]",
    re.IGNORECASE,
)
"""Messages that name a number, a file or a routine, which a definition alone does not tell."""
EMPTY = re.compile(
    r"\bwip\b|^(?:fixup|squash|amend)!|^(?:oops|whoops)\b[^,:]*$|\?$|\bresolv\w+ (?:merge )?conflicts?\b"
    r"|\b(?:address|apply|incorporate|respond to)\b.{0,40}\b(?:review|comments?|feedback|suggestions?)\b"
    r"|^(?:(?:fix|correct|a|few|some|small|minor|simple) )*typos?$"
    r"|^(?:a few|minor|misc\w*|several|small|some|various) (?:\w+ )?"
    r"(?:changes?|clean-?ups?|fix(?:es)?|improvements?|tweaks?)(?: (?:around|for|in|of|on|to)\b[^:]*)?$"
    r"|^(?:(?:big|great|huge|much|visual) )+improve(?:d|ments?)\b"
    r"|^(?:clean[ -]?up|fix) (?:\w+ ){0,2}warnings?\b(?! (?:about|for|from|of|on|that|when))"
    r"|\bto (?:the )?latest(?: versions?)?$"
    r"|\b(?:apply|format with|make|ran|run) (?:black|gofmt|isort|prettier|ruff|rustfmt)\b"
    r"|\bCI (?:errors?|failures?)\b|\ba bit of clean-?up\b|\bsuggestions? (?:by|from)\b"
    r"|\b(?:black|clippy|codeguru|error[ -]?prone|flake8|golangci[\w-]*|isort|\w{0,6}lint(?:er)?|prettier|sonar\w*)\b"
    r".{0,8}\b(?:errors?|fix(?:es)?|issues?|lint|warnings?)\b"
    r"|^add (?:(?:an?|missing|more|regression|some|unit) )*tests?\b",
    re.IGNORECASE,
)
"""
Messages that say when, why or for whom something was changed, or how it is tested, and not what: nobody could do it by
them.
"""
IMPERATIVES = "bring|embed|exceed|feed|need|ping|proceed|seed|shed|shred|speed|spring|string|succeed"
NO_IMPERATIVE = re.compile(rf"^(?!(?:{IMPERATIVES})\b)\w+(ed|ing|es)\b", re.IGNORECASE)
MARK = r"(?:[\u2139\u2190-\u2bff\u200d\ufe0f\U0001f000-\U0001faff]+\s*|:[a-z_]+:\s*|\[[^\]]*\]:?\s+|[-*]\s+)*"
"""`🐛`, `:bug:`, `[core]` and what opens an item of a list."""
PREFIX = re.compile(rf"^{MARK}(?:(?:(?P<type>\w+)(?: ?\([^)]*\))?!?|[\w./-]+) ?:\s+)?{MARK}")
"""`fix(parser):` and the like, with marks before or after it."""
FIXES = frozenset({"bug", "bugfix", "fix", "hotfix"})
TO_FIX = "Fix: "
FAULT = re.compile(r"(?:broken|incorrect|missing|wrong)\b", re.IGNORECASE)
"""What opens the words of a message that says what was wrong."""
ORDER = re.compile(
    r"(?:accept|account|adapt|add|adjust|align|allow|always|apply|avoid|bring|call|catch|change|check|clarify|clean"
    r"|clear|close|compute|consider|convert|copy|correct|correctly|create|declare|decouple|decrease|deduplicate|defer"
    r"|delete|deprecate|derive|detect|disable|disallow|display|do|don't|drop|eliminate|emit|enable|encode|enforce"
    r"|ensure|escape|exclude|expose|extend|filter|find|fix|follow|force|forward|generate|get|give|guard|handle|hide"
    r"|honou?r|ignore|implement|improve|include|increase|infer|initialize|inline|install|keep|load|look|loosen|make"
    r"|mark|merge|migrate|modify|move|never|normalize|omit|only|parse|pass|persist|pin|prefer|preserve|prevent"
    r"|propagate|properly|protect|provide|put|quote|raise|read|reduce|refactor|register|reject|relax|remove|rename"
    r"|render|reorder|replace|require|reset|resolve|respect|restore|retain|retry|return|revert|run|sanitize|send"
    r"|separate|serialize|set|show|simplify|skip|sort|specify|split|stabilize|stop|store|strip|suppress|switch|sync"
    r"|take|throw|tighten|treat|trigger|trim|turn|tweak|unify|update|upgrade|use|validate|wait|warn|widen|wrap|write)"
    r"(?! (?:does|doesn't|fails|for|in|is|isn't|of|on|when)\b)\s",
    re.IGNORECASE,
)
"""What opens the words of a fix that say what is to be done; others say what was wrong."""
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?(?=[\s,;:]|$)")
"""A word of prose, which may open a sentence; a name such as `sort_lists` stays as it is written."""
ENDING = re.compile(r"(?:\s|\((?:#|gh-)\d+\)|\.)+$", re.IGNORECASE)
"""Numbers and full stops, in any order."""
BOT = re.compile(r"\[bot\]|\bbot\b|dependabot|renovate|pre-commit-ci", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Commit:
    """
    A commit with what it changed.
    """

    id: str
    subject: str
    author: str
    files: list[FileChange] = field(default_factory=list[FileChange])


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """
    One definition before and after one commit.
    """

    commit: str
    subject: str
    path: str
    before: Source
    after: Source
    old: Definition
    new: Definition
    context: tuple[Definition, ...]
    """All definitions of `before`."""
    beside_code: bool = False
    """Whether the commit changes a file of code, too, where this one holds data or prose."""


def bare_scripts(repository: Repository) -> list[str]:
    """Return the paths of scripts whose name has no ending: of their past git has to be asked one by one."""
    return [path for path in repository.paths if is_bare(path) and not is_test_path(path)]


def read_changes(repository: Repository, count: int, languages: Sequence[Language]) -> Iterator[Change]:
    """Yield the changes of single definitions in the newest *count* commits of *repository*."""
    with Blobs(repository.root, languages) as blobs:
        for commit in read_commits(repository.root, count, languages, bare_scripts(repository)):
            if is_lesson(commit):
                for file in commit.files:
                    yield from changed_definitions(commit, file, blobs)


class UnreadError(Exception):
    """
    Git could not tell of the past: something is missing in a clone that holds a part, or it took too long.
    """


def newest_change(root: Path, count: int) -> dict[str, int]:
    """
    Return for every path that the newest *count* commits touched how many commits ago that was.

    The order is git's, not that of the dates, which anybody can set. Raises `UnreadError`.
    """
    listed = git_output(
        root, "log", f"-n{count}", "--topo-order", "--no-renames", "--name-only", "--relative", "-z", "--format=%x01"
    )
    if listed is None:
        raise UnreadError
    ages: dict[str, int] = {}
    for age, block in enumerate(listed.split(b"\x01")[1:]):
        for name in block.replace(b"\n", b"\0").split(b"\0"):
            if name:
                ages.setdefault(os.fsdecode(name), age)
    return ages


def is_longer(root: Path, count: int) -> bool:
    """Claim that the history has more than *count* commits."""
    return int(git_output(root, "rev-list", "--count", f"-n{count + 1}", "HEAD") or 0) > count


def read_commits(
    root: Path, count: int, languages: Sequence[Language], scripts: Sequence[str] = ()
) -> Iterator[Commit]:
    """
    Yield the newest *count* commits that are no merges, with what they changed in *scripts* and in *languages*.

    Raises `UnreadError`.
    """
    patterns = [f":(glob)**/*{extension}" for language in languages for extension in language.extensions]
    patterns += [f":(literal){script}" for script in scripts]
    log = git_output(
        root, "log", f"-n{count}", "--topo-order", "--no-merges", *DIFF, "--no-renames", "--diff-filter=M",
        "--full-index", "--no-notes", "--no-mailmap", "--encoding=UTF-8", "--format=%x01%H%x00%an%x00%s", "--",
        *sorted(set(patterns)),
    )  # fmt: skip
    if log is None:
        raise UnreadError
    # a sign stands before what a file holds
    for block in (b"\n" + log).split(b"\n\x01")[1:]:
        head, _, patch = block.partition(b"\n")
        parts = head.decode("utf-8", "replace").split("\0")
        if len(parts) == 3:
            files = [file for file in read_patch(patch) if file.path.isprintable()]
            yield Commit(parts[0], parts[2].strip(), parts[1], files)


def is_lesson(commit: Commit) -> bool:
    """Claim that a commit is about one thing, by a person, with a message that says what."""
    lines = sum(span.many for file in commit.files for span in (*file.removed, *file.added))
    if not commit.files or len(commit.files) > MOST_FILES or lines > MOST_LINES or BOT.search(commit.author):
        return False
    if len(commit.subject) > 2 * LONGEST_SUBJECT:
        return False  # before its words are told from marks and numbers, which takes long of ten thousand dots
    _, subject = told(commit.subject)
    return (
        len(subject.split()) >= FEWEST_WORDS
        and len(subject) <= LONGEST_SUBJECT
        and subject.isprintable()
        and NO_LESSON.search(subject) is None
        and EMPTY.search(subject) is None
        and NO_IMPERATIVE.match(subject) is None
    )


def told(subject: str) -> tuple[str, str]:
    """Return of which type a message's prefix says that it is, and its words without trailing number and full stop."""
    line = ENDING.sub("", subject)
    prefix = PREFIX.match(line)
    assert prefix is not None  # an empty one stands before every line
    return (prefix["type"] or "").lower(), line[prefix.end() :].strip()


def spoken(subject: str) -> str:
    """Return the first line of a message as a person would say it: of what was wrong, that it is to be fixed."""
    type_, words = told(subject)
    if (type_ in FIXES and not ORDER.match(words)) or FAULT.match(words):
        return f"{TO_FIX}{words}"
    return words[:1].upper() + words[1:] if WORD.match(words) else words


def changed_definitions(commit: Commit, file: FileChange, blobs: Blobs) -> Iterator[Change]:
    """Yield the definitions that one commit changed in one file and that stand before and after it."""
    if is_test_path(file.path) or is_vendored(file.path):
        return
    before, after = blobs.read(file.path, file.before), blobs.read(file.path, file.after)
    if before is None or after is None:
        return
    touched: dict[str, tuple[Definition, Definition]] = {}
    for removed, added in zip(file.removed, file.added, strict=True):
        old, new = innermost(before, removed), innermost(after, added)
        # a hunk that only adds stands after its line of the old file: ask there for the definition by name
        if new is not None and removed.many == 0:
            old = before.by_name.get(new.symbol)
        if old is not None and added.many == 0:
            new = after.by_name.get(old.symbol)
        if old is not None and new is not None and old.symbol == new.symbol:
            touched[new.symbol] = (old, new)
    beside_code = before.source.language.name in FORMATS and any(map(blobs.is_code, commit.files))
    for old, new in touched.values():
        yield Change(
            commit.id, commit.subject, file.path, before.source, after.source, old, new, before.definitions, beside_code
        )


class Parsed(NamedTuple):
    """
    A blob, parsed.
    """

    source: Source
    definitions: tuple[Definition, ...]
    by_name: Mapping[str, Definition]
    """The functions whose name no other definition of the file has."""


def innermost(parsed: Parsed, lines: Lines) -> Definition | None:
    """Return the smallest function that holds all of *lines* and can be told by its name."""
    last = lines.first + max(lines.many, 1) - 1
    line_of, holding = parsed.source.line_of, None
    for definition in parsed.definitions:
        if line_of(definition.span.start) <= lines.first and last <= line_of(definition.span.end - 1):
            holding = definition
    return parsed.by_name.get(holding.symbol) if holding is not None else None


class Blobs:
    """
    Reads and parses blobs through one `git cat-file`, remembering the last ones.
    """

    def __init__(self, root: Path, languages: Sequence[Language]) -> None:
        self.root, self.languages = root, tuple(languages)
        self.seen: OrderedDict[str, Parsed | None] = OrderedDict()

    def __enter__(self) -> Blobs:
        """Start git."""
        command = git_command(self.root, "cat-file", "--batch")
        self.process = subprocess.Popen(
            command, env=git_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End git."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def is_code(self, file: FileChange) -> bool:
        """Claim that *file* holds neither data nor prose; a script does not show by its path what it is."""
        language = language_of(file.path, self.languages)
        return language is None or language.name not in FORMATS

    def read(self, path: str, blob: str) -> Parsed | None:
        """Return the parsed *blob* as the file at *path*, or None when it is not to be mined."""
        key = f"{blob}:{path}"
        if key in self.seen:
            self.seen.move_to_end(key)
            return self.seen[key]
        self.seen[key] = parsed = self.parse(path, self.fetch(blob))
        if len(self.seen) > KEPT_BLOBS:
            self.seen.popitem(last=False)
        return parsed

    def fetch(self, blob: str) -> bytes | None:
        """Return the bytes of *blob*; None when git does not have it, or it is too large."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(blob.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return None
        head = self.process.stdout.readline().split()
        if len(head) != 3 or not head[2].isdigit():
            return None
        data = self.process.stdout.read(int(head[2]))
        self.process.stdout.read(1)
        return data if len(data) <= LARGEST_BLOB else None

    def parse(self, path: str, data: bytes | None) -> Parsed | None:
        """Return *data* parsed, or None when mining would skip such a file."""
        language = language_of(path, self.languages, data or b"")
        if data is None or language is None or content_reason(data, path):
            return None
        try:
            source = parse_source(path, data, language)
        except (UndecodableError, MissingExtraError):
            return None
        found = collect_definitions(source)
        times = Counter(definition.symbol for definition in found)
        by_name = {d.symbol: d for d in found if d.kind != "class" and times[d.symbol] == 1}
        return Parsed(source, tuple(found), by_name)
