"""Licences: what may be made from what, beside the charts that their stewards publish."""

from __future__ import annotations

import itertools

import pytest

from registry.cards.vocabulary import LICENSES
from registry.versions.licenses import families, fit, licence, stricter

# Adapter's licence chart of Creative Commons (https://creativecommons.org/faq/#can-i-combine-material-under-different-
# creative-commons-licenses-in-my-work), for version 4.0: the licences that may cover what was made from the first.
CHART = {
    "cc0-1.0": "cc0-1.0 cc-by-4.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-4.0 cc-by-nc-sa-4.0 cc-by-sa-4.0",
    "cc-by-4.0": "cc-by-4.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-4.0 cc-by-nc-sa-4.0 cc-by-sa-4.0",
    "cc-by-nc-4.0": "cc-by-nc-4.0 cc-by-nc-nd-4.0 cc-by-nc-sa-4.0",
    "cc-by-nc-sa-4.0": "cc-by-nc-sa-4.0",
    "cc-by-sa-4.0": "cc-by-sa-4.0",
    "cc-by-nd-4.0": "",
    "cc-by-nc-nd-4.0": "",
}


@pytest.mark.parametrize(("source", "release"), [*itertools.product(CHART, CHART)])
def test_creative_commons_by_its_chart(source: str, release: str) -> None:
    assert fit(source, release).allowed is (release in CHART[source].split())


@pytest.mark.parametrize(
    ("source", "release", "allowed"),
    [
        ("cc-by-sa-3.0", "cc-by-sa-4.0", True),
        ("cc-by-sa-4.0", "cc-by-sa-3.0", False),
        ("cc-by-sa-1.0", "cc-by-sa-4.0", False),
        ("cc-by-sa-2.0-kr", "CC BY-SA 4.0", True),
        ("cc-by-sa-4.0", "gpl-3.0", True),
        ("cc-by-sa-3.0", "gpl-3.0", False),
        ("cc-by-sa-4.0", "odbl", False),
        ("cc-by-sa", "cc-by-sa-4.0", None),
        ("ODbL-1.0", "odbl-1.0", True),
        ("odbl-1.0", "cc-by-4.0", False),
        ("gpl-3.0-or-later", "agpl-3.0", True),
        ("agpl-3.0", "gpl-3.0-only", False),
        ("lgpl-2.1", "gpl-3.0", True),
        ("mpl-2.0", "mit", False),
        ("mit", "apache-2.0", True),
        ("mit", "cc0-1.0", False),
        ("unlicense", "cc0-1.0", True),
        ("공공누리 제1유형", "cc-by-4.0", True),
        ("공공누리 제2유형", "cc-by-4.0", False),
        ("kogl-3", "cc-by-nd-4.0", False),
        ("mit", "llama3", None),
        ("my-own", "my-own", None),
        ("other", "mit", None),
        ("", "mit", None),
        ("lgpl-lr", "gpl-3.0", None),
        ("bsl-1.1", "mit", None),
        ("gpl-2.0-or-later", "gpl-3.0", True),
        ("GPL-2.0+", "GPL-3.0-only", True),
        ("gpl-2.0-or-later", "agpl-3.0", True),
        ("gpl-2.0-only", "gpl-3.0", False),
        ("gpl-3.0-only", "gpl-3.0-or-later", False),
        ("cc-by-nc-sa-3.0-igo", "cc-by-nc-sa-4.0", True),
        ("공공누리제2유형", "mit", False),
        ("MIT OR CC-BY-NC-4.0", "mit", True),
        ("(MIT AND CC-BY-NC-4.0)", "mit", False),
        ("my-own OR cc-by-nc-4.0", "mit", None),
        ("cc-by-nc-4.0 AND my-own", "mit", False),
        ("mit", "apache-2.0 OR cc0-1.0", False),
        ("cc-by-4.0", "apache-2.0 OR cc-by-sa-4.0", True),
        ("cc-by-nc-4.0", "mit AND cc-by-nc-4.0", True),
        ("(mit or gpl-3.0-only) and apache-2.0", "cc-by-4.0", True),
        ("gpl-2.0-only WITH Classpath-exception-2.0", "gpl-2.0-only", None),
        ("mit or", "mit", None),
    ],
)
def test_other_licences(source: str, release: str, allowed: bool | None) -> None:
    found = fit(source, release)
    assert found.allowed is allowed
    assert bool(found.reason) is (allowed is not True)


def test_nothing_that_the_table_lacks_is_allowed() -> None:
    known = [name for name in LICENSES if licence(name)]
    assert 45 < len(known) < len(LICENSES)
    for name in LICENSES - set(known):
        assert fit(name, "cc0-1.0").allowed is None
        assert fit("cc0-1.0", name).allowed is None


def test_the_table_is_sound() -> None:
    asks = {"credit", "same-terms", "non-commercial", "no-derivatives"}
    for family in families().values():
        assert family.asks <= asks
        assert family.source.startswith("https://")
        assert not (family.onward or family.later) or "same-terms" in family.asks
        for _, targets in family.onward:
            assert all(licence(target) for target in targets), targets


def test_what_may_be_made_is_never_looser() -> None:
    """Whatever a source may become asks for no less, but for other terms of its own."""
    names = sorted(name for name in LICENSES if licence(name))
    for source, release in itertools.product(names, names):
        if fit(source, release).allowed:
            old, new = licence(source), licence(release)
            assert old is not None
            assert new is not None
            assert old.family.asks - {"same-terms"} <= new.family.asks
            assert stricter(release, source) in (False, None), (source, release)
