"""
Judgements that are kept between checks. In: a file and a profile. Out: its `Judgement`, from the cache if it is there.

Kept as JSON under the hash of all that decides it: the profile, the path, the text, and our own code. So a second look
at a change asks only the files that were touched since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ..mining.cache import cache_folder, keep
from ..mining.judge import Finding, Judgement, judge_source
from ..mining.profile import Profile
from ..mining.source import Source
from .learning import version_of_detectors

MOST = 4_096
"""With more files than this in the cache, the older half is thrown away."""


class CachingJudge:
    """
    Judges by one profile, and remembers.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.folder = cache_folder("judged")

    @cached_property
    def decides(self) -> bytes:
        """The hash of the profile and of the code that asks."""
        entries = repr((self.profile.entries, sorted(self.profile.packages))).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(entries, key=version_of_detectors(), digest_size=16).digest()

    def judge(self, source: Source, *, is_new: bool = False) -> Judgement:
        """Return the judgement of *source*, which has no earlier version where it *is_new*."""
        if self.folder is None:
            return judge_source(source, self.profile, is_new=is_new)
        language = source.language.name + source.language.sha256
        what = (
            "\0".join([language, source.path, "new" if is_new else ""]).encode("utf-8", "surrogateescape") + source.utf8
        )
        file = self.folder / f"{hashlib.blake2b(what, key=self.decides, digest_size=16).hexdigest()}.json"
        with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
            return self.read(source, json.loads(file.read_bytes()))
        judgement = judge_source(source, self.profile, is_new=is_new)
        keep(file, json.dumps(self.write(judgement)).encode())
        return judgement

    def write(self, judgement: Judgement) -> dict[str, Any]:
        """Return *judgement* as it is kept: an entry is its place in the profile."""
        places = {id(entry): place for place, entry in enumerate(self.profile.entries)}
        kept = {field.name: getattr(judgement, field.name) for field in fields(judgement)}
        return {**kept, "findings": [[places[id(f.entry)], *f[2:]] for f in judgement.findings]}

    def read(self, source: Source, kept: Mapping[str, Any]) -> Judgement:
        """Return the judgement that was kept."""
        entries = self.profile.entries
        findings = tuple(Finding(entries[place], source.path, *rest) for place, *rest in kept["findings"])
        values: dict[str, Any] = {**kept, "findings": findings, "own_way": tuple(kept["own_way"])}
        return Judgement(**values)


def forget_oldest() -> None:
    """Throw the older half of what is kept away where it has become too much."""
    folder = cache_folder("judged")
    files = list(folder.iterdir()) if folder is not None else []
    if len(files) > MOST:
        for file in sorted(files, key=age_of)[: len(files) // 2]:
            file.unlink(missing_ok=True)


def age_of(file: Path) -> float:
    """Return when *file* was written; 0 for one that is gone."""
    with suppress(OSError):
        return file.stat().st_mtime
    return 0.0
