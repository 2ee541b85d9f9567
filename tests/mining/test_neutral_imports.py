"""
How modules are imported in languages other than Python: what the guide says of it, and what a finding says.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_of
from idiolect.mining.learn import learn_profile
from idiolect.mining.source import parse_source

KEPT = """package a{n}

import (
\tcorev1 "k8s.io/api/core/v1"
\tmetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
\t. "github.com/onsi/gomega"
)
"""
FORMS = 'import invariant{0} from "invariant";\nimport { z{1} } from "zod";\nimport { v4 as uuidv4 } from "uuid";\n'


def parse(path: str, text: str):
    language = language_of(path)
    assert language is not None
    return parse_source(path, text.encode(), language)


def learn(path: str, text: str):
    """Return the profile of files that all say *text*, each with a number of its own, and a line to tell them apart."""
    files = [(path.replace("{n}", str(n)), text.replace("{n}", str(n)) + f"// file {n}\n" * n) for n in range(60)]
    return learn_profile(tally_source(parse(*file)) for file in files)


FOLDERS = {"server/env.ts": "export default 1;\n", "packages/forms/src/index.ts": "export const forms = 1;\n"}
"""What `@server` is a name for, as compilers are told, and a package of a workspace."""


@pytest.mark.parametrize(
    ("line", "is_asked"),
    [
        ('import env from "@server/env";', False),
        ('import forms from "@shop/forms";', False),
        ('const env = require("@server/env");', False),
        ('import Router from "@koa/router";', True),
        ('import server from "@shop/server";', True),
    ],
)
def test_a_module_of_this_repository_is_no_package_whatever_its_name(line, is_asked):
    """It says itself in which form it gives what it holds."""
    files = [(f"web/f{n}.ts", f"{line}\n" + f"// file {n}\n" * n) for n in range(60)]
    profile = learn_profile(tally_source(parse(*file)) for file in [*files, *FOLDERS.items()])

    assert is_asked == any(entry.convention == "Q31" and entry.tier for entry in profile.entries)


def findings(path: str, text: str, profile):
    found = judge_source(parse(path, text), profile).findings
    return [(f.line, f.entry.tier, f.message) for f in found if f.entry.convention == "Q31"]


def test_names_of_packages_are_said_together_and_asked_for_one_by_one():
    """A finding stands where the name does, or where the path does that has none."""
    profile = learn("pkg/f{n}.go", KEPT)
    text = 'package a\n\nimport (\n\t"fmt"\n\t{}"k8s.io/api/core/v1"\n)\n'
    asked = "here, and is imported as `corev1` in this codebase"

    assert [(5, "advise", f"`k8s.io/api/core/v1` keeps its own name {asked}")] == findings(
        "pkg/new.go", text.format(""), profile
    )
    assert [(5, "advise", f"`k8s.io/api/core/v1` is imported as `core` {asked}")] == findings(
        "pkg/new.go", text.format("core "), profile
    )
    assert (
        "Import `github.com/onsi/gomega` as `.`, `k8s.io/api/core/v1` as `corev1` and "
        "`k8s.io/apimachinery/pkg/apis/meta/v1` as `metav1` (go)."
    ) in render_guide(profile)


def test_nobody_is_asked_to_take_all_names_of_a_package():
    """Where a house does so, its guide says it; who keeps the package's name has done nothing wrong."""
    profile = learn("pkg/f{n}.go", KEPT)

    assert not findings("pkg/new.go", 'package a\n\nimport "github.com/onsi/gomega"\n', profile)
    assert findings("pkg/new.go", 'package a\n\nimport g "github.com/onsi/gomega"\n', profile)


def test_a_form_that_nobody_leaves_is_enforced_and_not_said():
    """The package may have no other; where somebody takes another, there is one, and the guide says which to take."""
    profile = learn("src/f{n}.ts", FORMS.replace("{0}", "").replace("{1}", ""))
    others = [
        tally_source(parse(f"src/g{n}.ts", 'import * as z from "zod";\n' if not n else 'import { z } from "zod";\n'))
        for n in range(90)
    ]

    assert [(1, "advise", "`import * as z from 'zod'` here, `import { z } from 'zod'` in this codebase")] == findings(
        "src/new.ts", 'import * as z from "zod";\n', profile
    )
    assert "from 'zod'" not in render_guide(profile) and "from 'invariant'" not in render_guide(profile)
    assert "Import `v4` of `uuid` as `uuidv4`, where it does not keep its name (typescript)." in render_guide(profile)
    assert "Write `import { z } from 'zod'` (typescript)." in render_guide(learn_profile(others))


@pytest.mark.parametrize("path", ["a.rs", "a.cs", "a.rb", "a.c", "a.lua", "a.yaml", "vite.config.ts", "a.stories.tsx"])
def test_other_files_are_not_asked(path: str):
    """Languages in which no habit was found, and files in forms that tools ask for."""
    text = {"ts": 'import path from "node:path";\n', "tsx": 'import * as React from "react";\n'}

    tally = tally_source(parse(path, text.get(path.rpartition(".")[2], "a\n")))

    assert "Q31" not in {one.convention for one in tally.opportunities}
