"""
A user's own language goes from a TOML table to a corpus, and every mistake in the table is told at start.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from idiolect.cli import main
from idiolect.commands.doctor import command as doctor
from idiolect.commands.doctor import is_installed
from idiolect.commands.mine import command as mine
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.corpus import read_corpus
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.errors import InputError, MismatchError, SettingsError, TooSmallError
from idiolect.mining.languages import language_named, language_of, use_languages
from idiolect.mining.own_languages import read_builtin, read_own_languages
from idiolect.mining.source import parse_source

RELAY = Path(__file__).parent / "relay"
NOUNS = ("person", "order", "letter", "parcel", "ticket", "account", "invoice", "report", "meeting", "garden")
FLOW = """
# Part of the {noun} desk.
flow {verb}_{noun} "{verb} the {noun} that waits longest." {{
  fetch {noun} from desk_{number}
  {steps}
  send {noun} to archive_{number}
}}
"""


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    use_languages(())


@pytest.fixture(name="desk")
def _desk(tmp_path):
    """Make a repository of ten relay files, no two alike."""
    root = tmp_path / "desk"
    root.mkdir()
    for number, noun in enumerate(NOUNS):
        other = NOUNS[number - 3]
        steps = f"wait {number} minutes\n  # because of the {other}\n  call {other}_{noun} with {number * 7}"
        flows = [FLOW.format(noun=noun, verb=verb, number=number, steps=steps + f"\n  log {verb} {other}")
                 for verb in ("open", "close")]  # fmt: skip
        (root / f"{noun}.relay").write_text("".join(flows), "utf-8")
    return root


def read_relay():
    (language,) = read_own_languages(RELAY / "relay.toml")
    return language


def run(command, *words):
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_a_language_goes_from_files_to_a_corpus_with_only_its_table(desk, tmp_path):
    """`mine --language` compiles the grammar and mines pairs that stand in the files, bodies and holes among them."""
    run(mine, desk, "--out", tmp_path / "corpus", "--language", RELAY / "relay.toml", "--workers", "1")
    corpus = read_corpus(tmp_path / "corpus")
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]

    assert {"implement", "infill"} <= {pair.kind for pair in pairs}
    assert {"relay"} == {pair.language for pair in pairs}
    for pair in pairs:
        text = (desk / pair.path).read_text("utf-8")
        assert pair.response in text
        assert pair.kind == "infill" or text.split("\n")[pair.start_line - 1] == pair.response.split("\n")[0]


def test_a_language_of_ones_own_has_habits_like_any(desk, commit_tree, capsys):
    """`check`, `guide` and `baseline` take its table as `mine` does; without it nothing is known of it, nor kept."""
    for number in range(40):
        (desk / f"small_{number}.relay").write_text('flow go "Go." {\n  log a\n}\nflow stay "Stay." {\n  log b\n}\n')
    commit_tree(desk)
    (desk / "new.relay").write_text('flow go "Go." {\n\tlog a\n}\n')
    check, table = ["check", str(desk), "--diff", "HEAD"], ["--language", str(RELAY / "relay.toml")]

    assert [0, 1, 0] == [main(check), main([*check, *table]), main(check)]
    assert "new.relay:2:2: Q04[relay] [gate] Indent by 2 spaces" in capsys.readouterr().out
    assert 0 == main(["guide", str(desk), *table])
    said = capsys.readouterr().out
    # lines are shown without their margin, which is what this rule is about
    rule = r"- Indent by 2 spaces \(relay\)\. \(Q04\[relay\], advise: \d+ of \d+\.\) Example: `\w+\.relay`, line \d+\n"
    assert re.search(rule, said)
    assert "Open comments" not in said
    for step in ("create", "update", "prune"):
        assert 0 == main(["baseline", step, str(desk), *table])
    assert 0 == main(["check", str(desk), *table])
    assert "1 in the baseline" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["check"], ["guide", "."], ["baseline", "create"], ["serve", "adapter"]])
def test_a_table_that_is_not_there_is_told_first(words, capsys):
    """Whatever judges or writes code takes a table, and reads it before all else."""
    assert 2 == main([*words, "--language", "gone.toml"])
    assert "--language 'gone.toml' is no file" in capsys.readouterr().err


def test_the_checker_is_recorded_for_evaluation(desk, tmp_path):
    """The manifest holds the language's check command, and no path of this machine."""
    run(mine, desk, "--out", tmp_path / "corpus", "--language", RELAY / "relay.toml", "--workers", "1")
    manifest = (tmp_path / "corpus" / "manifest.json").read_text("utf-8")

    assert ["python3", "checker.py", "{file}"] == json.loads(manifest)["languages"][0]["check"]
    assert str(tmp_path) not in manifest


def test_a_corpus_asks_for_the_language_it_was_mined_with(desk, tmp_path):
    """Its sources are not parsed without the language, nor with a changed one."""
    folder = tmp_path / "relay"
    shutil.copytree(RELAY, folder)
    run(mine, desk, "--out", tmp_path / "corpus", "--language", folder / "relay.toml", "--workers", "1")
    corpus = read_corpus(tmp_path / "corpus")
    path = next(iter(corpus.manifest["sources"]))

    assert "relay" == corpus.source(path).language.name
    use_languages(())
    with pytest.raises(InputError, match="--language FILE"):
        read_corpus(tmp_path / "corpus").source(path)
    (folder / "relay.scm").write_text((folder / "relay.scm").read_text() + "(string) @string\n")
    use_languages(read_own_languages(folder / "relay.toml"))
    with pytest.raises(MismatchError, match="has changed"):
        read_corpus(tmp_path / "corpus").source(path)


def test_a_braced_body_is_the_lines_between_its_brackets():
    """The answer asked for holds no brace; the head with its documentation opens the block."""
    source = parse_source("a.relay", b'flow go "Go."\n{\n  # first\n  log a\n  log b\n}\n', read_relay())
    (definition,) = collect_definitions(source)

    assert "  # first\n  log a\n  log b" == source.slice(definition.code)


def test_a_body_on_one_line_with_its_brackets_is_not_asked_for():
    """A block whose lines are not its own has no `code`."""
    source = parse_source("a.relay", b'flow go "Go." { log a\n}\n', read_relay())
    (definition,) = collect_definitions(source)

    assert definition.code is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[language.relay]\nextensions = ["*.a"]', "extensions: '*.a' is no end of a file's name, such as '.a'"),
        ('[language.relay]\nextensions = ["src/b.a"]', "extensions: 'src/b.a' is no end of a file's name"),
        ('[language.relay]\nextensions = [" .a"]', "extensions: ' .a' is no end of a file's name, such as '.a'"),
        ('[language.relay]\nextensions = ["."]', "extensions: '.' is no end of a file's name, such as '.kiln'"),
        ('[language]\nname = "a"\nextensions = [".a"]', "write [language.NAME], not [language]"),
        pytest.param(f"x = {'[' * 5_000}", "not TOML: nested too deeply", id="nested"),
    ],
)
def test_what_can_end_no_name_is_told_in_one_line(tmp_path, table, said):
    """A table that reads no file at all says so of itself, not of the repository."""
    file = tmp_path / "bad.toml"
    grammar = f'grammar = "{RELAY.as_posix()}"\nquery = "{(RELAY / "relay.scm").as_posix()}"\n'
    file.write_text(f"{table}\n{grammar}", "utf-8")

    with pytest.raises(SettingsError) as error:
        read_own_languages(file)

    (fault,) = error.value.faults
    assert said in fault


def test_where_a_table_reads_other_endings_it_is_said_which(tmp_path, capsys):
    """Who gave a table is not asked for one."""
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "a.rely").write_text("flow a\n")

    assert 2 == main(["check", str(tmp_path / "desk"), "--language", str(RELAY / "relay.toml")])
    assert "1 file ends in .rely. The table of relay reads .relay.\n" in capsys.readouterr().err


def test_all_mistakes_of_a_table_are_told_at_once(tmp_path):
    """Unknown keys, wrong types, a missing grammar and query are one error before anything starts."""
    file = tmp_path / "bad.toml"
    file.write_text(
        '[language.bad]\nextensions = "bad"\ngrammar = "nowhere"\nquery = "none.scm"\ncheck = ["bad"]\ncolour = 1\n'
        'interpreters = "bad"\nclaims = {".h" = "(", ".y" = 1}\ntraits = ["prose", "odd"]\nsought = ["(", "a"]\n'
        '[language.worse]\nextensions = ["worse"]\ngrammar = "pip:tree_sitter_worse"\nquery = "(x) @unit"\n',
        "utf-8",
    )
    with pytest.raises(SettingsError) as error:
        read_own_languages(file)

    told = str(error.value)
    assert "unknown key 'colour'" in told
    assert "extensions must be a list" in told
    assert "'nowhere' does not exist" in told
    assert "'none.scm' cannot be read" in told
    assert "check must hold {file}" in told
    assert "'worse' needs its dot" in told
    assert "interpreters must be a list" in told
    assert "no trait is called 'odd', known: C statements" in told and "sought: '(' is no pattern" in told
    assert "'(' of '.h' is no pattern" in told and "1 of '.y' is no pattern" in told


def test_one_mistake_of_a_table_hides_no_other(tmp_path):
    """Keys, captures and every pattern of the query are looked at, whatever is wrong with the others or the grammar."""
    shutil.copytree(RELAY, tmp_path / "relay")
    file = tmp_path / "relay" / "relay.toml"
    query = '''query = """
    (flaw name: (identifier) @unit.name) @unit
    ((flow) @call (#eq? @call "(")) ; (
    (comment) @coment
    [(flow) (flew)] @string
    """'''
    table = file.read_text("utf-8").replace('query = "relay.scm"', f"{query}\ncolour = 1")

    def told(text):
        file.write_text(text, "utf-8")
        with pytest.raises(SettingsError) as error:
            read_own_languages(file)
        return str(error.value)

    said = told(f"[colours]\n{table}\n" + table.replace("language.relay", "language.other"))
    assert "unknown table [colours]" in said and ".relay is claimed by other and by relay" in said
    assert "language.relay: unknown key 'colour'" in said and "unknown capture @coment" in said
    assert "1:6: Invalid node type: flaw; " in said and "4:14: Invalid node type: flew; " in said
    assert "Invalid syntax" not in said

    said = told(table.replace('grammar = "."', 'grammar = "nowhere"'))
    assert "'nowhere' does not exist" in said and "unknown capture @coment" in said and "colour" in said
    said = told(table.replace("[(flow)", "[(flow"))
    assert "Invalid syntax" in said or "Invalid node type: flaw" in said


def test_mistakes_of_a_table_that_ships_are_told_alike(tmp_path):
    """Whoever adds one reads the same words; only its grammar is not loaded yet."""
    file = tmp_path / "bad.toml"
    file.write_text('[language.bad]\nextension = [".b"]\ngrammar = "pip:tree_sitter_b"\nquery = "(x)"\n', "utf-8")

    for read in (read_own_languages, read_builtin):
        with pytest.raises(SettingsError, match=r"language\.bad: unknown key 'extension', .*extensions is missing"):
            read(file)


def test_a_table_claims_scripts_and_files_of_another_ending(tmp_path):
    """A table may say what those that ship do: what runs its scripts, and which files of an ending are its own."""
    shutil.copytree(RELAY, tmp_path / "relay")
    file = tmp_path / "relay" / "relay.toml"
    before = read_own_languages(file)[0].sha256
    file.write_text(file.read_text("utf-8") + 'interpreters = ["relay"]\nclaims = {".h" = "^flow "}\n', "utf-8")
    (relay,) = read_own_languages(file)
    use_languages([relay])

    assert relay is language_of("bin/desk", data=b"#!/usr/bin/env relay\n")
    assert [relay, language_named("c")] == [language_of("a.h", data=data) for data in (b"\nflow a\n", b"int a;\n")]
    assert before != relay.sha256


def test_a_table_says_what_is_particular_to_its_language(tmp_path):
    """As those that ship do: which questions have no answer, and which names were not free."""
    shutil.copytree(RELAY, tmp_path / "relay")
    file = tmp_path / "relay" / "relay.toml"
    (before,) = read_own_languages(file)
    file.write_text(file.read_text("utf-8") + 'traits = ["one quote", "program"]\nsought = ["on_\\\\w+"]\n', "utf-8")
    (relay,) = read_own_languages(file)
    asked, shapes = conventions_by_id()["Q03"], conventions_by_id()["Q12"]

    use_languages([before])
    assert asked.is_of("relay") and not shapes.is_advised("1", "relay: `a`")
    use_languages([relay])
    assert not asked.is_of("relay") and shapes.is_advised("1", "relay: `a`")
    assert relay.sought_name.fullmatch("on_open") and not before.sought_name.fullmatch("on_open")
    assert before.sha256 != relay.sha256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(('query = "relay.scm"', 'query = "(flow) @unit"'), "no capture @unit.name", id="no name"),
        pytest.param(
            ('query = "relay.scm"', 'query = "(flaw) @unit @cal"'),
            r"query: 1:2: Invalid node type: flaw; .*no capture @unit\.name; .*unknown capture @cal",
            id="no such node",
        ),
        pytest.param(
            ('query = "relay.scm"', 'query = "(flow (identifier) @unit.name) @unit (step) @stp"'),
            "unknown capture @stp",
            id="strange capture",
        ),
        pytest.param(
            ('grammar = "."', 'grammar = "."\nsymbol = "other"'),
            r"'\.' holds the grammar relay, not other: set symbol to \"relay\"",
            id="wrong symbol",
        ),
        pytest.param(
            ('query = "relay.scm"', 'query = "(flow (identifier) @unit.name @unit"'),
            "a bracket or a quote is not closed",
            id="no bracket",
        ),
        pytest.param(('grammar = "."', 'grammar = "checker.py"'), "is no shared library", id="no library"),
        pytest.param(('grammar = "."', 'grammar = "pip:tree_sitter_nothing"'), "is not installed", id="no package"),
    ],
)
def test_a_language_that_cannot_work_is_refused_at_start(change, message, tmp_path):
    """Grammar and query are loaded before anything else, and the error says what to change."""
    folder = tmp_path / "relay"
    shutil.copytree(RELAY, folder)
    table = (folder / "relay.toml").read_text("utf-8")
    (folder / "relay.toml").write_text(table.replace(*change), "utf-8")
    with pytest.raises(SettingsError, match=message):
        read_own_languages(folder / "relay.toml")


def test_a_grammars_package_may_be_called_as_pip_calls_it(tmp_path):
    """It was said not to be installed, and installing it changed nothing."""
    file = tmp_path / "snake.toml"
    file.write_text(
        "[language.snake]\nextensions = ['.snake']\ngrammar = 'pip:tree-sitter-python'\nsymbol = 'python'\n"
        "query = '(function_definition name: (_) @unit.name body: (_) @unit.body) @unit'\n"
    )

    assert ["python"] == [language.symbol for language in read_own_languages(file)]


def test_a_grammar_may_be_called_by_its_function(tmp_path):
    """`symbol` is the grammar's name, with what its C function puts before it or without."""
    shutil.copytree(RELAY, tmp_path / "relay")
    file = tmp_path / "relay" / "relay.toml"
    file.write_text(file.read_text("utf-8").replace("relay]", "desk]") + 'symbol = "tree_sitter_relay"\n', "utf-8")

    assert ["relay"] == [language.symbol for language in read_own_languages(file)]


def test_a_mistake_in_a_query_is_placed_in_its_file(tmp_path):
    """Lines and columns count from 1; what a comment or a string says is no capture."""
    shutil.copytree(RELAY, tmp_path / "relay")
    query = tmp_path / "relay" / "relay.scm"
    query.write_text('; @none\n(flaw) @_a (#eq? @_a "@b")\n' + query.read_text("utf-8"), "utf-8")
    with pytest.raises(SettingsError) as error:
        read_own_languages(tmp_path / "relay" / "relay.toml")

    assert str(error.value).endswith("language.relay: query: relay.scm:2:2: Invalid node type: flaw")


def test_a_grammar_that_does_not_compile_names_the_complaint(tmp_path):
    """The compiler's first error is the message."""
    folder = tmp_path / "relay"
    shutil.copytree(RELAY, folder)
    (folder / "src" / "parser.c").write_text("int main(void) { return nothing; }\n", "utf-8")
    with pytest.raises(SettingsError, match=r"does not compile.*nothing"):
        read_own_languages(folder / "relay.toml")


def test_a_grammar_of_another_version_says_how_to_make_one_that_fits(tmp_path):
    """A parser for a tree-sitter that this one cannot read is told at start, with the way out."""
    folder = tmp_path / "relay"
    shutil.copytree(RELAY, folder)
    parser = (folder / "src" / "parser.c").read_text("utf-8")
    (folder / "src" / "parser.c").write_text(parser.replace(".version = 14", ".version = 99"), "utf-8")
    with pytest.raises(SettingsError, match=r"does not fit this tree-sitter.*--abi"):
        read_own_languages(folder / "relay.toml")


def test_a_grammar_is_compiled_once(monkeypatch):
    """The library is kept under the hash of its sources; a second start needs no compiler."""
    first = read_relay()
    monkeypatch.setenv("CC", "no-such-compiler")

    assert first == read_relay()


def test_a_grammar_works_where_nothing_can_be_cached(monkeypatch):
    """Without a cache the library lives as long as the process."""
    monkeypatch.setenv("IDIOLECT_CACHE", "")

    assert 14 == read_relay().grammar.abi_version


def test_doctor_knows_a_grammar_that_is_no_package(tmp_path):
    """A plug-in's table may name a folder; whether it is there is asked of the disk."""
    plugged = replace(language_named("python"), origin=str(tmp_path))

    assert is_installed(plugged)
    assert not is_installed(replace(plugged, origin=str(tmp_path / "gone")))
    assert not is_installed(replace(plugged, origin="pip:tree_sitter_nobody"))


@pytest.mark.parametrize(
    ("modules", "command"),
    [
        (["tree_sitter_python"], "pip install idiolect"),
        (["tree_sitter_c_sharp", "tree_sitter_yaml"], "pip install 'idiolect[languages]'"),
        (["tree_sitter_nobody"], "pip install tree-sitter-nobody"),
    ],
)
def test_what_installs_a_grammar_is_named(monkeypatch, modules, command):
    """By what needs it: idiolect itself, its extra, or nothing of idiolect's, as of a plug-in's table."""
    plugged = [replace(language_named("python"), name=module, origin=f"pip:{module}") for module in modules]
    monkeypatch.setattr("idiolect.mining.languages.builtin_languages", lambda: tuple(plugged))
    monkeypatch.setattr("idiolect.commands.doctor.is_installed", lambda language: False)

    assert f"not installed: {', '.join(modules)}; {command}\n" in run(doctor).stdout


def test_a_language_that_takes_another_ones_files_is_told_so(desk, tmp_path):
    """Where nothing is found in them, too: an ending of Python in a table reads Python no more."""
    table = tmp_path / "relay.toml"
    shutil.copytree(RELAY, tmp_path, dirs_exist_ok=True)
    table.write_text((RELAY / "relay.toml").read_text("utf-8").replace('".relay"', '".py"'), "utf-8")
    (desk / "a.py").write_text("def f(x):\n    return x\n", "utf-8")

    assert "  it reads .py in place of python\n" in run(doctor, "--language", table).stdout
    with pytest.raises(TooSmallError, match=r"The table of relay reads \.py in place of python\. Check the languages"):
        run(mine, desk, "--out", tmp_path / "corpus", "--language", table, "--workers", "1")


def test_doctor_says_how_a_language_reads_a_repository(desk):
    """Files with errors, units, and captures that matched nothing are reported."""
    (desk / "broken.relay").write_text("flow ! ! !\n", "utf-8")
    for file in desk.glob("*.relay"):
        file.write_text(file.read_text("utf-8").replace("#", "  log"), "utf-8")
    found = json.loads(run(doctor, desk, "--language", RELAY / "relay.toml", "--json").stdout)
    survey = found["languages"][0]["survey"]

    assert 11 == survey["files"]
    assert {"comment"} <= set(survey["unmatched_captures"])
    assert survey["files_with_errors"] >= 1
    assert 0 < survey["error_share"] <= 1


def test_a_language_in_the_mined_tree_is_ignored_and_said_so(desk, tmp_path):
    """A grammar is code: the tree's own settings cannot name one."""
    (desk / "idiolect.toml").write_text('[language.relay]\ngrammar = "evil.so"\n', "utf-8")
    run(mine, desk, "--out", tmp_path / "corpus", "--language", RELAY / "relay.toml", "--workers", "1")
    manifest = read_corpus(tmp_path / "corpus").manifest

    assert 1 == manifest["skipped"]["setting_that_runs_code"]
