"""Croissant 1.1 metadata (JSON-LD), written by hand so that equal facts give equal bytes.

Every file is a `FileObject` with its sha256; every split is a record set. A split of
several files reads them through a `FileSet`. Specification:
https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from registry.cards.hub import glob_path, hub_splits, license_fields, released_schema
from registry.model.facts import ReleaseFacts
from registry.model.files import FileEntry
from registry.reports.process import NAMES, Line, lines_of
from registry.reports.text import Text

CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
ENCODINGS = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "jsonl": "application/jsonlines",
    "parquet": "application/x-parquet",
    "arrow": "application/vnd.apache.arrow.file",
}
_BY_SUFFIX = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".jsonl": "application/jsonlines",
    ".parquet": "application/x-parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".json": "application/json",
    ".gz": "application/gzip",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
READABLE = ("csv", "tsv", "jsonl", "parquet")  # formats whose records a Croissant reader can be told of
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cdla-permissive-2.0": "CDLA-Permissive-2.0",
    "cdla-sharing-1.0": "CDLA-Sharing-1.0",
    "mit": "MIT",
    "odbl": "ODbL-1.0",
    "odc-by": "ODC-By-1.0",
    "pddl": "PDDL-1.0",
}
_RAI = {
    "collection": "rai:dataCollection",
    "annotation": "rai:dataAnnotationProtocol",
    "bias": "rai:dataBiases",
    "out-of-scope": "rai:dataLimitations",
    "purpose": "rai:dataUseCases",
    "personal-data": "rai:personalSensitiveInformation",
    "maintenance": "rai:dataReleaseMaintenancePlan",
}
# What the vocabulary has a property for, and the records that fill it.
_RAI_RECORDS: Mapping[str, tuple[str, ...]] = {
    "rai:dataAnnotationProtocol": ("guideline", "annotators", "review"),
    "rai:dataAnnotationAnalysis": ("pilot",),
    "rai:personalSensitiveInformation": ("ethics", "consent"),
    "rai:dataReleaseMaintenancePlan": ("retention",),
}


def croissant(facts: ReleaseFacts) -> dict[str, Any]:
    """The JSON-LD of a release. A draft without a version is `0.0.0`."""
    declared, ids = facts.declared, _file_ids([entry.path for entry in facts.files])
    document: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": facts.name,
        "alternateName": facts.heading,
        "description": declared.text("summary") or facts.schema.description or facts.heading,
        "version": facts.version or "0.0.0",
        "isLiveDataset": False,
        "distribution": [_file(entry, ids[entry.path]) for entry in facts.files] + _file_sets(facts),
        "recordSet": _record_sets(facts, ids),
    }
    document |= _optional(facts)
    document |= {name: declared.section(key) for key, name in _RAI.items() if declared.section(key)}
    return document | _recorded(facts, document)


def _recorded(facts: ReleaseFacts, known: Mapping[str, Any]) -> dict[str, Any]:
    """What the process records say in the vocabulary for responsible AI, after the prose of `known`."""
    told = {line.name: "; ".join(f"{key}: {said}" for key, said in line.parts) for line in _lines(facts) if line.parts}
    found: dict[str, Any] = {}
    for name, records in _RAI_RECORDS.items():
        sentences = [f"{title}: {told[title]}." for title in (NAMES[r][0] for r in records) if title in told]
        if sentences:
            found[name] = "\n\n".join(filter(None, [known.get(name, ""), " ".join(sentences)]))
    people = facts.declared.process.records.get("annotators", {})
    exact = {"rai:annotatorDemographics": "demographics", "rai:dataAnnotationPlatform": "platform"}
    found |= {name: str(people[key]) for name, key in exact.items() if key in people}
    if "per_item" in people:
        found["rai:annotationsPerItem"] = str(people["per_item"])
    if facts.declared.process.sources:
        found["prov:wasDerivedFrom"] = [_source(source) for source in facts.declared.process.sources]
    return found


def _lines(facts: ReleaseFacts) -> tuple[Line, ...]:
    return lines_of(facts.declared.process, Text("en"))


def _source(source: Mapping[str, str]) -> dict[str, Any]:
    """A source dataset; its digest and licence stand as they were declared."""
    keys = {"name": "name", "version": "version", "digest": "identifier", "license": "license", "url": "url"}
    return {"@type": "sc:Dataset"} | {keys[key]: value for key, value in source.items()}


def _optional(facts: ReleaseFacts) -> dict[str, Any]:
    """What is known or declared; nothing is invented."""
    declared = facts.declared
    found = {
        "license": license_url(facts),
        "datePublished": facts.date,
        "url": declared.text("homepage") or declared.text("repository") or facts.repository,
        "citeAs": declared.text("citation"),
        "inLanguage": list(declared.values("language")),
        "keywords": list(declared.values("tags")),
        "creator": {"@type": "sc:Organization", "name": facts.released_by} if facts.released_by else None,
        "prov:wasRevisionOf": f"{facts.name}@{facts.previous}" if facts.previous else "",
    }
    return {key: value for key, value in found.items() if value}


def license_url(facts: ReleaseFacts) -> str:
    """Where the licence is described: as declared, at Creative Commons or SPDX, else its id; empty if undeclared."""
    found = license_fields(facts)
    identifier = found.get("license", "")
    if not identifier or identifier in ("other", "unknown"):
        return found.get("license_link", "") or found.get("license_name", "")
    common = re.fullmatch(r"cc-(by(?:-nc)?(?:-nd|-sa)?)-(\d\.\d)", identifier)
    if common:
        return f"https://creativecommons.org/licenses/{common[1]}/{common[2]}/"
    if identifier == "cc0-1.0":
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    return f"https://spdx.org/licenses/{_SPDX[identifier]}.html" if identifier in _SPDX else identifier


def _file_ids(paths: Sequence[str]) -> dict[str, str]:
    """An id for each path: readers of Croissant admit no white space in ids."""
    return dict(zip(paths, _unique([re.sub(r"\s+", "_", path) for path in paths]), strict=True))


def _unique(names: Sequence[str]) -> list[str]:
    taken: dict[str, None] = {}
    for index, name in enumerate(names):
        taken[name if name not in taken else f"{name}.{index}"] = None
    return list(taken)


def _file(entry: FileEntry, identifier: str) -> dict[str, Any]:
    suffix = re.search(r"\.[a-z0-9]+\Z", entry.path.lower())
    return {
        "@type": "cr:FileObject",
        "@id": identifier,
        "name": entry.path,
        "contentUrl": entry.path,
        "contentSize": f"{entry.size} B",
        "encodingFormat": _BY_SUFFIX.get(suffix[0] if suffix else "", "application/octet-stream"),
        "sha256": entry.sha256,
    }


def _readable(facts: ReleaseFacts, paths: Sequence[str]) -> bool:
    return facts.format in READABLE and not any(path.lower().endswith(".gz") for path in paths)


def _file_sets(facts: ReleaseFacts) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"files-of-{split}",
            "name": f"files-of-{split}",
            "encodingFormat": ENCODINGS[facts.format],
            "includes": [glob_path(path) for path in paths],
        }
        for split, paths, _, _ in hub_splits(facts)
        if len(paths) > 1 and _readable(facts, paths)
    ]


def _record_sets(facts: ReleaseFacts, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    sets = []
    for split, paths, rows, _ in hub_splits(facts):
        if _readable(facts, paths):
            one = {"fileObject": {"@id": ids[paths[0]]}}
            source = {"fileSet": {"@id": f"files-of-{split}"}} if len(paths) > 1 else one
            record = {"@type": "cr:RecordSet", "@id": split, "name": split, "description": f"{rows} rows."}
            sets.append(record | {"field": _fields(facts, split, source)})
    return sets


def _fields(facts: ReleaseFacts, split: str, source: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = [c for c in released_schema(facts).columns if data_type(c.type)]
    names = _identifiers([c.name for c in columns])
    fields = []
    for column, name in zip(columns, names, strict=True):
        field: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"{split}/{name}",
            "name": f"{split}/{name}",
            "dataType": data_type(column.type),
            "source": {**source, "extract": {"column": column.name}},
        }
        if column.description:
            field["description"] = column.description
        if column.type.startswith(("list", "large_list", "fixed_size_list")):
            field["repeated"] = True
        fields.append(field)
    return fields


def data_type(arrow_type: str) -> str | None:
    """The Croissant type of an Arrow type name; None for one that has none (structs, maps).

    >>> data_type("int32"), data_type("list<item: string>"), data_type("struct<a: int64>")
    ('sc:Integer', 'sc:Text', None)
    """
    listed = re.fullmatch(r"(?:large_|fixed_size_)?list<(?:\w+: )?(.+?)(?: not null)?>(?:\[\d+\])?", arrow_type)
    if listed:
        return None if "<" in listed[1] else data_type(listed[1])
    if re.match(r"u?int\d+", arrow_type):
        return "sc:Integer"
    kinds = {"half": "Float", "float": "Float", "double": "Float", "decimal": "Float", "bool": "Boolean"}
    kinds |= {"string": "Text", "large_string": "Text", "dictionary": "Text", "date": "Date", "timestamp": "Date"}
    kinds |= {"time": "Text"}
    return next((f"sc:{kind}" for prefix, kind in kinds.items() if arrow_type.startswith(prefix)), None)


def _identifiers(names: Sequence[str]) -> list[str]:
    """Column names as parts of ids: slashes and spaces replaced, unique."""
    return _unique([re.sub(r"[^\w.-]+", "_", name) or "column" for name in names])
