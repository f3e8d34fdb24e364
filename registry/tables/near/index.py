"""An index of texts that rows are streamed past: a value that pickles, so that it can be sent to workers.

Ids order the rows; a row is a witness for an indexed text only if its `level` is lower.
Levels are the ranks of splits (between splits) or the ids themselves (within one).

>>> import pickle
>>> import pyarrow as pa
>>> held = Rows.of([7], [1], ["배송이 빠르고 포장도 꼼꼼해서 좋았어요"])
>>> index = pickle.loads(pickle.dumps(NearIndex.build(held, [], NearOptions())))
>>> train = pa.record_batch(
...     {"id": [3], "level": [0], "text": ["배송이 빠르고 포장도 꼼꼼해서 좋았어요!"]}
... )
>>> index.match(train).to_pylist()
[{'id': 7, 'witness': 3, 'similarity': 0.95}]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from registry.tables.near.arrays import Flags, Floats, Ints, Words, begins
from registry.tables.near.definition import K_HANGUL, K_TEXT, SHORTEST
from registry.tables.near.leg import Leg, Side
from registry.tables.near.options import LimitReachedError, Meter, NearOptions
from registry.tables.near.postings import Frequencies
from registry.tables.near.texts import Texts, hashes

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows with distinct ids in ascending order, their levels, their normalised texts, and which are mostly Hangul."""

    ids: Ints
    levels: Ints
    texts: Texts
    hangul: Flags

    @classmethod
    def of(cls, ids: Sequence[int] | Ints, levels: Sequence[int] | Ints, texts: Sequence[str]) -> Rows:
        """From ids in any order and normalised texts; those under 20 characters are left out."""
        number, level = np.asarray(ids, np.int64), np.asarray(levels, np.int64)
        order = [int(at) for at in np.argsort(number) if len(texts[at]) >= SHORTEST]
        chosen = Texts.of([texts[at] for at in order])
        return cls(number[order], level[order], chosen, chosen.mostly_hangul())

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Ints) -> Rows:
        """The rows at `rows`."""
        if len(rows) == len(self):
            return self
        return Rows(self.ids[rows], self.levels[rows], self.texts.take(rows), self.hangul[rows])


@dataclass(frozen=True, slots=True)
class Matches:
    """Of indexed rows (by id) the earliest witness and its similarity, ascending by id."""

    ids: Ints
    witnesses: Ints
    similarities: Floats

    @classmethod
    def earliest(cls, ids: Ints, witnesses: Ints, similarities: Floats) -> Matches:
        """One match an id: that with the lowest witness."""
        order = np.lexsort((witnesses, ids))
        order = order[begins(ids[order])]
        return cls(ids[order], witnesses[order], similarities[order])

    @classmethod
    def joined(cls, parts: Iterable[Matches]) -> Matches:
        """The earliest of all."""
        every = [cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)), *parts]
        return cls.earliest(
            np.concatenate([part.ids for part in every]),
            np.concatenate([part.witnesses for part in every]),
            np.concatenate([part.similarities for part in every]),
        )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class NearIndex:
    """Indexed rows; build one with `NearIndex.build`."""

    ids: Ints
    legs: tuple[Leg, ...]
    options: NearOptions

    @classmethod
    def build(cls, rows: Rows, sample: Iterable[Rows], options: NearOptions, *, hangul: bool = True) -> NearIndex:
        """Indexes `rows`; `sample` is some of what will be streamed (it moves the cost alone).

        `hangul` says whether any text that is mostly Hangul will be streamed; without, texts
        that are not are indexed for each other alone.
        """
        sampled = list(sample)
        korean, other = np.flatnonzero(rows.hangul), np.flatnonzero(~rows.hangul)
        kinds = [((K_TEXT, (False,)), other), ((K_HANGUL, (False, True)), korean)]
        if hangul:
            kinds.append(((K_HANGUL, (True,)), other))
        legs = [
            Leg.build(kind, rows.texts, at, rows.levels[at], _frequencies(sampled, kind), options)
            for kind, at in kinds
            if len(at)
        ]
        return cls(rows.ids, tuple(legs), options)

    def match(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Columns `id`, `witness`, `similarity`: for each indexed row its earliest witness in `batch`, if any.

        `batch` holds `id` and `level` (int64) and `text` (normalised). Over many batches the
        earliest witness is the least. Raises `DataError` beyond the work limit.
        """
        import pyarrow as pa

        from registry.errors import DataError

        rows = Rows.of(
            batch.column("id").to_pylist(), batch.column("level").to_pylist(), batch.column("text").to_pylist()
        )
        try:
            found = self.match_rows(rows, Meter(self.options.work_limit))
        except LimitReachedError as error:
            raise DataError(
                "near-duplicates are not measured",
                why=f"a batch needs more than {self.options.work_limit} comparisons",
                hint="raise the work limit, or remove boilerplate from the texts",
            ) from error
        return pa.RecordBatch.from_arrays(
            [pa.array(found.ids), pa.array(found.witnesses), pa.array(found.similarities)],
            names=["id", "witness", "similarity"],
        )

    def match_rows(self, rows: Rows, meter: Meter, dead: Flags | None = None) -> Matches:
        """As `match`, less the indexed rows that are `dead`; raises `LimitReachedError` where `meter` runs out."""
        return Matches.joined(self._met(rows, lambda leg, side: leg.match(side, meter, dead)))

    def first_met(self, rows: Rows, meter: Meter) -> Matches:
        """The other way round: for each of `rows` the earliest indexed row near to it, if any."""
        met = self._met(rows, lambda leg, side: leg.pairs(side, meter))
        return Matches.joined([Matches(some.witnesses, some.ids, some.similarities) for some in met])

    def _met(self, rows: Rows, meet: Callable[[Leg, Side], tuple[Ints, Ints, Floats]]) -> Iterator[Matches]:
        for hangul in (False, True):
            some = rows.take(np.flatnonzero(rows.hangul == hangul))
            legs = [leg for leg in self.legs if hangul in leg.meets] if len(some) else []
            hashed: dict[int, Words] = {k: hashes(some.texts.codes, k) for k in sorted({leg.k for leg in legs})}
            for leg in legs:
                numbers, at, similarities = meet(leg, Side(some.texts, some.levels, hashed[leg.k]))
                yield Matches(self.ids[numbers], some.ids[at], similarities)

    def without(self, dead: Flags) -> NearIndex:
        """Less the indexed rows that are `dead`, which then cost nothing more."""
        return replace(self, legs=tuple(leg.without(dead) for leg in self.legs))


def _frequencies(sample: Sequence[Rows], kind: tuple[int, tuple[bool, ...]]) -> Frequencies:
    k, meets = kind
    return Frequencies.of((rows.take(np.flatnonzero(np.isin(rows.hangul, meets))).texts for rows in sample), k)
