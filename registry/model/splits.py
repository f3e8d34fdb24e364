"""The order of splits: as declared, then train, validation, test, then the rest by name.

>>> ordered_splits(["test", "extra", "train"])
('train', 'test', 'extra')
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

STANDARD = ("train", "validation", "test")


def ordered_splits(names: Iterable[str], declared: Sequence[str] = ()) -> tuple[str, ...]:
    """`names` once each, in order; an earlier split is the one that later ones must not repeat."""
    order = {name: index for index, name in enumerate((*declared, *STANDARD)[::-1])}
    return tuple(sorted(set(names), key=lambda name: (-order.get(name, -1), name)))
