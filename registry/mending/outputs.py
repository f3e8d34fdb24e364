"""What the files of a dataset are called when its splits are drawn anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from registry.errors import ConfigError, DataError, RegistryError
from registry.model.schema import DatasetSchema
from registry.tables.splits import assign_splits
from registry.tables.table import Table


def split_files(table: Table, schema: DatasetSchema, splits: Sequence[str]) -> dict[str, str]:
    """A path for each split, from which the reader of record reads that split.

    A split with one file keeps its name; the others are called `<split>` with the extension
    of the data. Raises `ConfigError` with what to declare where a name says another split.
    """
    kept = {split: [part.path for part in table.parts if part.split == split] for split in splits}
    suffix = _suffix(table.parts[0].path)
    fresh = {split: f"{split}{suffix}" for split in splits}
    same = {split: paths[0] if len(paths) == 1 else fresh[split] for split, paths in kept.items()}
    problem: RegistryError | None = None
    for files in (same, fresh):
        problem = _problem(files, schema)
        if problem is None:
            return files
    assert problem is not None
    declared = ", ".join(f"{split}: {file}" for split, file in fresh.items())
    raise ConfigError(
        f"files called {', '.join(fresh.values())} would not be read as these splits",
        why=str(problem),
        hint=f"declare `splits` {{{declared}}} in schemas/{schema.name}.yaml",
    )


def _problem(files: Mapping[str, str], schema: DatasetSchema) -> RegistryError | None:
    paths = sorted(files.values())
    try:
        found = assign_splits(paths, schema).splits
    except (ConfigError, DataError) as error:
        return error
    wrong = next((split for split, path in files.items() if found[path] != split), None)
    return None if wrong is None else ConfigError(f"`{files[wrong]}` does not name the split `{wrong}`")


def _suffix(path: str) -> str:
    """The extension with that of the compression.

    >>> _suffix("a/리뷰.v2.CSV.gz"), _suffix("train.parquet")
    ('.csv.gz', '.parquet')
    """
    name = PurePosixPath(path)
    packed = name.suffix.casefold() == ".gz"
    inner = PurePosixPath(name.stem).suffix if packed else name.suffix
    return f"{inner.casefold()}{'.gz' if packed else ''}"
