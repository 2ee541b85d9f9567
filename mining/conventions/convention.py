"""
What a convention is. In: a node that a query found. Out: the choice made there.

A convention is one class in a family's file; the folder is scanned, so adding one touches that file alone. The class
says where the question can be asked (`query`), what the answer is (`choice`), which answers are never enforced
(`never`: absences and legacy forms), how a place is made to answer otherwise (`rewrite`: towards the house it is a fix,
away from it a planted slip), and shows code that conforms, departs and nearly departs: its tests and its page.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tree_sitter import Node, Point, Query

from ..errors import InputError, naming
from ..formatters import FORMATTERS
from ..languages import language_named, language_of, traits_of
from ..plugins import add_plugins
from ..source import Source, innermost
from ..traits import PROGRAM

if TYPE_CHECKING:  # they import this module
    from .anyview import AnyView
    from .facts import FileFacts
    from .view import FileView

NOT_NEUTRAL = frozenset({"python"})
"""Languages with a catalogue of their own."""
NEUTRAL_KEY = re.compile(r"(?P<language>[\w+#.-]+)(: (?P<topic>.+))?")
"""What a rule that every language has is called: the language, and mostly what is asked of it."""
VOWEL = re.compile(r"[aeio]|u(?!n[ai]|s)")
"""What opens a word that stands after `an`."""


def rule_id(convention: str, key: str) -> str:
    """Return what a rule is called in findings and settings: `S01`, or `I01[numpy]`."""
    return f"{convention}[{key}]" if key else convention


class Opportunity(NamedTuple):
    """
    A place where a question can be asked, and the choice found there.
    """

    convention: str
    key: str
    """What the question is about where one convention asks many: the imported module, the mined rule."""
    value: str
    line: int
    """From 1."""
    start: int
    """The token a finding points at, in bytes of the source."""
    end: int

    @property
    def rule(self) -> str:
        """The id of the rule that it is about."""
        return rule_id(self.convention, self.key)


class Part(NamedTuple):
    """
    A part of a token that a finding points at, such as a word of a comment: it stands where a node would.
    """

    type: str
    parent: Node
    """The token."""
    start_byte: int
    end_byte: int
    start_point: Point
    end_point: Point


class Choice(NamedTuple):
    """
    An answer: its value, the node a finding points at, and what it is about.
    """

    value: str
    mark: Node | Part
    key: str = ""


class Edit(NamedTuple):
    """
    A replacement in a source's bytes.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """
    An opportunity in its source: what a rewriting starts from.
    """

    source: Source
    start: int
    """The marked token, in bytes of the source."""
    end: int
    key: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """For a mined convention, the rule that is asked."""

    @property
    def node(self) -> Node:
        """The innermost node that covers the mark."""
        root = self.source.tree.root_node
        return root.descendant_for_byte_range(self.start, self.end) or root

    @property
    def text(self) -> str:
        """The marked text."""
        return self.source.utf8[self.start : self.end].decode("utf-8", "replace")

    @property
    def newline(self) -> str:
        """How the source ends its lines."""
        return "\r\n" if b"\r\n" in self.source.utf8 else "\n"

    def inside(self, *kinds: str) -> Node | None:
        """Return the innermost node of one of *kinds* that holds the mark, or None."""
        return innermost(self.node, kinds)

    def instead(self, text: str) -> tuple[Edit, ...]:
        """Return the edit that puts *text* in place of the mark."""
        return (Edit(self.start, self.end, text),)


def apply_edits(source: Source, edits: Iterable[Edit]) -> str:
    """Return the text of *source* with *edits* made."""
    data = source.utf8
    for edit in sorted(edits, reverse=True):
        data = data[: edit.start] + edit.text.encode("utf-8") + data[edit.end :]
    return data.decode("utf-8")


@dataclass(frozen=True, slots=True)
class Examples:
    """
    Code that answers with *value*, code that answers otherwise, and code that looks as if it did and does not.
    """

    value: str
    conforms: tuple[str, ...] = ()
    departs: tuple[str, ...] = ()
    nearly: tuple[str, ...] = ()
    key: str = ""
    path: str = "package/module.py"
    """Where the code stands, and by that the language it is in."""
    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """For a mined convention, the rule that is asked."""

    @property
    def language(self) -> str:
        """The name of the language that the code is in; nothing where no grammar reads it."""
        found = language_of(self.path)
        return found.name if found is not None else ""


class Convention:
    """
    One question asked of code.
    """

    id: ClassVar[str] = ""
    """The catalogue's row, such as `N01`."""
    name: ClassVar[str] = ""
    """What is observed: `function-case`."""
    question: ClassVar[str] = ""
    """The question in words; `{key}` stands for what it is about."""
    instruction: ClassVar[str] = ""
    """The rule as an instruction, where one sentence says it of any `{value}` and `{key}`; else `advice` does."""
    fault: ClassVar[str] = ""
    """What is said of a departure, where one sentence says it: `{found}`, `{wanted}`, `{key}`; else `message` does."""
    query: ClassVar[str] = ""
    """One or more tree-sitter patterns; the node that is asked carries the capture `@site`."""
    callees: ClassVar[frozenset[str]] = frozenset()
    """For a query of calls: the last names of the functions whose calls are asked; empty for all calls."""
    needs: ClassVar[tuple[bytes, ...]] = ()
    """A file that holds none of these is not asked; empty for files that always are."""
    languages: ClassVar[tuple[str, ...]] = ("python",)
    never: ClassVar[frozenset[str]] = frozenset()
    """Values that are learned and never enforced: absences, and forms the language has left behind."""
    defaults: ClassVar[frozenset[str]] = frozenset()
    """Values that count against the others and are no habit themselves: where one prevails, nothing is learned."""
    cap: ClassVar[str] = "gate"
    """The highest tier a finding may have."""
    advised: ClassVar[frozenset[str]] = frozenset()
    """Values that are advised at most: what departs from them works where somebody set it up to."""
    is_fact: ClassVar[bool] = False
    """Whether what it finds is wrong whatever the house does: nothing is learned, and there is nothing to enforce."""
    is_in_line: ClassVar[bool] = True
    """Whether a line that conforms shows so by itself, without its margin; else its place alone is an example."""
    least_support: ClassVar[float] = 20.0
    """The weighted opportunities a rule needs."""
    least_files: ClassVar[int] = 3
    file_weight: ClassVar[float] = 10.0
    """Effective opportunities that one file counts for at most, so that no file makes a rule by itself."""
    bounds: ClassVar[tuple[tuple[str, float], ...]] = (("gate", 0.98), ("advise", 0.95), ("hint", 0.90))
    """The least bound of each tier, from the strictest. Lower only where other evidence than counts stands behind."""
    null_share: ClassVar[float] = 0.9
    """For a mined convention, the share of agreement that is to be expected without a rule."""
    is_local: ClassVar[bool] = True
    """Whether the answer depends on the marked lines alone; else a diff needs two runs."""
    is_fixable: ClassVar[bool] = False
    """Whether a rewriting towards the house's answer is safe: what the code does stays as it was."""
    values: ClassVar[tuple[str, ...]] = ()
    """The answers that there are, as far as `rewrite` knows; empty where they are open-ended."""
    is_neutral: ClassVar[bool] = False
    """Whether it is asked of every language that has no catalogue of its own."""
    spared: ClassVar[frozenset[str]] = frozenset()
    """Traits of languages that are not asked then: the answer would be their syntax, or mean nothing."""
    is_scoped: ClassVar[bool] = True
    """Whether a folder or a role may keep a rule that the repository does not keep."""
    is_mined: ClassVar[bool] = False
    """Whether many candidate rules are tried: then those that reach a bound must pass Benjamini–Hochberg."""
    linter_codes: ClassVar[frozenset[str]] = frozenset()
    """
    Under which codes linters report the same, or what the names of their rules hold: where a comment silences one of
    them, nothing is asked.
    """
    is_of_shapes: ClassVar[bool] = False
    """Whether it is about the keys of blocks: what data is made of, and the least of what is to be said of programs."""
    matter: ClassVar[str] = ""
    """
    What it asks about, one of `mining.formatters.MATTERS`, where formatters decide that: where one is configured, the
    rule is learned for scoring and raises nothing.
    """
    roles: ClassVar[frozenset[str]] = frozenset({"src", "tests", "scripts", "docs"})
    """The roles of files that are asked."""
    version: ClassVar[int] = 1
    """Raised when the answers change: profiles name it."""
    examples: ClassVar[Examples]
    also: ClassVar[tuple[Examples, ...]] = ()
    """Examples of the other keys, where one convention asks several things."""

    # asked for every rule of every file
    @cached_property
    def owners(self) -> list[str]:
        """The formatters that decide its matter, of the languages that are asked."""
        return sorted(
            name
            for name, formatter in FORMATTERS.items()
            if self.matter in formatter.decides and any(map(self.is_of, formatter.languages))
        )

    def is_of(self, language: str) -> bool:
        """Claim that code in *language* is asked."""
        if not self.is_neutral:
            return language in self.languages
        return language not in NOT_NEUTRAL and self.spared.isdisjoint(traits_of(language))

    @property
    def answers(self) -> frozenset[str]:
        """The answers that code may be held to; none where they are open-ended."""
        if not self.values:
            return frozenset()
        return self.never | {*self.values, *(shown.value for shown in (self.examples, *self.also))}

    def answers_to(self, key: str) -> frozenset[str]:
        """Return those `answers` that code may be held to where the question is about *key*."""
        return self.answers

    @property
    def keys(self) -> frozenset[str] | None:
        """
        What its rules can be about, none where it asks one thing; None where code says: a key comes and goes.

        A question of Python whose rules are not mined has an example of each.
        """
        if self.is_neutral or self.is_mined:
            return None
        return frozenset(shown.key for shown in (self.examples, *self.also) if shown.key)

    def is_asked(self, file: FileView) -> bool:
        """Claim that *file* is one that the question is for."""
        return file.role in self.roles and (not self.needs or any(word in file.utf8 for word in self.needs))

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Return the answers at *site*; by default the one `choice`, marked by `mark`."""
        value = self.choice(site, file)
        return () if value is None else (Choice(value, self.mark(site, file)),)

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return the answer at *site*, or None when the question does not arise."""
        raise NotImplementedError

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the node that a finding points at: one token, for annotations take one line."""
        return site.child_by_field_name("name") or site

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction, for the guide."""
        return (self.instruction or f"{self.question} {{value}}.").format(value=value, key=key)

    def implied_by(self, key: str) -> str | None:
        """Return the key whose rule, where there is one, says all that the rule of *key* says; None where none does."""
        return None

    def is_advised(self, value: str, key: str) -> bool:
        """Claim that a rule is advised at most: what departs from it works, or tells of what one program needs."""
        return value in self.advised or (self.is_of_shapes and PROGRAM in traits_of(key.partition(": ")[0]))

    def is_of_project(self, key: str) -> bool:
        """Claim that each of several projects in a repository decides for itself: none is held to what others do."""
        return False

    def settled(self, keys: Iterable[str], paths: Sequence[str]) -> Iterable[str]:
        """Yield those of *keys* of which code in a repository of files at *paths* has no choice."""
        return ()

    def is_habit(self, rule: Mapping[str, Any]) -> bool:
        """Claim that people keep the rule, so that a guide says it; for a mined convention *rule* is what is asked."""
        return True

    def goes_without_saying(self, language: str, departures: int, value: str, topic: str) -> bool:
        """Claim that a guide need not say that *value* is kept in *topic* of *language*, with so many *departures*."""
        return False

    def shared(self, value: str, key: str) -> str:
        """Return what a rule has in common with others that one sentence can say; nothing where it is said alone."""
        return ""

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return several rules as one instruction: the value and the key of each, of which all have `shared`."""
        raise NotImplementedError

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is to be done at a place that answers *found* where the house answers *wanted*, and what is."""
        if self.fault:
            return self.fault.format(found=found, wanted=wanted, key=key)
        return f"{self.advice(wanted, key).rstrip('.')} (here: {found})"

    def suits(self, found: str, wanted: str) -> bool:
        """Claim that nobody shall be asked to answer *wanted* where the answer *found* stands."""
        return found == wanted

    def topic(self, key: str) -> str:
        """Return what *key* is about: keys of questions for every language open with the language."""
        return key.partition(": ")[2] if self.is_neutral else key

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the smallest edits after which *place* answers *value*; none when no such rewriting is known."""
        return ()

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return edits after which *place*, which answers *value*, departs from it: a planted mistake that parses."""
        attempts = (self.rewrite(place, other) for other in self.values if other != value)
        return next((edits for edits in attempts if edits), ())


class NeutralConvention(Convention):
    """
    A question for every language that has a grammar: it sees the whole file at once and knows no node by name.
    """

    languages = ()
    is_neutral = True
    asked: ClassVar[Set[str]] = frozenset()
    """The languages whose files alone are asked; empty for all."""

    def is_asked_any(self, file: AnyView) -> bool:
        """Claim that *file* is one that the question is for."""
        is_known = not self.asked or file.source.language.name in self.asked
        is_needed = not self.needs or any(word in file.utf8 for word in self.needs)
        is_spared = not self.spared.isdisjoint(file.source.language.traits)
        return is_known and is_needed and not is_spared and file.role in self.roles

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Return the answers of *file*."""
        raise NotImplementedError


class HouseConvention(Convention):
    """
    A question whose rules are mined from the whole repository, such as "which decorator does such a function carry?".

    `find_rules` sees every file's facts and proposes rules, plain JSON objects with a `key`; `ask` answers one rule
    from one file's facts. Tallying and judging both go through `ask`.
    """

    is_mined = True

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Return the candidate rules of a repository, each with a `key`."""
        raise NotImplementedError

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield the answers of one file to one rule."""
        raise NotImplementedError

    def widen(self, rule: Mapping[str, Any], derived: Mapping[str, Iterable[str]]) -> Mapping[str, Any]:
        """Return *rule* for a change whose files *derived* classes, by the last name of their base."""
        return rule


class NeutralHouseConvention(HouseConvention):
    """
    A mined question for every language that has a grammar: it asks the facts that `anyfacts` gathers.

    A rule names its `language`; its `key` opens with it.
    """

    languages = ()
    is_neutral = True

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Return the candidate rules of each language apart."""
        by_language: dict[str, list[FileFacts]] = {}
        for _, facts in sorted(files.items()):
            if facts.role in self.roles:
                by_language.setdefault(facts.language, []).append(facts)
        return [
            {**rule, "key": f"{language}: {rule['key']}", "language": language}
            for language, found in sorted(by_language.items())
            if self.is_of(language)
            for rule in self.propose(found)
        ]

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """Yield the candidate rules of the files of one language, each with its topic as `key`."""
        raise NotImplementedError

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield the answers of one file, if it is of the rule's language and one that is asked."""
        is_asked = facts.language == rule["language"] and facts.role in self.roles
        return self.answer(facts, rule) if is_asked else iter(())

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield the answers of one file of the rule's language."""
        raise NotImplementedError


class HouseChoice(NamedTuple):
    """
    An answer found in facts: the value, where it stands, and the line's text, empty where it does not show the answer.
    """

    value: str
    line: int
    start: int
    end: int
    text: str


@cache
def collect_conventions() -> tuple[Convention, ...]:
    """Return one object of every convention in this folder, and of installed plug-ins, in order of id."""
    package = __name__.rpartition(".")[0]
    found: dict[str, type[Convention]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        with naming(f"conventions/{module.name}.py"):
            add_classes(found, vars(importlib.import_module(f"{package}.{module.name}")).values())
    add_plugins(found, "conventions", read_convention, lambda convention: convention.id)
    return tuple(found[name]() for name in sorted(found))


def read_convention(plugged: Any) -> type[Convention]:
    """
    Return the class of convention that a plug-in brings.

    Raises `InputError` when it is none, or lacks what is asked of each; what its query or its making raises passes.
    """
    if not (isinstance(plugged, type) and issubclass(plugged, Convention)):
        raise InputError(f"it is {name_of(plugged)}, and no class of Convention")
    if missing := [member for member in ("id", "name", "question", "examples") if not getattr(plugged, member, None)]:
        raise InputError(f"its convention has no {' and no '.join(missing)}")
    plugged()
    if plugged.query:
        Query(language_named("python").grammar, plugged.query)
    return plugged


def name_of(plugged: Any) -> str:
    """Return how a sentence speaks of what a plug-in brings: the name of a class, or the type of an object."""
    return f"the class {plugged.__name__}" if isinstance(plugged, type) else f"of type {type(plugged).__name__}"


def add_classes(found: dict[str, type[Convention]], values: Iterable[object]) -> None:
    """
    Add the conventions among *values* to *found*, each under its id.

    Raises `InputError` when that is the id of another.
    """
    for value in values:
        if isinstance(value, type) and issubclass(value, Convention) and value.id:
            other = found.setdefault(value.id, value)
            if other is not value:
                raise InputError(f"{value.__name__} has the id {value.id!r}, which is that of {other.__name__}.")


@cache
def conventions_by_id() -> dict[str, Convention]:
    """Return the conventions under their ids."""
    return {convention.id: convention for convention in collect_conventions()}


def is_rule(name: str) -> bool:
    """Claim that a rule may be called *name*: the id of a convention, alone or with one of its keys: `I01[numpy]`."""
    row, opening, key = name.partition("[")
    convention = conventions_by_id().get(row)
    if convention is None or not opening:
        return convention is not None
    if not key.endswith("]"):
        return False
    if convention.keys is not None:
        return key[:-1] in convention.keys
    return not convention.is_neutral or is_neutral_key(key[:-1], convention)


def is_neutral_key(key: str, convention: Convention) -> bool:
    """Claim that *key* names a language that *convention* may be asked of, and a topic where its keys have one."""
    named = NEUTRAL_KEY.fullmatch(key)
    if named is None or named["language"] in NOT_NEUTRAL:
        return False
    return bool(named["topic"]) == bool(convention.examples.key)


@cache
def noun_of(kind: str) -> str:
    """Return how a sentence speaks of nodes of *kind*: in words, with an article unless it speaks of several."""
    words = kind.strip("_").replace("_", " ")
    if words.endswith("s") and not words.endswith("ss"):
        return words
    return f"an {words}" if VOWEL.match(words) else f"a {words}"
