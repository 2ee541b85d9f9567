"""
Components of Vue, Svelte and Astro: their scripts are read in place, and nothing of what stands around them is.
"""

from __future__ import annotations

import pytest
from idiolect.cli import main
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_of
from idiolect.mining.source import Source, parse_source

from .houses import learn

CODE = "// Adds a job.\nfunction push(job) {\n  jobs.add(job);\n  return jobs.size;\n}\n"
MARKUP = '<template>\n  <p :title="f(\'a\')" v-if="a < b">function g() {</p>\n</template>\n'
STYLE = "<style>\na { color: red; }\n</style>\n"


def read(path: str, text: str) -> Source:
    """Return the page at *path*."""
    language = language_of(path, data=text.encode())
    assert language is not None
    return parse_source(path, text.encode(), language)


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        pytest.param("a.vue", f"<script>\n{CODE}</script>\n\n{MARKUP}{STYLE}", "javascript", id="first"),
        pytest.param("a.vue", f'{MARKUP}\n<script setup lang="ts">\n{CODE}</script>\n', "typescript", id="last"),
        pytest.param("a.vue", f"<script lang='tsx'>\n{CODE}</script>\n", "tsx", id="with JSX"),
        pytest.param(
            "a.vue",
            f'<script lang="ts">\nlet a = 1;\n</script>\n\n<script lang="ts" setup>\n{CODE}</script>\n',
            "typescript",
            id="the second of two",
        ),
        pytest.param(
            "a.svelte",
            f'<script\n  generics="T extends A<B>"\n  lang="ts"\n>\n{CODE}</script>\n\n{{#if a}}<p />{{/if}}\n',
            "typescript",
            id="a sign in an attribute",
        ),
        pytest.param(
            "a.svelte",
            f'<script>\n{CODE}</script>\n<svelte:head>\n<script type="application/ld+json">\n{{"a"\n</script>\n',
            "javascript",
            id="beside data",
        ),
        pytest.param("a.astro", f"---\n{CODE}---\n\n<p>{{push(1)}}</p>\n", "typescript", id="what opens a page"),
        pytest.param("a.astro", f"<p>---</p>\n<script>\n{CODE}</script>\n", "typescript", id="what runs elsewhere"),
    ],
)
def test_the_scripts_of_a_page_are_its_code(path: str, text: str, language: str):
    """Whichever form a page has, a function in it is found where it stands, and markup is no code that is broken."""
    for whole in (text, text.replace("\n", "\r\n")):
        source = read(path, whole)
        (unit,) = collect_definitions(source)

        assert (language, "push") == (source.language.name, unit.symbol)
        assert not source.tree.root_node.has_error
        assert unit.code is not None and unit.doc is not None
        assert "// Adds a job." == source.slice(unit.doc)
        assert ["  jobs.add(job);", "  return jobs.size;"] == source.slice(unit.code).splitlines()
        assert whole == source.splice(unit.code, source.slice(unit.code))


def test_a_script_that_is_still_written_is_read():
    """An answer is judged up to where it ends, before what closes its script."""
    assert ["push"] == [unit.symbol for unit in collect_definitions(read("a.vue", f"<script>\n{CODE}"))]


def test_a_page_keeps_to_what_scripts_keep_to():
    """Its code is the house's, in rules and in findings; what its markup quotes is not."""
    page = "<script setup lang=\"ts\">\nconst a = 'b';\nf('c', 'd');\n</script>\n\n" + MARKUP
    profile = learn({f"src/m{n}.ts": f"const a{n} = 'b';\nf('c', 'd');\n" for n in range(60)})

    def told(text: str) -> list[tuple[str, int]]:
        return [(each.entry.id, each.line) for each in judge_source(read("src/A.vue", text), profile).findings]

    assert [("Q03[typescript]", 2)] == told(page.replace("'b'", '"b"'))
    assert [] == told(page)


def test_a_page_is_mined(write_tree, tmp_path, capsys):
    """Pairs are made of the functions of pages, as of those of any other script."""
    bodies = [f"function push{n}(job) {{\n  jobs{n}.add(job, {n});\n  return jobs{n}.size;\n}}\n" for n in range(9)]
    root = write_tree({f"src/P{n}.vue": f"{MARKUP}<script>\n{body}</script>\n" for n, body in enumerate(bodies)})

    assert main(["mine", str(root), "--out", str(tmp_path / "pairs"), "--kinds", "infill"]) == 0
    assert "no grammar" not in capsys.readouterr().out
    assert main(["show", str(tmp_path / "pairs"), "--kind", "infill", "--limit", "9"]) == 0
    assert "src/P1.vue" in capsys.readouterr().out
