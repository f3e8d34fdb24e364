"""What checks say in English where figures cannot, in Korean: why nothing was measured, what files lack.

Evidence is written once and in English, so that its bytes hang on no reader. A page in Korean
reads the sentence by its form; one of a form that is not listed stays as it is.

>>> korean("the data has one split only (train), so nothing can leak")
'분할이 하나뿐이므로 누수 없음 (train)'
>>> korean("`글` is missing; `b` is not declared"), korean("a sentence of another form")
('없는 열: 글; 선언되지 않은 열: b', None)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# A pattern of the whole sentence, and what it says; no Korean particle touches what is filled in.
REASONS: Mapping[str, str] = {
    r"the data has one split only \((.+)\), so nothing can leak": r"분할이 하나뿐이므로 누수 없음 (\1)",
    r"of the splits (.+) the data has fewer than two \(it has (.+)\)": (
        r"지정한 분할 중 있는 것이 둘 미만: \1 (있는 분할: \2)"
    ),
    r"the data has no split (.+); it has (.+)": r"없는 분할: \1 (있는 분할: \2)",
    r"which of (.+) comes first is not said: name `order`": r"분할의 순서를 알 수 없음: \1. `order` 지정 필요",
    r"no column has the role time: declare when each row arose, or name `column`": (
        r"역할이 time인 열 없음. 행이 생긴 시각의 열을 선언하거나 `column` 지정 필요"
    ),
    r"no column has the role (label|provenance): declare it, or name `(.+)`": (
        r"역할이 \1인 열 없음. 선언하거나 `\2` 지정 필요"
    ),
    r"no column has the role text: declare which text to compare, or name `column`": (
        r"역할이 text인 열 없음. 비교할 글을 선언하거나 `column` 지정 필요"
    ),
    r"no column has the role group: declare which rows belong together, or name `column`": (
        r"역할이 group인 열 없음. 함께 묶이는 행을 선언하거나 `column` 지정 필요"
    ),
    r"no column holds texts, or is called like a kind of personal data": (
        r"글이 담긴 열이나 개인정보의 이름이 붙은 열 없음"
    ),
    r"no column holds texts": r"글이 담긴 열 없음",
    r"no column has the role quasi-identifier: declare them, or name `quasi_identifiers`": (
        r"역할이 quasi-identifier인 열 없음. 준식별자를 선언하거나 `quasi_identifiers` 지정 필요"
    ),
    r"no column has the role sensitive: declare it, or name `(.+)`": (
        r"역할이 sensitive인 열 없음. 민감 속성을 선언하거나 `\1` 지정 필요"
    ),
    r"`(.+)` makes fewer than two groups of ([\d,]+) labelled rows": r"라벨이 있는 \2행 이상인 집단이 둘 미만: \1",
    r"`(.+)` makes ([\d,]+) groups of ([\d,]+) classes, beyond ([\d,]+)": (
        r"집단이나 클래스가 너무 많음: \1 (집단 \2개, 클래스 \3개, 한도 \4개)"
    ),
    r"no row has a value of (.+) beside a quasi-identifier": r"준식별자와 함께 값이 있는 행 없음: \1",
    r"`(.+)` has ([\d,]+) distinct values, beyond ([\d,]+): group them into ranges first": (
        r"고유값 \2개 (한도 \3개): \1. 먼저 구간으로 묶어야 함"
    ),
    r"no column has the role provenance: declare it, or name `(.+)`": (
        r"역할이 provenance인 열 없음. 선언하거나 `\1` 지정 필요"
    ),
    r"no row says in `(.+)` where it is from": r"출처가 적힌 행 없음: \1",
    r"there is no previous release to compare with": r"비교할 이전 릴리스 없음",
    r"the previous release (.+) has no profile to compare with": r"이전 릴리스에 프로파일 없음: \1",
    r"the rows are too few to tell by (.+) what moved": r"행이 적어 이동 여부를 알 수 없음 (\1)",
    r"no column can be compared by (.+)": r"비교할 수 있는 열 없음 (\1)",
    r"there is no column beside the label": r"라벨 외의 열 없음",
    r"there is no column to compare beside keys and split": r"키와 분할 외에 비교할 열 없음",
    r"there is no input to compare beside keys, split and label": r"키, 분할, 라벨 외에 비교할 입력 없음",
    r"(.+) does not measure this: registry check --engine duckdb does": (
        r"이 엔진에서는 측정하지 않음 (\1). 측정 명령: registry check --engine duckdb"
    ),
    r"no row has a value in (.+), so there is nothing to measure": r"비교할 값이 있는 행 없음: \1",
    r"(.+) has no value under its row_condition, so there is nothing to measure": r"row_condition에 맞는 값 없음: \1",
    r"(.+) has no value, so there is nothing to measure": r"값 없음: \1",
    r"([\d,]+) values of `(.+)` are no times: write them as (.+) or (.+)": (
        r"시각으로 읽을 수 없는 값 \1개: \2 (표기 예: \3, \4)"
    ),
    r"([\d,]+) times of `(.+)` name no zone while ([\d,]+) do, so that their order is unknown: "
    r"write every time with its zone": r"시간대 없는 시각 \1개, 있는 시각 \3개: \2. 모든 시각에 시간대 표기 필요",
    r"`(.+)` has ([\d,]+) classes of ([\d,]+) rows or more in ([\d,]+) rows; "
    r"at least two, and ([\d,]+) rows, are needed to hold rows out": (
        r"\3행 이상인 클래스 \2개 (\4행): \1. 클래스 둘과 \5행 이상 필요"
    ),
    r"given up after ([\d,]+) comparisons, beyond the limit of ([\d,]+): too many texts share long passages": (
        r"비교 \1회에서 중단 (한도 \2회): 긴 구절이 같은 글이 너무 많음"
    ),
    r"all texts of `(.+)` are shorter than ([\d,]+) characters: exact and normalised checks cover them": (
        r"모든 글이 \2자 미만: \1. 완전 중복과 정규화 검사로 확인"
    ),
    r"([\d,]+) rows? (?:stands? in two splits|repeats? another), and chance alone gives about ([\d,]+): "
    r"columns of few values \((.+)\) repeat by themselves, so that copies cannot be told from coincidence; "
    r"name `columns` that identify a row to have every equal row counted": (
        r"같은 행 \1행, 우연만으로도 약 \2행: 값의 종류가 적은 열은 저절로 같아지므로 "
        r"복사본과 우연을 구별할 수 없음 (\3). 행을 식별하는 `columns` 지정 시 같은 행을 모두 셈"
    ),
    r"there is no text, picture or number beside the label that a model could read": (
        r"라벨 외에 모델이 읽을 글, 그림, 숫자 없음"
    ),
    r"`features` must be texts, or numbers, or the picture: a model reads one kind": (
        r"`features`는 글, 숫자, 그림 중 한 종류여야 함"
    ),
    r"there are (.+) classes of (.+) rows or more in (.+) rows; a model needs two classes and (.+) rows": (
        r"\2행 이상인 클래스 \1개 (\3행). 모델에는 클래스 둘과 \4행 필요"
    ),
    r"all inputs are equal, so that nothing can be told from them": r"모든 입력이 같아 구별할 수 없음",
    r"the baseline tells (.+) of the classes where a guess is right about (.+), so that its doubts would say nothing": (
        r"베이스라인 모델의 정확도가 우연 수준이라 의심에 의미 없음 (\1, 우연 \2)"
    ),
    r"the baseline tells (.+) of the classes where a guess is right about (.+), so that its curve says nothing: .+": (
        r"베이스라인 모델의 정확도가 우연 수준이라 곡선에 의미 없음 (\1, 우연 \2). `features` 또는 `min_score` 필요"
    ),
    r"(.+) rows to train on and (.+) to test on are too few for a learning curve": (
        r"학습 곡선에 비해 행이 너무 적음 (학습 \1행, 평가 \2행)"
    ),
    r"of rows of ratings `item`, `annotator` and `label` are needed: name the columns": (
        r"평가가 행으로 된 데이터에는 `item`, `annotator`, `label` 열 지정 필요"
    ),
    r"two columns of annotators are needed, and there is (?:only )?(.+): declare the role annotator, .+": (
        r"작업자 열이 둘 미만 (\1). 역할 annotator 선언, `annotators` 지정 또는 `item`, `annotator`, `label` 지정 필요"
    ),
    r"some annotators gave numbers and others texts: what is compared must be of one kind": (
        r"작업자 열에 숫자와 글이 섞여 있어 비교할 수 없음"
    ),
    r"`level` is of krippendorff: (.+) takes none": r"`level`은 krippendorff에만 해당 (지정된 지표: \1)",
    r"`weights` are of cohen: (.+) takes none": r"`weights`는 cohen에만 해당 (지정된 지표: \1)",
    r"the level (.+) needs numbers, and `(.+)` holds texts": r"척도 \1: 숫자가 필요하나 글인 열 \2",
    r"of `(.+)` and its annotators one holds numbers and the other texts": (
        r"라벨과 작업자 열의 한쪽은 숫자, 다른 쪽은 글: \1"
    ),
    r"fewer than two annotators gave ratings, so there is no agreement between any": r"평가한 작업자가 둘 미만",
    r"no item has two ratings, so there is no agreement between any": r"평가가 둘 이상인 항목 없음",
    r"items with two ratings: (\d+); of fewer than (\d+) a coefficient says nothing": (
        r"평가가 둘 이상인 항목 \1개. \2개 미만이면 계수에 의미 없음"
    ),
    r"all rows to test on are `(.+)`: a score on one class says nothing": (
        r"시험할 행이 모두 한 클래스라 점수에 의미 없음: \1"
    ),
    r"a rating is infinite or beyond (.+), so that no distance can be told": (
        r"무한하거나 \1보다 큰 평가가 있어 거리를 알 수 없음"
    ),
    r"all ratings are `(.+)`: agreement on a constant says nothing": r"모든 평가가 같은 값이라 일치도에 의미 없음: \1",
    r"Fleiss' κ needs equally many ratings of each item, here (.+) to (.+): use krippendorff": (
        r"플라이스 카파(κ)는 항목별 평가 수가 같아야 함 (\1~\2개). krippendorff 사용"
    ),
    r"`(.+)` is none of the declared `classes`, which give the order that (.+) needs": (
        r"순서를 정하는 `classes`에 없는 값: \1 (\2)"
    ),
    r"a ratio level has a zero below which nothing lies, and there are negative ratings: use interval": (
        r"비율 척도에 음수 평가가 있음. interval 사용"
    ),
    r"the card says (\S+), the schema (.+)": r"카드와 스키마의 라이선스가 다름: \1, \2",
    r"consent ended on (.+)": r"동의 만료일 지남: \1",
    r"the data was to be kept until (.+)": r"보유 기간 만료일 지남: \1",
    r"(`[^`]+`(?: \(.+\))?) is not in the table of licences": r"라이선스 표에 없음: \1",
    r"(`[^`]+`(?: \(.+\))?) cannot be compared with (.+), which is not in the table of licences": (
        r"릴리스 라이선스가 라이선스 표에 없음: \1, 릴리스 \2"
    ),
    r"(`[^`]+`(?: \(.+\))?) cannot be compared: the release declares no licence": r"릴리스 라이선스 미기재: \1",
    r"(`[^`]+`(?: \(.+\))?) declares no licence": r"원천 라이선스 미기재: \1",
    r"(`[^`]+`(?: \(.+\))?) lets nothing be shared that was made from it": r"변경 금지 원천: \1",
    r"(`[^`]+`(?: \(.+\))?) forbids commercial use, which (.+) allows": (r"상업적 이용을 금지하는 원천: \1, 릴리스 \2"),
    r"(`[^`]+`(?: \(.+\))?) asks for its own terms, not (.+)": r"동일조건을 요구하는 원천: \1, 릴리스 \2",
    r"(`[^`]+`(?: \(.+\))?) asks for credit, which (.+) does not": r"출처 표시를 요구하는 원천: \1, 릴리스 \2",
    r"(`[^`]+`(?: \(.+\))?) names no version to compare with (.+), or the other way round": (
        r"라이선스 버전을 알 수 없음: \1, 릴리스 \2"
    ),
    r"and ([\d,]+) more": r"외 \1건",
    r"([\d,]+) classes are too many for Cohen's tables: use krippendorff": (
        r"코헨 카파(κ)의 표에 비해 클래스가 너무 많음 (\1개). krippendorff 사용"
    ),
    r"(.+) is not defined: chance alone would agree": r"정의되지 않음: \1. 우연만으로도 모두 일치",
    r"`([^`]+)` is missing \(did you mean `([^`]+)`\?\)": r"없는 열: \1 (비슷한 이름: \2)",
    r"`([^`]+)` is missing": r"없는 열: \1",
    r"`([^`]+)` is not declared": r"선언되지 않은 열: \1",
    r"`([^`]+)` has no ((?:`[^`]+`(?:, )?)+)": r"열이 없는 파일: \1 (\2)",
    r"load_dataset reads ([\d,]+) empty texts of `([^`]+)` as null": r"load_dataset이 결측으로 읽는 빈 글 \1개: \2",
    r"load_dataset reads ([\d,]+) texts of `([^`]+)` as numbers": r"load_dataset이 숫자로 읽는 글 \1개: \2",
    r"load_dataset reads ([\d,]+) texts of `([^`]+)` in lower case": r"load_dataset이 소문자로 읽는 글 \1개: \2",
    r"load_dataset rounds ([\d,]+) numbers of `([^`]+)`": r"load_dataset이 반올림하는 수 \1개: \2",
    r"load_dataset cannot read `([^`]+)` of ([\d,]+) rows": r"load_dataset이 읽지 못하는 열: \1 (\2행)",
    r"their rows read as null there": r"해당 행은 결측으로 읽음",
    r"`([^`]+)` is (.+), not (.+)": r"선언과 다른 자료형: \1 (\2, 선언 \3)",
}
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), told) for pattern, told in REASONS.items())


def korean(message: str) -> str | None:
    """`message` in Korean; None where its form, or that of one of its parts, is not known."""
    whole = _told(message)
    if whole is not None:
        return whole
    parts = [_told(part) for part in message.split("; ")]
    return None if None in parts else "; ".join(part for part in parts if part)


def _told(message: str) -> str | None:
    found = ((pattern.fullmatch(message), told) for pattern, told in _PATTERNS)
    return next((match.expand(told) for match, told in found if match), None)
