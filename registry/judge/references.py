"""What the rules of a dataset refer to beside its data, found in the store.

Only rules that ask for it cost a look into the store. What was found is named by digest in the
evidence, and a verdict is remembered for exactly these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from registry.checks.expectations.contamination import CONTAMINATION
from registry.checks.expectations.drift import SINCE
from registry.checks.references import Marked, Profile, References, no_profile
from registry.consume.resolve import Released, find_previous, resolve
from registry.errors import NotFoundError, RegistryError, StateError
from registry.model.names import Ref
from registry.stores.base import Store
from registry.stores.layout import read_object
from registry.tables.fingerprints import Fingerprint, unpack

if TYPE_CHECKING:
    from registry.judge.judge import JudgeOptions
    from registry.judge.rules import Rules

PROFILE = ".registry/profile.json"
FINGERPRINTS = ".registry/fingerprints.bin"


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
    found = Found(References(profile=profile))
    if SINCE in {expectation.type for expectation in rules.expectations}:
        found = _with_previous(found, name, options)
    named = [e.kwargs["references"] for e in rules.expectations if e.type == CONTAMINATION]
    return _with_fingerprints(found, sorted({one for some in named for one in some}), name, options)


def _with_previous(found: Found, name: str, options: JudgeOptions) -> Found:
    try:
        store = _store(name, options)
        released = find_previous(store, name, options.before)
    except RegistryError as error:
        return replace(found, references=replace(found.references, earlier=_raising(error)))
    if released is None:
        return found
    called = f"{name}@{released.version}"
    own = replace(found.references, previous=called, earlier=lambda: document_of(store, released, PROFILE))
    return Found(own, {**found.digests, called: f"sha256:{released.reference.manifest}"})


def _with_fingerprints(found: Found, wanted: Sequence[str], name: str, options: JudgeOptions) -> Found:
    """With the releases that `wanted` names; one that cannot be had fails where it is asked for.

    Whatever splits of a release are named, it is looked up once, and its fingerprints are read once.
    """
    asked = {reference: Ref.parse(reference.partition(":")[0]) for reference in wanted}
    first = name in {ref.name for ref in asked.values()} and _is_first(name, options)
    releases = {ref: _looked_up(ref, name, options) for ref in dict.fromkeys(asked.values())}
    there = [one for one in releases.values() if isinstance(one, Released)]
    digests = {f"{one.name}@{one.version}": f"sha256:{one.reference.manifest}" for one in there}

    @cache
    def prints(sha256: str) -> Mapping[str, Fingerprint]:
        return unpack(read_object(_store(name, options), sha256))

    def marked(reference: str) -> Sequence[Marked]:
        ref = asked[reference]
        released = releases[ref]
        if first and ref.name == name:
            return ()
        if isinstance(released, RegistryError):
            raise released
        return _marked(prints, released, reference.partition(":")[2])

    references = replace(found.references, fingerprints=marked) if wanted else found.references
    return Found(references, {**found.digests, **digests})


def _looked_up(ref: Ref, name: str, options: JudgeOptions) -> Released | RegistryError:
    try:
        return resolve(_store(name, options), ref)
    except RegistryError as error:
        return error


def _is_first(name: str, options: JudgeOptions) -> bool:
    """Whether no release of `name` is there yet, so that nothing of its own can be compared with."""
    try:
        return find_previous(_store(name, options), name, options.before) is None
    except RegistryError:
        return False


def _marked(read: Callable[[str], Mapping[str, Fingerprint]], released: Released, split: str) -> list[Marked]:
    """The fingerprints of one split of a release, or of its frozen splits."""
    manifest, called = released.manifest, f"{released.name}@{released.version}"
    frozen = [name for name, facts in manifest.splits.items() if facts.frozen]
    splits = [split] if split else frozen
    known = f"its splits are {', '.join(manifest.splits)}"
    if absent := [name for name in splits if name not in manifest.splits]:
        known = ", ".join(manifest.splits)
        raise NotFoundError(
            f"{called} has no split `{absent[0]}`", why=f"its splits are {known}", hint="mend the suite"
        )
    if not splits:
        why = f"its splits are {', '.join(manifest.splits)}"
        raise StateError(
            f"{called} has no frozen split", why=why, hint=f"name one: {called}:{next(iter(manifest.splits))}"
        )
    artefact = manifest.artefacts.get(FINGERPRINTS)
    if artefact is None:
        raise NotFoundError(
            f"{called} ships no fingerprints",
            why="whoever releases it turns them on",
            hint='[release] fingerprints = "salted" in its registry.toml, and a new release',
        )
    prints = read(artefact.sha256)
    if lacking := [name for name in splits if name not in prints]:
        raise NotFoundError(
            f"{called} ships no fingerprint of the split `{lacking[0]}`", why=f"it ships those of {', '.join(prints)}"
        )
    return [Marked(f"{called}:{name}", artefact.sha256, prints[name]) for name in splits]


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
