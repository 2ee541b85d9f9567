"""
An installed package adds a pair kind, a convention, a check, a format and a language; what lies about adds nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from idiolect.mining import plugins
from idiolect.mining.errors import InputError

TESTS = Path(__file__).parent.parent
PLUGIN = TESTS.parent / "samples" / "plugin"
ASK = """
import json
from idiolect.evaluation.formats import format_names
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.languages import language_of
from idiolect.mining.pairs.kind import collect_kinds
from idiolect.evaluation.checks.check import plugged_checks
bats = language_of("a.bats")
print(json.dumps({
    "kind": "title" in collect_kinds(), "convention": "potting-loop-names" in conventions_by_id(),
    "language": bats is not None and bats.name, "checks": [entry.name for entry, _ in plugged_checks()],
    "format": "lines" in format_names(),
}))
"""


@pytest.fixture(name="python", scope="module")
def _python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment of its own over this one, with the plug-in installed and no network."""
    root = tmp_path_factory.mktemp("plugged")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / "venv")], check=True)
    python = root / "venv" / "bin" / "python"
    (folder,) = (root / "venv" / "lib").glob("python*/site-packages")
    here = [sysconfig.get_path("purelib"), *site.getsitepackages(), *(p for p in sys.path if p.endswith("-packages"))]
    # addsitedir reads the .pth files of a folder as well, where an editable idiolect is named
    lines = "; ".join(f"site.addsitedir({str(folder)!r})" for folder in dict.fromkeys(here))
    (folder / "over.pth").write_text(f"import site; {lines}\n")
    shutil.copytree(PLUGIN, root / "plugin")
    install = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", str(root / "plugin")]
    subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", *install], check=True,
                   capture_output=True)  # fmt: skip
    return python


def run(python: Path | str, *words: str, **options) -> subprocess.CompletedProcess[str]:
    """Run a Python and return what it said."""
    return subprocess.run([str(python), *words], capture_output=True, text=True, check=True, timeout=120, **options)


def test_an_installed_package_adds_one_of_each(python: Path):
    """No list and no setting names it."""
    said = json.loads(run(python, "-c", ASK).stdout)

    assert {"kind": True, "convention": True, "language": "bats", "checks": ["quiet"],
            "format": True} == said  # fmt: skip


def test_it_keeps_what_is_asked_of_an_addition(python: Path):
    """Its convention's examples are tests beside ours, and what is there already takes one more of each."""
    asked = (
        "potting-loop-names or every_kind_has_a_file or a_language_goes_from_files or built_in_language or golden_file "
        "or drives_no_terminal"
    )
    files = ("mining/test_conventions.py", "mining/test_pairs.py", "mining/test_own_languages.py",
             "mining/test_grammars.py", "evaluation/test_formats.py")  # fmt: skip

    told = run(python, "-m", "pytest", "-p", "no:cacheprovider", "-k", asked, *(str(TESTS / file) for file in files))

    assert "passed" in told.stdout


def write_pots(folder: Path) -> Path:
    """Write a repository for the plug-in to be asked about, and return it."""
    pots = folder / "pots"
    pots.mkdir()
    for i, noun in enumerate(("seed", "pot", "tray", "bench", "label", "bed", "plug", "graft")):
        (pots / f"{noun}.py").write_text(
            f'def water_{noun}(many):\n    """Water every {noun} of *many* that is dry."""\n'
            f"    done = []\n    for {noun} in many:\n        if {noun}.dry > {i}:\n"
            f"            done.append({noun}.water({i + 2}, by='{noun}'))\n    return done\n"
        )
    return pots


def test_its_pairs_are_mined_and_its_convention_is_learned(python: Path, tmp_path: Path):
    """The plug-in's kind stands in the corpus beside ours, its convention in the profile."""
    pots = write_pots(tmp_path)
    run(python, "-m", "idiolect", "mine", str(pots), "--out", str(tmp_path / "corpus"), "--workers", "1")
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text())
    profile = (tmp_path / "corpus" / "profile.json").read_text()

    assert "title" in {row["kind"] for row in manifest["counts"]}
    assert "potting-loop-names" in profile


def test_the_page_of_its_convention_is_found(python: Path):
    """By the id that findings carry, whatever its case."""
    pages = [run(python, "-m", "idiolect", "check", "--explain", rule).stdout for rule in ("potting-loop-names", "s01")]

    assert ["# potting-loop-names loop-names", "# S01 quote-marks"] == [page.split("\n")[0] for page in pages]


def test_its_format_is_one_like_ours(python: Path, tmp_path: Path):
    """It is named like the others, and notes that it has no place for go where theirs do."""
    (tmp_path / "a.py").write_text("def f(:\n")
    (tmp_path / "a.css").write_text("a {}\n")
    words = ["-m", "idiolect", "check", str(tmp_path), "--no-names", "--format", "lines"]
    done = subprocess.run([str(python), *words], capture_output=True, text=True, check=False, timeout=120)

    assert done.stdout.startswith("a.py:1:") and " P01 " in done.stdout
    assert "note: 1 file of a language that is not read (.css)\n" in done.stderr


def test_what_an_earlier_state_of_it_gave_is_not_kept(python: Path, tmp_path: Path):
    """Its code is changed where it is installed, as in development: files that are the same are mined again."""
    (title,) = (python.parent.parent / "lib").glob("python*/site-packages/idiolect_potting/title.py")
    code = title.read_text("utf-8")
    words = ["-m", "idiolect", "mine", str(write_pots(tmp_path)), "--out", str(tmp_path / "corpus"), "--workers", "1"]
    said: list[set[str]] = []
    try:
        for ask in ("Say in one line", "Say in no more than one line"):
            title.write_text(code.replace("Say in one line", ask), "utf-8")
            run(python, *words, env={**os.environ, "IDIOLECT_CACHE": str(tmp_path / "cache")})
            rows = map(json.loads, (tmp_path / "corpus" / "pairs" / "train.jsonl").read_text("utf-8").splitlines())
            said.append({row["instruction"].partition(" what")[0] for row in rows if row["kind"] == "title"})
    finally:
        title.write_text(code, "utf-8")

    assert said == [{"# Say in one line"}, {"# Say in no more than one line"}]


def test_its_check_judges_answers(python: Path):
    """An answer that prints is refused; the reference is not."""
    code = """
from idiolect.evaluation.checks.check import Answer, collect_checks
from idiolect.mining.languages import language_named
from idiolect.mining.source import Span, parse_text
python, head = language_named("python"), "def f(x):\\n"
def answer(body):
    return Answer("p", "f", body, parse_text("a.py", head + body, python), Span(len(head), len(head + body)),
                  parse_text("a.py", head + "    return x", python), Span(len(head), len(head) + 12))
from idiolect.evaluation.checks.check import plugged_checks
check = plugged_checks()[0][1](None, None)
print([result.ok for result in check.judge([answer("    print(x)"), answer("    return x")])])
"""

    assert "[False, True]" == run(python, "-c", code).stdout.strip()


def test_its_examples_are_tests(python: Path):
    """A plug-in's convention is held to its own examples by the same code as ours."""
    code = """
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.languages import language_named
from idiolect.mining.source import parse_source
convention = conventions_by_id()["potting-loop-names"]
def answers(text):
    source = parse_source("a.py", text.encode(), language_named("python"))
    return {o.value for o in tally_source(source).opportunities if o.convention == convention.id}
examples = convention.examples
assert all(answers(text) == {examples.value} for text in examples.conforms)
assert all(answers(text) == {"a letter"} for text in examples.departs)
assert not any(answers(text) for text in examples.nearly)
print("held")
"""

    assert "held" == run(python, "-c", code).stdout.strip()


def test_a_mined_tree_registers_nothing(tmp_path: Path):
    """A package that lies in the working folder, on the import path, is never loaded."""
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')\n")
    info = tmp_path / "evil-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[idiolect.kinds]\nevil = evil:KIND\n")
    said = run(sys.executable, "-c", ASK, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})

    assert not json.loads(said.stdout)["kind"]


def test_a_name_that_is_taken_is_refused(monkeypatch):
    """Two of one name would hide each other: both names are told, and nothing that is known gives way."""
    entries = [EntryPoint(name, "os.path:sep", "idiolect.kinds") for name in ("potting", "other")]
    monkeypatch.setattr(plugins, "entries_of", lambda _: entries)
    known = {}

    with pytest.raises(InputError, match=r"'other' \(os.path:sep\) brings 'quiet'"):
        plugins.add_plugins(known, "kinds", lambda _: "quiet", str)

    assert known == {"quiet": "quiet"}


Break = Callable[[str, str], Path]


@pytest.fixture(name="break_plugin")
def _break_plugin(python: Path) -> Iterator[Break]:
    """Install one more package beside the plug-in, with an entry point in a group, and take it away again."""
    (folder,) = (python.parent.parent / "lib").glob("python*/site-packages")
    module, info = folder / "shed.py", folder / "garden_shed-2.dist-info"

    def install(group: str, code: str) -> Path:
        module.write_text(code, "utf-8")
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: garden-shed\nVersion: 2\n")
        (info / "entry_points.txt").write_text(
            f"[idiolect.{group}]\nrake = shed:RAKE\n" if group else "[idiolect.a]\nb"
        )
        return python

    yield install
    module.unlink(missing_ok=True)
    shutil.rmtree(info, ignore_errors=True)


def refuse(python: Path, *words: str) -> str:
    """Return the line that a command is refused with, as input that cannot be used is."""
    done = subprocess.run(
        [str(python), "-m", "idiolect", *words], capture_output=True, text=True, check=False, timeout=120
    )

    assert (2, "") == (done.returncode, done.stdout)
    (line,) = done.stderr.splitlines()
    return line


SHED = "idiolect: The plug-in 'rake' of the package garden-shed (shed:RAKE) cannot be used: "
CONVENTION = "from idiolect.mining.conventions import Convention\nclass RAKE(Convention):\n    "


@pytest.mark.parametrize(
    ("group", "code", "said"),
    [
        pytest.param("conventions", "1 / 0", "ZeroDivisionError: division by zero.", id="raises"),
        pytest.param("conventions", "raise SystemExit", "SystemExit.", id="leaves"),
        pytest.param(
            "conventions", "RAKES = 1", "AttributeError: module 'shed' has no attribute 'RAKE'", id="lacks it"
        ),
        pytest.param("conventions", "RAKE = 3", "it is of type int, and no class of Convention.", id="no convention"),
        pytest.param(
            "conventions",
            f"{CONVENTION}id = 'rake'\n    examples = 3",
            "its convention has no name and no question.",
            id="a half one",
        ),
        pytest.param(
            "conventions",
            f"{CONVENTION}id = name = question = 'rake'\n    examples = 3\n    query = '(no_node) @site'",
            "QueryError: ",
            id="a query of no node",
        ),
        pytest.param("languages", "RAKE = 3", "TypeError: ", id="no path"),
        pytest.param("languages", "RAKE = 'no.toml'", "no.toml", id="no table"),
        pytest.param("formats", "RAKE = 3", "The format 'rake' has no function `render`, and is none.", id="no format"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named(break_plugin: Break, tmp_path: Path, group: str, code: str, said: str):
    """It is told in one line, with the package to be mended, before anything is asked."""
    words = ["check", str(write_pots(tmp_path)), "--no-names", *(["--format=rake"] if group == "formats" else [])]

    line = refuse(break_plugin(group, code), *words)

    assert line.startswith(SHED) and said in line and line.endswith(". Mend or uninstall its package.")


def test_a_broken_plug_in_ends_what_would_ask_it_alone(break_plugin: Break, tmp_path: Path):
    """Before anything is mined, and nothing is left behind; a check asks no kind and passes."""
    pots = write_pots(tmp_path)
    python = break_plugin("kinds", "RAKE = 3")

    line = refuse(python, "mine", str(pots), "--out", str(tmp_path / "corpus"))
    assert f"{SHED}it is of type int, and no Kind. Mend or uninstall its package." == line
    assert not (tmp_path / "corpus").exists()
    run(python, "-m", "idiolect", "check", str(pots), "--no-names")


def test_a_broken_check_is_told_before_anything_is_mined(break_plugin: Break, tmp_path: Path):
    """Answers would come to it after minutes of training."""
    python = break_plugin("checks", "RAKE = 3")

    line = refuse(python, "specialize", str(write_pots(tmp_path)), "--out", str(tmp_path / "out"))

    assert f"{SHED}it is of type int, and no function that makes a check" in line
    assert not (tmp_path / "out").exists()


def test_a_list_of_entry_points_that_is_none_is_told(break_plugin: Break, tmp_path: Path):
    """Its package is named, for no plug-in has a name yet."""
    line = refuse(break_plugin("", ""), "check", str(write_pots(tmp_path)), "--no-names")

    assert line.startswith("idiolect: The entry points of the package garden-shed cannot be read")
