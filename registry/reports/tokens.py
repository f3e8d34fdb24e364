"""Words of a text column: how many, how many different ones, which most often.

A word stands between spaces (in Korean an 어절); signs around it are dropped and capitals
folded. At most 100,000 rows are read, chosen by a hash of the row, and of each the first
2,000 characters.

>>> list(words_of("Good, GOOD! 배송이 (빨라요) ..."))
['good', 'good', '배송이', '빨라요']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.privacy.mask import is_withheld, shown
from registry.reports.kinds import Measured
from registry.reports.letters import READ
from registry.reports.numbers import share
from registry.reports.variety import ROWS as RUN_ROWS
from registry.reports.variety import Runs, growth, heaps
from registry.tables.duck import Session, quote_ident
from registry.tables.table import ROW

ROWS = 100_000
TOP = 8
CUT = 40  # characters of a word that are shown
_SIGNS = ".,;:!?\"'`()[]{}<>«»“”‘’…·~-–—_*#/\\|+=^%$&。、！？「」『』"


def tokens(
    session: Session, columns: Sequence[Measured], entries: Sequence[Mapping[str, Any]], rows: int
) -> dict[int, dict[str, Any]]:
    """The words of every column of prose, by column index."""
    return {c.index: _tokens(session, c, rows) for c in columns if entries[c.index]["kind"] == "text"}


def _tokens(session: Session, column: Measured, rows: int) -> dict[str, Any]:
    every = -(-rows // ROWS)
    # NOTE: Knuth's multiplicative hash of the row's number, so that the choice hangs on no library.
    place = f"({ROW} * 2654435761) % 4294967296"
    chosen = f" WHERE {place} < {4294967296 // every}" if every > 1 else ""
    few = f"{place} < {4294967296 // -(-rows // RUN_ROWS)}" if rows else "false"
    name = f"left(CAST({quote_ident(column.name)} AS VARCHAR), {READ})"
    counts: Counter[str] = Counter()
    read, runs = 0, Runs()
    for batch in session.arrow(f"SELECT {name} AS t, {few} AS few FROM data{chosen}"):  # noqa: S608 (names quoted)
        read += batch.num_rows
        for text, is_one in zip(batch.column("t").to_pylist(), batch.column("few").to_pylist(), strict=True):
            words = list(words_of(text)) if text else []
            counts.update(words)
            if is_one:
                runs.add(words)
    total = sum(counts.values())
    hidden = column.declared is not None and is_withheld(column.declared.classification)
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    curve = growth(counts.values())
    return {
        "rows": read,
        "tokens": total,
        "types": len(counts),
        "ratio": share(len(counts), total),
        "once": sum(count == 1 for count in counts.values()),
        "growth": curve,
        "heaps": heaps(curve),
        "runs": runs.to_json(),
        "top": [] if hidden else [{"word": shown(w, CUT), "count": n, "share": share(n, total)} for w, n in most],
    }


def words_of(text: str) -> Iterator[str]:
    """The words of a text, in order."""
    for raw in text.lower().split():
        word = raw.strip(_SIGNS)
        if word:
            yield word
