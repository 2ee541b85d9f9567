"""
Licences. In: the text of one file, and what its repository may hold. Out: the file's own licence, and whether it stays.

A file that names a licence of its own keeps that name in its pairs. One that may not be mixed with the repository's
code is left out: a copyleft licence that is not the repository's, or a notice that forbids use. The team's settings say
which others are fine: `licences = ["GPL-3.0-only"]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

HEADER = 4_000
"""Characters of a file in which a notice of its licence stands."""
SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+\-() ]{2,80}?)[ \t]*(?:-->|[^A-Za-z0-9.+\-() ]|\Z)")
BRACKET = re.compile(r"\(([^()]*)\)")
GRANTED, REFUSED = "granted", "refused"
"""What stands for a bracket that is decided."""
NOTICES = (
    ("AGPL-3.0", re.compile(r"GNU\s+(?:[#*/;\s]+)?Affero\s+General\s+Public\s+License", re.IGNORECASE)),
    ("LGPL", re.compile(r"GNU\s+(?:Lesser|Library)\s+General\s+Public\s+License", re.IGNORECASE)),
    ("GPL", re.compile(r"GNU\s+General\s+Public\s+License", re.IGNORECASE)),
    ("MPL-2.0", re.compile(r"Mozilla\s+Public\s+License", re.IGNORECASE)),
    ("proprietary", re.compile(r"proprietary\s+and\s+confidential|unauthorized\s+(?:copying|use)\b", re.IGNORECASE)),
)
RESTRICTED = re.compile(r"\b(?:A?GPL|LGPL|CC-BY-NC|CC-BY-SA|SSPL|BUSL|proprietary)", re.IGNORECASE)


def file_licence(text: str) -> str:
    """Return the licence that a file names itself, or nothing."""
    head = text[:HEADER]
    if (named := SPDX.search(head)) is not None:
        return named[1].strip()
    if "icense" not in head and "ICENSE" not in head and "onfidential" not in head and "nauthorized" not in head:
        return ""
    return next((name for name, notice in NOTICES if notice.search(head)), "")


def may_stay(licence: str, own: str, allowed: Sequence[str]) -> bool:
    """
    Claim that a file under *licence* may be mined in a repository under *own*, where a team allows others.

    Of an expression (SPDX 2.3, annex D) a choice may stay where one of its licences may; of several that bind together,
    each has to. What stands in brackets is decided first.
    """
    families = {family(name) for name in (own, *allowed)}

    def is_fine(name: str) -> bool:
        return name != REFUSED and (not RESTRICTED.search(name) or family(name) in families)

    def decide(expression: str) -> bool:
        choices = re.split(r"\s+OR\s+", expression)
        return any(all(map(is_fine, re.split(r"\s+AND\s+", choice.strip()))) for choice in choices)

    while (inner := BRACKET.search(licence)) is not None:
        word = GRANTED if decide(inner[1]) else REFUSED
        licence = f"{licence[: inner.start()]}{word}{licence[inner.end() :]}"
    return decide(licence)


def family(licence: str) -> str:
    """Return the family of a licence: `GPL` for `GPL-3.0-or-later`."""
    match = re.match(r"\(?([A-Za-z]+(?:-BY(?:-[A-Z]+)*)?)", licence.strip())
    return match[1].upper() if match else licence
