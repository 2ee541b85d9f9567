"""
What pages show of results. In: a page, a name and a text, or cells. Out: the page with the text between its markers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def table_line(cells: Sequence[Any]) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def percent(value: float | None) -> str:
    """Return a share as a person reads it."""
    return "" if value is None else f"{value:.0%}"


def fill_page(page: Path, name: str, text: str) -> None:
    """Put *text* between the two markers of *name* in a page."""
    start, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
    form = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    filled, count = form.subn(lambda _: f"{start}\n\n{text}\n\n{end}", page.read_text("utf-8"))
    if count != 1:
        raise SystemExit(f"{page.name} must hold {start} and {end}, once each, around this:\n\n{text}")
    page.write_text(filled, "utf-8")
