"""
What is kept of a judgement is the judgement, and what cannot be read is judged again.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from idiolect.evaluation import judgements
from idiolect.evaluation.judgements import MOST, CachingJudge, forget_oldest
from idiolect.mining.conventions import tally_source
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.source import parse_source

PYTHON = language_named("python")
SLIP = parse_source("package/new.py", "é = 'z'\nb = \"y\"\n".encode(), PYTHON)


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path))
    return tmp_path / "judged"


@pytest.fixture(name="profile", scope="module")
def _profile() -> Profile:
    house = b'a = "x"\nb = "y"\nc = "z"\nd = "v"\n'
    return learn_profile(tally_source(parse_source(f"package/m{n}.py", house, PYTHON)) for n in range(40))


def test_a_second_look_gives_the_same(profile: Profile, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """From the cache comes what judging gives, entry for entry, and nothing is judged twice."""
    fresh = judge_source(SLIP, profile)
    first = CachingJudge(profile).judge(SLIP)
    monkeypatch.delattr(judgements, "judge_source")

    assert fresh.findings
    assert fresh == first == CachingJudge(profile).judge(SLIP)
    assert 1 == len(list(folder.iterdir()))


def test_a_way_of_its_own_is_kept(profile: Profile):
    """What a file is left alone about comes from the cache, too."""
    own = parse_source("package/own.py", b"a = 'z'\n" * 6, PYTHON)
    judged = [CachingJudge(profile).judge(own) for _ in range(2)]

    assert [("S01",)] * 2 == [each.own_way for each in judged] and not judged[1].findings


def test_another_path_text_or_profile_is_judged_anew(profile: Profile, folder: Path):
    """Whatever decides a judgement is part of its name."""
    moved = parse_source("other/new.py", SLIP.utf8, PYTHON)
    changed = parse_source("package/new.py", SLIP.utf8 + b"c = 1\n", PYTHON)
    other = Profile(profile.entries[:1], profile.files, profile.opportunities, profile.versions)

    read_otherwise = parse_source("package/new.py", SLIP.utf8, replace(PYTHON, sha256="of another table"))

    for source, judge in (
        (SLIP, profile), (moved, profile), (changed, profile), (SLIP, other), (read_otherwise, profile),
    ):  # fmt: skip
        assert judge_source(source, judge) == CachingJudge(judge).judge(source)
    assert 5 == len(list(folder.iterdir()))


@pytest.mark.parametrize("rubbish", [b"", b"{}", b"[1]", b'{"findings": [[999999, 1, 1, 1, "", "", 0, 0]]}'])
def test_rubbish_in_the_cache_is_judged_again(profile: Profile, folder: Path, rubbish: bytes):
    """A file that is no judgement is written anew."""
    CachingJudge(profile).judge(SLIP)
    (kept,) = folder.iterdir()
    kept.write_bytes(rubbish)

    assert judge_source(SLIP, profile) == CachingJudge(profile).judge(SLIP)
    assert rubbish != kept.read_bytes()


def test_without_a_cache_files_are_judged(profile: Profile, monkeypatch: pytest.MonkeyPatch):
    """With caching off nothing is kept and nothing is missed."""
    monkeypatch.setenv("IDIOLECT_CACHE", "")

    assert judge_source(SLIP, profile) == CachingJudge(profile).judge(SLIP)
    forget_oldest()


def test_the_cache_does_not_grow_for_ever(profile: Profile, folder: Path):
    """Past its limit the older half goes."""
    folder.mkdir(parents=True)
    for number in range(MOST):
        (folder / f"{number}.json").touch()
        os.utime(folder / f"{number}.json", (number, number))
    CachingJudge(profile).judge(SLIP)
    forget_oldest()

    left = {file.stem for file in folder.iterdir()}
    assert MOST // 2 + 1 == len(left)
    assert {str(number) for number in range(MOST // 2, MOST)} < left
