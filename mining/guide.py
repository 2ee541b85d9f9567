"""
The profile as a style guide. In: a `Profile`. Out: Markdown that a person enjoys and a model can follow.
"""

from __future__ import annotations

from .profile import Entry, Profile

MOST_WORDS = 1_500
ORDER = {"gate": 0, "advise": 1, "hint": 2, "": 3}


def render_guide(profile: Profile, *, max_words: int = MOST_WORDS) -> str:
    """
    Return the conventions of *profile*, the strongest first, each with its evidence and one real example.

    Whole items only, at most *max_words* words.
    """
    parts = ["# How this codebase is written\n"]
    words = len(parts[0].split())
    for entry in strongest_first(profile):
        item = render_entry(entry)
        words += len(item.split())
        if words > max_words:
            break
        parts.append(item)
    return "\n".join(parts)


def strongest_first(profile: Profile) -> list[Entry]:
    """Return the entries that are rules rather than absences, by tier, then by bound; the house's own first."""
    entries = [entry for entry in profile.entries if entry.tier]
    return sorted(entries, key=lambda e: (ORDER[e.tier], not e.rule, -e.bound, e.id, e.scope))


def render_entry(entry: Entry) -> str:
    """Return one rule as a list item: the instruction, where it holds, the evidence, an example."""
    place = f" In {entry.where}." if entry.where else ""
    evidence = f"{entry.conforming:,} of {entry.opportunities:,}"
    example = f" Example: {example_of(entry)}" if entry.exemplars else ""
    reason = f" {entry.reason}" if entry.reason else ""
    return f"- {entry.advice}{place} ({evidence}.){reason}{example}"


def example_of(entry: Entry) -> str:
    """Return a line that keeps the rule; where none says anything by itself, the place of one."""
    telling = next((line.text for line in entry.exemplars if any(map(str.isalnum, line.text))), "")
    if not telling:
        return f"{entry.exemplars[0].path}, line {entry.exemplars[0].line}"
    return f"`` {telling} ``" if "`" in telling else f"`{telling}`"
