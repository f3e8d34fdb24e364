"""Our expectations count what they promise: against a reference in Python, and on planted leaks."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.checks import equal as equal_rows
from registry.checks.equal import EqualRequest
from registry.checks.expectations.balance import entropy
from registry.checks.maps import domain_of
from registry.checks.plan import repeated
from registry.checks.run import run_checks
from registry.checks.specs import Facts
from registry.checks.suite import expectations_of
from registry.tables.duck import Session
from registry.tables.keys import normalise_text
from tests.checks.tables import judged, one, schema_of, table_of

VALUES = st.none() | st.sampled_from(
    ["", "a", "A", " a", "ａ", "b", "나", unicodedata.normalize("NFD", "나"), "\u3164"]
)
NUMBERS = st.none() | st.sampled_from([0.0, -0.0, 1.0, 68.0, float("nan")])
SPLITS = st.dictionaries(
    st.sampled_from(["train", "validation", "test", "extra"]),
    st.lists(st.tuples(VALUES, NUMBERS), min_size=1, max_size=7),
    min_size=1,
)
ORDER = ["train", "validation", "test", "extra"]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def value(item, normalize):
    """What is compared of one value; NaN and null are missing, 0 equals -0."""
    if isinstance(item, float):
        return None if item != item else item + 0.0
    return normalise_text(item) if item is not None and normalize == "text" else item


def key(row, normalize):
    """The compared row, or None where all of it is missing or empty."""
    found = tuple(value(item, normalize) for item in row)
    return found if any(item not in (None, "") for item in found) else None


def columns(rows, names=("t", "x")):
    data = {"t": pa.array([row[0] for row in rows], pa.string()), "x": pa.array([row[1] for row in rows], pa.float64())}
    return {name: data[name] for name in names}


@QUICK
@given(data=SPLITS, normalize=st.sampled_from(["none", "text"]), names=st.sampled_from([("t",), ("t", "x")]))
def test_splits_disjoint_against_a_reference(tmp_path_factory, data, normalize, names):
    root = tmp_path_factory.mktemp("t")
    kwargs = {"columns": list(names), "normalize": normalize}
    splits = {split: columns(rows) for split, rows in data.items()}
    check = one(root, splits, "expect_splits_to_be_disjoint", kwargs)
    present = [split for split in ORDER if split in data]
    if len(present) < 2:
        assert check.status == "not_applicable"
        return
    keys = {split: [key(row[: len(names)], normalize) for row in data[split]] for split in present}
    seen, total, unexpected = {k for k in keys[present[0]] if k}, 0, 0
    for split in present[1:]:
        total += sum(k is not None for k in keys[split])
        unexpected += sum(k in seen for k in keys[split] if k)
        seen |= {k for k in keys[split] if k}
    assert (check.total, check.unexpected) == (total, unexpected)
    assert check.observed["empty"] == sum(k is None for found in keys.values() for k in found)
    assert check.status == ("not_measured" if not total else "fail" if unexpected else "pass")
    assert len(check.samples) == min(20, unexpected)
    assert set(check.observed["splits"]) == set(present[1:])


@QUICK
@given(data=SPLITS, normalize=st.sampled_from(["none", "text"]), names=st.sampled_from([("t",), ("t", "x")]))
def test_rows_unique_against_a_reference(tmp_path_factory, data, normalize, names):
    root = tmp_path_factory.mktemp("t")
    kwargs = {"columns": list(names), "normalize": normalize}
    check = one(root, {s: columns(r) for s, r in data.items()}, "expect_rows_to_be_unique", kwargs)
    keys = [key(row[: len(names)], normalize) for rows in data.values() for row in rows]
    counts = Counter(k for k in keys if k)
    assert check.total == sum(counts.values())
    assert check.unexpected == sum(n - 1 for n in counts.values())
    assert check.observed["empty"] == keys.count(None)
    by_split = check.observed["splits"]
    assert sum(part["unexpected"] for part in by_split.values()) == check.unexpected
    assert len(check.samples) == min(20, check.unexpected)


@QUICK
@given(
    data=st.dictionaries(
        st.sampled_from(["train", "test"]), st.lists(st.sampled_from("abc"), min_size=1, max_size=9), min_size=1
    ),
    limit=st.sampled_from([0.0, 0.2, 0.34, 0.5, 1.0]),
)
def test_balance_against_a_reference(tmp_path_factory, data, limit):
    root = tmp_path_factory.mktemp("t")
    splits = {split: {"l": labels} for split, labels in data.items()}
    check = one(root, splits, "expect_class_balance_to_be_at_least", {"column": "l", "min_share": limit})
    classes = sorted({label for labels in data.values() for label in labels})
    shares = [labels.count(c) / len(labels) for labels in data.values() for c in classes]
    assert (check.total, check.unexpected) == (len(shares), sum(share < limit for share in shares))
    assert check.observed["min_share"] == pytest.approx(min(shares))


def test_a_declared_class_without_rows_counts(tmp_path):
    from registry.model.schema import Column, DatasetSchema

    table = table_of(tmp_path, {"train": {"l": ["a", "a", "b", "b"]}})
    schema = DatasetSchema("t", (Column("l", "string", role="label", classes=("a", "b", "c")),))
    entry = {"type": "expect_class_balance_to_be_at_least", "kwargs": {"column": "l", "max_imbalance_ratio": 10}}
    with Session(table) as session:
        (check,) = run_checks(expectations_of([entry], "s"), table, schema, session)
    assert check.status == "fail" and check.observed["max_imbalance_ratio"] == "Infinity"


def test_boolean_classes(tmp_path):
    from registry.model.schema import Column, DatasetSchema

    table = table_of(tmp_path, {"train": {"l": [True, False, None]}})
    schema = DatasetSchema("t", (Column("l", "bool", classes=(False, True)),))
    entry = {"type": "expect_class_balance_to_be_at_least", "kwargs": {"column": "l", "min_share": 0.5}}
    with Session(table) as session:
        (check,) = run_checks(expectations_of([entry], "s"), table, schema, session)
    assert (check.status, check.total) == ("pass", 2)


def test_entropy_is_normalised():
    assert entropy([1, 1, 1]) == pytest.approx(1)
    assert entropy([5]) == 0 and entropy([3, 0]) == 0


def test_default_columns(tmp_path):
    rows = {
        "train": {"id": [1, 2], "t": ["a", "b"], "l": ["x", "y"]},
        "test": {"id": [3, 4], "t": ["a", "c"], "l": ["z", "z"]},
    }
    text = one(tmp_path, rows, "expect_splits_to_be_disjoint", id="key", t="text")
    assert (text.columns, text.unexpected) == (("t",), 1)
    rest = one(tmp_path, rows, "expect_splits_to_be_disjoint", id="key")
    assert (rest.columns, rest.unexpected) == (("t", "l"), 0)
    unique = one(tmp_path, rows, "expect_rows_to_be_unique", id="key", t="text")
    assert unique.columns == ("t", "l")


def test_order_of_splits_and_once_each(tmp_path):
    """A row of test that stands in train and in validation counts once; train itself never counts."""
    rows = {"test": {"t": ["a", "a"]}, "validation": {"t": ["a", "b"]}, "train": {"t": ["a", "a", "c"]}}
    check = one(tmp_path, rows, "expect_splits_to_be_disjoint", {"columns": ["t"]})
    assert (check.total, check.unexpected) == (4, 3)
    assert check.observed["splits"]["test"] == {"total": 2, "unexpected": 2, "share": 1.0}
    assert check.observed["splits"]["validation"] == {"total": 2, "unexpected": 1, "share": 0.5}
    assert {sample["same_as"]["split"] for sample in check.samples} == {"train"}
    later = one(tmp_path, rows, "expect_splits_to_be_disjoint", {"columns": ["t"], "splits": ["test", "validation"]})
    assert (later.total, later.unexpected) == (2, 2)


def test_named_splits_that_are_absent_are_not_measured(tmp_path):
    rows = {"train": {"t": ["a"]}, "test": {"t": ["b"]}}
    kwargs = {"columns": ["t"], "splits": ["train", "dev"]}
    check = one(tmp_path, rows, "expect_splits_to_be_disjoint", kwargs)
    assert check.status == "not_measured" and check.blocks("critical")
    assert one(tmp_path, {"train": {"t": ["a"]}}, "expect_splits_to_be_disjoint").status == "not_applicable"


def test_max_share_is_a_share_of_the_total(tmp_path):
    rows = {"train": {"t": ["a"]}, "test": {"t": ["a", "b", "c", "d"]}}
    for limit, status in ((0.25, "pass"), (0.24, "fail")):
        kwargs = {"columns": ["t"], "max_share": limit}
        assert one(tmp_path, rows, "expect_splits_to_be_disjoint", kwargs).status == status


def test_nested_columns_are_compared(tmp_path):
    rows = {"train": {"v": [[1, 2], [3]]}, "test": {"v": [[1, 2], None]}}
    check = one(tmp_path, rows, "expect_splits_to_be_disjoint", {"columns": ["v"]})
    assert (check.total, check.unexpected, check.observed["empty"]) == (1, 1, 1)


def test_a_common_hash_is_a_candidate_only(tmp_path, monkeypatch):
    """With a hash as poor as the length of a text, all rows found are the same."""
    rows = {"train": {"t": ["a", "b", "cc", "dd", "dd"]}, "test": {"t": ["b", "c", "dd", "ee"]}}
    table = table_of(tmp_path, rows)
    with Session(table) as session:
        facts = Facts.of(schema_of(table), table, session)
        equal = EqualRequest.of(("t",), "none", facts)
        found = session.rows(f"SELECT * FROM ({equal.rows_sql()}) ORDER BY spot")
        assert [(row["__row"], row["split"]) for row in found] == [
            (0, "test"),
            (2, "test"),
            (1, "train"),
            (3, "train"),
            (4, "train"),
        ]
        monkeypatch.setattr(equal_rows, "HASH", "length")
        assert found == session.rows(f"SELECT * FROM ({equal.rows_sql()}) ORDER BY spot")
        domain = domain_of("column_values.unique", {"column": "t"}, facts.columns)
        sql = f"{repeated(domain, '')} SELECT * FROM repeated ORDER BY ALL"
        assert (
            session.rows(sql)
            == session.rows(sql.replace("hash(", "length("))
            == [
                {"k0": "b", "times": 2},
                {"k0": "dd", "times": 3},
            ]
        )


def variant(text, index):
    """The same text as it comes from another tool: in capitals, with other spaces, full width, decomposed."""
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)
    return [text.swapcase(), f" {text.replace(' ', '   ')}\t", wide, unicodedata.normalize("NFD", text)][index % 4]


@pytest.mark.slow
def test_planted_leaks_are_found_and_nothing_else(tmp_path):
    """200,000 rows; 200 exact and 200 normalised copies of training rows in test."""
    draw = random.Random(20)
    words = ["좋은", "영화", "Review", "Best", "한국어", "데이터", "price", "배송", "Fast", "별로"]
    texts = [" ".join(draw.choices(words, k=12)) + f" {i:x}" for i in range(200_000)]
    train, test = texts[:180_000], texts[180_000:]
    leaked = draw.sample(range(len(test)), 400)
    clean = {"train": {"t": train}, "test": {"t": test}}
    exact, folded = set(leaked[:200]), {}
    planted = list(test)
    for n, row in enumerate(leaked):
        source = draw.choice(train)
        planted[row] = source if n < 200 else variant(source, n)
        if n >= 200:
            folded[row] = source
    assert all(planted[row] != source for row, source in folded.items())
    kind = "expect_splits_to_be_disjoint"
    both = [
        {"type": kind, "kwargs": {"columns": ["t"]}, "meta": {"check_id": "exact"}},
        {"type": kind, "kwargs": {"columns": ["t"], "normalize": "text"}, "meta": {"check_id": "folded"}},
    ]
    (tmp_path / "clean").mkdir()
    assert [check.unexpected for check in judged(tmp_path / "clean", clean, *both).values()] == [0, 0]
    table = table_of(tmp_path, {"train": {"t": train}, "test": {"t": planted}})
    with Session(table) as session:
        found = run_checks(expectations_of(both, "s"), table, schema_of(table), session)
    assert [(check.id, check.unexpected) for check in found] == [("exact", 200), ("folded", 400)]
    first = sorted(exact)[:20]
    assert [sample["row"] for sample in found[0].samples] == [f"test.parquet#{row}" for row in first]
    assert [sample["row"] for sample in found[1].samples] == [f"test.parquet#{row}" for row in sorted(leaked)[:20]]


@pytest.mark.parametrize("limit", [{"min_share": 0.1}, {"min_entropy": 0.1}, {"max_imbalance_ratio": 2}])
def test_one_class_alone_has_no_balance(tmp_path, limit):
    rows = {"train": {"l": ["긍정"] * 3}, "test": {"l": ["긍정"]}}
    check = one(tmp_path, rows, "expect_class_balance_to_be_at_least", {"column": "l", **limit})
    assert check.status == "not_measured" and "`긍정` is the one class" in check.message
