"""
Text that is still being written. In: a language and what stands around a hole. Out: whether text can yet become code.

A prefix is viable when some continuation makes it a program. Tree-sitter's parser knows: an LR parser shifts no token
that cannot stand where it stands, so the first token it stumbles over is the first that is wrong, and where that is the
end of the text, nothing is wrong yet. The parser does not offer this as a value; it says it in its log, which is read
here. Trees of earlier, shorter text are used again, so that a check costs the new tokens and not the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import LogType, Parser, Tree

from .languages import Language
from .source import indent_of, parse_tree, whole_lines

PROCESS = re.compile(r"process version:\d+, version_count:\d+, state:(\d+), row:(\d+), col:(\d+)")
ONE_TOKEN = re.compile(r"\w+|[^\w\s]+")
DETECTED = "detect_error lookahead:"
END = "end"
CLOSERS = {"(": ")", "[": "]", "{": "}"}
STRINGS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
MOST_BYTES = 60_000
"""Of more than this before the hole its end is looked at: a check must stay cheaper than the token it judges."""


@dataclass
class Stumble:
    """
    Where a parse first went wrong in every reading of the text; `token` is empty where it did not.
    """

    state: int = 0
    row: int = 0
    column: int = 0
    reached: int = 0
    """Most characters from there on that were read to make the token, where that does not settle which it is."""
    token: str = ""
    seen: str = ""
    read: int = 0
    inner: int = 0
    """How often the generated lexer has been asked: a second time, where nothing that can stand here was found."""

    def hear(self, kind: LogType, message: str) -> None:
        """Take one line of the parser's log."""
        if self.token:
            return
        if kind == LogType.LEX:
            self.read += 1
        elif message[0] == "p" and (found := PROCESS.match(message)) is not None:
            self.state, self.row, self.column = int(found[1]), int(found[2]), int(found[3])
            self.inner = self.read = self.reached = 0
        elif message.startswith("lex_"):
            # the attempt before this one made no token
            if self.inner <= 1:
                self.reached = max(self.reached, self.read)
            self.read = 0
            self.inner += message.startswith("lex_internal")
        elif message.startswith(DETECTED):
            if not self.inner:
                # the language's own scanner made it, and may have made another with more text to read
                self.reached = max(self.reached, self.read)
            self.seen = message.removeprefix(DETECTED)
        elif message.startswith("resume"):
            # every version of the stack has stumbled: from here on the parser repairs
            self.token = self.seen


@dataclass
class Growth:
    """
    A hole that is being filled.
    """

    language: Language
    before: str
    """The file up to the hole."""
    after: str
    """The file from the hole on; empty where nothing is to follow yet."""
    near: str = field(init=False)
    """The end of `before`, as much of it as decides what fits in the hole."""
    grown: bytes = field(init=False)
    tree: Tree | None = field(default=None, init=False)
    parser: Parser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = Parser(self.language.grammar)
        self.grown = b""
        self.near = self.last_part()
        self.is_judge = self.allows("")
        """Whether what stands before the hole is itself viable; where it is not, nothing is ever refused."""

    def allows(self, text: str) -> bool:
        """Claim that *text* in the hole can be continued to something that parses."""
        if not getattr(self, "is_judge", True):
            return True
        # an unfinished character is no character yet
        data = (self.near + text.rstrip("\ufffd")).encode("utf-8", "replace")
        if self.is_viable(data):
            return True
        if self.tree is None:
            return False
        # parts of an old tree may be read in a way that the whole text is not: a refusal is made afresh
        kept, self.tree = self.tree, None
        if self.is_viable(data):
            return True
        self.tree = kept
        return False

    def is_viable(self, data: bytes) -> bool:
        """Claim that *data*, read with what is known of its beginning, goes wrong nowhere before its end."""
        stumble = self.parse_prefix(data)
        return not stumble.token or is_unfinished(stumble, data, self.language)

    def last_part(self) -> str:
        """
        Return the part of the text before the hole, from the start of a statement of the file, that decides what fits.

        All of it, up to `MOST_BYTES`, where the parser would not be in the same state behind that part.
        """
        before = self.before if len(self.before) <= MOST_BYTES else self.before[-MOST_BYTES:].partition("\n")[2]
        data = before.encode("utf-8", "replace")
        whole = self.parse_prefix(data)
        tree, self.tree, self.grown = self.tree, None, b""
        starts = [child.start_byte for child in tree.root_node.children if not child.start_point.column] if tree else []
        if whole.token not in ("", END) or not starts or not starts[-1]:
            return before
        part = data[starts[-1] :]
        found = self.parse_prefix(part)
        self.tree, self.grown = None, b""
        return part.decode() if (found.token, found.state) == (whole.token, whole.state) else before

    def parse_prefix(self, data: bytes) -> Stumble:
        """Parse *data*, with what is known of its beginning, and return where it stumbles."""
        stumble = Stumble()
        old = None
        if self.tree is not None and data.startswith(self.grown):
            old = self.tree.copy()
            end = point_at(self.grown, len(self.grown))
            old.edit(len(self.grown), len(self.grown), len(data), end, end, point_at(data, len(data)))
        self.parser.logger = stumble.hear
        tree = self.parser.parse(data) if old is None else self.parser.parse(data, old)
        del self.parser.logger
        if not stumble.token or stumble.token == END:
            self.tree, self.grown = tree, data
        return stumble

    def completes(self, text: str) -> bool:
        """Claim that *text* in the hole makes the whole parse, or that it cannot be told."""
        if not self.is_judge:
            return True
        tree = parse_tree((self.before + text + self.after).encode("utf-8", "replace"), self.language)
        return not tree.root_node.has_error

    def cut_to_whole(self, text: str) -> str:
        """Return *text* without its last lines, as few as make the whole parse; empty where none do."""
        lines = text.rstrip().split("\n")
        while lines and not self.completes("\n".join(lines)):
            lines.pop()
        return "\n".join(lines)

    def close_to_whole(self, text: str) -> str:
        """Return as many lines of *text* as make the whole parse once closed behind them; empty where none do."""
        lines = text.rstrip().split("\n")
        while lines and not self.completes(close_brackets(lines)):
            lines.pop()
        return close_brackets(lines)


def point_at(data: bytes, byte: int) -> tuple[int, int]:
    """Return the row and the column of *byte*."""
    return data.count(b"\n", 0, byte), byte - (data.rfind(b"\n", 0, byte) + 1)


def is_unfinished(stumble: Stumble, data: bytes, language: Language) -> bool:
    """Claim that the token that was stumbled over is the text's last one and can yet become a token that fits."""
    if stumble.token == END:
        return True
    line = data.split(b"\n", stumble.row)[-1]
    rest = line[stumble.column :].decode("utf-8", "replace")
    if not rest.strip() or stumble.reached >= len(rest):
        # a string that is still open, a number that ends in its point: the lexer ran out of text
        return True
    word = rest.lstrip()
    if not ONE_TOKEN.fullmatch(word):
        return False
    iterator = language.grammar.lookahead_iterator(stumble.state)
    names = () if iterator is None else tuple(iterator.names())
    # a keyword may become a name, a number a time of day; what else a word may become, the state knows
    if word.isidentifier() and stumble.token == word and any("identifier" in name for name in names):
        return True
    return word[0].isdigit() or any(name.startswith(word) and len(name) > len(word) for name in names)


def hole_for(language: Language, file: str, instruction: str) -> Growth:
    """Return the hole behind *instruction* at the end of *file*: what the instruction opens is closed behind it."""
    return Growth(language, f"{file}\n\n{instruction}\n" if file else f"{instruction}\n", closers_of(instruction))


def hole_at(language: Language, file: str, line: int) -> Growth:
    """Return the hole at *line* of *file*, counted from 1: that line moves down."""
    lines = whole_lines(file)
    return Growth(language, "".join(lines[: line - 1]), "\n" + "".join(lines[line - 1 :]))


def closers_of(text: str) -> str:
    """Return what closes the brackets that *text* leaves open."""
    return "\n" + "".join(closer for closer, _ in waiting_brackets(text.split("\n"))) + "\n"


def close_brackets(lines: Sequence[str]) -> str:
    """Return *lines* with what closes their brackets: on a line of its own where what it closes ends one."""
    text = "\n".join(lines)
    for closer, line in waiting_brackets(lines):
        opens_block = CLOSERS.get(line.rstrip()[-1:]) == closer
        text += f"\n{indent_of(line)}{closer}" if opens_block else closer
    return text


def waiting_brackets(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return what closes each bracket that *lines* leave open, with the line that opens it, the innermost first."""
    waiting: list[tuple[str, str]] = []
    for line in lines:
        for mark in STRINGS.sub("", line):
            if mark in CLOSERS:
                waiting.append((CLOSERS[mark], line))
            elif waiting and mark == waiting[-1][0]:
                waiting.pop()
    return waiting[::-1]
