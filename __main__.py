"""
`python -m idiolect`. In: the process's arguments. Out: its exit code.
"""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    code = main()
    # where Ctrl-C came while text was run, as dataclasses do, Python would end by SIGINT until text is run once more
    exec("")  # noqa: S102
    raise SystemExit(code)
