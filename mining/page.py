"""
A convention's page. In: a `Convention`. Out: Markdown: the question, and its own examples, which are its tests, too.

Of all of them together a line each.
"""

from __future__ import annotations

from collections.abc import Iterable

from .conventions.convention import Convention, Examples
from .conventions.priors import read_priors
from .learn import LEAST_OWN

HEADINGS = ("Conforms", "Departs", "Nearly departs, and is left alone")


def render_page(convention: Convention) -> str:
    """Return the page of *convention*."""
    sections = (convention.examples, *convention.also)
    are_several = len({each.language for each in sections}) > 1
    parts = [
        f"# {convention.id} {convention.name}",
        question_of(convention),
        " ".join(facts_of(convention)),
    ]
    for examples in sections:
        about = f", asked of {examples.key}" if examples.key else ""
        language = f" ({examples.language})" if are_several else ""
        parts.append(f"## Where the answer is “{examples.value}”{about}{language}")
        for heading, texts in zip(HEADINGS, (examples.conforms, examples.departs, examples.nearly), strict=True):
            parts += [f"### {heading}", *fence_all(examples, texts)] if texts else []
    return "\n\n".join(parts) + "\n"


def render_list(conventions: Iterable[Convention]) -> str:
    """Return a line for each of *conventions*: what it is called, and its question."""
    return "".join(f"{each.id} {each.name}: {question_of(each)}\n" for each in conventions)


def question_of(convention: Convention) -> str:
    """Return the question, asked of what its first examples are about."""
    return convention.question.format(key=convention.examples.key or "it")


def facts_of(convention: Convention) -> Iterable[str]:
    """Yield what decides how findings are told, a sentence each."""
    yield f"Findings are of tier {convention.cap} at most."
    yield what_it_needs(convention)
    if convention.is_of_shapes and convention.cap == "gate":
        yield "Of tier advise at most where it is about a program."
    if convention.advised:
        yield f"Of tier advise at most: {', '.join(sorted(convention.advised))}."
    if convention.answers:
        yield f"Answers: {', '.join(sorted(convention.answers))}."
    if convention.never:
        yield f"Learned and never enforced: {', '.join(sorted(convention.never))}."
    if convention.matter:
        yield f"Left to {' or '.join(convention.owners)} where that is configured."
    if convention.is_fixable:
        yield "`--fix` mends it where that is safe."
    table = f"`[conventions.{convention.id}]` of `idiolect.toml`"
    yield f"`ignore = true` and a `reason` in {table} turn it off; `tier` there says how much it counts."
    if not convention.is_local:
        yield "The answer depends on more than the marked lines: `--mode new` compares it with the base's."


def what_it_needs(convention: Convention) -> str:
    """Return how much code must say the same before there is a rule."""
    if convention.is_fact:
        return "They are facts, so no habit is needed."
    least, files = convention.least_support, convention.least_files
    is_helped = convention.id in read_priors() and least > LEAST_OWN
    helped = f", or {LEAST_OWN:g} where other codebases are of one mind" if is_helped else ""
    return f"A rule needs {least:g} places in {f'{files} files' if files > 1 else 'one file'}{helped}."


def fence_all(examples: Examples, texts: Iterable[str]) -> Iterable[str]:
    """Yield *texts* as blocks of code; a fence is longer than any in them."""
    for text in texts:
        fence = "```" if "```" not in text else "````"
        yield f"{fence}{examples.language}\n{text.rstrip()}\n{fence}"
