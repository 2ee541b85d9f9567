"""
The formatters that are known. In: nothing. Out: of each the languages it formats, what it decides, what sets it up.

One more is one entry of `FORMATTERS`; which conventions are left to it follows from what it decides.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .traits import SCRIPTS

LAYOUT = "layout"
"""Indentation, and blanks within a line."""
EMPTY_LINES = "empty lines"
"""How many empty lines stand between what stands in a file. Most formatters keep those of the author, up to one."""
LONG_TEXTS = "texts of several lines"
QUOTES = "quotes"
SEPARATORS = "separators"
"""Whether one stands behind the last of several elements."""
STATEMENT_ENDS = "ends of statements"
MATTERS = frozenset({EMPTY_LINES, LAYOUT, LONG_TEXTS, QUOTES, SEPARATORS, STATEMENT_ENDS})
"""What formatters decide."""

ANYTHING = re.compile(rb"")
PYTHON = frozenset({"python"})
WORKFLOWS = ".github/workflows/"
"""Stands for all files of that folder."""
PIPELINES = (WORKFLOWS, ".gitlab-ci.yml", ".pre-commit-config.yaml", ".travis.yml", "Justfile", "Makefile", "justfile")
"""What a team runs, as it is mostly called."""
PYTHON_TASKS = (*PIPELINES, "pyproject.toml", "tox.ini")
GRADLE = ("build.gradle", "build.gradle.kts")
SCRIPT_ENDS = ("js", "cjs", "mjs", "ts", "cts", "mts")
VERSION = rb"(?:[~^<>=v\s]*\d|\*|(?:latest|next)\b|(?:catalog|npm|workspace):)"
"""How a `package.json` asks for a package, behind the quote."""


class Sign(NamedTuple):
    """
    What sets a formatter up.
    """

    files: tuple[str, ...]
    """The names of the files that may."""
    looks: re.Pattern[bytes] = ANYTHING
    """What such a file holds where it does."""


class Formatter(NamedTuple):
    """
    One program that decides how code is laid out.
    """

    languages: frozenset[str]
    decides: frozenset[str]
    """Of `MATTERS`."""
    signs: tuple[Sign, ...]


def run_by(command: bytes, files: tuple[str, ...] = PIPELINES) -> Sign:
    """Return the sign that something runs what *command*, a pattern, matches on a line that is no comment."""
    return Sign(files, re.compile(rb"^[^#\n]*" + command, re.MULTILINE))


def dotted(*names: str) -> tuple[str, ...]:
    """Return *names*, and each with a dot before it."""
    return tuple(f"{dot}{name}" for dot in ("", ".") for name in names)


PYTHON_MATTERS = frozenset({LAYOUT, QUOTES, SEPARATORS})
SCRIPT_MATTERS = frozenset({LAYOUT, QUOTES, SEPARATORS, STATEMENT_ENDS})

FORMATTERS = {
    "JuliaFormatter": Formatter(frozenset({"julia"}), frozenset({LAYOUT}), (Sign((".JuliaFormatter.toml",)),)),
    "Runic": Formatter(
        frozenset({"julia"}), frozenset({LAYOUT}), (run_by(rb"\b(?:Runic\.main|runic-action|runic-pre-commit)\b"),)
    ),
    "StyLua": Formatter(
        frozenset({"lua"}),
        frozenset({LAYOUT, QUOTES, SEPARATORS}),
        (Sign(dotted("stylua.toml")), run_by(rb"\bstylua\b")),
    ),
    "biome": Formatter(
        SCRIPTS,
        SCRIPT_MATTERS,
        (
            Sign(
                ("biome.json", "biome.jsonc"),
                re.compile(rb"\A(?![\s\S]*\"formatter\"\s*:\s*\{[^{}]*\"enabled\"\s*:\s*false)"),
            ),
        ),
    ),
    "black": Formatter(
        PYTHON,
        PYTHON_MATTERS,
        (
            Sign(("pyproject.toml",), re.compile(rb"^\[tool\.black\b", re.MULTILINE)),
            # darker has it format what was changed
            Sign(
                (".pre-commit-config.yaml",),
                re.compile(rb"/black(-pre-commit-mirror)?[\"']?\s*$|id:\s*(?:black|darker)\b", re.MULTILINE),
            ),
            Sign(
                PYTHON_TASKS,
                re.compile(
                    rb"^(?!.*\binstall\b)[^#\n]*(?:(?<![\w./-])(?:black|darker)(?: |[\"'], *[\"'])"
                    rb"(?:--[a-z]|-[lr]\b|\.(?=[\s\"'/]|$))|uses:\s*psf/black@)",
                    re.MULTILINE,
                ),
            ),
        ),
    ),
    "clang-format": Formatter(
        frozenset({"c", "cpp"}),
        frozenset({LAYOUT}),
        (Sign((".clang-format", "_clang-format"), re.compile(rb"\A(?![\s\S]*^DisableFormat:\s*true)", re.MULTILINE)),),
    ),
    "csharpier": Formatter(
        frozenset({"csharp"}),
        frozenset({LAYOUT, SEPARATORS}),
        (Sign(tuple(f".csharpierrc{end}" for end in ("", ".json", ".yaml", ".yml"))), run_by(rb"\bdotnet csharpier\b")),
    ),
    "dart format": Formatter(
        frozenset({"dart"}),
        frozenset({LAYOUT}),
        (
            run_by(rb"\b(?:dart|flutter) format\b"),
            Sign(("analysis_options.yaml",), re.compile(rb"^formatter:", re.MULTILINE)),
        ),
    ),
    # who has the settings of Deno has its formatter, whether or not they say how
    "deno fmt": Formatter(SCRIPTS | {"markdown", "yaml"}, SCRIPT_MATTERS, (Sign(("deno.json", "deno.jsonc")),)),
    "dotnet format": Formatter(
        frozenset({"csharp"}),
        frozenset({LAYOUT}),
        # of its parts, two mend other things than layout
        (run_by(rb"\bdotnet format\b(?! +(?:analyzers|style)\b)"),),
    ),
    "dprint": Formatter(
        SCRIPTS,
        SCRIPT_MATTERS,
        (
            # a plug-in for scripts, or settings that come from elsewhere
            Sign(
                dotted("dprint.json", "dprint.jsonc"),
                re.compile(rb"/(?:biome|prettier|typescript)-|\"(?:biome|extends|prettier|typescript)\"\s*:"),
            ),
        ),
    ),
    "fourmolu": Formatter(
        frozenset({"haskell"}), frozenset({LAYOUT}), (Sign(dotted("fourmolu.yaml")), run_by(rb"\bfourmolu\b"))
    ),
    "fprettify": Formatter(
        frozenset({"fortran"}),
        frozenset({LAYOUT}),
        (Sign((".fprettify.rc", ".fprettifyrc")), run_by(rb"\bfprettify\b")),
    ),
    # every module of Go is formatted by it
    "gofmt": Formatter(frozenset({"go"}), frozenset({EMPTY_LINES, LAYOUT, SEPARATORS}), (Sign(("go.mod",)),)),
    "google-java-format": Formatter(
        frozenset({"java"}),
        frozenset({EMPTY_LINES, LAYOUT}),
        (
            Sign(
                ("pom.xml", *GRADLE),
                re.compile(rb"google-?java-?format|com\.diffplug\.(gradle\.)?spotless", re.IGNORECASE),
            ),
        ),
    ),
    "ktlint": Formatter(
        frozenset({"kotlin"}),
        frozenset({EMPTY_LINES, LAYOUT, SEPARATORS}),
        (
            # a plug-in of Gradle's that runs it, or ktfmt, and what tells it how
            Sign(GRADLE, re.compile(rb"^(?![ \t]*//).*\b(?:kotlinter|ktfmt|ktlint)\b", re.MULTILINE)),
            Sign((".editorconfig",), re.compile(rb"^ktlint_", re.MULTILINE)),
            run_by(rb"\bkt(?:fmt|lint)"),
        ),
    ),
    "mago": Formatter(
        frozenset({"php"}),
        frozenset({EMPTY_LINES, LAYOUT, QUOTES, SEPARATORS}),
        (Sign(("mago.toml",), re.compile(rb"^\[formatter\b", re.MULTILINE)),),
    ),
    "mix format": Formatter(frozenset({"elixir"}), frozenset({LAYOUT}), (Sign((".formatter.exs",)),)),
    "ormolu": Formatter(frozenset({"haskell"}), frozenset({LAYOUT}), (Sign((".ormolu",)), run_by(rb"\bormolu\b"))),
    "perltidy": Formatter(frozenset({"perl"}), frozenset({LAYOUT}), (Sign(dotted("perltidyrc")),)),
    "php-cs-fixer": Formatter(
        frozenset({"php"}), frozenset({EMPTY_LINES, LAYOUT}), (Sign((".php-cs-fixer.php", ".php-cs-fixer.dist.php")),)
    ),
    "phpcs": Formatter(frozenset({"php"}), frozenset({LAYOUT}), (Sign(dotted("phpcs.xml", "phpcs.xml.dist")),)),
    "pint": Formatter(
        frozenset({"php"}),
        frozenset({EMPTY_LINES, LAYOUT, QUOTES, SEPARATORS}),
        (
            Sign(("pint.json",)),
            # a package of every new project, so it counts where something runs it
            Sign((*PIPELINES, "composer.json"), re.compile(rb"(?:\bbin/|^|[\s\"])pint(?=[\s\"]|$)", re.MULTILINE)),
        ),
    ),
    "prettier": Formatter(
        SCRIPTS | {"markdown", "yaml"},
        SCRIPT_MATTERS,
        (
            Sign((".oxfmtrc.json", ".oxfmtrc.jsonc")),
            Sign(tuple(f".prettierrc{end}" for end in ("", ".json", ".json5", ".yaml", ".yml", ".toml"))),
            Sign(tuple(f"{name}.{end}" for name in (".prettierrc", "prettier.config") for end in SCRIPT_ENDS)),
            # settings, or the package that holds them, or a script that runs it; else the key names a version
            Sign(("package.json",), re.compile(rb"\"prettier\"\s*:\s*(\{|\"(@|\.{1,2}/|[\w-]*prettier-config))")),
            Sign(("package.json",), re.compile(rb":\s*\"(?:[^\"\n]*\s)?prettier\s[^\"\n]{0,200}--(?:check|write)\b")),
        ),
    ),
    "rubocop": Formatter(
        frozenset({"ruby"}),
        MATTERS - {STATEMENT_ENDS},
        (Sign((".rubocop.yml",), re.compile(rb"\A(?![\s\S]*DisabledByDefault:\s*true)|^Layout\b", re.MULTILINE)),),
    ),
    "ruff format": Formatter(
        PYTHON,
        PYTHON_MATTERS,
        (
            Sign(("pyproject.toml",), re.compile(rb"^\[tool\.ruff\.format\b", re.MULTILINE)),
            Sign(("ruff.toml", ".ruff.toml"), re.compile(rb"^\[format\b", re.MULTILINE)),
            Sign((".pre-commit-config.yaml",), re.compile(rb"id:\s*ruff-format\b")),
            # a hook of one's own, or a task, that runs it; also as a list of words
            run_by(rb"\bruff(?: |[\"'], *[\"'])format\b", PYTHON_TASKS),
        ),
    ),
    "rustfmt": Formatter(
        frozenset({"rust"}),
        frozenset({LAYOUT, SEPARATORS}),
        (
            Sign(dotted("rustfmt.toml")),
            # most projects are content with its defaults
            run_by(rb"\b(?:cargo (?:\+\S+ )?fmt|rustfmt [^#\n]{0,200}?--check)\b"),
        ),
    ),
    "scalafmt": Formatter(frozenset({"scala"}), frozenset({LAYOUT, SEPARATORS}), (Sign((".scalafmt.conf",)),)),
    "shfmt": Formatter(frozenset({"bash"}), frozenset({LAYOUT}), (run_by(rb"\bshfmt\b"),)),
    "sqlfluff": Formatter(frozenset({"sql"}), frozenset({LAYOUT}), (Sign((".sqlfluff",)),)),
    "standard": Formatter(
        SCRIPTS,
        SCRIPT_MATTERS,
        # its settings, or the version that is asked for: it is nothing but its rules, all of which it mends
        (Sign(("package.json",), re.compile(rb"\"(?:semi|ts-)?standard\"\s*:\s*(?:\{|\"%b)" % VERSION)),),
    ),
    # rubocop with rules that are given
    "standardrb": Formatter(
        frozenset({"ruby"}),
        MATTERS - {STATEMENT_ENDS},
        (Sign((".standard.yml",)),),
    ),
    "stylish-haskell": Formatter(frozenset({"haskell"}), frozenset({LAYOUT}), (Sign((".stylish-haskell.yaml",)),)),
    "swift-format": Formatter(frozenset({"swift"}), frozenset({LAYOUT, SEPARATORS}), (Sign((".swift-format",)),)),
    "swiftformat": Formatter(
        frozenset({"swift"}), frozenset({EMPTY_LINES, LAYOUT, SEPARATORS}), (Sign((".swiftformat",)),)
    ),
    "terraform fmt": Formatter(
        frozenset({"hcl"}), frozenset({LAYOUT}), (run_by(rb"\b(?:terraform|tofu)(?: |_)fmt\b"),)
    ),
    "xo": Formatter(
        SCRIPTS,
        SCRIPT_MATTERS,
        (
            Sign(("package.json",), re.compile(rb"\"xo\"\s*:\s*(?:\{|\"%b)" % VERSION)),
            Sign(tuple(f"xo.config.{end}" for end in SCRIPT_ENDS[:4])),
        ),
    ),
    # what Zig builds is formatted by its own
    "zig fmt": Formatter(frozenset({"zig"}), frozenset({LAYOUT, SEPARATORS}), (Sign(("build.zig",)),)),
}
"""Each formatter by the name that people know it by."""
