"""
A mined folder is hostile input: nothing in it runs, nothing outside it is read, every skip has its reason.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from idiolect.mining import repository
from idiolect.mining.artefacts import write_bytes
from idiolect.mining.errors import InputError, MachineError
from idiolect.mining.mine import mine_repositories
from idiolect.mining.repository import list_files, open_repository
from idiolect.mining.skips import content_reason
from tests_toys import toy_files

CODE = "def double(x):\n    return 2 * x\n"


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout.strip()


def reasons(root: Path) -> dict[str, str]:
    return dict(open_repository(root, suffixes=[".py"]).skips)


def test_git_settings_of_the_mined_tree_run_nothing(write_tree, commit_tree, tmp_path):
    """A file-system monitor, a hook and a filter in the repository's own configuration are not executed."""
    root = write_tree({"a.py": CODE, ".gitattributes": "*.py filter=evil\n"})
    commit_tree(root)
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path / 'marker'}\ncat\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.external", "core.pager"):
        subprocess.run(["git", "-C", str(root), "config", key, str(script)], check=True)
    # the same size at another time: git cannot tell without reading, and would read through the filter
    (root / "a.py").write_text(CODE.replace("2", "3"))
    os.utime(root / "a.py", (1, 1))

    found = open_repository(root, suffixes=[".py"])

    assert ("a.py",) == found.paths
    assert not (tmp_path / "marker").exists()


def test_a_repository_of_another_user_is_read(write_tree, commit_tree, tmp_path, monkeypatch):
    """A container's checkout is often not its user's, and git before 2.38 takes such trust from no variable."""
    root = write_tree({"a.py": CODE, ".gitignore": "made.py\n", "made.py": CODE})
    commit_tree(root)
    real, old = shutil.which("git"), tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\nunset GIT_CONFIG_COUNT\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")

    assert ("a.py",) == open_repository(root, suffixes=[".py"]).paths


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("index", "torn", "git cannot list the files"),
        ("config", "[core]\nrepositoryformatversion = 99\n", "git cannot read the repository"),
    ],
)
def test_a_repository_that_git_cannot_read_is_no_plain_folder(write_tree, commit_tree, file, text, told):
    """As a plain folder it would give what git is told to ignore, without a word."""
    root = write_tree({"a.py": CODE, ".gitignore": "made.py\n", "made.py": CODE})
    commit_tree(root)
    (root / ".git" / file).write_text(text)

    with pytest.raises(InputError, match=told):
        open_repository(root, suffixes=[".py"])


@pytest.mark.parametrize("how", ["its usual place", "a setting", "another home"])
def test_what_the_user_ignores_everywhere_is_no_code(write_tree, commit_tree, tmp_path, monkeypatch, how):
    """An editor's or one's own scratch files are in no list of git's, and in none of ours."""
    root = write_tree({"a.py": "a = 1\n"})
    commit_tree(root)
    (root / "scratch").mkdir()
    (root / "scratch" / "b.py").write_text("b = 1\n")
    home = tmp_path / "home"
    ignored = home / ("mine" if how == "a setting" else ".config/git/ignore")
    ignored.parent.mkdir(parents=True)
    ignored.write_text("scratch/\n")
    (home / ".gitconfig").write_text("[core]\n\texcludesFile = ~/mine\n" if how == "a setting" else "")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path if how == "another home" else home))

    listed = ["a.py", "scratch/b.py"] if how == "another home" else ["a.py"]
    assert listed == list_files(root)


@pytest.mark.parametrize("lack", [errno.EAGAIN, errno.EMFILE])
def test_a_git_that_cannot_be_started_says_nothing(write_tree, commit_tree, monkeypatch, lack):
    """A machine that is short of processes or files is told as such: a repository's folder is not taken for plain."""
    root = write_tree({"shop/units.py": CODE, ".gitignore": "junk.py\n", "shop/junk.py": CODE})
    commit_tree(root)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(lack, os.strerror(lack))

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(MachineError, match=f"git cannot be started: {os.strerror(lack)}"):
        open_repository(root / "shop", suffixes=frozenset({".py"}))


def test_a_work_tree_whose_repository_is_gone_is_no_plain_folder(write_tree):
    """A linked work tree or a submodule that was moved has a file that names where git's own folder was."""
    root = write_tree({"a.py": CODE, ".git": "gitdir: /no/such/folder\n"})

    with pytest.raises(InputError, match="git cannot read the repository"):
        open_repository(root, suffixes=[".py"])


def test_a_commit_is_what_every_clone_has_under_its_id(write_tree, commit_tree):
    """What `git replace` puts in an object's place stands here alone."""
    root = write_tree({"a.py": CODE})
    commit_tree(root)
    (root / "a.py").write_text(CODE.replace("2", "3"))
    commit_tree(root)
    head = git(root, "rev-parse", "HEAD")
    git(root, "replace", "HEAD", "HEAD~1")

    assert head == open_repository(root, suffixes=[".py"]).commit


def test_links_are_never_followed(write_tree, tmp_path):
    """A link to a file, a link to a folder outside and a loop are skipped, and what they point at is not read."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret.py").write_text(CODE)
    root = write_tree({"a.py": CODE})
    (root / "file.py").symlink_to(tmp_path / "keys" / "secret.py")
    (root / "folder").symlink_to(tmp_path / "keys")
    (root / "loop").symlink_to(root)

    found = open_repository(root, suffixes=[".py"])

    assert ("a.py",) == found.paths
    assert {"file.py": "symlink"} == dict(found.skips)


def test_special_and_oversized_files_are_skipped_unopened(write_tree):
    """A named pipe does not hang the walk, and a sparse 2 GB file is not read."""
    root = write_tree({"a.py": CODE})
    os.mkfifo(root / "pipe.py")
    with (root / "huge.py").open("wb") as file:
        file.truncate(2 * 1024**3)

    assert {"pipe.py": "special_file", "huge.py": "too_large"} == reasons(root)


def test_a_folder_that_cannot_be_read_is_recorded(write_tree, monkeypatch):
    """A folder without permission is a skip with its reason, not silence."""
    root = write_tree({"a.py": CODE, "locked/b.py": CODE})
    scan = os.scandir

    def refuse(folder):
        # root may read anything, so that the refusal has to be played
        if Path(folder).name == "locked":
            raise PermissionError(folder)
        return scan(folder)

    monkeypatch.setattr(repository.os, "scandir", refuse)

    assert {"locked/": "unreadable_folder"} == reasons(root)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("# This file is autogenerated by the tool.\n" + CODE, "generated", id="said of itself"),
        pytest.param("// Code generated by tool v1. DO NOT EDIT.\n", "generated", id="a tool's mark"),
        pytest.param("/* WARNING: AUTO-GENERATED */\n", "generated", id="a warning"),
        pytest.param("// GENERATED CODE - DO NOT MODIFY BY HAND\n", "generated", id="a builder's mark"),
        pytest.param("// js/door/open.js\nvar OPEN = 1;\n", "generated", id="a bundle"),
        pytest.param('"use strict";\nvar __a = (this && this.__a) || (f());\n', "generated", id="compiled TypeScript"),
        pytest.param('"use strict";\nvar __a = (this && this.__b) || (f());\n', "", id="a script that looks back"),
        pytest.param("local _tl_compat; if (f()) then g() end\n", "generated", id="compiled Teal"),
        pytest.param("// js/door/open.js\nimport a from 'a';\n", "", id="a path as a title"),
        pytest.param("#\n# This file was generated by Bundler.\n#\n", "generated", id="a manager of packages"),
        pytest.param("// DO NOT EDIT, AUTO-GENERATED\n", "generated", id="the other way round"),
        pytest.param("// This file is generated automatically by `make`.\n", "generated", id="said in other words"),
        pytest.param("<?php\n\n/* This is an automatically GENERATED file. */\n", "generated", id="a file that is"),
        pytest.param("(() => {\n  var __defProp = Object.defineProperty;\n", "generated", id="a bundle"),
        pytest.param("// Generated from a.sbl by Snowball 3.0\n", "generated", id="a stemmer of a grammar"),
        pytest.param("# WARNING! Do not edit! https://a.b/c\n\n" + CODE, "generated", id="not to be edited"),
        pytest.param("// DO NOT EDIT THIS FILE DIRECTLY!\nlet x;\n", "generated", id="not to be edited here"),
        pytest.param("# Do not edit anything while it runs.\n" + CODE, "", id="what else is not to be edited"),
        pytest.param("# This is a generated name.\n" + CODE, "", id="a name that is"),
        pytest.param('#line 2 "a.c"\n\n/* A lexical scanner generated by flex */\n', "generated", id="a scanner"),
        pytest.param("/* A Bison parser, made by GNU Bison 3.3.2.  */\n", "generated", id="a parser"),
        pytest.param("// Generated from A.g4 by ANTLR 4.7\n", "generated", id="a parser of a grammar"),
        pytest.param("# generated by datamodel-codegen:\n#   filename:  a.json\n", "generated", id="models"),
        pytest.param("/* automatically generated by rust-bindgen 0.59.1 */\n", "generated", id="bindings"),
        pytest.param("// generated with gradle task `zones`\n", "generated", id="made with a tool"),
        pytest.param("# This file was generated using a.b. Do not edit manually.\n", "generated", id="left alone"),
        pytest.param("# Generated by Django 4.2.7 on 2024-03-01 09:12\n\n" + CODE, "generated", id="a migration"),
        pytest.param('"""Generated by \'django-admin startproject\' using Django 4.2."""\n' + CODE, "", id="settings"),
        pytest.param("MARK = (\n    '# generated by datamodel-codegen',\n)\n" + CODE, "", id="a mark looked for"),
        pytest.param("# Automatically generated notes are kept apart.\n" + CODE, "", id="what else is generated"),
        pytest.param("lockfileVersion: '9.0'\n\nsettings:\n  hoist: true\n", "generated", id="a lock of pnpm"),
        pytest.param("// Reads the tables of which this file is generated.\n" + CODE, "", id="of another's"),
        pytest.param("# This file was generated by the `rspec --init` command.\n" + CODE, "", id="a skeleton"),
        pytest.param("# Releases\n\n# Create release with auto-generated notes\n", "", id="prose"),
        pytest.param(
            "# Not all values are present in this\n# autogenerated file.\n" + CODE, "", id="a skeleton of docs"
        ),
        pytest.param('import a\n\nHEAD = """\n# This file is generated. Do not edit.\n"""\n', "", id="what writes one"),
        pytest.param(
            "from __future__ import annotations\n# Auto-generated.\n" + CODE, "generated", id="below the future"
        ),
        pytest.param('"""A set (potentially auto-generated) of names."""\n' + CODE, "", id="documentation"),
        pytest.param("def test_slugs_were_autogenerated():\n    pass\n", "", id="a name"),
        pytest.param(
            "// A parser of floats.\n// Vendored into house under the MIT License.\n", "vendored", id="a copy"
        ),
        pytest.param("# vendored from https://example.org/a\n" + CODE, "vendored", id="where it is from"),
        pytest.param('"""This module was vendored from a."""\n' + CODE, "vendored", id="a module that was"),
        pytest.param('"""Wraps the vendored a, as vendored in b."""\n' + CODE, "", id="what wraps a copy"),
        pytest.param("/*! licence */\n" + "f(1);" * 2_000 + "\n", "minified", id="mostly one line"),
        pytest.param(f"TABLE = '{'x' * 3_000}'\n" + CODE * 300, "", id="one long line"),
    ],
)
def test_content_that_nobody_wrote_is_told_from_prose_about_it(text, reason):
    """A file is left out for what it says of itself, and for lines that make up most of it."""
    assert reason == content_reason(text.encode(), "a.py")


def test_a_name_says_that_a_file_is_minified():
    """It does so where a tool broke its lines."""
    assert ["minified", ""] == [content_reason(b"f(1);\n", path) for path in ("a.min.js", "min.js")]


def test_prose_speaks_of_copies_and_is_none():
    """What stands in a list of Markdown, or in settings, is said of other files."""
    text = b"* Vendored from https://example.org/a\n"

    assert ["vendored", "", ""] == [content_reason(text, path) for path in ("a.c", "docs/a.md", "a.yaml")]


def test_words_of_every_house_and_of_old_versions_are_left_out(write_tree):
    """A code of conduct, a licence and the documentation of earlier versions each have their reason."""
    left_out = {
        "CODE_OF_CONDUCT.md": "boilerplate",
        "docs/LICENSE-MIT.md": "boilerplate",
        "www/versioned_docs/version-1/doors.md": "old_documentation",
    }
    own = ("docs/licensed-doors.md", "docs/versions.md")
    root = write_tree(dict.fromkeys((*left_out, *own), "# Doors\n\nOpen them.\n"))
    found = open_repository(root, suffixes=[".md"])

    assert own == found.paths
    assert left_out == dict(found.skips)


def test_texts_in_other_languages_are_no_code(write_tree):
    """Tables of them, one for each, follow one template; settings beside them, and code about languages, are read."""
    tables = (
        *("config/locales/en.yml", "config/locales/pt-BR.yml", "config/locales/models/devise.zh_Hant_TW.yml"),
        *("lang/messages.fr.yaml", "lang/de_informal/errors.php", "resources/lang/pt_BR/auth/a.php", "src/i18n/de.yml"),
    )
    own = (
        *("config/en.yml", "config/locales/english.yml", "lang/en.py", "lang/en/texts.py", "locales.yml"),
        *("src/lang/Reader.php", "src/translations/rules.yml"),
    )
    root = write_tree(dict.fromkeys((*tables, *own), "a: 1\n"))
    found = open_repository(root, suffixes=[".php", ".py", ".yaml", ".yml"])

    assert own == found.paths
    assert dict.fromkeys(tables, "translation") == dict(found.skips)


def test_templates_of_files_to_come_are_left_out(write_tree):
    """What is filled in when a project is made from them is told by their paths; braces alone are a name."""
    templates = ("bricks/door/{{name}}/door.py", "{{cookiecutter.slug}}/door.py")
    own = ("door.py", "doors/{name}.py")
    root = write_tree(dict.fromkeys((*templates, *own), CODE))
    found = open_repository(root, suffixes=[".py"])

    assert own == found.paths
    assert dict.fromkeys(templates, "template") == dict(found.skips)


def test_what_a_tool_writes_at_a_place_of_its_own_is_generated(write_tree):
    """Changes of a schema are Prisma's where it puts them."""
    written, own = "db/prisma/migrations/2024_doors/migration.sql", "db/migrations/doors.sql"
    found = open_repository(write_tree(dict.fromkeys((written, own), "select 1;\n")), suffixes=[".sql"])

    assert (own,) == found.paths
    assert {written: "generated"} == dict(found.skips)


def test_a_bare_repository_is_told_as_one(tmp_path):
    """Whoever names one is told to clone it rather than that no grammar reads it."""
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)

    with pytest.raises(InputError, match="is a bare repository of git"):
        open_repository(tmp_path / "bare.git", suffixes=[".py"])


def test_what_a_house_bundles_is_not_its_own(write_tree):
    """Libraries that were copied in lie in folders of many names; a module about suppliers is the house's own."""
    library = (
        *("Source/ThirdParty/zip.py", "include/house/fmt/bundled/core.py", "test/zip-1.16.0/zip.py"),
        "thirdParty/zip.py",
    )
    own = ("docs/v1.7.0/doors.py", "house/bundle.py", "house/vendors/supplier.py", "src/main/python-3.12/doors.py")

    assert own == open_repository(write_tree(dict.fromkeys((*library, *own), CODE)), suffixes=[".py"]).paths


def test_a_library_beside_the_scripts_of_a_page_is_vendored(write_tree):
    """It is told by its name in a folder for the web; where it is made, and what only works with it, is mined."""
    library = ("web/static/jquery-1.7.1.js", "docs/js/underscore.js", "public/libs/editor/dark.js")
    own = ("backbone.js", "libs/doors.js", "src/jquery.js", "web/static/jquery.doors.js")
    root = write_tree(dict.fromkeys((*library, *own), "function double(x) { return 2 * x }\n"))
    found = open_repository(root, suffixes=[".js"])

    assert own == found.paths
    assert dict.fromkeys(library, "vendored") == dict(found.skips)


@pytest.mark.parametrize(
    ("path", "head", "reason"),
    [
        ("web/static/slider.js", "/*!\n * Slider v2.1\n * https://example.org/slider\n */", "vendored"),
        ("docs/js/slider.js", "/*! Slider 2.1.0 | (c) A. Maker | MIT License */", "vendored"),
        ("static/slider.js", "/** @license Slider v2.1.0\n * Copyright A. Maker\n */", "vendored"),
        # the library's own house
        ("js/slider.js", "/*! Slider 2.1.0 | (c) A. Maker | MIT License */", ""),
        ("lib/slider.js", "/*! Slider 2.1.0 | (c) A. Maker | MIT License */", ""),
        ("slider.js", "/*! Slider 2.1.0 | (c) A. Maker | MIT License */", ""),
        # a house's own head
        ("static/shop.js", "/*!\n * shop\n * Copyright(c) A. Maker\n * MIT Licensed\n */", ""),
        ("static/shop.js", "/**\n * @license\n * Licensed under the Apache License, Version 2.0\n */", ""),
        ("static/shop.js", "/* needs slider 2.1.0, https://example.org/slider */", ""),
    ],
)
def test_a_release_of_a_library_is_told_by_its_head(path, head, reason):
    """Its name, its version and its terms stand in a comment that minifying keeps, in a folder for the web."""
    assert reason == content_reason(f"{head}\nfunction double(x) {{ return 2 * x }}\n".encode(), path)


def test_the_code_of_others_is_left_out_however_its_folder_is_called(write_tree, commit_tree):
    """A folder for the code of third parties is written in several ways."""
    root = write_tree(
        {"a.py": CODE, "thirdparty/b.py": CODE, "lib/third-party/c.py": CODE, "3rdparty/d.py": CODE}
        | {"shop/_vendored/e.py": CODE}
    )
    commit_tree(root)

    assert {"vendored"} == set(reasons(root).values())
    assert 4 == len(reasons(root))


def test_code_that_no_grammar_reads_is_told(write_tree):
    """Notebooks, style sheets and the like are left out with a reason; other files are none of mining's business."""
    names = ("fast.pyx", "look.ipynb", "look.scss", "look.html", "look.bats", "look.cmake", "look.j2", "look.mdx")
    root = write_tree({"a.py": CODE, "notes.txt": "no code", **dict.fromkeys(names, "{}")})

    assert {name: f"no_grammar_for_.{name.partition('.')[2]}" for name in names} == reasons(root)


def test_a_language_of_the_house_alone_is_told(write_tree):
    """Many files of an unknown ending are code that no grammar reads; data, tests and bytes are not."""
    kiln = {f"ovens/{n}.kiln": f"oven {n}:\n  heat 3\n" for n in range(20)}
    other = {f"tests/{n}.case": "a" for n in range(20)} | {f"{n}.txt": "a" for n in range(20)}
    root = write_tree({"a.py": CODE, **kiln, **other, **{f"{n}.blob": "a\0b" for n in range(20)}})

    assert dict.fromkeys(kiln, "no_grammar_for_.kiln") == reasons(root)
    (root / "a.py").unlink()
    with pytest.raises(InputError, match=r"20 files end in \.kiln\. .*--language FILE"):
        open_repository(root, suffixes=[".py"])


def test_a_few_files_of_an_unknown_language_are_told_where_there_is_nothing_else(write_tree):
    """The first files of a language of one's own are few, and fifty endings of others' are no way out."""
    many = [f".x{n}" for n in range(50)]
    with pytest.raises(InputError, match=r"1 file ends in \.nim\. A table describes another language.*--language FILE"):
        open_repository(write_tree({"main.nim": "echo 1\n", "a.css": "a {}\n"}, "known"), suffixes=many)
    with pytest.raises(InputError, match=r"1 file ends in \.kiln\. .*--language FILE"):
        open_repository(write_tree({"a.kiln": "oven:\n  heat 3\n"}, "few"), suffixes=many)
    with pytest.raises(InputError, match=r"`idiolect doctor` names the languages\.$"):
        open_repository(write_tree({"a.txt": "oven"}, "none"), suffixes=many)


def test_what_was_made_of_a_repository_is_no_part_of_it(write_tree, commit_tree):
    """A corpus inside of the tree changes nothing, tracked or not; a manifest of something else hides nothing."""
    root = write_tree({**toy_files(), "web/manifest.json": '{\n "schema": "https://example.org/1"\n}\n'})
    first = mine_repositories([root], root / "made" / "corpus", workers=1)
    again = mine_repositories([root], root / "made" / "corpus", workers=1)
    names = open_repository(root, suffixes=[".json", ".md", ".py"]).listed

    assert first.sha256 == again.sha256
    assert sorted([*toy_files(), "web/manifest.json"]) == list(names)
    commit_tree(root)
    assert names == open_repository(root, suffixes=[".py"]).listed


def test_what_is_left_out_of_several_repositories_is_named_by_its_place(write_tree, commit_tree, tmp_path):
    """Files and changes that are dropped, and settings that are ignored, say which of the repositories they are of."""
    text = "def load(store, key):\n    rows = store.open(key)\n    return rows.total( key )\n"
    roots = [write_tree({**toy_files(), "void.py": "", "same.py": text}, name) for name in ("shop", "bank")]
    for root in roots:
        commit_tree(root)
        (root / "same.py").write_text(text.replace("( key )", "(key)"), "utf-8")
        commit_tree(root, "Write no blanks in there")
    mine_repositories(roots, tmp_path / "corpus", workers=1)
    left = [json.loads(line) for line in (tmp_path / "corpus" / "skipped.jsonl").read_text("utf-8").splitlines()]

    assert ["bank/void.py", "shop/void.py"] == [row["path"] for row in left if row["reason"] == "empty"]
    assert ["bank/same.py", "shop/same.py"] == [row["path"] for row in left if row["reason"] == "formatted_only"]
    assert {"bank", "shop"} == {row["path"].partition("/")[0] for row in left}


def test_a_folder_without_code_is_refused(write_tree, commit_tree, tmp_path):
    """The message says what was looked for, or where the code is."""
    root, empty = write_tree({"notes.txt": "no code"}), tmp_path / "sub"
    commit_tree(root)
    empty.mkdir()

    for folder, said in ((root, r"ends in \.py"), (root / ".git", "is a bare repository"), (empty, "is empty")):
        with pytest.raises(InputError, match=said):
            open_repository(folder, suffixes=[".py"])


def test_a_folder_of_notebooks_is_told_how_they_are_read(write_tree):
    """Which files there are, and what makes scripts of them, rather than which languages there are."""
    root = write_tree({"look.ipynb": "{}", "seas/look.ipynb": "{}", "look.html": "<p>"})

    with pytest.raises(InputError, match=r"2 files end in \.ipynb\. .*jupytext"):
        open_repository(root, suffixes=[".py"])


def test_a_changed_work_tree_is_named_by_its_bytes(write_tree, commit_tree):
    """A clean checkout has its commit's id; a changed, an added or a deleted file of code gives a tree's id."""
    root = write_tree({"a.py": CODE, "b.py": CODE})
    commit_tree(root)
    head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)

    def commit() -> str:
        return open_repository(root, suffixes=[".py"]).commit

    assert head.stdout.strip() == commit()
    (root / "a.py").write_text(CODE.replace("2", "3"))
    assert commit().startswith("tree:")
    (root / "a.py").write_text(CODE)
    assert head.stdout.strip() == commit()
    (root / "c.py").write_text(CODE)
    assert commit().startswith("tree:")
    (root / "c.py").unlink()
    (root / "b.py").unlink()
    assert commit().startswith("tree:")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://user:p@ss@host/x.git", "https://host/x.git"),
        ("git+ssh://user:tok@host/x", "git+ssh://host/x"),
        ("oauth2:tok@host:a/b.git", "host:a/b.git"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("https://host/a@b.git", "https://host/a@b.git"),
        ("https://host/\x1b[31m\u202eb.git", "https://host/\\x1b[31m\\u202eb.git"),
    ],
)
def test_no_name_holds_a_password_or_drives_a_terminal(write_tree, commit_tree, url, name):
    """What the origin's URL says of a user stands in no pair; what cannot be seen is spelled out."""
    root = write_tree({"a.py": CODE})
    commit_tree(root)
    subprocess.run(["git", "-C", str(root), "remote", "add", "origin", url], check=True)

    assert name == open_repository(root, suffixes=[".py"]).name


def test_a_name_that_is_all_of_an_extension_ends_no_other(write_tree):
    """`BUILD` is a file's whole name, and `REBUILD` is another."""
    root = write_tree({"app/BUILD": "cc(name = 'a')\n", "REBUILD": "notes\n"})

    assert ("app/BUILD",) == open_repository(root, suffixes=["BUILD"]).paths


def test_what_is_written_follows_the_users_mask(write_tree, tmp_path):
    """A corpus of private code is as private as whoever mines it has files made."""
    root = write_tree(toy_files())
    before = os.umask(0o077)
    try:
        mine_repositories([root], tmp_path / "corpus", workers=1)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "corpus", *(tmp_path / "corpus").rglob("*"))}

    assert {0} == modes


def test_a_file_that_does_not_fit_is_named_and_the_old_one_stays(tmp_path):
    """Where no more can be written, the system names no file; nothing is torn, and nothing lies beside it."""
    write_bytes(tmp_path / "kept", b"old")
    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(OSError, match="kept") as raised:
            write_bytes(tmp_path / "kept", bytes(100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert str(tmp_path / "kept") == raised.value.filename
    assert [b"old"] == [path.read_bytes() for path in tmp_path.iterdir()]
