"""What makes two images of a folder the same: their bytes, their pixels, or how they look.

Of each image the digest of its file, the digest of its decoded pixels, a difference hash of 64
bits (dHash: whether each pixel of a 9 × 8 grey thumbnail is brighter than its right neighbour, by
more than rounding; Krawetz 2013, "Kind of like that") and a grey thumbnail of 32 × 32. Two images look alike when
at most 4 bits of their hashes differ *and* their thumbnails correlate (Pearson) at 0.98 or more.
That survives re-encoding, resizing and mild changes of brightness. It does not see crops,
flips or rotations: of measured crops by 5 % and flips, none of the usual hashes finds a tenth.

>>> import numpy as np
>>> plain, darker = (np.arange(1024, dtype=np.uint8).reshape(1, 1024) // d for d in (1, 2))
>>> round(float(alike(plain, darker)[0]), 2)
1.0
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import DataError, MissingExtraError
from registry.tables.duck import quote_ident
from registry.tables.engine import Engine
from registry.tables.images import IMAGE
from registry.tables.keys import BYTES, IMAGES, PIXELS
from registry.tables.table import FILE, ROW

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

HASH, THUMB = "__dhash", "__thumb"
BITS = 4  # of 64 that may differ
LIKE = 0.98  # correlation of thumbnails from which images look alike
STEP = 1  # grey level that a pixel must be brighter by: less is rounding, and would decide on flat ground
SIDE = 32  # pixels of a thumbnail's side
FLAT = 2.0  # standard deviation of grey levels below which a thumbnail has no structure to correlate
UNSEEN = "crops, flips and rotations are not seen"


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """The table `images_hashed`: `__bytes`, `__pixels` (hex digests), `__dhash`, `__thumb`, `__file`, `__row`."""

    @property
    def name(self) -> str:
        """Name of the table in a session."""
        return IMAGES

    def make(self, engine: Engine) -> None:
        """Reads every image once; one that cannot be decoded raises `DataError` naming it."""
        root = engine.table.root
        if root is None:
            raise DataError("the images of this table are out of reach", hint="registry check")
        sql = f"SELECT {quote_ident(IMAGE)} AS path, {FILE}, {ROW} FROM data"  # noqa: S608 (a constant)
        engine.derive(IMAGES, sql, partial(_hashed, root), _schema())


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts = [(BYTES, pa.string()), (PIXELS, pa.string())]
    looks = [(HASH, pa.uint64()), (THUMB, pa.binary(SIDE * SIDE))]
    return pa.schema([*texts, *looks, (FILE, pa.string()), (ROW, pa.int64())])


def _hashed(root: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (_hashes(root, batch) for batch in batches)


def _hashes(root: Path, batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    rows = [hashes_of(root / path, path) for path in batch.column("path").to_pylist()]
    columns: Iterator[Any] = zip(*rows, strict=True) if rows else iter(((), (), (), ()))
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, _schema(), strict=False)]
    return pa.RecordBatch.from_arrays([*arrays, batch.column(FILE), batch.column(ROW)], schema=_schema())


def hashes_of(file: Path, path: str) -> tuple[str, str, int, bytes]:
    """Digests of bytes and pixels, difference hash and thumbnail of one image; `path` names it in errors.

    Pixels are those that a viewer shows: turned as EXIF says, with transparency, first frame.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise MissingExtraError(
            "comparing images needs an extra", hint="pip install 'dataset-release-registry[author]'"
        ) from error
    try:
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
            stream.seek(0)
            with Image.open(stream) as image:
                shown = ImageOps.exif_transpose(image).convert("RGBA")
    except Exception as error:  # Pillow raises whatever its decoders meet
        why = f"it cannot be decoded ({type(error).__name__})"
        raise DataError(f"`{path}` is no sound image", why=why, hint=f"restore or remove {path}", path=path) from error
    pixels = hashlib.sha256(f"{shown.width}x{shown.height}:".encode() + shown.tobytes()).hexdigest()
    grey = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("L")
    small = grey.resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = sum(1 << i for i in range(64) if small[i // 8 * 9 + i % 8] > small[i // 8 * 9 + i % 8 + 1] + STEP)
    return content, pixels, bits, grey.resize((SIDE, SIDE), Image.Resampling.BOX).tobytes()


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Pearson correlation of thumbnails, shape (n, 1024) each → (n,), rounded to ten digits.

    Thumbnails without structure are alike (1) when their grey levels nearly agree, else not (0).
    """
    import numpy as np

    a, b = one.astype(np.float64), other.astype(np.float64)
    means = a.mean(axis=1) - b.mean(axis=1)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    spread = np.sqrt((a * a).mean(axis=1)), np.sqrt((b * b).mean(axis=1))
    flat = (spread[0] < FLAT) | (spread[1] < FLAT)
    both = (spread[0] < FLAT) & (spread[1] < FLAT) & (np.abs(means) <= FLAT)
    product = np.where(flat, 1.0, spread[0] * spread[1])
    found: NDArray[np.float64] = np.where(flat, both.astype(np.float64), (a * b).mean(axis=1) / product).round(10)
    return found


def pairs_alike(
    hashes: NDArray[np.uint64], thumbs: NDArray[np.uint8], ranks: NDArray[np.int64], *, within: bool
) -> Iterator[tuple[int, int, float]]:
    """(image, its earliest witness, their correlation): of an earlier rank, or (`within`) before it in its own.

    Images are in order of file and row. Every pair of hashes is looked at, 64 images at a time.
    """
    import numpy as np

    for begin in range(0, len(hashes), 64):
        end = min(begin + 64, len(hashes))
        rows = np.arange(begin, end)
        near = np.bitwise_count(hashes[rows, None] ^ hashes[None, :]) <= BITS
        if within:
            near &= (ranks[rows, None] == ranks[None, :]) & (np.arange(len(hashes))[None, :] < rows[:, None])
        else:
            near &= ranks[None, :] < ranks[rows, None]
        image, other = np.nonzero(near)
        for at in range(0, len(image), 1 << 14):  # 16,384 pairs of thumbnails: 256 MB
            part = slice(at, at + (1 << 14))
            similar = alike(thumbs[image[part] + begin], thumbs[other[part]])
            hits = similar >= LIKE
            yield from zip(
                (image[part][hits] + begin).tolist(), other[part][hits].tolist(), similar[hits].tolist(), strict=True
            )
