"""The pages in a real browser: nothing runs, nothing is fetched, nothing overflows, nothing is too small."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.model.facts import ReleaseFacts
from registry.reports.eda import eda_html
from registry.reports.quality import quality_html
from tests.reports import test_injection, test_pages
from tests.reports.payloads import PAYLOADS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="no playwright: pip install playwright"),
]
plain = test_injection.plain
facts = test_pages.facts
DRAW = {"eda": eda_html, "quality": quality_html}
SMALL = """() => [...document.querySelectorAll("body *")].filter(e =>
  [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.getClientRects().length
  && parseFloat(getComputedStyle(e).fontSize) < 12
).map(e => e.outerHTML.slice(0, 120))"""
TRACKS = """() => [...document.querySelectorAll("table.fixed.cross")].map(t =>
  [...new Set([...t.querySelectorAll("td > svg.bar")].map(s => Math.round(s.getBoundingClientRect().width)))].length)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


class Watched:
    """A page and whatever happened on it that should not."""

    def __init__(self, browser: Any, file: Path, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.events: list[str] = []
        self.page.on("console", lambda message: self.events.append(f"console {message.text}"))
        self.page.on("pageerror", lambda error: self.events.append(f"error {error}"))
        self.page.on("dialog", lambda dialog: (self.events.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.events.append(f"request {request.url}"))
        self.page.goto(file.as_uri())
        self.events.remove(f"request {file.as_uri()}")

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def written(root: Path, facts: ReleaseFacts, kind: str, lang: str) -> Path:
    file = root / f"{kind}.{lang}.html"
    file.write_text(DRAW[kind](facts, lang), "utf-8")
    return file


@pytest.mark.parametrize("kind", DRAW)
def test_hostile_pages_do_nothing(browser: Any, plain: ReleaseFacts, tmp_path: Path, kind: str) -> None:
    for number in range(0, len(PAYLOADS), 10):
        together = " ".join(PAYLOADS[number : number + 10])
        file = written(tmp_path, test_injection.poisoned(plain, together), kind, "en")
        with Watched(browser, file) as watched:
            for element in watched.page.query_selector_all("summary, a[href^='#']")[:20]:
                element.dispatch_event("mouseover")
                element.dispatch_event("focus")
            assert watched.events == []


@pytest.mark.parametrize("kind", DRAW)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_pages_fit_every_width(browser: Any, facts: ReleaseFacts, tmp_path: Path, kind: str, lang: str) -> None:
    file = written(tmp_path, facts, kind, lang)
    for width, scheme in ((320, "light"), (390, "dark"), (768, "light"), (1280, "dark")):
        with Watched(browser, file, width=width, scheme=scheme) as watched:
            assert watched.page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [width, width]
            assert watched.page.evaluate(SMALL) == []
            assert set(watched.page.evaluate(TRACKS)) <= {1}
            assert watched.events == []


def test_the_filter_needs_no_script(browser: Any, facts: ReleaseFacts, tmp_path: Path) -> None:
    with Watched(browser, written(tmp_path, facts, "quality", "en")) as watched:
        rows = watched.page.locator(".row:visible")
        before = rows.count()
        watched.page.check("#only")
        assert 0 < rows.count() < before


def test_print_is_light_and_opens_what_is_folded(browser: Any, facts: ReleaseFacts, tmp_path: Path) -> None:
    with Watched(browser, written(tmp_path, facts, "eda", "ko"), scheme="dark") as watched:
        watched.page.emulate_media(media="print")
        assert watched.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not watched.page.locator(".rail").is_visible()
