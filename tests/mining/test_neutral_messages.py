"""
What calls are given to say (Q30): where it is asked, and what guide and findings say of it.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions import Opportunity, tally_source
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_of
from idiolect.mining.learn import learn_profile
from idiolect.mining.source import parse_source


def parse(path: str, text: str):
    language = language_of(path)
    assert language is not None
    return parse_source(path, text.encode(), language)


def asked(path: str, text: str) -> list[Opportunity]:
    return [found for found in tally_source(parse(path, text)).opportunities if found.convention == "Q30"]


def house(path: str, text: str):
    """Return the profile of a house whose files, of numbers in *path* and *text*, all say the same."""
    files = [(path.replace("{n}", str(n)), text.replace("{n}", str(n))) for n in range(60)]
    return learn_profile(tally_source(parse(*file)) for file in files)


def test_a_guide_says_in_one_line_what_begins_alike():
    """What makes errors and what logs are rules of their own, for houses differ in them; they read as one."""
    text = 'package a\n\nvar b = errors.New("no key {n}")\nvar c = fmt.Errorf("no key {n}: %v", d)\n'
    profile = house("shop/f{n}.go", text * 2)

    assert "Begin the text of `errors.New` and `fmt.Errorf` with a lower-case letter (go)." in render_guide(profile)
    assert {"advise"} == {entry.tier for entry in profile.entries if entry.convention == "Q30"}


def test_a_finding_is_at_the_word_or_at_the_full_stop():
    """Both are parts of one text, each on its own line of it."""
    profile = house("src/f{n}.ts", "throw new Error('There are no keys');\n" * 2)
    source = parse("src/new.ts", "throw new Error(\n  `there are none,\n  or no more.`\n);\n")

    begin, end = [f for f in judge_source(source, profile, is_new=True).findings if f.entry.convention == "Q30"]

    assert (2, 4, 9) == (begin.line, begin.column, begin.end_column)
    assert "Begin the text of `Error` with a capital (here: a lower-case letter)" == begin.message
    assert (3, 13, 14) == (end.line, end.column, end.end_column)
    assert "End the text of `Error` without a full stop (here: a full stop)" == end.message


@pytest.mark.parametrize(
    ("path", "text", "called"),
    [
        ("src/a.ts", "this.app.logger.warn('no such key');\n", "`logger.warn`"),
        ("src/a.ts", "throw new HttpError<B>(404, 'no such key');\n", "`HttpError`"),
        ("src/a.ts", "log('keys', 'no such key');\n", "`log`"),
        ("src/A.php", "<?php throw new \\A\\LateException(sprintf('no such %s', $a));\n", "`LateException`"),
        ("src/a.rs", 'fn f() { ensure!(a, "no such key"); }\n', "`ensure!`"),
        ("src/a.rs", 'fn f() { g().context("no such key")?; }\n', "`context`"),
        ("src/a.cc", 'void f() { throw KeyError("no such key " "at all"); }\n', "`KeyError`"),
        ("src/A.kt", 'fun f() { throw IllegalStateException("no such key: $a") }\n', "`IllegalStateException`"),
        ("src/A.kt", 'fun f() { require(a > b(1)) { "no such key: $a" } }\n', "`require`"),
        ("src/A.kt", 'fun f() { logger.debug { "no such key" } }\n', "`logger.debug`"),
        ("src/A.kt", 'fun f() { checkNotNull(a) {\n  "no such " + "key"\n} }\n', "`checkNotNull`"),
        (
            "src/A.cs",
            'class A { void F() { throw new KeyException($"no such {a} key", nameof(a)); } }\n',
            "`KeyException`",
        ),
        ("src/A.cs", 'class A { void F() { logger.LogError($@"no such {a} key"); } }\n', "`logger.LogError`"),
        ("src/A.scala", 'object A { def f() = logger.info(s"no such key ${a} here") }\n', "`logger.info`"),
        ("src/A.scala", 'object A { def f() = require(a, s"no such key $a") }\n', "`require`"),
        ("src/a.swift", 'func f() { fatalError("no such key") }\n', "`fatalError`"),
        ("lib/a.dart", 'void f() { throw ArgumentError("no such key"); }\n', "`ArgumentError`"),
        ("lib/a.ex", 'raise ArgumentError, "no such key"\n', "`raise`"),
        ("shop/a_test.go", 'package a\n\nfunc f() { t.Errorf("no such key") }\n', "`t.Errorf`"),
    ],
)
def test_what_takes_a_message_is_named_as_it_is_written(path: str, text: str, called: str):
    """The first text of several words is the message, behind what it is called on and what says where it belongs."""
    found = [each for each in asked(path, text) if "the first letter" in each.key]

    assert [(f"the first letter of the text of {called}", "a lower-case letter")] == [
        (each.key.partition(": ")[2], each.value) for each in found
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/a.ts", "find('no such key');\n"),
        ("src/a.ts", "expect('no such key').toBe(a);\n"),
        ("src/a.ts", "a.string().describe('no such key');\n"),
        ("src/a.ts", "throw new Error('late');\n"),
        ("src/a.ts", "throw new Error('late', { cause: 'no such key' });\n"),
        ("src/a.test.ts", "f(new Error('no such key'));\n"),
        ("src/A.kt", 'fun f() { apply { "no such key" } }\n'),
        ("src/A.cs", 'class A { string F() { return Find($"no such {a}"); } }\n'),
        ("examples/a.ts", "throw new Error('no such key');\n"),
        ("src/a.ts", "log('this is no key', 'nor is this one');\n".replace("this is no key", "--this")),
    ],
)
def test_what_is_no_message_is_not_asked(path: str, text: str):
    """Nor is what a test throws, nor what stands behind another text."""
    assert not asked(path, text)
