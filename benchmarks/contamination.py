"""A million rows against ten benchmarks of ten thousand, by their fingerprints alone.

    python benchmarks/contamination.py [--rows 1000000] [--benchmarks 10]

Seconds are of the whole check, reading of Parquet included, without the start of the program;
recall and false alarms are of rows planted at known similarities.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registry.checks.expectations.contamination import NEAR
from registry.checks.references import Marked, References
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.fingerprints import Fingerprint, Shingled
from registry.tables.keys import normalise_text
from registry.tables.near.definition import similarity
from registry.tables.table import Part, Table

KIND = "expect_no_contamination_with"
STOCK = ["".join(random.Random(n).choices("etaoinshrdlucmf", k=2 + n % 6)) for n in range(20_000)]


def texts(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(STOCK, k=12)) for _ in range(count)]


def check(table: Table, marked: list[Marked], *, near: bool) -> tuple[float, float, int]:
    """Seconds of the wall, of the CPU, and the rows found."""
    schema = DatasetSchema("corpus", (Column("text", "string", role="text"),))
    references = References(fingerprints=lambda _: marked)
    config = {"type": KIND, "kwargs": {"references": ["benchmarks"], "near": near}}
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    with Session(table) as session:
        (found,) = run_checks(expectations_of([config], "suite"), table, schema, session, references)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, int(found.unexpected or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--benchmarks", type=int, default=10)
    options = parser.parse_args()
    held_out = [texts(10_000, 1000 + n) for n in range(options.benchmarks)]
    marked = [
        Marked(f"bench-{n}@1.0.0:test", str(n), Fingerprint.of([[text] for text in rows], bytes([n])))
        for n, rows in enumerate(held_out)
    ]
    size = sum(len(one.fingerprint.to_bytes()) for one in marked) / sum(map(len, held_out))
    draw = random.Random(5)
    edits = [" ".join(draw.choice(STOCK) if draw.random() < 0.06 else w for w in text.split()) for text in held_out[0]]
    near = [b for a, b in zip(held_out[0], edits, strict=True) if 0.8 <= (similarity(a, b) or 0) < 1]
    exact = [normalise_text(text).upper() for text in held_out[-1][:1_000]]
    corpus = [*texts(options.rows - len(near) - len(exact), 7), *near, *exact]
    with tempfile.TemporaryDirectory(prefix="contamination-bench-") as folder:
        file = Path(folder) / "train.parquet"
        pq.write_table(pa.table({"text": corpus}), file)
        part = Part(file.name, file, "train", len(corpus))
        table = Table((part,), (("text", "string"),), ("train",), None, "parquet")
        for what, flag, planted in (("exact", False, len(exact)), ("exact and near", True, len(exact) + len(near))):
            wall, cpu, found = check(table, marked, near=flag)
            print(f"{len(corpus):,} rows against {len(marked)} × 10,000, {what}: {wall:.1f} s, {cpu:.1f} CPU s; "
                  f"{found:,} found of {planted:,} planted   bar: 10 s")  # fmt: skip
    print(f"{size:.1f} bytes a row with sketches")
    bands(held_out[0], marked[0].fingerprint)


def bands(rows: list[str], made: Fingerprint) -> None:
    """What is called near of rows planted at a similarity, and of rows that have nothing to do with the benchmark."""
    draw = random.Random(11)
    planted: dict[float, list[str]] = {low: [] for low in (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)}
    for at, text in enumerate(rows * 3):
        share = (0.02, 0.07, 0.15)[at // len(rows)]
        other = " ".join(draw.choice(STOCK) if draw.random() < share else word for word in text.split())
        alike = similarity(text, other) or 0
        if 0.5 <= alike < 1:
            planted[max(low for low in planted if low <= alike)].append(other)
    for low, texts_ in {**planted, 0.0: texts(100_000, 99)}.items():
        some = Shingled.of([normalise_text(text) for text in texts_])
        found = int(made.alike(some, NEAR).sum())
        print(f"similarity from {low}: {found:,} of {len(texts_):,} are called near, {found / len(texts_):.4f}")


if __name__ == "__main__":
    main()
