"""Where the rule of each check stands: the line of a suite, of a column in a schema, or the pointer of the data."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from registry.judge.rules import Rules
from registry.model.evidence import Evidence
from registry.model.judgement import Place
from registry.workspace.config import FILE
from registry.workspace.workspace import Dataset, Workspace
from registry.workspace.yamls import load_yaml

Places = dict[tuple[str, str], Place]


def places_of(workspace: Workspace, dataset: Dataset, rules: Rules, evidence: Evidence) -> Places:
    """The place of every check of `evidence`, by dataset and id; under the empty id that of the data."""
    pointer = f"{dataset.path}.dvc"
    data = Place(pointer if (workspace.root / pointer).is_file() else "dvc.yaml")
    suites = {
        expectation.check_id: Place(_relative(expectation.path, workspace.root), expectation.line)
        for expectation in rules.expectations
    }
    lines = _columns(workspace.root / dataset.schema)
    found = {("", ""): data}
    for check in evidence.checks:
        if check.id in suites:
            found["", check.id] = suites[check.id]
        elif check.id.startswith("schema:"):
            line = next((lines[name] for name in check.columns if name in lines), 1)
            found["", check.id] = Place(dataset.schema, line)
        elif check.id.startswith(("card:", "terms:")):
            found["", check.id] = Place(dataset.card, field_line(workspace.root / dataset.card, check.id))
        else:
            found["", check.id] = data
    return {(dataset.name, check): place for (_, check), place in found.items()}


def in_repository(workspace: Workspace, places: Places) -> Places:
    """Places relative to the top of the repository, where forges look for them."""
    top = workspace.git.relative(workspace.root)
    return {key: replace(place, path=posixpath.normpath(f"{top}/{place.path}")) for key, place in places.items()}


def field_line(card: Path, check: str) -> int:
    """The line of the field in the front matter of a card that a check is about; the first where it is not there."""
    field = check.rpartition(":")[2]
    field = {"source-licences": "sources", "licence": "license"}.get(field, field)
    start = tuple(f"{spelt}:" for spelt in (field, field.replace("_", "-")))
    lines = card.read_text("utf-8", "replace").splitlines() if card.is_file() else []
    return next((at for at, line in enumerate(lines, 1) if line.lstrip().startswith(start)), 1)


def _columns(schema: Path) -> Mapping[str, int]:
    """The line of each column in a schema that was read before; none where a branch has it no more."""
    if not schema.is_file():
        return {}
    value, places = load_yaml(schema)
    columns = value["schema"][0]["properties"]
    return {str(column["name"]): places.line("schema", 0, "properties", at) for at, column in enumerate(columns)}


def _relative(path: str, root: Path) -> str:
    try:
        return Path(path).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return FILE  # what lies elsewhere is named there
