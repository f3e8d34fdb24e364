"""`cards/<name>.md`: what people declare about a dataset, read strictly.

The file is YAML front matter and Markdown sections. An unknown key, a value that the
Hub does not know, or a misspelt heading is an error that names the line; a part left
empty stays empty and is shown as "not declared".

>>> card = parse_card("---\\nsummary: 상품 리뷰\\nlanguage: ko\\n---\\n## Purpose\\n\\nSentiment.\\n", "cards/x.md")
>>> card.text("summary"), card.values("language"), card.section("purpose")
('상품 리뷰', ('ko',), 'Sentiment.')
>>> parse_card("---\\nlicence: mit\\n---\\n", "cards/x.md")
Traceback (most recent call last):
...
registry.errors.ConfigError: cards/x.md:2 has the unknown field `licence`: did you mean `license`?
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from registry.cards.process import read_attachments, read_process
from registry.cards.vocabulary import problem_with, suggestion
from registry.errors import ConfigError
from registry.model.facts import Declared
from registry.model.process import Attachment
from registry.workspace.beside import templates_of
from registry.workspace.yamls import Places, parse_yaml

# Canonical name (underscores) → whether it may hold several values.
FIELDS: Mapping[str, bool] = {
    "pretty_name": False,
    "summary": False,
    "summary_ko": False,
    "language": True,
    "license": False,
    "license_name": False,
    "license_link": False,
    "task_categories": True,
    "task_ids": True,
    "annotations_creators": True,
    "language_creators": True,
    "multilinguality": True,
    "source_datasets": True,
    "size_categories": True,
    "tags": True,
    "personal_data": False,
    "contact": False,
    "homepage": False,
    "repository": False,
    "citation": False,
    "doi": False,
    "guideline": False,
    "synthetic": False,
}
STRUCTURED = ("process", "sources")  # keys that hold records, which `registry.cards.process` reads


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the card: its id, headings that name it (the first is written), and what to tell there."""

    id: str
    headings: tuple[str, ...]
    prompt: str


SECTIONS: tuple[Section, ...] = (
    Section("purpose", ("Purpose", "목적"), "What is the dataset for, and why was it made?"),
    Section("out-of-scope", ("Out-of-scope use", "사용 범위 밖"), "What must it not be used for?"),
    Section("collection", ("Collection", "수집"), "Where do the rows come from, when, and how were they chosen?"),
    Section(
        "source-licences",
        ("Source licences", "Source licenses", "원천 라이선스"),
        "Under which terms was each source obtained?",
    ),
    Section(
        "annotation",
        ("Annotation process", "Annotation", "라벨링 과정"),
        "Who labelled, by which guideline, with what training, pay and review?",
    ),
    Section(
        "personal-data",
        ("Personal data", "개인정보"),
        "Does it hold personal data? On what basis, and how was it de-identified?",
    ),
    Section(
        "bias",
        ("Bias, risks and limits", "Bias and limits", "편향과 한계"),
        "Who or what is missing, over- or under-represented? What can go wrong?",
    ),
    Section(
        "recommendations",
        ("Recommendations", "권고"),
        "What should a user do about these limits?",
    ),
    Section(
        "maintenance",
        ("Maintenance", "유지 관리"),
        "Who maintains it, how are errors reported, how long are old versions kept?",
    ),
)
_BY_HEADING = {h.casefold(): section.id for section in SECTIONS for h in section.headings}
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def load_card(path: Path) -> Declared:
    """Reads `cards/<name>.md`; anything irregular raises `ConfigError` naming the line."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no card {path}", hint="registry add PATH writes a card to fill in") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read", why=str(error)) from error
    declared = parse_card(text, str(path), read_attachments(path))
    template = next((file for file in templates_of(path) if file.is_file()), None)
    if template is None:
        return declared
    try:
        return replace(declared, template=template.read_text("utf-8-sig"), template_file=str(template))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{template} cannot be read", why=str(error)) from error


def parse_card(text: str, file: str, attached: Sequence[Attachment] = ()) -> Declared:
    """As `load_card`, from text; `file` names it in messages, `attached` are the files of its folder."""
    front, body, first = _split_front_matter(text.replace("\r\n", "\n"), file)
    sections, extra = _sections(body, file, first)
    raw, places = _front(front, file)
    records, sources = (raw.pop(name, None) for name in STRUCTURED)
    process = read_process(records, sources, attached, places)
    return Declared(fields=_fields(raw, places), sections=sections, extra=extra, process=process)


def _split_front_matter(text: str, file: str) -> tuple[str, str, int]:
    """Front matter, body, and the 1-based line on which the body begins."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", text, 1
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            # NOTE: the opening line stays as an empty one, so that line numbers of the YAML are those of the file.
            return "\n" + "\n".join(lines[1:index]) + "\n", "\n".join(lines[index + 1 :]), index + 2
    raise ConfigError(f"{file}:1 opens front matter that never ends", hint=f"end the front matter of {file} with ---")


def _front(front: str, file: str) -> tuple[dict[Any, Any], Places]:
    raw, places = parse_yaml(front, file) if front.strip() else (None, Places(file, {}))
    if raw is not None and not isinstance(raw, dict):
        raise ConfigError(f"{file}:2 must hold `key: value` lines", hint=f"mend the front matter of {file}")
    return raw or {}, places


def _fields(raw: Mapping[Any, Any], places: Places) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in raw.items():
        place = f"{places.file}:{places.line(key)}"
        name = str(key).replace("-", "_")
        if name not in FIELDS:
            known = (*FIELDS, *STRUCTURED)
            near = suggestion(name, known).removeprefix("; ") or f"known are {', '.join(known)}"
            raise ConfigError(f"{place} has the unknown field `{key}`", why=near, hint=f"mend {place}")
        if name in fields:
            raise ConfigError(f"{place} declares `{key}` twice", hint=f"mend {place}")
        checked = _value(name, value, place)
        if checked not in (None, "", []):
            fields[name] = checked
    _require_license_name(fields, places.file)
    return fields


def _value(name: str, value: Any, place: str) -> Any:
    """The field's value: text, or a list of texts where several are allowed."""
    several = FIELDS[name]
    items = value if isinstance(value, list) else [value]
    if isinstance(value, list) and not several:
        raise ConfigError(f"{place}: `{name}` takes one value, not a list", hint=f"mend {place}")
    checked = [_item(name, item, place) for item in items if item is not None]
    if several:
        return checked
    return checked[0] if checked else None


def _item(name: str, item: Any, place: str) -> str:
    if isinstance(item, dict):
        raise ConfigError(f"{place}: `{name}` takes text, not a mapping", hint=f"mend {place}")
    if isinstance(item, bool):
        # NOTE: YAML 1.1 readers take `no` for false: Norwegian, and "personal-data: no".
        item = "no" if item is False else "yes"
    text = item.isoformat() if isinstance(item, date) else str(item).strip()
    text = text.lower() if name == "license" else text
    problem = problem_with(name, text) if text else None
    if problem:
        raise ConfigError(f"{place}: `{text[:60]}` is not allowed in `{name}`", why=problem, hint=f"mend {place}")
    return text


def _require_license_name(fields: Mapping[str, Any], file: str) -> None:
    if fields.get("license") == "other" and not fields.get("license_name"):
        raise ConfigError(
            f"{file} says `license: other` without `license_name`",
            why="the Hub asks for the name and link of a licence it does not know",
            hint=f"add license_name and license_link to {file}",
        )


def _sections(body: str, file: str, first: int) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Prose by section id, and the sections of other names; text before the first heading is dropped."""
    known: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    for heading, line, text in _headed(body, first):
        prose = _COMMENT.sub("", text).strip()
        section = _BY_HEADING.get(heading.casefold())
        place = f"{file}:{line}"
        if section is None:
            near = suggestion(heading.casefold(), _BY_HEADING)
            if near and prose:
                what = f"{place} has the unknown section `{heading[:60]}`"
                raise ConfigError(what, why=near.removeprefix("; "), hint=f"mend {place}")
            if prose:
                extra.append((heading, prose))
            continue
        if section in known:
            raise ConfigError(f"{place} has the section `{heading}` twice", hint=f"mend {place}")
        known[section] = prose
    return {section: prose for section, prose in known.items() if prose}, tuple(extra)


def _headed(body: str, first: int) -> list[tuple[str, int, str]]:
    """(heading, line, text) of every `##` section, headings inside code fences and comments apart."""
    found: list[tuple[str, int, list[str]]] = []
    fence, comment = "", False
    for number, line in enumerate(body.split("\n"), first):
        opened = _FENCE.match(line)
        if opened and not comment:
            mark = opened[1]
            closes = fence and mark[0] == fence[0] and len(mark) >= len(fence)
            fence = "" if closes else fence or mark
        elif line.startswith("## ") and not fence and not comment:
            found.append((line[3:].strip().strip("#").strip(), number, []))
            continue
        if not fence:
            comment = _in_comment(line, comment)
        if found:
            found[-1][2].append(line)
    return [(heading, number, "\n".join(lines)) for heading, number, lines in found]


def _in_comment(line: str, inside: bool) -> bool:
    """Whether an HTML comment is open after `line`."""
    opens, closes = line.rfind("<!--"), line.rfind("-->")
    return closes < opens if opens >= 0 and opens != closes else inside and closes < 0
