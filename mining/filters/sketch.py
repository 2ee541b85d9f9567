"""
Sketches. In: a file's path and its bytes. Out: a few hashes by which its copies are found among its namesakes.

`duplicates.Fingerprint` reads their bytes as it reads those of its own shingles. Nothing here needs numpy, because
every file that is only held to a profile gets a sketch, too.
"""

from __future__ import annotations

from array import array
from zlib import crc32

LINES, HASHES = 256, 64
"""The first lines of a file that its sketch is made of, and how many of their hashes, the least, it keeps."""


def sketch_lines(path: str, utf8: bytes) -> bytes:
    """
    Return the members of a print by which copies of a file are found among its namesakes, at a hundredth of parsing it.

    The least hashes of its lines stand for all of them (Broder 1997). They depend on its name: files that are called
    otherwise share none.
    """
    seed = crc32(path.rpartition("/")[2].encode("utf-8", "surrogateescape"))
    lines = set(utf8.split(b"\n", LINES)[:LINES])
    return array("I", sorted({crc32(line, seed) for line in lines})[:HASHES]).tobytes()
