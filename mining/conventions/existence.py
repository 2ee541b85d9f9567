"""
API existence. In: what a resolver says of a name. Out: the row A11 of the catalogue, as findings and guides show it.

No query asks this: whether a name exists is decided by the whole repository and what is installed, by
`evaluation/names/existence.py`, and is a fact rather than a habit. The class lends it a name and a voice.
"""

from __future__ import annotations

from .convention import Convention, Examples

KINDS = frozenset({"arguments", "attribute", "import", "keyword", "module", "name"})


class ApiExists(Convention):
    """Whether the module, name, attribute, keyword or count of arguments that code uses exists."""

    id = "A11"
    name = "api-exists"
    question = "Does what code names exist?"
    instruction = "Use only modules, names, attributes and arguments that exist."
    fault = "{found}"  # the resolver's own words
    languages = ()
    is_fact = True
    linter_codes = frozenset(
        {"F821", "E0401", "E0602", "E0611", "E1101", "E1120", "E1121", "E1123"}
        | {"import-error", "no-member", "no-name-in-module", "no-value-for-parameter", "too-many-function-args"}
        | {"undefined-variable", "unexpected-keyword-arg"}
        | {"type: attr-defined", "type: call-arg", "type: import", "type: import-not-found", "type: name-defined"}
    )
    is_local = False
    examples = Examples(
        value="exists",
        conforms=("import json\n\njson.dumps({})\n",),
        departs=("import json\n\njson.write({})\n",),
        nearly=("def f(x):\n    return x.anything\n",),
    )

    @property
    def keys(self) -> frozenset[str]:
        """The kinds of what does not exist."""
        return KINDS
