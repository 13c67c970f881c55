"""The plots of a score, drawn as SVG: coordinates are the picture's own units, x right, y down."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from ocrbatch.quality.reliability import Reliability
from ocrbatch.quality.risk import Point, RiskCoverage
from ocrbatch.quality.shares import interval

WIDTH, HEIGHT = 560, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 540, 16, 306
NINES = 4
"""The scale of confidences ends at 99.99 %: four nines."""
FEWEST = 0.1
"""Of the acceptable fields: the error of fewer jumps too much to set the scale."""
Place = Callable[[float], float]


def risk_plot(risk: RiskCoverage, now: Point, name: str) -> str:
    """Draw the error among accepted fields against the share accepted, with its bounds of 95 %.

    ``now`` is what the job accepted; ``name`` tells this plot from the others on the page (letters, digits, dashes).
    """
    bounds = [interval(point.wrong, point.accepted) for point in risk.points]
    top = _top(risk, bounds)
    x, y = _scale(1.0, LEFT, RIGHT), _scale(top, BOTTOM, TOP)
    shares = [x(point.accepted / risk.fields) for point in risk.points]
    errors = [y(point.wrong / point.accepted) for point in risk.points]
    lower = [(at, y(bound[0])) for at, bound in zip(shares, bounds, strict=True)]
    upper = [(at, y(bound[1])) for at, bound in zip(shares, bounds, strict=True)]
    marks = [
        f'<clipPath id="{name}-clip"><path d="M{LEFT} {TOP}H{RIGHT}V{BOTTOM}H{LEFT}z"/></clipPath>',
        _grid(((x(tick), f"{tick:.0%}") for tick in (0, 0.2, 0.4, 0.6, 0.8, 1.0)), _ticks(top, y)),
        f'<g clip-path="url(#{name}-clip)">',
        f'<polygon class="band" points="{_path([*upper, *reversed(lower)])}"/>',
        f'<polyline class="curve" points="{_path(zip(shares, errors, strict=True))}"/></g>',
    ]
    if len(shares) == 1:
        marks.append(f'<circle class="dot" cx="{shares[0]:.1f}" cy="{errors[0]:.1f}" r="5"/>')
    told = "no field could be accepted"
    if now.accepted:
        share, error = now.accepted / risk.fields, now.wrong / now.accepted
        marks.append(f'<circle class="now" cx="{x(share):.1f}" cy="{max(TOP, y(error)):.1f}" r="6"/>')
        told = f"the job accepted {share:.1%} with an error of {error:.2%}"
    if risk.points:
        last = risk.points[-1]
        told += f"; with the lowest threshold {last.accepted / risk.fields:.1%}, error {last.wrong / last.accepted:.2%}"
    return _svg(
        name, "Error against share accepted", told, [*marks, *_titles("share of fields accepted", "error among them")]
    )


def reliability_plot(found: Reliability, name: str) -> str:
    """Draw confidence against the share right, a dot a bin with its bounds of 95 %.

    Both axes count nines (90 %, 99 %, 99.9 %), for there it is decided; on the dashed line a confidence keeps its word.
    """
    most = max((one.fields for one in found.bins), default=1)
    x, y = (_nines(low, high) for low, high in ((LEFT, RIGHT), (BOTTOM, TOP)))
    ticks = [(0.0, "0%"), (0.5, "50%"), (0.9, "90%"), (0.99, "99%"), (0.999, "99.9%"), (1.0, "100%")]
    marks = [
        _grid(((x(tick), text) for tick, text in ticks), ((y(tick), text) for tick, text in ticks)),
        f'<line class="ideal" x1="{LEFT}" y1="{BOTTOM}" x2="{RIGHT}" y2="{TOP}"/>',
    ]
    for one in found.bins:
        low, high = interval(one.right, one.fields)
        at, right = x(one.confidence), one.right / one.fields
        radius = 3 + 5 * math.sqrt(one.fields / most)
        marks.append(f'<line class="whisker" x1="{at:.1f}" x2="{at:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}"/>')
        marks.append(
            f'<circle class="dot" cx="{at:.1f}" cy="{y(right):.1f}" r="{radius:.1f}">'
            f"<title>confidence {one.low:g} to {one.high:g}: {one.right} of {one.fields} right</title></circle>"
        )
    told = "; ".join(f"{one.right} of {one.fields} right at {one.confidence:.1%}" for one in found.bins) or "no fields"
    return _svg(name, "Confidence against share right", told, [*marks, *_titles("confidence", "share of fields right")])


def bar(part: int, most: int, css: str = "") -> str:
    """Draw a bar for a number beside it; it tells nothing that the number does not."""
    width = 100 * part / most if most else 0.0
    kind = f' class="{css}"' if css else ""
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect{kind} width="{width:.1f}" height="10" rx="1"/></svg>'
    )


def _svg(name: str, title: str, told: str, marks: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(told)}</desc>'
        f"{''.join(marks)}</svg>"
    )


def _grid(across: Iterable[tuple[float, str]], up: Iterable[tuple[float, str]]) -> str:
    """Draw lines and their numbers at places of the picture."""
    lines = []
    for at, text in across:
        lines.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{BOTTOM}"/>')
        lines.append(f'<text x="{at:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{text}</text>')
    for at, text in up:
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{text}</text>')
    lines.append(f'<path class="axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>')
    return "".join(lines)


def _titles(across: str, up: str) -> tuple[str, str]:
    middle = (TOP + BOTTOM) / 2
    return (
        f'<text x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(up)}</text>',
    )


def _scale(most: float, start: float, end: float) -> Place:
    """Give where a number from 0 to ``most`` lies between two places."""
    return lambda number: start + (end - start) * number / most


def _nines(start: float, end: float) -> Place:
    """Give where a share lies on a scale of nines; from 99.99 % on they all lie at its end."""
    place = _scale(float(NINES), start, end)
    return lambda share: place(min(-math.log10(max(1 - share, 10.0**-NINES)), NINES))


def _top(risk: RiskCoverage, bounds: Sequence[tuple[float, float]]) -> float:
    """Give the largest error of the scale: what the curve reaches where enough is accepted, and its last bound."""
    enough = [point.wrong / point.accepted for point in risk.points if point.accepted >= FEWEST * risk.acceptable]
    last = [bounds[-1][1]] if bounds else []
    return min(1.0, 1.1 * max([0.01, *enough, *last]))


def _ticks(top: float, place: Place) -> list[tuple[float, str]]:
    """Choose three to six round numbers up to ``top``."""
    unit = 10.0 ** math.floor(math.log10(top))
    step = next(step for step in (unit / 5, unit / 2, unit, 2 * unit) if top / step <= 6)
    places = max(0, -math.floor(math.log10(step) + 1e-9) - 2)
    return [(place(i * step), f"{i * step:.{places}%}") for i in range(math.floor(top / step + 1e-9) + 1)]


def _path(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
