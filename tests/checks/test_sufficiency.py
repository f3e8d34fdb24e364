"""Sufficiency: a curve that has levelled off passes, one that rises does not, and figures are those of the model."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image

from registry.checks.curve import fit
from registry.checks.expectations.sufficiency import sizes_of
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.content.hashing import hash_tree
from registry.model.digest import canonical
from registry.schemas.infer import Roles, infer_schema
from registry.tables.duck import Session
from registry.tables.read import open_table
from tests.checks.tables import one, schema_of, table_of
from tests.checks.test_images import picture, save
from tests.checks.test_noise import numbers, texts

pytest.importorskip("sklearn")
KIND = "expect_data_to_suffice"
ROLES = {"id": "key", "l": "label", "t": "text"}


@pytest.mark.parametrize(("a", "b", "c"), [(2.0, 0.5, 0.1), (5.0, 1.0, 0.0), (0.8, 0.25, 0.05)])
def test_a_power_law_is_found_again(a, b, c):
    rows = [50, 100, 200, 400, 800]
    law = fit(rows, [a * n**-b + c for n in rows])
    assert law.error(800) == pytest.approx(a * 800**-b + c, abs=1e-3)
    assert law.gain(800) == pytest.approx(a * (800**-b - 1600**-b), abs=3e-3)


def test_errors_that_rise_promise_nothing():
    assert fit([50, 100, 200], [0.1, 0.2, 0.3]).gain(200) == 0.0


def test_sizes_double_and_are_never_tiny():
    assert sizes_of(1600) == [100, 200, 400, 800, 1600] and sizes_of(90) == [22, 45, 90] and sizes_of(19) == []


def test_a_levelled_curve_passes_and_a_rising_one_fails(tmp_path):
    rows = texts("ko", 1000)
    check = one(tmp_path, {"train": rows}, KIND, {"min_score": 0.9}, **ROLES)
    assert (check.status, check.total, check.unexpected) == ("pass", 2, 0), check.message
    few = {name: values[:160] for name, values in rows.items()}
    check = one(tmp_path, {"train": few}, KIND, {}, **ROLES)
    assert (check.status, check.unexpected) == ("fail", 1), check.message
    assert check.samples[0]["limit"] == "max_last_gain" and check.observed["last_gain"] > 0.02
    scores = [point["value"] for point in check.observed["curve"]]
    assert scores == sorted(scores) and check.observed["score"] == scores[-1]


def test_given_splits_are_trained_and_tested_on_and_slices_are_told(tmp_path):
    draw = random.Random(2)
    rows = numbers(900)
    rows["x0"] = [draw.gauss(0, 1) if at % 3 == 0 else x for at, x in enumerate(rows["x0"])]
    rows["곳"] = [("서울", "부산", "섬")[at % 3] if at % 50 else "외딴" for at in range(900)]
    splits = {
        "train": {name: values[:600] for name, values in rows.items()},
        "test": {name: values[600:] for name, values in rows.items()},
    }
    check = one(tmp_path, splits, KIND, {"features": ["x0"], "slices": ["곳"]}, id="key", l="label")
    observed = check.observed
    assert (observed["train_rows"], observed["test_rows"]) == (600, 300)
    told = observed["slices"]["곳"]
    assert set(told["scores"]) == {"서울", "부산", "섬"} and told["few"] == 1
    assert told["scores"]["서울"]["score"] < told["scores"]["부산"]["score"] - 0.1
    assert told["spread"] > 0.1 and observed["gap"] == pytest.approx(observed["train_score"] - observed["score"])
    assert 0.45 < observed["majority"] < 0.55 and sum(one_["rows"] for one_ in observed["by_class"].values()) == 600


def test_equal_at_any_number_of_threads(tmp_path):
    table = table_of(tmp_path, {"train": texts("ko", 300)})
    schema = schema_of(table, **ROLES)
    seen = set()
    for threads in (1, 2, 4):
        with Session(table, threads=threads) as session:
            (check,) = run_checks(expectations_of([{"type": KIND}], "s"), table, schema, session)
        seen.add(canonical(check.to_json()))
    assert len(seen) == 1


def test_small_pictures(tmp_path):
    """Light and dark halves, of Korean class directories; both checks by a model read their pixels."""
    for at in range(160):
        pixels = np.array(picture(at, 32))
        pixels[:16] = np.where(at % 2, pixels[:16] // 3 + 170, pixels[:16] // 3)
        save(Image.fromarray(pixels), tmp_path / "in" / ("밝음" if at % 2 else "어둠") / f"{at}.png")
    files = hash_tree(tmp_path / "in").files
    table = open_table(tmp_path / "in", files, None, tmp_path / "cache")
    entries = expectations_of([{"type": KIND}, {"type": "expect_label_noise_at_most"}], "s")
    with Session(table) as session:
        schema = infer_schema("p", table, session, Roles())
        noise, curve = run_checks(entries, table, schema, session)
    assert (noise.status, noise.unexpected, curve.status) == ("pass", 0, "pass"), (noise.message, curve.message)
    assert noise.observed["read"] == curve.observed["read"] == "pixels" and curve.observed["score"] > 0.95


def nothing(tmp_path, rows, kwargs=None, **roles):
    check = one(tmp_path, {"train": rows}, KIND, kwargs, **(roles or ROLES))
    assert check.status == "not_measured", check.message
    return check.message


def test_what_says_nothing_is_not_measured(tmp_path):
    rows = texts("en", 300)
    assert "1 classes" in nothing(tmp_path, {**rows, "l": ["x"] * 300})
    assert "0 classes" in nothing(tmp_path, {**rows, "l": rows["id"]})
    assert "all inputs are equal" in nothing(tmp_path, {**rows, "t": ["같은 글"] * 300})
    assert "too few for a learning curve" in nothing(tmp_path, {name: values[:80] for name, values in rows.items()})
    draw = random.Random(1)
    noise = {**rows, "l": [draw.choice("ab") for _ in range(300)]}
    assert "its curve says nothing" in nothing(tmp_path, noise)
    assert one(tmp_path, {"train": noise}, KIND, {"min_score": 0.7}, **ROLES).status == "fail"


def test_a_test_split_of_one_class_says_nothing(tmp_path):
    texts = [f"{'좋은 물건' if at % 2 else '나쁜 물건'} {at}" for at in range(120)]
    rows = {
        "train": {"글": texts, "l": ["p" if at % 2 else "n" for at in range(120)]},
        "test": {"글": [f"좋은 물건 {at}" for at in range(60)], "l": ["p"] * 60},
    }
    check = one(tmp_path, rows, KIND, {}, 글="text", l="label")
    assert check.status == "not_measured" and "all rows to test on are `p`" in check.message


@pytest.mark.parametrize("kwargs", [{"features": ["l"]}, {"slices": ["l"]}])
def test_the_label_is_no_feature_and_no_slice(tmp_path, kwargs):
    rows = {"글": [f"글 {at}" for at in range(60)], "l": ["p", "n"] * 30}
    check = one(tmp_path, {"train": rows}, KIND, kwargs, 글="text", l="label")
    assert check.status == "error" and "`l` is the label" in check.message
