"""What is wrong with a card: declarations that are missing, and those the measurement contradicts.

>>> [code for code in CODES][:2]
['missing', 'size-category']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from registry.cards.declared import FIELDS, SECTIONS
from registry.cards.vocabulary import LICENSES, size_category, suggestion
from registry.errors import ConfigError
from registry.model.facts import ReleaseFacts

CODES = ("missing", "size-category", "licence-mismatch", "licence-unknown", "language", "annotated", "personal-data")
_NOTHING = frozenset({"none", "no", "false", "없음", "not present", "no personal data", "contains no personal data"})
_KOREAN = 0.5  # share of Hangul letters from which a text is Korean


def lint(facts: ReleaseFacts, *, required: Iterable[str] = ()) -> list[dict[str, str]]:
    """All problems as {code, field, message}: missing fields first, then contradictions.

    `required` names fields or sections of the card; an unknown name raises `ConfigError`.
    """
    return [*_missing(facts, required), *contradictions(facts)]


def contradictions(facts: ReleaseFacts) -> list[dict[str, str]]:
    """Declared statements that the measurement contradicts; any of them fails a release."""
    return [
        {"code": code, "field": field, "message": message}
        for rule in (_size, _license, _language, _annotated, _personal)
        for code, field, message in rule(facts)
    ]


def _missing(facts: ReleaseFacts, required: Iterable[str]) -> Iterator[dict[str, str]]:
    known = {*FIELDS, *(section.id for section in SECTIONS)} | {name.replace("_", "-") for name in FIELDS}
    for name in required:
        if name not in known and name.replace("-", "_") not in known:
            raise ConfigError(
                f"`{name}` is no field of a card{suggestion(name, known)}", hint="mend `required` in registry.toml"
            )
        present = bool(facts.license_id) if name == "license" else facts.declared.has(name)
        if not present:
            yield {"code": "missing", "field": name, "message": f"`{name}` is not declared"}


def _size(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    declared, measured = facts.declared.values("size_categories"), size_category(facts.rows)
    if declared and set(declared) != {measured}:
        says = f"declared {', '.join(declared)}, but {facts.rows:,} rows are {measured}"
        yield "size-category", "size_categories", says


def _license(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    card, schema = facts.declared.text("license"), facts.schema.license.strip().lower()
    name = facts.declared.text("license_name").strip().lower()
    if card and schema and schema not in (card.lower(), name):
        yield "licence-mismatch", "license", f"the card says {card}, the schema {facts.schema.license}"
    if not card and schema and schema not in LICENSES:
        says = f"{facts.schema.license} is no licence id of the Hub; declare `license: other` and `license_name`"
        yield "licence-unknown", "license", says


def _language(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    declared = facts.declared.values("language")
    for column in facts.profile["columns"]:
        mix = column["overall"].get("script") or {}
        share = (mix.get("hangul") or {}).get("share") or 0
        if declared and share >= _KOREAN and not {"ko", "multilingual"} & {code.split("-")[0] for code in declared}:
            says = f"declared {', '.join(declared)}, but {share:.0%} of the letters of `{column['name']}` are Hangul"
            yield "language", "language", says


def _annotated(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    creators = facts.declared.values("annotations_creators")
    if "no-annotation" in creators and facts.schema.columns_of_role("annotator"):
        yield "annotated", "annotations_creators", "declared no-annotation, but the schema has annotator columns"


def _personal(facts: ReleaseFacts) -> Iterator[tuple[str, str, str]]:
    declared = facts.declared.text("personal_data").strip().lower().rstrip(".")
    if declared not in _NOTHING or facts.evidence is None:
        return
    for check in facts.evidence.checks:
        if check.type == "expect_no_personal_data" and check.unexpected:
            says = f"declared none, but `{check.id}` finds personal data in {check.unexpected:,} rows"
            yield "personal-data", "personal_data", says
