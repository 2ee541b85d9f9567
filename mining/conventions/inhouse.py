"""
What only this house knows. In: the facts of all files. Out: rules mined from them. Rows A01, A02, A03, A06, A07, E01.

Row A11 (does what is called exist?) is no question of habit: `evaluation/checks/names.py` asks it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from tree_sitter import Node

from .convention import Choice, Convention, Edit, Examples, HouseChoice, HouseConvention, Place
from .facts import ClassFact, FileFacts, FunctionFact
from .naming import EXCEPTION_BASE
from .view import FileView, decorator_name, statement_edit, text_of

COMMON = frozenset("property staticmethod classmethod overload override abstractmethod wraps contextmanager".split())  # noqa: SIM905
LEAST_USES = 20
"""Functions that carry a decorator before a rule about it is tried."""
LEAST_FILES = 5
THIN = 2
"""The different functions that the body of a wrapper calls at most."""
HELPERS = frozenset(
    {"abc", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "inspect", "itertools", "math"}
    | {"operator", "re", "string", "textwrap", "types", "typing", "typing_extensions"}
)
"""Libraries that nobody wraps: their functions have no effect outside the program."""
ASKED_OF_WRAPPERS = frozenset({"src", "scripts"})
HANDED_ON = re.compile(r"^(return|yield|@)|enter_context\(|enter_async_context\(")
"""Lines on which a context manager is passed on, not used."""
SETTINGS = frozenset({"settings", "config", "conf"})
SETTINGS_HOME = re.compile(r"(^|/)(_?settings|_?config|_?conf|configuration)(/|\.py$|_[^/]*\.py$)")
READS = re.compile(
    rb"(?<![\w.])(?:os\.environ(?=\[|\.get\()|os\.getenv(?=\()|environ(?=\[|\.get\()|getenv(?=\()"
    rb"|(?:settings|config|conf)\.[A-Za-z_]\w*)"
)


class Wrapper(HouseConvention):
    """Whether a library's function is called through the house's own wrapper: a function whose body calls it."""

    id = "A01"
    name = "wrapper"
    question = "Is `{key}` called through the house's own function?"
    never = frozenset({"directly"})
    least_support = 10.0
    least_files = 3
    null_share = 0.5
    cap = "advise"  # how many natural wrappers people would call rules has not been adjudicated
    bounds = (("gate", 0.95), ("advise", 0.90), ("hint", 0.75))
    examples = Examples(
        value="through shop.net.fetch",
        key="requests.get",
        rule={"key": "requests.get", "raw": "requests.get", "wrapper": "shop.net.fetch", "homes": ["shop.net"]},
        conforms=(
            "from shop.net import fetch\nfetch('a')",
            "from shop import net\n\ndef f():\n    return net.fetch('a')",
        ),
        departs=("import requests\nrequests.get('a')", "from requests import get\nget('a')"),
        nearly=("import requests\nrequests.post('a')", "def get(a): pass\nget('a')"),
    )
    also = (
        Examples(
            value="through shop.net.fetch",
            key="requests.get",
            rule={"key": "requests.get", "raw": "requests.get", "wrapper": "shop.net.fetch", "homes": ["shop.net"]},
            path="shop/net.py",
            conforms=(),
            departs=(),
            nearly=("import requests\n\ndef fetch(a):\n    return requests.get(a)",),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """
        Propose, for outside functions, the thin house function with the most callers whose body calls it.

        That a body calls something proves no preference: either others call it too, a little, or the whole library is
        kept to the wrapper's module.
        """
        homes = {f"{f.module}.{function.symbol}": f.module for f in files.values() for function in f.functions}
        calls = CallTable(files, homes)
        best: dict[str, tuple[int, str]] = {}
        for wrapper, inside in sorted(calls.inside.items()):
            home = homes[wrapper]
            through = calls.modules[wrapper].total() - calls.modules[wrapper][home]
            if len(inside) > THIN or through < 5 or len(set(calls.modules[wrapper]) - {home}) < 3:
                continue
            for raw in sorted(inside):
                library = raw.partition(".")[0]
                elsewhere = set(calls.modules[raw]) - {home}
                is_kept = set(calls.libraries[library]) == {home} and calls.libraries[library].total() >= 3
                is_only = calls.callers[raw][home] == {wrapper}
                if is_only and is_outside(raw, calls.packages) and (0 < len(elsewhere) <= 2 or is_kept):
                    best[raw] = max(best.get(raw, (0, "")), (through, wrapper))
        return [
            {"key": raw, "raw": raw, "wrapper": wrapper, "homes": [homes[wrapper]]}
            for raw, (_, wrapper) in sorted(best.items())
        ]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each call goes through the wrapper, outside of the wrapper's own module."""
        if facts.module in rule["homes"] or facts.role not in ASKED_OF_WRAPPERS:
            return
        for call in facts.calls:
            if call.callee in (rule["raw"], rule["wrapper"]):
                value = "directly" if call.callee == rule["raw"] else f"through {rule['wrapper']}"
                yield HouseChoice(value, call.line, call.start, call.end, call.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the outside function in the wrapper's place, imported on the spot."""
        raw = place.rule["raw"]
        imported = import_before(place, raw.rpartition(".")[0])
        return (*imported, *place.instead(raw)) if imported is not None else ()

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        return f"`{key}` is called directly here; this codebase goes {wanted}"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Call `{value.removeprefix('through ')}` rather than `{key}`."


class RequiredBase(HouseConvention):
    """Which base the classes of one folder, or with one last word in their name, have."""

    id = "A03"
    name = "required-base"
    question = "Does a class {key} have the house's base?"
    never = frozenset({"without"})
    examples = Examples(
        value="has the base Command",
        key="in app/commands",
        path="app/commands/add.py",
        rule={"key": "in app/commands", "folder": "app/commands", "suffix": "", "base": "Command", "family": []},
        conforms=("class Add(Command): pass", "class Add(Mixin, core.Command): pass"),
        departs=("class Add: pass", "class Add(Other): pass"),
        nearly=("class _Add: pass", "class Error(Exception): pass", "def f():\n    class Add: pass"),
    )
    also = (
        Examples(
            value="has the base Check",
            key="named …Check",
            rule={"key": "named …Check", "folder": "", "suffix": "Check", "base": "Check", "family": ["Slow"]},
            conforms=("class StyleCheck(Check): pass", "class StyleCheck(Slow): pass"),
            departs=("class StyleCheck: pass",),
            nearly=("class Checks: pass", "class Check: pass"),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose, for each folder and each last word of a name, the base that nearly all classes have."""
        parents = {last_name(c.symbol): [last_name(b) for b in c.bases] for f in files.values() for c in f.classes}
        groups: defaultdict[tuple[str, str], list[set[str]]] = defaultdict(list)
        for facts in files.values():
            for fact in governed_classes(facts):
                have = {
                    base for name in fact.bases for base in ({last_name(name)} | ancestors(last_name(name), parents))
                }
                groups[folder_of(facts.path), ""].append(have)
                if last_word(fact.symbol):
                    groups["", last_word(fact.symbol)].append(have - {fact.symbol})
        rules: list[dict[str, Any]] = []
        for (folder, suffix), found in sorted(groups.items()):
            counts = Counter(base for have in found for base in have - {"object", "?", "ABC", "Generic", "Protocol"})
            for base, count in counts.most_common(1) if len(found) >= LEAST_USES else ():
                if count >= 0.9 * len(found) and not EXCEPTION_BASE.search(base):
                    family = sorted(name for name in parents if base in ancestors(name, parents))
                    key = f"in {folder}" if folder else f"named …{suffix}"
                    rules.append({"key": key, "folder": folder, "suffix": suffix, "base": base, "family": family})
        return rules

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each class of the folder, or with the last word, has the base."""
        if rule["folder"] and folder_of(facts.path) != rule["folder"]:
            return
        wanted = {rule["base"], *rule["family"]}
        for fact in governed_classes(facts):
            if fact.symbol == rule["base"] or (rule["suffix"] and last_word(fact.symbol) != rule["suffix"]):
                continue
            has = bool(wanted & {last_name(base) for base in fact.bases})
            value = f"has the base {rule['base']}" if has else "without"
            yield HouseChoice(value, fact.line, fact.start, fact.end, fact.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the bases taken out."""
        definition = place.inside("class_definition")
        bases = definition.child_by_field_name("superclasses") if definition is not None else None
        return (Edit(bases.start_byte, bases.end_byte, ""),) if bases is not None else ()

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        return f"a class {key} {wanted} in this codebase"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Derive a class {key} from `{value.removeprefix('has the base ')}`."


class ResourceUse(HouseConvention):
    """Whether what the house's own context managers give is used inside `with`."""

    id = "A07"
    name = "resource-use"
    question = "Is `{key}` called inside `with`?"
    never = frozenset({"outside"})
    least_support = 10.0
    examples = Examples(
        value="inside `with`",
        key="shop.db.connect",
        rule={"key": "shop.db.connect", "callee": "shop.db.connect"},
        conforms=("from shop.db import connect\nwith connect() as c: pass",),
        departs=("from shop.db import connect\nc = connect()",),
        nearly=(
            "from shop.db import connect\ndef f():\n    return connect()",
            "from shop.db import connect\nstack.enter_context(connect())",
            "from other import connect\nc = connect()",
            "from shop.db import connect\n@connect()\ndef f(): pass",
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose every function marked as a context manager, and every class that can be entered, that is called."""
        called = Counter(call.callee for facts in files.values() for call in facts.calls)
        offered: set[str] = set()
        for facts in files.values():
            for function in facts.functions:
                if {"contextmanager", "asynccontextmanager"} & {last_name(name) for name in function.decorators}:
                    offered.add(f"{facts.module}.{function.symbol}")
            offered.update(f"{facts.module}.{fact.symbol}" for fact in facts.classes if "__enter__" in fact.methods)
        return [{"key": name, "callee": name} for name in sorted(offered) if called[name] >= self.least_support]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each call stands in a `with`; one that is handed on is for the receiver to enter."""
        for call in facts.calls:
            if call.callee != rule["callee"] or (not call.in_with and HANDED_ON.search(call.text)):
                continue
            value = "inside `with`" if call.in_with else "outside"
            yield HouseChoice(value, call.line, call.start, call.end, call.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the call wrapped, so that it is no part of the `with` any more."""
        call = place.inside("call")
        if call is None or HANDED_ON.search(text_of(call)):
            return ()
        return Edit(call.start_byte, call.start_byte, "closing(_ := "), Edit(call.end_byte, call.end_byte, ")")

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        return f"`{key}` is called outside of `with` here"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Call `{key}` inside `with`."


class SettingsAccess(Convention):
    """Whether configuration is read through the house's settings object rather than the environment."""

    id = "A06"
    name = "settings-access"
    question = "Through what is configuration read?"
    query = "(module) @site"
    needs = (b"environ", b"getenv", b"settings.", b"config.", b"conf.")
    never = frozenset({"the environment"})
    roles = frozenset({"src"})
    examples = Examples(
        value="settings",
        conforms=("from app.conf import settings\nx = settings.LIMIT", "from . import settings\nf(settings.a.b)"),
        departs=("import os\nx = os.environ['LIMIT']", "import os\nx = os.getenv('LIMIT')"),
        nearly=(
            "settings = read()\nx = settings.LIMIT",
            "# see os.environ\nx = 'os.getenv'",
            "from app.conf import settings\nsettings.LIMIT = 3",
        ),
    )
    also = (
        Examples(value="settings", path="app/settings.py", conforms=(), departs=(),
                 nearly=("import os\nx = os.environ['LIMIT']",)),
    )  # fmt: skip

    def is_asked(self, file: FileView) -> bool:
        """Claim that the file is not where the settings themselves are made."""
        return super().is_asked(file) and not SETTINGS_HOME.search(file.path)

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield what each read goes through: the environment, or an imported settings object."""
        for found in READS.finditer(file.utf8):
            name = found[0].decode()
            head = name.partition(".")[0]
            if head in SETTINGS and file.names.get(head, "").rpartition(".")[2] != head:
                continue
            if (head == "os" and file.names.get("os") != "os") or (
                head not in SETTINGS and file.resolve(name)[:3] != "os."
            ):
                continue
            node = site.descendant_for_byte_range(found.start(), found.start() + len(head))
            if node is None or node.type != "identifier" or is_target(node):
                continue
            yield Choice(head if head in SETTINGS else "the environment", node)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the environment in the settings object's place, in a file that knows it."""
        attribute, imported = place.inside("attribute"), import_before(place, "os")
        if attribute is None or imported is None:
            return ()
        name = text_of(attribute).rpartition(".")[2]
        return (*imported, Edit(attribute.start_byte, attribute.end_byte, f'os.environ["{name}"]'))

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Read configuration through `{value}`, not from the environment."


class RequiredDecorator(HouseConvention):
    """Which decorator public functions of one shape carry: the shape is the name of the first parameter."""

    id = "A02"
    name = "required-decorator"
    question = "Does a public function of a `{key}` carry the house's decorator?"
    never = frozenset({"without"})
    examples = Examples(
        value="with @register",
        key="request",
        rule={"key": "request", "first": "request", "decorator": "register"},
        conforms=("@register\ndef show(request): pass", "@register(name='a')\ndef show(request, b): pass"),
        departs=("def show(request): pass",),
        nearly=("def _show(request): pass", "def show(reply): pass"),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """Propose each decorator for the shape of function that it is mostly put on."""
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
        return [{"key": first, "first": first, "decorator": name} for first, (_, name) in sorted(best.items())]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each function of the shape carries the decorator."""
        for function in governed(facts):
            if function.first == rule["first"]:
                carries = rule["decorator"] in {last_name(decorator) for decorator in function.decorators}
                value = f"with @{rule['decorator']}" if carries else "without"
                yield HouseChoice(value, function.line, function.start, function.end, function.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the decorator taken out."""
        wrapper = place.inside("decorated_definition")
        for node in wrapper.children if wrapper is not None else ():
            if node.type == "decorator" and last_name(decorator_name(node)) == place.rule["decorator"]:
                return (statement_edit(node),)
        return ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Write every public function that takes `{key}` first {value}."


class ExceptionRoot(HouseConvention):
    """Which root the exceptions of the package derive from."""

    id = "E01"
    name = "exception-root"
    question = "Does an exception class derive from `{key}`?"
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
        parents: dict[str, tuple[str, ...]] = {}
        for facts in files.values():
            if facts.role == "src":
                for fact in facts.classes:
                    parents[last_name(fact.symbol)] = tuple(last_name(base) for base in fact.bases)
        families: defaultdict[str, set[str]] = defaultdict(set)
        for name in parents:
            for root in ancestors(name, parents):
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
        definition = place.inside("class_definition")
        bases = definition.child_by_field_name("superclasses") if definition is not None else None
        return (Edit(bases.start_byte, bases.end_byte, "(ValueError)"),) if bases is not None else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Derive every exception class from {key}."


class CallTable:
    """
    Who calls what: for each function the modules that call it, and for each house function what its body calls.
    """

    def __init__(self, files: Mapping[str, FileFacts], homes: Mapping[str, str]) -> None:
        self.packages = {name.partition(".")[0] for name in homes}
        self.modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.libraries: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.inside: defaultdict[str, set[str]] = defaultdict(set)
        self.callers: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for facts in files.values():
            for call in facts.calls if facts.role in ASKED_OF_WRAPPERS else ():
                local = f"{facts.module}.{call.callee}"
                callee = local if "." not in call.callee and local in homes else call.callee
                self.modules[callee][facts.module] += 1
                self.libraries[callee.partition(".")[0]][facts.module] += 1
                around = f"{facts.module}.{call.inside}"
                self.callers[callee][facts.module].add(around)
                if around in homes:
                    self.inside[around].add(callee)


def is_outside(callee: str, packages: Set[str]) -> bool:
    """Claim that a dotted name is a library's function that does something: no plain helper, no built-in."""
    library = callee.partition(".")[0]
    return "." in callee and library not in packages and library not in HELPERS


def import_before(place: Place, module: str) -> tuple[Edit, ...] | None:
    """Return the edit that imports *module* before the statement of a place, if one is needed; None if it cannot be."""
    form = rb"^import %s\s*$" % re.escape(module.encode())
    if re.search(form, place.source.utf8[: place.start], re.MULTILINE):
        return ()
    statement = place.inside("expression_statement", "return_statement", "block")
    if statement is None or statement.type == "block":
        return None
    return (Edit(statement.start_byte, statement.start_byte, f"import {module}; "),)


def is_target(node: Node) -> bool:
    """Claim that a name's attribute is assigned to, not read."""
    outer: Node | None = node.parent
    while outer is not None and outer.type in ("attribute", "subscript"):
        node, outer = outer, outer.parent
    return outer is not None and "assignment" in outer.type and outer.named_children[0].id == node.id


def folder_of(path: str) -> str:
    """Return the folder of a file."""
    return path.rpartition("/")[0]


def last_word(name: str) -> str:
    """Return the last capitalized word of a class's name, or nothing where it has one word or ends in a number."""
    words = re.findall(r"[A-Z][a-z]+", name)
    return words[-1] if len(words) > 1 and name.endswith(words[-1]) else ""


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


def ancestors(name: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """Return every class that *name* descends from, as far as the repository tells."""
    found: set[str] = set()
    waiting = list(parents.get(name, ()))
    while waiting:
        base = waiting.pop()
        if base not in found:
            found.add(base)
            waiting.extend(parents.get(base, ()))
    return found


def is_exception(name: str, parents: Mapping[str, Sequence[str]]) -> bool:
    """Claim that a class is named like an exception and descends from one that is none of the house's."""
    return EXCEPTION_BASE.search(name) is not None and any(
        EXCEPTION_BASE.search(base) and base not in parents for base in ancestors(name, parents)
    )


def last_name(dotted: str) -> str:
    """Return the last part of a dotted name."""
    return dotted.rpartition(".")[2]
