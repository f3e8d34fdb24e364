"""A verdict as lines for a terminal.

>>> from registry.model.evidence import Check, DataFacts, Evidence
>>> facts = DataFacts("0" * 64, 1, 10, 2, {"train": 2})
>>> check = Check("data:rows", "data", "pass", total=2, unexpected=0, message="")
>>> print(render(Evidence.of(checks=[check], fail_on="critical", dataset="x", data=facts, ruleset="1" * 64)))
x: pass: 2 rows in 1 file (train 2)
<BLANKLINE>
   pass            data:rows
<BLANKLINE>
1 pass
"""

from __future__ import annotations

from collections import Counter

from registry.model.evidence import STATUSES, Check, Evidence

WORDS = {
    "pass": "pass",
    "fail": "FAIL",
    "error": "ERROR",
    "waived": "waived",
    "not_measured": "not measured",
    "not_applicable": "not applicable",
}
ORDER = ("error", "fail", "not_measured", "waived", "not_applicable", "pass")
SAMPLES = 5


def render(evidence: Evidence) -> str:
    """The verdict, each check by weight with samples of what failed, and a tally."""
    data = evidence.data
    splits = ", ".join(f"{name} {rows:,}" for name, rows in data.splits.items())
    files = "1 file" if data.files == 1 else f"{data.files:,} files"
    head = f"{evidence.dataset}: {evidence.verdict}: {data.rows:,} rows in {files}" + (f" ({splits})" if splits else "")
    lines = [head]
    if evidence.pointer == "stale":
        lines.append(f"  pointer: stale: the workspace differs from what git holds; registry add {evidence.dataset}")
    lines.append("")
    for check in sorted(evidence.checks, key=lambda c: (ORDER.index(c.status), not c.blocks(evidence.fail_on), c.id)):
        lines += _check(check, evidence.fail_on)
    tally = Counter(check.status for check in evidence.checks)
    lines += ["", ", ".join(f"{tally[status]} {WORDS[status].lower()}" for status in STATUSES if tally[status])]
    return "\n".join(lines)


def _check(check: Check, fail_on: str) -> list[str]:
    mark = "✗" if check.blocks(fail_on) else " "
    word = WORDS[check.status] + (" (warning)" if check.status == "fail" and not check.blocks(fail_on) else "")
    lines = [f" {mark} {word:<15} {check.id}"]
    if check.status != "pass" and check.message:
        lines.append(f"{'':19}{check.message}")
    if check.waiver:
        owner, expires = check.waiver.get("owner", ""), check.waiver.get("expires", "")
        lines.append(f"{'':19}waived: {check.waiver.get('reason', '')} ({owner}, until {expires})")
    if check.status == "fail":
        lines += [f"{'':19}· {_sample(sample)}" for sample in check.samples[:SAMPLES]]
        if len(check.samples) > SAMPLES:
            lines.append(f"{'':19}· … {len(check.samples) - SAMPLES} more in --json")
    return lines


def _sample(sample: object) -> str:
    if isinstance(sample, dict):
        return ", ".join(f"{key}: {_sample(value)}" for key, value in sample.items())
    if isinstance(sample, list | tuple):
        return ", ".join(_sample(value) for value in sample)
    return str(sample)
