"""
In which order this house takes its parameters. In: the facts of all files. Out: rules mined from them. Row G06.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any

from ..source import text_of
from .convention import Edit, Examples, HouseChoice, HouseConvention, Place
from .facts import FileFacts
from .view import parameter_name

LEAST_USES = 20
"""Functions that take both of two parameters before a rule about them is tried."""
LEAST_FILES = 3
LEAST_SHARE = 0.9
"""Of those functions, how many take them in one order before a rule about it is tried."""


class ParameterOrder(HouseConvention):
    """Which of two parameters stands first, for each pair that functions of the house have to be given together."""

    id = "G06"
    name = "parameter-order"
    question = "Which of {key} is taken first?"
    cap = "advise"  # what takes them otherwise works
    examples = Examples(
        value="session before user_id",
        key="session and user_id",
        rule={"key": "session and user_id", "first": "session", "second": "user_id"},
        conforms=(
            "def find(session, user_id): pass",
            "async def find(a, session: Session, b, user_id: int, c=3): pass",
            "class A:\n    @staticmethod\n    def find(session, user_id): pass",
        ),
        departs=(
            "def find(user_id, session): pass",
            "class A(ABC):\n    def find(self, user_id: int, b, session: Session, c=None): pass",
            "class A:\n    def __init__(\n        self,\n        user_id,\n        session,\n    ): pass",
        ),
        nearly=(
            "def find(user_id, session=None): pass",
            "def find(user_id, *, session): pass",
            "def find(user_id, *,  # by name\n    session): pass",
            "def find(user_id, *session): pass",
            "def find(user_id, *names, session): pass",
            "class A(B):\n    def find(self, user_id, session): pass",
            "class A:\n    def __set__(self, user_id, session): pass",
            "@listens_for(User)\ndef find(user_id, session): pass",
            "def visit_user(user_id, session): pass",
            "def find():\n    def inner(user_id, session): pass",
        ),
    )
    also = (
        Examples(
            value="session before user_id",
            key="session and user_id",
            rule={"key": "session and user_id", "first": "session", "second": "user_id"},
            path="tests/test_users.py",
            nearly=("def find(user_id, session): pass",),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose each two parameters that enough functions take, nearly all of them in one order."""
        taken = Counter(chain.from_iterable(found.names for facts in files.values() for found in facts.signatures))
        often = {name for name, count in taken.items() if count >= LEAST_USES}
        times: Counter[tuple[str, str]] = Counter()
        places: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for path, facts in files.items():
            for found in facts.signatures:
                for pair in combinations([name for name in found.names if name in often], 2):
                    times[pair] += 1
                    places[pair].add(path)
        return [
            {"key": " and ".join(sorted(pair)), "first": pair[0], "second": pair[1]}
            for pair, count in sorted(times.items())
            if count >= LEAST_USES
            and len(places[pair]) >= LEAST_FILES
            and count >= LEAST_SHARE * (count + times[pair[1], pair[0]])
        ]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield in which order each function takes the two, where the one that it takes first stands."""
        first, second = rule["first"], rule["second"]
        for found in facts.signatures:
            if first in found.names and second in found.names:
                places = sorted((found.names.index(name), name) for name in (first, second))
                (place, before), (_, after) = places
                start = found.starts[place]
                end = start + len(before.encode())
                yield HouseChoice(f"{before} before {after}", found.lines[place], start, end, found.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the two exchanged."""
        parameters = place.inside("parameters")
        nodes = {parameter_name(node): node for node in parameters.named_children} if parameters is not None else {}
        one, other = (nodes.get(place.rule[name]) for name in ("first", "second"))
        if one is None or other is None:
            return ()
        return Edit(one.start_byte, one.end_byte, text_of(other)), Edit(other.start_byte, other.end_byte, text_of(one))

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        before, _, after = found.partition(" before ")
        return f"`{before}` is taken before `{after}` here, after it in this codebase"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        first, _, second = value.partition(" before ")
        return f"Take `{first}` before `{second}`."
