"""Charts as inline SVG: geometry in attributes, looks in classes, text in real pixels.

The outer `<svg>` has no viewBox, so its text keeps its size from a phone to a desk;
shapes live in an inner one that stretches. Nothing here takes text from data.

>>> 'class="fill train" width="37.5%"' in bar(0.375, "train")
True
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

BAR = 8  # px


def number(value: float) -> str:
    """A coordinate: at most two decimals, no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def bar(part: float, css: str, *, height: int = BAR) -> Markup:
    """A horizontal bar: `part` (0…1) of the track; anything above nothing shows at least a sliver."""
    track = f'<rect class="track" width="100%" height="{height}" rx="2"/>'
    width = max(0.6, min(1.0, part) * 100) if part > 0 else 0
    fill = f'<rect class="fill {css}" width="{number(width)}%" height="{height}" rx="2"/>' if width else ""
    return Markup(f'<svg class="bar" width="100%" height="{height}" aria-hidden="true">{track}{fill}</svg>')  # noqa: S704


def stacked(parts: Sequence[tuple[float, str]], *, height: int = 12) -> Markup:
    """One bar of several parts side by side, each (share, class)."""
    at, rects = 0.0, []
    for part, css in parts:
        width = part * 100
        if width > 0:
            rects.append(f'<rect class="{css}" x="{number(at)}%" width="{number(width)}%" height="{height}"/>')
        at += width
    return Markup(f'<svg class="bar" width="100%" height="{height}" aria-hidden="true">{"".join(rects)}</svg>')  # noqa: S704


def _steps(heights: Sequence[float]) -> str:
    """A step line over equal bins in a 100 × 100 box, y downwards: from the first height on."""
    each, parts, last = 100 / len(heights), [], ""
    for index, height in enumerate(heights):
        y = short(100 - 100 * height)
        if y != last:
            parts.append(f"{'H' + short(index * each) if index else ''}{'V' if index else ''}{y}")
        last = y
    return "".join(parts) + "H100"


def short(value: float) -> str:
    """A coordinate of a shape that stretches: one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def layers(series: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Inner SVG of step shapes, each (class, heights 0…1): the first is an area, the others lines."""
    shapes = []
    for index, (css, heights) in enumerate(series):
        line = _steps(heights)
        if index == 0:
            shapes.append(f'<path class="area {css}" d="M0 100V{line}V100Z"/>')
        shapes.append(f'<path class="line {css}" d="M0 {line}"/>')
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">{"".join(shapes)}</svg>'


def columns(series: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Inner SVG of upright bars (heights 0…1) of the first series: for categories."""
    css, heights = series[0]
    each = 100 / len(heights)
    rects = [
        f'<rect class="fill {css}" x="{number(i * each + each * 0.04)}" y="{number(100 - 100 * h)}" '
        f'width="{number(each * 0.92)}" height="{number(100 * h)}"/>'
        for i, h in enumerate(heights)
    ]
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">{"".join(rects)}</svg>'


def learning(points: Sequence[tuple[float, float, float, float]], law: Sequence[tuple[float, float]]) -> str:
    """Inner SVG of a line through (x, y, least y, greatest y), dots on it, and a dashed one; all 0…1, y upwards."""
    path = "L".join(f"{number(100 * x)} {number(100 - 100 * y)}" for x, y, _, _ in points)
    guess = "L".join(f"{number(100 * x)} {number(100 - 100 * y)}" for x, y in law)
    lines = f'<path class="line validation" d="M{guess}"/><path class="line" d="M{path}"/>'
    spread = "".join(
        f'<line class="axis" x1="{number(100 * x)}%" x2="{number(100 * x)}%" '
        f'y1="{number(100 - 100 * low)}%" y2="{number(100 - 100 * high)}%"/>'
        for x, _, low, high in points
        if high > low
    )
    dots = "".join(
        f'<circle class="dot" cx="{number(100 * x)}%" cy="{number(100 - 100 * y)}%" r="4"/>' for x, y, _, _ in points
    )
    shapes = f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">{lines}</svg>'
    return f"{spread}{shapes}{dots}"


def spark(inner: str) -> Markup:
    """A 132 × 36 picture for an index or an alert; a word stands beside it."""
    axis = '<line class="axis" x1="0" x2="100%" y1="35.5" y2="35.5"/>'
    return Markup(  # noqa: S704 (numbers and classes of ours)
        f'<svg class="spark" width="132" height="36" aria-hidden="true">'
        f'<svg y="1" width="100%" height="34">{inner}</svg>{axis}</svg>'
    )


def figure(
    inner: str,
    *,
    id: str,  # noqa: A002
    title: str,
    desc: str,
    ticks: Sequence[tuple[float, str, str]],
    quartiles: Sequence[tuple[str, Markup | str, tuple[float, float, float]]] = (),
    heights: tuple[str, str] | None = None,
) -> Markup:
    """A chart of 148 px, tick labels (position 0…1, anchor, text) under it, its finding for screen readers.

    `quartiles` are (class, name, (Q1, median, Q3) on the same axis, 0…1): a bar and a dot each below it;
    `heights` what the foot and the top of the upright axis say.
    """
    labels = Markup("").join(
        Markup('<text class="tick" x="{}%" y="164" text-anchor="{}">{}</text>').format(number(at * 100), anchor, text)
        for at, anchor, text in ticks
    )
    labels += Markup("").join(
        Markup('<text class="tick" x="-8" y="{}" text-anchor="end">{}</text>').format(y, text)
        for y, text in zip((148, 14), heights or (), strict=False)
    )
    bars = Markup("").join(_quartile(172 + 18 * i, *row) for i, row in enumerate(quartiles))
    return Markup(
        '<svg class="figure" width="100%" height="{height}" role="img" aria-labelledby="{id}-t {id}-d">'
        '<title id="{id}-t">{title}</title><desc id="{id}-d">{desc}</desc>'
        '<svg y="4" width="100%" height="144">{inner}</svg>'
        '<line class="axis" x1="0" x2="100%" y1="148.5" y2="148.5"/>{labels}{bars}</svg>'
    ).format(
        id=id,
        title=title,
        desc=desc,
        inner=Markup(inner),  # noqa: S704 (shapes of ours)
        labels=labels,
        bars=bars,
        height=170 + 18 * len(quartiles),
    )


def _quartile(y: int, css: str, name: Markup | str, places: tuple[float, float, float]) -> Markup:
    first, middle, last = (number(100 * min(1.0, max(0.0, place))) for place in places)
    return Markup(
        '<text class="tick" x="-8" y="{y4}" text-anchor="end">{name}</text>'
        '<line class="rail-line" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        '<line class="quartile {css}" x1="{first}%" x2="{last}%" y1="{y}" y2="{y}"/>'
        '<circle class="median" cx="{middle}%" cy="{y}" r="4"/>'
    ).format(y=y + 6, y4=y + 10, css=css, name=name, first=first, middle=middle, last=last)


def dot(part: float, css: str = "") -> Markup:
    """A dot on a line from 0 to 1: a distance among others, all on one scale."""
    at = number(4 + 92 * min(1.0, max(0.0, part)))
    return Markup(  # noqa: S704 (numbers and classes of ours)
        f'<svg class="strip" width="100%" height="16" aria-hidden="true">'
        f'<line class="rail-line" x1="4%" x2="96%" y1="8" y2="8"/>'
        f'<circle class="dot {css}" cx="{at}%" cy="8" r="4.5"/></svg>'
    )


def interval(low: float, at: float, high: float) -> Markup:
    """A dot on a line from 0 to 1, and the reach within which it may lie."""
    start, middle, end = (number(4 + 92 * min(1.0, max(0.0, part))) for part in (low, at, high))
    return Markup(  # noqa: S704 (numbers of ours)
        f'<svg class="strip" width="100%" height="16" aria-hidden="true">'
        f'<line class="rail-line" x1="4%" x2="96%" y1="8" y2="8"/>'
        f'<line class="quartile plain" x1="{start}%" x2="{end}%" y1="8" y2="8"/>'
        f'<circle class="dot" cx="{middle}%" cy="8" r="4.5"/></svg>'
    )


def curve(points: Sequence[tuple[float, float]]) -> str:
    """Inner SVG of a line from the origin through points (0…1, 0…1), filled below."""
    path = "".join(f"L{short(100 * x)} {short(100 - 100 * y)}" for x, y in points)
    return (
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<path class="area plain" d="M0 100{path}V100Z"/><path class="line plain" d="M0 100{path}"/></svg>'
    )


def cells(found: Sequence[tuple[int, int, float]], wide: int, high: int) -> str:
    """Inner SVG of a grid: (x, y, share of the fullest) as cells of the ramp, y upwards."""
    across, up = 100 / wide, 100 / high
    rects = [
        f'<rect class="ramp{min(5, 1 + int(part * 4.999))}" x="{number(x * across)}" y="{number(100 - (y + 1) * up)}" '
        f'width="{number(across * 0.96)}" height="{number(up * 0.96)}"/>'
        for x, y, part in found
    ]
    return f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">{"".join(rects)}</svg>'


_MARKS = {
    "pass": '<circle class="stroke" cx="8" cy="8" r="6.5"/><path class="stroke" d="M5 8.3l2.1 2.1L11 6"/>',
    "fail": '<path class="solid" d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/>'
    '<path class="on" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"/>',
    "error": '<path class="stroke" d="M8 1.8L15 14.2H1z"/><path class="stroke" d="M8 6.2v4M8 12v.6"/>',
    "waived": '<path class="stroke" d="M8 1.2L14.8 8L8 14.8L1.2 8z"/><path class="solid" d="M8 1.2L14.8 8L8 14.8z"/>',
    "not_measured": '<circle class="stroke dashed" cx="8" cy="8" r="6.5"/>',
    "not_applicable": '<path class="stroke" d="M4 8h8"/>',
    "note": '<circle class="stroke" cx="8" cy="8" r="6.5"/><path class="stroke" d="M8 7.2v4M8 4.6v.6"/>',
}


def mark(status: str, *, size: int = 16) -> Markup:
    """The shape of a status; its word stands beside it."""
    return Markup(  # noqa: S704 (shapes of ours)
        f'<svg class="mark {status}" width="{size}" height="{size}" viewBox="0 0 16 16" aria-hidden="true">'
        f"{_MARKS[status]}</svg>"
    )


def strip(value: float, low: float | None, high: float | None, css: str) -> Markup:
    """Where `value` lies between nothing and what holds it and its bounds: ticks = bounds, dot = value."""
    top = max(value, 2 * (high or 0), 1.25 * (low or 0), 1e-12)
    start = _at(low, top) if low is not None else _at(0, top)
    end = _at(high, top) if high is not None else 96.0
    ticks = "".join(
        f'<line class="limit" x1="{number(at)}%" x2="{number(at)}%" y1="1" y2="15"/>'
        for at in (_at(bound, top) for bound in dict.fromkeys((low, high)) if bound is not None)
    )
    return Markup(  # noqa: S704 (numbers and classes of ours)
        f'<svg class="strip" width="100%" height="16" aria-hidden="true">'
        f'<rect class="track" x="4%" y="6" width="92%" height="4" rx="2"/>'
        f'<rect class="allowed" x="{number(start)}%" y="6" width="{number(max(0, end - start))}%" height="4" rx="2"/>'
        f'{ticks}<circle class="dot {css}" cx="{number(_at(value, top))}%" cy="8" r="4.5"/></svg>'
    )


def _at(value: float, top: float) -> float:
    """Where a value stands on a strip, in percent of its width."""
    return 4 + 92 * min(1.0, max(0.0, value / top))


def trend(values: Sequence[float | None], css: str = "", *, width: str = "92", height: int = 24) -> Markup:
    """A line over releases from zero, the last point marked; None is a gap. Numbers stand beside it."""
    known = [value for value in values if value is not None]
    top = max(known, default=0) or 1
    step = 92 / max(1, len(values) - 1)
    at = [(4 + i * step, None if v is None else 90 - 80 * v / top) for i, v in enumerate(values)]
    path, pen = "", "M"
    for x, y in at:
        path, pen = (path, "M") if y is None else (f"{path}{pen}{number(x)} {number(y)}", "L")
    line = f'<path class="trend" d="{path}"/>' if path else ""
    x, y = at[-1]
    dot = "" if y is None else f'<circle class="dot {css}" cx="{number(x)}%" cy="{number(y)}%" r="3.5"/>'
    return Markup(  # noqa: S704 (numbers and classes of ours)
        f'<svg class="history" width="{width}" height="{height}" aria-hidden="true">'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">{line}</svg>{dot}</svg>'
    )
