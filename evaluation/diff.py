"""
What changed, and what stood there before. In: a work tree and a commit. Out: a `Change`, and `Snapshot`s to read from.

A difference that cannot be computed is an error, never an empty one: a shallow clone is deepened step by step, a branch
of the origin and what a partial clone left there fetched, and when that does not help, the message says what to set.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ..mining.difference import compare_index, compare_work_tree
from ..mining.errors import InputError
from ..mining.git import find_work_tree, git_output, is_shallow
from ..mining.judge import shared_parts
from ..mining.reading import read_start
from ..mining.recency import COMMITS
from ..mining.unread import CLONE_IT, is_bare_repository

Found = TypeVar("Found")

DEEPEN = (50, 200, 1_000, 5_000)
"""Commits that a shallow clone is deepened by, one step after the other, until the merge base is there."""
FETCH_SECONDS = 120
PACKING_SECONDS = 0.2
"""Before git is asked once more: after a fetch it moves its objects to a new pack, and may miss one on the way."""
READ_FOR_COPIES = 20
"""Files of a new file's name that are looked at to see whether it is a copy of one: an `index.ts` has hundreds."""
COPIED_SHARE = 0.8
"""Of the lines of a new file, how many a copy has from another."""
MOST_ROUNDS = 10
"""Fetches of what a partial clone lacks, each of which may tell of more."""
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
FATAL = re.compile(r"fatal: |error: ")
CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
OF_A_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"}
)
"""What names a repository, or a part of one, to git."""
REMOTES, ORIGIN = "refs/remotes/", "origin/"
PLAIN, LINK, SUBMODULE = b"100", b"120", b"160"
"""How the modes of a plain file, a link and a submodule begin."""
LEFT_OUT = b"S "
"""How git's listing opens the row of a file that a sparse checkout leaves out of the work tree."""
LACKING = (
    "git lacks the content of files that are needed here, as a partial clone does. "
    "Fetch the rest: git fetch --refetch --no-filter origin"
)


class LackingError(InputError):
    """
    Git lacks the content of files, as a partial clone does.
    """


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    The files of a repository at a commit or in the index, read from git's objects alone.
    """

    root: Path
    commit: str
    """The commit's id; empty for the index."""
    blobs: Mapping[str, str]
    """The id of every plain file's content, by path."""
    submodules: Mapping[str, str] = field(default_factory=dict[str, str])
    """The id of every submodule's commit, by path."""
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    """The id of what every link holds, by path."""

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """
        Yield (path, content) for those of *paths* that there are.

        Raises `LackingError` where git has no such content: a partial clone leaves it with its origin.
        """
        known = [path for path in paths if path in self.blobs]
        found = ask_twice(lambda: read_contents(self.root, [self.blobs[path] for path in known]))
        if found is None:
            raise LackingError(LACKING)
        said, spans = found
        yield from ((path, said[span]) for path, span in zip(known, spans, strict=True))

    def read_one(self, path: str) -> bytes | None:
        """Return the content of one file, or None."""
        return next((data for _, data in self.read([path])), None) if path in self.blobs else None


@dataclass(frozen=True, slots=True)
class Change:
    """
    What a repository changed since a commit.
    """

    base: Snapshot
    """The files as they were at the merge base."""
    added: Mapping[str, frozenset[int]]
    """The added or edited lines of every changed file that still exists."""
    before: Mapping[str, str]
    """The earlier path of every renamed file."""
    edited: Mapping[str, Mapping[int, int]]
    """By path, the old line in whose place an added one stands."""
    locked: tuple[str, ...] = ()
    """Files that may not be read, so that nobody can tell whether they changed."""
    staged: Snapshot | None = None
    """The index, where that is judged rather than the work tree."""
    submodules: tuple[str, ...] = ()
    """Submodules at another commit than before, or new: their code is judged in them."""
    others: tuple[str, ...] = ()
    """Commits that it starts from, too: other merge bases, or what a merge takes in. What one holds is not new."""
    merged: tuple[str, ...] = ()
    """Those of them that a merge under way takes in."""
    left_out: Snapshot | None = None
    """What a sparse checkout leaves out of the work tree, as the index has it."""

    def earlier(self, path: str, content: bytes) -> str:
        """Return where the file at *path*, which holds *content*, stood before, or what it was copied from."""
        path = self.before.get(path, path)
        return path if path in self.base.blobs else self.copied_from(path, content) or path

    def copied_from(self, path: str, content: bytes) -> str | None:
        """Return the file of the same name that holds most of the lines of *content*, or None; the nearest are read."""
        name, lines = path.rpartition("/")[2], lines_of(content)
        like = (other for other in self.base.blobs if other.rpartition("/")[2] == name)
        near = sorted(like, key=lambda other: (-shared_parts(other, path), other))[:READ_FOR_COPIES]
        shared = {other: len(lines & lines_of(data)) for other, data in self.base.read(near)}
        best = max(shared, key=shared.__getitem__, default=None)
        return best if best is not None and shared[best] >= COPIED_SHARE * len(lines) else None

    def read(self, path: str) -> bytes | None:
        """Return what *path* holds after the change, or None where it is no plain file."""
        if self.staged is not None:
            return self.staged.read_one(path)
        if self.left_out is not None and path in self.left_out.blobs:
            return self.left_out.read_one(path)
        return read_start(self.base.root, path)


def read_contents(root: Path, ids: Sequence[str]) -> tuple[bytes, list[slice]] | None:
    """Return what git says of the contents *ids* and where in it each of them stands; None where it lacks one."""
    said = git_output(root, "cat-file", "--batch", given="".join(f"{one}\n" for one in ids).encode()) or b""
    spans: list[slice] = []
    place = 0
    for _ in ids:
        end = said.find(b"\n", place)
        about = said[place:end].split()
        # what is not here is called missing, or ends git where it would have to fetch it
        if len(about) != 3:
            return None
        spans.append(slice(end + 1, end + 1 + int(about[2])))
        place = spans[-1].stop + 1
    return said, spans


def ask_twice(ask: Callable[[], Found | None]) -> Found | None:
    """Return what *ask* finds, which is called once more, a moment later, where it finds nothing."""
    found = ask()
    if found is None:
        time.sleep(PACKING_SECONDS)
        found = ask()
    return found


def lines_of(content: bytes) -> set[bytes]:
    """Return the lines of *content* that are not blank, without their margins."""
    return {line.strip() for line in content.splitlines()} - {b""}


def commit_snapshot(root: Path, commit: str) -> Snapshot:
    """Return the files of *commit*."""
    listed = ask_twice(lambda: git_output(root, "ls-tree", "-r", "-z", "--full-tree", commit))
    if listed is None:
        raise InputError(f"git has no commit {commit!r} here.")
    return Snapshot(root, commit, *(read_listing(listed, 2, kind) for kind in (PLAIN, SUBMODULE, LINK)))


def index_snapshot(root: Path) -> Snapshot:
    """Return the files of the index."""
    listed = git_output(root, "ls-files", "-s", "-z", more=named_index())
    if listed is None:
        raise InputError("git cannot read the index. Run `git ls-files -s` to see why.")
    return Snapshot(root, "", *(read_listing(listed, 1, kind) for kind in (PLAIN, SUBMODULE, LINK)))


def left_out_snapshot(root: Path) -> Snapshot:
    """Return the files of the index that a sparse checkout leaves out of the work tree at *root*, and all links."""
    rows = (git_output(root, "ls-files", "-s", "-t", "-z") or b"").split(b"\0")
    marked = b"\0".join(row.removeprefix(LEFT_OUT) for row in rows if row.startswith(LEFT_OUT))
    gone = {path: blob for path, blob in read_listing(marked, 1).items() if not os.path.lexists(root / path)}
    return Snapshot(root, "", gone, links=read_listing(b"\0".join(row[len(LEFT_OUT) :] for row in rows), 1, LINK))


def submodules_in(root: Path) -> tuple[str, ...]:
    """Return the paths of the submodules below *root*."""
    return tuple(read_listing(git_output(root, "ls-files", "-s", "-z") or b"", 1, SUBMODULE))


def named_index() -> dict[str, str]:
    """Return the environment that names the index: `git commit -a` and `git commit FILE` tell hooks of another."""
    name = os.environ.get("GIT_INDEX_FILE")
    return {"GIT_INDEX_FILE": name} if name else {}


def checked_out(root: Path) -> dict[str, str]:
    """Return the commits of the submodules in the work tree, or in the index where none is checked out."""
    listed = git_output(root, "ls-files", "-s", "-z") or b""
    return {path: commit_of(root / path) or stored for path, stored in read_listing(listed, 1, SUBMODULE).items()}


def moved_submodules(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return the submodules that are at another commit *now* than *before*, or new.

    What is not committed in a submodule is no part of a change to the repository around it.
    """
    return tuple(path for path, commit in now.items() if before.get(path) != commit)


def commit_of(submodule: Path) -> str:
    """Return the id of the commit that is checked out in *submodule*; nothing where none is."""
    told = (git_output(submodule, "rev-parse", "--show-toplevel", "HEAD") or b"").split(b"\n")
    # an empty folder belongs to the repository around it
    return told[-2].decode() if Path(os.fsdecode(told[0])) == submodule.resolve() else ""


def read_listing(listed: bytes, column: int, kind: bytes = PLAIN) -> dict[str, str]:
    """Return the entries of one *kind* in git's listing, whose ids stand in *column*."""
    blobs: dict[str, str] = {}
    for row in listed.split(b"\0"):
        about, _, name = row.partition(b"\t")
        if about.startswith(kind):
            blobs[os.fsdecode(name)] = about.split()[column].decode()
    return blobs


def require_work_tree(root: Path) -> None:
    """Raise `InputError` where git knows nothing of *root*: what cannot be compared is no empty change."""
    if shutil.which("git") is None:
        raise InputError("git is not installed: without it no change can be told from the rest.")
    if find_work_tree(root) is None:
        if is_bare_repository(root):
            raise InputError(f"{str(root)!r} is a bare repository of git. {CLONE_IT}")
        raise InputError(f"{str(root)!r} lies in no work tree of git: there is no change to judge.")


def find_change(root: Path, base: str) -> Change:
    """
    Return what the work tree changed since its merge base with *base*.

    Raises `InputError` when there is no work tree, git knows no such commit, or no deepening brings the merge base.
    """
    require_work_tree(root)
    commit, *shared = merge_bases(root, base)
    merged = merged_now(root) if commit == head_of(root) else ()
    others = (*shared, *merged)
    fetch_contents(root, filter(None, [commit, *others, head_of(root), resolve(root, f"{commit}~{COMMITS}")]))
    found = ask_twice(lambda: compare_work_tree(root, commit, untracked=True, also=others))
    if found is None:
        raise InputError(explain_failure(root, f"the work tree with {commit[:12]}", f"git diff {commit[:12]}"))
    before = commit_snapshot(root, commit)
    moved = moved_submodules(before.submodules, checked_out(root))
    left_out = left_out_snapshot(root)
    return Change(before, *found, submodules=moved, others=others, merged=merged, left_out=left_out)


def find_staged(root: Path) -> Change:
    """
    Return what the index changes against the last commit; before the first one everything is new.

    Raises `InputError` when there is no index to read.
    """
    require_work_tree(root)
    commit, staged = head_of(root), index_snapshot(root)
    if commit is None:
        every = {path: frozenset(range(1, data.count(b"\n") + 2)) for path, data in staged.read(staged.blobs)}
        return Change(Snapshot(root, "", {}), every, {}, {}, staged=staged)
    merged = merged_now(root)
    found = ask_twice(lambda: compare_index(root, commit, named_index(), merged))
    if found is None:
        raise InputError(explain_failure(root, "the index with the last commit", "git diff --cached"))
    before = commit_snapshot(root, commit)
    moved = moved_submodules(before.submodules, staged.submodules)
    return Change(before, *found, staged=staged, submodules=moved, others=merged, merged=merged)


def head_of(root: Path) -> str | None:
    """Return the id of the last commit, or None where there is none yet."""
    return resolve(root, "HEAD")


def resolve(root: Path, name: str) -> str | None:
    """Return the id of the commit called *name*, or None where git knows none here."""
    told = git_output(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return None if told is None else told.decode().strip()


def merged_now(root: Path) -> tuple[str, ...]:
    """Return the ids of the commits that a merge under way takes in: what they hold came with others' changes."""
    file = git_output(root, "rev-parse", "--git-path", "MERGE_HEAD") or b""
    return tuple((read_start(root, os.fsdecode(file.removesuffix(b"\n"))) or b"").decode("ascii", "replace").split())


def explain_failure(root: Path, what: str, command: str) -> str:
    """Return what to do where git cannot compare *what*, which *command* would: a partial clone has not all of it."""
    return LACKING if is_partial(root) else f"git cannot compare {what}. Run `{command}` to see why."


def merge_bases(root: Path, base: str) -> list[str]:
    """
    Return the ids of the last commits that HEAD and *base* share, fetching what a clone lacks of it to find them.

    There are several where each has taken in the other.
    """
    if head_of(root) is None:
        raise InputError(f"{str(root)!r} has no commit to compare with. Commit first, or leave --diff out.")
    start, dots, _ = base.partition("..")
    if dots:
        way_out = f"--diff {start or 'BASE'} judges all since HEAD and it parted"
        raise InputError(f"--diff takes one commit, not the range {base!r}: {way_out}.")
    refresh(root, base)
    found = shared_commits(root, base)
    # a clone of one branch knows no other, whether it is shallow or not, and none knows what a forced push left behind
    is_of_origin = base.removeprefix(REMOTES).startswith(ORIGIN) or COMMIT.fullmatch(base) is not None
    refusal = ""
    for step in DEEPEN if not found and (is_shallow(root) or is_of_origin) else ():
        if refusal := fetch_more(root, base, step):
            break
        found = shared_commits(root, base)
        if found or not is_shallow(root):
            break
    if found:
        deepen_for_recency(root, base, found[0])
        return found
    why = f" ({refusal})" if refusal else ""
    if not is_shallow(root) and known_commit(root, base) is None:
        way_out = "Fetch it, or name one that `git branch --all` lists"
        raise InputError(f"git knows no commit {base!r} here{why}. {way_out}.")
    depth = "set `fetch-depth: 0` (GitHub) or `GIT_DEPTH: 0` (GitLab)"
    way_out = (
        f"This clone is shallow and could not be deepened{why}: {depth}."
        if is_shallow(root)
        else "Fetch it first, or name another one."
    )
    raise InputError(f"No common commit with {base!r}. {way_out}")


def shared_commits(root: Path, base: str) -> list[str]:
    """Return the last commits that *base* and HEAD share, or what a merge under way is about to make of HEAD."""
    known = known_commit(root, base)
    if known is None:
        return []
    return (git_output(root, "merge-base", "--all", known, "HEAD", *merged_now(root)) or b"").decode().split()


def known_commit(root: Path, base: str) -> str | None:
    """Return the name under which git knows the commit *base*, as a branch of the origin's perhaps; None if none."""
    return next((name for name in (base, f"{ORIGIN}{base}") if resolve(root, name) is not None), None)


def deepen_for_recency(root: Path, base: str, commit: str) -> None:
    """Fetch, as far as that works, the history that tells which habits *commit* was giving up: no less in a clone."""
    if is_shallow(root) and commit != head_of(root) and resolve(root, f"{commit}~{COMMITS}") is None:
        fetch_more(root, base, COMMITS)


def refresh(root: Path, base: str) -> None:
    """Fetch *base*, where it is a branch of the origin, anew in a pipeline: a runner may keep its folder for long."""
    known = (known_commit(root, base) or "").removeprefix(REMOTES)
    if os.environ.get("CI") and known.startswith(ORIGIN):
        branch = known.removeprefix(ORIGIN)
        fetch(root, "--quiet", "--no-tags", "origin", f"+refs/heads/{branch}:{REMOTES}{known}")


def fetch_more(root: Path, base: str, step: int) -> str:
    """Deepen a shallow clone by *step* commits, and fetch *base* if the origin has it; return why that fails."""
    branch = base.removeprefix(REMOTES).removeprefix(ORIGIN)
    words = ["--quiet", "--no-tags", *([f"--deepen={step}"] if is_shallow(root) else []), "origin"]
    wanted = branch if COMMIT.fullmatch(branch) else f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
    return fetch(root, *words, wanted, "HEAD") and fetch(root, *words)


def fetch_contents(root: Path, commits: Iterable[str]) -> None:
    """Fetch, as far as that works, what a partial clone left with its origin of the files of *commits*."""
    listing = ("rev-list", "--objects", "--no-walk", "--missing=print", *commits)
    words = ["--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"]
    # where folders are missing, too, what lies in them is known when they are there
    for _ in range(MOST_ROUNDS if is_partial(root) else 0):
        rows = (git_output(root, *listing) or b"").splitlines()
        missing = b"\n".join(row[1:] for row in rows if row.startswith(b"?"))
        if not missing or fetch(root, *words, given=missing, settings=("-c", "fetch.negotiationAlgorithm=noop")):
            return


def is_partial(root: Path) -> bool:
    """Claim that a remote of the clone keeps what the clone left out."""
    return git_output(root, "config", "--get-regexp", r"^remote\..*\.promisor$") is not None


def fetch(root: Path, *words: str, given: bytes = b"", settings: Sequence[str] = ()) -> str:
    """
    Run `git fetch` with *words*, and *given* on its input; return why it fails, in its words, or nothing.

    The one place that asks a remote, and only the one that the clone came from: as the user, with the user's access.
    """
    command = ["git", "-C", str(root), *settings, "fetch", *words]
    # a hook is told of the repository that it runs for, which need not be this one
    inherited = {name: value for name, value in os.environ.items() if name not in OF_A_REPOSITORY}
    environment = {**inherited, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            command, env=environment, input=given, capture_output=True, timeout=FETCH_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"git fetch: {type(error).__name__}"
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return CREDENTIALS.sub("", next(filter(FATAL.match, said), "git fetch failed")) if done.returncode else ""


def lies_in(path: str, parts: Sequence[str]) -> bool:
    """Claim that *path* is one of *parts* or lies under one; of no parts, that it lies anywhere."""
    return not parts or any(
        part in ("", ".") or path == part or path.startswith(f"{part}/") for part in (p.rstrip("/") for p in parts)
    )
