"""
What is to be used no more is neither taught nor called.
"""

from __future__ import annotations

import pytest
from idiolect.mining.languages import known_languages
from idiolect.mining.mine import mine_repositories
from idiolect.mining.mine_file import mine_data

BODY = "    door = find(key)\n    door.turn(key, 2)\n"
WARNED = '    warnings.warn("no more", {}, stacklevel=2)\n'


def python(before: str = "", doc: str = "Open it with *key*.", first: str = "") -> str:
    return f'{before}def open_door(key):\n    """{doc}"""\n{first}{BODY}'


def braced(before: str, doc: str, head: str) -> str:
    return f"{doc}\n{before}{head} {{\n    find(key);\n    turn(key);\n}}\n"


@pytest.mark.parametrize(
    ("path", "text", "is_gone"),
    [
        pytest.param("a.py", python(), False, id="none"),
        pytest.param("a.py", python("@deprecated('2.0')\n"), True, id="decorator"),
        pytest.param(
            "a.py", python("@deprecated_renamed_argument('k', 'key')\n"), False, id="decorator of an argument"
        ),
        pytest.param("a.py", python(doc="Deprecated: use `shut`."), True, id="first word"),
        pytest.param("a.py", python(doc="Deprecated doors are opened with *key*."), False, id="an attribute"),
        pytest.param(
            "a.py", python(doc="Open.\n\n    .. deprecated:: 2\n       Use `shut`.\n    "), True, id="directive"
        ),
        pytest.param(
            "a.py",
            python(doc="Open.\n\n    .. deprecated:: 2\n       The *key* argument.\n    "),
            False,
            id="of a part",
        ),
        pytest.param("a.py", python(first=WARNED.format("DeprecationWarning")), True, id="warning"),
        pytest.param("a.py", python(first=WARNED.format("RuntimeWarning")), False, id="another warning"),
        pytest.param(
            "a.py", python(first=f"    if key:\n    {WARNED.format('DeprecationWarning')}"), False, id="condition"
        ),
        pytest.param("a.go", braced("", "// open opens it.\n//\n// Deprecated: use shut.", "func open(key int)"), True),
        pytest.param("a.go", braced("", "// open opens what is not Deprecated.", "func open(key int)"), False),
        pytest.param("a.rs", braced("#[deprecated]\n", "/// Opens the door.", "fn open(key: i32)"), True),
        pytest.param("a.rs", braced("#[must_use]\n", "/// Opens the door.", "fn open(key: i32)"), False),
        pytest.param("a.ts", braced("", "/**\n * Opens it.\n * @deprecated\n */", "function open(key: number)"), True),
        pytest.param(
            "A.java", f"class A {{\n{braced('@Deprecated ', '/** Opens it. */', 'public void open(int key)')}}}\n", True
        ),
        pytest.param(
            "A.cs", f"class A {{\n{braced('[Obsolete]', '/// <summary>Opens.</summary>', 'void Open(int k)')}}}\n", True
        ),
    ],
)
def test_what_is_deprecated_is_not_taught(path: str, text: str, is_gone: bool):
    """It says so itself, by an attribute, its documentation or a warning, and of all of it."""
    mined = mine_data(path, text.encode(), known_languages(), ["implement"])

    assert ["deprecated"] * is_gone == [drop.reason for drop in mined.drops]
    assert is_gone is not bool(mined.drafts)


def test_a_helper_that_warns_is_taught():
    """What gives a warning and does nothing else gives it for others."""
    text = f'def warn_of(key):\n    """Warn of *key*."""\n{WARNED.format("DeprecationWarning")}'

    assert mine_data("a.py", text.encode(), known_languages(), ["implement"]).drafts


def test_of_overloads_one_may_go():
    """Its name stays."""
    methods = [
        braced(mark, "/** Opens it. */", f"public void open({params})")
        for mark, params in (("@Deprecated ", "int key"), ("", "Key key"))
    ]

    assert mine_data("A.java", f"class A {{\n{''.join(methods)}}}\n".encode(), known_languages(), ["implement"]).drafts


def test_what_is_deprecated_is_not_called(write_tree, tmp_path):
    """A call of it is no example; what stands beside it is."""
    doors = f'{python("@deprecated" + chr(10))}\n\ndef shut_door(key):\n    """Shut it with *key*."""\n{BODY}'
    calls = "".join(
        f"def walk_{n}(key):\n    guest = greet(key, {n})\n    {name}(guest.key)\n\n\n"
        for n, name in enumerate(["open_door", "shut_door"])
    )
    root = write_tree(
        {"house/doors.py": doors, "house/walk.py": f"from house.doors import open_door, shut_door\n\n\n{calls}"}
    )

    corpus = mine_repositories([root], tmp_path / "corpus", workers=1, kinds=["use"])

    found = [pair.symbol for split in ("train", "validation", "test") for pair in corpus.pairs(split)]
    assert ["walk_1"] == found
