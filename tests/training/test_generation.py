"""
Stopping early: what the asker does not want is not written, and what is written stays the same.
"""

from __future__ import annotations

import json
from dataclasses import replace
from shutil import copytree

import pytest
import torch
from idiolect.cli import main
from idiolect.commands.generate import Sampling, ask_model, shown
from idiolect.evaluation.extract import repeats_itself
from idiolect.mining.pairs.pair import HOLE
from idiolect.training.generation import load_model
from idiolect.training.prompts import ask_at_line, ask_for, usual_path
from idiolect.training.train import train_adapter

from .conftest import make_pairs
from .test_train import RECIPE


@pytest.fixture(scope="module")
def generator(tiny_base):
    """Return a tiny model's generator."""
    return load_model(tiny_base).generator


def write(generator, **more):
    """Return the tiny model's answers to six asks, in order."""
    pairs = make_pairs(6)
    return [g for _, g in sorted(generator.generate(pairs, adapted=False, max_tokens=[40] * 6, **more))]


def test_a_hole_is_where_an_editor_has_the_line(tmp_path):
    """A form feed stands in a line, and ends none."""
    file = tmp_path / "a.py"
    file.write_bytes(b"a = 1\n\x0c\nb = 2\nc = 3\n")

    assert f"a = 1\n\x0c\nb = 2\n{HOLE}\nc = 3\n" == ask_at_line(file, 4).instruction


def test_a_file_is_called_as_its_pairs_call_it(tmp_path, monkeypatch):
    """From the top of its repository; outside of one from the working folder, and elsewhere by its name."""
    file = tmp_path / "app" / "quay" / "berths.py"
    file.parent.mkdir(parents=True)
    file.write_text("a = 1\n", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    called = []
    for here in (tmp_path / "app", tmp_path / "elsewhere"):
        monkeypatch.chdir(here)
        called.append(ask_for("def f():", file).path)
    (tmp_path / ".git").mkdir()
    called.append(ask_at_line(file, 1).path)

    assert ["quay/berths.py", "berths.py", "app/quay/berths.py"] == called


@pytest.mark.parametrize(
    ("taught", "path", "language"),
    [
        ({"java": 9, "python": 2}, "example.java", "java"),
        ({"python": 9, "java": 2}, "example.py", "python"),
        ({"tongue": 9}, "example.py", "python"),
        (None, "example.py", "python"),
    ],
)
def test_what_names_no_file_is_asked_in_the_language_that_was_taught(taught, path, language):
    """Java's adapter is asked for Java; one that tells nothing, or a language that is not known here, for Python."""
    counts = {} if taught is None else {"languages": taught}
    request = ask_for("int total(int[] values) {", None, usual_path({"counts": counts}))

    assert (path, language) == (request.path, request.language)


def test_an_adapter_of_a_language_that_is_not_known_here_says_so(adapter, tmp_path, capsys):
    """It is asked otherwise than it was taught; one of Python has nothing to say."""
    adapter = copytree(adapter, tmp_path / "adapter")
    ask = ["generate", str(adapter), "def total(values):", "--max-tokens", "2"]
    assert 0 == main(ask)
    assert "was taught" not in capsys.readouterr().err

    record = json.loads((adapter / "idiolect.json").read_text("utf-8"))
    record["counts"]["languages"] = {"tongue": 9, "python": 2}
    (adapter / "idiolect.json").write_text(json.dumps(record), "utf-8")
    assert 0 == main(ask)
    assert "this adapter was taught tongue, which is not known here" in capsys.readouterr().err


def test_an_answer_that_is_over_is_not_continued(generator):
    """It ends once the asker has enough; its text is the beginning of what it would have been, to a rounding."""
    whole = write(generator)
    stopped = write(generator, is_over=[lambda text: len(text) > 8] * 6)

    ended = [g for g in stopped if g.finish_reason == "over"]

    assert ended
    assert all(g.output_tokens < 40 for g in ended)
    assert whole[0].text.startswith(stopped[0].text)


def test_the_asker_that_never_has_enough_changes_nothing(generator):
    """The same texts and reasons."""
    assert [g[:4] for g in write(generator)] == [g[:4] for g in write(generator, is_over=[lambda text: False] * 6)]


def test_the_first_token_comes_before_the_last(generator):
    """Both times are of the batch, divided by its size."""
    assert all(0 < g.first_seconds <= g.seconds for g in write(generator))


@pytest.fixture(name="circling")
def _circling(tiny_base):
    """Return the generator of a model whose next token follows from the last alone: sooner or later it circles."""
    generator = load_model(tiny_base).generator
    with torch.no_grad():
        for name, parameter in generator.loaded.model.named_parameters():
            if "o_proj" in name or "down_proj" in name:
                parameter.zero_()
        generator.loaded.model.get_output_embeddings().weight[sorted(generator.family.stop_ids)] = 0.0
    return generator


def test_a_printed_answer_that_goes_round_in_circles_ends_with_its_first_round(circling):
    """Nobody wants to read the same lines until the limit comes."""
    pairs = make_pairs(6)
    whole = [g for _, g in sorted(circling.generate(pairs, adapted=False, max_tokens=[250] * 6))]
    asked = ask_model(circling, pairs, Sampling(adapted=False, max_tokens=250, temperature=0.0, seed=0))

    over = [(one, other) for one, other in zip(whole, asked, strict=True) if other.finish_reason == "over"]

    assert over
    for one, other in over:
        assert repeats_itself(one.text)
        assert not repeats_itself(other.text) or "\n" not in one.text
        assert other.output_tokens < one.output_tokens


@pytest.mark.parametrize(("is_terminal", "said"), [(True, "a = '\\x1b[31m'\t\n"), (False, "a = '\x1b[31m'\t\n")])
def test_an_answer_drives_no_terminal_and_is_otherwise_as_written(monkeypatch, is_terminal, said):
    """A model repeats what stood in the code that it learned from."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)

    assert said == shown("a = '\x1b[31m'\t\n")


def test_options_of_generate_change_what_is_written(tiny_base, tiny_corpus, tmp_path, capsys):
    """Where in which file, how warm, by which chance, how often, how long, and with the adapter or without."""
    # one that has learned more answers too shortly to be cut
    adapter = train_adapter(
        tiny_corpus, tmp_path / "adapter", base=tiny_base, recipe=replace(RECIPE, steps=20, learning_rate=1e-2)
    )
    file = tmp_path / "sum.py"
    file.write_text("def total(values):\n\n    return found\n", "utf-8")

    def printed(*options, ask=("def total(values):",)):
        capsys.readouterr()
        assert main(["generate", str(adapter), *ask, "--max-tokens", "12", "--json", *options]) == 0
        return [answer["text"] for answer in json.loads(capsys.readouterr().out)["answers"]]

    plain = printed()
    assert plain == printed("--base", str(tiny_base))
    assert plain != printed("--without-adapter")
    assert plain != printed("--file", str(file), "--line", "2", ask=())
    assert plain != printed("--max-tokens", "3")
    assert printed("--temperature", "1.5", "--seed", "1") != printed("--temperature", "1.5", "--seed", "2")
    assert 3 == len(set(printed("--temperature", "1.5", "--samples", "3")))

    assert main(["generate", str(adapter), "def total(values):", "--temperature", "1", "--samples", "2"]) == 0
    assert ["── 1 of 2", "── 2 of 2"] == [line for line in capsys.readouterr().out.splitlines() if line[:2] == "──"]

    # a file that nothing here reads is told of
    (tmp_path / "sum.unheard").write_text("def total(values):\n\n    return found\n", "utf-8")
    assert main(["generate", str(adapter), "--file", str(tmp_path / "sum.unheard"), "--line", "2"]) == 0
    assert "no language that is known here has files called 'sum.unheard'; read as Python" in capsys.readouterr().err

    # a file in an encoding of its own is pruned in as it is asked about
    file.write_bytes("# -*- coding: latin-1 -*-\ndef total(values):\n\n    return 'é'\n".encode("latin-1"))
    assert printed("--file", str(file), "--line", "3", "--conform", "--tries", "1", ask=())
    assert 2 == main(["generate", str(adapter), " "])
    assert "Give an INSTRUCTION" in capsys.readouterr().err
    assert 2 == main(["generate", str(adapter), "caf\udce9"])
    assert "The instruction is not UTF-8." in capsys.readouterr().err
