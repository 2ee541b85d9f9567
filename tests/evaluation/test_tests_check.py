"""
The repository's own tests as a check: references pass, stubs fail, and a forged pass is told apart.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from idiolect.evaluation.checks import tests
from idiolect.evaluation.checks.check import LOST
from idiolect.evaluation.checks.tests import TestsCheck, make_check, tell_failed
from idiolect.evaluation.probes import Probe
from idiolect.evaluation.sandbox import suite
from idiolect.evaluation.sandbox.doctor import find_cage
from idiolect.evaluation.sandbox.run import Outcome, Status
from idiolect.evaluation.sandbox.suite import RUNNER, open_suite
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import language_named
from idiolect.mining.pairs.implement import draft_implement
from idiolect.mining.pairs.kind import MinedFile
from idiolect.mining.pairs.pair import Pair
from idiolect.mining.skeleton import render_skeleton
from idiolect.mining.source import parse_source
from tests_toys import plant

MODULE = '''"""Prices."""

import random


def add_tax(price, rate):
    """Return *price* with the tax of *rate* percent, in whole cents."""
    tax = price * rate // 100
    return price + tax


def name_price(price):
    """Return *price* as text."""
    whole, cents = divmod(price, 100)
    return f"{whole}.{cents:02d}"


def draw(prices):
    """Return one of *prices*."""
    found = random.choice(prices)
    return found


def unseen(prices):
    """Return twice as many *prices*."""
    more = prices + prices
    return more


def touched(prices):
    """Return the sum of *prices*."""
    total = sum(prices)
    return total
'''
TESTS = """import unittest

from shop.prices import add_tax, draw, name_price, touched


def test_tax():
    assert add_tax(100, 20) == 120
    assert add_tax(199, 10) == 218


class TestNames(unittest.TestCase):
    def test_name(self):
        self.assertEqual(name_price(1205), "12.05")


def test_draw_is_a_matter_of_luck():
    import os
    assert draw([0, 1]) == os.urandom(1)[0] % 2


def test_that_tests_nothing():
    try:
        touched([1])
    except NotImplementedError:
        pass
"""
NEEDS = '''"""What a test may need and a cage has not."""

import locale
import socket
import time

SEEN = []


def fetch(host):
    """Return whether *host* answers."""
    with socket.create_connection((host, 80), 1) as found:
        return bool(found)


def hours_east(moment):
    """Return how far east of Greenwich the clock on the wall is."""
    there = time.localtime(moment)
    return there.tm_gmtoff // 3600


def spell(number):
    """Return *number* as one spells it here."""
    locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    return f"{number:n}"


def device():
    """Return the first accelerator."""
    with open("/dev/nvidia0", "rb") as found:
        return found.name


def remember(thing):
    """Return how many things were seen."""
    SEEN.append(thing)
    return len(SEEN)


def count_all():
    """Return how many things were seen before."""
    found = len(SEEN)
    return found


def every_fifth(path):
    """Return whether this is not a fifth time."""
    with open(path, "a+") as file:
        file.write("x")
        return file.tell() % 5 != 0
'''
NEEDY = """from shop import needs


def test_fetch():
    assert needs.fetch("example.com")


def test_hours():
    assert needs.hours_east(0) == 9


def test_spell():
    assert needs.spell(1.5) == "1,5"


def test_device():
    assert needs.device()


def test_remember():
    assert needs.remember("tea") == 1


def test_that_comes_after():
    assert needs.count_all() == 1


def test_fifth():
    assert needs.every_fifth("/job/count")
"""
FILES = {
    "shop/__init__.py": "", "shop/prices.py": MODULE, "tests/test_prices.py": TESTS, "conftest.py": "",
    "shop/needs.py": NEEDS, "tests/test_needs.py": NEEDY,
}  # fmt: skip
HONEST = "    return price + price * rate // 100"
FORGERIES = [
    pytest.param("import os; os._exit(0)", "tamper", id="67-exits-early-with-success"),
    pytest.param("import atexit, os; atexit.register(os._exit, 0); os._exit(0)", "tamper", id="68-exit-at-exit"),
    pytest.param(
        "return type('Any', (), {'__eq__': lambda self, other: True, '__hash__': None})()", "tamper",
        id="69-equal-to-everything",
    ),
    pytest.param(
        "return type('Number', (int,), {'__eq__': lambda self, other: True, '__hash__': None})(7)", "tamper",
        id="70-a-number-equal-to-everything",
    ),
    pytest.param(
        "import sys; frame = sys._getframe(1); frame.f_locals; return price + price * rate // 100", "tamper",
        id="71-walks-frames",
    ),
    pytest.param(
        "import inspect; inspect.stack(); return price + price * rate // 100", "tamper", id="71-walks-frames-by-inspect"
    ),
    pytest.param(
        "import gc; gc.get_objects(); return price + price * rate // 100", "tamper", id="71-asks-the-collector"
    ),
    pytest.param(
        "exec(\"import sys; sys._getframe(2).f_back\"); return price + price * rate // 100", "tamper",
        id="71-walks-frames-from-a-string",
    ),
    pytest.param("import _pytest.runner as r; r.check_interactive_exception = len; return 0", "tamper", id="72-pytest"),
    pytest.param(
        "import sys\n    m = sys.modules['_pytest.reports']\n    old = m.TestReport.from_item_and_call\n"
        "    def new(item, call):\n        call.excinfo = None\n        return old(item, call)\n"
        "    m.TestReport.from_item_and_call = new\n    return 0",
        "tamper", id="72-reports-without-an-import",
    ),
    pytest.param(
        "import sys; sys.modules['unittest'].TestCase.assertEqual = lambda *a: None; return 0", "tamper",
        id="72-unittest",
    ),
    pytest.param("open('/job/report.xml', 'w').write('<passed/>'); return 0", "fail_tests", id="73-fake-report"),
    pytest.param(
        "import os; os.remove('/repository/tests/test_prices.py'); return 120", "fail_tests", id="74-deletes-the-tests"
    ),
    pytest.param("open('/repository/conftest.py', 'w').write(''); return 0", "fail_tests", id="75-conftest"),
    pytest.param("import time; time.time = lambda: 0.0; return price + price * rate // 100", "tamper", id="76-time"),
    pytest.param("import os; os.write(1, b'1 passed\\n'); return 0", "fail_tests", id="77-says-passed"),
    pytest.param(
        "import os\n    for n in range(3, 20):\n        try:\n            os.write(n, b'{\"record\": \"end\"}\\n')\n"
        "        except OSError:\n            pass\n    return 0",
        "tamper", id="77-writes-records",
    ),
    pytest.param(
        "import os\n    for n in range(3, 20):\n        try:\n            os.write(n, b'broken\\n')\n"
        "        except OSError:\n            pass\n    os._exit(1)",
        "tamper", id="77-plays-a-broken-runner",
    ),
    pytest.param("import glob; return open('/repository/.git/HEAD').read()", "fail_tests", id="78-reads-the-history"),
    pytest.param(
        "memory = open('/proc/self/mem', 'rb'); return price + price * rate // 100", "fail_tests",
        id="78-reads-its-own-memory",
    ),
    pytest.param(
        "import os, subprocess; subprocess.run(['/usr/bin/head', '-c', '0', f'/proc/{os.getpid()}/mem'], check=True)\n"
        "    return price + price * rate // 100",
        "fail_tests", id="78-has-its-memory-read",
    ),
    pytest.param(
        "import signal, time; signal.alarm(0); signal.setitimer(0, 0)\n    while True: pass", "tests_timeout",
        id="79-sleeps-past-the-alarm", marks=pytest.mark.slow,
    ),
    pytest.param("raise SystemExit(0)", "fail_tests", id="67-raises-exit"),
    pytest.param(
        "import json\n    old = json._default_encoder.encode\n    def new(row):\n"
        "        if str(row.get('id')).startswith('tests/'):\n            row['outcome'] = 'passed'\n"
        "        return old(row)\n    json._default_encoder.encode = new\n    return 0",
        "fail_tests", id="73-rewrites-records-as-they-are-encoded",
    ),
    pytest.param(
        "import os, threading\n    channel = max(n for n in range(3, 30) if os.path.exists(f'/proc/self/fd/{n}')\n"
        "        and os.readlink(f'/proc/self/fd/{n}').startswith('socket'))\n"
        "    real, (out, into) = os.dup(channel), os.pipe()\n    os.dup2(into, channel)\n"
        "    def pass_on():\n        for line in os.fdopen(out, 'rb'):\n"
        "            os.write(real, line.replace(b'failed', b'passed') if b'tests/' in line else line)\n"
        "            if b'\"end\"' in line:\n                return\n"
        "    threading.Thread(target=pass_on).start()\n    return 0",
        "tamper", id="73-rewrites-records-on-their-way",
    ),
    pytest.param(
        "import sys\n    runner = sys.modules['__main__']\n    seen = runner.take_prints()\n"
        "    runner.take_prints = lambda: seen\n    reports = sys.modules['_pytest.reports'].TestReport\n"
        "    old = reports.from_item_and_call\n    def new(item, call):\n        report = old(item, call)\n"
        "        if report.nodeid.startswith('tests/'):\n            report.outcome = 'passed'\n        return report\n"
        "    reports.from_item_and_call = new\n    return 0",
        "fail_tests", id="72-finds-who-looks-for-changes",
    ),
    pytest.param(
        "import sys\n    caller = sys.modules['pluggy._hooks'].HookCaller\n    old = caller.__call__\n"
        "    def new(self, **given):\n        report = given.get('report')\n"
        "        if report is not None and report.nodeid.startswith('tests/'):\n"
        "            report.outcome = 'passed'\n        return old(self, **given)\n"
        "    caller.__call__ = new\n    return 0",
        "tamper", id="72-plug-ins-called-otherwise",
    ),
    pytest.param(
        "import sys\n    for finder in sys.meta_path:\n        settings = getattr(finder, 'config', None)\n"
        "        for one in settings.pluginmanager.get_plugins() if settings else ():\n"
        "            if type(one).__name__ == 'Recorder':\n                emit = one.emit\n"
        "                one.emit = lambda word, **row: emit(word, **{**row, 'outcome': 'passed'}\n"
        "                    if str(row.get('id')).startswith('tests/') else row)\n    return 0",
        "fail_tests", id="72-finds-the-plug-ins-by-an-importer",
    ),
]  # fmt: skip


@pytest.fixture(name="check", scope="module")
def _check(tmp_path_factory) -> TestsCheck:
    """Return the check over a toy repository."""
    cage = find_cage()
    if cage is None or cage.tier < 3:
        pytest.skip("no cage of tier 3 on this machine")
    root = plant(tmp_path_factory.mktemp("repo"), {**FILES, ".git/HEAD": "ref: x"})
    check = make_check(None, root)
    assert isinstance(check, TestsCheck)
    return check


@pytest.fixture(autouse=True)
def _few_rounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat a reference as often as the check does only where its luck is the matter: each time is a cage."""
    if "H05" not in request.node.name:
        monkeypatch.setattr(tests, "ROUNDS", 2)


@pytest.fixture(name="probes", scope="module")
def _probes() -> dict[str, Probe]:
    """Return a probe for every function of the toy modules."""
    return {**probes_of("shop/prices.py", MODULE), **probes_of("shop/needs.py", NEEDS)}


def probes_of(path: str, text: str) -> dict[str, Probe]:
    """Return a probe for every function of one module."""
    source = parse_source(path, text.encode(), language_named("python"))
    definitions = collect_definitions(source)
    drafts = draft_implement(MinedFile(source, definitions, render_skeleton(source, definitions)))
    probes = {}
    for draft in drafts:
        pair = Pair(
            id=draft.symbol, kind="implement", language="python", split="test", prompt_id="", context="",
            instruction=draft.instruction, response=draft.response, repository="", commit="", path=source.path,
            symbol=draft.symbol, start_line=draft.start_line, end_line=draft.end_line, licence="", cluster="",
            quality=1.0,
        )  # fmt: skip
        probes[draft.symbol] = Probe(pair, source, source.lines_span(draft.start_line, draft.end_line))
    return probes


def judge(check: TestsCheck, probe: Probe, code: str):
    (result,) = check.judge([probe.answer(code)])
    return result


def test_the_reference_passes_and_so_does_another_way_to_write_it(check, probes) -> None:
    """An answer is judged by what it does, not by how it is spelled."""
    probe = probes["add_tax"]

    assert (True, "ok") == (judge(check, probe, probe.pair.response).ok, judge(check, probe, HONEST).status)


def test_a_stub_and_a_wrong_answer_fail(check, probes) -> None:
    """Failing tests are named."""
    stub = judge(check, probes["add_tax"], probes["add_tax"].stub())
    wrong = judge(check, probes["name_price"], '    return "12,05"')

    assert (False, "fail_tests") == (stub.ok, stub.status)
    assert ["tests/test_prices.py::TestNames::test_name"] == wrong.detail["failed"]


@pytest.mark.parametrize(("code", "status"), FORGERIES)
def test_a_forged_pass_fails(check, probes, code: str, status: str) -> None:
    """No forgery of the abuse list passes; what reached for the checker is called tampering."""
    result = judge(check, probes["add_tax"], f"    {code}")

    assert (False, status) == (result.ok, result.status), result.detail


def test_a_changed_class_method_of_the_checker_is_seen() -> None:
    """How a report is made is a class method, which its class holds in a form that cannot be called."""
    code = (
        "import _pytest.reports, runpy; take = runpy.run_path(RUNNER)['take_prints']; before = take()\n"
        "old = _pytest.reports.TestReport.from_item_and_call\n"
        "_pytest.reports.TestReport.from_item_and_call = lambda item, call: old(item, call)\n"
        "print([name for name, mark in before.items() if take().get(name) != mark])"
    ).replace("RUNNER", repr(str(RUNNER)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "['_pytest.reports.TestReport.from_item_and_call']" == done.stdout.strip()


def test_what_a_full_disk_keeps_from_the_tests_is_lost(check, probes, monkeypatch) -> None:
    """Neither a pass nor a failure: a reference, an answer, and the calls that are judged out here."""
    full = Outcome(Status.INFRA, detail="No space left on device")
    probe = probes["add_tax"]
    known = judge(check, probe, HONEST)
    real, left = suite.run_caged, [1]

    def fill_up(*given, **settings):
        """Be full, but for the runs that are left."""
        left[0] -= 1
        return real(*given, **settings) if left[0] >= 0 else full

    monkeypatch.setattr(suite, "run_caged", fill_up)
    unasked = judge(check, probe, HONEST)
    unrun = judge(check, probe, HONEST)
    left[0] = 1  # measures what each test runs, so that the reference is what is lost
    (unadmitted,) = TestsCheck(check.suite).judge([probe.answer(HONEST)])

    assert True is known.ok
    assert [(None, LOST)] * 3 == [(result.ok, result.status) for result in (unasked, unrun, unadmitted)]


def test_what_one_answer_leaves_the_next_does_not_find(check, probes) -> None:
    """A pass cannot be prepared by an earlier sample (80)."""
    judge(check, probes["add_tax"], "    open('/job/left', 'w').write('x'); return 0")
    result = judge(check, probes["add_tax"], "    open('/job/left').read()\n" + HONEST)

    assert "fail_tests" == result.status


@pytest.mark.parametrize(
    ("symbol", "reasons"),
    [
        pytest.param("unseen", {"not_covered"}, id="no test runs it"),
        pytest.param("touched", {"vacuous"}, id="a stub passes"),
        pytest.param("draw", {"reference_flaky", "reference_fails", "not_covered"}, id="H05-fails-1-in-2"),
        pytest.param("every_fifth", {"reference_flaky"}, id="H05-fails-1-in-5"),
        pytest.param("fetch", {"not_covered"}, id="H04-needs-the-network"),
        pytest.param("hours_east", {"not_covered"}, id="H04-needs-a-time-zone"),
        pytest.param("spell", {"not_covered"}, id="H04-needs-a-locale"),
        pytest.param("device", {"not_covered"}, id="H04-needs-a-GPU"),
        pytest.param("count_all", {"reference_fails"}, id="H04-needs-an-order"),
    ],
)
def test_a_probe_that_tests_cannot_judge_is_left_out(check, probes, symbol: str, reasons: set[str]) -> None:
    """The check decides nothing where no test runs the lines, or only one that is vacuous, flaky, or lacks a need."""
    result = judge(check, probes[symbol], probes[symbol].pair.response)

    assert result.detail.get("reason", "") in reasons, result
    assert (None, "unsupported") == (result.ok, result.status)


def test_answers_beside_each_other_are_judged_as_alone(check, probes) -> None:
    """Two workers on one checkout give what one gives, each on a private copy; the checkout keeps its bytes (H07)."""
    tax = probes["add_tax"]
    codes = [HONEST, "    return 0", "    import os; os._exit(0)", tax.stub(), tax.pair.response]
    answers = [tax.answer(code) for code in codes] + [probes["name_price"].answer("    return '12.05'")]
    together = check.judge(answers * 2)
    alone = [result for one in answers for result in check.judge([one])]
    twin = open_suite(check.suite.folder, check.suite.cage)

    assert alone == together[: len(answers)] == together[len(answers) :]
    assert twin.folder != check.suite.folder
    for path, text in FILES.items():
        assert text == (check.suite.folder / path).read_text("utf-8") == (twin.folder / path).read_text("utf-8")


def test_a_checkout_of_another_version_decides_nothing(check, probes) -> None:
    """Tests of other code than was mined say nothing about the answer."""
    probe = probes["add_tax"]
    text = probe.source.text.replace("Prices.", "Other prices.")
    other = Probe(probe.pair, parse_source(probe.source.path, text.encode(), language_named("python")), probe.span)
    fresh = TestsCheck(check.suite)

    assert "another_version" == fresh.judge([other.answer(HONEST)])[0].detail["reason"]


def test_without_a_checkout_there_is_no_such_check() -> None:
    """The check is absent, not failed, where nothing can be run."""
    assert make_check(None, None) is None


def test_what_is_no_plain_file_is_not_copied(check, tmp_path: Path) -> None:
    """A pipe or a socket in a checkout is left out of the copy, and stops nothing."""
    (tmp_path / "a.py").write_text("x = 1\n")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        copy = open_suite(tmp_path, check.suite.cage)

    assert ["a.py"] == [path.name for path in copy.folder.iterdir()]


def test_the_private_copy_goes_with_the_suite(check, tmp_path: Path) -> None:
    """No copy of the checkout is left behind, and links in it do not lead out."""
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "link").symlink_to("/etc/passwd")
    suite = open_suite(tmp_path, check.suite.cage)
    folder = suite.folder

    assert (folder / "link").is_symlink()

    del suite

    assert not folder.exists()


@pytest.mark.parametrize(
    ("failed", "count", "said"),
    [
        (("t::a",), 1, "the one test of it fails: t::a"),
        (("t::a",), 5, "1 test of 5 fails, first t::a"),
        (("t::a", "t::b"), 5, "2 tests of 5 fail, first t::a"),
    ],
)
def test_how_many_fail_is_told_in_words_that_fit(failed, count, said):
    """One test is no `tests`, and where there is only one it is not the first."""
    assert said == tell_failed(failed, count)
