"""Where the rule of each check stands: the line of a suite, of a column in a schema, or the pointer of the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from registry.judge.judge import Bench
from registry.model.evidence import Evidence
from registry.model.judgement import Place
from registry.workspace.yamls import load_yaml


def places_of(bench: Bench, evidence: Evidence) -> dict[tuple[str, str], Place]:
    """The place of every check of `evidence`; under the empty id that of the data."""
    workspace, dataset = bench.workspace, bench.dataset
    pointer = f"{dataset.path}.dvc"
    data = Place(pointer if (workspace.root / pointer).is_file() else "dvc.yaml")
    suites = {
        expectation.check_id: Place(_relative(expectation.path, workspace.root), expectation.line)
        for expectation in bench.rules.expectations
    }
    lines = _columns(workspace.root / dataset.schema)
    found = {("", ""): data}
    for check in evidence.checks:
        if check.id in suites:
            found["", check.id] = suites[check.id]
        elif check.id.startswith("schema:"):
            line = next((lines[name] for name in check.columns if name in lines), 1)
            found["", check.id] = Place(dataset.schema, line)
        else:
            found["", check.id] = data
    return {(dataset.name, check): place for (_, check), place in found.items()}


def _columns(schema: Path) -> Mapping[str, int]:
    """The line of each column in a schema that was read before."""
    value, places = load_yaml(schema)
    columns = value["schema"][0]["properties"]
    return {str(column["name"]): places.line("schema", 0, "properties", at) for at, column in enumerate(columns)}


def _relative(path: str, root: Path) -> str:
    try:
        return Path(path).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path
