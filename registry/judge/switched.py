"""Checks that measured something at the last release, and measure nothing any more.

What a schema or the names of files switch off is not said by any rule that can be compared: a check that finds no
second split does not apply, and passes for that. So the outcome is compared as well.

>>> from registry.model.evidence import Check, DataFacts
>>> def found(status):
...     leak = Check("leak", "expect_splits_to_be_disjoint", status, message="one split only")
...     return Evidence.of(checks=[leak], fail_on="critical", dataset="x", data=DataFacts("", 1, 1, 1), ruleset="")
>>> switched_off(found("not_applicable"), found("pass"), "x@1.0.0")
[('leak', 'leak was measured in x@1.0.0 and is not applicable now: one split only')]
>>> switched_off(found("pass"), found("pass"), "x@1.0.0"), switched_off(found("not_measured"), found("pass"), "x@1.0.0")
([], [])
"""

from __future__ import annotations

import json

from registry.consume.resolve import find_previous
from registry.errors import RegistryError
from registry.model.evidence import Evidence
from registry.model.schema import DatasetSchema
from registry.stores.base import Store
from registry.stores.layout import read_object

MEASURED = frozenset({"pass", "fail", "waived"})
OFF = frozenset({"not_measured", "not_applicable"})


def switched_off(now: Evidence, before: Evidence, origin: str) -> list[tuple[str, str]]:
    """The checks of `now` that measure nothing and did in `before`, the evidence of `origin`: id, and in words.

    One that blocks for that is no weaker gate.
    """
    measured = {check.id for check in before.measured().checks if check.status in MEASURED}
    return [
        (check.id, f"{check.id} was measured in {origin} and is {check.status.replace('_', ' ')} now: {check.message}")
        for check in now.measured().checks
        if check.status in OFF and check.id in measured and not check.blocks(now.fail_on)
    ]


def last_release(store: Store, name: str, schema: DatasetSchema) -> tuple[Evidence, str] | None:
    """The evidence of the latest release, and what it is called, if `schema` judged it; None also where none is known.

    One under another schema says nothing about a branch: what it measured was given up on the base.
    """
    try:
        found = find_previous(store, name, None)
        if found is None or (found.standing and found.standing.refused) or found.manifest.schema != schema.sha256:
            return None
        document = json.loads(read_object(store, found.manifest.evidence))
    except RegistryError as error:
        if error.exit not in (5, 6):
            raise
        return None
    return Evidence.from_json(document), f"{name}@{found.version}"
