"""Awkward data through the command: every document is made, whole and safe, or an error names what is wrong."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.journeys.harness import Shell
from tests.reports.test_pages import safe

pytestmark = pytest.mark.slow
N = 24
HOSTILE = (
    "it's \"quoted\"", "new\nline", "<script>alert(1)</script>", "| **md** [x](javascript:a) `c`", "\u202eevil\u202c",
    "{{ 7*7 }}", "a,b;c", "---\nlicense: mit", "  spaces  ", "한글 열", "a/b", "#", "%", "data", "select", "c-0",
)  # fmt: skip


def values() -> dict[str, Any]:
    day, moment = dt.date(1, 1, 1), dt.datetime(1600, 1, 1)
    return {
        "nulls": pa.array([None] * N, pa.string()),
        "null numbers": pa.array([None] * N, pa.float64()),
        "null type": pa.array([None] * N, pa.null()),
        "same": ["늘 같은 값"] * N,
        "same number": [3] * N,
        "nan": [float("nan")] * N,
        "infinite": [float("inf")] * N,
        "all kinds": [(float("nan"), float("inf"), -1e308, 1.7e308)[i % 4] for i in range(N)],
        "large": [2**63 - 1 - i for i in range(N)],
        "larger": pa.array([2**64 - 1 - i for i in range(N)], pa.uint64()),
        "exact": pa.array([decimal.Decimal("12345678901234567890.123456789") + i for i in range(N)]),
        "year one": [day + dt.timedelta(days=i) for i in range(N)],
        "1600": pa.array([moment + dt.timedelta(days=300 * i) for i in range(N)], pa.timestamp("us")),
        "1899": pa.array([dt.datetime(1899, 1, 1, i % 24, tzinfo=dt.UTC) for i in range(N)], pa.timestamp("us", "UTC")),
        "time": pa.array([dt.time(i % 24, i) for i in range(N)], pa.time64("us")),
        "list": [[1, 2, None]] * N,
        "lists": [[[1], []], None] * (N // 2),
        "struct": [{"a": 1, "<b>": "x"}] * N,
        "structs": [[{"a": i, "b": None}] for i in range(N)],
        "map": pa.array([[("k", 1)]] * N, pa.map_(pa.string(), pa.int64())),
        "bytes": [bytes([i, 255, 0]) for i in range(N)],
        "flag": [None if i % 2 else True for i in range(N)],
        "empty": [""] * N,
        "zero byte": [f"a\x00{i}" for i in range(N)],
        "coded": pa.array(["a", "b"] * (N // 2)).dictionary_encode(),
    }


def lines(*records: Any) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


def parquet(folder: Path, name: str, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), folder / name)


def plant(root: Path) -> None:
    """One folder a dataset."""
    tables = {
        "values": values(),
        "names": {name: [f"{name} {i}" for i in range(N)] for name in HOSTILE},
        "wide": {f"c{i}": [j * i % 7 for j in range(6)] for i in range(160)},
        "cells": {"t": ["가" * 350_000 + str(i) for i in range(4)], "l": ["a", "b"] * 2},
    }
    for name, columns in tables.items():
        (root / name).mkdir(parents=True)
        parquet(root / name, "train.parquet", columns)
    text = {
        "one-row": {"train.csv": b"a,b,c\n1,x,\n"},
        "mixed": {"train.csv": b"a,b\n1,1\nx,1\n2.5,1\n,1\n2020-01-01,1\ntrue,1\n"},
        "old-dates": {"train.csv": b"d\n" + b"".join(b"1%d-01-02\n" % (800 + i) for i in range(20))},
        "empty-split": {"train.csv": b"a,b\n1,x\n2,y\n", "test.csv": b"a,b\n"},
        "nested": {"train.jsonl": lines(*({"a": [{"b": [i, None]}, {}], "c": {"d": {"e": [[i]]}}} for i in range(9)))},
    }
    for name, files in text.items():
        (root / name).mkdir()
        for file, data in files.items():
            (root / name / file).write_bytes(data)


MADE = ("values", "names", "wide", "cells", "one-row", "mixed", "old-dates", "empty-split", "nested")


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("awkward") / "team")
    shell.cwd.mkdir()
    shell("init")
    plant(shell.cwd / "data")
    return shell


@pytest.mark.parametrize("name", MADE)
def test_every_document_is_made_whole_and_safe(awkward: Shell, name: str) -> None:
    awkward("add", f"data/{name}")
    written = []
    for kind in ("eda", "quality", "card", "croissant"):
        written += awkward("report", kind, name, "--lang", "both", "--json").json["written"]
    texts = {Path(file).name.removeprefix(f"{name}-"): Path(file).read_text("utf-8") for file in written}
    for kind in ("eda", "quality"):
        pages = [
            safe(re.sub(r'href="quality\.ko\.html"', 'href="quality.html"', texts[f"{kind}{lang}.html"]))
            for lang in ("", ".ko")
        ]
        assert pages[0].numbers == pages[1].numbers or name == "cells"
    head = re.match(r"---\n(.*?)\n---\n", texts["card.md"], re.DOTALL)
    assert head
    front = yaml.safe_load(head[1])
    assert front["dataset_info"]["splits"][0]["num_examples"] > 0
    assert "license" not in front
    assert "<script" not in texts["card.md"][head.end() :] + texts["card.ko.md"]
    document = json.loads(texts["croissant.json"])
    assert document["conformsTo"].endswith("/1.1")
    assert len(texts["eda.html"].encode()) < 1 << 20


def twice() -> bytes:
    sink = pa.BufferOutputStream()
    schema = pa.schema([("열", pa.int64()), ("열", pa.int64())])
    pq.write_table(pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 4])], schema=schema), sink)
    return bytes(sink.getvalue())


REFUSED = {
    "dup-csv": ("train.csv", "열,열,b\n1,2,3\n".encode(), ("train.csv", "`열`")),
    "dup-parquet": ("train.parquet", twice(), ("train.parquet", "`열`")),
    "dup-json": ("train.jsonl", b'{"a": 1, "a": 2}\n', ("train.jsonl", "line 1")),
    "case": ("train.csv", b"Name,name\n1,2\n", ("`Name`", "`name`")),
    "not-utf8": ("train.csv", b"a,b\nok,1\n\xff\xfe\xfa,2\n", ("train.csv", "byte 9")),
    "not-utf8-json": ("train.jsonl", b'{"a": "ok"}\n{"a": "\xff"}\n', ("train.jsonl", "byte 19")),
    "kinds": ("train.jsonl", lines({"a": 1}, {"a": [1]}), ("train.jsonl", "line 2")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named(awkward: Shell, name: str) -> None:
    file, data, words = REFUSED[name]
    folder = awkward.cwd / "data" / name
    folder.mkdir()
    (folder / file).write_bytes(data)
    document = awkward("add", f"data/{name}", "--json", code=1).json
    assert document["hint"]
    for word in words:
        assert word in document["message"]
