"""
What a folder is that was named where another was meant. In: the folder, and what was wanted. Out: words for the error.
"""

from __future__ import annotations

from pathlib import Path

from .repository import made_here

NAMES = {
    "corpus": "a corpus",
    "adapter": "an adapter",
    "evaluation": "an evaluation",
    "rows": "the rows of a corpus",
    "merged": "merged weights",
    "gguf": "weights in GGUF",
}
"""What idiolect writes, by what its markers say."""


def tell_instead(folder: Path, wanted: str, lacking: str, way_out: str) -> str:
    """
    Return why *folder* is not what was *wanted*, a key of `NAMES`: it is something else, or *lacking* a file.

    Ends with the *way_out*, or with the folder that was meant where this is the one above, as `specialize` writes it.
    """
    within = folder / wanted
    if made_here(within) == wanted:
        return f"it holds one. Name {str(within)!r}."
    what = NAMES.get(made_here(folder), "")
    return f"it is {what}. {way_out}" if what else f"{lacking}. {way_out}"
