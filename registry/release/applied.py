"""A plan that was written before, and whether what is about to be released is still that.

>>> plan = {name: "1" for name in FIXED}
>>> _require({"version": "2"}, plan)
Traceback (most recent call last):
registry.errors.StateError: this is not what was planned: since then moved: version
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.errors import StateError, UsageError
from registry.model.release import ReleaseResult
from registry.release.plan import Plan

FIXED = ("name", "version", "previous", "store", "data", "ruleset", "verdict", "change", "content")
"""What a plan fixes. The manifest also names tools and commit, which may change without changing the release."""


def read_plan(path: Path) -> Mapping[str, Any]:
    """The `registry.plan/1` document in a file that `registry plan --out` wrote; `UsageError` for anything else."""
    hint = "registry plan auto --out plan.json"
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror or "", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no plan", why="it is no JSON", hint=hint) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != "registry.plan/1":
        raise UsageError(f"{path} is no plan", why=f"its format is {str(found)[:60]!r}", hint=hint)
    if missing := [name for name in FIXED if name not in document]:
        raise UsageError(f"{path} plans no release", why=f"it lacks {', '.join(missing)}", hint=hint)
    plan: Mapping[str, Any] = document
    return plan


def require_as_planned(plan: Plan, store: str, applied: Mapping[str, Any]) -> None:
    """Raises `StateError` where anything that `applied` fixes has moved since."""
    _require({name: plan.to_json(store)[name] for name in FIXED}, applied)


def require_result_as_planned(result: ReleaseResult, applied: Mapping[str, Any]) -> None:
    """The same of a release that exists already, of which the content says everything."""
    _require({"name": result.name, "version": result.version, "content": result.content}, applied)


def _require(now: Mapping[str, Any], applied: Mapping[str, Any]) -> None:
    moved = [name for name in now if now[name] != applied[name]]
    if moved:
        raise StateError(
            "this is not what was planned",
            why=f"since then moved: {', '.join(moved)}",
            hint=f"registry plan {applied['version']} {applied['name']} --out plan.json",
            moved=moved,
        )
