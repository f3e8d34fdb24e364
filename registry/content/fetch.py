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
from pathlib import Path

from registry.errors import EnvironmentFailed, IntegrityError, NotFoundError
from registry.model.digest import is_md5
from registry.model.paths import problems
from registry.workspace.pointer import Pointer

CHUNK = 4 * 1024 * 1024

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


def materialise(pointer: Pointer, target: Path, sources: Sequence[Source]) -> Path:
    """Writes the data of `pointer` below `target`; the dataset's path there.

    Whole or absent: written beside and renamed. Raises `NotFoundError` for an object that
    no source has, `IntegrityError` for one that every source has wrong.
    """
    name = pointer.path.rpartition("/")[2]
    done = target / name
    if done.exists():
        return done
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    try:
        if pointer.directory:
            for path, md5 in _listing(pointer, sources):
                _write(beside / name / path, md5, path, sources)
        else:
            _write(beside / name, pointer.md5, name, sources)
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


def _listing(pointer: Pointer, sources: Sequence[Source]) -> list[tuple[str, str]]:
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


def _write(file: Path, md5: str, path: str, sources: Sequence[Source]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as out:
        for chunk in _verified(md5, path, sources, restart=lambda: _rewind(out)):
            out.write(chunk)


def _rewind(out: object) -> None:
    out.seek(0)  # type: ignore[attr-defined]
    out.truncate()  # type: ignore[attr-defined]


def _verified(
    md5: str, what: str, sources: Sequence[Source], restart: Callable[[], None] | None = None
) -> Iterator[bytes]:
    """The bytes of an object from the first source that has them right.

    Chunks are handed on before the digest is known; `restart` is called before another
    source begins anew, and an object wrong everywhere raises at the end.
    """
    wrong = False
    for source in sources:
        chunks = source(md5)
        if chunks is None:
            continue
        if wrong and restart:
            restart()
        kept: list[bytes] | None = [] if restart is None else None
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in chunks:
            digest.update(chunk)
            if kept is None:
                yield chunk
            else:
                kept.append(chunk)
        if digest.hexdigest() == md5.removesuffix(".dir"):
            yield from kept or ()
            return
        wrong = True
    if wrong:
        raise IntegrityError(
            f"the object of {what} is corrupt wherever it was found",
            hint="registry push, from a clone that has the data",
            md5=md5,
        )
    raise NotFoundError(
        f"the object of {what} is nowhere",
        why=f"neither the cache, DVC's remote nor the store has md5 {md5}",
        hint="registry push, from a clone that has the data",
        md5=md5,
    )
