"""The defects that a gate should catch, each planted in a copy of the data as it is written.

A defect takes a `Draft` and changes it, or raises `NotApplicableError` with the reason. What
it plants is a twentieth of the rows it may touch, three at least, always the first ones in
the order of file and row, so that a second run plants the same. Each kind names the checks
that are able to see it: that others fail too on the changed copy says nothing of the gate.

>>> [defect.name for defect in DEFECTS][:3]
['leak-exact', 'leak-normalised', 'leak-near']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.mending.draft import Draft, NotApplicableError, Place
from registry.model.evidence import Check
from registry.model.schema import Column
from registry.tables.images import IMAGE

HEADER = 16  # bytes that are left of a broken picture
PLANTED = "010-1234-5678"
APART = ("split", "label", "key", "group", "image")  # roles of columns that other defects are about


@dataclass(frozen=True, slots=True)
class Defect:
    """A kind of defect: its name, what it is, how it is planted (giving how many rows or units were), what sees it.

    `seen_by` are types of expectations and ids of the built-in checks.
    """

    name: str
    what: str
    plant: Callable[[Draft], int]
    seen_by: frozenset[str]

    def is_seen_by(self, check: Check) -> bool:
        """Whether the check is one that is able to see the defect."""
        return check.id in self.seen_by or check.type in self.seen_by


def _leak_exact(draft: Draft) -> int:
    rows = _leaking(draft)
    return draft.copy(rows, draft.splits[-1])


def _leak_normalised(draft: Draft) -> int:
    return _leak_changed(draft, draft.subject.disguised)


def _leak_near(draft: Draft) -> int:
    return _leak_changed(draft, draft.subject.nudged)


def _leak_changed(draft: Draft, change: Callable[[Any], Any]) -> int:
    column, most = draft.subject.column, _some(draft)
    changed: dict[Place, Any] = {}
    for place in _leaking(draft, everything=True):
        value = change(draft.value(column, place))
        if value is not None:
            changed[place] = value
        if len(changed) == most:
            break
    if not changed:
        raise NotApplicableError(f"no row of {draft.splits[0]} has {draft.subject.needs}")
    return draft.copy(list(changed), draft.splits[-1], {column: list(changed.values())})


def _duplicate(draft: Draft) -> int:
    return draft.copy(draft.rows(draft.splits[0])[: _some(draft, draft.splits[0])], draft.splits[0])


def _conflict(draft: Draft) -> int:
    label, classes = _label(draft)
    rows = [place for place in draft.rows(draft.splits[0]) if draft.value(label.name, place) is not None]
    chosen = rows[: _some(draft, draft.splits[0])]
    others = [_next(classes, draft.value(label.name, place)) for place in chosen]
    return draft.copy(chosen, draft.splits[0], {label.name: others})


def _imbalance(draft: Draft) -> int:
    label, classes = _label(draft)
    gone: list[Place] = []
    for split in draft.splits:
        of_class = [place for place in draft.rows(split) if draft.value(label.name, place) == classes[-1]]
        others = len(draft.rows(split)) - len(of_class)
        gone += of_class[max(1, others // 1000) :]
    if not gone:
        raise NotApplicableError(f"`{classes[-1]}` is as rare as can be already")
    return draft.remove(gone)


def _drift_type(draft: Draft) -> int:
    plain = [column for column in draft.schema.columns if column.role not in APART]
    numbers = [column for column in plain if column.type.startswith(("int", "uint", "float", "double", "bool"))]
    if numbers:
        return draft.set(numbers[0].name, _drifting(draft), "열두")
    texts = [column for column in plain if column.type == "string"]
    if not draft.typed or not texts:
        raise NotApplicableError("no column holds numbers, and whatever is written here can be read as text")
    return draft.set(texts[0].name, _drifting(draft), 12)


def _drifting(draft: Draft) -> list[Place]:
    """The rows of the last split; in a format that gives a column one type a file, all rows of its files."""
    rows = draft.rows(draft.splits[-1])
    if not draft.one_type_a_file:
        return rows
    parts = {place.part for place in rows}
    return [place for split in draft.splits for place in draft.rows(split) if place.part in parts]


def _drift_column(draft: Draft) -> int:
    if draft.schema.open:
        raise NotApplicableError("the schema is open: it admits columns that it does not declare")
    return draft.set("planted_column", [place for split in draft.splits for place in draft.rows(split)], "x")


def _null(draft: Draft) -> int:
    required = [c for c in draft.schema.columns if (c.required or c.primary_key) and c.role not in ("split", "image")]
    if not required:
        raise NotApplicableError("the schema requires no column")
    column = next((column for column in required if not column.primary_key), required[0])
    return draft.set(column.name, draft.rows(draft.splits[0])[: _some(draft)], None)


def _broken_picture(draft: Draft) -> int:
    if not draft.pictured:
        raise NotApplicableError("the data has no pictures")
    rows = draft.rows(draft.splits[-1])[: _some(draft)]
    return draft.set_each(IMAGE, rows, [draft.value(IMAGE, place)[:HEADER] for place in rows])


def _shifted_label(draft: Draft) -> int:
    label, _ = _label(draft)
    changed = 0
    for split in draft.splits:
        rows = draft.rows(split)
        labels = [draft.value(label.name, place) for place in rows]
        changed += sum(a != b for a, b in zip(labels, labels[1:] + labels[:1], strict=True))
        draft.set_each(label.name, rows, labels[1:] + labels[:1])
    return changed


def _out_of_range(draft: Draft) -> int:
    for column in draft.schema.columns:
        value = _outside(column)
        if value is not None and column.role != "split" and not column.primary_key:
            return draft.set(column.name, draft.rows(draft.splits[0])[: _some(draft)], value)
    raise NotApplicableError("the schema declares no range, classes or enum of a column")


def _outside(column: Column) -> Any:
    if column.type.startswith(("int", "double", "float")):
        for limit, step in ((column.maximum, 1), (column.minimum, -1)):
            if isinstance(limit, (int, float)):
                return limit + step
    if (column.classes or column.enum) and column.type == "string":
        return "planted-value"
    return None


def _personal(draft: Draft) -> int:
    """A telephone number that nobody has, behind the texts of some rows."""
    texts = [column for column in draft.schema.columns if column.type == "string" and column.role not in APART]
    texts.sort(key=lambda column: column.role != "text")
    if not texts:
        raise NotApplicableError("no column holds texts that are no labels, keys or groups")
    name = texts[0].name
    rows = [place for place in draft.rows(draft.splits[0]) if isinstance(draft.value(name, place), str)]
    chosen = rows[: _some(draft)]
    return draft.set_each(name, chosen, [f"{draft.value(name, place)} {PLANTED}" for place in chosen])


def _leaking(draft: Draft, *, everything: bool = False) -> Sequence[Place]:
    """Rows of the first split that are copied to the last one."""
    if len(draft.splits) < 2:
        raise NotApplicableError(f"the data has one split only ({', '.join(draft.splits)})")
    rows = draft.rows(draft.splits[0])
    return rows if everything else rows[: _some(draft)]


def _some(draft: Draft, split: str | None = None) -> int:
    """A twentieth of a split's rows (by default of the last split's), three at least."""
    return max(3, len(draft.rows(split or draft.splits[-1])) // 20)


def _label(draft: Draft) -> tuple[Column, list[Any]]:
    """The label column and its classes as they occur, the rarest last."""
    label = draft.schema.column_of_role("label")
    if label is None or not draft.has(label.name):
        raise NotApplicableError("no column has the role label")
    counts: dict[Any, int] = {}
    for place in (place for split in draft.splits for place in draft.rows(split)):
        value = draft.value(label.name, place)
        if isinstance(value, (str, int)):
            counts[value] = counts.get(value, 0) + 1
    if len(counts) < 2:
        raise NotApplicableError(f"`{label.name}` has fewer than two classes")
    return label, sorted(counts, key=lambda value: (-counts[value], str(value)))


def _next(classes: list[Any], value: Any) -> Any:
    return classes[(classes.index(value) + 1) % len(classes)] if value in classes else classes[0]


LEAKS = frozenset(
    {
        "expect_splits_to_be_disjoint",
        "expect_splits_to_have_no_near_duplicates",
        "expect_groups_not_to_cross_splits",
        "expect_splits_to_follow_time",
    }
)
REPEATS = frozenset(
    {
        "expect_rows_to_be_unique",
        "expect_no_near_duplicates",
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
        "expect_column_proportion_of_unique_values_to_be_between",
    }
)
CONFLICTS = frozenset({"expect_duplicates_to_agree_on_label"})
BALANCES = frozenset(
    {
        "expect_class_balance_to_be_at_least",
        "expect_counts_to_meet_targets",
        "expect_split_class_distributions_to_match",
        "expect_shares_to_overlap",
    }
)
PERSONAL = frozenset({"expect_no_personal_data"})
UNREAD = frozenset({"data:readable"})
TYPES = UNREAD | {"schema:types"}
COLUMNS = UNREAD | {
    "schema:columns",
    "schema:files",
    "expect_table_columns_to_match_set",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_column_count_to_equal",
    "expect_table_column_count_to_be_between",
}
NULLS = UNREAD | {"expect_column_values_to_not_be_null", "expect_column_proportion_of_non_null_values_to_be_between"}
VALUES = frozenset(
    {
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_be_between",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_not_match_regex",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_min_to_be_between",
        "expect_column_max_to_be_between",
    }
)

DEFECTS = (
    Defect("leak-exact", "rows of the first split also in the last", _leak_exact, LEAKS),
    Defect(
        "leak-normalised", "the same in full-width letters with spaces; pictures encoded anew", _leak_normalised, LEAKS
    ),
    Defect("leak-near", "the same with two characters more; pictures smaller, darker, with losses", _leak_near, LEAKS),
    Defect("duplicate", "rows twice in the first split", _duplicate, REPEATS),
    Defect("label-conflict", "rows twice in the first split, with another label", _conflict, CONFLICTS),
    Defect("imbalance", "the rarest class all but gone from every split", _imbalance, BALANCES),
    Defect("type-drift", "a column of another type in the last split", _drift_type, TYPES),
    Defect("extra-column", "a column that the schema does not declare", _drift_column, COLUMNS),
    Defect("broken-picture", "pictures of which only the first bytes are there", _broken_picture, UNREAD),
    Defect("null", "nulls in a required column", _null, NULLS),
    Defect("shifted-label", "every label one row too early", _shifted_label, CONFLICTS | VALUES),
    Defect("out-of-range", "values outside of the declared range or classes", _out_of_range, UNREAD | VALUES),
    Defect("personal-data", "telephone numbers within texts", _personal, PERSONAL),
)
