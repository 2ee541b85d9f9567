"""
A learned profile is kept for as long as all that decides it is the same, and never trusted.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation import learning
from idiolect.evaluation.learning import WorkTree, learn_tree
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.settings import Settings

from .slips import SLIP, git

Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[[Path, str], None]


def test_a_learned_profile_is_kept_and_never_trusted(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second run reads what the first one learned; a cache that was tampered with is learned anew."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    (house / "new.py").write_text(SLIP)
    request = Request(house, base="HEAD", names=False)
    learned: list[Profile] = []

    def learn(*given: object, **more: object) -> Profile:
        learned.append(learn_profile(*given, **more))
        return learned[-1]

    monkeypatch.setattr(learning, "learn_profile", learn)
    first = run_check(request)
    (kept,) = (tmp_path / "cache" / "profiles").iterdir()

    assert first.profile == run_check(request).profile
    assert 1 == len(learned)
    kept.write_text('{"entries": [{"convention": 1}]}')
    assert [a.key for a in first.alerts] == [a.key for a in run_check(request).alerts]
    assert 2 == len(learned)


def test_a_named_profile_of_other_rules_is_said(house: Path, tmp_path: Path):
    """A rule that is not installed here, or asks otherwise, is not kept in silence."""
    profile = learn_tree(WorkTree(house, Settings())).as_json()
    file = tmp_path / "profile.json"
    request = Request(house, profile=file, names=False)

    file.write_text(json.dumps(profile))
    assert not run_check(request).notes

    profile["versions"]["S01"] += 1
    file.write_text(json.dumps(profile))
    (note,) = run_check(request).notes
    assert "1 rule of the profile is asked otherwise by this version, or not installed: S01." in note


def test_a_named_profile_that_covers_nothing_is_said(house: Path, tmp_path: Path):
    """That of other code finds nothing, which is no praise; in the few places of a change there may be no rule."""
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(learn_profile([]).as_json()))
    request = Request(house, profile=file, names=False)
    (house / "new.py").write_text(SLIP)

    (note,) = run_check(request).notes

    assert note.startswith("no rule of the profile covers any of ") and "another repository" in note
    assert () == run_check(replace(request, base="HEAD")).notes


def test_settings_hold_for_a_named_profile(house: Path, tmp_path: Path):
    """What a team ignores, and the tier that it names, do not depend on where the profile comes from."""
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(learn_tree(WorkTree(house, Settings())).as_json()))

    def found(settings: str, **asked: object) -> list[tuple[str, str]]:
        (house / "idiolect.toml").write_text(f'[conventions.S01]\n{settings}\nreason = "being settled"\n')
        alerts = run_check(Request(house, profile=file, names=False, **asked)).alerts
        return [(alert.finding.entry.tier, alert.finding.entry.reason) for alert in alerts]

    assert [("advise", "being settled")] == found('tier = "advise"')
    assert [] == found("ignore = true")
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Ignore")
    (house / "new.py").write_text(SLIP)
    assert [] == found('tier = "gate"', base="HEAD")


def test_settings_that_change_nothing_are_said(house: Path, capsys: pytest.CaptureFixture[str]):
    """Who asks for a rule hears that no place answers, or that its habit is not firm; so of idle patterns."""
    rows = {
        "S01": "enforce = true", "L01": "enforce = true", "A06": 'value = "settings"', "N01": 'tier = "gate"',
        "I01[yaml]": "ignore = true", "A11": 'tier = "hint"', "Q02": "enforce = true",
    }  # fmt: skip
    tables = (f'[conventions."{rule}"]\n{row}\nreason = "so"\n' for rule, row in rows.items())
    patterns = 'exclude = ["m1.py", "old/", "!m1?.py", "!gone.py"]\n'
    (house / "idiolect.toml").write_text(patterns + "".join(tables))

    main(["check", str(house), "--no-names", "--format", "json"])
    nothing, few, many, loose = json.loads(capsys.readouterr().out)["summary"]["notes"]

    main(["guide", str(house)])

    assert "2 patterns of `exclude` leave nothing out: old/, !gone.py" == nothing
    assert nothing in capsys.readouterr().err
    assert few.startswith("A06, L01: nothing to hold code to yet") and many.startswith("Q02: no firm habit; to hold")
    assert loose.startswith("N01: no firm habit")


def test_a_slip_in_the_key_of_what_is_ignored_is_said(write_tree: Write):
    """Kinds of definitions are what code has, so no list tells a wrong one; of mined rules keys come and go."""
    ignored = ("Q01[go: functon]", "Q01[go: type]", "Q02[go: gone]", "Q30")
    tables = (f'[conventions."{rule}"]\nignore = true\nreason = "so"\n' for rule in ignored)
    what = ("Rows", "Words", "Lines", "Sums")
    names = [f"{one}{other}" for one in ("All", "One", "Any", "No", "Some", "Late") for other in what]
    files = {f"m{n}.go": f"package m\n\nfunc read{name}() {{}}\n" for n, name in enumerate(names)}
    root = write_tree({**files, "a.go": "package a\n\ntype Shop struct{}\n", "idiolect.toml": "".join(tables)})

    (said,) = [note for note in run_check(Request(root, names=False)).notes if "Q" in note]

    assert said == (
        "Q01[go: functon]: the settings ignore it, and nothing here answers it. Did you mean 'Q01[go: function]'?"
    )


def test_a_team_has_a_rule_held_from_its_first_place_on(
    write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]
):
    """In a young repository, too; a rule that is mined in one of few places is held by its own id alone."""
    root = write_tree({"a.py": 'import os as o\n\nx = "a"\n', "b.py": 'y = "b"\n'})
    commit_tree(root, "Begin")
    (root / "new.py").write_text(f"import os\n\n{SLIP}")

    def found(rules: str) -> list[str]:
        (root / "idiolect.toml").write_text(rules)
        commit_tree(root, "Agree")
        capsys.readouterr()
        main(["check", str(root), "--no-names", "--format", "json"])
        return [each["rule"] for each in json.loads(capsys.readouterr().out)["findings"]]

    assert [] == found("")
    assert ["S01"] == found('[conventions.S01]\nenforce = true\nreason = "agreed"\n')
    assert [] == found('[conventions.I01]\nenforce = true\nreason = "agreed"\n')


def test_what_was_learned_without_a_grammar_is_not_held_for_all(
    write_tree: Write, commit_tree: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A grammar that is installed after the first check has its language learned, although nothing else changed."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    code = {f"m{i}.js": 'const x = "a";\nconst y = "b";\n' for i in range(90)}
    house = write_tree({"setup.py": "", **code})
    commit_tree(house, "Begin")
    (house / "new.js").write_text("const z = 'slip';\n")
    request = Request(house, base="HEAD", names=False)
    installed = importlib.metadata.version

    def version(package: str) -> str:
        if package == "tree_sitter_javascript":
            raise importlib.metadata.PackageNotFoundError(package)
        return installed(package)

    with monkeypatch.context() as without:
        for module in ("learning", "notes"):
            without.setattr(f"idiolect.evaluation.{module}.has_grammar", lambda language: language.name == "python")
        without.setattr(importlib.metadata, "version", version)
        learning.version_of_detectors.cache_clear()
        assert not run_check(request).profile.entries
    learning.version_of_detectors.cache_clear()

    assert ["new.js"] == [alert.finding.path for alert in run_check(request).alerts]
