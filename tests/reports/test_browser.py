"""The pages in a real browser: nothing runs, is fetched, overflows or is too small, and everybody can use them."""

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
MISSING = CHROMIUM is None or importlib.util.find_spec("playwright") is None
WHY = "no chromium: apt-get install chromium" if CHROMIUM is None else "no playwright: make install"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(MISSING, reason=WHY),
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

TOUCH = """() => { for (const e of [...document.querySelectorAll("*")].filter(e => e.attributes.length))
  for (const kind of ["mouseover", "focus", "click", "load", "error", "toggle", "animationstart", "begin"])
    if (kind !== "click" || !e.closest("a")) e.dispatchEvent(new Event(kind)); }"""
AXE = "() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


class Watched:
    """A page and whatever happened on it that should not."""

    def __init__(self, browser: Any, file: Path, *, width: int = 1280, scheme: str = "light", **more: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        self.page = self.context.new_page()
        self.events: list[str] = []
        self.page.on("console", lambda message: self.events.append(f"console {message.text}"))
        self.page.on("pageerror", lambda error: self.events.append(f"error {error}"))
        self.page.on("dialog", lambda dialog: (self.events.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.events.append(f"request {request.url}"))
        self.open(file)

    def open(self, file: Path) -> None:
        """Goes to `file`; the page itself is the one request that may be made."""
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
    with Watched(browser, written(tmp_path, plain, kind, "en")) as watched:
        for number, payload in enumerate(PAYLOADS):
            facts = test_injection.poisoned(plain, payload)
            watched.open(written(tmp_path, facts, kind, ("en", "ko")[number % 2]))
            watched.page.evaluate(TOUCH)
            assert watched.events == [], payload


def test_a_page_that_runs_something_is_seen(browser: Any, tmp_path: Path) -> None:
    """The watch of the tests above sees what it is there for."""
    file = tmp_path / "bad.html"
    file.write_text("<script>alert(1)</script><img src='file:///nowhere.png'><b onfocus='alert(2)'>x</b>", "utf-8")
    with Watched(browser, file) as watched:
        watched.page.evaluate(TOUCH)
        assert {event.split()[0] for event in watched.events} == {"console", "dialog", "request"}
        assert {"dialog 1", "dialog 2"} <= set(watched.events)


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


@pytest.mark.parametrize("kind", DRAW)
def test_everybody_can_use_the_pages(browser: Any, facts: ReleaseFacts, tmp_path: Path, kind: str) -> None:
    """No violation of axe's rules in either language or scheme, wide or narrow."""
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    for lang, scheme, width in (("en", "light", 1280), ("ko", "dark", 1280), ("en", "dark", 390), ("ko", "light", 390)):
        with Watched(
            browser, written(tmp_path, facts, kind, lang), width=width, scheme=scheme, bypass_csp=True
        ) as seen:
            seen.page.evaluate(axe)
            found = seen.page.evaluate(AXE)
            assert not found, [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found]
