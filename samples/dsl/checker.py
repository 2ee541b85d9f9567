"""
tend's own checker. In: files of tend. Out: `file:line: message` for every mistake, and exit code 1 when there is one.

Standard library only, with a parser of its own, so that it says no to what the grammar alone would let pass: names that
nothing declares, quantities that do not fit, values that a dial cannot take, definitions that go round in circles.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

UNITS = {
    "C": ("temperature", 1), "%": ("share", 0.01), "lux": ("light", 1), "klux": ("light", 1000), "s": ("time", 1),
    "min": ("time", 60), "h": ("time", 3600), "ml": ("volume", 0.001), "l": ("volume", 1), "Pa": ("pressure", 1),
    "kPa": ("pressure", 1000), "bar": ("pressure", 100_000), "mS": ("salt", 1), "pH": ("acidity", 1),
    "ppm": ("gas", 1), "g": ("weight", 1), "kg": ("weight", 1000), "W": ("power", 1), "kW": ("power", 1000),
    "lpm": ("flow", 1), "": ("number", 1),
}  # fmt: skip
QUANTITIES = {quantity for quantity, _ in UNITS.values()}
DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
KEYWORDS = set(
    "sensor switch dial at let measure routine rule when for plan run each every from to set turn wait if else repeat"
    " times until within note alarm give or and not in is on off".split()
)
TOKEN = re.compile(
    r'(?P<blank>[ \t\r]+|#[^\n]*)|(?P<line>\n)|(?P<clock>\d\d:\d\d)|(?P<amount>\d+(?:\.\d+)?(?:%|[A-Za-z]+)?)'
    r'|(?P<string>"[^"\n]*")|(?P<word>[a-z_][a-z0-9_]*)|(?P<mark>\.\.|<=|>=|[-+*/<>(){}:,=])|(?P<bad>.)'
)
LEVELS = (("or",), ("and",), ("<", "<=", ">", ">=", "in", "is"), ("+", "-"), ("*", "/"))


class SyntaxFault(Exception):
    """The text is no tend; nothing after it can be judged."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


class Token(NamedTuple):
    kind: str
    text: str
    line: int


class Node(NamedTuple):
    """One construct: its kind, the line it starts on, and its parts."""

    kind: str
    line: int
    parts: tuple = ()


class Name(NamedTuple):
    """What a name stands for: its kind, its quantity, its parameters' quantities, and its bounds where it is a dial."""

    kind: str
    quantity: str | None = None
    parameters: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None


def read_tokens(text: str) -> list[Token]:
    tokens, line = [], 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or "bad"
        if kind == "line":
            line += 1
        elif kind == "bad":
            raise SyntaxFault(line, f"unexpected {match[0]!r}")
        elif kind != "blank":
            tokens.append(Token("keyword" if match[0] in KEYWORDS else kind, match[0], line))
    return [*tokens, Token("end", "the end", line)]


class Parser:
    """Recursive descent, one method a construct, in the order of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens, self.place = read_tokens(text), 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        self.place += self.next.kind != "end"
        return self.tokens[self.place - 1]

    def sees(self, *texts: str) -> bool:
        return self.next.text in texts and self.next.kind not in ("string", "end")

    def accepts(self, text: str) -> bool:
        return self.sees(text) and bool(self.take())

    def expect(self, text: str) -> Token:
        if not self.sees(text):
            raise SyntaxFault(self.next.line, f"expected {text!r}, found {self.next.text!r}")
        return self.take()

    def expect_kind(self, kind: str, what: str) -> str:
        if self.next.kind != kind:
            raise SyntaxFault(self.next.line, f"expected {what}, found {self.next.text!r}")
        return self.take().text

    def name(self) -> str:
        return self.expect_kind("word", "a name")

    def program(self) -> list[Node]:
        nodes = []
        while self.next.kind != "end":
            head = self.take()
            read = getattr(self, f"declare_{head.text}", None) if head.kind == "keyword" else None
            if read is None:
                raise SyntaxFault(head.line, f"expected a declaration, found {head.text!r}")
            nodes.append(Node(head.text, head.line, read()))
        return nodes

    def place_at(self) -> None:
        if self.accepts("at"):
            self.expect_kind("string", "a place in quotes")

    def declare_sensor(self) -> tuple:
        name, _, quantity = self.name(), self.expect(":"), self.name()
        self.place_at()
        return name, quantity

    def declare_switch(self) -> tuple:
        name = self.name()
        self.place_at()
        return (name,)

    def declare_dial(self) -> tuple:
        name, _, quantity, _ = self.name(), self.expect(":"), self.name(), self.expect("from")
        low, _, high = self.expression(), self.expect("to"), self.expression()
        self.place_at()
        return name, quantity, low, high

    def declare_let(self) -> tuple:
        name, _ = self.name(), self.expect("=")
        return name, self.expression()

    def declare_measure(self) -> tuple:
        name, parameters, _, quantity = self.name(), self.parameters(), self.expect(":"), self.name()
        return name, parameters, quantity, self.block()

    def declare_routine(self) -> tuple:
        return self.name(), self.parameters(), self.block()

    def declare_rule(self) -> tuple:
        name, _, condition = self.name(), self.expect("when"), self.expression()
        held = self.expression() if self.accepts("for") else None
        return name, condition, held, self.block()

    def declare_plan(self) -> tuple:
        name, _, entries = self.name(), self.expect("{"), []
        while not self.accepts("}"):
            entries.append(self.entry())
        return name, entries

    def parameters(self) -> list[tuple[str, str]]:
        def parameter() -> tuple[str, str]:
            name, _, quantity = self.name(), self.expect(":"), self.name()
            return name, quantity

        return self.listed(parameter)

    def listed(self, read) -> list:
        self.expect("(")
        found = []
        while not self.sees(")"):
            found.append(read())
            if not self.accepts(","):
                break
        self.expect(")")
        return found

    def entry(self) -> Node:
        line, days, every, clocks = self.next.line, [], None, []
        if self.accepts("every"):
            every = self.expression()
            if self.accepts("from"):
                clocks = [self.clock(), self.expect("to") and self.clock()]
        else:
            if self.accepts("each"):
                days.append(self.name())
                while self.accepts(","):
                    days.append(self.name())
            self.expect("at")
            clocks = [self.clock()]
        self.expect("run")
        return Node("entry", line, (days, every, clocks, self.call(self.name())))

    def clock(self) -> str:
        return self.expect_kind("clock", "a time of day")

    def block(self) -> list[Node]:
        self.expect("{")
        nodes = []
        while not self.accepts("}"):
            head = self.take()
            read = getattr(self, f"state_{head.text}", None) if head.kind == "keyword" else None
            if read is None:
                raise SyntaxFault(head.line, f"expected a statement, found {head.text!r}")
            nodes.append(Node(head.text, head.line, read()))
        return nodes

    def state_set(self) -> tuple:
        target, _ = self.name(), self.expect("to")
        return target, self.expression()

    def state_turn(self) -> tuple:
        return self.name(), self.on_or_off()

    def on_or_off(self) -> str:
        if not self.sees("on", "off"):
            raise SyntaxFault(self.next.line, f"expected 'on' or 'off', found {self.next.text!r}")
        return self.take().text

    def state_wait(self) -> tuple:
        return (self.expression(),)

    def state_run(self) -> tuple:
        return (self.call(self.name()),)

    def state_let(self) -> tuple:
        return self.declare_let()

    def state_if(self) -> tuple:
        condition, then, other = self.expression(), self.block(), []
        if self.accepts("else"):
            line = self.next.line
            other = [Node("if", line, self.state_if())] if self.accepts("if") else self.block()
        return condition, then, other

    def state_repeat(self) -> tuple:
        count, _ = self.expression(), self.expect("times")
        return count, self.block()

    def state_until(self) -> tuple:
        condition, _, limit = self.expression(), self.expect("within"), self.expression()
        return condition, limit, self.block()

    def state_note(self) -> tuple:
        self.expect_kind("string", "a text in quotes")
        values = []
        while self.accepts(","):
            values.append(self.expression())
        return (values,)

    def state_alarm(self) -> tuple:
        self.expect_kind("string", "a text in quotes")
        return ()

    def state_give(self) -> tuple:
        return (self.expression(),)

    def expression(self, level: int = 0) -> Node:
        if level == len(LEVELS):
            return self.unary()
        if level == 2 and self.sees("not"):
            return Node("not", self.take().line, (self.expression(level),))
        left = self.expression(level + 1)
        while self.sees(*LEVELS[level]):
            mark = self.take()
            if mark.text == "is":
                self.on_or_off()
                left = Node("is", mark.line, (left,))
            elif mark.text == "in":
                low, _, high = self.expression(level + 1), self.expect(".."), self.expression(level + 1)
                left = Node("in", mark.line, (left, low, high))
            else:
                left = Node(mark.text, mark.line, (left, self.expression(level + 1)))
        return left

    def unary(self) -> Node:
        token = self.take()
        if token.text == "-":
            return Node("negative", token.line, (self.unary(),))
        if token.text == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if token.kind == "amount":
            return Node("amount", token.line, (token.text,))
        if token.kind == "word":
            return self.call(token.text) if self.sees("(") else Node("name", token.line, (token.text,))
        raise SyntaxFault(token.line, f"expected a value, found {token.text!r}")

    def call(self, name: str) -> Node:
        line = self.tokens[self.place - 1].line
        return Node("call", line, (name, self.listed(self.expression)))


class Checker:
    """Judges a whole program: first what is declared, then every use of it."""

    def __init__(self, program: list[Node]) -> None:
        self.program = program
        self.faults: list[tuple[int, str]] = []
        self.names: dict[str, Name] = {}
        self.lines: dict[str, int] = {}
        self.values: dict[str, float | None] = {}
        self.calls: dict[str, dict[str, int]] = {}
        self.inside = ""

    def run(self) -> list[tuple[int, str]]:
        for node in self.program:
            self.declare(node)
        for node in self.program:
            self.inside = node.parts[0]
            getattr(self, f"check_{node.kind}")(node)
        self.find_circles()
        return sorted(set(self.faults))

    def blame(self, line: int, message: str) -> None:
        self.faults.append((line, message))

    def declare(self, node: Node) -> None:
        name = node.parts[0]
        if name in self.lines:
            self.blame(node.line, f"{name!r} is declared twice, first in line {self.lines[name]}")
            return
        self.lines[name] = node.line
        quantity, parameters = None, ()
        if node.kind in ("sensor", "dial"):
            quantity = self.quantity(node.parts[1], node.line)
        if node.kind in ("measure", "routine"):
            parameters = tuple(self.quantity(word, node.line) or "" for _, word in node.parts[1])
        if node.kind == "measure":
            quantity = self.quantity(node.parts[2], node.line)
        if node.kind == "let":
            # a constant sees only what stands above it, so constants cannot go round in circles
            quantity = self.judge(node.parts[1], self.names)
            self.values[name] = self.fold(node.parts[1])
        bounds = None
        if node.kind == "dial":
            low, high = (self.fold(part) for part in node.parts[2:])
            bounds = (low, high) if low is not None and high is not None else None
        self.names[name] = Name(node.kind, quantity, parameters, bounds)

    def quantity(self, word: str, line: int) -> str | None:
        if word not in QUANTITIES:
            self.blame(line, f"no quantity {word!r}; there are {', '.join(sorted(QUANTITIES))}")
            return None
        return word

    def check_sensor(self, node: Node) -> None:
        """A sensor is all said in its declaration."""

    check_switch = check_let = check_sensor

    def check_dial(self, node: Node) -> None:
        name, quantity, low, high = node.parts
        for bound in (low, high):
            self.require(bound, quantity, self.names, f"a bound of dial {name!r}")
        bounds = self.names[name].bounds
        if bounds is None:
            self.blame(node.line, f"the bounds of dial {name!r} must be fixed amounts")
        elif bounds[0] >= bounds[1]:
            self.blame(node.line, f"dial {name!r} goes from its high end to its low end")

    def check_measure(self, node: Node) -> None:
        name, parameters, quantity, block = node.parts
        scope = self.scope_of(parameters, node.line)
        self.check_block(block, scope, quantity)
        if not always_gives(block):
            self.blame(node.line, f"measure {name!r} does not always give a value")

    def check_routine(self, node: Node) -> None:
        _, parameters, block = node.parts
        self.check_block(block, self.scope_of(parameters, node.line), None)

    def check_rule(self, node: Node) -> None:
        name, condition, held, block = node.parts
        self.require(condition, "truth", self.names, f"the condition of rule {name!r}")
        if held is not None:
            self.require(held, "time", self.names, "what follows 'for'")
        self.check_block(block, dict(self.names), None)

    def check_plan(self, node: Node) -> None:
        if not node.parts[1]:
            self.blame(node.line, f"plan {node.parts[0]!r} is empty")
        for entry in node.parts[1]:
            days, every, clocks, call = entry.parts
            for day in days:
                if day not in DAYS:
                    self.blame(entry.line, f"no day {day!r}")
            if len(set(days)) < len(days):
                self.blame(entry.line, "a day is named twice")
            if every is not None:
                self.require(every, "time", self.names, "what follows 'every'")
            for clock in clocks:
                if not ("00:00" <= clock <= "23:59" and clock[3] < "6"):
                    self.blame(entry.line, f"no time of day {clock!r}")
            if len(clocks) == 2 and clocks[0] >= clocks[1]:
                self.blame(entry.line, f"{clocks[0]} to {clocks[1]} goes backwards")
            self.check_call(call, self.names, "routine")

    def scope_of(self, parameters: list[tuple[str, str]], line: int) -> dict[str, Name]:
        scope = dict(self.names)
        seen = set()
        for name, quantity in parameters:
            if name in seen or name in self.names:
                self.blame(line, f"{name!r} is declared twice")
            seen.add(name)
            scope[name] = Name("parameter", quantity if quantity in QUANTITIES else None)
        return scope

    def check_block(self, block: list[Node], scope: dict[str, Name], gives: str | None) -> None:
        scope = dict(scope)
        for place, node in enumerate(block):
            if place and always_gives(block[:place]):
                self.blame(node.line, "nothing after 'give' is ever done")
                break
            self.check_statement(node, scope, gives)

    def check_statement(self, node: Node, scope: dict[str, Name], gives: str | None) -> None:
        parts = node.parts
        if gives is not None and node.kind not in ("let", "if", "give", "note"):
            self.blame(node.line, f"a measure only looks; {node.kind!r} changes something")
        if node.kind in ("set", "turn"):
            self.check_target(node, scope)
        elif node.kind == "wait":
            self.require(parts[0], "time", scope, "what follows 'wait'")
        elif node.kind == "run":
            self.check_call(parts[0], scope, "routine")
        elif node.kind == "let":
            if parts[0] in scope:
                self.blame(node.line, f"{parts[0]!r} is declared twice")
            scope[parts[0]] = Name("value", self.judge(parts[1], scope))
        elif node.kind == "if":
            self.require(parts[0], "truth", scope, "what follows 'if'")
            self.check_block(parts[1], scope, gives)
            self.check_block(parts[2], scope, gives)
        elif node.kind == "repeat":
            self.require(parts[0], "number", scope, "how often to repeat")
            count = self.fold(parts[0])
            if count is not None and (count < 1 or count != int(count)):
                self.blame(node.line, f"cannot repeat {count:g} times")
            self.check_block(parts[1], scope, gives)
        elif node.kind == "until":
            self.require(parts[0], "truth", scope, "what follows 'until'")
            self.require(parts[1], "time", scope, "what follows 'within'")
            self.check_block(parts[2], scope, gives)
        elif node.kind == "note":
            for value in parts[0]:
                self.judge(value, scope)
        elif node.kind == "give":
            if gives is None:
                self.blame(node.line, "only a measure gives a value")
            self.require(parts[0], gives or "", scope, "what this measure gives")

    def check_target(self, node: Node, scope: dict[str, Name]) -> None:
        target = node.parts[0]
        wanted = "dial" if node.kind == "set" else "switch"
        found = self.look_up(target, node.line, scope)
        if found is not None and found.kind != wanted:
            self.blame(node.line, f"cannot {node.kind} {target!r}: it is a {found.kind}, not a {wanted}")
        elif found is not None and node.kind == "set":
            self.require(node.parts[1], found.quantity or "", scope, f"what {target!r} is set to")
            value = self.fold(node.parts[1])
            if value is not None and found.bounds and not found.bounds[0] <= value <= found.bounds[1]:
                self.blame(node.line, f"{target!r} cannot be set that far")
        elif node.kind == "set":
            self.judge(node.parts[1], scope)

    def look_up(self, name: str, line: int, scope: dict[str, Name]) -> Name | None:
        if name not in scope:
            self.blame(line, f"nothing is called {name!r}")
        return scope.get(name)

    def check_call(self, node: Node, scope: dict[str, Name], wanted: str) -> str | None:
        name, arguments = node.parts
        found = self.look_up(name, node.line, scope)
        if found is None or found.kind != wanted:
            if found is not None:
                self.blame(node.line, f"{name!r} is a {found.kind}, not a {wanted}")
            for argument in arguments:
                self.judge(argument, scope)
            return None
        self.calls.setdefault(self.inside, {}).setdefault(name, node.line)
        if len(arguments) != len(found.parameters):
            self.blame(node.line, f"{name!r} takes {len(found.parameters)} values, got {len(arguments)}")
        for argument, quantity in zip(arguments, found.parameters):
            self.require(argument, quantity, scope, f"what {name!r} is given")
        return found.quantity

    def require(self, node: Node, wanted: str, scope: dict[str, Name], what: str) -> None:
        found = self.judge(node, scope)
        if found and wanted and found != wanted:
            self.blame(node.line, f"{what} must be a {wanted}, got a {found}")

    def judge(self, node: Node, scope: dict[str, Name]) -> str | None:
        """Return the quantity of an expression, or None after blaming what is wrong with it."""
        kind, parts = node.kind, node.parts
        if kind == "amount":
            unit = re.sub(r"^[\d.]+", "", parts[0])
            if unit not in UNITS:
                self.blame(node.line, f"no unit {unit!r}")
            return UNITS.get(unit, (None,))[0]
        if kind == "name":
            found = self.look_up(parts[0], node.line, scope)
            if found is not None and found.kind in ("measure", "routine", "rule", "plan"):
                self.blame(node.line, f"{parts[0]!r} is a {found.kind}, not a value")
                return None
            return "switch" if found is not None and found.kind == "switch" else found and found.quantity
        if kind == "call":
            return self.check_call(node, scope, "measure")
        if kind == "is":
            self.require(parts[0], "switch", scope, "what is on or off")
            return "truth"
        if kind in ("and", "or", "not"):
            for part in parts:
                self.require(part, "truth", scope, f"each side of {kind!r}" if kind != "not" else "what follows 'not'")
            return "truth"
        found = [self.judge(part, scope) for part in parts]
        if None in found:
            return "truth" if kind in ("<", "<=", ">", ">=", "in") else None
        return self.combine(node, [quantity for quantity in found if quantity])

    def combine(self, node: Node, found: list[str]) -> str | None:
        kind, first = node.kind, found[0]
        if {"truth", "switch"} & set(found):
            self.blame(node.line, f"{kind!r} works on amounts")
            return None
        if kind == "/" and self.fold(node.parts[1]) == 0:
            self.blame(node.line, "division by zero")
        if kind in ("*", "/") and found[-1] == "number":
            return first
        if kind == "*" and first == "number":
            return found[1]
        if len(set(found)) > 1 or kind == "*":
            self.blame(node.line, f"{kind!r} does not fit a {first} and a {found[1] if found[1] != first else found[-1]}")
            return None
        if kind == "in":
            low, high = self.fold(node.parts[1]), self.fold(node.parts[2])
            if low is not None and high is not None and low >= high:
                self.blame(node.line, "this range is empty")
        return "truth" if kind in ("<", "<=", ">", ">=", "in") else "number" if kind == "/" else first

    def fold(self, node: Node) -> float | None:
        """Return the value of a fixed expression in its quantity's own unit, or None where only the house knows it."""
        kind, parts = node.kind, node.parts
        if kind == "amount":
            digits = re.match(r"[\d.]+", parts[0])[0]
            return float(digits) * UNITS.get(parts[0][len(digits) :], ("", 1))[1]
        if kind == "name":
            return self.values.get(parts[0])
        if kind == "negative":
            inner = self.fold(parts[0])
            return None if inner is None else -inner
        if kind not in ("+", "-", "*", "/"):
            return None
        left, right = self.fold(parts[0]), self.fold(parts[1])
        if left is None or right is None:
            return None
        if kind == "/":
            return left / right if right else None
        return left + right if kind == "+" else left - right if kind == "-" else left * right

    def find_circles(self) -> None:
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            for other, line in self.calls.get(name, {}).items():
                if other in (*path, name):
                    self.blame(line, f"{other!r} runs itself: {' -> '.join((*path, name, other))}")
                elif other not in done:
                    visit(other, (*path, name))
            done.add(name)

        for name in list(self.calls):
            if name not in done:
                visit(name, ())


def always_gives(block: list[Node]) -> bool:
    return any(
        node.kind == "give"
        or (node.kind == "if" and always_gives(node.parts[1]) and bool(node.parts[2]) and always_gives(node.parts[2]))
        for node in block
    )


def check_text(text: str) -> list[tuple[int, str]]:
    """Return (line, message) of every mistake in *text*, by line."""
    try:
        program = Parser(text).program()
    except SyntaxFault as fault:
        return [(fault.line, fault.message)]
    except RecursionError:
        return [(1, "nested too deep")]
    return Checker(program).run()


def main(files: list[str]) -> int:
    found = [(file, *fault) for file in files for fault in check_text(Path(file).read_text("utf-8"))]
    for file, line, message in found:
        print(f"{file}:{line}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
