"""The one sink of everything a person or a program reads.

Results go to stdout, prose and progress to stderr. Under `--json` stdout holds exactly
one document.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.formats.plain import is_control, one_line, symbol, width

MARK = "\ue07f"  # stands around the numbers of a style until a line is printed; of the private use area
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}


def _unknown() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Out:
    """How to speak: as JSON, quietly, with progress bars, in which language."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress_wanted: bool = True
    lang: str = "en"

    def document(self, value: dict[str, Any]) -> None:
        """The one JSON document of a command, under `--json`."""
        if self.json:
            from registry.model.digest import canonical

            sys.stdout.write(canonical(value).decode("utf-8", "replace"))  # half a character, as in a forged title
            sys.stdout.flush()

    def text(self, text: str = "", *, commands: bool = False) -> None:
        """A line of the result for people; with `commands` it is one for whoever runs a workflow, as it stands."""
        if not self.json:
            sys.stdout.write(_printable(text, sys.stdout, commands=commands) + "\n")

    def note(self, text: str) -> None:
        """A line beside the result; silent under `--quiet`."""
        if not self.quiet:
            sys.stderr.write(_printable(text, sys.stderr) + "\n")

    def alarm(self, text: str) -> None:
        """A line that is never silenced."""
        sys.stderr.write(_printable(text, sys.stderr) + "\n")

    def style(self, text: str, *names: str) -> str:
        """`text` in colours, where stdout is a terminal and NO_COLOR is not set."""
        return f"{MARK}{';'.join(STYLES[name] for name in names)}{MARK}{text}{MARK}0{MARK}"

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns aligned by display width; the first line is the head."""
        if self.json:
            return
        lines = [[one_line(str(cell)) for cell in line] for line in [head, *rows]]
        widths = [max(width_of(line[i]) for line in lines) for i in range(len(head))]
        for index, line in enumerate(lines):
            cells = [cell + " " * (width - width_of(cell)) for cell, width in zip(line, widths, strict=True)]
            joined = "  ".join(cells).rstrip()
            self.text(self.style(joined, "dim") if index == 0 else joined)

    @contextmanager
    def progress(self, label: str, total: Callable[[], int | None] = _unknown) -> Iterator[Bar | None]:
        """A bar with rate and time left on stderr; None where no one would see it.

        `total` gives the bytes to come, or None where nobody knows; it is asked only if a
        bar is shown.
        """
        shown = self.progress_wanted and not self.quiet and sys.stderr.isatty()
        if not shown:
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Display

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Display(
            *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
        ) as display:
            yield Bar(display, display.add_task(label, total=total()))


class Bar:
    """A progress bar: called with (files, bytes) done, or begun anew for the next step."""

    def __init__(self, display: Any, task: Any) -> None:
        self._display = display
        self._task = task

    def __call__(self, files: int, size: int) -> None:
        """Advances by `size` bytes."""
        self._display.advance(self._task, size)

    def expect(self, size: int) -> None:
        """Says how many bytes are to come, where that is known only now."""
        self._display.update(self._task, total=size)

    def begin(self, label: str) -> None:
        """Starts the same amount again, as another step."""
        self._display.reset(self._task, description=label)


def size_of(path: Path) -> int | None:
    """Bytes of the files below `path`, or None where they cannot be told."""
    from registry.content.walk import walk
    from registry.errors import RegistryError

    try:
        return sum(found.stat.size for found in walk(path))
    except RegistryError:
        return None


def width_of(text: str) -> int:
    """Cells that `text` takes in a terminal; wide characters take two, escapes none."""
    import re

    return width(re.sub(f"{MARK}[0-9;]*{MARK}", "", text))


def counted(number: int, noun: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def human_bytes(size: int) -> str:
    """`size` in powers of 1000: `30.2 MB`."""
    number, units = float(size), ["B", "kB", "MB", "GB", "TB", "PB"]
    while number >= 999.95 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{size} B" if units[0] == "B" else f"{number:.1f} {units[0]}"


def _colours(stream: Any) -> bool:
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _printable(text: str, stream: Any, *, commands: bool = False) -> str:
    """Control characters from data shown as symbols, styles as the stream can, nothing that it cannot encode.

    Where GitHub's runner reads the log, nothing but its own `commands` is one: it obeys `::` at the start of a
    line, and `##[` anywhere.
    """
    import re

    shown = "".join(c if c in "\n\t" or not is_control(c) else symbol(c) for c in text)
    if not commands and os.environ.get("GITHUB_ACTIONS") == "true":
        shown = re.sub(r"(?m)^(\s*):(?=:)|(?<=#)#(?=\[)", lambda found: f"{found[0]}\u200b", shown)
    style = "\x1b[\\1m" if _colours(stream) else ""
    shown = re.sub(f"{MARK}([0-9;]{{1,9}}){MARK}", style, shown)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return shown.encode(encoding, "replace").decode(encoding)
