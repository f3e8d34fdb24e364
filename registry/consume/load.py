"""`registry.load`: a release as rows, pulled into the cache and re-hashed at each use.

    registry.load("reviews@^1.2", split="train")                  # datasets.Dataset
    registry.load("reviews@1.2.0", as_="arrow", store="s3://b/x")  # pyarrow.Table
    registry.loaded()                                             # what this process has loaded

The rows are those that the release was judged by: one reader of record.

>>> load("reviews", as_="xml")
Traceback (most recent call last):
registry.errors.UsageError: a release cannot be loaded as 'xml': known are datasets, arrow, pandas, polars, path
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from registry.consume.cache import Cache
from registry.consume.origin import Origin, PullOptions
from registry.consume.pull import place
from registry.consume.resolve import Released
from registry.consume.stream import RowStream, Shard, Unit
from registry.errors import IntegrityError, MissingExtraError, NotFoundError, RegistryWarning, UsageError
from registry.model.digest import sha256_of
from registry.model.files import FileList
from registry.model.names import Ref
from registry.model.schema import DatasetSchema

if TYPE_CHECKING:
    import pyarrow as pa

As = Literal["datasets", "arrow", "pandas", "polars", "path"]
SHAPES: tuple[As, ...] = ("datasets", "arrow", "pandas", "polars", "path")
SCHEMA = ".registry/schema.json"
NAMED_SPLIT = re.compile(r"\w+(\.\w+)*\Z")  # what `datasets` takes as the name of a split

_LOADED: list[dict[str, str]] = []


@dataclass(frozen=True)
class Placed:
    """A release on disk: where, its file list and its schema."""

    released: Released
    root: Path
    files: FileList
    schema: DatasetSchema | None

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of its splits."""
        return tuple(self.released.manifest.splits)


def load(
    ref: str, split: str | None = None, *, store: str | None = None, as_: As = "datasets", streaming: bool = False
) -> Any:
    """The rows of a release.

    `ref` is `NAME[@SPEC]`; `store` a URL or path, else `REGISTRY_STORE`, else that of
    `registry.toml`. `as_` gives a `datasets.Dataset` (without `split` a `DatasetDict`), a
    `pyarrow.Table`, a pandas or polars `DataFrame` (without `split` the rows of all
    splits), or the `Path` of the released tree. Raises `IntegrityError` for a wrong byte,
    `NotFoundError` for an unknown release or split.

    With `streaming` nothing is kept on disk: a `datasets.IterableDataset`, or as "arrow" a
    `RowStream` of `pyarrow.RecordBatch`es. Each rank (`RANK`, `WORLD_SIZE`) and each worker of
    a torch `DataLoader` gets other rows, all together each row once; a block of 4 MiB is
    verified before a row of it is given.
    """
    if as_ not in SHAPES:
        raise UsageError(f"a release cannot be loaded as {as_!r}", why=f"known are {', '.join(SHAPES)}")
    if streaming:
        return _streamed(ref, split, store, as_)
    placed = cached(Ref.parse(ref), store)
    _require_split(placed.released, split)
    note(ref, placed.released)
    return {"datasets": _datasets, "arrow": _arrow, "pandas": _pandas, "polars": _polars, "path": _path}[as_](
        placed, split
    )


def _require_split(released: Released, split: str | None) -> None:
    if split is not None and split not in released.manifest.splits:
        part = "; a part of one is cut from what is loaded" * bool(re.search(r"[\[+]", split))
        raise NotFoundError(
            f"{released.name}@{released.version} has no split `{split}`",
            why=f"its splits are {', '.join(released.manifest.splits)}{part}",
            hint=f"registry show {released.name}@{released.version}",
        )


def loaded() -> list[dict[str, str]]:
    """What this process has loaded, in order: the reference as written, name, version and manifest digest."""
    return [dict(entry) for entry in _LOADED]


def cached(ref: Ref, store: str | None = None) -> Placed:
    """The release that `ref` selects, whole and verified in the cache."""
    origin = Origin.find(Path(), store, ref)
    root = Cache.default().tree(origin.released.reference.manifest)
    place(origin.within_cache(), root, PullOptions())
    with suppress(OSError):
        os.utime(root)  # `cache prune` removes what was not used for longest
    warn_of(origin)
    return Placed(origin.released, root, origin.files, _schema(root, origin.released))


def warn_of(origin: Origin) -> None:
    """Warns of what a consumer must hear: a withdrawn release, a cache that cannot be written."""
    if origin.warning:
        warnings.warn(origin.warning, RegistryWarning, stacklevel=4)


def _schema(root: Path, released: Released) -> DatasetSchema | None:
    if SCHEMA not in released.manifest.artefacts:
        return None
    data = (root / SCHEMA).read_bytes()
    if sha256_of(data) != released.manifest.schema:
        raise IntegrityError(
            f"{SCHEMA} is not the schema that {released.name}@{released.version} was judged by",
            hint="do not use this release; tell whoever runs the store",
        )
    return DatasetSchema.from_json(json.loads(data))


def note(ref: str, released: Released) -> None:
    """Adds to what `loaded` says."""
    digest = f"sha256:{released.reference.manifest}"
    entry = {"ref": ref, "name": released.name, "version": str(released.version), "manifest": digest}
    if entry not in _LOADED:
        _LOADED.append(entry)


def _path(placed: Placed, _: str | None) -> Path:
    return placed.root


def _arrow(placed: Placed, split: str | None) -> pa.Table:
    from registry.tables.load import read_arrow

    return read_arrow(placed.root, placed.files, placed.schema, split)


def _pandas(placed: Placed, split: str | None) -> Any:
    try:
        return _arrow(placed, split).to_pandas()
    except ImportError as error:
        raise MissingExtraError('load(as_="pandas") needs pandas', hint="pip install pandas") from error


def _polars(placed: Placed, split: str | None) -> Any:
    try:
        import polars
    except ImportError as error:
        raise MissingExtraError('load(as_="polars") needs polars', hint="pip install polars") from error
    return polars.from_arrow(_arrow(placed, split))


def _datasets(placed: Placed, split: str | None) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise _no_datasets() from error
    if split is not None:
        return _dataset(placed, split)
    return datasets.DatasetDict({name: _dataset(placed, name) for name in placed.splits})


def _no_datasets() -> MissingExtraError:
    hint = "pip install 'dataset-release-registry[load]', or load(..., as_=\"arrow\")"
    return MissingExtraError("registry.load gives datasets.Dataset", hint=hint)


def _dataset(placed: Placed, split: str) -> Any:
    """Rows with the features of the schema; strings become the ids of their class, paths become images."""
    import datasets
    from datasets.table import table_cast

    table = _arrow(placed, split)
    features = _features(placed.schema, table.schema)
    for name, feature in features.items():
        if isinstance(feature, datasets.Image):
            table = _absolute(table, name, placed.root)
    info = datasets.DatasetInfo(features=features)
    named = datasets.NamedSplit(split) if NAMED_SPLIT.match(split) else None
    return datasets.Dataset(table_cast(table, features.arrow_schema), info=info, split=named)


def _features(schema: DatasetSchema | None, columns: pa.Schema) -> Any:
    """The declared features of the columns that are there; those of the rest follow from their types."""
    import datasets

    from registry.schemas.features import features

    found = datasets.Features.from_arrow_schema(columns.remove_metadata())
    declared = datasets.Features._from_yaml_list(features(schema)) if schema and schema.columns else {}
    return datasets.Features({name: declared.get(name, inferred) for name, inferred in found.items()})


def _absolute(table: pa.Table, column: str, root: Path) -> pa.Table:
    """`table` with the paths of `column` made absolute."""
    import pyarrow as pa

    paths = [None if path is None else str(root / path) for path in table[column].to_pylist()]
    return table.set_column(table.column_names.index(column), column, pa.array(paths, pa.string()))


def _streamed(ref: str, split: str | None, store: str | None, as_: As) -> Any:
    if as_ not in ("datasets", "arrow"):
        raise UsageError(f"a release cannot be streamed as {as_!r}", why="known are datasets, arrow")
    origin = Origin.find(Path(), store, Ref.parse(ref))
    _require_split(origin.released, split)
    schema = origin.schema if SCHEMA in origin.released.manifest.artefacts else None
    origin.remember()
    warn_of(origin)
    note(ref, origin.released)
    release = (origin.released.name, origin.released.version)
    stream = RowStream(origin.url, Path().absolute(), release, origin.files, schema, split, Shard.of_rank())
    if as_ == "arrow":
        return stream
    if split is not None:
        return _iterable(stream)
    try:
        import datasets
    except ImportError as error:
        raise _no_datasets() from error
    splits = origin.released.manifest.splits
    return datasets.IterableDatasetDict({name: _iterable(replace(stream, split=name)) for name in splits})


def _iterable(stream: RowStream) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise _no_datasets() from error
    # The rank's share is taken here; that of a worker of the DataLoader `datasets` takes, out of the list.
    units, rows = stream.rank.deal(stream.units())
    features = _features(stream.schema, stream.head())
    named = datasets.NamedSplit(stream.split) if NAMED_SPLIT.match(str(stream.split)) else datasets.Split.TRAIN
    return datasets.IterableDataset.from_generator(
        _examples, features=features, gen_kwargs={"stream": stream, "units": list(units), "rows": rows}, split=named
    )


def _examples(stream: RowStream, units: list[Unit], rows: Shard) -> Iterator[dict[str, Any]]:
    for table in stream.tables(units, rows):
        yield from table.to_pylist()
