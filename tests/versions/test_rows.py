"""Rows of two tables compared, against counting by hand."""

import json
from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.model.difference import RowChanges
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from registry.tables.table import Part, Table
from registry.versions.rows import compare_rows

KEYED = DatasetSchema(
    "x", (Column("id", "string", role="key"), Column("text", "string"), Column("y", "string", role="label"))
)
KEYLESS = replace(KEYED, columns=(Column("id", "string"), *KEYED.columns[1:]))
NAMES = ("id", "text", "y")
TEXTS = (pa.string(),) * 3
SPLITS = ("train", "validation", "test")


def table(root, rows, *, kinds=TEXTS, parts=1, compression="snappy"):
    """A table of (split, id, text, label) rows, in so many files a split."""
    made = []
    for split in SPLITS:
        some = [row[1:] for row in rows if row[0] == split]
        for at in range(parts if some else 0):
            path = root / f"{split}-{at}.parquet"
            if few := some[at::parts]:
                columns = {name: pa.array(column, kind) for name, kind, *column in zip(NAMES, kinds, *few, strict=True)}
                pq.write_table(pa.table(columns), path, compression=compression)
                made.append(Part(path.name, path, split, len(few)))
    if not made:
        path = root / "train-0.parquet"
        pq.write_table(pa.table({name: pa.array([], kind) for name, kind in zip(NAMES, kinds, strict=True)}), path)
        made = [Part(path.name, path, "train", 0)]
    columns = tuple((name, str(kind)) for name, kind in zip(NAMES, kinds, strict=True))
    return Table(tuple(made), columns, tuple(dict.fromkeys(part.split for part in made)), None, "parquet")


def compared(tmp_path, before, after, schemas, **options):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir(exist_ok=True)
    new.mkdir(exist_ok=True)
    with Session(table(new, after, **options), earlier=table(old, before)) as session:
        return compare_rows(session, *schemas)


def by_hand(before, after):
    """The changes of rows with distinct ids."""
    old, new = {row[1]: row for row in before}, {row[1]: row for row in after}
    both = [(old[key], new[key]) for key in old.keys() & new.keys()]
    relabelled = [(o, n) for o, n in both if o[3] != n[3]]
    keys = {
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "edited": [o[1] for o, n in both if o[2] != n[2]],
        "relabelled": [o[1] for o, _ in relabelled],
        "moved": [o[1] for o, n in both if o[0] != n[0]],
    }
    return RowChanges(
        samples={kind: tuple(sorted(found)) for kind, found in keys.items() if found},
        added=Counter(new[key][0] for key in new.keys() - old.keys()),
        removed=Counter(old[key][0] for key in old.keys() - new.keys()),
        edited=Counter(n[0] for o, n in both if o[2] != n[2]),
        relabelled=Counter(n[0] for _, n in relabelled),
        moved=Counter((o[0], n[0]) for o, n in both if o[0] != n[0]),
        labels=Counter((o[3], n[3]) for o, n in relabelled),
        columns={"text": edits} if (edits := sum(o[2] != n[2] for o, n in both)) else {},
        gone=classes_gone(before, after),
        keyed=True,
    )


def classes_gone(before, after):
    """By split, which has rows still, and label: rows of the labels that no row has now."""
    counts = Counter((row[0], row[3]) for row in before if row[3] is not None and row[0] in {new[0] for new in after})
    return {pair: n for pair, n in counts.items() if pair not in {(row[0], row[3]) for row in after}}


values = st.sampled_from(["가", "나", "b", "", None])
one = st.tuples(st.sampled_from(SPLITS), st.sampled_from("abcdefghij"), values, values)
keyed_rows = st.lists(one, max_size=10, unique_by=lambda row: row[1])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keyed_rows, keyed_rows)
def test_rows_with_a_key_are_compared_as_by_hand(tmp_path_factory, before, after):
    assert compared(tmp_path_factory.mktemp("x"), before, after, (KEYED, KEYED)) == by_hand(before, after)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(one, max_size=12), st.lists(one, max_size=12))
def test_rows_without_a_key_are_balanced_as_multisets(tmp_path_factory, before, after):
    found = compared(tmp_path_factory.mktemp("x"), before, after, (KEYLESS, KEYLESS))
    old, new = Counter(before), Counter(after)
    for split in SPLITS:
        rows = [sum(n for row, n in side.items() if row[0] == split) for side in (old, new)]
        came = found.added.get(split, 0) + sum(n for (_, to), n in found.moved.items() if to == split)
        went = found.removed.get(split, 0) + sum(n for (of, _), n in found.moved.items() if of == split)
        assert rows[1] - rows[0] == came - went
        # What neither moved nor changed its label is what differs in no way.
        gone = sum(n for row, n in (old - new).items() if row[0] == split)
        assert went + found.relabelled.get(split, 0) == gone
    assert sum(found.labels.values()) == found.total("relabelled") and found.gone == classes_gone(before, after)
    assert found.any == (old != new) and not found.keyed and not found.edited
    # No row is counted as added that stood anywhere before, and no row as removed that still stands.
    free = Counter((row[1], row[2]) for row in new.elements())
    free.subtract(Counter((row[1], row[2]) for row in old.elements()))
    assert found.total("added") == sum(n for n in free.values() if n > 0)
    assert found.total("removed") == -sum(n for n in free.values() if n < 0)


ROWS = [(split, f"{split}-{n}", f"문장 {n}", "긍정" if n % 3 else "부정") for split in SPLITS for n in range(20)]


@pytest.mark.parametrize("schema", [KEYED, KEYLESS])
@pytest.mark.parametrize(
    "written", [{"parts": 3}, {"compression": "zstd"}, {"kinds": (pa.large_string(), pa.string(), pa.string())}]
)
def test_how_rows_are_written_plays_no_part(tmp_path, schema, written):
    assert not compared(tmp_path, ROWS, ROWS[::-1], (schema, schema), **written).any


def test_the_width_of_numbers_plays_no_part(tmp_path):
    before = [("train", "a", "t", 1), ("train", "b", "t", 2)]
    schema = replace(KEYED, columns=(*KEYED.columns[:2], Column("y", "int64", role="label")))
    sides = {"old": (pa.int64(), before), "new": (pa.int8(), before[::-1])}
    tables = {}
    for name, (kind, rows) in sides.items():
        (tmp_path / name).mkdir()
        tables[name] = table(tmp_path / name, rows, kinds=(pa.string(), pa.string(), kind))
    with Session(tables["new"], earlier=tables["old"]) as session:
        assert not compare_rows(session, schema, schema).any


@pytest.mark.parametrize("more", [("train", "train-0", "again", "긍정"), ("train", None, "no key", "긍정")])
def test_a_key_that_does_not_tell_rows_is_not_used(tmp_path, more):
    found = compared(tmp_path, [*ROWS, more], [*ROWS, more], (KEYED, KEYED))
    assert not found.keyed and not found.any and "id is empty or repeated" in found.note


def test_a_column_of_countless_labels_has_no_classes(tmp_path):
    before = [("train", str(n), "t", f"label {n}") for n in range(101)]
    for count, gone in ((101, {}), (100, {("train", "label 0"): 1})):
        assert compared(tmp_path, before[:count], before[1:count], (KEYED, KEYED)).gone == gone


def test_another_key_is_not_used(tmp_path):
    found = compared(tmp_path, ROWS, ROWS[1:], (KEYED, KEYLESS))
    assert not found.keyed and found.removed == {"train": 1} and "not the same in both" in found.note


def test_a_column_of_another_kind_is_named_and_left_out(tmp_path):
    before, after = [("train", "a", "1", "p")], [("train", "a", 1, "n")]
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    new = table(tmp_path / "new", after, kinds=(pa.string(), pa.int64(), pa.string()))
    with Session(new, earlier=table(tmp_path / "old", before)) as session:
        found = compare_rows(session, KEYED, KEYED)
    assert found.relabelled == {"train": 1} and not found.edited and "its type changed: text" in found.note


def test_the_first_twenty_keys_are_named_and_personal_data_in_them_is_not(tmp_path):
    before = [("train", f"r{n:03}", "t", "긍정") for n in range(30)]
    mail = [("train", "hong@example.com", "t", "긍정")]
    found = compared(tmp_path, before, mail, (KEYED, KEYED))
    assert found.samples["removed"] == tuple(f"r{n:03}" for n in range(20))
    assert found.samples["added"] == ("h***@***.com",)
    assert RowChanges.of_kept(json.loads(json.dumps(found.kept()))) == found
    hidden = replace(KEYED, columns=(replace(KEYED.columns[0], classification="confidential"), *KEYED.columns[1:]))
    secret = compared(tmp_path, before, mail, (KEYED, hidden))
    assert secret.samples == {} and secret.total("removed") == 30


@pytest.mark.parametrize("schema", [KEYED, KEYLESS])
def test_labels_that_are_personal_are_told_masked_and_counted_together(tmp_path, schema):
    phones = ("010-9999-1234", "010-8888-1234")
    before = [("train", f"r{at}", f"글 {at}", phones[at % 2]) for at in range(4)]
    after = [(split, key, text, "긍정") for split, key, text, _ in before]
    found = compared(tmp_path, before, after, (schema, schema))
    assert found.labels == {("010-****-****", "긍정"): 4}
    assert found.gone == {("train", "010-****-****"): 4}
