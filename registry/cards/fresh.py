"""A fresh `cards/<name>.md`: what is known is filled in, what people must say is asked for.

>>> from registry.cards.declared import parse_card
>>> from registry.model.schema import DatasetSchema
>>> text = new_card(DatasetSchema("reviews", title="상품 리뷰", license="cc-by-4.0"))
>>> card = parse_card(text, "cards/reviews.md")
>>> card.text("pretty_name"), card.text("license"), card.has("summary"), card.has("purpose")
('상품 리뷰', 'cc-by-4.0', False, False)
"""

from __future__ import annotations

from collections.abc import Iterable

from registry.cards.declared import SECTIONS
from registry.cards.vocabulary import LICENSES
from registry.cards.yaml import scalar
from registry.model.process import RECORDS, SOURCE
from registry.model.schema import DatasetSchema

_HELP: tuple[tuple[str, str], ...] = (
    ("summary", "one sentence: what a row is, how many, from where"),
    ("language", "ISO 639 codes, e.g. [ko, en]"),
    ("license", "a licence id of the Hub, e.g. cc-by-4.0; `other` also needs license_name and license_link"),
    ("task_categories", "e.g. [text-classification]"),
    ("annotations_creators", "found, crowdsourced, expert-generated, machine-generated, no-annotation"),
    ("personal-data", "none, or what kind and on what basis"),
    ("synthetic", "none, or which part is synthetic and what made it"),
    ("contact", "who answers questions and corrects errors"),
    ("repository", "where the declarations live, if not at git's origin"),
    ("homepage", "a page about the dataset"),
    ("citation", "how to cite it"),
    ("doi", "e.g. 10.5281/zenodo.123"),
    ("guideline", "the labelling guideline and its version"),
    ("summary_ko", "요약 한 문장"),
    ("language_creators", "who wrote the texts: found, crowdsourced, expert-generated, machine-generated, other"),
    ("multilinguality", "monolingual, multilingual, translation, other"),
    ("source_datasets", "original, or the ids of datasets it extends"),
    ("task_ids", "e.g. [sentiment-classification]"),
    ("tags", "free words, e.g. [korean]"),
    ("license_name", "with `license: other`"),
    ("license_link", "with `license: other`"),
    ("size_categories", "measured; one that is declared must agree"),
)


def new_card(schema: DatasetSchema, *, title: str = "", license_id: str = "", language: Iterable[str] = ()) -> str:
    """The text of a card whose declared parts are left to fill; nothing is invented.

    `license_id` and `title` default to those of `schema`. A licence that the Hub does not
    know becomes `other` with its name.
    """
    known = _known(schema, title, license_id, tuple(language))
    lines = ["---"]
    lines += [f"pretty_name: {scalar(known.pop('pretty_name'))}"]
    for field, help_text in _HELP:
        value = known.pop(field, "")
        lines.append(f"{field}: {value}  # {help_text}" if value else f"{field}:  # {help_text}")
    lines += [f"{field}: {value}" for field, value in known.items()]
    lines += ["process:  # how it was made; files go to the folder of the card's name, and ship with a release"]
    lines += [f"  {record}:  # {{{', '.join(keys)}}}" for record, keys in RECORDS.items()]
    lines += [f"sources:  # a list of {{{', '.join(SOURCE)}}}", "---", ""]
    lines.append('<!-- Whatever stays empty is shown as "not declared". Numbers are measured: leave them out. -->')
    for section in SECTIONS:
        lines += ["", f"## {section.headings[0]}", "", f"<!-- {section.prompt} -->"]
    return "\n".join(lines) + "\n"


def _known(schema: DatasetSchema, title: str, license_id: str, language: tuple[str, ...]) -> dict[str, str]:
    known = {"pretty_name": title or schema.title or schema.name}
    declared = (license_id or schema.license).strip()
    if declared.lower() in LICENSES and declared.lower() != "other":
        known["license"] = scalar(declared.lower())
    elif declared:
        known |= {"license": "other", "license_name": scalar(declared)}
    if language:
        known["language"] = "[" + ", ".join(scalar(code) for code in language) + "]"
    return known
