"""
The accepted past: each finding as often as it was accepted, wherever its file has gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation import learning
from idiolect.evaluation.baseline import FILE, SCHEMA, match_baseline, read_baseline, write_baseline
from idiolect.evaluation.identity import Key
from idiolect.evaluation.learning import WorkTree, learn_tree
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.mining.errors import InputError
from idiolect.mining.settings import Settings

from .slips import SLIP, check, git

Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[[Path, str], None]
KEY = Key("app/a.py", "S01", "load", "0f")
ROW = '{"path": "%s", "rule": "S01", "scope": "", "snippet": "", "count": %s}'


def test_as_many_are_accepted_as_were_counted():
    """Two equal slips were there: a third is new, and with one gone one is left over."""
    assert [True, True, False] == match_baseline({KEY: 2}, [KEY] * 3, {}, ["app/a.py"]).accepted
    assert {KEY: 1} == match_baseline({KEY: 2}, [KEY], {}, ["app/a.py"]).left


def test_a_file_that_git_does_not_call_renamed_keeps_what_was_accepted():
    """Of two that are gone the one with the same name is taken; what is still there lends nothing."""
    other, there = KEY._replace(path="app/b.py"), KEY._replace(path="old/c.py")
    moved = KEY._replace(path="lib/b.py")

    matched = match_baseline({KEY: 1, other: 1, there: 1}, [moved], {}, ["lib/b.py", "old/c.py"])

    assert [True] == matched.accepted
    assert {KEY: 1, there: 1} == matched.left
    assert [False] == match_baseline({there: 1}, [moved], {}, ["lib/b.py", "old/c.py"]).accepted


CLASS = f"class Old:\n    def f(self):\n        {SLIP}        return a\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(CLASS.replace("Old", "New"), [], id="renamed with its file"),
        pytest.param(CLASS.replace("Old", "New").replace("f(", "g("), [3], id="with another member"),
        pytest.param(f"{CLASS.replace('Old', 'New')}\n\n{CLASS.replace('Old', 'Other')}", [9], id="two, one entry"),
        pytest.param(f"def f():\n    {SLIP}    return a\n", [2], id="a function of that name"),
        pytest.param(f"{CLASS.replace('Old', 'New')}\n\n{CLASS}", [3], id="a copy beside it"),
    ],
)
def test_a_class_renamed_with_its_file_keeps_what_was_accepted(
    house: Path, capsys: pytest.CaptureFixture[str], text: str, told: list[int]
):
    """By what its members are called, where nothing of the old name is left."""
    (house / "old.py").write_text(CLASS)
    main(["baseline", "create", str(house)])
    (house / "old.py").unlink()
    (house / "new.py").write_text(text)

    assert (1 if told else 0, [("new.py", line) for line in told]) == check(capsys, str(house))


def test_a_renamed_file_keeps_what_was_accepted():
    """Where git tells of the rename, also beside a file that took the old name."""
    moved = KEY._replace(path="app/z.py")

    assert [True] == match_baseline({KEY: 1}, [moved], {"app/z.py": "app/a.py"}, ["app/a.py", "app/z.py"]).accepted


def test_what_is_written_is_read():
    """Entries are sorted, one a line; those that count nothing are not written."""
    later = KEY._replace(path="app/b.py")
    text = write_baseline({later: 1, KEY: 2, KEY._replace(rule="T03"): 0})

    assert {KEY: 2, later: 1} == read_baseline(text.encode(), "baseline")
    assert 3 == text.count("\n")
    assert text.index("app/a.py") < text.index("app/b.py")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"schema": "idiolect.baseline/9"}', f"written as 'idiolect.baseline/9'; this version reads '{SCHEMA}'. Take"),
        ('{"path": "a.py"}', "line 3 is no entry of a baseline"),
        ("[]", "line 3 is no entry of a baseline"),
        ("<<<<<<< ours", "line 3 is no entry of a baseline"),
        pytest.param("[" * 5_000, "line 3 is no entry of a baseline", id="nested"),
        (ROW % ("a.py", "Infinity"), "line 3 is no entry of a baseline"),
        (ROW % ("\\ud800", "1"), "line 3 is no entry of a baseline"),
    ],
)
def test_what_is_no_baseline_is_named_with_its_line(line, said):
    """Another version's file, and what a merge left behind, are told and not passed over."""
    text = f'{{"schema": "{SCHEMA}"}}\n\n{line}\n'

    with pytest.raises(InputError, match=said):
        read_baseline(text.encode(), "baseline")


def test_a_baseline_survives_shift_move_and_rename(house: Path, capsys: pytest.CaptureFixture[str]):
    """What was accepted stays so wherever it goes; one more of the same in the same place does not."""
    assert 0 == main(["baseline", "create", str(house)])
    assert 0 == check(capsys, str(house))[0]
    assert not re.search(r'"line"', (house / ".idiolect-baseline.jsonl").read_text())

    text = (house / "old.py").read_text()
    (house / "old.py").unlink()
    (house / "sub").mkdir()
    (house / "sub" / "old.py").write_text(f'"""Moved."""\n\n\ndef g():\n    return 1\n\n\n{text}')
    assert (0, []) == check(capsys, str(house))

    (house / "sub" / "old.py").write_text(f"{text}    b = 'slip'\n")
    assert (1, [("sub/old.py", 4)]) == check(capsys, str(house))


def test_what_is_accepted_is_not_mended_by_more_slips(house: Path, capsys: pytest.CaptureFixture[str]):
    """Its rule is weaker than it was, and will be as firm again when they are mended."""
    main(["baseline", "create", str(house)])
    before = (house / FILE).read_text()
    for number in range(16):
        (house / f"more{number}.py").write_text("a = 'slip'\nb = \"b\"\n")
    capsys.readouterr()
    assert 0 == main(["check", str(house), "--no-names"])
    said = capsys.readouterr().out
    assert "no findings" in said and "mended" not in said

    for words in (["prune"], ["update"], ["update", "--allow-new"]):
        main(["baseline", *words, str(house)])
        assert before == (house / FILE).read_text()


OLD = f"def f():\n    {SLIP}    return a\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(OLD.replace("f()", "g()"), [], id="renamed"),
        pytest.param(f"def h():\n    return 1\n\n\n{OLD.replace('f()', 'g()')}", [], id="renamed and moved"),
        pytest.param(f"class C:\n    def f(self):\n        {SLIP}        return a\n", [], id="moved into a class"),
        pytest.param(f"{OLD}\n\n{OLD.replace('f()', 'g()')}", [7], id="a copy beside it"),
        pytest.param(f"{OLD.replace('f()', 'g()')}\n\n{OLD.replace('f()', 'h()')}", [7], id="two, one entry"),
        pytest.param(f"def g():\n    {SLIP}    {SLIP}    return a\n", [3], id="twice in the renamed one"),
        pytest.param(f"def f():\n    return 1\n\n\n{OLD.replace('f()', 'g()')}", [6], id="mended, and one like it"),
        pytest.param("def g():\n    b = 'other'\n    return b\n", [2], id="renamed, with another slip"),
    ],
)
def test_a_renamed_function_keeps_what_was_accepted(
    house: Path, capsys: pytest.CaptureFixture[str], text: str, told: list[int]
):
    """As long as its old name is gone from the file, each entry once; whatever else is there is new."""
    main(["baseline", "create", str(house)])
    (house / "old.py").write_text(text)

    assert (1 if told else 0, [("old.py", line) for line in told]) == check(capsys, str(house))
    capsys.readouterr()
    main(["baseline", "prune", str(house)])
    assert (1 if told else 0, [("old.py", line) for line in told]) == check(capsys, str(house))
    if not told:
        assert '"count": 1' in (house / FILE).read_text()


def test_a_renamed_function_stays_without_documentation(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """Where its own name is what is marked, it is the one that the file lacks now; another beside it is new."""
    kept = '"""Do."""\n\n\n' + "\n\n\n".join(f'def f{n}():\n    """Do."""' for n in range(9)) + "\n"
    root = write_tree({**{f"m{n}.py": kept for n in range(30)}, "old.py": f"{kept}\n\ndef bare():\n    return 1\n"})
    assert (1, [("old.py", 40)]) == check(capsys, str(root), "--fail-on", "advise")
    main(["baseline", "create", str(root)])

    text = (root / "old.py").read_text().replace("bare", "plain")
    (root / "old.py").write_text(text)
    assert (0, []) == check(capsys, str(root), "--fail-on", "advise")
    (root / "old.py").write_text(f"{text}\n\ndef bare():\n    return 2\n")
    assert (1, [("old.py", 40)]) == check(capsys, str(root), "--fail-on", "advise")


@pytest.mark.parametrize("mode", ["lines", "new", "files", "all"])
def test_an_accepted_slip_excuses_no_other_like_it(house: Path, capsys: pytest.CaptureFixture[str], mode: str):
    """The entry of the baseline is that of the slip which was there, above or below the new one."""
    main(["baseline", "create", str(house)])
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Accept")
    (house / "old.py").write_text(f"def f():\n    {SLIP}    b = 'slip'\n    return a\n")
    assert 1 == check(capsys, str(house))[0]
    assert (1, [("old.py", 3)]) == check(capsys, str(house), "--diff", "HEAD", "--mode", mode)

    (house / "old.py").write_text(f"def f():\n    b = 'slip'\n    {SLIP}    return a\n")
    code, found = check(capsys, str(house), "--diff", "HEAD", "--mode", mode)
    assert 1 == code and 1 == len(found)

    (house / "old.py").write_text(f"def f():\n    {SLIP}    c = 1\n    return a\n")
    assert (0, []) == check(capsys, str(house), "--diff", "HEAD", "--mode", mode)


def test_what_was_renamed_is_neither_new_nor_mended(house: Path, capsys: pytest.CaptureFixture[str]):
    """`prune` and `update` list what they drop and take in, and a path alone is neither."""
    main(["baseline", "create", str(house)])
    (house / "old.py").rename(house / "moved.py")
    (house / "new.py").write_text(SLIP)
    capsys.readouterr()

    main(["baseline", "prune", str(house)])
    pruned = capsys.readouterr().out
    (house / "moved.py").rename(house / "again.py")
    main(["baseline", "update", str(house), "--allow-new"])
    updated = capsys.readouterr().out

    assert pruned.splitlines()[:-1] == []
    assert [line[:9] for line in updated.splitlines()[:-1]] == ["+ new.py:"]


def test_what_cannot_be_asked_here_is_not_mended(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Entries of a rule, a grammar or a language that is not installed stay: who installs it again needs them."""
    rows = [("old.py", "Z99[plug-in]"), ("gone.zig", "Q01[zig: function]"), ("beds.tend", "Q01[tend: rule]")]
    lines = [ROW.replace("S01", rule) % (path, 1) for path, rule in rows]
    (house / FILE).write_text("\n".join([json.dumps({"schema": SCHEMA}), *lines, ROW % ("old.py", 1), ""]))
    monkeypatch.setattr(learning, "has_grammar", lambda language: language.name != "zig")

    main(["check", str(house), "--no-names"])
    assert "; 1 entry of the baseline looks mended" in capsys.readouterr().out
    for words in (["prune"], ["update"], ["create", "--allow-new"]):
        main(["baseline", *words, str(house)])
        assert {path for path, _ in rows} <= {key.path for key in read_baseline((house / FILE).read_bytes(), "")}
    assert "- old.py: S01 × 1\n" in capsys.readouterr().out


def test_a_baseline_only_shrinks(house: Path, capsys: pytest.CaptureFixture[str]):
    """
    `update` takes in nothing new without --allow-new; what is mended is reported, then pruned.

    What one that was killed left beside it goes.
    """
    left = house / "..idiolect-baseline.jsonl-0123abcd"
    left.write_text('{"schema": "idiol')
    main(["baseline", "create", str(house)])
    assert not left.exists()
    assert "1 finding accepted" in capsys.readouterr().out
    assert 2 == main(["baseline", "create", str(house)])
    (house / "new.py").write_text(SLIP)
    assert 0 == main(["baseline", "update", str(house)])
    assert 1 == check(capsys, str(house))[0]

    capsys.readouterr()
    assert 0 == main(["baseline", "update", str(house), "--allow-new"])
    assert "+ new.py: S01" in capsys.readouterr().out
    assert (0, []) == check(capsys, str(house))

    (house / "new.py").write_text('a = "mended"\n')
    assert 1 == run_check(Request(house, names=False)).paid
    main(["baseline", "prune", str(house)])
    assert "- new.py: S01" in capsys.readouterr().out
    assert 0 == run_check(Request(house, names=False)).paid
    main(["baseline", "show", str(house)])
    said = capsys.readouterr().out
    assert "old.py: S01 in f × 1" in said and "1 finding, 1 rule" in said


def tier_of_quotes(root: Path, **given: str) -> str:
    """Return the tier that the rule on quotation marks has in *root*, or where a change starts from."""
    profile = run_check(Request(root, names=False, **given)).profile
    return next((entry.tier for entry in profile.entries if entry.id == "S01" and entry.scope == "repository"), "")


def test_what_is_accepted_weakens_no_rule(write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]):
    """A rule that was just firm enough to gate stays so, for the tree and for a change, also on lines of late."""
    root = write_tree({f"m{i}.py": 'x = "a"\n' * 10 for i in range(10)})
    commit_tree(root, "Begin")
    assert "gate" == tier_of_quotes(root)
    (root / "old.py").write_text(f"def f():\n    {SLIP}    return a\n")
    assert "advise" == tier_of_quotes(root)

    main(["baseline", "create", str(root)])
    commit_tree(root, "Accept")
    assert "gate" == tier_of_quotes(root) == tier_of_quotes(root, base="HEAD")
    assert (0, []) == check(capsys, str(root))
    main(["guide", str(root)])
    assert "S01, gate: 100 of 100" in next(line for line in capsys.readouterr().out.splitlines() if "S01" in line)

    (root / "new.py").write_text(SLIP)
    assert (1, [("new.py", 1)]) == check(capsys, str(root), "--diff", "HEAD")
    commit_tree(root, "Slip")
    assert "advise" == tier_of_quotes(root), "one that nobody accepted counts"
    (root / "new.py").unlink()
    (root / "sub").mkdir()
    (root / "old.py").rename(root / "sub" / "old.py")
    assert "gate" == tier_of_quotes(root), "an entry follows its file"
    (root / "sub" / "old.py").write_text(f"def f():\n    {SLIP}    b = 'slip'\n    return a\n")
    assert "advise" == tier_of_quotes(root), "each entry counts once"


def test_what_a_comment_excuses_weakens_no_rule(write_tree: Write, commit_tree: Commit):
    """With a reason, that is: the team knows of it. An excuse of another rule, or in another line, is none for it."""
    root = write_tree({f"m{i}.py": 'x = "a"\n' * 10 for i in range(10)})
    slip, excuse = SLIP.rstrip("\n"), "  # idiolect: ignore[S01]"
    for text, tier in (
        (f"{slip}{excuse}\n", "advise"),
        (f"{slip}{excuse} the protocol\n", "gate"),
        (f"{excuse.strip()} the protocol\n{SLIP}", "gate"),
        (f"{slip}{excuse.replace('S01', 'N01')} the protocol\n", "advise"),
        (f"{slip}{excuse} the protocol\n{SLIP}", "advise"),
    ):
        (root / "old.py").write_text(text)
        commit_tree(root, "Slip")
        assert tier == tier_of_quotes(root) == tier_of_quotes(root, base="HEAD"), text


def test_what_many_depart_from_is_no_firmer_for_being_accepted(write_tree: Write):
    """With its slips, the share of places that keep a rule must still be what its tier asks for."""
    root = write_tree({f"m{i}.py": 'x = "a"\n' * 9 + (SLIP if i < 3 else "") for i in range(10)})
    before = tier_of_quotes(root)
    assert before == "hint"
    found = run_check(Request(root, names=False, lowest="hint")).alerts
    (root / FILE).write_text(write_baseline({alert.key: 1 for alert in found}))

    assert 3 == len(found)
    assert "advise" == tier_of_quotes(root), "96.8 % of places keep it"
    (root / FILE).write_text(write_baseline({alert.key: 1 for alert in found[:2]}))
    assert "hint" == tier_of_quotes(root), "what nobody accepted is not told for what others did"


def test_an_accepted_slip_of_a_mined_rule_weakens_nothing(write_tree: Write):
    """The questions that only this house asks are asked of accepted places, too."""
    files = {f"m{i}.py": f"import numpy as np\n\nX{i} = np.zeros({i})\n" for i in range(120)}
    root = write_tree({**files, "old.py": "import numpy\n\nY = numpy.zeros(1)\n"})
    before = {entry.id: entry for entry in run_check(Request(root, names=False)).profile.entries}
    found = run_check(Request(root, names=False, lowest="hint")).alerts
    (root / FILE).write_text(write_baseline({alert.key: 1 for alert in found}))
    after = {entry.id: entry for entry in run_check(Request(root, names=False)).profile.entries}

    assert {"I01[numpy]"} == {alert.finding.entry.id for alert in found}
    assert before["I01[numpy]"].opportunities - 1 == after["I01[numpy]"].opportunities
    assert before["I01[numpy]"].conforming == after["I01[numpy]"].conforming


def test_a_named_profile_is_what_a_baseline_is_made_by(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """What `check` finds by a profile is accepted, followed and dropped by the same one."""
    given = ["--profile", str(tmp_path / "profile.json")]
    Path(given[1]).write_text(json.dumps(learn_tree(WorkTree(house, Settings())).as_json()))
    (house / "idiolect.toml").write_text('exclude = ["m*.py"]\n')
    assert (0, []) == check(capsys, str(house))
    assert (1, [("old.py", 2)]) == check(capsys, str(house), *given)

    assert 0 == main(["baseline", "create", str(house), *given])
    assert f"give `check` the same --profile {given[1]}" in capsys.readouterr().out
    assert 0 == main(["baseline", "update", str(house), *given])
    assert 0 == main(["baseline", "prune", str(house), *given])

    assert (0, []) == check(capsys, str(house), *given)
    assert "old.py" in (house / ".idiolect-baseline.jsonl").read_text()


def test_a_broken_baseline_is_named_with_its_line(house: Path, capsys: pytest.CaptureFixture[str]):
    """A line that is no entry is refused."""
    (house / ".idiolect-baseline.jsonl").write_text('{"schema": "idiolect.baseline/1"}\nnothing\n')

    assert 2 == main(["check", str(house)])
    assert "line 2" in capsys.readouterr().err


def test_a_long_past_makes_a_large_baseline(house: Path, capsys: pytest.CaptureFixture[str]):
    """However many slips were accepted, they stay so, and can be pruned."""
    assert 0 == main(["baseline", "create", str(house)])
    past = {Key(f"a/folder/of/long/ago/file{number}.py", "S01", "", "0" * 16): 1 for number in range(10_000)}
    with (house / ".idiolect-baseline.jsonl").open("a") as file:
        file.write(write_baseline(past).partition("\n")[2])

    assert (0, []) == check(capsys, str(house))
    assert 0 == main(["baseline", "prune", str(house)])
    assert "10,000 findings dropped, 1 left" in capsys.readouterr().out


def test_a_baseline_is_read_as_it_was_written():
    """The key of a rule may hold what some call a line end; so may a file that was checked out with other line ends."""
    baseline = {Key("a.py", "Q03[yaml: a\u2028b\x85c]", "f", "0"): 2, Key("b.py", "S01", "", "1"): 1}

    written = write_baseline(baseline)

    for text in (written, written.replace("\n", "\r\n")):
        assert baseline == read_baseline(text.encode(), "b")


def test_a_baseline_that_is_a_link_is_not_written(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A repository cannot have its findings written where it likes."""
    (house / FILE).symlink_to(tmp_path / "outside")

    assert 2 == main(["baseline", "create", str(house)])
    assert "is a link" in capsys.readouterr().err
    assert not (tmp_path / "outside").exists()


def test_a_baseline_does_not_drive_the_terminal(house: Path, capsys: pytest.CaptureFixture[str]):
    """What an entry holds is shown with its escapes spelled out, and no path opens a command of GitHub's runner."""
    rows = [
        {"path": path, "rule": "S01", "scope": "", "snippet": "", "count": 1} for path in ("a\x1b]0;x", "::error::a.py")
    ]
    (house / FILE).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    assert 0 == main(["baseline", "show", str(house)])
    said = capsys.readouterr().out
    assert "a\\x1b]0;x: S01" in said
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize("form", ["ci/past.jsonl", "./ci/past.jsonl", "ci/../ci/past.jsonl", "{}/ci/past.jsonl"])
def test_a_baseline_may_be_named_in_any_way(house: Path, capsys: pytest.CaptureFixture[str], form: str):
    """For a change, too, whose baseline git knows by one name."""
    (house / "ci").mkdir()
    named = ["--baseline", form.format(house)]
    assert 0 == main(["baseline", "create", str(house), *named])
    git(house, "add", ".")
    git(house, "commit", "-q", "-m", "Accept")
    (house / "old.py").write_text((house / "old.py").read_text() + "\nb = 1\n")

    assert (0, []) == check(capsys, str(house), *named)
    assert (0, []) == check(capsys, str(house), *named, "--diff", "HEAD", "--mode", "files")
