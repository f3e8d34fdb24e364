"""One column as the EDA report shows it: its line in the index, its chart, its numbers by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.model.splits import STANDARD
from registry.reports.html import code, value
from registry.reports.names import cut
from registry.reports.shared import split_class
from registry.reports.svg import bar, columns, figure, layers, spark, stacked
from registry.reports.text import NONE, Text

SHOWN = 10  # values of a category
MULTIPLES = 6  # small charts of a column
GUTTER = 12  # characters of a split's name beside its quartiles
NARROW = 216  # px of a chart on the narrowest phone
LATIN = 0x1100  # code points from which letters are twice as wide


def index_row(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> dict[str, Any]:
    """The column's line in the index."""
    overall = column["overall"]
    distances = [d for d in column["divergence"].values() if d is not None and column["role"] != "split"]
    return {
        "index": column["index"],
        "name": code(column["name"]),
        "kind": text(f"kind.{column['kind']}"),
        "spark": _spark(column, splits),
        "says": _says(column, text),
        "missing": text.share(overall["null_share"]),
        "distinct": text.count(overall["distinct"]),
        "typical": _typical(column, text),
        "divergence": text.distance(max(distances)) if distances else NONE,
    }


def card(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> dict[str, Any]:
    """The column's card: sentence, charts, table."""
    return {
        "index": column["index"],
        "name": code(column["name"]),
        "kind": text(f"kind.{column['kind']}"),
        "type": code(column["type"]),
        "role": column["role"] and text("card.role", role=code(column["role"])),
        "description": value(column["description"], 300) if column["description"] else "",
        "sentence": _sentence(column, text),
        "charts": _charts(column, text, splits),
        "bars": _bars(column, text, splits),
        "table": numbers(column, text, splits),
        "fields": _fields(column, text),
        "note": _note(column, text),
    }


def _fields(column: Mapping[str, Any], text: Text) -> list[list[Any]]:
    """What a struct or list holds: path, type, missing, distinct."""
    return [
        [
            Markup(".").join(code(name) for name in field["path"]) or text("field.element"),
            code(field["type"]),
            text.share(field["null_share"]),
            text.count(field["distinct"]),
        ]
        for field in column["fields"]
    ]


def _plain(column: Mapping[str, Any]) -> bool:
    """Whether there is something to draw."""
    overall = column["overall"]
    return bool(overall["rows"] > 1 and overall["distinct"] > 1)


def _says(column: Mapping[str, Any], text: Text) -> str:
    overall = column["overall"]
    if not overall["rows"]:
        return str(text("says.no-rows"))
    if not overall["count"]:
        return str(text("says.all-null"))
    if overall["rows"] == 1:
        return str(text("says.one-row"))
    if overall["distinct"] == 1:
        return str(text("says.constant"))
    return str(text("says.distinct")) if overall["distinct"] == overall["count"] else ""


def heights(histogram: Mapping[str, Any], split: str) -> list[float]:
    """Share of the split's values in each bin; what lies beyond the axis stands in the outer bins."""
    counts = list(histogram["counts"].get(split, ()))
    if not counts:
        return []
    counts[0] += histogram["below"][split]
    counts[-1] += histogram["above"][split]
    total = sum(counts)
    return [n / total for n in counts] if total else []


def _series(column: Mapping[str, Any], splits: Sequence[str]) -> list[tuple[str, list[float]]]:
    """(class, heights) of every split that has values, scaled to the highest bin of all."""
    if not column["histogram"]:
        return []
    known = [(split, heights(column["histogram"], split)) for split in splits]
    top = max((max(h) for _, h in known if h), default=0)
    return [(split, [x / top for x in h]) for split, h in known if h] if top else []


def is_classed(column: Mapping[str, Any]) -> bool:
    """Whether its values are classes, however they are written: categories, and the numbers of a label."""
    return bool(column["top"]) and (column["kind"] in ("category", "boolean") or column["role"] == "label")


def _is_key(column: Mapping[str, Any]) -> bool:
    """Whether every row has a number of its own: a picture of such would show nothing."""
    return bool(column["role"] == "key" and column["overall"]["distinct"] == column["overall"]["count"])


def _spark(column: Mapping[str, Any], splits: Sequence[str]) -> Markup | None:
    if not _plain(column) or _is_key(column):
        return None
    top = column["top"]
    if is_classed(column):
        most = top["values"][0]["count"]
        return spark(columns([("ramp3", [v["count"] / most for v in top["values"][:SHOWN]])]))
    series = _series(column, splits)
    if not series:
        return None
    together = len(series) > 1 and set(splits) <= set(STANDARD)
    last = [series[-1]] if together else []
    return spark(layers([(split_class(name), h) for name, h in [series[0], *last]]))


def _typical(column: Mapping[str, Any], text: Text) -> Markup | str:
    overall, top = column["overall"], column["top"]
    if not overall["count"]:
        return NONE
    if "true_share" in overall:
        return text("typical.true", share=text.share(overall["true_share"]))
    if is_classed(column):
        if top["withheld"]:
            return text("typical.withheld")
        first = top["values"][0]
        return text("typical.top", value=value(first["value"], 24), share=text.share(first["count"] / overall["count"]))
    if "length" in overall and column["kind"] != "image":
        return text("typical.length", value=text.stat(overall["length"]["quantiles"]["p50"]))
    if "quantiles" in overall:
        middle = text.stat(overall["quantiles"]["p50"])
        shown = text.range(_short(overall["min"]), _short(overall["max"]))
        return (
            text("typical.range", range=shown)
            if _moments(column) or _is_key(column)
            else text("typical.median", value=middle, range=shown)
        )
    return NONE


def _moments(column: Mapping[str, Any]) -> bool:
    return column["kind"] in ("date", "datetime", "time")


def _short(moment: Any) -> Any:
    """A moment of time to the day."""
    return moment[:10] if isinstance(moment, str) and "T" in moment else moment


def _sentence(column: Mapping[str, Any], text: Text) -> Markup | str:
    overall, top = column["overall"], column["top"]
    if not overall["rows"]:
        return text("says.no-rows")
    if not overall["count"]:
        return text("card.all-null")
    if overall["distinct"] == 1 and not overall["null"]:
        known = top["values"][0]["value"] if top and not top["withheld"] else overall.get("min")
        return text("says.constant") if known is None else text("card.constant", value=value(known, 60))
    if overall["distinct"] == overall["count"]:
        return text("card.distinct", rows=text.n("rows", overall["count"]))
    if column["kind"] == "string" and not top:
        return text("card.many", values=text.n("values", overall["distinct"]), rows=text.n("rows", overall["count"]))
    return "" if column["histogram"] or top else text("card.no-chart")


def _note(column: Mapping[str, Any], text: Text) -> Markup | str:
    notes = []
    overall, histogram = column["overall"], column["histogram"]
    if overall.get("nan") or overall.get("inf"):
        notes.append(text("card.nonfinite", nan=text.count(overall["nan"]), inf=text.count(overall["inf"])))
    outside = sum(histogram["below"].values()) + sum(histogram["above"].values()) if histogram else 0
    if outside:
        notes.append(text("card.tail", rows=text.n("rows", outside)))
    return Markup(" ").join(notes)


def _charts(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> list[dict[str, Any]]:
    """Histograms: one with all usual splits on top of each other, else one a split."""
    series = _series(column, splits)
    if not series or not _plain(column) or is_classed(column) or _is_key(column):
        return []
    together = all(name in STANDARD for name, _ in series)
    groups = [series] if together else [[one] for one in series[:MULTIPLES]]
    return [
        _chart(column, text, group, number, None if together else group[0][0]) for number, group in enumerate(groups)
    ]


def _chart(
    column: Mapping[str, Any], text: Text, series: Sequence[tuple[str, list[float]]], number: int, split: str | None
) -> dict[str, Any]:
    histogram, overall = column["histogram"], column["overall"]
    summary = overall.get("length") or overall
    desc = text(
        "chart.desc",
        median=text.stat(summary["quantiles"]["p50"]),
        low=text.stat(summary["min"]),
        high=text.stat(summary["max"]),
    )
    drawn = figure(
        layers([(split_class(name), h) for name, h in series]),
        id=f"f-{column['index']}-{number}",
        title=str(text("chart.title", column=column["name"]).striptags()),
        desc=str(desc),
        ticks=_ticks(histogram, summary, text),
        quartiles=_quartiles(column, series, "" if split else None),
    )
    highest = max((max(heights(histogram, name)) for name, _ in series), default=0)
    unit = {"string": "card.length", "text": "card.length", "list": "card.elements", "binary": "card.bytes"}
    caption = [code(split)] if split else []
    caption += [text(unit.get(column["kind"], "card.length"))] if histogram["of"] == "length" else []
    caption.append(text("card.highest", share=text.share(highest)))
    if histogram["period"]:
        caption.append(text(f"card.period.{histogram['period']}"))
    return {
        "figure": drawn,
        "caption": Markup(" · ").join(caption),
        "gutter": not split and bool(_quartiles(column, series)),
    }


def _quartiles(
    column: Mapping[str, Any], series: Sequence[tuple[str, list[float]]], name: str | None = None
) -> list[tuple[str, str, tuple[float, float, float]]]:
    """Where the middle half of each split lies on the axis, labelled with the split or `name`; not of moments."""
    if _moments(column):
        return []
    histogram = column["histogram"]
    low, high = histogram["edges"][0], histogram["edges"][-1]
    shift = 0.5 if histogram["whole"] else 0
    rows = []
    for split, _ in series:
        entry = column["splits"][split]
        quantiles = (entry.get("length") or entry).get("quantiles", {})
        places = [quantiles.get(name) for name in ("p25", "p50", "p75")]
        if None not in places:
            first, middle, last = ((place + shift - low) / (high - low) for place in places)
            rows.append((split_class(split), cut(split, GUTTER) if name is None else name, (first, middle, last)))
    return rows


def _ticks(histogram: Mapping[str, Any], summary: Mapping[str, Any], text: Text) -> list[tuple[float, str, str]]:
    """Least and greatest value at the ends (what an outer bin gathers, where it does), the median where it has room."""
    edges, whole = histogram["edges"], histogram["whole"]
    first, last = text.tick(_short(summary["min"])), text.tick(_short(summary["max"]))
    if sum(histogram["below"].values()):
        first = str(text("card.or-less", value=text.tick(edges[1] - whole)))
    if sum(histogram["above"].values()):
        last = str(text("card.or-more", value=text.tick(edges[-2])))
    ticks = [(0.0, "start", first), (1.0, "end", last)]
    middle = summary["quantiles"]["p50"]
    if isinstance(middle, int | float) and edges[-1] > edges[0]:
        at = (middle + (0.5 if whole else 0) - edges[0]) / (edges[-1] - edges[0])
        label = f"{text('head.median')} {text.tick(middle)}"
        left, right = _wide(first) + _wide(label) / 2, _wide(last) + _wide(label) / 2
        if left < at * NARROW and right < (1 - at) * NARROW:
            ticks.insert(1, (at, "middle", label))
    return ticks


def _wide(label: str) -> float:
    """About how many pixels a label takes, and room beside it."""
    return 5 + sum(12.5 if ord(character) > LATIN else 7 for character in label)


def _bars(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> dict[str, Any] | None:
    """Values by split as bars on one scale; a boolean as one bar a split."""
    top = column["top"]
    if not top or not _plain(column) or (column["histogram"] and not is_classed(column)):
        return None
    filled = [split for split in splits if column["splits"][split]["count"]]
    values = top["values"][:SHOWN]
    shares = [[v["splits"][s] / column["splits"][s]["count"] for s in filled] for v in values]
    most = max((max(row) for row in shares if row), default=0) or 1
    rows = [
        {
            "value": text("typical.withheld") if v["value"] is None else value(v["value"], 40),
            "cells": [
                {"share": text.share(s), "n": text.count(v["splits"][name]), "bar": bar(s / most, split_class(name))}
                for s, name in zip(row, filled, strict=True)
            ],
        }
        for v, row in zip(values, shares, strict=True)
    ]
    hidden = top["others"] + len(top["values"]) - len(values)
    null = any(column["splits"][s]["null"] for s in filled)
    return {
        "splits": [(code(s), text.count(column["splits"][s]["rows"])) for s in filled],
        "rows": rows,
        "others": _others(column, text, filled, values, hidden),
        "missing": [
            {"share": text.share(column["splits"][s]["null_share"]), "n": text.count(column["splits"][s]["null"])}
            for s in filled
        ]
        if null
        else None,
    }


def _others(
    column: Mapping[str, Any], text: Text, splits: Sequence[str], values: Sequence[Mapping[str, Any]], hidden: int
) -> dict[str, Any] | None:
    if not hidden:
        return None
    rest = {s: column["splits"][s]["count"] - sum(v["splits"][s] for v in values) for s in splits}
    cells = [{"share": text.share(n / column["splits"][s]["count"]), "n": text.count(n)} for s, n in rest.items()]
    return {"value": text("card.others", values=text.n("values", hidden)), "cells": cells}


def numbers(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> dict[str, Any]:
    """The table of numbers by split: what suits the kind of column."""
    overall = column["overall"]
    heads = ["head.split"]
    if "quantiles" in overall and not _moments(column):
        heads += ["head.mean", "head.median", "head.quartiles", "head.range"]
    elif "quantiles" in overall:
        heads += ["head.median", "head.range"]
    elif "length" in overall and column["kind"] not in ("category", "image"):
        heads += ["head.median.length", "head.quartiles", "head.range", "head.distinct"]
    else:
        heads += ["head.rows", "head.distinct"]
    heads.append("head.missing")
    shown = [split for split in splits if len(splits) > 1 or column["splits"][split]["rows"] == overall["rows"]]
    rows = [[code(split), *_numbers(column["splits"][split], heads[1:], text)] for split in shown]
    return {
        "heads": [text(head) for head in heads],
        "rows": rows or [[text("all"), *_numbers(overall, heads[1:], text)]],
    }


def _numbers(entry: Mapping[str, Any], heads: Sequence[str], text: Text) -> list[str]:
    summary = entry if "quantiles" in entry else entry.get("length")
    quantiles = summary["quantiles"] if summary else {}
    cells = {
        "head.mean": lambda: text.stat(summary.get("mean") if summary else None),
        "head.median": lambda: text.stat(_short(quantiles.get("p50"))),
        "head.median.length": lambda: text.stat(quantiles.get("p50")),
        "head.quartiles": lambda: text.range(quantiles["p25"], quantiles["p75"]) if quantiles else NONE,
        "head.range": lambda: text.range(_short(summary["min"]), _short(summary["max"])) if summary else NONE,
        "head.distinct": lambda: text.count(entry["distinct"]),
        "head.rows": lambda: text.count(entry["rows"]),
        "head.missing": lambda: text.share(entry["null_share"]),
    }
    return [cells[head]() for head in heads]


def script_bars(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> list[dict[str, Any]]:
    """Script mix of a text column, one bar a split."""
    css = {"hangul": "ramp5", "latin": "ramp3", "han": "ramp4", "other": "rest"}
    rows = []
    for split in splits:
        mix = column["splits"][split].get("script")
        if mix:
            parts = [(mix[name]["share"], css[name]) for name in css]
            words = [
                f"{text(f'script.{name}')} {text.share(mix[name]['share'])}" for name in css if mix[name]["letters"]
            ]
            rows.append({"split": code(split), "bar": stacked(parts), "words": ", ".join(words)})
    return rows
