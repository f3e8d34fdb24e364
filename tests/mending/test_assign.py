"""What `registry split` promises of any data: stable under growth, whole units, shares, time, near-duplicates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import DataError, UsageError
from registry.mending.assign import assign
from registry.mending.draw import SPAN, draw
from registry.mending.options import SplitOptions
from registry.mending.units import Wanted, units_of
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.keys import normalise_text
from registry.tables.near import NearOptions
from registry.tables.near.definition import is_near
from tests.mending.data import SCHEMA, assigned, splits_of, table_of

HALVES = SplitOptions({"train": 0.5, "test": 0.5})
GROUPED = replace(SCHEMA, columns=(*SCHEMA.columns, Column("who", "string", role="group")))
TIMED = replace(SCHEMA, columns=(*SCHEMA.columns, Column("at", "int64", role="time")))
few = settings(max_examples=15, deadline=None)

# Texts that are often equal after normalisation, though written in other ways.
texts = st.sampled_from(
    ["맛있다", "ＡＢＣ", "abc", "abc ", "ab\u200bc", "늦다", "", None, *(f"후기 {i}" for i in range(30))]
)
tables = st.lists(texts, max_size=40)
PAD = [f"고정 {i}" for i in range(40)]  # enough that no split stays empty


def records(found, start=0, **columns):
    return [
        {"id": f"r{start + i}", "text": text, "label": "ab"[i % 2], **{k: v[i] for k, v in columns.items()}}
        for i, text in enumerate(found)
    ]


def run(rows, options, schema=SCHEMA, known=None):
    with TemporaryDirectory() as root:
        return assigned(Path(root), rows, options, schema, known)


@few
@given(tables, tables)
def test_a_row_keeps_its_split_when_rows_are_added(before, more):
    old = records([*PAD, *before])
    grown = [*old, *records(more, start=len(old))]
    assert splits_of(run(grown, HALVES))[: len(old)] == splits_of(run(old, HALVES))


@few
@given(tables, tables, st.data())
def test_a_group_keeps_its_split_when_rows_and_groups_are_added(before, more, data):
    who = data.draw(st.lists(st.integers(0, 9), min_size=len(before) + len(more), max_size=len(before) + len(more)))
    before = [*PAD, *before]
    names = [f"p{one}" for one in range(len(PAD))] + [f"g{one}" for one in who]
    old = records([f"{text}{i}" for i, text in enumerate(before)], who=names)
    new = records([f"{text}{i}!" for i, text in enumerate(more)], start=len(old), who=names[len(old) :])
    first = splits_of(run(old, HALVES, GROUPED))
    later = splits_of(run([*old, *new], HALVES, GROUPED))
    assert later[: len(old)] == first
    by_group = defaultdict(set)
    for row, split in zip([*old, *new], later, strict=True):
        by_group[row["who"]].add(split)
    assert all(len(found) == 1 for found in by_group.values())


@few
@given(tables, st.integers(0, 5))
def test_equal_normalised_texts_stay_together_and_the_order_of_rows_does_not_matter(found, seed):
    rows, options = records([*PAD, *found]), replace(HALVES, seed=seed)
    splits = splits_of(run(rows, options))
    by_text = defaultdict(set)
    for row, split in zip(rows, splits, strict=True):
        if row["text"]:
            by_text[normalise_text(row["text"])].add(split)
    assert all(len(one) == 1 for one in by_text.values())
    assert splits_of(run(rows[::-1], options))[::-1] == splits


def test_stratified_shares_are_met_in_each_class_and_kept_when_the_data_grows():
    rows = [{"id": f"r{i}", "text": f"후기 {i}", "label": "rare" if i % 10 == 0 else "often"} for i in range(600)]
    options = SplitOptions({"train": 0.8, "validation": 0.1, "test": 0.1}, stratify="label", folds=5)
    first = run(rows[:400], options)
    splits = splits_of(first)
    for label, total in (("rare", 40), ("often", 360)):
        got = [split for row, split in zip(rows[:400], splits, strict=True) if row["label"] == label]
        assert abs(got.count("test") - total / 10) <= 1 and abs(got.count("train") - total * 0.8) <= 1
    later = run(rows, options, known=first.cuts)
    assert splits_of(later)[:400] == splits and later.cuts == first.cuts
    assert later.folds[:400].tolist() == first.folds.tolist()
    assert sorted(set(first.folds.tolist())) == [0, 1, 2, 3, 4]


def test_shares_lie_within_tolerance():
    rows = records([f"후기 {i}" for i in range(3000)])
    got = splits_of(run(rows, SplitOptions({"train": 0.8, "test": 0.2})))
    assert abs(got.count("test") / 3000 - 0.2) < 0.03


@few
@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=20, max_size=50))
def test_time_orders_the_splits_and_rows_of_one_moment_stay_together(times):
    rows = records([f"후기 {i}" for i in range(len(times))], at=times)
    options = SplitOptions({"train": 0.7, "test": 0.3}, time="at")
    if len({t for t in times if t is not None}) < 2:
        with pytest.raises(UsageError):
            run(rows, options, TIMED)
        return
    found = run(rows, options, TIMED)
    at = {name: [t for t, s in zip(times, splits_of(found), strict=True) if s == name and t is not None] for name in
          found.splits}  # fmt: skip
    assert max(at["train"]) < min(at["test"])
    grown = [*rows, *records(["새 후기"], start=len(rows), at=[99])]
    later = splits_of(run(grown, options, TIMED, found.cuts))
    assert later == [*splits_of(found), "test"]


def test_times_written_as_text_are_read_with_their_zones_and_nonsense_is_refused(tmp_path):
    schema = DatasetSchema("x", (Column("id", "string", role="key"), Column("at", "string"), Column("n", "string")))
    times = ["2024-01-02", "2024-01-01T23:00:00Z", "2024-01-02T07:00:00+09:00", "2024-01-03"]
    rows = [{"id": str(i), "at": at, "n": str(i)} for i, at in enumerate(times)]
    options = SplitOptions({"train": 0.5, "test": 0.5}, time="at")
    assert splits_of(assigned(tmp_path, rows, options, schema)) == ["test", "train", "train", "test"]
    with pytest.raises(UsageError, match="1 values"):
        assigned(tmp_path, [*rows, {"id": "9", "at": "어제", "n": "9"}], options, schema)
    with pytest.raises(UsageError, match="did you mean `at`"):
        assigned(tmp_path, rows, replace(options, time="att"), schema)


def chains():
    """Pairs, chains and copies of near-duplicates among distinct texts."""
    base = "배송이 빠르고 포장도 꼼꼼해서 정말 좋았습니다 다시 살게요"
    chain = [base + "!" * (2 * i) for i in range(9)]
    english = "the parcel came quickly and everything was well packed indeed"
    return [
        *chain,
        english,
        english + " ok",
        english.upper() + "  ok!",
        *(f"서로 다른 후기 {i * 7919} 번 {i}" * 3 for i in range(30)),
    ]


def test_near_duplicates_stay_together_through_chains():
    rows = records(chains())[::-1]
    for seed in range(4):
        splits = splits_of(run(rows, replace(HALVES, near=True, seed=seed)))
        keys = [normalise_text(row["text"]) for row in rows]
        for i, one in enumerate(keys):
            for j in range(i):
                if splits[i] != splits[j]:
                    assert not is_near(one, keys[j], 0.8), (rows[i], rows[j])


def test_near_duplicates_beyond_the_limit_are_an_error_and_never_half_kept(tmp_path):
    with Session(table_of(tmp_path, SCHEMA, records(chains()))) as session:
        wanted = Wanted(key=("id",), near=("text",), options=NearOptions(work_limit=3))
        with pytest.raises(DataError, match="cannot be kept together"):
            units_of(session, wanted, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SplitOptions({"train": 0.5, "test": 0.5}, group="labell"), "did you mean `label`"),
        (SplitOptions({"train": 0.999999, "test": 0.000001}), "no row would fall"),
        (SplitOptions({"train": 0.5, "test": 0.5}, time="text"), "no times"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        run(records([f"후기 {i}" for i in range(20)]), options)


def test_a_split_that_stays_empty_names_the_unit_that_is_too_large_and_only_what_can_be_left_out():
    rows = records([f"후기 {i}" for i in range(40)], who=["한강"] * 37 + ["낙동강", "금강", "섬진강"])
    shares = {"train": 0.98, "validation": 0.01, "test": 0.01}
    with pytest.raises(UsageError, match="one of them holds 37 rows") as caught:
        run(rows, SplitOptions(shares, stratify="label", group="who"), GROUPED)
    assert "leave out --group who" in caught.value.hint and "--stratify" not in caught.value.hint
    with pytest.raises(UsageError, match="one of them holds 37 rows") as caught:
        run(rows, SplitOptions({"train": 0.999999, "test": 0.000001}), GROUPED)
    assert "--stratify C" in caught.value.hint and "the role group of `who`" in caught.value.hint


def test_options_that_exclude_each_other_are_refused():
    with pytest.raises(UsageError):
        SplitOptions({"train": 1.0}, stratify="label", time="at")
    with pytest.raises(UsageError):
        SplitOptions({"train": 1.0}, folds=1)


def test_near_duplicates_need_a_text(tmp_path):
    schema = DatasetSchema("x", (Column("n", "int64"),))
    with Session(table_of(tmp_path, schema, [{"n": i} for i in range(9)])) as session, pytest.raises(UsageError):
        assign(session, schema, (), replace(HALVES, near=True), {})


def test_rows_without_key_or_text_are_named_by_all_that_they_hold(tmp_path):
    schema = DatasetSchema("x", (Column("n", "int64"), Column("m", "string")))
    rows = [{"n": i % 40, "m": "가" if i % 3 else None} for i in range(200)]
    found = splits_of(assigned(tmp_path, rows, HALVES, schema))
    by_row = defaultdict(set)
    for row, split in zip(rows, found, strict=True):
        by_row[tuple(row.values())].add(split)
    assert all(len(one) == 1 for one in by_row.values()) and set(found) == {"train", "test"}


def test_columns_may_be_called_as_ours_are():
    """Without a key, rows are named by their texts in a table beside the data."""
    names = ("name", "place", "id", "draw", "fold", "k1", "split_of", "text")
    columns = [Column(name, "string", role="text" if name == "name" else None) for name in names]
    rows = [dict.fromkeys(names, f"후기 {i}") for i in range(40)]
    found = run(rows, replace(HALVES, stratify="draw", group="place"), DatasetSchema("x", tuple(columns)))
    assert set(splits_of(found)) == {"train", "test"} and found.units == 40


def test_draws_are_the_same_in_every_version(tmp_path):
    """A row must keep its split for ever: what is pinned here may not change."""
    by_key = "".join(split[:2] for split in splits_of(run(records([f"후기 {i}" for i in range(12)]), HALVES)))
    keyless = replace(SCHEMA, columns=SCHEMA.columns[1:])
    rows = [{"text": row["text"], "label": row["label"]} for row in records([f"후기 {i}" for i in range(12)])]
    by_text = "".join(split[:2] for split in splits_of(assigned(tmp_path, rows, HALVES, keyless)))
    assert (by_key, by_text) == ("trtrtrtetetrtrtetetetetr", "trtetrtrtetetrtetrtrtrte")
    names = [f"k{len(row['id'])}:{row['id']}" for row in records([""] * 12)]
    assert by_key == "".join("te" if draw(0, name) >= SPAN // 2 else "tr" for name in names)
