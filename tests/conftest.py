"""Every test runs in an environment of its own: no user's git, cache, store or network."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from registry.tables import convert, pieces

pytest_plugins = ["tests.servers"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("DVC_NO_ANALYTICS", "1")


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory, monkeypatch):
    """A home, a git identity and a cache that belong to this test alone."""
    home = tmp_path_factory.mktemp("home")
    for name in ("REGISTRY_STORE", "REGISTRY_OFFLINE", "REGISTRY_THREADS", "REGISTRY_MEMORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("REGISTRY_CACHE", str(home / "cache"))
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "김 데이터")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "kim@example.org")


@pytest.fixture(autouse=True)
def read_here(monkeypatch):
    """Files are read in the tests' own process, which is quick; `tests/hostile` and the commands read them apart."""

    def prepare_here(job, limits):
        convert.prepare(pieces.cut(job.root, job.files, job.schema), job.cache, lambda path: None)

    monkeypatch.setattr("registry.tables.read.prepare_apart", prepare_here)


# Equal examples in every run: a finding is a bug to mend, not the weather. HYPOTHESIS_PROFILE=full draws anew.
settings.register_profile("equal", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "equal"))
