"""
`--format sarif`: SARIF 2.1.0 as GitHub's code scanning reads it. In: a report. Out: one run.

One line a region, on the marked token; rules hold no counts, so they change rarely; what is excused stays in the file
with its reason. `primaryLocationLineHash` is what the upload action would compute itself.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ... import __version__
from ...mining.conventions.convention import Edit, conventions_by_id
from ...mining.page import render_page
from ...mining.profile import Entry
from ...mining.source import Source, with_newlines
from ..findings import Alert, Report
from ..fix import fixes_of
from ..identity import Key

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"gate": "error", "advise": "warning", "hint": "note"}
SEVERITIES = {"gate": "error", "advise": "warning", "hint": "recommendation"}
PRECISIONS = ((0.98, "very-high"), (0.95, "high"), (0.0, "medium"))
MOST = 5_000
"""Results that GitHub keeps of a run; the firmest come first."""
LONGEST = 1_000
BLOCK, FACTOR, WORD = 100, 37, (1 << 64) - 1
END_OF_FILE = 65_535


def render(report: Report) -> str:
    """Return the report as a SARIF log."""
    alerts = [*report.alerts, *report.excused]
    alerts.sort(key=lambda a: (a.state != "new", tuple(LEVELS).index(a.finding.entry.tier)))
    alerts = alerts[:MOST]
    entries = {alert.finding.entry.id: alert.finding.entry for alert in alerts}
    places = {rule: place for place, rule in enumerate(sorted(entries))}
    hashes = {path: list(line_hashes(text_on_disk(source))) for path, source in report.sources.items()}
    seen: Counter[Key] = Counter()
    results: list[dict[str, Any]] = []
    for alert, fix in zip(alerts, fixes_of(report, alerts), strict=True):
        seen[alert.key] += 1
        source = report.sources[alert.key.path]
        line_hash = hashes[alert.key.path][alert.finding.line - 1]
        results.append(as_result(alert, source, places[alert.finding.entry.id], line_hash, seen[alert.key], fix))
    driver = {
        "name": "idiolect",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [as_rule(entry) for _, entry in sorted(entries.items())],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "idiolect/check/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The top of the repository."}}},
        "results": results,
        "properties": {"files": len(report.files), "unread": report.unread},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def as_rule(entry: Entry) -> dict[str, Any]:
    """Return the description of a rule."""
    convention = conventions_by_id()[entry.convention]
    origin = "Learned from this repository's own code; `idiolect guide` lists every rule with its evidence."
    text = f"{entry.advice} {origin}"
    return {
        "id": entry.id,
        "name": convention.name[:255],
        "shortDescription": {"text": entry.advice[:LONGEST]},
        "fullDescription": {"text": text[:LONGEST]},
        "help": {"text": text[:LONGEST], "markdown": f"{text}\n\n{render_page(convention)}"},
        "defaultConfiguration": {"level": LEVELS[entry.tier]},
        "properties": {
            "tags": ["style", "learned", entry.convention[:1]],
            "precision": next(name for least, name in PRECISIONS if entry.bound >= least),
            "problem.severity": SEVERITIES[entry.tier],
        },
    }


def as_result(
    alert: Alert, source: Source, rule: int, line_hash: str, count: int, fix: tuple[Edit, ...]
) -> dict[str, Any]:
    """Return one finding."""
    finding, entry = alert.finding, alert.finding.entry
    row: dict[str, Any] = {
        "ruleId": entry.id,
        "ruleIndex": rule,
        "level": LEVELS[entry.tier],
        "rank": round(entry.bound * 100, 2),
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri_of(finding.path), "uriBaseId": "%SRCROOT%"},
            "region": region(finding.line, finding.column, finding.line, finding.end_column),
        }}],
        "partialFingerprints": {
            "primaryLocationLineHash": line_hash,
            "idiolectContext/v1": f"{alert.key.rule}:{alert.key.scope}:{alert.key.snippet}:{count}",
        },
        "relatedLocations": [
            {
                "id": number,
                "message": {"text": "The house's way."},
                "physicalLocation": {
                    "artifactLocation": {"uri": uri_of(exemplar.path), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": exemplar.line},
                },
            }
            for number, exemplar in enumerate(finding.exemplars, start=1)
        ],
        "baselineState": "unchanged" if alert.state == "accepted" else "new",
        "properties": {
            "k": entry.conforming, "n": entry.opportunities, "lowerBound": entry.bound, "scope": entry.scope,
        },
    }  # fmt: skip
    if alert.state == "suppressed":
        row["suppressions"] = [{"kind": "inSource", "justification": alert.reason}]
    elif alert.state == "accepted":
        row["suppressions"] = [{"kind": "external", "justification": "accepted in the baseline"}]
    if fix:
        row["fixes"] = [as_fix(source, finding.path, fix)]
    return row


def as_fix(source: Source, path: str, edits: tuple[Edit, ...]) -> dict[str, Any]:
    """Return the edits that mend a finding."""
    replacements = [
        {"deletedRegion": region(*place(source, edit.start), *place(source, edit.end)),
         "insertedContent": {"text": edit.text}}
        for edit in edits
    ]  # fmt: skip
    changed = {"artifactLocation": {"uri": uri_of(path), "uriBaseId": "%SRCROOT%"}, "replacements": replacements}
    return {"description": {"text": "Write it as the house does."}, "artifactChanges": [changed]}


def region(line: int, column: int, end_line: int, end_column: int) -> dict[str, int]:
    """Return a region; the end is exclusive."""
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def place(source: Source, byte: int) -> tuple[int, int]:
    """Return the line and the column, in code points, of a byte."""
    line = source.line_of(byte)
    return line, len(source.utf8[source.line_starts[line - 1] : byte].decode("utf-8", "replace")) + 1


def uri_of(path: str) -> str:
    """Return *path*, relative and with forward slashes, as a URI reference; a backslash is a part of a name."""
    return quote(path, errors="surrogateescape")


def text_on_disk(source: Source) -> str:
    """Return the file as the upload action reads it: as UTF-8, whatever it is, byte-order mark included."""
    if not source.keeps_lines:
        return with_newlines(source.utf8, source.language).decode("utf-8")  # no hash is to be missing
    return source.encode(source.text).decode("utf-8", "replace")


def line_hashes(text: str) -> Iterator[str]:
    """
    Yield the hash of every line, as github/codeql-action computes it (its `fingerprints.ts`).

    A rolling hash over UTF-16 units: of the hundred that begin with the line, blanks left out, line ends evened out,
    and the file closed by a mark and zeros. Equal hashes of a file are told apart by their count.
    """
    even = text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "")
    data = even.encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)]
    units += [END_OF_FILE, *([0] * (BLOCK - 1))]
    power = pow(FACTOR, BLOCK, 1 << 64)
    starts = [0, *(i + 1 for i, unit in enumerate(units) if unit == 10)]
    wanted = deque(starts)
    counts: Counter[str] = Counter()
    rolling = 0
    for end, unit in enumerate(units, start=1):
        gone = units[end - 1 - BLOCK] if end > BLOCK else 0
        rolling = (rolling * FACTOR + unit - power * gone) & WORD
        if wanted and end - BLOCK == wanted[0]:
            wanted.popleft()
            name = f"{rolling:x}"
            counts[name] += 1
            yield f"{name}:{counts[name]}"
