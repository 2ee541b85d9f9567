"""
Restyled code departs from what the house keeps to, and does the same.
"""

from __future__ import annotations

import ast

import pytest
from idiolect.mining.mine import mine_repositories

from .houses import NOUNS, STYLED


@pytest.fixture(name="restyled")
def _restyled(write_tree, tmp_path):
    root = write_tree({f"house/{noun}.py": STYLED.format(noun=noun) for noun in NOUNS})
    corpus = mine_repositories([root], tmp_path / "corpus", kinds=["implement", "restyle"], workers=1)
    return corpus, [p for split in ("train", "validation", "test") for p in corpus.pairs(split) if p.kind == "restyle"]


def test_restyled_code_does_the_same(restyled):
    """The asked code has another text and the same syntax tree as the answer: only conventions differ."""
    _, pairs = restyled

    assert pairs
    for pair in pairs:
        asked = pair.instruction.partition("\n")[2]
        assert asked.strip() != pair.response.strip()
        asked_tree, answer_tree = (ast.parse(code) for code in (asked, pair.response))
        assert ast.dump(asked_tree).replace(".'", "'") == ast.dump(answer_tree).replace(".'", "'")


def test_only_what_the_house_holds_to_is_restyled(restyled):
    """Every pair's rules are in the profile; a file's own habit is dropped with its reason."""
    corpus, _ = restyled
    told = {entry.convention for entry in corpus.profile.entries if entry.strength}

    assert "S01" in told


def test_a_habit_of_one_file_is_no_rule(write_tree, tmp_path):
    """Where some files have single quotes and some double ones, neither is taught."""
    files = {f"house/{noun}.py": STYLED.format(noun=noun) for noun in NOUNS}
    files |= {f"house/{n}.py": STYLED.format(noun=n).replace('"""', "$").replace('"', "'").replace("$", '"""')
              for n in ("moss", "nook", "opal", "pond", "quay", "reef", "sand", "tarn")}  # fmt: skip
    corpus = mine_repositories([write_tree(files)], tmp_path / "corpus", kinds=["implement", "restyle"], workers=1)

    assert corpus.manifest["skipped"].get("no_house_rule", 0) > 0


def test_what_is_no_more_than_layout_in_any_language_is_not_taught(write_tree, tmp_path):
    """A fixer puts the semicolons of scripts and the tags of their documentation right: pairs are of Python alone."""
    script = (
        "/**\n * Count the {n}.\n * @returns all\n */\nexport function count{n}(rows) {{\n"
        "  const {n} = rows.length;\n  report({n});\n  return {n} + {n};\n}}\n"
    )
    files = {f"src/{noun}.js": script.format(n=noun) for noun in NOUNS}
    files |= {f"house/{noun}.py": STYLED.format(noun=noun) for noun in NOUNS}
    corpus = mine_repositories([write_tree(files)], tmp_path / "corpus", kinds=["implement", "restyle"], workers=1)
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]

    assert {"Q28"} <= {entry.convention for entry in corpus.profile.entries if entry.strength}
    assert {"python"} == {pair.language for pair in pairs if pair.kind == "restyle"}
    assert {"javascript", "python"} == {pair.language for pair in pairs}
