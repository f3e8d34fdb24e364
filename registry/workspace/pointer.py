"""The pointer of a dataset: what git holds in place of the data.

A pointer is the `.dvc` file beside the path, else the `outs` entry of that path in
`dvc.lock` where a DVC stage makes the data.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import ConfigError
from registry.model.digest import is_md5
from registry.workspace.yamls import load_yaml


@dataclass(frozen=True, slots=True)
class Pointer:
    """DVC's record of one output: id (with `.dir` for directories), size in bytes, files.

    `file` is where git holds it; `stage` the name of the stage that makes the data.
    """

    file: Path
    path: str
    md5: str
    size: int | None
    files: int | None
    stage: str | None = None

    @property
    def directory(self) -> bool:
        """Whether the output is a directory."""
        return self.md5.endswith(".dir")


def read_pointer(root: Path, path: str) -> Pointer | None:
    """The pointer of the artifact at `path` (relative to the workspace `root`), or None."""
    beside = root / f"{path}.dvc"
    if beside.is_file():
        return _from_dvc_file(beside, path)
    lock = root / "dvc.lock"
    return _from_lock(lock, path) if lock.is_file() else None


def stage_of(root: Path, path: str) -> str | None:
    """The name of the stage in `dvc.yaml` that makes `path`, or None."""
    file = root / "dvc.yaml"
    if not file.is_file():
        return None
    for name, stage, out in _outputs(file):
        target = next(iter(out), "") if isinstance(out, dict) else out
        if posixpath.normpath(posixpath.join(str(stage.get("wdir", ".")), str(target))) == path:
            return name
    return None


def _outputs(file: Path) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Each output of the stages of `dvc.yaml` or `dvc.lock`, with the stage's name and entry."""
    document, _ = load_yaml(file)
    stages = document.get("stages") if isinstance(document, dict) else None
    entries: Iterable[tuple[Any, Any]] = stages.items() if isinstance(stages, dict) else [("stages", stages)]
    for name, stage in entries:
        outs = stage.get("outs") if isinstance(stage, dict) else None
        if not isinstance(stage, dict | None) or not isinstance(outs, list | None):
            raise ConfigError(f"{file}: `{str(name)[:80]}` is no stage", why="it is no mapping", hint=f"mend {file}")
        yield from ((str(name), stage or {}, out) for out in outs or ())


def _from_dvc_file(file: Path, path: str) -> Pointer:
    document, _ = load_yaml(file)
    outs = document.get("outs") if isinstance(document, dict) else None
    if not isinstance(outs, list) or len(outs) != 1 or not isinstance(outs[0], dict):
        raise ConfigError(f"{file} is no pointer of one output", hint=f"registry add {path}")
    if outs[0].get("path") != posixpath.basename(path):
        raise ConfigError(f"{file} points at {str(outs[0].get('path'))[:80]!r}", hint=f"registry add {path}")
    return _pointer(file, path, outs[0], None)


def _from_lock(lock: Path, path: str) -> Pointer | None:
    for name, _, out in _outputs(lock):
        if isinstance(out, dict) and out.get("path") == path:
            return _pointer(lock, path, out, name)
    return None


def _pointer(file: Path, path: str, out: dict[str, Any], stage: str | None) -> Pointer:
    md5 = out.get("md5")
    if out.get("hash") != "md5" or not isinstance(md5, str) or not is_md5(md5.removesuffix(".dir")):
        raise ConfigError(
            f"{file} has no md5 of DVC 3",
            why="pointers of DVC 2 and of external storage are not supported",
            hint="dvc cache migrate --dvc-files",
        )
    size, files = out.get("size"), out.get("nfiles")
    return Pointer(
        file, path, md5, size if isinstance(size, int) else None, files if isinstance(files, int) else None, stage
    )
