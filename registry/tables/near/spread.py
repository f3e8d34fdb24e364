"""Near-duplicates where rows are spread over many machines: the same numbers, and no row comes to the driver.

Texts are normalised and indexed on the workers. What passes the driver is one block of the index
at a time (at most 131,072 texts), which is sent to all workers once; the other rows stream past
it where they are. Rows that have their witness retire within a partition, whose rows come in
order; over partitions the earliest witness is the least.

>>> held, kept = "배송이 빠르고 포장도 꼼꼼해서 좋았어요", "배송이 빠르고 포장도 꼼꼼해서 좋았어요!"
>>> import pyarrow as pa
>>> entries = pa.record_batch({"id": [7], "level": [1], "text": [held]})
>>> slices = [row for batch in _Indexed(NearOptions(), True)(iter([entries])) for row in batch.to_pylist()]
>>> (index,) = _whole(slices)
>>> streamed = _Streamed(index)
>>> kept = pa.record_batch({"id": [3], "level": [0], "text": [kept]})
>>> [batch.to_pylist() for batch in streamed(iter([kept]))]
[[{'id': 7, 'witness': 3, 'similarity': 0.95}]]
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.tables.duck import quote_text
from registry.tables.engine import PLACE
from registry.tables.keys import canonical_sql, normalised
from registry.tables.near.arrays import cuts
from registry.tables.near.definition import SHORTEST
from registry.tables.near.index import Matches, NearIndex, Rows
from registry.tables.near.options import LimitReachedError, Meter, NearOptions
from registry.tables.near.result import NearNotMeasured, NearSplit
from registry.tables.near.search import past
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.tables.spark import SparkTables

_DIGEST = 16  # bytes
_PART = 40  # bits of a row's number in its file
_FIRST = 1 << 10  # rows of the first chunk; each is twice as long as the one before
_SLICE = 1 << 20  # bytes
_GIVEN_UP = -1  # id of the row that says how much was compared in vain


@dataclass(frozen=True, slots=True)
class Search:
    """A search for near-duplicates in `column`: between `splits` in order, or `within` each of them.

    Its answer is the table `name` in the engine: `{__file, __row, other_file, other_row, similarity, rank}`.
    """

    engine: SparkTables
    name: str
    column: str
    splits: tuple[str, ...]
    within: bool
    options: NearOptions

    def run(self) -> tuple[NearSplit, ...] | NearNotMeasured:
        """Makes the table and counts it."""
        self._texts()
        sizes = self._sizes()
        blocks: list[str] = []
        for rank in range(len(self.splits)) if self.within else [None]:
            blocks += self._blocks(rank, sizes)
        spent = self._spent(blocks)
        self._answer([] if spent else blocks)
        return NearNotMeasured(spent, self.options.work_limit) if spent else self._counts(sizes)

    def _texts(self) -> None:
        """`_texts`: of every row its id, the rank of its split, its characters; of those assessed text and digest."""
        import pyarrow as pa

        kinds = dict(self.engine.columns)
        ranks = " ".join(f"WHEN {quote_text(split)} THEN {rank}" for rank, split in enumerate(self.splits))
        chosen = ", ".join(map(quote_text, self.splits))
        sql = f"""SELECT {PLACE} * {1 << _PART} + {ROW} AS id, CAST(CASE {SPLIT} {ranks} END AS BIGINT) AS rank,
  {canonical_sql(self.column, kinds[self.column])} AS text FROM data WHERE {SPLIT} IN ({chosen})"""  # noqa: S608
        numbers = [(name, pa.int64()) for name in ("id", "rank", "chars")]
        schema = pa.schema([*numbers, ("digest", pa.binary()), ("text", pa.string())])
        self.engine.derive(f"{self.name}_texts", sql, _keyed, schema)

    def _sizes(self) -> list[Mapping[str, int]]:
        """Of each split its rows, those without text, those too short; rows and characters of those assessed."""
        long = f"chars >= {SHORTEST}"
        sql = f"""SELECT rank, count(*) AS n, count(*) FILTER (chars = 0) AS empty,
  count(*) FILTER (chars > 0 AND NOT {long}) AS short, count(*) FILTER ({long}) AS assessed,
  coalesce(sum(chars) FILTER ({long}), 0) AS chars FROM {self.name}_texts GROUP BY rank"""  # noqa: S608
        found = {row["rank"]: row for row in self.engine.rows(sql)}
        none = dict.fromkeys(("n", "empty", "short", "assessed", "chars"), 0)
        return [found.get(rank, none) for rank in range(len(self.splits))]

    def _blocks(self, rank: int | None, sizes: Sequence[Mapping[str, int]]) -> Iterator[str]:
        """Makes a table of matches for each block of the index of one split, or of all but the first; their names."""
        level = "rank" if rank is None else "id"
        held = "rank > 0" if rank is None else f"rank = {rank}"
        lower = f"rank < {len(self.splits) - 1}" if rank is None else held
        chosen = sizes[1:] if rank is None else [sizes[rank]]
        rows, chars = (sum(int(one[name]) for one in chosen) for name in ("assessed", "chars"))
        if not rows:
            return
        texts = f"SELECT id, {level} AS level, text FROM {self.name}_texts WHERE text IS NOT NULL AND"  # noqa: S608 (a digest)
        parts = max(-(-rows // self.options.block), -(-chars // self.options.block_codes))
        indexed = self.engine.frame(f"{texts} {held}")
        indexed = indexed.coalesce(1) if parts == 1 else indexed.repartitionByRange(parts, "id")
        built = self.engine.mapped(indexed, _Indexed(self.options, rank is None), _slices_schema())
        for at, index in enumerate(_whole(built.toLocalIterator())):
            name = f"{self.name}_block_{rank or 0}_{at}"
            streamed = self.engine.frame(f"{texts} {lower}").sortWithinPartitions("id")
            self.engine.keep_frame(name, self.engine.mapped(streamed, _Streamed(index), _matches_schema()))
            yield name

    def _spent(self, blocks: Sequence[str]) -> int:
        """How much was compared where a limit was reached, else 0."""
        given_up = f"SELECT max(witness) AS spent FROM ({_union(blocks)}) WHERE id = {_GIVEN_UP}"  # noqa: S608
        return int(self.engine.row(given_up)["spent"] or 0)

    def _answer(self, blocks: Sequence[str]) -> None:
        """The table of rows: all with one text have the witness of its first row; copies at least that row."""
        import pyarrow as pa

        places = [(FILE, pa.string()), (ROW, pa.int64()), ("other_file", pa.string()), ("other_row", pa.int64())]
        schema = pa.schema([*places, ("similarity", pa.float64()), ("rank", pa.int64())])
        texts, least = f"{self.name}_texts", "min(witness) AS witness, arg_min(similarity, witness) AS similarity"
        copies = f"""SELECT rank, digest, min(id) AS witness, 1.0::DOUBLE AS similarity FROM {texts}
  WHERE digest IS NOT NULL GROUP BY rank, digest HAVING count(*) > 1"""  # noqa: S608
        sql = f"""WITH matched AS (
  SELECT rank, digest, witness, similarity FROM ({_union(blocks)}) AS matches JOIN {texts} AS own ON own.id = matches.id
  {f"UNION ALL {copies}" if self.within and blocks else ""}
), best AS (
  SELECT rank, digest, {least} FROM matched GROUP BY rank, digest
)
SELECT {_file("id")} AS {FILE}, {_row("id")} AS {ROW}, {_file("witness")} AS other_file, {_row("witness")} AS other_row,
  similarity, texts.rank FROM {texts} AS texts JOIN best ON texts.rank = best.rank AND texts.digest = best.digest
WHERE {"witness < id" if self.within else "TRUE"}"""  # noqa: S608
        self.engine.keep(self.name, sql, schema)

    def _counts(self, sizes: Sequence[Mapping[str, int]]) -> tuple[NearSplit, ...]:
        found = self.engine.rows(f"SELECT rank, count(*) AS n FROM {self.name} GROUP BY rank")  # noqa: S608
        near = {row["rank"]: row["n"] for row in found}
        return tuple(
            NearSplit(split, size["n"], size["empty"], size["short"], near.get(rank, 0))
            for rank, (split, size) in enumerate(zip(self.splits, sizes, strict=True))
        )


def _file(place: str) -> str:
    return f"CAST(({place} >> {_PART}) AS VARCHAR)"


def _row(place: str) -> str:
    return f"({place} & {(1 << _PART) - 1})"


def _union(blocks: Sequence[str]) -> str:
    if not blocks:
        none = "SELECT CAST(NULL AS BIGINT) AS id, CAST(NULL AS BIGINT) AS witness, CAST(NULL AS DOUBLE) AS similarity"
        return f"{none} WHERE FALSE"
    return " UNION ALL ".join(f"SELECT id, witness, similarity FROM {block}" for block in blocks)  # noqa: S608


def _keyed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of every row id, rank and characters; of those long enough the normalised text and its digest."""
    import pyarrow as pa

    for batch in batches:
        texts = [text or "" for text in normalised(batch.column("text").to_pylist())]
        kept = [text if len(text) >= SHORTEST else None for text in texts]
        raw = [None if text is None else text.encode("utf-8", "surrogatepass") for text in kept]
        digests = [None if text is None else hashlib.blake2b(text, digest_size=_DIGEST).digest() for text in raw]
        yield pa.RecordBatch.from_arrays(
            [
                batch.column("id"),
                batch.column("rank"),
                pa.array(map(len, texts), pa.int64()),
                pa.array(digests, pa.binary()),
                pa.array(kept, pa.string()),
            ],
            names=["id", "rank", "chars", "digest", "text"],
        )


@dataclass(frozen=True, slots=True)
class _Indexed:
    """Rows `{id, level, text}` → blocks of the index, pickled and in slices; it travels to the workers.

    Of equal texts the first row is indexed: where rows of several splits come, of each `by_level`.
    """

    options: NearOptions
    by_level: bool

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        first: dict[tuple[str, int], tuple[int, int]] = {}  # of equal texts of a split the first row
        for batch in batches:
            for at, level, text in zip(*_columns(batch), strict=True):
                key = (text, level if self.by_level else 0)
                if key not in first or at < first[key][0]:
                    first[key] = (at, level)
        ids, levels = (np.array([row[at] for row in first.values()], np.int64) for at in (0, 1))
        texts = [text for text, _ in first]
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        for cut in cuts(sizes, self.options.block_codes, self.options.block):
            rows = Rows.of(ids[cut], levels[cut], texts[cut])
            index = NearIndex.build(rows, [rows], self.options)
            raw = pickle.dumps(index)
            for at in range(0, len(raw), _SLICE):  # a row of Spark's is copied many times over
                some, last = raw[at : at + _SLICE], at + _SLICE >= len(raw)
                yield pa.RecordBatch.from_arrays([pa.array([some]), pa.array([last])], schema=_slices_schema())


def _whole(slices: Iterable[Any]) -> Iterator[bytes]:
    """The blocks, of slices `{index, last}` in order."""
    parts: list[bytes] = []
    for row in slices:
        parts.append(bytes(row["index"]))
        if row["last"]:
            yield b"".join(parts)
            parts.clear()


@dataclass(frozen=True, slots=True)
class _Streamed:
    """Rows `{id, level, text}`, by id, → matches; `index` is a pickled block of it, which travels to the workers."""

    index: bytes

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        index: NearIndex = pickle.loads(self.index)  # noqa: S301 (of a worker's own, see `_Indexed`)
        meter = Meter(index.options.work_limit)
        try:
            found = Matches.joined(past(index, _chunks(batches), meter))
        except LimitReachedError:
            found = Matches(np.array([_GIVEN_UP]), np.array([meter.spent]), np.zeros(1))
        yield _batch(found)


def _columns(batch: pa.RecordBatch) -> tuple[list[int], list[int], list[str]]:
    ids, levels, texts = (batch.column(name).to_pylist() for name in ("id", "level", "text"))
    return ids, levels, texts


def _chunks(batches: Iterator[pa.RecordBatch]) -> Iterator[Rows]:
    size = _FIRST
    for batch in batches:
        at = 0
        while at < len(batch):
            yield Rows.of(*_columns(batch.slice(at, size)))
            at, size = at + size, size * 2


def _batch(found: Matches) -> pa.RecordBatch:
    import pyarrow as pa

    columns = [pa.array(values) for values in (found.ids, found.witnesses, found.similarities)]
    return pa.RecordBatch.from_arrays(columns, schema=_matches_schema())


def _slices_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("index", pa.binary()), ("last", pa.bool_())])


def _matches_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("id", pa.int64()), ("witness", pa.int64()), ("similarity", pa.float64())])
