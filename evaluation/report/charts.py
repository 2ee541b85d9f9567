"""
Pictures for the report. In: numbers. Out: inline SVG that takes its colours from the page and scales with it.

Rows of dots use percentages, so that nothing is squeezed on a narrow screen; text stands in HTML beside the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Scale:
    """
    A straight axis from *low* to *high*.
    """

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return where *value* stands, in percent of the axis."""
        width = self.high - self.low or 1.0
        return round(max(0.0, min(100.0, (value - self.low) / width * 100)), 2)

    def ticks(self, count: int = 5) -> list[float]:
        """Return round values along the axis."""
        step = round_step((self.high - self.low) / max(1, count - 1))
        first = -(-self.low // step)
        values: list[float] = []
        while (value := (first + len(values)) * step) <= self.high + step / 1e6:
            values.append(round(value, 10))
        return values


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, … times a power of ten that is not below *least*."""
    if least <= 0:
        return 1.0
    power = 1.0
    while power > least:
        power /= 10
    while power * 10 <= least:
        power *= 10
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= least * 0.999)


def draw_dot(value: float, ci: Sequence[float] | None, scale: Scale, *, strong: bool, marks: Sequence[float]) -> Markup:
    """Draw one row: an interval as a line, the value as a dot, upright *marks* behind both."""
    parts = [f'<line class="mark" x1="{scale.at(m)}%" x2="{scale.at(m)}%" y1="0" y2="100%"/>' for m in marks]
    kind = "strong" if strong else "plain"
    if ci is not None:
        low, high = scale.at(ci[0]), scale.at(ci[1])
        parts.append(f'<line class="interval {kind}" x1="{low}%" x2="{high}%" y1="50%" y2="50%"/>')
    parts.append(f'<circle class="dot {kind}" cx="{scale.at(value)}%" cy="50%" r="5"/>')
    return Markup(f'<svg class="row" aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S704 - only numbers are put in


def draw_strip(value: float, ci: Sequence[float], worthwhile: float | None) -> tuple[Markup, Scale]:
    """Draw a difference with its interval over an axis that shows 0, and the worthwhile gain where there is one."""
    reach = max(abs(ci[0]), abs(ci[1]), abs(value), (worthwhile or 0.0) * 1.6, 0.08)
    scale = Scale(-min(1.0, reach * 1.08), min(1.0, reach * 1.08))
    low, high, zero = scale.at(ci[0]), scale.at(ci[1]), scale.at(0)
    enough = 100.0 if worthwhile is None else scale.at(worthwhile)
    body = (
        f'<rect class="enough" x="{enough}%" y="0" width="{100 - enough}%" height="100%"/>'
        f'<line class="zero" x1="{zero}%" x2="{zero}%" y1="0" y2="100%"/>'
        f'<line class="interval strong wide" x1="{low}%" x2="{high}%" y1="50%" y2="50%"/>'
        f'<circle class="dot strong" cx="{scale.at(value)}%" cy="50%" r="7"/>'
    )
    return Markup(f'<svg class="strip" role="img" aria-label="difference with interval">{body}</svg>'), scale  # noqa: S704 - only numbers are put in


@dataclass(frozen=True, slots=True)
class Curve:
    """
    A line chart: the picture, and the labels that stand around it.
    """

    svg: Markup
    x_ticks: tuple[tuple[float, str], ...]
    """(percent from the left, label)"""
    y_ticks: tuple[tuple[float, str], ...]
    """(percent from the top, label)"""


Points = Sequence[tuple[float, float]]


def draw_curve(lines: Sequence[tuple[str, Points]]) -> Curve | None:
    """Draw lines of (x, y) points, each with a class name, x counting steps; None when there is nothing to draw."""
    points = [point for _, line in lines for point in line]
    if len(points) < 2:
        return None
    xs, ys = Scale(min(x for x, _ in points), max(x for x, _ in points)), padded([y for _, y in points])
    parts = [f'<line class="grid" x1="0" x2="100" y1="{100 - ys.at(t)}" y2="{100 - ys.at(t)}"/>' for t in ys.ticks()]
    for name, line in lines:
        # a single point is a line of no length, which shows by its ends
        kind, drawn = (f"{name} point", [*line, *line]) if len(line) == 1 else (name, line)
        path = " ".join(f"{xs.at(x)},{round(100 - ys.at(y), 2)}" for x, y in drawn)
        parts.append(f'<polyline class="{kind}" points="{path}"/>')
    svg = (
        f'<svg class="curve" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'
    )
    return Curve(
        Markup(svg),  # noqa: S704 - only numbers and our own class names are put in
        tuple((xs.at(t), f"{t:,.0f}") for t in xs.ticks() if t == int(t)),
        tuple((100 - ys.at(t), f"{t:g}") for t in ys.ticks(4)),
    )


def padded(values: Sequence[float]) -> Scale:
    """Return a scale with a little air above and below *values*."""
    low, high = min(values), max(values)
    air = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return Scale(low - air, high + air)
