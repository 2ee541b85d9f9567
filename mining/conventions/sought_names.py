"""
Which names something looks for. In: a file of any language. Out: who tells of a name that it was not free.

What loads a library, a container's user or a tool knows it by that name, or the file puts the name together when it
runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .anyfacts import last_part
from .anyview import AnyView

ENTRIES = r"DllMain|JNI_On(?:Unl|L)oad|Java_\w+|LLVMFuzzer\w+|PyInit_\w+|w?WinMain"
CAPITALS = re.compile(r"[A-Z][A-Z\d_]*")
LOOKED_UP = {
    "c": re.compile(ENTRIES),
    "cpp": re.compile(
        rf"{ENTRIES}|(?:push|pop|emplace)_(?:back|front|hint)|(?:lower|upper)_bound|equal_range|(?:c|to)_str(?:ing)?"
        r"|max_size|shrink_to_fit|(?:starts|ends)_with|remove_(?:pre|suf)fix|get_allocator|(?:key|value)_comp"
        r"|(?:const_|reverse_){0,2}iterator"
        r"|await_(?:ready|resume|suspend)|(?:initial|final)_suspend|return_(?:value|void)|yield_value"
        r"|(?:allocator|difference|key|mapped|promise|size|value)_type|get_return_object|unhandled_exception"
        r"|(?:try_)?lock(?:_shared)?|unlock_shared"
    ),
    "fortran": CAPITALS,
    "perl": CAPITALS,
    "scala": re.compile("autoImport"),
    "swift": re.compile(r"\w+_Previews"),
    "zig": CAPITALS,
}
"""
By language, the names by which something looks for a definition: what loads a library or fuzzes it, and in C++ the
compiler of coroutines and what is written for any container; Perl and what saves its values for subs in capitals, which
are constants otherwise; sbt for what a plug-in brings into builds; Xcode for what it shows of a view. Fortran knows no
case, and capitals tell there what stands for a constant, or comes from old code; in Zig what has the name that C or
Windows gave it.
"""
COMPOSED = re.compile(rb"""["'`:](\w{2,40})(?:#\{|\{?\$[\w{]|["'][ \t]*(?:\.\.?|\+)[ \t]*[$\w])""")
"""How a name begins of which the rest is filled in when the program runs: `"add_{$key}"`, `'add_' . $key`."""
COMPOSING = frozenset({"javascript", "lua", "perl", "php", "ruby", "tsx", "typescript"})
"""Languages in which a function is called by a name that is made so."""
INDEXED = re.compile(rb"\b(\w+)\[[A-Za-z_]\w*\](?!\s*=[^=])")
"""A table of Lua from which something is taken by a name that a variable holds: `methods[name](bus)`."""
NOTHING = re.compile("(?!)")


def sought_in(file: AnyView) -> Callable[[str], bool]:
    """Return what claims of the name of a definition in *file* that something looks for it."""
    looked_up = LOOKED_UP.get(file.source.language.name, NOTHING)
    composed = composed_in(file)
    indexed = indexed_in(file)

    def is_sought(name: str) -> bool:
        own = last_part(name)
        if looked_up.fullmatch(own) is not None or is_composed(own, composed) or "[" in name:
            return True
        return name.partition(".")[0] in indexed and own != name

    return is_sought


def composed_in(file: AnyView) -> tuple[str, ...]:
    """Return how the names begin that *file* puts together when it runs."""
    if file.source.language.name not in COMPOSING:
        return ()
    return tuple({found[1].decode("utf-8", "replace") for found in COMPOSED.finditer(file.utf8)})


def indexed_in(file: AnyView) -> frozenset[str]:
    """Return the tables of a *file* of Lua from which something is taken by a variable's name."""
    if file.source.language.name != "lua":
        return frozenset()
    return frozenset(found[1].decode("utf-8", "replace") for found in INDEXED.finditer(file.utf8))


def is_composed(name: str, beginnings: tuple[str, ...]) -> bool:
    """Claim that *name* is one of *beginnings* with another word behind it."""
    rests = ((each, name[len(each) :]) for each in beginnings if name.startswith(each))
    return any(rest and (each.endswith("_") or rest[0].isupper()) for each, rest in rests)
