"""The plan of a release: pure, printable, and what `execute` follows.

`make_plan` decides; it reads nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any

from registry.content.hashing import Snapshot, dir_object
from registry.errors import GateFailed
from registry.model.digest import sha256_of
from registry.model.evidence import Evidence
from registry.model.files import FileEntry
from registry.model.names import Version
from registry.model.release import Artefact, ChangeFact, Manifest, ReleaseResult, SplitFacts
from registry.release.candidate import Candidate, content_of, facts_of
from registry.release.documents import documents
from registry.release.fingerprints import fingerprints
from registry.versions.demand import require_enough

TOOLS = ("dataset-release-registry", "dvc", "great-expectations", "duckdb", "pyarrow")


@dataclass(frozen=True)
class Plan:
    """What a release will write. `known` are (md5, sha256, size) of files that earlier manifests list."""

    manifest: Manifest
    documents: Mapping[str, bytes]
    snapshot: Snapshot
    evidence: Evidence
    known: frozenset[tuple[str, str, int]]

    @property
    def missing(self) -> tuple[FileEntry, ...]:
        """The data files that no earlier manifest lists."""
        return tuple(e for e in self.snapshot.files if (e.md5, e.sha256, e.size) not in self.known)

    @property
    def tree_object(self) -> bytes | None:
        """DVC's directory listing, for datasets that are directories."""
        return dir_object(self.snapshot.files) if self.snapshot.directory else None

    def result(self, store: str, state: Any, **uploaded: int) -> ReleaseResult:
        """The result document of this plan in `state`."""
        manifest = self.manifest
        return ReleaseResult(
            name=manifest.name,
            version=str(manifest.version),
            content=manifest.content,
            manifest=manifest.sha256,
            store=store,
            state=state,
            change=manifest.level,
            files=manifest.data["files"],
            bytes=manifest.data["bytes"],
            **uploaded,
        )

    def to_json(self, store: str) -> dict[str, Any]:
        """The `registry.plan/1` document: what would be released, and what it costs to upload."""
        return {
            "format": "registry.plan/1",
            "name": self.manifest.name,
            "version": str(self.manifest.version),
            "previous": self.manifest.previous,
            "content": self.manifest.content,
            "manifest": f"sha256:{self.manifest.sha256}",
            "store": store,
            "verdict": self.evidence.verdict,
            "change": {"level": self.manifest.level, "facts": [fact.to_json() for fact in self.manifest.facts]},
            "data": {"sha256": self.manifest.data["sha256"]},
            "ruleset": {"sha256": self.manifest.ruleset},
            "upload": {"files": len(self.missing), "bytes": sum(entry.size for entry in self.missing)},
            "documents": {path: len(data) for path, data in sorted(self.documents.items())},
        }


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How to plan: languages of the documents, and the reason for a number that is too low."""

    lang: str = "en"
    underbump: str = ""


def make_plan(
    candidate: Candidate,
    version: Version,
    *,
    history: Mapping[str, str],
    known: frozenset[tuple[str, str, int]],
    options: PlanOptions,
) -> Plan:
    """The plan of releasing `candidate` as `version`.

    `history` is the previous changelog by language, `known` the (md5, sha256, size) of files that the
    store's manifests list. Raises `GateFailed` with the evidence, `VersionTooLowError`.
    """
    if candidate.evidence.verdict != "pass":
        raise gate_failed(candidate.evidence)
    candidate = _with_underbump(candidate, version, options.underbump)
    rendered = documents(facts_of(candidate, version), history=history, lang=options.lang)
    rendered |= fingerprints(candidate.bench)
    return Plan(
        manifest=_manifest(candidate, version, rendered),
        documents=rendered,
        snapshot=candidate.bench.snapshot,
        evidence=candidate.evidence,
        known=known,
    )


def gate_failed(evidence: Evidence) -> GateFailed:
    """The refusal, with the checks that block and the evidence."""
    blocking = evidence.blocking()
    reasons = "; ".join(f"{check.id}: {check.message or check.status}" for check in blocking[:3])
    more = f"; and {len(blocking) - 3} more" if len(blocking) > 3 else ""
    return GateFailed(
        f"`{evidence.dataset}` is not fit for release",
        why=(reasons + more) or "nothing was checked",
        hint=f"mend the data or `registry drop {evidence.dataset} --check ID`, then registry add, commit and release",
        evidence=evidence,
    )


def _with_underbump(candidate: Candidate, version: Version, reason: str) -> Candidate:
    previous = candidate.previous.manifest.version if candidate.previous else None
    if not reason:
        require_enough(version, previous, candidate.level, candidate.facts, candidate.name)
        return candidate
    fact = ChangeFact("underbump", candidate.level, detail=reason)
    return replace(candidate, facts=(*candidate.facts, fact))


def _manifest(candidate: Candidate, version: Version, rendered: Mapping[str, bytes]) -> Manifest:
    bench, previous = candidate.bench, candidate.previous
    files = bench.snapshot.files
    source = {"git": candidate.source.commit, "repository": candidate.source.repository}
    return Manifest(
        name=candidate.name,
        version=version,
        previous=str(previous.manifest.version) if previous else None,
        content=content_of(bench, candidate.declared, version),
        data={
            "sha256": files.sha256,
            "dvc": {"path": bench.dataset.path, "md5": bench.snapshot.md5},
            "files": len(files),
            "bytes": files.bytes,
            "rows": candidate.evidence.data.rows,
        },
        splits=_splits(candidate, version),
        schema=bench.rules.schema.sha256,
        ruleset=bench.rules.sha256,
        evidence=sha256_of(rendered[".registry/evidence.json"]),
        verdict=candidate.evidence.verdict,
        artefacts={path: Artefact(sha256_of(data), len(data)) for path, data in rendered.items()},
        level=candidate.level,
        facts=candidate.facts,
        source={key: value for key, value in source.items() if value},
        released_by=candidate.source.released_by,
        license=candidate.license,
        title=candidate.title,
        tools=tools(),
    )


def _splits(candidate: Candidate, version: Version) -> dict[str, SplitFacts]:
    before = candidate.previous.manifest.splits if candidate.previous else {}
    frozen = candidate.bench.workspace.config.frozen_splits
    found = {}
    for split, (rows, digest) in candidate.splits.items():
        old = before.get(split)
        since = old.unchanged_since if old and old.sha256 == digest else str(version)
        found[split] = SplitFacts(rows, digest, split in frozen, since)
    return found


def tools() -> dict[str, str]:
    """Versions of the tools that made the release; they stand in the manifest and nowhere else."""
    found = {}
    for name in TOOLS:
        try:
            found[name] = installed(name)
        except PackageNotFoundError:
            continue
    return found
