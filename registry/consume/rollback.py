"""Channels do not go back: the highest sequence that this user saw of each is kept in the cache.

Whoever can write a store can put an older channel in place of a newer one, and every
object would still be genuine; only memory tells (The Update Framework, "rollback attack").

>>> import tempfile
>>> from registry.model.names import Version
>>> def at(sequence):
...     return Channel(Version(1, sequence), "0" * 64, sequence, None, "Kim", "2026-01-01T00:00:00Z")
>>> with tempfile.TemporaryDirectory() as folder:
...     memory = Memory(Path(folder), "file:/store", "reviews", "stable")
...     memory.admit(at(2))
...     memory.admit(at(1))
Traceback (most recent call last):
registry.errors.RollbackError: the channel reviews@stable was set back: ...
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry.errors import RollbackError
from registry.model.digest import sha256_of
from registry.stores.standing import Channel


@dataclass(frozen=True, slots=True)
class Memory:
    """What was seen of one channel of one store; `root` is the cache's directory."""

    root: Path
    url: str
    name: str
    channel: str

    def admit(self, seen: Channel, *, allow_rollback: bool = False) -> str:
        """Remembers `seen`, or raises `RollbackError` where a later or a different state was seen before.

        With `allow_rollback` the state is taken for the latest, whatever was seen. Returns what a
        consumer must hear: that it could not be remembered.
        """
        known = self._known()
        wrong = self._contradiction(seen, known)
        if wrong and not allow_rollback:
            raise RollbackError(
                f"the channel {self.name}@{self.channel} was set back",
                why=wrong,
                hint=f"ask whoever runs the store; --allow-rollback if it was restored from a backup: "
                f"registry pull {self.name}@{self.channel} --allow-rollback",
                channel=self.channel,
                sequence=seen.sequence,
            )
        try:
            self._keep(seen, known)
        except OSError as error:
            return f"the cache {self.root} cannot be written: {error.strerror}; how far {self.channel} is, is not kept"
        return ""

    def _contradiction(self, seen: Channel, known: dict[int, Path]) -> str:
        highest = max(known, default=0)
        if seen.sequence < highest:
            return f"its sequence is {seen.sequence}, and {highest} was seen before"
        if seen.sequence == highest and self._differs(seen, known[highest]):
            return f"its sequence {highest} is not what was seen under this number before"
        return ""

    def _differs(self, seen: Channel, file: Path) -> bool:
        try:
            return file.read_bytes() != seen.to_bytes()
        except FileNotFoundError:
            return False  # another process saw the channel further on just now, and tidied it away

    def _keep(self, seen: Channel, known: dict[int, Path]) -> None:
        # NOTE: one file a sequence, so that of two processes at once none can hide the higher one.
        file = self._folder / f"{seen.sequence}.json"
        if known.get(seen.sequence) is None or file.read_bytes() != seen.to_bytes():
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{secrets.token_hex(8)}")
            beside.write_bytes(seen.to_bytes())
            beside.replace(file)
        for sequence, other in known.items():
            if sequence != seen.sequence:
                with suppress(FileNotFoundError):  # another process tidied it away
                    other.unlink()

    def _known(self) -> dict[int, Path]:
        return {int(file.stem): file for file in self._folder.glob("*.json") if file.stem.isdigit()}

    @property
    def _folder(self) -> Path:
        return self.root / "channels" / sha256_of(self.url.encode())[:16] / self.name / self.channel
