"""Sections of the EDA report that stand beside the columns: words, associations, what moved, images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.model.facts import ReleaseFacts
from registry.reports.drift import Drift, Moved, drift_of
from registry.reports.html import code, value
from registry.reports.svg import bar, cells, dot, figure, number
from registry.reports.text import NONE, Text

MATRIX = 20  # columns up to which associations are a triangle
STRONGEST = 20  # pairs listed beyond it
FLAT = 8  # columns up to which their names lie flat under the triangle
SHORT = 10  # characters of such a name
WEAK = 0.05  # an association below it is not coloured
MOVED = 20  # columns of the comparison
NEAR = 0.01  # a divergence that nobody needs to look at


def associations(profile: Mapping[str, Any], text: Text) -> dict[str, Any] | None:
    """A triangle of values where columns are few, else the strongest pairs; None where there is none."""
    found = profile["associations"]
    if not found["pairs"]:
        return None
    first = found["pairs"][0]
    heading = text("assoc", a=code(first["a"]), b=code(first["b"]), value=_signed(first["value"]))
    weak = abs(first["value"]) < WEAK
    index = {c["name"]: c["index"] for c in profile["columns"]}
    names = sorted(found["columns"], key=lambda name: index[name])
    small = len(names) <= MATRIX and len(found["pairs"]) < 200
    sampled = found["rows"] < profile["rows"]
    return {
        "heading": text("assoc.none") if weak else heading,
        "sub": text("assoc.sub"),
        "sampled": text("assoc.sampled", n=text.count(found["rows"]), total=text.n("rows", profile["rows"]))
        if sampled
        else "",
        "matrix": _matrix(found["pairs"], names) if small else None,
        "dense": len(names) > FLAT or any(len(name) > SHORT for name in names),
        "names": [code(name) for name in names],
        "pairs": [] if small else [_pair(pair, text) for pair in found["pairs"][:STRONGEST]],
        "cut": "" if small else text("assoc.cut", shown=min(STRONGEST, len(found["pairs"])), n=text.count(len(names))),
    }


def _matrix(pairs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """The lower triangle, row by row."""
    known = {frozenset((pair["a"], pair["b"])): pair["value"] for pair in pairs}
    rows = []
    for i, name in enumerate(names[1:], 1):
        values = [known.get(frozenset((name, other))) for other in names[:i]]
        rows.append({"name": code(name), "cells": [(_signed(v), _ramp(v)) for v in values], "rest": len(names) - 1 - i})
    return rows


def _ramp(value: float | None) -> str:
    """The step of the ramp that shows how strong it is."""
    if value is None or abs(value) < WEAK:
        return "weak"
    return f"r{min(5, 1 + int(abs(value) * 5))}"


def _signed(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:.2f}".replace("-", "\u2212") if abs(value) >= 0.005 else "0.00"


def _pair(pair: Mapping[str, Any], text: Text) -> dict[str, Any]:
    return {
        "names": text.join([code(pair["a"]), code(pair["b"])]),
        "measure": text(f"assoc.{pair['measure']}"),
        "value": _signed(pair["value"]),
        "bar": bar(abs(pair["value"]), "ramp4"),
    }


def moved(facts: ReleaseFacts, text: Text) -> dict[str, Any] | None:
    """What changed since the release before; None where there is none."""
    if facts.before is None or not facts.previous:
        return None
    drift = drift_of(facts.before, facts.profile)
    known = [m for m in drift.columns if m.divergence is not None]
    shown = [m for m in known if m.divergence or m.missing != m.missing_before]
    far = known[0] if known else None
    previous = value(facts.previous)
    heading = text("moved.none", version=previous, limit=NEAR)
    if far and (far.divergence or 0) >= NEAR:
        heading = text("moved", column=code(far.name), value=text.distance(far.divergence))
    top = max([m.divergence or 0 for m in known] + [0.1])
    return {
        "heading": heading,
        "sub": text("moved.sub", version=previous, rows=_difference(drift.rows)),
        "rows": [_moved(m, top, text) for m in shown[:MOVED]],
        "cut": text("moved.cut", shown=MOVED, total=text.n("columns", len(shown))) if len(shown) > MOVED else "",
        "columns": _columns(drift, text),
    }


def _difference(rows: int) -> str:
    return f"{rows:+,}".replace("-", "\u2212") if rows else "0"


def _moved(found: Moved, top: float, text: Text) -> dict[str, Any]:
    divergence = found.divergence or 0.0
    missing = [text.share(found.missing_before), text.share(found.missing)]
    return {
        "name": code(found.name),
        "index": found.index,
        "dot": dot(divergence / top),
        "value": text.distance(divergence),
        "missing": missing[1] if missing[0] == missing[1] else text("moved.missing", before=missing[0], now=missing[1]),
    }


def _columns(drift: Drift, text: Text) -> list[Markup]:
    """Columns that came or went."""
    kinds = (("moved.added", drift.added), ("moved.removed", drift.removed))
    return [text(key, columns=text.join([code(n) for n in names[:MOVED]])) for key, names in kinds if names]


def words(column: Mapping[str, Any], rows: int, text: Text) -> dict[str, Any] | None:
    """Counts of words and the most frequent ones as bars."""
    found = column["words"]
    if not found or not found["tokens"]:
        return None
    most = found["top"][0]["share"] if found["top"] else 1
    sampled = found["rows"] < rows
    return {
        "sub": text(
            "words.sub",
            tokens=text.count(found["tokens"]),
            types=text.count(found["types"]),
            ratio=text.share(found["ratio"]),
        ),
        "sampled": text("assoc.sampled", n=text.count(found["rows"]), total=text.n("rows", rows)) if sampled else "",
        "rows": [
            {"word": value(w["word"], 40), "bar": bar(w["share"] / most, "ramp4"), "n": text.count(w["count"])}
            | {"share": text.share(w["share"])}
            for w in found["top"]
        ],
    }


def images(profile: Mapping[str, Any], text: Text) -> dict[str, Any] | None:
    """Sizes, modes and formats of an image folder."""
    found = profile["images"]
    if not found or not found["images"]:
        return None
    same = found["different_sizes"] == 1
    sizes = text.count(found["different_sizes"])
    return {
        "heading": text("images.one", size=_size(found["sizes"][0])) if same else text("images", sizes=sizes),
        "sub": _sides(found, text),
        "unreadable": text("images.unreadable", n=text.count(found["unreadable"])) if found["unreadable"] else "",
        "paths": [code(path) for path in found["unreadable_paths"]],
        "grid": None if same else _grid(found, text),
        "sizes": [_bar(_size(s), s["count"], found["images"], text) for s in found["sizes"] if s["count"] > 1 or same],
        "modes": [_bar(code(m["value"]), m["count"], found["images"], text) for m in found["modes"]],
        "formats": [_bar(code(m["value"]), m["count"], found["images"], text) for m in found["formats"]],
    }


def _sides(found: Mapping[str, Any], text: Text) -> Markup:
    width, height = (text.range(found[side]["min"], found[side]["max"]) for side in ("width", "height"))
    return text("images.sub", images=text.count(found["images"]), width=width, height=height)


def _bar(name: Any, count: int, total: int, text: Text) -> tuple[Any, str, Markup]:
    return name, text.count(count), bar(count / total, "ramp4")


def _grid(found: Mapping[str, Any], text: Text) -> Markup:
    """Width by height of all images, each cell a doubling; the empty margin is left out."""
    grid = found["grid"]
    most = max(cell["count"] for cell in grid)
    (left, right), (low, high) = ((min(c[side] for c in grid), max(c[side] for c in grid)) for side in ("x", "y"))
    shown = [(c["x"] - left, c["y"] - low, c["count"] / most) for c in grid]
    first, last = text.count(8 << left), text.count(8 << (right + 1))
    least, greatest = text.count(8 << low), text.count(8 << (high + 1))
    return figure(
        cells(shown, right - left + 1, high - low + 1),
        id="f-images",
        title=str(text("images.grid")),
        desc=str(_sides(found, text)),
        ticks=[(0.0, "start", first), (1.0, "end", f"{last} px")],
        heights=(least, f"{greatest} px"),
    )


def _size(size: Mapping[str, Any]) -> str:
    return f"{number(size['width'])} × {number(size['height'])}"
