"""
Of what the resolver calls missing only the certain is told: nothing in the house's text may make it exist.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import indent

import pytest
from idiolect.evaluation.names import existence
from idiolect.evaluation.names.existence import find_missing, findings_by_path
from idiolect.evaluation.names.house import read_house
from idiolect.evaluation.names.library import library_says, text_of_module
from idiolect.evaluation.names.resolver import find_resolver
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.languages import language_named
from idiolect.mining.source import parse_text

pytestmark = pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
PYTHON = language_named("python")

GUARDED = [
    pytest.param("import sys\n\nprint(sys.pypy_version_info)\n", True, id="another implementation has it"),
    pytest.param(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from _typeshed import Conjured\n",
        True,
        id="type checkers have it in their own versions",
    ),
    pytest.param(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from typing import Conjured\n",
        False,
        id="type checkers lack it, too",
    ),
    pytest.param("import sys\n\nprint(sys.getwindowsversion())\n", True, id="another platform has it"),
    pytest.param("import sys\n\nprint(sys.getlinuxversion())\n", False, id="no platform has it"),
    pytest.param("from sys import getwindowsversion\n", True, id="another platform has what is imported"),
    pytest.param("from sys import getlinuxversion\n", False, id="no platform has what is imported"),
    pytest.param("from urllib.request import quote\n", True, id="a module has what it imports itself"),
    pytest.param("import socket\n\nprint(socket.errno.EINTR)\n", True, id="a module has a module that it imports"),
    pytest.param("import socket\n\nprint(socket.error_number)\n", False, id="neither stubs nor Python have it"),
    pytest.param("from tkinter import Conjured\n", True, id="the running Python is not asked for windows"),
    pytest.param(
        "import json\n\ntry:\n    dumps = json.dump_fast\nexcept AttributeError:\n    dumps = json.dumps\n",
        True,
        id="its lack is handled",
    ),
    pytest.param(
        "import json\n\ntry:\n    dumps = json.dump_fast\nexcept ValueError:\n    dumps = json.dumps\n",
        False,
        id="something else is handled",
    ),
    pytest.param(
        "import json\n\ntry:\n    dumps = json.dump_fast\nexcept Exception:\n    dumps = json.dumps\n",
        True,
        id="whatever goes wrong is handled",
    ),
    pytest.param(
        "import json\n\ntry:\n    dumps = json.dumps\nexcept AttributeError:\n    dumps = json.dump_fast\n",
        False,
        id="it stands in the handler itself",
    ),
    pytest.param(
        "import json\n\n\ndef f(version):\n    if version >= 4:\n        return json.dump_fast()\n    return None\n",
        True,
        id="a version is asked for",
    ),
    pytest.param(
        "import json\n\n\ndef f(version):\n    if version >= 4:\n        return None\n    return json.dump_fast()\n",
        False,
        id="a version was asked for elsewhere",
    ),
    pytest.param(
        "import json\n\nfrom pytest import mark\n\n\n@mark.skipif(\n    not json,\n    reason='old',\n)\n@mark.slow\n"
        "class TestA:\n    def test(self):\n        json.dump_fast()\n",
        True,
        id="the test is skipped elsewhere",
    ),
    pytest.param(
        "import json\n\nfrom pytest import mark\n\n\n@mark.skipif(not json)\ndef test_a():\n    pass\n\n\n"
        "def test_b():\n    json.dump_fast()\n",
        False,
        id="another test is skipped elsewhere",
    ),
    pytest.param(
        "from pytest import mark\n\n\nclass Rows(dict): pass\n\n\n@mark.skipif('not old')\ndef test():\n"
        "    Rows().viewitems()\n",
        True,
        id="a value has it elsewhere",
    ),
    pytest.param(
        "from pytest import mark\n\n\nclass Rows(dict): pass\n\n\n@mark.slow\ndef test():\n    Rows().viewitems()\n",
        False,
        id="a value lacks it",
    ),
    pytest.param(
        "class Rows(dict):\n    if not hasattr(dict, 'walk'):\n        def walk(self):\n            self.in_rows()\n",
        True,
        id="what a class derives from has it in some version",
    ),
    pytest.param(
        "class Rows(dict):\n    def walk(self):\n        self.in_rows()\n",
        False,
        id="what a class derives from lacks it",
    ),
    pytest.param(
        "import sys, textwrap\n\n\ndef f(a):\n    if sys.version_info < (3, 99):\n        print(a)\n        return a\n"
        "    return textwrap.dedent(a, up=1)\n",
        True,
        id="other versions have left",
    ),
    pytest.param(
        "import sys, textwrap\n\n\ndef f(a):\n    if sys.version_info < (3, 99):\n        print(a)\n    g = 1\n"
        "    return textwrap.dedent(a, up=1)\n",
        False,
        id="other versions go on",
    ),
    pytest.param(
        "import json, sys\n\n\ndef f(a):\n    if a:\n        return a\n    return json.dump_fast(a)\n",
        False,
        id="all versions come by",
    ),
]

EXPECTED = [
    pytest.param("with raises(TypeError):\n    pay()\n", True, id="it is to raise"),
    pytest.param("with pytest.raises(\n    TypeError, match='x'\n) as told:\n    pay()\n", True, id="several lines"),
    pytest.param("with self.assertRaisesRegex(TypeError, 'x'):\n    pay()\n", True, id="a method says so"),
    pytest.param("self.assertRaises(TypeError, lambda: pay())\n", True, id="on its own line"),
    pytest.param("with suppress(TypeError):\n    pay()\n", True, id="it may raise"),
    pytest.param("try:\n    conjure()\nexcept NameError:\n    pass\n", True, id="a name's lack is handled"),
    pytest.param(
        "try:\n    conjure()\nexcept OSError:\n    pass\nexcept NameError:\n    pass\n", True, id="by a later handler"
    ),
    pytest.param("@mark.xfail(reason='x')\ndef test(self):\n    pay()\n", True, id="the test is to fail"),
    pytest.param("@mark.slow\ndef test(self):\n    pay()\n", False, id="the test is slow"),
    pytest.param("with suppress(OSError):\n    pay()\n", False, id="something else may be raised"),
    pytest.param("try:\n    pay()\nexcept Exception:\n    pass\n", False, id="anything is handled"),
    pytest.param("with raises(TypeError):\n    print()\npay()\n", False, id="after it"),
]


def test_settings_know_every_kind_of_what_is_missing():
    """What a finding is called, settings may name, and nothing else."""
    assert conventions_by_id()[existence.RULE].keys == {*existence.KINDS.values()}


@pytest.mark.parametrize(("code", "silent"), GUARDED)
def test_what_another_machine_may_have_is_not_reported(write_tree, code: str, silent: bool):
    """Platforms differ, and so do versions of what is installed, where the code is ready for it."""
    root = write_tree({"shop/__init__.py": "", "shop/use.py": code})

    assert silent == (find_missing(root, ["shop/use.py"]) == [])


@pytest.mark.parametrize(
    ("required", "told"),
    [
        ('requires-python = "<4,>=3.13"', False),
        ('requires-python = ">=3.9"', sys.version_info < (3, 13)),
        ('name = "shop"', False),
    ],
)
def test_what_the_project_needs_is_resolved_for_where_this_python_is_older(write_tree, required: str, told: bool):
    """Code may name what has come with the oldest Python that the project runs on, which may be any if none is said."""
    project = f"[project]\n{required}\n"
    root = write_tree({"pyproject.toml": project, "shop/use.py": "from warnings import deprecated\n"})

    assert told == bool(find_missing(root, ["shop/use.py"]))


@pytest.mark.parametrize(("code", "silent"), EXPECTED)
def test_an_error_that_is_expected_is_not_reported(write_tree, code: str, silent: bool):
    """A test may call wrongly on purpose, and code may try a name."""
    head = (
        "from contextlib import suppress\n\n\ndef pay(amount):\n    return amount\n\n\n"
        "def f(raises, pytest, mark, self):\n"
    )
    root = write_tree({"shop/use.py": head + indent(code, "    ")})

    assert silent == (find_missing(root, ["shop/use.py"]) == [])


CALLED = [
    pytest.param("def handle(value):\n    pass\n\n\nhandle(1, 2)\n", True, id="once"),
    pytest.param("def handle(value):\n    pass\n\n\ndef f(handle):\n    handle(1, 2)\n", False, id="a parameter"),
    pytest.param("def handle(value):\n    pass\n\n\nhandle(1, 2)\nhandle = print\n", False, id="it is bound anew, too"),
    pytest.param(
        "def call(handle):\n    return print\n\n\n@call\ndef handle(value):\n    pass\n\n\nhandle(1, 2)\n",
        False,
        id="it is decorated",
    ),
    pytest.param("class Till:\n    def __init__(self):\n        pass\n\n\nTill(1)\n", True, id="a class"),
    pytest.param(
        "import sys\nfrom typing import NamedTuple\n\n\nclass Till(\n    NamedTuple,\n):\n    sum: int\n"
        "    if sys.argv:  # more\n"
        "        tip: int\n\n\nTill(1, 2)\n",
        False,
        id="a class with fields that it may not have",
    ),
    pytest.param(
        "from typing import NamedTuple\n\n\nclass Till(NamedTuple):\n    sum: int\n\n    def pay(self):\n"
        "        if self.sum:\n            print(1)\n\n\nTill(1, 2)\n",
        True,
        id="a class whose methods decide",
    ),
    pytest.param(
        "class Till:\n    def pay(self, sum):\n        pass\n\n\nTill().pay()\nprint(Till)\n", True, id="a method"
    ),
]


@pytest.mark.parametrize(("code", "told"), CALLED)
def test_what_a_file_defines_is_called_as_it_says(write_tree, code: str, told: bool):
    """Other files may have one of the same name."""
    other = "def handle(one, two):\n    pass\n"
    root = write_tree({"shop/__init__.py": "", "shop/use.py": code, "shop/other.py": other, "shop/more.py": other})

    assert told == bool(find_missing(root, ["shop/use.py"]))


LATE = [
    pytest.param("", [], True, id="plain"),
    pytest.param("class A:\n    def __getattr__(self, name):\n        return name\n", [], True, id="a class of it"),
    pytest.param("def load():\n    pass\n\n\n__getattr__ = load()\n", [], False, id="it answers for any name"),
    pytest.param("from .lazyimport import install\n\ninstall()\n", [], False, id="it is filled lazily"),
    pytest.param("from .more import install\n\ninstall(globals())\n", [], False, id="it gives its names away"),
    pytest.param("import sys\n\nsys.modules[__name__] = 1\n", [], False, id="it is something else"),
    pytest.param("from . import maker\n", [], False, id="another one fills it"),
    pytest.param("from . import more\n", [], True, id="another one does not fill it"),
    pytest.param("exec('conjured = print')\n", [], False, id="its text says the name"),
    pytest.param("globals().update(a=1)\n", [], False, id="it fills itself"),
    pytest.param("def fill():\n    g = globals()\n    g['a'] = 1\n", [], False, id="a function fills it"),
    pytest.param("globals().update(a=1)\n", ["parts.pyi"], True, id="a stub describes it"),
]


@pytest.mark.parametrize(("code", "stubs", "told"), LATE)
def test_what_is_installed_may_be_filled_as_it_runs(
    write_tree, monkeypatch: pytest.MonkeyPatch, code: str, stubs: list[str], told: bool
):
    """A module that is handed its own names, or answers for them, lacks nothing for certain."""
    installed = {
        "late/__init__.py": "", "late/parts.py": code, "late/more.py": "def install(given): pass\n",
        "late/maker.py": "import sys\n\nsys.meta_path.append(1)\n",
        "late/lazyimport.py": "def install(): pass\n", **{f"late/{name}": "" for name in stubs},
    }  # fmt: skip
    monkeypatch.syspath_prepend(write_tree(installed, "site-packages"))
    text_of_module.cache_clear()
    root = write_tree({"shop/use.py": "import late.parts\n\nlate.parts.conjured()\n"})

    assert told == bool(find_missing(root, ["shop/use.py"]))


SET = [
    pytest.param("post.tray = []\n", "from lib import post\n\npost.tray.pop()\n", False, id="on a module"),
    pytest.param("post.other = []\n", "from lib import post\n\npost.tray.pop()\n", True, id="another on it"),
    pytest.param("made._tray = 1\n", "self._tray", False, id="on a class"),
    pytest.param("made.add('_tray', 1)\n", "self._tray", False, id="on a class by its name"),
    pytest.param("made._other = 1\n", "self._tray", True, id="another on a class"),
    pytest.param(
        "pass\n\n\nclass Better:\n    _tray = 1\n", "self._tray", False, id="in a class that stands in for it"
    ),
    pytest.param("pass\n\n\nclass Better:\n    def _tray(self): ...\n", "self._tray", False, id="as a method of one"),
]


@pytest.mark.parametrize(("code", "use", "told"), SET)
def test_what_a_library_sets_elsewhere_is_there(
    write_tree, monkeypatch: pytest.MonkeyPatch, code: str, use: str, told: bool
):
    """Another module of a library may set what a module, or a class that derives from one of its own, is to have."""
    installed = {
        "lib/__init__.py": "", "lib/post.py": "", "lib/base.py": "class Base:\n    pass\n",
        "lib/filling.py": f"from lib import post\n\n\ndef fill(made):\n    {code}",
    }  # fmt: skip
    monkeypatch.syspath_prepend(write_tree(installed, "site-packages"))
    text_of_module.cache_clear()
    library_says.cache_clear()
    part = (
        f"from lib.base import Base\n\n\nclass Part(Base):\n    def f(self):\n        return {use}\n\n\nprint(Part())\n"
    )
    root = write_tree({"shop/__init__.py": "", "shop/use.py": part if use.startswith("self") else use})

    assert told == bool(find_missing(root, ["shop/use.py"]))


MADE = [
    pytest.param("@strict\nclass Size:\n    wide: int = 1\n", False, id="another decorator"),
    pytest.param("@dataclass\nclass Size:\n    wide: int = 1\n", True, id="a dataclass"),
    pytest.param("class Size:\n    def __init__(self, wide=1):\n        pass\n", True, id="itself"),
    pytest.param(
        "if typing.TYPE_CHECKING:\n    import json\n\n    class Size:\n        def __init__(self, wide=1): ...\n",
        False,
        id="another, which this one describes",
    ),
    pytest.param(
        "if typing.TYPE_CHECKING:\n\n  class _Sizes:\n    def __call__(self, wide=1): ...\n\n  Size = _Sizes()\n",
        False,
        id="what another, hidden one describes",
    ),
]


@pytest.mark.parametrize(("code", "told"), MADE)
def test_what_makes_an_installed_class_may_take_more(
    write_tree, monkeypatch: pytest.MonkeyPatch, code: str, told: bool
):
    """A library's own decorator may let through what is no field."""
    head = "from dataclasses import dataclass\nfrom typing import dataclass_transform\n\n\n"
    strict = "@dataclass_transform()\ndef strict(made):\n    return made\n\n\n"
    installed = {"made/__init__.py": "", "made/sizes.py": f"import typing\n{head}{strict}{code}"}
    monkeypatch.syspath_prepend(write_tree(installed, "site-packages"))
    text_of_module.cache_clear()
    root = write_tree({"shop/use.py": "from made.sizes import Size\n\nSize(deep=1)\n"})

    assert told == bool(find_missing(root, ["shop/use.py"]))


@pytest.mark.parametrize(
    ("given", "told"), [("*args: P.args, **kwargs: P.kwargs", False), ("", True)], ids=["P", "own"]
)
def test_what_is_passed_on_to_another_callable_is_not_counted(write_tree, given: str, told: bool):
    """Whose parameters those are, a resolver guesses."""
    layer = (
        "from typing import ParamSpec, Protocol\n\nP = ParamSpec('P')\n\n\nclass Make(Protocol[P]):\n"
        "    def __call__(self, app: int, /, *args: P.args, **kwargs: P.kwargs) -> int: ...\n\n\n"
        f"class Layer:\n    def __init__(self, make: Make[P], {given}) -> None:\n        pass\n"
    )
    code = (
        "from shop.layer import Layer\n\n\n"
        "def outer(app: int, one: int, /) -> int:\n    return app\n\n\nLayer(outer)\nLayer(outer, 1, 2)\n"
    )
    root = write_tree({"shop/__init__.py": "", "shop/layer.py": layer, "shop/use.py": code})

    assert told == bool(find_missing(root, ["shop/use.py"]))


@pytest.mark.parametrize(("given", "told"), [("*row, last", False), ("1, 2, 3", True)])
def test_what_is_spread_is_not_counted(write_tree, given: str, told: bool):
    """How long it is, a resolver takes from places that were looked at, and it may be longer, or shorter."""
    code = (
        f"def join(first, second):\n    return first + second\n\n\ndef use(row):\n    last = row[-1]\n"
        f"    kept = row[0] in (1, 2)\n    return kept, join({given})\n"
    )
    root = write_tree({"shop/__init__.py": "", "shop/use.py": code})

    assert told == bool(find_missing(root, ["shop/use.py"]))


@pytest.mark.parametrize(
    ("marker", "told"), [("noqa: F821", False), ("noqa", False), ("pylint: disable=E0602", False), ("noqa: F401", True)]
)
def test_what_a_linter_is_told_to_leave_is_not_reported(write_tree, marker: str, told: bool):
    """A name that a linter is told to leave alone is the author's to answer for."""
    code = f"print(conjured)  # {marker}\n"
    root = write_tree({"shop/use.py": code})
    sources = {"shop/use.py": parse_text("shop/use.py", code, PYTHON)}

    assert told == bool(findings_by_path(find_missing(root, ["shop/use.py"]), sources))


@pytest.mark.parametrize(("first", "told"), [("  # type: ignore[attr-defined]", False), ("", True)])
def test_a_comment_where_an_import_begins_is_for_all_that_it_names(write_tree, first: str, told: bool):
    """Type checkers and linters report there what one of its lines imports."""
    code = f"from json import ({first}\n    dumps,\n    conjured,\n)\n"
    root = write_tree({"shop/use.py": code})
    sources = {"shop/use.py": parse_text("shop/use.py", code, PYTHON)}

    assert told == bool(findings_by_path(find_missing(root, ["shop/use.py"]), sources))


@pytest.mark.parametrize(("other", "told"), [("collections.abc", False), ("collections", True)])
def test_a_module_may_be_called_as_another_where_versions_differ(write_tree, other: str, told: bool):
    """The resolver knows one of the modules that a name stands for."""
    old = "import sys\n\nif sys.argv:\n    import collections as kinds\nelse:\n    import {} as kinds\n"
    code = "from shop.old import kinds\n\n\nclass Shelf(kinds.MutableSet): pass\n"
    root = write_tree({"shop/__init__.py": "", "shop/old.py": old.format(other), "shop/use.py": code})

    assert told == bool(find_missing(root, ["shop/use.py"]))


@pytest.mark.parametrize(
    ("first", "told"),
    [("  # type: ignore[call-arg]", False), ("  # type: ignore[arg-type]", True), ("", True)],
    ids=["of calls", "of something else", "none"],
)
def test_a_comment_where_a_call_begins_is_for_all_that_it_gives(write_tree, first: str, told: bool):
    """Type checkers report there what one of its lines gives, such as a keyword of another version."""
    code = f"def pay(price): pass\n\n\npay({first}\n    price=1,\n    coin=2,\n)\n"
    root = write_tree({"shop/use.py": code})
    sources = {"shop/use.py": parse_text("shop/use.py", code, PYTHON)}

    assert told == bool(findings_by_path(find_missing(root, ["shop/use.py"]), sources))


def test_the_rows_own_examples(write_tree: Callable[[Mapping[str, str]], Path]):
    """Of the code that A11's page shows, only what departs names something that does not exist."""
    shown = conventions_by_id()["A11"].examples
    files = {
        f"{kind}{number}.py": text
        for kind in ("conforms", "departs", "nearly")
        for number, text in enumerate(getattr(shown, kind))
    }

    missing = find_missing(write_tree(files), sorted(files))

    assert sorted(path for path in files if path.startswith("departs")) == [found.path for found in missing]


def test_other_code_of_ours_asks_anew(tmp_path, monkeypatch):
    """What is kept was found by the code there was, mining's too, which knows what tests read and how files parse."""
    house = read_house(tmp_path)
    before = existence.hash_of(sys.executable, house, ["a.py"])
    assert existence.hash_of(sys.executable, house, ["a.py"]) == before

    monkeypatch.setattr(existence, "digest_of_code", lambda: b"another")
    assert existence.hash_of(sys.executable, house, ["a.py"]) != before
