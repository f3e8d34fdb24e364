"""The ruleset of a dataset: its schema, its suites and the gate's settings, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from registry.checks.suite import Expectation, Suite, joined, load_suite
from registry.errors import ConfigError
from registry.judge.baseline import load_baseline
from registry.model.digest import digest_of
from registry.model.schema import DatasetSchema
from registry.schemas.odcs import load_schema
from registry.workspace.workspace import Dataset, Workspace

VERSION = 5
"""Version of our own rules: raised when an unchanged ruleset may judge otherwise."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a dataset is judged by; `sha256` names it in the evidence.

    `owners` are those who may waive what the organisation's baseline asks.
    """

    schema: DatasetSchema
    suites: tuple[Suite, ...]
    gate: Mapping[str, Any]
    owners: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of schema, suites, gate settings and the version of our rules."""
        return digest_of(
            {
                "version": VERSION,
                "schema": self.schema.sha256,
                "suites": [suite.to_json() for suite in self.suites],
                "gate": dict(self.gate),
            }
        )

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """The expectations of all suites, in order."""
        return tuple(expectation for suite in self.suites for expectation in suite.expectations)


def load_rules(workspace: Workspace, dataset: Dataset) -> Rules:
    """The rules of `dataset`, those of the organisation among them; `ConfigError` before data is read."""
    rules = own_rules(workspace, dataset)
    baseline = load_baseline(workspace, rules.schema)
    if baseline is None:
        return rules
    return replace(rules, suites=(*rules.suites, baseline.suite), owners=baseline.owners)


def own_rules(workspace: Workspace, dataset: Dataset) -> Rules:
    """The rules of `dataset` that stand in the repository; anything wrong with them raises `ConfigError`."""
    schema = load_schema(workspace.root / dataset.schema)
    suites = tuple(load_suite(workspace.root / path, schema) for path in dataset.checks)
    if not suites:
        raise ConfigError(
            f"`{dataset.name}` names no suite", why="a gate without checks is no gate", hint="mend dvc.yaml"
        )
    joined(suite.expectations for suite in suites)
    return Rules(schema, suites, workspace.config.gate_json())
