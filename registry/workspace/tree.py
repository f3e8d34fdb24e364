"""The files of a commit, with the links among them followed inside the repository and nowhere else.

>>> entries = {"rules/a.yaml": ("100644", "b1"), "checks": ("120000", "l1")}
>>> tree = CommitTree(entries, {"checks": "rules"})
>>> tree.blob("checks/a.yaml"), tree.blob("checks/b.yaml"), tree.below("checks")
('b1', None, ['checks/a.yaml'])
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from registry.errors import ConfigError
from registry.workspace.git import Git

LINK, MODULE = "120000", "160000"
HOPS = 40  # links that a path may lead through, as in Linux


@dataclass(frozen=True, slots=True)
class CommitTree:
    """What a commit holds: mode and object by path from the top of the repository, and where each link points."""

    entries: Mapping[str, tuple[str, str]]
    links: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, git: Git, commit: str) -> CommitTree:
        """The tree of `commit`."""
        entries = git.entries(commit)
        links = [path for path, (mode, _) in entries.items() if mode == LINK]
        targets = git.blobs([entries[path][1] for path in links])
        return cls(
            entries, {path: data.decode("utf-8", "surrogateescape") for path, data in zip(links, targets, strict=True)}
        )

    def blob(self, path: str) -> str | None:
        """The object of the file at `path`, or None; raises `ConfigError` where what lies there cannot be told."""
        mode, name = self.entries.get(self._real(path), ("", None))
        return name if mode.startswith("100") else None

    def below(self, folder: str) -> list[str]:
        """The paths of the files below a directory, named from `folder` on; a link that leads nowhere is none."""
        start = "" if folder == "." else f"{self._real(folder)}/"
        shown = "" if folder == "." else f"{folder}/"
        return [
            f"{shown}{path[len(start) :]}" for path in self.entries if path.startswith(start) and self._is_file(path)
        ]

    def _is_file(self, path: str) -> bool:
        if path not in self.links:
            return self.entries[path][0].startswith("100")
        try:
            return self.blob(path) is not None
        except ConfigError:
            return False

    def _real(self, path: str) -> str:
        """Where `path` leads when every link on it is followed."""
        found = posixpath.normpath(path)
        for _ in range(HOPS):
            at = next((start for start in _starts(found) if self._leads_on(start)), None)
            if at is None:
                return found
            if at not in self.links:
                raise _lost(path, "lies in a submodule")
            found = posixpath.normpath(posixpath.join(posixpath.dirname(at), self.links[at], found[len(at) + 1 :]))
            if found.startswith(("/", "../")) or found == "..":
                break
        raise _lost(path, "is a link that leads nowhere in the repository")

    def _leads_on(self, path: str) -> bool:
        return path in self.links or self.entries.get(path, ("",))[0] == MODULE


def _starts(path: str) -> Iterator[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`."""
    parts = path.split("/")
    return ("/".join(parts[: end + 1]) for end in range(len(parts)))


def _lost(path: str, what: str) -> ConfigError:
    return ConfigError(
        f"`{path}` {what}",
        why="what decides is compared with what the commit holds, and with nothing else",
        hint="put the file itself there",
    )
