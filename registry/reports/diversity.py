"""The section on diversity: words, declared values, and groups of rows with their label rates.

Both pages show it. Every number is the profile's; a thing that was not measured says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.reports.html import code, value
from registry.reports.svg import curve, figure, interval
from registry.reports.text import NONE, Text

COLUMNS = 8  # columns shown
GROUPS = 12  # groups of one
ABSENT = 6  # absent values named


def diversity(profile: Mapping[str, Any], text: Text) -> dict[str, Any]:
    """The section, ready to draw."""
    found = profile["slices"]
    columns, order = found["columns"][:COLUMNS], [split["name"] for split in profile["splits"]]
    left_out = [_left_out(entry, text) for entry in found["left_out"]]
    cut = len(found["columns"]) - len(columns)
    return {
        "heading": _heading(found, text),
        "sub": text("div.sub", level=f"{found['level']:.0%}", rows=text.n("rows", found["small"])) if columns else "",
        "columns": [_column(entry, found, order, text) for entry in columns],
        "notes": [*left_out, *([text("div.more-columns", n=cut)] if cut else [])],
        "covered": [line for entry in profile["coverage"] for line in _covered(entry, order, text)],
        "texts": [_words(column, text) for column in profile["columns"] if (column["words"] or {}).get("growth")],
    }


def _heading(found: Mapping[str, Any], text: Text) -> Markup:
    """The finding: the widest gap of a sensitive column, or why there is none."""
    sensitive = [column for column in found["columns"] if column["role"] == "sensitive"]
    if not sensitive:
        declared = any(entry["role"] == "sensitive" for entry in found["left_out"])
        return text("div.head.uncounted" if declared else "div.head.undeclared")
    if not found["label"]:
        return text("div.head.no-label")
    compared = [column for column in sensitive if column["disparity"]]
    if not compared:
        return text("div.head.few")
    widest = max(compared, key=lambda column: column["disparity"][0]["difference"])
    gap = widest["disparity"][0]["difference"]
    return text("div.head.gap", pp=text.pp(gap), column=code(widest["column"])) if gap else text("div.head.equal")


def _column(entry: Mapping[str, Any], found: Mapping[str, Any], order: Sequence[str], text: Text) -> dict[str, Any]:
    groups, widest = entry["groups"][:GROUPS], (entry["disparity"] or [None])[0]
    place = widest["class"] if widest else 0
    rates = [group["rates"][place] for group in groups if group["rates"]]
    top = max((rate["interval"][1] for rate in rates if rate["interval"]), default=1) or 1
    rest = len(entry["groups"]) - len(groups)
    notes = [_gap(widest, entry, found, text)] if widest else []
    notes += [text("div.uncompared", rows=text.n("rows", found["small"]))] if found["label"] and not widest else []
    notes += [text("div.missing", rows=text.n("rows", entry["missing"]))] if entry["missing"] else []
    return {
        "name": code(entry["column"]),
        "role": entry["role"] or "",
        "notes": notes,
        "rate": text("div.rate", value=value(found["classes"][place], 40)) if found["label"] else "",
        "rows": [_group(at, group, place, top, order, text) for at, group in enumerate(groups)],
        "cut": text("div.more-groups", n=rest) if rest else "",
    }


def _gap(widest: Mapping[str, Any], entry: Mapping[str, Any], found: Mapping[str, Any], text: Text) -> Markup:
    high, low = (entry["groups"][widest[side]] for side in ("highest", "lowest"))
    rate = {side: group["rates"][widest["class"]]["rate"] for side, group in (("high", high), ("low", low))}
    return text(
        "div.gap",
        label=code(found["label"]),
        value=value(found["classes"][widest["class"]], 40),
        highest=_named(widest["highest"], high, text),
        lowest=_named(widest["lowest"], low, text),
        high=text.share(rate["high"]),
        low=text.share(rate["low"]),
        pp=text.pp(widest["difference"]),
        ratio=_ratio(widest, text),
        **{"from": _signed(widest["interval"][0], text), "to": _signed(widest["interval"][1], text)},
    )


def _signed(share: float, text: Text) -> str:
    return f"\u2212{text.pp(-share)}" if share < 0 else text.pp(share)


def _ratio(widest: Mapping[str, Any], text: Text) -> Markup | str:
    found, bounds = widest["ratio"], widest["ratio_interval"]
    if found is None or bounds is None:
        return NONE if found is None else f"{found:.2f}"
    return text("div.ratio", value=f"{found:.2f}", **{"from": f"{bounds[0]:.2f}", "to": f"{bounds[1]:.2f}"})


def _named(at: int, group: Mapping[str, Any], text: Text) -> Markup:
    return text("div.hidden", n=at + 1) if group["value"] is None else value(group["value"], 40)


def _group(
    at: int, group: Mapping[str, Any], place: int, top: float, order: Sequence[str], text: Text
) -> dict[str, Any]:
    rate = group["rates"][place] if group["rates"] else None
    bounds = rate["interval"] if rate else None
    small = text.join([code(split) for split in group["small"]])
    held = [(split, group["splits"][split]) for split in order if group["splits"].get(split)]
    return {
        "name": _named(at, group, text),
        "n": text.count(group["count"]),
        "share": text.share(group["share"]),
        "splits": text.join([Markup("{} {}").format(code(split), text.count(n)) for split, n in held]),
        "small": text("div.small", splits=small) if small else "",
        "rate": text.share(rate["rate"]) if rate else "",
        "interval": text("div.interval", low=text.share(bounds[0]), high=text.share(bounds[1])) if bounds else "",
        "chart": interval(bounds[0] / top, rate["rate"] / top, bounds[1] / top) if rate and bounds else "",
    }


def _left_out(entry: Mapping[str, Any], text: Text) -> Markup:
    values = text.n("values", entry["distinct"]) if entry["distinct"] is not None else ""
    return text(f"div.left-out.{entry['why']}", column=code(entry["column"]), values=values)


def _covered(entry: Mapping[str, Any], order: Sequence[str], text: Text) -> Iterator[Markup]:
    """One line where all splits are alike, else one for each split that lacks some of what is declared."""
    told = {split: entry["splits"][split] for split in order if split in entry["splits"]}
    lacking = {split: found for split, found in told.items() if found["present"] < entry["declared"]}
    name, declared = code(entry["column"]), text.count(entry["declared"])
    if not lacking and entry["splits"]:
        yield text("div.covered.all", column=name, n=declared)
    alike = len(lacking) == len(entry["splits"]) > 1 and len({str(found) for found in lacking.values()}) == 1
    for split, found in list(lacking.items())[: 1 if alike else None]:
        rest = entry["declared"] - found["present"] - len(found["absent"][:ABSENT])
        absent = [value(one, 40) for one in found["absent"][:ABSENT]]
        absent += [text("value.more", n=rest)] if rest else []
        place = text("div.covered.every") if alike else text("div.covered.split", split=code(split))
        figures = {"present": text.count(found["present"]), "n": declared, "absent": text.join(absent)}
        yield text("div.covered.part", column=name, place=place, **figures)


def _words(column: Mapping[str, Any], text: Text) -> dict[str, Any]:
    words, name = column["words"], code(column["name"])
    tokens, types = words["tokens"], words["types"]
    return {
        "figure": figure(
            curve([(size / tokens, seen / types) for size, seen in words["growth"]]),
            id=f"g-{column['index']}",
            title=str(text("div.words.title", column=column["name"])),
            desc=str(text("div.words.desc", types=text.count(types), tokens=text.count(tokens))),
            ticks=[(0.0, "start", "0"), (1.0, "end", text.count(tokens))],
            heights=("0", text.count(types)),
        ),
        "caption": text("div.words.caption", column=name),
        "notes": list(_said(words, text)),
    }


def _said(words: Mapping[str, Any], text: Text) -> Iterator[Markup]:
    law, runs = words["heaps"], words["runs"]
    if law:
        gain = text.percent(2 ** law["beta"] - 1)
        yield text("div.words.gain", gain=gain, beta=f"{law['beta']:.2f}")
    yield text("div.words.once", share=text.share(words["once"] / words["tokens"]))
    told: Sequence[str] = [text.distance(runs["distinct"][length]) for length in ("1", "2", "3")]
    yield text("div.words.runs", rows=text.n("rows", runs["rows"]), one=told[0], two=told[1], three=told[2])
