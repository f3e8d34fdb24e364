"""The settings of a branch beside those of its base: of each the stricter one decides.

One row of `RULES` is one setting: a new one needs a row and nothing else.

>>> config, found = stricter(Config(fail_on="critical"), Config(fail_on="warning"))
>>> config.fail_on, found
('warning', [('fail-on', 'fail-on warning → critical')])
>>> stricter(Config(frozen_splits=("test", "dev")), Config())[1]
[]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from registry.model.evidence import SEVERITIES
from registry.workspace.config import Config


@dataclass(frozen=True, slots=True)
class Rule:
    """How one setting is compared: its field of `Config`, and what decides of its two values.

    `decides(now, before)` is `now` where the branch asks at least as much. `said` tells of a difference,
    from the value that decides, of the base, and of the branch.
    """

    field: str
    decides: Callable[[Any, Any], Any]
    said: Callable[[Any, Any, Any], str]


def _severer(now: str, before: str) -> str:
    return max(now, before, key=SEVERITIES.index)


def _all_of(now: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*now, *before)))


def _none_more(now: tuple[str, ...], before: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in now if one in before)


def _the_base_s(now: Any, before: Any) -> Any:
    return before


def _if_any(now: Any, before: Any) -> Any:
    return before or now


def _lacking(words: str) -> Callable[[Any, Any, Any], str]:
    return lambda decided, before, now: f"{', '.join(one for one in decided if one not in now)} {words}"


def _instead(what: str) -> Callable[[Any, Any, Any], str]:
    return lambda decided, before, now: f"{what} {before or 'none'} → {now or 'none'}"


# As `registry.toml` spells it → how it is compared.
RULES = {
    "fail-on": Rule("fail_on", _severer, _instead("fail-on")),
    "frozen-splits": Rule("frozen_splits", _all_of, _lacking("no longer frozen")),
    "required": Rule("card_required", _all_of, _lacking("need not be declared on the card any more")),
    "hub required": Rule("hub_required", _all_of, _lacking("need not be declared for the Hub any more")),
    "hub repo": Rule("hub_repo", _if_any, _instead("releases are published to")),
    "hub private": Rule("hub_private", _if_any, _instead("private on the Hub:")),
    "hub gated": Rule("hub_gated", _if_any, _instead("who may read on the Hub:")),
    "preset": Rule("preset", _the_base_s, _instead("levels of changes by")),
    "owners": Rule(
        "owners",
        _none_more,
        lambda decided, before, now: f"{', '.join(one for one in now if one not in before)} may waive at once",
    ),
    "baseline": Rule("baseline", _if_any, lambda decided, before, now: "another baseline, or none"),
    "store": Rule("store", _the_base_s, _instead("releases before are looked for in")),
    "endpoint-url": Rule("s3_endpoint", _the_base_s, _instead("the store is reached at")),
}


def stricter(now: Config, before: Config) -> tuple[Config, list[tuple[str, str]]]:
    """The settings that decide, and what asks less on the branch: the setting, and how, in words."""
    decided = {
        rule.field: rule.decides(getattr(now, rule.field), getattr(before, rule.field)) for rule in RULES.values()
    }
    found = []
    for key, rule in RULES.items():
        value = getattr(now, rule.field)
        if decided[rule.field] != value:
            found.append((key, rule.said(decided[rule.field], getattr(before, rule.field), value)))
    return replace(now, **decided), found
