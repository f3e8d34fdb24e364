"""Single documents of a dataset as it stands, without a release."""

from __future__ import annotations

from registry.cards.croissant import croissant
from registry.cards.lint import lint
from registry.cards.readme import readme
from registry.judge.judge import JudgeOptions, judge, lay_out
from registry.model.digest import canonical
from registry.model.facts import ReleaseFacts
from registry.release.candidate import (
    Candidate,
    declared_card,
    facts_of,
    measure_profile,
    measure_splits,
    source_of,
)
from registry.reports.eda import eda_html
from registry.reports.quality import quality_html
from registry.workspace.workspace import Dataset, Workspace


def preview(workspace: Workspace, dataset: Dataset) -> ReleaseFacts:
    """The facts of the dataset as it stands; raises `DataError` where its files cannot be read."""
    bench = lay_out(workspace, dataset, JudgeOptions())
    candidate = Candidate(
        bench=bench,
        declared=declared_card(bench),
        source=source_of(bench),
        previous=None,
        evidence=judge(bench),
        profile=measure_profile(bench),
        splits=measure_splits(bench),
        facts=(),
    )
    return facts_of(candidate, None)


def render_document(workspace: Workspace, dataset: Dataset, kind: str, lang: str) -> tuple[str, bytes]:
    """One document (eda, quality, card or croissant): its file suffix and bytes."""
    facts = preview(workspace, dataset)
    if kind == "eda":
        return ".html", eda_html(facts, lang).encode()
    if kind == "quality":
        return ".html", quality_html(facts, lang).encode()
    if kind == "card":
        return ".md", readme(facts, lang).encode()
    return ".json", canonical(croissant(facts))


def lint_card(workspace: Workspace, dataset: Dataset) -> list[dict[str, str]]:
    """Problems of the card as (field, message): missing declarations and contradicted ones."""
    return lint(preview(workspace, dataset), required=workspace.config.card_required)
