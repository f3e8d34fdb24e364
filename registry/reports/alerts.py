"""What to look at first, in order of weight: from the evidence and the profile alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from registry.model.evidence import Check
from registry.model.facts import ReleaseFacts
from registry.reports.drift import drift_of
from registry.reports.html import code, value
from registry.reports.measured import NAMED
from registry.reports.shared import at_fault, check_name
from registry.reports.svg import bar, mark
from registry.reports.text import Text

MISSING = 0.05  # share of rows
RARE = 0.05  # share of labels
DRIFT = 0.05  # Jensen-Shannon divergence
FEW = 30  # values of a split below which its distribution says nothing
STAND_INS = frozenset(("nan", "n/a", "#n/a", "<na>", "null", "nil", "-", "--", "?", "undefined", "\\n"))
REPEATED = "expect_rows_to_be_unique"
_WEIGHTS = {"critical": 78.0, "warning": 75.0, "info": 55.0}  # of checks that do not block


@dataclass(frozen=True, slots=True)
class Alert:
    """One finding: what weighs how much, its two sentences, a picture, and the column it concerns."""

    weight: float
    mark: Markup
    title: Markup
    sub: Markup
    chart: Markup | None = None
    column: int | None = None


def alerts_of(facts: ReleaseFacts, text: Text, quality: str) -> list[Alert]:
    """All findings, the weightiest first; equal weights keep the order of columns. `quality` is the file to link."""
    found = [*_checks(facts, text, quality), *_splits(facts, text), *_labels(facts, text), *_repeated(facts, text)]
    found += _moved(facts, text)
    for column in facts.profile["columns"]:
        found += _column(column, facts, text)
    return sorted(found, key=lambda alert: -alert.weight)


def _checks(facts: ReleaseFacts, text: Text, quality: str) -> Iterator[Alert]:
    """What blocks the release, and what fails without blocking it."""
    if not facts.evidence:
        return
    blocking = facts.evidence.blocking()
    for check in blocking:
        yield _check(check, 100, "alert.check.bare", text, quality)
    for check in facts.evidence.checks:
        if check.status in ("fail", "error") and check not in blocking:
            yield _check(check, _WEIGHTS.get(check.severity, 0), "alert.check.open", text, quality)


def _check(check: Check, weight: float, key: str, text: Text, quality: str) -> Alert:
    title = text("alert.check", name=_named(check, text), status=text(f"status.{check.status}"))
    sub = text(key, id=Markup('<a href="{}">{}</a>').format(quality, code(check.id)))
    rows = not at_fault(check.samples)
    share = check.unexpected / check.total if rows and check.unexpected and check.total else None
    if share:
        sub += Markup(" · ") + text("q.of", share=text.share(share), n=text.count(check.total))
    return Alert(weight, mark(check.status), title, sub, bar(share, "fail") if share else None)


def _named(check: Check, text: Text) -> Markup | str:
    """The check's name, and the columns that it found at fault."""
    columns = [code(column) for column in at_fault(check.samples)[:NAMED]]
    return Markup("{} {}").format(check_name(check, text), text.join(columns)) if columns else check_name(check, text)


def _splits(facts: ReleaseFacts, text: Text) -> Iterator[Alert]:
    for split, rows in facts.splits:
        if not rows:
            yield _note(80, text, "empty-split", split=code(split))
    if facts.profile["without_split"]:
        yield _note(80, text, "no-split", rows=text.n("rows", facts.profile["without_split"]))


def _labels(facts: ReleaseFacts, text: Text) -> Iterator[Alert]:
    for label in facts.profile["labels"]:
        column = code(label["column"])
        for entry in label["classes"]:
            names: dict[str, Any] = {
                "value": Markup("<code>{}</code>").format(value(entry["value"], 60)),
                "column": column,
            }
            rows = text.n("rows", entry["count"])
            if entry["undeclared"]:
                yield _note(70, text, "undeclared", **names, rows=rows)
            elif not entry["count"]:
                yield _note(60, text, "absent", **names)
        smallest = label["classes"][label["smallest"]]
        if 0 < (smallest["share"] or 0) < RARE:
            yield _note(
                40 - smallest["share"],
                text,
                "rare",
                chart=bar(smallest["share"], "ramp4"),
                value=Markup("<code>{}</code>").format(value(smallest["value"], 60)),
                column=column,
                share=text.share(smallest["share"]),
                rows=text.n("rows", smallest["count"]),
                classes=text.n("classes", len(label["classes"])),
            )


def _repeated(facts: ReleaseFacts, text: Text) -> Iterator[Alert]:
    repeated = facts.profile["duplicates"]
    checks = facts.evidence.checks if facts.evidence else ()
    told = any(check.type == REPEATED and check.status in ("fail", "error") for check in checks)
    if repeated["rows"] and not told:
        share = repeated["share"]
        chart = bar(share, "ramp4")
        rows = text.n("rows", repeated["rows"])
        yield _note(50 + share, text, "repeated", chart=chart, rows=rows, share=text.share(share))


def _moved(facts: ReleaseFacts, text: Text) -> Iterator[Alert]:
    """Columns that are gone, or that are far from what they were in the release before."""
    if facts.before is None or not facts.previous:
        return
    drift, previous = drift_of(facts.before, facts.profile), value(facts.previous)
    for name in drift.removed:
        yield _note(58, text, "gone", column=code(name), version=previous)
    for one in drift.columns:
        if (one.divergence or 0) < DRIFT:
            continue
        name = _linked(one.index, one.name)
        chart = bar(one.divergence or 0, "ramp4")
        distance = text.distance(one.divergence)
        yield _note(
            56 + (one.divergence or 0), text, "moved", chart, one.index, column=name, version=previous, value=distance
        )


def _linked(index: int, name: str) -> Markup:
    """A column's name that leads to its card."""
    return Markup('<a href="#c-{}">{}</a>').format(index, code(name))


def _column(column: Mapping[str, Any], facts: ReleaseFacts, text: Text) -> Iterator[Alert]:
    overall, name = column["overall"], _linked(column["index"], column["name"])
    at = {"index": column["index"], "column": name}
    if not overall["rows"]:
        return
    if not overall["count"]:
        yield _note(65, text, "all-null", **at)
        return
    if overall["distinct"] == 1 and overall["rows"] > 1 and not overall["null"]:
        yield _note(30, text, "constant", **at)
    missing = overall["null_share"] or 0
    if missing >= MISSING:
        rows, chart = text.n("rows", overall["null"]), bar(missing, "ramp4")
        yield _note(20 + missing * 20, text, "missing", chart=chart, **at, share=text.share(missing), rows=rows)
    yield from _values(column, text, at)
    yield from _drift(column, facts, text, at)


def _values(column: Mapping[str, Any], text: Text, at: Mapping[str, Any]) -> Iterator[Alert]:
    overall = column["overall"]
    strange = overall.get("nan", 0) + overall.get("inf", 0)
    if strange:
        yield _note(45, text, "nan", **at, rows=text.n("rows", strange))
    if overall.get("empty"):
        yield _note(15, text, "empty", **at, rows=text.n("rows", overall["empty"]))
    stand_in = _stand_in(column)
    if stand_in:
        names = {"value": Markup("<code>{}</code>").format(value(stand_in["value"]))}
        share = stand_in["count"] / overall["rows"]
        yield _note(20 + share * 20, text, "stand-in", bar(share, "ramp4"), **at, **names, share=text.share(share))


def _stand_in(column: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The most frequent value that other programs write where there is none, of an input column."""
    if column["role"] is not None or not column["top"] or column["kind"] not in ("category", "string"):
        return None
    return next((v for v in column["top"]["values"] if (v["value"] or "").strip().casefold() in STAND_INS), None)


def _drift(column: Mapping[str, Any], facts: ReleaseFacts, text: Text, at: Mapping[str, Any]) -> Iterator[Alert]:
    if column["role"] in ("key", "split", "time", "group"):  # the splits may part by these
        return
    known = [(d, split) for split, d in column["divergence"].items() if d is not None]
    if not known:
        return
    first = next(name for name, _ in facts.splits if name not in column["divergence"] and _filled(column, name))
    many = [(d, split) for d, split in known if min(_filled(column, first), _filled(column, split)) >= FEW]
    far = [(d, split) for d, split in many if d >= DRIFT + chance(column, first, split)]
    if far:
        distance, split = max(far)
        names: dict[str, Any] = {"first": code(first), "split": code(split), "value": text.distance(distance)}
        yield _note(35 + distance, text, "drift", chart=bar(distance, "ramp4"), **at, **names)


def chance(column: Mapping[str, Any], first: str, other: str) -> float:
    """The divergence that samples of n and m values of one distribution show by chance.

    (k-1)(1/n + 1/m) / 8 ln 2 for k bins or values, since the divergence approaches a
    chi-square of k-1 degrees. Small splits differ that much without meaning anything.
    """
    histogram, top = column["histogram"], column["top"]
    kinds = len(top["values"]) + bool(top["others"]) if top else len(histogram["edges"]) + 1 if histogram else 1
    sizes = [column["splits"][split]["count"] for split in (first, other)]
    return (kinds - 1) * sum(1 / size for size in sizes) / (8 * math.log(2)) if all(sizes) else math.inf


def _filled(column: Mapping[str, Any], split: str) -> int:
    return int(column["splits"][split]["count"])


def _note(
    weight: float, text: Text, key: str, /, chart: Markup | None = None, index: Any = None, **values: Any
) -> Alert:
    title, sub = text(f"alert.{key}", **values), text(f"alert.{key}.sub", **values)
    return Alert(weight, mark("note"), title, sub, chart, index)
