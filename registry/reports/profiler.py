"""The other side of `registry.reports.second`: fg-data-profiling in a process that reaches nobody.

A script of its own, since its interpreter may be another one: it imports nothing of ours. It
reads a Parquet file and writes the report of `fg-data-profiling`; the last line on stdout is
`{"attempts": […], "version": "…"}`, the attempts to reach the network, all refused.

    python profiler.py rows.parquet report.html TITLE MINIMAL
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

FONTS = ("Pretendard", "Noto Sans KR", "Noto Sans CJK KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")
_REACHING = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")


def guard() -> list[str]:
    """From now on this process reaches no other: the events that tried to, each refused."""
    attempts: list[str] = []

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in _REACHING:
            attempts.append(f"{event} {arguments[1:] if event.endswith(('connect', 'to', 'msg')) else arguments[:1]}")
            raise PermissionError(f"{event}: a report reaches nobody")

    sys.addaudithook(refuse)
    return attempts


def draw(rows: Path, page: Path, title: str, *, minimal: bool) -> str:
    """Writes the report and answers with the version that drew it."""
    import importlib.metadata

    import pyarrow.parquet as pq
    from data_profiling import ProfileReport

    report = ProfileReport(pq.read_table(rows).to_pandas(), title=title, minimal=minimal, progress_bar=False)
    page.write_text(report.to_html(), "utf-8")
    return importlib.metadata.version("fg-data-profiling")


def letters() -> None:
    """Draws Korean letters where the machine has a font that holds them."""
    import matplotlib
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    found = [font for font in FONTS if font in known]
    matplotlib.rcParams["font.family"] = [*found, "DejaVu Sans"]
    matplotlib.rcParams["axes.unicode_minus"] = not found


def main() -> int:
    """The command line above."""
    # NOTE: the profiler reports rows, columns and machine to its makers unless this holds any text.
    os.environ.setdefault("YDATA_PROFILING_NO_ANALYTICS", "1")
    os.environ.setdefault("YDATA_SUPPRESS_BANNER", "1")
    attempts = guard()
    rows, page, title, minimal = sys.argv[1:]
    letters()
    version = draw(Path(rows), Path(page), title, minimal=minimal == "minimal")
    sys.stdout.write("\n" + json.dumps({"attempts": attempts, "version": version}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
