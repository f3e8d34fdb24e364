"""The list of probable label errors: a page to read, and a table to fill in and give to `registry relabel`.

>>> found = Doubts("l", 90, {}, ({"row": "r7", "split": "train", "values": {"l": "긍정", "t": "정말… (9)"},
...     "suggested": "부정", "confidence": 0.91},))
>>> print(labels_csv(found).decode("utf-8-sig").replace("\\r", ""), end="")
rank,row,split,label,suggested,confidence,shown,correction,who,why
1,r7,train,긍정,부정,0.91,t: 정말… (9),,,
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from registry.checks.doubts import Doubts
from registry.formats.cells import guarded
from registry.privacy.mask import shown
from registry.reports.html import code, render, value
from registry.reports.names import cut
from registry.reports.reasons import korean
from registry.reports.shared import Page
from registry.reports.text import Text

COLUMNS = ("rank", "row", "split", "label", "suggested", "confidence", "shown", "correction", "who", "why")
LONG = 400  # characters of a row's input
LISTED = 1000  # rows of the page; the table has all


def labels_csv(found: Doubts) -> bytes:
    """The table, in UTF-8 with a mark, so that spreadsheets read Korean; no cell of it is computed by one."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for rank, row in enumerate(found.rows, 1):
        label = row["values"][found.label]
        texts = [row["row"], row["split"], _text(label), row["suggested"]]
        writer.writerow([rank, *map(guarded, texts), row["confidence"], guarded(_shown(found, row)), "", "", ""])
    return out.getvalue().encode("utf-8-sig")


def _text(label: Any) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _shown(found: Doubts, row: Mapping[str, Any]) -> str:
    parts = [f"{name}: {item}" for name, item in row["values"].items() if name != found.label and item is not None]
    return shown("  ".join(parts), LONG) or ""


def labels_html(name: str, digest: str, found: Doubts, lang: str) -> str:
    """The page in `lang` (`en` or `ko`): figures, and the first 1,000 rows with room for a decision."""
    text = Text(lang)
    reason = found.nothing and ((korean(found.nothing) if lang == "ko" else None) or found.nothing)
    rows = [
        {
            "row": code(row["row"]),
            "split": value(row["split"]),
            "label": value(row["values"][found.label]),
            "suggested": value(row["suggested"]),
            "confidence": text.stat(row["confidence"]),
            "shown": value(_shown(found, row), LONG),
        }
        for row in found.rows[:LISTED]
    ]
    lead = Markup("{} <code>sha256 {}…{}</code>").format(text("data-digest"), digest[:4], digest[-4:])
    sections = [("list", text("labels.list")), ("next", text("labels.next"))]
    kind = str(text("labels"))
    page = Page(cut(name), cut(name, 120), str(text("unreleased")), kind, text("labels.heading"), lead, sections)
    return render(
        "labels.html.j2",
        text,
        page=page,
        reason=value(reason, 400) if reason else "",
        facts=_facts(found, text),
        rows=rows,
        shown=text("labels.shown.whole" if found.whole else "labels.shown"),
        more=max(len(found.rows) - LISTED, 0),
        name=name,
    )


def _facts(found: Doubts, text: Text) -> list[tuple[Any, Any, Any]]:
    observed = found.observed
    if "assessed" not in observed:
        return []
    facts: list[tuple[Any, Any, Any]] = [
        (
            text("labels.assessed"),
            text.count(observed["assessed"]),
            text("labels.of", n=text.count(observed["labelled"])),
        ),
        (text("labels.classes"), text.count(observed["classes"]), text("labels.rare", n=text.count(observed["rare"]))),
    ]
    if "score" in observed:
        majority = text("labels.majority", share=text.share(observed["majority"]))
        facts.append((text("labels.score"), text.share(observed["score"]), majority))
    if not found.nothing:
        share = text.share(observed["share"])
        facts.insert(0, (text("labels.doubted"), text.count(len(found.rows)), text("labels.share", share=share)))
    return facts
