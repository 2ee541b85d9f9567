"""
Code that no grammar reads: which there is, and what to do about it. In: names of files. Out: endings, counts, words.
"""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from .languages import Language, builtin_languages, known_languages
from .reading import read_start
from .roles import is_test_path
from .wording import all_of, any_of

CODE = frozenset(
    {
        *(".awk", ".bat", ".bats", ".bicep", ".clj", ".cljs", ".cmake", ".cu", ".erl", ".feature", ".fish"),
        *(".frag", ".fs", ".glsl", ".gradle", ".graphql", ".groovy", ".hlsl", ".m", ".mk", ".ml", ".mli"),
        *(".mm", ".nim", ".proto", ".ps1", ".pxd", ".pxi", ".pyx", ".r", ".R", ".tcl", ".thrift"),
        *(".vb", ".vert", ".wgsl", ".zsh"),
    }
)
"""Endings of code in languages that ship without a grammar, and that a table makes known."""
MARKUP = frozenset(
    {
        *(".cshtml", ".css", ".html", ".ipynb", ".less", ".mdx", ".razor", ".Rmd", ".sass", ".scss"),
        *(".eex", ".ejs", ".erb", ".gotmpl", ".haml", ".hbs", ".heex", ".j2", ".jinja", ".jinja2", ".leex", ".liquid"),
        *(".slim", ".stub", ".template", ".tmpl", ".tpl", ".tt", ".twig"),
    }
)
"""Endings of pages and of what pages are made of."""
UNREAD = CODE | MARKUP
"""What is told where it is left out, for who looks for it in the corpus."""
NO_CODE = frozenset(
    {
        *(".txt", ".rst", ".adoc", ".tex", ".log", ".lock", ".svg", ".xml", ".xsd", ".json", ".jsonl", ".csv", ".tsv"),
        *(".ini", ".cfg", ".conf", ".env", ".properties", ".plist", ".po", ".pot", ".pem", ".crt", ".key", ".sum"),
        *(".diff", ".patch", ".orig", ".out", ".snap", ".golden", ".approved", ".expected", ".sample", ".example"),
        *(".csproj", ".fsproj", ".nuspec", ".props", ".resx", ".sln", ".targets", ".vbproj", ".xlf", ".xliff"),
        *(".arb", ".entitlements", ".manifest", ".mod", ".rc", ".xcconfig", ".xcscheme", ".xcsettings"),
        *(".toml", ".pbxproj", ".storyboard", ".xcworkspacedata", ".xib", ".dist", ".stderr", ".stdout"),
        *(".map", ".geojson", ".obj", ".eml", ".ics", ".srt", ".typed", ".license", ".metadata"),
    }
)
"""Endings of text that is no language of a house."""
MANY_FILES = 20
"""Files of one ending that are a language rather than chance."""
FEW_ENDINGS = 5
"""Endings that a message lists."""
NO_GRAMMAR_FOR = "no_grammar_for_"
"""How the reason begins for which code of an ending is left out."""
CLONE_IT = "It holds no files to read: clone it, or add a work tree (git worktree add), and name that."
NOTEBOOK = ".ipynb"
AS_SCRIPTS = "Notebooks are read as the scripts that jupytext makes of them (docs/other-tools.md)."
DESCRIBE = "A table describes another language, or your own: --language FILE (docs/teach-a-dsl.md)."


def is_bare_repository(folder: Path) -> bool:
    """Claim that *folder* holds what git keeps, without the files; git itself is told to see no repository there."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def foreign_endings(
    root: Path, names: Sequence[str], suffixes: Sequence[str], least: int = MANY_FILES, known: Set[str] = UNREAD
) -> dict[str, int]:
    """Return, most first, how many files end as a language does that is not *known*: *least*, and text."""
    ends = Counter(Path(name).suffix for name in names if "." in name and not is_test_path(name))
    known = {*suffixes, *known, *NO_CODE}
    many = [(end, count) for end, count in ends.most_common() if count >= least and end not in known]
    first = {Path(name).suffix: name for name in reversed(names)} if many else {}
    return {end: count for end, count in many if end[1:].isalnum() and is_text(read_start(root, first[end]))}


def is_text(data: bytes | None) -> bool:
    """Claim that *data* can be read as UTF-8 and holds no NUL byte; a character may be cut at its end."""
    if not data or b"\0" in data:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def count_endings(ends: Mapping[str, int]) -> str:
    """Return how many files end so, in words."""
    return ", ".join(f"{count:,} {'file ends' if count == 1 else 'files end'} in {end}" for end, count in ends.items())


def describe_tables() -> str:
    """Return which endings the tables read that were given for languages of one's own; nothing where none was."""
    own = [language for language in known_languages() if language.sha256]
    return " ".join(f"The table of {each.name} reads {any_of(each.extensions)}{instead_of(each)}." for each in own)


def instead_of(language: Language) -> str:
    """Return which languages *language* takes files from, as a sentence's end."""
    return f" in place of {all_of(shipped)}" if (shipped := shipped_for(language)) else ""


def shipped_for(language: Language) -> list[str]:
    """Return the names of the languages that ship with idiolect for files that *language* reads."""
    return [each.name for each in builtin_languages() if not set(language.extensions).isdisjoint(each.extensions)]


def describe_unread(skipped: Mapping[str, int]) -> list[str]:
    """Return a line on much code that was *skipped* and that a table can make known, and one on notebooks."""
    ends = {why.removeprefix(NO_GRAMMAR_FOR): n for why, n in skipped.items() if why.startswith(NO_GRAMMAR_FOR)}
    found = Counter({end: n for end, n in ends.items() if end not in MARKUP and n >= MANY_FILES})
    some = dict(found.most_common(FEW_ENDINGS))
    lines = [f"{count_endings(some)}, which no grammar here reads. {DESCRIBE}"] if some else []
    return [*lines, AS_SCRIPTS] if NOTEBOOK in ends else lines


def explain_no_code(root: Path, names: Sequence[str], suffixes: Sequence[str]) -> str:
    """Return what to do about a folder whose files, called *names*, are none of a known language."""
    if is_bare_repository(root):
        return f"{str(root)!r} is a bare repository of git. {CLONE_IT}"
    if os.access(root, os.R_OK) and not any(root.iterdir()):
        return f"{str(root)!r} is empty. If it is a submodule, fetch it: git submodule update --init."
    foreign = foreign_endings(root, names, suffixes, least=1, known=MARKUP)
    some = dict(list(foreign.items())[:FEW_ENDINGS])
    if some:
        return f"No code in {str(root)!r} that a grammar reads: {count_endings(some)}. {describe_tables() or DESCRIBE}"
    if notebooks := sum(name.endswith(NOTEBOOK) for name in names):
        return f"No code in {str(root)!r} that a grammar reads: {count_endings({NOTEBOOK: notebooks})}. {AS_SCRIPTS}"
    if len(suffixes) <= FEW_ENDINGS:
        return f"No code in {str(root)!r}: no readable file ends in {', '.join(sorted(suffixes))}."
    return f"No code in {str(root)!r} that a grammar reads: `idiolect doctor` names the languages."
