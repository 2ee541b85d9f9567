"""
The profile's own rules: recency, migration, owners, scopes that differ, exemplars near the finding.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.conventions.convention import Opportunity, conventions_by_id
from idiolect.mining.errors import SettingsError
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import is_answer, judge_source, make_finding, shared_parts
from idiolect.mining.languages import language_named, language_of
from idiolect.mining.learn import control_discoveries, learn_profile
from idiolect.mining.overrides import Override
from idiolect.mining.owners import owners_at, owners_in
from idiolect.mining.profile import Entry, Profile, is_project, read_entry, scopes_of, state_fact
from idiolect.mining.recency import recent_lines
from idiolect.mining.settings import check_settings
from idiolect.mining.source import Span, parse_source
from tests_toys import plant

PYTHON = language_named("python")


def tally(text: str, path: str):
    return tally_source(parse_source(path, text.encode(), PYTHON))


def quotes(count: int, quote: str = '"') -> str:
    return "".join(f"x{number} = call({quote}a{quote})\n" for number in range(count))


def entries_of(profile: Profile, convention: str) -> dict[str, Entry]:
    return {entry.scope: entry for entry in profile.entries if entry.convention == convention}


def test_a_rule_that_recent_lines_break_blocks_nothing():
    """A habit kept everywhere but on the last commits' lines is migrating: its findings are hints, or none."""
    tallies = [tally(quotes(10), f"src/m{number}.py") for number in range(60)]
    tallies.append(tally(quotes(6, "'"), "src/new.py"))

    still = learn_profile(tallies, recent={"src/m1.py": frozenset(range(1, 11))})
    moving = learn_profile(tallies, recent={"src/new.py": frozenset(range(1, 7))})

    assert ("gate", "") == (
        entries_of(still, "S01")["repository"].tier,
        entries_of(still, "S01")["repository"].moving_to,
    )
    entry = entries_of(moving, "S01")["repository"]
    assert entry.is_migrating and ("", "single") == (entry.tier, entry.moving_to)


def test_few_recent_lines_say_nothing():
    """Under five recent opportunities a rule stays as it is."""
    tallies = [*(tally(quotes(10), f"src/m{n}.py") for n in range(60)), tally(quotes(4, "'"), "src/new.py")]
    profile = learn_profile(tallies, recent={"src/new.py": frozenset(range(1, 5))})

    assert "gate" == entries_of(profile, "S01")["repository"].tier


def test_where_documentation_begins_is_advised_at_most():
    """However firmly the house keeps to it, a merge does not depend on it; where the closing quotes stand, it may."""
    text = "".join(f'def f{n}():\n    """Do.\n\n    More.\n    """\n' for n in range(10))
    profile = learn_profile([tally(text, f"src/m{n}.py") for n in range(60)])

    found = [entry for entry in profile.entries if entry.convention == "D05"]
    told = {(entry.key, entry.strength, entry.tier) for entry in found}
    assert {("summary", "gate", "advise"), ("closing quotes", "gate", "gate")} == told


def test_what_a_formatter_owns_is_learned_and_not_reported():
    """Quotes are black's where black is configured: scored, never found."""
    profile = learn_profile([tally(quotes(10), f"src/m{n}.py") for n in range(60)], owners={"black": ("",)})
    judged = judge_source(parse_source("src/new.py", b"a = f('x')\n", PYTHON), profile)

    entry = entries_of(profile, "S01")["repository"]
    assert ("gate", "", "black") == (entry.strength, entry.tier, entry.owner)
    assert "S01" in judged.violated and "S01" not in {finding.entry.id for finding in judged.findings}


def test_formatters_are_found_where_they_are_set_up(tmp_path: Path):
    """Configuration at the root names them; prose about them does not."""
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-length = 100\n# [tool.ruff.format]\n")
    (tmp_path / ".pre-commit-config.yaml").write_text("repos:\n- repo: x\n  hooks:\n  - id: ruff-format\n")

    assert {"black", "ruff format"} == set(owners_at(tmp_path))
    (tmp_path / ".pre-commit-config.yaml").unlink()
    assert {"black"} == set(owners_at(tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("package.json", '{"prettier": {"semi": false}}', {"prettier"}),
        ("package.json", '{"prettier": "@acme/prettier-config"}', {"prettier"}),
        ("package.json", '{"devDependencies": {"prettier": "^3.0.0"}}', set()),
        ("package.json", '{"scripts": {"prettier": "prettier --write ."}}', {"prettier"}),
        (".prettierrc", "", {"prettier"}),
        ("prettier.config.mjs", "export default {}", {"prettier"}),
        ("biome.json", '{"formatter": {"indentStyle": "tab"}}', {"biome"}),
        ("biome.json", '{"formatter": {"enabled": false}}', set()),
        (".pre-commit-config.yaml", "- id: own\n  entry: uv run ruff format --force-exclude\n", {"ruff format"}),
        ("pyproject.toml", '[tool.poe.tasks]\nformat = "ruff format ."\n', {"ruff format"}),
        ("pyproject.toml", "# ruff format is not used\n[tool.ruff.lint]\n", set()),
        ("rustfmt.toml", "", {"rustfmt"}),
        ("Cargo.toml", "[package]\n", set()),
        (".github/workflows/CI.yml", "a:\n  steps:\n    - run: cargo fmt --all -- --check\n", {"rustfmt"}),
        ("Makefile", "check:\n\tcargo +nightly fmt --check\n", {"rustfmt"}),
        ("Makefile", "check:\n\tcargo test  # not cargo-fmt\n", set()),
        (".github/workflows/ci.yml", "a: |\n  if ! rustfmt --edition 2021 --check $(ls); then\n", {"rustfmt"}),
        ("Makefile", "setup:\n\trustup component add rustfmt\n\tcargo test -- --check\n", set()),
        ("pyproject.toml", 'commands = [["ruff", "format", "."]]\n', {"ruff format"}),
        ("pyproject.toml", 'commands = [["ruff", "check", "."]]  # ruff format\n', set()),
        (".github/workflows/any.yml", "a:\n  steps:\n    - run: uv run ruff format --check\n", {"ruff format"}),
        (".github/workflows/any.yml", "a:\n  steps:\n    - uses: psf/black@stable\n", {"black"}),
        ("Makefile", "lint:\n\t@black --check src/\n", {"black"}),
        ("Makefile", "lint:\n\tpip install black .\n", set()),
        ("tox.ini", "[testenv:lint]\ncommands = black .\n", {"black"}),
        ("tox.ini", "[testenv:lint]\ncommands = darker -r main --check src\n", {"black"}),
        (".pre-commit-config.yaml", "repos:\n- repo: x\n  hooks:\n  - id: darker\n", {"black"}),
        ("package.json", '{"scripts": {"fix": "eslint --fix && prettier --write src"}}', {"prettier"}),
        ("package.json", '{"scripts": {"fix": "eslint --fix src"}, "devDependencies": {"prettier": "3"}}', set()),
        ("package.json", '{"devDependencies": {"standard": "^17.1.0"}}', {"standard"}),
        ("package.json", '{"standard": {"env": ["mocha"]}}', {"standard"}),
        ("package.json", '{"devDependencies": {"standard": "catalog:lint"}}', {"standard"}),
        ("package.json", '{"devDependencies": {"xo": "^1.2.0"}}', {"xo"}),
        ("package.json", '{"scripts": {"xo": "xo --fix"}}', set()),
        ("xo.config.js", "export default [{space: true}];\n", {"xo"}),
        ("package.json", '{"devDependencies": {"eslint-config-standard": "^17.1.0"}, "keywords": ["standard"]}', set()),
        ("package.json", '{"exports": {"standard": "./lib/standard.js"}}', set()),
        ("dprint.json", '{"plugins": ["https://plugins.dprint.dev/typescript-0.95.0.wasm"]}', {"dprint"}),
        (".dprint.json", '{"typescript": {"semiColons": "asi"}, "plugins": []}', {"dprint"}),
        ("dprint.json", '{"toml": {}, "plugins": ["https://plugins.dprint.dev/toml-0.7.0.wasm"]}', set()),
        ("deno.json", '{"imports": {}}', {"deno fmt"}),
        ("deno.jsonc", '{"fmt": {"semiColons": false}}', {"deno fmt"}),
        ("go.mod", "module example.org/a\n", {"gofmt"}),
        ("pom.xml", "<artifactId>spotless-maven-plugin</artifactId><groupId>com.diffplug.spotless</groupId>",
         {"google-java-format"}),
        ("build.gradle", "dependencies { }", set()),
        (".clang-format", "BasedOnStyle: LLVM\n", {"clang-format"}),
        (".clang-format", "Language: Cpp\nDisableFormat: true\n", set()),
        (".rubocop.yml", "AllCops:\n  NewCops: enable\n", {"rubocop"}),
        (".rubocop.yml", "AllCops:\n  DisabledByDefault: true\n", set()),
        (".rubocop.yml", "AllCops:\n  DisabledByDefault: true\nLayout:\n  Enabled: true\n", {"rubocop"}),
        (".php-cs-fixer.dist.php", "<?php\nreturn $config;\n", {"php-cs-fixer"}),
        ("phpcs.xml.dist", '<ruleset><rule ref="PSR12"/></ruleset>\n', {"phpcs"}),
        ("pint.json", '{"preset": "laravel"}\n', {"pint"}),
        ("composer.json", '{"scripts": {"lint": "vendor/bin/pint --test"}}\n', {"pint"}),
        ("composer.json", '{"require-dev": {"laravel/pint": "^1.18"}}\n', set()),
        ("mago.toml", "[formatter]\nprint-width = 120\n", {"mago"}),
        ("mago.toml", "[linter]\n", set()),
        (".standard.yml", "ignore:\n  - 'db/**/*'\n", {"standardrb"}),
        (".scalafmt.conf", "maxColumn = 96\n", {"scalafmt"}),
        ("stylua.toml", 'quote_style = "AutoPreferDouble"\n', {"StyLua"}),
        (".github/workflows/any.yml", "a:\n  steps:\n    - uses: JohnnyMorganz/stylua-action@v4\n", {"StyLua"}),
        (".pre-commit-config.yaml", "- repo: x\n  hooks:\n    - id: terraform_fmt\n", {"terraform fmt"}),
        ("Makefile", "check:\n\tterraform fmt -check -recursive\n", {"terraform fmt"}),
        ("Makefile", "check:\n\tshfmt -d bin\n", {"shfmt"}),
        ("Makefile", "check:\n\tshellcheck bin/*  # no shfmt\n", set()),
        (".sqlfluff", "[sqlfluff]\ndialect = bigquery\n", {"sqlfluff"}),
        (".editorconfig", "[*]\nindent_size = 2\n", set()),
        (".perltidyrc", "-pbp\n", {"perltidy"}),
        (".fprettify.rc", "indent=2\n", {"fprettify"}),
        ("fourmolu.yaml", "indentation: 2\n", {"fourmolu"}),
        (".github/workflows/any.yml", "a:\n  steps:\n    - uses: haskell-actions/run-ormolu@v17\n", {"ormolu"}),
        (".stylish-haskell.yaml", "steps: []\n", {"stylish-haskell"}),
        ("build.zig", "pub fn build() void {}\n", {"zig fmt"}),
        (".JuliaFormatter.toml", 'style = "blue"\n', {"JuliaFormatter"}),
        (".github/workflows/any.yml", "a:\n  steps:\n    - uses: fredrikekre/runic-action@v1\n", {"Runic"}),
        (".formatter.exs", "[inputs: []]\n", {"mix format"}),
        (".github/workflows/any.yml", "a:\n  steps:\n    - run: dart format .\n", {"dart format"}),
        ("analysis_options.yaml", "formatter:\n  page_width: 100\n", {"dart format"}),
        ("analysis_options.yaml", "linter:\n  rules:\n", set()),
        (".editorconfig", "[*.kt]\nktlint_code_style = android_studio\n", {"ktlint"}),
        ("build.gradle.kts", 'plugins {\n    id("org.jlleitschuh.gradle.ktlint")\n}\n', {"ktlint"}),
        ("build.gradle.kts", "plugins {\n    // alias(libs.plugins.ktlint)\n}\n", set()),
        (".github/workflows/any.yml", "a:\n  steps:\n    - run: ./gradlew ktlintCheck\n", {"ktlint"}),
        (".swiftformat", "--indent 4\n", {"swiftformat"}),
        (".swift-format", "{}\n", {"swift-format"}),
        (".csharpierrc.yaml", "printWidth: 100\n", {"csharpier"}),
        ("Makefile", "check:\n\tdotnet csharpier check .\n", {"csharpier"}),
        ("Makefile", "check:\n\tdotnet format --verify-no-changes\n", {"dotnet format"}),
        ("Makefile", "check:\n\tdotnet format style\n", set()),
    ],
)  # fmt: skip
def test_a_formatter_is_told_by_its_own_file(tmp_path: Path, name: str, text: str, expected: set[str]):
    """Its settings name a formatter, or the pipeline that runs it; that it is installed somewhere does not."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)

    assert expected == set(owners_at(tmp_path))


def test_a_formatter_owns_the_layout_of_its_languages_alone():
    """Quotes of JavaScript are prettier's, those of Ruby stay a rule."""
    files = [
        (f"src/m{n}.{end}", language_named(name))
        for n in range(40)
        for end, name in (("js", "javascript"), ("rb", "ruby"))
    ]
    tallies = [tally_source(parse_source(path, b'f("a");\n' * 10, language)) for path, language in files]
    profile = learn_profile(tallies, owners={"prettier": ("",)})

    owners = {entry.key: (entry.owner, entry.tier) for entry in profile.entries if entry.id.startswith("Q03")}
    assert {"javascript": ("prettier", ""), "ruby": ("", "gate")} == owners


@pytest.mark.parametrize("formatter", ["biome", "deno fmt", "dprint", "prettier", "standard", "xo"])
def test_a_formatter_of_scripts_owns_their_layout_alone(formatter: str):
    """Quotes, indentation, trailing commas and semicolons are its; in which form a function stands is a habit."""
    text = b"function f() {\n  g('a', {\n    b,\n    c,\n  });\n}\n" * 5
    tallies = [tally_source(parse_source(f"src/m{n}.ts", text, language_named("typescript"))) for n in range(40)]

    free, owned = (
        {entry.convention for entry in learn_profile(tallies, owners=owners).entries if entry.tier}
        for owners in ({}, {formatter: ("",)})
    )

    assert {"Q03", "Q04", "Q06", "Q25", "Q28"} <= free
    assert {"Q25"} == owned & {"Q03", "Q04", "Q05", "Q06", "Q25", "Q28"}


def test_rubocop_owns_what_opens_a_text_of_several_lines():
    """It knows which texts may be opened by `<<~`: in others the margin is a part of them."""
    ruby = language_named("ruby")
    text = b"a = <<~B\n  c\nB\n" * 10
    tallies = [tally_source(parse_source(f"lib/m{n}.rb", text, ruby)) for n in range(40)]

    tiers = [
        {entry.tier for entry in learn_profile(tallies, owners=owners).entries if entry.id.startswith("Q19")}
        for owners in ({}, {"rubocop": ("",)})
    ]
    assert [{"advise"}, {""}] == tiers


def test_a_formatter_owns_the_folders_that_it_is_set_up_for(tmp_path: Path):
    """What is set up for a part of a repository owns that part, and the whole where the part is most of it."""
    files = {
        "web/.prettierrc": "",
        "server/go.mod": "module example.org/a",
        "web/node_modules/a/biome.json": "{}",
        "tests/data/biome.json": "{}",
        "a/b/c/d/biome.json": "{}",
        "pyproject.toml": "[tool.black]",
    }
    plant(tmp_path, files)

    assert {"black": ("",), "gofmt": ("server/",), "prettier": ("web/",)} == owners_in(tmp_path, list(files))


@pytest.mark.parametrize(
    ("web", "jobs", "whole", "part"),
    [
        pytest.param(60, 20, "prettier", None, id="the most of it"),
        pytest.param(20, 60, "", "prettier", id="the least of it"),
        pytest.param(2, 60, "", None, id="too little to learn from"),
    ],
)
def test_layout_is_left_to_a_formatter_where_it_is_set_up(web: int, jobs: int, whole: str, part: str | None):
    """The habit stays a rule in the rest, however little it is, and the formatted folder is left alone."""
    paths = [*(f"web/m{n}.js" for n in range(web)), *(f"jobs/m{n}.js" for n in range(jobs))]
    tallies = [tally_source(parse_source(path, b'f("a");\n' * 10, language_named("javascript"))) for path in paths]
    profile = learn_profile(tallies, owners={"prettier": ("web/",)})

    found = {entry.scope: entry.owner for entry in profile.entries if entry.id.startswith("Q03")}
    assert (whole, part) == (found["repository"], found.get("dir:web"))
    judged = [judge_source(parse_source(f"{folder}/new.js", b"f('a');\n", language_named("javascript")), profile)
              for folder in ("web", "jobs")]  # fmt: skip
    told = [any(finding.entry.id.startswith("Q03") for finding in one.findings) for one in judged]
    assert [False, True] == told


def test_layout_is_left_to_a_formatter_in_every_folder_that_it_formats():
    """A folder that makes no rules of its own, too, unless the team asks for one; the profile's file says where."""
    script = language_named("javascript")
    paths = [*(f"web/new/m{n}.js" for n in range(60)), *(f"web/old/m{n}.js" for n in range(20))]
    tallies = [tally_source(parse_source(path, b'f("a");\n' * 10, script)) for path in paths]
    asked = check_settings("idiolect.toml", {"conventions": {"Q03": {"enforce": True, "reason": "agreed"}}})

    for settings, expected in ((None, {"web/new"}), (asked, {"web/new", "web/old"})):
        learned = learn_profile(tallies, owners={"prettier": ("web/old/",)}, settings=settings)
        profile = Profile.from_json(json.loads(json.dumps(learned.as_json())))
        judged = {folder: judge_source(parse_source(f"{folder}/n.js", b"f('a');\n", script), profile)
                  for folder in ("web/new", "web/old")}  # fmt: skip
        assert all(sum(one.violated.values()) for one in judged.values())
        assert expected == {folder for folder, one in judged.items() if one.findings}


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        pytest.param("setup.py", None, id="no folder"),
        pytest.param("core/deep/a.py", "dir:core", id="a folder"),
        pytest.param("packages/ui/deep/a.py", "dir:packages/ui", id="a project"),
        pytest.param("packages/a.py", "dir:packages", id="beside the projects"),
        pytest.param("src/ui/deep/a.py", "dir:src/ui", id="a part of the sources"),
        pytest.param("core/packages/ui/a.py", "dir:core", id="not the outermost"),
    ],
)
def test_the_narrowest_scope_is_a_folder_or_a_project(path: str, scope: str | None):
    """Folders that hold projects say nothing of their habits; a part of the sources is no project by itself."""
    assert (scope is not None and scope.startswith("dir:packages/")) == is_project(scopes_of(path, "src")[0])
    assert ([scope] if scope else []) == [one for one in scopes_of(path, "src") if one.startswith("dir:")]


def test_projects_side_by_side_keep_habits_of_their_own():
    """What two projects under one folder do in two ways is a rule in each."""
    files = {f"packages/ui/m{n}.py": quotes(10, "'") for n in range(30)}
    files |= {f"packages/api/m{n}.py": quotes(10) for n in range(30)}
    profile = learn_profile([tally(text, path) for path, text in files.items()])

    found = entries_of(profile, "S01")
    assert ("single", "double") == (found["dir:packages/ui"].value, found["dir:packages/api"].value)


@pytest.mark.parametrize(
    ("path", "enforce", "is_told"),
    [
        pytest.param("apps/web/b/new.js", False, True, id="of the project"),
        pytest.param("packages/ui/new.js", False, False, id="of another project"),
        pytest.param("packages/ui/new.js", True, True, id="where the team enforces it"),
        pytest.param("tools/new.js", False, True, id="beside the projects"),
    ],
)
def test_no_project_is_held_to_how_others_name_modules(path: str, enforce: bool, is_told: bool):
    """An alias for the root is set up by each project: of another one, nothing is asked."""
    script = language_named("javascript")
    table = {"Q14": {"enforce": True, "reason": "all set it up"}} if enforce else {}
    settings = check_settings("idiolect.toml", {"conventions": table})
    texts = [(f"apps/web/a/m{n}.js", b'import a from "@/b/a";\nimport c from "@/b/c";\n') for n in range(60)]
    profile = learn_profile((tally_source(parse_source(*text, script)) for text in texts), settings=settings)

    findings = judge_source(parse_source(path, b'import a from "./a";\n', script), profile).findings
    assert is_told == any(finding.entry.convention == "Q14" for finding in findings)


@pytest.mark.parametrize(("ending", "convention"), [("py", "S01"), ("js", "Q03")])
def test_copies_of_a_file_count_once(ending: str, convention: str):
    """A file in thirty folders is one piece of evidence while seven of ten lines are the same; other files are more."""

    def learn(texts: dict[str, str]) -> dict[str, Entry]:
        language = language_of(f"a.{ending}")
        assert language is not None
        files = [(f"{path}.{ending}", text.encode()) for path, text in texts.items()]
        return entries_of(learn_profile(tally_source(parse_source(*file, language)) for file in files), convention)

    copies = {f"styles/s{n}/button": quotes(10) + f"y = {n}\nz = {n}\n" for n in range(30)}
    relatives = {f"styles/s{n}/button": quotes(10) + "".join(f"{name} = {n}\n" for name in "uvw") for n in range(30)}
    namesakes = {f"shops/s{n}/button": quotes(10).replace("x", f"x{n}_") for n in range(30)}
    others = {f"shops/m{n}": quotes(10) for n in range(30)}

    assert not learn(copies)
    assert 300 == learn(relatives)["repository"].n
    assert 300 == learn(namesakes)["repository"].n == learn(others)["repository"].n
    both = learn(copies | others)["repository"]
    assert (310, 31, 600) == (both.n, both.files, both.opportunities)


def test_php_cs_fixer_owns_the_layout_of_php():
    """Blanks, indentation and empty lines are its matter; names and headers are not."""
    text = b"<?php\n\n// Copyright 2024 Ada\n\nnamespace A;\n\nclass LateOrder\n{\n    private $a = 1;\n}\n"
    files = [f"src/M{n}.php" for n in range(60)]
    tallies = [tally_source(parse_source(path, text, language_named("php"))) for path in files]
    entries = learn_profile(tallies, owners={"php-cs-fixer": ("",)}).entries

    assert {"Q04", "Q05", "Q07"} == {entry.convention for entry in entries if entry.owner}
    assert {"Q01", "Q20"} <= {entry.convention for entry in entries if entry.tier}


def test_stylua_owns_the_layout_of_lua():
    """Quotes, indentation, blanks and separators are its matter; names are not."""
    text = b'local function late_order()\n  return f("a", {\n    1,\n    2,\n  })\nend\n'
    tallies = [tally_source(parse_source(f"src/m{n}.lua", text, language_named("lua"))) for n in range(60)]
    entries = learn_profile(tallies, owners={"StyLua": ("",)}).entries

    assert {"Q03", "Q04", "Q05", "Q06"} == {entry.convention for entry in entries if entry.owner}
    assert "Q01" in {entry.convention for entry in entries if entry.tier}


def test_swiftformat_owns_the_layout_of_swift():
    """Blanks, indentation, separators and empty lines are its matter; names are not."""
    text = b"import A\n\nstruct LateOrder {\n    var a = [\n        1,\n        2,\n    ]\n}\n\nstruct B {\n}\n"
    files = [f"Sources/M{n}.swift" for n in range(60)]
    tallies = [tally_source(parse_source(path, text, language_named("swift"))) for path in files]
    entries = learn_profile(tallies, owners={"swiftformat": ("",)}).entries

    assert {"Q04", "Q05", "Q06", "Q07"} == {entry.convention for entry in entries if entry.owner}
    assert "Q01" in {entry.convention for entry in entries if entry.tier}


def test_a_folder_that_does_not_keep_the_rule_is_left_alone():
    """A folder with mixed habits is neither held to the repository's rule nor scored by it; other folders still are."""
    tallies = [tally(quotes(10), f"src/m{n}.py") for n in range(200)]
    tallies += [tally(quotes(2) + quotes(3, "'"), f"old/m{n}.py") for n in range(6)]
    profile = learn_profile(tallies)

    def found(path: str) -> tuple[bool, bool]:
        judged = judge_source(parse_source(path, b"a = f(\"x\")\nb = f('x')\n", PYTHON), profile)
        return "S01" in {finding.entry.id for finding in judged.findings}, "S01" in judged.obeyed

    assert (True, True) == found("src/new.py")
    assert (False, False) == found("old/new.py")


def test_a_folder_that_holds_all_of_a_role_is_said_once():
    """What the sources keep to and the tests do not is one rule where all sources stand in one folder."""
    tallies = [tally(quotes(10), f"lib/m{n}.py") for n in range(60)]
    tallies += [tally(quotes(10, "'"), f"tests/m{n}.py") for n in range(60)]
    profile = learn_profile(tallies)
    rules = [line for line in render_guide(profile).splitlines() if "double" in line or "single" in line]

    assert {"role:src", "role:tests"} == set(entries_of(profile, "S01"))
    assert ["In tests.", "In the sources."] == sorted(re.findall(r"In [\w ]+\.", "\n".join(rules)))
    source = parse_source("lib/new.py", b"a = f('x')\n", PYTHON)
    assert "S01" in {finding.entry.id for finding in judge_source(source, profile).findings}


@pytest.mark.parametrize(
    ("places", "kept"),
    [
        pytest.param([20, 20, 30, 50], [50], id="the firmest of four"),
        pytest.param([30, 30, 30, 50], [30, 30, 30, 50], id="many that are firm together"),
        pytest.param([20, 20], [], id="none"),
        pytest.param([22], [], id="a little too weak"),
        pytest.param([25], [25], id="just firm enough"),
    ],
)
def test_mined_rules_are_held_to_how_many_there_are(places: list[int], kept: list[int]):
    """Of 20, 22, 25, 30, 50 places without exception, p is 0.07, 0.06, 0.048, 0.034, 0.009 (Benjamini and Hochberg)."""
    given = replace(state_fact("S01", "", "double"), k=1.0, n=2.0)
    mined = [replace(state_fact("I01", f"m{i}", "import m"), k=n, n=n) for i, n in enumerate(places)]

    assert [*kept, 2.0] == [entry.n for entry in control_discoveries([given, *mined], {})]


def test_a_team_enforces_a_mined_rule_by_its_id():
    """Such a rule needs no evidence; to enforce all of its convention holds code to the rules that it has, no more."""
    mined = [replace(state_fact("I01", f"m{i}", "import m"), k=n, n=n) for i, n in enumerate([20, 20, 30, 50])]
    loose = [replace(state_fact("I01", f"o{i}", "import o"), k=9, n=20, strength="") for i in range(9)]
    asked = Override(enforce=True, reason="agreed")

    assert ["m3", "o1"] == [entry.key for entry in control_discoveries([*mined, loose[1]], {"I01[o1]": asked})]
    assert ["m3"] == [entry.key for entry in control_discoveries([*mined, *loose], {"I01": asked})]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        # each share leans on the house's own: (2 + 9/10) of 3 + 1, (0 + 3/4) of 1 + 1, weighed by bounds 0.5 and 0.25
        (None, (9, 4, {"S01": 2, "S04": 0}, {"S01": 1, "S04": 1}, (0.5 * 2.9 / 4 + 0.25 * 0.75 / 2) / 0.75)),
        (Span(12, 28), (3, 2, {"S01": 1}, {"S01": 1}, 1.9 / 3)),
        (Span(4, 12), (2, 1, {"S01": 1}, {}, 1.9 / 2)),
        (Span(12, 12), (0, 0, {}, {}, None)),
    ],
    ids=["file", "lines", "a good line", "nothing"],
)
def test_a_file_is_scored_by_what_rules_say_of_it(span, expected):
    """Places count whether or not a rule speaks to them, a share weighs what its rule is worth; worked out by hand."""
    double = replace(state_fact("S01", "", "double"), k=9.0, n=10.0, bound=0.5)
    literal = replace(state_fact("S04", "", "literal"), k=3.0, n=4.0, bound=0.25)
    source = parse_source("a.py", b'x = "a"\ny = \'b\'\nz = "c"\nw = list()\n', PYTHON)

    judged = judge_source(source, Profile((double, literal), 1, 1, {}), span)

    assert expected == (judged.opportunities, judged.governed, judged.obeyed, judged.violated, judged.score)


@pytest.mark.parametrize(
    ("text", "start", "end", "line", "columns"),
    [
        pytest.param("x = list()", 4, 10, 1, (5, 11), id="a token"),
        pytest.param("é = list()", 5, 11, 1, (5, 11), id="behind another letter"),
        pytest.param("a\nx = list(\n)", 6, 13, 2, (5, 10), id="several lines"),
        pytest.param("x = list()", 4, 4, 1, (5, 6), id="a place between"),
    ],
)
def test_a_finding_marks_the_first_line_of_its_token(text: str, start: int, end: int, line: int, columns: tuple):
    """From its column up to the one behind it, in code points; one at least, so that there is something to show."""
    found = Opportunity("S04", "", "call", line, start, end)
    finding = make_finding(parse_source("a.py", text.encode(), PYTHON), state_fact("S04", "", "literal"), found)

    assert (line, *columns) == (finding.line, finding.column, finding.end_column)


@pytest.mark.parametrize(
    ("found", "wanted", "is_one"),
    [
        pytest.param("# by a", "# by a", True, id="the same"),
        pytest.param("# by a", "# by b", False, id="another"),
        pytest.param("# by ada@acme.org", "# by xxx@xxxx.xxx", True, id="a person's"),
        pytest.param("# for ada@acme.org", "# by xxx@xxxx.xxx", False, id="a person's in other words"),
    ],
)
def test_whom_a_header_names_is_no_departure_from_a_corpus(found: str, wanted: str, is_one: bool):
    """The profile of a corpus names no person, so who stands in the place of one is as the house has it."""
    assert is_one == is_answer(conventions_by_id()["D11"], found, wanted)


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("a.py", "b.py", 0), ("a/b/c.py", "a/d.py", 1), ("a/b/c.py", "a/d/c.py", 1), ("a/b.py", "a/b.py", 2)],
)
def test_files_are_as_near_as_the_folders_they_share(one: str, other: str, count: int):
    """Counted from the root: what is called alike below another folder is not near."""
    assert count == shared_parts(one, other) == shared_parts(other, one)


def test_exemplars_come_from_near_the_finding():
    """Among the lines an entry keeps, the finding shows those of its own folder first."""
    tallies = [tally(quotes(9), f"{folder}/m{n}.py") for folder in ("a", "b", "c/d") for n in range(20)]
    source = parse_source("c/d/new.py", b"a = f('x')\n", PYTHON)
    (finding,) = [f for f in judge_source(source, learn_profile(tallies)).findings if f.entry.convention == "S01"]

    assert finding.exemplars[0].path.startswith("c/d/")
    assert 3 == len(finding.exemplars)


def test_an_earlier_profile_is_still_read():
    """A profile written before recency was known has every rule it had, with the weights for counts."""
    written = json.loads(json.dumps(learn_profile([tally(quotes(9), f"a/m{n}.py") for n in range(40)]).as_json()))
    for row in written["entries"]:
        for name in ("recent_k", "recent_n", "moving_to", "owner", "conforming", "opportunities"):
            del row[name]
    entry = entries_of(Profile.from_json(written), "S01")["repository"]

    assert ("gate", 360, 360) == (entry.tier, entry.conforming, entry.opportunities)


@pytest.mark.parametrize(
    ("spoiled", "error"),
    [
        pytest.param({}, None, id="as written"),
        pytest.param({"k": 0, "n": 0.5}, None, id="a little of nothing"),
        pytest.param({"k": 0.5, "n": 0.5}, None, id="a little of it"),
        pytest.param({"k": 0, "n": 0}, ValueError, id="no places"),
        pytest.param({"k": 0, "n": -1}, ValueError, id="less than none"),
        pytest.param({"k": -0.5}, ValueError, id="less than no place"),
        pytest.param({"k": 2.5}, ValueError, id="more than all"),
        pytest.param({"k": 1, "n": float("inf")}, ValueError, id="places without end"),
        pytest.param({"n": float("nan")}, ValueError, id="no number"),
        pytest.param({"value": 1}, TypeError, id="no text"),
        pytest.param({"exemplars": [{"path": "a.py", "line": "1", "text": ""}]}, TypeError, id="no line"),
    ],
)
def test_an_entry_that_none_could_be_is_refused(spoiled: dict, error: type[Exception] | None):
    """A share of more than all, of nothing or without end decides about no code; what was measured is read back."""
    row = asdict(replace(state_fact("S01", "", "double"), k=1.6, n=2.0)) | spoiled
    del row["conforming"], row["opportunities"]

    if error is not None:
        with pytest.raises(error):
            read_entry(row)
    else:
        assert (round(row["k"]), round(row["n"])) == (read_entry(row).conforming, read_entry(row).opportunities)


def test_a_profile_is_written_in_one_order():
    """Whatever order a set has in this process: the file of the same profile is the same."""
    names = [f"part{n:02}" for n in range(40)]
    profile = Profile((), 0, 0, {}, frozenset(names), dict.fromkeys(reversed(names), ("",)))

    assert (names, names) == (profile.as_json()["packages"], list(profile.as_json()["owners"]))


def test_a_fact_rests_on_no_places():
    """What is wrong whatever the house does is told with certainty, and with no counts that look like evidence."""
    fact = state_fact("P01", "", "a")

    assert (0, 0, 0, 0, 0, 1.0) == (
        fact.k, fact.n, fact.conforming, fact.opportunities, fact.files, fact.bound,
    )  # fmt: skip


def test_places_are_counted_where_weights_decide():
    """A file counts for ten places in the decision and for all its places in what people are told."""
    tallies = [tally(quotes(30), f"src/m{n}.py") for n in range(20)]
    tallies.append(tally(quotes(30) + quotes(3, "'"), "src/odd.py"))
    profile = learn_profile(tallies)
    entry = entries_of(profile, "S01")["repository"]

    assert (210, 630, 633) == (round(entry.n), entry.conforming, entry.opportunities)
    assert "(630 of 633.)" in render_guide(profile)


def test_a_scope_left_alone_has_its_own_counts():
    """The entry that silences a rule in a folder counts that folder's places."""
    tallies = [tally(quotes(10), f"src/m{n}.py") for n in range(200)]
    tallies += [tally(quotes(2) + quotes(3, "'"), f"old/m{n}.py") for n in range(6)]
    entry = entries_of(learn_profile(tallies), "S01")["dir:old"]

    assert ("", 12, 30) == (entry.tier, entry.conforming, entry.opportunities)


def test_lines_of_the_last_commits_are_recent(tmp_path: Path):
    """Only lines that the last commits added count; a history that is too short knows none."""

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    file = tmp_path / "a.py"
    for number in range(4):
        file.write_text("".join(f"x{line} = {line}\n" for line in range(number + 1)))
        git("add", "a.py")
        git("commit", "-qm", str(number))
    git("mv", "a.py", "b.py")
    git("commit", "-qm", "rename")

    assert {"b.py": frozenset({3, 4})} == recent_lines(tmp_path, commits=3)
    assert {"b.py": frozenset({4})} == recent_lines(tmp_path, "HEAD", commits=2)
    assert {} == recent_lines(tmp_path)

    file = tmp_path / "part" / "c.py"
    file.parent.mkdir()
    file.write_text("y = 1\n")
    git("add", "part")
    git("commit", "-qm", "part")
    file.write_text("x = 0\ny = 1\n")
    assert {"c.py": frozenset({1, 2})} == recent_lines(tmp_path / "part", commits=2)


def test_an_override_needs_a_reason_and_a_convention_that_there_is():
    """Both faults are told at once, with those of the types; an override of one key names its convention."""
    table = {
        "S01": {"ignore": True},
        "Z99": {"ignore": True, "reason": "none"},
        "D05": {"reason": "it is being settled"},
        "S04": {"tier": "hard", "reason": "it matters"},
        "N01": {"value": "camel", "reason": "it is new"},
        "I03": {"value": "sideways", "reason": "it is a slip"},
        "I01[yaml]": {"value": "import yaml as y", "reason": "no list of answers is complete"},
        "I01[json]": {"ignore": True, "reason": "both are fine"},
        "P01": {"enforce": True, "reason": "it matters"},
        "A11[name]": {"tier": "hint", "reason": "the resolver is new"},
        "A11[foo]": {"tier": "hint", "reason": "it is a slip"},
        "S02[foo]": {"ignore": True, "reason": "it asks one thing"},
        "D05[zzz]": {"ignore": True, "reason": "it is a slip"},
        "T05[test]": {"ignore": True, "reason": "tests return nothing"},
        "I01[numpy": {"ignore": True, "reason": "it is a slip"},
        "Q08[the comment marker]": {"ignore": True, "reason": "it is a slip"},
        "Q01[go: foo]": {"ignore": True, "reason": "it may come"},
        "Q02[typescript]": {"ignore": True, "reason": "it has several topics"},
        "Q03[typescript: foo]": {"ignore": True, "reason": "it has none"},
        "Q04[python]": {"ignore": True, "reason": "Python has rules of its own"},
        "Q27[typescript]": {"ignore": True, "reason": "it may come"},
        "Q08[go: a comment before a function]": {"value": "present", "reason": "it is a slip"},
        "Q08[go: the comment marker]": {"value": "documented", "reason": "it is a slip"},
        "Q08[c: the comment marker]": {"value": "//", "reason": "it is one of them"},
    }

    with pytest.raises(SettingsError) as caught:
        check_settings("idiolect.toml", {"conventions": table})

    said = str(caught.value)
    assert "conventions.S01 gives no reason" in said and "conventions.Z99: no such convention" in said
    assert "conventions.S04.tier must be one of" in said and "json" not in said
    assert "conventions.N01.value must be one of CapWords, camelCase, snake_case, got 'camel'" in said
    assert "conventions.I03.value must be one of absolute, relative, got 'sideways'" in said
    assert "yaml" not in said
    assert "conventions.D05 sets nothing: write `ignore`" in said and "conventions.S01 sets nothing" not in said
    assert "conventions.P01 is of a fact, not of a habit" in said and "conventions.A11[name]" not in said
    assert "A11[foo]: A11 has no such rule, known: A11[arguments], A11[attribute]" in said and "Q01" not in said
    assert "D05[zzz]: D05 has no such rule, known: D05[closing quotes], D05[summary];" in said and "T05" not in said
    assert "Q08[the comment marker]: Q08 has no such rule: name one as findings do, such as Q08[" in said
    assert "before a function].value must be one of documented, undocumented, got 'present'" in said
    assert "[go: the comment marker].value must be one of #, %, --" in said and "Q08[c:" not in said
    assert all(f"{rule} has no such rule" in said for rule in ("Q02", "Q03", "Q04")) and "Q27" not in said
    assert "S02[foo]: S02 has no such rule;" in said and "I01[numpy: I01 has no such rule;" in said


def test_a_slip_in_a_table_of_a_convention_is_told_with_what_is_allowed():
    """An unknown key is no wrong type, and the words of pyproject.toml have another place in a file of our own."""
    table = {"S01": {"ignored": True, "ignore": "yes", "tier": 3, "reason": "it is new"}, "s04": {"reason": "it is"}}
    table |= {"comment-form": {"ignore": True, "reason": "it is"}, "S04": {"tier": "off", "reason": "it is"}}
    table |= {"S02": {"ignore": [], "reason": "it is"}, "S05": {"ignore": ["old/", 3], "reason": "it is"}}

    with pytest.raises(SettingsError) as caught:
        check_settings("idiolect.toml", {"conventions": table, "tool": {}, "languages": []})

    assert (
        "conventions.S01: unknown key 'ignored', known: enforce, ignore, reason, tier, value",
        "conventions.S01.ignore must be true or false, without quotes, or a list of paths, got 'yes'",
        "conventions.S01.tier must be a text in quotes, got 3",
        "conventions.S02.ignore must list patterns as in .gitignore, got []",
        "conventions.S04.tier must be one of gate, advise, hint, got 'off'; `ignore = true` turns a rule off",
        "conventions.S05.ignore must list patterns as in .gitignore, got ['old/', 3]",
        "conventions.comment-form: no such convention is installed, but Q08 is",
        "conventions.s04: no such convention is installed, but S04 is",
        "tables stand here by themselves: [conventions.S01], not [tool.idiolect.conventions.S01]",
        "unknown key 'languages', known: add, conventions, drop, exclude, licences, policy",
    ) == caught.value.faults


def test_a_slip_in_a_policy_is_told_with_the_other_faults():
    """Not after the training whose verdict it is for."""
    with pytest.raises(SettingsError) as caught:
        check_settings("idiolect.toml", {"exlude": [], "policy": {"minimun_gain": 0.1, "minimum_gain": 2}})

    said = str(caught.value)
    assert 3 == len(caught.value.faults)
    assert "unknown key 'minimun_gain'" in said and "minimum_gain must be a number from 0.001 to 1, got 2" in said
