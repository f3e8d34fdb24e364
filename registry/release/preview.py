"""Single documents of a dataset as it stands, without a release."""

from __future__ import annotations

from registry.cards.croissant import croissant
from registry.cards.lint import lint
from registry.cards.readme import readme
from registry.judge.judge import Bench, JudgeOptions, judge, lay_out
from registry.model.digest import canonical
from registry.model.facts import ReleaseFacts
from registry.release.candidate import (
    Candidate,
    compare,
    declared_card,
    facts_of,
    measure_profile,
    measure_splits,
    previous_of,
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
        profile=measure_profile(bench),
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


def lint_card(workspace: Workspace, dataset: Dataset, store: Store) -> list[dict[str, str]]:
    """Problems of the card as (field, message): missing declarations and contradicted ones."""
    facts = preview(workspace, dataset, store)
    if facts.declared.template:
        readme(facts)
    return lint(facts, required=workspace.config.card_required)
