"""Keys of normalised text: 128 bits a row, equal exactly where the normalised texts are.

Normalised is NFKC, then case-folded, then without invisible characters (controls that are no
white space, categories Cc and Cf, and the Hangul fillers), then with white space collapsed to
single spaces and trimmed: UAX #15 and the Unicode Standard 3.13. Only keys are compared so; what
is stored and shown stays as it is.

>>> normalise_text("  \\uff28ello\\u200b   WORLD ")
'hello world'
>>> normalised(["ㅋㅋ", "가\\u3164나", None, "a\\x00b", "  "]) == [
...     normalise_text("ㅋㅋ"), "가나", None, "ab", ""]
True
"""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from registry.model.digest import digest_of
from registry.privacy.seen import is_invisible
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import Engine, text_of
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BETWEEN, ABSENT = "\x1f", "\x1e"  # white space, so that no normalised text holds them
# Characters that NFKC leaves alone beside any other of them, and that fold as `lower` does: printing ASCII,
# small Latin-1 letters, Hangul syllables, kana, common ideographs, quotes and dashes. A text of them with
# single spaces is normalised by `lower`, which DuckDB does many rows at a time.
_PLAIN = "[!-~\u00b7\u00e0-\u00f6\u00f8-\u00ff\u2013-\u2014\u2018-\u2019\u201c-\u201d\u3001-\u3002"
_PLAIN += "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]+"
PLAIN = f"({_PLAIN}( {_PLAIN})*)?"
TEXT, DROPPED, SPACE, END = 0, 1, 2, 3
IMAGES, BYTES, PIXELS = "images_hashed", "__bytes", "__pixels"  # table of `images_hash` and its columns


def normalise_text(text: str) -> str:
    """The normalised form of one text: the definition, character by character.

    Twice where an invisible character kept letters apart that compose without it.
    """
    key = _once(text)
    return key if unicodedata.is_normalized("NFKC", key) else _once(key)


def _once(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char for char in folded if not is_invisible(char)).split())


def normalised(texts: Sequence[str | None]) -> list[str | None]:
    """As `normalise_text` of each text, None for None, in one pass over all of them joined by NUL.

    NUL neither composes with nor folds into its neighbours, so that nothing crosses a border.
    """
    present = ["" if text is None else text for text in texts]
    joined = "\0".join(present)
    if joined.count("\0") != len(present) - 1:  # a text holds NUL itself
        return [None if text is None else normalise_text(text) for text in texts]
    if not unicodedata.is_normalized("NFKC", joined):
        joined = unicodedata.normalize("NFKC", joined)
    folded = _collapse(joined.casefold())
    keys = folded.split("\0")
    if not unicodedata.is_normalized("NFKC", folded):
        keys = [key if unicodedata.is_normalized("NFKC", key) else _once(key) for key in keys]
    return [None if text is None else key for text, key in zip(texts, keys, strict=True)]


def _collapse(joined: str) -> str:
    import numpy as np

    if joined.isascii() and _is_tidy(joined):
        return joined
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    kinds = _kinds()[codes]
    seen = kinds != DROPPED
    codes, kinds = codes[seen], kinds[seen]
    first = np.ones(len(kinds), bool)  # of a run of spaces, only the first stays
    first[1:] = (kinds[1:] != SPACE) | (kinds[:-1] != SPACE)
    codes, kinds = codes[first], kinds[first]
    edge = np.ones(len(kinds) + 2, bool)
    edge[1:-1] = kinds == END
    inner = (kinds != SPACE) | ~(edge[:-2] | edge[2:])
    codes = np.where(kinds == SPACE, np.uint32(0x20), codes)[inner]
    return bytes(codes.astype("<u4").tobytes()).decode("utf-32-le", "surrogatepass")


def _is_tidy(joined: str) -> bool:
    """Whether ASCII texts hold no controls and no other white space than single spaces within."""
    bare = joined.replace("\0", "") if "\0" in joined else joined
    ends = joined.startswith(" ") or joined.endswith(" ")
    return bare.isprintable() and not ends and not any(run in joined for run in ("  ", " \0", "\0 "))


@cache
def _kinds() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The kind of every code point, 1.1 MB; planes without spaces and invisible characters are not looked at."""
    import numpy as np

    table = np.zeros(sys.maxunicode + 1, np.uint8)
    for code in chain(range(0x20000), range(0xE0000, 0xE1000)):
        char = chr(code)
        if char.isspace():
            table[code] = SPACE
        elif is_invisible(char):
            table[code] = DROPPED
    table[0] = END
    return table


class TableRequest(Protocol):
    """Tables that an engine needs before a statement can read them, such as keys; made once a session."""

    @property
    def name(self) -> str:
        """Name of the first table, safe as an identifier; the others begin with it."""

    def make(self, engine: Engine) -> None:
        """Makes the tables."""


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A table of keys over the normalised text of `columns`: `k1`, `k2`, `split`, `__file`, `__row`.

    `k1` is null where all columns are null or empty. Numbers are written canonically, so that
    68 equals 68.0. Nulls are equal to nulls and to nothing else. Of the column `image`, if
    it is one of them, the decoded pixels count and not the path.

    The keys are the first 128 bits of SHA-256: one collision is expected beyond 10^19 different
    texts, and none can be constructed, so that equal keys stand for equal texts.
    """

    columns: tuple[str, ...]
    image: str = ""

    @property
    def name(self) -> str:
        """Name of the table in a session, safe as an identifier."""
        return f"keys_{digest_of([*self.columns, self.image])[:16]}"

    def make(self, engine: Engine) -> None:
        """The table of keys, in no order."""
        kinds = dict(engine.columns)
        texts = [PIXELS if name == self.image else canonical_sql(name, kinds[name]) for name in self.columns]
        source = f"data JOIN {IMAGES} USING ({FILE}, {ROW})" if self.image in self.columns else "data"
        sql = _keys_sql(texts, source, folded=not engine.spread)
        reads = None if self.image in self.columns else self.columns
        engine.derive(self.name, sql, partial(_keyed, columns=len(texts)), _schema(), reads=reads)


def make_keys(engine: Engine, request: TableRequest) -> str:
    """Makes the tables of `request` once a session; the name of the first."""
    if not engine.has(request.name):
        request.make(engine)
    return request.name


def _schema() -> pa.Schema:
    import pyarrow as pa

    labels = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([("k1", pa.uint64()), ("k2", pa.uint64()), (SPLIT, labels), (FILE, labels), (ROW, pa.int64())])


def _keys_sql(texts: Sequence[str], source: str, *, folded: bool) -> str:
    """`key` of the rows whose texts are `PLAIN`; of the others the texts, which are still to be normalised.

    Unless they are to be `folded` by SQL, of no row: the pattern takes Java a frame a word.
    """
    names = [f"c{i}" for i in range(len(texts))]
    plain = (
        " AND ".join(f"({name} IS NULL OR regexp_full_match({name}, {quote_text(PLAIN)}))" for name in names)
        if folded
        else "FALSE"
    )
    filled = " OR ".join(f"({name} IS NOT NULL AND {name} <> '')" for name in names)
    parts = ", ".join(f"coalesce(lower({name}), {quote_text(ABSENT)})" for name in names)
    digest = f"unhex(substr(sha256(concat_ws({quote_text(BETWEEN)}, {parts})), 1, 32))"
    key = f"CASE WHEN plain AND ({filled}) THEN {digest} END"
    rest = ", ".join(f"CASE WHEN NOT plain THEN {name} END AS {name}" for name in names)
    values = ", ".join(f"{text} AS {name}" for name, text in zip(names, texts, strict=True))
    return f"""WITH texts AS (SELECT {values}, {SPLIT}, {FILE}, {ROW} FROM {source}),
judged AS (SELECT *, {plain} AS plain FROM texts)
SELECT {key} AS key, NOT plain AS open, {rest}, {SPLIT}, {FILE}, {ROW} FROM judged"""  # noqa: S608 (all parts are quoted)


def _keyed(batches: Iterator[pa.RecordBatch], columns: int) -> Iterator[pa.RecordBatch]:
    return (_keys(batch, columns) for batch in batches)


def _keys(batch: pa.RecordBatch, columns: int) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa

    keys = batch.column("key").to_pylist()
    left = np.flatnonzero(batch.column("open").to_numpy(zero_copy_only=False))
    if len(left):
        rows = batch.take(pa.array(left))
        texts = [normalised(rows.column(f"c{i}").to_pylist()) for i in range(columns)]
        for at, digest in zip(left.tolist(), digests_of(texts), strict=True):
            keys[at] = digest
    absent = np.array([not key for key in keys], bool)
    halves = np.frombuffer(b"".join(key or bytes(16) for key in keys), "<u8").reshape(-1, 2)
    both = [pa.array(halves[:, i], mask=absent) for i in (0, 1)]
    labels = [batch.column(name).dictionary_encode().cast(_schema().field(name).type) for name in (SPLIT, FILE)]
    return pa.RecordBatch.from_arrays([*both, *labels, batch.column(ROW)], schema=_schema())


def digests_of(columns: Sequence[Sequence[str | None]]) -> Iterator[bytes]:
    """The 128-bit key of each row of normalised texts, empty where all are null or empty; as in `_keys_sql`."""
    for row in zip(*columns, strict=True):
        if not any(row):
            yield b""
            continue
        text = BETWEEN.join(ABSENT if value is None else value for value in row)
        yield hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def is_nan(quoted: str) -> str:
    """The condition that a float is NaN: neither finite nor infinite, and not null.

    NOTE: DuckDB 2.0 answers `isnan`, `hash`, casts and comparisons from Parquet's statistics, which
    leave NaN out: `SELECT count(*) … WHERE isnan(x)` is 0 on a file that holds NaN, and where least
    and greatest are one number every value counts as that number. This form is not answered so.

    >>> is_nan("x")
    'NOT coalesce(isfinite(x) OR isinf(x), true)'
    """
    return f"NOT coalesce(isfinite({quoted}) OR isinf({quoted}), true)"


def canonical_sql(name: str, kind: str) -> str:
    """A value as text in SQL: whole numbers without a fraction, decimals without trailing zeros, NaN as null.

    >>> canonical_sql("n", "BIGINT")
    'CAST("n" AS VARCHAR)'
    """
    quoted = quote_ident(name)
    text = text_of(quoted, kind)
    if kind in ("FLOAT", "DOUBLE"):
        whole = f"{quoted} = trunc({quoted}) AND abs({quoted}) < 1e15"
        integer = f"WHEN {whole} THEN CAST(TRY_CAST({quoted} AS BIGINT) AS VARCHAR)"
        return f"CASE WHEN {is_nan(quoted)} THEN NULL {integer} ELSE {text} END"
    if kind.startswith("DECIMAL") and not kind.endswith(",0)"):
        return f"regexp_replace({text}, '[.]?0+$', '')"
    return text
