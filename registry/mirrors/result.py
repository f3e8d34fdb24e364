"""What `publish` did, or would do.

>>> Publication("reviews", "1.2.0", "0" * 64, "store", "s3://b/x", "planned", 2, 10).to_json()["state"]
'planned'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["published", "already-published", "restored", "planned"]
What = Literal["add", "replace", "remove"]


@dataclass(frozen=True, slots=True)
class HubCommit:
    """Where a release is on the Hub: repository, branch, tag and commit (None before it is made), who may see it."""

    repository: str
    branch: str
    tag: str
    commit: str | None
    private: bool
    gated: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that is added, replaced or removed there, and its size in bytes (0 where it is removed)."""

    path: str
    change: What
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Publication:
    """A release in another place; `files` and `bytes` are those of its tree, `changes` what the place lacked."""

    name: str
    version: str
    manifest: str
    to: Literal["hub", "store"]
    url: str
    state: State
    files: int
    bytes: int
    changes: tuple[Changed, ...] = ()
    hub: HubCommit | None = None

    @property
    def uploaded_files(self) -> int:
        """Files that are sent."""
        return sum(change.change != "remove" for change in self.changes)

    @property
    def uploaded_bytes(self) -> int:
        """Their bytes."""
        return sum(change.bytes for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """The `registry.publish/1` document."""
        document: dict[str, Any] = {
            "format": "registry.publish/1",
            "name": self.name,
            "version": self.version,
            "manifest": f"sha256:{self.manifest}",
            "to": self.to,
            "url": self.url,
            "state": self.state,
            "files": self.files,
            "bytes": self.bytes,
            "uploaded": {"files": self.uploaded_files, "bytes": self.uploaded_bytes},
            "changes": [{"path": c.path, "change": c.change, "bytes": c.bytes} for c in self.changes],
        }
        if self.hub is None:
            return document
        found = self.hub
        return document | {
            "repository": found.repository, "branch": found.branch, "tag": found.tag, "commit": found.commit,
            "private": found.private, "gated": found.gated or None,
        }  # fmt: skip
