"""Which rows a check found: at most 20, named by key, their values masked, in order of the full key.

A value is evidence, not data: a text shows its first two characters and its length, a long
number its first two digits; labels and splits, which a reader needs as they are, are shown.

>>> masked("hong@example.com"), masked("서울시 강남구"), masked(9001011234567), masked(212), masked(None)
('ho… (16)', '서울… (7)', '90… (13)', 212, None)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.checks.numbers import plain
from registry.model.evidence import MAX_SAMPLES
from registry.model.schema import DatasetSchema
from registry.privacy.mask import mask
from registry.tables.duck import quote_ident, quote_text
from registry.tables.engine import Engine, place_of
from registry.tables.formats import IMAGES
from registry.tables.images import IMAGE
from registry.tables.table import FILE, ROW, SPLIT, Table

OPEN = frozenset(("label", "split"))  # roles whose values are shown
LONG = 7  # digits from which a number may name a person
PUBLIC = frozenset(("", "public", "open"))


def masked(value: Any) -> Any:
    """A JSON value that shows what kind of value it was, and no more."""
    value = plain(value)
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    if isinstance(value, (int, float)) and sum(char.isdigit() for char in text) < LONG:
        return value
    return f"{text[:2]}… ({len(text)})" if len(text) > 2 else text[:1] + "…"


def called(key: Sequence[Any], names: Sequence[str]) -> str:
    """How a row is called by its key: personal data in it is masked.

    >>> called(["r1"], ["id"]), called(["hong@example.com", 3], ["mail", "at"])
    ('r1', 'mail=h***@***.com, at=3')
    """
    texts = [mask(str(plain(value)), name) for value, name in zip(key, names, strict=True)]
    pairs = zip(names, texts, strict=True)
    return texts[0] if len(texts) == 1 else ", ".join(f"{name}={text}" for name, text in pairs)


def is_public(schema: DatasetSchema, names: Sequence[str]) -> bool:
    """Whether no column of these is confidential by the schema."""
    columns = (schema.column(name) for name in names)
    return all(column is None or column.classification.lower() in PUBLIC for column in columns)


@dataclass(frozen=True, slots=True)
class Found:
    """Rows to sample: either all of `data` under the condition `where`, or those of a statement `sql`.

    `sql` gives `__file`, `__row` and, for a witness, `other_file`, `other_row`; `witness` is
    the name a sample has for it.
    """

    columns: tuple[str, ...]
    where: str = ""
    sql: str = ""
    witness: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows worth a look, the first of them first, where a check judges the data as a whole or ranks what it found.

    `sql` gives `__file`, `__row`, `rank` and the columns `told`, which samples show as they are, beside
    the `values` of the check's columns. Rows are called by the columns `named`, or else as everywhere.
    """

    sql: str
    told: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    values: bool = True


class Sampler:
    """Draws samples from a session; it names rows by the schema's keys, else by picture, else by `<path>#<row>`."""

    def __init__(self, session: Engine, table: Table, schema: DatasetSchema, *, whole: bool = False) -> None:
        """`table` is the one of `session`, `schema` its declaration; `whole` shows texts of public columns in full."""
        self.whole = whole
        self.session = session
        self.schema = schema
        self.paths = session.files
        pictures = (IMAGE,) if table.format == IMAGES else ()  # a picture is a file, which names the row
        self.keys = self._usable(schema.keys) or pictures

    def _usable(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The columns `names` if all are there and none is confidential."""
        there = set(names) <= set(dict(self.session.columns))
        return names if there and is_public(self.schema, names) else ()

    def draw(self, found: Found) -> tuple[dict[str, Any], ...]:
        """At most 20 samples `{row, split, values[, witness]}` in order of key, file and row."""
        rows = self.session.rows(self.sql(found))
        named = self._names([(r["other_file"], r["other_row"]) for r in rows]) if found.witness else {}
        return tuple(self._sample(row, found, named) for row in rows)

    def examples(self, columns: Sequence[str], found: Examples, most: int = MAX_SAMPLES) -> tuple[dict[str, Any], ...]:
        """The first `most` samples `{row, split, values, …}` in order of rank."""
        named = self._usable(found.named) or self.keys
        wanted = self._wanted(columns if found.values else (), named, found.told)
        sql = f"{_hits(found.sql, wanted)} ORDER BY hits.rank LIMIT {most}"
        return tuple(
            {
                "row": self._name(row, named),
                "split": row[SPLIT],
                **({"values": self._shown(row, columns)} if found.values else {}),
                **{name: plain(row[name]) for name in found.told},
            }
            for row in self.session.rows(sql)
        )

    def sql(self, found: Found) -> str:
        """The statement that names the rows found."""
        wanted = self._wanted(found.columns, self.keys, ("other_file", "other_row") if found.witness else ())
        order = ", ".join([*(f"key{i}" for i in range(len(self.keys))), place_of(f"d.{FILE}"), f"d.{ROW}"])
        where = f"SELECT {wanted} FROM data AS d WHERE {found.where}"  # noqa: S608 (quoted above)
        return f"{_hits(found.sql, wanted) if found.sql else where} ORDER BY {order} LIMIT {MAX_SAMPLES}"

    def _wanted(self, columns: Sequence[str], keys: Sequence[str], others: Sequence[str]) -> str:
        named = [f"d.{quote_ident(name)} AS key{i}" for i, name in enumerate(keys)]
        values = [f"d.{quote_ident(name)} AS value{i}" for i, name in enumerate(columns)]
        return ", ".join([*named, *values, f"d.{SPLIT}", f"d.{FILE}", f"d.{ROW}", *(f"hits.{one}" for one in others)])

    def _sample(
        self, row: Mapping[str, Any], found: Found, named: Mapping[tuple[str, int], dict[str, Any]]
    ) -> dict[str, Any]:
        sample: dict[str, Any] = {"row": self._name(row, self.keys), "split": row[SPLIT]}
        if found.columns:
            sample["values"] = self._shown(row, found.columns)
        if found.witness:
            sample[found.witness] = named[(row["other_file"], row["other_row"])]
        return sample

    def _shown(self, row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
        return {name: self.shown(name, row[f"value{i}"]) for i, name in enumerate(columns)}

    def shown(self, name: str, value: Any) -> Any:
        """A value of the column `name` as evidence shows it."""
        column = self.schema.column(name)
        told = self.whole and isinstance(value, str) and is_public(self.schema, (name,))
        return plain(value) if told or name == SPLIT or (column and column.role in OPEN) else masked(value)

    def name(self, row: Mapping[str, Any]) -> str:
        """What a row is called that holds `key0` … of `keys`, `__file` and `__row`."""
        return self._name(row, self.keys)

    def _name(self, row: Mapping[str, Any], named: Sequence[str]) -> str:
        keys = [row[f"key{i}"] for i in range(len(named))]
        if keys and all(key is not None for key in keys):
            return called(keys, named)
        return f"{self.paths[row[FILE]]}#{row[ROW]}"

    def _names(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
        """Name and split of the rows at these places."""
        wanted: Sequence[tuple[str, int]] = sorted(set(places))
        if not wanted:
            return {}
        keys = "".join(f"{quote_ident(name)} AS key{i}, " for i, name in enumerate(self.keys))
        inside = " OR ".join(f"({FILE} = {quote_text(file)} AND {ROW} = {int(row)})" for file, row in wanted)
        sql = f"SELECT {keys}{SPLIT}, {FILE}, {ROW} FROM data WHERE {inside}"  # noqa: S608
        found = self.session.rows(sql)
        return {(row[FILE], row[ROW]): {"row": self._name(row, self.keys), "split": row[SPLIT]} for row in found}


def _hits(sql: str, wanted: str) -> str:
    joined = f"hits JOIN data AS d ON d.{FILE} = hits.{FILE} AND d.{ROW} = hits.{ROW}"
    return f"WITH hits AS ({sql}) SELECT {wanted} FROM {joined}"  # noqa: S608 (quoted by the caller)
