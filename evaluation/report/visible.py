"""
Text that does what it looks like. In: any text. Out: the same, with what acts unseen written out, and not too long.
"""

from __future__ import annotations

from ...mining.wording import counted

LONGEST = 20_000
"""Characters of one answer that the report shows; `samples.jsonl` holds all of them."""
TURNING = (0xAD, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
"""What turns the direction of text, joins it, or takes no room."""
TAGS = range(0xE0000, 0xE0080)
"""Letters that nothing shows and models read."""
WRITTEN = (
    {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
    | {0x7F: "\u2421"}
    | {code: f"[U+{code:04X}]" for code in (*range(0x80, 0xA0), *TURNING, *TAGS)}
)


def make_visible(text: str) -> str:
    """Return *text* with control characters, and those that turn or hide text, as marks that can be seen."""
    return text.replace("\r\n", "\n").translate(WRITTEN)


def shorten(text: str) -> str:
    """Return *text*, or its beginning with the number of characters that were left out."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[{counted(len(text) - LONGEST, 'more character')}]"
