r"""DuckDB's SQL → Spark's, with the same meaning: the one place that knows where they differ.

sqlglot translates the grammar; what follows are the words whose meaning or result would differ.
Sums of floats are taken of the upper and the lower half of each number apart, of which the
first is exact for numbers of like size: so they agree with DuckDB's compensated sums in the ten
digits that are shown, whatever the order of tasks. Spark runs in ANSI mode, where an overflow is
an error, never another number.

>>> to_spark('SELECT favg("x") FILTER (WHERE "t" = 1) AS m FROM data SEMI JOIN k ON k.h = hash("x")')[-41:]
'LEFT SEMI JOIN k ON k.h = XXHASH64((`x`))'
>>> to_spark("SELECT hash(a, b, c, d, e, f, g, h, i, j, k)")[-24:]
'(g), (h), (i), (j), (k))'
>>> to_spark("SELECT list_position(['a'], t) FROM data WHERE regexp_matches(t, '^a$')")
"SELECT NULLIF(ARRAY_POSITION((ARRAY('a')), (t)), 0) FROM data WHERE (t RLIKE '(?du)^a\\\\z')"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from registry.errors import DataError, MissingExtraError
from registry.tables.regex import to_java

FLOAT_TEXT = "registry_float_text"  # a function of Python, registered by `registry.tables.spark`
# What DuckDB reads as a time, of the forms of ISO 8601 and with a zone by name; others are none on Spark.
_DAY = r"[0-9]{4}([-/])[0-9]{1,2}\\1[0-9]{1,2}"
_CLOCK = "[ T][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?"
_ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?| UTC| [A-Z][A-Za-z]+(/[A-Za-z_]+)+)?"
INSTANT = rf"^{_DAY}({_CLOCK}{_ZONE})?\\z"


def to_spark(sql: str) -> str:
    """The statement in Spark's dialect; one that cannot be read raises `DataError`."""
    glot = _glot()
    try:
        tree = glot.parse_one(sql, read="duckdb")
    except glot.errors.SqlglotError as error:
        raise DataError("a statement cannot be translated", why=str(error).splitlines()[0], sql=sql) from error
    return str(_translated(tree).sql(dialect="spark"))


def _glot() -> Any:
    try:
        import sqlglot
    except ImportError as error:
        raise MissingExtraError(
            "checking on Spark needs extras", hint="pip install 'dataset-release-registry[author,spark]'"
        ) from error
    return sqlglot


def _word(node: Any) -> Any:
    from sqlglot import exp

    if isinstance(node, exp.Filter):
        return _filtered(node)
    for kind, translated in _nodes():
        if isinstance(node, kind):
            return translated(node)
    if isinstance(node, exp.Anonymous):
        found = _FUNCTIONS.get(node.name.lower())
        return found(*node.expressions) if found else node
    return node


@cache
def _nodes() -> tuple[tuple[Any, Callable[[Any], Any]], ...]:
    from sqlglot import exp

    return (
        (exp.DataType, _type),
        (exp.RegexpLike, _matches),
        (exp.Trunc, lambda node: _spark("(@0 - @0 % 1)", node.this)),
        (exp.IsInf, lambda node: _spark("(abs(@0) = double('Infinity'))", node.this)),
        (exp.TryCast, _tried),
        (exp.Join, _joined),
        (exp.PercentileCont, lambda node: _spark("percentile(@0, @1)", node.this, node.expression)),
    )


_TYPES = {
    "INT128": "DECIMAL(38, 0)",
    "UBIGINT": "DECIMAL(20, 0)",
    "UINT": "BIGINT",
    "USMALLINT": "INT",
    "UTINYINT": "SMALLINT",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ",
    "TIMESTAMP_MS": "TIMESTAMP_NTZ",
    "TIMESTAMP_S": "TIMESTAMP_NTZ",
    "TIMESTAMPTZ": "TIMESTAMP_LTZ",
}


def _type(node: Any) -> Any:
    from sqlglot import exp

    name = node.this.value if hasattr(node.this, "value") else str(node.this)
    if name == "TIME":
        return exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="TIME")
    return exp.DataType.build(_TYPES[name], dialect="spark") if name in _TYPES else node


def _matches(node: Any) -> Any:
    from sqlglot import exp

    pattern = exp.Literal.string(to_java(node.expression.name))
    return exp.Paren(this=exp.RegexpLike(this=_translated(node.this), expression=pattern))


def _joined(node: Any) -> Any:
    if node.args.get("kind") == "SEMI":
        node.set("side", "LEFT")
    return node


def _tried(node: Any) -> Any:
    from sqlglot import exp

    if node.to.this != exp.DataType.Type.TIMESTAMPTZ:
        return node
    found = f"CASE WHEN @0 RLIKE '{INSTANT}' THEN try_to_timestamp({_instant('@0')}) END"
    return _spark(found, node.this)


def _instant(text: str) -> str:
    """A text as DuckDB takes it → as Spark takes it: six digits of a second, a zone with a colon, dashes in days."""
    brief = f"regexp_replace(replace({text}, ' UTC', 'Z'), '([.][0-9]{{6}})[0-9]+', '$1')"
    spelt = f"regexp_replace({brief}, '([+-][0-9][0-9])([0-9][0-9])$', '$1:$2')"
    return f"regexp_replace({spelt}, '^([0-9]+)/([0-9]+)/', '$1-$2-')"


def _filtered(node: Any) -> Any:
    """`f(x) FILTER (…)` where `f` becomes an expression of aggregates: each of them takes the filter."""
    from sqlglot import exp

    inner = node.this
    if not isinstance(inner, exp.Anonymous) or inner.name.lower() not in ("fsum", "favg"):
        return node
    built = _FUNCTIONS[inner.name.lower()](*inner.expressions)

    def filtered(part: Any) -> Any:
        if isinstance(part, (exp.Sum, exp.Count)):
            return exp.Filter(this=part, expression=_translated(node.expression))
        return part

    return built.transform(filtered)


def _spark(template: str, *parts: Any) -> Any:
    """The expression of a text in Spark's dialect with translated `parts` in place of `@0` …"""
    import sqlglot

    texts = [f"({_translated(part).sql(dialect='spark')})" for part in parts]
    filled = re.sub("@([0-9]+)", lambda found: texts[int(found[1])], template)
    return sqlglot.parse_one(filled, read="spark")


def _translated(node: Any) -> Any:
    return node.copy().transform(_word)


_UPPER = "CAST(CAST(@0 AS FLOAT) AS DOUBLE)"
_HALVES = (
    f"sum(CASE WHEN abs(@0) < 1e30 THEN {_UPPER} ELSE @0 END) + "
    f"sum(CASE WHEN abs(@0) < 1e30 THEN @0 - {_UPPER} ELSE 0 END)"
)
_SUM = f"nullif(nullif({_HALVES}, double('Infinity')), double('-Infinity'))"  # NaN to DuckDB: no number either


def _text(value: Any, kind: Any) -> Any:
    """See `registry.tables.engine`; what is nested is written as JSON, which is as good a key."""
    forms = {
        "FLOAT": f"{FLOAT_TEXT}(@0, true)",
        "DOUBLE": f"{FLOAT_TEXT}(@0, false)",
        "BLOB": "hex(@0)",
        "NESTED": "to_json(@0, map('ignoreNullFields', 'false'))",
        "TIMESTAMP WITH TIME ZONE": "concat(CAST(@0 AS STRING), '+00')",
    }
    return _spark(forms.get(kind.name, "CAST(@0 AS STRING)"), value)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "isfinite": lambda x: _spark("(NOT isnan(@0) AND abs(@0) <> double('Infinity'))", x),
    "isinf": lambda x: _spark("(abs(@0) = double('Infinity'))", x),
    "fsum": lambda x: _spark(_SUM, x),
    "favg": lambda x: _spark(f"({_SUM} / count(@0))", x),
    "hash": lambda *keys: _spark(f"xxhash64({', '.join(f'@{i}' for i in range(len(keys)))})", *keys),
    "list_position": lambda values, x: _spark("nullif(array_position(@0, @1), 0)", values, x),
    "list_extract": lambda values, at: _spark("try_element_at(@0, CAST(@1 AS INT))", values, at),
    "place_of": lambda file: _spark("CAST(@0 AS BIGINT)", file),
    "text_of": _text,
}
