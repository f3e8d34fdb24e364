"""Sentences on diversity and on differences between groups, in English and Korean; `registry.reports.words` joins them.

>>> DIVERSITY["nav.diversity"]
('Diversity and groups', '다양성과 집단 간 차이')
"""

from __future__ import annotations

from collections.abc import Mapping

DIVERSITY: Mapping[str, tuple[str, str]] = {
    "nav.diversity": ("Diversity and groups", "다양성과 집단 간 차이"),
    "div.head.gap": (
        "Label rates differ by up to {pp} between groups of {column}",
        "집단 간 라벨 비율 차이: 최대 {pp} ({column})",
    ),
    "div.head.equal": ("Label rates are equal in all groups compared", "비교한 모든 집단의 라벨 비율이 같음"),
    "div.head.few": ("Groups are too small to compare", "집단이 너무 작아 비교할 수 없음"),
    "div.head.no-label": (
        "Groups are counted; without a label of one class a row, no rates compare",
        "집단별 행 수만 셈: 행마다 하나인 라벨이 없어 비율 비교 없음",
    ),
    "div.head.undeclared": (
        "Differences between groups of people are not measured: no column is declared sensitive",
        "집단 간 차이 미측정: 역할이 sensitive인 열 없음",
    ),
    "div.head.uncounted": (
        "Differences between groups are not measured: no sensitive column makes groups",
        "집단 간 차이 미측정: 집단으로 나눌 수 있는 민감 속성 열 없음",
    ),
    "div.sub": (
        "Rates are of labelled rows, with {level} Wilson intervals. Groups under {rows} are marked and not compared. "
        "The two groups are chosen by their rates: among many, a gap is expected by chance.",
        "비율은 라벨이 있는 행 기준, 구간은 {level} 윌슨 신뢰구간. {rows} 미만인 집단은 표시만 하고 비교하지 않음. "
        "비율이 가장 다른 두 집단을 고르므로 집단이 많으면 우연만으로도 차이가 생김.",
    ),
    "div.gap": (
        "{label} {value}: {high} in {highest}, {low} in {lowest}. Demographic parity difference {pp} "
        "({from} to {to}), ratio {ratio}.",
        "{label} {value}: {highest} {high}, {lowest} {low}. 인구통계적 동등성 차이 {pp} ({from}~{to}), 비율 {ratio}.",
    ),
    "div.ratio": ("{value} ({from} to {to})", "{value} ({from}~{to})"),
    "div.uncompared": (
        "Fewer than two groups have {rows} with a label: not compared.",
        "라벨이 있는 행이 {rows} 이상인 집단이 둘 미만: 비교하지 않음.",
    ),
    "div.group": ("Group", "집단"),
    "div.rows": ("Rows", "행"),
    "div.by-split": ("By split", "분할별"),
    "div.rate": ("Rate of {value}", "{value} 비율"),
    "div.bounds": ("rate, interval", "비율, 구간"),
    "div.hidden": ("group {n}, name withheld", "집단 {n} (이름 비공개)"),
    "div.small": ("few in {splits}", "적음: {splits}"),
    "div.missing": ("No value in {rows}.", "값이 없는 행: {rows}."),
    "div.more-groups": ("{n} more groups stand in profile.json.", "나머지 집단 {n}개는 profile.json 참고."),
    "div.more-columns": ("{n} more columns stand in profile.json.", "나머지 열 {n}개는 profile.json 참고."),
    "div.left-out.many-values": (
        "{column} has {values}, too many for groups: declare bands of it.",
        "값이 너무 많아 집단으로 나누지 않음: {column} ({values}). 범위로 묶은 열 필요.",
    ),
    "div.left-out.no-values": ("{column} has no value.", "값이 없는 열: {column}."),
    "div.left-out.many-columns": ("{column} is beyond the columns looked at.", "살펴보는 열 수를 넘어 제외: {column}."),
    "div.interval": ("{low} to {high}", "{low}~{high}"),
    "div.covered": ("Declared values", "선언한 값의 출현"),
    "div.covered.all": (
        "{column}: all {n} declared values occur in every split.",
        "{column}: 선언한 값 {n}개 모두 모든 분할에 있음.",
    ),
    "div.covered.part": (
        "{column}, {place}: {present} of {n} declared values; absent {absent}.",
        "{column}, {place}: 선언한 값 {n}개 중 {present}개. 없는 값 {absent}.",
    ),
    "div.covered.every": ("every split", "모든 분할"),
    "div.covered.split": ("split {split}", "분할 {split}"),
    "div.words": ("Vocabulary", "어휘"),
    "div.words.title": ("Growth of the vocabulary of {column}", "{column} 어휘 증가 곡선"),
    "div.words.desc": ("{types} different words among {tokens}.", "어절 {tokens}개 중 서로 다른 어절 {types}개."),
    "div.words.caption": ("{column}: different words by words read", "{column}: 읽은 어절 수에 따른 서로 다른 어절 수"),
    "div.words.gain": (
        "Twice the text would bring about {gain} more different words (Heaps β {beta}).",
        "글이 두 배가 되면 서로 다른 어절 약 {gain} 증가 예상 (힙스 β {beta}).",
    ),
    "div.words.once": ("{share} of the words read occur once.", "한 번만 나온 어절: 읽은 어절의 {share}."),
    "div.words.runs": (
        "Different runs of one, two and three words in {rows}: distinct-1 {one}, distinct-2 {two}, distinct-3 {three}.",
        "{rows} 기준 연속 어절의 다양성: distinct-1 {one}, distinct-2 {two}, distinct-3 {three}.",
    ),
}
