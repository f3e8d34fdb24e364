"""Label errors: planted flips are found, clean labels are left alone, and what says nothing is not measured."""

from __future__ import annotations

import random
import sys
from dataclasses import replace

import pytest

from registry.checks.doubts import doubts
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.errors import MissingExtraError
from registry.model.digest import canonical
from registry.reports.labels import labels_csv
from registry.tables.duck import Session
from tests.checks.tables import one, schema_of, table_of

pytest.importorskip("cleanlab")
KIND = "expect_label_noise_at_most"
TOPICS = {"en": ("economy", "science", "sports"), "ko": ("경제", "과학", "스포츠")}


def words(draw, language, count):
    letters = (
        "abcdefghijklmnopqrstuvwxyz" if language == "en" else [chr(0xAC00 + draw.randrange(11172)) for _ in range(500)]
    )
    return ["".join(draw.choices(letters, k=draw.randint(2, 5))) for _ in range(count)]


def texts(language, count=900, seed=3):
    """Texts of three topics: five words of the topic among nine that all share."""
    draw = random.Random(seed)
    own = {topic: words(draw, language, 60) for topic in TOPICS[language]}
    common = words(draw, language, 600)
    labels = [draw.choice(TOPICS[language]) for _ in range(count)]
    found = [" ".join(draw.choices(own[label], k=5) + draw.choices(common, k=9)) for label in labels]
    return {"id": [f"r{at:04}" for at in range(count)], "t": found, "l": labels}


def numbers(count=900, seed=4):
    draw = random.Random(seed)
    labels = [draw.choice(("a", "b")) for _ in range(count)]
    shift = {"a": 0.0, "b": 3.0}
    found = {f"x{at}": [draw.gauss(shift[label], 1.0) for label in labels] for at in range(3)}
    return {"id": [f"r{at:04}" for at in range(count)], **found, "l": labels}


def flipped(rows, share, seed=5):
    """The rows with a share of labels changed, and the keys of those rows."""
    draw = random.Random(seed)
    classes = sorted(set(rows["l"]))
    places = set(draw.sample(range(len(rows["l"])), round(share * len(rows["l"]))))
    labels = [
        draw.choice([one_ for one_ in classes if one_ != label]) if at in places else label
        for at, label in enumerate(rows["l"])
    ]
    return {**rows, "l": labels}, {rows["id"][at] for at in places}


def found_in(tmp_path, rows, **kwargs):
    roles = {"id": "key", "l": "label", **({"t": "text"} if "t" in rows else {})}
    table = table_of(tmp_path, {"train": rows})
    schema = schema_of(table, **roles)
    with Session(table) as session:
        (check,) = run_checks(expectations_of([{"type": KIND, "kwargs": kwargs}], "s"), table, schema, session)
        named = [name for name in session._added if name.startswith("noise_")]
        sql = f"SELECT id FROM {named[0]} AS n JOIN data USING (__file, __row) WHERE n.part = 'doubt'"
        return check, {row["id"] for row in session.rows(sql)}


DATA = {"english": lambda: texts("en"), "korean": lambda: texts("ko"), "numbers": numbers}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(("share", "recall", "precision"), [(0.01, 0.7, 0.7), (0.05, 0.8, 0.85), (0.1, 0.8, 0.85)])
def test_planted_flips_are_found(tmp_path, data, share, recall, precision):
    rows, planted = flipped(DATA[data](), share)
    check, found = found_in(tmp_path, rows, max_share=0.002)
    assert check.status == "fail" and check.unexpected == len(found)
    assert len(found & planted) >= recall * len(planted)
    assert len(found & planted) >= precision * len(found)
    assert {sample["row"] for sample in check.samples[:3]} <= planted


@pytest.mark.parametrize("data", DATA)
def test_clean_labels_are_left_alone(tmp_path, data):
    check, found = found_in(tmp_path, DATA[data](), max_share=0.005)
    assert check.status == "pass" and len(found) <= 0.005 * 900
    assert check.observed["score"] > 0.95


def test_a_sample_says_that_it_is_one_and_holds_every_class(tmp_path, monkeypatch):
    monkeypatch.setattr("registry.checks.expectations.noise.SAMPLE", 300)
    rows = texts("ko")
    rows["l"][:30] = ["드문"] * 30
    rows["l"][30:33] = ["한둘"] * 3
    rows["l"][33:35] = [None, ""]
    check, _ = found_in(tmp_path, rows)
    assert 300 <= check.observed["assessed"] <= 320 and check.observed["labelled"] == 898
    assert (check.observed["rare"], check.observed["unlabelled"], check.observed["classes"]) == (1, 2, 4)
    assert check.observed["by_class"]["드문"]["rows"] == 20
    assert "stratified sample of 898 labelled rows" in check.message


def test_equal_at_any_number_of_threads_and_another_seed_draws_others(tmp_path):
    rows, _ = flipped(texts("ko", 400), 0.05)
    table = table_of(tmp_path, {"train": rows})
    schema = schema_of(table, id="key", l="label", t="text")
    seen = {}
    for threads, seed in ((1, 0), (2, 0), (4, 0), (2, 1)):
        entry = {"type": KIND, "kwargs": {"seed": seed}}
        with Session(table, threads=threads) as session:
            (check,) = run_checks(expectations_of([entry], "s"), table, schema, session)
        seen.setdefault(seed, set()).add(canonical({**check.to_json(), "arguments": {}}))
    assert len(seen[0]) == 1 and seen[0] != seen[1]


def nothing(tmp_path, rows, kwargs=None, **roles):
    check = one(tmp_path, {"train": rows}, KIND, kwargs, **(roles or {"t": "text", "l": "label"}))
    assert check.status == "not_measured", check.message
    return check.message


def test_what_says_nothing_is_not_measured(tmp_path):
    rows = {name: values[:90] for name, values in texts("en").items()}
    assert "role label" in nothing(tmp_path, rows, t="text")
    assert "1 classes" in nothing(tmp_path, {**rows, "l": ["x"] * 90})
    assert "0 classes" in nothing(tmp_path, {**rows, "l": [f"c{at}" for at in range(90)]})
    assert "0 classes" in nothing(tmp_path, {**rows, "l": [None] * 90})
    assert "all inputs are equal" in nothing(tmp_path, {**rows, "t": ["같은 글"] * 90})
    assert "all inputs are equal" in nothing(tmp_path, {**rows, "t": [None, ""] * 45})
    assert "one kind" in nothing(tmp_path, {**rows, "x": [1.0] * 90}, {"features": ["t", "x"]})
    draw = random.Random(1)
    assert "the baseline tells" in nothing(tmp_path, {**rows, "l": [draw.choice("ab") for _ in range(90)]})
    few = {name: values[:40] for name, values in rows.items()}
    assert "in 40 rows" in nothing(tmp_path, few)


def test_a_missing_extra_ends_the_command_and_never_makes_evidence(tmp_path, monkeypatch):
    for name in ("cleanlab", "cleanlab.filter"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match="extra") as caught:
        one(tmp_path, {"train": texts("en", 200)}, KIND, t="text", l="label")
    assert caught.value.exit == 5 and "[quality]" in caught.value.hint


def test_near_duplicates_of_another_label(tmp_path):
    rows = texts("ko", 60)
    for at in range(0, 12, 2):
        rows["t"][at + 1] = rows["t"][at] + " 끝"
        rows["l"][at + 1] = rows["l"][at] if at < 6 else "다른"
    check = one(tmp_path, {"train": rows}, "expect_near_duplicates_to_agree_on_label", id="key", t="text", l="label")
    assert (check.status, check.total, check.unexpected, check.observed["near"]) == ("fail", 60, 3, 6)
    assert [(sample["row"], sample["contradicts"]["row"]) for sample in check.samples] == [
        ("r0007", "r0006"), ("r0009", "r0008"), ("r0011", "r0010"),
    ]  # fmt: skip


def test_the_list_for_people_shows_texts_in_full_only_where_asked_and_nothing_withheld(tmp_path):
    rows = texts("ko", 300)
    long = ["연락처 010-1234-5678 " + text for text in rows["t"]]
    table = table_of(tmp_path, {"train": {**flipped(rows, 0.1)[0], "t": long}})
    schema = schema_of(table, id="key", t="text", l="label")
    closed = replace(
        schema,
        columns=tuple(
            replace(one, classification="confidential") if one.name == "t" else one for one in schema.columns
        ),
    )
    with Session(table) as session:
        masked, whole, kept = (
            doubts(session, table, declared, (), whole=asked)
            for declared, asked in ((schema, False), (schema, True), (closed, True))
        )
    assert masked.rows and [row["row"] for row in masked.rows] == [row["row"] for row in whole.rows]
    assert all(row["values"]["t"] in long for row in whole.rows)
    assert not any(row["values"]["t"] in long for row in (*masked.rows, *kept.rows))
    table_csv = labels_csv(whole).decode("utf-8-sig")
    assert "연락처 010-****-**** " in table_csv and "5678" not in table_csv
