"""`drop` removes exactly what a check found; afterwards the check finds nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.checks.specs import Facts
from registry.checks.suite import Expectation
from registry.errors import UsageError
from registry.mending.found import chosen, require_survivors, rows_found
from registry.model.files import FileEntry, FileList
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.keys import normalise_text
from registry.tables.read import open_table
from tests.mending.data import SCHEMA, table_of

COLUMNS = pa.schema({"id": pa.string(), "text": pa.string(), "label": pa.string()})
SPLITS = ("train", "validation", "test")
texts = st.sampled_from(["가", "나", "ABC", "abc", "ａｂｃ", "", None])
rows = st.lists(st.tuples(st.sampled_from(SPLITS), texts, st.sampled_from("xy")), min_size=1, max_size=25)
EXACT = Expectation("expect_splits_to_be_disjoint", {}, check_id="exact")
FOLDED = Expectation("expect_splits_to_be_disjoint", {"normalize": "text"}, check_id="folded")
UNIQUE = Expectation("expect_rows_to_be_unique", {"columns": ["text"]}, check_id="unique")
CONFLICT = Expectation("expect_duplicates_to_agree_on_label", {"columns": ["text"]}, check_id="conflict")
CORE = Expectation("expect_column_values_to_be_unique", {"column": "text"}, check_id="core")
NULLS = Expectation("expect_column_values_to_not_be_null", {"column": "text"}, check_id="nulls")
BALANCE = Expectation("expect_class_balance_to_be_at_least", {"column": "label", "min_share": 0.1}, check_id="balance")
COUNT = Expectation("expect_table_row_count_to_be_between", {"min_value": 1}, check_id="count")
ALL = (EXACT, FOLDED, UNIQUE, CONFLICT, CORE, NULLS, BALANCE, COUNT)


def in_order(found):
    """Rows by part in the order of paths: test, train, validation."""
    return [row for split in sorted(SPLITS) for row in found if row[0] == split]


def session_of(root, found):
    entries = []
    for split in sorted({split for split, *_ in found}):
        records = [{"id": str(i), "text": t, "label": y} for i, (s, t, y) in enumerate(found) if s == split]
        file = Path(root, f"{split}.parquet")
        pq.write_table(pa.Table.from_pylist(records, COLUMNS), file)
        data = file.read_bytes()
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        entries.append(FileEntry(file.name, len(data), md5, hashlib.sha256(data).hexdigest()))
    return Session(open_table(Path(root), FileList.of(entries), SCHEMA, Path(root, "cache")), threads=1)


def places_of(found, expectation):
    """The places that a check finds, in the order of parts; none where it does not apply."""
    with TemporaryDirectory() as root, session_of(root, found) as session:
        try:
            return rows_found(session, expectation, Facts.of(SCHEMA, session.table, session)).places.tolist()
        except UsageError:
            return []


def leaks(found, form):
    def earlier(split):
        return {form(t) for s, t, _ in found if SPLITS.index(s) < SPLITS.index(split) and t}

    return [i for i, (s, t, _) in enumerate(found) if t and form(t) in earlier(s)]


def repeats(found, *, empty):
    seen, places = set(), []
    for i, (_, text, _) in enumerate(found):
        if text or (empty and text is not None):
            places += [i] if text in seen else []
            seen.add(text)
    return places


def conflicts(found):
    labels = {}
    for _, text, label in found:
        labels.setdefault(text, set()).add(label)
    return [i for i, (_, text, _) in enumerate(found) if text and len(labels[text]) > 1]


ORACLES = [
    (EXACT, lambda found: leaks(found, str)),
    (FOLDED, lambda found: leaks(found, normalise_text)),
    (UNIQUE, lambda found: repeats(found, empty=False)),
    (CORE, lambda found: repeats(found, empty=True)),
    (CONFLICT, conflicts),
    (NULLS, lambda found: [i for i, (_, text, _) in enumerate(found) if text is None]),
]


@pytest.mark.parametrize(("check", "oracle"), ORACLES, ids=lambda value: getattr(value, "check_id", ""))
@settings(max_examples=12, deadline=None)
@given(rows)
def test_exactly_the_rows_are_found_and_nothing_is_left_to_find(check, oracle, found):
    found = in_order(found)
    places = places_of(found, check)
    assert places == oracle(found)
    left = [row for i, row in enumerate(found) if i not in places]
    assert not left or places_of(left, check) == []


def test_a_row_and_its_witness_are_not_both_dropped(tmp_path):
    found = in_order([("train", "가", "x"), ("test", "가", "x"), ("test", "나", "x")])
    with session_of(tmp_path, found) as session:
        facts = Facts.of(SCHEMA, session.table, session)
        each = {check.check_id: rows_found(session, check, facts) for check in (EXACT, UNIQUE)}
    require_survivors({"exact": each["exact"]})
    with pytest.raises(UsageError, match="both of two equal rows, 1 times"):
        require_survivors(each)


def test_all_rows_in_conflict_are_dropped_also_beside_other_checks(tmp_path):
    """A check that removes both of two rows means it; it does not contradict itself, nor hide what two others do."""
    found = in_order([("train", "가", "x"), ("train", "가", "y"), ("test", "나", "x"), ("train", "나", "x")])
    with session_of(tmp_path, found) as session:
        facts = Facts.of(SCHEMA, session.table, session)
        each = {check.check_id: rows_found(session, check, facts) for check in (CONFLICT, EXACT, UNIQUE)}
    assert each["conflict"].places.tolist() == [1, 2]
    require_survivors({"conflict": each["conflict"]})
    require_survivors({name: each[name] for name in ("conflict", "unique")})
    for order in (("exact", "folded", "unique"), ("unique", "exact", "folded"), ("conflict", "unique", "exact")):
        with pytest.raises(UsageError, match=r"`unique`.*both of two equal rows, 1 times"):
            require_survivors({name: each.get(name, each["exact"]) for name in order})


def test_unknown_checks_are_suggested_and_those_that_name_no_rows_say_so(tmp_path):
    assert chosen(ALL, ["exact", "exact"]) == [EXACT]
    with pytest.raises(UsageError, match="did you mean `exact`"):
        chosen(ALL, ["exat"])
    with pytest.raises(UsageError, match="names no rows"):
        chosen(ALL, ["schema:columns"])
    with session_of(tmp_path, [("train", "가", "x"), ("test", "나", "y")]) as session:
        facts = Facts.of(SCHEMA, session.table, session)
        for check in (BALANCE, COUNT):
            with pytest.raises(UsageError, match="names no rows"):
                rows_found(session, check, facts)
    with session_of(tmp_path, [("train", "가", "x")]) as session:
        facts = Facts.of(SCHEMA, session.table, session)
        with pytest.raises(UsageError, match="finds no rows"):
            rows_found(session, EXACT, facts)


def test_a_row_condition_is_heeded(tmp_path):
    from registry.checks.suite import expectations_of

    config = {"type": "expect_column_values_to_not_be_null",
              "kwargs": {"column": "text", "row_condition": 'col("label") == "x"'}}  # fmt: skip
    (check,) = expectations_of([config], "suite")
    with session_of(tmp_path, [("train", None, "x"), ("train", None, "y")]) as session:
        found = rows_found(session, check, Facts.of(SCHEMA, session.table, session))
    assert found.places.tolist() == [0] and (found.witnesses == np.array([-1])).all()


COINS = DatasetSchema("coins", tuple(Column(name, "int64") for name in "abc"))


@pytest.mark.parametrize("max_share", [0, 0.9])
def test_rows_that_chance_repeats_are_not_dropped_unless_columns_are_named(tmp_path, max_share):
    """Eight different rows a hundred times: none of them need be a copy, whatever share the check allows."""
    found = [{"a": i % 2, "b": i // 2 % 2, "c": i // 4 % 2} for i in range(800)]
    given = {"max_share": max_share}
    unnamed = Expectation("expect_rows_to_be_unique", given, check_id="copies", path="checks/동전.yaml")
    named = Expectation("expect_rows_to_be_unique", {"columns": ["a", "b", "c"], **given}, check_id="copies")
    with Session(table_of(tmp_path, COINS, found), threads=1) as session:
        facts = Facts.of(COINS, session.table, session)
        with pytest.raises(UsageError, match="none is dropped") as refused:
            rows_found(session, unnamed, facts)
        assert "chance alone" in refused.value.why and "`columns` of `copies` in checks/동전.yaml" in refused.value.hint
        assert len(rows_found(session, named, facts).places) == 792
