"""Counts of pairs of ratings → the figures of agreement, as rows `{part, name, other, n, value, low, high}`.

>>> Method("krippendorff", "nominal", "none", (), numbers=False, seed=0).metric
'krippendorff'
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from registry.checks.agreement import Ints, Level, Pairs, Weights

CONFUSED = 10  # pairs of classes that are listed
LISTED = 100  # classes, annotators, pairs of annotators up to which each is named
GREATEST = 1e100  # of a rating, whose square is still a number
CELLS = 2_000_000  # (block, class, class) up to which Cohen's tables are held


@dataclass(frozen=True, slots=True)
class Method:
    """Which coefficient; `order` are the classes in their order where they are no numbers."""

    metric: str
    level: Level
    weights: Weights
    order: tuple[str, ...]
    numbers: bool
    seed: int


def schema() -> pa.Schema:
    """Columns of the table of figures."""
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("part", "name", "other")]
    return pa.schema([*texts, ("n", pa.int64()), *((name, pa.float64()) for name in ("value", "low", "high"))])


def figured(batches: Iterator[pa.RecordBatch], method: Method) -> Iterator[pa.RecordBatch]:
    """One batch of figures, of the counts that `registry.checks.ratings` makes."""
    import pyarrow as pa

    rows = pa.Table.from_batches(list(batches))
    yield pa.RecordBatch.from_pylist(list(_figures(rows, method)), schema())


def _figures(rows: pa.Table, method: Method) -> Iterator[dict[str, Any]]:
    from registry.checks.agreement import by_class, raw

    counted = _Counted(rows)
    yield from counted.plain()
    nothing = counted.nothing(method)
    if nothing:
        yield {"part": "nothing", "name": nothing}
        return
    pairs = counted.pairs
    found = _coefficient(counted, method)
    if found["value"] is None:
        yield {"part": "nothing", "name": f"{NAMES[method.metric]} is not defined: chance alone would agree"}
        return
    yield {"part": "coefficient", "n": counted.items, **found}
    yield {"part": "raw", "n": int(pairs.totals.sum()), "value": raw(pairs)}
    listed = len(pairs.classes) <= LISTED
    yield from _disputed(counted, told=listed)
    if listed:
        for name, (n, share, value) in zip(pairs.classes, by_class(pairs), strict=True):
            yield {"part": "class", "name": name, "n": n, "value": value, "low": share}
        for (one, other), n in _confusions(pairs):
            yield {"part": "confusion", "name": one, "other": other, "n": n}
    if method.metric == "cohen":
        yield from _kappas(counted, method)


def _disputed(counted: _Counted, *, told: bool) -> Iterator[dict[str, Any]]:
    """Of each disputed item what was said of it, the most frequent first: `긍정 × 3, 부정 × 2`.

    What is said in more than 100 ways is no class, but may be a text that is not to be shown.
    """
    said: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for row in counted.parts["disputed"].to_pylist():
        said.setdefault((row["m"], row["block"]), []).append((-row["n"], row["c"]))
    for (rank, item), given in sorted(said.items()):
        text = ", ".join(f"{value} × {-n}" for n, value in sorted(given)) if told else f"{len(given)} different"
        yield {"part": "disputed", "name": text, "n": item, "value": float(rank)}


NAMES = {"krippendorff": "Krippendorff's α", "fleiss": "Fleiss' κ", "cohen": "Cohen's κ"}


class _Counted:
    """The counts of `_counts_sql`, part by part."""

    def __init__(self, rows: pa.Table) -> None:
        import pyarrow.compute as pc

        self.parts = {
            name: rows.filter(pc.equal(rows["part"], name))
            for name in ("pair", "margin", "overlap", "annotator", "items", "repeated", "cross", "disputed")
        }
        self.sizes = dict(zip(self.column("items", "m"), self.column("items", "n"), strict=True))
        self.items = sum(n for m, n in self.sizes.items() if m > 1)
        self.pairs = self._pairs()

    def column(self, part: str, name: str) -> list[Any]:
        """The values of a column of a part."""
        return list(self.parts[part][name].to_pylist())

    def coded(self, part: str, name: str, classes: Sequence[str]) -> Ints:
        """A column of classes as codes."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        return np.asarray(pc.index_in(self.parts[part][name], pa.array(classes, pa.string())), np.int64)

    def integers(self, part: str, name: str) -> Ints:
        """A column of numbers."""
        import numpy as np

        return np.asarray(self.parts[part][name], np.int64)

    def _pairs(self) -> Pairs:
        from registry.checks.agreement import Pairs

        classes = tuple(sorted(set(self.column("margin", "c"))))
        block, m, n = (self.integers("pair", name) for name in ("block", "m", "n"))
        margins = (self.integers("margin", "block"), self.coded("margin", "c", classes), self.integers("margin", "n"))
        c, k = (self.coded("pair", name, classes) for name in ("c", "k"))
        return Pairs(classes, block, m, c, k, n, margins)

    def plain(self) -> Iterator[dict[str, Any]]:
        """What is counted whether or not a coefficient follows."""
        yield {"part": "alone", "n": self.sizes.get(1, 0)}
        yield {"part": "repeated", "n": sum(self.column("repeated", "n"))}
        shared: Counter[str] = Counter()
        agreed: dict[str, float] = {}
        overlap = self.parts["overlap"].to_pylist()
        for row in overlap:
            shared[row["who"]] += row["n"]
            agreed[row["who"]] = agreed.get(row["who"], 0.0) + row["hits"] / (row["m"] - 1)
        yield {"part": "people", "n": len(self.parts["annotator"])}
        for row in self.parts["annotator"].to_pylist()[:LISTED]:
            who = row["who"]
            share = agreed[who] / shared[who] if shared[who] else None
            yield {"part": "annotator", "name": who, "n": row["n"], "value": share, "low": float(shared[who])}

    def nothing(self, method: Method) -> str:
        """Why no coefficient would mean anything, or nothing."""
        if len(self.parts["annotator"]) < 2:
            return "fewer than two annotators gave ratings, so there is no agreement between any"
        if not self.items:
            return "no item has two ratings, so there is no agreement between any"
        if len(self.pairs.classes) < 2:
            return f"all ratings are `{self.pairs.classes[0]}`: agreement on a constant says nothing"
        sizes = sorted(m for m in self.sizes if m > 1)
        if method.metric == "fleiss" and len(sizes) > 1:
            return (
                f"Fleiss' κ needs equally many ratings of each item, here {sizes[0]} to {sizes[-1]}: use krippendorff"
            )
        needs = method.level if method.metric == "krippendorff" else method.weights
        strangers = [name for name in self.pairs.classes if name not in method.order]
        if needs in ("ordinal", "linear", "quadratic") and not method.numbers and strangers:
            return f"`{strangers[0]}` is none of the declared `classes`, which give the order that {needs} needs"
        if method.level == "ratio" and any(float(name) < 0 for name in self.pairs.classes):
            return "a ratio level has a zero below which nothing lies, and there are negative ratings: use interval"
        if method.numbers and any(abs(float(name)) > GREATEST for name in self.pairs.classes):
            return f"a rating is infinite or beyond {GREATEST:g}, so that no distance can be told"
        duos = math.comb(len(self.parts["annotator"]), 2)
        if method.metric == "cohen" and duos * len(self.pairs.classes) ** 2 > CELLS:
            return f"{len(self.pairs.classes):,} classes are too many for Cohen's tables: use krippendorff"
        return ""


def _positions(classes: Sequence[str], method: Method) -> list[float]:
    """The classes as numbers: what they are, or their places in the declared order."""
    return [float(name) if method.numbers else float(method.order.index(name)) for name in classes]


def _coefficient(counted: _Counted, method: Method) -> dict[str, Any]:
    from registry.checks.agreement import alpha, fleiss, light

    pairs = counted.pairs
    if method.metric == "fleiss":
        return asdict(fleiss(pairs, method.seed))
    if method.metric == "cohen":
        return asdict(light([table for _, table in _tables(counted, method)], method.weights, method.seed))
    values = _positions(pairs.classes, method) if method.level != "nominal" else ()
    return asdict(alpha(pairs, pairs.scale(method.level, values), method.seed))


def _tables(counted: _Counted, method: Method) -> list[tuple[tuple[str, str], Any]]:
    """Of each two annotators with a common item the table (block, class, class), classes in order.

    Where they would be too large, all items are one block, and there is no interval.
    """
    import numpy as np

    classes = list(counted.pairs.classes)
    if method.weights != "none":
        places = _positions(classes, method)
        classes = [classes[at] for at in np.argsort(places, kind="stable")]
    block, n = (counted.integers("cross", name) for name in ("block", "n"))
    c, k = (counted.coded("cross", name, classes) for name in ("c", "k"))
    people = counted.column("annotator", "who")
    one, other = (counted.coded("cross", name, people) for name in ("who", "other"))
    duos, at = np.unique(one * len(people) + other, return_inverse=True)
    names = [(people[duo // len(people)], people[duo % len(people)]) for duo in duos.tolist()]
    blocks = counted.pairs.blocks
    if blocks * len(names) * len(classes) ** 2 > CELLS:
        block, blocks = np.zeros_like(block), 1
    tables = np.zeros((len(names), blocks, len(classes), len(classes)))
    np.add.at(tables, (at, block, c, k), n)
    return list(zip(names, tables, strict=True))


def _kappas(counted: _Counted, method: Method) -> Iterator[dict[str, Any]]:
    from registry.checks.agreement import kappa

    tables = dict(_tables(counted, method))
    names = counted.column("annotator", "who")
    for one, other in combinations(names, 2) if math.comb(len(names), 2) <= LISTED else ():
        table = tables.get((one, other))
        whole = table.sum(axis=0).astype("int64") if table is not None else None
        n = int(whole.sum()) if whole is not None else 0
        yield {
            "part": "pair",
            "name": one,
            "other": other,
            "n": n,
            "value": kappa(whole, method.weights) if whole is not None else None,
        }


def _confusions(pairs: Pairs) -> list[tuple[tuple[str, str], int]]:
    """The classes that are most often given to one item, by pairs of ratings."""
    found: Counter[tuple[str, str]] = Counter()
    unlike = pairs.c != pairs.k
    for c, k, n in zip(pairs.c[unlike].tolist(), pairs.k[unlike].tolist(), pairs.n[unlike].tolist(), strict=True):
        found[pairs.classes[c], pairs.classes[k]] += n
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:CONFUSED]
