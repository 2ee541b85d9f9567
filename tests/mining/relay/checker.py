"""The relay language's own checker: every step begins with a known verb."""

import sys
from pathlib import Path

VERBS = {"fetch", "send", "store", "wait", "log", "call"}
for number, line in enumerate(Path(sys.argv[1]).read_text("utf-8").splitlines(), start=1):
    words = line.split()
    if line.startswith("  ") and words and words[0] not in VERBS:
        print(f"{sys.argv[1]}:{number}: unknown verb {words[0]!r}")  # noqa: T201 - a checker says what is wrong
        raise SystemExit(1)
