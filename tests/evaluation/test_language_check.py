"""
The checker of a user's own language judges answers, caged.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from idiolect.commands.doctor import command as doctor
from idiolect.commands.doctor import render_checker
from idiolect.evaluation import language_check
from idiolect.evaluation.checks.check import LOST, Answer
from idiolect.evaluation.checks.compile import CompileCheck
from idiolect.evaluation.sandbox.doctor import find_cage
from idiolect.evaluation.sandbox.run import Outcome, Status
from idiolect.mining.own_languages import read_own_languages
from idiolect.mining.source import Span, parse_text

RELAY = Path(__file__).parent.parent / "mining" / "relay" / "relay.toml"
HEAD, REFERENCE, TAIL = 'flow go "Go."\n{\n', "  log start\n  send person home", "\n}\n"

pytestmark = pytest.mark.skipif(find_cage() is None, reason="no sandbox on this machine")


@pytest.fixture(name="relay")
def _relay(tmp_path, monkeypatch):
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path))
    (language,) = read_own_languages(RELAY)
    return language


def answer(language, code, reference=REFERENCE):
    span = Span(len(HEAD), len(HEAD) + len(code))
    return Answer(
        probe_id="p",
        symbol="go",
        code=code,
        source=parse_text("desk/-go.relay", HEAD + code + TAIL, language),
        span=span,
        reference=parse_text("desk/-go.relay", HEAD + reference + TAIL, language),
        reference_span=Span(len(HEAD), len(HEAD) + len(reference)),
    )


def test_what_the_checker_refuses_does_not_compile(relay):
    """The checker's line and message come back; what it accepts passes."""
    good, bad = CompileCheck().judge([answer(relay, "  wait long"), answer(relay, "  log a\n  jump far")])

    assert good.ok is True
    assert bad.ok is False
    assert 4 == bad.remarks[0].line
    assert "unknown verb 'jump'" in bad.remarks[0].message


def test_a_reference_the_checker_refuses_decides_nothing(relay):
    """Where the house's own file does not pass, the check is no evidence."""
    (result,) = CompileCheck().judge([answer(relay, "  log a", reference="  jump far")])

    assert (None, "unsupported") == (result.ok, result.status)


def test_a_checker_that_is_not_there_decides_nothing(relay):
    """A missing program is unsupported, never a failure."""
    (result,) = CompileCheck().judge([answer(replace(relay, check=("no-such-checker", "{file}")), "  log a")])

    assert (None, "unsupported") == (result.ok, result.status)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ('["python3", "checker.py", "{file}"]', "its checker accepts 1 of 2 files; the first complaint: b.relay:2: un"),
        ('["python3", "gone.py", "{file}"]', "its checker accepts 0 of 2 files; the first complaint: "),
        ('["no-such-checker", "{file}"]', "its checker 'no-such-checker' was not found: compilability will not be"),
    ],
)
def test_doctor_tries_the_checker_on_the_house_s_own_files(tmp_path, monkeypatch, check, said):
    """One that refuses what the house has written, or is not there, is told before anything is trained."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    shutil.copytree(RELAY.parent, tmp_path / "relay")
    table = tmp_path / "relay" / "relay.toml"
    table.write_text(re.sub("(?m)^check.*", f"check = {check}", table.read_text("utf-8")), "utf-8")
    (tmp_path / "desk").mkdir()
    for name, verb in (("a", "log"), ("b", "jump")):
        (tmp_path / "desk" / f"{name}.relay").write_text(f'flow go "Go." {{\n  {verb} far\n}}\n', "utf-8")
    result = CliRunner().invoke(doctor, [str(tmp_path / "desk"), "--language", str(table)], catch_exceptions=False)

    assert 0 == result.exit_code
    assert f"  {said}" in result.stdout


def test_a_single_file_that_a_checker_was_asked_about_is_one():
    """A small repository has no more."""
    tried = {"asked": 1, "accepted": 1, "reason": "", "first_complaint": ""}

    assert render_checker(tried) == "  its checker accepts 1 of 1 file"


def test_a_checker_that_has_to_be_stopped_is_tried_once(relay, monkeypatch):
    """Each of twenty files would take it as long."""
    monkeypatch.setattr(language_check, "run_caged", lambda *given, **settings: Outcome(Status.TIMEOUT))
    source = parse_text("a.relay", HEAD + REFERENCE + TAIL, relay)

    told: list[tuple[str, int, int]] = []
    assert 1 == language_check.try_checker([source, source], lambda *step: told.append(step))["asked"]
    assert [("checking", 0, 2)] == told


def test_what_the_machine_kept_from_the_checker_is_lost(relay, monkeypatch):
    """A cage that cannot be made says nothing about the answer, nor that the checker is not there."""
    monkeypatch.setattr(language_check, "run_caged", lambda *given, **settings: Outcome(Status.INFRA))
    (result,) = CompileCheck().judge([answer(relay, "  wait long")])

    assert (None, LOST) == (result.ok, result.status)


def test_a_checker_cannot_write_beside_itself(relay, tmp_path):
    """The checker runs in the cage: it sees its own folder and cannot change it."""
    (tmp_path / "evil.py").write_text(
        "import sys, pathlib\npathlib.Path(__file__).with_name('marker').write_text('x')\n", "utf-8"
    )
    evil = replace(relay, check=("python3", "evil.py", "{file}"), folder=str(tmp_path))
    found = language_check.run_checker(parse_text("a.relay", HEAD + REFERENCE + TAIL, evil))

    assert isinstance(found, language_check.Complaint)
    assert not (tmp_path / "marker").exists()
