"""The documents of a release, by their path in the released tree."""

from __future__ import annotations

from collections.abc import Mapping

from registry.cards.changelog import PATHS, changelog
from registry.cards.croissant import croissant
from registry.cards.lint import require_honest
from registry.cards.readme import readme
from registry.model.digest import canonical
from registry.model.facts import ReleaseFacts
from registry.reports.eda import eda_html
from registry.reports.process import PLACE as ATTACHMENTS
from registry.reports.quality import quality_html, quality_json

PLACE = ".registry"
LANGUAGES = {"en": ("en",), "ko": ("ko",), "both": ("en", "ko")}


def documents(facts: ReleaseFacts, *, history: Mapping[str, str], lang: str) -> dict[str, bytes]:
    """Every document of a release; `history` is the previous release's changelog by language.

    `lang` is en, ko or both. The card's headings are English, which tools parse;
    `README.ko.md` and `CHANGELOG.ko.md` come beside theirs where Korean is asked for. Raises
    `CardError` where the card lacks a required declaration or says what the measurement contradicts.
    """
    assert facts.evidence is not None
    require_honest(facts)
    quality = quality_json(facts.evidence, facts)
    found = {
        "README.md": readme(facts, "en").encode(),
        "croissant.json": canonical(croissant(facts)),
        f"{PLACE}/evidence.json": canonical(facts.evidence.to_json()),
        f"{PLACE}/profile.json": canonical(facts.profile),
        f"{PLACE}/quality.json": canonical(quality),
        f"{PLACE}/schema.json": canonical(facts.schema.to_json()),
        PATHS["en"]: changelog(facts, history.get("en", "")).encode(),
    }
    if facts.declared.process:
        found[f"{PLACE}/process.json"] = canonical(facts.declared.process.to_json())
        found |= {f"{ATTACHMENTS}/{one.path}": one.data for one in facts.declared.process.attachments}
    first, *others = LANGUAGES[lang]
    found[f"{PLACE}/eda.html"] = eda_html(facts, first).encode()
    found[f"{PLACE}/quality.html"] = quality_html(facts, first).encode()
    for other in others:
        found[f"{PLACE}/eda.{other}.html"] = eda_html(facts, other, quality=f"quality.{other}.html").encode()
        found[f"{PLACE}/quality.{other}.html"] = quality_html(facts, other).encode()
    if "ko" in LANGUAGES[lang]:
        found["README.ko.md"] = readme(facts, "ko").encode()
        found[PATHS["ko"]] = changelog(facts, history.get("ko") or history.get("en", ""), "ko").encode()
    return found
