"""
Which form a declaration takes in scripts. In: a file of JavaScript or TypeScript. Out: its choices. Rows Q25 and Q26.

Both forms of each do the same, and houses have one. What leaves no choice is not asked: a file that a tool reads by its
place or name, a declaration that only one of the forms allows, a line on which a linter is told to be silent of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tree_sitter import Node

from ..source import text_of
from ..traits import SCRIPTS
from .anyview import AnyView
from .convention import Choice, Edit, Examples, NeutralConvention, Place

TYPED = SCRIPTS - {"javascript"}
"""Languages with types; in them a function may be a component or a decorator, which types are called like."""
READ_BY_TOOLS = re.compile(r"\.d\.[cm]?ts$|(?:^|/)\.|\.(?:conf|config|setup|stories|story)\.\w+$")
"""Paths of files in forms that tools ask for: types without code, settings, stories."""
THIS = re.compile(rb"\bthis\b")
TYPES = frozenset({"interface_declaration", "type_alias_declaration"})
COMPONENT, FUNCTION = "a component", "a function"
"""Kinds of functions."""


class ScriptConvention(NeutralConvention):
    """Shared by questions about scripts."""

    cap = "advise"
    # what tests and examples declare is made up for the case at hand
    roles = frozenset({"src", "scripts"})
    asked = SCRIPTS

    def is_asked_any(self, file: AnyView) -> bool:
        """Claim that *file* is a script whose form is free."""
        return super().is_asked_any(file) and not READ_BY_TOOLS.search(file.path)


class FunctionForm(ScriptConvention):
    """
    Whether an outermost function is declared, or an arrow function that a constant holds.

    Left out is what only one of the forms can be: what is overloaded, generates, asserts, or has a `this` of its own,
    what the type of its constant describes, and what is generic where `<` may open JSX. An arrow function without a
    block is short, which is what it was chosen for.
    """

    id = "Q25"
    name = "function-form"
    question = "In which form is {key} written at the top level of a file?"
    linter_codes = frozenset({"func-style", "function-component-definition", "prefer-arrow-functions"})
    values = ("a declaration", "an arrow function")
    version = 2
    examples = Examples(
        value="a declaration",
        key=FUNCTION,
        path="src/a.ts",
        conforms=(
            "function f(a: string) {\n  return a;\n}\n",
            "export async function f(): Promise<void> {\n  g();\n}\n",
        ),
        departs=(
            "const f = (a: string) => {\n  return a;\n};\n",
            "export const f = async (): Promise<void> => {\n  g();\n};\n",
        ),
        nearly=(
            "const f = (a: string) => a;\n",
            "const f: Handler = (a) => {\n  g(a);\n};\n",
            "const f = memoize((a: string) => {\n  return a;\n});\n",
            "function f() {\n  const g = () => {\n    h();\n  };\n}\n",
            "// eslint-disable-next-line func-style\nconst f = () => {\n  g();\n};\n",
        ),
    )
    also = (
        Examples(
            value="an arrow function",
            key=FUNCTION,
            path="src/a.ts",
            conforms=("export const f = (a: string) => {\n  return a;\n};\n",),
            departs=("export function f(a: string) {\n  return a;\n}\n",),
            nearly=(
                "export function* f() {\n  yield 1;\n}\n",
                "function f(a: string): void;\nfunction f(a: any) {\n  g(a);\n}\n",
                "function f(a: unknown): asserts a is string {\n  g(a);\n}\n",
                "function f(this: A) {\n  this.g();\n}\n",
                "export default function f() {\n  g();\n}\n",
            ),
        ),
        Examples(
            value="an arrow function",
            key=COMPONENT,
            path="src/A.tsx",
            conforms=("export const A = ({ b }: Props) => {\n  return <i>{b}</i>;\n};\n",),
            departs=("export function A({ b }: Props) {\n  return <i>{b}</i>;\n}\n",),
            nearly=("export function A<T>({ b }: Props<T>) {\n  return <i>{b}</i>;\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the form of each outermost function that could have either."""
        overloaded = {name_of(inner) for inner in declarations_of(file) if inner.type == "function_signature"}
        is_jsx = file.has_jsx
        for inner in declarations_of(file):
            found = form_of(inner)
            if found is None or is_default(inner):
                continue
            value, name, function = found
            if text_of(name) not in overloaded and is_free(function, file):
                yield Choice(value, name, kind_of_function(text_of(name), is_jsx))

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other head; no fix, because a constant cannot be called above the line that it stands on."""
        declared = place.inside("function_declaration", "lexical_declaration")
        found = form_of(declared) if declared is not None else None
        if declared is None or found is None or found[0] == value:
            return ()
        _, name, function = found
        head = function.child_by_field_name("type_parameters") or function.child_by_field_name("parameters")
        body = function.child_by_field_name("body")
        if head is None or body is None:  # an only parameter without parentheses
            return ()
        word = "async " if any(child.type == "async" for child in function.children) else ""
        if value == "an arrow function":
            opening = Edit(declared.start_byte, head.start_byte, f"const {text_of(name)} = {word}")
            return opening, Edit(body.start_byte, body.start_byte, "=> ")
        opening = Edit(declared.start_byte, head.start_byte, f"{word}function {text_of(name)}")
        arrow = next(child for child in function.children if child.type == "=>")
        return opening, Edit(arrow.start_byte, body.start_byte, "")

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        name = "F" if key == COMPONENT else "f"
        form = f"function {name}() {{…}}" if value == "a declaration" else f"const {name} = () => {{…}}"
        return f"Write {key} at the top level of a file as `{form}`."


def declarations_of(file: AnyView) -> list[Node]:
    """Return the outermost statements of *file*, of an export what it declares."""
    return [inner for statement in file.root.named_children if (inner := declaration_of(statement)) is not None]


def declaration_of(statement: Node) -> Node | None:
    """Return what an outermost *statement* declares: itself, or what it exports, if anything."""
    return statement.child_by_field_name("declaration") if statement.type == "export_statement" else statement


def is_default(inner: Node) -> bool:
    """Claim that a declaration is exported by default, which names no constant."""
    statement = inner.parent
    if statement is None or statement.type != "export_statement":
        return False
    return any(child.type == "default" for child in statement.children)


def name_of(declared: Node) -> str:
    """Return the name of what is declared, or nothing."""
    name = declared.child_by_field_name("name")
    return text_of(name) if name is not None else ""


def kind_of_function(name: str, is_jsx: bool) -> str:
    """Return the kind of a function: one that is named like a type, in a file with JSX, is a component of it."""
    return COMPONENT if is_jsx and name[:1].isupper() else FUNCTION


def form_of(node: Node) -> tuple[str, Node, Node] | None:
    """Return the form of the function that a statement declares, its name and itself; None for other statements."""
    name = node.child_by_field_name("name")
    if node.type == "function_declaration" and name is not None:
        return "a declaration", name, node
    if node.type != "lexical_declaration" or node.named_child_count != 1 or node.children[0].type != "const":
        return None
    (held,) = node.named_children
    name, function = held.child_by_field_name("name"), held.child_by_field_name("value")
    if name is None or function is None or function.type != "arrow_function" or held.child_by_field_name("type"):
        return None
    body = function.child_by_field_name("body")
    return ("an arrow function", name, function) if body is not None and body.type == "statement_block" else None


def is_free(function: Node, file: AnyView) -> bool:
    """Claim that a function could be written in either form."""
    returned = function.child_by_field_name("return_type")
    is_assertion = returned is not None and "asserts" in returned.type
    is_ambiguous = file.source.language.name == "tsx" and function.child_by_field_name("type_parameters") is not None
    has_this = THIS.search(file.utf8, function.start_byte, function.end_byte) is not None
    return not (is_assertion or is_ambiguous or has_this)


class ObjectType(ScriptConvention):
    """
    Whether the type of an object is an interface or an alias.

    Left out is what only one of the forms can be, or is better at: an interface that extends others, that is declared
    in parts or that asks for methods, and an alias of more than one object.
    """

    id = "Q26"
    name = "object-type"
    question = "How is {key} declared?"
    linter_codes = frozenset({"consistent-type-definitions", "useConsistentTypeDefinitions"})
    asked = TYPED
    values = ("an alias", "an interface")
    examples = Examples(
        value="an alias",
        key="the type of an object",
        path="src/a.ts",
        conforms=("type A = {\n  b: string;\n};\n", "export type A<T> = { b?: T };\n"),
        departs=("interface A {\n  b: string;\n}\n", "export interface A<T> {\n  b?: T;\n}\n"),
        nearly=(
            "interface A extends B {\n  c: string;\n}\n",
            "interface A {\n  b(): void;\n}\n",
            "interface A {\n  (b: string): void;\n}\n",
            "declare global {\n  interface Window {\n    a: string;\n  }\n}\n",
            "interface A {\n  b: string;\n}\ninterface A {\n  c: string;\n}\n",
        ),
    )
    also = (
        Examples(
            value="an interface",
            key="the type of an object",
            path="src/a.ts",
            conforms=("export interface A {\n  b: string;\n}\n",),
            departs=("export type A = {\n  b: string;\n};\n",),
            nearly=(
                "type A = B & { c: string };\n",
                "type A = { [K in B]: string };\n",
                "type A = { [key: string]: string };\n",
                "type A = B | null;\n",
            ),
        ),
        Examples(
            value="an alias",
            key="the type of a component's props",
            path="src/A.tsx",
            conforms=("type Props = {\n  b: string;\n};\n",),
            departs=("interface Props {\n  b: string;\n}\n", "export interface ButtonProps {\n  b: string;\n}\n"),
            nearly=("interface Props extends Base {\n  b: string;\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the form of each outermost type of an object that could have either."""
        declared = [inner for inner in declarations_of(file) if inner.type in TYPES]
        times = Counter(map(name_of, declared))
        for each in declared:
            name, body = each.child_by_field_name("name"), object_of(each)
            if name is not None and body is not None and times[text_of(name)] == 1 and is_plain_object(body):
                value = "an interface" if each.type == "interface_declaration" else "an alias"
                is_of_component = file.source.language.name == "tsx" and text_of(name).endswith("Props")
                key = "the type of a component's props" if is_of_component else "the type of an object"
                yield Choice(value, name, key)

    def rewrite(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the other words around the members; no fix, because they differ where a type has to be indexed."""
        declared = place.inside(*TYPES)
        body = object_of(declared) if declared is not None else None
        if declared is None or body is None:
            return ()
        if value == "an interface" and declared.type == "type_alias_declaration":
            sign = next(child for child in declared.children if child.type == "=")
            word = declared.children[0]
            return Edit(word.start_byte, word.end_byte, "interface"), Edit(sign.start_byte, body.start_byte, "")
        if value == "an alias" and declared.type == "interface_declaration":
            word = declared.children[0]
            return Edit(word.start_byte, word.end_byte, "type"), Edit(body.start_byte, body.start_byte, "= ")
        return ()

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        name = "Props" if key.endswith("props") else "X"
        form = f"type {name} = {{…}}" if value == "an alias" else f"interface {name} {{…}}"
        return f"Declare {key} as `{form}`."


def object_of(declared: Node) -> Node | None:
    """Return the members of an interface that extends nothing, or of the one object that an alias is; else None."""
    if declared.type == "interface_declaration":
        is_extended = any("extends" in child.type for child in declared.children)
        return None if is_extended else declared.child_by_field_name("body")
    value = declared.child_by_field_name("value")
    return value if value is not None and value.type == "object_type" else None


def is_plain_object(body: Node) -> bool:
    """Claim that members are properties alone."""
    members = [member.type for member in body.named_children if not member.is_extra]
    return bool(members) and set(members) == {"property_signature"}
