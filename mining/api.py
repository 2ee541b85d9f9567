"""
What a repository offers. In: definitions. Out: the API index: modules, their symbols and signatures.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from .conventions.facts import FileFacts
from .definitions import Definition
from .makers import Making, maker_of, on_one_line, read_makings
from .source import Source
from .visibility import has_private_part

LONGEST_SIGNATURE = 300
LONGEST_SUMMARY = 160
SIGNS = r"/\*+!?|//[/!]?|#+!?|--+(?:\s*\|)?|!+[<>]?(?=\s|$)|<!--|;+|\*(?=\s|$)"
OPENING = re.compile(rf"^\s*(?:[rRuUbB]{{0,2}}(?:\"{{3}}|'{{3}}|\"|')|{SIGNS})?\s*")
"""What opens documentation, in strings and comments of any language."""
CONTINUING = re.compile(rf"^\s*(?:{SIGNS})?\s*")
"""What opens its other lines: a quote is a word's there."""
CLOSING = ('"""', "'''", '"', "'", "*/", "-->")
"""What closes it; the longer one first."""
RECEIVER = re.compile(r"^\((?:&\s*(?:'\w+\s+)?)?(?:mut\s+)?(?:self|cls)\b(?:\s*:\s*[^,()]*)?(?:,\s*)?")
"""The parameter that no caller gives."""
MAKER = ".__init__"
"""How the name of the method ends that says what its class is called with."""
SENTENCE_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)[.!?](?=\s|$)"
    r"|\n\s*(?:\n|[-*+] |\d+[.)] |@\w(?![^\n]*@)|:\w+(?: [^:`\n]+)?:\s|>>>|\*\*|`{3}|~{3})"
)
"""Where a sentence stops, be it because a list, a tag or an example follows."""
NO_SUMMARY = re.compile(r"\{?@|(?:arg(?:ument)?s|param(?:eter)?s|returns?|syntax|usage) ?:|\S+://\S*$", re.IGNORECASE)
"""What opens documentation that begins with a tag or a section, or is an address."""
OPEN_END = re.compile(
    r"(?:[,:;(]|\b(?:an?|and|are|as|at|by|for|from|if|in|into|is|its?|of|on|or|over|than|that|the|this|to|when|which|with))$"
)
"""How a line ends whose sentence goes on."""


class Symbol(NamedTuple):
    """
    One name that a module offers.
    """

    name: str
    """Dotted inside its module: `Graph.add_node`."""
    kind: str
    signature: str
    """
    Its parameters as written, brackets included, on one line; empty where it has none.

    Of a class, what it is called with, where its own maker tells that, or what `Lookup.complete` finds.
    """
    line: int
    public: bool
    summary: str = ""
    """The first sentence of its documentation, without the full stop."""
    making: Making | None = None
    """Of a class, what more than its own maker tells what it is called with."""
    is_deprecated: bool = False
    """Whether it says that it is to be used no more."""


def file_symbols(
    source: Source, definitions: list[Definition], facts: FileFacts | None = None, gone: Set[str] = frozenset()
) -> tuple[Symbol, ...]:
    """Return the module-level symbols of a file, and the members of its classes; *gone* are to be used no more."""
    offered = [definition for definition in definitions if not definition.is_local]
    signatures = [signature_of(source, definition) for definition in offered]
    # of several, as with overloads, none says what all take
    times = Counter(definition.symbol for definition in offered)
    made_with = {
        definition.symbol.removesuffix(MAKER): RECEIVER.sub("(", signature)
        for definition, signature in zip(offered, signatures, strict=True)
        if definition.symbol.endswith(MAKER) and times[definition.symbol] == 1
    }
    makings = {} if facts is None else read_makings(source, offered, facts)
    return tuple(
        Symbol(
            name=definition.symbol,
            kind=definition.kind,
            signature=(signature or made_with.get(definition.symbol, ""))[:LONGEST_SIGNATURE],
            line=source.line_of(definition.span.start),
            public=not has_private_part(definition.symbol),
            summary="" if definition.doc is None else summary_of(source.slice(definition.doc)),
            making=makings.get(definition.symbol),
            is_deprecated=definition.symbol in gone,
        )
        for definition, signature in zip(offered, signatures, strict=True)
    )


def signature_of(source: Source, definition: Definition) -> str:
    """Return the parameters of a definition, on one line; nothing where it has none."""
    return "" if definition.params is None else on_one_line(source.slice(definition.params))


def summary_of(doc: str) -> str:
    """Return the first sentence of documentation as one line, without its full stop; nothing where no line ends it."""
    first, *others = unclosed(doc[: 4 * LONGEST_SUMMARY]).split("\n")
    lines = [OPENING.sub("", first, count=1), *(CONTINUING.sub("", line, count=1) for line in others)]
    text = "\n".join(lines).strip()
    end = SENTENCE_END.search(text)
    sentence = first_of(text[: end.start() if end else len(text)].split("\n"))
    is_summary = len(sentence) <= LONGEST_SUMMARY and not sentence.endswith(":") and not NO_SUMMARY.match(sentence)
    return sentence if is_summary else ""


def first_of(lines: list[str]) -> str:
    """
    Return *lines* as one, up to where a sentence ends without a full stop.

    There the next line opens with a capital, whose word would have had room on the line before it.
    """
    lines = [" ".join(line.split()) for line in lines]
    longest = max(map(len, lines))
    for number, (line, following) in enumerate(pairwise(lines), start=1):
        word = following.partition(" ")[0]
        has_room = len(line) + 1 + len(word) <= longest
        if has_room and word[:1].isupper() and word[1:].islower() and line and not OPEN_END.search(line):
            lines = lines[:number]
            break
    return " ".join(filter(None, lines))


def unclosed(doc: str) -> str:
    """Return *doc* without what closes it and the blanks there."""
    text = doc.rstrip()
    mark = next(filter(text.endswith, CLOSING), "")
    # a comment may be closed with more than one star
    return text.removesuffix(mark).rstrip("*" if mark == "*/" else None).rstrip()


def build_index(files: Iterable[tuple[str, tuple[Symbol, ...]]]) -> dict[str, object]:
    """Return the index as `api.json` holds it: symbols by path, in order of path and line."""
    return {
        "schema": "idiolect.api/1",
        "files": {path: [as_row(symbol) for symbol in symbols] for path, symbols in sorted(files) if symbols},
    }


def as_row(symbol: Symbol) -> dict[str, object]:
    """Return *symbol* as the index tells it."""
    row = symbol._asdict()
    del row["making"], row["is_deprecated"]
    return row


class Lookup:
    """
    Finds what a dotted name means in the index of everything mined that is of one language.
    """

    def __init__(self, files: Iterable[tuple[str, tuple[Symbol, ...]]]) -> None:
        self.by_name: defaultdict[str, list[tuple[str, Symbol]]] = defaultdict(list)
        self.modules: set[str] = set()
        """Modules and packages, by every dotted name that may be theirs."""
        for path, symbols in files:
            module = module_name(path)
            self.note_module(module)
            for symbol in symbols:
                # what is public may be made as its private base is
                if symbol.public or symbol.kind == "class":
                    self.by_name[symbol.name.rpartition(".")[2]].append((module, symbol))

    def note_module(self, module: str) -> None:
        """Note *module* and the packages around it, up to one that is known; the outermost has no name."""
        while module not in self.modules:
            parts = module.split(".")
            self.modules.update(".".join(parts[start:]) for start in range(len(parts)))
            module = ".".join(parts[:-1])

    def find(self, dotted: str, *, is_method: bool = False) -> Symbol | None:
        """
        Return the public symbol that *dotted* names, or None when there is none, or no way to tell between several.

        Of a method, what stands before its name is its class, and no function of that name will do. Of all else a
        module or package must stand there: what the value `logger` offers (`log.logger.debug`) cannot be told.

        A package often offers a name that another of its modules defines, so the module is asked only where the name
        alone leaves a choice.
        """
        symbol = self.choose(dotted, is_method=is_method)
        return self.complete(symbol) if symbol is not None and symbol.public else None

    def complete(self, symbol: Symbol) -> Symbol:
        """Return *symbol*, a class with what it is called with where its fields, or its bases, tell that."""
        if symbol.signature or symbol.making is None:
            return symbol
        return symbol._replace(signature=maker_of(symbol, self.choose)[:LONGEST_SIGNATURE])

    def choose(self, dotted: str, *, is_method: bool = False) -> Symbol | None:
        """Return what `find` does, as its own file tells it, be it public or not."""
        module, _, name = dotted.rpartition(".")
        found = [(home, symbol) for home, symbol in self.by_name.get(name, ()) if fits(symbol, module, is_method)]
        if len(found) > 1:
            found = [(home, symbol) for home, symbol in found if is_tail(f"{home}.{symbol.name}", dotted)]
        symbol = found[0][1] if len(found) == 1 else None
        return symbol if symbol is not None and (is_method or self.is_module(before(dotted, symbol.name))) else None

    def is_module(self, dotted: str) -> bool:
        """Claim that *dotted* is a module or a package; the root folder may be the outermost one itself."""
        first, _, rest = dotted.partition(".")
        return dotted in self.modules or (first not in self.modules and rest in self.modules)


def before(dotted: str, name: str) -> str:
    """Return what stands in *dotted* before the *name* that it ends with."""
    return dotted.removesuffix(name).removesuffix(".")


def fits(symbol: Symbol, module: str, is_method: bool) -> bool:
    """Claim that *symbol* can be what its last name means after *module*: a method is named after its class."""
    owner = symbol.name.rpartition(".")[0]
    return (not owner and not is_method) or module == owner or module.endswith(f".{owner}")


def is_tail(one: str, other: str) -> bool:
    """Claim that one of two dotted names ends with the other: a root folder may be outside or inside of the package."""
    return one == other or f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def module_name(path: str) -> str:
    """Return the dotted name that *path* gives."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    return ".".join(parts[:-1] if parts and parts[-1] == "__init__" else parts)


def outermost_modules(name: str, paths: Iterable[str]) -> frozenset[str]:
    """
    Return the first names under which the modules of a repository called *name* can be imported.

    The folders at the root; only where there is none, the files there.
    """
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        parts = path.split("/")
        parts = parts[1:] if len(parts) > 1 and parts[0] in ("src", "lib") else parts
        (folders if len(parts) > 1 else files).add(parts[0].partition(".")[0])
    return frozenset(top for top in {name, *(folders or files)} if top.isidentifier())
