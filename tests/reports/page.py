"""A page as a reader meets it: visible text, attributes, numbers."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "input", "img", "hr"}
SELF_CLOSING = {"rect", "line", "circle", "path"}


class Page(HTMLParser):
    """Parses a page, keeping tags, attributes and the text outside `style`; asserts that tags nest."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.pieces: list[str] = []
        self.stack: list[str] = []
        self.feed(source)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.pieces.append(data)

    @property
    def text(self) -> str:
        """Visible text with single spaces."""
        return re.sub(r"\s+", " ", " ".join(self.pieces)).strip()

    @property
    def numbers(self) -> Counter[str]:
        """Every number on the page."""
        return Counter(re.findall(r"\d+(?:[.,]\d+)*", self.text))
