"""
API existence. In: what a resolver says of a name. Out: the row A11 of the catalogue, as findings and guides show it.

No query asks this: whether a name exists is decided by the whole repository and what is installed, by
`evaluation/names.py`, and is a fact rather than a habit. The class lends it a name and a voice.
"""

from __future__ import annotations

from .convention import Convention, Examples


class ApiExists(Convention):
    """Whether the module, name, attribute, keyword or count of arguments that code uses exists."""

    id = "A11"
    name = "api-exists"
    question = "Does what code names exist?"
    languages = ()
    is_local = False
    examples = Examples(
        value="exists",
        conforms=("import json\n\njson.dumps({})\n",),
        departs=("import json\n\njson.write({})\n",),
        nearly=("def f(x):\n    return x.anything\n",),
    )

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong: the resolver's own words."""
        return found

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Use only modules, names, attributes and arguments that exist."
