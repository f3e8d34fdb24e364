"""Agreement of annotators: published values, definitions computed otherwise, and what says nothing."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.checks.agreement import Pairs, alpha, by_class, fleiss, kappa, raw
from registry.checks.defaults import default_suite
from registry.checks.run import run_checks
from registry.checks.suite import expectations_of
from registry.errors import ConfigError
from registry.model.digest import canonical
from registry.model.schema import Column, DatasetSchema
from registry.tables.duck import Session
from tests.checks.tables import one, schema_of, table_of

KIND, FOLLOW = "expect_annotator_agreement_at_least", "expect_label_to_follow_annotators"
# Krippendorff 2011, section C: twelve units, four observers; and the values that he gives for it.
OBSERVERS = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
PUBLISHED = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
UNITS = [[None if v == "." else v for v in unit] for unit in zip(*(line.split() for line in OBSERVERS), strict=True)]
# Fleiss 1971 as worked through for ten subjects and fourteen raters: kappa 0.210.
SUBJECTS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip
COHEN_1960 = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])  # 200 judgements, kappa 0.492


def wide(units, cast=int):
    columns = zip(*units, strict=True)
    return {f"r{at}": [None if v is None else cast(v) for v in column] for at, column in enumerate(columns)}


def raters(rows):
    return {name: "annotator" for name in rows if name.startswith("r")}


def long(units):
    found = {"항목": [], "who": [], "l": []}
    for at, unit in enumerate(units):
        for who, value in enumerate(unit):
            for name, item in zip(found, (f"u{at}", f"김{who}", value), strict=True):
                found[name].append(item)
    return found


def by_definition(units, level):
    """Alpha from the definition: the mean distance within units over that of all pairable values, in fractions."""
    pairable = [[Fraction(v) for v in unit if v is not None] for unit in units]
    pairable = [unit for unit in pairable if len(unit) > 1]
    values = [value for unit in pairable for value in unit]
    sizes = Counter(values)

    def distance(a, b):
        if level == "nominal":
            return Fraction(int(a != b))
        if level == "ordinal":
            low, high = min(a, b), max(a, b)
            between = sum(n for value, n in sizes.items() if low <= value <= high)
            return (Fraction(between) - Fraction(sizes[a] + sizes[b], 2)) ** 2 if a != b else Fraction(0)
        return (a - b) ** 2 if level == "interval" else (((a - b) / (a + b)) ** 2 if a + b else Fraction(0))

    within = sum(sum(distance(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in pairable)
    across = sum(distance(a, b) for a, b in permutations(values, 2))
    return None if not across else 1 - within / len(values) / (across / (len(values) * (len(values) - 1)))


@pytest.mark.parametrize("level", PUBLISHED)
def test_alpha_of_krippendorffs_example_wide_and_long(tmp_path, level):
    rows = wide(UNITS)
    found = one(tmp_path, {"train": rows}, KIND, {"level": level}, **raters(rows))
    assert round(found.observed["value"], 3) == PUBLISHED[level]
    assert found.observed["value"] == pytest.approx(float(by_definition(UNITS, level)), abs=1e-9)
    assert (found.observed["items"], found.observed["ratings"], found.observed["alone"]) == (11, 40, 1)
    rows = long([[v and int(v) for v in unit] for unit in UNITS])
    other = one(tmp_path, {"train": rows}, KIND, {"level": level, "item": "항목"}, who="annotator", l="label")
    same = ("value", "raw_agreement", "classes", "items", "confusions")
    assert {name: other.observed[name] for name in same} == {name: found.observed[name] for name in same}


def test_kappas_of_the_literature():
    pairs = Pairs.of([[str(at) for at, n in enumerate(subject) for _ in range(n)] for subject in SUBJECTS])
    assert round(fleiss(pairs).value, 3) == 0.210
    assert by_class(pairs)[0][1] == pytest.approx(41 / 130)
    assert round(kappa(COHEN_1960, "none"), 3) == 0.492
    assert kappa(np.array([[3, 0], [0, 0]]), "none") is None


def test_cohens_kappa_equals_an_independent_library():
    metrics = pytest.importorskip("sklearn.metrics")
    draw = random.Random(5)
    for weights, name in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        one_, other = ([draw.randrange(5) for _ in range(200)] for _ in range(2))
        table = np.zeros((5, 5), np.int64)
        np.add.at(table, (one_, other), 1)
        assert kappa(table, weights) == pytest.approx(metrics.cohen_kappa_score(one_, other, weights=name), abs=1e-9)


RATINGS = st.lists(st.lists(st.none() | st.integers(0, 4).map(str), min_size=3, max_size=3), min_size=1, max_size=9)


@settings(max_examples=100, deadline=None)
@given(units=RATINGS, level=st.sampled_from(sorted(PUBLISHED)))
def test_alpha_is_its_definition(units, level):
    pairs = Pairs.of(units)
    found = alpha(pairs, pairs.scale(level, [float(name) for name in pairs.classes])).value if pairs.classes else None
    expected = by_definition(units, level)
    assert found == (None if expected is None else pytest.approx(float(expected), abs=1e-9))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=RATINGS)
def test_what_is_counted_by_sql_is_what_is_counted_by_hand(tmp_path_factory, units):
    rows = {name: np.array(v, object).tolist() for name, v in wide(units, str).items()}
    rows = {name: [value or "" for value in values] for name, values in rows.items()}
    check = one(tmp_path_factory.mktemp("t"), {"train": rows}, KIND, {}, **raters(rows))
    pairs = Pairs.of(units)
    if len(pairs.classes) < 2:
        assert check.status == "not_measured" and "value" not in check.observed
    else:
        assert check.observed["value"] == pytest.approx(alpha(pairs, pairs.scale("nominal")).value, abs=1e-9)
        assert check.observed["raw_agreement"] == pytest.approx(raw(pairs), abs=1e-9)


def test_cohen_over_pairs_of_annotators_with_and_without_overlap(tmp_path):
    rows = {"r0": [*["a", "a", "b", "b"] * 3, None], "r1": [*["a", "b", "b", "b"] * 3, None], "r2": [None] * 12 + ["a"]}
    check = one(tmp_path, {"train": rows}, KIND, {"metric": "cohen", "min_value": 0.4}, **raters(rows))
    assert (check.status, check.observed["value"]) == ("pass", 0.5)
    assert [(pair["items"], pair["kappa"]) for pair in check.observed["pairs"]] == [(12, 0.5), (0, None), (0, None)]
    assert check.observed["annotators"]["r2"] == {"ratings": 1, "agreement": None}
    assert "no item in common with anybody: r2" in check.message


def test_the_most_disputed_come_first_and_names_of_annotators_are_masked(tmp_path):
    units = [["긍정"] * 3] * 9 + [["긍정", "부정", "긍정"], ["부정", "긍정", "중립"]]
    rows = long(units)
    check = one(tmp_path, {"train": rows}, KIND, {"item": "항목", "min_value": 0.9}, who="annotator", l="label")
    assert check.status == "fail"
    assert [(sample["row"], sample["ratings"]) for sample in check.samples] == [
        ("u10", "긍정 × 1, 부정 × 1, 중립 × 1"), ("u9", "긍정 × 2, 부정 × 1"),
    ]  # fmt: skip
    assert all(set(sample) == {"row", "split", "ratings"} for sample in check.samples)  # a row is one person's rating
    assert set(check.observed["annotators"]) == {"1: 김…", "2: 김…", "3: 김…"}
    assert check.observed["confusions"][0] == {"classes": ["긍정", "부정"], "pairs": 3}


def nothing(tmp_path, rows, kwargs=None, **roles):
    check = one(tmp_path, {"train": rows}, KIND, kwargs, **(roles or raters(rows)))
    assert check.status == "not_measured" and "value" not in (check.observed or {})
    return check.message


def test_what_says_nothing_is_not_measured(tmp_path):
    assert "only `r0`" in nothing(tmp_path, {"r0": ["a", "b"]})
    assert "constant" in nothing(tmp_path, {"r0": ["a", "a"], "r1": ["a", "a"]})
    assert "no item has two ratings" in nothing(tmp_path, {"r0": ["a", None], "r1": [None, "b"]})
    assert "fewer than two annotators" in nothing(tmp_path, {"r0": ["a", "b"], "r1": [None, ""]})
    mixed = {"r0": ["a", "b"], "r1": [1, 2]}
    assert "of one kind" in nothing(tmp_path, mixed)
    texts = {"r0": ["a", "b"], "r1": ["b", "b"]}
    assert "needs numbers" in nothing(tmp_path, texts, {"level": "interval"})
    assert "declared `classes`" in nothing(tmp_path, texts, {"level": "ordinal"})
    assert "`weights` are of cohen" in nothing(tmp_path, texts, {"weights": "linear"})
    uneven = {"r0": ["a", "b"], "r1": ["b", "b"], "r2": ["a", None]}
    assert "equally many" in nothing(tmp_path, uneven, {"metric": "fleiss"})
    assert "negative" in nothing(tmp_path, {"r0": [-1, 2], "r1": [1, 2]}, {"level": "ratio"})


def test_few_items_decide_nothing_and_are_shown(tmp_path):
    """Two items that all agree on give 1, one item that two disagree on gives 0: neither says anything."""
    for units, value in ((["x", "y"], 1.0), (["x", "y"] * 4 + ["x"], 1.0)):
        rows = {"r0": units, "r1": units}
        check = one(tmp_path, {"train": rows}, KIND, {}, **raters(rows))
        assert (check.status, check.observed["value"]) == ("not_measured", value)
        assert f"items with two ratings: {len(units)}" in check.message


def test_ratings_without_a_distance(tmp_path):
    for huge in (1e308, float("inf")):
        rows = {"r0": [huge, 2.0, -3.0, 4.0] * 5, "r1": [1.0, 2.5, 3.0, 4.0] * 5}
        assert "infinite or beyond" in nothing(tmp_path, rows, {"level": "interval"})


def test_wrong_arguments(tmp_path):
    with pytest.raises(ConfigError, match="is no `min_value`"):
        one(tmp_path, {"train": {"r0": ["a"]}}, KIND, {"min_value": 5})
    rows = {"i": ["a", "b"], "l": ["x", "y"]}
    check = one(tmp_path, {"train": rows}, KIND, {"item": "i", "annotator": "i", "label": "l"})
    assert check.status == "error" and "three different columns" in check.message


def test_an_interval_that_cannot_be_told_is_named(tmp_path):
    rows = {"r0": ["x"] * 29 + ["y"], "r1": ["x"] * 30}
    check = one(tmp_path, {"train": rows}, KIND, {}, **raters(rows))
    assert check.observed["low"] is None and "no interval can be told" in check.message


def test_ten_thousand_classes(tmp_path):
    rows = {"r0": [f"c{n}" for n in range(10_000)], "r1": [f"c{n + n % 2}" for n in range(10_000)]}
    check = one(tmp_path, {"train": rows}, KIND, {}, **raters(rows))
    assert check.observed["value"] == pytest.approx(0.5, abs=1e-3) and check.observed["classes"] == {}
    assert all(sample["ratings"] == "2 different" for sample in check.samples)
    assert "too many" in nothing(tmp_path, rows, {"metric": "cohen"})


def test_declared_classes_give_the_order(tmp_path):
    rows = {"r0": ["싫음", "보통", "좋음", "좋음"], "r1": ["싫음", "좋음", "좋음", "보통"]}
    table = table_of(tmp_path, {"train": rows})
    columns = tuple(Column(name, "string", role="annotator", classes=("싫음", "보통", "좋음")) for name in rows)
    entries = [
        {"type": KIND, "kwargs": {"level": "ordinal"}, "meta": {"check_id": "o"}},
        {"type": KIND, "kwargs": {"metric": "cohen", "weights": "linear"}, "meta": {"check_id": "c"}},
    ]
    with Session(table) as session:
        cohen, ordinal = run_checks(expectations_of(entries, "s"), table, DatasetSchema("t", columns), session)
    codes = [[str(("싫음", "보통", "좋음").index(v)) for v in unit] for unit in zip(*rows.values(), strict=True)]
    assert ordinal.observed["value"] == pytest.approx(float(by_definition(codes, "ordinal")), abs=1e-9)
    assert cohen.observed["value"] == pytest.approx(0.4285714286)


def votes(rows):
    """(total, unexpected, ties) of plurality by hand."""
    total = unexpected = ties = 0
    for label, *given_ in zip(*rows.values(), strict=True):
        counts = Counter(value for value in given_ if value)
        if not label or not counts:
            continue
        first = [name for name, n in counts.items() if n == max(counts.values())]
        total, unexpected, ties = total + 1, unexpected + (label not in first), ties + (len(first) > 1)
    return total, unexpected, ties


VOTE = st.sampled_from([None, "", "긍정", "부정", "neutral"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(VOTE, VOTE, VOTE, VOTE), min_size=1, max_size=12))
def test_the_label_follows_the_plurality(tmp_path_factory, cells):
    import pyarrow as pa

    rows = dict(zip(("l", "r0", "r1", "r2"), (list(column) for column in zip(*cells, strict=True)), strict=True))
    table = pa.table({name: pa.array(values, pa.string()) for name, values in rows.items()})
    check = one(tmp_path_factory.mktemp("t"), {"train": table}, FOLLOW, {"min_share": 0.5}, l="label", **raters(rows))
    total, unexpected, ties = votes(rows)
    assert (check.total, check.unexpected, check.observed["ties"]) == (total, unexpected, ties)
    assert check.status == ("not_measured" if not total else "pass" if 2 * unexpected <= total else "fail")
    assert len(check.samples) == unexpected


def test_a_share_of_nine_tenths_is_met_by_nine_of_ten(tmp_path):
    rows = {"l": ["a"] * 10, "r0": ["a"] * 9 + ["b"], "r1": ["a"] * 9 + ["b"]}
    assert one(tmp_path, {"train": rows}, FOLLOW, {"min_share": 0.9}, l="label", **raters(rows)).status == "pass"
    assert one(tmp_path, {"train": rows}, FOLLOW, {"min_share": 0.91}, l="label", **raters(rows)).status == "fail"


def drawn(count, classes, seed=3):
    draw = random.Random(seed)
    truth = [draw.choice(classes) for _ in range(count)]
    return {f"r{at}": [v if draw.random() < 0.8 else draw.choice(classes) for v in truth] for at in range(4)}


def test_equal_at_any_number_of_threads_and_the_interval_holds_the_value(tmp_path):
    rows = drawn(3000, [1, 2, 3, 4, 7])
    table = table_of(tmp_path, {"train": rows})
    schema = schema_of(table, **raters(rows))
    kwargs = [{"level": level, "min_value": 0.9} for level in PUBLISHED]
    kwargs += [{"metric": "cohen", "weights": "linear"}, {"metric": "fleiss", "seed": 4}]
    entries = expectations_of([{"type": KIND, "kwargs": one_} for one_ in kwargs], "s")
    seen = set()
    for threads in (1, 2, 4):
        with Session(table, threads=threads) as session:
            checks = run_checks(entries, table, schema, session)
        seen.add(canonical([check.to_json() for check in checks]))
    assert len(seen) == 1
    for check in checks:
        assert check.observed["low"] < check.observed["value"] < check.observed["high"]


def test_the_default_suite_holds_them_where_annotators_are_declared(tmp_path):
    rows = {"id": list(range(40)), **drawn(40, ["긍정", "부정"])}
    table = table_of(tmp_path, {"train": {**rows, "l": rows["r0"]}})
    schema = schema_of(table, id="key", l="label", **raters(rows))
    with Session(table) as session:
        text = default_suite(schema, table, session)
    assert 'kwargs: {"min_value": 0.667}  # measured: 0.' in text and "check_id: label-follows" in text


def test_the_default_suite_holds_agreement_of_rows_of_ratings_where_a_group_says_what_was_rated(tmp_path):
    rows = long([["긍정", "긍정", "부정"], ["부정", "부정", "부정"]] * 10)
    table = table_of(tmp_path, {"train": rows})
    suites = []
    for roles in ({"항목": "group"}, {}):
        schema = schema_of(table, who="annotator", l="label", **roles)
        with Session(table) as session:
            suites.append(default_suite(schema, table, session))
    assert 'kwargs: {"item": "항목", "min_value": 0.667}  # measured: 0.' in suites[0]
    assert "check_id: label-follows" not in suites[0] and "agreement" not in suites[1]
