"""What a release is: manifest, reference, result.

The manifest binds bytes, verdict and documents; the reference, created once and never
rewritten, is what makes a version exist.

>>> reference = Reference(manifest="0" * 64, content="1" * 64, by="Kim", at="2026-01-01T00:00:00Z")
>>> Reference.parse(reference.to_bytes()) == reference
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from registry.errors import IntegrityError
from registry.model.digest import canonical, digest_of, is_md5, is_sha256, sha256_of
from registry.model.names import Version, is_dataset_name

Level = Literal["none", "patch", "minor", "major"]
LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A document of a release: digest and size in bytes."""

    sha256: str
    bytes: int

    @property
    def key(self) -> str:
        """Where a store keeps it."""
        return object_key(self.sha256)


def object_key(sha256: str) -> str:
    """Where a store keeps a document of this digest."""
    return f"objects/sha256/{sha256[:2]}/{sha256[2:]}"


def content_digest(name: str, version: Version, *, data: str, schema: str, ruleset: str, card: Any) -> str:
    """Says whether two releases are the same: of the digests of data, schema and ruleset, and the declared card."""
    return digest_of(
        {"name": name, "version": str(version), "data": data, "schema": schema, "ruleset": ruleset, "card": card}
    )


def reference_key(name: str, version: Version) -> str:
    """Where a store keeps the reference of a version."""
    return f"releases/{name}/{version}.json"


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """One split: rows, order-free digest of its logical rows, whether frozen, unchanged since which version."""

    rows: int
    sha256: str
    frozen: bool
    unchanged_since: str


@dataclass(frozen=True, slots=True)
class ChangeFact:
    """One fact of a difference: `kind` is a stable word, `level` what it demands of the version."""

    kind: str
    level: Level
    split: str | None = None
    column: str | None = None
    count: int | None = None
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fact's entry in manifest and difference."""
        return {
            "kind": self.kind,
            "level": self.level,
            "split": self.split,
            "column": self.column,
            "count": self.count,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a release states, by digest. Paths in `artefacts` are relative to the released tree."""

    name: str
    version: Version
    previous: str | None
    content: str
    data: Mapping[str, Any]
    splits: Mapping[str, SplitFacts]
    schema: str
    ruleset: str
    evidence: str
    verdict: str
    artefacts: Mapping[str, Artefact]
    level: Level
    facts: tuple[ChangeFact, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)
    released_by: str = ""
    license: str = ""
    title: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The `registry.manifest/1` document."""
        splits = {
            name: {
                "rows": s.rows,
                "sha256": s.sha256,
                "frozen": s.frozen,
                "unchanged_since": s.unchanged_since,
            }
            for name, s in self.splits.items()
        }
        return {
            "format": "registry.manifest/1",
            "name": self.name,
            "title": self.title,
            "version": str(self.version),
            "previous": self.previous,
            "content": self.content,
            "data": {**self.data, "splits": splits},
            "schema": {"sha256": self.schema},
            "ruleset": {"sha256": self.ruleset},
            "evidence": {"sha256": self.evidence, "verdict": self.verdict},
            "artefacts": {path: {"sha256": a.sha256, "bytes": a.bytes} for path, a in self.artefacts.items()},
            "change": {"level": self.level, "facts": [fact.to_json() for fact in self.facts]},
            "source": dict(self.source),
            "released_by": self.released_by,
            "license": self.license,
            "tools": dict(self.tools),
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON; its sha256 is the manifest's digest."""
        return canonical(self.to_json())

    @property
    def size(self) -> int:
        """Bytes of all data and documents."""
        return int(self.data["bytes"]) + sum(artefact.bytes for artefact in self.artefacts.values())

    @property
    def sha256(self) -> str:
        """The digest that references, tags and lockfiles carry."""
        return sha256_of(self.to_bytes())

    @classmethod
    def parse(cls, data: bytes, *, name: str, version: Version) -> Manifest:
        """Reads a manifest from a store; one that is not of `name` `version` raises `IntegrityError`."""
        where = f"the manifest of {name}@{version}"
        raw = _load(data, where)
        if raw.get("format") != "registry.manifest/1":
            raise _unknown_format(where, raw.get("format"))
        try:
            manifest = cls(
                name=raw["name"],
                version=Version.parse(raw["version"]),
                previous=raw["previous"],
                content=raw["content"],
                data={k: v for k, v in raw["data"].items() if k != "splits"},
                splits={k: SplitFacts(**v) for k, v in raw["data"]["splits"].items()},
                schema=raw["schema"]["sha256"],
                ruleset=raw["ruleset"]["sha256"],
                evidence=raw["evidence"]["sha256"],
                verdict=raw["evidence"]["verdict"],
                artefacts={k: Artefact(v["sha256"], v["bytes"]) for k, v in raw["artefacts"].items()},
                level=raw["change"]["level"],
                facts=tuple(ChangeFact(**fact) for fact in raw["change"]["facts"]),
                source=raw["source"],
                released_by=raw["released_by"],
                license=raw["license"],
                title=raw.get("title", ""),
                tools=raw["tools"],
            )
        except Exception as error:
            raise IntegrityError(f"{where} is broken", why=type(error).__name__) from error
        _vet(manifest, name, version, where)
        return manifest


def _vet(manifest: Manifest, name: str, version: Version, where: str) -> None:
    if (manifest.name, manifest.version) != (name, version):
        raise IntegrityError(f"{where} belongs to {str(manifest.name)[:96]}@{manifest.version}")
    data, dvc = manifest.data, manifest.data.get("dvc")
    digests = [manifest.content, manifest.schema, manifest.ruleset, manifest.evidence, data.get("sha256")]
    digests += [a.sha256 for a in manifest.artefacts.values()] + [s.sha256 for s in manifest.splits.values()]
    counts = [data.get("files"), data.get("bytes"), data.get("rows")]
    counts += [a.bytes for a in manifest.artefacts.values()] + [s.rows for s in manifest.splits.values()]
    sound = (
        all(is_sha256(digest) for digest in digests)
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in counts)
        and isinstance(dvc, dict)
        and isinstance(dvc.get("md5"), str)
        and is_md5(dvc["md5"].removesuffix(".dir"))
        and isinstance(dvc.get("path"), str)
        and is_dataset_name(manifest.name)
        and manifest.level in LEVELS
        and isinstance(manifest.license, str)
        and isinstance(manifest.title, str)
    )
    if not sound:
        raise IntegrityError(f"{where} is broken", why="a field has the wrong type or form")


@dataclass(frozen=True, slots=True)
class Reference:
    """The commit point of a release: digests of manifest and content, who and when."""

    manifest: str
    content: str
    by: str
    at: str

    def to_bytes(self) -> bytes:
        """The `registry.reference/1` document."""
        return canonical(
            {
                "format": "registry.reference/1",
                "manifest": f"sha256:{self.manifest}",
                "content": self.content,
                "by": self.by,
                "at": self.at,
            }
        )

    @classmethod
    def parse(cls, data: bytes, *, where: str = "the reference") -> Reference:
        """Reads a reference from a store; anything irregular raises `IntegrityError`."""
        raw = _load(data, where)
        if raw.get("format") != "registry.reference/1":
            raise _unknown_format(where, raw.get("format"))
        digest = raw.get("manifest")
        manifest = digest.removeprefix("sha256:") if isinstance(digest, str) else ""
        content, by, at = raw.get("content"), raw.get("by"), raw.get("at")
        if not (is_sha256(manifest) and is_sha256(content) and isinstance(by, str) and isinstance(at, str)):
            raise IntegrityError(f"{where} is broken", why="a field has the wrong type or form")
        return cls(manifest, str(content), by, at)


def _unknown_format(where: str, found: object) -> IntegrityError:
    return IntegrityError(
        f"{where} has the unknown format {str(found)[:60]!r}", hint="pip install -U dataset-release-registry"
    )


def _load(data: bytes, where: str) -> dict[str, Any]:
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{where} is no JSON", why=str(error)[:120]) from error
    if not isinstance(raw, dict):
        raise IntegrityError(f"{where} is no JSON object")
    return raw


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What `release` did. `uploaded` counts data and documents that the store lacked."""

    name: str
    version: str
    content: str
    manifest: str
    store: str
    state: Literal["released", "already-released", "planned", "nothing-changed"]
    change: Level
    files: int
    bytes: int
    uploaded_files: int = 0
    uploaded_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """The `registry.release-result/1` document."""
        return {
            "format": "registry.release-result/1",
            "name": self.name,
            "version": self.version,
            "content": self.content,
            "manifest": f"sha256:{self.manifest}" if self.manifest else None,
            "store": self.store,
            "state": self.state,
            "change": self.change,
            "files": self.files,
            "bytes": self.bytes,
            "uploaded": {"files": self.uploaded_files, "bytes": self.uploaded_bytes},
        }
