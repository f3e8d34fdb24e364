"""What `registry split` is told.

>>> SplitOptions({"train": 0.8, "test": 0.2}).plan()["shares"]
{'train': 0.8, 'test': 0.2}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import UsageError

FOLD = "fold"  # the column that `folds` sets


@dataclass(frozen=True, slots=True)
class Writing:
    """Where mended data goes: to `output`, else in place; `reason` is what the record says of it."""

    output: Path | None = None
    reason: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Shares by split in order; columns to stratify, group and order by; how many folds, drawn with which seed.

    Without `group` the schema's column with that role stands.
    """

    shares: Mapping[str, float]
    stratify: str | None = None
    group: str | None = None
    time: str | None = None
    near: bool = False
    seed: int = 0
    folds: int | None = None

    def __post_init__(self) -> None:
        if self.time and self.stratify:
            why = "time alone says where a row belongs"
            raise UsageError("--time and --stratify exclude each other", why=why, hint="leave one of them out")
        if self.folds is not None and self.folds < 2:
            raise UsageError(f"{self.folds} folds are none", why="there are at least two", hint="--folds 5")

    def plan(self) -> dict[str, Any]:
        """What cuts depend on: those of an equal plan are kept."""
        return {
            "shares": dict(self.shares),
            "seed": self.seed,
            "stratify": self.stratify,
            "group": self.group,
            "time": self.time,
            "folds": self.folds,
        }
