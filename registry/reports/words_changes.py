"""Sentences of the page of a difference, in English and Korean side by side; `registry.reports.words` joins them.

>>> CHANGES["d.labels"]
('Labels', '라벨')
"""

from __future__ import annotations

from collections.abc import Mapping

CHANGES: Mapping[str, tuple[str, str]] = {
    "d.kind": ("Difference", "차이"),
    "d.level.none": ("Nothing changed", "변경 없음"),
    "d.level.patch": ("A patch version", "patch 버전"),
    "d.level.minor": ("A minor version", "minor 버전"),
    "d.level.major": ("A major version", "major 버전"),
    "d.demands": ("What this change demands at least, and the {count} below say why.",
                  "이 변경에 필요한 최소 버전. 근거는 아래 {count}."),
    "d.frozen": ("A frozen split changed", "고정 분할 변경"),
    "d.frozen.sub": (
        "Scores published on {splits} no longer compare with what is measured from now on.",
        "{splits} 기준으로 발표된 점수와 앞으로의 측정값은 비교 불가.",
    ),
    "d.facts": ("What changed", "변경 내용"),
    "d.facts.sub": ("The greatest first.", "큰 변경부터."),
    "d.fact": ("Change", "변경"),
    "d.level": ("Level", "수준"),
    "d.where": ("Where", "위치"),
    "d.detail": ("Detail", "상세"),
    "d.rows": ("Rows by split", "분할별 행"),
    "d.rows.keyed": ("A row is the same row by its key.", "키가 같으면 같은 행."),
    "d.rows.valued": ("A row is the same row by its values: an edit is one removed and one added.",
                      "모든 값이 같으면 같은 행. 수정은 삭제 1, 추가 1로 계산."),
    "d.unread": ("Rows were not compared: {why}", "행을 비교하지 않음: {why}"),
    "d.same": ("No row differs.", "다른 행 없음."),
    "d.added": ("Added", "추가"),
    "d.removed": ("Removed", "삭제"),
    "d.changed": ("Changed", "변경"),
    "d.relabelled": ("Relabelled", "라벨 변경"),
    "d.moved": ("Moved", "이동"),
    "d.split": ("Split", "분할"),
    "d.moves": ("Moved between splits", "분할 간 이동"),
    "d.rows.n": ("Rows", "행"),
    "d.labels": ("Labels", "라벨"),
    "d.labels.sub": ("Rows of {label} by what they were called before (down) and now (across).",
                     "{label} 변경 행 수. 세로는 이전 라벨, 가로는 현재 라벨."),
    "d.labels.cut": ("The most frequent {n} of {all} pairs.", "{all}쌍 중 가장 많은 {n}쌍."),
    "d.gone": ("Labels without rows", "행이 없어진 라벨"),
    "d.none-label": ("(none)", "(없음)"),
    "d.columns": ("Columns", "열"),
    "d.columns.sub": (
        "Values that changed, and how far the distribution moved (Jensen-Shannon, bits: 0 equal, 1 disjoint).",
        "바뀐 값의 수와 분포 이동(옌센-섀넌, 비트: 0 동일, 1 서로소).",
    ),
    "d.values": ("Changed values", "바뀐 값"),
    "d.divergence": ("Divergence", "분포 이동"),
    "d.missing": ("Missing", "결측"),
    "d.keys.of": ("{n} of {all}", "{all}건 중 {n}건"),
    "d.columns.cut": ("The first {n} of {all} columns.", "{all}열 중 앞의 {n}열."),
    "d.gone.alarm": ("A class without rows", "행이 없어진 클래스"),
    "d.keys": ("The first rows", "앞쪽 행"),
    "d.keys.sub": ("At most 20 keys of each kind; personal data in them is masked.",
                   "종류별 최대 20개 키. 개인정보는 마스킹."),
}  # fmt: skip
