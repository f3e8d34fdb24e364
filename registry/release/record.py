"""The release in git: the manifest, the changelog, and an annotated tag that names the manifest.

Comes after the commit point and may be repeated; what the user has staged stays as it is.
"""

from __future__ import annotations

from registry.cards.changelog import entries, join
from registry.errors import EnvironmentFailed, RegistryError
from registry.model.names import Version
from registry.model.release import Manifest
from registry.workspace.files import write_bytes
from registry.workspace.workspace import Workspace


def record(workspace: Workspace, manifest: Manifest, raw: bytes, changelog: bytes) -> list[str]:
    """Commits and tags where that is missing; the git commands left to run, such as the push.

    Raises `EnvironmentFailed` saying that the release exists where git fails.
    """
    folder = workspace.root / "releases" / manifest.name
    log = folder / "CHANGELOG.md"
    text = merged(changelog.decode(), log.read_text("utf-8") if log.exists() else "")
    files = {folder / f"{manifest.version}.manifest.json": raw, log: text.encode()}
    tag = manifest.version.tag(manifest.name)
    try:
        if workspace.git.tag_message(tag) is None:
            for file, data in files.items():
                write_bytes(file, data)
            commit = workspace.git.commit_files(files, f"Release {manifest.name} {manifest.version}")
            commit = commit or workspace.git.last_commit([next(iter(files))])[0]
            workspace.git.tag(tag, _message(manifest), commit)
    except RegistryError as error:
        raise EnvironmentFailed(
            f"{manifest.name}@{manifest.version} is released; the git record is missing",
            why=str(error),
            hint=f"registry release {manifest.version} {manifest.name}",
        ) from error
    remotes = (workspace.git.try_run("remote") or "").split()
    remote = "origin" if "origin" in remotes else next(iter(remotes), "")
    return [f"git push --atomic {remote} HEAD {tag}"] if remote else []


def merged(changelog: str, before: str) -> str:
    """`changelog` with the entries of `before` that it lacks: a release of an older line loses none."""
    title, _, _ = changelog.partition("\n")
    known = {_version_of(entry): entry for entry in [*entries(before), *entries(changelog)]}
    ordered = [known[version] for version in sorted(known, reverse=True)]
    return join(title.removeprefix("# Changelog of "), ordered)


def _version_of(entry: str) -> Version:
    return Version.parse(entry.removeprefix("## ").split()[0])


def _message(manifest: Manifest) -> str:
    return (
        f"Release {manifest.name} {manifest.version}\n\n"
        f"Manifest-Digest: sha256:{manifest.sha256}\n"
        f"Content: {manifest.content}\n"
    )
