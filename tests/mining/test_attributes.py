"""
What `.gitattributes` marks is left out, by the patterns that git has.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from idiolect.mining.attributes import mark_reason, read_marks
from idiolect.mining.settings import read_settings

MARKED = """\
# linguist-generated
*.pb.go linguist-generated=true
/api/** text linguist-generated
api/kept.go -linguist-generated
sdk/*.go linguist-vendored
mocks linguist-generated
whole/ linguist-generated
**/fake/*.go linguist-generated
old.go linguist-vendored=false
!x.go linguist-generated
"a b.go" linguist-generated
"say \\"\\303\\266\\".go"linguist-generated
"#1.go" linguist-generated
"open.go linguist-generated
pages/\\[id\\]/*.go linguist-generated
"st\\\\*r.go" linguist-generated
\\!y.go linguist-generated
z[^a-c].go linguist-generated
"""
INNER = {
    "api/b/.gitattributes": "c.go -linguist-generated\n/d.go linguist-vendored\n",
    "odd[1]*/.gitattributes": "*.go linguist-generated\nsub/a.go -linguist-generated\n",
    "sdk/.gitattributes": "kept.go linguist-vendored=false\n",
}
PATHS = (
    *("a.pb.go", "deep/a.pb.go", "api/a.go", "api/b/c.go", "api/kept.go", "other/api/a.go", "sdk/a.go", "sdk/b/a.go"),
    *("mocks/a.go", "whole/a.go", "fake/a.go", "x/y/fake/a.go", "x/fake/y/a.go", "old.go", "x.go", "a.go"),
    *("a b.go", 'say "ö".go', "#1.go", '"open.go', "api/b/d.go", "d.go", "sdk/kept.go", "api/b/x/c.go"),
    *("pages/[id]/a.go", "pages/i/a.go", "st*r.go", "star.go", "!y.go", "zd.go", "za.go", "z^.go"),
    *("odd[1]*/a.go", "odd[1]*/sub/a.go", "odd[1]*/x/a.go", "odd1/a.go"),
)


def test_paths_are_marked_as_git_marks_them(write_tree, commit_tree):
    """Git itself is asked what each line sets, in every folder."""
    files = {".gitattributes": MARKED, **INNER}
    root: Path = write_tree({**files, "a.go": "package a\n"})
    commit_tree(root)
    asked = ("linguist-generated", "linguist-vendored")
    command = ["git", "-C", str(root), "check-attr", "-z", *asked, "--", *PATHS]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    rows = zip(said[::3], said[1::3], said[2::3], strict=False)
    by_git = {path: name.removeprefix("linguist-") for path, name, value in rows if value in ("set", "true")}
    marks = read_marks({name: text.encode() for name, text in files.items()})

    assert by_git == {path: reason for path in PATHS if (reason := mark_reason(marks, path))}
    assert marks == read_settings(root).marks
    assert 18 == len(by_git)


def test_no_pattern_takes_long():
    """The mined tree is hostile: a pattern of many stars is read part by part."""
    marks = read_marks({".gitattributes": b"\n".join([b"**/" * 50 + b"*a" * 50 + b"b linguist-generated"] * 1_100)})
    start = time.process_time()

    assert 1_000 == len(marks)
    assert not mark_reason(marks[:10], "/".join(["a" * 200] * 20))
    assert time.process_time() - start < 1
