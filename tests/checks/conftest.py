"""What loading Great Expectations froze is thawed at the end, so that DuckDB's last objects are collected."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def thawed():
    yield
    gc.unfreeze()
    gc.collect()
