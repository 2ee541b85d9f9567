"""
Logging. In: logger bindings, log calls, prints. Out: how the program says what it does. Rows L01, L02, L03.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from ..source import text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .view import FileView

LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"})
LOGGER = re.compile(r"(^|[._])(log|logger|logging|LOG|LOGGER)$")
MAKERS = frozenset({"getLogger", "get_logger"})
PLACEHOLDER = re.compile(r"%(\(\w+\))?[-#0 +]*[\d.*]*[sdrfxgiec]")
COMMAND_LINE = re.compile(r"(^|/)(cli|_cli|__main__|main|commands?|console|shell)(/|\.py$|_[^/]*\.py$)|_cli\.py$")


def is_logger(callee: str) -> bool:
    """Claim that a dotted name calls a logger's method."""
    owner, _, method = callee.rpartition(".")
    return method in LEVELS and LOGGER.search(owner) is not None


class LoggerBinding(Convention):
    """What a module's logger is called, and under which name it is asked for."""

    id = "L01"
    name = "logger-binding"
    question = "What is the {key} of a module's logger?"
    query = "(call) @site"
    callees = MAKERS
    least_support = 10.0
    version = 2
    examples = Examples(
        value="logger",
        key="name",
        conforms=("logger = logging.getLogger(__name__)", "logger = structlog.get_logger()"),
        departs=("log = logging.getLogger(__name__)", "LOG: Logger = logging.getLogger('a')"),
        nearly=("def f():\n    log = logging.getLogger('a')", "logging.getLogger('a').setLevel(1)", "x = y"),
    )
    also = (
        Examples(
            value="__name__",
            key="argument",
            conforms=("log = logging.getLogger(__name__)",),
            departs=("log = logging.getLogger('package')", "log = logging.getLogger()"),
            nearly=(
                "def f():\n    log = logging.getLogger('a')",
                "log = logging.getLogger(__name__.rpartition('.')[0])",
                "log = logging.getLogger('sweep')\n\nif __name__ == '__main__':\n    sweep()",
            ),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield the name and the argument of a logger that the top of a module binds."""
        assignment = site.parent
        if file.top is not None or assignment is None or assignment.type != "assignment":
            return
        left, arguments = assignment.named_children[0], site.child_by_field_name("arguments")
        if left.type != "identifier" or arguments is None:
            return
        yield Choice(text_of(left), left, "name")
        first = arguments.named_children[0] if arguments.named_child_count else None
        if first is None:
            yield Choice("nothing", arguments, "argument")
        else:
            given = "__name__" if text_of(first) == "__name__" else "a string" if first.type == "string" else "other"
            # what a person runs is called `__main__`, and a name that is worked out starts from the module's
            is_own = (given == "a string" and file.run_alone) or (given == "other" and "__name__" in text_of(first))
            if not is_own:
                yield Choice(given, first, "argument")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return another name, or a string as the argument."""
        if place.key == "name":
            return place.instead(f"the_{place.text}")
        return place.instead('"package"') if value == "__name__" else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Call a module's logger `{value}`." if key == "name" else f"Ask for a logger by {value}."


class LogArguments(Convention):
    """How values are put into a log message."""

    id = "L02"
    name = "log-arguments"
    question = "How are values put into a log message?"
    query = "(call) @site"
    callees = LEVELS
    linter_codes = frozenset(
        {"G001", "G002", "G003", "G004", "W1201", "W1202", "W1203"}
        | {"logging-format-interpolation", "logging-fstring-interpolation", "logging-not-lazy"}
    )
    never = frozenset({"% operator", "str.format", "concatenation"})
    version = 2
    values = ("arguments", "% operator", "f-string")
    examples = Examples(
        value="arguments",
        conforms=("logger.info('a %s', b)", "self.log.error('a %d %s', b, c, exc_info=True)"),
        departs=(
            "logger.info('a %s' % b)",
            "logging.info(f'a {b}')",
            "LOG.warning('a {}'.format(b))",
            "log.info('a' + b)",
        ),
        nearly=(
            "logger.info('a')",
            "math.log('a %s' % b)",
            "report.info('a %s' % b)",
            "logger.info(b)",
            "log.info('=' * 9)",
        ),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return how the message of a log call is filled, if it is."""
        message = message_of(site) if is_logger(file.callee(site)) else None
        if message is None:
            return None
        text = text_of(message)
        if message.type == "binary_operator":
            sides = message.named_children
            if not any("string" in side.type for side in sides):
                return None
            return {"%": "% operator", "+": "concatenation"}.get(message.children[1].type)
        if message.type == "call":
            return "str.format" if ".format(" in text and text[0] in "\"'(" else None
        if "string" not in message.type:
            return None
        if any(child.type == "interpolation" for child in message.children):
            return "f-string"
        following = message.next_named_sibling
        is_filled = following is not None and following.type not in ("keyword_argument", "comment")
        return "arguments" if is_filled and PLACEHOLDER.search(text) else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the level's name."""
        function = site.named_children[0]
        return function.child_by_field_name("attribute") or function

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the arguments made the operand of `%`."""
        call = place.inside("call")
        message = message_of(call) if call is not None else None
        rest: list[Node] = []
        following = message.next_named_sibling if message is not None else None
        while following is not None and following.type not in ("keyword_argument", "comment"):
            rest.append(following)
            following = following.next_named_sibling
        if message is None or not rest or value != "% operator":
            return ()
        return Edit(message.end_byte, rest[0].start_byte, " % ("), Edit(rest[-1].end_byte, rest[-1].end_byte, ",)")

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        how = {"arguments": 'as arguments: `logger.info("read %s", name)`', "f-string": "with f-strings"}
        return f"Put values into log messages {how.get(value, 'by ' + value)}."


class NoPrint(Convention):
    """Whether source files speak through a logger, or an echo helper, rather than `print`."""

    id = "L03"
    name = "no-print"
    question = "Through what does the program speak?"
    query = "(call) @site"
    callees = LEVELS | {"print", "echo", "secho"}
    linter_codes = frozenset({"T201"})
    never = frozenset({"print"})
    roles = frozenset({"src"})
    values = ("logger", "print")
    version = 2
    examples = Examples(
        value="logger",
        conforms=("logger.info('a')", "self.logger.debug(b)"),
        departs=("print('a')",),
        nearly=(
            "import math\nmath.log(2)",
            "console.print('a')",
            "pprint(a)",
            "print(a, file=stream)",
            "if __name__ == '__main__':\n    print('a')",
        ),
    )
    also = (Examples(value="logger", path="package/cli.py", nearly=("print('a')",)),)

    def is_asked(self, file: FileView) -> bool:
        """Claim that the file is no part of a command line, which speaks to a person."""
        return super().is_asked(file) and not COMMAND_LINE.search(file.path)

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return through what a call speaks, if it does."""
        callee = file.callee(site)
        if callee == "print":
            arguments = site.child_by_field_name("arguments")
            is_said = arguments is not None and b"file=" not in (arguments.text or b"")
            return "print" if is_said and not is_run_alone(site, file) else None
        if callee in ("click.echo", "click.secho", "typer.echo"):
            return "echo"
        return "logger" if is_logger(callee) else None

    def mark(self, site: Node, file: FileView) -> Node:
        """Return what is called."""
        return site.named_children[0]

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return `print` in place of the logger."""
        return place.instead("print") if value == "print" else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return "Speak through a logger, never through `print`." if value == "logger" else "Speak through `click.echo`."


def is_run_alone(site: Node, file: FileView) -> bool:
    """Claim that *site* stands in what a module does only where a person runs it by itself."""
    return any(start < site.start_byte < end for start, end in file.run_alone)


def message_of(call: Node) -> Node | None:
    """Return the message of a log call: its first argument, or the second of `log`, which takes the level first."""
    arguments = call.child_by_field_name("arguments")
    function = call.child_by_field_name("function")
    given = [child for child in arguments.named_children if child.type != "comment"] if arguments is not None else []
    place = 1 if function is not None and text_of(function).endswith(".log") else 0
    return given[place] if place < len(given) and given[place].type != "keyword_argument" else None
