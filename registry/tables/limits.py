"""What reading files may cost: memory, time, and the size of what it writes.

The memory is that of the process that reads, beyond its start; `REGISTRY_READ_MEMORY`
(2GiB) and `REGISTRY_READ_SECONDS` (10, and more with the size of the files) set it.

>>> amount("1.5 GiB"), amount("2GB"), amount("512")
(1610612736, 2000000000, 512)
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from registry.errors import UsageError
from registry.tables.pieces import Cut

MEMORY, SECONDS = "REGISTRY_READ_MEMORY", "REGISTRY_READ_SECONDS"
DEFAULT_MEMORY, DEFAULT_SECONDS = "2GiB", "10"
WRITTEN = 1 << 30  # bytes that a converted file may take, beyond 16 times what it is made from
PACE = {"parquet": 4 << 20, "arrow": 4 << 20}  # bytes for which a second more is given; text takes longer
TEXT_PACE, PACKED_PACE = 1 << 20, 1 << 18
FILES_A_SECOND = 50
PATIENCE = 2  # times the processor time that may pass on the clock: the machine may be busy
_UNITS = {"": 1, "B": 1} | {
    f"{letter}{infix}B": base**power
    for power, letter in enumerate("KMGT", 1)
    for infix, base in (("", 1000), ("i", 1024))
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of memory beyond the start of the process, seconds of processor time, bytes of one written file."""

    memory: int
    seconds: int
    written: int

    @classmethod
    def of(cls, found: Cut) -> Limits:
        """The limits for the files of a dataset: what a bomb expands to does not raise them, its size does."""
        files = {entry.path: entry.size for piece in found.pieces for entry in piece.entries}
        seconds = sum(size / _pace(found, path) for path, size in files.items()) + len(files) / FILES_A_SECOND
        # An Arrow file may be one batch, which is read at once; of all others only blocks are held.
        batch = 3 * max(files.values(), default=0) if found.format == "arrow" else 0
        return cls(
            memory=amount(os.environ.get(MEMORY) or DEFAULT_MEMORY, MEMORY) + batch,
            seconds=int(amount(os.environ.get(SECONDS) or DEFAULT_SECONDS, SECONDS) + seconds),
            written=WRITTEN + 16 * sum(files.values()),
        )

    @property
    def patience(self) -> float:
        """Seconds on the clock until the process is ended."""
        return self.seconds * PATIENCE

    def impose(self) -> None:
        """Limits this process for good, from here on. Memory is limited on Linux alone."""
        import resource

        _limit(resource.RLIMIT_CORE, 0, 0)
        _limit(resource.RLIMIT_CPU, self.seconds, 2)
        _limit(resource.RLIMIT_FSIZE, self.written, 0)
        if sys.platform == "linux":
            _limit(resource.RLIMIT_AS, _mapped() + self.memory, SPARE)


SPARE = 64 << 20  # bytes beyond the limit, to say that it was reached


def release_spare() -> None:
    """Lets a process that reached its memory limit take a little more, to say so."""
    import resource

    if sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def amount(text: str, name: str = "") -> int:
    """The number that `text` gives, with a unit of bytes or without; `name` is the variable it comes from."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*([A-Za-z]*)", text.strip())
    units = {unit.casefold(): size for unit, size in _UNITS.items()}
    if not found or found[2].casefold() not in units or not float(found[1]):
        hint = f"export {name}={DEFAULT_SECONDS if name == SECONDS else '4GB'}"
        raise UsageError(f"`{text}` is no amount", why=f"{name} says so" if name else "", hint=hint)
    return int(float(found[1]) * units[found[2].casefold()])


def _pace(found: Cut, path: str) -> int:
    if path.casefold().endswith(".gz"):
        return PACKED_PACE
    return PACE.get(found.format, TEXT_PACE)


def _limit(what: int, most: int, spare: int) -> None:
    """Sets a soft limit, and a hard one `spare` above; a lower one that is set already stays."""
    import resource

    soft, hard = resource.getrlimit(what)
    known = [value for value in (soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(what, (min([most, *known]), min([most + spare, *known[-1:]])))


def _mapped() -> int:
    """Bytes of address space that this process has mapped."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
