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

import textwrap
from collections import Counter
from collections.abc import Sequence

from registry.formats.plain import one_line, spoken
from registry.model.evidence import OF_CHANGE, STATUSES, WEAKENED, Check, Evidence
from registry.model.judgement import Before
from registry.model.splits import ordered_splits

WORDS = {
    "pass": "pass",
    "fail": "FAIL",
    "error": "ERROR",
    "waived": "waived",
    "not_measured": "not measured",
    "not_applicable": "not applicable",
}
ORDER = ("error", "fail", "not_measured", "waived", "not_applicable")
# How a sample's row stands to its witness, by the kind of witness; another kind reads as it is called.
WITNESSES = {
    "same_as": "=",
    "near": "≈",
    "same_group_as": "in the group of",
    "not_after": "not after",
    "contradicts": "labelled unlike",
}
INDENT = " " * 19
SAMPLES = 5
VALUES = 4


def headline(evidence: Evidence) -> str:
    """The verdict of a dataset, its rows and splits, in a line."""
    data = evidence.data
    splits = ", ".join(f"{name} {data.splits[name]:,}" for name in ordered_splits(data.splits))
    files = "1 file" if data.files == 1 else f"{data.files:,} files"
    counted = f"{data.rows:,} rows in {files}" + (f" ({splits})" if splits else "") if data.sha256 else "data not read"
    return f"{evidence.dataset}: {evidence.verdict}: {counted}"


def brief(evidence: Evidence) -> str:
    """The verdict, and a line for each check that blocks."""
    blocking = [f" ✗ {WORDS[check.status]:<15} {one_line(check.id)}" for check in evidence.blocking()]
    return "\n".join([headline(evidence), *blocking])


def render(evidence: Evidence, *, change: Sequence[str] = (), before: Before | None = None) -> str:
    """The verdict, each check by weight with samples of what failed, and a tally.

    `change` are lines on what changed, shown under the verdict; `before` is what was found before it.
    """
    lines = [headline(evidence)]
    if evidence.pointer == "stale":
        lines.append(f"  pointer: stale: the workspace differs from what git holds; registry status {evidence.dataset}")
    lines += [*change, ""]
    shown = [check for check in evidence.checks if check.status != "pass"]
    for check in sorted(shown, key=lambda c: (not c.blocks(evidence.fail_on), ORDER.index(c.status), c.id)):
        lines += _check(check, evidence.fail_on, _age(check, before))
    lines += _passes(evidence)
    return "\n".join([*lines, "", _tally(evidence), *_mended(evidence, before)])


def _age(check: Check, before: Before | None) -> str:
    """Whether what a check found stood there before, where that is known."""
    if before is None or check.status not in ("fail", "error", "not_measured") or check.id.startswith(OF_CHANGE):
        return ""
    if not before.had(check):
        return "  (new)"
    then = before.checks[check.id].unexpected
    return "  (was there before)" if then is None else f"  (was there before: {then:,})"


def _mended(evidence: Evidence, before: Before | None) -> list[str]:
    if before is None:
        return []
    mended = before.mended(evidence)
    lines = [f"mended: {one_line(', '.join(mended))}"] if mended else []
    return [*lines, f"compared with {one_line(before.origin)}"]


def _tally(evidence: Evidence) -> str:
    """How many checks of each status; what fails and does not block is a warning."""
    words = [
        "warning" if check.status == "fail" and not check.blocks(evidence.fail_on) else WORDS[check.status].lower()
        for check in evidence.checks
    ]
    tally = Counter(words)
    order = ["pass", "fail", "warning", *(WORDS[status].lower() for status in STATUSES)]
    return ", ".join(
        f"{tally[word]} {word}{'s' if word == 'warning' and tally[word] > 1 else ''}"
        for word in dict.fromkeys(order)
        if tally[word]
    )


def _passes(evidence: Evidence) -> list[str]:
    """What passed, in a few lines: the checks of the schema are counted, the others named."""
    passed = [check.id for check in evidence.checks if check.status == "pass"]
    named = [name for name in passed if not name.startswith("schema:")]
    if len(named) < len(passed):
        named.append(f"schema ({len(passed) - len(named)})")
    if not named:
        return []
    head = f"   {WORDS['pass']:<16}"
    return textwrap.wrap(", ".join(named), 80, initial_indent=head, subsequent_indent=INDENT, break_on_hyphens=False)


def _check(check: Check, fail_on: str, age: str = "") -> list[str]:
    mark = "✗" if check.blocks(fail_on) else " "
    word = WORDS[check.status] + (" (warning)" if check.status == "fail" and not check.blocks(fail_on) else "")
    if check.type == WEAKENED:
        word = "weakened"
    lines = [f" {mark} {word:<15} {one_line(check.id)}{age}"]
    if check.status != "pass" and check.message:
        lines.append(f"{INDENT}{one_line(check.message)}")
    if check.waiver:
        owner, expires = check.waiver.get("owner", ""), check.waiver.get("expires", "")
        lines.append(f"{INDENT}waived: {check.waiver.get('reason', '')} ({owner}, until {expires})")
    if check.status == "fail":
        lines += [f"{INDENT}· {_sample(sample)}" for sample in check.samples[:SAMPLES]]
        if len(check.samples) > SAMPLES:
            lines.append(f"{INDENT}· … {_rest(check)}")
    return lines


def _rest(check: Check) -> str:
    listed = len(check.samples) - SAMPLES
    if check.unexpected is not None and check.unexpected > len(check.samples):
        return f"{check.unexpected - SAMPLES:,} more, {listed} of them in --json"
    return f"{listed} more in --json"


def _sample(sample: object) -> str:
    """`leak-00 (test) = w00553 (train)  token: AD… (14)` of a row and its witness, or key: value."""
    if not isinstance(sample, dict):
        return ", ".join(map(_sample, sample)) if isinstance(sample, list | tuple) else one_line(spoken(sample))
    witnesses = {key: value for key, value in sample.items() if isinstance(value, dict) and "row" in value}
    told = ("row", "split", "values", *witnesses) if "row" in sample else ("values",)
    rest = {key: value for key, value in sample.items() if key not in told}
    stands = [f"{WITNESSES.get(key, key.replace('_', ' '))} {_row(value)}" for key, value in witnesses.items()]
    named = [_row(sample)] if "row" in sample else []
    values = sample.get("values")
    shown = {**(values if isinstance(values, dict) else {}), **rest}
    parts = [" ".join([*named, *stands])] if named or stands else []
    parts += [f"{one_line(str(key))}: {_sample(value)}" for key, value in list(shown.items())[:VALUES]]
    more = len(shown) - VALUES
    return "  ".join(parts) + (f"  and {more} more" if more > 0 else "")


def _row(sample: dict[str, object]) -> str:
    name = f"{sample.get('row')} ({sample['split']})" if sample.get("split") else str(sample.get("row"))
    return one_line(name)
