"""
How messages begin and end that calls are given. In: a file of any language but Python. Out: its choices. Row Q30.

What is called says by its name that it takes a message: an error, a log, a check that fails, or a test. Asked is the
first text among its arguments, where that has several words. What begins with a name or a sign has no choice of its
own, and what is thrown in tests says nothing to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from ..wording import all_of
from .anyview import AnyView
from .convention import Choice, Edit, Examples, NeutralConvention, Place
from .docstrings import UNENDED
from .linters import GOLANGCI

LOWER, CAPITAL = "a lower-case letter", "a capital"
STOP, NO_STOP = "a full stop", "no full stop"
LETTER, END = "the first letter", "the end"
OF_TEXT = " of the text of "
"""What stands between the part that is asked about and the name of what is called."""
ANSWERS = {LETTER: frozenset({LOWER, CAPITAL}), END: frozenset({STOP, NO_STOP})}

ARGUMENTS = re.compile(r"(?:macro_argument_list|(?:value_)?arguments|(?:annotation_)?argument_list|token_tree)$")
"""Kinds of nodes that hold what is passed to a call."""
BETWEEN = re.compile(r"argument|binary|concat|expression|infix|literal|parens")
"""Kinds of nodes that may stand between those and a text: a single argument, and what texts are joined by."""
PREFIXED = frozenset({"interpolated_string_expression"})
"""Kinds of nodes that hold a text and the letter before it that says what is filled in: `s"…"`."""
LAMBDA = "lambda_literal"
"""A block that gives a message where one is needed: `require(a) { "…" }`."""
CALLED = re.compile(rb"(?:[\w$]+(?:\(\))?(?:\?\.|::|->|[.:]))?[\w$]+[!?]?(?:<[\w\s,.?]*>)?[ \t]*\Z")
"""What stands before the arguments: the name of what is called, with what it is called on."""
LONGEST = 100
"""Bytes of such a name."""
DEEPEST = 8
"""Levels between a text and what takes it."""
OWNER = r"(?:\w+(?:\(\))?(?:\??\.|::|->))"
"""What something is called on."""
MADE = re.compile(
    rf"{OWNER}?(?!(?i:assert|catch|check|expect|handle|has|is|match|on|set|should|test|to|verify|with))"
    r"\w*(?:Error|Exception|_error)(?:(?:\.|::)(?:custom|msg|New|new(?:_\w+)?))?"
    r"|errors\.(?:Errorf|New|WithMessagef?|Wrapf?)|fmt\.Errorf|raise|throw"
)
"""Names of what makes errors, or throws them."""
LEVEL = r"(?i:critical|debug|err(?:or)?|fatal|info(?:rmation)?|log|notice|panic|trace|warn(?:ing)?)(?:f|ln|w)?"
TOLD = re.compile(
    rf"{OWNER}{LEVEL}!?|(?i:log)_?{LEVEL}|(?=[a-z]){LEVEL}!?|{OWNER}?(?:Errf|(?:XCTF|[fF])ail(?:f|Now)?)"
    rf"|(?:anyhow|bail|ensure|eyre|todo|unimplemented|unreachable)!|[aA]bort|carp|croak|die"
    rf"|{OWNER}?(?:assertionFailure|fatalError|invariant|precondition(?:Failure)?|static_assert)"
    rf"|{OWNER}?(?:check(?:Argument|NotNull|State)?|require(?:No[nt]Null)?)"
)
"""Names of what takes other messages: logs, and checks that fail."""
TESTED = re.compile(r"(?:\w+\.)?(?:context|describe|it|should|specify|suite|test)|DisplayName")
"""Names of what takes the title of a test."""
OF_VALUES = {"rust": re.compile(rf"{OWNER}?(context|expect)")}
"""By language, what takes a message of any value that it is called on; elsewhere the names mean something else."""
FILLED = re.compile(r"(?:fmt\.Sprintf|(?:String\.)?format|v?sprintf)!?")
"""Names of what fills a text that it hands on."""
MARKED = re.compile(r"\.(?:only|skip|todo)$|<.*>$")
"""What stands behind a name and says nothing of the message."""
OPENING = re.compile(rb"""[A-Za-z@$]{0,2}#*("{3}|'{3}|"|'|`)""")
LABEL = re.compile(rb"\w+")
"""A text that says where a message belongs, such as the name of a category."""
FIRST = re.compile(rb"([A-Z]?[a-z]+(?:'[a-z]+)?|A),? (?![=<>|+*/&-]|\d)")
"""The first word of a sentence; a name has other signs in it or behind it."""
LAST = re.compile(rb"(?:^|[\s(])([A-Z]?[a-z]+(?:'[a-z]+)?)\)?(\.?)\Z")
"""The last word of a sentence, and the full stop."""
BREAK = re.compile(rb"[.!?](?:\s|\\n)")
"""What ends a sentence that another one follows: they need full stops between them, whatever the last one does."""
INITIAL = re.compile(rb"(?<!\S)[A-Za-z]")
QUOTES = (b"'", b'"', b"`")
NAMED = re.compile(r"\W")
"""What stands between the names in a path."""
ENDED = re.compile(rb"[\w$]\Z")
"""What stands before the end of a word."""
WITHIN = re.compile(rb"[a-z,] ")
"""What stands before a word within a sentence."""


class Message(NamedTuple):
    """
    A text that a call is given.
    """

    called: str
    """The name of what is called, with what it is called on."""
    text: bytes
    """Without quotes."""
    start: int
    token: Node
    is_first: bool
    """Whether the message begins with it."""
    is_last: bool
    """Whether the message ends with it."""


class MessageForm(NeutralConvention):
    """How the text begins and ends that an error, a log, a check or a test is given."""

    id = "Q30"
    name = "message-form"
    question = "What is {key}?"
    # what departs says the same
    cap = "advise"
    version = 2
    linter_codes = frozenset({"ST1005", "error-strings", "lowercase-name", "prefer-lowercase-title", *GOLANGCI})
    roles = frozenset({"src", "tests", "scripts"})
    values = (LOWER, CAPITAL, STOP, NO_STOP)
    examples = Examples(
        value=LOWER,
        key="the first letter of the text of `errors.New`",
        path="shop/a.go",
        conforms=(
            'package a\n\nvar b = errors.New("no such key")\n',
            'package a\n\nvar b = errors.New("no such key: " + c)\n',
            'package a\n\nvar b = errors.New(fmt.Sprintf("no such key: %s", c))\n',
        ),
        departs=(
            'package a\n\nvar b = errors.New("No such key")\n',
            "package a\n\nvar b = errors.New(`No such key`)\n",
        ),
        nearly=(
            'package a\n\nvar b = errors.New("URL has no host")\n',
            'package a\n\nvar b = errors.New("Shop has no door")\n\ntype Shop struct{}\n',
            'package a\n\n// in Paris, too\nvar b = errors.New("Paris has no door")\n',
            'package a\n\nvar b = errors.New("IDs are not unique")\n',
            'package a\n\nvar b = errors.New("Shop: no such key")\n',
            'package a\n\nvar b = errors.New("No key")\n',
            'package a\n\nvar b = c.Find("No such key")\n',
            'package a\n\nvar b = errors.New(c + "No such key")\n',
            'package a\n\nvar b = errors.New("No Such Key")\n',
        ),
    )
    also = (
        Examples(
            value=CAPITAL,
            key="the first letter of the text of `Error`",
            path="src/a.ts",
            conforms=(
                "throw new Error('No such key');\n",
                "throw new Error(`No such key: ${a}`);\n",
                "throw new Error(\n  'No such key: ' + a\n);\n",
            ),
            departs=("throw new Error('no such key');\n",),
            nearly=(
                "throw new Error('a.b is not set');\n",
                "throw new Error('size is not set');\nconst size = 1;\n",
                "run('git');\nthrow new Error('git is not there');\n",
                "throw new Error(`${a} is not set`);\n",
                "throw new Error('--now is not known');\n",
                "throw new Error('src is not there');\n",
                "throw new Error(a, find('no such key'));\n",
            ),
        ),
        Examples(
            value=CAPITAL,
            key="the first letter of the text of `Error`",
            path="src/a.test.ts",
            nearly=("f(new Error('my own error'));\n",),
        ),
        Examples(
            value=LOWER,
            key="the first letter of the text of `it`",
            path="src/a.test.ts",
            conforms=("it('reads all keys', () => {});\n", "it.only('reads all keys', () => {});\n"),
            departs=("it('Reads all keys', () => {});\n",),
            nearly=("it('GET reads all', () => {});\n", "it(`${a} Reads all`, () => {});\n"),
        ),
        Examples(
            value=LOWER,
            key="the first letter of the text of `expect`",
            path="src/a.rs",
            conforms=('fn f() {\n    g().expect("no such key");\n}\n',),
            departs=('fn f() {\n    g(a)\n        .expect("No such key");\n}\n',),
            nearly=('fn f() {\n    g().expect("Some(key) is there");\n}\n',),
        ),
        Examples(
            value=LOWER,
            key="the first letter of the text of `panic!`",
            path="src/a.rs",
            conforms=('fn f() {\n    panic!("no such key: {a}");\n}\n',),
            departs=('fn f() {\n    panic!("No such key: {}", a);\n}\n',),
            nearly=('fn f() {\n    panic!("{a} No such key");\n}\n',),
        ),
        Examples(
            value=CAPITAL,
            key="the first letter of the text of `raise`",
            path="lib/a.rb",
            conforms=('raise ArgumentError, "No such key"\n', 'raise "No such key"\n'),
            departs=('raise ArgumentError, "no such key"\n',),
            nearly=('raise ArgumentError, "a_b is not set"\n', 'warn "", "goes on like this"\n'),
        ),
        Examples(
            value=STOP,
            key="the end of the text of `ArgumentException`",
            path="src/A.cs",
            conforms=('class A { void F() { throw new ArgumentException("No such key.", nameof(a)); } }\n',),
            departs=('class A { void F() { throw new ArgumentException("No such key", nameof(a)); } }\n',),
            nearly=(
                'class A { void F() { throw new ArgumentException("No such key: " + a); } }\n',
                'class A { void F() { throw new ArgumentException("There is no A.B"); } }\n',
                'class A { void F() { throw new ArgumentException("There is none. So it goes"); } }\n',
                'class A { void F() { throw new ArgumentException("Is there none?"); } }\n',
                'class A { void F() { throw new ArgumentException("There is none of"); } }\n',
            ),
        ),
        Examples(
            value=NO_STOP,
            key="the end of the text of `logger.error`",
            path="src/A.java",
            conforms=(
                'class A { void f() { this.logger.error("No such key", e); } }\n',
                'class A { void f() { logger.error("The key " + a + " is none"); } }\n',
            ),
            departs=('class A { void f() { logger.error("No such key."); } }\n',),
            nearly=('class A { void f() { logger.error("No such key..."); } }\n',),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield how each message begins and ends, where it might do otherwise."""
        names: dict[bytes, bool] = {}
        for called, text, start, token, is_first, is_last in messages_in(file):
            first = FIRST.match(text) if is_first and not are_capitals(text) else None
            if first is not None:
                word = first[1]
                if word not in names:
                    names[word] = is_name(word, file)
                if not names[word]:
                    mark = file.part("text", token, start, start + len(word))
                    yield Choice(LOWER if word.islower() else CAPITAL, mark, f"{LETTER}{OF_TEXT}`{called}`")
            # nobody ends a title with one
            last = LAST.search(text) if is_last and not TESTED.fullmatch(called) else None
            if last is not None and last[1].decode() not in UNENDED and not BREAK.search(text):
                end = start + len(text)
                mark = file.part("text", token, end - 1, end)
                yield Choice(STOP if last[2] else NO_STOP, mark, f"{END}{OF_TEXT}`{called}`")

    def answers_to(self, key: str) -> frozenset[str]:
        """Return the answers about a beginning, or about an end; all where it is the rule as a whole."""
        return ANSWERS.get(self.topic(key).partition(OF_TEXT)[0], self.answers)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the letter in the other case, or the full stop put in or taken out; no fix, for others may read it."""
        if value in (LOWER, CAPITAL):
            return place.instead(place.text.lower() if value == LOWER else place.text.capitalize())
        if value == STOP:
            return (Edit(place.end, place.end, "."),)
        return place.instead("") if value == NO_STOP and place.text == "." else ()

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other letter, or the other end."""
        others = {LOWER: CAPITAL, CAPITAL: LOWER, STOP: NO_STOP, NO_STOP: STOP}
        return self.rewrite(place, others[value]) if value in others else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        part, _, called = key.partition(OF_TEXT)
        if part == END:
            return f"End the text of {called} {'with' if value == STOP else 'without'} a full stop."
        return f"Begin the text of {called} with {value}."

    def shared(self, value: str, key: str) -> str:
        """Return how they begin, or end."""
        return value

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return all whose texts begin, or end, in one way."""
        (value, key), *_ = rules
        named = all_of([key.partition(OF_TEXT)[2] for _, key in rules])
        return self.advice(value, f"{key.partition(OF_TEXT)[0]}{OF_TEXT}{named}")


def messages_in(file: AnyView) -> Iterator[Message]:
    """Yield the texts of several words that what takes a message is given first."""
    before: Node | None = None
    for token in file.strings:
        start, end = token.start_byte, token.end_byte
        above, before = before, token
        # most texts are none
        if file.utf8.count(b" ", start, end) < 2:
            continue
        opened, taker = OPENING.match(file.utf8, start, end), taker_of(token, file)
        if opened is None or taker is None:
            continue
        called = name_of_taker(taker.called, file)
        if called and not (above is not None and goes_on(above, taker, file)):
            text = file.utf8[opened.end() : end].rstrip(b"#").removesuffix(opened[1])
            yield Message(called, text, opened.end(), token, taker.is_first, taker.is_last)


def name_of_taker(called: str, file: AnyView) -> str:
    """Return how a rule names what is *called*, where that takes a message; nothing where it takes none."""
    of_values = OF_VALUES.get(file.source.language.name)
    found = of_values.fullmatch(called) if of_values is not None else None
    if found is not None:
        return found[1]
    of_role = TESTED if file.role == "tests" else MADE
    return called if TOLD.fullmatch(called) or of_role.fullmatch(called) else ""


def goes_on(before: Node, taker: Taker, file: AnyView) -> bool:
    """Claim that the text *before* another one is what the same call is given as its message."""
    if before.start_byte < taker.arguments.start_byte:
        return False
    other = taker_of(before, file)
    is_apart = other is not None and other.arguments == taker.arguments and other.argument != taker.argument
    return is_apart and not LABEL.fullmatch(file.utf8, before.start_byte + 1, before.end_byte - 1)


class Taker(NamedTuple):
    """
    What takes a text, and how.
    """

    called: str
    arguments: Node
    """What holds all that is passed."""
    argument: Node
    """What of that the text is, or is in."""
    is_first: bool
    is_last: bool


def taker_of(text: Node, file: AnyView) -> Taker | None:
    """Return what is called with *text*, whole or as the first or the last of what is joined; None where nothing is."""
    start, end = text.start_byte, text.end_byte
    is_first = is_last = True
    inner, node = text, text.parent
    for _ in range(DEEPEST):
        if node is None:
            return None
        if node.type in PREFIXED:
            start = node.start_byte
        if ARGUMENTS.fullmatch(node.type):
            called = called_before(node, file)
            if not FILLED.fullmatch(called):
                return Taker(called, node, inner, is_first, is_last)
            # the call stands for the text
            node = node.parent
            if node is not None:
                start, end = node.start_byte, node.end_byte
        elif node.type == LAMBDA and node.named_child_count == 1 and node.parent is not None:
            # that a call is given behind its brackets, or instead of them
            before = node.parent.prev_sibling
            passed = before.named_children[-1] if before is not None and before.type == "call_expression" else node
            return Taker(called_before(passed, file), node, inner, is_first, is_last)
        elif not BETWEEN.search(node.type):
            return None
        elif not node.type.endswith("argument"):
            is_first, is_last = is_first and node.start_byte == start, is_last and node.end_byte == end
        if node is not None:
            inner, node = node, node.parent
    return None


def called_before(arguments: Node, file: AnyView) -> str:
    """Return the name of what is called with *arguments*, with what it is called on; nothing where it has none."""
    byte = arguments.start_byte
    found = CALLED.search(file.utf8, max(0, byte - LONGEST), byte)
    name = found[0].decode("utf-8", "replace").strip() if found is not None else ""
    return MARKED.sub("", name)


def are_capitals(text: bytes) -> bool:
    """Claim that each word of *text* begins with a capital, as those of a title do."""
    return all(map(bytes.isupper, INITIAL.findall(text)))


def is_name(word: bytes, file: AnyView) -> bool:
    """Claim that *word* is a name in a file: of code, in its path, between quotes, or with a capital in a sentence."""
    if word.decode() in NAMED.split(file.path):
        return True
    utf8 = file.utf8
    for found in re.finditer(word + rb"(?![\w$])", utf8):
        start, end = found.span()
        before = utf8[max(0, start - 2) : start]
        if ENDED.search(before):
            continue
        if not file.is_opaque(start) or (before[-1:] in QUOTES and before[-1:] == utf8[end : end + 1]):
            return True
        if word[:1].isupper() and WITHIN.fullmatch(before):
            return True
    return False
