"""
`use`: what stands before a call, and what the call is for -> the call. In: a mined file. Out: drafts, one a call site.

The names that are called are the house's own: imported from its modules, defined in the same file, or inherited from
one of its classes. What the call is for is said with the words of the callee's own documentation, once the whole
repository is indexed; the answer is the statement that the caller really holds, or its head where it has a block.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tree_sitter import Node

from ..api import RECEIVER, Lookup, Symbol
from ..conventions.facts import CallFact, ClassFact
from ..definitions import WRAPPERS, Definition
from ..skeleton import head_text
from ..source import Source, Span, indent_of
from .house_names import HouseNames, house_names
from .kind import Draft, Example, Kind, MinedFile, draft_at, phrase

ASK = "\0"
"""Stands in an unfinished instruction for the words that the index will give."""
PURPOSES = (
    "Use `{name}{signature}` to {purpose}.",
    "Now {purpose}, with `{name}{signature}`.",
    "Call `{name}{signature}` to {purpose}.",
)
PLAIN = (
    "Use `{name}{signature}` here{summary}.",
    "Call `{name}{signature}` here{summary}.",
    "Here `{name}{signature}` is used{summary}.",
)
BEFORE = 700
"""Bytes of the caller before the statement; of more, whole statements are left out, the first ones first."""
MOST_BEFORE = 1_400
"""Characters of what cannot be left out: the heads of the blocks around the statement, and the branches before its."""
MOST_LINES = 8
"""Lines of a statement that is one idea."""
AROUND = 40
"""Bytes of a statement around the call; more of them ask for something else, unless the call is a third of it all."""
MOST_CALLS = 2
"""Call sites taken from one function, so that long ones do not outweigh the others."""
LONGEST_SIGNATURE = 120
"""Characters; of a longer one the types are left out, and what does not fit then."""
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")
SPACED = re.compile(r"\s*=\s*")
PIECE = re.compile(r"\"[^\"]*\"|'[^']*'|[^\"'()\[\]{},:=]+|.", re.DOTALL)
"""What a list of parameters is told apart into: strings, signs, and what stands between them."""
NO_VERBS = frozenset(
    {"Alias", "App", "Async", "Base", "Class", "Context", "Contextmanager", "Convenience", "Currently", "Decorator"}
    | {"Dotted", "Either", "Factory", "For", "Function", "Given", "Helper", "Like", "Method", "Note", "Property", "Raw"}
    | {"Safe", "Same", "Serial", "Shortcut", "String", "The", "These", "This", "Typeguard", "Utility", "Version"}
    | {"When", "Whether", "Wrapper"}
)
ANNOTATED = re.compile(r"(\w+)\s*:\s*[\"']?(?:[\w.]+\.)?([A-Z]\w+)")
INHERITED = re.compile(r"(?<![\w.])self\.(\w+)(?=\()")
BINDING = re.compile(
    r"^[ \t]*(?:async )?(?:for ([^\n]+?) in |(\w+(?: *, *\w+)*)(?: *:[^=\n]+)? *=(?!=))"
    r"|\b(?:as|def|import) (\w+(?: *, *\w+)*)|(?<!\w)(\w+) *:=",
    re.MULTILINE,
)
"""What gives names a value."""
USED = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
BOUND = re.compile(r"(\w+)\s*(?::[^=]+)?=\s*(?:await\s+)?$")


class Site(NamedTuple):
    """
    A call of something that may be the house's.
    """

    rank: str
    """Decides, the same on every machine, which call sites of a function are taken."""
    span: Span
    callee: str
    """Dotted."""
    is_method: bool


class Heir(NamedTuple):
    """
    A class that derives from one of the house's: the dotted name of that, and its own methods.
    """

    base: str
    methods: frozenset[str]


def draft_use(mined: MinedFile) -> Iterator[Draft]:
    """Yield one draft per call site of the house's own API, at most `MOST_CALLS` a function."""
    source, facts = mined.source, mined.tally.facts if mined.tally is not None else None
    if facts is None or ASK in source.text:
        return
    names = house_names(mined, facts)
    calls: dict[str, list[CallFact]] = {}
    for call in facts.calls:
        if callee := names.dotted(call.callee):
            calls.setdefault(call.inside, []).append(call._replace(callee=callee))
    heirs = {fact.symbol: heir for fact in facts.classes if (heir := heir_of(fact, names)) is not None}
    for caller in mined.definitions:
        if caller.code is None or caller.has_error or caller.kind == "class":
            continue
        known = calls.get(caller.symbol, [])
        sites = [make_site(source, Span(call.start, call.end), call.callee, is_method=False) for call in known]
        sites += method_calls(source, caller, known)
        heir = heirs.get(caller.symbol.rpartition(".")[0]) if caller.kind == "method" else None
        if heir is not None:
            sites += inherited_calls(source, caller, heir)
        taken: set[int] = set()
        for site in sorted(sites):
            lines = statement_lines(source, caller, site.span) if len(taken) < MOST_CALLS else None
            if lines is None or lines.start in taken or site.callee.endswith(f".{caller.symbol}"):
                continue
            before = lines_before(source, caller, lines)
            if len(before) <= MOST_BEFORE and not lost_names(source, caller, lines, before):
                taken.add(lines.start)
                yield ask_for_call(source, caller, before, lines, site)


def method_calls(source: Source, caller: Definition, known: Sequence[CallFact]) -> Iterator[Site]:
    """Yield the calls of methods on names that the caller binds to a class: by annotation, or by calling it."""
    assert caller.code is not None
    classes: dict[str, str] = {}
    if caller.params is not None:
        classes.update((m[1], m[2]) for m in ANNOTATED.finditer(source.slice(caller.params)))
    for call in known:
        line = source.utf8[source.line_starts[call.line - 1] : call.start].decode("utf-8", "replace")
        if call.callee.rpartition(".")[2][:1].isupper() and (bound := BOUND.search(line)) is not None:
            classes[bound[1]] = call.callee
    if not classes:
        return
    text = source.slice(caller.code)
    for match in re.finditer(rf"(?<![\w.])({'|'.join(map(re.escape, sorted(classes)))})\.(\w+)(?=\()", text):
        yield method_site(source, caller.code, match, f"{classes[match[1]]}.{match[2]}")


def heir_of(fact: ClassFact, names: HouseNames) -> Heir | None:
    """Return what a class inherits from the first of its bases that is the house's; None where none is."""
    base = next((dotted for base in fact.bases if (dotted := names.dotted(base))), "")
    return Heir(base, frozenset(fact.methods)) if base else None


def inherited_calls(source: Source, caller: Definition, heir: Heir) -> Iterator[Site]:
    """Yield the calls, through `self`, of methods that the class around *caller* does not define."""
    assert caller.code is not None
    for match in INHERITED.finditer(source.slice(caller.code)):
        if match[1] not in heir.methods:
            yield method_site(source, caller.code, match, f"{heir.base}.{match[1]}")


def method_site(source: Source, code: Span, match: re.Match[str], callee: str) -> Site:
    """Return the call of the method *callee* where *match* was found in the text of *code*."""
    start = code.start + len(match.string[: match.start()].encode())
    return make_site(source, Span(start, start + len(match[0].encode())), callee, is_method=True)


def make_site(source: Source, span: Span, callee: str, *, is_method: bool) -> Site:
    """Return the call of *callee* at *span*."""
    digest = hashlib.blake2b(f"{source.path}:{span.start}".encode(), digest_size=8).hexdigest()
    return Site(digest, span, callee, is_method)


def statement_lines(source: Source, caller: Definition, call: Span) -> Span | None:
    """
    Return the whole lines of the statement around *call*, of one with a block those of its head.

    None where it is long, shares its lines, calls only under its head, or is mostly about something else.
    """
    assert caller.code is not None
    called = statement = source.tree.root_node.descendant_for_byte_range(call.start, call.end)
    while called is not None and called.end_byte == call.end:
        called = called.parent
    while statement is not None and (statement.parent is None or statement.parent.type != "block"):
        statement = statement.parent
    if called is None or statement is None:
        return None
    start, end = statement.start_byte, head_end(statement)
    if start < caller.code.start or not called.end_byte <= end <= caller.code.end:
        return None
    lines = source.lines_of(Span(start, end))
    alone = not source.utf8[lines.start : start].strip() and lines.end == end
    is_short = source.line_of(end - 1) - source.line_of(start) < MOST_LINES
    own = called.end_byte - called.start_byte
    return lines if alone and is_short and end - start - own <= max(AROUND, 2 * own) else None


def head_end(statement: Node) -> int:
    """Return where *statement* ends, of one with a block where its head does; 0 where no line parts the two."""
    inner = statement
    while inner.child_count == 1 or inner.type in WRAPPERS:
        inner = inner.children[-1]
    parts = [child for child in inner.children if child.type != "comment"]
    for head, block in pairwise(parts):
        if block.type == "block" and statement.start_point.row < statement.end_point.row:
            return head.end_byte if head.end_point.row < block.start_point.row else 0
    return statement.end_byte


def lines_before(source: Source, caller: Definition, lines: Span) -> str:
    """
    Return what stands in *caller* before *lines*, of more than `BEFORE` bytes the statements that stand next to them.

    What opens the blocks around *lines* stays, however long it is, so that what is left parses.
    """
    assert caller.code is not None
    if lines.start - caller.code.start <= BEFORE:
        return source.slice(Span(min(caller.code.start, lines.start), lines.start))
    first = lines.end - len(source.utf8[lines.start : lines.end].lstrip())
    node = source.tree.root_node.descendant_for_byte_range(first, first)
    end, room, parts = lines.start, BEFORE, list[str]()
    while node is not None and (block := node.parent) is not None and block.start_byte >= caller.body.start:
        if block.type == "block" and node.start_byte >= caller.code.start:
            starts = [source.line_starts[child.start_point.row] for child in block.named_children]
            own = source.line_starts[node.start_point.row]
            start = min(own, next((start for start in starts if end - start <= room), own))
            parts.append(source.slice(Span(start, end)))
            room -= end - start
            end = starts[0]
        node = block
    return "".join(reversed(parts))


def lost_names(source: Source, caller: Definition, lines: Span, before: str) -> set[str]:
    """Return the names on *lines* that the caller binds above, and of which nothing stands in what it kept *before*."""
    assert caller.code is not None
    above = source.slice(Span(min(caller.code.start, lines.start), lines.start))
    if len(before) == len(above):
        return set()
    missing = set(USED.findall(source.slice(lines))) - set(USED.findall(head_text(source, caller) + before))
    # what binds names is looked for last: that costs ten times as much, and little is ever missing
    missing = {name for name in missing if name in above}
    if not missing:
        return missing
    return missing & set(USED.findall(" ".join("".join(found) + " " for found in BINDING.findall(above))))


def ask_for_call(source: Source, caller: Definition, before: str, lines: Span, site: Site) -> Draft:
    """Return the unfinished draft that asks for the statement on *lines*, with the lines of the caller *before* it."""
    head = f"{head_text(source, caller)}{opening_of(source, caller)}"
    return draft_at(
        source,
        lines,
        kind="use",
        symbol=caller.symbol,
        instruction=f"{head}\n{before}{indent_of(source.slice(lines))}{source.language.comment} {ASK}",
        callee=site.callee,
        calls_method=site.is_method,
    )


def opening_of(source: Source, caller: Definition) -> str:
    """Return what stands between the head and the lines of the body, such as a brace; no documentation."""
    assert caller.code is not None
    if caller.doc is not None and caller.doc.start >= caller.head.end:
        return ""
    head = source.slice(caller.head)
    blanks = head[len(head.rstrip()) :]
    return (blanks + source.slice(Span(caller.head.end, max(caller.head.end, caller.code.start)))).rstrip()


def finish_use(draft: Draft, lookup: Lookup) -> Draft | None:
    """Return *draft* with its callee's words; None where that is not the house's, or is to be called no more."""
    symbol = lookup.find(draft.callee, is_method=draft.calls_method)
    if symbol is None or symbol.is_deprecated:
        return None
    return draft._replace(instruction=draft.instruction.replace(ASK, ask_with(symbol, draft)))


def ask_with(symbol: Symbol, draft: Draft) -> str:
    """Return the sentence that asks for a call of *symbol*."""
    given = RECEIVER.sub("(", symbol.signature) if symbol.kind == "method" else symbol.signature
    signature = given if len(given) <= LONGEST_SIGNATURE else without_types(given)
    house = draft.callee.partition(".")[0]
    is_named = symbol.summary.partition(" ")[0].lower() == house.lower()
    purpose = "" if symbol.kind == "class" or is_named else purpose_of(symbol.summary)
    chosen = phrase(draft.callee + draft.symbol + str(draft.start), PURPOSES if purpose else PLAIN)
    summary = f": {symbol.summary}" if symbol.summary else ""
    return chosen.format(name=symbol.name, signature=signature, purpose=purpose, summary=summary)


def without_types(signature: str) -> str:
    """Return the parameters of a long *signature* without their types; for those that do not fit stands a sign."""
    names, depth, is_type = [""], 0, False
    for piece in PIECE.findall(signature[1:]):
        if depth == 0 and piece in (",", ")"):
            names.append("")
            is_type = False
            continue
        if depth == 0 and piece in (":", "=") and "=" not in names[-1]:
            is_type = piece == ":"
        depth += (piece in OPENING) - (piece in CLOSING)
        names[-1] += "" if is_type else piece
    shown = [SPACED.sub("=", name.strip(), count=1) for name in names[:-1]]
    # an index keeps the beginning of what is longer still
    is_cut = bool(names[-1])
    while len(", ".join(shown)) > LONGEST_SIGNATURE - len("(, …)"):
        shown.pop()
        is_cut = True
    return f"({', '.join([*shown, *(['…'] if is_cut else [])])})"


def purpose_of(summary: str) -> str:
    """Return a summary as what one can be asked to do; nothing where it does not open with a verb, as far as told."""
    first, _, rest = summary.partition(" ")
    if not (first.isalpha() and first.istitle() and len(first) > 2 and rest) or first in NO_VERBS:
        return ""
    verb = first.lower()
    if verb.endswith("ies"):
        verb = verb[:-3] + "y"
    elif verb.endswith(("ches", "shes", "sses", "xes")):
        verb = verb[:-2]
    elif verb.endswith("s") and not verb.endswith("ss"):
        verb = verb[:-1]
    return f"{verb} {rest}"


KIND = Kind(
    name="use",
    teaches="to call what the house offers",
    made_of="Python and little else",
    more="mine more applications: idiolect mine APP… --api-from FRAMEWORK",
    draft=draft_use,
    finish=finish_use,
    examples=(
        Example(
            file=(
                'def fetch(url):\n    """Load the page at *url*."""\n    return opened(url)\n\n\n'
                "def read_title(url):\n    page = fetch(url)\n    return page.title\n"
            ),
            instruction="def read_title(url):\n    # Use `fetch(url)` to load the page at *url*.",
            response="    page = fetch(url)",
        ),
        Example(
            file=(
                'class Job:\n    def emit(self, event):\n        """Tell the ledger of *event*."""\n'
                "        self.ledger.append(event)\n\n\n"
                "class Close(Job):\n    def run(self, door):\n        self.lock(door)\n"
                "        self.emit('closed')\n\n    def lock(self, door):\n        door.key.turn()\n"
            ),
            instruction=(
                "    def run(self, door):\n        self.lock(door)\n"
                "        # Use `Job.emit(event)` to tell the ledger of *event*."
            ),
            response="        self.emit('closed')",
        ),
    ),
)
