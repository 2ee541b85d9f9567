"""
Is this the code that was mined? In: a corpus and a folder. Out: nothing, or a `MismatchError` that names what differs.

A checkout serves checks that need more than the file at hand: API resolution and the repository's own tests. It must
hold the very files that probes are made of, so each is prepared as mining prepared it and compared by its hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..mining.corpus import Corpus
from ..mining.errors import InputError, MismatchError
from ..mining.git import git_output
from ..mining.languages import language_of
from ..mining.mine_file import clean_source
from ..mining.source import UndecodableError, parse_source


def match_repository(corpus: Corpus, root: Path) -> None:
    """
    Raise `MismatchError` when *root* does not hold the code that *corpus* was mined from.
    """
    if not root.is_dir():
        raise InputError(f"--repository {str(root)!r} is no folder. Name the checkout that was mined.")
    commit = str(corpus.manifest["commit"])
    head = git_output(root, "rev-parse", "--verify", "HEAD^{commit}")
    if head is not None and len(commit) >= 40 and ":" not in commit and head.decode().strip() != commit:
        raise MismatchError(
            f"--repository {str(root)!r} is at {head.decode().strip()[:12]}, the corpus was mined at {commit[:12]}. "
            f"Check that commit out, or mine again."
        )
    for path, recorded in sorted(corpus.manifest["sources"].items()):
        if hash_prepared(corpus, root, path) != recorded:
            raise MismatchError(
                f"--repository {str(root)!r} is not what was mined: {path!r} differs or is missing. "
                f"Name the same checkout, or mine again."
            )


def hash_prepared(corpus: Corpus, root: Path, path: str) -> str:
    """Return the hash of a file as a corpus keeps it; empty where it cannot be read."""
    try:
        data = (root / path).read_bytes()
        language = language_of(path, corpus.languages, data)
        source = parse_source(path, data, language) if language is not None else None
    except (OSError, UndecodableError):
        return ""
    return "" if source is None else hashlib.sha256(clean_source(source).source.utf8).hexdigest()
