"""Closed vocabularies of the Hugging Face Hub's card metadata, checked offline.

The Hub's client validates nothing before it uploads, so a wrong licence id or task
would only show on the site. The tables follow the Hub's documentation of dataset
card metadata; language codes are ISO 639-1 plus any three-letter ISO 639-3 code.

>>> problem_with("license", "cc-by-sa-4.0") is None
True
>>> problem_with("license", "CC BY SA 4.0")
'it is no licence id of the Hub; did you mean `cc-by-sa-4.0`?'
>>> problem_with("language", "kor")
'it is no language code; did you mean `ko`?'
>>> size_category(12_000)
'10K<n<100K'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LICENSES = _words(
    """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda
    cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
    cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
    cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0
    etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research
    intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openrail++ osl-3.0
    postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
    fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community
    gemma unknown other
    """
)

LANGUAGES = _words(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz
    ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik
    io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml
    mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd
    se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi
    vo wa wo xh yi yo za zh zu code multilingual
    """
)

# ISO 639-2/3 codes and names of languages that have a two-letter code: the Hub files data under that one.
_SHORTER = {
    "ara": "ar", "chi": "zh", "chinese": "zh", "deu": "de", "eng": "en", "english": "en", "fra": "fr",
    "fre": "fr", "french": "fr", "ger": "de", "german": "de", "hin": "hi", "ita": "it", "japanese": "ja",
    "jpn": "ja", "kor": "ko", "korean": "ko", "kr-kr": "ko", "por": "pt", "rus": "ru", "spa": "es",
    "spanish": "es", "tha": "th", "vie": "vi", "vietnamese": "vi", "zho": "zh", "한국어": "ko", "영어": "en",
    "일본어": "ja", "중국어": "zh",
}  # fmt: skip

TASKS = _words(
    """
    text-classification token-classification table-question-answering question-answering
    zero-shot-classification translation summarization feature-extraction text-generation fill-mask
    sentence-similarity text-to-speech text-to-audio automatic-speech-recognition audio-to-audio
    audio-classification audio-text-to-text voice-activity-detection depth-estimation image-classification
    object-detection image-segmentation text-to-image image-to-text image-to-image image-to-video
    unconditional-image-generation video-classification reinforcement-learning robotics
    tabular-classification tabular-regression tabular-to-text table-to-text multiple-choice text-ranking
    text-retrieval time-series-forecasting text-to-video image-text-to-text image-text-to-image
    image-text-to-video visual-question-answering document-question-answering
    zero-shot-image-classification graph-ml mask-generation zero-shot-object-detection text-to-3d
    image-to-3d image-feature-extraction video-text-to-text keypoint-detection
    visual-document-retrieval any-to-any video-to-video other
    """
)

SIZES: tuple[tuple[str, int], ...] = (
    ("n<1K", 10**3),
    ("1K<n<10K", 10**4),
    ("10K<n<100K", 10**5),
    ("100K<n<1M", 10**6),
    ("1M<n<10M", 10**7),
    ("10M<n<100M", 10**8),
    ("100M<n<1B", 10**9),
    ("1B<n<10B", 10**10),
    ("10B<n<100B", 10**11),
    ("100B<n<1T", 10**12),
)
LARGEST = "n>1T"

ANNOTATORS = frozenset({"found", "crowdsourced", "expert-generated", "machine-generated", "no-annotation", "other"})
WRITERS = frozenset({"found", "crowdsourced", "expert-generated", "machine-generated", "other"})
LINGUALITY = frozenset({"monolingual", "multilingual", "translation", "other"})

_CLOSED: dict[str, tuple[frozenset[str], str]] = {
    "license": (LICENSES, "licence id of the Hub"),
    "task_categories": (TASKS, "task category of the Hub"),
    "annotations_creators": (ANNOTATORS, "kind of annotation creator"),
    "language_creators": (WRITERS, "kind of language creator"),
    "multilinguality": (LINGUALITY, "kind of multilinguality"),
    "size_categories": (frozenset([name for name, _ in SIZES] + [LARGEST]), "size category"),
}


def size_category(rows: int) -> str:
    """The Hub's size bucket of a dataset with `rows` rows."""
    return next((name for name, limit in SIZES if rows < limit), LARGEST)


def problem_with(field: str, value: str) -> str | None:
    """Why `value` is not allowed in `field`, with a suggestion, or None; unknown fields allow anything."""
    if field == "language":
        return _language_problem(value)
    if field not in _CLOSED:
        return None
    allowed, what = _CLOSED[field]
    if value in allowed:
        return None
    near = suggestion(re.sub(r"[\s_]+", "-", value.strip().lower()), allowed)
    return f"it is no {what}{near}"


def suggestion(value: str, allowed: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest of `allowed`, or nothing.

    >>> suggestion("licence", ["license", "language"])
    '; did you mean `license`?'
    """
    near = difflib.get_close_matches(value, sorted(allowed), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def _language_problem(value: str) -> str | None:
    head = value.split("-", 1)[0]  # zh-Hant: the first subtag decides
    if value.casefold() in _SHORTER:
        return f"it is no language code; did you mean `{_SHORTER[value.casefold()]}`?"
    if head in LANGUAGES or re.fullmatch(r"[a-z]{3}", head):
        return None
    return f"it is no language code{suggestion(head.lower(), LANGUAGES) if len(head) == 2 else ''}"
