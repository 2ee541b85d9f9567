"""
The codebases that goals are measured on. In: names of installed packages. Out: their parsed files, profile, findings.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from idiolect.mining.conventions.tally import FileTally, tally_source
from idiolect.mining.judge import Judgement, judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.skips import content_reason
from idiolect.mining.source import Source, UndecodableError, parse_source

NAMES = ("click", "rich", "networkx", "_pytest", "peft", "jinja2", "hypothesis", "anyio")
"""Import packages: tools, libraries and a framework, of eight authors and eight styles."""
DISTRIBUTIONS = {"_pytest": "pytest"}


# eq=False: compared by identity, because its cached values live beside its fields
@dataclass(frozen=True, eq=False)
class Codebase:
    """
    One installed package.
    """

    name: str
    version: str
    sources: tuple[Source, ...]
    compiled: tuple[str, ...]
    """The paths of its extension modules."""

    @cached_property
    def lines(self) -> int:
        """The lines of all files."""
        return sum(len(source.line_starts) for source in self.sources)

    @cached_property
    def tallies(self) -> dict[str, FileTally]:
        """The answers of every file, by path."""
        return {source.path: tally_source(source) for source in self.sources}

    @cached_property
    def profile(self) -> Profile:
        """What all files together keep to."""
        return learn_profile(self.tallies.values())

    @cached_property
    def clean(self) -> dict[str, Judgement]:
        """What the profile says of the files it was learned from, by path."""
        return {source.path: judge_source(source, self.profile) for source in self.sources}


@cache
def load_codebase(name: str) -> Codebase:
    """Return the installed package *name*; its paths begin with the package, as in a checkout."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    found: list[Source] = []
    for file in sorted(root.rglob("*.py")):
        data = file.read_bytes()
        path = file.relative_to(root.parent).as_posix()
        if content_reason(data) or "_vendor" in path:
            continue
        try:
            found.append(parse_source(path, data, language_named("python")))
        except UndecodableError:
            continue
    version = importlib.metadata.version(DISTRIBUTIONS.get(name, name))
    compiled = [file for file in sorted(root.rglob("*")) if file.suffix in (".so", ".pyd")]
    return Codebase(name, version, tuple(found), tuple(file.relative_to(root.parent).as_posix() for file in compiled))


def load_all() -> list[Codebase]:
    """Return every codebase."""
    return [load_codebase(name) for name in NAMES]
