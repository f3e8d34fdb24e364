"""`registry yank` and `unyank`: a release is passed over, or used again. Nothing is removed.

>>> import tempfile
>>> from registry.stores import open_store
>>> from registry.testing.releases import make_release
>>> with tempfile.TemporaryDirectory() as folder:
...     store = open_store(folder)
...     made = make_release(store, "reviews", "1.2", {"a.csv": b"id\\n1\\n"})
...     first = yank(store, "reviews", Version(1, 2), Cause("labels swapped"), by="Kim")
...     again = yank(store, "reviews", Version(1, 2), Cause("labels swapped"), by="Kim")
...     first.state, again.state
('yanked', 'unchanged')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from registry.errors import PurgedError, UsageError
from registry.model.names import Version, select
from registry.stewardship.acting import now
from registry.stewardship.channels import no_version
from registry.stores.base import Store
from registry.stores.layout import Standing, channels, open_registry, record, standings, versions
from registry.stores.standing import Harm, channels_of


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a release is withdrawn, and how bad that is; both are shown to every consumer."""

    reason: str
    severity: str = "quality"

    def vetted(self) -> Harm:
        """The severity, if it is one and a reason is given; else `UsageError`."""
        if self.severity not in get_args(Harm):
            raise UsageError(
                f"`{self.severity}` is no severity",
                why=f"it is one of {', '.join(get_args(Harm))}",
                hint="registry yank NAME@1.0.0 --reason REASON --severity quality",
            )
        if not self.reason.strip():
            raise UsageError(
                "a reason is needed",
                why="consumers are shown it instead of the release",
                hint="registry yank NAME@1.0.0 --reason REASON",
            )
        return self.severity  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What became of a release's standing.

    `channels` still point to it; `latest` is what `NAME@latest` selects afterwards.
    """

    name: str
    version: str
    state: Literal["yanked", "restored", "unchanged", "planned"]
    severity: str | None
    reason: str
    channels: tuple[str, ...]
    latest: str | None

    def to_json(self) -> dict[str, Any]:
        """The `registry.withdrawal/1` document."""
        return {
            "format": "registry.withdrawal/1",
            "name": self.name,
            "version": self.version,
            "state": self.state,
            "severity": self.severity,
            "reason": self.reason,
            "channels": list(self.channels),
            "latest": self.latest,
        }


def yank(store: Store, name: str, version: Version, cause: Cause, *, by: str, dry_run: bool = False) -> Withdrawal:
    """Withdraws a release: `latest` and ranges pass it over.

    Its number stays taken. Of severity `quality` it can still be pulled by its exact
    number, with a warning; of `privacy` or `security` it is refused everywhere.
    """
    severity = cause.vetted()
    before = _standing(store, name, version)
    wanted = ("yanked", severity, cause.reason)
    if before and (before.state, before.severity, before.reason) == wanted:
        return _result(store, name, version, "unchanged", before)
    entry = Standing("yanked", cause.reason, by, now(), severity)
    return _append(store, name, version, entry, dry_run)


def unyank(
    store: Store, name: str, version: Version, *, by: str, reason: str = "", dry_run: bool = False
) -> Withdrawal:
    """Restores a yanked release; one that was not yanked stays as it is."""
    before = _standing(store, name, version)
    if before is None or before.state == "restored":
        return _result(store, name, version, "unchanged", before)
    return _append(store, name, version, Standing("restored", reason, by, now()), dry_run)


def _standing(store: Store, name: str, version: Version) -> Standing | None:
    open_registry(store)
    # NOTE: nothing else of the release is read: one that is broken may be the very one to withdraw.
    if version not in versions(store, name):
        raise no_version(store, name, version)
    standing = standings(store, name).get(version)
    if standing and standing.state == "purged":
        raise PurgedError(
            f"{name}@{version} was purged on {standing.at[:10]}", why=standing.reason, hint=f"registry list {name}"
        )
    return standing


def _append(store: Store, name: str, version: Version, entry: Standing, dry_run: bool) -> Withdrawal:
    if not dry_run:
        record(store, name, version, entry)
    return _result(store, name, version, "planned" if dry_run else entry.state, entry)


def _result(store: Store, name: str, version: Version, state: Any, standing: Standing | None) -> Withdrawal:
    log = standings(store, name) | ({version: standing} if standing else {})
    usable = [known for known in versions(store, name) if known not in log or not log[known].withdrawn]
    latest = select("latest", usable)
    withdrawn = standing is not None and standing.withdrawn
    return Withdrawal(
        name,
        str(version),
        state,
        standing.severity if standing and withdrawn else None,
        standing.reason if standing else "",
        tuple(channels_of(channels(store, name), version)),
        str(latest) if latest else None,
    )
