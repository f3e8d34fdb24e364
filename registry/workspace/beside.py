"""What belongs to a card and lies beside it: templates, and the folder of attachments.

>>> from pathlib import PurePosixPath
>>> card = PurePosixPath("cards/reviews.md")
>>> [str(place) for place in templates_of(card)], str(folder_of(card))
(['cards/reviews.md.j2', 'cards/_card.md.j2'], 'cards/reviews')
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TypeVar

Place = TypeVar("Place", bound=PurePath)

EVERY = "_card.md.j2"  # no legal name of a dataset begins so


def templates_of(card: Place) -> tuple[Place, Place]:
    """Where a template of `card` may lie: beside it for this card alone, else one for all cards of the folder."""
    return card.with_name(f"{card.name}.j2"), card.with_name(EVERY)


def folder_of(card: Place) -> Place:
    """The folder whose files ship with a release; for a card without a suffix it would be the card: `<card>.files`."""
    return card.with_suffix("") if card.suffix else card.with_name(f"{card.name}.files")


def attachments_of(card: Path) -> list[Path]:
    """All that lies in the folder of `card`, links and devices too, in order of path; what begins with a dot is not."""
    folder = folder_of(card)
    if not folder.is_dir():
        return []
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))
