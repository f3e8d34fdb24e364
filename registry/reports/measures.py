"""What each type of check measures: family, name, method, consequence, and the command that mends it.

>>> unique = "expect_column_values_to_be_unique"
>>> measure_of(unique).family, measure_of(unique, "schema:unique:id").family
('values', 'schema')
>>> measure_of("expect_splits_to_be_disjoint", arguments={"normalize": "text"}).name[0]
'Same text in two splits'
>>> measure_of("expect_something_new").family
'other'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

Pair = tuple[str, str]

FAMILIES = (
    "schema",
    "values",
    "splits",
    "duplicates",
    "balance",
    "labels",
    "privacy",
    "sufficiency",
    "diversity",
    "provenance",
    "drift",
    "other",
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One type of check; every text is an (English, Korean) pair, empty where nothing is to be said."""

    family: str
    name: Pair
    method: Pair = ("", "")
    consequence: Pair = ("", "")
    mend: str = "registry check {name}"
    normalised: tuple[Pair, Pair] | None = None  # name and method of the check on normalised text


_DROP = "registry drop {name} --check {id}"
_CARD = "$EDITOR cards/{name}.md && registry check {name}"
_MASK = "registry mask {name}"
_LABELS = "registry report labels {name}"
_SPLIT = "registry split {name} --shares train=0.8,validation=0.1,test=0.1"
_BROKEN: Pair = ("Code written for the schema would break.", "스키마를 전제로 한 코드가 동작하지 않음.")
_HIGH: Pair = ("Scores on the later split would be too high.", "뒤 분할의 점수가 실제보다 높게 나옴.")

MEASURES: dict[str, Measure] = {
    "schema": Measure(
        "schema",
        ("Data follows the schema", "스키마 준수"),
        ("Columns and types of every file against the declaration.", "모든 파일의 열과 자료형을 선언과 비교."),
        _BROKEN,
    ),
    "expect_splits_to_be_disjoint": Measure(
        "splits",
        ("Equal rows in two splits", "분할 간 같은 행"),
        ("Rows of a later split that also stand in an earlier one.", "앞 분할에도 있는 뒤 분할의 행."),
        _HIGH,
        _DROP,
        (
            ("Same text in two splits", "분할 간 같은 글(정규화 후)"),
            (
                "Rows of a later split whose text stands in an earlier one, case, width and spaces apart.",
                "대소문자, 전각·반각, 공백 차이를 무시하면 앞 분할에도 있는 뒤 분할의 행.",
            ),
        ),
    ),
    "expect_splits_to_have_no_near_duplicates": Measure(
        "splits",
        ("Near-duplicates between splits", "분할 간 근사 중복"),
        ("Jaccard similarity of character shingles.", "글자 조각 집합의 자카드 유사도."),
        _HIGH,
        _DROP,
    ),
    "expect_groups_not_to_cross_splits": Measure(
        "splits",
        ("Groups in two splits", "분할 간 같은 집단"),
        ("Rows of a later split whose group stands in an earlier one.", "앞 분할에 있는 집단에 속한 뒤 분할의 행."),
        _HIGH,
        _SPLIT,
    ),
    "expect_splits_to_follow_time": Measure(
        "splits",
        ("Rows before the end of an earlier split", "시간 순서를 어긴 분할"),
        (
            "Rows of a later split not after the last of an earlier one.",
            "앞 분할의 마지막 시각보다 늦지 않은 뒤 분할의 행.",
        ),
        ("A model could learn from the future.", "모델이 미래 정보를 학습할 수 있음."),
        _SPLIT,
    ),
    "expect_split_shares_to_be_between": Measure(
        "splits",
        ("Shares of the splits", "분할 비율"),
        ("Rows of the split over all rows.", "전체 행 대비 분할의 행."),
        mend=_SPLIT,
    ),
    "expect_no_contamination_with": Measure(
        "splits",
        ("Overlap with other benchmarks", "벤치마크 오염"),
        ("Rows that stand in a frozen split of another release.", "다른 릴리스의 고정 분할에도 있는 행."),
        ("Scores on that benchmark would be too high.", "해당 벤치마크의 점수가 실제보다 높게 나옴."),
        _DROP,
    ),
    "expect_class_balance_to_be_at_least": Measure(
        "balance",
        ("Class balance", "클래스 균형"),
        ("Share of each class in each split.", "분할별 클래스 비율."),
        ("A model would see too little of the rare class.", "드문 클래스를 충분히 학습하지 못함."),
    ),
    "expect_split_class_distributions_to_match": Measure(
        "balance",
        ("Label mix between splits", "분할 간 라벨 분포"),
        ("Jensen–Shannon divergence of label shares.", "라벨 비율의 옌센-섀넌 발산."),
        ("Scores would reflect another mix of labels.", "다른 라벨 분포에 대한 점수가 됨."),
        _SPLIT,
    ),
    "expect_counts_to_meet_targets": Measure(
        "balance",
        ("Planned counts are reached", "정량목표 달성률"),
        ("Rows over the planned number.", "정량목표 대비 결과값."),
    ),
    "expect_shares_to_overlap": Measure(
        "balance",
        ("Planned composition is reached", "구성비 중첩률"),
        ("Sum of the smaller of planned and actual share.", "계획 비율과 실제 비율 중 작은 값의 합."),
    ),
    "expect_rows_to_be_unique": Measure(
        "duplicates",
        ("Repeated rows", "완전 중복"),
        ("Rows beyond the first of each group of equal rows.", "같은 행 묶음에서 첫 행을 뺀 나머지."),
        ("Repeated rows weigh more than others.", "중복 행의 비중이 커짐."),
        _DROP,
    ),
    "expect_no_near_duplicates": Measure(
        "duplicates",
        ("Near-duplicates within a split", "분할 안 근사 중복"),
        ("Jaccard similarity of character shingles.", "글자 조각 집합의 자카드 유사도."),
        ("Nearly equal rows weigh more than others.", "거의 같은 행의 비중이 커짐."),
        _DROP,
    ),
    "expect_duplicates_to_agree_on_label": Measure(
        "labels",
        ("Equal inputs with different labels", "라벨 충돌"),
        ("Rows of equal input with different labels.", "입력이 같고 라벨이 다른 행."),
        ("No model can be right on both.", "어떤 모델도 둘 다 맞힐 수 없음."),
        _DROP,
    ),
    "expect_near_duplicates_to_agree_on_label": Measure(
        "labels",
        ("Near-duplicates with different labels", "근사 중복의 라벨 충돌"),
        ("Near-duplicates of an earlier row with another label.", "앞 행과 근사 중복이면서 라벨이 다른 행."),
        ("No model can be right on both.", "어떤 모델도 둘 다 맞힐 수 없음."),
        _LABELS,
    ),
    "expect_no_target_leakage": Measure(
        "labels",
        ("Label given away by one column", "정답 누수"),
        ("Score of a prediction of the label from one column.", "열 하나로 라벨을 예측한 점수."),
        ("A model could read the answer from that column.", "모델이 그 열에서 정답을 읽을 수 있음."),
    ),
    "expect_annotator_agreement_at_least": Measure(
        "labels",
        ("Agreement between annotators", "작업자 간 일치도 (IAA)"),
        ("Agreement beyond chance (α or κ).", "우연을 뺀 일치도(α 또는 κ)."),
        ("The labels are not reproducible.", "라벨을 재현하기 어려움."),
    ),
    "expect_label_to_follow_annotators": Measure(
        "labels",
        ("Labels that follow the annotators' majority", "작업자 다수 의견을 따른 라벨"),
        ("Rows whose label most of their annotators gave.", "라벨이 작업자 다수 의견과 같은 행."),
    ),
    "expect_label_noise_at_most": Measure(
        "labels",
        ("Probable label errors", "추정 라벨 오류"),
        ("Confident learning with a cross-validated baseline.", "교차검증 베이스라인 모델의 확신 학습."),
        ("Wrong labels limit what can be measured.", "라벨 오류가 평가의 한계가 됨."),
        _LABELS,
    ),
    "expect_no_personal_data": Measure(
        "privacy",
        ("Personal data", "개인정보"),
        ("Patterns and check digits of known identifiers.", "알려진 식별자의 형식과 검증 숫자."),
        ("Publishing would disclose people.", "게시하면 개인이 드러남."),
        _MASK,
    ),
    "expect_no_listed_terms": Measure(
        "privacy",
        ("Listed terms", "금칙어"),
        ("Terms of a list, also in split Hangul letters.", "목록의 낱말. 풀어 쓴 한글 포함."),
        mend=_DROP,
    ),
    "expect_k_anonymity_at_least": Measure(
        "privacy",
        ("k-anonymity", "k-익명성"),
        ("Smallest group of equal quasi-identifiers.", "준식별자가 같은 집단의 최소 크기."),
        ("Some people can be singled out.", "일부 개인을 특정할 수 있음."),
        _DROP,
    ),
    "expect_l_diversity_at_least": Measure(
        "privacy",
        ("l-diversity", "l-다양성"),
        ("Sensitive values in each group.", "집단별 민감 속성 값의 수."),
        ("Belonging to a group tells the sensitive value.", "집단에 속한 것만으로 민감 속성이 드러남."),
    ),
    "expect_t_closeness_at_most": Measure(
        "privacy",
        ("t-closeness", "t-근접성"),
        ("Distance of each group from the whole.", "집단과 전체의 분포 거리."),
        ("Belonging to a group tells of the sensitive value.", "집단에 속한 것으로 민감 속성을 짐작할 수 있음."),
    ),
    "expect_group_disparity_at_most": Measure(
        "diversity",
        ("Label rates of groups", "집단 간 라벨 비율 차이"),
        ("The widest gap between the label rates of two groups.", "두 집단의 라벨 비율 중 가장 큰 차이."),
        ("A model would learn the difference as a rule.", "모델이 이 차이를 규칙으로 학습할 수 있음."),
    ),
    "expect_synthetic_share_at_most": Measure(
        "provenance",
        ("Synthetic share", "합성 데이터 비율"),
        ("Rows whose provenance is synthetic.", "출처가 합성인 행."),
        ("A held-out split would not measure real use.", "평가 분할이 실제 사용을 반영하지 못함."),
    ),
    "expect_no_drift_from_previous_release": Measure(
        "drift",
        ("Drift since the previous release", "이전 릴리스 대비 분포 변화"),
        ("Distance of distributions.", "분포 간 거리."),
    ),
    "expect_no_drift_between_splits": Measure(
        "drift",
        ("Drift between splits", "분할 간 분포 차이"),
        ("Distance of distributions from the first split.", "첫 분할과의 분포 거리."),
        ("Scores would speak of other data than was learnt from.", "학습한 데이터와 다른 분포에 대한 점수가 됨."),
        _SPLIT,
    ),
    "expect_data_to_suffice": Measure(
        "sufficiency",
        ("Data suffices", "데이터 충분성"),
        ("Learning curve of a baseline model.", "베이스라인 모델의 학습 곡선."),
        ("What a model reaches is not settled, or not enough.", "모델 성능이 아직 안정되지 않았거나 충분하지 않음."),
    ),
    "expect_table_row_count_to_be_between": Measure(
        "values", ("Row count", "행 수"), ("Rows of the table.", "표의 행 수.")
    ),
    "expect_table_row_count_to_equal": Measure("values", ("Row count", "행 수"), ("Rows of the table.", "표의 행 수.")),
    "expect_column_values_to_not_be_null": Measure(
        "values", ("Missing values", "결측값"), ("Rows where the column is null.", "열이 결측인 행.")
    ),
    "expect_column_values_to_be_unique": Measure(
        "values", ("Repeated values", "값 중복"), ("Rows whose value stands in another row.", "다른 행에도 있는 값.")
    ),
    "expect_column_values_to_be_in_set": Measure(
        "values",
        ("Values outside the declared set", "목록에 없는 값"),
        ("Rows with another value.", "목록에 없는 값의 행."),
    ),
    "expect_column_distinct_values_to_be_in_set": Measure(
        "values",
        ("Values outside the declared set", "목록에 없는 값"),
        ("Distinct values outside the set.", "목록에 없는 고유값."),
    ),
    "expect_column_values_to_be_between": Measure(
        "values", ("Values outside the range", "범위를 벗어난 값"), ("Rows outside the range.", "범위를 벗어난 행.")
    ),
    "expect_column_value_lengths_to_be_between": Measure(
        "values",
        ("Lengths outside the range", "범위를 벗어난 길이"),
        ("Rows outside the range, in characters.", "범위를 벗어난 행(글자 수)."),
    ),
    "expect_column_values_to_match_regex": Measure(
        "values",
        ("Values that do not match the pattern", "형식에 맞지 않는 값"),
        ("Rows that do not match.", "형식에 맞지 않는 행."),
    ),
    "data": Measure("schema", ("Data can be read", "데이터 읽기"), ("Rows that were read.", "읽은 행.")),
    "expect_column_to_exist": Measure("schema", ("Column exists", "열 존재"), ("Columns of the table.", "표의 열.")),
}


_OF_ID = {
    "terms:licence": Measure(
        "provenance",
        ("One licence", "라이선스 일치"),
        ("The card's licence against the schema's.", "카드와 스키마의 라이선스 비교."),
        ("Nobody knows by which terms the data may be used.", "어느 조건으로 쓸 수 있는지 알 수 없음."),
        mend=_CARD,
    ),
    "terms:source-licences": Measure(
        "provenance",
        ("Licences of the sources", "원천 라이선스 양립성"),
        (
            "What each source's licence asks, against the release's licence, by a table of licences.",
            "원천 라이선스의 조건을 릴리스 라이선스와 비교 (라이선스 표 기준).",
        ),
        (
            "Whoever uses the release may break the terms of a source.",
            "릴리스를 쓰는 사람이 원천의 이용 허락 조건을 어기게 됨.",
        ),
        mend=_CARD,
    ),
    "terms:consent": Measure(
        "provenance",
        ("Consent in force", "동의 유효 여부"),
        ("The declared last day against the day of the check.", "기재된 만료일을 검사일과 비교."),
        ("The data is no longer held with consent.", "동의 없이 보유하는 데이터가 됨."),
        mend=_CARD,
    ),
    "terms:retention": Measure(
        "provenance",
        ("Retention period", "보유 기간"),
        ("The declared last day against the day of the check.", "기재된 만료일을 검사일과 비교."),
        ("The data is to be destroyed by now.", "이미 파기했어야 하는 데이터."),
        mend=_CARD,
    ),
    "schema:columns": Measure(
        "schema", ("Columns", "열 구성"), ("Names of columns in every file.", "모든 파일의 열 이름."), _BROKEN
    ),
    "schema:files": Measure(
        "schema",
        ("Files with the same columns", "파일별 열 일치"),
        ("Files that lack a column which others have.", "다른 파일에 있는 열이 없는 파일."),
        ("Such a column reads as missing there.", "해당 파일의 그 열은 결측으로 읽힘."),
    ),
    "schema:hub-reader": Measure(
        "schema",
        ("Columns as the Hub reads them", "허브에서 읽은 열"),
        ("Texts of CSV that `load_dataset` takes for numbers.", "`load_dataset`가 숫자로 바꾸는 CSV의 글."),
        ("Who loads it from the Hub trains on other values.", "허브에서 불러오면 다른 값으로 학습함."),
    ),
    "schema:types": Measure(
        "schema", ("Types", "자료형"), ("Types of columns in every file.", "모든 파일의 열 자료형."), _BROKEN
    ),
}
_DIVERSE = re.compile(r"expect_column_(unique_value_count|proportion_of_unique_values)_")
_FIGURE = re.compile(r"expect_column_(.+)_to_be_between\Z")
_FIGURES: dict[str, Pair] = {
    "unique_value_count": ("Distinct values", "고유값 수"),
    "proportion_of_unique_values": ("Share of distinct values", "고유값 비율"),
    "proportion_of_non_null_values": ("Share of values present", "값이 있는 비율"),
    "min": ("Least value", "최솟값"),
    "max": ("Greatest value", "최댓값"),
    "mean": ("Mean", "평균"),
    "median": ("Median", "중앙값"),
    "sum": ("Sum", "합계"),
    "stdev": ("Standard deviation", "표준편차"),
}


def measure_of(kind: str, id: str = "", arguments: Mapping[str, Any] = MappingProxyType({})) -> Measure:  # noqa: A002
    """The measure of a check of type `kind` called `id`; an unknown type is named as it is, among the others.

    What the schema declares is of its family, whichever expectation judges it.
    """
    found = _OF_ID.get(id) or MEASURES.get(kind) or _unlisted(kind)
    if id.startswith(("schema:", "data:")):
        return replace(found, family="schema")
    if found.normalised and arguments.get("normalize") == "text":
        name, method = found.normalised
        return replace(found, name=name, method=method)
    return found


def _unlisted(kind: str) -> Measure:
    figure = _FIGURE.match(kind)
    if figure and figure[1] in _FIGURES:
        return Measure("diversity" if _DIVERSE.match(kind) else "values", _FIGURES[figure[1]])
    family = (
        "values" if kind.startswith(("expect_column", "expect_table", "expect_compound", "expect_select")) else "other"
    )
    readable = kind.removeprefix("expect_").replace("_", " ")
    return Measure(family, (readable, readable))
