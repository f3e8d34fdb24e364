"""Which rows a small model reads: inputs, label, and a stratified sample that is the same in every run.

Of each class as large a share is drawn as fits the work that is allowed (rows, and rows × classes,
never time: a clock would make figures depend on the machine), and at least twenty rows. Drawn are
the rows whose place, mixed with the seed, comes first. Classes of fewer than five rows, and
beyond the hundred most frequent, are left out and counted.

>>> budget(rows=20_000, classes=2), budget(rows=20_000, classes=100)
(20000, 4000)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.checks.specs import BESIDE, Facts, Unmeasured, value_sql
from registry.checks.sql import PlanError, is_number, is_text, type_of
from registry.tables.engine import PLACE, Engine, text_of
from registry.tables.images_hash import SIDE, THUMB, ImageRequest
from registry.tables.keys import IMAGES, TableRequest, canonical_sql, normalised
from registry.tables.table import FILE, ROW, SPLIT

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.checks.baseline import Ints, Kind

EACH = 5  # rows of a class, below which it is left out
LEAST = 20  # rows of a class that are drawn whatever its share
FEWEST = 50  # rows below which nothing is concluded
MANY = 100  # classes
WORK = 400_000  # rows × classes
CUT = 2_000  # characters of a text that are read
OUTSIDE = (*BESIDE, "key", "group", "time")  # roles that are no inputs by default


def budget(rows: int, classes: int) -> int:
    """Rows to draw at most."""
    return min(rows, WORK // max(classes, 1))


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model reads (`features`: texts, numbers, or the `image`) to tell the `label`.

    Rows of one `group` are never apart; `slices` are columns whose values are looked at one by one.
    """

    label: str
    features: tuple[str, ...]
    kind: Kind
    group: str = ""
    image: str = ""
    slices: tuple[str, ...] = ()
    seed: int = 0

    @property
    def needs(self) -> tuple[TableRequest, ...]:
        """Tables that must stand before."""
        return (ImageRequest(),) if self.image else ()

    @property
    def told(self) -> str:
        """What the features are, in the evidence."""
        return "pixels" if self.image else self.kind

    def identity(self) -> list[Any]:
        """What a table of figures depends on."""
        return [self.label, list(self.features), self.kind, self.group, list(self.slices), self.seed]

    def sql(self, kinds: Mapping[str, str], most: int) -> str:
        """The sampled rows in order of place: `x0` …, `label`, `unit`, `s0` …, split, place."""
        values = ", ".join(f"{self._value(name, kinds)} AS x{at}" for at, name in enumerate(self.features))
        slices = "".join(f", {canonical_sql(name, kinds[name])} AS s{at}" for at, name in enumerate(self.slices))
        unit = canonical_sql(self.group, kinds[self.group]) if self.group else "NULL"
        source = f"data JOIN {IMAGES} USING ({FILE}, {ROW})" if self.image else "data"
        return f"""{self._labelled(kinds)}, ranked AS (
  SELECT labelled.*, n, total, classes,
    row_number() OVER (PARTITION BY labelled.label ORDER BY draw, {FILE}, {ROW}) AS nth
  FROM labelled JOIN kept ON labelled.label = kept.label
), chosen AS (
  SELECT label, {FILE}, {ROW} FROM ranked
  WHERE nth <= greatest({LEAST}, ceil(n * least({most}, {WORK} / classes) / total))
)
SELECT {values}{slices}, chosen.label AS label, {unit} AS unit, CAST({SPLIT} AS VARCHAR) AS split, {FILE}, {ROW}
FROM {source} JOIN chosen USING ({FILE}, {ROW}) ORDER BY {PLACE}, {ROW}"""  # noqa: S608 (all parts are quoted)

    def _value(self, name: str, kinds: Mapping[str, str]) -> str:
        if name == self.image:
            return THUMB
        if self.kind == "text":
            return f"substr({canonical_sql(name, kinds[name])}, 1, {CUT})"
        return f"CAST({value_sql(name, kinds[name])} AS DOUBLE)"

    def _labelled(self, kinds: Mapping[str, str]) -> str:
        """CTEs: `labelled` rows with their draw, `classes` by frequency, `kept` those that are read."""
        label = text_of(value_sql(self.label, kinds[self.label]), kinds[self.label])
        draw = f"(({PLACE} * 7919 + {ROW} + {self.seed % 2**31} * 104729) % 2147483647) * 2654435761 % 4294967296"
        return f"""WITH labelled AS (
  SELECT label, draw, {FILE}, {ROW} FROM (SELECT {label} AS label, {draw} AS draw, {FILE}, {ROW} FROM data)
  WHERE label <> ''
), counted AS (
  SELECT label, count(*) AS n, row_number() OVER (ORDER BY count(*) DESC, label) AS place FROM labelled GROUP BY label
), kept AS (
  SELECT label, n, sum(n) OVER () AS total, count(*) OVER () AS classes
  FROM counted WHERE n >= {EACH} AND place <= {MANY}
)"""  # noqa: S608 (all parts are quoted)

    def figures(self, engine: Engine) -> dict[str, int]:
        """Rows with a label, classes read, classes left out, rows without a label."""
        sql = f"""{self._labelled(dict(engine.columns))}
SELECT (SELECT count(*) FROM labelled) AS labelled, (SELECT count(*) FROM kept) AS classes,
  (SELECT count(*) FROM counted) - (SELECT count(*) FROM kept) AS rare,
  (SELECT count(*) FROM data) - (SELECT count(*) FROM labelled) AS unlabelled"""  # noqa: S608 (quoted above)
        return {name: int(value) for name, value in engine.row(sql).items()}


@dataclass(frozen=True)
class Drawn:
    """The sampled rows: `inputs` for the model, `labels` as codes of `names`, what ties rows, and where they stand."""

    inputs: Any
    labels: Ints
    names: tuple[str, ...]
    units: Sequence[str]
    rows: Sequence[Mapping[str, Any]]

    @property
    def nothing(self) -> str:
        """Why no model can be made of them, or nothing."""
        if len(self.names) < 2 or len(self.rows) < FEWEST:
            have = f"{len(self.names)} classes of {EACH} rows or more in {len(self.rows)} rows"
            return f"there are {have}; a model needs two classes and {FEWEST} rows"
        if len(set(self.units)) < 2 or not self.inputs.shape[1]:
            return "all inputs are equal, so that nothing can be told from them"
        return ""

    @property
    def majority(self) -> float:
        """The share of the most frequent class: what a guess would reach."""
        import numpy as np

        return float(np.bincount(self.labels).max() / len(self.labels))


def draw(batches: Iterator[pa.RecordBatch], wanted: Inputs) -> Drawn:
    """The rows that `Inputs.sql` gives."""
    import numpy as np

    from registry.checks.baseline import matrix

    rows = [row for batch in batches for row in batch.to_pylist()]
    names = tuple(sorted({row["label"] for row in rows}))
    codes = {name: code for code, name in enumerate(names)}
    labels = np.array([codes[row["label"]] for row in rows], np.int64)
    width = range(len(wanted.features))
    values: list[Any]
    if wanted.image:
        values = [np.frombuffer(row["x0"], np.uint8).astype(np.float64) for row in rows]
        units = [row["x0"].hex() for row in rows]
    elif wanted.kind == "text":
        values = list(normalised([" ".join(str(row[f"x{at}"] or "") for at in width) for row in rows]))
        units = list(values)
    else:
        values = [[row[f"x{at}"] for at in width] for row in rows]
        units = [str(value) for value in values]
    size = SIDE * SIDE if wanted.image else len(wanted.features)
    inputs = matrix(wanted.kind, values) if rows else np.zeros((0, size))
    units = [row["unit"] if row["unit"] is not None else unit for row, unit in zip(rows, units, strict=True)]
    return Drawn(inputs, labels, names, units, rows)


def inputs_of(kwargs: Mapping[str, Any], facts: Facts) -> Inputs | Unmeasured:
    """Label and features as asked for, else: the text, the pictures, or all numbers without another role."""
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    type_of(facts.columns, label)
    features = tuple(kwargs.get("features") or _default(label, facts))
    if not features:
        return Unmeasured("there is no text, picture or number beside the label that a model could read")
    if label in features:
        raise PlanError(f"`{label}` is the label, and no feature that could tell it", hint="name other `features`")
    group = facts.role("group")
    rest: dict[str, Any] = {"group": group if group != label else "", "seed": kwargs.get("seed", 0)}
    if features == (facts.image,):
        return Inputs(label, features, "numbers", image=facts.image, **rest)
    kinds = [type_of(facts.columns, name) for name in features]
    if all(map(is_text, kinds)):
        return Inputs(label, features, "text", **rest)
    if all(is_number(kind) or kind == "BOOLEAN" for kind in kinds):
        return Inputs(label, features, "numbers", **rest)
    return Unmeasured("`features` must be texts, or numbers, or the picture: a model reads one kind")


def _default(label: str, facts: Facts) -> Sequence[str]:
    if text := facts.role("text"):
        return (text,)
    if facts.image:
        return (facts.image,)
    declared = {column.name: column.role for column in facts.schema.columns}
    numbers = [name for name, kind in facts.columns.items() if is_number(kind) or kind == "BOOLEAN"]
    return [name for name in numbers if name not in (label, SPLIT) and declared.get(name) not in OUTSIDE]
