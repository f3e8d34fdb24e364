"""Words of what checks of labels, people and provenance found, English and Korean."""

from __future__ import annotations

from collections.abc import Mapping

TOLD: Mapping[str, tuple[str, str]] = {
    "told.agreement": (
        "{metric}, {people} annotators, {items} items{interval}; partners agree in {raw}",
        "{metric}, 작업자 {people}명, 항목 {items}개{interval}. 서로 일치한 비율 {raw}",
    ),
    "told.following": (
        "{against} of {rows} are labelled against the majority; {ties} are ties",
        "다수 의견과 다른 라벨 {against} / {rows}. 동수 {ties}건",
    ),
    "told.noise": (
        "{doubted} of {rows} are doubted by a baseline that tells {score} right",
        "의심 {doubted} / {rows}. 베이스라인 모델 정답률 {score}",
    ),
    "told.near": (
        "{conflicts} with another label, of {near} near-duplicates in {rows} long enough to compare",
        "라벨이 다른 근사 중복 {conflicts}건. 근사 중복 {near}건, 비교 대상 {rows}",
    ),
    "told.nothing": ("none in {rows}", "{rows} 중 없음"),
    "told.terms": ("of {rows}; {terms} terms of the list occur", "{rows} 중. 나온 목록 낱말 {terms}개"),
    "told.groups": (
        "{groups} groups, {beyond} of them beyond the limit",
        "집단 {groups}개, 기준을 벗어난 집단 {beyond}개",
    ),
    "told.generation": ("generation {depth} at most", "최대 세대 {depth}"),
    "told.drift": (
        "furthest in {column}, of {columns}",
        "변화가 가장 큰 열: {column} ({columns})",
    ),
    "told.still": ("no column moved, of {columns}", "변화한 열 없음 ({columns})"),
    "told.disparity": (
        "{column}: {label} differs by {pp} ({low} to {high}) between {highest} and {lowest}",
        "{column}: {label} 비율 차이 {pp} ({low}~{high}), 최고 {highest}, 최저 {lowest}",
    ),
    "told.licences": (
        "{allowed} allow it, {forbidden} forbid it, {unknown} cannot be told",
        "허용 {allowed}, 금지 {forbidden}, 판단 불가 {unknown}",
    ),
}
