"""Whether a release may be published: it stands, and its card declares what the place asks for.

>>> revision_of({"git": "a" * 40}), revision_of({"git": "--upload-pack=x"})
('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', None)
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from registry.cards.declared import load_card
from registry.cards.lint import CardError, undeclared
from registry.consume.listing import require_sound_listing
from registry.consume.resolve import Released, refusal, resolve
from registry.errors import ConfigError, StateError
from registry.model.facts import Declared
from registry.model.names import Ref, Version
from registry.model.release import Manifest, content_digest
from registry.stores.base import Store
from registry.workspace.beside import folder_of, templates_of
from registry.workspace.workspace import Dataset, Workspace

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def released(store: Store, name: str, version: Version) -> Released:
    """The release, vetted; a withdrawn one raises `YankedError` or `PurgedError`, whatever the reason was."""
    found = resolve(store, Ref(name, str(version)), withdrawn=True)
    if found.standing and found.standing.withdrawn:
        raise refusal(name, version, found.standing)
    require_sound_listing(store, found.manifest)
    return found


def require_declared(workspace: Workspace, manifest: Manifest, required: tuple[str, ...]) -> None:
    """Raises `CardError` where the card that was released leaves a required declaration open.

    The card is found in git and known by the release's digest of its content; `StateError`
    where this repository does not hold it.
    """
    if not required:
        return
    ref = f"{manifest.name}@{manifest.version}"
    declared = _declared(workspace, workspace.dataset(manifest.name), manifest)
    missing = undeclared(declared, manifest.license, required)
    if missing:
        raise CardError(
            f"the card of {ref} declares too little for the Hub",
            why=f"[hub] required asks for {', '.join(missing)}",
            hint=f"fill in {workspace.dataset(manifest.name).card} and commit it, then: "
            f"registry release patch {manifest.name}",
            problems=[{"code": "missing", "field": name, "message": f"`{name}` is not declared"} for name in missing],
        )


def _declared(workspace: Workspace, dataset: Dataset, manifest: Manifest) -> Declared:
    for declared in _candidates(workspace, dataset, manifest):
        content = content_digest(
            manifest.name,
            manifest.version,
            data=str(manifest.data["sha256"]),
            schema=manifest.schema,
            ruleset=manifest.ruleset,
            card=declared.to_json(),
        )
        if content == manifest.content:
            return declared
    raise StateError(
        f"the card that {manifest.name}@{manifest.version} was released with is not in this repository",
        why="what it declares cannot be compared with [hub] required",
        hint="git fetch --tags, then run the same command again",
    )


def _candidates(workspace: Workspace, dataset: Dataset, manifest: Manifest) -> Iterator[Declared]:
    """The card as it lies here, then as it was when the release was made."""
    card = workspace.root / dataset.card
    with suppress(ConfigError):  # today's card may be half edited; the one that was released can still be found
        yield load_card(card)
    tag = manifest.version.tag(manifest.name)
    for revision in (revision_of(manifest.source), f"refs/tags/{tag}"):
        if revision:
            yield from _card_at(workspace, card, revision)


def _card_at(workspace: Workspace, card: Path, revision: str) -> Iterator[Declared]:
    commit = workspace.git.commit_of(revision)
    held = workspace.git.tree(commit, card.parent) if commit else {}
    own = {card.name, *(file.name for file in templates_of(card))}
    wanted = [path for path in held if path in own or path.startswith(f"{folder_of(card).name}/")]
    with tempfile.TemporaryDirectory() as folder:
        for path, data in zip(wanted, workspace.git.blobs([held[path] for path in wanted]), strict=True):
            Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, path).write_bytes(data)
        try:
            yield load_card(Path(folder, card.name))
        except ConfigError:
            return  # an older or newer version of us wrote it


def revision_of(source: Mapping[str, str]) -> str | None:
    """The commit that a manifest names, if it reads as one."""
    found = source.get("git", "")
    return found if _COMMIT.match(found) else None
