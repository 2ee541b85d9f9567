"""
What goes through the house's own (Q15): wrappers that most files call, and a call past one, are found.
"""

from __future__ import annotations

import pytest

from .houses import found, learn


def test_a_macro_is_asked_for_where_the_raw_rule_is_called():
    """A thin macro that most files use, past which one file goes, is a rule; another's of that name is not."""
    files = {"tools/rules.bzl": "def house_library(name):\n    native.cc_library(name = name)\n"}
    for number in range(24):
        files[f"lib{number}/BUILD"] = f'house_library(name = "a{number}")\nother.house_library(name = "b")\n'
    files["old/BUILD"] = 'native.cc_library(name = "old")\n'
    profile = learn(files)
    (entry,) = [entry for entry in profile.entries if entry.convention == "Q15"]

    assert ("through `house_library`", 24, 25) == (entry.value, entry.k, entry.n)
    assert [("Q15", 1)] == found(profile, "new/BUILD", 'native.cc_library(name = "new")\n')
    assert [] == found(profile, "tools/rules.bzl", files["tools/rules.bzl"])


def test_a_function_is_no_rule_against_what_it_calls():
    """What one folder's function calls is called past it by every other folder: that folder has no rule of its own."""
    setter = "def set_limits(limits)\n  define_method(:limits) { limits }\nend\n"
    files = {"guard/lib/base.rb": setter}
    for number in range(12):
        files[f"guard/lib/g{number}.rb"] = f"class G{number}\n  set_limits a: {number}\n  def f; end\nend\n"
    for number in range(2):
        calls = "".join(f"  define_method(:a{each}) {{ {each} }}\n" for each in range(3))
        files[f"core/c{number}.rb"] = f"class C{number}\n{calls}  def f; end\nend\n"

    assert not [entry for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(
    ("ending", "function", "keys"),
    [
        pytest.param("php", "<?php\nfunction {}($x, $step) {{\n  return $step($x);\n}}\n", [], id="a variable"),
        pytest.param("php", "<?php\nfunction {}($x) {{\n  return step($x);\n}}\n", ["php: `step`"], id="a function"),
        pytest.param("js", "function {}(x, step) {{\n  return step(x);\n}}\n", [], id="a parameter"),
        pytest.param("kt", "fun {}(x: Int, step: Step) {{\n  step(x)\n}}\n", [], id="a parameter without a field"),
        pytest.param("kt", "fun {}(x: Int) {{\n  step(x)\n}}\n", ["kotlin: `step`"], id="a function of Kotlin"),
        pytest.param("kt", "fun {}(x: Int = step(x)) {{\n}}\n", ["kotlin: `step`"], id="what a default value calls"),
        pytest.param("c", "int {}(int x, step_fn step) {{\n  return step(x);\n}}\n", [], id="a parameter of C"),
        pytest.param("c", "int {}(int x) {{\n  return step(x);\n}}\n", ["c: `step`"], id="a function of C"),
        pytest.param("dart", "int {}(int x, Step step) {{\n  return step(x);\n}}\n", [], id="a parameter of Dart"),
        pytest.param("dart", "int {}(int x) {{\n  return step(x);\n}}\n", ["dart: `step`"], id="a function of Dart"),
        pytest.param("ex", "def {}(x) do\n  step(x)\nend\n", ["elixir: `step`"], id="a function of Elixir"),
        pytest.param("kt", "class {}(x: Int) : step(x) {{\n}}\n", [], id="what a class extends"),
    ],
)
def test_a_variable_is_no_function(ending: str, function: str, keys: list[str]):
    """What a function of the house calls by a variable's name is nothing to go through it for."""
    files = {f"src/{name}.{ending}": function.format(name) for name in ("run_step", "old")}
    for number in range(24):
        files[f"src/f{number}.{ending}"] = (
            function.format(f"f{number}").replace(" step(", " run_step(").replace(" $step(", " run_step(")
        )
    found = [entry for entry in learn(files).entries if entry.convention == "Q15"]

    assert keys == [entry.key for entry in found]


@pytest.mark.parametrize(
    ("owner", "other", "keys"),
    [("Shop", "rows", []), ("@rows", "@rows", []), ("rows", "rows", []), ("Shop", "Shop", ["ruby: `Shop.step`"])],
)
def test_a_method_is_known_by_what_it_is_called_on(owner: str, other: str, keys: list[str]):
    """A method's name says nothing alone: what a function of the house calls on one value, others call on others."""
    method = "def {}(x)\n  {}.step(x)\nend\n"
    files = {"src/run.rb": method.format("run_step", owner), "src/old.rb": method.format("old", other)}
    files |= {f"src/f{number}.rb": f"def f{number}(x)\n  run_step(x)\nend\n" for number in range(24)}

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(
    ("defined", "keys"),
    [
        pytest.param([], ["ruby: `step`"], id="from elsewhere"),
        pytest.param(["src/step.rb"], [], id="once"),
        pytest.param(["src/a.rb", "src/b.rb"], [], id="in two files"),
        pytest.param(["test/step_test.rb"], ["ruby: `step`"], id="in a test"),
    ],
)
def test_what_the_house_defines_is_not_gone_through_another_function_of_it(defined: list[str], keys: list[str]):
    """One helper that calls another, which calls nothing itself, is no wrapper of it."""
    files = {"src/run.rb": "def run_step(x)\n  step(x)\nend\n", "src/old.rb": "def old(x)\n  step(x)\nend\n"}
    files |= {f"src/f{number}.rb": f"def f{number}(x)\n  run_step(x)\nend\n" for number in range(24)}
    files |= dict.fromkeys(defined, "def step(x)\n  x\nend\n")

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(
    ("defined", "keys"),
    [
        pytest.param("class Shop\n  def self.step(x)\n    x\n  end\nend\n", [], id="a method of the house's"),
        pytest.param("class Shop\n  def self.walk(x)\n    x\n  end\nend\n", ["ruby: `Shop.step`"], id="another"),
        pytest.param("class Shelf\n  def self.step(x)\n    x\n  end\nend\n", ["ruby: `Shop.step`"], id="of another"),
    ],
)
def test_a_method_that_the_house_defines_may_be_called_by_anyone(defined: str, keys: list[str]):
    """A function that calls the method of a class of the house does not stand for it, whatever that one calls."""
    files = {"src/run.rb": "def run_step(x)\n  Shop.step(x)\nend\n", "src/old.rb": "def old(x)\n  Shop.step(x)\nend\n"}
    files |= {f"src/f{number}.rb": f"def f{number}(x)\n  run_step(x)\nend\n" for number in range(24)}

    assert keys == [entry.key for entry in learn(files | {"src/own.rb": defined}).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(
    ("passed", "slip", "rows"),
    [
        ("'run'", "step('run', x);\n", [("Q15", 1)]),
        ("'run'", "step('late', x);\n", []),
        ("RUN_KEY", "step(LATE_KEY, x);\n", []),
        ("y", "step('late', x);\n", [("Q15", 1)]),
    ],
)
def test_what_always_passes_one_thing_stands_for_no_other(passed: str, slip: str, rows: list[tuple[str, int]]):
    """A wrapper that fills in one word of its own cannot be called where another word is meant."""
    files = {"src/run.js": f"function runStep(x, y) {{\n  return step({passed}, x);\n}}\n"}
    files["src/old.js"] = f"function old(x, y) {{\n  return step({passed}, x);\n}}\n"
    files |= {f"src/f{n}.js": f"function f{n}(x, y) {{\n  return runStep(x, y);\n}}\n" for n in range(24)}

    assert rows == found(learn(files), "src/new.js", slip)


@pytest.mark.parametrize(("owner", "keys"), [("rows", []), ("Shop", ["kotlin: `Shop.step`"])])
def test_a_name_in_lower_case_is_a_value_where_no_module_is_called_so(owner: str, keys: list[str]):
    """A method of a value is the value's own in Kotlin too, whose grammar does not keep the two apart."""
    function = "fun {}(x: Int) {{\n  {}(x)\n}}\n"
    files = {f"src/{name}.kt": function.format(name, f"{owner}.step") for name in ("run_step", "old")}
    files |= {f"src/f{number}.kt": function.format(f"f{number}", "run_step") for number in range(24)}

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(
    ("before", "function", "keys"),
    [
        pytest.param("", "function {}(x) {{\n  return door.step(x);\n}}\n", ["`door.step`"], id="a module"),
        pytest.param("", "function {}(door) {{\n  return door.step(1);\n}}\n", [], id="on a parameter"),
        pytest.param("", "const {} = (door) => {{\n  return door.step(1);\n}};\n", [], id="of an arrow function"),
        pytest.param("const step = make();\n", "function {}(x) {{\n  return step(x);\n}}\n", [], id="a value"),
        pytest.param("const step = require('step');\n", "function {}(x) {{\n  return step(x);\n}}\n", ["`step`"],
                     id="what is loaded"),
    ],
)  # fmt: skip
def test_a_value_of_the_files_own_is_nothing_that_others_go_past(before: str, function: str, keys: list[str]):
    """What a function of a script takes, and what its file makes for itself, is another thing than others call so."""
    files = {f"src/{name}.ts": before + function.format(name) for name in ("run_step", "old")}
    files |= {f"src/f{number}.ts": f"function f{number}(x) {{\n  run_step(x);\n}}\n" for number in range(24)}

    found = [entry.key for entry in learn(files).entries if entry.convention == "Q15"]
    assert [f"typescript: {key}" for key in keys] == found


@pytest.mark.parametrize(("others", "keys"), [(0, ["lua: `Shop.step`"]), (2, [])])
def test_a_name_that_several_files_define_is_no_one_thing_to_go_through(others: int, keys: list[str]):
    """Each file has its own function of the name, whatever those that call nothing do."""
    files = {"src/run.lua": "function get(x)\n  return Shop.step(x)\nend\n", "src/old.lua": "Shop.step(1)\n"}
    files |= {f"src/f{number}.lua": f"local a{number} = get({number})\n" for number in range(24)}
    files |= {f"src/own{number}.lua": "local function get(x)\n  return x\nend\n" for number in range(others)}

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(
    ("head", "path", "keys"),
    [
        pytest.param("fun", "src/f{}.kt", ["kotlin: `step`"], id="a function"),
        pytest.param("override fun", "src/f{}.kt", [], id="a method of a class like others"),
        pytest.param("fun", "src/f{}/build.gradle.kts", [], id="builds"),
    ],
)
def test_a_function_is_called_where_its_name_reaches(head: str, path: str, keys: list[str]):
    """What overrides has its name from another class, whose heirs are called so too; a build calls what Gradle has."""
    own = f"class A : B() {{\n  {head} run_step(x: Int) {{\n    step(x)\n  }}\n}}\n"
    files = {"src/run.kt": own, "src/old.kt": "fun old(x: Int) {\n  step(x)\n}\n"}
    files |= {path.format(number): f"fun f{number}(x: Int) {{\n  run_step(x)\n}}\n" for number in range(24)}

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(("before", "keys"), [("static", ["java: `Shop.step`"]), ("protected", [])])
def test_a_method_for_heirs_is_nothing_that_others_go_through(before: str, keys: list[str]):
    """Who is no heir cannot call it, and has to go past it."""
    files = {f"src/F{n}.java": f"class F{n} extends Run {{\n    int f() {{ return run(); }}\n}}\n" for n in range(24)}
    files["src/Run.java"] = f"class Run {{\n    {before} int run() {{ return Shop.step(); }}\n}}\n"
    files["src/Old.java"] = "class Old {\n    int old() { return Shop.step(); }\n}\n"

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(("raised", "keys"), [("Step", ["typescript: `Step`"]), ("StepError", [])])
def test_an_error_is_raised_past_what_may_raise_it(raised: str, keys: list[str]):
    """A function that raises it for one reason stands for no other."""
    function = f"export function {{}}(x) {{{{\n  if (x) throw new {raised}(x);\n}}}}\n"
    files = {f"src/{name}.ts": function.format(name) for name in ("runStep", "old")}
    files |= {f"src/f{n}.ts": f"function f{n}(x) {{\n  runStep(x);\n}}\n" for n in range(24)}

    assert keys == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]


@pytest.mark.parametrize(("called", "expected"), [("", ["typescript: `raise`"]), ("  lateError('b');\n", [])])
def test_no_function_stands_for_what_its_file_has_several_for(called: str, expected: list[str]):
    """Where one file raises in several functions that others call, what they raise by is no slip past one of them."""
    files = {f"src/m{n}.ts": f"export function f{n}() {{\n  lostError('a');\n{called}}}\n" for n in range(20)}
    files["src/errors.ts"] = "".join(
        f"export function {name}Error(text: string) {{\n  return raise({code}, text);\n}}\n\n"
        for name, code in (("lost", 404), ("late", 408))
    )
    files["src/raw.ts"] = "export function g() {\n  raise(404, 'c');\n}\n"

    assert expected == [entry.key for entry in learn(files).entries if entry.convention == "Q15"]
