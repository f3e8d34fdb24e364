"""The card's front matter: what `datasets.load_dataset` and the Hub read.

Splits, counts and features are computed from the released files, since a wrong number
here makes loading fail for every consumer.

>>> hub_split("dev-2"), hub_split("학습"), glob_path("data/[1] a.csv")
('dev_2', '학습', 'data/[[]1] a.csv')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from registry.cards.vocabulary import LICENSES, size_category
from registry.model.facts import ReleaseFacts, split_paths
from registry.model.schema import Column, DatasetSchema

UNSPLIT = "full"  # the split of rows whose split only a column knows; never `train`, which it is not
_METADATA = re.compile(r"(?:^|/)metadata\.(?:jsonl|csv|parquet)\Z")  # of the ImageFolder convention
_COPIED = (
    "annotations_creators",
    "language_creators",
    "multilinguality",
    "source_datasets",
    "task_categories",
    "task_ids",
)


def metadata(facts: ReleaseFacts) -> dict[str, Any]:
    """The front matter, as a value in the Hub's order of keys."""
    declared = facts.declared
    found: dict[str, Any] = {}
    if declared.values("language"):
        found["language"] = list(declared.values("language"))
    found |= license_fields(facts)
    found["pretty_name"] = facts.heading
    found |= {name: list(declared.values(name)) for name in _COPIED if declared.values(name)}
    found["size_categories"] = [size_category(facts.rows)]
    found["tags"] = list(dict.fromkeys([*declared.values("tags"), "croissant"]))
    found["configs"] = [_config(facts)]
    found["dataset_info"] = _info(facts)
    return found


def license_fields(facts: ReleaseFacts) -> dict[str, str]:
    """`license`, and for one that the Hub does not know its name and link; empty where none is declared."""
    declared, identifier = facts.declared, facts.license_id.strip()
    if not identifier:
        return {}
    known = identifier.lower() in LICENSES and identifier.lower() != "other"
    if known:
        return {"license": identifier.lower()}
    name = declared.text("license_name") or (identifier if identifier.lower() != "other" else "")
    found = {"license": "other", "license_name": name, "license_link": declared.text("license_link")}
    return {key: value for key, value in found.items() if value}


def hub_split(name: str) -> str:
    """`name` as `datasets` admits it: word characters; others become `_`."""
    return re.sub(r"\W+", "_", name).strip("_") or "split"


def glob_path(path: str) -> str:
    """`path` as a pattern that matches itself only."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def hub_splits(facts: ReleaseFacts) -> list[tuple[str, tuple[str, ...], int, int]]:
    """(split, paths, rows, bytes) as `datasets` will see them, names unique.

    Where a column decides, files cannot be told apart: all rows form one split, named as
    the only split there is, else `full`.
    """
    everything = tuple(entry.path for entry in facts.files)
    if not facts.split_files:
        filled = [name for name, rows in facts.splits if rows]
        alone = len(filled) == 1 and not facts.profile["without_split"]
        return [(hub_split(filled[0]) if alone else UNSPLIT, everything, facts.rows, facts.files.bytes)]
    rows, own = dict(facts.splits), split_paths(facts.files, facts.split_files)
    order = [name for name, _ in facts.splits if own.get(name)]
    names = _unique(hub_split(name) for name in order)
    return [
        (name, (*own[split], *_beside(facts, own, split)), rows[split], facts.split_bytes.get(split, 0))
        for name, split in zip(names, order, strict=True)
    ]


def _beside(facts: ReleaseFacts, own: Mapping[str, tuple[str, ...]], split: str) -> tuple[str, ...]:
    """`metadata.*` files that describe files of `split` without holding rows of one split themselves."""
    taken = {path for paths in own.values() for path in paths}
    found = [entry.path for entry in facts.files if entry.path not in taken and _METADATA.search(entry.path)]
    heads = {path: path.rpartition("/")[0] for path in found}
    return tuple(p for p, head in heads.items() if not head or any(one.startswith(f"{head}/") for one in own[split]))


def _unique(names: Iterable[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        candidate, number = name, 2
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.append(candidate)
    return taken


def _filled(facts: ReleaseFacts) -> list[tuple[str, tuple[str, ...], int, int]]:
    """The splits that have rows: `datasets` reads no Parquet file without any. All of them where none has."""
    splits = hub_splits(facts)
    return [split for split in splits if split[2]] or splits


def _config(facts: ReleaseFacts) -> dict[str, Any]:
    config: dict[str, Any] = {
        "config_name": "default",
        "default": True,
        "data_files": [
            {"split": split, "path": [glob_path(path) for path in paths]} for split, paths, _, _ in _filled(facts)
        ],
    }
    return config | _reader(facts)


def _reader(facts: ReleaseFacts) -> dict[str, Any]:
    """What keeps the Hub's readers close to ours: only an empty field of a CSV is null, and splits are no classes."""
    if facts.format == "imagefolder" and len(facts.profile["columns"]) == 1:
        return {"drop_labels": True}
    if facts.format not in ("csv", "tsv"):
        return {}
    options: dict[str, Any] = {"keep_default_na": False, "na_values": [""]}
    if facts.format == "tsv":
        options["sep"] = "\t"
    if facts.schema.encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
        options["encoding"] = facts.schema.encoding
    return options


def released_schema(facts: ReleaseFacts) -> DatasetSchema:
    """The schema of what the files hold: an open one with its undeclared columns, as they were read."""
    known = {column.name for column in facts.schema.columns}
    more = [Column(c["name"], c["type"]) for c in facts.profile["columns"] if c["name"] not in known]
    return replace(facts.schema, columns=(*facts.schema.columns, *more)) if more else facts.schema


def _info(facts: ReleaseFacts) -> dict[str, Any]:
    from registry.schemas.features import features

    splits = _filled(facts)
    return {
        "features": features(released_schema(facts)),
        "splits": [{"name": name, "num_bytes": size, "num_examples": rows} for name, _, rows, size in splits],
        "download_size": facts.files.bytes,
        "dataset_size": sum(size for _, _, _, size in splits),
    }
