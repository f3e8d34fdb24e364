"""Keys of normalised text: equal to the definition, character by character, and free of order and batches."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.privacy.seen import is_invisible
from registry.tables.duck import Session
from registry.tables.keys import KeyRequest, is_nan, make_keys, normalise_text, normalised
from registry.tables.table import Part, Table
from tests.checks.tables import table_of

AWKWARD = (
    "aB 가각ㅋㄱㅏ\u200b\u3164\u1160\u115f\uffa0Ａß\u0301\u1100\u1161\u11a8\t\n\u00a0\u3000\ufeffİς\x1c\x1f\x85"
    + "👩\u200d👩\u200d👧\x00\x07\x7f\x9f\u17b4"
)
texts = st.text(st.sampled_from(AWKWARD) | st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.none() | texts, min_size=1, max_size=8))
@example([" a", "a "])
@example(["a\0b", " c "])
@example(["", None, " "])
@example(["\u0301a", "\u11a8"])
def test_equal_to_the_definition(batch):
    assert normalised(batch) == [None if text is None else normalise_text(text) for text in batch]


def test_every_code_point():
    chars = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    blocks = ["x".join(chars[start : start + 512]) for start in range(1, len(chars), 512)]
    assert normalised(blocks) == [normalise_text(block) for block in blocks]


def test_what_is_one_key():
    same = [
        "Hello  World",
        " hello world",
        "ＨＥＬＬＯ　ＷＯＲＬＤ",
        "hel\u200blo\tworld",
        "hello\u00adworld".replace("\u00ad", " "),
        "\x00hello\x7f\x07 wor\x1bld\x9f",  # controls show nothing
        "hello\u17b5 world\ufff0\U000e0fff",
    ]
    assert set(normalised(same)) == {"hello world"}
    nfc, nfd = "한글 텍스트", unicodedata.normalize("NFD", "한글 텍스트")
    assert nfc != nfd and normalised([nfc]) == normalised([nfd])
    assert normalised(["\u3164\u115f\u1160\uffa0\u200b"]) == [""]
    assert is_invisible("\u200b") and not is_invisible("가")


def _keys(session, *columns):
    name = make_keys(session, KeyRequest(columns))
    return session.rows(f"SELECT k1, k2, split, __file, __row FROM {name} ORDER BY split, __row")


def test_table_of_keys(tmp_path):
    splits = {
        "train": {"t": ["A", None, "", "b"], "n": [68.0, 1.5, None, 2.0]},
        "test": {"t": ["ａ", "x", None, "B "], "n": [68.0, 1.5, None, 3.0]},
    }
    with Session(table_of(tmp_path, splits)) as session:
        rows = _keys(session, "t")
        test, train = rows[:4], rows[4:]
        assert [(row["split"], row["__row"]) for row in test] == [("test", i) for i in range(4)]
        pairs = [(row["k1"], row["k2"]) for row in train]
        assert (test[0]["k1"], test[0]["k2"]) == pairs[0]
        assert (test[3]["k1"], test[3]["k2"]) == pairs[3]
        assert [row["k1"] is None for row in train] == [False, True, True, False]
        before = session.queries
        _keys(session, "t")
        assert session.queries == before + 1, "the table is made once"
        both = _keys(session, "t", "n")
        assert both[0]["k1"] == both[4]["k1"] and both[3]["k1"] != both[7]["k1"]
        assert both[2]["k1"] is None, "null and null"


def test_numbers_are_canonical(tmp_path):
    columns = {
        "i": pa.array([68, -3, 0, None], pa.int32()),
        "f": pa.array([68.0, -3.0, -0.0, float("nan")]),
        "d": pa.array([Decimal("68.00"), Decimal("-3.00"), Decimal("0.00"), None], pa.decimal128(8, 2)),
        "s": pa.array(["68", "-3", "0", None]),
    }
    with Session(table_of(tmp_path, {"train": columns})) as session:
        keys = {name: [row["k1"] for row in _keys(session, name)] for name in columns}
    assert keys["i"] == keys["f"] == keys["d"] == keys["s"]


def test_columns_do_not_run_together(tmp_path):
    columns = {"a": ["x", "x y", None, ""], "b": ["y z", "z", "x", "x"]}
    with Session(table_of(tmp_path, {"train": columns})) as session:
        keys = [row["k1"] for row in _keys(session, "a", "b")]
    assert len(set(keys)) == 4


EVASIONS = {
    "letters kept apart": ("가", "\u1100\u200b\u1161"),
    "accent kept apart": ("é", "e\u200b\u0301"),
    "emoji presentation": ("\u2764", "\u2764\ufe0f"),
    "grapheme joiner": ("ab", "a\u034fb"),
    "supplementary selector": ("葛", "葛\U000e0100"),
    "Mongolian selector": ("ᠠ", "ᠠ\u180b"),
}


@pytest.mark.parametrize(("plain", "dressed"), EVASIONS.values(), ids=EVASIONS)
def test_what_looks_the_same_has_one_key(plain, dressed):
    assert normalise_text(plain) == normalise_text(dressed)
    assert normalised([plain, "x", dressed]) == [normalise_text(plain), "x", normalise_text(dressed)]


NAN_FORMS = {
    "where": "SELECT count(*) AS n FROM data WHERE {nan}",
    "filter": "SELECT count(*) FILTER ({nan}) AS n FROM data",
    "case": "SELECT coalesce(sum(CASE WHEN {nan} THEN 1 ELSE 0 END), 0)::BIGINT AS n FROM data",
    "not": "SELECT count(x) - count(*) FILTER (x IS NOT NULL AND NOT ({nan})) AS n FROM data",
    "kept": "SELECT count(x) - count(CASE WHEN NOT ({nan}) THEN x END) AS n FROM data",
}


@given(
    st.lists(st.sampled_from([float("nan"), 1.0, 2.0, float("inf"), -1.0, None]), min_size=1, max_size=6),
    st.sampled_from([1, 2, 100]),
)
@example([float("nan"), 1.0], 100)  # statistics say that every value is 1
@example([float("nan")], 1)
def test_nan_is_told_whatever_the_statistics_say(tmp_path_factory, values, group):
    file = tmp_path_factory.mktemp("nan") / "x.parquet"
    pq.write_table(pa.table({"x": pa.array(values, pa.float64())}), file, row_group_size=group)
    table = Table((Part("x.parquet", file, "train", len(values)),), (("x", "double"),), ("train",), None, "parquet")
    truth = sum(value is not None and value != value for value in values)
    with Session(table, threads=1) as session:
        found = {form: session.value(sql.format(nan=is_nan('"x"'))) for form, sql in NAN_FORMS.items()}
    assert found == dict.fromkeys(NAN_FORMS, truth)
