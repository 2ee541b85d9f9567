"""
Probes: what stands in the hole, in any language and with any line ends, and which references make none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from idiolect.evaluation.checks.check import Answer, Result
from idiolect.evaluation.probes import Probe
from idiolect.evaluation.scores import Scorer
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import language_of
from idiolect.mining.pairs.implement import draft_implement
from idiolect.mining.pairs.kind import MinedFile
from idiolect.mining.skeleton import render_skeleton
from idiolect.mining.source import parse_source
from idiolect.mining.yields import FileYield, make_pair

PYTHON = 'def weigh(parcel):\n    """Weigh it."""\n    found = load(parcel)\n    return found.weight\n'
GO = "package a\n\n// Weigh weighs it.\nfunc Weigh(p Parcel) int {\n\tfound := load(p)\n\treturn found.weight\n}\n"
CSHARP = (
    "class Scale\n{\n    /// <summary>Weighs it.</summary>\n    int Weigh(Parcel p)\n    {\n"
    "        var found = Load(p);\n        return found.Weight;\n#pragma warning restore CS0618\n    }\n}\n"
)


def probe_of(path: str, text: str) -> Probe:
    """Return the one probe of a file."""
    language = language_of(path, data=text.encode())
    assert language is not None
    source = parse_source(path, text.encode(), language)
    definitions = collect_definitions(source)
    (draft,) = draft_implement(MinedFile(source, definitions, render_skeleton(source, definitions)))
    pair = make_pair(FileYield(path, language.name), draft, repository="toy", commit="", licence="")
    return Probe(pair, source, source.lines_span(pair.start_line, pair.end_line))


@dataclass
class Verdicts:
    """
    A check that says of each code what it was told to.
    """

    says: Mapping[str, bool | None]
    name: str = "parse"
    order: int = 0
    repeats: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return what it was told."""
        stubs = [("NotImplemented" in answer.code or "not done" in answer.code) for answer in answers]
        return [Result(self.says["stub" if is_stub else "reference"]) for is_stub in stubs]


@pytest.mark.parametrize(
    ("path", "text", "stub"),
    [
        pytest.param("a.py", PYTHON, "    raise NotImplementedError", id="Python"),
        pytest.param("a.go", GO, "\t// not done", id="a comment"),
        pytest.param("a.cs", CSHARP, "        // not done\n#pragma warning restore CS0618", id="a line further out"),
    ],
)
def test_a_stub_does_nothing_and_leaves_the_file_whole(path: str, text: str, stub: str):
    """Where a body ends further out than it begins, its last line is the file's; the reference itself is not cut."""
    probe = probe_of(path, text)

    assert stub == probe.stub()
    assert not probe.answer(stub).source.tree.root_node.has_error
    assert [""] == Scorer([Verdicts({"reference": True, "stub": False})]).admit([probe])


def test_an_answer_takes_the_line_ends_of_its_file():
    """A model writes plain ones."""
    probe = probe_of("a.py", PYTHON.replace("\n", "\r\n"))

    spliced = probe.answer("    found = 1\n    return found").source.text

    assert spliced.endswith("    found = 1\r\n    return found\r\n") and "\n" not in spliced.replace("\r\n", "")


@pytest.mark.parametrize(
    ("reference", "stub", "reason"),
    [
        (True, False, ""),
        (True, True, "stub_passes"),
        (True, None, "stub_passes"),
        (False, False, "reference_fails_parse"),
        (None, False, "reference_fails_parse"),
    ],
)
def test_a_probe_accepts_its_reference_and_refuses_a_stub(reference: bool | None, stub: bool | None, reason: str):
    """Else its checks could not tell an answer from none."""
    scorer = Scorer([Verdicts({"reference": reference, "stub": stub})])

    assert [reason] == scorer.admit([probe_of("a.py", PYTHON)])
