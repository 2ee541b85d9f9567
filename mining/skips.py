"""
Why a file is not mined. In: its path, its bytes. Out: a reason, or nothing.
"""

from __future__ import annotations

import re
import stat
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from .reading import LARGEST_FILE, is_beyond_link

LONGEST_LINE = 2_000
"""Characters; a file that is mostly such lines is minified or generated text."""
MINIFIED = (".min.cjs", ".min.js", ".min.mjs")
"""How the names end of what is minified by its name."""
GENERATED = re.compile(
    rb"@generated|\bgenerated\b.{1,60}do not (?:edit|modify)|do not (?:edit|modify)\b.{0,60}generated"
    rb"|do not edit the class manually"
    rb"|^[^\w\"']*generated from \S+\.\w+ by [A-Z]\w+"
    rb"|^[ \t]*(?:#|//|/?\*|--|;|%)[^\w\n]*(?:warning\W{1,3})?do not (?:edit|modify)(?: this file)?"
    rb"(?: by hand| directly| manually)?(?:[!,.]|[ \t]*\r?$)"
    rb"|(?<!this\n)^\W*(?:\w+:\s*)*(?:(?:this|the)\s(?:\w+\s)?(?:is|was|has been|contains)\s(?:an?\s)?)?auto-?generated"
    rb"|^lockfileVersion:"
    rb"|^\W*automatically\sgenerated\s(?:by|from|using|with)\b"
    rb"|^\W*this\sfile\s(?:is|(?:is|was|has\sbeen)\sautomatically)\sgenerated\b"
    rb"|^\W*this\sis\san?\s(?:automatically\s)?generated\sfile\b"
    rb"|^[^\w\"']*(?:[\w-]+,?\s){0,4}(?:generated|made|produced)\s(?:from\s\S+\s)?(?:by|using|with)\s(?:the\s)?(?:gnu\s)?"
    rb"(?:antlr|bison|bundler|cython|datamodel-codegen|django(?=\s\d)|flex|gperf|gradle|jison|openapi|peg(?:gy|\.?js)|protoc"
    rb"|quicktype|ragel|re2c|rust-bindgen|sqlc|swagger|swig)\b"
    rb"|^[ \t]*var __defProp = Object\.defineProperty;|\A// (?:[\w@.-]+/)+[\w.-]+\.[cm]?[jt]sx?\r?\nvar "
    rb"|^var (__\w+) = \(this && this\.\1\) \|\||\A(?:#![^\n]*\n)?local _tl_compat; ",
    re.IGNORECASE | re.MULTILINE,
)
"""
What a file says of itself, or esbuild, TypeScript and Teal open with what they write; prose that speaks of generated
names or notes says it of something else, and a file that was generated once, such as a skeleton of tests, is kept by
hand.
"""
BODY = re.compile(rb"^(?:import|from\s+(?!__future__\b)[\w.]+\s+import)\s", re.MULTILINE)
"""Where code of Python begins that says no more of itself: a text in it may be the head of a file that it writes."""
GENERATED_WORDS = (
    b"generated",
    b"made",
    b"produced",
    b"do not edit",
    b"do not modify",
    b"lockfileversion",
    b"__defprop",
    b"s\nvar ",
    b"(this && this.__",
    b"local _tl_compat",
)
"""One of these, in lower case, is in all that `GENERATED` finds; most files hold none."""
COPIED = re.compile(
    rb"^\W*(?:(?:This|The)\s(?:\w+\s){1,3}?(?:is|was|has\sbeen)\svendored\s(?:from|in|into)|[Vv]endored\sfrom"
    rb"|Vendored\s(?:in|into))\b",
    re.MULTILINE,
)
"""What code says of itself that was copied in; documentation speaks of its own subject."""
PROSE = (".md", ".markdown", ".json", ".toml", ".yaml", ".yml")
"""Endings of prose and settings, which speak of other files."""
ARCHIVE = re.compile(r"(?:\A|/)versioned_docs(?:/|\Z)")
"""Where Docusaurus keeps the documentation of each version that was released: what it says may not be so any more."""
BOILERPLATE = re.compile(
    r"(?:\A|/)(?:code[_-]of[_-]conduct|copying|licen[cs]e)(?:[._-][^/]*)?\.(?:md|markdown)\Z", re.IGNORECASE
)
"""Files of words that many houses have, as written by none of them."""
TRANSLATION = re.compile(
    r"(?:\A|/)(?:i18n|l10n|lang|locales?|translations?)/(?:[^/]+/)*"
    r"(?:[^/]+[._-])?[a-z]{2,3}(?:[-_][A-Za-z]{2,4}){0,2}\.ya?ml\Z"
    r"|(?:\A|/)(?:lang|locales?|translations?)/[a-z]{2,3}(?:[-_][A-Za-z]{2,8}){0,2}/(?:[^/]+/)*[^/]+\.(?:php|ya?ml)\Z"
)
"""
Tables of texts, one for each language of men: they follow one template, so that their keys stand in one order however
many there are, and what a translator wrote is no code.
"""
MIGRATION = re.compile(r"(?:\A|/)prisma/migrations/[^/]+/migration\.sql\Z")
"""What Prisma writes of a change of its schema."""
TEMPLATE = re.compile(r"\{\{.*\}\}")
"""What a path holds that makes it one of files to come: their text holds it, too, and is code in no grammar yet."""
VENDORED = frozenset(
    {
        *("_vendor", "_vendored", "vendor", "vendored", "bundled", "bower_components", "node_modules"),
        *("third_party", "third-party", "thirdparty", "3rdparty", "thirdParty", "ThirdParty", "3rdParty"),
        *("site-packages", "dist-packages"),
        *(".venv", "venv", ".tox", ".git", ".hg", ".svn", "build", "dist", ".eggs"),
        *("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
    }
)
RELEASE = re.compile(r"(?:\A|/)[A-Za-z][\w-]*-\d+\.\d+\.\d+/")
"""A folder that is called as a release of a library unpacks: `googletest-1.16.0/`."""
LIBRARY = re.compile(
    r"/(?:jquery|underscore|backbone|lodash|modernizr|mootools|zepto|knockout|sizzle|html5shiv)"
    r"(?:[.-](?:\d[\d.]*|custom|full|migrate|min|slim|ui))*\.js\Z"
)
"""Libraries that web pages carry along."""
SERVED = frozenset({"_static", "assets", "htdocs", "javascripts", "js", "lib", "media", "public", "static", "www"})
"""
Folders that are served to the web, `libs` in which holds others' libraries; elsewhere one may be what the house makes.
"""
BANNER = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*/\*(?:!|\*[\s*]*@(?:license|preserve)\b)[\s*]*[^\n]*?\b(?:v\d+\.\d+|\d+\.\d+\.\d+)"
)
"""What a release of a library of scripts opens with, which minifying leaves in place: its name and its version."""
TERMS = re.compile(rb"https?://|licen[cs]e|copyright|\(c\)", re.IGNORECASE)
"""What such a head says, too: where it is from, or on what terms."""
BY_NAME = (
    *(("old_documentation", ARCHIVE), ("translation", TRANSLATION), ("template", TEMPLATE)),
    *(("generated", MIGRATION), ("boilerplate", BOILERPLATE)),
)
"""Reasons that a file's name gives, each with what names match of which it is true."""
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class Skip(NamedTuple):
    """
    A file that is not mined, and why.
    """

    path: str
    reason: str


def path_reason(root: Path, name: str) -> str:
    """Return why the file at *name* is skipped before it is opened, or nothing."""
    if reason := name_reason(name):
        return reason
    if not name.isprintable():
        return "unprintable_name"
    try:
        status = (root / name).lstat()
    except OSError:
        return "unreadable"
    if stat.S_ISLNK(status.st_mode):
        return "symlink"
    if not stat.S_ISREG(status.st_mode):
        return "special_file"
    if is_beyond_link(root, name):
        return "symlink"
    return "too_large" if status.st_size > LARGEST_FILE else ""


def name_reason(name: str) -> str:
    """Return why a file that is called *name* is skipped whatever it holds, or nothing."""
    return "vendored" if is_vendored(name) else next((why for why, form in BY_NAME if form.search(name)), "")


def is_vendored(name: str) -> bool:
    """Claim that the file at *name* is another house's, by its folders or, in a folder for the web, by its own name."""
    *folders, _ = name.split("/")
    is_served = not SERVED.isdisjoint(folders) and LIBRARY.search(name) is not None
    is_served |= any(outer in SERVED and inner == "libs" for outer, inner in pairwise(folders))
    return not VENDORED.isdisjoint(folders) or is_served or RELEASE.search(name) is not None


def is_release(head: bytes, path: str) -> bool:
    """Claim that what opens with *head* is a release of a library that lies at *path* to be served to the web."""
    if not BANNER.match(head) or not TERMS.search(head):
        return False
    *folders, _ = path.split("/")
    served = SERVED - {"lib"}
    # at the top such a folder holds what the house makes
    return not served.isdisjoint(folders[1:]) or not (served - {"js"}).isdisjoint(folders[:1])


def content_reason(data: bytes, path: str = "") -> str:
    """Return why a file with these bytes is skipped, or nothing; by its *path* it may be prose."""
    if len(data) > LARGEST_FILE:
        return "too_large"
    if b"\0" in data:
        return "nul_byte"
    if data.startswith(LFS_POINTER):
        return "lfs_pointer"
    head = data[:1_000]
    head = BODY.split(head, 1)[0] if path.endswith(".py") else head
    lowered = head.lower()
    if any(word in lowered for word in GENERATED_WORDS) and GENERATED.search(head):
        return "generated"
    if b"endored" in head and COPIED.search(head) and not path.endswith(PROSE):
        return "vendored"
    if is_release(head, path):
        return "vendored"
    long = sum(length for length in map(len, data.split(b"\n")) if length > LONGEST_LINE)
    if 2 * long > len(data) or path.endswith(MINIFIED):
        return "minified"
    return "" if data.strip() else "empty"
