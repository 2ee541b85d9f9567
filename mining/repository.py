"""
Which files, at which commit. In: a folder. Out: its files' bytes in order of path, and every skip with its reason.

A mined repository is hostile input: git is asked with its hooks, filters and configuration switched off, symbolic links
are never followed, special files never opened, and nothing is executed. Git is used when the folder is a work tree's
root or holds tracked files; else it is a plain folder, so that a package inside an ignored `.venv` can be mined.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .errors import InputError
from .languages import Language, endings_of, interpreter_of, is_bare, is_ended
from .packages import outermost_packages
from .roles import is_test_path

LARGEST_FILE = 512 * 1024
"""Bytes; larger files are generated or data (their reading is never even begun)."""
LONGEST_LINE = 2_000
"""Characters; a file that is mostly such lines is minified or generated text."""
MINIFIED = (".min.cjs", ".min.js", ".min.mjs")
"""How the names end of what is minified by its name."""
GENERATED = re.compile(
    rb"@generated|\bgenerated\b.{1,60}do not edit|do not edit\b.{0,60}generated|do not edit the class manually"
    rb"|^\W*(?:\w+:\s*)*(?:(?:this|the)\s(?:\w+\s)?(?:is|was|has been|contains)\s(?:an?\s)?)?auto-?generated"
    rb"|^lockfileVersion:"
    rb"|^\W*automatically\sgenerated\s(?:by|from|using|with)\b"
    rb"|^\W*this\sfile\s(?:is|(?:is|was|has\sbeen)\sautomatically)\sgenerated\b"
    rb"|^\W*this\sis\san?\s(?:automatically\s)?generated\sfile\b"
    rb"|^[^\w\"']*(?:[\w-]+,?\s){0,4}(?:generated|made|produced)\s(?:from\s\S+\s)?(?:by|using|with)\s(?:the\s)?(?:gnu\s)?"
    rb"(?:antlr|bison|cython|datamodel-codegen|django(?=\s\d)|flex|gperf|gradle|jison|openapi|peg(?:gy|\.?js)|protoc"
    rb"|quicktype|ragel|re2c|rust-bindgen|sqlc|swagger|swig)\b"
    rb"|^[ \t]*var __defProp = Object\.defineProperty;",
    re.IGNORECASE | re.MULTILINE,
)
"""
What a file says of itself, or esbuild opens a bundle with; prose that speaks of generated names or notes says it of
something else, and a file that was generated once, such as a skeleton of tests, is kept by hand.
"""
COPIED = re.compile(
    rb"^\W*(?:(?:This|The)\s(?:\w+\s){1,3}?(?:is|was|has\sbeen)\svendored\s(?:from|in|into)|[Vv]endored\sfrom"
    rb"|Vendored\s(?:in|into))\b",
    re.MULTILINE,
)
"""What code says of itself that was copied in; documentation speaks of its own subject."""
PROSE = (".md", ".markdown", ".json", ".toml", ".yaml", ".yml")
"""Endings of prose and settings, which speak of other files."""
ARCHIVE = "versioned_docs"
"""Where Docusaurus keeps the documentation of each version that was released: what it says may not be so any more."""
BOILERPLATE = re.compile(
    r"(?:\A|/)(?:code[_-]of[_-]conduct|copying|licen[cs]e)(?:[._-][^/]*)?\.(?:md|markdown)\Z", re.IGNORECASE
)
"""Files of words that many houses have, as written by none of them."""
VENDORED = frozenset(
    {
        *("_vendor", "vendor", "vendored", "bundled", "bower_components", "node_modules"),
        *("third_party", "third-party", "thirdparty", "3rdparty", "thirdParty", "ThirdParty", "3rdParty"),
        *("site-packages", "dist-packages"),
        *(".venv", "venv", ".tox", ".git", ".hg", ".svn", "build", "dist", ".eggs"),
        *("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
    }
)
LIBRARY = re.compile(
    r"/(?:jquery|underscore|backbone|lodash|modernizr|mootools|zepto|knockout|sizzle|html5shiv)"
    r"(?:[.-](?:\d[\d.]*|custom|full|migrate|min|slim|ui))*\.js\Z"
)
"""Libraries that web pages carry along."""
SERVED = frozenset({"_static", "assets", "htdocs", "javascripts", "js", "lib", "media", "public", "static", "www"})
"""Folders that are served to the web; elsewhere such a library may be what the house makes."""
UNREAD = frozenset(
    {
        *(".ipynb", ".pyx", ".pxd", ".pxi", ".r", ".R", ".Rmd", ".jl", ".m", ".mm", ".cu", ".f90", ".pl"),
        *(".groovy", ".clj", ".dart", ".fs", ".vb", ".vue", ".svelte"),
        *(".css", ".scss", ".sass", ".less", ".html", ".mdx"),
        *(".ejs", ".erb", ".haml", ".hbs", ".j2", ".jinja", ".jinja2", ".liquid", ".slim", ".twig"),
        *(".awk", ".bat", ".bats", ".cmake", ".fish", ".gradle", ".graphql", ".mk", ".tcl", ".thrift", ".zsh"),
        *(".ex", ".exs", ".erl", ".hs", ".ml", ".mli", ".zig", ".nim", ".proto", ".ps1", ".pm"),
    }
)
"""Endings of code that ships without a grammar: told where it is left out, for who looks for it in the corpus."""
NO_CODE = frozenset(
    {
        *(".txt", ".rst", ".adoc", ".tex", ".log", ".lock", ".svg", ".xml", ".xsd", ".json", ".jsonl", ".csv", ".tsv"),
        *(".ini", ".cfg", ".conf", ".env", ".properties", ".plist", ".po", ".pot", ".pem", ".crt", ".key", ".sum"),
        *(".diff", ".patch", ".orig", ".out", ".snap", ".golden", ".approved", ".expected", ".sample", ".example"),
        *(".map", ".geojson", ".obj", ".eml", ".ics", ".srt", ".typed", ".license", ".metadata"),
    }
)
"""Endings of text that is no language of a house."""
MANY_FILES = 20
"""Files of one ending that are a language rather than chance."""
FEW_ENDINGS = 5
"""Endings that a message lists."""
NO_GRAMMAR_FOR = "no_grammar_for_"
"""How the reason begins for which code of an ending is left out."""
DESCRIBE = "A table describes a language of your own: --language FILE (docs/teach-a-dsl.md)."
MARKERS = frozenset({"idiolect.json", "manifest.json", "run.json"})
MADE_HERE = re.compile(rb'^ "schema": "idiolect\.\w+/', re.MULTILINE)
"""What the marker of an artefact says, as `mining.artefacts` writes it."""
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
# No hook, filter, helper or configuration of the repository or the user may run or change what git says.
HARDENED = (
    "git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
    "-c", "core.attributesFile=/dev/null", "-c", "core.excludesFile=/dev/null", "-c", "core.pager=cat",
    "-c", "core.quotePath=false", "-c", "diff.external=", "-c", "protocol.allow=never", "-c", "submodule.recurse=false",
    "-c", "safe.bareRepository=explicit", "-c", "core.alternateRefsCommand=", "-c", "log.showSignature=false",
)  # fmt: skip
GIT_SECONDS = 120


class Skip(NamedTuple):
    """
    A file that is not mined, and why.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Repository:
    """
    A folder as mining sees it.
    """

    root: Path
    name: str
    """The origin's URL without user info, else the folder's name."""
    commit: str
    """The git id, else `tree:<sha256>` of the sorted paths and bytes."""
    licence: str
    """An SPDX name where the licence file is a known text, else `unknown`."""
    has_history: bool
    paths: tuple[str, ...]
    """What can be read, relative to the root, sorted."""
    skips: tuple[Skip, ...] = field(default=())
    listed: tuple[str, ...] = field(default=())
    """Every file of the repository, mined or not, by name; sorted."""
    packages: frozenset[str] = field(default=frozenset())
    """The folders of its outermost packages of Python."""

    def read(self, path: str) -> bytes | Skip:
        """Return the bytes of *path*, or why it is skipped now. Never follows a link."""
        data = read_start(self.root, path)
        reason = "unreadable" if data is None else content_reason(data, path)
        return Skip(path, reason) if data is None or reason else data


def open_code(root: Path, languages: Iterable[Language], exclude: Sequence[str] = ()) -> Repository:
    """
    List the files of *root* in one of *languages*, by their ending, or by what runs a script that has none.

    Raises `InputError` as `open_repository` does.
    """
    known = list(languages)
    interpreters = frozenset(interpreter for language in known for interpreter in language.interpreters)
    return open_repository(root, suffixes=endings_of(known), exclude=exclude, interpreters=interpreters)


def open_repository(
    root: Path, *, suffixes: Sequence[str], exclude: Sequence[str] = (), interpreters: Set[str] = frozenset()
) -> Repository:
    """
    List the files of *root* whose names end in one of *suffixes*; code of no known grammar is a skip with its reason.

    Scripts without an ending are listed where one of *interpreters* runs them.
    Raises `InputError` when there is no such folder, or no file of a known language in it.
    """
    if not root.exists():
        raise InputError(f"No such folder: {str(root)!r}.")
    if not root.is_dir():
        raise InputError(f"{str(root)!r} is a file. Name the folder of a repository.")
    root = root.resolve()
    if any(is_made_here(root, marker) for marker in MARKERS):
        raise InputError(f"{str(root)!r} is a folder that idiolect wrote. Name the repository that it was made of.")
    listed = git_files(root)
    has_history = listed is not None
    locked: list[str] = []
    names = without_artefacts(root, sorted(set(plain_files(root, locked) if listed is None else listed)))
    excluded = matcher_of(exclude)
    foreign = foreign_endings(root, names, suffixes)
    unread_endings = (*UNREAD, *foreign)
    paths: list[str] = []
    skips = [Skip(printed(folder), "unreadable_folder") for folder in locked]
    for name in names:
        is_read = is_ended(PurePosixPath(name).name, suffixes) or is_run(root, name, interpreters)
        if not is_read and not name.endswith(unread_endings):
            continue
        unread = "" if is_read else f"{NO_GRAMMAR_FOR}{PurePosixPath(name).suffix}"
        reason = "excluded" if excluded(name) else unread or path_reason(root, name)
        if reason:
            skips.append(Skip(printed(name), reason))
        else:
            paths.append(name)
    if not paths:
        raise InputError(explain_no_code(root, suffixes, foreign_endings(root, names, suffixes, least=1)))
    return Repository(
        root=root,
        name=origin_name(root) if has_history else printed(root.name),
        commit=commit_id(root, paths) if has_history else tree_id(root, paths),
        licence=read_licence(root),
        has_history=has_history,
        paths=tuple(paths),
        skips=tuple(skips),
        listed=tuple(names),
        packages=outermost_packages(names),
    )


def foreign_endings(
    root: Path, names: Sequence[str], suffixes: Sequence[str], least: int = MANY_FILES
) -> dict[str, int]:
    """Return, most first, how many files end as a language does that the house alone may have: *least*, and text."""
    ends = Counter(Path(name).suffix for name in names if "." in name and not is_test_path(name))
    known = {*suffixes, *UNREAD, *NO_CODE}
    many = [(end, count) for end, count in ends.most_common() if count >= least and end not in known]
    first = {Path(name).suffix: name for name in reversed(names)} if many else {}
    return {end: count for end, count in many if end[1:].isalnum() and is_text(read_start(root, first[end]))}


def is_text(data: bytes | None) -> bool:
    """Claim that *data* can be read as UTF-8 and holds no NUL byte; a character may be cut at its end."""
    if not data or b"\0" in data:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def count_endings(ends: Mapping[str, int]) -> str:
    """Return how many files end so, in words."""
    return ", ".join(f"{count:,} {'file ends' if count == 1 else 'files end'} in {end}" for end, count in ends.items())


def explain_no_code(root: Path, suffixes: Sequence[str], foreign: Mapping[str, int]) -> str:
    """Return what to do about a folder without a file of a known language."""
    some = dict(list(foreign.items())[:FEW_ENDINGS])
    if some:
        return f"No code in {str(root)!r} that a grammar reads: {count_endings(some)}. {DESCRIBE}"
    if len(suffixes) <= FEW_ENDINGS:
        return f"No code in {str(root)!r}: no readable file ends in {', '.join(sorted(suffixes))}."
    return f"No code in {str(root)!r} that a grammar reads: `idiolect doctor` names the languages."


def is_run(root: Path, name: str, interpreters: Set[str]) -> bool:
    """Claim that the file at *name* is a script without an ending that one of *interpreters* runs."""
    return bool(interpreters) and is_bare(name) and interpreter_of(read_start(root, name) or b"") in interpreters


def without_artefacts(root: Path, names: Sequence[str]) -> list[str]:
    """Return *names* without what lies in artefacts of idiolect: what was made of a repository is no part of it."""
    marked = (name.rpartition("/") for name in names)
    made = tuple(
        f"{folder}/"
        for folder, _, file in marked
        if folder and file in MARKERS and is_made_here(root, f"{folder}/{file}")
    )
    return [name for name in names if not name.startswith(made)]


def is_made_here(root: Path, marker: str) -> bool:
    """Claim that *marker* is a file by which idiolect knows an artefact of its own."""
    return MADE_HERE.search(read_start(root, marker) or b"") is not None


def read_start(root: Path, name: str, limit: int = LARGEST_FILE) -> bytes | None:
    """Return the bytes of a plain file, one more than *limit* at most, or None where it cannot be read."""
    if is_beyond_link(root, name):
        return None
    try:
        descriptor = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            return opened.read(limit + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None


def matcher_of(exclude: Sequence[str]) -> Callable[[str], bool]:
    """Return what claims that a path matches one of the *exclude* patterns, which are written as in `.gitignore`."""
    if not exclude:
        return lambda _: False
    # not at the top: loading it takes a tenth of a check's start
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(exclude).match_file


def printed(name: str) -> str:
    """Return *name* with the bytes that are no UTF-8 written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def path_reason(root: Path, name: str) -> str:
    """Return why the file at *name* is skipped before it is opened, or nothing."""
    if is_vendored(name):
        return "vendored"
    if ARCHIVE in name.split("/"):
        return "old_documentation"
    if BOILERPLATE.search(name):
        return "boilerplate"
    if not name.isprintable() or "\udc80" <= max(name) <= "\udcff":
        return "unprintable_name"
    try:
        status = (root / name).lstat()
    except OSError:
        return "unreadable"
    if stat.S_ISLNK(status.st_mode):
        return "symlink"
    if not stat.S_ISREG(status.st_mode):
        return "special_file"
    if is_beyond_link(root, name):
        return "symlink"
    return "too_large" if status.st_size > LARGEST_FILE else ""


def is_vendored(name: str) -> bool:
    """Claim that the file at *name* is another house's, by its folders or, in a folder for the web, by its own name."""
    *folders, _ = name.split("/")
    return not VENDORED.isdisjoint(folders) or (not SERVED.isdisjoint(folders) and LIBRARY.search(name) is not None)


def is_beyond_link(root: Path, name: str) -> bool:
    """Claim that a folder of the file at *name* is a link."""
    ends = [place for place, letter in enumerate(name) if letter == "/"]
    return any(os.path.islink(f"{root}/{name[:end]}") for end in ends)  # noqa: PTH114 - every file pays for a Path


def content_reason(data: bytes, path: str = "") -> str:
    """Return why a file with these bytes is skipped, or nothing; by its *path* it may be prose."""
    if len(data) > LARGEST_FILE:
        return "too_large"
    if b"\0" in data:
        return "nul_byte"
    if data.startswith(LFS_POINTER):
        return "lfs_pointer"
    if GENERATED.search(data[:1_000]):
        return "generated"
    if COPIED.search(data[:1_000]) and not path.endswith(PROSE):
        return "vendored"
    long = sum(length for length in map(len, data.split(b"\n")) if length > LONGEST_LINE)
    if 2 * long > len(data) or path.endswith(MINIFIED):
        return "minified"
    return "" if data.strip() else "empty"


def git_files(root: Path) -> list[str] | None:
    """Return the tracked and the untracked but not ignored files under *root*, or None when it is a plain folder."""
    top = git_output(root, "rev-parse", "--show-toplevel")
    if top is None:
        return None
    tracked = git_output(root, "ls-files", "-z", "--cached")
    if Path(os.fsdecode(top.removesuffix(b"\n"))).resolve() != root and not tracked:
        return None
    listed = git_output(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return None if listed is None else [os.fsdecode(name) for name in listed.split(b"\0") if name]


def list_files(root: Path) -> list[str]:
    """Return the names of all files under *root* that git does not ignore, sorted."""
    listed = git_files(root)
    return sorted(set(plain_files(root, []) if listed is None else listed))


def plain_files(root: Path, unread: list[str]) -> Iterator[str]:
    """Yield the files under *root*, without following links; folders that cannot be read go to *unread*."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            unread.append(folder)
            continue
        for entry in entries:
            name = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in VENDORED:
                    waiting.append(f"{name}/")
            else:
                yield name


def git_output(root: Path, *arguments: str, given: bytes = b"", more: Mapping[str, str] | None = None) -> bytes | None:
    """
    Return what git prints, with *given* on its input, or None when it fails, is missing or takes too long.

    It is asked in an environment of its own, to which *more* adds.
    """
    command, environment = git_command(root, *arguments), {**git_environment(), **(more or {})}
    try:
        done = subprocess.run(
            command, env=environment, input=given, capture_output=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def git_command(root: Path, *arguments: str) -> list[str]:
    """Return the words that ask git about *root* with everything switched off that could run or change something."""
    return [*HARDENED, "-C", str(root), *arguments]


def git_environment() -> dict[str, str]:
    """
    Return the environment that git is asked in: none of the user's or the system's configuration is read.

    In their place stands `git/config` beside this module, at `$XDG_CONFIG_HOME`: every version of git looks there.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_HOME": str(Path(__file__).parent), "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "",
    }  # fmt: skip


def origin_name(root: Path) -> str:
    """Return the origin's URL without user info, else the folder's name."""
    url = (
        (git_output(root, "config", "--local", "--get", "remote.origin.url") or b"").decode("utf-8", "replace").strip()
    )
    if not url or url.startswith(("/", ".", "file:")):
        return printed(root.name)
    # of a user's name and password both may hold an @
    return re.sub(r"^([\w+.-]+://)[^/]*@|^[^/@]*:[^/]*@(?=[^/]*:)", r"\1", url)


def commit_id(root: Path, paths: Sequence[str]) -> str:
    """Return the id of the checked-out commit; a tree with changes, or without a commit, is named by its bytes."""
    head = git_output(root, "rev-parse", "--verify", "HEAD^{commit}")
    return head.decode().strip() if head and is_as_committed(root, paths) else tree_id(root, paths)


def past_id(root: Path) -> str:
    """Return what decides what git tells of the past of *root*, its folder and commit first; empty without a commit."""
    told = git_output(root, "rev-parse", "--git-path", "shallow", "--show-prefix", "HEAD^{commit}")
    file, _, place = (told or b"").partition(b"\n")
    # where the history was cut: fetching more of it leaves the commit as it is
    cut = read_start(root, os.fsdecode(file)) or b""
    return (place + cut).decode("utf-8", "backslashreplace") if told else ""


def is_as_committed(root: Path, paths: Sequence[str]) -> bool:
    """
    Claim that *paths* have the bytes that the checked-out commit stores, and that none of its files is gone.

    Not asked of `git status`: that runs the clean filters which the mined repository's configuration names.
    """
    listed = git_output(root, "ls-tree", "-r", "-z", "HEAD")
    if listed is None:
        return False
    rows = [row.partition(b"\t") for row in listed.split(b"\0") if row]
    stored = {os.fsdecode(name): about.split()[2].decode() for about, _, name in rows if b" blob " in about}
    gone = any(not os.path.lexists(root / name) for name in stored)
    return not gone and all(name in stored and blob_id(root / name, stored[name]) == stored[name] for name in paths)


def blob_id(file: Path, like: str) -> str:
    """Return git's id of the bytes of *file*, by the hash that gave *like*; empty when it cannot be read."""
    try:
        data = file.read_bytes()
    except OSError:
        return ""
    return hash_blob(data, like)


def hash_blob(data: bytes, like: str) -> str:
    """Return git's id of *data*, by the hash that gave *like*."""
    # git names blobs by SHA-1 unless the repository was made with SHA-256; nothing here rests on its strength
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data) + data)
    return digest.hexdigest()


def tree_id(root: Path, paths: Sequence[str]) -> str:
    """Return `tree:` and the hash of the sorted paths and bytes."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.encode() + b"\0")
        try:
            digest.update(hashlib.sha256((root / path).read_bytes()).digest())
        except OSError:
            digest.update(b"unreadable")
    return f"tree:{digest.hexdigest()}"


# What a licence's own text says of itself, in the order in which they must be asked.
LICENCES = (
    ("AGPL-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("LGPL", r"GNU LESSER GENERAL PUBLIC LICENSE"),
    ("GPL-3.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("GPL-2.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("MPL-2.0", r"Mozilla Public License,? (v\. |Version )?2\.0"),
    ("Apache-2.0", r"Apache License\s+Version 2\.0"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    ("BSD-3-Clause", r"Neither the name of"),
    ("BSD-2-Clause", r"Redistributions in binary form must reproduce"),
    ("ISC", r"Permission to use, copy, modify, and(/or)? distribute this software for any"),
)


def read_licence(root: Path) -> str:
    """Return the SPDX name of the licence file at the root, where its text is a known one."""
    for name in ("LICENSE", "LICENCE", "LICENSE.txt", "LICENSE.md", "LICENSE.rst", "COPYING"):
        data = read_start(root, name, 20_000)
        if data is not None:
            text = data.decode("utf-8", "replace")
            return next((spdx for spdx, pattern in LICENCES if re.search(pattern, text)), "unknown")
    return "unknown"
