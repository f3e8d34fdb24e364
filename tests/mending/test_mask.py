"""A masked copy passes the check, and differs from the data in what was found alone."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.cards.changelog import mended_line
from registry.checks.expectations.personal import columns_looked_at
from registry.checks.run import run_checks
from registry.checks.specs import Facts
from registry.content.hashing import hash_tree
from registry.mending.mask import find, masking
from registry.mending.rewrite import Original
from registry.model.changes import Mended
from registry.model.schema import Column, DatasetSchema
from registry.privacy.find import USUAL
from registry.tables.duck import Session
from registry.tables.read import open_table
from tests.checks.tables import expectation
from tests.privacy.corpus import corpus

LINES = [line for line in corpus(5, 4) if "\x00" not in line.text]
SCHEMA = DatasetSchema("리뷰", (Column("id", "string"), Column("본문", "string"), Column("phone", "int64")))


def write_csv(file, records):
    quoted = ['"' + str(r["본문"]).replace('"', '""') + '"' for r in records]
    lines = [
        f"{r['id']},{text},{'' if r['phone'] is None else r['phone']}" for r, text in zip(records, quoted, strict=True)
    ]
    file.write_text("\ufeffid,본문,phone\r\n" + "".join(f"{line}\r\n" for line in lines), "utf-8", newline="")


def write_jsonl(file, records):
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")


def write_parquet(file, records):
    kinds = pa.schema([("id", pa.string()), ("본문", pa.string()), ("phone", pa.int64())])
    pq.write_table(pa.Table.from_pylist(records, kinds), file, row_group_size=7)


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}


def masked(root, schema=SCHEMA):
    """What was found below `root/data`, the rows before, those of the copy, and the check of the copy."""
    with opened(root / "data", schema, root) as session:
        before = session.rows("SELECT * EXCLUDE (__file) FROM data ORDER BY __row")
        columns = columns_looked_at(Facts.of(schema, session.table, session), USUAL)
        found = find(session, schema, columns, USUAL)
        original = Original(hash_tree(root / "data"), session.table)
        masking(original, session, found.places, USUAL).write(original, root / "copy")
    with opened(root / "copy", schema, root) as session:
        after = session.rows("SELECT * EXCLUDE (__file) FROM data ORDER BY __row")
        (check,) = run_checks([expectation("expect_no_personal_data")], session.table, schema, session)
    return found, before, after, check


def opened(folder, schema, root):
    return Session(open_table(folder, hash_tree(folder).files, schema, root / "cache"))


def lay(root, suffix, records):
    for name in ("data", "copy"):
        (root / name).mkdir(parents=True)
    WRITERS[suffix](root / f"data/train.{suffix}", records)


@pytest.mark.parametrize("suffix", WRITERS)
@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=25), st.sampled_from([None, 1023456789, 5]))
def test_the_copy_passes_and_nothing_else_changes(tmp_path_factory, suffix, lines, number):
    root = tmp_path_factory.mktemp("mask")
    records = [{"id": f"r{at}", "본문": line.text, "phone": number} for at, line in enumerate(lines)]
    lay(root, suffix, records)
    found, before, after, check = masked(root)
    assert check.unexpected == 0 and check.status == "pass"
    places = {name: set(places.tolist()) for name, places in found.places.items()}
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        for name in old:
            changed = at in places.get(name, ())
            assert (old[name] != new[name]) == changed, (name, old[name], new[name])
    assert (number == 1023456789) == ("phone" in places)


def test_records_and_lines_that_hold_nothing_stay_as_they_are_written(tmp_path):
    clean = [{"id": f"r{at}", "본문": f'말 "{at}", 둘째', "phone": at} for at in range(9)]
    dirty = [*clean[:4], {"id": "x", "본문": "문의 010-2345-6789, 로", "phone": 1}, *clean[4:]]
    for suffix in ("csv", "jsonl"):
        lay(tmp_path / suffix, suffix, dirty)
        masked(tmp_path / suffix)
        old = (tmp_path / suffix / f"data/train.{suffix}").read_bytes()
        new = (tmp_path / suffix / f"copy/train.{suffix}").read_bytes()
        assert new == old.replace(b"010-2345-6789", b"010-****-****") != old


def test_texts_within_lists_and_objects_are_masked(tmp_path):
    talk = {"말": [{"누가": "A", "글": "계좌는 301-0123-4567-89"}, {"누가": "B", "글": "네 a@b.example"}]}
    for name in ("data", "copy"):
        (tmp_path / name).mkdir()
    rows = [{"id": "1", **talk}, {"id": "2", "말": [{"누가": "C", "글": "없음"}]}]
    write_jsonl(tmp_path / "data/train.jsonl", rows)
    with opened(tmp_path / "data", None, tmp_path) as session:
        columns = tuple(Column(name, kind) for name, kind in session.table.columns)
    found, _, after, check = masked(tmp_path, DatasetSchema("x", columns))
    assert check.status == "pass" and found.kinds == {"bank-account": 1, "email": 1}
    assert [turn["글"] for turn in after[0]["말"]] == ["계좌는 301-****-****-**", "네 a***@***.example"]
    assert (tmp_path / "copy/train.jsonl").read_text("utf-8").splitlines()[1] == json.dumps(rows[1], ensure_ascii=False)


def test_a_nested_value_keeps_all_but_the_texts_that_are_masked(tmp_path):
    (tmp_path / "data").mkdir()
    lines = (
        '{"id": 1, "o": {"when": "2024-01-01T10:00:00", "price": 1.10, "e": 1e3, "tel" : "\\u260e 010-9999-1234"}}',
        '{"id": 2, "o": {"when": "2024-01-02T10:00:00", "price": 2.50, "more": ["말 \\"인용\\""], "tel": "없음"}}',
    )
    (tmp_path / "data" / "a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    kinds = (
        ("id", "int64"),
        ("o", "struct<when: timestamp[s], price: double, e: double, more: list<string>, tel: string>"),
    )
    _, _, _, check = masked(tmp_path, DatasetSchema("x", tuple(Column(*pair) for pair in kinds), open=True))
    assert check.status == "pass"
    told = lines[0].replace('"\\u260e 010-9999-1234"', '"☎ 010-****-****"')
    assert (tmp_path / "copy" / "a.jsonl").read_text("utf-8").splitlines() == [told, lines[1]]


TEXT = "전화 010-9999-1234"
NESTED = {
    "map": pa.array([[("집", TEXT), (TEXT, "n")], []], pa.map_(pa.string(), pa.string())),
    "struct": pa.array([{"계좌": "301-9999-1234-21", "at": 1}, None]),
    "deep": pa.array([[{"v": [TEXT]}], None]),
    "fixed": pa.array([[TEXT, "b"], ["c", "d"]], pa.list_(pa.string(), 2)),
    "large": pa.array([[TEXT], []], pa.large_list(pa.large_string())),
}


@pytest.mark.parametrize("kind", sorted(NESTED))
def test_nested_columns_keep_their_type(tmp_path, kind):
    (tmp_path / "data").mkdir()
    table = pa.table({"id": [1, 2], "v": NESTED[kind]})
    pq.write_table(table, tmp_path / "data" / "a.parquet")
    _, _, _, check = masked(tmp_path, DatasetSchema("x", (Column("id", "int64"),), open=True))
    copy = pq.read_table(tmp_path / "copy" / "a.parquet")
    assert check.status == "pass" and copy.schema.equals(pq.read_schema(tmp_path / "data" / "a.parquet"))
    assert "9999" not in str(copy["v"].to_pylist()) and copy["v"][1].equals(table["v"][1])


def test_the_changelog_tells_what_was_masked():
    state = {"sha256": "0" * 64, "md5": "0" * 32, "rows": 9, "splits": {"train": 7, "test": 2}}
    details = {"kinds": {"email": 3}, "columns": {"본문": 2}, "rows": {"train": 2, "test": 0}, "samples": []}
    record = {"kind": "mask", "why": "동의 철회", "before": state, "after": state, "mask": details}
    one = Mended.of("changes/x/0001-mask.json", record)
    told = mended_line(one).replace("<code>", "").replace("</code>", "")
    assert told.startswith("Personal data masked in 2 rows (train 2), by kind email 3: 동의 철회 (record changes/x/")
    assert mended_line(one, "ko").startswith("2행의 개인정보 마스킹")


def test_metadata_of_pictures_are_masked_and_pictures_stay(tmp_path):
    from PIL import Image

    folder = tmp_path / "data/train"
    folder.mkdir(parents=True)
    for at in range(3):
        Image.new("RGB", (8, 8), (at * 60, 0, 0)).save(folder / f"{at}.png")
    captions = ["고양이", "문의 010-2345-6789", "개"]
    lines = [{"file_name": f"{at}.png", "caption": text} for at, text in enumerate(captions)]
    write_jsonl(folder / "metadata.jsonl", lines)
    with opened(tmp_path / "data", None, tmp_path) as session:
        schema = DatasetSchema("x", tuple(Column(name, kind) for name, kind in session.table.columns))
    (tmp_path / "copy").mkdir()
    found, _, after, check = masked(tmp_path, schema)
    assert (check.status, found.kinds, found.rows) == ("pass", {"phone": 1}, 1)
    assert [row["caption"] for row in after] == ["고양이", "문의 010-****-****", "개"]
    assert (tmp_path / "copy/train/1.png").read_bytes() == (folder / "1.png").read_bytes()
    unchanged = (folder / "metadata.jsonl").read_text("utf-8").replace("010-2345-6789", "010-****-****")
    assert (tmp_path / "copy/train/metadata.jsonl").read_text("utf-8") == unchanged
