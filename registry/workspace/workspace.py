"""The workspace: where the declarations of each dataset lie.

A workspace is a directory with `registry.toml` inside a git repository. A dataset is an
artifact of type `dataset` in `dvc.yaml`; its schema, suites and card are found by
convention unless `meta` points elsewhere.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from registry.errors import ConfigError, NotFoundError, UsageError, WorkspaceError
from registry.model.names import dataset_name
from registry.workspace.beside import attachments_of, templates_of
from registry.workspace.config import FILE, Config, is_inside, load_config
from registry.workspace.git import Git
from registry.workspace.lists import lists_of
from registry.workspace.pointer import Pointer, read_pointer
from registry.workspace.yamls import load_yaml

CHANGES = "changes"  # where `split` and `drop` record what they did, by dataset


@dataclass(frozen=True, slots=True)
class Dataset:
    """One declared dataset; all paths are relative to the workspace and in POSIX form."""

    name: str
    path: str
    schema: str
    checks: tuple[str, ...]
    card: str
    description: str = ""
    labels: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The artifact's entry, for comparisons."""
        return {
            "path": self.path,
            "schema": self.schema,
            "checks": list(self.checks),
            "card": self.card,
            "description": self.description,
            "labels": list(self.labels),
        }


@dataclass(frozen=True)
class Workspace:
    """A workspace at `root`, with its settings and datasets by name.

    `elsewhere` is the directory that it stands for where its declarations were laid out apart: of
    DVC, caches and relative addresses. `remote` describes the remote that DVC is to ask where that is
    another than its files name.
    """

    root: Path
    config: Config
    datasets: Mapping[str, Dataset]
    elsewhere: Path | None = None
    remote: Mapping[str, str] | None = None

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """The workspace that holds `start`; raises `WorkspaceError` outside one."""
        here = start.resolve()
        root = next((d for d in (here, *here.parents) if (d / FILE).is_file()), None)
        if root is None:
            raise WorkspaceError(f"{here} is not in a workspace", why=f"no {FILE} here or above", hint="registry init")
        return cls(root, load_config(root / FILE), read_datasets(root))

    @cached_property
    def git(self) -> Git:
        """The git repository; raises `WorkspaceError` where there is none."""
        return Git.require(self.root)

    @property
    def home(self) -> Path:
        """The directory that DVC works in, and that relative addresses are relative to."""
        return self.elsewhere or self.root

    @property
    def cache(self) -> Path:
        """Where computed things are kept between runs; safe to delete."""
        return self.home / ".registry" / "cache"

    def dataset(self, name: str) -> Dataset:
        """The dataset `name`; raises `NotFoundError` with the nearest names."""
        if name in self.datasets:
            return self.datasets[name]
        dataset_name(name)
        close = difflib.get_close_matches(name, list(self.datasets), 1)
        why = f"did you mean `{close[0]}`?" if close else f"declared are {', '.join(self.datasets) or 'none'}"
        raise NotFoundError(f"this workspace declares no dataset `{name}`", why=why, hint="registry status")

    def choose(self, name: str | None, start: Path, *, command: str) -> Dataset:
        """Which dataset a command means: the name, the one around `start`, the only one, the default."""
        if name:
            return self.dataset(name)
        if around := self.around(start):
            return around
        if len(self.datasets) == 1:
            return next(iter(self.datasets.values()))
        if self.config.default_dataset:
            return self.dataset(self.config.default_dataset)
        if not self.datasets:
            raise UsageError("this workspace declares no dataset", hint="registry add PATH")
        choices = ", or ".join(f"{command} {known}" for known in self.datasets)
        raise UsageError("several datasets are declared", why="name one", hint=choices)

    def around(self, start: Path) -> Dataset | None:
        """The dataset in whose data `start` lies, the innermost; None outside all."""
        here = start.resolve()
        found = [dataset for dataset in self.datasets.values() if self._is_in(here, dataset)]
        return max(found, key=lambda dataset: len(dataset.path), default=None)

    def _is_in(self, here: Path, dataset: Dataset) -> bool:
        path = (self.root / dataset.path).resolve()
        return here == path or path in here.parents

    def pointer(self, dataset: Dataset) -> Pointer | None:
        """The pointer of `dataset`, or None before the first `add`."""
        return read_pointer(self.root, dataset.path)

    def declared_files(self, dataset: Dataset) -> list[Path]:
        """The files in git that declare `dataset`, whether they exist or not."""
        card = PurePosixPath(dataset.card)
        names = [dataset.schema, *dataset.checks, dataset.card, *map(str, templates_of(card)), FILE]
        lists = [file for name in dataset.checks for file in lists_of(self.root / name)]
        if self.config.waivers:
            names.append(self.config.waivers)
        if self.config.preset.endswith(".toml"):
            names.append(self.config.preset)
        pointer = self.pointer(dataset)
        files = [*(self.root / name for name in names), *([pointer.file] if pointer else [])]
        return [*files, *dict.fromkeys(lists), *attachments_of(self.root / card), *self.records(dataset.name)]

    def records(self, name: str) -> list[Path]:
        """The files that record how the data of a dataset was mended, the oldest first."""
        files = (file for file in (self.root / CHANGES / name).glob("*.json") if re.match(r"\d+-", file.name))
        return sorted(files, key=lambda file: (int(file.name.split("-")[0]), file.name))


def read_datasets(root: Path) -> dict[str, Dataset]:
    """The datasets that `dvc.yaml` in `root` declares, by name."""
    file = root / "dvc.yaml"
    if not file.is_file():
        return {}
    document, places = load_yaml(file)
    return datasets_of(document, str(file), places.line)


def datasets_of(document: Any, file: str, line: Any = lambda *_: 1) -> dict[str, Dataset]:
    """The datasets in a parsed `dvc.yaml`; a wrong entry raises `ConfigError` with its line."""
    artifacts = (document or {}).get("artifacts") if isinstance(document or {}, dict) else None
    if artifacts is None:
        return {}
    if not isinstance(artifacts, dict):
        raise ConfigError(f"{file}:{line('artifacts')} `artifacts` is no mapping", hint=f"mend {file}")
    found = {}
    for name, entry in artifacts.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            raise ConfigError(f"{file}:{line('artifacts', name)} `{name}` has no `path`", hint=f"mend {file}")
        if entry.get("type") == "dataset":
            found[str(name)] = _dataset(str(name), entry, f"{file}:{line('artifacts', name)}")
    return found


def _dataset(name: str, entry: Mapping[str, Any], where: str) -> Dataset:
    dataset_name(name)
    meta = entry.get("meta") or {}
    meta = meta if isinstance(meta, dict) else {"schema": None}
    checks = meta.get("checks", [f"checks/{name}.yaml"])
    checks = checks if isinstance(checks, list) else [checks]
    named = [entry["path"], *checks, *(meta[key] for key in ("schema", "card") if key in meta)]
    labels = entry.get("labels")
    if not isinstance(labels, list | None):
        raise ConfigError(f"{where} `{name}`: `labels` is no list", hint="mend dvc.yaml")
    if not all(isinstance(path, str) and is_inside(path) for path in named) or {"", "."} & set(named[1:]):
        raise ConfigError(
            f"{where} `{name}` points at something that is no path inside the workspace",
            why="path, meta.schema, meta.checks and meta.card are relative paths without `..`",
            hint="mend dvc.yaml",
        )
    return Dataset(
        name=name,
        path=posixpath.normpath(entry["path"]),
        schema=meta.get("schema", f"schemas/{name}.yaml"),
        checks=tuple(checks),
        card=meta.get("card", f"cards/{name}.md"),
        description=str(entry.get("desc") or ""),
        labels=tuple(str(label) for label in labels or ()),
    )
