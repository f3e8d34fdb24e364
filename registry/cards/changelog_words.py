"""Words of the changelog in English and Korean.

>>> WORDS["first"]
('First release.', '첫 릴리스.')
"""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Changelog of {title}", "변경 이력: {title}"),
    "unreleased": ("Unreleased", "미릴리스"),
    "first": ("First release.", "첫 릴리스."),
    "since": ("Change since {previous}: {level}.", "{previous} 이후 변경: {level}."),
    "change": ("Change: {level}.", "변경: {level}."),
    "mended.since": ("Mended since {previous}:", "{previous} 이후 바로잡은 내용:"),
    "mended": ("Mended before this release:", "이 릴리스 전에 바로잡은 내용:"),
    "dropped": ("{n} rows dropped", "{n}행 삭제"),
    "dropped.one": ("1 row dropped", "1행 삭제"),
    "relabelled": ("{n} labels corrected", "라벨 {n}건 수정"),
    "relabelled.one": ("1 label corrected", "라벨 1건 수정"),
    "people": ("by {people}", "수정: {people}"),
    "masked": ("Personal data masked in {n} rows", "{n}행의 개인정보 마스킹"),
    "masked.one": ("Personal data masked in 1 row", "1행의 개인정보 마스킹"),
    "kinds": ("by kind {kinds}", "종류별 {kinds}"),
    "found": ("found by {checks}", "검사 {checks}에서 발견"),
    "split": ("Splits drawn anew, {n} rows moved", "분할 다시 추출, {n}행 이동"),
    "split.one": ("Splits drawn anew, 1 row moved", "분할 다시 추출, 1행 이동"),
    "stratify": ("stratified by {column}", "{column} 기준 층화"),
    "time": ("in the order of {column}", "{column} 시간순"),
    "group": ("grouped by {column}", "{column} 단위로 묶음"),
    "near": ("near-duplicates together", "유사 중복은 같은 분할"),
    "folds": ("{n} folds", "폴드 {n}개"),
    "record": ("record {record}, data {before} → {after}", "기록 {record}, 데이터 {before} → {after}"),
    "of-split": ("split {split}", "분할 {split}"),
    "of-column": ("column {column}", "열 {column}"),
}
LEVELS: Mapping[str, str] = {"none": "없음", "patch": "patch", "minor": "minor", "major": "major"}

# What the facts of a change are called in Korean; English reads as the kinds do, but for these.
ENGLISH: Mapping[str, str] = {"underbump": "a lower number than the change demands"}
KINDS: Mapping[str, str] = {
    "first-release": "첫 릴리스",
    "documents-changed": "문서 변경",
    "rules-changed": "검사 규칙 변경",
    "re-encoded": "다시 인코딩",
    "column-removed": "열 삭제",
    "column-added": "열 추가",
    "column-type-changed": "열 자료형 변경",
    "column-became-nullable": "열에 결측값 허용",
    "column-role-changed": "열 역할 변경",
    "class-set-changed": "클래스 구성 변경",
    "class-without-rows": "행이 없어진 클래스",
    "key-changed": "키 변경",
    "label-changed": "라벨 열 변경",
    "split-removed": "분할 삭제",
    "split-added": "분할 추가",
    "split-changed": "분할 변경",
    "frozen-split-changed": "고정 분할 변경",
    "rows-moved": "분할 간 이동",
    "rows-relabelled": "라벨 변경",
    "frozen-rows-relabelled": "고정 분할 라벨 변경",
    "rows-not-compared": "행을 비교하지 않음",
    "license-declared": "라이선스 선언",
    "license-looser": "라이선스 완화",
    "license-stricter": "라이선스 강화",
    "process-changed": "구축 과정 기록 변경",
    "source-added": "원천 데이터셋 추가",
    "source-changed": "원천 데이터셋 변경",
    "source-removed": "원천 데이터셋 삭제",
    "attachment-added": "첨부 추가",
    "attachment-changed": "첨부 변경",
    "attachment-removed": "첨부 삭제",
    "underbump": "변경 수준보다 낮은 버전 번호",
}
COUNTED: Mapping[str, str] = {"rows": "행", "labels": "라벨", "classes": "클래스", "keys": "키", "columns": "열",
                              "splits": "분할", "files": "파일"}  # fmt: skip
DONE: Mapping[str, str] = {
    "added": "추가",
    "removed": "삭제",
    "changed": "변경",
    "edited": "수정",
    "moved": "이동",
    "relabelled": "라벨 변경",
}

# Details that facts are given in English: a pattern of the whole, and what it says in Korean.
DETAILS: Mapping[str, str] = {
    r"the same rows in other bytes": "같은 행, 다른 바이트",
    r"schema, suites or gate settings": "스키마, 검사 목록 또는 게이트 설정",
    r"another order": "순서 변경",
    r"(\S+) added": r"\1 추가",
    r"(\S+) removed": r"\1 삭제",
    r"and (\d+) more rules": r"그 밖의 규칙 \1개",
    r"([\d,]+) → ([\d,]+) rows": r"\1 → \2행",
    r"(.+) → (.+): ([\d,]+) rows?": r"\1 → \2: \3행",
    r"in all splits (.+)": r"모든 분할에서 \1",
    r"([\d,]+) rows?; in all splits (.+)": r"\1행; 모든 분할에서 \2",
    r"([\d,]+) rows?; (.+)": r"\1행; \2",
    r"without (.+); with (.+)": r"삭제 \1; 추가 \2",
    r"without (.+)": r"삭제 \1",
    r"with (.+)": r"추가 \1",
    r"not declared → (.+)": r"미기재 → \1",
    r"(.+) → not declared": r"\1 → 미기재",
    r"([a-z]+): declared": r"\1: 기재",
    r"([a-z]+): no longer declared": r"\1: 기재 삭제",
}

# A detail that counts what happened to the rows of a split, and its parts in Korean.
TOLD = r"[\d,]+ → [\d,]+ rows: [\d,]+ [a-z ]+(?:, [\d,]+ [a-z ]+)*"
PARTS: Mapping[str, str] = {
    r"([\d,]+) rows?": r"\1행",
    r"([\d,]+) added": r"추가 \1",
    r"([\d,]+) removed": r"삭제 \1",
    r"([\d,]+) changed": r"변경 \1",
    r"([\d,]+) edited": r"수정 \1",
    r"([\d,]+) relabelled": r"라벨 변경 \1",
    r"([\d,]+) moved in": r"들어옴 \1",
    r"([\d,]+) moved out": r"나감 \1",
}
