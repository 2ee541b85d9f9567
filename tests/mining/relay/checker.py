"""The relay language's own checker: every step begins with a known verb."""

import sys

VERBS = {"fetch", "send", "store", "wait", "log", "call"}
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), start=1):
    words = line.split()
    if line.startswith("  ") and words and words[0] not in VERBS:
        print(f"{sys.argv[1]}:{number}: unknown verb {words[0]!r}")
        raise SystemExit(1)
