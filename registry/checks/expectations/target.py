"""Target leakage: a column that gives the label away.

>>> SPECS[0].form.kwarg("max_score").default
0.99
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.core import ExpectationForm
from registry.checks.kwargs import Kwarg
from registry.checks.numbers import rounded
from registry.checks.specs import BESIDE, Counts, Facts, Measure, Spec, Unmeasured, sampled, value_sql
from registry.checks.sql import is_number, type_of
from registry.model.digest import digest_of
from registry.tables.engine import PLACE, Engine, text_of
from registry.tables.keys import canonical_sql
from registry.tables.table import ROW

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SAMPLE = 20_000  # rows that are predicted
FEWEST = 20  # rows, and
EACH = 5  # rows of a class, below which nothing is concluded
MANY = 200  # classes that are predicted, the most frequent ones


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """The scores of `columns`, computed once: `{column, score, how, rows, classes, rare, unlabelled}`.

    Rows of one `group` (or of one value of the first key, or single rows) fall into one fold.
    """

    label: str
    columns: tuple[str, ...]
    group: str
    where: str

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        return f"target_{digest_of([self.label, list(self.columns), self.group])[:16]}"

    def make(self, engine: Engine) -> None:
        """One row a column; one without a column where the label says too little."""
        import pyarrow as pa

        kinds = dict(engine.columns)
        texts = [("column", pa.string()), ("how", pa.string()), ("score", pa.float64())]
        schema = pa.schema([*texts, *((name, pa.int64()) for name in ("rows", "classes", "rare", "unlabelled"))])
        numbers = tuple(is_number(kinds[name]) for name in self.columns)
        function = partial(_scored, columns=self.columns, numbers=numbers, schema=schema)
        engine.derive(self.name, self._sql(kinds), function, schema, whole=True)

    def _sql(self, kinds: Mapping[str, str]) -> str:
        """The sampled rows in order: the columns `c0` …, the label, the unit that falls into one fold."""
        values = [
            f"CAST({value_sql(name, kinds[name])} AS DOUBLE) AS c{at}"
            if is_number(kinds[name])
            else f"{canonical_sql(name, kinds[name])} AS c{at}"
            for at, name in enumerate(self.columns)
        ]
        label = f"{text_of(value_sql(self.label, kinds[self.label]), kinds[self.label])} AS label"
        unit = canonical_sql(self.group, kinds[self.group]) if self.group else f"{PLACE} || ':' || {ROW}"
        wanted = ", ".join([*values, label, f"coalesce({unit}, '') AS unit"])
        return f"SELECT {wanted} FROM data WHERE {self.where} ORDER BY {PLACE}, {ROW}"  # noqa: S608


def _scored(
    batches: Iterator[pa.RecordBatch], columns: Sequence[str], numbers: Sequence[bool], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows = [row for batch in batches for row in batch.to_pylist()]
    yield pa.RecordBatch.from_pylist(list(_scores_of(rows, columns, numbers)), schema)


def _scores_of(rows: Sequence[dict[str, Any]], columns: Sequence[str], numbers: Sequence[bool]) -> list[dict[str, Any]]:
    import numpy as np

    from registry.checks.predict import best

    labels = [row["label"] for row in rows]
    counts = Counter(name for name in labels if name is not None)
    frequent = sorted((name for name, n in counts.items() if n >= EACH), key=lambda name: (-counts[name], name))
    names = sorted(frequent[:MANY])
    codes = {name: code for code, name in enumerate(names)}
    kept = [row for row in rows if row["label"] in codes]
    facts = {"rows": len(kept), "classes": len(names), "rare": len(counts) - len(names)}
    facts["unlabelled"] = labels.count(None)
    if len(names) < 2 or len(kept) < FEWEST:
        return [facts]
    label = np.array([codes[row["label"]] for row in kept], np.int64)
    folds = np.array([_fold(row["unit"]) for row in kept], np.int64)
    found = []
    for at, (column, number) in enumerate(zip(columns, numbers, strict=True)):
        values = [row[f"c{at}"] for row in kept]
        how, score = best(_scores(values, label, folds, names, number=number))
        found.append({"column": column, "how": how, "score": rounded(score), **facts})
    return found


def _fold(unit: str) -> int:
    import zlib

    return zlib.crc32(unit.encode("utf-8", "surrogatepass")) % 5


def _scores(
    values: list[Any], labels: NDArray[np.int64], folds: NDArray[np.int64], names: Sequence[str], *, number: bool
) -> dict[str, float]:
    import numpy as np

    from registry.checks.predict import score_numbers, score_texts

    if not number:
        return score_texts(values, labels, folds, names)
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    by_value = score_texts([None if value is None else str(value) for value in values], labels, folds, ())
    return {**score_numbers(numbers, labels, folds), "value": by_value["value"]}


def _leakage(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Columns that alone predict the label on held-out rows, by balanced accuracy (see `registry.checks.predict`)."""
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    type_of(facts.columns, label)
    columns = tuple(kwargs.get("columns") or (name for name in facts.columns if _is_input(name, label, facts)))
    if not columns:
        return Unmeasured("there is no column beside the label")
    for name in columns:
        type_of(facts.columns, name)
    group = facts.role("group")
    request = TargetRequest(label, columns, group if group != label else "", sampled(facts, SAMPLE))
    limit = kwargs.get("max_score", 0.99)
    return Measure(
        columns=columns,
        count_sql=f"SELECT * FROM {request.name}",  # noqa: S608 (a digest)
        reduce=partial(_reduce, label=label, limit=limit),
        what=f"columns alone predict `{label}` on held-out rows",
        threshold={"max_score": limit},
        keys=(request,),
        hint="let no model read such a column: leave it out of the data, or name the `columns` that are inputs",
    )


def _is_input(name: str, label: str, facts: Facts) -> bool:
    column = facts.schema.column(name)
    return name not in (label, "split") and name != facts.image and not (column and column.role in BESIDE)


def _reduce(rows: Sequence[Mapping[str, Any]], *, label: str, limit: float) -> Counts:
    facts = {name: int(rows[0][name]) for name in ("rows", "classes", "rare", "unlabelled")}
    if rows[0]["column"] is None:
        why = f"`{label}` has {facts['classes']} classes of {EACH} rows or more in {facts['rows']} rows; "
        return Counts(0, 0, facts, nothing=why + f"at least two, and {FEWEST} rows, are needed to hold rows out")
    scores = {str(row["column"]): float(row["score"]) for row in rows}
    leaking = sorted((row for row in rows if row["score"] > limit), key=lambda row: (-row["score"], row["column"]))
    samples = tuple({name: row[name] for name in ("column", "score", "how")} for row in leaking)
    observed = {**facts, "scores": scores, "max_score": max(scores.values()), "chance": 1 / facts["classes"]}
    return Counts(len(rows), len(leaking), observed, samples)


SPECS = (
    Spec(
        ExpectationForm(
            "expect_no_target_leakage",
            "No column alone predicts the label.",
            (
                Kwarg("label", "column", "the label; by default the role label"),
                Kwarg("columns", "columns", "the columns looked at; by default all but label, split and annotators"),
                Kwarg("max_score", "share", "greatest balanced accuracy of a column on held-out rows", 0.99),
            ),
        ),
        _leakage,
        unit="columns; unexpected: those that predict the label better than allowed. Five folds by a hash of row or "
        "group; the best of four readings: the label that goes with the value, with the text before its first "
        "digit, with the class named in a text, and thresholds of a number. At most 20,000 rows; classes of fewer "
        "than five rows, and beyond the 200 most frequent, are left out",
        source="Kaufman et al. 2012, Leakage in data mining (doi:10.1145/2382577.2382579); Holte 1993, Very simple "
        "classification rules (1R); Breiman et al. 1984 (CART); Brodersen et al. 2010 (balanced accuracy)",
    ),
)
