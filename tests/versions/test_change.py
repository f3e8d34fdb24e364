from dataclasses import replace

import pytest

from registry.cards.changelog import fact_line
from registry.errors import VersionTooLowError
from registry.model.difference import RowChanges
from registry.model.names import Version
from registry.model.schema import Column, DatasetSchema
from registry.versions.asked import asked
from registry.versions.change import State, difference, level_of
from registry.versions.demand import requested, require_enough, smallest
from registry.versions.licenses import stricter
from registry.versions.rules import load_rules

SCHEMA = DatasetSchema(
    "x",
    (
        Column("id", "int64", required=True, primary_key=True),
        Column("text", "string", required=True, role="text"),
        Column("label", "string", role="label", classes=("neg", "pos")),
    ),
)
ML = load_rules("ml", frozen=("test",))
BEFORE = State(SCHEMA, {"train": (10, "a"), "test": (5, "b")}, "cc-by-4.0", encoding="e", rules="r")


def with_column(index, **changes):
    columns = list(SCHEMA.columns)
    columns[index] = replace(columns[index], **changes)
    return replace(BEFORE, schema=replace(SCHEMA, columns=tuple(columns)))


CASES = {
    "nothing": (BEFORE, "none"),
    "other bytes": (replace(BEFORE, encoding="f"), "patch"),
    "other rules": (replace(BEFORE, rules="s"), "patch"),
    "train rows": (replace(BEFORE, splits={"train": (11, "c"), "test": (5, "b")}), "minor"),
    "train edited": (replace(BEFORE, splits={"train": (10, "c"), "test": (5, "b")}), "minor"),
    "test edited": (replace(BEFORE, splits={"train": (10, "a"), "test": (5, "c")}), "major"),
    "a new split": (replace(BEFORE, splits={**BEFORE.splits, "validation": (1, "v")}), "minor"),
    "no test split": (replace(BEFORE, splits={"train": (10, "a")}), "major"),
    "a new column": (
        replace(BEFORE, schema=replace(SCHEMA, columns=(*SCHEMA.columns, Column("source", "string")))),
        "minor",
    ),
    "a column less": (replace(BEFORE, schema=replace(SCHEMA, columns=SCHEMA.columns[:2])), "major"),
    "another type": (with_column(0, type="string"), "major"),
    "nullable": (with_column(1, required=False), "major"),
    "a class more": (with_column(2, classes=("neg", "pos", "neutral")), "major"),
    "classes in another order": (with_column(2, classes=("pos", "neg")), "major"),
    "another key": (with_column(0, primary_key=False), "major"),
    "another label": (with_column(2, role=None), "major"),
    "a description": (with_column(1, description="what it says"), "none"),
    "a stricter licence": (replace(BEFORE, license="cc-by-nc-4.0"), "major"),
    "a looser licence": (replace(BEFORE, license="cc0-1.0"), "minor"),
    "an unknown licence": (replace(BEFORE, license="my-own"), "major"),
    "a licence at last": (State(SCHEMA, BEFORE.splits, "", "e", "r"), "major"),
}


@pytest.mark.parametrize(("after", "level"), CASES.values(), ids=CASES)
def test_what_a_change_demands(after, level):
    assert level_of(difference(BEFORE, after, ML)) == level


def test_what_is_frozen_is_a_setting():
    after = replace(BEFORE, splits={"train": (10, "c"), "test": (5, "c")})
    assert level_of(difference(BEFORE, after, load_rules("ml"))) == "minor"
    assert level_of(difference(BEFORE, after, load_rules("ml", frozen=["train"]))) == "major"


def test_facts_name_their_place():
    facts = difference(BEFORE, CASES["test edited"][0], ML)
    assert [(f.kind, f.split, f.count, f.detail) for f in facts] == [("frozen-split-changed", "test", 0, "5 → 5 rows")]


def test_of_many_classes_the_first_are_named():
    after = with_column(2, classes=("neg", "pos", *(f"반{n}" for n in range(5000))))
    (fact,) = difference(BEFORE, after, ML)
    assert fact.detail.startswith("with 반0, 반1, ") and fact.detail.endswith("반11, and 4,988 more")


def test_a_frozen_split_that_is_gone_has_changed():
    facts = difference(BEFORE, CASES["no test split"][0], ML)
    assert [(fact.kind, fact.split, fact.count, fact.level) for fact in facts] == [
        ("frozen-split-changed", "test", -5, "major"),
        ("split-removed", "test", 5, "major"),
    ]
    trained = difference(BEFORE, replace(BEFORE, splits={"test": (5, "b")}), ML)
    assert [fact.kind for fact in trained] == ["split-removed"]


def test_too_low_a_number_is_refused_with_the_smallest():
    facts = difference(BEFORE, CASES["test edited"][0], ML)
    with pytest.raises(VersionTooLowError, match="frozen split changed") as caught:
        require_enough(Version(1, 2), Version(1, 1), "major", facts, "x")
    assert caught.value.fields["smallest"] == "2.0.0" and caught.value.exit == 4
    require_enough(Version(2), Version(1, 1), "major", facts, "x")
    require_enough(Version(2, 0, 0, ("rc", "1")), Version(1, 1), "major", facts, "x")
    require_enough(Version(0, 1), None, "none", (), "x")


def test_words_for_versions():
    assert requested("auto", None, "major") == Version(1)
    assert requested("auto", Version(1, 1), "minor") == Version(1, 2)
    assert requested("major", Version(1, 1), "patch") == Version(2)
    assert requested("v1.5", Version(1, 1), "major") == Version(1, 5)
    assert smallest(Version(1, 1), "none") == Version(1, 1, 1)


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("mit", "apache-2.0", False),
        ("cc0-1.0", "cc-by-4.0", True),
        ("cc-by-4.0", "cc-by-sa-4.0", True),
        ("cc-by-sa-4.0", "cc-by-nc-4.0", True),
        ("cc-by-nc-4.0", "cc-by-nc-sa-4.0", True),
        ("cc-by-nc-nd-4.0", "cc-by-nc-4.0", False),
        ("gpl-3.0", "mit", False),
        ("other", "mit", None),
        ("other", "other", False),
    ],
)
def test_licences_by_what_they_ask(before, after, answer):
    assert stricter(before, after) is answer


ROWS = {
    "rows that moved": (RowChanges(moved={("train", "validation"): 2}), "major"),
    "relabelled where it is frozen": (RowChanges(relabelled={"test": 2}, labels={("a", "b"): 2}), "major"),
    "relabelled elsewhere": (RowChanges(relabelled={"train": 2}, labels={("a", "b"): 2}), "minor"),
    "added elsewhere": (RowChanges(added={"train": 2}), "minor"),
}


@pytest.mark.parametrize(("rows", "level"), ROWS.values(), ids=ROWS)
def test_what_rows_demand(rows, level):
    touched = {*rows.added, *rows.relabelled, *(split for pair in rows.moved for split in pair)} & BEFORE.splits.keys()
    splits = {split: (rows, "x" if split in touched else digest) for split, (rows, digest) in BEFORE.splits.items()}
    assert level_of(difference(BEFORE, replace(BEFORE, splits=splits), ML, rows)) == level


def test_a_new_column_changes_no_rows_of_a_frozen_split():
    schema = replace(SCHEMA, columns=(*SCHEMA.columns, Column("source", "string")))
    after = replace(BEFORE, schema=schema, splits={"train": (10, "c"), "test": (5, "d")})
    assert [(f.kind, f.level) for f in difference(BEFORE, after, ML, RowChanges())] == [("column-added", "minor")]
    assert level_of(difference(BEFORE, after, ML)) == "major"  # rows were not compared: nobody knows


def test_facts_tell_labels_and_moves():
    rows = RowChanges(
        relabelled={"test": 3}, labels={("neg", "pos"): 2, (None, "neg"): 1}, moved={("train", "test"): 4}
    )
    after = replace(BEFORE, splits={"train": (6, "c"), "test": (9, "d")})
    told = {
        fact.kind: (fact.split, fact.column, fact.count, fact.detail) for fact in difference(BEFORE, after, ML, rows)
    }
    assert told["frozen-rows-relabelled"] == ("test", "label", 3, "3 rows; neg → pos 2, none → neg 1")
    assert told["rows-moved"] == ("test", None, 4, "train → test: 4 rows")
    assert told["frozen-split-changed"][3] == "5 → 9 rows: 3 relabelled, 4 moved in"
    assert told["split-changed"][3] == "10 → 6 rows: 4 moved out"


def test_rules_that_changed_are_named():
    def asks(**limits):
        return {name: asked("expect_x", "critical", {"max_share": share}) for name, share in limits.items()}

    old = replace(BEFORE, asked=asks(leak=0, 중복=0.1))
    new = replace(BEFORE, rules="s", asked=asks(leak=0.5, balance=0))
    facts = difference(old, new, ML)
    told = [fact.detail for fact in facts]
    assert told == ["balance added", "leak: max_share 0 → 0.5", "중복 removed"] and level_of(facts) == "patch"
    assert next(fact_line(fact, "ko") for fact in facts).startswith("검사 규칙 변경, balance 추가")
    many = replace(BEFORE, rules="s", asked=asks(**{f"c{n}": 0 for n in range(20)}, leak=0, 중복=0.1))
    assert [fact.detail for fact in difference(old, many, ML)][-1] == "and 8 more rules"
    (unknown,) = difference(BEFORE, new, ML)
    assert unknown.detail == "schema, suites or gate settings"
