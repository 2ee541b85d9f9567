"""
What the text of the house may make exist, or lend to a class, is not called missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from idiolect.evaluation.names.existence import find_missing
from idiolect.evaluation.names.resolver import find_resolver

pytestmark = pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")

TILL = "class Till:\n    def __init__(self):\n        self.__sum = 0\n\n\n"
LOOSE = (
    "from typing import TypeVar\n\nT = TypeVar('T')\n\n\n"
    "def loose(call: T) -> T:\n    return lambda **given: call()\n\n\n"
)
FILLER = (
    "class A:\n    def __init__(self, names):\n        for name in names:\n            {}\n\n"
    "    def f(self):\n        return self.made_up\n\n\nprint(A(1))\n"
)
LENT = (
    "class Part:\n    def f(self):\n        return self.lent()\n\n\n"
    "class Whole(Part, Panel):\n    pass\n\n\nprint(Whole())\n"
)
PANEL = "class Panel:\n    pass\n\n\nprint(Panel())\n"
COMPILED = {
    "core/__init__.py": "",
    "core/words.pyi": "class Words:\n    def size(self) -> int: ...\n",
    "a.py": "from core.words import Words\n\n\ndef f(words: Words):\n    return words.is_open\n",
}
"""A compiled module with a stub, which lacks some of it."""
THERE = [
    pytest.param(
        {"a.py": "from outside.parts import *\n\nprint(conjured)\n"}, True, id="all names of an unseen module"
    ),
    pytest.param({"a.py": "from json import *\n\nprint(conjured)\n"}, False, id="all names of a seen module"),
    pytest.param(
        {
            "shop/__init__.py": "from .fast import *\n",
            "shop/fast.pyx": "def conjured(): pass\n",
            "shop/use.py": "from shop import conjured\n\nprint(conjured)\n",
        },
        True,
        id="all names of a compiled module",
    ),
    *(
        pytest.param(
            {
                "shop/__init__.py": "",
                "shop/index.py": "from .near import *\n",
                "shop/near.py": f"from shop.far import *\nfrom {module} import *\n",
                "shop/far.py": "from shop.index import *\n",
                "shop/use.py": "from shop import index\nfrom shop.index import Field\n\nprint(index.Store(), Field)\n",
            },
            silent,
            id=f"a module of the house that takes all names of {module}",
        )
        for module, silent in (("outside", True), ("html", False))
    ),
    *(
        pytest.param(
            {
                "a.py": "class A:\n    @classmethod\n    def set_up(cls, given):\n        cls.day = '2026'\n"
                f"        cls.hour = given.hour\n        {again}\n\n    def f(self):\n"
                "        return self.hour.made_up, self.day.made_up\n\n\nprint(A())\n"
            },
            silent,
            id=f"{said} value",
        )
        for again, silent, said in (("cls.day = given.day", True, "another"), ("print(given)", False, "one"))
    ),
    *(
        pytest.param(
            {
                "a.py": f"class Text:\n    size = 0\n\n\nclass Field:\n    {line}\n\n\n"
                "def f(field: Field):\n    return field.value.made_up()\n"
            },
            silent,
            id=f"a value that is {said}",
        )
        for line, silent, said in (
            ("value = Text()", True, "declared for objects"),
            ("def __init__(self):\n        self.value = Text()", False, "an object's own"),
        )
    ),
    *(
        pytest.param(
            {"a.py": f"from shop.bus import signal\n\n\n{above}def f(state: 'ay') -> 'b':\n    return state\n"},
            silent,
            id=f"a quoted annotation that is {said}",
        )
        for above, silent, said in (("@signal\n", True, "read by a decorator"), ("", False, "read by nobody"))
    ),
    *(
        pytest.param(
            {"a.py": f"def f(sum, *, tip):\n    return sum\n\n\nf(1, {given}2)\n".replace("2)", ")")},
            silent,
            id=f"an argument that is {said}",
        )
        for given, silent, said in (("**print()", True, "spread"), ("", False, "left out"))
    ),
    *(
        pytest.param(
            {"a.py": f"from collections.abc import Callable\n\n\ndef f(held: {kind}):\n    return held.made_up\n"},
            silent,
            id=f"a value of {said}",
        )
        for kind, silent, said in (
            ("Callable[..., list[int]] | str", True, "a function or text"),
            ("str", False, "text"),
        )
    ),
    *(
        pytest.param({"a.py": head + f"def f(held{kind}):\n    return {value}\n"}, silent, id=f"a method of {said}")
        for head, kind, value, silent, said in (
            ("", ": dict | str", "held.setdefault('a', 1)", True, "one of two types"),
            ("from b import made\n\n\n", "", "made.setdefault('a', 1)", True, "another type that is given"),
            ("", ": str", "held.setdefault('a', 1)", False, "another type that is declared"),
            ("", "", "'a'.append('b')", False, "another type that is written"),
            ("made = {}\n\n\n", "", "made.append('b')", False, "another type that is bound"),
            ("made = {}\n\n\n", "", "made.made_up()", False, "no type"),
            ("print(sum.made_up)\n\n\n", ": str | int", "held.made_up()", True, "a type that another line asks"),
        )
    ),
    *(
        pytest.param(
            {"a.py": f"def f(held: dict[str, dict[str, int]]):\n    one = {value}\n    one.made_up()\n"},
            silent,
            id=f"a value that is {said}",
        )
        for value, silent, said in (("held['a']", True, "taken out"), ("held", False, "not taken out"))
    ),
    *(
        pytest.param(
            {
                "old.py": "class Curve:\n    size = 0\n\n\nprint(Curve())\n",
                "a.py": f"from old import Curve\n\n\ndef f(curve: Curve):\n    return curve.made_up\n{more}",
            },
            silent,
            id=f"a class of a name that is {said}",
        )
        for more, silent, said in (
            ("\n\ntry:\n    from outside import Curve\nexcept ImportError:\n    pass\n", True, "another's, too"),
            ("\n\nCurve = f(Curve())\n", True, "bound anew"),
            ("", False, "one class's"),
        )
    ),
    pytest.param({".rules/a.py": "import json\n\nprint(conjured, json)\n"}, True, id="in a hidden folder"),
    pytest.param({"core/tests/base.py": "", "core/tests/test_a.py": "import tests.base\n"}, True, id="beside the file"),
    pytest.param({"core/tests/test_a.py": "import tests.base\n"}, False, id="nowhere"),
    *(
        pytest.param(
            {
                "src/shop/make.py": "from shop.core.parts import Part\nfrom shop import core\n\nprint(Part, core)\n",
                **more,
            },
            silent,
            id=f"a part of a package {said}",
        )
        for more, silent, said in (
            (
                {"pyproject.toml": "[project]\ndependencies = ['shop-core>=2']\n"},
                True,
                "that another project fills, too",
            ),
            (
                {"setup.py": "from setuptools import setup\n\nsetup(install_requires=['shop.core'])\n"},
                True,
                "that another project of that name fills",
            ),
            ({"pyproject.toml": "[project]\ndependencies = ['shop-core-more']\n"}, False, "that nobody else fills"),
            (
                {"src/shop/__init__.py": "", "pyproject.toml": "[project]\ndependencies = ['shop-core']\n"},
                False,
                "that is closed",
            ),
            (
                {
                    "src/shop/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
                    "setup.cfg": "[options]\ninstall_requires =\n    shop-core\n",
                },
                True,
                "that says so",
            ),
        )
    ),
    pytest.param(
        {"a.py": "def f(held: dict[str, dict[str, int]]):\n    held['a'].append(1)\n"},
        True,
        id="what a display may hold",
    ),
    *(
        pytest.param(
            {
                "a.py": f"def f(held: list[str]):\n    if isinstance({given}):\n"
                "        return [v.made_up for v in held]\n"
            },
            silent,
            id=f"an element where {given} is asked",
        )
        for given, silent in (("held[0], dict", True), ("held[0], str", False))
    ),
    *(
        pytest.param(
            {"a.py": f"def f(held: list[bytes | str] | str):\n    assert isinstance(held, {kind})\n    {code}\n"},
            silent,
            id=f"what is asserted to be a {kind}",
        )
        for kind, code, silent in (("list", "[each.hex() for each in held]", True), ("str", "held.hex()", False))
    ),
    pytest.param({"a.py": "def f(held: dict[str, int]):\n    held.append(1)\n"}, False, id="what no display holds"),
    *(
        pytest.param(
            {
                "shop/manage.py": "",
                "shop/shop/till.py": "",
                "shop/shop/use.py": "from shop import till\n\nprint(till)\n",
                "pyproject.toml": "[project]\nname = 'shop'\n",
                **more,
            },
            silent,
            id=f"a module of a package in a folder of its name {said}",
        )
        for more, silent, said in (
            ({"shop/shop/__init__.py": ""}, True, "that is none"),
            ({"shop/__init__.py": "", "shop/shop/__init__.py": ""}, False, "that is one, too"),
        )
    ),
    pytest.param({"src/shop/cloud/till.py": "import shop.wire.parts\n\nprint(shop)\n"}, True, id="an empty namespace"),
    *(
        pytest.param(
            {
                "a.py": "from typing import Any, cast\n\nfrom outside import Document\n\n\n"
                f"def f(given: Any) -> Any:\n    held: dict[str, Any] = given\n    {again}\n"
                "    return held.made_up()\n"
            },
            silent,
            id=f"a value that is {said}",
        )
        for again, silent, said in (
            ("held = cast('Document', held)", True, "cast"),
            ("print(cast, Document)", False, "not cast"),
        )
    ),
    *(
        pytest.param(
            {"a.py": "from pathlib import Path\n\n\n" + code},
            silent,
            id=f"a value that is {said}",
        )
        for code, silent, said in (
            ("def f(to: str):\n    to = Path(to)\n    to.mkdir()\n", True, "converted"),
            ("def f(to: str):\n    print(Path(to))\n    to.mkdir()\n", False, "not converted"),
            ("def f(to: str):\n    to.mkdir()\n\n\ndef g(to):\n    to = Path(to)\n", False, "converted elsewhere"),
            ("def f(to: str):\n    to.mkdir()\n\n\nprint(Path())\n$\n", True, "in a file that does not parse"),
        )
    ),
    *(
        pytest.param(
            {
                "a.py": "class Empty:\n    size = 0\n\n\n"
                f"try:\n    import outside\nexcept ImportError:\n    {other} = Empty()\n\n"
                f"\ndef f(a: Empty):\n    return {other}.made_up\n\n\ndef g({other}):\n    return {other}\n"
            },
            silent,
            id=f"a value called {other}",
        )
        for other, silent in (("outside", True), ("inside", False))
    ),
    *(
        pytest.param({"a.py": f"import sys\n\n\nclass Own:\n    size = 0\n\n\nown = Own()\n{line}\n"}, silent, id=line)
        for line, silent in (
            ("own.made_up = own.size", True),
            ("own.made_up: int = 1", True),
            ("own.size, own.made_up = 1, 2", True),
            ("size = own.made_up = 1", True),
            ("sys.made_up = print", True),
            ("print(own.made_up == 1)", False),
            ("own.size = own.made_up", False),
            ("dict(a=own.made_up, b=1)", False),
            ("dict(a=sys.made_up, b=1)", False),
        )
    ),
    *(
        pytest.param(
            {
                "shop/__init__.py": "",
                "shop/till.py": "class Till:\n    size = 0\n",
                "shop/use.py": f"from shop.till import Tll\n\n\n{code}\n",
            },
            silent,
            id=code,
        )
        for code, silent in (
            ("def f(till: Tll, more):\n    print(till, more)", False),
            ("def f(till: Tll = None) -> Tll:\n    print(till)", False),
            ("def f(more, tills: dict[str, Tll], last):\n    print(tills)", False),
            ("def f(till):\n    return isinstance(till, (Tll, int)), Tll, 1", False),
            ("class Own(Tll, object):\n    till: Tll = None", False),
            ("from .till import Till, Tll, size", True),
            ("from .till import (\n    Till as Own, Tll,  # so\n)", True),
            ("Tll, Own = int, str", True),
            ("for own, Tll in ():\n    pass", True),
            ("with open('a') as (own, Tll):\n    pass", True),
            ("if True: Tll = int", True),
            ("NAMES = 'Till, Tll'.split()", True),
        )
    ),
    *(
        pytest.param(
            {
                "a.py": "from dataclasses import dataclass\n\nfrom outside import Base\n\n\n"
                f"class Own:\n    sum = 0\n\n\n@dataclass\nclass Till({base}):\n    pass\n\n\nprint(Base, Till(1))\n"
            },
            silent,
            id=f"a dataclass of {base}",
        )
        for base, silent in (("Base", True), ("Own", False))
    ),
    pytest.param({"a.py": f"{TILL}print(Till()._Till__sum)\n"}, True, id="a mangled name"),
    pytest.param(
        {"a.py": f"{TILL}class Big(Till):\n    def f(self):\n        return self._Till__sum\n\n\nprint(Big())\n"},
        True,
        id="a mangled name of self",
    ),
    pytest.param(
        {
            "a.py": "import asyncio\n\n\ndef f(out: asyncio.StreamWriter):\n    return out._made_up\n",
            "b.py": "class StreamWriter:\n    pass\n\n\nprint(StreamWriter())\n",
        },
        True,
        id="another's private attribute",
    ),
    pytest.param(
        {
            "a.py": "from abc import ABC, abstractmethod\n\n\n"
            "class A(ABC):\n    @abstractmethod\n    def set(self) -> None:\n        'Set.'\n\n\n"
            "class B(A):\n    def set(self) -> None:\n        super().set()\n\n\nprint(B())\n"
        },
        True,
        id="a method without a body",
    ),
    *(
        pytest.param({"a.py": FILLER.format(line)}, silent, id=line)
        for line, silent in (
            ("setattr(self, name, names[name])", True),
            ("self.__dict__.update(names)", True),
            ("vars(self)[name] = 1", True),
            ("setattr(self, 'known', 1)", False),
            ("setattr(names, name, self.__dict__ == names)", False),
        )
    ),
    pytest.param({"a.py": f"{LOOSE}@loose\ndef f():\n    pass\n\n\nf(made_up=1)\n"}, True, id="a wrapped function"),
    pytest.param(
        {"a.py": f"{LOOSE}@loose\nclass A:\n    def __init__(self):\n        pass\n\n\nA(made_up=1)\nA(1)\n"},
        True,
        id="a wrapped class",
    ),
    pytest.param(
        {"a.py": "import contextlib\n\n\n@contextlib.contextmanager\ndef f():\n    yield\n\n\nf(made_up=1)\n"},
        False,
        id="a decorator that keeps the signature",
    ),
    pytest.param({"a.py": "def f():\n    pass\n\n\nf(made_up=1)\n"}, False, id="a plain function"),
    pytest.param({**COMPILED, "core/words.pyx": "cdef class Words:\n def is_open(self):\n"}, True, id="compiled"),
    pytest.param({**COMPILED, "core/words.pxd": "cdef class Words:\n cdef public bint is_open\n"}, True, id="a field"),
    pytest.param({**COMPILED, "core/words.pyx": "cdef class Words:\n def opens(self):\n"}, False, id="not there"),
    pytest.param(
        {
            "core/ext.py": "try:\n    from outside import path_of\nexcept ImportError:\n\n"
            "    def path_of():\n        raise NotImplementedError\n",
            "core/__init__.py": "",
            "a.py": "from core.ext import path_of\n\npath_of(True)\n",
        },
        True,
        id="a stand-in for what is imported",
    ),
    pytest.param(
        {
            "core/ext.py": "def path_of():\n    raise NotImplementedError\n",
            "core/__init__.py": "",
            "a.py": "from core.ext import path_of\n\npath_of(True)\n",
        },
        False,
        id="a function of another file",
    ),
    pytest.param(
        {
            "a.py": f"from outside.panels import Panel\n\n\n{LENT}",
            "b.py": PANEL,
        },
        True,
        id="a class beside a foreign one that is called as one of ours",
    ),
    pytest.param(
        {"a.py": f"from b import Panel\n\n\n{LENT}", "b.py": PANEL},
        False,
        id="a class beside one of ours",
    ),
    *(
        pytest.param(
            {
                "a.py": "class Till:\n    coins: list[str]\n\n\n"
                f"def f(till: Till, coins: list[str]):\n    return [coin.made_up for coin in {given}]\n"
            },
            silent,
            id=f"an element of {said}",
        )
        for given, silent, said in (("till.coins", True, "an attribute"), ("coins", False, "a name"))
    ),
    *(
        pytest.param(
            {
                "a.py": "class Part:\n    def __init__(self, size):\n        pass\n\n\n"
                f"class Whole(Part):\n    def __init__(self):\n        super().__init__(1)\n\n\n"
                f"def f(kind: type[Part]):\n    return {made}\n"
            },
            silent,
            id=f"a class that is made by {said}",
        )
        for made, silent, said in (
            ("kind()", True, "what holds it"),
            ("Part()", False, "its name"),
            ("[Part()]", False, "its name in a list"),
        )
    ),
    *(
        pytest.param(
            {"a.py": f"class Part:\n    def f(self):\n        return self.lent()\n\n\nprint({named})\n"},
            silent,
            id=f"a class that is {said}",
        )
        for named, silent, said in (("'shop.a.Part'", True, "loaded by a library"), ("Part()", False, "made"))
    ),
]


@pytest.mark.parametrize(("files", "silent"), THERE)
def test_what_is_there_is_not_called_missing(write_tree, files: Mapping[str, str], silent: bool):
    """Modules of a package in a folder, private attributes, bodies that do nothing, and decorators."""
    root = write_tree({"tests/__init__.py": "", **files})

    assert silent == (find_missing(root, sorted(path for path in files if path.endswith(".py"))) == [])


CHECKS = "class Checks:\n    def check(self):\n        self.assert_shop_is_open()\n"
MIXED = [
    pytest.param(
        "from outside import WebTest\n\n\nclass ShopTest(WebTest):\n    pass\n\n\n"
        f"{CHECKS}\n\nclass CartTest(Checks, ShopTest):\n    pass\n",
        True,
        id="a class of the house that derives from another's",
    ),
    pytest.param(
        f"import unittest\n\n\nclass TestCase:\n    pass\n\n\n{CHECKS}\n\n"
        "class CartTest(Checks, unittest.TestCase):\n    pass\n",
        True,
        id="a base that is called as a class of the house",
    ),
    pytest.param(CHECKS, True, id="nobody uses it yet"),
    pytest.param(f"{CHECKS}\n\nprint(Checks())\n", False, id="it is used by itself"),
    pytest.param(CHECKS.replace("Checks", "ChecksMixin") + "\n\nprint(ChecksMixin)\n", True, id="it is called a mixin"),
    pytest.param(CHECKS.replace("Checks", "TestChecks"), False, id="a test runner uses it"),
    pytest.param(
        f"class Base:\n    pass\n\n\n{CHECKS}\n\nclass CartTest(Checks, Base):\n    pass\n",
        False,
        id="all bases are the house's",
    ),
]


@pytest.mark.parametrize(("code", "silent"), MIXED)
def test_what_a_class_may_be_mixed_in_with_is_not_known_to_lack(write_tree, code: str, silent: bool):
    """An attribute that a class lacks may come from what it stands beside, however far up that has it from."""
    root = write_tree({"shop/__init__.py": "", "shop/use.py": code})

    assert silent == (find_missing(root, ["shop/use.py"]) == [])
