"""What a check of labels, people or provenance found, in one line: the figures that a single value cannot hold.

>>> from registry.reports.text import Text
>>> found = {"type": "expect_k_anonymity_at_least", "measured": {"value": 6}, "n": 944, "unexpected": 0,
...          "observed": {"k": 6, "groups": 24, "groups_beyond": 0}, "limit": {"k": 5}}
>>> str(finding_of(found, Text("en"))), str(finding_of(found, Text("ko")))
('24 groups, 0 of them beyond the limit', '집단 24개, 기준을 벗어난 집단 0개')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from registry.checks.expectations.drift import SINCE
from registry.model.splits import ordered_splits
from registry.privacy.find import KINDS
from registry.reports.html import code, value
from registry.reports.text import Text

Found = Mapping[str, Any]  # a measure of `quality.json`
COEFFICIENT = ("metric", "level", "weights")  # what a coefficient is called, and what it takes ratings for
LISTED = 4  # splits, references or columns named
CUT = 40  # characters of a class or a group


def finding_of(found: Found, text: Text) -> Markup:
    """The line of a measure; nothing of other checks, of what was not measured, or of figures of another form."""
    known, seen = SAYERS.get(found["type"]), found["observed"]
    if known is None or found["measured"] is None or not isinstance(seen, Mapping):
        return Markup("")
    needs, say = known
    return say(seen, found, text) if needs <= seen.keys() else Markup("")


def coefficient(limit: Found) -> Markup:
    """What a coefficient is called, and what it takes ratings for.

    >>> str(coefficient({"metric": "cohen", "weights": "none"}).striptags())
    'cohen'
    """
    return Markup(" ").join(code(limit[key]) for key in COEFFICIENT if limit.get(key) not in (None, "none"))


def _agreement(seen: Found, found: Found, text: Text) -> Markup:
    low, high = seen["low"], seen["high"]
    interval = text("agreement.interval", low=text.stat(low), high=text.stat(high)) if low is not None else ""
    metric = coefficient(found["limit"] or {})
    people, items = text.count(len(seen["annotators"])), text.count(seen["items"])
    raw = text.share(seen["raw_agreement"])
    interval = Markup(" ") + interval if interval else ""
    return text("told.agreement", metric=metric, people=people, items=items, raw=raw, interval=interval)


def _following(seen: Found, found: Found, text: Text) -> Markup:
    against, rows = text.count(found["unexpected"]), text.n("rows", found["n"])
    return text("told.following", against=against, rows=rows, ties=text.count(seen["ties"]))


def _noise(seen: Found, found: Found, text: Text) -> Markup:
    doubted, rows = text.count(found["unexpected"]), text.n("rows", found["n"])
    return text("told.noise", doubted=doubted, rows=rows, score=text.share(seen["score"]))


def _near(seen: Found, found: Found, text: Text) -> Markup:
    near, rows = text.count(seen["near"]), text.n("rows", seen["assessed"])
    return text("told.near", conflicts=text.count(found["unexpected"]), near=near, rows=rows)


def _curve(seen: Found, _: Found, text: Text) -> Markup:
    gains = {"last": text.pp(seen["last_gain"]), "gain": text.pp(seen["expected_gain"])}
    return text("curve.told", rows=text.count(seen["train_rows"]), score=text.share(seen["score"]), **gains)


def _personal(seen: Found, found: Found, text: Text) -> Markup:
    kinds = [
        value(f"{text.pick(KINDS[name].what) if name in KINDS else name} {text.n('rows', counts['rows'])}")
        for name, counts in sorted(seen["kinds"].items())
    ]
    return text.join(kinds) if kinds else text("told.nothing", rows=text.n("rows", found["n"]))


def _listed(seen: Found, found: Found, text: Text) -> Markup:
    return text("told.terms", rows=text.n("rows", found["n"]), terms=text.count(len(seen["terms"])))


def _groups(seen: Found, _: Found, text: Text) -> Markup:
    return text("told.groups", groups=text.count(seen["groups"]), beyond=text.count(seen["groups_beyond"]))


def _synthetic(seen: Found, _: Found, text: Text) -> Markup:
    shares = [Markup("{} {}").format(code(name), text.share(one)) for name, one in _in_order(seen["splits"])]
    if seen.get("generation") is not None:
        shares.append(text("told.generation", depth=text.count(seen["generation"])))
    return text.join(shares)


def _in_order(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(split, found[split]) for split in ordered_splits(found)]


def _overlap(seen: Found, found: Found, text: Text) -> Markup:
    named = sorted(seen["references"].items())
    parts = [Markup("{} {}").format(code(name), text.n("rows", rows)) for name, rows in named[:LISTED]]
    asked = text.join([code(name) for name in (found["arguments"] or {}).get("references", ())[:LISTED]])
    return text.join(parts) if parts else text("arg.references", value=asked)


def _drift(seen: Found, found: Found, text: Text) -> Markup:
    whole = found["type"] == SINCE  # all splits as one
    moved = [
        (one, code(name), split) for name, of in sorted(seen["columns"].items()) for split, one in sorted(of.items())
    ]
    if not moved:
        return Markup("")
    most, name, split = max(moved, key=lambda entry: entry[0])
    columns = text.n("columns", len(seen["columns"]))
    if not most:
        return text("told.still", columns=columns)
    return text("told.drift", column=name if whole else Markup("{} {}").format(name, code(split)), columns=columns)


def _disparity(seen: Found, _: Found, text: Text) -> Markup:
    name, gap = max(sorted(seen["columns"].items()), key=lambda item: item[1]["difference"])
    return text(
        "told.disparity",
        column=code(name),
        label=value(gap["class"], CUT),
        highest=value(gap["highest"], CUT),
        lowest=value(gap["lowest"], CUT),
        pp=text.pp(gap["difference"]),
        low=_signed(gap["interval"][0], text),
        high=_signed(gap["interval"][1], text),
    )


def _signed(share: float, text: Text) -> str:
    return f"\u2212{text.pp(-share)}" if share < 0 else text.pp(share)


def _terms(seen: Found, _: Found, text: Text) -> Markup:
    return text("told.licences", **{name: text.count(seen[name]) for name in ("allowed", "forbidden", "unknown")})


Sayer = tuple[frozenset[str], Callable[[Found, Found, Text], Markup]]  # figures that it needs, and the line
_OF_GROUPS: Sayer = (frozenset({"groups", "groups_beyond"}), _groups)
_OF_DRIFT: Sayer = (frozenset({"columns"}), _drift)
SAYERS: Mapping[str, Sayer] = {
    "expect_annotator_agreement_at_least": (
        frozenset({"low", "high", "annotators", "items", "raw_agreement"}),
        _agreement,
    ),
    "expect_label_to_follow_annotators": (frozenset({"ties"}), _following),
    "expect_label_noise_at_most": (frozenset({"score"}), _noise),
    "expect_near_duplicates_to_agree_on_label": (frozenset({"near", "assessed"}), _near),
    "expect_data_to_suffice": (frozenset({"last_gain", "expected_gain", "train_rows", "score"}), _curve),
    "expect_no_personal_data": (frozenset({"kinds"}), _personal),
    "expect_no_listed_terms": (frozenset({"terms"}), _listed),
    "expect_k_anonymity_at_least": _OF_GROUPS,
    "expect_l_diversity_at_least": _OF_GROUPS,
    "expect_t_closeness_at_most": _OF_GROUPS,
    "expect_group_disparity_at_most": (frozenset({"columns"}), _disparity),
    "expect_synthetic_share_at_most": (frozenset({"splits"}), _synthetic),
    "expect_no_contamination_with": (frozenset({"references"}), _overlap),
    "expect_no_drift_from_previous_release": _OF_DRIFT,
    "expect_no_drift_between_splits": _OF_DRIFT,
    "terms": (frozenset({"allowed", "forbidden", "unknown"}), _terms),
}
"""Checks that have a line, in the order in which a card tells them."""
