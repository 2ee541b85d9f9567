"""
Personal data. In: text. Out: where addresses, phone numbers and authors' names stand in it, or the text masked.

A mask keeps the form: letters and digits become `x`, all else stays, so that code still parses and lines keep their
places. Addresses of machines and of documentation (`example.org`, `noreply@…`) are nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MASKED = "xx"
"""Stands in every mask but those of single letters between signs."""


class Personal(NamedTuple):
    """
    One place in a text that tells of a person.
    """

    what: str
    """`email`, `phone` or `name`."""
    start: int
    end: int


# top-level domains that people have addresses under; a matrix product (`q@k.T`) has none of them
DOMAINS = (
    "com|org|net|edu|gov|io|dev|ai|info|biz|co|uk|de|fr|nl|ch|at|it|es|pt|se|no|fi|dk|pl|cz|ru|ua|jp|cn|kr|br|au|ca|us|"
    "eu|nz|ie|be|me"
)
EMAIL = re.compile(
    rf"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{{0,62}}[A-Za-z0-9])?\.){{1,4}}(?:{DOMAINS})\b(?![.(\w\-]*[(=\[])",
)
LOCAL = re.compile(r"[A-Za-z0-9][\w.+\-]{0,63}$")
NOBODY = re.compile(
    r"(?i)example|\.(?:test|local|invalid)\b|localhost|noreply|no-reply|^(?:git|user|users|me|you|name|info|support|"
    r"security|contact|help|admin|root|postmaster|someone|foo|bar|test|hello|mail|email)@|@(?:domain|host|server|company|test|foo|bar|email)\."
)
PHONE = re.compile(r"\+\d{1,3}[ \-.]?(?:\(\d{1,4}\)[ \-.]?)?\d{2,4}(?:[ \-./]\d{2,4}){2,4}\b(?!\s*[*+/\-]\s*\w)")
FICTIONAL = re.compile(r"555[ \-.]?01\d\d")
CALLED = re.compile(r"(?i)(?:tel|phone|mobile|cell|fax|call|whatsapp|sms)")
AUTHOR_MARKS = ("@author", ":author:", "Author:", "Authors:", "Maintainer:", "Maintainers:", "__author__", "Written by")
AUTHOR = re.compile(
    r"(?:@author|:author:|\bAuthors?:|\bMaintainers?:|__author__ *= *['\"]|\bWritten by)[ \t]+"
    r"((?:[A-Z][\w'\-]*\.?[ \t]+){1,3}[A-Z][\w'\-]+)|__author__ *= *['\"]([^'\"\n]{3,60})['\"]"
)
TO_DO_MARKS = ("TODO(", "FIXME(", "XXX(", "HACK(")
TO_DO = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\(@?([A-Za-z][\w.\-]{1,30})\)")


def find_personal(text: str) -> list[Personal]:
    """Return the places of *text* that tell of a person, in order."""
    found: list[Personal] = []
    if "@" in text:
        found.extend(find_emails(text))
    if "+" in text:
        found.extend(find_phones(text))
    if any(mark in text for mark in AUTHOR_MARKS):
        found.extend(
            Personal("name", *match.span(1 if match[1] else 2))
            for match in AUTHOR.finditer(text)
            if match[1] or match[2]
        )
    if any(mark in text for mark in TO_DO_MARKS):
        found.extend(Personal("name", *match.span(1)) for match in TO_DO.finditer(text) if not match[1].isupper())
    return sorted(set(found), key=lambda place: place.start)


def find_emails(text: str) -> Iterator[Personal]:
    """Yield the addresses of people in *text*."""
    for match in EMAIL.finditer(text):
        local = LOCAL.search(text, max(0, match.start() - 64), match.start())
        if local is not None and not NOBODY.search(local[0] + match[0]):
            yield Personal("email", local.start(), match.end())


def find_phones(text: str) -> Iterator[Personal]:
    """Yield the international numbers on lines that speak of calling."""
    for match in PHONE.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if CALLED.search(line) and not FICTIONAL.search(match[0]):
            yield Personal("phone", *match.span())


def mask_personal(text: str) -> tuple[str, list[Personal]]:
    """Return *text* with each place masked in as many characters, and what was found."""
    found = find_personal(text)
    parts: list[str] = []
    last = 0
    for place in found:
        start = max(place.start, last)
        parts.extend((text[last:start], re.sub(r"[^\W_]", "x", text[start : max(start, place.end)])))
        last = max(start, place.end)
    return "".join([*parts, text[last:]]), found
