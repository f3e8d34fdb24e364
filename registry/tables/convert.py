"""What makes a file fit to be queried: Parquet is vetted, everything else converted to Parquet.

Both happen once. What was made is found again by the digest of the file's bytes, the
types it was read with and the version of the readers, so that a second look costs next
to nothing, and a changed file is read anew alone. `prepare` is what the process apart
runs (`registry.tables.apart`); `ready` only looks.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import ConfigError, DataError, MovedError
from registry.model.digest import canonical, digest_of
from registry.tables.columns import UndeclaredColumnsError
from registry.tables.images import vet_image
from registry.tables.parquet import beside_of, footer, write
from registry.tables.pieces import TYPED, Cut, Piece
from registry.tables.sound import Meter, vet_parquet
from registry.tables.types import format_type, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

READER = 3  # version of the readers: raise it when they read the same bytes differently
VETTED = b"sound\n"

Begin = Callable[[str], None]  # told the path of each file before it is read


def ready(found: Cut, cache: Path) -> list[tuple[Piece, Path]] | None:
    """The pieces with the Parquet of each, or None where one has yet to be vetted or converted."""
    types = {} if found.format in TYPED else _settled(_settled_file(found, cache)) or found.declared
    parts = [(piece, _ready(found, piece, types, cache)) for piece in found.pieces]
    return None if any(file is None for _, file in parts) else [(piece, file) for piece, file in parts if file]


def prepare(found: Cut, cache: Path, begin: Begin) -> None:
    """Vets or converts every piece that is not ready; errors are those of `open_table`."""
    if found.format in TYPED:
        return _prepare_all(found, {}, cache, begin)
    settled = _settled_file(found, cache)
    try:
        return _prepare_all(found, _settled(settled) or found.declared, cache, begin)
    except UndeclaredColumnsError:
        types = {**found.declared, **found.guess(begin)}
    _write(settled, canonical([[name, format_type(kind)] for name, kind in types.items()]))
    return _prepare_all(found, types, cache, begin)


def _prepare_all(found: Cut, types: Mapping[str, pa.DataType], cache: Path, begin: Begin) -> None:
    for piece in found.pieces:
        if _ready(found, piece, types, cache) is None:
            begin(piece.path)
            if found.format == "parquet":
                vet_parquet(found.root / piece.path, piece.path)
                _vet_unmoved(found, piece)
                _write(_mark(piece, cache), VETTED)
            else:
                _convert(found, piece, types, _target(found, piece, types, cache), begin)


def _ready(found: Cut, piece: Piece, types: Mapping[str, pa.DataType], cache: Path) -> Path | None:
    """The Parquet of one piece, if it is vetted or converted already and sound."""
    if found.format == "parquet":
        file = found.root / piece.path
        return file if _is_marked(_mark(piece, cache)) else None
    target = _target(found, piece, types, cache)
    return target if _is_sound(target) else None


def _mark(piece: Piece, cache: Path) -> Path:
    """What says that the bytes of a Parquet file were vetted."""
    key = digest_of({"reader": READER, "vetted": [entry.sha256 for entry in piece.entries]})
    return cache / key[:2] / f"{key}.sound"


def _is_marked(mark: Path) -> bool:
    try:
        return mark.read_bytes() == VETTED
    except FileNotFoundError:
        return False


def _target(found: Cut, piece: Piece, types: Mapping[str, pa.DataType], cache: Path) -> Path:
    key = digest_of({"reader": READER, "piece": _identity(found, piece), "types": _named(types)})
    return cache / key[:2] / f"{key}.parquet"


def _convert(found: Cut, piece: Piece, types: Mapping[str, pa.DataType], target: Path, begin: Begin) -> None:
    if piece.folder is not None:
        for image in piece.folder.images:
            begin(image)
            vet_image(found.root / image, image)
        begin(piece.entries[0].path)
    tables = found.batches(piece, types)
    first = next(tables)
    meter = Meter(piece.path, sum(entry.size for entry in piece.entries))
    batches = chain.from_iterable(meter.counted(table.to_batches()) for table in tables)
    write(target, first.schema, _then(batches, lambda: _vet_unmoved(found, piece)))


def _then(batches: Iterator[pa.RecordBatch], vet: Callable[[], None]) -> Iterator[pa.RecordBatch]:
    """`batches`; `vet` is called before what reads them may believe that they are all."""
    yield from batches
    vet()


def _vet_unmoved(found: Cut, piece: Piece) -> None:
    """The files must still have the digests that the cache knows them by."""
    for entry in piece.entries:
        with (found.root / entry.path).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != entry.sha256:
                hint = "wait until nothing writes to it, then run the same command again"
                raise MovedError(f"`{entry.path}` changed while it was read", hint=hint, path=entry.path)


def _identity(found: Cut, piece: Piece) -> object:
    return [found.format, found.encoding, piece.path, [[entry.path, entry.sha256] for entry in piece.entries]]


def _settled_file(found: Cut, cache: Path) -> Path:
    """Where the types of a dataset with undeclared columns are kept."""
    pieces = [_identity(found, piece) for piece in found.pieces]
    key = digest_of({"reader": READER, "pieces": pieces, "types": _named(found.declared)})
    return cache / key[:2] / f"{key}.types.json"


def _settled(file: Path) -> dict[str, pa.DataType] | None:
    try:
        return {name: parse_type(kind) for name, kind in json.loads(file.read_bytes())}
    except (FileNotFoundError, ValueError, ConfigError):  # a broken file of the cache is made anew
        return None


def _named(types: Mapping[str, pa.DataType]) -> list[list[str]]:
    return [[name, format_type(kind)] for name, kind in types.items()]


def _is_sound(target: Path) -> bool:
    if not target.exists():
        return False
    try:
        footer(target, target.name)
    except DataError:  # a broken file of the cache is made anew
        return False
    return True


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = beside_of(target)
    beside.write_bytes(data)
    os.replace(beside, target)  # noqa: PTH105 (atomic, over an existing file)
