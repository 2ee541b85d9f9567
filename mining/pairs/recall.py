"""
`recall`: what the house offers, and how it shows it. In: a mined file. Out: drafts without context, known by heart.

Three sources: the signature of what is public, in source files; the examples that documentation strings hold; in
Markdown, the code blocks with the document's title, the headings that they stand under, the block before them under the
same heading, for words refer to it, and the words before them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set

from ..definitions import Definition
from ..languages import Language
from ..roles import role_of, tells_of_changes
from ..source import Source, Span
from ..traits import OVERLOADS, SCRIPTS
from ..visibility import NAMED_SHOWN, exported_names, is_hidden
from .kind import Draft, Example, Kind, MinedFile, phrase

SIGNATURES = (
    "What is the signature of `{symbol}` in `{module}`?",
    "How is `{symbol}` of `{module}` declared?",
    "Recall the head of `{symbol}` from `{module}`.",
)
OVERLOADED = (
    "What are the signatures of `{symbol}` in `{module}`?",
    "How is `{symbol}` of `{module}` declared, each time?",
    "Recall the heads of `{symbol}` from `{module}`.",
)
EXAMPLES = (
    "Show how `{symbol}` of `{module}` is used.",
    "Give an example of `{symbol}` from `{module}`.",
)
FENCE = re.compile(
    r"^(?P<fence>```+|~~~+)[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*\r?$", re.M | re.S
)
UNDERLINED = r"(?:\A|(?<=\n\n)|(?<=\n\r\n))(?P<above>[^\s#>|*+`~=-][^\r\n]{0,99})\r?\n"
HEADING = re.compile(
    rf"^(?:(?P<marks>#{{1,6}})[ \t]+(?P<words>.+?)[ \t#]*|{UNDERLINED}(?:(?P<first>=+)|-{{2,}})[ \t]*)\r?$", re.M
)
TITLE = re.compile(
    r"^(?:(?:#[ \t]+|title:[ \t]*([\"'])?)(?P<title>.{1,100}?)(?(1)\1)[ \t#]*|" + UNDERLINED + r"=+[ \t]*)\r?$", re.M
)
"""The heading of a document, or its name in what stands before it for a generator of pages."""
FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n.*?^\1[ \t]*\r?$", re.M | re.S)
"""What stands before a document for a generator of pages."""
PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: (?P<code>.*))?$")
PROSE = 600
"""Characters of the words before a code block that are asked with."""
FEWEST_PARAMETERS = 8
"""Characters of a parameter list that is worth knowing: `(self)` is not."""
LONGEST_CODE = 1_500
WARNED = re.compile(
    r"(?:\b(?:avoid|bad|do not|don['’]t|incorrect|wrong)\b[^.\n]*:|❌[^\n]*"
    r"|(?:\A|\n\n)[^\w\n]*(?:avoid|do not|don['’]t|never)\b[^.\n]*\."
    r"|(?:\A|\n)[^\w\n]*(?:before|old(?: code| way)?|previously)[^\w\n]*)[*_]*\s*\Z",
    re.IGNORECASE,
)
WRONG = re.compile(
    r"^\s*(?://|#|--|/\*)\s*(?:❌|(?:bad|do not|don['’]t|incorrect|wrong)\b)"
    r"|[ \t](?://|#|--)[ \t]*(?:<-+[ \t]*)?(?:❌|(?:bad|deprecated|incorrect|obsolete|wrong)\b)[!.]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What says, before a block or in it, that it shows how things are not done, or were done once."""
OUTPUT = re.compile(
    r"(?:(?:\A|\n)[^\w\n]*(?:(?:example|expected|sample) )?output[^\w\n]*"
    r"|\b(?:outputs|prints|(?:should|will|you['’]ll) (?:get|see))\b[^.\n]*:)[*_]*\s*\Z",
    re.IGNORECASE,
)
"""What says that a block shows what a program wrote: nobody writes it, and no one knows it by heart."""
HIDDEN = re.compile(r"^[ \t]*#(?:[ \t][^\n]*)?(?:\n|\Z)", re.MULTILINE)
"""A line of an example of Rust that is compiled and not shown."""
ANOTHER = re.compile(rb"@(?:[\w.]+\.(?:setter|deleter)|(?:\w+\.)?overload)\b")
"""What decorates one more head of a property, or of a function whose own stands below."""


def draft_recall(mined: MinedFile) -> Iterator[Draft]:
    """Yield the questions that a file answers by heart."""
    if mined.source.language.name == "markdown":
        if not tells_of_changes(mined.source.path):
            yield from code_blocks(mined.source)
        return
    offers = role_of(mined.source.path) == "src"
    public = [each for each in public_definitions(mined.source, mined.definitions) if not each.has_error]
    overloads = overloaded(mined.source.language, public)
    for definition in public:
        if offers and definition.symbol not in overloads:
            yield from signature(mined.source, definition)
        elif offers:
            yield from signatures(mined.source, overloads[definition.symbol])
            overloads[definition.symbol] = []
        yield from documented_example(mined.source, definition)


def overloaded(language: Language, definitions: Sequence[Definition]) -> dict[str, list[Definition]]:
    """Return those of *definitions* that share a symbol, by it, where the *language* tells them apart as it does."""
    if OVERLOADS not in language.traits:
        return {}
    named: defaultdict[str, list[Definition]] = defaultdict(list)
    for definition in definitions:
        if definition.kind != "class":
            named[definition.symbol].append(definition)
    return {symbol: several for symbol, several in named.items() if len(several) > 1}


def signatures(source: Source, namesakes: Sequence[Definition]) -> Iterator[Draft]:
    """Yield the question for the heads of functions of one name: of one alone any would be the answer."""
    heads = [found for each in namesakes if (found := head_of(source, each)) is not None]
    texts = list(dict.fromkeys(text for _, text in heads))
    told = "\n".join(texts)
    if texts and len(told) <= LONGEST_CODE and any(map(is_worth_knowing, namesakes)):
        last, text = heads[-1]
        phrasings = OVERLOADED if len(texts) > 1 else SIGNATURES
        yield recalled(source, namesakes[0], phrasings, told, heads[0][0], last + text.count("\n"))


def public_definitions(source: Source, definitions: Sequence[Definition]) -> Iterator[Definition]:
    """Yield what can be reached by name from outside, where neither it nor what holds it says otherwise."""
    # what a module of Rust offers is often offered on by another one
    passes_on = source.language.name not in NAMED_SHOWN
    exported = exported_names(source)
    hidden: set[int | None] = set()
    for index, definition in enumerate(definitions):
        owner = None if definition.parent is None else definitions[definition.parent]
        kept = exported is not None and owner is None and not is_exported(source, definition, exported)
        if kept or (passes_on and definition.parent in hidden) or not is_public(source, definition, owner):
            hidden.add(index)
        else:
            yield definition


def is_exported(source: Source, definition: Definition, exported: Set[str]) -> bool:
    """Claim that an outermost definition is among the names that its module lets others use, or a part of one."""
    outermost = definition.symbol.partition(".")[0]
    stated = source.utf8.startswith(b"export", definition.span.start)
    return stated or outermost in exported or outermost in ("exports", "module")


def is_public(source: Source, definition: Definition, owner: Definition | None) -> bool:
    """Claim that a definition can be reached by name from outside, and does not say otherwise."""
    if definition.is_local or definition.is_hidden:
        return False
    params = definition.params or Span(definition.head.end, definition.head.end)
    before = words_to_name(source, definition, Span(definition.span.start, params.start))
    after = source.utf8[params.end : definition.head.end]
    around = None if owner is None else source.utf8[owner.head.start : owner.head.end]
    return not is_hidden(source.language.name, source.path, definition.symbol, before, after, around)


def is_worth_knowing(definition: Definition) -> bool:
    """Claim that nobody guesses the parameters of a definition."""
    params = definition.params
    return definition.kind != "class" and params is not None and params.end - params.start >= FEWEST_PARAMETERS


def signature(source: Source, definition: Definition) -> Iterator[Draft]:
    """Yield the question for the head of a function with parameters: its decorators belong to how it is declared."""
    if is_worth_knowing(definition) and (found := head_of(source, definition)) is not None:
        first, text = found
        yield recalled(source, definition, SIGNATURES, text, first, first + text.count("\n"))


def head_of(source: Source, definition: Definition) -> tuple[int, str] | None:
    """Return the first line of a function's head, and its text; None where it has none of its own."""
    params, head = definition.params, definition.head
    if params is None:
        return None
    if ANOTHER.search(source.utf8, definition.span.start, head.start) or is_setter(source, definition, params):
        return None
    end = min(head.end, definition.doc.start) if definition.doc and definition.doc.start > head.start else head.end
    first = source.line_of(definition.span.start)
    start = source.line_starts[first - 1]
    if source.utf8[start : definition.span.start].strip() or end < params.end:
        return None
    # what a comment says between the parameters and the body is no part of the head
    after = re.split(rf"\s{re.escape(source.language.comment)}", source.slice(Span(params.end, end)), maxsplit=1)[0]
    text = (source.slice(Span(start, params.end)) + after).rstrip().removesuffix(" =")
    return first, text


def is_setter(source: Source, definition: Definition, params: Span) -> bool:
    """Claim that a definition is what JavaScript or TypeScript sets a property with: it is declared as it is read."""
    before = words_to_name(source, definition, Span(definition.head.start, params.start))
    return source.language.name in SCRIPTS and b"set" in before.split()


def words_to_name(source: Source, definition: Definition, opening: Span) -> bytes:
    """Return what stands in *opening* before the name; a word before that may hold it: `private p(door)`."""
    return source.utf8[opening.start : opening.end].rpartition(definition.name.encode())[0]


def documented_example(source: Source, definition: Definition) -> Iterator[Draft]:
    """Yield the question for the first example, written as an interpreter's session, in the documentation."""
    if definition.doc is None or b">>>" not in source.utf8[definition.doc.start : definition.doc.end]:
        return
    code: list[str] = []
    first = last = 0
    for number, line in enumerate(source.slice(definition.doc).split("\n"), source.line_of(definition.doc.start)):
        match = PROMPT.match(line.rstrip("\r"))
        if match is not None and (code or ">>>" in line):
            first = first or number
            last = number
            code.append(match["code"] or "")
        elif code and not line.strip():
            break
    text = "\n".join(code).rstrip()
    if text and len(text) <= LONGEST_CODE:
        yield recalled(source, definition, EXAMPLES, text, first, last)


def recalled(
    source: Source, definition: Definition, phrasings: tuple[str, ...], text: str, first: int, last: int
) -> Draft:
    """Return one question about *definition*, whose answer stands on the lines *first* to *last*."""
    ask = phrase(source.path + definition.symbol + phrasings[0], phrasings)
    return Draft(
        kind="recall",
        symbol=definition.symbol,
        instruction=f"{source.language.comment} {ask.format(symbol=definition.symbol, module=source.path)}",
        response=text,
        start_line=first,
        end_line=last,
        start=source.line_starts[first - 1],
        context="",
    )


def code_blocks(source: Source) -> Iterator[Draft]:
    """Yield the code blocks of a Markdown file, each with the file's title, its headings and the words before it."""
    text = source.text
    title = title_of(source)
    above: dict[int, str] = {}
    front = FRONT.match(text)
    past, start, read = front.end() if front is not None else 0, 0, 0
    before = ""
    for block in FENCE.finditer(text):
        code = (HIDDEN.sub("", block["code"]) if block["language"] == "rust" else block["code"]).rstrip()
        # what looks like a heading inside of a block is a comment
        opened = list(HEADING.finditer(text, past, block.start()))
        for heading in opened:
            level = len(heading["marks"]) if heading["marks"] else 1 if heading["first"] else 2
            words = heading["words"] or heading["above"].rstrip()
            above = {outer: named for outer, named in above.items() if outer < level} | {level: words}
        prose = words_before(text[opened[-1].end() if opened else past : block.start()])
        past = block.end()
        start += len(text[read : block.start("code")].encode())
        read = block.start("code")
        is_lesson = not (LICENCE.search(code) or WARNED.search(prose) or WRONG.search(code) or OUTPUT.search(prose))
        if code and len(code) <= LONGEST_CODE and (opened or prose) and is_lesson:
            first = source.line_of(start)
            marked = [f"{'#' * level} {words}" for level, words in above.items()]
            named = [] if title in above.values() else [f"# {title}"]
            opening = "\n\n".join(filter(None, (*named, *marked, "" if opened else before, prose)))
            yield Draft(
                kind="recall",
                symbol=next(reversed(above.values()), ""),
                instruction=f"{opening}\n\n{block['fence']}{block['language']}",
                response=code,
                start_line=first,
                end_line=first + block["code"].rstrip().count("\n"),
                start=start,
                context="",
            )
        before = block[0].strip() if len(block[0]) <= LONGEST_CODE else ""


def title_of(source: Source) -> str:
    """
    Return what a Markdown document is called; its path where it does not say so before its first block.

    Of several headings of the first level none is the title of all.
    """
    text = source.text
    block = FENCE.search(text)
    found = TITLE.search(text, 0, block.start() if block else len(text))
    if found is None:
        return source.path
    is_front = found["title"] is not None and not found[0].startswith("#")
    prose = FENCE.sub("", text)
    first_level = [heading for heading in HEADING.finditer(prose) if heading["marks"] == "#" or heading["first"]]
    return (found["title"] or found["above"].rstrip()) if is_front or len(first_level) < 2 else source.path


def words_before(text: str) -> str:
    """Return the last paragraphs of *text* as they are, back to a list or a block of code; licences are left out."""
    kept: list[str] = []
    for paragraph in reversed(PARAGRAPHS.split(text)):
        if NO_PROSE.search(paragraph) or len("\n\n".join([paragraph, *kept])) > PROSE:
            break
        if paragraph.strip() and not LICENCE.search(paragraph):
            kept.insert(0, paragraph.strip())
    return "\n\n".join(kept)


PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
NO_PROSE = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]|^[ \t]*(?:```|~~~)", re.M)
"""What opens an item of a list, or a block of code that is indented."""
LICENCE = re.compile(r"\blicen[cs]ed under\b|\ball rights reserved\b|\bcopyright (?:\(c\)|©|\d{4})|\bSPDX-", re.I)
"""What a licence notice says."""
KIND = Kind(
    name="recall",
    teaches="what the house offers, by heart",
    more="show how the API is used, in documentation strings and in Markdown",
    draft=draft_recall,
    tells_facts=True,
    examples=(
        Example(
            file="def fetch(url, *, timeout=5):\n    return get(url, timeout)\n",
            instruction="# Recall the head of `fetch` from `house/example.py`.",
            response="def fetch(url, *, timeout=5):",
        ),
        Example(
            path="README.md",
            file="# House\n\n## Fetch a page\n\nOne call does it:\n\n```python\npage = fetch('x')\nprint(page)\n```\n",
            instruction="# House\n\n## Fetch a page\n\nOne call does it:\n\n```python",
            response="page = fetch('x')\nprint(page)",
        ),
    ),
)
