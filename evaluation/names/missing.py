"""
Names that do not exist, for `check`. In: a work tree or a change, and the files in question. Out: findings of row A11.

A name can go missing in a file that nobody touched. So where a change is compared with what stood there before, files
that mention what it took away are asked, too, and the merge base is asked for what it lacked already.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ...mining.definitions import collect_definitions
from ...mining.git import git_output
from ...mining.judge import Finding
from ...mining.reading import is_locked, read_start
from ...mining.scratch import new_scratch
from ...mining.source import Source
from ..diff import Change, LackingError, Snapshot, left_out_snapshot, lies_in, submodules_in
from ..learning import read_source
from .certainty import NATIVE, QUOTED
from .existence import Missing, find_missing, findings_by_path
from .listing import CYTHON, PYTHON, REQUIRING, further_tops, list_house, read_required
from .resolver import UnaskedError

WORD = re.compile(rb"[^\W\d]\w*")
QUOTED_WORDS = re.compile(rb"[\"']([\w./-]+)[\"']")
BUILDING = frozenset({"BUILD", "BUILD.bazel", "Cargo.toml", "meson.build", "pyproject.toml", "setup.py"})
"""Files that name, in quotes, the modules that a build makes."""
BUILDING_BARE = "CMakeLists.txt"
"""One that names them without."""
BESIDE = ".others"
COMPILED = tuple(sorted({*NATIVE} - {*PYTHON, *CYTHON}))
"""How files of modules end that a build makes."""

ByPath = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Names:
    """
    What does not exist.
    """

    found: ByPath = field(default_factory=dict[str, Sequence[Finding]])
    """By path."""
    before: ByPath = field(default_factory=dict[str, Sequence[Finding]])
    """What did not exist at the merge base already, by the path of that time."""
    elsewhere: tuple[Source, ...] = ()
    """Files that the change left as they are, and that name what it took away."""
    unasked: str = ""
    """Why nobody could be asked; nothing where somebody was."""


def names_in(root: Path, change: Change | None, sources: Sequence[Source]) -> Names:
    """Return what the Python files among *sources* name although it does not exist."""
    python = {source.path: source for source in sources if source.language.name == "python"}
    if not python:
        return Names()
    with tree_after(root, change, standing_apart(root, change)) as tree:
        return Names(findings_by_path(look_for_missing(root, tree, python), python))


def names_since(root: Path, change: Change, sources: Sequence[Source], paths: Iterable[str]) -> Names:
    """
    Return the names that do not exist since a change: in *sources*, which it touched, and in other files at *paths*.
    """
    touched = {source.path: source for source in sources}
    asked = [path for path in touched if path.endswith(PYTHON)]
    apart = standing_apart(root, change)
    lost = words_taken_away(change, apart)
    others = [path for path in paths if path.endswith(PYTHON) and path not in touched] if lost else []
    asked += [path for path in others if not lost.isdisjoint(WORD.findall(change.read(path) or b""))]
    with tree_after(root, change, apart) as tree:
        now = look_for_missing(root, tree, asked)
    if not now:
        return Names()
    earlier = {missing.path: change.before.get(missing.path, missing.path) for missing in now}
    with laid_out(root, change.base) as tree:
        old = look_for_missing(root, tree, [path for path in earlier.values() if path in change.base.blobs])
    known = set(old)
    broken = {m.path for m in now if m.path not in touched and m not in known}
    elsewhere = read_all(broken, change.read)
    before = dict(change.base.read({missing.path for missing in old}))
    return Names(
        findings_by_path(now, {**touched, **elsewhere}),
        findings_by_path(old, read_all(before, before.get)),
        tuple(source for _, source in sorted(elsewhere.items())),
    )


def words_taken_away(change: Change, apart: Snapshot) -> frozenset[bytes]:
    """
    Return the words by which other files could name what a change took away.

    Words that a touched file has lost, the names of its definitions with another head, and modules that are gone;
    files that stand *apart* from the work tree are there.
    """
    lost: set[bytes] = set()
    now = {change.before.get(path, path): path for path in change.added}
    for path in change.base.blobs:
        if path.endswith(PYTHON) and now.get(path) != path and path not in apart.blobs and not is_there(change, path):
            lost.add(PurePosixPath(path.removesuffix("/__init__.py")).stem.encode())
            now.setdefault(path, path)
    for path, data in change.base.read(path for path in now if path.endswith(PYTHON)):
        after = change.read(now[path]) or b""
        lost.update(set(WORD.findall(data)).difference(WORD.findall(after)))
        lost.update(name for name, _ in heads_of(path, data) - heads_of(path, after))
    return frozenset(lost)


def is_there(change: Change, path: str) -> bool:
    """Claim that a change leaves a file at *path*."""
    if change.staged is not None:
        return path in change.staged.blobs
    # in a folder that may not be read, it is taken to be there
    return is_locked(change.base.root, path) or os.path.isfile(change.base.root / path)  # noqa: PTH113 - does not raise


def heads_of(path: str, data: bytes) -> set[tuple[bytes, bytes]]:
    """Return the name of every definition of a file, with how it begins."""
    source = read_source(path, data)
    if source is None:
        return set()
    return {
        (definition.name.encode(), source.utf8[definition.span.start : definition.body.start])
        for definition in collect_definitions(source)
    }


def read_all(paths: Iterable[str], read: Callable[[str], bytes | None]) -> dict[str, Source]:
    """Return the files at *paths*, parsed, by path."""
    sources = (read_source(path, read(path)) for path in paths)
    return {source.path: source for source in sources if source is not None}


def look_for_missing(root: Path, tree: Path, paths: Iterable[str]) -> list[Missing]:
    """Return what does not exist for the files at *paths* in *tree*, a state of the repository at *root*."""
    found = find_missing(tree, sorted(set(paths)))
    further = further_tops(tree, list_house(tree), read_required(tree)) if found else ()
    tops = ["", "src/", *(f"{top.relative_to(tree).as_posix()}/" for top in further)]
    places = {missing: places_of(missing, tops) for missing in found}
    ignored = ignored_paths(root, {path for each in places.values() for path in each})
    left = [missing for missing in found if ignored.isdisjoint(places[missing])]
    built = words_of_builds(root) if any(places[missing] for missing in left) else frozenset[str]()
    left = [missing for missing in left if not (places[missing] and last_part(missing) in built)]
    # what a submodule holds is another repository's, and may not be checked out
    foreign = submodules_in(root) if left else ()
    if not foreign:
        return left
    own = [top for top in tops if not lies_in(top or ".", foreign)]
    return [missing for missing in left if not any(lies_in(place, foreign) for place in places_of(missing, own))]


def last_part(missing: Missing) -> str:
    """Return the name of the module that is missing, if it is one, without those of the packages around it."""
    return QUOTED.findall(missing.message)[0].rpartition(".")[2]


def words_of_builds(root: Path) -> frozenset[str]:
    """Return the words by which the files that say how to build what is at *root* may name modules to be made."""
    said: list[bytes] = []
    for path in list_house(root):
        name = path.rpartition("/")[2]
        if name == BUILDING_BARE:
            said.append(read_start(root, path) or b"")
        elif name in BUILDING:
            said += QUOTED_WORDS.findall(read_start(root, path) or b"")
    return frozenset(word.decode("utf-8", "replace") for text in said for word in WORD.findall(text))


def places_of(missing: Missing, tops: Iterable[str]) -> list[str]:
    """Return where the module that is missing would stand below *tops*, if it is one."""
    names = QUOTED.findall(missing.message)
    if missing.kind == "module":
        parts = names[0].split(".")
    elif missing.kind == "import" and len(names) > 1:
        parts = [*names[1].split("."), names[0]]
    else:
        return []
    file = "/".join(parts)
    return [f"{top}{file}{end}" for top in tops for end in (".py", "/__init__.py")]


def ignored_paths(root: Path, paths: Iterable[str]) -> frozenset[str]:
    """Return those of *paths* that git is told to ignore: a build may make them, so they may exist."""
    given = "".join(f"{path}\0" for path in sorted(paths)).encode("utf-8", "surrogateescape")
    said = git_output(root, "check-ignore", "--stdin", "-z", given=given) if given else None
    return frozenset((said or b"").decode("utf-8", "surrogateescape").split("\0")) - {""}


def standing_apart(root: Path, change: Change | None) -> Snapshot:
    """Return what a sparse checkout leaves out of the work tree at *root*; nothing where *change* is of the index."""
    return left_out_snapshot(root) if change is None or change.staged is None else Snapshot(root, "", {})


@contextmanager
def tree_after(root: Path, change: Change | None, apart: Snapshot) -> Generator[Path]:
    """
    Yield a folder with the Python files as they are to be judged: the work tree, or the index laid out.

    A work tree that files stand *apart* from, as of a sparse checkout, is laid out whole.
    """
    if change is not None and change.staged is not None:
        with laid_out(root, change.staged) as folder:
            yield folder
        return
    if not any(map(is_needed, apart.blobs)):
        yield root
        return
    try:
        with laid_out(root, apart) as folder:
            for name in filter(is_needed, list_house(root)):
                with suppress(OSError):
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(root / name, folder / name)
            yield folder
    except LackingError:
        raise UnaskedError("a sparse checkout leaves files out that git lacks the content of") from None


def is_needed(path: str) -> bool:
    """Claim that whether names exist depends on what the file at *path* holds."""
    return path.endswith((*PYTHON, *CYTHON)) or path in REQUIRING


@contextmanager
def laid_out(root: Path, snapshot: Snapshot) -> Generator[Path]:
    """
    Yield a scratch folder with the Python files of *snapshot*; git never names one outside of the repository.

    Where there are others beside them, a file says so: that decides where packages stand. Compiled modules are those
    that were built in the work tree at *root*.
    """
    wanted = [path for path in snapshot.blobs if is_needed(path) and is_inside(path)]
    with new_scratch("staged") as folder:
        for path, data in snapshot.read(wanted):
            with suppress(OSError):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        for path in compiled_in(root):
            if (folder / path).parent.is_dir():
                (folder / path).touch()
        lay_links(folder, snapshot)
        for beside in {path.rpartition("/")[0] for path in snapshot.blobs}:
            if is_inside(beside) and (folder / beside).is_dir():
                (folder / beside / BESIDE).touch()
        yield folder


def compiled_in(root: Path) -> list[str]:
    """Return the paths of the compiled modules under *root*."""
    with suppress(UnaskedError):
        return [path for path in list_house(root) if path.endswith(COMPILED)]
    return []


def lay_links(folder: Path, snapshot: Snapshot) -> None:
    """Put the links of *snapshot* in *folder*, those that lead out of it left out."""
    links = [path for path in snapshot.links if is_inside(path)]
    for path, target in Snapshot(snapshot.root, "", snapshot.links).read(links) if links else ():
        with suppress(OSError, ValueError):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).symlink_to(os.fsdecode(target))
    # where one leads may depend on the others
    for path in links:
        if (folder / path).is_symlink() and not leads_inside(folder / path, folder.resolve()):
            (folder / path).unlink()


def leads_inside(link: Path, folder: Path) -> bool:
    """Claim that *link* leads to what stands in *folder*."""
    with suppress(OSError, RuntimeError):
        return link.resolve().is_relative_to(folder)
    return False


def is_inside(path: str) -> bool:
    """Claim that *path* does not lead out of the folder that it is relative to."""
    return ".." not in path.split("/")
