"""
What stands in a block. In: the blocks of all files, in any language. Out: rules mined from them. Rows Q09 to Q11.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, pairwise
from typing import Any

from tree_sitter import Node

from ..languages import traits_of
from ..source import text_of
from ..traits import PROGRAM
from ..wording import all_of
from .anyfacts import BlockFact, TypeFact, key_of, key_text
from .convention import Edit, Examples, HouseChoice, NeutralHouseConvention, Place
from .facts import FileFacts
from .implications import Implication, fewest
from .shapes import LEAST, LEAST_FILES, OTHER_ROLES, SHARE, Shape, collect_shapes, is_free, widest_only

LEAST_INSTEAD = 3
"""Blocks that lack what nearly all have before what they have in its place is known."""
LIFT = 3.0
"""How many times as often a key has to stand beside another one as it stands anywhere."""
LADDER = (
    'resource "disk" "a" {\n  size = 1\n  zone = var.zone\n}\n',
    'resource "disk" "b" {\n  kind = "x"\n  size = 2\n  tags = {}\n  zone = var.zone\n}\n',
)


class ChildOrder(NeutralHouseConvention):
    """Which of two keys stands first in a block of one shape."""

    id = "Q09"
    name = "child-order"
    question = "Which stands first, {key}?"
    is_of_shapes = True
    roles = OTHER_ROLES
    cap = "advise"
    version = 4
    is_local = False
    examples = Examples(
        value="`size` first",
        key="`size` and `zone` in `resource disk`",
        path="main.tf",
        rule={"language": "hcl", "shape": "resource disk", "keys": ["size", "zone"]},
        conforms=LADDER,
        departs=('resource "disk" "a" {\n  zone = var.zone\n  size = 1\n}\n',),
        nearly=(
            'resource "disk" "a" {\n  zone = var.zone\n}\n',
            'resource "net" "a" {\n  zone = var.zone\n  size = 1\n}\n',
            # repeated, it stands on both sides
            'resource "disk" "a" {\n  zone = 1\n  size = 1\n  zone = 2\n}\n',
        ),
    )

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """Yield the pairs of keys that nearly always stand in one order, but those that follow from two others."""
        yield from widest_only(rule for shape in collect_shapes(files) for rule in self.orders(shape))

    def orders(self, shape: Shape) -> Iterator[tuple[Shape, Hashable, dict[str, Any]]]:
        """Yield the pairs of one shape."""
        common = shape.frequent_keys()
        together: Counter[tuple[str, str]] = Counter()
        files_of: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for path, block in shape.blocks:
            for pair in combinations([key for key in single_keys(block) if key in common], 2):
                together[pair] += 1
                files_of[pair].add(path)
        kept = {
            (one, other): count + together[other, one]
            for (one, other), count in together.items()
            if count >= max(LEAST, SHARE * (count + together[other, one])) and len(files_of[one, other]) >= LEAST_FILES
        }
        for one, other in sorted(kept):
            if not any(follows(kept, one, between, other) for between in common):
                keys = sorted((one, other))
                key = f"`{keys[0]}` and `{keys[1]}` in `{shape.name}`"
                yield shape, (one, other), {"key": key, "keys": keys}

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield which of the two keys stands first in each block that holds both once."""
        for block in facts.by_shape.get(rule["shape"], ()):
            found = [entry for entry in block.entries if entry.key in rule["keys"]]
            if len(found) == 2 and found[0].key != found[1].key:
                mark = found[1]
                yield HouseChoice(f"`{found[0].key}` first", mark.line, mark.start, mark.end, "")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the two entries exchanged."""
        entry = entry_around(place.node)
        other = next((key for key in place.rule["keys"] if f"`{key}` first" == value), "")
        for sibling in entry.parent.named_children if entry is not None and entry.parent is not None else ():
            if entry is not None and has_key(sibling, other):
                first, second = text_of(sibling), text_of(entry)
                return Edit(sibling.start_byte, sibling.end_byte, second), Edit(entry.start_byte, entry.end_byte, first)
        return ()

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        return f"{found} here, {wanted} in this codebase ({key.partition(' in ')[2]})"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        pair, _, shape = key.partition(" in ")
        first = value.removesuffix(" first")
        second = next((name for name in pair.split(" and ") if name != first), pair)
        return f"In a block {shape}, put {first} before {second}."

    def shared(self, value: str, key: str) -> str:
        """Return the shape of the blocks."""
        return key.partition(" in ")[2]

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return the order of all the keys of one shape, in as few rows as tell it."""
        pairs: list[tuple[str, str]] = []
        for value, key in rules:
            keys, first = key.partition(" in ")[0].split(" and "), value.removesuffix(" first")
            pairs.append((first, next(other for other in keys if other != first)))
        rows = " and ".join(" before ".join(row) for row in rows_of(pairs))
        return f"In a block {self.shared(*rules[0])}, put {rows}."


class RequiredChild(NeutralHouseConvention):
    """
    Which key every block of one shape has.

    What has neither the key nor most of the others of which this is true (where there are none, none that is frequent)
    is of another kind, and not asked: a job of a workflow may call another one. Where calls of one name pass such a
    block, one that passes literals alone has left the block out, and its keys. Nor is a key asked that a type of the
    house's, which has most of the others, says may be left out.
    """

    id = "Q10"
    name = "required-child"
    question = "Does a block {key}?"
    is_of_shapes = True
    roles = OTHER_ROLES
    never = frozenset({"without"})
    version = 10
    is_local = False
    examples = Examples(
        value="has `zone`",
        key="`resource disk` have `zone`",
        path="main.tf",
        rule={"language": "hcl", "shape": "resource disk", "child": "zone"},
        conforms=LADDER,
        departs=('resource "disk" "a" {\n  size = 1\n}\n', 'resource "disk" "a" {\n  size = 1\n  zones = 2\n}\n'),
        nearly=('resource "net" "a" {\n  size = 1\n}\n', '# resource "disk" "a" {\nlocals {\n  size = 1\n}\n'),
    )
    also = (
        Examples(
            value="has `runs-on`",
            key="`jobs.*` have `runs-on`",
            path="ci.yaml",
            rule={"language": "yaml", "shape": "jobs.*", "child": "runs-on", "beside": ["steps"], "least": 1},
            conforms=("jobs:\n  test:\n    runs-on: linux\n    steps: []\n  lint:\n    steps: []\n    runs-on: x\n",),
            departs=("jobs:\n  test:\n    steps: []\n",),
            nearly=("on:\n  push:\n    branches: [main]\n", "jobs:\n  test:\n    uses: a/b@v1\n    secrets: inherit\n"),
        ),
        Examples(
            value="has `name`",
            key="calls of `page.getByRole` have `name`",
            path="pages/a.js",
            rule={"language": "javascript", "shape": "page.getByRole", "child": "name", "is_call": True},
            conforms=('page.getByRole("link", { name: "Home" });', 'page.getByRole("link", { name });'),
            departs=('page.getByRole("link", { exact: true });', 'page.getByRole("link");'),
            nearly=(
                'page.getByRole("link", options);',
                'page.getByRole("link", { exact: true, ...options });',
                'page.getByText("Home");',
            ),
        ),
        Examples(
            value="has `span`",
            key="`Error::Bad` have `span`",
            path="src/a.rs",
            rule={"language": "rust", "shape": "Error::Bad", "child": "span"},
            conforms=("fn f() {\n    g(Error::Bad {\n        what: 1,\n        span,\n    });\n}\n",),
            departs=("fn f() {\n    g(Error::Bad { what: 1 });\n}\n",),
            nearly=("fn f() {\n    g(Error::Bad { what: 1, ..other });\n}\n",),
        ),
        Examples(
            value="has `Fact`",
            key="`Ctor_Ok` have `Fact`",
            path="Test.cs",
            rule={"language": "csharp", "shape": "Ctor_Ok", "child": "Fact"},
            # the name of a function names no block, and an attribute is no key
            nearly=("class A {\n    [Fact]\n    public void Ctor_Ok() { f(); }\n}\n",),
        ),
    )

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """
        Yield each key that nearly all blocks of a shape have.

        In a program, where another block may be called so too, something else has to tell that a block is of the shape.
        """
        is_program = any(PROGRAM in traits_of(facts.language) for facts in files)
        calls = {(facts.path, use.start) for facts in files for use in facts.uses}
        types = [each for facts in files for each in facts.types]
        yield from widest_only(
            (shape, rule["child"], of_calls(rule) if shape.is_of(calls) else {**rule, "is_call": False})
            for shape in collect_shapes(files)
            # what has one key alone is no block that could lack it
            if len({key for _, block in shape.blocks for key in block.keys}) > 1
            for rule in self.required(shape)
            if (rule["beside"] or not is_program) and not any(leaves_out(each, rule) for each in types)
        )

    def required(self, shape: Shape) -> Iterator[dict[str, Any]]:
        """Yield a rule for each key that nearly all blocks of one shape have."""
        required = shape.required_keys()
        for child in sorted(required):
            others = required - {child}
            beside = others or shape.frequent_keys() - {child}
            least = len(others) // 2 + 1 if beside else 0
            rule = {"key": f"`{shape.name}` have `{child}`", "child": child, "beside": sorted(beside), "least": least}
            instead = keys_instead(shape, child)
            yield {**rule, "instead": instead} if instead else rule

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each block of the shape has the key."""
        beside, least = frozenset(rule.get("beside", ())), rule.get("least", 0)
        for block in facts.by_shape.get(rule["shape"], ()):
            if rule["child"] in block.keys:
                yield HouseChoice(f"has `{rule['child']}`", block.line, block.start, block.end, block.text)
            elif block.is_open or not set(rule.get("instead", ())).isdisjoint(block.keys):
                continue
            elif len(beside.intersection(block.keys)) >= least:
                yield HouseChoice("without", block.line, block.start, block.end, block.text)
        for use in facts.uses if rule.get("is_call") else ():
            if use.is_plain and use.name == rule["shape"]:
                yield HouseChoice("without", use.line, use.start, use.end, use.name)

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the key's line taken out."""
        return without_line(place, place.rule["child"])

    def is_habit(self, rule: Mapping[str, Any]) -> bool:
        """Claim that it is the house that asks for the key."""
        return is_free(rule)

    def goes_without_saying(self, language: str, departures: int, value: str, topic: str) -> bool:
        """Claim that the compiler asks for the keys: a value of Rust has all of its fields."""
        return language == "rust" and not departures

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        shape, lacking = key.partition(" have ")[0], wanted.replace("has", "lacks")
        what = "this call of" if CALLS in shape else "this block of the shape"
        return f"{what} {shape.removeprefix(CALLS)} {lacking}"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        shape, _, child = key.partition(" have ")
        return give(shape, f"the key {child}")

    def shared(self, value: str, key: str) -> str:
        """Return the shape of the blocks."""
        return key.partition(" have ")[0]

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return all the keys of one shape."""
        keys = sorted(key.partition(" have ")[2] for _, key in rules)
        return give(self.shared(*rules[0]), f"the keys {all_of(keys)}")


CALLS = "calls of "
"""How the key of a rule begins that is about what is given to a function."""


def give(shape: str, keys: str) -> str:
    """Return the instruction that blocks or calls of one *shape* have *keys*."""
    if CALLS in shape:
        return f"Pass {keys} in every call of {shape.removeprefix(CALLS)}."
    return f"Give every block {shape} {keys}."


def of_calls(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return *rule* as one about the calls of a function."""
    return {**rule, "key": CALLS + rule["key"], "is_call": True}


class CoOccurrence(NeutralHouseConvention):
    """Which key a block has wherever it has another one."""

    id = "Q11"
    name = "co-occurrence"
    question = "Does a block {key}?"
    is_of_shapes = True
    roles = OTHER_ROLES
    cap = "advise"
    never = frozenset({"without"})
    version = 5
    is_local = False
    examples = Examples(
        value="also `tags`",
        key="`resource disk` with `kind` have `tags`",
        path="main.tf",
        rule={"language": "hcl", "shape": "resource disk", "if": "kind", "then": "tags"},
        conforms=LADDER[1:],
        departs=('resource "disk" "a" {\n  kind = "x"\n  size = 1\n}\n',),
        nearly=LADDER[:1],
    )
    also = (
        Examples(
            value="also `tags`",
            key="`disk` with `kind` have `tags`",
            path="a.yaml",
            rule={"language": "yaml", "shape": "disk", "if": "kind", "then": "tags"},
            conforms=("disk:\n  kind: x\n  tags: []\n",),
            departs=("disk:\n  kind: x\n",),
            nearly=("disk:\n  <<: *common\n  kind: x\n",),
        ),
    )

    def propose(self, files: Sequence[FileFacts]) -> Iterator[dict[str, Any]]:
        """
        Yield each pair of keys the second of which is rare, but not beside the first (lift of at least three).

        What follows from other pairs, also of wider shapes, is left out, and what Q10 asks of the same blocks.
        """
        shapes = collect_shapes(files)
        required = {shape.name: shape.required_keys() for shape in shapes}
        said: dict[str, set[Implication]] = {}
        for shape in shapes:
            wider = {pair for name in shape.wider for pair in said.get(name, ())}
            pairs = {pair for pair in self.pairs(shape) if not is_required(shape, *pair, required)}
            said[shape.name] = {*fewest(pairs, wider)}
            for cause, effect in sorted(said[shape.name]):
                key = f"`{shape.name}` with `{cause}` have `{effect}`"
                yield {"shape": shape.name, "key": key, "if": cause, "then": effect}

    def pairs(self, shape: Shape) -> Iterator[Implication]:
        """Yield the pairs of one shape."""
        common = shape.frequent_keys()
        alone: Counter[str] = Counter()
        together: Counter[tuple[str, str]] = Counter()
        for _, block in shape.blocks:
            keys = sorted(common & set(block.keys))
            alone.update(keys)
            together.update(combinations(keys, 2))
        for (one, other), both in together.items():
            for cause, effect in ((one, other), (other, one)):
                share = both / alone[cause]
                if both >= LEAST and share >= SHARE and share * len(shape.blocks) >= LIFT * alone[effect]:
                    yield cause, effect

    def answer(self, facts: FileFacts, rule: Mapping[str, Any]) -> Iterator[HouseChoice]:
        """Yield whether each block of the shape that has the first key has the second."""
        for block in facts.by_shape.get(rule["shape"], ()):
            cause = next((entry for entry in block.entries if entry.key == rule["if"]), None)
            if cause is not None:
                has_both = rule["then"] in block.keys
                if has_both or not block.is_open:
                    value = f"also `{rule['then']}`" if has_both else "without"
                    yield HouseChoice(value, cause.line, cause.start, cause.end, "")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the second key's line taken out."""
        return without_line(place, place.rule["then"])

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        _, _, keys = key.partition(" with ")
        cause, _, effect = keys.partition(" have ")
        return f"{cause} stands here without {effect}"

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        shape, _, keys = key.partition(" with ")
        cause, _, effect = keys.partition(" have ")
        return f"Where a block {shape} has {cause}, give it {effect} too."


def keys_instead(shape: Shape, child: str) -> list[str]:
    """Return the keys that all blocks of *shape* without *child* have, several at least, and few of the others."""
    lacking = [block for _, block in shape.blocks if child not in block.keys]
    if len(lacking) < LEAST_INSTEAD:
        return []
    common = Counter(key for _, block in shape.blocks for key in set(block.keys))
    shared = (key for key in sorted(set(lacking[0].keys)) if all(key in block.keys for block in lacking))
    return [key for key in shared if 2 * common[key] < len(shape.blocks)]


def leaves_out(kind: TypeFact, rule: Mapping[str, Any]) -> bool:
    """Claim that objects of a type, as blocks that a *rule* asks for a key may be, need not have that key."""
    return rule["child"] in kind.optional and 2 * len(kind.keys.intersection(rule["beside"])) > len(rule["beside"])


def is_required(shape: Shape, cause: str, effect: str, required: Mapping[str, Set[str]]) -> bool:
    """Claim that nearly all blocks of *shape* with the key *cause* are of shapes of which *effect* is *required*."""
    asked = [
        any(effect in required.get(name, ()) for name in block.shapes)
        for _, block in shape.blocks
        if cause in block.keys
    ]
    return sum(asked) >= SHARE * len(asked)


def rows_of(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the fewest rows of names found in which every pair stands in order; of a circle, the pairs."""
    after: dict[str, list[str]] = {name: [] for name in sorted({name for pair in pairs for name in pair})}
    for first, second in sorted(pairs):
        after[first].append(second)
    try:
        order = tuple(TopologicalSorter(after).static_order())
    except CycleError:
        return sorted(pairs)
    below: dict[str, set[str]] = {}
    for name in order:  # those behind a name come before it
        below[name] = {*after[name]}.union(*(below[other] for other in after[name]))
    # what follows from two others is not said
    left = {(one, other) for one, other in pairs if not any(other in below[each] for each in after[one])}
    rows: list[tuple[str, ...]] = []
    while left:
        longest: dict[str, tuple[str, ...]] = {}
        for name in order:
            ways = [longest[other] for other in after[name] if (name, other) in left]
            longest[name] = (name, *max(ways, key=len, default=()))
        rows.append(max(sorted(longest.values()), key=len))
        left.difference_update(pairwise(rows[-1]))
    return rows


def single_keys(block: BlockFact) -> list[str]:
    """Return the keys that *block* has once, in order."""
    counts = Counter(block.keys)
    return [key for key in block.keys if counts[key] == 1]


def follows(kept: Mapping[tuple[str, str], int], one: str, between: str, other: str) -> bool:
    """Claim that the order of two keys follows from a third, which nearly all blocks have that have the two."""
    pair = kept[one, other]
    return min(kept.get((one, between), 0), kept.get((between, other), 0)) >= SHARE * pair


def entry_around(node: Node) -> Node | None:
    """Return the innermost entry that *node* is the key of."""
    current: Node | None = node
    while current is not None and not (key_of(current) is not None and current.start_byte == node.start_byte):
        current = current.parent
    return current


def has_key(entry: Node, name: str) -> bool:
    """Claim that *name* is the key of an entry."""
    key = key_of(entry)
    return key is not None and key_text(key) == name


def without_line(place: Place, child: str) -> tuple[Edit, ...]:
    """Return the lines of the entry *child* taken out of the block at a place, where it has them alone."""
    block: Node | None = place.node
    while block is not None:
        for entry in (node for node in walk_near(block) if has_key(node, child)):
            data = place.source.utf8
            start = data.rfind(b"\n", 0, entry.start_byte) + 1
            end = data.find(b"\n", entry.end_byte)
            if (
                end >= 0
                and not data[start : entry.start_byte].strip()
                and data[entry.end_byte : end].strip() in (b"", b",")
            ):
                return (Edit(start, end + 1, ""),)
        block = block.parent
    return ()


def walk_near(node: Node) -> Iterator[Node]:
    """Yield the entries nearest under *node*."""
    waiting = list(node.named_children)
    while waiting:
        current = waiting.pop(0)
        if key_of(current) is None or current.type == "block":
            waiting.extend(current.named_children)
        if key_of(current) is not None:
            yield current
