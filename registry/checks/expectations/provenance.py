"""Where rows come from: the share that a machine made, and how many times over.

A model trained on what models wrote learns their mistakes again, the more with each generation
(model collapse), and a held-out split of such rows measures agreement with a model, not with use.

>>> SPECS[0].form.kwarg("max_held_out").default
0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from registry.checks.core import ExpectationForm
from registry.checks.expectations.leakage import SPLITS
from registry.checks.kwargs import REQUIRED, Kwarg
from registry.checks.numbers import percent
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import INTEGERS, PlanError, literals, missing, one_of, type_of
from registry.tables.duck import quote_ident
from registry.tables.table import SPLIT

Rows = Sequence[Mapping[str, Any]]


def _synthetic(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of each split whose provenance is one of `synthetic_values`, over those that say where they are from.

    With `generation_column` also the deepest generation: 0 for what people made, 1 for what a model
    made of it, 2 for what a model made of that; whatever it says that people did not make is synthetic. Rows that
    do not say where they are from prove nothing: where their share could be the limit's undoing, nothing is measured.
    """
    column = facts.role("provenance", kwargs.get("column"))
    if not column:
        return Unmeasured("no column has the role provenance: declare it, or name `column`")
    splits = facts.chosen(kwargs.get("splits"))
    if absent := [name for name in kwargs.get("splits") or () if name not in splits]:
        return Unmeasured(f"the data has no split {', '.join(absent)}; it has {', '.join(facts.splits)}")
    held_out = kwargs["max_held_out"]
    limits = {split: held_out if split in facts.splits[1:] else kwargs["max_share"] for split in splits}
    depth = kwargs.get("generation_column")
    deepest = kwargs.get("max_generation")
    if deepest is not None and not depth:
        raise PlanError("`max_generation` needs a `generation_column`")
    values = kwargs["synthetic_values"]
    threshold = {"max_share": kwargs["max_share"], "max_held_out": held_out}
    return Measure(
        columns=(column, *filter(None, [depth])),
        count_sql=_count_sql(column, values, depth, facts),
        reduce=partial(_judge, column=column, values=values, limits=limits, deepest=deepest),
        what="splits hold more synthetic rows than allowed",
        threshold={**threshold, **({"max_generation": deepest} if deepest is not None else {})},
        hint="move the synthetic rows to the first split or leave them out",
    )


def _count_sql(column: str, values: Sequence[Any], depth: str | None, facts: Facts) -> str:
    """Rows of each split: those that say where they are from, those a machine made, those that say each value."""
    known, kind = f"NOT {missing(facts.columns, column)}", type_of(facts.columns, column)
    options = literals(values, kind)
    made = f"{known} AND {one_of(quote_ident(column), options)}"
    least, most, unfathomed = "NULL", "NULL", "0"
    if depth:
        if type_of(facts.columns, depth) not in INTEGERS:
            raise PlanError(f"`{depth}` is of type {facts.columns[depth]}; a generation is a whole number")
        generation = quote_ident(depth)
        known = f"({known} OR {generation} IS NOT NULL)"
        unfathomed = f"count(*) FILTER (WHERE {made} AND {generation} IS NULL)"
        made = f"({made} OR coalesce({generation} > 0, FALSE))"
        least, most = f"min({generation})", f"max({generation})"
    said = (one_of(quote_ident(column), (option,)) for option in options)
    each = ", ".join(f"count(*) FILTER (WHERE {one}) AS v{at}" for at, one in enumerate(said))
    return f"""SELECT CAST({SPLIT} AS VARCHAR) AS split, count(*) AS n,
count(*) FILTER (WHERE {known}) AS known, count(*) FILTER (WHERE {made}) AS made, {unfathomed} AS unfathomed,
CAST({least} AS BIGINT) AS least, CAST({most} AS BIGINT) AS generation, {each}
FROM data GROUP BY 1 ORDER BY 1"""  # noqa: S608 (all parts are quoted)


def _judge(
    rows: Rows, *, column: str, values: Sequence[Any], limits: Mapping[str, float], deepest: int | None
) -> Counts:
    found = {str(row["split"]): row for row in rows if str(row["split"]) in limits}
    units = [_unit(split, found[split]) for split in limits if split in found and found[split]["known"]]
    unknown = sum(int(row["n"]) - int(row["known"]) for row in found.values())
    if not units:
        return Counts(0, 0, {"unknown": unknown}, nothing=f"no row says in `{column}` where it is from")
    outside = [unit for unit in units if _beyond(unit, limits[unit["split"]], deepest)]
    shares = {unit["split"]: unit["share"] for unit in units}
    observed = {"share": max(shares.values()), "splits": shares, "unknown": unknown}
    observed["synthetic"] = sum(unit["rows"] for unit in units)
    if generations := [unit["generation"] for unit in units if "generation" in unit]:
        observed["generation"] = max(generations)
    doubts = [_doubt(found[split], split, limits[split], deepest) for split in limits if split in found]
    nothing = "" if outside else next(filter(None, doubts), "")
    told = [f"{unknown:,} rows do not say where they are from"] * bool(unknown)
    told += [f"no row says `{value}`" for at, value in enumerate(values) if not any(row[f"v{at}"] for row in rows)]
    return Counts(len(units), len(outside), observed, tuple(outside), nothing, "; ".join(told))


def _unit(split: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "split": split,
        "rows": int(row["made"]),
        "share": int(row["made"]) / int(row["known"]),
        **({} if row["generation"] is None else {"generation": int(row["generation"])}),
    }


def _beyond(unit: Mapping[str, Any], limit: float, deepest: int | None) -> bool:
    too_deep = deepest is not None and unit.get("generation", 0) > deepest
    return bool(unit["share"] > limit or too_deep)


def _doubt(row: Mapping[str, Any], split: str, limit: float, deepest: int | None) -> str:
    """Why a split that is within its limit might not be, or nothing."""
    n, known, made = (int(row[name]) for name in ("n", "known", "made"))
    if (made + n - known) / n > limit:
        silent, most = f"{n - known:,} of {n:,} rows of {split}", percent((made + n - known) / n)
        return f"{silent} do not say where they are from: up to {most} of it may be synthetic"
    if row["least"] is not None and int(row["least"]) < 0:
        return f"a generation is 0 or more, and one of {split} is {int(row['least'])}"
    if deepest is not None and int(row["unfathomed"]):
        return f"{int(row['unfathomed']):,} synthetic rows of {split} do not say of which generation they are"
    return ""


SPECS = (
    Spec(
        ExpectationForm(
            "expect_synthetic_share_at_most",
            "No split holds too many rows that a machine made, a held-out split none.",
            (
                Kwarg("column", "column", "where a row says what made it; by default the one of role provenance"),
                Kwarg("synthetic_values", "set", "values that mean synthetic: `[gpt, 합성]`", REQUIRED),
                Kwarg("max_share", "share", "allowed share of the first split", REQUIRED),
                Kwarg("max_held_out", "share", "allowed share of every later split", 0),
                Kwarg("generation_column", "column", "0 for what people made, 1 for what a model made of it, 2, …"),
                Kwarg("max_generation", "count", "deepest generation that is allowed"),
                SPLITS,
            ),
        ),
        _synthetic,
        unit="splits in which any row says where it is from; unexpected: those above their limit. A row of a "
        "generation above 0 is synthetic. Where rows that do not say where they are from could break a limit, nothing "
        "is measured",
        source="Shumailov et al. 2024, AI models collapse when trained on recursively generated data "
        "(doi:10.1038/s41586-024-07566-y)",
    ),
)
