"""The difference of two tables of a million rows and ten columns: ours, by hand in DuckDB, and by datacompy on pandas.

    python benchmarks/diff.py [--rows N] [--rounds N] [--datacompy PYTHON] [--large] [--changed]

Of the later table 1 % of the rows are new, 1 % of the earlier ones gone, 1 % edited in one column, 0.5 % relabelled
and 0.2 % in another split; its rows stand in another order. By hand is what somebody who knows the table would write
for the same facts: rows added, removed, edited, relabelled and moved by split, pairs of labels and edits by column; by
key one full join, without a key the rows that are more or fewer than before, kept in a temporary table. All sides run
in processes of their own without their imports, and those that count the same must agree. `--datacompy` names a Python
with `requirements-diff.txt`. `--large` measures the memory at ten times the rows, `--changed` a check of nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import ROOT, best, run

sys.path.insert(0, str(ROOT))
SPLITS = ("test", "train")
LABELS = ("긍정", "부정", "중립", "혼합", "없음")
VALUES = ("text", "a", "b", "c", "d", "n", "m", "day")
COLUMNS = ("id", "label", *VALUES)
BARS = {"keyed": 1.5, "keyless": 1.5}
Counts = dict[str, Any]


def make(directory: Path, rows: int) -> None:
    """before/ and after/, each with train.parquet and test.parquet (a fifth)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    draw = np.random.default_rng(1)
    total = rows + rows // 100
    words = pa.array([f"낱말{n} word{n * 7919 % 5000}" for n in range(5000)])
    table = {
        "id": np.arange(total),
        "label": draw.integers(0, 5, total),
        "text": draw.integers(0, 5000**2, total),
        **{name: draw.normal(size=total).round(6) for name in "abcd"},
        "n": draw.integers(0, 1000, total),
        "m": draw.integers(0, 10**9, total),
        "day": np.datetime64("2026-01-01") + draw.integers(0, 365, total),
        "split": np.where(draw.random(total) < 0.2, "test", "train"),
    }
    old = {name: column[:rows].copy() for name, column in table.items()}
    new = {name: column[rows // 100 :].copy() for name, column in table.items()}
    some = draw.permutation(rows - rows // 100)  # of what both have
    edited, rest = np.split(some, [rows // 100])
    relabelled, rest = np.split(rest, [rows // 200])
    moved = rest[: rows // 500]
    for at, name in enumerate(VALUES[1:5]):
        new[name][edited[at::4]] += 1
    new["label"][relabelled] = (new["label"][relabelled] + 1) % 5
    new["split"][moved] = np.where(new["split"][moved] == "test", "train", "test")
    order = draw.permutation(rows)
    for side, columns, index in (("before", old, slice(None)), ("after", new, order)):
        (directory / side).mkdir()
        held = {name: column[index] for name, column in columns.items()}
        held["label"] = pa.array(LABELS).take(held["label"]).to_numpy(zero_copy_only=False)
        for split in SPLITS:
            here = held["split"] == split
            written = {name: held[name][here] for name in COLUMNS}
            two = (words.take(pa.array(part)) for part in divmod(written["text"], 5000))
            data = pa.table({**written, "text": pc.binary_join_element_wise(*two, " ")})
            pq.write_table(data, directory / side / f"{split}.parquet", row_group_size=122_880)


def ours(directory: Path, *, keyed: bool) -> Callable[[], Counts]:
    import pyarrow.parquet as pq

    from registry.model.schema import Column, DatasetSchema
    from registry.tables.duck import Session
    from registry.tables.table import Part, Table
    from registry.versions.rows import compare_rows

    def table(side: str) -> Table:
        paths = {split: directory / side / f"{split}.parquet" for split in SPLITS}
        parts = (Part(f"{s}.parquet", path, s, pq.read_metadata(path).num_rows) for s, path in paths.items())
        kinds = {"id": "int64", "label": "string", "text": "string", "n": "int64", "m": "int64", "day": "date32"}
        columns = tuple((name, kinds.get(name, "double")) for name in COLUMNS)
        return Table(tuple(parts), columns, SPLITS, None, "parquet")

    roles = {"id": "key" if keyed else None, "label": "label"}
    schema = DatasetSchema(
        "t", tuple(Column(name, kind, role=roles.get(name)) for name, kind in table("after").columns)
    )

    def compare() -> Counts:
        with Session(table("after"), earlier=table("before")) as session:
            found = compare_rows(session, schema, schema)
        assert found.keyed == keyed, found.note
        counts = {kind: dict(getattr(found, kind)) for kind in ("added", "removed", "edited", "relabelled", "columns")}
        pairs = {
            kind: {" → ".join(map(str, k)): n for k, n in getattr(found, kind).items()} for kind in ("moved", "labels")
        }
        return {**counts, **pairs}

    return compare


def connect(directory: Path) -> Any:
    import duckdb

    connection = duckdb.connect()
    for side in ("before", "after"):
        files = " UNION ALL ".join(f"SELECT *, '{s}' AS split FROM '{directory / side / s}.parquet'" for s in SPLITS)
        connection.execute(f"CREATE VIEW {side} AS {files}")
    return connection


def tidy(rows: list[tuple[Any, ...]]) -> dict[str, int]:
    """(name, …, count) rows as counts by name; zeros are left out."""
    found = {" → ".join(map(str, row[:-1])): int(row[-1]) for row in rows if row[-1]}
    return dict(sorted(found.items()))


def keyed_by_hand(directory: Path) -> Counts:
    connection = connect(directory)
    edits = ", ".join(f"count(*) FILTER (o.{name} IS DISTINCT FROM n.{name}) AS {name}" for name in VALUES)
    any_edit = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in VALUES)
    connection.execute(
        f"""CREATE TEMP TABLE f AS
        SELECT o.split AS old, n.split AS new, o.label AS y0, n.label AS y1, count(*) AS rows,
        count(*) FILTER ({any_edit}) AS edited, {edits} FROM before o FULL JOIN after n ON o.id = n.id GROUP BY ALL"""
    )

    def ask(sql: str) -> dict[str, int]:
        return tidy(connection.sql(sql).fetchall())

    both = "FROM f WHERE old IS NOT NULL AND new IS NOT NULL"
    columns = connection.sql(f"SELECT {', '.join(f'sum({name})' for name in VALUES)} {both}").fetchall()[0]
    return {
        "added": ask("SELECT new, sum(rows) FROM f WHERE old IS NULL GROUP BY 1"),
        "removed": ask("SELECT old, sum(rows) FROM f WHERE new IS NULL GROUP BY 1"),
        "edited": ask(f"SELECT new, sum(edited) {both} GROUP BY 1"),
        "relabelled": ask(f"SELECT new, sum(rows) {both} AND y0 IS DISTINCT FROM y1 GROUP BY 1"),
        "columns": {name: int(n) for name, n in zip(VALUES, columns, strict=True) if n},
        "moved": ask(f"SELECT old, new, sum(rows) {both} AND old <> new GROUP BY 1, 2"),
        "labels": ask(f"SELECT y0, y1, sum(rows) {both} AND y0 IS DISTINCT FROM y1 GROUP BY 1, 2"),
    }


def keyless_by_hand(directory: Path) -> Counts:
    """Rows as multisets; a row relabelled or moved differs in that alone, which here no two rows share."""
    connection = connect(directory)
    values = ", ".join(("id", *VALUES))
    connection.execute(
        f"""CREATE TEMP TABLE d AS SELECT {values}, label, split, sum(times) AS times FROM (
        SELECT *, 1 AS times FROM after UNION ALL SELECT *, -1 AS times FROM before)
        GROUP BY ALL HAVING sum(times) <> 0"""
    )
    connection.execute(
        f"""CREATE TEMP TABLE p AS SELECT o.split AS old, n.split AS new, o.label AS y0, n.label AS y1,
        least(-o.times, n.times) AS times, o.rowid AS was, n.rowid AS now FROM d o JOIN d n USING ({values})
        WHERE o.times < 0 AND n.times > 0"""
    )

    def ask(sql: str) -> dict[str, int]:
        return tidy(connection.sql(sql).fetchall())

    return {
        "added": ask("SELECT split, sum(times) FROM d WHERE times > 0 AND rowid NOT IN (SELECT now FROM p) GROUP BY 1"),
        "removed": ask(
            "SELECT split, -sum(times) FROM d WHERE times < 0 AND rowid NOT IN (SELECT was FROM p) GROUP BY 1"
        ),
        "edited": {},
        "relabelled": ask("SELECT new, sum(times) FROM p WHERE old = new GROUP BY 1"),
        "columns": {},
        "moved": ask("SELECT old, new, sum(times) FROM p WHERE old <> new GROUP BY 1, 2"),
        "labels": ask("SELECT y0, y1, sum(times) FROM p WHERE old = new GROUP BY 1, 2"),
    }


def by_datacompy(directory: Path) -> Counts:
    import datacompy
    import pandas as pd

    sides = {}
    for side in ("before", "after"):
        files = {split: pd.read_parquet(directory / side / f"{split}.parquet") for split in SPLITS}
        sides[side] = pd.concat([frame.assign(split=split) for split, frame in files.items()])
    compare = getattr(datacompy, "PandasCompare", None) or datacompy.Compare
    found = compare(sides["before"], sides["after"], join_columns="id")
    unequal = {entry["column"]: int(entry["unequal_cnt"]) for entry in found.column_stats if entry["unequal_cnt"]}
    return {"added": len(found.df2_unq_rows), "removed": len(found.df1_unq_rows), "columns": unequal}


SIDES: dict[str, Callable[[Path], Callable[[], Counts]]] = {
    "ours keyed": lambda directory: ours(directory, keyed=True),
    "ours keyless": lambda directory: ours(directory, keyed=False),
    "by hand keyed": lambda directory: lambda: keyed_by_hand(directory),
    "by hand keyless": lambda directory: lambda: keyless_by_hand(directory),
    "datacompy": lambda directory: lambda: by_datacompy(directory),
}


def measure(side: str, directory: Path) -> None:
    """Runs one side and prints its figures as JSON."""
    if side == "datacompy":
        import datacompy  # noqa: F401 (imports are no part of a comparison)
    else:
        import duckdb  # noqa: F401
    compare = SIDES[side](directory)
    before, clock = time.process_time(), time.perf_counter()
    counts = compare()
    used = {"cpu": time.process_time() - before, "wall": time.perf_counter() - clock}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**used, "mb": memory, "counts": counts}))


def runs(side: str, directory: Path, rounds: int, python: str) -> tuple[dict[str, float], Counts]:
    """The least of each figure over the rounds, and the counts."""
    command = [python, __file__, "--side", side, "--data", str(directory)]
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: min(one[name] for one in found) for name in ("cpu", "wall", "mb")}, found[0]["counts"]


def changed(rounds: int) -> bool:
    """A check of what a branch of documents alone touched: nothing."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, "team")
        (root / "data" / "reviews").mkdir(parents=True)
        draw = random.Random(1)
        for split in SPLITS:
            lines = [f"{split}-{n},{draw.random()},{n % 2}" for n in range(50)]
            Path(root, "data", "reviews", f"{split}.csv").write_text("\n".join(["id,text,label", *lines]))
        registry, git = [sys.executable, "-m", "registry"], ["git", "-c", "user.name=x", "-c", "user.email=x@x"]
        for command in (
            [*registry, "init"], [*registry, "add", "data/reviews", "--label", "label", "--key", "id"],
            ["git", "add", "-A"], [*git, "commit", "-q", "-m", "Add"], ["git", "checkout", "-q", "-b", "work"],
            [*git, "commit", "-q", "--allow-empty", "-m", "Prose"],
        ):  # fmt: skip
            run(command, cwd=root)
        cost = best(lambda: run([*registry, "check", "--changed", "--base", "HEAD^"], cwd=root), rounds)
    print(f"check --changed with nothing to do: {cost}; bar 1 s")
    return cost.wall <= 1


def main() -> int:
    """Compares all sides; 0 where the counts agree and the bars are held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--datacompy", metavar="PYTHON")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--side", choices=[*SIDES, "make"])
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    if options.side == "make":
        make(options.data, options.rows)
        return 0
    if options.side:
        measure(options.side, options.data)
        return 0
    if options.changed:
        return 0 if changed(options.rounds) else 1
    rows = options.rows * 10 if options.large else options.rows
    sides = [side for side in SIDES if (options.datacompy or side != "datacompy")]
    if options.large:
        os.environ["REGISTRY_MEMORY"] = "700MB"
        sides, options.rounds = ["ours keyed", "ours keyless"], 1
    with tempfile.TemporaryDirectory() as name:
        # Not here: what this process once held would count as the memory of those that it starts.
        run([sys.executable, __file__, "--side", "make", "--data", name, "--rows", str(rows)])
        python = {"datacompy": shutil.which(options.datacompy) if options.datacompy else None}
        results = {s: runs(s, Path(name), options.rounds, python.get(s) or sys.executable) for s in sides}
    print(f"{rows:,} rows; least of {options.rounds} rounds\n{'':18}{'CPU s':>8}{'wall s':>8}{'MB':>8}")
    for side, (figures, _) in results.items():
        print(f"{side:18}{figures['cpu']:8.2f}{figures['wall']:8.2f}{figures['mb']:8.0f}")
    if options.large:
        return 0 if all(figures["mb"] <= 1000 for figures, _ in results.values()) else 1
    held = True
    for kind, bar in BARS.items():
        (mine, counts), (hand, others) = results[f"ours {kind}"], results[f"by hand {kind}"]
        ratio = {figure: mine[figure] / hand[figure] for figure in ("cpu", "wall")}
        print(f"{kind}, ours / by hand: {ratio['cpu']:.2f} × CPU, {ratio['wall']:.2f} × wall; bar {bar}")
        if counts != others:
            print(f"THE COUNTS DIFFER: {counts}\n{others}")
        held = held and ratio["cpu"] <= bar and counts == others
    if options.datacompy:
        slower = {f: results["datacompy"][0][f] / results["ours keyed"][0][f] for f in ("cpu", "wall")}
        print(f"datacompy / ours keyed: {slower['cpu']:.1f} × CPU, {slower['wall']:.1f} × wall; bar 5")
        held = held and slower["wall"] >= 5
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
