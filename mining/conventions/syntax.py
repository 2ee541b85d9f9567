"""
Syntax. In: what parsers say of a file. Out: the row P01 of the catalogue, as findings show it.

No query asks this: a file that does not parse has no tree to ask. `evaluation/syntax.py` does; the class lends it a
name and a voice.
"""

from __future__ import annotations

from .convention import Convention, Examples


class Parses(Convention):
    """Whether a file is Python at all: where it is not, nothing else can be asked of it."""

    id = "P01"
    name = "parses"
    question = "Does the file parse?"
    instruction = "Write files that parse."
    fault = "{found}"  # the parser's own words
    languages = ()
    is_fact = True
    is_local = False
    examples = Examples(
        value="parses",
        conforms=("def f(x):\n    return x\n",),
        departs=("def f(:\n    return x\n",),
        nearly=("def f[T](x: T) -> T:\n    match x:\n        case _:\n            return x\n",),
    )
