r"""Parts of a table as frames of Spark: their types, their splits, and which part a row is of.

Spark has no numbers of rows of its own, but knows the file and the place in it of each row of
Parquet (`_metadata.file_path`, `_metadata.row_index`). It gives paths percent-encoded, so that
they are decoded before they are compared.

>>> import pyarrow as pa
>>> spark_type(pa.list_(pa.struct({"본문": pa.string(), "n": pa.uint32()})))
'ARRAY<STRUCT<`본문`: STRING, `n`: BIGINT>>'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.errors import DataError
from registry.tables.parquet import broken_part
from registry.tables.table import FILE, ROW, SPLIT, Part, Table
from registry.tables.types import format_type, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

DUCKDB = "registry check --engine duckdb"
_PATTERN = frozenset("*?[]{}\\")
_PATH, _PLACE = "__path", "__place"
_DECODED = r"url_decode(replace(regexp_replace(_metadata.file_path, '^file:/*', '/'), '+', '%2B'))"
_PLAIN: Mapping[str, str] = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "uint8": "SMALLINT",
    "uint16": "INT",
    "uint32": "BIGINT",
    "uint64": "DECIMAL(20, 0)",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "STRING",
    "large_string": "STRING",
    "binary": "BINARY",
    "large_binary": "BINARY",
    "date32[day]": "DATE",
    "time32[ms]": "TIME(6)",
    "time64[us]": "TIME(6)",
    "null": "INT",
}


def quoted(name: str) -> str:
    """A name as Spark's SQL writes it."""
    return "`" + name.replace("`", "``") + "`"


def spark_type(kind: pa.DataType) -> str:
    """The type in Spark's DDL; one that Spark has not raises `DataError` naming DuckDB."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return spark_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns":
            return "BIGINT"
        return "TIMESTAMP" if kind.tz else "TIMESTAMP_NTZ"
    if pa.types.is_decimal(kind) and kind.precision <= 38:
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_map(kind):
        return f"MAP<{spark_type(kind.key_type)}, {spark_type(kind.item_type)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return f"ARRAY<{spark_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"STRUCT<{', '.join(f'{quoted(one.name)}: {spark_type(one.type)}' for one in kind)}>"
    if pa.types.is_fixed_size_binary(kind):
        return "BINARY"
    if str(kind) not in _PLAIN:
        raise DataError(f"Spark has no type for {kind}", hint=DUCKDB)
    return _PLAIN[str(kind)]


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of one split (None where a column decides) whose files give the same columns, each with its place from 1.

    `columns` are those of the table in order; the files lack, or hold only nulls in, those not in `held`.
    """

    split: str | None
    columns: tuple[tuple[str, str], ...]
    held: frozenset[str]
    split_column: str | None
    parts: tuple[tuple[int, Part], ...]

    def frame(self, spark: Any) -> Any:
        """The rows: the columns, `split`, `__file`, `__row`."""
        kinds = [(name, parse_type(kind)) for name, kind in self.columns]
        ddl = ", ".join(f"{quoted(name)} {spark_type(kind)}" for name, kind in kinds if name in self.held)
        paths = [str(part.parquet) for _, part in self.parts]
        read = spark.read.option("__globPaths__", "false")  # NOTE: names of files may hold `*` or `[`
        rows = (read.schema(ddl) if ddl else read).parquet(*paths)
        place = f"'{self.parts[0][0]}'"
        if len(self.parts) > 1:
            places = [(str(part.parquet), str(at)) for at, part in self.parts]
            known = spark.createDataFrame(places, f"{_PATH} STRING, {_PLACE} STRING").hint("broadcast")
            rows = rows.selectExpr("*", f"{_DECODED} AS {_PATH}", f"_metadata.row_index AS {ROW}").join(known, _PATH)
            place, number = _PLACE, ROW
        else:
            number = f"_metadata.row_index AS {ROW}"
        values = [_value(name, kind, held=name in self.held) for name, kind in kinds]
        return rows.selectExpr(*values, *self._split(), f"{place} AS {FILE}", number)

    def _split(self) -> list[str]:
        if self.split_column is None:
            name = (self.split or "train").replace("\\", "\\\\").replace("'", "\\'")
            return [f"'{name}' AS {SPLIT}"]
        return [] if self.split_column == SPLIT else [f"CAST({quoted(self.split_column)} AS STRING) AS {SPLIT}"]


def _value(name: str, kind: pa.DataType, *, held: bool) -> str:
    import pyarrow as pa

    column = quoted(name) if held else f"CAST(NULL AS {spark_type(kind)})"
    if not (pa.types.is_timestamp(kind) and kind.unit == "ns"):
        return f"{column} AS {quoted(name)}"
    fine = f"raise_error('a time is finer than the microseconds that Spark holds: {DUCKDB}')"
    exact, cut = f"{column} % 1000 = 0", f"{column} % 1000 <> 0"
    moment = f"timestamp_micros(CASE WHEN {exact} THEN {column} DIV 1000 WHEN {cut} THEN {fine} END)"
    return f"{moment if kind.tz else f'CAST({moment} AS TIMESTAMP_NTZ)'} AS {quoted(name)}"


def groups_of(table: Table) -> tuple[Group, ...]:
    """The parts by split and by the columns that their files hold, in the order of parts.

    A file that was cut off or removed since the table was opened raises `DataError`.
    A path that Spark would read as a pattern is a group of its own: beside others its rows come twice.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = {name for name, _ in table.columns}
    found: dict[tuple[str | None, frozenset[str], str], list[tuple[int, Part]]] = {}
    for at, part in enumerate(table.parts, 1):
        try:
            kinds = {one.name: format_type(one.type) for one in pq.read_schema(part.parquet)}
        except (pa.ArrowInvalid, OSError) as error:
            raise broken_part([(part.parquet, part.path)]) or DataError(f"`{part.path}` cannot be read") from error
        held = frozenset(name for name in wanted if kinds.get(name, "null") != "null")
        path = str(part.parquet)
        found.setdefault((part.split, held, path if set(path) & _PATTERN else ""), []).append((at, part))
    return tuple(
        Group(split, table.columns, held, table.split_column, tuple(parts)) for (split, held, _), parts in found.items()
    )
