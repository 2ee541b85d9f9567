"""
Scripts that stand in a page. In: a file's path and bytes. Out: as many bytes, for the parser alone.

A component of Vue, Svelte or Astro is a page: markup and styles around code. The code is read as the script that it is,
all else as blanks. Every byte keeps its place, so that the tree is one over the file as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PAGES = (".astro", ".svelte", ".vue")
SCRIPT = re.compile(
    rb"^<script\b(?P<head>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>(?P<code>.*?)(?:</script\s*>|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
"""A script at the outermost level, which begins a line; one that is still being written ends with the text."""
FRONT = re.compile(rb"\A\s*---[ \t]*\r?\n(?P<code>.*?)(?:^---|\Z)", re.MULTILINE | re.DOTALL)
"""The code that opens a component of Astro."""
DATA = re.compile(rb"\btype\s*=\s*[\"']?(?:application|text)/(?!javascript|typescript)|\blang\s*=\s*[\"']?coffee")
"""What says that a script is data, or in another language."""
ANY = re.compile(rb"[^\r\n]")


def is_page(path: str) -> bool:
    """Claim that the code of the file at *path* stands in a page."""
    return path.endswith(PAGES)


def scripts_alone(path: str, utf8: bytes) -> bytes:
    """Return *utf8* with blanks in the place of all that is no script, where *path* is a page."""
    if not is_page(path):
        return utf8
    kept = bytearray(ANY.sub(b" ", utf8))
    for start, end in scripts_in(path, utf8):
        kept[start:end] = utf8[start:end]
    return bytes(kept)


def scripts_in(path: str, utf8: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the scripts of a page stand."""
    front = FRONT.match(utf8) if path.endswith(".astro") else None
    if front is not None:
        yield front.span("code")
    for script in SCRIPT.finditer(utf8, front.end() if front is not None else 0):
        if DATA.search(script["head"]) is None:
            yield script.span("code")
