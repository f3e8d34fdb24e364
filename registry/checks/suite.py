"""Suites: `checks/<name>.yaml` in the shape of a Great Expectations suite, read strictly and without importing it.

Great Expectations drops an unknown type with a log line and accepts an empty suite; either
would be a green gate. Here each is an error that names file, line and what is allowed.

>>> suite = parse_suite('''
... name: reviews
... expectations:
...   - type: expect_column_values_to_not_be_null
...     kwargs: {column: text}
... ''', "checks/reviews.yaml")
>>> suite.expectations[0].check_id, suite.expectations[0].line, suite.expectations[0].severity
('expect_column_values_to_not_be_null:text', 4, 'critical')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from registry.checks.conditions import (
    Comparison,
    Condition,
    Junction,
    Nullity,
    columns_of,
    from_gx,
    parse,
    to_gx,
    to_text,
)
from registry.checks.core import ExpectationForm
from registry.checks.expectations import FORMS
from registry.checks.kwargs import Kwarg, regex_problem
from registry.checks.terms import load_terms
from registry.errors import ConfigError
from registry.model.evidence import OF_CHANGE, SEVERITIES, Severity
from registry.model.schema import DatasetSchema
from registry.privacy.terms import TermList
from registry.workspace.yamls import Places, load_yaml, parse_yaml

BASELINE = "baseline:"  # how the ids of checks begin that an organisation asks of every repository
REFERENCE = "docs/reference/expectations.md"
SUITE_KEYS = ("name", "id", "meta", "notes", "expectations")
ENTRY_KEYS = ("type", "kwargs", "severity", "notes", "meta", "id", "description")
OWN = ("data:", "schema:", BASELINE, *OF_CHANGE)  # how the ids of built-in checks begin
META_KEYS = ("check_id", "when_not_measured", "great_expectations_version")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation of a suite, valid by its form; `path` and `line` say where it stands.

    `row_condition` is a tree of `registry.checks.conditions`. `when_not_measured` is
    `block` or `allow`.
    """

    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "critical"
    notes: str = ""
    check_id: str = ""
    when_not_measured: str = "block"
    path: str = ""
    line: int = 0

    @property
    def form(self) -> ExpectationForm:
        """What is known of its type."""
        return FORMS[self.type]

    @property
    def condition(self) -> Condition | None:
        """The row condition."""
        found = self.kwargs.get("row_condition")
        return found if isinstance(found, (Comparison, Nullity, Junction)) else None

    def columns(self) -> tuple[str, ...]:
        """Names of the columns it is about, without those of its row condition."""
        return tuple(name for _, name in self._named())

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as JSON values: a row condition in words, a list by its path."""
        found = {name: _plain(value) for name, value in self.kwargs.items() if name != "row_condition"}
        return found if self.condition is None else {**found, "row_condition": to_text(self.condition)}

    def to_json(self) -> dict[str, Any]:
        """What it means, for the digest of a ruleset: no notes, no place."""
        condition = self.condition
        kwargs = {name: _plain(value) for name, value in self.kwargs.items() if name != "row_condition"}
        kwargs |= {name: value.to_json() for name, value in self.kwargs.items() if isinstance(value, TermList)}
        if condition is not None:
            kwargs["row_condition"] = to_gx(condition)
        return {
            "check_id": self.check_id,
            "type": self.type,
            "kwargs": kwargs,
            "severity": self.severity,
            "when_not_measured": self.when_not_measured,
        }

    def _named(self) -> list[tuple[str, str]]:
        """Argument and column, for every column named by an argument."""
        found: list[tuple[str, str]] = []
        for kwarg in self.form.kwargs:
            value = self.kwargs.get(kwarg.name)
            if value is not None and kwarg.kind in ("column", "columns", "some columns"):
                found += [(kwarg.name, name) for name in ([value] if isinstance(value, str) else value)]
        return found


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite: its name and its expectations in the file's order."""

    name: str
    expectations: tuple[Expectation, ...]

    def to_json(self) -> dict[str, Any]:
        """What it means, for the digest of a ruleset: free of notes, comments, layout and order."""
        checks = sorted((one.to_json() for one in self.expectations), key=lambda check: str(check["check_id"]))
        return {"name": self.name, "expectations": checks}


def load_suite(path: Path, schema: DatasetSchema | None = None) -> Suite:
    """Reads `path`; anything irregular raises `ConfigError`. With a closed `schema`, columns must stand in it."""
    value, places = load_yaml(path)
    return _suite(value, places, path.stem, schema)


def parse_suite(text: str, file: str, schema: DatasetSchema | None = None) -> Suite:
    """As `load_suite`, from text; `file` names it in messages."""
    value, places = parse_yaml(text, file)
    return _suite(value, places, Path(file).stem, schema)


def expectations_of(configs: Sequence[Mapping[str, Any]], source: str) -> tuple[Expectation, ...]:
    """Expectations of plain configurations `{type, kwargs, severity, meta}`, as a schema derives them."""
    return _unique(_entry(config, index, Places(source, {})) for index, config in enumerate(configs))


def joined(suites: Iterable[Sequence[Expectation]]) -> tuple[Expectation, ...]:
    """The expectations of several suites; a `check_id` given in two of them raises `ConfigError`."""
    return _unique(expectation for suite in suites for expectation in suite)


def check_columns(expectations: Iterable[Expectation], schema: DatasetSchema) -> None:
    """Raises `ConfigError` for a column that a closed schema does not declare; `split` always exists."""
    if schema.open:
        return
    known = {column.name for column in schema.columns} | {"split"}
    for expectation in expectations:
        condition = expectation.condition
        named = expectation._named()
        named += [("row_condition", name) for name in (columns_of(condition) if condition else ())]
        for argument, name in named:
            if name not in known:
                place = f"{expectation.path}:{expectation.line}"
                _fail(f"{place}: {argument} names the column `{name}`, which the schema does not declare", name, known)


def parse_baseline(text: str, file: str, schema: DatasetSchema) -> tuple[Suite, tuple[str, ...]]:
    """The suite that an organisation asks of every repository, its ids behind `baseline:`, and who may waive them.

    The file is a suite with one field more, the list `owners`.
    """
    value, places = parse_yaml(text, file)
    owners = value.pop("owners", []) if isinstance(value, dict) else []
    if not isinstance(owners, list) or not all(isinstance(owner, str) and owner for owner in owners):
        _fail(f"{places.at('owners')}: owners is a list of names, as waivers give them", "", ())
    suite = _suite(value, places, Path(file).stem, schema)
    named = (replace(one, check_id=f"{BASELINE}{one.check_id}") for one in suite.expectations)
    return Suite(suite.name, tuple(named)), tuple(owners)


def _suite(value: Any, places: Places, stem: str, schema: DatasetSchema | None) -> Suite:
    if not isinstance(value, dict):
        _fail(f"{places.at()}: a suite is a mapping with name and expectations", "", SUITE_KEYS)
    _known(value, SUITE_KEYS, places, ())
    entries = value.get("expectations")
    if not isinstance(entries, list) or not entries:
        raise ConfigError(
            f"{places.at('expectations')}: the suite has no expectation",
            why="an empty suite would let everything pass",
            hint=f"see {REFERENCE}",
        )
    name = value.get("name", stem)
    if not isinstance(name, str) or not name:
        _fail(f"{places.at('name')}: the name of a suite is a text", "", ())
    found = _unique(_entry(entry, index, places) for index, entry in enumerate(entries))
    for one in found:
        if one.check_id.startswith(OWN):
            _fail(
                f"{one.path}:{one.line}: the check_id `{one.check_id}` is one of the built-in checks",
                "",
                (),
                listed=False,
            )
    if schema is not None:
        check_columns(found, schema)
    return Suite(name, found)


def _entry(entry: Any, index: int, places: Places) -> Expectation:
    path = ("expectations", index)
    if not isinstance(entry, Mapping):
        _fail(f"{places.at(*path)}: an expectation is a mapping with type and kwargs", "", ENTRY_KEYS)
    _known(entry, ENTRY_KEYS, places, path)
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in FORMS:
        _fail(f"{places.at(*path, 'type')}: unknown expectation `{kind}`", str(kind), FORMS, listed=False)
    severity = entry.get("severity", "critical")
    if severity not in SEVERITIES:
        _fail(f"{places.at(*path, 'severity')}: unknown severity `{severity}`", str(severity), SEVERITIES)
    meta = entry.get("meta") or {}
    if not isinstance(meta, Mapping):
        _fail(f"{places.at(*path, 'meta')}: meta is a mapping", "", META_KEYS)
    _known(meta, META_KEYS, places, (*path, "meta"))
    unmeasured = meta.get("when_not_measured", "block")
    if unmeasured not in ("block", "allow"):
        where = places.at(*path, "meta", "when_not_measured")
        _fail(f"{where}: unknown value `{unmeasured}`", str(unmeasured), ("block", "allow"))
    check_id = meta.get("check_id", "")
    if not isinstance(check_id, str) or not check_id.isprintable() or ("check_id" in meta and not check_id):
        _fail(f"{places.at(*path, 'meta', 'check_id')}: a check_id is a text that is not empty", "", ())
    notes = entry.get("notes") or ""
    return Expectation(
        type=kind,
        kwargs=_kwargs(entry.get("kwargs") or {}, FORMS[kind], places, (*path, "kwargs")),
        severity=severity,
        notes="\n".join(map(str, notes)) if isinstance(notes, list) else str(notes),
        check_id=check_id,
        when_not_measured=unmeasured,
        path=places.file,
        line=places.line(*path, "type"),
    )


def _kwargs(raw: Any, form: ExpectationForm, places: Places, path: tuple[Any, ...]) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        _fail(f"{places.at(*path)}: kwargs is a mapping", "", form.names)
    _known(raw, form.names, places, path, f" of {form.type}")
    found = {name: value for name, value in raw.items() if value is not None}
    for kwarg in form.kwargs:
        if kwarg.name in found:
            _value(kwarg, found[kwarg.name], places.at(*path, kwarg.name))
        elif kwarg.required:
            _fail(f"{places.at(*path)}: {form.type} needs `{kwarg.name}`", "", form.names)
        if kwarg.kind == "list" and isinstance(found.get(kwarg.name), str):
            found[kwarg.name] = load_terms(found[kwarg.name], Path(places.file))
    _together(form, found, places.at(*path))
    found.pop("condition_parser", None)
    if "row_condition" in found:
        found["row_condition"] = _condition(found["row_condition"])
    return found


def _value(kwarg: Kwarg, value: Any, place: str) -> None:
    problem = kwarg.problem(value)
    if problem is None and kwarg.kind == "regex":
        problem = regex_problem(value)
    if problem is not None:
        what = f"{place}: {_short(value)} is no `{kwarg.name}`"
        raise ConfigError(what, why=f"allowed: {problem}", hint=f"see {REFERENCE}")


def _together(form: ExpectationForm, found: Mapping[str, Any], place: str) -> None:
    if form.any_of and not any(name in found for name in form.any_of):
        _fail(f"{place}: {form.type} needs {' or '.join(form.any_of)}", "", form.names)
    if form.exactly_one and sum(name in found for name in form.exactly_one) != 1:
        _fail(f"{place}: {form.type} needs exactly one of {', '.join(form.exactly_one)}", "", form.names)
    low, high = found.get("min_value"), found.get("max_value")
    if low is not None and high is not None:
        numbers = [isinstance(bound, (int, float)) for bound in (low, high)]
        if numbers[0] != numbers[1]:
            _fail(f"{place}: min_value and max_value are of two kinds", "", ())
        if low > high if all(numbers) else str(low) > str(high):
            _fail(f"{place}: min_value {low} is greater than max_value {high}", "", ())


def _condition(value: Any) -> Condition:
    if isinstance(value, (Comparison, Nullity, Junction)):
        return value
    return parse(value) if isinstance(value, str) else from_gx(value)


def _unique(found: Iterable[Expectation]) -> tuple[Expectation, ...]:
    """Gives every expectation an id: `<type>[:<column>]`, with `:2` and so on where that is taken."""
    known = list(found)
    taken: dict[str, Expectation] = {}
    for one in known:
        if one.check_id in taken:
            other = f"{taken[one.check_id].path}:{taken[one.check_id].line}"
            _fail(f"{one.path}:{one.line}: the check_id `{one.check_id}` is given at {other} already", "", ())
        if one.check_id:
            taken[one.check_id] = one
    named: list[Expectation] = []
    for one in known:
        if not one.check_id:
            named.append(replace(one, check_id=_free(one, taken)))
            taken[named[-1].check_id] = one
        else:
            named.append(one)
    return tuple(named)


def _free(one: Expectation, taken: Mapping[str, Any]) -> str:
    columns = one.columns()
    base = f"{one.type}:{'+'.join(columns)}" if columns else one.type
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}:{number}"
    return name


def _known(raw: Mapping[Any, Any], allowed: Iterable[str], places: Places, path: tuple[Any, ...], of: str = "") -> None:
    for name in raw:
        if name not in tuple(allowed):
            _fail(f"{places.at(*path, name)}: unknown field `{name}`{of}", str(name), allowed)


def _fail(message: str, wrong: str, allowed: Iterable[str], *, listed: bool = True) -> NoReturn:
    names = sorted(allowed)
    near = get_close_matches(wrong, names, n=1)
    why = f"did you mean `{near[0]}`?" if near else ""
    if names and listed:
        why = f"{why} allowed: {', '.join(names)}".strip()
    raise ConfigError(message, why=why, hint=f"see {REFERENCE}", allowed=names)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


__all__ = [
    "Expectation",
    "Suite",
    "check_columns",
    "expectations_of",
    "joined",
    "load_suite",
    "parse_baseline",
    "parse_suite",
]
