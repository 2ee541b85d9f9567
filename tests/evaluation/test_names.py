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
from idiolect.evaluation.names.existence import find_missing, findings_by_path, text_of_module
from idiolect.evaluation.names.house import read_house
from idiolect.evaluation.names.resolver import find_resolver
from idiolect.evaluation.probes import parse_text
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.languages import language_named

pytestmark = pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
PYTHON = language_named("python")

GUARDED = [
    pytest.param("import sys\n\nprint(sys.getwindowsversion())\n", True, id="another platform has it"),
    pytest.param("import sys\n\nprint(sys.getlinuxversion())\n", False, id="no platform has it"),
    pytest.param("from sys import getwindowsversion\n", True, id="another platform has what is imported"),
    pytest.param("from sys import getlinuxversion\n", False, id="no platform has what is imported"),
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
    pytest.param("with suppress(OSError):\n    pay()\n", False, id="something else may be raised"),
    pytest.param("try:\n    pay()\nexcept Exception:\n    pass\n", False, id="anything is handled"),
    pytest.param("with raises(TypeError):\n    print()\npay()\n", False, id="after it"),
]


def test_settings_know_every_kind_of_what_is_missing():
    """What a finding is called, settings may name, and nothing else."""
    assert conventions_by_id()[names.RULE].keys == {*names.KINDS.values()}


@pytest.mark.parametrize(("code", "silent"), GUARDED)
def test_what_another_machine_may_have_is_not_reported(write_tree, code: str, silent: bool):
    """Platforms differ, and so do versions of what is installed, where the code is ready for it."""
    root = write_tree({"shop/__init__.py": "", "shop/use.py": code})

    assert silent == (find_missing(root, ["shop/use.py"]) == [])


@pytest.mark.parametrize(("required", "told"), [("<4,>=3.13", False), (">=3.9", sys.version_info < (3, 13))])
def test_what_the_project_needs_is_resolved_for_where_this_python_is_older(write_tree, required: str, told: bool):
    """Code may name what has come with the oldest Python that the project runs on."""
    project = f'[project]\nrequires-python = "{required}"\n'
    root = write_tree({"pyproject.toml": project, "shop/use.py": "from warnings import deprecated\n"})

    assert told == bool(find_missing(root, ["shop/use.py"]))


@pytest.mark.parametrize(("code", "silent"), EXPECTED)
def test_an_error_that_is_expected_is_not_reported(write_tree, code: str, silent: bool):
    """A test may call wrongly on purpose, and code may try a name."""
    head = (
        "from contextlib import suppress\n\n\ndef pay(amount):\n    return amount\n\n\ndef f(raises, pytest, self):\n"
    )
    root = write_tree({"shop/use.py": head + indent(code, "    ")})

    assert silent == (find_missing(root, ["shop/use.py"]) == [])


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
THERE = [
    pytest.param(
        {"a.py": "from outside.parts import *\n\nprint(conjured)\n"}, True, id="all names of an unseen module"
    ),
    pytest.param({"a.py": "from json import *\n\nprint(conjured)\n"}, False, id="all names of a seen module"),
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
    pytest.param({"a.py": "def f(held: dict[str, int]):\n    held.append(1)\n"}, False, id="what no display holds"),
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
]


@pytest.mark.parametrize(("files", "silent"), THERE)
def test_what_is_there_is_not_called_missing(write_tree, files: Mapping[str, str], silent: bool):
    """Modules of a package in a folder, private attributes, bodies that do nothing, and decorators."""
    root = write_tree({"tests/__init__.py": "", **files})

    assert silent == (find_missing(root, sorted(path for path in files if path.endswith(".py"))) == [])


SHELL = "import json\nimport os\n\nfound = json.loads('{}')\nprint(os.sep, {'os': found, 'found': 1})\n"
FORGOTTEN = "import sys\n\n\ndef f():\n    return json.dumps(found, default=os.fspath), sys.path\n"
BOUND = [
    pytest.param(FORGOTTEN, {"shop/shell.py": SHELL}, ["json", "found", "os"], id="another file binds it"),
    pytest.param(
        "import sys\n\n\ndef f(os):\n    global found\n"
        "    found = [json for json in sys.path if (n := os)]\n    return n\n"
        "\n\ndef g():\n    match f(1):\n        case {'a': a, **rest}:\n            pass\n"
        "    try:\n        del last\n    except OSError as error:\n        pass\n"
        "    return json, n, a, rest, last, error\n",
        {},
        [],
        id="the file binds it somewhere",
    ),
    pytest.param(f"{FORGOTTEN}\n\nglobals().update(sys.modules)\n", {}, [], id="the file makes names as it runs"),
    pytest.param(
        FORGOTTEN,
        {"shop/run.py": "import builtins\n\nbuiltins.json = 1\nsetattr(builtins, 'found', 2)\n"},
        ["os"],
        id="put into builtins",
    ),
    pytest.param(
        FORGOTTEN,
        {"shop/run.py": "def run(text):\n    given = {'json': 1, 'os': 2}\n    exec(text, given)\n"},
        ["found"],
        id="given to code that is run",
    ),
    pytest.param(
        "from .shell import *\nprint(found, json)\n",
        {"shop/shell.py": SHELL},
        [],
        id="taken with all names of a module",
    ),
    pytest.param("import sys\n\nsys.exit(_('no'), get_ipython(), unicode('a'))\n", {}, [], id="a tool gives it"),
]


@pytest.mark.parametrize(("code", "others", "told"), BOUND)
def test_a_plain_name_is_bound_by_its_own_file(write_tree, code: str, others: Mapping[str, str], told: list[str]):
    """What another file imports or assigns binds nothing here, unless it hands it over."""
    root = write_tree({"shop/__init__.py": "", "shop/use.py": code, **others})

    assert told == [found.message.split("`")[1] for found in find_missing(root, ["shop/use.py"])]


@pytest.mark.parametrize("path", ["use.py", "docs/use.py", "docs/shop/use.py"])
def test_a_fragment_may_leave_out_what_the_house_names(write_tree, path: str):
    """An example, or a file of no package that imports nothing, shows no more than it must; an invention is one."""
    root = write_tree({"docs/shop/__init__.py": "", "shell.py": SHELL, path: "print(json, found, conjured)\n"})

    assert ["conjured"] == [found.message.split("`")[1] for found in find_missing(root, [path])]


@pytest.mark.parametrize(
    ("path", "more", "told"),
    [
        ("tests/data/cases/a.py", [], False),
        ("src/testdata/a.py", [], False),
        ("tests/data/a.py", ["tests/data/__init__.py"], True),
        ("tests/testdata/data/a.py", ["tests/testdata/data/__init__.py"], False),
        ("tests/data/test_a.py", [], True),
        ("data/a.py", [], True),
    ],
)
def test_what_tests_read_names_what_it_likes(write_tree, path: str, more: list[str], told: bool):
    """A folder of data inside the tests that is no package holds cases, which nobody imports."""
    root = write_tree({path: "import json\n\nprint(json, conjured)\n", **dict.fromkeys(more, "")})

    assert told == bool(find_missing(root, [path]))


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
