"""The one door to DVC, in process.

DVC owns `.dvc/`, `*.dvc` and `dvc.lock`. It gives up on its lock after three seconds and
costs seconds of start-up a command, so it is called here, once, behind our own lock
with a real time limit.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from registry.errors import (
    EnvironmentFailed,
    InternalError,
    LockHeldError,
    MissingExtraError,
    RegistryError,
    StateError,
)
from registry.workspace.pointer import Pointer, read_pointer

if TYPE_CHECKING:
    from registry.content.hashing import Snapshot

LOCK_SECONDS = 60.0
DECIDING = "registry-deciding"  # what DVC calls a remote that stands in for the one of its files
VIA = "remote://"  # how an address begins that leads to another remote
CHUNK = 4 * 1024 * 1024
STALE_TEMPORARY = 86_400  # seconds; younger temporary files may belong to a process at work


def init(root: Path) -> None:
    """`dvc init` inside a git repository, with analytics and update checks off.

    Does nothing in an initialised directory.
    """
    if (root / ".dvc" / "config").exists():
        return
    with _quiet() as dvc:
        try:
            dvc.repo.Repo.init(str(root), subdir=not (root / ".git").exists()).close()
        except dvc.exceptions.DvcException as error:
            raise EnvironmentFailed("dvc init failed", why=_first_line(error), hint="dvc doctor") from error
    _configure(root)


def _configure(root: Path) -> None:
    config = root / ".dvc" / "config"
    text = config.read_text("utf-8")
    if "analytics" not in text:
        settings = "[core]\n    analytics = false\n    autostage = false\n    check_update = false\n"
        config.write_text(settings + text.replace("[core]\n", ""), "utf-8")


def add(root: Path, path: str, snapshot: Snapshot) -> Pointer:
    """`dvc add` of `path`; the id must be the one that `snapshot` has.

    On failure the pointer is as it was before. Raises `StateError` where DVC saw other
    files (a `.dvcignore` pattern, or a change meanwhile).
    """
    pointer_file = root / f"{path}.dvc"
    before = pointer_file.read_bytes() if pointer_file.exists() else None
    try:
        with locked(root), _repo(root) as repo:
            _sweep(root)
            repo.add(str(root / path), relink=False)
        pointer = read_pointer(root, path)
        if pointer is None:
            raise InternalError(f"DVC added {path} and left no pointer")
        if pointer.md5 != snapshot.md5:
            raise StateError(
                f"DVC addressed other files of {path} than are there",
                why="a pattern in .dvcignore hides some, or they changed meanwhile",
                hint="check .dvcignore, then run the same command again",
            )
    except BaseException:
        _restore(pointer_file, before)
        raise
    return pointer


def push(root: Path, pointers: list[Pointer]) -> int:
    """Sends the objects of `pointers` to DVC's default remote; the number of objects sent."""
    with locked(root), _repo(root) as repo:
        if not repo.config.get("core", {}).get("remote"):
            raise EnvironmentFailed(
                "there is no DVC remote to push to",
                why="work in progress goes to DVC's default remote, releases to the store",
                hint="dvc remote add -d work s3://bucket/prefix",
            )
        return int(repo.push(targets=[_target(root, p) for p in pointers]))


class Remote:
    """DVC's default remote, asked object by object; what it delivers is not verified.

    Opened when it is first asked, since that costs the import of DVC. Every failure other than a
    missing object is `EnvironmentFailed`.
    """

    def __init__(self, root: Path, settings: Mapping[str, str] | None = None) -> None:
        """The remote of the directory `root`; with `settings` the one that these describe, as `default_remote`."""
        self._root = root
        self._settings = settings
        self._opened: Any = None
        self._opening = Lock()

    def held(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` whose objects are there."""
        wanted = set(ids)
        return self._asked(lambda odb: set(odb.oids_exist(wanted))) if wanted else set()

    def read(self, md5: str) -> Iterator[bytes] | None:
        """The bytes of an object, or None where there is none."""

        def start(odb: Any) -> Any:
            try:
                return odb.fs.open(odb.oid_to_path(md5), "rb")
            except FileNotFoundError as error:
                if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError):
                    raise error.__cause__ from error  # HTTP: a server that does not answer is called a missing file
                return None

        file = self._asked(start)
        return None if file is None else self._chunks(file)

    def _chunks(self, file: Any) -> Iterator[bytes]:
        with file:
            while chunk := self._asked(lambda _: file.read(CHUNK)):
                yield chunk

    def _asked(self, question: Callable[[Any], Any]) -> Any:
        try:
            with self._opening:
                if self._opened is None:
                    with _repo(self._root, _instead(self._root, self._settings)) as repo:
                        self._opened = repo.cloud.get_remote_odb()
            return question(self._opened)
        except RegistryError:
            raise
        except Exception as error:  # of whichever library speaks to the remote
            raise EnvironmentFailed(
                "DVC's remote cannot be reached", why=_first_line(error), hint="dvc remote list; check its credentials"
            ) from error


def has_remote(root: Path) -> bool:
    """Whether a default remote is configured."""
    return any(parser.get("core", "remote", fallback="") for parser in map(_parsed, _files(root)))


def default_remote(root: Path) -> Mapping[str, str]:
    """What `.dvc/config` in `root` says of its default remote, its `name` among it; nothing where there is none.

    What is said of remotes that its address leads to stands behind their names.
    """
    parser = _parsed(root / ".dvc" / "config")
    name = parser.get("core", "remote", fallback="")
    if not name:
        return {}
    found, seen, url = {**_section(parser, name), "name": name}, {name}, _section(parser, name).get("url", "")
    while url.startswith(VIA) and (other := url.removeprefix(VIA).partition("/")[0]) not in seen:
        seen.add(other)
        found |= {f"{other}\n{key}": value for key, value in _section(parser, other).items()}
        url = _section(parser, other).get("url", "")
    return found


def _instead(root: Path, settings: Mapping[str, str] | None) -> dict[str, Any] | None:
    """Configuration by which DVC in `root` asks the remote of `settings`, with this machine's credentials for it."""
    if not settings:
        return None
    local = _parsed(root / ".dvc" / "config.local")
    remotes: dict[str, dict[str, str]] = {DECIDING: {}}
    for key, value in settings.items():
        other, _, name = key.rpartition("\n")
        remotes.setdefault(other or DECIDING, {})[name] = value
    named = remotes[DECIDING].pop("name")
    for remote, section in remotes.items():
        section |= _section(local, named if remote == DECIDING else remote)
        if "://" not in section.get("url", ""):
            section["url"] = str((root / ".dvc" / section.get("url", "")).resolve())
    return {"core": {"remote": DECIDING}, "remote": remotes}


def _files(root: Path) -> list[Path]:
    return [root / ".dvc" / name for name in ("config", "config.local")]


def _parsed(file: Path) -> ConfigParser:
    """A file of settings; nothing where it is none."""
    parser = ConfigParser(interpolation=None)
    with suppress(ConfigParserError, UnicodeDecodeError):
        parser.read(file, "utf-8")
    return parser


def _section(parser: ConfigParser, name: str) -> dict[str, str]:
    """What is said of the remote `name`; DVC takes the quotes around its heading or leaves them."""
    headings = (found for found in parser.sections() if found.strip("'\" ") == f'remote "{name}'.strip())
    return {key: value for heading in headings for key, value in parser[heading].items()}


def cache_file(root: Path, md5: str) -> Path:
    """Where DVC's cache in the workspace keeps the object of an id."""
    return root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def _target(root: Path, pointer: Pointer) -> str:
    return str(root / pointer.path) if pointer.stage else str(pointer.file)


@contextmanager
def locked(root: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Holds the workspace's lock; waits at most `seconds`, then raises `LockHeldError`."""
    file = root / ".dvc" / "tmp" / "registry.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise LockHeldError(
                        f"another process works on {root}",
                        why=f"its lock was held for {seconds:.0f} s",
                        hint="wait for it to end, then run the same command again",
                    ) from error
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)


@contextmanager
def _repo(root: Path, config: dict[str, Any] | None = None) -> Iterator[Any]:
    """An open DVC repository whose errors are ours; `config` goes before what its files say."""
    with _quiet() as dvc:
        _mend_lock(root)
        try:
            repo = dvc.repo.Repo(str(root), config=config)
        except dvc.exceptions.DvcException as error:
            raise EnvironmentFailed(f"DVC cannot open {root}", why=_first_line(error), hint="registry init") from error
        try:
            yield _Patient(repo, dvc.lock.LockError)
        except dvc.exceptions.DvcException as error:
            raise EnvironmentFailed("DVC failed", why=_first_line(error), hint="dvc doctor") from error
        except OSError as error:
            raise EnvironmentFailed("DVC failed", why=str(error), hint="check disk space and permissions") from error
        finally:
            repo.close()


def _mend_lock(root: Path) -> None:
    """Removes DVC's list of who works on what where a full disk cut it off: DVC would stop for good."""
    file = root / ".dvc" / "tmp" / "rwlock"
    try:
        json.loads(file.read_bytes())
    except FileNotFoundError:
        return
    except ValueError:
        file.unlink(missing_ok=True)


class _Patient:
    """A repository whose calls wait when DVC's own lock is held."""

    def __init__(self, repo: Any, lock_error: type[Exception]) -> None:
        self._repo = repo
        self._lock_error = lock_error

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._repo, name)
        return self._retrying(value) if callable(value) else value

    def _retrying(self, call: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            deadline = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    return call(*args, **kwargs)
                except self._lock_error as error:
                    if time.monotonic() > deadline:
                        raise LockHeldError("DVC's lock is held", why=_first_line(error), hint="dvc doctor") from error

        return run


@contextmanager
def _quiet() -> Iterator[Any]:
    """The `dvc` package, without telemetry, log lines or progress bars."""
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    try:
        import dvc
        import dvc.exceptions
        import dvc.lock
        import dvc.progress
        import dvc.repo
    except ImportError as error:
        raise MissingExtraError(
            "DVC is not installed", hint="pip install 'dataset-release-registry[author]'"
        ) from error
    for name in ("dvc", "dvc_objects", "dvc_data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    yield dvc


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _restore(file: Path, before: bytes | None) -> None:
    if before is not None:
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        beside.write_bytes(before)
        beside.replace(file)
    else:
        file.unlink(missing_ok=True)


def _sweep(root: Path) -> None:
    """Removes temporary files that a killed DVC left in its cache."""
    horizon = time.time() - STALE_TEMPORARY
    for file in (root / ".dvc" / "cache" / "files" / "md5").glob("*/.*.tmp"):
        if file.stat().st_mtime < horizon:
            file.unlink(missing_ok=True)
