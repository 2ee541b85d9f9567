"""
A folder that was named where another was meant is told for what it is.
"""

from __future__ import annotations

import pytest
from idiolect.evaluation.gate import read_evaluation
from idiolect.mining.artefacts import write_json
from idiolect.mining.corpus import read_corpus
from idiolect.mining.errors import InputError
from idiolect.training.adapter import read_record
from idiolect.training.bases import hash_weights


@pytest.fixture(name="made")
def _made(tmp_path):
    """Return a folder that holds what `specialize` writes there, as far as its markers go."""
    for name, marker in (("corpus", "manifest"), ("adapter", "idiolect"), ("evaluation", "run")):
        write_json(tmp_path / name / f"{marker}.json", {"schema": f"idiolect.{name}/1"})
    return tmp_path


@pytest.mark.parametrize(
    ("read", "folder", "told"),
    [
        (read_corpus, "adapter", "is no corpus: it is an adapter. Make one: idiolect mine"),
        (read_corpus, "evaluation", "is no corpus: it is an evaluation. Make one: idiolect mine"),
        (read_corpus, "", r"is no corpus: it holds one\. Name '.*/corpus'\.$"),
        (read_corpus, "nothing", "is no corpus: it has no manifest.json. Make one: idiolect mine"),
        (read_evaluation, "corpus", "is no evaluation: it is a corpus. Make one: idiolect evaluate"),
        (read_record, "corpus", "is no finished adapter: it is a corpus. Make one with `idiolect train`"),
        (read_record, "nothing", "is no finished adapter: it has no idiolect.json. Make one with `idiolect train`"),
        (hash_weights, "adapter", "is no model folder: it is an adapter. Name a model's; an adapter goes with --from"),
        (hash_weights, "nothing", "is no model folder: it has no config.json. Name a model's"),
        (read_evaluation, "", r"is no evaluation: it holds one\. Name '.*/evaluation'\.$"),
    ],
)
def test_what_was_named_instead_is_told(made, read, folder, told):
    """Folders of idiolect's own are known by their markers, and the one that was meant may stand in it."""
    with pytest.raises(InputError, match=told):
        read(made / folder)
