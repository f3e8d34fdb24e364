"""A first schema, read off the data; a person edits it afterwards.

Nothing is invented: types are the table's, `required` says that no null was seen, and a
role stands only where it was given or where a name and its values make it plain.

>>> suggested("Sentiment_Label"), suggested("리뷰 본문"), suggested("price")
('label', 'text', None)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.errors import UsageError
from registry.model.schema import Column, DatasetSchema
from registry.privacy.find import alike
from registry.tables.duck import Session, quote_ident, quote_text
from registry.tables.formats import IMAGES
from registry.tables.images import IMAGE
from registry.tables.table import Table

MAX_CLASSES = 50
BATCH = 16  # columns counted in one pass
CODES = "[!-~]+"  # strings of printing ASCII without a space, which are names and codes and no prose
MOST = 0.9  # share of such strings from which a column is one of codes
LONG = 20  # characters on average, from which strings are text whatever their number
_WORDS: Mapping[str, tuple[str, ...]] = {
    "key": (
        *("id", "uid", "uuid", "guid", "key", "idx", "index", "pk", "rowid", "serial"),
        *("번호", "아이디", "순번", "연번", "일련번호", "고유번호", "식별자"),
    ),
    "label": (
        *("label", "labels", "class", "target", "sentiment", "category", "intent"),
        *("라벨", "레이블", "분류", "감성"),
    ),
    "text": ("text", "sentence", "document", "content", "body", "review", "comment", "본문", "문장", "내용", "텍스트"),
}
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("halffloat", "float", "double")  # types that hold NaN, which is missing
_MEASURES = ("halffloat", "float", "double", "bool")
_CLASS_TYPES = ("string", "bool", *_INTEGERS)


@dataclass(frozen=True, slots=True)
class Roles:
    """What a person said about the columns; each a column name, or None to look for it."""

    label: str | None = None
    text: str | None = None
    key: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    annotators: tuple[str, ...] = ()
    license: str = ""
    encoding: str = "utf-8"

    def given(self) -> dict[str, str]:
        """Role of each column that was named."""
        named = {"label": self.label, "text": self.text, "key": self.key, "group": self.group}
        named |= {"time": self.time, "split": self.split}
        found = {column: role for role, column in named.items() if column}
        return found | dict.fromkeys(self.annotators, "annotator")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was counted of one column: nulls, distinct values (nulls apart), mean length and codes of texts."""

    nulls: int
    distinct: int
    length: float = field(default=0.0)
    codes: float = field(default=0.0)


def hint_schema(name: str, roles: Roles) -> DatasetSchema | None:
    """What the readers must know before there is a schema: encoding and split column; None if nothing was said."""
    if roles.split is None and roles.encoding == "utf-8":
        return None
    columns = (Column(roles.split, "string", role="split"),) if roles.split else ()
    return DatasetSchema(name, columns, open=True, encoding=roles.encoding)


def infer_schema(name: str, table: Table, session: Session, roles: Roles) -> DatasetSchema:
    """The schema of `table` with the roles given, and those found for label, text and key.

    A named column that the table lacks raises `UsageError`.
    """
    types = dict(table.columns)
    given = roles.given()
    for column in given:
        if column not in types:
            hint = f"registry add PATH --name {name}"
            raise UsageError(f"there is no column `{column}`", why=f"the columns are {', '.join(types)}", hint=hint)
    facts = _facts(session, table)
    given |= {IMAGE: "image"} if table.format == IMAGES else {}
    given |= {table.split_column: "split"} if table.split_column else {}
    found = _found_roles(types, facts, table.rows, given)
    columns = []
    for column, kind in types.items():
        role, seen = found.get(column), facts[column]
        classes = _classes(session, column, kind, seen) if role == "label" else ()
        columns.append(
            Column(
                name=column,
                type="string" if kind == "null" else kind,
                required=seen.nulls == 0,
                unique=role == "key" and seen.distinct == table.rows and seen.nulls == 0,
                role=role,
                classes=classes,
            )
        )
    return DatasetSchema(name, tuple(columns), encoding=roles.encoding, license=roles.license)


def suggested(column: str) -> str | None:
    """The role that the name of a column suggests, or None."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    words = re.findall(r"[^\W_]+", spaced.casefold())
    return next((role for role, known in _WORDS.items() if any(word in known for word in words[::-1])), None)


def _found_roles(
    types: Mapping[str, str], facts: Mapping[str, Facts], rows: int, given: Mapping[str, str]
) -> dict[str, str]:
    """The given roles, then a label, a text and a key where none was given and one is plain."""
    roles = dict(given)
    free = [name for name in types if name not in given]
    candidates = {
        "key": [n for n in free if suggested(n) == "key" and _is_key(types[n], facts[n], rows)],
        "label": [n for n in free if suggested(n) == "label" and _is_label(types[n], facts[n], rows)],
        "text": sorted((n for n in free if _is_text(n, types[n], facts[n], rows)), key=lambda n: (-facts[n].length, n)),
    }
    for role, names in candidates.items():
        left = [name for name in names if name not in roles]
        if left and role not in roles.values() and not (role == "text" and facts[left[0]].length <= 0):
            roles[left[0]] = role
    return roles


def _is_label(kind: str, seen: Facts, rows: int) -> bool:
    return kind in _CLASS_TYPES and 1 < seen.distinct <= MAX_CLASSES and seen.distinct * 2 <= max(rows, 4)


def _is_key(kind: str, seen: Facts, rows: int) -> bool:
    return kind not in _MEASURES and seen.distinct == rows and not seen.nulls


def _is_text(name: str, kind: str, seen: Facts, rows: int) -> bool:
    """Whether strings are text rather than codes: so called, or no codes and long, or no codes and mostly different."""
    free = seen.length >= LONG or seen.distinct * 2 > rows - seen.nulls
    return kind == "string" and (suggested(name) == "text" or (free and seen.codes < MOST))


def _facts(session: Session, table: Table) -> dict[str, Facts]:
    """Counts of all columns, a few columns a pass: what a set of distinct values takes is taken for each of a pass."""
    row: dict[str, Any] = {}
    columns = list(enumerate(table.columns))
    for start in range(0, len(columns), BATCH):
        parts: list[str] = []
        for index, (column, kind) in columns[start : start + BATCH]:
            name = quote_ident(column)
            lacking = f"{name} IS NULL OR isnan({name})" if kind in FLOATS else f"{name} IS NULL"
            parts += [f"count(*) FILTER ({lacking}) AS n{index}", f"count(DISTINCT {name}) AS d{index}"]
            if kind == "string":
                parts.append(f"coalesce(sum(length({name})), 0) AS l{index}")
                parts.append(f"count(*) FILTER (regexp_full_match({name}, {quote_text(CODES)})) AS c{index}")
        row |= session.row(f"SELECT {', '.join(parts)} FROM data")  # noqa: S608
    found: dict[str, Facts] = {}
    for index, (column, _) in enumerate(table.columns):
        filled = max(table.rows - row[f"n{index}"], 1)
        shares = (float(row.get(f"{figure}{index}", 0)) / filled for figure in ("l", "c"))
        found[column] = Facts(row[f"n{index}"], row[f"d{index}"], *shares)
    return found


def _classes(session: Session, column: str, kind: str, seen: Facts) -> tuple[Any, ...]:
    """The sorted values of a label column, where they are few enough to be a closed set and none is personal data.

    A schema is committed and goes with every release: what nobody may read does not belong there.
    """
    if kind not in _CLASS_TYPES or not 0 < seen.distinct <= MAX_CLASSES:
        return ()
    name = quote_ident(column)
    rows = session.rows(f"SELECT DISTINCT {name} AS v FROM data WHERE {name} IS NOT NULL ORDER BY v")  # noqa: S608
    values = tuple(row["v"] for row in rows)
    return () if any(isinstance(value, str) and alike(value, column) for value in values) else values
