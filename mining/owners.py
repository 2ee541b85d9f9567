"""
Who owns a matter of layout. In: a repository's configuration files. Out: the formatters that they set up, and where.

What a configured formatter decides is learned, so that code can be scored by it, and never reported: the formatter
does that, and better.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .reading import read_start
from .roles import is_test_path
from .skips import is_vendored

if TYPE_CHECKING:
    from .conventions.convention import Convention

Owners = Mapping[str, tuple[str, ...]]
"""Each formatter, and the folders that it is set up for: `web/` is one, the whole repository is the empty word."""

ANYTHING = re.compile(rb"")
VERSION = rb"(?:[~^<>=v\s]*\d|\*|(?:latest|next)\b|(?:catalog|npm|workspace):)"
"""How a `package.json` asks for a package, behind the quote."""
GRADLE = ("build.gradle", "build.gradle.kts")
PRETTIER = (
    ".oxfmtrc.json",
    ".oxfmtrc.jsonc",
    *(f".prettierrc{end}" for end in ("", ".json", ".json5", ".yaml", ".yml", ".toml")),
    *(
        f"{name}.{end}"
        for name in (".prettierrc", "prettier.config")
        for end in ("js", "cjs", "mjs", "ts", "cts", "mts")
    ),
)
WORKFLOWS = ".github/workflows/"
"""Stands for all files of that folder."""
PIPELINES = (
    WORKFLOWS,
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    ".travis.yml",
    "Justfile",
    "Makefile",
    "justfile",
)
"""What a team runs, as it is mostly called."""
PYTHON_TASKS = (*PIPELINES, "pyproject.toml", "tox.ini")
SIGNS = (
    (
        "biome",
        ("biome.json", "biome.jsonc"),
        re.compile(rb"\A(?![\s\S]*\"formatter\"\s*:\s*\{[^{}]*\"enabled\"\s*:\s*false)"),
    ),
    ("black", ("pyproject.toml",), re.compile(rb"^\[tool\.black\b", re.MULTILINE)),
    # darker has it format what was changed
    (
        "black",
        (".pre-commit-config.yaml",),
        re.compile(rb"/black(-pre-commit-mirror)?[\"']?\s*$|id:\s*(?:black|darker)\b", re.MULTILINE),
    ),
    (
        "clang-format",
        (".clang-format", "_clang-format"),
        re.compile(rb"\A(?![\s\S]*^DisableFormat:\s*true)", re.MULTILINE),
    ),
    ("csharpier", tuple(f".csharpierrc{end}" for end in ("", ".json", ".yaml", ".yml")), ANYTHING),
    ("csharpier", PIPELINES, re.compile(rb"^[^#\n]*\bdotnet csharpier\b", re.MULTILINE)),
    # of its parts, two mend other things than layout
    ("dotnet format", PIPELINES, re.compile(rb"^[^#\n]*\bdotnet format\b(?! +(?:analyzers|style)\b)", re.MULTILINE)),
    ("dart format", PIPELINES, re.compile(rb"^[^#\n]*\b(?:dart|flutter) format\b", re.MULTILINE)),
    ("dart format", ("analysis_options.yaml",), re.compile(rb"^formatter:", re.MULTILINE)),
    # who has the settings of Deno has its formatter, whether or not they say how
    ("deno fmt", ("deno.json", "deno.jsonc"), ANYTHING),
    # a plug-in for scripts, or settings that come from elsewhere
    (
        "dprint",
        tuple(f"{dot}dprint.{end}" for dot in ("", ".") for end in ("json", "jsonc")),
        re.compile(rb"/(?:biome|prettier|typescript)-|\"(?:biome|extends|prettier|typescript)\"\s*:"),
    ),
    ("fourmolu", ("fourmolu.yaml", ".fourmolu.yaml"), ANYTHING),
    ("fourmolu", PIPELINES, re.compile(rb"^[^#\n]*\bfourmolu\b", re.MULTILINE)),
    ("fprettify", (".fprettify.rc", ".fprettifyrc"), ANYTHING),
    ("fprettify", PIPELINES, re.compile(rb"^[^#\n]*\bfprettify\b", re.MULTILINE)),
    ("gofmt", ("go.mod",), ANYTHING),
    (
        "google-java-format",
        ("pom.xml", *GRADLE),
        re.compile(rb"google-?java-?format|com\.diffplug\.(gradle\.)?spotless", re.IGNORECASE),
    ),
    ("JuliaFormatter", (".JuliaFormatter.toml",), ANYTHING),
    ("ormolu", (".ormolu",), ANYTHING),
    ("ormolu", PIPELINES, re.compile(rb"^[^#\n]*\bormolu\b", re.MULTILINE)),
    ("perltidy", (".perltidyrc", "perltidyrc"), ANYTHING),
    ("scalafmt", (".scalafmt.conf",), ANYTHING),
    ("shfmt", PIPELINES, re.compile(rb"^[^#\n]*\bshfmt\b", re.MULTILINE)),
    ("sqlfluff", (".sqlfluff",), ANYTHING),
    # rubocop with rules that are given
    ("standardrb", (".standard.yml",), ANYTHING),
    ("StyLua", (".stylua.toml", "stylua.toml"), ANYTHING),
    ("StyLua", PIPELINES, re.compile(rb"^[^#\n]*\bstylua\b", re.MULTILINE)),
    ("terraform fmt", PIPELINES, re.compile(rb"^[^#\n]*\b(?:terraform|tofu)(?: |_)fmt\b", re.MULTILINE)),
    ("Runic", PIPELINES, re.compile(rb"^[^#\n]*\b(?:Runic\.main|runic-action|runic-pre-commit)\b", re.MULTILINE)),
    # a plug-in of Gradle's that runs it, or ktfmt, and what tells it how
    ("ktlint", GRADLE, re.compile(rb"^(?![ \t]*//).*\b(?:kotlinter|ktfmt|ktlint)\b", re.MULTILINE)),
    ("ktlint", (".editorconfig",), re.compile(rb"^ktlint_", re.MULTILINE)),
    ("ktlint", PIPELINES, re.compile(rb"^[^#\n]*\bkt(?:fmt|lint)", re.MULTILINE)),
    ("mix format", (".formatter.exs",), ANYTHING),
    ("mago", ("mago.toml",), re.compile(rb"^\[formatter\b", re.MULTILINE)),
    ("php-cs-fixer", (".php-cs-fixer.php", ".php-cs-fixer.dist.php"), ANYTHING),
    ("phpcs", tuple(f"{dot}phpcs.xml{end}" for dot in ("", ".") for end in ("", ".dist")), ANYTHING),
    ("pint", ("pint.json",), ANYTHING),
    # a package of every new project, so it counts where something runs it
    ("pint", (*PIPELINES, "composer.json"), re.compile(rb"(?:\bbin/|^|[\s\"])pint(?=[\s\"]|$)", re.MULTILINE)),
    ("prettier", PRETTIER, ANYTHING),
    # settings, or the package that holds them, or a script that runs it; else the key names a version
    ("prettier", ("package.json",), re.compile(rb"\"prettier\"\s*:\s*(\{|\"(@|\.{1,2}/|[\w-]*prettier-config))")),
    ("prettier", ("package.json",), re.compile(rb":\s*\"(?:[^\"\n]*\s)?prettier\s[^\"\n]{0,200}--(?:check|write)\b")),
    ("rubocop", (".rubocop.yml",), re.compile(rb"\A(?![\s\S]*DisabledByDefault:\s*true)|^Layout\b", re.MULTILINE)),
    ("ruff format", ("pyproject.toml",), re.compile(rb"^\[tool\.ruff\.format\b", re.MULTILINE)),
    ("ruff format", ("ruff.toml", ".ruff.toml"), re.compile(rb"^\[format\b", re.MULTILINE)),
    ("ruff format", (".pre-commit-config.yaml",), re.compile(rb"id:\s*ruff-format\b")),
    # a hook of one's own, or a task, that runs it; also as a list of words
    ("ruff format", PYTHON_TASKS, re.compile(rb"^[^#\n]*\bruff(?: |[\"'], *[\"'])format\b", re.MULTILINE)),
    (
        "black",
        PYTHON_TASKS,
        re.compile(
            rb"^(?!.*\binstall\b)[^#\n]*(?:(?<![\w./-])(?:black|darker)(?: |[\"'], *[\"'])"
            rb"(?:--[a-z]|-[lr]\b|\.(?=[\s\"'/]|$))|uses:\s*psf/black@)",
            re.MULTILINE,
        ),
    ),
    ("rustfmt", ("rustfmt.toml", ".rustfmt.toml"), ANYTHING),
    # most projects are content with its defaults
    (
        "rustfmt",
        PIPELINES,
        re.compile(rb"^[^#\n]*\b(?:cargo (?:\+\S+ )?fmt|rustfmt [^#\n]{0,200}?--check)\b", re.MULTILINE),
    ),
    # its settings, or the version that is asked for: it is nothing but its rules, all of which it mends
    (
        "standard",
        ("package.json",),
        re.compile(rb"\"(?:semi|ts-)?standard\"\s*:\s*(?:\{|\"%b)" % VERSION),
    ),
    ("stylish-haskell", (".stylish-haskell.yaml",), ANYTHING),
    ("swift-format", (".swift-format",), ANYTHING),
    ("swiftformat", (".swiftformat",), ANYTHING),
    ("xo", ("package.json",), re.compile(rb"\"xo\"\s*:\s*(?:\{|\"%b)" % VERSION)),
    ("xo", tuple(f"xo.config.{end}" for end in ("js", "cjs", "mjs", "ts")), ANYTHING),
    ("zig fmt", ("build.zig",), ANYTHING),
)
"""A formatter, the files that may set it up, and what it looks like there; every Go module is formatted by gofmt, and
what Zig builds by its own."""
LOOKED_AT = frozenset(name for _, names, _ in SIGNS for name in names) - {WORKFLOWS}
SCRIPTS = frozenset({"javascript", "tsx", "typescript"})
LANGUAGES = {
    "biome": SCRIPTS,
    "black": frozenset({"python"}),
    "clang-format": frozenset({"c", "cpp"}),
    "csharpier": frozenset({"csharp"}),
    "dart format": frozenset({"dart"}),
    "deno fmt": SCRIPTS | {"markdown", "yaml"},
    "dotnet format": frozenset({"csharp"}),
    "dprint": SCRIPTS,
    "fourmolu": frozenset({"haskell"}),
    "fprettify": frozenset({"fortran"}),
    "gofmt": frozenset({"go"}),
    "google-java-format": frozenset({"java"}),
    "JuliaFormatter": frozenset({"julia"}),
    "ormolu": frozenset({"haskell"}),
    "perltidy": frozenset({"perl"}),
    "Runic": frozenset({"julia"}),
    "ktlint": frozenset({"kotlin"}),
    "mago": frozenset({"php"}),
    "mix format": frozenset({"elixir"}),
    "php-cs-fixer": frozenset({"php"}),
    "phpcs": frozenset({"php"}),
    "pint": frozenset({"php"}),
    "prettier": SCRIPTS | {"markdown", "yaml"},
    "rubocop": frozenset({"ruby"}),
    "ruff format": frozenset({"python"}),
    "rustfmt": frozenset({"rust"}),
    "scalafmt": frozenset({"scala"}),
    "shfmt": frozenset({"bash"}),
    "sqlfluff": frozenset({"sql"}),
    "standard": SCRIPTS,
    "standardrb": frozenset({"ruby"}),
    "StyLua": frozenset({"lua"}),
    "stylish-haskell": frozenset({"haskell"}),
    "swift-format": frozenset({"swift"}),
    "swiftformat": frozenset({"swift"}),
    "terraform fmt": frozenset({"hcl"}),
    "xo": SCRIPTS,
    "zig fmt": frozenset({"zig"}),
}
"""What each formatter formats."""
SCRIPT_FORMATTERS = frozenset(name for name, languages in LANGUAGES.items() if languages >= SCRIPTS)
"""What decides quotes, semicolons, indentation and blanks of scripts."""


DEEPEST = 3
"""Folders above a file that sets up a part of the repository; deeper ones are examples."""


def may_set_up(path: str) -> bool:
    """Claim that the file at *path* is one that may set up a formatter, for the repository or for a part of it."""
    if path.startswith(WORKFLOWS):
        return path.endswith((".yml", ".yaml"))
    is_known = path.rpartition("/")[2] in LOOKED_AT and path.count("/") <= DEEPEST
    return is_known and not is_vendored(path) and not is_test_path(path)


def owners_of(files: Iterable[tuple[str, bytes]]) -> Owners:
    """Return the formatters that *files* set up, of those that `may_set_up`, each with its bytes."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, text in files:
        folder, name = ("", WORKFLOWS) if path.startswith(WORKFLOWS) else path.rpartition("/")[::2]
        for owner, names, sign in SIGNS:
            if name in names and sign.search(text):
                found[owner].add(f"{folder}/" if folder else "")
    return {owner: tuple(sorted(found[owner])) for owner in sorted(found)}


def owners_in(root: Path, listed: Iterable[str]) -> Owners:
    """Return the formatters that the files *listed* under *root* set up."""
    asked = ((path, read_start(root, path)) for path in listed if may_set_up(path))
    return owners_of((path, text) for path, text in asked if text is not None)


def formatters_of(convention: Convention, key: str, owners: Owners) -> list[str]:
    """Return those of *owners* that own what *convention* asks, and format the language that *key* is about."""
    language = key.partition(": ")[0]
    known = sorted(convention.owners & owners.keys())
    return [name for name in known if not convention.is_neutral or language in LANGUAGES[name]]


def owners_at(root: Path) -> Owners:
    """Return the formatters that are set up for all of *root*."""
    workflows: list[str] = []
    with suppress(OSError):
        workflows = [f"{WORKFLOWS}{file.name}" for file in (root / WORKFLOWS).iterdir()]
    return owners_in(root, [*LOOKED_AT, *workflows])
