"""
What others add to idiolect. In: the name of a group. Out: the objects that installed packages register under it.

A package registers a pair kind, a convention, a check, a format or a language by an entry point in the group
`idiolect.kinds`, `idiolect.conventions`, `idiolect.checks`, `idiolect.formats` or `idiolect.languages`. Only packages
in the running Python's site folders count: a mined tree that stands on the import path, as the working folder or by
`PYTHONPATH`, registers nothing.
"""

from __future__ import annotations

import hashlib
import site
import sysconfig
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import IdiolectError, InputError

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

T = TypeVar("T")
GROUPS = ("kinds", "conventions", "checks", "formats", "languages")


def load_plugins(group: str, read: Callable[[Any], T]) -> list[tuple[EntryPoint, T]]:
    """
    Return (entry point, what *read* makes of its object) of every plug-in of *group*, by name.

    Raises `InputError` when one cannot be imported, or *read* raises: it is not what it should be.
    """
    return [(entry, load_entry(entry, read)) for entry in entries_of(group)]


def add_plugins(known: dict[str, T], group: str, read: Callable[[Any], T], key: Callable[[T], str]) -> None:
    """
    Add what *read* makes of the plug-ins of *group* to *known*, each under the name that *key* gives.

    Raises `InputError` when one cannot be used, or that is the name of another.
    """
    for entry, plugged in load_plugins(group, read):
        if key(plugged) in known:
            raise InputError(f"{describe(entry)} brings {key(plugged)!r}, which is the name of another.")
        known[key(plugged)] = plugged


def load_entry(entry: EntryPoint, read: Callable[[Any], T]) -> T:
    """Import the object of one entry point, and return what *read* makes of it."""
    with blaming(entry):
        return read(entry.load())


@contextmanager
def blaming(entry: EntryPoint) -> Generator[None]:
    """Turn whatever its code raises into an `InputError` that names the plug-in of *entry* and its package."""
    try:
        yield
    except (Exception, SystemExit) as error:  # a plug-in is another's code and may raise what it likes
        said = str(error).strip().rstrip(".")
        reason = said if isinstance(error, IdiolectError) else f"{type(error).__name__}: {said}".rstrip(": ")
        raise InputError(f"{describe(entry)} cannot be used: {reason}. Mend or uninstall its package.") from error


def describe(entry: EntryPoint) -> str:
    """Return how a sentence opens about the plug-in of *entry*: by its name, its package and its object."""
    package = f" of the package {entry.dist.name}" if entry.dist is not None else ""
    return f"The plug-in {entry.name!r}{package} ({entry.value})"


def entries_of(group: str) -> list[EntryPoint]:
    """Return the entry points of one group."""
    return [entry for entry in all_entries() if entry.group == f"idiolect.{group}"]


@cache
def all_entries() -> tuple[EntryPoint, ...]:
    """Return the entry points of all groups, found without importing anything."""
    wanted = {f"idiolect.{group}" for group in GROUPS}
    found: dict[tuple[str, str], EntryPoint] = {}
    for folder in site_folders():
        # reading a hundred small files is most of the cost, so those that never name idiolect are not parsed
        for file in folder.glob("*.dist-info/entry_points.txt"):
            if b"[idiolect." in file.read_bytes():
                from importlib.metadata import distributions

                for package in distributions(path=[str(folder)], name=package_name(file)):
                    for entry in read_entries(package):
                        if entry.group in wanted:
                            found.setdefault((entry.group, entry.name), entry)
    return tuple(found[key] for key in sorted(found))


def read_entries(package: Distribution) -> list[EntryPoint]:
    """
    Return the entry points of *package*.

    Raises `InputError` when its list of them is none.
    """
    try:
        return list(package.entry_points)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"The entry points of the package {package.name} cannot be read: {error}. Mend or uninstall it."
        ) from error


def package_name(file: Path) -> str:
    """Return the name of the package that *file* in its `dist-info` folder belongs to."""
    return file.parent.name.removesuffix(".dist-info").partition("-")[0]


def site_folders() -> list[Path]:
    """Return the folders that packages of this Python are installed in."""
    named = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        named.append(site.getusersitepackages())
    return [folder for name in dict.fromkeys(named) if (folder := Path(name)).is_dir()]


def plugins_sha256() -> str:
    """Return the hash of what is plugged in, by package, version and code; empty where nothing is."""
    entries = all_entries()
    digest = hashlib.sha256()
    for entry in entries:
        version = entry.dist.version if entry.dist is not None else ""
        digest.update(f"{entry.group} {entry.name} {entry.value} {version}\n".encode())
    for file in sorted({file for entry in entries for file in files_of(entry)}):
        digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0" + file.read_bytes())
    return digest.hexdigest() if entries else ""


def files_of(entry: EntryPoint) -> Iterator[Path]:
    """Yield the files of the package, or the module, that an entry point's object comes from; nothing is imported."""
    from importlib.util import find_spec

    found = None
    with suppress(ImportError, ValueError):
        # the outermost, for to look further in is to import it
        found = find_spec(entry.value.partition(":")[0].partition(".")[0].strip())
    if found is None:
        return
    if found.has_location and found.origin is not None:
        yield Path(found.origin)
    for folder in found.submodule_search_locations or ():
        yield from (file for file in Path(folder).rglob("*") if file.suffix != ".pyc" and file.is_file())
