"""Which store is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.consume.source import Settings, default_store_url, open_default_store, store_options, store_url
from registry.errors import ConfigError, StoreError, UsageError
from registry.stores.s3 import S3Store


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("REGISTRY_STORE", "REGISTRY_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "registry.toml").write_text("format = 1\nstore = 'file:mine'\n", "utf-8")
    (tmp_path / "data/deep").mkdir(parents=True)
    return tmp_path


def test_the_nearest_file_counts_from_below(workspace: Path) -> None:
    assert default_store_url(workspace / "data/deep") == f"file:{workspace}/mine"
    (workspace / "data/registry.toml").write_text("format = 1\n", "utf-8")
    assert default_store_url(workspace / "data/deep") == f"file:{workspace}/data/.registry/store"


def test_order(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_url(workspace) == f"file:{workspace}/mine"
    monkeypatch.setenv("REGISTRY_STORE", "s3://env/x")
    assert store_url(workspace) == "s3://env/x"
    assert store_url(workspace, "other") == f"file:{workspace}/other"
    assert store_url(workspace, "/abs") == "file:/abs"


def test_none_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_STORE", raising=False)
    with pytest.raises(UsageError, match="no store is named") as caught:
        open_default_store(tmp_path)
    assert "--store" in caught.value.hint


@pytest.mark.parametrize("text", ["store = 1\n", "store = \n", "\x00"])
def test_broken_files(workspace: Path, text: str) -> None:
    (workspace / "registry.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"registry\.toml"):
        default_store_url(workspace)


def test_s3_options(workspace: Path) -> None:
    text = "format = 1\nstore = 's3://bucket/x'\n[s3]\nendpoint-url = 'http://127.0.0.1:9'\n"
    (workspace / "registry.toml").write_text(text, "utf-8")
    assert store_options(workspace).endpoint_url == "http://127.0.0.1:9"
    assert isinstance(open_default_store(workspace / "data"), S3Store)


def test_offline_forbids_remote_stores_only(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    assert open_default_store(workspace).url == f"file:{workspace}/mine"
    with pytest.raises(StoreError, match="REGISTRY_OFFLINE"):
        open_default_store(workspace, "s3://bucket/x")
    monkeypatch.setenv("REGISTRY_OFFLINE", "0")
    assert open_default_store(workspace, "s3://bucket/x").url == "s3://bucket/x"


def test_settings_stand_in_for_those_of_a_branch_and_the_caller_before_both(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Settings("file:theirs", "http://127.0.0.1:9", tmp_path)
    assert open_default_store(workspace, None, base).url == f"file:{tmp_path}/theirs"
    assert open_default_store(workspace, "named", base).url == f"file:{workspace}/named"
    monkeypatch.setenv("REGISTRY_STORE", "file:of-the-environment")
    assert open_default_store(workspace, None, base).url == f"file:{workspace}/of-the-environment"
