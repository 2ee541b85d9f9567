"""
A toy repository and a toy base. In: nothing. Out: files that are enough to mine, split and train on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VERBS = ("open", "close", "count", "merge", "scale", "shift", "sort", "drop", "join", "split", "find", "rank")
NOUNS = ("orders", "parcels", "users", "routes", "prices", "tokens", "frames", "ledgers", "plans", "notes")
BODIES = (
    "    total = 0\n    for item in {n}:\n        total += item.{v}_cost * {k}\n    return total",
    "    kept = [item for item in {n} if item.{v}able]\n    kept.sort(key=lambda item: item.rank)\n"
    "    return kept[:{k}]",
    "    seen = set()\n    while {n}:\n        item = {n}.pop()\n        if item in seen:\n"
    "            raise ValueError('{v} twice: ' + repr(item))\n        seen.add(item)\n    return len(seen) - {k}",
    "    table = {{}}\n    for place, item in enumerate({n}):\n"
    "        table.setdefault(item.{v}, []).append(place + {k})\n"
    "    return table",
    "    try:\n        first = next(iter({n}))\n    except StopIteration:\n        return {k}\n    return first.{v}()",
)


def toy_files() -> dict[str, str]:
    """Return a repository of 30 modules with 4 functions each: enough to mine, split and train on."""
    files: dict[str, str] = {}
    for place in range(30):
        verb, noun = VERBS[place % len(VERBS)], NOUNS[place % len(NOUNS)]
        functions = []
        for index in range(4):
            body = BODIES[(place + index * 2) % len(BODIES)].format(n=noun, v=f"{verb}{index}", k=place * 7 + index)
            own = f"{verb}_{place}_{index}"
            # calls of names that no other function calls: otherwise all toys would be near-duplicates of each other
            body = (
                f"    {noun} = {own}_of({noun}).{own}_part(limit={index})\n"
                f"    {own}_log({own}_name({noun}), {own}_now())\n"
                f"    {noun}.{own}_seal({own}_key()).{own}_send(to={own}_peer)\n" + body
            )
            head = f'def {verb}_{noun}_{index}({noun}):\n    """Return what {verb} gives for {noun}, case {index}."""\n'
            functions.append(head + body + "\n")
        files[f"shop/{verb}_{noun}_{place}.py"] = "import json\n\n\n" + "\n\n".join(functions)
    return files


def plant(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write *files* below *root*, and return that."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def make_base(folder: Path) -> Path:
    """
    Write a base of one thin layer, in the form of the embedded one, into *folder*, and return that.

    Its tokenizer knows little more than the toys: what a thin layer takes is next to nothing beside a large head.
    """
    from idiolect.training.base import embedded_path
    from idiolect.training.base.tokenizer import train_tokenizer
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = train_tokenizer(toy_files().values(), 1024, 2048)
    shape = {"num_hidden_layers": 1, "hidden_size": 32, "intermediate_size": 64, "head_dim": 8}
    shape |= {"num_attention_heads": 4, "num_key_value_heads": 2, "layer_types": ["full_attention"]}
    shape |= {"vocab_size": len(tokenizer)}
    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(embedded_path(), **shape)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
