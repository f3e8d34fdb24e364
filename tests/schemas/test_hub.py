"""The warning about the Hub's reader of CSV against that reader itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry.content.hashing import hash_tree
from registry.model.schema import Column, DatasetSchema
from registry.schemas.features import features
from registry.schemas.hub import CHUNK, hub_reader
from registry.tables.duck import Session
from registry.tables.read import open_table
from registry.tables.table import Table

COLUMNS: dict[str, tuple[str, list[str], str]] = {  # type, fields, what is found: "" where nothing is altered
    "우편번호": ("string", ["01234", "98765", "00001"], "numbers"),
    "with null": ("string", ["1234", "", "98765"], ""),
    "plain": ("string", ["1234", "5", "98765"], ""),
    "decimals": ("string", ["1.5", "2.25", "-3.125"], ""),
    "mixed": ("string", ["1", "2.5", "3"], ""),
    "zeros after": ("string", ["1.50", "2", "3"], "numbers"),
    "quoted": ("string", ["a", '""', "b"], "null"),
    "truth": ("string", ["true", "False", "TRUE"], "lower case"),
    "lower": ("string", ["true", "false", "true"], ""),
    "truth with null": ("string", ["True", "", "False"], "lower case"),
    "spaces": ("string", [" 12", "13 ", "14"], "numbers"),
    "plus": ("string", ["+12", "+13", "+14"], "numbers"),
    "hex": ("string", ["0x10", "0x11", "0x12"], ""),
    "none": ("string", ["NA", "NULL", "N/A"], ""),
    "nan": ("string", ["nan", "NaN", "nan"], ""),
    "one word": ("string", ["01", "02", "x"], ""),
    "power": ("string", ["1e5", "2e3", "7"], "numbers"),
    "wide letters": ("string", ["０１", "０２", "０３"], ""),
    "date": ("string", ["2020-01-01", "2020-01-02", "2020-01-03"], ""),
    "negative zero": ("string", ["-0", "1", "2"], "numbers"),
    "large beside null": ("int64", ["9007199254740993", "", "5"], "rounded"),
    "large": ("int64", ["9007199254740993", "6", "5"], ""),
    "small beside null": ("int64", ["3", "", "5"], ""),
    "flag": ("bool", ["true", "", "false"], ""),
    "number": ("double", ["0.1", "", "1e300"], ""),
    "day": ("date32", ["2020-01-01", "", "2020-01-03"], ""),
}
SCHEMA = DatasetSchema("sample", tuple(Column(name, kind) for name, (kind, _, _) in COLUMNS.items()))
READ = """
import json, sys, datasets
found = datasets.load_dataset(sys.argv[1], split="train").to_dict()
print(json.dumps(found, default=str))
"""


def planted(root: Path) -> Table:
    """The columns as the reader of record has them."""
    (root / "data").mkdir(parents=True)
    names = list(COLUMNS)
    lines = [",".join(names), *(",".join(fields) for fields in zip(*(COLUMNS[n][1] for n in names), strict=True))]
    (root / "data" / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_table(root / "data", hash_tree(root / "data").files, SCHEMA, root / "cache")


@pytest.mark.slow
def test_what_is_named_is_what_the_reader_alters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    with Session(planted(tmp_path)) as session:
        check = hub_reader(session)[0]
        rows = session.rows("SELECT * EXCLUDE (split, __file, __row) FROM data ORDER BY __row")
    assert check.severity == "warning"
    assert {one["column"]: one["read_as"] for one in check.observed} == {n: f for n, (_, _, f) in COLUMNS.items() if f}
    reader = {"keep_default_na": False, "na_values": [""]}  # as the card sets it
    config = {"config_name": "default", "data_files": [{"split": "train", "path": "train.csv"}], **reader}
    front = {"configs": [config], "dataset_info": {"features": features(SCHEMA)}}
    (tmp_path / "data" / "README.md").write_text(f"---\n{json.dumps(front)}\n---\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", READ, tmp_path / "data"], capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    altered = [name for name in COLUMNS if theirs[name] != json.loads(json.dumps([r[name] for r in rows], default=str))]
    assert altered == [name for name, (_, _, found) in COLUMNS.items() if found]


def test_types_are_guessed_chunk_by_chunk(tmp_path: Path) -> None:
    """Ten thousand codes with leading zeros are numbers to the reader, though a word comes later in the file."""
    (tmp_path / "data").mkdir()
    codes = [*(f"{i:06}" for i in range(CHUNK)), "낱말", *(f"{i:06}" for i in range(50))]
    (tmp_path / "data" / "train.csv").write_text("code\n" + "\n".join(codes) + "\n", encoding="utf-8")
    table = open_table(tmp_path / "data", hash_tree(tmp_path / "data").files, None, tmp_path / "cache")
    with Session(table) as session:
        check = hub_reader(session)[0]
        assert session.queries == 2
    assert check.observed == [{"column": "code", "values": CHUNK, "read_as": "numbers"}]
    assert check.message == "load_dataset reads 10,000 texts of `code` as numbers"


def test_times_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text("at\n01:02:03\n05:00:00\n", encoding="utf-8")
    schema = DatasetSchema("sample", (Column("at", "time64[us]"),))
    table = open_table(tmp_path / "data", hash_tree(tmp_path / "data").files, schema, tmp_path / "cache")
    with Session(table) as session:
        assert hub_reader(session)[0].message == "load_dataset cannot read `at` of 2 rows"


def test_other_formats_keep_their_types(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"code": "01234"}\n', encoding="utf-8")
    table = open_table(tmp_path / "data", hash_tree(tmp_path / "data").files, None, tmp_path / "cache")
    with Session(table) as session:
        assert hub_reader(session) == []
