"""
The rows for JavaScript and TypeScript: where their questions are asked, and what a finding says.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.conventions.convention import Place, apply_edits, conventions_by_id
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.source import parse_source

TYPESCRIPT = language_named("typescript")


def parse(path: str, text: str):
    return parse_source(path, text.encode(), TYPESCRIPT)


def tally(path: str, text: str):
    return tally_source(parse(path, text))


def test_a_tag_is_found_where_it_stands():
    """The finding is on the tag's own line of a comment, and its fix changes nothing else."""
    text = "/**\n * Read {n}.\n *\n * @returns all\n */\nfunction f() {}\n"
    profile = learn_profile(tally(f"src/f{n}.ts", text.replace("{n}", str(n)) * 2) for n in range(60))
    source = parse("src/new.ts", text.replace("@returns", "@return"))

    (finding,) = [f for f in judge_source(source, profile).findings if f.entry.convention == "Q23"]

    assert (4, 4, 11, "advise") == (finding.line, finding.column, finding.end_column, finding.entry.tier)
    assert "Document what a function returns under `@returns` (here: @return)" == finding.message
    place = Place(source, finding.start, finding.end, finding.entry.key)
    assert text == apply_edits(source, conventions_by_id()["Q23"].rewrite(place, "@returns"))
    assert "`* @returns all`" in render_guide(profile)


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("src/a.ts", {"Q24", "Q25", "Q26", "Q27"}),
        ("src/pages/a.ts", {"Q25", "Q26", "Q27"}),
        ("app/api/route.ts", {"Q25", "Q26", "Q27"}),
        ("integration/global-setup.ts", {"Q25", "Q26", "Q27"}),
        ("vite.config.ts", set[str]()),
        ("src/a.d.ts", set[str]()),
        ("src/a.stories.ts", set[str]()),
        ("src/a.test.ts", set[str]()),
        ("examples/a.ts", set[str]()),
    ],
)
def test_what_a_tool_asks_for_has_no_form_of_its_own(path: str, rows: set[str]):
    """Of tests, examples and files that are known by their names, forms of declarations are not asked."""
    text = 'import type { A } from "a";\ntype B = { c: A };\nexport function f(b: B) {\n  g(b);\n}\n'

    assert rows == {o.convention for o in tally(path, text).opportunities} & {"Q24", "Q25", "Q26", "Q27"}


def test_a_guide_says_in_one_line_what_ends_with_a_semicolon():
    """Statements, fields and aliases are rules of their own, for houses differ in the rarer ones; they read as one."""
    text = "type A{n} = B;\nclass C{n} {\n  d = e;\n}\nf({n});\n"
    profile = learn_profile(tally(f"src/f{n}.ts", text.replace("{n}", str(n)) * 2) for n in range(60))

    assert "End a field of a class, a statement and an alias of a type with a semicolon (typescript)." in render_guide(
        profile
    )
    assert {"advise"} == {entry.tier for entry in profile.entries if entry.convention == "Q28"}


def test_a_semicolon_is_missed_where_the_statement_ends():
    """The finding is on the last token, on the last line of a statement of several."""
    profile = learn_profile(tally(f"src/f{n}.ts", f"f({n});\ng({n});\n" * 3) for n in range(60))
    source = parse("src/new.ts", "f(\n  1,\n) // all\ng();\n")

    (finding,) = [f for f in judge_source(source, profile, is_new=True).findings if f.entry.convention == "Q28"]

    assert (3, 1, 2) == (finding.line, finding.column, finding.end_column)
    assert "End a statement with a semicolon (here: no semicolon)" == finding.message


def test_how_types_are_imported_here_is_said_in_code():
    """The answer of a setting, `of each`, would tell a reader nothing."""
    profile = learn_profile(tally(f"src/f{n}.ts", f'import type {{ A }} from "./a{n}";\n' * 3) for n in range(60))
    source = parse("src/new.ts", 'import { type A } from "./a";\n')

    (finding,) = [f for f in judge_source(source, profile, is_new=True).findings if f.entry.convention == "Q27"]

    assert finding.message.endswith("by `import type { A }` (here: `import { type A }`)")


def test_an_example_is_the_first_line_that_conforms():
    """Queries find statements in no order: which line stands for a file, and what it says, follow from the file."""
    text = "".join(f"f({n});\n" if n % 2 else f"const a{n} = {n};\n" for n in range(200))

    profile = learn_profile(tally(f"src/f{n}.ts", text) for n in range(20))

    examples = {row for entry in profile.entries if entry.convention == "Q28" for row in entry.exemplars}
    assert {(1, "const a0 = 0;")} == {(row.line, row.text) for row in examples}
