"""The declared schema of a dataset, as a value: columns, roles, splits.

`registry.schemas` compiles it from an Open Data Contract Standard document; readers,
checks, cards and consumers use this value only.

>>> schema = DatasetSchema(name="reviews", columns=(Column("text", "string", required=True, role="text"),))
>>> schema.column_of_role("text").name
'text'
>>> DatasetSchema.from_json(schema.to_json()) == schema
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from registry.model.digest import digest_of

ROLES = (
    "label",
    "split",
    "text",
    "image",
    "key",
    "group",
    "time",
    "annotator",
    "quasi-identifier",
    "sensitive",
    "provenance",
    "weight",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is an Arrow type name (`int64`, `string`, `list<int32>`, `timestamp[us]`).

    `required` means no null; `classes` is a closed, ordered label set; `enum` a closed
    list of values. `minimum` … `pattern` are ODCS `logicalTypeOptions`.
    """

    name: str
    type: str
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    role: str | None = None
    classes: tuple[str | int | bool, ...] = ()
    enum: tuple[str | int | float | bool, ...] = ()
    minimum: Any = None
    maximum: Any = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    description: str = ""
    classification: str = ""


@dataclass(frozen=True, slots=True)
class DatasetSchema:
    """Columns in order, and how the files become one table.

    `splits` maps a split to a glob over the data paths, in the declared order; `open`
    admits undeclared columns; `encoding` is that of text files. `merged` are the columns of the base, where a branch
    lets in others: until these are merged, no row is told from another by them.
    """

    name: str
    columns: tuple[Column, ...] = ()
    splits: Mapping[str, str] = field(default_factory=dict)
    open: bool = False
    encoding: str = "utf-8"
    license: str = ""
    title: str = ""
    description: str = ""
    merged: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column called `name`."""
        return next((c for c in self.columns if c.name == name), None)

    def columns_of_role(self, role: str) -> tuple[Column, ...]:
        """All columns with `role`, in order."""
        return tuple(c for c in self.columns if c.role == role)

    def column_of_role(self, role: str) -> Column | None:
        """The first column with `role`."""
        return next(iter(self.columns_of_role(role)), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns that identify a row: primary key, else role key."""
        primary = tuple(c.name for c in self.columns if c.primary_key)
        return primary or tuple(c.name for c in self.columns_of_role("key"))

    def to_json(self) -> dict[str, Any]:
        """A JSON value that holds everything; unset fields are left out."""
        document: dict[str, Any] = {"format": "registry.schema/1", "name": self.name}
        document["columns"] = [{k: _plain(v) for k, v in asdict(c).items() if _is_set(k, v)} for c in self.columns]
        if self.splits:
            document["splits"] = [{"split": split, "glob": glob} for split, glob in self.splits.items()]
        for name in ("open", "encoding", "license", "title", "description"):
            value = getattr(self, name)
            if value and value != "utf-8":
                document[name] = value
        if self.merged:
            document["merged"] = list(self.merged)  # of a judgement alone: no file of a schema says so
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> DatasetSchema:
        """The schema that `to_json` wrote; unknown fields are ignored."""
        columns = tuple(_column(c) for c in document["columns"])
        rest = {k: document[k] for k in ("open", "encoding", "license", "title", "description") if k in document}
        splits = {s["split"]: s["glob"] for s in document.get("splits", ())}
        return cls(name=document["name"], columns=columns, splits=splits, **rest)

    @property
    def sha256(self) -> str:
        """Digest of the schema's meaning: layout and comments of its file do not count."""
        return digest_of(self.to_json())


def _column(document: Mapping[str, Any]) -> Column:
    known = {f.name for f in fields(Column)}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in document.items() if k in known}
    return Column(**values)


def _is_set(name: str, value: Any) -> bool:
    return name in ("name", "type") or (value not in (None, "", ()) and value is not False)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
