"""Single documents of a dataset as it stands, without a release."""

from __future__ import annotations

from registry.cards.croissant import croissant
from registry.cards.lint import lint
from registry.cards.readme import readme
from registry.judge.judge import Bench, JudgeOptions, judge, lay_out
from registry.judge.rules import Rules
from registry.model.digest import canonical
from registry.model.evidence import Check, Evidence
from registry.model.facts import ReleaseFacts
from registry.model.files import FileList
from registry.release.candidate import (
    Candidate,
    card_of,
    compare,
    declared_card,
    facts_of,
    measure_splits,
    previous_of,
    remembered_profile,
    source_of,
)
from registry.reports.eda import eda_html
from registry.reports.quality import quality_html
from registry.stores.base import Store
from registry.workspace.workspace import Dataset, Workspace


def preview(workspace: Workspace, dataset: Dataset, store: Store) -> ReleaseFacts:
    """The facts of the dataset as it stands, beside its latest release in `store`.

    Raises `DataError` where its files cannot be read.
    """
    return _facts(lay_out(workspace, dataset, JudgeOptions(store=store)), store)


def second_report(workspace: Workspace, dataset: Dataset, lang: str, store: Store) -> bytes:
    """The page of fg-data-profiling over a sample of the dataset as it stands."""
    from registry.reports.second import interpreter, second_html

    interpreter()
    bench = lay_out(workspace, dataset, JudgeOptions(store=store))
    facts = _facts(bench, store)
    with bench.session() as session:
        return second_html(session, facts, lang).encode()


def _facts(bench: Bench, store: Store) -> ReleaseFacts:
    dataset = bench.dataset
    declared, splits = declared_card(bench), measure_splits(bench)
    previous = previous_of(store, dataset.name, None)
    candidate = Candidate(
        bench=bench,
        declared=declared,
        source=source_of(bench),
        previous=previous,
        evidence=judge(bench),
        profile=bench.profile,
        splits=splits,
        facts=compare(bench, declared, splits, previous, store).facts,
    )
    return facts_of(candidate, None)


def render_document(workspace: Workspace, dataset: Dataset, kind: str, lang: str, store: Store) -> tuple[str, bytes]:
    """One document (eda, quality, card or croissant): its file suffix and bytes."""
    facts = preview(workspace, dataset, store)
    if kind == "eda":
        return ".html", eda_html(facts, lang).encode()
    if kind == "quality":
        return ".html", quality_html(facts, lang).encode()
    if kind == "card":
        return ".md", readme(facts, lang).encode()
    return ".json", canonical(croissant(facts))


def label_lists(
    workspace: Workspace, dataset: Dataset, lang: str, store: Store, *, whole: bool = False
) -> dict[str, bytes]:
    """The probable label errors of the dataset as it stands, by file suffix: a page, and a table to fill in.

    Inputs are masked as in the evidence; `whole` shows texts in full, but for personal data.
    """
    from registry.checks.doubts import doubts
    from registry.reports.labels import labels_csv, labels_html

    bench = lay_out(workspace, dataset, JudgeOptions(store=store))
    table, schema = bench.table, bench.rules.schema
    with bench.session() as session:
        found = doubts(session, table, schema, bench.rules.expectations, whole=whole)
    page = labels_html(dataset.name, bench.snapshot.files.sha256, found, lang)
    return {".html": page.encode(), ".csv": labels_csv(found)}


OF_TERMS = frozenset({"licence-mismatch"})
"""Problems of a card that a check of its terms tells as well."""


def lint_card(workspace: Workspace, dataset: Dataset, store: Store) -> list[dict[str, str]]:
    """Problems of the card as (field, message): missing declarations and contradicted ones."""
    facts = preview(workspace, dataset, store)
    if facts.declared.template:
        readme(facts)
    return lint(facts, required=workspace.config.card_required)


def card_checks(
    workspace: Workspace, dataset: Dataset, rules: Rules, evidence: Evidence, bench: Bench | None
) -> list[Check]:
    """What is wrong with a card, as checks that block; the data is read only where it lies on `bench`.

    Without its profile the languages of the texts are not compared with those declared, which is said.
    """
    declared = card_of(workspace, dataset)
    profile = bench.profile if bench and evidence.data.rows else None
    profile = profile or remembered_profile(workspace, evidence.data.sha256, rules.schema)
    unread = {"rows": evidence.data.rows, "columns": [], "splits": []}
    facts = ReleaseFacts(
        name=dataset.name,
        schema=rules.schema,
        profile=profile or unread,
        files=FileList.of(()),
        format="",
        declared=declared,
        evidence=evidence,
        license=declared.terms or rules.schema.license,
    )
    problems = lint(facts, required=workspace.config.card_required) if evidence.data.sha256 else []
    checks = [
        Check(f"card:{problem['code']}:{problem['field']}", "card", "fail", message=problem["message"])
        for problem in problems
        if problem["code"] not in OF_TERMS
    ]
    if profile is None and declared.values("language"):
        checks.append(
            Check("card:language", "card", "not_measured", "info", message="no profile of the data is at hand")
        )
    return checks
