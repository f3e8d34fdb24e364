"""What a long check has done already, so that the same command goes on after an interruption.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with Checkpoint(Path(folder, "c")) as first:
...         first.add("a")
...     sorted(Checkpoint(Path(folder, "c")).done)
['a']
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

KEPT_FOR = 24 * 3600  # seconds; an older one says nothing of the store as it is now


class Checkpoint:
    """A set of lines in a file; `path` None remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.done = frozenset(self._read())
        self._out: TextIO | None = None

    def _read(self) -> list[str]:
        if self.path is None:
            return []
        try:
            if time.time() - self.path.stat().st_mtime > KEPT_FOR:
                return []
            # The last line may be torn.
            return self.path.read_text("utf-8", "replace").split("\n")[:-1]
        except FileNotFoundError:
            return []

    def __enter__(self) -> Checkpoint:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._out = self.path.open("a" if self.done else "w", encoding="utf-8", buffering=1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._out:
            self._out.close()

    def add(self, line: str) -> None:
        """Remembers `line`."""
        if self._out:
            self._out.write(line + "\n")

    def clear(self) -> None:
        """Forgets everything: the check is done."""
        if self.path is not None:
            with suppress(FileNotFoundError):
                self.path.unlink()
