"""What the rules of a dataset refer to beside its data, found in the store.

Only rules that ask for it cost a look into the store. What was found is named by digest in the
evidence, and a verdict is remembered for exactly these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.checks.expectations.drift import SINCE
from registry.checks.references import Profile, References, no_profile
from registry.consume.resolve import Released, find_previous
from registry.errors import RegistryError, StateError
from registry.stores.base import Store
from registry.stores.layout import read_object

if TYPE_CHECKING:
    from registry.judge.judge import JudgeOptions
    from registry.judge.rules import Rules

PROFILE = ".registry/profile.json"


@dataclass(frozen=True)
class Found:
    """What rules refer to: for them, and by name with the digest of its manifest."""

    references: References = field(default_factory=References)
    digests: Mapping[str, str] = field(default_factory=dict)


def find_references(
    rules: Rules, name: str, options: JudgeOptions, profile: Callable[[], Profile] = no_profile
) -> Found:
    """What the rules of the dataset `name` refer to; what cannot be had is an error of the check that asks.

    `profile` gives that of the data which is judged.
    """
    own = References(profile=profile)
    if SINCE not in {expectation.type for expectation in rules.expectations}:
        return Found(own)
    try:
        store = _store(name, options)
        released = find_previous(store, name, options.before)
    except RegistryError as error:
        return Found(References(earlier=_raising(error), profile=profile))
    if released is None:
        return Found(own)
    called = f"{name}@{released.version}"
    digests = {called: f"sha256:{released.reference.manifest}"}
    return Found(References(called, lambda: document_of(store, released, PROFILE), profile), digests)


def _store(name: str, options: JudgeOptions) -> Store:
    if options.store is not None:
        return options.store
    if options.reach is None:
        raise StateError("the releases before are not known here", hint=f"registry check {name}")
    return options.reach()


def _raising(error: RegistryError) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def document_of(store: Store, released: Released, path: str) -> Mapping[str, Any] | None:
    """A JSON document of a release; None of one without it, or that nobody may use any more."""
    artefact = released.manifest.artefacts.get(path)
    if artefact is None or (released.standing and released.standing.refused):
        return None
    document: dict[str, Any] = json.loads(read_object(store, artefact.sha256))
    return document
