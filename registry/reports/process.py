"""What people recorded of how a dataset was made, as lines that card and quality evaluation show alike.

>>> from registry.model.process import Attachment, Process
>>> from registry.reports.text import Text
>>> guide = Attachment.of("guideline.md", b"...")
>>> made = Process({"guideline": {"version": "2.1", "file": "guideline.md"}}, (), (guide,))
>>> first, *_ = lines_of(made, Text("ko"))
>>> first.name, first.parts, first.attachment == guide
('라벨링 가이드라인', (('개정 번호', '2.1'),), True)
>>> len(lines_of(made, Text("en"))), len(lines_of(Process(), Text("en")))
(7, 0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.model.process import RECORDS, Attachment, Process
from registry.reports.text import Text

PLACE = ".registry/attachments"  # where a release holds attached files

NAMES: Mapping[str, tuple[str, str]] = {
    "guideline": ("Labelling guideline", "라벨링 가이드라인"),
    "annotators": ("Annotators", "작업자"),
    "review": ("Review", "검수"),
    "ethics": ("Ethics review", "윤리 심의 (IRB)"),
    "pilot": ("Pilot", "파일럿 작업"),
    "consent": ("Consent", "동의"),
    "retention": ("Retention", "보유 기간"),
}
KEYS: Mapping[str, tuple[str, str]] = {
    "version": ("version", "개정 번호"),
    "title": ("title", "제목"),
    "url": ("address", "주소"),
    "sha256": ("sha256", "sha256"),
    "count": ("people", "인원"),
    "recruitment": ("recruited", "모집"),
    "demographics": ("who they are", "구성"),
    "training": ("training", "교육"),
    "pay": ("pay", "보수"),
    "platform": ("platform", "작업 도구"),
    "per_item": ("annotators per item", "항목당 작업자"),
    "method": ("method", "방법"),
    "reviewers": ("reviewers", "검수자"),
    "share": ("share reviewed", "검수 비율"),
    "rejected": ("share rejected", "반려 비율"),
    "board": ("board", "심의 기관"),
    "decision": ("decision", "결정"),
    "number": ("number", "승인 번호"),
    "date": ("date", "일자"),
    "items": ("items", "항목 수"),
    "rounds": ("rounds", "회차"),
    "agreement": ("agreement", "일치도"),
    "metric": ("measured by", "일치도 지표"),
    "findings": ("findings", "결과"),
    "basis": ("basis", "근거"),
    "withdrawal": ("withdrawal", "동의 철회"),
    "until": ("until", "만료일"),
    "policy": ("policy", "정책"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One record: its name, what it says as (key, value) in words, and the file that belongs to it."""

    name: str
    parts: tuple[tuple[str, str], ...]
    attachment: Attachment | None


def lines_of(process: Process, text: Text) -> tuple[Line, ...]:
    """A line for every record, of those not declared an empty one; none at all where no record is declared."""
    if not process.records:
        return ()
    return tuple(
        Line(
            text.pick(NAMES[name]),
            tuple(
                (text.pick(KEYS[key]), _value(value, kinds[key], text))
                for key, value in process.records.get(name, {}).items()
                if key != "file"
            ),
            process.attachment(name),
        )
        for name, kinds in RECORDS.items()
    )


def _value(value: Any, kind: str, text: Text) -> str:
    if kind == "share":
        return text.share(value)
    return text.count(value) if kind == "count" else text.stat(value) if kind == "number" else str(value)
