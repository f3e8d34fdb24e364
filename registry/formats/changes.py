"""A difference as lines for a terminal, and as Markdown for a pull request or a page.

>>> from registry.model.difference import Difference, RowChanges
>>> from registry.model.release import ChangeFact
>>> fact = ChangeFact("frozen-split-changed", "major", split="test", detail="5 → 4 rows: 1 removed")
>>> rows = RowChanges(removed={"test": 1}, keyed=True)
>>> print(render(Difference("x@1.0.0", "x", "major", (fact,), rows)))
x@1.0.0 → x: major
<BLANKLINE>
  ‼ FROZEN SPLIT CHANGED: test: scores published on it no longer compare
<BLANKLINE>
  major  frozen split changed  test  5 → 4 rows: 1 removed
<BLANKLINE>
  rows   0 added, 1 removed, 0 changed, 0 relabelled, 0 moved (by key)
<BLANKLINE>
  splits
    test  1 removed
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from registry.formats.plain import cut, one_line, width
from registry.model.difference import GRAVE, KINDS, WORDS, Difference, RowChanges, Shift
from registry.model.release import ChangeFact

HARDLY = 0.0005  # bits
LONGEST = 200  # characters of a name or a value
MOST = 12  # pairs of labels, columns and keys that are shown


def render(difference: Difference) -> str:
    """The difference for a terminal: its level, its facts, what happened to rows, labels and columns."""
    lines = [f"{difference.before} → {difference.after}: {difference.level}"]
    if loud := alarm_lines(difference):
        lines += ["", *loud]
    if difference.facts:
        lines += ["", *_aligned([(fact.level, *_fact(fact)) for fact in difference.facts])]
    rows = difference.rows
    if rows is None or not (rows.any or rows.note):
        return "\n".join(lines)
    lines += ["", f"  rows   {_totals(rows)} ({'by key' if rows.keyed else 'by their values'})"]
    if rows.note:
        lines.append(f"         {one_line(rows.note)}")
    for title, table in tables(difference):
        lines += ["", f"  {title}", *_aligned([tuple(cells) for cells in table], indent="    ")]
    for title, named in samples(rows):
        told = one_line(", ".join(named))
        lines += ["", f"  {title}", *textwrap.wrap(told, 100, initial_indent="    ", subsequent_indent="    ")]
    return "\n".join(lines)


def frozen_line(difference: Difference) -> str:
    """What nobody may overlook: that a frozen split changed; empty where none did."""
    if not difference.thawed:
        return ""
    return f"FROZEN SPLIT CHANGED: {one_line(', '.join(difference.thawed))}: scores published on it no longer compare"


def alarm_lines(difference: Difference) -> list[str]:
    """The alarms of a difference for a terminal: frozen splits that changed, classes left without rows."""
    loud = frozen_line(difference)
    gone = [fact for fact in difference.facts if fact.kind in GRAVE]
    told = [
        " ".join(filter(None, (what, f"({where})" if where else "", said))) for what, where, said in map(_fact, gone)
    ]
    return [*([f"  ‼ {loud}"] if loud else []), *(f"  ! {line}" for line in told)]


def summary(difference: Difference) -> str:
    """The level of a difference and what happened to rows, in a line."""
    rows = difference.rows
    counted = [f"{rows.total(k):,} {WORDS.get(k, k)}" for k in (*KINDS, "moved") if rows.total(k)] if rows else []
    others = [] if counted else list(dict.fromkeys(_fact(fact)[0] for fact in difference.facts))
    said = ", ".join([*counted, *others])
    least = f" ({difference.least} or higher)" if difference.least else ""
    return f"{difference.level} since {one_line(difference.before)}{least}{f': {said}' if said else ''}"


def markdown(difference: Difference, *, keys: bool = True) -> str:
    """The difference as Markdown; values of data stand in code spans. Without `keys` no row is named."""
    lines = [f"**{code(difference.before)} → {code(difference.after)}: {difference.level}**", ""]
    if keys and (loud := frozen_line(difference)):
        lines += [f"> 🚨 **{escaped(loud)}**", ""]
    if difference.facts:
        lines += ["| level | change | where | |", "|---|---|---|---|"]
        lines += [
            f"| {fact.level} | {fact.kind.replace('-', ' ')} | {_wherecode(fact)} | {escaped(cut(fact.detail))} |"
            for fact in difference.facts
        ]
    rows = difference.rows
    if rows is not None and rows.any:
        lines += ["", f"{_totals(rows)} ({'rows by key' if rows.keyed else 'rows by their values'})"]
        lines += ["", escaped(rows.note)] if rows.note else []
        for title, table in tables(difference):
            lines += ["", f"| {title} | |", "|---|---:|"]
            lines += [f"| {code(cells[0])} | {cells[-1]} |" for cells in table]
        for title, named in samples(rows) if keys else ():
            lines += ["", f"{title}: {', '.join(map(code, named))}"]
    return "\n".join(lines) + "\n"


def samples(rows: RowChanges) -> list[tuple[str, tuple[str, ...]]]:
    """The kinds of change of which rows can be named, as titles, and the first keys of each."""
    named = {kind: rows.samples[kind] for kind in (*KINDS, "moved") if kind in rows.samples}
    return [
        (f"{WORDS.get(kind, kind)} rows{_shown(len(keys), rows.total(kind))}", keys) for kind, keys in named.items()
    ]


def _shown(count: int, of: int) -> str:
    return f" ({count:,} of {of:,} shown)" if count < of else ""


def tables(difference: Difference) -> list[tuple[str, list[tuple[str, str]]]]:
    """What happened, in short tables of (what, how many), each with its title."""
    rows = difference.rows
    if rows is None:
        return []
    splits = sorted({split for kind in KINDS for split in getattr(rows, kind)})
    by_split = [(split, ", ".join(f"{n:,} {WORDS.get(k, k)}" for k, n in rows.of(split).items())) for split in splits]
    moved = [(f"{old} → {new}", f"{n:,}") for (old, new), n in sorted(rows.moved.items())]
    pairs = sorted(rows.labels.items(), key=lambda item: (-item[1], str(item[0])))
    labels = [(f"{_label(old)} → {_label(new)}", f"{n:,}") for (old, new), n in pairs]
    columns = [(name, f"{n:,}") for name, n in sorted(rows.columns.items(), key=lambda item: (-item[1], item[0]))]
    found = [
        ("splits", by_split),
        ("moved between splits", moved),
        (f"relabelled ({difference.label})", labels),
        ("changed values by column", columns),
        ("distribution moved by", [(shift.column, told) for shift in difference.shifts if (told := shift_told(shift))]),
    ]
    return [(title, _cut([(one_line(what), many) for what, many in table])) for title, table in found if table]


def shift_told(shift: Shift) -> str:
    """How far a column moved: its divergence, and the share of missing values where that changed; empty if hardly."""
    parts = [f"{shift.divergence:.3f} bits"] if shift.divergence and shift.divergence >= HARDLY else []
    if shift.missing_before != shift.missing and None not in (shift.missing_before, shift.missing):
        parts.append(f"missing {shift.missing_before:.1%} → {shift.missing:.1%}")
    return ", ".join(parts)


def _cut(table: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return table if len(table) <= MOST else [*table[:MOST], (f"… {len(table) - MOST} more", "")]


def _totals(rows: RowChanges) -> str:
    return ", ".join(f"{rows.total(kind):,} {WORDS.get(kind, kind)}" for kind in (*KINDS, "moved"))


def _fact(fact: ChangeFact) -> tuple[str, str, str]:
    where = ", ".join(one_line(place) for place in (fact.split, fact.column) if place)
    return fact.kind.replace("-", " "), where, one_line(fact.detail)


def _wherecode(fact: ChangeFact) -> str:
    return ", ".join(code(place) for place in (fact.split, fact.column) if place)


def _label(label: str | None) -> str:
    return "(none)" if label is None else label if len(label) <= 40 else f"{label[:39]}…"


def _aligned(table: Sequence[tuple[str, ...]], indent: str = "  ") -> list[str]:
    widths = [max(width(row[at]) for row in table) for at in range(len(table[0]))]
    return [
        (indent + "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))).rstrip()
        for row in table
    ]


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no mention, no link, one line.

    >>> escaped("<b> | @kim #1")
    '&lt;b&gt; &#124; &#64;&#8203;kim &#35;&#8203;1'
    """
    return "".join(f"&#{ord(c)};" if c in "|*_`[]\\~!:$" else _ENTITIES.get(c, c) for c in one_line(text))


# A forge reads entities before it looks for mentions and numbers: a space without width keeps the two apart.
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;&#8203;", "#": "&#35;&#8203;"}


def marked(text: str) -> str:
    """Prose of ours with commands between backticks, as Markdown: what stands between is code, the rest plain text."""
    parts = text.split("`")
    return "".join(code(part) if at % 2 else escaped(part) for at, part in enumerate(parts))


def code(text: str) -> str:
    """A value of the data in a code span; a backtick and a pipe would end it or its cell."""
    return f"`{one_line(cut(text, LONGEST)).replace('`', 'ˋ').replace('|', '¦')}`"
