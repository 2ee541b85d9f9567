"""
Macros that a grammar of C or C++ cannot read. In: a file's bytes. Out: as many bytes, for the parser alone.

`API int size()` and `class API Ring` do not parse: only the preprocessor knows what a macro stands for. One before a
function is read as `inline`, one before a class's name and one that opens or closes a namespace as nothing. Every byte
keeps its place, so that the tree is one over the file as it is.
"""

from __future__ import annotations

import re

MACRO = re.compile(
    rb"""
      ^_*[A-Z][A-Z\d_]*(?:BEGIN|END)(?:_[A-Z\d_]*)?[ \t]*\r?$
    | ^[ \t]*(?:class|struct)[ \t]+(?P<of_class>[A-Z][A-Z\d_]{5,})(?=[ \t]+\w[^;()={]{0,300}\{)
    | ^[ \t]*(?:(?:constexpr|extern|friend|inline|static|virtual)[ \t]+)*
      (?P<of_function>(?:[A-Z][A-Z\d_]{5,}[ \t]+){1,4})(?=[A-Za-z_:][\w:<>*&\ \t]{0,200}[ \t*&][\w:~]{1,100}\()
    """,
    re.MULTILINE | re.VERBOSE,
)
"""A macro in one of these places; at a function a type, a name and a bracket follow, so that it is no type itself."""
WORD = re.compile(rb"\w+")
ANY = re.compile(rb"[^\r\n]")


def without_macros(utf8: bytes) -> bytes:
    """Return *utf8* with words in the place of macros that a parser can read."""
    return MACRO.sub(readable, utf8)


def readable(match: re.Match[bytes]) -> bytes:
    """Return what stands for the macros of *match*, in as many bytes."""
    if match["of_function"]:
        words = WORD.sub(lambda word: b"inline".ljust(len(word[0])), match["of_function"])
        return match[0][: match.start("of_function") - match.start()] + words
    kept = match.start("of_class") - match.start() if match["of_class"] else 0
    return match[0][:kept] + ANY.sub(b" ", match[0][kept:])
