"""Which letters the texts are made of: one pass that counts code points, in arrays rather than per row.

Of each value the first 2,000 characters are looked at. The same counts tell whether a
column needs Unicode normalisation at all, which for most is the larger part of the bill.

>>> scripts_of({ord("가"): 3, ord("a"): 1, ord("7"): 5})
{'hangul': 3, 'latin': 1, 'han': 0, 'letters': 4}
>>> may_compose(0x1161), may_compose(0x0301), may_compose(ord("가"))
(True, True, False)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.reports.kinds import Measured
from registry.reports.numbers import share
from registry.tables.duck import Session, quote_ident

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

READ = 2000  # characters of a value
SCRIPTS = ("hangul", "latin", "han")
_JAMO = range(0x1100, 0x1200)


@dataclass(frozen=True, slots=True)
class Letters:
    """Of one column: letters by script for each split, and whether every value is in NFC already."""

    splits: Mapping[str, Mapping[str, int]]
    composed: bool


def letters(session: Session, columns: Sequence[Measured]) -> dict[int, Letters]:
    """The letters of every string column of `columns`, by column index; one scan of `data`."""
    texts = [c for c in columns if c.storage == "string"]
    if not texts:
        return {}
    counts: dict[tuple[int, str], dict[int, int]] = {}
    values = ", ".join(f"left(CAST({quote_ident(c.name)} AS VARCHAR), {READ}) AS t{c.index}" for c in texts)
    for batch in session.arrow(f"SELECT split, {values} FROM data"):  # noqa: S608 (names quoted)
        for split, part in _by_split(batch):
            for column in texts:
                total = counts.setdefault((column.index, split), {})
                for point, n in _points(part.column(f"t{column.index}")):
                    total[point] = total.get(point, 0) + n
    return {c.index: _letters({s: found for (i, s), found in counts.items() if i == c.index}) for c in texts}


def _letters(counts: Mapping[str, Mapping[int, int]]) -> Letters:
    points = {point for found in counts.values() for point in found}
    scripts = {split: scripts_of(found) for split, found in counts.items() if split}
    return Letters(scripts, not any(may_compose(point) for point in points))


def _by_split(batch: pa.RecordBatch) -> list[tuple[str, pa.RecordBatch]]:
    """The rows of each split; those of no split under the empty name."""
    import pyarrow.compute as pc

    names = pc.fill_null(batch.column("split"), "")
    found = names.unique().to_pylist()
    return [(name, batch if len(found) == 1 else batch.filter(pc.equal(names, name))) for name in found]


def _points(column: pa.Array) -> list[tuple[int, int]]:
    """(code point, how often) of all values."""
    import numpy as np
    import pyarrow as pa

    if len(column) == column.null_count:
        return []
    large = column.cast(pa.large_string())
    _, offsets, data = large.buffers()
    at = np.frombuffer(offsets, np.int64)[large.offset : large.offset + len(large) + 1]
    raw = memoryview(data)[int(at[0]) : int(at[-1])].tobytes() if data is not None else b""
    # NOTE: bytes under a null are no text of ours, and DuckDB writes none there.
    points: NDArray[np.uint32] = np.frombuffer(raw.decode("utf-8", "replace").encode("utf-32-le"), np.uint32)
    counts = np.bincount(points) if len(points) else np.zeros(0, np.int64)
    found = np.flatnonzero(counts)
    return list(zip(found.tolist(), counts[found].tolist(), strict=True))


def may_compose(point: int) -> bool:
    """Whether a text that holds this code point may differ from its NFC form."""
    character = chr(point)
    return (
        unicodedata.category(character).startswith("M")
        or point in _JAMO
        or unicodedata.normalize("NFC", character) != character
    )


def scripts_of(points: Mapping[int, int]) -> dict[str, int]:
    """Letters by script among code points; `letters` is all of them."""
    found = dict.fromkeys((*SCRIPTS, "letters"), 0)
    for point, count in points.items():
        character = chr(point)
        if not unicodedata.category(character).startswith("L"):
            continue
        found["letters"] += count
        name = unicodedata.name(character, "")
        script = next((script for script, prefix in _PREFIX.items() if name.startswith(prefix)), None)
        if script:
            found[script] += count
    return found


_PREFIX = {
    "hangul": ("HANGUL", "HALFWIDTH HANGUL"),
    "latin": ("LATIN", "FULLWIDTH LATIN", "MODIFIER LETTER SMALL", "FEMININE ORDINAL", "MASCULINE ORDINAL"),
    "han": ("CJK UNIFIED", "CJK COMPATIBILITY"),
}


def scripts(counts: Sequence[Mapping[str, int]]) -> dict[str, Any] | None:
    """The document's entry: letters and share of each script; None of no letters."""
    total = {script: sum(c[script] for c in counts) for script in (*SCRIPTS, "letters")}
    known = total.pop("letters")
    total["other"] = max(0, known - sum(total.values()))
    shares = {name: {"letters": count, "share": share(count, known)} for name, count in total.items()}
    return shares if known else None
