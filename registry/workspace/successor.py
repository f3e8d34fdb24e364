"""A dataset of one file that becomes a directory: where that lies, and how `dvc.yaml` says so.

>>> successor_of("data/물의-흐름.v2.csv.gz"), stem("water.flow")
('data/물의-흐름', 'water')
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path, PurePosixPath

from registry.workspace.files import write_text


def stem(name: str) -> str:
    """The name of a file up to the first dot, as dataset names are read off it."""
    return name.split(".")[0] or name


def successor_of(path: str) -> str:
    """The directory beside the file at `path`, called as it is."""
    place = PurePosixPath(path)
    return str(place.with_name(stem(place.name)))


def move_artifact(root: Path, name: str, path: str) -> None:
    """Sets the path of the artifact `name` in `dvc.yaml`, keeping comments and order."""
    from ruamel.yaml import YAML

    file = root / "dvc.yaml"
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 4096
    document = yaml.load(file.read_text("utf-8"))
    document["artifacts"][name]["path"] = path
    out = StringIO()
    yaml.dump(document, out)
    write_text(file, out.getvalue())
