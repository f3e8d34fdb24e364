"""Annotators: how far they agree beyond chance, and whether the label is what most of them gave.

>>> SPECS[0].form.kwarg("min_value").default
0.667
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from registry.checks.coefficients import NAMES, Method
from registry.checks.core import ExpectationForm
from registry.checks.expectations.balance import value_name
from registry.checks.kwargs import Kwarg
from registry.checks.numbers import rounded
from registry.checks.ratings import AgreementRequest, Layout, disputed_sql
from registry.checks.samples import Examples, masked
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured
from registry.checks.sql import PlanError, is_number, type_of
from registry.tables.keys import canonical_sql
from registry.tables.table import FILE, ROW

ACCEPTABLE = 0.667  # below it Krippendorff concludes nothing
FEWEST = 10  # items with two ratings below which a coefficient is shown, and decides nothing
Rows = Sequence[Mapping[str, Any]]


def layout_of(kwargs: Mapping[str, Any], facts: Facts) -> Layout | Unmeasured:
    """Where the ratings stand: in columns of annotators, or in rows of item, annotator and label."""
    roles = tuple(column.name for column in facts.schema.columns_of_role("annotator") if column.name in facts.columns)
    if item := kwargs.get("item"):
        annotator = kwargs.get("annotator") or (roles[0] if len(roles) == 1 else "")
        label = facts.role("label", kwargs.get("label"))
        if not annotator or not label:
            return Unmeasured("of rows of ratings `item`, `annotator` and `label` are needed: name the columns")
        if len({item, annotator, label}) < 3:
            raise PlanError("`item`, `annotator` and `label` are three different columns", hint="mend the suite")
        layout = Layout(item=item, annotator=annotator, label=label)
    else:
        layout = Layout(annotators=tuple(kwargs.get("annotators") or roles))
        if len(layout.annotators) < 2:
            have = f"only `{layout.annotators[0]}`" if layout.annotators else "none"
            return Unmeasured(
                f"two columns of annotators are needed, and there is {have}: declare the role annotator, name "
                "`annotators`, or, of rows of ratings, `item`, `annotator` and `label`"
            )
    kinds = {name: is_number(type_of(facts.columns, name)) for name in layout.columns}
    if len({kinds[name] for name in layout.values}) > 1:
        return Unmeasured("some annotators gave numbers and others texts: what is compared must be of one kind")
    return layout


def _agreement(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """A coefficient over all items of two ratings or more; see `registry.checks.agreement`."""
    layout = layout_of(kwargs, facts)
    if isinstance(layout, Unmeasured):
        return layout
    method = _method(kwargs, layout, facts)
    if isinstance(method, Unmeasured):
        return method
    request = AgreementRequest(layout, method)
    least = kwargs.get("min_value", ACCEPTABLE)
    scales: Mapping[str, Mapping[str, Any]] = {
        "krippendorff": {"level": method.level},
        "cohen": {"weights": method.weights},
        "fleiss": {},
    }
    named = (layout.item,) if layout.item else ()
    return Measure(
        columns=layout.columns,
        count_sql=f"SELECT * FROM {request.name} WHERE part <> 'disputed'",  # noqa: S608 (a digest)
        reduce=partial(_judge, least=least, shown=not layout.item),
        what=f"coefficients ({NAMES[method.metric]}) are too low",
        threshold={"metric": method.metric, **scales[method.metric], "min_value": least},
        keys=(request,),
        hint="make the guideline clearer where classes are confused, rate disputed items again, or lower `min_value`",
        examples=Examples(disputed_sql(request.name), ("ratings",), named, values=not named),  # a row is one rating
    )


def _method(kwargs: Mapping[str, Any], layout: Layout, facts: Facts) -> Method | Unmeasured:
    metric, level, weights = kwargs.get("metric"), kwargs.get("level"), kwargs.get("weights")
    if level not in (None, "nominal") and metric not in (None, "krippendorff"):
        return Unmeasured(f"`level` is of krippendorff: {metric} takes none")
    if weights not in (None, "none") and metric != "cohen":
        return Unmeasured(f"`weights` are of cohen: {metric or 'krippendorff'} takes none")
    numbers = is_number(type_of(facts.columns, layout.values[0]))
    if level in ("interval", "ratio") and not numbers:
        return Unmeasured(f"the level {level} needs numbers, and `{layout.values[0]}` holds texts")
    order = () if numbers else _order(layout, facts)
    return Method(
        metric or "krippendorff",
        level or "nominal",
        weights or "none",
        order,
        numbers=numbers,
        seed=kwargs.get("seed", 0),
    )


def _order(layout: Layout, facts: Facts) -> tuple[str, ...]:
    """The declared classes of the ratings, else those of the label."""
    label = facts.schema.column_of_role("label")
    declared = [facts.schema.column(name) for name in layout.values] + [label]
    classes = next((column.classes for column in declared if column and column.classes), ())
    return tuple(value_name(name) for name in classes)


def _judge(rows: Rows, *, least: float, shown: bool) -> Counts:
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    people = sorted(parts.get("annotator", ()), key=lambda row: str(row["name"]))
    names = {row["name"]: row["name"] if shown else f"{at}: {masked(row['name'])}" for at, row in enumerate(people, 1)}
    observed: dict[str, Any] = {name: int(parts[name][0]["n"]) for name in ("people", "alone", "repeated")}
    observed["annotators"] = {
        names[row["name"]]: {"ratings": int(row["n"]), "agreement": row["value"]} for row in people
    }
    if "nothing" in parts:
        return Counts(0, 0, observed, nothing=parts["nothing"][0]["name"])
    (found,) = parts["coefficient"]
    value = rounded(found["value"])
    observed |= {"value": value, "low": found["low"], "high": found["high"], "items": int(found["n"])}
    observed |= {"raw_agreement": parts["raw"][0]["value"], "ratings": int(parts["raw"][0]["n"])}
    classes = sorted(parts.get("class", ()), key=lambda row: str(row["name"]))
    observed["classes"] = {
        row["name"]: {"ratings": int(row["n"]), "agreement": row["low"], "alpha": row["value"]} for row in classes
    }
    ranked = sorted(parts.get("confusion", ()), key=lambda row: (-row["n"], row["name"], row["other"]))
    observed["confusions"] = [{"classes": [row["name"], row["other"]], "pairs": int(row["n"])} for row in ranked]
    if duos := sorted(parts.get("pair", ()), key=lambda row: (row["name"], row["other"])):
        observed["pairs"] = [
            {"annotators": [names[row["name"]], names[row["other"]]], "items": int(row["n"]), "kappa": row["value"]}
            for row in duos
        ]
    if observed["items"] < FEWEST:
        why = f"items with two ratings: {observed['items']}; of fewer than {FEWEST} a coefficient says nothing"
        return Counts(0, 0, observed, nothing=why)
    strangers = [names[row["name"]] for row in people if not row["low"]]
    return Counts(1, int(value < least), observed, note=_note(observed, strangers))


def _note(observed: Mapping[str, Any], strangers: Sequence[str]) -> str:
    low, high = observed["low"], observed["high"]
    interval = f" (95% interval {low:.3f} to {high:.3f})" if low is not None else " (no interval can be told)"
    text = f"measured {observed['value']:.3f}{interval} over {observed['items']:,} items"
    if strangers:
        text += f"; no item in common with anybody: {', '.join(strangers[:5])}" + ", …" * (len(strangers) > 5)
    return text


def _following(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows whose label is not one of the ratings given most often; of a tie each is followed."""
    label = facts.role("label", kwargs.get("label"))
    if not label:
        return Unmeasured("no column has the role label: declare it, or name `label`")
    layout = layout_of({"annotators": kwargs.get("annotators")}, facts)
    if isinstance(layout, Unmeasured):
        return layout
    if is_number(type_of(facts.columns, label)) != is_number(type_of(facts.columns, layout.annotators[0])):
        return Unmeasured(f"of `{label}` and its annotators one holds numbers and the other texts")
    least = kwargs.get("min_share", 1.0)
    votes = _votes(label, layout, facts)
    return Measure(
        columns=(label, *layout.annotators),
        count_sql=f"""{votes}
SELECT count(*) FILTER (label <> '' AND most IS NOT NULL) AS total, count(*) FILTER (astray) AS unexpected,
  count(*) FILTER (label <> '' AND most IS NULL) AS unrated,
  count(*) FILTER (NOT coalesce(label <> '', FALSE)) AS unlabelled,
  count(*) FILTER (label <> '' AND tied) AS ties
FROM voted""",  # noqa: S608 (all parts are quoted)
        reduce=_followed,
        what="labels are not what most annotators gave",
        threshold={"min_share": least, "max_share": rounded(1 - least)},
        max_share=rounded(1 - least),
        rows_sql=f"{votes} SELECT {FILE}, {ROW} FROM voted WHERE astray",  # noqa: S608 (all parts are quoted)
        witness="",
        hint="look at these rows: either the label or the decision against the majority is to be written down",
    )


def _votes(label: str, layout: Layout, facts: Facts) -> str:
    """CTE `voted`: of each row its label, how often its first rating was given, if that is tied, or not the label's.

    Votes are counted by comparing the columns of one row, so that no row is shuffled.
    """
    names = [f"c{at}" for at in range(len(layout.annotators))]
    values = ", ".join(
        f"{canonical_sql(name, facts.columns[name])} AS {given}"
        for name, given in zip(layout.annotators, names, strict=True)
    )
    counts = ", ".join(f"CASE WHEN {one} <> '' THEN {_sum(one, names)} END AS n{at}" for at, one in enumerate(names))
    most = ", ".join(f"n{at}" for at in range(len(names)))
    rivals = " OR ".join(f"(n{i} = most AND n{j} = most AND c{i} <> c{j})" for j in range(len(names)) for i in range(j))
    return f"""WITH given AS (
  SELECT {canonical_sql(label, facts.columns[label])} AS label, {values}, {FILE}, {ROW} FROM data
), counted AS (
  SELECT *, {counts}, {_sum("label", names)} AS backed FROM given
), judged AS (
  SELECT *, greatest({most}) AS most FROM counted
), voted AS (
  SELECT label, most, {FILE}, {ROW}, coalesce({rivals}, FALSE) AS tied,
    coalesce(label <> '' AND backed < most, FALSE) AS astray
  FROM judged
)"""  # noqa: S608 (all parts are quoted)


def _sum(one: str, names: Sequence[str]) -> str:
    return " + ".join(f"CASE WHEN {one} = {other} THEN 1 ELSE 0 END" for other in names)


def _followed(rows: Rows) -> Counts:
    (row,) = rows
    total, unexpected = int(row["total"]), int(row["unexpected"])
    observed = {"share": 1 - unexpected / total if total else None}
    observed |= {name: int(row[name]) for name in ("ties", "unrated", "unlabelled")}
    return Counts(total, unexpected, observed)


ANNOTATORS = Kwarg("annotators", "columns", "the columns of ratings; by default those of the role annotator")
SPECS = (
    Spec(
        ExpectationForm(
            "expect_annotator_agreement_at_least",
            "Annotators agree beyond chance.",
            (
                ANNOTATORS,
                Kwarg("item", "column", "of rows of ratings: what was rated"),
                Kwarg("annotator", "column", "of rows of ratings: who rated; by default the role annotator"),
                Kwarg("label", "column", "of rows of ratings: the rating; by default the role label"),
                Kwarg("metric", "choice", "the coefficient", "krippendorff", ("krippendorff", "fleiss", "cohen")),
                Kwarg(
                    "level",
                    "choice",
                    "of krippendorff: what distance ratings have; ordinal takes the order of `classes`",
                    "nominal",
                    ("nominal", "ordinal", "interval", "ratio"),
                ),
                Kwarg("weights", "choice", "of cohen: what a distance costs", "none", ("none", "linear", "quadratic")),
                Kwarg("min_value", "coefficient", "least coefficient", ACCEPTABLE),
                Kwarg("seed", "count", "of the bootstrap", 0),
            ),
        ),
        _agreement,
        unit="the coefficient; unexpected: 1 where it is lower than allowed. With the 95% interval of 1,000 resamples "
        "of items, raw agreement, figures of each class and annotator, and the items most disputed. Null, NaN and "
        "empty are no rating; items of one rating say nothing; of an annotator's ratings of one item the first "
        "counts. `cohen` of more than two annotators is the mean over pairs (Light). Where one class alone occurs no "
        "coefficient is defined, and of fewer than ten items none says anything: the check is not measured",
        source="Krippendorff 2011, Computing Krippendorff's alpha-reliability; Fleiss 1971 (doi:10.1037/h0031619); "
        "Cohen 1960 (doi:10.1177/001316446002000104), 1968 (doi:10.1037/h0026256); Light 1971 (doi:10.1037/h0031643)",
    ),
    Spec(
        ExpectationForm(
            "expect_label_to_follow_annotators",
            "The label is what most annotators gave.",
            (
                Kwarg("label", "column", "the label; by default the role label"),
                ANNOTATORS,
                Kwarg("min_share", "share", "least share of rows that follow", 1.0),
            ),
        ),
        _following,
        unit="rows with a label and a rating; unexpected: those whose label is not among the ratings given most often. "
        "Of a tie any of the tied is followed, since somebody had to decide (`observed.ties`)",
        source="Dawid & Skene 1979 (doi:10.2307/2346806) on consensus of observers; plurality vote",
    ),
)
