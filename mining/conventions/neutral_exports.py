"""
What scripts export and import. In: a file of JavaScript or TypeScript. Out: its choices. Rows Q24 and Q27.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node

from ..source import field_of, text_of
from .anyview import AnyView, first_token
from .convention import Choice, Edit, Examples, Place
from .neutral_declarations import COMPONENT, FUNCTION, TYPED, TYPES, ScriptConvention, declaration_of, kind_of_function

ROUTED = re.compile(
    r"(?:^|/)(?:codemods?|layouts|migrations|pages|routes|src/theme|transforms)/|^api/"
    r"|(?:^|/)(?:entry\.\w+|global-error|global-?[sS]etup|global-?[tT]eardown|instrumentation|layout|middleware)\.\w+$"
    r"|(?:^|/)(?:not-found|page|proxy|root)\.\w+$|(?:^|/)i18n/request\.\w+$"
    r"|(?:^|/)app/(?:.*/)?(?:apple-icon|default|error|forbidden|icon|loading|manifest|opengraph-image|robots|route"
    r"|sitemap|template|twitter-image|unauthorized)\.\w+$"
)
"""Paths of files whose exports a framework asks for by its rules, mostly the default one."""
FUNCTIONS = frozenset({"arrow_function", "function_expression"})
CLASSES = frozenset({"abstract_class_declaration", "class_declaration"})
DECLARED_FUNCTIONS = frozenset({"function_declaration", "generator_function_declaration"})
VARIABLES = frozenset({"lexical_declaration", "variable_declaration"})
KINDS = dict.fromkeys(CLASSES, "a class") | dict.fromkeys(DECLARED_FUNCTIONS, FUNCTION) | dict.fromkeys(TYPES, "a type")
"""What statements declare, by their own kind."""
LISTED = "export_specifier"
WRAPPER = re.compile(r"\w+$|[A-Z]\w*\.\w+$|\w+\(")
"""What is called to wrap a function: a name, that of a module, or what a call returns; a method gives another value."""
SIGNS = re.compile(r"[\W_]")
TYPE_IMPORTS = {"once": "`import type { A }`", "of each": "`import { type A }`"}
"""How each answer of Q27 is written."""


class ExportForm(ScriptConvention):
    """
    Whether a file exports its function, class or component by its name, or by default.

    Of a file that exports several things by their names nothing is asked: it could not do so by default.
    """

    id = "Q24"
    name = "export-form"
    question = "How does a file export {key}, where that is all it exports?"
    linter_codes = frozenset({"noDefaultExport", "no-default-export", "prefer-default-export"})
    values = ("by name", "by default")
    is_local = False
    version = 2
    examples = Examples(
        value="by name",
        key="a function or a class",
        path="src/a.ts",
        conforms=(
            "export function f() {}\n",
            "export const f = () => {\n  g();\n};\n",
            "class A {}\nexport { A, /* b */ type B };\n",
            "export class A {}\nexport type B = string;\n",
        ),
        departs=(
            "export default function f() {}\n",
            "export const a = 1;\nfunction f() {}\nexport default f;\n",
            "class A {}\nexport { A as default };\n",
        ),
        nearly=(
            "export default { a: 1 };\n",
            "export default [f()];\n",
            'export { default } from "./f";\n',
            "// eslint-disable-next-line import/no-default-export\nexport default function f() {}\n",
            "/* eslint-disable import/no-default-export -- a plug-in */\n\nexport default class A {}\n",
        ),
    )
    also = (
        Examples(
            value="by default",
            key="a component",
            path="src/A.tsx",
            conforms=(
                "export default function A() {\n  return <b />;\n}\n",
                "const A = () => <b />;\nexport default observer(A);\n",
            ),
            departs=("export const A = observer(() => <b />);\n",),
            nearly=(
                "export const A = () => <b />;\nexport const B = () => <i />;\n",
                "export const A = createContext(null);\n",
                "export const A = rows.map((row) => row.b);\n",
                "export function useA() {\n  return 1;\n}\n",
            ),
        ),
        Examples(
            value="by name",
            key="a component",
            path="app/late/page.tsx",
            nearly=("export default function Page() {\n  return <b />;\n}\n",),
        ),
        Examples(
            value="by name",
            key="a function or a class",
            path="src/i18n/request.ts",
            nearly=("export default function f() {\n  g();\n}\n",),
        ),
    )

    def is_asked_any(self, file: AnyView) -> bool:
        """Claim that the file's exports are its own affair."""
        return super().is_asked_any(file) and not ROUTED.search(file.path)

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield how the file exports its function, class or component."""
        exports = list(exports_of(file))
        default = next((each for each in exports if each.is_default), None)
        values = [each for each in exports if not each.is_default and each.kind != "a type"]
        main = default or (values[0] if len(values) == 1 else None)
        if main is not None and main.kind in ASKED and not is_loaded_by_path(main, file.path):
            yield Choice("by default" if main.is_default else "by name", main.mark, ASKED[main.kind])

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the word put before a declaration, or taken out; no fix, because others import what is exported."""
        inner = field_of(place.inside("export_statement"), "declaration")
        if inner is None or inner.type not in CLASSES | DECLARED_FUNCTIONS or inner.child_by_field_name("name") is None:
            return ()
        if value == "by default" and place.text == "export":
            return (Edit(place.end, place.end, " default"),)
        return (Edit(place.start, inner.start_byte, ""),) if value == "by name" and place.text == "default" else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        if value == "by name":
            return f"Export {key} by name, not by default."
        return f"Export {key} by default, where that is all that a file exports."


ASKED = {COMPONENT: COMPONENT, FUNCTION: "a function or a class", "a class": "a function or a class"}
"""What is asked about, by kind: values have no form of their own, and are settings more often than not."""


class Exported(NamedTuple):
    """
    What a file exports.
    """

    name: str
    """Its name inside of the file; empty where it has none."""
    kind: str
    mark: Node
    """Where a finding points."""
    is_default: bool


def exports_of(file: AnyView) -> Iterator[Exported]:
    """Yield what *file* exports of its own, types included."""
    kinds: dict[str, str] = {}
    is_jsx = file.has_jsx
    for statement in file.root.named_children:
        inner = declaration_of(statement)
        kinds.update(declared_in(inner, kinds, is_jsx) if inner is not None else ())
    for statement in file.root.named_children:
        if statement.type != "export_statement" or statement.child_by_field_name("source") is not None:
            continue
        words = {child.type: child for child in statement.children if not child.is_named}
        inner, value = statement.child_by_field_name("declaration"), statement.child_by_field_name("value")
        found = declared_in(inner, kinds, is_jsx) if inner is not None else []
        if value is not None:
            core = core_of(value)
            found = [(text_of(core) if core.type == "identifier" else "", kind_of(core, kinds))]
        default = words.get("default")
        for name, kind in found:
            yield Exported(name, kind, default or words["export"], default is not None)
        for clause in statement.named_children if "type" not in words else ():
            yield from (listed_export(listed, kinds) for listed in clause.named_children if listed.type == LISTED)


def listed_export(listed: Node, kinds: Mapping[str, str]) -> Exported:
    """Return what one item of `export {…}` exports."""
    name, alias = listed.child_by_field_name("name"), listed.child_by_field_name("alias")
    text = text_of(name or listed)
    kind = "a type" if is_type(listed) else kinds.get(text, "another")
    return Exported(text, kind, listed, alias is not None and text_of(alias) == "default")


def declared_in(node: Node, known: Mapping[str, str], is_jsx: bool) -> list[tuple[str, str]]:
    """Return the name and the kind of all that one statement declares; *known* are the kinds of names before it."""
    if node.type in VARIABLES:
        held = [(each.child_by_field_name("name"), each.child_by_field_name("value")) for each in node.named_children]
        kinds = [(name, kind_of(core_of(value), known) if value is not None else "another") for name, value in held]
    else:
        kinds = [(node.child_by_field_name("name"), KINDS.get(node.type, "another"))]
    return [
        (text_of(name), kind_of_function(text_of(name), is_jsx) if kind in (COMPONENT, FUNCTION) else kind)
        for name, kind in kinds
        if name is not None
    ]


def core_of(value: Node) -> Node:
    """Return a value, or the one that calls wrap, as `observer(A)` does."""
    core = value
    while core.type == "call_expression":
        passed, called = core.child_by_field_name("arguments"), core.child_by_field_name("function")
        is_wrapped = called is None or WRAPPER.match(text_of(called)) is not None
        if passed is None or not passed.named_child_count or not is_wrapped:
            break
        core = passed.named_children[0]
    return core


def kind_of(value: Node, known: Mapping[str, str]) -> str:
    """Return the kind of a value."""
    return FUNCTION if value.type in FUNCTIONS else known.get(text_of(value), "another")


def is_loaded_by_path(exported: Exported, path: str) -> bool:
    """Claim that who loads the component of a file knows it by the file's path: its name is another."""
    folder, file = posixpath.split(path)
    stem = file.partition(".")[0]
    called = posixpath.basename(folder) if stem == "index" else stem
    is_named_so = SIGNS.sub("", called).lower() == SIGNS.sub("", exported.name).lower()
    return exported.is_default and exported.kind == COMPONENT and not is_named_so


class TypeImport(ScriptConvention):
    """Whether an import of types alone says so once, or of each of them."""

    id = "Q27"
    name = "type-import"
    question = "Where does an import of types alone say that they are types?"
    linter_codes = frozenset({"consistent-type-imports", "consistent-type-specifier-style", "useImportType"})
    asked = TYPED
    values = tuple(TYPE_IMPORTS)
    version = 2
    examples = Examples(
        value="once",
        path="src/a.ts",
        conforms=('import type { A, B } from "./a";\n',),
        departs=('import { type A, type B } from "./a";\n', 'import { type A as B } from "./a";\n'),
        nearly=(
            'import { a, type B } from "./a";\n',
            'import a, { type B } from "./a";\n',
            'import { A } from "./a";\n',
            'import type A from "./a";\n',
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the form of each import of named types alone."""
        for statement in file.root.named_children:
            names = named_imports(statement)
            if names and any(child.type == "type" for child in statement.children):
                yield Choice("once", first_token(statement))
            elif names and all(is_type(name) for name in names):
                yield Choice("of each", first_token(statement))

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the word moved; no fix, because an import of nothing may still run the module."""
        statement = place.inside("import_statement")
        names = named_imports(statement) if statement is not None else []
        if value == "once":
            words = [name.children[0] for name in names if is_type(name)]
            taken = [Edit(word.start_byte, word.end_byte + 1, "") for word in words]
            return Edit(place.end, place.end, " type"), *taken
        word = next((child for child in statement.children if child.type == "type"), None) if statement else None
        given = [Edit(name.start_byte, name.start_byte, "type ") for name in names]
        return (Edit(word.start_byte, word.end_byte + 1, ""), *given) if word is not None else ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Import types, where they are all that an import names, by {TYPE_IMPORTS[value]}."

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is to be done, and how it is written here."""
        return super().message(TYPE_IMPORTS[found], wanted, key)


def named_imports(statement: Node) -> list[Node]:
    """Return the names between the braces of an import that takes nothing else."""
    clause = next((child for child in statement.named_children if child.type == "import_clause"), None)
    if clause is None or clause.named_child_count != 1 or clause.named_children[0].type != "named_imports":
        return []
    return [child for child in clause.named_children[0].named_children if child.type == "import_specifier"]


def is_type(name: Node) -> bool:
    """Claim that an item of an import, or of an export, says that it is a type."""
    return any(child.type == "type" for child in name.children)
