"""
The documentation keeps its word.

Every command in it exists with these options, every link leads somewhere, and the blocks marked `sh` run as written.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from idiolect.cli import cli
from idiolect.mining.plugins import GROUPS

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("samples/*/README.md")]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)")
INLINE = re.compile(r"`(idiolect [^`]+)`")
MINUTES = "0.7"


def commands(text: str) -> Iterator[str]:
    """Yield every idiolect command of a page, in blocks and in running text, without its comment."""
    for kind, block in BLOCK.findall(text):
        if kind in ("sh", "text", "console", "yaml", "json"):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.search(
                    r"(?:^|[\"'`\s/])(idiolect\s+[a-z-]+(?:\s[^|;&\"'#>]*(?:\"[^\"]*\")?[^|;&#>\"']*)?)", line
                )
                if found and not line.lstrip().startswith("#"):
                    yield found[1].strip()
    for inline in INLINE.findall(BLOCK.sub("", text)):
        yield re.sub(r"\s+", " ", inline)


def page_commands() -> list[tuple[str, str]]:
    """Return (page, command) for every command in the documentation."""
    return [
        (str(page.relative_to(ROOT)), command)
        for page in PAGES
        for command in dict.fromkeys(commands(page.read_text("utf-8")))
    ]


@pytest.mark.parametrize(("page", "command"), page_commands())
def test_a_documented_command_exists(page: str, command: str):
    """Its name and all its options are known to the command line."""
    name, *words = shlex.split(command)[1:] or [""]
    if name in ("COMMAND", "") or name.startswith("-"):
        return
    found = cli.get_command(click.Context(cli), name)
    assert found is not None, f"{page}: no command {name!r}"
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    groups = getattr(found, "commands", {})
    if words and words[0] in groups:
        known |= {option for parameter in groups[words[0]].params for option in parameter.opts}
    unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - known - {"--help"}
    assert not unknown, f"{page}: {command!r} has no {', '.join(sorted(unknown))}"


def test_every_command_is_documented():
    """No command is left for a reader to find by chance."""
    told = {command.split()[1] for _, command in page_commands() if len(command.split()) > 1}

    assert not set(cli.list_commands(click.Context(cli))) - told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    """Every relative link names a file of the repository."""
    missing = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]

    assert not missing


def test_every_kind_of_plug_in_is_documented():
    """The page that says how to extend idiolect names the groups of entry points that are read, and no other."""
    page = (ROOT / "docs" / "extend.md").read_text("utf-8")

    assert set(GROUPS) == set(re.findall(r"`idiolect\.(\w+)`", page))


def test_the_readme_leads_with_two_commands():
    """A newcomer sees `make demo` and `make test` within the first 15 lines."""
    opening = (ROOT / "README.md").read_text("utf-8").splitlines()[:15]

    assert any("make demo" in line for line in opening) and any("make test" in line for line in opening)


def shorten(command: str) -> str:
    """Return a command that trains or evaluates in its smallest form."""
    command = re.sub(r"minutes=[\d.]+", "minutes=0.3", re.sub(r"--probes \d+", "--probes 20", command))
    if command.startswith("idiolect specialize") and "--minutes" not in command:
        command += f" --minutes {MINUTES} --probes 20"
    return command


def walk(page: str, folder: Path, kinds: tuple[str, ...] = ("sh",)) -> None:
    """Run the blocks of *kinds* on a page in *folder* in order, as a reader would; `make demo` in its smallest form."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for kind, block in BLOCK.findall((ROOT / page).read_text("utf-8")):
        if kind not in kinds:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            command = line.partition(" #")[0].strip()
            if not command:
                continue
            if command == "make demo":
                networkx = subprocess.check_output(
                    [sys.executable, "-c", "import networkx; print(*networkx.__path__)"], text=True
                ).strip()
                command = f"idiolect specialize {networkx} --out .idiolect/demo --minutes {MINUTES} --probes 20"
            done = subprocess.run(
                ["sh", "-c", shorten(command) if kind == "bash" else command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=500,
            )
            # a gate may say no, and a check may find something: both are results
            allowed = (0, 1, 3) if command.startswith(("idiolect gate", "idiolect check")) else (0,)
            assert done.returncode in allowed, f"{page}: {command}\n{done.stderr[-2000:]}"


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path, commit_tree: Callable[[Path, str], None]) -> Path:
    """Copy what the pages name into a repository of its own, with the settings of this one."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    commit_tree(tmp_path, "Begin")
    return tmp_path


@pytest.mark.parametrize(
    "page",
    [
        "docs/your-repository.md",
        "docs/choose-a-base.md",
        "docs/teach-a-dsl.md",
        "docs/teach-a-framework.md",
        "docs/scale.md",
        "docs/gate.md",
        "docs/threat-model.md",
    ],
)
def test_a_page_runs_as_written(page: str, checkout: Path):
    """The pages that need no training."""
    walk(page, checkout)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["docs/first-hour.md", "docs/teach-a-dsl.md", "docs/teach-a-framework.md"])
def test_a_long_page_runs_as_written(page: str, checkout: Path):
    """The pages that train, or go on to train in their `bash` blocks."""
    walk(page, checkout, ("sh", "bash"))
