"""
`idiolect guide`: a repository or a corpus in, its conventions as a style guide in Markdown out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..mining.wording import printable
from ._options import PATH, language_option
from ._progress import show_briefly
from ._root import find_root

if TYPE_CHECKING:
    from ..mining.profile import Profile


@click.command("guide")
@click.argument("source", metavar="[REPO|CORPUS]", required=False, type=PATH)
@click.option("--words", type=click.IntRange(min=50), default=1_500, show_default=True, help="The longest guide.")
@language_option
def command(source: Path | None, words: int) -> None:
    """
    Print the conventions of a repository or a corpus.

    Without one named, of this repository. The text is ready for AGENTS.md or CLAUDE.md.
    """
    from ..mining.corpus import MARKER, read_corpus
    from ..mining.guide import render_guide
    from ..mining.repository import kind_by

    source = source or find_root((), alone=True)
    # a corpus whose marker is broken is still none of a repository's code
    broken = (source / MARKER).is_file() and (source / "pairs" / "train.jsonl").is_file()
    if kind_by(source.resolve(), MARKER) or broken:
        profile = read_corpus(source).profile
        notes = ["learned from the corpus's training files alone; `idiolect guide REPO` counts all"]
    else:
        profile, notes = learn_folder(source)
    guide = render_guide(profile, max_words=words, with_ids=True)
    if "\n- " not in guide:
        notes.append("no habit is firm enough to be a rule")
    for note in notes:
        click.echo(f"note: {printable(note)}", err=True)
    click.echo(guide)


def learn_folder(source: Path) -> tuple[Profile, list[str]]:
    """Return the profile of the code in *source*, a repository or a part of one, and what its reader should know."""
    from ..evaluation import notes
    from ..evaluation.learning import WorkTree, learn_tree
    from ..evaluation.request import Request
    from ..evaluation.standard import baseline_now
    from ..mining.owners import owners_above
    from ..mining.repository import list_files
    from ..mining.settings import read_settings

    settings, top = read_settings(source), find_root((source,), alone=True)
    is_part = not top.samefile(source)
    told: list[str] = []
    if is_part:
        told.append("learned from this folder alone; `idiolect check` counts all of its repository")
        told += ["rules are set at the top of the repository alone, not in this folder"] if settings.conventions else []
        # its rules are set where `check` reads them
        settings = replace(settings, conventions=read_settings(top).conventions)
    tree = WorkTree(source, settings, owners_above(top, source) if is_part else {})
    notes.require_grammar(tree.files.paths)
    with show_briefly() as progress:
        profile = learn_tree(tree, baseline_now(Request(source)), progress)
    names = list_files(source.resolve())
    told += [*notes.unheard(names, settings), *notes.idle_patterns(names, settings)]
    # a part need not have what is said of the whole
    told += [] if is_part else [*notes.idle_settings(profile, settings), *notes.idle_exceptions(profile)]
    return profile, [*told, *notes.without_grammar(tree.files.paths), *notes.unread(names, settings)]
