"""Writes a dataset's artifact into `dvc.yaml`, keeping comments and order."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from registry.errors import ConfigError
from registry.workspace.files import write_text


def declare_artifact(root: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Adds the artifact `name` to `dvc.yaml` in `root`; an existing one raises `ConfigError`."""
    from ruamel.yaml import YAML

    file = root / "dvc.yaml"
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 4096
    document = (yaml.load(file.read_text("utf-8")) if file.exists() else None) or {}
    artifacts = document.setdefault("artifacts", {}) or {}
    if name in artifacts:
        raise ConfigError(f"{file} declares `{name}` already", hint=f"registry add {entry['path']} --name another-name")
    artifacts[name] = dict(entry)
    document["artifacts"] = artifacts
    out = StringIO()
    yaml.dump(document, out)
    write_text(file, out.getvalue())
