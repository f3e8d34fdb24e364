"""Near-duplicates: texts that nearly equal an earlier one, and images that look like an earlier one.

>>> [spec.form.type for spec in SPECS]
['expect_splits_to_have_no_near_duplicates', 'expect_no_near_duplicates']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import MAX_SHARE, SIDES, SPLITS, two_splits
from registry.checks.kwargs import Kwarg
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, rank, summed
from registry.checks.sql import type_of
from registry.errors import InternalError
from registry.model.digest import digest_of
from registry.tables.duck import Session
from registry.tables.engine import PLACE, Engine
from registry.tables.images_hash import BITS, HASH, LIKE, SIDE, THUMB, UNSEEN, ImageRequest, pairs_alike
from registry.tables.keys import IMAGES, TableRequest, make_keys
from registry.tables.spark import SparkTables
from registry.tables.table import FILE, ROW

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.tables.near import NearNotMeasured, NearOptions, NearResult, NearSplit

UNSIGNED = 2**64 - 1  # of a hash of 64 bits, which some engines hold with a sign
SHORTEST = 20  # characters of an assessed text
COMPARED = 40_000_000_000  # pairs of difference hashes: 200,000 images
COLUMN = Kwarg("column", "column", "the compared column; by default the text role, else an image folder's pictures")
THRESHOLD = Kwarg("threshold", "mostly", "Jaccard similarity of shingles from which texts are near-duplicates", 0.8)


@dataclass(frozen=True, slots=True)
class NearRequest:
    """The near-duplicates of a column, searched once: a table of rows with their witness, and one of counts.

    Between `splits` where there are any, else within each split.
    """

    column: str
    threshold: float
    splits: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the table of rows; that of counts ends in `_counts`."""
        return f"near_{digest_of([self.column, self.threshold, list(self.splits)])[:16]}"

    def make(self, engine: Engine) -> None:
        """Rows `{__file, __row, other_file, other_row, similarity}`, counts `{split, total, unexpected, …}`."""
        from registry.tables.near import NearNotMeasured, NearOptions

        options = NearOptions(threshold=self.threshold)
        if isinstance(engine, SparkTables):
            found = self._spread(engine, options)
        elif isinstance(engine, Session):
            found = self._searched(engine, options)
        else:
            raise InternalError(f"near-duplicates are not searched on {engine.name}")
        if isinstance(found, NearNotMeasured):
            counts: Sequence[Mapping[str, Any]] = [{"work": found.work, "limit": found.limit}]
        else:
            counts = _counts(found, between=bool(self.splits))
        engine.add(f"{self.name}_counts", _figures(counts))

    def _searched(self, session: Session, options: NearOptions) -> Sequence[NearSplit] | NearNotMeasured:
        """On this machine."""
        from registry.tables.near import NearNotMeasured, near_between, near_within

        between = bool(self.splits)
        found = (
            near_between(session, self.column, self.splits, options)
            if between
            else near_within(session, self.column, options)
        )
        if isinstance(found, NearNotMeasured):
            session.add(self.name, _places(()))
            return found
        session.add(self.name, _places(_pairs(found, session)))
        return found.splits

    def _spread(self, engine: SparkTables, options: NearOptions) -> Sequence[NearSplit] | NearNotMeasured:
        """On the workers of Spark."""
        from registry.tables.near.spread import Search

        splits = self.splits or engine.table.splits
        return Search(engine, self.name, self.column, splits, not self.splits, options).run()


@dataclass(frozen=True, slots=True)
class LookRequest:
    """As `NearRequest`, of the pictures of an image folder."""

    order: tuple[str, ...]
    between: bool

    @property
    def name(self) -> str:
        """Name of the table of rows; that of counts ends in `_counts`."""
        return f"look_{digest_of([list(self.order), self.between])[:16]}"

    def make(self, engine: Engine) -> None:
        """The same two tables; every image is compared with every earlier one."""
        make_keys(engine, ImageRequest())
        ranked = f"{HASH}, {THUMB}, {FILE}, {ROW}, CAST({rank(self.order)} AS BIGINT) AS rank"
        images = f"(SELECT {ranked} FROM {IMAGES} JOIN data USING ({FILE}, {ROW}))"  # noqa: S608 (names are quoted)
        by_rank = f"SELECT rank, count(*) AS n FROM {images} GROUP BY rank"  # noqa: S608 (constants)
        sizes = {row["rank"]: row["n"] for row in engine.rows(by_rank)}
        sizes.pop(None, None)
        if sum(sizes.values()) ** 2 > COMPARED:
            engine.add(self.name, _places(()))
            engine.add(f"{self.name}_counts", _figures([{"work": 0, "limit": COMPARED}]))
            return
        sql = f"SELECT * FROM {images} WHERE rank IS NOT NULL ORDER BY {PLACE}, {ROW}"  # noqa: S608 (constants)
        engine.derive(self.name, sql, partial(_alike, within=not self.between), _ranked_schema(), whole=True)
        by_rank = f"SELECT rank, count(*) AS n FROM {self.name} GROUP BY rank"  # noqa: S608 (a digest)
        found = {row["rank"]: row["n"] for row in engine.rows(by_rank)}
        counts = [
            _count(split, sizes.get(at, 0), found.get(at, 0), counted=at > 0 or not self.between)
            for at, split in enumerate(self.order)
        ]
        engine.add(f"{self.name}_counts", _figures(counts))


def _alike(batches: Iterator[pa.RecordBatch], within: bool) -> Iterator[pa.RecordBatch]:
    """Of every image that looks like an earlier one the first of these; images come in order."""
    import numpy as np
    import pyarrow as pa

    rows = [row for batch in batches for row in batch.to_pylist()]
    ranks = np.array([row["rank"] for row in rows], np.int64)
    hashes = np.array([row[HASH] & UNSIGNED for row in rows], np.uint64)
    thumbs = np.frombuffer(b"".join(row[THUMB] for row in rows), np.uint8).reshape(-1, SIDE * SIDE)
    first: dict[int, tuple[int, float]] = {}
    for image, other, similarity in pairs_alike(hashes, thumbs, ranks, within=within):
        first.setdefault(image, (other, similarity))
    pairs = [
        {**_pair(rows[image], rows[other], similarity), "rank": rows[image]["rank"]}
        for image, (other, similarity) in first.items()
    ]
    yield pa.RecordBatch.from_pylist(pairs, _ranked_schema())


def _pair(row: Mapping[str, Any], other: Mapping[str, Any], similarity: float) -> dict[str, Any]:
    places = {"other_file": other[FILE], "other_row": other[ROW], "similarity": similarity}
    return {FILE: row[FILE], ROW: row[ROW], **places}


def _count(split: str, total: int, unexpected: int, *, counted: bool, **rest: int) -> dict[str, Any]:
    return {
        "split": split,
        "total": total,
        "unexpected": unexpected,
        "empty": 0,
        "short": 0,
        "counted": counted,
        **rest,
    }


def _pairs(found: NearResult, session: Session) -> Iterator[dict[str, Any]]:
    files = {part.path: str(part.parquet) for part in session.table.parts}
    for pair in found.pairs():
        row, other = ({FILE: files[one.path], ROW: one.row} for one in (pair.row, pair.witness))
        yield _pair(row, other, pair.similarity)


def _counts(found: Sequence[NearSplit], *, between: bool) -> list[dict[str, Any]]:
    """Rows with text count between splits, assessed ones within them."""
    return [
        _count(
            one.split,
            one.rows - one.empty - (0 if between else one.short),
            one.near if index or not between else 0,
            counted=bool(index) or not between,
            empty=one.empty,
            short=one.short,
        )
        for index, one in enumerate(found)
    ]


def _places(pairs: Iterable[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(list(pairs), _places_schema())


def _places_schema() -> pa.Schema:
    import pyarrow as pa

    places = [(FILE, pa.string()), (ROW, pa.int64()), ("other_file", pa.string()), ("other_row", pa.int64())]
    return pa.schema([*places, ("similarity", pa.float64())])


def _ranked_schema() -> pa.Schema:
    import pyarrow as pa

    return _places_schema().append(pa.field("rank", pa.int64()))


def _figures(counts: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    figures = [(figure, pa.int64()) for figure in ("total", "unexpected", "empty", "short", "work", "limit")]
    kinds = pa.schema([("split", pa.string()), *figures, ("counted", pa.bool_())])
    return pa.Table.from_pylist(list(counts), kinds)


def _between(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of a later split that have a near-duplicate in any earlier one, exactly (see `registry.tables.near`)."""
    splits = two_splits(kwargs.get("splits"), facts)
    if isinstance(splits, Unmeasured):
        return splits
    what = f"rows of a later split have a near-duplicate in an earlier one ({' < '.join(splits)})"
    return _measure(kwargs, facts, splits, what, SIDES)


def near_within(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows that have a near-duplicate earlier in their split, by file and row."""
    return _measure(kwargs, facts, (), "rows have a near-duplicate earlier in their split", "keep one row of each")


def _measure(
    kwargs: Mapping[str, Any], facts: Facts, splits: tuple[str, ...], what: str, hint: str
) -> Measure | Unmeasured:
    column = facts.role("text", kwargs.get("column")) or facts.image
    if not column:
        return Unmeasured("no column has the role text: declare which text to compare, or name `column`")
    threshold, max_share = kwargs.get("threshold", 0.8), kwargs.get("max_share", 0)
    limits: dict[str, Any] = {"max_share": max_share}
    if column == facts.image:
        request: TableRequest = LookRequest(splits or facts.splits, between=bool(splits))
        limits |= {"bits": BITS, "correlation": LIKE}
    else:
        type_of(facts.columns, column)
        request = NearRequest(column, threshold, splits)
        limits["threshold"] = threshold
    return Measure(
        columns=(column,),
        count_sql=f"SELECT * FROM {request.name}_counts ORDER BY split",  # noqa: S608 (a digest)
        reduce=partial(_reduce, column=column, note=UNSEEN if column == facts.image else ""),
        what=what,
        threshold=limits,
        max_share=max_share,
        rows_sql=f"SELECT * FROM {request.name}",  # noqa: S608 (a digest)
        keys=(request,),
        hint=hint,
        witness="near",
    )


def _reduce(rows: Sequence[Mapping[str, Any]], *, column: str, note: str) -> Counts:
    given_up = next((row for row in rows if row["limit"] is not None), None)
    if given_up is not None:
        work, limit = given_up["work"], given_up["limit"]
        why = f"given up after {work:,} comparisons, beyond the limit of {limit:,}: too many texts share long passages"
        return Counts(0, 0, {"work": work, "limit": limit}, nothing=why)
    counts = summed(rows)
    short = sum(int(row["short"]) for row in rows if row["counted"])
    assessed = counts.total - short if any(row["split"] and not row["counted"] for row in rows) else counts.total
    observed = {**counts.observed, "empty": sum(int(row["empty"]) for row in rows if row["counted"])}
    observed |= {"not_assessed": short, "assessed": assessed}
    if counts.total + short and not assessed:
        why = f"all texts of `{column}` are shorter than {SHORTEST} characters: exact and normalised checks cover them"
        return Counts(counts.total, 0, observed, nothing=why)
    brief = f"{short:,} texts under {SHORTEST} characters are not assessed" if short else ""
    return Counts(counts.total, counts.unexpected, observed, note="; ".join(filter(None, (brief, note))))


SOURCE = (
    "Broder 1997, On the resemblance and containment of documents; exact prefix filter: Bayardo et al. 2007, Scaling "
    "up all pairs similarity search. Shingles are the 5-character substrings of the normalised text, 3 where either "
    "text is mostly Hangul; texts under 20 characters are not assessed. Pictures: difference hash within 4 of 64 bits "
    "(Krawetz 2013), then correlation of 32 × 32 grey thumbnails of 0.98 or more; crops, flips and rotations are not "
    "seen"
)
SPECS = (
    Spec(
        ExpectationForm(
            "expect_splits_to_have_no_near_duplicates",
            "No row of a split nearly equals one of an earlier split.",
            (COLUMN, THRESHOLD, MAX_SHARE, SPLITS),
        ),
        _between,
        unit="rows with text of every split but the first; unexpected: those with a near-duplicate in an earlier one",
        source=SOURCE,
    ),
    Spec(
        ExpectationForm(
            "expect_no_near_duplicates",
            "No row nearly equals an earlier one of its split.",
            (COLUMN, THRESHOLD, MAX_SHARE),
        ),
        near_within,
        unit="assessed rows; unexpected: those with a near-duplicate earlier in their split, by file and row",
        source=SOURCE,
    ),
)
