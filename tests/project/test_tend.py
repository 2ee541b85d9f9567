"""
The sample language keeps its word: many programs, none stamped from another, and a checker that says no.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.filters.duplicates import Clusters, fingerprint, similar_pairs
from idiolect.mining.languages import Language
from idiolect.mining.source import Source, parse_source

DSL = Path(__file__).parent.parent.parent / "samples" / "dsl"
PROGRAMS = sorted((DSL / "programs").rglob("*.tend"))
ALIKE = 0.7
HEAD = """sensor air: temperature
sensor damp: share
switch fan
dial heat: temperature from 10C to 25C
let warm = 20C
measure gap(t: temperature): temperature {
  give warm - t
}
routine blow(length: time) {
  turn fan on
  wait length
}
"""
HEAD_LINES = HEAD.count("\n")


def load_checker() -> ModuleType:
    """Return tend's checker, which is a program of its own, as a module."""
    spec = importlib.util.spec_from_file_location("tend_checker", DSL / "checker.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


CHECKER = load_checker()


@pytest.fixture(name="sources", scope="module")
def _sources(tend: Language) -> list[Source]:
    """Parse every program once."""
    return [parse_source(str(path.relative_to(DSL)), path.read_bytes(), tend) for path in PROGRAMS]


def test_there_are_two_hundred_programs():
    """In folders by what is grown, none of them with more than a tenth."""
    domains = Counter(path.parent.name for path in PROGRAMS)

    assert 200 <= len(PROGRAMS)
    assert max(domains.values()) <= len(PROGRAMS) / 10


def test_every_program_passes_its_checker():
    """The checker has nothing to say against any of them."""
    done = subprocess.run([sys.executable, DSL / "checker.py", *PROGRAMS], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stdout)


def test_every_program_parses_by_the_grammar(sources: list[Source]):
    """The grammar and the checker's own parser agree on them."""
    assert not [source.path for source in sources if source.tree.root_node.has_error]


def test_every_construct_is_used(sources: list[Source]):
    """No rule of the grammar goes without a program that needs it."""
    language = sources[0].language.grammar
    named = {
        language.node_kind_for_id(kind)
        for kind in range(language.node_kind_count)
        if language.node_kind_is_named(kind) and language.node_kind_is_visible(kind)
    }
    used: set[str] = set()
    for source in sources:
        waiting = [source.tree.root_node]
        while waiting:
            node = waiting.pop()
            used.add(node.type)
            waiting.extend(node.named_children)

    assert not named - used - {"ERROR"}


def test_few_definitions_are_near_duplicates(sources: list[Source]):
    """Clusters of near-copies hold fewer than a tenth of the definitions."""
    texts = [source.slice(d.span) for source in sources for d in collect_definitions(source)]
    clusters = Clusters(len(texts))
    for first, second, _ in similar_pairs([fingerprint(text) for text in texts], ALIKE):
        clusters.join(first, second)
    sizes = Counter(clusters.find(index) for index in range(len(texts)))

    assert 500 <= len(texts)
    assert sum(size for size in sizes.values() if size > 1) < len(texts) / 10


WRONG = [
    pytest.param("rule r when dampness > 3% {\n}", 1, "nothing is called 'dampness'", id="a name nobody declared"),
    pytest.param("rule r when air > 3% {\n}", 1, "does not fit a temperature and a share", id="quantities that differ"),
    pytest.param("rule r when air + 2C {\n}", 1, "must be a truth", id="a condition that is an amount"),
    pytest.param("rule r when air > 2C for 5C {\n}", 1, "must be a time", id="held for a temperature"),
    pytest.param("rule r when air > 2C {\n  set heat to 40C\n}", 2, "cannot be set that far", id="beyond the dial"),
    pytest.param("rule r when air > 2C {\n  set heat to 5%\n}", 2, "must be a temperature", id="a dial's quantity"),
    pytest.param("rule r when air > 2C {\n  set fan to 12C\n}", 2, "is a switch, not a dial", id="setting a switch"),
    pytest.param("rule r when air > 2C {\n  turn heat on\n}", 2, "is a dial, not a switch", id="turning a dial"),
    pytest.param("rule r when air > 2C {\n  turn air off\n}", 2, "is a sensor", id="turning a sensor"),
    pytest.param("rule r when air is on {\n}", 1, "must be a switch", id="a sensor that is on"),
    pytest.param("rule r when not air {\n}", 1, "must be a truth", id="not an amount"),
    pytest.param("rule r when fan > 2 {\n}", 1, "works on amounts", id="comparing a switch"),
    pytest.param("rule r when air in 9C..4C {\n}", 1, "this range is empty", id="a range backwards"),
    pytest.param("rule r when air > 3K {\n}", 1, "no unit 'K'", id="a unit that is none"),
    pytest.param("rule r when air > 3C / 0 {\n}", 1, "division by zero", id="by zero"),
    pytest.param("routine r() {\n  wait 5C\n}", 2, "must be a time", id="waiting a temperature"),
    pytest.param("routine r() {\n  run blow()\n}", 2, "takes 1 values, got 0", id="too few values"),
    pytest.param("routine r() {\n  run blow(3min, 4min)\n}", 2, "takes 1 values, got 2", id="too many values"),
    pytest.param("routine r() {\n  run blow(20%)\n}", 2, "must be a time", id="a value of another quantity"),
    pytest.param("routine r() {\n  run gap(4C)\n}", 2, "is a measure, not a routine", id="running a measure"),
    pytest.param("routine r() {\n  note \"x\", blow(4s)\n}", 2, "is a routine, not a measure", id="reading a routine"),
    pytest.param("routine r() {\n  note \"x\", gap\n}", 2, "not a value", id="a measure without its brackets"),
    pytest.param("routine r() {\n  repeat 2C times {\n  }\n}", 2, "must be a number", id="repeating a temperature"),
    pytest.param("routine r() {\n  repeat 0 times {\n  }\n}", 2, "cannot repeat 0 times", id="repeating nothing"),
    pytest.param("routine r() {\n  repeat 1.5 times {\n  }\n}", 2, "cannot repeat 1.5 times", id="a half repetition"),
    pytest.param("routine r() {\n  until air > 3C within 3C {\n  }\n}", 2, "must be a time", id="within a temperature"),
    pytest.param("routine r() {\n  give 3C\n}", 2, "only a measure gives", id="a routine that gives"),
    pytest.param("routine r() {\n  let air = 3C\n}", 2, "declared twice", id="a local that hides a sensor"),
    pytest.param("routine r() {\n  run r()\n}", 2, "runs itself", id="running itself"),
    pytest.param("routine a() {\n  run b()\n}\nroutine b() {\n  run a()\n}", 5, "runs itself", id="in a circle"),
    pytest.param("routine r(x: time, x: time) {\n}", 1, "declared twice", id="a parameter twice"),
    pytest.param("routine r(x: heat) {\n}", 1, "no quantity 'heat'", id="a quantity that is none"),
    pytest.param("measure m(): share {\n  give 3C\n}", 2, "must be a share", id="giving another quantity"),
    pytest.param("measure m(): share {\n  if air > 2C {\n    give 2%\n  }\n}", 1, "does not always", id="no way out"),
    pytest.param("measure m(): share {\n  turn fan on\n  give 2%\n}", 2, "only looks", id="a measure that acts"),
    pytest.param("measure m(): share {\n  give 2%\n  give 3%\n}", 3, "nothing after 'give'", id="dead code"),
    pytest.param("measure m(): truth {\n  give 2%\n}", 1, "no quantity 'truth'", id="no quantity called truth"),
    pytest.param("measure m(): number {\n  give air * damp\n}", 2, "does not fit", id="a product of two quantities"),
    pytest.param("sensor air: share", 1, "declared twice", id="a name twice"),
    pytest.param("dial d: light from 5lux to 1lux", 1, "from its high end", id="a dial backwards"),
    pytest.param("dial d: light from 5C to 9C", 1, "must be a light", id="a dial's bounds of another quantity"),
    pytest.param("dial d: temperature from air to 9C", 1, "must be fixed amounts", id="bounds that move"),
    pytest.param("plan p {\n}", 1, "is empty", id="an empty plan"),
    pytest.param("plan p {\n  at 25:00 run blow(1s)\n}", 2, "no time of day", id="25 o'clock"),
    pytest.param("plan p {\n  at 08:75 run blow(1s)\n}", 2, "no time of day", id="75 minutes past"),
    pytest.param("plan p {\n  each moonday at 08:00 run blow(1s)\n}", 2, "no day 'moonday'", id="a day that is none"),
    pytest.param("plan p {\n  each monday, monday at 08:00 run blow(1s)\n}", 2, "named twice", id="a day twice"),
    pytest.param("plan p {\n  every 2C run blow(1s)\n}", 2, "must be a time", id="every temperature"),
    pytest.param("plan p {\n  every 1h from 9:00 to 8:00 run blow(1s)\n}", 2, "time of day", id="a short clock"),
    pytest.param("plan p {\n  every 1h from 09:00 to 08:00 run blow(1s)\n}", 2, "goes backwards", id="to yesterday"),
    pytest.param("plan p {\n  at 08:00 run gap(1C)\n}", 2, "is a measure", id="a plan that runs a measure"),
    pytest.param("rule r when air > 2C {", 1, "expected", id="a block that never ends"),
    pytest.param("rule r when air > {\n}", 1, "expected a value", id="a comparison with nothing"),
    pytest.param("rule when air > 2C {\n}", 1, "expected a name", id="a rule without a name"),
    pytest.param("routine r() {\n  turn fan up\n}", 2, "expected 'on' or 'off'", id="up"),
    pytest.param("routine r() {\n  alarm fire\n}", 2, "a text in quotes", id="an alarm without quotes"),
    pytest.param("routine r() {\n  fan on\n}", 2, "expected a statement", id="no verb"),
    pytest.param("spin fan", 1, "expected a declaration", id="no declaration"),
    pytest.param("let x = 3C ; let y = 4C", 1, "unexpected ';'", id="a mark of another language"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_the_checker_says_no(text: str, line: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A wrong program is refused with its file, its line and what is wrong."""
    wrong = tmp_path / "wrong.tend"
    wrong.write_text(HEAD + text + "\n")

    assert 1 == CHECKER.main([str(wrong)])
    printed = capsys.readouterr().out.splitlines()
    assert [row for row in printed if row.startswith(f"{wrong}:{HEAD_LINES + line}: ") and message in row], printed


def test_the_head_of_the_table_is_right():
    """What stands before each wrong line is accepted, so that the line alone is refused."""
    assert not CHECKER.check_text(HEAD)


def test_the_parser_is_generated_from_the_grammar(tmp_path: Path):
    """Where tree-sitter's own generator is installed, it makes the same rules from `grammar.js`."""
    if shutil.which("tree-sitter") is None or shutil.which("node") is None:
        pytest.skip("no tree-sitter command line here")
    shutil.copy(DSL / "grammar.js", tmp_path)
    subprocess.run(["tree-sitter", "generate", "--abi", "14"], cwd=tmp_path, check=True, capture_output=True)
    made, kept = ((folder / "src" / "parser.c").read_text() for folder in (tmp_path, DSL))

    assert (
        made.partition("enum ts_symbol_identifiers")[2].partition("};")[0]
        == (kept.partition("enum ts_symbol_identifiers")[2].partition("};")[0])
    )
