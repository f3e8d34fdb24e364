"""Probable label errors: labels that a model fitted on the other rows contradicts with confidence.

>>> SPECS[0].form.kwarg("max_share").default
0.05
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.core import ExpectationForm
from registry.checks.kwargs import Kwarg
from registry.checks.numbers import percent, rounded
from registry.checks.samples import Examples
from registry.checks.sampling import Inputs, draw, inputs_of
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.model.digest import digest_of
from registry.tables.engine import Engine
from registry.tables.table import FILE, ROW

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 20_000  # rows that are looked at
SKILL = 0.2  # of the way from chance to certainty that the model must have come, or its doubts say nothing
DIGITS = 4  # of a probability
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class NoiseRequest:
    """Doubtful labels and figures, computed once.

    Rows are `{part, __file, __row, rank, label, suggested, confidence, n, value}`.

    Parts: `doubt` (a row, `confidence` in the class suggested), `class` (`label` of `n` rows, `value` of
    them doubted), `score`, `majority`, figures of the sample by name, or `nothing` with the reason as label.
    """

    inputs: Inputs

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        return f"noise_{digest_of(self.inputs.identity())[:16]}"

    def make(self, engine: Engine) -> None:
        """Draws the rows, fits the model fold by fold, doubts."""
        figures = self.inputs.figures(engine)
        function = partial(_doubted, wanted=self.inputs, figures=figures)
        engine.derive(self.name, self.inputs.sql(dict(engine.columns), SAMPLE), function, _schema(), whole=True)


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts, whole = ("part", FILE, "label", "suggested"), (ROW, "rank", "n")
    fields = [*((name, pa.string()) for name in texts), *((name, pa.int64()) for name in whole)]
    return pa.schema([*fields, ("confidence", pa.float64()), ("value", pa.float64())])


def _doubted(batches: Iterator[pa.RecordBatch], wanted: Inputs, figures: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    from registry.checks.baseline import quiet

    with quiet():
        rows = list(_doubts(batches, wanted, figures))
    yield pa.RecordBatch.from_pylist(rows, _schema())


def _doubts(batches: Iterator[pa.RecordBatch], wanted: Inputs, figures: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    import numpy as np

    from registry.checks.baseline import balanced, doubtful, fold_of, held_out

    drawn = draw(batches, wanted)
    yield from ({"part": name, "n": n} for name, n in {**figures, "assessed": len(drawn.rows)}.items())
    if drawn.nothing:
        yield {"part": "nothing", "label": drawn.nothing}
        return
    labels, classes = drawn.labels, len(drawn.names)
    folds = np.array([fold_of(unit, wanted.seed) for unit in drawn.units], np.int64)
    chances = held_out(wanted.kind, drawn.inputs, labels, folds, wanted.seed)
    score = balanced(labels, chances.argmax(axis=1), classes)
    yield {"part": "score", "value": rounded(score)}
    yield {"part": "majority", "value": drawn.majority}
    if (score - 1 / classes) / (1 - 1 / classes) < SKILL:
        told = f"{percent(score)} of the classes where a guess is right about {percent(1 / classes)}"
        yield {"part": "nothing", "label": f"the baseline tells {told}, so that its doubts would say nothing"}
        return
    flagged = doubtful(labels, chances)
    own = chances[np.arange(len(labels)), labels]
    others = chances.copy()
    others[np.arange(len(labels)), labels] = -1
    margin = np.round(own - others.max(axis=1), DIGITS)
    order = [at for at in np.argsort(margin, kind="stable").tolist() if flagged[at]]
    for rank, at in enumerate(order, 1):
        row, second = drawn.rows[at], int(others[at].argmax())
        yield {
            "part": "doubt",
            FILE: row[FILE],
            ROW: row[ROW],
            "rank": rank,
            "label": row["label"],
            "suggested": drawn.names[second],
            "confidence": round(float(others[at, second]), DIGITS),
        }
    for code, name in enumerate(drawn.names):
        mine = labels == code
        yield {"part": "class", "label": name, "n": int(mine.sum()), "value": float(flagged[mine].sum())}


def _noise(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Confident learning with a baseline that never saw the row it judges."""
    inputs = inputs_of(kwargs, facts)
    if isinstance(inputs, Unmeasured):
        return inputs
    request = NoiseRequest(inputs)
    most = kwargs.get("max_share", 0.05)
    found = f"FROM {request.name} WHERE part = 'doubt'"
    return Measure(
        columns=(inputs.label,),
        count_sql=f"SELECT * FROM {request.name} WHERE part <> 'doubt'",  # noqa: S608 (a digest)
        reduce=partial(_judge, inputs=inputs),
        what=f"labels of `{inputs.label}` are probably wrong",
        threshold={"max_share": most},
        max_share=most,
        rows_sql=f"SELECT {FILE}, {ROW} {found}",
        keys=(*inputs.needs, request),
        hint="`registry report labels` lists them for a person to decide, `registry relabel` takes the decisions",
        witness="",
        examples=Examples(f"SELECT * {found}", ("suggested", "confidence")),
    )


def _judge(rows: Rows, *, inputs: Inputs) -> Counts:
    named = {row["part"]: row for row in rows if row["part"] != "class"}
    observed: dict[str, Any] = {
        name: int(named[name]["n"]) for name in ("labelled", "unlabelled", "classes", "rare", "assessed")
    }
    observed |= {"read": inputs.told, "features": list(inputs.features), "seed": inputs.seed}
    observed |= {name: named[name]["value"] for name in ("score", "majority") if name in named}
    if "nothing" in named:
        return Counts(0, 0, observed, nothing=named["nothing"]["label"])
    classes = sorted((row for row in rows if row["part"] == "class"), key=lambda row: str(row["label"]))
    doubted = sum(int(row["value"]) for row in classes)
    observed["share"] = doubted / observed["assessed"]
    observed["by_class"] = {row["label"]: {"rows": int(row["n"]), "doubted": int(row["value"])} for row in classes}
    drawn = observed["assessed"] < observed["labelled"]
    brief = f"of a stratified sample of {observed['labelled']:,} labelled rows" if drawn else ""
    note = "; ".join(filter(None, (brief, f"the baseline is right on {percent(observed['score'])} of a class")))
    return Counts(observed["assessed"], doubted, observed, note=note)


LABEL = Kwarg("label", "column", "the label; by default the role label")
FEATURES = Kwarg(
    "features", "columns", "what the model reads: texts, or numbers; by default the text, the picture, or all numbers"
)
SEED = Kwarg("seed", "count", "of sample, folds and model", 0)
SPECS = (
    Spec(
        ExpectationForm(
            "expect_label_noise_at_most",
            "Few labels are probably wrong.",
            (LABEL, FEATURES, Kwarg("max_share", "share", "allowed share of doubtful labels", 0.05), SEED),
        ),
        _noise,
        unit="rows of a stratified sample of at most 20,000 (rows × classes at most 400,000); unexpected: labels that "
        "confident learning doubts, by a baseline that was fitted on the other folds. Classes of fewer than five rows, "
        "and beyond the hundred most frequent, are left out. A baseline that tells the classes hardly better than "
        "chance doubts nothing: not measured. Needs the extra `quality`",
        source="Northcutt et al. 2021, Confident learning (doi:10.1613/jair.1.12125), as cleanlab computes it; "
        "character n-grams: Cavnar & Trenkle 1994; feature hashing: Weinberger et al. 2009 (arXiv:0902.2206)",
    ),
)
