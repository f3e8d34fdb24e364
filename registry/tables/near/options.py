"""What a search for near-duplicates may be told, and what it may spend.

>>> NearOptions(threshold=0.9).extra
3
>>> NearOptions(threshold=80)
Traceback (most recent call last):
registry.errors.ConfigError: the threshold 80 is no similarity: it lies above 0 and at most at 1
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from registry.errors import ConfigError

OWNER_BITS = 17  # a streamed row and an indexed row are told by 32 bits, of which these are the indexed row's


@dataclass(frozen=True, slots=True)
class NearOptions:
    """`threshold` decides; everything else moves the cost alone, never the answer.

    `work_limit` bounds the comparisons (an encounter of a row with an indexed shingle, or a
    shingle compared in a verification): beyond it the search gives up, so that hostile
    data ends in "not measured" instead of in hours. The default is some minutes of one core.
    `extra` shingles are indexed beyond those that the threshold needs, and as many more must
    be met. `block` rows, or `block_codes` characters, are indexed at a time; `chunk` rows, or
    `chunk_codes` characters, are streamed past the index at a time; `events` encounters are
    held at a time. `temp` is where normalised texts are kept during the search (as long as
    the texts themselves; removed at the end), by default the system's directory.
    """

    threshold: float = 0.8
    work_limit: int = 2_000_000_000
    extra: int = 3
    block: int = 1 << 17
    block_codes: int = 1 << 25
    chunk: int = 1 << 14
    chunk_codes: int = 1 << 22
    events: int = 1 << 21
    temp: Path | None = None

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ConfigError(
                f"the threshold {self.threshold} is no similarity",
                why="it lies above 0 and at most at 1",
                hint="set `threshold` to 0.8 in the suite",
            )
        if self.extra < 0 or min(self.block, self.block_codes, self.chunk, self.chunk_codes, self.events) < 1:
            raise ConfigError("the sizes of a search are too small", hint="leave them at their defaults")
        if self.chunk > 1 << (32 - OWNER_BITS) or self.block > 1 << OWNER_BITS:
            raise ConfigError("the sizes of a search are too large", why="a block is of 2^17 rows, a chunk of 2^15")


class LimitReachedError(Exception):
    """The work limit is reached; caught where a search begins."""


@dataclass(slots=True)
class Meter:
    """Counts comparisons and stops at the limit."""

    limit: int
    spent: int = 0

    def spend(self, work: int) -> None:
        """Adds `work`; raises `LimitReachedError` beyond the limit."""
        self.spent += work
        if self.spent > self.limit:
            raise LimitReachedError
