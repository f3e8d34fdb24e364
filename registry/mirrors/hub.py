"""The door to the Hugging Face Hub: one dataset repository, and what its answers mean.

The token comes from where `huggingface_hub` looks for it (`HF_TOKEN`, `hf auth login`) and
goes nowhere else. Every failure becomes an error of ours that never quotes a token or a
signed address.

>>> repository_name("my-team/{name}", "reviews")
'my-team/reviews'
>>> repository_name("{name}", "reviews")
Traceback (most recent call last):
registry.errors.ConfigError: [hub] repo gives `reviews`, which is no repository of the Hub: ...
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from registry.consume.source import offline
from registry.errors import (
    ConfigError,
    DataError,
    EnvironmentFailed,
    MissingExtraError,
    NotFoundError,
    RegistryError,
    StateError,
)

KIND = "dataset"
MAIN = "main"
PUBLIC = "huggingface.co"
# https://huggingface.co/docs/huggingface_hub: two names of at most 96 characters, none with `--` or `..`.
_REPOSITORY = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9_][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,94}[A-Za-z0-9_]\Z", re.ASCII)


class StaleParentError(StateError):
    """Somebody else committed since we looked."""

    code = "stale-parent"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file on the Hub: path, size in bytes, git's id, and its sha256 where it is stored apart (LFS, Xet)."""

    path: str
    size: int
    oid: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A repository as it is: who may see it, and where branches and tags point to."""

    private: bool
    gated: str
    branches: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: the local file of each path that is added or replaced, paths that go, and its message."""

    files: Mapping[str, Path]
    removed: tuple[str, ...]
    title: str
    description: str


def repository_name(pattern: str | None, dataset: str) -> str:
    """The repository that `[hub] repo` means for a dataset; raises `ConfigError` where there is none."""
    if not pattern:
        raise ConfigError(
            "registry.toml names no repository of the Hub", hint='add: [hub] repo = "my-team/{name}" to registry.toml'
        )
    found = pattern.replace("{name}", dataset)
    if not _REPOSITORY.match(found):
        raise ConfigError(
            f"[hub] repo gives `{found[:120]}`, which is no repository of the Hub",
            why="it reads OWNER/NAME, of letters, digits, `-`, `_` and `.`",
            hint='write repo = "my-team/{name}" in registry.toml',
        )
    return found


class Repository:
    """One dataset repository on a Hub (`HF_ENDPOINT`, else huggingface.co)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._api = _api()
        self.endpoint = _without_user(str(self._api.endpoint))

    @property
    def url(self) -> str:
        """Where people find it."""
        return f"{self.endpoint}/datasets/{self.name}"

    def require_token(self) -> None:
        """Raises `EnvironmentFailed` where nobody is logged in."""
        with self._told("ask for the token"):
            if not self._token():
                raise EnvironmentFailed("nobody is logged in to the Hub", hint="hf auth login, or set HF_TOKEN")

    def standing(self) -> Standing | None:
        """How the repository is, or None where there is none that this token may see."""
        from huggingface_hub.errors import RepositoryNotFoundError

        with self._told("read"):
            try:
                info = self._api.dataset_info(self.name)
            except RepositoryNotFoundError:
                return None
            refs = self._api.list_repo_refs(self.name, repo_type=KIND)
        return Standing(
            bool(info.private),
            info.gated or "",
            {ref.name: ref.target_commit for ref in refs.branches},
            {ref.name: ref.target_commit for ref in refs.tags},
        )

    def make(self, *, private: bool) -> None:
        """Makes the repository; one that came to be meanwhile is fine."""
        with self._told("make"):
            self._api.create_repo(self.name, repo_type=KIND, private=private, exist_ok=True)

    def restrict(self, *, private: bool, gated: str) -> None:
        """Sets who may see it; what is not given stays."""
        settings = ({"private": True} if private else {}) | ({"gated": gated} if gated else {})
        with self._told("set up"):
            self._api.update_repo_settings(self.name, repo_type=KIND, **settings)

    def tree(self, commit: str) -> dict[str, Entry] | None:
        """All files of a commit by path, or None where there is no such commit."""
        from huggingface_hub.errors import RevisionNotFoundError
        from huggingface_hub.hf_api import RepoFile

        with self._told("list"):
            try:
                listing = list(self._api.list_repo_tree(self.name, recursive=True, revision=commit, repo_type=KIND))
            except RevisionNotFoundError:
                return None
        files = (entry for entry in listing if isinstance(entry, RepoFile))
        return {f.path: Entry(f.path, f.size, f.blob_id, f.lfs.sha256 if f.lfs else None) for f in files}

    def branch(self, name: str, commit: str) -> None:
        """Makes a branch that begins at `commit`; one that came to be meanwhile is fine."""
        with self._told("branch"):
            self._api.create_branch(self.name, branch=name, revision=commit, repo_type=KIND, exist_ok=True)

    def commit(self, branch: str, parent: str, change: Change) -> str:
        """Adds one commit upon `parent` and returns its id; `StaleParentError` where the branch moved on.

        Files that are stored apart go first, and only those that the Hub lacks: what an
        interrupted call has sent is not sent again.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        operations: list[Any] = [CommitOperationDelete(path_in_repo=path) for path in change.removed]
        with self._told("commit to"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice of the client, and the Hub's remarks on the card
            operations += [CommitOperationAdd(path, str(file)) for path, file in sorted(change.files.items())]
            made = self._api.create_commit(
                self.name, operations, commit_message=change.title, commit_description=change.description,
                repo_type=KIND, revision=branch, parent_commit=parent,
            )  # fmt: skip
        return str(made.oid)

    def tag(self, name: str, commit: str, message: str) -> None:
        """Sets a tag that does not exist; one that does raises `StateError`."""
        with self._told("tag"):
            # NOTE: never with exist_ok, which hides that the tag points elsewhere.
            self._api.create_tag(self.name, tag=name, revision=commit, tag_message=message, repo_type=KIND)

    def untag(self, name: str) -> None:
        """Removes a tag."""
        with self._told("remove a tag of"):
            self._api.delete_tag(self.name, tag=name, repo_type=KIND)

    def _token(self) -> str:
        from huggingface_hub import get_token

        return str(get_token() or "")

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Failures of the client and of the Hub as errors of ours, without theirs, which may quote signed addresses."""
        try:
            yield
        except RegistryError:
            raise
        except Exception as error:
            told = self._explained(doing, _root(error))
            if told is None:
                raise
            raise told from None

    def _explained(self, doing: str, error: BaseException) -> RegistryError | None:
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        if isinstance(error, HfHubHTTPError):
            return self._refusal(doing, error.response.status_code, error.server_message or "")
        if isinstance(error, OfflineModeIsEnabled):
            return EnvironmentFailed(f"cannot {doing} {self.url}: offline", hint="unset HF_HUB_OFFLINE")
        if isinstance(error, ValueError):  # by which the client says what it would not even send
            hint = "mend what it names, then release and publish the next version"
            return DataError(f"the Hub refuses to {doing} {self.name}", why=self._clean(str(error)), hint=hint)
        if _of_the_network(error):
            why = self._clean(f"{type(error).__name__} {error}")
            return EnvironmentFailed(f"the Hub {self.endpoint} cannot be reached", why=why)
        return None

    def _refusal(self, doing: str, status: int, said: str) -> RegistryError:
        what, why = f"the Hub refuses to {doing} {self.name}", f"{status} {self._clean(said)}".strip()
        if status == 401:
            return EnvironmentFailed(what, why=why, hint="hf auth login, or set HF_TOKEN to a token that may write")
        if status in (402, 403):
            owner = self.name.partition("/")[0]
            hint = f"hf auth login with a token that may write to `{owner}`, or ask its owners"
            return EnvironmentFailed(what, why=why, hint=hint)
        if status == 404:
            return NotFoundError(what, why=why, hint="hf auth whoami")
        if status == 412:
            return StaleParentError(f"{self.name} was changed meanwhile", why=why, hint="run the same command again")
        if status == 409:
            return StateError(what, why=why, hint="run the same command again")
        hint = "wait a while, then run the same command again" if status == 429 else ""
        return EnvironmentFailed(what, why=why, hint=hint)

    def _clean(self, text: str) -> str:
        """One short line of what was said, without the token and what signs an address."""
        token = self._token()
        shown = re.sub(r"(://\S*?)\?\S+", r"\1?…", text.replace(token, "***") if token else text)
        return " ".join(shown.split())[:200]


def _api() -> Any:
    """The client; Xet is left out where another Hub than the public one is asked, which may not have it."""
    if offline():
        raise EnvironmentFailed("the Hub cannot be asked: REGISTRY_OFFLINE is set", hint="unset REGISTRY_OFFLINE")
    if (urlsplit(os.environ.get("HF_ENDPOINT", "")).hostname or PUBLIC) != PUBLIC:
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # read when the client is imported; it knows no fallback
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingExtraError(
            "publishing to the Hub needs huggingface_hub", hint="pip install 'dataset-release-registry[hub]'"
        ) from error
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="dataset-release-registry")


def quiet() -> None:
    """No progress bars of the client's own."""
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()


def _without_user(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def _root(error: BaseException) -> BaseException:
    """What the client's workers failed with; it wraps that in a `RuntimeError` for each file."""
    while isinstance(error, RuntimeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _of_the_network(error: BaseException) -> bool:
    """Whether an error comes from the connection; the client's library for HTTP is not always the same one."""
    theirs = type(error).__module__.startswith("httpx")
    return theirs or isinstance(error, ConnectionError | TimeoutError)
