"""What the Hub's reader of CSV makes of the columns: which of them hold values that it would alter.

`datasets` reads CSV with pandas in chunks of 10,000 rows, guesses the type of each chunk, and casts
it to the card's features. So a chunk of text in which every value looks like a number comes back as
the text of numbers (`01234` as `1234`), one of booleans in lower case; a quoted empty field is null;
and whole numbers beyond 2^53 beside a null pass through floats. Our reader keeps all of these.
(Seen with datasets 4 and pandas 2; `tests/schemas/test_hub.py` reads with the real one.)

>>> import re
>>> [bool(re.fullmatch(NUMBER, text)) for text in ("01234", " 7", "1e5", "NA", "0x10", "1,000")]
[True, True, True, False, False, False]
>>> [bool(re.fullmatch(SAFE, text)) for text in ("1234", "-2.5", "01234", "1.50", "+7")]
[True, True, False, False, False]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.model.evidence import Check
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import Engine
from registry.tables.table import FILE, ROW

ID = "schema:hub-reader"
CHUNK = 10_000
"""Rows of which the reader guesses the type at once."""
_POWER = "([eE][+-]?[0-9]+)?"
NUMBER = rf"[ \t]*[+-]?([0-9]+[.]?[0-9]*{_POWER}|[.][0-9]+{_POWER}|[iI][nN][fF]([iI][nN][iI][tT][yY])?)[ \t]*"
"""What the reader takes for a number."""
SAFE = r"0|-?[1-9][0-9]{0,14}|-?(0|[1-9][0-9]{0,5})[.][0-9]{0,7}[1-9]"
"""Numbers that are written as the reader would write them."""
TRUTH = r"true|True|TRUE|false|False|FALSE"
EXACT = 2**53
"""Beyond it a float does not hold every whole number."""
END = r"\z"
WIDE = ("int64", "uint64")
SHOWN = 5
_SAID = {
    "null": "load_dataset reads {values:,} empty texts of `{column}` as null",
    "numbers": "load_dataset reads {values:,} texts of `{column}` as numbers",
    "lower case": "load_dataset reads {values:,} texts of `{column}` in lower case",
    "rounded": "load_dataset rounds {values:,} numbers of `{column}`",
    "refused": "load_dataset cannot read `{column}` of {values:,} rows",
}


def hub_reader(engine: Engine) -> list[Check]:
    """The check `schema:hub-reader`, a warning, of a table that was CSV or TSV; none for other formats."""
    if engine.table.format not in ("csv", "tsv"):
        return []
    altered = list(_altered(engine))
    named = [_SAID[one["read_as"]].format(**one) for one in altered[:SHOWN]]
    named += [f"and {len(altered) - SHOWN:,} more"] if len(altered) > SHOWN else []
    check = Check(
        id=ID,
        type="schema",
        status="fail" if altered else "pass",
        severity="warning",
        columns=tuple(name for name, _ in engine.table.columns),
        total=len(engine.table.columns),
        unexpected=len({one["column"] for one in altered}),
        observed=altered,
        message="; ".join(named),
    )
    return [check]


def _altered(engine: Engine) -> Iterator[dict[str, Any]]:
    """For each column with altered values: how many, and what they are read as."""
    kinds = engine.table.columns
    texts = [name for name, kind in kinds if kind == "string"]
    counted = _plain(engine, texts, [name for name, kind in kinds if kind in WIDE])
    guessed = _guessed(engine, [name for name in texts if counted[name].pop("suspect")])
    for name, kind in kinds:
        found = counted.get(name, {}) | guessed.get(name, {})
        if kind.startswith(("time32", "time64")):
            found = {"refused": engine.table.rows}
        yield from ({"column": name, "values": number, "read_as": what} for what, number in found.items() if number)


def _plain(engine: Engine, texts: list[str], wide: list[str]) -> dict[str, dict[str, int]]:
    """What one cheap pass tells: quoted empty fields, wide numbers beside a null, and which texts may be guessed.

    The least text of a chunk is looked at alone: where it is no number, the chunk is none of numbers.
    """
    inner, outer = [], []
    for i, name in enumerate(texts):
        column = quote_ident(name)
        inner += [f"min(nullif({column}, '')) AS m{i}", f"count(*) FILTER ({column} = '') AS e{i}"]
        like = _is(f"m{i}", f"{NUMBER}|{TRUTH}")
        outer += [f"max(CASE WHEN {like} THEN 1 ELSE 0 END) AS s{i}", f"sum(e{i}) AS e{i}"]
    for i, name in enumerate(wide):
        column = quote_ident(name)
        inner += [f"count(*) FILTER ({column} > {EXACT} OR {column} < -{EXACT}) AS w{i}", f"count({column}) AS n{i}"]
        outer.append(f"sum(CASE WHEN n{i} < n THEN w{i} ELSE 0 END) AS w{i}")
    row = _by_chunk(engine, inner, outer)
    found = {name: {"suspect": row[f"s{i}"], "null": row[f"e{i}"]} for i, name in enumerate(texts)}
    return found | {name: {"rounded": row[f"w{i}"]} for i, name in enumerate(wide)}


def _guessed(engine: Engine, texts: list[str]) -> dict[str, dict[str, int]]:
    """The texts of chunks that are taken for numbers or booleans, and written otherwise than these are."""
    inner, outer = [], []
    for i, name in enumerate(texts):
        column = quote_ident(name)
        inner.append(f"count(nullif({column}, '')) AS n{i}")
        for letter, pattern in (("a", NUMBER), ("b", SAFE), ("c", TRUTH), ("d", "true|false")):
            inner.append(f"count(*) FILTER ({_is(column, pattern)}) AS {letter}{i}")
        outer.append(f"sum(CASE WHEN a{i} = n{i} THEN n{i} - b{i} ELSE 0 END) AS a{i}")
        outer.append(f"sum(CASE WHEN c{i} = n{i} THEN n{i} - d{i} ELSE 0 END) AS c{i}")
    row = _by_chunk(engine, inner, outer)
    return {name: {"numbers": row[f"a{i}"], "lower case": row[f"c{i}"]} for i, name in enumerate(texts)}


def _is(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {quote_text(f'^({pattern}){END}')})"


def _by_chunk(engine: Engine, inner: list[str], outer: list[str]) -> dict[str, Any]:
    """The row of `outer` over the rows of `inner`, one a chunk, which is of `n` rows."""
    if not inner:
        return {}
    chunks = (
        f"SELECT count(*) AS n, {', '.join(inner)} FROM data"  # noqa: S608 (all names quoted)
        f" GROUP BY {FILE}, CAST(floor({ROW} / {CHUNK}) AS BIGINT)"
    )
    return {name: int(value) for name, value in engine.row(f"SELECT {', '.join(outer)} FROM ({chunks})").items()}  # noqa: S608
