"""
A plain name is bound in its own file, in what hands names over, or nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from idiolect.evaluation.names.existence import find_missing
from idiolect.evaluation.names.resolver import find_resolver

pytestmark = pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")

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
    pytest.param("import sys\n\nprint(_, get_ipython(), defines, unicode(sys))\n", {}, [], id="a tool gives it"),
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
