from __future__ import annotations

from collections import Counter


def pytest_terminal_summary(terminalreporter):
    """How many faults of each kind the run injected."""
    done = Counter()
    for report in terminalreporter.stats.get("passed", ()):
        for kind, count in report.user_properties:
            if isinstance(count, int):
                done[kind] += count
    if done:
        terminalreporter.write_line("faults: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(done.items())))
