"""
Compiled grammars. In: a Python package, a shared library, or C sources. Out: a loaded `tree_sitter.Language`.

Loading a grammar runs its code: only what `--language FILE` names, or what ships with idiolect, ever gets here.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import tree_sitter

from .cache import cache_folder
from .errors import InputError, MissingExtraError
from .scratch import close_scratch, open_scratch

COMPILERS = ("cc", "gcc", "clang")
COMPILE_SECONDS = 600
"""The largest published parsers take a minute on a slow core."""
REQUIRED = re.compile(r"([\w-]+)[^;]*(?:;\s*extra == .(\w+))?")
"""A line of what a package requires: a name, and the extra that asks for it."""
GRAMMAR = re.compile(rb"\0_?tree_sitter_(\w+)(?=\0)")
"""A name in a library's table of symbols."""
OLDEST, NEWEST = tree_sitter.MIN_COMPATIBLE_LANGUAGE_VERSION, tree_sitter.LANGUAGE_VERSION


def load_package(module: str, symbol: str) -> tree_sitter.Language:
    """
    Load the grammar of an installed `tree_sitter_…` package; one with several grammars names them `language_SYMBOL`.

    Raises `MissingExtraError` when the package is not installed.
    """
    try:
        package = importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(f"The grammar package {module!r}", requirement_of(module)) from None
    function = getattr(package, f"language_{symbol}", None) or getattr(package, "language", None)
    if function is None:
        raise InputError(f"The package {module!r} has neither language_{symbol}() nor language().")
    grammar = function()
    # some wheels give a bare address, which the binding takes no more without complaint
    return wrap(encapsulate(grammar) if isinstance(grammar, int) else grammar, module)


def requirement_of(module: str) -> str:
    """Return what pip installs to bring a grammar package: idiolect, an extra of it, or else the package itself."""
    name = module.replace("_", "-")
    with suppress(importlib.metadata.PackageNotFoundError):
        for line in importlib.metadata.requires("idiolect") or ():
            required = REQUIRED.match(line)
            if required is not None and required[1] == name:
                return f"idiolect[{required[2]}]" if required[2] else "idiolect"
    return name


def load_library(file: Path, symbol: str) -> tree_sitter.Language:
    """
    Load a grammar from a shared library.

    Raises `InputError` when it is none, lacks the symbol, or was made for another tree-sitter.
    """
    try:
        function = getattr(ctypes.CDLL(str(file)), f"tree_sitter_{symbol}")
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be loaded: {error}.") from None
    except AttributeError:
        names = grammars_in(file)
        held = f"holds the grammar {' and '.join(names)}, not {symbol}" if names else f"has no tree_sitter_{symbol}"
        name = f'"{names[0]}"' if len(names) == 1 else "the grammar's name"
        raise InputError(f"{str(file)!r} {held}: set symbol to {name}.") from None
    function.restype = ctypes.c_void_p  # without this the pointer is cut to 32 bits
    return wrap(encapsulate(function()), str(file))


def grammars_in(file: Path) -> list[str]:
    """Return the names of the grammars that a shared library says it holds, sorted."""
    names = {name.decode() for name in GRAMMAR.findall(file.read_bytes())}
    return sorted(name for name in names if "_external_scanner_" not in name)


def encapsulate(address: int) -> object:
    """Return the capsule in which the binding takes the grammar at *address*."""
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype = ctypes.py_object
    capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return capsule(address, b"tree_sitter.Language", None)


def wrap(capsule: object, origin: str) -> tree_sitter.Language:
    """Return the language in *capsule*, or raise `InputError` when this tree-sitter cannot read it."""
    misfit = (
        f"The grammar {origin!r} does not fit this tree-sitter, which reads versions {OLDEST} to {NEWEST}. "
        f"Generate it again with --abi {NEWEST - 1}."
    )
    try:
        # the wheels give a capsule; only the stub still allows an integer
        language = tree_sitter.Language(capsule)  # pyright: ignore[reportArgumentType, reportDeprecated]
    except ValueError:
        raise InputError(misfit) from None
    # not every version of the binding looks; a query over a misfit ends the process
    if not OLDEST <= language.abi_version <= NEWEST:
        raise InputError(misfit)
    return language


def compile_grammar(folder: Path) -> Path:
    """
    Compile `src/parser.c` of *folder*, with its scanner where there is one, and return the shared library.

    The library is kept in the cache under the hash of its sources. Raises `InputError` with the compiler's first
    complaint when it does not compile, or when there is no compiler.
    """
    name = f"{hash_sources(folder)}.so"
    kept = cache_folder("grammars")
    if kept is not None and (kept / name).is_file():
        return kept / name
    target = (kept or scratch_folder()) / name
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as build:
        made = Path(build) / name
        run_compiler(folder / "src", made)
        made.replace(target)
    return target


def run_compiler(sources: Path, made: Path) -> None:
    """Compile the parser and scanner in *sources* into *made*."""
    named = os.environ.get("CC", "").split()
    compiler = named or [found for name in COMPILERS if (found := shutil.which(name))][:1]
    if not compiler:
        raise InputError(f"No C compiler was found ({', '.join(COMPILERS)}, $CC). Install one, or name a compiled .so.")
    files = [str(file) for name in ("parser.c", "scanner.c") if (file := sources / name).is_file()]
    command = [*compiler, "-O2", "-fPIC", "-shared", f"-I{sources}", *files, "-o", str(made)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=COMPILE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"The compiler {compiler[0]!r} did not finish: {error}.") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines() or ["?"]
        raise InputError(f"{str(sources)!r} does not compile: {lines[0].strip()}")


def hash_sources(folder: Path) -> str:
    """Return the hash of the C files of a grammar's folder; the same on every machine."""
    digest = hashlib.sha256()
    sources = folder / "src"
    for file in sorted(file for file in sources.rglob("*") if file.suffix in (".c", ".h") and file.is_file()):
        digest.update(f"{file.relative_to(sources).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def package_version(module: str) -> str:
    """Return the installed version of a grammar package, or nothing when it has none."""
    try:
        return importlib.metadata.version(module.replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return ""


@cache
def scratch_folder() -> Path:
    """Return a folder for this process, where nothing can be cached."""
    import atexit

    held = open_scratch("grammar")
    atexit.register(close_scratch, held)
    return held.folder
