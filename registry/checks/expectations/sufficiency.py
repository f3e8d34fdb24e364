"""Whether there is enough data: the learning curve of a baseline, and what twice the rows would give.

>>> SPECS[0].form.kwarg("max_last_gain").default, sizes_of(1000), sizes_of(50)
(0.02, [62, 125, 250, 500, 1000], [25, 50])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from registry.checks.core import ExpectationForm
from registry.checks.curve import fit
from registry.checks.expectations.noise import FEATURES, LABEL, SEED, SKILL
from registry.checks.kwargs import Kwarg
from registry.checks.numbers import percent, rounded
from registry.checks.sampling import Drawn, Inputs, draw, inputs_of
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import PlanError, type_of
from registry.model.digest import digest_of
from registry.tables.engine import Engine

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.checks.baseline import Floats, Ints

SAMPLE = 12_000  # rows, of training and test together
STEPS = 4  # halvings of the training rows
DRAWS = 3  # subsets of each size
SHORTEST = 3  # sizes of which a curve is made
SMALL = 20  # training rows below which nothing is fitted
TESTED = 30  # test rows of a class or a slice from which its score is told
SLICES = "name other `slices`"
Rows = Sequence[Mapping[str, Any]]


def sizes_of(rows: int) -> list[int]:
    """How many rows the curve is measured at, each about twice the one before."""
    return [size for step in range(STEPS, -1, -1) if (size := rows >> step) >= SMALL]


@dataclass(frozen=True, slots=True)
class CurveRequest:
    """The curve and figures of its end, computed once: `{part, name, other, n, value, low, high}`.

    Parts: `point` (`n` rows, mean, least and greatest `value`), `law` by name, `score`, `train`,
    `majority`, `class` (`n` training rows, share told right), `slice` (of `name` = `other`), figures
    of the sample by name, or `nothing` with the reason as name.
    """

    inputs: Inputs
    first: str

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        return f"curve_{digest_of([*self.inputs.identity(), self.first])[:16]}"

    def make(self, engine: Engine) -> None:
        """Draws the rows, fits the model on more and more of them."""
        figures = self.inputs.figures(engine)
        function = partial(_measured, wanted=self.inputs, first=self.first, figures=figures)
        engine.derive(self.name, self.inputs.sql(dict(engine.columns), SAMPLE), function, _schema(), whole=True)


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("part", "name", "other")]
    return pa.schema([*texts, ("n", pa.int64()), *((name, pa.float64()) for name in ("value", "low", "high"))])


def _measured(
    batches: Iterator[pa.RecordBatch], wanted: Inputs, first: str, figures: Mapping[str, int]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    from registry.checks.baseline import quiet

    with quiet():
        drawn = draw(batches, wanted)
        rows = [{"part": name, "n": n} for name, n in {**figures, "assessed": len(drawn.rows)}.items()]
        rows += _curve(drawn, wanted, first)
    yield pa.RecordBatch.from_pylist(rows, _schema())


def _curve(drawn: Drawn, wanted: Inputs, first: str) -> Iterator[dict[str, Any]]:
    import numpy as np

    train, test = _sides(drawn, wanted, first)
    sizes = sizes_of(len(train))
    few = f"{len(train):,} rows to train on and {len(test):,} to test on are too few for a learning curve"
    nothing = drawn.nothing or (few if len(sizes) < SHORTEST or len(test) < TESTED else "")
    if not nothing and len(present := np.unique(drawn.labels[test])) < 2:
        nothing = f"all rows to test on are `{drawn.names[present[0]]}`: a score on one class says nothing"
    if nothing:
        yield {"part": "nothing", "name": nothing}
        return
    labels = drawn.labels
    points = []
    for size in sizes[:-1]:
        scores = [_score(drawn, wanted, subset, test) for subset in _subsets(labels, train, size, wanted.seed)]
        points.append((size, scores))
    guesses = _told(drawn, wanted, train, np.concatenate([test, train]))
    score = _balanced(labels[test], guesses[: len(test)])
    points.append((len(train), [score]))
    means = [float(np.mean(scores)) for _, scores in points]
    for (size, scores), mean in zip(points, means, strict=True):
        yield {"part": "point", "n": size, "value": rounded(mean), "low": min(scores), "high": max(scores)}
    least = 0.5 / len(test)  # what a test of so many rows cannot tell from none
    law = fit([size for size, _ in points], [max(1 - mean, least) for mean in means])
    for name, value in (("a", law.a), ("b", law.b), ("c", law.c), ("gain", law.gain(len(train)))):
        yield {"part": "law", "name": name, "value": rounded(value)}
    yield {"part": "score", "n": len(test), "value": rounded(score)}
    yield {"part": "train", "n": len(train), "value": rounded(_balanced(labels[train], guesses[len(test) :]))}
    yield {"part": "majority", "value": drawn.majority}
    yield from _parts(drawn, wanted, train, test, guesses[: len(test)] == labels[test])


def _sides(drawn: Drawn, wanted: Inputs, first: str) -> tuple[Ints, Ints]:
    """Places of the rows to train and to test on: the first split and the others, else two folds and the third."""
    import numpy as np

    from registry.checks.baseline import fold_of

    held = np.array([row["split"] != first for row in drawn.rows], bool)
    if not held.any() or held.all():
        held = np.array([fold_of(unit, wanted.seed) == 0 for unit in drawn.units], bool)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _subsets(labels: Ints, train: Ints, size: int, seed: int) -> Iterator[Ints]:
    """Nested subsets in several drawn orders."""
    import numpy as np

    from registry.checks.draws import shuffled

    for turn in range(DRAWS):
        yield np.sort(train[shuffled(len(train), seed * DRAWS + turn)[:size]])


def _told(drawn: Drawn, wanted: Inputs, fit_on: Ints, asked: Ints) -> Ints:
    """What a model fitted on some rows says of others; of one class alone it says that class."""
    import numpy as np

    from registry.checks.baseline import chances, model

    labels = drawn.labels[fit_on]
    if len(np.unique(labels)) < 2:
        return np.full(len(asked), labels[0])
    fitted = model(wanted.kind, wanted.seed).fit(drawn.inputs[fit_on], labels)
    found: Ints = chances(fitted, drawn.inputs[asked], len(drawn.names)).argmax(axis=1)
    return found


def _score(drawn: Drawn, wanted: Inputs, fit_on: Ints, test: Ints) -> float:
    return _balanced(drawn.labels[test], _told(drawn, wanted, fit_on, test))


def _balanced(labels: Ints, guesses: Ints) -> float:
    from registry.checks.baseline import balanced

    return balanced(labels, guesses, int(max(labels.max(), guesses.max())) + 1)


def _parts(drawn: Drawn, wanted: Inputs, train: Ints, test: Ints, right: Floats | Any) -> Iterator[dict[str, Any]]:
    """Each class, and each value of a slice that enough test rows have."""
    import numpy as np

    sizes = np.bincount(drawn.labels[train], minlength=len(drawn.names))
    for code, name in enumerate(drawn.names):
        mine = drawn.labels[test] == code
        share = float(right[mine].mean()) if mine.sum() >= TESTED else None
        yield {"part": "class", "name": name, "n": int(sizes[code]), "value": share}
    for at, column in enumerate(wanted.slices):
        values = [drawn.rows[place][f"s{at}"] for place in test.tolist()]
        few = 0
        for value in sorted({value for value in values if value is not None}):
            mine = np.array([one == value for one in values], bool)
            few += bool(mine.sum() < TESTED)
            if mine.sum() >= TESTED:
                yield {
                    "part": "slice",
                    "name": column,
                    "other": value,
                    "n": int(mine.sum()),
                    "value": float(right[mine].mean()),
                }
        yield {"part": "few", "name": column, "n": few}


def _suffices(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """The end of the curve: how much the last doubling of the rows gave, and how good the baseline got."""
    inputs = inputs_of(kwargs, facts)
    if isinstance(inputs, Unmeasured):
        return inputs
    slices = tuple(kwargs.get("slices") or ())
    for name in slices:
        type_of(facts.columns, name)
    if inputs.label in slices:
        raise PlanError(f"`{inputs.label}` is the label: its classes are looked at one by one anyway", hint=SLICES)
    request = CurveRequest(replace(inputs, slices=slices), facts.splits[0] if facts.splits else "")
    limits = {name: kwargs[name] for name in ("min_score", "max_last_gain") if kwargs.get(name) is not None}
    return Measure(
        columns=(*inputs.features, inputs.label) if len(inputs.features) <= 5 else (inputs.label,),
        count_sql=f"SELECT * FROM {request.name}",  # noqa: S608 (a digest)
        reduce=partial(_judge, inputs=request.inputs, limits=limits),
        what="limits of the learning curve are not met",
        threshold=limits,
        keys=(*inputs.needs, request),
        hint="collect more rows, first of the classes told worst, or look at labels and inputs",
    )


def _judge(rows: Rows, *, inputs: Inputs, limits: Mapping[str, float]) -> Counts:
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    counted = ("labelled", "unlabelled", "classes", "rare", "assessed")
    observed: dict[str, Any] = {name: int(parts[name][0]["n"]) for name in counted}
    observed |= {"read": inputs.told, "features": list(inputs.features), "seed": inputs.seed}
    if "nothing" in parts:
        return Counts(0, 0, observed, nothing=parts["nothing"][0]["name"])
    observed |= _figures(parts)
    score, chance = observed["score"], 1 / observed["classes"]
    if "min_score" not in limits and (score - chance) / (1 - chance) < SKILL:
        told = f"{percent(score)} of the classes where a guess is right about {percent(chance)}"
        why = (
            f"the baseline tells {told}, so that its curve says nothing: name `features` that tell more, or `min_score`"
        )
        return Counts(0, 0, observed, nothing=why)
    missed = {
        "min_score": score < limits.get("min_score", score),
        "max_last_gain": observed["last_gain"] > limits.get("max_last_gain", observed["last_gain"]),
    }
    samples = tuple(
        {"limit": name, "allowed": limits[name], "measured": observed[name.partition("_")[2]]}
        for name, bad in missed.items()
        if bad
    )
    return Counts(len(limits), len(samples), observed, samples, note=_note(observed))


def _figures(parts: Mapping[str, Rows]) -> dict[str, Any]:
    points = sorted(parts["point"], key=lambda row: int(row["n"]))
    law = {row["name"]: row["value"] for row in parts["law"]}
    (score,), (train,) = parts["score"], parts["train"]
    slices: dict[str, Any] = {
        row["name"]: {"few": int(row["n"]), "scores": {}}
        for row in sorted(parts.get("few", ()), key=lambda row: row["name"])
    }
    for row in sorted(parts.get("slice", ()), key=lambda row: (row["name"], row["other"])):
        slices[row["name"]]["scores"][row["other"]] = {"rows": int(row["n"]), "score": row["value"]}
    for found in slices.values():
        shares = [one["score"] for one in found["scores"].values()]
        found["spread"] = max(shares) - min(shares) if shares else None
    return {
        "score": score["value"],
        "last_gain": points[-1]["value"] - points[-2]["value"],
        "expected_gain": law["gain"],
        "curve": [{"rows": int(row["n"]), **{name: row[name] for name in ("value", "low", "high")}} for row in points],
        "law": {name: law[name] for name in ("a", "b", "c")},
        "train_rows": int(train["n"]),
        "test_rows": int(score["n"]),
        "train_score": train["value"],
        "gap": train["value"] - score["value"],
        "majority": parts["majority"][0]["value"],
        "by_class": {
            row["name"]: {"rows": int(row["n"]), "score": row["value"]}
            for row in sorted(parts["class"], key=lambda row: str(row["name"]))
        },
        **({"slices": slices} if slices else {}),
    }


def _note(observed: Mapping[str, Any]) -> str:
    drawn = f" (a sample of {observed['labelled']:,})" if observed["assessed"] < observed["labelled"] else ""
    rows, score = observed["train_rows"], percent(observed["score"])
    return (
        f"a baseline fitted on {rows:,} rows{drawn} is right on {score} of a class; "
        f"the last doubling gave {100 * observed['last_gain']:.1f} points, "
        f"the next would give about {100 * observed['expected_gain']:.1f}"
    )


SPECS = (
    Spec(
        ExpectationForm(
            "expect_data_to_suffice",
            "The learning curve of a baseline has levelled off, high enough.",
            (
                LABEL,
                FEATURES,
                Kwarg("min_score", "share", "least balanced accuracy at the end of the curve"),
                Kwarg("max_last_gain", "share", "greatest gain of the last doubling of the rows", 0.02),
                Kwarg("slices", "columns", "columns whose values are looked at one by one"),
                SEED,
            ),
        ),
        _suffices,
        unit="limits given; unexpected: those not met. A baseline is fitted on a sixteenth, an eighth … all rows "
        "of the first split (three draws of each size) and scored by balanced accuracy on those of the others, or, "
        "of one split, on a third of it. At most 12,000 rows, stratified (rows × classes at most 400,000). With the "
        "power law fitted to the curve, the gain that it expects of twice the rows, the gap of training and test, the "
        "majority's share, and each class and slice. A baseline hardly better than chance says nothing unless "
        "`min_score` is given: not measured. Needs the extra `quality`",
        source="Viering & Loog 2023, The shape of learning curves (arXiv:2103.10948); Cortes et al. 1993 (power law); "
        "Choi & Park 2023, DMOps (arXiv:2301.01228), step 11",
    ),
)
