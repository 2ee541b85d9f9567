"""
`idiolect guide`: a repository or a corpus in, its conventions as a style guide in Markdown out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from ..mining.wording import printable
from ._options import PATH, language_option
from ._progress import show_briefly


@click.command("guide")
@click.argument("source", metavar="[REPO|CORPUS]", required=False, type=PATH)
@click.option("--words", type=click.IntRange(min=50), default=1_500, show_default=True, help="The longest guide.")
@language_option
def command(source: Path | None, words: int) -> None:
    """
    Print the conventions of a repository or a corpus.

    Without one named, of this repository. The text is ready for AGENTS.md or CLAUDE.md.
    """
    from ..evaluation.learning import WorkTree, learn_tree
    from ..evaluation.notes import idle_patterns, idle_settings, require_grammar, unheard, unread, without_grammar
    from ..evaluation.request import Request
    from ..evaluation.standard import baseline_now
    from ..mining.corpus import MARKER, read_corpus
    from ..mining.guide import render_guide
    from ..mining.owners import owners_above
    from ..mining.repository import kind_by, list_files
    from ..mining.settings import read_settings
    from ._root import find_root

    source = source or find_root((), alone=True)
    # a corpus whose marker is broken is still none of a repository's code
    broken = (source / MARKER).is_file() and (source / "pairs" / "train.jsonl").is_file()
    is_corpus = bool(kind_by(source.resolve(), MARKER)) or broken
    stated = settings = read_settings(source)
    top = find_root((source,), alone=True)
    is_part = not is_corpus and not top.samefile(source)
    if is_part:
        # its rules are set where `check` reads them
        settings = replace(settings, conventions=read_settings(top).conventions)
    tree = WorkTree(source, settings, owners_above(top, source) if is_part else {})
    paths = () if is_corpus else tree.files.paths
    require_grammar(paths)
    with show_briefly() as progress:
        profile = (
            read_corpus(source).profile if is_corpus else learn_tree(tree, baseline_now(Request(source)), progress)
        )
    if is_corpus:
        click.echo("note: learned from the corpus's training files alone; `idiolect guide REPO` counts all", err=True)
    else:
        names = list_files(source.resolve())
        if is_part:
            click.echo("note: learned from this folder alone; `idiolect check` counts all of its repository", err=True)
        if is_part and stated.conventions:
            click.echo("note: rules are set at the top of the repository alone, not in this folder", err=True)
        # a part need not have what is said of the whole
        idle = [] if is_part else idle_settings(profile, settings)
        notes = [*unheard(names, settings), *idle_patterns(names, settings), *idle]
        for note in (*notes, *without_grammar(paths), *unread(names, settings)):
            click.echo(f"note: {printable(note)}", err=True)
    guide = render_guide(profile, max_words=words, with_ids=True)
    if "\n- " not in guide:
        click.echo("note: no habit is firm enough to be a rule", err=True)
    click.echo(guide)
