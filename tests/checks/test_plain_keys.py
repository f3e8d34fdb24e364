"""The quick way to keys of plain texts gives the keys of the definition."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.tables.duck import Session
from registry.tables.keys import ABSENT, BETWEEN, PLAIN, KeyRequest, make_keys, normalise_text
from tests.checks.tables import table_of

PLAIN_CHARS = [char for char in map(chr, range(sys.maxunicode + 1)) if re.fullmatch(PLAIN, char)]
TEXTS = st.none() | st.text(
    st.sampled_from(
        ["A", "z", " ", "가", "한", "é", "É", "ﬁ", "\u3164", "\u200b", "ａ", "\u0301", "ß", "漢", "\t", "K"]
    )
)


def test_plain_characters_fold_as_lower_does_and_join_nothing():
    assert len(PLAIN_CHARS) > 30_000
    assert [char for char in PLAIN_CHARS if normalise_text(char) != char.lower()] == []
    joined = "".join(PLAIN_CHARS)
    assert normalise_text(joined) == joined.lower() and normalise_text(joined[::-1]) == joined[::-1].lower()
    assert not any(unicodedata.combining(char) for char in PLAIN_CHARS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12))
def test_keys_are_those_of_the_definition(tmp_path_factory, rows):
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate("ab")}
    table = table_of(tmp_path_factory.mktemp("t"), {"train": columns})
    with Session(table) as session:
        name = make_keys(session, KeyRequest(("a", "b")))
        found = [(row["k1"], row["k2"]) for row in session.rows(f"SELECT * FROM {name} ORDER BY __row")]
    assert found == [key(row) for row in rows]


def key(row):
    texts = [None if text is None else normalise_text(text) for text in row]
    if not any(texts):
        return (None, None)
    whole = hashlib.sha256(BETWEEN.join(ABSENT if text is None else text for text in texts).encode()).digest()
    return int.from_bytes(whole[:8], "little"), int.from_bytes(whole[8:16], "little")
