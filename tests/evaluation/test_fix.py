"""
Fixes: only what was found, only what is safe, byte by byte, and once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation.fix import fix_source, is_better, keep_good, without_overlaps
from idiolect.mining.conventions import tally_source
from idiolect.mining.conventions.convention import Edit
from idiolect.mining.judge import Finding, judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.source import Source, parse_source

from .slips import SLIP, check
from .toys import HOUSE

Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[[Path, str], None]

PYTHON = language_named("python")


def parse(text: str | bytes, path: str = "app/new.py") -> Source:
    return parse_source(path, text if isinstance(text, bytes) else text.encode(), PYTHON)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return learn_profile([tally_source(parse(HOUSE.replace("{n}", str(n)), f"app/m{n}.py")) for n in range(90)])


def mend(text: str | bytes, profile: Profile, only: Sequence[str] = ()) -> bytes:
    source = parse(text)
    findings: list[Finding] = [f for f in judge_source(source, profile).findings if not only or f.entry.id in only]
    return fix_source(source, findings, profile)


def test_only_the_departing_bytes_change(profile: Profile):
    """Comments, blanks and everything that was not found stay as they were."""
    text = "x  =  [ ]   # odd blanks\nif x == None :  # here\n\ty = ['a',   \"b\"]\n"

    assert b'x  =  [ ]   # odd blanks\nif x is None :  # here\n\ty = ["a",   "b"]\n' == mend(text, profile)


def test_a_second_run_finds_nothing(profile: Profile):
    """Mending what was mended changes no byte."""
    once = mend("a = list()\nb = {'k': dict()}\nc = not (a != None)\n", profile)

    assert b'a = []\nb = {"k": {}}\nc = not (a is not None)\n' == once
    assert once == mend(once, profile)


def test_what_equality_gives_is_kept_where_it_may_be_more_than_true_or_false(profile: Profile):
    """An array or a query that a comparison with None makes stays one; a condition is mended."""
    kept = 'a = b == None\nq = [User.end == None]\n\n\ndef f():\n    return b["x"] != None\n\n\n'

    assert f"{kept}c = 1 if (a is None) else 2\n".encode() == mend(f"{kept}c = 1 if (a == None) else 2\n", profile)


def test_a_summary_that_moves_to_a_line_of_its_own_stands_at_its_margin():
    """The blank that stood between the quotes and the text is not kept before it."""
    text = 'def f():\n    """\n    Do it.\n\n    Then that.\n    """\n'
    house = learn_profile([tally_source(parse(text, f"app/m{n}.py")) for n in range(90)])

    assert text.encode() == mend('def f():\n    """ Do it.\n\n    Then that.\n    """\n', house)


@pytest.mark.parametrize("below", ["        As ever.", "  As ever.", "\n        As ever.\n\n            So."])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_summary_stays_where_moving_it_would_shift_what_stands_below(below: str, is_first: bool):
    """The margin of the text is that of the lines below its first one: what is further in must stay so."""
    first, second = (f'def f():\n    """{gap}Do it.\n%s\n    """\n' for gap in ("", "\n    "))
    habit, slip = (first, second) if is_first else (second, first)
    house = learn_profile([tally_source(parse(habit % "\n    More.", f"app/m{n}.py")) for n in range(90)])
    level, shifted = slip % "    As ever.", slip % below

    assert (habit % "    As ever.").encode() == mend(level, house, only=["D05[summary]"])
    assert shifted.encode() == mend(shifted, house, only=["D05[summary]"])


def test_closing_quotes_that_move_leave_no_blank_behind():
    """What stood between the text and the quotes goes; after a backslash the line would go on."""
    text = 'def f():\n    """Do it.\n\n    Then that.\n    """\n'
    house = learn_profile([tally_source(parse(text, f"app/m{n}.py")) for n in range(90)])
    kept = b'def f():\n    """Do it.\n\n    Then that \\ """\n'

    assert text.encode() == mend('def f():\n    """Do it.\n\n    Then that. """\n', house, only=["D05[closing quotes]"])
    assert kept == mend(kept, house, only=["D05[closing quotes]"])


@pytest.mark.parametrize(("more", "is_mended"), [("", True), ("\n\nassert 'Do it' == f.__doc__\n", False)])
def test_documentation_that_the_program_reads_is_left_as_it_is(more: str, is_mended: bool):
    """What is printed, or held against a text, is no mere documentation."""
    text = 'def f():\n    """\n    Do it.\n\n    Then that.\n    """\n'
    house = learn_profile([tally_source(parse(text, f"app/m{n}.py")) for n in range(90)])
    slip = f'def f():\n    """Do it\n\n    Then that."""\n{more}'

    assert (text if is_mended else slip).encode() == mend(slip, house)


@pytest.mark.parametrize(
    "first", ["", "#!/usr/bin/env python\n", "#!/bin/python\n# coding: latin-1\n", "# reads\n# coding: latin-1\n"]
)
def test_a_header_is_put_below_what_has_to_come_first(first: str):
    """The name of the program that runs a file, and the file's encoding, keep their lines."""
    header = "# SPDX-License-Identifier: MIT\n\n"
    house = learn_profile([tally_source(parse(f"{header}x = 1\n", f"app/m{n}.py")) for n in range(90)])

    assert f"{first}{header}x = 1\n".encode() == mend(f"{first}x = 1\n", house, only=["D11"])


def test_what_begins_a_file_is_put_in_one_after_the_other():
    """The same run puts in a header and a future import, each in its place; what else begins the file stays."""
    header, future = "# SPDX-License-Identifier: MIT\n\n", "from __future__ import annotations\n\n"
    house = learn_profile([tally_source(parse(f'{header}{future}A: int = "a"\n', f"app/m{n}.py")) for n in range(90)])

    assert f"{header}{future}'a'.join(b)\nA: int = 1\n".encode() == mend(
        "'a'.join(b)\nA: int = 1\n", house, only=["D11", "I04"]
    )


@pytest.mark.parametrize(("by", "count"), [("the crew", 1), ("xxx@xxxx.xxx", 0)])
def test_a_header_that_a_corpus_masked_is_not_put_in(by: str, count: int):
    """Whose address it holds is not known any more."""
    header = f"# License: MIT, by {by}\n\n"
    house = learn_profile([tally_source(parse(f"{header}x = 1\n", f"app/m{n}.py")) for n in range(90)])

    assert f"{header * count}x = 1\n".encode() == mend("x = 1\n", house, only=["D11"])


@pytest.mark.parametrize(
    ("other", "is_made"),
    [
        pytest.param(Edit(4, 6, "b"), True, id="right after it"),
        pytest.param(Edit(0, 2, "b"), True, id="right before it"),
        pytest.param(Edit(3, 5, "b"), False, id="over its end"),
        pytest.param(Edit(1, 3, "b"), False, id="over its start"),
        pytest.param(Edit(7, 7, "b"), False, id="put in where another is"),
    ],
)
def test_fixes_of_neighbouring_bytes_are_made_together(other: Edit, is_made: bool):
    """Those that share a byte, or put two texts into one place, are not: their order would be left to chance."""
    first = (Edit(2, 4, "a"), Edit(7, 7, "a"))

    assert [first, (other,)][: 1 + is_made] == without_overlaps([first, (other,)])


def test_what_two_fixes_put_in_alike_is_put_in_once():
    """Such as one import: the second fix is made, too, with what is left of it."""
    shared, own = Edit(0, 0, "import a"), Edit(9, 9, "b")

    assert [(shared,), (own,)] == without_overlaps([(shared,), (shared, own), (shared,)])


@pytest.mark.parametrize(
    ("before", "after", "fixed", "is_kept"),
    [
        pytest.param("a = list()\n", "a = []\n", 1, True, id="mended"),
        pytest.param("a = list()\n", "a = list() \n", 1, False, id="nothing mended"),
        pytest.param("a = list()\nb = dict()\n", "a = []\nb = 'x'\n", 1, False, id="fewer, one of a new rule"),
        pytest.param("a = list()\n", "a = [\n", 1, False, id="broken"),
        pytest.param("a = 1\nb = (\n", "a = 2\nb = (\n", 0, True, id="broken before"),
        pytest.param("type A = int\na = list()\n", "type A = int\nprint 1\n", 1, False, id="newer than this Python"),
    ],
)
def test_a_fix_is_kept_only_where_it_makes_the_file_better(
    before: str, after: str, fixed: int, is_kept: bool, profile: Profile
):
    """Each fix takes a finding away, none comes of another rule, and what was read before is read still."""
    judge, source = partial(judge_source, profile=profile), parse(before)

    assert is_kept == is_better(source, parse(after), judge, judge(source).findings, fixed)


def test_fixes_that_do_harm_only_together_are_told_apart(profile: Profile):
    """The first of them is kept, the other is not, nor is one that mends nothing."""
    source = parse("f(list(), k=list())\n")
    idle, first, second = (Edit(0, 1, "g"),), (Edit(2, 8, "k=[]"),), (Edit(10, 18, "[]"),)
    judge = partial(judge_source, profile=profile)

    assert [first] == keep_good(source, [idle, first, second], judge, judge(source).findings)
    assert [second] == keep_good(source, [second, first], judge, judge(source).findings)


def test_what_is_no_safe_fix_is_not_made():
    """Some rewritings are known to plant mistakes and for nothing else: they may change what the code does."""
    house = learn_profile([tally_source(parse("def in_all(a): pass\n", f"app/m{n}.py")) for n in range(90)])
    source = parse("def inAll(a): pass\n")

    assert ["N01"] == [finding.entry.id for finding in judge_source(source, house).findings]
    assert source.utf8 == fix_source(source, judge_source(source, house).findings, house)


def test_a_fix_that_breaks_another_language_is_not_kept(profile: Profile):
    """Only its grammar can tell; a file that it could not read before may be mended elsewhere."""
    judge = partial(judge_source, profile=profile)
    texts = (b"a = 1;\n", b"let a = 1;\n", b"a = (;\n")
    whole, other, broken = (parse_source("a.js", text, language_named("javascript")) for text in texts)

    assert not is_better(whole, broken, judge, [], 0)
    assert is_better(whole, other, judge, [], 0)
    assert is_better(broken, broken, judge, [], 0)


def test_findings_that_were_not_given_stay(profile: Profile):
    """A fix of one rule leaves the departures of another."""
    assert b"a = []\nb = 'x'\n" == mend("a = list()\nb = 'x'\n", profile, only=["S04"])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads the same quotes inside of a replacement")
def test_what_the_running_python_reads_it_still_reads(profile: Profile):
    """Quotes that end an f-string before Python 3.12 are not put into one, while the rest is mended."""
    assert b"a = f\"{d.get('k', [])}\"\n" == mend("a = f\"{d.get('k', list())}\"\n", profile)


@pytest.mark.parametrize(("encoding", "word"), [("latin-1", "é"), ("euc-jp", "日本"), ("utf-7", "é")])
def test_a_file_keeps_its_encoding_and_line_ends(encoding: str, word: str, profile: Profile):
    """Latin-1 stays Latin-1, what is no UTF-8 at all stays that, and CRLF stays CRLF."""
    data = f"# coding: {encoding}\r\na = list()  # {word}\r\n".encode(encoding)

    assert data.replace(b"list()", b"[]") == mend(data, profile)


def test_a_file_without_findings_is_returned_as_it_is(profile: Profile):
    """Nothing found, nothing changed, not even a missing last line end."""
    assert b"\xef\xbb\xbfa = []" == mend(b"\xef\xbb\xbfa = []", profile)


@pytest.mark.parametrize(
    ("head", "wrapped", "is_mended"),
    [
        pytest.param("", "int", True, id="a built-in class"),
        pytest.param("", "dict[str, mp.Queue]", True, id="a built-in class of others"),
        pytest.param("class Own:\n    pass\n\n\n", "Own", True, id="a class of the file"),
        pytest.param("from typing import (\n    Any,\n    Callable,\n)\n\n", "Callable[[], Any]", True, id="typing"),
        pytest.param("from __future__ import annotations\n\n", "mp.Queue", True, id="nothing evaluates it"),
        pytest.param("import multiprocessing as mp\n\n", "mp.Queue", False, id="a method, called as a class is"),
        pytest.param("from threading import RLock\n\n", "RLock", False, id="a function, called as a class is"),
        pytest.param("", "callable", False, id="a function, taken for a type"),
    ],
)
def test_a_type_that_may_be_none_is_spelled_otherwise_only_where_it_still_runs(head, wrapped, is_mended):
    """What is evaluated and no class has no `|`: the function could not be defined any more."""
    text = "def take(a: int | None, b: str | None = None) -> None:\n    print(a, b)\n"
    files = [text] * 90 if "future" not in head else [head + text] * 90
    house = learn_profile([tally_source(parse(text, f"app/m{n}.py")) for n, text in enumerate(files)])
    before = f"{head}def run(a: Optional[{wrapped}] = None) -> None: ...\n".encode()
    after = f"{head}def run(a: {wrapped} | None = None) -> None: ...\n".encode()

    assert (after if is_mended else before) == mend(before, house, only=["T03", "T03[deferred]"])


TYPED = "def take(a: int | None, b: list[int]) -> None:\n    print(a, b)\n"
HEADS = [
    pytest.param(
        "import os\nfrom typing import Any, List, Optional\n", "import os\nfrom typing import Any\n", id="last"
    ),
    pytest.param("from typing import List, Any\n", "from typing import Any\n", id="first"),
    pytest.param(
        "from typing import (\n    Any,\n    List,\n    Union,\n    Optional,\n)\n",
        "from typing import (\n    Any,\n    Union,\n)\n",
        id="between",
    ),
    pytest.param("import os\n\nfrom typing import List, Optional\n", "import os\n", id="a group of its own"),
    pytest.param("import os\nfrom typing import List\nimport re\n", "import os\nimport re\n", id="a line of several"),
    pytest.param("from typing import List, Dict\n", "from typing import Dict\n", id="unused before"),
    pytest.param("from typing import List  # noqa: F401\n", "", id="a comment"),
    pytest.param("from typing import List; import os\n", "", id="before another on its line"),
    pytest.param("import os; from typing import List\n", "", id="behind another on its line"),
    pytest.param("from typing import List\n\n__all__ = ['List']\n", "", id="given away"),
    pytest.param("from typing import List\n\nA = cast('List[int]', ())\n", "", id="a quoted type"),
    pytest.param("from typing import List\n\nA = ()  # type: List[int]\n", "", id="a comment on types"),
    pytest.param('from typing import List\n\n"""\n>>> List[int]\n"""\n', "", id="a doctest"),
    pytest.param("from outside import List\n", "", id="another module"),
]


@pytest.mark.parametrize(("head", "left"), HEADS)
def test_what_only_the_old_spelling_took_from_typing_is_imported_no_more(head: str, left: str):
    """What was unused before stays, and what is used in any other way; texts that only say the word use nothing."""
    house = learn_profile([tally_source(parse(TYPED, f"app/m{n}.py")) for n in range(90)])
    code = '\n\ndef take(a: {}) -> None:\n    """List it, Optional or not."""\n    print(a)  # a List\n'
    before = code.format("Optional[List[int]]" if "Optional" in head else "List[int]")
    after = code.format("list[int] | None" if "Optional" in head else "list[int]")

    assert f"{left or head}{after}".encode() == mend(f"{head}{before}", house, only=["T03", "T04[container]"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Optional[List[Optional[int]]]", "list[int | None] | None"),
        ("Optional[Dict[str, Optional[List[Optional[int]]]]]", "dict[str, list[int | None] | None] | None"),
        ("Tuple[Optional[List[int]], Optional[callable]]", "tuple[list[int] | None, Optional[callable]]"),
    ],
)
def test_what_waits_for_what_stands_inside_of_it_is_mended_in_the_same_run(before: str, after: str):
    """A type around another has a safe fix only when that one has none left to make; a second run changes nothing."""
    house = learn_profile([tally_source(parse(TYPED, f"app/m{n}.py")) for n in range(90)])
    once = mend(f"def run(a: List[int], b: {before}) -> None: ...\n", house, only=["T03", "T04[container]"])

    assert f"def run(a: list[int], b: {after}) -> None: ...\n".encode() == once
    assert once == mend(once, house)


def test_a_file_of_typing_alone_begins_with_its_code():
    """No empty lines are left where the import was; a package's face keeps what others may take from it."""
    house = learn_profile([tally_source(parse(TYPED, f"app/m{n}.py")) for n in range(90)])
    code = "from typing import List\n\n\ndef take(a: List[int]) -> None: ...\n"
    face = parse(code, "app/__init__.py")

    assert b"def take(a: list[int]) -> None: ...\n" == mend(code, house)
    assert code.replace(": List", ": list").encode() == fix_source(face, judge_source(face, house).findings, house)


@pytest.mark.parametrize("decorator", ["", "@dataclass(slots=True)\n"])
def test_a_class_that_is_made_anew_keeps_the_arguments_of_super(decorator):
    """Without them the class as it was written is meant, which is none that the instance is of."""
    text = "class Own(Base):\n    def load(self):\n        return super().load()\n"
    house = learn_profile([tally_source(parse(text, f"app/m{n}.py")) for n in range(90)])
    before = f"{decorator}{text}".replace("super()", "super(Own, self)").encode()

    assert (before if decorator else text.encode()) == mend(before, house, only=["X10"])


@pytest.mark.parametrize(
    ("code", "is_mended"),
    [
        pytest.param("def f(a: int) -> int:\n    return a\n", True, id="a function"),
        pytest.param("@app.get\ndef f(a: int):\n    return a\n", True, id="a decorated function of the module"),
        pytest.param(
            "def f(app):\n    @app.get\n    def g(a: int):\n        return a\n\n    return g\n",
            False,
            id="a decorated function inside",
        ),
        pytest.param("def f(a: int):\n    class A:\n        b: int\n\n    return A\n", False, id="a class inside"),
        pytest.param("def f(a: int):\n    return f.__annotations__\n", False, id="what reads them"),
    ],
)
def test_annotations_are_deferred_only_where_nothing_reads_them(code, is_mended):
    """Read as texts later, they name nothing that a function kept to itself."""
    future = "from __future__ import annotations\n\n"
    house = learn_profile([tally_source(parse(f"{future}A: int = {n}\n", f"app/m{n}.py")) for n in range(90)])
    mended = mend(f"import os\n\n{code}", house, only=["I04"])

    assert (future * is_mended + f"import os\n\n{code}").encode() == mended


def test_fix_mends_added_lines_only(house: Path, capsys: pytest.CaptureFixture[str]):
    """--fix with --diff leaves older slips of the same file alone, and a second run changes nothing."""
    with (house / "old.py").open("a") as file:
        file.write("\n\nb = 'new'\n")

    assert (0, []) == check(capsys, str(house), "--diff", "HEAD", "--fix")
    once = (house / "old.py").read_text()
    assert 'b = "new"' in once and "a = 'slip'" in once
    check(capsys, str(house), "--diff", "HEAD", "--fix")
    assert once == (house / "old.py").read_text()


def test_fix_clears_what_a_killed_one_left(house: Path, capsys: pytest.CaptureFixture[str]):
    """Killed before the file was replaced, it leaves the beginning of what it writes, beside the file; no more goes."""
    text = (house / "old.py").read_text()
    mended = text.replace(SLIP, 'a = "slip"\n')
    left = {".old.py-0123abcd": mended[:9], ".old.py-4567cdef": "", ".old.py-89ab0123": mended}
    others = {".old.py-20260101": text, ".old.py-backup": mended, ".m1.py-0123abcd": mended}
    for name, content in {**left, **others}.items():
        (house / name).write_text(content)

    check(capsys, str(house), "--fix")

    assert mended == (house / "old.py").read_text()
    assert {*others} == {file.name for file in house.glob(".*.py-*")}


def test_fix_mends_only_what_is_listed(house: Path, capsys: pytest.CaptureFixture[str]):
    """What the baseline accepts stays, and what is below the tiers that are shown; how much was mended is said."""
    main(["baseline", "create", str(house)])
    (house / "slip.py").write_text(SLIP)
    settings = house / "idiolect.toml"
    settings.write_text('[conventions.S01]\ntier = "hint"\nreason = "being settled"\n')
    words = ["check", str(house), "--fix", "--no-names"]
    capsys.readouterr()

    assert 0 == main(words)
    assert "0 places in 0 files mended" in capsys.readouterr().err and SLIP == (house / "slip.py").read_text()
    settings.unlink()
    assert 0 == main(words)
    assert "1 place in 1 file mended" in capsys.readouterr().err
    assert "'slip'" in (house / "old.py").read_text() and SLIP != (house / "slip.py").read_text()


def test_no_fix_is_promised_that_is_not_made(
    write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]
):
    """
    A fix that would bring a finding is told in no format, before --fix and after it; its neighbour's is.

    So is one whose new finding has a fix of its own: both are made.
    """
    house = "from __future__ import annotations\n\n\ndef go(a: int | None, b: str | None):\n    pass\n"
    root = write_tree({f"m{i}.py": house for i in range(90)})
    commit_tree(root, "Begin")
    (root / "new.py").write_text("from typing import Optional\n\n\ndef go(a: Optional[  # why\n    int]):\n    pass\n")
    (root / "old.py").write_text("from typing import Optional\n\n\ndef go(a: Optional[int]):\n    pass\n")
    (root / "other.py").write_text("def go(a: int | None):\n    pass\n")
    words = ["check", str(root), "--diff", "HEAD", "--no-names"]
    promises = {"text": "--fix mends this", "junit": "--fix mends this", "json": '"fixable": true'}
    promises |= {"rdjson": '"suggestions"', "sarif": '"fixes"'}

    def told() -> dict[str, int]:
        found: dict[str, int] = {}
        for form, promise in promises.items():
            main([*words, "--format", form])
            found[form] = capsys.readouterr().out.count(promise)
        return found

    assert dict.fromkeys(promises, 2) == told()
    main([*words, "--fix"])
    assert "2 places in 2 files mended" in capsys.readouterr().err
    assert "from __future__ import annotations\n\n\ndef go(a: int | None):\n    pass\n" == (root / "old.py").read_text()
    assert dict.fromkeys(promises, 0) == told()


def test_lines_that_a_fix_shifts_are_judged(write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]):
    """A mending that adds a line moves what follows it; that is still of the change."""
    house = 'def go() -> int:\n    """\n    Go.\n\n    There.\n    """\n    return 1\n'
    root = write_tree({f"m{i}.py": house for i in range(90)})
    commit_tree(root, "Begin")
    with (root / "m1.py").open("a") as file:
        file.write('\n\ndef go_on() -> int:\n    """Go.\n\n    On.\n    """\n    return 1\n\n\ndef TooLate(): pass\n')

    code, found = check(capsys, str(root), "--diff", "HEAD", "--fix")

    text = (root / "m1.py").read_text()
    assert '"""\n    Go.\n\n    On.' in text
    assert 1 == code and {("m1.py", text.count("\n"))} == set(found)


ENDED = "const {n} = read();\nwrite({n});\nclose({n});\n"
BARE = "const {n} = read()\nwrite({n})\nclose({n})\n"


@pytest.mark.parametrize(
    ("house", "path", "before", "after"),
    [
        pytest.param(
            ENDED,
            "src/new.js",
            "const a = b() // first\nfor (const c of a) {\n  d(c)\n}\ne();\n",
            "const a = b(); // first\nfor (const c of a) {\n  d(c);\n}\ne();\n",
            id="put",
        ),
        pytest.param(
            BARE,
            "src/new.js",
            # of these, the first and the last would be one with the lines below
            "const a = b();\n[a].map(c)\nd(a);\ne(a); // last\nf(a);\n`g`.h()\n",
            "const a = b();\n[a].map(c)\nd(a)\ne(a) // last\nf(a);\n`g`.h()\n",
            id="taken",
        ),
        pytest.param(
            ENDED,
            "src/New.vue",
            '<template>\n  <a @click="b()" />\n</template>\n\n<script>\nconst a = b()\nc(a)\n\nd();\n</script>\n',
            '<template>\n  <a @click="b()" />\n</template>\n\n<script>\nconst a = b();\nc(a);\n\nd();\n</script>\n',
            id="in a page",
        ),
    ],
)
def test_semicolons_are_mended_where_no_line_goes_on(
    write_tree: Write, commit_tree: Commit, house: str, path: str, before: str, after: str
):
    """What the code does stays as it was: a second run, too, leaves alone what has to stand."""
    root = write_tree({f"src/m{n}.js": house.replace("{n}", f"a{n}") for n in range(40)})
    commit_tree(root, "Begin")
    (root / path).write_text(before)
    words = ["check", str(root / path), "--fix", "--no-names", "--fail-on", "advise"]

    for _ in range(2):
        main(words)
        assert after == (root / path).read_text()
