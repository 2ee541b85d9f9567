"""
The package's shape: what is installed, what is imported, and which way the arrows point.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import idiolect
import pytest
from idiolect.mining.languages import GRAMMARS, PACKAGE
from idiolect.mining.own_languages import read_builtin

ROOT = Path(idiolect.__file__).parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FOLDERS = ("mining", "training", "evaluation", "commands")
ALLOWED = {
    "mining": {"mining"},
    "training": {"training", "mining"},
    "evaluation": {"evaluation", "mining"},
    "commands": {"commands", "training", "evaluation", "mining"},
}


def modules() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def test_only_three_python_files_stand_at_the_root():
    """A stray module at the root would ship."""
    assert sorted(path.name for path in ROOT.glob("*.py")) == ["__init__.py", "__main__.py", "cli.py"]


def test_every_folder_with_code_is_installed():
    """The packages are listed by hand, so the list is held to the tree."""
    found = {".".join(("idiolect", *path.parent.relative_to(ROOT).parts)) for path in modules()} | {"idiolect"}

    assert found == set(SETTINGS["tool"]["setuptools"]["packages"])


def test_every_grammar_comes_with_an_extra():
    """The wheels are listed by hand, so the list is held to the tables: `[languages]` brings all that Core lacks."""
    wheels = [*SETTINGS["project"]["dependencies"], *SETTINGS["project"]["optional-dependencies"]["languages"]]
    listed = {wheel.partition(">=")[0].replace("-", "_") for wheel in wheels}
    origins = {read_builtin(table).origin for table in GRAMMARS.glob("*.toml")}

    assert {origin.removeprefix(PACKAGE) for origin in origins} <= listed


def test_every_file_of_evaluation_has_a_place_in_its_map():
    """Two programs share the folder: its first lines say which file is of which, once."""
    folder = ROOT / "evaluation"
    listed = re.findall(r"^    (.+?)(?:  |$)", ast.get_docstring(ast.parse((folder / "__init__.py").read_text())), re.M)
    found = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    found += [f"{path.parent.name}/" for path in folder.glob("*/__init__.py")]

    assert sorted(found) == sorted(name for names in listed for name in names.split())


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_one_way(path: Path):
    """Inside the package imports are relative, and follow the arrows of the drawing."""
    here = path.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "idiolect" for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level:
            above = here[: len(here) - node.level]
            # `from .. import training` names no module before it
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for first in {(*above, *name.split("."))[0] for name in names}:
                assert first not in ALLOWED or first in ALLOWED[here[0]], f"{path}: {first}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_training_imports_torch(path: Path):
    """Mining, checking and gating install in seconds, without torch."""
    heavy = {"torch", "transformers", "peft", "accelerate"}
    if path.relative_to(ROOT).parts[0] == "training":
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        assert not {name.split(".")[0] for name in names} & heavy


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_says_what_goes_in_and_out(path: Path):
    """A reader of the tree meets one sentence first."""
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_takes_of_the_package_is_there_and_takes_what_it_is_given(path: Path):
    """Most of it is imported and called where it is needed: a fault there would show after an hour of measuring."""
    taken: dict[str, Any] = {}
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("idiolect."):
            exec(ast.unparse(node), taken)
    for call in nodes:
        function = taken.get(call.func.id) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
        if function is not None and not any(isinstance(each, ast.Starred) for each in call.args):
            options = {each.arg: each.value for each in call.keywords}
            if None not in options:  # options by a dictionary are not counted here
                inspect.signature(function).bind(*call.args, **options)


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path):
    """Nothing generic is installed: every file of the wheel lies under idiolect/."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")

    names = zipfile.ZipFile(wheel).namelist()

    assert {"idiolect"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}
    data = ("mining/git/config", "mining/grammars/python.toml", "training/base/weights/model.safetensors", "py.typed")
    for needed in data:
        assert f"idiolect/{needed}" in names
    assert not [name for name in names if name.startswith(("idiolect/tests", "idiolect/benchmarks", "idiolect/.venv"))]


def test_it_works_inside_a_project_with_folders_of_our_names(tmp_path: Path):
    """The console script ignores a project's own `training` and `mining`, also with PYTHONPATH=."""
    for name in ("training", "mining", "evaluation", "commands"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('imported the wrong package')\n")
    (tmp_path / "shop.py").write_text("def f(a):\n    return a\n")
    script = Path(sys.executable).with_name("idiolect")
    environment = {**os.environ, "PYTHONPATH": "."}

    done = subprocess.run(
        [str(script), "check", "shop.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_help_imports_nothing_heavy():
    """`--help` is instant: no torch, numpy or libcst is imported for it."""
    code = (
        "import sys; from idiolect.cli import main; main(['--help']); main(['mine', '--help']);"
        "print(sorted({'torch', 'transformers', 'datasets', 'libcst', 'numpy', 'peft'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["specialize", "shop", "--out", "out"], id="specialize"),
        pytest.param(["train", "corpus", "--out", "adapter"], id="train"),
        pytest.param(["generate", "adapter", "Add two numbers."], id="generate"),
    ],
)
def test_a_model_without_its_packages_is_one_line(arguments: list[str], tmp_path: Path):
    """The core installs without torch; what needs it says what to install, before any work is done."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "till.py").write_text("def f(a):\n    return a\n")

    hidden = f"import sys; sys.modules['torch'] = None; from idiolect.cli import main; sys.exit(main({arguments}))"

    done = subprocess.run([sys.executable, "-c", hidden], cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "idiolect: torch, which models need, is not installed. Install it with: pip install 'idiolect[train]'"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
