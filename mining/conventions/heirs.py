"""
What heirs of the house's classes are called. In: the facts of all files. Out: rules mined from them. Row A12.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from .convention import Edit, Examples, HouseChoice, HouseConvention, Place
from .facts import ClassFact, FileFacts, last_name
from .inhouse_definitions import LEAST_SHARE, LEAST_USES, NO_BASES, UNFINISHED, governed_classes, last_word, library_of
from .naming import EXCEPTION_BASE

ROUGH = re.compile(r"^(?:Base|Abstract)(?=[A-Z])|(?<=[a-z0-9])(?:Base|ABC)$")
"""What a base's name says beside what its heirs are."""
NO_KIND = re.compile(r"Mix[Ii]n$|^Test|Tests?$|TestCase$")
"""What lends its heirs something and is not what they are, and what tests derive from, whose names a runner reads."""
NUMBERED = re.compile(r"(?:_?[Vv]?\d+|_+)$")
"""What tells one version of a class from another, or it from another name, behind its own."""
LEAST_LETTERS = 3
"""Of an ending that is one: two letters end names by chance."""


ASKS = {"key": "derived from Ask", "suffix": "Ask", "bases": ["Ask"], "tops": ["halyard"], "homes": ["halyard.asks"]}
"""The rule of the examples."""


class HeirNames(HouseConvention):
    """Whether what derives from a class of the house ends in that class's last word."""

    id = "A12"
    name = "heir-names"
    question = "What is a class {key} called?"
    fault = "a class {key} is {wanted} in this codebase"
    cap = "advise"  # what is called otherwise works
    never = frozenset({"otherwise"})
    version = 2
    examples = Examples(
        value="named …Ask",
        key="derived from Ask",
        rule={**ASKS, "bases": ["Ask", "BerthAsk"]},
        conforms=(
            "from halyard.asks import Ask\n\nclass LaneAsk(Ask): pass",
            "from halyard import asks\n\nclass OpenBerthAsk(LogMixin, asks.BerthAsk): pass",
            "from halyard.asks import Ask\n\nclass LaneAskV2(Ask): pass",
            "from halyard.asks import Ask\n\nclass Laneask(Ask): pass",
            "from halyard.asks import Ask\n\nclass LaneAsk_(Ask): pass",
        ),
        departs=(
            "from halyard.asks import Ask\n\nclass Lane(Ask): pass",
            "from halyard.asks import Ask\n\nclass AskForLane(Ask): pass",
            "from halyard.asks import BerthAsk\n\nclass Lane(BerthAsk): pass",
        ),
        nearly=(
            "from other import Ask\n\nclass Lane(Ask): pass",
            "from halyard.asks import Ask\n\nclass _Lane(Ask): pass",
            "from halyard.asks import Ask\n\nclass BaseLane(Ask): pass",
            "from halyard.asks import Ask\n\nclass LaneMixin(Ask): pass",
            "from halyard.asks import Ask\nfrom halyard.deck import Deck\n\nclass Lane(Deck, Ask): pass",
            "from halyard.asks import Ask\n\ndef f():\n    class Lane(Ask): pass",
            # another that is called so
            "class Ask: pass\n\nclass Lane(Ask): pass",
            "from halyard.asks import *\n\nclass Lane(Ask): pass",
            # what it says is theirs
            "from halyard.asks import Ask\n\nclass Lane(Other): pass\n\nclass LongLane(Lane): pass",
        ),
    )
    also = (
        Examples(
            value="named …Ask",
            key="derived from Ask",
            rule=ASKS,
            path="tests/test_asks.py",
            nearly=("from halyard.asks import Ask\n\nclass Lane(Ask): pass",),
        ),
        Examples(
            value="named …Ask",
            key="derived from Ask",
            rule=ASKS,
            path="halyard/asks.py",
            conforms=("class Ask: pass\n\nclass LaneAsk(Ask): pass",),
            departs=("class Ask: pass\n\nclass Lane(Ask): pass",),
            nearly=("class Call: pass\n\nclass Lane(Call): pass",),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose the bases of the house nearly all of whose heirs end in the base's last word, the widest of each."""
        repeated, tops = repeated_names(files), {top_of(facts) for facts in files.values()}
        heirs: defaultdict[str, list[str]] = defaultdict(list)
        homes: defaultdict[str, set[str]] = defaultdict(set)
        for facts in files.values():
            own = symbols_of(facts)
            for fact in governed_classes(facts):
                base = base_of(fact, tops)
                name, is_followed = last_name(base), bool(library_of(base)) or base in own
                if is_followed and name not in repeated and not UNFINISHED.search(fact.symbol):
                    heirs[name].append(fact.symbol)
                    homes[name].add(library_of(base) or top_of(facts))
        found: dict[str, tuple[str, Set[str]]] = {}
        for base in heirs:
            suffix = suffix_of(base)
            family = {base, *named_heirs({base}, suffix, heirs)} if suffix else set[str]()
            asked = [heir for name in family for heir in heirs.get(name, ())]
            kept = sum(ends_in(suffix, heir) for heir in asked)
            if len(asked) >= LEAST_USES and kept >= LEAST_SHARE * len(asked):
                found[base] = suffix, family
        widest = {
            base: row
            for base, row in found.items()
            if not any(base in family for other, (_, family) in found.items() if other != base)
        }
        return [
            {
                "key": f"derived from {base}",
                "suffix": suffix,
                "bases": sorted(family),
                "tops": sorted(set[str]().union(*(homes[name] for name in family if name in homes))),
                "homes": sorted({facts.module for facts in files.values() if not family.isdisjoint(symbols_of(facts))}),
            }
            for base, (suffix, family) in sorted(widest.items())
        ]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each heir ends in the word; one of an heir that does not is called after that one."""
        bases, tops, suffix = set(rule["bases"]), set(rule["tops"]), rule["suffix"]
        # another file's own class may have the name of one of them
        own = symbols_of(facts) & bases if facts.module in rule["homes"] else set[str]()
        for fact in governed_classes(facts):
            base = base_of(fact, tops)
            is_heir = last_name(base) in bases if library_of(base) else base in own
            if not is_heir or fact.symbol == suffix or UNFINISHED.search(fact.symbol):
                continue
            is_named = ends_in(suffix, fact.symbol)
            own.update([fact.symbol] if is_named else ())
            value = f"named …{suffix}" if is_named else "otherwise"
            yield HouseChoice(value, fact.line, fact.start, fact.end, fact.text)

    def widen(self, rule: Mapping[str, Any], derived: Mapping[str, Iterable[str]]) -> Mapping[str, Any]:
        """Return *rule* with the heirs among its bases that came with a change."""
        came = named_heirs(rule["bases"], rule["suffix"], derived)
        return {**rule, "bases": sorted(came.union(rule["bases"]))} if came else rule

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the word taken away from the name."""
        bare = place.text.removesuffix(place.rule["suffix"])
        return place.instead(bare) if bare not in ("", place.text) else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Name a class {key} `{value.removeprefix('named ')}`."


def repeated_names(files: Mapping[str, FileFacts]) -> set[str]:
    """Return the names that several classes of the sources have: by them nobody can tell which is meant."""
    sources = (facts for facts in files.values() if facts.role == "src")
    times = Counter(fact.symbol for facts in sources for fact in facts.classes)
    return {name for name, count in times.items() if count > 1}


def symbols_of(facts: FileFacts) -> set[str]:
    """Return the names of the classes that a file defines."""
    return {fact.symbol for fact in facts.classes}


def top_of(facts: FileFacts) -> str:
    """Return the top-level package that a file is in."""
    return facts.module.partition(".")[0]


def base_of(fact: ClassFact, tops: Set[str]) -> str:
    """
    Return the one base that a class has beside mixins, resolved; nothing where it has several.

    Nor where the base is of no package among *tops*: another's class may have the name of one of the house's.
    """
    bases = [base for base in fact.bases if last_name(base) not in NO_BASES and not NO_KIND.search(base)]
    return bases[0] if len(bases) == 1 and library_of(bases[0]) in tops | {""} else ""


def suffix_of(base: str) -> str:
    """Return the last word of a base's name, beside what says that it is one; nothing where none tells of heirs."""
    if base.startswith("_") or NO_KIND.search(base) or EXCEPTION_BASE.search(base):
        return ""
    kind = ROUGH.sub("", base)
    word = last_word(kind) or kind
    return word if len(word) >= LEAST_LETTERS and word[:1].isupper() and not UNFINISHED.search(word) else ""


def ends_in(suffix: str, name: str) -> bool:
    """Claim that a class's *name* ends in *suffix*, in whatever case, but for the number of its version."""
    return NUMBERED.sub("", name).lower().endswith(suffix.lower())


def named_heirs(bases: Iterable[str], suffix: str, heirs: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the *heirs* of *bases*, and of each other, that end in *suffix*."""
    found: set[str] = set()
    waiting = list(bases)
    while waiting:
        came = {heir for heir in heirs.get(waiting.pop(), ()) if heir not in found and ends_in(suffix, heir)}
        found |= came
        waiting += came
    return found
