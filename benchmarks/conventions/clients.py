"""
Goal 9: do the clients that teams have take what is made here? In: a small repository. Out: what each of them said.

pre-commit installs the hook from this repository, as its users' machines do, and runs it on a staged slip and on its
repair. The steps of action.yml run under bash as they are written, in a clone of depth 1, with the variables that a
runner sets. The schemas that check-jsonschema ships hold action.yml and the GitLab job of docs/gate.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..results import make_goal
from . import Measured

ROOT = Path(__file__).parent.parent.parent
HOUSE = 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n'
SLIP, REPAIR = "a = 'slip'\n", 'a = "slip"\n'
IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.org"}  # fmt: skip


def measure() -> Measured:
    """Return what each client said."""
    with TemporaryDirectory() as scratch:
        rows = [run_pre_commit(Path(scratch)), run_action(Path(scratch)), *hold_to_schemas(Path(scratch))]
    goals = [make_goal("conventions.9", str(row["client"]), row["passed"], "1", row["passed"] == 1) for row in rows]
    return Measured(rows, goals)


def call(
    command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *folder*."""
    whole = {**os.environ, **IDENTITY, **(environment or {})}
    return subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str) -> str:
    """Return what git says."""
    done = call(["git", "-c", "init.defaultBranch=main", *arguments], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_house(root: Path) -> None:
    """Commit ninety files that use double quotes."""
    root.mkdir(parents=True)
    for number in range(90):
        (root / f"m{number}.py").write_text(HOUSE)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Begin")


def run_pre_commit(scratch: Path) -> dict[str, Any]:
    """Return whether pre-commit installs the hook, stops a staged slip, and lets its repair pass."""
    hooks, house = scratch / "hooks", scratch / "house"
    # a clone of what is committed: pre-commit installs a revision, not a work tree
    git(scratch, "clone", "-q", str(ROOT), str(hooks))
    make_house(house)
    revision = git(hooks, "rev-parse", "HEAD")
    (house / ".pre-commit-config.yaml").write_text(
        json.dumps({"repos": [{"repo": str(hooks), "rev": revision, "hooks": [{"id": "idiolect"}]}]})
    )
    environment = {"PRE_COMMIT_HOME": str(scratch / "pre-commit")}
    command = [sys.executable, "-m", "pre_commit", "run", "--color", "never"]
    codes: list[int] = []
    said = ""
    for text in (SLIP, REPAIR):
        (house / "new.py").write_text(text)
        git(house, "add", "-A")
        done = call(command, house, environment)
        codes.append(done.returncode)
        said = said or done.stdout + done.stderr
    passed = codes == [1, 0] and "new.py:1:5: S01 [gate]" in said
    return {"client": "pre-commit runs the hook", "passed": int(passed), "exit": str(codes), "said": said[-200:]}


def run_action(scratch: Path) -> dict[str, Any]:
    """Return whether the steps of action.yml flag a slip in a shallow clone, and write the report and the summary."""
    import yaml

    origin, clone, runner = scratch / "origin", scratch / "clone", scratch / "runner"
    make_house(origin)
    git(origin, "checkout", "-qb", "change")
    for number in range(3):
        (origin / f"new{number}.py").write_text(SLIP)
        git(origin, "add", "-A")
        git(origin, "commit", "-qm", f"Change {number}")
    git(scratch, "clone", "-q", "--depth", "1", "--branch", "change", origin.as_uri(), str(clone))
    runner.mkdir()
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    files = {"GITHUB_STEP_SUMMARY": runner / "summary", "GITHUB_OUTPUT": runner / "output"}
    known = {
        "github.action_path": str(ROOT), "github.base_ref": "main", "github.event.before": "",
        "github.event.merge_group.base_sha": "", "github.event.repository.default_branch": "main",
        "github.ref_name": "1/merge", "runner.temp": str(runner),
        **{f"inputs.{name}": str(row.get("default", "")) for name, row in action["inputs"].items()},
    }  # fmt: skip
    codes: list[int] = []
    said = ""
    for step in action["runs"]["steps"]:
        if "run" in step:
            given = {key: fill(value, known) for key, value in step.get("env", {}).items()}
            environment = {"RUNNER_TEMP": str(runner), **{key: str(file) for key, file in files.items()}, **given}
            done = call(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], clone, environment)
            codes.append(done.returncode)
            said = done.stdout + done.stderr
    results = json.loads((clone / "idiolect.sarif").read_text("utf-8"))["runs"][0]["results"]
    passed = (
        codes == [0, 1] and len(results) == 3 and said.count("::error file=new") == 3
        and "3 gate" in files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        and "sarif=idiolect.sarif" in files["GITHUB_OUTPUT"].read_text("utf-8")
    )  # fmt: skip
    return {"client": "bash runs the action's steps", "passed": int(passed), "exit": str(codes), "said": said[-200:]}


def fill(value: str, known: Mapping[str, str]) -> str:
    """Return *value* with GitHub's expressions replaced."""
    return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda found: known[found[1]], value)


def hold_to_schemas(scratch: Path) -> list[dict[str, Any]]:
    """Return whether action.yml, the GitLab job and the hooks' manifest are what their readers expect."""
    page = (ROOT / "docs/gate.md").read_text("utf-8")
    (job,) = re.findall(r"^## GitLab\n\n```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (scratch / "gitlab.yml").write_text(job)
    rows: list[dict[str, Any]] = []
    for name, schema, file in (
        ("action.yml by GitHub's schema", "vendor.github-actions", ROOT / "action.yml"),
        ("the GitLab job by GitLab's schema", "vendor.gitlab-ci", scratch / "gitlab.yml"),
    ):
        done = call([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)], scratch)
        rows.append({"client": name, "passed": int(done.returncode == 0), "exit": str(done.returncode),
                     "said": (done.stdout + done.stderr)[-200:]})  # fmt: skip
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", scratch)
    done = call([sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"], scratch)
    rows.append({"client": "the manifest by pre-commit", "passed": int(done.returncode == 0),
                 "exit": str(done.returncode), "said": (done.stdout + done.stderr)[-200:]})  # fmt: skip
    return rows
