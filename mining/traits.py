"""
What is particular to languages. In: the words under `traits` in a language's table. Out: what follows from each.

A question that needs to know a language asks for a trait, so a table is all that a new language brings.
"""

from __future__ import annotations

C_STATEMENTS = "C statements"
CODING_COOKIE = "coding cookie"
COMPOSED_NAMES = "composed names"
FIXED_BLANKS = "fixed blanks"
GIVEN_NAMES = "given names"
LIKE_QUOTES = "like quotes"
MACROS = "macros"
MARKED_DOCUMENTATION = "marked documentation"
ONE_COMMENT = "one comment"
ONE_LONG_STRING = "one long string"
ONE_QUOTE = "one quote"
OVERLOADS = "overloads"
PROGRAM = "program"
PROSE = "prose"
TYPED_TEXTS = "typed texts"

TRAITS = {
    C_STATEMENTS: "`if`, `while` and their like open statements, so what begins with one is no unit",
    CODING_COOKIE: "a comment in the first lines may name the encoding of its file",
    COMPOSED_NAMES: "a function may be called by a name that the program puts together when it runs",
    FIXED_BLANKS: "a blank ends a word, or lines are laid out by columns",
    GIVEN_NAMES: "keys are named by what reads the file",
    LIKE_QUOTES: "both quotes open the same kind of string",
    MACROS: "macros of C stand where its grammar expects none",
    MARKED_DOCUMENTATION: "documentation opens as no other comment does, so what else stands above code is a note",
    ONE_COMMENT: "one sign opens comments",
    ONE_LONG_STRING: "strings of several lines are opened in one way, or each way makes another text",
    ONE_QUOTE: "one quote opens a string, or each means another thing",
    OVERLOADS: "functions of one name stand side by side, told apart by their parameters",
    PROGRAM: "what is given under a key is mostly computed, so a rule about such values is advised at most",
    PROSE: "its layout and its names are not those of code",
    TYPED_TEXTS: "the type of a key says which texts it may have",
}
"""Each trait, and what it says of a language."""

SCRIPTS = frozenset({"javascript", "tsx", "typescript"})
"""One language in three grammars."""
