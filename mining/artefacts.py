"""
Folders that are complete or absent. In: what to write. Out: files with stable bytes, under their name only when whole.

Every artefact of idiolect (corpus, adapter, evaluation) is a folder with one marker file, JSON with a `schema`.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
import tomllib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from .errors import InputError, MachineError, MismatchError

LOCK = ".lock"
YOUNG = 60
"""Seconds in which the scratch folder of a run is left alone, whoever holds it."""
PIECE = 1024**2
"""Bytes that are handed to the operating system at once."""
PATIENCE = 10.0
"""Seconds for which a run waits until another has put its artefact in place."""
DRAWN = "[0-9a-f]" * 8
"""What tells the scratch files and folders of several runs apart."""


@contextmanager
def new_artefact(out: Path, marker: str, schema: str) -> Generator[Path]:
    """
    Yield an empty scratch folder that becomes *out* when the block ends, and vanishes when it raises.

    An older artefact of the same *schema* (its name before the slash and version) is replaced. Raises `InputError` when
    *out* holds something else, and `MachineError` when the place cannot be written.
    """
    # a link, to a larger disk for instance, stays one
    place = Path(os.path.realpath(out))
    with in_turn(place.parent):
        refuse_foreign(out, marker, schema)
    refuse_mount(place, out)
    with machine_faults(out):
        place.parent.mkdir(parents=True, exist_ok=True)
        with in_turn(place.parent):
            sweep_scratch(place)
            scratch = place.with_name(f".{place.name}-{uuid4().hex[:8]}")
            scratch.mkdir()
            held = hold_scratch(scratch)
    try:
        with machine_faults(out):
            yield scratch
            with in_turn(place.parent):
                replace_folder(scratch, place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if held is not None:
            os.close(held)


@contextmanager
def in_turn(folder: Path) -> Generator[None]:
    """Let runs that put something into *folder* do so one after the other, as far as its disk has locks."""
    held = None
    with suppress(OSError):
        held = os.open(folder, os.O_RDONLY)
        deadline = time.monotonic() + PATIENCE
        # not without end: others may lock the folder for reasons of their own
        while not try_lock(held) and time.monotonic() < deadline:
            time.sleep(0.01)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def try_lock(handle: int) -> bool:
    """Lock what *handle* opens, and claim that nobody else has; raises `OSError` where that is unknown."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def hold_scratch(scratch: Path) -> int | None:
    """Lock the folder *scratch* until what is returned is closed, or this process ends; None where that is unknown."""
    with suppress(OSError):
        held = os.open(scratch, os.O_RDONLY)
        with suppress(OSError):
            if try_lock(held):
                return held
        os.close(held)
    return None


def sweep_scratch(place: Path) -> None:
    """
    Remove what killed runs left of *place*: scratch folders that no process holds, and that are a minute old.

    What a run had moved away without putting anything in its place goes back.
    """
    beside = f".{glob.escape(place.name)}-"
    for old in place.parent.glob(f"{beside}old-{DRAWN}"):
        if (held := hold_scratch(old)) is not None:
            if place.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(place)
            os.close(held)
    for folder in place.parent.glob(f"{beside}{DRAWN}"):
        # between its making and its lock a folder is held by nobody
        if is_young(folder):
            continue
        if (held := hold_scratch(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def is_young(folder: Path) -> bool:
    """Claim that *folder* was touched in the last minute, by a clock that may have jumped, or is none any more."""
    with suppress(OSError):
        about = folder.lstat()
        return not stat.S_ISDIR(about.st_mode) or abs(time.time() - about.st_mtime) < YOUNG
    return True


def refuse_foreign(out: Path, marker: str, schema: str, begun: Collection[str] = ()) -> None:
    """
    Raise `InputError` unless *out* is absent, empty, or an artefact of *schema*, finished or not.

    One that was killed before it had a marker holds half of that, and what it has *begun* under these names.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {str(out)!r} is a file. Name a folder.")
    names = {path.name for path in out.iterdir()} - {LOCK, *begun}
    if all(re.fullmatch(rf"\.{re.escape(marker)}-{DRAWN}", name) for name in names):
        return
    found = None
    with suppress(OSError, ValueError, AttributeError):
        found = parse_json((out / marker).read_text("utf-8")).get("schema")
    if not isinstance(found, str) or found.partition("/")[0] != schema.partition("/")[0]:
        raise InputError(
            f"--out {str(out)!r} holds something else than {schema.partition('/')[0]}. Name another folder."
        )


def check_place(out: Path, marker: str, schema: str) -> None:
    """Raise as `new_artefact` would, before the work for it is done; nothing is left there."""
    place = Path(os.path.realpath(out))
    with in_turn(place.parent):
        refuse_foreign(out, marker, schema)
    refuse_mount(place, out)
    with machine_faults(out):
        there = next(folder for folder in place.parents if folder.exists())
        Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=there)).rmdir()


def refuse_mount(place: Path, out: Path) -> None:
    """Raise `InputError` where *place*, which *out* leads to, is the top of a disk: nothing can be put in its stead."""
    if os.path.ismount(place):
        raise InputError(f"--out {str(out)!r} is where a disk is mounted. Name a folder in it: {str(out / 'NAME')!r}.")


def replace_folder(scratch: Path, out: Path) -> None:
    """Put *scratch* where *out* is; what was there goes only after the new one stands."""
    old = out.with_name(f".{out.name}-old-{uuid4().hex[:8]}")
    # held, so that no other run takes what is moved away for what a killed one left
    held = hold_scratch(out)
    try:
        with suppress(FileNotFoundError):
            out.rename(old)
        scratch.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        if old.exists() and not out.exists():
            old.rename(out)
        if held is not None:
            os.close(held)


@contextmanager
def machine_faults(where: Path) -> Generator[None]:
    """Turn the operating system's refusals inside the block into a `MachineError` that names *where*."""
    try:
        yield
    except MachineError:
        raise
    except OSError as error:
        raise MachineError(f"Cannot write {str(where)!r}: {error.strerror or error}.") from error


@contextmanager
def lock_folder(folder: Path) -> Generator[None]:
    """
    Hold *folder* for this process; the operating system lets go when it ends, however it ends.

    What killed runs left half written goes first, and where nothing came of it, the folder is taken away again. Raises
    `MachineError` when another process holds it, and for what was not found because somebody took the folder away.
    """
    handle = claim_lock(folder)
    try:
        sweep_files(folder)
        try:
            yield
        except FileNotFoundError as error:
            if is_lock_of(handle, folder):
                raise
            raise MachineError(f"{str(folder)!r} was taken away while a run wrote it. Begin it anew.") from error
        finally:
            leave_nothing(folder)
    finally:
        handle.close()


def claim_lock(folder: Path) -> IO[str]:
    """Return the lock of *folder*, which is made where there is none; raises `MachineError` when it is held."""
    with machine_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            handle = (folder / LOCK).open("w")
            if try_lock(handle.fileno()) and is_lock_of(handle, folder):
                return handle
            handle.close()
    # held, or taken away by a run that had just ended
    raise MachineError(f"Another run is writing {str(folder)!r}. Wait for it, or name another folder.")


def is_lock_of(handle: IO[str], folder: Path) -> bool:
    """Claim that *handle* is what locks *folder* now: who ends, or clears up, may have taken both away."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle.fileno()), (folder / LOCK).stat())
    return False


def sweep_files(folder: Path) -> None:
    """Remove what killed runs left in *folder*, which is held, in writing files (`write_parts`)."""
    for scratch in folder.glob(f".*-{DRAWN}"):
        if scratch.is_file() and not scratch.is_symlink():
            scratch.unlink()


def leave_nothing(folder: Path) -> None:
    """Take *folder* away where it holds a lock and nothing else."""
    # it may be gone already, or be the top of a disk
    with suppress(OSError):
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()


def sha256_file(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Return the hash of *value* as sorted, compact JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_bytes(path: Path, data: bytes) -> None:
    """Write *data*, all of it or nothing; a file that is there keeps its mode, and a link stays one."""
    write_parts(path, (data,))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write *parts* one behind the other, as `write_bytes` does; a large file is never held whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place = Path(os.path.realpath(path))
    # not `tempfile`, whose files are private: what is new is as the user's mask has it
    scratch = place.with_name(f".{place.name[:50]}-{uuid4().hex[:8]}")
    try:
        with scratch.open("xb", buffering=PIECE) as file:
            file.writelines(parts)
        if place.exists():
            scratch.chmod(place.stat().st_mode & 0o7777)
        scratch.replace(place)
    except BaseException as error:
        # a disk that takes nothing gives nothing away either
        with suppress(OSError):
            scratch.unlink()
        if isinstance(error, OSError):
            # a full disk names no file, and what else is refused names the scratch
            error.filename = str(path)
        raise


def sweep_beginnings(path: Path, data: bytes) -> None:
    """Remove what killed runs left beside *path* in writing *data* to it: scratch files that hold how it begins."""
    for scratch in path.parent.glob(f".{glob.escape(path.name[:50])}-{DRAWN}"):
        about = scratch.lstat()
        if stat.S_ISREG(about.st_mode) and about.st_size <= len(data) and data.startswith(scratch.read_bytes()):
            scratch.unlink()


def append_text(path: Path, text: str, *, waits: bool = False) -> None:
    """Add *text* as UTF-8 to the end of *path*, all of it or nothing; who *waits* returns when it is on the disk."""
    with path.open("ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        left = memoryview(text.encode("utf-8"))
        try:
            while left:
                left = left[file.write(left) :]
            if waits:
                os.fsync(file.fileno())
        except OSError as error:
            # a full disk names no file, and half a line is none
            error.filename = str(path)
            file.truncate(end)
            raise


def write_text(path: Path, text: str) -> None:
    """Write *text* as UTF-8, all of it or nothing."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write *value* with sorted keys, so that equal values have equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    """Write one JSON object a line."""
    # made once: `json.dumps` makes one a row
    encode = json.JSONEncoder(ensure_ascii=False).encode
    write_parts(path, (f"{encode(row)}\n".encode() for row in rows))


def parse_json(text: str | bytes, parse_float: Callable[[str], Any] = float) -> Any:
    """
    Return the value of JSON, its numbers as *parse_float* reads them.

    Raises `ValueError` for what is none, and also for what nests without end.
    """
    try:
        return json.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_toml(text: str) -> dict[str, Any]:
    """
    Return the table of TOML.

    Raises `ValueError` for what is none, for numbers too long to be read, and also for what nests without end.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


@contextmanager
def expect_form(what: str, way_out: str) -> Generator[None]:
    """
    Turn what *what* runs into inside the block, because it can be read and has another form, into a `MismatchError`.

    A hash proves no form: it can be made anew by hand, and another version writes another one.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise MismatchError(f"{what} has not the form that this version reads ({reason}){way_out}") from error


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """
    Yield the objects of a JSON Lines file.

    Raises `MismatchError` with the line's number when a line is no JSON object.
    """
    # bytes that are no UTF-8 are let in here and refused below, where their line is known
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.encode("utf-8")
                row = parse_json(line)
            except ValueError:
                raise MismatchError(f"{path.name}, line {number}: not JSON. Make the artefact again.") from None
            if not isinstance(row, dict):
                raise MismatchError(f"{path.name}, line {number}: not a JSON object. Make the artefact again.")
            yield row
