"""Sizes, modes and formats of the images of a folder, from their headers.

>>> cell_of(64, 640), cell_of(1, 20000)
((3, 6), (0, 11))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import MissingExtraError
from registry.reports.numbers import share, tidy
from registry.tables.duck import Session, quote_ident
from registry.tables.images import IMAGE
from registry.tables.table import Table

TOP = 10  # sizes listed
CELLS = 12  # cells of the grid on each side; each is a factor of two from 8 pixels


@dataclass(slots=True)
class Tally:
    """What was counted of one split."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)


def pictures(session: Session, table: Table, splits: Sequence[str]) -> dict[str, Any] | None:
    """Images by split, mode, format and size; None of a table that is no image folder."""
    if table.format != "imagefolder" or table.root is None:
        return None
    tallies = {split: Tally() for split in splits}
    for split, path in _paths(session):
        if split in tallies:
            _count(tallies[split], table.root, path)
    whole = Tally()
    for tally in tallies.values():
        whole.sizes.update(tally.sizes)
        whole.modes.update(tally.modes)
        whole.formats.update(tally.formats)
        whole.unreadable += tally.unreadable
    sides = sorted(whole.sizes.elements())
    return {
        "images": len(sides),
        "unreadable": len(whole.unreadable),
        "unreadable_paths": sorted(whole.unreadable)[:TOP],
        "formats": _listed(whole.formats),
        "modes": _listed(whole.modes),
        "sizes": [
            {"width": w, "height": h, "count": n}
            for (w, h), n in sorted(whole.sizes.items(), key=lambda item: (-item[1], item[0]))[:TOP]
        ],
        "different_sizes": len(whole.sizes),
        "width": _range([w for w, _ in sides]),
        "height": _range([h for _, h in sides]),
        "grid": _grid(whole.sizes),
        "splits": {
            split: {"images": sum(t.sizes.values()), "modes": _listed(t.modes), "formats": _listed(t.formats)}
            for split, t in tallies.items()
        },
    }


def _paths(session: Session) -> Iterator[tuple[str, str]]:
    for batch in session.arrow(f"SELECT split, {quote_ident(IMAGE)} AS path FROM data"):  # noqa: S608 (a constant)
        yield from zip(batch.column("split").to_pylist(), batch.column("path").to_pylist(), strict=True)


def _count(tally: Tally, root: Path, path: str) -> None:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError(
            "images need an extra", hint="pip install 'dataset-release-registry[author]'"
        ) from error
    try:
        with Image.open(root / path) as image:
            size, mode, kind = image.size, image.mode, image.format or "?"
    except Exception:  # Pillow raises whatever its decoders meet; the report names the file
        tally.unreadable.append(path)
        return
    tally.sizes[size] += 1
    tally.modes[mode] += 1
    tally.formats[kind] += 1


def _listed(counts: Counter[str]) -> list[dict[str, Any]]:
    total = sum(counts.values())
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"value": value, "count": n, "share": share(n, total)} for value, n in order]


def _range(sides: list[int]) -> dict[str, Any]:
    ordered = sorted(sides)
    middle = tidy((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2) if ordered else None
    return {"min": min(ordered, default=None), "median": middle, "max": max(ordered, default=None)}


def cell_of(width: int, height: int) -> tuple[int, int]:
    """The cell of an image on the grid: 0 is 8 to 15 pixels (and less), each further one twice that."""
    return _step(width), _step(height)


def _step(side: int) -> int:
    return min(CELLS - 1, max(0, side.bit_length() - 4))


def _grid(sizes: Counter[tuple[int, int]]) -> list[dict[str, int]]:
    cells: Counter[tuple[int, int]] = Counter()
    for (width, height), n in sizes.items():
        cells[cell_of(width, height)] += n
    return [{"x": x, "y": y, "count": n} for (x, y), n in sorted(cells.items())]
