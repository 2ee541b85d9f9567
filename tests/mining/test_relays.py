"""
A function that hands on what it is given, and returns what comes, is what the house calls in that place (A01).
"""

from __future__ import annotations

import pytest
from idiolect.mining.judge import judge_source

from .houses import learn, parse

MANY = "mark(any(known), len(known))"
MARKED = "    if a in known:\n        logger = mark(logger, any(known), len(known))\n"


def house_of(body: str, uses: int = 20, raw: int = 0) -> dict[str, str]:
    """Return the files of a house whose function `get_logger` has a *body*, with *uses* of it and *raw* calls."""
    home = f"import logging\n\nfrom app.marks import mark\n\nknown = []\n\n\ndef get_logger(a):\n{body}"
    files = {"app/journal.py": home, "app/marks.py": "def mark(a, *b):\n    return a\n"}
    for number in range(uses):
        files[f"app/m{number}.py"] = f"from app.journal import get_logger\n\nlog = get_logger('m{number}')\n"
    for number in range(raw):
        files[f"app/raw{number}.py"] = f"import logging\n\nlog = logging.getLogger('raw{number}')\n"
    return files


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        pytest.param("    return logging.getLogger(a)\n", 1, id="returned at once"),
        pytest.param(f"    logger = logging.getLogger(a)\n{MARKED}    return logger\n", 1, id="returned in the end"),
        pytest.param(f"    logger: Any = logging.getLogger(a)\n{MARKED}    return logger\n", 1, id="with its type"),
        pytest.param(f"    logger = logging.getLogger(a)\n{MARKED}    return None\n", 0, id="kept"),
        pytest.param("    return logging.getLogger(a).name\n", 0, id="a part of it returned"),
        pytest.param("    return logging.getLogger('a')\n", 0, id="given something else"),
        pytest.param("    a = mark(a)\n    return logging.getLogger(a)\n", 0, id="what is given is changed before"),
        pytest.param("    known[0], a = mark(a)\n    return logging.getLogger(a)\n", 0, id="changed with others"),
        pytest.param("    while a := mark(a):\n        pass\n    return logging.getLogger(a)\n", 0, id="named anew"),
        pytest.param(f"    b = logging.getLogger(a)\n    b /= {MANY}\n    return b\n", 0, id="divided"),
        pytest.param(f"    b = logging.getLogger(a)\n    b = b / {MANY}\n    return b\n", 0, id="divided anew"),
        pytest.param(f"    b = logging.getLogger(a)\n    b = {MANY}\n    return b\n", 0, id="something else returned"),
        pytest.param(f"    b = logging.getLogger(a)\n    b = b.bind({MANY})\n    return b\n", 1, id="bound"),
        pytest.param(f"    b = logging.getLogger(a)\n    b.at[0] = {MANY}\n    return b\n", 1, id="set up"),
        pytest.param(
            f"    b = logging.getLogger(a)\n\n    def c():\n        return b\n\n    return mark(c, {MANY})\n",
            0,
            id="returned by another",
        ),
    ],
)
def test_what_is_handed_on_is_called_through_the_house(body: str, rules: int):
    """Nobody needs to call what is wrapped for the wrapper to be the house's way, nor is its body a thin one."""
    profile = learn(house_of(body))

    assert ["logging.getLogger"] * rules == [entry.key for entry in profile.entries if entry.convention == "A01"]


@pytest.mark.parametrize(("raw", "found"), [(0, 1), (1, 1), (12, 0)])
def test_a_raw_call_is_found_where_the_house_hardly_has_one(raw: int, found: int):
    """Where many call what is wrapped, it is no rule that nobody does."""
    profile = learn(house_of("    return logging.getLogger(a)\n", raw=raw))
    source = parse("app/new.py", "import logging\n\nlog = logging.getLogger(__name__)\n")
    findings = [each for each in judge_source(source, profile).findings if each.entry.convention == "A01"]

    assert [3] * found == [each.line for each in findings]
