"""
By which licence a repository may be used. In: a folder. Out: an SPDX name, or `unknown`.
"""

from __future__ import annotations

import re
from pathlib import Path

from .reading import read_start

# What a licence's own text says of itself, in the order in which they must be asked.
LICENCES = (
    ("AGPL-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("LGPL", r"GNU LESSER GENERAL PUBLIC LICENSE"),
    ("GPL-3.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 3"),
    ("GPL-2.0", r"GNU GENERAL PUBLIC LICENSE\s+Version 2"),
    ("MPL-2.0", r"Mozilla Public License,? (v\. |Version )?2\.0"),
    ("Apache-2.0", r"Apache License\s+Version 2\.0"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    ("BSD-3-Clause", r"Neither the name of"),
    ("BSD-2-Clause", r"Redistributions in binary form must reproduce"),
    ("ISC", r"Permission to use, copy, modify, and(/or)? distribute this software for any"),
)


def read_licence(root: Path) -> str:
    """Return the SPDX name of the licence file at the root, where its text is a known one."""
    for name in ("LICENSE", "LICENCE", "LICENSE.txt", "LICENSE.md", "LICENSE.rst", "COPYING"):
        data = read_start(root, name, 20_000)
        if data is not None:
            text = data.decode("utf-8", "replace")
            return next((spdx for spdx, pattern in LICENCES if re.search(pattern, text)), "unknown")
    return "unknown"
