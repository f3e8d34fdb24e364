"""Names that must never be written: over three hundred, made of a few ideas, each placed in a few ways."""

from __future__ import annotations

import unicodedata

SEGMENTS = (
    "..", ".", "", "nul\0byte", "back\\slash", "..\\..\\x", "C:", "C:x", "con", "CON.txt", "aux", "nul.csv", "com1",
    "LPT9.csv",
    "trailing.", "trailing ", " leading", ".git", ".GIT", ".dvc", ".gitignore", ".gitattributes", ".gitmodules",
    ".dvcignore",
    "line\nfeed", "tab\tx", "bell\a", "esc\x1b[2J", "bidi\u202etxt", "bidi\u2066x", "zero\u200bwidth", "\ufeffbom",
    "sep\u2028x", "private\ue000", "star*", "what?", "pipe|x", "less<x", "more>x", 'quote"x', "colon:stream",
    unicodedata.normalize("NFD", "가.csv"), "e\u0301", "a" * 256, "가" * 86, "\udc80",
)  # fmt: skip
WHOLE = (
    "/etc/x", "//server/share", "~/../x/..", "README.md", "readme.MD", "README.ko.md", "croissant.json", ".registry",
    ".registry/manifest.json", ".Registry/x", "/".join("b" * 200 for _ in range(6)), "../" * 40 + "etc/passwd",
    "a/../../x", "a/b/../../../x", "file:///etc/passwd/..", "\\\\?\\C:\\x", "%2e%2e/../x",
)  # fmt: skip
PLACES = ("{}", "{}/x.csv", "a/{}", "a/{}/x.csv", "a/b/c/{}", "{0}/{0}", "한국어/{}/x.csv")


def corpus() -> list[str]:
    made = [place.format(segment) for segment in SEGMENTS for place in PLACES]
    return sorted({*made, *WHOLE}, key=lambda path: path.encode("utf-8", "surrogatepass"))
