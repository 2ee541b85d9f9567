"""
Questions for any grammar, about the names of definitions. In: a source of any language. Out: choices. Rows Q01, Q02.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tree_sitter import Node

from ..source import field_of, text_of
from ..traits import GIVEN_NAMES, PROSE, SCRIPTS
from ..wording import all_of, any_of
from .anyfacts import last_part
from .anyview import AnyView, Name
from .chosen_names import own_names
from .convention import Choice, Edit, Examples, NeutralConvention, Place, noun_of
from .linters import GOLANGCI
from .naming import ACRONYMS, case_of, recase
from .neutral_declarations import THIS, TYPED

WORDS = re.compile(r"[A-Z]+(?![a-z])_*|[A-Z]?[a-z0-9]+_*")
MARKS = "#_~?!=$"
"""What opens or ends names by a rule of the language."""
BEFORE = re.compile(r"^(?:r#|@)?(?:(?:UNSAFE|experimental|internal|unsafe|unstable|__[a-zA-Z]+)_(?=[a-zA-Z]))?")
"""
What stands before a name: the sign of one that is a word of Rust or C#, the stage that libraries tell by it, and the
word behind two underscores that says for whom it is: `__forTesting_readAll`.
"""
BEHIND = re.compile(r"__[A-Z]+(?:_[A-Z]+)*$")
"""What stands behind a name, in capitals, as a warning to who uses it: `readAll__EXPERIMENTAL`, `Node__DO_NOT_USE`."""
COMPANION = b"Companion."
"""What stands before the name of what Kotlin adds to the companion of a class."""
MAKING = frozenset({"kotlin", "scala"})
"""Languages in which a function that makes an object of a type may be called like it."""
TOLD = frozenset({"java", "kotlin"})
"""Languages of which a test's name may tell in words what is to come of it, whatever the house calls its functions."""
PARTED = frozenset({"cpp", "csharp"})
MEMBERS = frozenset({"member_expression", "pair"})
"""Kinds of nodes in which a function of a script gets its name as a member of something."""
BETWEEN_DIGITS = re.compile(r"(?<=\d)_(?=\d)")
"""What keeps two numbers apart, in any case: `addsUpTo2_32`."""
COUNTED = re.compile(r"(?<=[a-z])_\d+$")
"""The number of one of several of a name, which shows no case: `Pattern_1`."""
PARTS = re.compile(r"(?:[A-Z][a-zA-Z\d]*_)+[A-Z][a-zA-Z\d]*$")
"""A name in parts, which there say what a caller has to know: `ReadAll_NeedsLock`, `NoBarrier_Next`."""
SNAKE = re.compile(r"[A-Za-z]\w*_\w+")
RUN = re.compile(rb"[@\[]\w*(?:Benchmark|Test)\b")
"""What marks a test, or a benchmark, where the path of its file does not say that it is one."""
OPERATOR = re.compile(r"operator\W")
"""What opens the name of an operator in C++, which the language gives."""
GO_TEST = re.compile(r"(?:Benchmark|Example|Fuzz|Test)(?![a-z])")
GO = {"camelCase": "MixedCaps", "CapWords": "MixedCaps"}
"""What Go calls the cases: that of the first letter says who may use a name, and is no choice."""
NAMING = frozenset(
    {"Camel", "ClassName", "FunctionName", "MethodName", "Naming", "TypeName", "VariableName", "_name", "camelCase"}
    | {"camelcase", "identifier-naming", "naming-convention", "ModuleName", "-naming", "name-conventions", "-name-"}
    | {"CA1707", "IDE1006", "SA1300", "camel_case_", "naming_convention", "identifier_names"}
    | {"class.name", "method.name", "object.name", "golint", "nosnakecase", *GOLANGCI}
)
"""
What the rules about names hold in theirs: of Biome, clang-tidy, Credo, ESLint, HLint, PHPCS, PHPMD, RuboCop, SwiftLint
and others; or how what finds them is called, where an order names that alone.
"""
CALLED = {"CapWords": "PascalCase"}
"""What other languages than Python call a case."""


class DefinitionCase(NeutralConvention):
    """How a definition's name is cased, for each kind of definition."""

    id = "Q01"
    name = "definition-case"
    question = "How is the name of a {key} cased?"
    never = frozenset({"mixed"})
    linter_codes = NAMING
    spared = frozenset({PROSE})
    version = 24
    examples = Examples(
        value="camelCase",
        key="function",
        path="src/a.js",
        conforms=("function readAll() {}",),
        departs=(
            "function read_all() {}",
            "function ReadAll() {}",
            "class A {\n  ReadAll() {\n    this.b;\n  }\n}\n",
            "function ReadAll() {}\n\nmodule.exports = ReadAll();\n",
            "setUp({\n  colorMap: colors,\n  read_first(a) {\n    f(a);\n  },\n});\n",
        ),
        nearly=(
            "const x = read_all();",
            "class Reader {}",
            "class A {\n  _read() {}\n}\n",
            "function LateOrder() {\n  this.rows = [];\n}\n",
            "function LateOrder() {}\nLateOrder.prototype = { a: 1 };\n",
            "function LateOrder() {}\n\nmodule.exports = LateOrder;\n",
            "function LateOrder() {}\n\nexport default LateOrder;\n",
            "export default function LateOrder() {}\n",
            "const formats = {\n  G: function () {\n    return 1;\n  },\n};\n",
            "Menu.LateOrder = () => {\n  f();\n};\n",
            "setUp({\n  color_map: colors,\n  read_first(a) {\n    f(a);\n  },\n});\n",
            "visit(tree, {\n  LateOrder: (node) => f(node),\n  NextOrder(node) {\n    f(node);\n  },\n});\n",
        ),
    )
    also = (
        Examples(
            value="camelCase",
            key="function",
            path="src/a.jsx",
            nearly=("export default function Field({ of }) {\n  return of;\n}\n",),
        ),
        Examples(
            value="PascalCase",
            key="class",
            path="lib/a.rb",
            departs=("class Late_Order\n  def f\n  end\nend\n",),
            nearly=("class URL\n  def f\n  end\nend\n", "class Rack::Builder\n  def f\n  end\nend\n"),
        ),
        Examples(
            value="PascalCase",
            key="module",
            path="lib/a.ex",
            departs=("defmodule Late_order do\n  def f, do: 1\nend\n",),
            nearly=("quote do\n  defimpl Late, for: unquote(order) do\n    def f, do: 1\n  end\nend\n",),
        ),
        Examples(
            value="snake_case",
            key="function",
            path="lib/a.rb",
            conforms=("def is_late?\n  1\nend\n",),
            departs=("def isLate?\n  1\nend\n",),
            nearly=(
                "def go_to_cWORD\n  a.cWORD\nend\n",
                "def late?\n  1\nend\n",
                "def _late\n  1\nend\n",
                "def ==(other)\n  1\nend\n",
                "def do_GET(request)\n  1\nend\n",
            ),
        ),
        Examples(
            value="snake_case",
            key="function",
            path="src/a.cc",
            conforms=("int next_item() {\n  return 1;\n}\n",),
            departs=("int nextItem() {\n  return 1;\n}\n",),
            nearly=(
                "char& operator[](int i) {\n  return data[i];\n}\n",
                "bool Ring::operator()(int i) const {\n  return i;\n}\n",
                "Ring& operator<<(Ring& a, int b) {\n  return a;\n}\n",
                "Ring::operator bool() const {\n  return n;\n}\n",
                "LateRing<T>::LateRing(int i) {\n  f();\n}\n",
                "LateRing::~LateRing() {\n  f();\n}\n",
            ),
        ),
        Examples(
            value="PascalCase",
            key="type",
            path="Sources/A.swift",
            conforms=("struct LateOrder {\n  var a = 1\n}\n",),
            departs=("struct Late_Order {\n  var a = 1\n}\n",),
            nearly=(
                "// swift-format-ignore: AlwaysUseLowerCamelCase\nstruct Late_Order {\n  var a = 1\n}\n",
                "import A\n\npublic extension Late_Order {\n  var a: Int {\n    1\n  }\n}\n",
            ),
        ),
        Examples(
            value="camelCase",
            key="function",
            path="Sources/A.swift",
            conforms=("func readAll() {\n    f()\n}\n",),
            departs=("func read_all() {\n    f()\n}\n", "func __forTesting_read_all() {\n    f()\n}\n"),
            nearly=("func __forTesting_readAll() {\n    f()\n}\n",),
        ),
        Examples(
            value="camelCase",
            key="function",
            path="src/A.java",
            conforms=("class A {\n  void readAll() {\n    f();\n  }\n}\n",),
            departs=("class A {\n  void ReadAll() {\n    f();\n  }\n}\n",),
            nearly=(
                "class LateOrder {\n  LateOrder(int a) {\n    f();\n  }\n}\n",
                "class A {\n  @Override\n  public void Read_All() {\n    f();\n  }\n}\n",
            ),
        ),
        Examples(
            value="PascalCase",
            key="method",
            path="Till.Tests/A.cs",
            conforms=("class A {\n    public void ReadsAll() { f(); }\n}\n",),
            departs=("class A {\n    public void reads_all() { f(); }\n}\n",),
            nearly=("class A {\n    public void ReadAll_WhenEmpty_Throws() { f(); }\n}\n",),
        ),
        Examples(
            value="PascalCase",
            key="class",
            path="Till.Tests/A.cs",
            conforms=("class LateOrder { void F() { g(); } }\n",),
            departs=("class late_order { void F() { g(); } }\n",),
            nearly=("class late_order { public string id { get; set; } }\n",),
        ),
        Examples(
            value="PascalCase",
            key="method",
            path="src/A.cs",
            conforms=(
                "class A {\n    void ReadAll() { f(); }\n}\n",
                "class A {\n    void ReadAll_1() { f(); }\n}\n",
            ),
            departs=("class A {\n    void Read_all() { f(); }\n}\n",),
            nearly=("class A {\n    void ReadAll_NeedsLock() { f(); }\n}\n",),
        ),
        Examples(
            value="PascalCase",
            key="local function",
            path="src/A.cs",
            conforms=("class A { void B() { void ReadAll() { f(); } } }\n",),
            departs=("class A { void B() { void readAll() { f(); } } }\n",),
            nearly=("class A { void B() { void ReadAll_NeedsLock() { f(); } } }\n",),
        ),
        Examples(
            value="PascalCase",
            key="property",
            path="src/A.cs",
            conforms=("class A {\n    bool IsLate => f();\n}\n",),
            departs=("class A {\n    bool is_late => f();\n}\n",),
            nearly=("class A {\n    bool IsLate_NeedsLock => f();\n}\n",),
        ),
        Examples(
            value="PascalCase",
            key="type",
            path="src/a.rs",
            conforms=("struct LateOrder {\n    a: u8,\n}\n",),
            departs=("struct late_order {\n    a: u8,\n}\n",),
            nearly=("mod late_orders {\n    fn f() {}\n}\n", "fn r#async() {}\n"),
        ),
        Examples(
            value="camelCase",
            key="function that is no component",
            path="src/a.tsx",
            conforms=("function readAll() {}",),
            departs=("function read_all() {}",),
            nearly=("function LateOrders() {\n  return <b />;\n}\n", "const LateOrders = () => {\n  g();\n};\n"),
        ),
        Examples(
            value="PascalCase",
            key="class",
            path="src/a.ts",
            conforms=("class LateOrder__DO_NOT_USE {}",),
            departs=("class late_order {}",),
        ),
        Examples(
            value="camelCase",
            key="function that is no component",
            path="src/a.ts",
            conforms=(
                "function readAll() {}",
                "function unstable_readAll() {}",
                "function $readAll() {}",
                "function $readAll__EXPERIMENTAL() {}",
                "class A {\n  #readAll() {\n    g();\n  }\n}\n",
            ),
            departs=("function read_all() {}", "class A {\n  #read_all() {\n    g();\n  }\n}\n"),
            nearly=(
                "function IsLate() {}",
                "const LATE_ORDERS = (a: string) => [a];",
                "interface readLate {\n  (a: string): void;\n}\n",
                "class A {\n  *[Symbol.asyncIterator]() {}\n}\n",
            ),
        ),
        Examples(
            value="camelCase",
            key="function",
            path="src/A.scala",
            conforms=("object A {\n  def readAll(b: Int) = f(b)\n}\n",),
            departs=("object A {\n  def read_all(b: Int) = f(b)\n}\n",),
            nearly=("object A {\n  def LateOrder(b: Int) = f(b)\n}\n",),
        ),
        Examples(
            value="PascalCase",
            key="class",
            path="src/A.scala",
            conforms=("class LateOrder(b: Int) {\n  def f = b\n}\n",),
            departs=("class late_Order(b: Int) {\n  def f = b\n}\n",),
            nearly=(
                "implicit class c_orderOps(b: c_order) {\n  def f = b\n}\n",
                "implicit class orderOps(b: Order) {\n  def f = b\n}\n",
            ),
        ),
        Examples(
            value="PascalCase",
            key="object",
            path="src/A.scala",
            conforms=("object LateOrder {\n  def f = 1\n}\n",),
            departs=("object late_order {\n  def f = 1\n}\n",),
            nearly=("object lateImplicits {\n  def f = 1\n}\n",),
        ),
        Examples(
            value="MixedCaps",
            key="function",
            path="orders/a.go",
            conforms=("package a\n\nfunc readAll() {}\n", "package a\n\nfunc ReadAll() {}\n"),
            departs=("package a\n\nfunc read_all() {}\n", "package a\n\nfunc Read_All() {}\n"),
            nearly=("package a\n\nfunc read() {}\n",),
        ),
        Examples(
            value="MixedCaps",
            key="function",
            path="orders/a_test.go",
            nearly=("package a\n\nfunc TestReadAll_empty(t *testing.T) {}\n",),
        ),
        Examples(
            value="camelCase",
            key="function",
            path="src/A.kt",
            conforms=("fun readAll() {\n    f()\n}\n", "fun addsUpTo2_32() {\n    f()\n}\n"),
            departs=("fun read_all() {\n    f()\n}\n",),
            nearly=(
                "fun LateOrder(id: Int): Order {\n    return f(id)\n}\n",
                "class A : B() {\n    override fun read_all() {\n        f()\n    }\n}\n",
                '@Suppress("FunctionName")\nfun read_all() {\n    f()\n}\n',
                "class A {\n    @Benchmark\n    fun start_lazily() {\n        f()\n    }\n}\n",
                "fun `reads_all of them$`() {\n    f()\n}\n",
                "fun `says a_) B`() {\n    f()\n}\n",
            ),
        ),
        Examples(
            value="camelCase",
            key="property",
            path="src/A.kt",
            conforms=("val A.lateOrder: B\n    get() = f()\n",),
            departs=("val A.LateOrder: B\n    get() = f()\n",),
            nearly=("val A.Companion.LateOrder: B\n    get() = f()\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the case of each name that shows one, and of which the case is free."""
        for name in own_names(file):
            bare = BEHIND.sub("", last_part(BEFORE.sub("", name.text)).strip(MARKS))
            text = BETWEEN_DIGITS.sub("", COUNTED.sub("", bare))
            case = case_of(text)
            if case and not is_unclear(name, text, case, file):
                language = file.source.language.name
                is_open = language in TYPED and name.kind == "function"
                kind = "function that is no component" if is_open else name.kind
                yield Choice(GO.get(case, case) if language == "go" else CALLED.get(case, case), name.node, kind)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the name in another case."""
        text = place.text.strip("\"'")
        name = recase(text, "snake_case" if value != "snake_case" else "CapWords")
        return place.instead(place.text.replace(text, name)) if name != text else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return self.advise_all([(value, key)])

    def shared(self, value: str, key: str) -> str:
        """Return what all its rules are about."""
        return "names"

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return how the names of several kinds of definitions are cased."""
        kinds: defaultdict[str, list[str]] = defaultdict(list)
        for value, key in rules:
            kinds[value].append(noun_of(key))
        return f"Name {all_of([f'{any_of(named)} in {value}' for value, named in kinds.items()])}."


def is_unclear(name: Name, text: str, case: str, file: AnyView) -> bool:
    """Claim that the *case* of a name's *text* says nothing of its author: it has several at once, or was not free."""
    # one word in lower case, or in capitals, one letter included, is several cases at once
    is_any = text.isalnum() and (text.islower() or text.isupper())
    is_type_like = case == "CapWords" and may_be_called_as_type(name, file)
    # a test says in parts what it calls, when, and what is to come of it
    is_told = "_" in text and (file.role == "tests" or is_run_by_mark(name, file))
    is_told &= case == "mixed" or file.source.language.name in TOLD
    is_parted = (
        name.kind in ("function", "local function", "method", "property") and file.source.language.name in PARTED
    )
    is_told |= is_parted and bool(PARTS.match(text))
    # Go's own tool asks for the parts of a test's name
    is_told |= file.source.language.name == "go" and GO_TEST.match(text) is not None
    # the type of a function may be called like it
    is_type_like |= name.kind == "interface" and case == "camelCase" and is_callable(name.node.parent)
    # what Kotlin adds to the companion of a class is called like what stands in it: a value, or an object
    is_type_like |= case == "CapWords" and file.utf8.endswith(COMPANION, 0, name.node.start_byte)
    # what is made a member of something is looked up by its name: a component, or what is done with a kind of nodes
    is_type_like |= case == "CapWords" and name.kind == "function" and is_member(name)
    is_type_like |= case == "snake_case" and has_beside(name, case)
    # data that a test reads is called as its format has it
    is_type_like |= case != "CapWords" and name.kind == "class" and file.role == "tests" and is_of_data(name)
    # nobody writes in capitals by accident
    is_any |= case == "UPPER_CASE" and name.kind == "function"
    # an object of Scala may be called like a value or a package, an implicit class like the function that it is
    is_type_like |= case == "camelCase" and (name.kind == "object" or (name.kind == "class" and is_implicit(name)))
    is_told |= case == "mixed" and (is_built_on(name) or holds_another(text, file))
    # what is quoted breaks the language's own rules on purpose, as a sign inside of a name does
    is_odd = "`" in text or "$" in text or name.text.startswith("[")
    # in a macro of Elixir, a name may be filled in
    is_odd |= text.startswith("unquote(")
    return is_told or is_any or is_type_like or is_odd or bool(ACRONYMS.fullmatch(text) or OPERATOR.match(text))


def is_run_by_mark(name: Name, file: AnyView) -> bool:
    """Claim that what stands before a name, in its definition, marks it as a test or a benchmark."""
    unit = name.node.parent
    return unit is not None and RUN.search(file.utf8, unit.start_byte, name.node.start_byte) is not None


def is_member(name: Name) -> bool:
    """Claim that a function of a script is made a member of something: `Menu.Item = () => …`, `{ Identifier() {} }`."""
    around = name.node.parent
    if around is not None and around.type == "method_definition":
        return around.parent is not None and around.parent.type == "object"
    return around is not None and around.type in MEMBERS


def has_beside(name: Name, case: str) -> bool:
    """Claim that a function of a script stands in an object another key of which has the same *case*: it is a table."""
    entry = name.node.parent
    table = entry.parent if entry is not None and entry.type in ("method_definition", "pair") else None
    if table is None or table.type != "object":
        return False
    keys = (field_of(each, "key") or field_of(each, "name") for each in table.named_children)
    words = [text_of(key).strip("\"'") for key in keys if key is not None]
    # one word in lower case shows none
    return sum("_" in word and case_of(word) == case for word in words) > 1


def is_of_data(name: Name) -> bool:
    """Claim that a class of C# has properties alone."""
    body = field_of(name.node.parent, "body")
    kinds = {child.type for child in body.named_children if not child.is_extra} if body is not None else set[str]()
    return kinds == {"property_declaration"}


def is_implicit(name: Name) -> bool:
    """Claim that a class is no more than what converts a value."""
    first = name.node.parent.named_children[:1] if name.node.parent is not None else []
    return any(each.type == "modifiers" and "implicit" in text_of(each) for each in first)


def holds_another(text: str, file: AnyView) -> bool:
    """Claim that what stands in a name behind words in lower case is a name of its own, by itself in the *file*."""
    first, *others = text.split("_")
    ends = ("_".join(others[place:]) for place, word in enumerate(others) if word)
    if not first.islower():
        return False
    for end in ends:
        if re.search(rb"(?<!\w)%b(?!\w)" % re.escape(end.encode()), file.utf8):
            return not end.islower()
    return False


def is_built_on(name: Name) -> bool:
    """Claim that a name begins with a word that its definition takes, as in `class epoll_eventOps(epoll_event: …)`."""
    taken = name.node.parent.named_children if name.node.parent is not None else ()
    words = (word for each in taken if "parameter" in each.type for word in SNAKE.findall(text_of(each)))
    return any(name.text.startswith(word) for word in words)


def may_be_called_as_type(name: Name, file: AnyView) -> bool:
    """Claim that a function's name may be a type's: of a component, a decorator, or what makes objects."""
    language = file.source.language.name
    is_open = language in MAKING or language in TYPED or file.has_jsx
    return name.kind == "function" and (is_open or (language in SCRIPTS and makes_objects(name, file)))


def makes_objects(name: Name, file: AnyView) -> bool:
    """
    Claim that a function of a script is called with `new`: it speaks of `this`, or has a prototype.

    Where it is all that a module exports, others may call it so.
    """
    unit = name.node.parent
    if unit is None or unit.type == "method_definition":
        return False
    text = re.escape(last_part(name.text).encode())
    made = rb"\bnew\s+%b\b|\b%b\.prototype\b|\bmodule\.exports\s*=\s*%b\b(?!\s*[.(])" % ((text,) * 3)
    made += rb"|\bexport\s+default\s+(?:function\s+)?%b\b" % text
    return bool(THIS.search(file.utf8, unit.start_byte, unit.end_byte) or re.search(made, file.utf8))


def is_callable(interface: Node | None) -> bool:
    """Claim that an *interface* says how something is called: it is the type of functions."""
    body = field_of(interface, "body")
    return body is not None and any(child.type == "call_signature" for child in body.named_children)


FOREIGN = re.compile(r"(?:JetBrains|Microsoft|System)(?:\.|$)|Mix\.")
"""
How namespaces of C#, and modules of Elixir, begin that are others': there stands what a compiler, a framework or a tool
looks for by its name.
"""
HOLDING = frozenset({"module", "namespace"})


class DefinitionAffix(NeutralConvention):
    """With which word the names of one kind of definition begin, and with which they end."""

    id = "Q02"
    name = "definition-affix"
    question = "Which word stands at {key}?"
    cap = "advise"
    least_support = 30.0
    is_mined = True
    linter_codes = NAMING
    spared = frozenset({GIVEN_NAMES, PROSE})
    version = 13
    examples = Examples(
        value="stg_",
        key="the beginning of the name of a function",
        path="models/a.js",
        conforms=("function stg_orders() {}",),
        departs=("function orders_all() {}", "function StgOrders() {}"),
        nearly=("function read() {}", "class Orders_all {}", "orders_all();"),
    )
    also = (
        Examples(
            value="View",
            key="the end of the name of a class",
            path="views/a.js",
            conforms=("class OrderView {}", "class LateOrderView {}"),
            departs=("class OrderPage {}", "class ViewOrder {}"),
            nearly=("class Order {}", "function showOrder() {}"),
        ),
        Examples(
            value="Test",
            key="the end of the name of a class",
            path="tests/OrderTest.php",
            nearly=("<?php\nclass FakeOrder\n{\n    private $a = 1;\n}\n",),
        ),
        Examples(
            value="Till",
            key="the beginning of the name of a namespace",
            path="src/A.cs",
            conforms=("namespace Till.Orders\n{\n    class A { void F() { g(); } }\n}\n",),
            departs=("namespace Orders.Late\n{\n    class A { void F() { g(); } }\n}\n",),
            nearly=(
                "namespace System.Diagnostics.CodeAnalysis\n{\n    class A { void F() { g(); } }\n}\n",
                "namespace JetBrains.Annotations\n{\n    class A { void F() { g(); } }\n}\n",
            ),
        ),
        Examples(
            value="Till",
            key="the beginning of the name of a module",
            path="lib/a.ex",
            conforms=("defmodule Till.Order do\n  def f, do: 1\nend\n",),
            departs=("defmodule Late.Order do\n  def f, do: 1\nend\n",),
            nearly=(
                "defmodule Mix.Tasks.Till.Open do\n  def f, do: 1\nend\n",
                "defmodule Till do\n  defmodule LateError do\n    def f, do: 1\n  end\nend\n",
            ),
        ),
        Examples(
            value="Append",
            key="the beginning of the name of an exported function",
            path="orders/a.go",
            conforms=("package a\n\nfunc AppendAll() {}\n",),
            departs=("package a\n\nfunc ReadAll() {}\n",),
            nearly=("package a\n\nfunc appendAll() {}\n", "package a\n\nfunc readAll() {}\n"),
        ),
        Examples(
            value="Shop",
            key="the beginning of the name of a module",
            path="lib/a.ex",
            conforms=("defmodule ShopWindow do\nend\n",),
            departs=("defmodule OldWindow do\nend\n",),
            nearly=("defmodule Mix.OldShop do\nend\n", "defimpl ShopWindow, for: BitString do\nend\n"),
        ),
        Examples(
            value="use",
            key="the beginning of the name of a function",
            path="src/a.tsx",
            conforms=("function useOrders() {}",),
            departs=("function readOrders() {}",),
            nearly=("function OrderList() {\n  return <b />;\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the first and the last of several words, with the mark that joins them to the others."""
        outermost = {unit.name.node.id for unit in file.outermost}
        for name in own_names(file):
            words = WORDS.findall(BEFORE.sub("", name.text))
            # what runs the tests knows their functions by a word
            is_given = file.role == "tests" and name.kind in ("function", "method")
            # inside of another one, its name is behind that one's
            is_given |= name.kind in HOLDING and (FOREIGN.match(name.text) is not None or name.node.id not in outermost)
            if len(words) > 1 and not is_given:
                kind, is_upper = noun_of(name.kind), words[0][0].isupper()
                # the first letter says in Go who may use a name, and of a function elsewhere that it is a component
                if file.source.language.name == "go":
                    begun = noun_of(f"{'exported' if is_upper else 'unexported'} {name.kind}")
                else:
                    begun = "" if is_upper and may_be_called_as_type(name, file) else kind
                if begun:
                    yield Choice(words[0], name.node, f"the beginning of the name of {begun}")
                # among tests, what is none of them is called in other ways
                if file.role != "tests":
                    yield Choice(words[-1].strip("_"), name.node, f"the end of the name of {kind}")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return another word in its place."""
        text = place.text.strip("\"'")
        is_lower = "beginning" in place.key and value.islower()
        other = f"{'other' if is_lower else 'Other'}{'_' if is_lower and value.endswith('_') else ''}"
        changed = text.replace(value, other, 1) if "beginning" in place.key else text.removesuffix(value) + other
        return place.instead(place.text.replace(text, changed)) if changed != text else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        end, _, name = key.removeprefix("the ").partition(" of ")
        return f"{'Begin' if end == 'beginning' else 'End'} {name} with `{value}`."
