"""Which datasets a change touches, and by what: the part of a judgement that is about the change alone.

>>> scope = Scope("origin/main", "1f0c" * 10, {"reviews": ("data", "card")}, untouched=("emoji-ko",))
>>> print(scope.describe())
since origin/main (1f0c1f0c1f0c): reviews (data, card); untouched: emoji-ko
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Scope:
    """What was touched since `commit`, where the work parted from `revision`.

    `touched` names the parts (data, schema, checks, waivers, card, settings, remote, entry, code, records,
    new, or dropped) by dataset; a renamed dataset is touched, and `renamed` has its old name; `deleted` ones
    are declared no more, and touched (dropped) where their data is still there. `evidence` says of a dataset
    that was not measured by this run where its evidence is from.
    """

    revision: str
    commit: str
    touched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untouched: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> Scope:
        """The scope of these datasets alone, and of those that are deleted."""
        known = {*names, *self.deleted}
        return replace(
            self,
            touched={name: parts for name, parts in self.touched.items() if name in known},
            untouched=tuple(name for name in self.untouched if name in known),
            renamed={name: old for name, old in self.renamed.items() if name in known},
        )

    def describe(self) -> str:
        """The scope in a line."""
        said = [f"{name} ({', '.join(parts)})" for name, parts in self.touched.items()]
        parts = [", ".join(said) or "nothing changed"] if said or not self.deleted else []
        parts += [f"{name} was {old}" for name, old in self.renamed.items()]
        parts += [f"evidence of {name} from {origin}" for name, origin in self.evidence.items()]
        parts += [f"{word}: {', '.join(names)}" for word, names in self._others() if names]
        return f"since {self.revision} ({self.commit[:12]}): {'; '.join(parts)}"

    def _others(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("deleted", self.deleted), ("untouched", self.untouched)

    def to_json(self) -> dict[str, Any]:
        """The part `changed` of a `registry.check/1` document."""
        return {
            "base": {"revision": self.revision, "commit": self.commit},
            "touched": {name: list(parts) for name, parts in self.touched.items()},
            "untouched": list(self.untouched),
            "deleted": list(self.deleted),
            "renamed": dict(self.renamed),
            "evidence": dict(self.evidence),
        }
