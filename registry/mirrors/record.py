"""What was published where: one entry of the store for each release and mirror.

A tag on the Hub can be moved or deleted by anyone who may write there; the commit's id
that stands here tells.

>>> import tempfile
>>> from registry.stores import open_store
>>> entry = Mirrored("https://huggingface.co", "my-team/reviews", "v1.0.0", "a" * 40, "main", "0" * 64, "Kim", "")
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     write(store, "reviews", Version(1), entry)
...     read(store, "reviews", Version(1), "https://huggingface.co", "my-team/reviews") == entry
True
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from registry.errors import IntegrityError, NotFoundError, StateError
from registry.model.digest import canonical, is_sha256, sha256_of
from registry.model.names import Version, is_dataset_name
from registry.stores.base import Store
from registry.stores.layout import parse_object

FORMAT = "registry.mirror/1"
PREFIX = "mirrors/"
_KEY = re.compile(r"mirrors/([^/]+)/([^/]+)/[0-9a-f]{16}\.json\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}\Z|[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A release on the Hub: where, its tag and commit, the branch it went to, its manifest, who and when."""

    endpoint: str
    repository: str
    tag: str
    commit: str
    branch: str
    manifest: str
    by: str
    at: str

    def to_bytes(self) -> bytes:
        """The `registry.mirror/1` document."""
        return canonical({"format": FORMAT, "kind": "hub", **asdict(self), "manifest": f"sha256:{self.manifest}"})

    @classmethod
    def parse(cls, data: bytes, where: str) -> Mirrored:
        """Reads an entry from a store; anything irregular raises `IntegrityError`."""
        raw = parse_object(data, where)
        fields = {name: raw.get(name) for name in cls.__slots__}
        fields["manifest"] = str(fields["manifest"]).removeprefix("sha256:")
        sound = (
            (raw.get("format"), raw.get("kind")) == (FORMAT, "hub")
            and all(isinstance(value, str) for value in fields.values())
            and is_sha256(fields["manifest"])
            and _COMMIT.match(str(fields["commit"]))
        )
        if not sound:
            raise IntegrityError(f"{where} is broken", hint="pip install -U dataset-release-registry", key=where)
        return cls(**{name: str(value) for name, value in fields.items()})


def key_of(name: str, version: Version, endpoint: str, repository: str) -> str:
    """Where a store keeps the entry."""
    return f"{PREFIX}{name}/{version}/{sha256_of(f'{endpoint} {repository}'.encode())[:16]}.json"


def is_key(key: str) -> bool:
    """Whether `key` is where an entry may lie."""
    match = _KEY.match(key)
    return match is not None and is_dataset_name(match[1]) and Version.is_canonical(match[2])


def read(store: Store, name: str, version: Version, endpoint: str, repository: str) -> Mirrored | None:
    """The entry of a release in one repository, or None."""
    key = key_of(name, version, endpoint, repository)
    try:
        return Mirrored.parse(store.read(key), key)
    except NotFoundError:
        return None


def read_all(store: Store, name: str, endpoint: str, repository: str) -> dict[Version, Mirrored]:
    """The entries of all releases of a dataset in one repository, by ascending version."""
    found = {}
    for info in store.list(f"{PREFIX}{name}/"):
        if is_key(info.key):
            version = Version.parse(info.key.split("/")[2])
            if info.key == key_of(name, version, endpoint, repository):
                found[version] = Mirrored.parse(store.read(info.key), info.key)
    return dict(sorted(found.items()))


def write(store: Store, name: str, version: Version, entry: Mirrored, *, instead_of: Mirrored | None = None) -> None:
    """Writes the entry, durable on return; `StateError` where another one stands than `instead_of`."""
    key = key_of(name, version, entry.endpoint, entry.repository)
    if instead_of is None and store.create(key, entry.to_bytes()):
        return
    standing, tag = store.read_tagged(key)
    there = Mirrored.parse(standing, key)
    if (there.commit, there.tag, there.manifest) == (entry.commit, entry.tag, entry.manifest):
        return
    if there != instead_of or not store.swap(key, entry.to_bytes(), tag):
        raise StateError(
            f"{name}@{version} was published to {entry.repository} by somebody else meanwhile",
            why=f"as commit {there.commit}, by {there.by}",
            hint="run the same command again",
        )
