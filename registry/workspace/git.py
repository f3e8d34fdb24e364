"""Git, by its command: state of files, one commit through an index of our own, tags.

What the user has staged is never touched: a release's record is committed through a
temporary index, and only its own paths are refreshed in the real one.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.errors import EnvironmentFailed, UsageError, WorkspaceError


@dataclass(frozen=True, slots=True)
class Git:
    """A git work tree whose top directory is `top`."""

    top: Path

    @classmethod
    def find(cls, start: Path) -> Git | None:
        """The work tree that holds `start`, or None."""
        if not start.is_dir():
            return None
        done = _run(["rev-parse", "--show-toplevel"], start)
        return cls(Path(done.stdout.strip())) if done.returncode == 0 else None

    @classmethod
    def require(cls, start: Path) -> Git:
        """As `find`; raises `WorkspaceError` outside a work tree."""
        found = cls.find(start)
        if found is None:
            raise WorkspaceError(f"{start} is not in a git repository", hint="registry init")
        return found

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes | None = None) -> str:
        """Output of a git command; a failing one raises `EnvironmentFailed`."""
        done = _run(list(arguments), self.top, env=env, stdin=stdin)
        if done.returncode:
            why = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise EnvironmentFailed(f"git {arguments[0]} failed", why=why[-1] if why else "", hint="git status")
        return done.stdout

    def try_run(self, *arguments: str) -> str | None:
        """Output of a git command, or None where it fails."""
        done = _run(list(arguments), self.top)
        return done.stdout if done.returncode == 0 else None

    def relative(self, path: Path) -> str:
        """`path` as git names it: POSIX, relative to the top."""
        return Path(os.path.relpath(path, self.top)).as_posix()

    def dirty(self, paths: Iterable[Path]) -> list[str]:
        """Those of `paths` whose bytes HEAD does not hold: edited, new, ignored or removed.

        Bytes are compared, not git's opinion of them: an index can be told to look away.
        """
        found = {self.relative(path): path for path in paths}
        if not found:
            return []
        listing = self.try_run("ls-tree", "-z", "HEAD", "--", *found) or ""
        held = {entry.partition("\t")[2]: entry.split()[2] for entry in listing.split("\0") if entry}
        present = [name for name, path in found.items() if path.is_file()]
        hashes = self.run("hash-object", "--", *(str(found[name]) for name in present)).split() if present else []
        now = dict(zip(present, hashes, strict=True))
        return sorted(name for name in found if now.get(name) != held.get(name))

    def show(self, revision: str, path: Path) -> bytes | None:
        """The bytes of `path` at `revision`, or None where it is not there."""
        done = _start(["show", f"{revision}:{self.relative(path)}"], self.top)
        return done.stdout if done.returncode == 0 else None

    def merge_base(self, revision: str) -> str:
        """The commit at which HEAD parted from `revision`.

        Raises what `require_commit` raises, and the same where the two have no ancestor in common.
        """
        tip = self.tip(revision)
        found = (self.try_run("merge-base", "--all", tip, "HEAD") or "").split()
        if found:
            # Of several nobody can say at which one they parted: what differs from the tip is the branch's.
            return found[0] if len(found) == 1 else tip
        self._refuse_shallow(f"the history ends before it meets `{revision}`")
        raise UsageError(
            f"`{revision}` and HEAD have no common ancestor",
            why="what was touched since they parted cannot be told",
            hint="git log --oneline --graph --all",
        )

    def tip(self, revision: str) -> str:
        """The commit that `revision` names today; raises what `require_commit` raises."""
        return self.require_commit(self._branch(revision))

    def _branch(self, name: str) -> str:
        """The branch called `name`, of a remote or of here, in full: git itself prefers a tag of that name."""
        full = (f"refs/remotes/{name}", f"refs/heads/{name}")
        return next((ref for ref in full if self.try_run("rev-parse", "--verify", "--quiet", ref)), name)

    def require_commit(self, revision: str) -> str:
        """The commit that `revision` names.

        Raises `UsageError` where there is none, `EnvironmentFailed`, with what to fetch, in a shallow clone.
        """
        found = self.commit_of(revision)
        if found is None:
            self._refuse_shallow(f"the history ends before `{revision}`")
            raise UsageError(
                f"git knows no revision `{revision}`", why="no branch, tag or commit is called so", hint="git branch -a"
            )
        return found

    def _refuse_shallow(self, what: str) -> None:
        """Raises `EnvironmentFailed` in a shallow clone."""
        if (self.try_run("rev-parse", "--is-shallow-repository") or "").strip() == "true":
            raise EnvironmentFailed(
                what,
                why="this is a shallow clone",
                hint="git fetch --unshallow origin (in a workflow: `fetch-depth: 0` of actions/checkout)",
            )

    def commit_of(self, revision: str) -> str | None:
        """The commit that `revision` names, or None."""
        if not revision or revision.startswith("-"):
            return None
        return (self.try_run("rev-parse", "--verify", "-q", f"{revision}^{{commit}}") or "").strip() or None

    def entries(self, commit: str, place: str = ".") -> dict[str, tuple[str, str]]:
        """Mode and object of everything that `commit` holds below `place`, by its path from the top."""
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", commit, *([] if place == "." else ["--", place]))
        found = (entry.partition("\t") for entry in listing.split("\0") if entry)
        return {path: (about.split()[0], about.split()[2]) for about, _, path in found}

    def tree(self, commit: str, below: Path) -> dict[str, str]:
        """The blob of every regular file of `commit` below a directory, by its path relative to that."""
        place = self.relative(below)
        start = 0 if place == "." else len(place) + 1
        return {
            path[start:]: blob for path, (mode, blob) in self.entries(commit, place).items() if mode.startswith("100")
        }

    def held(self, below: Path, revision: str = "HEAD") -> list[Path]:
        """The files that `revision` holds below a directory; none before the first commit."""
        listing = self.try_run(
            "ls-tree", "-r", "-z", "--name-only", "--full-tree", revision, "--", self.relative(below)
        )
        return [self.top / name for name in (listing or "").split("\0") if name]

    def blobs(self, names: Sequence[str]) -> list[bytes]:
        """The bytes of blobs, in one run of git."""
        if not names:
            return []
        data = _bytes(["cat-file", "--batch"], self.top, "\n".join(names).encode() + b"\n")
        found, at = [], 0
        for _ in names:
            end = data.index(b"\n", at)
            size = int(data[at:end].split()[2])
            found.append(data[end + 1 : end + 1 + size])
            at = end + size + 2
        return found

    def changed(self, commit: str) -> list[str]:
        """The paths, relative to the top, that the work tree has otherwise than `commit`, new ones included."""
        edited = self.run("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", commit)
        new = self.run("ls-files", "--others", "--exclude-standard", "-z")
        return sorted({path for path in (edited + new).split("\0") if path})

    def ever_held(self, file: Path, text: str) -> bool:
        """Whether `file` of any commit of any branch holds `text`, which the one here may hold or not."""
        found = self.try_run("log", "--all", "-n", "1", "--format=%H", f"-S{text}", "--", self.relative(file))
        return bool(found and found.strip())

    def last_commit(self, paths: Iterable[Path]) -> tuple[str, str]:
        """Hash and committer date (YYYY-MM-DD, UTC) of the commit that last touched `paths`; empty if none."""
        names = [self.relative(path) for path in paths]
        out = self.try_run("log", "-1", "--format=%H %cd", "--date=format-local:%Y-%m-%d", "--", *names)
        digest, _, date = (out or "").strip().partition(" ")
        return digest, date

    def remote_url(self) -> str:
        """The URL of `origin` without credentials, or an empty text."""
        from urllib.parse import urlsplit, urlunsplit

        url = (self.try_run("remote", "get-url", "origin") or "").strip()
        if "://" not in url:
            return url if "@" in url and ":" in url else ""
        parts = urlsplit(url)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
        return urlunsplit((parts.scheme, host, parts.path, "", "")) if parts.scheme != "file" else ""

    def identity(self) -> str:
        """`Name <mail>` as git would sign, or an empty text."""
        identity, closed, _ = (self.try_run("var", "GIT_COMMITTER_IDENT") or "").rpartition(">")
        return identity + closed

    def head(self) -> str | None:
        """The hash of HEAD, or None before the first commit."""
        out = self.try_run("rev-parse", "--verify", "-q", "HEAD")
        return out.strip() if out else None

    def commit_files(self, files: Mapping[Path, bytes], message: str) -> str | None:
        """One commit on HEAD that holds exactly `files` more; None where HEAD holds them already.

        Works through a temporary index, then refreshes only these paths in the real one, so
        that nothing the user staged is committed or lost.
        """
        names = {self.relative(path): self._blob(data) for path, data in files.items()}
        head = self.head()
        with tempfile.TemporaryDirectory() as scratch:
            env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            if head:
                self.run("read-tree", head, env=env)
            self._stage(names, env)
            tree = self.run("write-tree", env=env).strip()
        if head and tree == self.run("rev-parse", f"{head}^{{tree}}").strip():
            self._stage(names, None)  # an earlier try may have ended between the commit and this
            return None
        parents = ["-p", head] if head else []
        commit = self.run("commit-tree", tree, *parents, "-m", message).strip()
        self.run("update-ref", "-m", f"registry: {message.splitlines()[0]}", "HEAD", commit, head or "0" * 40)
        self._stage(names, None)
        return commit

    def _blob(self, data: bytes) -> str:
        return self.run("hash-object", "-w", "--stdin", stdin=data).strip()

    def _stage(self, names: Mapping[str, str], env: Mapping[str, str] | None) -> None:
        for name, blob in names.items():
            self.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", env=env)

    def tag_message(self, tag: str) -> str | None:
        """The message of an annotated tag, or None where there is no such tag."""
        return self.try_run("for-each-ref", f"refs/tags/{tag}", "--format=%(contents)") or None

    def tag(self, tag: str, message: str, commit: str) -> None:
        """Writes an annotated tag; an existing one raises `EnvironmentFailed`."""
        self.run("tag", "-a", tag, "-m", message, commit)


def init(directory: Path) -> bool:
    """`git init` where there is no repository yet; whether one was made."""
    if Git.find(directory) is not None:
        return False
    done = _run(["init", "-q"], directory)
    if done.returncode:
        raise EnvironmentFailed("git init failed", why=done.stderr.strip())
    return True


# A directory that a branch fills like a repository is none: its settings would start programs, its refs be the base.
COMMAND = ("git", "-c", "safe.bareRepository=explicit")
OURS = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit is what it is called, whatever `refs/replace` says
}


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **OURS, **(extra or {})}


def _bytes(arguments: list[str], where: Path, stdin: bytes) -> bytes:
    """Output of a git command that does not fail, as it is."""
    done = _start(arguments, where, stdin=stdin)
    if done.returncode:
        raise EnvironmentFailed(f"git {arguments[0]} failed", why=done.stderr.decode("utf-8", "replace").strip()[:200])
    return done.stdout


def _run(
    arguments: list[str], where: Path, *, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    done = _start(arguments, where, env=env, stdin=stdin)
    text = done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "replace")
    return subprocess.CompletedProcess(done.args, done.returncode, *text)


def _start(
    arguments: list[str], where: Path, *, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*COMMAND, *arguments], cwd=where, input=stdin, capture_output=True, check=False, env=_environment(env)
        )
    except FileNotFoundError as error:
        raise EnvironmentFailed("git is not installed", hint="install git, then run the same command again") from error
