"""
Group B: files that break parsers.
"""

# ruff: noqa: E501 - rows of a table stay on one line
from __future__ import annotations

import random
import signal
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idiolect.evaluation.suppression import collect_suppressions
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.difference import FileChange, Lines
from idiolect.mining.filters.secrets import find_secrets, redact_secrets
from idiolect.mining.history import Commit, is_lesson
from idiolect.mining.languages import language_named
from idiolect.mining.mine_file import mine_data
from idiolect.mining.owners import owners_of
from idiolect.mining.pairs.kind import MinedFile, collect_kinds
from idiolect.mining.source import parse_source
from idiolect.mining.workers import FILE_SECONDS, map_files
from tests_toys import plant

from .conftest import FEW

PYTHON = language_named("python")
DEEP = {
    "B01-brackets": "x = " + "[" * 100_000 + "]" * 100_000 + "\n",
    "B02-terms": "x = " + "a + " * 100_000 + "a\n",
    "B03-500-terms": "def f():\n    return " + "a + " * 500 + "a\n",
    "B03-3000-pieces": "def f():\n    return (" + "'a'\n" * 3_000 + ")\n",
    "B04-parentheses": "def f():\n    return " + "(" * 3_000 + "1" + ")" * 3_000 + "\n",
    "B07-integer": "x = " + "9" * 5_000 + "\n\ndef f():\n    return 1 << (1 << 40)\n",
    "B07-folding": "def f():\n    return 'a' * 10 ** 10 + 9 ** 9 ** 9\n",
}


@pytest.mark.parametrize("name", DEEP)
def test_a_deep_or_costly_file_costs_itself_alone(root, mine, name):
    """The run survives, and every other file is in the corpus."""
    good = mine(root, name="good")
    text = "".join(f"{line[i : i + 1500]}\n" for line in DEEP[name].splitlines() for i in range(0, len(line), 1500))
    plant(root, {"hostile.py": DEEP[name], "wrapped.py": text})
    mined = mine(root)

    assert 0 == mined.code
    ids = {row["path"] for row in good.pairs()}
    assert ids <= {row["path"] for split in ("train", "validation", "test") for row in mined.pairs(split)}


@pytest.mark.slow
def test_B05_one_hostile_file_among_hundreds(tmp_path, mine):
    """With several workers, one file that costs its worker is lost alone."""
    plant(
        tmp_path / "repo",
        {**FEW, **{f"m{i}.py": f"def f{i}(x):\n    y = g(x)\n    return y + {i}\n" for i in range(400)}},
    )
    before = mine(tmp_path / "repo", "--workers", "2", name="before").pairs()
    plant(tmp_path / "repo", {"hostile.py": "def f():\n    return " + "[\n" * 100_000})
    after = mine(tmp_path / "repo", "--workers", "2", name="after").pairs()

    assert len(before) <= len(after) + len(before) // 10


BYTES = [
    pytest.param(b"x = 1\0\n", {"nul_byte"}, id="B06-nul"),
    pytest.param(b"x = '\xff\xfe'\n", {"undecodable"}, id="B06-invalid-utf8"),
    pytest.param(b"x = '\xed\xa0\x80'\n", {"undecodable"}, id="B06-lone-surrogate"),
    pytest.param(b"# coding: no-such\nx = 1\n", {"unknown_encoding"}, id="B06-cookie"),
    pytest.param(b"# coding: rot13\nx = 1\n", {"unknown_encoding", "undecodable"}, id="B06-no-text-encoding"),
    pytest.param(b"# coding: utf-16\nx = 1\n", {"undecodable", "unknown_encoding"}, id="B06-wide-cookie"),
]


@pytest.mark.parametrize(("data", "reasons"), BYTES)
def test_odd_bytes_have_one_reason(root, mine, data, reasons):
    plant(root, {"odd.py": data})
    found = mine(root).skipped["odd.py"]

    assert 1 == len(found)
    assert found <= reasons


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfdef f(x):\n    return g(x) + 1\n", b"def f(x):\r\n    y = g(x)\n    return y\r", b"\x0cdef f(x):\n\x0c    return g(x)\n"],
    ids=["B06-bom", "B06-mixed-line-ends", "B06-form-feed"],
)  # fmt: skip
def test_odd_bytes_that_are_text_survive(data):
    source = parse_source("a.py", data, PYTHON)

    assert data == source.encode(source.text)


def test_B08_random_bytes(root, mine):
    plant(root, {"noise.py": random.Random(0).randbytes(2 << 20), "small.py": random.Random(1).randbytes(300_000)})
    begin = time.process_time()
    mined = mine(root)

    assert {"noise.py", "small.py"} <= set(mined.skipped)
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    "text",
    ["def f(x):\n    print x\n    exec 'y'\n    return `x`\n", "def f(x):\n    {% if a %}\n    return {{ b }}\n    {% endif %}\n",
     "def f[T: (int, str) = int](x: T) -> T:\n    match? x:\n        return <- x\n"],
    ids=["B09-python-2", "B09-template", "B09-future"],
)  # fmt: skip
def test_other_syntax_is_no_evidence(root, mine, text):
    """A unit that is no Python of today gives no pair, and the reason is recorded."""
    plant(root, {"other.py": text})
    mined = mine(root)

    assert not any(row["path"] == "other.py" for row in mined.pairs())
    assert mined.skipped["other.py"]


def never_return(path: str) -> str:
    """Stand for a parser that loops on one file, and wait for a thirtieth of the time that it is given."""
    if "hostile" in path:
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        assert left == pytest.approx(FILE_SECONDS, rel=0.1)
        signal.setitimer(signal.ITIMER_PROF, left / 30)
    while "hostile" in path:
        pass
    return path


def test_B10_a_parser_that_never_returns():
    """The work on one file is capped in processor time: the file is lost, what stands beside it is not."""
    sizes = [("a.py", 1), ("hostile.py", 1), ("b.py", 1)]
    done = list(map_files(never_return, sizes, workers=1, lost=lambda path: f"lost {path}"))

    assert ["a.py", "lost hostile.py", "b.py"] == done


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_B11_bytes_in_bytes_out(data):
    """Whatever the bytes, a file is refused with a reason or comes back to the byte."""
    try:
        source = parse_source("a.py", data, PYTHON)
    except ValueError:
        return
    if source.encoding in ("utf-8", "utf-8-sig"):
        assert data == source.encode(source.text)


UNITS = st.sampled_from(
    ["@dec\ndef f(a):\n    return a\n", "class A:\n    def g(self):\n        '''D.'''\n        return 1\n",
     "if x:\n    def h(): return 2\n", "def one(): pass\n", "async def k(\n    a,\n    b=(1,\n 2),\n):\n\tx = 1\n\treturn x\n",
     "@overload\ndef o(a: int) -> int: ...\n", "def outer():\n    def inner():\n        return 'é'\n    return inner\n",
     "try:\n    def t():\n        pass\nexcept E:\n    pass\n", "x = lambda: 1\n", "# ünïcode\n"]
)  # fmt: skip


@given(st.lists(UNITS, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_B12_extract_then_splice(units, end, marked):
    """Taking out any definition's code and putting it back gives the file."""
    text = "\n".join(units).replace("\n", end)
    data = text.encode("utf-8-sig" if marked else "utf-8")
    source = parse_source("a.py", data, PYTHON)
    for definition in collect_definitions(source):
        if definition.body is not None:
            assert source.text == source.splice(definition.body, source.slice(definition.body))
            assert data == source.encode(source.splice(definition.body, source.slice(definition.body)))


def test_B14_no_pattern_explodes():
    """Text made to send backtracking patterns round in circles is looked through in time that grows with its length."""
    bait = ["A" * 50_000, "a@" * 20_000, "ey" + "A." * 20_000, "= '" * 20_000, "-----BEGIN " * 5_000, "sk_live_" * 5_000,
            "://a:" * 20_000, " " * 50_000, "\\'" * 20_000, "+1 (" * 10_000]  # fmt: skip
    for text in bait:
        begin = time.process_time()
        find_secrets(text)
        redact_secrets(f"x = '{text}'\n")
        mine_data("a.py", f"# {text[:1500]}\nx = 1\n".encode(), [PYTHON], None)
        assert time.process_time() - begin < 5, text[:20]


def test_B14_no_comment_message_or_settings_explode():
    """Nor what a comment excuses, a commit says, or a build is set up with, of the size that such a thing may have."""
    comment = parse_source("a.py", b"x = 1  # idiolect: ignore[" + b"," * 200_000 + b"] why\n", PYTHON)
    lines = [Lines(1, 1)]
    begin = time.process_time()
    collect_suppressions(comment)
    is_lesson(Commit("0", "." * 100_000 + "x", "A", [FileChange("a.py", removed=lines, added=lines)]))
    owners_of([("build.gradle.kts", b"\n" * 200_000)])

    assert time.process_time() - begin < 5


def test_B14_many_blocks_under_many_headings():
    """A manual of thousands of blocks is looked through once, not once a block; every block stands where it is said."""
    text = "# Doors\n\n```\nöffne_die_tür()\n```\n\n" * 18_000
    source = parse_source("a.md", text.encode(), language_named("markdown"))
    begin = time.process_time()
    drafts = list(collect_kinds()["recall"].draft(MinedFile(source, [], "")))

    assert time.process_time() - begin < 5
    assert list(range(4, 6 * 18_000, 6)) == [draft.start_line for draft in drafts]
    assert {("Doors", "öffne_die_tür()")} == {(draft.symbol, draft.response) for draft in drafts}
    assert all(source.utf8[draft.start :].startswith("öffne".encode()) for draft in drafts[::999])
