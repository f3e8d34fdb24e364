"""What is wrong with a card: declarations that are missing, and those the measurement contradicts.

>>> [code for code in CODES][:2]
['missing', 'size-category']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from registry.cards.declared import FIELDS, SECTIONS
from registry.cards.terms import other_licence
from registry.cards.vocabulary import LICENSES, size_category, suggestion
from registry.errors import ConfigError, DataError
from registry.model.facts import Declared, ReleaseFacts
from registry.model.process import NAMES as PROCESS
from registry.model.schema import DatasetSchema

CODES = (
    "missing",
    "size-category",
    "licence-mismatch",
    "licence-unknown",
    "language",
    "annotated",
    "personal-data",
    "synthetic",
)
_NOTHING = frozenset({"none", "no", "false", "없음", "not present", "no personal data", "contains no personal data"})
_KOREAN = 0.5  # share of Hangul letters from which a text is Korean


class CardError(DataError):
    """The card lacks a required declaration, or says what the measurement contradicts; `problems` lists them."""

    code = "card-unfit"


def require_honest(facts: ReleaseFacts) -> None:
    """Raises `CardError` for the first problems that `lint` finds under the required declarations of `facts`."""
    problems = lint(facts, required=facts.required)
    if problems:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CardError(
            f"the card of `{facts.name}` is not fit for release",
            why="; ".join(problem["message"] for problem in problems[:3]) + more,
            hint=f"mend cards/{facts.name}.md, then run: registry card lint {facts.name}",
            problems=problems,
        )


def lint(facts: ReleaseFacts, *, required: Iterable[str] = ()) -> list[dict[str, str]]:
    """All problems as {code, field, message}: missing fields first, then contradictions.

    `required` names fields or sections of the card; an unknown name raises `ConfigError`.
    """
    return [*_missing(facts.declared, facts.license_id, required), *contradictions(facts)]


def lint_declared(declared: Declared, schema: DatasetSchema, *, required: Iterable[str] = ()) -> list[dict[str, str]]:
    """As `lint`, but only what is told without the data: missing fields, and what the schema contradicts."""
    license_id = declared.terms or schema.license
    return [
        *_missing(declared, license_id, required),
        *(_problem(*found) for rule in (_license, _annotated) for found in rule(declared, schema)),
    ]


def contradictions(facts: ReleaseFacts) -> list[dict[str, str]]:
    """Declared statements that the measurement contradicts; any of them fails a release."""
    found = (
        _size(facts),
        _license(facts.declared, facts.schema),
        _language(facts),
        _annotated(facts.declared, facts.schema),
        _personal(facts),
        _synthetic(facts),
    )
    return [_problem(*one) for rule in found for one in rule]


def _problem(code: str, field: str, message: str) -> dict[str, str]:
    return {"code": code, "field": field, "message": message}


def undeclared(declared: Declared, license_id: str, required: Sequence[str]) -> list[str]:
    """Those of the `required` fields or sections that a card leaves open; an unknown name raises `ConfigError`."""
    known = {*FIELDS, *(section.id for section in SECTIONS), *PROCESS} | {name.replace("_", "-") for name in FIELDS}
    for name in required:
        if name not in known and name.replace("-", "_") not in known:
            raise ConfigError(
                f"`{name}` is no field of a card{suggestion(name, known)}", hint="mend `required` in registry.toml"
            )
    return [name for name in required if not (license_id if name == "license" else declared.has(name))]


def _missing(declared: Declared, license_id: str, required: Iterable[str]) -> Iterator[dict[str, str]]:
    for name in undeclared(declared, license_id, tuple(required)):
        yield _problem("missing", name, f"`{name}` is not declared")


def _size(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    declared, measured = facts.declared.values("size_categories"), size_category(facts.rows)
    if declared and set(declared) != {measured}:
        says = f"declared {', '.join(declared)}, but {facts.rows:,} rows are {measured}"
        yield "size-category", "size_categories", says


def _license(declared: Declared, schema: DatasetSchema) -> Iterator[tuple[str, str, str]]:
    if said := other_licence(declared, schema.license):
        yield "licence-mismatch", "license", said
    ours = schema.license.strip().lower()
    if not declared.text("license") and ours and ours not in LICENSES:
        says = f"{schema.license} is no licence id of the Hub; declare `license: other` and `license_name`"
        yield "licence-unknown", "license", says


def _language(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    declared = facts.declared.values("language")
    for column in facts.profile["columns"]:
        mix = column["overall"].get("script") or {}
        share = (mix.get("hangul") or {}).get("share") or 0
        if declared and share >= _KOREAN and not {"ko", "multilingual"} & {code.split("-")[0] for code in declared}:
            says = f"declared {', '.join(declared)}, but {share:.0%} of the letters of `{column['name']}` are Hangul"
            yield "language", "language", says


def _annotated(declared: Declared, schema: DatasetSchema) -> Iterator[tuple[str, str, str]]:
    creators = declared.values("annotations_creators")
    columns, people = schema.columns_of_role("annotator"), declared.process.records.get("annotators", {})
    if "no-annotation" in creators and (columns or people):
        but = "the schema has annotator columns" if columns else "`process.annotators` tells of people"
        yield "annotated", "annotations_creators", f"declared no-annotation, but {but}"
    if len(columns) > people.get("count", len(columns)) > 0:
        says = f"declared {people['count']}, but the schema has {len(columns)} annotator columns"
        yield "annotated", "process.annotators.count", says


def _personal(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    declared = facts.declared.text("personal_data").strip().lower().rstrip(".")
    if declared not in _NOTHING or facts.evidence is None:
        return
    for check in facts.evidence.checks:
        if check.type == "expect_no_personal_data" and check.unexpected:
            says = f"declared none, but `{check.id}` finds personal data in {check.unexpected:,} rows"
            yield "personal-data", "personal_data", says


def _synthetic(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    """People or nobody made the data by its card, but rows of it are counted as synthetic."""
    says_none = facts.declared.text("synthetic").strip().lower().rstrip(".") in _NOTHING
    writers = facts.declared.values("language_creators")
    human = bool(writers) and "machine-generated" not in writers
    for check in facts.evidence.checks if facts.evidence and (says_none or human) else ():
        observed = check.observed if isinstance(check.observed, Mapping) else {}
        count = observed.get("synthetic") if check.type == "expect_synthetic_share_at_most" else None
        if count:
            field = "synthetic" if says_none else "language_creators"
            yield "synthetic", field, f"declared without synthetic data, but `{check.id}` counts {count:,} such rows"
