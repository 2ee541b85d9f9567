"""
What this house raises. In: the facts of all files. Out: the rule mined from them. Row E02.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from .convention import Edit, Examples, HouseChoice, HouseConvention, Place
from .facts import FileFacts, RaiseFact, last_name
from .implications import reachable
from .inhouse_definitions import parents_in
from .naming import EXCEPTION_BASE

GENERAL = frozenset(
    {"ArithmeticError", "BaseException", "EnvironmentError", "Exception", "IOError", "LookupError", "OSError"}
    | {"RuntimeError", "ValueError"}
)
"""Built-in exceptions that say nothing but that something failed: any of them could be one of the house's."""
LOOKED_UP = frozenset({"KeyError", "IndexError"})
"""Those that a container owes to who indexes it, and that elsewhere are as general as the others."""
VALIDATOR = re.compile(r"validat\w*$")
"""Decorators (`pydantic.field_validator`) of functions that tell a library what is wrong in the library's own way."""
LEAST_RAISES = 20
"""What of one family is raised before a rule about it is tried."""


class RaisedTypes(HouseConvention):
    """Whether code raises the house's own exceptions or general built-in ones."""

    id = "E02"
    name = "raised-types"
    question = "Does what is raised derive from `{key}`?"
    instruction = "Raise exceptions that derive from `{key}`, not general built-in ones."
    fault = "a general built-in exception is raised here; what this codebase raises {wanted}"
    never = frozenset({"built-in"})
    cap = "advise"
    version = 2
    examples = Examples(
        value="derives from ShopError",
        key="ShopError",
        rule={"key": "ShopError", "family": ["ShopError", "StockError"]},
        conforms=(
            "from shop.errors import StockError\nraise StockError('none', left=0)",
            "from shop import errors\n\ndef f():\n    raise errors.ShopError",
        ),
        departs=(
            "raise ValueError('none')",
            "def f():\n    raise RuntimeError from None",
            "class A:\n    def find(self, a):\n        raise KeyError(a)",
            "try:\n    f()\nexcept ValueError:\n    raise ValueError('none')",
            "def f(a):\n    raise ValueError(a)\n\nf(a)\ntry:\n    g()\nexcept ValueError:\n    h()",
        ),
        nearly=(
            "def f():\n    raise NotImplementedError",
            "try:\n    f()\nexcept ValueError as error:\n    raise error",
            "try:\n    f()\nexcept ValueError:\n    raise",
            "def f(a):\n    raise TypeError(a)",
            "class A:\n    def __getitem__(self, a):\n        raise KeyError(a)",
            "from other import ValueError\nraise ValueError()",
            "raise other.Error()",
            "@field_validator('a')\ndef check(a):\n    raise ValueError(a)",
            "try:\n    if not a:\n        raise ValueError(a)\nexcept (KeyError, ValueError):\n    pass",
            # who calls it in this file says what it means
            "def f(a):\n    raise ValueError(a)\n\ntry:\n    f(a)\nexcept ValueError:\n    g()",
        ),
    )
    also = (
        Examples(
            value="derives from ShopError",
            key="ShopError",
            rule={"key": "ShopError", "family": ["ShopError", "StockError"]},
            path="tests/test_shop.py",
            nearly=("raise ValueError('none')",),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose the root, of the house's exceptions, that most of what is raised descends from."""
        sources = {path: facts for path, facts in files.items() if facts.role == "src"}
        families = exception_families(parents_in(sources))
        counts = Counter(last_name(fact.raised) for facts in sources.values() for fact in facts.raises)
        raised = {root: sum(counts[name] for name in family) for root, family in families.items()}
        root = max(sorted(raised), key=lambda name: raised[name], default="")
        return [{"key": root, "family": sorted(families[root])}] if raised.get(root, 0) >= LEAST_RAISES else []

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether what each `raise` of a source file raises is of the family, or built in and general."""
        family = set(rule["family"])
        checks = {
            function.symbol
            for function in facts.functions
            if any(VALIDATOR.search(decorator) for decorator in function.decorators)
        }
        for fact in facts.raises if facts.role == "src" else ():
            is_own = last_name(fact.raised) in family
            if is_own or (is_general(fact) and fact.inside not in checks):
                value = f"derives from {rule['key']}" if is_own else "built-in"
                yield HouseChoice(value, fact.line, fact.start, fact.end, fact.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return a built-in exception in place of what is raised."""
        return place.instead("ValueError")


def exception_families(parents: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """Return, for each exception of the house that derives from none of its others, all that descend from it."""
    above = {name: reachable(name, parents) for name in parents}
    own = {name for name, bases in above.items() if any(EXCEPTION_BASE.search(b) and b not in parents for b in bases)}
    families: defaultdict[str, set[str]] = defaultdict(set)
    for name in own:
        for root in above[name] | {name}:
            if root in own and not above[root] & own:
                families[root].add(name)
    return families


def is_general(fact: RaiseFact) -> bool:
    """Claim that a general built-in exception is raised, and not by a method that must."""
    is_special = last_name(fact.inside).startswith("__")
    return fact.raised in GENERAL or (fact.raised in LOOKED_UP and not is_special)
