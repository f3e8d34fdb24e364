"""Near-duplicates on Spark: the same rows, witnesses and similarities, in one block of the index or in many."""

from __future__ import annotations

import random

import pytest

from registry.tables.duck import Session
from registry.tables.near import NearNotMeasured, NearOptions, near_between, near_within
from registry.tables.near.spread import Search
from registry.tables.spark import SparkTables
from tests.checks.planting import LETTERS
from tests.checks.tables import table_of

pytestmark = pytest.mark.slow
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Copies, near copies of copies, short texts and nulls, in Korean and English, in three splits."""
    draw = random.Random(7)
    texts = []
    for n in range(60):
        letters = [*LETTERS["ko" if n % 2 else "en"], " "]
        text = "".join(draw.choices(letters, k=60))
        for _ in range(n % 4):
            at = draw.randrange(60)
            texts.append(text)
            text = text[:at] + draw.choice(letters) + text[at + 1 :]
        texts.append(text)
    texts += [None, "", "짧다", "  ", texts[0].upper(), texts[3]]
    draw.shuffle(texts)
    third = len(texts) // 3
    columns = {split: {"본문": texts[at * third : (at + 1) * third]} for at, split in enumerate(SPLITS)}
    return table_of(tmp_path_factory.mktemp("near"), columns)


def pairs(found):
    return sorted((str(pair.row), str(pair.witness), round(pair.similarity, 9)) for pair in found.pairs())


@pytest.mark.parametrize("within", [False, True])
def test_every_pair_is_the_same_in_blocks_of_any_size(table, spark_settings, within):
    with Session(table) as session:
        here = near_within(session, "본문") if within else near_between(session, "본문", SPLITS)
    with SparkTables(table, spark_settings) as tables:
        for at, options in enumerate((NearOptions(), NearOptions(block=16))):
            counts = Search(tables, f"near_{at}", "본문", SPLITS, within, options).run()
            sql = f"SELECT __file, __row, other_file, other_row, similarity FROM near_{at}"
            rows = tables.rows(sql)
            place = tables.files
            there = sorted(
                (
                    f"{place[row['__file']]}#{row['__row']}",
                    f"{place[row['other_file']]}#{row['other_row']}",
                    round(row["similarity"], 9),
                )
                for row in rows
            )
            assert there == pairs(here)
            assert counts == here.splits
    assert here.unexpected > 20


def test_a_search_that_is_given_up_has_no_counts(table, spark_settings):
    with SparkTables(table, spark_settings) as tables:
        found = Search(tables, "near", "본문", SPLITS, False, NearOptions(work_limit=10)).run()
        assert isinstance(found, NearNotMeasured)
        assert found.work > found.limit == 10
        assert tables.rows("SELECT * FROM near") == []
