"""`process:` and `sources:` of a card's front matter, and the card's folder of attachments, read strictly.

>>> from registry.workspace.yamls import parse_yaml
>>> text = "process:\\n  annotators: {count: 12, pay: 시급 15000원}\\n  consent: {until: 2027-12-31}\\n"
>>> raw, places = parse_yaml(text, "cards/x.md")
>>> made = read_process(raw["process"], None, (), places)
>>> made.records["annotators"]["count"], made.day("consent")
(12, datetime.date(2027, 12, 31))
>>> raw, places = parse_yaml("process:\\n  annotators:\\n    pays: fair\\n", "cards/x.md")
>>> read_process(raw["process"], None, (), places)
Traceback (most recent call last):
...
registry.errors.ConfigError: cards/x.md:3 has the unknown key `pays`: did you mean `pay`?
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.cards.vocabulary import suggestion
from registry.errors import ConfigError
from registry.model.paths import problems
from registry.model.process import RECORDS, SOURCE, Attachment, Kind, Process
from registry.workspace.beside import attachments_of, folder_of
from registry.workspace.yamls import Places

MAX_FILES = 100
MAX_BYTES = 20_000_000  # of all attachments of a card: they are read at once, and go wherever the release goes
_DIGEST = re.compile(r"(?:[a-z0-9-]+:)?[0-9a-f]{32,128}\Z")


def read_attachments(card: Path) -> tuple[Attachment, ...]:
    """The files in the folder of `card`; a link, a path that no release admits, or too much raises `ConfigError`."""
    folder, files = folder_of(card), attachments_of(card)
    hint = f"mend {folder}/; what begins with a dot is left out"
    if folder.is_symlink() or any(not file.is_file() or file.is_symlink() for file in files):
        file = folder if folder.is_symlink() else next(f for f in files if not f.is_file() or f.is_symlink())
        raise ConfigError(f"{file} is no regular file", why="an attachment is shipped as it lies there", hint=hint)
    paths = [file.relative_to(folder).as_posix() for file in files]
    for problem in problems(f"attachments/{path}" for path in paths):
        raise ConfigError(f"{folder.parent}: `{problem.path}` cannot be shipped", why=problem.why, hint=hint)
    size = sum(file.stat().st_size for file in files)
    if len(files) > MAX_FILES or size > MAX_BYTES:
        raise ConfigError(
            f"{folder}/ holds {len(files):,} files of {size:,} bytes",
            why=f"a release ships at most {MAX_FILES} attachments of {MAX_BYTES:,} bytes in all",
            hint=f"keep large files elsewhere, and name them in the card by url and sha256: {folder}/",
        )
    try:
        return tuple(Attachment.of(path, file.read_bytes()) for path, file in zip(paths, files, strict=True))
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read", why=error.strerror or "") from error


def read_process(records: Any, sources: Any, attached: Sequence[Attachment], places: Places) -> Process:
    """The declared process; anything irregular raises `ConfigError` naming the line."""
    found: dict[str, Mapping[str, Any]] = {}
    for name, record in _mapping(records, RECORDS, ("process",), places).items():
        kept = _record(record, RECORDS[name], ("process", name), attached, places)
        if kept:
            found[name] = kept
    return Process({name: found[name] for name in RECORDS if name in found}, _sources(sources, places), tuple(attached))


def _record(
    value: Any, keys: Mapping[str, Kind], at: tuple[Any, ...], attached: Sequence[Attachment], places: Places
) -> dict[str, Any]:
    """One record, its keys in the order of the table; what is left empty is not declared."""
    given = _mapping(value, keys, at, places)
    found = {key: _typed(given[key], keys[key], (*at, key), places) for key in keys if given.get(key) not in (None, "")}
    if "file" in found:
        _require_attached(found, at, attached, places)
    return found


def _require_attached(
    found: Mapping[str, Any], at: tuple[Any, ...], attached: Sequence[Attachment], places: Places
) -> None:
    place = f"{places.file}:{places.line(*at, 'file')}"
    file = next((one for one in attached if one.path == found["file"]), None)
    folder = folder_of(Path(places.file))
    if file is None:
        near = suggestion(found["file"], [one.path for one in attached]).removeprefix("; ")
        why = near or (f"there are {', '.join(one.path for one in attached)[:200]}" if attached else "")
        raise ConfigError(
            f"{place} names {found['file'][:80]}, which is not in {folder}/", why=why, hint=f"mend {place}"
        )
    if found.get("sha256", file.sha256) != file.sha256:
        raise ConfigError(
            f"{places.file}:{places.line(*at, 'sha256')} is not the sha256 of {folder}/{file.path}",
            why=f"it is {file.sha256}",
            hint=f"leave sha256 out of {place}: that of an attachment is computed",
        )


def _sources(value: Any, places: Places) -> tuple[Mapping[str, str], ...]:
    if value in (None, ""):
        return ()
    if not isinstance(value, list):
        raise _wrong(("sources",), "`sources` is a list of {name, version, digest, license, url}", places)
    found: list[dict[str, str]] = []
    for index, entry in enumerate(value):
        source = _record(entry, SOURCE, ("sources", index), (), places)
        if "name" not in source:
            raise _wrong(("sources", index), "a source needs a `name`", places)
        if not _DIGEST.match(source.get("digest", "0" * 64)):
            raise _wrong(("sources", index, "digest"), "a digest is hexadecimal, e.g. sha256:9f86d0…", places)
        if any((source["name"], source.get("version")) == (s["name"], s.get("version")) for s in found):
            raise _wrong(("sources", index), f"`{source['name'][:60]}` is declared twice", places)
        found.append(source)
    return tuple(found)


def _mapping(value: Any, known: Iterable[str], at: tuple[Any, ...], places: Places) -> dict[str, Any]:
    """`value` with its keys vetted and written with underscores."""
    if value in (None, ""):
        return {}
    names = tuple(known)
    if not isinstance(value, dict):
        raise _wrong(at, f"`{at[0] if at[-1:] == at[:1] else at[-1]}` holds keys: {', '.join(names)}", places)
    found: dict[str, Any] = {}
    for raw, item in value.items():
        key = str(raw).replace("-", "_")
        place = f"{places.file}:{places.line(*at, raw)}"
        if key not in names:
            why = suggestion(key, names).removeprefix("; ") or f"known are {', '.join(names)}"
            raise ConfigError(f"{place} has the unknown key `{str(raw)[:60]}`", why=why, hint=f"mend {place}")
        if key in found:
            raise ConfigError(f"{place} declares `{key}` twice", hint=f"mend {place}")
        found[key] = item
    return found


def _typed(value: Any, kind: Kind, at: tuple[Any, ...], places: Places) -> Any:
    if isinstance(value, list | dict):
        raise _wrong(at, f"`{at[-1]}` takes one value", places)
    found = _KINDS[kind](value)
    if found is None:
        raise _wrong(at, f"`{at[-1]}` {_WANTED[kind]}, not `{str(value)[:60]}`", places)
    return found


def _wrong(at: tuple[Any, ...], what: str, places: Places) -> ConfigError:
    place = f"{places.file}:{places.line(*at)}"
    return ConfigError(f"{place}: {what}", hint=f"mend {place}")


def _text(value: Any) -> str | None:
    if isinstance(value, float):
        return None  # YAML reads the version 2.10 as 2.1
    # NOTE: YAML 1.1 readers take `no` for false.
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).strip()
    return text or None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _coefficient(value: Any) -> float | None:
    found = _share(value) if isinstance(value, str) else _number(value)
    return found if found is not None and -1 <= found <= 1 else None


def _number(value: Any) -> float | None:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and math.isfinite(value) else None


def _share(value: Any) -> float | None:
    percent = re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", value) if isinstance(value, str) else None
    found = float(percent[1]) / 100 if percent else _number(value)
    return found if found is not None and 0 <= found <= 1 else None


def _day(value: Any) -> str | None:
    """A day as ISO 8601 writes it in full; a moment is none, since the day hangs on the zone."""
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _matching(pattern: str) -> Callable[[Any], str | None]:
    return lambda value: value if isinstance(value, str) and re.fullmatch(pattern, value) else None


_KINDS: Mapping[Kind, Callable[[Any], Any]] = {
    "text": _text,
    "count": _count,
    "coefficient": _coefficient,
    "share": _share,
    "date": _day,
    "file": _text,
    "sha256": _matching(r"[0-9a-f]{64}"),
    "url": _matching(r"https?://[^\s<>\"]+"),
}
_WANTED: Mapping[Kind, str] = {
    "text": "takes text, in quotes where it reads as a number (YAML drops the zero of 2.10)",
    "count": "takes a whole number from 0",
    "coefficient": "takes a coefficient from -1 to 1, or a percentage",
    "share": "takes a share from 0 to 1, or a percentage",
    "date": "takes a day like 2027-12-31",
    "file": "takes a path in the folder of the card",
    "sha256": "takes 64 hexadecimal digits",
    "url": "takes an address that begins with https://",
}
