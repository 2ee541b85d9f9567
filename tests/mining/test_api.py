"""
What a repository or its framework offers is indexed, each under a name of its own, and teaches nothing else.
"""

from __future__ import annotations

import pytest
from idiolect.mining.api import Lookup, Symbol, file_symbols, summary_of
from idiolect.mining.errors import TooSmallError
from idiolect.mining.languages import known_languages
from idiolect.mining.mine import mine_repositories
from idiolect.mining.mine_file import mine_data
from idiolect.mining.pairs.use import purpose_of
from idiolect.mining.recency import COMMITS
from idiolect.mining.yields import FileYield

from .houses import HOUSE, NOUNS, STYLED, mined_file


@pytest.mark.parametrize(
    ("head", "signature"),
    [
        ("def f(\n    cmd: click.Command,\n):", "(cmd: click.Command)"),
        (
            "def f(\n    a: dict[\n        str,\n        int,\n    ],\n    *,\n    b=(1,),\n) -> C:",
            "(a: dict[str, int], *, b=(1,))",
        ),
        ("def f( a, b ):", "( a, b )"),
    ],
)
def test_a_signature_of_several_lines_is_asked_for_as_on_one(head: str, signature: str):
    """Without the blanks and the comma that its line breaks leave; what stands on one line stays."""
    mined = mined_file("house/a.py", f"{head}\n    return g()\n")

    assert [signature] == [symbol.signature for symbol in file_symbols(mined.source, mined.definitions)]


def test_a_class_is_called_with_what_its_body_says():
    """Without `self`; a class of which nothing is told, or several things, has no signature."""
    told = "class Door:\n    def __init__(self, key: str, *, wide=True):\n        self.key = key\n"
    overloads = "class Gate:\n    def __init__(self, a):\n        go()\n\n    def __init__(self, b):\n        go()\n"
    mined = mined_file("house/a.py", f"{told}\n\n{overloads}\n\nclass Hole(Door):\n    depth = 1\n")
    signatures = {symbol.name: symbol.signature for symbol in file_symbols(mined.source, mined.definitions)}

    assert ("(key: str, *, wide=True)", "", "") == tuple(signatures[name] for name in ("Door", "Gate", "Hole"))


MADE = {
    "house/base.py": (
        "from dataclasses import dataclass, field\n\n\n"
        "@dataclass\nclass Thing:\n    weight: int\n    kind: ClassVar[str] = 'thing'\n"
        "    parts: list[str] = field(default_factory=list)\n    id: int = field(init=False)\n\n\n"
        "class _Base:\n    def __init__(self, key: str):\n        self.key = key\n\n\n"
        "class Row:\n    def __init__(self, a):\n        go()\n\n    def __init__(self, b):\n        go()\n\n\n"
        "class Mixin:\n    size: int = 1\n"
    ),
    "house/doors.py": (
        "import attrs\nfrom dataclasses import KW_ONLY, dataclass\nfrom typing import Generic, NamedTuple\n"
        "from pydantic import BaseModel, Field\nfrom other import Far\n"
        "from house.base import Mixin, Row, Thing, _Base\n\n\n"
        "@dataclass\nclass Door(Thing):\n    weight: float = 2.5\n    _: KW_ONLY\n    wide: bool = False\n\n\n"
        "@attrs.define(kw_only=True)\nclass Bolt:\n    _size: int\n    made = attrs.field(default=3)\n"
        "    other = 4\n\n\n"
        "class Key(NamedTuple):\n    name: dict[\n        str, int\n    ]\n\n\n"
        "class Card(BaseModel):\n    code: str = Field(..., max_length=3)\n\n\n"
        "class Pass(Card):\n    days: int = Field(7)\n    _seen: int = 0\n\n\n"
        "class Gate(Mixin, Generic[T], _Base):\n    depth: int = 1\n\n\n"
        "class Lattice(Gate[int]):\n    bars = 1\n\n\n"
        "class Line(Row):\n    pass\n\n\n"
        "class Circle(Circle, Gate):\n    pass\n\n\n"
        "class Away(Far):\n    pass\n\n\n"
        "@dataclass\nclass Beyond(Far):\n    x: int\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        pytest.param("Thing", "(weight: int, parts: list[str] = ...)", id="fields"),
        pytest.param("Door", "(weight: float = 2.5, parts: list[str] = ..., *, wide: bool = False)", id="more fields"),
        pytest.param("Bolt", "(*, size: int, made=3)", id="attrs"),
        pytest.param("Key", "(name: dict[str, int])", id="a named tuple"),
        pytest.param("Pass", "(*, code: str, days: int = 7)", id="a model's heir"),
        pytest.param("Gate", "(key: str)", id="a private base behind a mixin"),
        pytest.param("Lattice", "(key: str)", id="a base that is generic"),
        pytest.param("Line", "", id="a base with several makers"),
        pytest.param("Circle", "(key: str)", id="a base that is itself"),
        pytest.param("Away", "", id="a base from elsewhere"),
        pytest.param("Beyond", "", id="fields of a base from elsewhere"),
    ],
)
def test_a_class_without_a_maker_is_called_with_its_fields_or_as_its_base_is(name: str, signature: str):
    """As far as the repository tells; else nothing is said."""
    lookup = Lookup([(path, symbols_of(path, text)) for path, text in MADE.items()])
    place = "base" if name == "Thing" else "doors"
    found = lookup.find(f"house.{place}.{name}")

    assert found is not None
    assert signature == found.signature


def symbols_of(path: str, text: str) -> tuple[Symbol, ...]:
    yielded = mine_data(path, text.encode(), known_languages(), [])
    assert isinstance(yielded, FileYield)
    return yielded.symbols


@pytest.mark.parametrize(
    ("doc", "summary", "purpose"),
    [
        ('"""Opens the\n    "north" door.\n    """', 'Opens the "north" door', 'open the "north" door'),
        ("'''\n    Opens the\n    'north' door.'''", "Opens the 'north' door", "open the 'north' door"),
        (
            '"""Open a door (e.g. the front one) once. Then go."""',
            "Open a door (e.g. the front one) once",
            "open a door (e.g. the front one) once",
        ),
        ('"""Given a key, open the door."""', "Given a key, open the door", ""),
        ("-- | Opens the\n-- door.", "Opens the door", "open the door"),
        ("!> Opens the\n!! door.", "Opens the door", "open the door"),
        ('"""Safe version of `open`."""', "Safe version of `open`", ""),
        ('"""Convenience method for opening doors."""', "Convenience method for opening doors", ""),
        ('"""Opens a door to v3\n    Receives a key and returns it."""', "Opens a door to v3", "open a door to v3"),
        (
            '"""Opens the door of the\n    House, which is the one at the end of a street."""',
            "Opens the door of the House, which is the one at the end of a street",
            "open the door of the House, which is the one at the end of a street",
        ),
        ("/// Opens the door\n/// **Slow** may take a while", "Opens the door", "open the door"),
        ("/// Opens one of:\n///  - `front`\n///  - `back`", "", ""),
        ("/**\n * Opens the door\n * @param key the key\n */", "Opens the door", "open the door"),
        ("/**\n * @experimental It may change.\n */", "", ""),
        (
            '"""Opens a door, as\n    :class:`Door` says. Then goes."""',
            "Opens a door, as :class:`Door` says",
            "open a door, as :class:`Door` says",
        ),
        ('"""Opens a door\n    :param key: the key\n    """', "Opens a door", "open a door"),
        (
            "-- | Opens the door, as\n-- @open key@ says.",
            "Opens the door, as @open key@ says",
            "open the door, as @open key@ says",
        ),
        ("/** {@inheritDoc} */", "", ""),
        ('"""https://example.com/doors#open"""', "", ""),
        ('"""\n    Arguments:\n        key -- The key.\n    """', "", ""),
    ],
)
def test_a_summary_is_told_as_it_is_written(doc: str, summary: str, purpose: str):
    """A quote at the start of a line is its word's; a summary that opens with no verb is nothing to be asked for."""
    assert (summary, purpose) == (summary_of(doc), purpose_of(summary))


@pytest.mark.parametrize(
    ("dotted", "found"),
    [
        pytest.param("house.log.debug", True, id="its own module"),
        pytest.param("house.debug", True, id="a package that offers it too"),
        pytest.param("barn.debug", True, id="a package of the other files"),
        pytest.param("house.log.logger.debug", False, id="a value of a module"),
        pytest.param("barn.log.debug", False, id="no module"),
        pytest.param("house.log.Shelf.make", True, id="a class of a module"),
        pytest.param("house.log.shelf.Shelf.make", False, id="a class of a value"),
        pytest.param("yard.gate.lift", True, id="the root is the package"),
        pytest.param("yard.gate.bar.lift", False, id="a value of a module there"),
    ],
)
def test_a_name_is_found_after_a_module(dotted: str, found: bool):
    """What has the name of a function of the house, and belongs to a value, is not that function."""
    files = {
        "src/house/log.py": "def debug(text):\n    return text\n\n\nclass Shelf:\n    def make():\n        return 1\n",
        "src/house/barn/__init__.py": "",
        "gate.py": "def lift(bar):\n    return bar\n",
    }
    mined = [mined_file(path, text) for path, text in files.items()]
    lookup = Lookup([(one.source.path, file_symbols(one.source, one.definitions)) for one in mined])

    assert found is (lookup.find(dotted) is not None)


def test_a_function_of_another_language_is_not_what_is_called(write_tree, tmp_path):
    """Python finds no JavaScript, though its folder has the name of a package."""
    page = "from house.doors import knock\n\n\ndef enter(door):\n    door.find()\n    knock(door, times=2)\n"
    tree = {"house/doors.py": "knock = print\n", "house/page.py": page}
    script = {"web/house/doors.js": "function knock(door, times) {\n  return door;\n}\n"}
    corpus = mine_repositories([write_tree({**HOUSE, **tree, **script})], tmp_path / "corpus", workers=1)
    used = {
        pair.path for split in ("train", "validation", "test") for pair in corpus.pairs(split) if pair.kind == "use"
    }

    assert {"house/pages.py"} == used


def test_a_framework_gives_its_api_and_no_pairs(write_tree, tmp_path):
    """`api_from` lets calls of the framework be asked for with its words; none of its code is taught."""
    framework = write_tree({"flow/core.py": HOUSE["house/words.py"]}, "flow")
    text = HOUSE["house/pages.py"].replace("from . import words", "from flow.core import shorten").replace("words.", "")
    app = write_tree({"app/pages.py": text, "app/client.py": HOUSE["house/client.py"]}, "app")
    corpus = mine_repositories([app], tmp_path / "corpus", workers=1, api_from=[framework])
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]

    assert any("shorten(text, limit)` to return the first words" in p.instruction.replace("Now", "`") or
               "`shorten(text, limit)`" in p.instruction for p in pairs if p.kind == "use")  # fmt: skip
    assert not any("flow" in pair.path.split("/")[0] for pair in pairs)
    assert "flow/flow/core.py" in corpus.api["files"]
    assert "flow" == corpus.manifest["api_from"][0]["repository"]


def test_a_framework_changes_no_rule(write_tree, commit_tree, tmp_path):
    """Folders keep their own rules, and recent lines are known, whether or not a framework's API is indexed."""
    tree = {f"core/{n}.py": STYLED.format(noun=n) + 'A = ["b", "c", "d", "e", "f"]\n' * 2 for n in NOUNS}
    tree |= {f"old/{n}.py": f"A = ['{n}', 'c', 'd', 'e', 'f']\nB = ['g', 'h', 'i', 'j', 'k']\n" for n in NOUNS}
    root = write_tree(tree)
    commit_tree(root)
    for number in range(COMMITS):
        with (root / "core" / f"{NOUNS[number % len(NOUNS)]}.py").open("a", encoding="utf-8") as file:
            file.write(f'B{number} = "b"\n')
        commit_tree(root, f"Add {number}")
    framework = write_tree({"core/flow.py": HOUSE["house/words.py"], "flow/a.py": HOUSE["house/client.py"]}, "core")
    alone = mine_repositories([root], tmp_path / "alone", workers=1)
    beside = mine_repositories([root], tmp_path / "beside", workers=1, api_from=[framework])

    assert alone.profile == beside.profile
    assert {"dir:old", "repository"} <= {entry.scope for entry in beside.profile.entries}
    assert any(entry.recent_n for entry in beside.profile.entries)
    assert {"core", "core-2"} == {path.partition("/")[0] for path in beside.api["files"]}


def test_repositories_of_one_name_do_not_collide(write_tree, tmp_path):
    """Two repositories whose folders have the same name keep their files apart."""
    one = write_tree({"code.py": HOUSE["house/words.py"]}, "a/tool")
    other = write_tree({"code.py": HOUSE["house/client.py"]}, "b/tool")
    corpus = mine_repositories([one, other], tmp_path / "corpus", workers=1)

    assert {"tool/code.py", "tool-2/code.py"} == set(corpus.api["files"])


def test_a_test_is_nothing_that_a_repository_offers(write_tree, tmp_path):
    """Its conventions count, and its names are in no index; where nothing else is found, the way out is said."""
    tests = {f"tests/test_{noun}.py": STYLED.format(noun=noun) for noun in NOUNS}
    root = write_tree({"house/words.py": HOUSE["house/words.py"], **tests})
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1)

    assert ["house/words.py"] == list(corpus.api["files"])
    assert "S01" in {entry.convention for entry in corpus.profile.entries}
    with pytest.raises(TooSmallError, match="name the code that they test"):
        mine_repositories([root / "tests"], tmp_path / "none", workers=1)
