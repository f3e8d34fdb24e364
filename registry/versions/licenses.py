"""How strict a licence is, as far as identifiers tell.

>>> stricter("cc0-1.0", "cc-by-nc-4.0"), stricter("mit", "cc0-1.0"), stricter("mit", "my-own")
(True, False, None)
"""

from __future__ import annotations

# Families by what they ask of a user, least first: nothing, credit, share-alike or no
# derivatives, no commercial use. Source: the licences' own summaries.
FAMILIES: tuple[tuple[str, ...], ...] = (
    ("cc0", "pddl", "unlicense", "wtfpl", "pd"),
    ("mit", "apache", "bsd", "cc-by-2", "cc-by-3", "cc-by-4", "odc-by", "cdla-permissive", "isc", "zlib"),
    ("cc-by-sa", "odbl", "gpl", "lgpl", "agpl", "mpl", "cdla-sharing", "gfdl", "cc-by-nd"),
    ("cc-by-nc", "c-uda", "etalab-nc"),
)


def strictness(license_id: str) -> tuple[int, int] | None:
    """A rank that grows with what the licence asks, or None for one that is not in the table."""
    text = license_id.strip().casefold()
    for rank in range(len(FAMILIES) - 1, -1, -1):
        if any(text == name or text.startswith((f"{name}-", name)) for name in FAMILIES[rank]):
            return rank, ("-sa" in text) + 2 * ("-nd" in text)
    return None


def stricter(before: str, after: str) -> bool | None:
    """Whether `after` asks more than `before`; None where the table does not tell."""
    ranks = strictness(before), strictness(after)
    if before == after:
        return False
    return None if None in ranks else ranks[1] > ranks[0]  # type: ignore[operator]
