"""Near-duplicates where rows are spread over many machines: the same numbers, and no row comes to the driver.

Texts are normalised and indexed on the workers. What passes the driver is one block of the index
at a time (at most 131,072 texts), which is sent to all workers once; the other rows stream past
it where they are. Rows that have their witness retire within a partition, whose rows come in
order; over partitions the earliest witness is the least.

>>> held, kept = "배송이 빠르고 포장도 꼼꼼해서 좋았어요", "배송이 빠르고 포장도 꼼꼼해서 좋았어요!"
>>> import pyarrow as pa
>>> entries = pa.record_batch({"id": [7], "level": [1], "text": [held]})
>>> (block,) = _Indexed(NearOptions())(iter([entries]))
>>> streamed = _Streamed(block["index"][0].as_py())
>>> kept = pa.record_batch({"id": [3], "level": [0], "text": [kept]})
>>> [batch.to_pylist() for batch in streamed(iter([kept]))]
[[{'id': 7, 'witness': 3, 'similarity': 0.95}]]
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

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
        self._entries()
        blocks = [block for rank in self._ranks() for block in self._blocks(rank)]
        given_up = self._given_up(blocks)
        if given_up:
            self._answer([])
            return NearNotMeasured(given_up, self.options.work_limit)
        self._answer(blocks)
        return self._counts()

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

    def _entries(self) -> None:
        """`_entries`: the different texts of each split, each with the least id that holds it."""
        import pyarrow as pa

        numbers = [(name, pa.int64()) for name in ("id", "rank", "chars")]
        sql = f"""SELECT min(id) AS id, rank, min(chars) AS chars, digest, min(text) AS text
FROM {self.name}_texts WHERE digest IS NOT NULL GROUP BY rank, digest"""  # noqa: S608 (a digest)
        schema = pa.schema([*numbers, ("digest", pa.binary()), ("text", pa.string())])
        self.engine.keep(f"{self.name}_entries", sql, schema)

    def _ranks(self) -> Sequence[int | None]:
        """The splits that are searched one by one; between splits, all at once."""
        return range(len(self.splits)) if self.within else [None]

    def _blocks(self, rank: int | None) -> Iterator[str]:
        """Makes a table of matches for each block of the index; their names."""
        import pyarrow as pa

        level, held, lower = ("id", f"rank = {rank}", f"rank = {rank}") if self.within else ("rank", "rank > 0", "TRUE")
        entries = f"FROM {self.name}_entries WHERE"
        size = self.engine.row(f"SELECT count(*) AS n, coalesce(sum(chars), 0) AS chars {entries} {held}")
        if not size["n"]:
            return
        parts = max(-(-size["n"] // self.options.block), -(-int(size["chars"]) // self.options.block_codes))
        indexed = self.engine.frame(f"SELECT id, {level} AS level, text {entries} {held}")
        indexed = indexed.coalesce(1) if parts == 1 else indexed.repartitionByRange(parts, "id")
        built = self.engine.mapped(indexed, _Indexed(self.options), pa.schema([("index", pa.binary())]))
        for at, block in enumerate(built.toLocalIterator()):
            sql = f"SELECT id, {level} AS level, text {entries} {lower}"
            name = f"{self.name}_block_{rank or 0}_{at}"
            streamed = _Streamed(bytes(block["index"]))
            rows = self.engine.frame(sql).sortWithinPartitions("id")
            self.engine.keep_frame(name, self.engine.mapped(rows, streamed, _matches_schema()))
            yield name

    def _given_up(self, blocks: Sequence[str]) -> int:
        """How much was compared where a limit was reached, else 0."""
        union = _union(blocks)
        found = self.engine.row(f"SELECT max(witness) AS spent FROM ({union}) WHERE id = {_GIVEN_UP}")  # noqa: S608
        return int(found["spent"] or 0)

    def _answer(self, blocks: Sequence[str]) -> None:
        """The table of rows: all that hold the text of an entry share its witness, copies at least the first."""
        import pyarrow as pa

        best = f"""best AS (
  SELECT id, min(witness) AS witness, arg_min(similarity, witness) AS similarity FROM ({_union(blocks)}) GROUP BY id
), rows AS (
  SELECT texts.id, texts.rank, entries.id AS first, best.witness, best.similarity
  FROM {self.name}_texts AS texts JOIN {self.name}_entries AS entries
    ON texts.rank = entries.rank AND texts.digest = entries.digest
  LEFT JOIN best ON best.id = entries.id
)"""  # noqa: S608 (a digest)
        copies, held = (
            ("coalesce(witness, first)", "witness < id") if self.within else ("witness", "witness IS NOT NULL")
        )
        places = [(FILE, pa.string()), (ROW, pa.int64()), ("other_file", pa.string()), ("other_row", pa.int64())]
        schema = pa.schema([*places, ("similarity", pa.float64()), ("rank", pa.int64())])
        sql = f"""WITH {best}, found AS (
  SELECT id, rank, {copies} AS witness, coalesce(similarity, 1.0::DOUBLE) AS similarity FROM rows
)
SELECT {_file("id")} AS {FILE}, {_row("id")} AS {ROW}, {_file("witness")} AS other_file, {_row("witness")} AS other_row,
  similarity, rank FROM found WHERE {held}"""  # noqa: S608
        self.engine.keep(self.name, sql, schema)

    def _counts(self) -> tuple[NearSplit, ...]:
        sql = f"""SELECT rank, count(*) AS n, count(*) FILTER (chars = 0) AS empty,
  count(*) FILTER (chars > 0 AND chars < {SHORTEST}) AS short FROM {self.name}_texts GROUP BY rank"""  # noqa: S608
        sizes = {row["rank"]: row for row in self.engine.rows(sql)}
        found = self.engine.rows(f"SELECT rank, count(*) AS n FROM {self.name} GROUP BY rank")  # noqa: S608
        near = {row["rank"]: row["n"] for row in found}
        none = {"n": 0, "empty": 0, "short": 0}
        every = [(split, sizes.get(rank, none), near.get(rank, 0)) for rank, split in enumerate(self.splits)]
        return tuple(NearSplit(split, row["n"], row["empty"], row["short"], n) for split, row, n in every)


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
    """Entries `{id, level, text}` → blocks of the index, pickled; it travels to the workers."""

    options: NearOptions

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        every = [_columns(batch) for batch in batches]
        ids, levels, texts = (
            (list(chain.from_iterable(column)) for column in zip(*every, strict=True)) if every else ([], [], [])
        )
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        for cut in cuts(sizes, self.options.block_codes, self.options.block):
            rows = Rows.of(ids[cut], levels[cut], texts[cut])
            index = NearIndex.build(rows, [rows], self.options)
            yield pa.record_batch({"index": pa.array([pickle.dumps(index)], pa.binary())})


@dataclass(frozen=True, slots=True)
class _Streamed:
    """Entries `{id, level, text}`, by id, → matches; `index` is a pickled block of it, which travels to the workers."""

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


def _matches_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("id", pa.int64()), ("witness", pa.int64()), ("similarity", pa.float64())])
