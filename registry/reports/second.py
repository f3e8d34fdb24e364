"""A second opinion: the report of `fg-data-profiling`, an extra that no release depends on.

It neither escapes column names nor knows of personal data, and it would tell its makers of
every report. So it gets a seeded sample whose values are masked and can be no markup, in a
process without network, and its page stands in a frame with an origin of its own, under a
policy that lets it ask nobody.

>>> harmless("<script>alert('1')</script> 010-1234-5678")
'‹script›alert(′1′)‹/script› 010-****-****'
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import EnvironmentFailed, MissingExtraError
from registry.model.facts import ReleaseFacts
from registry.privacy.mask import is_withheld, mask
from registry.reports.html import environment
from registry.reports.names import cut, visible
from registry.reports.rows import SEED
from registry.reports.text import Text
from registry.tables.duck import Session, quote_ident, quote_text

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 100_000  # of the sample, about
CELLS = 200_000  # up to which the whole report is drawn, beyond it the minimal one
COLUMNS = 200
LENGTH = 500  # characters of a value
PATIENCE = 1800  # seconds
PROFILER = "REGISTRY_PROFILER"  # names an interpreter that has it
_LOOKALIKES = str.maketrans("<>&\"'`{}", "‹›＆″′ˋ❴❵")
_PLAIN = ("integer", "number", "boolean", "date", "datetime")


@dataclass(frozen=True, slots=True)
class Sample:
    """What the profiler sees: rows, of how many, and the columns left out."""

    table: pa.Table
    total: int
    left_out: int


def second_html(session: Session, facts: ReleaseFacts, lang: str) -> str:
    """The framed report over a sample of the session's data, as HTML text.

    Raises `MissingExtraError` where no interpreter has the profiler, `EnvironmentFailed`
    where it fails or tries to reach the network.
    """
    python = interpreter()
    sample = sample_of(session, facts.profile["columns"], {c.name: c.classification for c in facts.schema.columns})
    return framed(drawn(python, sample.table, cut(facts.ref, 120)), sample, facts, lang)


def interpreter() -> str:
    """An interpreter that has `fg-data-profiling`: the one that `REGISTRY_PROFILER` names, else this one."""
    named = os.environ.get(PROFILER)
    if named or importlib.util.find_spec("data_profiling"):
        return named or sys.executable
    raise MissingExtraError(
        "the report of fg-data-profiling needs an extra that holds pandas below 3",
        why="it is no part of `[all]`; an environment of its own serves too, if REGISTRY_PROFILER names its python",
        hint="pip install 'dataset-release-registry[author,profiling]'",
    )


def sample_of(session: Session, columns: Sequence[Mapping[str, Any]], classified: Mapping[str, str]) -> Sample:
    """Rows chosen by a seeded hash of their place, values masked, names and values without markup."""
    import pyarrow as pa

    shown = [c for c in columns if not is_withheld(classified.get(c["name"], ""))][:COLUMNS]
    total = int(session.value("SELECT count(*) FROM data"))
    paths = session.rows("SELECT DISTINCT __file AS f FROM data ORDER BY f")
    files = ", ".join(f"({quote_text(row['f'])}, {number})" for number, row in enumerate(paths))
    part = min(1.0, ROWS / total) if total else 1.0
    chosen = f"hash(number, __row, {SEED}) % 1000000 < {round(part * 1_000_000)}"
    batches = session.arrow(
        f"SELECT {', '.join(_value(c) for c in shown) or '1'} FROM data "  # noqa: S608 (all quoted)
        f"JOIN (VALUES {files or '(NULL, 0)'}) AS part(file, number) ON file = __file "
        f"WHERE {chosen} ORDER BY number, __row"
    )
    table = pa.Table.from_batches(list(_harmless(batches)) or [pa.record_batch({})])
    return Sample(table.rename_columns(_names([c["name"] for c in shown])), total, len(columns) - len(shown))


def _value(column: Mapping[str, Any]) -> str:
    name = quote_ident(column["name"])
    plain = column["kind"] in _PLAIN
    return (
        f"{name} AS c{column['index']}" if plain else f"left(CAST({name} AS VARCHAR), {LENGTH}) AS c{column['index']}"
    )


def _harmless(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in batches:
        values = [
            pa.array([None if v is None else harmless(v) for v in column.to_pylist()], pa.string())
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            else column
            for column in batch.columns
        ]
        yield pa.RecordBatch.from_arrays(values, names=batch.schema.names)


def harmless(text: str) -> str:
    """`text` masked, made visible, and without a character that could begin markup."""
    return visible(mask(text)).translate(_LOOKALIKES)


def _names(names: Sequence[str]) -> list[str]:
    """Column names as the profiler may write them anywhere: no markup, cut, unique."""
    taken: dict[str, None] = {}
    for name in names:
        base = cut(harmless(name)) or "column"
        number = 2
        while (known := base if number == 2 else f"{base} {number - 1}") in taken:
            number += 1
        taken[known] = None
    return list(taken)


def drawn(python: str, table: pa.Table, title: str) -> str:
    """The page that the profiler of `python` draws of `table`."""
    import pyarrow.parquet as pq

    minimal = table.num_rows * table.num_columns > CELLS
    with tempfile.TemporaryDirectory() as folder:
        rows, page = Path(folder, "rows.parquet"), Path(folder, "report.html")
        pq.write_table(table, rows)
        command = [python, "-I", str(Path(__file__).with_name("profiler.py")), str(rows), str(page)]
        surroundings = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": folder,
            "MPLCONFIGDIR": folder,
            "PYTHONHASHSEED": "0",
        }
        done = _run([*command, harmless(title), "minimal" if minimal else "full"], surroundings)
        if done.returncode or not page.is_file():
            raise _failed(done.stderr.strip().rpartition("\n")[2] or f"it ended with {done.returncode}")
        attempts = json.loads(done.stdout.strip().rpartition("\n")[2])["attempts"]
        if attempts:
            raise _failed(f"it tried to reach the network ({attempts[0][:120]}), which was refused")
        return page.read_text("utf-8")


def _run(command: Sequence[str], surroundings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, env=surroundings, capture_output=True, text=True, timeout=PATIENCE, check=False, encoding="utf-8"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error


def _failed(why: str) -> EnvironmentFailed:
    return EnvironmentFailed(
        "fg-data-profiling drew no report", why=why[:300], hint="registry report eda gives ours, which needs none of it"
    )


def framed(page: str, sample: Sample, facts: ReleaseFacts, lang: str) -> str:
    """`page` in a sandboxed frame of ours, which says what was sampled."""
    text = Text(lang)
    return (
        environment()
        .get_template("second.html.j2")
        .render(
            t=text,
            lang=lang,
            ref=cut(facts.ref, 120),
            page=page,
            rows=text.n("rows", sample.table.num_rows),
            total=text.n("rows", sample.total),
            left_out=text.n("columns", sample.left_out) if sample.left_out else "",
            seed=SEED,
        )
    )
