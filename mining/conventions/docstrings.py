"""
Documentation strings. In: modules, classes, functions. Out: whether and how they are documented. Rows D01 to D06, D09.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from tree_sitter import Node

from ..formatters import QUOTES
from ..source import field_of, text_of
from .convention import Choice, Convention, Edit, Examples, Place
from .view import FileView, first_string, statement_edit

NUMPY = re.compile(
    r"^([ \t]*)(Parameters|Returns|Yields|Raises|Examples|Notes|See Also|References)[ \t]*\r?\n\s*-{3,}", re.MULTILINE
)
GOOGLE = re.compile(
    r"^([ \t]*)(Args|Arguments|Returns|Yields|Raises|Attributes|Example|Examples|Note):[ \t]*(?=\r?$)", re.MULTILINE
)
SPHINX = re.compile(r"^[ \t]*:(param|returns?|raises?|rtype|type)\b[^:\n]*:", re.MULTILINE)
FORMS = (("numpy", "---", NUMPY), ("google", ":", GOOGLE), ("sphinx", ":", SPHINX))
"""Names of forms, each with a sign without which a text is not worth searching."""
OPENING_QUOTES = re.compile(r"^[rRuUbBfF]*(\"\"\"|'''|\"|')")
NO_PROSE = re.compile(r"^\s*(>>>|-(?!\d)|\*(?!\*?\w)|[@+|=]|:(?![\w:.+-]+:`)|\.\. |\d+[.)]\s+\S|[A-Z]\w+:\s*$)")
"""
Lines at which the summary has ended without an empty line: lists, fields, directives, examples, sections; a line that
begins with a role such as :ref:`index`, an emphasised word or a number goes on.
"""
NO_WORD = re.compile(r"[/\\=@]|[^\W\d]\.\w|^-")
"""What addresses, paths, options and dotted names have, and words have not."""
LISTED = re.compile(r"^\s*([-+*]|\d+[.)])\s")
"""An item of a list."""
NO_SENTENCE = re.compile(r"[\w.]+\(.*\)\s*->|[^\W\dA-Z]\w*: ")
"""How a signature opens, and what is said of a parameter by its name."""
UNENDED = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "if", "in", "into", "of", "on", "or", "than", "the", "to"}
    | {"using", "via", "when", "whether", "with", "within"}
)
"""Words after which something is to follow."""
GOES_ON = re.compile(r"[ \t]*\r?\n\s*\n\s*[a-z]+ [a-z]")
"""A paragraph that begins within a sentence: formatters that want a summary of one line cut one off."""
READ = b"__doc__"
"""What reads documentation strings as the program runs, and may print them, or hold them against a text."""
UNDERLINE = re.compile(r"^\s*([-=~^*+#])\1{2,}\s*$")
"""What stands below a heading."""
LINE = 79
"""Characters of a line that every house allows: what is longer may have to stand apart from its quotes."""
SECTION = re.compile(r"^\s*(Parameters|Returns|Yields|Raises|Examples|Notes|See Also|References|Attributes)\s*$")
"""A heading by its words alone, however it is marked."""


class Documented(Convention):
    """Shared by the conventions that ask how a documentation string is written."""

    query = "(function_definition) @site (class_definition) @site"

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return what the documentation string of the definition, or of the module, answers."""
        string = documentation(site, file)
        return None if string is None else self.answer(file.text(string))

    def mark(self, site: Node, file: FileView) -> Node:
        """Return the string's opening quotes."""
        string = documentation(site, file)
        assert string is not None
        return string.children[0] if string.children else string

    def answer(self, text: str) -> str | None:
        """Return the answer for a string as it is written, quotes included."""
        raise NotImplementedError


class FunctionDocumented(Convention):
    """Whether public functions are documented."""

    id = "D01"
    name = "function-docstring"
    question = "Is a public function documented?"
    instruction = "Document every public function."
    fault = "this public function has no documentation string"
    query = "(function_definition) @site"
    linter_codes = frozenset({"D102", "D103", "C0116", "missing-function-docstring"})
    never = frozenset({"absent"})
    roles = frozenset({"src"})
    values = ("present", "absent")
    examples = Examples(
        value="present",
        conforms=('def read():\n    """Read."""', 'def read():\n    """Read."""\n    return 1'),
        departs=("def read():\n    return 1",),
        nearly=("def _read():\n    return 1", "def outer():\n    '''D.'''\n    def inner():\n        return 1"),
    )

    def choice(self, site: Node, file: FileView) -> str | None:
        """Return whether a public function or method, no accessor, has a documentation string."""
        frame = file.definition
        if not frame.is_public or frame.is_accessor or file.is_stub:
            return None
        return "absent" if frame.docstring is None else "present"

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the string taken out; what to say is not known."""
        body = field_of(place.inside("function_definition", "class_definition"), "body")
        string = first_string(body) if body is not None else None
        if value == "present" or string is None or string.parent is None:
            return ()
        if string.parent.next_named_sibling is None:
            return (Edit(string.start_byte, string.end_byte, "pass"),)
        return (statement_edit(string.parent),)


class ClassDocumented(FunctionDocumented):
    """Whether public classes are documented."""

    id = "D02"
    name = "class-docstring"
    question = "Is a public class documented?"
    instruction = "Document every public class."
    fault = "this public class has no documentation string"
    query = "(class_definition) @site"
    linter_codes = frozenset({"D101", "D106", "C0115", "missing-class-docstring"})
    examples = Examples(
        value="present",
        conforms=('class Reader:\n    """Read."""',),
        departs=("class Reader:\n    x = 1",),
        nearly=("class _Reader:\n    x = 1",),
    )


class ModuleDocumented(Convention):
    """Whether modules open with a documentation string."""

    id = "D03"
    name = "module-docstring"
    question = "Does a module open with a documentation string?"
    instruction = "Open every module with a documentation string."
    fault = "this module has no documentation string"
    query = "(module) @site"
    linter_codes = frozenset({"D100", "D104", "C0114", "missing-module-docstring"})
    cap = "advise"
    never = frozenset({"absent"})
    roles = frozenset({"src"})
    examples = Examples(
        value="present",
        conforms=('"""Read files."""\n\nimport os\n\nx = 1\n',),
        departs=("import os\n\nx = 1\n",),
        nearly=("# nothing here\n", "_x = 1\n"),
    )
    also = (Examples(value="present", path="package/__init__.py", nearly=("import os\n",)),)

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield whether a module that holds code has a documentation string; a package's face may do without."""
        string, first = first_string(site), file.after_docstring
        if string is not None:
            yield Choice("present", string.children[0])
        elif (
            first is not None
            and not file.path.endswith("__init__.py")
            and not file.is_stub
            and len(file.statements) > 1
        ):
            yield Choice("absent", first)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the string taken out, where code follows."""
        statement = place.inside("expression_statement")
        following = statement.next_named_sibling if statement is not None else None
        if value != "present" or statement is None or following is None or following.next_named_sibling is None:
            return ()
        return (statement_edit(statement),) if not place.source.path.endswith("__init__.py") else ()


class SectionStyle(Documented):
    """The form of sections."""

    id = "D04"
    name = "docstring-sections"
    question = "In which form are the sections of a documentation string written?"
    instruction = "Write the sections of documentation strings in {value} form."
    linter_codes = frozenset({"D406", "D407"})
    values = ("google", "numpy", "sphinx")
    examples = Examples(
        value="numpy",
        conforms=('def f(a):\n    """F.\n\n    Parameters\n    ----------\n    a : int\n    """',),
        departs=(
            'def f(a):\n    """F.\n\n    Args:\n        a: Int.\n    """',
            'def f(a):\n    """F.\n\n    :param a: Int.\n    """',
            'def f(a):\r\n    """F.\r\n\r\n    Args:\r\n        a: Int.\r\n    """\r\n',
        ),
        nearly=('def f(a):\n    """Parameters are read."""',),
    )  # fmt: skip

    def answer(self, text: str) -> str | None:
        """Return the one form that the text is written in."""
        if "\n" not in text:
            return None
        found = [name for name, sign, form in FORMS if sign in text and form.search(text)]
        return found[0] if len(found) == 1 else None

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the string with every section's head in another form."""
        string = place.inside("string")
        text = text_of(string) if string is not None else ""
        if value == "numpy":
            changed = NUMPY.sub(lambda head: f"{head[1]}{'Args' if head[2] == 'Parameters' else 'Returns'}:", text)
        elif value == "google":
            changed = GOOGLE.sub(lambda head: f"{head[1]}Parameters\n{head[1]}----------", text)
        else:
            changed = SPHINX.sub("    Args:\n", text)
        fits = string is not None and self.answer(changed) not in (None, value)
        return (Edit(string.start_byte, string.end_byte, changed),) if fits and string is not None else ()


class SummaryPlace(Convention):
    """Where the summary of a documentation string of several lines stands, and where its closing quotes do."""

    id = "D05"
    name = "docstring-layout"
    question = "Where does the {key} of a documentation string of several lines stand?"
    query = "(function_definition) @site (class_definition) @site"
    linter_codes = frozenset({"D200", "D209", "D212", "D213"})
    is_fixable = True
    version = 7
    values = ("on the first line", "on the second line", "alone on their line", "after the text")
    # PEP 257 leaves the summary's line to people, who go either way in most houses; of the closing quotes it says where
    advised = frozenset(values[:2])
    examples = Examples(
        value="on the first line",
        key="summary",
        conforms=('def f():\n    """Do.\n\n    More.\n    """',),
        departs=('def f():\n    """\n    Do.\n\n    More.\n    """',),
        nearly=(
            'def f():\n    """Do."""',
            'def f():\n    """\n    Do.\n    """',
            # no summary
            'def f():\n    """\n    .. deprecated:: 2\n        Do it otherwise.\n    """',
            'def f():\n    """\n    :param a: What is done.\n    :param b: How.\n    """',
        ),
    )
    also = (
        Examples(
            value="alone on their line",
            key="closing quotes",
            conforms=('def f():\n    """Do.\n\n    More.\n    """',),
            departs=('def f():\n    """Do.\n\n    More."""', 'def f():\n    """Do.\n\n    More. """'),
            nearly=('def f():\n    """Do."""',),
        ),
    )

    def choices(self, site: Node, file: FileView) -> Iterable[Choice]:
        """Yield both places, for strings of several lines; one line of text may stand on one line altogether (D12)."""
        string = file.definition.docstring
        whole = file.text(string) if string is not None else ""
        if string is None or "\n" not in whole or not string.children or is_one_line(string, whole):
            return
        text = content_of(whole)
        if not text.strip():
            return
        first, last = text.split("\n")[0], text.rpartition("\n")[2]
        if not NO_PROSE.match(text.strip().partition("\n")[0]):
            yield Choice(self.values[0 if first.strip() else 1], string.children[0], "summary")
        yield Choice(self.values[3 if last.strip() else 2], string.children[-1], "closing quotes")

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """
        Return the line end between the quotes and the text put in, or taken out.

        Only the line end and the string's own margin are taken out, so that either edit undoes the other: a blank line
        in between was written on purpose. The summary stays where its margin is not that of the lines below it: these
        would be read as further in, or out, than they were.
        """
        string = place.inside("string")
        data = place.source.utf8
        if string is None or READ in data:
            return ()
        before = data[data.rfind(b"\n", 0, string.start_byte) + 1 : string.start_byte]
        if before.strip():
            return ()
        gap = place.newline.encode() + before
        if place.key == "summary":
            after = data[place.end :]
            if not is_level(content_of(text_of(string)), before.decode()):
                return ()
            if value == self.values[1]:
                blanks = len(after) - len(after.lstrip(b" \t"))
                return () if after.startswith(b"\\") else (Edit(place.end, place.end + blanks, gap.decode()),)
            is_plain = after.startswith(gap) and after[len(gap) : len(gap) + 1].strip(b' \t\r\n"\\')
            return (Edit(place.end, place.end + len(gap), ""),) if is_plain else ()
        if value == self.values[2]:
            text = data[: place.start].rstrip(b" \t")
            return () if text.endswith(b"\\") else (Edit(len(text), place.start, gap.decode()),)
        # a quote or a backslash before the closing quotes would change the string
        is_plain = data[: place.start].endswith(gap) and data[: place.start - len(gap)][-1:].strip(b" \t\r\n\"'\\")
        return (Edit(place.start - len(gap), place.start, ""),) if is_plain else ()

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        verb = "stands" if key == "summary" else "stand"
        return f"the {key} {verb} {found} here, {wanted} in this codebase"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if key == "summary":
            return f"Begin a documentation string of several lines {value}."
        return f"Put the closing quotes of a documentation string of several lines {value}."


class SummaryEnd(Documented):
    """How the first sentence of a documentation string ends."""

    id = "D06"
    name = "docstring-summary-end"
    question = "Does the summary of a documentation string end with a full stop?"
    linter_codes = frozenset({"D400", "D415"})
    cap = "advise"
    never = frozenset({"without"})
    is_fixable = True
    values = ("full stop", "without")
    version = 9
    examples = Examples(
        value="full stop",
        conforms=('def f():\n    """Do it."""', 'def f():\n    """\n    Do it.\n\n    Then that\n    """'),
        departs=('def f():\n    """Do it"""', 'def f():\n    """Do it\n    :param a: b.\n    """'),
        nearly=(
            'def f():\n    """Why not?"""',
            'def f():\n    """"""',
            'def f():\n    """>>> f()\n    1"""',
            # a heading is no summary, and ends one
            'def f():\n    """\n    Returns\n    -------\n    int\n    """',
            'def f():\n    """\n    How it works\n    ============\n    Well\n    """',
            'def f():\n    """Do it.\n    Returns\n    -------\n    int\n    """',
            # a full stop would become a part of it
            'def f():\n    """See https://example.org/pull/12"""',
            'def f():\n    """Read etc/hosts"""',
            'def f():\n    """Put it on sys.path"""',
            'def f():\n    """Do it with --now"""',
            'def f():\n    """One of:\n    1) this\n    2) that\n    """',
            'def f():\n    """Go this way:\n        first > second\n    """',
            'def f():\n    """Claim that\n    - a is b\n    - b is c\n    """',
            'def f():\n    """Return,\n        a as it is, if\n    """',
            # no sentence
            'def f():\n    """f(a, b=()) -> object\n\n    Do it.\n    """',
            'def f(a):\n    """a: what is done"""',
            # the sentence goes on
            'def f():\n    """Do it. See\n    :ref:`index` for more.\n    """',
            'def f():\n    """Keep within\n    :attr:`LIMIT`, whatever comes\n    :py:meth:`read`\n    """',
            'def f():\n    """Do it with\n    *changes* applied.\n    """',
            'def f():\n    """Hand on\n    **given, too.\n    """',
            'def f():\n    """Wait for\n    2.5 seconds.\n    """',
            'def f():\n    """Hand on what was given to the\n\n    caller of this.\n    """',
            'def f():\n    """Mark what is decorated with\n    @it.\n    """',
            'def f():\n    """Find names, as in\n\n        [i for i in a]\n    """',
        ),
    )

    def answer(self, text: str) -> str | None:
        """Return how the first paragraph ends, unless with something that no sentence ends with."""
        end = summary_end(text)
        if end is None or not (text[end - 1].isalnum() or text[end - 1] == "."):
            return None
        last = text[:end].rstrip(".").split()[-1]
        if NO_WORD.search(last) or last in UNENDED or NO_SENTENCE.match(content_of(text).lstrip()):
            return None
        if text[end - 1] == ".":
            return "full stop"
        return None if GOES_ON.match(text, end) else "without"

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the full stop put in or taken out."""
        string = place.inside("string")
        text = text_of(string) if string is not None else ""
        end = summary_end(text)
        if string is None or end is None or READ in place.source.utf8:
            return ()
        byte = string.start_byte + len(text[:end].encode())
        if value == "full stop":
            return (Edit(byte, byte, "."),)
        return (Edit(byte - 1, byte, ""),) if text[end - 1] == "." and text[end - 2].isalnum() else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if value == "without":
            return "Leave the full stop out at the end of a documentation string's summary."
        return "End the summary of a documentation string with a full stop."


class DocstringQuotes(Documented):
    """Which quotes open a documentation string."""

    id = "D09"
    name = "docstring-quotes"
    question = "Which quotes open a documentation string?"
    instruction = "Open documentation strings with {value}."
    query = f"{Documented.query} (module) @site"
    linter_codes = frozenset({"D300", "Q002"})
    matter = QUOTES
    is_fixable = True
    values = ('"""', "'''")
    version = 3
    examples = Examples(
        value='"""',
        conforms=('def f():\n    """Do."""', 'def f():\n    r"""Do \\d."""', '# a\n"""Do."""\n\nimport a'),
        departs=("def f():\n    '''Do.'''", "def f():\n    'Do.'", 'def f():\n    "Do."', "'''\nDo.\n'''\nimport a"),
        nearly=("def f():\n    x = '''a'''\n    return x", "import a\n'''Do.'''", "x = '''a'''"),
    )

    def answer(self, text: str) -> str | None:
        """Return the quotes."""
        opening = OPENING_QUOTES.match(text)
        return opening[1] if opening else None

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return both quotes exchanged, where the text holds none."""
        string = place.inside("string")
        text = text_of(string) if string is not None else ""
        opening = OPENING_QUOTES.match(text)
        if string is None or opening is None or set(content_of(text)) & {'"', "'", "\\"}:
            return ()
        width, start = len(opening[1]), string.start_byte + opening.start(1)
        return Edit(start, start + width, value), Edit(string.end_byte - width, string.end_byte, value)


def documentation(site: Node, file: FileView) -> Node | None:
    """Return the documentation string of *site*, which is visited."""
    return first_string(site) if site.type == "module" else file.definition.docstring


def is_one_line(string: Node, text: str) -> bool:
    """Claim that a *string* of this *text* has one line of text, which fits on a line with its quotes."""
    bare = content_of(text).strip()
    width = string.start_point.column + len(bare) + len(text) - len(content_of(text))
    return bool(bare) and "\n" not in bare and ("\n" not in text or width <= LINE)


def is_level(content: str, margin: str) -> bool:
    """Claim that the lines below the first one of *content* that is not blank, if any, begin at *margin*."""
    below = [line.expandtabs() for line in content.strip().split("\n")[1:] if line.strip()]
    return not below or min(len(line) - len(line.lstrip()) for line in below) == len(margin.expandtabs())


def content_of(text: str) -> str:
    """Return what stands between the quotes of a string."""
    opening = OPENING_QUOTES.match(text)
    return text[opening.end() : -len(opening[1])] if opening else text


def summary_end(text: str) -> int | None:
    """
    Return where the first paragraph of a string ends, in characters of *text*.

    None for a string without one, and where a list goes on with it.
    """
    opening = OPENING_QUOTES.match(text)
    if opening is None:
        return None
    place, end = opening.end(), None
    lines = content_of(text).splitlines(keepends=True)
    for line, below in zip_longest(lines, lines[1:], fillvalue=""):
        if end is not None and LISTED.match(line):
            return None
        is_heading = UNDERLINE.match(below) or SECTION.match(line)
        if (not line.strip() and end is not None) or is_heading or NO_PROSE.match(line):
            break
        if line.strip():
            end = place + len(line.rstrip())
        if line.rstrip().endswith(":"):
            break  # what it announces is no part of the sentence
        place += len(line)
    return end
