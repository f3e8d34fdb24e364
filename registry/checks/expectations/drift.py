"""Distributions that moved: since the previous release, and between splits.

From profiles alone, so that no row of the earlier release is needed. An effect size decides, no
p-value: with many rows every difference is significant, and few of them matter.

>>> [spec.form.kwarg("max_value").default for spec in SPECS]
[None, None]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from registry.checks.core import ExpectationForm
from registry.checks.distances import MEASURES, Aligned, aligned, between_splits, chance, distance
from registry.checks.expectations.leakage import two_splits
from registry.checks.kwargs import Kwarg
from registry.checks.numbers import rounded
from registry.checks.references import Profile
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.model.digest import digest_of
from registry.tables.engine import Engine

SINCE = "expect_no_drift_from_previous_release"
USUAL = {"psi": 0.2, "js": 0.05, "ks": 0.1, "wasserstein": 0.1}  # greatest distance that is no cause for alarm
CERTAIN = 3  # times what chance gives, from which a distance is one however few the rows
Figure = Mapping[str, Any]
Unit: TypeAlias = tuple[str, str | None, float | None, float]
NAMES = ("column", "split", "distance", "chance")  # of a unit


@dataclass(frozen=True, slots=True)
class DistanceRequest:
    """A table of distances: one row for each unit, with `distance` null where the two cannot be compared.

    `chance` is about what it would be of so few rows if nothing had moved.
    """

    figures: tuple[Unit, ...]

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"distances_{digest_of([list(figure) for figure in self.figures])[:16]}"

    def make(self, engine: Engine) -> None:
        """Lets statements read it."""
        import pyarrow as pa

        kinds = pa.schema([*((name, pa.string()) for name in NAMES[:2]), *((name, pa.float64()) for name in NAMES[2:])])
        rows = [dict(zip(kinds.names, figure, strict=True)) for figure in self.figures]
        engine.add(self.name, pa.Table.from_pylist(rows, kinds))


def _since(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """The distance of each column's values from those of the release before, over all splits."""
    before = facts.references.earlier()
    if before is None:
        if facts.references.previous:
            why = f"the previous release {facts.references.previous} has no profile to compare with"
            return Unmeasured(why, "not_applicable")
        return Unmeasured("there is no previous release to compare with", "not_applicable")
    old, new = _columns(before), _columns(facts.references.profile())
    names = _named(kwargs, facts, [name for name in new if name in old])
    measure = kwargs["measure"]
    figures = [_unit(n, None, measure, aligned(old[n], new[n]) if n in old and n in new else None) for n in names]
    return _measure(kwargs, figures, f"columns moved since {facts.references.previous}")


def _between(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """The distance of each column's values in every later split from those in the first."""
    splits = two_splits(kwargs.get("splits"), facts)
    if isinstance(splits, Unmeasured):
        return splits
    columns = _columns(facts.references.profile())
    figures = [
        _unit(name, split, kwargs["measure"], between_splits(columns[name], splits[0], split))
        for name in _named(kwargs, facts, list(columns))
        for split in splits[1:]
    ]
    return _measure(kwargs, figures, f"columns of later splits are distributed otherwise than in {splits[0]}")


def _unit(name: str, split: str | None, measure: str, pair: Aligned | None) -> Unit:
    return name, split, distance(measure, pair), rounded(chance(measure, pair)) if pair else 0.0


def _columns(profile: Profile) -> dict[str, Any]:
    return {column["name"]: column for column in profile["columns"]}


def _named(kwargs: Mapping[str, Any], facts: Facts, usual: Sequence[str]) -> Sequence[str]:
    """The columns to look at: those that are named, else those that are no keys and name no split."""
    aside = {column.name for column in facts.schema.columns if column.primary_key or column.role in ("key", "split")}
    return kwargs.get("columns") or [name for name in usual if name not in aside]


def _measure(kwargs: Mapping[str, Any], figures: Sequence[Unit], what: str) -> Measure | Unmeasured:
    measure = kwargs["measure"]
    limit = kwargs["max_value"] if kwargs["max_value"] is not None else USUAL[measure]
    request = DistanceRequest(tuple(figures))
    return Measure(
        columns=tuple(dict.fromkeys(name for name, *_ in figures)),
        count_sql=f'SELECT * FROM {request.name} ORDER BY "column", "split"',  # noqa: S608 (a digest)
        reduce=partial(_judge, measure=measure, limit=limit),
        what=what,
        threshold={"measure": measure, "max_value": limit},
        keys=(request,),
        hint="look at the comparison in the EDA report",
    )


def _judge(rows: Sequence[Figure], *, measure: str, limit: float) -> Counts:
    units = [{name: value for name, value in row.items() if value is not None} for row in rows]
    some = [unit for unit in units if "distance" in unit]
    few = [unit for unit in some if unit["chance"] > limit and unit["distance"] <= CERTAIN * unit["chance"]]
    compared = [{name: unit[name] for name in NAMES[:3] if name in unit} for unit in some if unit not in few]
    left_out, told = (sorted({unit["column"] for unit in part}) for part in ((u for u in units if u not in some), few))
    apart = {"not_comparable": left_out, **({"too_few": told} if told else {})}
    if not compared:
        why = f"the rows are too few to tell by {measure} what moved" if told else ""
        return Counts(0, 0, apart, nothing=why or f"no column can be compared by {measure}")
    moved = sorted((u for u in compared if u["distance"] > limit), key=lambda u: (-u["distance"], u["column"]))
    observed = {
        "value": max(unit["distance"] for unit in compared),
        "columns": {name: dict(_by_split(compared, name)) for name in dict.fromkeys(u["column"] for u in compared)},
        **apart,
    }
    notes = (("not comparable", left_out), ("too few rows", told))
    note = "; ".join(f"{what}: {', '.join(names[:5])}" for what, names in notes if names)
    return Counts(len(compared), len(moved), observed, tuple(moved), note=note)


def _by_split(units: Sequence[Figure], name: str) -> Iterator[tuple[str, float]]:
    yield from ((unit.get("split", "all"), unit["distance"]) for unit in units if unit["column"] == name)


KWARGS = (
    Kwarg("columns", "columns", "columns to compare; by default all that can be, but keys"),
    Kwarg("measure", "choice", "psi, js (bits), ks, or wasserstein (in standard deviations)", "psi", tuple(MEASURES)),
    Kwarg("max_value", "amount", "greatest distance; by default psi 0.2, js 0.05, ks 0.1, wasserstein 0.1"),
)
SOURCE = (
    "Siddiqi 2006, Credit Risk Scorecards (population stability index); Lin 1991 (Jensen-Shannon); Massey 1951 "
    "(Kolmogorov-Smirnov); Rubner et al. 2000 (earth mover's distance). Numbers and times over the bins of the "
    "profiles, categories over the values that both list, texts and lists over their lengths, each with the share of "
    "rows without a value. A distance that chance gives where nothing moved, of so few rows, is none (Yurdakul 2018, "
    "doi:10.2139/ssrn.3311465), unless it is three times as large"
)
SPECS = (
    Spec(
        ExpectationForm(
            SINCE,
            "No column is distributed otherwise than in the release before.",
            KWARGS,
        ),
        _since,
        unit="columns that both releases hold and that can be compared; unexpected: those that moved further",
        source=SOURCE,
    ),
    Spec(
        ExpectationForm(
            "expect_no_drift_between_splits",
            "No column of a later split is distributed otherwise than in the first.",
            (*KWARGS, Kwarg("splits", "names", "splits that are looked at; all by default")),
        ),
        _between,
        unit="(column, split) for each split but the first; unexpected: those further from the first than allowed",
        source=SOURCE,
    ),
)
