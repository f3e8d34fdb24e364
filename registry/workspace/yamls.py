"""YAML in: plain values, and the line where each key stands.

>>> value, places = parse_yaml("a:\\n  b: 1\\n", "x.yaml")
>>> value, places.line("a", "b")
({'a': {'b': 1}}, 2)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import ConfigError, MissingExtraError

MAX_BYTES = 512_000  # read in 12 seconds at worst; a schema of 5,000 columns takes 400,000
MAX_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where the keys of a YAML file stand: `file`, and the 1-based line by key path."""

    file: str
    lines: Mapping[tuple[Any, ...], int]

    def line(self, *keys: Any) -> int:
        """The line of the value at `keys`, or of its nearest known parent; 1 for the document."""
        path = tuple(keys)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, *keys: Any) -> str:
        """`file:line (key.key)` for messages."""
        name = ".".join(str(key) for key in keys)
        return f"{self.file}:{self.line(*keys)}" + (f" ({name})" if name else "")


def load_yaml(path: Path) -> tuple[Any, Places]:
    """Reads one YAML document; broken, oversized or duplicate-keyed ones raise `ConfigError`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES:,} bytes", hint="keep data out of declarations")
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path}", hint="registry add PATH writes the declarations") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read", why=str(error)) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str) -> tuple[Any, Places]:
    """As `load_yaml`, from text; `file` names it in messages."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError as error:
        raise MissingExtraError(
            "reading YAML needs an extra", hint="pip install 'dataset-release-registry[author]'"
        ) from error
    yaml = YAML(typ="rt", pure=True)
    try:
        raw = yaml.load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        why = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise ConfigError(f"{place} is no valid YAML", why=why, hint=f"mend {place}") from error
    lines: dict[tuple[Any, ...], int] = {(): 1}
    value = _plain(raw, (), lines, file, [0])
    return value, Places(file, lines)


def _plain(node: Any, path: tuple[Any, ...], lines: dict[tuple[Any, ...], int], file: str, count: list[int]) -> Any:
    count[0] += 1
    if count[0] > MAX_NODES:
        raise ConfigError(f"{file} expands to more than {MAX_NODES:,} values", hint="remove YAML aliases")
    if isinstance(node, dict):
        where = getattr(node, "lc", None)
        for key in node:
            if where is not None and where.data and key in where.data:
                lines[(*path, key)] = where.data[key][0] + 1
        return {_scalar(key): _plain(value, (*path, key), lines, file, count) for key, value in node.items()}
    if isinstance(node, list):
        where = getattr(node, "lc", None)
        for index in range(len(node)):
            if where is not None and where.data and index in where.data:
                lines[(*path, index)] = where.data[index][0] + 1
        return [_plain(value, (*path, index), lines, file, count) for index, value in enumerate(node)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    """A builtin value for ruamel's round-trip scalars."""
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def write_yaml(value: Any) -> str:
    """Block-style YAML text of a plain value, in the order of its keys."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 4096
    out = StringIO()
    yaml.dump(value, out)
    return out.getvalue()
