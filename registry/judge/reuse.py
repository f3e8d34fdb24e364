"""Evidence of an earlier run, where it is about the same data and the same rules.

Equal inputs give equal evidence, so that what another run found stands for a new judgement: the
memory of this machine, the store's releases, or a file that whoever runs the gate vouches for.
Waivers are not believed along: those of today are applied anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.checks.suite import expectations_of, joined
from registry.consume.resolve import find_released
from registry.errors import ConfigError, RegistryError
from registry.formats.documents import schema_of
from registry.judge.judge import Question, remembered_verdict
from registry.model.evidence import Check, Evidence
from registry.schemas.verify import derived_suite
from registry.stores.base import Store
from registry.stores.layout import read_object, versions

RECENT = 5  # releases of a store that are looked at, the latest first
EVIDENCE = ".registry/evidence.json"


@dataclass(frozen=True, slots=True)
class Earlier:
    """Evidence that was found, before waivers, and where."""

    evidence: Evidence
    origin: str


def earlier(
    question: Question, store: Callable[[], Store] | None, files: Sequence[Path], *, memory: bool = True
) -> Earlier | None:
    """The evidence of an earlier run about `question`: in `memory`, released in the `store`, or in one of `files`.

    A store that cannot be reached holds none; a file that holds no verdict raises `ConfigError`.
    """
    remembered = remembered_verdict(question) if memory else None
    if remembered is not None:
        return Earlier(remembered, "an earlier run on this machine")
    for evidence, origin in (*_released(question, store), *_in_files(question.dataset.name, files)):
        if answers(question, evidence):
            return Earlier(evidence.measured(), origin)
    return None


def answers(question: Question, evidence: Evidence) -> bool:
    """Whether `evidence` is about the data and the rules of `question`, and whole: no check is left out or lighter."""
    same = (evidence.data.md5, evidence.ruleset) == (question.md5, question.rules.sha256)
    same = same and dict(evidence.references) == dict(question.references)
    same = same and evidence.fail_on == question.workspace.config.fail_on
    whole = bool(evidence.data.sha256) and not any(check.status == "error" for check in evidence.checks)
    return same and whole and _asked(question, evidence) <= {_weight(check) for check in evidence.checks}


Weight = tuple[str, str, str, bool]
BUILT_IN: tuple[Weight, ...] = (
    ("data:rows", "data", "critical", False),
    ("schema:columns", "schema", "critical", False),
    ("schema:types", "schema", "critical", False),
    ("schema:files", "schema", "warning", False),
)
"""The checks of all data, as `_weight`."""


def _asked(question: Question, evidence: Evidence) -> set[Weight]:
    """What the rules ask of the data, each check by what it weighs; of data without rows no expectation asks."""
    rules = question.rules
    derived = expectations_of(derived_suite(rules.schema), question.dataset.schema)
    wanted = joined([derived, rules.expectations]) if evidence.data.rows else ()
    return {*BUILT_IN, *((one.check_id, one.type, one.severity, one.when_not_measured == "allow") for one in wanted)}


def _weight(check: Check) -> Weight:
    return check.id, check.type, check.severity, check.may_be_unmeasured


def _released(question: Question, store: Callable[[], Store] | None) -> Iterator[tuple[Evidence, str]]:
    name = question.dataset.name
    if store is None:
        return
    try:
        opened = store()
        for version in reversed(versions(opened, name)[-RECENT:]):
            found = find_released(opened, name, version)
            if found is None or (found.standing and found.standing.refused):
                continue
            manifest = found.manifest
            if (manifest.data["dvc"]["md5"], manifest.ruleset) == (question.md5, question.rules.sha256):
                yield _parsed(read_object(opened, manifest.evidence)), f"{name}@{version}"
    except RegistryError as error:
        if error.exit not in (5, 6):
            raise


def _in_files(name: str, files: Iterable[Path]) -> Iterator[tuple[Evidence, str]]:
    for file in files:
        try:
            document = json.loads(file.read_bytes())
            entries = document["datasets"] if document["format"] == "registry.check/1" else [document]
            found = [_sound(entry) for entry in entries if entry["dataset"] == name]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigError(
                f"{file} holds no verdict",
                why=getattr(error, "strerror", None) or "it is no registry.check/1 document",
                hint="registry check --format json=verdict.json writes one",
            ) from error
        yield from ((evidence, file.name) for evidence in found)


def _sound(entry: Any) -> Evidence:
    """Evidence of the shape that is promised; any other raises `ValueError`."""
    from jsonschema import Draft202012Validator

    if not Draft202012Validator(schema_of("registry.evidence/1")).is_valid(entry):
        raise ValueError("evidence")
    return Evidence.from_json(entry)


def _parsed(data: bytes) -> Evidence:
    document: dict[str, Any] = json.loads(data)
    return Evidence.from_json(document)
