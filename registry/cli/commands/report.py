"""`registry report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.common import Run, command

if TYPE_CHECKING:
    from registry.workspace.workspace import Dataset


class Kind(StrEnum):
    """Documents that can be rendered without a release."""

    eda = "eda"
    quality = "quality"
    card = "card"
    croissant = "croissant"
    labels = "labels"


class Profiler(StrEnum):
    """What draws the EDA report."""

    native = "native"
    fg = "fg"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @command(app, "report")
    def report(
        run: Run,
        kind: Annotated[Kind, typer.Argument(metavar="KIND", help="eda, quality, card, croissant or labels.")],
        name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which dataset.")] = None,
        output: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help="The file.")] = None,
        profiler: Annotated[
            Profiler, typer.Option("--profiler", help="fg: fg-data-profiling's report of a sample beside ours.")
        ] = Profiler.native,
        texts: Annotated[bool, typer.Option("--texts", help="labels: texts in full, but for personal data.")] = False,
    ) -> None:
        """Render one document without a release.

        `labels` lists probable label errors, as a page and as a table (CSV) in which
        people write what `registry relabel` then applies; -o x.csv gives the table alone.
        Example: registry report eda reviews -o eda.html
        """
        from registry.release.preview import second_report
        from registry.workspace.files import write_bytes

        workspace = run.workspace()
        dataset = workspace.choose(name, run.directory, command=f"registry report {kind.value}")
        languages = ("en", "ko") if run.out.lang == "both" and kind != Kind.croissant else (run.out.lang,)
        written = []
        for language in languages:
            mark = ".ko" if language == "ko" and kind != Kind.croissant else ""
            for suffix, data in _rendered(run, dataset, kind, language, output, texts=texts).items():
                target = run.directory / (output or f"{dataset.name}-{kind.value}{mark}{suffix}")
                if output and len(languages) > 1:
                    target = target.with_suffix(f"{mark}{target.suffix}")
                write_bytes(target, data)
                written.append(str(target))
            if profiler == Profiler.fg and kind == Kind.eda:
                beside = target.with_name(f"{target.stem}-fg{target.suffix}")
                write_bytes(beside, second_report(workspace, dataset, language, run.store()))
                written.append(str(beside))
        run.out.document({"format": "registry.report/1", "name": dataset.name, "kind": kind.value, "written": written})
        for file in written:
            run.out.text(file)


def _rendered(
    run: Run, dataset: Dataset, kind: Kind, language: str, output: Path | None, *, texts: bool
) -> dict[str, bytes]:
    """The documents by file suffix; of labels only the table where `output` is one."""
    from registry.release.preview import label_lists, render_document

    workspace = run.workspace()
    if kind != Kind.labels:
        suffix, data = render_document(workspace, dataset, kind.value, language, run.store())
        return {suffix: data}
    lists = label_lists(workspace, dataset, language, run.store(), whole=texts)
    if output is None:
        return lists
    suffix = ".csv" if output.suffix.lower() == ".csv" else ".html"
    return {suffix: lists[suffix]}
