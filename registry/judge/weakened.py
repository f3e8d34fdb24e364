"""The gate of a branch beside that of the branch it is to be merged to: what became weaker, and what decides.

A pull request cannot pass by weakening its own gate. Its expectations, settings and waivers are
compared with those of the base; whatever asks less is named, and the base's version judges. What
became stricter counts at once, and so does the schema: it is the contract, and the version pays for
its changes. A weakening that is merged on its own is the base of the next pull request.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry.checks.strictness import slack
from registry.checks.suite import Expectation, Suite, check_columns
from registry.checks.waivers import Waiver
from registry.errors import ConfigError
from registry.judge.judge import waivers_of
from registry.judge.rules import Rules, load_rules
from registry.model.evidence import WEAKENED, Check
from registry.model.judgement import Place
from registry.versions.rules import PRESETS
from registry.workspace.config import FILE, Config
from registry.workspace.workspace import Dataset, Workspace

REMOVED = "removed from the gate"
OF_RULES = frozenset({"schema", "checks", "waivers", "settings", "entry"})
"""The parts of a dataset with which its gate may change."""


@dataclass(frozen=True, slots=True)
class Weakening:
    """One thing that asks less than on the base branch: what, in words, and where it stands."""

    what: str
    said: str
    place: Place

    def check(self) -> Check:
        """As a check that never blocks: what it is about was judged by the base's version."""
        return Check(f"gate:{self.what}", WEAKENED, "fail", "info", message=f"gate weakened: {self.said}")


@dataclass(frozen=True, slots=True)
class Deciding:
    """What judges a dataset: the workspace with the settings that decide, rules, waivers; and what became weaker.

    `own` are the rules of the branch where others decide.
    """

    workspace: Workspace
    rules: Rules
    waivers: tuple[Waiver, ...]
    weakened: tuple[Weakening, ...] = ()
    own: Rules | None = None


def deciding(workspace: Workspace, dataset: Dataset, base: Workspace, old: Dataset | None) -> Deciding:
    """What judges `dataset` on a branch that parted from `base`, where it was `old` (None: it is new).

    Raises `ConfigError` for wrong rules of the branch; where those of the base cannot be read there is
    nothing to compare with.
    """
    rules = load_rules(workspace, dataset)
    if old is None:
        return Deciding(workspace, rules, waivers_of(workspace))
    try:
        before, waived_before = load_rules(base, old), waivers_of(base)
    except ConfigError as error:
        said = f"the rules of the base cannot be read, and were not compared: {error}".replace(f"{base.root}/", "")
        unread = Weakening("base", said, Place(dataset.checks[0]))
        return Deciding(workspace, rules, waivers_of(workspace), (unread,))
    config, settings = _settings(workspace, base.config)
    named = {waiver.check_id for waiver in (*waivers_of(workspace), *waived_before)}
    kept, weaker = _expectations(rules, before, workspace, base, named)
    waivers, wider = _waivers(waivers_of(workspace), waived_before, dataset.name, base.config, workspace.root)
    decided = replace(workspace, config=replace(config, preset=_table(config.preset, base.root)))
    return Deciding(decided, replace(kept, gate=config.gate_json()), waivers, (*settings, *weaker, *wider), rules)


def _settings(workspace: Workspace, base: Config) -> tuple[Config, list[Weakening]]:
    """The settings that decide: of each the stricter one."""
    config, found = workspace.config, []
    if (config.fail_on, base.fail_on) == ("critical", "warning"):
        found.append(("fail-on", "fail-on warning → critical; warnings block as on the base"))
        config = replace(config, fail_on=base.fail_on)
    if thawed := [split for split in base.frozen_splits if split not in config.frozen_splits]:
        found.append(("frozen-splits", f"{', '.join(thawed)} no longer frozen; the base's list decides"))
        config = replace(config, frozen_splits=tuple(dict.fromkeys((*config.frozen_splits, *thawed))))
    if dropped := [field for field in base.card_required if field not in config.card_required]:
        found.append(("required", f"the card need not declare {', '.join(dropped)} any more; the base's list decides"))
        config = replace(config, card_required=(*config.card_required, *dropped))
    if base.preset != config.preset:
        found.append(("preset", f"levels of changes by {config.preset} instead of {base.preset}; the base's decide"))
        config = replace(config, preset=base.preset)
    if base.baseline and config.baseline != base.baseline:
        found.append(("baseline", "another baseline, or none; the checks of the base's count as well"))
    if more := [owner for owner in config.owners if owner not in base.owners]:
        found.append(("owners", f"{', '.join(more)} may waive at once; the base's list decides"))
    return config, [Weakening(key, said, _line_of(workspace.root / FILE, key)) for key, said in found]


def _table(preset: str, base: Path) -> str:
    """The preset, or the table that the base holds under this name."""
    table = base / preset
    return str(table) if preset not in PRESETS and table.is_file() else preset


def _line_of(file: Path, key: str) -> Place:
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    at = next((at for at, line in enumerate(lines, 1) if line.lstrip().startswith(key)), 1)
    return Place(file.name, at)


def _expectations(
    now: Rules, before: Rules, workspace: Workspace, base: Workspace, waived: Collection[str]
) -> tuple[Rules, list[Weakening]]:
    """The rules that decide: each expectation of the base that none of the branch covers stands in for its own."""
    found: list[Weakening] = []
    instead: dict[str, Expectation] = {}
    more: list[Expectation] = []
    for old in before.expectations:
        alike = [one for one in now.expectations if one.type == old.type]
        # A waiver is of an id: a check that takes another's id would take its waiver too.
        if any(not slack(one, old) and (one.check_id == old.check_id or one.check_id not in waived) for one in alike):
            continue
        new = next((one for one in alike if one.check_id == old.check_id), None)
        place = Place(_relative(new.path, workspace.root), new.line) if new else _gone(old, workspace, base)
        what = f"{'; '.join(slack(new, old))}" if new else REMOVED
        if not _fits(old, now):
            said = f"{old.check_id}: {what}, and its column is gone: it cannot be judged"
        else:
            said = f"{old.check_id}: {what}; the base branch's version decides"
            if new:
                instead[new.check_id] = replace(old, path=new.path, line=new.line)
            else:
                more.append(_renamed(old, now, str(workspace.root / place.path)))
        found.append(Weakening(old.check_id, said, place))
    suites = [
        Suite(suite.name, tuple(instead.get(one.check_id, one) for one in suite.expectations)) for suite in now.suites
    ]
    extra = [Suite("base", tuple(more))] if more else []
    return replace(now, suites=(*suites, *extra), owners=before.owners or now.owners), found


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
        if old is not None and old.expires >= waiver.expires:
            kept.append(waiver)
            continue
        by_owner = waiver.owner in base.owners
        kept += [waiver] if by_owner else [old] if old is not None else []
        if waiver.dataset in ("", name):
            what = f"until {old.expires} → {waiver.expires}" if old else f"waived by {waiver.owner}, {waiver.reason}"
            counts = f"it counts, for {waiver.owner} is an owner" if by_owner else "it counts once it is merged"
            place = Place(_relative(waiver.path, root), waiver.line)
            found.append(Weakening(f"waiver:{waiver.check_id}", f"{waiver.check_id} {what}; {counts}", place))
    return tuple(kept), found


def _widest(waiver: Waiver, known: Sequence[Waiver]) -> Waiver | None:
    """The waiver of the base that covers the same check of the same dataset the longest."""
    fitting = [one for one in known if one.check_id == waiver.check_id and one.dataset in ("", waiver.dataset)]
    return max(fitting, key=lambda one: one.expires, default=None)
