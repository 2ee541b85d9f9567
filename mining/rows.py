"""
A corpus as rows for a hosted tuner. In: a corpus. Out: JSON Lines of its training and validation pairs.

A form is one function from a pair to its row, and its name in `ROWS`, from which the command line reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from .pairs.pair import Pair

SCHEMA = "idiolect.rows/1"
MARKER = "idiolect.json"
SYSTEM = "You write code in the style of this repository. Answer with code alone, indented as in the file."
SYSTEM_FORMS = frozenset({"openai", "bedrock"})
"""The forms whose rows begin with `SYSTEM`."""


def prompt_text(path: str, context: str, instruction: str) -> str:
    """Return what is asked as one text: of which file, in which context, and what."""
    return "\n".join(part for part in (f"# {path}", context, instruction) if part)


def prompt_of(pair: Pair) -> str:
    """Return the whole prompt of *pair* as one text."""
    return prompt_text(pair.path, pair.context, pair.instruction)


def completion_row(pair: Pair) -> dict[str, Any]:
    """Return *pair* as a prompt and its completion."""
    return {"prompt": prompt_of(pair) + "\n", "completion": pair.response}


def chat_row(pair: Pair) -> dict[str, Any]:
    """Return *pair* as a conversation of user and assistant."""
    return {
        "messages": [
            {"role": "user", "content": prompt_of(pair)},
            {"role": "assistant", "content": pair.response},
        ]
    }


def openai_row(pair: Pair) -> dict[str, Any]:
    """Return *pair* as OpenAI's fine-tuning takes it."""
    return {"messages": [{"role": "system", "content": SYSTEM}, *chat_row(pair)["messages"]]}


def bedrock_row(pair: Pair) -> dict[str, Any]:
    """Return *pair* as Amazon Bedrock's conversation schema takes it."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": SYSTEM}],
        "messages": [
            {"role": "user", "content": [{"text": prompt_of(pair)}]},
            {"role": "assistant", "content": [{"text": pair.response}]},
        ],
    }


ROWS: Mapping[str, Callable[[Pair], dict[str, Any]]] = {
    "openai": openai_row,
    "bedrock": bedrock_row,
    "chat": chat_row,
    "completion": completion_row,
}


def export_rows(corpus_path: Path, out: Path, form: str) -> dict[str, Any]:
    """Write the corpus's training and validation pairs as JSON Lines for a hosted tuner; test pairs stay here."""
    # who asks for the names of forms waits for no more
    from .artefacts import new_artefact, sha256_file, write_json, write_jsonl
    from .corpus import read_corpus

    if form not in ROWS:
        raise InputError(f"No form {form!r}. Known: {', '.join(ROWS)}.")
    corpus = read_corpus(corpus_path)
    counts: dict[str, int] = {}
    with new_artefact(out, MARKER, SCHEMA) as folder:
        for split in ("train", "validation"):
            rows = [ROWS[form](pair) for pair in corpus.pairs(split) if pair.response.strip()]
            counts[split] = len(rows)
            write_jsonl(folder / f"{split}.jsonl", rows)
        files = {file.name: sha256_file(file) for file in sorted(folder.glob("*.jsonl"))}
        summary = {"schema": SCHEMA, "form": form, "corpus": corpus.sha256, "counts": counts, "files": files}
        write_json(folder / MARKER, summary)
    return summary
