"""
How verdict and report write numbers. In: shares, differences, intervals. Out: points and percents, with a true minus.
"""

from __future__ import annotations


def decimal(nats: float, *, plus: bool = False, digits: int = 3) -> str:
    """Return *nats* with a typographic minus, and a *plus* where that is wanted."""
    return f"{nats:{'+' if plus else ''}.{digits}f}".replace("-", "−")


def decimals(value: float | None, digits: int) -> str:
    """Return *value* with so many *digits* for a table."""
    return "–" if value is None else f"{value:.{digits}f}"


def percents(share: float) -> str:
    """Return a relative change in percent with its sign, without the unit: `−7.1`; one that rounds to 0 has none."""
    text = f"{abs(share) * 100:.1f}"
    return text if text == "0.0" else f"{'−' if share < 0 else '+'}{text}"


def points(share: float) -> str:
    """Return a share as points: `5 points`."""
    value = f"{share * 100:.1f}".removesuffix(".0")
    return f"{value} point{'' if value == '1' else 's'}"


def signed(share: float) -> str:
    """Return a difference as signed points: `+3.5 points`; a difference that rounds to 0 has no sign."""
    text = points(abs(share))
    return text if text == "0 points" else f"{'−' if share < 0 else '+'}{text}"


def span(ci: tuple[float, float]) -> str:
    """Return an interval as signed points, `-4 to +9 points` with a true minus sign."""
    low, high = (signed(bound).removesuffix(" points").removesuffix(" point") for bound in ci)
    return f"{low} to {high} points"


def relative(share: float) -> str:
    """Return a relative change with its sign: `−23%`; one that rounds to 0 has none."""
    text = f"{abs(share) * 100:.1f}".removesuffix(".0")
    if text == "0":
        return "0%"
    return f"{'−' if share < 0 else '+'}{text}%"


def show_p(p: float | None) -> str:
    """Return a p-value for a table; none is 0."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def show_chance(chance: float) -> str:
    """Return a probability; none is 0 or 1."""
    return "more than 0.99" if chance > 0.995 else "less than 0.01" if chance < 0.005 else f"{chance:.2f}"


def percent(share: float | None) -> str:
    """Return a share as whole percent; small ones keep a digit."""
    if share is None:
        return "–"
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"
