"""
How a parameter of a type is called. In: a file of a language whose parameters have types. Out: its choices. Row Q29.

Of one type a house has mostly one short name, `ctx` or `c`, and whoever calls it otherwise chose no other part for it,
but another spelling. A name that is no part of its type's tells what the parameter is for, and is nobody's to correct.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from tree_sitter import Node, Query, QueryCursor

from ..definitions import MATCH_LIMIT
from ..languages import Language
from ..source import text_of
from ..wording import any_of
from .anyview import AnyView
from .convention import Choice, Edit, Examples, NeutralConvention, Place
from .linters import GOLANGCI

SCRIPT = """
(_ parameters: (formal_parameters [
  (required_parameter . pattern: (identifier) @name type: (type_annotation (_) @type))
  (optional_parameter . pattern: (identifier) @name type: (type_annotation (_) @type))])) @owner
"""
C = """
(function_declarator parameters: (parameter_list (parameter_declaration type: (_) @type
  declarator: [(identifier) @name (pointer_declarator declarator: (identifier) @name)]))) @owner
"""
REFERENCE = """
(function_declarator parameters: (parameter_list (parameter_declaration type: (_) @type
  declarator: (reference_declarator (identifier) @name)))) @owner
"""
GO = """
(_ parameters: (parameter_list (parameter_declaration name: (identifier) @name type: (_) @type))) @owner
(method_declaration
  receiver: (parameter_list (parameter_declaration name: (identifier) @name type: (_) @type)) @receiver) @owner
"""
RUST = """
(_ parameters: (parameters (parameter pattern: (identifier) @name type: (_) @type))) @owner
(closure_expression (closure_parameters (parameter pattern: (identifier) @name type: (_) @type))) @owner
"""
# a name without another for who calls is part of the call
SWIFT = """
(_ (parameter external_name: (_) . (simple_identifier) @name [(user_type) (optional_type)] @type)) @owner
"""
TAKEN = {
    "c": C,
    "cpp": C + REFERENCE,
    "csharp": "(_ parameters: (parameter_list (parameter type: (_) @type name: (identifier) @name))) @owner",
    "go": GO,
    "java": "(_ parameters: (formal_parameters (formal_parameter type: (_) @type name: (identifier) @name))) @owner",
    "kotlin": "(_ (function_value_parameters (parameter . (identifier) @name . (_) @type))) @owner",
    "php": "(_ parameters: (formal_parameters (simple_parameter type: (_) @type name: (variable_name) @name))) @owner",
    "rust": RUST,
    "swift": SWIFT,
    "tsx": SCRIPT,
    "typescript": SCRIPT,
    "zig": "(_ (parameters (parameter name: (identifier) @name type: (_) @type))) @owner",
}
"""By language, what finds the parameters that have a type; a member that a constructor declares by one is none."""
BEFORE = re.compile(r"(?:[&*?\s\\]|'\w+\s|(?:const|dyn|impl|inout|mut|struct)\b)+")
"""What stands before a type that says how it is passed."""
ARGUMENTS = re.compile(r"<.*>$|(?<=\w)\[[^]]+\]$", re.DOTALL)
"""What a generic type is given."""
PLAIN = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|\\)\w+)*")
GENERAL = re.compile(
    r"[A-Z]\d?|[fiu]\d+|(?:any|bool(?:ean)?|byte|char|double|float|u?int|integer|long|number|object|rune|short|s?size|str|string"
    r"|type|unknown|usize|void)?(?:8|16|32|64|128)?(?:_t)?|testing\.\w+"
    r"|Awaited|(?:Constructor)?Parameters|Exclude|Extract|(?:Instance|Return)Type|NonNullable|Omit|Partial|Pick|Readonly"
    r"|Record|Required",
    re.IGNORECASE,
)
"""
Types that say nothing of what is passed: those of numbers and texts, what stands for any, and what TypeScript makes of
other types; and those of Go's tests, which everybody calls alike.
"""
PREFIXED = frozenset({"csharp"})
"""Languages in which what stands for any type is called by a word behind a `T`."""
PREFIXED_TYPE = re.compile(r"T[A-Z]")
KINDS = frozenset({"impl", "interface", "t"})
"""Words that say at the end of a type's name what kind of type it is."""
WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z\d]+")
OVERRIDE = re.compile(rb"\b[oO]verride\b")
RECORD = "record_declaration"
"""The kind of what is no more than its parameters: they are its members, and are called so."""
SIGNS = "_$@"
"""What stands before a name that says something else than it: that nobody uses it, or that it is one."""
RECEIVER = "the receiver of a method"
SAME, BESIDE = "the name that it has in the type's other methods", " beside "
ROLE = "a name of its own"
"""What a parameter is called that is not called after its type."""
LETTERS = 2
"""A name of so many letters may stand for many types."""
MOST_NAMED = 6


class Taken(NamedTuple):
    """
    A parameter.
    """

    name: str
    node: Node
    type: str
    """Its type without what says how it is passed; empty where it is none that has one name."""
    is_receiver: bool


class ParameterName(NeutralConvention):
    """
    How a parameter is called that is called after its type.

    Left out is what is not free: where a function takes two of a type, or another takes the name, and what overrides;
    and what is told from others of its type by a word before, as in `parentCtx`.
    """

    id = "Q29"
    name = "parameter-name"
    question = "How is a parameter of type `{key}` called?"
    cap = "advise"  # what is called otherwise works
    linter_codes = frozenset({"ST1016", "receiver-naming", *GOLANGCI})
    version = 3
    asked = TAKEN.keys()
    defaults = frozenset({ROLE})
    is_mined = True
    null_share = 0.75
    examples = Examples(
        value="ctx",
        key="context.Context",
        path="orders/a.go",
        conforms=(
            "package a\n\nfunc f(ctx context.Context, id int) {}\n",
            "package a\n\ntype A interface {\n\tf(ctx context.Context)\n}\n",
        ),
        departs=(
            "package a\n\nfunc f(c context.Context) {}\n",
            "package a\n\nfunc f(w io.Writer) {\n\tg(func(context context.Context) {})\n}\n",
        ),
        nearly=(
            "package a\n\nfunc f(_ context.Context) {}\n",
            "package a\n\nfunc f(c context.Context, ctx *gin.Context) {}\n",
            "package a\n\nfunc f(old, c context.Context) {}\n",
            "package a\n\nfunc f() (c context.Context) {}\n",
            "package a\n\nfunc f(ctx context.Context) {\n\tg(func(c context.Context) {})\n}\n",
            "package a\n\nfunc (c *Cart) f(cx context.Context) {}\n",
            "package a\n\nfunc f(parentContext context.Context) {}\n",
            "package a\n\nfunc f(c2 context.Context) {}\n",
        ),
    )
    also = (
        Examples(
            value=SAME,
            key=RECEIVER,
            path="orders/a.go",
            conforms=("package a\n\nfunc (o *Order) f() {}\n\nfunc (o Order) g() {}\n\nfunc (o *Order) h() {}\n",),
            departs=("package a\n\nfunc (o *Order) f() {}\n\nfunc (o *Order) g() {}\n\nfunc (a *Order) h() {}\n",),
            nearly=(
                "package a\n\nfunc (o *Order) f() {}\n\nfunc (order *Order) g() {}\n",
                "package a\n\nfunc (o *Order) f() {}\n\nfunc (c *Cart) g() {}\n",
            ),
        ),
        Examples(
            value="f",
            key="fmt::Formatter",
            path="src/a.rs",
            conforms=("impl Display for A {\n    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {}\n}\n",),
            departs=("impl Display for A {\n    fn fmt(&self, fmt: &mut fmt::Formatter) -> fmt::Result {}\n}\n",),
        ),
        Examples(
            value="c",
            key="Context",
            path="src/a.ts",
            conforms=(
                "const f = (c: Context<A>, next: Next) => {}\n",
                "function f(c?: Context) {}\n",
                "function f(_c: Context) {}\n",
            ),
            departs=("const f = (context: Context) => {}\n", "class A {\n  f(ctx: Context) {}\n}\n"),
            nearly=(
                "function f(context: Context | null) {}\n",
                "function f(contexts: Context[]) {}\n",
                'function f(context: Context["context"]) {}\n',
                "class A {\n  constructor(private context: Context) {}\n}\n",
                "class A extends B {\n  override f(context: Context) {}\n}\n",
            ),
        ),
        Examples(
            value="t",
            key="ReturnType",
            path="src/a.ts",
            nearly=("function f(t: ReturnType<typeof read>) {}\n",),
        ),
        Examples(
            value="request",
            key="HttpServletRequest",
            path="src/A.java",
            conforms=("class A {\n  void f(final HttpServletRequest request) {}\n}\n",),
            departs=("class A {\n  void f(HttpServletRequest req) {}\n}\n",),
            nearly=(
                "class A {\n  @Override\n  void f(HttpServletRequest req) {}\n}\n",
                "record A(HttpServletRequest req) {}\n",
            ),
        ),
        Examples(
            value="chain",
            key="Interceptor.Chain",
            path="src/A.kt",
            conforms=("fun f(chain: Interceptor.Chain?) = g()\n",),
            departs=("fun f(c: Interceptor.Chain) = g()\n",),
            nearly=("class A : B {\n  override fun f(c: Interceptor.Chain) = g()\n}\n",),
        ),
        Examples(
            value="context",
            key="HttpContext",
            path="src/A.cs",
            conforms=("class A {\n    void F(HttpContext context) { g(); }\n}\n",),
            departs=("class A {\n    void F(HttpContext httpContext) { g(); }\n}\n",),
            nearly=(
                "class A {\n    override void F(HttpContext httpContext) { g(); }\n}\n",
                "record A(HttpContext HttpContext);\n",
            ),
        ),
        Examples(
            value="context",
            key="TContext",
            path="src/A.cs",
            nearly=("class A {\n    void F<TContext>(TContext ctx) { g(); }\n}\n",),
        ),
        Examples(
            value="$io",
            key="IOInterface",
            path="src/A.php",
            conforms=("<?php\nfunction f(?IOInterface $io) {}\n",),
            departs=("<?php\nfunction f(IOInterface $i) {}\n",),
            nearly=("<?php\nclass A {\n    function __construct(private IOInterface $i) {}\n}\n",),
        ),
        Examples(
            value="req",
            key="Request",
            path="Sources/A.swift",
            conforms=("func f(_ req: Request, to url: URI) {\n    g()\n}\n",),
            departs=("func f(of request: Request) {\n    g()\n}\n",),
            nearly=("func f(request: Request) {\n    g()\n}\n",),
        ),
        Examples(
            value="allocator",
            key="std.mem.Allocator",
            path="src/a.zig",
            conforms=("fn f(allocator: std.mem.Allocator) void {}\n",),
            departs=("fn f(alloc: std.mem.Allocator) void {}\n",),
        ),
        Examples(
            value="loop",
            key="uv_loop_t",
            path="src/a.c",
            conforms=("int f(uv_loop_t* loop);\n", "int f(const struct uv_loop_t *loop) {\n  return 1;\n}\n"),
            departs=("int f(uv_loop_t* lp);\n",),
        ),
        Examples(
            value="options",
            key="Options",
            path="src/a.cc",
            conforms=("int f(const Options& options) {\n  return 1;\n}\n",),
            departs=("int f(const Options& opt) {\n  return 1;\n}\n",),
            nearly=("struct A : B {\n  int f(const Options& opt) override;\n};\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield how each parameter is called that could be called after its type."""
        receivers: defaultdict[str, list[Taken]] = defaultdict(list)
        for own, around in functions_in(file):
            for taken in own:
                if taken.is_receiver and taken.type and taken.name:
                    receivers[taken.type].append(taken)
                elif is_free(taken, own, around) and (value := called(taken.name, taken.type)):
                    yield Choice(value, taken.node, taken.type)
        for found in receivers.values():
            (name, times), *others = Counter(taken.name for taken in found).most_common()
            if times > 1 and not others:
                yield Choice(SAME, found[0].node, RECEIVER)
            elif others and times > others[0][1]:
                odd = (taken for taken in found if taken.name != name)
                yield from (Choice(f"{taken.name}{BESIDE}{name}", taken.node, RECEIVER) for taken in odd)

    def suits(self, found: str, wanted: str) -> bool:
        """Claim that a parameter is called as others are, or for what it is there."""
        return found in (wanted, ROLE)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return another name after the type, or for a receiver."""
        key = self.topic(place.key)
        words = words_of(key)
        others = [words[-1], words[-1][0], "".join(words)] if key != RECEIVER else ["it"]
        sign = "$" if place.text.startswith("$") else ""
        return next((place.instead(sign + other) for other in others if sign + other != value), ())

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        if key == RECEIVER:
            here, _, there = found.partition(BESIDE)
            return f"{key} is called `{here}` here, `{there}` in the type's other methods"
        return f"a parameter of type `{key}` is called `{found}` here, `{wanted}` in this codebase"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Give {key} {value}." if key == RECEIVER else f"Call a parameter of type `{key}` `{value}`."

    def shared(self, value: str, key: str) -> str:
        """Return what is called, but for receivers, of which there is one rule."""
        return "" if key == RECEIVER else "a parameter"

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return how parameters of several types are called, those first whose type does not tell their name."""
        told = sorted(rules, key=lambda rule: is_spelt_out(*rule))
        most = MOST_NAMED if len(told) > MOST_NAMED + 1 else len(told)
        types: defaultdict[str, list[str]] = defaultdict(list)
        for value, key in told[:most]:
            types["like its type" if is_spelt_out(value, key) else f"`{value}`"].append(f"`{key}`")
        parts = [f"of {any_of(keys)} {name}" for name, keys in types.items()]
        if told[most:]:
            parts.append(f"those of {len(told) - most} other types as they are called elsewhere")
        parts[0] = f"Call a parameter {parts[0].replace('of ', 'of type ', 1)}"
        return f"{', '.join([*parts[:-1], f'and {parts[-1]}'] if len(parts) > 1 else parts)}."


def is_spelt_out(value: str, key: str) -> bool:
    """Claim that a name is that of its type, but for its case."""
    return value.strip(SIGNS).lower() == re.split(r"\W+", key)[-1].lower()


@cache
def query_of(language: Language) -> Query:
    """Return the query for the parameters of *language*, compiled once a process."""
    return Query(language.grammar, TAKEN[language.name])


def functions_in(file: AnyView) -> Iterator[tuple[list[Taken], list[Taken]]]:
    """Yield what each function of *file* that overrides none takes, and what those around it take."""
    open_ones: list[tuple[int, list[Taken]]] = []
    for owner, own in sorted(takers_in(file), key=lambda each: (each[0].start_byte, -each[0].end_byte)):
        while open_ones and open_ones[-1][0] <= owner.start_byte:
            open_ones.pop()
        around = [taken for _, all_taken in open_ones for taken in all_taken]
        open_ones.append((owner.end_byte, own))
        if not is_override(owner, own, file):
            yield own, around


def takers_in(file: AnyView) -> Iterable[tuple[Node, list[Taken]]]:
    """Return each function of *file*, or what stands for one, with what it takes, in no order."""
    found: dict[int, tuple[Node, list[Taken]]] = {}
    for _, captures in QueryCursor(query_of(file.source.language), match_limit=MATCH_LIMIT).matches(file.root):
        owner, name, kind = (captures[part][0] for part in ("owner", "name", "type"))
        if owner.type == RECORD:
            continue
        of = type_of(text_of(kind))
        # `A["b"]` is the type of a member
        if kind.type == "lookup_type" or (file.source.language.name in PREFIXED and PREFIXED_TYPE.match(of)):
            of = ""
        taken = Taken(text_of(name).lstrip("_"), name, of, "receiver" in captures)
        found.setdefault(owner.id, (owner, []))[1].append(taken)
    return found.values()


def is_override(owner: Node, own: Sequence[Taken], file: AnyView) -> bool:
    """Claim that a function says of itself that it overrides another, whose names it has."""
    # C++ says so behind the parameters
    end = owner.end_byte if owner.type == "function_declarator" else own[0].node.start_byte
    return OVERRIDE.search(file.utf8, owner.start_byte, end) is not None


@lru_cache(maxsize=4096)
def type_of(text: str) -> str:
    """Return a type without what it is given, and what says how it is passed; nothing where it is no type of one."""
    opening = BEFORE.match(text)
    name = ARGUMENTS.sub("", text[opening.end() if opening else 0 :].rstrip("?*& "))
    return name if PLAIN.fullmatch(name) and not GENERAL.fullmatch(name) else ""


@lru_cache(maxsize=4096)
def words_of(kind: str) -> tuple[str, ...]:
    """Return the words of the last name of a type, in lower case, without one for the kind of type that it is."""
    last = re.split(r"\W+", kind)[-1]
    words = [word.lower() for word in WORD.findall(last)] or [last.lower()]
    return tuple(words[:-1] if len(words) > 1 and words[-1] in KINDS else words)


def called(name: str, kind: str) -> str:
    """Return what a parameter is called, where that is after its type; nothing where it is one of several so called."""
    if is_after(name, kind):
        return name
    *others, last = WORD.findall(name.rstrip("0123456789")) or [""]
    is_told_apart = is_after(last, kind) and (bool(others) or name[-1].isdigit())
    return "" if is_told_apart else ROLE


@lru_cache(maxsize=16384)
def is_after(name: str, kind: str) -> bool:
    """Claim that a parameter is called after its type: by words of it, or by letters of them in their order."""
    letters = name.strip(SIGNS).replace("_", "").lower()
    words = words_of(kind)
    ends = (words[place:] for place, word in enumerate(words) if word.startswith(letters[:1]))
    return bool(letters) and any(is_within(letters, "".join(end)) for end in ends)


def is_within(letters: str, text: str) -> bool:
    """Claim that *letters* stand in *text* in their order."""
    place = -1
    for letter in letters:
        place = text.find(letter, place + 1)
        if place < 0:
            return False
    return True


def is_free(taken: Taken, own: Sequence[Taken], around: Sequence[Taken]) -> bool:
    """Claim that no other parameter keeps one from the name that those of its type have."""
    if not taken.type or not taken.name.strip(SIGNS):
        return False
    others = [other for other in (*own, *around) if other is not taken]
    return not any(is_like(other, taken) or may_take_name(other, taken) for other in others)


def is_like(other: Taken, taken: Taken) -> bool:
    """Claim that another parameter is of a type that is called alike."""
    return bool(other.type) and words_of(other.type)[-1] == words_of(taken.type)[-1]


def may_take_name(other: Taken, taken: Taken) -> bool:
    """Claim that the name of another parameter may be the one that is missing here."""
    is_own = len(other.name.strip(SIGNS)) > LETTERS and bool(other.type) and is_after(other.name, other.type)
    return not is_own and is_after(other.name, taken.type)
