"""
The report: one page, no network, everything escaped; looked at in a real browser where there is one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import toys
from idiolect.evaluation.figures import percents
from idiolect.evaluation.report.charts import Scale, draw_curve
from idiolect.evaluation.report.examples import first_sentence
from idiolect.evaluation.report.facts import say_ability, say_cost, say_cross_check, say_rival
from idiolect.evaluation.report.render import describe_arm, say_accepted
from idiolect.evaluation.report.visible import make_visible
from toys import FakeGenerator, evaluate_corpus, tenth, tuned_knows

HOSTILE = (
    """    x = '</script><script>document.title = "owned"</script><img src=http://x.invalid/ onerror=alert(1)>'\n"""
)
LOG = [{"step": 0, "held_out_loss": 2.4}, {"step": 10, "loss": 2.1}, {"step": 20, "loss": 1.9, "held_out_loss": 2.0}]


@pytest.fixture(scope="module")
def page(corpus, tmp_path_factory):
    """Return the report of an evaluation whose wrong answers attack it."""
    out = tmp_path_factory.mktemp("report") / "evaluation"
    generator = FakeGenerator(
        corpus, tuned_knows, wrong=lambda request: HOSTILE if tenth(request) % 2 else "    \x1b[31m\x00pass\n"
    )
    evaluate_corpus(corpus, out, generator=generator, adapter_info={"log": LOG})
    return out / "report.html"


class Links(HTMLParser):
    """Collects what a page loads or links to, and its scripts."""

    def __init__(self):
        super().__init__()
        self.loads: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.loads += [value for name, value in attrs if name in ("src", "href", "action", "data") and value]


def test_the_page_loads_nothing(page):
    """No address stands in an attribute, none in a style."""
    text = page.read_text("utf-8")
    links = Links()
    links.feed(text)

    assert links.loads == []
    assert "url(" not in re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "default-src 'none'" in text


def test_answers_stay_text(page):
    """A closing script element in an answer closes nothing."""
    text = page.read_text("utf-8")
    links = Links()
    links.feed(text)

    assert links.scripts == 2
    assert "<img" not in text
    assert "onerror=alert" in json.dumps(read_data(text))


def read_data(text):
    """Return the data of the sample browser."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_every_sample_is_in_the_browser(page):
    """Samples of all arms, references and stubs, each with its probe."""
    data = read_data(page.read_text("utf-8"))

    assert len(data["samples"]) == 6 * (32 + 12) + 32 * 3
    assert all(sample["probe"] in data["probes"] for sample in data["samples"])
    assert {"base", "guide+rag", "tuned", "reference", "stub", "base-repeat"} <= {s["arm"] for s in data["samples"]}


def test_pictures_and_sections_are_there(page):
    """Arms with intervals, the loss curve, three examples, the evidence."""
    text = page.read_text("utf-8")

    assert text.count('<svg class="row"') == 9
    assert '<svg class="strip"' in text
    assert '<svg class="curve"' in text
    assert text.count('<article class="example">') == 3
    assert 'id="evidence"' in text


def test_without_an_adapter_none_is_said_to_have_learned(corpus, page, tmp_path):
    """The losses of the base alone stand under a heading of their own."""
    out = tmp_path / "evaluation"
    evaluate_corpus(corpus, out, adapter_info=None)
    texts = [file.read_text("utf-8") for file in (page, out / "report.html")]

    assert [("What the adapter learned" in text, "What the base knows" in text) for text in texts] == [
        (True, False),
        (False, True),
    ]


def test_a_change_that_rounds_to_nothing_has_no_sign():
    """In words, as in tables."""
    assert [percents(share) for share in (-0.0004, 0.0, 0.0004, -0.0005001, 0.071)] == [
        "0.0",
        "0.0",
        "0.0",
        "−0.1",
        "+7.1",
    ]


def test_no_sign_is_unseen():
    """What takes no room, turns text or is read by models alone stands as its number."""
    assert "a[U+00AD][U+202E][U+200B][U+E0041]␛[31m\tb\n" == make_visible("a\xad\u202e\u200b\U000e0041\x1b[31m\tb\r\n")


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.31, 0.31), (8.04, 8.32), (0.0, 900.0)])
def test_ticks_are_round_and_on_the_axis(low, high):
    """Between two and eight ticks, none outside."""
    ticks = Scale(low, high).ticks()

    assert 2 <= len(ticks) <= 8
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)


def test_steps_are_counted_in_whole_numbers():
    """Half a step would be rounded to a number that stands elsewhere."""
    curve = draw_curve((("training", [(0, 2.0), (10, 1.0)]),))

    assert curve is not None
    assert curve.x_ticks == ((0.0, "0"), (50.0, "5"), (100.0, "10"))


@pytest.mark.parametrize(
    ("ask", "doc"),
    [
        ('# Write the body of `f`.\ndef f():\n    """Say it.\n\n    Twice."""\n', "Say it."),
        ("-- Write the body of `f`.\n-- Say it,\n-- and twice.\nflow f {", "Say it,"),
        ("// Write the body of `f`.\n/**\n * Say it.\n */\nfunction f() {", "Say it."),
        ("    // Write the body of `f`.\n    /// Say it.\n    fn f() {", "Say it."),
        ("// Write the body of `f`.\nfunc f() {", "// Write the body of `f`."),
    ],
)
def test_an_answer_stands_below_its_documentation(ask: str, doc: str):
    """Whatever the language; what has none stands below the ask."""
    assert first_sentence(ask) == doc


def test_no_points_are_no_curve():
    """An adapter without a log has no picture, not a broken one."""
    assert draw_curve((("training", []), ("held", [(0, 1.0)]))) is None


@pytest.fixture(scope="module")
def browser():
    """Return a headless Chromium."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chrome = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chrome is None or driver is None:
        pytest.skip("no Chromium with its driver; name one: CHROME=path")
    options = selenium.ChromeOptions()
    options.binary_location = chrome
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield window
    window.quit()


def show(browser, page, width, scheme):
    """
    Open the page at a width and in a colour scheme, and wait until it has been drawn.

    Chrome 150 refuses now and then to photograph a page that it has loaded but not drawn yet: 11 times in 150 on a
    busy machine, never after two frames.
    """
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"file://{page}")
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_says_nothing_to_the_console(browser, page, width, scheme):
    """No sideways scrolling at desk or phone width, no script error, the attack did not run."""
    show(browser, page, width, scheme)

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert browser.title != "owned"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """Return the report of an evaluation whose names and documentation never come to an end."""
    folder = tmp_path_factory.mktemp("crowded")
    endless = "x" * 400
    with pytest.MonkeyPatch.context() as patch:
        plain = toys.toy_file
        patch.setattr(toys, "toy_file", lambda number: plain(number).replace("number", endless, 2))
        corpus = toys.make_corpus(folder / "corpus")
    generator = FakeGenerator(corpus, tuned_knows, wrong=lambda request: "    lines = [0]\n" * 25 + "    return 1\n")
    evaluate_corpus(corpus, folder / "e", generator=generator, adapter_info={"log": LOG})
    return folder / "e" / "report.html"


@pytest.mark.parametrize("width", [1280, 390])
def test_words_without_end_are_broken(browser, crowded, width):
    """No sideways scrolling either where a name or a sentence has no place to be broken at."""
    show(browser, crowded, width, "light")

    labels = browser.execute_script("return [...document.querySelectorAll('.chart span')].map(n => n.offsetHeight)")

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert max(labels) < 30


@pytest.mark.parametrize("width", [1280, 390])
def test_a_bar_is_as_long_as_its_number(browser, page, width):
    """The longest bar ends before its number, and no other is drawn as long as it."""
    show(browser, page, width, "light")
    bars = browser.execute_script(
        "return [...document.querySelectorAll('.bar')].map(n => [...n.children].map(c => c.getBoundingClientRect()))"
        ".map(([name, bar, number], at) => [bar.width, bar.right, number.left, +document.querySelectorAll('.bar em')"
        "[at].textContent])"
    )

    lengths = [drawn / number for drawn, _, _, number in bars]

    assert len({number for *_, number in bars}) > 1
    assert lengths == pytest.approx([lengths[0]] * len(lengths), rel=0.01)
    assert all(end <= begin for _, end, begin, _ in bars)


def test_lines_of_an_answer_stand_below_each_other(browser, crowded):
    """Below a line with a finding, too: the next one stood to its right, out of sight."""
    show(browser, crowded, 1280, "light")
    tops = browser.execute_script(
        "return [...document.querySelectorAll('.example pre')].filter(n => n.querySelector('.found')).map("
        "n => [...n.querySelectorAll('span')].filter(s => s.textContent.trim()).map(s => Math.round(s.offsetTop)))"
    )

    steps = [below - above for lines in tops for above, below in pairwise(lines)]

    assert steps and min(steps) > 10


def test_paper_shows_all_of_the_page(browser, crowded):
    """On a sheet nothing can be scrolled: no code and no table ends at an edge, and no search field is left."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    size = {"width": 720, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"file://{crowded}")
    hidden = browser.execute_script(
        "return [...document.querySelectorAll('.example pre, .scroll')].filter("
        "n => n.scrollHeight > n.clientHeight + 1 || n.scrollWidth > n.clientWidth + 1).length"
    )
    field = browser.execute_script("return document.querySelector('#search').offsetParent === null")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert (0, True) == (hidden, field)


def test_every_interval_can_be_read_aloud(page):
    """The picture of each arm says in words what its line shows."""
    rows = re.findall(
        r'<div class="track" role="img" aria-label="95% interval ([\d.]+)% to ([\d.]+)%"', page.read_text("utf-8")
    )

    assert 9 == len(rows)
    assert all(float(low) <= float(high) for low, high in rows)


def test_no_chance_is_nothing_or_all(page):
    """A p-value and a probability that round to 0 or 1 are told as less or more."""
    text = page.read_text("utf-8")

    assert "p &lt; 0.001" in text
    assert "with a probability of more than 0.99" in text


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (["accept", "parse", "compile", "style"], "parses, compiles and keeps the house style"),
        (["accept", "parse", "style"], "parses and keeps the house style"),
        (["accept", "parse", "own"], "parses and passes own"),
    ],
)
def test_what_was_not_judged_is_not_told_of_answers(rates: list[str], said: str):
    """A language without a compiler has answers that parse, and none that compile."""
    verdict = {"checks": ["parse", "compile", "style", "own"], "arms": [{"rates": dict.fromkeys(rates)}]}

    assert said == say_accepted(verdict)


@pytest.mark.parametrize(
    ("break_even", "said"), [(13250, "saves 4.8 tokens: 13,250 answers make up for it."), (None, "saves none.")]
)
def test_a_saving_is_told_in_tokens(break_even: int | None, said: str):
    """An adapter that answers no better has not paid for itself because its answers are a few tokens shorter."""
    cost = {"saved": 4.83, "saved_against_full_prompt": None, "training_passes": 64037, "break_even": break_even}

    (told,) = say_cost({"cost": cost, "chosen": {"prompt": "base", "tuned": "tuned"}}, {})

    assert told == f"Training took 64,037 token passes. Against base, the prompt compared, an answer {said}"


def test_two_tests_that_point_in_two_directions_are_told():
    """With several answers a probe, more probes may lean to one side, and the mean to the other."""
    primary = {"a": "tuned", "b": "rag", "n": 400, "mean_diff": 0.02}
    check = {"better": 3, "worse": 9, "p": 0.146, "chance": 0.05}

    counts, doubt = say_cross_check({"cross_check": check, "primary": primary})
    agreeing = list(say_cross_check({"cross_check": check, "primary": primary | {"mean_diff": -0.02}}))

    assert counts.startswith("tuned alone is accepted on 3 probes, rag alone on 9 (exact McNemar test")
    assert doubt == "Those tests and the measured difference point in different directions: trust neither."
    assert [counts] == agreeing

    (alone, *_) = say_cross_check({"cross_check": check | {"better": 1}, "primary": primary})
    assert alone.startswith("tuned alone is accepted on 1 probe, rag alone on 9 ")


def test_arms_that_are_accepted_on_the_same_probes_are_not_weighed():
    """Of no difference a test gives p = 1 and a chance of a half, which say nothing."""
    primary = {"a": "tuned", "b": "guide", "n": 24, "mean_diff": 0.0}
    check = {"better": 0, "worse": 0, "p": 1.0, "chance": 0.5}

    (told,) = say_cross_check({"cross_check": check, "primary": primary})

    assert told == "tuned and guide are accepted on the same probes: no test tells them apart by these."


@pytest.mark.parametrize(
    ("latency", "said"),
    [
        ({"tuned": {"p50": 0.2431}, "guide+rag": {"p50": 1.046}}, " and takes 0.243 seconds instead of 1.046"),
        ({"tuned": {"p50": 0.2431}}, ""),
    ],
)
def test_what_an_answer_saves_is_told_in_tokens_and_seconds(latency: dict[str, dict[str, float]], said: str):
    """In one sentence, of the arm that is compared; without seconds where times are gone."""
    cost = {"saved": 0, "saved_against_full_prompt": 777.2, "training_passes": None, "break_even": None}

    (told,) = say_cost({"cost": cost, "chosen": {"prompt": "rag", "tuned": "tuned"}}, latency)

    assert told == f"Against guide+rag an answer of tuned saves 777 tokens{said}."


@pytest.mark.parametrize(
    ("tuned", "beside", "told"),
    [("tuned+rag", ["tuned", "tuned+rag", "base"], "tuned+rag"), (None, ["guide+rag", "base"], "guide+rag"),
     (None, ["base"], "base"), ("tuned", [], "")],
)  # fmt: skip
def test_a_rival_stands_beside_the_arm_that_is_compared(tuned: str | None, beside: list[str], told: str):
    """Where there is no adapter, as for a model that a hosted tuner made, beside the fullest prompt that was asked."""
    rows = [{"a": arm, "b": "rival", "mean_a": 0.1, "mean_b": 0.2, "mean_diff": -0.1, "ci": None} for arm in beside]
    arms = [{"arm_id": arm, "prompt_tokens": None} for arm in ("tuned", "tuned+rag", "guide+rag", "base", "rival")]
    verdict = {"chosen": {"tuned": tuned}, "comparisons": rows, "arms": arms}

    assert [told] * bool(told) == [fact.split()[3] for fact in say_rival({}, verdict)]


@pytest.mark.parametrize(
    ("counted", "said"), [(528.4, ", with prompts of 163 tokens instead of 528, as each counts"), (None, "")]
)
def test_a_rival_is_told_by_its_name_beside_the_adapter(counted: float | None, said: str):
    """A small tuned model beside a large prompted one, in one sentence; a server need not count its tokens."""
    against = {"a": "tuned", "b": "rival", "mean_a": 0.27, "mean_b": 0.58, "mean_diff": -0.305, "ci": (-0.446, -0.164)}
    arms = [{"arm_id": "tuned", "prompt_tokens": 163.0}, {"arm_id": "rival", "prompt_tokens": counted}]
    verdict = {"chosen": {"tuned": "tuned"}, "comparisons": [against], "arms": arms}

    (told,) = say_rival({"rival": {"base": "big-coder"}}, verdict)

    assert told == (
        "Beside big-coder, tuned has 27% of its answers accepted instead of 58% (−30.5 points, 95% interval −44.6 to "
        f"−16.4 points){said}."
    )


def test_every_difference_in_the_table_has_a_true_minus(page):
    """Of losses as of acceptance."""
    table = page.read_text("utf-8").partition("All comparisons")[2].partition("</table>")[0]

    assert re.search(r"<td>−0\.\d{4} nats</td><td>−0\.\d{4} to −0\.\d{4}</td>", table)
    assert not re.search(r"[> ]-\d", table)


def test_what_was_forgotten_has_a_true_minus():
    """As every other difference on the page has."""
    forgetting = {"upper": 0.001, "passed": True, "margin": 0.1, "worse": -0.004}

    told = list(say_ability({"losses": {}, "forgetting": forgetting}))

    assert told == ["General ability holds: −0.004 nats a token, at most +0.001; 0.1 is allowed."]


def test_what_did_not_fit_is_told_of_one_prompt():
    """As tokens are, in the columns beside it: a sum over all answers is more rules than the house has."""
    counts = {"guide_left_out": 282, "retrieved_left_out": 0, "prompt_tokens": 959, "output_tokens": 67}
    arm = {"arm_id": "guide", "rates": {}, "statuses": {}, "endings": {"stop": 24}, **counts}

    assert (
        describe_arm(arm, {"chosen": {"prompt": "base", "tuned": None}, "checks": []}, {})["left_out"] == "11.8 rules"
    )


def test_the_first_screen_holds_the_verdict(browser, page):
    """Verdict, sentence, difference with interval and cost end within 600 pixels at 1,280 wide."""
    show(browser, page, 1280, "light")

    for selector in (".word", "h1", ".difference", ".figures"):
        bottom = browser.execute_script(f"return document.querySelector('{selector}').getBoundingClientRect().bottom")
        assert 0 < bottom <= 600, selector


def test_the_two_themes_differ(browser, page):
    """Dark is dark, light is light."""
    shades = {}
    for scheme in ("light", "dark"):
        show(browser, page, 1280, scheme)
        colour = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        shades[scheme] = sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    assert shades["dark"] < 150 < 600 < shades["light"]


def test_samples_can_be_searched_and_opened(browser, page):
    """Filters narrow the list; an opened sample shows its answer, the difference and the prompt."""
    show(browser, page, 1280, "light")
    browser.execute_script(
        "const set = (id, value) => { const node = document.getElementById(id);"
        "  node.value = value; node.dispatchEvent(new Event('input')); };"
        "set('arm', 'guide+rag'); set('search', 'onerror');"
    )
    shown = browser.execute_script("return document.querySelectorAll('#list details').length")
    arms = browser.execute_script(
        "return [...document.querySelectorAll('#list summary span:first-child')].map(n => n.textContent)"
    )
    browser.execute_script("document.querySelector('#list details').open = true")
    browser.execute_async_script("setTimeout(arguments[0], 200)")
    opened = browser.execute_script("return document.querySelector('#list details').textContent")

    assert shown > 0
    assert {"guide+rag"} == set(arms)
    assert "</script><script>" in opened
    assert "context and ask" in opened


def test_a_picture_can_be_taken(browser, page):
    """The first screen renders to more than a blank image."""
    show(browser, page, 1280, "dark")
    picture = browser.get_screenshot_as_png()

    assert len(picture) > 20_000
