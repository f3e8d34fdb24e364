"""k-anonymity, l-diversity, t-closeness: whether declared quasi-identifiers single people out, or tell of them.

>>> [spec.form.names[-1] for spec in SPECS]
['k', 'l', 't']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from registry.checks.closeness import ClosenessRequest, groups_by_category
from registry.checks.core import ExpectationForm
from registry.checks.kwargs import REQUIRED, Kwarg
from registry.checks.numbers import rounded
from registry.checks.specs import Counts, Facts, Measure, Spec, Unmeasured, value_sql
from registry.checks.sql import PlanError, is_number, is_text, type_of
from registry.model.digest import sha256_of
from registry.model.evidence import MAX_SAMPLES
from registry.tables.duck import quote_text
from registry.tables.engine import PLACE
from registry.tables.keys import TableRequest
from registry.tables.table import FILE, ROW

FILES = 10**12  # rows of a file are fewer
SLACK = 1e-12  # of a distance beyond its limit that is rounding


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by their quasi-identifiers `q0` …: where they stand, and the condition that a row has any of them."""

    columns: tuple[str, ...]
    source: str
    present: str

    @classmethod
    def of(cls, columns: Sequence[str], facts: Facts, further: str = "") -> Groups:
        """The groups of the data; `further` are columns to carry along."""
        kinds = [type_of(facts.columns, name) for name in columns]
        keys = [f"q{at}" for at in range(len(columns))]
        values = [f"{_value(*pair)} AS {key}" for key, *pair in zip(keys, columns, kinds, strict=True)]
        spot = f"{PLACE} * {FILES} + {ROW} AS spot, {FILE}, {ROW}"
        source = f"(SELECT {', '.join([*values, *filter(None, [further]), spot])} FROM data)"  # noqa: S608 (quoted)
        return cls(tuple(columns), source, f"({' OR '.join(f'{key} IS NOT NULL' for key in keys)})")

    @property
    def keys(self) -> str:
        """The columns that rows are grouped by."""
        return ", ".join(f"q{at}" for at in range(len(self.columns)))


def _value(name: str, kind: str) -> str:
    """A value, null where it is missing: an empty text is none."""
    return f"nullif({value_sql(name, kind)}, '')" if is_text(kind) else value_sql(name, kind)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is asked of every group: the name of its `score`, the limit, and which groups are beyond it, worst first."""

    score: str
    limit: float
    beyond: str
    worst: str


def _quasi(kwargs: Mapping[str, Any], facts: Facts) -> tuple[str, ...] | Unmeasured:
    declared = [column.name for column in facts.schema.columns_of_role("quasi-identifier")]
    found = tuple(kwargs.get("quasi_identifiers") or declared)
    if not found:
        return Unmeasured("no column has the role quasi-identifier: declare them, or name `quasi_identifiers`")
    return found


def _anonymous(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Rows of each combination of quasi-identifiers: fewer than k, and those people can be singled out."""
    columns = _quasi(kwargs, facts)
    if isinstance(columns, Unmeasured):
        return columns
    groups, least = Groups.of(columns, facts), kwargs["k"]
    grouped = f"""SELECT count(*) AS n, min(spot) AS spot, count(*) AS score, '' AS sensitive
FROM {groups.source} AS source WHERE {groups.present} GROUP BY {groups.keys}"""  # noqa: S608 (all parts are quoted)
    judged = Judged("k", least, f"score < {least}", "score")
    few = f"""SELECT {FILE}, {ROW}, count(*) OVER (PARTITION BY {groups.keys}) AS n
FROM {groups.source} AS source WHERE {groups.present}"""  # noqa: S608 (all parts are quoted)
    return Measure(
        columns=columns,
        count_sql=_count_sql([grouped], judged, _left_out(groups.source, f"NOT {groups.present}")),
        reduce=partial(_reduce, judged=judged, paths=facts.paths),
        what=f"rows are of a group of equal {', '.join(columns)} that is too small",
        threshold={"k": least},
        rows_sql=f"SELECT {FILE}, {ROW} FROM ({few}) AS few WHERE n < {least}",  # noqa: S608 (all parts are quoted)
        hint="write the quasi-identifiers in coarser steps (years for days, regions for places), or drop those rows",
        witness="",
    )


def _diverse(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Different sensitive values of each combination: fewer than l, and belonging to it tells them."""
    found = _columns(kwargs, facts)
    if isinstance(found, Unmeasured):
        return found
    columns, sensitive = found
    least = kwargs["l"]
    parts = [_sensitive(columns, name, facts) for name in sensitive]
    grouped = [
        f"SELECT count(*) AS n, min(spot) AS spot, count(DISTINCT s) AS score, {quote_text(name)} AS sensitive "  # noqa: S608
        f"FROM {part.source} AS source WHERE {part.present} AND s IS NOT NULL GROUP BY {part.keys}"
        for name, part in zip(sensitive, parts, strict=True)
    ]
    judged = Judged("l", least, f"score < {least}", "score")
    what = f"rows are of a group with fewer than {least} values of {', '.join(sensitive)}"
    return _told(columns, sensitive, parts, grouped, judged, what, facts)


def _close(kwargs: Mapping[str, Any], facts: Facts) -> Measure | Unmeasured:
    """Distance of the sensitive values of each combination from those of all rows: beyond t, and it tells of them."""
    found = _columns(kwargs, facts)
    if isinstance(found, Unmeasured):
        return found
    columns, sensitive = found
    most = kwargs["t"]
    parts = [_sensitive(columns, name, facts) for name in sensitive]
    grouped, keys = [], []
    for name, part in zip(sensitive, parts, strict=True):
        rows = f"SELECT {part.keys}, s, spot FROM {part.source} AS source WHERE {part.present} AND s IS NOT NULL"  # noqa: S608
        if is_number(type_of(facts.columns, name)):
            keys.append(ClosenessRequest(rows, part.keys, name))
            grouped.append(f"SELECT n, spot, score, {quote_text(name)} AS sensitive FROM {keys[-1].name}")  # noqa: S608
        else:
            by_category = groups_by_category(rows, part.keys)
            grouped.append(f"SELECT n, spot, score, {quote_text(name)} AS sensitive FROM ({by_category}) AS groups")  # noqa: S608
    judged = Judged("t", most, f"score > {most + SLACK!r}", "-score")
    what = f"rows are of a group whose {', '.join(sensitive)} are distributed otherwise than in the whole"
    return _told(columns, sensitive, parts, grouped, judged, what, facts, tuple(keys))


def _columns(kwargs: Mapping[str, Any], facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]] | Unmeasured:
    columns = _quasi(kwargs, facts)
    given = kwargs.get("sensitive")
    declared = tuple(column.name for column in facts.schema.columns_of_role("sensitive"))
    sensitive = (given,) if isinstance(given, str) else tuple(given or declared)
    if isinstance(columns, Unmeasured):
        return columns
    if not sensitive:
        return Unmeasured("no column has the role sensitive: declare it, or name `sensitive`")
    both = next((name for name in sensitive if name in columns), None)
    if both:
        raise PlanError(f"`{both}` is quasi-identifier and sensitive at once", hint="name it as one of them")
    return columns, sensitive


def _sensitive(columns: Sequence[str], name: str, facts: Facts) -> Groups:
    return Groups.of(columns, facts, f"{_value(name, type_of(facts.columns, name))} AS s")


def _left_out(source: str, condition: str) -> str:
    return f"(SELECT count(*) FILTER ({condition}) FROM {source} AS source)"  # noqa: S608 (all parts are quoted)


def _told(
    columns: tuple[str, ...], sensitive: tuple[str, ...], parts: Sequence[Groups], grouped: Sequence[str],
    judged: Judged, what: str, facts: Facts, keys: tuple[TableRequest, ...] = (),
) -> Measure:  # fmt: skip
    empty = " + ".join(_left_out(part.source, f"NOT {part.present} OR s IS NULL") for part in parts)
    return Measure(
        columns=(*columns, *sensitive),
        count_sql=_count_sql(grouped, judged, empty),
        reduce=partial(_reduce, judged=judged, paths=facts.paths),
        what=what,
        threshold={judged.score: judged.limit},
        keys=keys,
        hint="write the quasi-identifiers in coarser steps, so that groups are larger, or leave the column out",
        witness="",
    )


def _count_sql(grouped: Sequence[str], judged: Judged, empty: str) -> str:
    """One row of figures, beside each of the worst groups: its rows, the first of them, its score."""
    return f"""WITH grouped AS (
{" UNION ALL ".join(grouped)}
), sums AS (
  SELECT coalesce(sum(n), 0) AS total, count(*) AS groups, min(score) AS least, max(score) AS most,
    coalesce(sum(n) FILTER ({judged.beyond}), 0) AS unexpected, count(*) FILTER ({judged.beyond}) AS beyond,
    {empty} AS empty
  FROM grouped
), worst AS (
  SELECT n, spot, score, sensitive FROM grouped WHERE {judged.beyond}
  ORDER BY {judged.worst}, n, spot LIMIT {MAX_SAMPLES}
)
SELECT sums.*, n, spot, score, sensitive FROM sums LEFT JOIN worst ON TRUE ORDER BY {judged.worst}, n, spot"""  # noqa: S608


def _reduce(rows: Sequence[Mapping[str, Any]], *, judged: Judged, paths: Sequence[str]) -> Counts:
    sums = rows[0]
    figure = sums["most"] if judged.score == "t" else sums["least"]
    names = {"groups": "groups", "beyond": "groups_beyond", "empty": "empty"}
    observed = {told: int(sums[name]) for name, told in names.items()}
    if figure is not None:
        observed = {judged.score: _plain(figure), **observed}
    samples = tuple(_sample(row, judged, paths) for row in rows if row["spot"] is not None)
    return Counts(int(sums["total"]), int(sums["unexpected"]), observed, samples)


def _plain(score: Any) -> Any:
    return rounded(float(score)) if isinstance(score, float) else int(score)


def _sample(row: Mapping[str, Any], judged: Judged, paths: Sequence[str]) -> dict[str, Any]:
    """A group by a digest of its first row's name (`<path>#<row>`): who has the data finds it, nobody else."""
    file, number = divmod(int(row["spot"]), FILES)
    group = sha256_of(f"{paths[file - 1]}#{number}".encode())[:16]
    of = {"sensitive": row["sensitive"]} if row["sensitive"] else {}
    return {"group": group, "rows": int(row["n"]), **of, judged.score: _plain(row["score"])}


QUASI = Kwarg("quasi_identifiers", "columns", "by default the columns of role quasi-identifier")
SENSITIVE = Kwarg("sensitive", "some columns", "by default the columns of role sensitive")
_UNIT = (
    "Groups are rows of equal quasi-identifiers in all splits together; a missing value equals a missing one, and rows "
    "without any are left out. Groups are told by a digest of the name of their first row, never by values"
)
_BESIDE = "rows with a sensitive value, of each sensitive column; a missing one is no value"

SPECS = (
    Spec(
        ExpectationForm(
            "expect_k_anonymity_at_least",
            "Every combination of quasi-identifiers is that of k rows or more.",
            (QUASI, Kwarg("k", "whole", "least rows of a group", REQUIRED)),
        ),
        _anonymous,
        unit=f"rows with a quasi-identifier; unexpected: those of groups smaller than k. {_UNIT}",
        source="Sweeney 2002, k-anonymity: a model for protecting privacy (doi:10.1142/S0218488502001648)",
    ),
    Spec(
        ExpectationForm(
            "expect_l_diversity_at_least",
            "Every combination of quasi-identifiers goes with l different sensitive values or more.",
            (QUASI, SENSITIVE, Kwarg("l", "whole", "least different values of a group", REQUIRED)),
        ),
        _diverse,
        unit=f"{_BESIDE}; unexpected: those of groups with fewer than l different ones (distinct l-diversity). {_UNIT}",
        source="Machanavajjhala et al. 2007, l-diversity: privacy beyond k-anonymity (doi:10.1145/1217299.1217302)",
    ),
    Spec(
        ExpectationForm(
            "expect_t_closeness_at_most",
            "In every combination of quasi-identifiers sensitive values are distributed nearly as in the whole.",
            (QUASI, SENSITIVE, Kwarg("t", "share", "greatest distance of a group from the whole", REQUIRED)),
        ),
        _close,
        unit=f"{_BESIDE}; unexpected: those of groups farther than t: earth mover's distance, of numbers in the order "
        f"of the values that occur, of other values with equal distances. {_UNIT}",
        source="Li et al. 2007, t-closeness: privacy beyond k-anonymity and l-diversity (doi:10.1109/ICDE.2007.367856)",
    ),
)
