"""Twenty clean sets, real ones among them: the suite that each would start with has no critical finding.

Split by a hash of the row's number, or in the order of rows where that is time. What is real is real:
rows that repeat because their columns have few values must not be called leaks.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pytest

from registry.checks.defaults import default_suite
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of, parse_suite
from registry.schemas.infer import Roles, infer_schema
from registry.tables.duck import Session
from tests.checks.tables import table_of

WORDS = [
    "배송",
    "빠르고",
    "포장",
    "꼼꼼",
    "색상",
    "화면",
    "가격",
    "만족",
    "별로",
    "다시",
    "구매",
    "추천",
    "품질",
    "고장",
]
LATIN = [
    "fast",
    "solid",
    "screen",
    "colour",
    "price",
    "returned",
    "happy",
    "broken",
    "again",
    "battery",
    "would",
    "buy",
]


def packaged(package: str) -> Path:
    return Path(pytest.importorskip(package).__file__).parent


def river(name: str, columns: list[str] | None = None) -> pa.Table:
    path = packaged("river") / "datasets" / name
    raw = path.read_bytes()
    if name.endswith(".gz"):
        raw = gzip.decompress(raw)
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            raw = archive.read(archive.namelist()[0])
    return pc.read_csv(io.BytesIO(raw), read_options=pc.ReadOptions(column_names=columns))


def emoji(language: str) -> pa.Table:
    path = packaged("emoji") / "unicode_codes" / f"emoji_{language}.json"
    named = {name: key for key, name in json.loads(path.read_text("utf-8")).items()}
    return pa.table({"emoji": list(named.values()), "name": list(named)})


def vader() -> pa.Table:
    lines = (packaged("vaderSentiment") / "vader_lexicon.txt").read_text("utf-8").splitlines()
    rows = {line.split("\t")[0].casefold(): line.split("\t") for line in lines if line.strip()}
    labels = ["positive" if float(row[1]) > 0 else "negative" for row in rows.values()]
    return pa.table({"token": list(rows), "label": labels})


def prose(seed: int, words: list[str], rows: int = 600) -> pa.Table:
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(words, k=draw.randint(8, 20))) + f" {n}" for n in range(rows)]
    return pa.table({"id": [f"r{n}" for n in range(rows)], "text": texts, "label": draw.choices("긍부중", k=rows)})


def survey(seed: int, questions: int, answers: int, rows: int = 800) -> pa.Table:
    draw = random.Random(seed)
    given = {f"문항 {q}": [draw.randint(1, answers) for _ in range(rows)] for q in range(questions)}
    return pa.table({"respondent": [f"p{n}" for n in range(rows)], **given})


def one_hot(seed: int, classes: int, rows: int = 700) -> pa.Table:
    draw = random.Random(seed)
    chosen = [draw.randrange(classes) for _ in range(rows)]
    columns = {f"is_{c}": [int(c == one) for one in chosen] for c in range(classes)}
    return pa.table({**columns, "label": [draw.choice(["a", "b"]) for _ in chosen]})


def measured(seed: int, rows: int = 900) -> pa.Table:
    draw = random.Random(seed)
    sick = [draw.random() < 0.3 for _ in range(rows)]
    return pa.table(
        {
            "patient": [f"pt-{draw.randrange(10**9)}" for _ in range(rows)],
            "pulse": [round(draw.gauss(90 if one else 75, 12), 1) for one in sick],
            "pressure": [None if draw.random() < 0.1 else draw.gauss(120, 15) for _ in range(rows)],
            "label": ["sick" if one else "well" for one in sick],
        }
    )


def labels_only(seed: int, rows: int = 300) -> pa.Table:
    draw = random.Random(seed)
    return pa.table({"id": list(range(rows)), "label": draw.choices(["a", "b", "c"], k=rows)})


SETS: Mapping[str, Any] = {
    "phishing": (lambda: river("phishing.csv.gz"), {"label": "is_phishing"}),
    "segment": (lambda: distinct(river("segment.csv.zip")), {"label": "category"}),
    "solar-flare": (lambda: river("solar-flare.csv.zip"), {"text": None}),
    "airline": (lambda: river("airline-passengers.csv"), {"time": "month"}),
    "chick-weights": (lambda: river("chick-weights.csv"), {}),
    "sp500": (lambda: river("sp500.csv.gz"), {}),
    "trump-approval": (lambda: river("trump_approval.csv.gz"), {}),
    "water-flow": (lambda: river("water-flow.csv"), {}),
    "emoji-ko": (lambda: emoji("ko"), {"text": "name"}),
    "emoji-de": (lambda: emoji("de"), {"text": "name"}),
    "vader": (vader, {"text": "token", "label": "label"}),
    "prose-ko": (lambda: prose(1, WORDS), {}),
    "prose-en": (lambda: prose(2, LATIN), {}),
    "prose-mixed": (lambda: prose(3, WORDS + LATIN), {}),
    "survey-9x3": (lambda: survey(4, 9, 3), {"key": "respondent"}),
    "survey-5x5": (lambda: survey(5, 5, 5), {"key": "respondent"}),
    "survey-2x2": (lambda: survey(6, 2, 2), {"key": "respondent"}),
    "one-hot": (lambda: one_hot(7, 12), {}),
    "measured": (lambda: measured(8), {"key": "patient"}),
    "labels-only": (lambda: labels_only(9), {}),
}


def distinct(table: pa.Table) -> pa.Table:
    """The rows without their copies: of 2,310 pieces of images, some were cut twice."""
    return table.group_by(table.column_names).aggregate([])


def split(table: pa.Table) -> dict[str, pa.Table]:
    """A fifth for testing: by a hash of the row's number."""
    held = [zlib.crc32(str(row).encode()) % 5 == 0 for row in range(table.num_rows)]
    mask = pa.array(held)
    return {"train": table.filter(pa.array([not one for one in held])), "test": table.filter(mask)}


@pytest.mark.parametrize("name", SETS)
def test_a_clean_set_has_no_critical_finding(tmp_path, name):
    make, roles = SETS[name]
    table = table_of(tmp_path, split(make()))
    with Session(table) as session:
        schema = infer_schema("r", table, session, Roles(**{role: name for role, name in roles.items() if name}))
        if "text" in roles and not roles["text"]:  # categories are no text
            schema = replace(
                schema, columns=tuple(replace(c, role=None) if c.role == "text" else c for c in schema.columns)
            )
        text = default_suite(schema, table, session)
        checks = run_checks(parse_suite(text, "r.yaml", schema).expectations, table, schema, session)
    assert {check.id: check.message for check in checks if check.status == "error"} == {}
    assert {check.id: check.message for check in checks if check.blocks("critical")} == {}


def test_copies_in_real_data_are_found(tmp_path):
    """Pieces of seven images, 19 measured features: 223 rows repeat one, far beyond chance, and leak."""
    table = table_of(tmp_path, split(river("segment.csv.zip")))
    with Session(table) as session:
        schema = infer_schema("r", table, session, Roles(label="category"))
        text = default_suite(schema, table, session)
        checks = run_checks(parse_suite(text, "r.yaml", schema).expectations, table, schema, session)
    found = {check.id: check for check in checks}
    assert found["leakage-exact"].status == found["duplicates"].status == "fail"
    assert (
        found["duplicates"].unexpected
        == river("segment.csv.zip").num_rows - distinct(river("segment.csv.zip")).num_rows
    )


@pytest.mark.parametrize("seed", range(3))
def test_leaks_beyond_chance_are_found_among_coincidences(tmp_path, seed):
    """2,000 answers of nine questions: a fifth of the tested ones copied from training stands out from coincidence."""
    rows = survey(seed, 9, 3, 2000).drop_columns("respondent")
    parts = split(rows)
    copied = parts["test"].num_rows // 5
    parts["test"] = pa.concat_tables([parts["test"], parts["train"].slice(0, copied)])
    table = table_of(tmp_path, parts)
    with Session(table) as session:
        schema = infer_schema("r", table, session, Roles())
        config = {"type": "expect_splits_to_be_disjoint"}
        (check,) = run_checks(expectations_of([config], "s"), table, schema, session)
    assert check.status == "fail", check.message


def test_named_columns_count_strictly(tmp_path):
    table = table_of(tmp_path, split(survey(3, 2, 2).drop_columns("respondent")))
    config = [
        {"type": "expect_splits_to_be_disjoint", "kwargs": kwargs} for kwargs in ({}, {"columns": ["문항 0", "문항 1"]})
    ]
    with Session(table) as session:
        schema = infer_schema("r", table, session, Roles())
        loose, strict = run_checks(expectations_of(config, "s"), table, schema, session)
    assert (loose.status, strict.status) == ("not_measured", "fail")
    assert "chance alone gives about" in loose.message and loose.unexpected == strict.unexpected
