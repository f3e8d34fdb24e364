"""`registry.toml` as a value.

>>> parse_config('format = 1\\nstore = "s3://bucket/x"\\n', "registry.toml").store
's3://bucket/x'
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.errors import ConfigError, UsageError
from registry.model.digest import is_sha256
from registry.model.names import dataset_name
from registry.model.sizes import parse_size

FILE = "registry.toml"
MAX_BYTES = "10GB"  # of one dataset that `check` fetches where the workspace lacks it
FINGERPRINTS = ("none", "plain", "salted")  # of frozen splits, that other datasets are compared with
DEFAULT_STORE = "file:.registry/store"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file elsewhere, by its digest: nothing but these bytes is meant."""

    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a workspace; the fields follow the tables of `registry.toml`."""

    store: str = DEFAULT_STORE
    default_dataset: str | None = None
    preset: str = "ml"
    frozen_splits: tuple[str, ...] = ("test",)
    fail_on: str = "critical"
    waivers: str | None = "checks/waivers.yaml"
    max_bytes: int = parse_size(MAX_BYTES)
    owners: tuple[str, ...] = ()
    baseline: Pinned | None = None
    card_required: tuple[str, ...] = ()
    fingerprints: str = "none"
    hub_repo: str | None = None
    hub_required: tuple[str, ...] = ("license", "language", "summary", "personal-data", "contact")
    hub_private: bool | None = None
    hub_gated: str | None = None
    s3_endpoint: str | None = None
    spark: Mapping[str, Any] = field(default_factory=dict)
    ci_install: tuple[str, ...] = ("dataset-release-registry[author]",)
    ci_prepare: str = ""
    ci_python: str = "3.12"

    def gate_json(self) -> dict[str, Any]:
        """The settings that belong to the ruleset."""
        settings = {"fail_on": self.fail_on, "frozen_splits": list(self.frozen_splits), "preset": self.preset}
        return settings if self.fingerprints == "none" else settings | {"fingerprints": self.fingerprints}


# table → key → (field of Config, type); the closed list of what registry.toml may hold.
KEYS: dict[str, dict[str, tuple[str, type | tuple[type, ...]]]] = {
    "": {"format": ("", int), "store": ("store", str), "default-dataset": ("default_dataset", str)},
    "versioning": {"preset": ("preset", str), "frozen-splits": ("frozen_splits", list)},
    "gate": {
        "fail-on": ("fail_on", str),
        "waivers": ("waivers", str),
        "max-bytes": ("max_bytes", str),
        "owners": ("owners", list),
        "baseline": ("baseline", dict),
    },
    "card": {"required": ("card_required", list)},
    "release": {"fingerprints": ("fingerprints", str)},
    "hub": {
        "repo": ("hub_repo", str),
        "required": ("hub_required", list),
        "private": ("hub_private", bool),
        "gated": ("hub_gated", str),
    },
    "s3": {"endpoint-url": ("s3_endpoint", str)},
    "ci": {"install": ("ci_install", list), "prepare": ("ci_prepare", str), "python": ("ci_python", str)},
}


def load_config(file: Path) -> Config:
    """Reads `registry.toml`; a wrong key or value raises `ConfigError` with the allowed ones."""
    try:
        return parse_config(file.read_text("utf-8"), str(file))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {file}", hint="registry init") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is no UTF-8") from error


def parse_config(text: str, file: str) -> Config:
    """As `load_config`, from text."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is no valid TOML", why=str(error)) from error
    values: dict[str, Any] = {}
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    flat = {key: value for key, value in document.items() if not isinstance(value, dict)}
    for table, entries in [("", flat), *tables.items()]:
        if table == "spark":
            values["spark"] = entries
            continue
        if table not in KEYS:
            raise _unknown(file, f"[{table}]", table, [*KEYS, "spark"])
        for key, value in entries.items():
            values |= _value(file, table, key, value)
    values.pop("", None)
    config = Config(**values)
    _vet(config, document.get("format"), file)
    return config


def _value(file: str, table: str, key: str, value: Any) -> dict[str, Any]:
    known = KEYS[table]
    where = f"{table}.{key}" if table else key
    if key not in known:
        raise _unknown(file, f"`{where}`", key, list(known))
    name, kind = known[key]
    if not isinstance(value, kind) or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
        raise ConfigError(f"{file}: `{where}` is of the wrong type", why=f"it holds {value!r}", hint=f"mend {file}")
    if name == "max_bytes":
        value = _size(file, where, str(value))
    if name == "baseline":
        value = _pinned(file, where, value)
    return {name: tuple(value) if isinstance(value, list) else value}


def _size(file: str, where: str, text: str) -> int:
    try:
        return parse_size(text)
    except UsageError as error:
        raise ConfigError(f"{file}: `{where}`: {error}", hint=f"mend {file}") from error


def _pinned(file: str, where: str, value: Mapping[str, Any]) -> Pinned:
    url, digest = value.get("url"), value.get("sha256")
    known = isinstance(url, str) and url.startswith(("file:", "https://", "http://")) and url.isprintable()
    if set(value) != {"url", "sha256"} or not known or not (isinstance(digest, str) and is_sha256(digest)):
        raise ConfigError(
            f"{file}: `{where}` names no file by its digest",
            why='it reads {url = "https://…/gate.yaml", sha256 = "…"}; the url begins with file: or https:',
            hint="sha256sum gate.yaml",
        )
    return Pinned(str(url), digest)


def _vet(config: Config, version: Any, file: str) -> None:
    if version != 1:
        why = "it is missing" if version is None else f"it says {version!r}; this release of registry reads 1"
        raise ConfigError(f"{file} needs `format = 1`", why=why, hint=f"mend {file}")
    for where, path in (("gate.waivers", config.waivers), ("versioning.preset", config.preset)):
        if path is not None and not is_inside(path):
            raise ConfigError(
                f"{file}: `{where}` is no path inside the workspace",
                why="what judges the data is committed with it: a relative path without `..`",
                hint=f"mend {file}",
            )
    if config.fail_on not in ("critical", "warning"):
        raise ConfigError(
            f"{file}: `gate.fail-on` is {config.fail_on!r}", why="allowed are critical and warning", hint=f"mend {file}"
        )
    if config.fingerprints not in FINGERPRINTS:
        raise ConfigError(
            f"{file}: `release.fingerprints` is {config.fingerprints!r}",
            why=f"allowed are {', '.join(FINGERPRINTS)}",
            hint=f"mend {file}",
        )
    if config.hub_gated not in (None, "auto", "manual"):
        raise ConfigError(
            f"{file}: `hub.gated` is {config.hub_gated!r}", why="allowed are auto and manual", hint=f"mend {file}"
        )
    lines = all(word.isprintable() for word in (*config.ci_install, config.ci_prepare))
    if not lines or not re.fullmatch(r"\d+\.\d+(\.\d+)?", config.ci_python):
        why = "`python` is a version such as 3.12, `install` a list of arguments of pip, `prepare` one line"
        raise ConfigError(f"{file}: [ci] cannot be used", why=why, hint=f"mend {file}")
    if config.default_dataset is not None:
        dataset_name(config.default_dataset)


def is_inside(path: str) -> bool:
    """Whether a declared path, in POSIX form, stays inside the workspace by its name."""
    return not path.startswith("/") and "\\" not in path and "\0" not in path and ".." not in path.split("/")


def _unknown(file: str, what: str, key: str, allowed: list[str]) -> ConfigError:
    close = difflib.get_close_matches(key, allowed, 1)
    suggestion = f"; did you mean `{close[0]}`?" if close else ""
    listing = ", ".join(name for name in allowed if name)
    return ConfigError(f"{file} does not know {what}{suggestion}", why=f"known are {listing}", hint=f"mend {file}")
