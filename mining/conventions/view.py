"""
One file as conventions see it. In: a `Source` and the walk through its sites. Out: what stands around a site.

The walk visits the captured nodes in order of the file and keeps a stack of frames (functions, classes, handlers,
fields of f-strings), so that no convention climbs the tree.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Set
from functools import cached_property

from tree_sitter import Node

from ..packages import module_of
from ..roles import role_of
from ..source import Source, text_of
from .convention import Convention, Edit, Part
from .silences import FORMATTED, Silences

DOTTED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789."
"""What a dotted name is made of."""
WITH = re.compile(rb"[ \t]*(?:async[ \t]+)?with\b([^:]{0,500}):")
"""The head of a `with`, which may have several lines; prose may open a line with that word, too."""
NAME = re.compile(rb"(?<![\w.])(?<!\bas )[A-Za-z_][\w.]*")
"""A name in it, but for those that it gives."""
WORD = re.compile(rb"[A-Za-z_]\w*")
PUT_IN_PLACE = re.compile(rb"\.(\w+)[ \t]*=[ \t]*\1\b(?![ \t]*[(.\[])")
"""A thing that is made an attribute of its own name."""
ACCESSORS = frozenset({"property", "setter", "getter", "deleter", "cached_property", "overload", "override"})


class Frame:
    """
    A node that encloses others: kept on the stack while the walk is inside it.
    """

    __slots__ = ("end", "function", "is_interpolated", "kind", "node", "outer")

    def __init__(self, kind: str, node: Node, outer: Frame | None, end: int) -> None:
        self.kind = kind
        self.node = node
        self.outer = outer
        self.end = end
        # never itself: what points at itself is only freed by a search for cycles, and holds its tree until then
        self.function: DefinitionFrame | None = outer.own_function if outer is not None else None
        """The innermost function around this node."""
        self.is_interpolated: bool = kind == "interpolation" or (outer is not None and outer.is_interpolated)
        """Whether what stands inside this node stands in a field of an f-string."""

    @property
    def own_function(self) -> DefinitionFrame | None:
        """The innermost function around what stands inside this node."""
        return self.function


class DefinitionFrame(Frame):
    """
    A function or class, its parts read once however many conventions ask.
    """

    __slots__ = ("__dict__", "body", "docstring", "name", "name_node", "scope")

    def __init__(self, kind: str, node: Node, outer: Frame | None, end: int) -> None:
        super().__init__(kind, node, outer, end)
        # what is asked of every one is read here: a cached property costs more than most of this
        self.name_node = node.child_by_field_name("name") or node
        self.name = text_of(self.name_node)
        self.body = node.child_by_field_name("body")
        """The block."""
        self.docstring = first_string(self.body) if self.body is not None else None
        """The documentation string."""
        while outer is not None and not isinstance(outer, DefinitionFrame):
            outer = outer.outer
        self.scope: DefinitionFrame | None = outer
        """The function or class around it."""

    @property
    def own_function(self) -> DefinitionFrame | None:
        """The function itself; for a class, the innermost function around it."""
        return self if self.kind == "function_definition" else self.function

    @cached_property
    def members(self) -> frozenset[str]:
        """The names that its own block binds."""
        return bound_in(self.body.named_children) if self.body is not None else frozenset()

    @cached_property
    def decorators(self) -> tuple[str, ...]:
        """The dotted names of its decorators, arguments left out, from the top."""
        wrapper = self.outer
        if wrapper is None or wrapper.kind != "decorated_definition" or wrapper.end != self.end:
            return ()
        return tuple(decorator_name(child) for child in wrapper.node.children if child.type == "decorator")

    @cached_property
    def symbol(self) -> str:
        """The name with those around it."""
        return f"{self.scope.symbol}.{self.name}" if self.scope is not None else self.name

    @property
    def is_method(self) -> bool:
        """Whether a class is the nearest scope."""
        return self.kind == "function_definition" and self.scope is not None and self.scope.kind == "class_definition"

    @cached_property
    def is_public(self) -> bool:
        """Whether it and every class around it can be reached by name, with no leading underscore."""
        if self.name.startswith("_"):
            return False
        return self.scope is None or (self.scope.kind == "class_definition" and self.scope.is_public)

    @cached_property
    def is_accessor(self) -> bool:
        """Whether a decorator makes it a property's part, an overload or an override."""
        return any(name.rpartition(".")[2] in ACCESSORS for name in self.decorators)

    @cached_property
    def parameters(self) -> tuple[Node, ...]:
        """Its parameters, `self` and `cls` left out, separators too."""
        node = self.node.child_by_field_name("parameters")
        if node is None:
            return ()
        found = [
            child
            for child in node.named_children
            if child.type not in ("keyword_separator", "positional_separator", "comment")
        ]
        if self.is_method and found and not any(name.endswith("staticmethod") for name in self.decorators):
            found = found[1:]
        return tuple(found)

    @cached_property
    def returns(self) -> Node | None:
        """The return annotation."""
        return self.node.child_by_field_name("return_type")

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The dotted names of a class's bases, of `Shelf[Book]` that of `Shelf`; a base without name counts as `?`."""
        node = self.node.child_by_field_name("superclasses")
        if node is None:
            return ()
        bases = [child for child in node.named_children if child.type not in ("keyword_argument", "comment")]
        named = (base.child_by_field_name("value") or base if base.type == "subscript" else base for base in bases)
        return tuple(text_of(name) if name.type in ("identifier", "attribute") else "?" for name in named)


class View:
    """
    One file as questions of any language see it: its place, its lines, and what its comments silence.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.utf8 = source.utf8
        self.path = source.path
        self.role = role_of(source.path)
        self._lines: tuple[int, str] = (-1, "")

    @cached_property
    def silences(self) -> Silences:
        """What comments tell linters to leave alone."""
        return Silences(self.source)

    def line_text(self, line: int) -> str:
        """Return the text of *line*, counted from 1, stripped and cut to what an exemplar shows."""
        if self._lines[0] != line:
            starts = self.source.line_starts
            end = starts[line] if line < len(starts) else len(self.utf8)
            self._lines = (line, self.utf8[starts[line - 1] : end].strip()[:160].decode("utf-8", "ignore"))
        return self._lines[1]


class FileView(View):
    """
    One file of Python during its walk.
    """

    def __init__(self, source: Source, packages: Set[str] = frozenset()) -> None:
        super().__init__(source)
        self.packages = packages
        """The outermost packages of the repository."""
        self.module = module_of(source.path, packages)
        self.top: Frame | None = None
        """The innermost frame around the site that is visited."""
        self.docstrings: set[int] = set()
        """Where documentation strings start."""
        self.names: dict[str, str] = {}
        """What an imported name stands for, dotted; a relative import starts with dots."""
        self.types: list[tuple[int, int]] = []
        """Where annotations stand."""
        self.imports: list[tuple[int, int]] = []
        """Where import statements stand."""
        self._quotes: tuple[int, frozenset[str]] = (-1, frozenset())
        self._callees: tuple[int, str] = (-1, "")
        self._texts: tuple[int, str] = (-1, "")

    @cached_property
    def statements(self) -> list[Node]:
        """The module's own statements and comments."""
        return self.source.tree.root_node.named_children

    @cached_property
    def own_names(self) -> frozenset[str]:
        """The names that the module's own statements bind, imports left out."""
        return bound_in(self.statements)

    @cached_property
    def put_in_place(self) -> frozenset[str]:
        """The names of what is made an attribute of the same name: of what somebody else reads by it."""
        return frozenset(name.decode("utf-8", "replace") for name in PUT_IN_PLACE.findall(self.utf8))

    @cached_property
    def after_docstring(self) -> Node | None:
        """The module's first statement that is neither a comment nor its documentation string."""
        string = first_string(self.source.tree.root_node)
        past = string.end_byte if string is not None else 0
        return next((node for node in self.statements if node.type != "comment" and node.start_byte >= past), None)

    @cached_property
    def run_alone(self) -> list[tuple[int, int]]:
        """From where to where code stands that is run only where a person runs the module by itself."""
        guards = (node for node in self.statements if node.type == "if_statement")
        spans = ((node.child_by_field_name("condition"), node.end_byte) for node in guards)
        return [
            (asked.start_byte, end) for asked, end in spans if asked is not None and b"__main__" in (asked.text or b"")
        ]

    def is_silenced(self, asker: Convention, mark: Node | Part) -> bool:
        """Claim that a comment on the first line of *mark*, or the last of its string, silences what *asker* asks."""
        silences = self.silences
        if not silences or not (asker.linter_codes or asker.matter):
            return False
        string = mark.parent if mark.type == "string_start" else None
        first, last = mark.start_point.row + 1, (string or mark).end_point.row + 1
        codes = asker.linter_codes | FORMATTED if asker.matter else asker.linter_codes
        return silences.cover(codes, first) or (last > first and silences.cover(codes, last))

    @property
    def is_stub(self) -> bool:
        """Whether this is a type stub, to which most questions do not apply."""
        return self.path.endswith(".pyi")

    @property
    def definition(self) -> DefinitionFrame:
        """The function or class whose site is visited."""
        assert isinstance(self.top, DefinitionFrame)
        return self.top

    def frames(self) -> Iterator[Frame]:
        """Yield the frames around the site, inner before outer."""
        frame = self.top
        while frame is not None:
            yield frame
            frame = frame.outer

    def function(self) -> DefinitionFrame | None:
        """Return the innermost function around the site."""
        return self.top.own_function if self.top is not None else None

    def handler(self) -> Frame | None:
        """Return the innermost `except` clause around the site, inside the same function."""
        for frame in self.frames():
            if frame.kind == "except_clause":
                return frame
            if frame.kind in ("function_definition", "class_definition"):
                return None
        return None

    def is_interpolated(self) -> bool:
        """Claim that the site stands in a field of an f-string."""
        return self.top is not None and self.top.is_interpolated

    def text(self, node: Node) -> str:
        """Return the text of *node*, read once for all who ask about one site."""
        if self._texts[0] != node.id:
            # faster than the node's own text, which is read for every site
            self._texts = (node.id, self.utf8[node.start_byte : node.end_byte].decode("utf-8", "replace"))
        return self._texts[1]

    def needed_quotes(self, string: Node) -> frozenset[str]:
        """Return the quotes that open such parts of the text *string* is a part of as hold quotes themselves."""
        whole = string.parent
        if whole is None or whole.type != "concatenated_string":
            return frozenset()
        if self._quotes[0] != whole.id:
            texts = [text_of(part).lstrip("rRuUbBfFtT") for part in whole.named_children]
            self._quotes = whole.id, frozenset(text[0] for text in texts if {*text[1:-1]} & {'"', "'"})
        return self._quotes[1]

    def is_with_item(self, call: Node) -> bool:
        """Claim that *call*, which is visited, is what a `with` enters, at once or by the name that it is given."""
        top = self.top
        if top is not None and top.kind == "with_item" and top.node.start_byte == call.start_byte:
            return True
        given = call.parent if self.entered else None
        left = given.child_by_field_name("left") if given is not None and given.type == "assignment" else None
        return left is not None and left.text in self.entered

    @cached_property
    def entered(self) -> frozenset[bytes]:
        """The names in the heads of `with`, which it enters, or hands to what it enters."""
        return frozenset(name for head in heads_of_with(self.utf8) for name in NAME.findall(head))

    def callee(self, call: Node) -> str:
        """Return the dotted name that *call* calls, or nothing when it calls an expression."""
        if self._callees[0] != call.id:
            function = call.child_by_field_name("function")
            text = self.utf8[function.start_byte : function.end_byte] if function is not None else b""
            is_name = not text.translate(None, DOTTED) and not text[:1].isdigit()
            self._callees = (call.id, text.decode() if is_name else "")
        return self._callees[1]

    def resolve(self, dotted: str) -> str:
        """Return *dotted* with an imported first part replaced by what it stands for."""
        head, dot, rest = dotted.partition(".")
        known = self.names.get(head)
        return dotted if known is None else f"{known}{dot}{rest}"

    def is_built_in(self, name: str, site: Node) -> bool:
        """Claim that *name*, of something built in, is bound neither by the module nor by a class that *site* sees."""
        for frame in self.frames():
            if not isinstance(frame, DefinitionFrame):
                continue
            if frame.kind == "class_definition":
                if name in frame.members:
                    return False
            elif frame.body is not None and site.start_byte >= frame.body.start_byte:
                break  # a function's body does not see the names of the class around it
        return name not in self.own_names and name not in self.names

    def is_annotation(self, byte: int) -> bool:
        """Claim that *byte* lies in an annotation."""
        return lies_in(byte, self.types)

    def is_import(self, byte: int) -> bool:
        """Claim that *byte* lies in an import that the walk has passed."""
        return lies_in(byte, self.imports)


def heads_of_with(utf8: bytes) -> Iterator[bytes]:
    """Yield what stands between each `with` that opens a line and its colon."""
    last, found = 0, utf8.find(b"with")
    # the few lines with that word are found at a tenth of what a pattern that looks at every line costs
    while found >= 0:
        start = utf8.rfind(b"\n", 0, found) + 1
        head = WITH.match(utf8, start) if start >= last else None
        if head is not None:
            yield head[1]
            last = head.end()
        found = utf8.find(b"with", max(found + 4, last))


def bound_in(statements: Iterable[Node]) -> frozenset[str]:
    """Return the names that *statements* define or assign to."""
    found: set[str] = set()
    for statement in statements:
        inner = statement.named_children[-1] if statement.named_child_count else statement
        node = inner if statement.type in ("decorated_definition", "expression_statement") else statement
        name = node.child_by_field_name("left" if node.type == "assignment" else "name")
        if name is not None and name.type == "identifier":
            found.add(text_of(name))
    return frozenset(found)


def parameter_name(node: Node) -> str:
    """Return the name that a parameter node binds, stars left out."""
    match = WORD.search(node.text or b"")
    return match[0].decode() if match else ""


def lies_in(byte: int, spans: list[tuple[int, int]]) -> bool:
    """Claim that *byte* lies in one of *spans*, which are in order of their starts and may nest a few levels."""
    place = bisect_right(spans, byte, key=lambda span: span[0])
    return any(start <= byte < end for start, end in spans[max(0, place - 8) : place])


def is_shown(mark: Node | Part) -> bool:
    """Claim that the line on which *mark* starts holds all that starts with it: then the line shows an answer."""
    node = mark
    while node.parent is not None and node.parent.start_byte == mark.start_byte and not is_container(node.parent):
        node = node.parent
    return node.start_point.row == node.end_point.row


def is_container(node: Node) -> bool:
    """Claim that *node* holds one statement after another: a block, or the whole file."""
    return node.type == "block" or node.parent is None


def statement_edit(statement: Node) -> Edit:
    """Return the edit that takes *statement* out with the blanks after it, up to what follows."""
    following = statement.next_named_sibling
    return Edit(statement.start_byte, following.start_byte if following is not None else statement.end_byte, "")


def keyword_of(call: Node, name: str) -> Node | None:
    """Return the value that *call* gives to the parameter *name* by keyword."""
    arguments = call.child_by_field_name("arguments")
    for child in arguments.named_children if arguments is not None else ():
        if child.type == "keyword_argument" and child.named_children[0].text == name.encode():
            return child.named_children[-1]
    return None


def argument_after(call: Node, name: str) -> tuple[Edit, ...]:
    """Return the keyword *name* taken out of *call*, with the comma before it."""
    value = keyword_of(call, name)
    keyword = value.parent if value is not None else None
    before = keyword.prev_named_sibling if keyword is not None else None
    return (Edit(before.end_byte, keyword.end_byte, ""),) if keyword is not None and before is not None else ()


def decorator_name(decorator: Node) -> str:
    """Return the dotted name of a decorator, without the arguments."""
    return text_of(decorator).removeprefix("@").partition("(")[0].strip()


def first_string(block: Node) -> Node | None:
    """Return the string that opens *block* as a statement of its own: its documentation."""
    # one by one, for it is among the first
    opening = (block.named_child(place) for place in range(block.named_child_count))
    child = next((child for child in opening if child.type != "comment"), None)
    if child is None or child.type != "expression_statement" or child.named_child_count != 1:
        return None
    string = child.named_child(0)
    return string if string.type == "string" else None
