"""The EDA report: `profile.json` and the verdict as one page that opens anywhere.

`eda_html` computes nothing: every number comes from the facts. The page holds no
script, and nothing from the data becomes markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.model.facts import ReleaseFacts
from registry.model.splits import STANDARD
from registry.reports.alerts import Alert, alerts_of
from registry.reports.diversity import diversity
from registry.reports.drawn import card, index_row, script_bars
from registry.reports.html import code, render, value
from registry.reports.names import cut
from registry.reports.sections import associations, images, moved, words
from registry.reports.shared import page_of, split_class, verdict_of
from registry.reports.svg import bar, columns, mark, spark
from registry.reports.text import NONE, Text

ALERTS = 5  # findings shown at the top
OPEN = 24  # columns up to which cards stand open
CARDS = 300  # columns up to which every column has a card
SAMPLE = 12  # columns of the sample


def eda_html(facts: ReleaseFacts, lang: str, *, quality: str = "quality.html") -> str:
    """The EDA report of `facts` in `lang` (`en` or `ko`), as HTML text; equal facts give equal bytes.

    `quality` is the file of the quality evaluation beside it.
    """
    text, profile = Text(lang), facts.profile
    splits = [name for name, _ in facts.splits]
    alerts = alerts_of(facts, text, quality)
    labels = [_label(label, text, splits, facts) for label in profile["labels"]]
    cards = _cards(profile["columns"], alerts, text, splits)
    carded = {card["index"] for card in cards}
    texts = [_text(c, text, splits) for c in profile["columns"] if c["kind"] == "text" and c["overall"]["count"]]
    missing = _missing(profile, text)
    parts = {"assoc": associations(profile, text), "moved": moved(facts, text), "images": images(profile, text)}
    sections = _sections(text, labels, texts, parts, bool(profile["sample"]))
    return render(
        "eda.html.j2",
        text,
        page=page_of(facts, text, "eda", _heading(facts, text), sections),
        verdict=verdict_of(facts.evidence, text),
        quality=quality,
        facts_row=_facts(facts, text),
        alerts=alerts[:ALERTS],
        alerts_total=len(alerts),
        labels=labels,
        legend=_legend(splits),
        first=code(splits[0]) if splits else "",
        several=len(splits) > 1,
        index=[index_row(c, text, splits) | {"carded": c["index"] in carded} for c in profile["columns"]],
        cards=cards,
        cards_total=len(profile["columns"]),
        folded=len(profile["columns"]) > OPEN,
        texts=texts,
        missing=missing,
        diversity=diversity(profile, text),
        **parts,
        sample=_sample(profile, text),
        method=profile["method"],
        mark=mark,
    )


def _heading(facts: ReleaseFacts, text: Text) -> Markup:
    rows, splits = text.n("rows", facts.rows), text.n("splits", len(facts.splits))
    labels = facts.profile["labels"]
    if labels:
        return text("hero.labels", rows=rows, splits=splits, classes=text.n("classes", len(labels[0]["classes"])))
    if len(facts.splits) > 1:
        return text("hero.splits", rows=rows, splits=splits)
    return text("hero.plain", rows=rows, columns=text.n("columns", len(facts.profile["columns"])))


def _sections(
    text: Text, labels: Sequence[Mapping[str, Any]], texts: Sequence[Any], parts: Mapping[str, Any], sampled: bool
) -> list[tuple[str, Any]]:
    sections: list[tuple[str, Any]] = [("look", text("look"))]
    sections += [("labels", text("nav.labels"))] if labels else []
    sections += [("index", text("columns")), ("cards", text("cards"))]
    sections += [("text", text("nav.text"))] if texts else []
    sections += [("images", text("nav.images"))] if parts["images"] else []
    sections += [("diversity", text("nav.diversity")), ("missing", text("head.missing"))]
    sections += [(name, text(f"nav.{name}")) for name in ("assoc", "moved") if parts[name]]
    sections += [("sample", text("sample"))] if sampled else []
    return [*sections, ("method", text("method"))]


def _facts(facts: ReleaseFacts, text: Text) -> list[tuple[Any, Any, Any]]:
    profile, missing, repeated = facts.profile, facts.profile["missing"], facts.profile["duplicates"]
    shares = [split["share"] for split in profile["splits"]]
    ratio = " : ".join(f"{s * 100:.0f}" for s in shares if s is not None) if 1 < len(shares) <= 4 else ""
    history = text("fact.previous", version=facts.previous) if facts.previous else text("fact.first")
    if facts.before is not None and facts.previous:
        change = facts.rows - facts.before["rows"]
        told = f"{change:+,}".replace("-", "\u2212") if change else text("fact.same")
        history = text("fact.change", change=told, version=facts.previous)
    return [
        (text("fact.rows"), text.count(facts.rows), history),
        (text("fact.columns"), text.count(len(profile["columns"])), ""),
        (text("fact.splits"), text.count(len(shares)), ratio),
        (text("fact.size"), text.size(facts.files.bytes), f"{facts.format} · {text.n('files', len(facts.files))}"),
        (text("fact.missing"), text.share(missing["share"]), text.n("columns", len(missing["columns"]))),
        (text("fact.repeated"), text.share(repeated["share"]), text.n("rows", repeated["rows"] or 0)),
    ]


def _legend(splits: Sequence[str]) -> list[tuple[str, Any]]:
    """The key to charts that lay splits over each other; empty where they stand apart."""
    return [(split, code(split)) for split in splits] if set(splits) <= set(STANDARD) else []


def _label(label: Mapping[str, Any], text: Text, splits: Sequence[str], facts: ReleaseFacts) -> dict[str, Any]:
    filled = [s for s in splits if any(entry["splits"][s]["count"] for entry in label["classes"])]
    shares = [entry["splits"][s]["share"] for entry in label["classes"] for s in filled]
    most = max((s for s in shares if s is not None), default=0) or 1
    rows = [
        {
            "value": value(entry["value"], 40),
            "cells": [_label_cell(entry["splits"][s], s, most, text) for s in filled],
            "spread": text.pp(entry["spread"]),
        }
        for entry in label["classes"]
    ]
    totals = {s: sum(entry["splits"][s]["count"] for entry in label["classes"]) for s in filled}
    imbalance = label["imbalance"]
    return {
        "heading": _label_heading(label, text, len(filled)),
        "sub": text(
            "labels.sub",
            column=code(label["column"]),
            entropy=text.distance(label["entropy"]),
            imbalance=NONE if imbalance is None else text("labels.ratio", value=f"{imbalance:.1f}"),
        ),
        "multi": text("labels.multi") if label["multi"] else "",
        "splits": [(code(s), text.count(totals[s])) for s in filled],
        "rows": rows,
        "spark": spark(columns([("ramp3", [e["count"] / (label["labels"] or 1) for e in label["classes"]])])),
    }


def _label_cell(entry: Mapping[str, Any], split: str, most: float, text: Text) -> dict[str, Any]:
    share = entry["share"] or 0
    return {
        "share": text.share(entry["share"]),
        "n": text.count(entry["count"]),
        "bar": bar(share / most, split_class(split)),
    }


def _label_heading(label: Mapping[str, Any], text: Text, splits: int) -> Markup:
    if not label["labels"]:
        return text("labels.empty")
    if splits < 2:
        return text("labels.single", share=text.share(label["classes"][label["largest"]]["share"]))
    return text("labels.spread", pp=text.pp(label["spread"])) if label["spread"] else text("labels.even")


def _cards(
    entries: Sequence[Mapping[str, Any]], alerts: Sequence[Alert], text: Text, splits: Sequence[str]
) -> list[dict[str, Any]]:
    alerted = {alert.column for alert in alerts}
    shown = [c for c in entries if len(entries) <= CARDS or c["index"] in alerted]
    return [card(c, text, splits) | {"open": c["index"] in alerted} for c in shown]


def _text(column: Mapping[str, Any], text: Text, splits: Sequence[str]) -> dict[str, Any]:
    mix = column["overall"].get("script")
    heading = text("text.none")
    if mix:
        script = max(mix, key=lambda name: (mix[name]["letters"], name))
        heading = text("text", share=text.share(mix[script]["share"]), script=text(f"script.{script}"))
    return {
        "heading": heading,
        "sub": text("text.sub", column=code(column["name"])),
        "rows": script_bars(column, text, splits),
        "words": words(column, column["overall"]["rows"], text),
    }


def _missing(profile: Mapping[str, Any], text: Text) -> dict[str, Any]:
    found = profile["missing"]
    by_name = {c["name"]: c for c in profile["columns"]}
    holed = [by_name[name] for name in found["columns"]]
    complete = text.n("columns", len(profile["columns"]) - len(holed))
    rows = [
        {
            "name": code(c["name"]),
            "index": c["index"],
            "share": text.share(c["overall"]["null_share"]),
            "n": text.n("rows", c["overall"]["null"]),
            "bar": bar(c["overall"]["null_share"], "ramp4"),
        }
        for c in holed
    ]
    heading = text("missing", columns=text.n("columns", len(holed))) if holed else text("missing.none")
    return {
        "heading": heading,
        "sub": text("missing.sub", columns=complete) if holed else "",
        "rows": rows,
        "patterns": [_pattern(p, found["pattern_columns"], text) for p in found["patterns"]],
    }


def _pattern(pattern: Mapping[str, Any], names: Sequence[str], text: Text) -> dict[str, Any]:
    missing = [code(name) for name, hole in zip(names, pattern["missing"], strict=True) if hole]
    return {
        "dots": "".join("○" if hole else "●" for hole in pattern["missing"]),
        "names": text.join(missing) if missing else text("missing.complete"),
        "n": text.n("rows", pattern["count"]),
        "share": text.share(pattern["share"]),
        "bar": bar(pattern["share"] or 0, "ramp4"),
    }


def _sample(profile: Mapping[str, Any], text: Text) -> dict[str, Any] | None:
    if not profile["sample"]:
        return None
    shown = profile["columns"][:SAMPLE]
    total = len(profile["columns"])
    rows = [
        {
            "split": code(entry["split"]),
            "row": value(entry["row"], 60),
            "cells": [(cut(c["name"]), entry["values"][i]) for i, c in enumerate(shown)],
        }
        for entry in profile["sample"]
    ]
    return {
        "sub": text("sample.sub", n=profile["method"]["sample_rows"], seed=profile["method"]["seed"]),
        "cut": text("sample.cut", shown=len(shown), total=total) if total > len(shown) else "",
        "heads": [code(c["name"]) for c in shown],
        "rows": rows,
        "value": value,
    }
