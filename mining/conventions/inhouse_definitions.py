"""
What the house's definitions carry. In: the facts of all files. Out: rules mined from them. Rows A02, A03, E01.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from ..source import field_of
from .convention import Edit, Examples, HouseChoice, HouseConvention, Place
from .facts import ClassFact, FileFacts, FunctionFact, last_name
from .implications import reachable
from .naming import EXCEPTION_BASE
from .view import decorator_name, statement_edit

UNFINISHED = re.compile(r"^(Base|Abstract)(?![a-z])|(Base|Mixin)$")
"""What a class is called that others are to derive from."""
COMMON = frozenset("property staticmethod classmethod overload override abstractmethod wraps contextmanager".split())  # noqa: SIM905
GENERIC = frozenset({"attr", "attrs", "typing_extensions"}) | sys.stdlib_module_names
"""Libraries whose decorators of classes say how a class is made, not what kind of thing of the house it is."""
BUILT_IN = frozenset(vars(builtins))
DERIVED = "derived from "
"""What the key of a rule about classes opens with."""
LEAST_USES = 20
"""Definitions that carry a decorator before a rule about it is tried."""
LEAST_FILES = 5
LEAST_SHARE = 0.9
"""Of the classes of a group, how many have a base or a decorator before a rule about it is tried."""
DATA = frozenset({"Enum", "Flag", "IntEnum", "IntFlag", "NamedTuple", "Protocol", "StrEnum", "TypedDict"})
"""Bases of what describes data, or another class: it stands beside those that use it."""
NO_BASES = frozenset({"object", "?", "ABC", "Generic", "Protocol"})


class RequiredBase(HouseConvention):
    """Which base the classes of one folder, or with one last word in their name, have."""

    id = "A03"
    name = "required-base"
    question = "Does a class {key} have the house's base?"
    fault = "a class {key} {wanted} in this codebase"
    version = 5
    never = frozenset({"without"})
    examples = Examples(
        value="has the base Command",
        key="in app/commands",
        path="app/commands/add.py",
        rule={"key": "in app/commands", "folder": "app/commands", "suffix": "", "base": "Command", "family": []},
        conforms=("class Add(Command): pass", "class Add(Mixin, core.Command): pass"),
        departs=("class Add: pass", "class Add(Other): pass"),
        nearly=(
            "class _Add: pass",
            "class Error(Exception): pass",
            "def f():\n    class Add: pass",
            "class Adding(Command): pass\n\nclass Add(Adding): pass",
            "class Options(TypedDict):\n    size: int",
        ),
    )
    also = (
        Examples(
            value="has the base Check",
            key="named …Check",
            rule={"key": "named …Check", "folder": "", "suffix": "Check", "base": "Check", "family": ["Slow"]},
            conforms=("class StyleCheck(Check): pass", "class StyleCheck(Slow): pass"),
            departs=("class StyleCheck: pass",),
            nearly=("class Checks: pass", "class Check: pass", "class StyleCheck(NewCheck): pass"),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose, for each folder and each last word of a name, the base that nearly all classes have."""
        parents = parents_in(files)
        groups: defaultdict[tuple[str, str], list[tuple[str, set[str]]]] = defaultdict(list)
        for facts in files.values():
            for fact in governed_classes(facts):
                have = {
                    base for name in fact.bases for base in ({last_name(name)} | reachable(last_name(name), parents))
                }
                groups[folder_of(facts.path), ""].append((fact.symbol, have))
                if last_word(fact.symbol):
                    groups["", last_word(fact.symbol)].append((fact.symbol, have - {fact.symbol}))
        rules: list[dict[str, Any]] = []
        for (folder, suffix), found in sorted(groups.items()):
            base, above, share = likeliest_base(found, parents) if len(found) >= LEAST_USES else ("", [], 0.0)
            if share >= LEAST_SHARE and not EXCEPTION_BASE.search(base):
                family = sorted(name for name in parents if base in reachable(name, parents))
                about = {"key": f"in {folder}" if folder else f"named …{suffix}", "folder": folder, "suffix": suffix}
                rules.append({**about, "base": base, "above": above, "family": family})
        return rules

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each class of the folder, or with the last word, has the base."""
        if rule["folder"] and folder_of(facts.path) != rule["folder"]:
            return
        wanted = {rule["base"], *rule["family"]}
        # a base that came with the class is not of the family yet
        wanted |= heirs(facts, wanted)
        # rules written before bases were noted that cannot have it
        spared = {rule["base"], *rule.get("above", ())}
        for fact in governed_classes(facts):
            if fact.symbol in spared or (rule["suffix"] and last_word(fact.symbol) != rule["suffix"]):
                continue
            bases = {last_name(base) for base in fact.bases}
            if wanted & bases:
                yield HouseChoice(f"has the base {rule['base']}", fact.line, fact.start, fact.end, fact.text)
            elif rule["folder"] and bases & DATA:
                continue
            # one that came with it is asked itself
            elif not rule["suffix"] or rule["suffix"] not in map(last_word, bases):
                yield HouseChoice("without", fact.line, fact.start, fact.end, fact.text)

    def widen(self, rule: Mapping[str, Any], derived: Mapping[str, Iterable[str]]) -> Mapping[str, Any]:
        """Return *rule* with the classes in its family that came with a change."""
        came = {heir for name in (rule["base"], *rule["family"]) for heir in reachable(name, derived)}
        return {**rule, "family": sorted(came.union(rule["family"]) - {rule["base"]})} if came else rule

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the bases taken out."""
        bases = field_of(place.inside("class_definition"), "superclasses")
        return (Edit(bases.start_byte, bases.end_byte, ""),) if bases is not None else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Derive a class {key} from `{value.removeprefix('has the base ')}`."


class RequiredDecorator(HouseConvention):
    """
    Which decorator definitions of one kind carry: public functions by their first parameter, classes by their base.
    """

    id = "A02"
    name = "required-decorator"
    question = "Does a definition of one kind (`{key}`) carry the house's decorator?"
    version = 2
    never = frozenset({"without"})
    examples = Examples(
        value="with @register",
        key="request",
        rule={"key": "request", "first": "request", "decorator": "register"},
        conforms=("@register\ndef show(request): pass", "@register(name='a')\ndef show(request, b): pass"),
        departs=("def show(request): pass",),
        nearly=("def _show(request): pass", "def show(reply): pass"),
    )
    also = (
        Examples(
            value="with @job",
            key="derived from Job",
            rule={"key": "derived from Job", "bases": ["Job", "SlowJob"], "decorator": "job"},
            conforms=(
                "from brass import Job, job\n\n@job('a', queue='b')\nclass Add(Job): pass",
                "from brass import jobs\n\n@jobs.job\n@final\nclass Add(Mixin, jobs.SlowJob): pass",
            ),
            departs=("class Add(Job): pass", "@other\nclass Add(SlowJob): pass"),
            nearly=(
                "class SlowJob(Job): pass",
                "class QuickJob(Job): pass\n\n@job\nclass Add(QuickJob, Job): pass",
                "class _Add(Job): pass",
                "class BaseAdd(Job): pass",
                "class Add(Job, ABC): pass",
                "class Add(Job):\n    @abstractmethod\n    def run(self): pass",
                "class Add(Other): pass",
                "def test():\n    class Add(Job): pass",
            ),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose each decorator for the shape of function that it is mostly put on, and for classes of one base."""
        uses: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        counts: Counter[tuple[str, str]] = Counter()
        for path, facts in files.items():
            for function in governed(facts):
                for name in {last_name(decorator) for decorator in function.decorators} - COMMON:
                    uses[function.first, name].add(path)
                    counts[function.first, name] += 1
        best: dict[str, tuple[int, str]] = {}
        for (first, name), count in sorted(counts.items()):
            if count >= LEAST_USES and len(uses[first, name]) >= LEAST_FILES:
                best[first] = max(best.get(first, (0, "")), (count, name))
        rules = [{"key": first, "first": first, "decorator": name} for first, (_, name) in sorted(best.items())]
        return [*rules, *class_rules(files)]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each function of the shape, or each class that derives from the base, carries the decorator."""
        for fact, text in self.asked(facts, rule):
            carries = rule["decorator"] in {last_name(decorator) for decorator in fact.decorators}
            value = f"with @{rule['decorator']}" if carries else "without"
            yield HouseChoice(value, fact.line, fact.start, fact.end, text)

    def asked(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[tuple[FunctionFact | ClassFact, str]]:
        """Yield what a rule is about, each with the line that shows its decorator."""
        if "bases" not in rule:
            yield from ((function, function.text) for function in governed(facts) if function.first == rule["first"])
            return
        bases = set(rule["bases"])
        for fact in finished_classes(facts):
            if fact.symbol not in bases and bases & set(map(last_name, fact.bases)):
                yield fact, fact.opening

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the decorator taken out."""
        wrapper = place.inside("decorated_definition")
        for node in wrapper.children if wrapper is not None else ():
            if node.type == "decorator" and last_name(decorator_name(node)) == place.rule["decorator"]:
                return (statement_edit(node),)
        return ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        _, is_class, base = key.partition(DERIVED)
        what = f"class that derives from `{base}`" if is_class else f"public function that takes `{key}` first"
        return f"Write every {what} {value}."


class ExceptionRoot(HouseConvention):
    """Which root the exceptions of the package derive from."""

    id = "E01"
    name = "exception-root"
    question = "Does an exception class derive from `{key}`?"
    instruction = "Derive every exception class from {key}."
    never = frozenset({"another root"})
    least_support = 8.0
    least_files = 1
    file_weight = 1_000.0  # a package keeps its exceptions in one file by design
    is_local = False
    examples = Examples(
        value="derives from ShopError",
        key="ShopError",
        rule={"key": "ShopError", "family": ["ShopError", "StockError"]},
        conforms=("class PriceError(ShopError): pass", "class GoneError(StockError): pass"),
        departs=("class PriceError(ValueError): pass",),
        nearly=("class Price(Base): pass",),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose the class of the package that most of its exception classes descend from."""
        parents = parents_in({path: facts for path, facts in files.items() if facts.role == "src"})
        families: defaultdict[str, set[str]] = defaultdict(set)
        for name in parents:
            for root in reachable(name, parents):
                families[root].add(name)
        own = {root: names for root, names in families.items() if root in parents and is_exception(root, parents)}
        if not own:
            return []
        root = max(sorted(own), key=lambda name: len(own[name]))
        return [{"key": root, "family": sorted({root, *own[root]})}] if len(own[root]) >= 3 else []

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each exception class of the package descends from the root."""
        family = set(rule["family"])
        for fact in facts.classes:
            bases = {last_name(base) for base in fact.bases}
            is_one = bool(bases & family) or any(EXCEPTION_BASE.search(base) for base in bases)
            if fact.symbol == rule["key"] or facts.role != "src" or not is_one:
                continue
            value = f"derives from {rule['key']}" if bases & family else "another root"
            yield HouseChoice(value, fact.line, fact.start, fact.end, fact.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return a built-in exception in place of the base."""
        bases = field_of(place.inside("class_definition"), "superclasses")
        return (Edit(bases.start_byte, bases.end_byte, "(ValueError)"),) if bases is not None else ()


def likeliest_base(
    classes: Sequence[tuple[str, set[str]]], parents: Mapping[str, Sequence[str]]
) -> tuple[str, list[str], float]:
    """
    Return the base that the largest share of *classes*, each with all it descends from, has; its own bases; that share.

    The base itself and what is above it cannot have it. Of bases with equal shares, the one that descends from the
    others says the most. Nothing where too few classes are left.
    """
    names = [name for name, _ in classes]
    counts = Counter(base for _, have in classes for base in have - NO_BASES)
    found: list[tuple[float, int, str, list[str]]] = [(0.0, 0, "", [])]
    for base, count in counts.items():
        above = reachable(base, parents)
        asked = sum(name != base and name not in above for name in names)
        if asked >= LEAST_USES:
            found.append((-count / asked, -len(above), base, sorted(above)))
    share, _, base, above = min(found)
    return base, above, -share


def class_rules(files: Mapping[str, FileFacts]) -> Iterator[dict[str, Any]]:
    """Yield a rule for each base nearly all of whose classes carry one decorator; bases in between do not count."""
    # what only tests derive from is not made for it
    sources = {path: facts for path, facts in files.items() if facts.role == "src"}
    parents = parents_in(files)
    extended = {base for bases in parents_in(sources).values() for base in bases}
    bases = {base for facts in sources.values() for fact in facts.classes for base in fact.bases}
    plain = {last_name(base) for base in bases if library_of(base) in GENERIC or base in BUILT_IN} - set(parents)
    groups: defaultdict[str, dict[tuple[str, str], set[str]]] = defaultdict(dict)
    for path, facts in sources.items():
        for fact in finished_classes(facts):
            if fact.symbol not in extended:
                carried = {last_name(name) for name in fact.decorators if library_of(name) not in GENERIC}
                for base in reachable(fact.symbol, parents) - NO_BASES - plain:
                    groups[base][path, fact.symbol] = carried - {"dataclass"}
    for base, decorator in decorated_bases(groups, parents):
        between = (name for name in extended if base in reachable(name, parents))
        yield {"key": f"{DERIVED}{base}", "bases": sorted({base, *between}), "decorator": decorator}


def decorated_bases(
    groups: Mapping[str, Mapping[tuple[str, str], set[str]]], parents: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """
    Yield the bases nearly all of whose classes carry one decorator, with it; *groups* hold what each class carries.

    Of those that share their classes, the one is named of which the largest share carries it, or, where that is equal,
    which descends from the others; a wider one is named in its place where it speaks of enough other classes.
    """
    rows: list[tuple[float, int, str, str, set[tuple[str, str]]]] = []
    for base, found in groups.items():
        counts = Counter(name for carried in found.values() for name in carried)
        decorator = min(counts, key=lambda name: (-counts[name], name), default="")
        carriers = {place for place, carried in found.items() if decorator in carried}
        if (
            len(carriers) >= max(LEAST_USES, LEAST_SHARE * len(found))
            and len({path for path, _ in carriers}) >= LEAST_FILES
        ):
            rows.append((-len(carriers) / len(found), -len(reachable(base, parents)), base, decorator, carriers))
    named: dict[str, tuple[str, set[tuple[str, str]]]] = {}
    for _, _, base, decorator, carriers in sorted(rows, key=lambda row: row[:3]):
        others = {name: places for name, (worn, places) in named.items() if worn == decorator}
        if len(carriers.difference(*others.values())) >= LEAST_USES:
            for name in (name for name, places in others.items() if places <= carriers):
                del named[name]
            named[base] = decorator, carriers
    yield from sorted((base, decorator) for base, (decorator, _) in named.items())


def parents_in(files: Mapping[str, FileFacts]) -> dict[str, list[str]]:
    """Return the names of the bases of every class, by its name."""
    return {last_name(c.symbol): [last_name(b) for b in c.bases] for f in files.values() for c in f.classes}


def library_of(name: str) -> str:
    """Return the first part of a resolved name, or nothing where the name is a file's own."""
    head, dot, _ = name.partition(".")
    return head if dot else ""


def finished_classes(facts: FileFacts) -> Iterator[ClassFact]:
    """Yield the governed classes that are made to be used, as far as one file tells."""
    extended = {last_name(base) for fact in facts.classes for base in fact.bases}
    abstract = {
        function.symbol.rpartition(".")[0]
        for function in facts.functions
        if "abstractmethod" in map(last_name, function.decorators)
    }
    for fact in governed_classes(facts):
        is_base = fact.symbol in extended or fact.symbol in abstract or "ABC" in map(last_name, fact.bases)
        if not is_base and not UNFINISHED.search(fact.symbol):
            yield fact


def folder_of(path: str) -> str:
    """Return the folder of a file."""
    return path.rpartition("/")[0]


def last_word(name: str) -> str:
    """Return the last capitalized word of a class's name, or nothing where it has one word or ends in a number."""
    words = re.findall(r"[A-Z][a-z]+", name)
    return words[-1] if len(words) > 1 and name.endswith(words[-1]) else ""


def heirs(facts: FileFacts, bases: Set[str]) -> set[str]:
    """Return the classes of a file that derive from one of *bases*, or from each other and so from one."""
    found: set[str] = set()
    for fact in facts.classes:
        if any(last_name(base) in bases or last_name(base) in found for base in fact.bases):
            found.add(fact.symbol)
    return found


def governed_classes(facts: FileFacts) -> Iterator[ClassFact]:
    """Yield the public top-level classes of source files that are no exceptions."""
    for fact in facts.classes if facts.role == "src" else ():
        if fact.symbol[0] != "_" and "." not in fact.symbol and not any(EXCEPTION_BASE.search(b) for b in fact.bases):
            yield fact


def governed(facts: FileFacts) -> Iterator[FunctionFact]:
    """Yield the public functions, no methods, of source files."""
    for function in facts.functions if facts.role == "src" else ():
        if function.is_public and not function.is_method and function.first:
            yield function


def is_exception(name: str, parents: Mapping[str, Sequence[str]]) -> bool:
    """Claim that a class is named like an exception and descends from one that is none of the house's."""
    return EXCEPTION_BASE.search(name) is not None and any(
        EXCEPTION_BASE.search(base) and base not in parents for base in reachable(name, parents)
    )
