"""Columns that make rows look different which are not: numbers and names of rows, and names of splits.

A leaked row comes with a new number, or with the name of the file that it was copied to. Compared
with all its columns it equals nothing, and the gate would be silent. Which columns are such is read
off the data when a dataset is added, and the suite names the others: a person can judge them there.

>>> numbers({"rows": 30, "pairs": 30, "values": 20, "codes": 0, "dense": True}, name="순서", text=False)
True
>>> numbers({"rows": 30, "pairs": 30, "values": 30, "codes": 0, "dense": False}, name="price", text=False)
False
>>> separates({"rows": 90, "pairs": 2, "values": 2, "nulls": 0}, splits=2)
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.checks.chance import by_chance
from registry.checks.equal import EqualRequest
from registry.checks.expectations.leakage import all_but_keys
from registry.checks.specs import Facts
from registry.checks.sql import INTEGERS, is_text
from registry.schemas.infer import CODES, MOST, suggested
from registry.tables.duck import Session, quote_ident
from registry.tables.keys import make_keys

FEWEST = 20  # rows of texts, of which hardly one stands twice, from which these name the rows
OFTEN = 5  # rows of a value from which a column can name splits, and not rows
REPEATED = 0.05  # share of rows repeated within their split from which equal rows are no news


def told_apart(facts: Facts, session: Session) -> tuple[str, ...]:
    """The columns left to compare where some only tell rows or splits apart; none where there are no such columns.

    None either where what is left repeats within splits, so that equal rows would prove nothing.
    """
    compared = all_but_keys(facts)
    kinds = facts.columns
    wanted = [name for name in compared if kinds[name] in INTEGERS or is_text(kinds[name])]
    label = facts.role("label")
    telling = {name for name in wanted if name != label and _tells(name, facts, session)}
    left = tuple(name for name in compared if name not in telling)
    inputs = [name for name in left if name != label]
    return left if telling and inputs and _speaks(inputs, facts, session) else ()


def numbers(found: Mapping[str, Any], *, name: str, text: bool) -> bool:
    """Whether a column numbers or names the rows of each split: no value twice, and no measurement either."""
    if not found["rows"] or found["pairs"] != found["rows"]:
        return False
    if suggested(name) == "key" or not text:
        return bool(found["dense"] or suggested(name) == "key")
    codes = found["rows"] >= FEWEST and found["codes"] >= MOST * found["rows"]
    return bool(codes and found["values"] >= MOST * found["pairs"])


def separates(found: Mapping[str, Any], *, splits: int) -> bool:
    """Whether every value stands in one split only, and few values say so."""
    apart = splits > 1 and not found["nulls"] and found["pairs"] == found["values"] > 1
    return bool(apart and found["values"] * OFTEN <= found["rows"])


def _tells(name: str, facts: Facts, session: Session) -> bool:
    text = is_text(facts.columns[name])
    found = session.row(_sql(name, text=text))
    return numbers(found, name=name, text=text) or separates(found, splits=len(facts.splits))


def _sql(name: str, *, text: bool) -> str:
    """Counts of a column: values, (value, split), codes; and whether the numbers of each split are consecutive."""
    value = quote_ident(name)
    codes = f"sum(n) FILTER (regexp_full_match(v, '{CODES}'))" if text else "0"
    dense = "bool_and(FALSE)" if text else "bool_and(CAST(high AS HUGEINT) - low + 1 = filled)"
    spans = f"SELECT min({value}) AS low, max({value}) AS high, count({value}) AS filled FROM data GROUP BY split"  # noqa: S608
    return f"""WITH pairs AS (SELECT {value} AS v, split, count(*) AS n FROM data GROUP BY ALL), spans AS ({spans})
SELECT CAST(sum(n) AS BIGINT) AS rows, count(v) AS pairs, count(DISTINCT v) AS "values",
  CAST(coalesce(sum(n) FILTER (v IS NULL), 0) AS BIGINT) AS nulls, CAST(coalesce({codes}, 0) AS BIGINT) AS codes,
  (SELECT coalesce({dense}, FALSE) FROM spans) AS dense
FROM pairs"""  # noqa: S608 (all parts are quoted)


def _speaks(columns: Sequence[str], facts: Facts, session: Session) -> bool:
    """Whether rows equal over `columns` are no coincidence: few repeat within a split, and chance explains none."""
    equal = EqualRequest.of(columns, "text", facts)
    make_keys(session, equal)
    name = equal.name
    sql = f"""SELECT count(*) - count(DISTINCT (k, split)) AS within,
  count(*) FILTER (split <> first) AS across
FROM (SELECT k, split, arg_min(split, spot) OVER (PARTITION BY k) AS first FROM {name})"""  # noqa: S608 (a digest)
    found = session.row(sql)
    if found["within"] > REPEATED * facts.rows:
        return False
    doubt = by_chance(columns, facts, facts.splits)
    return not found["across"] or doubt is None or not doubt(session, {"unexpected": found["across"]})
