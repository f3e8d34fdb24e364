from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from registry.cli.app import app
from registry.stores.local import LocalStore
from registry.testing.releases import Shape, make_release

ROWS = {"train.csv": b"id,text\n1,a\n", "test.csv": b"id,text\n2,b\n"}


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


@pytest.fixture
def three(store):
    """reviews 1.0, 1.1 and 1.2; the test split is the same in all."""
    for number in ("1.0", "1.1", "1.2"):
        files = {**ROWS, "train.csv": ROWS["train.csv"] + number.encode()}
        documents = {".registry/profile.json": b'{"of":"%s"}\n' % number.encode()}
        make_release(store, "reviews", number, files, Shape(documents=documents))
    return store


@pytest.fixture
def cli(store):
    """Runs a command against the store; its JSON document, or the error that it ends with."""

    def run(*arguments):
        done = CliRunner().invoke(app, [*arguments, "--store", store.url, "--json"])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return json.loads(done.stdout)

    return run
