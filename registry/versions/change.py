"""The facts of a change; the level that each demands stands in `registry.versions.rules`.

>>> from registry.versions.rules import load_rules
>>> before = State(DatasetSchema("x"), {"train": (10, "a"), "test": (5, "b")}, "mit")
>>> after = State(DatasetSchema("x"), {"train": (12, "c"), "test": (5, "b")}, "mit")
>>> level_of(difference(before, after, load_rules("ml", frozen=("test",))))
'minor'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from registry.model.difference import WORDS, RowChanges
from registry.model.process import Process, changes
from registry.model.release import LEVELS, ChangeFact, Level
from registry.model.schema import Column, DatasetSchema
from registry.versions.asked import Asked
from registry.versions.asked import changes as rule_changes
from registry.versions.licenses import stricter
from registry.versions.rules import Rules

RULES = 12  # rules of the gate, or classes, that are named
TOLD = 3  # labels, or pairs of them, in a fact's detail


@dataclass(frozen=True, slots=True)
class State:
    """What a version is compared by: schema, (rows, digest) of each split, licence, other digests.

    `encoding` is the digest of the bytes, `rules` that of the ruleset, `asked` what it asks, where that is
    known, `process` what people recorded.
    """

    schema: DatasetSchema
    splits: Mapping[str, tuple[int, str]]
    license: str = ""
    encoding: str = ""
    rules: str = ""
    asked: Asked = field(default_factory=dict)
    process: Process = field(default_factory=Process)


_OF_ROWS = ("split", "frozen", "column", "rows-")


def level_of(facts: Iterable[ChangeFact]) -> Level:
    """The greatest level among `facts`."""
    return max((fact.level for fact in facts), key=LEVELS.index, default="none")


def difference(before: State, after: State, rules: Rules, rows: RowChanges | None = None) -> tuple[ChangeFact, ...]:
    """All facts that tell `after` from `before`, greatest level first.

    Where `rows` were compared they tell what changed in a split; where not, its digest tells that it changed.
    """
    found = [
        *_columns(before.schema, after.schema),
        *_keys(before.schema, after.schema),
        *_splits(before, after, rules.frozen, rows),
        *_license(before.license, after.license),
        *(_fact(change.kind, detail=change.detail) for change in changes(before.process, after.process)),
    ]
    if rows is not None:
        found += [*_moved(rows), *_relabelled(rows, after.schema, rules.frozen), *_gone(rows, after.schema)]
    if not any(fact.kind.startswith(_OF_ROWS) for fact in found) and before.encoding != after.encoding:
        found.append(_fact("re-encoded", detail="the same rows in other bytes"))
    if before.rules != after.rules:
        found += _rules(before.asked, after.asked)
    facts = (replace(fact, level=rules.level(fact.kind)) for fact in found)
    return tuple(sorted(facts, key=lambda f: (-LEVELS.index(f.level), f.kind, f.split or "", f.column or "")))


def _fact(
    kind: str, *, split: str | None = None, column: str | None = None, count: int | None = None, detail: str = ""
) -> ChangeFact:
    """A fact whose level is not decided yet."""
    return ChangeFact(kind, "none", split, column, count, detail)


def _rules(before: Asked, after: Asked) -> Iterator[ChangeFact]:
    """Which rules of the gate are others; those of a state whose gate is not known are not named."""
    told = list(rule_changes(before, after)) if before and after else []
    for one in told[:RULES]:
        yield _fact("rules-changed", detail=one)
    if len(told) > RULES:
        yield _fact("rules-changed", detail=f"and {len(told) - RULES} more rules")
    if not told:
        yield _fact("rules-changed", detail="schema, suites or gate settings")


def _columns(before: DatasetSchema, after: DatasetSchema) -> Iterator[ChangeFact]:
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    for name in old.keys() - new.keys():
        yield _fact("column-removed", column=name)
    for name in new.keys() - old.keys():
        yield _fact("column-added", column=name)
    for name in old.keys() & new.keys():
        yield from _column(old[name], new[name])


def _column(old: Column, new: Column) -> Iterator[ChangeFact]:
    if old.type != new.type:
        yield _fact("column-type-changed", column=new.name, detail=f"{old.type} → {new.type}")
    if old.required and not new.required:
        yield _fact("column-became-nullable", column=new.name)
    if old.classes != new.classes and (old.classes or new.classes):
        known, wanted = set(old.classes), set(new.classes)
        gone = [_name(str(c)) for c in old.classes if c not in wanted]
        come = [_name(str(c)) for c in new.classes if c not in known]
        parts = [f"{word} {_few(names)}" for word, names in (("without", gone), ("with", come)) if names]
        yield _fact("class-set-changed", column=new.name, detail="; ".join(parts) or "another order")
    if old.role != new.role:
        yield _fact("column-role-changed", column=new.name, detail=f"{old.role} → {new.role}")


def _few(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    return ", ".join([*names[:RULES], *([f"and {len(names) - RULES:,} more"] if len(names) > RULES else [])])


def _keys(before: DatasetSchema, after: DatasetSchema) -> Iterator[ChangeFact]:
    if before.keys and before.keys != after.keys:
        yield _fact("key-changed", detail=f"{', '.join(before.keys)} → {', '.join(after.keys) or 'none'}")
    old, new = (tuple(column.name for column in schema.columns_of_role("label")) for schema in (before, after))
    if any(name not in new and after.column(name) for name in old):
        yield _fact("label-changed", detail=f"{', '.join(old)} → {', '.join(new) or 'none'}")


def _splits(before: State, after: State, frozen: frozenset[str], rows: RowChanges | None) -> Iterator[ChangeFact]:
    old, new = before.splits, after.splits
    for split in old.keys() - new.keys():
        yield _fact("split-removed", split=split, count=old[split][0])
        if split in frozen:
            yield _fact(
                "frozen-split-changed", split=split, count=-old[split][0], detail="there is no such split any more"
            )
    for split in new.keys() - old.keys():
        yield _fact("split-added", split=split, count=new[split][0])
    for split in old.keys() & new.keys():
        if old[split][1] == new[split][1]:
            continue
        told = "" if rows is None else _told(rows, split)
        if told or rows is None or _same_columns(before.schema, after.schema):
            kind = "frozen-split-changed" if split in frozen else "split-changed"
            counts = f"{old[split][0]:,} → {new[split][0]:,} rows"
            detail = f"{counts}: {told}" if told else counts
            yield _fact(kind, split=split, count=new[split][0] - old[split][0], detail=detail)


def _told(rows: RowChanges, split: str) -> str:
    """What happened to the rows of a split, in words; empty if nothing did."""
    moved = {
        "moved in": sum(count for (_, new), count in rows.moved.items() if new == split),
        "moved out": sum(count for (old, _), count in rows.moved.items() if old == split),
    }
    found = {**rows.of(split), **moved}
    return ", ".join(f"{count:,} {WORDS.get(kind, kind)}" for kind, count in found.items() if count)


def _same_columns(before: DatasetSchema, after: DatasetSchema) -> bool:
    """Whether a split's digest changes with its rows alone."""
    return {(c.name, c.type) for c in before.columns} == {(c.name, c.type) for c in after.columns}


def _moved(rows: RowChanges) -> Iterator[ChangeFact]:
    for (old, new), count in rows.moved.items():
        yield _fact("rows-moved", split=new, count=count, detail=f"{old} → {new}: {_rows(count)}")


def _relabelled(rows: RowChanges, schema: DatasetSchema, frozen: frozenset[str]) -> Iterator[ChangeFact]:
    label = schema.column_of_role("label")
    pairs = sorted(rows.labels.items(), key=lambda item: (-item[1], str(item[0])))
    most = ", ".join(f"{_name(old)} → {_name(new)} {count:,}" for (old, new), count in pairs[:TOLD])
    for split, count in rows.relabelled.items():
        kind = "frozen-rows-relabelled" if split in frozen else "rows-relabelled"
        more = "; in all splits " if len(rows.relabelled) > 1 else "; "
        detail = f"{_rows(count)}{more}{most}" + (", …" if len(pairs) > TOLD else "")
        yield _fact(kind, split=split, column=label.name if label else None, count=count, detail=detail)


def _rows(count: int) -> str:
    return f"{count:,} row" + ("s" if count != 1 else "")


def _gone(rows: RowChanges, schema: DatasetSchema) -> Iterator[ChangeFact]:
    """Classes that a split had rows of and has none of, whatever the schema still declares."""
    label = schema.column_of_role("label")
    for split in sorted({split for split, _ in rows.gone}):
        names = [_name(name) for of, name in rows.gone if of == split]
        detail = f"without {', '.join(names[:TOLD])}" + (", …" if len(names) > TOLD else "")
        column = label.name if label else None
        yield _fact("class-without-rows", split=split, column=column, count=len(names), detail=detail)


def _name(label: str | None) -> str:
    return "none" if label is None else label if len(label) <= 40 else f"{label[:39]}…"


def _license(before: str, after: str) -> Iterator[ChangeFact]:
    if before == after:
        return
    detail = f"{before or 'not declared'} → {after or 'not declared'}"
    if not before:
        yield _fact("license-declared", detail=detail)
    elif stricter(before, after) is False:
        yield _fact("license-looser", detail=detail)
    else:
        # A change that the table cannot rank may be stricter, so it counts as that.
        yield _fact("license-stricter", detail=detail)
