"""Near-duplicates, exactly: rows whose text nearly equals that of an earlier row, between splits or within one.

`near_between` and `near_within` answer for a column of a session; `NearIndex` is a value
that other engines (Spark's `mapInArrow`) can stream batches past. The method is a prefix
filter with exact verification, so that no near-duplicate is missed and none invented.
This package needs numpy 2: import it where it is needed.

>>> from registry.tables.near import NearOptions
>>> NearOptions().threshold
0.8
"""

from __future__ import annotations

from registry.tables.near.index import NearIndex, Rows
from registry.tables.near.options import NearOptions
from registry.tables.near.result import NearNotMeasured, NearPair, NearResult, NearRow, NearSplit
from registry.tables.near.session import near_between, near_within

__all__ = [
    "NearIndex",
    "NearNotMeasured",
    "NearOptions",
    "NearPair",
    "NearResult",
    "NearRow",
    "NearSplit",
    "Rows",
    "near_between",
    "near_within",
]
