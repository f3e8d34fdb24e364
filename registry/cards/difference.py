"""A difference as one page: what demands a version, rows by split, the matrix of labels, columns, first keys.

>>> from registry.model.difference import Difference
>>> "Nothing changed" in diff_html(Difference("x@1.0.0", "x", "none"), "en")
True
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from registry.cards.changelog import detail_of, kind_of
from registry.model.difference import FROZEN, GRAVE, KINDS, WORDS, Difference, RowChanges, Shift
from registry.model.release import ChangeFact
from registry.reports.html import code, render, value
from registry.reports.shared import Page
from registry.reports.svg import bar, mark
from registry.reports.text import NONE, Text

CLASSES = 12  # labels of a matrix; with more, the most frequent
COLUMNS = 60
HARDLY = 0.0005  # bits


def diff_html(difference: Difference, lang: str) -> str:
    """The page in `en` or `ko`; one file without script, every value from data escaped."""
    text, rows = Text(lang), difference.rows
    facts = [_fact(fact, text) for fact in difference.facts]
    frozen = [fact for fact in difference.facts if fact.kind.startswith(FROZEN)]
    parts = {
        "facts": facts,
        "frozen": [code(split) for split in dict.fromkeys(fact.split for fact in frozen)],
        "frozen_facts": [_fact(fact, text) for fact in frozen],
        "splits": _splits(rows, text) if rows else [],
        "moves": _moves(rows, text) if rows else [],
        "labels": _labels(difference, rows, text) if rows and (rows.labels or rows.gone) else None,
        "columns": _columns(difference, text),
        "keys": _keys(rows, text) if rows else [],
        "columns_cut": _cut(difference, text),
        "gone": [_fact(fact, text) for fact in difference.facts if fact.kind in GRAVE],
    }
    return render(
        "changes.html.j2",
        text,
        page=_page(difference, text, parts),
        mark=mark,
        level=difference.level,
        totals=_totals(rows, text) if rows else [],
        kinds=[text(f"d.{WORDS.get(kind, kind)}") for kind in KINDS],
        how=_how(difference, text),
        note=value(rows.note, 300) if rows and rows.note else "",
        **parts,
    )


def _page(difference: Difference, text: Text, parts: dict[str, Any]) -> Page:
    names = [("facts", "d.facts"), ("rows", "d.rows"), ("labels", "d.labels"), ("columns", "d.columns")]
    names.append(("keys", "d.keys"))
    shown = [(name, text(key)) for name, key in names if name in ("facts", "rows") or parts[name]]
    between = Markup("{} → {}").format(code(difference.before), code(difference.after))
    name = difference.after.partition("@")[0].partition(" ")[0]
    ref = f"{difference.before} → {difference.after}"
    return Page(name, ref, difference.level, str(text("d.kind")), between, Markup(""), shown)


def _how(difference: Difference, text: Text) -> Markup:
    rows = difference.rows
    if rows is None:
        return text("d.unread", why=value(difference.unread, 300))
    if not rows.any:
        return text("d.same")
    return text("d.rows.keyed" if rows.keyed else "d.rows.valued")


def _fact(fact: ChangeFact, text: Text) -> dict[str, Any]:
    where = [code(place) for place in (fact.split, fact.column) if place]
    told = value(detail_of(fact.detail, text.lang), 300)
    return {"level": fact.level, "kind": kind_of(fact.kind, text.lang), "where": text.join(where), "detail": told}


def _totals(rows: RowChanges, text: Text) -> list[tuple[Markup, str]]:
    return [(text(f"d.{WORDS.get(kind, kind)}"), text.count(rows.total(kind))) for kind in (*KINDS, "moved")]


def _splits(rows: RowChanges, text: Text) -> list[tuple[Markup, list[str]]]:
    names = sorted({split for kind in KINDS for split, count in getattr(rows, kind).items() if count})
    return [(code(name), [text.count(getattr(rows, kind).get(name, 0)) for kind in KINDS]) for name in names]


def _moves(rows: RowChanges, text: Text) -> list[tuple[Markup, Markup, str]]:
    most = max(rows.moved.values(), default=1)
    pairs = sorted(rows.moved.items(), key=lambda item: (-item[1], item[0]))
    arrow = Markup("{} → {}")
    return [(arrow.format(code(o), code(n)), bar(count / most, "plain"), text.count(count)) for (o, n), count in pairs]


def _labels(difference: Difference, rows: RowChanges, text: Text) -> dict[str, Any]:
    """The matrix of labels: from (down) to (across), of the labels that changed most."""
    weight: dict[str | None, int] = {}
    for pair, count in rows.labels.items():
        for label in pair:
            weight[label] = weight.get(label, 0) + count
    chosen = sorted(weight, key=lambda label: (-weight[label], str(label)))[:CLASSES]
    names = sorted(chosen, key=lambda label: (label is None, str(label)))
    most = max(rows.labels.values(), default=1)
    shown = [pair for pair in rows.labels if set(pair) <= set(names)]
    cut = text("d.labels.cut", n=len(shown), all=len(rows.labels)) if len(shown) < len(rows.labels) else ""
    return {
        "sub": text("d.labels.sub", label=code(difference.label or "")) if rows.labels else "",
        "cut": cut,
        "across": [_label(name, text) for name in names],
        "matrix": [(_label(old, text), [_cell(rows, (old, new), most, text) for new in names]) for old in names],
        "gone": [(code(split), _label(name, text), text.count(n)) for (split, name), n in sorted(rows.gone.items())],
    }


def _label(label: str | None, text: Text) -> Markup:
    return text("d.none-label") if label is None else value(label, 40)


def _cell(rows: RowChanges, pair: tuple[str | None, str | None], most: int, text: Text) -> tuple[str, str]:
    count = rows.labels.get(pair, 0)
    return (text.count(count), f"r{1 + round(4 * count / most)}") if count else (NONE, "weak")


def _columns(difference: Difference, text: Text) -> list[dict[str, Any]]:
    """Columns with changed values or another distribution, those that moved furthest first."""
    shifts = {shift.column: shift for shift in difference.shifts}
    edited = dict(difference.rows.columns) if difference.rows else {}
    return [_column(name, shifts.get(name), edited.get(name), text) for name in _named(difference)[:COLUMNS]]


def _named(difference: Difference) -> list[str]:
    """The columns that there is something to say of, those that moved furthest first."""
    edited = dict(difference.rows.columns) if difference.rows else {}
    most = sorted(edited, key=lambda name: (-edited[name], name))
    return list(dict.fromkeys([*(shift.column for shift in difference.shifts), *most]))


def _cut(difference: Difference, text: Text) -> Markup | str:
    every = len(_named(difference))
    return text("d.columns.cut", n=COLUMNS, all=text.count(every)) if every > COLUMNS else ""


def _column(name: str, shift: Shift | None, edited: int | None, text: Text) -> dict[str, Any]:
    far = shift.divergence if shift else None
    before, now = (shift.missing_before, shift.missing) if shift else (None, None)
    missing = f"{text.share(before)} → {text.share(now)}" if before != now else NONE
    return {
        "name": code(name),
        "edited": text.count(edited),
        "bar": bar(far, "plain") if far is not None else "",
        "divergence": NONE if far is None else f"{far:.3f}" if far >= HARDLY else "< 0.001",
        "missing": missing,
    }


def _keys(rows: RowChanges, text: Text) -> list[tuple[Markup, Markup, list[Markup]]]:
    """Of each kind of change: what it is called, how many rows are shown of how many, and their keys."""
    kinds: Iterable[str] = (kind for kind in (*KINDS, "moved") if kind in rows.samples)
    return [(text(f"d.{WORDS.get(k, k)}"), _of(rows, k, text), [code(key) for key in rows.samples[k]]) for k in kinds]


def _of(rows: RowChanges, kind: str, text: Text) -> Markup:
    shown, total = len(rows.samples[kind]), rows.total(kind)
    if shown < total:
        return text("d.keys.of", n=text.count(shown), all=text.count(total))
    return Markup("{}").format(text.count(total))
