"""Facts made by hand: a small dataset on disk, measured, with whatever evidence a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from registry.model.evidence import Check, DataFacts, Evidence
from registry.model.facts import ReleaseFacts, split_bytes
from registry.model.files import FileEntry, FileList
from registry.model.schema import DatasetSchema
from registry.model.splits import ordered_splits
from registry.reports.profile import profile
from registry.tables.duck import Session
from registry.tables.table import Part, Table

Write = Callable[[pa.Table, Path], None]


def parquet(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path)


def facts_of(
    root: Path,
    splits: Mapping[str, pa.Table],
    schema: DatasetSchema,
    *,
    write: Write = parquet,
    suffix: str = "parquet",
    checks: Iterable[Check] | None = None,
    split_column: str | None = None,
    **more: Any,
) -> ReleaseFacts:
    """Facts of a dataset written to `root` with one file a split; the profile reads Parquet beside it."""
    cache = root.parent / f"{root.name}-cache"
    root.mkdir(exist_ok=True)
    cache.mkdir(exist_ok=True)
    entries, parts, names = [], [], {}
    for number, (split, rows) in enumerate(splits.items()):
        path = root / f"{split}.{suffix}"
        write(rows, path)
        pq.write_table(rows, cache / f"{number}.parquet")
        data = path.read_bytes()
        digests = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
        entries.append(FileEntry(path.name, len(data), *digests))
        parts.append(Part(path.name, cache / f"{number}.parquet", None if split_column else split, rows.num_rows))
        names[split] = (path.name,)
    first = next(iter(splits.values()))
    order: Iterable[str] = splits
    if split_column:
        order = {v for rows in splits.values() for v in rows[split_column].to_pylist() if v is not None}
        names = {}
    columns = tuple((field.name, str(field.type)) for field in first.schema)
    table = Table(tuple(parts), columns, ordered_splits(order), split_column, suffix)
    with Session(table, threads=1) as session:
        measured = profile(session, table, schema)
    files = FileList.of(entries)
    evidence = None
    if checks is not None:
        counts = {split["name"]: split["rows"] for split in measured["splits"]}
        data_facts = DataFacts(files.sha256, len(files), files.bytes, table.rows, counts)
        evidence = Evidence.of(
            dataset=schema.name, data=data_facts, ruleset="a" * 64, checks=checks, fail_on="critical"
        )
    return ReleaseFacts(
        name=schema.name,
        schema=schema,
        profile=measured,
        files=files,
        format=suffix,
        evidence=evidence,
        split_files=names,
        split_bytes=split_bytes(files, names),
        split_column=split_column,
        **more,
    )
