"""The rules of the loopback Hub: repositories, commits, references, large files, who may do what.

>>> world = World()
>>> kim = world.person("kim", "hf_write")
>>> repository = world.make(kim, "kim/reviews", private=True)
>>> before = repository.branches["main"]
>>> after = repository.commit("main", before, {"README.md": Blob.of(b"hello")}, [], "Add")
>>> sorted(repository.commits[after].tree)
['.gitattributes', 'README.md']
>>> repository.commit("main", before, {}, [], "Too late")
Traceback (most recent call last):
registry.testing.hub_repository.Refused: 412 A commit has happened since. Please refresh and try again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LARGE = 10 * 1024 * 1024  # bytes from which a file is stored apart whatever it is called
ATTRIBUTES = b"".join(
    f"*.{ending} filter=lfs diff=lfs merge=lfs -text\n".encode()
    for ending in ("arrow", "bin", "gz", "jpeg", "jpg", "parquet", "png", "webp", "zip")
)


class Refused(Exception):
    """An answer other than success: status, error code as the client reads it, message."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message, self.code = status, message, code


@dataclass(frozen=True, slots=True)
class Person:
    """Who a token belongs to: name, organisations, and whether the token may write."""

    name: str
    organisations: tuple[str, ...] = ()
    writes: bool = True


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a commit: git's id, size in bytes, its sha256 where it is stored apart, else its bytes."""

    oid: str
    size: int
    sha256: str | None = None
    data: bytes | None = None

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """A regular file."""
        return cls(git_oid(data), len(data), None, data)

    @classmethod
    def apart(cls, sha256: str, size: int) -> Blob:
        """A large file: git holds a pointer (git-lfs specification, version 1)."""
        return cls(git_oid(pointer(sha256, size)), size, sha256)


def pointer(sha256: str, size: int) -> bytes:
    """What git holds of a large file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def git_oid(data: bytes) -> str:
    """Git's id of a blob: sha1 of its kind, size and bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Commit:
    """One state of a repository."""

    oid: str
    parent: str | None
    title: str
    description: str
    tree: Mapping[str, Blob]


@dataclass
class Repository:
    """A dataset repository; `gated` is empty, `auto` or `manual`."""

    id: str
    private: bool = False
    gated: str = ""
    admitted: set[str] = field(default_factory=set)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Who owns it."""
        return self.id.partition("/")[0]

    def at(self, revision: str) -> Commit:
        """The commit of a branch, a tag or an id."""
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        if oid not in self.commits:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[oid]

    def commit(
        self,
        branch: str,
        parent: str | None,
        files: Mapping[str, Blob],
        removed: Iterable[str],
        title: str,
        description: str = "",
    ) -> str:
        """Adds a commit to a branch; one whose `parent` is not the branch's head is refused."""
        if branch not in self.branches:
            raise Refused(404, f"Invalid rev id: {branch}", "RevisionNotFound")
        head = self.branches[branch]
        if parent is not None and not head.startswith(parent):
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        tree = dict(self.commits[head].tree)
        for path in removed:
            if path not in tree:
                raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
            del tree[path]
        return self._add(branch, head, {**tree, **files}, title, description)

    def begin(self) -> None:
        """The first commit, as the Hub makes it."""
        self._add("main", None, {".gitattributes": Blob.of(ATTRIBUTES)}, "initial commit", "")

    def _add(self, branch: str, parent: str | None, tree: Mapping[str, Blob], title: str, description: str) -> str:
        oid = secrets.token_hex(20)
        self.commits[oid] = Commit(oid, parent, title, description, dict(tree))
        self.branches[branch] = oid
        return oid

    def tag(self, name: str, revision: str) -> None:
        """Sets a tag; one that exists is refused, whatever it points to."""
        if name in self.tags:
            raise Refused(409, f"Tag {name} already exists")
        self.tags[name] = self.at(revision).oid

    def branch(self, name: str, revision: str) -> None:
        """Makes a branch; one that exists is refused."""
        if name in self.branches:
            raise Refused(409, f"Branch {name} already exists")
        self.branches[name] = self.at(revision).oid

    def is_apart(self, path: str, size: int, sample: bytes) -> bool:
        """Whether a file is to be stored apart: by its ending, its size, or because it is no text."""
        endings = re.findall(rb"^\*\.(\w+) filter=lfs", self._attributes(), re.M)
        ending = path.rpartition(".")[2].encode()
        return ending in endings or size >= LARGE or b"\0" in sample

    def _attributes(self) -> bytes:
        blob = self.at("main").tree.get(".gitattributes")
        return (blob.data or b"") if blob else b""


@dataclass
class World:
    """All repositories, people (by token) and large files (by sha256) of one Hub."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)

    def person(self, name: str, token: str, *organisations: str, writes: bool = True) -> Person:
        """Somebody new with a token."""
        self.people[token] = Person(name, organisations, writes)
        return self.people[token]

    def make(self, who: Person, name: str, *, private: bool = False) -> Repository:
        """A new repository; the namespace must be the person's or of an organisation of theirs."""
        if not self._owns(who, name.partition("/")[0]) or not who.writes:
            raise Refused(403, f"You don't have the rights to create a dataset under the namespace {name!r}")
        if name in self.repositories:
            raise Refused(409, "You already created this dataset repo")
        repository = self.repositories[name] = Repository(name, private)
        repository.begin()
        return repository

    def repository(self, who: Person | None, name: str) -> Repository:
        """The repository, if it exists and `who` may know of it."""
        found = self.repositories.get(name)
        if found is None or (found.private and not (who and self._owns(who, found.namespace))):
            # The Hub answers 401 to nobody, so that nobody learns which private repositories there are.
            raise Refused(404 if who else 401, "Repository not found", "RepoNotFound")
        return found

    def readable(self, who: Person | None, name: str) -> Repository:
        """As `repository`, for its files: a gated one asks for admission."""
        found = self.repository(who, name)
        if found.gated and not (who and (self._owns(who, found.namespace) or who.name in found.admitted)):
            raise Refused(403 if who else 401, f"Access to dataset {name} is restricted.", "GatedRepo")
        return found

    def writable(self, who: Person | None, name: str) -> Repository:
        """As `repository`, for whoever may change it."""
        found = self.repository(who, name)
        if who is None:
            raise Refused(401, "Invalid username or password.")
        if not who.writes or not self._owns(who, found.namespace):
            raise Refused(403, "Authorization error: you need write access")
        return found

    def bytes_of(self, blob: Blob) -> bytes:
        """The file itself, wherever it is stored."""
        return self.large[blob.sha256] if blob.sha256 else blob.data or b""

    def _owns(self, who: Person, namespace: str) -> bool:
        return namespace == who.name or namespace in who.organisations
