"""
How verdict and report write numbers. In: shares, differences, intervals. Out: points and percents, with a true minus.
"""

from __future__ import annotations


def decimal(nats: float) -> str:
    """Return *nats* with a typographic minus."""
    return f"{nats:.3f}".replace("-", "−")


def percents(share: float) -> str:
    """Return a relative change in percent with its sign, without the unit: `−7.1`."""
    return f"{'−' if share < 0 else '+'}{abs(share) * 100:.1f}"


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
