"""
How parameters of a type are called: what a finding says, what is left alone, and how a guide says it.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.source import parse_source

GO = language_named("go")
FILE = """package a

func read(ctx context.Context, w http.ResponseWriter, id int) {}

func (o *Order) a(d *Dispenser, call Call, repl Replacer) {}

func (o *Order) b(ctx context.Context, cmd *cobra.Command, h Helper, e Event) {}
"""


def parse(path: str, text: str):
    return parse_source(path, text.encode(), GO)


def house(text: str = FILE) -> Profile:
    return learn_profile(tally_source(parse(f"orders/f{n}.go", f"{text}\n// {n}\n")) for n in range(60))


def messages(text: str) -> list[str]:
    """Return what is said of a new file of the house."""
    judged = judge_source(parse("orders/new.go", f"package a\n\n{text}\n"), house(), is_new=True)
    return [found.message for found in judged.findings if found.entry.convention == "Q29"]


def test_another_word_for_the_same_is_found_where_it_stands():
    """The finding is on the name, and says how those of its type are called here."""
    source = parse("orders/new.go", "package a\n\nfunc f(id int, c context.Context) {}\n")

    (finding,) = [f for f in judge_source(source, house(), is_new=True).findings if f.entry.convention == "Q29"]

    assert (3, 16, 17, "advise") == (finding.line, finding.column, finding.end_column, finding.entry.tier)
    assert "a parameter of type `context.Context` is called `c` here, `ctx` in this codebase" == finding.message


@pytest.mark.parametrize(
    "text",
    [
        "func f(parent context.Context) {}",
        "func f(parentContext context.Context) {}",
        "func f(c2 context.Context) {}",
        "func (w *Way) f(rw http.ResponseWriter) {}",
        "func f(a, c context.Context) {}",
    ],
)
def test_what_a_name_says_beside_the_type_is_nobody_elses_to_say(text: str):
    """A part that is played, a word that tells two apart, and a name that another one took leave no choice."""
    assert [] == messages(text)


def test_a_receiver_is_told_how_it_is_called_beside():
    """The message names both names; of a type whose methods agree nothing is said."""
    text = "func (o Order) f() {}\n\nfunc (o Order) g() {}\n\nfunc (order Order) h() {}\n\nfunc (c Cart) f() {}"

    assert ["the receiver of a method is called `order` here, `o` in the type's other methods"] == messages(text)


def test_receivers_of_types_without_one_name_are_not_compared():
    """What stands in brackets is taken off, and what is left empty stands for no type."""
    text = "func (o Order[A]) f() {}\n\nfunc (o Order[B]) g() {}\n\nfunc (p A) h() {}\n\nfunc (q B) i() {}"

    assert [] == messages(text)


def test_a_guide_says_in_one_line_how_parameters_are_called():
    """Those whose type does not tell their name stand first; the least of many are counted."""
    guide = render_guide(house())

    said = next(line for line in guide.splitlines() if "Call a parameter" in line)
    assert said.startswith("- Call a parameter of type `context.Context` `ctx`, of `Dispenser` `d`, of `Event` `e`, ")
    assert "and those of 2 other types as they are called elsewhere (go)." in said and "`Call`" not in said
    assert "Give the receiver of a method the name that it has in the type's other methods (go)." in guide


def test_types_whose_parameters_are_called_alike_are_said_together():
    """What is called like its type stands last, without its name."""
    asked = conventions_by_id()["Q29"]
    rules = [("call", "Call"), ("ctx", "caddy.Context"), ("$io", "IOInterface"), ("ctx", "context.Context")]

    assert (
        "Call a parameter of type `caddy.Context` or `context.Context` `ctx`, of `IOInterface` `$io`, "
        "and of `Call` like its type."
    ) == asked.advise_all(rules)
    assert "Call a parameter of type `Call` or `A.Row` like its type." == asked.advise_all(
        [("call", "Call"), ("$row", "A.Row")]
    )
