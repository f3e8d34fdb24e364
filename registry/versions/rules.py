"""Which level each kind of change demands: a table that can be read, chosen by `[versioning] preset`, and extended.

>>> rules = load_rules("ml", frozen=("test",))
>>> rules.level("rows-moved"), rules.level("re-encoded"), load_rules("schema-only").level("rows-moved")
('major', 'patch', 'patch')
>>> load_rules("benchmark").level("column-removed")
'major'
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import ConfigError
from registry.model.release import LEVELS, Level

PRESETS = ("ml", "benchmark", "schema-only")
_FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True)
class Rules:
    """The level of each kind of change, and the splits whose rows may not change unnoticed."""

    levels: Mapping[str, Level]
    frozen: frozenset[str] = frozenset()

    def level(self, kind: str) -> Level:
        """What a change of `kind` demands; of one that no table knows, everything."""
        return self.levels.get(kind, "major")


def load_rules(preset: str, *, frozen: Iterable[str] = (), root: Path | None = None) -> Rules:
    """The rules of a preset, or of a table of one's own: a TOML file, relative to `root`.

    A table names levels of some kinds and the preset it `extends` (`ml` where it names none).
    Raises `ConfigError` for a missing table, an unknown kind or level.
    """
    file = _FOLDER / f"{preset}.toml" if preset in PRESETS else (root or Path()) / preset
    if preset not in PRESETS and not preset.endswith(".toml"):
        raise ConfigError(
            f"registry.toml: `{preset}` is no preset of versions",
            why=f"there are {', '.join(PRESETS)}, or the path of a table of your own (.toml)",
            hint='set `preset = "ml"` under [versioning]',
        )
    table = _read(file, preset)
    levels = dict(table.get("levels", {}))
    if preset == "ml":
        return Rules(levels, frozenset(frozen))
    base = table.get("extends", "ml")
    if base not in PRESETS or base == preset:
        raise ConfigError(f"{preset}: `extends` is one of {', '.join(PRESETS)}", hint=f"edit {preset}")
    known = load_rules(base).levels
    for kind, level in levels.items():
        _vet(preset, kind, level, known)
    return Rules({**known, **levels}, frozenset(frozen))


def _read(file: Path, preset: str) -> dict[str, Any]:
    hint = f"edit {preset}, or set another `preset` in registry.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {preset}", why=error.strerror or "", hint=hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{preset} is no TOML", why=str(error), hint=hint) from error
    unknown = sorted(table.keys() - {"levels", "extends"})
    if unknown or not isinstance(table.get("levels", {}), dict):
        raise ConfigError(
            f"{preset}: a table of levels holds `extends` and [levels]", why=", ".join(unknown), hint=hint
        )
    return table


def _vet(preset: str, kind: str, level: object, known: Mapping[str, Level]) -> None:
    if kind not in known:
        close = difflib.get_close_matches(kind, known, 1)
        why = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}"
        raise ConfigError(f"{preset}: `{kind}` is no kind of change", why=why, hint=f"edit {preset}")
    if level not in LEVELS:
        raise ConfigError(f"{preset}: {kind} = `{level}` is no level", why=", ".join(LEVELS), hint=f"edit {preset}")
