"""What the schema of a branch switches off: roles of columns, and globs that place files in splits.

The schema is the contract of the data and changes with it. But checks find their columns by roles and compare
splits, so that a role or a glob that is gone switches them off unseen. The roles of the base decide for columns
that both sides have, and its globs for the files that they place.

>>> from registry.model.schema import Column
>>> before = DatasetSchema("x", (Column("site", "string", role="group"), Column("text", "string", role="text")))
>>> now = DatasetSchema("x", (Column("site", "string"), Column("text", "string", role="text")))
>>> kept, found = with_roles(now, before)
>>> kept.column_of_role("group").name, found
('site', [('schema:role:site', '`site` has no role instead of group')])
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from registry.checks.strictness import slack
from registry.checks.suite import expectations_of
from registry.model.schema import ROLES, Column, DatasetSchema
from registry.schemas.verify import derived_suite
from registry.tables.splits import glob_matches, named_split

Found = list[tuple[str, str]]
GROWING = frozenset({"annotator", "quasi-identifier", "sensitive"})
"""Roles of which more columns ask more."""


def with_roles(now: DatasetSchema, before: DatasetSchema) -> tuple[DatasetSchema, Found]:
    """The schema `now` with the roles that decide, and which columns had others: their name in the gate, and how."""
    kept = [(role, name) for role in ROLES for name in _still(role, now, before)]
    more = [
        (role, column.name)
        for role in ROLES
        if _may_have_more(role, now, before)
        for column in now.columns_of_role(role)
    ]
    roles = {name: role for role, name in (*more, *kept)}  # what stood on the base goes before what is new
    primary = {column.name for column in before.columns if column.primary_key}
    keyed = bool(primary or before.columns_of_role("key")) and {*before.keys} <= {column.name for column in now.columns}
    columns, found = [], []
    for column in now.columns:
        is_primary = column.name in primary if keyed else column.primary_key
        decided = replace(column, role=roles.get(column.name), primary_key=is_primary)
        columns.append(decided)
        if decided != column:
            found.append((f"schema:role:{column.name}", f"`{column.name}` {_told(column)} instead of {_role(decided)}"))
    for role in ROLES:
        ours, theirs = _still(role, now, before), [column.name for column in columns if column.role == role]
        if [name for name in theirs if name in ours] != ours:  # the first of a role is the one that is looked at
            columns.sort(key=lambda column: _rank(column.name, before))
            found.append((f"schema:role:{role}", f"the columns of role {role} stand in another order"))
    by_column = bool(_still("split", now, before)) and not before.splits
    if by_column and now.splits:
        found.append(("schema:splits", "globs place files in splits, instead of a column"))
    return replace(now, columns=tuple(columns), splits={} if by_column else now.splits), found


def with_merged(now: DatasetSchema, before: DatasetSchema) -> tuple[DatasetSchema, Found]:
    """The schema `now` with the columns that tell rows apart: one of noise would make every copy a row of its own.

    They are those of the base, where others come or are let in undeclared. Where columns are gone as well, one may
    be another's new name, and what to compare without is not known; nor is it where the base lets in any column.
    """
    old, new = ({column.name: column for column in schema.columns} for schema in (before, now))
    come = tuple(name for name in new if name not in old)
    left = [name for name in old if name not in new]
    if not left:
        return replace(now, merged=tuple(old) if (come or now.open) and not before.open else ()), []
    if not come:
        return now, []
    names = (", ".join(f"`{name}`" for name in some) for some in (come, left))
    return now, [("schema:columns:new", "rows are told apart by {} instead of {}".format(*names))]


def _rank(name: str, before: DatasetSchema) -> int:
    """Where a column stands on the base; behind all of them where it is new."""
    return next((at for at, column in enumerate(before.columns) if column.name == name), len(before.columns))


def _still(role: str, now: DatasetSchema, before: DatasetSchema) -> list[str]:
    """The columns that the base gives `role`, as far as there are such today."""
    return [column.name for column in before.columns_of_role(role) if now.column(column.name)]


def _may_have_more(role: str, now: DatasetSchema, before: DatasetSchema) -> bool:
    """Whether columns may take `role` that do not have it on the base.

    A second column of a role changes what is looked at, and the first text leaves everything else out.
    """
    if role == "text" and not before.columns_of_role(role):
        return False
    return role in GROWING or not _still(role, now, before)


def _told(column: Column) -> str:
    role = _role(column)
    return f"is {role}" if role != "no role" else "has no role"


def _role(column: Column) -> str:
    return (
        " and ".join([*([column.role] if column.role else []), *(["primary key"] if column.primary_key else [])])
        or "no role"
    )


def asked_no_more(now: DatasetSchema, before: DatasetSchema) -> Found:
    """The checks that the schema of the base implies and this one does not, or laxer; the schema's they stay.

    Those of columns that are gone are not among them.
    """
    names = {column.name for column in now.columns}
    implied = {one.check_id: one for one in expectations_of(derived_suite(now), "")}
    found = []
    for one in expectations_of(derived_suite(before), ""):
        new = implied.get(one.check_id)
        if new is None and names.issuperset(one.columns()):
            found.append((one.check_id, f"{one.check_id} is asked no more"))
        elif new is not None and (less := slack(new, one)):
            found.append((one.check_id, f"{one.check_id}: {'; '.join(less)}"))
    return found + ([("schema:columns", "undeclared columns are let in")] if now.open and not before.open else [])


@dataclass(frozen=True, slots=True)
class Placed:
    """The schema by which files are placed in splits; which files the branch moved, and whether that stands.

    `moved` are (path, split of the base, split of the branch or nothing); where they stay `moved` although the
    base's globs would place them elsewhere, the two cannot be compared.
    """

    schema: DatasetSchema
    moved: tuple[tuple[str, str, str], ...] = ()
    comparable: bool = True


def placed(now: DatasetSchema, before: DatasetSchema, paths: Iterable[str]) -> Placed:
    """By which globs the files at `paths` are placed: the branch's, unless they move a file that the base's place.

    Then it is the base's, where they fit all that is there.
    """
    pairs = [(path, _place(path, before), _place(path, now)) for path in paths]
    moved = tuple((path, old, new or "") for path, old, new in pairs if old and old != new)
    if not moved:
        return Placed(now)
    fitting = all(old for _, old, new in pairs if new) and {*before.splits} <= {old for _, old, _ in pairs}
    if not fitting:
        return Placed(now, moved, comparable=False)
    columns = tuple(replace(column, role=None) if column.role == "split" else column for column in now.columns)
    return Placed(replace(now, splits=before.splits, columns=columns), moved)


def _place(path: str, schema: DatasetSchema) -> str | None:
    """The split of a file by globs, or by its name where there are none; None where neither says one."""
    if not schema.splits:
        return named_split(path)
    found = [split for split, pattern in schema.splits.items() if glob_matches(pattern, path)]
    return found[0] if len(found) == 1 else None
