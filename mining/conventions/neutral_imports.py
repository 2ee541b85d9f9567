"""
In which form, and under which name, modules are imported. In: a file of a language that leaves it free. Out: choices.

Row Q31, the twin of rows I01 and I02 of Python. Asked is what a reader could have written in another way: the name of
what comes whole, the form in which a package gives the one thing that it is there for, names one by one or all of them.
What a script takes out of a module under its own name leaves no choice, for the module says what it is called, nor does
a name that a file gives because the module's own is taken there.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from tree_sitter import Node

from ..source import text_of
from ..traits import SCRIPTS
from ..wording import all_of
from .anyview import AnyView
from .convention import Choice, Edit, Examples, NeutralConvention, Place
from .imports import OWN_NAME
from .linters import GOLANGCI
from .neutral_declarations import READ_BY_TOOLS
from .neutral_exports import VARIABLES, is_type
from .neutral_modules import OWN, PACKED, own_alias

ONE_BY_ONE, ALL = "one by one", "by `*`"
PACKAGE, STATIC = "several names of a package", "several static members of a class"
LEAST_NAMES = {PACKAGE: 3, STATIC: 2}
"""From so many on names are several; editors put `*` in place of them from numbers that are not far above."""
NODE, MARKED, UNMARKED = "modules of Node", "with `node:`", "without `node:`"
NODES = frozenset(
    {"assert", "async_hooks", "buffer", "child_process", "cluster", "crypto", "dgram", "diagnostics_channel", "dns"}
    | {"events", "fs", "http", "http2", "https", "inspector", "module", "net", "os", "path", "perf_hooks", "process"}
    | {"punycode", "querystring", "readline", "stream", "string_decoder", "timers", "tls", "tty", "url", "util"}
    | {"v8", "vm", "worker_threads", "zlib"}
)
"""What Node brings, by the first part of its name."""
UNSHIMMED = NODES - frozenset(
    {"assert", "buffer", "events", "process", "punycode", "querystring", "stream", "string_decoder", "url", "util"}
)
"""Modules of whose names no packages are there for browsers, which do not know `node:`."""
FORM = re.compile(r"(?:import|const) ")
"""What opens a value that is a statement."""
OF = " of "
"""What stands between a member and its module in a key."""
SIGNS = re.compile(r"[\W_]+")
ENDING = re.compile(r"\.(?:[cm]?[jt]sx?|vue|svelte|json)$")
INDEX = re.compile(r"/index$")
ROOT = re.compile(r"(?:@[\w.-]+/)?[\w.-]+$")
"""The name of a package, with nothing of what lies in it."""
SCOPED = re.compile(r": (?:require )?@([\w.-]+)/([\w.-]+)$")
"""The scope and the name of a package, at the end of a key; either may be a name for a folder of this repository."""
OUTER = 3
"""Folders of a path, from the outermost on, for which a scope may stand."""
DOUBLED = re.compile(rb"\b(?:mocked|replace|spyOn|stub)\(\s*(\w+)\b")
"""What a test passes that puts another in place of one of its members."""
SHORT = 2
"""Letters of a name that is made of the first of its module's."""
IDENTIFIER = re.compile(r"[^\W\d]\w*$")
MAJOR = re.compile(r"/v[2-9]\d*$|/v1\d+$|\.v\d+$")
"""What ends the path of a module of Go that tells which version it is, and is no part of a package's name."""
LANGUAGE_WORD = re.compile(r"^(?:go|golang)-|[-.](?:go|golang)$")
MOST_NAMED = 12
"""Imports that one sentence names."""


class ImportName(NeutralConvention):
    """In which form, or under which name, a module is imported: one question a module."""

    id = "Q31"
    name = "import-name"
    question = "How is {key} imported?"
    cap = "advise"
    linter_codes = frozenset({
        "AvoidStarImport", "ST1001", "WildcardImport", "dot-imports", "import-style", "importas", "no-namespace",
        "no-wildcard-imports", "prefer-node-protocol", "useNodejsImportProtocol", *GOLANGCI,
    })  # fmt: skip
    defaults = frozenset({OWN_NAME})
    never = frozenset({UNMARKED})  # the form from before there was a mark
    least_support = 10.0
    least_files = 5
    is_mined = True
    version = 2
    examples = Examples(
        value="corev1",
        key="k8s.io/api/core/v1",
        path="pkg/a.go",
        conforms=('package a\n\nimport corev1 "k8s.io/api/core/v1"\n',),
        departs=(
            'package a\n\nimport "k8s.io/api/core/v1"\n',
            'package a\n\nimport (\n\tv1 "k8s.io/api/core/v1"\n)\n',
            'package a\n\nimport . "k8s.io/api/core/v1"\n',
        ),
        nearly=(
            'package a\n\nimport _ "k8s.io/api/core/v1"\n',
            # another package of that name leaves no choice
            'package a\n\nimport (\n\tcore "k8s.io/api/core/v1"\n\t"k8s.io/api/apps/v1"\n)\n',
        ),
    )
    also = (
        Examples(
            value=".",
            key="github.com/onsi/gomega",
            path="pkg/a_test.go",
            conforms=('package a\n\nimport . "github.com/onsi/gomega"\n',),
            departs=('package a\n\nimport "github.com/onsi/gomega"\n',),
        ),
        Examples(
            value="yaml2",
            key="gopkg.in/yaml.v2",
            path="pkg/a.go",
            conforms=('package a\n\nimport yaml2 "gopkg.in/yaml.v2"\n',),
            departs=(
                'package a\n\nimport "gopkg.in/yaml.v2"\n',
                'package a\n\nimport yaml "gopkg.in/yaml.v2"\n',
            ),
        ),
        Examples(
            value="import * as React from 'react'",
            key="react",
            path="src/a.tsx",
            conforms=(
                'import * as React from "react";\n',
                'import type * as React from "react";\n',
            ),
            departs=(
                'import React from "react";\n',
                'import React, { useState } from "react";\n',
                'import * as R from "react";\n',
            ),
            nearly=(
                'import { useState } from "react";\n',
                'import React from "./react";\n',
                'import ReactDOM from "react-dom";\n',
                'import "react";\n',
                'jest.mock("react");\n',
            ),
        ),
        Examples(
            value="import { z } from 'zod'",
            key="zod",
            path="src/a.ts",
            conforms=('import { z } from "zod";\n', 'import { z, ZodError } from "zod";\n'),
            departs=('import * as z from "zod";\n', 'import z from "zod";\n'),
            nearly=('import { ZodError } from "zod";\n',),
        ),
        Examples(
            value="import { z } from 'zod'",
            key="zod",
            path="src/a.test.ts",
            departs=('import * as z from "zod";\n',),
            nearly=('import * as z from "zod";\njest.spyOn(z, "string");\n',),
        ),
        Examples(
            value="import path from 'path'",
            key="path",
            path="src/a.ts",
            conforms=('import path from "path";\n', "import path from 'node:path';\n"),
            departs=(
                'import { join } from "path";\n',
                'import * as path from "node:path";\n',
                'import fs_path from "path";\n',
            ),
            nearly=(
                'import type { ParsedPath } from "path";\n',
                'import { ParsedPath } from "path";\n',
                'import { type ParsedPath } from "path";\n',
                'import { posix as path } from "path";\n',
            ),
        ),
        Examples(
            value="const fp = require('fastify-plugin')",
            key="require fastify-plugin",
            path="lib/a.js",
            conforms=("const fp = require('fastify-plugin')\n",),
            departs=("const plugin = require('fastify-plugin')\n", "const { plugin } = require('fastify-plugin')\n"),
            nearly=(
                "const { all } = require('fastify-plugin')\n",
                "const fp = require('fastify-plugin').all\n",
                "const fp = require('./fastify-plugin')\n",
            ),
        ),
        Examples(
            value="auth",
            key="@/lib/authentication",
            path="src/a.ts",
            conforms=('import auth from "@/lib/authentication";\n', 'import * as auth from "@/lib/authentication";\n'),
            departs=('import checked from "@/lib/authentication";\n',),
            nearly=('import { auth } from "@/lib/authentication";\n',),
        ),
        Examples(
            value="symbols",
            key="lib/known",
            path="lib/parts/a.js",
            conforms=("const symbols = require('../known')\n", "const symbols = require('../known/index.js')\n"),
            departs=("const known = require('../known')\n", "const all = require('../known.js')\n"),
            nearly=("const symbols = require('./known')\n", "const { all } = require('../known')\n"),
        ),
        Examples(
            value="uuidv4",
            key="v4 of uuid",
            path="src/a.ts",
            conforms=('import { v4 as uuidv4 } from "uuid";\n',),
            departs=('import { v4 as makeId } from "uuid";\n',),
            nearly=('import { v4 } from "uuid";\n', 'import { v5 as uuidv4 } from "uuid";\n'),
        ),
        Examples(
            value=MARKED,
            key=NODE,
            path="src/a.ts",
            conforms=('import fs from "node:fs";\n', 'import { readFile } from "node:fs/promises";\n'),
            departs=('import fs from "fs";\n', "const fs = require('fs');\n"),
            nearly=(
                'import fs from "fs-extra";\n',
                # packages of these names are there, too
                'import { EventEmitter } from "events";\n',
                '// eslint-disable-next-line unicorn/prefer-node-protocol\nimport fs from "fs";\n',
            ),
        ),
        Examples(
            value="M",
            key="Data.Map",
            path="src/A.hs",
            conforms=(
                "module A where\nimport qualified Data.Map as M\n",
                "module A where\nimport Data.Map qualified as M\n",
            ),
            departs=("module A where\nimport qualified Data.Map as Map\n",),
            nearly=("module A where\nimport Data.Map (Map)\n", "module A where\nimport qualified Data.Map\n"),
        ),
        Examples(
            value="ORM",
            key="Doctrine\\ORM\\Mapping",
            path="src/A.php",
            conforms=("<?php\nnamespace A;\n\nuse Doctrine\\ORM\\Mapping as ORM;\n",),
            departs=(
                "<?php\nnamespace A;\n\nuse Doctrine\\ORM\\Mapping;\n",
                "<?php\nuse Doctrine\\ORM\\Mapping as Doctrine, B\\C;\n",
            ),
            nearly=(
                "<?php\nuse function Doctrine\\ORM\\Mapping as map;\n",
                "<?php\nuse B\\Mapping;\nuse Doctrine\\ORM\\Mapping as Doctrine;\n",
            ),
        ),
        Examples(
            value="http",
            key="package:http/http.dart",
            path="lib/a.dart",
            conforms=("import 'package:http/http.dart' as http;\n",),
            departs=("import 'package:http/http.dart' as h;\n", "import 'package:http/http.dart';\n"),
            nearly=("import 'http.dart' as h;\n",),
        ),
        Examples(
            value=ONE_BY_ONE,
            key=PACKAGE,
            path="src/A.java",
            conforms=("package a;\n\nimport b.C;\nimport b.D;\nimport b.E;\n",),
            departs=("package a;\n\nimport b.*;\n", "package a;\n\nimport b.C;\nimport b.*;\n"),
            nearly=("package a;\n\nimport b.C;\nimport b.D;\n", "package a;\n\nimport static b.C.*;\n"),
        ),
        Examples(
            value=ONE_BY_ONE,
            key=PACKAGE,
            path="src/A.kt",
            conforms=("package a\n\nimport b.C\nimport b.D\nimport b.E\n",),
            departs=("package a\n\nimport b.*\n",),
            nearly=("package a\n\nimport b.C\nimport b.D as F\n",),
        ),
        Examples(
            value=ALL,
            key=STATIC,
            path="src/ATest.java",
            conforms=("package a;\n\nimport static b.Assert.*;\n",),
            departs=("package a;\n\nimport static b.Assert.c;\nimport static b.Assert.d;\n",),
            nearly=("package a;\n\nimport static b.Assert.c;\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield how each module is imported that could be imported in another way."""
        return IMPORTS[file.source.language.name](file)

    def is_asked_any(self, file: AnyView) -> bool:
        """Claim that *file* is of a language that leaves it free, and not in a form that a tool asks for."""
        language = file.source.language.name
        is_free = language not in SCRIPTS or not READ_BY_TOOLS.search(file.path)
        return language in IMPORTS and is_free and super().is_asked_any(file)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return another name, all names in place of one, or another form."""
        if value in (ONE_BY_ONE, MARKED):
            return place.instead("*" if value == ONE_BY_ONE else place.text.replace("node:", "", 1))
        listed = place.inside("named_imports")
        if FORM.match(value) and listed is not None:
            is_alone = listed.named_child_count == 1
            return (Edit(listed.start_byte, listed.end_byte, f"* as {place.text}"),) if is_alone else ()
        return place.instead(f"{place.text}_") if IDENTIFIER.match(place.text) else ()

    def suits(self, found: str, wanted: str) -> bool:
        """Claim that nobody shall be asked to take all names of a package of Go where its own is kept."""
        return super().suits(found, wanted) or (found == OWN_NAME and wanted == ".")

    def goes_without_saying(self, language: str, departures: int, value: str, topic: str) -> bool:
        """Claim that a form is one that the package may leave no choice but: nobody takes another."""
        return not departures and FORM.match(value) is not None and ("{" in value or is_plain((value, topic)))

    def settled(self, keys: Iterable[str], paths: Sequence[str]) -> Iterable[str]:
        """Yield the keys of modules that lie here, which say themselves in which form they give what is in them."""
        scoped = {key: found for key in keys if (found := SCOPED.search(key)) is not None}
        lying = scopes_in(paths) if scoped else frozenset[tuple[str, str]]()
        for key, found in scoped.items():
            if not lying.isdisjoint({(found[1], found[2]), ("", found[2])}):
                yield key

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return self.advise_all([(value, key)])

    def shared(self, value: str, key: str) -> str:
        """Return whether it is a form, a name, or a name that is given where the own one is not kept."""
        if value in (ONE_BY_ONE, ALL, MARKED):
            return ""
        if FORM.match(value):
            return "a form"
        return "another name" if OF in key else "a name"

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return all that is to be written, or how all is called: what says most first."""
        shared = self.shared(*rules[0])
        if not shared:
            return f"Import {rules[0][1]} {rules[0][0]}."
        if shared == "a form":
            telling = sorted(rules, key=is_plain)
            return f"Write {all_of([f'`{value}`' for value, _ in telling], MOST_NAMED)}."
        named = all_of([f"{in_words(key)} as `{value}`" for value, key in rules], MOST_NAMED)
        if shared == "a name":
            return f"Import {named}."
        where = "they do not keep their names" if len(rules) > 1 else "it does not keep its name"
        return f"Import {named}, where {where}."

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        if not self.shared(wanted, key):
            return super().message(found, wanted, key)
        if FORM.match(wanted):
            return f"`{found}` here, `{wanted}` in this codebase"
        here = "keeps its own name" if found == OWN_NAME else f"is imported as `{found}`"
        return f"{in_words(key)} {here} here, and is imported as `{wanted}` in this codebase"


def scopes_in(paths: Iterable[str]) -> frozenset[tuple[str, str]]:
    """
    Return each folder at *paths* with what lies in it, as a scope and a name may stand for both: `@server/env`.

    What lies where a repository has its packages may have any scope, which is told as none.
    """
    found: set[tuple[str, str]] = set()
    for path in paths:
        parts = ENDING.sub("", path).split("/")
        found.update((scope, name) for at, scope in enumerate(parts[:OUTER]) for name in parts[at + 1 :])
        if parts[0] in PACKED:
            found.update(("", name) for name in parts[1:-1][:1])
    return frozenset(found)


def in_words(key: str) -> str:
    """Return a module, or a member and its module, as a sentence names them."""
    member, of, module = key.rpartition(OF)
    return f"`{member}`{of}`{module}`" if of else f"`{key}`"


def is_plain(rule: tuple[str, str]) -> bool:
    """Claim that a form is the one that most would write: a package by its own name."""
    value, key = rule
    words = value.split(" ")
    return "{" not in value and "*" not in value and is_named_so(words[1], stem_of(key.rpartition(" ")[2]))


def is_named_so(name: str, stem: str) -> bool:
    """Claim that *name* is that of a module of the name *stem*, but for case and signs."""
    return SIGNS.sub("", name).lower() == SIGNS.sub("", stem).lower()


def stem_of(module: str) -> str:
    """Return how a module is called, without its folder and its ending."""
    return ENDING.sub("", module.rpartition("/")[2])


def stands_for(name: str, package: str) -> bool:
    """Claim that a *package* is there for its member *name*: `z` of `zod`, `toast` of `react-hot-toast`."""
    stem = stem_of(package)
    words = [word for word in SIGNS.split(stem) if word]
    return is_named_so(name, stem) or name in words[-1:] or (len(name) <= SHORT and stem.startswith(name))


def of_scripts(file: AnyView) -> Iterator[Choice]:
    """Yield how a script names what it imports, or loads by `require`."""
    for statement in file.root.named_children:
        if statement.type == "import_statement":
            yield from of_import(statement, file)
        elif statement.type in VARIABLES:
            for declared in statement.named_children:
                yield from of_require(declared, file)


def of_import(statement: Node, file: AnyView) -> Iterator[Choice]:
    """Yield the answers of one `import` of a script."""
    source = statement.child_by_field_name("source")
    clause = next((child for child in statement.named_children if child.type == "import_clause"), None)
    if source is None:
        return
    yield from of_prefix(source)
    whole: Node | None = None
    members: list[Node] = []
    shown = ""
    for child in clause.named_children if clause is not None else ():
        if child.type == "named_imports":
            members = [member for member in child.named_children if member.type == "import_specifier"]
        elif whole is None and child.type == "identifier":
            whole, shown = child, text_of(child)
        elif whole is None and child.type == "namespace_import":
            whole = child.named_children[-1]
            shown = f"* as {text_of(whole)}"
    module = text_of(source).strip("\"'")
    is_typed = any(child.type == "type" for child in statement.children)
    values = [] if is_typed else [named for member in members if not is_type(member) and (named := as_is(member))]
    yield from whole_of(module, whole, shown, values, file)
    for member in members:
        name, alias = member.child_by_field_name("name"), member.child_by_field_name("alias")
        if name is not None and alias is not None and text_of(name) != "default":
            yield Choice(text_of(alias), alias, f"{text_of(name)}{OF}{known_as(module, file.path)}")


def as_is(member: Node) -> Node | None:
    """Return the name of what an import takes under its own name; None where it gets another."""
    return None if member.child_by_field_name("alias") is not None else member.child_by_field_name("name")


def of_require(declared: Node, file: AnyView) -> Iterator[Choice]:
    """Yield the answers of one variable that may hold what `require` loads."""
    name, call = declared.child_by_field_name("name"), declared.child_by_field_name("value")
    if name is None or call is None or call.type != "call_expression":
        return
    called, passed = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if called is None or passed is None or text_of(called) != "require" or passed.named_child_count != 1:
        return
    source = passed.named_children[0]
    if source.type == "string":
        yield from of_prefix(source)
        is_whole = name.type == "identifier"
        taken = [] if is_whole else [child for child in name.named_children if child.type.startswith("shorthand_")]
        module = text_of(source).strip("\"'")
        yield from whole_of(module, name if is_whole else None, text_of(name), taken, file, "const {} = require('{}')")


def of_prefix(source: Node) -> Iterator[Choice]:
    """Yield whether a module of Node is marked as one."""
    module = text_of(source).strip("\"'")
    bare = module.removeprefix("node:")
    if bare.partition("/")[0] in UNSHIMMED:
        yield Choice(UNMARKED if bare == module else MARKED, source, NODE)


def whole_of(
    module: str,
    whole: Node | None,
    shown: str,
    members: Sequence[Node],
    file: AnyView,
    form: str = "import {} from '{}'",
) -> Iterator[Choice]:
    """
    Yield in which *form* a script takes a package, or under which name it takes a module that is none, or lies in one.

    *whole* is what it calls all of it, *shown* how that is written, *members* what it takes of it under the own names.
    """
    bare = module.removeprefix("node:")
    is_brought = bare.partition("/")[0] in NODES
    is_package = is_brought or (ROOT.match(bare) is not None and not is_own(bare, file.path))
    if not is_package:
        if whole is not None and "?" not in module and "!" not in module:
            key = known_as(module, file.path)
            if key:
                value = OWN_NAME if is_named_so(text_of(whole), stem_of(key)) else text_of(whole)
                yield Choice(value, whole, key)
        return
    key = f"require {bare}" if form.startswith("const") else bare
    if whole is not None:
        if not (shown.startswith("*") and is_doubled(whole, file)):
            yield Choice(form.format(shown, bare), whole, key)
        return
    main = next((name for name in members if stands_for(text_of(name), bare)), None)
    if main is not None:
        yield Choice(form.format(f"{{ {text_of(main)} }}", bare), main, key)
    elif is_brought and (values := [name for name in members if not text_of(name)[:1].isupper()]):
        yield Choice(form.format("{ … }", bare), values[0], key)


def is_doubled(namespace: Node, file: AnyView) -> bool:
    """Claim that a test puts others in place of what a namespace holds, for which it needs one."""
    name = text_of(namespace).encode()
    return file.role == "tests" and any(found[1] == name for found in DOUBLED.finditer(file.utf8))


def is_own(module: str, path: str) -> bool:
    """Claim that a script at *path* names a module of the same repository."""
    return module.startswith((".", "#")) or OWN.match(module) is not None or own_alias(module, path) is not None


def known_as(module: str, path: str) -> str:
    """Return what a module is called in keys: as written, or where it lies if that is told from the file at *path*."""
    if not module.startswith("."):
        return module.removeprefix("node:")
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), module))
    return "" if found.startswith(".") else INDEX.sub("", ENDING.sub("", found))


def of_go(file: AnyView) -> Iterator[Choice]:
    """Yield under which name a file of Go imports each package, unless another's name leaves no choice."""
    specs: list[Node] = []
    for declared in file.root.named_children:
        if declared.type == "import_declaration":
            for child in declared.named_children:
                specs += child.named_children if child.type == "import_spec_list" else [child]
    packages = [
        (path, spec.child_by_field_name("name"), text_of(path).strip('"`'))
        for spec in specs
        if (path := spec.child_by_field_name("path")) is not None
    ]
    plain = {package_of(path) for _, name, path in packages if name is None}
    for node, name, path in packages:
        own = package_of(path)
        if name is None or text_of(name) in (own, LANGUAGE_WORD.sub("", own)):
            yield Choice(OWN_NAME, node, path)
        elif name.type != "blank_identifier" and own not in plain:
            yield Choice(text_of(name), name, path)


def package_of(path: str) -> str:
    """Return the name that a package of Go has by its *path*, as far as that tells."""
    return MAJOR.sub("", path).rpartition("/")[2]


def of_haskell(file: AnyView) -> Iterator[Choice]:
    """Yield under which name a file of Haskell imports each module that it qualifies."""
    listed = next((child for child in file.root.named_children if child.type == "imports"), None)
    for statement in listed.named_children if listed is not None else ():
        module, alias = statement.child_by_field_name("module"), statement.child_by_field_name("alias")
        if module is not None and alias is not None and any(child.type == "qualified" for child in statement.children):
            yield Choice(text_of(alias), alias, text_of(module))


def of_php(file: AnyView) -> Iterator[Choice]:
    """Yield under which name a file of PHP uses each class or namespace, unless another's name leaves no choice."""
    spaces = [file.root, *(node for node in file.root.named_children if node.type == "namespace_definition")]
    bodies = [space.child_by_field_name("body") or space for space in spaces]
    clauses = [
        clause
        for body in bodies
        for statement in body.named_children
        if statement.type == "namespace_use_declaration"
        for clause in statement.named_children
        if clause.type == "namespace_use_clause" and clause.child_by_field_name("type") is None
    ]
    used = [(clause.named_children[0], clause.child_by_field_name("alias")) for clause in clauses]
    plain = Counter(last_name(name) for name, alias in used if alias is None)
    plain[stem_of(file.path).partition(".")[0]] += 1
    for name, alias in used:
        own = last_name(name)
        if alias is None or text_of(alias) == own:
            yield Choice(OWN_NAME, name, text_of(name))
        elif not plain[own]:
            yield Choice(text_of(alias), alias, text_of(name))


def last_name(name: Node) -> str:
    """Return the last part of a name of PHP."""
    return text_of(name).rpartition("\\")[2]


def of_dart(file: AnyView) -> Iterator[Choice]:
    """Yield under which prefix a file of Dart imports each library of a package."""
    for statement in file.root.named_children:
        library = statement.named_children[0] if statement.type == "import_or_export" else None
        if library is None or library.type != "library_import":
            continue
        specification = library.named_children[0]
        uri = next((child for child in specification.named_children if child.type == "configurable_uri"), None)
        alias = next((child for child in specification.named_children if child.type == "identifier"), None)
        path = text_of(uri).strip("\"'") if uri is not None else ""
        if ":" in path:
            yield Choice(OWN_NAME if alias is None else text_of(alias), alias or uri or specification, path)


def of_stars(file: AnyView) -> Iterator[Choice]:
    """Yield whether a file of Java or Kotlin imports several names of one package by themselves, or all at once."""
    named: dict[tuple[str, str], list[Node]] = {}
    stars: dict[tuple[str, str], Node] = {}
    for statement in file.root.named_children:
        if statement.type not in ("import", "import_declaration"):
            continue
        signs = {child.type: child for child in statement.children}
        path = signs.get("scoped_identifier") or signs.get("qualified_identifier") or signs.get("identifier")
        if path is None or "as" in signs:
            continue
        kind = STATIC if "static" in signs else PACKAGE
        star = signs.get("asterisk") or signs.get("*")
        if star is not None:
            stars[kind, text_of(path)] = star
        elif path.child_count:
            named.setdefault((kind, text_of(path).rpartition(".")[0]), []).append(path.children[-1])
    for (kind, _), star in stars.items():
        yield Choice(ALL, star, kind)
    for (kind, package), names in named.items():
        if (kind, package) not in stars and len(names) >= LEAST_NAMES[kind]:
            yield Choice(ONE_BY_ONE, names[0], kind)


IMPORTS: dict[str, Callable[[AnyView], Iterator[Choice]]] = {
    **dict.fromkeys(SCRIPTS, of_scripts),
    **dict.fromkeys(("java", "kotlin"), of_stars),
    "dart": of_dart,
    "go": of_go,
    "haskell": of_haskell,
    "php": of_php,
}
"""By language, what asks its files."""
