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
