"""The facts of a change, and the level that each demands.

*major*: code or scores that worked with the old version may not with the new one.
*minor*: the data says more, or other things, outside frozen splits.
*patch*: the same logical rows, re-encoded or reordered, or documents only.

>>> before = State(DatasetSchema("x"), {"train": (10, "a"), "test": (5, "b")}, "mit")
>>> after = State(DatasetSchema("x"), {"train": (12, "c"), "test": (5, "b")}, "mit")
>>> level_of(difference(before, after, frozen=("test",)))
'minor'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from registry.model.release import LEVELS, ChangeFact, Level
from registry.model.schema import Column, DatasetSchema
from registry.versions.licenses import stricter


@dataclass(frozen=True, slots=True)
class State:
    """What a version is compared by: schema, (rows, digest) of each split, licence, other digests.

    `encoding` is the digest of the bytes, `rules` that of the ruleset.
    """

    schema: DatasetSchema
    splits: Mapping[str, tuple[int, str]]
    license: str = ""
    encoding: str = ""
    rules: str = ""


def level_of(facts: Iterable[ChangeFact]) -> Level:
    """The greatest level among `facts`."""
    return max((fact.level for fact in facts), key=LEVELS.index, default="none")


def difference(before: State, after: State, *, frozen: Iterable[str]) -> tuple[ChangeFact, ...]:
    """All facts that tell `after` from `before`, greatest level first."""
    facts = [
        *_columns(before.schema, after.schema),
        *_keys(before.schema, after.schema),
        *_splits(before.splits, after.splits, frozenset(frozen)),
        *_license(before.license, after.license),
    ]
    if not any(fact.kind.startswith(("split", "column")) for fact in facts) and before.encoding != after.encoding:
        facts.append(ChangeFact("re-encoded", "patch", detail="the same rows in other bytes"))
    if before.rules != after.rules:
        facts.append(ChangeFact("rules-changed", "patch", detail="schema, suites or gate settings"))
    return tuple(sorted(facts, key=lambda f: (-LEVELS.index(f.level), f.kind, f.split or "", f.column or "")))


def _columns(before: DatasetSchema, after: DatasetSchema) -> Iterator[ChangeFact]:
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    for name in old.keys() - new.keys():
        yield ChangeFact("column-removed", "major", column=name)
    for name in new.keys() - old.keys():
        yield ChangeFact("column-added", "minor", column=name)
    for name in old.keys() & new.keys():
        yield from _column(old[name], new[name])


def _column(old: Column, new: Column) -> Iterator[ChangeFact]:
    if old.type != new.type:
        yield ChangeFact("column-type-changed", "major", column=new.name, detail=f"{old.type} → {new.type}")
    if old.required and not new.required:
        yield ChangeFact("column-became-nullable", "major", column=new.name)
    if old.classes != new.classes and (old.classes or new.classes):
        gone = [str(c) for c in old.classes if c not in new.classes]
        come = [str(c) for c in new.classes if c not in old.classes]
        parts = [f"{word} {', '.join(names)}" for word, names in (("without", gone), ("with", come)) if names]
        yield ChangeFact("class-set-changed", "major", column=new.name, detail="; ".join(parts) or "another order")
    if old.role != new.role:
        yield ChangeFact("column-role-changed", "minor", column=new.name, detail=f"{old.role} → {new.role}")


def _keys(before: DatasetSchema, after: DatasetSchema) -> Iterator[ChangeFact]:
    if before.keys and before.keys != after.keys:
        yield ChangeFact("key-changed", "major", detail=f"{', '.join(before.keys)} → {', '.join(after.keys) or 'none'}")


def _splits(
    before: Mapping[str, tuple[int, str]], after: Mapping[str, tuple[int, str]], frozen: frozenset[str]
) -> Iterator[ChangeFact]:
    for split in before.keys() - after.keys():
        yield ChangeFact("split-removed", "major", split=split, count=before[split][0])
    for split in after.keys() - before.keys():
        yield ChangeFact("split-added", "minor", split=split, count=after[split][0])
    for split in before.keys() & after.keys():
        (rows, digest), (now, changed) = before[split], after[split]
        if digest != changed:
            level: Level = "major" if split in frozen else "minor"
            kind = "frozen-split-changed" if split in frozen else "split-changed"
            yield ChangeFact(kind, level, split=split, count=now - rows, detail=f"{rows:,} → {now:,} rows")


def _license(before: str, after: str) -> Iterator[ChangeFact]:
    if before == after:
        return
    detail = f"{before or 'not declared'} → {after or 'not declared'}"
    if not before:
        yield ChangeFact("license-declared", "minor", detail=detail)
    elif stricter(before, after) is False:
        yield ChangeFact("license-looser", "minor", detail=detail)
    else:
        # A change that the table cannot rank may be stricter, so it counts as that.
        yield ChangeFact("license-stricter", "major", detail=detail)
