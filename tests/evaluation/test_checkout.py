"""
The checkout beside the corpus: the very code that was mined, or none.
"""

from __future__ import annotations

import pytest
from idiolect.cli import main
from idiolect.evaluation.checkout import match_repository
from idiolect.mining.errors import InputError, MismatchError
from idiolect.mining.mine import mine_repositories
from toys import toy_file

# put together here, so that no scanner takes this file for a leak
SECRET = "AKIA" + "Q3EGXW7TPLKZ2MJR"


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    """Return a repository with a secret in every file, and its corpus."""
    root = tmp_path_factory.mktemp("mined")
    for number in range(24):
        folder = root / "house" / f"part_{number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"toy_{number}.py").write_text(toy_file(number) + f'\n\nKEY = "{SECRET}"\n')
    return root / "house", mine_repositories([root / "house"], root / "corpus", workers=1)


def test_the_mined_checkout_matches(mined):
    """Also where secrets were redacted on the way."""
    root, corpus = mined

    assert corpus.manifest["sources"]
    assert not any(SECRET in corpus.source(path).text for path in corpus.manifest["sources"])
    match_repository(corpus, root)


def test_another_state_is_refused_with_the_file(mined, tmp_path):
    """One byte more in a held-out file, or the file gone."""
    import shutil

    root, corpus = mined
    copy = shutil.copytree(root, tmp_path / "copy")
    changed = sorted(corpus.manifest["sources"])[0]
    with (copy / changed).open("a") as file:
        file.write("\n")

    with pytest.raises(MismatchError, match=changed):
        match_repository(corpus, copy)

    (copy / changed).unlink()
    with pytest.raises(MismatchError, match=changed):
        match_repository(corpus, copy)


def test_the_command_refuses_before_a_model_is_loaded(mined, tmp_path, capsys):
    """Exit 4 and one line; no folder is made."""
    _, corpus = mined
    (tmp_path / "other").mkdir()
    asked = ["evaluate", str(corpus.folder), "--out", str(tmp_path / "e"), "--base", "no-such-base"]

    code = main([*asked, "--repository", str(tmp_path / "other")])

    assert code == 4
    assert "not what was mined" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_a_checkout_that_is_not_there_is_a_usage_error(mined, tmp_path):
    """The message names it."""
    with pytest.raises(InputError, match="no folder"):
        match_repository(mined[1], tmp_path / "nothing")
