"""
Which definitions were named where they stand: others' names are not asked, and each of the house's once.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.conventions.anyview import AnyView
from idiolect.mining.conventions.chosen_names import own_names

from .houses import parse


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.rs", "#[allow(non_camel_case_types)]\npub trait a_B {}\nimpl a_B {\n    fn d() {}\n}\n", ["d"]),
        ("a.rs", "#[allow(\n    dead_code,\n    non_snake_case,\n)]\n#[inline]\nfn aB() {}\nfn c() {}\n", ["c"]),
        ("a.rs", "mod a {\n    #![allow(non_snake_case)]\n    fn bC() {}\n}\nfn d() {}\n", ["a", "d"]),
        ("a.rs", '#[no_mangle]\npub extern "C" fn GetStdHandle() {}\n', []),
        ("a.rs", "impl A for B {\n    fn aB() {\n        fn d() {}\n    }\n}\n", ["d"]),
        (
            "A.java",
            'class A {\n  @Deprecated\n  @SuppressWarnings("checkstyle:MethodName")\n  void b() {}\n  void c() {}\n}\n',
            ["A", "c"],
        ),
        ("A.java", '@SuppressWarnings("TypeNameShadowing")\nclass A<B> {\n  void c() {}\n}\n', ["A", "c"]),
        ("A.java", '@SuppressWarnings("PMD.MethodNamingConventions")\nclass A {\n  void b() {}\n}\n', []),
        (
            "A.cs",
            'class A {\n    [SuppressMessage("Naming", "CA1707")]\n    void b() { f(); }\n    void c() { f(); }\n}\n',
            ["A", "c"],
        ),
        (
            "A.cs",
            'class A {\n    [DllImport("libc")]\n    static extern int getpid();\n    void b() { f(); }\n\n'
            "    [StructLayout(LayoutKind.Sequential)]\n    struct POINT_L { int x; }\n    struct C { int x; }\n}\n",
            ["A", "b", "C"],
        ),
        ("a.dart", "class A extends B {\n  @override\n  int a_b() => 1;\n  int c() => 1;\n}\n", ["A", "c"]),
        ("a.dart", "class A {\n  A.of() {\n    f();\n  }\n  A() {\n    f();\n  }\n}\n", ["A", "of"]),
        ("a.scala", "object A extends AutoPlugin {\n  object autoImport {\n    val b = 1\n  }\n}\n", ["A"]),
        ("a.scala", "object A {\n  @extern object b {\n    def c_d(e: Int): Int =\n      extern\n  }\n}\n", ["A", "b"]),
        (
            "a.scala",
            "import com.sun.jna._\ntrait A extends Library {\n  def b_c(d: Int): Int = b_c(d, 0)\n}\n"
            "class d_t extends PointerType {\n}\nclass E {\n  def f(g: Library): Int = 1\n}\n",
            ["E", "f"],
        ),
        (
            "A.java",
            "import com.sun.jna.win32.StdCallLibrary;\ninterface A extends StdCallLibrary {\n    int B_c(int d);\n}\n"
            "class E {\n    int f(Library g) {\n        return 1;\n    }\n}\n",
            ["E", "f"],
        ),
        (
            "a.kt",
            "import com.sun.jna.Library\ninterface A : Library {\n    fun b_c(d: Int): Int = 1\n}\n"
            "class E {\n    fun f(g: Library): Int = 1\n}\n",
            ["E", "f"],
        ),
        ("a.kt", "import a.Library\ninterface A : Library {\n    fun b_c(d: Int): Int = 1\n}\n", ["A", "b_c"]),
        ("a.cc", 'extern "C" int a_b(int c) {\n  return c;\n}\nint d(int c) {\n  return c;\n}\n', ["d"]),
        ("a.cc", 'extern "C" {\nint a_b(int c) {\n  return c;\n}\n}\n', []),
        ("a.cc", "template <typename T>\nstruct a_b<T, int> {\n  int c;\n};\nstruct D {\n  int c;\n};\n", ["D"]),
        ("a.cc", "template <>\ninline bool A::b_c<D>(int a) {\n  return a;\n}\n", []),
        ("a.cc", "void A::push_back(int b) {\n  f(b);\n}\nvoid A::push_all() {\n  f();\n}\n", ["A::push_all"]),
        ("a.cc", "class A {\n  int b_c() { return b_c_; }\n  void set_b_c(int b) { b_c_ = b; }\n"
         "  int d_e() {\n    f();\n    return 1;\n  }\n};\n",
         ["A", "d_e"]),
        ("a.c", "int LLVMFuzzerTestOneInput(int a) {\n  return a;\n}\nint b_c(int a) {\n  return a;\n}\n", ["b_c"]),
        ("a.swift",
         "func XCTAssertLate(a: Int) {\n    XCTAssertEqual(a, 1)\n}\nfunc XCTAbsentLate(a: Int) {\n    f()\n}\n",
         ["XCTAbsentLate"]),
        ("a.swift", "struct A: View {\n  var b = 1\n}\nstruct A_Previews: C {\n  var b = 1\n}\n", ["A"]),
        ("a.lua", "for k in a do\n  b[k] = function()\n    f()\n  end\nend\nlocal function c()\n  f()\nend\n", ["c"]),
        ("a.lua", "function a.Late(b)\n  f()\nend\nfunction c(d)\n  a[d](1)\nend\nfunction e.g(b)\n  f()\nend\n",
         ["c", "e.g"]),
        ("a.php", '<?php\nclass A {\n  function b($k) {\n    $this->{"add_{$k}"}();\n  }\n'
         "  function add_c() {\n    f();\n  }\n  function addD() {\n    f();\n  }\n}\n", ["A", "b", "addD"]),
        ("a.rb", 'def a(k)\n  send("on#{k}")\nend\ndef onLate\n  1\nend\ndef once\n  1\nend\n', ["a", "once"]),
        ("a.pl", "sub TO_JSON {\n  1;\n}\n\nsub size {\n  1;\n}\n", ["size"]),
        ("a.f90", "function OS_NAME(a)\n  b = a\nend function\nfunction f(a)\n  b = a\nend function\n", ["f"]),
        ("a.ex", "defmodule A do\nend\n\ndefimpl B, for: C do\n  def d(e), do: e\nend\n", ["A", "d"]),
        ("a.hs", "instance A (B c) where\n  d_e f =\n    f\n\ng :: Int -> Int\ng a = a\n", ["g"]),
        ("a.zig", "const FILE_KIND = enum(u32) { a };\nconst Kind = enum { a };\n", ["Kind"]),
        ("a.zig", "fn epoll_wait() void {\n    sys.epoll_wait();\n}\nfn b() void {\n    epoll_wait();\n}\n", ["b"]),
        ("a.kt", 'package a\n\n@Suppress("FunctionName")\nfun b() {\n    f()\n}\n\nfun c() {\n    f()\n}\n', ["c"]),
        ("a.ts", "declare module 'a' {\n  interface b_c {\n    d: 1;\n  }\n}\ninterface E {\n  d: 1;\n}\n", ["E"]),
        ("a.ts", "f(() => ({ get B_C() { return 1; }, set B_C(v) {}, get() {}, d() {} }));\n", ["get", "d"]),
        ("a.ts", "f('declare module a');\ninterface B {\n  c: 1;\n}\n", ["B"]),
    ],
)  # fmt: skip
def test_a_name_that_was_not_free_is_not_asked(path: str, text: str, names: list[str]):
    """Names that an attribute tells a linter to leave, that C or a trait asks for, or that others gave, say nothing."""
    assert names == [name.text for name in own_names(AnyView(parse(path, text)))]


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.kt", "fun Job.runAll() {\n    run()\n}\n"), ("a.scala", "def runAll(job: Job) = {\n  job.run()\n}\n")],
)
def test_a_unit_is_asked_once(path: str, text: str):
    """Whatever number of a query's patterns find a unit, its name is one place."""
    found = tally_source(parse(path, text)).opportunities

    assert len(set(found)) == len(found)
