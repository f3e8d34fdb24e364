"""Every kind of planted defect is caught by its check, with exact counts; clean data is called clean."""

from __future__ import annotations

import random

import pytest

from registry.tables.keys import normalise_text
from registry.tables.near.definition import EPSILON
from tests.checks.planting import KINDS, LETTERS, World
from tests.checks.tables import judged, one
from tests.tables.near.brute import near as similarity

SHAPES = [(shape, language) for shape in ("text", "tabular") for language in ("en", "ko")]
SEEDS = [pytest.param(seed, marks=pytest.mark.slow if seed else ()) for seed in range(10)]


def kwargs_of(kind, world):
    return {name: world.inputs if value == "inputs" else value for name, value in kind.kwargs.items()}


@pytest.mark.parametrize(("shape", "language"), SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_planted_defects_are_counted_exactly(tmp_path, seed, shape, language):
    for index, (name, kind) in enumerate(KINDS.items()):
        if shape not in kind.shapes:
            continue
        world = World(seed, shape, language)
        total, unexpected = kind.plant(world, 3 + (seed + index) % 7)
        check = one(tmp_path, world.tables(), kind.type, kwargs_of(kind, world), **world.roles)
        assert (check.status, check.total, check.unexpected) == ("fail", total, unexpected), (name, check.message)
        assert len(check.samples) == min(20, unexpected), name


@pytest.mark.parametrize(("shape", "language"), SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_clean_data_passes_every_check(tmp_path, seed, shape, language):
    world = World(seed, shape, language)
    entries = [
        {"type": kind.type, "kwargs": kwargs_of(kind, world), "meta": {"check_id": name}}
        for name, kind in KINDS.items()
        if shape in kind.shapes
    ]
    found = judged(tmp_path, world.tables(), *entries, **world.roles)
    assert {name: (check.status, check.unexpected) for name, check in found.items()} == dict.fromkeys(
        found, ("pass", 0)
    )


def edits(draw, text, letters, count):
    out = list(text)
    for _ in range(count):
        out[draw.randrange(len(out))] = draw.choice(letters)
    return "".join(out)


@pytest.mark.parametrize("seed", SEEDS)
def test_near_duplicates_equal_brute_force_in_every_band(tmp_path, seed):
    """Copies of no to twelve changed letters; Latin, Korean and mixed; between splits and within one."""
    draw = random.Random(seed)
    train, test = [], []
    for n in range(120):
        letters = [LETTERS["en"], LETTERS["ko"], [*LETTERS["en"], *LETTERS["ko"][:26]]][n % 3]
        text = "".join(draw.choices([*letters, " "], k=90))
        train.append(text)
        test.append(edits(draw, text, letters, n // 10))
    keys = [[normalise_text(text) for text in texts] for texts in (train, test)]
    near = [[(similarity(a, b) or 0) for b in keys[0]] for a in keys[1]]
    bands = {round(max(row) * 20) for row in near if max(row) >= 0.8}
    assert len(bands) >= 4, "copies must lie in every band from 0.8 up"
    for threshold in (0.6, 0.8, 0.9):
        kwargs = {"column": "t", "threshold": threshold}
        rows = {"train": {"t": train}, "test": {"t": test}}
        check = one(tmp_path, rows, "expect_splits_to_have_no_near_duplicates", kwargs)
        expected = sum(max(row) >= threshold - EPSILON for row in near)
        assert (check.total, check.unexpected) == (120, expected)
    both = [*keys[0], *keys[1]]
    kwargs = {"column": "t"}
    check = one(tmp_path, {"train": {"t": [*train, *test]}}, "expect_no_near_duplicates", kwargs)
    expected = sum(
        any((similarity(text, other) or 0) >= 0.8 - EPSILON for other in both[:at]) for at, text in enumerate(both)
    )
    assert (check.total, check.unexpected) == (240, expected)
