"""What labels and models measured, drawn: the learning curve of a baseline, agreement by class.

Drawn is what stands in `quality.json`; nothing is computed anew but places on an axis.

>>> [round(place, 3) for place in places([100, 200, 400])]
[0.0, 0.5, 1.0]
>>> floor_of([0.83, 0.9]), floor_of([0.05])
(0.8, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.reports.html import code, value
from registry.reports.measured import title_of
from registry.reports.svg import bar, figure, learning
from registry.reports.text import Text
from registry.reports.told import coefficient

CURVE, AGREEMENT = "expect_data_to_suffice", "expect_annotator_agreement_at_least"
STEPS = 12  # points between which the fitted law is drawn
SHOWN = 20  # classes


def places(rows: Sequence[float]) -> list[float]:
    """Where so many rows lie on a logarithmic axis, from 0 to 1."""
    low, high = math.log(rows[0]), math.log(rows[-1])
    return [(math.log(n) - low) / (high - low) for n in rows]


def floor_of(scores: Sequence[float]) -> float:
    """Where the upright axis begins: the tenth below the least score."""
    return max(math.floor(min(scores) * 10 + 1e-9) / 10, 0.0)


def curves_of(measures: Sequence[Mapping[str, Any]], text: Text) -> list[dict[str, Any]]:
    """The learning curves that were measured."""
    found = [m for m in measures if m["type"] == CURVE and m["measured"] and "curve" in m["observed"]]
    return [_curve(m, at, text) for at, m in enumerate(found)]


def _curve(measure: Mapping[str, Any], at: int, text: Text) -> dict[str, Any]:
    observed = measure["observed"]
    points, law = observed["curve"], observed["law"]
    rows = [point["rows"] for point in points]
    axis = [*rows, 2 * rows[-1]]
    xs = places(axis)
    foot = floor_of([point["low"] for point in points])
    steps = [rows[0] * (axis[-1] / rows[0]) ** (step / STEPS) for step in range(STEPS + 1)]
    fitted = [1 - law["a"] * n ** -law["b"] - law["c"] for n in steps]

    def high(score: float) -> float:
        return min(max((score - foot) / (1 - foot), 0.0), 1.0)

    inner = learning(
        [(x, high(p["value"]), high(p["low"]), high(p["high"])) for x, p in zip(xs[:-1], points, strict=True)],
        [(step / STEPS, high(score)) for step, score in enumerate(fitted)],
    )
    anchors = ["start", *["middle"] * (len(axis) - 2), "end"]
    ticks = [(x, anchor, text.count(n)) for x, anchor, n in zip(xs, anchors, axis, strict=True)]
    told = text(
        "curve.told",
        rows=text.count(rows[-1]),
        score=text.share(observed["score"]),
        last=text.pp(observed["last_gain"]),
        gain=text.pp(observed["expected_gain"]),
    )
    facts = [
        (text("curve.score"), text.share(observed["score"])),
        (text("curve.train"), text.share(observed["train_score"])),
        (text("curve.majority"), text.share(observed["majority"])),
        (text("curve.gain"), text.pp(observed["expected_gain"])),
    ]
    worst = sorted(
        ((name, one) for name, one in observed["by_class"].items() if one["score"] is not None),
        key=lambda item: item[1]["score"],
    )
    return {
        "name": title_of(measure, text),
        "told": told,
        "drawn": figure(
            inner,
            id=f"curve-{at}",
            title=str(text("curve.title")),
            desc=str(told),
            ticks=ticks,
            heights=(text.share(foot), text.share(1.0)),
        ),
        "facts": facts,
        "classes": [
            {
                "name": code(name),
                "bar": bar(one["score"], "train"),
                "value": text.share(one["score"]),
                "n": text.count(one["rows"]),
            }
            for name, one in worst[:SHOWN]
        ],
        "slices": _slices(observed.get("slices") or {}, text),
    }


def _slices(found: Mapping[str, Any], text: Text) -> list[dict[str, Any]]:
    """The values of each slice, the worst first."""
    return [
        {
            "name": code(column),
            "of": code(name),
            "bar": bar(one["score"], "train"),
            "value": text.share(one["score"]),
            "n": text.count(one["rows"]),
        }
        for column, told in found.items()
        for name, one in sorted(told["scores"].items(), key=lambda item: (item[1]["score"], item[0]))[:SHOWN]
    ]


def agreements_of(measures: Sequence[Mapping[str, Any]], text: Text) -> list[dict[str, Any]]:
    """Agreement that was measured, by class, the least first; coefficients of the same ratings stand together."""
    found = [m for m in measures if m["type"] == AGREEMENT and m["measured"] and m["observed"].get("classes")]
    alike: list[list[Mapping[str, Any]]] = []
    for one in found:
        same = next((group for group in alike if _rated(group[0]) == _rated(one)), None)
        if same is None:
            alike.append([one])
        else:
            same.append(one)
    return [_agreement(group, text) for group in alike]


def _rated(measure: Mapping[str, Any]) -> tuple[Any, ...]:
    """What was rated and by whom, in figures that no coefficient changes."""
    return tuple(measure["columns"]), measure["observed"]["classes"], measure["observed"]["annotators"]


def _coefficient(measure: Mapping[str, Any], text: Text) -> Markup:
    """One coefficient: its name and what it takes the ratings for, value, items and interval."""
    observed, limit = measure["observed"], measure["limit"] or {}
    low, high = observed["low"], observed["high"]
    interval = text("agreement.interval", low=text.stat(low), high=text.stat(high)) if low is not None else ""
    named = coefficient(limit)
    said = text.count(observed["items"])
    told = text("agreement.told", value=text.stat(observed["value"]), items=said, interval=interval)
    return Markup("{} {}").format(named, told) if named else told


def _agreement(group: Sequence[Mapping[str, Any]], text: Text) -> dict[str, Any]:
    measure = group[0]
    observed = measure["observed"]
    classes = sorted(
        ((name, one) for name, one in observed["classes"].items() if one["alpha"] is not None),
        key=lambda item: (item[1]["alpha"], item[0]),
    )
    return {
        "name": title_of(measure, text),
        "told": [_coefficient(one, text) for one in group],
        "classes": [
            {
                "name": code(name),
                "bar": bar(max(one["alpha"], 0.0), "train"),
                "value": text.stat(one["alpha"]),
                "share": text.share(one["agreement"]),
                "n": text.count(one["ratings"]),
            }
            for name, one in classes[:SHOWN]
        ],
        "people": [
            {"name": value(name), "share": text.share(one["agreement"]), "n": text.count(one["ratings"])}
            for name, one in list(observed["annotators"].items())[:SHOWN]
            if one["agreement"] is not None
        ],
    }
