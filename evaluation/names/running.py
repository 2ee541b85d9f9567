"""
What the running Python has. In: a module of the standard library and names. Out: which of them it lacks.

Stubs leave out what a module has by accident, such as what it imports itself, and code that uses it runs all the same.
Asked is a process of its own, which is told to look nowhere but into the standard library: a repository may have a file
called like one of its modules.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable

SECONDS = 20
NOT_IMPORTED = re.compile(
    r"(?:^|\.)(?:__main__|_?test\w*|antigravity|idlelib|this|tkinter|_tkinter|tests|turtle\w*)(?:\.|$)"
)
"""Modules that do something as they are imported: they open a browser or a window, print, or run."""
MODULE = re.compile(r"\w+(?:\.\w+)*")
SCRIPT = """\
import sys
module, *names = sys.argv[1:]
__import__(module)
found = sys.modules[module]
print()
print([int(hasattr(found, name)) for name in names])
"""
"""What is asked; a module that is imported may print a line of its own before the answer."""


def names_lacking(module: str, names: Iterable[str]) -> frozenset[str]:
    """
    Return which of *names* the *module* lacks in the running Python; none where that cannot be told.

    It cannot of a module that is none of the standard library, that does something as it is imported, or that this
    platform or version has not.
    """
    asked = sorted(set(names))
    if module.partition(".")[0] not in sys.stdlib_module_names or not MODULE.fullmatch(module):
        return frozenset()
    if NOT_IMPORTED.search(module) or not sys.executable:
        return frozenset()
    # isolated, without site: neither the folder, nor the environment, nor what is installed is looked into
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", SCRIPT, module, *asked]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=True, text=True
        )
        has = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return frozenset()
    return frozenset(name for name, is_there in zip(asked, has, strict=True) if not is_there)
