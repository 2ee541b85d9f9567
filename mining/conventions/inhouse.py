"""
Through what this house calls. In: the facts of all files. Out: rules mined from them. Rows A01, A06, A07.

Row A11 (does what is called exist?) is no question of habit: `evaluation/checks/names.py` asks it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain
from typing import Any

from tree_sitter import Node

from ..source import text_of
from .convention import Choice, Convention, Edit, Examples, HouseChoice, HouseConvention, Place
from .facts import CallFact, FileFacts, FunctionFact, last_name
from .view import FileView

THIN = 2
"""The different functions that the body of a wrapper calls at most."""
HELPERS = frozenset(
    {"abc", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "inspect", "itertools", "math"}
    | {"operator", "re", "string", "textwrap", "types", "typing", "typing_extensions"}
)
"""Libraries that nobody wraps: their functions have no effect outside the program."""
CONVERSIONS = re.compile(r"(os\.fs\w+|os\.path\.\w+|posixpath\.\w+|ntpath\.\w+)")
"""Functions that turn one spelling of a path into another, which nobody wraps either."""
ENVIRONMENT = frozenset({"os.environ.get", "os.getenv"})
"""Functions that read one of many: who takes no argument reads the same one always, and stands in for none of them."""
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
    fault = "`{key}` is called directly here; this codebase goes {wanted}"
    version = 4
    never = frozenset({"directly"})
    least_support = 10.0
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
            nearly=("import requests\n\ndef fetch(a):\n    return requests.get(a)",),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """
        Propose, for outside functions, the thin house function with the most callers whose body calls it.

        That a body calls something proves no preference: either others call it too, a little, or the whole library is
        kept to the wrapper's module. Of two that a body calls, what it passes nothing to is asked on the way, unless it
        makes an object. A body that hands on what it is given, and returns what comes, stands in for what it calls
        however much else it does.
        """
        homes = {f"{f.module}.{function.symbol}": f.module for f in files.values() for function in f.functions}
        takers = {f"{f.module}.{function.symbol}" for f in files.values() for function in f.functions if function.first}
        calls = CallTable(files, homes)
        best: dict[str, tuple[int, str]] = {}
        for wrapper, inside in sorted(calls.inside.items()):
            home = homes[wrapper]
            through = calls.modules[wrapper].total() - calls.modules[wrapper][home]
            if through < 5 or len(set(calls.modules[wrapper]) - {home}) < 3:
                continue
            for raw in sorted(inside if wrapper in takers else inside - ENVIRONMENT):
                library = raw.partition(".")[0]
                elsewhere = set(calls.modules[raw]) - {home}
                is_kept = set(calls.libraries[library]) == {home} and calls.libraries[library].total() >= 3
                is_only = calls.callers[raw][home] == {wrapper}
                is_aside = len(inside) > 1 and wrapper in takers and raw in calls.bare[wrapper]
                is_thin = len(inside) <= THIN and not is_aside and (0 < len(elsewhere) <= 2 or is_kept)
                is_proven = is_thin or raw in calls.relayed[wrapper]
                if is_only and is_proven and is_outside(raw, calls.packages):
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

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Call `{value.removeprefix('through ')}` rather than `{key}`."


class ResourceUse(HouseConvention):
    """Whether what the house's own context managers give is used inside `with`."""

    id = "A07"
    name = "resource-use"
    question = "Is `{key}` called inside `with`?"
    instruction = "Call `{key}` inside `with`."
    fault = "`{key}` is called outside of `with` here"
    version = 3
    never = frozenset({"outside"})
    least_support = 10.0
    examples = Examples(
        value="inside `with`",
        key="shop.db.connect",
        rule={"key": "shop.db.connect", "callee": "shop.db.connect"},
        conforms=(
            "from shop.db import connect\nwith connect() as c: pass",
            "from shop.db import connect\nc = connect()\nwith (\n    a(),\n    c,\n): pass",
        ),
        departs=(
            "from shop.db import connect\nc = connect()",
            "from shop.db import connect\nwith a() as c: pass\nc = connect()",
        ),
        nearly=(
            "from shop.db import connect\ndef f():\n    return connect()",
            "from shop.db import connect\nstack.enter_context(connect())",
            "from other import connect\nc = connect()",
            "from shop.db import connect\n@connect()\ndef f(): pass",
        ),
    )
    also = (
        Examples(
            value="inside `with`",
            key="shop.db.Store.locked",
            rule={"key": "shop.db.Store.locked", "callee": "shop.db.Store.locked", "method": "locked"},
            conforms=(
                "def f(self):\n    with self.store.locked('a') as a: pass",
                "async def f(self):\n    async with self.locked(): pass",
            ),
            departs=("def f(self):\n    a = self.store.locked('a')",),
            nearly=(
                "def f(self):\n    return self.store.locked('a')",
                "def f(self):\n    self.stack.enter_context(self.store.locked('a'))",
                "def f(self):\n    a = self.store.is_locked('a')",
                "def f(self, door):\n    a = door.locked()",
            ),
        ),
    )

    def find_rules(self, files: Mapping[str, FileFacts]) -> list[dict[str, Any]]:
        """
        Propose every function marked as a context manager, and every class that can be entered, that is called.

        A method is known by its name alone where the sources define nothing else that is called so.
        """
        called = Counter(call.callee for facts in files.values() for call in facts.calls)
        called_so = Counter(last_name(call.callee) for facts in files.values() for call in facts.own_calls)
        offered: set[str] = set()
        methods: defaultdict[str, set[str]] = defaultdict(set)
        for facts in files.values():
            offered.update(f"{facts.module}.{fact.symbol}" for fact in facts.classes if "__enter__" in fact.methods)
            for function in facts.functions:
                name, is_manager = f"{facts.module}.{function.symbol}", is_context_manager(function)
                offered.update({name} if is_manager else ())
                if facts.role == "src":  # stand-ins of tests are called like what they stand for
                    methods[function.name].add(name if is_manager and function.is_method else "")
        rules = [{"key": name, "callee": name} for name in sorted(offered) if called[name] >= self.least_support]
        only = {name: min(found) for name, found in sorted(methods.items()) if len(found) == 1}
        return rules + [
            {"key": found, "callee": found, "method": name}
            for name, found in only.items()
            if found and called_so[name] >= self.least_support and called[found] < self.least_support
        ]

    def ask(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each call stands in a `with`; one that is handed on is for the receiver to enter."""
        method = rule.get("method", "")
        through = (call for call in facts.own_calls if last_name(call.callee) == method) if method else ()
        for call in chain((call for call in facts.calls if call.callee == rule["callee"]), through):
            if not call.in_with and HANDED_ON.search(call.text):
                continue
            value = "inside `with`" if call.in_with else "outside"
            yield HouseChoice(value, call.line, call.start, call.end, call.text)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the call wrapped, so that it is no part of the `with` any more."""
        call = place.inside("call")
        if call is None or HANDED_ON.search(text_of(call)):
            return ()
        return Edit(call.start_byte, call.start_byte, "closing(_ := "), Edit(call.end_byte, call.end_byte, ")")


class SettingsAccess(Convention):
    """Whether configuration is read through the house's settings object rather than the environment."""

    id = "A06"
    name = "settings-access"
    version = 2
    question = "Through what is configuration read?"
    instruction = "Read configuration through `{value}`, not from the environment."
    query = "(module) @site"
    needs = (b"environ", b"getenv", b"settings.", b"config.", b"conf.")
    never = frozenset({"the environment"})
    values = ("settings", "the environment")
    roles = frozenset({"src"})
    examples = Examples(
        value="settings",
        conforms=("from app.conf import settings\nx = settings.LIMIT", "from . import settings\nf(settings.a.b)"),
        departs=("import os\nx = os.environ['LIMIT']", "import os\nx = os.getenv('LIMIT')"),
        nearly=(
            "settings = read()\nx = settings.LIMIT",
            "# see os.environ\nx = 'os.getenv'",
            "from app.conf import settings\nsettings.LIMIT = 3",
            "import os\ndel os.environ['LIMIT']",
            "#!/usr/bin/env python\nimport os\nx = os.getenv('LIMIT')",
        ),
    )
    also = (Examples(value="settings", path="app/settings.py", nearly=("import os\nx = os.environ['LIMIT']",)),)

    def is_asked(self, file: FileView) -> bool:
        """Claim that the file is not where the settings themselves are made, nor a program, which has none yet."""
        return super().is_asked(file) and not SETTINGS_HOME.search(file.path) and not file.utf8.startswith(b"#!")

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


class CallTable:
    """
    Who calls what: for each function the modules that call it, and for each house function what its body calls.

    Of what it calls, what it hands its first argument on to and returns stands apart, as `relayed`, and so does what it
    passes nothing to and is no class, as `bare`.
    """

    def __init__(self, files: Mapping[str, FileFacts], homes: Mapping[str, str]) -> None:
        self.packages = {name.partition(".")[0] for name in homes}
        self.modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.libraries: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.inside: defaultdict[str, set[str]] = defaultdict(set)
        self.relayed: defaultdict[str, set[str]] = defaultdict(set)
        self.bare: defaultdict[str, set[str]] = defaultdict(set)
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
                    self.relayed[around].update([callee] if call.is_relay else ())
                    self.bare[around].update([callee] if is_bare(call) else ())


def is_bare(call: CallFact) -> bool:
    """Claim that a *call* passes nothing, to something that is called as functions are."""
    name = last_name(call.callee)
    return f"{name}()" in call.text and not name[:1].isupper()


def is_context_manager(function: FunctionFact) -> bool:
    """Claim that a function is marked as a context manager."""
    return not {"contextmanager", "asynccontextmanager"}.isdisjoint(map(last_name, function.decorators))


def is_outside(callee: str, packages: Set[str]) -> bool:
    """Claim that a dotted name is a library's function that does something: no plain helper, no built-in."""
    library = callee.partition(".")[0]
    is_helper = library in HELPERS or CONVERSIONS.fullmatch(callee) is not None
    return "." in callee and library not in packages and not is_helper


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
    """Claim that a name's attribute is assigned to or deleted, not read."""
    outer: Node | None = node.parent
    while outer is not None and outer.type in ("attribute", "subscript"):
        node, outer = outer, outer.parent
    if outer is not None and outer.type == "delete_statement":
        return True
    return outer is not None and "assignment" in outer.type and outer.named_children[0].id == node.id
