"""A measure of `quality.json` as a page shows it: value over limit, track, method, and what to do.

>>> from registry.reports.text import Text
>>> en, ko = Text("en"), Text("ko")
>>> spoken(7094, "rows", en), spoken(0.0042, "share", en), spoken(7094, "rows", ko)
('7,094\\xa0rows', '0.4%', '7,094행')
>>> limits({"low": 3553, "high": None, "unit": "rows"}, en), limits({"low": None, "high": 0, "unit": "rows"}, ko)
('at least 3,553\\xa0rows', '0행')
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from registry.formats.plain import spoken as spoken_of
from registry.privacy.mask import shown
from registry.reports.arguments import arguments_of
from registry.reports.html import code, value
from registry.reports.measures import Measure, measure_of
from registry.reports.reasons import korean
from registry.reports.shared import at_fault
from registry.reports.svg import mark, strip, trend
from registry.reports.text import NONE, Text
from registry.reports.told import finding_of
from registry.reports.words import WORDS

EXAMPLES = 5  # samples shown of a failing check
CUT = 160  # characters of one sample
LONG = 300  # characters of a message
NAMED = 3  # columns named in a title
LISTED = 12  # columns named by a group
TOLD = ("schema", "data", "terms")  # types whose message holds what figures cannot
_COUNTED = ("rows", "columns", "files")


def measure_for(found: Mapping[str, Any]) -> Measure:
    """What the measure's check is."""
    return measure_of(found["type"], found["id"], found.get("arguments") or {})


def spoken(number: Any, unit: str, text: Text) -> str:
    """A number with its unit."""
    if number is None:
        return NONE
    if unit in _COUNTED and isinstance(number, int):
        return text.n(unit, number)
    if unit == "points":
        return text.pp(number)
    return text.share(number) if unit == "share" else text.stat(number)


def limits(reading: Mapping[str, Any], text: Text) -> str:
    """The bounds in words: nothing where there are none, the number alone where nothing else is allowed."""
    low, high, unit = reading["low"], reading["high"], reading["unit"]
    if low is not None and high is not None and low != high:
        return str(text("limit.between", low=spoken(low, unit, text), high=spoken(high, unit, text)))
    if low is not None and low == high:
        return str(text("limit.exactly", value=spoken(low, unit, text)))
    if low is not None:
        return str(text("limit.low", value=spoken(low, unit, text)))
    if high is None:
        return ""
    return spoken(high, unit, text) if high == 0 else str(text("limit.high", value=spoken(high, unit, text)))


def result(found: Mapping[str, Any], text: Text) -> Markup:
    """What was measured."""
    reading = found["measured"]
    if reading is None:
        return value(NONE)
    if "until" in (found.get("arguments") or {}):
        return text("arg.until", value=code(found["arguments"]["until"]))
    if found["type"] == "schema":
        return text("value.of", value=text.count(reading["value"]), total=text.n(reading["unit"], found["n"] or 0))
    if found["type"] == "terms":
        return text("value.of", value=text.count(found["n"] - reading["value"]), total=text.count(found["n"]))
    if reading["unit"] == "units":
        return text("value.outside", value=text.count(reading["value"]), total=text.count(found["n"]))
    return value(spoken(reading["value"], reading["unit"], text))


def limit_words(found: Mapping[str, Any], text: Text) -> str:
    """The limit alone; empty where there is none."""
    reading = found["measured"]
    if found["type"] == "schema":
        return str(text("limit.declared"))
    return limits(reading, text) if reading and reading["unit"] != "units" else ""


def limit_of(found: Mapping[str, Any], text: Text) -> Markup:
    """The limit as it stands below a value."""
    words = limit_words(found, text)
    if not words or found["type"] == "schema":
        return value(words) if words else Markup("")
    return text("q.limit", limit=words)


def title_of(found: Mapping[str, Any], text: Text) -> Markup:
    """The measure's name and its columns, unless they are all there are; those at fault where it names them."""
    name = value(text.pick(measure_for(found).name))
    named = at_fault(found["samples"]) if found["status"] in ("fail", "waived") else []
    named = named or list(found["columns"])
    if found["type"] in TOLD or not named:
        return name
    metric = [code(found["limit"]["metric"])] if "metric" in (found["limit"] or {}) else []
    columns = [*metric, *(code(column) for column in named[:NAMED])]
    rest = len(named) - NAMED
    more = [text("value.more", n=rest)] if rest > 0 else []
    return name + Markup(" ") + text.join([*columns, *more])


def row(found: Mapping[str, Any], place: str, past: Sequence[Any], text: Text) -> dict[str, Any]:
    """A measure as one line; `past` are its values in earlier releases, the oldest first."""
    known, status = measure_for(found), found["status"]
    about = [text.pick(known.method)] if known.method[0] else []
    about += told_arguments(found, text)
    about += [text("q.n", n=text.count(found["n"]))] if found["n"] is not None and not _of_table(found) else []
    about += [text(f"severity.{found['severity']}"), code(found["id"])]
    values = [*past, (found["measured"] or {}).get("value")]
    return {
        "anchor": f"m-{place}",
        "status": status,
        "mark": mark(status),
        "word": text(f"status.{status}"),
        "quiet": status in ("pass", "not_applicable"),
        "name": title_of(found, text),
        "value": result(found, text),
        "limit": limit_of(found, text),
        "told": finding_of(found, text),
        "strip": track(found),
        "history": trend(values, status) if varied(values) else None,
        "about": Markup(" · ").join(about),
        "reason": reason(found, text),
        "count": 1,
    }


def _of_table(found: Mapping[str, Any]) -> bool:
    """Whether the table as one is measured, and not so many of its rows."""
    return bool(found["type"].startswith("expect_table_") and found["n"] == 1)


def told_arguments(found: Mapping[str, Any], text: Text) -> list[Markup]:
    """The arguments that the measure's name does not tell already."""
    known = found.get("arguments") or {}
    named = measure_of(found["type"], found["id"]).normalised and known.get("normalize") == "text"
    return arguments_of({**found, "arguments": {**known, "normalize": "none"}} if named else found, text)


def varied(values: Sequence[Any]) -> bool:
    """Whether a figure was known more than once, and not always the same."""
    return len({value for value in values if value is not None}) > 1


def group(found: Sequence[Mapping[str, Any]], place: str, text: Text) -> dict[str, Any]:
    """Passing measures of one rule on several columns, as one line."""
    first, known = found[0], measure_for(found[0])
    columns = list(dict.fromkeys(column for one in found for column in one["columns"]))
    names = [code(column) for column in columns[:LISTED]]
    names += [text("value.more", n=len(columns) - LISTED)] if len(columns) > LISTED else []
    about = [text.pick(known.method)] if known.method[0] else []
    told = [told_arguments(one, text) for one in found]
    about += told[0] if all(one == told[0] for one in told) else []
    about += [text("q.n", n=text.count(first["n"]))] if first["n"] is not None else []
    about += [text(f"severity.{first['severity']}"), text.join(names)]
    return row(first, place, (), text) | {
        "name": value(text.pick(known.name)),
        "told": "",
        "value": text("value.pass", n=text.n("checks", len(found))),
        "limit": limit_of(first, text),
        "strip": None,
        "about": Markup(" · ").join(about),
        "count": len(found),
    }


def grouped(found: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Measures of a family, those that the schema derives and that pass gathered by rule and limit."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for one in found:
        together = one["status"] == "pass" and one["id"].startswith("schema:") and one["type"] != "schema"
        bounds = [(one["measured"] or {}).get(side) for side in ("low", "high")]
        key = (one["type"], one["severity"], *bounds) if together else one["id"]
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def track(found: Mapping[str, Any]) -> Markup | None:
    """The strip of a measure that has a value and a bound; nothing for columns, whose count says it."""
    reading = found["measured"]
    if reading is None or reading["unit"] in ("columns", "files", "units") or reading["value"] is None:
        return None
    low, high = reading["low"], reading["high"]
    if (low is None and high is None) or min(reading["value"], low or 0, high or 0) < 0:
        return None
    return strip(reading["value"], low, high, found["status"])


def reason(found: Mapping[str, Any], text: Text) -> Markup:
    """Why nothing was measured, or what a check of files found: told by the check, in English where need be."""
    told = korean(found["message"]) if text.lang == "ko" else None
    message = value(told or found["message"], LONG) if found["message"] else text("none")
    foreign = text.lang != "en" and found["message"] and told is None
    return Markup('<span lang="en">{}</span>').format(message) if foreign else message


def failure(found: Mapping[str, Any], name: str, text: Text) -> dict[str, Any]:
    """A measure that fails, or is waived, as a card: figure, consequence, examples, next command."""
    known, waiver = measure_for(found), found["waiver"] or {}
    told = found["status"] == "error" or found["type"] in TOLD or known.family == "other"
    samples = found["samples"]
    command = known.mend.format(name=name, id=shlex.quote(found["id"]))
    return {
        "mark": mark(found["status"], size=20),
        "word": text(f"status.{found['status']}"),
        "name": title_of(found, text),
        "value": result(found, text),
        "about": Markup(" · ").join(_about(found, text)),
        "told": finding_of(found, text),
        "message": reason(found, text) if told and found["message"] else "",
        "method": Markup(" ").join([text.pick(known.method), *_sentence(told_arguments(found, text))]),
        "consequence": text.pick(known.consequence) if found["status"] != "error" else "",
        "samples": [value(_sample(sample, found["columns"], text), CUT) for sample in samples[:EXAMPLES]],
        "cut": _cut(found, text),
        "next": value(command, 400) if found["status"] != "waived" else "",
        "waiver": [
            (text(f"q.{key}"), value(waiver[key], 200)) for key in ("reason", "owner", "expires") if key in waiver
        ],
    }


def _sentence(parts: Sequence[Markup]) -> list[Markup]:
    """The parts as one clause in brackets."""
    return [Markup("({})").format(Markup("; ").join(parts))] if parts else []


def _about(found: Mapping[str, Any], text: Text) -> list[Markup]:
    parts = []
    reading = found["measured"] or {"unit": "", "low": None}
    if (
        found["unexpected"] is not None
        and found["n"]
        and reading["unit"] in ("rows", "share")
        and reading["low"] is None
    ):
        share, n = text.share(found["share"]), text.n("rows", found["n"])
        parts.append(text("q.of", share=share, n=n))
        if reading["unit"] == "share":
            parts.insert(0, value(text.n("rows", found["unexpected"])))
    limit = limit_of(found, text)
    return [*parts, *([limit] if limit else [])]


def _cut(found: Mapping[str, Any], text: Text) -> Markup | str:
    shown_rows, total = len(found["samples"][:EXAMPLES]), found["unexpected"]
    if not shown_rows or not isinstance(total, int) or total <= shown_rows:
        return ""
    return text("q.examples.cut", shown=shown_rows, total=text.count(total))


def _sample(found: Any, columns: Sequence[str], text: Text) -> str:
    """One sample on a line, masked once more: the row, then what it holds or repeats; or a class or column and how.

    What is told beside the values of `columns` is called by words of the language.
    """
    if not isinstance(found, Mapping):
        return shown(_flat(found), 2000) or ""
    known = {key: item for key, item in found.items() if key not in ("row", "split")}
    place = " ".join(_flat(found[key]) for key in ("split", "row") if key in found)
    parts = [place] if place else []
    told = [key for key in known if f"sample.{key}" in WORDS and ("row" not in found or key not in columns)]
    named = {key: text(f"sample.{key}") for key in told}
    parts += [_paired(str(named.get(key, key)), item) for key, item in known.items()]
    return shown("  ".join(parts), 2000) or ""


def _paired(key: str, item: Any) -> str:
    """`same_as: {row, split}` as `↔ split row`; values of columns as `column: value`."""
    if isinstance(item, Mapping) and "row" in item:
        return f"{key.replace('_', ' ')} {' '.join(_flat(item[part]) for part in ('split', 'row') if part in item)}"
    if isinstance(item, Mapping):
        return "  ".join(f"{name}: {_flat(part)}" for name, part in item.items())
    return f"{key}: {_flat(item)}"


def _flat(item: Any) -> str:
    return item if isinstance(item, str) else spoken_of(item)
