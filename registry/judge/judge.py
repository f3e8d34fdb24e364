"""Judges one dataset: snapshot, rules, evidence.

The only place where bytes meet rules. What is judged is a snapshot fixed by digest; if a
file moved while it was read, nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from registry.cards.declared import load_card
from registry.cards.terms import terms
from registry.checks.run import run_checks
from registry.checks.suite import BASELINE, expectations_of, joined
from registry.checks.waivers import Waiver, apply_waivers, load_waivers
from registry.content.hashing import Progress, Snapshot
from registry.errors import DataError
from registry.judge.memory import keep, recall, remembered
from registry.judge.obtain import Obtained, obtain
from registry.judge.references import Found, find_references
from registry.judge.rules import Rules, load_rules
from registry.model.digest import digest_of
from registry.model.evidence import Check, DataFacts, Evidence
from registry.model.facts import Declared
from registry.model.names import Version
from registry.schemas.hub import hub_reader
from registry.schemas.verify import derived_suite, verify_schema
from registry.tables.read import open_table
from registry.tables.table import Table
from registry.workspace.workspace import Dataset, Workspace

if TYPE_CHECKING:
    from registry.stores.base import Store
    from registry.tables.duck import Session
    from registry.tables.engine import Engine

SHAPE = 3
"""Version of what evidence holds of equal findings: one remembered in another shape is measured anew."""


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """How to judge: the engine, DuckDB's threads and memory, the day that waivers are read on, progress.

    `limit` is how many bytes may be fetched of a dataset that the workspace lacks; `waivers` are those
    that count, and `declared` is what the card promises, by default those of the workspace. `reach` opens
    the store for rules that refer to releases; `before` is the version that is to be released, whose
    predecessor counts as the previous one (None: the greatest there is).
    """

    as_of: date | None = None
    threads: int | None = None
    memory: str | None = None
    remember: bool = True
    progress: Progress | None = None
    store: Store | None = field(default=None, compare=False)
    reach: Callable[[], Store] | None = field(default=None, compare=False)
    before: Version | None = None
    engine: Literal["duckdb", "spark"] = "duckdb"
    limit: int | None = None
    waivers: tuple[Waiver, ...] | None = None
    declared: Declared | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Bench:
    """One dataset on the bench: its bytes, its rules, and the table they make."""

    workspace: Workspace
    dataset: Dataset
    rules: Rules
    obtained: Obtained
    options: JudgeOptions

    @property
    def snapshot(self) -> Snapshot:
        """The bytes that are judged."""
        return self.obtained.snapshot

    @property
    def data(self) -> str:
        """The digest of the bytes."""
        return self.snapshot.files.sha256

    @property
    def question(self) -> Question:
        """What is judged by which rules."""
        references = self.references.digests
        return Question(self.workspace, self.dataset, self.rules, self.snapshot.md5, self.options.engine, references)

    @cached_property
    def references(self) -> Found:
        """What the rules refer to beside the data."""
        return find_references(self.rules, self.dataset.name, self.options, lambda: self.profile)

    @cached_property
    def table(self) -> Table:
        """The rows, read by the reader of record; raises `DataError` for unreadable files."""
        return open_table(self.snapshot.base, self.snapshot.files, self.rules.schema, self.workspace.cache / "tables")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A DuckDB session over the table; afterwards the files must be unmoved."""
        from registry.tables.duck import Session

        learnt = self.workspace.cache / "learnt" / self.dataset.name if self.options.remember else None
        with Session(self.table, threads=self.options.threads, memory=self.options.memory, learnt=learnt) as session:
            yield session
            if session.parts is not None:
                session.parts.prune()
        self.snapshot.check_unmoved()

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """What answers the checks: DuckDB, or Spark as `registry.toml` sets it; afterwards files must be unmoved."""
        if self.options.engine == "duckdb":
            with self.session() as session:
                yield session
            return
        from registry.tables.spark import SparkSettings, SparkTables

        with SparkTables(self.table, SparkSettings.of(self.workspace.config.spark)) as tables:
            yield tables
        self.snapshot.check_unmoved()

    @cached_property
    def profile(self) -> dict[str, Any]:
        """The profile of the data, remembered by digest."""
        from registry.reports.profile import VERSION, profile

        found: dict[str, Any] = self.remembered(
            "profiles", lambda session: profile(session, self.table, self.rules.schema), profile_version=VERSION
        )
        return found

    def remembered(self, kind: str, compute: Any, **inputs: Any) -> Any:
        """A fact of this data under this schema, computed in a session where it is not remembered."""
        key = {"data": self.snapshot.files.sha256, "schema": self.rules.schema.sha256, **inputs}

        def run() -> Any:
            with self.session() as session:
                return compute(session)

        return remembered(self.workspace.cache, kind, key, run)


def lay_out(workspace: Workspace, dataset: Dataset, options: JudgeOptions, rules: Rules | None = None) -> Bench:
    """Reads rules (unless given) and bytes of `dataset`; wrong rules raise before data is touched."""
    rules = rules or load_rules(workspace, dataset)
    obtained = obtain(workspace, dataset, store=options.store, progress=options.progress, limit=options.limit)
    return Bench(workspace, dataset, rules, obtained, options)


def judge(bench: Bench) -> Evidence:
    """The evidence of what lies on the bench, with the terms of its card, waivers applied.

    Unchanged data under an unchanged ruleset is answered from memory; a card that cannot be read
    raises `ConfigError` before data is judged.
    """
    stated = terms_of(bench.question, bench.options)
    known = remembered_verdict(bench.question) if bench.options.remember else None
    if known is not None and known.data.sha256 == bench.data:
        evidence = known
    else:
        evidence = _measure(bench)
        if not any(check.status == "error" for check in evidence.checks):
            keep(bench.question.file, evidence.to_json())
    pointer = "stale" if bench.obtained.stale else "current"
    evidence = replace(evidence, pointer=pointer)  # type: ignore[arg-type]
    return waived(bench.question, evidence.with_checks([*evidence.checks, *stated]), bench.options)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be judged by which rules: data by its id in git, so that it can be asked without the data.

    `references` are the releases that the rules refer to, by name with the digests of their manifests.
    """

    workspace: Workspace
    dataset: Dataset
    rules: Rules
    md5: str
    engine: str = "duckdb"
    references: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where the verdict is remembered."""
        key = {
            "data": self.md5,
            "ruleset": self.rules.sha256,
            "dataset": self.dataset.name,
            "evidence": SHAPE,
            "engine": self.engine,
            "references": dict(self.references),
        }
        return self.workspace.cache / "verdicts" / f"{digest_of(key)}.json"


def remembered_verdict(question: Question) -> Evidence | None:
    """The evidence of an earlier run on this machine, before waivers; None where none is remembered."""
    document = recall(question.file)
    return None if document is None else Evidence.from_json(document)


def _measure(bench: Bench) -> Evidence:
    try:
        table = bench.table
    except DataError as error:
        bench.snapshot.check_unmoved()
        return _evidence(bench, [_unreadable(error)], 0, {})
    checks = [_rows(table), *verify_schema(bench.rules.schema, table)]
    counts = dict.fromkeys(table.splits, 0)
    if table.rows:
        derived = expectations_of(derived_suite(bench.rules.schema), bench.dataset.schema)
        expectations = joined([derived, bench.rules.expectations])
        with bench.engine() as engine:
            counts = split_counts(engine, table)
            checks += hub_reader(engine)
            checks += run_checks(expectations, table, bench.rules.schema, engine, bench.references.references)
    return _evidence(bench, checks, table.rows, counts)


def split_counts(session: Engine, table: Table) -> dict[str, int]:
    """Rows of each split, in the order of splits."""
    found = {row["split"]: row["n"] for row in session.rows("select split, count(*) n from data group by split")}
    return {split: int(found.get(split, 0)) for split in table.splits}


def _evidence(bench: Bench, checks: list[Check], rows: int, splits: dict[str, int]) -> Evidence:
    files = bench.snapshot.files
    return Evidence.of(
        checks=checks,
        fail_on=bench.workspace.config.fail_on,
        dataset=bench.dataset.name,
        data=DataFacts(files.sha256, len(files), files.bytes, rows, splits, bench.snapshot.md5),
        ruleset=bench.rules.sha256,
        engine=bench.options.engine,
        references=bench.references.digests,
    )


def _unreadable(error: DataError) -> Check:
    return Check(id="data:readable", type="data", status="error", message=str(error))


def _rows(table: Table) -> Check:
    return Check(
        id="data:rows",
        type="data",
        status="pass" if table.rows else "fail",
        total=table.rows,
        unexpected=0 if table.rows else 1,
        observed=table.rows,
        threshold={"min": 1},
        message="" if table.rows else "the dataset has no rows",
    )


def terms_of(question: Question, options: JudgeOptions) -> list[Check]:
    """The checks of what the card promises, as of the day of the options; none without a card."""
    card = question.workspace.root / question.dataset.card
    declared = options.declared or (load_card(card) if card.is_file() else Declared())
    return terms(declared, question.rules.schema.license, options.as_of or date.today())


def waived(question: Question, evidence: Evidence, options: JudgeOptions) -> Evidence:
    """The evidence with the waivers that count applied, as of the day of the options."""
    workspace = question.workspace
    waivers = waivers_of(workspace) if options.waivers is None else options.waivers
    if not waivers:
        return evidence
    admitted = [waiver for waiver in waivers if _may_waive(waiver, question.rules)]
    as_of = options.as_of or date.today()
    # One file may waive checks of several datasets, each of which knows only its own ids.
    strict = len(workspace.datasets) == 1
    checks = apply_waivers(evidence.checks, admitted, as_of, question.dataset.name, strict=strict)
    refused = {waiver.check_id: waiver for waiver in waivers if waiver not in admitted}
    return evidence.with_checks(_refused(check, refused, question.rules) for check in checks)


def _may_waive(waiver: Waiver, rules: Rules) -> bool:
    """What an organisation asks is waived by whom it names, and by nobody else."""
    return not waiver.check_id.startswith(BASELINE) or waiver.owner in rules.owners


def _refused(check: Check, refused: Mapping[str, Waiver], rules: Rules) -> Check:
    waiver = refused.get(check.id)
    if waiver is None or check.status not in ("fail", "not_measured"):
        return check
    who = ", ".join(rules.owners) or "nobody"
    said = f"the waiver of {waiver.owner} does not count: of the baseline's checks {who} may waive"
    return replace(check, message=f"{check.message}; {said}" if check.message else said)


def waivers_of(workspace: Workspace) -> tuple[Waiver, ...]:
    """The waivers that `registry.toml` names, or none."""
    path = workspace.config.waivers
    return load_waivers(workspace.root / path) if path else ()
