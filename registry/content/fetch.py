"""Brings the bytes of a pointer from wherever they are, each verified by its md5.

Used where the workspace lacks the data (a clone in CI has pointers only). The listing
of a directory is read, hashed and vetted here: DVC would neither verify it nor confine
its paths.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from registry.errors import EnvironmentFailed, IntegrityError, NotFoundError
from registry.model.digest import is_md5
from registry.model.paths import problems
from registry.workspace.pointer import Pointer

CHUNK = 4 * 1024 * 1024
WORKERS = 8

Source = Callable[[str], Iterable[bytes] | None]
"""Gives the bytes of an object by its DVC id, or None where it has none."""


def file_source(locate: Callable[[str], Path]) -> Source:
    """A source of local files; `locate` maps an id to a path that may not exist."""

    def read(md5: str) -> Iterable[bytes] | None:
        path = locate(md5)
        return _chunks(path) if path.is_file() else None

    return read


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


class TooLargeError(EnvironmentFailed):
    """The data of a pointer is more than may be fetched."""

    code = "too-large"


@dataclass
class _Budget:
    """How many bytes may still be fetched; threads share it."""

    left: int | None
    limit: int | None
    lock: Lock = field(default_factory=Lock)

    def spend(self, size: int, what: str) -> None:
        """Takes `size` bytes; raises `TooLargeError` where there are not as many."""
        with self.lock:
            if self.left is not None:
                self.left -= size
                if self.left < 0:
                    raise too_large(what, f"more than {self.limit:,} bytes")


def too_large(what: str, size: str) -> TooLargeError:
    """The refusal to fetch `what`, which takes `size`."""
    return TooLargeError(
        f"{what} is more than may be fetched", why=size, hint="allow more with --max-bytes N, such as 20GB"
    )


def materialise(pointer: Pointer, target: Path, sources: Sequence[Source], *, limit: int | None = None) -> Path:
    """Writes the data of `pointer`, at most `limit` bytes, below `target`; the dataset's path there.

    Whole or absent: written beside and renamed. Raises `NotFoundError` for an object that
    no source has, `IntegrityError` for one that every source has wrong, `TooLargeError`.
    """
    name = pointer.path.rpartition("/")[2]
    done = target / name
    if done.exists():
        return done
    if limit is not None and pointer.size is not None and pointer.size > limit:
        raise too_large(pointer.path, f"it takes {pointer.size:,} bytes, and {limit:,} are allowed")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    budget = _Budget(limit, limit)
    try:
        if pointer.directory:
            _write_all(beside / name, read_listing(pointer, sources), sources, budget)
        else:
            _write(beside / name, pointer.md5, name, sources, budget)
        try:
            beside.rename(target)
        except OSError:
            if not done.exists():
                raise
    except OSError as error:
        raise EnvironmentFailed(f"{target} cannot be written", why=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return done


def read_listing(pointer: Pointer, sources: Sequence[Source]) -> list[tuple[str, str]]:
    """(path, md5) of each file of a directory's pointer; its paths are vetted."""
    data = b"".join(_verified(pointer.md5, f"the listing of {pointer.path}", sources))
    try:
        listing = [(item["relpath"], item["md5"]) for item in json.loads(data)]
    except (ValueError, TypeError, KeyError) as error:
        raise IntegrityError(f"the listing of {pointer.path} is broken", why=type(error).__name__) from error
    if not all(isinstance(path, str) and is_md5(md5) for path, md5 in listing):
        raise IntegrityError(f"the listing of {pointer.path} is broken", why="an entry has no path or md5")
    refused = problems(path for path, _ in listing)
    if refused:
        raise IntegrityError(
            f"the listing of {pointer.path} holds the refused path {refused[0].path!r}", why=refused[0].why
        )
    return listing


def _write_all(folder: Path, listing: Sequence[tuple[str, str]], sources: Sequence[Source], budget: _Budget) -> None:
    """Some files at a time; the first that fails ends the rest."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        started = [pool.submit(_write, folder / path, md5, path, sources, budget) for path, md5 in listing]
        try:
            for one in started:
                one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write(file: Path, md5: str, path: str, sources: Sequence[Source], budget: _Budget) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as out:
        for chunk in _verified(md5, path, sources, restart=lambda: _rewind(out)):
            budget.spend(len(chunk), path)
            out.write(chunk)


def _rewind(out: object) -> None:
    out.seek(0)  # type: ignore[attr-defined]
    out.truncate()  # type: ignore[attr-defined]


def _verified(
    md5: str, what: str, sources: Sequence[Source], restart: Callable[[], None] | None = None
) -> Iterator[bytes]:
    """The bytes of an object from the first source that has them right.

    Chunks are handed on before the digest is known; `restart` is called before another
    source begins anew, and an object wrong everywhere raises at the end. A source that cannot be
    reached counts as one without the object, and is named where no other has it.
    """
    begun = wrong = False
    unreached: list[str] = []
    for source in sources:
        if begun and restart:
            restart()
        kept: list[bytes] = []
        digest = hashlib.md5(usedforsecurity=False)
        try:
            chunks = source(md5)
            if chunks is None:
                continue
            begun = True
            for chunk in chunks:
                digest.update(chunk)
                if restart is None:
                    kept.append(chunk)
                else:
                    yield chunk
        except EnvironmentFailed as error:
            unreached.append(str(error))
            continue
        if digest.hexdigest() == md5.removesuffix(".dir"):
            yield from kept
            return
        wrong = True
    if wrong:
        raise IntegrityError(
            f"the object of {what} is corrupt wherever it was found",
            hint="registry push, from a clone that has the data",
            md5=md5,
        )
    if unreached:
        raise EnvironmentFailed(f"the object of {what} cannot be had", why="; ".join(dict.fromkeys(unreached)))
    raise NotFoundError(
        f"the object of {what} is nowhere",
        why=f"neither the cache, DVC's remote nor the store has md5 {md5}",
        hint="registry push, from a clone that has the data",
        md5=md5,
    )
