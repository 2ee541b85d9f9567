"""
The corpus on disk. In: what mining found. Out: a folder of plain, hashed files, the same bytes on any machine.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .. import __version__
from .artefacts import (
    expect_form,
    new_artefact,
    parse_json,
    read_jsonl,
    sha256_file,
    write_json,
    write_jsonl,
    write_text,
)
from .errors import InputError, MismatchError
from .instead import tell_instead
from .languages import Language, known_languages, language_of
from .pairs.pair import COLUMNS, Pair
from .source import Source, parse_source
from .split import SPLITS

if TYPE_CHECKING:
    from .profile import Profile

SCHEMA = "idiolect.corpus/1"
MARKER = "manifest.json"
KINDS = tuple({"str": str, "int": int, "float": int | float}[str(field.type)] for field in fields(Pair))
"""What each column of a pair holds."""


@dataclass(frozen=True, slots=True)
class Contents:
    """
    Everything a corpus holds, before it is written.
    """

    head: Mapping[str, Any]
    """Repository, commit, licence and settings hash, as the manifest states them."""
    pairs: Sequence[Pair]
    profile: Mapping[str, Any]
    api: Mapping[str, Any]
    skipped: Sequence[Mapping[str, str]]
    sources: Mapping[str, bytes]
    """
    The bytes of every file that holds a validation or test pair, by path, secrets redacted; of every file that holds a
    pair, where the test is small and cross-evaluation asks of all.
    """
    proof: Mapping[str, Any]


@dataclass(frozen=True)
class Corpus:
    """
    A corpus read back.
    """

    folder: Path
    manifest: Mapping[str, Any]
    sha256: str
    """The hash of the manifest, which holds the hash of every other file."""

    def find(self, name: str) -> Path:
        """
        Return where the file *name* is.

        Raises `MismatchError` when it is not the one that was opened: a run may take hours, and another mine meanwhile.
        """
        path = self.folder / name
        if not path.is_file() or sha256_file(path) != self.manifest["sha256"].get(name):
            raise MismatchError(f"{name} of the corpus was changed while it was in use. Begin again.")
        return path

    def pairs(self, split: str) -> list[Pair]:
        """
        Return the pairs of one split.

        Raises `MismatchError` with the line's number when a row is not a pair, or its path leaves the repository.
        """
        rows: list[Pair] = []
        for number, row in enumerate(read_jsonl(self.find(f"pairs/{split}.jsonl")), start=1):
            if tuple(row) != COLUMNS:
                raise MismatchError(f"pairs/{split}.jsonl, line {number}: the columns are not those of a pair.")
            if not is_inside(row["path"]):
                raise MismatchError(f"pairs/{split}.jsonl, line {number}: {row['path']!r} is no path of a repository.")
            if not all(map(isinstance, row.values(), KINDS)):
                raise MismatchError(f"pairs/{split}.jsonl, line {number}: a column holds what no pair has there.")
            rows.append(Pair(**row))
        return rows

    @cached_property
    def profile(self) -> Profile:
        """The conventions that the repository keeps."""
        from .profile import Profile

        with expect_form("profile.json", ". Mine again."):
            return Profile.from_json(parse_json(self.find("profile.json").read_text("utf-8")))

    @cached_property
    def api(self) -> dict[str, Any]:
        """What the repository offers."""
        with expect_form("api.json", ". Mine again."):
            return {**parse_json(self.find("api.json").read_text("utf-8"))}

    @cached_property
    def languages(self) -> tuple[Language, ...]:
        """
        The languages that the corpus was mined with.

        Raises `InputError` when one of the user's own is not known here, `MismatchError` when it was changed since.
        """
        known = {language.name: language for language in known_languages() if language.sha256}
        for row in self.manifest.get("languages", ()):
            language = known.get(row["name"])
            if language is None:
                raise InputError(
                    f"The corpus was mined with a language of its own, {row['name']!r}. Pass it: --language FILE."
                )
            if language.sha256 != row["sha256"]:
                raise MismatchError(
                    f"The language {row['name']!r} is not the one that the corpus was mined with: its grammar or query "
                    "has changed. Mine again."
                )
        return known_languages()

    def source(self, path: str) -> Source:
        """Return a file that is kept: one that holds a validation or test pair, and others where the test is small."""
        name = self.manifest["sources"].get(path)
        data = b"" if name is None else self.find(f"sources/{name}").read_bytes()
        language = language_of(path, self.languages, data)
        if name is None or language is None:
            raise InputError(f"The corpus holds no source {path!r}: only files with held-out pairs are kept.")
        return parse_source(path, data, language)


def write_corpus(out: Path, contents: Contents) -> Corpus:
    """Write *contents* as a corpus folder, complete or not at all, and return it."""
    with new_artefact(out, MARKER, SCHEMA) as folder:
        for split in SPLITS:
            write_jsonl(folder / "pairs" / f"{split}.jsonl", (p.as_row() for p in contents.pairs if p.split == split))
        write_json(folder / "profile.json", contents.profile)
        write_text(folder / "api.json", render_index(contents.api))
        write_jsonl(folder / "skipped.jsonl", contents.skipped)
        names = {path: write_source(folder / "sources", data) for path, data in sorted(contents.sources.items())}
        manifest = {
            "schema": SCHEMA,
            "tool": f"idiolect {__version__}",
            **contents.head,
            "counts": count_pairs(contents.pairs),
            "skipped": dict(sorted(Counter(row["reason"] for row in contents.skipped).items())),
            "split_proof": contents.proof,
            "sources": names,
        }
        write_text(folder / "README.md", render_card(manifest))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        manifest["sha256"] = {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}
        write_json(folder / MARKER, manifest)
    return read_corpus(out, verify=False)


def render_index(index: Mapping[str, Any]) -> str:
    """Return the index as JSON with a file a line: indented, its tens of thousands of names take ten times as long."""
    encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
    files = ",\n".join(f" {encode(path)}: {encode(symbols)}" for path, symbols in index.get("files", {}).items())
    return f'{{"schema": {encode(index.get("schema", ""))}, "files": {{\n{files}\n}}}}\n'


def write_source(folder: Path, data: bytes) -> str:
    """Write one source under the hash of its bytes and return that name."""
    import hashlib

    folder.mkdir(exist_ok=True)
    name = hashlib.sha256(data).hexdigest()
    (folder / name).write_bytes(data)
    return name


def read_corpus(folder: Path | Corpus, *, verify: bool = True) -> Corpus:
    """
    Open a corpus; one that is open stays it.

    Raises `InputError` when *folder* is none, and `MismatchError` when a file is not the one that was written.
    """
    if isinstance(folder, Corpus):
        return folder
    marker = folder / MARKER
    if not marker.is_file():
        way_out = "Make one: idiolect mine REPO --out DIR"
        told = tell_instead(folder, "corpus", f"it has no {MARKER}", way_out)
        raise InputError(f"{str(folder)!r} is no corpus: {told}")
    try:
        manifest = cast("dict[str, Any]", parse_json(marker.read_text("utf-8")))
        schema = manifest.get("schema")
    except (ValueError, AttributeError):
        raise MismatchError(f"{str(marker)!r} is not a JSON object. Mine again.") from None
    if schema != SCHEMA:
        raise InputError(f"{str(folder)!r} is no corpus of this version: its schema is not {SCHEMA}. Mine again.")
    if verify:
        verify_files(folder, manifest)
    return Corpus(folder, manifest, sha256_file(marker))


def verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """
    Raise `MismatchError` for the first file that is missing, unrecorded, or has other bytes than were recorded.

    And before a file is opened, for a name that would lead out of the folder it belongs to: files are laid out by them.
    """
    kinds = {"sha256": dict, "sources": dict, "counts": list, "repository": str, "commit": str}
    is_whole = all(isinstance(manifest.get(key), kind) for key, kind in kinds.items())
    if not (is_whole and all(map(is_count, manifest["counts"]))):
        raise MismatchError(f"{MARKER} does not record what belongs to the corpus. Mine again.")
    hashes: Mapping[str, str] = manifest["sha256"]
    names = [*hashes, *manifest["sources"], *manifest["sources"].values()]
    if outside := [name for name in names if not is_inside(name)]:
        raise MismatchError(f"{MARKER} names {outside[0]!r}, which is no path of a corpus or a repository. Mine again.")
    sources = {f"sources/{name}" for name in manifest["sources"].values()}
    if unrecorded := sorted(({f"pairs/{split}.jsonl" for split in SPLITS} | sources) - hashes.keys()):
        raise MismatchError(f"{MARKER} does not record {unrecorded[0]}. Mine again.")
    for name, recorded in sorted(hashes.items()):
        path = folder / name
        if not path.is_file():
            raise MismatchError(f"The corpus lacks {name}. Mine again.")
        if sha256_file(path) != recorded:
            raise MismatchError(
                f"{name} was changed after mining: its hash does not match. Use `drop` and `add` in the settings to "
                "curate a corpus, then mine again."
            )


def is_count(row: Any) -> bool:
    """Claim that *row* says how many pairs of a kind and a language a split has."""
    kinds = {"kind": str, "split": str, "language": str, "pairs": int}
    table = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
    return all(isinstance(table.get(key), kind) for key, kind in kinds.items())


def is_inside(path: object) -> bool:
    """Claim that *path* is a relative one that stays in its folder, whichever way its slashes lean."""
    if not isinstance(path, str) or "\0" in path:
        return False
    parts = re.split(r"[/\\]", path)
    return parts[0] != "" and ".." not in parts


def count_pairs(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Return the number of pairs by kind, split and language."""
    counts = Counter((pair.kind, pair.split, pair.language) for pair in pairs)
    return [
        {"kind": kind, "split": split, "language": language, "pairs": count}
        for (kind, split, language), count in sorted(counts.items())
    ]


def render_card(manifest: Mapping[str, Any]) -> str:
    """Return the dataset card: its front matter is what lets `datasets.load_dataset` find the three splits."""
    # a split without pairs has an empty file, which the loader cannot give columns to
    present = [split for split in SPLITS if any(row["split"] == split for row in manifest["counts"])]
    files = "\n".join(f"  - split: {split}\n    path: pairs/{split}.jsonl" for split in present)
    rows = "\n".join(
        f"| {row['kind']} | {row['language']} | {row['split']} | {row['pairs']} |" for row in manifest["counts"]
    )
    proof = manifest["split_proof"]
    return f"""---
configs:
- config_name: default
  data_files:
{files}
---

# Pairs mined from {manifest["repository"]}

At `{manifest["commit"]}`, licence {manifest["licence"]}. Each row is an instruction, its context, and the code of that
repository that answers it, with where it stands.

| kind | language | split | pairs |
| --- | --- | --- | --- |
{rows}

Files that share a near-duplicate definition are on one side. The highest similarity between a training definition and a
held-out one is {proof["highest_similarity"]}; held-out answers share {proof["shared_spans_of_50_tokens"]} spans of 50
tokens with training. `manifest.json` has the hashes of all files, `skipped.jsonl` what was left out and why.
"""
