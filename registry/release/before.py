"""What the checks of a dataset found before a change, as far as it is known without judging anything.

The verdict of the base, where it is remembered, released, or in a file; else that of the latest release.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from registry.consume.resolve import find_previous
from registry.errors import RegistryError
from registry.judge.judge import JudgeOptions, Question
from registry.judge.references import find_references
from registry.judge.reuse import earlier
from registry.judge.rules import load_rules
from registry.model.evidence import Evidence
from registry.model.judgement import Before
from registry.stores.base import Store
from registry.stores.layout import read_object
from registry.workspace.workspace import Workspace


def of_base(
    base: Workspace, name: str, store: Callable[[], Store] | None, files: Sequence[Path], options: JudgeOptions
) -> Before | None:
    """The verdict of the base's data by the base's rules, of an earlier run; None where there is none."""
    if name not in base.datasets:
        return None
    old = base.datasets[name]
    try:
        pointer, rules = base.pointer(old), load_rules(base, old)
        references = find_references(rules, old.name, options).digests
        md5 = pointer.md5 if pointer else ""
        question = Question(base, old, rules, md5, options.engine, references)
        found = earlier(question, store, files, memory=options.remember) if md5 else None
    except RegistryError:
        return None  # what is wrong with the base is no finding of this change
    return Before.of(found.evidence, f"the base ({found.origin})") if found else None


def of_release(name: str, store: Store) -> Before | None:
    """The verdict of the latest release; None where there is none, or it was withdrawn."""
    latest = find_previous(store, name, None)
    if latest is None or (latest.standing and latest.standing.refused):
        return None
    document = json.loads(read_object(store, latest.manifest.evidence))
    return Before.of(Evidence.from_json(document), f"{name}@{latest.version}")
