"""Bombs end in a typed error, within memory and time, and leave nothing that could be released."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.tables.limits import DEFAULT_MEMORY, amount
from tests.hostile.bombs import BOMBS
from tests.journeys.harness import CHECKOUT

OWN = 256 << 20  # bytes beyond the limit that the program itself may take
TIMED = {"jsonl_keys": "1", "jsonl_array": "1"}  # those that end by the clock end sooner


def measured(root: Path, cache: Path, seconds: str | None = None) -> dict:
    more = {"REGISTRY_READ_SECONDS": seconds} if seconds else {}
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.measure", str(root), str(cache)],
        cwd=CHECKOUT,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_typed_error_within_the_limits(tmp_path, name):
    root, cache = tmp_path / "data", tmp_path / "cache"
    root.mkdir()
    BOMBS[name](root)
    told = measured(root, cache, TIMED.get(name))
    assert told["error"] == "DataError" and told["exit"] == 1, told
    assert any(file.name in told["message"] for file in root.rglob("*") if file.is_file()), told
    assert told["hint"]
    assert told["seconds"] <= 30, told
    assert told["child"] <= amount(DEFAULT_MEMORY) + OWN and told["own"] <= OWN, told
    left = [file for file in cache.rglob("*") if file.is_file()]
    assert all(len(list(root.rglob("*.png"))) > 0 and file.suffix == ".parquet" for file in left), left


def test_there_are_more_than_twenty_kinds():
    assert len(BOMBS) >= 20
