"""The same rows, values, places and checks on Spark as on DuckDB. One file, so that one worker starts one Spark."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import os
import random
import shutil
import sys
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.checks.expectations import FORMS, OURS
from registry.checks.references import Marked, References
from registry.checks.specs import value_sql
from registry.cli.app import app
from registry.errors import RegistryError
from registry.judge.judge import JudgeOptions, judge, lay_out
from registry.reports.profile import profile
from registry.schemas.hub import hub_reader
from registry.stores import open_store
from registry.tables.duck import QueryError, Session
from registry.tables.engine import PLACE, text_of
from registry.tables.fingerprints import Fingerprint
from registry.tables.keys import canonical_sql
from registry.tables.near import NearNotMeasured, NearOptions, near_between, near_within
from registry.tables.near.spread import Search
from registry.tables.spark import SparkTables, connect
from registry.tables.table import Part, Table
from registry.workspace.workspace import Workspace
from tests.checks.planting import KINDS, LETTERS, SPLITS, World
from tests.checks.tables import schema_of, table_of
from tests.checks.test_parity import CASES, ROWS
from tests.journeys.harness import Shell
from tests.journeys.harness import rows as reviews
from tests.schemas.test_hub import planted as columns_of_csv
from tests.spark.both import assert_equal, both, suite

pytestmark = pytest.mark.slow


def planted(shape, language):
    """A world with every defect that suits its shape."""
    world = World(3, shape, language)
    for index, (name, kind) in enumerate(KINDS.items()):
        if shape in kind.shapes and name != "giveaway":
            kind.plant(world, 3 + index)
    return world


def entries(world):
    """The expectations of the planted defects, and what further arguments they take."""
    for kind in KINDS.values():
        kwargs = {name: world.inputs if value == "inputs" else value for name, value in kind.kwargs.items()}
        yield kind.type, {**({"column": "note"} if world.shape not in kind.shapes else {}), **kwargs}
    yield "expect_class_balance_to_be_at_least", {"column": "l", "min_entropy": 0.99}
    yield "expect_class_balance_to_be_at_least", {"column": "l", "max_imbalance_ratio": 1.1, "splits": ["test"]}
    yield "expect_counts_to_meet_targets", {"column": "l", "targets": {"긍정": 90, "positive": 90}}
    yield "expect_shares_to_overlap", {"column": "l", "shares": {"긍정": 0.5, "부정": 0.5}, "min_overlap": 0.99}
    yield "expect_rows_to_be_unique", {"columns": world.inputs, "normalize": "text"}
    groups = {"quasi_identifiers": ["묶음"]}
    yield "expect_l_diversity_at_least", {**groups, "sensitive": "l", "l": 2}
    yield "expect_t_closeness_at_most", {**groups, "sensitive": [world.inputs[0], "l"], "t": 0.3}
    yield "expect_synthetic_share_at_most", {"column": "l", "synthetic_values": ["긍정", "positive"], "max_share": 0.4}


def test_planted_defects_and_no_row_on_the_driver(tmp_path, spark_settings, monkeypatch):
    """Samples come back, and counts by split and class; no rows."""
    answers = []
    collected = SparkTables._collected
    monkeypatch.setattr(SparkTables, "_collected", lambda *given: answers.append(collected(*given)) or answers[-1])
    world = planted("text", "ko")
    table = table_of(tmp_path, world.tables())
    here, there = both(suite(entries(world)), table, schema_of(table, **world.roles), spark_settings)
    assert sum(check.status == "fail" for check in here) >= 12
    assert_equal(here, there)
    assert max(map(len, answers)) <= 20


def test_clean_numbers(tmp_path, spark_settings):
    """Splits are of a column here."""
    world = World(5, "tabular", "en")
    rows = pa.concat_tables(
        table.append_column("split", pa.array([split] * len(table))) for split, table in world.tables().items()
    )
    written = table_of(tmp_path, {"rows": rows})
    parts = tuple(replace(part, split=None) for part in written.parts)
    table = replace(written, parts=parts, splits=SPLITS, split_column="split")
    here, there = both(suite(entries(world)), table, schema_of(table, split="split", **world.roles), spark_settings)
    assert sum(check.status == "pass" for check in here) >= 12
    assert_equal(here, there)


def test_core_expectations(tmp_path, spark_settings):
    table = table_of(tmp_path, {"train": ROWS.slice(0, 7), "test": ROWS.slice(7)})
    here, there = both(suite(CASES), table, schema_of(table), spark_settings)
    assert {check.status for check in here} == {"pass", "fail"}
    assert_equal(here, there)


def test_nothing_is_left_out():
    """The cases here hold every expectation of the table."""
    known = {kind for kind, _ in CASES} | {kind for kind, _ in entries(World(1, "text", "ko"))}
    assert set(FORMS) - set(OURS) <= known
    assert set(OURS) <= known | {kind for kind, _ in (*ANNOTATED, *BY_MODEL)}


ANNOTATED = [
    *(
        ("expect_annotator_agreement_at_least", {"level": level, "min_value": 0.3})
        for level in ("nominal", "interval", "ratio")
    ),
    *(("expect_annotator_agreement_at_least", {"metric": metric, "min_value": 0.9}) for metric in ("fleiss", "cohen")),
    ("expect_annotator_agreement_at_least", {"item": "항목", "annotator": "who", "label": "r0"}),
    ("expect_label_to_follow_annotators", {"label": "l"}),
    ("expect_near_duplicates_to_agree_on_label", {"column": "항목", "label": "l"}),
]


def test_annotators(tmp_path, spark_settings):
    draw = random.Random(2)
    truth = [draw.randrange(1, 5) for _ in range(300)]
    rows = {f"r{at}": [v if draw.random() < 0.7 else draw.randrange(1, 5) for v in truth] for at in range(3)}
    rows |= {
        "l": truth,
        "항목": [f"항목 {at // 3 * 31 % 97} 의 이름이 되는 긴 글 {at // 3}" for at in range(300)],
        "who": [f"w{at % 3}" for at in range(300)],
    }
    table = table_of(tmp_path, {"train": rows})
    schema = schema_of(table, r0="annotator", r1="annotator", r2="annotator")
    here, there = both(suite(ANNOTATED), table, schema, spark_settings)
    assert {check.status for check in here} == {"pass", "fail"}
    assert_equal(here, there)


HELD_OUT = ["대한민국의 헌법은 언제 처음 제정되어 공포되었습니까?", "Which king had the new alphabet made?", "짧다"]
BY_MODEL = [
    ("expect_group_disparity_at_most", {"columns": ["면"], "max_difference": 0.001}),
    ("expect_no_contamination_with", {"references": ["bench@1:test"], "columns": ["글"]}),
    ("expect_no_drift_from_previous_release", {"max_value": 0.2}),
    ("expect_no_drift_between_splits", {"measure": "ks", "max_value": 0.4}),
    ("expect_label_noise_at_most", {"max_share": 0.001}),
    ("expect_data_to_suffice", {"features": ["점"], "min_score": 0.999, "slices": ["면"], "seed": 5}),
]


def test_groups_models_profiles_and_fingerprints(tmp_path, spark_settings):
    """The same rows are drawn, so that models are equal; benchmarks are met by their fingerprints alone."""
    draw = random.Random(4)
    good, bad = ("빠르고 친절한 배송이라 아주 만족합니다 번호", "나쁜 포장에 실망했고 반품도 늦었습니다")
    rows = []
    for at in range(180):
        label = draw.random() < 0.5
        text = f"{good if label else bad} {at}"
        rows.append(
            {
                "글": text,
                "점": draw.gauss(2.0 * label + 4 * (at >= 120), 1),
                "면": "가나"[at % 2],
                "l": label != (at % 24 == 0),
            }
        )
    rows += [{"글": f"{text}{end}", "점": 0.0, "면": None, "l": True} for text in HELD_OUT for end in ("", "!")]
    table = table_of(tmp_path, {"train": pa.Table.from_pylist(rows[:120]), "test": pa.Table.from_pylist(rows[120:])})
    schema = schema_of(table, 글="text", l="label")
    with Session(table) as session:
        now = profile(session, table, schema)
    old = copy.deepcopy(now)
    old["columns"][1]["histogram"]["counts"]["train"].reverse()
    marked = [Marked("bench@1.0.0:test", "", Fingerprint.of([[text] for text in HELD_OUT], b"salt"))]
    references = References("d@1.0.0", lambda: old, lambda: now, {"bench@1:test": marked}.__getitem__)
    here, there = both(suite(BY_MODEL), table, schema, spark_settings, references)
    assert_equal(here, there)
    assert [check.status for check in here] == ["fail"] * 6, [check.message for check in here]
    assert (here[1].unexpected, here[1].observed["near"]) == (5, 2)


MOMENTS = [
    "2024-01-31", "2024-1-5", "2024/01/31", "2024-02-30", "2024-01-31 09:00", "2024-01-31T09:00:00.123456789Z",
    "2024-01-31T09:00:00+09:00", "2024-01-31 09:00:00+0900", "2024-01-31 9:5:1+09", "2024-01-31T09:00:00 Z",
    "2024-01-31T09:00:00 +09:00", "2024-01-31 09:00:00 UTC", "2024-01-31 09:00:00 Asia/Seoul", "2024-01", "어제",
    "2024-01-31+09:00", "20240131", " 2024-01-31 ", "", "2024-01-31T09:00:00+9",
]  # fmt: skip
FLOATS = [1e-9, 1e20, 0.1, 1 / 3, 5e-324, 1.7e308, 1e15, 1e16, -0.0, 123456.789, math.nan, math.inf, -math.inf, None]
PATTERNS = ["^a.b$", "가+", "a$", "[&^b]+$", "(?i)É", "x{2}", "a{", r"\v", "^[^a]*$", "(?P<x_y>b)$", r"\.", "(?m)^b$"]
TEXTS = ["a\nb", "가가", "a\n", "b&", "é", "xx", "a{", "\v", "", "b", "a.b", "a\u2028b", "a\rb"]


def table_kinds(table):
    with Session(table) as session:
        return session.columns


def parts_of(root, files):
    """A table of one Parquet file each of (path, split, rows), in order of path."""
    parts, kinds = [], {}
    for path, split, table in sorted(files, key=lambda file: file[0].encode()):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, target, row_group_size=3)
        parts.append(Part(path, target, split, table.num_rows))
        for column in table.schema:
            if kinds.get(column.name, "null") == "null":
                kinds[column.name] = str(column.type)
    splits = tuple(dict.fromkeys(split for _, split, _ in files))
    return Table(tuple(parts), tuple(kinds.items()), splits, None, "parquet")


def test_files_of_any_name_and_of_different_columns(tmp_path, spark_settings):
    def rows(*texts, **more):
        return pa.table({"본문": list(texts), **more})

    files = [
        ("train/a b+c%20.parquet", "train", rows(*"가나다라마바사", n=pa.array(range(7), pa.uint8()))),
        ("train/*[x]{y}&=.parquet", "train", rows("가", "b", n=pa.nulls(2))),
        ("학습 'q'.parquet", "train", rows("바", "c")),
        ("test/평가.parquet", "test", rows("d", "가", "마", "마", n=pa.array([1, None, 3, 3], pa.uint8()))),
    ]
    table = parts_of(tmp_path / "한글 %41", files)
    wanted = suite(
        [
            ("expect_splits_to_be_disjoint", {"columns": ["본문"]}),
            ("expect_rows_to_be_unique", {}),
            ("expect_rows_to_be_unique", {"columns": ["본문"], "normalize": "text"}),
            ("expect_column_values_to_not_be_null", {"column": "n"}),
            ("expect_column_sum_to_be_between", {"column": "n", "min_value": 100}),
        ]
    )
    here, there = both(wanted, table, schema_of(table), spark_settings)
    assert [check.unexpected for check in here] == [3, 2, 5, 5, 1]
    assert_equal(here, there)


def test_what_the_reader_of_the_hub_alters(tmp_path, spark_settings):
    table = columns_of_csv(tmp_path)
    with Session(table) as here, SparkTables(table, spark_settings) as there:
        assert hub_reader(here) == hub_reader(there)


def test_values_of_every_type(tmp_path, spark_settings):
    """Equal rows are equal rows on both, floats of any sign of zero, lists and structs included."""
    moment = dt.datetime(2024, 1, 31, 9, 0, 0, 500000)
    table = table_of(
        tmp_path,
        {
            "train": pa.table(
                {
                    "x": pa.array([0.0, -0.0, math.nan, None, 1e300], pa.float64()),
                    "f": pa.array([0.1, 0.1, math.nan, math.nan, None], pa.float32()),
                    "m": pa.array([Decimal("1.50"), Decimal("1.5"), None, None, Decimal(2)], pa.decimal128(20, 2)),
                    "l": pa.array([["a, b"], ["a", "b"], [], None, ["a, b"]]),
                    "s": pa.array([{"가": 1, "b": None}, {"가": 1, "b": None}, None, {"가": 2, "b": "x"}, None]),
                    "at": pa.array([moment, moment, None, moment, None], pa.timestamp("ns")),
                    "z": pa.array([moment, moment, None, moment, None], pa.timestamp("us", "Asia/Seoul")),
                    "u": pa.array([2**64 - 1, 2**64 - 1, 0, None, 7], pa.uint64()),
                    "b": pa.array([b"\xff", b"\xff", None, b"", b"a"]),
                    "i": pa.array([math.inf, 1.0, None, math.inf, math.nan], pa.float64()),
                    "none": pa.nulls(5),
                    "p": pa.array([[("가", 1)], [("가", 1)], [], None, [("b", 2)]], pa.map_(pa.string(), pa.int64())),
                }
            )
        },
    )
    kinds = dict(table_kinds(table))
    pairs = []
    maps = kinds.pop("p")
    for at, (name, kind) in enumerate(kinds.items()):
        one, other = (f"{side}.{name}" for side in "ab")
        texts = (canonical_sql(name, kind).replace(f'"{name}"', side) for side in (one, other))
        values = (value_sql(name, kind).replace(f'"{name}"', side) for side in (one, other))
        for what, (left, right) in {"v": values, "t": texts}.items():
            pairs.append(f"({left} IS NOT DISTINCT FROM {right}) AS {what}{at}")
        pairs.append(f"(hash({one}) = hash({other}) OR {one} IS DISTINCT FROM {other}) AS h{at}")
    sql = f"SELECT a.__row AS r, b.__row AS s, {', '.join(pairs)} FROM data AS a JOIN data AS b ON a.__row < b.__row"
    with Session(table) as session, SparkTables(table, spark_settings) as tables:
        expected = session.rows(f"{sql} ORDER BY r, s")
        assert tables.rows(f"{sql} ORDER BY r, s") == expected
    assert sum(row["v0"] for row in expected) == 2, "0 equals -0, and NaN null"
    bounds = [("expect_column_max_to_be_between", {"column": name, "min_value": 10**3}) for name in ("x", "m", "u")]
    sums = ("sum", "mean", "stdev")
    bounds += [(f"expect_column_{name}_to_be_between", {"column": at, "max_value": 1}) for name in sums for at in "xfi"]
    bounds += [("expect_column_values_to_be_null", {"column": "p"})]
    names = list(kinds)
    rows = [("expect_rows_to_be_unique", {"columns": names, "normalize": fold}) for fold in ("none", "text")]
    here, there = both(suite([*bounds, *rows]), table, schema_of(table), spark_settings)
    assert maps.startswith("MAP")
    assert_equal(here, there)


def test_texts_of_floats_and_moments_and_patterns(tmp_path, spark_settings):
    rows = [(m, f, t) for m, f, t in zip(MOMENTS, [*FLOATS, *FLOATS], [*TEXTS, *TEXTS], strict=False)]
    table = table_of(
        tmp_path,
        {
            "train": {
                "m": [row[0] for row in rows],
                "f": [row[1] for row in rows],
                "g": pa.array([None if row[1] is None else row[1] for row in rows], pa.float32()),
                "t": [row[2] for row in rows],
            }
        },
    )
    instant = text_of("TRY_CAST(nullif(trim(m), '') AS TIMESTAMP WITH TIME ZONE)", "TIMESTAMP WITH TIME ZONE")
    found = [f"regexp_matches(t, '{pattern}') AS p{at}" for at, pattern in enumerate(PATTERNS)]
    wanted = [f"{instant} AS m", f"{text_of('f', 'DOUBLE')} AS f", f"{text_of('g', 'FLOAT')} AS g", *found]
    sql = f"SELECT {', '.join(wanted)}, {PLACE} AS part, __row FROM data ORDER BY part, __row"
    with Session(table) as session, SparkTables(table, spark_settings) as tables:
        assert tables.rows(sql) == session.rows(sql)
        assert tables.columns == session.columns


def test_finer_times_and_hidden_files_are_errors_never_other_numbers(tmp_path, spark_settings):
    at = pa.array([1], pa.timestamp("ns"))
    table = parts_of(tmp_path, [("a.parquet", "train", pa.table({"at": at, "n": [1]}))])
    with SparkTables(table, spark_settings) as tables:
        assert tables.value("SELECT max(n) AS n FROM data") == 1
        with pytest.raises(QueryError, match="finer than the microseconds"):
            tables.rows("SELECT max(at) AS at FROM data")
    hidden = parts_of(tmp_path / "h", [("_a.parquet", "train", pa.table({"n": [1]}))])
    with pytest.raises(RegistryError, match="0 of 1 rows"):
        SparkTables(hidden, spark_settings)


def test_the_settings_of_another_session_stay(spark_settings):
    from pyspark.sql import SparkSession

    ours = connect(spark_settings)
    assert ours.conf.get("spark.sql.caseSensitive") == "true"
    assert SparkSession.builder.getOrCreate().conf.get("spark.sql.caseSensitive") == "false"


def test_the_workers_run_the_python_of_this_process(spark_settings):
    """The PATH may name one without pyarrow: `.venv/bin/registry` is often called where nothing is activated."""
    assert connect(spark_settings).sparkContext.pythonExec == sys.executable
    assert "PYSPARK_PYTHON" not in os.environ


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Copies, near copies of copies, short texts and nulls, in Korean and English, in three splits."""
    draw = random.Random(7)
    texts = []
    for n in range(48):
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
        for at, options in enumerate((NearOptions(), NearOptions(block=40))):
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


SPARK = '\n[spark]\nmaster = "local[2]"\n'


def write_reviews(root):
    """Parquet files of two splits with leaked, repeated and near-equal rows."""
    train, held = reviews("train", 60), reviews("test", 20)
    for at in range(3):
        held[at]["text"] = train[at]["text"]
        held[5 + at]["text"] = train[9 + at]["text"] + "!"
    train[20]["text"] = train[19]["text"]
    for file, found in {"train/a 1": train[:15], "train/나": train[15:], "test/평가": held}.items():
        path = root / f"{file}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(found), path, row_group_size=4)


@pytest.fixture
def team(tmp_path):
    """A workspace with a dataset that its suite finds fault with."""
    shell = Shell(tmp_path / "team")
    shell.cwd.mkdir()
    shell("init")
    write_reviews(shell.cwd / "data" / "reviews")
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id", "--license", "cc-by-4.0")
    with (shell.cwd / "registry.toml").open("a") as file:
        file.write(SPARK)
    shell.commit("Add reviews")
    return shell


def test_objects_on_s3_are_fetched_verified_and_judged_alike(team, spark_settings, seaweed_bucket, capfd):
    """The workspace lacks the files and DVC's cache; the store has the objects; DuckDB's verdict is not taken."""
    url = f"s3://{seaweed_bucket.name}/data"
    store = open_store(url)
    for file in (team.cwd / ".dvc" / "cache" / "files" / "md5").rglob("*"):
        if file.is_file():
            store.create(f"files/md5/{file.parent.name}/{file.name}", file.read_bytes())
    workspace = Workspace.find(team.cwd)
    here = judge(lay_out(workspace, workspace.dataset("reviews"), JudgeOptions()))
    assert here.verdict == "fail"
    shutil.rmtree(team.cwd / "data" / "reviews")
    shutil.rmtree(team.cwd / ".dvc" / "cache")
    capfd.readouterr()
    command = ["check", "reviews", "-C", str(team.cwd), "--store", url, "--engine", "spark", "--json"]
    assert app(command, standalone_mode=False) == 1
    (found,) = json.loads(capfd.readouterr().out)["datasets"]
    assert found == {**here.to_json(), "engine": "spark"}
