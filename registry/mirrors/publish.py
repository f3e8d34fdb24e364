"""`registry publish --to hub`: a release as one commit on the Hub, then a tag, then the record in the store.

The commit names its parent, so that nothing of others is overwritten unseen; the tag comes
when the commit was read back and holds the release; the record keeps the commit's id, since
a tag can be moved. Every step may be repeated: an interrupted publication is finished by
the same command.

>>> branch_for(Version.parse("1.1.1"), [Version.parse("1.2.0")]), branch_for(Version.parse("1.3.0"), [Version(1, 2)])
('release-1.1.1', 'main')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from registry.consume.contents import MANIFEST, Item, contents_of
from registry.consume.deliver import Fetch, Progress, from_store
from registry.consume.resolve import Released
from registry.errors import EnvironmentFailed, IntegrityError, NotFoundError, RegistryError, StateError
from registry.mirrors import record
from registry.mirrors.compare import THEIRS, Difference, compare, same
from registry.mirrors.hub import MAIN, Change, Entry, Repository, StaleParentError, Standing
from registry.mirrors.record import Mirrored
from registry.mirrors.result import Changed, HubCommit, Publication, State
from registry.mirrors.stage import staged
from registry.model.names import Version
from registry.stores.base import Store
from registry.stores.layout import read_files, read_manifest, references

TRIES = 4  # how often a branch that moved on is looked at again
STRICTNESS = ("", "auto", "manual")


def _silent(_: str) -> None:
    """Says nothing."""


@dataclass(frozen=True)
class Order:
    """What to publish from where to where.

    `private` and `gated` are declared wishes, which are brought about where they are
    stricter than what is. `replace` overwrites files that are not ours, `restore` puts a
    moved or deleted tag back. `step` is called with the name of each step as it begins.
    """

    store: Store
    released: Released
    repository: Repository
    by: str
    private: bool | None = None
    gated: str = ""
    replace: bool = False
    restore: bool = False
    dry_run: bool = False
    progress: Progress | None = None
    step: Callable[[str], None] = _silent

    @property
    def ref(self) -> str:
        """The release, as commands name it."""
        return f"{self.released.name}@{self.released.version}"

    @property
    def tag(self) -> str:
        """Its tag on the Hub."""
        return f"v{self.released.version}"

    @property
    def command(self) -> str:
        """The command that publishes it."""
        return f"registry publish {self.ref} --to hub"


@dataclass(frozen=True)
class Scene:
    """The release's files, how to get their bytes, the repository as it is, and what was recorded of it."""

    items: tuple[Item, ...]
    fetch: Fetch
    standing: Standing | None
    records: Mapping[Version, Mirrored]


def publish(order: Order) -> Publication:
    """Publishes a release to the Hub; the state is `published`, `already-published`, `restored` or `planned`.

    Raises `IntegrityError` where the tag was moved or deleted, `StateError` where the
    repository holds what is not ours or others commit all the time, `EnvironmentFailed`
    for the network and for a token without rights.
    """
    if not order.dry_run:
        order.repository.require_token()
    for _ in range(TRIES - 1):
        try:
            return _attempt(order)
        except StaleParentError:
            continue
    return _attempt(order)


def _attempt(order: Order) -> Publication:
    order.step("compare")
    scene = _scene(order)
    recorded = scene.records.get(order.released.version)
    if recorded is not None:
        done = _as_recorded(order, scene, recorded)
        if done is not None:
            return done
    if order.dry_run:
        return _planned(order, scene)
    scene = _with_repository(order, scene)
    return _publish(order, scene, recorded)


def _scene(order: Order) -> Scene:
    released, repository = order.released, order.repository
    files = read_files(order.store, released.manifest)
    items = tuple(contents_of(released.manifest, released.raw, files, files.entries))
    records = record.read_all(order.store, released.name, repository.endpoint, repository.name)
    return Scene(items, from_store(order.store), repository.standing(), records)


def _as_recorded(order: Order, scene: Scene, recorded: Mirrored) -> Publication | None:
    """What stands already, or was put back; None where it has to be published anew."""
    standing = scene.standing
    if standing is not None and standing.tags.get(recorded.tag) == recorded.commit:
        return _result(order, scene, "already-published", recorded.branch, recorded.commit)
    if not order.restore:
        raise _moved(order, standing, recorded)
    if standing is None or order.repository.tree(recorded.commit) is None:
        return None
    if not order.dry_run:
        if recorded.tag in standing.tags:
            order.repository.untag(recorded.tag)
        order.repository.tag(recorded.tag, recorded.commit, _message(order))
    return _result(order, scene, "planned" if order.dry_run else "restored", recorded.branch, recorded.commit)


def _moved(order: Order, standing: Standing | None, recorded: Mirrored) -> RegistryError:
    name = order.repository.name
    if standing is None:
        return EnvironmentFailed(
            f"{name} is not on the Hub, or this token may not see it",
            why=f"{order.ref} was published there on {recorded.at[:10]} by {recorded.by}",
            hint=f"hf auth whoami; if it was deleted, to publish anew: {order.command} --restore",
        )
    there = standing.tags.get(recorded.tag)
    return IntegrityError(
        f"the tag {recorded.tag} of {name} on the Hub was {'moved' if there else 'deleted'}",
        why=f"{order.ref} is the commit {recorded.commit}" + (f", the tag says {there}" if there else ""),
        hint=f"ask who may write to {name}; to put the tag back: {order.command} --restore",
        expected=recorded.commit,
        found=there,
    )


def _with_repository(order: Order, scene: Scene) -> Scene:
    """The scene with a repository that nobody sees who should not."""
    repository, standing = order.repository, scene.standing
    if standing is None:
        # A repository is made private unless the declaration says otherwise: showing it is one click, hiding is not.
        repository.make(private=order.private is not False)
        standing = repository.standing()
        if standing is None:
            raise EnvironmentFailed(f"{repository.name} was made, but cannot be seen", hint="hf auth whoami")
    hide = bool(order.private) and not standing.private
    gate = STRICTNESS.index(order.gated) > STRICTNESS.index(standing.gated or "")
    if hide or gate:
        repository.restrict(private=hide, gated=order.gated if gate else "")
        standing = replace(standing, private=standing.private or hide, gated=order.gated if gate else standing.gated)
    return replace(scene, standing=standing)


def _planned(order: Order, scene: Scene) -> Publication:
    branch = _branch(order, scene)
    if scene.standing is None:
        return _result(order, scene, "planned", branch, None, Difference(added=tuple(i.path for i in scene.items)))
    commit = scene.standing.tags.get(order.tag)
    if commit and not order.restore:
        _require_same(order, scene, commit)
        return _result(order, scene, "planned", branch, commit)
    head, there = _head(order, scene, branch)
    difference = compare(scene.items, there, scene.fetch)
    _require_ours(order, scene, head, there, difference)
    return _result(order, scene, "planned", branch, None, difference)


def _publish(order: Order, scene: Scene, recorded: Mirrored | None) -> Publication:
    assert scene.standing is not None
    branch = _branch(order, scene)
    commit = scene.standing.tags.get(order.tag)
    if commit and order.restore:
        order.repository.untag(order.tag)
        commit = None
    if commit:  # an earlier attempt set the tag, and ended before it could be recorded
        _require_same(order, scene, commit)
        difference = Difference()
    else:
        commit, difference = _committed(order, scene, branch)
        order.step("tag")
        _tag(order, commit)
    _record(order, branch, commit, recorded)
    return _result(order, scene, "published", branch, commit, difference)


def _committed(order: Order, scene: Scene, branch: str) -> tuple[str, Difference]:
    """A commit of the branch that holds the release, made where its head does not hold it yet."""
    head, there = _head(order, scene, branch)
    difference = compare(scene.items, there, scene.fetch)
    if not difference:
        return head, difference
    _require_ours(order, scene, head, there, difference)
    order.repository.branch(branch, head)
    wanted = [item for item in scene.items if item.path in set(difference.sent)]
    with staged(order.store, order.released.reference.manifest, wanted, order.progress) as folder:
        order.step("upload")
        files = {item.path: folder / item.path for item in wanted}
        change = Change(files, difference.removed, f"Release {order.ref}", _message(order))
        commit = order.repository.commit(branch, head, change)
    _require_same(order, scene, commit)
    return commit, difference


def _branch(order: Order, scene: Scene) -> str:
    return branch_for(order.released.version, [v for v in scene.records if v != order.released.version])


def branch_for(version: Version, published: Iterable[Version]) -> str:
    """`main` for the greatest release that is published, else a branch of its own: what people see never goes back."""
    greatest = not version.pre and all(version > other for other in published if not other.pre)
    return MAIN if greatest else f"release-{version}"


def _head(order: Order, scene: Scene, branch: str) -> tuple[str, Mapping[str, Entry]]:
    """The commit that the branch is at, or would begin at, and its files."""
    assert scene.standing is not None
    branches = scene.standing.branches
    head = branches.get(branch) or branches.get(MAIN)
    there = order.repository.tree(head) if head else None
    if head is None or there is None:
        raise StateError(
            f"{order.repository.name} has no branch {MAIN}",
            hint=f"hf repos branch create {order.repository.name} {MAIN} --type dataset",
        )
    return head, there


def _require_ours(order: Order, scene: Scene, head: str, there: Mapping[str, Entry], difference: Difference) -> None:
    """Raises `StateError` where files would be overwritten or removed that no release of ours put there."""
    if order.replace or head in {entry.commit for entry in scene.records.values()}:
        return
    known = _released_at(order, there)
    strange = [
        path
        for path in (*difference.replaced, *difference.removed)
        if path not in THEIRS and not (path in known and same(known[path], there[path], scene.fetch))
    ]
    if strange:
        edited = [path for path in strange if path in known]
        what = "was changed on the Hub" if edited else "holds files that registry did not publish"
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        raise StateError(
            f"{order.repository.name} {what}",
            why=", ".join((edited or strange)[:3]) + more,
            hint="choose another [hub] repo, or let the release take their place (the Hub's history keeps them): "
            f"{order.command} --replace",
            paths=strange,
        )


def _released_at(order: Order, there: Mapping[str, Entry]) -> dict[str, Item]:
    """The files of the release whose manifest the commit holds, by path; empty where it is none of this store."""
    entry = there.get(MANIFEST)
    if entry is None:
        return {}
    name = order.released.name
    for version, reference in references(order.store, name).items():
        manifest, raw = read_manifest(order.store, name, version, reference)
        if same(Item.of(MANIFEST, raw), entry, lambda item: [item.inline or b""]):
            try:
                files = read_files(order.store, manifest)
            except NotFoundError:  # purged since
                return {}
            return {item.path: item for item in contents_of(manifest, raw, files, files.entries)}
    return {}


def _require_same(order: Order, scene: Scene, commit: str) -> None:
    """Raises where the commit does not hold exactly the release: nothing that others send is believed."""
    there = order.repository.tree(commit)
    difference = compare(scene.items, there or {}, scene.fetch)
    if not difference:
        return
    first = (*difference.added, *difference.replaced, *difference.removed)[0]
    if scene.standing is not None and scene.standing.tags.get(order.tag) == commit:
        raise StateError(
            f"the tag {order.tag} of {order.repository.name} stands on the Hub already, with other content",
            why=f"at the commit {commit}, {first} is not that of {order.ref}",
            hint=f"hf repos tag delete {order.repository.name} {order.tag} --type dataset, then: {order.command}",
        )
    raise IntegrityError(
        f"the commit {commit} of {order.repository.name} does not hold {order.ref}",
        why=f"{first} is missing, has other bytes, or does not belong there",
        hint=f"it has no tag; look at {order.repository.url}/commit/{commit}, then: {order.command}",
    )


def _tag(order: Order, commit: str) -> None:
    try:
        order.repository.tag(order.tag, commit, _message(order))
    except StateError:
        standing = order.repository.standing()
        if standing is None or standing.tags.get(order.tag) != commit:
            raise


def _record(order: Order, branch: str, commit: str, instead_of: Mirrored | None) -> None:
    repository, released = order.repository, order.released
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = Mirrored(
        repository.endpoint, repository.name, order.tag, commit, branch, released.reference.manifest, order.by, at
    )
    try:
        record.write(order.store, released.name, released.version, entry, instead_of=instead_of)
    except EnvironmentFailed as error:
        raise EnvironmentFailed(
            f"{order.ref} is published as {commit}; the record in the store is missing",
            why=str(error),
            hint=order.command,
        ) from error


def _message(order: Order) -> str:
    return f"Manifest-Digest: sha256:{order.released.reference.manifest}"


def _result(
    order: Order,
    scene: Scene,
    state: State,
    branch: str,
    commit: str | None,
    difference: Difference | None = None,
) -> Publication:
    difference, sizes = difference or Difference(), {item.path: item.size for item in scene.items}
    changes = [Changed(path, "add", sizes[path]) for path in difference.added]
    changes += [Changed(path, "replace", sizes[path]) for path in difference.replaced]
    changes += [Changed(path, "remove") for path in difference.removed]
    standing = scene.standing or Standing(order.private is not False, order.gated, {}, {})
    repository = order.repository
    return Publication(
        name=order.released.name,
        version=str(order.released.version),
        manifest=order.released.reference.manifest,
        to="hub",
        url=f"{repository.url}/tree/{order.tag}",
        state=state,
        files=len(scene.items),
        bytes=sum(sizes.values()),
        changes=tuple(sorted(changes, key=lambda change: change.path)),
        hub=HubCommit(repository.name, branch, order.tag, commit, standing.private, standing.gated),
    )
