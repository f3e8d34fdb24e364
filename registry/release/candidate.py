"""Everything that one release will be made of, gathered before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry.cards.declared import load_card
from registry.consume.resolve import Released, find_previous
from registry.errors import StateError
from registry.judge.earlier import row_changes
from registry.judge.judge import Bench
from registry.judge.memory import recall
from registry.judge.pointers import way_back
from registry.judge.references import PROFILE, document_of
from registry.judge.rules import Rules as GateRules
from registry.mending.record import mended_of
from registry.model.difference import Difference, RowChanges
from registry.model.digest import digest_of
from registry.model.facts import Declared, ReleaseFacts, split_bytes
from registry.model.names import Version
from registry.model.process import Process
from registry.model.release import ChangeFact, Level, content_digest
from registry.model.schema import DatasetSchema
from registry.release.asked import asked_by, asked_of
from registry.reports.profile import VERSION as PROFILE_VERSION
from registry.reports.quality import remembered
from registry.stores.base import Store
from registry.stores.layout import read_object
from registry.tables.digests import CONTENTS, contents_of, split_digests
from registry.tables.images import IMAGE
from registry.tables.table import Part, Table
from registry.versions.asked import Asked
from registry.versions.change import State, difference, level_of
from registry.versions.rules import Rules, load_rules
from registry.workspace.beside import folder_of
from registry.workspace.workspace import Dataset, Workspace

if TYPE_CHECKING:
    from registry.model.evidence import Evidence
    from registry.tables.duck import Session

PROCESS = ".registry/process.json"
SPLITS = 2
"""Version of what the digest of a split is made of."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the declarations come from: commit, its date (YYYY-MM-DD), repository, and who releases."""

    commit: str = ""
    date: str = ""
    repository: str = ""
    released_by: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A dataset of which the digest of the data is known, and the data is not read."""

    workspace: Workspace
    dataset: Dataset
    rules: GateRules
    data: str


@dataclass(frozen=True, slots=True)
class Before(Released):
    """The release before, with what documents compare with: its profile (if it has one), key figures up to it."""

    profile: Mapping[str, Any] | None = None
    history: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A judged dataset and how it differs from the release before it."""

    bench: Bench
    declared: Declared
    source: Source
    previous: Before | None
    evidence: Evidence
    profile: Mapping[str, Any]
    splits: Mapping[str, tuple[int, str]]
    facts: tuple[ChangeFact, ...]

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.bench.dataset.name

    @property
    def level(self) -> Level:
        """What the difference from the previous release demands."""
        return level_of(self.facts)

    @property
    def title(self) -> str:
        """The dataset's title for people."""
        return self.declared.text("pretty_name") or self.bench.rules.schema.title or self.name

    @property
    def license(self) -> str:
        """The declared licence, or an empty text."""
        return self.declared.terms or self.bench.rules.schema.license


def content_of(subject: Bench | Subject, declared: Declared, version: Version) -> str:
    """The digest that says whether two releases are the same: name, version, data, schema, ruleset, card."""
    return content_digest(
        subject.dataset.name,
        version,
        data=subject.data,
        schema=subject.rules.schema.sha256,
        ruleset=subject.rules.sha256,
        card=declared.to_json(),
    )


def card_of(workspace: Workspace, dataset: Dataset) -> Declared:
    """The declared parts of a dataset's card."""
    return load_card(workspace.root / dataset.card)


def declared_card(bench: Bench) -> Declared:
    """The declared parts of the card of what lies on the bench."""
    return card_of(bench.workspace, bench.dataset)


def source_of(bench: Bench) -> Source:
    """The commit that last touched the dataset's declared files, and who releases."""
    workspace = bench.workspace
    attachments = folder_of(workspace.root / bench.dataset.card)  # as a folder: one that was removed counts too
    commit, date = workspace.git.last_commit([*workspace.declared_files(bench.dataset), attachments])
    return Source(commit, date, workspace.git.remote_url(), releaser(workspace))


def releaser(workspace: Workspace) -> str:
    """Who releases, as git would sign."""
    import getpass

    return workspace.git.identity() or getpass.getuser()


def remembered_profile(workspace: Workspace, data: str, schema: DatasetSchema) -> dict[str, Any] | None:
    """The profile of the data of a digest, where this machine remembers it."""
    key = {"data": data, "schema": schema.sha256, "profile_version": PROFILE_VERSION}
    found: dict[str, Any] | None = recall(workspace.cache / "profiles" / f"{digest_of(key)}.json")
    return found


def measure_splits(bench: Bench) -> dict[str, tuple[int, str]]:
    """(rows, digest of the logical rows) of each split, remembered by digest."""
    columns = [name for name, _ in bench.table.columns]

    def measure(session: Session) -> dict[str, list[Any]]:
        if bench.table.format == "imagefolder":
            session.add(CONTENTS, contents_of(bench.snapshot.files))
        return {split: list(found) for split, found in split_digests(session, columns).items()}

    found = bench.remembered("splits", measure, version=SPLITS)
    return {split: (int(rows), str(digest)) for split, (rows, digest) in found.items()}


def compare(
    bench: Bench, declared: Declared, splits: Mapping[str, tuple[int, str]], previous: Released | None, store: Store
) -> Difference:
    """What tells the candidate from `previous`."""
    if previous is None:
        return Difference("", bench.dataset.name, "none", (ChangeFact("first-release", "none"),))
    schema = schema_of(previous, store)
    states = state_of(previous, schema, store), state_of_bench(bench, declared, splits)
    return _compared(bench, declared, states, previous, lambda: row_changes(bench, previous, schema, store))


def compare_unread(subject: Subject, declared: Declared, previous: Released, store: Store) -> Difference:
    """The same of a dataset whose data is that of `previous`, and need not be read."""
    before = state_of(previous, schema_of(previous, store), store)
    states = before, state_of_bench(subject, declared, before.splits)
    return _compared(subject, declared, states, previous, lambda: "its data was not read")


def _compared(
    subject: Bench | Subject,
    declared: Declared,
    states: tuple[State, State],
    previous: Released,
    rows: Callable[[], RowChanges | str],
) -> Difference:
    config, name = subject.workspace.config, subject.dataset.name
    rules = load_rules(config.preset, frozen=config.frozen_splits, root=subject.workspace.root)
    found = describe_difference(states, rules, rows)
    same = found.facts or content_of(subject, declared, previous.manifest.version) == previous.manifest.content
    facts = found.facts if same else (ChangeFact("documents-changed", "patch"),)
    return replace(found, before=f"{previous.name}@{previous.version}", after=name, facts=facts, level=level_of(facts))


def describe_difference(states: tuple[State, State], rules: Rules, rows: Callable[[], RowChanges | str]) -> Difference:
    """The difference of two states; `rows` is asked only where a split changed."""
    before, after = states
    counted = RowChanges() if dict(before.splits) == dict(after.splits) else rows()
    told = None if isinstance(counted, str) else counted
    facts = difference(before, after, rules, told)
    if isinstance(counted, str):
        facts = (*facts, ChangeFact("rows-not-compared", "none", detail=counted))
    label = after.schema.column_of_role("label")
    return Difference("", "", level_of(facts), facts, told, label.name if label else None, "" if told else str(counted))


def schema_of(released: Released, store: Store) -> DatasetSchema:
    """The schema that a release was judged by."""
    return DatasetSchema.from_json(json.loads(read_object(store, released.manifest.schema)))


def state_of(released: Released, schema: DatasetSchema, store: Store) -> State:
    """What a release is compared by."""
    manifest, process = released.manifest, document_of(store, released, PROCESS)
    return State(
        schema=schema,
        splits={name: (split.rows, split.sha256) for name, split in manifest.splits.items()},
        license=manifest.license,
        encoding=manifest.data["sha256"],
        rules=manifest.ruleset,
        asked=_asked(released, store),
        process=Process.from_json(process) if process else Process(),
    )


def _asked(released: Released, store: Store) -> Asked:
    """What the gate of a release asked; not known of one that was withdrawn, whose documents may be gone."""
    if released.standing and released.standing.refused:
        return {}
    return asked_of(json.loads(read_object(store, released.manifest.evidence)))


def state_of_bench(subject: Bench | Subject, declared: Declared, splits: Mapping[str, tuple[int, str]]) -> State:
    """What a dataset as it stands is compared by."""
    return State(
        schema=subject.rules.schema,
        splits=splits,
        license=declared.terms or subject.rules.schema.license,
        encoding=subject.data,
        rules=subject.rules.sha256,
        asked=asked_by(subject.rules),
        process=declared.process,
    )


def previous_of(store: Store, name: str, version: Version | None) -> Before | None:
    """The greatest release below `version` (or of all) with its profile and key figures, or None."""
    found = find_previous(store, name, version)
    if found is None:
        return None
    quality = document_of(store, found, ".registry/quality.json")
    return Before(
        found.reference,
        found.manifest,
        found.raw,
        found.standing,
        profile=document_of(store, found, PROFILE),
        history=remembered(quality) if quality else (),
    )


def facts_of(candidate: Candidate, version: Version | None) -> ReleaseFacts:
    """The one set of facts that all documents are rendered from."""
    table, files, previous = candidate.bench.table, candidate.bench.snapshot.files, candidate.previous
    split_files = split_files_of(table)
    return ReleaseFacts(
        name=candidate.name,
        schema=candidate.bench.rules.schema,
        profile=candidate.profile,
        files=files,
        format=table.format,
        declared=candidate.declared,
        evidence=candidate.evidence,
        version=str(version) if version else None,
        previous=str(previous.manifest.version) if previous else None,
        before=previous.profile if previous else None,
        history=previous.history if previous else (),
        mended=mended_of(candidate.bench.workspace, candidate.name),
        required=candidate.bench.workspace.config.card_required,
        store=shared_store(candidate.bench),
        endpoint=candidate.bench.workspace.config.s3_endpoint or "",
        hub=(candidate.bench.workspace.config.hub_repo or "").replace("{name}", candidate.name),
        title=candidate.title,
        license=candidate.license,
        split_files=split_files,
        split_bytes=split_bytes(files, split_files),
        split_column=table.split_column,
        released_by=candidate.source.released_by,
        date=candidate.source.date,
        repository=candidate.source.repository,
        level=candidate.level,
        changes=candidate.facts,
    )


def shared_store(bench: Bench) -> str:
    """The address at which others reach the store; empty for one that is of this machine or workspace alone."""
    declared, store = bench.workspace.config.store, bench.options.store
    if store is not None and store.url.startswith("s3://"):
        return store.url
    shared = declared.startswith("file:/") and store is not None and store.url == declared.rstrip("/")
    return declared if shared else ""


def split_files_of(table: Table) -> dict[str, tuple[str, ...]]:
    """Data paths by split, in split order; of images the folder, or each image where folders overlap.

    Empty where a column decides.
    """
    by_split: dict[str, list[Part]] = {}
    if table.split_column is None:
        for part in table.parts:
            by_split.setdefault(part.split or "train", []).append(part)
    apart = _apart([part.path for part in table.parts]) or table.format != "imagefolder"
    return {
        split: tuple(path for part in by_split[split] for path in ((part.path,) if apart else images_of(part)))
        for split in table.splits
        if split in by_split
    }


def _apart(folders: Sequence[str]) -> bool:
    """Whether no folder holds another, or is it."""
    trees = [() if folder == "." else tuple(folder.split("/")) for folder in folders]
    return not any(a == b[: len(a)] for i, a in enumerate(trees) for j, b in enumerate(trees) if i != j)


def images_of(part: Part) -> list[str]:
    """The paths of a part's images."""
    import pyarrow.parquet as pq

    paths: list[str] = pq.read_table(part.parquet, columns=[IMAGE])[IMAGE].to_pylist()
    return paths


def require_current(bench: Bench) -> None:
    """Raises `StateError` where the pointer is missing or says other data than the workspace holds."""
    dataset = bench.dataset
    if not bench.obtained.stale:
        return
    pointer = bench.obtained.pointer
    mend = (
        way_back(bench.workspace, dataset, pointer, bench.snapshot.md5) if pointer else f"registry add {dataset.path}"
    )
    edited = "is of another commit" if mend.startswith("dvc checkout") else "was edited after the last add"
    raise StateError(
        f"the data of `{dataset.name}` {'differs from its pointer' if pointer else 'has no pointer'}",
        why=f"{dataset.path} {edited}" if pointer else "it was never added",
        hint=mend,
    )
