"""Which split each file belongs to.

The schema's globs decide; else words in file and directory names, in English and
Korean; else the column with role `split`; else everything is `train`.

>>> named_split("data/train-00000-of-00002.parquet"), named_split("1.Training/원천/a.jsonl"), named_split("평가/a.csv")
('train', 'train', 'test')
>>> named_split("reviews.csv") is None
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.errors import ConfigError, DataError
from registry.model.schema import DatasetSchema
from registry.model.splits import STANDARD
from registry.tables.table import SPLIT

WORDS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "학습", "훈련"),
    "validation": ("validation", "valid", "val", "dev", "검증"),
    "test": ("test", "testing", "eval", "evaluation", "평가"),
}
_SPLIT_OF = {word: split for split, words in WORDS.items() for word in words}
_LETTERS = re.compile(r"[^\W\d_]+")
_KOREAN_TAIL = re.compile(r"(용|데이터|데이터셋|셋|세트|자료)+\Z")


@dataclass(frozen=True, slots=True)
class Assignment:
    """The split of each path (None where `column` decides), and the column that decides, if one does."""

    splits: Mapping[str, str | None]
    column: str | None = None


def assign_splits(paths: Sequence[str], schema: DatasetSchema | None, *, images: bool = False) -> Assignment:
    """The split of every data file, by the first rule that applies.

    Of an image folder only directory names count. What is unclear is refused, never
    guessed: a file that names no split among files that do, one that names two, or a
    path that two globs match (`ConfigError`); a declared split without a file (`DataError`).
    """
    role = schema.column_of_role("split") if schema else None
    column = role.name if role else None
    if schema and schema.splits:
        if column:
            raise ConfigError(
                f"the schema declares `splits` and the column `{column}` with role split",
                why="only one of them can decide",
                hint="remove one of the two from the schema",
            )
        return Assignment(_by_globs(paths, schema.splits))
    named = {path: _unambiguous(path, images=images) for path in paths}
    if any(named.values()):
        _all_named(named)
        if column == SPLIT:
            raise ConfigError(
                f"file names give the splits, and so does the column `{SPLIT}` (`{paths[0]}`)",
                why="only one of them can decide",
                hint="rename the column, or remove the split words from the file names",
            )
        return Assignment(named)
    if column:
        return Assignment(dict.fromkeys(paths), column)
    return Assignment(dict.fromkeys(paths, STANDARD[0]))


def named_split(path: str, *, images: bool = False) -> str | None:
    """The split that the names in `path` give: those of the file first, then of its directories upwards."""
    return next(iter(_named_splits(path, images=images)), None)


def glob_matches(pattern: str, path: str) -> bool:
    """Whether `path` matches: `*` and `?` stay within a directory, `**` crosses them; NFC, case counts.

    >>> glob_matches("data/**/*.csv", "data/2024/ko/a.csv"), glob_matches("*.csv", "data/a.csv")
    (True, False)
    """
    return re.compile(_regex(_nfc(pattern))).match(_nfc(path)) is not None


def _by_globs(paths: Sequence[str], globs: Mapping[str, str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for path in paths:
        matching = [split for split, pattern in globs.items() if glob_matches(pattern, path)]
        if len(matching) != 1:
            known = ", ".join(f"{split}: {pattern}" for split, pattern in globs.items())
            problem = f"matches the globs of {' and '.join(matching)}" if matching else "matches no glob"
            raise ConfigError(
                f"`{path}` {problem} under `splits` of the schema",
                why=f"every data file belongs to one split; declared are {known}",
                hint="extend or narrow `splits` in the schema, or take the file out of the dataset",
                path=path,
            )
        found[path] = matching[0]
    for split in globs:
        if split not in found.values():
            raise DataError(
                f"no file belongs to the declared split `{split}`",
                why=f"nothing matches {globs[split]}",
                hint="add its files, or remove it from `splits` in the schema",
                split=split,
            )
    return found


def _unambiguous(path: str, *, images: bool) -> str | None:
    found = _named_splits(path, images=images)
    if len(found) > 1:
        raise ConfigError(
            f"`{path}` names two splits, {found[0]} and {found[1]}",
            hint="rename it, or declare `splits` in the schema",
            path=path,
        )
    return found[0] if found else None


def _all_named(named: Mapping[str, str | None]) -> None:
    without = next((path for path, split in named.items() if split is None), None)
    if without is not None:
        other = next(path for path, split in named.items() if split is not None)
        raise ConfigError(
            f"`{without}` names no split, but `{other}` does ({named[other]})",
            why="a split is not guessed",
            hint="rename it, or declare `splits` (name → glob) in the schema",
            path=without,
        )


def _named_splits(path: str, *, images: bool) -> list[str]:
    """Different splits named in the path, from the file upwards."""
    *folders, name = _nfc(path).split("/")
    pieces = ([] if images else [name]) + folders[::-1]
    found = [split for piece in pieces for split in map(_split_of_word, _LETTERS.findall(piece)) if split]
    return list(dict.fromkeys(found))


def _split_of_word(word: str) -> str | None:
    return _SPLIT_OF.get(word.casefold()) or _SPLIT_OF.get(_KOREAN_TAIL.sub("", word))


def _regex(pattern: str) -> str:
    """A regular expression for a glob."""
    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out, at = out + "(?:[^/]+/)*", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif pattern[at] in "*?":
            out, at = out + ("[^/]*" if pattern[at] == "*" else "[^/]"), at + 1
        else:
            out, at = out + re.escape(pattern[at]), at + 1
    return f"(?s:{out})\\Z"


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
