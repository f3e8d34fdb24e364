"""What `ci init` puts into a repository: files of its own, and blocks in files that are the user's.

Each carries a digest of itself, so that one of an earlier version is told from one that somebody edited.

>>> piece = Owned("ci.yml", "jobs: {}\\n", "github")
>>> [piece.state(text) for text in (None, piece.text, piece.text + "more: 1\\n", "jobs: {}\\n")]
['absent', 'current', 'edited', 'edited']
>>> old = Owned("ci.yml", "jobs: {old: 1}\\n", "github")
>>> piece.state(old.text)
'outdated'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from textwrap import dedent, indent
from typing import Literal, Protocol

State = Literal["absent", "current", "outdated", "edited"]
"""Not there; as it is now; ours of an earlier version or of other settings; somebody else's."""


class Piece(Protocol):
    """Something of ours in the file `path`, relative to the top of the repository."""

    @property
    def path(self) -> str:
        """The file."""

    def state(self, found: str | None) -> State:
        """How a file of the text `found` (None: there is no file) stands to this piece."""

    def merged(self, found: str | None) -> str | None:
        """The text of the file with this piece in it; None where there is no place for it."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A whole file of lines, in a language whose comments begin with `#`."""

    path: str
    body: str
    provider: str

    @property
    def text(self) -> str:
        """The file: two lines that say whose it is, and the body."""
        return (
            f"# Written by `registry ci init {self.provider}` from [ci] of registry.toml; change that, run it again.\n"
            f"# {_digest(self.body)} are the first digits of the sha256 of the lines below.\n{self.body}"
        )

    def state(self, found: str | None) -> State:
        """Told by the digest in the second line."""
        if found is None:
            return "absent"
        if found == self.text:
            return "current"
        first, _, rest = found.partition("\n")
        second, _, body = rest.partition("\n")
        ours = first.startswith("# Written by `registry ci init ") and second.startswith(f"# {_digest(body)} ")
        return "outdated" if ours else "edited"

    def merged(self, found: str | None) -> str | None:
        """The whole file, whatever was there."""
        return self.text


@dataclass(frozen=True, slots=True)
class Listed:
    """Items of the list below the top-level `key` of a YAML file that others write to as well.

    >>> piece = Listed(".pre-commit-config.yaml", "repos", "- repo: local\\n", "pre-commit")
    >>> print(piece.merged("repos:\\n  - repo: mine\\n"), end="")
    repos:
      # begin of `registry ci init pre-commit`, 366076673b20fad4
      - repo: local
      # end of `registry ci init pre-commit`
      - repo: mine
    >>> piece.state(piece.merged(None)), piece.state("repos:\\n- repo: mine\\n"), piece.merged("repos: []\\n")
    ('current', 'absent', None)
    """

    path: str
    key: str
    items: str
    provider: str

    def state(self, found: str | None) -> State:
        """Told by the digest in the line that begins the block."""
        block = self._block(found or "")
        if block is None:
            return "absent"
        body = dedent(block["body"])
        if body == self.items:
            return "current"
        return "outdated" if block["digest"] == _digest(body) else "edited"

    def merged(self, found: str | None) -> str | None:
        """The block in place of an earlier one, else first in the list; None for a list in another notation."""
        text = found or ""
        block = self._block(text)
        if block is not None:
            return text[: block.start()] + self._written(block["indent"]) + text[block.end() :]
        head = re.search(rf"^{self.key}:[^\n]*\n?", text, re.MULTILINE)
        if head is None:
            return text + ("" if not text or text.endswith("\n") else "\n") + f"{self.key}:\n{self._written('  ')}"
        item = re.match(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?P<indent> *)- ", text[head.end() :])
        if item is None or re.sub(r"\s*(#.*)?$", "", head[0]) != f"{self.key}:":
            return None
        return text[: head.end()] + self._written(item["indent"]) + text[head.end() :]

    def _block(self, text: str) -> re.Match[str] | None:
        name = re.escape(f"`registry ci init {self.provider}`")
        pattern = rf"^(?P<indent> *)# begin of {name}, (?P<digest>\w*)\n(?P<body>.*?)^ *# end of {name}\n"
        return re.search(pattern, text, re.MULTILINE | re.DOTALL)

    def _written(self, spaces: str) -> str:
        name = f"`registry ci init {self.provider}`"
        return indent(f"# begin of {name}, {_digest(self.items)}\n{self.items}# end of {name}\n", spaces)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
