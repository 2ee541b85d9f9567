"""
What mined families need to know of a file. In: the sites of the walk. Out: `FileFacts`, small and picklable.

A rule such as "functions that take a graph carry this decorator" is mined from the facts of all files and asked of the
facts of one; tallying and judging read the same facts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from tree_sitter import Node

from ..columns import pack_rows, unpack_rows
from ..packages import module_of
from ..source import text_of
from .anyfacts import BlockFact, TopFact, TypeFact, UseFact
from .relays import is_relay
from .signatures import SignatureFact, signature_of
from .view import DefinitionFrame, FileView, parameter_name


class FunctionFact(NamedTuple):
    """
    A function or method.
    """

    symbol: str
    name: str
    is_public: bool
    is_method: bool
    first: str
    """The name of its first parameter, `self` left out."""
    decorators: tuple[str, ...]
    """Resolved dotted names."""
    bases: tuple[str, ...]
    """The bases of the class around it."""
    text: str
    """Its first line, decorator included when there is one."""
    line: int
    start: int
    end: int


class ClassFact(NamedTuple):
    """
    A class.
    """

    symbol: str
    bases: tuple[str, ...]
    """Resolved dotted names."""
    decorators: tuple[str, ...]
    """Resolved dotted names."""
    methods: tuple[str, ...]
    text: str
    opening: str
    """Its first line, decorator included when there is one."""
    line: int
    start: int
    end: int


class CallFact(NamedTuple):
    """
    A call of a name that can be followed: imported, or defined at the top of the same file.
    """

    callee: str
    """Resolved dotted name."""
    inside: str
    """The symbol of the function around it."""
    in_with: bool
    text: str
    line: int
    start: int
    end: int
    is_relay: bool
    """Whether it is given what the function around it was given first, which returns what comes of it."""


class RaiseFact(NamedTuple):
    """
    A `raise` of something that has a name, called or not, which no handler around it names.
    """

    raised: str
    """Resolved dotted name."""
    inside: str
    """The symbol of the function around it."""
    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True)
class FileFacts:
    """
    One file's facts.
    """

    path: str
    role: str
    module: str
    """The dotted name that the path gives, from where the repository's packages stand."""
    functions: tuple[FunctionFact, ...]
    classes: tuple[ClassFact, ...]
    calls: tuple[CallFact, ...]
    language: str = "python"
    blocks: tuple[BlockFact, ...] = ()
    tops: tuple[TopFact, ...] = ()
    uses: tuple[UseFact, ...] = ()
    units: tuple[str, ...] = ()
    """The names that its units have, each once; none are kept of Python."""
    raises: tuple[RaiseFact, ...] = ()
    own_calls: tuple[CallFact, ...] = ()
    """Calls through `self`, whose callee is spelt as it stands: `self.store.open`."""
    signatures: tuple[SignatureFact, ...] = ()
    """What its functions must be given, where that is several things in an order of their own."""
    types: tuple[TypeFact, ...] = ()
    """The types of objects some of whose keys may be left out."""

    @cached_property
    def by_shape(self) -> Mapping[str, Sequence[BlockFact]]:
        """The blocks of each shape: many hundred rules of data ask each file, and nearly none finds its shape there."""
        found: defaultdict[str, list[BlockFact]] = defaultdict(list)
        for block in self.blocks:
            for shape in dict.fromkeys(block.shapes):
                found[shape].append(block)
        return dict(found)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the many facts of a Python file as one value a class."""
        about = (self.path, self.role, self.module)
        kinds = (self.functions, self.classes, self.calls, self.raises, self.own_calls, self.signatures)
        packed = tuple(map(pack_rows, kinds))
        rest = (self.language, self.blocks, self.tops, self.uses, self.units)
        return unpack_facts, (about, packed, rest, self.types)


def unpack_facts(
    about: tuple[str, str, str],
    packed: tuple[bytes, ...],
    rest: tuple[str, tuple[BlockFact, ...], tuple[TopFact, ...], tuple[UseFact, ...], tuple[str, ...]],
    types: tuple[TypeFact, ...],
) -> FileFacts:
    """Return the facts that travelled."""
    functions, classes, calls, raises, own_calls, signatures = packed
    return FileFacts(
        *about,
        unpack_rows(FunctionFact, functions),
        unpack_rows(ClassFact, classes),
        unpack_rows(CallFact, calls),
        *rest,
        unpack_rows(RaiseFact, raises),
        unpack_rows(CallFact, own_calls),
        unpack_rows(SignatureFact, signatures),
        types,
    )


def last_name(dotted: str) -> str:
    """Return the last part of a dotted name."""
    return dotted.rpartition(".")[2]


def absolute_module(path: str, module: str, packages: Set[str] = frozenset()) -> str:
    """Return a relative *module* in the file at *path* as a dotted name from where the outermost *packages* stand."""
    rest = module.lstrip(".")
    level = len(module) - len(rest)
    if not level:
        return module
    own = module_of(path, packages)
    parts = own.split(".") if own else []
    if not path.endswith("__init__.py"):
        parts = parts[:-1]
    parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
    return ".".join([*parts, *([rest] if rest else [])])


class FactCollector:
    """
    Gathers facts during the walk.
    """

    def __init__(self, file: FileView) -> None:
        self.file = file
        self.functions: list[FunctionFact] = []
        self.classes: list[tuple[ClassFact, list[str]]] = []
        self.calls: list[CallFact] = []
        self.raises: list[RaiseFact] = []
        self.own_calls: list[CallFact] = []
        self.signatures: list[SignatureFact] = []
        self._class_of: dict[int, list[str]] = {}

    def visitors(self) -> dict[str, Callable[[Node], None]]:
        """Return what gathers the facts of each pattern's sites, while they are visited."""
        return {
            "(function_definition) @site": self.add_function,
            "(class_definition) @site": self.add_class,
            "(call) @site": self.add_call,
            "(raise_statement) @site": self.add_raise,
            "(import_statement) @site": self.add_import,
            "(import_from_statement) @site": self.add_from_import,
        }

    def add_function(self, _node: Node) -> None:
        """Note the function that is visited, and its name in the class around it."""
        frame = self.file.definition
        scope = frame.scope
        if scope is not None and scope.node.id in self._class_of:
            self._class_of[scope.node.id].append(frame.name)
        if scope is not None and not frame.is_method:
            return
        signature = signature_of(frame, self.file)
        self.signatures += [signature] if signature is not None else []
        name = frame.name_node
        line = name.start_point.row + 1
        self.functions.append(
            FunctionFact(
                symbol=frame.symbol,
                name=frame.name,
                is_public=frame.is_public,
                is_method=frame.is_method,
                first=parameter_name(frame.parameters[0]) if frame.parameters else "",
                decorators=tuple(map(self.file.resolve, frame.decorators)),
                bases=tuple(map(self.file.resolve, scope.bases)) if scope is not None else (),
                text=self.opening_of(frame),
                line=line,
                start=name.start_byte,
                end=name.end_byte,
            )
        )

    def add_class(self, _node: Node) -> None:
        """Note the class that is visited."""
        frame = self.file.definition
        name = frame.name_node
        line = name.start_point.row + 1
        methods: list[str] = []
        self._class_of[frame.node.id] = methods
        fact = ClassFact(
            symbol=frame.symbol,
            bases=tuple(map(self.file.resolve, frame.bases)),
            decorators=tuple(map(self.file.resolve, frame.decorators)),
            methods=(),
            text=self.file.line_text(line),
            opening=self.opening_of(frame),
            line=line,
            start=name.start_byte,
            end=name.end_byte,
        )
        self.classes.append((fact, methods))

    def opening_of(self, frame: DefinitionFrame) -> str:
        """Return the first line of a definition, decorator included when there is one."""
        outer = frame.outer.node if frame.decorators and frame.outer is not None else frame.node
        return self.file.line_text(outer.start_point.row + 1)

    def add_call(self, node: Node) -> None:
        """Note a call whose name can be followed, or that goes through `self`."""
        callee = self.file.callee(node)
        head, dot, _ = callee.partition(".")
        is_own = bool(dot) and head == "self"
        is_followed = bool(callee) and (not dot or head in self.file.names) and head not in ("self", "cls", "super")
        if not is_own and not is_followed:
            return
        line, start = node.start_point.row + 1, node.start_byte
        text = self.file.line_text(line)
        relays = is_relay(node, callee, text, self.file.function())
        resolved, in_with = self.file.resolve(callee), self.file.is_with_item(node)
        fact = CallFact(resolved, self.inside(), in_with, text, line, start, start + len(callee), relays)
        (self.own_calls if is_own else self.calls).append(fact)

    def add_raise(self, node: Node) -> None:
        """Note a `raise` of what has a name, unless a handler in the same file is there for it."""
        if not node.named_child_count:
            return
        raised = node.named_children[0]
        name = raised.child_by_field_name("function") if raised.type == "call" else raised
        if name is None or name.type not in ("identifier", "attribute") or is_caught(node, name):
            return
        function = self.file.function()
        if function is not None and is_caught_outside(function, name, self.file):
            return
        line = name.start_point.row + 1
        raised, text = self.file.resolve(text_of(name)), self.file.line_text(line)
        self.raises.append(RaiseFact(raised, self.inside(), text, line, name.start_byte, name.end_byte))

    def inside(self) -> str:
        """Return the symbol of the function around the site; nothing outside of functions."""
        function = self.file.function()
        return function.symbol if function is not None else ""

    def add_import(self, node: Node) -> None:
        """Note `import a.b as c`."""
        self.file.imports.append((node.start_byte, node.end_byte))
        for dotted, alias in imported_by(node):
            local = dotted.partition(".")[0]
            self.file.names[alias or local] = dotted if alias else local

    def add_from_import(self, node: Node) -> None:
        """Note `from a.b import c as d`."""
        self.file.imports.append((node.start_byte, node.end_byte))
        module_node = node.child_by_field_name("module_name")
        if module_node is None:
            return
        base = absolute_module(self.file.path, text_of(module_node), self.file.packages)
        for name, alias in imported_by(node):
            self.file.names[alias or name] = f"{base}.{name}".lstrip(".")

    def facts(self) -> FileFacts:
        """Return what was gathered."""
        return FileFacts(
            path=self.file.path,
            role=self.file.role,
            module=self.file.module,
            functions=tuple(self.functions),
            classes=tuple(fact._replace(methods=tuple(methods)) for fact, methods in self.classes),
            calls=tuple(self.calls),
            raises=tuple(self.raises),
            own_calls=tuple(self.own_calls),
            signatures=tuple(self.signatures),
        )


def imported_by(statement: Node) -> Iterator[tuple[str, str]]:
    """Yield what an import names, each with its other name, or nothing where it has none."""
    for child in statement.children_by_field_name("name"):
        name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
        yield text_of(name or child), text_of(alias) if alias is not None else ""


def is_caught_outside(function: DefinitionFrame, name: Node, file: FileView) -> bool:
    """Claim that what *function* raises by *name* is handled where the same file calls it: there it gets its sense."""
    if not handlers_of(name).search(file.utf8):
        return False
    called = re.finditer(rb"(?<!def )\b%s\(" % re.escape(function.name.encode()), file.utf8)
    root = file.source.tree.root_node
    places = (root.descendant_for_byte_range(each.start(), each.start() + 1) for each in called)
    return any(place is not None and is_caught(place, name) for place in places)


def handlers_of(name: Node) -> re.Pattern[bytes]:
    """Return how a handler begins of what is raised by *name*."""
    return re.compile(rb"except\b[^:]*(?<![\w.])%s\b" % re.escape(name.text or b""))


def is_caught(statement: Node, name: Node) -> bool:
    """Claim that a handler of a `try` around a *statement*, in the same function, names what is raised by *name*."""
    named = handlers_of(name)
    inner, outer = statement, statement.parent
    while outer is not None and outer.type not in ("function_definition", "class_definition"):
        is_tried = outer.type == "try_statement" and outer.child_by_field_name("body") == inner
        if is_tried and any(named.match(clause.text or b"") for clause in outer.named_children):
            return True
        inner, outer = outer, outer.parent
    return False
