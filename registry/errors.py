"""The error tree: what went wrong, why, and the next command to run.

Every error that a user may meet is a `RegistryError`. Its class fixes the exit
code, so that a script learns from the code alone who is at fault.

>>> error = NotFoundError("no dataset `revews`", why="this store holds reviews", hint="registry list")
>>> error.exit, error.code
(6, 'not-found')
>>> print(error)
no dataset `revews`: this store holds reviews
"""

from __future__ import annotations

from typing import Any, ClassVar


class RegistryError(Exception):
    """Base of all errors of this package.

    `message` is one sentence of what happened, `why` one of the reason, `hint` the
    next command to run (a class has one for where none is given). Further keyword
    arguments become `fields`: facts that a program may rely on (paths, digests, names).
    """

    code: ClassVar[str] = "bug"
    exit: ClassVar[int] = 70
    usual_hint: ClassVar[str] = "report it, with what `registry -v` says"

    def __init__(self, message: str, *, why: str = "", hint: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.hint = hint or self.usual_hint
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.message}: {self.why}" if self.why else self.message

    def to_json(self) -> dict[str, Any]:
        """The `registry.error/1` document."""
        return {
            "format": "registry.error/1",
            "code": self.code,
            "message": str(self),
            "hint": self.hint,
            "exit": self.exit,
        }


class RegistryWarning(UserWarning):
    """What a program should hear that goes on all the same: a withdrawn release, a cache that cannot be written."""


class InternalError(RegistryError):
    """A bug of ours."""


class DataError(RegistryError):
    """The data itself is unfit: unreadable, empty, or without a declared column."""

    code = "data"
    exit = 1
    usual_hint = "mend the data, then run the same command again"


class GateFailed(DataError):
    """The gate refused the data; `fields["evidence"]` holds the whole verdict."""

    code = "gate-failed"


class HostileFileError(DataError):
    """A dataset holds a file that is no data: a pickle, a script, a page, an archive …"""

    code = "hostile-file"


class UsageError(RegistryError):
    """Wrong arguments."""

    code = "usage"
    exit = 2
    usual_hint = "registry --help"


class ConfigError(UsageError):
    """A declaration (registry.toml, dvc.yaml, schema, suite, card) is wrong."""

    code = "config"
    usual_hint = "mend the file, then run the same command again"


class WorkspaceError(UsageError):
    """The directory is no workspace, or no git repository."""

    code = "workspace"


class HostilePathError(UsageError):
    """A dataset holds a path that a consumer would refuse."""

    code = "hostile-path"


class IntegrityError(RegistryError):
    """Bytes do not match their digest, or a document from a store is not what it claims."""

    code = "integrity"
    exit = 3
    usual_hint = "do not use these bytes; registry verify NAME@VERSION lists everything that is wrong"


class StateError(RegistryError):
    """The state refuses: version exists, dirty tree, stale pointer, lost race, lock held."""

    code = "state"
    exit = 4
    usual_hint = "registry status"


class VersionExistsError(StateError):
    """The version is released already with other content."""

    code = "version-exists"


class VersionTooLowError(StateError):
    """The change demands a higher version number."""

    code = "version-too-low"


class MovedError(StateError):
    """Data changed while it was read."""

    code = "data-moved"


class LockHeldError(StateError):
    """Another process holds the lock."""

    code = "lock-held"


class RollbackError(StateError):
    """A channel of a store was set back behind what was seen of it before."""

    code = "rollback"


class EnvironmentFailed(RegistryError):
    """Network, credentials, disk, git or a missing extra."""

    code = "environment"
    exit = 5
    usual_hint = "check network, credentials and disk, then run the same command again"


class MissingExtraError(EnvironmentFailed):
    """A library of an optional extra is not installed."""

    code = "missing-extra"


class StoreError(EnvironmentFailed):
    """A store cannot be reached, or refuses an operation."""

    code = "store"


class DeniedError(StoreError):
    """A store is there, and does not permit this to whoever asks."""

    code = "denied"


class NotFoundError(RegistryError):
    """No such dataset, version or object."""

    code = "not-found"
    exit = 6
    usual_hint = "registry list"


class YankedError(NotFoundError):
    """The version was withdrawn."""

    code = "yanked"


class PurgedError(NotFoundError):
    """The bytes of the version were destroyed."""

    code = "purged"
