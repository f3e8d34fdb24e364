"""The gate of a branch beside that of the branch it is to be merged to: what became weaker, and what decides.

A pull request cannot pass by weakening its own gate. Its expectations, settings, waivers, roles of columns and
promises of the card are compared with those of the base as it stands today; whatever asks less is named, and the
base's version judges. What became stricter counts at once. A weakening that is merged on its own is the base of
the next pull request. What a branch leaves alone it has from the base, also where that went on meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry.cards.declared import load_card
from registry.checks.strictness import slack
from registry.checks.suite import BASELINE, Expectation, Suite, check_columns
from registry.checks.waivers import Waiver
from registry.content.dvc import default_remote
from registry.errors import ConfigError
from registry.judge.contract import asked_no_more, placed, with_merged, with_roles
from registry.judge.judge import waivers_of
from registry.judge.places import field_line
from registry.judge.promises import promised
from registry.judge.rules import Rules, load_rules
from registry.judge.scope import DROPPED, Base
from registry.judge.settings import stricter
from registry.model.evidence import WEAKENED, Check, Severity, Status
from registry.model.facts import Declared
from registry.model.judgement import Place
from registry.model.schema import DatasetSchema
from registry.versions.rules import PRESETS
from registry.workspace.config import FILE, Config
from registry.workspace.workspace import Dataset, Workspace

REMOVED = "removed from the gate"
DECIDES = "the base branch's version decides"
TOLD = 3  # files that a message names
OF_RULES = frozenset({"schema", "checks", "card", "waivers", "settings", "remote", "entry", DROPPED})
"""The parts of a dataset with which its gate may change."""


@dataclass(frozen=True, slots=True)
class Weakening:
    """One thing that asks less than on the base branch: what, in words, and where it stands.

    It never blocks, for the base's version judges; one that nothing of the base can judge has a `severity`
    and a `status` that do.
    """

    what: str
    said: str
    place: Place
    severity: Severity = "info"
    status: Status = "fail"

    def check(self) -> Check:
        """As a check."""
        return Check(f"gate:{self.what}", WEAKENED, self.status, self.severity, message=f"gate weakened: {self.said}")


@dataclass(frozen=True, slots=True)
class Deciding:
    """What judges a dataset: the workspace with the settings that decide, rules, waivers, the card's promises.

    `weakened` is what asks less on the branch. `own` are the rules of the branch where others decide, `before`
    the schema of the base, where there is one. `behind` says that the base
    asks more than where the branch parted from it, and that this decides.
    """

    workspace: Workspace
    rules: Rules
    waivers: tuple[Waiver, ...]
    declared: Declared
    weakened: tuple[Weakening, ...] = ()
    own: Rules | None = None
    before: DatasetSchema | None = None
    behind: bool = False

    @property
    def places_otherwise(self) -> bool:
        """Whether files are placed in splits by other globs than on the base."""
        return self.before is not None and self.before.splits != self.rules.schema.splits

    def for_files(self, paths: Iterable[str], schema: str) -> Deciding:
        """What judges data of these files, whose schema stands in the file `schema`."""
        if self.before is None or not self.places_otherwise:
            return self
        found = placed(self.rules.schema, self.before, paths)
        if not found.moved:
            return self
        told = [f"`{path}` of {old} counts as {new or 'no split'}" for path, old, new in found.moved[:TOLD]]
        told += [f"and {len(found.moved) - TOLD} more"] if len(found.moved) > TOLD else []
        said = ", ".join(told)
        decides = DECIDES if found.comparable else "the base's globs do not fit the other files: it cannot be compared"
        weaker = Weakening(
            "schema:splits", f"{said}; {decides}", Place(schema), "info" if found.comparable else "critical"
        )
        return replace(self, rules=replace(self.rules, schema=found.schema), weakened=(*self.weakened, weaker))

    def checks(self) -> list[Check]:
        """What became weaker, as checks."""
        found = [one.check() for one in self.weakened]
        if self.behind:
            message = (
                "the base asks more than where the branch parted from it, and that decides; merge it into the branch"
            )
            found.append(Check("gate:behind", "gate", "not_applicable", "info", message=message))
        return found


@dataclass(frozen=True, slots=True)
class Side:
    """The gate of a dataset in one workspace."""

    workspace: Workspace
    dataset: Dataset
    rules: Rules
    waivers: tuple[Waiver, ...]
    declared: Declared

    @classmethod
    def of(cls, workspace: Workspace, dataset: Dataset) -> Side:
        """Reads it; raises `ConfigError` where it cannot be read."""
        _table(workspace.config.preset, workspace.root)
        card = workspace.root / dataset.card
        declared = load_card(card) if card.is_file() else Declared()
        return cls(workspace, dataset, load_rules(workspace, dataset), waivers_of(workspace), declared)

    def judging(self, workspace: Workspace) -> Deciding:
        """That this side alone judges the data of `workspace`."""
        root, here = self.workspace.root, workspace.root
        suites = tuple(
            replace(
                suite, expectations=tuple(replace(one, path=_moved(one.path, root, here)) for one in suite.expectations)
            )
            for suite in self.rules.suites
        )
        config = replace(self.workspace.config, preset=_table(self.workspace.config.preset, root))
        remote = default_remote(root) if root != here else None
        return Deciding(
            replace(workspace, config=config, remote=remote or None),
            replace(self.rules, suites=suites),
            self.waivers,
            self.declared,
            before=self.rules.schema,
        )


def deciding(workspace: Workspace, dataset: Dataset, base: Base, was: str, parts: Collection[str]) -> Deciding:
    """What judges `dataset` on a branch that parted from `base`, where it was called `was`.

    Raises `ConfigError` for wrong rules of the branch. Where those of the base cannot be read nothing can be
    compared, which is an error of the verdict.
    """
    there = base.tip if was in base.tip.datasets else base.workspace
    old = there.datasets.get(was)
    if old is None:
        return replace(Side.of(workspace, dataset).judging(workspace), before=None)
    left_alone = not OF_RULES & set(parts)
    if left_alone and not base.moved:
        return Side.of(workspace, dataset).judging(workspace)
    try:
        before = Side.of(there, old)
        if DROPPED in parts:
            return replace(before.judging(workspace), weakened=(_dropped(workspace, dataset),))
        if left_alone:
            own = load_rules(workspace, dataset)
            found = before.judging(workspace)
            return found if found.rules.sha256 == own.sha256 else replace(found, own=own, behind=True)
    except ConfigError as error:
        if DROPPED in parts:
            raise
        said = f"the rules of the base cannot be read, and cannot be compared: {error}".replace(f"{there.root}/", "")
        unread = Weakening("base", said, Place(dataset.checks[0]), "critical", "error")
        return replace(Side.of(workspace, dataset).judging(workspace), weakened=(unread,), before=None)
    now = Side.of(workspace, dataset)
    found = _compared(now, before)
    if there is base.workspace or was not in base.workspace.datasets:
        return found
    ours = _weaker_than_parted(now, base, was)
    weakened = tuple(one for one in found.weakened if one.what in ours)
    return replace(found, weakened=weakened, behind=len(weakened) < len(found.weakened))


def _weaker_than_parted(now: Side, base: Base, was: str) -> Collection[str]:
    """What the branch itself weakened; the rest that asks less does so because the base asks more by now."""
    parted = Side.of(base.workspace, base.workspace.datasets[was])
    return {one.what for one in _compared(now, parted).weakened}


def _dropped(workspace: Workspace, dataset: Dataset) -> Weakening:
    said = f"{dataset.name} is declared no more, or not as a dataset, and its data is still there; {DECIDES}"
    return Weakening("dataset", said, _line_of(workspace.root / "dvc.yaml", dataset.name))


def _compared(now: Side, before: Side) -> Deciding:
    """What judges the branch `now`: of everything what asks more."""
    root, dataset = now.workspace.root, now.dataset
    config, remote, settings = _settings(now.workspace, before.workspace)
    schema, roles = with_roles(now.rules.schema, before.rules.schema)
    schema, others = with_merged(schema, before.rules.schema)
    named = {waiver.check_id for waiver in (*now.waivers, *before.waivers)}
    kept, weaker = _expectations(replace(now.rules, schema=schema), before, now.workspace, named)
    waivers, wider = _waivers(now.waivers, before.waivers, dataset.name, before.workspace.config, root)
    declared, taken_back = promised(now.declared, before.declared)
    of_schema = [(what, f"{said}; {DECIDES}") for what, said in roles]
    lax = [*others, *asked_no_more(schema, before.rules.schema)]
    of_schema += [(what, f"{said}; the branch's schema decides") for what, said in lax]
    weakened = [
        *settings,
        *(Weakening(what, said, Place(dataset.schema)) for what, said in of_schema),
        *weaker,
        *wider,
        *(
            Weakening(what, f"{said}; {DECIDES}", Place(dataset.card, field_line(root / dataset.card, what)))
            for what, said in taken_back
        ),
    ]
    return Deciding(
        workspace=replace(now.workspace, config=config, remote=remote),
        rules=replace(kept, gate=replace(config, preset=before.workspace.config.preset).gate_json()),
        waivers=waivers,
        declared=declared,
        weakened=tuple(weakened),
        own=now.rules,
        before=before.rules.schema,
    )


def _settings(workspace: Workspace, base: Workspace) -> tuple[Config, dict[str, str] | None, list[Weakening]]:
    """The settings that decide, of each the stricter one, and the remote that is asked where that is another."""
    config, found = stricter(workspace.config, base.config)
    file = workspace.root / FILE
    weakened = [Weakening(key, f"{said}; {DECIDES}", _line_of(file, key.split()[-1])) for key, said in found]
    table = _table(config.preset, base.root)
    if (
        table != config.preset
        and config.preset == workspace.config.preset
        and not _equal(Path(table), workspace.root / config.preset)
    ):
        weakened.append(Weakening("preset", f"the table {config.preset} was changed; {DECIDES}", Place(config.preset)))
    config = replace(config, preset=table)
    remote, here = default_remote(base.root), default_remote(workspace.root)
    if not remote or remote == here:
        return config, None, weakened
    said = f"DVC's default remote {remote.get('url', '')} → {here.get('url', 'none')}; data is looked for in the base's"
    weakened.append(Weakening("remote", said, _line_of(workspace.root / ".dvc" / "config", "remote", ".dvc/config")))
    return config, dict(remote), weakened


def _equal(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _table(preset: str, base: Path) -> str:
    """The preset, or the table of that name in the workspace at `base`; raises `ConfigError` where there is none."""
    table = base / preset
    if preset in PRESETS:
        return preset
    if not table.is_file():
        raise ConfigError(
            f"there is no {preset}", why="`versioning.preset` of registry.toml names it", hint="mend registry.toml"
        )
    return str(table)


def _line_of(file: Path, key: str, name: str = "") -> Place:
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    at = next((at for at, line in enumerate(lines, 1) if line.lstrip().startswith(key)), 1)
    return Place(name or file.name, at)


def _expectations(
    now: Rules, base: Side, workspace: Workspace, waived: Collection[str]
) -> tuple[Rules, list[Weakening]]:
    """The rules that decide: each expectation of the base that none of the branch covers stands in for its own."""
    found: list[Weakening] = []
    instead: dict[str, Expectation] = {}
    more: list[Expectation] = []
    for old in _uncovered(now, base.rules, waived):
        new = next((one for one in now.expectations if _takes_the_place(old, one)), None)
        place = Place(_relative(new.path, workspace.root), new.line) if new else _gone(old, workspace, base.workspace)
        what = f"{'; '.join(slack(new, old))}" if new else REMOVED
        if not _fits(old, now):
            said = f"{old.check_id}: {what}, and its column is gone: it cannot be judged"
        else:
            said = f"{old.check_id}: {what}; {DECIDES}"
            if new:
                instead[new.check_id] = replace(old, path=new.path, line=new.line)
            else:
                more.append(_renamed(old, now, str(workspace.root / place.path)))
        found.append(Weakening(old.check_id, said, place))
    suites = [
        Suite(suite.name, tuple(instead.get(one.check_id, one) for one in suite.expectations)) for suite in now.suites
    ]
    extra = [Suite("base", tuple(more))] if more else []
    owners = base.rules.owners if base.workspace.config.baseline else now.owners
    return replace(now, suites=(*suites, *extra), owners=owners), found


def _uncovered(now: Rules, base: Rules, waived: Collection[str]) -> list[Expectation]:
    """The expectations of the base that nothing which stays on the branch covers.

    One of the branch gives way to the base's of its id; what it asked of another one, it asks no more.
    """
    standing = now.expectations
    while True:
        found = [old for old in base.expectations if not any(_covers(one, old, waived) for one in standing)]
        instead = [old for old in found if _fits(old, now)]
        left = tuple(one for one in standing if not any(_takes_the_place(old, one) for old in instead))
        if left == standing:
            return found
        standing = left


def _takes_the_place(old: Expectation, new: Expectation) -> bool:
    """Whether `old` of the base would stand in for `new` of the branch: of one type and id."""
    return (old.type, old.check_id) == (new.type, new.check_id)


def _covers(new: Expectation, old: Expectation, waived: Collection[str]) -> bool:
    """Whether `new` asks what `old` asks, and is waived by nobody who may not waive `old`.

    A waiver is of an id: a check that takes another's id would take its waiver too, and of what the
    organisation asks only its owners may waive.
    """
    if old.type != new.type or (old.check_id.startswith(BASELINE) and not new.check_id.startswith(BASELINE)):
        return False
    return not slack(new, old) and (new.check_id == old.check_id or new.check_id not in waived)


def _fits(expectation: Expectation, rules: Rules) -> bool:
    """Whether the schema of the branch has the columns that an expectation of the base names."""
    try:
        check_columns([expectation], rules.schema)
    except ConfigError:
        return False
    return True


def _renamed(old: Expectation, now: Rules, path: str) -> Expectation:
    """A removed expectation, in its file, under an id that the branch does not give to another check."""
    taken = {one.check_id for one in now.expectations}
    name = f"{old.check_id}:base" if old.check_id in taken else old.check_id
    return replace(old, check_id=name, path=path, line=1)


def _gone(old: Expectation, workspace: Workspace, base: Workspace) -> Place:
    """Where a removed expectation stood: its file, if the branch still has it."""
    file = _relative(old.path, base.root)
    return Place(file if (workspace.root / file).is_file() else "dvc.yaml")


def _moved(path: str, root: Path, here: Path) -> str:
    """A file of the workspace at `root`, in the one at `here`."""
    return str(here / Path(path).relative_to(root)) if path and Path(path).is_relative_to(root) else path


def _relative(path: str, root: Path) -> str:
    """A file relative to the workspace; what lies elsewhere is named by `registry.toml`."""
    found = Path(path)
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else FILE


def _waivers(
    now: Sequence[Waiver], before: Sequence[Waiver], name: str, base: Config, root: Path
) -> tuple[tuple[Waiver, ...], list[Weakening]]:
    """The waivers that count: those of the base, and new or wider ones of its owners."""
    kept: list[Waiver] = []
    found: list[Weakening] = []
    for waiver in now:
        old = _widest(waiver, before)
        if old is not None and old.expires >= waiver.expires and old.owner == waiver.owner:
            kept.append(waiver)
            continue
        by_owner = waiver.owner in base.owners
        kept += [waiver] if by_owner else [old] if old is not None else []
        if waiver.dataset in ("", name):
            same = old is not None and old.owner == waiver.owner
            what = (
                f"until {old.expires} → {waiver.expires}"
                if old and same
                else f"waived by {waiver.owner}, {waiver.reason}"
            )
            counts = f"it counts, for {waiver.owner} is an owner" if by_owner else "it counts once it is merged"
            place = Place(_relative(waiver.path, root), waiver.line)
            found.append(Weakening(f"waiver:{waiver.check_id}", f"{waiver.check_id} {what}; {counts}", place))
    return tuple(kept), found


def _widest(waiver: Waiver, known: Sequence[Waiver]) -> Waiver | None:
    """The waiver of the base that covers the same check of the same dataset the longest, of the same owner first."""
    fitting = [one for one in known if one.check_id == waiver.check_id and one.dataset in ("", waiver.dataset)]
    return max(fitting, key=lambda one: (one.owner == waiver.owner, one.expires), default=None)
